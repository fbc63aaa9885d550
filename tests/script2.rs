//! A facility inpatient stay, key by key (field guide, script 2, steps 1 to 7, 10 and 11), in a pseudo-terminal.
//!
//! A heart-failure stay is coded to its DRG: the banner follows every code, present on admission goes down its
//! column by one key a code, the what-if stays advisory, and the code editor has nothing left to say.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a test fails by panicking

mod kit;

use kit::{Term, practice};
use std::time::Duration;

struct Hand {
    term: Term,
}

impl Hand {
    fn keys(&mut self, keys: &str) -> &mut Hand {
        self.term.send(keys.as_bytes());
        self
    }
    fn see(&mut self, wanted: &str) -> &mut Hand {
        self.term.wait_for(wanted);
        self
    }
    fn gone(&mut self, unwanted: &str) -> &mut Hand {
        self.term.wait_gone(unwanted);
        self
    }
    /// The line of the screen that has `part`.
    fn line(&self, part: &str) -> String {
        let text = self.term.text();
        text.lines().find(|l| l.contains(part)).map(str::to_string).unwrap_or_default()
    }
    /// Finds and posts a diagnosis by its code.
    fn diagnosis(&mut self, typed: &str, shown: &str) -> &mut Hand {
        self.keys("/").see("Find diagnosis");
        self.keys(typed).see(shown);
        self.keys("\r").gone("Find diagnosis").see(shown)
    }
    /// Opens an account of the list by its number.
    fn open(&mut self, account: &str) -> &mut Hand {
        self.keys(">>>").see("[inpatient");
        self.keys("/").keys(account).see(&format!("{account} ")).keys("\r");
        self.term.settle();
        self.keys("\r").see("· Medicare")
    }
}

#[test]
fn a_heart_failure_stay_from_the_chart_to_the_claim() {
    let dir = practice();
    let mut h = Hand { term: Term::start(&dir, &["demo"], (120, 40), &[]) };
    h.see("mine");
    // 1: the list of stays; the account is found by its number.
    h.open("40003").see("Fontenot").see("no DRG yet: there is no diagnosis");
    // 2: the documents, and a word in all of them.
    h.keys("f").keys("bipap").see("Find").see("BiPAP started");
    h.keys("\r");
    // 3: the failure; the hypertension combination its notes ask for stands first.
    h.diagnosis("i5023", "I50.23").see("DRG 293");
    h.diagnosis("i130", "I13.0").diagnosis("n1831", "N18.31");
    // The note puts the combination first: its numbered answer moves it there.
    h.see("put I13.0 before I50.23").keys("1");
    h.see("A I13.0").see("B I50.23").see("C N18.31");
    // 6: the banner: 291, driven by the MCC; chronic kidney disease is no CC.
    h.see("DRG 291 · MCC · 1.2685 · GMLOS 3.8").see("Heart Failure and Shock with MCC");
    assert!(h.line("B I50.23").contains("✔MCC"), "{}", h.term.text());
    assert!(!h.line("C N18.31").contains("CC"), "{}", h.term.text());
    h.diagnosis("i4200", "I42.00").see("CC excluded by I13.0");
    h.diagnosis("e876", "E87.6").see("E E87.6");
    // 4: present on admission: one key a code, from the top.
    h.keys("gg").keys("y").see("Present on admission: I13.0").see("1 of 5");
    h.keys("y").see("2 of 5").keys("y").see("3 of 5").keys("y").see("4 of 5").keys("y").see("5 of 5");
    h.keys("n").gone("Present on admission:").see("E87.6 POA N");
    assert!(h.line("A I13.0").contains(" Y"), "{}", h.term.text());
    // A code on a list of hospital-acquired conditions says so the moment it is marked.
    h.diagnosis("l89153", "L89.153").see("F L89.153");
    h.keys("G").keys("y").see("hospital-acquired condition list 04");
    h.keys("n").see("is on the list of hospital-acquired condition 04").see("the DRG stays");
    h.see("[HAC 04, no MCC]");
    h.keys("u").see("undone").keys("u").gone("F L89.153");
    // 5: the central line, built letter by letter; its date is asked.
    h.keys("c").see("Find procedure").keys("02hv33z").see("02HV33Z is valid");
    h.keys("\r").see("Procedure date");
    h.keys("\x152026-11-02\r").gone("Procedure date");
    if h.term.try_wait_for("Find procedure", Duration::from_millis(500)) {
        h.keys("\x1b").gone("Find procedure");
    }
    h.see("02HV33Z");
    // 7: what-if: each diagnosis as principal; the second list says what the record would have to say.
    h.keys("w").see("What-if: each diagnosis as principal").see("advisory").see("now  291 MCC  1.2685");
    h.see("I50.23 Acute on chronic systolic");
    h.keys("\r").see("nothing is posted from here");
    h.keys("\t").see("What-if: what the record would have to say").see("the record names");
    h.see("Guidelines I.B.2");
    h.keys("\x1b").gone("What-if");
    // 11: nothing of the code editor is in the way.
    h.term.settle();
    assert!(!h.term.text().contains("MCE"), "{}", h.term.text());
    h.keys("s").see("stop,");
    h.term.settle();
    h.keys("qq");
    assert_eq!(h.term.wait_exit(), 0);
}

#[test]
fn a_short_stay_that_went_to_post_acute_care_asks_about_the_transfer() {
    let dir = practice();
    let mut h = Hand { term: Term::start(&dir, &["demo"], (120, 40), &[]) };
    h.see("mine");
    // 10: six days, to a skilled nursing facility; endocarditis with an MCC stays longer on average.
    h.open("40009");
    h.diagnosis("i330", "I33.0").diagnosis("j9601", "J96.01").see("DRG 288");
    h.keys("ggy").see("1 of 2").keys("y").see("2 of 2").keys("y").gone("Present on admission:");
    h.see("transfer-policy DRG 288 to post-acute care").see("42 CFR 412.4");
    // It is a question: a reason answers it.
    h.keys("e");
    for _ in 0..8 {
        h.term.settle();
        h.keys("o");
        if h.term.try_wait_for("Override: transfer-policy", Duration::from_millis(700)) {
            break;
        }
        h.keys("\x1b").keys("e");
    }
    h.see("Override: transfer-policy");
    h.keys("status checked with case management\r").see("status checked with case management");
    h.term.settle();
    h.keys("qq");
    assert_eq!(h.term.wait_exit(), 0);
}

#[test]
fn the_banner_follows_undo_order_and_marks_on_a_narrow_screen() {
    let dir = practice();
    let mut h = Hand { term: Term::start(&dir, &["demo"], (80, 24), &[]) };
    h.see("mine");
    h.open("40003");
    h.keys("\t").see("no DRG yet: there is no diagnosis");
    h.diagnosis("i130", "I13.0").see("DRG 293");
    h.diagnosis("i5023", "I50.23").see("DRG 291");
    h.keys("u").see("DRG 293");
    h.keys("U").see("DRG 291");
    h.term.settle();
    h.keys("qq");
    assert_eq!(h.term.wait_exit(), 0);
}
