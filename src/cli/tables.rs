//! `codesk tables`: official code files loaded, listed, checked, handed on, taken out.
//!
//! Owns the arguments and what is printed; `table_store` keeps the tables, `codes::import` reads them.
//! A file that is not what it should be is refused with its line and the reason, and the others of the
//! same command are still read. The code book is made anew at the end, once.

use super::{CliError, Outcome, PlaceArgs};
use crate::codes::Tables;
use crate::codes::import::{Kind, Stated};
use crate::config::Config;
use crate::table_store::{Done, Loaded, TableStore, TableStoreError};
use chrono::{NaiveDate, Utc};
use clap::{Args, Subcommand};
use serde_json::{Value, json};
use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};

#[derive(Args)]
pub struct TablesArgs {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// What ships and what is loaded: source, dates, rows, hash
    List {
        #[arg(long)]
        json: bool,
    },
    /// Load official files; each is known by what is in it
    Import(ImportArgs),
    /// Check every loaded table against its hash
    Verify {
        #[arg(long)]
        json: bool,
    },
    /// Write a loaded table: its rows as JSON lines behind a line that names it
    Export {
        /// The beginning of its hash, or its kind (the newest of it)
        table: String,
        /// A file instead of standard output
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
    /// Take a loaded table out of the set
    Remove {
        /// The beginning of its hash
        table: String,
    },
}

#[derive(Args)]
struct ImportArgs {
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Name of the release, where the file does not tell
    #[arg(long, value_name = "NAME")]
    release: Option<String>,
    /// First day of service it is for, where the file does not tell
    #[arg(long, value_name = "YYYY-MM-DD")]
    from: Option<NaiveDate>,
    /// Last day of service it is for
    #[arg(long, value_name = "YYYY-MM-DD")]
    to: Option<NaiveDate>,
    /// Where the columns of licensed lists are mapped; columns.toml in the data directory by default
    #[arg(long, value_name = "FILE")]
    columns: Option<PathBuf>,
    #[arg(long)]
    json: bool,
}

pub fn run(place: &PlaceArgs, args: &TablesArgs) -> Result<Outcome, CliError> {
    let config = Config::load(place.data_dir.as_deref())?;
    match &args.what {
        What::List { json } => list(&config, *json),
        What::Import(args) => import(&config, args),
        What::Verify { json } => verify(&config, *json),
        What::Export { table, out } => export(&config, table, out.as_ref()),
        What::Remove { table } => remove(&config, table),
    }
}

/// One loaded table as JSON; the fields are a contract.
fn value(r: &Loaded) -> Value {
    json!({
        "kind": r.meta.kind.key(), "name": r.meta.kind.label(), "system": r.meta.kind.system_key(),
        "authority": r.meta.kind.authority(), "release": r.meta.release, "from": r.meta.from, "to": r.meta.to,
        "source": r.source, "source_sha256": r.source_sha256, "records": r.records, "rows": r.rows(),
        "counts": r.counts.iter().map(|(what, n)| (what.clone(), json!(n))).collect::<serde_json::Map<_, _>>(),
        "hash": r.hash, "base": r.base, "imported": r.imported,
    })
}

/// The figures of a release in words: `98,186 rows, 74,719 billable`.
fn figures(r: &Loaded) -> String {
    let words: Vec<String> = r.counts.iter().map(|(what, n)| format!("{} {what}", thousands(*n))).collect();
    words.join(", ")
}

fn thousands(n: usize) -> String {
    let digits = n.to_string();
    let mut out = String::new();
    for (i, c) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(c);
    }
    out
}

fn days(r: &Loaded) -> String {
    match r.meta.to {
        Some(to) => format!("{} to {to}", r.meta.from),
        None => format!("from {}", r.meta.from),
    }
}

fn list(config: &Config, json: bool) -> Result<Outcome, CliError> {
    let store = TableStore::open(&config.dir)?;
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    let shipped = Tables::shipped().provenance().map_err(TableStoreError::Shipped)?;
    if json {
        for p in &shipped {
            writeln!(out, "{}", json!({"kind": "shipped", "name": p.table, "source": p.line}))?;
        }
        for r in store.releases() {
            writeln!(out, "{}", value(r))?;
        }
        out.flush()?;
        return Ok(Outcome::Done);
    }
    for r in store.releases() {
        writeln!(out, "{:<38} {:<10} {}", r.meta.kind.label(), r.meta.release, days(r))?;
        writeln!(out, "    {}", figures(r))?;
        writeln!(
            out,
            "    {} · {} · {}",
            r.source,
            r.meta.kind.authority(),
            &r.hash[..12.min(r.hash.len())]
        )?;
    }
    if store.releases().is_empty() {
        writeln!(out, "nothing loaded; codesk tables import FILE... loads official files")?;
    }
    writeln!(out, "shipped with the program:")?;
    for p in &shipped {
        writeln!(out, "    {:<26} {}", p.table, p.line)?;
    }
    out.flush()?;
    Ok(Outcome::Done)
}

fn import(config: &Config, args: &ImportArgs) -> Result<Outcome, CliError> {
    config.create_dir()?;
    let mut store = TableStore::open(&config.dir)?;
    let stated = Stated { name: String::new(), release: args.release.clone(), from: args.from, to: args.to };
    let mut outcome = Outcome::Done;
    let mut changed = false;
    let mut out = std::io::stdout().lock();
    store.read_columns(&args.columns.clone().unwrap_or_else(|| config.dir.join("columns.toml")))?;
    for path in &args.paths {
        match store.import(path, &stated, Utc::now()) {
            Ok(all) => {
                for done in all {
                    changed |= !done.already;
                    tell(&mut out, path, &done, args.json)?;
                }
            }
            Err(e) if e.is_refusal() => {
                outcome = Outcome::Findings;
                if args.json {
                    let (line, reason) = match &e {
                        TableStoreError::Refused { refusal, .. } => (refusal.line, refusal.reason.clone()),
                        other => (None, other.to_string()),
                    };
                    let file = path.display().to_string();
                    writeln!(out, "{}", json!({"file": file, "refused": reason, "line": line}))?;
                }
                eprintln!("refused: {e}");
            }
            Err(e) => return Err(e.into()),
        }
    }
    if changed {
        rebuild(config, &store)?;
    }
    Ok(outcome)
}

fn tell(out: &mut impl Write, path: &Path, done: &Done, json: bool) -> Result<(), CliError> {
    let r = &done.loaded;
    let file = path.display();
    if json {
        let mut v = value(r);
        v["file"] = json!(file.to_string());
        v["already"] = json!(done.already);
        v["remarks"] = json!(done.remarks);
        writeln!(out, "{v}")?;
        return Ok(());
    }
    let state = if done.already { " (was loaded already)" } else { "" };
    let name = r.meta.kind.label();
    writeln!(out, "{file}: {name} {}, {}: {}{state}", r.meta.release, days(r), figures(r))?;
    for remark in &done.remarks {
        writeln!(out, "    {remark}")?;
    }
    Ok(())
}

/// Makes the code book of the tables as they are now, behind a line of progress.
fn rebuild(config: &Config, store: &TableStore) -> Result<(), CliError> {
    let terminal = std::io::stderr().is_terminal();
    let made = crate::codes_file::open_site(&config.book_dir(), store, &mut |step, percent| {
        if terminal {
            eprint!("\r\x1b[Kmaking the code book: {step}, {percent} %");
        }
    });
    if terminal {
        eprint!("\r\x1b[K");
    }
    made.map_err(super::SiteError::from)?;
    Ok(())
}

fn verify(config: &Config, json: bool) -> Result<Outcome, CliError> {
    let store = TableStore::open(&config.dir)?;
    let mut outcome = Outcome::Done;
    let mut out = std::io::stdout().lock();
    for r in store.releases() {
        let checked = store.release(&r.hash);
        let fault = match checked {
            Ok(release) => {
                let counts: Vec<(String, usize)> =
                    release.counts().into_iter().map(|(what, n)| (what.to_string(), n)).collect();
                (release.meta != r.meta || counts != r.counts)
                    .then(|| "the list of tables says otherwise than the table itself".to_string())
            }
            Err(e) => Some(e.to_string()),
        };
        if fault.is_some() {
            outcome = Outcome::Findings;
        }
        if json {
            writeln!(
                out,
                "{}",
                json!({"hash": r.hash, "kind": r.meta.kind.key(), "ok": fault.is_none(), "fault": fault})
            )?;
        } else {
            let state = fault.as_deref().unwrap_or("ok");
            writeln!(
                out,
                "{} {} {}: {state}",
                &r.hash[..12.min(r.hash.len())],
                r.meta.kind.label(),
                r.meta.release
            )?;
        }
    }
    if store.releases().is_empty() && !json {
        eprintln!("nothing loaded");
    }
    Ok(outcome)
}

/// The hash of a table named by its kind or the beginning of its hash.
fn named(store: &TableStore, table: &str) -> Result<String, CliError> {
    if let Some(kind) = Kind::from_key(table) {
        let newest = store.newest(kind, super::site::calendar_today());
        let newest = newest.ok_or_else(|| CliError::Refused(format!("no {} is loaded", kind.label())))?;
        return Ok(newest.hash.clone());
    }
    Ok(store.find(table)?.hash.clone())
}

fn export(config: &Config, table: &str, out: Option<&PathBuf>) -> Result<Outcome, CliError> {
    let store = TableStore::open(&config.dir)?;
    let content = store.content(&named(&store, table)?)?;
    match out {
        Some(path) => std::fs::write(path, &content)
            .map_err(|e| CliError::Usage(format!("cannot write {}: {e}", path.display())))?,
        None => std::io::stdout().lock().write_all(&content)?,
    }
    Ok(Outcome::Done)
}

fn remove(config: &Config, table: &str) -> Result<Outcome, CliError> {
    let mut store = TableStore::open(&config.dir)?;
    let hash = store.find(table)?.hash.clone();
    store.remove(&hash)?;
    rebuild(config, &store)?;
    println!("{hash} taken out");
    Ok(Outcome::Done)
}
