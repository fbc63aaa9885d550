//! People, payers, sites and fees of Lakeside Health, and encounters made from chart files.

use super::DemoEncounter;
use super::chart_file::{ChartFile, ChartFileError};
use crate::domain::chart::Directory;
use crate::domain::coding::{parse_diagnosis, parse_line, parse_procedure};
use crate::domain::{
    Address, Admission, Cents, Chart, CodingState, Coverage, Diagnosis, Document, Encounter, Extra, Fee,
    FeeTable, Form, FreeText, Hold, HoldReason, Id, Item, OrderKey, Patient, Payer, PayerClass, PersonName,
    Phi, Pointer, Procedure, Provider, Receiver, Roles, Scope, SenderKey, Sending, ServiceLine, Sex, Site,
    Units, VisitKind,
};
use chrono::{DateTime, NaiveDate, Utc};
use sha2::{Digest, Sha256};
use std::{collections::BTreeMap, sync::Arc};

/// The practice's day and time, Unix seconds: 2026-11-12 14:02 UTC.
pub const CLOCK: i64 = 1_794_492_120;
/// The person who sits down at the sample practice.
pub const ME: &str = "dlee";
pub const STAFF: [(&str, &str); 6] = [
    ("dlee", "coder"),
    ("mruiz", "coder"),
    ("pchen", "coder"),
    ("tnew", "trainee"),
    ("kwong", "supervisor"),
    ("bstone", "biller"),
];

pub fn today() -> NaiveDate {
    DateTime::<Utc>::from_timestamp(CLOCK, 0).map(|t| t.date_naive()).unwrap_or_default()
}

/// key, last, first, credential, NPI, taxonomy, specialty
const PROVIDERS: [[&str; 7]; 12] = [
    ["shah", "Shah", "Anita", "MD", "2000000010", "207Q00000X", "family medicine"],
    ["ito", "Ito", "Kenji", "MD", "2000000028", "207R00000X", "internal medicine"],
    ["mercer", "Mercer", "Dana", "NP", "2000000036", "363LF0000X", "family nurse practitioner"],
    ["okafor", "Okafor", "Chidi", "MD", "2000000044", "207RC0000X", "cardiology"],
    ["lindqvist", "Lindqvist", "Eva", "MD", "2000000051", "208000000X", "pediatrics"],
    ["reyes", "Reyes", "Marco", "MD", "2000000069", "207P00000X", "emergency medicine"],
    ["becker", "Becker", "Ruth", "MD", "2000000077", "207P00000X", "emergency medicine"],
    ["tran", "Tran", "Linh", "PA", "2000000085", "363A00000X", "physician assistant"],
    ["osei", "Osei", "Kwame", "MD", "2000000093", "208M00000X", "hospitalist"],
    ["vargas", "Vargas", "Elena", "MD", "2000000101", "208600000X", "general surgery"],
    ["nakamura", "Nakamura", "Paul", "MD", "2000000119", "207X00000X", "orthopaedic surgery"],
    ["feld", "Feld", "Miriam", "MD", "2000000127", "207RG0100X", "gastroenterology"],
];

/// key, name, class, payer id, filing code, filing days
const PAYERS: [(&str, &str, PayerClass, &str, &str, u32); 6] = [
    ("medicare", "Medicare", PayerClass::Medicare, "01112", "MB", 365),
    ("medicaid", "State Medicaid", PayerClass::Medicaid, "SMCD1", "MC", 180),
    ("blueharbor", "Blue Harbor PPO", PayerClass::Commercial, "BHPPO", "CI", 120),
    ("unity", "Unity Mutual", PayerClass::Commercial, "UNMUT", "CI", 90),
    ("pacificcomp", "Pacific Comp Fund", PayerClass::WorkersComp, "PCFWC", "WC", 365),
    ("selfpay", "Self-pay", PayerClass::SelfPay, "", "09", 0),
];

/// Global days of the fee schedule for the codes used here: bare facts, no text (CMS MPFS).
const GLOBAL: [(&str, &str); 34] = [
    ("10060", "010"),
    ("10061", "010"),
    ("11102", "000"),
    ("11104", "000"),
    ("11200", "010"),
    ("11402", "010"),
    ("11602", "010"),
    ("11603", "010"),
    ("11642", "010"),
    ("12001", "000"),
    ("12002", "000"),
    ("12011", "000"),
    ("12032", "010"),
    ("15853", "ZZZ"),
    ("17000", "010"),
    ("17110", "010"),
    ("19083", "000"),
    ("20610", "000"),
    ("29125", "000"),
    ("29515", "000"),
    ("29881", "090"),
    ("36561", "010"),
    ("43239", "000"),
    ("45380", "000"),
    ("45385", "000"),
    ("47562", "090"),
    ("47563", "090"),
    ("49505", "090"),
    ("64721", "090"),
    ("66984", "090"),
    ("92950", "000"),
    ("94640", "XXX"),
    ("97597", "000"),
    ("31500", "000"),
];

pub(super) fn provider_id(key: &str) -> Id {
    Id::from_sender(&["lakeside", "provider", key])
}
pub(super) fn payer_id(key: &str) -> Id {
    Id::from_sender(&["lakeside", "payer", key])
}

fn root_item<T>(id: Id, body: T) -> Item<T> {
    Item::new(id, OrderKey::default(), body)
}

pub(super) fn sites() -> Vec<(Scope, Item<Site>)> {
    let site = |scope: &str, name: &str, npi: &str, taxonomy: &str, street: &str, zip: &str| {
        let body = Site {
            name: name.into(),
            npi: npi.into(),
            tax_id: "990000017".into(),
            taxonomy: taxonomy.into(),
            address: Address {
                street: street.into(),
                city: "Riverton".into(),
                state: "CA".into(),
                zip: zip.into(),
            },
            phone: "408-555-0100".into(),
            sending: Some(Sending {
                submitter: "Lakeside Health".into(),
                submitter_id: "LAKE01".into(),
                contact: "Claims Desk".into(),
                phone: "408-555-0100".into(),
                email: "claims@lakeside.example".into(),
                kind: "ZZ".into(),
                code: "LAKESIDE".into(),
                production: false,
                receiver: Receiver {
                    name: "Harbor Clearing".into(),
                    id: "HARBOR".into(),
                    kind: "ZZ".into(),
                    code: "HARBORCLEARING".into(),
                },
            }),
            // Numbers of the right form that nobody has been given.
            other_ids: [("clia", "05D9999999"), ("mammography", "999999")]
                .into_iter()
                .map(|(k, v)| (k.to_string(), v.to_string()))
                .collect(),
            extra: Extra::new(),
        };
        (Scope(scope.into()), root_item(Id::from_sender(&["lakeside", "site", scope]), body))
    };
    vec![
        site("clinic", "Lakeside Clinic", "2000000135", "261QP2300X", "200 Harbor Road", "95112-1001"),
        // Five digits: the clearinghouse rejects its claims together, and one fix answers them all.
        site("emergency", "Lakeside Emergency", "2000000143", "261QE0002X", "210 Harbor Road", "95112"),
        site("hospital", "Lakeside Hospital", "2000000150", "282N00000X", "220 Harbor Road", "95112-1003"),
    ]
}

/// Payers, providers and the fee table, which is every price that a chart's key names.
pub fn directory(files: &[ChartFile]) -> Directory {
    let providers = PROVIDERS.iter().map(|[key, last, first, credential, npi, taxonomy, specialty]| {
        let id = provider_id(key);
        let body = Provider {
            key: key.to_string(),
            name: PersonName { last: last.to_string(), first: first.to_string(), ..PersonName::default() },
            credential: credential.to_string(),
            npi: npi.to_string(),
            taxonomy: taxonomy.to_string(),
            specialty: specialty.to_string(),
            extra: Extra::new(),
        };
        (id, root_item(id, body))
    });
    let payers = PAYERS.iter().map(|(key, name, class, payer, filing, days)| {
        let id = payer_id(key);
        let body = Payer {
            name: name.to_string(),
            class: *class,
            payer_id: payer.to_string(),
            filing_code: filing.to_string(),
            address: Address {
                street: "PO Box 1200".into(),
                city: "Sacramento".into(),
                state: "CA".into(),
                zip: "95899-1200".into(),
            },
            filing_days: (*days > 0).then_some(*days),
            receiver: None,
            extra: Extra::new(),
        };
        (id, root_item(id, body))
    });
    let mut fees: BTreeMap<String, Fee> = BTreeMap::new();
    for line in files.iter().flat_map(|f| &f.head.key.lines) {
        let Ok(line) = parse_line(line) else { continue };
        let Some(charge) = line.charge else { continue };
        let each = Cents(charge.0 * 1000 / line.units.0.max(1));
        fees.entry(line.code.clone()).or_insert_with(|| Fee {
            global: GLOBAL.iter().find(|(c, _)| *c == line.code).map(|(_, g)| g.to_string()),
            code: line.code,
            charge: each,
            text: None,
        });
    }
    Directory {
        patient: None,
        coverages: BTreeMap::new(),
        payers: payers.collect(),
        providers: providers.collect(),
        site: None,
        fees: Arc::new(FeeTable(fees)),
    }
}

/// Whose list a chart written by hand is on, and the manager's words for it.
pub(super) fn assigned(file: &ChartFile) -> &'static str {
    match file.kind() {
        Some(VisitKind::Office) => ME,
        Some(VisitKind::Emergency) => "mruiz",
        _ => "pchen",
    }
}

fn name_of(text: &str) -> PersonName {
    let (last, first) = text.split_once(',').unwrap_or((text, ""));
    PersonName { last: last.trim().into(), first: first.trim().into(), ..PersonName::default() }
}

/// An encounter as the sender leaves it: documents and charges, nothing coded.
pub(super) fn encounter(
    file: &ChartFile,
    shared: &Directory,
    assigned: Option<&str>,
) -> Result<DemoEncounter, ChartFileError> {
    let h = &file.head;
    let bad = |problem: String| ChartFileError { file: h.slug.clone(), problem };
    let kind = file.kind().ok_or_else(|| bad(format!("unknown kind {:?}", h.kind)))?;
    let forms = h
        .forms
        .iter()
        .map(|f| match f.as_str() {
            "1500" => Ok(Form::Cms1500),
            "ub04" => Ok(Form::Ub04),
            other => Err(bad(format!("unknown form {other:?}"))),
        })
        .collect::<Result<Vec<_>, _>>()?;
    let account = h.account.to_string();
    let id = |part: &str, n: usize| Id::from_sender(&["lakeside", &account, part, &n.to_string()]);
    let patient = Patient {
        mrn: Phi::new(h.patient.mrn.clone()),
        name: Phi::new(name_of(&h.patient.name)),
        sex: match h.patient.sex.as_str() {
            "F" => Sex::Female,
            "M" => Sex::Male,
            _ => Sex::Unknown,
        },
        birth: Phi::new(Some(h.patient.birth)),
        address: Phi::new(Address {
            street: h.patient.street.clone(),
            city: h.patient.city.clone(),
            state: h.patient.state.clone(),
            zip: h.patient.zip.clone(),
        }),
        phone: Phi::new(h.patient.phone.clone()),
        death: None,
        extra: Extra::new(),
    };
    let patient_id = Id::from_sender(&["lakeside", "patient", &h.patient.mrn]);
    let mut coverages = BTreeMap::new();
    let mut order = Vec::new();
    for (n, key) in [Some(&h.payer), h.secondary.as_ref()].into_iter().flatten().enumerate() {
        if !PAYERS.iter().any(|p| p.0 == key) {
            return Err(bad(format!("unknown payer {key:?}")));
        }
        let cid = Id::from_sender(&["lakeside", &h.patient.mrn, "coverage", key]);
        let member = match (n, &h.member_id) {
            (0, Some(m)) => m.clone(),
            (0, None) => String::new(),
            (_, _) => format!("{}{}", key[..2].to_uppercase(), h.account * 7),
        };
        let body = Coverage {
            payer: payer_id(key),
            member_id: Phi::new(member),
            relationship: "18".into(),
            ..Coverage::default()
        };
        coverages.insert(cid, root_item(cid, body));
        order.push(cid);
    }
    let through = h.discharge.unwrap_or(h.dos);
    let provider = provider_id(&h.provider);
    let facility = forms.contains(&Form::Ub04);
    let header = Encounter {
        account: account.clone(),
        patient: patient_id,
        kind,
        from: h.dos,
        through,
        place: h.pos.clone(),
        bill_type: facility.then(|| if kind == VisitKind::Inpatient { "111" } else { "131" }.to_string()),
        admission: facility.then(|| Admission {
            kind: h
                .admit_type
                .clone()
                .unwrap_or_else(|| if kind == VisitKind::Emergency { "1" } else { "3" }.into()),
            source: h.admit_source.clone().unwrap_or_else(|| "1".into()),
            status: h.discharge_status.clone().unwrap_or_else(|| "01".into()),
            hour: Some("10".into()),
            discharge_hour: h.discharge.map(|_| "14".into()),
        }),
        admitting: h.key.admitting.clone().filter(|_| facility).map(|c| crate::domain::normal_code(&c)),
        roles: Roles {
            rendering: forms.contains(&Form::Cms1500).then_some(provider),
            attending: facility.then_some(provider),
            operating: h.operating.as_deref().map(provider_id),
            referring: h.referring.as_deref().map(provider_id),
        },
        coverages: order,
        state: CodingState::New,
        assigned: assigned.map(String::from),
        why: why(kind).into(),
        priority: 0,
        sender: vec![SenderKey { system: "lakeside".into(), value: account.clone() }],
        reason_text: String::new(),
        expected: expected(file),
        forms,
        extra: at_work(&h.payer, h.dos),
    };
    let site = sites().into_iter().find(|(s, _)| s.0 == h.scope).map(|(_, i)| i);
    let directory = Directory {
        patient: Some(root_item(patient_id, patient)),
        coverages,
        site: Some(site.ok_or_else(|| bad(format!("unknown scope {:?}", h.scope)))?),
        ..shared.clone()
    };
    let mut chart =
        Chart::new(Scope(h.scope.clone()), root_item(id("encounter", 0), header), Arc::new(directory));
    let mut last = None;
    let mut texts = Vec::new();
    for (n, d) in file.documents.iter().enumerate() {
        let hash: String = Sha256::digest(d.text.as_bytes()).iter().map(|b| format!("{b:02x}")).collect();
        let body = Document {
            title: d.title.clone(),
            author: d.author.clone(),
            written: Some(d.written),
            status: d.status,
            hash,
            bytes: d.text.len() as u64,
            extra: Extra::new(),
        };
        let key = OrderKey::after(last.as_ref());
        last = Some(key.clone());
        chart.documents.push(Item::new(id("document", n), key, body));
        texts.push(Phi::new(d.text.clone()));
    }
    let mut last = None;
    for (n, c) in h.charges.iter().enumerate() {
        let mut line = ServiceLine::new(c.code.as_deref().unwrap_or(""), c.date.unwrap_or(h.dos));
        line.revenue = Some(format!("{:0>4}", c.rev));
        line.units = Units((c.units * 1000.0).round() as i64);
        line.charge = Some(c.cents());
        line.modifiers = c.modifiers.clone();
        let key = OrderKey::after(last.as_ref());
        last = Some(key.clone());
        chart.lines.push(Item::new(id("charge", n), key, line));
    }
    if let Some(reason) = &h.open_hold {
        let hold = Hold {
            reason: hold_reason(reason),
            note: FreeText::new(String::new()),
            owner: Some(provider),
            placed_by: "kwong".into(),
            placed_at: DateTime::<Utc>::from_timestamp(CLOCK - 86_400, 0),
            cleared_at: None,
            extra: Extra::new(),
        };
        chart.holds.push(Item::new(id("hold", 0), OrderKey::after(None), hold));
    }
    Ok(DemoEncounter { chart, texts })
}

/// What a workers' compensation claim says besides: that it happened at work, and when.
fn at_work(payer: &str, on: NaiveDate) -> Extra {
    let mut extra = Extra::new();
    if payer == "pacificcomp" {
        extra.insert("accident".into(), serde_json::json!({"cause": "EM", "date": on}));
    }
    extra
}

/// Dollars that a list shows before anybody has coded.
fn expected(file: &ChartFile) -> Cents {
    file.head.key.lines.iter().filter_map(|l| parse_line(l).ok()?.charge).sum()
}

fn why(kind: VisitKind) -> &'static str {
    match kind {
        VisitKind::Office => {
            "Clinic professional fees, oldest first. Rule clinic-daily, 3 of 3 conditions met."
        }
        VisitKind::Emergency => "Emergency, both claims by one coder. Rule ed-single-path.",
        VisitKind::Inpatient => "Discharged and not final coded, highest dollars first. Rule dnfc.",
        VisitKind::Surgery => "Outpatient surgery, operative note signed. Rule surg-daily.",
        VisitKind::Ancillary => "Ancillary with charges dropped. Rule anc-daily.",
    }
}

fn hold_reason(text: &str) -> HoldReason {
    let t = text.to_lowercase();
    match () {
        _ if t.contains("unsigned") => HoldReason::UnsignedNote,
        _ if t.contains("pathology") => HoldReason::Pathology,
        _ if t.contains("query") => HoldReason::Query,
        _ if t.contains("missing") => HoldReason::MissingDocument,
        _ if t.contains("charge") => HoldReason::Charges,
        _ => HoldReason::Other,
    }
}

/// Puts the key of the file on the chart, as if a good coder had coded it.
pub fn code(chart: &mut Chart, file: &ChartFile) -> Result<(), ChartFileError> {
    let h = &file.head;
    let bad = |e: crate::domain::coding::CodingTextError| ChartFileError {
        file: h.slug.clone(),
        problem: e.to_string(),
    };
    let account = h.account.to_string();
    let id = |part: &str, n: usize| Id::from_sender(&["lakeside", &account, part, &n.to_string()]);
    let mut last = None;
    for (n, text) in h.key.dx.iter().enumerate() {
        let body: Diagnosis = parse_diagnosis(text).map_err(bad)?;
        let key = OrderKey::after(last.as_ref());
        last = Some(key.clone());
        chart.diagnoses.push(Item::new(id("dx", n), key, body));
    }
    if !h.key.px.is_empty() && chart.header().roles.operating.is_none() {
        // Who attends does it, where the chart names nobody else.
        chart.encounter.body.roles.operating = chart.header().roles.attending;
    }
    let mut last = None;
    for (n, text) in h.key.px.iter().enumerate() {
        let body =
            Procedure { provider: chart.header().roles.operating, ..parse_procedure(text).map_err(bad)? };
        let key = OrderKey::after(last.as_ref());
        last = Some(key.clone());
        chart.procedures.push(Item::new(id("px", n), key, body));
    }
    let mut last = chart.lines.last().map(|l| l.order.clone());
    for (n, text) in h.key.lines.iter().enumerate() {
        let t = parse_line(text).map_err(bad)?;
        let mut line = ServiceLine::new(&t.code, h.dos);
        line.modifiers = t.modifiers;
        line.units = t.units;
        line.charge = t.charge;
        line.pointers = t.pointers.iter().map(|p| chart.pointer_at(*p)).collect::<Vec<Pointer>>();
        let key = OrderKey::after(last.as_ref());
        last = Some(key.clone());
        chart.lines.push(Item::new(id("line", n), key, line));
    }
    chart.encounter.body.state = CodingState::Coded;
    Ok(())
}
