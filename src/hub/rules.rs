//! What a person may write: the same rules in every hub. Pure.
//!
//! Owns roles against kinds of record, which writes need the lease, and the state tables applied to an op.
//! A hub calls `judge` with the records as they are, before it compares fields.

use crate::domain::{
    ClaimState, CodingState, FIELD_DELETED, FieldSet, Lease, Op, Record, RecordKind, Role, Visibility, Write,
};

/// Why an op is not applied, besides a conflict of fields.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Objection {
    Fenced,
    Rejected(String),
}

/// Whether a role may write a kind; `new` when the record does not exist yet.
pub fn may_write(role: Role, kind: RecordKind, new: bool) -> bool {
    use RecordKind as K;
    match role {
        Role::Admin | Role::Supervisor => true,
        Role::ReadOnly => false,
        Role::Biller => {
            matches!(
                kind,
                K::Claim | K::Coverage | K::Patient | K::Hold | K::Payer | K::Encounter | K::Document
            )
        }
        // Intake brings new payers, sites and fees; changing them is a supervisor's.
        Role::Coder | Role::Trainee => new || !matches!(kind, K::Payer | K::Provider | K::Site | K::Fees),
    }
}

/// Whether a person of this role sees a record. `author` wrote its first version.
pub fn may_see(role: Role, visibility: Visibility, author: &str, login: &str) -> bool {
    match visibility {
        Visibility::All => true,
        Visibility::Own => author == login || matches!(role, Role::Supervisor | Role::Admin),
        Visibility::Supervisor => matches!(role, Role::Supervisor | Role::Admin),
        Visibility::Biller => matches!(role, Role::Biller | Role::Supervisor | Role::Admin),
        Visibility::Private => author == login,
    }
}

/// A record as somebody sees who may not see it: that it is gone.
pub fn masked(record: &Record) -> Record {
    Record { deleted: true, body: serde_json::Value::Object(serde_json::Map::new()), ..record.clone() }
}

fn field<'a>(write: &'a Write, name: &str) -> Option<(&'a str, &'a str)> {
    write
        .set
        .iter()
        .find(|FieldSet(path, _, _)| path == name)
        .map(|FieldSet(_, old, new)| (old.as_str().unwrap_or_default(), new.as_str().unwrap_or_default()))
}

/// Codes, lines, holds and the coding state are the lease holder's; documents and registration are not.
fn needs_lease(write: &Write, new_encounter: bool) -> bool {
    !new_encounter
        && match write.kind {
            RecordKind::Encounter => field(write, "state").is_some(),
            RecordKind::Claim => false,
            kind => kind.is_coding(),
        }
}

/// The write read a record that the hub has never had: a restored hub, before whoever made it has come back.
/// A removal would otherwise pass, since the record is as it should be, and the late addition bring it back.
pub fn reads_lost(write: &Write, now: &Record) -> bool {
    let reads_live = |f: &FieldSet| f.0 == FIELD_DELETED && f.1 == serde_json::Value::Bool(false);
    now.version == 0 && write.set.iter().any(reads_live)
}

/// The rules for one op. `records` are all of its root as they are now, `current` those it writes (vacant where
/// there is none), in the order of its writes.
pub fn judge(
    op: &Op,
    role: Role,
    login: &str,
    lease: &Lease,
    now_ms: i64,
    records: &[Record],
    current: &[Record],
) -> Result<(), Objection> {
    let reject = |why: &str| Err(Objection::Rejected(why.to_string()));
    let new_root = current.iter().any(|r| r.id == op.root && r.version == 0);
    for (write, now) in op.writes.iter().zip(current) {
        if now.kind != write.kind || now.scope != op.scope {
            return reject("a record of another kind or site has this id");
        }
        if !may_write(role, write.kind, now.version == 0) {
            return Err(Objection::Rejected(format!(
                "a {} may not change a {}",
                role.label(),
                write.kind.key()
            )));
        }
        // Some edits take a supervisor's answer only: nobody else writes one in that role.
        let above = |role: &str| matches!(role, "supervisor" | "admin");
        let said = field(write, "role").filter(|_| write.kind == RecordKind::Override);
        if said.is_some_and(|(_, new)| above(new)) && !matches!(role, Role::Supervisor | Role::Admin) {
            return reject("an edit is answered in one's own role");
        }
    }
    if op.writes.iter().any(|w| needs_lease(w, new_root)) {
        let live_other = lease
            .holder
            .as_deref()
            .is_some_and(|h| h != login && lease.until.is_some_and(|u| u.timestamp_millis() > now_ms));
        let older = op.fence.is_some_and(|f| f < lease.fence);
        if live_other || older {
            return Err(Objection::Fenced);
        }
    }
    for (write, now) in op.writes.iter().zip(current).filter(|(_, now)| now.version > 0) {
        match write.kind {
            RecordKind::Encounter => coding_step(write, now, role, op, records)?,
            RecordKind::Claim => claim_step(write, now)?,
            _ => {}
        }
    }
    Ok(())
}

fn state_of<T>(record: &Record, parse: fn(&str) -> Option<T>) -> Option<T> {
    record.body.get("state").and_then(|s| s.as_str()).and_then(parse)
}

fn coding_step(
    write: &Write,
    now: &Record,
    role: Role,
    op: &Op,
    records: &[Record],
) -> Result<(), Objection> {
    let Some((_, to)) = field(write, "state") else { return Ok(()) };
    let refuse = |why: String| Err(Objection::Rejected(why));
    let Some(to) = CodingState::from_key(to) else {
        return refuse("this program does not know that state".into());
    };
    let Some(from) = state_of(now, CodingState::from_key) else { return Ok(()) };
    from.may_become(to).map_err(|r| Objection::Rejected(r.0))?;
    if to == CodingState::Coded && from.is_open() {
        if !role.may_submit() {
            return refuse(format!("a {} may not submit; a coder has to", role.label()));
        }
        // A hold that this very op clears is no longer in the way.
        let clears = |r: &Record| {
            op.writes.iter().any(|w| {
                w.record == r.id
                    && w.set.iter().any(|f| (f.0 == "cleared_at" && !f.2.is_null()) || f.0 == FIELD_DELETED)
            })
        };
        let open = records.iter().any(|r| {
            r.kind == RecordKind::Hold
                && !r.deleted
                && r.body.get("cleared_at").is_none_or(serde_json::Value::is_null)
                && !clears(r)
        });
        if open {
            return refuse("it is on hold; clear the hold first".into());
        }
    }
    let reopens = to.is_open() && !from.is_open();
    let at_payer = records.iter().any(|r| {
        r.kind == RecordKind::Claim
            && !r.deleted
            && matches!(state_of(r, ClaimState::from_key), Some(ClaimState::Sent | ClaimState::Accepted))
    });
    if reopens && at_payer && from == CodingState::Coded {
        return refuse("a claim of it has been sent; wait for the payer's answer".into());
    }
    Ok(())
}

/// Whether a claim in this state may be taken off the encounter.
pub fn may_remove_claim(state: ClaimState) -> Result<(), String> {
    match state {
        ClaimState::Draft | ClaimState::Ready => Ok(()),
        _ => Err(format!("a claim that is {} cannot be removed", state.label())),
    }
}

fn claim_step(write: &Write, now: &Record) -> Result<(), Objection> {
    let Some(from) = state_of(now, ClaimState::from_key) else { return Ok(()) };
    let removes = write.set.iter().any(|f| f.0 == FIELD_DELETED && f.2 == serde_json::Value::Bool(true));
    if removes {
        return may_remove_claim(from).map_err(Objection::Rejected);
    }
    match field(write, "state").and_then(|(_, to)| ClaimState::from_key(to)) {
        Some(to) => from.may_become(to).map_err(|r| Objection::Rejected(r.0)),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Change, Edit, EditSet, Id, Item, OrderKey, Override, Scope, Visibility};

    #[test]
    fn nobody_answers_an_edit_in_a_role_above_their_own() {
        let (scope, root) = (Scope("clinic".into()), Id::from_sender(&["e"]));
        let verdict = |mine: Role, said: Role| {
            let body = Override { rule: "ncci.ptp".into(), role: Some(said), ..Override::default() };
            let item = Item::new(Id::from_sender(&["o"]), OrderKey::default(), body);
            let edits = vec![Edit::Override(Change::Add(item))];
            let set = EditSet {
                scope: scope.clone(),
                root,
                label: "override".into(),
                edits,
                whole: false,
                fence: None,
            };
            let writes = set.writes().unwrap();
            let current: Vec<Record> = writes.iter().map(|w| Record::vacant(&scope, root, w)).collect();
            assert_eq!(current[0].visibility, Visibility::All);
            let op = Op {
                seq: 1,
                op_id: Id::from_sender(&["op"]),
                scope: scope.clone(),
                root,
                fence: None,
                base: None,
                label: "override".into(),
                actor: "dlee".into(),
                at_ms: 0,
                writes,
            };
            judge(&op, mine, "dlee", &Lease::default(), 0, &[], &current)
        };
        assert_eq!(verdict(Role::Coder, Role::Coder), Ok(()));
        assert_eq!(verdict(Role::Supervisor, Role::Supervisor), Ok(()));
        assert!(matches!(verdict(Role::Coder, Role::Supervisor), Err(Objection::Rejected(_))));
        assert!(matches!(verdict(Role::Trainee, Role::Admin), Err(Objection::Rejected(_))));
    }
}
