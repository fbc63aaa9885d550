//! Walks a file value by value: bundles, arrays, single resources, NDJSON.
//!
//! Owns telling the shapes apart by content and delimiting one entry at a time, so that a file of any size
//! needs the memory of its largest entry. A structural fault ends the file with one message (NDJSON: the
//! line); what came before it stays. The thread that reads the file.

use super::{Graph, Place, Unit, model};
use crate::intake::{
    FileReport,
    scan::{Scan, Step},
    source::{Fault, Source},
};
use std::io::Read;

/// How much of a file is looked at to tell its shape.
const HEAD: usize = 1024 * 1024;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    Empty,
    /// Whole in itself.
    Bundle,
    /// Resources that may belong together with those of other files.
    Loose,
    Lines,
    /// Not FHIR JSON: what it is instead, and what to do.
    Foreign(&'static str),
}

/// What the file holds, by its first bytes; consumes a byte order mark.
pub(crate) fn shape<R: Read>(src: &mut Source<R>, named_lines: bool) -> std::io::Result<Shape> {
    if src.ahead(3)?.starts_with(b"\xef\xbb\xbf") {
        src.consume(3);
    }
    let start = src.ahead(8)?;
    let utf16 = start.starts_with(b"\xff\xfe") || start.starts_with(b"\xfe\xff");
    if utf16 || start.starts_with(b"{\0") || start.starts_with(b"\0{") {
        return Ok(Shape::Foreign("it is UTF-16 text; save it as UTF-8"));
    }
    if start.starts_with(b"\x1f\x8b") || start.starts_with(b"PK\x03\x04") {
        return Ok(Shape::Foreign("it is compressed; unpack it first"));
    }
    let Some(first) = src.peek()? else { return Ok(Shape::Empty) };
    let head = src.ahead(HEAD)?;
    Ok(match first {
        b'{' if named_lines || looks_like_lines(head) => Shape::Lines,
        b'{' if is_bundle(head) => Shape::Bundle,
        b'{' | b'[' => Shape::Loose,
        b'<' => Shape::Foreign("it is XML or HTML, not JSON; ask the sender for FHIR JSON"),
        _ if head.starts_with(b"MSH|") || head.starts_with(b"FHS|") || head.starts_with(b"BHS|") => {
            Shape::Foreign("it is HL7 version 2, not FHIR JSON")
        }
        _ if head.starts_with(b"ISA") => Shape::Foreign("it is X12, not FHIR JSON"),
        _ if named_lines => Shape::Lines,
        _ => Shape::Foreign("it is not JSON"),
    })
}

/// The first line is a whole object and the second begins another.
fn looks_like_lines(head: &[u8]) -> bool {
    let Step::Done(n) = Scan::new(1).step(head) else { return false };
    let rest = head.get(n..).unwrap_or_default();
    let inner_break = memchr::memchr(b'\n', head.get(..n).unwrap_or_default()).is_some();
    let line_ends = rest.iter().find(|b| !matches!(b, b' ' | b'\r')) == Some(&b'\n');
    !inner_break && line_ends && rest.iter().find(|b| !b.is_ascii_whitespace()) == Some(&b'{')
}

/// Whether an object is a bundle, as far as its head tells.
fn is_bundle(head: &[u8]) -> bool {
    let mut at = 1;
    loop {
        let rest = head.get(at..).unwrap_or_default();
        let Some(skip) = rest.iter().position(|b| !b.is_ascii_whitespace() && !matches!(b, b',' | b':'))
        else {
            return false;
        };
        at += skip;
        let rest = head.get(at..).unwrap_or_default();
        let Step::Done(n) = Scan::new(0).step(rest) else { return false };
        let key = rest.get(..n).unwrap_or_default();
        if !key.starts_with(b"\"") {
            return false;
        }
        at += n;
        let rest = head.get(at..).unwrap_or_default();
        let Some(skip) = rest.iter().position(|b| !b.is_ascii_whitespace() && *b != b':') else {
            return false;
        };
        at += skip;
        let value = head.get(at..).unwrap_or_default();
        if key == b"\"entry\"" && value.starts_with(b"[") {
            return true;
        }
        let Step::Done(n) = Scan::new(0).step(value) else { return false };
        if key == b"\"resourceType\"" {
            return value.get(..n) == Some(b"\"Bundle\"");
        }
        at += n;
    }
}

/// After a broken entry: goes to the start of the next one, if there is one.
fn next_entry<R: Read>(src: &mut Source<R>) -> std::io::Result<bool> {
    src.consume(1);
    loop {
        if let Some(at) = entry_start(src.bytes()) {
            src.consume(at);
            return Ok(true);
        }
        // What begins in the last bytes may end in the next.
        src.consume(src.bytes().len().saturating_sub(512));
        if !src.fill()? {
            return Ok(false);
        }
    }
}

/// Where an object begins whose first key is one that only entries have. Inside a text the quotes would be
/// escaped, so that this cannot be one.
fn entry_start(bytes: &[u8]) -> Option<usize> {
    let opening = |key_at: usize| {
        let before = bytes.get(..key_at)?.iter().rposition(|b| !b.is_ascii_whitespace())?;
        (bytes.get(before) == Some(&b'{')).then_some(before)
    };
    let is_object = |after: usize| {
        let mut rest = bytes.get(after..).unwrap_or_default().iter().filter(|b| !b.is_ascii_whitespace());
        rest.next() == Some(&b':') && rest.next() == Some(&b'{')
    };
    let url = memchr::memmem::find_iter(bytes, b"\"fullUrl\"").find_map(opening);
    let part = bytes.get(..url.unwrap_or(bytes.len())).unwrap_or_default();
    let resource = memchr::memmem::find_iter(part, b"\"resource\"")
        .filter(|at| is_object(at + b"\"resource\"".len()))
        .find_map(opening);
    resource.or(url)
}

/// Reading of one file; the error has been reported already.
pub(crate) struct Reading<'g> {
    pub(crate) graph: &'g mut Graph,
    pub(crate) reports: &'g mut [FileReport],
    pub(crate) file: usize,
}

struct Stopped;

impl Reading<'_> {
    /// Reads all of a file whose shape is known.
    pub(crate) fn run<R: Read>(&mut self, src: &mut Source<R>, shape: &Shape) {
        let _ = match shape {
            Shape::Lines => self.lines(src),
            _ => self.values(src),
        };
    }

    fn report(&mut self) -> Option<&mut FileReport> {
        self.reports.get_mut(self.file)
    }

    fn fail(&mut self, at: String, message: String) -> Stopped {
        if let Some(r) = self.report() {
            r.error(at, "", message);
        }
        Stopped
    }

    fn io(&mut self, place: u64, e: &std::io::Error) -> Stopped {
        self.fail(format!("byte {place}"), format!("the file cannot be read on: {}", e.kind()))
    }

    fn fault(&mut self, unit: Unit, fault: Fault) -> Stopped {
        match fault {
            Fault::Cut(n) => {
                self.fail(unit.to_string(), format!("the file ends inside it, at byte {n}: it was cut off"))
            }
            Fault::Bad(n, why) => {
                self.fail(unit.to_string(), format!("the JSON is broken at byte {n}: {why}"))
            }
            Fault::Io(e) => self.fail(unit.to_string(), format!("the file cannot be read on: {}", e.kind())),
        }
    }

    fn peek<R: Read>(&mut self, src: &mut Source<R>) -> Result<Option<u8>, Stopped> {
        src.peek().map_err(|e| self.io(src.place(), &e))
    }

    /// The next byte, where the file must not end.
    fn need<R: Read>(&mut self, src: &mut Source<R>, unit: Unit) -> Result<u8, Stopped> {
        match self.peek(src)? {
            Some(b) => Ok(b),
            None => Err(self.fault(unit, Fault::Cut(src.place()))),
        }
    }

    /// One value after the other, as most files have just one.
    fn values<R: Read>(&mut self, src: &mut Source<R>) -> Result<(), Stopped> {
        let mut n = 0;
        while let Some(first) = self.peek(src)? {
            let unit = if n == 0 { Unit::Whole } else { Unit::Element(n) };
            match first {
                b'{' => {
                    let is_bundle = src.ahead(HEAD).map(is_bundle).map_err(|e| self.io(src.place(), &e))?;
                    if is_bundle { self.bundle(src)? } else { self.resource(src, unit)? }
                }
                b'[' => self.list(src, false, Unit::Element)?,
                _ => {
                    let at = src.place();
                    return Err(self.fault(unit, Fault::Bad(at, "there is text after the end of the JSON")));
                }
            }
            n += 1;
        }
        Ok(())
    }

    fn resource<R: Read>(&mut self, src: &mut Source<R>, unit: Unit) -> Result<(), Stopped> {
        let mut scan = Scan::new(1);
        let n = src.value(&mut scan).map_err(|f| self.fault(unit, f))?;
        let bytes = src.bytes().get(..n).unwrap_or_default();
        self.feed(scan.kind(bytes), bytes, None, unit);
        src.consume(n);
        Ok(())
    }

    fn feed(&mut self, kind: Option<&[u8]>, bytes: &[u8], url: Option<&str>, unit: Unit) {
        if kind == Some(b"Bundle") {
            // A bundle within a bundle or a line: its entries are named by the outer place.
            let mut inner = Source::new(bytes);
            let _ = self.object(&mut inner, Some(unit));
            return;
        }
        self.graph.feed(kind, bytes, url, Place { file: self.file, unit }, self.reports);
    }

    fn bundle<R: Read>(&mut self, src: &mut Source<R>) -> Result<(), Stopped> {
        self.object(src, None)
    }

    /// A bundle, key by key.
    fn object<R: Read>(&mut self, src: &mut Source<R>, outer: Option<Unit>) -> Result<(), Stopped> {
        let unit = outer.unwrap_or(Unit::Whole);
        self.need(src, unit)?;
        src.consume(1);
        loop {
            match self.need(src, unit)? {
                b'}' => {
                    src.consume(1);
                    return Ok(());
                }
                b',' => {
                    src.consume(1);
                    continue;
                }
                b'"' => {}
                _ => return Err(self.fault(unit, Fault::Bad(src.place(), "a key is expected here"))),
            }
            let n = src.value(&mut Scan::new(0)).map_err(|f| self.fault(unit, f))?;
            let key = src.bytes().get(..n).unwrap_or_default();
            let (is_entry, is_link) = (key == b"\"entry\"", key == b"\"link\"");
            src.consume(n);
            if self.need(src, unit)? != b':' {
                return Err(self.fault(unit, Fault::Bad(src.place(), "a colon is expected here")));
            }
            src.consume(1);
            if self.need(src, unit)? == b'[' && is_entry {
                self.list(src, true, |n| outer.unwrap_or(Unit::Entry(n)))?;
                continue;
            }
            let n = src.value(&mut Scan::new(0)).map_err(|f| self.fault(unit, f))?;
            let value = src.bytes().get(..n).unwrap_or_default();
            if is_link
                && memchr::memmem::find(value, b"\"next\"").is_some()
                && let Some(r) = self.reports.get_mut(self.file)
            {
                r.warn("the bundle is one page of several: the sender has more");
            }
            src.consume(n);
        }
    }

    /// `entry` of a bundle, or a bare array of resources or bundles.
    fn list<R: Read>(
        &mut self,
        src: &mut Source<R>,
        in_bundle: bool,
        name: impl Fn(u64) -> Unit,
    ) -> Result<(), Stopped> {
        src.consume(1);
        let (mut n, mut bare) = (0u64, 0u64);
        loop {
            let unit = name(n);
            match self.need(src, unit)? {
                b']' => {
                    src.consume(1);
                    break;
                }
                b',' => {
                    src.consume(1);
                    continue;
                }
                b'{' => {}
                _ => {
                    // A stray bracket is most often the end of the entry before it.
                    let fault = Fault::Bad(src.place(), "an object is expected here");
                    let stopped = self.fault(name(n.saturating_sub(1)), fault);
                    if in_bundle && next_entry(src).map_err(|e| self.io(src.place(), &e))? {
                        continue;
                    }
                    return Err(stopped);
                }
            }
            let mut scan = Scan::new(if in_bundle { 2 } else { 1 });
            let size = match src.value(&mut scan) {
                Ok(size) => size,
                Err(fault) => {
                    let stopped = self.fault(unit, fault);
                    if in_bundle && next_entry(src).map_err(|e| self.io(src.place(), &e))? {
                        n += 1;
                        continue;
                    }
                    return Err(stopped);
                }
            };
            let bytes = src.bytes().get(..size).unwrap_or_default();
            if in_bundle {
                let url =
                    scan.full_url(bytes).and_then(|u| serde_json::from_slice::<model::Text<'_>>(u).ok());
                match scan.resource(bytes) {
                    Some(resource) => self.feed(scan.kind(bytes), resource, url.as_deref(), unit),
                    None => bare += 1,
                }
            } else {
                self.feed(scan.kind(bytes), bytes, None, unit);
            }
            src.consume(size);
            n += 1;
        }
        if bare > 0
            && let Some(r) = self.report()
        {
            r.warn(format!("{bare} entries of the bundle hold no resource"));
        }
        Ok(())
    }

    /// One resource a line; a bad line is one error and the next line is read.
    fn lines<R: Read>(&mut self, src: &mut Source<R>) -> Result<(), Stopped> {
        let mut n = 0;
        loop {
            n += 1;
            let Some(size) = src.line().map_err(|e| self.io(src.place(), &e))? else { return Ok(()) };
            let line = src.bytes().get(..size).unwrap_or_default().trim_ascii();
            if !line.is_empty() {
                let unit = Unit::Line(n);
                let mut scan = Scan::new(1);
                match scan.step(line) {
                    Step::Done(end) if end == line.len() && line.starts_with(b"{") => {
                        self.feed(scan.kind(line), line, None, unit);
                    }
                    Step::More => {
                        self.fail(
                            unit.to_string(),
                            "the line ends inside a JSON object: it was cut off".into(),
                        );
                    }
                    _ => {
                        self.fail(unit.to_string(), "the line is not one JSON object".into());
                    }
                }
            }
            src.consume(size + 1);
        }
    }
}
