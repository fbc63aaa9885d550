//! The CMS-1500 (02/12): its boxes from a `Claim1500`, and its two faces.
//!
//! Owns what each item says (CMS Pub. 100-04 chapter 26 sections 10.2 to 10.4; the mapping to X12
//! 005010X222A1), at 6 lines and 12 diagnoses a page. Later pages repeat everything but the lines, and only
//! the last one shows the total. Pure.

use super::{
    data::{Claim1500, ClaimHead, ClaimLine},
    face::{ClaimFace, FaceBox, FaceDx, FaceKind, FaceLine, FacePage, FaceRow, Spot},
    paint::{
        address, at, blank, cells, cut, fit, grid, line, mmddyy, mmddyyyy, rule, side_by_side, split_cents,
        table, width,
    },
};
use crate::domain::{Form, PayerClass, Place};

const LINES: usize = 6;
const DIAGNOSES: usize = 12;
const WIDE: usize = 78;
const ON_FILE: &str = "SIGNATURE ON FILE";

pub(super) fn face(c: &Claim1500) -> ClaimFace {
    let h = &c.head;
    let mut dx: Vec<FaceDx> = h
        .diagnoses
        .iter()
        .enumerate()
        .map(|(i, d)| FaceDx {
            letter: letter(i + 1),
            code: d.code.clone(),
            poa: None,
            place: Place::Diagnosis(d.id),
        })
        .collect();
    let left_off = dx.split_off(dx.len().min(DIAGNOSES));
    let rows: Vec<FaceRow> = h.lines.iter().enumerate().map(|(i, l)| row(c, i, l)).collect();
    let chunks: Vec<&[FaceRow]> = if rows.is_empty() { vec![&[]] } else { rows.chunks(LINES).collect() };
    let last = chunks.len() - 1;
    let pages = chunks
        .iter()
        .enumerate()
        .map(|(i, rows)| FacePage { boxes: boxes(c, i == last), diagnoses: dx.clone(), rows: rows.to_vec() })
        .collect();
    ClaimFace { form: Form::Cms1500, state: h.state, total: h.total, pages, left_off }
}

/// A to L; anything else cannot be printed.
fn letter(position: usize) -> String {
    match u8::try_from(position) {
        Ok(p @ 1..=12) => char::from(b'A' + p - 1).to_string(),
        _ => "?".to_string(),
    }
}

fn row(c: &Claim1500, i: usize, l: &ClaimLine) -> FaceRow {
    FaceRow {
        place: Place::Line(l.id, "code".into()),
        number: i + 1,
        revenue: String::new(),
        date: mmddyy(l.date),
        pos: c.place.clone(),
        code: l.code.clone(),
        modifiers: l.modifiers.iter().take(4).cloned().collect(),
        pointers: l.pointers.iter().take(4).map(|p| letter(*p)).collect(),
        charge: l.charge,
        units: l.units.to_string(),
        npi: l.provider_npi.clone(),
        ndc: l.ndc.as_ref().map(|n| format!("N4{n}")).unwrap_or_default(),
    }
}

fn yes(b: bool) -> String {
    if b { "YES" } else { "NO" }.to_string()
}

fn boxes(c: &Claim1500, last: bool) -> Vec<FaceBox> {
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
    let medicare = h.payer_class == PayerClass::Medicare;

    let mut to = vec![h.payer.clone()];
    to.extend(address(&h.payer_address));
    to.push(program(h));
    put("1", "payer", to, coverage("payer"));
    put("1a", "member id", vec![h.member_id.clone()], coverage("member_id"));
    put("2", "patient", vec![h.patient.clone()], patient("name"));
    put(
        "3",
        "born, sex",
        vec![format!("{}  {}", h.birth.map(mmddyyyy).unwrap_or_default(), h.sex.letter())],
        patient("birth"),
    );
    // Medicare first: items 4 and 7 stay empty (sec. 10.2).
    let insured = match &h.subscriber {
        Some(name) => name.clone(),
        None if medicare => String::new(),
        None => "SAME".to_string(),
    };
    put("4", "insured", vec![insured.clone()], coverage("subscriber"));
    let mut home = address(&h.address);
    home.push(h.phone.clone());
    put("5", "patient's address", home, patient("address"));
    put("6", "patient is", vec![relationship(&h.relationship).to_string()], coverage("relationship"));
    put("7", "insured's address", vec![if insured == "SAME" { insured } else { String::new() }], None);
    let other = h.others.first().cloned().unwrap_or_default();
    put("9", "other insured", vec![other.subscriber], coverage("other"));
    put(
        "9a",
        "other policy",
        vec![[other.member_id, other.group_number].join(" ").trim().into()],
        coverage("other"),
    );
    put("9d", "other plan", vec![other.payer], coverage("other"));
    let work = h.payer_class == PayerClass::WorkersComp;
    put(
        "10",
        "caused by",
        vec![format!("a job {}", yes(work)), "b auto NO".into(), "c accident NO".into()],
        encounter("cause"),
    );
    let group = if medicare { "NONE".to_string() } else { h.group_number.clone() };
    put("11", "group number", vec![group], coverage("group_number"));
    put(
        "11c",
        "plan",
        vec![if medicare { String::new() } else { h.group_name.clone() }],
        coverage("group_name"),
    );
    put("11d", "other", vec![if medicare { String::new() } else { yes(!h.others.is_empty()) }], None);
    put("12", "patient signed", vec![ON_FILE.into()], None);
    put("13", "insured signed", vec![if medicare { String::new() } else { ON_FILE.into() }], None);
    put("14", "onset", vec![], None);
    put("15", "other date", vec![], None);
    put("16", "unable to work", vec![], None);
    let dn = if c.referring.is_empty() { String::new() } else { format!("DN {}", c.referring) };
    put("17", "referred by", vec![dn], provider("referring"));
    put("17b", "NPI", vec![c.referring_npi.clone()], provider("referring.npi"));
    let stay = if matches!(c.place.as_str(), "21" | "51" | "61") {
        format!("{} {}", mmddyy(c.from), mmddyy(c.through))
    } else {
        String::new()
    };
    put("18", "hospital stay", vec![stay], encounter("from"));
    put("19", "notes", vec![h.note.clone()], None);
    put("20", "outside lab", vec!["NO".into()], None);
    let again = if h.frequency == '1' { String::new() } else { format!("{} {}", h.frequency, h.original) };
    put("22", "resubmission", vec![again], None);
    put("23", "authorization", vec![], None);
    put("25", "tax id", vec![format!("{} EIN", h.tax_id)], provider("billing.tax_id"));
    put("26", "account", vec![h.account.clone()], encounter("account"));
    put("27", "assigned", vec!["YES".into()], None);
    let (total, paid) =
        if last { (h.total.to_string(), "0.00".to_string()) } else { ("CONT".into(), String::new()) };
    put("28", "total", vec![total], encounter("lines"));
    put("29", "paid", vec![paid], None);
    let signed = if c.signed { "SIGNED" } else { "NOT SIGNED" };
    put("31", "provider", vec![c.rendering.clone(), signed.into()], provider("rendering"));
    let mut where_: Vec<String> = vec![h.site.clone()];
    where_.extend(address(&h.site_address));
    // Home visits name no facility; all others do (sec. 10.4 item 32).
    let home = c.place == "12";
    put("32", "served at", if home { vec![] } else { where_.clone() }, provider("billing.address"));
    put("32a", "NPI", vec![if home { String::new() } else { h.site_npi.clone() }], provider("billing.npi"));
    where_.push(h.site_phone.clone());
    put("33", "billing", where_, provider("billing.name"));
    put("33a", "NPI", vec![h.site_npi.clone()], provider("billing.npi"));
    let taxonomy = if h.taxonomy.is_empty() { String::new() } else { format!("ZZ{}", h.taxonomy) };
    put("33b", "taxonomy", vec![taxonomy], provider("billing.taxonomy"));
    out
}

/// The box of item 1 that is ticked.
fn program(h: &ClaimHead) -> String {
    let word = match h.payer_class {
        PayerClass::Medicare => "MEDICARE",
        PayerClass::Medicaid => "MEDICAID",
        PayerClass::Commercial if h.group_number.is_empty() => "OTHER",
        PayerClass::Commercial => "GROUP",
        PayerClass::WorkersComp | PayerClass::SelfPay => "OTHER",
    };
    format!("[X] {word}")
}

fn relationship(code: &str) -> &'static str {
    match code {
        "18" | "" => "SELF",
        "01" => "SPOUSE",
        "19" => "CHILD",
        _ => "OTHER",
    }
}

pub(super) fn compact(face: &ClaimFace, n: usize) -> Vec<FaceLine> {
    let mut out = Vec::new();
    let Some(page) = face.pages.last() else { return out };
    for pair in [&["1"][..], &["1a"], &["2"], &["3"], &["11", "6"], &["17"], &["17b"]] {
        // A claim without a referral has no use for its boxes here.
        if pair[0].starts_with("17") && page.get(pair[0]).is_some_and(|b| b.value.is_empty()) {
            continue;
        }
        side_by_side(page, pair, n, &mut out);
    }
    out.push(blank());
    out.push(line(FaceKind::Label, "21 ICD 0"));
    grid(&page.diagnoses, n, &mut out);
    if let Some(first) = face.left_off.first() {
        out.push(at(format!("   {} more left off", face.left_off.len()), Some(first.place.clone())));
    }
    out.push(blank());
    // Cents everywhere or nowhere: 189 beside 12.50 would read as 189 cents.
    let tight = face.pages.iter().flat_map(|p| &p.rows).any(|r| !one_line(r, true, n));
    let round = face.pages.iter().flat_map(|p| &p.rows).all(|r| r.charge.is_none_or(|c| c.0 % 100 == 0));
    let with_cents = !(tight && round);
    let mut head = "24 DATE  POS CODE".to_string();
    let right = "PTR $";
    head.extend(std::iter::repeat_n(' ', n.saturating_sub(width(&head) + width(right))));
    out.push(line(FaceKind::Label, head + right));
    for (i, p) in face.pages.iter().enumerate() {
        if i > 0 {
            out.push(rule(&format!("page {}", i + 1), n));
        }
        for r in &p.rows {
            service(r, with_cents, n, &mut out);
        }
    }
    out.push(blank());
    side_by_side(page, &["26", "27"], n, &mut out);
    side_by_side(page, &["28", "29"], n, &mut out);
    if page.get("22").is_some_and(|b| !b.value.is_empty()) {
        side_by_side(page, &["22"], n, &mut out);
    }
    out.push(blank());
    for number in ["31", "33", "33a"] {
        side_by_side(page, &[number], n, &mut out);
    }
    out
}

fn left(r: &FaceRow) -> String {
    let mods: String = r.modifiers.iter().map(|m| format!(" {m}")).collect();
    format!("{} {} {} {}{mods}", r.number, r.date, r.pos, r.code)
}

fn right(r: &FaceRow, cents: bool) -> String {
    let charge = match r.charge {
        None => "-".to_string(),
        Some(c) if cents => c.to_string(),
        Some(c) => (c.0 / 100).to_string(),
    };
    format!("{} {charge}", r.pointers)
}

fn one_line(r: &FaceRow, cents: bool, n: usize) -> bool {
    width(&left(r)) + 1 + width(&right(r, cents)) <= n
}

/// One line where it fits, else the modifiers below the code.
fn service(r: &FaceRow, cents: bool, n: usize, out: &mut Vec<FaceLine>) {
    let spread = |a: &str, b: &str| {
        let gap = n.saturating_sub(width(a) + width(b)).max(1);
        cut(&format!("{a}{}{b}", " ".repeat(gap)), n)
    };
    let place = Some(r.place.clone());
    if one_line(r, cents, n) {
        out.push(at(spread(&left(r), &right(r, cents)), place));
        return;
    }
    let bare = FaceRow { modifiers: Vec::new(), ..r.clone() };
    out.push(at(spread(&left(&bare), &right(r, cents)), place.clone()));
    if !r.modifiers.is_empty() {
        out.push(at(cut(&format!("  mod {}", r.modifiers.join(" ")), n), place));
    }
}

pub(super) fn full(face: &ClaimFace) -> Vec<FaceLine> {
    let mut out = Vec::new();
    for (i, page) in face.pages.iter().enumerate() {
        if i > 0 {
            out.push(blank());
        }
        let title = format!("CMS-1500 (02/12) · {}", face.state.label());
        let number = format!("page {} of {}", i + 1, face.pages.len());
        out.push(line(FaceKind::Title, format!("{}{number}", fit(&title, WIDE - width(&number)))));
        out.push(rule("", WIDE));
        for row in [
            &[("1", 50), ("1a", 27)][..],
            &[("2", 30), ("3", 19), ("4", 27)],
            &[("5", 30), ("6", 19), ("7", 27)],
            &[("9", 30), ("10", 19), ("11", 27)],
            &[("9a", 30), ("9d", 19), ("11c", 15), ("11d", 11)],
            &[("12", 39), ("13", 38)],
            &[("14", 25), ("15", 25), ("16", 26)],
            &[("17", 30), ("17b", 19), ("18", 27)],
            &[("19", 50), ("20", 27)],
        ] {
            cells(page, row, WIDE, &mut out);
        }
        out.push(line(FaceKind::Label, "21 diagnoses · ICD ind. 0"));
        diagnoses(&page.diagnoses, &mut out);
        if !face.left_off.is_empty() {
            let codes: Vec<&str> = face.left_off.iter().map(|d| d.code.as_str()).collect();
            let place = face.left_off.first().map(|d| d.place.clone());
            out.push(at(cut(&format!(" left off: {}", codes.join(" ")), WIDE), place));
        }
        out.push(rule("", WIDE));
        cells(page, &[("22", 50), ("23", 27)], WIDE, &mut out);
        let head = columns(["24", "A from", "A to", "B", "D", "modifiers", "E", "F charge", "G", "J NPI"]);
        out.push(line(FaceKind::Label, head));
        let rows = page.rows.iter().map(Some).chain(std::iter::repeat(None)).take(LINES);
        for (slot, r) in rows.enumerate() {
            match r {
                Some(r) => printed(r, &mut out),
                None => out.push(line(FaceKind::Value, format!("{:>2}", i * LINES + slot + 1))),
            }
        }
        out.push(rule("", WIDE));
        cells(page, &[("25", 17), ("26", 17), ("27", 12), ("28", 14), ("29", 14)], WIDE, &mut out);
        cells(page, &[("31", 25), ("32", 25), ("33", 26)], WIDE, &mut out);
        cells(page, &[("32a", 51), ("33a", 12), ("33b", 13)], WIDE, &mut out);
    }
    out
}

/// Four columns of three, read along the rows as on the form.
fn diagnoses(dx: &[FaceDx], out: &mut Vec<FaceLine>) {
    for r in 0..DIAGNOSES / 4 {
        let mut text = String::new();
        let mut spots = Vec::new();
        for i in r * 4..r * 4 + 4 {
            let from = width(&text) + 1;
            let code = dx.get(i).map_or("", |d| d.code.as_str());
            text.push_str(&fit(&format!(" {} {code}", letter(i + 1)), 19));
            spots.extend(dx.get(i).map(|d| Spot { from, to: from + 2 + code.len(), place: d.place.clone() }));
        }
        out.push(FaceLine { text: text.trim_end().to_string(), kind: FaceKind::Value, spots });
    }
}

fn columns(texts: [&str; 10]) -> String {
    table([-2, 6, 6, 2, 5, 11, 4, -10, -7, 10], texts)
}

/// The line, and above it what the form prints in its shaded half.
fn printed(r: &FaceRow, out: &mut Vec<FaceLine>) {
    let place = Some(r.place.clone());
    if !r.ndc.is_empty() {
        out.push(at(format!("   {}", r.ndc), place.clone()));
    }
    let text = columns([
        &r.number.to_string(),
        &r.date,
        &r.date,
        &r.pos,
        &r.code,
        &r.modifiers.join(" "),
        &r.pointers,
        &r.charge.map(split_cents).unwrap_or_default(),
        &r.units,
        &r.npi,
    ]);
    out.push(at(text, place));
}
