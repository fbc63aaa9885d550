//! Fields both forms need, and those of the CMS-1500.
//!
//! Owns `claim.required`, `claim.place`, `claim.zip9`, `claim.po_box`, `claim.form`, `claim.mbi`, `claim.sex`. Sources: CMS Pub. 100-04 chapter 26
//! sections 10.2 to 10.5 (items 1a to 33a); X12 005010X222A1 loops 2010AA, 2010BA, 2010BB, 2300, 2310B;
//! ZIP of nine digits: implementation note of N403 in 2010AA. Pure.

use super::{
    cx::{Cx, encounter},
    setting::{is_place, place_of_service},
};
use crate::domain::{Finding, FixAction, Form, PayerClass, Place, Sex};

pub(super) const RULE: &str = "claim.required";

/// A required field that is empty.
pub(super) fn missing(place: Place, what: &str, authority: &str) -> Finding {
    Finding::stop(RULE, place.clone(), what, authority).fix("go to the field", FixAction::GoTo(place))
}

pub(super) fn find(cx: &Cx, out: &mut Vec<Finding>) {
    let e = cx.chart.header();
    if e.forms.is_empty() {
        out.push(
            Finding::stop(
                "claim.form",
                encounter("forms"),
                "the visit is billed on no form",
                "CMS Pub. 100-04 ch. 25, 26",
            )
            .fix("CMS-1500", FixAction::Apply(vec![cx.chart.set_header(|h| h.forms = vec![Form::Cms1500])]))
            .fix("UB-04", FixAction::Apply(vec![cx.chart.set_header(|h| h.forms = vec![Form::Ub04])])),
        );
    }
    if e.account.is_empty() {
        out.push(missing(
            encounter("account"),
            "no account number",
            "X12 005010 CLM01; CMS Pub. 100-04 ch. 26 sec. 10.4 item 26",
        ));
    }
    if cx.dx().is_empty() {
        let authority = "CMS Pub. 100-04 ch. 26 sec. 10.4 item 21; X12 005010 2300 HI";
        out.push(missing(encounter("diagnoses"), "no diagnosis", authority));
    }
    patient(cx, out);
    coverage(cx, out);
    billing(cx, out);
    if cx.is_professional() {
        professional(cx, out);
    }
}

fn patient(cx: &Cx, out: &mut Vec<Finding>) {
    const ITEMS: &str = "CMS Pub. 100-04 ch. 26 sec. 10.2 items 2, 3, 5; X12 005010 2010BA NM1, N3, N4, DMG";
    let at = |f: &str| Place::Patient(f.to_string());
    let Some(p) = cx.chart.patient() else {
        out.push(missing(at("name"), "the patient's record is missing", ITEMS));
        return;
    };
    let (name, address) = (p.name.reveal(), p.address.reveal());
    if name.last.is_empty() || name.first.is_empty() {
        out.push(missing(at("name"), "the patient's name is incomplete", ITEMS));
    }
    if p.birth.reveal().is_none() {
        out.push(missing(at("birth"), "no date of birth", ITEMS));
    }
    if p.sex == Sex::Unknown {
        let f =
            Finding::warn("claim.sex", at("sex"), "the patient's sex is unknown; the claim sends U", ITEMS);
        out.push(f.fix("go to the field", FixAction::GoTo(at("sex"))));
    }
    let parts = [&address.street, &address.city, &address.state, &address.zip];
    if parts.iter().any(|x| x.trim().is_empty()) {
        out.push(missing(at("address"), "the patient's address is incomplete", ITEMS));
    }
}

fn coverage(cx: &Cx, out: &mut Vec<Finding>) {
    const ITEMS: &str = "CMS Pub. 100-04 ch. 26 sec. 10.2 items 1, 1a; X12 005010 2010BA NM109, 2010BB NM109";
    let at = |f: &str| Place::Coverage(f.to_string());
    let coverages = cx.chart.coverages();
    let Some((first, payer)) = coverages.first() else {
        out.push(missing(at("payer"), "no coverage; a patient who pays alone needs a self-pay one", ITEMS));
        return;
    };
    let Some(payer) = payer else {
        out.push(missing(at("payer"), "the payer's record is missing", ITEMS));
        return;
    };
    if payer.class == PayerClass::SelfPay {
        return;
    }
    if payer.payer_id.is_empty() {
        out.push(missing(at("payer_id"), &format!("{} has no payer id", payer.name), ITEMS));
    }
    let member = first.body.member_id.reveal();
    if member.trim().is_empty() {
        out.push(missing(at("member_id"), &format!("no member id for {}", payer.name), ITEMS));
    } else if payer.class == PayerClass::Medicare
        && matches!(payer.filing_code.as_str(), "MA" | "MB")
        && !is_mbi(member)
    {
        let f = Finding::warn(
            "claim.mbi",
            at("member_id"),
            "the member id is not written like a Medicare beneficiary identifier",
            "CMS MBI format (11 characters)",
        );
        out.push(f.fix("go to the field", FixAction::GoTo(at("member_id"))));
    }
    if first.body.relationship != "18" && !first.body.relationship.is_empty() {
        let named = first.body.subscriber.as_ref().is_some_and(|s| !s.reveal().last.is_empty());
        if !named {
            out.push(missing(
                at("subscriber"),
                "the patient is not the subscriber, and no subscriber is named",
                "CMS Pub. 100-04 ch. 26 sec. 10.2 item 4; X12 005010 2010BA NM1",
            ));
        }
    }
}

/// 1EG4-TE5-MK73: a digit 1-9, a letter, a letter or digit, a digit, then letter and letter-or-digit and
/// digit, then two letters and two digits; never S L O I B Z.
fn is_mbi(text: &str) -> bool {
    let b: Vec<u8> = text.bytes().filter(|c| *c != b'-' && *c != b' ').collect();
    let alpha = |c: u8| c.is_ascii_uppercase() && !b"SLOIBZ".contains(&c);
    let digit = |c: u8| c.is_ascii_digit();
    let either = |c: u8| alpha(c) || digit(c);
    matches!(b.as_slice(), [c1, c2, c3, c4, c5, c6, c7, c8, c9, c10, c11]
        if matches!(c1, b'1'..=b'9') && alpha(*c2) && either(*c3) && digit(*c4) && alpha(*c5) && either(*c6)
            && digit(*c7) && alpha(*c8) && alpha(*c9) && digit(*c10) && digit(*c11))
}

fn billing(cx: &Cx, out: &mut Vec<Finding>) {
    const ITEMS: &str =
        "CMS Pub. 100-04 ch. 26 sec. 10.4 items 25, 33, 33a; X12 005010 2010AA NM1, N3, N4, REF";
    let at = |f: &str| Place::Provider(format!("billing.{f}"));
    let Some(site) = cx.chart.directory.site.as_ref().map(|s| &s.body) else {
        out.push(missing(at("name"), "the billing provider's record is missing", ITEMS));
        return;
    };
    if site.name.is_empty() {
        out.push(missing(at("name"), "the billing provider has no name", ITEMS));
    }
    if site.npi.is_empty() {
        out.push(missing(at("npi"), "the billing provider has no NPI", ITEMS));
    }
    let tax: String = site.tax_id.chars().filter(char::is_ascii_digit).collect();
    if tax.len() != 9 {
        out.push(missing(at("tax_id"), "the billing provider's tax id needs nine digits", ITEMS));
    }
    let a = &site.address;
    if [&a.street, &a.city, &a.state, &a.zip].iter().any(|x| x.trim().is_empty()) {
        out.push(missing(at("address"), "the billing provider's address is incomplete", ITEMS));
    } else if a.zip.chars().filter(char::is_ascii_digit).count() != 9 {
        out.push(
            // The coder cannot answer it and must not be asked at every chart: it is the biller's to mend.
            Finding::info(
                "claim.zip9",
                at("zip"),
                "the billing provider's ZIP needs nine digits, or the claim comes back",
                "X12 005010X222A1, X223A2 2010AA N403; 277CA A7:500:85",
            )
            .fix("go to the ZIP", FixAction::GoTo(at("zip"))),
        );
    }
    let street: String = a.street.to_uppercase().chars().filter(char::is_ascii_alphanumeric).collect();
    if street.starts_with("POBOX") {
        out.push(
            Finding::stop(
                "claim.po_box",
                at("address"),
                "the billing address is a street, not a PO box; a box goes to the pay-to address",
                "X12 005010X222A1, X223A2 2010AA N301",
            )
            .fix("go to the address", FixAction::GoTo(at("address"))),
        );
    }
}

fn professional(cx: &Cx, out: &mut Vec<Finding>) {
    const PLACE: &str = "CMS Pub. 100-04 ch. 26 sec. 10.5 (place of service codes), item 24B; X12 CLM05-1";
    let e = cx.chart.header();
    let set = |code: &str| FixAction::Apply(vec![cx.chart.set_header(|h| h.place = Some(code.to_string()))]);
    let offer = |f: Finding| {
        f.fix("11 office", set("11"))
            .fix("22 hospital outpatient, on campus", set("22"))
            .fix("24 ambulatory surgical center", set("24"))
            .fix("81 independent laboratory", set("81"))
            .fix("type another", FixAction::GoTo(encounter("place")))
    };
    match place_of_service(cx.chart) {
        None => {
            out.push(offer(Finding::stop("claim.place", encounter("place"), "no place of service", PLACE)))
        }
        Some(p) if !is_place(&p) => {
            let message = format!("{p} is no CMS place of service");
            out.push(offer(Finding::stop("claim.place", encounter("place"), message, PLACE)));
        }
        Some(_) => {}
    }
    if cx.chart.lines_of(Form::Cms1500).next().is_none() {
        out.push(missing(
            encounter("lines"),
            "no service line for the CMS-1500",
            "CMS Pub. 100-04 ch. 26 sec. 10.4 item 24; X12 005010X222A1 2400",
        ));
    }
    let rendering = "CMS Pub. 100-04 ch. 26 sec. 10.4 item 24J; X12 005010X222A1 2310B NM1*82";
    let at = Place::Provider("rendering".to_string());
    match cx.chart.provider(e.roles.rendering) {
        None => out.push(missing(at, "no rendering provider", rendering)),
        Some(p) if p.npi.is_empty() => {
            let message = format!("{} has no NPI", p.short());
            out.push(missing(Place::Provider("rendering.npi".into()), &message, rendering));
        }
        Some(_) => {}
    }
}
