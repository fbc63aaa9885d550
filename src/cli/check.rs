//! `codesk check`: claim edits. Says what its arguments name and hands them on.

use super::{CliError, Outcome, PlaceArgs, check_encounters};
use clap::Args;

#[derive(Args)]
pub struct CheckArgs {
    /// Account numbers or ids of stored encounters
    #[arg(value_name = "ID")]
    pub targets: Vec<String>,
    /// Every encounter of the cache that is not final
    #[arg(long)]
    pub all: bool,
    #[arg(long)]
    pub json: bool,
}

pub fn run(place: &PlaceArgs, args: &CheckArgs) -> Result<Outcome, CliError> {
    check_encounters::run(place, &args.targets, args.all, args.json)
}
