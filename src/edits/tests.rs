//! Every rule once where it has to fire and once where it must not.

use super::fixture::*;
use super::*;
use crate::domain::*;
use proptest::prelude::*;

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
fn validity_on_the_date() {
    let f = one(&coded(&["R51"]), "dx.valid");
    assert!(f.message.contains("through 2020-09-30"), "{}", f.message);
    none(&coded(&["R519"]), "dx.valid");
    let f = one(&coded(&["E11"]), "dx.specific");
    assert_eq!(replace(&f.fixes[0]).0, "E1122");
    one(&coded(&["QQ1"]), "dx.form");
    let f = one(&coded(&["Q9999"]), "dx.valid");
    assert!(f.message.contains("no ICD-10-CM release"));
    let f = one(&coded(&["L5709"]), "dx.valid");
    assert_eq!(replace(&f.fixes[0]).0, "L570");
    let mut c = office();
    header(&mut c, |h| h.admitting = Some("R51".into()));
    assert_eq!(one(&c, "dx.valid").place, Place::Encounter("admitting".into()));
}

#[test]
fn seventh_characters() {
    let f = one(&coded(&["S51811"]), "dx.seventh");
    assert_eq!(replace(&f.fixes[0]).0, "S51811A");
    let f = one(&coded(&["W010", "L570"]), "dx.seventh");
    assert_eq!(replace(&f.fixes[1]).0, "W010XXD");
    let f = one(&coded(&["L570", "W010A"]), "dx.seventh");
    assert_eq!(replace(&f.fixes[0]).0, "W010XXA", "the placeholder is put in");
    let f = one(&coded(&["S51811Q"]), "dx.seventh");
    assert!(f.message.contains("takes no 7th character Q"), "{}", f.message);
    none(&coded(&["S51811A", "W010XXA"]), "dx.seventh");
}

#[test]
fn duplicates_and_pointers_follow() {
    let mut c = coded(&["L570", "R519", "L570"]);
    let third = c.diagnoses[2].id;
    c.lines[0].body.pointers.push(Pointer::Diagnosis(third));
    let f = one(&c, "dx.duplicate");
    apply(&mut c, &f.fixes[0]);
    assert_eq!(c.diagnoses.len(), 2);
    assert_eq!(c.lines[0].body.pointers, [Pointer::Diagnosis(c.diagnoses[0].id)]);
    none(&c, "dx.duplicate");
}

#[test]
fn excludes1_asks_for_evidence() {
    let mut c = coded(&["E1165", "E109"]);
    let f = one(&c, "dx.excludes1");
    assert_eq!((f.severity, f.policy), (Severity::Warn, OverridePolicy::Evidence));
    assert!(f.authority.contains("Excludes1 at E11"), "{}", f.authority);
    assert!(f.blocks());
    let mut o = Override {
        rule: "dx.excludes1".into(),
        place: f.place_key(),
        reason: "unrelated conditions".into(),
        ..Override::default()
    };
    c.overrides.push(Item::new(id("o"), OrderKey::default(), o.clone()));
    assert!(one(&c, "dx.excludes1").blocks(), "a reason without evidence does not answer");
    o.evidence = Some(EvidenceSpan::default());
    c.overrides[0].body = o;
    assert_eq!(one(&c, "dx.excludes1").answered.as_deref(), Some("unrelated conditions"));
    // Another pair at the same diagnosis asks again.
    c.diagnoses[0].body.code = "E1142".into();
    assert!(one(&c, "dx.excludes1").blocks());
    none(&coded(&["E1165", "I10"]), "dx.excludes1");
}

#[test]
fn hypertension_is_presumed_to_be_the_cause() {
    let c = coded(&["E1122", "N1831", "I10"]);
    let f = one(&c, "dx.htn_ckd");
    assert_eq!(f.authority, "ICD-10-CM Official Guidelines FY2027 I.C.9.a.2");
    assert_eq!(replace(&f.fixes[0]), ("I129".into(), Some(c.diagnoses[1].id)));
    assert_eq!(f.fixes[0].text, "use I12.9 instead of I10, before N18.31");
    // Before the kidney disease already: it stays where it is.
    assert_eq!(replace(&one(&coded(&["I10", "N186"]), "dx.htn_ckd").fixes[0]), ("I120".into(), None));
    assert_eq!(replace(&one(&coded(&["I10", "I5023"]), "dx.htn_hf").fixes[0]).0, "I110");
    let c = coded(&["I5023", "N1831", "I10"]);
    assert_eq!(replace(&one(&c, "dx.htn_hf_ckd").fixes[0]), ("I130".into(), Some(c.diagnoses[0].id)));
    assert_eq!(replace(&one(&coded(&["I110", "I5023", "N186"]), "dx.htn_hf_ckd").fixes[0]).0, "I132");
    assert_eq!(replace(&one(&coded(&["I129", "N186"]), "dx.htn_ckd").fixes[0]).0, "I120");
    let mut c = coded(&["I129", "N1831", "I10"]);
    let f = one(&c, "dx.htn_ckd");
    apply(&mut c, &f.fixes[0]);
    assert_eq!(c.diagnoses.len(), 2, "I12.9 is there already: I10 goes");
    for ok in [&["I10"][..], &["I129", "N1831"], &["I110", "I5023"], &["I130", "I5023", "N1831"], &["N1831"]]
    {
        for rule in ["dx.htn_ckd", "dx.htn_hf", "dx.htn_hf_ckd"] {
            none(&coded(ok), rule);
        }
    }
}

/// Steps 3 to 8 of the first script: what the pane says as the coder goes on.
#[test]
fn a_clinic_note_as_it_is_coded() {
    let mut c = empty(VisitKind::Office, &[Form::Cms1500], "2026-11-03", "2026-11-03");
    add_dx(&mut c, "E1122");
    let notes: Vec<Finding> = found(&c).into_iter().filter(|f| f.rule == "dx.use_additional").collect();
    assert!(notes.iter().any(|f| f.message.contains("stage of chronic kidney disease")));
    add_dx(&mut c, "N1831");
    assert!(!found(&c).iter().any(|f| f.rule == "dx.code_first"), "E11.22 stands before it");
    add_dx(&mut c, "I10");
    assert_eq!(replace(&one(&c, "dx.htn_ckd").fixes[0]), ("I129".into(), Some(c.diagnoses[1].id)));
    let i10 = c.diagnoses.pop().unwrap();
    c.diagnoses.insert(1, i10);
    c.diagnoses[1].body.code = "I129".into();
    let f = one(&c, "dx.use_additional");
    assert_eq!(replace(&f.fixes[1]).0, "Z7984");
    add_dx(&mut c, "Z7984");
    add_dx(&mut c, "L570");
    add_line(&mut c, "99214@A,B,C=189.00");
    add_line(&mut c, "17000@E=123.00");
    assert_eq!(found(&c).iter().map(|f| f.rule).collect::<Vec<_>>(), ["ncci.em25"]);
}

#[test]
fn diabetes_with() {
    let c = coded(&["N1831", "E119"]);
    let f = one(&c, "dx.dm_with");
    assert_eq!(replace(&f.fixes[0]), ("E1122".into(), Some(c.diagnoses[0].id)));
    let f = one(&coded(&["E119", "G629"]), "dx.dm_with");
    assert_eq!(f.fixes.iter().map(|x| replace(x).0).collect::<Vec<_>>(), ["E1142", "E1140"]);
    assert_eq!(replace(&one(&coded(&["E119", "H3500"]), "dx.dm_with").fixes[0]).0, "E11319");
    assert_eq!(replace(&one(&coded(&["E1165", "N1831"]), "dx.dm_with").fixes[0]).0, "E1122");
    for ok in [&["E1122", "N1831"][..], &["E119", "I10"], &["E1122", "E1165", "N1831"], &["E1142", "G629"]] {
        none(&coded(ok), "dx.dm_with");
    }
}

#[test]
fn code_first_and_use_additional() {
    let mut c = coded(&["N1831", "I129"]);
    let f = one(&c, "dx.code_first");
    assert_eq!(f.severity, Severity::Warn);
    apply(&mut c, &f.fixes[0]);
    assert_eq!(c.diagnoses[0].body.code, "I129");
    none(&c, "dx.code_first");
    assert_eq!(one(&coded(&["N1831"]), "dx.code_first").severity, Severity::Info, "any associated");
    assert_eq!(one(&coded(&["R519", "G63"]), "dx.code_first").severity, Severity::Warn, "a manifestation");
    let infos = found(&coded(&["E1122"]));
    let f: Vec<_> = infos.iter().filter(|f| f.rule == "dx.use_additional").collect();
    assert_eq!(f.len(), 2);
    assert!(f.iter().all(|f| f.severity == Severity::Info));
    assert_eq!(replace(&f[0].fixes[0]).0, "Z794");
    none(&coded(&["E1122", "N1831", "Z794"]), "dx.use_additional");
}

#[test]
fn what_never_stands_first() {
    let mut c = coded(&["W010XXA", "S51811A"]);
    let f = one(&c, "dx.external_first");
    apply(&mut c, &f.fixes[0]);
    none(&c, "dx.external_first");
    one(&coded(&["G63"]), "dx.manifestation_first");
    none(&coded(&["R519", "G63"]), "dx.manifestation_first");
}

#[test]
fn sides() {
    let f = one(&coded(&["H25019"]), "dx.laterality");
    assert_eq!(replace(&f.fixes[1]).0, "H25012");
    none(&coded(&["H25011"]), "dx.laterality");
    let mut c = coded(&["H25011"]);
    c.lines[0].body.modifiers = vec!["LT".into()];
    one(&c, "line.side");
    c.lines[0].body.modifiers = vec!["RT".into()];
    none(&c, "line.side");
}

#[test]
fn present_on_admission() {
    let mut c = stay();
    c.diagnoses[1].body.poa = None;
    let f = one(&c, "dx.poa");
    assert_eq!((f.severity, f.fixes.len()), (Severity::Stop, 4));
    apply(&mut c, &f.fixes[3]);
    assert_eq!(c.diagnoses[1].body.poa, Some(Poa::W));
    add_dx(&mut c, "Z794");
    none(&c, "dx.poa");
    add_dx(&mut c, "J069");
    assert_eq!(one(&c, "dx.poa").severity, Severity::Warn, "the list does not say");
    none(&emergency(), "dx.poa");
}

#[test]
fn too_many_diagnoses() {
    let mut c = office();
    (0..8).for_each(|i| {
        add_dx(&mut c, &format!("Z{i}"));
    });
    assert_eq!(one(&c, "dx.count").place, Place::Diagnosis(c.diagnoses[12].id));
    c.diagnoses.truncate(12);
    none(&c, "dx.count");
}

#[test]
fn inpatient_procedures() {
    let mut c = stay();
    c.procedures[0].body.date = None;
    let f = one(&c, "px.date");
    apply(&mut c, &f.fixes[0]);
    none(&c, "px.date");
    c.procedures[0].body.date = Some(day("2026-11-20"));
    one(&c, "px.date");
    c.procedures[0].body.code = "02HV33Q".into();
    one(&c, "px.valid");
    c.procedures[0].body.code = "02HV3IO".into();
    one(&c, "px.form");
    let mut out = office();
    out.procedures = stay().procedures;
    one(&out, "px.outpatient");
}

#[test]
fn lines_have_what_a_line_needs() {
    let mut c = lined(&["99214@A"]);
    let f = one(&c, "line.charge");
    apply(&mut c, &f.fixes[0]);
    assert_eq!(c.lines[0].body.charge, Some(Cents(18900)));
    none(&c, "line.charge");
    one(&lined(&["99214@Ax0=1"]), "line.units");
    one(&lined(&["J9999@A=1"]), "line.code");
    none(&lined(&["J1030@A=1", "12345@A=1"]), "line.code");
    one(&lined(&["99213@A=1", "99213@A=1"]), "line.duplicate");
    none(&lined(&["99213@A=1", "99213:76@A=1"]), "line.duplicate");
    let mut c = lined(&["99213@A=1"]);
    c.lines[0].body.ndc = Some("0002-7510-01".into());
    one(&c, "line.ndc");
    c.lines[0].body.ndc = Some("00002751001".into());
    none(&c, "line.ndc");
    c.lines[0].body.date = day("2026-11-01");
    assert_eq!(one(&c, "line.date").severity, Severity::Warn);
    c.lines[0].body.date = day("2027-11-01");
    assert_eq!(one(&c, "line.date").severity, Severity::Stop);
    add_line(&mut c, "0450/=1");
    one(&c, "line.form");
}

#[test]
fn pointers_name_diagnoses() {
    let mut c = lined(&["99213=1"]);
    let f = one(&c, "line.pointer");
    apply(&mut c, &f.fixes[0]);
    none(&c, "line.pointer");
    let f = one(&lined(&["99213@E=1"]), "line.pointer_gone");
    assert_eq!(f.message, "99213 points to E; there is 1 diagnosis");
    let mut c = lined(&["99213@B=1"]);
    add_dx(&mut c, "R519");
    let f = one(&c, "line.pointer_gone");
    apply(&mut c, &f.fixes[0]);
    assert_eq!(c.lines[0].body.pointers, [Pointer::Diagnosis(c.diagnoses[1].id)]);
    none(&c, "line.pointer_gone");
    c.diagnoses.pop();
    one(&c, "line.pointer_gone");
    one(&lined(&["99213@AA=1"]), "line.pointer_repeat");
    let mut c = coded(&["L570", "R519", "I10", "Z794", "Z23"]);
    c.lines[0].body.pointers = c.diagnoses.iter().map(|d| Pointer::Diagnosis(d.id)).collect();
    let f = one(&c, "line.pointer_many");
    apply(&mut c, &f.fixes[0]);
    none(&c, "line.pointer_many");
}

#[test]
fn modifiers_have_a_form() {
    for (line, rule) in [
        ("99213:2@A=1", "mod.form"),
        ("99213:05@A=1", "mod.form"),
        ("99213:25:25@A=1", "mod.repeat"),
        ("20610:50:RT@A=1", "mod.conflict"),
        ("71046:26:TC@A=1", "mod.conflict"),
        ("80053:GA:GZ@A=1", "mod.conflict"),
        ("20610:59:RT:LT:76:77@A=1", "mod.many"),
    ] {
        one(&lined(&[line]), rule);
    }
    let ok = lined(&["20610:59:RT@A=1", "80053:QW:GA@A=1", "3074F:1P@A=1"]);
    for rule in ["mod.form", "mod.many", "mod.repeat", "mod.conflict"] {
        none(&ok, rule);
    }
}

#[test]
fn modifier_25_wants_the_line_of_the_chart() {
    let mut c = lined(&["99214@A=1", "17000@A=1"]);
    let f = one(&c, "ncci.em25");
    assert!(!f.message.contains("by its range"));
    let FixAction::AddModifier { line, modifier, evidence } = &f.fixes[0].action else { panic!() };
    assert_eq!((*line, modifier.as_str(), *evidence), (c.lines[0].id, "25", true));
    c.lines[0].body.modifiers = vec!["25".into()];
    let f = one(&c, "ncci.em25");
    assert!(f.message.contains("which line of the chart"), "{}", f.message);
    c.lines[0].body.evidence = Some(EvidenceSpan::default());
    none(&c, "ncci.em25");
    assert!(one(&lined(&["99283@A=1", "12002@A=1"]), "ncci.em25").message.contains("by its range"));
    none(&lined(&["99214@A=1", "80053@A=1"]), "ncci.em25");
    let mut other = lined(&["99214@A=1", "17000@A=1"]);
    other.lines[1].body.provider = Some(id("ito"));
    none(&other, "ncci.em25");
}

#[test]
fn npi_check_digits() {
    let mut c = office();
    let d = std::sync::Arc::make_mut(&mut c.directory);
    d.providers.get_mut(&id("shah")).unwrap().body.npi = "1881018209".into();
    d.site.as_mut().unwrap().body.npi = "1467560004".into();
    assert_eq!(found(&c).iter().filter(|f| f.rule == "npi.check").count(), 2);
    none(&office(), "npi.check");
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
    assert_eq!(one(&c, "claim.zip9").severity, Severity::Warn);
    let d = std::sync::Arc::make_mut(&mut c.directory);
    d.payers.get_mut(&id("medicare")).unwrap().body.class = PayerClass::SelfPay;
    assert!(!found(&c).iter().any(|f| matches!(f.place, Place::Coverage(_))), "self-pay needs none");
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
        let _ = found(&c);
    }
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
