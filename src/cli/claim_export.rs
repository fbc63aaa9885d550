//! `codesk claim export`: claims that are ready, as 837 files, one a department, receiver and form.
//!
//! The order of things makes a crash harmless: the control numbers are taken for good first, then the file is
//! written beside its place, then the claims become sent in one transaction with the file's own record and text,
//! then the file gets its name. A file whose last step is missing is written again from the kept text by the
//! next export. Every claim is checked as it will be sent; one with a stop stays here, with its reasons.

use super::{CliError, Outcome, PlaceArgs, Site, SiteError};
use crate::claims::bill::{Bill, Contact};
use crate::domain::{
    Batch, BatchClaim, Cents, Change, Chart, ClaimState, ClaimStep, Edit, EditSet, Extra, Form, Item,
    OrderKey, PayerClass, Receiver, Scope, Sending, SentIn, Severity, WorkQuery, WorkView,
};
use crate::edits;
use crate::x12::{self, Checker, Delimiters, Envelope, Issue, write_837};
use clap::Args;
use serde_json::json;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};

#[derive(Args)]
pub struct ExportArgs {
    /// Encounters by id or account number
    #[arg(value_name = "ID", conflicts_with = "ready")]
    ids: Vec<String>,
    /// Every claim that is ready
    #[arg(long)]
    ready: bool,
    /// Folder the files go to
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    #[arg(long)]
    json: bool,
}

/// Names a file whose last step is missing: batch, path, hash.
const UNFINISHED: &str = "export.unfinished";

/// A claim on its way.
struct Ready {
    chart: usize,
    claim: Item<crate::domain::Claim>,
    bill: Bill,
}

/// What goes into one file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Lane {
    scope: Scope,
    form: Form,
    receiver: String,
}

pub fn run(place: &PlaceArgs, args: &ExportArgs) -> Result<Outcome, CliError> {
    if !args.ready && args.ids.is_empty() {
        return Err(CliError::Usage("say which claims: --ready, or encounter ids or account numbers".into()));
    }
    let mut site = Site::open(place)?;
    std::fs::create_dir_all(&args.out).map_err(|e| io(&args.out, e))?;
    finish_earlier(&mut site)?;
    let charts = charts(&site, args)?;
    let mut lanes: BTreeMap<Lane, (Sending, Receiver, Vec<Ready>)> = BTreeMap::new();
    let mut out = std::io::stdout().lock();
    let mut refused = 0u64;
    for (n, chart) in charts.iter().enumerate() {
        let ready: Vec<_> =
            chart.claims.iter().filter(|c| c.body.state == ClaimState::Ready).cloned().collect();
        if ready.is_empty() && !args.ready {
            refused += 1;
            let mut reasons = vec![no_claim(chart)];
            if chart.claims.is_empty() {
                let findings = edits::run(chart, site.facts()?, site.today);
                reasons.extend(findings.into_iter().filter(|f| f.blocks()).map(|f| f.message));
            }
            refuse(&mut out, args.json, chart, None, &reasons)?;
        }
        for claim in ready {
            let form = claim.body.form;
            let bill = Bill::of(chart, form, claim.body.sequence, site.facts()?);
            let (sending, receiver, mut reasons) = destination(chart, &claim.body);
            // Without a payer every payer field is missing: one reason says it.
            if !self_pay(chart, &claim.body) {
                reasons.extend(objections(&site, chart, &bill)?);
            }
            if !reasons.is_empty() {
                refused += 1;
                refuse(&mut out, args.json, chart, Some(form), &reasons)?;
                continue;
            }
            let lane = Lane { scope: chart.scope.clone(), form, receiver: receiver.code.clone() };
            let entry = lanes.entry(lane).or_insert_with(|| (sending, receiver, Vec::new()));
            entry.2.push(Ready { chart: n, claim, bill });
        }
    }
    let mut sent = 0usize;
    for (lane, (sending, receiver, ready)) in lanes {
        sent += ready.len();
        file(&mut site, args, &charts, &lane, &sending, &receiver, ready, &mut out)?;
    }
    site.sync();
    if !args.json {
        eprintln!("{sent} claims sent, {refused} refused");
    }
    Ok(if refused > 0 { Outcome::Findings } else { Outcome::Done })
}

fn io(path: &Path, source: std::io::Error) -> CliError {
    SiteError::Io { path: path.to_path_buf(), source }.into()
}

fn charts(site: &Site, args: &ExportArgs) -> Result<Vec<Chart>, CliError> {
    if !args.ready {
        return Ok(args.ids.iter().map(|id| site.chart(id)).collect::<Result<_, _>>()?);
    }
    let query = WorkQuery { view: WorkView::Coded, limit: u32::MAX, ..WorkQuery::default() };
    let mut out = Vec::new();
    for item in site.queue(&query)?.0 {
        let chart = site.chart(&item.id.to_string())?;
        if chart.claims.iter().any(|c| c.body.state == ClaimState::Ready) {
            out.push(chart);
        }
    }
    out.sort_by(|a, b| a.header().account.cmp(&b.header().account));
    Ok(out)
}

fn no_claim(chart: &Chart) -> String {
    match chart.claims.last() {
        None => "it has not been submitted: there is no claim yet".into(),
        Some(c) => match c.body.state.can(ClaimStep::Send) {
            Err(why) => format!("its claim is {}: {}", c.body.state.label(), why.0),
            Ok(_) => "no claim is ready".into(),
        },
    }
}

/// Where the claim goes, and what is missing for it to go there.
fn destination(chart: &Chart, claim: &crate::domain::Claim) -> (Sending, Receiver, Vec<String>) {
    let mut reasons = Vec::new();
    let payer = chart.directory.payers.get(&claim.payer).map(|p| p.body.clone()).unwrap_or_default();
    let sending = chart.directory.site.as_ref().and_then(|s| s.body.sending.clone()).unwrap_or_default();
    let receiver = payer.receiver.clone().unwrap_or_else(|| sending.receiver.clone());
    if sending.submitter.is_empty() || sending.submitter_id.is_empty() || sending.code.is_empty() {
        reasons.push(format!("{} has no submitter: name, id and sender code are set up once", chart.scope));
    }
    if receiver.code.is_empty() || receiver.id.is_empty() || receiver.name.is_empty() {
        reasons.push(format!("nobody is set up to receive claims for {}", payer.name));
    }
    if payer.class == PayerClass::SelfPay {
        reasons.push("the patient pays alone: there is no payer to send it to".into());
    }
    let resent = claim.control_number.as_ref().is_some_and(|n| !n.is_empty());
    if resent && payer.class == PayerClass::Medicare && claim.form == Form::Cms1500 {
        reasons.push("Medicare Part B takes no replacement or void: ask for a reopening, or appeal".into());
    }
    (sending, receiver, reasons)
}

fn self_pay(chart: &Chart, claim: &crate::domain::Claim) -> bool {
    chart.directory.payers.get(&claim.payer).is_some_and(|p| p.body.class == PayerClass::SelfPay)
}

/// Every stop of the edits on the chart and of the rules on the claim as it will be sent.
fn objections(site: &Site, chart: &Chart, bill: &Bill) -> Result<Vec<String>, CliError> {
    let facts = site.facts()?;
    let mut reasons: Vec<String> = edits::run(chart, facts, site.today)
        .iter()
        .filter(|f| f.severity == Severity::Stop)
        .map(|f| f.message.clone())
        .collect();
    let mut text = Vec::new();
    let env = Envelope { created: created(site), ..Envelope::empty() };
    write_837(&mut text, &env, bill.form, [bill])?;
    let mut issues: Vec<Issue> = Vec::new();
    let mut checker = Checker::new(Some(facts), |i| issues.push(i));
    x12::scan(text.as_slice(), &mut checker).map_err(|e| CliError::Refused(e.to_string()))?;
    let mut places: Vec<String> = Vec::new();
    for i in issues.iter().filter(|i| i.severity == Severity::Stop) {
        // One reason a field.
        if places.contains(&i.place()) {
            continue;
        }
        places.push(i.place());
        let fix = if i.fix.is_empty() { String::new() } else { format!(": {}", i.fix) };
        reasons.push(format!("{} {}{fix}", i.place(), i.message));
    }
    Ok(reasons)
}

fn created(site: &Site) -> chrono::NaiveDateTime {
    site.now().naive_utc()
}

fn refuse(
    out: &mut dyn Write,
    as_json: bool,
    chart: &Chart,
    form: Option<Form>,
    reasons: &[String],
) -> Result<(), CliError> {
    let account = &chart.header().account;
    if as_json {
        writeln!(out, "{}", json!({"refused": account, "id": chart.id(), "form": form, "reasons": reasons}))?;
    } else {
        writeln!(out, "refused {account}{}", form.map(|f| format!(" {}", f.label())).unwrap_or_default())?;
        reasons.iter().try_for_each(|r| writeln!(out, "  {r}"))?;
    }
    Ok(())
}

fn digits(text: &str) -> String {
    text.chars().filter(char::is_ascii_digit).collect()
}

#[allow(clippy::too_many_arguments)] // one file: what goes in, where it goes, who sends it
fn file(
    site: &mut Site,
    args: &ExportArgs,
    charts: &[Chart],
    lane: &Lane,
    sending: &Sending,
    receiver: &Receiver,
    mut ready: Vec<Ready>,
    out: &mut dyn Write,
) -> Result<(), CliError> {
    // Claims of one patient beside each other share their level.
    ready.sort_by(|a, b| {
        a.bill.account.cmp(&b.bill.account).then(a.claim.body.sequence.cmp(&b.claim.body.sequence))
    });
    let number = site.reserve_control_numbers(&sending.code, 1)?;
    let kind = |k: &str| if k.is_empty() { "ZZ".to_string() } else { k.to_string() };
    let mut numbers = vec![("TE".to_string(), digits(&sending.phone))];
    if !sending.email.is_empty() {
        numbers.push(("EM".into(), sending.email.clone()));
    }
    let env = Envelope {
        sender: (kind(&sending.kind), sending.code.clone()),
        receiver: (kind(&receiver.kind), receiver.code.clone()),
        sender_code: sending.code.clone(),
        receiver_code: receiver.code.clone(),
        usage: if sending.production { 'P' } else { 'T' },
        interchange: number,
        group: number,
        created: created(site),
        submitter_name: sending.submitter.clone(),
        submitter_id: sending.submitter_id.clone(),
        contact: Contact { name: sending.contact.clone(), numbers },
        receiver_name: receiver.name.clone(),
        receiver_id: receiver.id.clone(),
        delimiters: Delimiters::default(),
    };
    let mut bytes = Vec::new();
    let spans = write_837(&mut bytes, &env, lane.form, ready.iter().map(|r| &r.bill))?;
    whole(site, &bytes)?;
    let text =
        String::from_utf8(bytes).map_err(|_| CliError::Refused("the file is not plain text".into()))?;
    let hash: String = Sha256::digest(text.as_bytes()).iter().map(|b| format!("{b:02x}")).collect();
    // Receiver and number: no name of a patient, and no two files the same.
    let safe: String = lane.receiver.chars().filter(char::is_ascii_alphanumeric).collect();
    let form = if lane.form == Form::Cms1500 { "837P" } else { "837I" };
    let name = format!("{form}-{safe}-{number:09}.edi");
    let path = args.out.join(&name);
    let temporary = write_beside(&path, &text)?;
    let batch = site.new_id();
    let now = site.now();
    let total: Cents = ready.iter().map(|r| r.bill.total).sum();
    let mut sets: Vec<EditSet> = Vec::with_capacity(ready.len() + 1);
    let mut claims = Vec::with_capacity(ready.len());
    for (r, span) in ready.iter().zip(&spans) {
        let chart = &charts[r.chart];
        let mut after = r.claim.body.clone();
        after.state = after.state.can(ClaimStep::Send).map_err(|e| CliError::Refused(e.0))?;
        after.sent = Some(now);
        after.total = r.bill.total;
        after.set_sent_in(&SentIn {
            batch,
            file: name.clone(),
            interchange: number,
            group: number,
            set: "0001".into(),
            first: span.first,
            last: span.last,
        });
        let edit = Edit::Claim(Change::Set { id: r.claim.id, before: r.claim.body.clone(), after });
        sets.push(EditSet {
            scope: chart.scope.clone(),
            root: chart.id(),
            label: "claim.sent".into(),
            edits: vec![edit],
            whole: false,
            fence: None,
        });
        claims.push(BatchClaim {
            claim: r.claim.id,
            encounter: chart.id(),
            account: r.bill.account.clone(),
            first: span.first,
            last: span.last,
        });
    }
    let body = Batch {
        file: name.clone(),
        form: lane.form,
        receiver: lane.receiver.clone(),
        interchange: number,
        group: number,
        created: now,
        claims,
        total,
        hash: hash.clone(),
        bytes: text.len() as u64,
        extra: Extra::new(),
    };
    sets.push(EditSet {
        scope: lane.scope.clone(),
        root: batch,
        label: "batch.sent".into(),
        edits: vec![Edit::Batch(Change::Add(Item::new(batch, OrderKey::default(), body)))],
        whole: false,
        fence: None,
    });
    let unfinished = json!({"batch": batch, "path": absolute(&path), "hash": hash}).to_string();
    site.commit_all(&sets, &[(hash, text)], &[(UNFINISHED, &unfinished)])?;
    settle(&temporary, &path)?;
    site.set_setting(UNFINISHED, "")?;
    if args.json {
        let list: Vec<_> = ready
            .iter()
            .zip(&spans)
            .map(|(r, s)| json!({"account": r.bill.account, "id": charts[r.chart].id(), "first": s.first, "last": s.last}))
            .collect();
        let value = json!({
            "file": path, "form": lane.form, "receiver": receiver.name, "interchange": number, "batch": batch,
            "claims": list, "total": total.to_string(),
        });
        writeln!(out, "{value}")?;
    } else {
        writeln!(out, "{} {} claims {total}", path.display(), ready.len())?;
    }
    Ok(())
}

/// The file as a whole: envelope, and what only shows among several claims.
fn whole(site: &Site, bytes: &[u8]) -> Result<(), CliError> {
    let mut stops: Vec<String> = Vec::new();
    let mut checker = Checker::new(Some(site.facts()?), |i: Issue| {
        if i.severity == Severity::Stop {
            stops.push(format!("claim {} {} {}", i.claim, i.place(), i.message));
        }
    });
    x12::scan(bytes, &mut checker).map_err(|e| CliError::Refused(e.to_string()))?;
    match stops.is_empty() {
        true => Ok(()),
        false => Err(CliError::Refused(format!("no file was written: {}", stops.join("; ")))),
    }
}

fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf())
}

/// The whole text on disk under a temporary name; readable by its owner only.
fn write_beside(path: &Path, text: &str) -> Result<PathBuf, CliError> {
    let temporary = path.with_extension("tmp");
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut f = options.open(&temporary).map_err(|e| io(&temporary, e))?;
    f.write_all(text.as_bytes()).and_then(|()| f.sync_all()).map_err(|e| io(&temporary, e))?;
    Ok(temporary)
}

fn settle(temporary: &Path, path: &Path) -> Result<(), CliError> {
    std::fs::rename(temporary, path).map_err(|e| io(path, e))?;
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    std::fs::File::open(folder).and_then(|d| d.sync_all()).map_err(|e| io(folder, e))
}

/// A file whose claims are sent but which never got its name: written again from the kept text.
fn finish_earlier(site: &mut Site) -> Result<(), CliError> {
    let Some(note) = site.setting(UNFINISHED).filter(|n| !n.is_empty()) else { return Ok(()) };
    let value: serde_json::Value = serde_json::from_str(&note)?;
    let (path, hash) =
        (value["path"].as_str().unwrap_or_default(), value["hash"].as_str().unwrap_or_default());
    let path = PathBuf::from(path);
    if !path.exists()
        && let Some(text) = site.text(hash)?
    {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(|e| io(folder, e))?;
        }
        settle(&write_beside(&path, &text)?, &path)?;
        eprintln!("{}: written again, an earlier export was interrupted", path.display());
    }
    site.set_setting(UNFINISHED, "")?;
    Ok(())
}
