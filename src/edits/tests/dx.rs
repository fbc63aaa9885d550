//! Diagnoses and inpatient procedures.

use super::*;

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
    none(&coded(&["B955"]), "dx.manifestation_first");
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
