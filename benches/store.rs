//! Timing of the cache and the hub in one file; prints what it measured. `cargo bench --bench store [ENCOUNTERS]`

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a test fails by panicking

#[path = "../tests/common/mod.rs"]
mod common;

use codesk::domain::*;
use codesk::hub::sqlite::SqliteHub;
use codesk::hub::{Hello, Hub, NextAsk, SCHEMA, SystemClock};
use codesk::store::*;
use codesk::sync::Engine;
use common::*;
use std::{sync::Arc, time::Instant};

fn percentile(times: &mut [f64], p: f64) -> f64 {
    times.sort_by(f64::total_cmp);
    times[((times.len() - 1) as f64 * p) as usize]
}

/// Prints median and 95th percentile in milliseconds of `n` runs.
fn timed(what: &str, n: usize, mut f: impl FnMut(usize)) {
    let mut times = Vec::with_capacity(n);
    for i in 0..n {
        let start = Instant::now();
        f(i);
        times.push(start.elapsed().as_secs_f64() * 1e3);
    }
    println!(
        "{what:<44} {:8.3} ms median {:8.3} ms p95",
        percentile(&mut times, 0.5),
        percentile(&mut times, 0.95)
    );
}

fn rate(what: &str, n: usize, f: impl FnOnce()) {
    let start = Instant::now();
    f();
    let s = start.elapsed().as_secs_f64();
    println!("{what:<44} {:8.0} /s ({n} in {s:.2} s)", n as f64 / s);
}

fn main() {
    let n: usize = std::env::args().skip(1).find_map(|a| a.parse().ok()).unwrap_or(100_000);
    // On the disk, not in a memory file system: a commit has to wait for it.
    let folder = tempfile::tempdir_in(std::env::current_dir().expect("a folder")).expect("a folder");
    let mut store = Store::open(&StorePaths::in_folder(folder.path())).expect("opens");
    let mut mint = IdMint::new(1);
    let mut making = 0.0;
    let start = Instant::now();
    for from in (0..n).step_by(1000) {
        let made = Instant::now();
        let batch = batch(from..(from + 1000).min(n));
        making += made.elapsed().as_secs_f64();
        store.import(&batch, "dlee", NOW, &mut mint).expect("imports");
    }
    let s = start.elapsed().as_secs_f64() - making;
    println!("{:<44} {:8.0} /s ({n} in {s:.2} s, batches of 1,000)", "encounters imported", n as f64 / s);
    let again = batch(1000..2000);
    rate("encounters imported again, unchanged", 1000, || {
        store.import(&again, "dlee", NOW, &mut mint).expect("imports");
    });

    let reader = store.reader().expect("reads");
    let ask = |view, text: &str, offset| WorkQuery {
        view,
        me: "dlee".into(),
        text: text.into(),
        offset,
        limit: 60,
    };
    for view in [WorkView::Mine, WorkView::Office, WorkView::All] {
        timed(&format!("queue page of 60, {}", view.key()), 200, |i| {
            reader.queue(&ask(view, "", (i as u32 % 20) * 60)).expect("reads");
        });
    }
    timed("queue page of 60, 10,000 rows down", 50, |_| {
        reader.queue(&ask(WorkView::All, "", 10_000)).expect("reads");
    });
    timed("queue page by the start of a name", 100, |i| {
        reader.queue(&ask(WorkView::All, &format!("alvarez{}", i * 7), 0)).expect("reads");
    });
    timed("queue page by one letter (every row)", 10, |_| {
        reader.queue(&ask(WorkView::All, "a", 0)).expect("reads");
    });
    timed("counts of every list", 200, |_| {
        reader.counts("dlee").expect("reads");
    });
    let name = |i: usize| id(&format!("e{}", i * 7919 % n));
    timed("a chart with its texts, opened", 500, |i| {
        let chart = reader.chart(name(i)).expect("reads").expect("is there");
        reader.texts(&chart).expect("reads");
    });
    timed("next free encounter", 200, |i| {
        reader.next_after(&ask(WorkView::Mine, "", 0), Some(name(i)), NOW).expect("reads");
    });
    timed("one code added, synced to disk", 1000, |i| {
        let chart = reader.chart(name(i)).expect("reads").expect("is there");
        let dx = diagnosis(&format!("dx{i}"), "I10");
        let set = step(&chart, "code.add", vec![Edit::Diagnosis(Change::Add(dx))]);
        store.commit(&set, "dlee", NOW, mint.next(NOW as u64)).expect("commits");
    });
    let charts: Vec<Chart> =
        (2000..5000).map(|i| reader.chart(name(i)).expect("reads").expect("is there")).collect();
    rate("edits committed: a field of the header", charts.len(), || {
        for c in &charts {
            let set = step(c, "header", vec![c.set_header(|e| e.place = Some("22".into()))]);
            store.commit(&set, "dlee", NOW, mint.next(NOW as u64)).expect("commits");
        }
    });
    rate("edits committed: the priority, a row moves", charts.len(), || {
        for c in &charts {
            let set = step(c, "header", vec![c.set_header(|e| e.priority += 1)]);
            store.commit(&set, "dlee", NOW, mint.next(NOW as u64)).expect("commits");
        }
    });
    let size = std::fs::metadata(&store.paths().database).map_or(0, |m| m.len());
    println!("{:<44} {:8.1} MB", "cache file", size as f64 / 1e6);

    // The hub, with what a day's import of one clinic is.
    let day = n.min(5_000);
    let other = tempfile::tempdir_in(folder.path()).expect("a folder");
    let mut small = Store::open(&StorePaths::in_folder(&other.path().join("a"))).expect("opens");
    small.import(&batch(0..day), "dlee", NOW, &mut mint).expect("imports");
    let path = other.path().join("hub.db");
    let connect =
        || SqliteHub::open(&path, &other.path().join("hub.key"), Arc::new(SystemClock)).expect("opens");
    let mut hub = connect();
    let mut engine = Engine::new("dlee", 1);
    rate("encounters pushed to the hub and confirmed", day, || {
        let done = engine.step(&mut small, &mut hub, NOW).expect("syncs");
        assert_eq!((done.proposals, small.pending_count().expect("reads")), (0, 0));
    });
    let mut fresh = Store::open(&StorePaths::in_folder(&other.path().join("b"))).expect("opens");
    rate("encounters pulled by an empty cache, with texts", day, || {
        Engine::new("dlee", 2).step(&mut fresh, &mut connect(), NOW).expect("syncs");
        assert!(fresh.knows(id("e0")).expect("reads"));
    });
    hub.hello(&Hello { client: id("x"), login: "dlee".into(), schema: SCHEMA }).expect("hello");
    timed("get_next", 200, |i| {
        let ask = NextAsk { scope: scope(), request: id(&format!("r{i}")), n: 1, kind: None, minutes: 30 };
        assert_eq!(hub.get_next(&ask).expect("answers").len(), 1);
    });
}
