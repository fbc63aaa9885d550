//! Files and folders: which are read, in which order, and which belong together.
//!
//! Owns the walk (sorted; hidden files passed over), one report a file, and the graph that NDJSON files and
//! single resources of a folder share; a bundle has a graph of its own and is let go when it is read.
//! Never parses and never follows a loop of links for ever. The thread that calls
//! `read_path`.

use super::{
    FileReport, Options, Sink,
    fhir::{
        Graph,
        stream::{Reading, Shape, shape},
    },
    source::Source,
};
use std::{
    fs::{self, File},
    io::{self, Read},
    ops::ControlFlow,
    path::Path,
};

/// Folders deeper than this are a loop of links.
const MAX_FOLDERS: usize = 40;

struct Walk<'w, 's> {
    reports: Vec<FileReport>,
    options: &'w Options,
    sink: &'w mut Sink<'s>,
}

pub(super) fn path(path: &Path, options: &Options, sink: &mut Sink<'_>) -> Vec<FileReport> {
    let mut walk = Walk { reports: Vec::new(), options, sink };
    let _ = if path.is_dir() { walk.folder(path, 0) } else { walk.one(path) };
    walk.reports
}

pub(super) fn stream(name: &str, from: impl Read, options: &Options, sink: &mut Sink<'_>) -> FileReport {
    let mut walk = Walk { reports: Vec::new(), options, sink };
    let mut loose = Graph::new(&options.sender);
    let lines = is_lines_name(Path::new(name));
    if walk.source(name, Source::new(from), lines, true, &mut loose).is_continue() {
        let _ = loose.finish(&mut walk.reports, walk.sink);
    }
    walk.reports.pop().unwrap_or_default()
}

fn is_lines_name(path: &Path) -> bool {
    let ext = path.extension().and_then(|e| e.to_str()).unwrap_or_default();
    ext.eq_ignore_ascii_case("ndjson") || ext.eq_ignore_ascii_case("jsonl")
}

/// Why the system refused, in words without a path.
fn reason(e: &io::Error) -> String {
    match e.kind() {
        io::ErrorKind::NotFound => "it does not exist".into(),
        io::ErrorKind::PermissionDenied => "you have no permission to read it".into(),
        kind => format!("it cannot be read: {kind}"),
    }
}

impl Walk<'_, '_> {
    fn one(&mut self, path: &Path) -> ControlFlow<()> {
        let mut loose = Graph::new(&self.options.sender);
        self.file(path, true, &mut loose)?;
        loose.finish(&mut self.reports, self.sink)
    }

    fn folder(&mut self, path: &Path, depth: usize) -> ControlFlow<()> {
        let listing = fs::read_dir(path).and_then(|list| list.collect::<io::Result<Vec<_>>>());
        let mut entries = match listing {
            Ok(list) => list.into_iter().map(|e| e.path()).collect::<Vec<_>>(),
            Err(e) => {
                self.refuse(path, &format!("the folder: {}", reason(&e)));
                return ControlFlow::Continue(());
            }
        };
        if depth > MAX_FOLDERS {
            self.refuse(path, "the folders are nested too deeply; is one a link to its parent?");
            return ControlFlow::Continue(());
        }
        entries.retain(|p| !p.file_name().is_some_and(|n| n.to_string_lossy().starts_with('.')));
        entries.sort();
        let (folders, files): (Vec<_>, Vec<_>) = entries.into_iter().partition(|p| p.is_dir());
        if depth == 0 && folders.is_empty() && files.is_empty() {
            let mut report = FileReport::new(path.display().to_string());
            report.warn("the folder is empty");
            self.reports.push(report);
        }
        let mut loose = Graph::new(&self.options.sender);
        for f in &files {
            self.file(f, false, &mut loose)?;
        }
        loose.finish(&mut self.reports, self.sink)?;
        for f in &folders {
            self.folder(f, depth + 1)?;
        }
        ControlFlow::Continue(())
    }

    fn refuse(&mut self, path: &Path, why: &str) {
        let mut report = FileReport::new(path.display().to_string());
        report.error("", "", why);
        report.unreadable = true;
        self.reports.push(report);
    }

    fn file(&mut self, path: &Path, named: bool, loose: &mut Graph) -> ControlFlow<()> {
        match File::open(path) {
            Ok(file) => {
                let name = path.display().to_string();
                self.source(&name, Source::new(file), is_lines_name(path), named, loose)
            }
            Err(e) => {
                self.refuse(path, &reason(&e));
                ControlFlow::Continue(())
            }
        }
    }

    /// `named`: the caller asked for this very file, so that a foreign format is an error.
    fn source<R: Read>(
        &mut self,
        name: &str,
        mut src: Source<R>,
        lines: bool,
        named: bool,
        loose: &mut Graph,
    ) -> ControlFlow<()> {
        let file = self.reports.len();
        let mut report = FileReport::new(name);
        let found = shape(&mut src, lines);
        match &found {
            Ok(Shape::Empty) => {
                report.error("", "", "the file is empty");
                report.unreadable = true;
            }
            Ok(Shape::Foreign(what)) if named => {
                report.error("", "", *what);
                report.unreadable = true;
            }
            Ok(Shape::Foreign(what)) => report.warn(format!("passed over: {what}")),
            Ok(_) => {}
            Err(e) => {
                report.error("", "", reason(e));
                report.unreadable = true;
            }
        }
        self.reports.push(report);
        match found {
            Ok(shape @ Shape::Bundle) => {
                let mut graph = Graph::new(&self.options.sender);
                Reading { graph: &mut graph, reports: &mut self.reports, file }.run(&mut src, &shape);
                drop(src);
                graph.finish(&mut self.reports, self.sink)
            }
            Ok(shape @ (Shape::Loose | Shape::Lines)) => {
                Reading { graph: loose, reports: &mut self.reports, file }.run(&mut src, &shape);
                ControlFlow::Continue(())
            }
            _ => ControlFlow::Continue(()),
        }
    }
}
