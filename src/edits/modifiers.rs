//! Modifiers of a line: their form and those that contradict each other.
//!
//! Owns `mod.form`, `mod.many`, `mod.repeat`, `mod.conflict`. Sources: X12 005010X222A1 loop 2400 SV101-3
//! to -6; CMS Pub. 100-04 chapter 12 section 40.7 (50 with RT, LT), chapter 13 section 20.2 (26, TC),
//! chapter 30 section 50 with change request 6563 (GA, GX, GZ), chapter 17 section 40 (JW, JZ). Pure.

use super::{
    cx::{Cx, line_place, set_line},
    lines::name,
};
use crate::domain::{Finding, FixAction, Item, ServiceLine};

const FORM: &str = "CMS Pub. 100-04 ch. 26 sec. 10.4 item 24D; X12 005010X222A1 2400 SV101-3 to -6";
const CONFLICTS: [(&str, &str, &str); 7] = [
    ("50", "RT", "CMS Pub. 100-04 ch. 12 sec. 40.7"),
    ("50", "LT", "CMS Pub. 100-04 ch. 12 sec. 40.7"),
    ("26", "TC", "CMS Pub. 100-04 ch. 13 sec. 20.2"),
    ("GA", "GZ", "CMS Pub. 100-04 ch. 30 sec. 50"),
    ("GX", "GA", "CMS CR 6563; Pub. 100-04 ch. 30 sec. 50"),
    ("GX", "GZ", "CMS CR 6563; Pub. 100-04 ch. 30 sec. 50"),
    ("JW", "JZ", "CMS Pub. 100-04 ch. 17 sec. 40"),
];

pub(super) fn find(cx: &Cx, out: &mut Vec<Finding>) {
    for l in cx.chart.lines.iter().filter(|l| !l.body.modifiers.is_empty()) {
        form(l, out);
        for (a, b, authority) in CONFLICTS {
            if l.body.has_modifier(a) && l.body.has_modifier(b) {
                let message = format!("{}: {a} and {b} contradict each other", name(&l.body));
                out.push(
                    Finding::stop("mod.conflict", line_place(l, "modifiers"), message, authority)
                        .fix(format!("take {a} off"), without(l, a))
                        .fix(format!("take {b} off"), without(l, b)),
                );
            }
        }
    }
}

fn without(l: &Item<ServiceLine>, gone: &str) -> FixAction {
    set_line(l, |x| x.modifiers.retain(|m| m != gone))
}

fn form(l: &Item<ServiceLine>, out: &mut Vec<Finding>) {
    let place = line_place(l, "modifiers");
    let mods = &l.body.modifiers;
    for m in mods.iter().filter(|m| !known(m)) {
        let message = format!("{}: {m} is not written like a modifier", name(&l.body));
        out.push(
            Finding::stop("mod.form", place.clone(), message, FORM)
                .fix(format!("take {m} off"), without(l, m))
                .fix("type the modifiers", FixAction::GoTo(place.clone())),
        );
    }
    if mods.len() > 4 {
        let message = format!("{}: {} modifiers; a line takes four", name(&l.body), mods.len());
        out.push(
            Finding::stop("mod.many", place.clone(), message, FORM)
                .fix("keep the first four", set_line(l, |x| x.modifiers.truncate(4))),
        );
    }
    let mut once: Vec<String> = Vec::new();
    for m in mods {
        if !once.contains(m) {
            once.push(m.clone());
        }
    }
    if once.len() < mods.len() {
        let message = format!("{}: a modifier stands twice", name(&l.body));
        out.push(
            Finding::stop("mod.repeat", place, message, FORM)
                .fix("keep each once", set_line(l, |x| x.modifiers = once)),
        );
    }
}

/// CPT 22 to 99, category II 1P to 8P, HCPCS a letter and a letter or digit.
fn known(m: &str) -> bool {
    match m.as_bytes() {
        [a @ b'0'..=b'9', b @ b'0'..=b'9'] => (a - b'0') * 10 + (b - b'0') >= 22,
        [b'1'..=b'8', b'P'] => true,
        [b'A'..=b'Z', b'A'..=b'Z' | b'0'..=b'9'] => true,
        _ => false,
    }
}
