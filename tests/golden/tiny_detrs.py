"""Makes tiny detectors of the DETR family with random weights, as exporters write them, and records the boxes that the
reference library finds in a drawn picture through its own pre- and post-processing: tests/data/detrs of the tools crate.

Needs: torch, transformers, optimum-onnx, onnx, pillow. Run by a developer:
python tests/golden/tiny_detrs.py [detr rt_detr_v2 d_fine]
"""

import pathlib
import shutil
import sys

import torch
from transformers import (
    DetrConfig,
    DetrForObjectDetection,
    DetrImageProcessor,
    DFineConfig,
    DFineForObjectDetection,
    HGNetV2Config,
    RTDetrImageProcessor,
    RTDetrResNetConfig,
    RTDetrV2Config,
    RTDetrV2ForObjectDetection,
)

from tiny_segmenters import LABELS, NAMES, Record, calibrate, exported, picture, resnet, slim, spread, textured

OUT = pathlib.Path(__file__).resolve().parents[2] / "tools" / "tests" / "data" / "detrs"


def write(name: str, model, processor, threshold: float, task: str | None) -> None:
    target = OUT / name
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    record = Record()
    record.facts["threshold"] = threshold
    # The second one has the size of the input: no pixel is interpolated.
    for key, image in (("", textured(picture())), (".exact", textured(picture(64, 64)))):
        with torch.no_grad():
            inputs = processor(image, return_tensors="pt")
            outputs = model(**inputs)
            sizes = torch.tensor([[image.height, image.width]])
            found = processor.post_process_object_detection(outputs, threshold=threshold, target_sizes=sizes)[0]
        if not key:
            record.tensor("pixels", inputs["pixel_values"])
            record.tensor("logits", outputs.logits)
            record.tensor("boxes", outputs.pred_boxes)
        rows = zip(found["scores"].tolist(), found["labels"].tolist(), found["boxes"].tolist())
        record.facts[f"objects{key}"] = [{"label": LABELS[label], "score": score, "box": box} for score, label, box in rows]
        print(name, key, tuple(inputs["pixel_values"].shape), len(record.facts[f"objects{key}"]), found["scores"].tolist()[:4])
        image.save(target / f"picture{key}.png")
    if task:
        exported(model, processor, target, task)
    else:
        (target / "onnx").mkdir()
        mask = torch.ones(1, 64, 96, dtype=torch.int64)
        torch.onnx.export(
            Outputs(model), (torch.zeros(1, 3, 64, 96), mask), target / "onnx" / "model.onnx", dynamo=False, opset_version=17,
            input_names=["pixel_values", "pixel_mask"], output_names=["logits", "pred_boxes"],
            dynamic_axes={
                "pixel_values": {0: "batch_size", 2: "height", 3: "width"},
                "pixel_mask": {0: "batch_size", 1: "height", 2: "width"},
            },
        )
        slim(target / "onnx" / "model.onnx")
        model.config.save_pretrained(target)
        processor.save_pretrained(target)
    record.write(target)


class Outputs(torch.nn.Module):
    """A model with the two of its outputs that matter."""

    def __init__(self, model) -> None:
        super().__init__()
        self.model = model

    def forward(self, pixel_values, pixel_mask):
        outputs = self.model(pixel_values=pixel_values, pixel_mask=pixel_mask)
        return outputs.logits, outputs.pred_boxes


def detr() -> None:
    config = DetrConfig(
        use_timm_backbone=False, use_pretrained_backbone=False, backbone=None, backbone_config=resnet(), num_queries=12,
        d_model=16, encoder_layers=1, decoder_layers=1, encoder_attention_heads=2, decoder_attention_heads=2,
        encoder_ffn_dim=16, decoder_ffn_dim=16, auxiliary_loss=False, **NAMES,
    )
    torch.manual_seed(21)
    model = DetrForObjectDetection(config).eval()
    spread(model, 21)
    inputs = DetrImageProcessor(size={"shortest_edge": 64, "longest_edge": 90})(picture(), return_tensors="pt")
    calibrate(model.class_labels_classifier, lambda: model(**inputs).logits)
    write("detr", model, DetrImageProcessor(size={"shortest_edge": 64, "longest_edge": 90}), 0.4, None)


def hybrid() -> dict:
    """What RT-DETR and D-FINE have in common."""
    return dict(
        encoder_hidden_dim=16, encoder_in_channels=[8, 16, 16], encoder_ffn_dim=16, encoder_attention_heads=2, d_model=16,
        num_queries=12, decoder_in_channels=[16, 16, 16], decoder_ffn_dim=16, decoder_layers=1, decoder_attention_heads=2,
        num_denoising=0, decoder_n_points=2, hidden_expansion=0.5, anchor_image_size=None, auxiliary_loss=False, **NAMES,
    )


def rt_resnet() -> RTDetrResNetConfig:
    return RTDetrResNetConfig(
        embedding_size=8, hidden_sizes=[8, 8, 16, 16], depths=[1, 1, 1, 1], layer_type="basic", out_indices=[2, 3, 4]
    )


def rt_model(config, kind, seed: int):
    """Of the seeds, those are used by which the last query chosen is well ahead of the next."""
    torch.manual_seed(seed)
    model = kind(config).eval()
    spread(model, seed)
    for name, parameter in model.named_parameters():
        # Boxes near to their anchors, or they have no extent.
        if "bbox" in name and name.endswith("weight"):
            parameter.data *= 0.7
    inputs = processor()(picture(), return_tensors="pt")
    calibrate(model.model.decoder.class_embed[-1], lambda: model(**inputs).logits)
    return model


def processor() -> RTDetrImageProcessor:
    return RTDetrImageProcessor(size={"height": 64, "width": 64})


def rt_detr_v2() -> None:
    config = RTDetrV2Config(backbone_config=rt_resnet(), **hybrid())
    write("rt_detr_v2", rt_model(config, RTDetrV2ForObjectDetection, 34), processor(), 0.5, "object-detection")


def d_fine() -> None:
    backbone = HGNetV2Config(
        stem_channels=[3, 4, 8], stage_in_channels=[8, 8, 8, 16], stage_mid_channels=[4, 4, 4, 4],
        stage_out_channels=[8, 8, 16, 16], stage_num_blocks=[1, 1, 1, 1], stage_numb_of_layers=[1, 1, 1, 1],
        hidden_sizes=[8, 8, 16, 16], depths=[1, 1, 1, 1], embedding_size=8, out_indices=[2, 3, 4],
    )
    config = DFineConfig(backbone_config=backbone, lqe_hidden_dim=8, max_num_bins=8, **hybrid())
    write("d_fine", rt_model(config, DFineForObjectDetection, 40), processor(), 0.5, "object-detection")


if __name__ == "__main__":
    known = {make.__name__: make for make in (detr, rt_detr_v2, d_fine)}
    for name in sys.argv[1:] or known:
        known[name]()
