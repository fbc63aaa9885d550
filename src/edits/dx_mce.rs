//! What the Medicare Code Editor says of a diagnosis: age, sex, principal, side.
//!
//! Owns `dx.age`, `dx.sex`, `dx.unacceptable`, `dx.questionable`, `dx.unspecified_side`. Sources: CMS MCE
//! edits 4 (age: newborn 0, pediatric 0-17, maternity 9-64, adult 15-124), 5 (sex, retired in 2024), 9
//! (unacceptable principal), 8 (questionable admission), 20 (unspecified code, inpatient, from October
//! 2021). Age and sex hold for every claim; the others for a hospital stay. Pure.

use super::{
    cx::{Cx, dot, letter},
    facts::AgeGroup,
    setting::bills_inpatient,
};
use crate::domain::{Finding, FixAction, Place, Sex};
use chrono::NaiveDate;

const MCE: &str = "CMS Medicare Code Editor";

/// Years, both inclusive. Maternity was 12 to 55 until September 2019.
fn ages(group: AgeGroup, on: NaiveDate) -> (&'static str, u32, u32) {
    let lately = NaiveDate::from_ymd_opt(2019, 10, 1).is_none_or(|d| on >= d);
    match group {
        AgeGroup::Newborn => ("newborns", 0, 0),
        AgeGroup::Pediatric => ("children", 0, 17),
        AgeGroup::Maternity if lately => ("maternity", 9, 64),
        AgeGroup::Maternity => ("maternity", 12, 55),
        AgeGroup::Adult => ("adults", 15, 124),
    }
}

pub(super) fn find(cx: &Cx, out: &mut Vec<Finding>) {
    let stay = cx.is_institutional() && bills_inpatient(cx.chart);
    let patient = cx.chart.patient();
    // The editor takes the age on the day of admission.
    let age = patient.and_then(|p| p.age_on(cx.chart.header().from));
    for (at, d) in cx.dx().iter().enumerate() {
        let Some(flags) = cx.facts.dx_flags(&d.body.code, cx.on) else { continue };
        let place = || Place::Diagnosis(d.id);
        let code = dot(&d.body.code);
        if let (Some(group), Some(age)) = (flags.age, age) {
            let (whose, low, high) = ages(group, cx.on);
            if !(low..=high).contains(&age) {
                let message = format!("{code} is for {whose} ({low} to {high} years); the patient is {age}");
                out.push(
                    Finding::stop("dx.age", place(), message, &format!("{MCE} edit 4"))
                        .fix("go to the date of birth", FixAction::GoTo(Place::Patient("birth".into()))),
                );
            }
        }
        let sex = patient.map(|p| p.sex);
        let conflict = match sex {
            Some(Sex::Male) => flags.female.then_some("female"),
            Some(Sex::Female) => flags.male.then_some("male"),
            _ => None,
        };
        if let Some(only) = conflict {
            let message = format!("{code} is listed for {only} patients: is sex or code wrong, or is it so?");
            out.push(
                Finding::warn(
                    "dx.sex",
                    place(),
                    message,
                    &format!("{MCE} edit 5 (retired 2024; payers' own)"),
                )
                .about(d.body.code.clone())
                .fix("go to the sex", FixAction::GoTo(Place::Patient("sex".into()))),
            );
        }
        if !stay {
            continue;
        }
        if at == 0 && flags.unacceptable {
            let message = format!("{code} tells circumstances, not an illness: it is never principal");
            let mut f = Finding::stop("dx.unacceptable", place(), message, &format!("{MCE} edit 9"));
            let other = cx.dx().iter().skip(1).find(|o| {
                cx.facts.dx_flags(&o.body.code, cx.on).is_some_and(|f| !f.unacceptable)
                    && !o.body.code.starts_with(['V', 'W', 'X', 'Y'])
            });
            if let Some((o, action)) = other.and_then(|o| Some((o, cx.move_before(o.id, d.id)?))) {
                f = f.fix(format!("put {} first", dot(&o.body.code)), action);
            }
            out.push(f);
        }
        if at == 0 && flags.questionable {
            let message =
                format!("{code} alone is seldom a reason for a stay: is the principal another one?");
            out.push(
                Finding::warn("dx.questionable", place(), message, &format!("{MCE} edit 8"))
                    .about(d.body.code.clone()),
            );
        }
        if flags.unspecified {
            let message =
                format!("{} {code} leaves the side open: the chart of a stay usually tells it", letter(at));
            let mut f = Finding::warn("dx.unspecified_side", place(), message, &format!("{MCE} edit 20"))
                .about(d.body.code.clone());
            for sided in cx.facts.sided(&d.body.code).into_iter().take(4) {
                f = f.fix(
                    cx.named(&sided),
                    FixAction::ReplaceDiagnosis { id: d.id, code: sided, before: None },
                );
            }
            out.push(f);
        }
    }
}
