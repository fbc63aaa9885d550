//! Service lines: code, charge, pointers, modifiers, who rendered them.

use super::*;

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
    let f = one(&lined(&["99214@A=1", "66984@A=1"]), "ncci.em57");
    assert!(f.fixes[0].text.contains("add 57"));
    none(&lined(&["99214@A=1", "66984@A=1"]), "ncci.em25");
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
