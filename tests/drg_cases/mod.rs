//! Official cases and facts of the MS-DRG versions, for tests and benches.

#![allow(dead_code, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use codesk::drg::{Case, Code, CodedDiagnosis, DischargeStatus, HospitalPoa, PoaMark, Sex};
use serde::Deserialize;
use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;

/// The shared data folder. Its absence is a failure, said loudly.
pub fn shared() -> PathBuf {
    let named = std::env::var_os("CODESK_SHARED").map(PathBuf::from);
    let places = named.into_iter().flat_map(|p| [p.clone(), p.join("data")]);
    let near = ["../shared/data", "../../shared/data"].map(PathBuf::from);
    places.chain(near).find(|p| p.join("drg/v43_1/rules.csv").is_file()).unwrap_or_else(|| {
        panic!("\n*** no drg/v43_1/rules.csv: set CODESK_SHARED to the folder with the shared data ***\n")
    })
}

pub fn facts(version: &str) -> PathBuf {
    shared().join("drg").join(version)
}

/// A case and what the official grouper made of it.
pub struct Official {
    pub id: String,
    pub version: String,
    pub case: Case,
    pub drg: u16,
    pub mdc: u8,
    pub initial_drg: u16,
    pub initial_mdc: u8,
    pub return_code: String,
    pub hac_status: Option<String>,
    pub line: String,
}

#[derive(Deserialize)]
struct Line {
    id: String,
    version: String,
    sex: String,
    discharge_status: String,
    hospital_poa_status: String,
    pdx: String,
    pdx_poa: String,
    sdx: Vec<Dx>,
    procs: Vec<String>,
    drg: String,
    mdc: String,
    initial_drg: String,
    initial_mdc: String,
    return_code: String,
    hac_status: Option<String>,
}

#[derive(Deserialize)]
struct Dx {
    code: String,
    poa: String,
}

/// The text of an xz file, through the system's own unpacker.
pub fn unpack(file: &str) -> String {
    let path = shared().join("drg").join(file);
    let out = Command::new("xz").arg("-dc").arg(&path).output();
    let out = out.unwrap_or_else(|e| panic!("*** xz is needed to read {}: {e} ***", path.display()));
    assert!(out.status.success(), "*** xz cannot read {} ***", path.display());
    String::from_utf8(out.stdout).unwrap()
}

pub fn official(file: &str) -> Vec<Official> {
    unpack(file).lines().map(parse).collect()
}

fn parse(line: &str) -> Official {
    let l: Line = serde_json::from_str(line).unwrap();
    let dx = |d: &Dx| CodedDiagnosis::new(&d.code, PoaMark::parse(&d.poa));
    Official {
        case: Case {
            sex: Sex::parse(&l.sex),
            discharge: DischargeStatus::parse(&l.discharge_status).unwrap(),
            hospital: HospitalPoa::parse(&l.hospital_poa_status).unwrap(),
            principal: CodedDiagnosis::new(&l.pdx, PoaMark::parse(&l.pdx_poa)),
            secondary: l.sdx.iter().map(dx).collect(),
            procedures: l.procs.iter().map(|p| Code::new(p)).collect(),
        },
        id: l.id,
        version: l.version,
        drg: l.drg.parse().unwrap(),
        mdc: l.mdc.parse().unwrap(),
        initial_drg: l.initial_drg.parse().unwrap(),
        initial_mdc: l.initial_mdc.parse().unwrap(),
        return_code: l.return_code,
        hac_status: l.hac_status,
        line: line.to_string(),
    }
}

/// The first thousand cases of version 43.1, read once.
pub fn some_official() -> &'static [Official] {
    static SOME: OnceLock<Vec<Official>> = OnceLock::new();
    SOME.get_or_init(|| unpack("cases_v43_1.jsonl.xz").lines().take(1000).map(parse).collect())
}

/// A table small enough to be damaged a few hundred times: a few codes and rules.
pub fn small_table() -> String {
    "# test\nversion\t1.0\t20260401\t\ndxlists\t2\nheart\nkidney\npxlists\t2\nor-extensive\nor-nonextensive\n\
     hac\t1\n5\tSDX:heart\ndrgs\t3\n001\tOne\n002\tTwo\n003\tThree, of many\n\
     rules\t4\n0\t1\t1\t1\tP\t0\t\tor-extensive & MCC\n5\t1\t2\t2\tM\t0\tkidney\tMCC & PDX:heart\n\
     5\t2\t3\t2\tM\t0\t\tPDX:heart | (SDX:kidney & ~CC)\n5\t3\t0\t0\t-\t29\t\tor-nonextensive\n\
     dxsets\t2\n5\t0\t0\tCC\t0\t0\t\n5\t13\t12\tMCC\t1\t1 0\t0\npxsets\t1\nE\t0\n\
     exclusions\t1\t2\n1 2\ndx\t3\n0A000\t0\t1\t2\n0I10\t1\t0\t1\n20A\t0\t1\t0\n\
     px\t2\n00016070\t0\n61\t0\nclusters\t1\n20\t0016070+0016071\t1\n"
        .to_string()
}
