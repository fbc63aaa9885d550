//! The versions a workstation has, and which one a discharge date needs.
//!
//! Owns the shipped tables and those a site has imported; a table is unpacked when it is first asked for and then
//! kept. An imported table of a version replaces the shipped one. Never reads a file: the caller adds bytes.
//! Shared by every thread.

use super::compact::{TableError, head, read_gz};
use super::tables::Tables;
use super::weights::Weights;
use chrono::NaiveDate;
use std::borrow::Cow;
use std::sync::{Arc, OnceLock};

static SHIPPED: [&[u8]; 4] = [
    include_bytes!("../../code_tables/drg_42.1.txt.gz"),
    include_bytes!("../../code_tables/drg_43.0.txt.gz"),
    include_bytes!("../../code_tables/drg_43.1.txt.gz"),
    include_bytes!("../../code_tables/drg_44.0.txt.gz"),
];
static SHIPPED_WEIGHTS: &[u8] = include_bytes!("../../code_tables/drg_weights_2027.txt.gz");

/// First lines of a table, read without unpacking the rest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableHead {
    pub version: String,
    pub valid_from: NaiveDate,
    pub valid_to: Option<NaiveDate>,
    pub provenance: String,
}

struct Entry {
    head: TableHead,
    bytes: Cow<'static, [u8]>,
    imported: bool,
    loaded: OnceLock<Result<Arc<Tables>, String>>,
}

/// Why there is no table to group with.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoTable {
    #[error(
        "MS-DRG version {version} is not loaded; loaded are {loaded}; import it with `codesk group --import DIR`"
    )]
    Version { version: String, loaded: String },
    #[error(
        "no MS-DRG version is loaded for discharges on {date}; loaded are {loaded}; import one with `codesk group --import DIR`"
    )]
    Date { date: NaiveDate, loaded: String },
    #[error("the table of MS-DRG version {version} is damaged: {why}")]
    Damaged { version: String, why: String },
}

#[derive(Default)]
pub struct Library {
    entries: Vec<Entry>,
    weights: Vec<Arc<Weights>>,
}

impl Library {
    /// No table at all.
    pub fn empty() -> Library {
        Library::default()
    }

    /// The tables inside the program.
    pub fn shipped() -> Result<Library, TableError> {
        let mut library = Library::empty();
        for bytes in SHIPPED {
            library.insert(Cow::Borrowed(bytes), false)?;
        }
        library.weights.push(Arc::new(Weights::read_gz(SHIPPED_WEIGHTS)?));
        Ok(library)
    }

    /// Adds an imported table (gzip text); it replaces one of the same version.
    pub fn add(&mut self, bytes: Vec<u8>) -> Result<TableHead, TableError> {
        self.insert(Cow::Owned(bytes), true)
    }

    fn insert(&mut self, bytes: Cow<'static, [u8]>, imported: bool) -> Result<TableHead, TableError> {
        let head = head(&bytes)?;
        self.entries.retain(|e| e.head.version != head.version);
        self.entries.push(Entry { head: head.clone(), bytes, imported, loaded: OnceLock::new() });
        self.entries.sort_by_key(|e| e.head.valid_from);
        Ok(head)
    }

    /// Adds a year's weights; they replace those of the same first day.
    pub fn add_weights(&mut self, weights: Weights) {
        self.weights.retain(|w| w.valid_from != weights.valid_from);
        self.weights.push(Arc::new(weights));
    }

    /// The versions, oldest first, and whether a site imported them.
    pub fn versions(&self) -> impl Iterator<Item = (&TableHead, bool)> {
        self.entries.iter().map(|e| (&e.head, e.imported))
    }

    fn loaded(&self) -> String {
        let all: Vec<&str> = self.entries.iter().map(|e| e.head.version.as_str()).collect();
        if all.is_empty() { "none".to_string() } else { all.join(", ") }
    }

    /// The table of `version`, as `43.1`.
    pub fn version(&self, version: &str) -> Result<Arc<Tables>, NoTable> {
        match self.entries.iter().find(|e| e.head.version == version) {
            Some(e) => e.load(),
            None => Err(NoTable::Version { version: version.to_string(), loaded: self.loaded() }),
        }
    }

    /// The table in force for discharges on `date`.
    pub fn on(&self, date: NaiveDate) -> Result<Arc<Tables>, NoTable> {
        let fits = |e: &&Entry| e.head.valid_from <= date && e.head.valid_to.is_none_or(|to| date <= to);
        match self.entries.iter().rev().find(fits) {
            Some(e) => e.load(),
            None => Err(NoTable::Date { date, loaded: self.loaded() }),
        }
    }

    /// Weights for discharges on `date`; `None` is "no weight loaded".
    pub fn weights_on(&self, date: NaiveDate) -> Option<Arc<Weights>> {
        self.weights.iter().find(|w| w.is_valid_on(date)).cloned()
    }

    /// The table in force for discharges on `date`, if it is unpacked already: for callers that may not wait.
    /// `Ok(None)` is "not yet"; `load_all` brings it.
    pub fn ready_on(&self, date: NaiveDate) -> Result<Option<Arc<Tables>>, NoTable> {
        let fits = |e: &&Entry| e.head.valid_from <= date && e.head.valid_to.is_none_or(|to| date <= to);
        match self.entries.iter().rev().find(fits) {
            Some(e) if e.loaded.get().is_none() => Ok(None),
            Some(e) => e.load().map(Some),
            None => Err(NoTable::Date { date, loaded: self.loaded() }),
        }
    }

    /// Unpacks every table that is not yet; a damaged one says so when it is asked for.
    pub fn load_all(&self) {
        for e in &self.entries {
            let _ = e.load();
        }
    }

    /// Every year's weights that are loaded.
    pub fn weights(&self) -> impl Iterator<Item = &Arc<Weights>> {
        self.weights.iter()
    }

    /// Weights of the years a version was in force: only where it is in force on their first day.
    pub fn weights_for(&self, tables: &Tables) -> Option<Arc<Weights>> {
        self.weights_on(tables.valid_from)
    }
}

impl Entry {
    fn load(&self) -> Result<Arc<Tables>, NoTable> {
        let loaded =
            self.loaded.get_or_init(|| read_gz(&self.bytes).map(Arc::new).map_err(|e| e.to_string()));
        loaded.clone().map_err(|why| NoTable::Damaged { version: self.head.version.clone(), why })
    }
}
