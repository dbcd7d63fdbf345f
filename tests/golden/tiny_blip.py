"""Makes a tiny BLIP captioner of random weights in the layout of its known exports (a graph of the picture, one of the text
without a cache), and records what the reference library makes of a drawn picture: tests/data of the tools crate.

Needs: torch, transformers 4.57, onnx, pillow. Run by a developer: python tests/golden/tiny_blip.py
"""

import json
import pathlib
import shutil

import torch
from PIL import Image, ImageDraw
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers
from transformers import (
    BertTokenizerFast,
    BlipConfig,
    BlipForConditionalGeneration,
    BlipImageProcessor,
    BlipTextConfig,
    BlipVisionConfig,
)

OUT = pathlib.Path(__file__).resolve().parents[2] / "tools" / "tests" / "data" / "blip"
SIDE = 32
WORDS = "a cat and dog on the street near red bus with two people cup of coffee table ##s ##ing ##ed man woman park".split()


def picture() -> Image.Image:
    image = Image.new("RGB", (57, 41), (90, 140, 200))
    draw = ImageDraw.Draw(image)
    draw.rectangle((5, 8, 30, 33), fill=(220, 60, 40))
    draw.ellipse((28, 4, 52, 30), fill=(250, 220, 70))
    draw.line((0, 40, 56, 20), fill=(20, 20, 20), width=3)
    return image


def tokenizer() -> BertTokenizerFast:
    letters = [chr(code) for code in range(97, 123)]
    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *WORDS, *letters[1:], *(f"##{letter}" for letter in letters), "[DEC]", "[ENC]"]
    made = Tokenizer(models.WordPiece({word: at for at, word in enumerate(dict.fromkeys(vocabulary))}, unk_token="[UNK]"))
    made.normalizer = normalizers.BertNormalizer(lowercase=True)
    made.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    made.decoder = decoders.WordPiece(prefix="##")
    made.add_special_tokens(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "[DEC]", "[ENC]"])
    return BertTokenizerFast(tokenizer_object=made, additional_special_tokens=["[DEC]", "[ENC]"])


class Visual(torch.nn.Module):
    def __init__(self, model):
        super().__init__()
        self.model = model.vision_model

    def forward(self, pixel_values):
        return self.model(pixel_values=pixel_values).last_hidden_state


class Textual(torch.nn.Module):
    def __init__(self, model):
        super().__init__()
        self.model = model.text_decoder

    def forward(self, input_ids, attention_mask, encoder_hidden_states, encoder_attention_mask):
        return self.model(
            input_ids=input_ids, attention_mask=attention_mask, encoder_hidden_states=encoder_hidden_states,
            encoder_attention_mask=encoder_attention_mask, use_cache=False,
        ).logits


def export(model) -> None:
    torch.onnx.export(
        Visual(model).eval(), (torch.rand(2, 3, SIDE, SIDE),), str(OUT / "blip-tiny-visual.onnx"), input_names=["pixel_values"],
        output_names=["image_embeds"], dynamic_axes={"pixel_values": {0: "batch"}, "image_embeds": {0: "batch"}},
        opset_version=17, dynamo=False,
    )
    names = ["input_ids", "attention_mask", "encoder_hidden_states", "encoder_attention_mask"]
    width = model.config.vision_config.hidden_size
    tokens, states = {0: "batch", 1: "length"}, {0: "batch", 1: "states"}
    example = (
        torch.ones(2, 5, dtype=torch.long), torch.ones(2, 5, dtype=torch.long), torch.rand(2, 17, width),
        torch.ones(2, 17, dtype=torch.long),
    )
    torch.onnx.export(
        Textual(model).eval(), example, str(OUT / "blip-tiny-textual.onnx"), input_names=names, output_names=["logits"],
        dynamic_axes={**dict(zip(names, (tokens, tokens, states, states))), "logits": tokens}, opset_version=17, dynamo=False,
    )


def main() -> None:
    torch.manual_seed(6)
    words = tokenizer()
    token = words.convert_tokens_to_ids
    text = BlipTextConfig(
        vocab_size=len(words), hidden_size=16, encoder_hidden_size=16, intermediate_size=32, projection_dim=16,
        num_hidden_layers=2, num_attention_heads=2, max_position_embeddings=64, bos_token_id=token("[DEC]"),
        eos_token_id=token("[SEP]"), sep_token_id=token("[SEP]"), pad_token_id=token("[PAD]"),
    )
    vision = BlipVisionConfig(
        hidden_size=16, intermediate_size=32, projection_dim=16, num_hidden_layers=2, num_attention_heads=2,
        image_size=SIDE, patch_size=8,
    )
    config = BlipConfig(text_config=text.to_dict(), vision_config=vision.to_dict())
    model = BlipForConditionalGeneration._from_config(config, attn_implementation="eager").eval()
    with torch.no_grad():
        for name, values in model.named_parameters():
            if "norm" not in name.lower():
                values.normal_(0.0, 0.1 if values.dim() == 1 else 1.0 if "embeddings" in name or "predictions" in name else 0.3)
    processor = BlipImageProcessor(
        size={"height": SIDE, "width": SIDE}, resample=3, image_mean=[0.48145466, 0.4578275, 0.40821073],
        image_std=[0.26862954, 0.26130258, 0.27577711],
    )
    shutil.rmtree(OUT, ignore_errors=True)
    OUT.mkdir(parents=True)
    words.save_pretrained(OUT)
    for file in OUT.iterdir():
        if file.name != "tokenizer.json":
            file.unlink()
    processor.save_pretrained(OUT)
    model.config.to_json_file(OUT / "config.json", use_diff=False)
    image = picture()
    image.save(OUT / "picture.png")
    pixels = processor(image, return_tensors="pt").pixel_values
    record = {"pixels": pixels.flatten().tolist(), "runs": {}}
    with torch.no_grad():
        record["states"] = model.vision_model(pixel_values=pixels).last_hidden_state.flatten().tolist()
    for name, options in {
        # As many as the tool allows where no settings say otherwise.
        "greedy": {"max_new_tokens": 64},
        "short": {"max_new_tokens": 12},
        "beam": {"max_new_tokens": 12, "num_beams": 3},
        "no_repeat": {"max_new_tokens": 12, "no_repeat_ngram_size": 2},
    }.items():
        with torch.no_grad():
            ids = model.generate(pixels, do_sample=False, **options)[0].tolist()
        text_of = words.decode(ids, skip_special_tokens=True, clean_up_tokenization_spaces=False)
        record["runs"][name] = {"ids": ids[1:], "text": text_of}
        print(name, ids[1:], repr(text_of))
    record["start"], record["end"] = token("[DEC]"), token("[SEP]")
    export(model)
    (OUT / "reference.json").write_text(json.dumps(record))


if __name__ == "__main__":
    main()
