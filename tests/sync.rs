//! Caches, a hub and links that fail: no acknowledged edit is lost or applied twice, and all agree in the end.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a test fails by panicking

mod common;

use codesk::domain::*;
use codesk::hub::*;
use codesk::store::*;
use codesk::sync::*;
use common::hub::{Factory, Lossy, SqliteFactory};
use common::*;
use proptest::prelude::*;

/// A cache with its engine and its link.
struct Desk {
    folder: tempfile::TempDir,
    store: Store,
    engine: Engine,
    hub: Box<dyn Hub>,
    login: String,
    ops: u64,
}

impl Desk {
    fn new(f: &dyn Factory, login: &str) -> Desk {
        let (folder, store) = store_with(0);
        Desk { folder, store, engine: Engine::new(login, 1), hub: f.connect(), login: login.into(), ops: 0 }
    }
    fn sync(&mut self) -> Progress {
        self.engine.step(&mut self.store, self.hub.as_mut(), NOW).unwrap()
    }
    fn chart(&self, name: &str) -> Chart {
        self.store.reader().unwrap().chart(id(name)).unwrap().unwrap()
    }
    fn commit(&mut self, set: &EditSet) -> Committed {
        self.ops += 1;
        let op = Id::from_sender(&[&self.login, "op", &self.ops.to_string()]);
        self.store.commit(set, &self.login, NOW, op).unwrap()
    }
    fn header(&mut self, name: &str, f: impl FnOnce(&mut Encounter)) -> Committed {
        let chart = self.chart(name);
        let set = step(&chart, "header", vec![chart.set_header(f)]);
        self.commit(&set)
    }
    fn add_code(&mut self, name: &str, dx: &str) {
        let chart = self.chart(name);
        let set = step(&chart, "code.add", vec![Edit::Diagnosis(Change::Add(diagnosis(dx, "I10")))]);
        self.commit(&set);
    }
    fn proposals(&self) -> Vec<Proposal> {
        self.store.proposals(None).unwrap()
    }
    /// The process dies and starts again.
    fn restart(self, f: &dyn Factory) -> Desk {
        let paths = self.store.paths().clone();
        drop(self.store);
        Desk {
            store: Store::open(&paths).unwrap(),
            engine: Engine::new(&self.login, 2),
            hub: f.connect(),
            folder: self.folder,
            login: self.login,
            ops: self.ops,
        }
    }
}

/// A hub with `n` encounters, the desk that brought them and another.
fn two_desks(f: &dyn Factory, n: usize) -> (Desk, Desk) {
    let mut a = Desk::new(f, "dlee");
    a.store.import(&batch(0..n), "dlee", NOW, &mut IdMint::new(1)).unwrap();
    assert_eq!(a.sync().proposals, 0);
    let mut b = Desk::new(f, "mruiz");
    b.sync();
    (a, b)
}

fn same(a: &Desk, b: &Desk, n: usize) {
    for i in 0..n {
        let name = format!("e{i}");
        assert_eq!(a.chart(&name), b.chart(&name), "{name}");
        let (ra, rb) = (a.store.reader().unwrap(), b.store.reader().unwrap());
        assert_eq!(ra.work_item(id(&name)).unwrap(), rb.work_item(id(&name)).unwrap());
    }
}

fn what_one_desk_stores_another_reads(f: &dyn Factory) {
    let (mut a, mut b) = two_desks(f, 12);
    same(&a, &b, 12);
    let reader = b.store.reader().unwrap();
    let chart = reader.chart(id("e4")).unwrap().unwrap();
    assert!(reader.texts(&chart).unwrap()[0].starts_with("Visit 4"));
    assert_eq!(chart.primary_payer().unwrap().name, "Blue Harbor");
    assert_eq!(b.engine.status().state, SyncState::Synced);
    assert_eq!((a.engine.status().pending, a.engine.status().last_ok), (0, Some(NOW)));

    // Different fields merge, from both sides, without a question.
    a.header("e4", |e| e.place = Some("22".into()));
    b.header("e4", |e| e.priority = 9);
    b.add_code("e4", "from-b");
    a.add_code("e4", "from-a");
    a.sync();
    b.sync();
    a.sync();
    same(&a, &b, 12);
    let merged = a.chart("e4");
    assert_eq!((merged.header().place.as_deref(), merged.header().priority), (Some("22"), 9));
    assert_eq!(merged.diagnoses.len(), 2);
    assert!(a.proposals().is_empty() && b.proposals().is_empty());
    assert_eq!(b.store.repair_work_items().unwrap(), 0);
}

fn a_conflict_keeps_both_sides_and_can_be_made_again(f: &dyn Factory) {
    let (mut a, mut b) = two_desks(f, 3);
    a.header("e1", |e| e.place = Some("22".into()));
    b.header("e1", |e| e.place = Some("23".into()));
    // What stands on top of the conflict and does not read the same field survives it.
    b.header("e1", |e| e.priority = 8);
    a.sync();
    let done = b.sync();
    assert_eq!((done.pushed, done.proposals), (1, 1));
    assert!(done.roots.contains(&id("e1")));
    assert_eq!(b.chart("e1").header().place.as_deref(), Some("22"), "theirs is adopted");
    assert_eq!(b.chart("e1").header().priority, 8);
    let p = b.proposals().remove(0);
    assert_eq!(p.why, ProposalWhy::Conflict);
    assert_eq!(p.op.writes[0].set, [FieldSet("place".into(), "11".into(), "23".into())]);
    b.store.retry_proposal(&scope(), p.op.op_id, None, "mruiz", NOW, id("again")).unwrap();
    assert!(b.proposals().is_empty());
    b.sync();
    a.sync();
    assert_eq!(a.chart("e1").header().place.as_deref(), Some("23"));
    same(&a, &b, 3);
}

fn work_under_a_lost_lease_becomes_a_proposal(f: &dyn Factory) {
    let (mut a, mut b) = two_desks(f, 3);
    let got = a.engine.lease(&mut a.store, a.hub.as_mut(), &scope(), id("e1"), 10).unwrap();
    assert!(matches!(got, LeaseAnswer::Granted(_)));
    let chart = a.chart("e1");
    assert_eq!(chart.lease.holder.as_deref(), Some("dlee"));
    let mut set = step(&chart, "code.add", vec![Edit::Diagnosis(Change::Add(diagnosis("dx", "I10")))]);
    set.fence = Some(chart.lease.fence);
    a.commit(&set);
    f.advance(11 * 60_000);
    b.engine.lease(&mut b.store, b.hub.as_mut(), &scope(), id("e1"), 10).unwrap();
    assert_eq!(a.sync().proposals, 1);
    let p = a.proposals().remove(0);
    assert_eq!((p.why, p.detail.as_str()), (ProposalWhy::Fenced, "mruiz"));
    assert!(a.chart("e1").diagnoses.is_empty());
    assert_eq!(a.chart("e1").lease.holder.as_deref(), Some("mruiz"));
    // Next from the hub: the records are in the cache when the call returns.
    let mut c = Desk::new(f, "pchen");
    let ask = NextAsk { scope: scope(), request: id("r"), n: 1, kind: None, minutes: 30 };
    c.sync();
    let next = c.engine.get_next(&mut c.store, c.hub.as_mut(), &ask, NOW).unwrap();
    assert!(c.store.knows(next[0].id).unwrap());
    let lease = c.store.reader().unwrap().chart(next[0].id).unwrap().unwrap().lease;
    assert_eq!(lease.holder.as_deref(), Some("pchen"));
}

fn what_the_hub_refuses_is_undone_here_and_stays_readable(f: &dyn Factory) {
    let (mut a, b) = two_desks(f, 3);
    let mut t = Desk::new(f, "tnew");
    t.sync();
    t.header("e1", |e| e.state = CodingState::Coded);
    assert_eq!(t.sync().proposals, 1);
    assert_eq!(t.chart("e1").header().state, CodingState::New);
    let p = t.proposals().remove(0);
    assert_eq!(p.why, ProposalWhy::Rejected);
    assert!(p.detail.contains("may not submit"));
    // An encounter that never reaches the hub does not stay here either.
    let mut e = Desk::new(f, "eyes");
    e.sync();
    let mut batch = ImportBatch::new("intake.fhir");
    let (chart, texts) = encounter(77);
    batch.add_chart(&chart, texts).unwrap();
    e.store.import(&batch, "eyes", NOW, &mut IdMint::new(3)).unwrap();
    e.sync();
    assert!(e.store.reader().unwrap().chart(id("e77")).unwrap().is_none());
    assert!(e.store.reader().unwrap().work_item(id("e77")).unwrap().is_none());
    a.sync();
    same(&a, &b, 3);
}

fn a_process_killed_between_commit_and_push_loses_nothing(f: &dyn Factory) {
    let (mut a, mut b) = two_desks(f, 3);
    a.add_code("e1", "dx");
    let mut a = a.restart(f);
    assert_eq!(a.sync().pushed, 1);
    let mut a = a.restart(f);
    assert_eq!(a.sync().pushed, 0, "not twice");
    b.sync();
    assert_eq!(b.chart("e1").diagnoses.len(), 1);
    same(&a, &b, 3);
}

fn lost_calls_and_lost_answers_apply_each_edit_once(f: &dyn Factory) {
    let (mut a, mut b) = two_desks(f, 4);
    a.hub = Box::new(Lossy { inner: f.connect(), state: 7, before: 50, after: 80 });
    let before = a.chart("e2").encounter.version;
    let mut offline = 0;
    for i in 0..30 {
        a.header("e2", |e| e.priority = 100 + i);
        a.sync();
        if let SyncState::Offline { .. } = a.engine.status().state {
            offline += 1;
            assert!(a.engine.wake_at() > NOW);
        }
    }
    for _ in 0..200 {
        a.sync();
    }
    assert!(offline > 5);
    assert_eq!(a.store.pending_count().unwrap(), 0);
    b.sync();
    assert_eq!(b.chart("e2").encounter.version, before + 30);
    assert_eq!(b.chart("e2").header().priority, 129);
    assert!(a.proposals().is_empty());
    a.hub = f.connect();
    a.sync();
    same(&a, &b, 4);
}

fn a_hub_restored_from_an_older_copy_gets_everything_again(f: &dyn Factory) {
    let (mut a, mut b) = two_desks(f, 6);
    a.add_code("e1", "old");
    a.sync();
    b.sync();
    f.backup();
    // Acknowledged after the backup, by both; an encounter that the backup does not know at all.
    a.add_code("e1", "a-new");
    b.add_code("e1", "b-new");
    b.header("e2", |e| e.priority = 50);
    let mut batch = ImportBatch::new("intake.fhir");
    let (chart, texts) = encounter(9);
    batch.add_chart(&chart, texts).unwrap();
    b.store.import(&batch, "mruiz", NOW, &mut IdMint::new(5)).unwrap();
    a.sync();
    b.sync();
    a.sync();
    assert_eq!(a.chart("e9").header().account, "10009");
    // Not acknowledged yet.
    a.header("e3", |e| e.priority = 60);
    let (mut a, mut b) = (a.restart(f), b.restart(f));
    // No connection is open while the file is exchanged.
    let elsewhere = SqliteFactory::new();
    (a.hub, b.hub) = (elsewhere.connect(), elsewhere.connect());
    f.restore();
    (a.hub, b.hub) = (f.connect(), f.connect());
    assert!(a.sync().restored);
    assert!(b.sync().restored);
    for _ in 0..2 {
        a.sync();
        b.sync();
    }
    same(&a, &b, 6);
    assert_eq!(a.chart("e1").diagnoses.len(), 3);
    assert_eq!(a.chart("e2").header().priority, 50);
    assert_eq!(a.chart("e3").header().priority, 60);
    assert_eq!(a.chart("e9"), b.chart("e9"));
    assert_eq!(a.chart("e1").encounter.version, 4, "each edit once");
    assert!(a.proposals().is_empty() && b.proposals().is_empty());
    assert_eq!(f.client("kwong", "k").verify().unwrap(), None);
}

fn lost_access_erases_the_cache_but_not_unsent_work(f: &dyn Factory) {
    let (_a, mut b) = two_desks(f, 3);
    b.add_code("e1", "dx");
    f.person("mruiz", Role::Coder, "hospital");
    f.remove("mruiz", CLINIC);
    b.engine = Engine::new("mruiz", 3);
    let done = b.sync();
    // The scope is no longer offered: nothing of it is pushed or pulled, and what is here goes.
    assert_eq!(done.revoked, [scope()]);
    let reader = b.store.reader().unwrap();
    assert!(reader.chart(id("e1")).unwrap().is_none());
    assert_eq!(reader.counts("mruiz").unwrap().iter().map(|(_, n)| n).sum::<u64>(), 0);
    assert_eq!(b.store.pending(&scope(), 10).unwrap().len(), 1, "parked");
}

fn a_copied_cache_is_stopped(f: &dyn Factory) {
    let (a, _b) = two_desks(f, 3);
    let copy = tempfile::tempdir().unwrap();
    let paths = a.store.paths().clone();
    let mut a = a.restart(f);
    drop(std::mem::replace(&mut a.store, store_with(0).1));
    for name in ["cache.db", "cache.key", "cache.db.keymark"] {
        std::fs::copy(paths.database.parent().unwrap().join(name), copy.path().join(name)).unwrap();
    }
    a.store = Store::open(&paths).unwrap();
    let mut twin = Desk::new(f, "dlee");
    twin.store = Store::open(&StorePaths::in_folder(copy.path())).unwrap();
    twin.ops = 1000;
    a.header("e1", |e| e.priority = 70);
    a.sync();
    twin.header("e1", |e| e.priority = 71);
    twin.sync();
    assert!(matches!(&twin.engine.status().state, SyncState::Halted { why } if why.contains("copied")));
    assert_eq!(twin.store.pending_count().unwrap(), 1);
}

fn events_reach_the_trail_once(f: &dyn Factory) {
    let (mut a, _b) = two_desks(f, 1);
    let event = AuditEvent {
        scope: scope(),
        actor: "dlee".into(),
        what: "chart.view".into(),
        root: id("e0"),
        detail: String::new(),
    };
    a.store.record_event(&event, NOW).unwrap();
    a.sync();
    assert!(a.store.audit_unsent(10).unwrap().is_empty());
    assert_eq!(a.store.audit_verify().unwrap(), None);
}

macro_rules! on_every_hub {
    ($($test:ident),+ $(,)?) => {
        mod sqlite {
            $(#[test]
            fn $test() {
                super::$test(&super::SqliteFactory::new());
            })+
        }
        mod postgres {
            $(#[test]
            fn $test() {
                super::$test(&super::common::pg::PgFactory::new());
            })+
        }
    };
}

on_every_hub! {
    what_one_desk_stores_another_reads,
    a_conflict_keeps_both_sides_and_can_be_made_again,
    work_under_a_lost_lease_becomes_a_proposal,
    what_the_hub_refuses_is_undone_here_and_stays_readable,
    a_process_killed_between_commit_and_push_loses_nothing,
    lost_calls_and_lost_answers_apply_each_edit_once,
    a_hub_restored_from_an_older_copy_gets_everything_again,
    lost_access_erases_the_cache_but_not_unsent_work,
    a_copied_cache_is_stopped,
    events_reach_the_trail_once,
}

#[derive(Clone, Debug)]
enum Act {
    Priority(i32),
    Place(u8),
    Add(u8),
    Remove,
    Move,
    Patient(u8),
    Sync,
}

fn act() -> impl Strategy<Value = (usize, usize, Act)> {
    let what = prop_oneof![
        (0..9i32).prop_map(Act::Priority),
        (10..30u8).prop_map(Act::Place),
        (0..200u8).prop_map(Act::Add),
        Just(Act::Remove),
        Just(Act::Move),
        (0..9u8).prop_map(Act::Patient),
        Just(Act::Sync),
        Just(Act::Sync),
    ];
    (0..3usize, 0..3usize, what)
}

fn play(desk: &mut Desk, name: &str, what: &Act, n: usize) -> bool {
    let chart = desk.chart(name);
    let edit = match what {
        Act::Priority(p) => chart.set_header(|e| e.priority = *p),
        Act::Place(p) => chart.set_header(|e| e.place = Some(p.to_string())),
        Act::Add(k) => Edit::Diagnosis(Change::Add(diagnosis(&format!("{name}.{n}.{k}"), "I10"))),
        Act::Remove => match chart.diagnoses.first() {
            Some(d) => Edit::Diagnosis(Change::Remove(d.clone())),
            None => return false,
        },
        Act::Move => match chart.diagnoses.last() {
            Some(d) => Edit::Diagnosis(Change::Move {
                id: d.id,
                from: d.order.clone(),
                to: OrderKey::between(None, Some(&d.order)),
            }),
            None => return false,
        },
        Act::Patient(k) => {
            let Some(p) = chart.directory.patient.clone() else { return false };
            let mut after = p.body.clone();
            after.phone = Phi::new(format!("555-010{k}"));
            Edit::Patient(Change::Set { id: p.id, before: p.body, after })
        }
        Act::Sync => return false,
    };
    desk.commit(&step(&chart, "edit", vec![edit])).seq > 0
}

/// Every edit is applied once or a proposal of the desk that made it, and all agree with a whole hub.
fn all_agree(desks: &mut [Desk; 3], f: &SqliteFactory, made: [u64; 3]) -> Result<(), TestCaseError> {
    for _ in 0..4 {
        desks.iter_mut().for_each(|d| drop(d.sync()));
    }
    let [a, b, c] = &*desks;
    same(a, b, 3);
    same(b, c, 3);
    for (i, made) in made.iter().enumerate() {
        let root = id(&format!("e{i}"));
        let refused: usize = desks.iter().map(|d| d.store.proposals(Some(root)).unwrap().len()).sum();
        prop_assert_eq!(desks[0].chart(&format!("e{i}")).encounter.version, 1 + made - refused as u64);
    }
    prop_assert_eq!(f.client("kwong", "k").verify().unwrap(), None);
    for d in desks {
        prop_assert_eq!(d.store.pending_count().unwrap(), 0);
        prop_assert_eq!(d.store.repair_work_items().unwrap(), 0);
        prop_assert_eq!(d.store.audit_verify().unwrap(), None);
    }
    Ok(())
}

fn three_desks(f: &SqliteFactory) -> [Desk; 3] {
    let (a, b) = two_desks(f, 3);
    let mut c = Desk::new(f, "pchen");
    c.sync();
    [a, b, c]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, max_shrink_iters: 40, ..ProptestConfig::default() })]

    /// Three desks edit the same three charts over links that fail.
    #[test]
    fn random_edits_converge(acts in proptest::collection::vec(act(), 1..60), seed in any::<u64>()) {
        let f = SqliteFactory::new();
        let mut desks = three_desks(&f);
        for (i, d) in desks.iter_mut().enumerate() {
            d.hub = Box::new(Lossy { inner: f.connect(), state: seed ^ i as u64, before: 25, after: 25 });
        }
        let mut made = [0u64; 3];
        for (n, (who, chart, what)) in acts.iter().enumerate() {
            if matches!(what, Act::Sync) {
                desks[*who].sync();
            } else if play(&mut desks[*who], &format!("e{chart}"), what, n) {
                made[*chart] += 1;
            }
        }
        desks.iter_mut().for_each(|d| d.hub = f.connect());
        all_agree(&mut desks, &f, made)?;
    }

    /// The same while the hub is replaced by an older copy of itself, twice.
    #[test]
    fn random_edits_survive_a_restored_hub(acts in proptest::collection::vec(act(), 20..60)) {
        let f = SqliteFactory::new();
        let elsewhere = SqliteFactory::new();
        let mut desks = three_desks(&f);
        let mut made = [0u64; 3];
        let third = acts.len() / 3;
        for (n, (who, chart, what)) in acts.iter().enumerate() {
            if n == third / 2 {
                f.backup();
            }
            if n == third || n == 2 * third {
                desks.iter_mut().for_each(|d| d.hub = elsewhere.connect());
                f.restore();
                desks.iter_mut().for_each(|d| {
                    d.hub = f.connect();
                    d.engine = Engine::new(&d.login, 9);
                });
            }
            if matches!(what, Act::Sync) {
                desks[*who].sync();
            } else if play(&mut desks[*who], &format!("e{chart}"), what, n) {
                made[*chart] += 1;
            }
        }
        all_agree(&mut desks, &f, made)?;
    }
}
