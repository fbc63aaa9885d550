//! An open inpatient stay as Medicare sees it: its DRG, what drives it, the code editor, the transfer policy.
//!
//! Owns turning the chart into a case and the answers into what the screen shows; derived anew after every change,
//! in microseconds. A table that is not unpacked yet is waited for by nobody: the banner says so and the reply that
//! brings it derives again. Pure; the UI thread.

use crate::domain::{self, Chart, Finding, Id, OverridePolicy, PayerClass, Place, Poa};
use crate::drg::mce::{self, MceCase, MceEdit};
use crate::drg::payment::{self, Transfer};
use crate::drg::{self, Case, Code, CodedDiagnosis, Desk, DischargeStatus, Explained, HospitalPoa};
use crate::drg::{Level, Outcome, PoaMark, ReturnCode, Tables, Use, Weight};
use crate::edits::{CodeFacts, Status, settle};
use std::sync::Arc;

/// What is known of the DRG of the open stay.
pub struct StayView {
    pub tables: Arc<Tables>,
    pub case: Case,
    pub told: Explained,
    pub weight: Option<Weight>,
    /// Diagnosis of each `case.secondary`; the principal is the chart's first.
    secondary: Vec<Id>,
    procedures: Vec<Id>,
    principal: Id,
}

/// The banner when there is no DRG.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoDrg {
    /// Not an inpatient stay.
    NotAStay,
    /// No diagnosis yet.
    NothingCoded,
    /// The tables are being unpacked.
    Loading,
    /// Why not, in a sentence.
    Cannot(String),
}

/// How a code of the list takes part in the DRG.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DrgMark {
    /// Its presence made the deciding rules true.
    pub drives: bool,
    /// What the version lists it as.
    pub level: Level,
    /// It counts as that level in this stay.
    pub counts: bool,
    /// An operating-room procedure.
    pub operating_room: bool,
}

impl StayView {
    pub fn of(chart: &Chart, desk: Option<&Desk>) -> Result<StayView, NoDrg> {
        if !chart.header().is_inpatient() {
            return Err(NoDrg::NotAStay);
        }
        let desk = desk.ok_or(NoDrg::Loading)?;
        let first = chart.diagnoses.first().ok_or(NoDrg::NothingCoded)?;
        let date = chart.header().through;
        let tables = match desk.library.ready_on(date) {
            Ok(Some(tables)) => tables,
            Ok(None) => return Err(NoDrg::Loading),
            Err(why) => return Err(NoDrg::Cannot(why.to_string())),
        };
        // External causes have places of their own on the claim and change no DRG.
        let rest: Vec<_> = chart.diagnoses.iter().skip(1).filter(|d| !is_external(&d.body.code)).collect();
        let dx = |d: &domain::Diagnosis| CodedDiagnosis { code: Code::new(&d.code), poa: mark(d.poa) };
        let case = Case {
            sex: sex(chart),
            discharge: status(chart).unwrap_or(DischargeStatus::HOME),
            hospital: HospitalPoa::NonExempt,
            principal: dx(&first.body),
            secondary: rest.iter().map(|d| dx(&d.body)).collect(),
            procedures: chart.procedures.iter().map(|p| Code::new(&p.body.code)).collect(),
        };
        let told = tables.explain(&case);
        let shown = shown(&told.outcome);
        let weight = desk.library.weights_on(date).and_then(|w| w.get(shown).copied());
        Ok(StayView {
            principal: first.id,
            secondary: rest.iter().map(|d| d.id).collect(),
            procedures: chart.procedures.iter().map(|p| p.id).collect(),
            tables,
            case,
            told,
            weight,
        })
    }

    /// The DRG the banner shows: the final one, or the initial one while a mark is missing.
    pub fn drg(&self) -> u16 {
        shown(&self.told.outcome)
    }

    pub fn title(&self) -> &str {
        self.tables.drg_title(self.drg())
    }

    /// `DRG 291 · MCC · weight 1.2685 · GMLOS 3.8`, then what is amiss.
    pub fn banner(&self) -> (String, Option<String>) {
        let o = &self.told.outcome;
        let severity = match o.severity {
            Level::None => String::new(),
            level => format!(" · {}", level.label()),
        };
        let weight = match &self.weight {
            Some(w) => {
                let days = w.gmlos.map(|d| format!(" · GMLOS {}", drg::days_text(d))).unwrap_or_default();
                format!(" · {}{days}", drg::weight_text(w.weight))
            }
            None => " · no weight loaded".to_string(),
        };
        let changed = (o.initial_drg != self.drg()).then(|| format!("{:03} without HAC", o.initial_drg));
        let amiss = match o.return_code {
            ReturnCode::Ok => changed,
            code => Some(code.sentence().to_string()),
        };
        (format!("DRG {:03}{severity}{weight}", self.drg()), amiss)
    }

    /// How a diagnosis or procedure takes part.
    pub fn mark(&self, id: Id) -> DrgMark {
        if id == self.principal {
            return DrgMark { drives: self.told.is_driver(drg::Place::Principal), ..DrgMark::default() };
        }
        if let Some(i) = self.secondary.iter().position(|x| *x == id) {
            let s = &self.told.secondary[i];
            return DrgMark {
                drives: self.told.is_driver(drg::Place::Secondary(i)),
                level: s.level,
                counts: s.usage == Use::Counts,
                operating_room: false,
            };
        }
        let Some(i) = self.procedures.iter().position(|x| *x == id) else { return DrgMark::default() };
        DrgMark {
            drives: self.told.is_driver(drg::Place::Procedure(i)),
            operating_room: self.told.procedures[i].class.is_some_and(drg::OrClass::is_or),
            ..DrgMark::default()
        }
    }

    /// Why a secondary diagnosis that is a CC or MCC does not count, in words.
    pub fn why_not(&self, id: Id) -> Option<String> {
        let i = self.secondary.iter().position(|x| *x == id)?;
        let s = &self.told.secondary[i];
        let level = s.level.label();
        Some(match s.usage {
            Use::Excluded => {
                let principal =
                    domain::display_code(domain::CodeSystem::Icd10cm, &self.case.principal.code.to_string());
                format!("{level} excluded by {principal}")
            }
            Use::AliveOnly => format!("{level} only if discharged alive"),
            Use::Suppressed => format!("qualifies the DRG, no {level} as well"),
            Use::HospitalAcquired => {
                format!("HAC {}, no {level}", numbers(&s.hacs))
            }
            Use::NotOnClaim => "past the 25th diagnosis".to_string(),
            Use::Unknown => format!("no code of MS-DRG {}", self.tables.version),
            Use::Counts | Use::NotCc => return None,
        })
    }

    /// The diagnosis at a position of the what-if: 0 is the principal one.
    pub fn diagnosis_at(&self, at: usize) -> Option<Id> {
        if at == 0 { Some(self.principal) } else { self.secondary.get(at - 1).copied() }
    }
}

/// `04` or `04, 06`.
pub fn numbers(hacs: &[u8]) -> String {
    hacs.iter().map(|h| format!("{h:02}")).collect::<Vec<_>>().join(", ")
}

fn shown(o: &Outcome) -> u16 {
    // A missing mark is work in progress, not another DRG.
    if o.return_code == ReturnCode::HacMissingOnePoa { o.initial_drg } else { o.drg }
}

fn is_external(code: &str) -> bool {
    code.starts_with(['V', 'W', 'X', 'Y'])
}

fn mark(poa: Option<Poa>) -> PoaMark {
    match poa {
        Some(Poa::Y) => PoaMark::Yes,
        Some(Poa::N) => PoaMark::No,
        Some(Poa::U) => PoaMark::Unknown,
        Some(Poa::W) => PoaMark::Undetermined,
        None => PoaMark::None,
    }
}

fn sex(chart: &Chart) -> drg::Sex {
    match chart.patient().map(|p| p.sex) {
        Some(domain::Sex::Female) => drg::Sex::Female,
        Some(domain::Sex::Male) => drg::Sex::Male,
        Some(domain::Sex::Unknown) | None => drg::Sex::Unknown,
    }
}

fn status(chart: &Chart) -> Option<DischargeStatus> {
    chart.header().admission.as_ref().and_then(|a| DischargeStatus::parse(&a.status))
}

fn days(chart: &Chart) -> u32 {
    let header = chart.header();
    u32::try_from((header.through - header.from).num_days()).unwrap_or(0)
}

/// Rules of the ordinary edits that say the same as one of the editor's.
fn same_as(edit: MceEdit) -> &'static [&'static str] {
    match edit {
        MceEdit::InvalidCode => &["dx.valid", "dx.seventh", "dx.form", "px.valid", "px.form"],
        MceEdit::ExternalCausePrincipal => &["dx.external_first"],
        MceEdit::DuplicateOfPrincipal => &["dx.duplicate"],
        MceEdit::ManifestationPrincipal => &["dx.manifestation_first"],
        MceEdit::Unspecified => &["dx.laterality"],
        _ => &[],
    }
}

/// Adds what the code editor and the transfer policy say to the findings of a stay, in their order.
pub fn add_findings(
    chart: &Chart,
    facts: &dyn CodeFacts,
    desk: Option<&Desk>,
    view: Option<&StayView>,
    out: &mut Vec<Finding>,
) {
    let Some(desk) = desk.filter(|_| chart.header().is_inpatient()) else { return };
    let before = out.len();
    let mut named = false;
    for (edit, place) in edits(chart, facts, desk) {
        let authority = format!("Medicare Code Editor, edit {}", edit.number());
        let known = out.iter_mut().find(|f| f.place == place && same_as(edit).contains(&f.rule));
        if let Some(f) = known {
            // The ordinary edit says it already: it carries the editor's number too.
            f.authority = format!("{}; {authority}", f.authority);
            named = true;
            continue;
        }
        out.push(finding(chart, edit, place, &authority));
    }
    if let Some(f) = view.and_then(|v| transfer(chart, v)) {
        out.push(f);
    }
    if out.len() > before || named {
        settle(chart, facts, out);
    }
}

/// The code editor's findings with the record each stands on.
fn edits(chart: &Chart, facts: &dyn CodeFacts, desk: &Desk) -> Vec<(MceEdit, Place)> {
    let header = chart.header();
    let Some(first) = chart.diagnoses.first() else { return Vec::new() };
    let case = MceCase {
        discharged: header.through,
        age: chart.patient().and_then(|p| p.age_on(header.from)).and_then(|a| u16::try_from(a).ok()),
        sex: sex(chart),
        status: status(chart),
        length_of_stay: Some(days(chart)),
        principal: Code::new(&first.body.code),
        secondary: chart.diagnoses.iter().skip(1).map(|d| Code::new(&d.body.code)).collect(),
        procedures: chart.procedures.iter().map(|p| Code::new(&p.body.code)).collect(),
    };
    let valid = |is_dx: bool, code: Code| {
        let system = if is_dx { domain::CodeSystem::Icd10cm } else { domain::CodeSystem::Icd10pcs };
        match facts.status(system, &code.to_string(), header.through) {
            Status::Unchecked => None,
            Status::Valid => Some(true),
            _ => Some(false),
        }
    };
    let place = |p: Option<drg::Place>| match p {
        None => Place::Encounter("status".into()),
        Some(drg::Place::Principal) => Place::Diagnosis(first.id),
        Some(drg::Place::Secondary(i)) => Place::Diagnosis(chart.diagnoses[i + 1].id),
        Some(drg::Place::Procedure(i)) => Place::Procedure(chart.procedures[i].id),
    };
    mce::edit(&desk.mce, &case, &valid).into_iter().map(|f| (f.edit, place(f.place))).collect()
}

fn finding(chart: &Chart, edit: MceEdit, place: Place, authority: &str) -> Finding {
    let code = match &place {
        Place::Diagnosis(id) => chart
            .diagnoses
            .iter()
            .find(|d| d.id == *id)
            .map(|d| domain::display_code(domain::CodeSystem::Icd10cm, &d.body.code)),
        Place::Procedure(id) => chart.procedures.iter().find(|p| p.id == *id).map(|p| p.body.code.clone()),
        _ => None,
    };
    let message = match code {
        Some(code) => format!("{code}: {} (MCE {})", edit.sentence(), edit.number()),
        None => format!("{} (MCE {})", edit.sentence(), edit.number()),
    };
    let medicare = chart.primary_payer().is_some_and(|p| p.class == PayerClass::Medicare);
    // Medicare sends such a claim back; an unspecified side it takes with a remark.
    if medicare && edit.returns_the_claim() && edit != MceEdit::Unspecified {
        Finding::stop(edit.rule(), place, message, authority)
    } else {
        Finding::warn(edit.rule(), place, message, authority)
    }
}

/// The stay is short enough for its DRG that a transfer is paid by the day.
fn transfer(chart: &Chart, view: &StayView) -> Option<Finding> {
    let short = payment::transfer(view.weight.as_ref()?, status(chart)?, days(chart))?;
    let (kind, section) = match short.rule {
        Transfer::Acute => ("to another hospital", "42 CFR 412.4(b), (f)"),
        Transfer::PostAcute => ("to post-acute care", "42 CFR 412.4(c), (f)"),
        Transfer::Special => ("to post-acute care, special payment", "42 CFR 412.4(c), (f)(6)"),
    };
    let message = format!(
        "transfer-policy DRG {:03} {kind}: length of stay {} below the mean {}, paid by the day; is the discharge \
         status right?",
        view.drg(),
        short.days,
        drg::days_text(short.gmlos)
    );
    let place = Place::Encounter("status".into());
    Some(Finding::warn("drg.transfer", place, message, section).policy(OverridePolicy::Reason))
}
