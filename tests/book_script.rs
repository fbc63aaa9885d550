//! The code book, the picker and the procedure builder key by key in a pseudo-terminal: a heart-failure stay's
//! central line, and a forearm cut after a fall in the kitchen (field guide, scripts 2 and 3).
//!
//! The keys are counted: a procedure takes five after its table, a 7th character two.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a test fails by panicking

mod kit;

use kit::{Term, practice};

const RIGHT: &str = "\x1b[C";
const LEFT: &str = "\x1b[D";

struct Hand {
    term: Term,
    keys: usize,
}

impl Hand {
    fn start(dir: &tempfile::TempDir, size: (u16, u16)) -> Hand {
        let h = Hand { term: Term::start(dir, &["demo"], size, &[]), keys: 0 };
        h.term.wait_for("10023");
        h
    }
    /// One key each character, or one for an arrow.
    fn keys(&mut self, keys: &str) -> &mut Hand {
        self.keys += if keys.starts_with('\x1b') { 1 } else { keys.chars().count() };
        self.term.send(keys.as_bytes());
        self
    }
    fn see(&mut self, wanted: &str) -> &mut Hand {
        self.term.wait_for(wanted);
        self
    }
    /// Keys since the last count.
    fn counted(&mut self) -> usize {
        std::mem::take(&mut self.keys)
    }
}

fn central_line(size: (u16, u16)) {
    let dir = practice();
    let mut h = Hand::start(&dir, size);
    h.keys(">").see("office").keys(">").see("ED").keys(">").see("stay");
    h.keys("\r").see("c lines");
    h.keys("c").see("Find procedure");
    h.keys("02h").see("4 Body part").see("Insertion");
    h.counted();
    h.keys("v").see("Superior Vena Cava").see("5 Approach");
    h.keys("3").see("6 Device");
    h.keys("3").see("7 Qualifier");
    h.keys("z").see("02HV33Z is valid");
    h.keys("\r").see("Procedure date");
    assert_eq!(h.counted(), 5, "four characters and Enter");
    h.keys("\r").see("1 02HV33Z");
    // what no valid code has is not taken; Backspace goes back a column, past the table's first three
    h.keys("c").see("Find procedure").keys("o2h").see("4 Body part");
    h.keys("b").see("no valid code has B");
    h.keys("\x7f").see("3 Operation").keys("\x7f").see("2 Body system");
    h.term.send(b"\x1b");
    h.see("Find procedure");
}

#[test]
fn a_procedure_takes_five_keys_after_its_table() {
    central_line((120, 36));
}

#[test]
fn a_procedure_takes_five_keys_at_80_columns() {
    central_line((80, 24));
}

#[test]
fn a_cut_forearm_and_how_it_came_about() {
    let dir = practice();
    let mut h = Hand::start(&dir, (120, 36));
    h.keys(">").see("office").keys(">").see("ED");
    h.keys("\r").see("Diagnoses");
    // the 7th character: Right, then its letter
    h.keys("/").see("Find diagnosis").keys("lac forearm r").see("▸S51.811A");
    h.counted();
    h.keys(RIGHT).see("7th character of S51.811").see("S51.811D  subsequent");
    h.keys("a").see("A S51.811A");
    assert_eq!(h.counted(), 2, "the picker is two keys");
    // filler X before it
    h.keys("/").see("Find diagnosis").keys("fall slip").see("▸W01.0XXA");
    h.keys(RIGHT).see("7th character of W01.0");
    h.keys("a").see("B W01.0XXA");
    h.keys("/").see("Find diagnosis").keys("kitch").see("▸Y92.010").keys("\r").see("C Y92.010");
    h.keys("/").see("Find diagnosis").keys("food prep").see("▸Y93.G1").keys("\r").see("D Y93.G1");
    h.keys("/").see("Find diagnosis").keys("ext status other").see("▸Y99.8").keys("\r").see("E Y99.8");
}

#[test]
fn the_book_is_read_and_posted_from() {
    let dir = practice();
    let mut h = Hand::start(&dir, (120, 36));
    h.keys("\r").see("PROGRESS NOTE");
    // from the search: the code, its notes, a link, and back
    h.keys("/").see("Find diagnosis").keys("e1122").see("▸E11.22");
    h.keys("\x0f").see("Code book").see("Notes · E11.22").see("billable on 2026-11-03");
    h.see("(N18.1-N18.6)");
    h.keys("1").see("Notes · N18.1").see("N18.3-");
    h.keys("[").see("Notes · E11.22");
    h.keys("]").see("Notes · N18.1");
    // down to the stage that is documented: three rows, then what is below
    h.keys("jj").see("not billable: 3 codes below it are");
    h.keys(RIGHT).see("Notes · N18.30").keys("j").see("Notes · N18.31");
    h.keys("\r").see("A N18.31");
    // from the posted code: what it was posted for is exchanged in place
    h.keys("B").see("Notes · N18.31").keys("j").see("Notes · N18.32");
    h.keys("r").see("A N18.32");
    // up to the chapter, and a volume that is not loaded names its file
    h.keys("B").see("Notes · N18.32");
    for place in ["N18.3", "N18", "N17-N19", "chapter 14"] {
        h.keys(LEFT).see(&format!("Notes · {place}"));
    }
    h.keys(">").see("Alphabetic Index is not loaded").see("icd10cm-index").see("codesk tables import");
    h.keys("<").see("Notes ·").keys("/").see("go to").keys("s51811").see("Notes · S51.811");
    h.keys("\r").keys(RIGHT).see("7th character of S51.811").keys("d").see("B S51.811D");
}
