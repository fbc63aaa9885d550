//! Search, measured: every beginning of every query over all code systems in one list, and the same for
//! `fuzzy-matcher`, `nucleo` and `tantivy` in the same run.
//!
//! `CODESK_SHARED=DIR cargo bench --features search-peers --bench search` (or the queries of `tests/` where no DIR is named).
//! Times are processor time of the one thread; nothing is asserted. The peers see the same titles (tantivy
//! synonyms and inclusion terms too); the slow ones are given a sample of the beginnings.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use codesk::codes::{Book, CodeSystem, Tables, build};
use codesk::codes_file;
use codesk::search::{Prior, Query, run};
use fuzzy_matcher::FuzzyMatcher;
use fuzzy_matcher::skim::SkimMatcherV2;
use nucleo_matcher::pattern::{CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config, Matcher, Utf32String};
use rustix::time::{ClockId, clock_gettime};
use std::path::PathBuf;
use tantivy::collector::TopDocs;
use tantivy::query::{BooleanQuery, FuzzyTermQuery, Occur, Query as TantivyQuery, TermQuery};
use tantivy::schema::{IndexRecordOption, STORED, Schema, TEXT, Value};
use tantivy::{Index, IndexReader, TantivyDocument, Term};

/// Beginnings given to an engine that needs tens of milliseconds for each: one in so many.
const SAMPLE: usize = 509;
/// Whole queries whose answers are compared: one in so many.
const COMPARED: usize = 5;

fn cpu_us() -> f64 {
    let t = clock_gettime(ClockId::ThreadCPUTime);
    t.tv_sec as f64 * 1e6 + t.tv_nsec as f64 / 1e3
}

fn timed_ms<T>(f: impl FnOnce() -> T) -> (T, f64) {
    let start = cpu_us();
    let out = f();
    (out, (cpu_us() - start) / 1e3)
}

/// Kilobytes of this process in memory: all, and of that the mapped files, which processes share.
fn resident() -> (u64, u64) {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let field = |name: &str| {
        let line = status.lines().find(|l| l.starts_with(name));
        line.and_then(|l| l.split_whitespace().nth(1)?.parse().ok()).unwrap_or(0)
    };
    (field("VmRSS:"), field("RssFile:"))
}

struct Asked {
    text: String,
    wanted: Vec<String>,
    kind: String,
}

fn queries() -> Vec<Asked> {
    let shared = std::env::var_os("CODESK_SHARED").map(|d| PathBuf::from(d).join("search/bench_dev.tsv"));
    let path = shared.filter(|p| p.exists()).unwrap_or_else(|| {
        println!("CODESK_SHARED names no folder with search/bench_dev.tsv: our own queries instead");
        PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/search_queries.tsv")
    });
    let text = std::fs::read_to_string(path).expect("queries");
    let lines = text.lines().filter(|l| !l.starts_with('#'));
    lines
        .filter_map(|l| {
            let mut f = l.split('\t');
            let text = f.next()?.to_string();
            let wanted = f.next()?.split(',').map(|c| c.replace('.', "")).collect();
            Some(Asked { text, wanted, kind: f.next()?.to_string() })
        })
        .filter(|q| q.kind != "pcs" && q.kind != "hcpcs")
        .collect()
}

fn place(codes: &[String], wanted: &[String]) -> Option<usize> {
    codes.iter().take(10).position(|c| {
        wanted.iter().any(|w| match w.strip_suffix('*') {
            Some(beginning) => c.starts_with(beginning),
            None => c == w,
        })
    })
}

struct Engine<'a> {
    name: &'static str,
    step: usize,
    ask: Box<dyn FnMut(&str) -> Vec<String> + 'a>,
}

fn report(e: &mut Engine<'_>, asked: &[Asked]) {
    let mut times = Vec::new();
    let beginnings = asked.iter().flat_map(|q| {
        let ends = q.text.char_indices().map(|(i, c)| i + c.len_utf8());
        ends.map(|end| &q.text[..end])
    });
    for text in beginnings.step_by(e.step) {
        let start = cpu_us();
        std::hint::black_box((e.ask)(text));
        times.push(cpu_us() - start);
    }
    times.sort_by(f64::total_cmp);
    let at = |share: f64| times[((times.len() as f64 * share) as usize).min(times.len() - 1)];
    let is_shorthand = |k: &str| k.contains("short") || !k.contains('_');
    let (mut n, mut one, mut ten) = ([0u32; 2], [0u32; 2], [0u32; 2]);
    for q in asked.iter().step_by(COMPARED) {
        let found = place(&(e.ask)(&q.text), &q.wanted);
        for (i, counts) in [true, is_shorthand(&q.kind)].into_iter().enumerate() {
            n[i] += u32::from(counts);
            one[i] += u32::from(counts && found == Some(0));
            ten[i] += u32::from(counts && found.is_some());
        }
    }
    let share = |k: u32, n: u32| f64::from(k) * 100.0 / f64::from(n.max(1));
    println!(
        "{:<14} {:>7} {:>9.0} {:>9.0} {:>7.1} {:>6.1} {:>9.1} {:>6.1}",
        e.name,
        times.len(),
        at(0.5),
        at(0.99),
        share(one[0], n[0]),
        share(ten[0], n[0]),
        share(one[1], n[1]),
        share(ten[1], n[1])
    );
}

/// The best ten by score, ties to the shorter text.
fn best_ten(mut hits: Vec<(i64, usize)>, docs: &[(String, String)]) -> Vec<String> {
    hits.sort_by(|a, b| b.0.cmp(&a.0).then(docs[a.1].1.len().cmp(&docs[b.1].1.len())));
    hits.into_iter().take(10).map(|h| docs[h.1].0.clone()).collect()
}

fn tantivy_reader(
    book: &Book,
    docs: &[(String, String)],
) -> (IndexReader, tantivy::schema::Field, tantivy::schema::Field) {
    let mut schema = Schema::builder();
    let (code, text) = (schema.add_text_field("code", STORED), schema.add_text_field("text", TEXT));
    let index = Index::create_in_ram(schema.build());
    let mut writer = index.writer_with_num_threads(1, 60_000_000).expect("a writer");
    let parts = book.index();
    let mut id = 0;
    for system in CodeSystem::ALL {
        for doc in book.docs(system) {
            if book.doc_title(doc).is_none() {
                continue;
            }
            let mut d = TantivyDocument::default();
            d.add_text(code, &docs[id].0);
            for p in parts.phrases(doc).iter().take(40) {
                let words: Vec<&str> = parts.phrase(p).iter().map(|t| parts.word(t & 0x3fff_ffff)).collect();
                d.add_text(text, words.join(" "));
            }
            writer.add_document(d).expect("added");
            id += 1;
        }
    }
    writer.commit().expect("committed");
    (index.reader().expect("a reader"), code, text)
}

fn main() {
    let asked = queries();
    let dir = tempfile::tempdir().expect("a folder");
    let (bytes, build_ms) = timed_ms(|| build(&Tables::shipped(), &mut |_, _| {}).expect("tables build"));
    let size = bytes.len();
    drop(bytes);
    codes_file::open(dir.path(), &mut |_, _| {}).expect("the book opens");
    let (before, _) = resident();
    let (book, map_ms) = timed_ms(|| codes_file::open(dir.path(), &mut |_, _| {}).expect("the book opens"));
    let day = "2026-11-24".parse().expect("a date");
    let prior = Prior::shipped();
    let ours = |text: &str| {
        let query = Query { prefer: Some(CodeSystem::Icd10cm), ..Query::new(text, day) };
        run(&book, &query, &prior, &|| false).hits.into_iter().map(|h| h.code).collect::<Vec<_>>()
    };
    let (_, first_ms) = timed_ms(|| ours("chf exac"));
    let codes: usize = CodeSystem::ALL.into_iter().map(|s| book.count(s)).sum();
    println!("{codes} codes in one list, {} queries", asked.len());
    println!(
        "built in {:.2} s, {:.1} MB on disk, mapped and checked in {map_ms:.1} ms, first query {first_ms:.1} ms",
        build_ms / 1e3,
        size as f64 / 1e6
    );
    println!(
        "\n{:<14} {:>7} {:>9} {:>9} {:>7} {:>6} {:>9} {:>6}",
        "engine", "keys", "p50 us", "p99 us", "R@1 all", "R@10", "R@1 shor", "R@10"
    );
    report(&mut Engine { name: "codesk", step: 1, ask: Box::new(ours) }, &asked);
    let (after, files) = resident();
    let docs: Vec<(String, String)> = CodeSystem::ALL
        .into_iter()
        .flat_map(|s| book.docs(s))
        .filter_map(|d| Some((book.doc_code(d).to_string(), book.doc_title(d)?)))
        .collect();
    let (reader, code, field) = tantivy_reader(&book, &docs);
    let searcher = reader.searcher();
    let tantivy = |text: &str| {
        let mut parts: Vec<(Occur, Box<dyn TantivyQuery>)> = Vec::new();
        for w in text.to_lowercase().split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty()) {
            let term = Term::from_field_text(field, w);
            parts.push((Occur::Should, Box::new(TermQuery::new(term.clone(), IndexRecordOption::WithFreqs))));
            if w.len() >= 3 {
                let edits = u8::from(w.len() >= 5);
                parts.push((Occur::Should, Box::new(FuzzyTermQuery::new_prefix(term, edits, true))));
            }
        }
        let top = searcher.search(&BooleanQuery::new(parts), &TopDocs::with_limit(10).order_by_score());
        let top = top.expect("answered").into_iter();
        top.filter_map(|(_, at)| {
            let d: TantivyDocument = searcher.doc(at).ok()?;
            d.get_first(code)?.as_str().map(str::to_string)
        })
        .collect()
    };
    report(&mut Engine { name: "tantivy", step: SAMPLE / 32, ask: Box::new(tantivy) }, &asked);
    let wide: Vec<Utf32String> = docs.iter().map(|d| Utf32String::from(d.1.as_str())).collect();
    let mut matcher = Matcher::new(Config::DEFAULT);
    let nucleo = |text: &str| {
        let pattern = Pattern::parse(text, CaseMatching::Ignore, Normalization::Smart);
        let hits = wide.iter().enumerate();
        let scored =
            hits.filter_map(|(i, t)| Some((i64::from(pattern.score(t.slice(..), &mut matcher)?), i)));
        best_ten(scored.collect(), &docs)
    };
    report(&mut Engine { name: "nucleo", step: SAMPLE, ask: Box::new(nucleo) }, &asked);
    let skim = SkimMatcherV2::default().ignore_case();
    let fuzzy = |text: &str| {
        let words: Vec<&str> = text.split_whitespace().collect();
        let score = |t: &str| words.iter().map(|w| skim.fuzzy_match(t, w)).sum::<Option<i64>>();
        let hits = docs.iter().enumerate().filter_map(|(i, d)| Some((score(&d.1)?, i)));
        best_ten(hits.collect(), &docs)
    };
    report(&mut Engine { name: "fuzzy-matcher", step: SAMPLE, ask: Box::new(fuzzy) }, &asked);
    println!(
        "\nresident after all of codesk's queries: {:.0} MB, {:.0} of them mapped files ({:.0} before the book was mapped)",
        after as f64 / 1e3,
        files as f64 / 1e3,
        before as f64 / 1e3
    );
}
