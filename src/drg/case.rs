//! What is grouped and what comes out.
//!
//! Owns the input of the grouper (one inpatient stay: codes, present-on-admission marks, sex, discharge status)
//! and the result with its return codes. Spellings are those of the official software's output.
//! Never names a patient: a case carries no identity. Plain values, any thread.

use super::code::Code;

/// Sex as the grouper uses it: only for diagnoses that belong to a different MDC in men and women.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Sex {
    Male,
    Female,
    #[default]
    Unknown,
}

impl Sex {
    pub fn parse(text: &str) -> Sex {
        match text {
            "M" | "m" | "1" => Sex::Male,
            "F" | "f" | "2" => Sex::Female,
            _ => Sex::Unknown,
        }
    }
}

/// Present-on-admission mark of a diagnosis, as it stands on the claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum PoaMark {
    Yes,
    No,
    /// Documentation is not sufficient (U).
    Unknown,
    /// Clinically undetermined (W).
    Undetermined,
    /// Exempt from reporting: blank, `1` or `E`. Also any other text.
    #[default]
    None,
}

impl PoaMark {
    pub fn parse(text: &str) -> PoaMark {
        match text {
            "Y" | "y" => PoaMark::Yes,
            "N" | "n" => PoaMark::No,
            "U" | "u" => PoaMark::Unknown,
            "W" | "w" => PoaMark::Undetermined,
            _ => PoaMark::None,
        }
    }
    /// Counts as present on admission for the hospital-acquired conditions.
    pub fn is_present(self) -> bool {
        matches!(self, PoaMark::Yes | PoaMark::Undetermined)
    }
}

/// Whether the hospital must report present-on-admission marks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum HospitalPoa {
    #[default]
    NonExempt,
    Exempt,
    Unknown,
}

impl HospitalPoa {
    pub fn parse(text: &str) -> Option<HospitalPoa> {
        match text {
            "" | "NON_EXEMPT" => Some(HospitalPoa::NonExempt),
            "EXEMPT" => Some(HospitalPoa::Exempt),
            "UNKNOWN" => Some(HospitalPoa::Unknown),
            _ => None,
        }
    }
}

/// Patient discharge status (UB-04 FL 17), two digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct DischargeStatus(pub u8);

impl DischargeStatus {
    /// Home, the usual one.
    pub const HOME: DischargeStatus = DischargeStatus(1);

    /// Two digits and nothing else.
    pub fn parse(text: &str) -> Option<DischargeStatus> {
        match text.as_bytes() {
            [a @ b'0'..=b'9', b @ b'0'..=b'9'] => Some(DischargeStatus((a - b'0') * 10 + b - b'0')),
            _ => None,
        }
    }
    pub fn died(self) -> bool {
        self.0 == 20
    }
    pub fn against_advice(self) -> bool {
        self.0 == 7
    }
    /// To another acute-care hospital, a critical access or children's or cancer hospital, planned or not.
    pub fn to_acute_care(self) -> bool {
        matches!(self.0, 2 | 5 | 66 | 82 | 85 | 94)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct CodedDiagnosis {
    pub code: Code,
    pub poa: PoaMark,
}

impl CodedDiagnosis {
    pub fn new(code: &str, poa: PoaMark) -> CodedDiagnosis {
        CodedDiagnosis { code: Code::new(code), poa }
    }
}

/// Secondary diagnoses a claim has room for; further ones do not count.
pub const MAX_SECONDARY: usize = 24;
/// Procedures a claim has room for; further ones do not count.
pub const MAX_PROCEDURES: usize = 25;

/// One stay. Age is not asked for: no rule of any version here uses it (the code editor does).
#[derive(Clone, Debug, PartialEq)]
pub struct Case {
    pub sex: Sex,
    pub discharge: DischargeStatus,
    pub hospital: HospitalPoa,
    pub principal: CodedDiagnosis,
    /// The first 24 count.
    pub secondary: Vec<CodedDiagnosis>,
    /// The first 25 count.
    pub procedures: Vec<Code>,
}

/// Severity level of a secondary diagnosis, and of a stay: the highest that counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Level {
    #[default]
    None,
    Cc,
    Mcc,
}

impl Level {
    pub fn label(self) -> &'static str {
        match self {
            Level::None => "NONE",
            Level::Cc => "CC",
            Level::Mcc => "MCC",
        }
    }
    pub(super) fn parse(text: &str) -> Option<Level> {
        match text {
            "NCC" => Some(Level::None),
            "CC" => Some(Level::Cc),
            "MCC" => Some(Level::Mcc),
            _ => None,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReturnCode {
    Ok,
    InvalidPdx,
    DxCannotBePdx,
    InvalidSex,
    Ungroupable,
    HacMissingOnePoa,
    HacMultiplePoaNotYw,
    HacPoaNOrU,
    HacPoaInvalidOr1,
}

impl ReturnCode {
    /// As the official software spells it.
    pub fn name(self) -> &'static str {
        match self {
            ReturnCode::Ok => "OK",
            ReturnCode::InvalidPdx => "INVALID_PDX",
            ReturnCode::DxCannotBePdx => "DX_CANNOT_BE_PDX",
            ReturnCode::InvalidSex => "INVALID_SEX",
            ReturnCode::Ungroupable => "UNGROUPABLE",
            ReturnCode::HacMissingOnePoa => "HAC_MISSING_ONE_POA",
            ReturnCode::HacMultiplePoaNotYw => "HAC_STATUS_INVALID_MULT_HACS_POA_NOT_Y_W",
            ReturnCode::HacPoaNOrU => "HAC_STATUS_INVALID_POA_N_OR_U",
            ReturnCode::HacPoaInvalidOr1 => "HAC_STATUS_INVALID_POA_INVALID_OR_1",
        }
    }
    /// One sentence for a person.
    pub fn sentence(self) -> &'static str {
        match self {
            ReturnCode::Ok => "grouped",
            ReturnCode::InvalidPdx => "the principal diagnosis is no code of this version",
            ReturnCode::DxCannotBePdx => {
                "the principal diagnosis is an external cause and cannot be principal"
            }
            ReturnCode::InvalidSex => "the principal diagnosis needs the patient's sex",
            ReturnCode::Ungroupable => "no DRG fits these codes",
            ReturnCode::HacMissingOnePoa => "a hospital-acquired condition has no present-on-admission mark",
            ReturnCode::HacMultiplePoaNotYw | ReturnCode::HacPoaNOrU | ReturnCode::HacPoaInvalidOr1 => {
                "a hospital-acquired condition is coded and the hospital's reporting status is unknown"
            }
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HacStatus {
    NotApplicable,
    NoChange,
    Changes,
    Ungroupable,
}

impl HacStatus {
    pub fn name(self) -> &'static str {
        match self {
            HacStatus::NotApplicable => "NOT_APPLICABLE",
            HacStatus::NoChange => "FINAL_DRG_NO_CHANGE",
            HacStatus::Changes => "FINAL_DRG_CHANGES",
            HacStatus::Ungroupable => "FINAL_DRG_UNGROUPABLE",
        }
    }
}

/// What a stay groups to. DRG 999 is ungroupable, 998 an unacceptable obstetric principal diagnosis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outcome {
    pub drg: u16,
    /// 0 where there is none.
    pub mdc: u8,
    /// Before hospital-acquired conditions are taken out.
    pub initial_drg: u16,
    pub initial_mdc: u8,
    pub return_code: ReturnCode,
    pub hac: HacStatus,
    /// The highest severity that counts for the final DRG.
    pub severity: Level,
    /// The rule that gave the final DRG: a position in the version's rules.
    pub(super) rule: Option<u16>,
    /// Bit `i`: secondary diagnosis `i` met a hospital-acquired condition.
    pub(super) hac_met: u32,
}

impl Outcome {
    pub const UNGROUPABLE: u16 = 999;

    pub fn is_grouped(&self) -> bool {
        self.drg != Self::UNGROUPABLE
    }
}
