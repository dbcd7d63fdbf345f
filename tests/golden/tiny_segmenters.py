"""Makes tiny segmenters of random weights, in the layouts that exporters give them, and records what the reference library
makes of a drawn picture through its own pre- and post-processing: tests/data/segmenters of the tools crate.

Needs: torch, torchvision, transformers, optimum-onnx, onnx, pillow. Run by a developer:
python tests/golden/tiny_segmenters.py [sam sam2 segformer detr maskformer mask2former yolo]
"""

import json
import pathlib
import shutil
import sys
import tempfile

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from optimum.exporters.onnx import main_export
from PIL import Image, ImageDraw
from transformers import (
    DetrConfig,
    DetrForSegmentation,
    DetrImageProcessor,
    Mask2FormerConfig,
    Mask2FormerForUniversalSegmentation,
    Mask2FormerImageProcessor,
    MaskFormerConfig,
    MaskFormerForInstanceSegmentation,
    MaskFormerImageProcessor,
    ResNetConfig,
    Sam2Config,
    Sam2ImageProcessorFast,
    Sam2Model,
    Sam2Processor,
    SamConfig,
    SamImageProcessor,
    SamModel,
    SamProcessor,
    SegformerConfig,
    SegformerForSemanticSegmentation,
    SegformerImageProcessor,
)

OUT = pathlib.Path(__file__).resolve().parents[2] / "tools" / "tests" / "data" / "segmenters"
LABELS = ["sky", "road", "car", "dog", "tree"]
NAMES = {"id2label": dict(enumerate(LABELS)), "label2id": {name: index for index, name in enumerate(LABELS)}}


def picture(width: int = 97, height: int = 61) -> Image.Image:
    image = Image.new("RGB", (width, height), (90, 140, 200))
    draw = ImageDraw.Draw(image)
    draw.rectangle((9, 12, 50, 49), fill=(220, 60, 40))
    draw.ellipse((44, 6, 86, 44), fill=(250, 220, 70))
    draw.line((0, height - 2, width - 1, 30), fill=(20, 20, 20), width=4)
    return image


def textured(image: Image.Image) -> Image.Image:
    """With noise, so that no two places look alike: equal scores would have no order."""
    noise = np.random.default_rng(4).integers(-24, 25, (image.height, image.width, 3))
    return Image.fromarray(np.clip(np.asarray(image).astype(int) + noise, 0, 255).astype(np.uint8))


def spread(model: torch.nn.Module, seed: int) -> None:
    """Weights by which every layer passes on about as much as it gets, whatever the library starts with."""
    generator = torch.Generator().manual_seed(seed)
    for name, parameter in model.named_parameters():
        if parameter.dim() >= 2:
            # Queries are not multiplied with anything: they are to differ.
            fan = 0.25 if "quer" in name and "embed" in name else parameter[0].numel()
            parameter.data = torch.randn(parameter.shape, generator=generator) * (1.3 / fan**0.5)
        elif name.endswith("weight"):
            # Of norms: some models begin with next to nothing.
            parameter.data = 1 + torch.randn(parameter.shape, generator=generator) * 0.1
        elif name.endswith("bias"):
            parameter.data = torch.randn(parameter.shape, generator=generator) * 0.1


def calibrate(head: torch.nn.Linear, logits) -> None:
    """Logits of queries of about 2 around 0, class by class, so that classes and scores differ. `logits()`: [1, queries, classes]."""
    with torch.no_grad():
        head.weight.data *= 2 / logits().std(dim=1).mean()
        head.bias.data -= logits().mean(dim=(0, 1))


class Record:
    """Numbers of a test: small ones as JSON, tensors as 32-bit floats in a row in reference.bin."""

    def __init__(self) -> None:
        self.facts: dict = {}
        self.floats: list[np.ndarray] = []

    def tensor(self, name: str, values) -> None:
        array = np.ascontiguousarray(values.detach().numpy() if isinstance(values, torch.Tensor) else values, np.float32)
        start = sum(part.size for part in self.floats)
        self.floats.append(array.reshape(-1))
        self.facts.setdefault("tensors", {})[name] = {"shape": list(array.shape), "start": start}

    def write(self, folder: pathlib.Path) -> None:
        (folder / "reference.json").write_text(json.dumps(self.facts))
        np.concatenate(self.floats).astype("<f4").tofile(folder / "reference.bin")


def runs(mask: np.ndarray) -> list[int]:
    """COCO's uncompressed run lengths: column by column, the first count is of zeros."""
    flat = np.asarray(mask, dtype=np.uint8).flatten(order="F")
    counts, current, length = [], 0, 0
    for value in flat:
        if value != current:
            counts.append(length)
            current, length = value, 0
        length += 1
    counts.append(length)
    return [int(count) for count in counts]


def target_folder(name: str) -> pathlib.Path:
    target = OUT / name
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    return target


def slim(path: pathlib.Path) -> None:
    """Without the long names of nodes and inner tensors, which make half of such a file."""
    model = onnx.load(path)
    graph = model.graph
    kept = {one.name for one in [*graph.input, *graph.output]} | {""}
    short: dict[str, str] = {}

    def renamed(name: str) -> str:
        return name if name in kept else short.setdefault(name, f"t{len(short)}")

    def rename(part: onnx.GraphProto) -> None:
        for node in part.node:
            node.ClearField("name")
            node.ClearField("doc_string")
            node.input[:] = [renamed(name) for name in node.input]
            node.output[:] = [renamed(name) for name in node.output]
            for attribute in node.attribute:
                for inner in [attribute.g, *attribute.graphs] if attribute.type in (5, 10) else []:
                    rename(inner)
        for constant in [*part.initializer, *part.input, *part.output]:
            constant.name = renamed(constant.name)
        del part.value_info[:]

    rename(graph)
    onnx.checker.check_model(model)
    onnx.save(model, path)


def exported(model, processor, target: pathlib.Path, task: str) -> None:
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory() as graphs:
        model.save_pretrained(folder)
        processor.save_pretrained(folder)
        main_export(folder, graphs, task=task, device="cpu", do_validation=False)
        (target / "onnx").mkdir(exist_ok=True)
        for file in sorted(pathlib.Path(graphs).glob("*.onnx")):
            shutil.copy(file, target / "onnx" / file.name)
            slim(target / "onnx" / file.name)
        for name in ("config.json", "preprocessor_config.json"):
            shutil.copy(pathlib.Path(folder) / name, target / name)


PROMPTS = [
    {"points": [[30.0, 25.0]]},
    {"points": [[66.0, 22.5], [20.0, 40.0]]},
    {"points": [[5.0, 55.0], [90.0, 5.0], [50.0, 30.0]]},
]
BOXES = [{"box": [9.0, 12.0, 51.0, 50.0]}, {"box": [44.5, 6.0, 87.0, 45.0], "points": [[66.0, 22.5]]}]


def sam() -> None:
    config = SamConfig(
        vision_config=dict(
            hidden_size=16, output_channels=16, num_hidden_layers=2, num_attention_heads=2, image_size=64, patch_size=8,
            window_size=4, global_attn_indexes=[1], num_pos_feats=8, mlp_dim=32,
        ),
        prompt_encoder_config=dict(hidden_size=16, image_size=64, patch_size=8, mask_input_channels=4),
        mask_decoder_config=dict(
            hidden_size=16, mlp_dim=32, num_hidden_layers=2, num_attention_heads=2, iou_head_hidden_dim=16
        ),
    )
    torch.manual_seed(3)
    model = SamModel(config).eval()
    spread(model, 3)
    processor = SamProcessor(
        SamImageProcessor(
            size={"longest_edge": 64}, pad_size={"height": 64, "width": 64}, mask_size={"longest_edge": 16},
            mask_pad_size={"height": 16, "width": 16},
        )
    )
    target, record, image = target_folder("sam"), Record(), textured(picture())
    with torch.no_grad():
        pixels = processor(image, return_tensors="pt").pixel_values
        record.tensor("pixels", pixels)
        record.tensor("embeddings", model.get_image_embeddings(pixels))
        record.facts["prompts"] = []
        for index, prompt in enumerate(PROMPTS):
            inputs = processor(image, input_points=[[prompt["points"]]], return_tensors="pt")
            inputs["input_points"] = inputs["input_points"].float()
            inputs["input_labels"] = torch.ones(inputs["input_points"].shape[:3], dtype=torch.int64)
            sizes = inputs.pop("original_sizes"), inputs.pop("reshaped_input_sizes")
            outputs = model(**inputs)
            record.tensor(f"masks.{index}", outputs.pred_masks)
            record.tensor(f"scores.{index}", outputs.iou_scores)
            masks = processor.post_process_masks(outputs.pred_masks, *sizes)[0][0]
            best = int(outputs.iou_scores[0, 0].argmax())
            record.facts["prompts"].append(prompt | {"counts": runs(masks[best].numpy())})
            print("sam", prompt, outputs.iou_scores.tolist(), masks[best].float().mean().item())
    exported(model, processor.image_processor, target, "feature-extraction")
    image.save(target / "picture.png")
    record.write(target)


class Sam2Encoder(torch.nn.Module):
    def __init__(self, model) -> None:
        super().__init__()
        self.model = model

    def forward(self, pixel_values):
        return tuple(self.model.get_image_embeddings(pixel_values))


class Sam2Decoder(torch.nn.Module):
    """The decoder graph takes points and at most one box of the same object; either may have length 0."""

    def __init__(self, model) -> None:
        super().__init__()
        self.model = model

    def forward(self, input_points, input_labels, input_boxes, embedding_0, embedding_1, embedding_2):
        prompts = self.model.prompt_encoder
        points = prompts._embed_points(input_points, input_labels, pad=False)
        corners = (input_boxes + 0.5).reshape(1, -1, 2, 2)
        size = (prompts.input_image_size, prompts.input_image_size)
        kinds = torch.stack([prompts.point_embed.weight[2], prompts.point_embed.weight[3]])
        corners = (prompts.shared_embedding(corners, size) + kinds).reshape(1, 1, -1, kinds.shape[-1])
        end = prompts.not_a_point_embed.weight.reshape(1, 1, 1, -1)
        sparse = torch.cat([points, corners, end], dim=2)
        side = prompts.image_embedding_size
        dense = prompts.no_mask_embed.weight.reshape(1, -1, 1, 1).expand(1, -1, side[0], side[1])
        masks, scores, _, objects = self.model.mask_decoder(
            image_embeddings=embedding_2,
            image_positional_embeddings=self.model.get_image_wide_positional_embeddings(),
            sparse_prompt_embeddings=sparse,
            dense_prompt_embeddings=dense,
            multimask_output=True,
            high_resolution_features=[embedding_0, embedding_1],
        )
        return scores, masks, objects


def sam2() -> None:
    config = Sam2Config(
        vision_config=dict(
            backbone_config=dict(
                model_type="sam2_hiera_det_model", hidden_size=8, num_attention_heads=1, image_size=[64, 64],
                blocks_per_stage=[1, 1, 2, 1], embed_dim_per_stage=[8, 12, 16, 24], num_attention_heads_per_stage=[1, 1, 2, 2],
                window_size_per_stage=[4, 4, 4, 2], global_attention_blocks=[3], num_query_pool_stages=3, mlp_ratio=2.0,
                window_positional_embedding_background_size=[2, 2],
            ),
            backbone_channel_list=[24, 16, 12, 8], backbone_feature_sizes=[[16, 16], [8, 8], [4, 4]], fpn_hidden_size=16,
        ),
        prompt_encoder_config=dict(hidden_size=16, image_size=64, patch_size=16, mask_input_channels=4),
        mask_decoder_config=dict(
            hidden_size=16, mlp_dim=32, num_hidden_layers=2, num_attention_heads=2, iou_head_hidden_dim=16
        ),
    )
    torch.manual_seed(5)
    model = Sam2Model(config).eval()
    spread(model, 5)
    processor = Sam2Processor(
        Sam2ImageProcessorFast(size={"height": 64, "width": 64}, mask_size={"height": 16, "width": 16})
    )
    target, record, image = target_folder("sam2"), Record(), textured(picture())
    with torch.no_grad():
        inputs = processor(images=image, return_tensors="pt")
        pixels = inputs.pixel_values
        record.tensor("pixels", pixels)
        embeddings = model.get_image_embeddings(pixels)
        for index, embedding in enumerate(embeddings):
            record.tensor(f"embeddings.{index}", embedding)
        record.facts["prompts"] = []
        for index, prompt in enumerate(PROMPTS + BOXES):
            given = {}
            if "points" in prompt:
                given |= {"input_points": [[prompt["points"]]], "input_labels": [[[1] * len(prompt["points"])]]}
            if "box" in prompt:
                given |= {"input_boxes": [[prompt["box"]]]}
            inputs = processor(images=image, return_tensors="pt", **given)
            sizes = inputs.pop("original_sizes")
            outputs = model(**inputs)
            record.tensor(f"masks.{index}", outputs.pred_masks)
            record.tensor(f"scores.{index}", outputs.iou_scores)
            masks = processor.post_process_masks(outputs.pred_masks, sizes)[0][0]
            best = int(outputs.iou_scores[0, 0].argmax())
            record.facts["prompts"].append(prompt | {"counts": runs(masks[best].numpy())})
            print("sam2", prompt, outputs.iou_scores.tolist(), masks[best].float().mean().item())
        (target / "onnx").mkdir()
        names = [f"image_embeddings.{index}" for index in range(3)]
        torch.onnx.export(
            Sam2Encoder(model), (pixels,), target / "onnx" / "vision_encoder.onnx", dynamo=False, opset_version=17,
            input_names=["pixel_values"], output_names=names, dynamic_axes={"pixel_values": {0: "batch_size"}},
        )
        points, labels = torch.zeros(1, 1, 2, 2), torch.ones(1, 1, 2, dtype=torch.int64)
        torch.onnx.export(
            Sam2Decoder(model), (points, labels, torch.zeros(1, 1, 4), *embeddings),
            target / "onnx" / "prompt_encoder_mask_decoder.onnx", dynamo=False, opset_version=17,
            input_names=["input_points", "input_labels", "input_boxes", *names],
            output_names=["iou_scores", "pred_masks", "object_score_logits"],
            dynamic_axes={
                "input_points": {2: "num_points"}, "input_labels": {2: "num_points"}, "input_boxes": {1: "num_boxes"},
            },
        )
    for file in (target / "onnx").glob("*.onnx"):
        slim(file)
    model.config.save_pretrained(target)
    processor.image_processor.save_pretrained(target)
    image.save(target / "picture.png")
    record.write(target)


def segformer() -> None:
    config = SegformerConfig(
        num_encoder_blocks=2, depths=[1, 1], sr_ratios=[2, 1], hidden_sizes=[8, 16], patch_sizes=[7, 3], strides=[4, 2],
        num_attention_heads=[1, 2], mlp_ratios=[2, 2], decoder_hidden_size=16, **NAMES,
    )
    torch.manual_seed(7)
    model = SegformerForSemanticSegmentation(config).eval()
    spread(model, 7)
    processor = SegformerImageProcessor(size={"height": 64, "width": 64})
    target, record, image = target_folder("segformer"), Record(), textured(picture())
    with torch.no_grad():
        pixels = processor(image, return_tensors="pt").pixel_values
        outputs = model(pixels)
        record.tensor("pixels", pixels)
        record.tensor("logits", outputs.logits)
        size = (image.height, image.width)
        found = processor.post_process_semantic_segmentation(outputs, target_sizes=[size])[0].numpy()
    record.facts["segments"] = [
        {"label": LABELS[index], "counts": runs(found == index)} for index in range(len(LABELS)) if (found == index).any()
    ]
    print("segformer", [(LABELS[index], int((found == index).sum())) for index in range(len(LABELS))])
    exported(model, processor, target, "semantic-segmentation")
    image.save(target / "picture.png")
    record.write(target)


def resnet() -> ResNetConfig:
    return ResNetConfig(
        embedding_size=8, hidden_sizes=[8, 8, 16, 16], depths=[1, 1, 1, 1], layer_type="basic",
        out_features=["stage1", "stage2", "stage3", "stage4"],
    )


def panoptic(record: Record, processor, outputs, image: Image.Image) -> None:
    found = processor.post_process_panoptic_segmentation(
        outputs, threshold=0.4, label_ids_to_fuse=set(), target_sizes=[(image.height, image.width)]
    )[0]
    segments = found["segmentation"].numpy()
    record.facts["threshold"] = 0.4
    record.facts["panoptic"] = [
        {"label": LABELS[one["label_id"]], "score": one["score"], "counts": runs(segments == one["id"])}
        for one in found["segments_info"]
    ]
    print([(one["label_id"], one["score"], int((segments == one["id"]).sum())) for one in found["segments_info"]])


def semantic(record: Record, processor, outputs, image: Image.Image) -> None:
    size = (image.height, image.width)
    found = processor.post_process_semantic_segmentation(outputs, target_sizes=[size])[0].numpy()
    record.facts["semantic"] = [
        {"label": LABELS[index], "counts": runs(found == index)} for index in range(len(LABELS)) if (found == index).any()
    ]


def instances(record: Record, processor, outputs, image: Image.Image, threshold: float, **options) -> None:
    size = (image.height, image.width)
    found = processor.post_process_instance_segmentation(outputs, threshold=threshold, target_sizes=[size], **options)[0]
    segments = found["segmentation"].numpy()
    record.facts["instance_threshold"] = threshold
    record.facts["instances"] = [
        # Objects may overlap where each has a mask of its own.
        {"label": LABELS[one["label_id"]], "score": one["score"],
         "counts": runs(segments[index] == 1 if segments.ndim == 3 else segments == one["id"])}
        for index, one in enumerate(found["segments_info"])
    ]
    print("instances", [(one["label"], round(one["score"], 3), sum(one["counts"][1::2])) for one in record.facts["instances"]])


def detr(seed: int = 47) -> None:
    config = DetrConfig(
        use_timm_backbone=False, use_pretrained_backbone=False, backbone=None, backbone_config=resnet(), num_queries=8,
        d_model=32, encoder_layers=1, decoder_layers=1, encoder_attention_heads=8, decoder_attention_heads=8,
        encoder_ffn_dim=16, decoder_ffn_dim=16, **NAMES,
    )
    torch.manual_seed(seed)
    model = DetrForSegmentation(config).eval()
    spread(model, seed)
    # So that the masks of the queries are not all alike.
    model.bbox_attention.q_linear.weight.data *= 8
    model.mask_head.lay1.weight.data[:, -8:] *= 60
    for adapter in (model.mask_head.adapter1, model.mask_head.adapter2, model.mask_head.adapter3):
        adapter.weight.data *= 0.1
    processor = DetrImageProcessor(size={"shortest_edge": 64, "longest_edge": 90})
    target, record, image = target_folder("detr"), Record(), picture()
    with torch.no_grad():
        inputs = processor(image, return_tensors="pt")
        calibrate(model.detr.class_labels_classifier, lambda: model(**inputs).logits)
        outputs = model(**inputs)
        record.tensor("pixels", inputs.pixel_values)
        record.tensor("logits", outputs.logits)
        record.tensor("masks", outputs.pred_masks)
        print("detr", tuple(inputs.pixel_values.shape), tuple(outputs.pred_masks.shape))
        panoptic(record, processor, outputs, image)
        instances(record, processor, outputs, image, 0.3)
        exported(model, processor, target, "image-segmentation")
    image.save(target / "picture.png")
    record.write(target)


def maskformer(seed: int = 46) -> None:
    decoder = DetrConfig(
        use_timm_backbone=False, use_pretrained_backbone=False, backbone=None, backbone_config=resnet(), num_queries=8,
        d_model=16, encoder_layers=1, decoder_layers=1, encoder_attention_heads=2, decoder_attention_heads=2,
        encoder_ffn_dim=16, decoder_ffn_dim=16,
    )
    config = MaskFormerConfig(
        fpn_feature_size=32, mask_feature_size=16, backbone_config=resnet(), decoder_config=decoder.to_dict(), **NAMES
    )
    torch.manual_seed(seed)
    model = MaskFormerForInstanceSegmentation(config).eval()
    spread(model, seed)
    processor = MaskFormerImageProcessor(size={"shortest_edge": 64, "longest_edge": 128}, size_divisor=32)
    target, record, image = target_folder("maskformer"), Record(), picture()
    with torch.no_grad():
        inputs = processor(image, return_tensors="pt")
        calibrate(model.class_predictor, lambda: model(**inputs).class_queries_logits)
        outputs = model(**inputs)
        record.tensor("pixels", inputs.pixel_values)
        record.tensor("logits", outputs.class_queries_logits)
        record.tensor("masks", outputs.masks_queries_logits)
        print("maskformer", tuple(inputs.pixel_values.shape), tuple(outputs.masks_queries_logits.shape))
        panoptic(record, processor, outputs, image)
        instances(record, processor, outputs, image, 0.3, return_binary_maps=True)
        semantic(record, processor, outputs, image)
        exported(model, processor, target, "image-segmentation")
    image.save(target / "picture.png")
    record.write(target)


class Logits(torch.nn.Module):
    """The two outputs that the post-processing reads."""

    def __init__(self, model) -> None:
        super().__init__()
        self.model = model

    def forward(self, pixel_values):
        sample = torch.nn.functional.grid_sample
        # Traced, the places become 64-bit floats, for which runtimes have no GridSample.
        torch.nn.functional.grid_sample = lambda values, grid, **options: sample(values, grid.float(), **options)
        outputs = self.model(pixel_values)
        torch.nn.functional.grid_sample = sample
        return outputs.class_queries_logits, outputs.masks_queries_logits


def mask2former(seed: int = 62) -> None:
    config = Mask2FormerConfig(
        backbone_config=resnet(), feature_size=32, mask_feature_size=32, hidden_dim=32, encoder_feedforward_dim=16,
        encoder_layers=1, decoder_layers=1, num_attention_heads=2, dim_feedforward=16, num_queries=8, feature_strides=[4, 8, 16, 32],
        **NAMES,
    )
    torch.manual_seed(seed)
    model = Mask2FormerForUniversalSegmentation(config).eval()
    spread(model, seed)
    processor = Mask2FormerImageProcessor(size={"height": 64, "width": 64})
    target, record, image = target_folder("mask2former"), Record(), picture()
    with torch.no_grad():
        inputs = processor(image, return_tensors="pt")
        calibrate(model.class_predictor, lambda: model(**inputs).class_queries_logits)
        outputs = model(**inputs)
        record.tensor("pixels", inputs.pixel_values)
        record.tensor("logits", outputs.class_queries_logits)
        record.tensor("masks", outputs.masks_queries_logits)
        print("mask2former", tuple(inputs.pixel_values.shape), tuple(outputs.masks_queries_logits.shape))
        panoptic(record, processor, outputs, image)
        semantic(record, processor, outputs, image)
        instances(record, processor, outputs, image, 0.3, return_binary_maps=True)
        (target / "onnx").mkdir()
        torch.onnx.export(
            Logits(model), (inputs.pixel_values,), target / "onnx" / "model.onnx", dynamo=False, opset_version=17,
            input_names=["pixel_values"], output_names=["class_queries_logits", "masks_queries_logits"],
        )
    slim(target / "onnx" / "model.onnx")
    model.config.save_pretrained(target)
    processor.save_pretrained(target)
    image.save(target / "picture.png")
    record.write(target)


# YOLO: a graph whose answers are known, and what they mean, worked out here in numpy.
SIDE, PROTOTYPES, COEFFICIENTS = 128, 32, 4


def prototypes() -> np.ndarray:
    y, x = np.mgrid[0:PROTOTYPES, 0:PROTOTYPES] / PROTOTYPES
    waves = [np.sin(6 * x), np.cos(5 * y), np.sin(9 * x * y + 1), x - y]
    return np.stack(waves).astype(np.float32)[None]


# Centre, size, scores of circle and square, coefficients. The second is the first again, somewhat worse.
YOLO = [
    ([50.0, 60.0, 44.0, 30.0], [0.05, 0.9], [1.5, -1.0, 0.5, 2.0]),
    ([51.0, 60.0, 44.0, 30.0], [0.05, 0.7], [1.0, 1.0, 1.0, 1.0]),
    ([92.5, 74.0, 40.0, 50.5], [0.8, 0.1], [-2.0, 1.0, 0.3, 0.4]),
]


def grow(plane: np.ndarray, height: int, width: int) -> np.ndarray:
    """Bilinear with half-pixel centres and clamped edges."""

    def taps(source: int, count: int):
        at = np.maximum((np.arange(count) + 0.5) * source / count - 0.5, 0)
        low = np.minimum(at.astype(int), source - 1)
        return low, np.minimum(low + 1, source - 1), at - low

    (top, bottom, down), (left, right, across) = taps(plane.shape[0], height), taps(plane.shape[1], width)
    rows = plane[top] * (1 - down)[:, None] + plane[bottom] * down[:, None]
    return rows[:, left] * (1 - across) + rows[:, right] * across


def yolo_truth(image: Image.Image) -> list[dict]:
    """Masks as `retina_masks` gives them: sums of prototypes, without the letterbox, grown, inside of the box, above 0."""
    ratio = min(SIDE / image.width, SIDE / image.height)
    wide, high = round(image.width * ratio), round(image.height * ratio)
    left, top = round((SIDE - wide) / 2 - 0.1), round((SIDE - high) / 2 - 0.1)
    gain = min(PROTOTYPES / image.height, PROTOTYPES / image.width)
    pad_x, pad_y = (PROTOTYPES - image.width * gain) / 2, (PROTOTYPES - image.height * gain) / 2
    rows = slice(round(pad_y - 0.1), PROTOTYPES - round(pad_y + 0.1))
    columns = slice(round(pad_x - 0.1), PROTOTYPES - round(pad_x + 0.1))
    truth = []
    for (cx, cy, width, height), scores, coefficients in (YOLO[0], YOLO[2]):
        box = np.array([cx - width / 2 - left, cy - height / 2 - top, cx + width / 2 - left, cy + height / 2 - top]) / ratio
        box = np.clip(box, 0, [image.width, image.height, image.width, image.height])
        sums = np.tensordot(np.array(coefficients), prototypes()[0].astype(float), 1)[rows, columns]
        mask = grow(sums, image.height, image.width) > 0
        y, x = np.mgrid[0 : image.height, 0 : image.width]
        mask &= (x >= box[0]) & (x < box[2]) & (y >= box[1]) & (y < box[3])
        label = int(np.argmax(scores))
        truth.append({"label": ["circle", "square"][label], "score": scores[label], "box": box.tolist(), "counts": runs(mask)})
    return truth


def yolo() -> None:
    target, record, image = target_folder("yolo"), Record(), picture()
    anchors = 336
    rows = np.zeros((1, 4 + 2 + COEFFICIENTS, anchors), np.float32)
    for index, (box, scores, coefficients) in enumerate(YOLO):
        rows[0, :, 100 + index] = box + scores + coefficients
    ends = np.zeros((1, 20, 6 + COEFFICIENTS), np.float32)
    for index, (box, scores, coefficients) in enumerate((YOLO[0], YOLO[2])):
        corners = [box[0] - box[2] / 2, box[1] - box[3] / 2, box[0] + box[2] / 2, box[1] + box[3] / 2]
        ends[0, index] = [*corners, max(scores), float(np.argmax(scores)), *coefficients]
    for file, output in (("yolo_seg.onnx", rows), ("yolo_seg_end_to_end.onnx", ends)):
        constants = [numpy_helper.from_array(output, "output0_is"), numpy_helper.from_array(prototypes(), "output1_is")]
        nodes = [helper.make_node("Identity", [f"output{index}_is"], [f"output{index}"]) for index in (0, 1)]
        shapes = (output.shape, prototypes().shape)
        infos = [helper.make_tensor_value_info(f"output{i}", TensorProto.FLOAT, shape) for i, shape in enumerate(shapes)]
        given = helper.make_tensor_value_info("images", TensorProto.FLOAT, [1, 3, SIDE, SIDE])
        graph = helper.make_graph(nodes, "tiny", [given], infos, constants)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 16)], ir_version=8)
        names = {"names": "{0: 'circle', 1: 'square'}", "task": "segment", "end2end": str(output is ends)}
        for key, value in names.items():
            entry = model.metadata_props.add()
            entry.key, entry.value = key, value
        onnx.checker.check_model(model)
        onnx.save(model, target / file)
    record.facts["segments"] = yolo_truth(image)
    image.save(target / "picture.png")
    (target / "reference.json").write_text(json.dumps(record.facts))


if __name__ == "__main__":
    known = {make.__name__: make for make in (sam, sam2, segformer, detr, maskformer, mask2former, yolo)}
    for name in sys.argv[1:] or known:
        known[name]()
