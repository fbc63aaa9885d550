//! Where things are, and the settings a person may write: `config.toml`, `keys.toml`, `themes/*.toml`.
//!
//! Owns the data directory and reading those files. Nothing is written on a first run: a file of defaults
//! would pin people to the defaults of the version that wrote it. Choices made inside the program (theme, key
//! map, list) live in the cache.

use crate::theme::Themes;
use serde::Deserialize;
use std::path::{Path, PathBuf};

#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    #[error("cannot find a home directory: give --data-dir DIR or set CODESK_DATA_DIR")]
    NoHome,
    #[error("cannot read {path}: {source}")]
    Read { path: PathBuf, source: std::io::Error },
    #[error("{path}{line}: {problem}", line = line.map(|l| format!(" line {l}")).unwrap_or_default())]
    Bad { path: PathBuf, line: Option<usize>, problem: String },
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

#[derive(Clone, Debug)]
pub struct Config {
    /// Cache, embedded hub, index, logs and settings.
    pub dir: PathBuf,
    pub theme: String,
    pub keys: String,
    pub user: Option<String>,
    /// Whether the codes that are used here are counted and come first in a search.
    pub history: bool,
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
        let path = dir.join("config.toml");
        let file = match read(&path)? {
            None => File::default(),
            Some(text) => toml::from_str::<File>(&text).map_err(|e| ConfigError::Bad {
                line: e.span().map(|s| text[..s.start].matches('\n').count() + 1),
                path,
                problem: e.message().to_string(),
            })?,
        };
        Ok(Config { dir, theme: file.theme, keys: file.keys, user: file.user, history: file.history })
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
