//! What the rules ask about a claim again and again, gathered once.

use crate::domain::Cents;
use crate::x12::elements::{day, days};
use crate::x12::view::{ClaimView, Here};
use chrono::NaiveDate;

/// One service line with everything in its loops.
pub struct Line<'a> {
    pub number: u32,
    /// SV1 or SV2.
    pub service: Option<Here<'a>>,
    pub segments: &'a [Here<'a>],
    pub charge: Option<Cents>,
    /// DTP*472.
    pub days: Option<(NaiveDate, NaiveDate)>,
}

impl<'a> Line<'a> {
    pub fn find(&self, lp: &str, id: &str) -> Option<Here<'a>> {
        self.segments.iter().find(|h| h.is(lp, id)).copied()
    }
    /// The procedure: SV101 or SV202.
    pub fn procedure_element(&self) -> usize {
        if self.service.is_some_and(|s| s.id() == "SV2") { 2 } else { 1 }
    }
    pub fn code(&self) -> &'a str {
        self.service.map_or("", |s| s.comp(self.procedure_element(), 2))
    }
    pub fn qualifier(&self, lp: &str, id: &str, key: &str) -> Option<Here<'a>> {
        self.segments.iter().find(|h| h.is(lp, id) && h.el(1) == key).copied()
    }
}

/// Another payer: loop 2320 with those in it.
pub struct Other<'a> {
    pub segments: &'a [Here<'a>],
}

impl<'a> Other<'a> {
    pub fn find(&self, lp: &str, id: &str) -> Option<Here<'a>> {
        self.segments.iter().find(|h| h.is(lp, id)).copied()
    }
    pub fn amount(&self, key: &str) -> Option<Here<'a>> {
        self.segments.iter().find(|h| h.is("2320", "AMT") && h.el(1) == key).copied()
    }
    pub fn order(&self) -> &'a str {
        self.find("2320", "SBR").map_or("", |s| s.el(1))
    }
    pub fn payer_id(&self) -> &'a str {
        self.find("2330B", "NM1").map_or("", |s| s.el(9))
    }
    pub fn adjudicated(&self) -> Option<Here<'a>> {
        self.segments.iter().find(|h| h.is("2330B", "DTP") && h.el(1) == "573").copied()
    }
}

pub struct Gist<'a> {
    pub view: &'a ClaimView<'a>,
    pub institutional: bool,
    pub clm: Option<Here<'a>>,
    segments: Vec<Here<'a>>,
    first_line: usize,
    lines: Vec<(usize, usize)>,
    others: Vec<(usize, usize)>,
    /// BHT04.
    pub created: Option<NaiveDate>,
    pub birth: Option<NaiveDate>,
    /// DTP*434.
    pub statement: Option<(NaiveDate, NaiveDate)>,
}

impl<'a> Gist<'a> {
    pub fn of(view: &'a ClaimView<'a>) -> Gist<'a> {
        let segments: Vec<Here<'a>> = view.of_claim().collect();
        let first_line = segments.iter().position(|h| h.lp.starts_with("24")).unwrap_or(segments.len());
        let mut lines: Vec<(usize, usize)> = Vec::new();
        let mut last = None;
        for (i, h) in segments.iter().enumerate().skip(first_line) {
            if h.line != last || lines.is_empty() {
                lines.push((i, i));
                last = h.line;
            }
            if let Some(l) = lines.last_mut() {
                l.1 = i + 1;
            }
        }
        let mut others: Vec<(usize, usize)> = Vec::new();
        for (i, h) in segments.iter().enumerate().take(first_line) {
            if !h.lp.starts_with("232") && !h.lp.starts_with("233") {
                continue;
            }
            // SBR begins the next payer; a lost one leaves its loop's group different.
            if h.id() == "SBR" || others.is_empty() {
                others.push((i, i));
            }
            if let Some(o) = others.last_mut() {
                o.1 = i + 1;
            }
        }
        let patient = if view.patient.is_empty() { view.subscriber } else { view.patient };
        let birth = view.each(patient).find(|h| h.id() == "DMG").and_then(|h| day(h.el(2)));
        let statement = segments
            .iter()
            .find(|h| h.is("2300", "DTP") && h.el(1) == "434")
            .and_then(|h| days(h.el(2), h.el(3)))
            .filter(|(a, b)| a <= b);
        Gist {
            view,
            institutional: view.guide.institutional,
            clm: segments.iter().find(|h| h.is("2300", "CLM")).copied(),
            first_line,
            lines,
            others,
            created: view.head.created,
            birth,
            statement,
            segments,
        }
    }

    /// Every segment of the claim, lines included.
    pub fn all(&'a self) -> &'a [Here<'a>] {
        &self.segments
    }

    /// Those before the first line.
    pub fn head(&'a self) -> &'a [Here<'a>] {
        &self.segments[..self.first_line]
    }

    pub fn lines(&'a self) -> impl Iterator<Item = Line<'a>> {
        self.lines.iter().enumerate().map(|(i, (from, to))| {
            let segments = &self.segments[*from..*to];
            let service =
                segments.iter().find(|h| h.lp == "2400" && matches!(h.id(), "SV1" | "SV2")).copied();
            let charge = service.and_then(|s| cents(s.el(if s.id() == "SV2" { 3 } else { 2 })));
            let days = segments
                .iter()
                .find(|h| h.is("2400", "DTP") && h.el(1) == "472")
                .and_then(|h| days(h.el(2), h.el(3)));
            Line { number: u32::try_from(i + 1).unwrap_or(0), service, segments, charge, days }
        })
    }

    pub fn others(&'a self) -> impl Iterator<Item = Other<'a>> {
        self.others.iter().map(|(from, to)| Other { segments: &self.segments[*from..*to] })
    }

    pub fn find(&self, lp: &str, id: &str) -> Option<Here<'a>> {
        self.segments[..self.first_line].iter().find(|h| h.is(lp, id)).copied()
    }

    /// A segment of loop 2300 by id and qualifier.
    pub fn keyed(&self, id: &str, key: &str) -> Option<Here<'a>> {
        self.segments[..self.first_line].iter().find(|h| h.is("2300", id) && h.el(1) == key).copied()
    }

    /// HI segments with that qualifier in their first composite.
    pub fn hi(&self, keys: &'a [&'a str]) -> impl Iterator<Item = Here<'a>> + use<'a, '_> {
        self.segments[..self.first_line]
            .iter()
            .filter(|h| h.is("2300", "HI") && keys.contains(&h.comp(1, 1)))
            .copied()
    }

    /// Place of service, or the first two digits of the type of bill.
    pub fn place(&self) -> &'a str {
        self.clm.map_or("", |c| c.comp(5, 1))
    }

    pub fn frequency(&self) -> &'a str {
        self.clm.map_or("", |c| c.comp(5, 3))
    }

    pub fn total(&self) -> Option<Cents> {
        self.clm.and_then(|c| cents(c.el(2)))
    }

    /// SBR01 of the payer this claim goes to.
    pub fn order(&self) -> &'a str {
        self.view.each(self.view.subscriber).find(|h| h.is("2000B", "SBR")).map_or("", |s| s.el(1))
    }

    /// SBR09 of the payer this claim goes to.
    pub fn filing(&self) -> &'a str {
        self.view.each(self.view.subscriber).find(|h| h.is("2000B", "SBR")).map_or("", |s| s.el(9))
    }

    /// First and last day of service over all lines; of the statement where lines have none.
    pub fn service_days(&'a self) -> Option<(NaiveDate, NaiveDate)> {
        let mut span: Option<(NaiveDate, NaiveDate)> = None;
        for (a, b) in self.lines().filter_map(|l| l.days) {
            span = Some(span.map_or((a, b), |(x, y)| (x.min(a), y.max(b))));
        }
        span.or(self.statement)
    }

    /// The day whose code set applies.
    pub fn code_day(&'a self) -> Option<NaiveDate> {
        match (self.institutional, self.statement) {
            (true, Some((_, through))) if self.is_inpatient() => Some(through),
            (true, Some((from, _))) => Some(from),
            _ => self.service_days().map(|(a, _)| a),
        }
    }

    /// Hospital inpatient by its type of bill.
    pub fn is_inpatient(&self) -> bool {
        self.institutional && matches!(self.place(), "11" | "12" | "18" | "41")
    }
}

/// An amount with two decimals at most.
pub fn cents(text: &str) -> Option<Cents> {
    let text = text.strip_suffix('.').unwrap_or(text);
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    // 12.500 is 12.50 written longer.
    let part = if part.len() > 2 { part.trim_end_matches('0') } else { part };
    let part = if part.is_empty() && text.contains('.') { "0" } else { part };
    if text.contains(',') || text.contains('$') {
        return None;
    }
    Cents::parse(&if part.is_empty() { whole.to_string() } else { format!("{whole}.{part}") })
}
