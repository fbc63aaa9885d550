//! Medicare Code Editor: what Medicare's own editor would say of an inpatient claim.
//!
//! Owns the edits that the published lists allow, each with the editor's number and dates: which codes are flagged on
//! a day is the table's, which codes are valid at all is asked of the caller. Sex edits fire only where a list
//! still has them on that day. Never changes a claim and knows no patient. Pure; any thread.

mod table;

pub use table::{Flag, MceTable};

use super::case::{DischargeStatus, Sex};
use super::code::Code;
use super::explain::Place;
use chrono::NaiveDate;

/// What the editor looks at.
#[derive(Clone, Debug)]
pub struct MceCase {
    /// The day of discharge chooses the lists.
    pub discharged: NaiveDate,
    /// Age at admission in years; `None` when the birth date is unknown.
    pub age: Option<u16>,
    pub sex: Sex,
    pub status: Option<DischargeStatus>,
    /// Days from admission to discharge.
    pub length_of_stay: Option<u32>,
    pub principal: Code,
    pub secondary: Vec<Code>,
    pub procedures: Vec<Code>,
}

/// The edits, by the editor's own numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MceEdit {
    InvalidCode,
    ExternalCausePrincipal,
    DuplicateOfPrincipal,
    AgeConflict,
    SexConflict,
    ManifestationPrincipal,
    QuestionableAdmission,
    QuestionableObstetric,
    UnacceptablePrincipal,
    RequiresSecondary,
    NonCovered,
    InvalidAge,
    InvalidStatus,
    LimitedCoverage,
    WrongProcedure,
    LengthOfStay,
    Unspecified,
}

impl MceEdit {
    pub const ALL: [MceEdit; 17] = [
        MceEdit::InvalidCode,
        MceEdit::ExternalCausePrincipal,
        MceEdit::DuplicateOfPrincipal,
        MceEdit::AgeConflict,
        MceEdit::SexConflict,
        MceEdit::ManifestationPrincipal,
        MceEdit::QuestionableAdmission,
        MceEdit::QuestionableObstetric,
        MceEdit::UnacceptablePrincipal,
        MceEdit::RequiresSecondary,
        MceEdit::NonCovered,
        MceEdit::InvalidAge,
        MceEdit::InvalidStatus,
        MceEdit::LimitedCoverage,
        MceEdit::WrongProcedure,
        MceEdit::LengthOfStay,
        MceEdit::Unspecified,
    ];

    /// The number of the edit in "Definitions of Medicare Code Edits".
    pub fn number(self) -> u8 {
        match self {
            MceEdit::InvalidCode => 1,
            MceEdit::ExternalCausePrincipal => 2,
            MceEdit::DuplicateOfPrincipal => 3,
            MceEdit::AgeConflict => 4,
            MceEdit::SexConflict => 5,
            MceEdit::ManifestationPrincipal => 6,
            MceEdit::QuestionableAdmission | MceEdit::QuestionableObstetric => 8,
            MceEdit::UnacceptablePrincipal | MceEdit::RequiresSecondary => 9,
            MceEdit::NonCovered => 11,
            MceEdit::InvalidAge => 14,
            MceEdit::InvalidStatus => 16,
            MceEdit::LimitedCoverage => 17,
            MceEdit::WrongProcedure => 18,
            MceEdit::LengthOfStay => 19,
            MceEdit::Unspecified => 20,
        }
    }

    /// The rule's id in the edits pane.
    pub fn rule(self) -> &'static str {
        match self {
            MceEdit::InvalidCode => "mce.01",
            MceEdit::ExternalCausePrincipal => "mce.02",
            MceEdit::DuplicateOfPrincipal => "mce.03",
            MceEdit::AgeConflict => "mce.04",
            MceEdit::SexConflict => "mce.05",
            MceEdit::ManifestationPrincipal => "mce.06",
            MceEdit::QuestionableAdmission => "mce.08",
            MceEdit::QuestionableObstetric => "mce.08.obstetric",
            MceEdit::UnacceptablePrincipal => "mce.09",
            MceEdit::RequiresSecondary => "mce.09.secondary",
            MceEdit::NonCovered => "mce.11",
            MceEdit::InvalidAge => "mce.14",
            MceEdit::InvalidStatus => "mce.16",
            MceEdit::LimitedCoverage => "mce.17",
            MceEdit::WrongProcedure => "mce.18",
            MceEdit::LengthOfStay => "mce.19",
            MceEdit::Unspecified => "mce.20",
        }
    }

    /// What it says of the code at its place.
    pub fn sentence(self) -> &'static str {
        match self {
            MceEdit::InvalidCode => "the code is not valid on the day of discharge",
            MceEdit::ExternalCausePrincipal => "an external cause cannot be the principal diagnosis",
            MceEdit::DuplicateOfPrincipal => "it repeats the principal diagnosis",
            MceEdit::AgeConflict => "it does not fit the patient's age",
            MceEdit::SexConflict => "it does not fit the patient's sex",
            MceEdit::ManifestationPrincipal => {
                "a manifestation cannot be the principal diagnosis: the cause comes first"
            }
            MceEdit::QuestionableAdmission => "this principal diagnosis is usually no reason to admit",
            MceEdit::QuestionableObstetric => {
                "a delivery procedure needs an outcome of delivery (Z37) as a secondary diagnosis"
            }
            MceEdit::UnacceptablePrincipal => {
                "it describes a circumstance, not a current illness, and cannot be principal"
            }
            MceEdit::RequiresSecondary => "as the principal diagnosis it needs a secondary one",
            MceEdit::NonCovered => "Medicare does not cover this procedure here",
            MceEdit::InvalidAge => "the age is not between 0 and 124",
            MceEdit::InvalidStatus => "the discharge status is none that Medicare takes",
            MceEdit::LimitedCoverage => "Medicare covers this procedure only under conditions",
            MceEdit::WrongProcedure => "it says that a wrong procedure was performed",
            MceEdit::LengthOfStay => {
                "more than 96 hours of ventilation do not fit a stay of less than four days"
            }
            MceEdit::Unspecified => "it leaves the side unspecified where codes with a side exist",
        }
    }

    /// Returned to the provider as it stands; the others ask for a look or a coverage decision.
    pub fn returns_the_claim(self) -> bool {
        !matches!(
            self,
            MceEdit::QuestionableAdmission
                | MceEdit::LimitedCoverage
                | MceEdit::NonCovered
                | MceEdit::WrongProcedure
        )
    }
}

/// An edit at its place; `None` is the stay itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MceFinding {
    pub edit: MceEdit,
    pub place: Option<Place>,
}

/// Whether a diagnosis (`true`) or procedure code is valid on the day; `None`: nothing can be said.
pub type Valid<'a> = &'a dyn Fn(bool, Code) -> Option<bool>;

/// Every edit that fires, in the order of its number.
pub fn edit(table: &MceTable, case: &MceCase, valid: Valid<'_>) -> Vec<MceFinding> {
    let mut out = Vec::new();
    stay(table, case, &mut out);
    let all = std::iter::once((Place::Principal, case.principal))
        .chain(case.secondary.iter().enumerate().map(|(i, c)| (Place::Secondary(i), *c)));
    for (place, code) in all.filter(|(_, c)| !c.is_empty()) {
        diagnosis(table, case, place, code, valid, &mut out);
    }
    procedures(table, case, valid, &mut out);
    out.sort_by_key(|f| (f.edit, f.place));
    out
}

/// Edits of the stay as a whole.
fn stay(table: &MceTable, case: &MceCase, out: &mut Vec<MceFinding>) {
    let mut push = |edit| out.push(MceFinding { edit, place: None });
    if case.age.is_some_and(|a| a > 124) {
        push(MceEdit::InvalidAge);
    }
    if case.status.is_some_and(|s| !table.takes_status(s, case.discharged)) {
        push(MceEdit::InvalidStatus);
    }
}

fn diagnosis(
    table: &MceTable,
    case: &MceCase,
    place: Place,
    code: Code,
    valid: Valid<'_>,
    out: &mut Vec<MceFinding>,
) {
    let mut push = |edit| out.push(MceFinding { edit, place: Some(place) });
    if valid(true, code) == Some(false) {
        // Nothing further is known of a code that is none on this day.
        push(MceEdit::InvalidCode);
        return;
    }
    let flags = table.diagnosis(code, case.discharged);
    if let Some(age) = case.age.filter(|a| *a <= 124)
        && table.age_conflict(flags, age, case.discharged)
    {
        push(MceEdit::AgeConflict);
    }
    if flags.has(Flag::Female) && case.sex == Sex::Male || flags.has(Flag::Male) && case.sex == Sex::Female {
        push(MceEdit::SexConflict);
    }
    if flags.has(Flag::WrongProcedure) {
        push(MceEdit::WrongProcedure);
    }
    if flags.has(Flag::Unspecified) {
        push(MceEdit::Unspecified);
    }
    if place != Place::Principal {
        if code == case.principal {
            push(MceEdit::DuplicateOfPrincipal);
        }
        return;
    }
    if flags.has(Flag::ExternalCause) {
        push(MceEdit::ExternalCausePrincipal);
    }
    if flags.has(Flag::Manifestation) {
        push(MceEdit::ManifestationPrincipal);
    }
    if flags.has(Flag::QuestionableAdmission) {
        push(MceEdit::QuestionableAdmission);
    }
    // Z51.89 is unacceptable by itself and acceptable beside a secondary diagnosis.
    if flags.has(Flag::RequiresSecondary) {
        if case.secondary.is_empty() {
            push(MceEdit::RequiresSecondary);
        }
    } else if flags.has(Flag::Unacceptable) {
        push(MceEdit::UnacceptablePrincipal);
    }
}

fn procedures(table: &MceTable, case: &MceCase, valid: Valid<'_>, out: &mut Vec<MceFinding>) {
    let day = case.discharged;
    let any_dx = |flag: Flag| {
        std::iter::once(&case.principal).chain(&case.secondary).any(|c| table.diagnosis(*c, day).has(flag))
    };
    let any_px = |flag: Flag| case.procedures.iter().any(|c| table.procedure(*c, day).has(flag));
    for (i, code) in case.procedures.iter().enumerate() {
        let mut push = |edit| out.push(MceFinding { edit, place: Some(Place::Procedure(i)) });
        if valid(false, *code) == Some(false) {
            push(MceEdit::InvalidCode);
            continue;
        }
        let flags = table.procedure(*code, day);
        if flags.has(Flag::Female) && case.sex == Sex::Male
            || flags.has(Flag::Male) && case.sex == Sex::Female
        {
            push(MceEdit::SexConflict);
        }
        let non_covered = flags.has(Flag::NonCovered)
            // Two procedures of the artificial-heart list together.
            || flags.has(Flag::HeartA) && any_px(Flag::HeartB)
            || flags.has(Flag::HeartB) && any_px(Flag::HeartA)
            // Pancreas transplant without a kidney transplant and without type 1 diabetes.
            || flags.has(Flag::Pancreas) && !any_px(Flag::KidneyTransplant) && !any_dx(Flag::Type1Diabetes)
            // Stem-cell transplant for the diagnoses it is not covered for.
            || flags.has(Flag::StemCellAllogeneic) && any_dx(Flag::StemCellAllogeneic)
            || flags.has(Flag::StemCellAutologous) && any_dx(Flag::StemCellAutologous)
            || flags.has(Flag::Sterilization) && any_dx(Flag::Sterilization)
            || flags.has(Flag::NotOver60) && case.age.is_some_and(|a| a > 60);
        if non_covered {
            push(MceEdit::NonCovered);
        } else if flags.has(Flag::LimitedCoverage) {
            push(MceEdit::LimitedCoverage);
        }
        if flags.has(Flag::LengthOfStay) && case.length_of_stay.is_some_and(|d| d < 4) {
            push(MceEdit::LengthOfStay);
        }
        let delivery = flags.has(Flag::Cesarean) || flags.has(Flag::VaginalDelivery);
        if delivery && !case.secondary.iter().any(|c| table.diagnosis(*c, day).has(Flag::OutcomeOfDelivery)) {
            push(MceEdit::QuestionableObstetric);
        }
    }
}
