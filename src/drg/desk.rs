//! What a workstation holds of all this: versions, weights, the code editor's lists.
//!
//! Owns them together, so that one reply brings them. Shared by every thread; nothing in it changes but for tables
//! being unpacked, which is done where it delays nobody.

use super::compact::TableError;
use super::library::Library;
use super::mce::MceTable;

pub struct Desk {
    pub library: Library,
    pub mce: MceTable,
}

impl Desk {
    /// The shipped lists beside `library`.
    pub fn new(library: Library) -> Result<Desk, TableError> {
        Ok(Desk { library, mce: MceTable::shipped()? })
    }
}
