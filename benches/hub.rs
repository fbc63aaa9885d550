//! The PostgreSQL hub under load and under faults; prints what it measured, the server's version and its settings.
//!
//! ```text
//! cargo bench --bench hub -- rig [SECONDS] [--seed N] [--sequence]   faults; --sequence has to report losses
//! cargo bench --bench hub -- queue                                   200 clients on 10,000 rows
//! cargo bench --bench hub -- million [ENCOUNTERS] [SECONDS]          lists, pulls and 500 clients at 100 commits/s
//! ```

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a bench that cannot run says so by panicking

#[path = "../tests/common/mod.rs"]
mod common;

use codesk::domain::*;
use codesk::hub::postgres::{PgHub, PgPlace};
use codesk::hub::*;
use codesk::store::text_hash;
use codesk::sync::{Engine, SyncState};
use common::cluster::Cluster;
use common::pg::make_hub;
use common::rig;
use common::*;
use std::collections::BTreeSet;
use std::process::Command;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::time::{Duration, Instant};

/// Settings of the server that decide what is measured.
const SETTINGS: &[&str] =
    &["fsync = on", "max_connections = 700", "shared_buffers = 2GB", "max_wal_size = 8GB"];

fn main() {
    if std::env::var_os("RIG_CLIENT").is_some() {
        return rig::client_main();
    }
    let args: Vec<String> = std::env::args().skip(1).filter(|a| a != "--bench").collect();
    let number = |at: usize, or: u64| args.get(at).and_then(|a| a.parse().ok()).unwrap_or(or);
    match args.first().map(String::as_str) {
        Some("rig") => {
            let at = args.iter().position(|a| a == "--seed").and_then(|i| args.get(i + 1));
            let seed = at.and_then(|s| s.parse().ok()).unwrap_or_else(|| u64::from(std::process::id()));
            // Whoever reads a hub again from the start finds what he missed: no restores where losses are looked for.
            let by_sequence = args.iter().any(|a| a == "--sequence");
            let (crashes, restores) = if by_sequence { (0, 0) } else { (6, 2) };
            let plan =
                rig::Plan { clients: 8, seconds: number(1, 150), seed, crashes, restores, by_sequence };
            let report = rig::run(plan, || Command::new(std::env::current_exe().unwrap()));
            rig::print(plan, &report);
            let good = report.lost + report.twice + report.unequal == 0 && report.chain.is_none();
            std::process::exit(i32::from(!good));
        }
        Some("queue") => queue(),
        Some("million") => million(number(1, 1_000_000), number(2, 60)),
        _ => println!("cargo bench --bench hub -- rig [SECONDS] | queue | million [ENCOUNTERS] [SECONDS]"),
    }
}

fn about(c: &Cluster) {
    println!("{}", c.sql("postgres", "SELECT version()").trim());
    let shown = c.sql(
        "postgres",
        "SELECT string_agg(name || '=' || current_setting(name), '  ') FROM pg_settings WHERE name IN ('shared_buffers',
         'fsync', 'synchronous_commit', 'full_page_writes', 'max_connections', 'work_mem', 'max_wal_size')",
    );
    println!("{}  cores={}", shown.trim(), std::thread::available_parallelism().map_or(0, |n| n.get()));
}

fn connect(c: &Cluster, database: &str, login: &str, client: &str) -> PgHub {
    let mut hub = PgHub::new(PgPlace::parse(&c.address(database), None).unwrap(), None).unwrap();
    hub.hello(&Hello { client: id(client), login: login.into(), schema: SCHEMA }).unwrap();
    hub
}

fn percentile(times: &mut [f64], p: f64) -> f64 {
    times.sort_by(f64::total_cmp);
    times[((times.len() - 1) as f64 * p) as usize]
}

fn line(what: &str, times: &mut [f64]) {
    println!(
        "{what:<58} {:8.2} ms p50 {:8.2} ms p95 {:8.2} ms p99  ({} calls)",
        percentile(times, 0.5),
        percentile(times, 0.95),
        percentile(times, 0.99),
        times.len()
    );
}

fn coders(c: &Cluster, database: &str, n: usize, scope: impl Fn(usize) -> String) {
    let mut admin = PgHub::new(PgPlace::parse(&c.address(database), None).unwrap(), None).unwrap();
    admin.sign_in("postgres").unwrap();
    for i in 0..n {
        admin.set_person(&format!("coder{i}"), Some(Role::Coder), &scope(i), None).unwrap();
    }
}

/// `n` encounters of a scope with one diagnosis and `lines` lines each, as rows, numbered and chained by the hub.
fn fill(c: &Cluster, database: &str, scope: &str, n: u64, first: u64, open_share: u64) {
    let body = |what: &str| format!("jsonb_build_object({what})");
    let encounter = body(
        "'account', (20000000 + g)::text, 'patient', md5('p' || g)::uuid, 'kind', (ARRAY['office','emergency','inpatient','surgery'])[1 + g % 4],
         'forms', jsonb_build_array('cms1500'), 'from', (current_date - (g % 400)::int), 'through', (current_date - (g % 400)::int),
         'place', '11', 'coverages', '[]'::jsonb, 'why', 'new charge', 'priority', g % 7, 'roles', '{}'::jsonb,
         'sender', '[]'::jsonb, 'reason_text', 'follow-up', 'expected', 10000 + g % 50000,
         'state', CASE WHEN g % 100 < OPEN THEN 'new' ELSE 'final' END",
    )
    .replace("OPEN", &open_share.to_string());
    let last = first + n - 1;
    c.sql(
        database,
        &format!(
            "INSERT INTO codesk.record (scope, id, root, kind, visibility, version, ord, deleted, body, author)
             SELECT '{scope}', md5('e' || g)::uuid, md5('e' || g)::uuid, 'encounter', 'all', 1, '', false, {encounter}, 'intake'
             FROM generate_series({first}::bigint, {last}) g;
             INSERT INTO codesk.record (scope, id, root, kind, visibility, version, ord, deleted, body, author)
             SELECT '{scope}', md5('d' || g)::uuid, md5('e' || g)::uuid, 'diagnosis', 'all', 1, 'i', false,
               '{{\"code\": \"I10\"}}', 'intake' FROM generate_series({first}::bigint, {last}) g;
             INSERT INTO codesk.work_item (scope, id, account, name, kind, payer, first_day, last_day, dollars, state, holds, hold,
               response, rank, why, documents, diagnoses, lines, version, patient, stage)
             SELECT '{scope}', id, body ->> 'account', 'Alvarez M', body ->> 'kind', 'Blue Harbor', (body ->> 'from')::date,
               (body ->> 'through')::date, (body ->> 'expected')::bigint, body ->> 'state', 0, '', '',
               -(body ->> 'priority')::int, 'new charge', 0, 1, 0, 1, (body ->> 'patient')::uuid,
               CASE body ->> 'state' WHEN 'new' THEN 0 ELSE 2 END
             FROM codesk.record WHERE scope = '{scope}' AND kind = 'encounter';
             INSERT INTO codesk.fresh_log (scope, what, id, version, digest, op_id, at_ms, items)
             SELECT scope, 'record', id, version, codesk.record_digest(r), codesk.nil(), codesk.now_ms() - 200 * 86400000::bigint,
               CASE kind WHEN 'encounter' THEN ARRAY[id] ELSE '{{}}'::uuid[] END
             FROM codesk.record r WHERE scope = '{scope}';
             SELECT codesk.number_scope('{scope}');"
        ),
    );
}

/// Encounters somebody got, with their fences.
type Taken = Vec<(Id, i64)>;

fn queue() {
    const CLIENTS: usize = 200;
    const ROWS: u64 = 10_000;
    let c = Cluster::start(SETTINGS);
    about(&c);
    make_hub(&c, "hub", false);
    coders(&c, "hub", CLIENTS, |_| "site".into());
    fill(&c, "hub", "site", ROWS, 0, 100);
    c.sql("hub", "VACUUM ANALYZE");
    let ask = |n: usize, k: usize| NextAsk {
        scope: Scope("site".into()),
        request: id(&format!("r{n}.{k}")),
        n: 1,
        kind: None,
        minutes: 90,
    };
    // As 200 people work: one every second each, which is a hundred times what people do; then all at once.
    for (what, pause) in
        [("get_next, 200 clients, one a second each", 1000u64), ("get_next, 200 clients without a pause", 0)]
    {
        let got: Vec<(Taken, Vec<f64>)> = std::thread::scope(|s| {
            let workers: Vec<_> = (0..CLIENTS)
                .map(|n| {
                    let (c, ask) = (&c, &ask);
                    s.spawn(move || {
                        let mut hub = connect(c, "hub", &format!("coder{n}"), &format!("{pause}.{n}"));
                        std::thread::sleep(Duration::from_millis(1500 + pause * n as u64 / CLIENTS as u64));
                        let (mut mine, mut times) = (Vec::new(), Vec::new());
                        for k in 0..25 {
                            let start = Instant::now();
                            let items = hub.get_next(&ask(n, k + if pause == 0 { 1000 } else { 0 })).unwrap();
                            times.push(start.elapsed().as_secs_f64() * 1e3);
                            mine.extend(items.iter().map(|i| (i.item.id, i.fence)));
                            std::thread::sleep(Duration::from_millis(pause).saturating_sub(start.elapsed()));
                        }
                        (mine, times)
                    })
                })
                .collect();
            workers.into_iter().map(|w| w.join().unwrap()).collect()
        });
        let all: Taken = got.iter().flat_map(|(m, _)| m.clone()).collect();
        let rows: BTreeSet<Id> = all.iter().map(|(id, _)| *id).collect();
        let mut times: Vec<f64> = got.iter().flat_map(|(_, t)| t.clone()).collect();
        line(what, &mut times);
        println!("   rows given out {}, held twice {}", all.len(), all.len() - rows.len());
    }
    let fences = c.sql(
        "hub",
        "SELECT count(*) - count(DISTINCT (id, version)) FROM codesk.fresh_log WHERE what = 'lease'",
    );
    let holders = c.sql("hub", "SELECT count(*) FROM codesk.work_item WHERE holder IS NOT NULL");
    println!("   fences that are not unique {}, rows with a holder {}", fences.trim(), holders.trim());
}

fn million(encounters: u64, seconds: u64) {
    const SITES: u64 = 20;
    let c = Cluster::start(SETTINGS);
    about(&c);
    make_hub(&c, "hub", false);
    let start = Instant::now();
    let each = encounters / SITES;
    std::thread::scope(|s| {
        for half in 0..2 {
            let c = &c;
            s.spawn(move || {
                for site in (0..SITES).filter(|n| n % 2 == half) {
                    fill(c, "hub", &format!("site{site}"), each, site * each, 10);
                }
            });
        }
    });
    first_pull_site(&c);
    c.sql("hub", "VACUUM ANALYZE");
    let size = c.sql("hub", "SELECT pg_size_pretty(pg_database_size('hub'))");
    println!(
        "{encounters} encounters in {SITES} scopes, {}, made in {:.0} s",
        size.trim(),
        start.elapsed().as_secs_f64()
    );
    coders(&c, "hub", 500, |i| format!("site{}", i as u64 % SITES));

    let mut hub = connect(&c, "hub", "coder3", "timer");
    let scope = Scope("site3".into());
    let mut times = Vec::new();
    for k in 0..300 {
        let ask =
            NextAsk { scope: scope.clone(), request: id(&format!("t{k}")), n: 1, kind: None, minutes: 90 };
        let start = Instant::now();
        assert_eq!(hub.get_next(&ask).unwrap().len(), 1);
        times.push(start.elapsed().as_secs_f64() * 1e3);
    }
    line("get_next", &mut times);
    let mut hub = PgHub::new(PgPlace::parse(&c.address("hub"), None).unwrap(), None).unwrap().lists_only();
    hub.hello(&Hello { client: id("timer"), login: "coder3".into(), schema: SCHEMA }).unwrap();
    let mut other = connect(&c, "hub", "coder23", "other");
    let mut cursor = hub.stamp(&scope).unwrap();
    let mut times = Vec::new();
    for k in 0..300 {
        let ask =
            NextAsk { scope: scope.clone(), request: id(&format!("u{k}")), n: 5, kind: None, minutes: 90 };
        other.get_next(&ask).unwrap();
        let start = Instant::now();
        hub.stamp(&scope).unwrap();
        match hub.pull(&scope, &cursor, 1000).unwrap() {
            PullAnswer::Page(p) => {
                assert!(!p.more && p.items.len() == 5);
                cursor = p.cursor;
            }
            other => panic!("{other:?}"),
        }
        times.push(start.elapsed().as_secs_f64() * 1e3);
    }
    line("incremental pull of 5 changes, stamp included", &mut times);
    first_pull(&c);
    five_hundred(&c, seconds);
}

/// 10,000 open rows; 200 of them are the new coder's, with a note of 20 kB each.
fn first_pull_site(c: &Cluster) {
    fill(c, "hub", "first", 10_000, 90_000_000, 100);
    let text = "Stable on present treatment; continue, and come back in three months. ".repeat(290);
    let texts: Vec<String> = (0..200).map(|n| format!("Visit {n}\n{text}")).collect();
    let mut sql = String::new();
    for (n, text) in texts.iter().enumerate() {
        let (g, hash) = (90_000_000 + n * 49, text_hash(text));
        sql += &format!(
            "INSERT INTO codesk.document_text VALUES ('first', '{hash}', convert_to('{text}', 'UTF8'));
             INSERT INTO codesk.record (scope, id, root, kind, visibility, version, ord, deleted, body, author, hash)
             VALUES ('first', md5('n{g}')::uuid, md5('e{g}')::uuid, 'document', 'all', 1, '', false, jsonb_build_object('title', 'Note',
               'author', 'Shah MD', 'written', NULL, 'status', 'signed', 'hash', '{hash}', 'bytes', {}), 'intake', '{hash}');
             UPDATE codesk.record SET body = body || '{{\"assigned\": \"newcomer\"}}' WHERE scope = 'first' AND id = md5('e{g}')::uuid;
             UPDATE codesk.work_item SET assigned = 'newcomer', holder = 'newcomer', lease_until = codesk.now_ms() + 7200000,
               documents = 1 WHERE scope = 'first' AND id = md5('e{g}')::uuid;\n",
            text.len()
        );
    }
    // Too long for an argument.
    let file = std::env::temp_dir().join(format!("codesk-first-{}.sql", std::process::id()));
    std::fs::write(&file, sql).unwrap();
    let ok = c
        .tool("psql")
        .args(["-X", "-q", "-d", "hub", "-v", "ON_ERROR_STOP=1", "-f"])
        .arg(&file)
        .status()
        .unwrap();
    std::fs::remove_file(&file).unwrap();
    assert!(ok.success());
}

fn first_pull(c: &Cluster) {
    let mut admin = PgHub::new(PgPlace::parse(&c.address("hub"), None).unwrap(), None).unwrap();
    admin.sign_in("postgres").unwrap();
    admin.set_person("newcomer", Some(Role::Coder), "first", None).unwrap();
    let open = || PgHub::new(PgPlace::parse(&c.address("hub"), None).unwrap(), None).unwrap().lists_only();
    let (_folder, mut store) = store_with(0);
    let start = Instant::now();
    let mut engine = Engine::new("newcomer", 1);
    engine.step(&mut store, &mut open(), NOW).unwrap();
    let taken = start.elapsed().as_secs_f64();
    assert_eq!(engine.status().state, SyncState::Synced);
    let reader = store.reader().unwrap();
    let (_, rows) =
        reader.queue(&WorkQuery { view: WorkView::All, limit: 1, ..WorkQuery::default() }).unwrap();
    let mut charts = 0;
    for g in (0..200).map(|n| 90_000_000 + n * 49) {
        let hex = c.sql("hub", &format!("SELECT md5('e{g}')::uuid"));
        let chart = reader.chart(Id::parse(hex.trim()).unwrap()).unwrap();
        charts +=
            usize::from(chart.is_some_and(|ch| reader.texts(&ch).unwrap().iter().any(|t| t.len() > 20_000)));
    }
    println!(
        "first pull into an encrypted cache: {rows} work items, {charts} encounters with their notes in {taken:.2} s"
    );
    // Cut off in the middle, it goes on where it was.
    let (_folder, mut store) = store_with(0);
    let mut lossy = common::hub::Lossy { inner: Box::new(open()), state: 5, before: 20, after: 20 };
    let mut engine = Engine::new("newcomer", 2);
    let (mut rounds, mut pulled) = (0, 0);
    loop {
        rounds += 1;
        pulled += engine.step(&mut store, &mut lossy, NOW).unwrap().pulled;
        if engine.status().state == SyncState::Synced {
            break;
        }
    }
    println!(
        "the same over a link that fails one call in six: {rounds} rounds, {pulled} records taken, none twice"
    );
}

/// Each client edits an encounter of its site; 100 a second in all are offered.
fn five_hundred(c: &Cluster, seconds: u64) {
    const CLIENTS: usize = 500;
    const RATE: f64 = 100.0;
    let failed = AtomicU64::new(0);
    let before: u64 = c.sql("hub", "SELECT count(*) FROM codesk.result").trim().parse().unwrap();
    let times: Vec<f64> = std::thread::scope(|s| {
        let workers: Vec<_> = (0..CLIENTS)
            .map(|n| {
                let failed = &failed;
                std::thread::Builder::new()
                    .stack_size(512 * 1024)
                    .spawn_scoped(s, move || {
                        let site = n as u64 % 20;
                        let scope = Scope(format!("site{site}"));
                        let mut hub = connect(c, "hub", &format!("coder{n}"), &format!("load{n}"));
                        let mut times = Vec::new();
                        let pause = Duration::from_secs_f64(CLIENTS as f64 / RATE);
                        std::thread::sleep(
                            Duration::from_millis(4000) + pause.mul_f64(n as f64 / CLIENTS as f64),
                        );
                        let start = Instant::now();
                        let mut seq = 0;
                        while start.elapsed() < Duration::from_secs(seconds) {
                            seq += 1;
                            let root = format!("load{n}.{}", seq / 8);
                            let op = edit_op(&scope, n, seq, &root);
                            let at = Instant::now();
                            match hub.push(&op, &[]) {
                                Ok(a) if a.is_applied() => {}
                                _ => drop(failed.fetch_add(1, SeqCst)),
                            }
                            let _ = hub.stamp(&scope);
                            times.push(at.elapsed().as_secs_f64() * 1e3);
                            std::thread::sleep(pause.saturating_sub(at.elapsed()));
                        }
                        times
                    })
                    .unwrap()
            })
            .collect();
        workers.into_iter().flat_map(|w| w.join().unwrap()).collect()
    });
    let mut times = times;
    let after: u64 = c.sql("hub", "SELECT count(*) FROM codesk.result").trim().parse().unwrap();
    line("500 clients, 100 commits/s offered, push and stamp", &mut times);
    println!(
        "   {:.0} commits/s, {} failed, {} answered and {} in the hub",
        times.len() as f64 / seconds as f64,
        failed.load(SeqCst),
        times.len() as u64 - failed.load(SeqCst),
        after - before
    );
}

/// The first op of a root makes the encounter, the others add a diagnosis each.
fn edit_op(scope: &Scope, n: usize, seq: u64, root: &str) -> Op {
    let (mut chart, _) = encounter(n % 1000);
    chart.encounter.id = id(root);
    let new = seq == 1 || seq.is_multiple_of(8);
    let edit = if new {
        Edit::Encounter(Change::Add(chart.encounter.clone()))
    } else {
        Edit::Diagnosis(Change::Add(diagnosis(&format!("{root}.{seq}"), "I10")))
    };
    let set = EditSet { scope: scope.clone(), ..step(&chart, "code.add", vec![edit]) };
    Op {
        seq,
        op_id: id(&format!("op{n}.{seq}")),
        scope: scope.clone(),
        root: id(root),
        fence: None,
        base: None,
        label: "code.add".into(),
        actor: format!("coder{n}"),
        at_ms: NOW,
        writes: set.writes().unwrap(),
    }
}
