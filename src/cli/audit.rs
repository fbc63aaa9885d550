//! `codesk audit verify|export`: the hash chains of the shared database, and its trail as JSON lines.

use super::{CliError, Outcome, PlaceArgs, Site, SiteError};
use clap::{Args, Subcommand};
use std::io::Write;

/// Rows a call fetches.
const PAGE: u32 = 2_000;

#[derive(Args)]
pub struct AuditArgs {
    #[command(subcommand)]
    command: AuditSub,
}

#[derive(Subcommand)]
enum AuditSub {
    /// Walk every chain; names the first row that is not what it was when it was written
    Verify {
        #[arg(long)]
        json: bool,
    },
    /// The trail as JSON lines, oldest first
    Export {
        /// Only this site or department
        #[arg(long)]
        scope: Option<String>,
    },
}

pub fn run(place: &PlaceArgs, args: &AuditArgs) -> Result<Outcome, CliError> {
    let site = Site::open(place)?;
    let mut hub = site.signed_in_hub()?;
    let fail = |e: crate::hub::HubError| CliError::from(SiteError::from(e));
    let mut out = std::io::stdout().lock();
    match &args.command {
        AuditSub::Verify { json } => {
            let fault = hub.verify().map_err(fail)?;
            if *json {
                writeln!(out, "{}", serde_json::json!({"whole": fault.is_none(), "first_bad": fault}))?;
            } else {
                match &fault {
                    None => writeln!(out, "Every chain is whole.")?,
                    Some(f) => writeln!(out, "{} of {}, row {}: {}.", f.table, f.scope, f.pos, f.why)?,
                }
            }
            // The cache keeps a trail of its own.
            let own = site.audit_verify()?;
            if let Some(words) = &own {
                eprintln!("this cache's own trail: {words}");
            }
            Ok(if fault.is_none() && own.is_none() { Outcome::Done } else { Outcome::Findings })
        }
        AuditSub::Export { scope } => {
            for s in hub.trail_scopes().map_err(fail)? {
                if scope.as_ref().is_some_and(|only| *only != s.0) {
                    continue;
                }
                let mut after = 0;
                loop {
                    let rows = hub.trail(&s, after, PAGE).map_err(fail)?;
                    let Some(last) = rows.last() else { break };
                    after = last.n;
                    for row in &rows {
                        writeln!(out, "{}", serde_json::to_string(row)?)?;
                    }
                }
            }
            Ok(Outcome::Done)
        }
    }
}
