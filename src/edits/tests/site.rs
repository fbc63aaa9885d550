//! Families without tables that this site's payers ask for, the Code Editor's flags, and `edits.toml`.

use super::pay::{Loaded, fires, of, payer, silent};
use super::*;

#[test]
fn advance_notices() {
    let facts = Loaded::default();
    assert_eq!(fires(&facts, &lined(&["17000:GA:GY@A=1"]), "abn.pair").severity, Severity::Stop);
    silent(&facts, &lined(&["17000:GX:GY@A=1"]), "abn.pair");
    let mut c = lined(&["17000:GA@A=1"]);
    silent(&facts, &c, "abn.payer");
    payer(&mut c, |p| p.filing_code = "16".into());
    let f = fires(&facts, &c, "abn.payer");
    apply(&mut c, &f.fixes[0]);
    silent(&facts, &c, "abn.payer");
}

#[test]
fn modifiers_on_the_service_they_are_for() {
    let facts = Loaded::default();
    fires(&facts, &lined(&["17000:25@A=1"]), "mod.em_only");
    silent(&facts, &lined(&["99213:25@A=1"]), "mod.em_only");
    silent(&facts, &lined(&["G0439:25@A=1"]), "mod.em_only");
    assert_eq!(fires(&facts, &lined(&["99213:59@A=1"]), "mod.em_59").severity, Severity::Stop);
    silent(&facts, &lined(&["17000:59@A=1"]), "mod.em_59");
    fires(&facts, &lined(&["17000:91@A=1"]), "mod.lab");
    silent(&facts, &lined(&["82947:91@A=1"]), "mod.lab");
}

#[test]
fn places_and_telehealth() {
    let facts = Loaded::default();
    fires(&facts, &lined(&["99283@A=1"]), "place.em");
    silent(&facts, &emergency(), "place.em");
    silent(&facts, &lined(&["99213@A=1"]), "place.em");
    let mut c = lined(&["99213:95@A=1"]);
    let f = fires(&facts, &c, "place.telehealth");
    apply(&mut c, &f.fixes[0]);
    silent(&facts, &c, "place.telehealth");
    silent(&facts, &lined(&["99213@A=1"]), "place.telehealth");
}

#[test]
fn drugs() {
    let facts = Loaded::default();
    assert_eq!(fires(&facts, &lined(&["J1030:JW@A=1"]), "drug.waste").severity, Severity::Stop);
    silent(&facts, &lined(&["J1030@A=1", "J1030:JW@A=1"]), "drug.waste");
    fires(&facts, &lined(&["J1030:JZ@A=1", "J1030:JW@A=1"]), "drug.waste");
    let mut c = lined(&["J1030@A=1"]);
    silent(&facts, &c, "drug.ndc");
    payer(&mut c, |p| p.class = PayerClass::Medicaid);
    assert_eq!(fires(&facts, &c, "drug.ndc").policy, OverridePolicy::Reason);
    c.lines[0].body.ndc = Some("00009030602".into());
    silent(&facts, &c, "drug.ndc");
}

#[test]
fn orders_and_certificates() {
    let facts = Loaded::default();
    let mut c = lined(&["82947@A=1"]);
    let f = fires(&facts, &c, "claim.ordering");
    apply(&mut c, &f.fixes[0]);
    silent(&facts, &c, "claim.ordering");
    silent(&facts, &lined(&["99213@A=1"]), "claim.ordering");
    fires(&facts, &c, "claim.clia");
    silent(&facts, &lined(&["82947:90@A=1"]), "claim.clia");
    let set = |c: &mut Chart, number: &str| {
        let d = std::sync::Arc::make_mut(&mut c.directory);
        d.site.as_mut().unwrap().body.other_ids.insert("clia".into(), number.into());
    };
    set(&mut c, "05D12");
    assert!(fires(&facts, &c, "claim.clia").message.contains("10 characters"));
    set(&mut c, "05D0123456");
    silent(&facts, &c, "claim.clia");
}

#[test]
fn revenue_codes_that_need_a_procedure() {
    let facts = Loaded::default();
    let outpatient = |line: &str| {
        let mut c = empty(VisitKind::Emergency, &[Form::Ub04], "2026-11-08", "2026-11-08");
        add_line(&mut c, line);
        c
    };
    fires(&facts, &outpatient("0301/"), "claim.revenue_hcpcs");
    silent(&facts, &outpatient("0250/"), "claim.revenue_hcpcs");
    silent(&facts, &outpatient("0301/80053=10"), "claim.revenue_hcpcs");
    silent(&facts, &stay(), "claim.revenue_hcpcs");
}

#[test]
fn what_the_code_editor_lists() {
    let facts = Loaded::default();
    // The patient is a woman of 58.
    assert_eq!(fires(&facts, &coded(&["A33"]), "dx.age").severity, Severity::Stop);
    silent(&facts, &coded(&["O80"]), "dx.age");
    fires(&facts, &coded(&["N400"]), "dx.sex");
    silent(&facts, &coded(&["O80"]), "dx.sex");
    let born = |on: &str| {
        let mut c = coded(&["O80"]);
        let d = std::sync::Arc::make_mut(&mut c.directory);
        d.patient.as_mut().unwrap().body.birth = Some(day(on)).into();
        c
    };
    fires(&facts, &born("1961-11-02"), "dx.age");
    silent(&facts, &born("1961-11-04"), "dx.age");
    // Principal of a stay only.
    let mut c = stay();
    add_dx(&mut c, "Z23");
    silent(&facts, &c, "dx.unacceptable");
    c.diagnoses.rotate_right(1);
    let f = fires(&facts, &c, "dx.unacceptable");
    assert_eq!((f.severity, f.policy), (Severity::Stop, OverridePolicy::None));
    silent(&facts, &coded(&["Z23"]), "dx.unacceptable");
    let mut c = stay();
    c.diagnoses[0].body.code = "R519".into();
    fires(&facts, &c, "dx.questionable");
    silent(&facts, &stay(), "dx.questionable");
    let mut c = stay();
    add_dx(&mut c, "H25019");
    assert_eq!(fires(&facts, &c, "dx.unspecified_side").fixes.len(), 2);
    silent(&facts, &coded(&["H25019"]), "dx.unspecified_side");
}

#[test]
fn reminders() {
    let facts = Loaded::default();
    assert_eq!(fires(&facts, &coded(&["J9601"]), "dx.code_also").severity, Severity::Info);
    silent(&facts, &coded(&["J9601", "Z23"]), "dx.code_also");
    assert_eq!(fires(&facts, &coded(&["R0602", "J069"]), "dx.excludes2").severity, Severity::Info);
    silent(&facts, &coded(&["R0602", "I10"]), "dx.excludes2");
    let f = fires(&facts, &coded(&["S51811A"]), "dx.external_cause");
    assert!(f.message.contains("how it happened"));
    let f = fires(&facts, &coded(&["S51811A", "W010XXA"]), "dx.external_cause");
    assert!(f.message.contains("where it happened") && f.message.contains("what the patient was doing"));
    silent(&facts, &coded(&["S51811A", "W010XXA", "Y92010", "Y93G1"]), "dx.external_cause");
    silent(&facts, &coded(&["S51811D"]), "dx.external_cause");
    silent(&facts, &coded(&["T82855A"]), "dx.external_cause");
    let mut c = coded(&["J069"]);
    silent(&facts, &c, "dx.uncertain");
    let quote = |c: &mut Chart, q: &str| {
        c.diagnoses[0].body.evidence = Some(EvidenceSpan { quote: q.into(), ..EvidenceSpan::default() });
    };
    quote(&mut c, "1. Probable upper respiratory infection");
    fires(&facts, &c, "dx.uncertain");
    quote(&mut c, "1. Upper respiratory infection");
    silent(&facts, &c, "dx.uncertain");
    let mut c = stay();
    quote(&mut c, "probable pneumonia");
    silent(&facts, &c, "dx.uncertain");
}

/// Guidelines I.C.9.a.2 and I.C.4.a: the disease counts, whatever code names it.
#[test]
fn diabetic_kidney_disease_is_kidney_disease() {
    let facts = Loaded::default();
    let mut c = coded(&["E1122", "I10"]);
    let f = fires(&facts, &c, "dx.htn_ckd");
    assert_eq!(replace(&f.fixes[0]), ("I129".to_string(), None));
    assert!(f.message.contains("I10 with chronic kidney disease"), "{}", f.message);
    c.diagnoses[1].body.code = "I129".into();
    silent(&facts, &c, "dx.htn_ckd");
    // With the stage coded the stage decides and is the one it stands before.
    let c = coded(&["E1122", "N186", "I10"]);
    let f = fires(&facts, &c, "dx.htn_ckd");
    assert_eq!(replace(&f.fixes[0]), ("I120".to_string(), Some(c.diagnoses[1].id)));
    // A code that knows the stage better than what else is coded is left alone.
    silent(&facts, &coded(&["E1122", "I120"]), "dx.htn_ckd");
    silent(&facts, &coded(&["E1122", "I132", "I5023"]), "dx.htn_hf_ckd");
    silent(&facts, &coded(&["E1142", "I10"]), "dx.htn_ckd");
    assert_eq!(
        replace(&fires(&facts, &coded(&["E1122", "I10", "I5023"]), "dx.htn_hf_ckd").fixes[0]).0,
        "I130"
    );
    // And the other way round: hypertensive kidney disease beside plain diabetes.
    let f = fires(&facts, &coded(&["E119", "I129"]), "dx.dm_with");
    assert_eq!(replace(&f.fixes[0]).0, "E1122");
    assert_eq!(of(&facts, &coded(&["E119", "I129", "N1831"]), "dx.dm_with").len(), 1, "asked once");
    silent(&facts, &coded(&["E1122", "I129"]), "dx.dm_with");
}

const TOML: &str = "# the site's own
[severity]
\"dx.laterality\" = \"info\"
\"dx.valid\" = \"warn\"
\"line.duplicate\" = \"stop\"
\"dx.lateralty\" = \"off\"
nonsense
[severity.payer.\"Medicare\"]
\"line.duplicate\" = \"off\"
[severity.payer]
\"mod.conflict\" = \"warn\"
[severity.site.\"clinic\"]
\"mod.conflict\" = \"warn\"
\"ncci.em25\" = 3
[override]
\"dx.excludes1\" = \"supervisor\"
\"line.date\" = \"nobody\"
\"ncci.em25\" = \"somebody\"
";

#[test]
fn severities_by_payer_and_site() {
    let (policy, errors) = EditPolicy::read("edits.toml", TOML);
    let said: Vec<String> = errors.iter().map(ToString::to_string).collect();
    let expected = [
        ("line 4", "dx.valid cannot be lowered"),
        ("line 6", "there is no rule \"dx.lateralty\"; did you mean dx.laterality?"),
        ("line 7", "neither [section]"),
        ("line 10", "a section is"),
        ("line 11", "under no section"),
        ("line 14", "a word in quotes"),
        ("line 18", "\"somebody\" is not coder"),
    ];
    assert_eq!(said.len(), expected.len(), "{said:#?}");
    for (said, (line, why)) in said.iter().zip(expected) {
        assert!(said.starts_with(&format!("edits.toml {line}:")) && said.contains(why), "{said} / {why}");
    }
    let facts = Loaded { policy, ..Loaded::default() };
    assert_eq!(fires(&facts, &coded(&["H25019"]), "dx.laterality").severity, Severity::Info);
    let mut twice = lined(&["99213@A=1", "99213@A=1"]);
    silent(&facts, &twice, "line.duplicate");
    payer(&mut twice, |p| (p.name, p.class) = ("Blue Harbor".into(), PayerClass::Commercial));
    assert_eq!(fires(&facts, &twice, "line.duplicate").severity, Severity::Stop);
    // A stop made a question takes a reason; on another site it is a stop still.
    let mut c = lined(&["17000:50:RT@A=1"]);
    let f = fires(&facts, &c, "mod.conflict");
    assert_eq!((f.severity, f.policy), (Severity::Warn, OverridePolicy::Reason));
    c.scope = Scope("hospital".into());
    assert_eq!(fires(&facts, &c, "mod.conflict").severity, Severity::Stop);
    // By class of payer.
    let (policy, errors) =
        EditPolicy::read("e", "[severity.payer.\"medicare\"]\n\"line.duplicate\" = \"info\"\n");
    assert_eq!(errors, []);
    let by_class = Loaded { policy, ..Loaded::default() };
    assert_eq!(
        fires(&by_class, &lined(&["99213@A=1", "99213@A=1"]), "line.duplicate").severity,
        Severity::Info
    );
}

#[test]
fn who_may_answer() {
    let (policy, _) = EditPolicy::read("edits.toml", TOML);
    let facts = Loaded { policy, ..Loaded::default() };
    let mut c = coded(&["E1142", "E109"]);
    let f = fires(&facts, &c, "dx.excludes1");
    let may = |role| facts.policy.may_answer(&f, role);
    assert!(may(Role::Coder).unwrap_err().contains("supervisor"));
    assert!(may(Role::Supervisor).is_ok() && may(Role::Biller).is_err());
    let answer = |role| Override {
        rule: f.rule.into(),
        place: f.place_key(),
        reason: "unrelated".into(),
        evidence: Some(EvidenceSpan::default()),
        role: Some(role),
        ..Override::default()
    };
    c.overrides.push(Item::new(id("o"), OrderKey::default(), answer(Role::Coder)));
    assert!(fires(&facts, &c, "dx.excludes1").blocks(), "a coder's answer does not count here");
    c.overrides[0].body = answer(Role::Supervisor);
    assert!(!fires(&facts, &c, "dx.excludes1").blocks());
    // Nobody's to answer.
    let mut c = lined(&["99213@A=1"]);
    c.lines[0].body.date = day("2026-11-02");
    assert_eq!(fires(&facts, &c, "line.date").policy, OverridePolicy::None);
    // A trainee hands evidence rules on, and may give reasons.
    let plain = EditPolicy::none();
    let f = fires(&Loaded::default(), &coded(&["E1142", "E109"]), "dx.excludes1");
    assert!(plain.may_answer(&f, Role::Trainee).is_err() && plain.may_answer(&f, Role::Coder).is_ok());
    assert!(plain.may_answer(&f, Role::ReadOnly).is_err());
}

proptest! {
    /// Any text is read; errors name lines that are there.
    #[test]
    fn any_settings_are_read(text in "(\\[(severity|override|x)(\\.\"?[a-z]{0,4}\"?){0,3}\\]|\"[a-z_.]{0,12}\" *= *\"?[a-z]{0,6}\"?|\\PC{0,20}|\n){0,30}") {
        let (_, errors) = EditPolicy::read("e", &text);
        for e in errors {
            prop_assert!(e.line >= 1 && e.line <= text.lines().count());
        }
    }
}
