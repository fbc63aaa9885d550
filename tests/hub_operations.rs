//! The runbook, each step tried: backup and restore, upgrade while older programs are connected, failover to a streaming
//! copy, partitions by scope. And that the database makes the same lists as the program.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a test fails by panicking

mod common;

use codesk::domain::*;
use codesk::hub::postgres::{Migrated, NEWEST, PgHub, PgPlace};
use codesk::hub::*;
use codesk::store::{ImportBatch, Store, StorePaths};
use codesk::sync::{Engine, SyncState};
use common::cluster::{Cluster, fresh_name};
use common::conformance::{Pen, new_encounter};
use common::hub::Factory;
use common::pg::{PgFactory, make_hub, staff};
use common::*;
use std::collections::BTreeMap;
use std::process::Command;

fn place(c: &Cluster, db: &str) -> PgPlace {
    PgPlace::parse(&c.address(db), None).unwrap()
}

#[test]
fn a_backup_by_the_command_line_is_put_back_and_clients_send_what_it_lacks() {
    let c = Cluster::start(&[]);
    c.sql("postgres", "CREATE DATABASE team");
    let dir = tempfile::tempdir().unwrap();
    let own = c.address("team").replace("postgres:///", "postgres://postgres@/");
    let path = format!("{}:{}", common::cluster::binaries().display(), std::env::var("PATH").unwrap());
    let codesk = |args: &[&str]| {
        let mut run = Command::new(env!("CARGO_BIN_EXE_codesk"));
        run.arg("--data-dir").arg(dir.path()).args(args).env("PATH", &path);
        let out = run.output().unwrap();
        let said =
            format!("{}{}", String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr));
        assert!(out.status.success(), "{args:?}: {said}");
        said
    };
    codesk(&["init", "--hub", &own]);
    for (login, role) in [("dlee", "coder"), ("kwong", "supervisor")] {
        codesk(&["user", "add", login, "--role", role]);
    }
    let (folder, mut store) = store_with(3);
    let open = || PgHub::new(place(&c, "team"), None).unwrap();
    let mut engine = Engine::new("dlee", 1);
    engine.step(&mut store, &mut open(), NOW).unwrap();
    let file = folder.path().join("team.dump");
    codesk(&["hub", "backup", "--to", file.to_str().unwrap()]);
    assert!(codesk(&["hub", "status"]).contains("Hub backup: 20"));
    // Acknowledged after the backup.
    store.import(&batch(3..6), "dlee", NOW, &mut IdMint::new(9)).unwrap();
    Engine::new("dlee", 1).step(&mut store, &mut open(), NOW).unwrap();
    assert_eq!(store.pending_count().unwrap(), 0);
    let seen = c.folder.join("for-the-server.dump");
    std::fs::copy(&file, &seen).unwrap();
    common::cluster::give_to_server(&seen);
    c.restore("team", &seen);
    codesk(&["hub", "restored"]);
    let done = Engine::new("dlee", 1).step(&mut store, &mut open(), NOW).unwrap();
    assert!(done.restored && store.pending_count().unwrap() == 0);
    assert_eq!(c.sql("team", "SELECT count(*) FROM codesk.work_item").trim(), "6");
    assert!(codesk(&["audit", "verify"]).contains("whole"));
    assert!(codesk(&["audit", "export", "--scope", "*"]).contains("hub.restored"));
}

#[test]
fn an_upgrade_goes_on_beside_clients_of_the_older_program() {
    let c = Cluster::start(&[]);
    let db = fresh_name();
    c.sql("postgres", &format!("CREATE DATABASE {db}"));
    let mut admin = PgHub::new(place(&c, &db), None).unwrap();
    let made = admin.migrate_to("postgres", false, NEWEST - 1).unwrap();
    assert_eq!(made, Migrated { from: 0, to: NEWEST - 1 });
    staff(&mut admin);
    let hello = |n: &str| Hello { client: id(n), login: "dlee".into(), schema: SCHEMA };
    let mut new = PgHub::new(place(&c, &db), None).unwrap();
    assert!(matches!(new.hello(&hello("new")), Err(HubError::SchemaOld { .. })), "the newer program waits");
    let stop = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|s| {
        let old = s.spawn(|| {
            let mut hub = PgHub::new(place(&c, &db), None).unwrap().needing(NEWEST - 1);
            hub.hello(&hello("old")).unwrap();
            let mut seq = 0;
            while !stop.load(std::sync::atomic::Ordering::SeqCst) {
                seq += 1;
                let (_, set) = new_encounter(seq);
                let op = Op {
                    seq: seq as u64,
                    op_id: id(&format!("old.{seq}")),
                    scope: set.scope.clone(),
                    root: set.root,
                    fence: None,
                    base: None,
                    label: "intake".into(),
                    actor: "dlee".into(),
                    at_ms: NOW,
                    writes: set.writes().unwrap(),
                };
                assert!(hub.push(&op, &[]).unwrap().is_applied());
                hub.stamp(&scope()).unwrap();
            }
            seq
        });
        std::thread::sleep(std::time::Duration::from_millis(300));
        assert_eq!(admin.migrate("postgres", false).unwrap(), Migrated { from: NEWEST - 1, to: NEWEST });
        std::thread::sleep(std::time::Duration::from_millis(300));
        stop.store(true, std::sync::atomic::Ordering::SeqCst);
        let pushed = old.join().unwrap();
        assert!(pushed > 10);
        assert_eq!(c.sql(&db, "SELECT count(*) FROM codesk.work_item").trim(), pushed.to_string());
    });
    new.hello(&hello("new")).unwrap();
    let mut boss = PgHub::new(place(&c, &db), None).unwrap();
    boss.hello(&Hello { client: id("k"), login: "kwong".into(), schema: SCHEMA }).unwrap();
    assert_eq!(boss.verify().unwrap(), None);
    assert!(boss.status().unwrap().server.starts_with("PostgreSQL"));
}

#[test]
fn a_streaming_copy_serves_pulls_and_takes_over() {
    let primary = Cluster::start(&[]);
    let db = fresh_name();
    make_hub(&primary, &db, false);
    let copy = primary.replica();
    let caught_up = || {
        let at = primary.sql("postgres", "SELECT pg_current_wal_lsn()");
        let sql = format!("SELECT pg_last_wal_replay_lsn() >= '{}'", at.trim());
        for _ in 0..600 {
            if copy.sql("postgres", &sql).trim() == "t" {
                return;
            }
            std::thread::sleep(std::time::Duration::from_millis(50));
        }
        panic!("the copy does not follow");
    };
    let (_folder, mut store) = store_with(4);
    let mut engine = Engine::new("dlee", 1);
    engine.step(&mut store, &mut PgHub::new(place(&primary, &db), None).unwrap(), NOW).unwrap();
    // Pulls come from the copy, whether it lags or not.
    caught_up();
    let (_folder2, mut reader) = store_with(0);
    let mut beside = PgHub::new(place(&primary, &db), Some(place(&copy, &db))).unwrap();
    let mut engine2 = Engine::new("mruiz", 2);
    engine2.step(&mut reader, &mut beside, NOW).unwrap();
    assert_eq!(engine2.status().state, SyncState::Synced);
    let read = copy.sql(&db, "SELECT count(*) FROM pg_stat_activity WHERE usename = 'mruiz'");
    assert_eq!(read.trim(), "1", "the copy was not asked");
    assert!(reader.reader().unwrap().chart(id("e3")).unwrap().is_some());
    // A copy that lags behind the cache is not taken for a restored hub.
    copy.sql("postgres", "SELECT pg_wal_replay_pause()");
    let chart = store.reader().unwrap().chart(id("e1")).unwrap().unwrap();
    let edit = step(&chart, "header", vec![chart.set_header(|e| e.priority = 77)]);
    store.commit(&edit, "dlee", NOW, id("op77")).unwrap();
    engine.step(&mut store, &mut PgHub::new(place(&primary, &db), None).unwrap(), NOW).unwrap();
    let mut direct = PgHub::new(place(&primary, &db), None).unwrap();
    Engine::new("mruiz", 2).step(&mut reader, &mut direct, NOW).unwrap();
    let done = engine2.step(&mut reader, &mut beside, NOW).unwrap();
    assert!(!done.restored);
    copy.sql("postgres", "SELECT pg_wal_replay_resume()");
    caught_up();

    // The server dies; the copy is promoted. One address names both: the one that writes is found.
    let both = format!(
        "postgres:///{db}?host={},{}&port={},{}",
        primary.folder.display(),
        copy.folder.display(),
        primary.port,
        copy.port
    );
    let mut hub = PgHub::new(PgPlace::parse(&both, None).unwrap(), None).unwrap();
    let mut engine = Engine::new("dlee", 1);
    engine.step(&mut store, &mut hub, NOW).unwrap();
    assert_eq!(engine.status().state, SyncState::Synced);
    primary.crash();
    let chart = store.reader().unwrap().chart(id("e2")).unwrap().unwrap();
    let edit = step(&chart, "header", vec![chart.set_header(|e| e.priority = 88)]);
    store.commit(&edit, "dlee", NOW, id("op88")).unwrap();
    for _ in 0..2 {
        engine.step(&mut store, &mut hub, NOW).unwrap();
    }
    assert!(
        matches!(engine.status().state, SyncState::Offline { .. }),
        "a copy that is not promoted takes no edits"
    );
    assert_eq!(store.pending_count().unwrap(), 1);
    copy.promote();
    for _ in 0..20 {
        engine.step(&mut store, &mut hub, NOW).unwrap();
        if engine.status().state == SyncState::Synced {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(200));
    }
    assert_eq!((&engine.status().state, store.pending_count().unwrap()), (&SyncState::Synced, 0));
    assert_eq!(copy.sql(&db, "SELECT rank FROM codesk.work_item WHERE account = '10002'").trim(), "-88");
    assert_eq!(copy.sql(&db, "SELECT rank FROM codesk.work_item WHERE account = '10001'").trim(), "-77");
}

#[test]
fn a_scope_gets_partitions_of_its_own() {
    let f = PgFactory::with(true);
    let mut a = Pen::new(&f, "dlee", "a");
    for n in 0..6 {
        a.push(&new_encounter(n).1);
    }
    a.hub.stamp(&scope()).unwrap();
    let cursor = a.hub.head(&scope()).unwrap();
    f.admin().partition("postgres", CLINIC).unwrap();
    assert!(f.admin().partition("postgres", CLINIC).unwrap_err().to_string().contains("already"));
    assert_eq!(f.sql("SELECT count(*) FROM codesk.record_1").trim(), "6");
    assert_eq!(f.sql("SELECT count(*) FROM codesk.log_1").trim(), "6");
    assert_eq!(f.sql("SELECT count(*) FROM codesk.record_rest WHERE scope = 'clinic'").trim(), "0");
    a.hub.hello(&Hello { client: id("a"), login: "dlee".into(), schema: SCHEMA }).unwrap();
    assert!(a.push(&new_encounter(7).1).is_applied());
    a.hub.stamp(&scope()).unwrap();
    assert!(
        matches!(a.hub.pull(&scope(), &cursor, 10).unwrap(), PullAnswer::Page(p) if p.records.len() == 1)
    );
    assert_eq!(f.client("kwong", "k").verify().unwrap(), None);
    for table in ["record", "log_1", "record_1"] {
        assert!(f.cluster.sql_as("dlee", &f.database, &format!("SELECT * FROM codesk.{table}")).is_err());
    }
    let owner = f.cluster.sql_as("postgres", &f.database, "SET ROLE codesk_owner; DELETE FROM codesk.log_1");
    assert!(owner.unwrap_err().contains("only ever added to"));
}

#[test]
fn the_database_makes_the_same_lists_as_the_program() {
    let f = PgFactory::new();
    f.person("dlee", Role::Admin, "*");
    let folder = tempfile::tempdir().unwrap();
    let mut store = Store::open(&StorePaths::in_folder(folder.path())).unwrap();
    let practice = codesk::demo::practice().unwrap();
    let mut batch = ImportBatch::new("demo");
    for p in practice.directory.payers.values() {
        batch.add_item(&shared(), p).unwrap();
    }
    for e in &practice.encounters {
        batch.add_chart(&e.chart, e.texts.clone()).unwrap();
    }
    store.import(&batch, "dlee", NOW, &mut IdMint::new(1)).unwrap();
    let mut engine = Engine::new("dlee", 1);
    engine.step(&mut store, f.connect().as_mut(), NOW).unwrap();
    assert_eq!((engine.status().state.clone(), store.pending_count().unwrap()), (SyncState::Synced, 0));
    assert!(store.proposals(None).unwrap().is_empty());
    let mut hub = f.client("kwong", "k");
    let reader = store.reader().unwrap();
    let mut compared = BTreeMap::new();
    for scope in store.scopes().unwrap() {
        let mut cursor = Cursor::default();
        while let PullAnswer::Page(p) = hub.pull(&scope, &cursor, 500).unwrap() {
            for i in p.items {
                let mine = reader.work_item(i.item.id).unwrap().unwrap();
                assert_eq!(i.item, mine);
                assert_eq!(i.item.name.reveal(), mine.name.reveal());
                *compared.entry(i.item.status()).or_insert(0) += 1;
            }
            cursor = p.cursor;
            if !p.more {
                break;
            }
        }
    }
    assert_eq!(compared.values().sum::<usize>(), practice.encounters.len());
    assert!(compared.len() > 3, "{compared:?}");
}

/// A cache that holds only what is worked on: lists whole, charts as they are asked for, and both kept new.
#[test]
fn a_cache_of_lists_fetches_what_is_worked_on() {
    let f = PgFactory::new();
    let (_folder, mut all) = store_with(40);
    Engine::new("dlee", 1).step(&mut all, f.connect().as_mut(), NOW).unwrap();
    let (_folder2, mut store) = store_with(0);
    let mut hub = f.hub().lists_only();
    let mut engine = Engine::new("mruiz", 2);
    engine.step(&mut store, &mut hub, NOW).unwrap();
    let rows = |store: &Store| {
        let query = WorkQuery { view: WorkView::All, limit: 100, ..WorkQuery::default() };
        store.reader().unwrap().queue(&query).unwrap().0
    };
    assert_eq!(rows(&store).len(), 40);
    assert!(store.reader().unwrap().chart(id("e1")).unwrap().is_none(), "nobody works on it here");
    // Leased: its records and its note come.
    let ask = NextAsk { scope: scope(), request: id("r"), n: 2, kind: None, minutes: 60 };
    let got = engine.get_next(&mut store, &mut hub, &ask, NOW).unwrap();
    for item in &got {
        let chart = store.reader().unwrap().chart(item.id).unwrap().unwrap();
        assert!(chart.patient().is_some() && chart.primary_payer().is_some());
        assert!(!store.reader().unwrap().texts(&chart).unwrap().is_empty());
    }
    let held = got[0].id;
    // Others' changes to it arrive, to a list row as well.
    let reader = all.reader().unwrap();
    for (n, root) in [held, id("e1"), id("e2")].into_iter().enumerate() {
        let chart = reader.chart(root).unwrap().unwrap();
        let edit = step(&chart, "header", vec![chart.set_header(|e| e.priority = 50 + n as i32)]);
        all.commit(&edit, "dlee", NOW, id(&format!("op{n}"))).unwrap();
    }
    Engine::new("dlee", 1).step(&mut all, f.connect().as_mut(), NOW).unwrap();
    engine.step(&mut store, &mut hub, NOW).unwrap();
    let chart = store.reader().unwrap().chart(held).unwrap().unwrap();
    assert_eq!(chart.header().priority, 50);
    for row in rows(&store) {
        assert_eq!(Some(row.priority), all.reader().unwrap().work_item(row.id).unwrap().map(|i| i.priority));
    }
    // A restored hub forgets what was asked for; nothing goes missing from the lists.
    f.backup();
    f.restore();
    let mut hub = f.hub().lists_only();
    store.read_again(&scope()).unwrap();
    Engine::new("mruiz", 2).step(&mut store, &mut hub, NOW).unwrap();
    assert_eq!(rows(&store).len(), 40);
}
