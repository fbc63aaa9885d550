//! Values that name a patient.
//!
//! `Phi<T>` reads and writes like `T` but prints as `‹phi›`: a stray `{:?}` in a log, a panic or a test
//! failure cannot leak it. Screens and claims take the value out with `reveal`.

use serde::{Deserialize, Serialize};
use std::fmt;

#[derive(Clone, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Phi<T>(T);

impl<T> Phi<T> {
    pub fn new(value: T) -> Phi<T> {
        Phi(value)
    }

    /// The value, for a screen, a claim or the encrypted cache.
    pub fn reveal(&self) -> &T {
        &self.0
    }

    pub fn into_inner(self) -> T {
        self.0
    }
}

impl<T> From<T> for Phi<T> {
    fn from(value: T) -> Phi<T> {
        Phi(value)
    }
}

impl From<&str> for Phi<String> {
    fn from(value: &str) -> Phi<String> {
        Phi(value.to_string())
    }
}

impl<T> fmt::Debug for Phi<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("‹phi›")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_output_never_shows_the_value() {
        assert_eq!(format!("{:?}", Some(Phi::new("Alvarez"))), "Some(‹phi›)");
    }
}
