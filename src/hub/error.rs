//! What a hub answers when it cannot do what was asked.

use crate::domain::{Id, Scope};
use crate::sqlite::{DbError, ErrorKind};

#[derive(Debug, thiserror::Error)]
pub enum HubError {
    #[error(transparent)]
    Db(#[from] DbError),
    /// Nothing is known about whether the last call was done.
    #[error("the shared database does not answer: {0}; work goes on, it will be tried again")]
    Unreachable(String),
    #[error("the session with the shared database has not begun; say hello first")]
    NotSignedIn,
    #[error("{0} is not known to the shared database; an administrator adds people with `codesk user add`")]
    UnknownPerson(String),
    #[error("{0} is locked in the shared database; ask an administrator")]
    Locked(String),
    #[error("you have no access to {0}; ask a supervisor")]
    NoScope(Scope),
    #[error("{0}")]
    NotAllowed(String),
    #[error("{0} is not in the shared database; synchronize first")]
    NotFound(Id),
    #[error(
        "this codesk is too old for the shared database (speaks {have}, needs {need}); install the newer one"
    )]
    Upgrade { have: u32, need: u32 },
    /// The login or the password is wrong, or the server does not let this login in.
    #[error(
        "the shared database does not let {0} in: wrong password or login; `codesk init --hub` asks again"
    )]
    SignIn(String),
    #[error("the server has no database {0:?}; check the address with `codesk hub status`")]
    NoDatabase(String),
    #[error(
        "there is no codesk in this database yet; an administrator runs `codesk init --hub` with its address"
    )]
    NoHub,
    #[error(
        "the shared database is older than this codesk (schema {have}, needs {need}); an administrator runs \
         `codesk hub migrate`"
    )]
    SchemaOld { have: u32, need: u32 },
    #[error("the shared database's certificate is not trusted: {0}")]
    Certificate(String),
    #[error("the address of the shared database: {0}")]
    Address(String),
    #[error("the shared database holds something it cannot read: {0}; run `codesk audit verify`")]
    Broken(&'static str),
}

impl From<rusqlite::Error> for HubError {
    fn from(e: rusqlite::Error) -> HubError {
        HubError::Db(e.into())
    }
}

impl HubError {
    pub fn kind(&self) -> ErrorKind {
        match self {
            HubError::Db(e) => e.kind(),
            HubError::Unreachable(_) => ErrorKind::Retry,
            HubError::NotSignedIn | HubError::Broken(_) => ErrorKind::Bug,
            HubError::UnknownPerson(_)
            | HubError::Locked(_)
            | HubError::Upgrade { .. }
            | HubError::SignIn(_)
            | HubError::NoDatabase(_)
            | HubError::NoHub
            | HubError::SchemaOld { .. }
            | HubError::Certificate(_)
            | HubError::Address(_) => ErrorKind::Config,
            HubError::NoScope(_) | HubError::NotAllowed(_) | HubError::NotFound(_) => ErrorKind::User,
        }
    }

    pub fn hint(&self) -> Option<&str> {
        match self {
            HubError::Unreachable(_) | HubError::Db(DbError::Busy) => {
                Some("nothing is lost: edits wait in the outbox")
            }
            HubError::Upgrade { .. } | HubError::SchemaOld { .. } | HubError::SignIn(_) => {
                Some("edits stay in the outbox until then")
            }
            _ => None,
        }
    }
}
