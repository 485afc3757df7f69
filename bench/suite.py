#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What `make bench` measures, and the measuring: every model beside every engine that a user would pick instead.

usage: suite.py [--out build/bench] [--sections float1,float2,int8,tflite,load,batch,cache] [--models NAME,...]
                [--rounds N] [--keep]

Each measurement is one interleaved run of peers.py and leaves one JSON file in OUT; --keep leaves those alone
that are there already, so that an interrupted suite goes on. Exit status 1 when Hone, or an engine that can run
the model (the lists below), did not run. performance.py makes docs/performance.md of the files.
"""
import argparse
import json
import os
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
ASSETS = pathlib.Path(os.environ.get("HONE_ASSETS", ROOT / ".." / "shared")).resolve()
BUILT = ROOT / "build" / "models"
HONE = ROOT / "build" / "release" / "hone"
WORKER = f"{HONE} bench-worker %s --threads THREADS --batch BATCH"

ALL = ("ort", "openvino", "ncnn", "mnn")
# The engines that run the model. MNN's LSTM returns at once without computing; pnnx cannot convert FastestDet.
FLOAT = {
    "mobilenet_v2": ALL, "mobilenet_v3_large": ALL, "efficientnet-lite0-224": ALL, "shufflenet_v2_x1_0": ALL,
    "squeezenet1_1": ALL, "resnet18": ALL, "resnet50": ALL, "vgg16": ALL, "lstm128x2": ("ort", "openvino", "ncnn"),
    "fastestdet-coco-352": ("ort", "openvino", "mnn"), "ultraface-rfb-320": ALL,
}
INT8 = ("mobilenet_v2", "mobilenet_v3_large", "efficientnet-lite0-224", "squeezenet1_1", "resnet18", "resnet50")
TFLITE = ("mlperf-tiny-ic-resnet8-int8", "mlperf-tiny-vww-mobilenet-int8", "mlperf-tiny-ad-autoencoder-int8")
LOAD = ("mobilenet_v2", "resnet50", "vgg16")
BATCH = ("mobilenet_v2", "resnet50")
LOAD_TRIES = 5


def run(*words, **more):
    return subprocess.run([str(word) for word in words], cwd=ROOT, check=True, **more)


def float_model(name):
    """The .onnx file: one of the real ones, or one that make_models.py builds."""
    real = ASSETS / "models" / f"{name}.onnx"
    if not real.exists() and not (BUILT / f"{name}.onnx").exists():
        run(sys.executable, "bench/make_models.py", BUILT, name, stdout=subprocess.DEVNULL)
    return real if real.exists() else BUILT / f"{name}.onnx"


def give_card(model):
    """The built models eat pictures as torchvision's do; quantize has to know."""
    card = model.with_suffix(".card.json")
    if not card.exists():
        card.write_text(json.dumps({"task": "classification", "input": {
            "color": "rgb", "resize": {"short_side": 256, "filter": "bilinear"}, "crop": [224, 224],
            "mean": [123.675, 116.28, 103.53], "std": [58.395, 57.12, 57.375], "layout": "nchw"}}))


def qdq_model(name):
    """Quantized by ONNX Runtime, for the peers."""
    path = BUILT / f"{name}_qdq.onnx"
    if not path.exists():
        source = float_model(name)
        run(sys.executable, "bench/make_models.py", BUILT, "--int8", source if ASSETS in source.parents else name,
            stdout=subprocess.DEVNULL)
    return path


def is_stale(path):
    """Whether another build of Hone may have made it."""
    return not path.exists() or path.stat().st_mtime < HONE.stat().st_mtime


def own_int8_model(name):
    """Quantized by Hone with the defaults."""
    path = BUILT / f"{name}-int8.hone"
    if is_stale(path):
        if BUILT in float_model(name).parents:
            give_card(float_model(name))
        run(HONE, "quantize", float_model(name), "-o", path, "--calib", ASSETS / "data" / "imagenet-sample:1/5",
            "--quiet", stdout=subprocess.DEVNULL)
    return path


def hone_model(name):
    path = BUILT / f"{name}.hone"
    if is_stale(path):
        run(HONE, "convert", float_model(name), "-o", path, "--quiet", stdout=subprocess.DEVNULL)
    return path


class Suite:
    def __init__(self, options):
        self.options, self.failed = options, []
        self.out = pathlib.Path(options.out)
        self.out.mkdir(parents=True, exist_ok=True)

    def peers(self, label, model, engines, workers, threads=1, batch=1, rounds=None, runs=5):
        """One interleaved run; the file OUT/LABEL.json."""
        path = self.out / f"{label}.json"
        if self.options.keep and path.exists():
            return
        words = [sys.executable, "bench/peers.py", model, "--engines", ",".join(engines), "--threads", threads,
                 "--batch", batch, "--rounds", rounds or self.options.rounds, "--runs", runs, "--json", path]
        for name, command in workers.items():
            words += ["--worker", f"{name}={command}"]
        try:
            run(*words)
        except subprocess.CalledProcessError:
            self.failed.append(label)

    def wanted(self, names):
        return [name for name in names if not self.options.models or name in self.options.models]

    def float(self, threads):
        for name in self.wanted(FLOAT):
            model = float_model(name)
            self.peers(f"float{threads}-{name}", model, FLOAT[name], {"hone": WORKER % model}, threads=threads)

    def int8(self):
        for name in self.wanted(INT8):
            qdq = qdq_model(name)
            self.peers(f"int8-{name}", qdq, ("ort", "openvino"),
                       {"hone": WORKER % own_int8_model(name), "hone_qdq": WORKER % qdq,
                        "hone_float": WORKER % float_model(name)})

    def tflite(self):
        for name in self.wanted(TFLITE):
            model = ASSETS / "models" / f"{name}.tflite"
            self.peers(f"tflite-{name}", model, ("litert",), {"hone": WORKER % model}, runs=50)

    def load(self):
        """Each try is a process of its own. The first one fills the packed cache; `cold` drops the page cache of
        its files before each try (as far as the kernel does it for clean pages)."""
        for name in self.wanted(LOAD):
            model, own = float_model(name), hone_model(name)
            warm = {"hone": WORKER % own, "hone_no_cache": (WORKER % own) + " --cache off"}
            run(*(WORKER % own).replace("THREADS", "1").replace("BATCH", "1").split(), input=b"",
                stdout=subprocess.DEVNULL)
            for k in range(LOAD_TRIES):
                self.peers(f"load-{name}-{k}", model, ALL, warm, rounds=1, runs=1)
                forget(own)
                self.peers(f"cold-{name}-{k}", model, (), {"hone_cold": warm["hone_no_cache"]}, rounds=1, runs=1)

    def batch(self):
        for name in self.wanted(BATCH):
            model = float_model(name)
            single = (WORKER % model).replace("BATCH", "1")
            self.peers(f"batch8-{name}", model, ("openvino", "mnn"), {"hone": WORKER % model,
                       "hone_batch1": single}, batch=8, runs=2)

    def cache(self):
        for name in self.wanted(("mobilenet_v2",)):
            with open(self.out / f"cache-{name}.json", "w") as file:
                run(HONE, "bench", float_model(name), "--result-cache", "--threads", 1, "--json", stdout=file)

    def section(self, name):
        if name.startswith("float"):
            self.float(int(name[len("float"):]))
        else:
            getattr(self, name)()


def forget(path):
    with open(path, "rb") as file:
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", default=ROOT / "build" / "bench")
    parser.add_argument("--sections", default="float1,float2,int8,tflite,load,batch,cache")
    parser.add_argument("--models", default="")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--keep", action="store_true")
    options = parser.parse_args()
    options.models = [name for name in options.models.split(",") if name]
    suite = Suite(options)
    for name in options.sections.split(","):
        suite.section(name)
    if suite.failed:
        print("suite: did not run everywhere:", ", ".join(suite.failed), file=sys.stderr)
    return 1 if suite.failed else 0


if __name__ == "__main__":
    sys.exit(main())
