//! Speed of FHIR intake: the Synthea bundles, many times over, on one core.
//!
//! `cargo bench --bench intake [-- REPEATS | FILE]`. Prints megabytes a second and the ratio against parsing
//! the same bytes into `serde_json::Value` in the same run, so that the figure means something on any
//! machine. A file is read once, and the peak of memory is printed.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a test fails by panicking

use codesk::intake::{Options, read_path, read_stream};
use std::{
    env, fs,
    hint::black_box,
    ops::ControlFlow,
    path::{Path, PathBuf},
    time::Instant,
};

fn bundles() -> Vec<Vec<u8>> {
    let named = env::var_os("CODESK_SHARED").map(|p| PathBuf::from(p).join("data"));
    let roots: Vec<_> =
        named.into_iter().chain(["../shared/data", "../../shared/data"].map(PathBuf::from)).collect();
    let mut all = Vec::new();
    for sub in ["fhir-synthea", "fhir-synthea-notes"] {
        let Some(folder) = roots.iter().map(|r| r.join("intake").join(sub)).find(|p| p.is_dir()) else {
            continue;
        };
        let Ok(list) = fs::read_dir(folder) else { continue };
        all.extend(list.flatten().filter_map(|e| fs::read(e.path()).ok()));
    }
    all
}

/// Best of several runs: the others had company.
fn best(repeats: usize, mut run: impl FnMut()) -> f64 {
    let time = |run: &mut dyn FnMut()| {
        let start = Instant::now();
        run();
        start.elapsed().as_secs_f64()
    };
    (0..repeats.max(1)).map(|_| time(&mut run)).fold(f64::MAX, f64::min)
}

/// One large file: the speed and the memory it took.
fn one_file(path: &Path) {
    let size = fs::metadata(path).map_or(0, |m| m.len());
    let start = Instant::now();
    let mut sent = 0u64;
    let reports = read_path(path, &Options::default(), &mut |i| {
        black_box(&i);
        sent += 1;
        ControlFlow::Continue(())
    });
    let seconds = start.elapsed().as_secs_f64();
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find(|l| l.starts_with("VmHWM")).unwrap_or("VmHWM: unknown");
    let errors: usize = reports.iter().map(|r| r.errors.len()).sum();
    println!(
        "{:.0} MB in {seconds:.2} s: {:.0} MB/s, {sent} items, {errors} errors; {peak}",
        size as f64 / 1e6,
        size as f64 / 1e6 / seconds
    );
}

fn main() {
    if let Some(path) = env::args().skip(1).map(PathBuf::from).find(|p| p.is_file()) {
        return one_file(&path);
    }
    let repeats = env::args().filter_map(|a| a.parse().ok()).next().unwrap_or(15);
    let files = bundles();
    if files.is_empty() {
        eprintln!("*** SKIPPED: no shared/data/intake; set CODESK_SHARED to the shared folder ***");
        return;
    }
    let megabytes = files.iter().map(Vec::len).sum::<usize>() as f64 / 1e6;
    let (mut encounters, mut documents) = (0, 0);
    let intake = best(repeats, || {
        (encounters, documents) = (0, 0);
        for f in &files {
            let sink = &mut |i| {
                black_box(&i);
                ControlFlow::Continue(())
            };
            let r = read_stream("bench", f.as_slice(), &Options::default(), sink);
            encounters += r.encounters;
            documents += r.documents;
        }
    });
    let value = best(repeats.min(5), || {
        for f in &files {
            black_box(serde_json::from_slice::<serde_json::Value>(f).is_ok());
        }
    });
    println!(
        "intake: {} files, {megabytes:.1} MB, {encounters} encounters, {documents} documents: \
         {:.0} MB/s; serde_json::Value {:.0} MB/s; ratio {:.2}",
        files.len(),
        megabytes / intake,
        megabytes / value,
        value / intake
    );
}
