//! Segments out of a stream, whatever its delimiters.
//!
//! Owns finding the interchange header, taking the delimiters from it, and cutting the stream into segments
//! with a buffer that never holds more than one segment and one block. Line breaks between segments, within
//! them (files wrapped at 80 columns) and before the header are passed over; a later interchange may use other
//! delimiters. What cannot be read is an error with its place, never a panic. Called by `scan`.

use super::segment::Delimiters;
use std::io::Read;

const BLOCK: usize = 64 * 1024;
/// Longer than any segment of any guide; past it the terminator is missing.
pub const LONGEST: usize = 64 * 1024;
/// The fixed length of ISA with its terminator.
const ISA: usize = 106;

#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    #[error("cannot read the file: {0}")]
    Io(#[from] std::io::Error),
    #[error("the file does not begin with an ISA segment: it is not an X12 interchange")]
    NotX12,
    #[error("the file is empty")]
    Empty,
    #[error("the ISA segment is broken off or mangled: sixteen elements are expected in it")]
    BrokenHeader,
    #[error("segment {segment} has no terminator within {LONGEST} bytes")]
    TooLong { segment: u64 },
}

/// What was odd about a segment as it lay in the file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Odd {
    /// Bytes that are no printable ASCII.
    pub characters: bool,
    /// The file ends before the terminator.
    pub unfinished: bool,
    /// An ISA whose elements do not have their fixed lengths.
    pub isa_length: bool,
    /// A line break inside it is followed by what looks like the next segment: a terminator was lost.
    pub joined: bool,
}

/// Ids that a line begins with after a lost terminator; elements never read like these.
const IDS: [&[u8]; 22] = [
    b"GS", b"ST", b"BHT", b"NM1", b"PER", b"PRV", b"SBR", b"PAT", b"DMG", b"REF", b"DTP", b"CLM", b"CL1",
    b"SV1", b"SV2", b"CAS", b"AMT", b"SVD", b"NTE", b"LIN", b"CTP", b"IEA",
];

fn joined(raw: &[u8], element: u8) -> bool {
    raw.iter().enumerate().filter(|(_, b)| **b == b'\n' || **b == b'\r').any(|(i, _)| {
        let next = raw.get(i + 1..).unwrap_or(&[]);
        IDS.iter().any(|id| next.starts_with(id) && next.get(id.len()) == Some(&element))
            || [&b"N3"[..], b"N4", b"HL", b"HI", b"LX", b"OI", b"SE", b"GE"]
                .iter()
                .any(|id| next.starts_with(id) && next.get(2) == Some(&element))
    })
}

pub struct Segments<R> {
    source: R,
    buffer: Vec<u8>,
    at: usize,
    ended: bool,
    delimiters: Delimiters,
    /// The segment without line breaks, when it had some or was not UTF-8.
    clean: String,
    count: u64,
    started: bool,
    /// Where a header ends that lost its terminator to a line break.
    header_end: Option<usize>,
}

impl<R: Read> Segments<R> {
    pub fn new(source: R) -> Segments<R> {
        Segments {
            source,
            buffer: Vec::with_capacity(2 * BLOCK),
            at: 0,
            ended: false,
            delimiters: Delimiters::default(),
            clean: String::new(),
            count: 0,
            started: false,
            header_end: None,
        }
    }

    pub fn delimiters(&self) -> Delimiters {
        self.delimiters
    }

    /// The next segment without its terminator; nothing at the end of the file.
    pub fn next_segment(&mut self) -> Result<Option<(&str, Odd)>, ReadError> {
        if !self.skip_blank()? {
            return if self.started { Ok(None) } else { Err(ReadError::Empty) };
        }
        self.need(3)?;
        let mut odd = Odd::default();
        if self.rest().starts_with(b"ISA") {
            odd.isa_length = self.header()?;
        } else if !self.started {
            // A file that lost its header still says what it is; `scan` says that ISA is missing.
            match self.rest() {
                [b'G', b'S', e, ..] | [b'S', b'T', e, ..] if !e.is_ascii_alphanumeric() => {
                    self.delimiters.element = *e;
                }
                _ => return Err(ReadError::NotX12),
            }
        }
        self.started = true;
        self.count += 1;
        let mut from = 0;
        let own_end = self.header_end.take();
        let end = loop {
            if let Some(end) = own_end {
                break end;
            }
            if let Some(p) = memchr::memchr(self.delimiters.terminator, &self.rest()[from..]) {
                break from + p;
            }
            from = self.rest().len();
            if from > LONGEST {
                return Err(ReadError::TooLong { segment: self.count });
            }
            if !self.fill()? {
                odd.unfinished = true;
                break self.rest().len();
            }
        };
        let start = self.at;
        self.at = (start + end + 1).min(self.buffer.len());
        let mut raw = &self.buffer[start..start + end];
        while let [head @ .., b'\r' | b'\n'] = raw {
            raw = head;
        }
        let broken = raw.iter().any(|b| !(0x20..0x7f).contains(b));
        if !broken && let Ok(text) = std::str::from_utf8(raw) {
            // The borrow checker cannot see that `raw` outlives the branch: hand out the slice again.
            let len = text.len();
            let text = std::str::from_utf8(&self.buffer[start..start + len]).unwrap_or("");
            return Ok(Some((text, odd)));
        }
        odd.joined = joined(raw, self.delimiters.element);
        self.clean.clear();
        for c in String::from_utf8_lossy(raw).chars() {
            match c {
                '\r' | '\n' => {}
                c if c.is_ascii() && !c.is_ascii_control() => self.clean.push(c),
                _ => {
                    odd.characters = true;
                    self.clean.push('?');
                }
            }
        }
        Ok(Some((&self.clean, odd)))
    }

    fn rest(&self) -> &[u8] {
        self.buffer.get(self.at..).unwrap_or(&[])
    }

    /// Reads one more block; false at the end of the file.
    fn fill(&mut self) -> Result<bool, ReadError> {
        if self.ended {
            return Ok(false);
        }
        if self.at > 0 {
            self.buffer.drain(..self.at);
            self.at = 0;
        }
        let old = self.buffer.len();
        self.buffer.resize(old + BLOCK, 0);
        let got = loop {
            match self.source.read(&mut self.buffer[old..]) {
                Err(e) if e.kind() == std::io::ErrorKind::Interrupted => {}
                other => break other,
            }
        };
        match got {
            Ok(n) => {
                self.buffer.truncate(old + n);
                self.ended = n == 0;
                Ok(n > 0)
            }
            Err(e) => {
                self.buffer.truncate(old);
                Err(e.into())
            }
        }
    }

    /// As many bytes as asked for, if the file has them.
    fn need(&mut self, n: usize) -> Result<bool, ReadError> {
        while self.rest().len() < n {
            if !self.fill()? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Passes over blanks, line breaks, a byte-order mark and stray terminators; false at the end of the file.
    fn skip_blank(&mut self) -> Result<bool, ReadError> {
        loop {
            let terminator = self.delimiters.terminator;
            let started = self.started;
            let blank = |b: &u8| {
                matches!(b, b' ' | b'\t' | b'\r' | b'\n' | 0x1a)
                    || (!started && matches!(b, 0xef | 0xbb | 0xbf))
                    || (started && *b == terminator && matches!(b, b'\r' | b'\n'))
            };
            if let Some(p) = self.rest().iter().position(|b| !blank(b)) {
                self.at += p;
                return Ok(true);
            }
            self.at = self.buffer.len();
            if !self.fill()? {
                return Ok(false);
            }
        }
    }

    /// Takes the delimiters from the header at the front; true when it is not of its fixed length.
    fn header(&mut self) -> Result<bool, ReadError> {
        // Wrapped or padded wrongly, it may be longer than its 106 bytes.
        self.need(ISA + 160)?;
        let (mut delimiters, mut odd) = locate(self.rest()).ok_or(ReadError::BrokenHeader)?;
        // The next line ends with a tilde: that is the terminator, and the header's own is lost.
        if matches!(delimiters.terminator, b'\r' | b'\n') {
            let mut lines = self.rest().split(|b| matches!(b, b'\r' | b'\n')).filter(|l| !l.is_empty());
            let (first, second) = (lines.next(), lines.next());
            if let (Some(first), Some([.., b'~'])) = (first, second) {
                self.header_end = Some(first.len());
                delimiters.terminator = b'~';
                odd = true;
            }
        }
        // A letter divides nothing: ISA16 is reported, and the rest is read as it was meant.
        if delimiters.component.is_ascii_alphanumeric() {
            delimiters.component = b':';
        }
        self.delimiters = delimiters;
        Ok(odd)
    }
}

/// The delimiters that the header names, and whether it has not its fixed length.
fn locate(rest: &[u8]) -> Option<(Delimiters, bool)> {
    const SEPARATORS: [usize; 16] = [3, 6, 17, 20, 31, 34, 50, 53, 69, 76, 81, 83, 89, 99, 101, 103];
    let element = *rest.get(3)?;
    let break_ = |b: &u8| matches!(b, b'\r' | b'\n');
    let fixed = rest.len() >= ISA
        && SEPARATORS.iter().all(|i| rest[*i] == element)
        && !rest[..ISA - 1].iter().any(break_);
    if fixed && rest[ISA - 1] != element && !rest[ISA - 1].is_ascii_alphanumeric() {
        let d = Delimiters { element, repetition: rest[82], component: rest[104], terminator: rest[105] };
        return Some((d, false));
    }
    // Not where it should be: count sixteen separators, over line breaks.
    if element.is_ascii_alphanumeric() || element.is_ascii_whitespace() {
        return None;
    }
    let rest = &rest[..rest.len().min(4 * ISA)];
    let (mut seen, mut length, mut wrapped, mut repetition) = (0, 0, false, b'^');
    for (i, b) in rest.iter().enumerate() {
        if break_(b) {
            wrapped = true;
            continue;
        }
        length += 1;
        if *b != element {
            continue;
        }
        seen += 1;
        let after: Vec<u8> = rest[i + 1..].iter().copied().filter(|b| !break_(b)).take(2).collect();
        match (seen, after.as_slice()) {
            (11, [one, _]) => repetition = *one,
            (16, [component, terminator]) if !terminator.is_ascii_alphanumeric() => {
                let d = Delimiters { element, repetition, component: *component, terminator: *terminator };
                return Some((d, !(wrapped && length == 104)));
            }
            (16, [component, ..]) => {
                // Nothing but a line break ends it: all there is, or the terminator is the break.
                let d = Delimiters { element, repetition, component: *component, terminator: b'\n' };
                return Some((d, rest.get(i + 2).is_none_or(|b| !break_(b))));
            }
            _ => {}
        }
    }
    None
}
