//! A disk that fills up and a folder that cannot be written to: a sentence, the right exit code, nothing lost.
//!
//! The disk is a small memory file system in a mount name space of its own, which takes `unshare` and the right
//! to use it (root, or user name spaces). Without them the test fails and says so.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a test fails by panicking

mod kit;

use kit::Term;
use std::path::PathBuf;
use std::process::Command;

/// `unshare` and its arguments for a private mount name space here.
fn unshare() -> [&'static str; 2] {
    for flags in ["-m", "-rm"] {
        let probe = Command::new("unshare")
            .args([flags, "sh", "-c", "mount -t tmpfs -o size=1m none /mnt"])
            .output()
            .expect("this test needs `unshare` of util-linux");
        if probe.status.success() {
            return ["unshare", flags];
        }
    }
    panic!("this test mounts a small disk for itself: run it as root or allow user name spaces");
}

/// Runs a shell script whose `$D` is a folder on a 60 MB disk and `$B` the program; its output, both streams.
fn on_a_small_disk(script: &str) -> String {
    let place = tempfile::tempdir().unwrap();
    let [unshare, flags] = unshare();
    let out = Command::new(unshare)
        .args([flags, "sh", "-c"])
        .arg(format!("mount -t tmpfs -o size=60m none \"$D\"\nset -x\n{script}"))
        .env("D", place.path())
        .env("B", kit::codesk())
        .env("CODESK_DATA_DIR", place.path())
        .env("CODESK_BOOK_DIR", kit::book_dir())
        .output()
        .unwrap();
    String::from_utf8_lossy(&out.stdout).into_owned() + &String::from_utf8_lossy(&out.stderr)
}

/// What follows `mark` up to the next one.
fn part<'a>(text: &'a str, mark: &str) -> &'a str {
    let at = text.find(mark).unwrap_or_else(|| panic!("{mark} is missing in:\n{text}"));
    let rest = &text[at + mark.len()..];
    &rest[..rest.find("== ").unwrap_or(rest.len())]
}

#[test]
fn a_full_disk_is_named_and_takes_nothing_away() {
    // Errors go to stderr: both streams in one, in order.
    let out = on_a_small_disk(
        r#"exec 2>&1; set +x
        "$B" demo --no-tui
        "$B" encounter code 10027 --dx E11.9 >/dev/null
        dd if=/dev/zero of="$D/fill" bs=4k 2>/dev/null
        echo "== code"; "$B" encounter code 10023 --dx I10; echo "exit $?"
        echo "== intake"; echo '{"resourceType":"Patient","id":"p"}' >/dev/shm/p.json
        "$B" intake /dev/shm/p.json; echo "exit $?"; rm /dev/shm/p.json
        rm "$D/fill"
        echo "== before"; "$B" encounter show 10023 --json
        echo "== kept"; "$B" encounter show 10027 --json
        echo "== again"; "$B" encounter code 10023 --dx I10; "$B" encounter show 10023 --json
        echo "== doctor"; "$B" doctor; echo "exit $?""#,
    );
    for step in ["== code", "== intake"] {
        let said = part(&out, step);
        assert!(said.contains("the disk is full"), "{step}: {said}");
        assert!(said.contains("exit 2"), "{step}: {said}");
    }
    assert!(!part(&out, "== before").contains("I10"), "{out}");
    assert!(part(&out, "== kept").contains("E11.9"), "{out}");
    assert!(part(&out, "== again").contains("\"I10\""), "{out}");
    assert!(part(&out, "== doctor").contains("exit 0"), "{out}");
}

#[test]
fn a_folder_that_cannot_be_written_is_named() {
    let out = on_a_small_disk(
        r#"exec 2>&1; set +x
        "$B" demo --no-tui
        mount -o remount,ro "$D"
        echo "== code"; "$B" encounter code 10023 --dx I10; echo "exit $?"
        echo "== new"; "$B" --data-dir "$D/new" demo --no-tui; echo "exit $?"
        mount -o remount,rw "$D"
        echo "== again"; "$B" encounter code 10023 --dx I10; "$B" encounter show 10023 --json"#,
    );
    let said = part(&out, "== code");
    assert!(said.contains("cannot be written to") && said.contains("exit 2"), "{said}");
    let said = part(&out, "== new");
    assert!(said.contains("--data-dir") && said.contains("exit 2"), "{said}");
    assert!(part(&out, "== again").contains("\"I10\""), "{out}");
}

/// The workstation is open when the disk fills: the change is taken back on the screen, a banner says why, and
/// once there is room the same keys work.
#[test]
fn the_open_workstation_says_when_a_change_could_not_be_saved() {
    let dir = tempfile::tempdir().unwrap();
    let [unshare, flags] = unshare();
    let script = "mount -t tmpfs -o size=60m none \"$CODESK_DATA_DIR\" && cd / && \"$B\" demo --no-tui && \
                  exec \"$B\" demo";
    let bin = kit::codesk();
    let mut term = Term::start_program(
        unshare,
        &dir,
        &[flags, "sh", "-c", script],
        (100, 30),
        &[("B", bin.to_str().unwrap())],
    );
    term.wait_for("10023");
    term.send(b"\r");
    term.wait_for("PROGRESS NOTE");
    term.send(b"/z23\r");
    term.wait_for("saved 1");
    // The program's own view of the disk, from outside its name space.
    let inside = PathBuf::from(format!("/proc/{}/root{}", term.pid(), dir.path().display()));
    let fill = inside.join("fill");
    fill_up(&fill);
    term.send(b"/i10\r");
    term.wait_for("the disk is full");
    let text = term.text();
    assert!(text.contains("Z23") && !text.contains("I10 "), "the change was not taken back:\n{text}");
    std::fs::remove_file(&fill).unwrap();
    term.send(b"/i10\r");
    term.wait_for("saved 2");
    term.wait_for("I10");
    term.send(b"q");
    term.wait_gone("PROGRESS NOTE");
    term.send(b"q");
    assert_eq!(term.wait_exit(), 0);
}

fn fill_up(path: &std::path::Path) {
    use std::io::Write;
    let mut file = std::fs::File::create(path).expect("the program's disk is reachable");
    let block = [0u8; 4096];
    while file.write_all(&block).is_ok() {}
}
