"""Makes a tiny SAM of random weights in the layout of its authors' own exporter, and records what their predictor makes of two
drawn pictures: tests/data/sam of the tools crate. The encoder comes in the two forms that are about: planes that are normalised
already, and rows of pixels from 0 to 255 with all else inside the graph (MobileSAM). The decoder comes with all its masks, and
with the one that the graph chooses.

Needs: torch, torchvision, segment-anything, onnx, pillow. Run by a developer: python tests/golden/tiny_sam.py
"""

import pathlib
from functools import partial

import numpy as np
import torch
import torch.nn.functional as F
from segment_anything import SamPredictor
from segment_anything.modeling import ImageEncoderViT, MaskDecoder, PromptEncoder, Sam, TwoWayTransformer
from segment_anything.utils.onnx import SamOnnxModel
from tiny_segmenters import Record, picture, runs, slim, spread, textured

OUT = pathlib.Path(__file__).resolve().parents[2] / "tools" / "tests" / "data" / "sam"
SIDE, PATCH, WIDTH, SEED = 64, 8, 16, 48
PROMPTS = {
    "wide": [
        {"points": [[30.0, 25.0]]},
        {"points": [[66.0, 22.5], [20.0, 40.0]]},
        {"points": [[5.0, 55.0], [90.0, 5.0], [50.0, 30.0]]},
        {"box": [9.0, 12.0, 51.0, 50.0]},
        {"box": [44.5, 6.0, 87.0, 45.0], "points": [[66.0, 22.5]]},
    ],
    "tall": [{"points": [[12.0, 70.0]]}, {"box": [9.0, 12.0, 51.0, 50.0]}],
}


def model(seed: int) -> Sam:
    grid = SIDE // PATCH
    torch.manual_seed(seed)
    sam = Sam(
        image_encoder=ImageEncoderViT(
            depth=2, embed_dim=WIDTH, img_size=SIDE, mlp_ratio=2, norm_layer=partial(torch.nn.LayerNorm, eps=1e-6), num_heads=2,
            patch_size=PATCH, qkv_bias=True, use_rel_pos=True, global_attn_indexes=[1], window_size=3, out_chans=WIDTH,
        ),
        prompt_encoder=PromptEncoder(
            embed_dim=WIDTH, image_embedding_size=(grid, grid), input_image_size=(SIDE, SIDE), mask_in_chans=4
        ),
        mask_decoder=MaskDecoder(
            num_multimask_outputs=3, transformer_dim=WIDTH, iou_head_depth=3, iou_head_hidden_dim=WIDTH,
            transformer=TwoWayTransformer(depth=2, embedding_dim=WIDTH, mlp_dim=32, num_heads=2),
        ),
    ).eval()
    spread(sam, seed)
    return sam


class Pixels(torch.nn.Module):
    """The encoder with what comes before it: rows of pixels [height, width, 3] from 0 to 255, not padded yet."""

    def __init__(self, sam: Sam) -> None:
        super().__init__()
        self.sam = sam

    def forward(self, input_image):
        planes = ((input_image - self.sam.pixel_mean.flatten()) / self.sam.pixel_std.flatten()).permute(2, 0, 1)
        missing = [SIDE - planes.shape[1], SIDE - planes.shape[2]]
        return self.sam.image_encoder(F.pad(planes, (0, missing[1], 0, missing[0])).unsqueeze(0))


class Decoder(SamOnnxModel):
    """Without `int(..)` around sizes, by which the graph would take every picture to have the aspect of the example."""

    def mask_postprocessing(self, masks, orig_im_size):
        masks = F.interpolate(masks, size=(SIDE, SIDE), mode="bilinear", align_corners=False)
        inner = self.resize_longest_image_size(orig_im_size, SIDE)
        size = orig_im_size.to(torch.int64)
        return F.interpolate(masks[..., : inner[0], : inner[1]], size=(size[0], size[1]), mode="bilinear", align_corners=False)


class WithoutSmallMasks(torch.nn.Module):
    """A decoder that gives masks of the picture's size alone."""

    def __init__(self, sam: Sam) -> None:
        super().__init__()
        self.decoder = Decoder(sam, return_single_mask=True)

    def forward(self, *inputs):
        return self.decoder(*inputs)[:2]


def encoders(sam: Sam) -> None:
    torch.onnx.export(
        sam.image_encoder, (torch.zeros(1, 3, SIDE, SIDE),), OUT / "official" / "encoder.onnx", dynamo=False, opset_version=17,
        input_names=["image"], output_names=["image_embeddings"],
    )
    torch.onnx.export(
        Pixels(sam), (torch.zeros(40, SIDE, 3),), OUT / "mobile" / "mobile_sam_image_encoder.onnx", dynamo=False,
        opset_version=17, input_names=["input_image"], output_names=["image_embeddings"],
        dynamic_axes={"input_image": {0: "image_height", 1: "image_width"}},
    )


def decoders(sam: Sam) -> None:
    grid = SIDE // PATCH
    inputs = {
        "image_embeddings": torch.randn(1, WIDTH, grid, grid),
        "point_coords": torch.rand(1, 5, 2) * SIDE,
        "point_labels": torch.ones(1, 5),
        "mask_input": torch.zeros(1, 1, 4 * grid, 4 * grid),
        "has_mask_input": torch.zeros(1),
        "orig_im_size": torch.tensor([61.0, 97.0]),
    }
    names = ["masks", "iou_predictions", "low_res_masks"]
    all_masks = Decoder(sam, return_single_mask=False)
    for path, decoder, outputs in (
        ("official/decoder.onnx", all_masks, names), ("mobile/sam_mask_decoder_single.onnx", WithoutSmallMasks(sam), names[:2])
    ):
        torch.onnx.export(
            decoder, tuple(inputs.values()), OUT / path, dynamo=False, opset_version=17, input_names=list(inputs),
            output_names=outputs, dynamic_axes={"point_coords": {1: "num_points"}, "point_labels": {1: "num_points"}},
        )


def main() -> None:
    for folder in ("official", "mobile"):
        (OUT / folder).mkdir(parents=True, exist_ok=True)
    sam, record = model(SEED), Record()
    predictor = SamPredictor(sam)
    for name, size in (("wide", (97, 61)), ("tall", (53, 90))):
        image = textured(picture(*size))
        image.save(OUT / f"{name}.png")
        predictor.set_image(np.asarray(image))
        resized = torch.as_tensor(predictor.transform.apply_image(np.asarray(image))).permute(2, 0, 1)
        record.tensor(f"{name}.pixels", sam.preprocess(resized.float())[None])
        record.tensor(f"{name}.embeddings", predictor.get_image_embedding())
        record.facts[name] = []
        for index, prompt in enumerate(PROMPTS[name]):
            points = np.array(prompt["points"]) if "points" in prompt else None
            labels = np.ones(len(points), int) if points is not None else None
            box = np.array(prompt["box"]) if "box" in prompt else None
            # As the exporter's graph chooses: of three for one point or a box, the mask of many prompts otherwise.
            told = (len(points) if points is not None else 0) + (2 if box is not None else 1)
            masks, scores, small = predictor.predict(points, labels, box, multimask_output=told <= 2)
            best = int(scores.argmax())
            record.tensor(f"{name}.masks.{index}", small)
            record.facts[name].append(prompt | {"score": float(scores[best]), "counts": runs(masks[best])})
            print(name, prompt, [round(float(score), 3) for score in scores], round(float(masks[best].mean()), 3))
    encoders(sam)
    decoders(sam)
    for file in OUT.glob("*/*.onnx"):
        slim(file)
    record.write(OUT)


if __name__ == "__main__":
    main()
