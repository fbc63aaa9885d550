//! Code systems and how a code is written.
//!
//! Owns the names of the systems and the one normal form of a code (upper case, no dot).
//! Never knows whether a code exists: that is `codes`. Pure; any thread.

use serde::{Deserialize, Serialize};
use std::fmt;

/// A code system a field of an encounter can take.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CodeSystem {
    /// ICD-10-CM diagnoses (NCHS).
    Icd10cm,
    /// ICD-10-PCS inpatient procedures (CMS).
    Icd10pcs,
    /// CPT, HCPCS Level I (AMA): bare numbers unless the site has loaded its licensed file.
    Cpt,
    /// HCPCS Level II (CMS).
    Hcpcs,
}

impl CodeSystem {
    pub const ALL: [CodeSystem; 4] =
        [CodeSystem::Icd10cm, CodeSystem::Icd10pcs, CodeSystem::Cpt, CodeSystem::Hcpcs];

    /// The short name used on the command line and in JSON.
    pub fn key(self) -> &'static str {
        match self {
            CodeSystem::Icd10cm => "icd10cm",
            CodeSystem::Icd10pcs => "icd10pcs",
            CodeSystem::Cpt => "cpt",
            CodeSystem::Hcpcs => "hcpcs",
        }
    }

    /// The name a person reads.
    pub fn label(self) -> &'static str {
        match self {
            CodeSystem::Icd10cm => "ICD-10-CM",
            CodeSystem::Icd10pcs => "ICD-10-PCS",
            CodeSystem::Cpt => "CPT",
            CodeSystem::Hcpcs => "HCPCS",
        }
    }

    pub fn from_key(key: &str) -> Option<CodeSystem> {
        let key = key.to_ascii_lowercase().replace(['-', '_'], "");
        match key.as_str() {
            "icd10cm" | "cm" | "dx" => Some(CodeSystem::Icd10cm),
            "icd10pcs" | "pcs" | "px" => Some(CodeSystem::Icd10pcs),
            "cpt" => Some(CodeSystem::Cpt),
            "hcpcs" => Some(CodeSystem::Hcpcs),
            _ => None,
        }
    }

    /// CPT is five characters beginning with a digit, HCPCS Level II one letter and four digits.
    /// CPT category II, III and PLA codes end in F, T, U or M.
    pub fn of_procedure(code: &str) -> Option<CodeSystem> {
        let b = code.as_bytes();
        if b.len() != 5 || !b.iter().all(u8::is_ascii_alphanumeric) {
            return None;
        }
        let digits = b[1..4].iter().all(u8::is_ascii_digit);
        match (b[0], b[4]) {
            (b'0'..=b'9', b'0'..=b'9' | b'F' | b'T' | b'U' | b'M') if digits => Some(CodeSystem::Cpt),
            (b'A'..=b'V', b'0'..=b'9') if digits => Some(CodeSystem::Hcpcs),
            _ => None,
        }
    }
}

impl fmt::Display for CodeSystem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.label())
    }
}

/// The normal form of a code: upper case, no dot, no blanks. `"e11.22 "` becomes `"E1122"`.
pub fn normal_code(text: &str) -> String {
    text.chars().filter(|c| c.is_ascii_alphanumeric()).map(|c| c.to_ascii_uppercase()).collect()
}

/// How a code is printed: ICD-10-CM takes a dot after three characters, the others none.
pub fn display_code(system: CodeSystem, code: &str) -> String {
    if system == CodeSystem::Icd10cm && code.len() > 3 && code.is_char_boundary(3) {
        format!("{}.{}", &code[..3], &code[3..])
    } else {
        code.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_written_one_way() {
        assert_eq!(normal_code(" e11.22"), "E1122");
        assert_eq!(display_code(CodeSystem::Icd10cm, "E1122"), "E11.22");
        assert_eq!(display_code(CodeSystem::Icd10cm, "I10"), "I10");
        assert_eq!(display_code(CodeSystem::Icd10pcs, "02HV33Z"), "02HV33Z");
        assert_eq!(CodeSystem::of_procedure("99214"), Some(CodeSystem::Cpt));
        assert_eq!(CodeSystem::of_procedure("0001F"), Some(CodeSystem::Cpt));
        assert_eq!(CodeSystem::of_procedure("J1030"), Some(CodeSystem::Hcpcs));
        assert_eq!(CodeSystem::of_procedure("9921"), None);
    }
}
