#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Cycles of the NEON kernels' inner loops on a Cortex-A53, from their machine code (docs/a53.md).

    bench/a53/scoreboard.py                   the table; compiles the sources with the cross compiler
    bench/a53/scoreboard.py --build DIR       takes the objects of a build for aarch64 instead
    bench/a53/scoreboard.py --listing NAME    one loop, each instruction with what it waits for
    bench/a53/scoreboard.py --check           fails where a loop misses its target
    bench/a53/scoreboard.py --write           writes docs/figures/a53.json and the tables of docs/a53.md

Exits with 77 where the cross compiler or objdump is missing (with 1 where CI=true says that they are
not to be)."""

import argparse
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

import disassembly
import models
import pipeline
from loops import LOOPS

ROOT = pathlib.Path(__file__).resolve().parents[2]
KERNELS = ROOT / "src" / "kernels"
PREFIX = "aarch64-linux-gnu-"
# As src/kernels/CMakeLists.txt has them.
OPTIONS = "-std=c11 -fPIC -ffp-contract=off -fno-math-errno -O2".split()
LOOP_OPTIONS = {"pool": "-O3 -fno-trapping-math", "eltwise": "-O3 -fno-trapping-math"}
MCA_ROUNDS = 100


def compile_source(source, folder):
    to = folder / (source.replace("/", "_") + ".o")
    own = LOOP_OPTIONS.get(source.split("/")[0], "").split()
    include = ["-I%s" % (ROOT / "include"), "-I%s" % (ROOT / "src")]
    command = [PREFIX + "gcc", *OPTIONS, *own, *include, "-c", str(KERNELS / source), "-o", str(to)]
    subprocess.run(command, check=True)
    return to


def built_object(source, build):
    found = sorted(pathlib.Path(build).glob("src/kernels/CMakeFiles/*/%s.o" % source))
    if not found:
        sys.exit("no object of src/kernels/%s in %s" % (source, build))
    return found[0]


def load_loops(build):
    """[(Loop, instructions)] of all loops."""
    result, seen = [], {}
    with tempfile.TemporaryDirectory() as folder:
        for loop in LOOPS:
            if loop.source not in seen:
                path = (built_object(loop.source, build) if build
                        else compile_source(loop.source, pathlib.Path(folder)))
                seen[loop.source] = disassembly.disassemble(PREFIX + "objdump", path)
            found = disassembly.find_loop(seen[loop.source], loop.function, set(loop.key.split()))
            if found is None:
                sys.exit("no loop for %s in %s" % (loop.name, loop.source))
            result.append((loop, found))
    return result


def llvm_mca(instructions):
    """What LLVM's model of the core says, in cycles an iteration, or None without llvm-mca."""
    tool = shutil.which("llvm-mca")
    if not tool:
        return None
    text = "\n".join(i.text.split("//")[0] for i in instructions if not pipeline.is_branch(i.name))
    command = [tool, "-march=aarch64", "-mcpu=cortex-a53", "-iterations=%d" % MCA_ROUNDS]
    done = subprocess.run(command, input=text, capture_output=True, text=True)
    match = re.search(r"Total Cycles:\s+(\d+)", done.stdout)
    return round(int(match.group(1)) / MCA_ROUNDS, 1) if match else None


def measure(loop, instructions):
    run = pipeline.simulate(instructions)
    work = run.multiply_adds if loop.target else 0
    outputs = run.stored // loop.output if loop.output else 0
    row = {
        "name": loop.name,
        "title": loop.title,
        "source": "src/kernels/" + loop.source,
        "instructions": run.instructions,
        "cycles": round(run.cycles, 2),
        "llvm_mca_cycles": llvm_mca(instructions),
        "loaded": run.loaded,
        "stored": run.stored,
        "target": loop.target,
    }
    if work:
        row["multiply_adds"] = work
        row["multiply_adds_per_cycle"] = round(work / run.cycles, 2)
        row["bytes_per_multiply_add"] = round((run.loaded + run.stored) / work, 3)
    else:
        row["outputs"] = outputs
        row["cycles_per_output"] = round(run.cycles / outputs, 2) if outputs else None
    return row


def speed(row):
    if row["target"]:
        return "%.2f" % row["multiply_adds_per_cycle"], "%.1f" % row["target"]
    if row["cycles_per_output"]:
        return "%.2f cycles an output" % row["cycles_per_output"], ""
    return "", ""


def table(rows):
    lines = ["| loop | instructions | cycles | llvm-mca | multiply-adds a cycle | target | bytes a multiply-add |",
             "|---|---|---|---|---|---|---|"]
    for row in rows:
        mca = row["llvm_mca_cycles"]
        lines.append("| %s | %d | %g | %s | %s | %s | %s |" % (
            row["title"], row["instructions"], row["cycles"], "" if mca is None else "%g" % mca,
            *speed(row), "%.3f" % row["bytes_per_multiply_add"] if row["target"] else ""))
    return "\n".join(lines)


def listing(name, loops):
    for loop, instructions in loops:
        if loop.name == name:
            run = pipeline.simulate(instructions)
            for insn, (cycles, why) in zip(instructions, run.stalls):
                wait = "+%d for %s" % (cycles, why) if cycles else ""
                print(("    %-44s %s" % (insn.text, wait)).rstrip())
            print("%g cycles" % run.cycles)
            return
    sys.exit("no loop %s; there are %s" % (name, ", ".join(l.name for l in LOOPS)))


def replace_section(text, name, body):
    pattern = r"(<!-- %s -->\n).*?(<!-- end -->)" % name
    return re.sub(pattern, lambda m: m.group(1) + body + "\n" + m.group(2), text, flags=re.S)


def write(rows):
    estimates = models.estimate(rows)
    figures = {"command": "bench/a53/scoreboard.py --write", "loops": rows, "estimates": estimates}
    (ROOT / "docs/figures/a53.json").write_text(json.dumps(figures, indent=1) + "\n")
    page = ROOT / "docs/a53.md"
    text = replace_section(page.read_text(), "loops", table(rows))
    page.write_text(replace_section(text, "estimates", models.table(estimates)))


def missed(rows):
    return [r for r in rows if r["target"] and r["multiply_adds_per_cycle"] < r["target"]]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", metavar="DIR", help="a build directory for aarch64")
    parser.add_argument("--listing", metavar="NAME")
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    for tool in ["objdump"] if options.build else ["objdump", "gcc"]:
        if not shutil.which(PREFIX + tool):
            print("skipped: no %s%s" % (PREFIX, tool))
            sys.exit(1 if os.environ.get("CI") == "true" else 77)
    loops = load_loops(options.build)
    if options.listing:
        listing(options.listing, loops)
        return
    rows = [measure(loop, instructions) for loop, instructions in loops]
    print(table(rows))
    if options.write:
        write(rows)
    for row in missed(rows):
        print("%s: %.2f multiply-adds a cycle, and at least %.1f are wanted"
              % (row["name"], row["multiply_adds_per_cycle"], row["target"]))
    if options.check and missed(rows):
        sys.exit(1)


if __name__ == "__main__":
    main()
