//! The claim that follows from an encounter: data, face, readiness, submit.
//!
//! Owns what each box of the CMS-1500 (02/12) and the UB-04 says and how the two faces look as text. All of
//! it is derived: nothing here is stored, and a face is built again after every edit. The edits of a submit
//! are made here too (`lifecycle`); storing and sending them is somebody else's.
//! Labels are our own short words, never the forms' or NUBC's text. Sources: CMS Pub. 100-04 chapters 25
//! and 26, X12 005010X222A1 and X223A2. Pure; called on the UI thread and by the command line.

pub mod bill;
mod cms1500;
pub mod data;
pub mod face;
pub mod lifecycle;
mod paint;
pub mod readiness;
mod ub04;

pub use crate::edits::setting::{file_by, is_place, place_of_service, type_of_bill};
pub use crate::edits::{CodeFacts, Status};
pub use data::{Claim1500, ClaimDx, ClaimHead, ClaimLine, ClaimUb04, Other};
pub use face::{ClaimFace, FaceBox, FaceKind, FaceLine, FacePage, FaceRow, Spot};
pub use lifecycle::submit_edits;
pub use readiness::readiness;

use crate::domain::{Chart, Form};

/// The face of the claim this encounter makes on `form`, for the payer that pays first.
pub fn build(chart: &Chart, form: Form, facts: &dyn CodeFacts) -> ClaimFace {
    match form {
        Form::Cms1500 => cms1500::face(&Claim1500::of(chart)),
        Form::Ub04 => ub04::face(&ClaimUb04::of(chart, facts)),
    }
}

#[cfg(test)]
mod tests;
