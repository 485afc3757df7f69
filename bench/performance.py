#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""docs/performance.md out of what suite.py measured.

usage: performance.py collect [--out build/bench]     what was measured on this CPU -> docs/figures/performance/CPU.json
       performance.py write                           all CPUs' figures -> docs/performance.md and its plots
"""
import argparse
import datetime
import importlib.metadata
import json
import math
import pathlib
import re
import subprocess
import sys

import suite
from plot import log_log

FIGURES = suite.ROOT / "docs" / "figures" / "performance"
PAGE = suite.ROOT / "docs" / "performance.md"
PACKAGES = {"ort": "onnxruntime", "openvino": "openvino", "ncnn": "ncnn", "mnn": "MNN", "litert": "ai-edge-litert"}
TITLES = {"hone": "Hone", "ort": "ONNX Runtime", "openvino": "OpenVINO", "ncnn": "ncnn", "mnn": "MNN",
          "litert": "LiteRT", "hone_qdq": "Hone, their QDQ file", "hone_float": "Hone, float32"}


# ---- collect -----------------------------------------------------------------------------------------------------

def cpu():
    text = pathlib.Path("/proc/cpuinfo").read_text()
    field = lambda name: re.search(rf"^{name}\s*: (.*)$", text, re.M).group(1)
    tier = json.loads(suite.run(suite.HONE, "bench", suite.ASSETS / "models" / "mnist-cnn-opset8.onnx", "--runs", 1,
                                "--json", capture_output=True).stdout)["tier"]
    return {"name": field("model name"), "family": int(field("cpu family")), "model": int(field("model")),
            "tier": tier, "logical_cpus": text.count("processor\t")}


def multiply_adds(name, path):
    return json.loads(suite.run(suite.HONE, "info", path, "--json", capture_output=True).stdout)["multiply_adds"]


def collect(out):
    runs = {path.stem: json.loads(path.read_text()) for path in sorted(out.glob("*.json"))}
    runs = {label: run for label, run in runs.items() if label.split("-")[0] in
            ("float1", "float2", "int8", "tflite", "load", "cold", "batch8", "cache")}
    models = {name: suite.float_model(name) for name in suite.FLOAT}
    models |= {name: suite.ASSETS / "models" / f"{name}.tflite" for name in suite.TFLITE}
    machine = cpu()
    data = {"date": datetime.date.today().isoformat(), "cpu": machine,
            "versions": {engine: importlib.metadata.version(package) for engine, package in PACKAGES.items()},
            "multiply_adds": {name: multiply_adds(name, path) for name, path in models.items()}, "runs": runs}
    FIGURES.mkdir(parents=True, exist_ok=True)
    slug = f"{machine['name']}-{machine['family']}-{machine['model']}-{machine['tier']}"
    path = FIGURES / (re.sub(r"[^a-z0-9]+", "-", slug.lower()).strip("-") + ".json")
    path.write_text(json.dumps(data, indent=1) + "\n")
    print(path.relative_to(suite.ROOT))


# ---- figures -----------------------------------------------------------------------------------------------------

def median(run, engine):
    return run["engines"].get(engine, {}).get("median_ms")


def peers_of(run):
    return {name: engine for name, engine in run["engines"].items() if not name.startswith("hone")}


def fastest(run):
    return min(engine["median_ms"] for engine in peers_of(run).values())


def ratio(run, engine="hone"):
    """Our median over the fastest peer's of the same interleaved run; None where something is missing."""
    ours = median(run, engine)
    return ours / fastest(run) if ours and peers_of(run) else None


def geometric_mean(values):
    values = [value for value in values if value]
    return math.exp(sum(map(math.log, values)) / len(values)) if values else None


def section(data, prefix):
    return {label[len(prefix) + 1:]: run for label, run in data["runs"].items() if label.startswith(prefix + "-")}


def middle(values):
    values = sorted(values)
    return values[len(values) // 2] if values else None


def loads(data, name, kind="load"):
    """{engine: (load + first ms, growth MB)}: medians over the tries."""
    tries = [run["engines"] for label, run in section(data, kind).items() if label.rsplit("-", 1)[0] == name]
    engines = {engine for one in tries for engine in one}
    return {engine: (middle([one[engine]["load_ms"] + one[engine]["first_ms"] for one in tries if engine in one]),
                     middle([one[engine]["grown_mb"] for one in tries if engine in one])) for engine in engines}


def load_ratio(data, name, which):
    all_ = loads(data, name)
    theirs = [value[which] for engine, value in all_.items() if not engine.startswith("hone")]
    return all_["hone"][which] / min(theirs) if "hone" in all_ and theirs else None


def batch_ratio(run):
    """Time per image of a batch of 8 against one image alone, same interleaved run."""
    both = median(run, "hone"), median(run, "hone_batch1")
    return both[0] / 8 / both[1] if all(both) else None


def cache_ratio(data):
    run = section(data, "cache").get("mobilenet_v2")
    return run["result_cache"]["hit_ms"] / run["median_ms"] if run and "result_cache" in run else None


# ---- the page ----------------------------------------------------------------------------------------------------

def number(value, digits=2):
    return "" if value is None else f"{value:.{digits}f}"


def milliseconds(value):
    return "" if value is None else f"{value:.3g}" if value < 100 else f"{value:.0f}"


def table(head, rows):
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows]) + "\n"


def times(runs, engines, ratios):
    """A row a model: medians, the fastest in bold, then the ratios of our columns to the fastest peer's."""
    rows = []
    for name, run in sorted(runs.items(), key=lambda item: item[0]):
        best = min(filter(None, (median(run, e) for e in engines)))
        cells = [f"**{milliseconds(median(run, e))}**" if median(run, e) == best else milliseconds(median(run, e))
                 for e in engines]
        rows.append([name, *cells, *[number(ratio(run, e)) for e in ratios]])
    heads = ["model", *[TITLES[e] for e in engines], *[f"ratio, {TITLES[e]}" if len(ratios) > 1 else "ratio"
                                                        for e in ratios]]
    return table(heads, rows)


def spread(runs, engine="hone"):
    ratios = [r for r in (ratio(run, engine) for run in runs.values()) if r]
    return f"{number(geometric_mean(ratios))}, largest {number(max(ratios))}" if ratios else "not measured"


def summary(data):
    int8, vnni = section(data, "int8"), data["cpu"]["tier"] in ("vnni", "avxvnni", "avx512vnni")
    one, two = (section(data, f"float{n}").get("resnet50") for n in (1, 2))
    rows = [
        ["float32, 1 thread, geometric mean of the ratios", "1.0, none over 1.2", "0.85", spread(section(data, "float1"))],
        ["the same, 2 threads", "1.0, none over 1.2", "0.85", spread(section(data, "float2"))],
        ["int8, quantized by Hone", "0.95" if vnni else "1.0, none over 1.2", "0.8", spread(int8)],
        ["int8, the peers' own QDQ files", "1.0" if vnni else "1.2", "0.9", spread(int8, "hone_qdq")],
    ]
    rows += [[f"{name} against LiteRT", "0.8" if "autoencoder" not in name else "", "0.5" if "autoencoder" not in name
              else "", number(ratio(run))] for name, run in section(data, "tflite").items()]
    rows += [[f"load + first run, {name}, packed cache present", "0.3", "0.2", number(load_ratio(data, name, 0))]
             for name in ("mobilenet_v2", "vgg16")]
    rows += [[f"growth of memory, {name}", must, aim, number(load_ratio(data, name, 1))]
             for name, must, aim in (("mobilenet_v2", "0.6", "0.5"), ("resnet50", "0.7", "0.5"), ("vgg16", "0.75", "0.6"))]
    rows += [[f"batch 8, time an image against batch 1, {name}", "1.0", "0.85", number(batch_ratio(run))]
             for name, run in section(data, "batch8").items()]
    rows += [["a hit of the result cache against the run, mobilenet_v2", "0.02", "0.005", number(cache_ratio(data), 4)]]
    if one and two and median(two, "hone"):
        rows += [["resnet50, 1 thread against 2", "1.7 at least", "", number(median(one, "hone") / median(two, "hone"))]]
    return table(["what", "must", "aim", "here"], rows)


def load_table(data):
    engines = ("hone", "hone_no_cache", "hone_cold", *suite.ALL)
    heads = ["model", "Hone", "Hone, no packed cache", "the same, cold", *[TITLES[e] for e in suite.ALL]]
    rows = []
    for name in suite.LOAD:
        both = loads(data, name) | loads(data, name, "cold")
        cell = lambda e: f"{milliseconds(both[e][0])} ms, {both[e][1]:.0f} MB" if e in both else ""
        rows.append([name, *map(cell, engines)])
    return table(heads, rows)


def points(data, engine):
    """(multiply-adds, ms): float32 and TensorFlow Lite models, one thread."""
    runs = section(data, "float1") | section(data, "tflite")
    return sorted((data["multiply_adds"][name], median(run, engine)) for name, run in runs.items()
                  if median(run, engine) and data["multiply_adds"].get(name))


def machine_page(slug, data):
    plot = FIGURES / f"{slug}.svg"
    plot.write_text(log_log({TITLES[e]: points(data, e) for e in ("hone", *suite.ALL, "litert")},
                            "multiply-adds", "milliseconds, one thread"))
    versions = ", ".join(f"{TITLES[e]} {v}" for e, v in data["versions"].items())
    machine = data["cpu"]
    return f"""## {machine['name']}, family {machine['family']} model {machine['model']}, tier {machine['tier']}

{data['date']}, {machine['logical_cpus']} logical CPUs; {versions}.

{summary(data)}
Milliseconds, float32, 1 thread:

{times(section(data, "float1"), ("hone", *suite.ALL), ("hone",))}
Milliseconds, float32, 2 threads:

{times(section(data, "float2"), ("hone", *suite.ALL), ("hone",))}
Milliseconds, int8, 1 thread; the peers run the QDQ files that ONNX Runtime's quantizer made:

{times(section(data, "int8"), ("hone", "hone_qdq", "hone_float", "ort", "openvino"), ("hone", "hone_qdq"))}
Milliseconds, int8 `.tflite`, 1 thread:

{times(section(data, "tflite"), ("hone", "litert"), ("hone",))}
Load and first run together, and growth of memory from before the load:

{load_table(data)}
Time as work grows:

![time against multiply-adds]({plot.relative_to(PAGE.parent)})
"""


HEAD = """# Performance beside the other engines

Written by `make bench` (`bench/suite.py` measures, `bench/performance.py` writes); do not edit. Each model and all engines
run in one interleaved run, each engine in its own process; a ratio is Hone's median over the fastest peer's, so
below 1 is faster. Absolute times wander from run to run and from machine to machine: compare within a row only.
Models with random weights are built by `bench/make_models.py`; `must` and `aim` are the project's own goals.

The inner loops for the Cortex-A53 are judged by a model of its pipeline: [a53.md](a53.md).
"""


def write():
    pages = [machine_page(path.stem, json.loads(path.read_text())) for path in sorted(FIGURES.glob("*.json"))]
    PAGE.write_text("\n".join([HEAD, *pages]))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("collect", "write"))
    parser.add_argument("--out", default=suite.ROOT / "build" / "bench", type=pathlib.Path)
    options = parser.parse_args()
    if options.what == "collect":
        collect(options.out)
    else:
        write()
    return 0


if __name__ == "__main__":
    sys.exit(main())
