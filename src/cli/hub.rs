//! `codesk init`, `codesk hub …`: making, upgrading, backing up and looking at the shared database.

use super::place::HubPlace;
use super::{CliError, Outcome, PlaceArgs, Site, SiteError, secret};
use crate::config::{Config, HubFile};
use crate::domain::{Id, Role};
use crate::hub::{Hello, Hub, HubError, HubStatus, SCHEMA, Welcome};
use clap::{Args, Subcommand};
use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::Command;

#[derive(Args)]
pub struct InitArgs {
    /// sqlite:PATH, or postgres://[login@]host/database without a password
    #[arg(long, value_name = "ADDRESS")]
    hub: String,
    /// A streaming copy of the hub that pulls are read from
    #[arg(long, value_name = "ADDRESS")]
    replica: Option<String>,
    /// A file with the password, readable by you alone; asked for otherwise
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,
    /// Hold lists and what is worked on here, not every encounter of my scopes
    #[arg(long)]
    lists_only: bool,
    /// A new hub only: split its tables by scope
    #[arg(long)]
    partitions: bool,
}

#[derive(Args)]
pub struct HubArgs {
    #[command(subcommand)]
    command: HubSub,
}

#[derive(Subcommand)]
enum HubSub {
    /// Where it is, whether it answers, and what somebody should do about it
    Status {
        #[arg(long)]
        json: bool,
    },
    /// Upgrade its schema to this codesk's
    Migrate(AdminArgs),
    /// Copy it to a file while everybody works on
    Backup {
        /// The file to write; it holds patient data
        #[arg(long, value_name = "FILE")]
        to: PathBuf,
        #[command(flatten)]
        admin: AdminArgs,
    },
    /// Record that it was put back from a backup; every client finds out by itself
    Restored,
    /// Give a scope partitions of its own, in a hub made with --partitions
    Partition {
        scope: String,
        #[command(flatten)]
        admin: AdminArgs,
    },
}

#[derive(Args)]
struct AdminArgs {
    /// The address with another login, one that may change the database
    #[arg(long, value_name = "ADDRESS")]
    hub: Option<String>,
    /// A file with that login's password
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,
}

pub fn init(place: &PlaceArgs, args: &InitArgs) -> Result<Outcome, CliError> {
    let config = Config::load(place.data_dir.as_deref())?;
    let hub = HubPlace::parse(&args.hub, args.replica.as_deref()).map_err(SiteError::from)?;
    let file =
        HubFile { address: args.hub.clone(), replica: args.replica.clone(), lists_only: args.lists_only };
    if !hub.is_remote() {
        config.write_hub(&file, None)?;
        let site = Site::open(place)?;
        let (login, mut hub) = (site.me.login.clone(), site.hub()?);
        let welcome = hub.hello(&hello(&site, &login)).map_err(SiteError::from)?;
        if let Err(e) = same_hub(&site, welcome.hub) {
            config.forget_hub()?;
            return Err(e);
        }
        eprintln!("the shared database is {}; {login} may use it", args.hub);
        return Ok(Outcome::Done);
    }
    config.create_dir()?;
    let login = hub.login().unwrap_or_else(|| super::site::login(&config));
    let mut password = match &args.password_file {
        Some(file) => Some(secret::password("", Some(file))?),
        None => config.hub_password()?,
    };
    let joined = loop {
        match join(&hub, &login, password.as_deref(), args.partitions) {
            Err(HubError::SignIn(_)) if args.password_file.is_none() && password.is_none() => {
                password = Some(secret::password(&format!("password of {login}: "), None)?);
            }
            other => break other.map_err(SiteError::from)?,
        }
    };
    if config.dir.join("cache.db").exists() {
        same_hub(&Site::open(place)?, joined.2)?;
    }
    config.write_hub(&file, password.as_deref())?;
    // Known from the first start on, even without the network.
    Site::open(place)?.set_role(joined.1)?;
    eprintln!("{}", joined.0);
    Ok(Outcome::Done)
}

/// Greets the hub; makes or upgrades it first where the login may.
fn join(
    hub: &HubPlace,
    login: &str,
    password: Option<&str>,
    partitions: bool,
) -> Result<(String, Role, Id), HubError> {
    let mut pg = hub.postgres(password)?.ok_or(HubError::NoHub)?;
    let hello = Hello { client: crate::domain::Id::NIL, login: login.into(), schema: SCHEMA };
    match pg.hello(&hello) {
        Ok(welcome) => Ok((
            format!("{login} may use the shared database; this folder belongs to it now"),
            best(&welcome),
            welcome.hub,
        )),
        Err(HubError::NoHub | HubError::SchemaOld { .. }) => {
            let done = pg.migrate(login, partitions)?;
            let welcome = pg.hello(&hello)?;
            let (from, to) = (done.from, done.to);
            let said = match from {
                0 => format!("the shared database is made (schema {to}); {login} is its administrator"),
                _ => format!("the shared database is upgraded from schema {from} to {to}"),
            };
            Ok((said, best(&welcome), welcome.hub))
        }
        Err(e) => Err(e),
    }
}

/// The role in which a person may most.
fn best(welcome: &Welcome) -> Role {
    welcome.scopes.iter().map(|(_, r)| *r).max_by_key(|r| r.weight()).unwrap_or(Role::ReadOnly)
}

/// A cache that exchanged with one hub is not turned over to another: its numbers mean nothing there. The same hub
/// at another address, after a failover, is the same.
fn same_hub(site: &Site, hub: Id) -> Result<(), CliError> {
    match site.setting("hub").as_deref().and_then(Id::parse) {
        Some(known) if known != hub => Err(CliError::Refused(format!(
            "{} belongs to another shared database already: use a folder of its own (--data-dir DIR)",
            site.config.dir.display()
        ))),
        _ => Ok(()),
    }
}

pub fn hello(site: &Site, login: &str) -> Hello {
    Hello { client: site.client(), login: login.into(), schema: SCHEMA }
}

pub fn run(place: &PlaceArgs, args: &HubArgs) -> Result<Outcome, CliError> {
    match &args.command {
        HubSub::Status { json } => status(place, *json),
        HubSub::Migrate(admin) => {
            let (mut pg, login) = match as_admin(place, admin)? {
                Some(x) => x,
                None => {
                    // Opening a hub file upgrades it.
                    let site = Site::open(place)?;
                    drop(site.hub()?);
                    eprintln!("the shared database is a file; it is of this codesk's schema");
                    return Ok(Outcome::Done);
                }
            };
            let done = pg.migrate(&login, false).map_err(SiteError::from)?;
            match done.from == done.to {
                true => eprintln!("the shared database has this codesk's schema ({}) already", done.to),
                false => eprintln!("upgraded from schema {} to {}", done.from, done.to),
            }
            Ok(Outcome::Done)
        }
        HubSub::Backup { to, admin } => backup(place, to, admin),
        HubSub::Restored => {
            let site = Site::open(place)?;
            let (mut hub, when) = (site.signed_in_hub()?, site.now().to_rfc3339());
            hub.note("restored", &when).map_err(SiteError::from)?;
            eprintln!("recorded; each client sends again what the restored copy does not know");
            Ok(Outcome::Done)
        }
        HubSub::Partition { scope, admin } => {
            let (mut pg, login) = as_admin(place, admin)?
                .ok_or_else(|| CliError::Usage("a hub in one file has no partitions".into()))?;
            pg.partition(&login, scope).map_err(SiteError::from)?;
            eprintln!("{scope} has partitions of its own");
            Ok(Outcome::Done)
        }
    }
}

/// The PostgreSQL hub with the login that was given, or the folder's own; `None` for a hub in a file.
fn as_admin(
    place: &PlaceArgs,
    args: &AdminArgs,
) -> Result<Option<(crate::hub::postgres::PgHub, String)>, CliError> {
    let config = Config::load(place.data_dir.as_deref())?;
    let (hub, own) = match &args.hub {
        Some(address) => (HubPlace::parse(address, None).map_err(SiteError::from)?, false),
        None => (HubPlace::of(&config).map_err(SiteError::from)?, true),
    };
    let password = match &args.password_file {
        Some(file) => Some(secret::password("", Some(file))?),
        None if own => config.hub_password()?,
        None => None,
    };
    let login = hub.login().unwrap_or_else(|| super::site::login(&config));
    let Some(mut pg) = hub.postgres(password.as_deref()).map_err(SiteError::from)? else { return Ok(None) };
    match pg.sign_in(&login) {
        Err(HubError::SignIn(_)) if password.is_none() && std::io::stdin().is_terminal() => {
            let asked = secret::password(&format!("password of {login}: "), None)?;
            let pg = hub.postgres(Some(&asked)).map_err(SiteError::from)?;
            Ok(pg.map(|pg| (pg, login)))
        }
        other => {
            other.map_err(SiteError::from)?;
            Ok(Some((pg, login)))
        }
    }
}

fn backup(place: &PlaceArgs, to: &Path, admin: &AdminArgs) -> Result<Outcome, CliError> {
    if to.exists() {
        return Err(CliError::Refused(format!("{} exists already; nothing was written", to.display())));
    }
    let site = Site::open(place)?;
    match as_admin(place, admin)? {
        None => {
            let HubPlace::File { path, key } = HubPlace::of(&site.config).map_err(SiteError::from)? else {
                return Ok(Outcome::Done);
            };
            let mut hub = crate::hub::sqlite::SqliteHub::open(&path, &key, std::sync::Arc::new(site.clock))
                .map_err(SiteError::from)?;
            hub.backup(&path, to).map_err(SiteError::from)?;
            eprintln!(
                "written to {}; it opens only with {}, keep a copy of that elsewhere",
                to.display(),
                key.display()
            );
        }
        Some((pg, login)) => {
            let mut tool = Command::new("pg_dump");
            tool.args(pg.tool_arguments(&login)).arg("--format=custom").arg("--file").arg(to);
            let password = match &admin.password_file {
                Some(file) => Some(secret::password("", Some(file))?),
                None => site.config.hub_password()?,
            };
            if let Some(p) = password {
                // The environment of a process is its owner's alone; its arguments are everybody's.
                tool.env("PGPASSWORD", p);
            }
            let status = tool.status().map_err(|source| SiteError::Io { path: "pg_dump".into(), source })?;
            if !status.success() {
                return Err(CliError::Refused("pg_dump did not finish; see its words above".into()));
            }
            #[cfg(unix)]
            {
                use std::os::unix::fs::PermissionsExt;
                std::fs::set_permissions(to, std::fs::Permissions::from_mode(0o600))?;
            }
            eprintln!("written to {}", to.display());
        }
    }
    let when = site.now().to_rfc3339();
    if let Err(e) = site.signed_in_hub().and_then(|mut hub| Ok(hub.note("backup", &when)?)) {
        eprintln!("the backup is made, but not recorded in the hub: {e}");
    }
    Ok(Outcome::Done)
}

fn status(place: &PlaceArgs, json: bool) -> Result<Outcome, CliError> {
    let site = Site::open(place)?;
    let mut out = std::io::stdout().lock();
    let hub = HubPlace::of(&site.config).map_err(SiteError::from)?;
    let found = look(&site);
    if json {
        let value = match &found {
            Ok(s) => serde_json::json!({"hub": hub.words(), "reachable": true, "status": s}),
            Err(e) => serde_json::json!({"hub": hub.words(), "reachable": false, "why": e.to_string()}),
        };
        writeln!(out, "{value}")?;
    } else {
        for line in sentences(&hub, &found, site.now().timestamp_millis()) {
            writeln!(out, "{line}")?;
        }
    }
    Ok(if found.is_ok_and(|s| s.warnings.is_empty()) { Outcome::Done } else { Outcome::Findings })
}

/// The state of the hub as this folder's person sees it.
pub fn look(site: &Site) -> Result<HubStatus, SiteError> {
    let mut hub = site.signed_in_hub()?;
    Ok(hub.status()?)
}

/// The state of the hub in plain sentences.
pub fn sentences(hub: &HubPlace, found: &Result<HubStatus, SiteError>, now_ms: i64) -> Vec<String> {
    let mut out = vec![format!("Hub: {}.", hub.words())];
    let s = match found {
        Ok(s) => s,
        Err(e) => {
            out.push(format!("Hub: {e}."));
            return out;
        }
    };
    out.push(format!("Hub: answers; {}, schema {}.", s.server, s.schema));
    out.push(format!("Hub clock: {}.", skew_words(s.now_ms - now_ms)));
    let size = |b: u64| format!("{:.1} MB", b as f64 / 1e6);
    match &s.largest {
        Some((table, bytes)) => {
            out.push(format!(
                "Hub size: {}, the largest table is {table} with {}.",
                size(s.bytes),
                size(*bytes)
            ));
        }
        None => out.push(format!("Hub size: {}.", size(s.bytes))),
    }
    if let Some((used, most)) = s.connections {
        out.push(format!("Hub connections: {used} of {most}."));
    }
    match &s.backup {
        Some(when) => out.push(format!("Hub backup: {when}.")),
        None => out.push("Hub backup: none recorded by codesk hub backup.".into()),
    }
    if let Some(when) = &s.restored {
        out.push(format!("Hub restored: {when}."));
    }
    out.extend(s.warnings.iter().map(|w| format!("Hub: {w}.")));
    out
}

/// How far the hub's clock is from this machine's. Leases end by the hub's.
pub fn skew_words(ms: i64) -> String {
    let (far, way) = (ms.unsigned_abs() / 1000, if ms > 0 { "ahead of" } else { "behind" });
    match far {
        0..=5 => "the same as this machine's".into(),
        6..=119 => format!("{far} seconds {way} this machine's"),
        _ => format!("{} minutes {way} this machine's; set the clock, leases end by the hub's", far / 60),
    }
}
