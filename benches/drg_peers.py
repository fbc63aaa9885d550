#!/usr/bin/env python3
"""The DRGs that PyPI msdrg or drgpy give to cases, for a comparison of results and speed.

    python3 benches/drg_peers.py msdrg CASES.jsonl          one JSON result a case
    python3 benches/drg_peers.py msdrg --rate CASES.jsonl   cases a second, grouping only

drgpy knows no present-on-admission status of the hospital; only its DRG is printed.
"""

import json
import sys
import time


def claims(path, poa_1_as_blank):
    for line in open(path):
        c = json.loads(line)

        def mark(poa):
            return poa if poa in ("Y", "N", "U", "W") else " "

        hospital = c["hospital_poa_status"]
        yield c, {
            "version": int(c["version"].replace(".", "")),
            "age": c.get("age", 50),
            "sex": "MFU".index(c["sex"]),
            "discharge_status": int(c["discharge_status"]),
            "hospital_status": "NOT_EXEMPT" if hospital == "NON_EXEMPT" else hospital,
            "pdx": {"code": c["pdx"], "poa": mark(c["pdx_poa"])},
            "sdx": [{"code": d["code"], "poa": mark(d["poa"])} for d in c["sdx"]],
            "procedures": [{"code": p} for p in c["procs"]],
        }


def msdrg(path, rate):
    from msdrg import MsdrgGrouper

    with MsdrgGrouper() as grouper:
        work = list(claims(path, True))
        start = time.perf_counter()
        results = [grouper.group(claim) for _, claim in work]
        seconds = time.perf_counter() - start
        if rate:
            print(f"{len(work) / seconds:.1f}")
            return
        for (case, _), r in zip(work, results):
            flags = r.get("grouper_flags") or {}
            print(json.dumps({
                "id": case["id"],
                "drg": r["final_drg"] or 0,
                "mdc": r["final_mdc"] or 0,
                "initial_drg": r["initial_drg"] or 0,
                "initial_mdc": r["initial_mdc"] or 0,
                "return_code": r["return_code"],
                "hac_status": flags.get("hac_status_value"),
            }))


def drgpy(path, rate):
    from drgpy.msdrg import DRGEngine

    # Far slower: a part of the cases is enough for a rate.
    work = [c for c, _ in claims(path, True)][: 500 if rate else None]
    engine = DRGEngine("v43.1")
    start = time.perf_counter()
    results = []
    for c in work:
        codes = [c["pdx"]] + [d["code"] for d in c["sdx"]]
        sex = c["sex"] if c["sex"] in "MF" else "F"
        try:
            results.append(engine.get_drg(codes, c["procs"], gender=sex, discharge_status=c["discharge_status"]))
        except Exception as e:  # a peer's own failure is its result
            results.append(type(e).__name__)
    seconds = time.perf_counter() - start
    if rate:
        print(f"{len(work) / seconds:.1f}")
        return
    for c, r in zip(work, results):
        print(json.dumps({"id": c["id"], "drg": r}))


args = [a for a in sys.argv[1:] if a != "--rate"]
{"msdrg": msdrg, "drgpy": drgpy}[args[0]](args[1], "--rate" in sys.argv)
