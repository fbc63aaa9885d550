//! One defect a file: each is named at its segment and loop, and no clean file is stopped.
//!
//! The files are made here from the clean ones by small named changes; SE01 is kept right unless it is the
//! defect. They are read from `CODESK_SHARED`; without it this test fails and says so.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a test fails by panicking

use codesk::claims::CodeFacts;
use codesk::domain::Severity;
use codesk::facts::Codes;
use codesk::x12::{Checker, Issue, scan};
use std::path::PathBuf;
use std::sync::OnceLock;

fn shared() -> PathBuf {
    match std::env::var_os("CODESK_SHARED") {
        Some(d) => [PathBuf::from(&d).join("x12/own"), PathBuf::from(&d).join("data/x12/own")]
            .into_iter()
            .find(|p| p.is_dir())
            .expect("CODESK_SHARED holds no x12/own"),
        None => panic!("set CODESK_SHARED to the folder with the shared test data (x12/own)"),
    }
}

fn clean(file: &str) -> String {
    let path = shared().join(file);
    std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

fn issues(text: &str, facts: &dyn CodeFacts) -> Vec<Issue> {
    let mut out = Vec::new();
    let mut sink = Checker::new(Some(facts), |i| out.push(i));
    scan(text.as_bytes(), &mut sink).expect("the file is read to its end");
    out
}

fn codes() -> &'static Codes {
    static CODES: OnceLock<Codes> = OnceLock::new();
    CODES.get_or_init(|| {
        let dir = tempfile::tempdir().expect("a folder for the code book");
        Codes::open(dir.path(), &mut |_, _| {}).expect("the code book is made")
    })
}

/// A change of one segment, found by how it begins.
enum Change {
    /// Within the segment: old text, new text.
    Set(&'static str, &'static str, &'static str),
    Del(&'static str),
    Dup(&'static str),
    /// A segment put before.
    Before(&'static str, &'static str),
    After(&'static str, &'static str),
    Swap(&'static str, &'static str),
    /// From the first up to before the second.
    DelTo(&'static str, &'static str),
    /// Anything, SE01 untouched.
    Raw(fn(&str) -> String),
}
use Change::*;

fn segments(text: &str) -> Vec<String> {
    text.split('~').map(|s| s.trim_matches(['\r', '\n']).to_string()).filter(|s| !s.is_empty()).collect()
}

fn find(segs: &[String], prefix: &str) -> usize {
    segs.iter().position(|s| s.starts_with(prefix)).unwrap_or_else(|| panic!("no segment {prefix}"))
}

fn apply(text: &str, change: &Change) -> String {
    let mut segs = segments(text);
    let mut fix = true;
    match change {
        Set(p, old, new) => {
            let i = find(&segs, p);
            assert!(segs[i].contains(old), "{} has no {old}", segs[i]);
            segs[i] = segs[i].replacen(old, new, 1);
            fix = !p.starts_with("SE*");
        }
        Del(p) => {
            let i = find(&segs, p);
            segs.remove(i);
        }
        Dup(p) => {
            let i = find(&segs, p);
            segs.insert(i, segs[i].clone());
        }
        Before(p, new) => {
            let i = find(&segs, p);
            segs.insert(i, new.to_string());
        }
        After(p, new) => {
            let i = find(&segs, p);
            segs.insert(i + 1, new.to_string());
        }
        Swap(a, b) => {
            let (i, j) = (find(&segs, a), find(&segs, b));
            segs.swap(i, j);
        }
        DelTo(a, b) => {
            let i = find(&segs, a);
            let j = i + find(&segs[i..], b);
            segs.drain(i..j);
        }
        Raw(f) => return f(text),
    }
    if fix
        && let (Some(st), Some(se)) =
            (segs.iter().position(|s| s.starts_with("ST*")), segs.iter().position(|s| s.starts_with("SE*")))
    {
        let control = segs[se].split('*').nth(2).unwrap_or("").to_string();
        segs[se] = format!("SE*{}*{control}", se - st + 1);
    }
    segs.iter().map(|s| format!("{s}~\n")).collect()
}

const P: &str = "837P/office-visit-subscriber.edi";
const DEP: &str = "837P/patient-is-dependent.edi";
const COB: &str = "837P/secondary-cob-claim-level.edi";
const COBL: &str = "837P/secondary-cob-line-adjudication.edi";
const DRUG: &str = "837P/ndc-drug-admin.edi";
const FREQ: &str = "837P/replacement-freq7.edi";
const AUTO: &str = "837P/auto-accident.edi";
const ANES: &str = "837P/anesthesia-minutes.edi";
const DX12: &str = "837P/twelve-diagnoses.edi";
const DRG: &str = "837I/inpatient-drg-poa.edi";
const EXT: &str = "837I/inpatient-auth-external-cause.edi";
const ER: &str = "837I/outpatient-er.edi";
const SURG: &str = "837I/outpatient-surgery-replacement.edi";
const SNF: &str = "837I/snf-medicare.edi";
const SEC: &str = "837I/secondary-after-medicare.edi";
const IDEP: &str = "837I/inpatient-patient-dependent.edi";
const OBS: &str = "837I/observation-occurrence.edi";

/// name, file, change, loop, segment
type Row = (&'static str, &'static str, Change, &'static str, &'static str);

#[rustfmt::skip]
fn defects() -> Vec<Row> {
    vec![
        // envelope
        ("iea count", P, Set("IEA*", "IEA*1", "IEA*2"), "ISA", "IEA"),
        ("iea control", P, Set("IEA*", "000000101", "000000102"), "ISA", "IEA"),
        ("ge count", P, Set("GE*", "GE*1", "GE*3"), "GS", "GE"),
        ("ge control", P, Set("GE*", "*101", "*102"), "GS", "GE"),
        ("se count", P, Set("SE*", "SE*34", "SE*35"), "ST", "SE"),
        ("se control", P, Set("SE*", "0001", "0002"), "ST", "SE"),
        ("no iea", P, Del("IEA*"), "ISA", "IEA"),
        ("no ge", P, Del("GE*"), "GS", "GE"),
        ("no se", P, Del("SE*"), "ST", "SE"),
        ("no isa", P, Del("ISA*"), "ISA", "ISA"),
        ("isa lost its terminator", P, Raw(|t| t.replacen(":~", ":", 1)), "ISA", "ISA"),
        ("isa lost a separator", P, Raw(|t| t.replacen("*0*T*", "*0T*", 1)), "ISA", "ISA"),
        ("isa component is a letter", P, Raw(|t| t.replacen("*T*:~", "*T*A~", 1)), "ISA", "ISA"),
        ("no gs", P, Del("GS*"), "GS", "GS"),
        ("no st", P, Del("ST*"), "ST", "ST"),
        ("isa version", P, Set("ISA*", "00501", "00401"), "ISA", "ISA"),
        ("isa usage", P, Set("ISA*", "*0*T*", "*0*X*"), "ISA", "ISA"),
        ("isa qualifier", P, Set("ISA*", "*ZZ*CODERSYS", "*QQ*CODERSYS"), "ISA", "ISA"),
        ("isa date", P, Set("ISA*", "*260316*", "*261316*"), "ISA", "ISA"),
        ("isa short sender", P, Set("ISA*", "CODERSYS       ", "CODERSYS"), "ISA", "ISA"),
        ("gs version base", P, Set("GS*", "005010X222A1", "005010X222"), "GS", "GS"),
        ("gs functional id", P, Set("GS*", "GS*HC", "GS*HP"), "GS", "GS"),
        ("gs date", P, Set("GS*", "20260316", "20260231"), "GS", "GS"),
        ("st version", P, Set("ST*", "005010X222A1", "005010X223A2"), "ST", "ST"),
        ("st code", P, Set("ST*", "ST*837", "ST*835"), "ST", "ST"),
        ("two interchanges, one number", P, Raw(|t| format!("{t}{t}")), "ISA", "ISA"),
        ("lost terminator", P, Raw(|t| t.replacen("DMG*D8*19780412*F~", "DMG*D8*19780412*F", 1)), "2010BA", "DMG"),
        ("control character", P, Raw(|t| t.replacen("OAK", "O\u{7}K", 1)), "2010BA", "N3"),
        // hierarchy
        ("hl number", P, Set("HL*2", "HL*2*1", "HL*3*1"), "2000B", "HL"),
        ("hl parent", P, Set("HL*2", "HL*2*1*22", "HL*2*2*22"), "2000B", "HL"),
        ("hl level", P, Set("HL*2", "*22*", "*23*"), "2000B", "HL"),
        ("hl first level", P, Set("HL*1", "*20*", "*22*"), "2000A", "HL"),
        ("hl child promised", P, Set("HL*2", "*22*0", "*22*1"), "2000B", "HL"),
        ("hl child denied", DEP, Set("HL*2", "*22*1", "*22*0"), "2000B", "HL"),
        ("no subscriber hl", P, Del("HL*2"), "2000B", "HL"),
        ("no billing hl", P, Del("HL*1"), "2000A", "HL"),
        ("no patient hl", DEP, Del("HL*3"), "2000C", "HL"),
        ("patient parent", DEP, Set("HL*3", "HL*3*2", "HL*3*1"), "2000C", "HL"),
        ("self with patient level", DEP, Set("SBR*", "SBR*P*", "SBR*P*18"), "2000B", "SBR"),
        ("patient not subscriber, no level", P, Set("SBR*", "*18*", "**"), "2000B", "SBR"),
        ("names exchanged", P, Swap("NM1*IL", "NM1*PR"), "2010BA", "NM1"),
        ("no line number", P, Del("LX*2"), "2400", "LX"),
        ("line number", P, Set("LX*2", "LX*2", "LX*3"), "2400", "LX"),
        ("no lines", P, DelTo("LX*1", "SE*"), "2400", "LX"),
        // required
        ("no bht", P, Del("BHT*"), "HEADER", "BHT"),
        ("no submitter", P, Del("NM1*41"), "1000A", "NM1"),
        ("no submitter contact", P, Del("PER*IC*EDI"), "1000A", "PER"),
        ("no receiver", P, Del("NM1*40"), "1000B", "NM1"),
        ("no billing name", P, Del("NM1*85"), "2010AA", "NM1"),
        ("no billing street", P, Del("N3*500"), "2010AA", "N3"),
        ("no billing city", P, Del("N4*AUSTIN*TX*787010500"), "2010AA", "N4"),
        ("no tax id", P, Del("REF*EI"), "2010AA", "REF"),
        ("no sbr", P, Del("SBR*"), "2000B", "SBR"),
        ("no subscriber name", P, Del("NM1*IL"), "2010BA", "NM1"),
        ("no subscriber street", P, Del("N3*12"), "2010BA", "N3"),
        ("no birth", P, Del("DMG*"), "2010BA", "DMG"),
        ("no payer", P, DelTo("NM1*PR", "CLM*"), "2010BB", "NM1"),
        ("no payer name, its address stays", P, Del("NM1*PR"), "2010BB", "NM1"),
        ("no relationship", DEP, Del("PAT*"), "2000C", "PAT"),
        ("no patient name", DEP, Del("NM1*QC"), "2010CA", "NM1"),
        ("no patient address", DEP, Raw(|t| del_nth(t, "N4*AUSTIN*TX*787020012", 1)), "2010CA", "N4"),
        ("no patient birth", DEP, Del("DMG*D8*2018"), "2010CA", "DMG"),
        ("no claim", P, Del("CLM*"), "2300", "CLM"),
        ("no diagnosis", P, Del("HI*"), "2300", "HI"),
        ("no service", P, Del("SV1*HC:36415"), "2400", "SV1"),
        ("no service date", P, Del("DTP*472"), "2400", "DTP"),
        ("no rendering", P, DelTo("NM1*82", "LX*1"), "2310B", "NM1"),
        ("no member id", P, Set("NM1*IL", "*MI*W123456789", ""), "2010BA", "NM1"),
        ("no account", P, Set("CLM*", "PCN1001", ""), "2300", "CLM"),
        ("no assignment", P, Set("CLM*", "*Y*A*Y*Y", "*Y**Y*Y"), "2300", "CLM"),
        ("no sex", P, Set("DMG*", "*F", ""), "2010BA", "DMG"),
        ("no filing code", P, Set("SBR*", "*CI", "*"), "2000B", "SBR"),
        ("no statement", DRG, Del("DTP*434"), "2300", "DTP"),
        ("no admission", DRG, Del("DTP*435"), "2300", "DTP"),
        ("no discharge hour", DRG, Del("DTP*096"), "2300", "DTP"),
        ("no cl1", DRG, Del("CL1*"), "2300", "CL1"),
        ("no status", DRG, Set("CL1*", "*01", "*"), "2300", "CL1"),
        ("no admitting", DRG, Del("HI*ABJ"), "2300", "HI"),
        ("no principal", DRG, Del("HI*ABK"), "2300", "HI"),
        ("no attending", DRG, DelTo("NM1*71", "NM1*72"), "2310A", "NM1"),
        ("no operating", DRG, Del("NM1*72"), "2310B", "NM1"),
        ("no reason for visit", ER, Del("HI*APR"), "2300", "HI"),
        ("no revenue line", DRG, Del("SV2*0250"), "2400", "SV2"),
        ("no inpatient date, professional", ANES, Del("DTP*435"), "2300", "DTP"),
        ("no facility name", ANES, Del("NM1*77"), "2310C", "NM1"),
        ("no facility address", ANES, Del("N4*AUSTIN*TX*787050001"), "2310C", "N4"),
        ("no pick-up", "837P/ambulance.edi", DelTo("NM1*PW", "NM1*45"), "2310E", "NM1"),
        ("no ambulance", "837P/ambulance.edi", Del("CR1*"), "2300", "CR1"),
        ("no clia", "837P/clia-lab.edi", Del("REF*X4"), "2300", "REF"),
        ("no mammography", "837P/mammography-cert.edi", Del("REF*EW"), "2300", "REF"),
        ("no attachment number", "837P/paperwork-attachment.edi", Set("PWK*", "***AC*ATTACH00077", ""), "2300", "PWK"),
        ("line date of an outpatient line", ER, Del("DTP*472"), "2400", "DTP"),
        ("ordering name", "837P/supervising-ordering-facility.edi", Set("NM1*DK", "REYES*PAOLA", "*PAOLA"), "2420E", "NM1"),
        // qualifiers
        ("billing id kind", P, Set("NM1*85", "*XX*", "*FI*"), "2010AA", "NM1"),
        ("submitter id kind", P, Set("NM1*41", "*46*", "*XX*"), "1000A", "NM1"),
        ("payer id kind", P, Set("NM1*PR", "*PI*", "*ZZ*"), "2010BB", "NM1"),
        ("member id kind", P, Set("NM1*IL", "*MI*", "*XX*"), "2010BA", "NM1"),
        ("rendering role", P, Set("NM1*82", "NM1*82", "NM1*99"), "2310B", "NM1"),
        ("tax id kind", P, Set("REF*EI", "REF*EI", "REF*TJ"), "2010AA", "REF"),
        ("date kind", P, Set("DTP*472", "DTP*472", "DTP*150"), "2400", "DTP"),
        ("date format", P, Set("DTP*472", "*D8*", "*RD8*"), "2400", "DTP"),
        ("date format unknown", P, Set("DTP*472", "*D8*", "*D6*"), "2400", "DTP"),
        ("birth format", P, Set("DMG*", "*D8*", "*D6*"), "2010BA", "DMG"),
        ("sex code", P, Set("DMG*", "*F", "*X"), "2010BA", "DMG"),
        ("filing code", P, Set("SBR*", "*CI", "*QQ"), "2000B", "SBR"),
        ("payer order", P, Set("SBR*", "SBR*P", "SBR*X"), "2000B", "SBR"),
        ("relationship", DEP, Set("PAT*", "19", "77"), "2000C", "PAT"),
        ("first dx qualifier", P, Set("HI*", "ABK", "ABF"), "2300", "HI"),
        ("other dx qualifier", P, Set("HI*", "ABF", "ABK"), "2300", "HI"),
        ("dx of icd-9", P, Set("HI*", "HI*ABK:E119*ABF", "HI*BK:E119*BF"), "2300", "HI"),
        ("dx versions mixed", P, Set("HI*", "*ABF", "*BF"), "2300", "HI"),
        ("procedure qualifier", P, Set("SV1*HC:99213", "HC", "ZZ"), "2400", "SV1"),
        ("unit", P, Set("SV1*HC:99213", "*UN*", "*DA*"), "2400", "SV1"),
        ("taxonomy kind", P, Set("PRV*BI", "PXC", "ZZ"), "2000A", "PRV"),
        ("facility code kind", P, Set("CLM*", "11:B:1", "11:A:1"), "2300", "CLM"),
        ("contact kind", P, Set("PER*IC*EDI", "*TE*", "*XX*"), "1000A", "PER"),
        ("transaction type", P, Set("BHT*", "*CH", "*XX"), "HEADER", "BHT"),
        ("admission format", DRG, Set("DTP*435", "*DT*", "*TM*"), "2300", "DTP"),
        ("statement format", DRG, Set("DTP*434", "*RD8*", "*D8*"), "2300", "DTP"),
        ("px qualifier", DRG, Set("HI*BBR", "BBR", "BBX"), "2300", "HI"),
        ("px date format", DRG, Set("HI*BBR", ":D8:", ":D9:"), "2300", "HI"),
        ("reason qualifier", ER, Set("HI*APR", "*APR:R0602", "*ABJ:R0602"), "2300", "HI"),
        ("attending taxonomy role", DRG, Set("PRV*AT", "AT", "PE"), "2310A", "PRV"),
        ("revenue unit", DRG, Set("SV2*0120", "*DA*", "*MJ*"), "2400", "SV2"),
        ("release", P, Set("CLM*", "*A*Y*Y", "*A*Y*Q"), "2300", "CLM"),
        ("assignment", P, Set("CLM*", "*Y*A*Y", "*Y*Z*Y"), "2300", "CLM"),
        // formats
        ("zip of five", P, Set("N4*AUSTIN*TX*787010500", "787010500", "78701"), "2010AA", "N4"),
        ("zip hyphen", P, Set("N4*AUSTIN*TX*787020012", "787020012", "78702-0012"), "2010BA", "N4"),
        ("state", P, Set("N4*AUSTIN*TX*787020012", "TX", "ZX"), "2010BA", "N4"),
        ("po box", P, Set("N3*500", "500 CLINIC WAY*STE 200", "PO BOX 900"), "2010AA", "N3"),
        ("dx with point", P, Set("HI*", "E119", "E11.9"), "2300", "HI"),
        ("dx not billable", P, Set("HI*", "E119", "E11"), "2300", "HI"),
        ("dx unknown", P, Set("HI*", "E119", "E11999"), "2300", "HI"),
        ("tax id hyphen", P, Set("REF*EI", "741234567", "74-1234567"), "2010AA", "REF"),
        ("tax id short", P, Set("REF*EI", "741234567", "74123456"), "2010AA", "REF"),
        ("taxonomy", P, Set("PRV*BI", "207Q00000X", "207Q0000"), "2000A", "PRV"),
        ("telephone", P, Set("PER*IC*BILLING", "5125550101", "512-555-0101"), "2010AA", "PER"),
        ("charge with comma", P, Set("SV1*HC:99213", "*145*", "*1,45*"), "2400", "SV1"),
        ("charge with three decimals", P, Set("SV1*HC:99213", "*145*", "*145.001*"), "2400", "SV1"),
        ("procedure of four", P, Set("SV1*HC:99213", "99213", "9921"), "2400", "SV1"),
        ("modifier of three", P, Set("SV1*HC:99213", "99213", "99213:250"), "2400", "SV1"),
        ("modifier gap", P, Set("SV1*HC:99213", "99213", "99213::25"), "2400", "SV1"),
        ("modifier twice", P, Set("SV1*HC:99213", "99213", "99213:25:25"), "2400", "SV1"),
        ("place of service", P, Set("CLM*", "11:B", "98:B"), "2300", "CLM"),
        ("line place of service", P, Set("SV1*HC:99213", "*UN*1**", "*UN*1*98*"), "2400", "SV1"),
        ("units zero", P, Set("SV1*HC:99213", "*UN*1*", "*UN*0*"), "2400", "SV1"),
        ("units negative", P, Set("SV1*HC:99213", "*UN*1*", "*UN*-1*"), "2400", "SV1"),
        ("units text", P, Set("SV1*HC:99213", "*UN*1*", "*UN*ONE*"), "2400", "SV1"),
        ("minutes for a visit", P, Set("SV1*HC:99213", "*UN*1*", "*MJ*15*"), "2400", "SV1"),
        ("units for anesthesia", ANES, Set("SV1*", "*MJ*", "*UN*"), "2400", "SV1"),
        ("revenue of three", DRG, Set("SV2*0250", "0250", "250"), "2400", "SV2"),
        ("revenue total", DRG, Set("SV2*0250", "0250", "0001"), "2400", "SV2"),
        ("type of bill", DRG, Set("CLM*", "11:A", "19:A"), "2300", "CLM"),
        ("status code", DRG, Set("CL1*", "*01", "*99"), "2300", "CL1"),
        ("admission type", DRG, Set("CL1*", "CL1*1", "CL1*7"), "2300", "CL1"),
        ("clia", "837P/clia-lab.edi", Set("REF*X4", "45D2098765", "45D209876"), "2300", "REF"),
        ("mbi", SNF, Set("NM1*IL", "1EG4TE5MK73", "1EG4TE5MK7"), "2010BA", "NM1"),
        ("pcs code", DRG, Set("HI*BBR", "0FT44ZZ", "0FT44Z"), "2300", "HI"),
        ("account too long", P, Set("CLM*", "PCN1001", "PCN100100000000000000000000000000000001"), "2300", "CLM"),
        ("name too long", P, Set("NM1*IL", "ALVAREZ", "ALVAREZALVAREZALVAREZALVAREZALVAREZALVAREZALVAREZALVAREZALVAREZ"), "2010BA", "NM1"),
        ("too many elements", P, Set("N3*12", "12 OAK LN", "12 OAK LN*A*B"), "2010BA", "N3"),
        ("unused element", P, Set("NM1*85", "*****XX", "**A***XX"), "2010AA", "NM1"),
        ("unknown segment", P, Before("LX*1", "ZZZ*1"), "2310B", "ZZZ"),
        ("segment of another loop", P, After("CLM*", "LX*9"), "2400", "LX"),
        ("twice", P, Dup("DMG*"), "2010BA", "DMG"),
        ("payer twice", P, Dup("NM1*PR"), "2010BB", "NM1"),
        ("service twice", P, Dup("SV1*HC:99213"), "2400", "SV1"),
        ("diagnoses twice", P, Dup("HI*"), "2300", "HI"),
        ("out of order", P, Swap("N3*12", "N4*AUSTIN*TX*787020012"), "2010BA", "N3"),
        ("dates and references exchanged", P, Swap("DTP*472", "REF*6R"), "2400", "DTP"),
        // balancing
        ("total", P, Set("CLM*", "*160*", "*161*"), "2300", "CLM"),
        ("a line changed", P, Set("SV1*HC:36415", "*15*", "*16*"), "2300", "CLM"),
        ("total of a hospital", DRG, Set("CLM*", "*14150.25*", "*14150.26*"), "2300", "CLM"),
        ("negative total", P, Set("CLM*", "*160*", "*-160*"), "2300", "CLM"),
        // pointers
        ("pointer past the last", P, Set("SV1*HC:99213", "1:2", "1:3"), "2400", "SV1"),
        ("pointer zero", P, Set("SV1*HC:99213", "1:2", "0"), "2400", "SV1"),
        ("pointer twice", P, Set("SV1*HC:99213", "1:2", "1:1"), "2400", "SV1"),
        ("pointer gap", P, Set("SV1*HC:99213", "1:2", "1::2"), "2400", "SV1"),
        ("five pointers", DX12, Set("SV1*HC:99215", "1:2:3:4", "1:2:3:4:5"), "2400", "SV1"),
        ("pointer thirteen", DX12, Set("SV1*HC:99497", "***12", "***13"), "2400", "SV1"),
        ("pointer letter", P, Set("SV1*HC:99213", "1:2", "A"), "2400", "SV1"),
        ("no pointer", P, Set("SV1*HC:99213", "***1:2", ""), "2400", "SV1"),
        ("diagnosis twice", P, Set("HI*", "I10", "E119"), "2300", "HI"),
        ("thirteenth diagnosis", DX12, Set("HI*", "ABF:Z9981", "ABF:Z9981*ABF:I2510"), "2300", "HI"),
        ("external cause first", AUTO, Set("HI*", "ABK:S134XXA*ABF:V4352XA", "ABK:V4352XA*ABF:S134XXA"), "2300", "HI"),
        // dates
        ("no day of the calendar", P, Set("DTP*472", "20260302", "20260230"), "2400", "DTP"),
        ("future service", P, Set("DTP*472", "20260302", "20260402"), "2400", "DTP"),
        ("service before birth", P, Set("DTP*472", "20260302", "19750302"), "2400", "DTP"),
        ("span reversed", "837P/four-modifiers-date-range.edi", Raw(|t| t.replacen("20260303-20260310", "20260310-20260303", 1)), "2400", "DTP"),
        ("future birth", P, Set("DMG*", "19780412", "20270412"), "2010BA", "DMG"),
        ("birth of no calendar", P, Set("DMG*", "19780412", "19781312"), "2010BA", "DMG"),
        ("birth in 1778", P, Set("DMG*", "19780412", "17780412"), "2010BA", "DMG"),
        ("accident after the service", AUTO, Set("DTP*439", "20260228", "20260310"), "2300", "DTP"),
        ("no accident date", AUTO, Del("DTP*439"), "2300", "DTP"),
        ("no accident state", AUTO, Set("CLM*", "AA:::TX", "AA"), "2300", "CLM"),
        ("accident date, no accident", AUTO, Set("CLM*", "**AA:::TX", ""), "2300", "DTP"),
        ("admission after service", ANES, Set("DTP*435", "20260302", "20260305"), "2300", "DTP"),
        ("statement reversed", DRG, Set("DTP*434", "20260301-20260305", "20260305-20260301"), "2300", "DTP"),
        ("statement in the future", DRG, Set("DTP*434", "20260301-20260305", "20260301-20260405"), "2300", "DTP"),
        ("line outside the statement", ER, Set("DTP*472", "20260302", "20260303"), "2400", "DTP"),
        ("procedure outside the statement", DRG, Set("HI*BBR", "20260302", "20260312"), "2300", "HI"),
        ("occurrence of no calendar", DRG, Set("HI*BH", "20260228", "20260229"), "2300", "HI"),
        ("span of an occurrence", SNF, Set("HI*BI", "20260110-20260120", "20260120-20260110"), "2300", "HI"),
        ("hour", DRG, Set("DTP*096", "1320", "2561"), "2300", "DTP"),
        ("admission after the stay", DRG, Set("DTP*435", "202603010840", "202603060840"), "2300", "DTP"),
        ("creation date", P, Set("BHT*", "20260316", "20260332"), "HEADER", "BHT"),
        // npi
        ("billing npi", P, Set("NM1*85", "1215000013", "1215000014"), "2010AA", "NM1"),
        ("billing npi short", P, Set("NM1*85", "1215000013", "121500001"), "2010AA", "NM1"),
        ("billing npi gone", P, Set("NM1*85", "*XX*1215000013", ""), "2010AA", "NM1"),
        ("rendering npi", P, Set("NM1*82", "1315000020", "1315000021"), "2310B", "NM1"),
        ("rendering npi begins with 3", P, Set("NM1*82", "1315000020", "3315000020"), "2310B", "NM1"),
        ("rendering is the group", P, Set("NM1*82", "1315000020", "1215000013"), "2310B", "NM1"),
        ("rendering npi gone", P, Set("NM1*82", "*XX*1315000020", ""), "2310B", "NM1"),
        ("referring npi", "837P/medicare-primary-referring.edi", Set("NM1*DN", "1415000037", "1415000038"), "2310A", "NM1"),
        ("facility npi", ANES, Set("NM1*77", "1615000050", "1615000051"), "2310C", "NM1"),
        ("attending npi", DRG, Set("NM1*71", "1715000067", "1715000068"), "2310A", "NM1"),
        ("operating npi", DRG, Set("NM1*72", "1815000074", "1815000075"), "2310B", "NM1"),
        ("line rendering npi", "837P/line-level-rendering-and-note.edi", Set("NM1*82*1*REYES", "1225000094", "1225000095"), "2420A", "NM1"),
        ("ordering npi", "837P/supervising-ordering-facility.edi", Set("NM1*DK", "1225000094", "1225000095"), "2420E", "NM1"),
        ("supervising npi", "837P/supervising-ordering-facility.edi", Set("NM1*DQ", "1915000081", "1915000082"), "2310D", "NM1"),
        ("rendering is an organization with a first name", P, Set("NM1*82", "NM1*82*1", "NM1*82*2"), "2310B", "NM1"),
        // frequency
        ("replacement without number", FREQ, Del("REF*F8"), "2300", "REF"),
        ("void without number", "837P/void-freq8.edi", Del("REF*F8"), "2300", "REF"),
        ("original with number", FREQ, Set("CLM*", "11:B:7", "11:B:1"), "2300", "CLM"),
        ("frequency unknown", P, Set("CLM*", "11:B:1", "11:B:9"), "2300", "CLM"),
        ("frequency of a hospital on a physician's claim", P, Set("CLM*", "11:B:1", "11:B:2"), "2300", "CLM"),
        ("frequency gone", P, Set("CLM*", "11:B:1", "11:B"), "2300", "CLM"),
        ("number empty", FREQ, Set("REF*F8", "26061ABC000123", ""), "2300", "REF"),
        ("hospital replacement without number", SURG, Del("REF*F8"), "2300", "REF"),
        ("interim with a discharged patient", "837I/interim-first-claim.edi", Set("CL1*", "*30", "*01"), "2300", "CL1"),
        ("new claim made a replacement", P, Set("CLM*", "11:B:1", "11:B:7"), "2300", "REF"),
        // coordination of benefits
        ("paid amount", COB, Set("AMT*D", "75", "74"), "2320", "AMT"),
        ("adjustment", COB, Set("CAS*CO", "*45*45", "*45*44"), "2320", "AMT"),
        ("paid amount gone", COB, Del("AMT*D"), "2320", "AMT"),
        ("oi gone", COB, Del("OI*"), "2320", "OI"),
        ("other subscriber gone", COB, DelTo("NM1*IL*1*ALVAREZ*MARIA****MI*ZZ", "NM1*PR*2*PRIMARY"), "2330A", "NM1"),
        ("other payer gone", COB, DelTo("NM1*PR*2*PRIMARY", "LX*1"), "2330B", "NM1"),
        ("decision date gone", COB, Del("DTP*573"), "2330B", "DTP"),
        ("decision before service", COB, Set("DTP*573", "20260309", "20260209"), "2330B", "DTP"),
        ("same order twice", COB, Set("SBR*P", "SBR*P", "SBR*S"), "2320", "SBR"),
        ("no primary", COB, DelTo("SBR*P", "LX*1"), "2320", "SBR"),
        ("group code", COB, Set("CAS*CO", "CAS*CO", "CAS*XX"), "2320", "CAS"),
        ("reason without amount", COB, Set("CAS*CO", "*45*45", "*45*"), "2320", "CAS"),
        ("reason unknown form", COB, Set("CAS*PR", "*3*", "*XXXX*"), "2320", "CAS"),
        ("relationship of the other subscriber", COB, Set("SBR*P", "*18*", "*99*"), "2320", "SBR"),
        ("line paid", COBL, Set("SVD*04412*104", "*104*", "*103*"), "2430", "SVD"),
        ("line adjustment", COBL, Set("CAS*PR", "*2*26", "*2*25"), "2430", "SVD"),
        ("line payer", COBL, Set("SVD*04412*104", "04412", "04499"), "2430", "SVD"),
        ("line decision gone", COBL, Del("DTP*573"), "2430", "DTP"),
        ("decision twice", COBL, After("NM1*PR*2*MEDICARE", "DTP*573*D8*20260310"), "2330B", "DTP"),
        ("claim paid against lines", COBL, Set("AMT*D", "104", "105"), "2320", "AMT"),
        ("svd gone", COBL, Del("SVD*04412*104"), "2430", "SVD"),
        ("msp reason", "837P/medicare-primary-referring.edi", Set("SBR*", "SBR*P", "SBR*S"), "2000B", "SBR"),
        ("hospital cob", SEC, Set("CAS*CO", "610", "600"), "2320", "AMT"),
        ("other filing code", COB, Set("SBR*P", "*CI", "*"), "2320", "SBR"),
        ("2320 without sbr", COB, Del("SBR*P"), "2320", "SBR"),
        // present on admission
        ("poa gone", DRG, Set("HI*ABK", ":::::::Y", ""), "2300", "HI"),
        ("poa of another diagnosis gone", DRG, Set("HI*ABF", "I10:::::::Y", "I10"), "2300", "HI"),
        ("poa of an external cause letter", EXT, Set("HI*ABN", ":::::::Y", ":::::::X"), "2300", "HI"),
        ("poa 1", DRG, Set("HI*ABK", ":::::::Y", ":::::::1"), "2300", "HI"),
        ("poa in a wrong place", DRG, Set("HI*ABK", ":::::::Y", "::::::Y"), "2300", "HI"),
        ("poa on an outpatient bill", ER, Set("HI*ABK", "R079", "R079:::::::Y"), "2300", "HI"),
        ("poa on the admitting diagnosis", DRG, Set("HI*ABJ", "R1011", "R1011:::::::Y"), "2300", "HI"),
        ("poa on a professional claim", P, Set("HI*", "E119", "E119:::::::Y"), "2300", "HI"),
        ("poa lower case", IDEP, Set("HI*ABF", ":::::::Y", ":::::::y"), "2300", "HI"),
        // drugs
        ("ndc of ten", DRUG, Set("LIN*", "50242006001", "5024200600"), "2410", "LIN"),
        ("ndc hyphens", DRUG, Set("LIN*", "50242006001", "50242-0060-01"), "2410", "LIN"),
        ("ndc kind", DRUG, Set("LIN*", "*N4*", "*N5*"), "2410", "LIN"),
        ("no lin", DRUG, Del("LIN*"), "2410", "LIN"),
        ("no ctp", DRUG, Del("CTP*"), "2410", "CTP"),
        ("drug unit", DRUG, Set("CTP*", "*ML", "*XX"), "2410", "CTP"),
        ("drug unit gone", DRUG, Set("CTP*", "*ML", ""), "2410", "CTP"),
        ("drug quantity", DRUG, Set("CTP*", "20", "0"), "2410", "CTP"),
        ("drug quantity gone", DRUG, Set("CTP*", "****20*", "*****"), "2410", "CTP"),
        ("prescription kind", DRUG, Set("REF*XZ", "XZ", "XX"), "2410", "REF"),
        ("no drug at all", DRUG, DelTo("LIN*", "SE*"), "2410", "LIN"),
        ("hospital drug without code", ER, Set("SV2*0636", "HC:J1885", ""), "2400", "SV2"),
        ("not classified without words", "837P/line-level-rendering-and-note.edi", Set("SV1*HC:J3490", ":::::COMPOUNDED TOPICAL", ""), "2400", "SV1"),
        // codes against each other and the patient
        ("fifth modifier", P, Set("SV1*HC:99213", "99213", "99213:25:59:76:77:XE"), "2400", "SV1"),
        ("a pregnancy of a woman who is a man", P, Raw(|t| t.replacen("ABF:I10", "ABF:O0990", 1).replacen("19780412*F", "19780412*M", 1)), "2300", "HI"),
        ("prostate of a woman", P, Set("HI*", "I10", "N400"), "2300", "HI"),
        ("newborn code of an adult", P, Set("HI*", "I10", "Z3800"), "2300", "HI"),
        ("filing code of another payer", "837P/medicare-primary-referring.edi", Set("SBR*", "*MB", "*CI"), "2000B", "SBR"),
        ("medicaid as commercial", "837P/medicaid.edi", Set("SBR*", "*MC", "*CI"), "2000B", "SBR"),
        ("accident in no state", AUTO, Set("CLM*", ":::TX", ":::ZZ"), "2300", "CLM"),
        ("rendering without taxonomy", P, Del("PRV*PE"), "2310B", "PRV"),
        ("billing without taxonomy", P, Del("PRV*BI"), "2000A", "PRV"),
        ("attending without taxonomy", DRG, Del("PRV*AT"), "2310A", "PRV"),
        ("no line control number", P, Del("REF*6R*PCN100102"), "2400", "REF"),
        ("line control number twice", P, Set("REF*6R*PCN100102", "PCN100102", "PCN100101"), "2400", "REF"),
        ("newborn of another origin", "837I/newborn.edi", Set("CL1*", "CL1*4*5", "CL1*4*1"), "2300", "CL1"),
        ("covered days", DRG, Set("HI*BE", "80:::4", "80:::3"), "2300", "HI"),
        ("one account, two claims", "837P/three-claims-one-batch.edi", Set("CLM*PCN1025", "PCN1025", "PCN1024"), "2300", "CLM"),
        ("authorization twice", "837P/prior-auth-and-referral.edi", Dup("REF*G1"), "2300", "REF"),
        ("two notes", FREQ, After("NTE*", "NTE*CER*SECOND NOTE"), "2300", "NTE"),
        ("two diagnosis segments", P, After("HI*", "HI*ABF:I2510"), "2300", "HI"),
        ("fifty-first line", "837P/fifty-lines.edi", Before("SE*", "LX*51"), "2400", "LX"),
        ("attachment on request with a number", "837P/paperwork-attachment.edi", Set("PWK*", "*FX*", "*AA*"), "2300", "PWK"),
        ("work claim not from work", "837P/workers-comp.edi", Set("CLM*", "**EM", ""), "2300", "CLM"),
        // ub codes
        ("condition code", OBS, Set("HI*BG", "*BG:44", "*BG:444"), "2300", "HI"),
        ("value amount gone", DRG, Set("HI*BE", ":::4", ""), "2300", "HI"),
        ("accommodation in units", DRG, Set("SV2*0120", "*DA*", "*UN*"), "2400", "SV2"),
        ("more days than the stay", DRG, Set("SV2*0120", "*DA*4", "*DA*14"), "2400", "SV2"),
    ]
}

/// Faults that change what every later segment means.
const SPREADS: [&str; 4] = ["st version", "gs version", "lost terminator", "segment of another loop"];

fn del_nth(text: &str, prefix: &str, n: usize) -> String {
    let mut segs = segments(text);
    let at =
        segs.iter().enumerate().filter(|(_, s)| s.starts_with(prefix)).nth(n).expect("there are that many").0;
    segs.remove(at);
    let (st, se) = (find(&segs, "ST*"), find(&segs, "SE*"));
    segs[se] = format!("SE*{}*0001", se - st + 1);
    segs.iter().map(|s| format!("{s}~\n")).collect()
}

#[test]
fn no_clean_file_is_stopped() {
    let codes = codes();
    let mut files = 0;
    for folder in ["837P", "837I"] {
        for entry in std::fs::read_dir(shared().join(folder)).expect("the folder is there") {
            let path = entry.expect("it can be listed").path();
            let text = std::fs::read_to_string(&path).expect("it is text");
            let stops: Vec<Issue> =
                issues(&text, codes).into_iter().filter(|i| i.severity == Severity::Stop).collect();
            assert!(stops.is_empty(), "{}: {stops:#?}", path.display());
            files += 1;
        }
    }
    assert_eq!(files, 38);
}

#[test]
fn each_defect_is_named_at_its_place() {
    let codes = codes();
    let all = defects();
    let mut missed = Vec::new();
    let mut crowded = Vec::new();
    for (name, file, change, lp, segment) in &all {
        let found = issues(&apply(&clean(file), change), codes);
        let here = found.iter().filter(|i| i.at.lp == *lp && i.at.segment == *segment).count();
        let stops = found.iter().filter(|i| i.severity == Severity::Stop).count();
        if here == 0 {
            let places: Vec<String> =
                found.iter().map(|i| format!("{} [{}] {}", i.place(), i.at.segment, i.message)).collect();
            missed.push(format!("{name}: not named at {lp} {segment}, but {places:#?}"));
        } else if stops > 6 && !SPREADS.contains(name) {
            let places: Vec<String> = found.iter().map(|i| format!("{}: {}", i.place(), i.message)).collect();
            crowded.push(format!("{name}: {places:#?}"));
        }
    }
    assert!(all.len() >= 60);
    assert!(missed.is_empty(), "{} of {} missed:\n{}", missed.len(), all.len(), missed.join("\n"));
    assert!(crowded.is_empty(), "one defect, many findings:\n{}", crowded.join("\n"));
}
