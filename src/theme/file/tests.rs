//! What every shipped theme owes, at every depth, and how mistakes in a theme are told.

use super::*;

/// Roles that tell a state of the work: in mono each has to differ from plain text.
const STATUS: [Role; 17] = [
    Role::Cursor,
    Role::Selected,
    Role::Match,
    Role::Evidence,
    Role::Stop,
    Role::Ask,
    Role::Info,
    Role::Ok,
    Role::Hold,
    Role::Query,
    Role::New,
    Role::Changed,
    Role::Denied,
    Role::Paid,
    Role::Banner,
    Role::BannerError,
    Role::Offline,
];

fn luminance(c: Color) -> Option<f64> {
    let Color::Rgb(r, g, b) = c else { return None };
    let part = |v: u8| {
        let v = f64::from(v) / 255.0;
        if v <= 0.03928 { v / 12.92 } else { ((v + 0.055) / 1.055).powf(2.4) }
    };
    Some(0.2126 * part(r) + 0.7152 * part(g) + 0.0722 * part(b))
}

fn with(name: &str, text: &str) -> Themes {
    let mut themes = Themes::default();
    themes.add(name, &format!("{name}.toml"), text);
    themes
}

fn told(name: &str, text: &str) -> String {
    with(name, text).get(name, Depth::True).unwrap_err().to_string()
}

#[test]
fn six_themes_ship_and_each_gives_every_role() {
    let themes = Themes::default();
    assert_eq!(themes.names(), ORDER);
    for name in ORDER {
        let theme = themes.get(name, Depth::True).unwrap_or_else(|e| panic!("{e}"));
        assert_eq!(theme.styles.len(), Role::ALL.len());
    }
}

#[test]
fn status_is_never_by_colour_alone_in_mono() {
    let mono = Themes::default().get("dark", Depth::Mono).unwrap();
    assert_eq!(mono.name, "mono");
    let text = mono.style(Role::Text);
    for role in STATUS {
        assert_ne!(mono.style(role).add_modifier, text.add_modifier, "{role:?}");
    }
    for role in Role::ALL {
        let s = mono.style(*role);
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
            // Some palettes (Solarized) have their own ground in this place: what is written so is not seen.
            assert_ne!(c, Color::DarkGray, "{role:?}");
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
fn nothing_vanishes_with_fewer_colours() {
    for name in ORDER {
        for depth in [Depth::Sixteen, Depth::Indexed, Depth::True] {
            let theme = Themes::default().get(name, depth).unwrap();
            let ground = theme.style(Role::Text).bg;
            for role in Role::ALL {
                let s = theme.style(*role);
                let bg = s.bg.or(ground);
                assert!(s.fg.is_none() || bg.is_none() || s.fg != bg, "{name} at {depth:?}: {role:?}");
                if matches!(role, Role::Cursor | Role::Selected) {
                    let reversed = s.add_modifier.contains(Modifier::REVERSED);
                    assert!(
                        reversed || (s.bg.is_some() && s.bg != ground),
                        "{name} at {depth:?}: {role:?} is not seen"
                    );
                }
            }
        }
    }
}

#[test]
fn an_heir_gives_inherited_roles_its_own_colours() {
    let themes = with("mine", "inherits = \"dark\"\n[palette]\nred = \"#ff0000\"\n[roles]\nok = \"red\"\n");
    let (mine, dark) = (themes.get("mine", Depth::True).unwrap(), themes.get("dark", Depth::True).unwrap());
    assert_eq!(mine.style(Role::Stop).fg, Some(Color::Rgb(255, 0, 0)));
    assert_eq!(mine.style(Role::Ok).fg, Some(Color::Rgb(255, 0, 0)));
    assert_eq!(mine.style(Role::Info), dark.style(Role::Info));
}

#[test]
fn what_a_theme_leaves_out_falls_back_to_a_near_role() {
    let theme = with("bare", "[roles]\nstop = \"red\"\n").get("bare", Depth::True).unwrap();
    assert_eq!(theme.style(Role::Denied).fg, Some(Color::Red));
    assert_eq!(theme.style(Role::Money), Style::default());
    // Every chain of fallbacks ends at plain text.
    for role in Role::ALL {
        let steps = std::iter::successors(Some(*role), |r| r.fallback()).take(10).count();
        assert!(steps < 10, "{role:?}");
    }
}

#[test]
fn mistakes_are_named_with_file_line_and_field() {
    assert_eq!(
        told("c", "[palette]\nstop = \"#ff0000\"\n[roles]\ntext = \"red\"\nstop = \"mauve\"\n"),
        "c.toml line 5, roles.stop: \"mauve\" is not a colour"
    );
    assert_eq!(
        told("c", "[roles]\ntitle_focused = \"red\"\ntitle = \"x\"\n"),
        "c.toml line 3, roles.title: \"x\" is not a colour"
    );
    assert_eq!(
        told("c", "[palette]\nred = \"#ff00\"\n"),
        "c.toml line 2, palette.red: \"#ff00\" is not #rrggbb"
    );
    assert_eq!(told("c", "[roles]\nstup = \"red\"\n"), "c.toml line 2, roles.stup: is not a role");
    assert_eq!(told("c", "[roles]\nstop = 3\n"), "c.toml line 2, roles.stop: has to be in quotes");
    assert_eq!(
        told("c", "[colours]\nred = \"red\"\n"),
        "c.toml line 1, colours: is not inherits, palette or roles"
    );
    assert!(told("c", "[roles]\nstop = \"red\n").starts_with("c.toml line 2: "));
    assert!(
        told("c", "\ninherits = \"nope\"\n")
            .starts_with("c.toml line 2, inherits: there is no theme \"nope\"")
    );
    let none = Themes::default().get("nope", Depth::True).unwrap_err().to_string();
    assert!(none.starts_with("there is no theme \"nope\"; there are ansi, dark"), "{none}");
}

#[test]
fn inheriting_in_a_circle_is_told() {
    let mut themes = with("a", "inherits = \"b\"\n");
    themes.add("b", "b.toml", "inherits = \"a\"\n");
    let e = themes.get("a", Depth::True).unwrap_err().to_string();
    assert_eq!(e, "b.toml line 1, inherits: goes in a circle: a.toml -> b.toml -> a.toml");
    assert!(told("self", "inherits = \"self\"\n").contains("circle"));
}
