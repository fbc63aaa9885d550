//! MS-DRG tables on disk: what a site has imported, beside the shipped ones.
//!
//! Owns the folder `drg` of the data directory, reading it into a `drg::Library`, and writing an imported table or
//! a year's weights beside and renaming it into place. A damaged file is left out and named, so that grouping goes
//! on with what is whole. Called by the command line, and once by the workstation's start on a worker thread.

use crate::drg::import::{ImportError, Release, compact_text};
use crate::drg::{Library, TableError, TableHead, Weights};
use flate2::Compression;
use flate2::write::GzEncoder;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

#[derive(Debug, thiserror::Error)]
pub enum DrgFileError {
    #[error("cannot {doing} {}: {source}", path.display())]
    Io { doing: &'static str, path: PathBuf, source: io::Error },
    #[error("{}: {source}", path.display())]
    Import { path: PathBuf, source: ImportError },
    #[error("{}: {source}", path.display())]
    Table { path: PathBuf, source: TableError },
    #[error("the shipped DRG tables cannot be read: {0}")]
    Shipped(TableError),
}

/// The shipped tables and those in `data_dir/drg`; then what could not be read there.
pub fn open(data_dir: &Path) -> Result<(Library, Vec<DrgFileError>), DrgFileError> {
    let mut library = Library::shipped().map_err(DrgFileError::Shipped)?;
    let mut faults = Vec::new();
    let folder = data_dir.join("drg");
    let mut files: Vec<PathBuf> =
        fs::read_dir(&folder).map(|all| all.flatten().map(|f| f.path()).collect()).unwrap_or_default();
    files.sort();
    for path in files.iter().filter(|p| p.to_string_lossy().ends_with(".txt.gz")) {
        if let Err(fault) = add(&mut library, path) {
            faults.push(fault);
        }
    }
    Ok((library, faults))
}

fn add(library: &mut Library, path: &Path) -> Result<(), DrgFileError> {
    let table = |source| DrgFileError::Table { path: path.to_path_buf(), source };
    let bytes = fs::read(path).map_err(io_error("read", path))?;
    let weights = path.file_name().is_some_and(|n| n.to_string_lossy().starts_with("weights"));
    if weights {
        library.add_weights(Weights::read_gz(&bytes).map_err(table)?);
    } else {
        library.add(bytes).map_err(table)?;
    }
    Ok(())
}

fn io_error(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> DrgFileError {
    let path = path.to_path_buf();
    move |source| DrgFileError::Io { doing, path, source }
}

/// The compact table of the facts in `folder`, as it is stored (gzip text), and the faults of the files.
pub fn import(folder: &Path, release: &Release<'_>) -> Result<(Vec<u8>, Vec<String>), DrgFileError> {
    let made = compact_text(release, &|name| fs::read_to_string(folder.join(name)).ok())
        .map_err(|source| DrgFileError::Import { path: folder.to_path_buf(), source })?;
    Ok((pack(&made.text, folder)?, made.faults))
}

/// A year's weights from Table 5, as they are stored.
pub fn import_weights(file: &Path, year: u16, provenance: &str) -> Result<(Weights, Vec<u8>), DrgFileError> {
    let bytes = fs::read(file).map_err(io_error("read", file))?;
    // The agency writes Windows-1252; figures and marks are plain ASCII in it.
    let text = String::from_utf8_lossy(&bytes);
    let weights = Weights::import(&text, year, provenance)
        .map_err(|source| DrgFileError::Table { path: file.to_path_buf(), source })?;
    let packed = pack(&weights.compact_text(), file)?;
    Ok((weights, packed))
}

/// Gzip without a time or a name: the same text gives the same bytes.
fn pack(text: &str, from: &Path) -> Result<Vec<u8>, DrgFileError> {
    let mut gz = GzEncoder::new(Vec::new(), Compression::best());
    gz.write_all(text.as_bytes()).and_then(|()| gz.finish()).map_err(io_error("pack", from))
}

/// Puts an imported table where `open` finds it.
pub fn store(data_dir: &Path, head: &TableHead, bytes: &[u8]) -> Result<PathBuf, DrgFileError> {
    write(&data_dir.join("drg").join(format!("drg_{}.txt.gz", head.version)), bytes)
}

/// Puts a year's weights where `open` finds them.
pub fn store_weights(data_dir: &Path, weights: &Weights, bytes: &[u8]) -> Result<PathBuf, DrgFileError> {
    write(&data_dir.join("drg").join(format!("weights_{}.txt.gz", weights.fiscal_year)), bytes)
}

/// Writes beside and renames, so that a reader sees the old file or the new one.
pub fn write(path: &Path, bytes: &[u8]) -> Result<PathBuf, DrgFileError> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(io_error("make the directory", folder))?;
    }
    let temp = path.with_extension(format!("{}.new", std::process::id()));
    let written = fs::File::create(&temp)
        .and_then(|mut f| f.write_all(bytes).and_then(|()| f.sync_all()))
        .and_then(|()| fs::rename(&temp, path));
    written.map_err(|source| {
        let _ = fs::remove_file(&temp); // half a file is of no use
        DrgFileError::Io { doing: "write", path: path.to_path_buf(), source }
    })?;
    Ok(path.to_path_buf())
}
