//! The fault rig in its short form, and the proof that it can fail. `cargo bench --bench hub -- rig 150` is the long one.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a test fails by panicking

mod common;

use common::rig::{Plan, client_main, print, run};
use std::process::Command;

/// Not a test of its own: the rig starts this program again and again as one of its clients.
#[test]
fn client_process() {
    client_main();
}

fn again() -> Command {
    let mut c = Command::new(std::env::current_exe().unwrap());
    c.args(["client_process", "--exact", "--nocapture"]);
    c
}

fn seed() -> u64 {
    std::env::var("RIG_START").ok().and_then(|s| s.parse().ok()).unwrap_or_else(|| {
        std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_millis() as u64
    })
}

#[test]
fn no_edit_is_lost_or_applied_twice_and_all_agree() {
    let plan = Plan { clients: 8, seconds: 20, seed: seed(), crashes: 2, restores: 1, by_sequence: false };
    let r = run(plan, again);
    print(plan, &r);
    assert!(
        r.acknowledged > 100 && r.kills > 20 && r.cuts + r.eaten > 20 && r.restores == 1 && r.crashes == 2
    );
    assert_eq!((r.lost, r.twice, r.unequal, &r.chain), (0, 0, 0, &None), "{r:?}");
}

#[test]
fn numbers_by_sequence_are_caught() {
    let plan = Plan { clients: 8, seconds: 15, seed: seed(), crashes: 0, restores: 0, by_sequence: true };
    let r = run(plan, again);
    print(plan, &r);
    assert!(r.unequal > 0, "the rig does not notice lost changes: {r:?}");
}
