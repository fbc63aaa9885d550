//! Conditions, procedures and claims.
//!
//! Owns what becomes a code and what stays words: only ICD-10-CM, ICD-10-PCS, CPT and HCPCS codings become
//! records; SNOMED and the rest are shown to the coder, never coded silently. Money is read as decimal text,
//! never as a float. The thread that reads the file.

use super::{
    Context, FieldFault, Graph, bad,
    kinds::{code_system, diagnosis_code, service_code},
    links::Link,
    model,
    people::{optional_date, put},
};
use crate::domain::{Cents, CodeSystem, Id, Poa, ServiceLine, Units, normal_code};
use crate::intake::{FileReport, clean::clean_line};
use chrono::NaiveDate;
use serde_json::value::RawValue;

#[derive(Debug)]
pub(super) struct ConditionNode {
    pub context: Context,
    pub encounter: Link,
    pub patient: Link,
    /// ICD-10-CM, when the sender coded it so.
    pub code: Option<String>,
    pub words: String,
    pub day: Option<NaiveDate>,
}

#[derive(Debug)]
pub(super) struct ProcedureNode {
    pub context: Context,
    pub encounter: Link,
    pub patient: Link,
    pub pcs: Option<String>,
    pub service: Option<String>,
    pub words: String,
    pub day: Option<NaiveDate>,
    pub performer: Link,
}

#[derive(Debug)]
pub(super) struct ClaimDiagnosis {
    pub sequence: u32,
    pub code: Option<String>,
    pub condition: Link,
    pub poa: Option<Poa>,
    pub admitting: bool,
}

#[derive(Debug)]
pub(super) struct ClaimLine {
    pub id: Id,
    pub encounter: Link,
    pub day: Option<NaiveDate>,
    pub diagnoses: Vec<u32>,
    /// `None` for an item in a code system that no claim takes; its words stay.
    pub line: Option<ServiceLine>,
    pub words: String,
}

#[derive(Debug)]
pub(super) struct ClaimNode {
    pub context: Context,
    pub patient: Link,
    pub day: Option<NaiveDate>,
    pub total: Option<Cents>,
    pub insurance: Vec<Link>,
    pub diagnoses: Vec<ClaimDiagnosis>,
    pub lines: Vec<ClaimLine>,
}

/// An amount with any number of decimals, rounded half away from zero to the cent.
fn cents(raw: &RawValue) -> Option<Cents> {
    let text = raw.get();
    if let Some(c) = Cents::parse(text) {
        return Some(c);
    }
    if text.contains(['e', 'E']) {
        // Exponents are legal JSON and stand for round amounts.
        let v: f64 = text.parse().ok()?;
        return Cents::parse(&format!("{v:.2}"));
    }
    let (whole, part) = text.split_once('.')?;
    let up = *part.as_bytes().get(2)? >= b'5';
    let short = Cents::parse(&format!("{whole}.{}", part.get(..2)?))?;
    part.bytes().all(|b| b.is_ascii_digit()).then_some(())?;
    let step = Cents(i64::from(up));
    Some(if whole.starts_with('-') { short - step } else { short + step })
}

fn amount(field: &str, money: Option<&model::Money<'_>>) -> Result<Option<Cents>, FieldFault> {
    match money.and_then(|m| m.value) {
        None => Ok(None),
        Some(raw) => cents(raw).map(Some).ok_or_else(|| bad(&format!("{field}.value"), "is not an amount")),
    }
}

fn units(field: &str, quantity: Option<&model::Money<'_>>) -> Result<Units, FieldFault> {
    let Some(raw) = quantity.and_then(|q| q.value) else { return Ok(Units::ONE) };
    let text = raw.get();
    let text =
        text.split_once('.').map_or(text, |(w, p)| if p.bytes().all(|b| b == b'0') { w } else { text });
    Units::parse(text).ok_or_else(|| bad(&format!("{field}.value"), "is not a number of units"))
}

impl Graph {
    pub(super) fn take_condition(&mut self, r: model::Condition<'_>, cx: &Context) -> Result<(), FieldFault> {
        let doubt = r.verification_status.as_ref();
        let says = |codes: &[&str]| doubt.is_some_and(|v| codes.iter().any(|c| v.has(c)));
        if says(&["refuted", "entered-in-error"]) {
            return Ok(());
        }
        let recorded = optional_date("recordedDate", r.recorded_date.as_ref())?;
        let Some(code) = &r.code else { return Err(bad("code", "is missing")) };
        let mut words = clean_line(code.words());
        // An uncertain diagnosis is no code on its own word: the coder reads it.
        let uncertain = says(&["provisional", "differential", "unconfirmed"]);
        if uncertain {
            words.push_str(" (unconfirmed)");
        }
        let node = ConditionNode {
            context: cx.clone(),
            encounter: Link::of(r.encounter.as_ref(), &cx.owner),
            patient: Link::of(r.subject.as_ref(), &cx.owner),
            code: diagnosis_code(code.codes()).filter(|_| !uncertain),
            words,
            day: recorded.map(|m| m.day),
        };
        let at = self.add(cx, self.conditions.len(), r.id.as_deref(), &[]);
        put(&mut self.conditions, at, node);
        Ok(())
    }

    pub(super) fn take_procedure(&mut self, r: model::Procedure<'_>, cx: &Context) -> Result<(), FieldFault> {
        if matches!(r.status.as_deref(), Some("entered-in-error" | "not-done")) {
            return Ok(());
        }
        let at = optional_date("performedDateTime", r.performed_date_time.as_ref())?;
        let period = r.performed_period.as_ref().and_then(|p| p.start.as_ref());
        let start = optional_date("performedPeriod.start", period)?;
        let Some(code) = &r.code else { return Err(bad("code", "is missing")) };
        let pcs = code.codes().find(|(s, _)| code_system(s) == Some(CodeSystem::Icd10pcs));
        let node = ProcedureNode {
            context: cx.clone(),
            encounter: Link::of(r.encounter.as_ref(), &cx.owner),
            patient: Link::of(r.subject.as_ref(), &cx.owner),
            pcs: pcs.map(|(_, c)| normal_code(c)).filter(|c| c.len() == 7),
            service: service_code(code.codes()),
            words: clean_line(code.words()),
            day: at.or(start).map(|m| m.day),
            performer: r.performer.first().map(|p| Link::of(p.actor.as_ref(), &cx.owner)).unwrap_or_default(),
        };
        let at = self.add(cx, self.procedures.len(), r.id.as_deref(), &[]);
        put(&mut self.procedures, at, node);
        Ok(())
    }

    pub(super) fn take_claim(
        &mut self,
        r: model::Claim<'_>,
        cx: &Context,
        reports: &mut [FileReport],
    ) -> Result<(), FieldFault> {
        if matches!(r.status.as_deref(), Some("entered-in-error" | "cancelled")) {
            cx.warn(reports, "the sender has withdrawn the claim; it was left out");
            return Ok(());
        }
        // A pharmacy claim is the drug store's, not the visit's.
        if r.r#type.as_ref().is_some_and(|t| t.has("pharmacy")) {
            return Ok(());
        }
        let period = r.billable_period.as_ref().and_then(|p| p.start.as_ref());
        let start = optional_date("billablePeriod.start", period)?;
        let mut insurance: Vec<_> = r.insurance.iter().filter(|i| i.coverage.is_some()).collect();
        insurance.sort_by_key(|i| (i.focal != Some(true), i.sequence));
        let mut lines = Vec::with_capacity(r.item.len());
        for (n, item) in r.item.iter().enumerate() {
            lines.push(claim_line(n, item, cx)?);
        }
        let diagnoses = r.diagnosis.iter().map(|d| ClaimDiagnosis {
            sequence: d.sequence,
            code: d.diagnosis_codeable_concept.as_ref().and_then(|c| diagnosis_code(c.codes())),
            condition: Link::of(d.diagnosis_reference.as_ref(), &cx.owner),
            poa: d.on_admission.as_ref().and_then(|c| {
                let mut codes = c.coding.iter().filter_map(|c| c.code.as_deref());
                codes.find_map(|c| Poa::from_letter(c.chars().next()?).filter(|_| c.len() == 1))
            }),
            admitting: d.r#type.iter().any(|t| t.has("admitting")),
        });
        let node = ClaimNode {
            context: cx.clone(),
            patient: Link::of(r.patient.as_ref(), &cx.owner),
            day: start.map(|m| m.day),
            total: amount("total", r.total.as_ref())?,
            insurance: insurance.iter().map(|i| Link::of(i.coverage.as_ref(), &cx.owner)).collect(),
            diagnoses: diagnoses.collect(),
            lines,
        };
        let at = self.add(cx, self.claims.len(), r.id.as_deref(), &[]);
        put(&mut self.claims, at, node);
        Ok(())
    }
}

fn claim_line(n: usize, item: &model::ClaimItem<'_>, cx: &Context) -> Result<ClaimLine, FieldFault> {
    let field = |name: &str| format!("item[{n}].{name}");
    let at = optional_date(&field("servicedDate"), item.serviced_date.as_ref())?;
    let period = item.serviced_period.as_ref().and_then(|p| p.start.as_ref());
    let start = optional_date(&field("servicedPeriod.start"), period)?;
    let net = amount(&field("net"), item.net.as_ref())?;
    let each = amount(&field("unitPrice"), item.unit_price.as_ref())?;
    let units = units(&field("quantity"), item.quantity.as_ref())?;
    let words = item.product_or_service.as_ref().map(|p| clean_line(p.words())).unwrap_or_default();
    let service = item.product_or_service.as_ref().and_then(|p| service_code(p.codes()));
    let revenue = item.revenue.as_ref().and_then(|r| {
        let mut codes = r.codes().map(|(_, c)| c.trim());
        let digits = codes.find(|c| (3..=4).contains(&c.len()) && c.bytes().all(|b| b.is_ascii_digit()))?;
        Some(format!("{digits:0>4}"))
    });
    // Senders list the reasons of the visit as items too: only what has a price is a charge.
    let charge = net.or_else(|| each.map(|e| units.charge(e)));
    let line = (service.is_some() || revenue.is_some()).then(|| {
        let mut line = ServiceLine::new(&service.unwrap_or_default(), NaiveDate::MIN);
        line.revenue = revenue;
        line.units = units;
        line.charge = charge;
        let modifiers = item.modifier.iter().filter_map(|m| m.coding.iter().find_map(|c| c.code.as_deref()));
        line.modifiers = modifiers.map(normal_code).filter(|m| m.len() == 2).take(4).collect();
        line
    });
    let sequence = if item.sequence == 0 { n + 1 } else { item.sequence as usize };
    Ok(ClaimLine {
        id: Id::from_sender(&[&cx.id.to_string(), "item", &sequence.to_string()]),
        encounter: Link::of(item.encounter.first(), &cx.owner),
        day: at.or(start).map(|m| m.day),
        diagnoses: item.diagnosis_sequence.clone(),
        line,
        words: charge.map(|c| format!("{words} {c}")).unwrap_or_default(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_exact_to_the_cent() {
        let read = |t: &str| serde_json::from_str::<&RawValue>(t).ok().and_then(cents).map(|c| c.0);
        assert_eq!(read("269.68"), Some(26968));
        assert_eq!(read("129.15999999999997"), Some(12916));
        assert_eq!(read("0.005"), Some(1));
        assert_eq!(read("-1.999"), Some(-200));
        assert_eq!(read("1.25e2"), Some(12500));
        assert_eq!(read("125"), Some(12500));
        assert_eq!(read("\"12\""), None);
        assert_eq!(read("{}"), None);
    }
}
