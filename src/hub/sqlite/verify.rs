//! Walking the chains: a row that was changed, removed or put in by hand is named.

use super::log::{AuditEntry, LogEntry, record_digest};
use crate::domain::{Id, Scope};
use crate::hub::{HubError, HubFault};
use crate::sqlite::chain::{Hash, START, hash_of};
use rusqlite::Connection;
use std::collections::HashMap;

fn fault(scope: &Scope, table: &str, pos: u64, why: &str) -> Option<HubFault> {
    Some(HubFault { scope: scope.clone(), table: table.into(), pos, why: why.into() })
}

pub(super) fn verify(conn: &Connection) -> Result<Option<HubFault>, HubError> {
    let mut last: HashMap<(Scope, Id), (u64, u64, Hash)> = HashMap::new();
    if let Some(f) = log_chain(conn, &mut last)? {
        return Ok(Some(f));
    }
    if let Some(f) = records(conn, &mut last)? {
        return Ok(Some(f));
    }
    audit_chain(conn)
}

fn log_chain(
    conn: &Connection,
    last: &mut HashMap<(Scope, Id), (u64, u64, Hash)>,
) -> Result<Option<HubFault>, HubError> {
    let mut heads: HashMap<Scope, (u64, Hash)> = HashMap::new();
    let mut s = conn.prepare(
        "SELECT scope, pos, what, id, version, digest, op_id, at_ms, hash FROM log ORDER BY scope, pos",
    )?;
    let mut rows = s.query([])?;
    while let Some(r) = rows.next()? {
        let scope: Scope = r.get(0)?;
        let pos = r.get::<_, i64>(1)?.unsigned_abs();
        let what: String = r.get(2)?;
        let entry = LogEntry {
            scope: &scope,
            what: "",
            id: r.get(3)?,
            version: r.get::<_, i64>(4)?.unsigned_abs(),
            digest: hash_of(&r.get::<_, Vec<u8>>(5)?),
            op_id: r.get(6)?,
            at_ms: r.get(7)?,
        };
        let (before, hash) = heads.get(&scope).copied().unwrap_or((0, START));
        if pos != before + 1 {
            return Ok(fault(&scope, "log", pos, "rows before it are missing"));
        }
        let own = hash_of(&r.get::<_, Vec<u8>>(8)?);
        if entry.chained(&what, pos, &hash) != own {
            return Ok(fault(&scope, "log", pos, "the row was changed after it was written"));
        }
        if what == "record" {
            last.insert((scope.clone(), entry.id), (pos, entry.version, entry.digest));
        }
        heads.insert(scope, (pos, own));
    }
    let mut s = conn.prepare("SELECT scope, pos, hash FROM head")?;
    let mut rows = s.query([])?;
    while let Some(r) = rows.next()? {
        let scope: Scope = r.get(0)?;
        let head = (r.get::<_, i64>(1)?.unsigned_abs(), hash_of(&r.get::<_, Vec<u8>>(2)?));
        if heads.get(&scope).copied().unwrap_or((0, START)) != head {
            return Ok(fault(&scope, "log", head.0, "the end of the log is missing"));
        }
    }
    Ok(None)
}

fn records(
    conn: &Connection,
    last: &mut HashMap<(Scope, Id), (u64, u64, Hash)>,
) -> Result<Option<HubFault>, HubError> {
    let mut s =
        conn.prepare("SELECT scope, id, kind, visibility, version, ord, deleted, body, pos FROM record")?;
    let mut rows = s.query([])?;
    while let Some(r) = rows.next()? {
        let scope: Scope = r.get(0)?;
        let id: Id = r.get(1)?;
        let version = r.get::<_, i64>(4)?.unsigned_abs();
        let pos = r.get::<_, i64>(8)?.unsigned_abs();
        let digest = record_digest(
            r.get_ref(2)?.as_str().unwrap_or_default(),
            r.get_ref(3)?.as_str().unwrap_or_default(),
            version,
            r.get_ref(5)?.as_str().unwrap_or_default(),
            r.get(6)?,
            r.get_ref(7)?.as_str().unwrap_or_default(),
        );
        match last.remove(&(scope.clone(), id)) {
            Some(logged) if logged == (pos, version, digest) => {}
            Some((pos, _, _)) => {
                return Ok(fault(&scope, "record", pos, "the record is not what the log says it became"));
            }
            None => return Ok(fault(&scope, "record", pos, "the record is not in the log")),
        }
    }
    Ok(last.iter().next().and_then(|((scope, _), (pos, _, _))| {
        fault(scope, "record", *pos, "the log names a record that is gone")
    }))
}

fn audit_chain(conn: &Connection) -> Result<Option<HubFault>, HubError> {
    let mut s = conn.prepare(
        "SELECT scope, n, at_ms, device_ms, login, client, what, root, op_id, detail, hash FROM audit ORDER BY scope, n",
    )?;
    let mut rows = s.query([])?;
    let mut at: HashMap<String, (i64, Hash)> = HashMap::new();
    while let Some(r) = rows.next()? {
        let scope: String = r.get(0)?;
        let n: i64 = r.get(1)?;
        let (login, what, detail): (String, String, String) = (r.get(4)?, r.get(6)?, r.get(9)?);
        let (last, before) = at.get(&scope).copied().unwrap_or((0, START));
        let entry = AuditEntry {
            scope: &scope,
            n,
            at_ms: r.get(2)?,
            device_ms: r.get(3)?,
            login: &login,
            client: r.get(5)?,
            what: &what,
            root: r.get(7)?,
            op_id: r.get(8)?,
            detail: &detail,
        };
        let own = hash_of(&r.get::<_, Vec<u8>>(10)?);
        let name = Scope(scope.clone());
        if n != last + 1 {
            return Ok(fault(&name, "audit", n.unsigned_abs(), "rows before it are missing"));
        }
        if entry.chained(&before) != own {
            return Ok(fault(&name, "audit", n.unsigned_abs(), "the row was changed after it was written"));
        }
        at.insert(scope, (n, own));
    }
    Ok(None)
}
