//! `codesk sync`: one exchange with the shared database, or what is waiting for it.

use super::place::HubPlace;
use super::{CliError, Outcome, PlaceArgs, Site, SiteError};
use clap::Args;
use serde_json::json;
use std::io::Write;

#[derive(Args)]
pub struct SyncArgs {
    /// Exchange once: what is waiting goes up, what is new comes down (what sync alone does)
    #[arg(long, conflicts_with = "status")]
    once: bool,
    /// Only say what is waiting; connects to nothing
    #[arg(long)]
    status: bool,
    #[arg(long)]
    json: bool,
}

pub fn run(place: &PlaceArgs, args: &SyncArgs) -> Result<Outcome, CliError> {
    let mut site = Site::open(place)?;
    let hub = HubPlace::of(&site.config).map_err(SiteError::from)?.words();
    let mut out = std::io::stdout().lock();
    if args.status {
        let (pending, last) = (site.pending()?, site.setting(crate::sync::LAST_OK));
        let last_ok = last.and_then(|t| t.parse::<i64>().ok());
        if args.json {
            writeln!(out, "{}", json!({"hub": hub, "pending": pending, "last_ok": last_ok}))?;
        } else {
            let when = last_ok
                .and_then(chrono::DateTime::from_timestamp_millis)
                .map_or("not yet".into(), |t| t.format("%Y-%m-%d %H:%M UTC").to_string());
            writeln!(out, "{hub}: {pending} edits wait to be sent; last synced {when}.")?;
        }
        return Ok(Outcome::Done);
    }
    let (status, done) = site.exchange()?;
    let (state, why) = match &status.state {
        crate::sync::SyncState::Offline { why, .. } => ("offline", Some(why.clone())),
        crate::sync::SyncState::Halted { why } => ("halted", Some(why.clone())),
        _ => ("synced", None),
    };
    if args.json {
        let line = json!({
            "hub": hub, "state": state, "why": why, "pending": status.pending, "pushed": done.pushed,
            "proposals": done.proposals, "pulled": done.pulled, "revoked": done.revoked,
            "restored": done.restored, "skew_ms": status.skew_ms,
        });
        writeln!(out, "{line}")?;
    } else {
        match &why {
            Some(why) => writeln!(out, "Not synced ({state}): {why}. {} edits wait.", status.pending)?,
            None => writeln!(
                out,
                "Synced: {} edits sent, {} became proposals, {} records came; {} wait.",
                done.pushed, done.proposals, done.pulled, status.pending
            )?,
        }
    }
    Ok(if state == "synced" { Outcome::Done } else { Outcome::Findings })
}
