//! The code book on disk: made when missing or out of date, then mapped read-only.
//!
//! Owns the file's name, the check that it belongs to the tables of this program, writing it
//! beside and renaming it into place, and the one memory map.
//! Never writes into a mapped file: a book that is replaced is a new file, and whoever holds the
//! old one keeps reading it. One directory a host lets every user share the pages.
//! Called once on a worker thread; the `SharedBook` then goes to every thread.

use crate::codes::{Book, BookError, SharedBytes, Tables, build};
use crate::table_store::{TableStore, TableStoreError};
use memmap2::Mmap;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// A file under way that nobody has written to for so long will not be finished.
const ABANDONED: Duration = Duration::from_secs(600);

/// A book every thread can hold.
pub type SharedBook = Arc<Book>;

/// Why no book can be had.
#[derive(Debug, thiserror::Error)]
pub enum CodesFileError {
    #[error("cannot {doing} the code book {}: {source}", path.display())]
    Io { doing: &'static str, path: PathBuf, source: io::Error },
    #[error("cannot make the code book: {0}")]
    Build(BookError),
    #[error(transparent)]
    Tables(#[from] TableStoreError),
    #[error("the new code book {} cannot be read: {source}", path.display())]
    Unreadable { path: PathBuf, source: BookError },
}

impl CodesFileError {
    /// What the user can do about it.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            CodesFileError::Io { .. } => {
                Some("check that the data directory is writable and has 100 MB free, or set CODESK_DATA_DIR")
            }
            CodesFileError::Tables(_) => Some("codesk tables verify names the table; import its file again"),
            CodesFileError::Build(_) => None,
            CodesFileError::Unreadable { .. } => {
                Some("check the disk; the file is made anew at the next start")
            }
        }
    }
}

/// Place of the book of the shipped tables in a data directory.
pub fn path_in(dir: &Path) -> PathBuf {
    dir.join("codes.book")
}

/// Place of the book of a set of tables: sites that share a directory do not take each other's.
fn path_of(dir: &Path, set: &[u8; 32]) -> PathBuf {
    match *set == Tables::shipped().hash() {
        true => path_in(dir),
        false => {
            let name: String = set.iter().take(8).map(|b| format!("{b:02x}")).collect();
            dir.join(format!("codes-{name}.book"))
        }
    }
}

/// The book of the shipped tables; see `open_site`.
pub fn open(dir: &Path, progress: &mut dyn FnMut(&str, u8)) -> Result<SharedBook, CodesFileError> {
    open_with(dir, &Tables::shipped().hash(), &mut || Ok(Tables::shipped()), progress)
}

/// The book of a given set of tables.
pub fn open_tables(
    dir: &Path,
    tables: &Tables,
    progress: &mut dyn FnMut(&str, u8),
) -> Result<SharedBook, CodesFileError> {
    open_with(dir, &tables.hash(), &mut || Ok(tables.clone()), progress)
}

/// The book of the shipped tables and what a site has loaded. Maps the one in `dir`, after making
/// it if it is missing, damaged or of other tables; `progress` is only called when it is made.
pub fn open_site(
    dir: &Path,
    store: &TableStore,
    progress: &mut dyn FnMut(&str, u8),
) -> Result<SharedBook, CodesFileError> {
    open_with(dir, &store.set_hash(), &mut || Ok(store.tables()?), progress)
}

fn open_with(
    dir: &Path,
    set: &[u8; 32],
    load: &mut dyn FnMut() -> Result<Tables, CodesFileError>,
    progress: &mut dyn FnMut(&str, u8),
) -> Result<SharedBook, CodesFileError> {
    let path = path_of(dir, set);
    if let Ok(book) = map(&path)
        && book.tables_hash() == *set
    {
        return Ok(book);
    }
    progress("reading the loaded tables", 0);
    let bytes = build(&load()?, progress).map_err(CodesFileError::Build)?;
    write(dir, &path, &bytes)?;
    sweep(dir, &path);
    map(&path).map_err(|e| match e {
        MapError::Io(source) => CodesFileError::Io { doing: "map", path: path.clone(), source },
        MapError::Book(source) => CodesFileError::Unreadable { path: path.clone(), source },
    })
}

/// Deletes books of sets of tables that are no more, but for the two youngest: another site of a
/// shared directory may be on one of them. Whoever has one mapped keeps it.
fn sweep(dir: &Path, kept: &Path) {
    let Ok(entries) = fs::read_dir(dir) else { return };
    let mut old: Vec<(std::time::SystemTime, PathBuf)> = entries
        .flatten()
        .filter(|e| e.path() != kept)
        .filter(|e| {
            let name = e.file_name();
            let name = name.to_string_lossy();
            name.starts_with("codes-") && name.ends_with(".book")
        })
        .filter_map(|e| Some((e.metadata().ok()?.modified().ok()?, e.path())))
        .collect();
    old.sort();
    for (_, path) in old.iter().rev().skip(2) {
        // a book that cannot be deleted only takes room
        let _ = fs::remove_file(path);
    }
}

enum MapError {
    Io(io::Error),
    Book(BookError),
}

#[allow(unsafe_code)]
fn map(path: &Path) -> Result<SharedBook, MapError> {
    let file = File::open(path).map_err(MapError::Io)?;
    // SAFETY: the file is only ever replaced by rename, never written in place (`write`), so the
    // bytes behind the map stay as they are while it lives.
    let map = unsafe { Mmap::map(&file) }.map_err(MapError::Io)?;
    let bytes: SharedBytes = Arc::new(map);
    Book::open(bytes).map(Arc::new).map_err(MapError::Book)
}

fn write(dir: &Path, path: &Path, bytes: &[u8]) -> Result<(), CodesFileError> {
    let io = |doing, path: &Path| {
        let path = path.to_path_buf();
        move |source| CodesFileError::Io { doing, path, source }
    };
    fs::create_dir_all(dir).map_err(io("make the directory of", dir))?;
    // two starts at once each write their own file; the later rename wins, both are the same
    sweep_unfinished(dir);
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let temp = dir.join(format!("{name}.{}.new", std::process::id()));
    let written = (|| {
        let mut file = File::create(&temp)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&temp, path)
    })();
    written.map_err(|source| {
        // a half-written file is of no use to anyone
        let _ = fs::remove_file(&temp);
        CodesFileError::Io { doing: "write", path: path.to_path_buf(), source }
    })
}

/// Takes away what a start that was killed while it wrote left behind. One under way is seconds old.
fn sweep_unfinished(dir: &Path) {
    let Ok(entries) = fs::read_dir(dir) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        let age = entry.metadata().and_then(|m| m.modified()).ok().and_then(|t| t.elapsed().ok());
        if name.starts_with("codes") && name.ends_with(".new") && age.is_some_and(|a| a > ABANDONED) {
            let _ = fs::remove_file(entry.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_book_is_made_once_and_mended() {
        let dir = tempfile::tempdir().unwrap();
        let mut steps = 0;
        let book = open(dir.path(), &mut |_, _| steps += 1).unwrap();
        assert!(steps > 0);
        assert_eq!(book.tables_hash(), Tables::shipped().hash());
        let mut again = 0;
        open(dir.path(), &mut |_, _| again += 1).unwrap();
        assert_eq!(again, 0);
        // a damaged file is replaced while the old map stays readable
        fs::write(dir.path().join("x"), b"junk").unwrap();
        fs::rename(dir.path().join("x"), path_in(dir.path())).unwrap();
        open(dir.path(), &mut |_, _| again += 1).unwrap();
        assert!(again > 0);
        assert!(book.lookup(crate::codes::CodeSystem::Icd10cm, "I10").is_some());
        let left = fs::read_dir(dir.path()).unwrap().count();
        assert_eq!(left, 1);
    }
}
