//! Patients, practitioners, organizations and coverages of a FHIR file.
//!
//! Owns how they become `Patient`, `Provider`, `Payer` and `Coverage`, and what stands in for one that is
//! only named in a reference (marked `reference_only`, so that a full record is never overwritten by it).
//! Called while the file is read; the thread that reads it.

use super::{
    Context, FieldFault, Graph, bad,
    links::{Link, is_npi_system},
    model,
};
use crate::domain::{
    Address, Coverage, Extra, Id, Item, OrderKey, Patient, Payer, PayerClass, PersonName, Phi, Provider, Sex,
};
use crate::intake::{FileReport, clean::clean_line, date::Moment, states::state_code};
use chrono::NaiveDate;

/// Marks a record made from a reference alone.
pub(super) const REFERENCE_ONLY: &str = "reference_only";

#[derive(Debug)]
pub(super) struct PatientNode {
    pub item: Item<Patient>,
    pub file: usize,
    /// Was handed on with an encounter.
    pub used: bool,
}

#[derive(Debug)]
pub(super) struct ProviderNode {
    pub item: Item<Provider>,
    pub used: bool,
}

#[derive(Debug)]
pub(super) struct RoleNode {
    pub practitioner: Link,
    pub specialty: String,
}

#[derive(Debug)]
pub(super) struct OrganizationNode {
    pub id: Id,
    pub name: String,
    pub npi: String,
    pub payer_id: String,
    pub address: Address,
}

#[derive(Debug)]
pub(super) struct CoverageNode {
    pub item: Item<Coverage>,
    pub patient: Link,
    pub payor: Link,
    /// What kind of insurance, in words.
    pub words: String,
    pub from: Option<NaiveDate>,
    pub through: Option<NaiveDate>,
    pub used: bool,
}

pub(super) fn text_of(text: Option<&model::Text<'_>>) -> String {
    text.map(|t| clean_line(t)).unwrap_or_default()
}

fn has_type(i: &model::Identifier<'_>, code: &str) -> bool {
    i.r#type.as_ref().is_some_and(|t| t.has(code))
}

fn mrn(identifiers: &[model::Identifier<'_>]) -> Option<String> {
    let secret = |i: &&model::Identifier<'_>| {
        ["SS", "DL", "PPN"].iter().any(|c| has_type(i, c))
            || i.system.as_deref() == Some("http://hl7.org/fhir/sid/us-ssn")
    };
    let with_value = || identifiers.iter().filter(|i| i.value.is_some());
    with_value()
        .find(|i| has_type(i, "MR"))
        .or_else(|| {
            with_value()
                .filter(|i| !secret(i))
                .find(|i| matches!(i.r#use.as_deref(), Some("usual" | "official")))
        })
        .or_else(|| with_value().find(|i| !secret(i)))
        .map(|i| text_of(i.value.as_ref()))
}

fn npi(identifiers: &[model::Identifier<'_>]) -> String {
    identifiers
        .iter()
        .find(|i| i.system.as_deref().is_some_and(is_npi_system) || has_type(i, "NPI") || has_type(i, "npi"))
        .map(|i| text_of(i.value.as_ref()))
        .unwrap_or_default()
}

/// The name to use of several, and the letters after it.
fn person_name(names: &[model::Human<'_>]) -> (PersonName, String) {
    let rank = |n: &&model::Human<'_>| match n.r#use.as_deref() {
        Some("official") => 0,
        Some("usual") => 1,
        None => 2,
        Some("old" | "maiden" | "temp") => 9,
        Some(_) => 3,
    };
    let Some(n) = names.iter().min_by_key(rank) else { return Default::default() };
    let suffix = n.suffix.iter().map(|s| clean_line(s)).collect::<Vec<_>>().join(" ");
    let Some(family) = n.family.as_deref() else {
        return name_from_words(n.text.as_deref().unwrap_or_default());
    };
    let mut given = n.given.iter().map(|g| clean_line(g));
    let name = PersonName {
        last: clean_line(family),
        first: given.next().unwrap_or_default(),
        middle: given.collect::<Vec<_>>().join(" "),
        suffix: String::new(),
    };
    (name, suffix)
}

/// `Dr. Maria Alvarez MD` or `Alvarez, Maria` to a name and the letters after it.
pub(super) fn name_from_words(words: &str) -> (PersonName, String) {
    let words = clean_line(words);
    if let Some((last, first)) = words.split_once(',') {
        let first = first.trim();
        if is_credential(first) {
            let (name, _) = name_from_words(last);
            return (name, first.to_string());
        }
        let name = PersonName { last: last.trim().into(), first: first.into(), ..PersonName::default() };
        return (name, String::new());
    }
    let mut parts: Vec<&str> = words.split_whitespace().collect();
    if parts.first().is_some_and(|p| p.ends_with('.') && p.len() > 2) {
        parts.remove(0);
    }
    let credential = parts.last().filter(|p| parts.len() > 1 && is_credential(p)).map(|p| p.to_string());
    if credential.is_some() {
        parts.pop();
    }
    let last = parts.pop().unwrap_or_default().to_string();
    let mut given = parts.into_iter();
    let first = given.next().unwrap_or_default().to_string();
    let middle = given.collect::<Vec<_>>().join(" ");
    (PersonName { last, first, middle, suffix: String::new() }, credential.unwrap_or_default())
}

fn is_credential(word: &str) -> bool {
    let w = word.replace('.', "");
    matches!(w.as_str(), "MD" | "DO" | "NP" | "PA" | "PA-C" | "RN" | "CRNA" | "DPM" | "PhD" | "FNP" | "CNM")
}

fn address(list: &[model::Postal<'_>]) -> Address {
    let Some(a) = list.first() else { return Address::default() };
    Address {
        street: a.line.iter().map(|l| clean_line(l)).collect::<Vec<_>>().join(", "),
        city: text_of(a.city.as_ref()),
        state: state_code(text_of(a.state.as_ref())),
        zip: text_of(a.postal_code.as_ref()),
    }
}

/// A date that may be absent but not wrong.
pub(super) fn optional_date(
    field: &str,
    text: Option<&model::Text<'_>>,
) -> Result<Option<Moment>, FieldFault> {
    match text {
        None => Ok(None),
        Some(t) => Moment::parse(t).map(Some).ok_or_else(|| bad(field, "is not a date as FHIR writes it")),
    }
}

impl Graph {
    pub(super) fn take_patient(
        &mut self,
        r: model::Patient<'_>,
        cx: &Context,
        reports: &mut [FileReport],
    ) -> Result<(), FieldFault> {
        let birth = optional_date("birthDate", r.birth_date.as_ref())?;
        if birth.is_some_and(|b| !b.exact) {
            cx.warn(reports, "birthDate has no day and was left out");
        }
        let death = optional_date("deceasedDateTime", r.deceased_date_time.as_ref())?;
        let (mut name, suffix) = person_name(&r.name);
        name.suffix = suffix;
        if name.last.is_empty() {
            cx.warn(reports, "the patient has no name");
        }
        let phone = r.telecom.iter().find(|t| t.system.as_deref() == Some("phone"));
        let body = Patient {
            mrn: Phi::new(mrn(&r.identifier).unwrap_or_else(|| text_of(r.id.as_ref()))),
            name: Phi::new(name),
            sex: match r.gender.as_deref() {
                Some("female") => Sex::Female,
                Some("male") => Sex::Male,
                _ => Sex::Unknown,
            },
            birth: Phi::new(birth.filter(|b| b.exact).map(|b| b.day)),
            address: Phi::new(address(&r.address)),
            phone: Phi::new(text_of(phone.and_then(|p| p.value.as_ref()))),
            death: death.map(|d| d.day),
            extra: Extra::new(),
        };
        let at = self.add(cx, self.patients.len(), r.id.as_deref(), &r.identifier);
        let item = Item::new(cx.id, OrderKey::default(), body);
        let node = PatientNode { item, file: cx.place.file, used: false };
        put(&mut self.patients, at, node);
        Ok(())
    }

    pub(super) fn take_practitioner(
        &mut self,
        r: model::Practitioner<'_>,
        cx: &Context,
    ) -> Result<(), FieldFault> {
        let (name, suffix) = person_name(&r.name);
        let npi = npi(&r.identifier);
        let id = if npi.len() == 10 { Id::from_sender(&["npi", &npi]) } else { cx.id };
        let letters = r.qualification.iter().filter_map(|q| q.code.as_ref());
        let letters = letters
            .flat_map(|c| c.coding.iter().filter_map(|c| c.code.as_deref()))
            .find(|c| is_credential(c))
            .map(str::to_string);
        let body = Provider {
            key: key_of(&name),
            name,
            credential: if suffix.is_empty() { letters.unwrap_or_default() } else { suffix },
            npi,
            ..Provider::default()
        };
        let at = self.add(cx, self.providers.len(), r.id.as_deref(), &r.identifier);
        put(
            &mut self.providers,
            at,
            ProviderNode { item: Item::new(id, OrderKey::default(), body), used: false },
        );
        Ok(())
    }

    pub(super) fn take_role(&mut self, r: model::Role<'_>, cx: &Context) -> Result<(), FieldFault> {
        let practitioner = Link::of(r.practitioner.as_ref(), &cx.owner);
        let specialty = r.specialty.first().map(|s| clean_line(s.words())).unwrap_or_default();
        let at = self.add(cx, self.roles.len(), r.id.as_deref(), &r.identifier);
        put(&mut self.roles, at, RoleNode { practitioner, specialty });
        Ok(())
    }

    pub(super) fn take_organization(
        &mut self,
        r: model::Organization<'_>,
        cx: &Context,
    ) -> Result<(), FieldFault> {
        let payer_id = r.identifier.iter().find(|i| has_type(i, "NIIP") || has_type(i, "PAYERID"));
        let node = OrganizationNode {
            id: cx.id,
            name: text_of(r.name.as_ref()),
            npi: npi(&r.identifier),
            payer_id: text_of(payer_id.and_then(|i| i.value.as_ref())),
            address: address(&r.address),
        };
        let at = self.add(cx, self.organizations.len(), r.id.as_deref(), &r.identifier);
        put(&mut self.organizations, at, node);
        Ok(())
    }

    pub(super) fn take_coverage(&mut self, r: model::Coverage<'_>, cx: &Context) -> Result<(), FieldFault> {
        if matches!(r.status.as_deref(), Some("cancelled" | "entered-in-error")) {
            return Ok(());
        }
        let patient = Link::of(r.beneficiary.as_ref(), &cx.owner);
        if patient.is_empty() {
            return Err(bad("beneficiary", "is missing"));
        }
        let period = r.period.unwrap_or_default();
        let from = optional_date("period.start", period.start.as_ref())?.map(|m| m.day);
        let through = optional_date("period.end", period.end.as_ref())?.map(|m| m.day);
        let group = r.class.iter().find(|c| c.r#type.as_ref().is_some_and(|t| t.has("group")));
        let member = r.subscriber_id.as_ref().or_else(|| {
            let mb = r.identifier.iter().find(|i| has_type(i, "MB") || has_type(i, "MC"));
            mb.or(r.identifier.first()).and_then(|i| i.value.as_ref())
        });
        let relationship = r.relationship.as_ref().map_or("18", |c| {
            let code = |x: &str| c.has(x);
            match () {
                () if code("spouse") => "01",
                () if code("child") => "19",
                () if code("self") => "18",
                () => "G8",
            }
        });
        let subscriber =
            r.subscriber.as_ref().and_then(|s| s.display.as_deref()).filter(|_| relationship != "18");
        let body = Coverage {
            payer: Id::NIL,
            member_id: Phi::new(text_of(member)),
            relationship: relationship.into(),
            subscriber: subscriber.map(|s| Phi::new(name_from_words(s).0)),
            group_number: text_of(group.and_then(|g| g.value.as_ref())),
            group_name: text_of(group.and_then(|g| g.name.as_ref())),
            extra: Extra::new(),
        };
        let node = CoverageNode {
            item: Item::new(cx.id, OrderKey::default(), body),
            patient,
            payor: r.payor.first().map(|p| Link::new(p, &cx.owner)).unwrap_or_default(),
            words: r.r#type.as_ref().map(|t| clean_line(t.words())).unwrap_or_default(),
            from,
            through,
            used: false,
        };
        let at = self.add(cx, self.coverages.len(), r.id.as_deref(), &r.identifier);
        put(&mut self.coverages, at, node);
        Ok(())
    }
}

/// The last of two resources with one address counts.
pub(super) fn put<T>(list: &mut Vec<T>, at: usize, node: T) {
    match list.get_mut(at) {
        Some(old) => *old = node,
        None => list.push(node),
    }
}

/// `shah` for Shah: what people type.
fn key_of(name: &PersonName) -> String {
    name.last.chars().filter(|c| c.is_ascii_alphabetic()).map(|c| c.to_ascii_lowercase()).collect()
}

/// What stands in for a provider that is only named.
pub(super) fn provider_stub(id: Id, link: &Link) -> Item<Provider> {
    let (name, credential) = name_from_words(&link.display);
    let npi = link.identifier().filter(|(s, _)| is_npi_system(s)).map(|(_, v)| v.to_string());
    let mut body = Provider {
        key: key_of(&name),
        name,
        credential,
        npi: npi.unwrap_or_default(),
        ..Provider::default()
    };
    body.extra.insert(REFERENCE_ONLY.into(), true.into());
    Item::new(id, OrderKey::default(), body)
}

/// What stands in for a patient that is only named.
pub(super) fn patient_stub(id: Id, link: &Link) -> Item<Patient> {
    let (name, _) = name_from_words(&link.display);
    let mrn = link.key.rsplit(['/', ':', '|']).next().unwrap_or_default().to_string();
    let mut body = Patient { mrn: Phi::new(mrn), name: Phi::new(name), ..Patient::default() };
    body.extra.insert(REFERENCE_ONLY.into(), true.into());
    Item::new(id, OrderKey::default(), body)
}

/// A payer by its name and what the sender says of the kind of insurance.
pub(super) fn payer(id: Option<Id>, name: &str, words: &str) -> Item<Payer> {
    let text = format!("{name} {words}").to_ascii_lowercase().replace(['_', '-'], " ");
    let any = |list: &[&str]| list.iter().any(|w| text.contains(w));
    let (class, filing) = if any(&["no insurance", "self pay", "selfpay", "uninsured"]) {
        (PayerClass::SelfPay, "09")
    } else if any(&["medicare advantage"]) {
        (PayerClass::Medicare, "16")
    } else if any(&["medicare"]) {
        (PayerClass::Medicare, "MB")
    } else if any(&["medicaid"]) {
        (PayerClass::Medicaid, "MC")
    } else if any(&["workers comp", "worker's comp", "workers' comp"]) {
        (PayerClass::WorkersComp, "WC")
    } else if any(&["blue cross", "bcbs", "blue shield"]) {
        (PayerClass::Commercial, "BL")
    } else {
        (PayerClass::Commercial, "CI")
    };
    let named = if name.is_empty() { words } else { name };
    let id = id.unwrap_or_else(|| Id::from_sender(&["payer", &named.to_ascii_lowercase()]));
    let body = Payer { name: named.into(), class, filing_code: filing.into(), ..Payer::default() };
    Item::new(id, OrderKey::default(), body)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_payers_from_words() {
        let (n, c) = name_from_words("Dr. Zackary Lee Quigley MD");
        assert_eq!(
            (n.last.as_str(), n.first.as_str(), n.middle.as_str(), c.as_str()),
            ("Quigley", "Zackary", "Lee", "MD")
        );
        assert_eq!(name_from_words("Alvarez, Maria").0.full(), "Alvarez, Maria");
        assert_eq!(name_from_words("Ann Shah, MD").1, "MD");
        assert_eq!(name_from_words("").0, PersonName::default());
        assert_eq!(payer(None, "NO_INSURANCE", "").body.class, PayerClass::SelfPay);
        assert_eq!(payer(None, "Humana", "Medicare Advantage").body.filing_code, "16");
        assert_eq!(payer(None, "Medicaid", "").id, payer(None, "medicaid", "").id);
    }
}
