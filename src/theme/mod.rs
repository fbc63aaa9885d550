//! Themes: what each role looks like, at the depth the terminal has.
//!
//! Owns the roles, the theme files (`themes/*.toml`: palette, roles, `inherits`) and the way down from 24-bit to
//! 256 to 16 colours to none. A theme always gives a style for every role: what it leaves out falls back to a
//! near role and at last to plain text. Never asks the terminal anything. Pure but for the embedded files.

mod depth;
mod file;

pub use depth::Depth;
pub use file::{ThemeError, Themes};

use ratatui::style::Style;

macro_rules! roles {
    ($($variant:ident = $name:literal $(or $fallback:ident)?),+ $(,)?) => {
        /// What a piece of the screen means.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Role { $($variant),+ }
        impl Role {
            pub const ALL: &'static [Role] = &[$(Role::$variant),+];
            pub fn name(self) -> &'static str {
                match self { $(Role::$variant => $name),+ }
            }
            /// The role it looks like when a theme does not say.
            pub fn fallback(self) -> Option<Role> {
                match self { $(Role::$variant => roles!(@f $($fallback)?)),+ }
            }
        }
    };
    (@f) => { None };
    (@f $f:ident) => { Some(Role::$f) };
}

roles! {
    Text = "text",
    Muted = "muted" or Text,
    Title = "title" or Text,
    TitleFocused = "title_focused" or Title,
    Rule = "rule" or Muted,
    Cursor = "cursor" or Text,
    Selected = "selected" or TitleFocused,
    Key = "key" or Title,
    Hint = "hint" or Muted,
    Code = "code" or Title,
    CodeHeader = "code_header" or Muted,
    Money = "money" or Text,
    Input = "input" or Text,
    Match = "match" or Title,
    Stop = "stop" or Title,
    Ask = "ask" or Title,
    Info = "info" or Text,
    Ok = "ok" or Text,
    Hold = "hold" or Ask,
    Query = "query" or Ask,
    New = "new" or Text,
    Changed = "changed" or Ask,
    Denied = "denied" or Stop,
    Paid = "paid" or Ok,
    Banner = "banner" or Title,
    BannerError = "banner_error" or Stop,
    Offline = "offline" or Ask,
    Evidence = "evidence" or Match,
}

impl Role {
    pub fn from_name(name: &str) -> Option<Role> {
        Role::ALL.iter().copied().find(|r| r.name() == name)
    }
}

/// A finished theme: one style a role, in colours the terminal has.
#[derive(Clone, Debug)]
pub struct Theme {
    pub name: String,
    styles: Vec<Style>,
}

impl Theme {
    pub fn style(&self, role: Role) -> Style {
        self.styles.get(role as usize).copied().unwrap_or_default()
    }

    /// The same theme in fewer colours.
    pub fn at_depth(&self, depth: Depth) -> Theme {
        Theme { name: self.name.clone(), styles: self.styles.iter().map(|s| depth.style(*s)).collect() }
    }
}
