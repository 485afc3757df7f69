#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Time inference engines side by side on one model, interleaved so that machine noise hits all alike.

usage: peers.py MODEL [--engines ort,openvino,ncnn,mnn,litert] [--worker NAME=COMMAND ...]
                [--threads 1] [--rounds 15] [--runs 5] [--batch 1] [--json FILE]

MODEL is .onnx (float32, or int8 in QDQ form) or .tflite. Each engine lives in its own process, loads
the model once, and in each round does `runs` inferences on the same random input; the table shows the
minimum and the median over all rounds, the time to load, the time of the first inference, and by how
much loading and running raised the peak of the process's resident memory above what it was before the
load (libraries imported, model not yet touched).

A worker of your own joins with --worker hone='build/release/hone bench-worker MODEL --threads THREADS --batch BATCH' (the words in
capitals are filled in). Protocol:
after loading and one run it prints `ready <load_ms> <first_ms> <base_mb>` on stdout (base_mb: VmHWM of
/proc/self/status just before the load, in MiB); for each line `<n>` on stdin it runs n inferences and
prints n latencies in milliseconds on one line; it ends when stdin closes.

Exit status 1 if an engine or a worker that was asked for by name did not run.

Setup: see README.md beside this file.
"""
import argparse, json, os, re, select, shlex, subprocess, sys, tempfile, time

ENGINES = ("ort", "openvino", "ncnn", "mnn", "litert")


def input_of(model):
    """(name, shape, numpy dtype) of every graph input of an ONNX model, unknown dimensions as 1."""
    import onnx
    g = onnx.load(model, load_external_data=False).graph
    const = {t.name for t in g.initializer}
    res = []
    for v in g.input:
        if v.name in const:
            continue
        t = v.type.tensor_type
        shape = [d.dim_value if d.dim_value > 0 else 1 for d in t.shape.dim]
        res.append((v.name, shape, onnx.helper.tensor_dtype_to_np_dtype(t.elem_type)))
    return res


def sample(shape, dtype):
    import numpy as np
    rng = np.random.default_rng(7)
    if np.issubdtype(dtype, np.floating):
        return rng.standard_normal(shape).astype(dtype)
    return rng.integers(0, 100, shape).astype(dtype)


def make_runner(engine, model, threads, batch, ins):
    """Load the model, whose inputs are `ins` (see input_of); return a function that does one inference."""
    if engine == "ort":
        import onnxruntime as ort
        start_clock()
        o = ort.SessionOptions()
        o.intra_op_num_threads, o.inter_op_num_threads = threads, 1
        s = ort.InferenceSession(model, o, providers=["CPUExecutionProvider"])
        feed = {n: sample([batch] + sh[1:] if sh else sh, d) for n, sh, d in ins}
        return lambda: s.run(None, feed)
    if engine == "openvino":
        import openvino as ov
        core = ov.Core()
        start_clock()
        net = core.read_model(model)
        net.reshape({n: ([batch] + sh[1:] if sh else sh) for n, sh, d in ins})
        c = core.compile_model(net, "CPU", {"INFERENCE_NUM_THREADS": threads, "PERFORMANCE_HINT": "LATENCY",
                                         "INFERENCE_PRECISION_HINT": "f32"})
        r = c.create_infer_request()
        feed = {n: sample([batch] + sh[1:] if sh else sh, d) for n, sh, d in ins}
        return lambda: r.infer(feed)
    if engine == "ncnn":
        if batch != 1:
            raise RuntimeError("ncnn has no batch dimension")
        import ncnn
        d = tempfile.mkdtemp()
        shapes = ",".join("[" + ",".join(map(str, sh)) + "]" for n, sh, t in ins)
        local = os.path.join(d, "m.onnx")
        os.symlink(os.path.abspath(model), local)
        import importlib.util
        exe = os.path.join(os.path.dirname(importlib.util.find_spec("pnnx").origin), "pnnx")
        p = subprocess.run([exe, local, "inputshape=" + shapes, "fp16=0"], cwd=d, capture_output=True, text=True)
        if not os.path.exists(os.path.join(d, "m.ncnn.param")):
            raise RuntimeError("pnnx cannot convert it: " + (p.stderr + p.stdout)[-200:])
        start_clock()                                    # conversion is not load time
        net = ncnn.Net()
        net.opt.num_threads = threads
        net.opt.use_fp16_packed = net.opt.use_fp16_storage = net.opt.use_fp16_arithmetic = False
        net.opt.use_bf16_storage = False
        net.load_param(os.path.join(d, "m.ncnn.param"))
        net.load_model(os.path.join(d, "m.ncnn.bin"))
        arrays = [sample(sh[1:], t) for n, sh, t in ins]     # named, since Mat(array) only borrows
        mats = [ncnn.Mat(a).clone() for a in arrays]
        names, outs = net.input_names(), net.output_names()

        def run():
            with net.create_extractor() as ex:
                for n, m in zip(names, mats):
                    ex.input(n, m)
                for o in outs:
                    ex.extract(o)
        return run
    if engine == "mnn":
        import MNN
        d = tempfile.mkdtemp()
        out = os.path.join(d, "m.mnn")
        exe = os.path.join(os.path.dirname(sys.executable), "mnnconvert")
        kind = "TFLITE" if model.endswith(".tflite") else "ONNX"
        p = subprocess.run([exe, "-f", kind, "--modelFile", model, "--MNNModel", out, "--bizCode", "x"], capture_output=True, text=True)
        if not os.path.exists(out):
            raise RuntimeError("mnnconvert failed: " + (p.stdout + p.stderr)[-200:])
        import numpy as np
        start_clock()
        it = MNN.Interpreter(out)
        s = it.createSession({"backend": "CPU", "numThread": threads, "precision": "high"})
        if model.endswith(".onnx"):
            ts = it.getSessionInputAll(s)
            for n, sh, dt in ins:
                it.resizeTensor(ts[n], tuple([batch] + sh[1:]))
            it.resizeSession(s)
            for n, sh, dt in ins:
                sh = [batch] + sh[1:]
                ts[n].copyFrom(MNN.Tensor(tuple(sh), MNN.Halide_Type_Float, sample(sh, np.float32), MNN.Tensor_DimensionType_Caffe))
        return lambda: it.runSession(s)
    if engine == "litert":
        from ai_edge_litert.interpreter import Interpreter
        start_clock()
        it = Interpreter(model_path=model, num_threads=threads)
        if batch > 1:
            for i in it.get_input_details():
                it.resize_tensor_input(i["index"], [batch] + list(i["shape"][1:]))
        it.allocate_tensors()
        for i in it.get_input_details():
            it.set_tensor(i["index"], sample(i["shape"], i["dtype"]))
        return it.invoke
    raise ValueError(engine)


def start_clock():
    """Everything is imported, nothing is loaded: time and memory count from here."""
    start_clock.at, start_clock.mb = time.perf_counter(), peak_mb(os.getpid())


def worker(engine, model, threads, batch, ins):
    out = os.fdopen(os.dup(1), "w")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)           # engines chat on stdout
    import numpy as np
    ins = [(n, sh, np.dtype(t)) for n, sh, t in json.loads(ins)]
    run = make_runner(engine, model, threads, batch, ins)
    loaded = time.perf_counter()
    run()
    first = time.perf_counter() - loaded
    print("ready %.2f %.2f %.2f" % ((loaded - start_clock.at) * 1e3, first * 1e3, start_clock.mb), file=out, flush=True)
    for line in sys.stdin:
        ts = []
        for _ in range(int(line)):
            t = time.perf_counter()
            run()
            ts.append((time.perf_counter() - t) * 1e3)
        print(" ".join("%.4f" % t for t in ts), file=out, flush=True)


def peak_mb(pid):
    try:
        return int(re.search(r"VmHWM:\s+(\d+)", open("/proc/%d/status" % pid).read()).group(1)) / 1024
    except Exception:
        return float("nan")


def main():
    if len(sys.argv) > 1 and sys.argv[1] == "--child":
        return worker(sys.argv[2], sys.argv[3], int(sys.argv[4]), int(sys.argv[5]), sys.argv[6])
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("model")
    ap.add_argument("--engines", default=None)
    ap.add_argument("--worker", action="append", default=[])
    ap.add_argument("--threads", type=int, default=1)
    ap.add_argument("--batch", type=int, default=1)
    ap.add_argument("--rounds", type=int, default=15)
    ap.add_argument("--runs", type=int, default=5)
    ap.add_argument("--patience", type=float, default=90, help="seconds an engine may take to load")
    ap.add_argument("--json")
    a = ap.parse_args()
    default = "litert,mnn" if a.model.endswith(".tflite") else "ort,openvino,ncnn,mnn"
    names = [e for e in (default if a.engines is None else a.engines).split(",") if e]
    ins = [] if a.model.endswith(".tflite") else [(n, sh, t.str) for n, sh, t in input_of(a.model)]
    cmds = {e: [sys.executable, os.path.abspath(__file__), "--child", e, a.model, str(a.threads), str(a.batch), json.dumps(ins)] for e in names}
    for w in a.worker:
        n, c = w.split("=", 1)
        cmds[n] = shlex.split(c.replace("THREADS", str(a.threads)).replace("BATCH", str(a.batch)).replace("MODEL", a.model))
    live, failed = {}, {}
    for n, c in cmds.items():
        err = tempfile.TemporaryFile("w+")                  # a file: a full pipe would stall the engine
        p = subprocess.Popen(c, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=err, text=True)
        first = p.stdout.readline() if select.select([p.stdout], [], [], a.patience)[0] else ""
        if not first.startswith("ready"):
            late = p.poll() is None and not first
            p.kill()
            p.wait()
            err.seek(0)
            failed[n] = ["not ready after %g s" % a.patience] if late else err.read().strip().splitlines()[-1:] or [first]
            continue
        w = first.split()
        live[n] = dict(p=p, load=float(w[1]), first=float(w[2]), base=float(w[3]), t=[])
    for r in range(a.rounds):
        order = list(live)
        order = order[r % len(order):] + order[:r % len(order)] if order else order
        for n in order:
            w = live[n]
            try:
                w["p"].stdin.write("%d\n" % a.runs)
                w["p"].stdin.flush()
                ts = [float(x) for x in w["p"].stdout.readline().split()]
            except BrokenPipeError:
                ts = []
            if not ts:
                failed[n] = ["stopped answering"]
            w["t"] += ts
    res = {}
    for n, w in live.items():
        if not w["t"]:
            continue
        t = sorted(w["t"])
        res[n] = dict(min_ms=t[0], median_ms=t[len(t) // 2], load_ms=w["load"], first_ms=w["first"],
                      grown_mb=peak_mb(w["p"].pid) - w["base"])
        w["p"].stdin.close()
    print("%s  threads=%d batch=%d" % (os.path.basename(a.model), a.threads, a.batch))
    for n, r in sorted(res.items(), key=lambda x: x[1]["median_ms"]):
        print("  %-10s median %9.3f ms  min %9.3f ms  load %7.1f ms  first %7.1f ms  memory +%.1f MB" % (n, r["median_ms"], r["min_ms"], r["load_ms"], r["first_ms"], r["grown_mb"]))
    for n, m in failed.items():
        print("  %-10s failed: %s" % (n, m[0][:160]))
    if a.json:
        json.dump(dict(model=os.path.basename(a.model), threads=a.threads, batch=a.batch, engines=res, failed=failed), open(a.json, "w"), indent=1)
    asked = set(a.engines.split(",") if a.engines else []) | {w.split("=", 1)[0] for w in a.worker}
    return 1 if asked & set(failed) else 0


if __name__ == "__main__":
    sys.exit(main())
