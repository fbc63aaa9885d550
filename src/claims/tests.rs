//! Faces of the three sample charts, readiness and submit.

use super::*;
use crate::{
    domain::*,
    edits::{fixture::*, run},
};
use insta::assert_snapshot;
use proptest::prelude::*;
use unicode_width::UnicodeWidthStr;

fn text(lines: &[FaceLine]) -> String {
    lines.iter().map(|l| l.text.as_str()).collect::<Vec<_>>().join("\n")
}
fn compact(chart: &Chart, form: Form, n: usize) -> String {
    text(&build(chart, form, &Fixture).compact(n))
}
fn mint() -> impl FnMut() -> Id {
    let mut m = IdMint::new(1);
    move || m.next(1_790_000_000_000)
}
fn submit(chart: &Chart) -> Result<Vec<Edit>, Vec<String>> {
    submit_edits(chart, &run(chart, &Fixture, day(TODAY)), &mut mint(), 7)
}
fn header(chart: &mut Chart, f: impl FnOnce(&mut Encounter)) {
    f(&mut chart.encounter.body);
}
fn apply(chart: &mut Chart, edits: Vec<Edit>) {
    let (scope, root) = (chart.scope.clone(), chart.id());
    chart.apply(&EditSet { scope, root, label: "submit".into(), edits, whole: true, fence: None }).unwrap();
}

#[test]
fn the_office_claim_beside_the_codes() {
    let face = build(&office(), Form::Cms1500, &Fixture);
    assert_eq!(face.title(), "CMS-1500 · draft");
    assert_snapshot!(text(&face.compact(31)), @r"
    1  Medicare
    1a 1EG4TE5MK73
    2  ALVAREZ, MARIA
    3  02 11 1968  F
    11 NONE        6  SELF

    21 ICD 0
    A E1122   B I129    C N1831
    D Z7984   E L570

    24 DATE  POS CODE         PTR $
    1 110326 11 99214 25 ABC 189.00
    2 110326 11 17000      E 123.00

    26 10023       27 YES
    28 312.00      29 0.00

    31 SHAH RAVI MD
    33 LAKESIDE CLINIC
    33a 1467560003
    ");
    let narrow = text(&face.compact(30));
    assert!(narrow.contains("1 110326 11 99214 25   ABC 189\n"), "whole dollars where cents have no room");
    let lines = face.compact(31);
    let at = |t: &str| lines.iter().find(|l| l.text.contains(t)).unwrap();
    assert_eq!(at("17000").place(), Some(&Place::Line(office().lines[1].id, "code".into())));
    assert_eq!(at("1a ").place(), Some(&Place::Coverage("member_id".into())));
    let dx = at("A E1122");
    assert_eq!(dx.spots.len(), 3);
    assert_eq!(dx.spots[1].place, Place::Diagnosis(office().diagnoses[1].id));
    assert_eq!(&dx.text[dx.spots[1].from..dx.spots[1].to], "B I129");
}

#[test]
fn the_office_claim_as_the_form() {
    assert_snapshot!(text(&build(&office(), Form::Cms1500, &Fixture).full()), @r"
    CMS-1500 (02/12) · draft                                           page 1 of 1
    ──────────────────────────────────────────────────────────────────────────────
    1 payer                                           │1a member id
     Medicare                                         │ 1EG4TE5MK73
     [X] MEDICARE                                     │
    ──────────────────────────────────────────────────────────────────────────────
    2 patient                     │3 born, sex        │4 insured
     ALVAREZ, MARIA               │ 02 11 1968  F     │
    ──────────────────────────────────────────────────────────────────────────────
    5 patient's address           │6 patient is       │7 insured's address
     12 OAK ST                    │ SELF              │
     RIVERTON CA 95112            │                   │
     5550100                      │                   │
    ──────────────────────────────────────────────────────────────────────────────
    9 other insured               │10 caused by       │11 group number
                                  │ a job NO          │ NONE
                                  │ b auto NO         │
                                  │ c accident NO     │
    ──────────────────────────────────────────────────────────────────────────────
    9a other policy               │9d other plan      │11c plan       │11d other
                                  │                   │               │
    ──────────────────────────────────────────────────────────────────────────────
    12 patient signed                      │13 insured signed
     SIGNATURE ON FILE                     │
    ──────────────────────────────────────────────────────────────────────────────
    14 onset                 │15 other date            │16 unable to work
                             │                         │
    ──────────────────────────────────────────────────────────────────────────────
    17 referred by                │17b NPI            │18 hospital stay
                                  │                   │
    ──────────────────────────────────────────────────────────────────────────────
    19 notes                                          │20 outside lab
                                                      │ NO
    ──────────────────────────────────────────────────────────────────────────────
    21 diagnoses · ICD ind. 0
     A E1122            B I129             C N1831            D Z7984
     E L570             F                  G                  H
     I                  J                  K                  L
    ──────────────────────────────────────────────────────────────────────────────
    22 resubmission                                   │23 authorization
                                                      │
    ──────────────────────────────────────────────────────────────────────────────
    24 A from A to   B  D     modifiers   E      F charge       G J NPI
     1 110326 110326 11 99214 25          ABC      189 00       1 1881018208
     2 110326 110326 11 17000             E        123 00       1 1881018208
     3
     4
     5
     6
    ──────────────────────────────────────────────────────────────────────────────
    25 tax id        │26 account       │27 assigned │28 total      │29 paid
     941234567 EIN   │ 10023           │ YES        │ 312.00       │ 0.00
    ──────────────────────────────────────────────────────────────────────────────
    31 provider              │32 served at             │33 billing
     SHAH RAVI MD            │ LAKESIDE CLINIC         │ LAKESIDE CLINIC
     SIGNED                  │ 400 LAKE AVE            │ 400 LAKE AVE
                             │ RIVERTON CA 951120001   │ RIVERTON CA 951120001
                             │                         │ 5550199
    ──────────────────────────────────────────────────────────────────────────────
    32a NPI                                            │33a NPI     │33b taxonomy
     1467560003                                        │ 1467560003 │ ZZ207Q00000X
    ──────────────────────────────────────────────────────────────────────────────
    ");
}

#[test]
fn a_stay_beside_the_codes() {
    assert_snapshot!(compact(&stay(), Form::Ub04, 34), @r"
    4  0111          6  110226-110626
    8  ALVAREZ, MARIA
    10 02 11 1968    11 F
    12 110226  13 14      14 1
    15 1       16 11      17 01
    50 MEDICARE
    60 1EG4TE5MK73

    66 ICD 0   * principal
    * I130    Y A I5023   Y
    B N1831   Y C J9601   N
    69 R0602
    74 02HV33Z 110426

    42   44    45           46      47
    0120                   4   4800.00
    0250                  31    621.50
    0301                  12    900.00
    0001 total                 6321.50

    76 1881018208
    56 1467560003
    1  LAKESIDE CLINIC
    ");
}

#[test]
fn a_stay_as_the_form() {
    assert_snapshot!(text(&build(&stay(), Form::Ub04, &Fixture).full()), @r"
    UB-04 · draft                                                      page 1 of 1
    ──────────────────────────────────────────────────────────────────────────────
    1 provider                      │3a account     │3b record    │4 type of bill
     LAKESIDE CLINIC                │ 10023         │ M1001       │ 0111
     400 LAKE AVE                   │               │             │
     RIVERTON CA 951120001          │               │             │
     5550199                        │               │             │
    ──────────────────────────────────────────────────────────────────────────────
    8 patient                         │5 tax id       │6 statement
     ALVAREZ, MARIA                   │ 941234567     │ 110226-110626
    ──────────────────────────────────────────────────────────────────────────────
    9 address                                         │10 born        │11 sex
     12 OAK ST · RIVERTON CA 95112                    │ 02 11 1968    │ F
    ──────────────────────────────────────────────────────────────────────────────
    12 admitted │13 hour     │14 type     │15 origin   │16 out      │17 status
     110226     │ 14         │ 1          │ 1          │ 11         │ 01
    ──────────────────────────────────────────────────────────────────────────────
       42   43             44 code  modifiers   45          46     47 charge
     1 0120                                                  4       4800 00
     2 0250                                                 31        621 50
     3 0301                                                 12        900 00
    23 0001 page 1 of 1                                              6321 50
    ──────────────────────────────────────────────────────────────────────────────
    50 payer                  │51 payer id   │52 rel.  │53 asg.   │55 due
     MEDICARE                 │ 01112        │ Y       │ Y        │ 6321.50
    ──────────────────────────────────────────────────────────────────────────────
    58 insured                │59 rel│60 member id    │61 group      │62 group no
     ALVAREZ, MARIA           │ 18   │ 1EG4TE5MK73    │ -            │ -
    ──────────────────────────────────────────────────────────────────────────────
    63 authorization          │64 payer's claim                    │56 NPI
                              │                                    │ 1467560003
    ──────────────────────────────────────────────────────────────────────────────
    66 ICD 0 · 67 principal (*) and others with present on admission
    * I130    Y A I5023   Y B N1831   Y C J9601   N
    ──────────────────────────────────────────────────────────────────────────────
    69 admitting   │70 reason      │71 PPS    │72 external causes
     R0602         │               │          │
    ──────────────────────────────────────────────────────────────────────────────
    74 procedure             │74a other                │74b other
     02HV33Z 110426          │                         │
    ──────────────────────────────────────────────────────────────────────────────
    76 attending             │77 operating             │78 referring
     1881018208              │                         │
     SHAH RAVI MD            │                         │
    ──────────────────────────────────────────────────────────────────────────────
    80 remarks                                        │81 codes
                                                      │ B3 207Q00000X
    ──────────────────────────────────────────────────────────────────────────────
    ");
}

#[test]
fn an_emergency_visit_makes_both() {
    let c = emergency();
    assert_snapshot!(compact(&c, Form::Cms1500, 40), @r"
    1  Medicare
    1a 1EG4TE5MK73
    2  ALVAREZ, MARIA
    3  02 11 1968  F
    11 NONE             6  SELF

    21 ICD 0
    A S51811A B W010XXA C Z23

    24 DATE  POS CODE                  PTR $
    1 110826 23 99283 25            A 210.00
    2 110826 23 12002               A 310.00

    26 10023            27 YES
    28 520.00           29 0.00

    31 SHAH RAVI MD
    33 LAKESIDE CLINIC
    33a 1467560003
    ");
    assert_snapshot!(compact(&c, Form::Ub04, 40), @r"
    4  0131             6  110826-110826
    8  ALVAREZ, MARIA
    10 02 11 1968       11 F
    12 -         13 14        14 1
    15 1         16 -         17 01
    50 MEDICARE
    60 1EG4TE5MK73

    66 ICD 0   * principal
    * S51811A A Z23
    70 R0602
    72 W010XXA

    42   44    45                 46      47
    0450 99283 110826            1    640.00
         mod 25
    0450 12002 110826            1    410.00
    0771 90471 110826            1     45.00
    0001 total                       1095.00

    76 1881018208
    56 1467560003
    1  LAKESIDE CLINIC
    ");
}

#[test]
fn pages_turn_at_six_lines_and_the_total_is_on_the_last() {
    let mut c = office();
    for i in 0..6 {
        add_line(&mut c, &format!("9921{i}@A=10.50"));
    }
    (0..9).for_each(|i| {
        add_dx(&mut c, &format!("Z2{i}"));
    });
    let face = build(&c, Form::Cms1500, &Fixture);
    assert_eq!(face.pages.iter().map(|p| p.rows.len()).collect::<Vec<_>>(), [6, 2]);
    assert_eq!(face.pages[0].get("28").unwrap().value, ["CONT"]);
    assert_eq!(face.pages[1].get("28").unwrap().value, ["375.00"]);
    assert_eq!((face.pages[1].diagnoses.len(), face.left_off.len()), (12, 2));
    assert!(text(&face.compact(31)).contains("── page 2"));
    let mut s = stay();
    for _ in 0..20 {
        add_line(&mut s, "0300/");
    }
    for i in 0..20 {
        add_dx(&mut s, &format!("Z3{i}"));
    }
    let face = build(&s, Form::Ub04, &Fixture);
    assert_eq!(face.pages.iter().map(|p| p.rows.len()).collect::<Vec<_>>(), [22, 1]);
    assert_eq!((face.pages[0].diagnoses.len(), face.left_off.len()), (18, 6));
    assert!(face.pages[0].diagnoses[4].poa.is_none(), "an exempt code sends nothing");
}

#[test]
fn pointers_that_lead_nowhere_are_seen() {
    let mut c = office();
    c.diagnoses.remove(1);
    let face = build(&c, Form::Cms1500, &Fixture);
    assert_eq!(face.pages[0].rows[0].pointers, "A?B");
}

#[test]
fn a_corrected_claim_names_the_one_it_replaces() {
    let mut c = emergency();
    for edit in submit(&c).unwrap() {
        if let Edit::Claim(Change::Add(mut item)) = edit {
            item.body.control_number = Some("2026313000123".into());
            c.claims.push(item);
        }
    }
    let pro = build(&c, Form::Cms1500, &Fixture);
    assert_eq!(pro.find("22").unwrap().value, ["7 2026313000123"]);
    let inst = build(&c, Form::Ub04, &Fixture);
    assert_eq!(inst.find("4").unwrap().value, ["0137"]);
    assert_eq!(inst.find("64").unwrap().value, ["2026313000123"]);
}

#[test]
fn a_second_payer_fills_item_9() {
    let mut c = office();
    let d = std::sync::Arc::make_mut(&mut c.directory);
    let payer = Payer { name: "Blue".into(), class: PayerClass::Commercial, ..Payer::default() };
    d.payers.insert(id("blue"), Item::new(id("blue"), OrderKey::default(), payer));
    let second = Coverage {
        payer: id("blue"),
        member_id: "XK100".into(),
        relationship: "01".into(),
        subscriber: Some(
            PersonName { last: "Alvarez".into(), first: "Juan".into(), ..PersonName::default() }.into(),
        ),
        group_number: "G7".into(),
        ..Coverage::default()
    };
    d.coverages.insert(id("second"), Item::new(id("second"), OrderKey::default(), second));
    header(&mut c, |h| h.coverages.insert(0, id("second")));
    let face = build(&c, Form::Cms1500, &Fixture);
    let value = |n: &str| face.find(n).unwrap().value.join("|");
    assert_eq!(
        (value("4"), value("6"), value("11"), value("11d")),
        ("ALVAREZ, JUAN".into(), "SPOUSE".into(), "G7".into(), "YES".into())
    );
    assert_eq!(
        (value("9"), value("9a"), value("9d")),
        ("ALVAREZ, MARIA".into(), "1EG4TE5MK73".into(), "MEDICARE".into())
    );
}

#[test]
fn ready_when() {
    let mut c = office();
    let list = |c: &Chart| readiness(c, &run(c, &Fixture, day(TODAY)));
    assert!(list(&c).iter().all(|(done, _)| *done), "{:?}", list(&c));
    c.lines[0].body.charge = None;
    c.diagnoses[4].body.code = "L57".into();
    let open: Vec<String> = list(&c).into_iter().filter(|(done, _)| !done).map(|(_, t)| t).collect();
    assert_eq!(open, ["1 code not valid on 2026-11-03", "1 line without charge"]);
    c.lines[0].body.evidence = None;
    c.lines[1].body.pointers.clear();
    assert_eq!(list(&c)[1], (false, "1 stop, 1 asks".to_string()));
}

#[test]
fn submit_makes_one_claim_a_form() {
    let mut c = emergency();
    let edits = submit(&c).unwrap();
    assert_eq!(edits.len(), 3);
    apply(&mut c, edits);
    assert_eq!(c.header().state, CodingState::Coded);
    let claims: Vec<_> =
        c.claims.iter().map(|x| (x.body.form, x.body.state, x.body.total, x.body.base)).collect();
    assert_eq!(
        claims,
        [
            (Form::Cms1500, ClaimState::Ready, Cents(52000), 7),
            (Form::Ub04, ClaimState::Ready, Cents(109500), 7)
        ]
    );
    assert_eq!(c.claims[0].body.file_by, Some(day("2027-11-08")));
    assert_eq!(submit(&c).unwrap_err(), ["it is already submitted"]);
    // Reopened and changed: the same claims, not two more.
    header(&mut c, |h| h.state = CodingState::Coding);
    c.lines[1].body.charge = Some(Cents(1));
    let edits = submit(&c).unwrap();
    apply(&mut c, edits);
    assert_eq!((c.claims.len(), c.claims[0].body.total), (2, Cents(21001)));
    // At the payer: nobody changes it any more.
    header(&mut c, |h| h.state = CodingState::Coding);
    c.claims[0].body.state = ClaimState::Sent;
    assert_eq!(submit(&c).unwrap_err(), ["CMS-1500 claim is sent: it has been sent already"]);
}

#[test]
fn submit_refuses_with_every_reason() {
    let mut c = office();
    let hold = Hold { reason: HoldReason::Query, ..Hold::default() };
    c.holds.push(Item::new(id("hold"), OrderKey::default(), hold));
    c.lines[0].body.evidence = None;
    c.lines[1].body.charge = None;
    assert_eq!(
        submit(&c).unwrap_err(),
        [
            "on hold: query open",
            "stop: 17000 has no charge",
            "not answered: 99214 25 with 17000: which line of the chart supports 25?"
        ]
    );
    let mut c = office();
    let d = std::sync::Arc::make_mut(&mut c.directory);
    d.payers.get_mut(&id("medicare")).unwrap().body.class = PayerClass::SelfPay;
    assert_eq!(submit(&c).unwrap().len(), 1, "a self-pay visit is coded and makes no claim");
}

proptest! {
    /// No line is ever wider than it was told, whatever the names are.
    #[test]
    fn faces_keep_their_width(last in "\\PC{0,40}", site in "\\PC{0,40}", code in "\\PC{0,8}", n in 24usize..60) {
        for mut c in [office(), stay(), emergency()] {
            let d = std::sync::Arc::make_mut(&mut c.directory);
            d.patient.as_mut().unwrap().body.name =
                PersonName { last: last.clone(), first: site.clone(), ..PersonName::default() }.into();
            d.site.as_mut().unwrap().body.name = site.clone();
            c.diagnoses[0].body.code = code.clone();
            c.lines[0].body.modifiers = vec![code.clone(); 4];
            for form in c.header().forms.clone() {
                let face = build(&c, form, &Fixture);
                for l in face.compact(n) { prop_assert!(l.text.width() <= n, "{n}: {:?}", l.text); }
                for l in face.full() { prop_assert!(l.text.width() <= 78, "{:?}", l.text); }
            }
        }
    }
}

#[test]
fn what_was_overridden_is_seen_and_sent_where_the_payer_wants_it() {
    let mut c = office();
    let wide = |c: &Chart| text(&build(c, Form::Cms1500, &Fixture).full());
    let o = Override { rule: "ncci.em25".into(), reason: "agreed in writing".into(), ..Override::default() };
    c.overrides.push(Item::new(id("o"), OrderKey::default(), o));
    assert!(!wide(&c).contains("agreed in writing"), "nobody asked for it");
    let d = std::sync::Arc::make_mut(&mut c.directory);
    let payer = &mut d.payers.get_mut(&id("medicare")).unwrap().body;
    payer.extra.insert(data::OVERRIDE_NOTE.into(), serde_json::Value::Bool(true));
    assert!(wide(&c).contains("ncci.em25: agreed in writing"), "{}", wide(&c));
    let mut c = office();
    c.diagnoses[0].body.code = "E119".into();
    let mut findings = run(&c, &Fixture, day(TODAY));
    let asked = findings.iter_mut().find(|f| f.policy != OverridePolicy::None).unwrap();
    asked.answered = Some("unrelated".into());
    let rule = asked.rule;
    assert!(readiness(&c, &findings).contains(&(true, format!("overridden: {rule}"))));
}
