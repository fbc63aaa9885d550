//! The words of the book a typed word may stand for, and how well.
//!
//! Owns exact words, plural stems, known variants, suffix swaps, beginnings, and typing errors.
//! Never weighs documents: that is `rank`. Pure.

use super::distance::{distance, prefix_distance};
use crate::codes::index::Index;
use crate::codes::tokens::edits_allowed;

/// How a word was met.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    Exact,
    Plural,
    Variant,
    Prefix,
    Typo,
}

/// A word of the vocabulary and how well it answers, 0 to 1.
#[derive(Clone, Copy, Debug)]
pub struct Candidate {
    pub token: u32,
    pub quality: f32,
    pub how: How,
}

/// At most so many words for one typed: the commonest of them.
const MOST: usize = 160;

/// Words of one family that no suffix rule joins.
const VARIANTS: &[&[&str]] = &[
    &["cirrhosis", "cirrhotic"],
    &["psychosis", "psychotic", "psychoses"],
    &["neurosis", "neurotic"],
    &["diabetes", "diabetic"],
    &["depression", "depressive", "depressed"],
    &["anxiety", "anxious"],
    &["fracture", "fractured", "fractures"],
    &["kidney", "kidneys", "renal"],
    &["heart", "cardiac"],
    &["liver", "hepatic"],
    &["lung", "lungs", "pulmonary"],
    &["brain", "cerebral"],
    &["stomach", "gastric"],
    &["skin", "cutaneous", "dermal"],
    &["eye", "ocular"],
    &["muscle", "muscular"],
    &["artery", "arteries", "arterial"],
    &["vein", "veins", "venous"],
    &["bone", "bones", "osseous"],
    &["nerve", "nerves", "neural"],
    &["tooth", "teeth", "dental"],
    &["foot", "feet"],
    &["uterus", "uterine"],
    &["ovary", "ovaries", "ovarian"],
    &["testis", "testes", "testicle", "testicular"],
    &["breast", "mammary"],
    &["bowel", "intestine", "intestinal"],
    &["colon", "colonic"],
    &["rectum", "rectal"],
    &["anus", "anal"],
    &["esophagus", "esophageal"],
    &["pharynx", "pharyngeal"],
    &["larynx", "laryngeal"],
    &["trachea", "tracheal"],
    &["bronchus", "bronchial", "bronchi"],
    &["pleura", "pleural"],
    &["thorax", "thoracic", "chest"],
    &["abdomen", "abdominal"],
    &["pelvis", "pelvic"],
    &["spine", "spinal", "vertebra", "vertebral", "vertebrae"],
    &["neck", "cervical"],
    &["lumbar", "lumbosacral"],
    &["cervix", "cervical"],
    &["vagina", "vaginal"],
    &["vulva", "vulvar"],
    &["penis", "penile"],
    &["prostate", "prostatic"],
    &["bladder", "vesical"],
    &["urethra", "urethral"],
    &["ureter", "ureteral", "ureteric"],
    &["urine", "urinary"],
    &["thyroid", "thyroidal"],
    &["pancreas", "pancreatic"],
    &["spleen", "splenic"],
    &["gallbladder", "biliary"],
    &["blood", "hemic"],
    &["lymph", "lymphatic"],
    &["wrist", "carpal"],
    &["jaw", "mandible", "mandibular"],
    &["mouth", "oral"],
    &["nose", "nasal"],
    &["ear", "aural", "otic"],
    &["lip", "lips"],
    &["eyelid", "eyelids", "palpebral"],
    &["cornea", "corneal"],
    &["retina", "retinal"],
    &["thrombosis", "thrombotic", "thrombus"],
    &["embolism", "embolic", "embolus"],
    &["hemorrhage", "hemorrhagic", "bleeding", "hemorrhages"],
    &["ulcer", "ulcerative", "ulceration", "ulcers"],
    &["abscess", "abscesses"],
    &["sepsis", "septic", "septicemia"],
    &["necrosis", "necrotic", "necrotizing"],
    &["sclerosis", "sclerotic", "sclerosing"],
    &["stenosis", "stenotic", "narrowing"],
    &["fibrosis", "fibrotic"],
    &["paralysis", "paralytic", "palsy"],
    &["rupture", "ruptured"],
    &["obstruction", "obstructive", "obstructed"],
    &["perforation", "perforated", "perforating"],
    &["infection", "infective", "infectious", "infected", "infections"],
    &["inflammation", "inflammatory", "inflamed"],
    &["deficiency", "deficient"],
    &["pregnancy", "pregnant"],
    &["malignancy", "malignant", "cancer", "carcinoma"],
    &["tumor", "neoplasm", "tumors", "neoplasms"],
    &["newborn", "neonatal", "neonate", "perinatal"],
    &["child", "childhood", "juvenile", "pediatric"],
    &["trauma", "traumatic"],
    &["surgery", "surgical", "postprocedural", "postoperative"],
    &["drug", "drugs", "medicament", "medication"],
    &["alcohol", "alcoholic", "alcoholism"],
    &["burn", "burns"],
    &["bite", "bitten"],
    &["acute", "acutely"],
    &["absence", "absent"],
    &["obesity", "obese"],
    &["abnormal", "abnormality", "abnormalities"],
    &["congenital", "congenitally"],
    &["dislocation", "dislocated", "luxation"],
    &["amputation", "amputated"],
    &["laceration", "lacerated"],
    &["contusion", "bruise"],
    &["displacement", "displaced"],
    &["dependence", "dependent", "addiction"],
    &["history", "hx"],
    &["varix", "varices", "varicose"],
    &["deafness", "deaf", "hearing"],
    &["hypertrophy", "hyperplasia", "enlargement", "enlarged", "hypertrophic"],
    &["incompetency", "incompetence", "insufficiency", "regurgitation"],
    &["malposition", "malpositioned", "displacement"],
    &["convulsions", "convulsion", "seizure", "seizures"],
    &["feces", "fecal", "stool"],
    &["hysterical", "dissociative", "conversion"],
    &["toxemia", "toxic"],
    &["leg", "legs"],
    &["scrotum", "scrotal"],
    &["larynx", "laryngeal", "arytenoid"],
    &["poisoning", "overdose", "intoxication"],
    &["swelling", "edema"],
    &["weakness", "weak"],
    &["loss", "lost"],
    &["ischemia", "ischemic"],
    &["infarction", "infarct"],
    &["anemia", "anemic"],
    &["asthma", "asthmatic"],
    &["allergy", "allergic"],
    &["epilepsy", "epileptic", "seizure"],
    &["dementia", "demented"],
    &["leukemia", "leukemic"],
    &["migraine", "migrainous"],
    &["insulin", "antidiabetic", "hypoglycemic"],
    &["immunization", "vaccination", "vaccine"],
    &["screening", "screen"],
    &["postoperative", "postprocedural"],
    &["labor", "delivery", "childbirth"],
    &["puerperium", "puerperal", "postpartum"],
    &["suicide", "suicidal", "self"],
    &["accident", "accidental"],
    &["malformation", "anomaly", "deformity", "malformations", "anomalies"],
    &["calculus", "stone", "stones", "calculi", "lithiasis"],
    &["sprain", "tear"],
    &["crushing", "crushed", "crush"],
    &["hernia", "herniated", "herniation"],
    &["prolapse", "prolapsed"],
    &["inguinal", "groin"],
    &["axilla", "axillary", "armpit"],
    &["buttock", "gluteal"],
    &["umbilicus", "umbilical"],
    &["occlusion", "occluded"],
    &["dilation", "dilated", "dilatation", "ectasia"],
    &["suppurative", "purulent"],
    &["streptococcus", "streptococcal"],
    &["staphylococcus", "staphylococcal"],
    &["tuberculosis", "tuberculous", "tubercular"],
    &["syphilis", "syphilitic"],
    &["gonorrhea", "gonococcal"],
    &["rheumatic", "rheumatism"],
    &["psoriasis", "psoriatic"],
    &["arthritis", "arthritic", "arthropathy"],
    &["cataract", "cataracts"],
    &["glaucoma", "glaucomatous"],
    &["hypotension", "hypotensive"],
    &["hypertension", "hypertensive"],
    &["femur", "femurs", "femoral"],
    &["tibia", "tibial"],
    &["ulna", "ulnar"],
    &["hand", "hands"],
    &["sacrum", "sacral"],
    &["tongue", "lingual"],
    &["cheek", "buccal"],
    &["gum", "gums", "gingival"],
    &["navel", "umbilicus", "umbilical"],
    &["belly", "abdomen", "abdominal"],
    &["vessel", "vessels", "vascular"],
    &["tonsil", "tonsils", "tonsillar"],
    &["heel", "calcaneus", "calcaneal"],
    &["forehead", "frontal"],
    &["menstruation", "menstrual", "menses", "periods"],
];

/// Endings that stand for one another after the same stem.
const SUFFIXES: &[&str] = &[
    "", "a", "al", "ally", "ar", "ary", "ate", "ated", "ates", "ation", "e", "ed", "es", "ia", "ic", "ical",
    "ies", "ing", "ion", "is", "ism", "istic", "itis", "itic", "ity", "ive", "oid", "oma", "osis", "otic",
    "ous", "s", "tic", "um", "us", "y", "ial", "ian", "ed", "eal", "ence", "ent", "ency", "ment", "ments",
];

struct Collector {
    list: Vec<Candidate>,
}

impl Collector {
    fn add(&mut self, token: u32, quality: f32, how: How) {
        match self.list.iter_mut().find(|c| c.token == token) {
            Some(c) if c.quality < quality => (c.quality, c.how) = (quality, how),
            Some(_) => {}
            None => self.list.push(Candidate { token, quality, how }),
        }
    }

    fn best(&self) -> f32 {
        self.list.iter().map(|c| c.quality).fold(0.0, f32::max)
    }
}

/// What `word` may stand for, best first. `typed` words may be unfinished or misspelt; words of an
/// abbreviation's expansion are neither.
pub fn candidates(index: &Index<'_>, word: &str, typed: bool) -> Vec<Candidate> {
    let mut out = Collector { list: Vec::new() };
    if let Some(t) = index.find(word) {
        out.add(t, 1.0, How::Exact);
    }
    let letters = word.chars().count();
    let numeric = word.chars().any(|c| c.is_ascii_digit());
    if letters >= 3 && !numeric {
        for other in plurals(word) {
            if let Some(t) = index.find(&other) {
                out.add(t, 0.97, How::Plural);
            }
        }
        variants(index, word, &mut out);
    }
    if !typed || numeric {
        if typed && letters >= 3 && out.list.is_empty() {
            prefixes(index, word, &mut out);
        }
        return finish(index, out);
    }
    if letters >= 3 {
        prefixes(index, word, &mut out);
    }
    // a chance member of a word family does not explain an unknown word
    let unsure = |c: &Candidate| c.how == How::Variant || c.how == How::Prefix && c.quality < 0.75;
    if out.list.iter().all(unsure) {
        typos(index, word, letters, &mut out);
    }
    if out.list.is_empty() && letters >= 5 {
        prefix_typos(index, word, &mut out);
    }
    finish(index, out)
}

/// What a misspelt word was meant to be, abbreviations' words included; nearest and commonest first.
pub fn corrections(index: &Index<'_>, word: &str) -> Vec<String> {
    let allowed = edits_allowed(word.chars().count());
    let mut found: Vec<(usize, usize, u32)> = index
        .near(word, allowed)
        .into_iter()
        .filter_map(|t| Some((distance(word, index.word(t), allowed)?, t)))
        .map(|(d, t)| (d, usize::MAX - index.posts(t).len(), t))
        .collect();
    found.sort_unstable();
    let nearest = found.first().map_or(0, |f| f.0);
    found.into_iter().filter(|f| f.0 == nearest).take(4).map(|f| index.word(f.2).to_string()).collect()
}

/// Does the book know the word as it stands, or its plural?
pub fn known(index: &Index<'_>, word: &str) -> bool {
    index.find(word).is_some() || (word.len() > 3 && plurals(word).iter().any(|p| index.find(p).is_some()))
}

fn plurals(word: &str) -> Vec<String> {
    let mut out = vec![format!("{word}s"), format!("{word}es")];
    if let Some(stem) = word.strip_suffix('y') {
        out.push(format!("{stem}ies"));
    }
    if let Some(stem) = word.strip_suffix("ies") {
        out.push(format!("{stem}y"));
    }
    if let Some(stem) = word.strip_suffix('s').filter(|s| s.len() >= 3 && !s.ends_with('s')) {
        out.push(stem.to_string());
        if let Some(stem) = stem.strip_suffix('e') {
            out.push(stem.to_string());
        }
    }
    out
}

fn variants(index: &Index<'_>, word: &str, out: &mut Collector) {
    for family in VARIANTS.iter().filter(|f| f.contains(&word)) {
        for other in family.iter().filter(|o| **o != word) {
            if let Some(t) = index.find(other) {
                out.add(t, 0.88, How::Variant);
            }
        }
    }
    if word.len() < 6 || !word.is_ascii() {
        return;
    }
    for from in SUFFIXES {
        let Some(stem) = word.strip_suffix(from).filter(|s| s.len() >= 5 && s.len() + 4 >= from.len()) else {
            continue;
        };
        let range = index.starting(stem);
        if range.is_empty() || range.len() > 60 {
            continue;
        }
        for t in range.filter(|t| index.posted(*t)) {
            let end = index.word(t).get(stem.len()..).unwrap_or("?");
            if end != *from && SUFFIXES.contains(&end) {
                out.add(t, 0.86, How::Variant);
            }
        }
    }
}

fn prefixes(index: &Index<'_>, word: &str, out: &mut Collector) {
    let typed = word.chars().count() as f32;
    let exact = out.best() >= 0.99;
    for t in index.starting(word).filter(|t| index.posted(*t)) {
        let whole = index.word(t).chars().count() as f32;
        let mut quality = 0.62 + 0.33 * typed / whole;
        if exact {
            // `card` the word is meant rather than `cardiac`
            quality *= 0.9;
        }
        out.add(t, quality, How::Prefix);
    }
}

fn typos(index: &Index<'_>, word: &str, letters: usize, out: &mut Collector) {
    let allowed = edits_allowed(letters);
    if allowed == 0 {
        return;
    }
    let first = word.chars().next();
    let mut found: Vec<(u32, usize, f32)> = Vec::new();
    for t in index.near(word, allowed).into_iter().filter(|t| index.posted(*t)) {
        let other = index.word(t);
        if let Some(d) = distance(word, other, allowed)
            && d > 0
        {
            let mut quality = if d == 1 { 0.80 } else { 0.62 };
            if other.chars().next() != first {
                quality *= 0.9;
            }
            found.push((t, d, quality));
        }
    }
    let nearest = found.iter().map(|f| f.1).min().unwrap_or(0);
    for (t, d, quality) in found {
        if d == nearest || d == nearest + 1 {
            out.add(t, quality, How::Typo);
        }
    }
}

/// Last resort: a beginning with an error in it. Only words with one of the first two letters in
/// place are looked at, which keeps it short of a pass over the vocabulary.
fn prefix_typos(index: &Index<'_>, word: &str, out: &mut Collector) {
    let limit = if word.chars().count() >= 8 { 2 } else { 1 };
    let mut heads: Vec<String> = word.chars().take(1).map(String::from).collect();
    if let (Some(a), Some(b)) = (word.chars().next(), word.chars().nth(1)) {
        heads.push(format!("{b}{a}"));
    }
    for head in heads {
        for t in index.starting(&head) {
            let other = index.word(t);
            if other.len() > 4
                && index.posted(t)
                && let Some(d) = prefix_distance(word, other, limit)
            {
                let share = (word.len() as f32 / other.len() as f32).min(1.0);
                out.add(t, (if d <= 1 { 0.55 } else { 0.42 }) + 0.15 * share, How::Typo);
            }
        }
    }
}

fn finish(index: &Index<'_>, out: Collector) -> Vec<Candidate> {
    let mut list = out.list;
    if list.len() > MOST {
        list.sort_by(|a, b| {
            let strong = |c: &Candidate| c.quality >= 0.86;
            strong(b).cmp(&strong(a)).then(index.posts(b.token).len().cmp(&index.posts(a.token).len()))
        });
        list.truncate(MOST);
    }
    list.sort_by(|a, b| b.quality.total_cmp(&a.quality).then(a.token.cmp(&b.token)));
    list
}
