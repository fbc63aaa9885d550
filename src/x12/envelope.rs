//! ISA, GS, ST and their ends: formats, counts, control numbers.
//!
//! Owns what is open (interchange, group, transaction) and what the envelope rules say (X12.md section 2).
//! Called by `scan` for the six envelope segments only.

use super::elements::time;
use super::issue::{At, Issue, shown};
use super::segment::{Delimiters, Seg};
use std::collections::HashSet;

const AUTHORITY: &str = "X12.5 005010 interchange control; X12 005010X222A1, X223A2 appendix C";
/// ISA01 to ISA16.
const LENGTHS: [usize; 16] = [2, 10, 2, 10, 2, 15, 2, 15, 6, 4, 1, 5, 9, 1, 1, 1];

#[derive(Debug, Default)]
struct Open {
    control: String,
    number: u64,
    inner: u64,
    /// Opened because its first segment was missing: its end is not held against it.
    implied: bool,
}

#[derive(Debug, Default)]
pub(super) struct Envelope {
    isa: Option<Open>,
    gs: Option<Open>,
    st: Option<Open>,
    pub version: String,
    interchanges: HashSet<String>,
    groups: HashSet<String>,
    sets: HashSet<String>,
}

pub(super) fn at(lp: &'static str, id: &'static str, n: usize, number: u64) -> At {
    let field = if n == 0 { id.to_string() } else { format!("{id}{n:02}") };
    At { lp, segment: id.into(), field, line: None, number }
}

fn stop(lp: &'static str, id: &'static str, n: usize, number: u64, message: impl Into<String>) -> Issue {
    Issue::stop("x12.envelope", at(lp, id, n, number), message, AUTHORITY)
}

impl Envelope {
    pub fn in_set(&self) -> bool {
        self.st.is_some()
    }

    pub fn isa(&mut self, seg: &Seg<'_>, d: Delimiters, short: bool, number: u64, out: &mut Vec<Issue>) {
        self.close_all(number, out);
        let values: Vec<&str> = seg.elements().skip(1).collect();
        let say = |out: &mut Vec<Issue>, n: usize, m: String| out.push(stop("ISA", "ISA", n, number, m));
        if short || values.len() != LENGTHS.len() {
            let bad = LENGTHS.iter().zip(&values).position(|(l, v)| v.chars().count() != *l);
            match bad {
                Some(i) => say(
                    out,
                    i + 1,
                    format!(
                        "ISA{:02} has {} characters; it always has {}",
                        i + 1,
                        values[i].chars().count(),
                        LENGTHS[i]
                    ),
                ),
                None => say(out, 0, "ISA is not 106 characters long".to_string()),
            }
        }
        let v = |n: usize| values.get(n - 1).copied().unwrap_or("");
        let mut code = |n: usize, list: &[&str]| {
            if !list.contains(&v(n)) && v(n).chars().count() == LENGTHS[n - 1] {
                let want = list.join(", ");
                say(out, n, format!("ISA{n:02} is {}; {want} are possible", shown(v(n))));
            }
        };
        const KINDS: [&str; 9] = ["01", "14", "20", "27", "28", "29", "30", "33", "ZZ"];
        code(1, &["00", "03"]);
        code(3, &["00", "01"]);
        code(5, &KINDS);
        code(7, &KINDS);
        code(12, &["00501"]);
        code(14, &["0", "1"]);
        code(15, &["P", "T"]);
        for n in [6, 8] {
            if v(n).trim().is_empty() {
                say(
                    out,
                    n,
                    format!(
                        "ISA{n:02} is empty: {} is not named",
                        if n == 6 { "the sender" } else { "the receiver" }
                    ),
                );
            }
        }
        if v(9).len() == 6 && super::elements::day(&format!("20{}", v(9))).is_none() {
            say(out, 9, "ISA09 is no date, YYMMDD".into());
        }
        if v(10).len() == 4 && time(v(10)).is_none() {
            say(out, 10, "ISA10 is no time, HHMM".into());
        }
        if v(13).len() == 9 && !v(13).bytes().all(|b| b.is_ascii_digit()) {
            say(out, 13, "ISA13 is nine digits".into());
        }
        let marks = [d.element, d.repetition, d.component, d.terminator];
        if d.repetition.is_ascii_alphanumeric() && d.repetition != b'U' || d.repetition == b' ' {
            say(out, 11, "ISA11, the repetition separator, is a letter, a digit or a blank".into());
        } else if (0..4).any(|i| (0..i).any(|j| marks[i] == marks[j])) {
            say(out, 11, "two of the four separators are the same character".into());
        }
        let component = v(16).bytes().next().unwrap_or(d.component);
        if component.is_ascii_alphanumeric() || component == b' ' {
            say(out, 16, "ISA16, the component separator, is a letter, a digit or a blank".into());
        }
        if !self.interchanges.insert(v(13).to_string()) {
            say(out, 13, "this interchange control number stands twice in the file".into());
        }
        self.groups.clear();
        self.isa = Some(Open { control: v(13).into(), number, inner: 0, implied: false });
    }

    pub fn gs(&mut self, seg: &Seg<'_>, number: u64, out: &mut Vec<Issue>) {
        self.close_st(number, out);
        self.close_gs(number, out);
        if self.isa.is_none() {
            out.push(stop("ISA", "ISA", 0, number, "GS stands outside an interchange: ISA is missing"));
            self.isa = Some(Open { implied: true, number, ..Open::default() });
        }
        if let Some(isa) = &mut self.isa {
            isa.inner += 1;
        }
        let say = |out: &mut Vec<Issue>, n: usize, m: String| out.push(stop("GS", "GS", n, number, m));
        if seg.el(1) != "HC" {
            say(out, 1, format!("GS01 is {}; health care claims are HC", shown(seg.el(1))));
        }
        for n in [2, 3] {
            let l = seg.el(n).chars().count();
            if !(2..=15).contains(&l) {
                say(out, n, format!("GS{n:02} has {l} characters; 2 to 15 are possible"));
            }
        }
        if super::elements::day(seg.el(4)).is_none() {
            say(out, 4, "GS04 is no date, CCYYMMDD".into());
        }
        if time(seg.el(5)).is_none() {
            say(out, 5, "GS05 is no time, HHMM".into());
        }
        let control = seg.el(6);
        if control.is_empty() || control.len() > 9 || !control.bytes().all(|b| b.is_ascii_digit()) {
            say(out, 6, "GS06 is a number of one to nine digits".into());
        } else if !self.groups.insert(control.trim_start_matches('0').to_string()) {
            say(out, 6, "this group control number stands twice in the interchange".into());
        }
        if seg.el(7) != "X" {
            say(out, 7, format!("GS07 is {}; it is always X", shown(seg.el(7))));
        }
        let version = seg.el(8);
        let near = ["005010X222A1", "005010X223A2"];
        if !near.contains(&version) {
            say(out, 8, format!("GS08 is {}; an 837 is {} or {}", shown(version), near[0], near[1]));
        }
        if seg.elements().count() > 9 {
            say(out, 9, "GS has more than eight elements".into());
        }
        self.version = version.to_string();
        self.sets.clear();
        self.gs = Some(Open { control: control.into(), number, inner: 0, implied: false });
    }

    /// Opens a transaction; the guide's version it names.
    pub fn st(&mut self, seg: &Seg<'_>, number: u64, out: &mut Vec<Issue>) -> String {
        self.close_st(number, out);
        if self.gs.is_none() {
            out.push(stop("GS", "GS", 0, number, "ST stands outside a functional group: GS is missing"));
            self.gs = Some(Open { implied: true, number, ..Open::default() });
        }
        if let Some(gs) = &mut self.gs {
            gs.inner += 1;
        }
        let say = |out: &mut Vec<Issue>, n: usize, m: String| out.push(stop("ST", "ST", n, number, m));
        let control = seg.el(2);
        if !(4..=9).contains(&control.chars().count()) {
            say(out, 2, "ST02 has four to nine characters".into());
        } else if !self.sets.insert(control.to_string()) {
            say(out, 2, "this transaction control number stands twice in the group".into());
        }
        let gs_implied = self.gs.as_ref().is_some_and(|g| g.implied);
        let mut version = seg.el(3).to_string();
        if seg.el(1) != "837" {
            say(out, 1, format!("ST01 is {}; this program checks the 837", shown(seg.el(1))));
        }
        if version.is_empty() {
            say(out, 3, "ST03, the guide's version, is missing".into());
            version.clone_from(&self.version);
        } else if !gs_implied && version != self.version {
            say(
                out,
                3,
                format!(
                    "ST03 is {} and GS08 {}: they have to be the same",
                    shown(&version),
                    shown(&self.version)
                ),
            );
        }
        if super::guide::by_version(&version).is_none() && super::guide::by_version(&self.version).is_some() {
            version.clone_from(&self.version);
        }
        if seg.elements().count() > 4 {
            say(out, 4, "ST has more than three elements".into());
        }
        self.st = Some(Open { control: control.into(), number, inner: 0, implied: false });
        version
    }

    /// A transaction whose ST is missing.
    pub fn implied_st(&mut self, number: u64, out: &mut Vec<Issue>) -> String {
        out.push(stop("ST", "ST", 0, number, "segments stand outside a transaction: ST is missing"));
        if self.gs.is_none() {
            self.gs = Some(Open { implied: true, number, ..Open::default() });
        }
        if let Some(gs) = &mut self.gs {
            gs.inner += 1;
        }
        self.st = Some(Open { implied: true, number, ..Open::default() });
        self.version.clone()
    }

    /// `segments` is the number of segments from ST to SE, both counted.
    pub fn se(&mut self, seg: &Seg<'_>, segments: u64, number: u64, out: &mut Vec<Issue>) {
        match self.st.take() {
            None => out.push(stop("ST", "SE", 0, number, "SE without an ST before it")),
            Some(st) if st.implied => {}
            Some(st) => {
                count(seg, "ST", "SE", segments, "segments, ST and SE among them,", number, out);
                same(seg, "ST", "SE", "ST02", &st.control, number, out);
            }
        }
    }

    pub fn ge(&mut self, seg: &Seg<'_>, number: u64, out: &mut Vec<Issue>) {
        self.close_st(number, out);
        match self.gs.take() {
            None => out.push(stop("GS", "GE", 0, number, "GE without a GS before it")),
            Some(gs) if gs.implied => {}
            Some(gs) => {
                count(seg, "GS", "GE", gs.inner, "transactions", number, out);
                same(seg, "GS", "GE", "GS06", &gs.control, number, out);
                if gs.inner == 0 {
                    out.push(stop("GS", "GS", 0, gs.number, "the functional group has no transaction"));
                }
            }
        }
    }

    pub fn iea(&mut self, seg: &Seg<'_>, number: u64, out: &mut Vec<Issue>) {
        self.close_st(number, out);
        self.close_gs(number, out);
        match self.isa.take() {
            None => out.push(stop("ISA", "IEA", 0, number, "IEA without an ISA before it")),
            Some(isa) if isa.implied => {}
            Some(isa) => {
                count(seg, "ISA", "IEA", isa.inner, "functional groups", number, out);
                same(seg, "ISA", "IEA", "ISA13", &isa.control, number, out);
                if seg.el(2).len() != 9 && seg.el(2) == isa.control {
                    out.push(stop("ISA", "IEA", 2, number, "IEA02 is nine digits"));
                }
            }
        }
    }

    /// The file is over: what is still open lacks its end.
    pub fn close_all(&mut self, number: u64, out: &mut Vec<Issue>) {
        self.close_st(number, out);
        self.close_gs(number, out);
        if self.isa.take().is_some_and(|o| !o.implied) {
            out.push(stop("ISA", "IEA", 0, number, "the interchange has no end: IEA is missing"));
        }
    }

    fn close_st(&mut self, number: u64, out: &mut Vec<Issue>) {
        if self.st.take().is_some() {
            out.push(stop("ST", "SE", 0, number, "the transaction has no end: SE is missing"));
        }
    }

    fn close_gs(&mut self, number: u64, out: &mut Vec<Issue>) {
        if self.gs.take().is_some_and(|o| !o.implied) {
            out.push(stop("GS", "GE", 0, number, "the functional group has no end: GE is missing"));
        }
    }
}

fn count(
    seg: &Seg<'_>,
    lp: &'static str,
    id: &'static str,
    is: u64,
    what: &str,
    number: u64,
    out: &mut Vec<Issue>,
) {
    if seg.el(1).parse::<u64>().ok() != Some(is) || !seg.el(1).bytes().all(|b| b.is_ascii_digit()) {
        let message = format!("{id}01 says {}, but there are {is} {what} here", shown(seg.el(1)));
        out.push(stop(lp, id, 1, number, message).fix(format!("write {is}")));
    }
}

fn same(
    seg: &Seg<'_>,
    lp: &'static str,
    id: &'static str,
    first: &str,
    control: &str,
    number: u64,
    out: &mut Vec<Issue>,
) {
    // Numbers compare as numbers: 0001 and 1 are the same group.
    let number_of = |t: &str| if lp == "GS" { t.trim_start_matches('0').to_string() } else { t.to_string() };
    if number_of(seg.el(2)) != number_of(control) {
        let message = format!(
            "{id}02 is {}, {first} is {}: they have to be the same",
            shown(seg.el(2)),
            shown(control)
        );
        out.push(stop(lp, id, 2, number, message));
    }
    if seg.elements().count() > 3 {
        out.push(stop(lp, id, 3, number, format!("{id} has more than two elements")));
    }
}
