//! `codesk search`: codes by a few letters, one query or a batch.

use super::{CliError, Outcome, PlaceArgs};
use crate::config::Config;
use crate::domain::{CodeSystem, display_code};
use crate::facts::{self, Ask};
use crate::store::CodeUse;
use chrono::NaiveDate;
use clap::Args;
use serde_json::json;
use std::io::{BufRead, Write};
use std::path::PathBuf;

#[derive(Args)]
pub struct SearchArgs {
    /// What a coder would type
    query: Vec<String>,
    /// icd10cm, icd10pcs, cpt, hcpcs; several with commas
    #[arg(long, value_name = "S,...", default_value = "icd10cm")]
    system: String,
    /// Date of service; today by default
    #[arg(long, value_name = "YYYY-MM-DD")]
    date: Option<NaiveDate>,
    #[arg(long, default_value_t = 10)]
    limit: usize,
    /// Say why each code was found
    #[arg(long)]
    why: bool,
    #[arg(long)]
    json: bool,
    /// One query a line, from a file or - ; prints query<TAB>code,code,...<TAB>microseconds
    #[arg(long, value_name = "FILE")]
    batch: Option<PathBuf>,
}

pub fn run(place: &PlaceArgs, args: &SearchArgs) -> Result<Outcome, CliError> {
    let systems = args
        .system
        .split(',')
        .map(|s| {
            if s == "all" {
                return Ok(CodeSystem::ALL.to_vec());
            }
            CodeSystem::from_key(s).map(|s| vec![s]).ok_or_else(|| {
                CliError::Usage(format!(
                    "there is no code system {s:?}; icd10cm, icd10pcs, cpt, hcpcs or all"
                ))
            })
        })
        .collect::<Result<Vec<_>, _>>()?
        .concat();
    let config = Config::load(place.data_dir.as_deref())?;
    let codes = super::site::open_codes(&config)?;
    let uses = super::site::uses(&config);
    let prior = codes.prior(uses.iter().map(CodeUse::parts));
    // The site's own numbers, where there is a site.
    let overlay = super::site::fees(place).map(|f| facts::overlay(&f)).unwrap_or_default();
    let date = args.date.unwrap_or_else(super::site::calendar_today);
    let find = |text: &str, limit: usize| {
        let ask = Ask {
            text,
            systems: &systems,
            prefer: systems.first().copied().unwrap_or(CodeSystem::Icd10cm),
            date,
            limit,
            within: &[],
            overlay: &overlay,
        };
        codes.search_by(&ask, &prior, &|| false)
    };
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    if let Some(path) = &args.batch {
        let input: Box<dyn BufRead> = if path.as_os_str() == "-" {
            Box::new(std::io::stdin().lock())
        } else {
            let file = std::fs::File::open(path)
                .map_err(|e| CliError::Usage(format!("cannot read {}: {e}", path.display())))?;
            Box::new(std::io::BufReader::new(file))
        };
        for line in input.lines() {
            let line = line?;
            // A benchmark line holds the wanted codes after a tab: the query is what stands before it.
            let text = line.split('\t').next().unwrap_or("");
            if text.trim().is_empty() {
                continue;
            }
            let start = std::time::Instant::now();
            let results = find(text, args.limit);
            let us = start.elapsed().as_nanos() as f64 / 1000.0;
            let codes: Vec<&str> = results.hits.iter().map(|h| h.code.as_str()).collect();
            writeln!(out, "{text}\t{}\t{us:.1}", codes.join(","))?;
        }
        out.flush()?;
        return Ok(Outcome::Done);
    }
    let text = args.query.join(" ");
    if text.trim().is_empty() {
        return Err(CliError::Usage("nothing to look for: codesk search dm2 ckd".into()));
    }
    let results = find(&text, args.limit);
    for h in &results.hits {
        let shown = display_code(h.system, &h.code);
        if args.json {
            let mut value = json!({
                "code": shown, "system": h.system.key(), "title": h.title, "billable": h.billable, "score": h.score,
            });
            if args.why {
                value["why"] = json!(h.why);
            }
            writeln!(out, "{value}")?;
        } else {
            let mark = if h.billable { "" } else { "  [not billable]" };
            writeln!(out, "{shown:<9} {}{mark}", h.title.as_deref().unwrap_or("(no title loaded)"))?;
            if args.why {
                writeln!(out, "          {}", h.why.join(" · "))?;
            }
        }
    }
    out.flush()?;
    if results.hits.is_empty() {
        eprintln!("nothing found for {text:?}");
        return Ok(Outcome::Findings);
    }
    Ok(Outcome::Done)
}
