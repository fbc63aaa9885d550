//! What the cache answers when it cannot do what was asked.

use crate::domain::{Id, RecordKind, Scope};
use crate::sqlite::{DbError, ErrorKind};

#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error(transparent)]
    Db(#[from] DbError),
    /// What the edit read has changed: the chart on the screen is older than the cache.
    #[error("the {field} of this {} has changed since it was read; reload the encounter and make the change again", kind.key())]
    Conflict { record: Id, kind: RecordKind, field: String },
    #[error("{0} is not in this cache; synchronize and try again")]
    NotFound(Id),
    #[error("record {id} belongs to {found}, not to {asked}; change it there")]
    OtherScope { id: Id, found: Scope, asked: Scope },
    #[error("the text of document {0} is not what its hash says; import the file again")]
    BadText(Id),
    #[error("the change cannot be written as data: {0}")]
    Encoding(&'static str),
    #[error("{path} could not be set aside: {why}")]
    SetAside { path: String, why: String },
}

impl From<rusqlite::Error> for StoreError {
    fn from(e: rusqlite::Error) -> StoreError {
        StoreError::Db(e.into())
    }
}

impl StoreError {
    pub fn kind(&self) -> ErrorKind {
        match self {
            StoreError::Db(e) => e.kind(),
            StoreError::Conflict { .. } => ErrorKind::Conflict,
            StoreError::NotFound(_) | StoreError::OtherScope { .. } | StoreError::BadText(_) => {
                ErrorKind::User
            }
            StoreError::Encoding(_) => ErrorKind::Bug,
            StoreError::SetAside { .. } => ErrorKind::Config,
        }
    }

    /// A second sentence, where the first does not say it all.
    pub fn hint(&self) -> Option<&str> {
        match self {
            StoreError::Db(DbError::Damaged { .. }) => {
                Some("nothing is deleted: the damaged file stays beside the new one")
            }
            StoreError::Db(DbError::WrongKey { .. } | DbError::KeyMissing { .. }) => {
                Some("without its key a cache cannot be read; what was synchronized is still in the hub")
            }
            StoreError::Db(DbError::InUse { .. }) => Some("one workstation at a time writes to a cache"),
            StoreError::Db(DbError::Busy) => {
                Some("if it stays busy, look for another codesk in this data folder")
            }
            _ => None,
        }
    }
}
