//! Revenue lines of a hospital outpatient bill that need a procedure code.
//!
//! Owns `claim.revenue_hcpcs`. Source: CMS Pub. 100-04 chapter 4 section 20.5 (revenue codes that may stand
//! without a code because their cost is packaged), IOCE edit 48. What is not on that list is asked about, never
//! stopped: the list is the manual's and changes with the quarter. Pure.

use super::{
    cx::{Cx, line_place},
    setting::{bills_inpatient, type_of_bill},
};
use crate::domain::{Finding, FixAction};

const AUTHORITY: &str = "CMS Pub. 100-04 ch. 4 sec. 20.5; IOCE edit 48";

/// Pharmacy, supplies, anesthesia, blood, recovery and the like.
fn packaged(revenue: u32) -> bool {
    matches!(
        revenue,
        250..=255 | 257..=264 | 269..=273 | 275..=276 | 278..=280 | 289 | 343..=344 | 370..=372 | 379
            | 390..=392 | 399 | 560..=569 | 621..=624 | 630..=633 | 637 | 681..=684 | 689 | 700 | 709..=710
            | 719..=722 | 729 | 732 | 760..=762 | 769 | 770 | 801..=804 | 809..=819 | 821..=825 | 829
            | 942..=943 | 948
    )
}

pub(super) fn find(cx: &Cx, out: &mut Vec<Finding>) {
    if !cx.is_institutional() || bills_inpatient(cx.chart) || !type_of_bill(cx.chart).starts_with("13") {
        return;
    }
    for l in cx.chart.lines.iter().filter(|l| l.body.code.is_empty()) {
        let Some(revenue) = l.body.revenue.as_deref() else { continue };
        let Ok(n) = revenue.parse::<u32>() else { continue };
        if n < 250 || packaged(n) {
            continue;
        }
        let place = line_place(l, "code");
        let message = format!("revenue {revenue} on an outpatient bill needs a procedure code");
        out.push(
            Finding::warn("claim.revenue_hcpcs", place.clone(), message, AUTHORITY)
                .about(revenue)
                .fix("go to the code", FixAction::GoTo(place)),
        );
    }
}
