#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compare `hone run` with ONNX Runtime on the same random input, model by model.

usage: compare_ort.py [--hone build/release/hone] [--bound 1e-4] [--cpu TIER] [--json FILE] [MODEL.onnx ...]

For every output the largest absolute difference, divided by the largest absolute value of ONNX Runtime's
output, has to stay within the bound. Without models it takes those that Hone promises to run: four real
ones of HONE_ASSETS (default ../shared) and seven that make_models.py builds into build/models.
Exit status 1 when an output is over the bound, or Hone fails.
"""
import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile

import numpy as np
import onnxruntime

from peers import input_of, sample

ROOT = pathlib.Path(__file__).resolve().parent.parent
REAL = ["mnist-cnn-opset8", "efficientnet-lite0-224", "fastestdet-coco-352", "ultraface-rfb-320"]
BUILT = ["mobilenet_v2", "mobilenet_v3_large", "shufflenet_v2_x1_0", "squeezenet1_1", "resnet18",
         "resnet50", "vgg16"]


def default_models():
    assets = pathlib.Path(os.environ.get("HONE_ASSETS", ROOT / ".." / "shared"))
    out = ROOT / "build" / "models"
    subprocess.run([sys.executable, ROOT / "bench" / "make_models.py", out, *BUILT], check=True,
                   stdout=subprocess.DEVNULL)
    return [assets / "models" / f"{name}.onnx" for name in REAL] + [out / f"{name}.onnx" for name in BUILT]


def reference(model, feed):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 2
    options.log_severity_level = 3  # its remarks on old exporters are none of ours
    session = onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
    names = [o.name for o in session.get_outputs()]
    return dict(zip(names, session.run(names, feed)))


def ours(hone, model, feed, cpu, folder):
    """Run Hone; its outputs come back as files named in its JSON."""
    command = [hone, "run", str(model), "--output", folder, "--json"] + (["--cpu", cpu] if cpu else [])
    for i, (name, value) in enumerate(feed.items()):
        path = os.path.join(folder, f"in{i}.npy")
        np.save(path, value)
        command += ["--input", f"{name}={path}"]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(done.stderr.strip() or f"exit status {done.returncode}")
    outputs = json.loads(done.stdout)["outputs"]
    return {o["name"]: np.load(os.path.join(folder, file_of(o["name"]))) for o in outputs}


def file_of(name):
    """The file that `hone run` gives an output: '_' for what a file name cannot hold."""
    return "".join("_" if c in "/:" or c < " " else c for c in name) + ".npy"


def compare(hone, model, cpu):
    feed = {name: sample(shape, dtype) for name, shape, dtype in input_of(str(model))}
    want = reference(model, feed)
    with tempfile.TemporaryDirectory() as folder:
        got = ours(hone, model, feed, cpu, folder)
    worst = 0.0
    for name, value in want.items():
        if name not in got or got[name].shape != value.shape or got[name].dtype != value.dtype:
            raise RuntimeError(f"output '{name}' is missing, or of another shape or type")
        largest = np.abs(value.astype(np.float64)).max() if value.size else 0.0
        error = np.abs(got[name].astype(np.float64) - value).max() if value.size else 0.0
        if not np.isfinite(error):
            raise RuntimeError(f"output '{name}' is not finite")
        worst = max(worst, error / largest if largest else error)
    return float(worst)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hone", default=str(ROOT / "build" / "release" / "hone"))
    parser.add_argument("--bound", type=float, default=1e-4)
    parser.add_argument("--cpu", help="cap the instruction set")
    parser.add_argument("--json", help="write the result here too")
    parser.add_argument("models", nargs="*", type=pathlib.Path)
    args = parser.parse_args()
    rows, bad = [], 0
    for model in args.models or default_models():
        try:
            error = compare(args.hone, model, args.cpu)
            verdict, why = ("within" if error <= args.bound else "OVER"), ""
        except RuntimeError as failure:
            error, verdict, why = None, "FAILED", str(failure)
        bad += verdict != "within"
        rows.append({"model": model.stem, "relative_error": error, "within": verdict == "within", "why": why})
        print(f"{model.stem:28} {'' if error is None else f'{error:9.2e}':>9}  {verdict} {why}", flush=True)
    if args.json:
        pathlib.Path(args.json).write_text(json.dumps(
            {"bound": args.bound, "onnxruntime": onnxruntime.__version__, "models": rows}, indent=1) + "\n")
    print(f"{len(rows) - bad} of {len(rows)} models within {args.bound:g} of the largest output")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
