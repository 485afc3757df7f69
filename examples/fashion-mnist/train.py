#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Train the demo's classifier on Fashion-MNIST and write model.onnx.

    python3 -m venv build/torchvenv && build/torchvenv/bin/pip install torch numpy onnx
    build/torchvenv/bin/python examples/fashion-mnist/train.py --out build/fashion-mnist
    build/torchvenv/bin/python examples/fashion-mnist/train.py --out build/fashion-mnist --export

The data are Debian's package dataset-fashion-mnist. The last 5,000 training images are held out
and choose the checkpoint; the 10,000 test images are looked at once, at the end, and choose nothing.
A checkpoint follows every epoch, so a run that was stopped goes on where it was.
The ONNX graph is written by hand from the state (onnx.helper), so that what is in the file does not
depend on an exporter's version; batch normalization stays a node of its own, as exporters leave it.
"""
import argparse
import gzip
import json
import math
import pathlib
import time

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

LABELS = ["T-shirt/top", "Trouser", "Pullover", "Dress", "Coat",
          "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"]
MEAN, STD = 72.9404, 90.0212  # of the training images' pixels, 0 to 255
HELD_OUT = 5000

# (input channels, output channels, stride) of the 3x3 convolutions, batch norm and ReLU after each
CONVOLUTIONS = [(1, 32, 1), (32, 64, 2), (64, 64, 1), (64, 128, 2), (128, 128, 1)]


class Net(nn.Module):
    """Five convolutions, 2x2 max pooling, two fully connected layers: 575,000 parameters."""

    def __init__(self):
        super().__init__()
        self.conv = nn.ModuleList(
            nn.Conv2d(a, b, 3, stride=s, padding=1, bias=False) for a, b, s in CONVOLUTIONS)
        self.norm = nn.ModuleList(nn.BatchNorm2d(b) for _, b, _ in CONVOLUTIONS)
        self.hidden = nn.Linear(128 * 3 * 3, 256)
        self.logits = nn.Linear(256, 10)
        self.drop = nn.Dropout(0.3)

    def forward(self, x):
        for conv, norm in zip(self.conv, self.norm):
            x = F.relu(norm(conv(x)))
        x = F.max_pool2d(x, 2).flatten(1)
        return self.logits(self.drop(F.relu(self.hidden(self.drop(x)))))


def read_idx(path):
    raw = gzip.open(path).read()
    rank = raw[3]
    shape = np.frombuffer(raw, ">i4", rank, 4)
    return np.frombuffer(raw, np.uint8, offset=4 + 4 * rank).reshape(shape)


def load(folder, name):
    images = read_idx(folder / f"{name}-images-idx3-ubyte.gz").astype(np.float32)
    labels = read_idx(folder / f"{name}-labels-idx1-ubyte.gz").astype(np.int64)
    return torch.from_numpy((images - MEAN) / STD)[:, None], torch.from_numpy(labels)


def augment(x, rng):
    """Half the images mirrored; each shifted by up to two pixels; a tenth loses a patch of 8x8."""
    n = len(x)
    x = torch.where(torch.rand(n, 1, 1, 1, generator=rng) < 0.5, x.flip(3), x)
    x = F.pad(x, (2, 2, 2, 2), value=-MEAN / STD)
    dy, dx = (torch.randint(0, 5, (n, 1, 1), generator=rng) for _ in range(2))
    rows, cols = torch.arange(28).view(1, 28, 1) + dy, torch.arange(28).view(1, 1, 28) + dx
    x = x[torch.arange(n).view(n, 1, 1), 0, rows, cols][:, None]
    cut = torch.rand(n, 1, 1, generator=rng) < 0.1
    cy, cx = (torch.randint(0, 21, (n, 1, 1), generator=rng) for _ in range(2))
    row, col = torch.arange(28).view(1, 28, 1), torch.arange(28).view(1, 1, 28)
    hole = cut & (row >= cy) & (row < cy + 8) & (col >= cx) & (col < cx + 8)
    return x.masked_fill(hole[:, None], 0.0)


@torch.no_grad()
def accuracy(net, x, y):
    net.eval()
    hits = sum((net(x[i:i + 500]).argmax(1) == y[i:i + 500]).sum().item()
               for i in range(0, len(x), 500))
    return 100.0 * hits / len(x)


def schedule(step, steps, peak):
    """One cycle: up in the first fifth, then half a cosine down to nothing."""
    warm = 0.2 * steps
    if step < warm:
        return peak * (0.1 + 0.9 * step / warm)
    return peak * 0.5 * (1 + math.cos(math.pi * (step - warm) / (steps - warm)))


def run_epoch(net, optimizer, x, y, epoch, args, rng):
    net.train()
    order, total = torch.randperm(len(x), generator=rng), 0.0
    per_epoch = len(x) // args.batch
    for k in range(per_epoch):
        pick = order[k * args.batch:(k + 1) * args.batch]
        for group in optimizer.param_groups:
            group["lr"] = schedule(epoch * per_epoch + k, args.epochs * per_epoch, args.lr)
        loss = F.cross_entropy(net(augment(x[pick], rng)), y[pick], label_smoothing=0.05)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        total += loss.item()
    return total / per_epoch


def train(args):
    torch.set_num_threads(args.threads)
    torch.manual_seed(args.seed)
    x, y = load(args.data, "train")
    net = Net().to(memory_format=torch.channels_last)
    optimizer = torch.optim.SGD(net.parameters(), lr=args.lr, momentum=0.9, nesterov=True,
                                weight_decay=5e-4)
    last, start, log = args.out / "last.pt", 0, []
    if last.exists():
        saved = torch.load(last)
        net.load_state_dict(saved["net"])
        optimizer.load_state_dict(saved["optimizer"])
        start, log = saved["epoch"] + 1, saved["log"]
    for epoch in range(start, args.epochs):
        begin = time.time()
        rng = torch.Generator().manual_seed(args.seed * 1000 + epoch)
        loss = run_epoch(net, optimizer, x[:-HELD_OUT], y[:-HELD_OUT], epoch, args, rng)
        value = accuracy(net, x[-HELD_OUT:], y[-HELD_OUT:])
        log.append({"epoch": epoch + 1, "loss": round(loss, 4), "held_out_percent": value,
                    "seconds": round(time.time() - begin, 1)})
        print(json.dumps(log[-1]), flush=True)
        torch.save({"net": net.state_dict(), "optimizer": optimizer.state_dict(),
                    "epoch": epoch, "log": log}, last)
        if value >= max(entry["held_out_percent"] for entry in log):
            torch.save(net.state_dict(), args.out / "best.pt")


def onnx_graph(state):
    from onnx import TensorProto, helper, numpy_helper
    nodes, weights = [], []

    def constant(name, value):
        weights.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    value = "image"
    for i, (_, _, stride) in enumerate(CONVOLUTIONS):
        w = constant(f"conv{i}.weight", state[f"conv.{i}.weight"])
        nodes.append(helper.make_node("Conv", [value, w], [f"conv{i}"], f"conv{i}",
                                      kernel_shape=[3, 3], pads=[1] * 4, strides=[stride] * 2))
        names = [constant(f"norm{i}.{k}", state[f"norm.{i}.{k}"])
                 for k in ("weight", "bias", "running_mean", "running_var")]
        nodes.append(helper.make_node("BatchNormalization", [f"conv{i}", *names], [f"norm{i}"],
                                      f"norm{i}", epsilon=1e-5))
        nodes.append(helper.make_node("Relu", [f"norm{i}"], [f"relu{i}"], f"relu{i}"))
        value = f"relu{i}"
    nodes.append(helper.make_node("MaxPool", [value], ["pool"], "pool",
                                  kernel_shape=[2, 2], strides=[2, 2]))
    nodes.append(helper.make_node("Flatten", ["pool"], ["flat"], "flatten", axis=1))
    for name, source, out in (("hidden", "flat", "hidden"), ("logits", "hidden_relu", "logits")):
        w, b = (constant(f"{name}.{k}", state[f"{name}.{k}"]) for k in ("weight", "bias"))
        nodes.append(helper.make_node("Gemm", [source, w, b], [out], name, transB=1))
        if name == "hidden":
            nodes.append(helper.make_node("Relu", ["hidden"], ["hidden_relu"], "hidden_relu"))
    image = helper.make_tensor_value_info("image", TensorProto.FLOAT, ["batch", 1, 28, 28])
    logits = helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["batch", 10])
    return helper.make_graph(nodes, "fashion_mnist", [image], [logits], weights)


def export(args):
    import onnx
    from onnx import helper
    torch.set_num_threads(args.threads)
    saved = torch.load(args.out / "best.pt")
    state = {k: v.contiguous().numpy() for k, v in saved.items() if v.dtype == torch.float32}
    model = helper.make_model(onnx_graph(state), producer_name="examples/fashion-mnist/train.py",
                              opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model, full_check=True)
    onnx.save(model, args.out / "model.onnx")
    card = {"task": "classification",
            "input": {"name": "image", "layout": "nchw", "color": "gray",
                      "resize": {"to": [28, 28], "filter": "bilinear"},
                      "mean": [MEAN], "std": [STD]},
            "labels": LABELS}
    (args.out / "model.card.json").write_text(json.dumps(card, indent=2) + "\n")
    net = Net()
    net.load_state_dict(saved)
    value = accuracy(net, *load(args.data, "t10k"))
    print(json.dumps({"test_percent": value, "parameters": sum(p.numel() for p in net.parameters()),
                      "file_bytes": (args.out / "model.onnx").stat().st_size}))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=pathlib.Path,
                        default=pathlib.Path("/usr/share/datasets/fashion-mnist"))
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path("build/fashion-mnist"))
    parser.add_argument("--epochs", type=int, default=13)
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--lr", type=float, default=0.1)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--export", action="store_true", help="write model.onnx from best.pt")
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    export(args) if args.export else train(args)


if __name__ == "__main__":
    main()
