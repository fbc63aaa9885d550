//! One claim of a file as its segments, each with its loop: what rules and parser look at.
//!
//! Owns the text of the levels a claim lies in (billing provider, subscriber, patient, claim), reused from
//! claim to claim, so that a file of any size takes the memory of one claim. Lives inside `scan`.

use super::guide::Guide;
use super::issue::At;
use super::segment::{Delimiters, Seg};
use crate::domain::Form;
use chrono::NaiveDate;

#[derive(Clone, Copy, Debug)]
struct Placed {
    start: u32,
    end: u32,
    lp: u16,
    number: u64,
    /// How many loops have begun in this part before it: segments of one loop share it.
    group: u32,
    line: u32,
}

/// The segments of one level.
#[derive(Debug, Default)]
pub struct Part {
    text: String,
    placed: Vec<Placed>,
}

impl Part {
    pub(super) fn clear(&mut self) {
        self.text.clear();
        self.placed.clear();
    }

    pub(super) fn push(&mut self, text: &str, lp: usize, number: u64, begins: bool, line: Option<u32>) {
        let start = self.text.len();
        self.text.push_str(text);
        let group = self.placed.last().map_or(0, |p| p.group) + u32::from(begins);
        self.placed.push(Placed {
            start: u32::try_from(start).unwrap_or(u32::MAX),
            end: u32::try_from(self.text.len()).unwrap_or(u32::MAX),
            lp: u16::try_from(lp).unwrap_or(0),
            number,
            group,
            line: line.unwrap_or(0),
        });
    }

    pub(super) fn bytes(&self) -> usize {
        self.text.len()
    }

    pub fn is_empty(&self) -> bool {
        self.placed.is_empty()
    }
}

/// A segment in its place.
#[derive(Clone, Copy, Debug)]
pub struct Here<'a> {
    pub seg: Seg<'a>,
    pub lp: &'static str,
    pub number: u64,
    pub group: u32,
    pub line: Option<u32>,
}

impl<'a> Here<'a> {
    pub fn el(&self, n: usize) -> &'a str {
        self.seg.el(n)
    }
    pub fn comp(&self, n: usize, c: usize) -> &'a str {
        self.seg.comp(n, c)
    }
    pub fn id(&self) -> &'a str {
        self.seg.id()
    }
    pub fn has(&self, n: usize) -> bool {
        self.seg.has(n)
    }
    pub fn is(&self, lp: &str, id: &str) -> bool {
        self.lp == lp && self.id() == id
    }
    /// The place of element `n`; of the whole segment with 0.
    pub fn at(&self, n: usize) -> At {
        let field = if n == 0 { self.id().to_string() } else { format!("{}{n:02}", self.id()) };
        At { lp: self.lp, segment: self.id().to_string().into(), field, line: self.line, number: self.number }
    }
    pub fn at_comp(&self, n: usize, c: usize) -> At {
        At { field: format!("{}{n:02}-{c}", self.id()), ..self.at(n) }
    }
    /// A segment that should be in this one's loop.
    pub fn lacks(&self, id: &'static str) -> At {
        At { lp: self.lp, segment: id.into(), field: id.to_string(), line: self.line, number: self.number }
    }
}

/// What the header of the transaction says.
#[derive(Clone, Debug, Default)]
pub struct Head {
    /// BHT04.
    pub created: Option<NaiveDate>,
    /// BHT06: CH charges, RP encounters, 31 reporting.
    pub kind: String,
    pub st: String,
}

pub struct ClaimView<'a> {
    pub guide: &'static Guide,
    pub delimiters: Delimiters,
    pub head: &'a Head,
    /// BHT, submitter, receiver.
    pub header: &'a Part,
    pub billing: &'a Part,
    pub subscriber: &'a Part,
    /// Empty when the patient is the subscriber.
    pub patient: &'a Part,
    pub claim: &'a Part,
}

impl<'a> ClaimView<'a> {
    pub fn form(&self) -> Form {
        if self.guide.institutional { Form::Ub04 } else { Form::Cms1500 }
    }

    pub fn each(&self, part: &'a Part) -> impl Iterator<Item = Here<'a>> + use<'a> {
        let (guide, delimiters) = (self.guide, self.delimiters);
        part.placed.iter().map(move |p| Here {
            seg: Seg::new(part.text.get(p.start as usize..p.end as usize).unwrap_or(""), delimiters),
            lp: guide.loops.get(usize::from(p.lp)).map_or("", |l| l.id),
            number: p.number,
            group: p.group,
            line: (p.line > 0).then_some(p.line),
        })
    }

    /// Segments of the claim level.
    pub fn of_claim(&self) -> impl Iterator<Item = Here<'a>> + use<'a> {
        self.each(self.claim)
    }

    pub fn find(&self, part: &'a Part, lp: &str, id: &str) -> Option<Here<'a>> {
        self.each(part).find(|h| h.is(lp, id))
    }

    pub fn clm(&self) -> Option<Here<'a>> {
        self.find(self.claim, "2300", "CLM")
    }

    /// CLM01.
    pub fn number(&self) -> &'a str {
        self.clm().map_or("", |c| c.el(1))
    }
}
