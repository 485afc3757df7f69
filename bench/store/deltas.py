#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What an update costs: deltas of Hone beside bsdiff, xdelta3 and zstd --patch-from; one store beside ten files.

usage: deltas.py DESCENDANTS [--json FILE]      (the folder that descendants.py wrote)

float32: base and descendants as .hone; int8: each quantized by `hone quantize` with the defaults, and in the place of the
pruned one the base quantized with other ranges. Sizes in bytes; exit status 1 where another tool's delta is smaller.
"""
import argparse
import json
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
HONE = ROOT / "build" / "release" / "hone"
CALIBRATION = "/usr/share/datasets/fashion-mnist#train"
CARD = ROOT / "examples" / "fashion-mnist" / "model.card.json"


def run(*words):
    return subprocess.run([str(word) for word in words], check=True, capture_output=True, text=True).stdout


def to_float(source, out):
    run(HONE, "convert", source, "-o", out, "--quiet")


def to_int8(source, out, *more):
    (source.with_suffix(".card.json")).write_text(CARD.read_text())
    run(HONE, "quantize", source, "-o", out, "--calib", CALIBRATION, "--limit", 300, "--quiet", *more)


def bsdiff(old, new, out):
    run("bsdiff", old, new, out)


def xdelta3(old, new, out):
    run("xdelta3", "-e", "-9", "-f", "-s", old, new, out)


def zstd(old, new, out):
    run("zstd", "-q", "-f", "-19", "--long=27", f"--patch-from={old}", new, "-o", out)


TOOLS = {"bsdiff": bsdiff, "xdelta3": xdelta3, "zstd": zstd}


def size(path):
    return path.stat().st_size


def measure(work, base, children):
    """A row a child: the deltas' sizes; and the store of all beside their files."""
    db = work / "models.db"
    db.unlink(missing_ok=True)
    run(HONE, "store", "init", db)
    run(HONE, "store", "add", db, base, "--name", "net", "--version", 1)
    rows = {}
    for number, (name, child) in enumerate(children.items(), 2):
        run(HONE, "store", "add", db, child, "--name", "net", "--version", number, "--parent", 1)
        out = work / "delta"
        run(HONE, "store", "delta", db, "net@1", f"net@{number}", "-o", out)
        rows[name] = {"full": size(child), "hone": size(out)}
        for tool, make in TOOLS.items():
            out.unlink(missing_ok=True)
            make(base, child, out)
            rows[name][tool] = size(out)
    run(HONE, "store", "verify", db)
    files = size(base) + sum(map(size, children.values()))
    return {"deltas": rows, "store_bytes": size(db), "files_bytes": files, "ratio": size(db) / files}


def show(kind, result):
    print(f"{kind}: store {result['store_bytes']} of {result['files_bytes']} bytes in ten files, {result['ratio']:.3f}")
    for name, row in result["deltas"].items():
        percent = "  ".join(f"{tool} {100 * value / row['full']:6.2f} %" for tool, value in row.items() if tool != "full")
        print(f"  {name:12} {row['full']:9}  {percent}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--json", type=pathlib.Path)
    args = parser.parse_args()
    sources = sorted(path for path in args.folder.glob("*.onnx") if path.stem != "base")
    results = {}
    with tempfile.TemporaryDirectory() as folder:
        work = pathlib.Path(folder)
        for kind, convert in (("float32", to_float), ("int8", to_int8)):
            files = {path.stem: work / f"{path.stem}-{kind}.hone" for path in sources
                     if kind == "float32" or path.stem != "pruned"}
            for name, out in files.items():
                convert(args.folder / f"{name}.onnx", out)
            base = work / f"base-{kind}.hone"
            convert(args.folder / "base.onnx", base)
            if kind == "int8":
                files["requantized"] = work / "requantized.hone"
                to_int8(args.folder / "base.onnx", files["requantized"], "--method", "minmax")
            results[kind] = measure(work, base, files)
            show(kind, results[kind])
    if args.json:
        args.json.write_text(json.dumps(results, indent=1) + "\n")
    return any(row["hone"] > min(row[tool] for tool in TOOLS) for result in results.values()
               for row in result["deltas"].values())


if __name__ == "__main__":
    sys.exit(main())
