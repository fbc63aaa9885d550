//! The releases a site has loaded, in its data directory.
//!
//! Owns `tables/`: one compressed file a release, named by the hash of its content, and
//! `manifest.json`, which says which of them count, in the order of their import. A release is
//! written beside and renamed into place before the manifest names it, and both are flushed to the
//! disk: a kill at any moment leaves the old set or the new one. One importer at a time.
//! Never changes a release. Called by `codesk tables` and, to read, by whoever opens the book.

use crate::codes::import::{
    self, Kind, Known, Library, Mapping, Meta, Refusal, Release, ReleaseHash, SiteBuilder, Stated,
};
use crate::codes::volumes::Volumes;
use crate::codes::{Book, BookError, CodeSystem, SiteTables, Tables};
use crate::domain::text::clean_line;
use chrono::{DateTime, Utc};
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use rustix::fs::FlockOperation;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::cell::OnceCell;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

/// Why tables cannot be loaded or kept.
#[derive(Debug, thiserror::Error)]
pub enum TableStoreError {
    #[error("cannot {doing} {}: {source}", path.display())]
    Io { doing: &'static str, path: PathBuf, source: io::Error },
    /// A file that is not what it should be.
    #[error("{}{}: {}", path.display(), line_words(refusal.line), refusal.reason)]
    Refused { path: PathBuf, refusal: Refusal },
    #[error("{} is not the list of tables this program writes: {problem}", path.display())]
    Manifest { path: PathBuf, problem: String },
    #[error("another import is running in {}: try again when it has ended", path.display())]
    Busy { path: PathBuf },
    #[error("no loaded table has a hash that begins with {0:?}; `codesk tables list` shows them")]
    Unknown(String),
    #[error("{} tables have a hash that begins with {prefix:?}: give more of it", found)]
    Ambiguous { prefix: String, found: usize },
    #[error("the shipped tables cannot be read: {0}")]
    Shipped(BookError),
}

fn line_words(line: Option<usize>) -> String {
    line.map_or_else(String::new, |l| format!(" line {l}"))
}

impl TableStoreError {
    /// The file is at fault, not the disk or the set-up.
    pub fn is_refusal(&self) -> bool {
        matches!(self, TableStoreError::Refused { .. })
    }
}

/// A loaded release as the manifest names it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Loaded {
    /// SHA-256 of the canonical content.
    pub hash: String,
    #[serde(flatten)]
    pub meta: Meta,
    /// Name of the file it came from.
    pub source: String,
    /// SHA-256 of that file's bytes.
    pub source_sha256: String,
    /// Records of that file.
    pub records: usize,
    /// The release that addenda were applied to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base: Option<String>,
    /// Figures of the release, the first being its rows.
    pub counts: Vec<(String, usize)>,
    pub imported: DateTime<Utc>,
}

impl Loaded {
    pub fn release_hash(&self) -> Option<ReleaseHash> {
        ReleaseHash::parse(&self.hash)
    }

    /// Rows of the release.
    pub fn rows(&self) -> usize {
        self.counts.first().map_or(0, |c| c.1)
    }
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct Manifest {
    form: u32,
    releases: Vec<Loaded>,
}

/// What the book screens page through.
const VOLUMES: [Kind; 6] = [
    Kind::CmIndex,
    Kind::CmExternalCause,
    Kind::CmNeoplasm,
    Kind::CmDrugs,
    Kind::PcsTables,
    Kind::PcsDefinitions,
];

const FORM: u32 = 1;
/// The most a release may unpack to; the largest has 30 MB.
const MOST_UNPACKED: u64 = 1 << 30;

/// What an import did.
#[derive(Clone, Debug)]
pub struct Done {
    pub loaded: Loaded,
    /// The same content was there before.
    pub already: bool,
    pub remarks: Vec<String>,
}

/// The loaded tables of one data directory.
pub struct TableStore {
    dir: PathBuf,
    releases: Vec<Loaded>,
    mappings: Vec<Mapping>,
    known: [OnceCell<Known>; 2],
}

impl TableStore {
    /// Reads the manifest; a directory without one has no tables.
    pub fn open(data_dir: &Path) -> Result<TableStore, TableStoreError> {
        let dir = data_dir.join("tables");
        let releases = read_manifest(&dir)?;
        Ok(TableStore { dir, releases, mappings: Vec::new(), known: Default::default() })
    }

    /// Reads the columns of the site's licensed lists from a file; one that is not there has none.
    pub fn read_columns(&mut self, path: &Path) -> Result<(), TableStoreError> {
        let text = match fs::read_to_string(path) {
            Ok(text) => text,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(source) => return Err(TableStoreError::Io { doing: "read", path: path.into(), source }),
        };
        self.mappings = import::mappings(&text)
            .map_err(|refusal| TableStoreError::Refused { path: path.into(), refusal })?;
        Ok(())
    }

    pub fn releases(&self) -> &[Loaded] {
        &self.releases
    }

    /// The newest release of a kind: of those in force on a day, else of all.
    pub fn newest(&self, kind: Kind, day: chrono::NaiveDate) -> Option<&Loaded> {
        let of_kind = || self.releases.iter().filter(|r| r.meta.kind == kind);
        // of two of the same first day the later import wins: max_by_key gives the last
        let begun = of_kind().filter(|r| r.meta.from <= day).max_by_key(|r| r.meta.from);
        begun.or_else(|| of_kind().min_by_key(|r| r.meta.from))
    }

    /// The release whose hash begins so.
    pub fn find(&self, prefix: &str) -> Result<&Loaded, TableStoreError> {
        let lower = prefix.to_ascii_lowercase();
        let hits: Vec<&Loaded> = self.releases.iter().filter(|r| r.hash.starts_with(&lower)).collect();
        match hits.as_slice() {
            [one] => Ok(one),
            [] => Err(TableStoreError::Unknown(prefix.into())),
            many => Err(TableStoreError::Ambiguous { prefix: prefix.into(), found: many.len() }),
        }
    }

    fn path(&self, hash: &str) -> PathBuf {
        self.dir.join(format!("{hash}.gz"))
    }

    /// The canonical content of a release, checked against its hash.
    pub fn content(&self, hash: &str) -> Result<Vec<u8>, TableStoreError> {
        let path = self.path(hash);
        let file = File::open(&path).map_err(io_error("read", &path))?;
        let mut content = Vec::new();
        let read = GzDecoder::new(file).take(MOST_UNPACKED).read_to_end(&mut content);
        let damaged =
            |reason: String| TableStoreError::Refused { path: path.clone(), refusal: Refusal::whole(reason) };
        read.map_err(|e| damaged(format!("the kept table is damaged: {e}; import its file again")))?;
        if ReleaseHash::of(&content).to_string() != hash {
            return Err(damaged("the kept table is not what its name says; import its file again".into()));
        }
        Ok(content)
    }

    /// A release, read whole.
    pub fn release(&self, hash: &str) -> Result<Release, TableStoreError> {
        let content = self.content(hash)?;
        Release::from_canonical(&content)
            .map_err(|refusal| TableStoreError::Refused { path: self.path(hash), refusal })
    }

    /// Reads a file and keeps what it holds, one release or two. Either all of it is loaded after
    /// this, or nothing.
    pub fn import(
        &mut self,
        path: &Path,
        stated: &Stated,
        now: DateTime<Utc>,
    ) -> Result<Vec<Done>, TableStoreError> {
        let bytes = read_file(path)?;
        let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
        let stated = Stated { name: clean_line(&name).into_owned(), ..stated.clone() };
        fs::create_dir_all(&self.dir).map_err(io_error("make", &self.dir))?;
        let lock = self.lock()?;
        // what another import has added meanwhile counts
        self.releases = read_manifest(&self.dir)?;
        let refused = |refusal| TableStoreError::Refused { path: path.to_path_buf(), refusal };
        let source_sha256 = hex(&Sha256::digest(&bytes));
        let mut out = Vec::new();
        let mut releases = self.releases.clone();
        for reading in import::read(&bytes, &stated, &*self).map_err(refused)? {
            let content = reading
                .release
                .canonical()
                .map_err(|e| refused(Refusal::whole(format!("cannot be kept: {e}"))))?;
            let hash = ReleaseHash::of(&content).to_string();
            if let Some(known) = releases.iter().find(|r| r.hash == hash) {
                out.push(Done { loaded: known.clone(), already: true, remarks: reading.remarks });
                continue;
            }
            let counts = reading.release.counts().into_iter().map(|(what, n)| (what.to_string(), n));
            let loaded = Loaded {
                meta: reading.release.meta.clone(),
                source: stated.name.clone(),
                source_sha256: source_sha256.clone(),
                records: reading.records,
                base: reading.base.map(|b| b.to_string()),
                counts: counts.collect(),
                imported: now,
                hash,
            };
            let kept = self.path(&loaded.hash);
            let mut packed = GzEncoder::new(Vec::new(), Compression::new(6));
            let packed =
                packed.write_all(&content).and_then(|()| packed.finish()).map_err(io_error("pack", &kept))?;
            replace(&self.dir, &kept, &packed)?;
            releases.push(loaded.clone());
            out.push(Done { loaded, already: false, remarks: reading.remarks });
        }
        if releases.len() > self.releases.len() {
            self.write_manifest(releases)?;
        }
        drop(lock);
        Ok(out)
    }

    /// Takes a release out of the set and deletes its file.
    pub fn remove(&mut self, hash: &str) -> Result<(), TableStoreError> {
        let lock = self.lock()?;
        self.releases = read_manifest(&self.dir)?;
        let releases = self.releases.iter().filter(|r| r.hash != hash).cloned().collect();
        self.write_manifest(releases)?;
        let path = self.path(hash);
        // the manifest decides; a file that stays behind is only disk space
        let _ = fs::remove_file(path);
        drop(lock);
        Ok(())
    }

    fn write_manifest(&mut self, releases: Vec<Loaded>) -> Result<(), TableStoreError> {
        let path = self.dir.join("manifest.json");
        let manifest = Manifest { form: FORM, releases };
        let text = serde_json::to_vec_pretty(&manifest)
            .map_err(|e| TableStoreError::Manifest { path: path.clone(), problem: e.to_string() })?;
        replace(&self.dir, &path, &text)?;
        self.releases = manifest.releases;
        self.known = Default::default();
        Ok(())
    }

    fn lock(&self) -> Result<File, TableStoreError> {
        let path = self.dir.join("lock");
        let file = File::options().create(true).truncate(false).write(true).open(&path);
        let file = file.map_err(io_error("lock", &path))?;
        match rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => Ok(file),
            Err(rustix::io::Errno::WOULDBLOCK) => Err(TableStoreError::Busy { path: self.dir.clone() }),
            Err(e) => Err(TableStoreError::Io { doing: "lock", path, source: e.into() }),
        }
    }

    /// Names the set of tables a book is made of: what ships and what is loaded.
    pub fn set_hash(&self) -> [u8; 32] {
        if self.releases.is_empty() {
            return Tables::shipped().hash();
        }
        let hashes: Vec<ReleaseHash> = self.releases.iter().filter_map(Loaded::release_hash).collect();
        Tables::hash_with(&hashes)
    }

    /// Everything a book is made of. Reads every loaded release; takes about a second.
    pub fn tables(&self) -> Result<Tables, TableStoreError> {
        if self.releases.is_empty() {
            return Ok(Tables::shipped());
        }
        let mut builder = SiteBuilder::default();
        for r in &self.releases {
            builder.add(self.release(&r.hash)?);
        }
        let site = builder.finish(&|system| shipped_known(system).unwrap_or_default());
        Ok(Tables::with_site(SiteTables { name: Some(self.set_hash()), ..site }))
    }

    /// The volumes of the book screens: of each kind the release in force on a day, else the newest.
    /// Reads them all; takes about half a second.
    pub fn volumes(&self, day: chrono::NaiveDate) -> Result<Volumes, TableStoreError> {
        let mut volumes = Volumes::default();
        for kind in VOLUMES {
            if let Some(r) = self.newest(kind, day) {
                import::shelve(&self.release(&r.hash)?, &mut volumes);
            }
        }
        Ok(volumes)
    }

    /// Whether a book was made of exactly these tables.
    pub fn made(&self, book: &Book) -> bool {
        book.tables_hash() == self.set_hash()
    }
}

impl Library for TableStore {
    fn known(&self, system: CodeSystem) -> &Known {
        let slot = &self.known[usize::from(system == CodeSystem::Icd10pcs)];
        slot.get_or_init(|| match system {
            CodeSystem::Icd10cm | CodeSystem::Icd10pcs => shipped_known(system).unwrap_or_default(),
            CodeSystem::Cpt | CodeSystem::Hcpcs => Known::default(),
        })
    }

    fn mappings(&self) -> &[Mapping] {
        &self.mappings
    }

    fn releases(&self, kind: Kind) -> Vec<(ReleaseHash, Meta)> {
        let of_kind = self.releases.iter().filter(|r| r.meta.kind == kind);
        of_kind.filter_map(|r| Some((r.release_hash()?, r.meta.clone()))).collect()
    }

    fn load(&self, hash: ReleaseHash) -> Result<Release, Refusal> {
        self.release(&hash.to_string()).map_err(|e| Refusal::whole(e.to_string()))
    }
}

fn shipped_known(system: CodeSystem) -> Result<Known, BookError> {
    Ok(Known::new(Tables::shipped_periods(system)?))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

fn io_error(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> TableStoreError {
    let path = path.to_path_buf();
    move |source| TableStoreError::Io { doing, path, source }
}

/// The bytes of a file, never more than a table can have.
fn read_file(path: &Path) -> Result<Vec<u8>, TableStoreError> {
    let file = File::open(path).map_err(io_error("read", path))?;
    let mut bytes = Vec::new();
    let most = import::MOST_BYTES as u64 + 1;
    file.take(most).read_to_end(&mut bytes).map_err(io_error("read", path))?;
    Ok(bytes)
}

fn read_manifest(dir: &Path) -> Result<Vec<Loaded>, TableStoreError> {
    let path = dir.join("manifest.json");
    let text = match fs::read(&path) {
        Ok(text) => text,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(source) => return Err(TableStoreError::Io { doing: "read", path, source }),
    };
    let wrong = |problem: String| TableStoreError::Manifest { path: path.clone(), problem };
    let manifest: Manifest = serde_json::from_slice(&text).map_err(|e| wrong(e.to_string()))?;
    if manifest.form != FORM {
        return Err(wrong(format!("form {}, this program reads {FORM}", manifest.form)));
    }
    if let Some(bad) = manifest.releases.iter().find(|r| r.release_hash().is_none()) {
        return Err(wrong(format!("{:?} is no hash", bad.hash)));
    }
    Ok(manifest.releases)
}

/// Writes a file beside and renames it into place, both flushed to the disk.
fn replace(dir: &Path, path: &Path, bytes: &[u8]) -> Result<(), TableStoreError> {
    let temp = dir.join(format!("new.{}", std::process::id()));
    let written = (|| {
        let mut file = File::create(&temp)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&temp, path)?;
        File::open(dir)?.sync_all()
    })();
    written.map_err(|source| {
        // a half-written file is of no use to anyone
        let _ = fs::remove_file(&temp);
        TableStoreError::Io { doing: "write", path: path.to_path_buf(), source }
    })
}
