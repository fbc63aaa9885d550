//! Where things are, and the settings a person may write: `config.toml`, `keys.toml`, `themes/*.toml`.
//!
//! Owns the data directory and reading those files. Nothing is written on a first run: a file of defaults
//! would pin people to the defaults of the version that wrote it. Choices made inside the program (theme, key
//! map, list) live in the cache.

use crate::theme::Themes;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    #[error("cannot find a home directory: give --data-dir DIR or set CODESK_DATA_DIR")]
    NoHome,
    #[error("cannot read {path}: {source}")]
    Read { path: PathBuf, source: std::io::Error },
    #[error("{path}{line}: {problem}", line = line.map(|l| format!(" line {l}")).unwrap_or_default())]
    Bad { path: PathBuf, line: Option<usize>, problem: String },
    #[error("{path} can be read by others: chmod 600 {path}")]
    Open { path: PathBuf },
    #[error("cannot create {path}: {source}. Choose another place with --data-dir DIR")]
    Create { path: PathBuf, source: std::io::Error },
}

/// `config.toml`; every field has a default.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct File {
    theme: String,
    keys: String,
    user: Option<String>,
    history: bool,
}

impl Default for File {
    fn default() -> File {
        File { theme: "ansi".into(), keys: "default".into(), user: None, history: true }
    }
}

/// `hub.toml`, written by `codesk init --hub`: where the shared database is. Never a password.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct HubFile {
    /// `sqlite:PATH` or `postgres://…`
    pub address: String,
    /// A streaming copy of a PostgreSQL hub that pulls are read from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replica: Option<String>,
    /// The cache holds lists and what is worked on, not every encounter of its scopes.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub lists_only: bool,
}

#[derive(Clone, Debug)]
pub struct Config {
    /// Cache, embedded hub, index, logs and settings.
    pub dir: PathBuf,
    pub theme: String,
    pub keys: String,
    pub user: Option<String>,
    /// Whether the codes that are used here are counted and come first in a search.
    pub history: bool,
    /// The shared database, where it is not the embedded one of this folder.
    pub hub: Option<HubFile>,
}

/// `--data-dir`, or where this system keeps a program's data.
pub fn data_dir(given: Option<&Path>) -> Result<PathBuf, ConfigError> {
    match given {
        Some(dir) => Ok(dir.to_path_buf()),
        None => directories::ProjectDirs::from("org", "codesk", "codesk")
            .map(|d| d.data_dir().to_path_buf())
            .ok_or(ConfigError::NoHome),
    }
}

impl Config {
    /// Reads the settings; a missing file is the defaults.
    pub fn load(given: Option<&Path>) -> Result<Config, ConfigError> {
        let dir = data_dir(given)?;
        let file: File = settings(&dir.join("config.toml"))?.unwrap_or_default();
        let hub = settings(&dir.join(HUB_FILE))?;
        Ok(Config { dir, theme: file.theme, keys: file.keys, user: file.user, history: file.history, hub })
    }

    /// Remembers where the shared database is, and its password if it needs one; only this user can read that.
    pub fn write_hub(&self, hub: &HubFile, password: Option<&str>) -> Result<(), ConfigError> {
        self.create_dir()?;
        if let Some(p) = password {
            write_private(&self.dir.join(PASSWORD_FILE), p)?;
        }
        let path = self.dir.join(HUB_FILE);
        let text = toml::to_string(hub).map_err(|e| ConfigError::Bad {
            path: path.clone(),
            line: None,
            problem: e.to_string(),
        })?;
        write_private(&path, &text)
    }

    /// Back to the embedded hub of this folder.
    pub fn forget_hub(&self) -> Result<(), ConfigError> {
        let path = self.dir.join(HUB_FILE);
        match std::fs::remove_file(&path) {
            Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
                Err(ConfigError::Create { path, source })
            }
            _ => Ok(()),
        }
    }

    /// The password of the shared database. A file that others can read is refused.
    pub fn hub_password(&self) -> Result<Option<String>, ConfigError> {
        read_private(&self.dir.join(PASSWORD_FILE))
    }

    /// Makes the data directory, for this user alone.
    pub fn create_dir(&self) -> Result<(), ConfigError> {
        let fail = |source| ConfigError::Create { path: self.dir.clone(), source };
        std::fs::create_dir_all(&self.dir).map_err(fail)?;
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let _ = std::fs::set_permissions(&self.dir, std::fs::Permissions::from_mode(0o700));
        }
        Ok(())
    }

    /// Where the code book lies: one folder a host lets every user share its pages.
    pub fn book_dir(&self) -> PathBuf {
        std::env::var_os("CODESK_BOOK_DIR")
            .filter(|d| !d.is_empty())
            .map_or_else(|| self.dir.clone(), PathBuf::from)
    }

    /// The user's changes to the key map: file name and text.
    pub fn key_patch(&self) -> Result<Option<(String, String)>, ConfigError> {
        let path = self.dir.join("keys.toml");
        Ok(read(&path)?.map(|text| (path.display().to_string(), text)))
    }

    /// Shipped themes and the user's own.
    pub fn themes(&self) -> Result<Themes, ConfigError> {
        let mut themes = Themes::default();
        let dir = self.dir.join("themes");
        let entries = match std::fs::read_dir(&dir) {
            Ok(e) => e,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(themes),
            Err(source) => return Err(ConfigError::Read { path: dir, source }),
        };
        for entry in entries.flatten() {
            let path = entry.path();
            let name = path.file_stem().map(|s| s.to_string_lossy().into_owned());
            if let (Some(name), true) = (name, path.extension().is_some_and(|x| x == "toml"))
                && let Some(text) = read(&path)?
            {
                themes.add(&name, &path.display().to_string(), &text);
            }
        }
        Ok(themes)
    }
}

const HUB_FILE: &str = "hub.toml";
const PASSWORD_FILE: &str = "hub.password";

fn settings<T: serde::de::DeserializeOwned>(path: &Path) -> Result<Option<T>, ConfigError> {
    let Some(text) = read(path)? else { return Ok(None) };
    toml::from_str::<T>(&text).map(Some).map_err(|e| ConfigError::Bad {
        line: e.span().map(|s| text[..s.start].matches('\n').count() + 1),
        path: path.to_path_buf(),
        problem: e.message().to_string(),
    })
}

/// The first line of a file that only its owner may read.
pub fn read_private(path: &Path) -> Result<Option<String>, ConfigError> {
    let Some(text) = read(path)? else { return Ok(None) };
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let meta = std::fs::metadata(path)
            .map_err(|source| ConfigError::Read { path: path.to_path_buf(), source })?;
        if meta.permissions().mode() & 0o077 != 0 {
            return Err(ConfigError::Open { path: path.to_path_buf() });
        }
    }
    Ok(Some(text.lines().next().unwrap_or_default().to_string()))
}

/// Writes a file that never exists with other rights, and replaces the old one whole.
fn write_private(path: &Path, text: &str) -> Result<(), ConfigError> {
    let fail = |source| ConfigError::Create { path: path.to_path_buf(), source };
    let new = path.with_extension("new");
    let _ = std::fs::remove_file(&new);
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    let mut file = options.open(&new).map_err(fail)?;
    std::io::Write::write_all(&mut file, text.as_bytes()).map_err(fail)?;
    file.sync_all().map_err(fail)?;
    std::fs::rename(&new, path).map_err(fail)
}

fn read(path: &Path) -> Result<Option<String>, ConfigError> {
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(ConfigError::Read { path: path.to_path_buf(), source }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bad_setting_is_named_with_file_and_line() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(Config::load(Some(dir.path())).unwrap().theme, "ansi");
        std::fs::write(dir.path().join("config.toml"), "theme = \"dark\"\ncolour = 3\n").unwrap();
        let e = Config::load(Some(dir.path())).unwrap_err().to_string();
        assert!(e.contains("config.toml line 2") && e.contains("colour"), "{e}");
    }
}
