//! The two implementation guides as tables: loops, segments, elements.
//!
//! Owns reading `guide/*.txt` (our own notation, described at the head of each file) into tables, once. Knows
//! what may stand where and what an element may hold; never looks at a claim. Facts of 005010X222A1 and
//! 005010X223A2. Immutable; any thread.

use std::sync::OnceLock;

/// Data element types of X12.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Text,
    Code,
    Decimal,
    Whole,
    Date,
    Time,
}

/// An element or component: what X12 says of it everywhere.
#[derive(Clone, Debug)]
pub struct Atom {
    pub name: &'static str,
    pub kind: Kind,
    pub least: usize,
    pub most: usize,
}

#[derive(Clone, Debug)]
pub enum Shape {
    /// The 837 never uses it.
    Unused,
    Simple(Atom),
    Composite(Vec<Atom>),
}

/// How a guide uses an element or component.
#[derive(Clone, Debug, Default)]
pub struct Usage {
    pub used: bool,
    pub required: bool,
    /// Empty: any value of its type.
    pub codes: Vec<&'static str>,
}

#[derive(Clone, Debug, Default)]
pub struct Element {
    pub usage: Usage,
    /// By component; empty for a simple element.
    pub components: Vec<Usage>,
}

#[derive(Clone, Debug)]
pub struct SegmentUse {
    pub id: &'static str,
    pub name: &'static str,
    pub required: bool,
    /// 0: any number.
    pub most: usize,
    pub elements: Vec<Element>,
    pub shapes: &'static [Shape],
    /// Where its qualifier stands, and which ones mean this segment. Nothing: the id alone says it.
    pub key: Option<(usize, usize)>,
    pub keys: Vec<&'static str>,
    /// Segments of the same rank may stand in any order.
    pub rank: usize,
}

#[derive(Clone, Debug)]
pub struct LoopUse {
    pub id: &'static str,
    pub name: &'static str,
    pub required: bool,
    pub most: usize,
    pub segments: Vec<SegmentUse>,
    /// Loops within, as indices, with their ranks.
    pub within: Vec<(usize, usize)>,
    /// How deep it lies, for a view that indents.
    pub depth: usize,
}

#[derive(Debug)]
pub struct Guide {
    pub version: &'static str,
    pub institutional: bool,
    pub loops: Vec<LoopUse>,
}

const SEGMENTS: &str = include_str!("guide/segments.txt");
const PROFESSIONAL: &str = include_str!("guide/837p.txt");
const INSTITUTIONAL: &str = include_str!("guide/837i.txt");

/// The guide of a version as ST03 and GS08 write it.
pub fn by_version(version: &str) -> Option<&'static Guide> {
    match version {
        "005010X222A1" => Some(professional()),
        "005010X223A2" => Some(institutional()),
        _ => None,
    }
}

pub fn professional() -> &'static Guide {
    static GUIDE: OnceLock<Guide> = OnceLock::new();
    GUIDE.get_or_init(|| read("005010X222A1", false, PROFESSIONAL))
}

pub fn institutional() -> &'static Guide {
    static GUIDE: OnceLock<Guide> = OnceLock::new();
    GUIDE.get_or_init(|| read("005010X223A2", true, INSTITUTIONAL))
}

/// The shapes of a segment's elements, by its id.
pub fn shapes(id: &str) -> Option<&'static [Shape]> {
    static SHAPES: OnceLock<Vec<(&'static str, Vec<Shape>)>> = OnceLock::new();
    let all = SHAPES.get_or_init(|| {
        SEGMENTS
            .lines()
            .filter(|l| !l.starts_with('#') && !l.is_empty())
            .map(|l| {
                let (id, rest) = l.split_once(' ').unwrap_or((l, ""));
                (id, rest.split(' ').map(shape).collect())
            })
            .collect()
    });
    all.iter().find(|(i, _)| *i == id).map(|(_, s)| s.as_slice())
}

const PROCEDURE: &str = "kind:ID2-2,code:AN1-48,modifier:AN2-2,modifier_2:AN2-2,modifier_3:AN2-2,modifier_4:AN2-2,description:AN1-80,code_through:AN1-48";
const HEALTH_CODE: &str = "kind:ID1-3,code:AN1-30,format:ID2-3,date:AN1-35,amount:R1-18,quantity:R1-15,version:AN1-30,code_through:AN1-30,present_on_admission:ID1-1";

fn shape(text: &'static str) -> Shape {
    let list = |t: &'static str| Shape::Composite(t.split(',').map(atom).collect());
    match text {
        "-" => Shape::Unused,
        "P" => list(PROCEDURE),
        "H" => list(HEALTH_CODE),
        t => match t.strip_prefix("C(").and_then(|t| t.strip_suffix(')')) {
            Some(inner) => list(inner),
            None => Shape::Simple(atom(t)),
        },
    }
}

/// `name:AN1-60`
fn atom(text: &'static str) -> Atom {
    let (name, rest) = text.split_once(':').unwrap_or((text, "AN1-80"));
    let (kind, length) = [
        ("ID", Kind::Code),
        ("AN", Kind::Text),
        ("N0", Kind::Whole),
        ("DT", Kind::Date),
        ("TM", Kind::Time),
        ("R", Kind::Decimal),
    ]
    .into_iter()
    .find_map(|(t, k)| rest.strip_prefix(t).map(|l| (k, l)))
    .unwrap_or((Kind::Text, rest));
    let (least, most) = length.split_once('-').unwrap_or((length, length));
    Atom { name, kind, least: least.parse().unwrap_or(1), most: most.parse().unwrap_or(80) }
}

/// Segments whose qualifier tells them apart within a loop, and where it stands.
fn key_of(id: &str) -> Option<(usize, usize)> {
    match id {
        "HL" => Some((3, 0)),
        "HI" => Some((1, 1)),
        "NM1" | "REF" | "DTP" | "AMT" | "QTY" | "NTE" | "CRC" | "PRV" | "PWK" => Some((1, 0)),
        _ => None,
    }
}

fn read(version: &'static str, institutional: bool, text: &'static str) -> Guide {
    let mut loops: Vec<LoopUse> = Vec::new();
    let mut children: Vec<Vec<&'static str>> = Vec::new();
    for line in text.lines().filter(|l| !l.starts_with('#') && !l.is_empty()) {
        if let Some(rest) = line.strip_prefix("loop ") {
            let (id, rest) = rest.split_once(' ').unwrap_or((rest, ""));
            let (usage, name) = rest.split_once(' ').unwrap_or((rest, ""));
            let (required, most) = usage_of(usage);
            let segments = Vec::new();
            loops.push(LoopUse { id, name, required, most, segments, within: Vec::new(), depth: 0 });
            children.push(Vec::new());
        } else if let Some(rest) = line.strip_prefix("> ") {
            if let Some(last) = children.last_mut() {
                *last = rest.split(' ').collect();
            }
        } else if let Some(l) = loops.last_mut() {
            let mut segment = segment(line);
            segment.rank = match l.segments.last() {
                Some(s) if s.id == segment.id => s.rank,
                Some(s) => s.rank + 1,
                None => 0,
            };
            l.segments.push(segment);
        }
    }
    for (i, names) in children.iter().enumerate() {
        let mut rank = loops[i].segments.last().map_or(0, |s| s.rank) + 1;
        let mut last = "";
        for name in names {
            let Some(at) = loops.iter().position(|l| l.id == *name) else { continue };
            // Provider loops share a position and may stand in any order; levels and names may not.
            let family = name.get(..4).unwrap_or(name);
            if last != family || matches!(family, "2010" | "2000") {
                rank += 1;
            }
            last = family;
            loops[i].within.push((at, rank));
        }
    }
    deepen(&mut loops, 0, 0);
    Guide { version, institutional, loops }
}

fn deepen(loops: &mut [LoopUse], at: usize, depth: usize) {
    loops[at].depth = loops[at].depth.max(depth);
    for (child, _) in loops[at].within.clone() {
        deepen(loops, child, depth + 1);
    }
}

/// `R1`, `S10`; 0 is any number.
fn usage_of(text: &str) -> (bool, usize) {
    (text.starts_with('R'), text.get(1..).and_then(|n| n.parse().ok()).unwrap_or(1))
}

fn segment(line: &'static str) -> SegmentUse {
    let (head, name) = line.split_once(" ; ").unwrap_or((line, ""));
    let mut words = head.split(' ');
    let id = words.next().unwrap_or("");
    let (required, most) = usage_of(words.next().unwrap_or("S1"));
    let shapes = shapes(id).unwrap_or(&[]);
    let mut elements: Vec<Element> = shapes
        .iter()
        .map(|s| Element {
            usage: Usage::default(),
            components: match s {
                Shape::Composite(atoms) => vec![Usage::default(); atoms.len()],
                _ => Vec::new(),
            },
        })
        .collect();
    for word in words {
        let (place, codes) = word.split_once('=').unwrap_or((word, ""));
        let (place, required) = match place.strip_suffix('!') {
            Some(p) => (p, true),
            None => (place, false),
        };
        let codes: Vec<&'static str> = codes.split(',').filter(|c| !c.is_empty()).collect();
        let (range, component) = match place.split_once('.') {
            Some((r, c)) => (r, c.parse::<usize>().ok()),
            None => (place, None),
        };
        let (from, to) = range.split_once('-').unwrap_or((range, range));
        let (from, to): (usize, usize) = (from.parse().unwrap_or(1), to.parse().unwrap_or(1));
        for element in elements.iter_mut().take(to).skip(from.saturating_sub(1)) {
            element.usage.used = true;
            let usage = Usage { used: true, required, codes: codes.clone() };
            match component {
                None => element.usage = usage,
                Some(c) => {
                    if let Some(slot) = element.components.get_mut(c.saturating_sub(1)) {
                        *slot = usage;
                    }
                }
            }
        }
    }
    let key = key_of(id);
    let keys = key
        .and_then(|(e, c)| elements.get(e - 1).map(|x| if c == 0 { &x.usage } else { &x.components[c - 1] }))
        .map(|u| u.codes.clone())
        .unwrap_or_default();
    SegmentUse {
        id,
        name,
        required,
        most,
        elements,
        shapes,
        key: key.filter(|_| !keys.is_empty()),
        keys,
        rank: 0,
    }
}

impl SegmentUse {
    /// Whether the segment's qualifier is one of ours.
    pub fn fits(&self, seg: &super::Seg<'_>) -> bool {
        match self.key {
            None => true,
            Some((e, 0)) => self.keys.contains(&seg.el(e)),
            Some((e, c)) => self.keys.contains(&seg.comp(e, c)),
        }
    }

    /// `1` or `1-1`: the element of the qualifier as a field is called.
    pub fn key_field(&self) -> String {
        match self.key {
            Some((e, 0)) => format!("{}{e:02}", self.id),
            Some((e, c)) => format!("{}{e:02}-{c}", self.id),
            None => self.id.to_string(),
        }
    }
}

impl Guide {
    pub fn find(&self, id: &str) -> Option<&LoopUse> {
        self.loops.iter().find(|l| l.id == id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_of_the_tables_is_understood() {
        for guide in [professional(), institutional()] {
            for l in &guide.loops {
                assert!(!l.segments.is_empty(), "{} has no segments", l.id);
                for s in &l.segments {
                    assert!(!s.shapes.is_empty(), "{} has no shape", s.id);
                    assert!(!s.name.is_empty(), "{} {} has no name", l.id, s.id);
                    for (i, e) in s.elements.iter().enumerate() {
                        let unused = matches!(s.shapes[i], Shape::Unused);
                        assert!(
                            !(unused && e.usage.used),
                            "{} {}{:02} is used without a shape",
                            l.id,
                            s.id,
                            i + 1
                        );
                    }
                }
            }
        }
        assert_eq!(professional().find("2400").map(|l| (l.most, l.within.len())), Some((50, 11)));
        // Under the patient level, which is one deeper than the subscriber's.
        assert_eq!(institutional().find("2300").map(|l| l.depth), Some(4));
    }
}
