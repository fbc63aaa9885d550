//! The readers: what they take, what they refuse and where, and that no bytes make them panic.

use super::*;
use proptest::prelude::*;

fn one(name: &str, text: &str, told: Told) -> Result<Packed, Vec<ReadError>> {
    let built = read(&[Input { name, bytes: text.as_bytes() }], told)?;
    assert_eq!(built.len(), 1);
    Ok(Packed::open(Arc::new(built.into_iter().next().unwrap().bytes)).unwrap())
}

pub(in crate::edits) fn tables(files: &[(&str, &str)]) -> Tables {
    let inputs: Vec<Input> =
        files.iter().map(|(name, text)| Input { name, bytes: text.as_bytes() }).collect();
    let mut out = Tables::default();
    for b in read(&inputs, Told::default()).unwrap() {
        out.add(Packed::open(Arc::new(b.bytes)).unwrap()).unwrap();
    }
    out
}

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn code(text: &str) -> Code {
    Code::new(text).unwrap()
}

const NOTICE: &str = "CPT codes and descriptions only are copyright American Medical Association.\r\n\
    Column1/Column2 Edits\r\n\
    Column 1\tColumn 2\t*=in existence\tEffective\tDeletion\tModifier\tPTP Edit Rationale\r\n\
    \t\tprior to 1996\tDate\tDate\t0=not allowed\t\r\n\
    \t\t\t\t*=no data\t1=allowed\t\r\n\
    \t\t\t\t\t9=not applicable\t\r\n";

pub(in crate::edits) fn ptp(rows: &[&str]) -> String {
    format!("{NOTICE}{}\r\n", rows.join("\r\n"))
}

#[test]
fn pairs_by_day() {
    let text = ptp(&[
        "17000\t99214\t\t20100101\t*\t1\tMisuse of Column Two code",
        "17000\t11900\t*\t19960101\t20191231\t0\tMore extensive procedure",
        "17000\t11900\t\t20220101\t*\t1\tMutually exclusive procedures",
        "G0101\tQ0091\t\t20200101\t20200101\t9\tDeleted back",
    ]);
    let t = tables(&[("ccipra-v322r0.TXT", &text)]);
    let p = t.ptp(false, day("2026-11-03")).unwrap();
    assert_eq!(p.meta().cite(), "NCCI PTP practitioner 2026Q3 v322r0");
    let pair = p.find(code("17000"), code("99214"), day("2026-11-03")).unwrap();
    assert_eq!((pair.indicator(), pair.through), (Indicator::Allowed, None));
    assert_eq!(pair.word, "Misuse of Column Two code");
    assert!(p.find(code("99214"), code("17000"), day("2026-11-03")).is_none(), "the order counts");
    assert!(p.find(code("17000"), code("99214"), day("2009-12-31")).is_none());
    let on = |d: &str| p.find(code("17000"), code("11900"), day(d)).map(|p| p.indicator());
    assert_eq!(on("2019-12-31"), Some(Indicator::NotAllowed), "the last day counts");
    assert_eq!(on("2020-01-01"), None);
    assert_eq!(on("2022-01-01"), Some(Indicator::Allowed));
    assert!(p.find(code("G0101"), code("Q0091"), day("2020-01-01")).is_none(), "it never was in force");
    assert!(t.ptp(true, day("2026-11-03")).is_none(), "the hospitals' table is another one");
}

#[test]
fn quarters_stand_side_by_side() {
    let mue = |units: &str| {
        format!(
            "\"CPT only copyright\nAMA\"\r\n\"HCPCS/\nCPT Code\",\"Practitioner Services MUE Values\",MUE Adjudication Indicator,MUE Rationale\r\nJ1030,{units},3 Date of Service Edit: Clinical,\"Clinical: Data\"\r\n"
        )
    };
    let t = tables(&[
        ("MCR_MUE_PractitionerServices_Eff_07-01-2026.csv", &mue("8")),
        ("MCR_MUE_PractitionerServices_Eff_10-01-2026.csv", &mue("4")),
    ]);
    let on =
        |d: &str| t.mue(Kind::MuePractitioner, day(d)).and_then(|m| m.limit(code("J1030"))).map(|l| l.units);
    assert_eq!((on("2026-06-30"), on("2026-09-30"), on("2026-10-01")), (None, Some(8), Some(4)));
    let limit = t.mue(Kind::MuePractitioner, day("2026-11-03")).unwrap().limit(code("J1030")).unwrap();
    assert_eq!((limit.mai, limit.rationale), (Mai::DayClinical, "Clinical: Data"));
    assert!(t.mue(Kind::MueDme, day("2026-11-03")).is_none());
}

/// Type, add-on, its deletion, primary, its deletion, first day, last day, note.
pub(in crate::edits) fn add_on_row(
    kind: u8,
    add_on: &str,
    primary: &str,
    from: &str,
    through: &str,
) -> String {
    format!("{kind}{add_on}       {primary}       {from}{through:7}note\r\n")
}

#[test]
fn add_on_codes() {
    let text = [
        add_on_row(1, "17003", "17000", "2022001", ""),
        add_on_row(2, "99292", "CCCCC", "2022001", ""),
        add_on_row(1, "64462", "64461", "2016001", "2020366"),
    ]
    .concat();
    let t = tables(&[("AOC_V2026Q4_01-MCR.txt", &text)]);
    let a = t.add_on(day("2026-11-03")).unwrap();
    let of = |c: &str, d: &str| -> Vec<(String, AddOnType)> {
        a.seconds(code(c), day(d)).map(|(s, p)| (s.to_string(), p.add_on_type())).collect()
    };
    assert_eq!(of("17003", "2026-11-03"), [("17000".to_string(), AddOnType::Listed)]);
    assert_eq!(of("99292", "2026-11-03"), [(CONTRACTOR.to_string(), AddOnType::Contractor)]);
    assert_eq!(of("64462", "2020-12-31").len(), 1);
    assert_eq!(of("64462", "2021-01-01"), []);
}

/// A row of the fixed-width fee schedule; the surgery indicators are multiple to team.
pub(in crate::edits) fn fee_row(
    code: &str,
    modifier: &str,
    status: char,
    na: (&str, &str),
    pctc: char,
    global: &str,
    surgery: &str,
) -> String {
    let mut b = vec![b' '; 140];
    let mut put = |at: usize, text: &str| b[at - 1..at - 1 + text.len()].copy_from_slice(text.as_bytes());
    put(1, code);
    put(6, modifier);
    put(58, &status.to_string());
    put(73, na.0);
    put(82, na.1);
    put(103, &pctc.to_string());
    put(104, global);
    put(116, surgery);
    format!("{}\r\n", String::from_utf8(b).unwrap())
}

pub(in crate::edits) const FEE_HEAD: &str =
    "HDR2026 National Physician Fee Schedule Relative Value File October Release\r\nHDR\r\n";

#[test]
fn fee_schedule_as_text_and_as_csv() {
    let text = format!(
        "{FEE_HEAD}{}{}",
        fee_row("17000", "", 'A', ("", ""), '0', "010", "20001"),
        fee_row("71046", "26", 'A', ("NA", ""), '1', "XXX", "00000")
    );
    let t = tables(&[("PPRRVU2026_Oct.txt", &text)]);
    assert!(t.fees(day("2026-09-30")).is_none(), "the release begins in October");
    let f = t.fees(day("2026-11-03")).unwrap();
    let r = f.row(code("17000")).unwrap();
    assert_eq!((r.global(), r.multiple(), r.bilateral(), r.team(), r.pc_tc()), ("010", '2', '0', '1', '0'));
    assert!(f.row(code("71046")).is_none());
    assert!(f.row_with(code("71046"), "26").unwrap().not_in_office());
    assert_eq!(f.meta().release, "2026-10");

    let head = "2025 National Physician Fee Schedule Relative Value File January Release,,\n,,\nHCPCS,MOD,DESCRIPTION,CODE,PAYMENT,RVU,PE RVU,INDICATOR,PE RVU,INDICATOR,RVU,TOTAL,TOTAL,IND,DAYS,OP,OP,OP,PROC,SURG,SURG,SURG,SURG,BASE,FACTOR,PROCEDURES,FLAG,INDICATOR,OPPS,OPPS,OPPS\n";
    let row =
        "66984,,Cataract,A,,7.35,8.4,NA,8.4,,0.6,16.3,16.3,0,090,10,70,20,2,1,0,0,0,,32.35,09,0,99,0,0,0\n";
    let t = tables(&[("PPRRVU25_JAN.csv", &format!("{head}{row}"))]);
    let r = t.fees(day("2025-02-01")).unwrap().row(code("66984")).unwrap();
    assert_eq!((r.global(), r.multiple(), r.bilateral(), r.assistant()), ("090", '2', '1', '0'));
    assert!(r.not_in_office() && !r.not_in_facility());
}

pub(in crate::edits) const COVERAGE_HEAD: &str =
    "policy,article,title,states,procedures,diagnoses,support,from,through\n";

#[test]
fn coverage_lists() {
    let text = format!(
        "{COVERAGE_HEAD}L33797,A56634,Vitamin D,CA NV,82306 82652,E55.9 N18.30-N18.6 M80.*,yes,2026-01-01,\n\
         L33797,A56634,Vitamin D,,82306,Z00.00,no,2026-01-01,2026-06-30\n"
    );
    let t = tables(&[("lcd.csv", &text)]);
    let c = t.coverage(day("2026-11-03")).unwrap();
    let p = c.policies(code("82306"), day("2026-11-03"), "CA");
    assert_eq!(p.len(), 1, "the second row is over");
    for yes in ["E559", "N1830", "N1832", "N186", "M8000XA"] {
        assert!(p[0].lists(yes), "{yes}");
    }
    for no in ["E55", "E550", "N189", "N1829", "M81", "M8"] {
        assert!(!p[0].lists(no), "{no}");
    }
    assert_eq!(p[0].cite(), "L33797, article A56634: Vitamin D");
    assert_eq!(p[0].diagnoses(9)[1], crate::domain::CodeRange { first: "M80".into(), last: "M80".into() });
    assert!(c.policies(code("82306"), day("2026-11-03"), "TX").is_empty());
    assert_eq!(c.policies(code("82306"), day("2026-05-01"), "TX").len(), 1);
    assert!(c.policies(code("99214"), day("2026-05-01"), "CA").is_empty());
}

/// What is wrong is said with file, line and reason; nothing of it is taken.
#[test]
fn refusals() {
    let good = "17000\t99214\t\t20100101\t*\t1\tMisuse";
    let mue_head = "\"HCPCS/\nCPT Code\",Outpatient Hospital Services MUE Values,MUE Adjudication Indicator,MUE Rationale\n";
    let cases: Vec<(&str, String, &str)> = vec![
        (
            "ccipra-v322r0.TXT",
            ptp(&[good, "17000\t99215\t\t20100101\t*\t5\tx"]),
            "line 8: the modifier indicator \"5\"",
        ),
        (
            "ccipra-v322r0.TXT",
            ptp(&[good, "17000\t99215\t\t2010-01-01\t*\t1\tx"]),
            "line 8: \"2010-01-01\" is no day",
        ),
        ("ccipra-v322r0.TXT", ptp(&[good, "17000\t99215\t\t2010"]), "line 8: the row is cut short"),
        ("ccipra-v322r0.TXT", ptp(&[good, "J1030,8,3 Date of Service,x"]), "line 8: the row is cut short"),
        (
            "ccipra-v322r0.TXT",
            format!("{NOTICE}{good}\r\n17000\t99215\t\t20100101\t*\t1"),
            "ends in the middle of a row",
        ),
        ("ccipra-v322r0-f1.TXT", ptp(&[good]), "f2, f3, f4 are missing"),
        ("edits.TXT", ptp(&[good]), "practitioners or outpatient hospitals"),
        ("ccipra.TXT", ptp(&[good]), "does not say its quarter"),
        ("mue.csv", format!("{mue_head}J1030,4,3 Day,x\n"), "from when it is in force"),
        (
            "MCR_MUE_PractitionerServices_Eff_10-01-2026.csv",
            format!("{mue_head}J1030,4,3 Day,x\n"),
            "its name says mue-practitioner, its header mue-outpatient",
        ),
        (
            "MUE_Eff_10-01-2026.csv",
            format!("{mue_head}J1030,many,3 Day,x\n"),
            "line 3: the MUE value \"many\"",
        ),
        (
            "MUE_Eff_10-01-2026.csv",
            format!("{mue_head}J1030,4,7 Day,x\n"),
            "line 3: the adjudication indicator",
        ),
        (
            "MUE_Eff_10-01-2026.csv",
            format!("{mue_head}J1030,4,3 Day,x\nJ1030,5,3 Day,x\n"),
            "J1030 stands twice",
        ),
        ("MUE_Eff_10-01-2026.csv", format!("{mue_head}J1030,4,3 Day,x\n{mue_head}"), "a second header"),
        (
            "AOC_V2026Q4.txt",
            add_on_row(1, "17003", "17000", "2022001", "") + "9xxxx",
            "line 2: the row is cut short",
        ),
        (
            "PPRRVU26_OCT.txt",
            fee_row("17000", "", 'A', ("", ""), '0', "010", "20001")
                + &fee_row("17003", "", 'A', ("", ""), '0', "011", "20001"),
            "line 2: \"011\" is no global period",
        ),
        (
            "lcd.csv",
            format!("{COVERAGE_HEAD}L1,,t,,82306,E55.9,maybe,2026-01-01,\n"),
            "line 2: support is yes or no",
        ),
        (
            "lcd.csv",
            format!("{COVERAGE_HEAD}L1,,t,,82306,,yes,2026-01-01,\n"),
            "line 2: it names no diagnosis",
        ),
        ("lcd.csv", format!("{COVERAGE_HEAD}L1,,t,,82306,N18.6-N18.1,yes,2026-01-01,\n"), "runs backwards"),
        ("lcd.csv", format!("{COVERAGE_HEAD}L1,,t,,82306,E55.9,yes\n"), "line 2: 7 fields instead of 9"),
        ("notes.txt", "a letter to a friend\n".into(), "neither NCCI pairs"),
        ("quarter.zip", "PK\u{3}\u{4}junk".into(), "unpack it"),
    ];
    for (name, text, why) in cases {
        let e = one(name, &text, Told::default()).err().unwrap_or_else(|| panic!("{name} was taken: {why}"));
        let said = e[0].to_string();
        assert!(said.starts_with(name) && said.contains(why), "{said:?} does not say {why:?}");
    }
}

#[test]
fn a_release_in_parts_is_whole_or_nothing() {
    let part = |c: &str| ptp(&[&format!("{c}\t99214\t\t20100101\t*\t1\tMisuse")]);
    let texts: Vec<(String, String)> =
        (1..=4).map(|n| (format!("ccioph-v323r1-f{n}.TXT"), part(&format!("1700{n}")))).collect();
    let inputs: Vec<Input> = texts.iter().map(|(n, t)| Input { name: n, bytes: t.as_bytes() }).collect();
    let built = read(&inputs, Told::default()).unwrap();
    assert_eq!((built.len(), built[0].meta.rows, built[0].meta.sources.len()), (1, 4, 4));
    assert_eq!(built[0].meta.release, "2026Q4 v323r1");
    let again = read(&inputs.iter().rev().copied().collect::<Vec<_>>(), Told::default()).unwrap();
    assert!(again[0].bytes == built[0].bytes, "the order of the files makes no difference");
    assert!(read(&inputs[..3], Told::default()).is_err());
    let three = Told { parts: Some(3), ..Told::default() };
    assert!(read(&inputs[..3], three).is_ok());
    assert!(read(&[inputs[0], inputs[0], inputs[1], inputs[2], inputs[3]], Told::default()).is_err());
    // One bad file and nothing of the others.
    let bad = Input { name: "x.txt", bytes: b"junk" };
    assert_eq!(
        read(&[inputs[0], inputs[1], inputs[2], inputs[3], bad], Told::default()).err().unwrap().len(),
        1
    );
}

#[test]
fn a_damaged_table_is_refused() {
    let text = ptp(&["17000\t99214\t\t20100101\t*\t1\tMisuse", "17000\t99215\t\t20100101\t*\t1\tMisuse"]);
    let built =
        read(&[Input { name: "ccipra-v322r0.TXT", bytes: text.as_bytes() }], Told::default()).unwrap();
    let bytes = built[0].bytes.clone();
    for cut in [0, 8, 20, bytes.len() - 1] {
        assert!(Packed::open(Arc::new(bytes[..cut].to_vec())).is_err(), "{cut}");
    }
    let mut longer = bytes.clone();
    longer.push(0);
    assert!(Packed::open(Arc::new(longer)).is_err());
}

/// Valid text of every kind with something done to it.
fn texts() -> Vec<(&'static str, String)> {
    vec![
        ("ccipra-v322r0.TXT", ptp(&["17000\t99214\t\t20100101\t*\t1\tMisuse", "17000\t99215\t*\t19960101\t20191231\t0\tx"])),
        ("MUE_Eff_10-01-2026.csv", "\"HCPCS/\nCPT Code\",DME Supplier Services MUE Values,MUE Adjudication Indicator,MUE Rationale\nA4253,4,3 Day,x\nA4259,2,1 Line,\"a \"\"b\"\"\"\n".into()),
        ("AOC_V2026Q4.txt", add_on_row(1, "17003", "17000", "2022001", "2026365") + &add_on_row(3, "99292", "CCCCC", "2022001", "")),
        ("PPRRVU26_OCT.txt", format!("{FEE_HEAD}{}", fee_row("17000", "26", 'A', ("NA", ""), '0', "010", "20001"))),
        ("lcd.csv", format!("{COVERAGE_HEAD}L1,A1,\"t, u\",CA NV,82306-82310,E55.9 N18.*,yes,2026-01-01,2027-01-01\n")),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// Whatever bytes come in, the readers answer.
    #[test]
    fn any_bytes_are_answered(name in "[a-z0-9._-]{0,30}", bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
        let _ = read(&[Input { name: &name, bytes: &bytes }], Told::default());
        let _ = Packed::open(Arc::new(bytes));
    }

    /// A file with bytes changed, cut or doubled is refused or gives a table that opens and can be asked.
    #[test]
    fn a_broken_file_is_refused_or_whole(which in 0usize..5, cut in 0usize..900, at in 0usize..900, byte in any::<u8>(), twice in any::<bool>()) {
        let (name, text) = texts()[which].clone();
        let mut bytes = text.into_bytes();
        if let Some(b) = bytes.get_mut(at) { *b = byte; }
        if cut < bytes.len() { bytes.truncate(cut); }
        if twice { let again = bytes.clone(); bytes.extend(again); }
        if let Ok(built) = read(&[Input { name, bytes: &bytes }], Told::default()) {
            for b in built {
                prop_assert!(b.meta.rows > 0);
                let mut t = Tables::default();
                t.add(Packed::open(Arc::new(b.bytes)).unwrap()).unwrap();
                ask(&t);
            }
        }
    }

    /// A damaged packed table is refused or can be asked.
    #[test]
    fn a_damaged_table_never_panics(which in 0usize..5, changes in proptest::collection::vec((0usize..1200, any::<u8>()), 1..6)) {
        let (name, text) = texts()[which].clone();
        let mut bytes = read(&[Input { name, bytes: text.as_bytes() }], Told::default()).unwrap().remove(0).bytes;
        for (at, byte) in changes {
            if let Some(b) = bytes.get_mut(at) { *b = byte; }
        }
        if let Ok(packed) = Packed::open(Arc::new(bytes)) {
            let mut t = Tables::default();
            if t.add(packed).is_ok() { ask(&t); }
        }
    }

    /// What goes in comes out.
    #[test]
    fn pairs_round_trip(rows in proptest::collection::btree_map(("[A-C0-2]{5}", "[A-C0-2]{5}"), (0u8..2, 0u32..9000), 1..60)) {
        let lines: Vec<String> = rows.iter().map(|((a, b), (ind, from))| {
            let from = day("2000-01-01") + chrono::Days::new(u64::from(*from));
            format!("{a}\t{b}\t\t{}\t*\t{ind}\tx", from.format("%Y%m%d"))
        }).collect();
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        let t = tables(&[("ccipra-v322r0.TXT", &ptp(&lines))]);
        let p = t.ptp(false, day("2026-08-01")).unwrap();
        for ((a, b), (ind, from)) in &rows {
            let from = day("2000-01-01") + chrono::Days::new(u64::from(*from));
            let found = p.find(code(a), code(b), from).unwrap();
            prop_assert_eq!(found.indicator().digit().to_string(), ind.to_string());
            prop_assert!(p.find(code(a), code(b), from - chrono::Days::new(1)).is_none());
            prop_assert_eq!(p.seconds(code(a), day("2026-08-01")).count(), rows.keys().filter(|(x, _)| x == a).count());
        }
    }
}

fn ask(t: &Tables) {
    let on = day("2026-11-03");
    for c in ["17000", "99214", "A4253", "82306", "CCCCC", "ZZZZZ"] {
        for hospital in [true, false] {
            let _ =
                t.ptp(hospital, on).and_then(|p| p.find(code(c), code("99214"), on).map(|x| x.word.len()));
        }
        let _ = t.add_on(on).map(|p| p.seconds(code(c), on).count());
        for kind in [Kind::MuePractitioner, Kind::MueOutpatient, Kind::MueDme] {
            let _ = t.mue(kind, on).and_then(|m| m.limit(code(c)).map(|l| l.units));
        }
        let _ = t.fees(on).and_then(|f| f.row(code(c))).map(|r| r.global().to_string());
        if let Some(cov) = t.coverage(on) {
            for p in cov.policies(code(c), on, "CA") {
                let _ = (p.lists("E559"), p.diagnoses(5), p.cite());
            }
        }
    }
}
