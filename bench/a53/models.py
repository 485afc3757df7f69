# SPDX-License-Identifier: Apache-2.0
"""What the scoreboard's figures would mean for a whole model: an estimate, never a measurement.

A layer takes the longer of two times: its multiply-adds at its loop's speed, with a tile's beginning and
end, over all threads; and its bytes at the memory's speed. Weights always come from memory;
activations do when a layer's inputs and outputs exceed the second cache. Neither misses inside the
loops nor synchronization are counted, so the true time is longer."""

from collections import namedtuple

CLOCK = 1.2e9
SECOND_CACHE = 512 * 1024
# STREAM copy on two Cortex-A53 at 1.25 GHz: Texas Instruments, AM62L benchmarks, SPRADO9 (2025).
MEMORY = 2.35e9  # bytes a second
# Cycles of an 8x8 tile around its loop: row pointers, first loads, clamp, requantization, stores. Counted
# by hand from the instructions.
TILE_CYCLES = {"float": 120, "int8": 260}
LOOP = {
    ("product", "float"): "conv_f32", ("product", "int8"): "qconv_u8s8",
    (1, "float"): "dwconv_f32_s1", (1, "int8"): "qdwconv_u8s8_s1",
    (2, "float"): "dwconv_f32_s2", (2, "int8"): "qdwconv_u8s8_s2",
}
BYTES = {"float": 4, "int8": 1}

# kind: "product" or the stride of a depthwise convolution
Layer = namedtuple("Layer", "kind pixels depth channels in_values")


def mobilenet_v2():
    """Sandler et al., 2018, table 2: width 1, 224 x 224 inputs, 1000 classes."""
    layers = [Layer("product", 112 * 112, 27, 32, 224 * 224 * 3)]
    side, inputs = 112, 32
    for expand, outputs, repeats, stride in [
        (1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2),
        (6, 320, 1, 1),
    ]:
        for n in range(repeats):
            step, middle = stride if n == 0 else 1, inputs * expand
            if expand > 1:
                layers.append(Layer("product", side * side, inputs, middle, side * side * inputs))
            below = side // step
            layers.append(Layer(step, below * below, 9, middle, side * side * middle))
            layers.append(Layer("product", below * below, middle, outputs, below * below * middle))
            side, inputs = below, outputs
    layers.append(Layer("product", 49, 320, 1280, 49 * 320))
    layers.append(Layer("product", 1, 1280, 1000, 1280))
    return layers


MODELS = {"mobilenet_v2": mobilenet_v2}


def cycles_of(layer, rows, kind):
    speed = rows[LOOP[layer.kind, kind]]["multiply_adds_per_cycle"]
    if layer.kind != "product":
        return layer.pixels * layer.depth * layer.channels / speed
    tiles = -(-layer.pixels // 8) * -(-layer.channels // 8)
    return tiles * (64 * layer.depth / speed + TILE_CYCLES[kind])


def bytes_of(layer, kind):
    weights = layer.depth * layer.channels
    activations = layer.in_values + layer.pixels * layer.channels
    if activations * BYTES[kind] <= SECOND_CACHE:
        activations = 0
    return (weights + activations) * BYTES[kind]


def work_of(layer):
    return layer.pixels * layer.depth * layer.channels


def estimate(loop_rows):
    rows = {row["name"]: row for row in loop_rows}
    result = []
    for name, layers_of in MODELS.items():
        layers = layers_of()
        for kind in ("float", "int8"):
            for threads in (1, 4):
                compute = [cycles_of(layer, rows, kind) / CLOCK / threads for layer in layers]
                memory = [bytes_of(layer, kind) / MEMORY for layer in layers]
                total = sum(max(pair) for pair in zip(compute, memory))
                work = sum(work_of(layer) for layer in layers)
                result.append({
                    "model": name, "type": kind, "threads": threads,
                    "multiply_adds": work,
                    "compute_ms": round(1e3 * sum(compute), 1),
                    "memory_ms": round(1e3 * sum(memory), 1),
                    "total_ms": round(1e3 * total, 1),
                    "multiply_adds_per_cycle": round(work / (total * CLOCK * threads), 2),
                })
    return result


def table(estimates):
    lines = ["| model | type | threads | arithmetic ms | memory ms | estimate ms | multiply-adds a cycle and core |",
             "|---|---|---|---|---|---|---|"]
    for e in estimates:
        lines.append("| %(model)s | %(type)s | %(threads)d | %(compute_ms).1f | %(memory_ms).1f | "
                     "%(total_ms).1f | %(multiply_adds_per_cycle).2f |" % e)
    return "\n".join(lines)
