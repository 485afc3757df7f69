#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Write tests/runtime/answers.h: what ONNX Runtime gives for the models of the assets folder.

usage: make_answers.py ASSETS > tests/runtime/answers.h      (needs numpy, onnxruntime)

Input element i is ((i * 2654435761 mod 2^32) >> 8) / 2^24 * 2 - 1. Of each output the largest
magnitude and 24 elements spread over it are kept.
"""
import sys
import numpy as np
import onnxruntime as ort

MODELS = ["mnist-cnn-opset8", "efficientnet-lite0-224", "fastestdet-coco-352", "ultraface-rfb-320"]
SAMPLES = 24


def pattern(shape):
    i = np.arange(int(np.prod(shape)), dtype=np.uint64)
    bits = (i * 2654435761 % 2**32) >> 8
    return (bits.astype(np.float32) / np.float32(2**24) * 2 - 1).reshape(shape)


print("/* SPDX-License-Identifier: Apache-2.0 */")
print("/* Made by make_answers.py with ONNX Runtime %s. */" % ort.__version__)
print("#define SAMPLES %d" % SAMPLES)
print("static const struct answer {\n    const char *model;\n    uint32_t output;")
print("    float largest;\n    float sample[SAMPLES];\n} answers[] = {")
for name in MODELS:
    session = ort.InferenceSession("%s/models/%s.onnx" % (sys.argv[1], name))
    port = session.get_inputs()[0]
    outputs = session.run(None, {port.name: pattern(port.shape)})
    for k, out in enumerate(outputs):
        flat = out.reshape(-1)
        sample = [flat[(len(flat) - 1) * s // (SAMPLES - 1)] for s in range(SAMPLES)]
        print('    {"%s", %d, %.9ef, {%s}},' % (name, k, abs(flat).max(),
                                              ", ".join("%.9ef" % v for v in sample)))
print("};")
