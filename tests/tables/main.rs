//! Official code files, as published, through the public interface: counts, dating, damage, effect.
//!
//! The files are read where `CODESK_SHARED` or `../shared/data` has them; nothing of them is in the
//! project. A test that needs them and does not find them fails and says what to set.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a test fails by panicking

mod counts;
mod damage;
mod effect;
mod fuzz;
mod keeping;

use codesk::codes::import::{Content, Kind, Release, Stated};
use codesk::table_store::{Done, TableStore, TableStoreError};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// The folder of test data.
pub fn shared() -> PathBuf {
    let named = std::env::var_os("CODESK_SHARED").map(PathBuf::from);
    let places = named.into_iter().flat_map(|p| [p.clone(), p.join("data")]);
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data");
    let found = places.chain([beside]).find(|p| p.join("icd10cm").is_dir());
    found.expect("the official code files are not here: set CODESK_SHARED to the folder that holds icd10cm/")
}

pub fn file(name: &str) -> PathBuf {
    shared().join(name)
}

pub fn bytes(name: &str) -> Vec<u8> {
    let path = file(name);
    std::fs::read(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

pub fn now() -> chrono::DateTime<chrono::Utc> {
    chrono::DateTime::from_timestamp(1_790_000_000, 0).unwrap()
}

pub fn store(dir: &Path) -> TableStore {
    TableStore::open(dir).unwrap()
}

pub fn import(store: &mut TableStore, name: &str) -> Result<Vec<Done>, TableStoreError> {
    store.import(&file(name), &Stated::default(), now())
}

pub const CM_ORDER: &str = "icd10cm/icd10cm-order-2026.txt";
pub const CM_ADDENDA_2027: &str = "icd10cm/icd10cm_order_addenda_2027.txt";
pub const CM_ADDENDA_2026: &str = "icd10cm/icd10cm-order-addenda-2026.txt";
pub const CM_TABULAR: &str = "icd10cm/icd10c-tabular-April-1-2026.xml";
pub const CM_INDEX: &str = "icd10cm/icd10cm-index-2025-flattened.csv";
pub const CM_INDEX_ADDENDA: &str = "icd10cm/icd10cm-index-addenda-2026.txt";
pub const EXTERNAL_CAUSE: &str = "icd10cm/icd-10-cm-eindex-2025.xml";
pub const NEOPLASM: &str = "icd10cm/icd-10-cm-neoplasm-2025.xml";
pub const DRUGS: &str = "icd10cm/icd-10-cm-drug-2025.xml";
pub const POA: &str = "icd10cm/POAexemptCodesFY26.txt";
pub const PCS_ORDER: &str = "icd10pcs/icd10pcs_order_2026.txt";
pub const PCS_TABLES: &str = "icd10pcs/icd10pcs_tables_2025.xml";
pub const PCS_INDEX: &str = "icd10pcs/icd10pcs_index_2025.xml";
pub const PCS_DEFINITIONS: &str = "icd10pcs/icd10pcs_definitions_2025.xml";
pub const ANWEB: &str = "hcpcs/HCPC2019_CONTR_ANWEB.txt";
pub const MODIFIERS: &str = "hcpcs/hcpcs_modifiers_2020-10.tsv";
pub const MCE_DX: &str = "mce/mce_i10dx_master.tsv";
pub const MCE_PX: &str = "mce/mce_i10sg_master.tsv";

/// A data directory with every official file loaded, once a test run. Index addenda are not in it:
/// they make an index of their own.
pub fn everything() -> &'static (tempfile::TempDir, Vec<Done>) {
    static ALL: OnceLock<(tempfile::TempDir, Vec<Done>)> = OnceLock::new();
    ALL.get_or_init(|| {
        let dir = tempfile::tempdir().unwrap();
        let mut s = store(dir.path());
        let files = [
            CM_ORDER,
            CM_ADDENDA_2027,
            CM_TABULAR,
            CM_INDEX,
            EXTERNAL_CAUSE,
            NEOPLASM,
            DRUGS,
            POA,
            PCS_ORDER,
            PCS_TABLES,
            PCS_INDEX,
            PCS_DEFINITIONS,
            ANWEB,
            MODIFIERS,
        ];
        let done = files.iter().flat_map(|f| import(&mut s, f).unwrap_or_else(|e| panic!("{e}"))).collect();
        (dir, done)
    })
}

/// The release of a kind in the full data directory; of several the one that begins so.
pub fn loaded(kind: Kind, release: &str) -> Release {
    let s = store(everything().0.path());
    let found = s.releases().iter().find(|r| r.meta.kind == kind && r.meta.release.starts_with(release));
    s.release(&found.unwrap_or_else(|| panic!("no {} {release}", kind.label())).hash).unwrap()
}

pub fn order_codes(release: &Release) -> Vec<&str> {
    match &release.content {
        Content::Order(rows) => rows.iter().filter(|r| r.billable).map(|r| r.code.as_str()).collect(),
        other => panic!("not an order file: {other:?}"),
    }
}
