//! A claim with everything an 837 says of it: what `x12` reads and writes, and both faces can be built from.
//!
//! Owns the neutral model of a professional or institutional claim (005010X222A1, X223A2), whether it was made
//! from an encounter (`bill::encounter`) or read from anyone's file. Texts are kept as they were sent, also wrong
//! ones: whether they are right is said by the rules. What no screen of ours ever needs is kept as it came
//! (`Kept`), so that a claim that was read is written back whole. Names print as `‹phi›`. Pure.

pub mod encounter;
pub mod face;

use crate::domain::{Cents, Form, PersonName, Phi, Units};

/// A number with its kind (REF01, REF02); `payer` is REF04's second component on a line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RefId {
    pub kind: String,
    pub value: Phi<String>,
    pub payer: String,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PostalAddress {
    pub street: String,
    pub street_2: String,
    pub city: String,
    pub state: String,
    /// Digits only.
    pub zip: String,
    pub country: String,
    pub subdivision: String,
}

/// A person or an organization with its identifier.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Party {
    pub person: bool,
    /// An organization's name stands in `last`.
    pub name: Phi<PersonName>,
    /// XX, MI, PI ...
    pub id_kind: String,
    pub id: Phi<String>,
}

/// PER: a name and up to three numbers with their kinds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Contact {
    pub name: String,
    pub numbers: Vec<(String, String)>,
}

/// A date as it was sent: kind (472), format (D8), text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DateText {
    pub kind: String,
    pub format: String,
    pub text: String,
}

/// A segment no part of the program needs, by its loop: id and elements, components still joined by `:`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    pub lp: &'static str,
    pub elements: Phi<Vec<String>>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Billing {
    pub taxonomy: String,
    pub party: Party,
    pub address: PostalAddress,
    /// EI or SY, and its nine digits.
    pub tax: RefId,
    pub ids: Vec<RefId>,
    pub contacts: Vec<Contact>,
    /// 2010AB.
    pub pay_to: Option<PostalAddress>,
    pub kept: Vec<Kept>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Demographics {
    /// CCYYMMDD
    pub birth: Phi<String>,
    pub sex: String,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Subscriber {
    /// P, S, T ...
    pub order: String,
    /// 18 when the subscriber is the patient, else empty.
    pub relationship: String,
    pub group_number: String,
    pub group_name: String,
    pub insurance_type: String,
    pub filing: String,
    pub party: Party,
    pub address: Option<Phi<PostalAddress>>,
    pub demographics: Option<Demographics>,
    pub refs: Vec<RefId>,
    /// PAT05 to PAT09, as sent.
    pub condition: Vec<String>,
    pub kept: Vec<Kept>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BillPayer {
    pub party: Party,
    pub address: Option<PostalAddress>,
    pub refs: Vec<RefId>,
}

/// A patient who is not the subscriber.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Dependent {
    pub relationship: String,
    pub condition: Vec<String>,
    pub party: Party,
    pub address: Option<Phi<PostalAddress>>,
    pub demographics: Option<Demographics>,
    pub refs: Vec<RefId>,
    pub kept: Vec<Kept>,
}

/// One code of an HI segment: a diagnosis, procedure, occurrence, value, condition or DRG.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HealthCode {
    /// ABK, ABF, ABJ, APR, ABN, DR, BBR, BBQ, BI, BH, BE, BG, TC, BP, BO.
    pub kind: String,
    pub code: String,
    /// D8 or RD8.
    pub format: String,
    pub date: String,
    pub amount: String,
    pub poa: String,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BillProvider {
    pub lp: &'static str,
    /// 82, 77, 71 ...
    pub role: String,
    pub party: Party,
    pub taxonomy: String,
    pub address: Option<PostalAddress>,
    pub refs: Vec<RefId>,
    pub kept: Vec<Kept>,
}

/// CAS: one adjustment; amounts in cents, units in thousandths.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Adjustment {
    pub group: String,
    pub reason: String,
    pub amount: Cents,
    pub units: Option<Units>,
}

/// 2320 and 2330: another payer and what it decided.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OtherPayer {
    pub order: String,
    pub relationship: String,
    pub group_number: String,
    pub group_name: String,
    pub insurance_type: String,
    pub filing: String,
    pub adjustments: Vec<Adjustment>,
    /// AMT by kind: D paid, A8 not covered, EAF patient still owes.
    pub amounts: Vec<(String, Cents)>,
    /// OI03, OI04, OI06.
    pub benefits: String,
    pub signed_by: String,
    pub release: String,
    pub subscriber: Party,
    pub subscriber_address: Option<Phi<PostalAddress>>,
    pub subscriber_refs: Vec<RefId>,
    pub payer: Party,
    pub payer_address: Option<PostalAddress>,
    pub decided: Option<DateText>,
    pub payer_refs: Vec<RefId>,
    pub providers: Vec<BillProvider>,
    pub kept: Vec<Kept>,
}

/// 2430: what another payer decided about a line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LineDecision {
    pub payer_id: String,
    pub paid: Cents,
    pub service: Service,
    pub revenue: String,
    pub units: Units,
    pub bundled: String,
    pub adjustments: Vec<Adjustment>,
    pub date: Option<DateText>,
    pub owes: Option<Cents>,
}

/// The procedure composite.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Service {
    /// HC, HP ...; empty where a revenue line has no procedure.
    pub kind: String,
    pub code: String,
    pub modifiers: Vec<String>,
    pub description: String,
}

/// 2410.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Drug {
    pub kind: String,
    pub ndc: String,
    pub quantity: Units,
    pub unit: String,
    pub refs: Vec<RefId>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Attachment {
    pub kind: String,
    pub how: String,
    pub id_kind: String,
    pub number: String,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BillLine {
    /// Institutional only.
    pub revenue: String,
    pub service: Service,
    pub charge: Cents,
    /// UN, MJ, DA.
    pub unit: String,
    pub quantity: Units,
    /// SV105, only where it differs from the claim's.
    pub place: String,
    pub pointers: Vec<u8>,
    pub emergency: bool,
    pub epsdt: bool,
    pub family_planning: bool,
    pub copay_exempt: bool,
    pub noncovered: Option<Cents>,
    pub dates: Vec<DateText>,
    pub refs: Vec<RefId>,
    pub amounts: Vec<(String, Cents)>,
    pub notes: Vec<(String, Phi<String>)>,
    pub attachments: Vec<Attachment>,
    pub drug: Option<Drug>,
    pub providers: Vec<BillProvider>,
    pub decisions: Vec<LineDecision>,
    pub kept: Vec<Kept>,
}

impl BillLine {
    /// DTP*472: first and last day, as sent.
    pub fn date(&self) -> Option<&DateText> {
        self.dates.iter().find(|d| d.kind == "472")
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bill {
    pub form: Form,
    pub billing: Billing,
    pub subscriber: Subscriber,
    pub payer: BillPayer,
    pub patient: Option<Dependent>,
    /// CLM01: what the patient's account is called.
    pub account: String,
    pub total: Cents,
    /// Place of service, or the first two digits of the type of bill.
    pub place: String,
    /// 1 original, 7 replacement, 8 void.
    pub frequency: String,
    pub signature: String,
    pub assignment: String,
    pub benefits: String,
    pub release: String,
    pub signed_by: String,
    /// CLM11: AA, EM, OA.
    pub causes: Vec<String>,
    pub accident_state: String,
    pub accident_country: String,
    pub program: String,
    pub delay: String,
    pub dates: Vec<DateText>,
    /// CL1: type, point of origin, status.
    pub admission: Option<[String; 3]>,
    pub attachments: Vec<Attachment>,
    pub amounts: Vec<(String, Cents)>,
    pub refs: Vec<RefId>,
    pub notes: Vec<(String, Phi<String>)>,
    pub codes: Vec<HealthCode>,
    pub providers: Vec<BillProvider>,
    pub others: Vec<OtherPayer>,
    pub lines: Vec<BillLine>,
    pub kept: Vec<Kept>,
}

impl Bill {
    pub fn empty(form: Form) -> Bill {
        Bill {
            form,
            billing: Billing::default(),
            subscriber: Subscriber::default(),
            payer: BillPayer::default(),
            patient: None,
            account: String::new(),
            total: Cents::ZERO,
            place: String::new(),
            frequency: String::new(),
            signature: String::new(),
            assignment: String::new(),
            benefits: String::new(),
            release: String::new(),
            signed_by: String::new(),
            causes: Vec::new(),
            accident_state: String::new(),
            accident_country: String::new(),
            program: String::new(),
            delay: String::new(),
            dates: Vec::new(),
            admission: None,
            attachments: Vec::new(),
            amounts: Vec::new(),
            refs: Vec::new(),
            notes: Vec::new(),
            codes: Vec::new(),
            providers: Vec::new(),
            others: Vec::new(),
            lines: Vec::new(),
            kept: Vec::new(),
        }
    }

    /// A number of the claim by its kind (F8, G1, EA ...).
    pub fn reference(&self, kind: &str) -> &str {
        self.refs.iter().find(|r| r.kind == kind).map_or("", |r| r.value.reveal())
    }

    pub fn date(&self, kind: &str) -> Option<&DateText> {
        self.dates.iter().find(|d| d.kind == kind)
    }

    pub fn codes_of<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = &'a HealthCode> {
        self.codes.iter().filter(move |c| c.kind == kind)
    }

    pub fn provider(&self, role: &str) -> Option<&BillProvider> {
        self.providers.iter().find(|p| p.role == role)
    }
}
