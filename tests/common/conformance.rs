//! What every hub has to pass. Each function gets hubs from a factory and knows nothing else of them.

use super::hub::Factory;
use super::*;
use codesk::hub::*;
use std::collections::{BTreeMap, BTreeSet};

/// Numbers the ops of one client.
pub struct Pen {
    pub hub: Box<dyn Hub>,
    name: String,
    login: String,
    seq: u64,
}

impl Pen {
    pub fn new(f: &dyn Factory, login: &str, name: &str) -> Pen {
        Pen { hub: f.client(login, name), name: name.into(), login: login.into(), seq: 0 }
    }
    pub fn op(&mut self, set: &EditSet) -> Op {
        self.seq += 1;
        Op {
            seq: self.seq,
            op_id: id(&format!("{}.{}", self.name, self.seq)),
            scope: set.scope.clone(),
            root: set.root,
            fence: set.fence,
            base: None,
            label: set.label.clone(),
            actor: self.login.clone(),
            at_ms: NOW,
            writes: set.writes().unwrap(),
        }
    }
    pub fn push(&mut self, set: &EditSet) -> PushAnswer {
        let op = self.op(set);
        self.hub.push(&op, &[]).unwrap()
    }
}

/// An encounter header as one op.
pub fn new_encounter(n: usize) -> (Chart, EditSet) {
    let (chart, _) = encounter(n);
    let set = step(&chart, "intake", vec![Edit::Encounter(Change::Add(chart.encounter.clone()))]);
    (chart, set)
}

fn applied(a: &PushAnswer) -> bool {
    matches!(a, PushAnswer::Applied { .. })
}

fn header(chart: &Chart, f: impl FnOnce(&mut Encounter)) -> EditSet {
    step(chart, "header", vec![chart.set_header(f)])
}

fn pull_all(
    hub: &mut dyn Hub,
    scope: &Scope,
    mut cursor: Cursor,
    limit: u32,
) -> (Vec<Record>, Vec<HubItem>, Cursor) {
    let (mut records, mut items) = (Vec::new(), Vec::new());
    hub.stamp(scope).unwrap();
    loop {
        match hub.pull(scope, &cursor, limit).unwrap() {
            PullAnswer::Page(p) => {
                records.extend(p.records);
                items.extend(p.items);
                assert!(p.cursor.pos > cursor.pos || !p.more, "a page moves on");
                cursor = p.cursor;
                if !p.more {
                    return (records, items, cursor);
                }
            }
            other => panic!("{other:?}"),
        }
    }
}

pub fn numbers(f: &dyn Factory) {
    let mut a = Pen::new(f, "dlee", "a");
    let (chart, set) = new_encounter(1);
    let first = a.op(&set);
    let versions = vec![(chart.id(), 1)];
    assert_eq!(a.hub.push(&first, &[]).unwrap(), PushAnswer::Applied { versions: versions.clone() });
    // The answer was lost: the same op again is not applied twice.
    let again = a.hub.push(&first, &[]).unwrap();
    assert_eq!(again, PushAnswer::Duplicate(Box::new(PushAnswer::Applied { versions })));
    let mut later = a.op(&header(&chart, |e| e.priority = 7));
    later.seq = 5;
    assert_eq!(a.hub.push(&later, &[]).unwrap(), PushAnswer::Gap { have: 1 });
    // Another op under a number that is taken: a copied cache.
    let mut other = first.clone();
    other.op_id = id("other");
    assert_eq!(a.hub.push(&other, &[]).unwrap(), PushAnswer::Fork);
    later.seq = 2;
    assert!(applied(&a.hub.push(&later, &[]).unwrap()));
    let welcome = a.hub.hello(&Hello { client: id("a"), login: "dlee".into(), schema: SCHEMA }).unwrap();
    assert_eq!(welcome.have, [(scope(), 2)]);
    assert!(welcome.scopes.contains(&(scope(), Role::Coder)));
    assert!(a.hub.hello(&Hello { client: id("a"), login: "nobody".into(), schema: SCHEMA }).is_err());
    let old = a.hub.hello(&Hello { client: id("a"), login: "dlee".into(), schema: 0 });
    assert!(matches!(old, Err(HubError::Upgrade { .. })));
}

pub fn conflicts_and_merges(f: &dyn Factory) {
    let (mut a, mut b) = (Pen::new(f, "dlee", "a"), Pen::new(f, "mruiz", "b"));
    let (chart, set) = new_encounter(1);
    assert!(applied(&a.push(&set)));
    assert!(applied(&a.push(&header(&chart, |e| e.priority = 7))));
    // Another field of the same record: both stay.
    match b.push(&header(&chart, |e| e.place = Some("22".into()))) {
        PushAnswer::Applied { versions } => assert_eq!(versions, [(chart.id(), 3)]),
        other => panic!("{other:?}"),
    }
    // The same field, read before the other wrote it.
    match b.push(&header(&chart, |e| e.priority = 4)) {
        PushAnswer::Conflict { records } => {
            assert_eq!((records.len(), records[0].version), (1, 3));
            assert_eq!(records[0].body["priority"], 7);
            assert_eq!(records[0].body["place"], "22");
        }
        other => panic!("{other:?}"),
    }
    // Two who write the same do not disagree.
    assert!(applied(&b.push(&header(&chart, |e| e.priority = 7))));
    // Two who add different codes merge; the root's version counts both.
    let add = |name: &str, code: &str| {
        step(&chart, "code.add", vec![Edit::Diagnosis(Change::Add(diagnosis(name, code)))])
    };
    assert!(applied(&a.push(&add("d1", "I10"))));
    match b.push(&add("d2", "E1122")) {
        PushAnswer::Applied { versions } => assert_eq!(versions, [(id("d2"), 1), (chart.id(), 6)]),
        other => panic!("{other:?}"),
    }
    // An op that depends on the whole.
    let mut whole = a.op(&header(&chart, |e| e.state = CodingState::Coded));
    whole.base = Some(5);
    assert!(matches!(a.hub.push(&whole, &[]).unwrap(), PushAnswer::Conflict { .. }));
    let mut whole = a.op(&header(&chart, |e| e.state = CodingState::Coded));
    whole.base = Some(6);
    assert!(applied(&a.hub.push(&whole, &[]).unwrap()));
    // An op on what is not there encloses a vacant record.
    let (missing, _) = new_encounter(2);
    match a.push(&step(&missing, "code.add", vec![Edit::Diagnosis(Change::Add(diagnosis("d3", "I10")))])) {
        PushAnswer::Rejected { records, .. } => {
            assert_eq!(records.len(), 2);
            assert!(records.iter().all(|r| r.version == 0 && r.deleted));
        }
        other => panic!("{other:?}"),
    }
}

pub fn roles_and_states(f: &dyn Factory) {
    let mut a = Pen::new(f, "dlee", "a");
    let (chart, set) = new_encounter(1);
    a.push(&set);
    let refused = |answer: PushAnswer| match answer {
        PushAnswer::Rejected { why, .. } => why,
        other => panic!("{other:?}"),
    };
    let why = refused(Pen::new(f, "eyes", "e").push(&header(&chart, |e| e.priority = 1)));
    assert!(why.contains("read-only"), "{why}");
    let why = refused(Pen::new(f, "tnew", "t").push(&header(&chart, |e| e.state = CodingState::Coded)));
    assert!(why.contains("may not submit"), "{why}");
    let code = Edit::Diagnosis(Change::Add(diagnosis("d", "I10")));
    let why = refused(Pen::new(f, "bstone", "s").push(&step(&chart, "code.add", vec![code])));
    assert!(why.contains("biller"), "{why}");
    let why = refused(a.push(&header(&chart, |e| e.state = CodingState::InReview)));
    assert!(why.contains("cannot become"), "{why}");
    let hold = item("hold", Hold::default());
    assert!(applied(&a.push(&step(&chart, "hold", vec![Edit::Hold(Change::Add(hold.clone()))]))));
    let why = refused(a.push(&header(&chart, |e| e.state = CodingState::Coded)));
    assert!(why.contains("hold"), "{why}");
    let clear = Edit::Hold(Change::Remove(hold));
    assert!(applied(&a.push(&step(
        &chart,
        "submit",
        vec![clear, chart.set_header(|e| e.state = CodingState::Coded)]
    ))));
    // Undo of the submit.
    let mut coded = chart.clone();
    coded.encounter.body.state = CodingState::Coded;
    assert!(applied(&a.push(&header(&coded, |e| e.state = CodingState::New))));
    // Somebody without the scope.
    f.person("elsewhere", Role::Coder, "hospital");
    let mut x = Pen::new(f, "elsewhere", "x");
    assert_eq!(x.push(&header(&chart, |e| e.priority = 1)), PushAnswer::Revoked);
    assert_eq!(x.hub.pull(&scope(), &Cursor::default(), 10).unwrap(), PullAnswer::Revoked);
    assert!(x.hub.lease(&scope(), chart.id(), 5).is_err());
}

pub fn leases(f: &dyn Factory) {
    let (mut a, mut b) = (Pen::new(f, "dlee", "a"), Pen::new(f, "mruiz", "b"));
    let (chart, set) = new_encounter(1);
    a.push(&set);
    let got = |answer: LeaseAnswer| match answer {
        LeaseAnswer::Granted(l) => l,
        LeaseAnswer::Held(l) => panic!("held: {l:?}"),
    };
    let code = |name: &str, fence| EditSet {
        fence,
        ..step(&chart, "code.add", vec![Edit::Diagnosis(Change::Add(diagnosis(name, "I10")))])
    };
    let lease = got(a.hub.lease(&scope(), chart.id(), 30).unwrap());
    assert_eq!((lease.holder.as_deref(), lease.fence), (Some("dlee"), 1));
    assert!(
        matches!(b.hub.lease(&scope(), chart.id(), 30).unwrap(), LeaseAnswer::Held(l) if l.holder.as_deref() == Some("dlee"))
    );
    assert!(applied(&a.push(&code("d1", Some(1)))));
    match b.push(&code("d2", None)) {
        PushAnswer::Fenced { holder, records } => {
            assert_eq!(holder.as_deref(), Some("dlee"));
            assert_eq!(records.len(), 2);
        }
        other => panic!("{other:?}"),
    }
    // Registration is nobody's lease.
    assert!(applied(&b.push(&header(&chart, |e| e.priority = 3))));
    // The hub's clock ends it; until somebody else has it the work still counts.
    f.advance(31 * 60_000);
    assert!(applied(&a.push(&code("d3", Some(1)))));
    let next = got(b.hub.lease(&scope(), chart.id(), 30).unwrap());
    assert_eq!(next.fence, 2);
    assert!(
        matches!(a.push(&code("d4", Some(1))), PushAnswer::Fenced { holder: Some(h), .. } if h == "mruiz")
    );
    assert!(matches!(a.hub.renew(&scope(), chart.id(), 1, 30).unwrap(), LeaseAnswer::Held(_)));
    let renewed = got(b.hub.renew(&scope(), chart.id(), 2, 60).unwrap());
    assert_eq!(renewed.fence, 2);
    assert!(renewed.until > next.until);
    // A supervisor takes it away.
    assert!(a.hub.break_lease(&scope(), chart.id(), "gone home").is_err());
    let mut boss = f.client("kwong", "k");
    assert_eq!(boss.break_lease(&scope(), chart.id(), "gone home").unwrap().fence, 3);
    assert!(matches!(b.push(&code("d5", Some(2))), PushAnswer::Fenced { .. }));
    let mine = got(a.hub.lease(&scope(), chart.id(), 30).unwrap());
    assert_eq!(a.hub.release(&scope(), chart.id(), mine.fence).unwrap().holder, None);
    // Lease changes reach others by the pull.
    let (_, items, _) = pull_all(b.hub.as_mut(), &scope(), Cursor::default(), 100);
    assert_eq!(items.last().map(|i| (i.item.holder.clone(), i.fence)), Some((None, mine.fence)));
}

pub fn get_next(f: &dyn Factory) {
    let mut a = Pen::new(f, "dlee", "a");
    for n in 0..40 {
        let (_, set) = new_encounter(n);
        assert!(applied(&a.push(&set)));
    }
    let ask = |request: &str, n| NextAsk { scope: scope(), request: id(request), n, kind: None, minutes: 30 };
    let first = a.hub.get_next(&ask("r1", 5)).unwrap();
    assert_eq!(first.len(), 5);
    assert!(first.windows(2).all(|w| w[0].item.priority >= w[1].item.priority));
    assert_eq!(a.hub.get_next(&ask("r1", 5)).unwrap(), first, "a lost answer is asked again");
    // Many at once never get the same one, and work given to somebody else is theirs.
    let taken: Vec<Vec<(Id, Option<String>)>> = std::thread::scope(|s| {
        let workers: Vec<_> = ["mruiz", "pchen", "mruiz", "pchen"]
            .into_iter()
            .enumerate()
            .map(|(i, login)| {
                s.spawn(move || {
                    let mut hub = f.client(login, &format!("w{i}"));
                    let mut got = Vec::new();
                    for r in 0..10 {
                        for x in hub.get_next(&ask(&format!("w{i}.{r}"), 1)).unwrap() {
                            got.push((x.item.id, x.item.assigned));
                        }
                    }
                    got
                })
            })
            .collect();
        workers.into_iter().map(|w| w.join().unwrap()).collect()
    });
    let all: Vec<Id> = taken.iter().flatten().map(|(id, _)| *id).collect();
    assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), all.len(), "two holders of one encounter");
    assert!(taken.iter().flatten().all(|(_, assigned)| assigned.is_none()));
    assert!(!all.iter().any(|id| first.iter().any(|x| x.item.id == *id)));
    // 40, of which 14 are dlee's own: the others took what was free of the rest.
    let free: usize = 26 - first.iter().filter(|x| x.item.assigned.is_none()).count();
    assert_eq!(all.len(), free);
    // What ran out comes first, with a new fence.
    f.advance(31 * 60_000);
    let mut b = f.client("mruiz", "b");
    let again = b.get_next(&ask("late", 1)).unwrap();
    assert_eq!(again.len(), 1);
    assert!(all.contains(&again[0].item.id) || first.iter().any(|x| x.item.id == again[0].item.id));
}

pub fn pulls_in_commit_order(f: &dyn Factory) {
    // Writers and a reader at once: the reader, going from cursor to cursor, misses nothing.
    const EACH: usize = 40;
    let done = std::sync::atomic::AtomicBool::new(false);
    let seen: BTreeMap<Id, u64> = std::thread::scope(|s| {
        let writers: Vec<_> = (0..4)
            .map(|w| {
                s.spawn(move || {
                    let mut pen = Pen::new(f, "dlee", &format!("w{w}"));
                    for n in 0..EACH {
                        let (chart, set) = new_encounter(w * EACH + n);
                        assert!(applied(&pen.push(&set)));
                        assert!(applied(&pen.push(&header(&chart, |e| e.priority = 9))));
                    }
                })
            })
            .collect();
        let reader = s.spawn(|| {
            let mut hub = f.client("mruiz", "r");
            let (mut cursor, mut seen) = (Cursor::default(), BTreeMap::new());
            loop {
                let last = done.load(std::sync::atomic::Ordering::SeqCst);
                let (records, items, next) = pull_all(hub.as_mut(), &scope(), cursor, 7);
                for r in records {
                    let before = seen.insert(r.id, r.version);
                    assert!(before.is_none_or(|b| b <= r.version), "a version went back");
                }
                assert!(items.iter().all(|i| seen.contains_key(&i.item.id)));
                cursor = next;
                if last {
                    return seen;
                }
            }
        });
        writers.into_iter().for_each(|w| w.join().unwrap());
        done.store(true, std::sync::atomic::Ordering::SeqCst);
        reader.join().unwrap()
    });
    assert_eq!(seen.len(), 4 * EACH);
    assert!(seen.values().all(|v| *v == 2));
    let mut hub = f.client("kwong", "x");
    assert_eq!(hub.head(&scope()).unwrap().pos, 2 * 4 * EACH as u64);
    assert_eq!(hub.verify().unwrap(), None);
}

pub fn pages_resume(f: &dyn Factory) {
    let mut a = Pen::new(f, "dlee", "a");
    for n in 0..25 {
        a.push(&new_encounter(n).1);
    }
    let mut b = f.client("mruiz", "b");
    b.stamp(&scope()).unwrap();
    let PullAnswer::Page(first) = b.pull(&scope(), &Cursor::default(), 10).unwrap() else { panic!() };
    assert!(first.more && first.records.len() == 10 && first.items.len() == 10);
    // Something already read changes between two pages: it comes again, later.
    let (chart, _) = new_encounter(0);
    a.push(&header(&chart, |e| e.priority = 9));
    let (rest, _, cursor) = pull_all(b.as_mut(), &scope(), first.cursor, 10);
    assert_eq!(rest.len(), 16);
    assert_eq!(rest.iter().filter(|r| r.id == chart.id()).count(), 1);
    // The same page again is the same page.
    let PullAnswer::Page(again) = b.pull(&scope(), &first.cursor, 10).unwrap() else { panic!() };
    assert_eq!(again.records[..], rest[..10]);
    let (none, _, same) = pull_all(b.as_mut(), &scope(), cursor, 10);
    assert!(none.is_empty() && same == cursor);
}

pub fn texts_travel_with_documents(f: &dyn Factory) {
    let mut a = Pen::new(f, "dlee", "a");
    let (chart, texts) = encounter(1);
    let set = step(
        &chart,
        "intake",
        vec![
            Edit::Encounter(Change::Add(chart.encounter.clone())),
            Edit::Document(Change::Add(chart.documents[0].clone())),
        ],
    );
    let op = a.op(&set);
    let hash = chart.documents[0].body.hash.clone();
    let text = texts[0].reveal().clone();
    assert!(
        a.hub.push(&op, &[(hash.clone(), "another text".into())]).is_err(),
        "a text is what its hash says"
    );
    assert!(applied(&a.hub.push(&op, &[(hash.clone(), text.clone())]).unwrap()));
    let mut b = f.client("mruiz", "b");
    assert_eq!(b.texts(&scope(), &[hash.clone(), "unknown".into()]).unwrap(), [(hash, text)]);
}

pub fn what_is_not_for_everybody_stays_away(f: &dyn Factory) {
    let mut boss = Pen::new(f, "kwong", "k");
    let (chart, set) = new_encounter(1);
    boss.push(&set);
    let secret =
        Edit::Hold(Change::Add(item("secret", Hold { placed_by: "kwong".into(), ..Hold::default() })));
    let mut op = boss.op(&step(&chart, "hold", vec![secret]));
    op.writes[0].visibility = Visibility::Supervisor;
    assert!(applied(&boss.hub.push(&op, &[]).unwrap()));
    let mut coder = Pen::new(f, "dlee", "a");
    let (records, _, _) = pull_all(coder.hub.as_mut(), &scope(), Cursor::default(), 10);
    let hidden = records.iter().find(|r| r.id == id("secret")).unwrap();
    assert!(hidden.deleted && hidden.body.as_object().unwrap().is_empty());
    let (records, _, _) = pull_all(boss.hub.as_mut(), &scope(), Cursor::default(), 10);
    assert!(!records.iter().find(|r| r.id == id("secret")).unwrap().deleted);
    let touch = Edit::Hold(Change::Add(item("secret", Hold::default())));
    assert!(matches!(coder.push(&step(&chart, "hold", vec![touch])), PushAnswer::Rejected { .. }));
}

pub fn a_restored_hub_is_noticed(f: &dyn Factory) {
    let mut a = Pen::new(f, "dlee", "a");
    let (chart, set) = new_encounter(1);
    a.push(&set);
    let (_, _, early) = pull_all(a.hub.as_mut(), &scope(), Cursor::default(), 10);
    f.backup();
    a.push(&header(&chart, |e| e.priority = 7));
    let (_, _, late) = pull_all(a.hub.as_mut(), &scope(), early, 10);
    drop(a);
    f.restore();
    let mut hub = f.client("dlee", "a");
    assert!(
        matches!(hub.pull(&scope(), &late, 10).unwrap(), PullAnswer::Restored { .. }),
        "head below the cursor"
    );
    // It goes on, with other changes: the positions are the same, the hashes differ.
    let mut b = Pen::new(f, "mruiz", "b");
    b.push(&header(&chart, |e| e.place = Some("22".into())));
    b.push(&header(&chart, |e| e.priority = 2));
    b.hub.stamp(&scope()).unwrap();
    assert!(matches!(hub.pull(&scope(), &late, 10).unwrap(), PullAnswer::Restored { .. }), "another history");
    assert!(matches!(hub.pull(&scope(), &early, 10).unwrap(), PullAnswer::Page(_)));
}

pub fn verify_finds_a_tampered_row(f: &dyn Factory) {
    let mut a = Pen::new(f, "dlee", "a");
    for n in 0..5 {
        a.push(&new_encounter(n).1);
    }
    let event = HubEvent {
        scope: scope(),
        n: 1,
        at_ms: NOW,
        actor: "dlee".into(),
        what: "chart.view".into(),
        root: id("e1"),
        detail: String::new(),
    };
    a.hub.record_events(&[event.clone(), event]).unwrap();
    let mut boss = f.client("kwong", "k");
    assert_eq!(boss.verify().unwrap(), None);
    f.tamper(id("e3"));
    let fault = boss.verify().unwrap().unwrap();
    assert_eq!((fault.scope, fault.table.as_str(), fault.pos), (scope(), "record", 4));
}
