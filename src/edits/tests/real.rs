//! The pair and unit edits on real rows: NCCI and MUE of the third quarter of 2024 between HCPCS Level II codes.
//! The rows are not ours to ship: the test reads them from the folder that `CODESK_SHARED` names.

use super::pay::{fires, loaded, of, silent};
use super::*;
use std::path::PathBuf;

/// The rows of a file, without its head; `None`, loudly, where the folder is not there.
fn rows(name: &str) -> Option<Vec<Vec<String>>> {
    let root = std::env::var_os("CODESK_SHARED").map(PathBuf::from);
    let path = root
        .iter()
        .flat_map(|r| [r.join("ncci").join(name), r.join("data/ncci").join(name)])
        .find(|p| p.is_file());
    let Some(path) = path else {
        eprintln!(
            "\n*** SKIPPED: no ncci/{name}; set CODESK_SHARED to the folder of the reference data ***\n"
        );
        return None;
    };
    let text = std::fs::read_to_string(path).unwrap();
    Some(text.lines().skip(1).map(|l| l.split('\t').map(str::to_string).collect()).collect())
}

/// In the official layout. The extract gives no first days: 1996 stands for them.
fn official(rows: &[Vec<String>]) -> String {
    let lines: Vec<String> = rows
        .iter()
        .map(|r| {
            let end = r[2].replace('-', "");
            let end = if end.starts_with("9999") { "*".to_string() } else { end };
            format!("{}\t{}\t\t19951231\t{end}\t{}\t{}", r[0], r[1], r[3], r[4])
        })
        .collect();
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    crate::edits::tables::tests::ptp(&lines)
}

fn visit(institutional: bool, codes: [&str; 2], on: &str) -> Chart {
    let (kind, form) = match institutional {
        true => (VisitKind::Emergency, Form::Ub04),
        false => (VisitKind::Office, Form::Cms1500),
    };
    let mut c = empty(kind, &[form], on, on);
    add_dx(&mut c, "L570");
    for code in codes {
        add_line(&mut c, &format!("{}{code}=10", if institutional { "0636/" } else { "" }));
    }
    c
}

#[test]
fn every_real_pair_is_found_on_its_days_and_no_other() {
    for (name, file, institutional) in [
        ("ncci_ptp_prac_2024q3_HCPCS_L2_ONLY.tsv", "ccipra-v302r0.TXT", false),
        ("ncci_ptp_out_2024q3_HCPCS_L2_ONLY.tsv", "ccioph-v302r0.TXT", true),
    ] {
        let Some(rows) = rows(name) else { return };
        let facts = loaded(&[(file, &official(&rows))]);
        let day_of = "2024-08-15";
        let current = |r: &&Vec<String>| r[2].starts_with("9999");
        let pairs: std::collections::HashSet<(&str, &str)> = rows
            .iter()
            .filter(|r| current(r) && r[3] != "9")
            .map(|r| (r[0].as_str(), r[1].as_str()))
            .collect();
        let mut seen = (0, 0, 0, 0);
        for r in &rows {
            let c = visit(institutional, [&r[0], &r[1]], day_of);
            let found = of(&facts, &c, "ncci.ptp");
            let both = [(r[0].as_str(), r[1].as_str()), (r[1].as_str(), r[0].as_str())];
            let expected = both.iter().filter(|p| pairs.contains(*p)).count();
            assert_eq!(found.len(), expected, "{r:?}: {found:#?}");
            match (r[2].as_str(), r[3].as_str()) {
                ("9999-12-31", "0") => {
                    assert!(found.iter().any(|f| f.severity == Severity::Stop), "{r:?}");
                    seen.0 += 1;
                }
                ("9999-12-31", "1") => {
                    assert!(found.iter().any(|f| f.policy == OverridePolicy::Evidence), "{r:?}");
                    seen.1 += 1;
                }
                (end, "0" | "1") if !end.starts_with("9999") && end > "1996-01-01" => {
                    fires(&facts, &visit(institutional, [&r[0], &r[1]], end), "ncci.ptp");
                    seen.2 += 1;
                }
                _ => seen.3 += 1,
            }
        }
        println!("{name}: {} never, {} with a modifier, {} over, {} others", seen.0, seen.1, seen.2, seen.3);
        assert!(seen.0 > 100 && seen.1 > 100 && seen.2 > 100, "{seen:?}");
    }
}

#[test]
fn every_real_limit_is_held_at_one_more_and_not_at_itself() {
    for (name, service, file) in [
        ("ncci_mue_prac_2024q3_HCPCS_L2_ONLY.tsv", "Practitioner Services", "PractitionerServices"),
        (
            "ncci_mue_out_2024q3_HCPCS_L2_ONLY.tsv",
            "Outpatient Hospital Services",
            "OutpatientHospitalServices",
        ),
        ("ncci_mue_dme_2024q3_HCPCS_L2_ONLY.tsv", "DME Supplier Services", "DMESupplierServices"),
    ] {
        let Some(rows) = rows(name) else { return };
        let body: String =
            rows.iter().map(|r| format!("{},{},{} Edit,\"{}\"\n", r[0], r[1], r[2], r[3])).collect();
        let text = format!(
            "\"HCPCS/\nCPT Code\",{service} MUE Values,MUE Adjudication Indicator,MUE Rationale\n{body}"
        );
        let facts = loaded(&[(&format!("MCR_MUE_{file}_Eff_07-01-2024.csv"), &text)]);
        let chart = |r: &Vec<String>, units: u32| {
            let mut c = visit(service.starts_with("Out"), [&r[0], "99213"], "2024-08-15");
            c.lines[0].body.units = Units(i64::from(units) * 1000);
            if service.starts_with("DME") {
                let d = std::sync::Arc::make_mut(&mut c.directory);
                d.site.as_mut().unwrap().body.taxonomy = "332B00000X".into();
            }
            c
        };
        for r in &rows {
            let limit: u32 = r[1].parse().unwrap();
            let rule = if r[2] == "1" { "mue.line" } else { "mue.day" };
            let f = fires(&facts, &chart(r, limit + 1), rule);
            assert_eq!(f.severity == Severity::Stop, r[2] == "2", "{r:?}");
            if limit > 0 {
                silent(&facts, &chart(r, limit), rule);
            }
        }
        println!("{name}: {} limits", rows.len());
    }
}
