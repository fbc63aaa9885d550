//! A transaction against its guide: which loop each segment belongs to, and what is missing or out of place.
//!
//! Owns the position in the guide. A file with one fault must give one finding: a lost first segment opens its
//! loop all the same, a wrong qualifier counts for the segment that was due, a segment out of order is taken
//! where it belongs. Whether elements are right is `elements`. One walker a transaction; called by `scan`.

use super::Seg;
use super::guide::{Guide, SegmentUse};
use super::issue::{At, Issue, shown};

const GUIDE: &str = "X12 005010X222A1, 005010X223A2";

/// An open loop.
#[derive(Clone, Debug)]
struct Frame {
    at: usize,
    /// Rank of the furthest item seen.
    rank: usize,
    /// Index of the segment seen last, if the last thing was a segment.
    last: Option<usize>,
    segments: Vec<u16>,
    within: Vec<u16>,
}

/// Where a segment was put.
#[derive(Clone, Copy, Debug)]
pub struct Put {
    pub lp: usize,
    /// Nothing when the loop does not know the segment.
    pub segment: Option<usize>,
    /// Its qualifier is none of the guide's: it was reported here, `elements` need not.
    pub wrong_key: bool,
    /// A loop opened with it.
    pub begins: bool,
}

#[derive(Debug)]
pub struct Walker {
    guide: &'static Guide,
    stack: Vec<Frame>,
    spare: Vec<Frame>,
}

/// How a candidate was found: frames kept open, loops to open below, segment.
#[derive(Clone, Debug)]
struct Way {
    keep: usize,
    open: [usize; 2],
    opens: usize,
    segment: usize,
}

impl Walker {
    pub fn new(guide: &'static Guide) -> Walker {
        let mut w = Walker { guide, stack: Vec::new(), spare: Vec::new() };
        w.open(0);
        w
    }

    /// Puts the next segment into its loop. `number` is its number in the transaction.
    pub fn step(&mut self, seg: &Seg<'_>, number: u64, line: Option<u32>, out: &mut Vec<Issue>) -> Put {
        let id = seg.id();
        // Almost every segment is where it should be.
        if let Some(way) = self.exact(id, seg) {
            return self.take(&way, number, line, out, false);
        }
        if let Some(way) = self.due(id) {
            self.wrong_qualifier(&way, seg, number, line, out);
            return self.take(&way, number, line, out, true);
        }
        if let Some((frame, segment)) = self.skipped(id, seg) {
            let at = self.stack[frame].at;
            let lp = &self.guide.loops[at];
            let use_ = &lp.segments[segment];
            out.push(Issue::stop(
                "x12.order",
                here(lp.id, use_.id, use_.id.to_string(), number, line),
                format!("{} ({}) stands too late in loop {}", use_.id, use_.name, lp.id),
                GUIDE,
            ));
            self.stack[frame].segments[segment] += 1;
            return Put { lp: at, segment: Some(segment), wrong_key: false, begins: false };
        }
        if let Some((frame, segment)) = self.repeated(id, seg) {
            let at = self.stack[frame].at;
            let lp = &self.guide.loops[at];
            let use_ = &lp.segments[segment];
            let most = use_.most;
            out.push(Issue::stop(
                "x12.repeat",
                here(lp.id, use_.id, use_.id.to_string(), number, line),
                format!("{} ({}) stands more than {} in loop {}", use_.id, use_.name, times(most), lp.id),
                GUIDE,
            ));
            return Put { lp: at, segment: Some(segment), wrong_key: false, begins: false };
        }
        if let Some(way) = self.headless(id, seg) {
            return self.take(&way, number, line, out, false);
        }
        if let Some(way) = self.likely(id) {
            self.wrong_qualifier(&way, seg, number, line, out);
            return self.take(&way, number, line, out, true);
        }
        let at = self.stack.last().map_or(0, |f| f.at);
        let lp = &self.guide.loops[at];
        let known = super::guide::shapes(id).is_some();
        let message = match known {
            true => format!("{} has no place in loop {} here", shown(id), lp.id),
            false => format!("{} is no segment of the 837", shown(id)),
        };
        let at_ = here(lp.id, id, shown(id), number, line);
        out.push(Issue::stop("x12.segment", at_, message, GUIDE));
        Put { lp: at, segment: None, wrong_key: false, begins: false }
    }

    /// Closes every loop: what is missing at the end is reported.
    pub fn finish(&mut self, number: u64, line: Option<u32>, out: &mut Vec<Issue>) {
        while !self.stack.is_empty() {
            self.close(number, line, out);
        }
    }

    fn open(&mut self, at: usize) {
        let lp = &self.guide.loops[at];
        let mut frame = self.spare.pop().unwrap_or_else(|| Frame {
            at,
            rank: 0,
            last: None,
            segments: Vec::new(),
            within: Vec::new(),
        });
        frame.at = at;
        frame.rank = 0;
        frame.last = None;
        frame.segments.clear();
        frame.segments.resize(lp.segments.len(), 0);
        frame.within.clear();
        frame.within.resize(lp.within.len(), 0);
        self.stack.push(frame);
    }

    fn close(&mut self, number: u64, line: Option<u32>, out: &mut Vec<Issue>) {
        let Some(frame) = self.stack.pop() else { return };
        let lp = &self.guide.loops[frame.at];
        for (use_, n) in lp.segments.iter().zip(&frame.segments) {
            if use_.required && *n == 0 {
                out.push(missing(lp.id, use_, number, line));
            }
        }
        for ((at, _), n) in lp.within.iter().zip(&frame.within) {
            let child = &self.guide.loops[*at];
            if child.required && *n == 0 {
                let first = &child.segments[0];
                out.push(
                    Issue::stop(
                        "x12.required",
                        here(child.id, first.id, first.id.to_string(), number, line),
                        format!(
                            "loop {} ({}) is missing: {} is expected",
                            child.id,
                            child.name,
                            expected(first)
                        ),
                        GUIDE,
                    )
                    .fix(format!("add the {}", child.name)),
                );
            }
        }
        self.spare.push(frame);
    }

    /// In order, with a qualifier the guide knows: in this loop, in one that begins here, or further up.
    fn exact(&self, id: &str, seg: &Seg<'_>) -> Option<Way> {
        for keep in (1..=self.stack.len()).rev() {
            let frame = &self.stack[keep - 1];
            let lp = &self.guide.loops[frame.at];
            let room = |i: usize, s: &SegmentUse| s.most == 0 || usize::from(frame.segments[i]) < s.most;
            let found =
                lp.segments.iter().enumerate().find(|(i, s)| {
                    *i > 0 && s.id == id && s.rank >= frame.rank && room(*i, s) && s.fits(seg)
                });
            if let Some((segment, _)) = found {
                return Some(Way { keep, open: [0; 2], opens: 0, segment });
            }
            for (i, (at, rank)) in lp.within.iter().enumerate() {
                let child = &self.guide.loops[*at];
                let first = &child.segments[0];
                let room = child.most == 0 || usize::from(frame.within[i]) < child.most;
                if first.id == id && *rank >= frame.rank && room && first.fits(seg) {
                    return Some(Way { keep, open: [*at, 0], opens: 1, segment: 0 });
                }
            }
        }
        // HEADER's own first segment.
        let frame = self.stack.first()?;
        let first = &self.guide.loops[0].segments[0];
        (self.stack.len() == 1 && first.id == id && frame.segments[0] == 0).then_some(Way {
            keep: 1,
            open: [0; 2],
            opens: 0,
            segment: 0,
        })
    }

    /// A segment of that id is required and still missing: the qualifier must be wrong.
    fn due(&self, id: &str) -> Option<Way> {
        for keep in (1..=self.stack.len()).rev() {
            let frame = &self.stack[keep - 1];
            let lp = &self.guide.loops[frame.at];
            let found = lp.segments.iter().enumerate().find(|(i, s)| {
                *i > 0 && s.id == id && s.required && frame.segments[*i] == 0 && s.rank >= frame.rank
            });
            if let Some((segment, _)) = found {
                return Some(Way { keep, open: [0; 2], opens: 0, segment });
            }
            for (i, (at, rank)) in lp.within.iter().enumerate() {
                let child = &self.guide.loops[*at];
                // A level is due when the one above has none yet.
                let wanted = child.required || matches!(child.id, "2000A" | "2000B");
                if child.segments[0].id == id
                    && wanted
                    && frame.within[i] == 0
                    && *rank >= frame.rank
                    && child.segments[0].key.is_some()
                {
                    return Some(Way { keep, open: [*at, 0], opens: 1, segment: 0 });
                }
            }
            // Past a level nothing further up is due.
            if lp.segments[0].id == "HL" && id != "HL" {
                break;
            }
        }
        None
    }

    /// It was passed over: in an open loop, of a lower rank, with room.
    fn skipped(&self, id: &str, seg: &Seg<'_>) -> Option<(usize, usize)> {
        for (f, frame) in self.stack.iter().enumerate().rev() {
            let lp = &self.guide.loops[frame.at];
            let found = lp.segments.iter().enumerate().find(|(i, s)| {
                *i > 0 && s.id == id && frame.segments[*i] == 0 && s.rank < frame.rank && s.fits(seg)
            });
            if let Some((segment, use_)) = found {
                // Without a qualifier only the innermost loop can mean it.
                if use_.key.is_some() || f + 1 == self.stack.len() {
                    return Some((f, segment));
                }
            }
        }
        None
    }

    /// Right after itself, more often than it may.
    fn repeated(&self, id: &str, seg: &Seg<'_>) -> Option<(usize, usize)> {
        let f = self.stack.len().checked_sub(1)?;
        let frame = &self.stack[f];
        let lp = &self.guide.loops[frame.at];
        let keyed = lp.segments.iter().position(|s| s.id == id && s.key.is_some() && s.fits(seg));
        let same = frame.last.filter(|l| lp.segments[*l].id == id && lp.segments[*l].fits(seg));
        let found = same.or(keyed).filter(|i| frame.segments[*i] > 0)?;
        // The first segment again is a loop of its own, if there may be another one.
        if found == 0 && self.stack.len() > 1 {
            let parent = &self.stack[f - 1];
            let plp = &self.guide.loops[parent.at];
            let at = plp.within.iter().position(|(a, _)| *a == frame.at)?;
            if lp.most == 0 || usize::from(parent.within[at]) < lp.most {
                return None;
            }
        }
        Some((f, found))
    }

    /// A segment of a loop whose first segment is not there.
    fn headless(&self, id: &str, seg: &Seg<'_>) -> Option<Way> {
        for keep in (1..=self.stack.len()).rev() {
            let frame = &self.stack[keep - 1];
            let lp = &self.guide.loops[frame.at];
            for (i, (at, rank)) in lp.within.iter().enumerate() {
                let child = &self.guide.loops[*at];
                if *rank < frame.rank || (child.most != 0 && usize::from(frame.within[i]) >= child.most) {
                    continue;
                }
                if let Some(segment) =
                    child.segments.iter().skip(1).position(|s| s.id == id && s.fits(seg)).map(|p| p + 1)
                {
                    return Some(Way { keep, open: [*at, 0], opens: 1, segment });
                }
                // A whole level gone: the loop below names itself.
                for (grand, _) in &child.within {
                    let first = &self.guide.loops[*grand].segments[0];
                    if first.id == id && first.id != "HL" && first.fits(seg) && child.segments[0].id == "HL" {
                        return Some(Way { keep, open: [*at, *grand], opens: 2, segment: 0 });
                    }
                }
            }
        }
        None
    }

    /// Nothing fits: the likeliest segment of that id, so that what follows it finds its loop.
    fn likely(&self, id: &str) -> Option<Way> {
        for keep in (1..=self.stack.len()).rev() {
            let frame = &self.stack[keep - 1];
            let lp = &self.guide.loops[frame.at];
            let found = lp.segments.iter().enumerate().find(|(i, s)| {
                *i > 0
                    && s.id == id
                    && s.key.is_some()
                    && s.rank >= frame.rank
                    && (s.most == 0 || usize::from(frame.segments[*i]) < s.most)
            });
            if let Some((segment, _)) = found {
                return Some(Way { keep, open: [0; 2], opens: 0, segment });
            }
            let mut fits = lp.within.iter().enumerate().filter(|(i, (at, rank))| {
                let child = &self.guide.loops[*at];
                child.segments[0].id == id
                    && child.segments[0].key.is_some()
                    && *rank >= frame.rank
                    && (child.most == 0 || usize::from(frame.within[*i]) < child.most)
            });
            // A rendering provider is on nearly every professional claim.
            let first = fits.next().map(|(_, (at, _))| *at);
            let at =
                fits.map(|(_, (at, _))| *at).find(|at| matches!(self.guide.loops[*at].id, "2310B")).or(first);
            if let Some(at) = at {
                return Some(Way { keep, open: [at, 0], opens: 1, segment: 0 });
            }
        }
        None
    }

    fn take(
        &mut self,
        way: &Way,
        number: u64,
        line: Option<u32>,
        out: &mut Vec<Issue>,
        wrong_key: bool,
    ) -> Put {
        while self.stack.len() > way.keep {
            self.close(number, line, out);
        }
        for at in way.open.iter().take(way.opens).copied() {
            let parent = self.stack.len().saturating_sub(1);
            let plp = &self.guide.loops[self.stack[parent].at];
            if let Some(i) = plp.within.iter().position(|(a, _)| *a == at) {
                let rank = plp.within[i].1;
                self.stack[parent].within[i] = self.stack[parent].within[i].saturating_add(1);
                self.stack[parent].rank = rank;
                self.stack[parent].last = None;
            }
            self.open(at);
        }
        let deepest = self.stack.len().saturating_sub(1);
        // A loop that opens without its first segment lacks it now, so that it is told in place.
        let upper = if way.opens == 2 { Some(deepest - 1) } else { None };
        for f in upper.into_iter().chain((way.opens > 0 && way.segment > 0).then_some(deepest)) {
            let lp = &self.guide.loops[self.stack[f].at];
            out.push(missing(lp.id, &lp.segments[0], number, line));
            self.stack[f].segments[0] = 1;
            if f == deepest - usize::from(way.opens == 2) && way.opens == 2 {
                // What else the vanished level needs is part of the same fault.
                for (i, s) in lp.segments.iter().enumerate() {
                    if s.required {
                        self.stack[f].segments[i] = self.stack[f].segments[i].max(1);
                    }
                }
            }
        }
        let frame = &mut self.stack[deepest];
        let use_ = &self.guide.loops[frame.at].segments[way.segment];
        frame.segments[way.segment] = frame.segments[way.segment].saturating_add(1);
        frame.rank = frame.rank.max(use_.rank);
        frame.last = Some(way.segment);
        Put { lp: frame.at, segment: Some(way.segment), wrong_key, begins: way.opens > 0 }
    }

    fn wrong_qualifier(
        &self,
        way: &Way,
        seg: &Seg<'_>,
        number: u64,
        line: Option<u32>,
        out: &mut Vec<Issue>,
    ) {
        let at = match way.opens {
            0 => self.stack[way.keep - 1].at,
            n => way.open[n - 1],
        };
        let lp = &self.guide.loops[at];
        let use_ = &lp.segments[way.segment];
        let value = match use_.key {
            Some((e, 0)) => seg.el(e),
            Some((e, c)) => seg.comp(e, c),
            None => "",
        };
        let want = use_.keys.iter().take(6).copied().collect::<Vec<_>>().join(", ");
        let what = if value.is_empty() { "nothing".to_string() } else { shown(value) };
        out.push(
            Issue::stop(
                "x12.qualifier",
                here(lp.id, use_.id, use_.key_field(), number, line),
                format!("{} says {what} where {} ({}) needs {want}", use_.key_field(), use_.id, use_.name),
                GUIDE,
            )
            .fix(format!("use {want}")),
        );
    }
}

pub(super) fn here(lp: &'static str, segment: &str, field: String, number: u64, line: Option<u32>) -> At {
    let line = line.filter(|_| lp.starts_with("24"));
    At { lp, segment: segment.to_string().into(), field, line, number }
}

fn times(n: usize) -> String {
    match n {
        1 => "once".into(),
        2 => "twice".into(),
        n => format!("{n} times"),
    }
}

/// `NM1*85`
fn expected(s: &SegmentUse) -> String {
    match s.keys.as_slice() {
        [one] if s.key.is_some_and(|(e, _)| e == 1) => format!("{}*{one}", s.id),
        _ => s.id.to_string(),
    }
}

fn missing(lp: &'static str, s: &SegmentUse, number: u64, line: Option<u32>) -> Issue {
    Issue::stop(
        "x12.required",
        here(lp, s.id, s.id.to_string(), number, line),
        format!("{} ({}) is missing from loop {lp}", expected(s), s.name),
        GUIDE,
    )
    .fix(format!("add the {}", s.name))
}
