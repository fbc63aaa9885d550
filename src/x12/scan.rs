//! A file from its first to its last segment: envelope, guide, claims, one at a time.
//!
//! Owns the order of things: every segment goes through the envelope or the walker, and is kept until its claim
//! is whole, which then is handed to a `Sink`. Memory is that of one claim whatever the size of the file.
//! Never decides what a claim means: `rules` and `parse` are sinks. Runs on the thread of its caller.

use super::elements;
use super::envelope::{self, Envelope};
use super::guide::{self, Guide};
use super::issue::{At, Issue};
use super::reader::{ReadError, Segments};
use super::segment::{Delimiters, Seg};
use super::view::{ClaimView, Head, Part};
use super::walk::{Put, Walker, here};
use std::io::Read;

const GUIDE: &str = "X12 005010X222A1, 005010X223A2, HL";
/// Far past any claim the guides allow.
const LARGEST: usize = 8 * 1024 * 1024;

/// Which levels are new since the claim before, so that each is looked at once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Fresh {
    pub header: bool,
    pub billing: bool,
    pub subscriber: bool,
    pub patient: bool,
}

/// What a reader of the file wants.
pub trait Sink {
    /// Whether elements are checked against the guide.
    fn thorough(&self) -> bool {
        true
    }
    fn issue(&mut self, issue: Issue);
    /// A claim is whole; the view lives for the call only.
    fn claim(&mut self, view: &ClaimView<'_>, fresh: Fresh);
    /// A level without any claim, so that it is looked at all the same.
    fn bare(&mut self, _view: &ClaimView<'_>, _fresh: Fresh) {}
    /// Every segment with its loop and depth, for a view of the file.
    fn segment(&mut self, _seg: &Seg<'_>, _guide: &'static Guide, _put: Option<Put>) {}
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Scanned {
    pub segments: u64,
    pub transactions: u64,
    pub claims: u64,
    pub bytes: u64,
}

#[derive(Debug, Default)]
struct Level {
    number: String,
    at: Option<At>,
    child: String,
    children: u64,
}

/// An open 837.
struct Set {
    guide: &'static Guide,
    walker: Walker,
    first: u64,
    head: Head,
    header: Part,
    billing: Part,
    subscriber: Part,
    patient: Part,
    claim: Part,
    fresh: Fresh,
    in_claim: bool,
    claims: u64,
    line: u32,
    too_large: bool,
    levels: u64,
    /// Depth of the loop claims are in; deeper ones belong to lines or other payers.
    claim_depth: usize,
    l20: Level,
    l22: Level,
    delimiters: Delimiters,
}

/// Reads everything; an error only where nothing more can be read.
pub fn scan(source: impl Read, sink: &mut dyn Sink) -> Result<Scanned, ReadError> {
    let mut segments = Segments::new(source);
    let mut done = Scanned::default();
    let mut envelope = Envelope::default();
    let mut set: Option<Set> = None;
    let mut foreign = false;
    let mut issues: Vec<Issue> = Vec::new();
    let mut first = 0;
    let mut text = String::new();
    loop {
        let next = match segments.next_segment() {
            Ok(n) => n,
            Err(ReadError::TooLong { segment }) => {
                let at =
                    At { lp: "ISA", segment: "".into(), field: String::new(), line: None, number: segment };
                sink.issue(Issue::stop(
                    "x12.terminator",
                    at,
                    "a segment does not end: its terminator is missing",
                    GUIDE,
                ));
                break;
            }
            Err(e) => return Err(e),
        };
        let Some((slice, odd)) = next else { break };
        // The slice borrows the reader, whose delimiters are wanted beside it.
        text.clear();
        text.push_str(slice);
        let d = segments.delimiters();
        done.segments += 1;
        done.bytes += text.len() as u64 + 1;
        let n = done.segments;
        let seg = Seg::new(&text, d);
        let id = seg.id();
        let mut put_at: Option<(&'static str, u64, Option<u32>)> = None;
        match id {
            "ISA" => {
                finish(&mut set, n, sink, &mut issues, &mut done);
                envelope.isa(&seg, d, odd.isa_length, n, &mut issues);
            }
            "GS" => {
                finish(&mut set, n, sink, &mut issues, &mut done);
                envelope.gs(&seg, n, &mut issues);
            }
            "TA1" if !envelope.in_set() => {}
            "ST" => {
                finish(&mut set, n, sink, &mut issues, &mut done);
                let version = envelope.st(&seg, n, &mut issues);
                foreign = seg.el(1) != "837" && guide::by_version(&version).is_none();
                done.transactions += 1;
                first = n;
                if !foreign {
                    set = Some(Set::new(guide_for(&version), n, seg.el(2), d));
                }
            }
            "SE" => {
                finish(&mut set, n, sink, &mut issues, &mut done);
                envelope.se(&seg, n - first + 1, n, &mut issues);
                foreign = false;
            }
            "GE" => {
                finish(&mut set, n, sink, &mut issues, &mut done);
                envelope.ge(&seg, n, &mut issues);
            }
            "IEA" => {
                finish(&mut set, n, sink, &mut issues, &mut done);
                envelope.iea(&seg, n, &mut issues);
            }
            _ if foreign => {}
            _ => {
                if set.is_none() {
                    let version = envelope.implied_st(n, &mut issues);
                    done.transactions += 1;
                    set = Some(Set::new(guide_for(&version), n.saturating_sub(1), "", d));
                }
                if let Some(s) = set.as_mut() {
                    put_at = Some(s.segment(&seg, n, sink, &mut issues, &mut done));
                }
            }
        }
        if odd.characters || odd.joined || odd.unfinished {
            let inside = put_at.map(|(lp, number, line)| here(lp, id, id.to_string(), number, line));
            let at = inside.unwrap_or_else(|| At {
                lp: match id {
                    "ISA" | "IEA" => "ISA",
                    "GS" | "GE" => "GS",
                    _ => "ST",
                },
                segment: id.to_string().into(),
                field: id.to_string(),
                line: None,
                number: n,
            });
            if odd.characters {
                let m = format!("{id} holds characters that X12 does not allow");
                issues.push(Issue::stop("x12.character", at.clone(), m, "X12.6 005010 character sets"));
            }
            if odd.joined || odd.unfinished {
                let m = format!("{id} is not ended by the segment terminator");
                issues.push(Issue::stop("x12.terminator", at, m, "X12.5 005010"));
            }
        }
        for i in issues.drain(..) {
            sink.issue(i);
        }
    }
    finish(&mut set, done.segments, sink, &mut issues, &mut done);
    envelope.close_all(done.segments, &mut issues);
    if done.transactions == 0 && issues.is_empty() {
        issues.push(Issue::stop(
            "x12.envelope",
            envelope::at("ST", "ST", 0, done.segments),
            "the file has no transaction",
            GUIDE,
        ));
    }
    for i in issues.drain(..) {
        sink.issue(i);
    }
    Ok(done)
}

fn guide_for(version: &str) -> &'static Guide {
    guide::by_version(version).unwrap_or_else(|| {
        // X223 in whatever edition is institutional; the envelope has said that the version is wrong.
        if version.contains("X223") { guide::institutional() } else { guide::professional() }
    })
}

fn finish(set: &mut Option<Set>, n: u64, sink: &mut dyn Sink, issues: &mut Vec<Issue>, done: &mut Scanned) {
    if let Some(mut s) = set.take() {
        s.end(n, sink, issues, done);
    }
}

impl Set {
    fn new(guide: &'static Guide, first: u64, control: &str, delimiters: Delimiters) -> Set {
        Set {
            guide,
            walker: Walker::new(guide),
            first,
            head: Head { st: control.to_string(), ..Head::default() },
            header: Part::default(),
            billing: Part::default(),
            subscriber: Part::default(),
            patient: Part::default(),
            claim: Part::default(),
            fresh: Fresh { header: true, ..Fresh::default() },
            in_claim: false,
            claims: 0,
            line: 0,
            too_large: false,
            levels: 0,
            claim_depth: guide.find("2300").map_or(3, |l| l.depth),
            l20: Level::default(),
            l22: Level::default(),
            delimiters,
        }
    }

    fn segment(
        &mut self,
        seg: &Seg<'_>,
        n: u64,
        sink: &mut dyn Sink,
        issues: &mut Vec<Issue>,
        done: &mut Scanned,
    ) -> (&'static str, u64, Option<u32>) {
        let number = n - self.first + 1;
        let id = seg.id();
        let line = (self.line > 0).then_some(self.line);
        let from = issues.len();
        let put = self.walker.step(seg, number, line, issues);
        let lp = &self.guide.loops[put.lp];
        let first = put.begins || put.segment == Some(0);
        // A new level or claim: what was gathered is whole, and findings made on the way belong to it.
        let level = put.begins && matches!(lp.id, "2000A" | "2000B" | "2000C") || (id == "HL" && first);
        let claim = put.begins && lp.id == "2300";
        if level || claim {
            let mut found: Vec<Issue> = issues.drain(from..).collect();
            // What closes here belongs to the claim before; only a lost CLM or HL to what begins.
            if self.in_claim && !found.is_empty() {
                let before = self.claim_number();
                for i in found.iter_mut().filter(|i| !matches!(&*i.at.segment, "CLM" | "HL")) {
                    i.claim.clone_from(&before);
                }
            }
            self.flush(sink, issues, done);
            issues.extend(found);
        }
        if lp.id == "2400" && (put.begins || id == "LX") {
            self.line += 1;
        }
        match lp.id {
            "2000A" if put.begins => {
                self.leave_subscriber(number, sink, issues);
                self.billing.clear();
                self.subscriber.clear();
                self.patient.clear();
                self.fresh.billing = true;
            }
            "2000B" if put.begins => {
                self.leave_subscriber(number, sink, issues);
                self.subscriber.clear();
                self.patient.clear();
                self.fresh.subscriber = true;
                self.claims = 0;
            }
            "2000C" if put.begins => {
                self.patient.clear();
                self.fresh.patient = true;
                self.l22.children += 1;
            }
            "2300" if claim => {
                self.in_claim = true;
                self.claims += 1;
                self.line = 0;
                self.too_large = false;
            }
            _ => {}
        }
        if id == "HL" {
            self.hl(seg, lp.id, number, issues);
        }
        if id == "BHT" {
            self.head.created = elements::day(seg.el(4));
            self.head.kind = seg.el(6).to_string();
        }
        let line = (self.line > 0 && lp.depth > self.claim_depth).then_some(self.line);
        if sink.thorough()
            && let Some(use_) = put.segment.and_then(|s| lp.segments.get(s))
        {
            let cx = elements::Ctx { lp, number, line, key_reported: put.wrong_key };
            elements::check(seg, use_, &cx, issues);
        }
        let part = match lp.id.get(..3).unwrap_or("") {
            "HEA" | "100" => &mut self.header,
            "200" | "201" if lp.id.ends_with('A') && lp.id != "2010BA" && lp.id != "2010CA" => {
                &mut self.billing
            }
            "200" | "201" => match lp.id {
                "2000B" | "2010BA" | "2010BB" => &mut self.subscriber,
                "2000C" | "2010CA" => &mut self.patient,
                _ => &mut self.billing,
            },
            _ => &mut self.claim,
        };
        if part.bytes() > LARGEST {
            if !std::mem::replace(&mut self.too_large, true) {
                let at = here(lp.id, id, id.to_string(), number, line);
                issues.push(Issue::stop("x12.repeat", at, "the claim has no end within 8 MB", GUIDE));
            }
        } else {
            part.push(seg.text(), put.lp, number, put.begins, line);
        }
        if self.in_claim && issues.len() > from {
            let claim = self.claim_number();
            for i in issues.iter_mut().skip(from).filter(|i| i.claim.is_empty()) {
                i.claim.clone_from(&claim);
            }
        }
        sink.segment(seg, self.guide, Some(put));
        (lp.id, number, line)
    }

    fn claim_number(&self) -> String {
        self.view().number().to_string()
    }

    fn view(&self) -> ClaimView<'_> {
        ClaimView {
            guide: self.guide,
            delimiters: self.delimiters,
            head: &self.head,
            header: &self.header,
            billing: &self.billing,
            subscriber: &self.subscriber,
            patient: &self.patient,
            claim: &self.claim,
        }
    }

    /// The claim gathered so far is whole.
    fn flush(&mut self, sink: &mut dyn Sink, issues: &mut Vec<Issue>, done: &mut Scanned) {
        for i in issues.drain(..) {
            sink.issue(i);
        }
        if self.in_claim {
            done.claims += 1;
            sink.claim(&self.view(), self.fresh);
            self.fresh = Fresh::default();
        }
        self.claim.clear();
        self.in_claim = false;
        self.line = 0;
    }

    /// The subscriber level ends: what it promised and does not hold.
    fn leave_subscriber(&mut self, number: u64, sink: &mut dyn Sink, issues: &mut Vec<Issue>) {
        if self.subscriber.is_empty() {
            return;
        }
        if self.fresh != Fresh::default() {
            sink.bare(&self.view(), self.fresh);
            self.fresh = Fresh::default();
        }
        let Some(at) = self.l22.at.take() else { return };
        match (self.l22.child.as_str(), self.l22.children) {
            ("1", 0) => issues.push(
                Issue::stop("x12.hl", at, "HL04 says that a patient level follows, and none does", GUIDE)
                    .fix("write 0, or add the patient level"),
            ),
            ("0", n) if n > 0 => issues.push(
                Issue::stop("x12.hl", at, "HL04 says that no patient level follows, and one does", GUIDE)
                    .fix("write 1"),
            ),
            _ => {}
        }
        if self.claims == 0 {
            let lp = if self.l22.children > 0 { "2000C" } else { "2000B" };
            let at = here("2300", "CLM", "CLM".into(), number, None);
            issues.push(Issue::stop("x12.required", at, format!("level {lp} has no claim"), GUIDE));
        }
    }

    fn hl(&mut self, seg: &Seg<'_>, lp: &'static str, number: u64, issues: &mut Vec<Issue>) {
        self.levels += 1;
        let at = |n: usize| here(lp, "HL", format!("HL{n:02}"), number, None);
        let own = seg.el(1);
        if own != self.levels.to_string() && !own.is_empty() {
            let m = format!(
                "HL01 is {}; this is level {} of the transaction",
                super::issue::shown(own),
                self.levels
            );
            issues.push(Issue::stop("x12.hl", at(1), m, GUIDE).fix(format!("write {}", self.levels)));
            // One wrong number, one finding.
            self.levels = own.parse().ok().filter(|n| *n == self.levels + 1).unwrap_or(self.levels);
        }
        let parent = match lp {
            "2000B" => Some(&self.l20),
            "2000C" => Some(&self.l22),
            _ => None,
        };
        match parent {
            Some(p) if seg.el(2) != p.number && !seg.el(2).is_empty() && !p.number.is_empty() => {
                let m =
                    format!("HL02 is {}; the level above is {}", super::issue::shown(seg.el(2)), p.number);
                issues.push(Issue::stop("x12.hl", at(2), m, GUIDE).fix(format!("write {}", p.number)));
            }
            _ => {}
        }
        let level =
            Level { number: own.to_string(), at: Some(at(4)), child: seg.el(4).to_string(), children: 0 };
        match lp {
            "2000A" => self.l20 = level,
            "2000B" => self.l22 = level,
            _ => {}
        }
    }

    fn end(&mut self, n: u64, sink: &mut dyn Sink, issues: &mut Vec<Issue>, done: &mut Scanned) {
        let number = n.saturating_sub(self.first) + 1;
        let line = (self.line > 0).then_some(self.line);
        let claim = if self.in_claim { self.claim_number() } else { String::new() };
        let mut found = Vec::new();
        self.walker.finish(number, line, &mut found);
        for mut i in found {
            i.claim.clone_from(&claim);
            issues.push(i);
        }
        self.flush(sink, issues, done);
        self.leave_subscriber(number, sink, issues);
        if self.billing.is_empty() && self.subscriber.is_empty() {
            let at = here("2000A", "HL", "HL".into(), number, None);
            issues.push(Issue::stop(
                "x12.required",
                at,
                "the transaction has no billing provider level",
                GUIDE,
            ));
        }
    }
}
