//! Imported payment tables on disk: stored by content, listed in an index, mapped read-only.
//!
//! Owns the folder `edit_tables` of a data directory: `SHA256.tbl` is a packed release, never changed once
//! its name is there; `index.json` says which are in use and is the one thing an import commits, by renaming
//! it into place, so that an import is whole or did not happen. Two imports at once wait for each other.
//! Reads `edits.toml` too. Called at the start on a worker thread and by the command line.

use crate::edits::tables::{Built, Input, Meta, Packed, ReadError, TableError, Tables, Told, read};
use crate::edits::{EditPolicy, PolicyError};
use memmap2::Mmap;
use rustix::fs::{FlockOperation, flock};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Why tables cannot be stored or used.
#[derive(Debug, thiserror::Error)]
pub enum EditTablesError {
    #[error("cannot {doing} {}: {source}", path.display())]
    Io { doing: &'static str, path: PathBuf, source: io::Error },
    #[error("nothing was imported:\n{}", .0.iter().map(|e| format!("  {e}")).collect::<Vec<_>>().join("\n"))]
    Refused(Vec<ReadError>),
    #[error("{}: {source}", path.display())]
    Damaged { path: PathBuf, source: TableError },
    #[error("{} cannot be read: {problem}. Import the tables again", path.display())]
    Index { path: PathBuf, problem: String },
    #[error(
        "nothing was imported: {what} has {rows} rows, {before} had {was}. If it is whole all the same, give --fewer"
    )]
    Fewer { what: String, rows: u64, before: String, was: u64 },
}

/// One release in use.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    pub sha256: String,
    /// Bytes on disk.
    pub bytes: u64,
    #[serde(flatten)]
    pub meta: Meta,
}

impl Entry {
    fn same_place(&self, other: &Entry) -> bool {
        self.meta.kind == other.meta.kind && self.meta.from == other.meta.from
    }
}

/// What an import is told besides its files.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    pub told: Told,
    /// Take a release with far fewer rows than the one before it.
    pub fewer: bool,
}

/// A release with less than this share of its forerunner's rows is likely cut short.
const SHARE: u64 = 80;

pub fn folder(data: &Path) -> PathBuf {
    data.join("edit_tables")
}

fn io_error(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> EditTablesError {
    let path = path.to_path_buf();
    move |source| EditTablesError::Io { doing, path, source }
}

/// The releases in use, by kind and first day.
pub fn list(data: &Path) -> Result<Vec<Entry>, EditTablesError> {
    let path = folder(data).join("index.json");
    match fs::read(&path) {
        Ok(bytes) => serde_json::from_slice(&bytes)
            .map_err(|e| EditTablesError::Index { path, problem: e.to_string() }),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(e) => Err(io_error("read", &path)(e)),
    }
}

/// Reads files, packs them and puts them in use, all or none. Answers what is new.
pub fn import(data: &Path, files: &[PathBuf], options: Options) -> Result<Vec<Entry>, EditTablesError> {
    let maps = files.iter().map(|p| map(p)).collect::<Result<Vec<_>, _>>()?;
    let names: Vec<String> = files
        .iter()
        .map(|p| p.file_name().map_or_else(|| p.display().to_string(), |n| n.to_string_lossy().into_owned()))
        .collect();
    let inputs: Vec<Input> =
        names.iter().zip(&maps).map(|(name, bytes)| Input { name, bytes: (**bytes).as_ref() }).collect();
    let built = read(&inputs, options.told).map_err(EditTablesError::Refused)?;
    let dir = folder(data);
    fs::create_dir_all(&dir).map_err(io_error("make the folder", &dir))?;
    let lock_path = dir.join("lock");
    let lock = File::create(&lock_path).map_err(io_error("open", &lock_path))?;
    flock(&lock, FlockOperation::LockExclusive).map_err(|e| io_error("lock", &lock_path)(e.into()))?;
    let mut index = list(data)?;
    if !options.fewer {
        built.iter().try_for_each(|b| enough(b, &index))?;
    }
    let mut new = Vec::new();
    for b in built {
        let sha256 = hex(&Sha256::digest(&b.bytes));
        write_new(&dir, &dir.join(format!("{sha256}.tbl")), &b.bytes)?;
        let entry = Entry { sha256, bytes: b.bytes.len() as u64, meta: b.meta };
        index.retain(|e| !e.same_place(&entry));
        index.push(entry.clone());
        new.push(entry);
    }
    index.sort_by_key(|e| (e.meta.kind, e.meta.from));
    let text = serde_json::to_vec_pretty(&index)
        .map_err(|e| EditTablesError::Index { path: dir.join("index.json"), problem: e.to_string() })?;
    write_new(&dir, &dir.join("index.json"), &text)?;
    sync_folder(&dir);
    sweep(&dir, &index);
    Ok(new)
}

fn enough(built: &Built, index: &[Entry]) -> Result<(), EditTablesError> {
    let of = |e: &&Entry| e.meta.kind == built.meta.kind && e.meta.from != built.meta.from;
    let nearest = |e: &&Entry| (e.meta.from - built.meta.from).num_days().abs();
    match index.iter().filter(of).min_by_key(nearest) {
        Some(e) if built.meta.rows.saturating_mul(100) < e.meta.rows.saturating_mul(SHARE) => {
            Err(EditTablesError::Fewer {
                what: built.meta.cite(),
                rows: built.meta.rows,
                before: e.meta.cite(),
                was: e.meta.rows,
            })
        }
        _ => Ok(()),
    }
}

/// Takes a release out of use: its kind and release, as the list shows them.
pub fn remove(data: &Path, sha256: &str) -> Result<Option<Entry>, EditTablesError> {
    let dir = folder(data);
    let mut index = list(data)?;
    let Some(at) = index.iter().position(|e| !sha256.is_empty() && e.sha256.starts_with(sha256)) else {
        return Ok(None);
    };
    let gone = index.remove(at);
    let text = serde_json::to_vec_pretty(&index)
        .map_err(|e| EditTablesError::Index { path: dir.join("index.json"), problem: e.to_string() })?;
    write_new(&dir, &dir.join("index.json"), &text)?;
    sweep(&dir, &index);
    Ok(Some(gone))
}

/// Maps every release in use. A damaged one is left out and named: the others still check.
pub fn load(data: &Path) -> (Tables, Vec<EditTablesError>) {
    let mut tables = Tables::default();
    let mut errors = Vec::new();
    let index = list(data).unwrap_or_else(|e| {
        errors.push(e);
        Vec::new()
    });
    for entry in index {
        let path = folder(data).join(format!("{}.tbl", entry.sha256));
        let opened = map(&path).and_then(|bytes| {
            let damaged = |source| EditTablesError::Damaged { path: path.clone(), source };
            tables.add(Packed::open(bytes).map_err(damaged)?).map_err(damaged)
        });
        if opened.is_err() {
            tables.note_damage(format!("{} cannot be used", entry.meta.cite()));
        }
        errors.extend(opened.err());
    }
    (tables, errors)
}

/// Reads every release in use through and compares it with its name.
pub fn verify(data: &Path) -> Result<Vec<(Entry, bool)>, EditTablesError> {
    let mut out = Vec::new();
    for entry in list(data)? {
        let path = folder(data).join(format!("{}.tbl", entry.sha256));
        let whole = hash_file(&path).map_err(io_error("read", &path))? == entry.sha256;
        out.push((entry, whole));
    }
    Ok(out)
}

/// The site's severities, with what is wrong in the file; no file is no change.
pub fn policy(data: &Path) -> Result<(EditPolicy, Vec<PolicyError>), EditTablesError> {
    let path = data.join("edits.toml");
    match fs::read_to_string(&path) {
        Ok(text) => Ok(EditPolicy::read(&path.display().to_string(), &text)),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(Default::default()),
        Err(e) => Err(io_error("read", &path)(e)),
    }
}

struct Bytes(Option<Mmap>);

impl AsRef<[u8]> for Bytes {
    fn as_ref(&self) -> &[u8] {
        self.0.as_deref().unwrap_or(&[])
    }
}

#[allow(unsafe_code)]
fn map(path: &Path) -> Result<Arc<dyn AsRef<[u8]> + Send + Sync>, EditTablesError> {
    let file = File::open(path).map_err(io_error("open", path))?;
    let len = file.metadata().map_err(io_error("read", path))?.len();
    if len == 0 {
        return Ok(Arc::new(Bytes(None)));
    }
    // SAFETY: a packed table is only ever made under another name and renamed into place, so its bytes stay.
    // A file being imported is the user's: cut while it is read, the import ends as any failing read would.
    let map = unsafe { Mmap::map(&file) }.map_err(io_error("map", path))?;
    Ok(Arc::new(Bytes(Some(map))))
}

fn write_new(dir: &Path, path: &Path, bytes: &[u8]) -> Result<(), EditTablesError> {
    let temp = dir.join(format!("new.{}", std::process::id()));
    let written = (|| {
        let mut file = File::create(&temp)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&temp, path)
    })();
    written.map_err(|e| {
        // A half-written file is of no use to anyone.
        let _ = fs::remove_file(&temp);
        io_error("write", path)(e)
    })
}

/// Makes the renames last; a file system that cannot is no reason to fail.
fn sync_folder(dir: &Path) {
    if let Ok(d) = File::open(dir) {
        let _ = d.sync_all();
    }
}

/// Removes packed tables that no index names; whoever has one mapped keeps it.
fn sweep(dir: &Path, index: &[Entry]) {
    let Ok(entries) = fs::read_dir(dir) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        if let Some(sha) = name.strip_suffix(".tbl")
            && !index.iter().any(|e| e.sha256 == sha)
        {
            let _ = fs::remove_file(entry.path());
        }
    }
}

fn hash_file(path: &Path) -> io::Result<String> {
    let mut file = File::open(path)?;
    let mut hash = Sha256::new();
    let mut buffer = vec![0u8; 1 << 20];
    loop {
        let n = file.read(&mut buffer)?;
        if n == 0 {
            return Ok(hex(&hash.finalize()));
        }
        hash.update(&buffer[..n]);
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::edits::tables::{Code, Kind};

    fn mue(dir: &Path, day: &str, units: &[u32]) -> PathBuf {
        let path = dir.join(format!("MCR_MUE_PractitionerServices_Eff_{day}.csv"));
        let rows: String =
            units.iter().enumerate().map(|(i, u)| format!("J{:04},{u},3 Day,x\n", 1000 + i)).collect();
        let head = "\"HCPCS/\nCPT Code\",Practitioner Services MUE Values,MUE Adjudication Indicator,MUE Rationale\n";
        fs::write(&path, format!("{head}{rows}")).unwrap();
        path
    }

    fn limit(data: &Path, day: &str) -> Option<u32> {
        let (tables, errors) = load(data);
        assert!(errors.is_empty(), "{errors:?}");
        let table = tables.mue(Kind::MuePractitioner, day.parse().unwrap())?;
        table.limit(Code::new("J1000").unwrap()).map(|l| l.units)
    }

    #[test]
    fn an_import_is_whole_or_did_not_happen() {
        let data = tempfile::tempdir().unwrap();
        let files = tempfile::tempdir().unwrap();
        let old = mue(files.path(), "07-01-2026", &[8, 1, 1, 1, 1]);
        let new = mue(files.path(), "10-01-2026", &[4, 1, 1, 1, 1]);
        let bad = files.path().join("letter.txt");
        fs::write(&bad, "a letter").unwrap();
        assert!(import(data.path(), &[old.clone(), bad], Options::default()).is_err());
        assert_eq!(list(data.path()).unwrap(), []);
        import(data.path(), &[old, new.clone()], Options::default()).unwrap();
        assert_eq!((limit(data.path(), "2026-08-01"), limit(data.path(), "2026-11-03")), (Some(8), Some(4)));
        // The same again is the same; a corrected file takes the place of the first.
        import(data.path(), std::slice::from_ref(&new), Options::default()).unwrap();
        let corrected = mue(files.path(), "10-01-2026", &[6, 1, 1, 1, 1]);
        import(data.path(), &[corrected], Options::default()).unwrap();
        assert_eq!((list(data.path()).unwrap().len(), limit(data.path(), "2026-11-03")), (2, Some(6)));
        let kept = fs::read_dir(folder(data.path())).unwrap().flatten();
        assert_eq!(kept.filter(|e| e.path().extension().is_some_and(|x| x == "tbl")).count(), 2);
        assert!(verify(data.path()).unwrap().iter().all(|(_, whole)| *whole));
        // Far fewer rows than the quarter before: likely half a file.
        let short = mue(files.path(), "01-01-2027", &[4]);
        let e =
            import(data.path(), std::slice::from_ref(&short), Options::default()).unwrap_err().to_string();
        assert!(e.contains("has 1 rows") && e.contains("--fewer"), "{e}");
        import(data.path(), &[short], Options { fewer: true, ..Options::default() }).unwrap();
    }

    #[test]
    fn a_damaged_table_is_named_and_the_others_stay() {
        let data = tempfile::tempdir().unwrap();
        let files = tempfile::tempdir().unwrap();
        let paths = [mue(files.path(), "07-01-2026", &[8]), mue(files.path(), "10-01-2026", &[4])];
        let entries = import(data.path(), &paths, Options::default()).unwrap();
        let path = folder(data.path()).join(format!("{}.tbl", entries[1].sha256));
        let bytes = fs::read(&path).unwrap();
        fs::write(&path, &bytes[..bytes.len() - 3]).unwrap();
        let (tables, errors) = load(data.path());
        assert_eq!((tables.releases().count(), errors.len()), (1, 1));
        assert!(errors[0].to_string().contains("cut short"), "{}", errors[0]);
        assert!(verify(data.path()).unwrap().iter().any(|(_, whole)| !whole));
        let gone = remove(data.path(), &entries[1].sha256[..12]).unwrap().unwrap();
        assert_eq!(gone.meta.release, "2026Q4");
        assert_eq!(load(data.path()).1.len(), 0);
    }
}
