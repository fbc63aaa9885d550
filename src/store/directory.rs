//! Payers, providers, sites and fees: few, read by every chart, changed rarely.
//!
//! Owns the copy a reader keeps in memory and the counter that says when it is old.

use super::{StoreError, settings};
use crate::domain::{
    Body, Fee, FeeTable, Id, Item, Payer, Provider, Record, RecordKind, SHARED_SCOPE, Scope, Site, item_of,
};
use crate::sqlite::{DbError, RECORD_COLUMNS, record_of};
use rusqlite::Connection;
use std::{collections::BTreeMap, sync::Arc};

const COUNTER: &str = "directory";

/// Raises the counter: readers reload before the next chart.
pub(super) fn changed(conn: &Connection) -> Result<(), StoreError> {
    let next = counter(conn)? + 1;
    settings::set(conn, COUNTER, &next.to_string())
}

fn counter(conn: &Connection) -> Result<u64, StoreError> {
    Ok(settings::get(conn, COUNTER)?.and_then(|v| v.parse().ok()).unwrap_or(0))
}

#[derive(Default)]
pub(super) struct Shared {
    at: u64,
    pub payers: BTreeMap<Id, Item<Payer>>,
    pub providers: BTreeMap<Id, Item<Provider>>,
    sites: BTreeMap<Scope, Item<Site>>,
    fees: BTreeMap<Scope, Arc<FeeTable>>,
    shared_fees: Arc<FeeTable>,
}

impl Shared {
    /// The copy, read again if the data has changed since.
    pub fn current(conn: &Connection, kept: Option<Arc<Shared>>) -> Result<Arc<Shared>, StoreError> {
        let at = counter(conn)?;
        match kept {
            Some(s) if s.at == at => Ok(s),
            _ => Shared::load(conn, at).map(Arc::new),
        }
    }

    pub fn site(&self, scope: &Scope) -> Option<&Item<Site>> {
        self.sites.get(scope)
    }

    /// The shared table with the scope's own rows over it.
    pub fn fees(&self, scope: &Scope) -> Arc<FeeTable> {
        self.fees.get(scope).unwrap_or(&self.shared_fees).clone()
    }

    fn load(conn: &Connection, at: u64) -> Result<Shared, StoreError> {
        let mut out = Shared { at, ..Shared::default() };
        let mut fees: BTreeMap<Scope, BTreeMap<String, Fee>> = BTreeMap::new();
        let sql = format!(
            "SELECT {RECORD_COLUMNS} FROM record WHERE kind IN ('payer', 'provider', 'site', 'fees') ORDER BY n"
        );
        let mut statement = conn.prepare(&sql)?;
        for row in statement.query_map([], record_of)? {
            let r = row?;
            if r.deleted {
                continue;
            }
            match r.kind {
                RecordKind::Payer => drop(out.payers.insert(r.id, read(&r)?)),
                RecordKind::Provider => drop(out.providers.insert(r.id, read(&r)?)),
                RecordKind::Site => drop(out.sites.entry(r.scope.clone()).or_insert(read(&r)?)),
                RecordKind::Fees => {
                    fees.entry(r.scope.clone()).or_default().extend(read::<FeeTable>(&r)?.body.0)
                }
                _ => {}
            }
        }
        let shared = fees.remove(&Scope(SHARED_SCOPE.into())).unwrap_or_default();
        for (scope, own) in fees {
            let mut all = shared.clone();
            all.extend(own);
            out.fees.insert(scope, Arc::new(FeeTable(all)));
        }
        out.shared_fees = Arc::new(FeeTable(shared));
        Ok(out)
    }
}

pub(super) fn read<T: Body>(r: &Record) -> Result<Item<T>, StoreError> {
    item_of(r).map_err(|_| DbError::Unreadable { kind: r.kind.key().into() }.into())
}
