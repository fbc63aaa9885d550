//! The claim of an encounter: chart, payer in its order and form to a `Bill`.
//!
//! Owns what each field of the 837 follows from. Nothing is checked: what is missing stays empty, and the rules say
//! so on the written claim. Typed besides the boxes, kept with the encounter: `authorization`, `accident`
//! (cause, date, state), `ub_codes` (occurrence, span, value, condition codes), `drg`; with a line:
//! `ndc_quantity`, `ndc_unit`, `description`. Sources: X12 005010X222A1, X223A2; X12.md sections 3 and 4. Pure.

use super::{
    Adjustment, Bill, BillLine, BillPayer, BillProvider, Billing, Contact, DateText, Demographics, Dependent,
    Drug, HealthCode, LineDecision, OtherPayer, Party, PostalAddress, RefId, Service, Subscriber,
};
use crate::claims::data::override_note;
use crate::claims::{CodeFacts, place_of_service, type_of_bill};
use crate::domain::{
    Address, Cents, Chart, Claim, ClaimState, Coverage, Decided, Decision, Extra, Form, Item, Patient, Payer,
    PayerClass, PersonName, Phi, Pointer, Provider, ServiceLine,
};
use chrono::NaiveDate;
use serde::Deserialize;

/// Diagnoses an 837P takes, and other diagnoses and causes an 837I takes.
const MOST_P: usize = 12;
const MOST_I: usize = 24;
const MOST_CAUSES: usize = 12;

#[derive(Deserialize)]
struct Accident {
    cause: String,
    date: NaiveDate,
    #[serde(default)]
    state: String,
}

#[derive(Deserialize)]
struct UbCode {
    kind: String,
    code: String,
    #[serde(default)]
    date: Option<NaiveDate>,
    #[serde(default)]
    through: Option<NaiveDate>,
    #[serde(default)]
    amount: String,
}

fn typed<T: for<'a> Deserialize<'a>>(extra: &Extra, key: &str) -> Option<T> {
    extra.get(key).and_then(|v| serde_json::from_value(v.clone()).ok())
}

fn d8(d: NaiveDate) -> String {
    d.format("%Y%m%d").to_string()
}

fn digits(text: &str) -> String {
    text.chars().filter(char::is_ascii_digit).collect()
}

fn reference(kind: &str, value: impl Into<String>) -> RefId {
    RefId { kind: kind.into(), value: Phi::new(value.into()), payer: String::new() }
}

fn dated(kind: &str, format: &str, text: String) -> DateText {
    DateText { kind: kind.into(), format: format.into(), text }
}

fn postal(a: &Address) -> Option<PostalAddress> {
    let all = [&a.street, &a.city, &a.state, &a.zip];
    if all.iter().all(|x| x.trim().is_empty()) {
        return None;
    }
    Some(PostalAddress {
        street: a.street.clone(),
        city: a.city.clone(),
        state: a.state.to_uppercase(),
        zip: digits(&a.zip),
        ..PostalAddress::default()
    })
}

fn organization(name: &str, id_kind: &str, id: &str) -> Party {
    Party {
        person: false,
        name: Phi::new(PersonName { last: name.into(), ..PersonName::default() }),
        id_kind: if id.is_empty() { String::new() } else { id_kind.into() },
        id: Phi::new(id.into()),
    }
}

fn provider(lp: &'static str, role: &str, p: &Provider) -> BillProvider {
    let with_taxonomy = matches!(role, "82" | "71") && lp != "2310D";
    BillProvider {
        lp,
        role: role.into(),
        party: Party {
            person: true,
            name: Phi::new(p.name.clone()),
            id_kind: if p.npi.is_empty() { String::new() } else { "XX".into() },
            id: Phi::new(p.npi.clone()),
        },
        taxonomy: if with_taxonomy { p.taxonomy.clone() } else { String::new() },
        ..BillProvider::default()
    }
}

/// A Medicare id without the hyphens of the card.
fn member(c: &Coverage, p: &Payer) -> String {
    let id = c.member_id.reveal();
    if p.class == PayerClass::Medicare { id.replace(['-', ' '], "") } else { id.trim().to_string() }
}

/// SBR09: Medicare's intermediary takes MA on institutional claims.
fn filing(p: &Payer, form: Form) -> String {
    match (p.filing_code.as_str(), form) {
        ("MB", Form::Ub04) => "MA".into(),
        ("MA", Form::Cms1500) => "MB".into(),
        (code, _) => code.into(),
    }
}

fn order(sequence: usize) -> &'static str {
    ["P", "S", "T", "A", "B", "C", "D", "E", "F", "G", "H"].get(sequence).copied().unwrap_or("U")
}

fn is_self(c: &Coverage) -> bool {
    matches!(c.relationship.as_str(), "18" | "")
}

impl Bill {
    /// The claim to the payer that `sequence` (1 primary) names, on `form`.
    pub fn of(chart: &Chart, form: Form, sequence: u8, facts: &dyn CodeFacts) -> Bill {
        let e = chart.header();
        let at = usize::from(sequence.max(1)) - 1;
        let coverages = chart.coverages();
        let (coverage, payer) = coverages
            .get(at)
            .map(|(c, p)| (c.body.clone(), p.cloned().unwrap_or_default()))
            .unwrap_or_default();
        let patient = chart.patient().cloned().unwrap_or_default();
        let mut b = Bill::empty(form);
        b.billing = billing(chart);
        subscriber(&mut b, &coverage, &payer, &patient, at);
        b.account.clone_from(&e.account);
        b.total = chart.total(form);
        (b.assignment, b.benefits, b.release) = ("A".into(), "Y".into(), "Y".into());
        let stored = stored(chart, form, sequence);
        resubmission(&mut b, stored);
        let mrn = patient.mrn.reveal();
        if let Some(number) = e.extra.get("authorization").and_then(|v| v.as_str()) {
            b.refs.push(reference("G1", number));
        }
        if !mrn.is_empty() {
            b.refs.push(reference("EA", mrn.clone()));
        }
        match form {
            Form::Cms1500 => professional(&mut b, chart),
            Form::Ub04 => institutional(&mut b, chart, facts),
        }
        let note = override_note(chart);
        if !note.is_empty() {
            b.notes.push(("ADD".into(), Phi::new(note)));
        }
        b.lines = chart.lines_of(form).enumerate().map(|(i, l)| line(chart, &b, i, l)).collect();
        others(&mut b, chart, form, at, &patient);
        b
    }
}

fn stored(chart: &Chart, form: Form, sequence: u8) -> Option<&Claim> {
    chart.claims.iter().map(|c| &c.body).rfind(|c| c.form == form && c.sequence == sequence)
}

/// R22: a payer's number on a claim that is ours to change again makes it a replacement; a claim that was
/// rejected has none and goes out as an original.
fn resubmission(b: &mut Bill, stored: Option<&Claim>) {
    b.frequency = "1".into();
    let open = stored.filter(|c| matches!(c.state, ClaimState::Draft | ClaimState::Ready));
    if let Some(c) = open
        && let Some(number) = c.control_number.as_ref().filter(|n| !n.is_empty())
    {
        b.frequency = if c.is_void() { "8" } else { "7" }.into();
        b.refs.push(reference("F8", number.clone()));
    }
}

fn billing(chart: &Chart) -> Billing {
    let site = chart.directory.site.as_ref().map(|s| s.body.clone()).unwrap_or_default();
    let phone = digits(&site.phone);
    let contacts = (phone.len() == 10)
        .then(|| Contact { name: "BILLING OFFICE".into(), numbers: vec![("TE".into(), phone)] });
    Billing {
        taxonomy: site.taxonomy.clone(),
        party: organization(&site.name, "XX", &site.npi),
        address: postal(&site.address).unwrap_or_default(),
        tax: reference("EI", digits(&site.tax_id)),
        contacts: contacts.into_iter().collect(),
        ..Billing::default()
    }
}

fn subscriber(b: &mut Bill, c: &Coverage, payer: &Payer, patient: &Patient, at: usize) {
    let own = is_self(c);
    let name = match (&c.subscriber, own) {
        (Some(s), false) => s.reveal().clone(),
        _ => patient.name.reveal().clone(),
    };
    let demographics = Demographics {
        birth: Phi::new(patient.birth.reveal().map(d8).unwrap_or_default()),
        sex: patient.sex.letter().to_string(),
    };
    let home = postal(patient.address.reveal()).map(Phi::new);
    let medicare_second = payer.class == PayerClass::Medicare && at > 0 && b.form == Form::Cms1500;
    b.subscriber = Subscriber {
        order: order(at).into(),
        relationship: if own { "18".into() } else { String::new() },
        group_number: c.group_number.clone(),
        // With a group number its name is not sent (SBR04).
        group_name: if c.group_number.is_empty() { c.group_name.clone() } else { String::new() },
        insurance_type: c
            .extra
            .get("insurance_type")
            .and_then(|v| v.as_str())
            .filter(|_| medicare_second)
            .unwrap_or_default()
            .into(),
        filing: filing(payer, b.form),
        party: Party {
            person: true,
            name: Phi::new(name),
            id_kind: "MI".into(),
            id: Phi::new(member(c, payer)),
        },
        address: home.clone().filter(|_| own),
        demographics: own.then(|| demographics.clone()),
        ..Subscriber::default()
    };
    b.payer = BillPayer {
        party: organization(&payer.name, "PI", &payer.payer_id),
        address: postal(&payer.address),
        refs: Vec::new(),
    };
    if !own {
        b.patient = Some(Dependent {
            relationship: c.relationship.clone(),
            party: Party { person: true, name: patient.name.clone(), ..Party::default() },
            address: home,
            demographics: Some(demographics),
            ..Dependent::default()
        });
    }
}

fn code(kind: &str, code: &str) -> HealthCode {
    HealthCode { kind: kind.into(), code: code.into(), ..HealthCode::default() }
}

fn professional(b: &mut Bill, chart: &Chart) {
    let e = chart.header();
    b.place = place_of_service(chart).unwrap_or_default();
    b.signature = "Y".into();
    if let Some(a) = typed::<Accident>(&e.extra, "accident") {
        b.causes = vec![a.cause];
        b.accident_state = a.state;
        b.dates.push(dated("439", "D8", d8(a.date)));
    }
    if matches!(b.place.as_str(), "21" | "51" | "61") {
        b.dates.push(dated("435", "D8", d8(e.from)));
    }
    if let Some(site) = &chart.directory.site {
        let lab = chart.lines_of(Form::Cms1500).any(|l| in_range(&l.body.code, 80_047, 89_398));
        let breast = chart.lines_of(Form::Cms1500).any(|l| in_range(&l.body.code, 77_065, 77_067));
        for (wanted, key, kind) in [(lab, "clia", "X4"), (breast, "mammography", "EW")] {
            if let Some(number) = site.body.other_ids.get(key).filter(|_| wanted) {
                b.refs.push(reference(kind, number.clone()));
            }
        }
    }
    for (i, d) in chart.diagnoses.iter().take(MOST_P).enumerate() {
        b.codes.push(code(if i == 0 { "ABK" } else { "ABF" }, &d.body.code));
    }
    if let Some(p) = chart.provider(e.roles.referring) {
        b.providers.push(provider("2310A", "DN", p));
    }
    if let Some(p) = chart.provider(e.roles.rendering) {
        b.providers.push(provider("2310B", "82", p));
    }
}

fn in_range(text: &str, from: u32, to: u32) -> bool {
    text.len() == 5 && text.parse::<u32>().is_ok_and(|n| (from..=to).contains(&n))
}

fn institutional(b: &mut Bill, chart: &Chart, facts: &dyn CodeFacts) {
    let e = chart.header();
    let bill = type_of_bill(chart);
    let inpatient = bill.starts_with("11") || bill.starts_with("12");
    b.place = bill.get(..2).unwrap_or("").to_string();
    if b.frequency == "1" {
        b.frequency = bill.get(2..3).unwrap_or("1").to_string();
    }
    let a = e.admission.clone().unwrap_or_default();
    let hour = |h: &Option<String>| {
        h.as_ref().map(|h| digits(h)).filter(|h| !h.is_empty()).map(|h| format!("{h:0>2}00"))
    };
    if inpatient
        && a.status != "30"
        && let Some(h) = hour(&a.discharge_hour)
    {
        b.dates.push(dated("096", "TM", h));
    }
    b.dates.push(dated("434", "RD8", format!("{}-{}", d8(e.from), d8(e.through))));
    if inpatient {
        b.dates.push(match hour(&a.hour) {
            Some(h) => dated("435", "DT", format!("{}{h}", d8(e.from))),
            None => dated("435", "D8", d8(e.from)),
        });
    }
    b.admission = Some([a.kind, a.source, a.status]);
    codes(b, chart, facts, inpatient);
    for (lp, role, id) in [
        ("2310A", "71", e.roles.attending),
        ("2310B", "72", e.roles.operating),
        ("2310F", "DN", e.roles.referring),
    ] {
        if let Some(p) = chart.provider(id) {
            b.providers.push(provider(lp, role, p));
        }
    }
}

fn codes(b: &mut Bill, chart: &Chart, facts: &dyn CodeFacts, inpatient: bool) {
    let e = chart.header();
    let cause = |c: &str| c.starts_with(['V', 'W', 'X', 'Y']);
    // POA goes on stays, and never with an exempt code.
    let dx = |kind: &str, d: &crate::domain::Diagnosis| HealthCode {
        poa: d
            .poa
            .filter(|_| inpatient && facts.poa_exempt(&d.code, e.code_date()) != Some(true))
            .map(|p| p.letter().to_string())
            .unwrap_or_default(),
        ..code(kind, &d.code)
    };
    let all: Vec<&crate::domain::Diagnosis> = chart.diagnoses.iter().map(|d| &d.body).collect();
    let Some((first, rest)) = all.split_first() else { return };
    b.codes.push(dx("ABK", first));
    if let Some(admitting) = e.admitting.as_ref().filter(|a| !a.is_empty()) {
        b.codes.push(code(if inpatient { "ABJ" } else { "APR" }, admitting));
    }
    b.codes.extend(rest.iter().filter(|d| cause(&d.code)).take(MOST_CAUSES).map(|d| dx("ABN", d)));
    if let Some(drg) = e.extra.get("drg").and_then(|v| v.as_str()).filter(|_| inpatient) {
        b.codes.push(code("DR", drg));
    }
    b.codes.extend(rest.iter().filter(|d| !cause(&d.code)).take(MOST_I).map(|d| dx("ABF", d)));
    for (i, p) in chart.procedures.iter().filter(|_| inpatient).take(1 + MOST_I).enumerate() {
        b.codes.push(HealthCode {
            format: "D8".into(),
            date: p.body.date.map(d8).unwrap_or_default(),
            ..code(if i == 0 { "BBR" } else { "BBQ" }, &p.body.code)
        });
    }
    for u in typed::<Vec<UbCode>>(&e.extra, "ub_codes").unwrap_or_default() {
        let (format, date) = match (u.date, u.through) {
            (Some(a), Some(z)) => ("RD8", format!("{}-{}", d8(a), d8(z))),
            (Some(a), None) => ("D8", d8(a)),
            _ => ("", String::new()),
        };
        let body = HealthCode { format: format.into(), date, amount: u.amount, ..code(&u.kind, &u.code) };
        b.codes.push(body);
    }
}

fn line(chart: &Chart, b: &Bill, i: usize, item: &Item<ServiceLine>) -> BillLine {
    let l = &item.body;
    let e = chart.header();
    let text = |key: &str| l.extra.get(key).and_then(|v| v.as_str()).unwrap_or_default().to_string();
    let number: u32 = l.revenue.as_deref().unwrap_or("").parse().unwrap_or(0);
    let unit = match b.form {
        Form::Ub04 if (100..220).contains(&number) => "DA",
        Form::Cms1500 if in_range(&l.code, 100, 1_999) => "MJ",
        _ => "UN",
    };
    let dated_line = b.form == Form::Cms1500 || (b.date("435").is_none() && !l.code.is_empty());
    let own = l.provider.filter(|p| Some(*p) != e.roles.rendering && b.form == Form::Cms1500);
    BillLine {
        revenue: l.revenue.clone().unwrap_or_default(),
        service: Service {
            kind: if l.code.is_empty() { String::new() } else { "HC".into() },
            code: l.code.clone(),
            modifiers: l.modifiers.iter().take(4).cloned().collect(),
            description: text("description"),
        },
        charge: l.charge.unwrap_or_default(),
        unit: unit.into(),
        quantity: l.units,
        // 0 where the diagnosis is gone: the rules name the line.
        pointers: l.pointers.iter().map(|p| pointer(chart, *p)).collect(),
        dates: if dated_line { vec![dated("472", "D8", d8(l.date))] } else { Vec::new() },
        refs: vec![reference("6R", format!("{}{:02}", e.account, i + 1))],
        drug: l.ndc.as_ref().map(|ndc| Drug {
            kind: "N4".into(),
            ndc: digits(ndc),
            quantity: crate::domain::Units::parse(&text("ndc_quantity")).unwrap_or(l.units),
            unit: Some(text("ndc_unit")).filter(|u| !u.is_empty()).unwrap_or_else(|| "UN".into()),
            refs: Vec::new(),
        }),
        providers: chart.provider(own).map(|p| provider("2420A", "82", p)).into_iter().collect(),
        ..BillLine::default()
    }
}

fn pointer(chart: &Chart, p: Pointer) -> u8 {
    match p {
        Pointer::Diagnosis(_) => chart.pointer_position(p).and_then(|n| u8::try_from(n).ok()).unwrap_or(0),
        Pointer::Position(n) => n,
    }
}

/// Every other coverage; with what it decided when it comes before this one (R15).
fn others(b: &mut Bill, chart: &Chart, form: Form, own: usize, patient: &Patient) {
    for (i, (c, payer)) in chart.coverages().iter().enumerate().filter(|(i, _)| *i != own) {
        let payer = payer.cloned().unwrap_or_default();
        if payer.class == PayerClass::SelfPay {
            continue;
        }
        let decision = (i < own)
            .then(|| stored(chart, form, u8::try_from(i + 1).unwrap_or(u8::MAX)))
            .flatten()
            .and_then(Claim::decision);
        let name = match (&c.body.subscriber, is_self(&c.body)) {
            (Some(s), false) => s.reveal().clone(),
            _ => patient.name.reveal().clone(),
        };
        let mut o = OtherPayer {
            order: order(i).into(),
            relationship: if is_self(&c.body) { "18".into() } else { c.body.relationship.clone() },
            group_number: c.body.group_number.clone(),
            filing: filing(&payer, form),
            benefits: "Y".into(),
            signed_by: if form == Form::Cms1500 { "P".into() } else { String::new() },
            release: "Y".into(),
            subscriber: Party {
                person: true,
                name: Phi::new(name),
                id_kind: "MI".into(),
                id: Phi::new(member(&c.body, &payer)),
            },
            payer: organization(&payer.name, "PI", &payer.payer_id),
            ..OtherPayer::default()
        };
        if let Some(d) = decision {
            decided(&mut o, &mut b.lines, &d);
        }
        b.others.push(o);
    }
}

fn adjustments(all: &[Decided]) -> Vec<Adjustment> {
    all.iter()
        .map(|a| Adjustment {
            group: a.group.clone(),
            reason: a.reason.clone(),
            amount: a.amount,
            units: a.units,
        })
        .collect()
}

fn decided(o: &mut OtherPayer, lines: &mut [BillLine], d: &Decision) {
    o.amounts.push(("D".into(), d.paid));
    o.adjustments = adjustments(&d.adjustments);
    let date = d.date.map(|day| dated("573", "D8", d8(day)));
    if d.lines.is_empty() {
        o.decided = date;
        return;
    }
    for (l, (paid, adjusted)) in lines.iter_mut().zip(&d.lines) {
        l.decisions.push(LineDecision {
            payer_id: o.payer.id.reveal().clone(),
            paid: *paid,
            service: Service { description: String::new(), ..l.service.clone() },
            revenue: l.revenue.clone(),
            units: l.quantity,
            adjustments: adjustments(adjusted),
            date: date.clone(),
            ..LineDecision::default()
        });
    }
}

/// Charges of a bill, for totals of a batch.
pub fn total<'a>(bills: impl IntoIterator<Item = &'a Bill>) -> Cents {
    bills.into_iter().map(|b| b.total).sum()
}
