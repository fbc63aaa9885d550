//! What the chart itself still owes: open holds, unsigned documents, dates of the visit, time to file.
//!
//! Owns `hold.open`, `doc.unsigned`, `claim.dates`, `claim.filing`. Sources: 42 CFR 424.44 (timely filing); 42 CFR 424.24 and CMS Pub. 100-08 chapter 3
//! section 3.3.2.4 (signatures); X12 005010 DTP*434, DTP*472. Pure.

use super::{
    cx::{Cx, encounter},
    setting::file_by,
};
use crate::domain::{DocumentStatus, Finding, FixAction, HoldReason, PayerClass};

const DATES: &str = "X12 005010X222A1 DTP*472, 005010X223A2 DTP*434 (valid, in order, not in the future)";

pub(super) fn find(cx: &Cx, out: &mut Vec<Finding>) {
    for hold in cx.chart.open_holds() {
        let message = format!("on hold: {}", hold.body.reason.label());
        out.push(
            Finding::stop("hold.open", encounter("hold"), message, "site policy: an open hold blocks submit")
                .about(hold.id.to_string())
                .fix("go to the hold", FixAction::GoTo(encounter("hold"))),
        );
    }
    let held = cx.chart.open_holds().any(|h| h.body.reason == HoldReason::UnsignedNote);
    for d in cx.chart.documents.iter().filter(|d| d.body.status == DocumentStatus::Unsigned && !held) {
        let message = format!("{} is not signed", d.body.title);
        out.push(
            Finding::info(
                "doc.unsigned",
                encounter("documents"),
                message,
                "CMS Pub. 100-08 ch. 3 sec. 3.3.2.4 (signature requirements)",
            )
            .about(d.id.to_string())
            .fix(format!("hold: {}", HoldReason::UnsignedNote.label()), FixAction::GoTo(encounter("hold"))),
        );
    }
    dates(cx, out);
    filing(cx, out);
}

/// Days left from which the claim says how many there are.
const SOON: i64 = 14;

fn filing(cx: &Cx, out: &mut Vec<Finding>) {
    const AUTHORITY: &str = "payer's filing limit; for Medicare 42 CFR 424.44, CMS Pub. 100-04 ch. 1 sec. 70";
    let Some(payer) = cx.chart.primary_payer().filter(|p| p.class != PayerClass::SelfPay) else { return };
    for form in &cx.chart.header().forms {
        let Some(last) = file_by(cx.chart, *form, payer) else { continue };
        let left = (last - cx.today).num_days();
        let place = encounter("filing");
        if left < 0 {
            let message = format!("{}: {} took this claim until {last}", form.label(), payer.name);
            out.push(Finding::warn("claim.filing", place, message, AUTHORITY).about(form.key()));
        } else if left <= SOON {
            let message =
                format!("{}: {left} days left to file with {}, until {last}", form.label(), payer.name);
            out.push(Finding::info("claim.filing", place, message, AUTHORITY));
        }
    }
}

fn dates(cx: &Cx, out: &mut Vec<Finding>) {
    let e = cx.chart.header();
    let birth = cx.chart.patient().and_then(|p| *p.birth.reveal());
    let message = if e.from > e.through {
        format!("the visit ends {} before it begins {}", e.through, e.from)
    } else if e.through > cx.today {
        format!("the visit ends in the future, {}", e.through)
    } else if birth.is_some_and(|b| b > e.from) {
        format!("the visit {} is before the patient's birth", e.from)
    } else {
        return;
    };
    out.push(
        Finding::stop("claim.dates", encounter("from"), message, DATES)
            .fix("go to the dates", FixAction::GoTo(encounter("from"))),
    );
}
