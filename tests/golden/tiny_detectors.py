"""Writes detectors of a few kilobytes with the exact signatures of the real exports and known outputs.

Run by a developer: pip install onnx numpy, then `python tests/golden/tiny_detectors.py`. Every graph finds one object of
class 1 whose box is known in input pixels: centre (160, 128), 64 x 32, on an input of 320 x 320 (YOLOX: 416 x 416).
"""

import pathlib

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

OUT = pathlib.Path(__file__).resolve().parents[2] / "tools/tests/data/detectors"


def sparse(name, shape, fill, cells):
    """A constant of `shape` filled with `fill`, except for `cells` {index: value}: large on paper, small on disk."""
    indices = np.array(list(cells), dtype=np.int64)
    updates = np.array(list(cells.values()), dtype=np.float32)
    return [
        helper.make_node(
            "ConstantOfShape", [f"{name}_shape"], [f"{name}_filled"],
            value=helper.make_tensor("value", TensorProto.FLOAT, [1], [fill]),
        ),
        helper.make_node("ScatterND", [f"{name}_filled", f"{name}_indices", f"{name}_updates"], [name]),
    ], [
        numpy_helper.from_array(np.array(shape, dtype=np.int64), f"{name}_shape"),
        numpy_helper.from_array(indices, f"{name}_indices"),
        numpy_helper.from_array(updates, f"{name}_updates"),
    ]


def write(file, side, outputs, metadata=None, extra_inputs=()):
    nodes, constants, infos = [], [], []
    for name, shape, fill, cells in outputs:
        made, tensors = sparse(name, shape, fill, cells)
        nodes += made
        constants += tensors
        infos.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, shape))
    image = helper.make_tensor_value_info("images", TensorProto.FLOAT, [1, 3, side, side])
    graph = helper.make_graph(nodes, "tiny", [image, *extra_inputs], infos, constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 16)], ir_version=8)
    for key, value in (metadata or {}).items():
        entry = model.metadata_props.add()
        entry.key, entry.value = key, value
    onnx.checker.check_model(model)
    onnx.save(model, OUT / file)


def main():
    OUT.mkdir(parents=True, exist_ok=True)
    cx, cy, w, h = 160.0, 128.0, 64.0, 32.0
    names = {"names": "{0: 'circle', 1: 'square'}", "task": "detect"}
    rows = {(0, row, 5): value for row, value in enumerate([cx, cy, w, h, 0.1, 0.9])}
    write("yolo.onnx", 320, [("output0", [1, 6, 2100], 0.0, rows)], names)
    end = {(0, 0, column): v for column, v in enumerate([cx - w / 2, cy - h / 2, cx + w / 2, cy + h / 2, 0.9, 1.0])}
    write("end_to_end.onnx", 320, [("output0", [1, 300, 6], 0.0, end)], names | {"end2end": "True"})
    boxes = {(0, 7, column): v / 320 for column, v in enumerate([cx, cy, w, h])}
    write("detr.onnx", 320, [("logits", [1, 300, 2], -8.0, {(0, 7, 1): 2.2}), ("pred_boxes", [1, 300, 4], 0.0, boxes)])
    # Cell (5, 4) of the stride-32 grid: 52 * 52 + 26 * 26 rows stand before that grid of 13 x 13.
    row = 52 * 52 + 26 * 26 + 4 * 13 + 5
    cells = [cx / 32 - 5, cy / 32 - 4, np.log(w / 32), np.log(h / 32), 0.95, 0.1, 0.95]
    write("yolox.onnx", 416, [("output", [1, 3549, 7], 0.0, {(0, row, i): v for i, v in enumerate(cells)})])
    write("unknown.onnx", 320, [("embedding", [1, 16], 0.0, {(0, 0): 1.0})])


if __name__ == "__main__":
    main()
