//! Medically unlikely edits: more units than one patient has in a line or a day.
//!
//! Owns `mue.line` (MAI 1) and `mue.day` (MAI 2 and 3). Sources: CMS MUE files; NCCI Policy Manual chapter I
//! section V; CMS MLN 8853 (adjudication indicators). Lines with modifier 55 are not counted. Pure.

use super::{
    cx::{Cx, line_place},
    ncci_ptp::applies,
    services::Service,
    setting::bills_inpatient,
    tables::{Kind, Mai, MueLimit},
};
use crate::domain::{Finding, FixAction, OverridePolicy, Units};

const AUTHORITY: &str = "CMS MUE file; NCCI Policy Manual ch. I sec. V; CMS MLN 8853";

/// Whose table is asked. A supplier of equipment is known by its taxonomy (332B, 332S, 335E …).
fn kind(cx: &Cx, institutional: bool) -> Kind {
    let taxonomy = cx.chart.directory.site.as_ref().map_or("", |s| s.body.taxonomy.as_str());
    match () {
        () if institutional => Kind::MueOutpatient,
        () if taxonomy.starts_with("332") || taxonomy.starts_with("335") => Kind::MueDme,
        () => Kind::MuePractitioner,
    }
}

pub(super) fn find(cx: &Cx, services: &[Service], out: &mut Vec<Finding>) {
    if !applies(cx) {
        return;
    }
    let inpatient = bills_inpatient(cx.chart);
    let mut asked: Vec<&Service> = Vec::new();
    for s in services.iter().filter(|s| s.line.is_some() && !(s.institutional && inpatient)) {
        let Some(table) = cx.facts.tables().mue(kind(cx, s.institutional), s.date) else { continue };
        let Some(limit) = table.limit(s.key) else { continue };
        let release = table.meta().cite();
        match limit.mai {
            Mai::Line => out.extend(line(s, &limit, release)),
            _ => {
                if asked.iter().any(|a| a.key == s.key && a.beside(s)) {
                    continue;
                }
                asked.push(s);
                out.extend(day(services, s, &limit, release));
            }
        }
    }
}

fn whole(units: Units) -> i64 {
    units.0.div_euclid(1000) + i64::from(units.0 % 1000 > 0)
}

fn because(limit: &MueLimit) -> String {
    if limit.rationale.is_empty() { String::new() } else { format!(" ({})", limit.rationale) }
}

fn line(s: &Service, limit: &MueLimit, release: String) -> Option<Finding> {
    let l = s.line?;
    if whole(s.units) <= i64::from(limit.units) {
        return None;
    }
    let message = format!(
        "{}: {} units on a line, the limit is {}{}; MAI 1, each line is checked by itself: split it only with \
         the modifiers that say why",
        s.code,
        s.units,
        limit.units,
        because(limit)
    );
    Some(
        Finding::warn("mue.line", line_place(l, "units"), message, AUTHORITY)
            .about(s.code)
            .release(release)
            .fix("go to the units", FixAction::GoTo(line_place(l, "units"))),
    )
}

fn day(services: &[Service], s: &Service, limit: &MueLimit, release: String) -> Option<Finding> {
    let of: Vec<&Service> =
        services.iter().filter(|o| o.key == s.key && o.beside(s) && !o.has("55")).collect();
    let total = Units(of.iter().map(|o| o.units.0).sum());
    if whole(total) <= i64::from(limit.units) {
        return None;
    }
    let l = of.iter().rev().find_map(|o| o.line)?;
    let lines = match of.len() {
        1 => String::new(),
        n => format!(" on {n} lines"),
    };
    let elsewhere: Vec<&str> = of.iter().map(|o| o.account).filter(|a| !a.is_empty()).collect();
    let with = match elsewhere.as_slice() {
        [] => String::new(),
        some => format!(", with account {}", some.join(", ")),
    };
    let head = format!(
        "{}: {total} units{lines} on {}{with}, the limit of the day is {}{}",
        s.code,
        s.date,
        limit.units,
        because(limit)
    );
    let place = line_place(l, "units");
    let f = match limit.mai {
        Mai::DayPolicy => {
            let message = format!("{head}; MAI 2 is policy: more is never paid");
            Finding::stop("mue.day", place.clone(), message, AUTHORITY)
        }
        _ => {
            let message = format!("{head}; MAI 3: more is paid on appeal, with records");
            Finding::warn("mue.day", place.clone(), message, AUTHORITY).policy(OverridePolicy::Evidence)
        }
    };
    Some(
        f.about(format!("{}-{}", s.code, s.date))
            .release(release)
            .fix("go to the units", FixAction::GoTo(place)),
    )
}
