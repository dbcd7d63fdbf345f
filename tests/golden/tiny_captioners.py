"""Makes tiny captioners of random weights, in the layout that optimum exports, and records what the reference library
makes of a drawn picture: tests/data of the tools crate.

Needs: torch, transformers, optimum-onnx, onnx, pillow. Run by a developer: python tests/golden/tiny_captioners.py
"""

import json
import pathlib
import shutil
import tempfile

import numpy as np
import torch
from optimum.exporters.onnx import main_export
from PIL import Image, ImageDraw
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import (
    GPT2Config,
    GPT2LMHeadModel,
    PreTrainedTokenizerFast,
    TrOCRConfig,
    TrOCRForCausalLM,
    VisionEncoderDecoderConfig,
    VisionEncoderDecoderModel,
    ViTConfig,
    ViTImageProcessor,
    ViTModel,
)

OUT = pathlib.Path(__file__).resolve().parents[2] / "tools" / "tests" / "data" / "captioners"
# Tokens that the runs come by, so that some of them end.
ENDS = {"vit-gpt2": (217, 117, 136), "trocr": (94, 205, 242)}
WORDS = "a cat and a dog on the street near a red bus with two people and a cup of coffee on a table " * 3


def picture() -> Image.Image:
    image = Image.new("RGB", (57, 41), (90, 140, 200))
    draw = ImageDraw.Draw(image)
    draw.rectangle((5, 8, 30, 33), fill=(220, 60, 40))
    draw.ellipse((28, 4, 52, 30), fill=(250, 220, 70))
    draw.line((0, 40, 56, 20), fill=(20, 20, 20), width=3)
    return image


def tokenizer(folder: pathlib.Path) -> PreTrainedTokenizerFast:
    made = Tokenizer(models.BPE())
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    made.train_from_iterator(
        [WORDS], trainers.BpeTrainer(vocab_size=300, special_tokens=["<|endoftext|>"], initial_alphabet=alphabet)
    )
    fast = PreTrainedTokenizerFast(
        tokenizer_object=made, eos_token="<|endoftext|>", bos_token="<|endoftext|>", pad_token="<|endoftext|>"
    )
    fast.save_pretrained(folder)
    return fast


VISION = dict(
    hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=32, image_size=32, patch_size=8
)
def runs(ends: tuple[int, int, int]) -> dict:
    return {
        "greedy": {},
        "beam": {"num_beams": 4},
        "beam_long": {"num_beams": 3, "length_penalty": 2.0, "early_stopping": True},
        "penalised": {"repetition_penalty": 1.4},
        "no_repeat": {"no_repeat_ngram_size": 2},
        "least": {"min_new_tokens": 8, "num_beams": 2},
        "ended": {"eos_token_id": ends[0]},
        "beam_ended": {"eos_token_id": ends[1], "num_beams": 4},
        "beam_ends": {"eos_token_id": [ends[1], ends[2]], "num_beams": 3, "length_penalty": 0.5},
    }


def vit_gpt2(words: PreTrainedTokenizerFast) -> VisionEncoderDecoderModel:
    end = words.eos_token_id
    text = GPT2Config(
        vocab_size=len(words), n_positions=64, n_embd=16, n_layer=2, n_head=2, bos_token_id=end, eos_token_id=end,
        add_cross_attention=True, is_decoder=True, initializer_range=0.6,
    )
    vision = ViTConfig(**VISION)
    config = VisionEncoderDecoderConfig.from_encoder_decoder_configs(vision, text)
    return VisionEncoderDecoderModel(
        config=config, encoder=ViTModel(vision, add_pooling_layer=False), decoder=GPT2LMHeadModel(text)
    )


def trocr(words: PreTrainedTokenizerFast) -> VisionEncoderDecoderModel:
    end = words.eos_token_id
    text = TrOCRConfig(
        vocab_size=len(words), d_model=16, decoder_layers=2, decoder_attention_heads=2, decoder_ffn_dim=32,
        max_position_embeddings=64, cross_attention_hidden_size=16, init_std=0.6, bos_token_id=end, eos_token_id=end,
        pad_token_id=end, decoder_start_token_id=end, is_decoder=True, add_cross_attention=True,
    )
    vision = ViTConfig(**VISION)
    config = VisionEncoderDecoderConfig.from_encoder_decoder_configs(vision, text)
    return VisionEncoderDecoderModel(
        config=config, encoder=ViTModel(vision, add_pooling_layer=False), decoder=TrOCRForCausalLM(text)
    )


def make(name: str, build, folder: pathlib.Path) -> None:
    torch.manual_seed(7)
    words = tokenizer(folder)
    model = build(words).eval()
    for config in (model.config, model.generation_config):
        config.decoder_start_token_id = config.eos_token_id = config.pad_token_id = words.eos_token_id
    model.save_pretrained(folder)
    processor = ViTImageProcessor(size={"height": 32, "width": 32})
    processor.save_pretrained(folder)
    image = picture()
    pixels = processor(image, return_tensors="pt").pixel_values
    with torch.no_grad():
        states = model.encoder(pixels).last_hidden_state
    record = {"pixels": pixels.flatten().tolist(), "states": states.flatten().tolist()}
    for run, options in runs(ENDS[name]).items():
        with torch.no_grad():
            ids = model.generate(pixels, max_new_tokens=16, do_sample=False, **options)[0].tolist()
        ends = options.get("eos_token_id", words.eos_token_id)
        record[run] = {"ids": ids[1:], "eos": ends if isinstance(ends, list) else [ends], "text": words.decode(ids, skip_special_tokens=True)}
        print(name, run, ids[1:])
    target = OUT / name
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    with tempfile.TemporaryDirectory() as exported:
        main_export(str(folder), exported, task="image-to-text-with-past", device="cpu", do_validation=False)
        for file in sorted(pathlib.Path(exported).glob("*.onnx")):
            shutil.copy(file, target / file.name)
    for file in ("tokenizer.json", "preprocessor_config.json", "generation_config.json"):
        shutil.copy(folder / file, target / file)
    image.save(target / "picture.png")
    (target / "reference.json").write_text(json.dumps(record))


if __name__ == "__main__":
    np.random.seed(7)
    for name, build in (("vit-gpt2", vit_gpt2), ("trocr", trocr)):
        with tempfile.TemporaryDirectory() as folder:
            make(name, build, pathlib.Path(folder))
