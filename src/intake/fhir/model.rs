//! The parts of FHIR R4 resources that coding needs, borrowed from the bytes of the file.
//!
//! Owns the field names and JSON types (HL7 FHIR R4, 4.0.1). Fields that are not named here are never
//! looked at, so that a sender's odd extension cannot stop a record. What a field means is the business of
//! the modules beside this one. Pure.

use serde::{Deserialize, Deserializer, de};
use serde_json::value::RawValue;
use std::{borrow::Cow, fmt, ops::Deref};

/// A text that borrows from the file where it has no escapes.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Text<'a>(pub Cow<'a, str>);

impl Deref for Text<'_> {
    type Target = str;
    fn deref(&self) -> &str {
        &self.0
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Text<'a>, D::Error> {
        struct Visit;
        impl<'de> de::Visitor<'de> for Visit {
            type Value = Text<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text")
            }
            fn visit_borrowed_str<E: de::Error>(self, v: &'de str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Borrowed(v)))
            }
            fn visit_str<E: de::Error>(self, v: &str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Owned(v.to_string())))
            }
        }
        d.deserialize_str(Visit)
    }
}

macro_rules! resource {
    ($(#[$doc:meta])* $name:ident { $($field:ident: $type:ty),+ $(,)? $(; $($own:ident: $own_type:ty),+ $(,)?)? }) => {
        $(#[$doc])*
        #[derive(Debug, Default, Deserialize)]
        #[serde(default, rename_all = "camelCase")]
        pub(super) struct $name<'a> {
            $(#[serde(borrow)] pub $field: $type,)+
            $($(pub $own: $own_type,)+)?
        }
    };
}

resource! {
    /// What every resource has, for messages.
    Head { id: Option<Text<'a>>, resource_type: Option<Text<'a>> }
}
resource! { Coding { system: Option<Text<'a>>, code: Option<Text<'a>>, display: Option<Text<'a>> } }
resource! { Concept { coding: Vec<Coding<'a>>, text: Option<Text<'a>> } }

impl<'a> Concept<'a> {
    /// The words a person reads.
    pub(super) fn words(&self) -> &str {
        self.text
            .as_deref()
            .or_else(|| self.coding.iter().find_map(|c| c.display.as_deref()))
            .or_else(|| self.coding.iter().find_map(|c| c.code.as_deref()))
            .unwrap_or_default()
    }
    pub(super) fn has(&self, code: &str) -> bool {
        self.coding.iter().any(|c| c.code.as_deref() == Some(code))
    }
    pub(super) fn codes(&self) -> impl Iterator<Item = (&str, &str)> {
        self.coding.iter().filter_map(|c| Some((c.system.as_deref().unwrap_or_default(), c.code.as_deref()?)))
    }
}

resource! {
    Identifier {
        r#use: Option<Text<'a>>, r#type: Option<Concept<'a>>, system: Option<Text<'a>>, value: Option<Text<'a>>,
    }
}
resource! {
    Reference {
        reference: Option<Text<'a>>, r#type: Option<Text<'a>>, identifier: Option<Box<Identifier<'a>>>,
        display: Option<Text<'a>>,
    }
}
resource! { Period { start: Option<Text<'a>>, end: Option<Text<'a>> } }
resource! {
    Human {
        r#use: Option<Text<'a>>, text: Option<Text<'a>>, family: Option<Text<'a>>, given: Vec<Text<'a>>,
        suffix: Vec<Text<'a>>,
    }
}
resource! {
    Postal {
        line: Vec<Text<'a>>, city: Option<Text<'a>>, state: Option<Text<'a>>, postal_code: Option<Text<'a>>,
    }
}
resource! { Telecom { system: Option<Text<'a>>, value: Option<Text<'a>> } }
resource! { Money { value: Option<&'a RawValue> } }
resource! { Meta { last_updated: Option<Text<'a>> } }

resource! {
    Patient {
        id: Option<Text<'a>>, identifier: Vec<Identifier<'a>>, name: Vec<Human<'a>>, gender: Option<Text<'a>>,
        birth_date: Option<Text<'a>>, deceased_date_time: Option<Text<'a>>, address: Vec<Postal<'a>>,
        telecom: Vec<Telecom<'a>>, contained: Vec<&'a RawValue>,
    }
}
resource! { Qualification { code: Option<Concept<'a>> } }
resource! {
    Practitioner {
        id: Option<Text<'a>>, identifier: Vec<Identifier<'a>>, name: Vec<Human<'a>>,
        qualification: Vec<Qualification<'a>>,
    }
}
resource! {
    Role {
        id: Option<Text<'a>>, identifier: Vec<Identifier<'a>>, practitioner: Option<Reference<'a>>,
        specialty: Vec<Concept<'a>>, contained: Vec<&'a RawValue>,
    }
}
resource! {
    Organization {
        id: Option<Text<'a>>, identifier: Vec<Identifier<'a>>, name: Option<Text<'a>>, address: Vec<Postal<'a>>,
    }
}
resource! { CoverageClass { r#type: Option<Concept<'a>>, value: Option<Text<'a>>, name: Option<Text<'a>> } }
resource! {
    Coverage {
        id: Option<Text<'a>>, identifier: Vec<Identifier<'a>>, status: Option<Text<'a>>,
        r#type: Option<Concept<'a>>, subscriber_id: Option<Text<'a>>, subscriber: Option<Reference<'a>>,
        beneficiary: Option<Reference<'a>>, relationship: Option<Concept<'a>>, period: Option<Period<'a>>,
        payor: Vec<Reference<'a>>, class: Vec<CoverageClass<'a>>, contained: Vec<&'a RawValue>,
    }
}
resource! { Participant { r#type: Vec<Concept<'a>>, individual: Option<Reference<'a>> } }
resource! { Stay { admit_source: Option<Concept<'a>>, discharge_disposition: Option<Concept<'a>> } }
resource! {
    EncounterDiagnosis { condition: Option<Reference<'a>>, r#use: Option<Concept<'a>>; rank: Option<u32> }
}
resource! {
    Encounter {
        id: Option<Text<'a>>, identifier: Vec<Identifier<'a>>, status: Option<Text<'a>>,
        class: Option<Coding<'a>>, r#type: Vec<Concept<'a>>, service_type: Option<Concept<'a>>,
        priority: Option<Concept<'a>>, subject: Option<Reference<'a>>, participant: Vec<Participant<'a>>,
        period: Option<Period<'a>>, reason_code: Vec<Concept<'a>>, diagnosis: Vec<EncounterDiagnosis<'a>>,
        hospitalization: Option<Stay<'a>>, service_provider: Option<Reference<'a>>, meta: Option<Meta<'a>>,
        contained: Vec<&'a RawValue>,
    }
}
resource! {
    Condition {
        id: Option<Text<'a>>, verification_status: Option<Concept<'a>>, category: Vec<Concept<'a>>,
        code: Option<Concept<'a>>, subject: Option<Reference<'a>>, encounter: Option<Reference<'a>>,
        recorded_date: Option<Text<'a>>,
    }
}
resource! { Performer { actor: Option<Reference<'a>> } }
resource! {
    Procedure {
        id: Option<Text<'a>>, status: Option<Text<'a>>, code: Option<Concept<'a>>,
        subject: Option<Reference<'a>>, encounter: Option<Reference<'a>>, performed_date_time: Option<Text<'a>>,
        performed_period: Option<Period<'a>>, performer: Vec<Performer<'a>>, contained: Vec<&'a RawValue>,
    }
}
resource! {
    Attachment {
        content_type: Option<Text<'a>>, data: Option<Text<'a>>, url: Option<Text<'a>>, title: Option<Text<'a>>,
    }
}
resource! { Content { attachment: Option<Attachment<'a>> } }
resource! { DocumentContext { encounter: Vec<Reference<'a>> } }
resource! {
    DocumentReference {
        id: Option<Text<'a>>, status: Option<Text<'a>>, doc_status: Option<Text<'a>>,
        r#type: Option<Concept<'a>>, subject: Option<Reference<'a>>, date: Option<Text<'a>>,
        author: Vec<Reference<'a>>, description: Option<Text<'a>>, content: Vec<Content<'a>>,
        context: Option<DocumentContext<'a>>, contained: Vec<&'a RawValue>,
    }
}
resource! {
    DiagnosticReport {
        id: Option<Text<'a>>, status: Option<Text<'a>>, code: Option<Concept<'a>>,
        subject: Option<Reference<'a>>, encounter: Option<Reference<'a>>, effective_date_time: Option<Text<'a>>,
        issued: Option<Text<'a>>, performer: Vec<Reference<'a>>, presented_form: Vec<Attachment<'a>>,
        contained: Vec<&'a RawValue>,
    }
}
resource! { Binary { id: Option<Text<'a>>, content_type: Option<Text<'a>>, data: Option<Text<'a>> } }
resource! {
    ClaimDiagnosis {
        diagnosis_codeable_concept: Option<Concept<'a>>, diagnosis_reference: Option<Reference<'a>>,
        on_admission: Option<Concept<'a>>, r#type: Vec<Concept<'a>>;
        sequence: u32,
    }
}
resource! { ClaimInsurance { coverage: Option<Reference<'a>>; sequence: u32, focal: Option<bool> } }
resource! {
    ClaimItem {
        revenue: Option<Concept<'a>>,
        product_or_service: Option<Concept<'a>>, modifier: Vec<Concept<'a>>, serviced_date: Option<Text<'a>>,
        serviced_period: Option<Period<'a>>, quantity: Option<Money<'a>>, unit_price: Option<Money<'a>>,
        net: Option<Money<'a>>, encounter: Vec<Reference<'a>>;
        sequence: u32, diagnosis_sequence: Vec<u32>,
    }
}
resource! {
    Claim {
        id: Option<Text<'a>>, status: Option<Text<'a>>, r#type: Option<Concept<'a>>,
        patient: Option<Reference<'a>>, billable_period: Option<Period<'a>>, insurance: Vec<ClaimInsurance<'a>>,
        diagnosis: Vec<ClaimDiagnosis<'a>>, item: Vec<ClaimItem<'a>>, total: Option<Money<'a>>,
        contained: Vec<&'a RawValue>,
    }
}
