//! What the fee schedule says of a code: its parts, whether Medicare takes it, where it is done.
//!
//! Owns `fee.pctc` (26 and TC on codes without parts), `fee.component` (a whole diagnostic service billed by
//! a practitioner in a facility), `fee.status`, `fee.place`. Sources: CMS MPFSDB record layout (Pub. 100-04
//! chapter 23 addendum: status, PC/TC, NA indicators); Pub. 100-04 chapter 13 section 20.2, chapter 12
//! section 20.4.2 (site of service). Pure.

use super::{
    cx::{Cx, encounter, line_place, set_line},
    services::Service,
    setting::{is_facility, place_of_service},
};
use crate::domain::{Finding, FixAction, PayerClass};

const PARTS: &str = "CMS MPFSDB PC/TC indicator; Pub. 100-04 ch. 13 sec. 20.2";
const STATUS: &str = "CMS MPFSDB status code; Pub. 100-04 ch. 23 addendum";
const PLACE: &str = "CMS MPFSDB NA indicator; Pub. 100-04 ch. 12 sec. 20.4.2";

pub(super) fn find(cx: &Cx, services: &[Service], out: &mut Vec<Finding>) {
    let place = place_of_service(cx.chart);
    let medicare = cx.chart.primary_payer().is_some_and(|p| p.class == PayerClass::Medicare);
    for s in services.iter().filter(|s| !s.institutional) {
        let Some(line) = s.line else { continue };
        let Some(row) = cx.fee(s.key, s.date) else { continue };
        let (release, from, code) = (cx.fee_release(s.date), out.len(), s.code);
        let modifiers = || line_place(line, "modifiers");
        let take_off = |m: &str| {
            let m = m.to_string();
            set_line(line, move |x| x.modifiers.retain(|y| *y != m))
        };
        for m in ["26", "TC"].into_iter().filter(|m| s.has(m)) {
            let why = match (row.pc_tc(), m) {
                ('1', _) | ('6', "26") | (' ', _) => continue,
                ('0', _) => "it is a physician's service without parts (0)",
                ('2', _) => "it is the professional part already (2)",
                ('3', _) => "it is the technical part already (3)",
                ('4', _) => "it is the whole test; its parts are codes of their own (4)",
                ('5', _) => "it is a service incident to a physician's (5)",
                ('6', _) => "an interpretation of a laboratory test has no technical part (6)",
                ('7', _) => "therapy has no parts (7)",
                ('8', _) => "the interpretation of a smear of an inpatient has no parts (8)",
                _ => "it has no parts (9)",
            };
            let message = format!("{code} {m}: {why}");
            out.push(
                Finding::stop("fee.pctc", modifiers(), message, PARTS)
                    .about(format!("{code}-{m}"))
                    .fix(format!("take {m} off"), take_off(m)),
            );
        }
        let in_facility = place.as_deref().is_some_and(is_facility);
        if in_facility && row.pc_tc() == '1' && !s.has("26") && !s.has("TC") {
            let at = place.as_deref().unwrap_or_default();
            let message = format!(
                "{code} at place {at}: the facility bills the technical part, the practitioner the interpretation (26)"
            );
            let add = set_line(line, |x| x.modifiers.insert(0, "26".into()));
            let f = Finding::warn("fee.component", modifiers(), message, PARTS).about(code);
            out.push(f.fix(format!("add 26 to {code}"), add));
        } else if in_facility && matches!(row.pc_tc(), '3' | '5') {
            let at = place.as_deref().unwrap_or_default();
            let message = format!(
                "{code} at place {at}: the facility bills this service, not the practitioner ({})",
                row.pc_tc()
            );
            out.push(Finding::warn("fee.component", line_place(line, "code"), message, PARTS).about(code));
        }
        if medicare {
            let said = match row.status() {
                'I' => Some((true, "Medicare does not take this code and has another one for it (I)")),
                'N' if !s.has_any(&["GY", "GX"]) => {
                    Some((false, "Medicare does not cover it (N): GY says so"))
                }
                'X' if !s.has_any(&["GY", "GX"]) => {
                    Some((false, "it is excluded by statute from the fee schedule (X): GY says so"))
                }
                'B' | 'P' => Some((false, "it is always bundled and never paid by itself")),
                'M' => Some((false, "it is a code for measurement only (M)")),
                _ => None,
            };
            if let Some((stop, why)) = said {
                let (at, message) = (line_place(line, "code"), format!("{code}: {why}"));
                let f = match stop {
                    true => Finding::stop("fee.status", at, message, STATUS),
                    false => Finding::warn("fee.status", at, message, STATUS),
                };
                out.push(f.about(code));
            }
        }
        let wrong = match place.as_deref() {
            Some("11") if row.not_in_office() => Some("an office (11)"),
            Some(p @ ("21" | "22" | "23" | "24")) if row.not_in_facility() => Some(match p {
                "21" => "a hospital stay (21)",
                "22" => "a hospital outpatient department (22)",
                "23" => "an emergency department (23)",
                _ => "a surgical center (24)",
            }),
            _ => None,
        };
        if let Some(at) = wrong {
            let message = format!("{code} is rarely or never done in {at}");
            out.push(
                Finding::warn("fee.place", encounter("place"), message, PLACE)
                    .about(code)
                    .fix("go to the place of service", FixAction::GoTo(encounter("place"))),
            );
        }
        out.iter_mut().skip(from).for_each(|f| f.release = release.clone());
    }
}
