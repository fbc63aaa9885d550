//! Finds where a JSON value ends without building it, and which FHIR resource it is.
//!
//! Owns the bracket and string state of one value, kept between refills of the buffer, so that a large
//! entry is looked at once. Checks brackets, strings and nesting; everything else is left to serde for the
//! resources that are read. Never allocates. Pure; the thread that reads the file.

use memchr::memchr3;

/// Deeper nesting than any FHIR resource has, and than serde_json reads.
const MAX_DEPTH: u32 = 120;

/// Bytes that mean nothing to the structure while a bracket is open: all but quotes and brackets.
const FILLER: [bool; 256] = {
    let mut table = [true; 256];
    let stops = b"\"{}[]";
    let mut i = 0;
    while i < stops.len() {
        table[stops[i] as usize] = false;
        i += 1;
    }
    table
};

/// The first byte from `at` on that is no filler.
fn skip_filler(bytes: &[u8], mut at: usize) -> usize {
    // Indented files are a third blanks: eight at a time.
    while let Some(b) = bytes.get(at) {
        if !FILLER[usize::from(*b)] {
            break;
        }
        at += 1;
        if *b == b'\n' {
            while bytes.get(at..at + 8) == Some(b"        ") {
                at += 8;
            }
        }
    }
    at
}

/// Where the scan of one value stands.
#[derive(Debug, Default)]
pub(crate) struct Scan {
    /// Next byte to look at, from the start of the value.
    at: usize,
    depth: u32,
    /// One bit a level: set for an array.
    arrays: u128,
    /// Start of the string we are in.
    string: Option<usize>,
    /// Depth of the object whose `resourceType` is wanted.
    want: u32,
    key_seen: bool,
    kind: Option<(usize, usize)>,
    /// Of an entry: its last key, and where `fullUrl` and `resource` stand.
    key: (usize, usize),
    url: Option<(usize, usize)>,
    resource: Option<(usize, usize)>,
}

/// What a look at the bytes at hand gave.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// The value ends before this byte.
    Done(usize),
    /// All bytes were looked at and the value is still open.
    More,
    /// The text cannot be JSON from this byte on.
    Bad(usize, &'static str),
}

impl Scan {
    /// Scans a value; `want` is the depth of the object whose `resourceType` is wanted (1: the value itself).
    pub(crate) fn new(want: u32) -> Scan {
        Scan { want, ..Scan::default() }
    }

    /// The resource type, once the value is done.
    pub(crate) fn kind<'b>(&self, bytes: &'b [u8]) -> Option<&'b [u8]> {
        self.kind.and_then(|(a, b)| bytes.get(a..b))
    }

    /// The resource of an entry, once it is done.
    pub(crate) fn resource<'b>(&self, bytes: &'b [u8]) -> Option<&'b [u8]> {
        self.resource.and_then(|(a, b)| bytes.get(a..b))
    }

    /// `fullUrl` of an entry with its quotes.
    pub(crate) fn full_url<'b>(&self, bytes: &'b [u8]) -> Option<&'b [u8]> {
        self.url.and_then(|(a, b)| bytes.get(a..b))
    }

    /// Looks at `bytes`, which begin at the start of the value and only ever grow between calls.
    pub(crate) fn step(&mut self, bytes: &[u8]) -> Step {
        if self.string.is_some()
            && let Some(stop) = self.in_string(bytes)
        {
            return stop;
        }
        loop {
            if self.depth > 0 {
                self.at = skip_filler(bytes, self.at);
            }
            let Some(&b) = bytes.get(self.at) else { return Step::More };
            match b {
                b'"' => {
                    self.at += 1;
                    self.string = Some(self.at);
                    if let Some(stop) = self.in_string(bytes) {
                        return stop;
                    }
                }
                b'{' | b'[' => {
                    if self.depth >= MAX_DEPTH {
                        return Step::Bad(self.at, "it is nested too deeply");
                    }
                    if self.depth == 1
                        && self.want == 2
                        && bytes.get(self.key.0..self.key.1) == Some(b"resource")
                    {
                        self.resource = Some((self.at, self.at));
                    }
                    let bit = 1u128 << self.depth;
                    self.arrays = if b == b'[' { self.arrays | bit } else { self.arrays & !bit };
                    self.depth += 1;
                    self.at += 1;
                }
                b'}' | b']' => {
                    if self.depth == 0 {
                        return Step::Done(self.at);
                    }
                    self.depth -= 1;
                    let is_array = self.arrays >> self.depth & 1 == 1;
                    if is_array != (b == b']') {
                        return Step::Bad(self.at, "a bracket closes what it did not open");
                    }
                    self.at += 1;
                    match self.depth {
                        0 => return Step::Done(self.at),
                        1 => {
                            if let Some((a, b)) = self.resource
                                && a == b
                            {
                                self.resource = Some((a, self.at));
                            }
                        }
                        _ => {}
                    }
                }
                b',' if self.depth == 0 => return Step::Done(self.at),
                b'\n' | b'\r' | b'\t' if self.depth == 0 => return Step::Done(self.at),
                _ => self.at += 1,
            }
        }
    }

    /// Goes on to the end of the string; `Some` when the scan stops here.
    fn in_string(&mut self, bytes: &[u8]) -> Option<Step> {
        loop {
            let rest = bytes.get(self.at..).unwrap_or_default();
            let Some(n) = memchr3(b'"', b'\\', b'\n', rest) else {
                self.at = bytes.len().max(self.at);
                return Some(Step::More);
            };
            let at = self.at + n;
            match rest.get(n) {
                Some(b'"') => {
                    self.at = at + 1;
                    let start = self.string.take().unwrap_or(at);
                    if self.depth == self.want && self.kind.is_none() {
                        if self.key_seen {
                            self.kind = Some((start, at));
                        }
                        self.key_seen = bytes.get(start..at) == Some(b"resourceType");
                    }
                    if self.depth == 1 && self.want == 2 {
                        if bytes.get(self.key.0..self.key.1) == Some(b"fullUrl") && self.url.is_none() {
                            self.url = Some((start - 1, self.at));
                        }
                        self.key = (start, at);
                    }
                    // A bare string is a whole value.
                    return (self.depth == 0).then_some(Step::Done(self.at));
                }
                Some(b'\\') => {
                    if bytes.len() < at + 2 {
                        self.at = at;
                        return Some(Step::More);
                    }
                    self.at = at + 2;
                }
                _ => return Some(Step::Bad(at, "a text is not closed before the end of its line")),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn whole(text: &str, want: u32) -> (Step, Option<String>) {
        let mut scan = Scan::new(want);
        let step = scan.step(text.as_bytes());
        (step, scan.kind(text.as_bytes()).map(|k| String::from_utf8_lossy(k).into_owned()))
    }

    #[test]
    fn ends_and_types() {
        let text = r#"{"fullUrl":"a\"}","resource":{"id":"x","resourceType" : "Patient","a":[{"resourceType":"No"}]}} ,"#;
        assert_eq!(whole(text, 2), (Step::Done(text.len() - 2), Some("Patient".into())));
        assert_eq!(whole("12,", 1).0, Step::Done(2));
        assert_eq!(whole("\"ab\"]", 1).0, Step::Done(4));
        assert_eq!(whole("{\"a\":[1}", 1).0, Step::Bad(7, "a bracket closes what it did not open"));
        assert!(matches!(whole("{\"a\":\"b\n", 1).0, Step::Bad(7, _)));
        assert!(matches!(whole(&"[".repeat(200), 1).0, Step::Bad(120, _)));
    }

    proptest! {
        #[test]
        fn the_same_in_pieces(cut in 0usize..90) {
            let text = br#"{"fullUrl":"a\\\"}","resource":{"resourceType":"Patient","a":[1,"\\",{"b":"]"}]},"c":null}"#;
            let mut scan = Scan::new(2);
            let cut = cut.min(text.len());
            let first = scan.step(&text[..cut]);
            let end = if first == Step::More { scan.step(text) } else { first };
            prop_assert_eq!(end, Step::Done(text.len()));
            prop_assert_eq!(scan.kind(text), Some(&b"Patient"[..]));
            prop_assert_eq!(scan.full_url(text), Some(&br#""a\\\"}""#[..]));
            prop_assert_eq!(scan.resource(text), Some(&br#"{"resourceType":"Patient","a":[1,"\\",{"b":"]"}]}"#[..]));
        }
    }
}
