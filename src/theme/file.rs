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
        let mut roles: BTreeMap<Role, Style> = BTreeMap::new();
        self.collect(name, &mut Vec::new(), &mut roles)?;
        let styles = Role::ALL.iter().map(|r| depth.style(resolve(*r, &roles))).collect();
        Ok(Theme { name: name.to_string(), styles })
    }

    /// Reads a theme over what it inherits.
    fn collect(
        &self,
        name: &str,
        chain: &mut Vec<String>,
        roles: &mut BTreeMap<Role, Style>,
    ) -> Result<(), ThemeError> {
        let asked_by = chain.last().cloned().unwrap_or_default();
        let Some((file, text)) = self.texts.get(name) else {
            let known = self.names().join(", ");
            let problem = format!("there is no theme {name:?}; there are {known}");
            return Err(ThemeError { file: asked_by, line: None, field: String::new(), problem });
        };
        let error = |field: &str, problem: String| {
            let line = text
                .lines()
                .position(|l| l.trim_start().starts_with(field.rsplit('.').next().unwrap_or(field)));
            ThemeError { file: file.clone(), line: line.map(|l| l + 1), field: field.into(), problem }
        };
        if chain.iter().any(|c| c == file) {
            return Err(error("inherits", format!("goes in a circle: {} -> {file}", chain.join(" -> "))));
        }
        chain.push(file.clone());
        let table: toml::Table = text.parse().map_err(|e: toml::de::Error| ThemeError {
            file: file.clone(),
            line: e.span().map(|s| text[..s.start].matches('\n').count() + 1),
            field: String::new(),
            problem: e.message().to_string(),
        })?;
        if let Some(parent) = table.get("inherits") {
            let parent =
                parent.as_str().ok_or_else(|| error("inherits", "has to be the name of a theme".into()))?;
            self.collect(parent, chain, roles)?;
        }
        let palette = table.get("palette").and_then(toml::Value::as_table).cloned().unwrap_or_default();
        let mut colors = BTreeMap::new();
        for (name, value) in &palette {
            let field = format!("palette.{name}");
            let text = value.as_str().ok_or_else(|| error(&field, "has to be a colour in quotes".into()))?;
            colors.insert(name.as_str(), color(text, &BTreeMap::new()).map_err(|p| error(&field, p))?);
        }
        for (name, value) in table.get("roles").and_then(toml::Value::as_table).cloned().unwrap_or_default() {
            let field = format!("roles.{name}");
            let role = Role::from_name(&name).ok_or_else(|| error(&field, "is not a role".into()))?;
            let text = value.as_str().ok_or_else(|| error(&field, "has to be a style in quotes".into()))?;
            roles.insert(role, style(text, &colors).map_err(|p| error(&field, p))?);
        }
        for key in table.keys().filter(|k| !["inherits", "palette", "roles"].contains(&k.as_str())) {
            return Err(error(key, "is not inherits, palette or roles".into()));
        }
        Ok(())
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
fn color(text: &str, palette: &BTreeMap<&str, Color>) -> Result<Color, String> {
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
fn style(text: &str, palette: &BTreeMap<&str, Color>) -> Result<Style, String> {
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
mod tests {
    use super::*;

    fn luminance(c: Color) -> Option<f64> {
        let Color::Rgb(r, g, b) = c else { return None };
        let part = |v: u8| {
            let v = f64::from(v) / 255.0;
            if v <= 0.03928 { v / 12.92 } else { ((v + 0.055) / 1.055).powf(2.4) }
        };
        Some(0.2126 * part(r) + 0.7152 * part(g) + 0.0722 * part(b))
    }

    #[test]
    fn six_themes_ship_and_each_gives_every_role() {
        let themes = Themes::default();
        assert_eq!(themes.names(), ORDER);
        for name in ORDER {
            themes.get(name, Depth::True).unwrap_or_else(|e| panic!("{e}"));
        }
    }

    #[test]
    fn status_is_never_by_colour_alone_in_mono() {
        let mono = Themes::default().get("dark", Depth::Mono).unwrap();
        assert_eq!(mono.name, "mono");
        let text = mono.style(Role::Text);
        for role in
            [Role::Cursor, Role::Selected, Role::Stop, Role::Ask, Role::Hold, Role::Denied, Role::BannerError]
        {
            let s = mono.style(role);
            assert_ne!(s.add_modifier, text.add_modifier, "{role:?}");
            assert_eq!((s.fg, s.bg), (None, None), "{role:?}");
        }
    }

    #[test]
    fn ansi_uses_the_sixteen_names_only() {
        let theme = Themes::default().get("ansi", Depth::True).unwrap();
        for role in Role::ALL {
            let s = theme.style(*role);
            for c in [s.fg, s.bg].into_iter().flatten() {
                assert!(!matches!(c, Color::Rgb(..) | Color::Indexed(_)), "{role:?}");
            }
        }
    }

    #[test]
    fn words_can_be_read_on_their_ground() {
        for (name, least) in [("contrast", 7.0), ("dark", 4.5), ("light", 4.5), ("blue-orange", 4.5)] {
            let theme = Themes::default().get(name, Depth::True).unwrap();
            let ground = theme.style(Role::Text).bg.and_then(luminance).expect("the theme names its ground");
            for role in Role::ALL.iter().filter(|r| **r != Role::Rule) {
                let s = theme.style(*role);
                let bg = s.bg.and_then(luminance).unwrap_or(ground);
                let Some(fg) = s.fg.and_then(luminance) else { continue };
                let ratio = (fg.max(bg) + 0.05) / (fg.min(bg) + 0.05);
                assert!(ratio >= least, "{name} {role:?}: contrast {ratio:.1}");
            }
        }
    }

    #[test]
    fn mistakes_are_named_with_file_line_and_field() {
        let mut themes = Themes::default();
        themes.add("a", "a.toml", "inherits = \"b\"\n");
        themes.add("b", "b.toml", "inherits = \"a\"\n");
        assert!(themes.get("a", Depth::True).unwrap_err().to_string().contains("circle"));
        themes.add("c", "c.toml", "[roles]\ntext = \"red\"\nstop = \"mauve\"\n");
        assert_eq!(
            themes.get("c", Depth::True).unwrap_err().to_string(),
            "c.toml line 3, roles.stop: \"mauve\" is not a colour"
        );
        themes.add("d", "d.toml", "[roles]\nstup = \"red\"\n");
        assert!(themes.get("d", Depth::True).unwrap_err().to_string().contains("roles.stup: is not a role"));
        assert!(themes.get("nope", Depth::True).is_err());
    }
}
