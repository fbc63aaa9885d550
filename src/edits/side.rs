//! Which of a visit's two claims a finding is about: the practitioner's or the facility's.
//!
//! Owns the sorting, so that a visit coded in one path shows both sides apart. Pure.

use crate::domain::{Chart, Finding, Form, Place};

/// The form a finding is about; `None` when it is about both.
pub fn form_of(chart: &Chart, f: &Finding) -> Option<Form> {
    match &f.place {
        Place::Line(id, _) => {
            let line = chart.lines.iter().find(|l| l.id == *id)?;
            Some(if line.body.is_institutional() { Form::Ub04 } else { Form::Cms1500 })
        }
        Place::Procedure(_) => Some(Form::Ub04),
        Place::Encounter(field) if field == "place" => Some(Form::Cms1500),
        Place::Encounter(field) if field == "bill_type" || field.starts_with("admi") => Some(Form::Ub04),
        Place::Provider(role) if role.starts_with("rendering") || role.starts_with("referring") => {
            Some(Form::Cms1500)
        }
        Place::Provider(role) if role.starts_with("attending") || role.starts_with("operating") => {
            Some(Form::Ub04)
        }
        _ => match f.rule {
            "dx.poa" | "claim.reason_visit" | "claim.bill_type" | "claim.revenue" => Some(Form::Ub04),
            _ => None,
        },
    }
}

/// Stops and open questions of one form, with those of both.
pub fn counts(chart: &Chart, findings: &[Finding], form: Form) -> (usize, usize) {
    use crate::domain::Severity;
    let here = |f: &&Finding| f.blocks() && form_of(chart, f).is_none_or(|o| o == form);
    let n = |s: Severity| findings.iter().filter(here).filter(|f| f.severity == s).count();
    (n(Severity::Stop), n(Severity::Warn))
}
