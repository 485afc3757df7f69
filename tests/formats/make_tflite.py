#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes tests/formats/tflite/cases.bin: TFLite models of one operator each, inputs for them, and
what LiteRT answers. The file is committed; run this only to change it.
Needs numpy and ai-edge-litert 2.3.

File: per case u32 length and bytes of: name, model; u32 count and that many arrays (u32 length and
bytes) of inputs; the same of outputs. Little-endian."""
import pathlib
import struct

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as s
from ai_edge_litert.interpreter import Interpreter, OpResolverType

OUT = pathlib.Path(__file__).parent / "tflite"
OUT.mkdir(exist_ok=True)
rng = np.random.default_rng(7)
TYPES = {"f4": 0, "f2": 1, "i4": 2, "u1": 3, "i8": 4, "b1": 6, "i2": 7, "i1": 9}


class Model:
    def __init__(self, name):
        self.name, self.buffers, self.tensors, self.ops, self.codes = name, [s.BufferT()], [], [], []
        self.inputs, self.outputs = [], []

    def tensor(self, shape, dtype="f4", data=None, scale=None, zero=0, axis=0):
        t = s.TensorT()
        t.name, t.shape, t.type = f"t{len(self.tensors)}", list(shape), TYPES[dtype]
        t.buffer = 0
        if data is not None:
            b = s.BufferT()
            b.data = np.frombuffer(np.ascontiguousarray(data, dtype="<" + dtype).tobytes(), np.uint8)
            t.buffer = len(self.buffers)
            self.buffers.append(b)
        if scale is not None:
            q = s.QuantizationParametersT()
            q.scale = np.atleast_1d(np.float32(scale))
            q.zeroPoint = np.broadcast_to(np.int64(zero), q.scale.shape).copy()
            q.quantizedDimension = axis
            t.quantization = q
        self.tensors.append(t)
        return len(self.tensors) - 1

    def input(self, *a, **k):
        self.inputs.append(self.tensor(*a, **k))
        return self.inputs[-1]

    def output(self, *a, **k):
        self.outputs.append(self.tensor(*a, **k))
        return self.outputs[-1]

    def ints(self, values, dtype="i4"):
        a = np.asarray(values)
        return self.tensor(a.shape, dtype, a)

    def op(self, code, ins, outs, options=None, **fields):
        number = getattr(s.BuiltinOperator, code)
        c = s.OperatorCodeT()
        c.builtinCode, c.deprecatedBuiltinCode, c.version = number, min(number, 127), fields.pop("version", 1)
        self.codes.append(c)
        o = s.OperatorT()
        o.opcodeIndex, o.inputs, o.outputs = len(self.codes) - 1, ins, outs
        if options:
            o.builtinOptionsType = getattr(s.BuiltinOptions, options)
            o.builtinOptions = getattr(s, options + "T")()
            for k, v in fields.items():
                setattr(o.builtinOptions, k, v)
        self.ops.append(o)

    def bytes(self):
        g = s.SubGraphT()
        g.tensors, g.inputs, g.outputs, g.operators, g.name = self.tensors, self.inputs, self.outputs, self.ops, "main"
        m = s.ModelT()
        m.version, m.operatorCodes, m.subgraphs, m.buffers, m.description = 3, self.codes, [g], self.buffers, ""
        b = flatbuffers.Builder(1024)
        b.Finish(m.Pack(b), b"TFL3")
        return bytes(b.Output())


cases = []


def done(m, *inputs):
    """Runs the model and keeps the case. An input of None is made up."""
    data = m.bytes()
    it = Interpreter(model_content=data, num_threads=1, experimental_op_resolver_type=OpResolverType.AUTO)
    it.allocate_tensors()
    xs = []
    for i, d in enumerate(it.get_input_details()):
        x = inputs[i] if i < len(inputs) and inputs[i] is not None else make(d["shape"], d["dtype"])
        x = np.array(x, d["dtype"]).reshape(d["shape"])
        it.set_tensor(d["index"], x)
        xs.append(x)
    it.invoke()
    ys = [it.get_tensor(d["index"]) for d in it.get_output_details()]
    for t, y in zip(m.outputs, ys):
        assert list(y.shape) == m.tensors[t].shape, (m.name, y.shape, m.tensors[t].shape)
    cases.append((m.name, data, xs, ys))


def make(shape, dtype):
    if np.issubdtype(dtype, np.floating):
        return rng.normal(0, 1.5, shape)
    if dtype == np.bool_:
        return rng.integers(0, 2, shape)
    if np.dtype(dtype).itemsize > 2:
        return rng.integers(-9, 10, shape)
    i = np.iinfo(dtype)
    return rng.integers(i.min, i.max + 1, shape)


QUANT = {"f4": {}, "i1": dict(scale=0.03, zero=-5), "u1": dict(scale=0.03, zero=120), "i2": dict(scale=0.0002, zero=0)}
QOUT = {"f4": {}, "i1": dict(scale=0.05, zero=3), "u1": dict(scale=0.05, zero=130), "i2": dict(scale=0.0003, zero=0)}


def weights(m, shape, dtype, channel_axis, per_channel):
    """Weights and bias of a layer: float, int8, or uint8 round a zero point."""
    channels = shape[channel_axis]
    if dtype == "f4":
        return m.tensor(shape, data=rng.normal(0, 0.3, shape)), m.tensor([channels], data=rng.normal(0, 0.3, channels))
    scale = rng.uniform(0.004, 0.02, channels) if per_channel else 0.011
    if dtype == "u1":
        data, zero, kind = rng.integers(20, 240, shape), 131, "u1"
        data = np.clip(data, 4, 255)
    else:
        data, zero, kind = rng.integers(-127, 128, shape), 0, "i1"
    w = m.tensor(shape, kind, data, scale=scale, zero=zero, axis=channel_axis if per_channel else 0)
    wide = "i8" if dtype == "i2" else "i4"
    b = m.tensor([channels], wide, rng.integers(-900, 900, channels), scale=np.float32(QUANT[dtype]["scale"]) * np.float32(scale))
    return w, b


def convolutions():
    version = {"f4": 1, "u1": 1, "i1": 3, "i2": 4}
    for dtype in ("f4", "i1", "u1", "i2"):
        wide = QOUT[dtype] if dtype == "f4" else dict(QOUT[dtype], scale=QOUT[dtype]["scale"] * 2)
        for name, ishape, k, stride, dil, pad, act, oshape in [
            ("same", (1, 9, 7, 5), (3, 3), (1, 1), (1, 1), 0, 0, (1, 9, 7, 6)),
            ("same_stride_2", (1, 9, 8, 4), (3, 3), (2, 2), (1, 1), 0, 3, (1, 5, 4, 6)),
            ("valid_stride_21", (2, 9, 8, 4), (3, 2), (2, 1), (1, 1), 1, 1, (2, 4, 7, 6)),
            ("dilated", (1, 11, 9, 4), (3, 3), (1, 1), (2, 3), 0, 0, (1, 11, 9, 6)),
            ("pointwise", (1, 5, 6, 8), (1, 1), (1, 1), (1, 1), 1, 0, (1, 5, 6, 6)),
        ]:
            m = Model(f"conv_{name}_{dtype}")
            x = m.input(ishape, dtype, **QUANT[dtype])
            w, b = weights(m, [6, *k, ishape[3]], dtype, 0, dtype in ("i1", "i2"))
            y = m.output(oshape, dtype, **wide)
            m.op("CONV_2D", [x, w, b], [y], "Conv2DOptions", version=version[dtype], padding=pad, strideH=stride[0],
                 strideW=stride[1], dilationHFactor=dil[0], dilationWFactor=dil[1], fusedActivationFunction=act)
            done(m)
        for name, c, mult, stride, act in [("plain", 8, 1, 1, 0), ("stride_2", 8, 1, 2, 3), ("multiplier_2", 4, 2, 1, 1), ("from_one", 1, 6, 2, 0)]:
            m = Model(f"depthwise_{name}_{dtype}")
            x = m.input((1, 8, 9, c), dtype, **QUANT[dtype])
            w, b = weights(m, [1, 3, 3, c * mult], dtype, 3, dtype in ("i1", "i2"))
            y = m.output((1, -(-8 // stride), -(-9 // stride), c * mult), dtype, **QOUT[dtype])
            m.op("DEPTHWISE_CONV_2D", [x, w, b], [y], "DepthwiseConv2DOptions", version=version[dtype], padding=0,
                 strideH=stride, strideW=stride, depthMultiplier=mult, dilationHFactor=1, dilationWFactor=1, fusedActivationFunction=act)
            done(m)
    for dtype in ("f4", "i1", "u1"):
        for pad, out in ((0, (1, 10, 12, 5)), (1, (1, 11, 13, 5))):
            m = Model(f"transpose_conv_{'same' if pad == 0 else 'valid'}_{dtype}")
            shape = m.ints(out)
            x = m.input((1, 5, 6, 4), dtype, **QUANT[dtype])
            w, b = weights(m, [5, 3, 3, 4], dtype, 0, dtype == "i1")
            y = m.output(out, dtype, **(dict(scale=0.1, zero=3) if dtype != "f4" else {}))
            m.op("TRANSPOSE_CONV", [shape, w, x, b], [y], "TransposeConvOptions", version=3, padding=pad, strideH=2, strideW=2)
            done(m)
    for zero in (60, 200):
        for code, shape, axis in (("CONV_2D", [6, 3, 3, 5], 0), ("DEPTHWISE_CONV_2D", [1, 3, 3, 5], 3)):
            m = Model(f"{code.lower()}_of_weights_far_from_{zero}")
            x = m.input((1, 7, 8, 5), "u1", **QUANT["u1"])
            data = rng.integers(zero - 60, zero + 56, shape)
            data[0, 1, 1, [0, 3]] = data[-1, 2, 0, 4] = 250 if zero < 128 else 3
            w = m.tensor(shape, "u1", data, scale=0.01, zero=zero)
            b = m.tensor([shape[axis]], "i4", rng.integers(-900, 900, shape[axis]), scale=np.float32(0.03) * np.float32(0.01))
            y = m.output((1, 7, 8, shape[axis]), "u1", scale=0.08, zero=100)
            m.op(code, [x, w, b], [y], "Conv2DOptions" if axis == 0 else "DepthwiseConv2DOptions", padding=0, strideH=1, strideW=1,
                 dilationHFactor=1, dilationWFactor=1, **({} if axis == 0 else {"depthMultiplier": 1}))
            done(m)
    m = Model("conv_grouped_f4")
    x = m.input((1, 6, 6, 8))
    w, b = weights(m, [6, 3, 3, 4], "f4", 0, False)
    m.op("CONV_2D", [x, w, b], [m.output((1, 6, 6, 6))], "Conv2DOptions", padding=0, strideH=1, strideW=1, dilationHFactor=1, dilationWFactor=1)
    done(m)
    for dtype in ("f4", "i1"):
        m = Model(f"pad_then_conv_{dtype}")
        x = m.input((1, 7, 7, 4), dtype, **QUANT[dtype])
        p = m.tensor((1, 8, 9, 4), dtype, **QUANT[dtype])
        w, b = weights(m, [6, 3, 3, 4], dtype, 0, dtype == "i1")
        m.op("PAD", [x, m.ints([[0, 0], [1, 0], [1, 1], [0, 0]])], [p])
        m.op("CONV_2D", [p, w, b], [m.output((1, 6, 7, 6), dtype, **QOUT[dtype])], "Conv2DOptions", version=version[dtype],
             padding=1, strideH=1, strideW=1, dilationHFactor=1, dilationWFactor=1)
        done(m)


def products():
    for dtype in ("f4", "i1", "u1", "i2"):
        wide = {} if dtype == "f4" else dict(QOUT[dtype], scale=QOUT[dtype]["scale"] * 2)
        for name, ishape, oshape, keep in [("matrix", (3, 10), (3, 7), False), ("kept", (2, 3, 10), (2, 3, 7), True), ("flattened", (1, 2, 3, 10), (6, 7), False)]:
            m = Model(f"fully_connected_{name}_{dtype}")
            x = m.input(ishape, dtype, **QUANT[dtype])
            w, b = weights(m, [7, 10], dtype, 0, False)
            m.op("FULLY_CONNECTED", [x, w, b], [m.output(oshape, dtype, **wide)], "FullyConnectedOptions",
                 version={"f4": 1, "u1": 1, "i1": 4, "i2": 7}[dtype], keepNumDims=keep, fusedActivationFunction=1 if name == "matrix" else 0)
            done(m)
    m = Model("fully_connected_without_bias")
    x = m.input((2, 10))
    m.op("FULLY_CONNECTED", [x, m.tensor([4, 10], data=rng.normal(size=(4, 10))), -1], [m.output((2, 4))], "FullyConnectedOptions")
    done(m)
    m = Model("float16_weights")
    w = m.tensor([4, 10], "f2", rng.normal(size=(4, 10)))
    wide = m.tensor([4, 10])
    m.op("DEQUANTIZE", [w], [wide], version=2)
    m.op("FULLY_CONNECTED", [m.input((2, 10)), wide, -1], [m.output((2, 4))], "FullyConnectedOptions")
    done(m)
    for ax, ay in ((False, False), (True, False), (False, True)):
        m = Model(f"batch_matmul_{ax:d}{ay:d}")
        a = m.input((2, 5, 3) if ax else (2, 3, 5))
        b = m.input((2, 4, 5) if ay else (2, 5, 4))
        m.op("BATCH_MATMUL", [a, b], [m.output((2, 3, 4))], "BatchMatMulOptions", adjX=ax, adjY=ay)
        done(m)


def pools():
    for dtype in ("f4", "i1", "u1"):
        for code in ("AVERAGE_POOL_2D", "MAX_POOL_2D"):
            for pad, stride, out in ((0, 2, (1, 4, 5, 5)), (1, 1, (1, 6, 8, 5))):
                m = Model(f"{code.lower()}_{pad}_{dtype}")
                x = m.input((1, 8, 9, 5), dtype, **QUANT[dtype])
                m.op(code, [x], [m.output(out, dtype, **QUANT[dtype])], "Pool2DOptions", version=2 if dtype == "i1" else 1,
                     padding=pad, strideH=stride, strideW=stride, filterHeight=3, filterWidth=2)
                done(m)


def elements():
    positive = rng.uniform(0.1, 4, (1, 4, 5, 3))
    for code in ("RELU", "RELU6", "RELU_N1_TO_1", "LOGISTIC", "TANH", "HARD_SWISH", "ELU", "EXP", "SIN", "COS", "ABS", "NEG", "FLOOR", "CEIL", "ROUND", "SQUARE"):
        m = Model(code.lower())
        m.op(code, [m.input((1, 4, 5, 3))], [m.output((1, 4, 5, 3))])
        done(m)
    for code in ("LOG", "SQRT", "RSQRT"):
        m = Model(code.lower())
        m.op(code, [m.input((1, 4, 5, 3))], [m.output((1, 4, 5, 3))])
        done(m, positive)
    for dtype, version in (("i1", 2), ("u1", 1)):
        m = Model(f"relu_{dtype}")
        m.op("RELU", [m.input((1, 4, 5, 3), dtype, **QUANT[dtype])], [m.output((1, 4, 5, 3), dtype, **QOUT[dtype])], version=version)
        done(m)
        for code, scale, zero in (("LOGISTIC", 1 / 256, 0), ("TANH", 1 / 128, 128)):
            m = Model(f"{code.lower()}_{dtype}")
            zero = zero - 128 if dtype == "i1" else zero
            m.op(code, [m.input((1, 4, 5, 3), dtype, **QUANT[dtype])], [m.output((1, 4, 5, 3), dtype, scale=scale, zero=zero)], version=version)
            done(m)
        m = Model(f"leaky_relu_{dtype}")
        m.op("LEAKY_RELU", [m.input((1, 4, 5, 3), dtype, **QUANT[dtype])], [m.output((1, 4, 5, 3), dtype, **QOUT[dtype])], "LeakyReluOptions", version=2, alpha=0.2)
        done(m)
        m = Model(f"hard_swish_{dtype}")
        m.op("HARD_SWISH", [m.input((1, 4, 5, 3), dtype, **QUANT[dtype])], [m.output((1, 4, 5, 3), dtype, **QOUT[dtype])])
        done(m)
    m = Model("leaky_relu")
    m.op("LEAKY_RELU", [m.input((1, 4, 5, 3))], [m.output((1, 4, 5, 3))], "LeakyReluOptions", alpha=0.2)
    done(m)
    m = Model("gelu")
    m.op("GELU", [m.input((1, 4, 5, 3))], [m.output((1, 4, 5, 3))], "GeluOptions", approximate=False)
    done(m)
    for a, b in (("f4", "i4"), ("i4", "f4"), ("f4", "b1"), ("i4", "i8")):
        m = Model(f"cast_{a}_{b}")
        m.op("CAST", [m.input((2, 5), a)], [m.output((2, 5), b)])
        done(m)
    for a, b in (("f4", "i1"), ("f4", "u1"), ("i1", "u1"), ("u1", "i1"), ("i1", "i1")):
        m = Model(f"quantize_{a}_{b}")
        m.op("QUANTIZE", [m.input((2, 50), a, **QUANT[a])], [m.output((2, 50), b, **QOUT[b])], version=2 if a == "f4" else 1)
        done(m)
    for a in ("i1", "u1", "i2"):
        m = Model(f"dequantize_{a}")
        m.op("DEQUANTIZE", [m.input((2, 50), a, **QUANT[a])], [m.output((2, 50))], version=3)
        done(m)


def binaries():
    for code in ("ADD", "SUB", "MUL", "DIV"):
        options = code[0] + code[1:].lower() + "Options"
        for name, other in (("same", (1, 4, 5, 3)), ("scalar", ()), ("channels", (3,))):
            m = Model(f"{code.lower()}_{name}")
            x = m.input((1, 4, 5, 3))
            y = m.input(other) if name == "same" else m.tensor(other, data=rng.uniform(0.5, 2, other))
            m.op(code, [x, y], [m.output((1, 4, 5, 3))], options, fusedActivationFunction=1)
            done(m, None, rng.uniform(0.5, 2, other) if name == "same" else None)
    for dtype, version in (("i1", 2), ("u1", 1)):
        for code in ("ADD", "SUB", "MUL"):
            m = Model(f"{code.lower()}_{dtype}")
            q = dict(QUANT[dtype])
            m.op(code, [m.input((1, 4, 5, 3), dtype, **q), m.input((1, 4, 5, 3), dtype, scale=0.02, zero=7)],
                 [m.output((1, 4, 5, 3), dtype, scale=0.06, zero=9)], code[0] + code[1:].lower() + "Options", version=version)
            done(m)
    for code in ("MAXIMUM", "MINIMUM", "SQUARED_DIFFERENCE", "FLOOR_DIV", "FLOOR_MOD"):
        m = Model(code.lower())
        m.op(code, [m.input((2, 4, 5)), m.input((4, 5))], [m.output((2, 4, 5))], version=2 if "FLOOR" in code else 1)
        done(m)
    m = Model("floor_mod_i4")
    m.op("FLOOR_MOD", [m.input((2, 20), "i4"), m.tensor((), "i4", 4)], [m.output((2, 20), "i4")])
    done(m)
    m = Model("pow")
    m.op("POW", [m.input((2, 4)), m.input((2, 4))], [m.output((2, 4))])
    done(m, rng.uniform(0.2, 2, (2, 4)))
    for code in ("LESS", "LESS_EQUAL", "GREATER", "GREATER_EQUAL", "EQUAL", "NOT_EQUAL"):
        m = Model(code.lower())
        m.op(code, [m.input((3, 7), "i4"), m.input((3, 7), "i4")], [m.output((3, 7), "b1")])
        done(m)
    for code in ("LOGICAL_AND", "LOGICAL_OR"):
        m = Model(code.lower())
        m.op(code, [m.input((3, 7), "b1"), m.input((3, 7), "b1")], [m.output((3, 7), "b1")])
        done(m)
    m = Model("logical_not")
    m.op("LOGICAL_NOT", [m.input((3, 7), "b1")], [m.output((3, 7), "b1")])
    done(m)
    m = Model("prelu")
    m.op("PRELU", [m.input((1, 4, 5, 3)), m.tensor((1, 1, 3), data=[0.1, 0.2, 0.3])], [m.output((1, 4, 5, 3))])
    done(m)
    m = Model("select_v2")
    m.op("SELECT_V2", [m.input((2, 5), "b1"), m.input((2, 5)), m.input((1, 5))], [m.output((2, 5))])
    done(m)
    m = Model("add_n")
    m.op("ADD_N", [m.input((2, 5)), m.input((2, 5)), m.input((2, 5))], [m.output((2, 5))])
    done(m)


def reductions():
    for code in ("MEAN", "SUM", "REDUCE_MAX", "REDUCE_MIN", "REDUCE_PROD"):
        for axes, keep, out in (([1, 2], True, (2, 1, 1, 3)), ([1, 2], False, (2, 3)), ([-1], False, (2, 4, 5))):
            m = Model(f"{code.lower()}_{len(axes)}_{keep:d}")
            m.op(code, [m.input((2, 4, 5, 3)), m.ints(axes)], [m.output(out)], "ReducerOptions", keepDims=keep)
            done(m)
    for dtype in ("i1", "u1"):
        m = Model(f"mean_{dtype}")
        m.op("MEAN", [m.input((1, 7, 7, 6), dtype, **QUANT[dtype]), m.ints([1, 2])], [m.output((1, 6), dtype, scale=0.01, zero=3)], "ReducerOptions", version=2)
        done(m)
    for code in ("REDUCE_ANY", "REDUCE_ALL"):
        m = Model(code.lower())
        m.op(code, [m.input((3, 3), "b1"), m.ints([1])], [m.output((3,), "b1")], "ReducerOptions", keepDims=False)
        done(m)
    for code in ("ARG_MAX", "ARG_MIN"):
        m = Model(code.lower())
        m.op(code, [m.input((2, 4, 5, 3)), m.ints(-1)], [m.output((2, 4, 5), "i4")], code[:3].title() + code[4:].title() + "Options", outputType=2)
        done(m)
    for dtype, version in (("f4", 1), ("i1", 2), ("u1", 1)):
        m = Model(f"softmax_{dtype}")
        out = {} if dtype == "f4" else dict(scale=1 / 256, zero=-128 if dtype == "i1" else 0)
        m.op("SOFTMAX", [m.input((2, 9), dtype, **QUANT[dtype])], [m.output((2, 9), dtype, **out)], "SoftmaxOptions", version=version, beta=1.0)
        done(m)
    m = Model("softmax_beta")
    m.op("SOFTMAX", [m.input((1, 3, 4, 6))], [m.output((1, 3, 4, 6))], "SoftmaxOptions", beta=0.5)
    done(m)
    m = Model("log_softmax")
    m.op("LOG_SOFTMAX", [m.input((2, 9))], [m.output((2, 9))])
    done(m)
    m = Model("l2_normalization")
    m.op("L2_NORMALIZATION", [m.input((1, 3, 4, 6))], [m.output((1, 3, 4, 6))], "L2NormOptions")
    done(m)
    m = Model("local_response_normalization")
    m.op("LOCAL_RESPONSE_NORMALIZATION", [m.input((1, 3, 4, 9))], [m.output((1, 3, 4, 9))], "LocalResponseNormalizationOptions", radius=2, bias=1.0, alpha=0.3, beta=0.75)
    done(m)
    m = Model("cumsum")
    m.op("CUMSUM", [m.input((3, 5)), m.ints(1)], [m.output((3, 5))], "CumsumOptions", exclusive=True, reverse=False)
    done(m)
    m = Model("topk_v2")
    m.op("TOPK_V2", [m.input((3, 9)), m.ints(4)], [m.output((3, 4)), m.output((3, 4), "i4")])
    done(m)


def moves():
    m = Model("reshape")
    m.op("RESHAPE", [m.input((1, 4, 5, 3)), m.ints([2, 30])], [m.output((2, 30))], "ReshapeOptions")
    done(m)
    m = Model("reshape_i1")
    m.op("RESHAPE", [m.input((1, 4, 5, 3), "i1", **QUANT["i1"]), m.ints([-1, 3])], [m.output((20, 3), "i1", **QUANT["i1"])], "ReshapeOptions")
    done(m)
    m = Model("squeeze")
    m.op("SQUEEZE", [m.input((1, 4, 1, 3))], [m.output((4, 3))], "SqueezeOptions", squeezeDims=[0, 2])
    done(m)
    m = Model("expand_dims")
    m.op("EXPAND_DIMS", [m.input((4, 3)), m.ints(1)], [m.output((4, 1, 3))])
    done(m)
    m = Model("transpose")
    m.op("TRANSPOSE", [m.input((2, 3, 4, 5)), m.ints([0, 3, 1, 2])], [m.output((2, 5, 3, 4))])
    done(m)
    for dtype in ("f4", "i1"):
        m = Model(f"concatenation_{dtype}")
        m.op("CONCATENATION", [m.input((1, 4, 5, 3), dtype, **QUANT[dtype]), m.input((1, 4, 5, 2), dtype, **QUANT[dtype])],
             [m.output((1, 4, 5, 5), dtype, **QUANT[dtype])], "ConcatenationOptions", version=2 if dtype == "i1" else 1, axis=3)
        done(m)
    m = Model("concatenation_of_other_scales_u1")
    m.op("CONCATENATION", [m.input((1, 4, 5, 3), "u1", scale=0.02, zero=99), m.input((1, 4, 5, 2), "u1", scale=0.04, zero=140)],
         [m.output((1, 4, 5, 5), "u1", scale=0.05, zero=128)], "ConcatenationOptions", axis=-1)
    done(m)
    m = Model("pack")
    m.op("PACK", [m.input((4, 3)), m.input((4, 3))], [m.output((4, 2, 3))], "PackOptions", valuesCount=2, axis=1)
    done(m)
    m = Model("unpack")
    m.op("UNPACK", [m.input((4, 2, 3))], [m.output((4, 3)), m.output((4, 3))], "UnpackOptions", num=2, axis=1)
    done(m)
    m = Model("split")
    m.op("SPLIT", [m.ints(3), m.input((1, 2, 3, 6))], [m.output((1, 2, 3, 3)), m.output((1, 2, 3, 3))], "SplitOptions", numSplits=2)
    done(m)
    m = Model("split_v")
    m.op("SPLIT_V", [m.input((2, 7)), m.ints([3, 4]), m.ints(1)], [m.output((2, 3)), m.output((2, 4))], "SplitVOptions", numSplits=2)
    done(m)
    m = Model("tile")
    m.op("TILE", [m.input((2, 3)), m.ints([2, 2])], [m.output((4, 6))])
    done(m)
    m = Model("broadcast_to")
    m.op("BROADCAST_TO", [m.input((1, 3)), m.ints([4, 3])], [m.output((4, 3))], version=2)
    done(m)
    m = Model("fill")
    m.op("FILL", [m.ints([2, 3]), m.input(())], [m.output((2, 3))])
    done(m)
    m = Model("gather")
    m.op("GATHER", [m.input((5, 4, 3)), m.ints([3, 0, 2])], [m.output((5, 3, 3))], "GatherOptions", axis=1)
    done(m)
    m = Model("gather_nd")
    m.op("GATHER_ND", [m.input((5, 4, 3)), m.ints([[3, 0], [2, 1]])], [m.output((2, 3))])
    done(m)
    m = Model("slice")
    m.op("SLICE", [m.input((1, 5, 6, 3)), m.ints([0, 1, 2, 0]), m.ints([1, 3, -1, 2])], [m.output((1, 3, 4, 2))])
    done(m)
    m = Model("strided_slice")
    m.op("STRIDED_SLICE", [m.input((1, 5, 6, 3)), m.ints([0, 4, 1, 0]), m.ints([1, 0, 6, 3]), m.ints([1, -2, 2, 1])],
         [m.output((1, 2, 3, 3))], "StridedSliceOptions", beginMask=8, endMask=8)
    done(m)
    m = Model("strided_slice_shrinks")
    m.op("STRIDED_SLICE", [m.input((4, 5, 6)), m.ints([1, -2, 0]), m.ints([2, 5, 6]), m.ints([1, 1, 1])],
         [m.output((2, 6))], "StridedSliceOptions", shrinkAxisMask=1, endMask=4)
    done(m)
    m = Model("strided_slice_with_new_axis_and_ellipsis")
    m.op("STRIDED_SLICE", [m.input((4, 5, 6)), m.ints([0, 0, 1]), m.ints([0, 0, 5]), m.ints([1, 1, 2])],
         [m.output((1, 4, 5, 2))], "StridedSliceOptions", newAxisMask=1, ellipsisMask=2)
    done(m)
    m = Model("reverse_v2")
    m.op("REVERSE_V2", [m.input((4, 5)), m.ints([1])], [m.output((4, 5))])
    done(m)
    m = Model("shape")
    m.op("SHAPE", [m.input((4, 5, 2))], [m.output((3,), "i4")], "ShapeOptions", outType=2)
    done(m)
    m = Model("zeros_like")
    m.op("ZEROS_LIKE", [m.input((4, 5))], [m.output((4, 5))])
    done(m)


def images():
    pads = [[0, 0], [1, 2], [0, 3], [0, 0]]
    for dtype in ("f4", "i1", "u1"):
        m = Model(f"pad_{dtype}")
        m.op("PAD", [m.input((1, 4, 5, 3), dtype, **QUANT[dtype]), m.ints(pads)], [m.output((1, 7, 8, 3), dtype, **QUANT[dtype])], version=2)
        done(m)
    m = Model("padv2")
    m.op("PADV2", [m.input((2, 5)), m.ints([[1, 0], [0, 2]]), m.tensor((1,), data=[2.5])], [m.output((3, 7))])
    done(m)
    m = Model("mirror_pad")
    m.op("MIRROR_PAD", [m.input((4, 5)), m.ints([[1, 2], [2, 1]])], [m.output((7, 8))], "MirrorPadOptions", mode=0)
    done(m)
    for corners, centers in ((False, False), (True, False), (False, True)):
        for code, options in (("RESIZE_BILINEAR", "ResizeBilinearOptions"), ("RESIZE_NEAREST_NEIGHBOR", "ResizeNearestNeighborOptions")):
            m = Model(f"{code.lower()}_{corners:d}{centers:d}")
            m.op(code, [m.input((1, 4, 5, 3)), m.ints([9, 7])], [m.output((1, 9, 7, 3))], options, version=3, alignCorners=corners, halfPixelCenters=centers)
            done(m)
    for dtype in ("i1", "u1"):
        m = Model(f"resize_bilinear_{dtype}")
        m.op("RESIZE_BILINEAR", [m.input((1, 4, 5, 3), dtype, **QUANT[dtype]), m.ints([8, 10])], [m.output((1, 8, 10, 3), dtype, **QUANT[dtype])], "ResizeBilinearOptions", version=3, halfPixelCenters=True)
        done(m)
    m = Model("space_to_depth")
    m.op("SPACE_TO_DEPTH", [m.input((1, 4, 6, 3))], [m.output((1, 2, 3, 12))], "SpaceToDepthOptions", blockSize=2)
    done(m)
    m = Model("depth_to_space")
    m.op("DEPTH_TO_SPACE", [m.input((1, 2, 3, 12))], [m.output((1, 4, 6, 3))], "DepthToSpaceOptions", blockSize=2)
    done(m)
    m = Model("space_to_batch_nd")
    m.op("SPACE_TO_BATCH_ND", [m.input((1, 5, 6, 3)), m.ints([2, 2]), m.ints([[1, 0], [0, 0]])], [m.output((4, 3, 3, 3))])
    done(m)
    m = Model("batch_to_space_nd")
    m.op("BATCH_TO_SPACE_ND", [m.input((4, 3, 3, 3)), m.ints([2, 2]), m.ints([[1, 0], [0, 1]])], [m.output((1, 5, 5, 3))])
    done(m)


for family in (convolutions, products, pools, elements, binaries, reductions, moves, images):
    family()


def blob(data):
    return struct.pack("<I", len(data)) + data


out = b""
for name, model, xs, ys in cases:
    out += blob(name.encode()) + blob(model)
    for arrays in (xs, ys):
        out += struct.pack("<I", len(arrays)) + b"".join(blob(a.tobytes()) for a in arrays)
(OUT / "cases.bin").write_bytes(out)
print(len(cases), "cases,", len(out), "bytes")
