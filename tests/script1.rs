//! A morning's first chart, key by key (field guide, script 1, steps 1 to 11), in a pseudo-terminal.
//!
//! The keys of steps 2 to 9 are counted: five diagnoses, two lines and a modifier take 66 at most.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a test fails by panicking

mod kit;

use kit::{Term, practice};

struct Hand {
    term: Term,
    keys: usize,
}

impl Hand {
    /// One key each character.
    fn keys(&mut self, keys: &str) -> &mut Hand {
        self.keys += keys.chars().count();
        self.term.send(keys.as_bytes());
        self
    }
    fn see(&mut self, wanted: &str) -> &mut Hand {
        self.term.wait_for(wanted);
        self
    }
}

fn script(size: (u16, u16)) {
    let dir = practice();
    let mut h = Hand { term: Term::start(&dir, &["demo"], size, &[]), keys: 0 };
    // 1: the list of the person who sits down, oldest first, counted.
    h.see("mine").see("10023");
    // 2: chart, codes and claim; the lease is taken.
    h.keys("\r").see("Alvarez").see("2026-11-03").see("PROGRESS NOTE");
    // 3: read to the assessment.
    h.keys("  ").see("1. Type 2 diabetes with diabetic");
    // 4: diabetic CKD, then its stage as the note asks.
    h.keys("/").see("Find diagnosis");
    h.keys("diab ckd").see("E11.22");
    h.keys("\r").see("A E11.22");
    h.see("N18.1-N18.6");
    h.keys("1").see("Find diagnosis in");
    h.keys("31").see("N18.31");
    h.keys("\r").see("B N18.31");
    // 5: hypertension: the presumption is offered with its source, never made.
    h.keys("/").see("Find diagnosis");
    h.keys("i10").see("Essential");
    h.keys("\r").see("I12.9");
    h.see("I.C.9.a");
    h.keys("1").see("B I12.9").see("C N18.31");
    // 6: the drug, and the skin lesion.
    h.keys("2").see("Z79.84");
    h.keys("/").see("Find diagnosis");
    h.keys("l570").see("Actinic keratosis");
    h.keys("\r").see("E L57.0");
    // 7: two lines and their pointers, typed as letters.
    h.keys("c").see("Find service");
    h.keys("99214\r").see("posted 99214");
    h.keys("17000\r").see("17000");
    h.keys("\r").see("Diagnoses of 99214");
    h.keys("abc\r").see("Diagnoses of 17000");
    h.keys("e\r").see("ABC");
    // 8: the modifier is asked for with its source, and its evidence pointed to.
    h.see("NCCI");
    h.keys("k");
    h.keys("m").see("Modifiers of 99214");
    h.keys("25\r").see("Evidence");
    h.keys("\r").see("99214 25");
    // 9: nothing in the way; submitted, and the next one is open.
    h.keys("s").see("0 stop");
    h.keys(".").see("10027");
    assert!(h.keys <= 66, "steps 2 to 9 took {} keys", h.keys);
    h.see("submitted 10023");
    // 10: the third chart has no signature: held, with the provider filled in.
    h.keys("n").see("10031");
    h.keys("h").see("Hold: why");
    h.keys("2").see("unsigned note");
    h.see("Mercer");
    h.keys("\r").see("on hold");
    // 11: the second code is lifted over the first.
    h.keys("n").see("10033");
    h.keys("/").see("Find diagnosis").keys("i10").see("Essential").keys("\r").see("A I10");
    h.keys("/").see("Find diagnosis").keys("i4819").see("persistent").keys("\r").see("B I48.19");
    h.keys("K").see("A I48.19").see("B I10");
    h.term.settle();
    h.term.send(b"qq");
    assert_eq!(h.term.wait_exit(), 0);
    // What was done is there for the next start.
    let out =
        kit::command(&dir).args(["encounter", "show", "10023", "--json"]).output().expect("codesk runs");
    let shown = String::from_utf8_lossy(&out.stdout).into_owned();
    for part in
        ["\"status\":\"coded\"", "E11.22", "I12.9", "N18.31", "Z79.84", "L57.0", "\"pointers\":\"ABC\""]
    {
        assert!(shown.contains(part), "{part} is missing in {shown}");
    }
}

#[test]
fn the_first_chart_at_100_columns() {
    script((100, 30));
}

#[test]
fn the_first_chart_at_80_columns() {
    script((80, 24));
}
