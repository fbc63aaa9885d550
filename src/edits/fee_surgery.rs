//! Surgery modifiers against the fee schedule: both sides, assistants, two surgeons, teams, several procedures.
//!
//! Owns `fee.bilateral`, `fee.assistant`, `fee.cosurgeon`, `fee.team`, `fee.multiple`. Sources: CMS MPFSDB
//! record layout (Pub. 100-04 chapter 23 addendum, fields 21 to 25); Pub. 100-04 chapter 12 sections 40.6
//! (several), 40.7 (both sides), 20.4.3 (assistants), 40.8 (co-surgeons and teams). Pure.

use super::{
    cx::{Cx, line_place, set_line},
    services::Service,
    tables::FeeRow,
};
use crate::domain::{Finding, FixAction, Item, OverridePolicy, ServiceLine, Units};

const BILATERAL: &str = "CMS MPFSDB bilateral indicator; Pub. 100-04 ch. 12 sec. 40.7";
const ASSISTANT: &str = "CMS MPFSDB assistant indicator; Pub. 100-04 ch. 12 sec. 20.4.3";
const SURGEONS: &str = "CMS MPFSDB co-surgeon and team indicators; Pub. 100-04 ch. 12 sec. 40.8";
const MULTIPLE: &str = "CMS MPFSDB multiple procedure indicator; Pub. 100-04 ch. 12 sec. 40.6";

pub(super) fn find(cx: &Cx, services: &[Service], out: &mut Vec<Finding>) {
    for s in services.iter().filter(|s| !s.institutional) {
        let Some(line) = s.line else { continue };
        let Some(row) = cx.fee(s.key, s.date) else { continue };
        let release = cx.fee_release(s.date);
        let from = out.len();
        bilateral(services, s, line, row, out);
        for (m, rule, what, indicator, authority) in [
            ("80", "fee.assistant", "an assistant surgeon", row.assistant(), ASSISTANT),
            ("81", "fee.assistant", "a minimum assistant", row.assistant(), ASSISTANT),
            ("82", "fee.assistant", "an assistant surgeon", row.assistant(), ASSISTANT),
            ("AS", "fee.assistant", "an assistant at surgery", row.assistant(), ASSISTANT),
            ("62", "fee.cosurgeon", "two surgeons", row.co_surgeon(), SURGEONS),
            ("66", "fee.team", "a surgical team", row.team(), SURGEONS),
        ] {
            if s.has(m) {
                helpers(line, m, rule, what, indicator, authority, out);
            }
        }
        if s.has("51") && row.multiple() == '0' {
            let message = format!("{} 51: the reduction for several procedures does not apply to it", s.code);
            out.push(
                Finding::warn("fee.multiple", line_place(line, "modifiers"), message, MULTIPLE)
                    .about(s.code)
                    .fix("take 51 off", without(line, "51")),
            );
        }
        out.iter_mut().skip(from).for_each(|f| f.release = release.clone());
    }
}

fn without(l: &Item<ServiceLine>, gone: &str) -> FixAction {
    set_line(l, |x| x.modifiers.retain(|m| m != gone))
}

/// Assistants and further surgeons share the meaning of their digits but for 1 and 0.
fn helpers(
    l: &Item<ServiceLine>,
    m: &str,
    rule: &'static str,
    what: &str,
    indicator: char,
    authority: &str,
    out: &mut Vec<Finding>,
) {
    let place = line_place(l, "modifiers");
    let code = &l.body.code;
    // For assistants 0 asks for records and 1 forbids by statute; for surgeons it is the other way round.
    let records = if rule == "fee.assistant" { '0' } else { '1' };
    let f = match indicator {
        '2' | ' ' => return,
        i if i == records => {
            if l.body.evidence.is_some() {
                return;
            }
            let message = format!("{code} {m}: {what} is paid only with records that show the need ({i})");
            Finding::warn(rule, place.clone(), message, authority)
                .policy(OverridePolicy::Evidence)
                .about(format!("{code}-{m}"))
                .fix("attach the line of the chart", FixAction::GoTo(line_place(l, "evidence")))
        }
        '9' => {
            let message = format!("{code} {m}: {what} has no meaning for this code (9)");
            Finding::stop(rule, place, message, authority)
        }
        i => {
            let message = format!("{code} {m}: {what} is not paid for this code ({i})");
            Finding::stop(rule, place, message, authority)
        }
    };
    out.push(f.fix(format!("take {m} off"), without(l, m)));
}

fn bilateral(services: &[Service], s: &Service, l: &Item<ServiceLine>, row: FeeRow, out: &mut Vec<Finding>) {
    let place = line_place(l, "modifiers");
    let indicator = row.bilateral();
    let code = s.code;
    if s.has("50") {
        let why = match indicator {
            '0' => Some("the rule for both sides does not apply to it (0)"),
            '2' => Some("its price is for both sides already (2)"),
            '9' => Some("it has no sides (9)"),
            _ => None,
        };
        if let Some(why) = why {
            let message = format!("{code} 50: {why}");
            out.push(
                Finding::stop("fee.bilateral", place, message, BILATERAL)
                    .about(code)
                    .fix("take 50 off", without(l, "50")),
            );
        } else if s.units != Units::ONE && indicator == '1' {
            let message = format!("{code} 50: one unit with 50 is both sides; the line has {}", s.units);
            out.push(
                Finding::warn("fee.bilateral", line_place(l, "units"), message, BILATERAL)
                    .about(code)
                    .fix("1 unit", set_line(l, |x| x.units = Units::ONE)),
            );
        }
        return;
    }
    // Right and left on two lines of a code that is paid at one and a half on one line.
    let other = services.iter().any(|o| {
        o.line.is_some_and(|x| x.id != l.id) && o.key == s.key && o.beside(s) && o.has("RT") && s.has("LT")
    });
    if other && indicator == '2' {
        let message = format!("{code} RT and {code} LT: its price is for both sides already (2)");
        out.push(Finding::warn("fee.bilateral", place, message, BILATERAL).about(code));
    } else if other && indicator == '1' {
        let message = format!("{code} RT and LT: Medicare wants one line with 50");
        out.push(Finding::info("fee.bilateral", place, message, BILATERAL));
    }
}
