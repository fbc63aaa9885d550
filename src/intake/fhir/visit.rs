//! The encounter itself: class to kind of visit, forms, place and type of bill; dates; roles; stay.
//!
//! Owns the mapping tables (HL7 v3 ActCode and ActPriority; NUBC admission type, point of origin and
//! discharge status; CMS place of service). What the sender did not say stays empty for a person to fill.
//! Never decides a code. The thread that reads the file.

use super::{
    Context, FieldFault, Graph, bad,
    kinds::diagnosis_code,
    links::Link,
    model,
    people::{optional_date, put, text_of},
};
use crate::domain::{Admission, Cents, CodingState, Encounter, Extra, Form, Id, Roles, SenderKey, VisitKind};
use crate::intake::{FileReport, clean::clean_line, date::Moment};
use chrono::NaiveDate;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Performer,
    Attending,
    Operating,
    Referring,
    Other,
}

/// An entry of `Encounter.diagnosis`.
#[derive(Debug)]
pub(super) struct Ranked {
    pub condition: Link,
    pub admitting: bool,
    pub rank: u32,
}

#[derive(Debug)]
pub(super) struct EncounterNode {
    pub context: Context,
    pub body: Encounter,
    pub from: Option<NaiveDate>,
    pub through: Option<NaiveDate>,
    /// `meta.lastUpdated`, where nothing else tells the day.
    pub updated: Option<NaiveDate>,
    pub patient: Link,
    pub parts: Vec<(Part, Link)>,
    pub facility: Link,
    pub ranked: Vec<Ranked>,
}

/// Kind, forms, place of service and type of bill of a class.
struct Class(VisitKind, &'static [Form], Option<&'static str>, Option<&'static str>);

const PROFESSIONAL: &[Form] = &[Form::Cms1500];
const FACILITY: &[Form] = &[Form::Ub04];
const BOTH: &[Form] = &[Form::Cms1500, Form::Ub04];

fn class_of(code: &str, words: &str) -> Option<Class> {
    let words = words.to_ascii_lowercase();
    let says = |list: &[&str]| list.iter().any(|w| words.contains(w));
    Some(match code.to_ascii_uppercase().as_str() {
        "IMP" | "ACUTE" | "NONAC" => Class(VisitKind::Inpatient, FACILITY, Some("21"), Some("111")),
        "EMER" => Class(VisitKind::Emergency, BOTH, Some("23"), Some("131")),
        // Observation and short stays are outpatient care in a hospital bed.
        "OBSENC" | "SS" => Class(VisitKind::Emergency, BOTH, Some("22"), Some("131")),
        "HH" => Class(VisitKind::Office, PROFESSIONAL, Some("12"), None),
        "VR" => Class(VisitKind::Office, PROFESSIONAL, Some("10"), None),
        "FLD" | "PRENC" => Class(VisitKind::Ancillary, PROFESSIONAL, None, None),
        "AMB" if says(&["surg", "outpatient procedure"]) => {
            Class(VisitKind::Surgery, BOTH, Some("22"), Some("131"))
        }
        "AMB" if says(&["laboratory", "radiolog", "imaging", "specimen"]) => {
            Class(VisitKind::Ancillary, PROFESSIONAL, None, None)
        }
        "AMB" => Class(VisitKind::Office, PROFESSIONAL, Some("11"), None),
        _ => return None,
    })
}

fn admission(r: &model::Encounter<'_>, start: Option<Moment>, end: Option<Moment>) -> Admission {
    let nubc = |c: &model::Concept<'_>| {
        c.codes().find(|(s, _)| s.to_ascii_lowercase().contains("nubc")).map(|(_, c)| c.to_string())
    };
    let pick = |c: Option<&model::Concept<'_>>, table: &[(&str, &str)]| -> String {
        let Some(c) = c else { return String::new() };
        nubc(c)
            .or_else(|| table.iter().find(|(f, _)| c.has(f)).map(|(_, n)| n.to_string()))
            .unwrap_or_default()
    };
    let stay = r.hospitalization.as_ref();
    let mut status = pick(
        stay.and_then(|s| s.discharge_disposition.as_ref()),
        &[
            ("home", "01"),
            ("snf", "03"),
            ("aadvice", "07"),
            ("exp", "20"),
            ("hosp", "50"),
            ("rehab", "62"),
            ("long", "63"),
            ("psy", "65"),
        ],
    );
    if status.is_empty() && end.is_none() {
        status = "30".into();
    }
    Admission {
        kind: pick(
            r.priority.as_ref(),
            &[("EM", "1"), ("UR", "2"), ("EL", "3"), ("A", "1"), ("R", "3"), ("S", "1")],
        ),
        source: pick(
            stay.and_then(|s| s.admit_source.as_ref()),
            &[
                ("hosp-trans", "4"),
                ("emd", "1"),
                ("outp", "2"),
                ("born", "5"),
                ("gp", "1"),
                ("mp", "1"),
                ("nursing", "5"),
                ("psych", "6"),
                ("rehab", "6"),
                ("other", "9"),
            ],
        ),
        status,
        hour: start.and_then(|m| m.hour()),
        discharge_hour: end.and_then(|m| m.hour()),
    }
}

/// What the visit is called by: the sender's account or visit number where it has one that people can
/// read, else ten letters that follow from the id.
fn account(identifiers: &[model::Identifier<'_>], id: Id) -> String {
    let with = |code: &str| {
        identifiers
            .iter()
            .find(|i| i.r#type.as_ref().is_some_and(|t| t.has(code)))
            .and_then(|i| i.value.as_ref())
    };
    let plain = || {
        identifiers
            .iter()
            .filter(|i| !matches!(i.r#use.as_deref(), Some("secondary" | "old")))
            .find_map(|i| i.value.as_ref())
    };
    with("AN")
        .or_else(|| with("VN"))
        .or_else(plain)
        .map(|v| clean_line(v))
        .filter(|v| (1..=20).contains(&v.len()) && !v.contains([' ', ':']))
        .unwrap_or_else(|| short_account(id))
}

fn short_account(id: Id) -> String {
    // Crockford's letters: none that are mistaken for digits over the telephone.
    const LETTERS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    let bits = id.as_bytes().iter().take(6).fold(0u64, |n, b| n << 8 | u64::from(*b));
    let letter = |i: u32| LETTERS.get((bits >> (i * 5) & 31) as usize).map_or('0', |b| char::from(*b));
    std::iter::once('F').chain((0..9).map(letter)).collect()
}

fn part(p: &model::Participant<'_>) -> Part {
    let has = |codes: &[&str]| p.r#type.iter().any(|t| codes.iter().any(|c| t.has(c)));
    if has(&["ATND"]) {
        Part::Attending
    } else if has(&["PPRF"]) {
        Part::Performer
    } else if has(&["SPRF"]) {
        Part::Operating
    } else if has(&["REF"]) {
        Part::Referring
    } else if p.r#type.is_empty() {
        Part::Performer
    } else {
        Part::Other
    }
}

impl Graph {
    pub(super) fn take_encounter(
        &mut self,
        r: model::Encounter<'_>,
        cx: &Context,
        reports: &mut [FileReport],
    ) -> Result<(), FieldFault> {
        let patient = Link::of(r.subject.as_ref(), &cx.owner);
        if patient.key.is_empty() {
            return Err(bad("subject", "names no patient"));
        }
        let Some(code) = r.class.as_ref().and_then(|c| c.code.as_deref()) else {
            return Err(bad("class", "is missing, so the kind of visit is not known"));
        };
        let period = r.period.as_ref();
        let start = optional_date("period.start", period.and_then(|p| p.start.as_ref()))?;
        let end = optional_date("period.end", period.and_then(|p| p.end.as_ref()))?;
        if start.or(end).is_some_and(|m| !m.exact) {
            cx.warn(reports, "period has no day; the first of the month was taken");
        }
        if let (Some(a), Some(b)) = (start, end)
            && b.day < a.day
        {
            return Err(bad("period.end", "is before period.start"));
        }
        let kind_words =
            r.r#type.first().or(r.service_type.as_ref()).map(|t| clean_line(t.words())).unwrap_or_default();
        let all_words =
            r.r#type.iter().chain(r.service_type.as_ref()).map(|t| t.words()).collect::<Vec<_>>().join(" ");
        let class = class_of(code, &all_words).unwrap_or_else(|| {
            cx.warn(reports, "the class of the encounter is not known; it was taken as an office visit");
            Class(VisitKind::Office, PROFESSIONAL, None, None)
        });
        let mut extra = Extra::new();
        if !kind_words.is_empty() {
            extra.insert("visit_type".into(), kind_words.clone().into());
        }
        let mut why = String::new();
        match r.status.as_deref() {
            None | Some("finished") => {}
            Some(status) => {
                extra.insert("fhir_status".into(), clean_line(status).into());
                why = format!("the sender says: {}", clean_line(status));
                if matches!(status, "cancelled" | "entered-in-error") {
                    cx.warn(reports, "the sender has cancelled the encounter; it was read all the same");
                }
            }
        }
        let reason = r.reason_code.first().map(|c| clean_line(c.words())).filter(|w| !w.is_empty());
        let own = if cx.owner.base.is_empty() { "fhir" } else { &cx.owner.base };
        let keys =
            r.id.iter()
                .map(|id| SenderKey { system: own.to_string(), value: format!("Encounter/{}", &**id) });
        let named = r.identifier.iter().filter_map(|i| {
            let value = text_of(Some(i.value.as_ref()?));
            Some(SenderKey { system: text_of(i.system.as_ref()), value })
        });
        let is_stay = class.0 == VisitKind::Inpatient;
        let body = Encounter {
            account: account(&r.identifier, cx.id),
            patient: Id::NIL,
            kind: class.0,
            forms: class.1.to_vec(),
            from: NaiveDate::MIN,
            through: NaiveDate::MIN,
            place: class.2.map(str::to_string),
            bill_type: class.3.map(str::to_string),
            admission: (is_stay || r.hospitalization.is_some()).then(|| admission(&r, start, end)),
            admitting: r.reason_code.iter().find_map(|c| diagnosis_code(c.codes())),
            roles: Roles::default(),
            coverages: Vec::new(),
            state: CodingState::New,
            assigned: None,
            why,
            priority: 0,
            sender: keys.chain(named).collect(),
            reason_text: reason.unwrap_or(kind_words),
            expected: Cents::ZERO,
            extra,
        };
        let parts = r
            .participant
            .iter()
            .filter_map(|p| Some((part(p), Link::new(p.individual.as_ref()?, &cx.owner))))
            .filter(|(_, l)| !l.is_empty())
            .collect();
        let ranked = r.diagnosis.iter().filter_map(|d| {
            let admitting = d.r#use.as_ref().is_some_and(|u| u.has("AD"));
            Some(Ranked {
                condition: Link::new(d.condition.as_ref()?, &cx.owner),
                admitting,
                rank: d.rank.unwrap_or(u32::MAX),
            })
        });
        let updated = r.meta.as_ref().and_then(|m| m.last_updated.as_deref()).and_then(Moment::parse);
        let node = EncounterNode {
            context: cx.clone(),
            body,
            from: start.or(end).map(|m| m.day),
            through: end.or(start).map(|m| m.day),
            updated: updated.map(|m| m.day),
            patient,
            parts,
            facility: Link::of(r.service_provider.as_ref(), &cx.owner),
            ranked: ranked.collect(),
        };
        let at = self.add(cx, self.encounters.len(), r.id.as_deref(), &r.identifier);
        if at < self.encounters.len() {
            cx.warn(reports, "the file holds this encounter twice; the last one counts");
        }
        put(&mut self.encounters, at, node);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes() {
        let kind = |c: &str, w: &str| class_of(c, w).map(|c| (c.0, c.1.len(), c.3));
        assert_eq!(kind("AMB", "Well child visit"), Some((VisitKind::Office, 1, None)));
        assert_eq!(kind("AMB", "Ambulatory surgery"), Some((VisitKind::Surgery, 2, Some("131"))));
        assert_eq!(kind("imp", ""), Some((VisitKind::Inpatient, 1, Some("111"))));
        assert_eq!(kind("EMER", ""), Some((VisitKind::Emergency, 2, Some("131"))));
        assert!(kind("XYZ", "").is_none());
        assert_eq!(short_account(Id::from_sender(&["a"])).len(), 10);
    }
}
