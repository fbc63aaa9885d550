//! `codesk keys` and `codesk themes`: what is bound, what there is, and checks of the user's own files.

use super::{CliError, Outcome, PlaceArgs};
use crate::app::command::{COMMANDS, Context, known};
use crate::config::Config;
use crate::input::{Keymap, PRESETS};
use crate::theme::Depth;
use clap::Args;
use serde_json::json;
use std::io::Write;

#[derive(Args)]
pub struct KeysArgs {
    /// Read the key map and say what is wrong with it
    #[arg(long)]
    check: bool,
    /// default, arrows or fiss; the one in use by default
    #[arg(long)]
    preset: Option<String>,
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
pub struct ThemesArgs {
    /// Read every theme and say what is wrong with it
    #[arg(long)]
    check: bool,
}

pub fn run(place: &PlaceArgs, args: &KeysArgs) -> Result<Outcome, CliError> {
    let config = Config::load(place.data_dir.as_deref())?;
    let preset = args.preset.clone().unwrap_or_else(|| config.keys.clone());
    if !PRESETS.contains(&preset.as_str()) {
        return Err(CliError::Usage(format!(
            "there is no key map {preset:?}; there are {}",
            PRESETS.join(", ")
        )));
    }
    let patch = config.key_patch()?;
    let patch = patch.as_ref().map(|(file, text)| (file.as_str(), text.as_str()));
    let (map, errors) = Keymap::load(&preset, patch, &known);
    for e in &errors {
        eprintln!("{e}");
    }
    let mut out = std::io::stdout().lock();
    if args.check {
        if errors.is_empty() {
            writeln!(out, "{preset}: every line reads, every command has a key")?;
        }
        return Ok(if errors.is_empty() { Outcome::Done } else { Outcome::Findings });
    }
    for context in Context::ALL {
        if !args.json {
            writeln!(out, "[{}]", context.key())?;
        }
        for c in COMMANDS.iter().filter(|c| c.contexts.contains(&context)) {
            let keys = map.keys_for(context.key(), c.id);
            match args.json {
                true => writeln!(
                    out,
                    "{}",
                    json!({"context": context.key(), "command": c.id, "keys": keys, "doc": c.doc})
                )?,
                false => writeln!(out, "  {:<16} {:<18} {}", keys.join(" or "), c.id, c.doc)?,
            }
        }
    }
    Ok(if errors.is_empty() { Outcome::Done } else { Outcome::Findings })
}

pub fn themes(place: &PlaceArgs, args: &ThemesArgs) -> Result<Outcome, CliError> {
    let config = Config::load(place.data_dir.as_deref())?;
    let themes = config.themes()?;
    let mut out = std::io::stdout().lock();
    let mut bad = false;
    for name in themes.names() {
        match themes.get(&name, Depth::True) {
            Ok(_) if args.check => writeln!(out, "{name}: good")?,
            Ok(_) => writeln!(out, "{name}{}", if name == config.theme { "  (in use)" } else { "" })?,
            Err(e) => {
                bad = true;
                eprintln!("{e}");
            }
        }
    }
    Ok(if bad { Outcome::Findings } else { Outcome::Done })
}
