"""Exports BLIP's image-text matching (Li et al. 2022) with the gradient inside the graph, because ONNX Runtime has none of its own:
`pixel_values [1, 3, h, w]`, `input_ids [texts, tokens]`, `attention_mask` to `itm_logits [texts, 2]` (no, yes) and
`gradcam [texts, tokens, rows, columns]`: the cross-attention of one layer times the positive part of d yes / d attention, mean over heads.

Without arguments it makes a tiny model of random weights, checks the written-out gradient against torch's autograd, and records what the
reference library makes of a drawn picture: tests/data of the tools crate. With `--model Salesforce/blip-itm-base-coco --out FOLDER` it
exports those weights; name the folder in argus.toml: [models.blip-itm] role = "match" file = "FOLDER".

Needs: torch, transformers 4.57, onnx, pillow. Run by a developer: python tests/golden/tiny_matchers.py
"""

import argparse
import json
import pathlib
import shutil

import torch
from PIL import Image, ImageDraw
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
from torch.nn import functional
from transformers import (
    AutoImageProcessor,
    AutoTokenizer,
    BertTokenizerFast,
    BlipConfig,
    BlipForImageTextRetrieval,
    BlipImageProcessor,
    BlipTextConfig,
    BlipVisionConfig,
)

OUT = pathlib.Path(__file__).resolve().parents[2] / "tools" / "tests" / "data" / "matchers"
SIDE, PATCH = 48, 8
# The reference library cuts texts at this many tokens.
LONGEST = 35
WORDS = "a cat and dog on the street near red bus with two people cup of coffee table is there ##s ##ing ##ed man yellow ball box".split()
TEXTS = [
    "a red box", "a yellow ball near the red box", "two people with coffee", "is there a cat?",
    "the dog and the cat on the street near the bus with two people and a cup of coffee on the table and the man with the dog and the yellow ball in the red box",
]


# Steps of a transformer layer that remember what their gradient needs. Written out, because the exporter does not record autograd.


def heads(values, count):
    return values.view(values.shape[0], values.shape[1], count, -1).transpose(1, 2)


def merged(values):
    values = values.transpose(1, 2)
    return values.reshape(values.shape[0], values.shape[1], -1)


def softmax_back(probabilities, gradient):
    return probabilities * (gradient - (gradient * probabilities).sum(-1, keepdim=True))


def norm_back(norm, before, gradient):
    centered = before - before.mean(-1, keepdim=True)
    inverse = torch.rsqrt(centered.pow(2).mean(-1, keepdim=True) + norm.eps)
    plain, gradient = centered * inverse, gradient * norm.weight
    return inverse * (gradient - gradient.mean(-1, keepdim=True) - plain * (gradient * plain).mean(-1, keepdim=True))


def gelu_back(before, gradient):
    normal = 0.5 * (1.0 + torch.erf(before * 0.5**0.5))
    return gradient * (normal + before * torch.exp(-0.5 * before * before) * (2.0 * torch.pi) ** -0.5)


class Attention:
    """One attention: queries of `hidden`, keys and values of `source`, then the projection, the sum and the norm."""

    def __init__(self, module, hidden, source, mask):
        own = module.self
        self.module, self.scale = module, own.attention_head_size**-0.5
        self.count = own.num_attention_heads
        self.query, self.key, self.value = (
            heads(linear(states), self.count) for linear, states in ((own.query, hidden), (own.key, source), (own.value, source))
        )
        scores = self.query @ self.key.transpose(-1, -2) * self.scale
        self.probabilities = functional.softmax(scores if mask is None else scores + mask, dim=-1)
        self.before = module.output.dense(merged(self.probabilities @ self.value)) + hidden
        self.out = module.output.LayerNorm(self.before)

    def back(self, gradient):
        """The gradients of the sum before the norm, of the heads' results and of the probabilities."""
        of_sum = norm_back(self.module.output.LayerNorm, self.before, gradient)
        of_heads = heads(of_sum @ self.module.output.dense.weight, self.count)
        return of_sum, of_heads, of_heads @ self.value.transpose(-1, -2)

    def back_to_hidden(self, gradient, is_self):
        of_sum, of_heads, of_probabilities = self.back(gradient)
        of_scores = softmax_back(self.probabilities, of_probabilities) * self.scale
        own = self.module.self
        hidden = of_sum + merged(of_scores @ self.key) @ own.query.weight
        if is_self:
            hidden = hidden + merged(of_scores.transpose(-1, -2) @ self.query) @ own.key.weight
            hidden = hidden + merged(self.probabilities.transpose(-1, -2) @ of_heads) @ own.value.weight
        return hidden


class Layer:
    def __init__(self, module, hidden, image, mask):
        self.module = module
        self.own = Attention(module.attention, hidden, hidden, mask)
        self.cross = Attention(module.crossattention, self.own.out, image, None)
        self.wide = module.intermediate.dense(self.cross.out)
        self.before = module.output.dense(functional.gelu(self.wide)) + self.cross.out
        self.out = module.output.LayerNorm(self.before)

    def back_to_cross(self, gradient):
        of_sum = norm_back(self.module.output.LayerNorm, self.before, gradient)
        of_wide = gelu_back(self.wide, of_sum @ self.module.output.dense.weight)
        return of_sum + of_wide @ self.module.intermediate.dense.weight

    def back(self, gradient):
        return self.own.back_to_hidden(self.cross.back_to_hidden(self.back_to_cross(gradient), False), True)


class Matcher(torch.nn.Module):
    """`map`: "gradcam", "attention" (the same without the gradient) or None."""

    def __init__(self, model, layer, map):
        super().__init__()
        assert model.config.text_config.hidden_act == "gelu"
        self.model, self.layer, self.map = model, layer, map
        vision = model.config.vision_config
        self.side = vision.image_size // vision.patch_size

    def forward(self, pixel_values, input_ids, attention_mask):
        text = self.model.text_encoder
        image = self.model.vision_model(pixel_values=pixel_values).last_hidden_state.expand(input_ids.shape[0], -1, -1)
        mask = (1.0 - attention_mask[:, None, None, :].to(image.dtype)) * -10000.0
        hidden, layers = text.embeddings(input_ids=input_ids), []
        for module in text.encoder.layer:
            layers.append(Layer(module, hidden, image, mask))
            hidden = layers[-1].out
        logits = self.model.itm_head(hidden[:, 0])
        if self.map is None:
            return logits
        map = layers[self.layer].cross.probabilities
        if self.map == "gradcam":
            yes = self.model.itm_head.weight[1].expand(hidden.shape[0], 1, -1)
            gradient = torch.cat((yes, torch.zeros_like(hidden[:, 1:])), 1)
            for later in reversed(layers[self.layer + 1 :]):
                gradient = later.back(gradient)
            layer = layers[self.layer]
            map = map * layer.cross.back(layer.back_to_cross(gradient))[2].clamp(min=0.0)
        # The first place is that of the picture as a whole.
        map = map.mean(1)[:, :, 1:].reshape(input_ids.shape[0], input_ids.shape[1], self.side, self.side)
        return logits, map * attention_mask[:, :, None, None].to(map.dtype)


def export(model, layer, map, file):
    side = model.config.vision_config.image_size
    names = ["pixel_values", "input_ids", "attention_mask"]
    tokens = {0: "texts", 1: "tokens"}
    outputs = ["itm_logits"] + ([map] if map else [])
    axes = {"input_ids": tokens, "attention_mask": tokens, "itm_logits": {0: "texts"}} | ({map: tokens} if map else {})
    example = (torch.rand(1, 3, side, side), torch.ones(2, 6, dtype=torch.long), torch.ones(2, 6, dtype=torch.long))
    file.parent.mkdir(parents=True, exist_ok=True)
    torch.onnx.export(
        Matcher(model, layer, map).eval(), example, str(file), input_names=names, output_names=outputs, dynamic_axes=axes,
        opset_version=17, dynamo=False,
    )


def encoded(tokenizer, texts):
    """As the reference does: cut, and the first token tells the text encoder that there is a picture."""
    made = tokenizer(texts, padding="longest", truncation=True, max_length=LONGEST, return_tensors="pt")
    made["input_ids"][:, 0] = tokenizer.convert_tokens_to_ids("[ENC]")
    return made["input_ids"], made["attention_mask"]


def by_autograd(model, layer, pixels, ids, mask):
    """The logits, the attention and d yes / d attention of the reference library: `[texts, heads, tokens, 1 + patches]`."""
    kept = []
    cross = model.text_encoder.encoder.layer[layer].crossattention.self
    hook = cross.dropout.register_forward_pre_hook(lambda _, given: kept.append(given[0]))
    logits = model(input_ids=ids, attention_mask=mask, pixel_values=pixels.expand(len(ids), -1, -1, -1)).itm_score
    hook.remove()
    gradient = torch.autograd.grad(logits[:, 1].sum(), kept[0])[0]
    return logits.detach(), kept[0].detach(), gradient


def of_patches(values, mask, side):
    return values.mean(1)[:, :, 1:].reshape(len(values), -1, side, side) * mask[:, :, None, None]


def mean_of_words(map, mask):
    """Over the tokens of the text, without the first and the last, which are marks."""
    return torch.stack([rows[1 : int(row.sum()) - 1].mean(0) for rows, row in zip(map, mask)])


def picture() -> Image.Image:
    image = Image.new("RGB", (90, 60), (90, 140, 200))
    draw = ImageDraw.Draw(image)
    draw.rectangle((8, 12, 45, 49), fill=(220, 60, 40))
    draw.ellipse((50, 8, 82, 40), fill=(250, 220, 70))
    draw.line((0, 58, 89, 44), fill=(20, 20, 20), width=3)
    return image


def words() -> BertTokenizerFast:
    letters = [chr(code) for code in range(97, 123)]
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    vocabulary = [*special, *WORDS, "?", *letters[1:], *(f"##{letter}" for letter in letters), "[DEC]", "[ENC]"]
    made = Tokenizer(models.WordPiece({word: at for at, word in enumerate(dict.fromkeys(vocabulary))}, unk_token="[UNK]"))
    made.normalizer = normalizers.BertNormalizer(lowercase=True)
    made.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    made.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[(name, made.token_to_id(name)) for name in ("[CLS]", "[SEP]")]
    )
    made.add_special_tokens([*special, "[DEC]", "[ENC]"])
    return BertTokenizerFast(tokenizer_object=made, additional_special_tokens=["[DEC]", "[ENC]"])


def tiny(tokenizer):
    text = BlipTextConfig(
        vocab_size=len(tokenizer), hidden_size=16, encoder_hidden_size=16, intermediate_size=32, projection_dim=16,
        num_hidden_layers=3, num_attention_heads=2, max_position_embeddings=64, bos_token_id=tokenizer.convert_tokens_to_ids("[DEC]"),
        eos_token_id=tokenizer.convert_tokens_to_ids("[SEP]"), sep_token_id=tokenizer.convert_tokens_to_ids("[SEP]"), pad_token_id=0,
    )
    vision = BlipVisionConfig(
        hidden_size=16, intermediate_size=32, projection_dim=16, num_hidden_layers=2, num_attention_heads=2, image_size=SIDE,
        patch_size=PATCH,
    )
    config = BlipConfig(text_config=text.to_dict(), vision_config=vision.to_dict(), image_text_hidden_size=16)
    model = BlipForImageTextRetrieval._from_config(config, attn_implementation="eager").eval()
    with torch.no_grad():
        for name, values in model.named_parameters():
            if "norm" in name.lower():
                values.add_(torch.randn_like(values) * 0.2)
            else:
                values.normal_(0.0, 0.1 if values.dim() == 1 else 1.0 if "embeddings" in name else 0.4)
    return model


def make_tests() -> None:
    torch.manual_seed(11)
    tokenizer, layer = words(), 1
    model = tiny(tokenizer)
    processor = BlipImageProcessor(
        size={"height": SIDE, "width": SIDE}, resample=3, image_mean=[0.48145466, 0.4578275, 0.40821073],
        image_std=[0.26862954, 0.26130258, 0.27577711],
    )
    shutil.rmtree(OUT, ignore_errors=True)
    for name, map in (("blip", "gradcam"), ("blip_attention", "attention"), ("blip_plain", None)):
        folder = OUT / name
        export(model, layer, map, folder / "model.onnx")
        tokenizer.save_pretrained(folder)
        for file in folder.iterdir():
            if file.name not in ("tokenizer.json", "model.onnx"):
                file.unlink()
        processor.save_pretrained(folder)
        model.config.to_json_file(folder / "config.json")
    image, side = picture(), SIDE // PATCH
    image.save(OUT / "picture.png")
    pixels = processor(image, return_tensors="pt").pixel_values
    ids, mask = encoded(tokenizer, TEXTS)
    logits, attention, gradient = by_autograd(model, layer, pixels, ids, mask)
    gradcam = of_patches(attention * gradient.clamp(min=0), mask, side)
    attention = of_patches(attention, mask, side)
    with torch.no_grad():
        own = Matcher(model, layer, "gradcam")(pixels, ids, mask)
    print("written-out gradient against autograd:", *(float((a - b).abs().max()) for a, b in zip(own, (logits, gradcam))))
    probabilities = logits.softmax(-1)[:, 1]
    print("probabilities", probabilities.tolist(), "Grad-CAM up to", float(gradcam.max()))
    record = {
        "texts": TEXTS, "ids": [row[: int(used)].tolist() for row, used in zip(ids, mask.sum(1))], "shape": list(pixels.shape),
        "pixels": pixels.flatten().tolist(), "logits": logits.tolist(), "probabilities": probabilities.tolist(),
        "gradcam": mean_of_words(gradcam, mask).tolist(), "attention": mean_of_words(attention, mask).tolist(),
    }
    (OUT / "reference.json").write_text(json.dumps(record))


def export_weights(name: str, layer: int, out: pathlib.Path) -> None:
    model = BlipForImageTextRetrieval.from_pretrained(name, attn_implementation="eager").eval()
    tokenizer = AutoTokenizer.from_pretrained(name)
    # The text encoder's own marks, which the published vocabulary leaves out: ids 30522 and 30523.
    tokenizer.add_special_tokens({"additional_special_tokens": ["[DEC]", "[ENC]"]})
    assert len(tokenizer) <= model.config.text_config.vocab_size
    export(model, layer, "gradcam", out / "model.onnx")
    tokenizer.save_pretrained(out)
    AutoImageProcessor.from_pretrained(name, use_fast=False).save_pretrained(out)
    model.config.to_json_file(out / "config.json")


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--model", help="a repository or folder with weights of BlipForImageTextRetrieval")
    arguments.add_argument("--layer", type=int, default=7, help="whose cross-attention is looked at: PNP-VQA takes 7")
    arguments.add_argument("--out", type=pathlib.Path, help="the folder to write")
    given = arguments.parse_args()
    if given.model is None:
        make_tests()
    elif given.out is None:
        arguments.error("--model needs --out")
    else:
        export_weights(given.model, given.layer, given.out)


if __name__ == "__main__":
    main()
