//! Modifiers on the kind of service they are for, and 59 where nothing asks for it.
//!
//! Owns `mod.em_only` (24, 25, 57), `mod.em_59`, `mod.lab` (91), `mod.needless_59`, `mod.which_x`. Sources:
//! NCCI Policy Manual chapter I section E (25, 57, 59, XE, XP, XS, XU, 91); CMS Pub. 100-04 chapter 12
//! sections 30.6.6 and 40.2 (24, 25, 57), chapter 16 section 100.5.1 (91). Pure.

use super::{
    cx::{Cx, line_place, set_line},
    em25::is_em,
    services::Service,
};
use crate::domain::{Finding, PayerClass};

const EM: &str = "CMS Pub. 100-04 ch. 12 sec. 30.6.6, 40.2; NCCI Policy Manual ch. I sec. E";
const SEPARATE: &str = "NCCI Policy Manual ch. I sec. E; CMS MLN1783722 (59, XE, XP, XS, XU)";
const LAB: &str = "CMS Pub. 100-04 ch. 16 sec. 100.5.1; NCCI Policy Manual ch. I sec. E";

/// Visits that are no E/M code of CPT: eye visits are in `is_em`; Medicare's own, and hospital clinic visits.
fn is_visit(code: &str) -> bool {
    let medicare = ["G0402", "G0438", "G0439", "G0463", "G0380", "G0381", "G0382", "G0383", "G0384"];
    is_em(code)
        || medicare.contains(&code)
        || code.parse::<u32>().is_ok_and(|n| {
            code.len() == 5
                && matches!(n, 98000..=98016 | 99406..=99409 | 99424..=99427 | 99437 | 99439 | 99483..=99498)
        })
}

/// Pathology and laboratory, and Medicare's own laboratory codes.
pub(super) fn is_lab(code: &str) -> bool {
    let number = code.parse::<u32>().ok().filter(|_| code.len() == 5);
    number.is_some_and(|n| (80047..=89398).contains(&n)) || (code.len() == 5 && code.ends_with('U'))
}

pub(super) fn find(cx: &Cx, services: &[Service], out: &mut Vec<Finding>) {
    let medicare = cx.chart.primary_payer().is_some_and(|p| p.class == PayerClass::Medicare);
    for s in services {
        let Some(line) = s.line else { continue };
        let place = || line_place(line, "modifiers");
        let take_off = |m: &str| {
            let m = m.to_string();
            set_line(line, move |x| x.modifiers.retain(|y| *y != m))
        };
        for m in ["24", "25", "57"].into_iter().filter(|m| s.has(m) && !is_visit(s.code)) {
            let message = format!("{} {m}: the modifier is for visits", s.code);
            out.push(
                Finding::warn("mod.em_only", place(), message, EM)
                    .about(format!("{}-{m}", s.code))
                    .fix(format!("take {m} off"), take_off(m)),
            );
        }
        let separate = ["59", "XE", "XP", "XS", "XU"].into_iter().find(|m| s.has(m));
        if let Some(m) = separate.filter(|_| is_em(s.code)) {
            let message = format!("{} {m}: a visit is told apart with 25, never with {m}", s.code);
            out.push(
                Finding::stop("mod.em_59", place(), message, SEPARATE)
                    .about(format!("{}-{m}", s.code))
                    .fix(format!("take {m} off"), take_off(m)),
            );
        } else if separate == Some("59") {
            unneeded(cx, services, s, medicare, out);
        }
        if s.has("91") && !is_lab(s.code) {
            let message = format!("{} 91: the modifier is for laboratory tests run again", s.code);
            out.push(
                Finding::warn("mod.lab", place(), message, LAB)
                    .about(s.code)
                    .fix("take 91 off", take_off("91"))
                    .fix(
                        "76 instead, repeated by the same provider",
                        set_line(line, |x| {
                            x.modifiers.iter_mut().filter(|m| *m == "91").for_each(|m| *m = "76".into());
                        }),
                    ),
            );
        }
    }
}

/// 59 on a line that is in no pair of the day, or where one of its four parts would say more.
fn unneeded(cx: &Cx, services: &[Service], s: &Service, medicare: bool, out: &mut Vec<Finding>) {
    let (Some(line), Some(table)) = (s.line, cx.facts.tables().ptp(s.institutional, s.date)) else { return };
    let release = table.meta().cite();
    let paired = services.iter().any(|o| {
        o.key != s.key
            && o.beside(s)
            && (table.find(o.key, s.key, s.date).is_some() || table.find(s.key, o.key, s.date).is_some())
    });
    // The same code on two lines is what 59 may tell apart as well.
    let twin = services
        .iter()
        .any(|o| o.key == s.key && o.beside(s) && o.line.map(|l| l.id) != s.line.map(|l| l.id));
    let place = line_place(line, "modifiers");
    if !paired && !twin {
        let message = format!("{} 59: no NCCI pair of this day asks for it", s.code);
        out.push(
            Finding::warn("mod.needless_59", place, message, SEPARATE)
                .about(s.code)
                .release(release)
                .fix("take 59 off", set_line(line, |x| x.modifiers.retain(|m| m != "59"))),
        );
    } else if medicare {
        let message = format!("{} 59: XE, XP, XS or XU says more, and Medicare prefers it", s.code);
        let mut f = Finding::info("mod.which_x", place, message, SEPARATE).release(release);
        for (m, what) in
            [("XS", "another structure"), ("XE", "another encounter"), ("XP", "another practitioner")]
        {
            let with = set_line(line, |x| {
                x.modifiers.iter_mut().filter(|y| *y == "59").for_each(|y| *y = m.into());
            });
            f = f.fix(format!("{m} instead of 59: {what}"), with);
        }
        out.push(f);
    }
}
