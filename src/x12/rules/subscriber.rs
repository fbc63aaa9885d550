//! Subscriber and payer: R6, R7, R24.

use super::GUIDE;
use crate::x12::issue::Issue;
use crate::x12::view::{ClaimView, Here};

pub(super) fn check(v: &ClaimView<'_>, out: &mut Vec<Issue>) {
    let find = |lp: &str, id: &str| v.find(v.subscriber, lp, id);
    let Some(sbr) = find("2000B", "SBR") else { return };
    let name = find("2010BA", "NM1");
    if sbr.el(9).is_empty() {
        out.push(
            Issue::stop("x12.filing", sbr.at(9), "the claim filing code is missing", "X12 005010 SBR09")
                .fix("give the payer a filing code (CI, MB, MC ...)"),
        );
    }
    let medicare = matches!(sbr.el(9), "MA" | "MB");
    if !v.guide.institutional {
        if medicare && !matches!(sbr.el(1), "P" | "") && sbr.el(5).is_empty() {
            out.push(
                Issue::stop(
                    "x12.msp",
                    sbr.at(5),
                    "Medicare pays second here: why is missing",
                    "X12 005010X222A1 SBR05; CMS Pub. 100-05",
                )
                .fix("give the insurance type (12, 13, 14, 15, 16, 41, 42, 43 or 47)"),
            );
        }
        if !sbr.el(5).is_empty() && (!medicare || sbr.el(1) == "P") {
            let m = "an insurance type belongs only to Medicare as a secondary payer";
            out.push(Issue::stop("x12.msp", sbr.at(5), m, "X12 005010X222A1 SBR05").fix("remove it"));
        }
    }
    if sbr.el(2) == "18" {
        let base = name.unwrap_or(sbr);
        for (id, what) in [("N3", "street"), ("N4", "city, state and ZIP"), ("DMG", "date of birth and sex")]
        {
            if find("2010BA", id).is_none() {
                let mut at = base.lacks(id);
                at.lp = "2010BA";
                let m = format!("the subscriber is the patient: the {what} are needed ({id})");
                out.push(Issue::stop("x12.required", at, m, GUIDE).fix(format!("give the patient's {what}")));
            }
        }
        if !v.patient.is_empty() {
            let m = "the subscriber is the patient (SBR02 is 18), and a patient level follows all the same";
            out.push(
                Issue::stop("x12.patient", sbr.at(2), m, GUIDE)
                    .fix("leave SBR02 empty, or drop the patient level"),
            );
        }
    } else if v.patient.is_empty() && !v.claim.is_empty() {
        let m = "the claim stands under the subscriber, but SBR02 does not say that the subscriber is the patient";
        out.push(Issue::stop("x12.patient", sbr.at(2), m, GUIDE).fix("write 18, or add the patient level"));
    }
    if let Some(p) = find("2010BB", "NM1") {
        let payer = p.el(3).to_uppercase();
        let plan = ["SUPP", "ADVANTAGE", "MEDIGAP"].iter().any(|w| payer.contains(w));
        let wrong = match sbr.el(9) {
            "" => None,
            "MA" | "MB" | "16" | "HM" | "ZZ" => payer.contains("MEDICAID").then_some("MC"),
            "MC" => (payer.contains("MEDICARE") && !payer.contains("MEDICAID")).then_some("MA or MB"),
            _ if payer.contains("MEDICAID") => Some("MC"),
            _ if payer.contains("MEDICARE") && !plan => Some("MA or MB"),
            _ => None,
        };
        if let Some(want) = wrong {
            let m = format!(
                "the filing code {} does not fit the payer's name",
                crate::x12::issue::shown(sbr.el(9))
            );
            out.push(Issue::stop("x12.filing", sbr.at(9), m, "X12 005010 SBR09").fix(format!("use {want}")));
        }
    }
    if let Some(n) = name {
        if medicare {
            mbi(&n, out);
        }
        if n.el(8) == "MI" && n.el(9).trim().is_empty() && n.has(9) {
            out.push(
                Issue::stop("x12.member", n.at(9), "the member id is missing", GUIDE)
                    .fix("give the id on the card"),
            );
        }
    }
}

/// R24: eleven characters, CMS's format.
pub(super) fn mbi(n: &Here<'_>, out: &mut Vec<Issue>) {
    if n.el(8) == "MI" && !n.el(9).is_empty() && !is_mbi(n.el(9)) {
        let m = "a Medicare id has eleven characters in the format of the card, without hyphens";
        out.push(
            Issue::stop("x12.mbi", n.at(9), m, "CMS, Understanding the MBI format")
                .fix("correct the Medicare id"),
        );
    }
}

fn is_mbi(text: &str) -> bool {
    let alpha = |c: u8| c.is_ascii_uppercase() && !b"SLOIBZ".contains(&c);
    let either = |c: u8| c.is_ascii_digit() || alpha(c);
    let b = text.as_bytes();
    b.len() == 11
        && matches!(b[0], b'1'..=b'9')
        && alpha(b[1])
        && either(b[2])
        && b[3].is_ascii_digit()
        && alpha(b[4])
        && either(b[5])
        && b[6].is_ascii_digit()
        && alpha(b[7])
        && alpha(b[8])
        && b[9].is_ascii_digit()
        && b[10].is_ascii_digit()
}
