//! Every official file gives the counts that its publisher or the data's list names.

use crate::*;
use codesk::codes::import::{PcsTables, Release};
use std::collections::BTreeSet;

fn count(release: &Release, what: &str) -> usize {
    release.counts().iter().find(|(w, _)| *w == what).map_or(0, |(_, n)| *n)
}

fn days(release: &Release) -> String {
    let to = release.meta.to.map_or_else(String::new, |d| d.to_string());
    format!("{} {} {to}", release.meta.release, release.meta.from)
}

#[test]
fn order_files() {
    let cm = loaded(Kind::CmOrder, "FY2026");
    assert_eq!((count(&cm, "rows"), count(&cm, "billable")), (98_186, 74_719));
    assert_eq!(days(&cm), "FY2026 2025-10-01 2026-09-30");
    let pcs = loaded(Kind::PcsOrder, "FY2026");
    assert_eq!((count(&pcs, "rows"), count(&pcs, "billable")), (80_029, 79_115));
    // April 2026 brought new procedures: the file is for the half year before
    assert_eq!(days(&pcs), "FY2026 2025-10-01 2026-03-31");
}

#[test]
fn addenda_make_the_order_file_of_the_next_year() {
    let next = loaded(Kind::CmOrder, "FY2027");
    assert_eq!((count(&next, "billable"), days(&next).as_str()), (74_879, "FY2027 2026-10-01 2027-09-30"));
    // heading rows by the addenda's own summary
    assert_eq!(count(&next, "rows") - count(&next, "billable"), 23_524);
    let done = everything().1.iter().find(|d| d.loaded.meta.release == "FY2027").unwrap();
    assert_eq!(done.loaded.records, 253 + 36 + 4 + 4);
    let base = everything().1.iter().find(|d| d.loaded.meta.release == "FY2026").unwrap();
    assert_eq!(done.loaded.base.as_ref(), Some(&base.loaded.hash));
    // the list of valid codes of that day, from another source, holds exactly these
    let mut made = order_codes(&next);
    made.sort_unstable();
    let mce = valid_in_mce(MCE_DX, 20_261_001);
    assert_eq!(made.len(), mce.len());
    assert!(made.iter().all(|c| mce.contains(*c)));
    // a new code stands under its heading, in tabular order
    let Content::Order(rows) = &next.content else { panic!("order rows") };
    let at = |code: &str| rows.iter().position(|r| r.code == code).unwrap();
    assert!(at("D691") < at("D6911") && at("D6911") < at("D6919") && at("D6919") < at("D692"));
    assert!(!rows[at("D691")].billable);
}

#[test]
fn addenda_without_their_base_are_refused_in_a_sentence() {
    let dir = tempfile::tempdir().unwrap();
    let mut s = store(dir.path());
    import(&mut s, CM_ORDER).unwrap();
    let refused = import(&mut s, CM_ADDENDA_2026).unwrap_err().to_string();
    assert!(refused.contains("change the order file of 2025 (74260 codes) into that of 2026"), "{refused}");
    assert!(refused.contains("import icd10cm_order_2025.txt first"), "{refused}");
    assert_eq!(s.releases().len(), 1);
}

#[test]
fn tabular_list() {
    let t = loaded(Kind::CmTabular, "FY2026");
    assert_eq!(count(&t, "codes"), 46_881);
    let Content::Tabular(lines) = &t.content else { panic!("tabular lines") };
    let begin = |with: &str| lines.iter().filter(|l| l.starts_with(with)).count();
    assert_eq!((begin("C\t"), begin("S\t")), (22, 297));
    // 1,790 seventh characters in 508 definitions; 8 remarks on them
    assert_eq!(begin("x\t"), 1_790);
    assert_eq!(begin("n\tN\t7th character "), 8);
    // every note of the file
    let notes = 1_024 + 1_485 + 5_407 + 2_520 + 12_574 + 809 + 655 + 180 + 508;
    assert_eq!(begin("n\t") - 8 - begin("n\tN\tVisual impairment category"), notes);
}

#[test]
fn indexes_and_tables() {
    let index = loaded(Kind::CmIndex, "FY2025");
    assert_eq!((count(&index, "entries"), count(&index, "main terms")), (81_024, 8_100));
    assert_eq!(days(&index), "FY2025 2024-10-01 2025-09-30");
    let causes = loaded(Kind::CmExternalCause, "FY2025");
    assert_eq!((count(&causes, "entries"), count(&causes, "main terms")), (314 + 1_399 + 6_351, 314));
    let neoplasms = loaded(Kind::CmNeoplasm, "FY2025");
    assert_eq!(count(&neoplasms, "entries"), 1 + 593 + 1_345);
    let drugs = loaded(Kind::CmDrugs, "FY2025");
    assert_eq!((count(&drugs, "entries"), count(&drugs, "main terms")), (5_177 + 1_903 + 348, 5_177));
    let pcs = loaded(Kind::PcsIndex, "FY2025");
    assert_eq!((count(&pcs, "entries"), count(&pcs, "main terms")), (3_215 + 6_849 + 14_420, 3_215));
}

#[test]
fn cells_stand_in_their_columns() {
    let table = |kind| match loaded(kind, "FY2025").content {
        Content::Index(t) => t,
        other => panic!("{other:?}"),
    };
    let n = table(Kind::CmNeoplasm);
    assert_eq!(n.columns.len(), 6);
    assert_eq!((n.columns[0].as_str(), n.columns[5].as_str()), ("Malignant Primary", "Unspecified Behavior"));
    let wall = n.resolve("Neoplasm, abdomen, wall").unwrap();
    assert_eq!(n.path_words(wall), "Neoplasm, neoplastic, abdomen, abdominal, wall");
    assert_eq!(n.entries()[wall].cells, ["C44.509", "C79.2-", "D04.5", "D23.5", "D48.5", "D49.2"]);
    let d = table(Kind::CmDrugs);
    let aspirin = d.starting("aspirin").unwrap();
    assert_eq!(d.entries()[aspirin].cells[4], "T39.015");
    let propanol = d.starting("1-propanol").unwrap();
    assert_eq!(d.entries()[propanol].cells[4], "");
    let e = table(Kind::CmExternalCause);
    let at = e.resolve("Accident, transport, car occupant").unwrap();
    assert!(e.children(at).count() > 3);
}

#[test]
fn poa_exempt_list() {
    let poa = loaded(Kind::PoaExempt, "FY2026");
    assert_eq!((count(&poa, "codes"), days(&poa).as_str()), (38_349, "FY2026 2025-10-01 2026-09-30"));
}

fn valid_in_mce(name: &str, day: u32) -> BTreeSet<String> {
    let text = String::from_utf8(bytes(name)).unwrap();
    let rows = text.lines().skip(1).map(|l| l.split('\t').collect::<Vec<_>>());
    rows.filter(|r| r[1].parse::<u32>().unwrap() <= day && day <= r[2].parse().unwrap())
        .map(|r| r[0].to_string())
        .collect()
}

fn pcs_tables() -> PcsTables {
    match loaded(Kind::PcsTables, "FY2025").content {
        Content::PcsTables(t) => t,
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_procedure_tables_expand_to_the_valid_codes() {
    let t = pcs_tables();
    assert_eq!(t.tables().len(), 908);
    let expanded: BTreeSet<String> = t.codes().into_iter().collect();
    assert_eq!(expanded.len(), 78_948);
    assert!(expanded == valid_in_mce(MCE_PX, 20_241_001), "not the codes valid on 2024-10-01");
}

#[test]
fn a_procedure_is_built_by_legal_steps_only() {
    let t = pcs_tables();
    let step = t.next("02H");
    assert_eq!(step.title, "Body Part");
    for (typed, key) in [("02H", 'V'), ("02HV", '3'), ("02HV3", '3'), ("02HV33", 'Z')] {
        assert!(t.next(typed).values.iter().any(|v| v.code == key), "{key} after {typed}");
    }
    assert_eq!(t.next("02HV33").values.len(), 1);
    assert!(t.contains("02HV33Z"));
    let labels: Vec<String> = t.labels("02HV33Z").into_iter().map(|l| l.1).collect();
    assert_eq!(labels[3..], ["Superior Vena Cava", "Percutaneous", "Infusion Device", "No Qualifier"]);
    // whatever is typed along legal steps ends in a code of the table
    for table in t.tables().iter().step_by(37) {
        let mut typed = table.prefix();
        while typed.len() < 7 {
            typed.push(t.next(&typed).values.last().unwrap().code);
        }
        assert!(t.contains(&typed), "{typed}");
    }
}

#[test]
fn procedure_definitions() {
    let Content::PcsDefinitions(d) = loaded(Kind::PcsDefinitions, "FY2025").content else {
        panic!("definitions")
    };
    assert_eq!(d.axes.iter().map(|a| a.terms.len()).sum::<usize>(), 930);
    assert_eq!((d.axes.len(), d.devices.len()), (31, 60));
    let bypass = d.find('0', 3, "Bypass").unwrap();
    assert!(bypass.definition.starts_with("Altering the route of passage"));
    assert!(!bypass.includes.is_empty());
}

#[test]
fn hcpcs_codes_and_modifiers() {
    let codes = loaded(Kind::Hcpcs, "2019-01-01");
    assert_eq!(count(&codes, "codes"), 6_440);
    let done = everything().1.iter().find(|d| d.loaded.meta.kind == Kind::Hcpcs).unwrap();
    assert_eq!(done.loaded.records, 11_622);
    let Content::Hcpcs(rows) = &codes.content else { panic!("HCPCS rows") };
    let row = rows.iter().find(|r| r.code == "A4225").unwrap();
    assert!(row.long.ends_with("syringe type cartridge, sterile, each"), "{}", row.long);
    assert_eq!(row.added, chrono::NaiveDate::from_ymd_opt(2017, 1, 1));
    assert_eq!(count(&loaded(Kind::Modifiers, "2019"), "modifiers"), 360);
    assert_eq!(count(&loaded(Kind::Modifiers, "2020"), "modifiers"), 371);
}

#[test]
fn master_lists() {
    let dir = tempfile::tempdir().unwrap();
    let mut s = store(dir.path());
    for (name, kind, rows) in [(MCE_DX, Kind::MceDiagnoses, 85_122), (MCE_PX, Kind::MceProcedures, 86_910)] {
        let done = import(&mut s, name).unwrap();
        assert_eq!((done[0].loaded.meta.kind, done[0].loaded.rows()), (kind, rows));
        let Content::Periods(p) = s.release(&done[0].loaded.hash).unwrap().content else { panic!("periods") };
        // the horizon is no end
        assert!(p.iter().any(|r| r.to.is_none()));
        assert!(!p.iter().any(|r| r.to.is_some_and(|d| d.to_string() == "2027-03-31")));
    }
}

#[test]
fn index_addenda_make_the_index_of_the_next_year() {
    let dir = tempfile::tempdir().unwrap();
    let mut s = store(dir.path());
    let refused = import(&mut s, CM_INDEX_ADDENDA).unwrap_err().to_string();
    assert!(refused.contains("the index of 2025 is not loaded"), "{refused}");
    import(&mut s, CM_INDEX).unwrap();
    let done = import(&mut s, CM_INDEX_ADDENDA).unwrap();
    let lost = &done[0].remarks[1..];
    for l in lost {
        eprintln!("{l}");
    }
    assert_eq!(done[0].loaded.meta.release, "FY2026");
    let Content::Index(t) = s.release(&done[0].loaded.hash).unwrap().content else { panic!("index") };
    let at = |words: &str| t.resolve(words).map(|i| (t.path_words(i), t.posted(i))).unwrap();
    assert_eq!(at("Acariasis").1, ["B8809"]);
    assert_eq!(at("Allergy, eggs, anaphylactic reaction").1, ["T78089"]);
    assert_eq!(at("Bite, flank, left").1, ["S31157"]);
    assert_eq!(at("Anemia, due to, fish tapeworm infestation").1, ["B700", "D638"]);
    assert!(lost.len() < 40, "{} lines without a place", lost.len());
}
