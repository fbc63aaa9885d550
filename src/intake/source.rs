//! A window over a file: the bytes of one value at a time, however long the file is.
//!
//! Owns the buffer, which grows to the longest value and no further, and the place in the file for
//! messages. A refill moves what is left only when the room is used up.
//! Never parses and never keeps what has been consumed. The thread that reads the file.

use super::scan::{Scan, Step};
use std::io::{self, Read};

const CHUNK: usize = 256 * 1024;
/// No resource is longer; a lost quote can make the rest of a file look like one text.
const LONGEST: usize = 256 * 1024 * 1024;

pub(crate) struct Source<R> {
    reader: R,
    buf: Vec<u8>,
    pos: usize,
    len: usize,
    /// Place in the file of `buf[0]`.
    offset: u64,
    eof: bool,
}

/// Why a value could not be delimited.
#[derive(Debug)]
pub(crate) enum Fault {
    /// The file ends inside it.
    Cut(u64),
    Bad(u64, &'static str),
    Io(io::Error),
}

impl<R: Read> Source<R> {
    pub(crate) fn new(reader: R) -> Source<R> {
        Source { reader, buf: Vec::new(), pos: 0, len: 0, offset: 0, eof: false }
    }

    /// The bytes at hand.
    pub(crate) fn bytes(&self) -> &[u8] {
        self.buf.get(self.pos..self.len).unwrap_or_default()
    }

    /// Place in the file of the next byte.
    pub(crate) fn place(&self) -> u64 {
        self.offset + self.pos as u64
    }

    pub(crate) fn consume(&mut self, n: usize) {
        self.pos = (self.pos + n).min(self.len);
    }

    /// Reads on; `false` at the end of the file.
    pub(crate) fn fill(&mut self) -> io::Result<bool> {
        if self.eof {
            return Ok(false);
        }
        // Moving what is left only when the room is used up keeps a look ahead cheap.
        if self.pos > 0 && self.buf.len() - self.len < CHUNK {
            self.buf.copy_within(self.pos..self.len, 0);
            self.len -= self.pos;
            self.offset += self.pos as u64;
            self.pos = 0;
        }
        if self.buf.len() - self.len < CHUNK {
            // Doubling keeps the copying of one huge value linear.
            self.buf.resize(self.len + self.len.max(CHUNK), 0);
        }
        loop {
            let free = self.buf.get_mut(self.len..).unwrap_or_default();
            match self.reader.read(free) {
                Ok(0) => {
                    self.eof = true;
                    return Ok(false);
                }
                Ok(n) => {
                    self.len += n;
                    return Ok(true);
                }
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(e),
            }
        }
    }

    /// Has at least `n` bytes at hand, or all there are.
    pub(crate) fn ahead(&mut self, n: usize) -> io::Result<&[u8]> {
        while self.len - self.pos < n && self.fill()? {}
        Ok(self.bytes())
    }

    /// The next byte that is not white space, without consuming it.
    pub(crate) fn peek(&mut self) -> io::Result<Option<u8>> {
        loop {
            let blank = self.bytes().iter().take_while(|b| b.is_ascii_whitespace()).count();
            self.consume(blank);
            let first = self.bytes().first().copied();
            if first.is_some() || !self.fill()? {
                return Ok(first);
            }
        }
    }

    /// Delimits the value that begins at the next byte; its length, to be read with `bytes` and consumed.
    pub(crate) fn value(&mut self, scan: &mut Scan) -> Result<usize, Fault> {
        loop {
            match scan.step(self.bytes()) {
                Step::Done(n) => return Ok(n),
                Step::Bad(n, why) => return Err(Fault::Bad(self.place() + n as u64, why)),
                Step::More if self.bytes().len() > LONGEST => {
                    return Err(Fault::Bad(self.place(), "it is longer than 256 MB"));
                }
                Step::More => {
                    if !self.fill().map_err(Fault::Io)? {
                        return Err(Fault::Cut(self.offset + self.len as u64));
                    }
                }
            }
        }
    }

    /// Length of the next line without its end; `None` at the end of the file.
    pub(crate) fn line(&mut self) -> io::Result<Option<usize>> {
        let mut seen = 0;
        loop {
            let rest = self.bytes().get(seen..).unwrap_or_default();
            if let Some(n) = memchr::memchr(b'\n', rest) {
                return Ok(Some(seen + n));
            }
            seen += rest.len();
            if seen > LONGEST {
                return Err(io::Error::other("a line is longer than 256 MB"));
            }
            if !self.fill()? {
                return Ok((seen > 0).then_some(seen));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives one byte at a time.
    struct Drip<'a>(&'a [u8]);
    impl Read for Drip<'_> {
        fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
            let Some((first, rest)) = self.0.split_first() else { return Ok(0) };
            out[0] = *first;
            self.0 = rest;
            Ok(1)
        }
    }

    #[test]
    fn values_across_refills() {
        let mut s = Source::new(Drip(b" {\"a\":1} [2]\nxy"));
        assert_eq!(s.peek().unwrap(), Some(b'{'));
        let n = s.value(&mut Scan::new(1)).unwrap();
        assert_eq!((n, s.place()), (7, 1));
        s.consume(n);
        assert_eq!(s.peek().unwrap(), Some(b'['));
        assert_eq!(s.line().unwrap(), Some(3));
        s.consume(4);
        assert_eq!(s.line().unwrap(), Some(2));
        s.consume(2);
        assert_eq!(s.line().unwrap(), None);
        assert!(matches!(Source::new(&b"{\"a\":"[..]).value(&mut Scan::new(1)), Err(Fault::Cut(5))));
    }
}
