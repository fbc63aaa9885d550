//! How many colours the terminal has, and the nearest colour it can show.
//!
//! Told by COLORTERM, TERM and NO_COLOR alone; no query is sent.

use ratatui::style::{Color, Style};

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Depth {
    /// No colour at all: bold, underline and reverse stay.
    Mono,
    Sixteen,
    Indexed,
    True,
}

impl Depth {
    /// From the values of NO_COLOR, COLORTERM and TERM.
    pub fn of(no_color: Option<&str>, colorterm: Option<&str>, term: Option<&str>) -> Depth {
        if no_color.is_some_and(|v| !v.is_empty()) {
            return Depth::Mono;
        }
        let term = term.unwrap_or("");
        match colorterm {
            Some("truecolor" | "24bit") => Depth::True,
            _ if term.contains("256color") || term.contains("direct") => Depth::Indexed,
            _ if term == "dumb" || term.starts_with("vt1") || term.starts_with("vt2") => Depth::Mono,
            _ => Depth::Sixteen,
        }
    }

    pub fn detect() -> Depth {
        let var = |name| std::env::var(name).ok();
        Depth::of(var("NO_COLOR").as_deref(), var("COLORTERM").as_deref(), var("TERM").as_deref())
    }

    pub fn style(self, style: Style) -> Style {
        Style { fg: style.fg.and_then(|c| self.color(c)), bg: style.bg.and_then(|c| self.color(c)), ..style }
    }

    fn color(self, color: Color) -> Option<Color> {
        match (self, color) {
            (Depth::Mono, _) => None,
            (Depth::True, c) => Some(c),
            (Depth::Indexed, Color::Rgb(r, g, b)) => Some(Color::Indexed(nearest_256(r, g, b))),
            (Depth::Sixteen, Color::Rgb(r, g, b)) => Some(nearest_16(r, g, b)),
            (Depth::Sixteen, Color::Indexed(n)) if n > 15 => {
                let (r, g, b) = rgb_of_256(n);
                Some(nearest_16(r, g, b))
            }
            (_, c) => Some(c),
        }
    }
}

const STEPS: [u8; 6] = [0, 95, 135, 175, 215, 255];

fn rgb_of_256(n: u8) -> (u8, u8, u8) {
    match n {
        16..=231 => {
            let n = usize::from(n - 16);
            (STEPS[n / 36], STEPS[n / 6 % 6], STEPS[n % 6])
        }
        232..=255 => {
            let v = 8 + (n - 232) * 10;
            (v, v, v)
        }
        n => {
            let (_, rgb) = SIXTEEN[usize::from(n)];
            rgb
        }
    }
}

fn distance(a: (u8, u8, u8), b: (u8, u8, u8)) -> u32 {
    let d = |x: u8, y: u8| u32::from(x.abs_diff(y)).pow(2);
    // The eye is most sensitive to green and least to blue.
    3 * d(a.0, b.0) + 6 * d(a.1, b.1) + d(a.2, b.2)
}

fn nearest_256(r: u8, g: u8, b: u8) -> u8 {
    (16..=255).min_by_key(|n| distance(rgb_of_256(*n), (r, g, b))).unwrap_or(15)
}

/// Usual values of the 16 colours; a terminal's own palette may differ, their names do not.
const SIXTEEN: [(Color, (u8, u8, u8)); 16] = [
    (Color::Black, (0, 0, 0)),
    (Color::Red, (170, 0, 0)),
    (Color::Green, (0, 170, 0)),
    (Color::Yellow, (170, 120, 0)),
    (Color::Blue, (0, 0, 170)),
    (Color::Magenta, (170, 0, 170)),
    (Color::Cyan, (0, 170, 170)),
    (Color::Gray, (190, 190, 190)),
    (Color::DarkGray, (110, 110, 110)),
    (Color::LightRed, (255, 85, 85)),
    (Color::LightGreen, (85, 255, 85)),
    (Color::LightYellow, (255, 255, 85)),
    (Color::LightBlue, (85, 130, 255)),
    (Color::LightMagenta, (255, 85, 255)),
    (Color::LightCyan, (85, 255, 255)),
    (Color::White, (255, 255, 255)),
];

fn nearest_16(r: u8, g: u8, b: u8) -> Color {
    SIXTEEN.iter().min_by_key(|(_, rgb)| distance(*rgb, (r, g, b))).map_or(Color::White, |(c, _)| *c)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn depth_is_told_by_the_environment() {
        assert_eq!(Depth::of(Some("1"), Some("truecolor"), Some("xterm-256color")), Depth::Mono);
        assert_eq!(Depth::of(Some(""), Some("truecolor"), None), Depth::True);
        assert_eq!(Depth::of(None, None, Some("tmux-256color")), Depth::Indexed);
        assert_eq!(Depth::of(None, None, Some("xterm")), Depth::Sixteen);
        assert_eq!(Depth::of(None, None, Some("vt100")), Depth::Mono);
        assert_eq!(Depth::Sixteen.color(Color::Rgb(250, 250, 250)), Some(Color::White));
        assert_eq!(Depth::Indexed.color(Color::Rgb(255, 0, 0)), Some(Color::Indexed(196)));
        assert_eq!(Depth::Mono.color(Color::Red), None);
    }
}
