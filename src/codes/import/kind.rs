//! The kinds of tables a site can load.
//!
//! Owns their names, what they speak of and who publishes them. Pure; any thread.

use crate::domain::CodeSystem;
use serde::{Deserialize, Serialize};

/// What a release holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    CmOrder,
    CmTabular,
    CmIndex,
    CmExternalCause,
    CmNeoplasm,
    CmDrugs,
    PoaExempt,
    PcsOrder,
    PcsTables,
    PcsIndex,
    PcsDefinitions,
    Hcpcs,
    Modifiers,
    MceDiagnoses,
    MceProcedures,
    Cpt,
    Revenue,
    Condition,
    Occurrence,
    Value,
}

impl Kind {
    pub const ALL: [Kind; 20] = [
        Kind::CmOrder,
        Kind::CmTabular,
        Kind::CmIndex,
        Kind::CmExternalCause,
        Kind::CmNeoplasm,
        Kind::CmDrugs,
        Kind::PoaExempt,
        Kind::PcsOrder,
        Kind::PcsTables,
        Kind::PcsIndex,
        Kind::PcsDefinitions,
        Kind::Hcpcs,
        Kind::Modifiers,
        Kind::MceDiagnoses,
        Kind::MceProcedures,
        Kind::Cpt,
        Kind::Revenue,
        Kind::Condition,
        Kind::Occurrence,
        Kind::Value,
    ];

    /// The short name used on the command line and in JSON.
    pub fn key(self) -> &'static str {
        match self {
            Kind::CmOrder => "cm-order",
            Kind::CmTabular => "cm-tabular",
            Kind::CmIndex => "cm-index",
            Kind::CmExternalCause => "cm-external-cause",
            Kind::CmNeoplasm => "cm-neoplasm",
            Kind::CmDrugs => "cm-drugs",
            Kind::PoaExempt => "poa-exempt",
            Kind::PcsOrder => "pcs-order",
            Kind::PcsTables => "pcs-tables",
            Kind::PcsIndex => "pcs-index",
            Kind::PcsDefinitions => "pcs-definitions",
            Kind::Hcpcs => "hcpcs",
            Kind::Modifiers => "modifiers",
            Kind::MceDiagnoses => "mce-diagnoses",
            Kind::MceProcedures => "mce-procedures",
            Kind::Cpt => "cpt",
            Kind::Revenue => "revenue",
            Kind::Condition => "condition",
            Kind::Occurrence => "occurrence",
            Kind::Value => "value",
        }
    }

    pub fn from_key(key: &str) -> Option<Kind> {
        Kind::ALL.into_iter().find(|k| k.key() == key)
    }

    /// The name a person reads.
    pub fn label(self) -> &'static str {
        match self {
            Kind::CmOrder => "ICD-10-CM order file",
            Kind::CmTabular => "ICD-10-CM Tabular List",
            Kind::CmIndex => "ICD-10-CM Alphabetic Index",
            Kind::CmExternalCause => "ICD-10-CM external cause index",
            Kind::CmNeoplasm => "ICD-10-CM neoplasm table",
            Kind::CmDrugs => "ICD-10-CM table of drugs and chemicals",
            Kind::PoaExempt => "POA exempt list",
            Kind::PcsOrder => "ICD-10-PCS order file",
            Kind::PcsTables => "ICD-10-PCS tables",
            Kind::PcsIndex => "ICD-10-PCS index",
            Kind::PcsDefinitions => "ICD-10-PCS definitions",
            Kind::Hcpcs => "HCPCS Level II",
            Kind::Modifiers => "HCPCS modifiers",
            Kind::MceDiagnoses => "MCE diagnosis list",
            Kind::MceProcedures => "MCE procedure list",
            Kind::Cpt => "CPT",
            Kind::Revenue => "revenue codes",
            Kind::Condition => "condition codes",
            Kind::Occurrence => "occurrence codes",
            Kind::Value => "value codes",
        }
    }

    /// Who publishes it.
    pub fn authority(self) -> &'static str {
        match self {
            Kind::CmOrder
            | Kind::CmTabular
            | Kind::CmIndex
            | Kind::CmExternalCause
            | Kind::CmNeoplasm
            | Kind::CmDrugs => "NCHS (CDC) and CMS",
            Kind::Cpt => "AMA, under the site's licence",
            Kind::Revenue | Kind::Condition | Kind::Occurrence | Kind::Value => {
                "NUBC, under the site's licence"
            }
            _ => "CMS",
        }
    }

    /// The code system whose codes it speaks of.
    pub fn system(self) -> Option<CodeSystem> {
        match self {
            Kind::CmOrder
            | Kind::CmTabular
            | Kind::CmIndex
            | Kind::CmExternalCause
            | Kind::CmNeoplasm
            | Kind::CmDrugs
            | Kind::PoaExempt
            | Kind::MceDiagnoses => Some(CodeSystem::Icd10cm),
            Kind::PcsOrder
            | Kind::PcsTables
            | Kind::PcsIndex
            | Kind::PcsDefinitions
            | Kind::MceProcedures => Some(CodeSystem::Icd10pcs),
            Kind::Hcpcs | Kind::Modifiers => Some(CodeSystem::Hcpcs),
            Kind::Cpt => Some(CodeSystem::Cpt),
            Kind::Revenue | Kind::Condition | Kind::Occurrence | Kind::Value => None,
        }
    }

    /// The field whose codes it speaks of: a code system, or a list of the institutional claim.
    pub fn system_key(self) -> &'static str {
        self.system().map_or_else(|| self.key(), CodeSystem::key)
    }

    /// A list a site holds under a licence of its own, with columns of its own.
    pub fn is_licensed(self) -> bool {
        matches!(self, Kind::Cpt | Kind::Revenue | Kind::Condition | Kind::Occurrence | Kind::Value)
    }
}
