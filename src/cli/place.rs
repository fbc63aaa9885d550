//! Which shared database a data folder belongs to, opened.

use super::SiteError;
use super::site::SiteClock;
use crate::config::Config;
use crate::hub::postgres::{PgHub, PgPlace};
use crate::hub::sqlite::SqliteHub;
use crate::hub::{HubAdmin, HubError};
use std::path::PathBuf;
use std::sync::Arc;

/// The hub of a data folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HubPlace {
    /// One file, and its key.
    File {
        path: PathBuf,
        key: PathBuf,
    },
    Postgres {
        address: String,
        replica: Option<String>,
        lists_only: bool,
    },
}

impl HubPlace {
    pub fn parse(text: &str, replica: Option<&str>) -> Result<HubPlace, HubError> {
        if let Some(path) = text.strip_prefix("sqlite:") {
            let path = PathBuf::from(path);
            return Ok(HubPlace::File { key: path.with_extension("key"), path });
        }
        if text.starts_with("postgres://") || text.starts_with("postgresql://") {
            // Read now, so that a mistake is told where it was made.
            PgPlace::parse(text, None)?;
            return Ok(HubPlace::Postgres {
                address: text.into(),
                replica: replica.map(str::to_string),
                lists_only: false,
            });
        }
        Err(HubError::Address("it is sqlite:PATH or postgres://login@host/database".into()))
    }

    /// What the folder says, or the embedded file of it.
    pub fn of(config: &Config) -> Result<HubPlace, HubError> {
        match &config.hub {
            Some(h) => Ok(match HubPlace::parse(&h.address, h.replica.as_deref())? {
                HubPlace::Postgres { address, replica, .. } => {
                    HubPlace::Postgres { address, replica, lists_only: h.lists_only }
                }
                file => file,
            }),
            None => Ok(HubPlace::File { path: config.dir.join("hub.db"), key: config.dir.join("hub.key") }),
        }
    }

    pub fn is_remote(&self) -> bool {
        matches!(self, HubPlace::Postgres { .. })
    }

    /// For people: an address holds no secret.
    pub fn words(&self) -> String {
        match self {
            HubPlace::File { path, .. } => path.display().to_string(),
            HubPlace::Postgres { address, .. } => address.clone(),
        }
    }

    /// The login an address names.
    pub fn login(&self) -> Option<String> {
        match self {
            HubPlace::File { .. } => None,
            HubPlace::Postgres { address, .. } => {
                PgPlace::parse(address, None).ok().and_then(|p| p.login().map(str::to_string))
            }
        }
    }

    pub fn postgres(&self, password: Option<&str>) -> Result<Option<PgHub>, HubError> {
        let HubPlace::Postgres { address, replica, lists_only } = self else { return Ok(None) };
        let place = PgPlace::parse(address, password)?;
        let replica = replica.as_deref().map(|r| PgPlace::parse(r, password)).transpose()?;
        let hub = PgHub::new(place, replica)?;
        Ok(Some(if *lists_only { hub.lists_only() } else { hub }))
    }

    /// Opens it; a PostgreSQL hub is not connected to yet.
    pub fn open(&self, config: &Config, clock: SiteClock) -> Result<Box<dyn HubAdmin>, SiteError> {
        match self {
            HubPlace::File { path, key } => Ok(Box::new(SqliteHub::open(path, key, Arc::new(clock))?)),
            HubPlace::Postgres { .. } => {
                let password = config.hub_password()?;
                let hub = self.postgres(password.as_deref())?;
                Ok(Box::new(hub.ok_or(HubError::NoHub)?))
            }
        }
    }
}

pub fn open_hub(config: &Config, clock: SiteClock) -> Result<Box<dyn HubAdmin>, SiteError> {
    HubPlace::of(config)?.open(config, clock)
}
