//! The engine: rounds of push and pull between one cache and one hub.
//!
//! Owns where a round stands, who the hub said we are, and the status the screen shows. A call that failed is
//! repeated later by number; nothing is confirmed that the hub has not answered.
//!
//! A sync thread calls `step` when the writer says that an op was stored, when the hub wakes it, every minute,
//! and at `wake_at` after a failure.

use super::Backoff;
use super::plan::{self, Action, Answer, Halt, Standing, Task, Work};
use crate::domain::{Id, Role, SHARED_SCOPE, Scope};
use crate::hub::{Hello, Hub, HubError, HubEvent, PullAnswer, PushAnswer, SCHEMA, Welcome};
use crate::sqlite::ErrorKind;
use crate::store::{PulledItem, PulledPage, Settled, Store, StoreError};
use std::collections::VecDeque;

/// The hub a cache belongs to.
const HUB_SETTING: &str = "hub";
/// The setting that holds when the last round went through, milliseconds since 1970; to the minute.
pub const LAST_OK: &str = "sync.last";
/// The setting that holds the role the hub gave at the last greeting: the one that may most.
pub const MY_ROLE: &str = "role";
/// Rows a pull asks for.
const PAGE: u32 = 1_000;
/// Texts a call asks for.
const TEXTS: usize = 64;
const EVENTS: u32 = 200;
const DAY_MS: i64 = 24 * 3600 * 1000;
/// Encounters of my list whose records are here before I open them.
const AHEAD: u32 = 20;
/// Encounters a call fetches.
const ROOTS: usize = 20;
/// Ops between two transactions of the cache that record their answers.
const BATCH: u32 = 64;

#[derive(Debug, thiserror::Error)]
pub enum SyncError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Hub(#[from] HubError),
}

impl SyncError {
    pub fn kind(&self) -> ErrorKind {
        match self {
            SyncError::Store(e) => e.kind(),
            SyncError::Hub(e) => e.kind(),
        }
    }
    pub fn hint(&self) -> Option<&str> {
        match self {
            SyncError::Store(e) => e.hint(),
            SyncError::Hub(e) => e.hint(),
        }
    }
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum SyncState {
    /// Nothing has been tried yet.
    #[default]
    Starting,
    /// The last round went through.
    Synced,
    /// A round is under way.
    Working,
    /// The hub does not answer; work goes on.
    Offline { since_ms: i64, why: String },
    /// Pushing stopped until a person has done something.
    Halted { why: String },
}

/// For the corner of the screen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SyncStatus {
    pub pending: u64,
    pub last_ok: Option<i64>,
    /// How far the hub's clock is ahead of the one we were told, in milliseconds. Leases end by the hub's.
    pub skew_ms: i64,
    pub state: SyncState,
}

/// What a call or a whole step changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Ops the hub confirmed.
    pub pushed: u64,
    /// Ops that became proposals: conflicts, lost leases, refusals.
    pub proposals: u64,
    /// Records that arrived.
    pub pulled: u64,
    /// Encounters that changed by what arrived or was refused.
    pub roots: Vec<Id>,
    /// Scopes that were erased.
    pub revoked: Vec<Scope>,
    /// The hub was found restored from an older copy.
    pub restored: bool,
}

impl Progress {
    fn add(&mut self, other: Progress) {
        self.pushed += other.pushed;
        self.proposals += other.proposals;
        self.pulled += other.pulled;
        self.restored |= other.restored;
        self.revoked.extend(other.revoked);
        for r in other.roots {
            if !self.roots.contains(&r) {
                self.roots.push(r);
            }
        }
    }
}

pub struct Engine {
    login: String,
    backoff: Backoff,
    wake_at: i64,
    status: SyncStatus,
    /// The scopes of the last welcome; `None` before it and after anything that puts it in doubt.
    welcome: Option<(Vec<Scope>, bool)>,
    tasks: VecDeque<Task>,
    in_round: bool,
    halted: bool,
    /// When ops that were confirmed long ago were last forgotten.
    pruned_at: Option<i64>,
    /// When `LAST_OK` was written.
    noted: i64,
}

impl Engine {
    /// `seed` spreads the waiting times of different clients.
    pub fn new(login: &str, seed: u64) -> Engine {
        Engine {
            login: login.to_string(),
            backoff: Backoff::new(seed),
            wake_at: 0,
            status: SyncStatus::default(),
            welcome: None,
            tasks: VecDeque::new(),
            in_round: false,
            halted: false,
            pruned_at: None,
            noted: 0,
        }
    }

    pub fn status(&self) -> &SyncStatus {
        &self.status
    }

    /// After a failure: not before this time (milliseconds), unless a person asks.
    pub fn wake_at(&self) -> i64 {
        self.wake_at
    }

    pub fn login(&self) -> &str {
        &self.login
    }

    /// One whole round: everything pending goes up, everything new comes down. Returns what changed; a hub that
    /// does not answer is not an error but a status (`Offline`), and the next step goes on where this one stopped.
    pub fn step(&mut self, store: &mut Store, hub: &mut dyn Hub, now_ms: i64) -> Result<Progress, SyncError> {
        let mut all = Progress::default();
        while let Some(work) = self.next(store)? {
            let answer = work.run(hub);
            let failed = answer.is_err();
            all.add(self.absorb(store, answer, now_ms)?);
            if failed {
                break;
            }
        }
        Ok(all)
    }

    /// The next call of the round, or `None` when it is over. Reads the store; short.
    pub fn next(&mut self, store: &mut Store) -> Result<Option<Work>, SyncError> {
        if std::mem::take(&mut self.halted) {
            return Ok(None);
        }
        let Some((scopes, all)) = &self.welcome else {
            self.status.state = match &self.status.state {
                SyncState::Offline { since_ms, why } => {
                    SyncState::Offline { since_ms: *since_ms, why: why.clone() }
                }
                _ => SyncState::Working,
            };
            let hello = Hello { client: store.client(), login: self.login.clone(), schema: SCHEMA };
            return Ok(Some(Work::Hello(hello)));
        };
        if !self.in_round {
            let mut scopes = scopes.clone();
            if *all {
                let own = store.scopes()?;
                scopes.extend(own.into_iter().filter(|s| !self.knows(s)));
            }
            scopes.sort_by_key(|s| (s.0 != SHARED_SCOPE, s.clone()));
            self.tasks = plan::round(&scopes);
            self.in_round = true;
        }
        while let Some(task) = self.tasks.front() {
            let work = match task {
                Task::Push(scope) => {
                    let ops = store.pending(scope, BATCH)?;
                    (!ops.is_empty()).then_some(Work::Push(ops))
                }
                Task::Events => {
                    let events: Vec<HubEvent> = store.audit_unsent(EVENTS)?.into_iter().map(event).collect();
                    (!events.is_empty()).then_some(Work::Events(events))
                }
                Task::Pull(scope) => {
                    Some(Work::Pull { scope: scope.clone(), cursor: store.cursor(scope)?, limit: PAGE })
                }
                Task::Fetch(scope, roots) => Some(Work::Fetch { scope: scope.clone(), roots: roots.clone() }),
                Task::Texts(scope, hashes) => {
                    Some(Work::Texts { scope: scope.clone(), hashes: hashes.clone() })
                }
            };
            if work.is_some() {
                return Ok(work);
            }
            self.tasks.pop_front();
        }
        self.in_round = false;
        Ok(None)
    }

    fn knows(&self, scope: &Scope) -> bool {
        self.welcome.as_ref().is_some_and(|(scopes, _)| scopes.contains(scope))
    }

    /// Takes the answer to the work `next` gave into the store. Short.
    pub fn absorb(
        &mut self,
        store: &mut Store,
        answer: Result<Answer, HubError>,
        now_ms: i64,
    ) -> Result<Progress, SyncError> {
        let mut done = Progress::default();
        match answer {
            Err(e) => self.failed(&e, now_ms),
            Ok(Answer::Welcome(welcome)) => {
                self.status.skew_ms = welcome.now_ms - now_ms;
                self.greeted(store, welcome, &mut done)?;
            }
            Ok(Answer::Push { scope, answers }) => self.pushed(store, &scope, answers, now_ms, &mut done)?,
            Ok(Answer::Events(events)) => {
                for e in &events {
                    store.audit_sent(&e.scope, e.n)?;
                }
            }
            Ok(Answer::Pull { scope, answer }) => self.pulled(store, &scope, answer, now_ms, &mut done)?,
            Ok(Answer::Fetch { scope, records }) => {
                let absorbed = store.keep_records(&records)?;
                done.pulled += absorbed.records;
                done.roots.extend(absorbed.roots);
                self.tasks.pop_front();
                self.ask_texts(&scope, &absorbed.lacking);
            }
            Ok(Answer::Texts(texts)) => {
                store.keep_texts(&texts)?;
                self.tasks.pop_front();
            }
        }
        self.status.pending = store.pending_count()?;
        if self.in_round && self.tasks.is_empty() {
            self.backoff.reset();
            self.wake_at = 0;
            self.status.last_ok = Some(now_ms);
            if now_ms - self.noted >= 60_000 {
                self.noted = now_ms;
                store.set_setting(LAST_OK, &now_ms.to_string())?;
            }
            self.status.state = SyncState::Synced;
            if self.pruned_at.is_none_or(|at| now_ms - at > DAY_MS) {
                store.prune_outbox(now_ms)?;
                self.pruned_at = Some(now_ms);
            }
        }
        Ok(done)
    }

    /// Whether the call was done is unknown: the round begins again, with a greeting, when it is time.
    fn failed(&mut self, e: &HubError, now_ms: i64) {
        self.abandon();
        self.wake_at = now_ms + self.backoff.next_ms();
        self.status.state = match (e.kind(), &self.status.state) {
            (ErrorKind::Retry, SyncState::Offline { since_ms, .. }) => {
                SyncState::Offline { since_ms: *since_ms, why: e.to_string() }
            }
            (ErrorKind::Retry, _) => SyncState::Offline { since_ms: now_ms, why: e.to_string() },
            _ => SyncState::Halted { why: e.to_string() },
        };
    }

    fn abandon(&mut self) {
        self.welcome = None;
        self.tasks.clear();
        self.in_round = false;
    }

    /// Ends the round; the next one greets again and may find it mended.
    fn halt(&mut self, why: Halt) {
        self.abandon();
        self.halted = true;
        self.status.state = SyncState::Halted { why: why.to_string() };
    }

    fn greeted(&mut self, store: &mut Store, welcome: Welcome, done: &mut Progress) -> Result<(), SyncError> {
        let known = store.setting(HUB_SETTING)?.as_deref().and_then(Id::parse);
        if plan::other_hub(known, welcome.hub) {
            self.halt(Halt::OtherHub);
            return Ok(());
        }
        if known.is_none() {
            store.set_setting(HUB_SETTING, &welcome.hub.to_string())?;
        }
        self.status.state = SyncState::Working;
        let role = welcome.scopes.iter().map(|(_, r)| *r).max_by_key(|r| r.weight());
        if let Some(role) = role.map(Role::label)
            && store.setting(MY_ROLE)?.as_deref() != Some(role)
        {
            store.set_setting(MY_ROLE, role)?;
        }
        let offered: Vec<Scope> = welcome.scopes.into_iter().map(|(s, _)| s).collect();
        for scope in store.scopes()? {
            if !welcome.all_scopes && !offered.contains(&scope) {
                // What was read from the hub goes; what it never had stays in the outbox.
                if store.cursor(&scope)?.pos > 0 {
                    store.erase_scope(&scope)?;
                    done.revoked.push(scope);
                }
                continue;
            }
            let have = welcome.have.iter().find(|(s, _)| *s == scope).map_or(0, |(_, n)| *n);
            let (answered, given) = store.sequence(&scope)?;
            match plan::standing(have, answered, given) {
                Standing::Same => {}
                Standing::Fork => {
                    self.halt(Halt::Fork);
                    return Ok(());
                }
                Standing::Restored => self.restored(store, &scope, have, done)?,
            }
        }
        self.welcome = Some((offered, welcome.all_scopes));
        Ok(())
    }

    /// The hub is older than what it confirmed: give it everything it lost, read everything it has.
    fn restored(
        &mut self,
        store: &mut Store,
        scope: &Scope,
        have: u64,
        done: &mut Progress,
    ) -> Result<(), SyncError> {
        store.read_again(scope)?;
        store.resend_above(scope, have)?;
        done.restored = true;
        Ok(())
    }

    fn pushed(
        &mut self,
        store: &mut Store,
        scope: &Scope,
        answers: Vec<(u64, PushAnswer)>,
        now_ms: i64,
        done: &mut Progress,
    ) -> Result<(), SyncError> {
        let mut settled = Vec::with_capacity(answers.len());
        let mut then = None;
        for (seq, answer) in answers {
            match plan::on_push(answer) {
                Action::Settle(s) => {
                    done.pushed += u64::from(matches!(s, Settled::Applied { .. }));
                    done.proposals += u64::from(!matches!(s, Settled::Applied { .. }));
                    done.roots.extend(s.records().first().map(|r| r.root));
                    settled.push((seq, s));
                }
                // Always the last of its batch.
                other => then = Some(other),
            }
        }
        store.settle(scope, &settled, now_ms)?;
        match then {
            Some(Action::ResendAbove(have)) => {
                self.restored(store, scope, have, done)?;
                if store.pending(scope, 1)?.first().is_none_or(|p| p.op.seq > have + 1) {
                    // The op the hub waits for is gone from here too.
                    self.halt(Halt::Fork);
                }
            }
            Some(Action::Halt(why)) => self.halt(why),
            Some(Action::Revoke) => self.revoke(store, scope, done)?,
            Some(Action::Settle(_)) | None => {}
        }
        Ok(())
    }

    fn ask_texts(&mut self, scope: &Scope, hashes: &[String]) {
        for part in hashes.chunks(TEXTS) {
            self.tasks.push_back(Task::Texts(scope.clone(), part.to_vec()));
        }
    }

    fn revoke(&mut self, store: &mut Store, scope: &Scope, done: &mut Progress) -> Result<(), SyncError> {
        store.erase_scope(scope)?;
        done.revoked.push(scope.clone());
        self.tasks.retain(|t| !matches!(t, Task::Push(s) | Task::Pull(s) | Task::Texts(s, _) | Task::Fetch(s, _) if s == scope));
        if let Some((scopes, _)) = &mut self.welcome {
            scopes.retain(|s| s != scope);
        }
        Ok(())
    }

    fn pulled(
        &mut self,
        store: &mut Store,
        scope: &Scope,
        answer: PullAnswer,
        now_ms: i64,
        done: &mut Progress,
    ) -> Result<(), SyncError> {
        match answer {
            PullAnswer::Page(page) => {
                let items =
                    page.items.into_iter().map(|i| PulledItem { item: i.item, fence: i.fence }).collect();
                let absorbed = store.apply_page(
                    &PulledPage {
                        scope: scope.clone(),
                        records: page.records,
                        items,
                        cursor: page.cursor,
                        complete: !page.more,
                    },
                    now_ms,
                )?;
                done.pulled += absorbed.records;
                done.roots.extend(absorbed.roots);
                self.ask_texts(scope, &absorbed.lacking);
                if !page.more {
                    self.tasks.pop_front();
                    if page.lists {
                        for roots in store.lacking_roots(scope, &self.login, AHEAD)?.chunks(ROOTS) {
                            self.tasks.push_back(Task::Fetch(scope.clone(), roots.to_vec()));
                        }
                    }
                }
            }
            PullAnswer::Restored { .. } => {
                store.read_again(scope)?;
                done.restored = true;
                // Greet again: the numbers say what it lost of ours.
                self.abandon();
            }
            PullAnswer::Revoked => self.revoke(store, scope, done)?,
        }
        Ok(())
    }
}

fn event(row: crate::store::AuditRow) -> HubEvent {
    let e = row.event;
    HubEvent {
        scope: e.scope,
        n: row.n,
        at_ms: row.at_ms,
        actor: e.actor,
        what: e.what,
        root: e.root,
        detail: e.detail,
    }
}
