//! Settings and recent charts: small things kept for the next start.

use super::{Reader, Store, StoreError};
use crate::domain::Id;
use rusqlite::{Connection, OptionalExtension, params};

const CLIENT: &str = "client";
const RECENT: i64 = 50;

pub(super) fn get(conn: &Connection, key: &str) -> Result<Option<String>, StoreError> {
    Ok(conn
        .prepare_cached("SELECT value FROM setting WHERE key = ?1")?
        .query_row([key], |r| r.get(0))
        .optional()?)
}

pub(super) fn set(conn: &Connection, key: &str, value: &str) -> Result<(), StoreError> {
    conn.prepare_cached(
        "INSERT INTO setting (key, value) VALUES (?1, ?2) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
    )?
    .execute([key, value])?;
    Ok(())
}

/// The id under which the hub counts this cache's ops; made with the cache.
pub(super) fn client(conn: &Connection) -> Result<Id, StoreError> {
    if let Some(id) = get(conn, CLIENT)?.as_deref().and_then(Id::parse) {
        return Ok(id);
    }
    let mut bytes = [0u8; 16];
    getrandom::fill(&mut bytes).map_err(|_| StoreError::Encoding("a client id"))?;
    let id = Id(uuid::Builder::from_random_bytes(bytes).into_uuid());
    set(conn, CLIENT, &id.to_string())?;
    Ok(id)
}

impl Store {
    pub fn setting(&self, key: &str) -> Result<Option<String>, StoreError> {
        get(&self.conn, key)
    }

    pub fn set_setting(&mut self, key: &str, value: &str) -> Result<(), StoreError> {
        set(&self.conn, key, value)
    }

    /// Remembers that a chart was opened; the newest fifty are kept.
    pub fn opened(&mut self, root: Id, now_ms: i64) -> Result<(), StoreError> {
        let tx = self.begin()?;
        tx.prepare_cached(
            "INSERT INTO recent (root, at_ms) VALUES (?1, ?2) ON CONFLICT (root) DO UPDATE SET at_ms = excluded.at_ms",
        )?
        .execute(params![root, now_ms])?;
        tx.prepare_cached(
            "DELETE FROM recent WHERE root NOT IN (SELECT root FROM recent ORDER BY at_ms DESC LIMIT ?1)",
        )?
        .execute([RECENT])?;
        Ok(tx.commit()?)
    }
}

impl Reader {
    pub fn setting(&self, key: &str) -> Result<Option<String>, StoreError> {
        get(&self.conn, key)
    }

    /// Charts opened lately, newest first.
    pub fn recent(&self, limit: u32) -> Result<Vec<Id>, StoreError> {
        let mut s = self.conn.prepare_cached("SELECT root FROM recent ORDER BY at_ms DESC LIMIT ?1")?;
        let rows = s.query_map([limit], |r| r.get(0))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}
