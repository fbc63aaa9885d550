//! What only the PostgreSQL hub has to show: keys by scope, a database that defends itself, chains that name a
//! changed row, and a sentence for each way in which a server can fail.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a test fails by panicking

mod common;

use codesk::domain::*;
use codesk::hub::*;
use common::conformance::{Pen, new_encounter};
use common::hub::Factory;
use common::pg::PgFactory;
use common::*;

#[test]
fn every_unique_and_foreign_key_begins_with_scope() {
    for partitions in [false, true] {
        let f = PgFactory::with(partitions);
        let rows = f.sql(
            "SELECT c.relname || '.' || i.relname || ' ' || (SELECT a.attname FROM pg_attribute a
                 WHERE a.attrelid = c.oid AND a.attnum = x.indkey[0])
             FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid JOIN pg_class c ON c.oid = x.indrelid
             WHERE c.relnamespace = 'codesk'::regnamespace AND x.indisunique
             UNION ALL
             SELECT c.conname || ' ' || (SELECT a.attname FROM pg_attribute a
                 WHERE a.attrelid = c.conrelid AND a.attnum = c.conkey[1])
             FROM pg_constraint c WHERE c.connamespace = 'codesk'::regnamespace AND c.contype = 'f'",
        );
        let keys: Vec<&str> = rows.lines().filter(|l| !l.is_empty()).collect();
        assert!(keys.len() > 15, "{rows}");
        for key in keys {
            assert!(key.ends_with(" scope"), "{key}");
        }
        let unkeyed = f.sql(
            "SELECT c.relname FROM pg_class c WHERE c.relnamespace = 'codesk'::regnamespace AND c.relkind IN ('r', 'p')
             AND c.relname <> 'test_clock' AND NOT EXISTS (SELECT FROM pg_index x WHERE x.indrelid = c.oid AND x.indisprimary)",
        );
        assert_eq!(unkeyed.trim(), "", "tables without a key");
        let open = f.sql(
            "SELECT c.relname FROM pg_class c WHERE c.relnamespace = 'codesk'::regnamespace AND c.relkind IN ('r', 'p')
             AND c.relname <> 'test_clock' AND NOT c.relrowsecurity AND NOT c.relispartition",
        );
        assert_eq!(open.trim(), "", "tables without row security");
    }
}

/// A hub with one encounter of the clinic and one of the hospital, and a coder of the clinic only.
fn two_sites() -> (PgFactory, Pen, Chart) {
    let f = PgFactory::new();
    f.person("kwong", Role::Admin, "*");
    let mut boss = Pen::new(&f, "kwong", "k");
    let (chart, mut set) = new_encounter(1);
    set.scope = Scope("hospital".into());
    boss.push(&set);
    let mut coder = Pen::new(&f, "dlee", "a");
    let (chart2, set) = new_encounter(2);
    coder.push(&set);
    boss.hub.stamp(&Scope("hospital".into())).unwrap();
    coder.hub.stamp(&scope()).unwrap();
    let _ = chart;
    (f, coder, chart2)
}

#[test]
fn a_coder_straight_at_the_database_gets_nowhere() {
    let (f, mut coder, chart) = two_sites();
    let other = id("e1");
    let db = f.database.as_str();
    let as_coder = |sql: &str| f.cluster.sql_as("dlee", db, sql);
    // A refusal, and of the kind that is meant: not a misspelt statement.
    let refused = |sql: &str, why: &str| match as_coder(sql) {
        Ok(rows) => panic!("{sql} went through: {rows:?}"),
        Err(e) => assert!(e.contains(why), "{sql}: {e}"),
    };
    // The login works, and what it may call answers.
    let hello = format!("SELECT codesk.hello('{}', 'dlee', 1)", id("psql"));
    assert!(as_coder(&hello).unwrap().contains("clinic"));

    // Reading another scope: by table, by function, by text, by role.
    for table in
        ["record", "work_item", "document_text", "log", "audit", "person", "place", "result", "fresh_log"]
    {
        refused(&format!("SELECT * FROM codesk.{table}"), "permission denied");
    }
    assert!(as_coder("SELECT codesk.pull('hospital', 0, NULL, 100, NULL)").unwrap().contains("revoked"));
    refused("SELECT codesk.head_of('hospital')", "hospital");
    refused("SELECT codesk.fetch('hospital', ARRAY[gen_random_uuid()])", "hospital");
    refused("SELECT codesk.texts('hospital', ARRAY['x'])", "hospital");
    refused("SELECT codesk.get_next('hospital', gen_random_uuid(), 1, NULL, 30)", "hospital");
    refused(&format!("SELECT codesk.lease('hospital', '{other}', NULL, 30)"), "hospital");
    refused("SELECT codesk.hidden('hospital', 0, 100, NULL)", "permission denied");
    refused("SELECT codesk.refresh('hospital', gen_random_uuid())", "permission denied");
    refused("SET ROLE codesk_owner", "permission denied");
    refused("SET ROLE codesk_reader", "permission denied");
    refused("SET SESSION AUTHORIZATION kwong", "permission denied");
    refused("CREATE TABLE codesk.mine (n int)", "permission denied");
    refused("CREATE TABLE public.mine (n int)", "permission denied");
    refused("CREATE TEMP TABLE mine (n int)", "permission denied");
    refused("SELECT codesk.trail('clinic', 0, 10)", "supervisors");
    refused("SELECT codesk.verify()", "supervisors");

    // Writing a table.
    for sql in [
        "INSERT INTO codesk.record SELECT * FROM codesk.record",
        "UPDATE codesk.record SET body = '{}'",
        "DELETE FROM codesk.work_item",
        "TRUNCATE codesk.record",
        "UPDATE codesk.work_item SET holder = 'dlee'",
        "DROP TABLE codesk.record CASCADE",
    ] {
        let e = as_coder(sql).unwrap_err();
        assert!(e.contains("permission denied") || e.contains("must be owner"), "{sql}: {e}");
    }

    // Forging the actor: in the greeting, in an op, in an event, under another's cache.
    refused(&format!("SELECT codesk.hello('{}', 'kwong', 1)", id("psql")), "signed in");
    let mut op =
        coder.op(&step(&chart, "code.add", vec![Edit::Diagnosis(Change::Add(diagnosis("d", "I10")))]));
    op.actor = "kwong".into();
    match coder.hub.push(&op, &[]).unwrap() {
        PushAnswer::Rejected { why, .. } => assert!(why.contains("another person"), "{why}"),
        other => panic!("{other:?}"),
    }
    let event = format!(
        r#"[{{"scope":"clinic","n":7,"at_ms":1,"actor":"kwong","what":"chart.view","root":"{other}","detail":""}}]"#
    );
    as_coder(&format!("SELECT codesk.record_events('{}', '{event}')", id("psql"))).unwrap();
    let trail = f.sql("SELECT login || ': ' || detail FROM codesk.fresh_audit WHERE client_n = 7");
    assert_eq!(trail.trim(), "dlee:  (recorded for kwong)");
    let mut mruiz = Pen::new(&f, "mruiz", "m");
    mruiz.push(&new_encounter(3).1);
    let stolen = format!(
        r#"{{"scope":"clinic","seq":2,"op_id":"{other}","root":"{other}","actor":"dlee","writes":[]}}"#
    );
    refused(&format!("SELECT codesk.push('{}', '{stolen}', '{{}}', '{{}}')", id("m")), "another person");

    // Rewriting or deleting rows of the log; not even the owner does that.
    for table in ["log", "audit"] {
        refused(&format!("UPDATE codesk.{table} SET at_ms = 0"), "permission denied");
        refused(&format!("DELETE FROM codesk.{table}"), "permission denied");
        let owner =
            f.cluster.sql_as("postgres", db, &format!("SET ROLE codesk_owner; DELETE FROM codesk.{table}"));
        assert!(owner.unwrap_err().contains("only ever added to"));
        let owner =
            f.cluster.sql_as("postgres", db, &format!("SET ROLE codesk_owner; TRUNCATE codesk.{table}"));
        assert!(owner.unwrap_err().contains("only ever added to"));
    }

    // Taking another's lease.
    mruiz.hub.lease(&scope(), id("e3"), 30).unwrap();
    let held = as_coder(&format!("SELECT codesk.lease('clinic', '{}', NULL, 30)", id("e3"))).unwrap();
    assert!(held.contains("\"granted\": false") && held.contains("mruiz"), "{held}");
    let held = as_coder(&format!("SELECT codesk.lease('clinic', '{}', 1, 30)", id("e3"))).unwrap();
    assert!(held.contains("\"granted\": false"));
    as_coder(&format!("SELECT codesk.release('clinic', '{}', 1)", id("e3"))).unwrap();
    refused(
        &format!("SELECT codesk.break_lease('clinic', '{}', 'mine')", id("e3")),
        "may not take a lease away",
    );
    refused(
        &format!("SELECT codesk.lease_set('clinic', '{}', 'dlee', 1, 9, '', '')", id("e3")),
        "permission denied",
    );
    assert_eq!(
        f.sql(&format!("SELECT holder FROM codesk.work_item WHERE id = '{}'", id("e3"))).trim(),
        "mruiz"
    );

    // Raising the own role.
    for role in ["admin", "supervisor"] {
        refused(&format!("SELECT codesk.person_set('dlee', '{role}', 'clinic', NULL)"), "administrator");
    }
    refused("SELECT codesk.person_lock('kwong', true)", "administrator");
    refused("SELECT codesk.person_remove('kwong', '*')", "administrator");
    refused("GRANT codesk_owner TO dlee", "admin option");
    refused("ALTER ROLE dlee SUPERUSER", "superuser");
    refused("SELECT codesk.hub_note('restored', 'x')", "administrator");
    assert_eq!(f.sql("SELECT role FROM codesk.person WHERE login = 'dlee'").trim(), "coder");
}

#[test]
fn a_changed_byte_is_named() {
    let f = PgFactory::new();
    let mut a = Pen::new(&f, "dlee", "a");
    for n in 0..5 {
        a.push(&new_encounter(n).1);
    }
    let mut boss = f.client("kwong", "k");
    assert_eq!(boss.verify().unwrap(), None);
    let behind_its_back = |table: &str, sql: &str| {
        f.sql(&format!("ALTER TABLE codesk.{table} DISABLE TRIGGER USER; {sql}; ALTER TABLE codesk.{table} ENABLE TRIGGER USER"));
    };
    let mut found = |why: &str| {
        let fault = boss.verify().unwrap().unwrap();
        assert!(fault.why.contains(why), "{fault:?}");
        (fault.table, fault.pos)
    };
    let byte = "set_byte(digest, 4, get_byte(digest, 4) # 1)";
    behind_its_back("log", &format!("UPDATE codesk.log SET digest = {byte} WHERE pos = 3"));
    assert_eq!(found("changed"), ("log".into(), 3));
    behind_its_back("log", &format!("UPDATE codesk.log SET digest = {byte} WHERE pos = 3"));
    behind_its_back("audit", "UPDATE codesk.audit SET login = 'dlef' WHERE scope = 'clinic' AND n = 2");
    assert_eq!(found("changed"), ("audit".into(), 2));
    behind_its_back("audit", "UPDATE codesk.audit SET login = 'dlee' WHERE scope = 'clinic' AND n = 2");
    behind_its_back("audit", "DELETE FROM codesk.audit WHERE scope = 'clinic' AND n = 4");
    assert_eq!(found("missing"), ("audit".into(), 5));
    behind_its_back("log", "DELETE FROM codesk.log WHERE pos = 5");
    assert_eq!(found("the end of the log"), ("log".into(), 5));
}

/// Private notes, audits in progress and query impact never leave the hub for somebody they are not for.
#[test]
fn what_is_not_for_a_coder_never_comes_to_a_cache() {
    let f = PgFactory::new();
    let mut boss = Pen::new(&f, "kwong", "k");
    let (chart, set) = new_encounter(1);
    boss.push(&set);
    let words = ["zanzibar", "quetzal", "ocelot", "narwhal"];
    let kinds = [Visibility::Supervisor, Visibility::Private, Visibility::Biller, Visibility::Own];
    for (word, visibility) in words.iter().zip(kinds) {
        let hold =
            Hold { note: Phi::new(format!("{word} {word}")), placed_by: "kwong".into(), ..Hold::default() };
        let mut op = boss.op(&step(&chart, "note", vec![Edit::Hold(Change::Add(item(word, hold)))]));
        op.writes[0].visibility = visibility;
        assert!(boss.hub.push(&op, &[]).unwrap().is_applied());
    }
    // A text that only a hidden document names.
    let text = "pangolin in the text";
    let hash = codesk::store::text_hash(text);
    let (full, _) = encounter(1);
    let mut doc = full.documents[0].clone();
    doc.body.hash.clone_from(&hash);
    let mut op = boss.op(&step(&chart, "note", vec![Edit::Document(Change::Add(doc))]));
    op.writes[0].visibility = Visibility::Private;
    assert!(boss.hub.push(&op, &[(hash.clone(), text.into())]).unwrap().is_applied());
    boss.hub.stamp(&scope()).unwrap();

    for login in ["dlee", "tnew", "eyes"] {
        let mut hub = f.client(login, login);
        let everything = [
            format!("{:?}", hub.pull(&scope(), &Cursor::default(), 1000).unwrap()),
            format!("{:?}", hub.texts(&scope(), std::slice::from_ref(&hash)).unwrap()),
        ];
        for word in words.iter().chain(&["pangolin"]) {
            assert!(everything.iter().all(|e| !e.contains(word)), "{login} got {word}");
        }
        // Whatever the client asks for: every function it may call, with the widest arguments.
        for sql in [
            "SELECT codesk.pull('clinic', 0, NULL, 100000, NULL)".to_string(),
            format!("SELECT codesk.fetch('clinic', ARRAY['{}']::uuid[])", id("e1")),
            format!("SELECT encode(text, 'escape') FROM codesk.texts('clinic', ARRAY['{hash}'])"),
            "SELECT codesk.sums('clinic')".to_string(),
        ] {
            let out = f.cluster.sql_as(login, &f.database, &sql).unwrap();
            assert!(words.iter().chain(&["pangolin"]).all(|w| !out.contains(w)), "{login}: {sql}");
        }
        // A write on it says no more than no.
        let mut pen = Pen::new(&f, login, &format!("{login}2"));
        let touch = step(&chart, "note", vec![Edit::Hold(Change::Add(item("zanzibar", Hold::default())))]);
        let answer = format!("{:?}", pen.push(&touch));
        assert!(words.iter().all(|w| !answer.contains(w)), "{login}: {answer}");
    }
    // A whole cache, through the engine.
    let (folder, mut store) = store_with(0);
    let mut engine = codesk::sync::Engine::new("dlee", 1);
    engine.step(&mut store, f.connect().as_mut(), NOW).unwrap();
    let reader = store.reader().unwrap();
    let chart = reader.chart(id("e1")).unwrap().unwrap();
    assert!(chart.holds.is_empty() && chart.documents.is_empty());
    drop(folder);
    // Those they are for have them.
    let (records, _) = match f.client("kwong", "k2").pull(&scope(), &Cursor::default(), 1000).unwrap() {
        PullAnswer::Page(p) => (p.records, p.items),
        other => panic!("{other:?}"),
    };
    let text = serde_json::to_string(&records).unwrap();
    assert!(words.iter().all(|w| text.contains(w)));
    let text = format!("{:?}", f.client("bstone", "b").pull(&scope(), &Cursor::default(), 1000).unwrap());
    assert!(text.contains("ocelot") && !text.contains("quetzal"));
}
