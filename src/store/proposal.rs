//! Work the hub did not take: kept whole until a person has looked at both sides.
//!
//! Owns the proposals of conflicts, lost leases and refusals. Nothing a coder typed is dropped: a proposal can
//! be made again on top of what is there now, or put away.

use super::{
    Committed, Store, StoreError,
    commit::{Draft, rebased},
};
use crate::domain::{Id, Op, Record, Scope};
use rusqlite::{Connection, OptionalExtension, Row, params};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProposalWhy {
    /// Somebody else changed the same field.
    Conflict,
    /// The lease had passed to somebody else.
    Fenced,
    /// The hub refused it: role, state, deleted.
    Rejected,
}

impl ProposalWhy {
    pub fn key(self) -> &'static str {
        match self {
            ProposalWhy::Conflict => "conflict",
            ProposalWhy::Fenced => "fenced",
            ProposalWhy::Rejected => "rejected",
        }
    }
    fn from_key(key: &str) -> ProposalWhy {
        match key {
            "conflict" => ProposalWhy::Conflict,
            "fenced" => ProposalWhy::Fenced,
            _ => ProposalWhy::Rejected,
        }
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct Proposal {
    pub why: ProposalWhy,
    /// Who holds the encounter now, or the hub's reason.
    pub detail: String,
    pub at_ms: i64,
    /// What was to be done: for every field what it read and what it wrote.
    pub op: Op,
    /// The hub's records at that moment.
    pub theirs: Vec<Record>,
}

pub(super) fn keep(
    conn: &Connection,
    op: &Op,
    why: ProposalWhy,
    detail: &str,
    theirs: &[Record],
    now_ms: i64,
) -> Result<(), StoreError> {
    if op.writes.is_empty() {
        return Ok(());
    }
    let encode = |_| StoreError::Encoding("a proposal");
    conn.prepare_cached(
        "INSERT OR IGNORE INTO proposal (scope, op_id, root, at_ms, why, detail, op, theirs)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    )?
    .execute(params![
        op.scope,
        op.op_id,
        op.root,
        now_ms,
        why.key(),
        detail,
        serde_json::to_string(op).map_err(encode)?,
        serde_json::to_string(theirs).map_err(encode)?
    ])?;
    Ok(())
}

fn read(row: &Row<'_>) -> rusqlite::Result<(String, String, i64, String, String)> {
    Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?))
}

fn typed(
    (why, detail, at_ms, op, theirs): (String, String, i64, String, String),
) -> Result<Proposal, StoreError> {
    let decode = |_| StoreError::Encoding("a stored proposal");
    Ok(Proposal {
        why: ProposalWhy::from_key(&why),
        detail,
        at_ms,
        op: serde_json::from_str(&op).map_err(decode)?,
        theirs: serde_json::from_str(&theirs).map_err(decode)?,
    })
}

/// Of one encounter, or all; oldest first.
pub(super) fn list(conn: &Connection, root: Option<Id>) -> Result<Vec<Proposal>, StoreError> {
    let mut statement = conn.prepare_cached(
        "SELECT why, detail, at_ms, op, theirs FROM proposal WHERE ?1 IS NULL OR root = ?1 ORDER BY at_ms, op_id",
    )?;
    let rows: Vec<_> = statement.query_map([root], read)?.collect::<Result<_, _>>()?;
    rows.into_iter().map(typed).collect()
}

impl Store {
    /// Makes the proposal's changes on top of what is there now, as a new edit, and puts the proposal away.
    /// `fence` is that of the lease held now.
    pub fn retry_proposal(
        &mut self,
        scope: &Scope,
        proposal: Id,
        fence: Option<i64>,
        actor: &str,
        now_ms: i64,
        op_id: Id,
    ) -> Result<Committed, StoreError> {
        let row = self
            .conn
            .prepare_cached(
                "SELECT why, detail, at_ms, op, theirs FROM proposal WHERE scope = ?1 AND op_id = ?2",
            )?
            .query_row(params![scope, proposal], read)
            .optional()?;
        let op = typed(row.ok_or(StoreError::NotFound(proposal))?)?.op;
        let writes = rebased(&self.conn, &op)?;
        let draft = Draft {
            scope,
            root: op.root,
            fence,
            whole: op.base.is_some(),
            label: &op.label,
            actor,
            now_ms,
            op_id,
        };
        let done = self.commit_writes(&draft, writes, &[])?;
        self.drop_proposal(scope, proposal)?;
        Ok(done)
    }

    /// Puts a proposal away for good.
    pub fn drop_proposal(&mut self, scope: &Scope, proposal: Id) -> Result<(), StoreError> {
        self.conn
            .prepare_cached("DELETE FROM proposal WHERE scope = ?1 AND op_id = ?2")?
            .execute(params![scope, proposal])?;
        Ok(())
    }
}
