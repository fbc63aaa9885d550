//! Theme files: reading, inheriting, and errors that name file and field.

use super::{Depth, Role, Theme};
use include_dir::{Dir, include_dir};
use ratatui::style::{Color, Modifier, Style};
use std::collections::BTreeMap;
use std::fmt;

static SHIPPED: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/themes");

/// The order in which the shipped themes are offered.
const ORDER: [&str; 6] = ["ansi", "dark", "light", "contrast", "blue-orange", "mono"];

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ThemeError {
    pub file: String,
    pub line: Option<usize>,
    pub field: String,
    pub problem: String,
}

impl fmt::Display for ThemeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.file.is_empty() {
            return f.write_str(&self.problem);
        }
        write!(f, "{}", self.file)?;
        if let Some(line) = self.line {
            write!(f, " line {line}")?;
        }
        if !self.field.is_empty() {
            write!(f, ", {}", self.field)?;
        }
        write!(f, ": {}", self.problem)
    }
}
impl std::error::Error for ThemeError {}

/// All themes that can be chosen: shipped ones and the user's, by name.
pub struct Themes {
    texts: BTreeMap<String, (String, String)>,
}

impl Default for Themes {
    fn default() -> Themes {
        let mut texts = BTreeMap::new();
        for file in SHIPPED.files() {
            let path = file.path();
            if let (Some(stem), Some(text)) = (path.file_stem(), file.contents_utf8()) {
                let name = stem.to_string_lossy().into_owned();
                texts.insert(name, (path.display().to_string(), text.to_string()));
            }
        }
        Themes { texts }
    }
}

impl Themes {
    /// Adds a user's theme; one of the same name replaces the shipped one.
    pub fn add(&mut self, name: &str, file: &str, text: &str) {
        self.texts.insert(name.to_string(), (file.to_string(), text.to_string()));
    }

    pub fn names(&self) -> Vec<String> {
        let mut names: Vec<String> =
            ORDER.iter().filter(|n| self.texts.contains_key(**n)).map(|n| n.to_string()).collect();
        names.extend(self.texts.keys().filter(|n| !ORDER.contains(&n.as_str())).cloned());
        names
    }

    /// A theme ready for this terminal. Without colour it is always `mono`, whatever was asked for: another
    /// theme would lose what it says by colour.
    pub fn get(&self, name: &str, depth: Depth) -> Result<Theme, ThemeError> {
        let name = if depth == Depth::Mono { "mono" } else { name };
        let mut read = Gathered::default();
        self.gather(name, &mut read)?;
        let mut roles = BTreeMap::new();
        for (role, (words, source)) in &read.roles {
            let wrong = |problem| source.error(Some("roles"), role.name(), problem);
            roles.insert(*role, style(words, &read.palette).map_err(wrong)?);
        }
        let styles = Role::ALL.iter().map(|r| depth.style(resolve(*r, &roles))).collect();
        Ok(Theme { name: name.to_string(), styles })
    }

    /// Reads a theme over what it inherits.
    fn gather<'a>(&'a self, name: &str, read: &mut Gathered<'a>) -> Result<(), ThemeError> {
        let Some((file, text)) = self.texts.get(name) else {
            let problem = format!("there is no theme {name:?}; there are {}", self.names().join(", "));
            return Err(match read.chain.last() {
                Some(heir) => heir.error(None, "inherits", problem),
                None => ThemeError { file: String::new(), line: None, field: String::new(), problem },
            });
        };
        let source = Source { file, text };
        if read.chain.iter().any(|c| c.file == file) {
            let way: Vec<&str> = read.chain.iter().map(|c| c.file).chain([file.as_str()]).collect();
            let heir = read.chain.last().copied().unwrap_or(source);
            return Err(heir.error(None, "inherits", format!("goes in a circle: {}", way.join(" -> "))));
        }
        read.chain.push(source);
        let table: toml::Table = text.parse().map_err(|e: toml::de::Error| ThemeError {
            file: file.clone(),
            line: e.span().and_then(|s| text.get(..s.start)).map(|t| t.matches('\n').count() + 1),
            field: String::new(),
            problem: e.message().to_string(),
        })?;
        if let Some(key) = table.keys().find(|k| !["inherits", "palette", "roles"].contains(&k.as_str())) {
            return Err(source.error(None, key, "is not inherits, palette or roles".into()));
        }
        if let Some(parent) = table.get("inherits") {
            let not_a_name = || source.error(None, "inherits", "has to be the name of a theme".into());
            self.gather(parent.as_str().ok_or_else(not_a_name)?, read)?;
        }
        for (name, words) in source.section(&table, "palette")? {
            let wrong = |problem| source.error(Some("palette"), name, problem);
            read.palette.insert(name.to_string(), color(words, &BTreeMap::new()).map_err(wrong)?);
        }
        for (name, words) in source.section(&table, "roles")? {
            let not_a_role = || source.error(Some("roles"), name, "is not a role".into());
            let role = Role::from_name(name).ok_or_else(not_a_role)?;
            read.roles.insert(role, (words.to_string(), source));
        }
        Ok(())
    }
}

/// What a theme and its ancestors say, the nearest last. Styles are read when the palette is whole, so that a
/// theme can inherit the roles of another and give them its own colours.
#[derive(Default)]
struct Gathered<'a> {
    chain: Vec<Source<'a>>,
    palette: BTreeMap<String, Color>,
    roles: BTreeMap<Role, (String, Source<'a>)>,
}

/// A theme file, for saying where in it something is wrong.
#[derive(Clone, Copy)]
struct Source<'a> {
    file: &'a str,
    text: &'a str,
}

impl Source<'_> {
    fn error(self, section: Option<&str>, key: &str, problem: String) -> ThemeError {
        let field = section.map_or_else(|| key.to_string(), |s| format!("{s}.{key}"));
        ThemeError { file: self.file.into(), line: self.line(section, key), field, problem }
    }

    /// Names and words of a section; empty when it is not there.
    fn section<'t>(self, table: &'t toml::Table, name: &str) -> Result<Vec<(&'t str, &'t str)>, ThemeError> {
        let Some(value) = table.get(name) else { return Ok(Vec::new()) };
        let not_a_section = || self.error(None, name, format!("has to be a section [{name}]"));
        let section = value.as_table().ok_or_else(not_a_section)?;
        let words = section.iter().map(|(key, value)| {
            let not_words = || self.error(Some(name), key, "has to be in quotes".into());
            Ok((key.as_str(), value.as_str().ok_or_else(not_words)?))
        });
        words.collect()
    }

    /// The line of `key` in `[section]`, or of the section `[key]` itself.
    fn line(self, section: Option<&str>, key: &str) -> Option<usize> {
        let mut at: Option<&str> = None;
        for (n, line) in self.text.lines().enumerate() {
            let line = line.trim();
            if let Some(name) = line.strip_prefix('[').and_then(|l| l.split(']').next()) {
                at = Some(name.trim());
                if section.is_none() && at == Some(key) {
                    return Some(n + 1);
                }
            } else if at == section
                && let Some((name, _)) = line.split_once('=')
                && name.trim().trim_matches(['"', '\'']) == key
            {
                return Some(n + 1);
            }
        }
        None
    }
}

fn resolve(role: Role, roles: &BTreeMap<Role, Style>) -> Style {
    let mut at = Some(role);
    while let Some(r) = at {
        if let Some(style) = roles.get(&r) {
            return *style;
        }
        at = r.fallback();
    }
    Style::default()
}

/// `red`, `bright-red`, `#rrggbb`, `default`, a palette name.
fn color(text: &str, palette: &BTreeMap<String, Color>) -> Result<Color, String> {
    if let Some(c) = palette.get(text) {
        return Ok(*c);
    }
    if let Some(hex) = text.strip_prefix('#') {
        let bad = || format!("{text:?} is not #rrggbb");
        let n = u32::from_str_radix(hex, 16).ok().filter(|_| hex.len() == 6).ok_or_else(bad)?;
        return Ok(Color::Rgb((n >> 16) as u8, (n >> 8) as u8, n as u8));
    }
    Ok(match text {
        "default" => Color::Reset,
        "black" => Color::Black,
        "red" => Color::Red,
        "green" => Color::Green,
        "yellow" => Color::Yellow,
        "blue" => Color::Blue,
        "magenta" => Color::Magenta,
        "cyan" => Color::Cyan,
        "white" => Color::Gray,
        "bright-black" => Color::DarkGray,
        "bright-red" => Color::LightRed,
        "bright-green" => Color::LightGreen,
        "bright-yellow" => Color::LightYellow,
        "bright-blue" => Color::LightBlue,
        "bright-magenta" => Color::LightMagenta,
        "bright-cyan" => Color::LightCyan,
        "bright-white" => Color::White,
        _ => return Err(format!("{text:?} is not a colour")),
    })
}

/// `red bold on blue`: a colour, attributes, and after `on` the background.
fn style(text: &str, palette: &BTreeMap<String, Color>) -> Result<Style, String> {
    let mut style = Style::default();
    let mut on = false;
    for word in text.split_whitespace() {
        match word {
            "on" => on = true,
            "bold" => style = style.add_modifier(Modifier::BOLD),
            "dim" => style = style.add_modifier(Modifier::DIM),
            "italic" => style = style.add_modifier(Modifier::ITALIC),
            "underline" => style = style.add_modifier(Modifier::UNDERLINED),
            "reverse" => style = style.add_modifier(Modifier::REVERSED),
            name if on => style = style.bg(color(name, palette)?),
            name => style = style.fg(color(name, palette)?),
        }
    }
    Ok(style)
}

#[cfg(test)]
mod tests;
