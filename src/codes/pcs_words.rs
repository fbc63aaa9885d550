//! The words of ICD-10-PCS that hold for whole sections: their names, what each character means, the
//! root operations and approaches of the procedures a coder meets most.
//!
//! Owns these few constants, so that a code can be built before the official tables are loaded.
//! Never says what is legal: the list of valid codes does. Pure.

/// Names of the sections, by first character.
pub const SECTIONS: [(char, &str); 17] = [
    ('0', "Medical and Surgical"),
    ('1', "Obstetrics"),
    ('2', "Placement"),
    ('3', "Administration"),
    ('4', "Measurement and Monitoring"),
    ('5', "Extracorporeal or Systemic Assistance and Performance"),
    ('6', "Extracorporeal or Systemic Therapies"),
    ('7', "Osteopathic"),
    ('8', "Other Procedures"),
    ('9', "Chiropractic"),
    ('B', "Imaging"),
    ('C', "Nuclear Medicine"),
    ('D', "Radiation Therapy"),
    ('F', "Physical Rehabilitation and Diagnostic Audiology"),
    ('G', "Mental Health"),
    ('H', "Substance Abuse Treatment"),
    ('X', "New Technology"),
];

/// Body systems of section 0.
const BODY_SYSTEMS: [(char, &str); 31] = [
    ('0', "Central Nervous System and Cranial Nerves"),
    ('1', "Peripheral Nervous System"),
    ('2', "Heart and Great Vessels"),
    ('3', "Upper Arteries"),
    ('4', "Lower Arteries"),
    ('5', "Upper Veins"),
    ('6', "Lower Veins"),
    ('7', "Lymphatic and Hemic Systems"),
    ('8', "Eye"),
    ('9', "Ear, Nose, Sinus"),
    ('B', "Respiratory System"),
    ('C', "Mouth and Throat"),
    ('D', "Gastrointestinal System"),
    ('F', "Hepatobiliary System and Pancreas"),
    ('G', "Endocrine System"),
    ('H', "Skin and Breast"),
    ('J', "Subcutaneous Tissue and Fascia"),
    ('K', "Muscles"),
    ('L', "Tendons"),
    ('M', "Bursae and Ligaments"),
    ('N', "Head and Facial Bones"),
    ('P', "Upper Bones"),
    ('Q', "Lower Bones"),
    ('R', "Upper Joints"),
    ('S', "Lower Joints"),
    ('T', "Urinary System"),
    ('U', "Female Reproductive System"),
    ('V', "Male Reproductive System"),
    ('W', "Anatomical Regions, General"),
    ('X', "Anatomical Regions, Upper Extremities"),
    ('Y', "Anatomical Regions, Lower Extremities"),
];

/// Root operations of section 0, with a short reminder of what each is.
const OPERATIONS: [(char, &str, &str); 31] = [
    ('0', "Alteration", "changes the shape for looks, not for function"),
    ('1', "Bypass", "reroutes what a tubular part carries"),
    ('2', "Change", "takes a device out and puts a like one back, skin uncut"),
    ('3', "Control", "stops bleeding after a procedure, or other acute bleeding"),
    ('4', "Creation", "makes a new genital structure or heart valve"),
    ('5', "Destruction", "ablates all or part; nothing is taken out"),
    ('6', "Detachment", "cuts off all or part of an extremity"),
    ('7', "Dilation", "widens an opening or a lumen"),
    ('8', "Division", "cuts into or through a part to separate it"),
    ('9', "Drainage", "takes fluids or gases out"),
    ('B', "Excision", "cuts out a portion, not all"),
    ('C', "Extirpation", "takes out solid matter that does not belong"),
    ('D', "Extraction", "pulls or strips out all or a portion by force"),
    ('F', "Fragmentation", "breaks solid matter into pieces; nothing is taken out"),
    ('G', "Fusion", "joins the parts of a joint so that it does not move"),
    ('H', "Insertion", "puts in a device that stays and does not replace the part"),
    ('J', "Inspection", "looks at or feels a part"),
    ('K', "Map", "finds the route of impulses or functional areas"),
    ('L', "Occlusion", "closes a lumen or an opening completely"),
    ('M', "Reattachment", "puts a severed part back where it was"),
    ('N', "Release", "frees a part from what holds it, without cutting the part"),
    ('P', "Removal", "takes a device out"),
    ('Q', "Repair", "restores a part when no other operation says how"),
    ('R', "Replacement", "puts in a device that takes the place of the part"),
    ('S', "Reposition", "moves a part to where it belongs"),
    ('T', "Resection", "cuts out all of a part"),
    ('U', "Supplement", "puts in material that reinforces a part"),
    ('V', "Restriction", "narrows a lumen or an opening"),
    ('W', "Revision", "corrects a device that slipped or does not work"),
    ('X', "Transfer", "moves a part, still attached, to take over for another"),
    ('Y', "Transplantation", "puts in a living part from a donor"),
];

/// Approaches, which mean the same wherever the fifth character is one.
const APPROACHES: [(char, &str, &str); 7] = [
    ('0', "Open", "cuts through what lies above and lays the site bare"),
    ('3', "Percutaneous", "through the skin by puncture or a small cut"),
    ('4', "Percutaneous Endoscopic", "through the skin with a scope that sees the site"),
    ('7', "Via Natural or Artificial Opening", "instruments through an opening to the site"),
    ('8', "Via Natural or Artificial Opening Endoscopic", "a scope through an opening to the site"),
    (
        'F',
        "Via Natural or Artificial Opening With Percutaneous Endoscopic Assistance",
        "through an opening, with help of a scope through the skin",
    ),
    ('X', "External", "on the skin, or by force through it"),
];

/// What characters 4 to 7 mean in a section.
fn axes(section: char) -> [&'static str; 4] {
    match section {
        '1' | '0' => ["Body part", "Approach", "Device", "Qualifier"],
        '2' => ["Body region", "Approach", "Device", "Qualifier"],
        '3' => ["Body system, region", "Approach", "Substance", "Qualifier"],
        '4' => ["Body system", "Approach", "Function, device", "Qualifier"],
        '5' => ["Body system", "Duration", "Function", "Qualifier"],
        '6' => ["Body system", "Duration", "Qualifier", "Qualifier"],
        '7' => ["Body region", "Approach", "Method", "Qualifier"],
        '8' => ["Body region", "Approach", "Method", "Qualifier"],
        '9' => ["Body region", "Approach", "Method", "Qualifier"],
        'B' => ["Body part", "Contrast", "Qualifier", "Qualifier"],
        'C' => ["Body part", "Radionuclide", "Qualifier", "Qualifier"],
        'D' => ["Treatment site", "Modality qualifier", "Isotope", "Qualifier"],
        'F' => ["Body system, region", "Type qualifier", "Equipment", "Qualifier"],
        'G' | 'H' => ["Type qualifier", "Qualifier", "Qualifier", "Qualifier"],
        'X' => ["Body part", "Approach", "Device, substance", "Qualifier"],
        _ => ["Fourth", "Fifth", "Sixth", "Seventh"],
    }
}

/// What the character at `position` (1 to 7) stands for in a section.
pub fn axis(section: char, position: usize) -> &'static str {
    match position {
        1 => "Section",
        2 if matches!(section, 'F') => "Section qualifier",
        2 if matches!(section, '2' | '7' | '9') => "Body region",
        2 if matches!(section, '3' | '4' | '5' | '6') => "Body system",
        2 => "Body system",
        3 if matches!(section, 'B' | 'C' | 'F' | 'G' | 'H') => "Type",
        3 if section == 'D' => "Modality",
        3 => "Operation",
        n => axes(section).get(n.wrapping_sub(4)).copied().unwrap_or("Character"),
    }
}

fn in_list<'a>(list: &'a [(char, &str)], c: char) -> Option<&'a str> {
    list.iter().find(|(x, _)| *x == c).map(|(_, name)| *name)
}

/// The words a character has in every code that begins with `before`, and a reminder of what it is.
pub fn fixed(before: &str, c: char) -> Option<(&'static str, Option<&'static str>)> {
    let section = before.chars().next();
    match (before.len(), section) {
        (0, _) => in_list(&SECTIONS, c).map(|n| (n, None)),
        (1, Some('0')) => in_list(&BODY_SYSTEMS, c).map(|n| (n, None)),
        (2, Some('0')) => OPERATIONS.iter().find(|o| o.0 == c).map(|o| (o.1, Some(o.2))),
        (4, Some('0'..='4' | '7'..='9' | 'X')) => {
            APPROACHES.iter().find(|a| a.0 == c).map(|a| (a.1, Some(a.2)))
        }
        _ => None,
    }
}
