//! `codesk edits import|list|remove`: the tables the edits need.

use super::{CliError, Outcome, PlaceArgs};
use crate::config::Config;
use crate::edit_tables::{self, EditTablesError, Entry, Options};
use crate::edits::tables::{Kind, Told};
use chrono::NaiveDate;
use clap::{Args, Subcommand};
use serde_json::{Value, json};
use std::io::Write;
use std::path::PathBuf;

#[derive(Args)]
pub struct EditsArgs {
    #[command(subcommand)]
    command: EditsSub,
}

#[derive(Subcommand)]
enum EditsSub {
    /// Read CMS files as they are published, all or none: NCCI PTP pairs, MUE, add-on codes, PPRRVU as text or
    /// CSV, and coverage lists in our own CSV
    Import {
        /// Files; what each is follows from its content and CMS's name
        #[arg(required = true)]
        paths: Vec<PathBuf>,
        /// What an NCCI pair file holds, when its name does not say
        #[arg(long, value_parser = ["ptp-practitioner", "ptp-outpatient"])]
        kind: Option<String>,
        /// First day in force, when neither content nor name says
        #[arg(long, value_name = "DATE")]
        from: Option<NaiveDate>,
        /// How many files the NCCI pairs of a quarter come in (4)
        #[arg(long, value_name = "N")]
        parts: Option<u8>,
        /// Take a release with far fewer rows than the one before it
        #[arg(long)]
        fewer: bool,
        #[arg(long)]
        json: bool,
    },
    /// What is loaded, by kind and quarter
    List {
        /// Read every table through and compare it with its hash
        #[arg(long)]
        verify: bool,
        #[arg(long)]
        json: bool,
    },
    /// Take a release out of use, by the beginning of its hash
    Remove { sha256: String },
}

fn failed(e: EditTablesError) -> CliError {
    match e {
        EditTablesError::Fewer { .. } => CliError::Refused(e.to_string()),
        e => CliError::Usage(e.to_string()),
    }
}

fn entry_json(e: &Entry) -> Value {
    json!({
        "kind": e.meta.kind.key(), "release": e.meta.release, "from": e.meta.from, "rows": e.meta.rows,
        "bytes": e.bytes, "sha256": e.sha256, "sources": e.meta.sources,
    })
}

fn entry_line(e: &Entry) -> String {
    format!(
        "{:<17} {:<16} from {}  {:>9} rows  {}",
        e.meta.kind.key(),
        e.meta.release,
        e.meta.from,
        e.meta.rows,
        e.sha256.get(..12).unwrap_or_default()
    )
}

pub fn run(place: &PlaceArgs, args: &EditsArgs) -> Result<Outcome, CliError> {
    let config = Config::load(place.data_dir.as_deref())?;
    let mut out = std::io::stdout().lock();
    match &args.command {
        EditsSub::Import { paths, kind, from, parts, fewer, json } => {
            config.create_dir()?;
            let told = Told { kind: kind.as_deref().and_then(Kind::from_key), from: *from, parts: *parts };
            let new =
                edit_tables::import(&config.dir, paths, Options { told, fewer: *fewer }).map_err(failed)?;
            for e in &new {
                match json {
                    true => writeln!(out, "{}", entry_json(e))?,
                    false => writeln!(out, "{}", entry_line(e))?,
                }
            }
            if !json {
                eprintln!("A workstation that is open uses them at its next start.");
            }
            Ok(Outcome::Done)
        }
        EditsSub::List { verify, json } => {
            let entries: Vec<(Entry, bool)> = match verify {
                true => edit_tables::verify(&config.dir).map_err(failed)?,
                false => {
                    let list = edit_tables::list(&config.dir).map_err(failed)?;
                    list.into_iter().map(|e| (e, true)).collect()
                }
            };
            for (e, whole) in &entries {
                match json {
                    true => {
                        let mut value = entry_json(e);
                        if *verify {
                            value["whole"] = json!(whole);
                        }
                        writeln!(out, "{value}")?;
                    }
                    false if *whole => writeln!(out, "{}", entry_line(e))?,
                    false => writeln!(out, "{}  DAMAGED: import it again", entry_line(e))?,
                }
            }
            if entries.is_empty() && !json {
                writeln!(out, "nothing is loaded")?;
            }
            Ok(if entries.iter().all(|(_, whole)| *whole) { Outcome::Done } else { Outcome::Findings })
        }
        EditsSub::Remove { sha256 } => match edit_tables::remove(&config.dir, sha256).map_err(failed)? {
            Some(e) => {
                writeln!(out, "no longer in use: {}", entry_line(&e))?;
                Ok(Outcome::Done)
            }
            None => Err(CliError::Usage(format!("no release has a hash that begins with {sha256:?}"))),
        },
    }
}
