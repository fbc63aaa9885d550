//! A handful of codes with hand-made notes, and three sample charts, for tests of `edits` and `claims`.
//!
//! Titles and notes are those of the public ICD-10-CM tables (NCHS), shortened. Never built into the program.

use super::facts::{CodeFacts, Note, NoteKind, Status};
use crate::domain::{chart::Directory, *};
use chrono::NaiveDate;
use std::{collections::BTreeMap, sync::Arc};

pub fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

pub const TODAY: &str = "2026-11-24";

/// code, title; a title in brackets makes a header.
const CODES: &[(&str, &str)] = &[
    ("B955", "Unspecified streptococcus as the cause of diseases classified elsewhere"),
    ("E11", "[Type 2 diabetes mellitus"),
    ("E1122", "Type 2 diabetes mellitus with diabetic chronic kidney disease"),
    ("E1140", "Type 2 diabetes mellitus with diabetic neuropathy, unspecified"),
    ("E1142", "Type 2 diabetes mellitus with diabetic polyneuropathy"),
    ("E11319", "Type 2 diabetes mellitus with unspecified diabetic retinopathy without macular edema"),
    ("E1165", "Type 2 diabetes mellitus with hyperglycemia"),
    ("E119", "Type 2 diabetes mellitus without complications"),
    ("E109", "Type 1 diabetes mellitus without complications"),
    ("G629", "Polyneuropathy, unspecified"),
    ("G63", "Polyneuropathy in diseases classified elsewhere"),
    ("H3500", "Unspecified background retinopathy"),
    ("H25011", "Cortical age-related cataract, right eye"),
    ("H25012", "Cortical age-related cataract, left eye"),
    ("H25019", "Cortical age-related cataract, unspecified eye"),
    ("I10", "Essential (primary) hypertension"),
    ("I110", "Hypertensive heart disease with heart failure"),
    ("I119", "Hypertensive heart disease without heart failure"),
    ("I120", "Hypertensive chronic kidney disease with stage 5 or end stage renal disease"),
    ("I129", "Hypertensive chronic kidney disease with stage 1 through stage 4 or unspecified"),
    ("I130", "Hypertensive heart and chronic kidney disease with heart failure and stage 1 through stage 4"),
    ("I132", "Hypertensive heart and chronic kidney disease with heart failure and stage 5"),
    ("I5023", "Acute on chronic systolic (congestive) heart failure"),
    ("J069", "Acute upper respiratory infection, unspecified"),
    ("J9601", "Acute respiratory failure with hypoxia"),
    ("L570", "Actinic keratosis"),
    ("N18", "[Chronic kidney disease (CKD)"),
    ("N1831", "Chronic kidney disease, stage 3a"),
    ("N186", "End stage renal disease"),
    ("N189", "Chronic kidney disease, unspecified"),
    ("R0602", "Shortness of breath"),
    ("R519", "Headache, unspecified"),
    ("S51811", "7Laceration without foreign body of right forearm"),
    ("S51811A", "Laceration without foreign body of right forearm, initial encounter"),
    ("W010", "7Fall on same level from slipping, tripping and stumbling"),
    ("W010XXA", "Fall on same level from slipping, initial encounter"),
    ("Z23", "Encounter for immunization"),
    ("Z794", "Long term (current) use of insulin"),
    ("Z7984", "Long term (current) use of oral hypoglycemic drugs"),
];

fn ranges(list: &[(&str, &str)]) -> Vec<CodeRange> {
    list.iter().map(|(a, b)| CodeRange { first: a.to_string(), last: b.to_string() }).collect()
}

pub struct Fixture;

impl CodeFacts for Fixture {
    fn status(&self, system: CodeSystem, code: &str, on: NaiveDate) -> Status {
        match system {
            CodeSystem::Cpt => return Status::Unchecked,
            CodeSystem::Hcpcs if matches!(code, "J1030" | "G0008") => return Status::Valid,
            CodeSystem::Icd10pcs if code == "02HV33Z" || code == "5A09357" => return Status::Valid,
            CodeSystem::Icd10cm => {}
            _ => return Status::Unknown,
        }
        // Split on 2022-10-01 and 2020-10-01 in the real tables.
        if code == "R51" {
            return Status::Expired { last: day("2020-09-30") };
        }
        if code == "J069" && on < day("2000-01-01") {
            return Status::NotYet { from: day("2015-10-01") };
        }
        match CODES.iter().find(|(c, _)| *c == code) {
            None => Status::Unknown,
            Some((_, t)) if t.starts_with('[') => Status::Header {
                children: CODES
                    .iter()
                    .filter(|(c, t)| c.starts_with(code) && *c != code && !t.starts_with('['))
                    .map(|(c, _)| c.to_string())
                    .collect(),
            },
            Some((_, t)) if t.starts_with('7') => Status::NeedsSeventh {
                choices: [('A', "initial encounter"), ('D', "subsequent encounter"), ('S', "sequela")]
                    .map(|(c, m)| (c, m.to_string()))
                    .to_vec(),
            },
            Some(_) => Status::Valid,
        }
    }

    fn title(&self, system: CodeSystem, code: &str) -> Option<String> {
        (system == CodeSystem::Icd10cm).then_some(())?;
        let (_, t) = CODES.iter().find(|(c, _)| *c == code)?;
        Some(t.trim_start_matches(['[', '7']).to_string())
    }

    fn excludes1(&self, a: &str, b: &str) -> Option<String> {
        (a.starts_with("E11") && b.starts_with("E10"))
            .then(|| "Excludes1 at E11: type 1 diabetes mellitus (E10.-)".to_string())
    }

    fn notes(&self, code: &str) -> Vec<Note> {
        let n = |kind, at: &str, text: &str, r: &[(&str, &str)]| Note {
            kind,
            at: at.into(),
            text: text.into(),
            ranges: ranges(r),
        };
        use NoteKind::{CodeFirst, UseAdditional};
        let all = [
            n(
                UseAdditional,
                "E11",
                "Use additional code to identify control using: insulin (Z79.4) oral antidiabetic drugs (Z79.84)",
                &[("Z794", "Z794"), ("Z7984", "Z7984")],
            ),
            n(
                UseAdditional,
                "E1122",
                "Use additional code to identify stage of chronic kidney disease (N18.1-N18.6)",
                &[("N181", "N186")],
            ),
            n(
                CodeFirst,
                "N18",
                "Code first any associated: diabetic chronic kidney disease (E08.22, E11.22) \
                 hypertensive chronic kidney disease (I12.-, I13.-)",
                &[("E0822", "E0822"), ("E1122", "E1122"), ("I12", "I12"), ("I13", "I13")],
            ),
            n(
                CodeFirst,
                "I50",
                "Code first: heart failure due to hypertension (I11.0) with chronic kidney disease (I13.-)",
                &[("I110", "I110"), ("I13", "I13")],
            ),
            n(
                CodeFirst,
                "G63",
                "Code first underlying disease, such as: amyloidosis (E85.-)",
                &[("E85", "E85")],
            ),
        ];
        all.into_iter().filter(|x| code.starts_with(&x.at)).collect()
    }

    fn poa_exempt(&self, code: &str, _: NaiveDate) -> Option<bool> {
        match code {
            "J069" => None,
            _ => Some(code.starts_with('Z') || code.starts_with('W')),
        }
    }

    fn sided(&self, code: &str) -> Vec<String> {
        if code == "H25019" { vec!["H25011".into(), "H25012".into()] } else { Vec::new() }
    }
}

pub fn id(name: &str) -> Id {
    Id::from_sender(&["fixture", name])
}

fn item<T>(name: &str, body: T) -> Item<T> {
    Item::new(id(name), OrderKey::default(), body)
}

fn provider(key: &str, last: &str, first: &str, npi: &str) -> (Id, Item<Provider>) {
    let name = PersonName { last: last.into(), first: first.into(), ..PersonName::default() };
    let body =
        Provider { key: key.into(), name, credential: "MD".into(), npi: npi.into(), ..Provider::default() };
    (id(key), item(key, body))
}

fn directory() -> Directory {
    let address = Address {
        street: "12 Oak St".into(),
        city: "Riverton".into(),
        state: "CA".into(),
        zip: "95112".into(),
    };
    let patient = Patient {
        mrn: "M1001".into(),
        name: PersonName { last: "Alvarez".into(), first: "Maria".into(), ..PersonName::default() }.into(),
        sex: Sex::Female,
        birth: Some(day("1968-02-11")).into(),
        address: address.clone().into(),
        phone: "5550100".into(),
        death: None,
        extra: Extra::new(),
    };
    let payer = Payer {
        name: "Medicare".into(),
        class: PayerClass::Medicare,
        payer_id: "01112".into(),
        filing_code: "MB".into(),
        filing_days: Some(365),
        ..Payer::default()
    };
    let coverage = Coverage {
        payer: id("medicare"),
        member_id: "1EG4-TE5-MK73".into(),
        relationship: "18".into(),
        ..Coverage::default()
    };
    let site = Site {
        name: "Lakeside Clinic".into(),
        npi: "1467560003".into(),
        tax_id: "94-1234567".into(),
        taxonomy: "207Q00000X".into(),
        address: Address { street: "400 Lake Ave".into(), zip: "951120001".into(), ..address },
        phone: "5550199".into(),
        ..Site::default()
    };
    let fee = |code: &str, charge: i64, global: Option<&str>| {
        let f = Fee { code: code.into(), charge: Cents(charge), global: global.map(Into::into), text: None };
        (code.to_string(), f)
    };
    Directory {
        patient: Some(item("patient", patient)),
        coverages: BTreeMap::from([(id("coverage"), item("coverage", coverage))]),
        payers: BTreeMap::from([(id("medicare"), item("medicare", payer))]),
        providers: BTreeMap::from([
            provider("shah", "Shah", "Ravi", "1881018208"),
            provider("ito", "Ito", "Ken", "1234567893"),
        ]),
        site: Some(item("site", site)),
        fees: Arc::new(FeeTable(BTreeMap::from([
            fee("99214", 18900, Some("XXX")),
            fee("17000", 12300, Some("010")),
            fee("66984", 95000, Some("090")),
            fee("99283", 21000, Some("XXX")),
        ]))),
    }
}

/// A chart of `kind` on `forms` with everybody named and nothing coded.
pub fn empty(kind: VisitKind, forms: &[Form], from: &str, through: &str) -> Chart {
    let inst = forms.contains(&Form::Ub04);
    let admission = inst.then(|| Admission {
        kind: "1".into(),
        source: "1".into(),
        status: "01".into(),
        hour: Some("14".into()),
        discharge_hour: Some("11".into()),
    });
    let encounter = Encounter {
        account: "10023".into(),
        patient: id("patient"),
        kind,
        forms: forms.to_vec(),
        from: day(from),
        through: day(through),
        place: None,
        bill_type: None,
        admission,
        admitting: inst.then(|| "R0602".to_string()),
        roles: Roles {
            rendering: Some(id("shah")),
            attending: inst.then(|| id("shah")),
            operating: None,
            referring: None,
        },
        coverages: vec![id("coverage")],
        state: CodingState::Coding,
        assigned: None,
        why: String::new(),
        priority: 0,
        sender: Vec::new(),
        reason_text: String::new(),
        expected: Cents::ZERO,
        extra: Extra::new(),
    };
    Chart::new(Scope("clinic".into()), item("encounter", encounter), Arc::new(directory()))
}

pub fn add_dx(chart: &mut Chart, code: &str) -> Id {
    let order = OrderKey::after(chart.diagnoses.last().map(|d| &d.order));
    let body = Diagnosis { code: code.into(), ..Diagnosis::default() };
    let id = id(&format!("dx{}{code}", chart.diagnoses.len()));
    chart.diagnoses.push(Item::new(id, order, body));
    id
}

/// As typed: `99214:25@A,B,Cx1=189.00`, with `0450/` before it on an institutional line.
pub fn add_line(chart: &mut Chart, text: &str) -> Id {
    let (revenue, text) = match text.split_once('/') {
        Some((r, t)) => (Some(r.to_string()), t),
        None => (None, text),
    };
    let mut body = ServiceLine::new("", chart.header().from);
    if text.len() >= 5 {
        let t = crate::domain::coding::parse_line(text).unwrap();
        body.code = t.code;
        body.modifiers = t.modifiers;
        body.units = t.units;
        body.charge = t.charge;
        body.pointers = t.pointers.iter().map(|p| chart.pointer_at(*p)).collect();
    }
    body.revenue = revenue;
    let order = OrderKey::after(chart.lines.last().map(|l| &l.order));
    let id = id(&format!("line{}{text}", chart.lines.len()));
    chart.lines.push(Item::new(id, order, body));
    id
}

fn evidence(chart: &mut Chart, line: Id) {
    let l = chart.lines.iter_mut().find(|l| l.id == line).unwrap();
    l.body.evidence = Some(EvidenceSpan { quote: "after the visit".into(), ..EvidenceSpan::default() });
}

/// The coder's first note of script 1, coded and clean.
pub fn office() -> Chart {
    let mut c = empty(VisitKind::Office, &[Form::Cms1500], "2026-11-03", "2026-11-03");
    for code in ["E1122", "I129", "N1831", "Z7984", "L570"] {
        add_dx(&mut c, code);
    }
    let em = add_line(&mut c, "99214:25@A,B,C=189.00");
    evidence(&mut c, em);
    add_line(&mut c, "17000@E=123.00");
    c
}

/// A heart-failure stay, clean.
pub fn stay() -> Chart {
    let mut c = empty(VisitKind::Inpatient, &[Form::Ub04], "2026-11-02", "2026-11-06");
    for (code, poa) in [("I130", Poa::Y), ("I5023", Poa::Y), ("N1831", Poa::Y), ("J9601", Poa::N)] {
        add_dx(&mut c, code);
        c.diagnoses.last_mut().unwrap().body.poa = Some(poa);
    }
    let px = Procedure { code: "02HV33Z".into(), date: Some(day("2026-11-04")), ..Procedure::default() };
    c.procedures.push(item("px", px));
    for (revenue, units, charge) in [("0120", 4, 480_000), ("0250", 31, 62_150), ("0301", 12, 90_000)] {
        add_line(&mut c, &format!("{revenue}/"));
        let l = &mut c.lines.last_mut().unwrap().body;
        l.units = Units(units * 1000);
        l.charge = Some(Cents(charge));
    }
    c
}

/// An emergency visit on both forms, clean.
pub fn emergency() -> Chart {
    let mut c = empty(VisitKind::Emergency, &[Form::Cms1500, Form::Ub04], "2026-11-08", "2026-11-08");
    for code in ["S51811A", "W010XXA", "Z23"] {
        add_dx(&mut c, code);
    }
    let em = add_line(&mut c, "99283:25@A=210.00");
    evidence(&mut c, em);
    add_line(&mut c, "12002@A=310.00");
    add_line(&mut c, "0450/99283:25=640.00");
    add_line(&mut c, "0450/12002=410.00");
    add_line(&mut c, "0771/90471=45.00");
    c
}
