//! (stub)
use crate::domain::*; use crate::edits::CodeFacts;
pub struct FaceLine { pub text: String, pub heading: bool }
pub struct ClaimFace; impl ClaimFace { pub fn compact(&self, _w: u16) -> Vec<FaceLine> { vec![] } pub fn full(&self) -> Vec<FaceLine> { vec![] } }
pub fn build(_: &Chart, _: Form, _: &dyn CodeFacts) -> ClaimFace { ClaimFace }
pub fn readiness(_: &Chart, _: &[Finding]) -> Vec<(bool, String)> { vec![] }
pub fn submit_edits(_: &Chart, _: &[Finding], _: &mut dyn FnMut() -> Id) -> Result<Vec<Edit>, Vec<String>> { Ok(vec![]) }
