//! The UB-04: its locators from a `ClaimUb04`, and its two faces.
//!
//! Owns what each locator says (CMS Pub. 100-04 chapter 25 section 75; the mapping to X12 005010X223A2), at
//! 22 revenue lines a page and the principal with 17 other diagnoses. Line 23 of the last page is the total
//! under revenue code 0001. Descriptions of revenue codes are NUBC's and never printed. Pure.

use super::{
    data::{ClaimLine, ClaimUb04},
    face::{ClaimFace, FaceBox, FaceDx, FaceKind, FaceLine, FacePage, FaceRow, Spot},
    paint::{
        address, at, blank, cells, cut, fit, grid, line, mmddyy, mmddyyyy, rule, side_by_side, split_cents,
        table, width,
    },
};
use crate::domain::{Form, Place};

const LINES: usize = 22;
const OTHERS: usize = 17;
const CAUSES: usize = 3;
/// Principal procedure and five others.
const PROCEDURES: [&str; 6] = ["74", "74a", "74b", "74c", "74d", "74e"];
const WIDE: usize = 78;

pub(super) fn face(c: &ClaimUb04) -> ClaimFace {
    let h = &c.head;
    let (others, causes) = h.parted();
    // The form has three places for external causes; what is more goes among the others.
    let listed = others.into_iter().chain(causes.into_iter().skip(CAUSES));
    let mut dx: Vec<FaceDx> = listed
        .enumerate()
        .map(|(i, d)| FaceDx {
            letter: letter(i),
            code: d.code.clone(),
            poa: d.poa.map(|p| p.letter()),
            place: Place::Diagnosis(d.id),
        })
        .collect();
    let left_off = dx.split_off(dx.len().min(OTHERS + 1));
    let rows: Vec<FaceRow> = h.lines.iter().enumerate().map(|(i, l)| row(c, i, l)).collect();
    let chunks: Vec<&[FaceRow]> = if rows.is_empty() { vec![&[]] } else { rows.chunks(LINES).collect() };
    let pages = chunks
        .iter()
        .map(|rows| FacePage { boxes: boxes(c), diagnoses: dx.clone(), rows: rows.to_vec() })
        .collect();
    ClaimFace { form: Form::Ub04, state: h.state, total: h.total, pages, left_off }
}

/// The principal diagnosis stands in 67 itself, the others in 67A to 67Q.
fn letter(position: usize) -> String {
    match u8::try_from(position) {
        Ok(0) => "*".to_string(),
        Ok(p @ 1..=17) => char::from(b'A' + p - 1).to_string(),
        _ => "+".to_string(),
    }
}

fn row(c: &ClaimUb04, i: usize, l: &ClaimLine) -> FaceRow {
    FaceRow {
        place: Place::Line(l.id, "revenue".into()),
        number: i + 1,
        revenue: l.revenue.clone().unwrap_or_default(),
        // A stay's lines carry no date of their own.
        date: if c.inpatient { String::new() } else { mmddyy(l.date) },
        pos: String::new(),
        code: l.code.clone(),
        modifiers: l.modifiers.iter().take(4).cloned().collect(),
        pointers: String::new(),
        charge: l.charge,
        units: l.units.to_string(),
        npi: String::new(),
        ndc: l.ndc.as_ref().map(|n| format!("N4{n}")).unwrap_or_default(),
    }
}

fn boxes(c: &ClaimUb04) -> Vec<FaceBox> {
    let h = &c.head;
    let mut out = Vec::with_capacity(48);
    let mut put = |number, label, value: Vec<String>, place| {
        out.push(FaceBox {
            number,
            label,
            value: value.into_iter().filter(|v| !v.is_empty()).collect(),
            place,
        });
    };
    let patient = |f: &str| Some(Place::Patient(f.to_string()));
    let coverage = |f: &str| Some(Place::Coverage(f.to_string()));
    let provider = |f: &str| Some(Place::Provider(f.to_string()));
    let encounter = |f: &str| Some(Place::Encounter(f.to_string()));
    let a = &c.admission;

    let mut site = vec![h.site.clone()];
    site.extend(address(&h.site_address));
    site.push(h.site_phone.clone());
    put("1", "provider", site, provider("billing.name"));
    put("3a", "account", vec![h.account.clone()], encounter("account"));
    put("3b", "record", vec![h.mrn.clone()], patient("mrn"));
    let mut bill = c.bill_type.clone();
    // The frequency of a resubmission is the third digit.
    if h.frequency != '1' && bill.len() == 3 {
        bill.pop();
        bill.push(h.frequency);
    }
    put("4", "type of bill", vec![format!("0{bill}")], encounter("bill_type"));
    put("5", "tax id", vec![h.tax_id.clone()], provider("billing.tax_id"));
    put("6", "statement", vec![format!("{}-{}", mmddyy(c.from), mmddyy(c.through))], encounter("from"));
    put("8", "patient", vec![h.patient.clone()], patient("name"));
    put("9", "address", vec![address(&h.address).join(" · ")], patient("address"));
    put("10", "born", vec![h.birth.map(mmddyyyy).unwrap_or_default()], patient("birth"));
    put("11", "sex", vec![h.sex.letter().to_string()], patient("sex"));
    let admitted = if c.inpatient { mmddyy(c.from) } else { String::new() };
    put("12", "admitted", vec![admitted], encounter("from"));
    let hour = |x: &Option<String>| vec![x.clone().unwrap_or_default()];
    put("13", "hour", hour(&a.hour), encounter("admission.hour"));
    put("14", "type", vec![a.kind.clone()], encounter("admission.kind"));
    put("15", "origin", vec![a.source.clone()], encounter("admission.source"));
    let out_hour = if c.inpatient { hour(&a.discharge_hour) } else { vec![] };
    put("16", "out", out_hour, encounter("admission.discharge_hour"));
    put("17", "status", vec![a.status.clone()], encounter("admission.status"));
    let all = |first: String, rest: &dyn Fn(&super::data::Other) -> String| {
        let mut v = vec![if first.is_empty() { "-".into() } else { first }];
        v.extend(h.others.iter().take(2).map(|o| {
            let x = rest(o);
            if x.is_empty() { "-".into() } else { x }
        }));
        v
    };
    put("50", "payer", all(h.payer.to_uppercase(), &|o| o.payer.clone()), coverage("payer"));
    put("51", "payer id", all(h.payer_id.clone(), &|o| o.payer_id.clone()), coverage("payer_id"));
    put("52", "rel.", all("Y".into(), &|_| "Y".into()), None);
    put("53", "asg.", all("Y".into(), &|_| "Y".into()), None);
    put("55", "due", vec![h.total.to_string()], encounter("lines"));
    put("56", "NPI", vec![h.site_npi.clone()], provider("billing.npi"));
    let insured = h.subscriber.clone().unwrap_or_else(|| h.patient.clone());
    put("58", "insured", all(insured, &|o| o.subscriber.clone()), coverage("subscriber"));
    let relation = if h.is_self() { "18".to_string() } else { h.relationship.clone() };
    put("59", "rel", vec![relation], coverage("relationship"));
    put("60", "member id", all(h.member_id.clone(), &|o| o.member_id.clone()), coverage("member_id"));
    put("61", "group", all(h.group_name.clone(), &|o| o.group_name.clone()), coverage("group_name"));
    put("62", "group no", all(h.group_number.clone(), &|o| o.group_number.clone()), coverage("group_number"));
    put("63", "authorization", vec![], None);
    put("64", "payer's claim", vec![h.original.clone()], None);
    let admitting = |wanted: bool| vec![if wanted { c.admitting.clone() } else { String::new() }];
    put("69", "admitting", admitting(c.inpatient), encounter("admitting"));
    put("70", "reason", admitting(!c.inpatient), encounter("admitting"));
    put("71", "PPS", vec![], None);
    let (_, causes) = h.parted();
    let text: Vec<String> = causes
        .iter()
        .take(CAUSES)
        .map(|d| {
            format!("{} {}", d.code, d.poa.map(|p| p.letter().to_string()).unwrap_or_default())
                .trim_end()
                .into()
        })
        .collect();
    let place = causes.first().map(|d| Place::Diagnosis(d.id));
    put("72", "external causes", vec![text.join("  ")], place);
    for (i, number) in PROCEDURES.into_iter().enumerate() {
        let px = c.procedures.get(i);
        let value = px.map(|(_, p)| format!("{} {}", p.code, p.date.map(mmddyy).unwrap_or_default()));
        let label = if i == 0 { "procedure" } else { "other" };
        put(number, label, value.into_iter().collect(), px.map(|(id, _)| Place::Procedure(*id)));
    }
    let person = |npi: &str, name: &str| vec![npi.to_string(), name.to_string()];
    put("76", "attending", person(&c.attending_npi, &c.attending), provider("attending"));
    put("77", "operating", person(&c.operating_npi, &c.operating), provider("operating"));
    put("78", "referring", person(&c.referring_npi, &c.referring), provider("referring"));
    put("80", "remarks", vec![h.note.clone()], None);
    let b3 = if h.taxonomy.is_empty() { String::new() } else { format!("B3 {}", h.taxonomy) };
    put("81", "codes", vec![b3], provider("billing.taxonomy"));
    out
}

pub(super) fn compact(face: &ClaimFace, n: usize) -> Vec<FaceLine> {
    let mut out = Vec::new();
    let Some(page) = face.pages.last() else { return out };
    for group in
        [&["4", "6"][..], &["8"], &["10", "11"], &["12", "13", "14"], &["15", "16", "17"], &["50"], &["60"]]
    {
        side_by_side(page, group, n, &mut out);
    }
    out.push(blank());
    out.push(line(FaceKind::Label, "66 ICD 0   * principal"));
    grid(&page.diagnoses, n, &mut out);
    if let Some(first) = face.left_off.first() {
        out.push(at(format!("   {} more in the 837 only", face.left_off.len()), Some(first.place.clone())));
    }
    let shown = if page.get("69").is_some_and(|b| !b.value.is_empty()) { "69" } else { "70" };
    side_by_side(page, &[shown], n, &mut out);
    for number in ["72"].into_iter().chain(PROCEDURES) {
        if page.get(number).is_some_and(|b| !b.value.is_empty()) {
            side_by_side(page, &[number], n, &mut out);
        }
    }
    out.push(blank());
    let head = "42   44    45";
    let right = "46      47";
    let gap = n.saturating_sub(width(head) + width(right));
    out.push(line(FaceKind::Label, format!("{head}{}{right}", " ".repeat(gap))));
    for (i, p) in face.pages.iter().enumerate() {
        if i > 0 {
            out.push(rule(&format!("page {}", i + 1), n));
        }
        for r in &p.rows {
            service(r, n, &mut out);
        }
    }
    out.push(total(face, n));
    out.push(blank());
    for number in ["76", "77", "56", "1"] {
        if page.get(number).is_some_and(|b| !b.value.is_empty() || number == "76") {
            side_by_side(page, &[number], n, &mut out);
        }
    }
    out
}

fn service(r: &FaceRow, n: usize, out: &mut Vec<FaceLine>) {
    let place = Some(r.place.clone());
    let left = format!("{:<4} {:<5} {}", r.revenue, r.code, r.date);
    let charge = r.charge.map_or("-".to_string(), |c| c.to_string());
    let right = format!("{} {charge:>9}", r.units);
    let gap = n.saturating_sub(width(left.trim_end()) + width(&right)).max(1);
    out.push(at(cut(&format!("{}{}{right}", left.trim_end(), " ".repeat(gap)), n), place.clone()));
    if !r.modifiers.is_empty() {
        out.push(at(cut(&format!("     mod {}", r.modifiers.join(" ")), n), place));
    }
}

fn total(face: &ClaimFace, n: usize) -> FaceLine {
    let right = face.total.to_string();
    let text = format!("0001 total{}{right}", " ".repeat(n.saturating_sub(10 + width(&right)).max(1)));
    at(cut(&text, n), Some(Place::Encounter("lines".into())))
}

pub(super) fn full(face: &ClaimFace) -> Vec<FaceLine> {
    let mut out = Vec::new();
    let last = face.pages.len().saturating_sub(1);
    for (i, page) in face.pages.iter().enumerate() {
        if i > 0 {
            out.push(blank());
        }
        let title = format!("UB-04 · {}", face.state.label());
        let number = format!("page {} of {}", i + 1, face.pages.len());
        out.push(line(FaceKind::Title, format!("{}{number}", fit(&title, WIDE - width(&number)))));
        out.push(rule("", WIDE));
        for row in [
            &[("1", 32), ("3a", 15), ("3b", 13), ("4", 15)][..],
            &[("8", 34), ("5", 15), ("6", 27)],
            &[("9", 50), ("10", 15), ("11", 11)],
            &[("12", 12), ("13", 12), ("14", 12), ("15", 12), ("16", 12), ("17", 13)],
        ] {
            cells(page, row, WIDE, &mut out);
        }
        let head = columns(["", "42", "43", "44 code", "modifiers", "45", "46", "47 charge"]);
        out.push(line(FaceKind::Label, head));
        // Empty lines of the form are left out: 22 of them would push the rest off the screen.
        for r in &page.rows {
            out.push(printed(r));
        }
        let sum = if i == last { split_cents(face.total) } else { "CONT".to_string() };
        let text = columns(["23", "0001", &format!("page {} of {}", i + 1, last + 1), "", "", "", "", &sum]);
        out.push(at(text, Some(Place::Encounter("lines".into()))));
        out.push(rule("", WIDE));
        for row in [
            &[("50", 26), ("51", 14), ("52", 9), ("53", 10), ("55", 15)][..],
            &[("58", 26), ("59", 6), ("60", 16), ("61", 14), ("62", 12)],
            &[("63", 26), ("64", 36), ("56", 14)],
        ] {
            cells(page, row, WIDE, &mut out);
        }
        out.push(line(FaceKind::Label, "66 ICD 0 · 67 principal (*) and others with present on admission"));
        diagnoses(face, page, &mut out);
        out.push(rule("", WIDE));
        for row in [
            &[("69", 15), ("70", 15), ("71", 10), ("72", 35)][..],
            &[("74", 25), ("74a", 25), ("74b", 26)],
            &[("74c", 25), ("74d", 25), ("74e", 26)],
            &[("76", 25), ("77", 25), ("78", 26)],
            &[("80", 50), ("81", 27)],
        ] {
            // A form without further procedures needs no row for them.
            if row[0].0 == "74c" && page.get("74c").is_none_or(|b| b.value.is_empty()) {
                continue;
            }
            cells(page, row, WIDE, &mut out);
        }
    }
    out
}

fn diagnoses(face: &ClaimFace, page: &FacePage, out: &mut Vec<FaceLine>) {
    grid(&page.diagnoses, WIDE, out);
    if let Some(first) = face.left_off.first() {
        let codes: Vec<&str> = face.left_off.iter().map(|d| d.code.as_str()).collect();
        let text = cut(&format!(" in the 837 only: {}", codes.join(" ")), WIDE);
        out.push(FaceLine {
            spots: vec![Spot { from: 0, to: width(&text), place: first.place.clone() }],
            text,
            kind: FaceKind::Value,
        });
    }
}

fn columns(texts: [&str; 8]) -> String {
    table([-2, 4, 14, 8, 11, 6, -7, -13], texts)
}

fn printed(r: &FaceRow) -> FaceLine {
    let text = columns([
        &((r.number - 1) % LINES + 1).to_string(),
        &r.revenue,
        &r.ndc,
        &r.code,
        &r.modifiers.join(" "),
        &r.date,
        &r.units,
        &r.charge.map(split_cents).unwrap_or_default(),
    ]);
    at(text, Some(r.place.clone()))
}
