//! Imports run downward only, and no two modules import each other.
//!
//! Reads every file under `src` with `syn`: `use` trees and paths written out in code alike. The table below
//! is the plan of the house; a new module has to be given a place in it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a test fails by panicking

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use syn::visit::Visit;

/// What each top-level module may import of ours.
const MAY: &[(&str, &[&str])] = &[
    ("domain", &[]),
    ("codes", &["domain"]),
    ("search", &["codes", "domain"]),
    ("drg", &["codes", "domain"]),
    ("drg_file", &["drg"]),
    ("edits", &["codes", "domain"]),
    ("claims", &["codes", "domain", "edits"]),
    ("x12", &["claims", "domain"]),
    // The book and the index as the edits ask about them.
    ("table_store", &["codes", "domain"]),
    ("codes_file", &["codes", "table_store"]),
    // Imported payment tables on disk.
    ("edit_tables", &["domain", "edits"]),
    ("facts", &["codes", "codes_file", "domain", "edits", "search", "table_store"]),
    ("intake", &["domain", "codes"]),
    // What store and the SQLite hub have in common, so that neither imports the other.
    ("sqlite", &["domain"]),
    ("store", &["domain", "sqlite"]),
    ("hub", &["domain", "sqlite"]),
    ("sync", &["domain", "store", "hub", "sqlite"]),
    ("demo", &["domain"]),
    ("app", &["domain", "codes", "search", "drg", "edits", "claims"]),
    ("input", &["app", "domain"]),
    ("theme", &[]),
    ("ui", &["app", "theme", "domain", "codes", "search", "drg", "edits", "claims"]),
    ("term", &[]),
    ("config", &["theme"]),
    (
        "jobs",
        &["domain", "codes", "facts", "search", "drg", "edits", "claims", "store", "hub", "sync", "app"],
    ),
];

/// These see everything.
const ROOF: &[&str] = &["cli", "run", "main", "lib"];

/// Crates that the pure floors and the app never name.
const PURE: &[&str] = &["domain", "codes", "search", "drg", "edits", "claims", "x12", "app"];
const IMPURE_CRATES: &[&str] =
    &["ratatui", "crossterm", "rusqlite", "crossbeam_channel", "rustix", "signal_hook"];

#[derive(Default)]
struct Paths(Vec<Vec<String>>);

impl<'a> Visit<'a> for Paths {
    fn visit_use_tree(&mut self, tree: &'a syn::UseTree) {
        fn walk(tree: &syn::UseTree, at: &mut Vec<String>, out: &mut Vec<Vec<String>>) {
            match tree {
                syn::UseTree::Path(p) => {
                    at.push(p.ident.to_string());
                    walk(&p.tree, at, out);
                    at.pop();
                }
                syn::UseTree::Group(g) => g.items.iter().for_each(|t| walk(t, at, out)),
                syn::UseTree::Name(n) => out.push([at.as_slice(), &[n.ident.to_string()]].concat()),
                syn::UseTree::Rename(n) => out.push([at.as_slice(), &[n.ident.to_string()]].concat()),
                syn::UseTree::Glob(_) => out.push(at.clone()),
            }
        }
        walk(tree, &mut Vec::new(), &mut self.0);
    }
    fn visit_path(&mut self, path: &'a syn::Path) {
        self.0.push(path.segments.iter().map(|s| s.ident.to_string()).collect());
        syn::visit::visit_path(self, path);
    }
    fn visit_item_mod(&mut self, item: &'a syn::ItemMod) {
        // Tests may build what they need from anywhere.
        let test = item.attrs.iter().any(|a| quote_of(a).contains("test"));
        if !test {
            syn::visit::visit_item_mod(self, item);
        }
    }
}

fn quote_of(a: &syn::Attribute) -> String {
    match &a.meta {
        syn::Meta::List(l) => l.tokens.to_string(),
        _ => String::new(),
    }
}

fn sources() -> Vec<(String, PathBuf)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut out: Vec<(String, PathBuf)> = walkdir::WalkDir::new(&root)
        .into_iter()
        .map(|e| e.expect("src can be read"))
        .filter(|e| e.path().extension().is_some_and(|x| x == "rs"))
        // Tests may read and build what they like.
        .filter(|e| !e.path().components().any(|c| c.as_os_str() == "tests" || c.as_os_str() == "tests.rs"))
        .map(|e| {
            let inside = e.path().strip_prefix(&root).expect("is under src");
            let first = inside.components().next().expect("has a name").as_os_str().to_string_lossy();
            (first.trim_end_matches(".rs").to_string(), e.path().to_path_buf())
        })
        .collect();
    out.sort();
    out
}

fn paths_of(file: &Path) -> Vec<Vec<String>> {
    let text = std::fs::read_to_string(file).expect("source can be read");
    let parsed = syn::parse_file(&text).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
    let mut paths = Paths::default();
    paths.visit_file(&parsed);
    paths.0
}

fn allowed(module: &str) -> Option<&'static [&'static str]> {
    MAY.iter().find(|(m, _)| *m == module).map(|(_, may)| *may)
}

#[test]
fn imports_run_downward_only() {
    let mut faults = Vec::new();
    for (module, file) in sources() {
        if ROOF.contains(&module.as_str()) {
            continue;
        }
        let Some(may) = allowed(&module) else {
            faults.push(format!("{}: module {module} has no place in the plan", file.display()));
            continue;
        };
        for path in paths_of(&file) {
            if path.first().map(String::as_str) != Some("crate") {
                continue;
            }
            let Some(target) = path.get(1) else { continue };
            if *target != module && !may.contains(&target.as_str()) {
                faults.push(format!("{}: {module} may not import {target}", file.display()));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn pure_floors_name_no_terminal_no_database_and_no_thread() {
    let mut faults = Vec::new();
    for (module, file) in sources().into_iter().filter(|(m, _)| PURE.contains(&m.as_str())) {
        for path in paths_of(&file) {
            let first = path.first().map(String::as_str).unwrap_or("");
            let second = path.get(1).map(String::as_str).unwrap_or("");
            let io = first == "std" && matches!(second, "fs" | "thread" | "net" | "process");
            if IMPURE_CRATES.contains(&first) || io {
                faults.push(format!("{}: {module} names {}", file.display(), path.join("::")));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn the_plan_has_no_circle() {
    let graph: BTreeMap<&str, &[&str]> = MAY.iter().copied().collect();
    fn reaches(graph: &BTreeMap<&str, &[&str]>, from: &str, to: &str, seen: &mut BTreeSet<String>) -> bool {
        graph.get(from).is_some_and(|next| {
            next.iter().any(|n| *n == to || (seen.insert(n.to_string()) && reaches(graph, n, to, seen)))
        })
    }
    for (module, _) in MAY {
        assert!(
            !reaches(&graph, module, module, &mut BTreeSet::new()),
            "{module} imports itself in a circle"
        );
    }
}

#[test]
fn every_module_says_what_it_owns_and_no_file_is_too_long() {
    let mut faults = Vec::new();
    for (_, file) in sources() {
        let text = std::fs::read_to_string(&file).expect("source can be read");
        if !text.starts_with("//!") {
            faults.push(format!("{}: does not open by saying what it owns", file.display()));
        }
        let lines = text.lines().count();
        if lines > 600 && !text.contains("//! Long because") {
            faults.push(format!("{}: {lines} lines, and no reason given", file.display()));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}
