//! Taking one op: number, rules, fields, then records, log, work item, result and audit in one transaction.

use super::{Session, broken, log, people, record_in};
use crate::domain::{Id, Op, Record, RecordKind, Role};
use crate::hub::{HubError, PushAnswer, rules};
use crate::sqlite::{
    WorkRow, body_text, derive, lease_of, load_record, pack, records_of_root, save_record, save_work_row,
    text_hash,
};
use rusqlite::{Connection, OptionalExtension, params};
use serde::{Deserialize, Serialize};

/// What is remembered of an answer; records are those of the time it is asked again.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Outcome {
    Applied { versions: Vec<(Id, u64)> },
    Conflict,
    Fenced { holder: Option<String> },
    Rejected { why: String },
}

pub(super) fn push(
    conn: &Connection,
    session: &Session,
    op: &Op,
    texts: &[(String, String)],
    now_ms: i64,
) -> Result<PushAnswer, HubError> {
    let Some(role) = people::role(conn, &session.login, &op.scope)? else { return Ok(PushAnswer::Revoked) };
    let have: u64 = conn
        .prepare_cached("SELECT last_seq FROM client WHERE scope = ?1 AND client = ?2")?
        .query_row(params![op.scope, session.client], |r| r.get::<_, i64>(0))
        .optional()?
        .unwrap_or(0)
        .unsigned_abs();
    if op.seq <= have {
        return again(conn, session, role, op);
    }
    if op.seq > have + 1 {
        return Ok(PushAnswer::Gap { have });
    }
    let current = current(conn, op)?;
    let outcome = decide(conn, session, role, op, &current, now_ms)?;
    let outcome = match outcome {
        Some(refused) => refused,
        None => {
            for (hash, text) in texts {
                keep_text(conn, op, hash, text)?;
            }
            Outcome::Applied { versions: apply(conn, session, op, current, now_ms)? }
        }
    };
    conn.prepare_cached(
        "INSERT INTO client (scope, client, login, last_seq) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (scope, client) DO UPDATE SET last_seq = excluded.last_seq, login = excluded.login",
    )?
    .execute(params![op.scope, session.client, session.login, op.seq.cast_signed()])?;
    let answer = serde_json::to_string(&outcome).map_err(|_| broken("an answer"))?;
    conn.prepare_cached(
        "INSERT INTO result (scope, client, seq, op_id, at_ms, answer) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?
    .execute(params![op.scope, session.client, op.seq.cast_signed(), op.op_id, now_ms, answer])?;
    let detail = match &outcome {
        Outcome::Applied { .. } => "",
        Outcome::Conflict => "conflict",
        Outcome::Fenced { .. } => "fenced",
        Outcome::Rejected { .. } => "rejected",
    };
    let who = Session { login: op.actor.clone(), ..session.clone() };
    log::audit(conn, &who, &op.scope, &op.label, op.root, op.op_id, detail, op.at_ms, now_ms, None)?;
    answer_of(conn, session, role, op, outcome)
}

/// The recorded answer to a number that was here before.
fn again(conn: &Connection, session: &Session, role: Role, op: &Op) -> Result<PushAnswer, HubError> {
    let found: Option<(Id, String)> = conn
        .prepare_cached("SELECT op_id, answer FROM result WHERE scope = ?1 AND client = ?2 AND seq = ?3")?
        .query_row(params![op.scope, session.client, op.seq.cast_signed()], |r| Ok((r.get(0)?, r.get(1)?)))
        .optional()?;
    match found {
        Some((id, answer)) if id == op.op_id => {
            let outcome = serde_json::from_str(&answer).map_err(|_| broken("a recorded answer"))?;
            Ok(PushAnswer::Duplicate(Box::new(answer_of(conn, session, role, op, outcome)?)))
        }
        _ => Ok(PushAnswer::Fork),
    }
}

fn answer_of(
    conn: &Connection,
    session: &Session,
    role: Role,
    op: &Op,
    outcome: Outcome,
) -> Result<PushAnswer, HubError> {
    let records = || enclosed(conn, session, role, op);
    Ok(match outcome {
        Outcome::Applied { versions } => PushAnswer::Applied { versions },
        Outcome::Conflict => PushAnswer::Conflict { records: records()? },
        Outcome::Fenced { holder } => PushAnswer::Fenced { holder, records: records()? },
        Outcome::Rejected { why } => PushAnswer::Rejected { why, records: records()? },
    })
}

fn vacant_root(op: &Op) -> Record {
    let write = crate::domain::Write {
        record: op.root,
        kind: RecordKind::Encounter,
        visibility: crate::domain::Visibility::All,
        set: Vec::new(),
    };
    Record::vacant(&op.scope, op.root, &write)
}

/// The records an op touches, as they are now and as the caller may see them.
fn enclosed(conn: &Connection, session: &Session, role: Role, op: &Op) -> Result<Vec<Record>, HubError> {
    let mut out = current(conn, op)?;
    if !out.iter().any(|r| r.id == op.root) {
        out.push(record_in(conn, &op.scope, op.root)?.unwrap_or_else(|| vacant_root(op)));
    }
    for r in &mut out {
        let author = author(conn, r)?;
        if !rules::may_see(role, r.visibility, &author, &session.login) {
            *r = rules::masked(r);
        }
    }
    Ok(out)
}

fn author(conn: &Connection, r: &Record) -> Result<String, HubError> {
    Ok(conn
        .prepare_cached("SELECT author FROM record WHERE scope = ?1 AND id = ?2")?
        .query_row(params![r.scope, r.id], |row| row.get(0))
        .optional()?
        .unwrap_or_default())
}

/// The records an op writes, in the order of its writes; vacant where there is none.
fn current(conn: &Connection, op: &Op) -> Result<Vec<Record>, HubError> {
    op.writes
        .iter()
        .map(|w| {
            let root = if w.kind.is_root() { w.record } else { op.root };
            Ok(load_record(conn, w.record)?.unwrap_or_else(|| Record::vacant(&op.scope, root, w)))
        })
        .collect()
}

fn decide(
    conn: &Connection,
    session: &Session,
    role: Role,
    op: &Op,
    current: &[Record],
    now_ms: i64,
) -> Result<Option<Outcome>, HubError> {
    // An empty op only keeps the numbers without a gap.
    if op.writes.is_empty() {
        return Ok(None);
    }
    let reject = |why: &str| Ok(Some(Outcome::Rejected { why: why.to_string() }));
    let root = record_in(conn, &op.scope, op.root)?;
    if root.is_none() && !op.writes.iter().any(|w| w.record == op.root) {
        return reject("it is not in the shared database");
    }
    for r in current.iter().filter(|r| r.version > 0) {
        if !rules::may_see(role, r.visibility, &author(conn, r)?, &session.login) {
            return reject("the record is not yours to change");
        }
    }
    let lease = lease_of(conn, op.root)?;
    let records = records_of_root(conn, op.root)?;
    match rules::judge(op, role, &session.login, &lease, now_ms, &records, current) {
        Ok(()) => {}
        Err(rules::Objection::Fenced) => return Ok(Some(Outcome::Fenced { holder: lease.holder })),
        Err(rules::Objection::Rejected(why)) => return reject(&why),
    }
    let stale = op.base.is_some_and(|base| root.as_ref().is_some_and(|r| r.version != base));
    if stale || op.writes.iter().zip(current).any(|(w, r)| r.conflict(w).is_some() || rules::reads_lost(w, r))
    {
        return Ok(Some(Outcome::Conflict));
    }
    Ok(None)
}

fn keep_text(conn: &Connection, op: &Op, hash: &str, text: &str) -> Result<(), HubError> {
    if text_hash(text) != hash {
        return Err(HubError::NotAllowed("a document's text is not what its hash says".into()));
    }
    let (bytes, packed) = pack(text);
    conn.prepare_cached(
        "INSERT OR IGNORE INTO document_text (scope, hash, packed, text) VALUES (?1, ?2, ?3, ?4)",
    )?
    .execute(params![op.scope, hash, packed, bytes])?;
    Ok(())
}

fn apply(
    conn: &Connection,
    session: &Session,
    op: &Op,
    current: Vec<Record>,
    now_ms: i64,
) -> Result<Vec<(Id, u64)>, HubError> {
    let mut versions = Vec::with_capacity(current.len() + 1);
    if op.writes.is_empty() {
        return Ok(versions);
    }
    let mut changed = Vec::with_capacity(current.len() + 1);
    for (write, mut record) in op.writes.iter().zip(current) {
        record.apply(write);
        changed.push(record);
    }
    if !changed.iter().any(|r| r.id == op.root)
        && let Some(root) = record_in(conn, &op.scope, op.root)?
    {
        changed.push(root);
    }
    let mut pos = 0;
    for record in &mut changed {
        record.version += 1;
        save_record(conn, record)?;
        let digest = log::record_digest(
            record.kind.key(),
            record.visibility.key(),
            record.version,
            &record.order.0,
            record.deleted,
            &body_text(record),
        );
        pos = log::append(
            conn,
            &log::LogEntry {
                scope: &op.scope,
                what: "record",
                id: record.id,
                version: record.version,
                digest,
                op_id: op.op_id,
                at_ms: now_ms,
            },
        )?;
        conn.prepare_cached(
            "UPDATE record SET pos = ?3, author = iif(author = '', ?4, author) WHERE scope = ?1 AND id = ?2",
        )?
        .execute(params![op.scope, record.id, pos.cast_signed(), session.login])?;
        versions.push((record.id, record.version));
    }
    let mut roots = vec![op.root];
    for r in &changed {
        let sql = match r.kind {
            RecordKind::Patient => "SELECT id FROM work_item WHERE patient = ?1",
            RecordKind::Coverage => "SELECT id FROM work_item WHERE coverage = ?1",
            RecordKind::Payer => {
                rename_payer(conn, r)?;
                continue;
            }
            _ => continue,
        };
        let mut s = conn.prepare_cached(sql)?;
        for id in s.query_map([r.id], |row| row.get::<_, Id>(0))? {
            let id = id?;
            if !roots.contains(&id) {
                roots.push(id);
            }
        }
    }
    for root in roots {
        refresh(conn, root, pos)?;
    }
    Ok(versions)
}

fn rename_payer(conn: &Connection, r: &Record) -> Result<(), HubError> {
    let name = r.body.get("name").and_then(|n| n.as_str()).unwrap_or_default();
    conn.prepare_cached("UPDATE work_item SET payer = ?2 WHERE payer_id = ?1 AND payer <> ?2")?
        .execute(params![r.id, name])?;
    Ok(())
}

/// The work item of an encounter, made again from its records, at a position of the log.
fn refresh(conn: &Connection, root: Id, pos: u64) -> Result<(), HubError> {
    let records = records_of_root(conn, root)?;
    let row: Option<WorkRow> = derive(conn, &records, lease_of(conn, root)?)?;
    match row {
        Some(row) => {
            save_work_row(conn, &row)?;
            conn.prepare_cached("UPDATE work_item SET pos = ?3 WHERE scope = ?1 AND id = ?2")?
                .execute(params![row.item.scope, root, pos.cast_signed()])?;
        }
        None => {
            conn.prepare_cached("DELETE FROM work_item WHERE id = ?1")?.execute([root])?;
        }
    }
    Ok(())
}
