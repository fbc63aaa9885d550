//! HI: diagnoses, present on admission, procedures, occurrence, value and condition codes: R12, R17.

use super::{GUIDE, Gist};
use crate::claims::{CodeFacts, Status};
use crate::domain::CodeSystem;
use crate::x12::elements::{days, is_decimal};
use crate::x12::issue::{Issue, shown};
use crate::x12::view::Here;
use chrono::NaiveDate;

const CM: &str = "ICD-10-CM Official Guidelines; X12 005010 HI";
const POA: &str = "CMS POA reporting; ICD-10-CM Guidelines appendix I; X12 005010X223A2 HI composite 9";
const TEN: [&str; 7] = ["ABK", "ABF", "ABJ", "APR", "ABN", "BBR", "BBQ"];
const NINE: [&str; 7] = ["BK", "BF", "BJ", "PR", "BN", "BR", "BQ"];

struct Code<'a> {
    here: Here<'a>,
    n: usize,
    kind: &'a str,
    code: &'a str,
}

pub(super) fn check(g: &Gist<'_>, facts: Option<&dyn CodeFacts>, out: &mut Vec<Issue>) {
    let mut codes: Vec<Code<'_>> = Vec::new();
    for h in g.head().iter().filter(|h| h.is("2300", "HI")) {
        let mut gap = false;
        for n in 1..=12 {
            let kind = h.comp(n, 1);
            if h.el(n).is_empty() {
                gap = true;
                continue;
            }
            if std::mem::take(&mut gap) {
                out.push(Issue::stop("x12.dx", h.at(n - 1), "an empty place before a code", CM));
            }
            codes.push(Code { here: *h, n, kind, code: h.comp(n, 2) });
        }
    }
    let day = g.code_day();
    versions(&codes, day, out);
    for c in &codes {
        match c.kind {
            k if TEN[..5].contains(&k) => diagnosis(c, day, facts, out),
            "BBR" | "BBQ" => procedure(g, c, day, facts, out),
            "BH" | "BI" | "BE" | "BG" | "TC" => other(c, out),
            "DR" => {
                let ok = matches!(c.code.len(), 3 | 4) && c.code.bytes().all(|b| b.is_ascii_digit());
                if !ok && !c.code.is_empty() {
                    out.push(Issue::stop("x12.drg", c.here.at_comp(c.n, 2), "a DRG has three digits", GUIDE));
                }
                if g.institutional && !matches!(g.place(), "11" | "12" | "18" | "21") {
                    out.push(Issue::warn("x12.drg", c.here.at(c.n), "a DRG on an outpatient bill", GUIDE));
                }
            }
            _ => {}
        }
    }
    patient(g, &codes, facts, out);
    set(g, &codes, out);
    if g.institutional {
        institutional(g, &codes, facts, out);
    }
}

fn at_code(c: &Code<'_>) -> crate::x12::issue::At {
    c.here.at_comp(c.n, 2)
}

/// Qualifiers of one version, the one of the date.
fn versions(codes: &[Code<'_>], day: Option<NaiveDate>, out: &mut Vec<Issue>) {
    let ten = NaiveDate::from_ymd_opt(2015, 10, 1);
    let mixed = codes.iter().any(|c| TEN.contains(&c.kind)) && codes.iter().any(|c| NINE.contains(&c.kind));
    for c in codes {
        let (is_ten, is_nine) = (TEN.contains(&c.kind), NINE.contains(&c.kind));
        let wrong = match (day, ten) {
            (Some(d), Some(t)) => (is_nine && d >= t) || (is_ten && d < t),
            _ => is_nine && mixed,
        };
        if wrong {
            let m = format!("qualifier {} is of another code set than the date of service", c.kind);
            out.push(
                Issue::stop("x12.dx_qualifier", c.here.at_comp(c.n, 1), m, "45 CFR 162.1002; X12 005010 HI")
                    .fix("use the ICD-10 qualifier (ABK, ABF ...)"),
            );
        }
    }
}

fn diagnosis(c: &Code<'_>, day: Option<NaiveDate>, facts: Option<&dyn CodeFacts>, out: &mut Vec<Issue>) {
    let code = c.code;
    if code.is_empty() {
        return;
    }
    if code.contains('.') {
        out.push(
            Issue::stop("x12.dx", at_code(c), format!("{} is sent without its point", shown(code)), CM)
                .fix("remove the point"),
        );
        return;
    }
    let b = code.as_bytes();
    let formed = (3..=7).contains(&b.len())
        && b[0].is_ascii_uppercase()
        && b[1].is_ascii_digit()
        && b[2..].iter().all(|x| x.is_ascii_digit() || x.is_ascii_uppercase());
    if !formed {
        out.push(
            Issue::stop(
                "x12.dx",
                at_code(c),
                format!("{} has not the form of an ICD-10-CM code", shown(code)),
                CM,
            )
            .fix("correct the code"),
        );
        return;
    }
    if matches!(c.kind, "ABK" | "ABJ") && matches!(b[0], b'V'..=b'Y') {
        let m = format!("{code} is an external cause: it is never the first diagnosis");
        out.push(
            Issue::stop("x12.dx", at_code(c), m, "ICD-10-CM Guidelines section I.C.20")
                .fix("put the injury first"),
        );
    }
    if c.kind == "ABN" && !matches!(b[0], b'V'..=b'Y') && !matches!(b[0], b'T' | b'S') {
        let m = format!("{code} is no external cause of injury");
        out.push(Issue::stop("x12.dx", at_code(c), m, CM).fix("send it as a diagnosis (ABF)"));
    }
    if let (Some(facts), Some(day)) = (facts, day) {
        let status = facts.status(CodeSystem::Icd10cm, code, day);
        if !matches!(status, Status::Valid | Status::Unchecked) {
            let m = format!("{code} cannot be billed on {day}: {}", status.words());
            out.push(
                Issue::stop("x12.dx_valid", at_code(c), m, "ICD-10-CM code set of the date of service")
                    .fix("choose the billable code of that date"),
            );
        }
    }
}

fn procedure(
    g: &Gist<'_>,
    c: &Code<'_>,
    day: Option<NaiveDate>,
    facts: Option<&dyn CodeFacts>,
    out: &mut Vec<Issue>,
) {
    const PCS: &str = "ICD-10-PCS; X12 005010X223A2 HI BBR, BBQ";
    let b = c.code.as_bytes();
    let formed = b.len() == 7
        && b.iter().all(|x| x.is_ascii_digit() || (x.is_ascii_uppercase() && !matches!(x, b'I' | b'O')));
    if !formed {
        out.push(Issue::stop(
            "x12.px",
            at_code(c),
            format!("{} has not the form of an ICD-10-PCS code", shown(c.code)),
            PCS,
        ));
    } else if let (Some(facts), Some(day)) = (facts, day) {
        let status = facts.status(CodeSystem::Icd10pcs, c.code, day);
        if !matches!(status, Status::Valid | Status::Unchecked) {
            let m = format!("{} cannot be billed on {day}: {}", c.code, status.words());
            out.push(Issue::stop("x12.px", at_code(c), m, PCS));
        }
    }
    let format = c.here.comp(c.n, 3);
    let date = c.here.comp(c.n, 4);
    if format.is_empty() || date.is_empty() {
        return;
    }
    match days(format, date) {
        None => out.push(Issue::stop(
            "x12.date",
            c.here.at_comp(c.n, 4),
            "the date of the procedure is no date",
            PCS,
        )),
        Some((d, _)) => {
            // Services of the three days before admission belong to the stay (42 CFR 412.2).
            let early = g.statement.is_some_and(|(from, _)| d < from - chrono::Duration::days(3));
            let late = g.statement.is_some_and(|(_, through)| d > through);
            if early || late {
                let m = format!("the procedure of {d} lies outside the statement dates");
                out.push(Issue::stop("x12.date", c.here.at_comp(c.n, 4), m, PCS).fix("correct the date"));
            }
        }
    }
}

fn other(c: &Code<'_>, out: &mut Vec<Issue>) {
    const NUBC: &str = "NUBC code formats; X12 005010X223A2 HI";
    let two = c.code.len() == 2 && c.code.bytes().all(|b| b.is_ascii_digit() || b.is_ascii_uppercase());
    if !two && c.kind != "TC" && !c.code.is_empty() && c.here.lp == "2300" {
        let m = format!("{}: a code of this kind has two letters or digits", shown(c.code));
        out.push(Issue::stop("x12.ub_code", at_code(c), m, NUBC));
    }
    match c.kind {
        "BH" | "BI" => {
            let (format, date) = (c.here.comp(c.n, 3), c.here.comp(c.n, 4));
            if format.is_empty() || date.is_empty() {
                return;
            }
            match days(format, date) {
                None => out.push(Issue::stop(
                    "x12.date",
                    c.here.at_comp(c.n, 4),
                    "the date of the occurrence is no date",
                    NUBC,
                )),
                Some((a, b)) if a > b => {
                    out.push(Issue::stop(
                        "x12.date",
                        c.here.at_comp(c.n, 4),
                        "the span ends before it begins",
                        NUBC,
                    ));
                }
                Some(_) => {}
            }
        }
        "BE" => {
            let amount = c.here.comp(c.n, 5);
            if !amount.is_empty() && is_decimal(amount.as_bytes()) && amount.starts_with('-') {
                out.push(Issue::stop(
                    "x12.ub_code",
                    c.here.at_comp(c.n, 5),
                    "a value amount is not negative",
                    NUBC,
                ));
            }
        }
        _ => {}
    }
}

/// Codes against the patient: sex, age, and codes that are never first (R12).
fn patient(g: &Gist<'_>, codes: &[Code<'_>], facts: Option<&dyn CodeFacts>, out: &mut Vec<Issue>) {
    const MCE: &str = "CMS Medicare Code Editor, age and sex conflicts; ICD-10-CM";
    let part = if g.view.patient.is_empty() { g.view.subscriber } else { g.view.patient };
    let sex = g.view.each(part).find(|h| h.id() == "DMG").map_or("", |h| h.el(3));
    let age = g.birth.zip(g.code_day()).and_then(|(b, d)| d.years_since(b));
    for c in codes.iter().filter(|c| TEN[..2].contains(&c.kind) || c.kind == "ABJ") {
        let head = c.code.get(..3).unwrap_or("");
        let female = head.starts_with('O') && head != "O9A"
            || ("C51"..="C58").contains(&head)
            || ("N70"..="N98").contains(&head);
        let male = ("C60"..="C63").contains(&head) || ("N40"..="N51").contains(&head);
        if (female && sex == "M") || (male && sex == "F") {
            let m = format!("{} does not fit the patient's sex", shown(c.code));
            out.push(
                Issue::stop("x12.dx_patient", at_code(c), m, MCE).fix("check the code and the patient's sex"),
            );
        }
        if head == "Z38" && age.is_some_and(|a| a > 0) {
            let m = format!("{} is for the birth itself; the patient is older", shown(c.code));
            out.push(
                Issue::stop("x12.dx_patient", at_code(c), m, MCE).fix("check the code and the date of birth"),
            );
        }
        if c.kind == "ABK" && facts.and_then(|f| f.manifestation(c.code)) == Some(true) {
            let m = format!("{} is a manifestation: it is never the first diagnosis", shown(c.code));
            out.push(
                Issue::stop("x12.dx", at_code(c), m, "ICD-10-CM Guidelines section I.A.13")
                    .fix("put the cause first"),
            );
        }
    }
}

/// What holds for the codes of a claim together.
fn set(g: &Gist<'_>, codes: &[Code<'_>], out: &mut Vec<Issue>) {
    let is_dx = |c: &&Code<'_>| matches!(c.kind, "ABK" | "ABF" | "BK" | "BF");
    let listed: Vec<&Code<'_>> = codes.iter().filter(is_dx).collect();
    for (i, c) in listed.iter().enumerate() {
        if !c.code.is_empty() && listed[..i].iter().any(|e| e.code == c.code) {
            out.push(
                Issue::stop("x12.dx", at_code(c), format!("{} stands twice", shown(c.code)), CM)
                    .fix("remove one"),
            );
        }
    }
    for kind in ["APR", "ABN", "BBQ", "BG", "BI"] {
        let of: Vec<&Code<'_>> = codes.iter().filter(|c| c.kind == kind).collect();
        for (i, c) in of.iter().enumerate() {
            let whole = c.here.el(c.n);
            if of[..i].iter().any(|e| e.here.el(e.n) == whole) {
                out.push(
                    Issue::stop("x12.dx", at_code(c), format!("{} stands twice", shown(c.code)), GUIDE)
                        .fix("remove one"),
                );
            }
        }
    }
    let principal = listed.iter().filter(|c| matches!(c.kind, "ABK" | "BK")).count();
    if principal > 1
        && let Some(c) = listed.iter().rfind(|c| matches!(c.kind, "ABK" | "BK"))
    {
        out.push(Issue::stop("x12.dx", c.here.at_comp(c.n, 1), "two principal diagnoses", CM));
    }
    if !g.institutional {
        return;
    }
    if codes.iter().any(|c| c.kind == "BBQ")
        && !codes.iter().any(|c| c.kind == "BBR")
        && let Some(c) = codes.iter().find(|c| c.kind == "BBQ")
    {
        out.push(Issue::stop(
            "x12.px",
            c.here.at_comp(c.n, 1),
            "other procedures without a principal one",
            "X12 005010X223A2 HI BBR",
        ));
    }
}

fn institutional(g: &Gist<'_>, codes: &[Code<'_>], facts: Option<&dyn CodeFacts>, out: &mut Vec<Issue>) {
    const UB: &str = "CMS Pub. 100-04 ch. 25 sec. 75.6; X12 005010X223A2 HI";
    let Some(clm) = g.clm else { return };
    let bill = g.place();
    let has = |k: &str| codes.iter().any(|c| c.kind == k);
    if matches!(bill, "11" | "12" | "18" | "21") && !has("ABJ") && !has("BJ") {
        out.push(
            Issue::stop("x12.admitting", clm.lacks("HI"), "the admitting diagnosis (HI ABJ) is missing", UB)
                .fix("give the admitting diagnosis"),
        );
    }
    if matches!(bill, "13" | "14" | "85")
        && let Some(c) = codes.iter().find(|c| c.kind == "ABJ")
    {
        out.push(Issue::warn(
            "x12.admitting",
            c.here.at(c.n),
            "an admitting diagnosis on an outpatient bill",
            UB,
        ));
    }
    let kind = g.find("2300", "CL1").map_or("", |c| c.el(1));
    let unscheduled = matches!(kind, "1" | "2" | "5")
        && g.lines().any(|l| {
            l.service.is_some_and(|s| ["045", "0516", "0526", "0762"].iter().any(|r| s.el(1).starts_with(r)))
        });
    if matches!(bill, "13" | "85") && unscheduled && g.frequency() != "8" && !has("APR") && !has("PR") {
        out.push(
            Issue::stop(
                "x12.reason",
                clm.lacks("HI"),
                "the patient's reason for an unscheduled visit (HI APR) is missing",
                UB,
            )
            .fix("give the reason for the visit"),
        );
    }
    if matches!(bill, "11" | "12")
        && let Some(c) = codes.iter().find(|c| c.kind == "APR")
    {
        out.push(Issue::stop(
            "x12.reason",
            c.here.at(c.n),
            "a reason for visit belongs to outpatient bills",
            UB,
        ));
    }
    if matches!(bill, "13" | "14" | "85")
        && let Some(c) = codes.iter().find(|c| matches!(c.kind, "BBR" | "BBQ"))
    {
        out.push(Issue::stop(
            "x12.px",
            c.here.at(c.n),
            "ICD-10-PCS procedures are for stays only",
            "45 CFR 162.1002",
        ));
    }
    for c in codes.iter().filter(|c| matches!(c.kind, "ABK" | "ABF" | "ABN")) {
        let poa = c.here.comp(c.n, 9);
        let exempt = facts.zip(g.code_day()).and_then(|(f, on)| f.poa_exempt(c.code, on));
        let at = c.here.at_comp(c.n, 9);
        match (bill, poa.is_empty(), exempt) {
            ("11", true, Some(false)) => {
                let m = format!("{}: present on admission is missing", shown(c.code));
                out.push(Issue::stop("x12.poa", at, m, POA).fix("say Y, N, U or W"));
            }
            ("11", true, None) => {
                let issue = if never_exempt(c.code) {
                    let m = format!("{}: present on admission is missing", shown(c.code));
                    Issue::stop("x12.poa", at, m, POA)
                } else {
                    let m = format!(
                        "{}: present on admission is missing, unless the code is exempt",
                        shown(c.code)
                    );
                    Issue::warn("x12.poa", at, m, POA)
                };
                out.push(issue.fix("say Y, N, U or W"));
            }
            ("11" | "12" | "18" | "21", false, Some(true)) => {
                let m = format!("{} is exempt from present on admission: send nothing", shown(c.code));
                out.push(Issue::stop("x12.poa", at, m, POA).fix("remove the indicator"));
            }
            (
                "13" | "14" | "32" | "33" | "34" | "85" | "71" | "72" | "73" | "74" | "75" | "76" | "77"
                | "83",
                false,
                _,
            ) => {
                let m = "present on admission belongs to stays, not to this type of bill";
                out.push(Issue::stop("x12.poa", at, m, POA).fix("remove the indicator"));
            }
            _ => {}
        }
    }
}

/// Codes that CMS's exempt list cannot hold, for a site that has not loaded it: diseases and first encounters for
/// an injury. The list is made of Z codes, external causes, births, congenital conditions, sequelae and later
/// encounters, with the few below.
fn never_exempt(code: &str) -> bool {
    const LISTED: [&str; 12] =
        ["B90", "B91", "B92", "B94", "E64", "G09", "G14", "I252", "I69", "M80", "M84", "N39"];
    let b = code.as_bytes();
    match b.first() {
        Some(b'A'..=b'N' | b'R') => !LISTED.iter().any(|l| code.starts_with(l)),
        Some(b'S' | b'T') => b.get(6) == Some(&b'A'),
        _ => false,
    }
}
