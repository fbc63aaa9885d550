//! Claim edits of stored encounters, one or all, with a count for every rule.
//!
//! A finding a line; at the end, for people, how often each rule stopped, asked and was overridden. With
//! `--all --json` the counts are lines too, with `"rule"` and `"count"`.

use super::{CliError, Outcome, PlaceArgs, Site, encounter::finding_json};
use crate::domain::{Chart, Finding, Severity};
use crate::edits;
use serde_json::json;
use std::collections::BTreeMap;
use std::io::Write;

/// How often a rule spoke.
#[derive(Clone, Copy, Debug, Default)]
struct Tally {
    stops: usize,
    asks: usize,
    infos: usize,
    overridden: usize,
}

pub fn run(place: &PlaceArgs, ids: &[String], all: bool, json: bool) -> Result<Outcome, CliError> {
    if ids.is_empty() != all {
        return Err(CliError::Usage("give accounts or ids, or --all".into()));
    }
    let site = Site::open(place)?;
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    let mut tallies: BTreeMap<&'static str, Tally> = BTreeMap::new();
    let (mut checked, mut blocked) = (0usize, 0usize);
    let mut one = |chart: &Chart| -> Result<(), CliError> {
        let findings = edits::run(chart, site.facts()?, site.today);
        checked += 1;
        blocked += usize::from(findings.iter().any(Finding::blocks));
        for f in &findings {
            count(tallies.entry(f.rule).or_default(), f);
            // Reminders of the Tabular would drown the rest of a whole cache.
            if all && f.severity == Severity::Info {
                continue;
            }
            match json {
                true => writeln!(out, "{}", finding_json(chart, f))?,
                false => {
                    let word = if f.answered.is_some() { "answered" } else { f.severity.word() };
                    let release =
                        if f.release.is_empty() { String::new() } else { format!("; {}", f.release) };
                    writeln!(
                        out,
                        "{} {word:<8} {} {} ({}{release})",
                        chart.header().account,
                        f.rule,
                        f.message,
                        f.authority
                    )?;
                }
            }
        }
        Ok(())
    };
    if all {
        for chart in site.open_charts()? {
            one(&chart?)?;
        }
    }
    for id in ids {
        one(&site.chart(id)?)?;
    }
    for (rule, t) in &tallies {
        match json {
            true if !all => {}
            true => writeln!(
                out,
                "{}",
                json!({"rule": rule, "count": {"stops": t.stops, "asks": t.asks, "infos": t.infos, "overridden": t.overridden}})
            )?,
            false => writeln!(
                out,
                "{rule:<22} {:>6} stop {:>6} asks {:>6} info {:>6} overridden",
                t.stops, t.asks, t.infos, t.overridden
            )?,
        }
    }
    if !json {
        writeln!(out, "{checked} checked, {blocked} with something in the way")?;
    }
    out.flush()?;
    Ok(if blocked > 0 { Outcome::Findings } else { Outcome::Done })
}

fn count(t: &mut Tally, f: &Finding) {
    match (&f.answered, f.severity) {
        (Some(_), _) => t.overridden += 1,
        (None, Severity::Stop) => t.stops += 1,
        (None, Severity::Warn) => t.asks += 1,
        (None, Severity::Info) => t.infos += 1,
    }
}
