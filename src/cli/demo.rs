//! `codesk demo`: the sample practice, set up on first use, then the workstation on it.

use super::{CliError, Outcome, PlaceArgs, RunArgs, Site, SiteError};
use crate::config::Config;
use crate::demo;
use clap::Args;

#[derive(Args)]
pub struct DemoArgs {
    /// Throw the sample practice away and set it up again
    #[arg(long)]
    reset: bool,
    /// Only set it up
    #[arg(long)]
    no_tui: bool,
    /// Set up this many encounters instead of its own, for measuring
    #[arg(long, value_name = "N", hide = true)]
    encounters: Option<usize>,
    #[command(flatten)]
    run: RunArgs,
}

/// Files that belong to the practice; nothing else in the folder is touched by `--reset`.
const FILES: [&str; 2] = ["cache.db", "hub.db"];

pub fn run(place: &PlaceArgs, args: &DemoArgs) -> Result<Outcome, CliError> {
    // Without a place of its own the practice lives beside real data, never in it.
    let place = match &place.data_dir {
        Some(_) => place.clone(),
        None => PlaceArgs { data_dir: Some(crate::config::data_dir(None)?.join("demo")) },
    };
    let config = Config::load(place.data_dir.as_deref())?;
    config.create_dir()?;
    if args.reset {
        reset(&config)?;
    }
    let mut site = Site::open_demo(&place)?;
    if !site.is_demo() {
        if !site.is_empty()? {
            return Err(CliError::Refused(format!(
                "{} holds real encounters: the sample practice needs a folder of its own (--data-dir DIR)",
                config.dir.display()
            )));
        }
        set_up(&mut site, args.encounters)?;
    }
    if args.no_tui {
        // The code book too, so that the first start is as fast as the next.
        super::site::open_codes(&config)?;
        return Ok(Outcome::Done);
    }
    drop(site);
    crate::run::run(Site::open(&place)?, &args.run)?;
    Ok(Outcome::Done)
}

fn reset(config: &Config) -> Result<(), CliError> {
    // Somebody else's open window must not lose its file under it.
    Site::check_free(config)?;
    for name in FILES {
        for end in ["", "-wal", "-shm", ".keymark"] {
            let path = config.dir.join(format!("{name}{end}"));
            match std::fs::remove_file(&path) {
                Ok(()) => {}
                Err(e) if e.kind() == std::io::ErrorKind::NotFound => {}
                Err(source) => return Err(SiteError::Io { path, source }.into()),
            }
        }
    }
    Ok(())
}

fn set_up(site: &mut Site, encounters: Option<usize>) -> Result<(), CliError> {
    let practice =
        demo::practice().map_err(|e| CliError::Usage(format!("the sample practice is broken: {e}")))?;
    let n = encounters.unwrap_or(practice.encounters.len());
    eprintln!("setting up the sample practice: {n} encounters");
    site.import_practice(&practice, n)?;
    site.sync();
    eprintln!("done: Lakeside Health, today is {}", demo::today());
    Ok(())
}
