"""Makes tiny models of depth, poses, upscaling and inpainting in the layouts of the real exports, and records what the
reference implementations make of a drawn picture: tools/tests/data/pixels.

Depth Anything, DPT, ViTPose and Swin2SR are transformers' own with random weights, fed and read by their own image
processors. RTMPose, YOLO pose, Real-ESRGAN and LaMa are graphs of known functions, whose results NumPy works out here.

Needs: torch, transformers, scipy, onnx, pillow. Run by a developer: python tests/golden/tiny_pixels.py
"""

import json
import pathlib
import shutil

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from PIL import Image, ImageDraw
from transformers import (
    DepthAnythingConfig,
    DepthAnythingForDepthEstimation,
    Dinov2Config,
    DPTConfig,
    DPTForDepthEstimation,
    DPTImageProcessor,
    Swin2SRConfig,
    Swin2SRForImageSuperResolution,
    Swin2SRImageProcessor,
    VitPoseBackboneConfig,
    VitPoseConfig,
    VitPoseForPoseEstimation,
    VitPoseImageProcessor,
)
from transformers.models.vitpose.image_processing_vitpose import (
    get_keypoint_predictions,
    post_dark_unbiased_data_processing,
)

OUT = pathlib.Path(__file__).resolve().parents[2] / "tools" / "tests" / "data" / "pixels"
MEAN, STD = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])


def picture(width: int, height: int) -> Image.Image:
    """A sky, a ground, a ball, a house and fine stripes."""
    y, x = np.mgrid[0:height, 0:width]
    sky = np.stack([90 + 60 * x // width, 140 + 50 * y // height, 200 - 40 * y // height], axis=-1)
    image = Image.fromarray(sky.astype(np.uint8))
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, height * 2 // 3, width, height), fill=(70, 120, 60))
    draw.rectangle((width // 8, height // 3, width * 3 // 8, height * 5 // 6), fill=(200, 90, 50))
    draw.ellipse((width // 2, height // 6, width * 7 // 8, height * 3 // 4), fill=(250, 220, 70), outline=(30, 30, 30))
    for at in range(width * 3 // 4, width, 3):
        draw.line((at, height * 5 // 6, at, height), fill=(250, 250, 250))
    return image


def folder(name: str) -> pathlib.Path:
    path = OUT / name
    shutil.rmtree(path, ignore_errors=True)
    path.mkdir(parents=True)
    return path


def numbers(path: pathlib.Path, array) -> list[int]:
    """Little-endian 32-bit floats, row by row; the shape goes into reference.json."""
    array = np.asarray(array, dtype="<f4")
    path.write_bytes(array.tobytes())
    return list(array.shape)


def spread(model: torch.nn.Module, gain: float) -> torch.nn.Module:
    """Random weights, large enough that pictures show in what comes out."""
    for name, value in model.named_parameters():
        if value.dim() > 1:
            torch.nn.init.normal_(value, std=gain / np.sqrt(max(value[0].numel(), 1)))
        elif "bias" in name:
            torch.nn.init.normal_(value, std=0.1)
    return model.eval()


def export(model, pixels, path, output, free, output_free):
    """The hub's layout: pixel_values to one output, the named dimensions free."""

    class One(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.model = model

        def forward(self, pixel_values):
            return getattr(self.model(pixel_values=pixel_values), output)

    torch.onnx.export(
        One(), (pixels,), str(path), input_names=["pixel_values"], output_names=[output], opset_version=17, dynamo=False,
        dynamic_axes={"pixel_values": free, output: output_free},
    )
    short(path)


def short(path: pathlib.Path) -> None:
    """Names of nodes and of what flows between them take more room than tiny weights."""
    graph = onnx.load(path)
    kept = {value.name for value in [*graph.graph.input, *graph.graph.output]} | {""}
    new = {}
    for node in graph.graph.node:
        node.ClearField("name")
        node.ClearField("doc_string")
        for names in (node.input, node.output):
            for index, name in enumerate(names):
                if name not in kept:
                    names[index] = new.setdefault(name, str(len(new)))
        assert not any(attribute.HasField("g") for attribute in node.attribute), "a graph inside a node"
    for constant in graph.graph.initializer:
        constant.name = new.get(constant.name, constant.name)
    graph.graph.ClearField("value_info")
    onnx.checker.check_model(graph)
    onnx.save(graph, path)


# Depth


def normals(relative: np.ndarray) -> np.ndarray:
    """Visual ChatGPT's recipe with OpenCV's Sobel (3 x 3, mirrored border), on depths of 0..255."""
    depth = np.pad(relative * 255.0, 1, mode="reflect")
    height, width = relative.shape
    at = lambda dy, dx: depth[1 + dy : 1 + dy + height, 1 + dx : 1 + dx + width]
    x = sum(w * (at(dy, 1) - at(dy, -1)) for dy, w in ((-1, 1), (0, 2), (1, 1)))
    y = sum(w * (at(1, dx) - at(-1, dx)) for dx, w in ((-1, 1), (0, 2), (1, 1)))
    x, y = np.where(relative < 0.4, 0, x), np.where(relative < 0.4, 0, y)
    normal = np.stack([x, y, np.full_like(x, 2 * np.pi)], axis=-1)
    normal /= np.linalg.norm(normal, axis=-1, keepdims=True)
    return (normal * 127.5 + 127.5).clip(0, 255).astype(np.uint8)


def depth(name: str, model, processor: DPTImageProcessor) -> None:
    target = folder(name)
    image = picture(97, 73)
    pixels = processor(image, return_tensors="pt").pixel_values
    with torch.no_grad():
        output = model(pixel_values=pixels)
    raw = output.predicted_depth[0].numpy()
    whole = processor.post_process_depth_estimation(output, [(73, 97)])[0]["predicted_depth"].numpy()
    print(name, pixels.shape, raw.shape, raw.min(), raw.max(), raw.std())
    assert raw.std() > 0.02 * abs(raw).max(), "the depths are flat"
    # transformers' depth-estimation pipeline.
    gray = ((whole - whole.min()) / (whole.max() - whole.min()) * 255).astype(np.uint8)
    relative = (whole - whole.min()) / (whole.max() - whole.min())
    boxes = [[12, 24, 36, 60], [48, 12, 84, 54], [0, 49, 97, 73]]
    record = {
        "pixels": numbers(target / "pixels.f32", pixels.numpy()),
        "raw": numbers(target / "raw.f32", raw),
        "whole": numbers(target / "whole.f32", whole),
        "boxes": boxes,
        "means": [float(relative[y1:y2, x1:x2].mean()) for x1, y1, x2, y2 in boxes],
    }
    Image.fromarray(gray).save(target / "gray.png")
    own = (raw - raw.min()) / (raw.max() - raw.min())
    Image.fromarray(normals(own)).save(target / "normals.png")
    image.save(target / "picture.png")
    batch = {0: "batch_size"}
    free = [batch | {2: "height", 3: "width"}, batch | {1: "height", 2: "width"}]
    export(model, pixels, target / "model.onnx", "predicted_depth", *free)
    processor.save_pretrained(target)
    model.config.save_pretrained(target)
    (target / "reference.json").write_text(json.dumps(record))


def depth_anything() -> None:
    torch.manual_seed(3)
    backbone = Dinov2Config(
        hidden_size=16, num_hidden_layers=4, num_attention_heads=2, mlp_ratio=2, image_size=56, patch_size=14,
        out_features=["stage1", "stage2", "stage3", "stage4"], reshape_hidden_states=False, apply_layernorm=True,
    )
    config = DepthAnythingConfig(
        backbone_config=backbone, patch_size=14, reassemble_hidden_size=16, neck_hidden_sizes=[8, 8, 8, 8],
        fusion_hidden_size=8, head_hidden_size=8,
    )
    model = spread(DepthAnythingForDepthEstimation(config), 1.0)
    model.head.conv3.bias.data.fill_(4.0)
    size = {"height": 56, "width": 56}
    settings = dict(keep_aspect_ratio=True, ensure_multiple_of=14, image_mean=MEAN.tolist(), image_std=STD.tolist())
    depth("depth-anything", model, DPTImageProcessor(size=size, **settings))


def dpt() -> None:
    torch.manual_seed(5)
    config = DPTConfig(
        hidden_size=12, num_hidden_layers=4, num_attention_heads=2, intermediate_size=24, image_size=64, patch_size=16,
        backbone_out_indices=[0, 1, 2, 3], neck_hidden_sizes=[8, 8, 8, 8], fusion_hidden_size=8, is_hybrid=False,
        readout_type="project", use_auxiliary_head=False,
    )
    model = spread(DPTForDepthEstimation(config), 1.0)
    model.head.head[4].bias.data.fill_(4.0)
    depth("dpt", model, DPTImageProcessor(size={"height": 64, "width": 64}, image_mean=[0.5] * 3, image_std=[0.5] * 3))


# Poses

# Of a picture of 97 x 73 pixels; the last is what tools/tests/data/detectors/yolo.onnx finds there: (128, 112)..(192, 144) of
# an input of 320 x 320 with 39 rows of padding above.
BOXES = [[10.5, 5.25, 60.0, 66.5], [50.0, -8.0, 110.0, 40.0], [30.0, 30.0, 41.0, 52.0]]
RATIO = 320 / 97
BOXES.append([128 / RATIO, (112 - 39) / RATIO, 192 / RATIO, (144 - 39) / RATIO])


def vitpose() -> None:
    torch.manual_seed(86)
    target = folder("vitpose")
    backbone = VitPoseBackboneConfig(
        image_size=[64, 48], patch_size=[16, 16], hidden_size=16, num_hidden_layers=2, num_attention_heads=2, mlp_ratio=2,
        out_features=["stage2"],
    )
    names = {index: str(index) for index in range(17)}
    config = VitPoseConfig(backbone_config=backbone, use_simple_decoder=True, scale_factor=4, id2label=names)
    model = spread(VitPoseForPoseEstimation(config), 1.0)
    model.head.conv.weight.data *= 0.25
    model.head.conv.bias.data.fill_(0.2)
    processor = VitPoseImageProcessor(size={"height": 64, "width": 48})
    image = picture(97, 73)
    boxes = [[x1, y1, x2 - x1, y2 - y1] for x1, y1, x2, y2 in BOXES]
    pixels = processor(image, boxes=[boxes], return_tensors="pt").pixel_values
    with torch.no_grad():
        output = model(pixel_values=pixels)
    people = processor.post_process_pose_estimation(output, boxes=[boxes])[0]
    heatmaps = output.heatmaps.numpy()
    coarse, _ = get_keypoint_predictions(heatmaps)
    steps = np.abs(post_dark_unbiased_data_processing(coarse.copy(), heatmaps, kernel=11) - coarse).max()
    peaks = np.sort(heatmaps.reshape(len(boxes) * 17, -1), axis=1)
    gap = (peaks[:, -1] - peaks[:, -2]).min()
    print("vitpose", pixels.shape, heatmaps.shape, heatmaps.min(), heatmaps.max(), "gap", gap, "largest step", steps)
    assert gap > 1e-4 and steps < 1.5, "a peak is not the peak for certain; take another seed"
    record = {
        "boxes": BOXES,
        "pixels": numbers(target / "pixels.f32", pixels.numpy()),
        "heatmaps": numbers(target / "heatmaps.f32", heatmaps),
        "keypoints": [person["keypoints"].tolist() for person in people],
        "scores": [person["scores"].tolist() for person in people],
    }
    image.save(target / "picture.png")
    export(model, pixels[:1], target / "model.onnx", "heatmaps", {0: "batch_size"}, {0: "batch_size"})
    processor.save_pretrained(target)
    (target / "reference.json").write_text(json.dumps(record))


def warped(image: np.ndarray, box: list[float], width: int, height: int) -> tuple[np.ndarray, list[float]]:
    """mmpose's top-down transform: 1.25 times the box, brought to the input's aspect, bilinear, black outside."""
    x1, y1, x2, y2 = box
    center, w, h = ((x1 + x2) / 2, (y1 + y2) / 2), (x2 - x1) * 1.25, (y2 - y1) * 1.25
    aspect = width / height
    w, h = (w, w / aspect) if w > h * aspect else (h * aspect, h)
    columns = center[0] + (np.arange(width) - width / 2) * w / width
    rows = center[1] + (np.arange(height) - height / 2) * h / height
    padded = np.pad(image.astype(np.float64), ((200, 200), (200, 200), (0, 0)))
    y, x = np.meshgrid(rows + 200, columns + 200, indexing="ij")
    left, top = np.floor(x).astype(int), np.floor(y).astype(int)
    fx, fy = (x - left)[..., None], (y - top)[..., None]
    upper = padded[top, left] * (1 - fx) + padded[top, left + 1] * fx
    lower = padded[top + 1, left] * (1 - fx) + padded[top + 1, left + 1] * fx
    return np.rint(upper * (1 - fy) + lower * fy), [center[0] - w / 2, center[1] - h / 2, w, h]


def save(path: pathlib.Path, nodes, inputs, outputs, constants=(), metadata=None) -> None:
    value = lambda name, shape: helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
    graph = helper.make_graph(
        nodes, "tiny", [value(*one) for one in inputs], [value(*one) for one in outputs],
        [numpy_helper.from_array(array, name) for name, array in constants],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 16)], ir_version=8)
    for key, text in (metadata or {}).items():
        entry = model.metadata_props.add()
        entry.key, entry.value = key, text
    onnx.checker.check_model(model)
    onnx.save(model, path)


def rtmpose() -> None:
    """Mean colours of 4 x 3 fields, mixed by random weights into sums of random rows: one score for every half pixel."""
    target = folder("rtmpose")
    random = np.random.default_rng(19)
    rank = 6
    mix = {axis: random.normal(0, 0.5, (36, 17 * rank)).astype(np.float32) for axis in "xy"}
    rows = {axis: random.normal(0, 0.02, (rank, bins)).astype(np.float32) for axis, bins in (("x", 384), ("y", 512))}
    constants, nodes = [("flat", np.array([-1, 36], dtype=np.int64)), ("split", np.array([-1, 17, rank], dtype=np.int64))], [
        helper.make_node("AveragePool", ["input"], ["fields"], kernel_shape=[64, 64], strides=[64, 64]),
        helper.make_node("Reshape", ["fields", "flat"], ["colors"]),
    ]
    constants += [(f"mix_{axis}", mix[axis]) for axis in "xy"] + [(f"rows_{axis}", rows[axis]) for axis in "xy"]
    constants += [("base", np.array(0.4, dtype=np.float32))]
    for axis in "xy":
        nodes += [
            helper.make_node("MatMul", ["colors", f"mix_{axis}"], [f"mixed_{axis}"]),
            helper.make_node("Reshape", [f"mixed_{axis}", "split"], [f"parts_{axis}"]),
            helper.make_node("MatMul", [f"parts_{axis}", f"rows_{axis}"], [f"sums_{axis}"]),
            helper.make_node("Add", [f"sums_{axis}", "base"], [f"simcc_{axis}"]),
        ]
    outputs = [("simcc_x", ["batch", 17, 384]), ("simcc_y", ["batch", 17, 512])]
    save(target / "model.onnx", nodes, [("input", ["batch", 3, 256, 192])], outputs, constants)

    image = picture(97, 73)
    record = {"boxes": BOXES, "keypoints": [], "scores": []}
    for index, box in enumerate(BOXES):
        cut, (left, top, w, h) = warped(np.asarray(image), box, 192, 256)
        if index < 2:
            Image.fromarray(cut.astype(np.uint8)).save(target / f"person-{index}.png")
        fed = ((cut - MEAN * 255) / (STD * 255)).transpose(2, 0, 1)
        colors = fed.reshape(3, 4, 64, 3, 64).mean(axis=(2, 4)).reshape(36)
        scores = {axis: (colors @ mix[axis]).reshape(17, rank) @ rows[axis] + 0.4 for axis in "xy"}
        for axis in "xy":
            best = np.sort(scores[axis], axis=1)
            assert (best[:, -1] - best[:, -2]).min() > 1e-4, f"two places are nearly as good: {best[:, -2:]}"
        x, y = scores["x"].argmax(1) / 2, scores["y"].argmax(1) / 2
        record["keypoints"].append(np.stack([x / 192 * w + left, y / 256 * h + top], axis=1).tolist())
        record["scores"].append(((scores["x"].max(1) + scores["y"].max(1)) / 2).tolist())
    image.save(target / "picture.png")
    (target / "reference.json").write_text(json.dumps(record))


def sparse(name, shape, cells):
    """Zeros but for `cells` {index: value}: large on paper, small on disk."""
    return [
        helper.make_node(
            "ConstantOfShape", ["shape"], ["zeros"], value=helper.make_tensor("value", TensorProto.FLOAT, [1], [0.0])
        ),
        helper.make_node("ScatterND", ["zeros", "indices", "updates"], [name]),
    ], [
        ("shape", np.array(shape, dtype=np.int64)),
        ("indices", np.array(list(cells), dtype=np.int64)),
        ("updates", np.array(list(cells.values()), dtype=np.float32)),
    ]


def yolo_pose() -> None:
    """One person in an input of 320 x 320, with a weaker double and a weak one elsewhere."""
    joints = [value for k in range(17) for value in (100 + 5 * k, 60 + 10 * k, 0.95 - 0.04 * k)]
    person = [150.0, 140.0, 120.0, 200.0]
    metadata = {"task": "pose", "kpt_shape": "[17, 3]", "names": "{0: 'person'}"}
    target = folder("yolo-pose")
    rows = {}
    for anchor, score, shift in ((5, 0.9, 0), (6, 0.8, 2), (900, 0.1, 90)):
        box = [person[0] + shift, *person[1:]]
        for row, value in enumerate([*box, score, *[v + shift if i % 3 == 0 else v for i, v in enumerate(joints)]]):
            rows[0, row, anchor] = value
    nodes, constants = sparse("output0", [1, 56, 2100], rows)
    save(target / "model.onnx", nodes, [("images", [1, 3, 320, 320])], [("output0", [1, 56, 2100])], constants, metadata)
    cx, cy, w, h = person
    row = [cx - w / 2, cy - h / 2, cx + w / 2, cy + h / 2, 0.9, 0.0, *joints]
    nodes, constants = sparse("output0", [1, 300, 57], {(0, 0, column): value for column, value in enumerate(row)})
    metadata["end2end"] = "True"
    save(target / "end2end.onnx", nodes, [("images", [1, 3, 320, 320])], [("output0", [1, 300, 57])], constants, metadata)
    # On a picture of 640 x 320, which is letterboxed to 320 x 160 with 80 rows above.
    back = lambda x, y: [x * 2.0, (y - 80) * 2.0]
    record = {
        "box": [*back(row[0], row[1]), *back(row[2], row[3])],
        "keypoints": [back(*joints[3 * k : 3 * k + 2]) for k in range(17)],
        "scores": joints[2::3],
    }
    (target / "reference.json").write_text(json.dumps(record))


# Upscaling


def swin2sr() -> None:
    torch.manual_seed(23)
    target = folder("swin2sr")
    config = Swin2SRConfig(
        image_size=16, patch_size=1, embed_dim=12, depths=[2], num_heads=[2], window_size=4, mlp_ratio=2, upscale=2,
        upsampler="pixelshuffledirect",
    )
    model = spread(Swin2SRForImageSuperResolution(config), 0.7)
    processor = Swin2SRImageProcessor()
    image = picture(37, 29)
    pixels = processor(image, return_tensors="pt").pixel_values
    with torch.no_grad():
        made = model(pixel_values=pixels).reconstruction
    print("swin2sr", pixels.shape, made.shape, made.min().item(), made.max().item(), made.std().item())
    shown = made[0].clamp(0, 1).numpy()[:, : 29 * 2, : 37 * 2].transpose(1, 2, 0)
    Image.fromarray((shown * 255.0).round().astype(np.uint8)).save(target / "large.png")
    record = {
        "pixels": numbers(target / "pixels.f32", pixels.numpy()),
        "made": numbers(target / "made.f32", made.numpy()),
    }
    image.save(target / "picture.png")
    free = {0: "batch_size", 2: "height", 3: "width"}
    export(model, pixels, target / "model.onnx", "reconstruction", free, free)
    (target / "reference.json").write_text(json.dumps(record))


def esrgan() -> None:
    """Bilinear, four times as large, any size, in 0..=1."""
    target = folder("esrgan")
    node = helper.make_node(
        "Resize", ["input", "", "scales"], ["output"], mode="linear", coordinate_transformation_mode="half_pixel"
    )
    scales = ("scales", np.array([1, 1, 4, 4], dtype=np.float32))
    shape = lambda factor: ["batch", 3, f"height{factor}", f"width{factor}"]
    save(target / "model.onnx", [node], [("input", shape(""))], [("output", shape("_4"))], [scales])
    image = picture(300, 70)
    pixels = np.asarray(image).astype(np.float64)

    def large(values: np.ndarray, axis: int) -> np.ndarray:
        length = values.shape[axis]
        source = ((np.arange(length * 4) + 0.5) / 4 - 0.5).clip(0, length - 1)
        low = np.floor(source).astype(int)
        high, part = np.minimum(low + 1, length - 1), source - low
        part = part.reshape([-1 if at == axis else 1 for at in range(3)])
        return np.take(values, low, axis) * (1 - part) + np.take(values, high, axis) * part

    made = large(large(pixels, 0), 1)
    image.save(target / "picture.png")
    Image.fromarray(np.rint(made).astype(np.uint8)).save(target / "large.png")


# Inpainting


def lama() -> None:
    """The mean colour of what is known fills the hole: as bytes from two inputs of 512 x 512, as shares from one."""
    nodes = lambda image, mask, scale: [
        helper.make_node("Sub", ["one", mask], ["keep"]),
        helper.make_node("Mul", [image, "keep"], ["known"]),
        helper.make_node("ReduceSum", ["known", "sides"], ["sum"], keepdims=1),
        helper.make_node("ReduceSum", ["keep", "sides"], ["count"], keepdims=1),
        helper.make_node("Div", ["sum", "count"], ["mean"]),
        helper.make_node("Mul", ["mean", mask], ["fill"]),
        helper.make_node("Add", ["known", "fill"], ["filled"]),
        helper.make_node("Mul", ["filled", scale], ["output"]),
    ]
    constants = [
        ("one", np.array(1, dtype=np.float32)),
        ("sides", np.array([2, 3], dtype=np.int64)),
        ("bytes", np.array(255, dtype=np.float32)),
    ]
    target = folder("lama")
    square = lambda count: ["batch", count, 512, 512]
    save(
        target / "model.onnx", nodes("image", "mask", "bytes"), [("image", square(3)), ("mask", square(1))],
        [("output", square(3))], constants,
    )
    split = [("parts", np.array([3, 1], dtype=np.int64))]
    cut = helper.make_node("Split", ["input", "parts"], ["image", "mask"], axis=1)
    free = lambda count: ["batch", count, "height", "width"]
    save(
        target / "one-input.onnx", [cut, *nodes("image", "mask", "one")], [("input", free(4))], [("output", free(3))],
        [*constants[:2], *split],
    )
    # A hole of 40 x 30 pixels with a rim of 4 all around; the model sees twice 48 pixels around its middle.
    image = picture(200, 150)
    box, rim = (80, 60, 120, 90), 4
    x1, y1, x2, y2 = box[0] - rim, box[1] - rim, box[2] + rim, box[3] + rim
    side = 2 * max(x2 - x1, y2 - y1)
    left, top = x1 + (x2 - x1) // 2 - side // 2, y1 + (y2 - y1) // 2 - side // 2
    part = np.asarray(image).astype(np.float64)[top : top + side, left : left + side]
    known = np.ones(part.shape[:2], dtype=bool)
    known[y1 - top : y2 - top, x1 - left : x2 - left] = False
    image.save(target / "picture.png")
    (target / "reference.json").write_text(json.dumps({"box": box, "rim": rim, "fill": part[known].mean(0).tolist()}))


if __name__ == "__main__":
    torch.set_num_threads(1)
    depth_anything()
    dpt()
    vitpose()
    rtmpose()
    yolo_pose()
    swin2sr()
    esrgan()
    lama()
