//! What the institutional claim adds: admission, discharge, attending, operating, status, bill against dates.

use super::Gist;
use crate::x12::issue::{Issue, shown};

const UB: &str = "CMS Pub. 100-04 ch. 25 sec. 75; X12 005010X223A2";
const STATUS: &str = "01 02 03 04 05 06 07 09 20 21 30 40 41 42 43 50 51 61 62 63 64 65 66 69 70 81 82 83 84 85 86 87 88 \
                      89 90 91 92 93 94 95";

pub(super) fn check(g: &Gist<'_>, out: &mut Vec<Issue>) {
    let Some(clm) = g.clm.filter(|_| g.institutional) else { return };
    let bill = g.place();
    let stay = matches!(
        bill,
        "11" | "12" | "18" | "21" | "28" | "32" | "33" | "34" | "41" | "65" | "66" | "81" | "82" | "86"
    );
    let lacks = |lp: &'static str, id: &'static str| {
        let mut at = clm.lacks(id);
        at.lp = lp;
        at
    };
    let admission = g.keyed("DTP", "435");
    if stay && admission.is_none() {
        let m = format!("type of bill {bill}x needs the admission date (DTP*435)");
        out.push(
            Issue::stop("x12.admission", lacks("2300", "DTP"), m, UB).fix("give the admission date and hour"),
        );
    }
    if let Some(a) = admission.filter(|a| bill == "11" && a.el(2) == "D8") {
        out.push(Issue::stop("x12.admission", a.at(2), "a stay needs the hour of admission too (DT)", UB));
    }
    let cl1 = g.find("2300", "CL1");
    if let Some(c) = cl1 {
        let (kind, origin, status) = (c.el(1), c.el(2), c.el(3));
        if !kind.is_empty() && !matches!(kind, "1" | "2" | "3" | "4" | "5" | "9") {
            out.push(Issue::stop(
                "x12.admission",
                c.at(1),
                format!("{} is no type of admission", shown(kind)),
                UB,
            ));
        } else if kind.is_empty() {
            out.push(Issue::stop("x12.admission", c.at(1), "the type of admission or visit is missing", UB));
        }
        if origin.is_empty() {
            out.push(Issue::stop("x12.admission", c.at(2), "the point of origin is missing", UB));
        } else {
            let born = matches!(origin, "5" | "6");
            if !("1245689DEFG".contains(origin) || (kind == "4" && born)) {
                out.push(Issue::stop(
                    "x12.admission",
                    c.at(2),
                    format!("{} is no point of origin", shown(origin)),
                    UB,
                ));
            }
        }
        if kind == "4" && !matches!(origin, "5" | "6") && !origin.is_empty() {
            out.push(Issue::stop(
                "x12.admission",
                c.at(2),
                "a newborn is born here (5) or elsewhere (6)",
                UB,
            ));
        }
        if !status.is_empty() && !STATUS.split_ascii_whitespace().any(|s| s == status) {
            out.push(Issue::stop(
                "x12.status",
                c.at(3),
                format!("{} is no discharge status", shown(status)),
                UB,
            ));
        }
        if matches!(g.frequency(), "2" | "3") && status != "30" && !status.is_empty() {
            let m =
                "an interim bill of a patient who has left: the status of a patient who is still there is 30";
            out.push(
                Issue::stop("x12.status", c.at(3), m, UB)
                    .fix("correct the status, or send the final bill (4)"),
            );
        }
    }
    let status = cl1.map_or("", |c| c.el(3));
    let gone = bill == "11" && matches!(g.frequency(), "1" | "4" | "7") && status != "30";
    if gone && g.keyed("DTP", "096").is_none() {
        out.push(
            Issue::stop("x12.discharge", lacks("2300", "DTP"), "the discharge hour (DTP*096) is missing", UB)
                .fix("give the hour of discharge"),
        );
    }
    if status == "30"
        && let Some(d) = g.keyed("DTP", "096")
    {
        out.push(Issue::stop(
            "x12.discharge",
            d.at(1),
            "a discharge hour for a patient who is still there (status 30)",
            UB,
        ));
    }
    // FL 76: all but a transport that nobody ordered.
    let transport = g.lines().all(|l| l.service.is_some_and(|s| s.el(1).starts_with("054")));
    if g.find("2310A", "NM1").is_none() && !transport {
        out.push(
            Issue::stop(
                "x12.attending",
                lacks("2310A", "NM1"),
                "the attending provider (NM1*71) is missing",
                UB,
            )
            .fix("name the attending provider"),
        );
    }
    let procedure = g.hi(&["BBR", "BR"]).next();
    let surgery = g.lines().any(|l| {
        let room = l.service.is_some_and(|s| s.el(1).starts_with("036"));
        room && matches!(l.code().parse::<u32>(), Ok(10_000..=69_999)) && l.code().len() == 5
    });
    if (procedure.is_some() || surgery) && g.find("2310B", "NM1").is_none() {
        out.push(
            Issue::stop(
                "x12.operating",
                lacks("2310B", "NM1"),
                "a surgical procedure without the operating physician (NM1*72)",
                UB,
            )
            .fix("name the operating physician"),
        );
    }
    days(g, status, out);
}

/// Days of room and board cannot be more than the statement has.
fn days(g: &Gist<'_>, status: &str, out: &mut Vec<Issue>) {
    let Some((from, through)) = g.statement else { return };
    let mut total = 0.0;
    let mut last = None;
    for l in g.lines() {
        let Some(s) = l.service else { continue };
        if s.el(4) == "DA" {
            total += s.el(5).parse::<f64>().unwrap_or(0.0);
            last = Some(s);
        }
    }
    let covered: Vec<f64> = g
        .hi(&["BE"])
        .flat_map(|h| (1..=12).map(move |n| (h.comp(n, 2), h.comp(n, 5))))
        .filter(|(code, _)| matches!(*code, "80" | "81"))
        .filter_map(|(_, amount)| amount.parse().ok())
        .collect();
    if let Some(h) = g.hi(&["BE"]).next().filter(|_| !covered.is_empty() && last.is_some())
        && (covered.iter().sum::<f64>() - total).abs() > 0.001
    {
        let m = format!("value codes 80 and 81 say other days than the {total} of accommodation");
        out.push(Issue::stop("x12.ub_code", h.at(1), m, UB).fix("correct the days"));
    }
    let nights = (through - from).num_days().max(1) + i64::from(status == "30");
    if let Some(s) = last
        && total > nights as f64
    {
        let m = format!("{total} days of accommodation in a statement of {nights}");
        out.push(Issue::stop("x12.units", s.at(5), m, UB).fix("correct the days or the statement dates"));
    }
}
