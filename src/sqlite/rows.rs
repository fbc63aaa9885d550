//! Records and work items as rows, the same in cache and hub.
//!
//! Owns the column lists and how a work item follows from an encounter's stored records. Both databases have
//! tables `record` and `work_item` with (at least) these columns.

use super::DbError;
use crate::domain::chart::Directory;
use crate::domain::{
    Body, Cents, Chart, ChartError, ClaimState, CodingState, Coverage, Encounter, Id, Item, Lease, OrderKey,
    Patient, Payer, Phi, Record, RecordKind, Scope, Visibility, VisitKind, WorkItem, item_of as typed_item,
};
use chrono::{DateTime, NaiveDate, Utc};
use rusqlite::{
    Connection, OptionalExtension, Row, ToSql, params,
    types::{FromSql, FromSqlError, FromSqlResult, ToSqlOutput, Type, ValueRef},
};
use std::sync::Arc;

impl ToSql for Id {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::from(self.as_bytes().as_slice()))
    }
}
impl FromSql for Id {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Id> {
        Id::from_slice(value.as_blob()?).ok_or(FromSqlError::InvalidType)
    }
}
impl ToSql for Scope {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::from(self.0.as_str()))
    }
}
impl FromSql for Scope {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Scope> {
        Ok(Scope(value.as_str()?.to_string()))
    }
}

pub const RECORD_COLUMNS: &str = "scope, id, root, kind, visibility, version, ord, deleted, body";

/// An unknown word in a column: a newer program or damage. Never quotes the value.
fn unknown(column: usize) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(column, Type::Text, "a word this program does not know".into())
}

pub fn record_of(row: &Row<'_>) -> rusqlite::Result<Record> {
    Ok(Record {
        scope: row.get(0)?,
        id: row.get(1)?,
        root: row.get(2)?,
        kind: RecordKind::from_key(row.get_ref(3)?.as_str()?).ok_or_else(|| unknown(3))?,
        visibility: Visibility::from_key(row.get_ref(4)?.as_str()?).ok_or_else(|| unknown(4))?,
        version: row.get::<_, i64>(5)?.unsigned_abs(),
        order: OrderKey(row.get(6)?),
        deleted: row.get(7)?,
        body: serde_json::from_str(row.get_ref(8)?.as_str()?).map_err(|_| unknown(8))?,
    })
}

pub fn body_text(record: &Record) -> String {
    record.body.to_string()
}

/// The record of this id, in whatever scope it lives.
pub fn load_record(conn: &Connection, id: Id) -> Result<Option<Record>, DbError> {
    let sql = format!("SELECT {RECORD_COLUMNS} FROM record WHERE id = ?1");
    Ok(conn.prepare_cached(&sql)?.query_row([id], record_of).optional()?)
}

pub fn records_of_root(conn: &Connection, root: Id) -> Result<Vec<Record>, DbError> {
    let sql = format!("SELECT {RECORD_COLUMNS} FROM record WHERE root = ?1");
    let mut statement = conn.prepare_cached(&sql)?;
    let rows = statement.query_map([root], record_of)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Writes the shared columns; the columns that only one database has keep what they hold. An id, a root and a
/// kind never change, so an update leaves the indexes alone.
pub fn save_record(conn: &Connection, r: &Record) -> Result<(), DbError> {
    let body = body_text(r);
    let updated = conn
        .prepare_cached(
            "UPDATE record SET visibility = ?3, version = ?4, ord = ?5, deleted = ?6, body = ?7
             WHERE scope = ?1 AND id = ?2",
        )?
        .execute(params![
            r.scope,
            r.id,
            r.visibility.key(),
            r.version.cast_signed(),
            r.order.0,
            r.deleted,
            body
        ])?;
    if updated == 0 {
        insert_record(conn, r, &body)?;
    }
    Ok(())
}

fn insert_record(conn: &Connection, r: &Record, body: &str) -> Result<(), DbError> {
    conn.prepare_cached(
        "INSERT INTO record (scope, id, root, kind, visibility, version, ord, deleted, body)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
    )?
    .execute(params![
        r.scope,
        r.id,
        r.root,
        r.kind.key(),
        r.visibility.key(),
        r.version.cast_signed(),
        r.order.0,
        r.deleted,
        body
    ])?;
    Ok(())
}

/// A work item with what ties it to other records.
#[derive(Clone, Debug, PartialEq)]
pub struct WorkRow {
    pub item: WorkItem,
    pub fence: i64,
    pub patient: Id,
    /// The coverage that pays first, and its payer.
    pub coverage: Option<Id>,
    pub payer: Option<Id>,
}

pub const ITEM_COLUMNS: &str = "id, scope, account, name, kind, payer, first_day, last_day, dollars, state, holds, \
     hold, claim, response, file_by, assigned, holder, lease_until, rank, why, documents, diagnoses, lines, version";

pub fn item_of(row: &Row<'_>) -> rusqlite::Result<WorkItem> {
    let day = |i: usize| -> rusqlite::Result<NaiveDate> {
        row.get_ref(i)?.as_str()?.parse().map_err(|_| unknown(i))
    };
    let claim = match row.get_ref(12)? {
        ValueRef::Null => None,
        v => Some(ClaimState::from_key(v.as_str()?).ok_or_else(|| unknown(12))?),
    };
    Ok(WorkItem {
        id: row.get(0)?,
        scope: row.get(1)?,
        account: row.get(2)?,
        name: Phi::new(row.get::<_, String>(3)?),
        kind: VisitKind::from_key(row.get_ref(4)?.as_str()?).ok_or_else(|| unknown(4))?,
        payer: row.get(5)?,
        from: day(6)?,
        through: day(7)?,
        dollars: Cents(row.get(8)?),
        state: CodingState::from_key(row.get_ref(9)?.as_str()?).ok_or_else(|| unknown(9))?,
        holds: row.get(10)?,
        hold: row.get(11)?,
        claim,
        response: row.get(13)?,
        file_by: row.get::<_, Option<String>>(14)?.and_then(|d| d.parse().ok()),
        assigned: row.get(15)?,
        holder: row.get(16)?,
        lease_until: row.get::<_, Option<i64>>(17)?.and_then(DateTime::<Utc>::from_timestamp_millis),
        priority: row.get::<_, i32>(18)?.saturating_neg(),
        why: row.get(19)?,
        documents: row.get(20)?,
        diagnoses: row.get(21)?,
        lines: row.get(22)?,
        version: row.get::<_, i64>(23)?.unsigned_abs(),
    })
}

pub fn lease_of(conn: &Connection, id: Id) -> Result<Lease, DbError> {
    let found = conn
        .prepare_cached("SELECT holder, lease_until, fence FROM work_item WHERE id = ?1")?
        .query_row([id], |r| {
            Ok(Lease {
                holder: r.get(0)?,
                until: r.get::<_, Option<i64>>(1)?.and_then(DateTime::<Utc>::from_timestamp_millis),
                fence: r.get(2)?,
            })
        })
        .optional()?;
    Ok(found.unwrap_or_default())
}

/// How accounts and names are compared when somebody types their beginning.
pub fn search_key(text: &str) -> String {
    text.to_lowercase()
}

/// The first text after every text that begins with `prefix`.
pub fn prefix_end(prefix: &str) -> String {
    format!("{prefix}\u{10ffff}")
}

/// 0 open, 1 submitted and not final, 2 final.
fn stage(state: CodingState) -> i64 {
    match state {
        CodingState::Coded | CodingState::InReview => 1,
        CodingState::Final => 2,
        _ => 0,
    }
}

/// Writes a work item. Most edits change a count, a sum and the version, which no index holds: then a dozen
/// indexes are left alone.
pub fn save_work_row(conn: &Connection, row: &WorkRow) -> Result<(), DbError> {
    let w = &row.item;
    let light = conn
        .prepare_cached(
            "UPDATE work_item SET name = ?3, payer = ?4, first_day = ?5, dollars = ?6, state = ?7, hold = ?8,
               response = ?9, file_by = ?10, why = ?11, documents = ?12, diagnoses = ?13, lines = ?14, version = ?15,
               fence = ?16
             WHERE scope = ?1 AND id = ?2 AND account = ?17 AND kind = ?18 AND last_day = ?19 AND holds = ?20
               AND claim IS ?21 AND assigned IS ?22 AND holder IS ?23 AND lease_until IS ?24 AND rank = ?25
               AND patient = ?26 AND coverage IS ?27 AND payer_id IS ?28 AND name_key = ?29 AND stage = ?30",
        )?
        .execute(params![
            w.scope,
            w.id,
            w.name.reveal(),
            w.payer,
            w.from.to_string(),
            w.dollars.0,
            w.state.key(),
            w.hold,
            w.response,
            w.file_by.map(|d| d.to_string()),
            w.why,
            w.documents,
            w.diagnoses,
            w.lines,
            w.version.cast_signed(),
            row.fence,
            w.account,
            w.kind.key(),
            w.through.to_string(),
            w.holds,
            w.claim.map(ClaimState::key),
            w.assigned,
            w.holder,
            w.lease_until.map(|t| t.timestamp_millis()),
            w.priority.saturating_neg(),
            row.patient,
            row.coverage,
            row.payer,
            search_key(w.name.reveal()),
            stage(w.state)
        ])?;
    if light > 0 {
        return Ok(());
    }
    conn.prepare_cached(
        "INSERT INTO work_item (id, scope, account, name, kind, payer, first_day, last_day, dollars, state, holds,
           hold, claim, response, file_by, assigned, holder, lease_until, rank, why, documents, diagnoses, lines,
           version, fence, patient, coverage, payer_id, account_key, name_key, stage)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21,
           ?22, ?23, ?24, ?25, ?26, ?27, ?28, ?29, ?30, ?31)
         ON CONFLICT (scope, id) DO UPDATE SET account = excluded.account, name = excluded.name,
           kind = excluded.kind, payer = excluded.payer, first_day = excluded.first_day,
           last_day = excluded.last_day, dollars = excluded.dollars, state = excluded.state,
           holds = excluded.holds, hold = excluded.hold, claim = excluded.claim, response = excluded.response,
           file_by = excluded.file_by, assigned = excluded.assigned, holder = excluded.holder,
           lease_until = excluded.lease_until, rank = excluded.rank, why = excluded.why,
           documents = excluded.documents, diagnoses = excluded.diagnoses, lines = excluded.lines,
           version = excluded.version, fence = excluded.fence, patient = excluded.patient,
           coverage = excluded.coverage, payer_id = excluded.payer_id, account_key = excluded.account_key,
           name_key = excluded.name_key, stage = excluded.stage",
    )?
    .execute(params![
        w.id,
        w.scope,
        w.account,
        w.name.reveal(),
        w.kind.key(),
        w.payer,
        w.from.to_string(),
        w.through.to_string(),
        w.dollars.0,
        w.state.key(),
        w.holds,
        w.hold,
        w.claim.map(ClaimState::key),
        w.response,
        w.file_by.map(|d| d.to_string()),
        w.assigned,
        w.holder,
        w.lease_until.map(|t| t.timestamp_millis()),
        w.priority.saturating_neg(),
        w.why,
        w.documents,
        w.diagnoses,
        w.lines,
        w.version.cast_signed(),
        row.fence,
        row.patient,
        row.coverage,
        row.payer,
        search_key(&w.account),
        search_key(w.name.reveal()),
        stage(w.state)
    ])?;
    Ok(())
}

/// The work item of an encounter's records; `None` when the encounter is deleted or not here.
pub fn derive(conn: &Connection, records: &[Record], lease: Lease) -> Result<Option<WorkRow>, DbError> {
    let Some(root) = records.iter().find(|r| r.kind == RecordKind::Encounter && !r.deleted) else {
        return Ok(None);
    };
    let header: Item<Encounter> = read(root)?;
    let mut directory =
        Directory { patient: one::<Patient>(conn, header.body.patient)?, ..Directory::default() };
    let coverage = header.body.coverages.first().copied();
    let mut payer = None;
    if let Some(cover) = coverage.map(|c| one::<Coverage>(conn, c)).transpose()?.flatten() {
        payer = Some(cover.body.payer);
        if let Some(p) = one::<Payer>(conn, cover.body.payer)? {
            directory.payers.insert(p.id, p);
        }
        directory.coverages.insert(cover.id, cover);
    }
    let patient = header.body.patient;
    let mut chart = Chart::from_records(records, Arc::new(directory)).map_err(|e| match e {
        ChartError::Unreadable { kind, .. } => DbError::Unreadable { kind: kind.to_string() },
        _ => DbError::Unreadable { kind: "encounter".into() },
    })?;
    let fence = lease.fence;
    chart.lease = lease;
    Ok(Some(WorkRow { item: WorkItem::of(&chart), fence, patient, coverage, payer }))
}

fn read<T: Body>(record: &Record) -> Result<Item<T>, DbError> {
    // serde's own words may quote a value: they stay behind.
    typed_item(record).map_err(|_| DbError::Unreadable { kind: record.kind.key().to_string() })
}

fn one<T: Body>(conn: &Connection, id: Id) -> Result<Option<Item<T>>, DbError> {
    match load_record(conn, id)? {
        Some(r) if !r.deleted && r.kind == T::KIND => read(&r).map(Some),
        _ => Ok(None),
    }
}
