//! Drugs: the discarded amount beside the given one, and the NDC where a payer has to have it.
//!
//! Owns `drug.waste` (JW, JZ) and `drug.ndc`. Sources: CMS Pub. 100-04 chapter 17 section 40 (JW on a line of
//! its own beside the line of what was given; JZ where nothing was discarded); Social Security Act section
//! 1927(a)(7) with 42 CFR 447.520 (Medicaid: NDC of drugs given by a physician). The form of an NDC is
//! `line.ndc`. Pure.

use super::{
    cx::{Cx, line_place},
    services::Service,
};
use crate::domain::{Finding, FixAction, PayerClass};

const WASTE: &str = "CMS Pub. 100-04 ch. 17 sec. 40 (JW, JZ)";
const NDC: &str = "42 CFR 447.520; SSA sec. 1927(a)(7); X12 005010X222A1 2410 LIN";

/// Drugs of HCPCS Level II.
fn is_drug(code: &str) -> bool {
    let b = code.as_bytes();
    b.len() == 5
        && (b[0] == b'J' || code.starts_with("Q51") || code.starts_with("Q50"))
        && b[1..].iter().all(u8::is_ascii_digit)
}

pub(super) fn find(cx: &Cx, services: &[Service], out: &mut Vec<Finding>) {
    let medicaid = cx.chart.primary_payer().is_some_and(|p| p.class == PayerClass::Medicaid);
    for s in services {
        let Some(line) = s.line else { continue };
        let given = |o: &&Service| {
            o.key == s.key && o.date == s.date && o.institutional == s.institutional && !o.has("JW")
        };
        if s.has("JW") && !services.iter().any(|o| given(&o)) {
            let message =
                format!("{} JW: the discarded amount stands beside a line of what was given", s.code);
            out.push(
                Finding::stop("drug.waste", line_place(line, "modifiers"), message, WASTE)
                    .about(s.code)
                    .fix("go to the modifiers", FixAction::GoTo(line_place(line, "modifiers"))),
            );
        }
        let wasted = services.iter().any(|o| o.key == s.key && o.date == s.date && o.has("JW"));
        if s.has("JZ") && wasted {
            let message =
                format!("{} JZ says nothing was discarded, another line says what was (JW)", s.code);
            out.push(
                Finding::stop("drug.waste", line_place(line, "modifiers"), message, WASTE).about(s.code),
            );
        }
        if medicaid && is_drug(s.code) && line.body.ndc.as_deref().unwrap_or_default().is_empty() {
            // States exempt some drugs: the site knows which, and may make it a stop.
            let message = format!("{}: Medicaid takes a drug only with its NDC", s.code);
            out.push(
                Finding::warn("drug.ndc", line_place(line, "ndc"), message, NDC)
                    .about(s.code)
                    .fix("go to the NDC", FixAction::GoTo(line_place(line, "ndc"))),
            );
        }
    }
}
