"""Writes graphs of a few kilobytes that take several pictures in one run, for tests of batches.

Run by a developer: pip install onnx numpy, then `python tests/golden/tiny_batch.py`. Weights are random with a fixed seed, so
that boxes and classes depend on the picture: what comes of a batch can be compared with what comes of each picture alone.

yolo.onnx        images [batch, 3, 64, 64] -> output0 [batch, 6, 64], as Ultralytics exports it with dynamic=True
yolo_first_only.onnx  the same, but it answers the first picture alone, as careless exports do, and declares otherwise
classifier.onnx  pixel_values [batch, 3, 32, 32] -> logits [batch, 5]
"""

import pathlib

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

OUT = pathlib.Path(__file__).resolve().parents[2] / "tools/tests/data/batch"
RNG = np.random.default_rng(7)


def constant(name, values):
    return numpy_helper.from_array(np.asarray(values), name)


def save(file, nodes, constants, inputs, outputs, metadata):
    info = lambda name, shape: helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
    graph = helper.make_graph(nodes, "tiny", [info(*inputs)], [info(*outputs)], constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    for key, value in metadata.items():
        entry = model.metadata_props.add()
        entry.key, entry.value = key, value
    onnx.checker.check_model(model)
    onnx.save(model, OUT / file)


def yolo(file, first_only):
    """One anchor a cell of 8 x 8 pixels: a centre in the cell's neighbourhood, a size, two class scores."""
    cells = 8
    weights = RNG.normal(0, 0.25, (6, 3, 8, 8)).astype(np.float32)
    grid = np.stack(np.meshgrid(np.arange(cells), np.arange(cells), indexing="xy")).reshape(1, 2, -1)
    nodes = [
        helper.make_node("Conv", ["images", "weights", "bias"], ["map"], strides=[8, 8], kernel_shape=[8, 8]),
        helper.make_node("Reshape", ["map", "shape"], ["rows"]),
        helper.make_node("Sigmoid", ["rows"], ["shares"]),
        helper.make_node("Split", ["shares", "parts"], ["centre", "size", "scores"], axis=1),
        helper.make_node("Add", ["centre", "grid"], ["cell"]),
        helper.make_node("Mul", ["cell", "stride"], ["xy"]),
        helper.make_node("Mul", ["size", "largest"], ["wh"]),
        helper.make_node("Concat", ["xy", "wh", "scores"], ["output0"], axis=1),
    ]
    if first_only:
        # No value of a picture is below 0, so the count is always 1; but a reader of the graph cannot tell.
        nodes[-1].output[0] = "all"
        nodes += [
            helper.make_node("GreaterOrEqual", ["images", "zero"], ["is_pixel"]),
            helper.make_node("Cast", ["is_pixel"], ["ones"], to=TensorProto.INT64),
            helper.make_node("ReduceMax", ["ones"], ["one"], keepdims=0),
            helper.make_node("Unsqueeze", ["one", "first"], ["count"]),
            helper.make_node("Slice", ["all", "first", "count", "first"], ["output0"]),
        ]
    constants = [
        constant("weights", weights),
        constant("bias", np.array([0, 0, 0, 0, -2, -2], dtype=np.float32)),
        constant("shape", np.array([-1, 6, cells * cells], dtype=np.int64)),
        constant("parts", np.array([2, 2, 2], dtype=np.int64)),
        constant("grid", grid.astype(np.float32)),
        constant("stride", np.array(8.0, dtype=np.float32)),
        constant("largest", np.array(24.0, dtype=np.float32)),
    ]
    if first_only:
        constants += [
            constant("zero", np.array(0.0, dtype=np.float32)),
            constant("first", np.array([0], dtype=np.int64)),
        ]
    names = {"names": "{0: 'circle', 1: 'square'}", "task": "detect"}
    shape = ["batch", 6, cells * cells]
    save(file, nodes, constants, ("images", ["batch", 3, 64, 64]), ("output0", shape), names)


def classifier(file):
    nodes = [
        helper.make_node("Conv", ["pixel_values", "weights"], ["map"], strides=[4, 4], kernel_shape=[4, 4]),
        helper.make_node("Tanh", ["map"], ["bent"]),
        helper.make_node("GlobalAveragePool", ["bent"], ["means"]),
        helper.make_node("Flatten", ["means"], ["logits"]),
    ]
    weights = constant("weights", RNG.normal(0, 1.0, (5, 3, 4, 4)).astype(np.float32))
    names = {"names": "{0: 'ant', 1: 'bee', 2: 'cat', 3: 'dog', 4: 'eel'}"}
    save(file, nodes, [weights], ("pixel_values", ["batch", 3, 32, 32]), ("logits", ["batch", 5]), names)


def main():
    OUT.mkdir(parents=True, exist_ok=True)
    yolo("yolo.onnx", False)
    RNG.bit_generator.state = np.random.default_rng(7).bit_generator.state
    yolo("yolo_first_only.onnx", True)
    classifier("classifier.onnx")


if __name__ == "__main__":
    main()
