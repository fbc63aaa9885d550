//! Who is on an encounter: patient, providers by role, facility, and the coverages that pay.
//!
//! Owns following references to people and organizations, with a stand-in where only a reference names
//! somebody; which coverages pay, in which order.
//! Never merges two people: one record is one resource.
//! The thread that reads the file, after the last resource.

use super::{Graph, charges::ClaimNode, kinds::Kind, links::Link, people, visit::Part};
use crate::domain::{Coverage, Encounter, Form, Id, Item, OrderKey, Patient, Payer, Provider};
use std::collections::{BTreeMap, HashMap};

impl Graph {
    pub(super) fn coverages_by_patient(&self) -> HashMap<u32, Vec<usize>> {
        let mut map: HashMap<u32, Vec<usize>> = HashMap::new();
        for (n, c) in self.coverages.iter().enumerate() {
            if let Some((_, p)) = self.index.find(&c.patient, &[Kind::Patient]) {
                map.entry(p).or_default().push(n);
            }
        }
        map
    }

    /// A provider by whatever names it, and its id.
    pub(super) fn provider(&mut self, link: &Link, into: &mut BTreeMap<Id, Item<Provider>>) -> Option<Id> {
        let kinds = [Kind::Practitioner, Kind::PractitionerRole];
        match self.index.find(link, &kinds) {
            Some((Kind::PractitionerRole, at)) => {
                let role = self.roles.get(at as usize)?;
                let (link, specialty) = (role.practitioner.clone(), role.specialty.clone());
                let id = self.provider(&link, into)?;
                if let Some(p) = into.get_mut(&id)
                    && p.body.specialty.is_empty()
                {
                    p.body.specialty = specialty;
                }
                Some(id)
            }
            Some((_, at)) => {
                let node = self.providers.get_mut(at as usize)?;
                node.used = true;
                into.entry(node.item.id).or_insert_with(|| node.item.clone());
                Some(node.item.id)
            }
            None => {
                let kind = if link.key.contains("PractitionerRole") {
                    Kind::PractitionerRole
                } else {
                    Kind::Practitioner
                };
                // An organization or the patient may stand where a person is wanted: no provider then.
                if ["Organization", "Patient", "RelatedPerson", "Device", "CareTeam", "HealthcareService"]
                    .iter()
                    .any(|k| link.key.contains(k))
                    || self.index.find(link, &[Kind::Organization, Kind::Patient]).is_some()
                {
                    return None;
                }
                let id = self.naming.linked(link, kind)?;
                into.entry(id).or_insert_with(|| people::provider_stub(id, link));
                Some(id)
            }
        }
    }

    pub(super) fn patient(&mut self, link: &Link) -> (Option<u32>, Option<Item<Patient>>) {
        if let Some((_, at)) = self.index.find(link, &[Kind::Patient])
            && let Some(p) = self.patients.get_mut(at as usize)
        {
            p.used = true;
            return (Some(at), Some(p.item.clone()));
        }
        (None, self.naming.linked(link, Kind::Patient).map(|id| people::patient_stub(id, link)))
    }

    pub(super) fn roles_of(
        &mut self,
        body: &mut Encounter,
        parts: &[(Part, Link)],
        providers: &mut BTreeMap<Id, Item<Provider>>,
    ) {
        for (part, link) in parts {
            let Some(id) = self.provider(link, providers) else { continue };
            let slot = match part {
                Part::Performer => &mut body.roles.rendering,
                Part::Attending => &mut body.roles.attending,
                Part::Operating => &mut body.roles.operating,
                Part::Referring => &mut body.roles.referring,
                Part::Other => continue,
            };
            slot.get_or_insert(id);
        }
        let has_ub = body.has_form(Form::Ub04);
        let roles = &mut body.roles;
        if roles.attending.is_none() && has_ub {
            roles.attending = roles.rendering;
        }
        if roles.rendering.is_none() {
            roles.rendering = roles.attending;
        }
    }

    pub(super) fn facility(&self, body: &mut Encounter, link: &Link) {
        let found = self.index.find(link, &[Kind::Organization]);
        let org = found.and_then(|(_, at)| self.organizations.get(at as usize));
        let (name, npi) = match org {
            Some(o) => (o.name.as_str(), o.npi.as_str()),
            None => (link.display.as_str(), ""),
        };
        if !name.is_empty() {
            body.extra.insert("facility".into(), name.into());
        }
        if !npi.is_empty() {
            body.extra.insert("facility_npi".into(), npi.into());
        }
    }

    /// The coverages that pay: those the claims name, else the patient's that were in force.
    pub(super) fn insurance(
        &mut self,
        patient: Id,
        patient_at: Option<u32>,
        billed: &[&ClaimNode],
        on: chrono::NaiveDate,
        by_patient: &HashMap<u32, Vec<usize>>,
    ) -> (Vec<Item<Coverage>>, Vec<Item<Payer>>) {
        let (mut coverages, mut payers): (Vec<Item<Coverage>>, Vec<Item<Payer>>) = (Vec::new(), Vec::new());
        let mut keep = |c: Item<Coverage>, p: Item<Payer>| {
            if !coverages.iter().any(|x| x.id == c.id) {
                coverages.push(c);
            }
            if !payers.iter().any(|x| x.id == p.id) {
                payers.push(p);
            }
        };
        let mut named = false;
        for link in billed.iter().flat_map(|c| &c.insurance) {
            if let Some((_, at)) = self.index.find(link, &[Kind::Coverage]) {
                if let Some((c, p)) = self.coverage(at as usize) {
                    named = true;
                    keep(c, p);
                }
            } else if !link.display.is_empty() {
                let payer = people::payer(None, &link.display, "");
                let id = Id::from_sender(&[&patient.to_string(), "coverage", &payer.id.to_string()]);
                let body = Coverage { payer: payer.id, relationship: "18".into(), ..Coverage::default() };
                named = true;
                keep(Item::new(id, OrderKey::default(), body), payer);
            }
        }
        if !named {
            let all = patient_at.and_then(|p| by_patient.get(&p)).cloned().unwrap_or_default();
            for at in all {
                let valid = self
                    .coverages
                    .get(at)
                    .is_some_and(|c| c.from.is_none_or(|f| f <= on) && c.through.is_none_or(|t| t >= on));
                if let Some((c, p)) = valid.then(|| self.coverage(at)).flatten() {
                    keep(c, p);
                }
            }
        }
        (coverages, payers)
    }

    /// A coverage with its payer.
    pub(super) fn coverage(&mut self, at: usize) -> Option<(Item<Coverage>, Item<Payer>)> {
        let found = self.coverages.get(at).map(|c| self.index.find(&c.payor, &[Kind::Organization]))?;
        let org = found.and_then(|(_, at)| self.organizations.get(at as usize));
        let node = self.coverages.get_mut(at)?;
        node.used = true;
        let payer = match org {
            Some(o) => {
                let mut p = people::payer(Some(o.id), &o.name, &node.words);
                p.body.payer_id = o.payer_id.clone();
                p.body.address = o.address.clone();
                p
            }
            None => {
                let id = self.naming.linked(&node.payor, Kind::Organization);
                people::payer(id, &node.payor.display, &node.words)
            }
        };
        let mut item = node.item.clone();
        item.body.payer = payer.id;
        Some((item, payer))
    }
}
