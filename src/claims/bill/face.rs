//! Both faces of a claim that was read: the boxes as X12.md section 6 maps them.
//!
//! Owns the way from a `Bill` to the data the faces are drawn from, so that anyone's file shows the same form as
//! our own encounters. Records have no ids in a file: diagnoses and lines get one by their position. Pure.

use super::{Bill, HealthCode, Party, PostalAddress};
use crate::claims::data::{Claim1500, ClaimDx, ClaimHead, ClaimLine, ClaimUb04, Other};
use crate::claims::{ClaimFace, cms1500, ub04};
use crate::domain::{Address, Admission, ClaimState, Form, Id, PayerClass, Poa, Procedure, Sex};
use chrono::NaiveDate;

/// The face of a claim from a file.
pub fn face(bill: &Bill) -> ClaimFace {
    match bill.form {
        Form::Cms1500 => cms1500::face(&claim_1500(bill)),
        Form::Ub04 => ub04::face(&claim_ub04(bill)),
    }
}

fn day(text: &str) -> Option<NaiveDate> {
    NaiveDate::parse_from_str(text.get(..8)?, "%Y%m%d").ok()
}

fn span(text: &str) -> Option<(NaiveDate, NaiveDate)> {
    let first = day(text)?;
    Some((first, text.split_once('-').and_then(|(_, b)| day(b)).unwrap_or(first)))
}

fn id(kind: &str, n: usize) -> Id {
    Id::from_sender(&["bill", kind, &n.to_string()])
}

fn name(p: &Party) -> String {
    let n = p.name.reveal();
    let last = [n.last.as_str(), n.suffix.as_str()].join(" ");
    [last.trim(), &n.first, &n.middle]
        .iter()
        .filter(|p| !p.is_empty())
        .copied()
        .collect::<Vec<_>>()
        .join(", ")
}

/// `SHAH RAVI`
fn provider(bill: &Bill, role: &str) -> (String, String) {
    bill.provider(role).map_or_else(Default::default, |p| {
        let n = p.party.name.reveal();
        let text = [n.last.as_str(), n.first.as_str()].join(" ");
        (text.trim().to_string(), p.party.id.reveal().clone())
    })
}

fn address(a: &PostalAddress) -> Address {
    let street = [a.street.as_str(), a.street_2.as_str()].join(" ").trim().to_string();
    let zip = match a.zip.len() {
        9 => format!("{}-{}", &a.zip[..5], &a.zip[5..]),
        _ => a.zip.clone(),
    };
    Address { street, city: a.city.clone(), state: a.state.clone(), zip }
}

/// What SBR09 says of the payer.
fn class(filing: &str) -> PayerClass {
    match filing {
        "MA" | "MB" => PayerClass::Medicare,
        "MC" => PayerClass::Medicaid,
        "WC" => PayerClass::WorkersComp,
        _ => PayerClass::Commercial,
    }
}

fn dx(i: usize, c: &HealthCode) -> ClaimDx {
    ClaimDx { id: id("dx", i), code: c.code.clone(), poa: c.poa.chars().next().and_then(Poa::from_letter) }
}

fn head(b: &Bill) -> ClaimHead {
    let s = &b.subscriber;
    let (patient, demographics, home) = match &b.patient {
        Some(p) => (&p.party, &p.demographics, &p.address),
        None => (&s.party, &s.demographics, &s.address),
    };
    let phone = |c: &super::Contact| {
        c.numbers.iter().find(|(k, _)| k == "TE").map(|(_, n)| n.clone()).unwrap_or_default()
    };
    let rendering = b.provider("82").map(|p| p.party.id.reveal().clone()).unwrap_or_default();
    let lines = b.lines.iter().enumerate().map(|(i, l)| ClaimLine {
        id: id("line", i),
        revenue: (b.form == Form::Ub04).then(|| l.revenue.clone()),
        code: l.service.code.clone(),
        modifiers: l.service.modifiers.clone(),
        date: l
            .date()
            .and_then(|d| day(&d.text))
            .or_else(|| b.date("434").and_then(|d| day(&d.text)))
            .unwrap_or_default(),
        units: l.quantity,
        charge: Some(l.charge),
        pointers: l.pointers.iter().map(|p| usize::from(*p)).collect(),
        ndc: l.drug.as_ref().map(|d| d.ndc.clone()),
        provider_npi: l
            .providers
            .iter()
            .find(|p| p.role == "82")
            .map_or_else(|| rendering.clone(), |p| p.party.id.reveal().clone()),
    });
    let diagnoses =
        b.codes.iter().filter(|c| matches!(c.kind.as_str(), "ABK" | "BK" | "ABF" | "BF" | "ABN" | "BN"));
    let note = b.notes.iter().find(|(kind, _)| kind == "ADD").map(|(_, text)| text.reveal().clone());
    ClaimHead {
        note: note.unwrap_or_default(),
        account: b.account.clone(),
        mrn: b.reference("EA").to_string(),
        payer: b.payer.party.name.reveal().last.clone(),
        payer_class: class(&s.filing),
        payer_id: b.payer.party.id.reveal().clone(),
        filing_code: s.filing.clone(),
        payer_address: b.payer.address.as_ref().map(address).unwrap_or_default(),
        member_id: s.party.id.reveal().clone(),
        group_number: s.group_number.clone(),
        group_name: s.group_name.clone(),
        relationship: b.patient.as_ref().map_or("18".into(), |p| p.relationship.clone()),
        patient: name(patient),
        birth: demographics.as_ref().and_then(|d| day(d.birth.reveal())),
        sex: match demographics.as_ref().map_or("", |d| d.sex.as_str()) {
            "F" => Sex::Female,
            "M" => Sex::Male,
            _ => Sex::Unknown,
        },
        address: home.as_ref().map(|a| address(a.reveal())).unwrap_or_default(),
        phone: String::new(),
        subscriber: b.patient.as_ref().map(|_| name(&s.party)),
        others: b
            .others
            .iter()
            .map(|o| Other {
                payer: o.payer.name.reveal().last.clone(),
                payer_id: o.payer.id.reveal().clone(),
                member_id: o.subscriber.id.reveal().clone(),
                group_number: o.group_number.clone(),
                group_name: o.group_name.clone(),
                subscriber: name(&o.subscriber),
            })
            .collect(),
        site: b.billing.party.name.reveal().last.clone(),
        site_npi: b.billing.party.id.reveal().clone(),
        tax_id: b.billing.tax.value.reveal().clone(),
        taxonomy: b.billing.taxonomy.clone(),
        site_address: address(&b.billing.address),
        site_phone: b.billing.contacts.first().map(phone).unwrap_or_default(),
        diagnoses: diagnoses.enumerate().map(|(i, c)| dx(i, c)).collect(),
        lines: lines.collect(),
        total: b.total,
        frequency: b.frequency.chars().next().unwrap_or('1'),
        original: b.reference("F8").to_string(),
        state: ClaimState::Draft,
    }
}

fn days_of(b: &Bill) -> (NaiveDate, NaiveDate) {
    let statement = b.date("434").and_then(|d| span(&d.text));
    let lines = b.lines.iter().filter_map(|l| span(&l.date()?.text));
    let all = lines.reduce(|(a, b), (x, y)| (a.min(x), b.max(y)));
    statement.or(all).unwrap_or_default()
}

fn claim_1500(b: &Bill) -> Claim1500 {
    let (rendering, rendering_npi) = provider(b, "82");
    let (referring, referring_npi) =
        ["DN", "DK", "DQ"].iter().map(|r| provider(b, r)).find(|(n, _)| !n.is_empty()).unwrap_or_default();
    let (from, through) = days_of(b);
    Claim1500 {
        head: head(b),
        place: b.place.clone(),
        from,
        through,
        rendering,
        rendering_npi,
        referring,
        referring_npi,
        signed: b.signature == "Y",
    }
}

fn claim_ub04(b: &Bill) -> ClaimUb04 {
    let (from, through) = days_of(b);
    let [kind, source, status] = b.admission.clone().unwrap_or_default();
    let hour = |d: Option<&super::DateText>, from: usize| {
        d.and_then(|d| d.text.get(from..from + 2)).map(str::to_string)
    };
    let px = b.codes.iter().filter(|c| matches!(c.kind.as_str(), "BBR" | "BR" | "BBQ" | "BQ"));
    let (attending, attending_npi) = provider(b, "71");
    let (operating, operating_npi) = provider(b, "72");
    let (referring, referring_npi) = provider(b, "DN");
    let first = |kinds: [&str; 2]| {
        b.codes.iter().find(|c| kinds.contains(&c.kind.as_str())).map(|c| c.code.clone()).unwrap_or_default()
    };
    let inpatient = b.date("435").is_some();
    ClaimUb04 {
        head: head(b),
        bill_type: format!("{}{}", b.place, b.frequency),
        inpatient,
        from,
        through,
        admission: Admission {
            kind,
            source,
            status,
            hour: hour(b.date("435"), 8),
            discharge_hour: hour(b.date("096"), 0),
        },
        admitting: if inpatient { first(["ABJ", "BJ"]) } else { first(["APR", "PR"]) },
        procedures: px
            .enumerate()
            .map(|(i, c)| {
                let p = Procedure { code: c.code.clone(), date: day(&c.date), ..Procedure::default() };
                (id("px", i), p)
            })
            .collect(),
        attending,
        attending_npi,
        operating,
        operating_npi,
        referring,
        referring_npi,
    }
}
