//! The hub's answers as they come over the wire, and what they become.

use crate::domain::{
    Cents, CodingState, Cursor, Id, Lease, Op, Phi, Record, Role, Scope, VisitKind, WorkItem,
};
use crate::hub::{HubError, HubItem, LeaseAnswer, Page, PullAnswer, PushAnswer, Welcome};
use chrono::{DateTime, NaiveDate, Utc};
use serde::Deserialize;
use serde_json::Value;

pub(super) fn read<'a, T: Deserialize<'a>>(text: &'a str, what: &'static str) -> Result<T, HubError> {
    // serde's own words may quote a value: they stay behind.
    serde_json::from_str(text).map_err(|_| HubError::Broken(what))
}

pub(super) fn role(key: &str) -> Result<Role, HubError> {
    Role::from_label(key).ok_or(HubError::Broken("a role this program does not know"))
}

#[derive(Deserialize)]
pub(super) struct WireWelcome {
    hub: Id,
    pub schema: u32,
    scopes: Option<Vec<(Scope, String)>>,
    all_scopes: bool,
    have: Vec<(Scope, u64)>,
    now_ms: i64,
}

impl WireWelcome {
    pub fn welcome(self) -> Result<Welcome, HubError> {
        let scopes = self.scopes.unwrap_or_default();
        let scopes = scopes.into_iter().map(|(s, r)| Ok((s, role(&r)?))).collect::<Result<_, HubError>>()?;
        Ok(Welcome {
            hub: self.hub,
            scopes,
            all_scopes: self.all_scopes,
            have: self.have,
            now_ms: self.now_ms,
        })
    }
}

#[derive(Deserialize)]
#[serde(tag = "answer", rename_all = "snake_case")]
enum WirePush {
    Applied { versions: Vec<(Id, u64)> },
    Duplicate { first: Box<WirePush> },
    Conflict { records: Vec<Record> },
    Fenced { holder: Option<String>, records: Vec<Record> },
    Rejected { why: String, records: Vec<Record> },
    Gap { have: u64 },
    Fork,
    Revoked,
}

impl From<WirePush> for PushAnswer {
    fn from(w: WirePush) -> PushAnswer {
        match w {
            WirePush::Applied { versions } => PushAnswer::Applied { versions },
            WirePush::Duplicate { first } => PushAnswer::Duplicate(Box::new((*first).into())),
            WirePush::Conflict { records } => PushAnswer::Conflict { records },
            WirePush::Fenced { holder, records } => PushAnswer::Fenced { holder, records },
            WirePush::Rejected { why, records } => PushAnswer::Rejected { why, records },
            WirePush::Gap { have } => PushAnswer::Gap { have },
            WirePush::Fork => PushAnswer::Fork,
            WirePush::Revoked => PushAnswer::Revoked,
        }
    }
}

pub(super) fn push_answer(text: &str) -> Result<PushAnswer, HubError> {
    read::<WirePush>(text, "an answer to an edit").map(Into::into)
}

/// PostgreSQL keeps no NUL in its text: the replacement character stands for it, in what an op reads and writes.
pub(super) fn op_text(op: &Op) -> Result<String, HubError> {
    let broken = |_| HubError::Broken("an edit that cannot be written as text");
    let text = serde_json::to_string(op).map_err(broken)?;
    if !text.contains("\\u0000") {
        return Ok(text);
    }
    let mut value: Value = serde_json::from_str(&text).map_err(broken)?;
    without_nul(&mut value);
    serde_json::to_string(&value).map_err(broken)
}

fn without_nul(value: &mut Value) {
    match value {
        Value::String(s) if s.contains('\0') => *s = s.replace('\0', "\u{fffd}"),
        Value::Array(list) => list.iter_mut().for_each(without_nul),
        Value::Object(map) => {
            for (key, mut v) in std::mem::take(map) {
                without_nul(&mut v);
                map.insert(key.replace('\0', "\u{fffd}"), v);
            }
        }
        _ => {}
    }
}

#[derive(Deserialize)]
pub(super) struct WireCursor {
    pos: u64,
    hash: String,
}

impl WireCursor {
    pub fn cursor(&self) -> Result<Cursor, HubError> {
        let bad = || HubError::Broken("a hash of the log");
        let mut hash = [0u8; 32];
        if self.hash.len() != 64 {
            return Err(bad());
        }
        for (i, byte) in hash.iter_mut().enumerate() {
            let pair = self.hash.get(2 * i..2 * i + 2).ok_or_else(bad)?;
            *byte = u8::from_str_radix(pair, 16).map_err(|_| bad())?;
        }
        Ok(Cursor { pos: self.pos, hash })
    }
}

#[derive(Deserialize)]
pub(super) struct WireLease {
    #[serde(default)]
    pub granted: bool,
    holder: Option<String>,
    until: Option<i64>,
    fence: i64,
}

fn instant(ms: Option<i64>) -> Option<DateTime<Utc>> {
    ms.and_then(DateTime::from_timestamp_millis)
}

impl WireLease {
    pub fn lease(self) -> Lease {
        Lease { holder: self.holder, fence: self.fence, until: instant(self.until) }
    }
    pub fn answer(self) -> LeaseAnswer {
        if self.granted { LeaseAnswer::Granted(self.lease()) } else { LeaseAnswer::Held(self.lease()) }
    }
}

/// A work item as the array `codesk.item_json` makes.
#[derive(Deserialize)]
pub(super) struct WireItem(
    Id,
    String,
    String,
    String,
    String,
    NaiveDate,
    NaiveDate,
    i64,
    String,
    u32,
    String,
    Option<crate::domain::ClaimState>,
    String,
    Option<NaiveDate>,
    Option<String>,
    Option<String>,
    Option<i64>,
    i32,
    String,
    u32,
    u32,
    u32,
    u64,
    i64,
);

impl WireItem {
    pub fn item(self, scope: &Scope) -> Result<HubItem, HubError> {
        let unknown = HubError::Broken("a work item of a newer program");
        let Some(kind) = VisitKind::from_key(&self.3) else { return Err(unknown) };
        let Some(state) = CodingState::from_key(&self.8) else { return Err(unknown) };
        let item = WorkItem {
            id: self.0,
            scope: scope.clone(),
            account: self.1,
            name: Phi::new(self.2),
            kind,
            payer: self.4,
            from: self.5,
            through: self.6,
            dollars: Cents(self.7),
            state,
            holds: self.9,
            hold: self.10,
            claim: self.11,
            response: self.12,
            file_by: self.13,
            assigned: self.14,
            holder: self.15,
            lease_until: instant(self.16),
            priority: self.17.saturating_neg(),
            why: self.18,
            documents: self.19,
            diagnoses: self.20,
            lines: self.21,
            version: self.22,
        };
        Ok(HubItem { item, fence: self.23 })
    }
}

pub(super) fn items(list: Vec<WireItem>, scope: &Scope) -> Result<Vec<HubItem>, HubError> {
    list.into_iter().map(|i| i.item(scope)).collect()
}

#[derive(Deserialize)]
#[serde(tag = "answer", rename_all = "snake_case")]
enum WirePull {
    Page { records: Vec<Record>, items: Vec<WireItem>, cursor: WireCursor, head: WireCursor, more: bool },
    Restored { head: WireCursor },
    Revoked,
}

pub(super) fn pull_answer(text: &str, scope: &Scope, lists: bool) -> Result<PullAnswer, HubError> {
    Ok(match read::<WirePull>(text, "a page of changes")? {
        WirePull::Page { records, items: list, cursor, head, more } => PullAnswer::Page(Page {
            records,
            items: items(list, scope)?,
            cursor: cursor.cursor()?,
            head: head.cursor()?,
            more,
            lists,
        }),
        WirePull::Restored { head } => PullAnswer::Restored { head: head.cursor()? },
        WirePull::Revoked => PullAnswer::Revoked,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nul_is_replaced_on_both_sides_of_an_edit() {
        let op: Op = serde_json::from_value(serde_json::json!({
            "seq": 1, "op_id": Id::NIL, "scope": "clinic", "root": Id::NIL, "label": "x", "actor": "a", "at_ms": 0,
            "writes": [{"record": Id::NIL, "kind": "hold", "set": [["note", "a\u{0}b", "\\u0000"]]}]
        }))
        .unwrap();
        let sent: Op = serde_json::from_str(&op_text(&op).unwrap()).unwrap();
        assert_eq!(sent.writes[0].set[0].1, "a\u{fffd}b");
        assert_eq!(sent.writes[0].set[0].2, "\\u0000", "a backslash is not a NUL");
    }
}
