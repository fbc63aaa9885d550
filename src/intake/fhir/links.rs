//! References between resources, and the ids that follow from a sender's keys.
//!
//! Owns the spellings of one reference (`urn:uuid:…`, `Patient/1`, `https://…/Patient/1`,
//! `Practitioner?identifier=system|value`, `#contained`), the index of what a file holds, and the rule by
//! which a record gets the same id every time. Two servers' `Patient/1` never become one. Pure.

use super::{kinds::Kind, model};
use crate::domain::Id;
use crate::intake::clean::clean_line;
use std::{collections::HashMap, rc::Rc};
use uuid::Uuid;

/// The system of a National Provider Identifier in every spelling seen.
pub(super) fn is_npi_system(system: &str) -> bool {
    matches!(
        system,
        "http://hl7.org/fhir/sid/us-npi" | "urn:oid:2.16.840.1.113883.4.6" | "2.16.840.1.113883.4.6"
    )
}

/// A reference as one resource made it.
#[derive(Clone, Debug, Default)]
pub(super) struct Link {
    /// Normal spelling; empty when the sender gave only words.
    pub key: String,
    pub display: String,
}

/// Whose references these are: the server and, for `#x`, the resource.
#[derive(Clone, Debug)]
pub(super) struct Owner {
    pub base: Rc<str>,
    pub own_key: String,
}

impl Link {
    pub(super) fn new(reference: &model::Reference<'_>, owner: &Owner) -> Link {
        let display = reference.display.as_deref().map(clean_line).unwrap_or_default();
        let key = match (reference.reference.as_deref(), reference.identifier.as_deref()) {
            (Some(text), _) => normal(text, owner),
            (None, Some(i)) => i.value.as_deref().map_or_else(String::new, |v| {
                // Without a type the place of the reference tells it.
                let kind = reference.r#type.as_deref().unwrap_or_default();
                format!("{kind}?{}|{v}", i.system.as_deref().unwrap_or_default())
            }),
            _ => String::new(),
        };
        Link { key, display }
    }

    pub(super) fn of(reference: Option<&model::Reference<'_>>, owner: &Owner) -> Link {
        reference.map(|r| Link::new(r, owner)).unwrap_or_default()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.key.is_empty() && self.display.is_empty()
    }

    /// System and value of a conditional or logical reference.
    pub(super) fn identifier(&self) -> Option<(&str, &str)> {
        let (_, rest) = self.key.split_once('?')?;
        Some(rest.rsplit_once('|').unwrap_or(("", rest)))
    }
}

fn normal(text: &str, owner: &Owner) -> String {
    let text = text.trim();
    if text.starts_with('#') {
        return format!("{}{text}", owner.own_key);
    }
    if let Some((kind, query)) = text.split_once('?') {
        let kind = kind.rsplit('/').next().unwrap_or(kind);
        let token = query.split('&').find_map(|p| p.strip_prefix("identifier=")).unwrap_or(query);
        return format!("{kind}?{}", percent_decoded(token));
    }
    let text = text.split_once("/_history/").map_or(text, |(t, _)| t);
    if text.starts_with("urn:") {
        return text.to_ascii_lowercase();
    }
    if text.contains("://") || owner.base.is_empty() || !text.contains('/') {
        return text.trim_start_matches('/').to_string();
    }
    format!("{}/{}", owner.base, text.trim_start_matches('/'))
}

fn percent_decoded(text: &str) -> String {
    if !text.contains('%') {
        return text.to_string();
    }
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((b, after)) = rest.split_first() {
        let hex = after.get(..2).filter(|_| *b == b'%').and_then(|h| std::str::from_utf8(h).ok());
        match hex.and_then(|h| u8::from_str_radix(h, 16).ok()) {
            Some(v) => {
                out.push(v);
                rest = after.get(2..).unwrap_or_default();
            }
            None => {
                out.push(*b);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// `https://host/fhir/Patient/1` to (`https://host/fhir`, `Patient`, `1`); the base may be empty.
fn split_key(key: &str) -> Option<(&str, &str, &str)> {
    let (front, id) = key.rsplit_once('/')?;
    Some(match front.rsplit_once('/') {
        Some((base, kind)) => (base, kind, id),
        None => ("", front, id),
    })
}

/// The server part of a `fullUrl`; empty for `urn:` and for anything that is no address.
pub(super) fn base_of(full_url: &str) -> &str {
    if !full_url.contains("://") {
        return "";
    }
    split_key(full_url).map_or("", |(base, _, _)| base)
}

/// How ids are made: by the sender's name if the site gives one, else by the server in the file.
#[derive(Clone, Debug, Default)]
pub(super) struct Naming {
    pub sender: String,
}

impl Naming {
    pub(super) fn record(&self, base: &str, kind: &str, id: &str) -> Id {
        if let Ok(uuid) = Uuid::try_parse(id) {
            return Id::from_sender(&["urn:uuid", kind, &uuid.to_string()]);
        }
        let base = if self.sender.is_empty() { base } else { &self.sender };
        Id::from_sender(&[base, kind, id])
    }

    pub(super) fn identifier(&self, kind: &str, system: &str, value: &str) -> Id {
        if kind == "Practitioner" && is_npi_system(system) && value.len() == 10 {
            return Id::from_sender(&["npi", value]);
        }
        match Uuid::try_parse(value) {
            Ok(_) => self.record("", kind, value),
            Err(_) => Id::from_sender(&["identifier", kind, system, value]),
        }
    }

    /// The id of what a link names, whether or not it is in the file; `None` when it has only words.
    pub(super) fn linked(&self, link: &Link, kind: Kind) -> Option<Id> {
        if link.key.is_empty() || link.key.contains('#') {
            return None;
        }
        if let Some((system, value)) = link.identifier() {
            return Some(self.identifier(kind.name(), system, value));
        }
        if let Some(urn) = link.key.strip_prefix("urn:uuid:").or_else(|| link.key.strip_prefix("urn:oid:")) {
            return Some(self.record("", kind.name(), urn));
        }
        let (base, _, id) = split_key(&link.key)?;
        Some(self.record(base, kind.name(), id))
    }
}

/// Where a resource stands in its list; `None` where two resources claim one spelling.
type Slot = Option<(Kind, u32)>;

/// What the file holds, by every spelling somebody may use.
#[derive(Debug, Default)]
pub(super) struct Index {
    slots: HashMap<String, Slot>,
}

impl Index {
    fn put(&mut self, key: String, kind: Kind, at: u32) {
        match self.slots.get_mut(&key) {
            Some(slot) if *slot != Some((kind, at)) => *slot = None,
            Some(_) => {}
            None => {
                self.slots.insert(key, Some((kind, at)));
            }
        }
    }

    /// Takes up a resource under its address, `Type/id` and its identifiers.
    pub(super) fn add(
        &mut self,
        kind: Kind,
        at: u32,
        owner: &Owner,
        id: Option<&str>,
        identifiers: &[model::Identifier<'_>],
    ) {
        if !owner.own_key.is_empty() {
            self.put(owner.own_key.clone(), kind, at);
        }
        if let Some(id) = id.filter(|_| !owner.own_key.contains('#')) {
            let bare = format!("{}/{id}", kind.name());
            if !owner.base.is_empty() {
                let full = format!("{}/{bare}", owner.base);
                if full != owner.own_key {
                    self.put(full, kind, at);
                }
            }
            if bare != owner.own_key {
                self.put(bare, kind, at);
            }
        }
        for i in identifiers {
            if let Some(value) = i.value.as_deref() {
                let system = i.system.as_deref().unwrap_or_default();
                self.put(format!("{}?{system}|{value}", kind.name()), kind, at);
            }
        }
    }

    pub(super) fn find(&self, link: &Link, kinds: &[Kind]) -> Option<(Kind, u32)> {
        let right = |slot: Option<&Slot>| slot.copied().flatten().filter(|(k, _)| kinds.contains(k));
        if link.key.is_empty() {
            return None;
        }
        if let Some(found) = right(self.slots.get(&link.key)) {
            return Some(found);
        }
        if link.key.starts_with('?') {
            return kinds.iter().find_map(|k| right(self.slots.get(&format!("{}{}", k.name(), link.key))));
        }
        if link.key.contains(['?', '#']) {
            return None;
        }
        if let Some(uuid) = link.key.strip_prefix("urn:uuid:") {
            return kinds.iter().find_map(|k| right(self.slots.get(&format!("{}/{uuid}", k.name()))));
        }
        let (base, kind, id) = split_key(&link.key)?;
        if base.is_empty() {
            return None;
        }
        right(self.slots.get(&format!("{kind}/{id}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owner(base: &str) -> Owner {
        Owner { base: base.into(), own_key: format!("{base}/Claim/9") }
    }

    fn link(text: &str, base: &str) -> Link {
        Link { key: normal(text, &owner(base)), display: String::new() }
    }

    #[test]
    fn every_spelling_finds_the_resource() {
        let mut index = Index::default();
        let at = Owner { base: "https://a/fhir".into(), own_key: "https://a/fhir/Patient/1".into() };
        index.add(Kind::Patient, 7, &at, Some("1"), &[]);
        for text in [
            "Patient/1",
            "https://a/fhir/Patient/1",
            "Patient/1/_history/3",
            "https://a/fhir/Patient/1/_history/2",
        ] {
            assert_eq!(
                index.find(&link(text, "https://a/fhir"), &[Kind::Patient]),
                Some((Kind::Patient, 7)),
                "{text}"
            );
        }
        assert_eq!(index.find(&link("Patient/1", ""), &[Kind::Patient]), Some((Kind::Patient, 7)));
        assert_eq!(index.find(&link("Patient/1", ""), &[Kind::Encounter]), None);
        assert_eq!(
            link("Practitioner?identifier=http%3A%2F%2Fx|5", "").identifier(),
            Some(("http://x", "5"))
        );
        // A second server's Patient/1 makes the bare spelling ambiguous, never the wrong one.
        let other = Owner { base: "https://b".into(), own_key: "https://b/Patient/1".into() };
        index.add(Kind::Patient, 8, &other, Some("1"), &[]);
        assert_eq!(index.find(&link("Patient/1", ""), &[Kind::Patient]), None);
        assert_eq!(index.find(&link("Patient/1", "https://b"), &[Kind::Patient]), Some((Kind::Patient, 8)));
    }

    #[test]
    fn ids_do_not_depend_on_the_spelling() {
        let naming = Naming::default();
        let u = "EED1D00B-7665-4da3-88b7-c37cfb2ed245";
        let urn = naming.linked(&link(&format!("urn:uuid:{u}"), ""), Kind::Patient);
        assert_eq!(urn, Some(naming.record("", "Patient", u)));
        assert_eq!(urn, naming.linked(&link(&format!("Patient/{u}"), "https://a"), Kind::Patient));
        assert_ne!(naming.record("https://a", "Patient", "1"), naming.record("https://b", "Patient", "1"));
    }
}
