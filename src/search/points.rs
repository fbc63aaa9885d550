//! The points ranking rules give or take, and what the class bits of a code alone are worth.
//!
//! Owns the numbers of the recipe; they were measured together and are changed together. Pure.

use super::query::{Encounter, Parsed};
use crate::codes::{CodeSystem, class};

pub const ALIAS_STAGE1: f32 = 0.82;
pub const POLARITY: f32 = 0.35;
/// The same where the query denies what the title says.
pub const NEGATED_THERE: f32 = 0.1;
pub const PRIOR: f32 = 0.30;
pub const LATER_ENCOUNTER: f32 = 0.20;
pub const WRONG_ENCOUNTER: f32 = 0.40;
pub const SIDE_UNASKED: f32 = 0.06;
pub const SIDE_WRONG: f32 = 0.25;
pub const SIDE_MISSING: f32 = 0.20;
pub const UNSPECIFIED: f32 = 0.04;
pub const OTHER: f32 = 0.03;
pub const SYSTEM: f32 = 0.12;
pub const BIRTH: f32 = 0.08;
pub const FETUS: f32 = 0.10;
pub const NON: f32 = 0.4;

/// What the class bits alone say for or against a code.
pub fn of_class(bits: u16, parsed: &Parsed, prefer: Option<CodeSystem>) -> f32 {
    let mut p = 0.0;
    let later = bits & (class::SUBSEQUENT | class::SEQUELA);
    p -= match parsed.encounter {
        None | Some(Encounter::Initial) if later != 0 => LATER_ENCOUNTER,
        Some(Encounter::Subsequent) if later != class::SUBSEQUENT => WRONG_ENCOUNTER,
        Some(Encounter::Sequela) if later != class::SEQUELA => WRONG_ENCOUNTER,
        _ => 0.0,
    };
    let side = bits & class::SIDE;
    p -= match (parsed.side, side) {
        (0, 0) => 0.0,
        (0, _) => SIDE_UNASKED,
        (_, 0) => SIDE_MISSING,
        (a, b) if a == b => 0.0,
        _ => SIDE_WRONG,
    };
    if bits & class::BIRTH != 0 && !parsed.birth {
        p -= BIRTH;
    }
    if bits & class::FETUS != 0 && !parsed.one_fetus {
        p -= FETUS;
    }
    if bits & class::UNSPECIFIED != 0 {
        p += UNSPECIFIED;
    }
    if bits & class::OTHER != 0 {
        p += if parsed.specified { OTHER } else { -OTHER };
    }
    if prefer.is_some_and(|s| s != class::system_of(bits)) {
        p -= SYSTEM;
    }
    p
}
