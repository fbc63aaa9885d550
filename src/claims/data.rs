//! What a claim says, derived from the encounter: the data both the paper face and the 837 are made of.
//!
//! Owns `Claim1500` and `ClaimUb04` and how each field follows from the chart. Nothing is checked here: what
//! is missing is an empty text, and `edits` says so. Sources: X12 005010X222A1 and X223A2, CMS Pub. 100-04
//! chapters 25 and 26. Pure.

use crate::{
    domain::{
        Address, Cents, Chart, ClaimState, Form, Id, PayerClass, PersonName, Poa, Pointer, Procedure,
        Provider, Sex, Units,
    },
    edits::{
        CodeFacts,
        setting::{place_of_service, type_of_bill},
    },
};
use chrono::NaiveDate;

/// Setting of a payer that wants to read why edits were overridden (`"override_note": true` on its record).
pub const OVERRIDE_NOTE: &str = "override_note";

/// NTE02 takes 80 characters.
const NOTE: usize = 80;

/// The rules that were answered on the record, each with its reason; empty unless the payer wants it.
pub fn override_note(chart: &Chart) -> String {
    let wanted = chart.primary_payer().and_then(|p| p.extra.get(OVERRIDE_NOTE)?.as_bool());
    if wanted != Some(true) {
        return String::new();
    }
    let parts: Vec<String> =
        chart.overrides.iter().map(|o| format!("{}: {}", o.body.rule, o.body.reason.reveal())).collect();
    parts.join("; ").chars().take(NOTE).collect()
}

#[derive(Clone, Debug, PartialEq)]
pub struct ClaimDx {
    pub id: Id,
    /// No dot, as HI sends it.
    pub code: String,
    /// Nothing for codes exempt from reporting and on claims that report none.
    pub poa: Option<Poa>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct ClaimLine {
    pub id: Id,
    pub revenue: Option<String>,
    pub code: String,
    pub modifiers: Vec<String>,
    pub date: NaiveDate,
    pub units: Units,
    pub charge: Option<Cents>,
    /// Positions from 1; 0 where the diagnosis is gone.
    pub pointers: Vec<usize>,
    pub ndc: Option<String>,
    pub provider_npi: String,
}

/// A further coverage (box 9, loop 2320).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Other {
    pub payer: String,
    pub payer_id: String,
    pub member_id: String,
    pub group_number: String,
    pub group_name: String,
    pub subscriber: String,
}

/// What both forms share.
#[derive(Clone, Debug, PartialEq)]
pub struct ClaimHead {
    pub account: String,
    pub mrn: String,
    pub payer: String,
    pub payer_class: PayerClass,
    pub payer_id: String,
    pub filing_code: String,
    pub payer_address: Address,
    pub member_id: String,
    pub group_number: String,
    pub group_name: String,
    /// 18 self, 01 spouse, 19 child ...
    pub relationship: String,
    /// `ALVAREZ, MARIA`
    pub patient: String,
    pub birth: Option<NaiveDate>,
    pub sex: Sex,
    pub address: Address,
    pub phone: String,
    /// The subscriber's name when it is not the patient.
    pub subscriber: Option<String>,
    pub others: Vec<Other>,
    pub site: String,
    pub site_npi: String,
    /// Nine digits.
    pub tax_id: String,
    pub taxonomy: String,
    pub site_address: Address,
    pub site_phone: String,
    pub diagnoses: Vec<ClaimDx>,
    pub lines: Vec<ClaimLine>,
    pub total: Cents,
    /// `1` original, `7` replacement, `8` void (CLM05-3).
    pub frequency: char,
    /// The payer's number of the claim that is replaced (REF*F8).
    pub original: String,
    /// What was overridden and why, where the payer wants it (NTE*ADD, box 19, locator 80).
    pub note: String,
    pub state: ClaimState,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Claim1500 {
    pub head: ClaimHead,
    pub place: String,
    pub from: NaiveDate,
    pub through: NaiveDate,
    /// `SHAH RAVI MD`
    pub rendering: String,
    pub rendering_npi: String,
    pub referring: String,
    pub referring_npi: String,
    pub signed: bool,
}

#[derive(Clone, Debug, PartialEq)]
pub struct ClaimUb04 {
    pub head: ClaimHead,
    /// Three characters, without the leading zero.
    pub bill_type: String,
    pub inpatient: bool,
    pub from: NaiveDate,
    pub through: NaiveDate,
    pub admission: crate::domain::Admission,
    /// Admitting diagnosis of a stay, reason for visit otherwise.
    pub admitting: String,
    pub procedures: Vec<(Id, Procedure)>,
    pub attending: String,
    pub attending_npi: String,
    pub operating: String,
    pub operating_npi: String,
    pub referring: String,
    pub referring_npi: String,
}

/// `ALVAREZ, MARIA, J`
fn name(n: &PersonName) -> String {
    let last = [n.last.as_str(), n.suffix.as_str()].join(" ");
    [last.trim(), &n.first, &n.middle]
        .iter()
        .filter(|p| !p.is_empty())
        .map(|p| p.to_uppercase())
        .collect::<Vec<_>>()
        .join(", ")
}

/// `SHAH RAVI MD`
fn provider(p: Option<&Provider>) -> (String, String) {
    p.map(|p| {
        let parts = [&p.name.last, &p.name.first, &p.credential];
        let text: Vec<String> = parts.iter().filter(|x| !x.is_empty()).map(|x| x.to_uppercase()).collect();
        (text.join(" "), p.npi.clone())
    })
    .unwrap_or_default()
}

/// A Medicare id without the hyphens of the card (CMS, "Understanding the MBI format").
fn member(id: &str, class: PayerClass) -> String {
    if class == PayerClass::Medicare { id.replace(['-', ' '], "") } else { id.to_string() }
}

fn digits(text: &str) -> String {
    text.chars().filter(char::is_ascii_digit).collect()
}

impl ClaimHead {
    fn of(chart: &Chart, form: Form, poa: impl Fn(&str) -> bool) -> ClaimHead {
        let e = chart.header();
        let coverages = chart.coverages();
        let first = coverages.first();
        let payer = first.and_then(|(_, p)| *p).cloned().unwrap_or_default();
        let coverage = first.map(|(c, _)| c.body.clone()).unwrap_or_default();
        let patient = chart.patient().cloned().unwrap_or_default();
        let site = chart.directory.site.as_ref().map(|s| s.body.clone()).unwrap_or_default();
        let stored = chart.claims.iter().map(|c| &c.body).rfind(|c| c.form == form && c.sequence == 1);
        let original = stored
            .filter(|c| matches!(c.state, ClaimState::Draft | ClaimState::Ready))
            .and_then(|c| c.control_number.clone())
            .unwrap_or_default();
        let patient_name = name(patient.name.reveal());
        let others = coverages
            .iter()
            .skip(1)
            .map(|(c, p)| Other {
                payer: p.map(|p| p.name.to_uppercase()).unwrap_or_default(),
                payer_id: p.map(|p| p.payer_id.clone()).unwrap_or_default(),
                member_id: member(c.body.member_id.reveal(), p.map(|p| p.class).unwrap_or_default()),
                group_number: c.body.group_number.clone(),
                group_name: c.body.group_name.to_uppercase(),
                subscriber: c
                    .body
                    .subscriber
                    .as_ref()
                    .map_or_else(|| patient_name.clone(), |s| name(s.reveal())),
            })
            .collect();
        ClaimHead {
            account: e.account.clone(),
            mrn: patient.mrn.reveal().clone(),
            payer: payer.name,
            payer_class: payer.class,
            payer_id: payer.payer_id,
            filing_code: payer.filing_code,
            payer_address: payer.address,
            member_id: member(coverage.member_id.reveal(), payer.class),
            group_number: coverage.group_number,
            group_name: coverage.group_name.to_uppercase(),
            subscriber: coverage
                .subscriber
                .filter(|_| !matches!(coverage.relationship.as_str(), "18" | ""))
                .map(|s| name(s.reveal())),
            relationship: coverage.relationship,
            patient: patient_name,
            birth: *patient.birth.reveal(),
            sex: patient.sex,
            address: patient.address.into_inner(),
            phone: patient.phone.into_inner(),
            others,
            site: site.name.to_uppercase(),
            note: override_note(chart),
            site_npi: site.npi,
            tax_id: digits(&site.tax_id),
            taxonomy: site.taxonomy,
            site_address: site.address,
            site_phone: site.phone,
            diagnoses: chart
                .diagnoses
                .iter()
                .map(|d| ClaimDx {
                    id: d.id,
                    code: d.body.code.clone(),
                    poa: d.body.poa.filter(|_| poa(&d.body.code)),
                })
                .collect(),
            lines: chart.lines_of(form).map(|l| line(chart, l)).collect(),
            total: chart.total(form),
            frequency: if original.is_empty() { '1' } else { '7' },
            original,
            state: stored.map(|c| c.state).unwrap_or_default(),
        }
    }

    /// Locator 67 and its letters, and the external causes (locator 72, HI ABN).
    pub fn parted(&self) -> (Vec<&ClaimDx>, Vec<&ClaimDx>) {
        self.diagnoses.iter().partition(|d| !d.code.starts_with(['V', 'W', 'X', 'Y']))
    }

    pub fn is_self(&self) -> bool {
        matches!(self.relationship.as_str(), "18" | "")
    }
}

fn line(chart: &Chart, item: &crate::domain::Item<crate::domain::ServiceLine>) -> ClaimLine {
    let l = &item.body;
    let own = l.provider.or(chart.header().roles.rendering);
    ClaimLine {
        id: item.id,
        revenue: l.revenue.clone(),
        code: l.code.clone(),
        modifiers: l.modifiers.clone(),
        date: l.date,
        units: l.units,
        charge: l.charge,
        pointers: l
            .pointers
            .iter()
            .map(|p| match p {
                Pointer::Diagnosis(_) => chart.pointer_position(*p).unwrap_or(0),
                Pointer::Position(_) => 0,
            })
            .collect(),
        ndc: l.ndc.clone(),
        provider_npi: chart.provider(own).map(|p| p.npi.clone()).unwrap_or_default(),
    }
}

impl Claim1500 {
    pub fn of(chart: &Chart) -> Claim1500 {
        let e = chart.header();
        let (rendering, rendering_npi) = provider(chart.provider(e.roles.rendering));
        let (referring, referring_npi) = provider(chart.provider(e.roles.referring));
        Claim1500 {
            head: ClaimHead::of(chart, Form::Cms1500, |_| false),
            place: place_of_service(chart).unwrap_or_default(),
            from: e.from,
            through: e.through,
            rendering,
            rendering_npi,
            referring,
            referring_npi,
            signed: !chart.documents.iter().any(|d| d.body.status == crate::domain::DocumentStatus::Unsigned),
        }
    }
}

impl ClaimUb04 {
    pub fn of(chart: &Chart, facts: &dyn CodeFacts) -> ClaimUb04 {
        let e = chart.header();
        let bill_type = type_of_bill(chart);
        // 11x and 12x: inpatient. POA goes on those, and never for an exempt code.
        let inpatient = bill_type.starts_with("11") || bill_type.starts_with("12");
        let on = e.code_date();
        let reported = |code: &str| inpatient && facts.poa_exempt(code, on) != Some(true);
        let head = ClaimHead::of(chart, Form::Ub04, reported);
        let (attending, attending_npi) = provider(chart.provider(e.roles.attending));
        let (operating, operating_npi) = provider(chart.provider(e.roles.operating));
        let (referring, referring_npi) = provider(chart.provider(e.roles.referring));
        ClaimUb04 {
            head,
            bill_type,
            inpatient,
            from: e.from,
            through: e.through,
            admission: e.admission.clone().unwrap_or_default(),
            admitting: e.admitting.clone().unwrap_or_default(),
            procedures: chart
                .procedures
                .iter()
                .filter(|_| inpatient)
                .map(|p| (p.id, p.body.clone()))
                .collect(),
            attending,
            attending_npi,
            operating,
            operating_npi,
            referring,
            referring_npi,
        }
    }
}
