//! The readers under bytes of any kind: no panic, and never more than the file could hold.

use crate::*;
use codesk::codes::import::{Known, Library, Mapping, Meta, Refusal, ReleaseHash, mappings, read};
use codesk::domain::CodeSystem;
use proptest::prelude::*;

/// A library without a table.
struct Empty {
    known: Known,
    mappings: Vec<Mapping>,
}

impl Library for Empty {
    fn known(&self, _: CodeSystem) -> &Known {
        &self.known
    }
    fn mappings(&self) -> &[Mapping] {
        &self.mappings
    }
    fn releases(&self, _: Kind) -> Vec<(ReleaseHash, Meta)> {
        Vec::new()
    }
    fn load(&self, _: ReleaseHash) -> Result<Release, Refusal> {
        Err(Refusal::whole("nothing is loaded"))
    }
}

fn empty() -> Empty {
    let list = "[[list]]\nkind = \"value\"\ncode = \"a\"\ntext = \"b\"\n";
    Empty { known: Known::default(), mappings: mappings(list).unwrap() }
}

/// Beginnings of every form, small enough to be damaged a thousand times.
fn samples() -> &'static Vec<Vec<u8>> {
    static ALL: OnceLock<Vec<Vec<u8>>> = OnceLock::new();
    ALL.get_or_init(|| {
        let head = |name: &str, n: usize| {
            bytes(name).split_inclusive(|b| *b == b'\n').take(n).collect::<Vec<_>>().concat()
        };
        let closed = |name: &str, n: usize, end: &str| [head(name, n), end.as_bytes().to_vec()].concat();
        vec![
            head(CM_ORDER, 30),
            head(PCS_ORDER, 30),
            bytes(CM_ADDENDA_2027),
            head(CM_INDEX, 40),
            head(CM_INDEX_ADDENDA, 40),
            head(POA, 20),
            head(ANWEB, 30),
            head(MODIFIERS, 20),
            head(MCE_DX, 20),
            closed(NEOPLASM, 32, "</mainTerm></letter></ICD10CM.index>"),
            closed(EXTERNAL_CAUSE, 20, "</mainTerm></letter></ICD10CM.index>"),
            closed(PCS_INDEX, 12, "</ICD10PCS.index>"),
            closed(PCS_TABLES, 50, "</pcsTable></ICD10PCS.tabular>"),
            closed(PCS_DEFINITIONS, 20, "</axis></section></ICD10PCS.definitions>"),
            b"notice\na,b\n01,x\n02,y\n".to_vec(),
            loaded(Kind::Modifiers, "2019").canonical().unwrap(),
        ]
    })
}

fn stated() -> Stated {
    Stated { from: chrono::NaiveDate::from_ymd_opt(2026, 1, 1), ..Stated::default() }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes(data in proptest::collection::vec(any::<u8>(), 0..2000)) {
        let _ = read(&data, &stated(), &empty());
    }

    #[test]
    fn any_text(data in "[ -~\\t\\n\u{e9}]{0,400}") {
        let _ = read(data.as_bytes(), &stated(), &empty());
    }

    #[test]
    fn damaged_samples(which in 0usize..16, at in any::<proptest::sample::Index>(), to in any::<proptest::sample::Index>(), byte in any::<u8>(), how in 0u8..5) {
        let mut data = samples()[which].clone();
        let (i, j) = (at.index(data.len()), to.index(data.len()));
        match how {
            0 => data[i] = byte,
            1 => data.truncate(i),
            2 => { data.drain(i.min(j)..i.max(j)); }
            3 => data.insert(i, byte),
            _ => { let part = data[i.min(j)..i.max(j)].to_vec(); data.splice(i..i, part); }
        }
        if let Ok(all) = read(&data, &stated(), &empty()) {
            for r in all {
                // what is accepted can be kept and read back, and holds no more than the file
                let kept = r.release.canonical().unwrap();
                prop_assert_eq!(&Release::from_canonical(&kept).unwrap(), &r.release);
                prop_assert!(r.records <= data.len());
            }
        }
    }
}

#[test]
fn hostile_files_stay_small() {
    let lib = empty();
    let deep = "<ICD10CM.tabular>".repeat(300_000);
    assert!(read(deep.as_bytes(), &stated(), &lib).is_err());
    let wide = format!("<ICD10CM.index><version>2025</version>{}</ICD10CM.index>", "<a/>".repeat(2_000_000));
    assert!(read(wide.as_bytes(), &stated(), &lib).is_err());
    let bomb =
        "<!DOCTYPE a [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b \"&a;&a;&a;&a;&a;&a;&a;&a;\">]><a>&b;&b;</a>";
    assert!(read(bomb.as_bytes(), &stated(), &lib).is_err());
    let quote =
        format!("RowID,Letter,Level,Term,See,SeeAlso,NonEssModif,Code\n1,A,0,\"{}", "x,".repeat(100_000));
    assert!(read(quote.as_bytes(), &stated(), &lib).is_err());
}
