//! Code systems by date of service: titles, Tabular List notes, hierarchy, validity, search index.
//!
//! Owns the *book*: one run of bytes, made once from the code tables (`build`), that answers
//! everything about a code (`Book`) and holds the sections that `search` reads (`index`). Owns
//! the tokens both sides agree on, and the small overlay of a site's own procedure numbers.
//! Never touches a file, a clock or a thread: bytes come in, the date of service is an argument.
//! Never holds CPT text: a CPT number has a title only if the site's licensed file gave one.
//! Pure; `Book` is shared by every thread.

mod book;
pub mod browse;
mod build;
pub mod class;
mod format;
pub mod import;
pub mod index;
mod loaded;
pub mod notes;
pub mod pcs;
mod pcs_words;
pub mod relations;
pub mod site_procedures;
mod tables;
pub mod tokens;
pub mod volumes;

pub use crate::domain::{CodeSystem, display_code, normal_code};
pub use book::{Book, CodeStatus, Entry, SharedBytes, pad_seventh};
pub use browse::{Level, Link, Node};
pub use build::build;
pub use format::U32s;
pub use loaded::Listed;
pub use notes::{Note, NoteKind, Target};
pub use site_procedures::Overlay;
pub use tables::{PoaList, Provenance, SiteList, SiteTables, Tables};

/// Why a book cannot be read or made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BookError {
    #[error("the file is cut short")]
    Short,
    #[error("not a code book")]
    NotABook,
    #[error("the code book was written on a machine of another byte order")]
    ByteOrder,
    #[error("code book format {found}, this program reads {wanted}")]
    Version { found: u32, wanted: u32 },
    #[error("the code book's {0} does not match its checksum")]
    Damaged(&'static str),
    #[error("code table {0} is missing or unreadable")]
    Table(&'static str),
    #[error("more codes than a code book can hold")]
    TooLarge,
}

impl BookError {
    /// Making the book again from the tables helps.
    pub fn rebuild_helps(&self) -> bool {
        !matches!(self, BookError::Table(_) | BookError::TooLarge)
    }
}

#[cfg(test)]
pub(crate) mod fixture {
    //! The book of the shipped tables, made once a test run.
    use super::*;
    use std::sync::OnceLock;

    pub fn bytes() -> &'static [u8] {
        static BYTES: OnceLock<Vec<u8>> = OnceLock::new();
        BYTES.get_or_init(|| build(&Tables::shipped(), &mut |_, _| {}).expect("shipped tables build"))
    }

    pub fn book() -> &'static Book {
        static BOOK: OnceLock<Book> = OnceLock::new();
        BOOK.get_or_init(|| Book::from_bytes(bytes()).expect("a fresh book opens"))
    }
}

#[cfg(test)]
mod tests;
