#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Nine descendants of the demo's classifier, by real training on real data, for bench/store/store.py.

    python3 -m venv build/torchvenv && build/torchvenv/bin/pip install torch numpy onnx
    build/torchvenv/bin/python bench/store/descendants.py build/descendants

Three have a new last layer, three are trained lightly, two heavily, one is pruned to half of its weights and trained on. Writes
base.onnx, NAME.onnx and descendants.json (learning rate, steps, accuracy on the test images before and after).
"""
import argparse
import json
import pathlib
import sys

import numpy as np
import onnx
import torch
from onnx import numpy_helper
from torch.nn import functional as F

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "examples" / "fashion-mnist"))
import train as demo  # noqa: E402

# name: layers that learn ("" all), learning rate, steps of 64 images, share of weights pruned, seed
DESCENDANTS = {
    "last1": ("logits", 1e-2, 100, 0, 1), "last2": ("logits", 3e-3, 100, 0, 2), "last3": ("logits", 1e-3, 200, 0, 3),
    "light1": ("", 1e-5, 60, 0, 4), "light2": ("", 1e-4, 60, 0, 5), "light3": ("", 3e-4, 120, 0, 6),
    "heavy1": ("", 3e-3, 250, 0, 7), "heavy2": ("", 1e-2, 250, 0, 8), "pruned": ("", 1e-3, 120, 0.5, 9),
}


def names_of(net):
    """Tensor of the file: parameter or buffer of the network."""
    state = net.state_dict(keep_vars=True)
    return {key.replace("conv.", "conv").replace("norm.", "norm"): value for key, value in state.items()
            if "num_batches" not in key}


def load_base(path):
    net, model = demo.Net(), onnx.load(path)
    tensors = names_of(net)
    with torch.no_grad():
        for initializer in model.graph.initializer:
            tensors[initializer.name].copy_(torch.from_numpy(numpy_helper.to_array(initializer).copy()))
    return net, model


def save(net, model, path):
    tensors = names_of(net)
    for initializer in model.graph.initializer:
        value = np.ascontiguousarray(tensors[initializer.name].detach().numpy())
        initializer.raw_data = value.astype("<f4").tobytes()
    onnx.save(model, path)


def prune(net, share):
    """Masks of the largest weights of each matrix."""
    masks = {}
    for name, value in net.named_parameters():
        if value.dim() > 1:
            threshold = value.abs().flatten().kthvalue(int(share * value.numel())).values
            masks[name] = (value.abs() > threshold).float()
    return masks


def fine_tune(net, x, y, only, rate, steps, share, seed):
    rng = torch.Generator().manual_seed(seed)
    torch.manual_seed(seed)
    masks = prune(net, share) if share else {}
    learning = [value for name, value in net.named_parameters() if name.startswith(only)]
    optimizer = torch.optim.SGD(learning, lr=rate, momentum=0.9)
    net.train()
    if only:
        net.eval()  # running statistics stay as they are
    for _ in range(steps):
        pick = torch.randint(0, len(x), (64,), generator=rng)
        optimizer.zero_grad()
        F.cross_entropy(net(demo.augment(x[pick], rng)), y[pick]).backward()
        optimizer.step()
        with torch.no_grad():
            for name, value in net.named_parameters():
                if name in masks:
                    value.mul_(masks[name])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--data", type=pathlib.Path, default=pathlib.Path("/usr/share/datasets/fashion-mnist"))
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(1)
    source = ROOT / "examples" / "fashion-mnist" / "model.onnx"
    x, y = demo.load(args.data, "train")
    test = demo.load(args.data, "t10k")
    net, model = load_base(source)
    log = {"base": {"test_percent": demo.accuracy(net, *test)}}
    save(net, model, args.out / "base.onnx")
    for name, recipe in DESCENDANTS.items():
        net, model = load_base(source)
        fine_tune(net, x, y, *recipe)
        save(net, model, args.out / f"{name}.onnx")
        log[name] = dict(zip(("layers", "learning_rate", "steps", "pruned"), recipe),
                         test_percent=demo.accuracy(net, *test))
        print(name, log[name], flush=True)
    (args.out / "descendants.json").write_text(json.dumps(log, indent=1) + "\n")


if __name__ == "__main__":
    sys.exit(main())
