//! The book and the builder under any keys at any size, and what the loaded volumes post.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a test fails by panicking

mod kit;
mod official;

use codesk::app::{Overlay, Page};
use codesk::cli::{PlaceArgs, Site};
use codesk::run::Rig;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use std::cell::RefCell;

fn rig(dir: &tempfile::TempDir, size: (u16, u16)) -> Rig {
    let place = PlaceArgs { data_dir: Some(dir.path().to_path_buf()) };
    Rig::new(Site::open(&place).unwrap(), size).unwrap()
}

fn codes(rig: &Rig) -> Vec<String> {
    let open = rig.app().open.as_ref().expect("an encounter is open");
    open.chart.diagnoses.iter().map(|d| d.body.code.clone()).collect()
}

/// Where the book stands: volume and path of its row, or the name of its node.
fn place(rig: &Rig) -> String {
    match rig.app().overlays.last() {
        Some(Overlay::Book(b)) => match &b.page {
            Page::Tabular(node) => b.book.node_name(*node).to_string(),
            Page::Volume(v) => {
                let volume = b.volumes.get(v.kind).expect("loaded");
                format!("{}: {}", v.kind.title(), volume.path(v.row))
            }
        },
        _ => "no book".into(),
    }
}

#[test]
fn a_pair_of_the_index_is_posted_cause_first() {
    let dir = kit::practice();
    let mut rig = rig(&dir, (120, 36));
    rig.load_volumes(official::small_volumes());
    rig.press(&["enter", "B", ">"]).unwrap();
    assert_eq!(place(&rig), "Alphabetic Index: Dementia");
    // a filter inside the entry; Enter keeps it, Enter again opens the row
    rig.press(&["right", "/"]).unwrap();
    rig.type_text("due alz");
    assert!(rig.screen().contains("Alzheimer's disease") && !rig.screen().contains("Parkinson's"));
    rig.press(&["enter", "enter"]).unwrap();
    assert_eq!(place(&rig), "G309");
    rig.press(&["enter"]).unwrap();
    assert_eq!(place(&rig), "F0280");
    assert!(codes(&rig).is_empty(), "nothing is posted before the last");
    rig.press(&["enter"]).unwrap();
    assert_eq!(codes(&rig), ["G309", "F0280"]);
    // one change, one undo
    rig.press(&["u"]).unwrap();
    assert!(codes(&rig).is_empty());
    rig.finish();
}

#[test]
fn see_is_followed_and_columns_are_walked() {
    let dir = kit::practice();
    let mut rig = rig(&dir, (120, 36));
    rig.load_volumes(official::volumes());
    rig.press(&["B", ">", "j", "enter"]).unwrap();
    assert_eq!(place(&rig), "Alphabetic Index: Osteoporosis");
    rig.press(&[">", "/"]).unwrap();
    rig.type_text("fall");
    rig.press(&["enter"]).unwrap();
    assert!(place(&rig).starts_with("External causes: Fall"), "{}", place(&rig));
    // neoplasms: Right moves over the behaviours, Enter opens the code of the column
    rig.press(&[">", "/"]).unwrap();
    rig.type_text("lung upper");
    rig.press(&["enter"]).unwrap();
    assert!(place(&rig).contains("upper lobe"), "{}", place(&rig));
    rig.press(&["right", "enter"]).unwrap();
    assert_eq!(place(&rig), "C780");
    rig.press(&["[", "left", "enter"]).unwrap();
    assert_eq!(place(&rig), "C341");
    // drugs: accidental, self-harm, assault, undetermined, adverse effect, underdosing
    rig.press(&["<", "/"]).unwrap();
    rig.type_text("metformin");
    rig.press(&["enter", "right", "right", "right", "right"]).unwrap();
    assert!(place(&rig).starts_with("Drugs: Metformin"), "{}", place(&rig));
    rig.press(&["enter"]).unwrap();
    assert_eq!(place(&rig), "T383X5");
    rig.finish();
}

#[test]
fn the_book_never_posts_what_is_not_valid() {
    let dir = kit::practice();
    let mut rig = rig(&dir, (120, 36));
    rig.press(&["enter", "B", "/"]).unwrap();
    // split on 2026-10-01: a heading on the day of the visit, which is later
    rig.type_text("i420");
    rig.press(&["enter", "enter"]).unwrap();
    assert!(place(&rig).starts_with("I420"), "{}", place(&rig));
    assert!(codes(&rig).is_empty());
    rig.press(&["enter"]).unwrap();
    assert!(codes(&rig).first().is_some_and(|c| c.len() == 5), "{:?}", codes(&rig));
    rig.finish();
}

const KEYS: &[&str] = &[
    "j",
    "k",
    "left",
    "right",
    "enter",
    "tab",
    "shift-tab",
    "[",
    "]",
    "backspace",
    ">",
    "<",
    "/",
    "home",
    "end",
    "pagedown",
    "pageup",
    "g g",
    "G",
    "1",
    "2",
    "9",
    "r",
    "B",
    "a",
    "d",
    "0",
    "2",
    "h",
    "v",
    "3",
    "z",
    "x",
    "e",
    "space",
    "esc",
    "ctrl-o",
    "ctrl-u",
    "ctrl-w",
    "?",
    ":",
];

#[test]
fn no_keys_break_the_book_or_the_builder_at_any_size() {
    let dir = kit::practice();
    let rig = RefCell::new(rig(&dir, (120, 36)));
    rig.borrow_mut().load_volumes(official::small_volumes());
    let starts: [&[&str]; 4] = [
        &["B"],
        &["enter", "B", ">"],
        &["enter", "/", "s", "5", "2", "ctrl-o"],
        &["enter", "c", "0", "2", "h"],
    ];
    let strategy = (
        0..starts.len(),
        proptest::collection::vec(0..KEYS.len(), 1..40),
        proptest::collection::vec((1u16..220, 1u16..70), 1..4),
    );
    let mut runner = TestRunner::new(Config { cases: 48, failure_persistence: None, ..Config::default() });
    let result = runner.run(&strategy, |(start, keys, sizes)| {
        let mut rig = rig.borrow_mut();
        // out of whatever is open, to the list
        rig.press(&["esc"; 8]).unwrap();
        rig.press(starts[start]).unwrap();
        for (i, key) in keys.iter().enumerate() {
            rig.press(&[KEYS[*key]]).unwrap();
            let (w, h) = sizes[i % sizes.len()];
            rig.resize(w, h);
            prop_assert_eq!(rig.screen().lines().count(), usize::from(h));
        }
        Ok(())
    });
    if let Err(e) = result {
        panic!("{e}");
    }
    rig.into_inner().finish();
}
