//! Who ordered a test, and under which laboratory certificate it was run.
//!
//! Owns `claim.ordering` and `claim.clia`. Sources: 42 CFR 424.507 (ordering provider of laboratory, imaging
//! and equipment on a Medicare claim), 42 CFR 410.32; 42 CFR 493 and CMS Pub. 100-04 chapter 16 section 70
//! (CLIA number on every claim for laboratory tests; X12 005010X222A1 REF*X4). Pure.

use super::{
    cx::{Cx, encounter},
    modifier_use::is_lab,
    services::Service,
};
use crate::domain::{Finding, FixAction, PayerClass, Place};

const ORDER: &str = "42 CFR 424.507, 410.32; X12 005010X222A1 2310A DN, 2420E DK";
const CLIA: &str = "42 CFR 493; CMS Pub. 100-04 ch. 16 sec. 70; X12 005010X222A1 REF*X4";

fn is_imaging(code: &str) -> bool {
    code.parse::<u32>().is_ok_and(|n| code.len() == 5 && (70010..=79999).contains(&n))
}

/// Equipment and supplies of HCPCS Level II that need an order.
fn is_equipment(code: &str) -> bool {
    matches!(code.as_bytes().first(), Some(b'E' | b'K' | b'L')) && code.len() == 5
}

pub(super) fn find(cx: &Cx, services: &[Service], out: &mut Vec<Finding>) {
    let Some(payer) = cx.chart.primary_payer() else { return };
    if payer.class == PayerClass::SelfPay {
        return;
    }
    let own: Vec<&Service> = services.iter().filter(|s| !s.institutional && s.line.is_some()).collect();
    let ordered = own.iter().find(|s| is_lab(s.code) || is_imaging(s.code) || is_equipment(s.code));
    if let Some(s) =
        ordered.filter(|_| payer.class == PayerClass::Medicare && cx.chart.header().roles.referring.is_none())
    {
        let message = format!("{}: the claim names nobody who ordered it", s.code);
        // The one who treats may have ordered it: the coder says so, or names another.
        let mut f = Finding::warn("claim.ordering", Place::Provider("referring".into()), message, ORDER);
        if let Some(id) = cx.chart.header().roles.rendering {
            let who = cx.chart.provider(Some(id)).map(|p| p.short()).unwrap_or_default();
            let set = cx.chart.set_header(|h| h.roles.referring = Some(id));
            f = f.fix(format!("{who} ordered it"), FixAction::Apply(vec![set]));
        }
        out.push(f.fix("go to the providers", FixAction::GoTo(encounter("referring"))));
    }
    let Some(site) = cx.chart.directory.site.as_ref().map(|s| &s.body) else { return };
    let number = ["clia", "CLIA", "X4"].iter().find_map(|k| site.other_ids.get(*k));
    let test = own.iter().find(|s| is_lab(s.code) && !s.has("90") && !s.has("26"));
    if let Some(s) = test.filter(|_| !number.is_some_and(|n| is_clia(n))) {
        let message = match number {
            Some(_) => {
                format!("{}: the laboratory's CLIA number is not 10 characters like 05D0000000", s.code)
            }
            None => format!("{}: the site has no CLIA number, which every claim for tests carries", s.code),
        };
        out.push(
            Finding::warn("claim.clia", Place::Provider("billing.clia".into()), message, CLIA)
                .fix("go to the site", FixAction::GoTo(Place::Provider("billing.clia".into()))),
        );
    }
}

/// Two digits, a letter D, seven digits.
fn is_clia(text: &str) -> bool {
    let b = text.trim().as_bytes();
    b.len() == 10 && b[2] == b'D' && b.iter().enumerate().all(|(i, c)| i == 2 || c.is_ascii_digit())
}
