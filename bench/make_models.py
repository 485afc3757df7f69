#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Build the benchmark models: well-known architectures with random weights, for timing and size only.

usage: make_models.py OUT_DIR [--int8] [NAME | FILE.onnx ...]

skeletons/*.onnx are torchvision graphs (batch norm folded, opset 13) whose weights were taken out to keep
them small; each weight tensor carries its standard deviation in doc_string. This script fills them with
seeded normal numbers, the same bits every time. --int8 also writes NAME_qdq.onnx (of
a FILE.onnx as well), quantized by ONNX
Runtime (per-channel int8 weights, uint8 activations, QDQ form) for the peers that read it.
"""
import argparse, glob, os, re, zlib
import numpy as np, onnx


def fill(path):
    m = onnx.load(path)
    for t in m.graph.initializer:
        f = re.match(r"std=(\S+) mean=(\S+)", t.doc_string)
        if f:
            rng = np.random.default_rng(zlib.crc32(t.name.encode()))
            a = rng.standard_normal(tuple(t.dims), dtype=np.float32) * float(f.group(1)) + float(f.group(2))
            t.raw_data = a.astype("<f4").tobytes()
            t.doc_string = ""
    return m


def quantize(src, dst):
    from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
    from onnxruntime.quantization.shape_inference import quant_pre_process
    i = onnx.load(src).graph.input[0]
    shape = [d.dim_value for d in i.type.tensor_type.shape.dim]

    class Reader(CalibrationDataReader):
        def __init__(self):
            rng = np.random.default_rng(1)
            self.left = [{i.name: rng.standard_normal(shape, dtype=np.float32)} for _ in range(4)]

        def get_next(self):
            return self.left.pop() if self.left else None
    pre = dst + ".pre"
    quant_pre_process(src, pre, skip_symbolic_shape=True)
    quantize_static(pre, dst, Reader(), quant_format=QuantFormat.QDQ, per_channel=True,
                    activation_type=QuantType.QUInt8, weight_type=QuantType.QInt8)
    os.remove(pre)


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("out")
    ap.add_argument("names", nargs="*")
    ap.add_argument("--int8", action="store_true")
    a = ap.parse_intermixed_args()
    os.makedirs(a.out, exist_ok=True)
    here = os.path.dirname(os.path.abspath(__file__))
    files = [f for f in a.names if f.endswith(".onnx")]
    for s in sorted(glob.glob(os.path.join(here, "skeletons", "*.onnx"))) + files:
        n = os.path.basename(s)[:-5]
        if a.names and n not in a.names and s not in files:
            continue
        dst = os.path.join(a.out, n + ".onnx")
        if not os.path.exists(dst):
            onnx.save(fill(s), dst)
        print(dst, os.path.getsize(dst))
        q = os.path.join(a.out, n + "_qdq.onnx")
        if a.int8 and not n.startswith(("lstm", "vgg")):
            if not os.path.exists(q):
                quantize(dst, q)
            print(q, os.path.getsize(q))


if __name__ == "__main__":
    main()
