//! One segment as a slice of the file, and the characters that divide it.
//!
//! Owns splitting into elements, repetitions and components without copying. Knows no guide. An element that
//! is not there reads as an empty text: that something is missing is said by whoever needs it. Pure.

/// The four characters an interchange divides its data with (ISA, bytes 4, 83, 105 and 106).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Delimiters {
    pub element: u8,
    /// `^` in most files; a letter or digit means that the sender uses none.
    pub repetition: u8,
    pub component: u8,
    pub terminator: u8,
}

impl Default for Delimiters {
    fn default() -> Delimiters {
        Delimiters { element: b'*', repetition: b'^', component: b':', terminator: b'~' }
    }
}

impl Delimiters {
    pub fn holds(&self, b: u8) -> bool {
        b == self.element || b == self.component || b == self.terminator || b == self.repetition
    }
}

/// A segment without its terminator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seg<'a> {
    text: &'a str,
    delimiters: Delimiters,
}

impl<'a> Seg<'a> {
    pub fn new(text: &'a str, delimiters: Delimiters) -> Seg<'a> {
        Seg { text, delimiters }
    }

    pub fn text(&self) -> &'a str {
        self.text
    }

    /// `NM1`, `CLM` ...
    pub fn id(&self) -> &'a str {
        self.elements().next().unwrap_or("")
    }

    /// The id first, then the elements.
    pub fn elements(&self) -> Split<'a> {
        Split { rest: Some(self.text), by: self.delimiters.element }
    }

    /// Element `n`, from 1; empty when it is not there.
    pub fn el(&self, n: usize) -> &'a str {
        self.elements().nth(n).unwrap_or("")
    }

    /// Component `c` of element `n`, both from 1.
    pub fn comp(&self, n: usize, c: usize) -> &'a str {
        self.parts(self.el(n)).nth(c.saturating_sub(1)).unwrap_or("")
    }

    /// The components of an element.
    pub fn parts(&self, element: &'a str) -> Split<'a> {
        Split { rest: Some(element), by: self.delimiters.component }
    }

    pub fn has(&self, n: usize) -> bool {
        !self.el(n).is_empty()
    }

    pub fn delimiters(&self) -> Delimiters {
        self.delimiters
    }
}

/// Pieces of a text between one ASCII character.
#[derive(Clone, Debug)]
pub struct Split<'a> {
    rest: Option<&'a str>,
    by: u8,
}

impl<'a> Iterator for Split<'a> {
    type Item = &'a str;
    fn next(&mut self) -> Option<&'a str> {
        let rest = self.rest?;
        // Elements are a few bytes long: a plain loop is faster than a vector search.
        match rest.bytes().position(|b| b == self.by) {
            Some(at) => {
                self.rest = Some(&rest[at + 1..]);
                Some(&rest[..at])
            }
            None => {
                self.rest = None;
                Some(rest)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_and_components_are_counted_from_one() {
        let s = Seg::new("SV1*HC:99213:25*145*UN*1***1:2", Delimiters::default());
        assert_eq!((s.id(), s.el(2), s.el(7), s.el(8)), ("SV1", "145", "1:2", ""));
        assert_eq!((s.comp(1, 2), s.comp(1, 3), s.comp(1, 4), s.comp(9, 1)), ("99213", "25", "", ""));
        assert_eq!(Seg::new("", Delimiters::default()).id(), "");
    }
}
