//! Service lines: numbers, codes, modifiers, units, pointers, revenue codes: R18, R20, R21, R28.

use super::gist::Line;
use super::{GUIDE, Gist, cents};
use crate::claims::is_place;
use crate::x12::elements::is_decimal;
use crate::x12::issue::{Issue, shown};
use crate::x12::view::Here;

const CODES: &str = "45 CFR 162.1002; X12 005010 SV101, SV202";
const MODIFIERS: &str = "CMS Pub. 100-04 ch. 12; X12 005010 SV101-3 to SV101-6";
const POINTERS: &str = "X12 005010X222A1 SV107; CMS-1500 item 24E";
const UNITS: &str = "X12 005010 SV103, SV104; CMS MUE policy";

pub(super) fn check(g: &Gist<'_>, out: &mut Vec<Issue>) {
    let diagnoses = diagnoses(g);
    for l in g.lines() {
        if let Some(lx) = l.find("2400", "LX")
            && lx.el(1) != l.number.to_string()
            && !lx.el(1).is_empty()
        {
            let m = format!("LX01 is {}; this is line {}", shown(lx.el(1)), l.number);
            out.push(Issue::stop("x12.line_number", lx.at(1), m, GUIDE).fix(format!("write {}", l.number)));
        }
        let Some(s) = l.service else { continue };
        if l.qualifier("2400", "REF", "6R").is_none() {
            let m = "the line has no control number (REF*6R): the remittance cannot name it";
            out.push(
                Issue::warn("x12.line_number", s.lacks("REF"), m, "X12 005010 REF*6R")
                    .fix("give the line a number of its own"),
            );
        }
        amounts(&s, if s.id() == "SV2" { 3 } else { 2 }, out);
        procedure(g, &l, &s, out);
        units(g, &l, &s, out);
        if s.id() == "SV1" {
            pointers(&s, diagnoses, out);
            let place = s.el(5);
            if !place.is_empty() && !is_place(place) {
                let m = format!("{} is no CMS place of service", shown(place));
                out.push(Issue::stop("x12.place", s.at(5), m, "CMS place of service code set"));
            }
        } else {
            revenue(g, &l, &s, out);
        }
    }
}

/// Diagnoses a pointer can name.
fn diagnoses(g: &Gist<'_>) -> usize {
    g.hi(&["ABK", "BK"]).map(|h| (1..=12).filter(|n| !h.el(*n).is_empty()).count()).sum()
}

fn amounts(s: &Here<'_>, n: usize, out: &mut Vec<Issue>) {
    let text = s.el(n);
    if text.is_empty() || !is_decimal(text.as_bytes()) {
        return;
    }
    match cents(text) {
        None => out.push(Issue::stop("x12.amount", s.at(n), "an amount has two decimals at most", GUIDE)),
        Some(c) if c.0 < 0 => out.push(Issue::stop("x12.amount", s.at(n), "a charge is not negative", GUIDE)),
        Some(_) => {}
    }
}

fn is_hcpcs(code: &str) -> bool {
    let b = code.as_bytes();
    let digits = |r: &[u8]| r.iter().all(u8::is_ascii_digit);
    b.len() == 5
        && digits(&b[1..4])
        && ((b[0].is_ascii_digit() && (b[4].is_ascii_digit() || b[4].is_ascii_uppercase()))
            || (b[0].is_ascii_uppercase() && b[4].is_ascii_digit()))
}

fn procedure(g: &Gist<'_>, l: &Line<'_>, s: &Here<'_>, out: &mut Vec<Issue>) {
    let e = l.procedure_element();
    if s.el(e).is_empty() {
        return;
    }
    let (kind, code) = (s.comp(e, 1), s.comp(e, 2));
    let formed = match kind {
        "HC" => is_hcpcs(code),
        "HP" => code.len() == 5 && code.bytes().all(|b| b.is_ascii_digit() || b.is_ascii_uppercase()),
        _ => true,
    };
    if !formed && !code.is_empty() {
        let m = format!("{} has not the form of a procedure code", shown(code));
        out.push(Issue::stop("x12.procedure", s.at_comp(e, 2), m, CODES).fix("correct the code"));
    }
    let mods: Vec<&str> = (3..=6).map(|c| s.comp(e, c)).collect();
    let mut gap = false;
    for (i, m) in mods.iter().enumerate() {
        if m.is_empty() {
            gap = true;
            continue;
        }
        let at = s.at_comp(e, i + 3);
        if gap {
            out.push(
                Issue::stop("x12.modifier", at.clone(), "a modifier after an empty place", MODIFIERS)
                    .fix("close the gap"),
            );
            gap = false;
        }
        if m.len() != 2 || !m.bytes().all(|b| b.is_ascii_digit() || b.is_ascii_uppercase()) {
            out.push(Issue::stop(
                "x12.modifier",
                at,
                format!("{} is no modifier: two letters or digits", shown(m)),
                MODIFIERS,
            ));
        } else if mods[..i].contains(m) {
            out.push(
                Issue::stop("x12.modifier", at, format!("modifier {m} stands twice"), MODIFIERS)
                    .fix("remove one"),
            );
        }
    }
    let fifth = s.comp(e, 7);
    if mods.iter().all(|m| !m.is_empty())
        && fifth.len() == 2
        && fifth.bytes().all(|b| b.is_ascii_digit() || b.is_ascii_uppercase())
    {
        let m = "a fifth modifier goes nowhere: four are possible";
        out.push(
            Issue::stop("x12.modifier", s.at_comp(e, 7), m, MODIFIERS)
                .fix("send 99 as the fourth and the others in a note"),
        );
    }
    if needs_words(code) && s.comp(e, 7).is_empty() {
        let noted = l.find("2400", "NTE").is_some() || g.keyed("NTE", "ADD").is_some();
        if !noted && !g.institutional {
            let m = format!("{code} names nothing by itself: a description (SV101-7) or a note is needed");
            out.push(
                Issue::stop(
                    "x12.unlisted",
                    s.at_comp(e, 7),
                    m,
                    "CMS Pub. 100-04 ch. 26 item 19; X12 005010X222A1 SV101-7",
                )
                .fix("describe the service"),
            );
        }
    }
}

/// R28: unlisted and not otherwise classified codes, by number.
fn needs_words(code: &str) -> bool {
    const NOC: [&str; 18] = [
        "A4641", "A9698", "A9699", "A9999", "B9998", "B9999", "E1399", "J1599", "J3490", "J3590", "J7599",
        "J7699", "J7799", "J8498", "J8499", "J8999", "J9999", "K0108",
    ];
    NOC.contains(&code)
        || (code.len() == 5 && code.ends_with("999") && code.as_bytes()[0].is_ascii_digit())
        || code == "99199"
}

fn units(g: &Gist<'_>, l: &Line<'_>, s: &Here<'_>, out: &mut Vec<Issue>) {
    let (u, q) = if s.id() == "SV2" { (4, 5) } else { (3, 4) };
    let text = s.el(q);
    if text.is_empty() || !is_decimal(text.as_bytes()) {
        return;
    }
    let value: f64 = text.parse().unwrap_or(0.0);
    if value <= 0.0 {
        out.push(
            Issue::stop("x12.units", s.at(q), "units are more than zero", UNITS).fix("correct the units"),
        );
    } else if text.split_once('.').is_some_and(|(_, d)| d.len() > 3) {
        out.push(Issue::stop("x12.units", s.at(q), "units have three decimals at most", UNITS));
    } else if value > 9_999.0 {
        out.push(
            Issue::stop("x12.units", s.at(q), format!("{} units on one line", shown(text)), UNITS)
                .fix("correct the units"),
        );
    }
    if s.id() != "SV1" || g.institutional {
        return;
    }
    let anesthesia = matches!(l.code().parse::<u32>(), Ok(100..=1_999)) && l.code().len() == 5;
    match (s.el(u), anesthesia) {
        ("MJ", false) => out.push(
            Issue::stop("x12.units", s.at(u), "minutes (MJ) are for anesthesia 00100 to 01999 only", UNITS)
                .fix("use UN"),
        ),
        ("UN", true) if !matches!(l.code(), "01953" | "01996") => {
            out.push(
                Issue::stop("x12.units", s.at(u), "anesthesia is sent in minutes (MJ)", UNITS)
                    .fix("use MJ and the minutes"),
            );
        }
        ("MJ", true) if text.contains('.') => {
            out.push(Issue::stop("x12.units", s.at(q), "minutes are whole", UNITS));
        }
        _ => {}
    }
}

fn pointers(s: &Here<'_>, diagnoses: usize, out: &mut Vec<Issue>) {
    let all: Vec<&str> = s.seg.parts(s.el(7)).collect();
    if s.el(7).is_empty() {
        return; // said as a missing element
    }
    let mut gap = false;
    for (i, p) in all.iter().enumerate() {
        let at = s.at_comp(7, i + 1);
        if p.is_empty() {
            gap = true;
            continue;
        }
        if gap {
            out.push(
                Issue::stop("x12.pointer", at.clone(), "a pointer after an empty place", POINTERS)
                    .fix("close the gap"),
            );
            gap = false;
        }
        let Ok(n) = p.parse::<usize>() else { continue };
        if n == 0 || n > 12 {
            out.push(
                Issue::stop(
                    "x12.pointer",
                    at,
                    format!("pointer {} does not exist: 1 to 12", shown(p)),
                    POINTERS,
                )
                .fix("point to a diagnosis"),
            );
        } else if n > diagnoses {
            let m = format!("pointer {n} points past the last of {diagnoses} diagnoses");
            out.push(Issue::stop("x12.pointer", at, m, POINTERS).fix("point to a diagnosis of the claim"));
        } else if all[..i].iter().any(|x| x.parse() == Ok(n)) {
            out.push(
                Issue::stop("x12.pointer", at, format!("pointer {n} stands twice"), POINTERS)
                    .fix("remove one"),
            );
        }
    }
    if all.len() > 4 {
        out.push(
            Issue::stop("x12.pointer", s.at(7), "more than four pointers", POINTERS)
                .fix("keep the four that matter"),
        );
    }
}

fn revenue(g: &Gist<'_>, l: &Line<'_>, s: &Here<'_>, out: &mut Vec<Issue>) {
    const REVENUE: &str =
        "NUBC revenue code format; CMS Pub. 100-04 ch. 25 sec. 75.4; X12 005010X223A2 SV201";
    let code = s.el(1);
    if code.is_empty() {
        return;
    }
    if code.len() != 4 || !code.bytes().all(|b| b.is_ascii_digit()) || matches!(code, "0001" | "0000") {
        let m = format!("revenue code {}: four digits, and never 0001, which is the total", shown(code));
        out.push(Issue::stop("x12.revenue", s.at(1), m, REVENUE).fix("correct the revenue code"));
        return;
    }
    let number: u32 = code.parse().unwrap_or(0);
    let room = (100..220).contains(&number);
    match (room, s.el(4)) {
        (true, "UN") => out.push(
            Issue::stop("x12.units", s.at(4), "accommodation is counted in days (DA)", UNITS).fix("use DA"),
        ),
        (false, "DA") => out.push(
            Issue::stop("x12.units", s.at(4), "days (DA) are for accommodation only", UNITS).fix("use UN"),
        ),
        _ => {}
    }
    if room && matches!(g.place(), "13" | "14" | "85") {
        out.push(Issue::stop("x12.revenue", s.at(1), "accommodation on an outpatient bill", REVENUE));
    }
    let bare = s.el(2).is_empty();
    let wants_code =
        matches!(number, 450..=459 | 636 | 300..=319 | 320..=359 | 610..=619 | 420..=449 | 510..=529);
    if bare && wants_code && matches!(g.place(), "13" | "14" | "85" | "83") {
        let m = format!("revenue code {code} needs a procedure code on an outpatient bill");
        out.push(
            Issue::stop("x12.procedure", s.at(2), m, "CMS Pub. 100-04 ch. 4 sec. 20")
                .fix("give the HCPCS code"),
        );
    }
    if !bare
        && !matches!(g.place(), "11" | "12" | "18" | "21" | "41")
        && l.qualifier("2400", "DTP", "472").is_none()
    {
        out.push(
            Issue::stop(
                "x12.required",
                s.lacks("DTP"),
                "the line's date of service (DTP*472) is missing",
                "CMS Pub. 100-04 ch. 25 sec. 75.4 (FL 45); X12 005010X223A2 DTP*472",
            )
            .fix("give the date"),
        );
    }
    if let (Some(charge), Some(not)) = (l.charge, cents(s.el(7)).filter(|_| s.has(7)))
        && not.0 > charge.0
    {
        out.push(Issue::stop("x12.amount", s.at(7), "more is not covered than was charged", GUIDE));
    }
}
