//! The class bits of a code: what ranking asks of every code it touches, two bytes each.
//!
//! Owns the bits and their meaning. Pure.

use super::CodeSystem;

pub const LEFT: u16 = 1;
pub const RIGHT: u16 = 2;
pub const BILATERAL: u16 = 3;
pub const SIDE: u16 = 3;
pub const BILLABLE: u16 = 1 << 3;
pub const SUBSEQUENT: u16 = 1 << 4;
pub const SEQUELA: u16 = 1 << 5;
pub const UNSPECIFIED: u16 = 1 << 6;
pub const OTHER: u16 = 1 << 7;
/// Codes of pregnancy and of the newborn: meant only when the words say so.
pub const BIRTH: u16 = 1 << 10;
/// One of several fetuses, named by the 7th character.
pub const FETUS: u16 = 1 << 11;
const SYSTEM: u16 = 8;

pub fn system_index(system: CodeSystem) -> usize {
    match system {
        CodeSystem::Icd10cm => 0,
        CodeSystem::Icd10pcs => 1,
        CodeSystem::Cpt => 2,
        CodeSystem::Hcpcs => 3,
    }
}

pub fn system_bits(system: CodeSystem) -> u16 {
    (system_index(system) as u16) << SYSTEM
}

pub fn system_of(class: u16) -> CodeSystem {
    CodeSystem::ALL[usize::from(class >> SYSTEM & 3)]
}
