#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes tests/data/files: small pictures with what Pillow makes of them, and detections with their
average precision by a second implementation in numpy. The files are committed; run this only to
change them. Needs numpy and Pillow 13."""
import pathlib

import numpy as np
from PIL import Image

OUT = pathlib.Path(__file__).parent / "files"
OUT.mkdir(exist_ok=True)
rng = np.random.default_rng(3)


def smooth(height, width, channels):
    small = rng.integers(0, 256, (height // 3 + 1, width // 3 + 1, channels), dtype=np.uint8)
    picture = Image.fromarray(small if channels == 3 else small[:, :, 0])
    return picture.resize((width, height), Image.BICUBIC)


def save_array(name, picture):
    data = np.asarray(picture)
    np.save(OUT / (name + ".npy"), data.reshape(*data.shape[:2], -1))


def pictures():
    rgb, gray = smooth(13, 19, 3), smooth(17, 11, 1)
    rgb.save(OUT / "444.jpg", quality=90, subsampling=0)
    rgb.save(OUT / "420.jpg", quality=80, subsampling=2)
    rgb.save(OUT / "progressive.jpg", quality=80, progressive=True)
    gray.save(OUT / "gray.jpg")
    rgb.convert("CMYK").save(OUT / "cmyk.jpg")
    rgb.save(OUT / "rgb.png")
    gray.save(OUT / "gray.png")
    rgb.convert("RGBA").save(OUT / "rgba.png")
    gray.convert("LA").save(OUT / "la.png")
    rgb.quantize(16).save(OUT / "palette.png", transparency=3)
    gray.convert("1").save(OUT / "bits.png")
    for path in sorted(OUT.glob("*.jpg")) + sorted(OUT.glob("*.png")):
        picture = Image.open(path)
        picture = picture.convert("L" if picture.mode in ("L", "LA", "1") else "RGB")
        save_array(path.name, picture)
        if path.name == "rgb.png":
            save_array("rgb_to_gray", picture.convert("L"))


# Both axes down, up, mixed (which axis goes first then matters), one axis alone.
SIZES = [(7, 5), (40, 30), (31, 4), (3, 29), (19, 6), (8, 13), (1, 1)]
FILTERS = {"nearest": Image.NEAREST, "bilinear": Image.BILINEAR, "bicubic": Image.BICUBIC}


def resizes():
    for source in ("rgb.png", "gray.png"):
        picture = Image.open(OUT / source)
        for name, kind in FILTERS.items():
            parts = [np.asarray(picture.resize(size, kind)).reshape(-1) for size in SIZES]
            np.save(OUT / f"{source}.{name}.npy", np.concatenate(parts))


def iou(box, boxes):
    low = np.maximum(box[:2], boxes[:, :2])
    high = np.minimum(box[2:], boxes[:, 2:])
    both = np.prod(np.clip(high - low, 0, None), axis=1)
    area = lambda b: (b[..., 2] - b[..., 0]) * (b[..., 3] - b[..., 1])
    return both / (area(box) + area(boxes) - both)


def hits(found, truth, threshold):
    """Which detections of one class, best first, take a free true box."""
    taken, out = set(), []
    for image, _, _, *box in found:
        mine = [i for i, t in enumerate(truth) if t[0] == image and i not in taken]
        overlaps = iou(np.array(box), truth[mine, 3:]) if mine else np.zeros(0)
        out.append(bool(len(overlaps) and overlaps.max() >= threshold))
        if out[-1]:
            taken.add(mine[int(overlaps.argmax())])
    return np.array(out, float)


def precision_curve(found, truth, threshold):
    right = hits(found, truth, threshold)
    recall = np.cumsum(right) / len(truth)
    precision = np.cumsum(right) / np.arange(1, len(right) + 1)
    return recall, np.maximum.accumulate(precision[::-1])[::-1] if len(right) else precision


def average_precision(found, truth):
    recall, precision = precision_curve(found, truth, 0.5)
    ap50 = float(np.sum(np.diff(recall, prepend=0.0) * precision))
    coco = []
    for threshold in np.linspace(0.5, 0.95, 10):
        recall, precision = precision_curve(found, truth, threshold)
        at = np.searchsorted(recall, np.linspace(0, 1, 101))
        coco.append(np.mean([precision[i] if i < len(precision) else 0.0 for i in at]))
    return ap50, float(np.mean(coco))


def detections():
    """Rows: image, class, score, x0, y0, x1, y1 as float32. Class 4 has no true box, class 3 no
    detection."""
    truth, found = [], []
    for image in range(12):
        for _ in range(rng.integers(0, 5)):
            x, y, w, h = rng.uniform(0.1, 0.9, 2).tolist() + rng.uniform(0.1, 0.4, 2).tolist()
            kind = int(rng.integers(0, 4))
            truth.append([image, kind, 1, x - w / 2, y - h / 2, x + w / 2, y + h / 2])
            for _ in range(rng.integers(0, 4) if kind != 3 else 0):
                shift = rng.normal(0, 0.03, 4)
                found.append([image, kind, rng.uniform(0.01, 1), *(np.array(truth[-1][3:]) + shift)])
        for _ in range(4):
            x, y, w, h = rng.uniform(0.2, 0.8, 4)
            kind = int(rng.choice([0, 1, 2, 4]))
            found.append([image, kind, rng.uniform(0.01, 0.8), x - w / 2, y - h / 2, x + w / 2, y + h / 2])
    truth, found = np.array(truth, np.float32), np.array(found, np.float32)
    answers = np.zeros((5, 3))
    for kind in range(5):
        mine = truth[truth[:, 1] == kind].astype(float)
        of_class = found[found[:, 1] == kind].astype(float)
        of_class = of_class[np.argsort(-of_class[:, 2], kind="stable")]
        if len(mine):
            answers[kind] = len(mine), *average_precision(of_class, mine)
    np.save(OUT / "boxes_truth.npy", truth)
    np.save(OUT / "boxes_found.npy", found)
    np.save(OUT / "boxes_answers.npy", answers)


pictures()
resizes()
detections()
