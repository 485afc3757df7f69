#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Write the folders beside this file: models whose shapes or ways depend on data, with inputs and the answers of
ONNX Runtime, in the layout of ONNX's backend tests.

usage: make.py      (needs numpy, onnx, onnxruntime; scripts/venv makes such an environment)
"""
import os, shutil
import numpy as np
import onnx
import onnxruntime as ort
from onnx import TensorProto as T, helper as h, numpy_helper as nh

HERE = os.path.dirname(os.path.abspath(__file__))
RNG = np.random.default_rng(7)


def f32(*shape, scale=1.0):
    return (RNG.standard_normal(shape) * scale).astype(np.float32)


def const(name, array):
    return nh.from_array(np.asarray(array), name)


def vi(name, dtype, shape):
    return h.make_tensor_value_info(name, dtype, shape)


def node(op, inputs, outputs, **attributes):
    return h.make_node(op, inputs, outputs, **attributes)


def model(graph, functions=(), domains=()):
    imports = [h.make_opsetid("", 18)] + [h.make_opsetid(d, 1) for d in domains]
    made = h.make_model(graph, opset_imports=imports, ir_version=10, functions=list(functions), producer_name="make.py")
    onnx.checker.check_model(made)
    return made


def save(name, made, data_sets):
    folder = os.path.join(HERE, name)
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    onnx.save(made, os.path.join(folder, "model.onnx"))
    session = ort.InferenceSession(os.path.join(folder, "model.onnx"), providers=["CPUExecutionProvider"])
    for number, inputs in enumerate(data_sets):
        place = os.path.join(folder, "test_data_set_%d" % number)
        os.makedirs(place)
        names = [port.name for port in session.get_inputs()]
        outputs = session.run(None, dict(zip(names, inputs)))
        for kind, arrays in (("input", inputs), ("output", outputs)):
            for i, array in enumerate(arrays):
                with open(os.path.join(place, "%s_%d.pb" % (kind, i)), "wb") as out:
                    out.write(nh.from_array(np.asarray(array)).SerializeToString())


def detector():
    """A convolution, its boxes and scores, NonMaxSuppression, and a head on the boxes that are left."""
    boxes = 6 * 6
    graph = h.make_graph([
        node("Conv", ["image", "w", "b"], ["features"], strides=[2, 2], pads=[1, 1, 1, 1]),
        node("Relu", ["features"], ["active"]),
        node("Conv", ["active", "w_box"], ["raw"]),
        node("Split", ["raw", "parts"], ["raw_box", "raw_score"], axis=1),
        node("Sigmoid", ["raw_score"], ["score_map"]),
        node("Reshape", ["score_map", "score_shape"], ["scores"]),
        node("Reshape", ["raw_box", "box_shape"], ["box_rows"]),
        node("Transpose", ["box_rows"], ["offsets"], perm=[0, 2, 1]),
        node("Add", ["offsets", "anchors"], ["boxes"]),
        node("NonMaxSuppression", ["boxes", "scores", "most", "overlap", "least"], ["selected"]),
        node("Gather", ["selected", "two"], ["index"], axis=1),
        node("Squeeze", ["boxes", "zero_axis"], ["image_boxes"]),
        node("Gather", ["image_boxes", "index"], ["kept"], axis=0),
        node("MatMul", ["kept", "w_head"], ["head"]),
        node("Softmax", ["head"], ["answer"], axis=-1),
    ], "detector", [vi("image", T.FLOAT, [1, 3, 12, 12])],
        [vi("selected", T.INT64, ["n", 3]), vi("answer", T.FLOAT, ["n", 5])],
        [const("w", f32(8, 3, 3, 3, scale=0.3)), const("b", f32(8)), const("w_box", f32(6, 8, 1, 1, scale=0.4)),
         const("parts", np.array([4, 2])), const("score_shape", np.array([1, 2, boxes])),
         const("box_shape", np.array([1, 4, boxes])),
         const("anchors", (RNG.random((1, boxes, 4)) * 3 + [0, 0, 4, 4]).astype(np.float32)),
         const("most", np.array([9])), const("overlap", np.array([0.4], np.float32)),
         const("least", np.array([0.55], np.float32)), const("two", np.array(2)), const("zero_axis", np.array([0])),
         const("w_head", f32(4, 5))])
    save("detector", model(graph), [[f32(1, 3, 12, 12)], [f32(1, 3, 12, 12, scale=3)], [f32(1, 3, 12, 12) * 0 - 9]])


def loop():
    """A state that goes through a product with weights from outside, its trips listed; trips and end are inputs."""
    body = h.make_graph([
        node("MatMul", ["state", "w"], ["product"]),
        node("Tanh", ["product"], ["bent"]),
        node("Add", ["bent", "bias_around"], ["next"]),
        node("ReduceSum", ["next"], ["sum"], keepdims=0),
        node("Less", ["sum", "limit"], ["go_on"]),
        node("Cast", ["i"], ["number"], to=T.FLOAT),
        node("Mul", ["next", "number"], ["listed"]),
    ], "body", [vi("i", T.INT64, []), vi("go", T.BOOL, []), vi("state", T.FLOAT, ["rows", 4])],
        [vi("go_on", T.BOOL, []), vi("next", T.FLOAT, ["rows", 4]), vi("listed", T.FLOAT, ["rows", 4])])
    graph = h.make_graph([
        node("Mul", ["x", "half"], ["start"]),
        node("ReduceMean", ["x"], ["bias_around"], keepdims=0),
        node("Loop", ["trips", "", "start"], ["last", "all"], body=body),
        node("Relu", ["last"], ["y"]),
    ], "loop", [vi("x", T.FLOAT, ["rows", 4]), vi("trips", T.INT64, [])],
        [vi("y", T.FLOAT, ["rows", 4]), vi("all", T.FLOAT, ["n", "rows", 4])],
        [const("w", f32(4, 4)), const("half", np.float32(0.5)), const("limit", np.float32(4))])
    save("loop", model(graph), [[f32(2, 4), np.array(5)], [f32(3, 4), np.array(1)], [f32(2, 4), np.array(17)]])


def growing():
    """A state that grows with each trip (Concat), as decoders' caches do."""
    body = h.make_graph([
        node("Concat", ["cache", "token"], ["longer"], axis=0),
        node("MatMul", ["longer", "w"], ["keys"]),
        node("ReduceMax", ["keys", "axis"], ["best"], keepdims=1),
        node("Tanh", ["best"], ["token_next"]),
        node("Identity", ["go"], ["go_on"]),
    ], "body", [vi("i", T.INT64, []), vi("go", T.BOOL, []), vi("cache", T.FLOAT, None), vi("token", T.FLOAT, [1, 4])],
        [vi("go_on", T.BOOL, []), vi("longer", T.FLOAT, None), vi("token_next", T.FLOAT, [1, 4])])
    graph = h.make_graph([
        node("Loop", ["trips", "yes", "cache", "token"], ["cache_out", "token_out"], body=body),
    ], "growing", [vi("cache", T.FLOAT, ["n", 4]), vi("token", T.FLOAT, [1, 4]), vi("trips", T.INT64, [])],
        [vi("cache_out", T.FLOAT, ["m", 4]), vi("token_out", T.FLOAT, [1, 4])],
        [const("w", f32(4, 4)), const("axis", np.array([0])), const("yes", np.array(True))])
    save("growing", model(graph), [[f32(2, 4), f32(1, 4), np.array(14)], [f32(5, 4), f32(1, 4), np.array(0)]])


def branches():
    """Branches of different shapes, values from around them, one inside the other."""
    inner_then = h.make_graph([node("Mul", ["x", "twice"], ["t"])], "t", [], [vi("t", T.FLOAT, None)])
    inner_else = h.make_graph([node("Sub", ["pair", "twice"], ["e"])], "e", [], [vi("e", T.FLOAT, None)])
    then = h.make_graph([
        node("Concat", ["x", "x"], ["pair"], axis=0),
        node("If", ["large"], ["result"], then_branch=inner_then, else_branch=inner_else),
    ], "then", [], [vi("result", T.FLOAT, None)])
    other = h.make_graph([node("ReduceSum", ["x", "axis"], ["sums"], keepdims=1)], "else", [], [vi("sums", T.FLOAT, None)])
    graph = h.make_graph([
        node("ReduceSum", ["x"], ["sum"], keepdims=0),
        node("Greater", ["sum", "zero"], ["positive"]),
        node("Greater", ["sum", "ten"], ["large"]),
        node("Add", ["ten", "ten"], ["twice"]),
        node("If", ["positive"], ["way"], then_branch=then, else_branch=other),
        node("Neg", ["way"], ["y"]),
    ], "branches", [vi("x", T.FLOAT, ["n", 3])], [vi("y", T.FLOAT, ["m", 3])],
        [const("zero", np.float32(0)), const("ten", np.float32(10)), const("axis", np.array([0]))])
    save("branches", model(graph), [[np.full((2, 3), v, np.float32)] for v in (1, 5, -1)])


def scan():
    """A recurrent cell over the second axis, backwards too; weights from around it."""
    body = h.make_graph([
        node("MatMul", ["state", "w"], ["old"]),
        node("Add", ["old", "x_t"], ["sum"]),
        node("Tanh", ["sum"], ["next"]),
        node("Identity", ["next"], ["out"]),
    ], "body", [vi("state", T.FLOAT, ["b", 3]), vi("x_t", T.FLOAT, ["b", 3])],
        [vi("next", T.FLOAT, ["b", 3]), vi("out", T.FLOAT, ["b", 3])])
    graph = h.make_graph([
        node("Scan", ["start", "x"], ["last", "all"], body=body, num_scan_inputs=1, scan_input_axes=[1],
             scan_output_axes=[-2], scan_input_directions=[1], scan_output_directions=[1]),
    ], "scan", [vi("start", T.FLOAT, ["b", 3]), vi("x", T.FLOAT, ["b", "time", 3])],
        [vi("last", T.FLOAT, ["b", 3]), vi("all", T.FLOAT, ["b", "time", 3])], [const("w", f32(3, 3))])
    save("scan", model(graph), [[f32(2, 3), f32(2, 5, 3)], [f32(1, 3), f32(1, 9, 3)]])


def sentence():
    """Attention over a sequence of any length, its shapes computed by Shape, Gather, Concat as exporters do."""
    def split(name):
        return [node("MatMul", ["x", "w_" + name], [name + "_flat"]),
                node("Reshape", [name + "_flat", "heads_shape"], [name + "_heads"]),
                node("Transpose", [name + "_heads"], [name], perm=[0, 2, 1, 3])]
    graph = h.make_graph([
        node("Shape", ["x"], ["shape"]),
        node("Gather", ["shape", "zero"], ["batch"], axis=0),
        node("Gather", ["shape", "one"], ["time"], axis=0),
        node("Concat", ["batch", "time", "two", "four"], ["heads_shape"], axis=0),
        node("Concat", ["batch", "time", "eight"], ["out_shape"], axis=0),
        *split("q"), *split("k"), *split("v"),
        node("Transpose", ["k"], ["k_t"], perm=[0, 1, 3, 2]),
        node("MatMul", ["q", "k_t"], ["products"]),
        node("Squeeze", ["time", "zero"], ["time_number"]),
        node("Range", ["zero_number", "time_number", "one_number"], ["places"]),
        node("Unsqueeze", ["places", "one"], ["rows"]),
        node("GreaterOrEqual", ["rows", "places"], ["causal"]),
        node("Where", ["causal", "products", "minus"], ["masked"]),
        node("Softmax", ["masked"], ["weights"], axis=-1),
        node("MatMul", ["weights", "v"], ["mixed"]),
        node("Transpose", ["mixed"], ["mixed_t"], perm=[0, 2, 1, 3]),
        node("Reshape", ["mixed_t", "out_shape"], ["y"]),
    ], "sentence", [vi("x", T.FLOAT, ["batch", "time", 8])], [vi("y", T.FLOAT, ["batch", "time", 8])],
        [const("w_q", f32(8, 8)), const("w_k", f32(8, 8)), const("w_v", f32(8, 8)), const("zero", np.array([0])),
         const("one", np.array([1])), const("two", np.array([2])), const("four", np.array([4])),
         const("eight", np.array([8])), const("zero_number", np.array(0)), const("one_number", np.array(1)),
         const("minus", np.float32(-1e9))])
    save("sentence", model(graph), [[f32(*s, 8)] for s in ((1, 3), (2, 7), (1, 1), (1, 12))])


def selection():
    """NonZero, Compress, Unique, Range, TopK and Expand of sizes that the data tells."""
    graph = h.make_graph([
        node("Greater", ["x", "zero"], ["positive"]),
        node("NonZero", ["positive"], ["places"]),
        node("Transpose", ["places"], ["rows"]),
        node("GatherND", ["x", "rows"], ["found"]),
        node("Shape", ["found"], ["count"]),
        node("Div", ["count", "two"], ["half"]),
        node("TopK", ["found", "half"], ["best", "at"]),
        node("Expand", ["column", "half"], ["ones"]),
        node("Mul", ["best", "ones"], ["scaled"]),
        node("Round", ["found"], ["whole"]),
        node("Unique", ["whole"], ["kinds", "", "", "counts"]),
        node("Squeeze", ["count"], ["number"]),
        node("Range", ["start", "number", "step"], ["ramp"]),
        node("Pad", ["scaled", "pads"], ["y"]),
    ], "selection", [vi("x", T.FLOAT, ["n", "m"]), vi("pads", T.INT64, [2])],
        [vi("y", T.FLOAT, ["a"]), vi("kinds", T.FLOAT, ["b"]), vi("counts", T.INT64, ["b"]), vi("ramp", T.INT64, ["c"])],
        [const("zero", np.float32(0)), const("two", np.array([2])), const("column", np.array([3], np.float32)),
         const("start", np.array(0)), const("step", np.array(1))])
    save("selection", model(graph), [[f32(4, 5, scale=2), np.array([1, 2])], [f32(2, 9, scale=3), np.array([0, 0])],
                                     [-abs(f32(3, 3)), np.array([2, 0])]])


def sequences():
    """Pieces of a tensor, changed one by one, and put together again."""
    body = h.make_graph([
        node("SequenceAt", ["pieces", "i"], ["piece"]),
        node("MatMul", ["piece", "w"], ["changed"]),
        node("SequenceInsert", ["done", "changed"], ["more"]),
        node("Identity", ["go"], ["go_on"]),
    ], "body", [vi("i", T.INT64, []), vi("go", T.BOOL, []),
                h.make_tensor_sequence_value_info("done", T.FLOAT, None)],
        [vi("go_on", T.BOOL, []), h.make_tensor_sequence_value_info("more", T.FLOAT, None)])
    graph = h.make_graph([
        node("SplitToSequence", ["x", "sizes"], ["pieces"], axis=0),
        node("SequenceLength", ["pieces"], ["count"]),
        node("SequenceEmpty", [], ["none"]),
        node("Loop", ["count", "", "none"], ["done"], body=body),
        node("ConcatFromSequence", ["done"], ["y"], axis=0),
        node("SequenceErase", ["done", "first"], ["fewer"]),
        node("SequenceAt", ["fewer", "minus"], ["last"]),
    ], "sequences", [vi("x", T.FLOAT, ["n", 3]), vi("sizes", T.INT64, ["k"])],
        [vi("y", T.FLOAT, ["n", 2]), vi("last", T.FLOAT, ["m", 2]), vi("count", T.INT64, [])],
        [const("w", f32(3, 2)), const("first", np.array(0)), const("minus", np.array(-1))])
    save("sequences", model(graph), [[f32(6, 3), np.array([1, 3, 2])], [f32(7, 3), np.array([4, 3])]])


def functions():
    """Functions of the model: one that calls another, attributes handed down, a default, a value without a name."""
    domain = "house"
    scale = h.make_function(domain, "Scale", ["a"], ["b"], [
        node("Constant", [], ["factor"]), node("Mul", ["a", "factor"], ["b"])],
        [h.make_opsetid("", 18)], ["by"])
    reference = onnx.AttributeProto(name="value_float", ref_attr_name="by", type=onnx.AttributeProto.FLOAT)
    scale.node[0].attribute.append(reference)
    call = h.make_node("Scale", ["x"], ["t"], domain=domain)
    call.attribute.append(onnx.AttributeProto(name="by", ref_attr_name="slope", type=onnx.AttributeProto.FLOAT))
    bend = h.make_function(domain, "Bend", ["x", "shift"], ["y", "t"], [
        call, node("Add", ["t", "shift"], ["sum"]), node("LeakyRelu", ["sum"], ["y"])],
        [h.make_opsetid("", 18), h.make_opsetid(domain, 1)], [], [h.make_attribute("slope", 0.25)])
    bend.node[2].attribute.append(onnx.AttributeProto(name="alpha", ref_attr_name="slope",
                                                      type=onnx.AttributeProto.FLOAT))
    graph = h.make_graph([
        h.make_node("Bend", ["x", "c"], ["first", ""], domain=domain),
        h.make_node("Bend", ["first", "c"], ["y", "t"], domain=domain, slope=0.5),
    ], "functions", [vi("x", T.FLOAT, ["n", 3])], [vi("y", T.FLOAT, ["n", 3]), vi("t", T.FLOAT, ["n", 3])],
        [const("c", f32(3))])
    save("functions", model(graph, [scale, bend], [domain]), [[f32(2, 3)], [f32(4, 3)]])


for make in (detector, loop, growing, branches, scan, sentence, selection, sequences, functions):
    make()
