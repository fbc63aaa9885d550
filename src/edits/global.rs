//! Services in the global period of a surgery: they belong to its price unless a modifier says otherwise.
//!
//! Owns `global.em` (24) and `global.procedure` (58, 78, 79). Sources: CMS Pub. 100-04 chapter 12 sections
//! 40.1 to 40.4: 010 covers the day and ten days after it, 090 the day before, the day and ninety after. The
//! same day is NCCI's (25, 57, pairs). A surgeon who billed 54 leaves the care after it to others. Pure.

use super::{
    cx::{Cx, line_place},
    em25::is_em,
    ncci_ptp::applies,
    services::Service,
};
use crate::domain::{Finding, FixAction, OverridePolicy};

const AUTHORITY: &str = "CMS Pub. 100-04 ch. 12 sec. 40.1, 40.2 (global surgery)";

fn days_after(global: &str) -> Option<i64> {
    match global {
        "010" => Some(10),
        "090" => Some(90),
        _ => None,
    }
}

pub(super) fn find(cx: &Cx, services: &[Service], out: &mut Vec<Finding>) {
    if !applies(cx) {
        return;
    }
    let surgeries: Vec<(&Service, String, i64)> = services
        .iter()
        .filter(|s| !s.institutional && !s.has("54"))
        .filter_map(|s| {
            let global = cx.global(s.code, s.date)?;
            let days = days_after(&global)?;
            Some((s, global, days))
        })
        .collect();
    for s in services.iter().filter(|s| !s.institutional) {
        let Some(line) = s.line else { continue };
        for (surgery, global, days) in &surgeries {
            let after = (s.date - surgery.date).num_days();
            let before = if global == "090" { -1 } else { 0 };
            if after == 0 || after < before || after > *days || surgery.provider != s.provider {
                continue;
            }
            let em = is_em(s.code);
            let own_global = cx.global(s.code, s.date);
            // A service without a global period of its own (laboratory, imaging) is never in the package.
            let procedure = own_global.as_deref().is_some_and(|g| matches!(g, "000" | "010" | "090"));
            let (rule, needed): (_, &[&str]) = match em {
                true if after < 0 => ("global.em", &["57", "24", "25"]),
                true => ("global.em", &["24", "25"]),
                false if procedure && after > 0 => ("global.procedure", &["58", "78", "79"]),
                false => continue,
            };
            if s.has_any(needed) {
                continue;
            }
            let when = match after {
                -1 => "the day before".to_string(),
                n => format!("day {n} after"),
            };
            let message = format!(
                "{} on {} is {when} {} of {}{}, whose global period is {global}: it is in that price unless {}",
                s.code,
                s.date,
                surgery.code,
                surgery.date,
                surgery.elsewhere(),
                match (em, after < 0) {
                    (true, true) => "57 (decision for surgery) applies",
                    (true, false) => "24 (unrelated) applies",
                    (false, _) => "58 (staged), 78 (return to theatre) or 79 (unrelated) applies",
                }
            );
            let mut f = Finding::warn(rule, line_place(line, "modifiers"), message, AUTHORITY)
                .policy(OverridePolicy::Evidence)
                .about(format!("{}-{}-{}", s.code, surgery.code, surgery.date))
                .release(cx.fee_release(surgery.date));
            let offers: &[&str] = match (em, after < 0) {
                (true, true) => &["57"],
                (true, false) => &["24"],
                (false, _) => &["58", "78", "79"],
            };
            for m in offers {
                let action = FixAction::AddModifier { line: line.id, modifier: (*m).into(), evidence: true };
                f = f.fix(format!("add {m} to {}, with evidence", s.code), action);
            }
            out.push(f);
            break;
        }
    }
}
