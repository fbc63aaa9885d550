//! Official code files as a site gets them: readers, releases, and what they change in the book.
//!
//! Owns one reader a format, each recognising its file by content; the release a file becomes
//! (`Release`, content-addressed); and the sum of a site's releases as `SiteTables`.
//! Never opens a file and never keeps half of one: a reader gives a whole release or a `Refusal`
//! with line and reason. Pure; `codesk tables import` calls it, and the workstation's loader.

mod addenda;
mod dating;
mod hcpcs;
mod index;
mod index_addenda;
mod index_csv;
mod index_xml;
mod kind;
mod licensed;
mod order;
mod pcs;
mod pcs_xml;
mod read;
mod refusal;
mod release;
mod sheets;
mod shelf;
mod site;
mod tabular;
mod xml;

pub use dating::{Known, Span};
pub use index::{IndexEntry, IndexTable};
pub use kind::Kind;
pub use licensed::{EXAMPLE as COLUMNS_EXAMPLE, Mapping, mappings};
pub use pcs::{
    PcsAxis, PcsDefinitionAxis, PcsDefinitions, PcsDevice, PcsRow, PcsStep, PcsTable, PcsTables, PcsTerm,
    PcsValue,
};
pub use read::{Library, Reading, Stated, read};
pub use refusal::{MOST_BYTES, Refusal};
pub use release::{Content, HcpcsRow, ListRow, Meta, OrderRow, PeriodRow, Release, ReleaseHash};
pub use shelf::shelve;
pub use site::SiteBuilder;
