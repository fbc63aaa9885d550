//! Names, NPI, tax id, taxonomy, addresses, contacts: R3, R4, R5, R29.

use super::{GUIDE, Gist};
use crate::domain::npi_is_valid;
use crate::x12::issue::{Issue, shown};
use crate::x12::view::{ClaimView, Here, Part};

const NPI: &str = "45 CFR 162.406, CMS NPI check digit; X12 005010 NM108, NM109";
pub(super) const STATES: &str = "AL AK AZ AR CA CO CT DE DC FL GA HI ID IL IN IA KS KY LA ME MD MA MI MN MS MO MT NE NV NH NJ NM \
                      NY NC ND OH OK OR PA RI SC SD TN TX UT VT VA WA WV WI WY AS GU MP PR VI UM FM MH PW AA AE AP";

/// Providers that have an NPI; a facility of another kind may have none.
const WITH_NPI: [&str; 9] = ["85", "82", "71", "72", "ZZ", "DN", "P3", "DK", "DQ"];

pub(super) fn check(view: &ClaimView<'_>, part: &Part, out: &mut Vec<Issue>) {
    for h in view.each(part) {
        match h.id() {
            "NM1" => name(&h, out),
            "N3" => street(&h, out),
            "N4" => city(&h, out),
            "REF" => reference(&h, out),
            "PRV" => taxonomy(&h, out),
            "PER" => contact(&h, out),
            _ => {}
        }
    }
    if part.is_empty() {
        return;
    }
    let is_billing = view.find(part, "2000A", "HL").is_some() || view.find(part, "2010AA", "NM1").is_some();
    if is_billing && view.find(part, "2000A", "PRV").is_none() {
        let at = crate::x12::walk::here(
            "2000A",
            "PRV",
            "PRV".into(),
            view.find(part, "2010AA", "NM1").map_or(0, |h| h.number),
            None,
        );
        out.push(
            Issue::warn("x12.taxonomy", at, "the billing provider's taxonomy is missing: PRV*BI", GUIDE)
                .fix("give the billing provider a taxonomy in the set-up"),
        );
    }
}

fn person_of(role: &str) -> &'static str {
    match role {
        "85" => "billing provider",
        "82" => "rendering provider",
        "71" => "attending provider",
        "72" => "operating physician",
        "ZZ" => "other operating physician",
        "DN" | "P3" => "referring provider",
        "DK" => "ordering provider",
        "DQ" => "supervising provider",
        "77" => "service facility",
        "IL" => "subscriber",
        "QC" => "patient",
        "PR" => "payer",
        _ => "party",
    }
}

fn name(h: &Here<'_>, out: &mut Vec<Issue>) {
    let role = h.el(1);
    let who = person_of(role);
    let in_other_payer = h.lp.starts_with("2330") && !matches!(h.lp, "2330A" | "2330B");
    let (kind, id) = (h.el(8), h.el(9));
    if kind == "XX" && !id.is_empty() && !npi_is_valid(id) {
        let m = format!("the NPI of the {who} is not valid: ten digits with a check digit, first 1 or 2");
        out.push(Issue::stop("x12.npi", h.at(9), m, NPI).fix(format!("correct the NPI of the {who}")));
    }
    let has_npi = WITH_NPI.contains(&role) || role == "77";
    if kind.is_empty() != id.is_empty() && !in_other_payer && has_npi {
        let (n, m) = if id.is_empty() {
            (9, "its number is missing")
        } else {
            (8, "the kind of its number is missing")
        };
        out.push(
            Issue::stop("x12.npi", h.at(n), format!("the {who}: {m}"), NPI)
                .fix(format!("give the NPI of the {who}")),
        );
    } else if id.is_empty() && WITH_NPI.contains(&role) && !in_other_payer {
        let m = format!("the {who} has no NPI");
        out.push(Issue::stop("x12.npi", h.at(9), m, NPI).fix(format!("give the NPI of the {who}")));
    } else if id.is_empty() && role == "77" && !in_other_payer {
        out.push(Issue::warn("x12.npi", h.at(9), "the service facility has no NPI", NPI));
    }
    let (person, first) = (h.el(2), h.el(4));
    if person == "1" && first.is_empty() && !h.el(3).is_empty() && !in_other_payer {
        out.push(Issue::stop(
            "x12.name",
            h.at(4),
            format!("the {who} is a person without a first name"),
            GUIDE,
        ));
    }
    if person == "2" && (!first.is_empty() || !h.el(5).is_empty()) {
        let m =
            format!("the {who} is an organization with a first or middle name: NM102 or the name is wrong");
        out.push(Issue::stop("x12.name", h.at(2), m, GUIDE));
    }
    if matches!(h.el(3), x if !x.is_empty() && x.bytes().all(|b| b.is_ascii_digit())) {
        out.push(Issue::stop("x12.name", h.at(3), format!("the name of the {who} is a number"), GUIDE));
    }
}

fn street(h: &Here<'_>, out: &mut Vec<Issue>) {
    if h.lp != "2010AA" {
        return;
    }
    for n in [1, 2] {
        let text: String = h.el(n).to_uppercase().chars().filter(char::is_ascii_alphanumeric).collect();
        let box_ = text
            .strip_prefix("POBOX")
            .or_else(|| text.strip_prefix("POSTOFFICEBOX"))
            .or_else(|| text.strip_prefix("LOCKBOX"));
        if box_.is_some() || text.starts_with("POB") && text[3..].starts_with(|c: char| c.is_ascii_digit()) {
            let m = "the billing address is a street, never a PO box or lockbox";
            out.push(
                Issue::stop("x12.po_box", h.at(n), m, "X12 005010X222A1, X223A2 2010AA N301")
                    .fix("put the box into the pay-to address (2010AB) and the street here"),
            );
        }
    }
}

fn city(h: &Here<'_>, out: &mut Vec<Issue>) {
    let (state, zip, country) = (h.el(2), h.el(3), h.el(4));
    if !country.is_empty() && country != "US" {
        return;
    }
    const AUTHORITY: &str = "X12 005010X222A1, X223A2 N402, N403; 277CA A7:500";
    if state.is_empty() {
        out.push(
            Issue::stop("x12.address", h.at(2), "the state is missing", AUTHORITY).fix("give the state"),
        );
    } else if !STATES.split_ascii_whitespace().any(|s| s == state) {
        let m = format!("{} is no state", shown(state));
        out.push(Issue::stop("x12.address", h.at(2), m, AUTHORITY).fix("give the state's two letters"));
    }
    let digits = zip.bytes().all(|b| b.is_ascii_digit());
    if zip.is_empty() {
        out.push(
            Issue::stop("x12.address", h.at(3), "the ZIP code is missing", AUTHORITY)
                .fix("give the ZIP code"),
        );
    } else if !digits || !matches!(zip.len(), 5 | 9) {
        let m = "the ZIP code has five or nine digits, no hyphen";
        out.push(Issue::stop("x12.address", h.at(3), m, AUTHORITY).fix("correct the ZIP code"));
    } else if zip.len() == 5 && matches!(h.lp, "2010AA" | "2310C" | "2310E" | "2420C") && h.lp != "2310E" {
        let m = "the ZIP code needs all nine digits here";
        out.push(
            Issue::stop("x12.zip9", h.at(3), m, "X12 005010X222A1, X223A2 N403; 277CA A7:500:85")
                .fix("give the ZIP code with its last four digits"),
        );
    }
    if h.el(1).bytes().any(|b| b.is_ascii_digit()) {
        out.push(Issue::stop("x12.address", h.at(1), "the city holds a digit", AUTHORITY));
    }
}

fn reference(h: &Here<'_>, out: &mut Vec<Issue>) {
    let v = h.el(2);
    let digits = v.bytes().all(|b| b.is_ascii_digit());
    let nine = |out: &mut Vec<Issue>, what: &str| {
        if v.len() != 9 || !digits {
            let m = format!("the {what} has nine digits, no hyphen");
            out.push(
                Issue::stop("x12.tax_id", h.at(2), m, "X12 005010 REF EI, SY; 277CA A7:128")
                    .fix(format!("correct the {what}")),
            );
        } else if v.bytes().all(|b| b == b'0')
            || (what.starts_with("social") && (v.starts_with("000") || v.starts_with('9')))
        {
            out.push(Issue::stop(
                "x12.tax_id",
                h.at(2),
                format!("the {what} is not a number that is given out"),
                "IRS; SSA",
            ));
        }
    };
    match (h.lp, h.el(1)) {
        (_, _) if v.is_empty() => {}
        ("2010AA" | "2010AC", "EI") => nine(out, "tax id"),
        (_, "SY") => nine(out, "social security number"),
        (_, "X4" | "F4") if h.lp.starts_with("23") || h.lp.starts_with("24") => {
            let b = v.as_bytes();
            let formed = b.len() == 10
                && b[2] == b'D'
                && b.iter().enumerate().all(|(i, c)| i == 2 || c.is_ascii_digit());
            if !formed {
                let m = "a CLIA number is two digits, D and seven digits";
                out.push(
                    Issue::stop("x12.clia", h.at(2), m, "42 CFR 493; X12 005010X222A1 REF*X4")
                        .fix("correct the CLIA number"),
                );
            }
        }
        ("2300", "EW") | ("2400", "EW") if !v.bytes().all(|b| b.is_ascii_alphanumeric()) => {
            out.push(Issue::stop(
                "x12.code",
                h.at(2),
                "a mammography certificate number has letters and digits only",
                GUIDE,
            ));
        }
        ("2300", "LU") if !STATES.split_ascii_whitespace().any(|s| s == v) => {
            out.push(Issue::stop("x12.code", h.at(2), format!("{} is no state", shown(v)), GUIDE));
        }
        _ => {}
    }
}

fn taxonomy(h: &Here<'_>, out: &mut Vec<Issue>) {
    let b = h.el(3).as_bytes();
    let formed = b.len() == 10
        && b[..3].iter().all(u8::is_ascii_digit)
        && b[3..9].iter().all(|c| c.is_ascii_digit() || c.is_ascii_uppercase())
        && b[9] == b'X';
    if !formed && !b.is_empty() {
        let m = "a taxonomy code has ten characters: three digits, six letters or digits, X";
        out.push(
            Issue::stop("x12.taxonomy", h.at(3), m, "NUCC taxonomy format; 277CA A7:145")
                .fix("correct the taxonomy"),
        );
    }
}

fn contact(h: &Here<'_>, out: &mut Vec<Issue>) {
    for n in [3, 5, 7] {
        let (kind, number) = (h.el(n), h.el(n + 1));
        if kind.is_empty() != number.is_empty() && (n > 3) {
            let at = if kind.is_empty() { n } else { n + 1 };
            out.push(Issue::stop(
                "x12.contact",
                h.at(at),
                "a contact needs both its kind and its number",
                GUIDE,
            ));
        }
        let digits = number.bytes().all(|b| b.is_ascii_digit());
        match kind {
            "TE" | "FX" if !number.is_empty() && (!digits || number.len() != 10) => {
                let m = "a telephone number has ten digits and nothing else";
                out.push(Issue::stop("x12.contact", h.at(n + 1), m, GUIDE).fix("write ten digits"));
            }
            "EM" if !number.is_empty() && !number.contains('@') => {
                out.push(Issue::stop("x12.contact", h.at(n + 1), "an e-mail address holds an @", GUIDE));
            }
            _ => {}
        }
    }
    if h.lp == "1000A" && h.el(2).is_empty() {
        out.push(Issue::warn("x12.contact", h.at(2), "the submitter's contact has no name", GUIDE));
    }
}

/// R5: the billing provider is a group, the others persons with numbers of their own.
pub(super) fn roles(g: &Gist<'_>, out: &mut Vec<Issue>) {
    let Some(billing) = g.view.find(g.view.billing, "2010AA", "NM1") else { return };
    let group = billing.el(2) == "2" && billing.el(8) == "XX" && !billing.el(9).is_empty();
    for h in g.all().iter().filter(|h| h.id() == "NM1") {
        let person = matches!(h.el(1), "82" | "71" | "72" | "ZZ" | "DN" | "P3" | "DK" | "DQ");
        if group && person && h.el(9) == billing.el(9) {
            let m = format!("the {} has the group's own NPI", person_of(h.el(1)));
            out.push(
                Issue::stop("x12.npi", h.at(9), m, NPI)
                    .fix(format!("give the person's own NPI as {}", person_of(h.el(1)))),
            );
        }
    }
    for h in g
        .all()
        .iter()
        .filter(|h| h.id() == "NM1" && matches!((h.lp, h.el(1)), ("2310B" | "2420A", "82") | ("2310A", "71")))
    {
        if g.institutional != (h.el(1) == "71") {
            continue;
        }
        let has = g.all().iter().any(|p| p.id() == "PRV" && p.lp == h.lp && p.group == h.group);
        if !has {
            let m = format!("the {} has no taxonomy (PRV)", person_of(h.el(1)));
            out.push(
                Issue::warn("x12.taxonomy", h.lacks("PRV"), m, GUIDE)
                    .fix("give the provider a taxonomy in the set-up"),
            );
        }
    }
    // R13: a group does not treat anybody.
    if !g.institutional && billing.el(2) == "2" && g.find("2310B", "NM1").is_none() {
        let every_line = g.lines().all(|l| l.find("2420A", "NM1").is_some());
        if !every_line {
            let number = g.clm.map_or(0, |c| c.number);
            let at = crate::x12::walk::here("2310B", "NM1", "NM1".into(), number, None);
            let m = "the rendering provider is missing: the billing provider is an organization";
            out.push(
                Issue::stop("x12.rendering", at, m, "X12 005010X222A1 2310B NM1*82")
                    .fix("name the rendering provider"),
            );
        }
    }
}
