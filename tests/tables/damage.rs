//! Files that are not what they should be: each is refused with its name, a line where one is at
//! fault, and the reason; nothing of it is loaded.

use crate::*;

struct Case {
    what: &'static str,
    file: &'static str,
    damage: fn(&[u8]) -> Vec<u8>,
    /// The line that must be named; 0 where the whole file is at fault.
    line: usize,
    /// A piece of the reason.
    reason: &'static str,
}

fn lines(b: &[u8]) -> Vec<Vec<u8>> {
    b.split_inclusive(|c| *c == b'\n').map(<[u8]>::to_vec).collect()
}

/// Changes one line (from 1).
fn line(b: &[u8], n: usize, change: fn(&str) -> String) -> Vec<u8> {
    let mut all = lines(b);
    let old = String::from_utf8_lossy(&all[n - 1]).into_owned();
    all[n - 1] = change(&old).into_bytes();
    all.concat()
}

fn latin1(text: &str) -> Vec<u8> {
    text.chars().map(|c| c as u8).collect()
}

const CASES: &[Case] = &[
    Case {
        what: "cut inside a line",
        file: CM_ORDER,
        line: 500,
        reason: "cut short",
        damage: |b| {
            let mut all = lines(b);
            all.truncate(500);
            all[499].truncate(60);
            all.concat()
        },
    },
    Case {
        what: "cut between lines",
        file: CM_ORDER,
        line: 50_000,
        reason: "cut short",
        damage: |b| lines(b)[..50_000].concat(),
    },
    Case {
        what: "a line lost",
        file: CM_ORDER,
        line: 1_200,
        reason: "order number 01201 where 01200 is due",
        damage: |b| {
            let mut all = lines(b);
            all.remove(1_199);
            all.concat()
        },
    },
    Case {
        what: "columns shifted by one",
        file: CM_ORDER,
        line: 3_000,
        reason: "shifted",
        damage: |b| line(b, 3_000, |l| format!("{} {}", &l[..14], &l[14..])),
    },
    Case {
        what: "a blank line inside",
        file: CM_ORDER,
        line: 10,
        reason: "blank line",
        damage: |b| line(b, 10, |l| format!("\r\n{l}")),
    },
    Case {
        what: "UTF-16",
        file: CM_ORDER,
        line: 1,
        reason: "UTF-16",
        damage: |b| {
            let text = String::from_utf8_lossy(b);
            [0xff, 0xfe].into_iter().chain(text.encode_utf16().flat_map(u16::to_le_bytes)).collect()
        },
    },
    Case {
        what: "another encoding",
        file: CM_ORDER,
        line: 77,
        reason: "not UTF-8",
        damage: |b| {
            let mut all = lines(b);
            all[76] = latin1(&String::from_utf8_lossy(&all[76]).replacen('o', "\u{f3}", 1));
            all.concat()
        },
    },
    Case {
        what: "two years mixed",
        file: CM_ORDER,
        line: 21_054,
        reason: "mixes years",
        damage: |b| {
            // a code of the year after in the place of one that ended
            line(b, 21_054, |l| format!("{}D6911  {}", &l[..6], &l[13..]))
        },
    },
    Case {
        what: "a zip by mistake",
        file: CM_ORDER,
        line: 1,
        reason: "zip archive",
        damage: |_| b"PK\x03\x04\x14\x00\x00\x00\x08\x00".to_vec(),
    },
    Case {
        what: "a control character",
        file: CM_ORDER,
        line: 5,
        reason: "U+001B",
        damage: |b| line(b, 5, |l| l.replacen(' ', "\u{1b}", 1)),
    },
    Case {
        what: "a code twice",
        file: PCS_ORDER,
        line: 4,
        reason: "already",
        damage: |b| line(b, 4, |l| format!("{}0016071{}", &l[..6], &l[13..])),
    },
    Case {
        what: "a heading marked valid",
        file: CM_ORDER,
        line: 3,
        reason: "must be a heading",
        damage: |b| line(b, 3, |l| format!("{}A0001  {}", &l[..6], &l[13..])),
    },
    Case {
        what: "addenda cut before their summary",
        file: CM_ADDENDA_2027,
        line: 200,
        reason: "summary",
        damage: |b| lines(b)[..200].concat(),
    },
    Case {
        what: "an addition lost",
        file: CM_ADDENDA_2027,
        line: 0,
        reason: "lines are missing",
        damage: |b| {
            let mut all = lines(b);
            all.remove(0);
            all.concat()
        },
    },
    Case {
        what: "half a revision",
        file: CM_ADDENDA_2027,
        line: 43,
        reason: "Revise",
        damage: |b| {
            let mut all = lines(b);
            all.remove(42);
            all.concat()
        },
    },
    Case {
        what: "XML cut short",
        file: CM_TABULAR,
        line: 1_000,
        reason: "cut short",
        damage: |b| lines(b)[..1_000].concat(),
    },
    Case {
        what: "chapters lost",
        file: CM_TABULAR,
        line: 0,
        reason: "chapters are missing",
        damage: |b| {
            let text = String::from_utf8_lossy(b).into_owned();
            let (from, to) = (text.rfind("<chapter>").unwrap(), text.rfind("</chapter>").unwrap() + 10);
            format!("{}{}", &text[..from], &text[to..]).into_bytes()
        },
    },
    Case {
        what: "an element nobody knows",
        file: EXTERNAL_CAUSE,
        line: 9,
        reason: "not known here",
        damage: |b| line(b, 9, |l| l.replace("code>", "kode>")),
    },
    Case {
        what: "a cell in another column",
        file: NEOPLASM,
        line: 18,
        reason: "column 9",
        damage: |b| line(b, 18, |l| l.replace("col=\"3\"", "col=\"9\"")),
    },
    Case {
        what: "a value lost from a row",
        file: PCS_TABLES,
        line: 25,
        reason: "values",
        damage: |b| line(b, 27, |_| "\r\n".into()),
    },
    Case {
        what: "a page of HTML",
        file: PCS_INDEX,
        line: 1,
        reason: "<html>",
        damage: |_| b"<html><body>404</body></html>".to_vec(),
    },
    Case {
        what: "index columns shifted",
        file: CM_INDEX,
        line: 6,
        reason: "shifted",
        damage: |b| line(b, 6, |l| format!(",{l}")),
    },
    Case {
        what: "index rows lost",
        file: CM_INDEX,
        line: 100,
        reason: "lines are missing",
        damage: |b| {
            let mut all = lines(b);
            all.remove(99);
            all.concat()
        },
    },
    Case {
        what: "POA list without a column",
        file: POA,
        line: 9,
        reason: "columns",
        damage: |b| line(b, 9, |l| l.replacen('\t', "", 1)),
    },
    Case {
        what: "POA list of two years",
        file: POA,
        line: 9,
        reason: "mixes years",
        damage: |b| line(b, 9, |l| l.replace("B94.1", "Z68.1")),
    },
    Case {
        what: "ANWEB shifted",
        file: ANWEB,
        line: 40,
        reason: "shifted",
        damage: |b| {
            let mut all = lines(b);
            all[39].insert(2, b' ');
            all.concat()
        },
    },
    Case {
        what: "ANWEB cut inside a record",
        file: ANWEB,
        line: 1_000,
        reason: "cut short",
        damage: |b| {
            let mut all = lines(b);
            all.truncate(1_000);
            all[999].truncate(100);
            all.concat()
        },
    },
    Case {
        what: "modifier without a date",
        file: MODIFIERS,
        line: 3,
        reason: "not a date",
        damage: |b| line(b, 3, |l| l.replace("2002-07-01", "July")),
    },
    Case {
        what: "master list shifted",
        file: MCE_DX,
        line: 12,
        reason: "columns",
        damage: |b| line(b, 12, |l| l.replacen('\t', "\t\t", 1)),
    },
    Case {
        what: "master list ends before it begins",
        file: MCE_PX,
        line: 12,
        reason: "before it begins",
        damage: |b| line(b, 12, |l| l.replace("20270331", "20140331")),
    },
];

#[test]
fn damaged_files_are_refused_with_line_and_reason() {
    assert!(CASES.len() >= 20);
    let dir = tempfile::tempdir().unwrap();
    let mut s = store(dir.path());
    // addenda need their base to get as far as their own damage
    import(&mut s, CM_ORDER).unwrap();
    let before = s.releases().to_vec();
    for case in CASES {
        let path = dir.path().join("damaged.txt");
        std::fs::write(&path, (case.damage)(&bytes(case.file))).unwrap();
        let error = match s.import(&path, &Stated::default(), now()) {
            Ok(_) => panic!("{}: was loaded", case.what),
            Err(e) => e,
        };
        let text = error.to_string();
        assert!(error.is_refusal(), "{}: {text}", case.what);
        assert!(text.contains("damaged.txt"), "{}: {text}", case.what);
        assert!(text.contains(case.reason), "{}: {text}", case.what);
        let wanted = format!(" line {}:", case.line);
        match case.line {
            0 => assert!(!text.contains(" line "), "{}: {text}", case.what),
            _ => assert!(text.contains(&wanted), "{}: not line {}: {text}", case.what, case.line),
        }
        assert_eq!(s.releases(), before, "{}: something was loaded", case.what);
        assert_eq!(store(dir.path()).releases(), before, "{}: something was kept", case.what);
    }
}
