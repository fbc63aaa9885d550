//! Screens: every size without a panic, and snapshots of what a customer sees.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a test fails by panicking

mod kit;
mod official;

use codesk::cli::{PlaceArgs, Site};
use codesk::run::Rig;
use std::path::Path;

fn rig(dir: &Path, size: (u16, u16)) -> Rig {
    let place = PlaceArgs { data_dir: Some(dir.to_path_buf()) };
    Rig::new(Site::open(&place).unwrap(), size).unwrap()
}

/// Keys that lead to every screen and overlay.
const PLACES: &[(&str, &[&str])] = &[
    ("queue", &[]),
    ("queue filter", &["/", "a"]),
    ("encounter", &["enter"]),
    ("codes", &["enter", "tab"]),
    ("lines", &["enter", "tab", "tab"]),
    ("edits", &["enter", "tab", "tab", "tab"]),
    ("claim pane", &["enter", "tab", "tab", "tab", "tab"]),
    ("search", &["enter", "/", "h", "t", "n"]),
    ("search why", &["enter", "/", "h", "t", "n", "ctrl-y"]),
    ("search systems", &["enter", "/", "f", "x", "ctrl-f"]),
    ("search all systems", &["enter", "/", "h", "t", "n", "ctrl-f", "ctrl-f", "ctrl-f"]),
    ("search all hits", &["enter", "/", "f", "x", "ctrl-g"]),
    ("search notes", &["enter", "/", "c", "k", "d", "ctrl-t"]),
    ("lines search", &["enter", "c", "9", "9"]),
    ("hold", &["enter", "h"]),
    ("hold note", &["enter", "h", "2"]),
    ("find", &["enter", "f", "m", "e", "t"]),
    ("documents", &["enter", "d"]),
    ("claim", &["enter", "v"]),
    ("help", &["enter", "?"]),
    ("palette", &["enter", ":"]),
    ("me", &["M"]),
    ("book of the queue", &["B"]),
    ("book", &["enter", "/", "c", "k", "d", "ctrl-o"]),
    ("book links", &["enter", "/", "c", "k", "d", "ctrl-o", "tab", "j"]),
    ("book goto", &["enter", "B", "/", "e", "1", "1"]),
    ("book index", &["enter", "B", ">"]),
    ("book drugs", &["enter", "B", "<"]),
    ("picker", &["enter", "/", "s", "7", "2", ".", "0", "0", "1", "right"]),
    // the list shown last is kept: these come last
    ("builder", &[">", ">", ">", "enter", "c", "0", "2", "h"]),
    ("builder done", &["enter", "c", "0", "2", "h", "v", "3", "3", "z"]),
];

#[test]
fn every_screen_at_every_size_without_a_panic() {
    let dir = kit::practice();
    for (name, keys) in PLACES {
        let mut rig = rig(dir.path(), (120, 36));
        rig.press(keys).unwrap();
        for w in [1, 2, 5, 10, 20, 40, 59, 60, 61, 79, 80, 81, 99, 100, 119, 120, 121, 140, 179, 180, 200] {
            for h in [1, 2, 3, 5, 8, 12, 15, 16, 17, 20, 24, 30, 36, 45, 60] {
                rig.resize(w, h);
                let screen = rig.screen();
                assert_eq!(screen.lines().count(), usize::from(h), "{name} at {w}x{h}");
            }
        }
        rig.finish();
    }
}

/// A row of marks under the keys that were pressed, so that a snapshot says how it came about.
fn snapshot(dir: &Path, name: &str, keys: &[&str], size: (u16, u16)) {
    let mut rig = rig(dir, size);
    rig.press(keys).unwrap();
    let screen = rig.screen();
    rig.finish();
    insta::with_settings!({ description => keys.join(" "), omit_expression => true, prepend_module_to_snapshot => false }, {
        insta::assert_snapshot!(format!("{name}_{}x{}", size.0, size.1), screen);
    });
}

#[test]
fn what_a_customer_sees() {
    for size in [(80, 24), (120, 36), (200, 60)] {
        let dir = kit::practice();
        let shot = |name: &str, keys: &[&str]| snapshot(dir.path(), name, keys, size);
        shot("queue", &[]);
        shot("encounter_open", &["enter"]);
        let coded: &[&str] = &["enter", "/", "d", "i", "a", "b", "space", "c", "k", "d", "enter"];
        shot("search", &["enter", "/", "d", "i", "a", "b", "space", "c", "k", "d"]);
        shot("coded", coded);
        shot("follow", &["enter", "1"]);
        shot("notes", &["enter", "tab", "i"]);
        shot("claim_full", &["enter", "v"]);
        shot("hold", &["enter", "h", "2"]);
        shot("find", &["enter", "f", "k", "i", "d", "n", "e", "y"]);
        shot("help", &["enter", "?"]);
        shot("palette", &["enter", ":", "h", "o", "l"]);
        shot("picker", &["enter", "/", "s", "7", "2", ".", "0", "0", "1", "right"]);
        let book: &[&str] = &["enter", "/", "e", "1", "1", ".", "2", "2", "ctrl-o"];
        shot("book", book);
        shot("book_links", &[book, &["left", "tab", "j", "j"]].concat());
        shot("book_chapters", &["B"]);
        shot("book_not_loaded", &["enter", "B", ">"]);
        // The list that was shown last is kept for the next start: these come after the others.
        shot("stay", &[">", ">", ">", "enter"]);
        shot("builder", &["enter", "c", "0", "2", "h", "v"]);
        shot("builder_done", &["enter", "c", "0", "2", "h", "v", "3", "3", "z"]);
        shot("queue_rejected", &[">", ">", ">", ">"]);
    }
}

#[test]
fn volumes_of_the_book() {
    for size in [(80, 24), (120, 36), (200, 60)] {
        let dir = kit::practice();
        let mut rig = rig(dir.path(), size);
        rig.load_volumes(official::small_volumes());
        let mut shot = |name: &str, keys: &[&str]| {
            rig.press(keys).unwrap();
            let screen = rig.screen();
            insta::with_settings!({ description => keys.join(" "), omit_expression => true, prepend_module_to_snapshot => false }, {
                insta::assert_snapshot!(format!("{name}_{}x{}", size.0, size.1), screen);
            });
        };
        shot("book_index", &["enter", "B", ">"]);
        shot("book_entry", &["right", "/", "a", "l", "z"]);
        shot("book_pair", &["enter", "enter", "enter"]);
        shot("book_neoplasms", &["<", "<", "j", "j", "right"]);
        rig.finish();
    }
}

#[test]
fn undo_and_redo_go_over_everything() {
    let dir = kit::practice();
    let mut rig = rig(dir.path(), (120, 36));
    rig.press(&["enter"]).unwrap();
    rig.press(&["/"]).unwrap();
    rig.type_text("i10");
    rig.press(&["enter", "c"]).unwrap();
    rig.type_text("99213");
    rig.press(&["enter", "enter"]).unwrap();
    rig.press(&["m"]).unwrap();
    rig.type_text("95");
    rig.press(&["enter", "h", "5", "enter"]).unwrap();
    let chart = |rig: &Rig| rig.app().open.as_ref().unwrap().chart.clone();
    let full = chart(&rig);
    assert_eq!((full.diagnoses.len(), full.lines.len(), full.open_holds().count()), (1, 1, 1));
    assert_eq!(full.lines[0].body.modifiers, ["95"]);
    rig.press(&["u", "u", "u", "u"]).unwrap();
    let empty = chart(&rig);
    assert_eq!((empty.diagnoses.len(), empty.lines.len(), empty.holds.len()), (0, 0, 0));
    assert_eq!(empty.header().state, codesk::domain::CodingState::New);
    rig.press(&["U", "U", "U", "U"]).unwrap();
    let again = chart(&rig);
    assert_eq!(again.diagnoses, full.diagnoses);
    assert_eq!(again.lines, full.lines);
    rig.finish();
    // And what the cache holds is what the screen showed.
    let out = kit::command(&dir).args(["encounter", "show", "10023", "--json"]).output().unwrap();
    let shown: serde_json::Value = serde_json::from_slice(&out.stdout).unwrap();
    assert_eq!(shown["lines"][0]["modifiers"][0], "95");
    assert_eq!(shown["holds"][0], "charges missing");
}

#[test]
fn undo_of_a_submit_goes_back_to_its_encounter() {
    let dir = kit::practice();
    let place = PlaceArgs { data_dir: Some(dir.path().to_path_buf()) };
    drop(Site::open(&place).unwrap());
    let code = ["encounter", "code", "10031", "--dx", "J01.00", "--line", "99213@A=132.00"];
    assert!(kit::command(&dir).args(code).output().unwrap().status.code().is_some_and(|c| c < 2));
    let mut rig = rig(dir.path(), (120, 36));
    rig.press(&["j", "j", "enter"]).unwrap();
    assert_eq!(rig.app().open.as_ref().unwrap().chart.header().account, "10031");
    rig.press(&["."]).unwrap();
    let now = rig.app().open.as_ref().unwrap().chart.header().account.clone();
    if now != "10031" {
        rig.press(&["u"]).unwrap();
        let open = rig.app().open.as_ref().unwrap();
        assert_eq!(open.chart.header().account, "10031");
        assert_eq!(open.chart.header().state, codesk::domain::CodingState::Coding);
        assert!(open.chart.claims.is_empty());
    } else {
        panic!("it was not submitted: {:?}", rig.app().notice);
    }
    rig.finish();
}
