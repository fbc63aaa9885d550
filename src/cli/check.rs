//! `codesk check FILE…|ID…`: claim edits on anyone's 837, or on stored encounters.
//!
//! A name of a file or folder is checked as X12, anything else is an encounter's id or account number. Findings
//! go to stdout, one a line; what was read goes to stderr.

use super::site::open_codes;
use super::{CliError, Outcome, PlaceArgs, check_encounters};
use crate::claims::CodeFacts;
use crate::config::Config;
use crate::domain::Severity;
use crate::x12::{self, Checker, Issue};
use clap::Args;
use serde_json::{Value, json};
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

#[derive(Args)]
pub struct CheckArgs {
    /// 837 files, folders of them, encounter ids or account numbers
    #[arg(required_unless_present = "all", value_name = "FILE|ID")]
    what: Vec<String>,
    /// Every encounter of the cache that is not final
    #[arg(long)]
    all: bool,
    #[arg(long)]
    json: bool,
    /// Without the code tables: nothing is said about whether a code is valid
    #[arg(long)]
    no_codes: bool,
}

pub fn run(place: &PlaceArgs, args: &CheckArgs) -> Result<Outcome, CliError> {
    let (files_given, ids): (Vec<&String>, Vec<&String>) =
        args.what.iter().partition(|w| Path::new(w).exists());
    if let Some(lost) = ids.iter().find(|w| w.contains('/') || Path::new(w).extension().is_some()) {
        return Err(CliError::Usage(format!("there is no file {lost}")));
    }
    let mut outcome = Outcome::Done;
    if args.all || !ids.is_empty() {
        let ids: Vec<String> = ids.into_iter().cloned().collect();
        outcome = check_encounters::run(place, &ids, args.all, args.json)?;
    }
    if files_given.is_empty() {
        return Ok(outcome);
    }
    let mut out = BufWriter::new(std::io::stdout().lock());
    let codes = match args.no_codes {
        true => None,
        false => Some(open_codes(&Config::load(place.data_dir.as_deref())?)?),
    };
    let mut stops = 0u64;
    for what in files_given {
        for file in files(Path::new(what))? {
            let facts = codes.as_ref().map(|c| c as &dyn CodeFacts);
            stops += check(&file, facts, args.json, &mut out)?;
        }
    }
    out.flush()?;
    Ok(if stops > 0 { Outcome::Findings } else { outcome })
}

/// The file, or the files of a folder in the order of their names.
fn files(path: &Path) -> Result<Vec<PathBuf>, CliError> {
    let unreadable = |e: std::io::Error| CliError::Usage(format!("cannot read {}: {e}", path.display()));
    if !path.is_dir() {
        return Ok(vec![path.to_path_buf()]);
    }
    let mut out = Vec::new();
    for entry in std::fs::read_dir(path).map_err(unreadable)? {
        let p = entry.map_err(unreadable)?.path();
        if p.is_file() {
            out.push(p);
        }
    }
    out.sort();
    Ok(out)
}

/// Findings that stop.
fn check(
    file: &Path,
    facts: Option<&dyn CodeFacts>,
    json: bool,
    out: &mut dyn Write,
) -> Result<u64, CliError> {
    let name = file.display().to_string();
    let unreadable = |e: &dyn std::fmt::Display| CliError::Usage(format!("{name}: {e}"));
    let source = File::open(file).map_err(|e| unreadable(&e))?;
    let mut stops = 0;
    let mut failed = None;
    let scanned = {
        let mut sink = Checker::new(facts, |issue: Issue| {
            stops += u64::from(issue.severity == Severity::Stop);
            let done = match json {
                true => writeln!(out, "{}", issue_json(&name, &issue)),
                false => writeln!(out, "{}", line(&name, &issue)),
            };
            if let Err(e) = done {
                failed.get_or_insert(e);
            }
        });
        x12::scan(source, &mut sink).map_err(|e| unreadable(&e))?
    };
    if let Some(e) = failed {
        return Err(e.into());
    }
    if !json {
        eprintln!("{name}: {} claims, {} segments, {stops} stops", scanned.claims, scanned.segments);
    }
    Ok(stops)
}

fn line(file: &str, i: &Issue) -> String {
    let claim = if i.claim.is_empty() { String::new() } else { format!(" claim {}", i.claim) };
    let fix = if i.fix.is_empty() { String::new() } else { format!(": {}", i.fix) };
    format!(
        "{:<5} {file}{claim} {}: {}{fix} ({}, {})",
        i.severity.word(),
        i.place(),
        i.message,
        i.rule,
        i.authority
    )
}

/// The shape every check prints, with file and segment number.
pub fn issue_json(file: &str, i: &Issue) -> Value {
    let or_null = |t: &str| if t.is_empty() { Value::Null } else { Value::String(t.to_string()) };
    json!({
        "rule": i.rule, "severity": i.severity.key(), "claim": or_null(&i.claim),
        "where": {
            "segment": or_null(&i.at.segment), "loop": or_null(i.at.lp), "line": i.at.line,
            "field": or_null(&i.at.field), "number": i.at.number,
        },
        "message": i.message, "authority": i.authority, "override": "none",
        "fix": if i.fix.is_empty() { vec![] } else { vec![i.fix.clone()] }, "file": file,
    })
}
