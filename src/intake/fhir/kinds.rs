//! The resource types that coding needs, and the code systems of their codings.
//!
//! Owns the two small tables: the types (one that is not here is counted and passed over), and the addresses
//! and OIDs of ICD-10-CM, ICD-10-PCS, CPT and HCPCS (HL7 Terminology; FHIR R4, "Using Codes").
//! Never knows whether a code exists, only whether it has the shape of one. Pure; any thread.

use crate::domain::CodeSystem;

macro_rules! kinds {
    ($($name:ident),+) => {
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub(super) enum Kind { $($name),+ }
        impl Kind {
            pub(super) fn name(self) -> &'static str {
                match self { $(Kind::$name => stringify!($name)),+ }
            }
            pub(super) fn from_name(name: &[u8]) -> Option<Kind> {
                [$(Kind::$name),+].into_iter().find(|k| k.name().as_bytes() == name)
            }
        }
    };
}

kinds!(
    Patient,
    Encounter,
    Condition,
    Procedure,
    DocumentReference,
    DiagnosticReport,
    Claim,
    Coverage,
    Practitioner,
    PractitionerRole,
    Organization,
    Binary,
    Bundle
);

/// The code system a FHIR address or OID names.
pub(super) fn code_system(system: &str) -> Option<CodeSystem> {
    match system.trim_start_matches("urn:oid:") {
        "http://hl7.org/fhir/sid/icd-10-cm" | "2.16.840.1.113883.6.90" => Some(CodeSystem::Icd10cm),
        "http://www.cms.gov/Medicare/Coding/ICD10"
        | "https://www.cms.gov/Medicare/Coding/ICD10"
        | "http://hl7.org/fhir/sid/icd-10-pcs"
        | "2.16.840.1.113883.6.4" => Some(CodeSystem::Icd10pcs),
        "http://www.ama-assn.org/go/cpt" | "2.16.840.1.113883.6.12" => Some(CodeSystem::Cpt),
        "https://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets"
        | "http://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets"
        | "https://bluebutton.cms.gov/resources/codesystem/hcpcs"
        | "http://terminology.hl7.org/CodeSystem/HCPCS"
        | "2.16.840.1.113883.6.285"
        | "2.16.840.1.113883.6.14" => Some(CodeSystem::Hcpcs),
        _ => None,
    }
}

/// A CPT or HCPCS code of right shape.
pub(super) fn service_code<'c>(mut codes: impl Iterator<Item = (&'c str, &'c str)>) -> Option<String> {
    codes.find_map(|(system, code)| {
        matches!(code_system(system), Some(CodeSystem::Cpt | CodeSystem::Hcpcs))
            .then(|| crate::domain::normal_code(code))
            .filter(|c| CodeSystem::of_procedure(c).is_some())
    })
}

/// An ICD-10-CM code of right shape: a letter, a digit, three to seven characters.
pub(super) fn diagnosis_code<'c>(mut codes: impl Iterator<Item = (&'c str, &'c str)>) -> Option<String> {
    codes.find_map(|(system, code)| {
        (code_system(system) == Some(CodeSystem::Icd10cm)).then(|| crate::domain::normal_code(code)).filter(
            |c| {
                let b = c.as_bytes();
                (3..=7).contains(&b.len()) && b[0].is_ascii_alphabetic() && b[1].is_ascii_digit()
            },
        )
    })
}
