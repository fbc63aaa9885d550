//! `codesk setup import FILE`: a site's own data from a JSON file, each row checked.
//!
//! One object: `scope`, `site`, `payers` (found by name), `providers` (by key, NPI or name), `registration` (by
//! account: address, member id and relationship of the first coverage). Only the fields that are given change. A
//! row with a wrong NPI, taxonomy or tax id is refused and named; the others are taken.

use super::{CliError, Outcome, PlaceArgs, Site};
use crate::domain::{
    Address, Body, Change, Edit, EditSet, Id, Item, OrderKey, Payer, Provider, SHARED_SCOPE, Scope,
    Site as SiteRecord, npi_is_valid,
};
use clap::{Args, Subcommand};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::io::Write;
use std::path::PathBuf;

#[derive(Args)]
pub struct SetupArgs {
    #[command(subcommand)]
    command: SetupSub,
}

#[derive(Subcommand)]
enum SetupSub {
    /// Take site, payers, providers and registration from a JSON file
    Import {
        file: PathBuf,
        #[arg(long)]
        json: bool,
    },
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    scope: String,
    #[serde(default)]
    site: Option<Map<String, Value>>,
    #[serde(default)]
    payers: Vec<Map<String, Value>>,
    #[serde(default)]
    providers: Vec<Map<String, Value>>,
    #[serde(default)]
    registration: Vec<Registration>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Registration {
    account: String,
    #[serde(default)]
    address: Option<Address>,
    #[serde(default)]
    member_id: Option<String>,
    #[serde(default)]
    relationship: Option<String>,
    #[serde(default)]
    group_number: Option<String>,
}

pub fn run(place: &PlaceArgs, args: &SetupArgs) -> Result<Outcome, CliError> {
    let SetupSub::Import { file, json: as_json } = &args.command;
    let text = std::fs::read_to_string(file)
        .map_err(|e| CliError::Usage(format!("cannot read {}: {e}", file.display())))?;
    let read: File = serde_json::from_str(&text).map_err(|e| {
        // The reader's own words quote what they found, which may be a name.
        CliError::Usage(format!(
            "{}: line {}, column {}: not as expected",
            file.display(),
            e.line(),
            e.column()
        ))
    })?;
    let mut site = Site::open(place)?;
    let scope = Scope(if read.scope.is_empty() { "main".into() } else { read.scope.clone() });
    let mut refused: Vec<(String, String)> = Vec::new();
    let mut taken = 0u64;
    let directory = site.directory(&scope)?;
    if let Some(fields) = &read.site {
        let old = directory.site.clone();
        match merged::<SiteRecord>(old.as_ref().map(|i| &i.body), fields).and_then(check_site) {
            Ok(new) => {
                let id = Id::from_sender(&["setup", "site", &scope.0]);
                taken += put(&mut site, &scope, old, id, new)?;
            }
            Err(why) => refused.push((format!("site {scope}"), why)),
        }
    }
    let shared = Scope(SHARED_SCOPE.into());
    for fields in &read.payers {
        let name = words(fields, "name");
        let old = directory.payers.values().find(|p| p.body.name.eq_ignore_ascii_case(&name)).cloned();
        match merged::<Payer>(old.as_ref().map(|i| &i.body), fields).and_then(check_payer) {
            Ok(new) => {
                taken += put(&mut site, &shared, old, Id::from_sender(&["setup", "payer", &name]), new)?
            }
            Err(why) => refused.push((format!("payer {name}"), why)),
        }
    }
    for fields in &read.providers {
        let (key, npi) = (words(fields, "key"), words(fields, "npi"));
        let last = fields.get("name").and_then(|n| n.get("last")).and_then(Value::as_str).unwrap_or_default();
        let by = |f: &dyn Fn(&Provider) -> bool| directory.providers.values().find(|p| f(&p.body)).cloned();
        let old = by(&|p| !key.is_empty() && p.key == key)
            .or_else(|| by(&|p| !last.is_empty() && p.name.last.eq_ignore_ascii_case(last)))
            .or_else(|| by(&|p| !npi.is_empty() && p.npi == npi));
        let label = [key.as_str(), last].iter().find(|t| !t.is_empty()).unwrap_or(&"?").to_string();
        match merged::<Provider>(old.as_ref().map(|i| &i.body), fields).and_then(check_provider) {
            Ok(new) => {
                taken += put(&mut site, &shared, old, Id::from_sender(&["setup", "provider", &label]), new)?
            }
            Err(why) => refused.push((format!("provider {label}"), why)),
        }
    }
    for row in &read.registration {
        match register(&mut site, row)? {
            Ok(()) => taken += 1,
            Err(why) => refused.push((format!("account {}", row.account), why)),
        }
    }
    site.sync();
    let mut out = std::io::stdout().lock();
    if *as_json {
        let list: Vec<Value> = refused.iter().map(|(at, why)| json!({"at": at, "message": why})).collect();
        writeln!(out, "{}", json!({"file": file, "taken": taken, "errors": list}))?;
    } else {
        refused.iter().try_for_each(|(at, why)| writeln!(out, "refused {at}: {why}"))?;
        writeln!(out, "{taken} taken, {} refused", refused.len())?;
    }
    Ok(if refused.is_empty() { Outcome::Done } else { Outcome::Findings })
}

fn words(fields: &Map<String, Value>, key: &str) -> String {
    fields.get(key).and_then(Value::as_str).unwrap_or_default().to_string()
}

/// The record with the given fields changed.
fn merged<T: Body + Default>(old: Option<&T>, fields: &Map<String, Value>) -> Result<T, String> {
    let base = old.cloned().unwrap_or_default();
    let mut value = serde_json::to_value(base).map_err(|_| "it cannot be written".to_string())?;
    if let Some(map) = value.as_object_mut() {
        map.extend(fields.iter().map(|(k, v)| (k.clone(), v.clone())));
    }
    serde_json::from_value(value).map_err(|_| "a field has not the form of its kind".to_string())
}

fn put<T: Body + PartialEq>(
    site: &mut Site,
    scope: &Scope,
    old: Option<Item<T>>,
    id: Id,
    new: T,
) -> Result<u64, CliError>
where
    Edit: From<Change<T>>,
{
    let (scope, root, change) = match old {
        Some(old) if old.body == new => return Ok(0),
        Some(old) => {
            let lives = site.scope_of(old.id)?.unwrap_or_else(|| scope.clone());
            (lives, old.id, Change::Set { id: old.id, before: old.body, after: new })
        }
        None => (scope.clone(), id, Change::Add(Item::new(id, OrderKey::default(), new))),
    };
    let edits = vec![Edit::from(change)];
    site.commit_all(
        &[EditSet { scope, root, label: "setup".into(), edits, whole: false, fence: None }],
        &[],
        &[],
    )?;
    Ok(1)
}

fn taxonomy(text: &str) -> bool {
    let b = text.as_bytes();
    text.is_empty()
        || (b.len() == 10
            && b[..3].iter().all(u8::is_ascii_digit)
            && b[9] == b'X'
            && b.iter().all(u8::is_ascii_alphanumeric))
}

fn check_site(s: SiteRecord) -> Result<SiteRecord, String> {
    let digits = s.tax_id.chars().filter(char::is_ascii_digit).count();
    match () {
        () if !npi_is_valid(&s.npi) => Err("the NPI is not valid".into()),
        () if digits != 9 => Err("the tax id needs nine digits".into()),
        () if !taxonomy(&s.taxonomy) => {
            Err("the taxonomy has not its form: ten characters, the last X".into())
        }
        () => Ok(s),
    }
}

fn check_payer(p: Payer) -> Result<Payer, String> {
    match () {
        () if p.name.is_empty() => Err("it has no name".into()),
        () if p.payer_id.is_empty() => Err("it has no payer id".into()),
        () if p.filing_code.is_empty() => Err("it has no filing code (CI, MB, MC ...)".into()),
        () => Ok(p),
    }
}

fn check_provider(p: Provider) -> Result<Provider, String> {
    match () {
        () if !npi_is_valid(&p.npi) => Err("the NPI is not valid".into()),
        () if !taxonomy(&p.taxonomy) => {
            Err("the taxonomy has not its form: ten characters, the last X".into())
        }
        () => Ok(p),
    }
}

/// Address of the patient and numbers of the first coverage, on the records the encounter has.
fn register(site: &mut Site, row: &Registration) -> Result<Result<(), String>, CliError> {
    let chart = match site.chart(&row.account) {
        Ok(c) => c,
        Err(e) => return Ok(Err(e.to_string())),
    };
    let mut edits: Vec<Edit> = Vec::new();
    if let (Some(address), Some(p)) = (&row.address, &chart.directory.patient) {
        let mut after = p.body.clone();
        after.address = address.clone().into();
        edits.push(Edit::Patient(Change::Set { id: p.id, before: p.body.clone(), after }));
    }
    if let Some(c) = chart.header().coverages.first().and_then(|id| chart.directory.coverages.get(id)) {
        let mut after = c.body.clone();
        if let Some(m) = &row.member_id {
            after.member_id = m.clone().into();
        }
        if let Some(r) = &row.relationship {
            after.relationship.clone_from(r);
        }
        if let Some(g) = &row.group_number {
            after.group_number.clone_from(g);
        }
        if after != c.body {
            edits.push(Edit::Coverage(Change::Set { id: c.id, before: c.body.clone(), after }));
        }
    } else if row.member_id.is_some() {
        return Ok(Err("the encounter has no coverage".into()));
    }
    if !edits.is_empty() {
        site.commit(&EditSet {
            scope: chart.scope.clone(),
            root: chart.id(),
            label: "registration".into(),
            edits,
            whole: false,
            fence: None,
        })?;
    }
    Ok(Ok(()))
}
