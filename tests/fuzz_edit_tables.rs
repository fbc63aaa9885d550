//! The importers under mutated files, for as long as `CODESK_FUZZ_SECONDS` says (two seconds otherwise).
//!
//! Starts from a valid file of every kind and changes bytes, cuts, doubles and mixes. Whatever comes out is
//! refused, or is a table that opens and can be asked; what it takes in memory is held against the input.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a test fails by panicking

use codesk::edits::EditPolicy;
use codesk::edits::tables::{Code, Input, Kind, Packed, Tables, Told, read};
use std::sync::Arc;
use std::time::{Duration, Instant};

fn seeds() -> Vec<(&'static str, Vec<u8>)> {
    let fee = |code: &str| {
        let mut b = vec![b' '; 140];
        for (at, text) in [(1, code), (58, "A"), (73, "NA"), (103, "1"), (104, "010"), (116, "21221")] {
            b[at - 1..at - 1 + text.len()].copy_from_slice(text.as_bytes());
        }
        b.extend_from_slice(b"\r\n");
        b
    };
    let csv = "2025 National Physician Fee Schedule Relative Value File January Release,,\nHCPCS,MOD,DESCRIPTION,CODE,PAYMENT,RVU,PE RVU,INDICATOR,PE RVU,INDICATOR,RVU,TOTAL,TOTAL,IND,DAYS,OP,OP,OP,PROC,SURG,SURG,SURG,SURG,BASE,FACTOR,PROCEDURES,FLAG,INDICATOR,OPPS,OPPS,OPPS\n66984,26,\"Cata\nract\",A,,7.35,8.4,NA,8.4,,0.6,16.3,16.3,0,090,10,70,20,2,1,0,0,0,,32.35,09,0,99,0,0,0\n";
    vec![
        ("ccipra-v322r0.TXT", b"Column1/Column2 Edits\n17000\t99214\t\t20100101\t*\t1\tMisuse\r\n17000\t99215\t*\t19960101\t20191231\t0\tx\r\nG0101\tQ0091\t\t20200101\t20200101\t9\tx\n".to_vec()),
        ("ccioph-v322r0-f1.TXT", b"17000\t99214\t\t20100101\t*\t1\tMisuse\n".to_vec()),
        ("MCR_MUE_DMESupplierServices_Eff_10-01-2026.csv", b"\"HCPCS/\nCPT Code\",DME Supplier Services MUE Values,MUE Adjudication Indicator,MUE Rationale\nA4253,4,3 Day,x\nA4259,2,1 Line,\"a \"\"b\"\"\"\n".to_vec()),
        ("AOC_V2026Q4_01-MCR.txt", b"117003       17000       20220012026365note\r\n299292       CCCCC       2022001       note\n".to_vec()),
        ("PPRRVU26_OCT.txt", [b"HDR2026 National Physician Fee Schedule Relative Value File October Release\r\n".to_vec(), fee("17000"), fee("71046")].concat()),
        ("PPRRVU25_JAN.csv", csv.as_bytes().to_vec()),
        ("lcd.csv", b"policy,article,title,states,procedures,diagnoses,support,from,through\nL1,A1,\"t, u\",CA NV,82306-82310,E55.9 N18.30-N18.6 M80.*,yes,2026-01-01,2027-01-01\nL1,A1,t,,82306,Z00.00,no,2026-01-01,\n".to_vec()),
        ("edits.toml", b"[severity]\n\"dx.laterality\" = \"info\"\n[severity.payer.\"A B\"]\n\"dx.excludes1\" = \"stop\"\n[override]\n\"ncci.ptp\" = \"supervisor\"\n".to_vec()),
    ]
}

struct Random(u64);

impl Random {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) as usize) % n.max(1)
    }
}

fn mutate(r: &mut Random, seeds: &[(&'static str, Vec<u8>)]) -> (&'static str, Vec<u8>) {
    let (name, mut b) = seeds[r.below(seeds.len())].clone();
    for _ in 0..=r.below(6) {
        let at = r.below(b.len().max(1));
        match r.below(7) {
            0 if !b.is_empty() => b[at] = u8::try_from(r.below(256)).unwrap(),
            1 => b.truncate(at),
            2 => {
                let other = &seeds[r.below(seeds.len())].1;
                b.extend_from_slice(other);
            }
            3 if !b.is_empty() => {
                b.remove(at);
            }
            4 => {
                let text: &[u8] =
                    [&b"\n"[..], b"\t", b",", b"\"", b"*", b"99999", b"\xff\xfe", b"2026366", b"-"]
                        [r.below(9)];
                b.splice(at..at, text.iter().copied());
            }
            5 if b.len() < 1 << 16 => {
                let again = b[at..].to_vec();
                b.extend(again);
            }
            _ => {
                let n = r.below(40);
                b.splice(at..at, std::iter::repeat_n(b'9', n));
            }
        }
    }
    (name, b)
}

fn ask(t: &Tables) {
    let on = "2026-11-03".parse().unwrap();
    for c in ["17000", "99214", "A4253", "82306", "CCCCC"] {
        let code = Code::new(c).unwrap();
        for hospital in [true, false] {
            let _ =
                t.ptp(hospital, on).map(|p| (p.find(code, code, on).is_some(), p.seconds(code, on).count()));
        }
        let _ = t.add_on(on).map(|p| p.seconds(code, on).count());
        for kind in [Kind::MuePractitioner, Kind::MueOutpatient, Kind::MueDme] {
            let _ = t.mue(kind, on).and_then(|m| m.limit(code).map(|l| l.units));
        }
        let _ = t.fees(on).and_then(|f| f.row(code)).map(|r| r.global().to_string());
        for p in t.coverage(on).map(|c| c.policies(code, on, "CA")).unwrap_or_default() {
            let _ = (p.lists("E559"), p.diagnoses(50), p.cite());
        }
    }
}

#[test]
fn mutated_files_are_refused_or_whole() {
    let seconds = std::env::var("CODESK_FUZZ_SECONDS").ok().and_then(|s| s.parse().ok()).unwrap_or(2);
    let seed = std::env::var("CODESK_FUZZ_SEED").ok().and_then(|s| s.parse().ok()).unwrap_or(1);
    let (seeds, mut r) = (seeds(), Random(seed));
    let end = Instant::now() + Duration::from_secs(seconds);
    let (mut n, mut taken, mut largest) = (0u64, 0u64, 0.0f64);
    while Instant::now() < end {
        let (name, bytes) = mutate(&mut r, &seeds);
        n += 1;
        if name == "edits.toml" {
            let _ = EditPolicy::read(name, &String::from_utf8_lossy(&bytes));
            continue;
        }
        let told = Told { parts: Some(1), ..Told::default() };
        if let Ok(built) = read(&[Input { name, bytes: &bytes }], told) {
            for b in built {
                taken += 1;
                largest = largest.max(b.bytes.len() as f64 / (bytes.len() as f64 + 1000.0));
                let mut packed = b.bytes;
                let mut t = Tables::default();
                t.add(Packed::open(Arc::new(packed.clone())).unwrap()).unwrap();
                ask(&t);
                // And the packed form damaged.
                let at = r.below(packed.len());
                packed[at] ^= 1 << r.below(8);
                if let Ok(p) = Packed::open(Arc::new(packed)) {
                    let mut t = Tables::default();
                    if t.add(p).is_ok() {
                        ask(&t);
                    }
                }
            }
        }
    }
    println!("{n} files, {taken} taken, packed at most {largest:.2} of the input");
    assert!(taken > 0 && largest < 8.0);
}
