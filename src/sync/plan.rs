//! What to do next and what an answer means. Pure: no store, no hub, no clock.
//!
//! Owns the table of SYNC.md section 3 and the order of one round: push every scope, send events, pull every
//! scope, fetch texts.

use crate::domain::{Cursor, Id, Record, Scope};
use crate::hub::{Hello, Hub, HubError, HubEvent, PullAnswer, PushAnswer, Welcome};
use crate::store::{PendingOp, Settled};
use std::collections::VecDeque;

/// One call to the hub.
#[derive(Clone, Debug, PartialEq)]
pub enum Work {
    Hello(Hello),
    /// Ops of one scope in their order.
    Push(Vec<PendingOp>),
    Events(Vec<HubEvent>),
    Pull {
        scope: Scope,
        cursor: Cursor,
        limit: u32,
    },
    Texts {
        scope: Scope,
        hashes: Vec<String>,
    },
    /// The records of encounters, from a hub that sends lists only.
    Fetch {
        scope: Scope,
        roots: Vec<Id>,
    },
}

/// What the hub said to it.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    Welcome(Welcome),
    /// As far as the hub answered; what it did not answer is pushed again.
    Push {
        scope: Scope,
        answers: Vec<(u64, PushAnswer)>,
    },
    Events(Vec<HubEvent>),
    Pull {
        scope: Scope,
        answer: PullAnswer,
    },
    Texts(Vec<(String, String)>),
    Fetch {
        scope: Scope,
        records: Vec<Record>,
    },
}

impl Work {
    /// Makes the call. May take as long as the network; touches no cache.
    pub fn run(self, hub: &mut dyn Hub) -> Result<Answer, HubError> {
        Ok(match self {
            Work::Hello(hello) => Answer::Welcome(hub.hello(&hello)?),
            Work::Push(ops) => push(hub, ops)?,
            Work::Events(events) => {
                hub.record_events(&events)?;
                Answer::Events(events)
            }
            Work::Pull { scope, cursor, limit } => {
                hub.stamp(&scope)?;
                let answer = hub.pull(&scope, &cursor, limit)?;
                Answer::Pull { scope, answer }
            }
            Work::Fetch { scope, roots } => {
                let records = hub.fetch(&scope, &roots)?;
                Answer::Fetch { scope, records }
            }
            Work::Texts { scope, hashes } => Answer::Texts(hub.texts(&scope, &hashes)?),
        })
    }
}

/// Each op is its own transaction in the hub. After one that was not applied the rest waits: the cache changes
/// by its answer.
fn push(hub: &mut dyn Hub, ops: Vec<PendingOp>) -> Result<Answer, HubError> {
    let scope = ops.first().map(|p| p.op.scope.clone()).unwrap_or_default();
    let calls: Vec<_> = ops.iter().map(|p| (&p.op, p.texts.as_slice())).collect();
    let mut answers = Vec::with_capacity(ops.len());
    for (p, answer) in ops.iter().zip(hub.push_all(&calls)?) {
        let applied = answer.is_applied();
        answers.push((p.op.seq, answer));
        if !applied {
            break;
        }
    }
    Ok(Answer::Push { scope, answers })
}

/// Why pushing stops until a person has done something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Halt {
    #[error(
        "this cache was copied or restored: the shared database already has other edits under its numbers; \
         keep a copy of the data folder and run `codesk doctor --repair`"
    )]
    Fork,
    #[error("this codesk is too old for the shared database; install the newer one, edits wait until then")]
    Upgrade,
    #[error("this cache belongs to another shared database; use another data folder for this one")]
    OtherHub,
}

/// What an answer to a push asks of the cache.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    Settle(Settled),
    /// Push again everything above this number; the hub lost it.
    ResendAbove(u64),
    Halt(Halt),
    /// Erase the scope.
    Revoke,
}

/// The table of SYNC.md section 3.
pub fn on_push(answer: PushAnswer) -> Action {
    match answer {
        PushAnswer::Applied { versions } => Action::Settle(Settled::Applied { versions }),
        PushAnswer::Duplicate(first) => on_push(*first),
        PushAnswer::Conflict { records } => Action::Settle(Settled::Conflict { records }),
        PushAnswer::Fenced { holder, records } => Action::Settle(Settled::Fenced { holder, records }),
        PushAnswer::Rejected { why, records } => Action::Settle(Settled::Rejected { why, records }),
        PushAnswer::Gap { have } => Action::ResendAbove(have),
        PushAnswer::Fork => Action::Halt(Halt::Fork),
        PushAnswer::Upgrade => Action::Halt(Halt::Upgrade),
        PushAnswer::Revoked => Action::Revoke,
    }
}

/// What the hub's count of our ops says about it. `answered` is what it has confirmed to us, `given` what we
/// have numbered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    Same,
    /// It does not know ops it confirmed: restored from an older copy.
    Restored,
    /// It knows ops we never made: our cache is the older copy.
    Fork,
}

pub fn standing(have: u64, answered: u64, given: u64) -> Standing {
    if have > given {
        Standing::Fork
    } else if have < answered {
        Standing::Restored
    } else {
        Standing::Same
    }
}

/// Steps of one round.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Task {
    Push(Scope),
    Events,
    Pull(Scope),
    Texts(Scope, Vec<String>),
    Fetch(Scope, Vec<Id>),
}

/// One round over the scopes this person has, the shared one first: a chart's payers come before its work item.
pub fn round(scopes: &[Scope]) -> VecDeque<Task> {
    let mut tasks: VecDeque<Task> = scopes.iter().cloned().map(Task::Push).collect();
    tasks.push_back(Task::Events);
    tasks.extend(scopes.iter().cloned().map(Task::Pull));
    tasks
}

/// Who we are to the hub; an id it did not have before means another hub.
pub fn other_hub(known: Option<Id>, now: Id) -> bool {
    known.is_some_and(|k| k != now)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_answer_has_its_action() {
        let applied = PushAnswer::Applied { versions: vec![(Id::NIL, 2)] };
        let settle = Action::Settle(Settled::Applied { versions: vec![(Id::NIL, 2)] });
        assert_eq!(on_push(applied.clone()), settle);
        assert_eq!(on_push(PushAnswer::Duplicate(Box::new(applied))), settle, "a lost answer asked again");
        assert_eq!(on_push(PushAnswer::Gap { have: 4 }), Action::ResendAbove(4));
        assert_eq!(on_push(PushAnswer::Fork), Action::Halt(Halt::Fork));
        assert_eq!(on_push(PushAnswer::Upgrade), Action::Halt(Halt::Upgrade));
        assert_eq!(on_push(PushAnswer::Revoked), Action::Revoke);
        let rejected = PushAnswer::Rejected { why: "no".into(), records: vec![] };
        assert_eq!(
            on_push(rejected),
            Action::Settle(Settled::Rejected { why: "no".into(), records: vec![] })
        );
    }

    #[test]
    fn a_hub_that_forgot_and_a_cache_that_forgot_are_told_apart() {
        assert_eq!(standing(5, 5, 7), Standing::Same);
        assert_eq!(standing(7, 5, 7), Standing::Same, "answers were lost, not ops");
        assert_eq!(standing(3, 5, 7), Standing::Restored);
        assert_eq!(standing(8, 5, 7), Standing::Fork);
    }

    #[test]
    fn a_round_pushes_before_it_pulls() {
        let (a, b) = (Scope("shared".into()), Scope("b".into()));
        let tasks: Vec<Task> = round(&[a.clone(), b.clone()]).into();
        assert_eq!(
            tasks,
            [Task::Push(a.clone()), Task::Push(b.clone()), Task::Events, Task::Pull(a), Task::Pull(b)]
        );
    }
}
