//! An 837 in: every claim of a file as a `Bill`.
//!
//! Owns the way from segments to the model. Tolerant where the rules are strict: a text that is wrong is kept as
//! it is and told by `Checker`; only a number that is none makes a claim unreadable, with its place. Segments the
//! model does not name are kept whole. A sink of `scan`, on its caller's thread.

use super::issue::{At, Issue};
use super::reader::ReadError;
use super::rules::cents;
use super::scan::{Fresh, Scanned, Sink, scan};
use super::view::{ClaimView, Here};
use crate::claims::bill::{
    Adjustment, Attachment, Bill, BillLine, BillPayer, BillProvider, Billing, Contact, DateText,
    Demographics, Dependent, Drug, HealthCode, Kept, LineDecision, OtherPayer, Party, PostalAddress, RefId,
    Service, Subscriber,
};
use crate::domain::{Cents, PersonName, Phi, Units};
use std::io::Read;

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("claim {claim}: {} {} holds no number that can be read", at.lp, at.field)]
pub struct ParseError {
    pub claim: String,
    pub at: At,
}

/// Hands every claim of the file to `each`, in its order.
pub fn parse(source: impl Read, each: impl FnMut(Result<Bill, ParseError>)) -> Result<Scanned, ReadError> {
    scan(source, &mut Parser { each })
}

struct Parser<F> {
    each: F,
}

impl<F: FnMut(Result<Bill, ParseError>)> Sink for Parser<F> {
    fn thorough(&self) -> bool {
        false
    }
    fn issue(&mut self, _issue: Issue) {}
    fn claim(&mut self, view: &ClaimView<'_>, _fresh: Fresh) {
        let read = bill(view).map_err(|at| ParseError { claim: view.number().to_string(), at });
        (self.each)(read);
    }
}

type Got<T> = Result<T, At>;

fn text(h: &Here<'_>, n: usize) -> String {
    h.el(n).to_string()
}

fn money(h: &Here<'_>, n: usize) -> Got<Cents> {
    if h.el(n).is_empty() {
        return Ok(Cents::ZERO);
    }
    cents(h.el(n)).ok_or_else(|| h.at(n))
}

fn units(h: &Here<'_>, n: usize) -> Got<Units> {
    let t = h.el(n).trim_end_matches('.');
    if t.is_empty() {
        return Ok(Units(0));
    }
    let t = if t.starts_with('.') { format!("0{t}") } else { t.to_string() };
    Units::parse(&t).ok_or_else(|| h.at(n))
}

fn party(h: &Here<'_>) -> Party {
    Party {
        person: h.el(2) == "1",
        name: Phi::new(PersonName {
            last: text(h, 3),
            first: text(h, 4),
            middle: text(h, 5),
            suffix: text(h, 7),
        }),
        id_kind: text(h, 8),
        id: Phi::new(text(h, 9)),
    }
}

fn reference(h: &Here<'_>) -> RefId {
    RefId { kind: text(h, 1), value: Phi::new(text(h, 2)), payer: h.comp(4, 2).to_string() }
}

fn date(h: &Here<'_>) -> DateText {
    DateText { kind: text(h, 1), format: text(h, 2), text: text(h, 3) }
}

/// N3 or N4 into an address.
fn address(a: &mut PostalAddress, h: &Here<'_>) {
    if h.id() == "N3" {
        a.street = text(h, 1);
        a.street_2 = text(h, 2);
    } else {
        a.city = text(h, 1);
        a.state = text(h, 2);
        a.zip = text(h, 3);
        a.country = text(h, 4);
        a.subdivision = text(h, 7);
    }
}

fn private(slot: &mut Option<Phi<PostalAddress>>, h: &Here<'_>) {
    let mut a = slot.take().map(Phi::into_inner).unwrap_or_default();
    address(&mut a, h);
    *slot = Some(Phi::new(a));
}

fn contact(h: &Here<'_>) -> Contact {
    let numbers = [3, 5, 7]
        .iter()
        .filter(|n| h.has(**n) || h.has(**n + 1))
        .map(|n| (text(h, *n), text(h, n + 1)))
        .collect();
    Contact { name: text(h, 2), numbers }
}

fn keep(all: &mut Vec<Kept>, h: &Here<'_>) {
    let d = h.seg.delimiters();
    let elements = h
        .seg
        .elements()
        .map(|e| e.replace(char::from(d.component), &super::write::COMPONENT.to_string()))
        .collect();
    all.push(Kept { lp: h.lp, elements: Phi::new(elements) });
}

fn demographics(h: &Here<'_>) -> Demographics {
    Demographics { birth: Phi::new(text(h, 2)), sex: text(h, 3) }
}

fn adjustments(all: &mut Vec<Adjustment>, h: &Here<'_>) -> Got<()> {
    for n in [2, 5, 8, 11, 14, 17] {
        if h.has(n) || h.has(n + 1) {
            let units = if h.has(n + 2) { Some(units(h, n + 2)?) } else { None };
            all.push(Adjustment { group: text(h, 1), reason: text(h, n), amount: money(h, n + 1)?, units });
        }
    }
    Ok(())
}

fn service(h: &Here<'_>, n: usize) -> Service {
    let mut modifiers: Vec<String> = (3..=6).map(|c| h.comp(n, c).to_string()).collect();
    while modifiers.last().is_some_and(String::is_empty) {
        modifiers.pop();
    }
    Service {
        kind: h.comp(n, 1).to_string(),
        code: h.comp(n, 2).to_string(),
        modifiers,
        description: h.comp(n, 7).to_string(),
    }
}

/// PAT05 to PAT09.
fn condition(h: &Here<'_>) -> Vec<String> {
    let mut all: Vec<String> = (5..=9).map(|n| text(h, n)).collect();
    while all.last().is_some_and(String::is_empty) {
        all.pop();
    }
    all
}

fn billing(v: &ClaimView<'_>) -> Billing {
    let mut b = Billing::default();
    for h in v.each(v.billing) {
        match (h.lp, h.id()) {
            ("2000A", "PRV") => b.taxonomy = text(&h, 3),
            ("2000A", "HL") | ("2010AB", "NM1") => {}
            ("2010AA", "NM1") => b.party = party(&h),
            ("2010AA", "N3" | "N4") => address(&mut b.address, &h),
            ("2010AA", "REF") if matches!(h.el(1), "EI" | "SY") => b.tax = reference(&h),
            ("2010AA", "REF") => b.ids.push(reference(&h)),
            ("2010AA", "PER") => b.contacts.push(contact(&h)),
            ("2010AB", "N3" | "N4") => address(b.pay_to.get_or_insert_default(), &h),
            _ => keep(&mut b.kept, &h),
        }
    }
    b
}

fn subscriber(v: &ClaimView<'_>) -> (Subscriber, BillPayer) {
    let (mut s, mut p) = (Subscriber::default(), BillPayer::default());
    for h in v.each(v.subscriber) {
        match (h.lp, h.id()) {
            ("2000B", "HL") => {}
            ("2000B", "SBR") => {
                s.order = text(&h, 1);
                s.relationship = text(&h, 2);
                s.group_number = text(&h, 3);
                s.group_name = text(&h, 4);
                s.insurance_type = text(&h, 5);
                s.filing = text(&h, 9);
            }
            ("2000B", "PAT") => s.condition = condition(&h),
            ("2010BA", "NM1") => s.party = party(&h),
            ("2010BA", "N3" | "N4") => private(&mut s.address, &h),
            ("2010BA", "DMG") => s.demographics = Some(demographics(&h)),
            ("2010BA", "REF") => s.refs.push(reference(&h)),
            ("2010BB", "NM1") => p.party = party(&h),
            ("2010BB", "N3" | "N4") => address(p.address.get_or_insert_default(), &h),
            ("2010BB", "REF") => p.refs.push(reference(&h)),
            _ => keep(&mut s.kept, &h),
        }
    }
    (s, p)
}

fn patient(v: &ClaimView<'_>) -> Option<Dependent> {
    if v.patient.is_empty() {
        return None;
    }
    let mut p = Dependent::default();
    for h in v.each(v.patient) {
        match (h.lp, h.id()) {
            ("2000C", "HL") => {}
            ("2000C", "PAT") => {
                p.relationship = text(&h, 1);
                p.condition = condition(&h);
            }
            ("2010CA", "NM1") => p.party = party(&h),
            ("2010CA", "N3" | "N4") => private(&mut p.address, &h),
            ("2010CA", "DMG") => p.demographics = Some(demographics(&h)),
            ("2010CA", "REF") => p.refs.push(reference(&h)),
            _ => keep(&mut p.kept, &h),
        }
    }
    Some(p)
}

/// The claim of a view; the place of the first number that is none.
pub(super) fn bill(v: &ClaimView<'_>) -> Got<Bill> {
    let mut b = Bill::empty(v.form());
    b.billing = billing(v);
    (b.subscriber, b.payer) = subscriber(v);
    b.patient = patient(v);
    for h in v.of_claim() {
        match h.lp {
            "2300" => claim(&mut b, &h)?,
            "2310A" | "2310B" | "2310C" | "2310D" | "2310E" | "2310F" => provider(&mut b.providers, &h),
            "2320" | "2330A" | "2330B" | "2330C" | "2330D" | "2330E" | "2330F" | "2330G" | "2330H"
            | "2330I" => {
                other(&mut b.others, &h)?;
            }
            "2400" | "2410" | "2430" | "2440" => line(&mut b.lines, &h)?,
            _ if h.lp.starts_with("2420") => {
                if let Some(l) = b.lines.last_mut() {
                    provider(&mut l.providers, &h);
                }
            }
            _ => keep(&mut b.kept, &h),
        }
    }
    Ok(b)
}

fn claim(b: &mut Bill, h: &Here<'_>) -> Got<()> {
    match h.id() {
        "CLM" => {
            b.account = text(h, 1);
            b.total = money(h, 2)?;
            b.place = h.comp(5, 1).to_string();
            b.frequency = h.comp(5, 3).to_string();
            b.signature = text(h, 6);
            b.assignment = text(h, 7);
            b.benefits = text(h, 8);
            b.release = text(h, 9);
            b.signed_by = text(h, 10);
            b.causes = (1..=3).map(|c| h.comp(11, c).to_string()).filter(|c| !c.is_empty()).collect();
            b.accident_state = h.comp(11, 4).to_string();
            b.accident_country = h.comp(11, 5).to_string();
            b.program = text(h, 12);
            b.delay = text(h, 20);
        }
        "DTP" => b.dates.push(date(h)),
        "CL1" => b.admission = Some([text(h, 1), text(h, 2), text(h, 3)]),
        "PWK" => b.attachments.push(attachment(h)),
        "AMT" => b.amounts.push((text(h, 1), money(h, 2)?)),
        "REF" => b.refs.push(reference(h)),
        "NTE" => b.notes.push((text(h, 1), Phi::new(text(h, 2)))),
        "HI" => codes(&mut b.codes, h),
        _ => keep(&mut b.kept, h),
    }
    Ok(())
}

fn attachment(h: &Here<'_>) -> Attachment {
    Attachment { kind: text(h, 1), how: text(h, 2), id_kind: text(h, 5), number: text(h, 6) }
}

fn codes(all: &mut Vec<HealthCode>, h: &Here<'_>) {
    for n in 1..=12 {
        if h.has(n) {
            let c = |i: usize| h.comp(n, i).to_string();
            all.push(HealthCode {
                kind: c(1),
                code: c(2),
                format: c(3),
                date: c(4),
                amount: c(5),
                poa: c(9),
            });
        }
    }
}

fn provider(all: &mut Vec<BillProvider>, h: &Here<'_>) {
    if h.id() == "NM1" || all.is_empty() {
        all.push(BillProvider { lp: h.lp, ..BillProvider::default() });
    }
    let Some(p) = all.last_mut() else { return };
    match h.id() {
        "NM1" => {
            p.role = text(h, 1);
            p.party = party(h);
        }
        "PRV" => p.taxonomy = text(h, 3),
        "N3" | "N4" => address(p.address.get_or_insert_default(), h),
        "REF" => p.refs.push(reference(h)),
        _ => keep(&mut p.kept, h),
    }
}

fn other(all: &mut Vec<OtherPayer>, h: &Here<'_>) -> Got<()> {
    if h.is("2320", "SBR") || all.is_empty() {
        all.push(OtherPayer::default());
    }
    let Some(o) = all.last_mut() else { return Ok(()) };
    match (h.lp, h.id()) {
        ("2320", "SBR") => {
            o.order = text(h, 1);
            o.relationship = text(h, 2);
            o.group_number = text(h, 3);
            o.group_name = text(h, 4);
            o.insurance_type = text(h, 5);
            o.filing = text(h, 9);
        }
        ("2320", "CAS") => adjustments(&mut o.adjustments, h)?,
        ("2320", "AMT") => o.amounts.push((text(h, 1), money(h, 2)?)),
        ("2320", "OI") => {
            o.benefits = text(h, 3);
            o.signed_by = text(h, 4);
            o.release = text(h, 6);
        }
        ("2330A", "NM1") => o.subscriber = party(h),
        ("2330A", "N3" | "N4") => private(&mut o.subscriber_address, h),
        ("2330A", "REF") => o.subscriber_refs.push(reference(h)),
        ("2330B", "NM1") => o.payer = party(h),
        ("2330B", "N3" | "N4") => address(o.payer_address.get_or_insert_default(), h),
        ("2330B", "DTP") => o.decided = Some(date(h)),
        ("2330B", "REF") => o.payer_refs.push(reference(h)),
        ("2320" | "2330A" | "2330B", _) => keep(&mut o.kept, h),
        _ => provider(&mut o.providers, h),
    }
    Ok(())
}

fn line(all: &mut Vec<BillLine>, h: &Here<'_>) -> Got<()> {
    if h.is("2400", "LX") || all.is_empty() {
        all.push(BillLine::default());
        if h.is("2400", "LX") {
            return Ok(());
        }
    }
    let Some(l) = all.last_mut() else { return Ok(()) };
    match (h.lp, h.id()) {
        ("2400", "SV1") => {
            l.service = service(h, 1);
            l.charge = money(h, 2)?;
            l.unit = text(h, 3);
            l.quantity = units(h, 4)?;
            l.place = text(h, 5);
            l.pointers = h.seg.parts(h.el(7)).filter_map(|p| p.parse().ok()).collect();
            l.emergency = h.el(9) == "Y";
            l.epsdt = h.el(11) == "Y";
            l.family_planning = h.el(12) == "Y";
            l.copay_exempt = h.el(15) == "0";
        }
        ("2400", "SV2") => {
            l.revenue = text(h, 1);
            l.service = service(h, 2);
            l.charge = money(h, 3)?;
            l.unit = text(h, 4);
            l.quantity = units(h, 5)?;
            l.noncovered = if h.has(7) { Some(money(h, 7)?) } else { None };
        }
        ("2400", "DTP") => l.dates.push(date(h)),
        ("2400", "REF") => l.refs.push(reference(h)),
        ("2400", "AMT") => l.amounts.push((text(h, 1), money(h, 2)?)),
        ("2400", "NTE") => l.notes.push((text(h, 1), Phi::new(text(h, 2)))),
        ("2400", "PWK") => l.attachments.push(attachment(h)),
        ("2410", "LIN") => {
            l.drug = Some(Drug { kind: text(h, 2), ndc: text(h, 3), ..Drug::default() });
        }
        ("2410", "CTP") => {
            let d = l.drug.get_or_insert_default();
            d.quantity = units(h, 4)?;
            d.unit = h.comp(5, 1).to_string();
        }
        ("2410", "REF") => l.drug.get_or_insert_default().refs.push(reference(h)),
        ("2430", "SVD") => l.decisions.push(LineDecision {
            payer_id: text(h, 1),
            paid: money(h, 2)?,
            service: service(h, 3),
            revenue: text(h, 4),
            units: units(h, 5)?,
            bundled: text(h, 6),
            ..LineDecision::default()
        }),
        ("2430", "CAS") => {
            if let Some(d) = l.decisions.last_mut() {
                adjustments(&mut d.adjustments, h)?;
            }
        }
        ("2430", "DTP") => {
            if let Some(d) = l.decisions.last_mut() {
                d.date = Some(date(h));
            }
        }
        ("2430", "AMT") => {
            let owes = money(h, 2)?;
            if let Some(d) = l.decisions.last_mut() {
                d.owes = Some(owes);
            }
        }
        _ => keep(&mut l.kept, h),
    }
    Ok(())
}
