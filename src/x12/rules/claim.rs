//! The claim itself: place, frequency with the payer's number, accidents, attachments, certificates.
//! R9, R10, R11, R22, R25.

use super::{GUIDE, Gist, cents};
use crate::claims::is_place;
use crate::x12::issue::{Issue, shown};

const FREQUENCY: &str = "NUBC frequency codes; X12 005010 CLM05-3 with REF*F8";
/// First two digits of a type of bill.
const BILLS: &str =
    "11 12 13 14 18 21 22 23 28 32 33 34 41 43 65 66 71 72 73 74 75 76 77 79 81 82 83 84 85 86 87 89";

pub(super) fn check(g: &Gist<'_>, out: &mut Vec<Issue>) {
    let Some(clm) = g.clm else { return };
    if clm.el(1).trim().is_empty() && !clm.el(1).is_empty() {
        out.push(Issue::stop("x12.required", clm.at(1), "the account number is blank", GUIDE));
    }
    let total = clm.el(2);
    if !total.is_empty() && crate::x12::elements::is_decimal(total.as_bytes()) {
        match cents(total) {
            None => {
                out.push(Issue::stop("x12.amount", clm.at(2), "an amount has two decimals at most", GUIDE))
            }
            Some(c) if c.0 < 0 => {
                out.push(Issue::stop("x12.amount", clm.at(2), "the total is negative", GUIDE))
            }
            Some(_) => {}
        }
    }
    place(g, out);
    frequency(g, out);
    accident(g, out);
    attachments(g, out);
    if !g.institutional {
        professional(g, out);
    }
}

fn place(g: &Gist<'_>, out: &mut Vec<Issue>) {
    let Some(clm) = g.clm else { return };
    let place = g.place();
    if place.is_empty() {
        return;
    }
    if g.institutional {
        if !BILLS.split_ascii_whitespace().any(|b| b == place) {
            let m = format!("{} is no type of bill", shown(place));
            out.push(Issue::stop(
                "x12.place",
                clm.at_comp(5, 1),
                m,
                "NUBC type of bill; X12 005010X223A2 CLM05-1",
            ));
        }
    } else if !is_place(place) {
        let m = format!("{} is no CMS place of service", shown(place));
        out.push(
            Issue::stop("x12.place", clm.at_comp(5, 1), m, "CMS place of service code set")
                .fix("correct the place of service"),
        );
    }
}

fn frequency(g: &Gist<'_>, out: &mut Vec<Issue>) {
    let Some(clm) = g.clm else { return };
    let f = g.frequency();
    if f.is_empty() {
        return;
    }
    let allowed =
        if g.institutional { "0 1 2 3 4 5 6 7 8 9 A B C D E F G H I J K M P Q X Y Z" } else { "1 6 7 8" };
    if !allowed.split(' ').any(|a| a == f) {
        let m = format!("frequency {} does not exist on this claim", shown(f));
        out.push(
            Issue::stop("x12.frequency", clm.at_comp(5, 3), m, FREQUENCY)
                .fix("1 original, 7 replacement, 8 void"),
        );
        return;
    }
    let original = g.keyed("REF", "F8");
    match (f, original) {
        ("6" | "7" | "8", None) => out.push(
            Issue::stop(
                "x12.frequency",
                clm.lacks("REF"),
                format!("frequency {f} without the payer's claim number (REF*F8)"),
                FREQUENCY,
            )
            .fix("give the payer's claim number, or send it as an original (1)"),
        ),
        ("1", Some(_)) => out.push(
            Issue::stop(
                "x12.frequency",
                clm.at_comp(5, 3),
                "an original claim that names the payer's earlier claim (REF*F8)",
                FREQUENCY,
            )
            .fix("send it as a replacement (7), or leave the number out"),
        ),
        (_, Some(r)) if !r.el(2).is_empty() && r.el(2).len() < 3 => {
            out.push(Issue::stop("x12.frequency", r.at(2), "this is no payer's claim number", FREQUENCY));
        }
        _ => {}
    }
}

fn accident(g: &Gist<'_>, out: &mut Vec<Issue>) {
    let Some(clm) = g.clm.filter(|_| !g.institutional) else { return };
    const AUTHORITY: &str = "X12 005010X222A1 CLM11, DTP*439";
    let causes: Vec<&str> = (1..=3).map(|c| clm.comp(11, c)).filter(|c| !c.is_empty()).collect();
    let date = g.keyed("DTP", "439");
    if causes.contains(&"AA") && clm.comp(11, 4).is_empty() && clm.comp(11, 5).is_empty() {
        out.push(
            Issue::stop(
                "x12.accident",
                clm.at_comp(11, 4),
                "an automobile accident needs its state",
                AUTHORITY,
            )
            .fix("give the state of the accident"),
        );
    }
    let state = clm.comp(11, 4);
    if !state.is_empty() && !super::parties::STATES.split_ascii_whitespace().any(|s| s == state) {
        out.push(Issue::stop("x12.accident", clm.at_comp(11, 4), "this is no state", AUTHORITY));
    }
    if !state.is_empty() && !causes.contains(&"AA") {
        out.push(Issue::stop(
            "x12.accident",
            clm.at_comp(11, 4),
            "a state goes with an automobile accident only",
            AUTHORITY,
        ));
    }
    match (causes.is_empty(), date) {
        (false, None) => out.push(
            Issue::stop("x12.accident", clm.lacks("DTP"), "an accident needs its date (DTP*439)", AUTHORITY)
                .fix("give the date of the accident"),
        ),
        (true, Some(d)) => out.push(
            Issue::stop("x12.accident", d.at(1), "an accident date, but CLM11 names no accident", AUTHORITY)
                .fix("say what kind of accident (AA, EM, OA), or remove the date"),
        ),
        _ => {}
    }
    if causes.iter().enumerate().any(|(i, c)| causes[..i].contains(c)) {
        out.push(Issue::stop("x12.accident", clm.at(11), "the same cause twice", AUTHORITY));
    }
    if g.filing() == "WC" && !causes.contains(&"EM") {
        let m = "workers' compensation, and CLM11 does not say that it comes from employment";
        out.push(
            Issue::stop("x12.accident", clm.at(11), m, AUTHORITY)
                .fix("mark it as related to employment (EM)"),
        );
    }
    if g.filing() == "AM" && !causes.contains(&"AA") {
        let m = "automobile insurance, and CLM11 does not say that it comes from an automobile accident";
        out.push(
            Issue::stop("x12.accident", clm.at(11), m, AUTHORITY)
                .fix("mark it as an automobile accident (AA)"),
        );
    }
}

/// R11: on request there is nothing to name yet; else the attachment's number finds it.
fn attachments(g: &Gist<'_>, out: &mut Vec<Issue>) {
    const AUTHORITY: &str = "X12 005010 PWK02, PWK05, PWK06";
    for h in g.all().iter().filter(|h| h.id() == "PWK" && h.el(1) != "CT") {
        let (how, kind, number) = (h.el(2), h.el(5), h.el(6));
        if how == "AA" && !(kind.is_empty() && number.is_empty()) {
            out.push(Issue::stop(
                "x12.attachment",
                h.at(5),
                "available on request has no control number",
                AUTHORITY,
            ));
        } else if !how.is_empty() && how != "AA" {
            if number.is_empty() {
                out.push(
                    Issue::stop(
                        "x12.attachment",
                        h.at(6),
                        "an attachment that is sent needs its control number",
                        AUTHORITY,
                    )
                    .fix("give the number written on the attachment"),
                );
            } else if kind.is_empty() {
                out.push(Issue::stop(
                    "x12.attachment",
                    h.at(5),
                    "the control number's kind (AC) is missing",
                    AUTHORITY,
                ));
            }
        }
    }
}

fn professional(g: &Gist<'_>, out: &mut Vec<Issue>) {
    let Some(clm) = g.clm else { return };
    if matches!(g.place(), "21" | "51" | "61") && g.keyed("DTP", "435").is_none() {
        out.push(
            Issue::stop(
                "x12.admission",
                clm.lacks("DTP"),
                "an inpatient place of service needs the admission date",
                "X12 005010X222A1 DTP*435; CMS-1500 item 18",
            )
            .fix("give the admission date"),
        );
    }
    if matches!(g.place(), "41" | "42") {
        let need = |lp: &'static str, id: &'static str, what: &str, out: &mut Vec<Issue>| {
            let line =
                g.lines().any(|l| l.find(&lp.replace("231", "242").replace("2300", "2400"), id).is_some());
            if g.find(lp, id).is_none()
                && !line
                && !(lp.starts_with("2310")
                    && g.lines().any(|l| {
                        l.segments.iter().any(|h| h.lp.starts_with("2420") && matches!(h.el(1), "PW" | "45"))
                    }))
            {
                let mut at = clm.lacks(id);
                at.lp = lp;
                out.push(Issue::stop(
                    "x12.ambulance",
                    at,
                    format!("an ambulance claim needs {what}"),
                    "X12 005010X222A1 CR1, 2310E, 2310F",
                ));
            }
        };
        need("2300", "CR1", "the transport information (CR1)", out);
        need("2310E", "NM1", "the pick-up address (2310E)", out);
        need("2310F", "NM1", "the drop-off address (2310F)", out);
        if !g.all().iter().any(|h| h.id() == "CRC" && h.el(1) == "07") {
            out.push(Issue::warn(
                "x12.ambulance",
                clm.lacks("CRC"),
                "the ambulance certification (CRC*07) is missing",
                GUIDE,
            ));
        }
    }
    for h in g.all().iter().filter(|h| h.id() == "CR1") {
        if h.el(1).is_empty() != h.el(2).is_empty() {
            let n = if h.el(1).is_empty() { 1 } else { 2 };
            out.push(Issue::stop(
                "x12.ambulance",
                h.at(n),
                "the patient's weight needs number and unit",
                GUIDE,
            ));
        }
    }
    let claim_has = |key: &str| g.keyed("REF", key).is_some();
    for l in g.lines() {
        let code = l.code();
        let Some(s) = l.service else { continue };
        let number: Option<u32> = code.parse().ok().filter(|_| code.len() == 5);
        if matches!(number, Some(77_065..=77_067))
            && !claim_has("EW")
            && l.qualifier("2400", "REF", "EW").is_none()
        {
            let mut at = s.lacks("REF");
            at.lp = "2300";
            out.push(
                Issue::stop(
                    "x12.mammography",
                    at,
                    "a mammogram needs the facility's certificate (REF*EW)",
                    "21 CFR 900; X12 005010X222A1 REF*EW",
                )
                .fix("give the mammography certificate number"),
            );
        }
        let lab = matches!(number, Some(80_047..=89_398));
        if lab && !claim_has("X4") && l.qualifier("2400", "REF", "X4").is_none() {
            let mut at = s.lacks("REF");
            at.lp = "2300";
            let m = "a laboratory test without the CLIA number (REF*X4)";
            let a = "42 CFR 493; X12 005010X222A1 REF*X4";
            out.push(
                if g.place() == "81" {
                    Issue::stop("x12.clia", at, m, a)
                } else {
                    Issue::warn("x12.clia", at, m, a)
                }
                .fix("give the laboratory's CLIA number"),
            );
        }
        if matches!(code, "98940" | "98941" | "98942")
            && g.filing() == "MB"
            && g.keyed("DTP", "454").is_none()
            && l.qualifier("2400", "DTP", "454").is_none()
        {
            let m = "spinal manipulation for Medicare needs the date of first treatment (DTP*454)";
            out.push(Issue::stop(
                "x12.chiropractic",
                clm.lacks("DTP"),
                m,
                "CMS Pub. 100-02 ch. 15 sec. 240; X12 005010X222A1 DTP*454",
            ));
        }
        let equipment = code.starts_with(['E', 'K', 'L']) && code.len() == 5;
        if equipment
            && l.find("2420E", "NM1").is_none()
            && g.find("2310A", "NM1").is_none()
            && l.find("2420F", "NM1").is_none()
        {
            let mut at = s.lacks("NM1");
            at.lp = "2420E";
            let m = "equipment without the provider who ordered it (NM1*DK)";
            let a = "CMS Pub. 100-04 ch. 20; X12 005010X222A1 2420E";
            out.push(
                if g.filing() == "MB" {
                    Issue::stop("x12.ordering", at, m, a)
                } else {
                    Issue::warn("x12.ordering", at, m, a)
                }
                .fix("name the ordering provider with NPI"),
            );
        }
    }
}
