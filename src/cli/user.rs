//! `codesk user …`: who may do what where. The hub decides whether the caller may; each change is in the trail.

use super::{CliError, Outcome, PlaceArgs, Site, SiteError, secret};
use crate::domain::Role;
use clap::{Args, Subcommand};
use std::io::Write;
use std::path::PathBuf;

#[derive(Args)]
pub struct UserArgs {
    #[command(subcommand)]
    command: UserSub,
}

#[derive(Subcommand)]
enum UserSub {
    /// Give somebody a role; in a PostgreSQL hub this makes their login
    Add {
        login: String,
        #[arg(long, value_parser = parse_role)]
        role: Role,
        /// Site or department; * for all
        #[arg(long, default_value = "*")]
        scope: String,
        /// Give a password now (asked for, or from --password-file); without one the server's own sign-in decides
        #[arg(long)]
        password: bool,
        #[arg(long, value_name = "FILE", requires = "password")]
        password_file: Option<PathBuf>,
    },
    /// Everybody, with role and scope
    List {
        #[arg(long)]
        json: bool,
    },
    /// Lock somebody out everywhere and free what they hold
    Lock {
        login: String,
        /// Let them in again
        #[arg(long)]
        undo: bool,
    },
    /// Change a role, or take a scope away with --remove
    Role {
        login: String,
        #[arg(value_parser = parse_role, required_unless_present = "remove")]
        role: Option<Role>,
        #[arg(long, default_value = "*")]
        scope: String,
        #[arg(long, conflicts_with = "role")]
        remove: bool,
    },
    /// A new password for somebody's login
    Passwd {
        login: String,
        #[arg(long, value_name = "FILE")]
        password_file: Option<PathBuf>,
    },
}

fn parse_role(text: &str) -> Result<Role, String> {
    Role::from_label(text).ok_or_else(|| format!("the roles are {}", Role::ALL.map(Role::label).join(", ")))
}

pub fn run(place: &PlaceArgs, args: &UserArgs) -> Result<Outcome, CliError> {
    let site = Site::open(place)?;
    let mut hub = site.signed_in_hub()?;
    let fail = |e: crate::hub::HubError| CliError::from(SiteError::from(e));
    match &args.command {
        UserSub::Add { login, role, scope, password, password_file } => {
            let secret = match password {
                true => {
                    let prompt = format!("new password of {login}: ");
                    Some(secret::new_password(&prompt, password_file.as_deref())?)
                }
                false => None,
            };
            hub.set_person(login, Some(*role), scope, secret.as_deref()).map_err(fail)?;
            eprintln!("{login} is {} in {}", role.label(), scope_words(scope));
        }
        UserSub::List { json } => {
            let mut out = std::io::stdout().lock();
            for p in hub.people().map_err(fail)? {
                match json {
                    true => writeln!(out, "{}", serde_json::to_string(&p)?)?,
                    false => {
                        let locked = if p.locked { "  locked" } else { "" };
                        writeln!(out, "{:<16} {:<12} {}{locked}", p.login, p.role.label(), p.scope)?;
                    }
                }
            }
        }
        UserSub::Lock { login, undo } => {
            hub.lock_person(login, !undo).map_err(fail)?;
            match undo {
                true => eprintln!("{login} may sign in again"),
                false => eprintln!(
                    "{login} is locked; their leases are free, their cache is erased when it next asks"
                ),
            }
        }
        UserSub::Role { login, role: Some(role), scope, .. } => {
            hub.set_person(login, Some(*role), scope, None).map_err(fail)?;
            eprintln!("{login} is {} in {}", role.label(), scope_words(scope));
        }
        UserSub::Role { login, role: None, scope, .. } => {
            hub.remove_person(login, scope).map_err(fail)?;
            eprintln!("{login} has no access to {} any more", scope_words(scope));
        }
        UserSub::Passwd { login, password_file } => {
            let new = secret::new_password(&format!("new password of {login}: "), password_file.as_deref())?;
            hub.set_person(login, None, "*", Some(&new)).map_err(fail)?;
            eprintln!("{login} has a new password");
        }
    }
    Ok(Outcome::Done)
}

fn scope_words(scope: &str) -> &str {
    if scope == "*" { "every scope" } else { scope }
}
