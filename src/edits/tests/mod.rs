//! Every rule once where it has to fire and once where it must not.

use super::fixture::*;
use super::*;
use crate::domain::*;
use proptest::prelude::*;

mod dx;
mod line;
mod pay;
mod real;
mod site;

fn found(chart: &Chart) -> Vec<Finding> {
    run(chart, &Fixture, day(TODAY))
}
fn rules(chart: &Chart) -> Vec<(&'static str, Severity)> {
    found(chart).iter().filter(|f| f.severity > Severity::Info).map(|f| (f.rule, f.severity)).collect()
}
fn one(chart: &Chart, rule: &str) -> Finding {
    let all: Vec<Finding> = found(chart).into_iter().filter(|f| f.rule == rule).collect();
    assert_eq!(all.len(), 1, "{rule}: {all:#?}");
    all.into_iter().next().unwrap()
}
fn none(chart: &Chart, rule: &str) {
    let hit: Vec<Finding> = found(chart).into_iter().filter(|f| f.rule == rule).collect();
    assert!(hit.is_empty(), "{hit:#?}");
}
/// An office chart with these diagnoses, and one line that points to the first.
fn coded(codes: &[&str]) -> Chart {
    let mut c = empty(VisitKind::Office, &[Form::Cms1500], "2026-11-03", "2026-11-03");
    codes.iter().for_each(|code| {
        add_dx(&mut c, code);
    });
    add_line(&mut c, "99213@A=100.00");
    c
}
fn lined(lines: &[&str]) -> Chart {
    let mut c = empty(VisitKind::Office, &[Form::Cms1500], "2026-11-03", "2026-11-03");
    add_dx(&mut c, "L570");
    lines.iter().for_each(|l| {
        add_line(&mut c, l);
    });
    c
}
fn header(chart: &mut Chart, f: impl FnOnce(&mut Encounter)) {
    f(&mut chart.encounter.body);
}
/// Applies a fix that is plain edits.
fn apply(chart: &mut Chart, fix: &Fix) {
    let FixAction::Apply(edits) = fix.action.clone() else { panic!("{fix:?}") };
    let set = EditSet {
        scope: chart.scope.clone(),
        root: chart.id(),
        label: "t".into(),
        edits,
        whole: false,
        fence: None,
    };
    chart.apply(&set).unwrap();
}
fn replace(fix: &Fix) -> (String, Option<Id>) {
    match &fix.action {
        FixAction::ReplaceDiagnosis { code, before, .. } => (code.clone(), *before),
        FixAction::AddDiagnosis { code, before } => (code.clone(), *before),
        other => panic!("{other:?}"),
    }
}

#[test]
fn clean_charts_are_clean() {
    let mut office = office();
    // The ZIP+4 of the sample clinic is right; nothing is left to ask.
    assert_eq!(rules(&office), []);
    assert_eq!(rules(&stay()), []);
    assert_eq!(rules(&emergency()), []);
    header(&mut office, |h| h.forms.clear());
    one(&office, "claim.form");
}

#[test]
fn every_finding_cites_and_offers() {
    let mut c = coded(&["G63", "E11", "S51811", "R51", "I10", "N1831", "I5023", "I10", "E119", "E109"]);
    add_line(&mut c, "17000:50:RT@Z");
    for f in found(&c) {
        assert!(f.authority.len() > 10, "{f:?}");
        assert!(!f.message.is_empty());
        if f.severity == Severity::Warn {
            assert_ne!(f.policy, OverridePolicy::None, "{f:?}");
        }
    }
    let order: Vec<Severity> = found(&c).iter().map(|f| f.severity).collect();
    assert!(order.windows(2).all(|w| w[0] >= w[1]), "stops first");
}

#[test]
fn required_fields() {
    let mut c = office();
    header(&mut c, |h| h.roles.rendering = None);
    let d = std::sync::Arc::make_mut(&mut c.directory);
    d.patient.as_mut().unwrap().body.birth = None.into();
    d.coverages.get_mut(&id("coverage")).unwrap().body.member_id = "".into();
    d.site.as_mut().unwrap().body.address.zip = "95112".into();
    let fields: Vec<Place> =
        found(&c).into_iter().filter(|f| f.rule == "claim.required").map(|f| f.place).collect();
    assert_eq!(
        fields,
        [
            Place::Patient("birth".into()),
            Place::Coverage("member_id".into()),
            Place::Provider("rendering".into())
        ]
    );
    assert_eq!(one(&c, "claim.zip9").severity, Severity::Info);
    let d = std::sync::Arc::make_mut(&mut c.directory);
    d.payers.get_mut(&id("medicare")).unwrap().body.class = PayerClass::SelfPay;
    assert!(!found(&c).iter().any(|f| matches!(f.place, Place::Coverage(_))), "self-pay needs none");
    let mut c = office();
    let d = std::sync::Arc::make_mut(&mut c.directory);
    d.patient.as_mut().unwrap().body.sex = Sex::Unknown;
    d.coverages.get_mut(&id("coverage")).unwrap().body.member_id = "123456789A".into();
    d.site.as_mut().unwrap().body.address.street = "P.O. Box 12".into();
    assert_eq!(
        rules(&c),
        [("claim.po_box", Severity::Stop), ("claim.sex", Severity::Warn), ("claim.mbi", Severity::Warn)]
    );
    let mut c = office();
    header(&mut c, |h| h.kind = VisitKind::Surgery);
    let f = one(&c, "claim.place");
    apply(&mut c, &f.fixes[2]);
    none(&c, "claim.place");
    header(&mut c, |h| h.place = Some("91".into()));
    one(&c, "claim.place");
}

#[test]
fn required_fields_of_the_ub() {
    let mut c = stay();
    header(&mut c, |h| {
        h.admission = None;
        h.admitting = None;
        h.roles.attending = None;
        h.bill_type = Some("131".into());
    });
    let n = found(&c).iter().filter(|f| f.rule == "claim.required").count();
    assert_eq!(n, 4, "type, origin, status, attending; the outpatient bill asks no admitting diagnosis");
    one(&c, "claim.bill_type");
    let mut c = stay();
    c.lines[0].body.revenue = Some("120".into());
    one(&c, "claim.revenue");
    let mut c = emergency();
    header(&mut c, |h| h.admitting = None);
    let f = one(&c, "claim.reason_visit");
    apply(&mut c, &f.fixes[0]);
    none(&c, "claim.reason_visit");
}

#[test]
fn what_the_chart_owes() {
    let mut c = office();
    let note = Document {
        title: "Progress note".into(),
        author: String::new(),
        written: None,
        status: DocumentStatus::Unsigned,
        hash: String::new(),
        bytes: 0,
        extra: Extra::new(),
    };
    c.documents.push(Item::new(id("note"), OrderKey::default(), note));
    assert_eq!(one(&c, "doc.unsigned").severity, Severity::Info);
    let hold = Hold { reason: HoldReason::UnsignedNote, ..Hold::default() };
    c.holds.push(Item::new(id("hold"), OrderKey::default(), hold));
    none(&c, "doc.unsigned");
    assert_eq!(one(&c, "hold.open").severity, Severity::Stop);
    header(&mut c, |h| h.through = day("2026-11-01"));
    one(&c, "claim.dates");
    none(&office(), "claim.dates");
    none(&office(), "claim.filing");
    let late = |today: &str| {
        let f = run(&office(), &Fixture, day(today));
        f.into_iter().find(|f| f.rule == "claim.filing").map(|f| f.severity)
    };
    assert_eq!(late("2027-11-03"), Some(Severity::Info), "the last day");
    assert_eq!(late("2027-11-04"), Some(Severity::Warn));
}

proptest! {
    /// Whatever is typed, the edits answer, and a fix never panics on a cut in a character.
    #[test]
    fn any_text_is_answered(codes in proptest::collection::vec(".{0,9}", 0..6), line in ".{0,6}", n in 0u8..40) {
        let mut c = office();
        codes.iter().for_each(|x| { add_dx(&mut c, x); });
        c.lines[0].body.code = line;
        c.lines[0].body.pointers.push(Pointer::Position(n));
        for f in found(&c) {
            prop_assert!(RULES.contains(&f.rule), "{}", f.rule);
        }
    }
}

/// The list of rules is the rules: what the sources name, and nothing else.
#[test]
fn every_rule_is_listed() {
    let mut named = std::collections::BTreeSet::new();
    for file in walkdir::WalkDir::new("src/edits").max_depth(1).into_iter().flatten() {
        let name = file.file_name().to_string_lossy();
        if !name.ends_with(".rs") || matches!(&*name, "mod.rs" | "fixture.rs" | "policy.rs") {
            continue;
        }
        let text = std::fs::read_to_string(file.path()).unwrap();
        named.extend(text.split('"').filter(|t| is_rule(t)).map(str::to_string));
    }
    assert_eq!(named.iter().map(String::as_str).collect::<Vec<_>>(), {
        let mut all = RULES.to_vec();
        all.sort_unstable();
        all
    });
}

fn is_rule(text: &str) -> bool {
    let family = [
        "dx.", "px.", "line.", "mod.", "ncci.", "npi.", "claim.", "doc.", "hold.", "mue.", "global.", "fee.",
        "cov.", "abn.", "place.", "drug.", "tables.",
    ];
    family.iter().any(|f| {
        text.strip_prefix(f).is_some_and(|r| {
            !r.is_empty() && r.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
        })
    })
}

/// Not a benchmark, only a guard against a rule that reads everything for everything.
#[test]
fn a_full_chart_is_checked_in_well_under_a_frame() {
    let mut c = stay();
    while c.diagnoses.len() < 25 {
        add_dx(&mut c, "E1165");
        let n = c.diagnoses.len();
        c.diagnoses[n - 1].body.code = format!("R{n:02}");
    }
    let start = std::time::Instant::now();
    (0..20).for_each(|_| {
        let _ = found(&c);
    });
    let each = start.elapsed() / 20;
    println!("{each:?} a run");
    assert!(each.as_millis() < 20, "{each:?}");
}
