//! The field's words: patient, coverage, encounter, document, diagnosis, service line, states, money.
//!
//! Owns the types every other module speaks in and the typed edits that change them.
//! Never does I/O, never reads the clock, imports nothing of ours. Pure; any thread.

pub mod chart;
pub mod claim;
pub mod code;
pub mod coding;
pub mod edit;
pub mod encounter;
pub mod finding;
pub mod ids;
pub mod money;
pub mod npi;
pub mod order;
pub mod people;
pub mod phi;
pub mod record;
pub mod state;
pub mod text;
pub mod work_item;

pub use chart::{Chart, ChartError};
pub use claim::{Batch, BatchClaim, Claim, ClaimResponse, Decided, Decision, SentIn};
pub use code::{CodeSystem, display_code, normal_code};
pub use coding::{
    Diagnosis, FreeText, Hold, HoldReason, Override, PastService, Poa, Pointer, Procedure, ServiceLine, Units,
};
pub use edit::{Body, Change, Edit, EditSet, Item, item_of};
pub use encounter::{
    Admission, Document, DocumentStatus, Encounter, EvidenceSpan, Form, FullDocument, Roles, SenderKey,
    VisitKind,
};
pub use finding::{CodeRange, Finding, Fix, FixAction, OverridePolicy, Place, Severity};
pub use ids::{Id, IdMint};
pub use money::Cents;
pub use npi::npi_is_valid;
pub use order::OrderKey;
pub use people::{
    Address, Coverage, Extra, Fee, FeeTable, Patient, Payer, PayerClass, PersonName, Provider, Receiver,
    Sending, Sex, Site,
};
pub use phi::Phi;
pub use record::{
    Cursor, FIELD_DELETED, FIELD_ORDER, FieldSet, Op, Record, RecordKind, SHARED_SCOPE, Scope, Visibility,
    Write,
};
pub use state::{ClaimState, ClaimStep, CodingState, CodingStep, Lease, Refusal, Role};
pub use work_item::{WorkItem, WorkQuery, WorkView};
