#!/usr/bin/env python3
"""Writes drg_list_names.txt: the project's own name of every code list that the MS-DRG rules test.

    python3 code_tables/drg_names.py SHARED/drg

A list is named after the title of the first DRG family that tests it; the lists that the grouper's
counters know are named by hand below. The names are what a condition, an explanation and a
difference report show. A name once given stays: run this only to add the lists of a new version.
"""

import csv
import re
import sys
from pathlib import Path

VERSIONS = ["v43_1", "v44_0", "v43_0", "v42_1"]
OUT = Path(__file__).resolve().parent / "drg_list_names.txt"

BY_HAND = {
    "d468": "or-extensive", "d477": "or-nonextensive", "nonor": "non-or", "ornec": "or-pre-mdc",
    "d484": "trauma-craniotomy", "d485": "trauma-limb-or", "d486": "trauma-other-or",
    "or_allowed_in_768": "or-with-delivery", "mccalive": "alive-only", "ecode": "external-cause",
    "strauma": "significant-trauma", "sthead": "trauma-head", "stchest": "trauma-chest",
    "stabdom": "trauma-abdomen", "stkidney": "trauma-kidney", "sturin": "trauma-urinary",
    "stpel": "trauma-pelvis-spine", "stuplimb": "trauma-upper-limb", "stlolimb": "trauma-lower-limb",
    "stcc": "trauma-all-sites",
    "lefthip": "joint-left-hip", "righthip": "joint-right-hip", "leftknee": "joint-left-knee",
    "rightknee": "joint-right-knee", "leftankle": "joint-left-ankle", "rightankle": "joint-right-ankle",
    **{f"stent{n}": f"stents-{n}" for n in range(1, 5)},
    **{f"vessel{n}": f"vessels-{n}" for n in range(1, 5)},
    "sglantfuse": "fusion-anterior-single", "sglpostfuse": "fusion-posterior-single",
    "sglpostfuse1": "fusion-posterior-column-single", "sglantsectXfuse": "fusion-anterior-custom-single",
    "sglantfuse_noX": "fusion-anterior-single-not-custom", "multantfuse": "fusion-anterior-multiple",
    "multantfuse1": "fusion-anterior-multiple-1", "multpostfuse": "fusion-posterior-multiple",
    "multpostfuse1": "fusion-posterior-multiple-1", "multantsectXfuse1": "fusion-anterior-custom-multiple",
    "fuse9plus": "fusion-nine-or-more", "singlefusionA": "fusion-single-not-cervical", "fusion": "fusion-not-cervical",
    "cervantfuse": "fusion-cervical-anterior", "cervpostfuse": "fusion-cervical-posterior", "cervfuse": "fusion-cervical",
    "hac06_sdx": "hac-06", "hac06_show": "hac-06-show-only", "hac11_pdx": "hac-11-principal",
    "hac11_sdx": "hac-11", "hac11_13_common": "hac-11-13-common",
    **{f"HAC{n:02}": f"hac-{n:02}" for n in range(1, 15) if n != 6 and n != 11},
    "HAC06": "hac-06-all", "HAC11": "hac-11-all",
    **{f"hac{n:02}_proc": f"hac-{n:02}-procedure" for n in (8, 10, 11, 12, 13, 14)},
    "NORmvge96h": "ventilation-over-96-hours", "NORmvlt96h": "ventilation-up-to-96-hours",
    "NORcardcath": "cardiac-catheterization", "NORcathnor": "cardiac-catheterization-with-valve",
    "hiv": "hiv", "hivmaj": "hiv-major-related", "hivsig": "hiv-related", "diabetes": "diabetes",
    "renalfail": "renal-failure", "delvoc": "outcome-of-delivery", "ami": "acute-myocardial-infarction",
    "steril": "sterilization", "csect": "cesarean", "vagdlv": "vaginal-delivery", "dandc": "dilation-and-curettage",
    "incident": "newborn-normal", "mdc15fallthrough": "newborn-other", "preterm": "newborn-preterm",
    "nbmaj": "newborn-major-problem", "extimm": "newborn-extreme-immaturity", "mcomp": "mechanical-complication",
    "inhalinj": "inhalation-injury", "extburn": "burn-extensive", "fullburn": "burn-full-thickness",
    "nonextburn": "burn-not-extensive", "sgraft20": "burn-skin-graft", "hemodialysis": "hemodialysis",
    "kidneyxp": "kidney-transplant", "heartxp": "heart-transplant", "hasspair": "heart-assist-pair",
    "liverxp": "liver-transplant", "intxp": "intestine-transplant", "lungxp": "lung-transplant",
    "pancxp": "pancreas-transplant", "kidpan": "kidney-pancreas-transplant", "allobmt": "marrow-transplant-allogeneic",
    "autobmt": "marrow-transplant-autologous", "cart": "car-t", "cartor": "car-t-or", "ecmo": "ecmo-central",
    "periphecmo": "ecmo-peripheral", "othtrach": "tracheostomy", "NORtemptrach": "tracheostomy-temporary",
    "mouthlip": "face-mouth-neck", "laryng": "laryngectomy",
}
DROP = re.compile(
    r"\b(with|without|w/o|w|mcc|cc|mcc/cc|cc/mcc|or|and|of|the|for|except|other|procedures?|disorders?|diagnos[ei]s|"
    r"in|to|by|from|o\.?r\.?|age|principal|hours)\b|[^a-z0-9 ]"
)


def slug(title):
    words = DROP.sub(" ", title.lower().replace("-", " ")).split()
    return "-".join(words[:4]) or "list"


def main():
    root = Path(sys.argv[1])
    names = dict(BY_HAND)
    if OUT.exists():
        for line in OUT.read_text().splitlines():
            if line and not line.startswith("#"):
                theirs, ours = line.split("\t")
                names.setdefault(theirs, ours)
    taken = set(names.values())
    for version in VERSIONS:
        folder = root / version
        titles = {r["drg"]: r["title"] for r in csv.DictReader(open(folder / "drgs.csv"))}
        with open(folder / "rules.csv") as f:
            tests = list(csv.DictReader(f))
        known = set()
        for name in ("dx.csv", "px.csv", "clusters.csv"):
            for row in csv.DictReader(open(folder / name)):
                known.update(row["lists"].split("|"))
                known.update((row.get("hac_lists") or "").split("|"))
        known.discard("")
        used = []
        for r in tests:
            for word in re.findall(r"[^&|~() ]+", r["condition"]):
                used.append((word.split(":")[-1], r["drg"]))
        used += [(word, "") for word in sorted(known)]
        for theirs, drg in used:
            if theirs not in known or theirs in names or not theirs:
                continue
            base = slug(titles.get(drg.zfill(3), "")) if drg and drg != "0" else "list-" + slug(theirs.replace("_", " "))
            ours, n = base, 1
            while ours in taken:
                n += 1
                ours = f"{base}-{n}"
            names[theirs] = ours
            taken.add(ours)
    head = "# source name, our name of a code list of the MS-DRG rules; made by drg_names.py from the four versions' facts\n"
    OUT.write_text(head + "".join(f"{a}\t{b}\n" for a, b in sorted(names.items())))
    print(len(names), "names")


main()
