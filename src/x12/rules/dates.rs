//! Dates: calendar, order, future, birth, statement: R23.

use super::{GUIDE, Gist};
use crate::x12::elements::{day, days, time};
use crate::x12::issue::Issue;
use crate::x12::view::Here;
use chrono::NaiveDate;

const AUTHORITY: &str = "X12 005010 DTP03; 277CA A7:187, 188, 510";

/// Kinds that may lie after the file was made.
fn may_be_later(kind: &str) -> bool {
    matches!(kind, "296" | "361" | "360" | "314" | "096" | "607")
}

fn what(kind: &str) -> &'static str {
    match kind {
        "472" => "date of service",
        "434" => "statement date",
        "435" => "admission date",
        "096" => "discharge",
        "439" => "accident date",
        "431" => "onset",
        "454" => "date of first treatment",
        "304" => "date last seen",
        "453" => "date of the acute phase",
        "484" => "last menstrual period",
        "455" => "date of the x-ray",
        "573" => "date of the other payer's decision",
        "471" => "prescription date",
        _ => "date",
    }
}

pub(super) fn check(g: &Gist<'_>, out: &mut Vec<Issue>) {
    let service = g.service_days();
    for h in g.all().iter().filter(|h| h.id() == "DTP") {
        one(g, h, service, out);
    }
    birth(g, service, out);
    if let Some(((from, through), created)) = g.statement.zip(g.created)
        && (from > created || through > created)
        && let Some(d) = g.keyed("DTP", "434")
    {
        out.push(Issue::stop(
            "x12.date",
            d.at(3),
            "the statement lies after the day the file was made",
            AUTHORITY,
        ));
    }
    let Some((from, through)) = g.statement else { return };
    for l in g.lines() {
        let Some((a, b)) = l.days else { continue };
        if (a < from || b > through)
            && let Some(d) = l.qualifier("2400", "DTP", "472")
        {
            let m = "the line's date lies outside the statement dates";
            out.push(
                Issue::stop("x12.date", d.at(3), m, "X12 005010X223A2 DTP*434, DTP*472")
                    .fix("correct the date of the line or of the statement"),
            );
        }
    }
    if let Some(a) = g.keyed("DTP", "435")
        && let Some((d, _)) = days(a.el(2), a.el(3))
    {
        if d > through {
            out.push(Issue::stop("x12.date", a.at(3), "the admission lies after the statement", AUTHORITY));
        } else if g.frequency() == "1" && g.place() == "11" && d > from + chrono::Duration::days(3) {
            out.push(Issue::stop(
                "x12.date",
                a.at(3),
                "the admission lies long after the statement begins",
                AUTHORITY,
            ));
        }
        if g.place() == "11" && matches!(g.frequency(), "1" | "2") && d < from {
            out.push(Issue::stop(
                "x12.date",
                a.at(3),
                "the admission lies before the first statement of the stay",
                AUTHORITY,
            ));
        }
    }
    for h in g.head().iter().filter(|h| h.is("2300", "HI") && h.comp(1, 1) == "BH") {
        for n in 1..=12 {
            if let Some(d) = day(h.comp(n, 4))
                && g.created.is_some_and(|c| d > c)
            {
                out.push(Issue::stop(
                    "x12.date",
                    h.at_comp(n, 4),
                    "the occurrence lies in the future",
                    AUTHORITY,
                ));
            }
        }
    }
}

fn one(g: &Gist<'_>, h: &Here<'_>, service: Option<(NaiveDate, NaiveDate)>, out: &mut Vec<Issue>) {
    let (kind, format, text) = (h.el(1), h.el(2), h.el(3));
    if format.is_empty() || text.is_empty() {
        return;
    }
    let name = what(kind);
    if format == "TM" {
        if text.len() != 4 || time(text).is_none() {
            out.push(Issue::stop("x12.date", h.at(3), format!("the {name} is no hour, HHMM"), AUTHORITY));
        }
        return;
    }
    let Some((a, b)) = days(format, text) else {
        if matches!(format, "D8" | "RD8" | "DT") {
            let m = format!("the {name} is no date of the calendar in the format {format}");
            out.push(Issue::stop("x12.date", h.at(3), m, AUTHORITY).fix("correct the date"));
        }
        return;
    };
    if format == "DT" && text.len() != 12 {
        out.push(Issue::stop("x12.date", h.at(3), "date and hour are CCYYMMDDHHMM", AUTHORITY));
    }
    if a > b {
        out.push(
            Issue::stop("x12.date", h.at(3), format!("the {name} ends before it begins"), AUTHORITY)
                .fix("exchange the dates"),
        );
        return;
    }
    if let Some(created) = g.created
        && b > created
        && !may_be_later(kind)
        && kind != "434"
    {
        out.push(
            Issue::stop(
                "x12.date",
                h.at(3),
                format!("the {name} lies after the day the file was made"),
                AUTHORITY,
            )
            .fix("correct the date"),
        );
        return;
    }
    if let Some(birth) = g.birth
        && a < birth
    {
        out.push(
            Issue::stop(
                "x12.date",
                h.at(3),
                format!("the {name} lies before the patient was born"),
                AUTHORITY,
            )
            .fix("correct this date or the date of birth"),
        );
        return;
    }
    let Some((first, last)) = service else { return };
    let too_late =
        matches!(kind, "431" | "439" | "453" | "454" | "484" | "304" | "455" | "435" | "471" | "444")
            && a > last;
    if too_late && h.lp == "2300" {
        out.push(
            Issue::stop(
                "x12.date",
                h.at(3),
                format!("the {name} lies after the last date of service"),
                AUTHORITY,
            )
            .fix("correct the date"),
        );
    }
    if kind == "573" && a < first {
        out.push(
            Issue::stop("x12.date", h.at(3), format!("the {name} lies before the service"), AUTHORITY)
                .fix("take the date from that payer's remittance"),
        );
    }
    if kind == "435" && !g.institutional && a > first && h.lp == "2300" {
        out.push(Issue::stop("x12.date", h.at(3), "the admission lies after a date of service", AUTHORITY));
    }
    if kind == "096"
        && format == "D8"
        && (b < first || g.keyed("DTP", "435").and_then(|d| day(d.el(3))).is_some_and(|d| b < d))
    {
        out.push(Issue::stop(
            "x12.date",
            h.at(3),
            "the discharge lies before the admission or the service",
            AUTHORITY,
        ));
    }
    // A claim of two years ago and more is a slip of the year.
    if kind == "472" && g.created.is_some_and(|c| (c - b).num_days() > 3 * 366) {
        out.push(Issue::warn(
            "x12.date",
            h.at(3),
            "the date of service lies more than three years back",
            AUTHORITY,
        ));
    }
}

fn birth(g: &Gist<'_>, service: Option<(NaiveDate, NaiveDate)>, out: &mut Vec<Issue>) {
    for part in [g.view.subscriber, g.view.patient] {
        for h in g.view.each(part).filter(|h| h.id() == "DMG") {
            let text = h.el(2);
            if text.is_empty() || h.el(1) != "D8" {
                continue;
            }
            let of_patient = part.is_empty() || g.view.patient.is_empty() || h.lp == "2010CA";
            match day(text) {
                None => out.push(
                    Issue::stop("x12.date", h.at(2), "the date of birth is no date of the calendar", GUIDE)
                        .fix("correct the date of birth"),
                ),
                Some(d) => {
                    let future = g.created.is_some_and(|c| d > c);
                    let old = service.is_some_and(|(s, _)| (s - d).num_days() > 130 * 365);
                    let unborn = of_patient && service.is_some_and(|(s, _)| d > s);
                    if future || old || unborn {
                        let m = match (future, old) {
                            (true, _) => "the date of birth lies in the future",
                            (_, true) => "the date of birth lies more than 130 years back",
                            _ => "the date of birth lies after the service",
                        };
                        out.push(Issue::stop("x12.date", h.at(2), m, GUIDE).fix("correct the date of birth"));
                    }
                }
            }
        }
    }
    for h in g.view.each(g.view.subscriber).filter(|h| h.is("2000B", "PAT")) {
        if h.el(5).is_empty() != h.el(6).is_empty() || (!h.el(6).is_empty() && day(h.el(6)).is_none()) {
            out.push(Issue::stop("x12.date", h.at(6), "the date of death is no date", GUIDE));
        }
        if h.el(7).is_empty() != h.el(8).is_empty() {
            out.push(Issue::stop(
                "x12.required",
                h.at(8),
                "the patient's weight needs number and unit",
                GUIDE,
            ));
        }
    }
}
