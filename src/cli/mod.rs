//! The command line: one file a subcommand; everything a screen does in bulk is here too.
//!
//! Owns arguments, output shapes (a contract: fields are added, never renamed) and exit codes: 0 done,
//! 1 findings or some items failed, 2 usage or unreadable input. Data goes to stdout, talk to stderr.

mod audit;
mod check;
mod check_encounters;
mod claim;
mod claim_export;
mod demo;
mod doctor;
mod edits;
mod encounter;
pub mod group;
mod hub;
mod intake;
mod keys;
mod place;
mod queue;
mod search;
mod secret;
mod setup;
mod site;
mod sync;
mod tables;
mod user;

pub use place::{HubPlace, open_hub};
pub use site::{Site, SiteError, edit_settings};

use clap::{Args, CommandFactory, Parser, Subcommand};
use std::path::PathBuf;

#[derive(Parser)]
#[command(name = "codesk", version, about = "Keyboard-only workstation for US medical coding and billing")]
pub struct Cli {
    #[command(flatten)]
    pub place: PlaceArgs,
    #[command(subcommand)]
    pub command: Option<Sub>,
}

#[derive(Args, Clone, Debug, Default)]
pub struct PlaceArgs {
    /// Where cache, embedded hub, settings and logs live
    #[arg(long, global = true, env = "CODESK_DATA_DIR", value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
}

#[derive(Args, Clone, Debug, Default)]
pub struct RunArgs {
    /// Lines of words instead of a screen, for screen readers
    #[arg(long)]
    pub plain: bool,
    /// Colour theme for this session
    #[arg(long, value_name = "NAME")]
    pub theme: Option<String>,
    /// Key map for this session: default, arrows or fiss
    #[arg(long, value_name = "NAME")]
    pub keys: Option<String>,
    /// Fail on Ctrl-G, to see that the terminal is given back
    #[arg(long, hide = true)]
    pub test_panic: bool,
}

#[derive(Subcommand)]
pub enum Sub {
    /// Open the workstation (what codesk alone does)
    Run(RunArgs),
    /// Open the workstation on the sample practice
    Demo(demo::DemoArgs),
    /// Choose the shared database of this data folder; makes or upgrades it where you may
    Init(hub::InitArgs),
    /// The shared database: its state, upgrade, backup, restore
    Hub(hub::HubArgs),
    /// Who may do what where
    User(user::UserArgs),
    /// Exchange with the shared database once, or say what waits
    Sync(sync::SyncArgs),
    /// The audit trail: prove it, export it
    Audit(audit::AuditArgs),
    /// Read FHIR R4 bundles, NDJSON or single resources into the cache
    Intake(intake::IntakeArgs),
    /// Lists of work
    Queue(queue::QueueArgs),
    /// Show or code one encounter
    Encounter(encounter::EncounterArgs),
    /// Claim edits on 837 files or stored encounters
    Check(check::CheckArgs),
    /// Claim forms
    Claim(claim::ClaimArgs),
    /// Group inpatient stays to MS-DRGs, or load a new version's tables
    Group(group::GroupArgs),
    /// Tables the edits need: NCCI pairs, MUE, add-on codes, fee schedule, coverage lists
    Edits(edits::EditsArgs),
    /// Read sites, payers, providers and registration from a file
    Setup(setup::SetupArgs),
    /// Find codes
    Search(search::SearchArgs),
    /// Official code tables: what is loaded, loading, checking and handing them on
    Tables(tables::TablesArgs),
    /// Say what is set up and what is wrong, in plain sentences
    Doctor(doctor::DoctorArgs),
    /// Show the key map, or check your own
    Keys(keys::KeysArgs),
    /// List the themes, or check your own
    Themes(keys::ThemesArgs),
    /// Completions for a shell
    Completions { shell: clap_complete::Shell },
    /// The manual page, in roff
    Man,
}

/// How a subcommand ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Done,
    /// Findings, or some items failed.
    Findings,
}

impl Outcome {
    pub fn code(self) -> u8 {
        match self {
            Outcome::Done => 0,
            Outcome::Findings => 1,
        }
    }
}

#[derive(Debug, thiserror::Error)]
pub enum CliError {
    #[error(transparent)]
    Site(#[from] SiteError),
    #[error(transparent)]
    Config(#[from] crate::config::ConfigError),
    #[error(transparent)]
    Store(#[from] crate::store::StoreError),
    #[error(transparent)]
    Tables(#[from] crate::table_store::TableStoreError),
    #[error(transparent)]
    Run(#[from] crate::run::RunError),
    #[error(transparent)]
    Drg(#[from] crate::drg_file::DrgFileError),
    #[error("{0}")]
    Usage(String),
    /// Nothing done, nothing lost: the answer is "no".
    #[error("{0}")]
    Refused(String),
    #[error("cannot write the output: {0}")]
    Output(#[from] std::io::Error),
    #[error("cannot write JSON: {0}")]
    Json(#[from] serde_json::Error),
}

impl CliError {
    pub fn code(&self) -> u8 {
        match self {
            CliError::Refused(_) => 1,
            _ => 2,
        }
    }
    pub fn hint(&self) -> Option<String> {
        match self {
            CliError::Store(e) | CliError::Site(SiteError::Store(e)) => e.hint().map(str::to_string),
            CliError::Site(SiteError::Hub(e)) => e.hint().map(str::to_string),
            _ => None,
        }
    }
    pub fn is_broken_pipe(&self) -> bool {
        matches!(self, CliError::Output(e) if e.kind() == std::io::ErrorKind::BrokenPipe)
            || matches!(self, CliError::Json(e) if e.io_error_kind() == Some(std::io::ErrorKind::BrokenPipe))
    }
}

pub fn run(cli: Cli) -> Result<Outcome, CliError> {
    let place = &cli.place;
    match cli.command.unwrap_or(Sub::Run(RunArgs::default())) {
        Sub::Run(args) => {
            crate::run::run(Site::open(place)?, &args)?;
            Ok(Outcome::Done)
        }
        Sub::Demo(args) => demo::run(place, &args),
        Sub::Init(args) => hub::init(place, &args),
        Sub::Hub(args) => hub::run(place, &args),
        Sub::User(args) => user::run(place, &args),
        Sub::Sync(args) => sync::run(place, &args),
        Sub::Audit(args) => audit::run(place, &args),
        Sub::Intake(args) => intake::run(place, &args),
        Sub::Queue(args) => queue::run(place, &args),
        Sub::Encounter(args) => encounter::run(place, &args),
        Sub::Check(args) => check::run(place, &args),
        Sub::Claim(args) => claim::run(place, &args),
        Sub::Group(args) => group::run(place, &args),
        Sub::Edits(args) => edits::run(place, &args),
        Sub::Setup(args) => setup::run(place, &args),
        Sub::Search(args) => search::run(place, &args),
        Sub::Tables(args) => tables::run(place, &args),
        Sub::Doctor(args) => doctor::run(place, &args),
        Sub::Keys(args) => keys::run(place, &args),
        Sub::Themes(args) => keys::themes(place, &args),
        Sub::Completions { shell } => {
            clap_complete::generate(shell, &mut Cli::command(), "codesk", &mut std::io::stdout());
            Ok(Outcome::Done)
        }
        Sub::Man => {
            clap_mangen::Man::new(Cli::command()).render(&mut std::io::stdout())?;
            Ok(Outcome::Done)
        }
    }
}
