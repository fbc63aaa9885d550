//! The read-only connection: charts, texts, lists, settings.
//!
//! Owns nothing but a copy of the directory. Never waits for the writer: WAL gives it the last committed state.
//! Belongs to the thread that uses it; open one per thread.

use super::{
    Proposal, Store, StoreError, StorePaths,
    directory::{Shared, read},
    outbox::text_of,
    proposal,
};
use crate::domain::chart::Directory;
use crate::domain::{Body, Chart, ChartError, Id, Item, PastService, Scope, WorkItem};
use crate::sqlite::{DbError, Key, OpenMode, lease_of, load_record, open, records_of_root};
use chrono::Days;
use rusqlite::Connection;
use std::{cell::RefCell, sync::Arc};

pub struct Reader {
    pub(super) conn: Connection,
    shared: RefCell<Option<Arc<Shared>>>,
}

impl Reader {
    /// Opens an existing cache for reading; another process may be writing to it.
    pub fn open(paths: &StorePaths) -> Result<Reader, StoreError> {
        let key = Key::read(&paths.key)?;
        Reader::with_key(paths, &key)
    }

    pub(super) fn with_key(paths: &StorePaths, key: &Key) -> Result<Reader, StoreError> {
        let conn = open(&paths.database, key, &paths.key, OpenMode::Read, 32_768)?;
        Ok(Reader { conn, shared: RefCell::new(None) })
    }

    /// An encounter with everything on it, its patient, coverages, payers, providers, site and fees.
    /// `None` when it is not in this cache.
    pub fn chart(&self, id: Id) -> Result<Option<Chart>, StoreError> {
        // One snapshot, so that a commit between two statements cannot mix versions.
        let tx = self.conn.unchecked_transaction()?;
        let chart = self.read_chart(id)?;
        tx.commit()?;
        Ok(chart)
    }

    fn read_chart(&self, id: Id) -> Result<Option<Chart>, StoreError> {
        let records = records_of_root(&self.conn, id)?;
        let mut chart = match Chart::from_records(&records, Arc::default()) {
            Ok(chart) => chart,
            Err(ChartError::NoEncounter) => return Ok(None),
            // The reason may quote a value: only the kind goes on.
            Err(ChartError::Unreadable { kind, .. }) => {
                return Err(DbError::Unreadable { kind: kind.into() }.into());
            }
            Err(_) => return Err(DbError::Unreadable { kind: "encounter".into() }.into()),
        };
        let shared = Shared::current(&self.conn, self.shared.take())?;
        let mut coverages = std::collections::BTreeMap::new();
        for c in &chart.header().coverages {
            if let Some(item) = self.item(*c)? {
                coverages.insert(*c, item);
            }
        }
        chart.directory = Arc::new(Directory {
            patient: self.item(chart.header().patient)?,
            coverages,
            payers: shared.payers.clone(),
            providers: shared.providers.clone(),
            site: shared.site(&chart.scope).cloned(),
            fees: shared.fees(&chart.scope),
        });
        chart.history = Arc::new(self.history(&chart)?);
        chart.lease = lease_of(&self.conn, id)?;
        self.shared.replace(Some(shared));
        Ok(Some(chart))
    }

    /// The patient's services on other encounters of this cache around this one: the ninety days of a global
    /// period before it, and the day after. The latest forty encounters; nobody has more in that time.
    fn history(&self, chart: &Chart) -> Result<Vec<PastService>, StoreError> {
        let e = chart.header();
        let (from, through) = (e.from - Days::new(92), e.through + Days::new(1));
        let mut s = self.conn.prepare_cached(
            "SELECT id FROM work_item WHERE patient = ?1 AND id <> ?2 AND last_day >= ?3 AND first_day <= ?4
             ORDER BY last_day DESC, id LIMIT 40",
        )?;
        let ids: Vec<Id> = s
            .query_map((e.patient, chart.id(), from.to_string(), through.to_string()), |r| r.get(0))?
            .collect::<Result<_, _>>()?;
        let mut out = Vec::new();
        for id in ids {
            let records = records_of_root(&self.conn, id)?;
            // A neighbour that cannot be read is its own chart's trouble.
            let Ok(other) = Chart::from_records(&records, Arc::default()) else { continue };
            let header = other.header();
            out.extend(other.lines.iter().filter(|l| !l.body.code.is_empty()).map(|l| PastService {
                account: header.account.clone(),
                code: l.body.code.clone(),
                modifiers: l.body.modifiers.clone(),
                date: l.body.date,
                units: l.body.units,
                provider: match l.body.is_institutional() {
                    true => None,
                    false => l.body.provider.or(header.roles.rendering),
                },
                institutional: l.body.is_institutional(),
            }));
        }
        Ok(out)
    }

    /// Payers and providers, and the site and fees of a scope.
    pub fn directory(&self, scope: &Scope) -> Result<Directory, StoreError> {
        let shared = Shared::current(&self.conn, self.shared.take())?;
        let out = Directory {
            patient: None,
            coverages: std::collections::BTreeMap::new(),
            payers: shared.payers.clone(),
            providers: shared.providers.clone(),
            site: shared.site(scope).cloned(),
            fees: shared.fees(scope),
        };
        self.shared.replace(Some(shared));
        Ok(out)
    }

    /// The scope a record lives in.
    pub fn scope_of(&self, id: Id) -> Result<Option<Scope>, StoreError> {
        Ok(load_record(&self.conn, id)?.map(|r| r.scope))
    }

    /// One live record of a type, in whatever scope it lives: a patient, a payer.
    pub fn item<T: Body>(&self, id: Id) -> Result<Option<Item<T>>, StoreError> {
        match load_record(&self.conn, id)? {
            Some(r) if !r.deleted && r.kind == T::KIND => read(&r).map(Some),
            _ => Ok(None),
        }
    }

    /// The text of a document by its hash; `None` when it has not been fetched.
    pub fn text(&self, hash: &str) -> Result<Option<Arc<str>>, StoreError> {
        Ok(text_of(&self.conn, hash)?.map(Arc::from))
    }

    /// The texts of a chart's documents in their order; empty where one is not in the cache yet.
    pub fn texts(&self, chart: &Chart) -> Result<Vec<Arc<str>>, StoreError> {
        chart
            .documents
            .iter()
            .map(|d| Ok(self.text(&d.body.hash)?.unwrap_or_else(|| Arc::from(""))))
            .collect()
    }

    /// The row of one encounter as lists show it.
    pub fn work_item(&self, id: Id) -> Result<Option<WorkItem>, StoreError> {
        super::commit::item(&self.conn, id)
    }

    /// Work the hub did not take: of one encounter, or all.
    pub fn proposals(&self, root: Option<Id>) -> Result<Vec<Proposal>, StoreError> {
        proposal::list(&self.conn, root)
    }

    /// Ops the hub has not answered.
    /// Walks the cache's own audit chains; `None` when all is whole.
    pub fn audit_verify(&self) -> Result<Option<super::AuditFault>, StoreError> {
        super::audit::verify(&self.conn)
    }

    pub fn pending_count(&self) -> Result<u64, StoreError> {
        let n: i64 = self
            .conn
            .prepare_cached("SELECT count(*) FROM outbox WHERE state = 'pending'")?
            .query_row([], |r| r.get(0))?;
        Ok(n.unsigned_abs())
    }

    /// Ids of every encounter in the cache, oldest import first: for bulk subcommands.
    pub fn encounters(&self) -> Result<Vec<Id>, StoreError> {
        let mut s = self.conn.prepare("SELECT id FROM work_item ORDER BY n")?;
        let rows = s.query_map([], |r| r.get(0))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}

impl Store {
    /// Proposals as the writer sees them.
    pub fn proposals(&self, root: Option<Id>) -> Result<Vec<Proposal>, StoreError> {
        proposal::list(&self.conn, root)
    }
}
