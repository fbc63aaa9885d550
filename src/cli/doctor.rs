//! `codesk doctor`: what is set up and what is wrong, in plain sentences.

use super::{CliError, Outcome, PlaceArgs, Site};
use crate::config::Config;
use clap::Args;
use std::io::Write;

#[derive(Args)]
pub struct DoctorArgs {
    /// Build lists and counts again from the records
    #[arg(long)]
    repair: bool,
}

pub fn run(place: &PlaceArgs, args: &DoctorArgs) -> Result<Outcome, CliError> {
    let config = Config::load(place.data_dir.as_deref())?;
    let mut out = std::io::stdout().lock();
    writeln!(out, "Data folder: {}", config.dir.display())?;
    if !config.dir.exists() {
        writeln!(out, "It does not exist yet: codesk demo or codesk intake makes it.")?;
        return Ok(Outcome::Done);
    }
    let mut bad = false;
    match Site::open(place) {
        Ok(mut site) => {
            writeln!(out, "Cache: opens, encrypted, {} encounters.", site.total()?)?;
            writeln!(out, "You are {}, {}.", site.me.login, site.me.role.label())?;
            let hub = super::HubPlace::of(&config).map_err(super::SiteError::from)?;
            let found = super::hub::look(&site);
            bad |= found.as_ref().map_or(true, |s| !s.warnings.is_empty());
            for line in super::hub::sentences(&hub, &found, site.now().timestamp_millis()) {
                writeln!(out, "{line}")?;
            }
            writeln!(out, "Waiting to be sent: {} edits.", site.pending()?)?;
            if args.repair {
                let n = site.repair()?;
                writeln!(out, "Lists rebuilt: {n} rows were wrong.")?;
            }
        }
        Err(e) => {
            bad = true;
            writeln!(out, "Cache: {e}")?;
        }
    }
    match super::site::open_codes(&config) {
        Ok(codes) => {
            writeln!(
                out,
                "Codes: {} ICD-10-CM and ICD-10-PCS codes and categories.",
                codes.book.count(crate::domain::CodeSystem::Icd10cm)
                    + codes.book.count(crate::domain::CodeSystem::Icd10pcs)
            )?;
            for source in crate::codes::Tables::shipped().provenance().unwrap_or_default() {
                writeln!(out, "  {}: {}", source.table, source.line)?;
            }
        }
        Err(e) => {
            bad = true;
            writeln!(out, "Codes: {e}")?;
        }
    }
    writeln!(out, "CPT: bare numbers; load your licensed file for text.")?;
    let (tables, _, wrong) = super::edit_settings(&config);
    match tables.is_empty() {
        true => writeln!(
            out,
            "Edits: no NCCI, MUE, add-on, fee schedule or coverage table is loaded: codesk edits import."
        )?,
        false => {
            tables.releases().try_for_each(|m| writeln!(out, "Edits: {} ({} rows).", m.cite(), m.rows))?
        }
    }
    for w in &wrong {
        bad = true;
        writeln!(out, "Edits: {w}")?;
    }
    let (_, errors) = crate::input::Keymap::load(
        &config.keys,
        config.key_patch()?.as_ref().map(|(f, t)| (f.as_str(), t.as_str())),
        &crate::app::command::known,
    );
    for e in &errors {
        bad = true;
        writeln!(out, "Keys: {e}")?;
    }
    Ok(if bad { Outcome::Findings } else { Outcome::Done })
}
