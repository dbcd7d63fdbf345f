"""Makes a tiny Florence-2 of random weights in the layout of its exports on the hub, and records what the reference library
makes of a drawn picture, of every prompt and of answers written by hand: tests/data of the tools crate.

Needs: torch, transformers 4.57, optimum-onnx, onnx, pillow. Run by a developer: python tests/golden/tiny_florence.py
"""

import json
import pathlib
import shutil

import torch
from optimum.onnx.graph_transformations import merge_decoders
from PIL import Image, ImageDraw
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import (
    BartConfig,
    BartTokenizerFast,
    CLIPImageProcessor,
    EncoderDecoderCache,
    Florence2Config,
    Florence2ForConditionalGeneration,
    Florence2Processor,
    Florence2VisionConfig,
)

OUT = pathlib.Path(__file__).resolve().parents[2] / "tools" / "tests" / "data" / "florence"
SIDE = 32
# How widely the weights are spread that add to what is there.
STIR = 0.1
# Features of a 32 x 32 picture at a stride of 8, and their mean.
IMAGE_TOKENS = 17
# Sizes of the pictures that the answers by hand are about.
LANDSCAPE, SMALL = (640, 480), (57, 41)

WORDS = (
    "What does the image describe? Describe in detail what is shown in the image. Locate the objects with category name, "
    "their descriptions, the phrases in the caption and the region proposals. What is the polygon mask of the region with "
    "mask? What text is in it? a cat and a dog on the street near a red bus with two people and a cup of coffee on a table "
) * 3
# What the converted checkpoints of the hub carry beside their processor.
RULES = {
    "ocr": {"area_threshold": 0.0},
    "phrase_grounding": {"banned_grounding_tokens": ["it", "he", "the image", "a group", "something", "each other"]},
    "pure_text": {},
    "description_with_bboxes": {},
    "description_with_polygons": {},
    "polygons": {},
    "bboxes": {},
    "description_with_bboxes_or_polygons": {},
}
INPUTS = {
    "<CAPTION_TO_PHRASE_GROUNDING>": "A red bus near two people.",
    "<REFERRING_EXPRESSION_SEGMENTATION>": " a red bus ",
    "<REGION_TO_SEGMENTATION>": "<loc_52><loc_332><loc_932><loc_774>",
    "<OPEN_VOCABULARY_DETECTION>": "a cup of coffee",
    "<REGION_TO_CATEGORY>": "<loc_0><loc_1><loc_998><loc_999>",
    "<REGION_TO_DESCRIPTION>": "<loc_52><loc_332><loc_932><loc_774>",
    "<REGION_TO_OCR>": "<loc_52><loc_332><loc_932><loc_774>",
}


def locs(*bins: int) -> str:
    return "".join(f"<loc_{value}>" for value in bins)


QUAD = (10, 20, 300, 25, 295, 80, 12, 78)
ANSWERS = [
    ("<CAPTION>", "</s><s>A red bus on a street.</s>"),
    ("<DETAILED_CAPTION>", "<s>In this image we can see a bus.</s>"),
    ("<MORE_DETAILED_CAPTION>", "  A bus, 5 people & a \"dog\". </s>"),
    ("<OCR>", "</s><s>NO PARKING 24/7</s>"),
    ("<OCR_WITH_REGION>", "</s><s>NO PARKING" + locs(*QUAD) + "24/7" + locs(*(900, 850, 999, 850, 999, 900, 900, 899)) + "</s>"),
    ("<OD>", "</s><s>car" + locs(54, 375, 906, 707) + "door" + locs(710, 276, 908, 537) + "</s>"),
    ("<OD>", "<s>wheel" + locs(708, 557, 774, 722, 147, 563, 216, 727) + "door handle" + locs(1, 2, 3) + "</s>"),
    ("<OD>", "wheel" + locs(708, 557, 774, 722, 147, 563) + " hub " + locs(0, 0, 999, 999) + "</s>"),
    ("<OD>", "<s>lamp" + locs(5, 6, 700, 800) + "no place</s>"),
    ("<OD>", "</s><s></s>"),
    ("<DENSE_REGION_CAPTION>", "</s><s>turquoise car parked on a street" + locs(52, 332, 932, 774) + "wooden door" + locs(710, 276, 908, 537) + "</s>"),
    ("<REGION_PROPOSAL>", "</s><s>" + locs(52, 332, 932, 774, 710, 276, 908, 537, 5, 5) + "</s>"),
    ("<REGION_PROPOSAL>", "<s>a" + locs(1, 2, 3) + "b" + locs(10, 20, 30, 40) + "</s>"),
    (
        "<CAPTION_TO_PHRASE_GROUNDING>",
        "</s><s>A green car" + locs(53, 374, 906, 708) + " two doors" + locs(1, 1, 30, 40, 50, 60, 70, 80) + "it" + locs(9, 9, 99, 99)
        + "the image" + locs(0, 0, 999, 999) + "a house" + locs(7, 8, 900, 901) + "</s>",
    ),
    ("<REFERRING_EXPRESSION_SEGMENTATION>", "</s><s>" + locs(10, 10, 200, 12, 190, 220, 15, 210, 7) + "</s>"),
    (
        "<REFERRING_EXPRESSION_SEGMENTATION>",
        "<s>" + locs(10, 10, 200, 12, 190, 220) + "<sep>" + locs(500, 500, 600, 505, 590, 640, 480, 610) + "</s>",
    ),
    (
        "<REGION_TO_SEGMENTATION>",
        "<s><poly>" + locs(1, 2, 30, 4, 25, 60) + "<sep>" + locs(100, 100, 200, 100, 150, 200) + "</poly><poly>"
        + locs(700, 700, 800, 700, 800, 800, 700, 800, 9) + "</poly></s>",
    ),
    ("<OPEN_VOCABULARY_DETECTION>", "</s><s>a green car" + locs(54, 375, 906, 707) + "a cat" + locs(1, 2, 3, 4, 500, 501, 502, 503) + "</s>"),
    (
        "<OPEN_VOCABULARY_DETECTION>",
        "</s><s>a wheel<poly>" + locs(1, 2, 30, 4, 25, 60) + "</poly><poly>" + locs(100, 100, 200, 100, 150, 200) + "<sep>"
        + locs(300, 300, 400, 300, 350, 400) + "</poly>a road<poly>" + locs(0, 600, 999, 600, 999, 999, 0, 999) + "</poly></s>",
    ),
    ("<REGION_TO_CATEGORY>", "</s><s>car" + locs(52, 332, 932, 774) + "</s>"),
    ("<REGION_TO_DESCRIPTION>", "</s><s>turquoise Volkswagen Beetle</s>"),
    ("<REGION_TO_OCR>", "</s><s>EXIT</s>"),
]
BOXES = [(33.6, 160.08, 597.44, 371.76), (0.0, 0.0, 640.0, 480.0), (-5.0, 479.99, 700.0, 0.479)]


def picture(size: tuple[int, int] = SMALL) -> Image.Image:
    image = Image.new("RGB", size, (90, 140, 200))
    draw = ImageDraw.Draw(image)
    draw.rectangle((5, 8, 30, 33), fill=(220, 60, 40))
    draw.ellipse((28, 4, 52, 30), fill=(250, 220, 70))
    draw.line((0, 40, 56, 20), fill=(20, 20, 20), width=3)
    return image


def tokenizer() -> BartTokenizerFast:
    made = Tokenizer(models.BPE(unk_token="<unk>"))
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=340,
        special_tokens=["<s>", "<pad>", "</s>", "<unk>", "<mask>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
    )
    made.train_from_iterator([WORDS], trainer)
    marks = [f"<loc_{value}>" for value in range(1000)] + ["<sep>", "<poly>", "</poly>", "<od>", "</od>"]
    made.add_special_tokens([AddedToken(mark, special=True, normalized=False) for mark in marks])
    return BartTokenizerFast(
        tokenizer_object=made, additional_special_tokens=marks, extra_special_tokens={"image_token": "<image>"}
    )


def build(words: BartTokenizerFast) -> Florence2ForConditionalGeneration:
    vision = Florence2VisionConfig(
        depths=(1, 1), patch_size=(7, 3), patch_stride=(4, 2), patch_padding=(3, 1), patch_prenorm=(False, True),
        embed_dim=(8, 16), num_heads=(1, 2), num_groups=(1, 2), window_size=3, drop_path_rate=0.0, mlp_ratio=2.0,
        projection_dim=16, max_temporal_embeddings=4, max_position_embeddings=6,
    )
    text = BartConfig(
        vocab_size=len(words), d_model=16, encoder_layers=2, decoder_layers=2, encoder_attention_heads=2,
        decoder_attention_heads=2, encoder_ffn_dim=32, decoder_ffn_dim=32, max_position_embeddings=96, dropout=0.0,
        pad_token_id=words.pad_token_id, bos_token_id=words.bos_token_id, eos_token_id=words.eos_token_id,
        decoder_start_token_id=words.eos_token_id, forced_bos_token_id=words.bos_token_id,
        forced_eos_token_id=words.eos_token_id,
    )
    config = Florence2Config(
        text_config=text, vision_config=vision, image_token_id=words.image_token_id, pad_token_id=words.pad_token_id,
        bos_token_id=words.bos_token_id, eos_token_id=words.eos_token_id, decoder_start_token_id=words.eos_token_id,
    )
    model = Florence2ForConditionalGeneration._from_config(config, attn_implementation="eager").eval()
    model.tie_weights()
    # The usual narrow start would make every picture give the same text, and one token over and over. Here each token is likely
    # to be followed by another one: words by four locations, these by a word. The rest of the model stirs that up.
    order = torch.randperm(1000).tolist()
    texts = [words.decode([token]) for token in range(len(words))]
    letters = [token for token, text in enumerate(texts) if text.isascii() and text.strip().isalpha()]
    chain = [mark for number, word in enumerate(letters) for mark in (word, *(words.convert_tokens_to_ids(f"<loc_{at}>") for at in order[4 * number : 4 * number + 4]))]
    model.lm_head.weight = torch.nn.Parameter(torch.empty_like(model.lm_head.weight))
    with torch.no_grad():
        for name, values in model.named_parameters():
            if "norm" not in name:
                wide = 1.0 if "shared" in name else STIR if "out_proj" in name or "fc2" in name else 0.5
                values.normal_(0.0, 0.1 if values.dim() == 1 else wide)
        table, head = model.get_input_embeddings().weight, model.lm_head.weight
        head.mul_(0.5)
        for token, follows in zip(chain, chain[1:] + chain[:1]):
            head[follows] = table[token]
    return model


class Vision(torch.nn.Module):
    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, pixel_values):
        return self.model.get_image_features(pixel_values)


class Embed(torch.nn.Module):
    def __init__(self, model):
        super().__init__()
        self.table = model.get_input_embeddings()

    def forward(self, input_ids):
        return self.table(input_ids)


class Encoder(torch.nn.Module):
    def __init__(self, model):
        super().__init__()
        self.encoder = model.language_model.encoder

    def forward(self, attention_mask, inputs_embeds):
        return self.encoder(attention_mask=attention_mask, inputs_embeds=inputs_embeds, return_dict=True).last_hidden_state


class First(torch.nn.Module):
    """The decoder without a past: gives the cache of its own and that of the encoder's states."""

    def __init__(self, model):
        super().__init__()
        self.decoder, self.head = model.language_model.decoder, model.lm_head

    def forward(self, encoder_attention_mask, encoder_hidden_states, inputs_embeds):
        out = self.decoder(
            inputs_embeds=inputs_embeds, encoder_hidden_states=encoder_hidden_states,
            encoder_attention_mask=encoder_attention_mask, use_cache=True, return_dict=True,
        )
        cache = [values for layer in out.past_key_values.to_legacy_cache() for values in layer]
        return self.head(out.last_hidden_state), *cache


class Later(First):
    """The decoder with a past: the cache of the encoder's states stays as it is."""

    def forward(self, encoder_attention_mask, encoder_hidden_states, inputs_embeds, *past):
        layers = tuple(past[at : at + 4] for at in range(0, len(past), 4))
        out = self.decoder(
            inputs_embeds=inputs_embeds, encoder_hidden_states=encoder_hidden_states,
            encoder_attention_mask=encoder_attention_mask, use_cache=True, return_dict=True,
            past_key_values=EncoderDecoderCache.from_legacy_cache(layers),
        )
        cache = [values for layer in out.past_key_values.to_legacy_cache() for values in layer[:2]]
        return self.head(out.last_hidden_state), *cache


def save(module, example, file, inputs, outputs, axes):
    torch.onnx.export(
        module.eval(), example, str(file), input_names=inputs, output_names=outputs,
        dynamic_axes={name: axes[name] for name in inputs + outputs if name in axes}, opset_version=17, dynamo=False,
    )


def export(model, folder: pathlib.Path) -> None:
    width, layers = model.config.text_config.d_model, model.config.text_config.decoder_layers
    batch, length, heads = "batch_size", "encoder_sequence_length", model.config.text_config.decoder_attention_heads
    save(
        Vision(model), (torch.rand(2, 3, SIDE, SIDE),), folder / "vision_encoder.onnx", ["pixel_values"], ["image_features"],
        {"pixel_values": {0: batch}, "image_features": {0: batch}},
    )
    tokens = {0: batch, 1: "sequence_length"}
    save(
        Embed(model), (torch.ones(2, 5, dtype=torch.long),), folder / "embed_tokens.onnx", ["input_ids"], ["inputs_embeds"],
        {"input_ids": tokens, "inputs_embeds": tokens},
    )
    source = {0: batch, 1: length}
    mask, states = torch.ones(2, 7, dtype=torch.long), torch.rand(2, 7, width)
    save(
        Encoder(model), (mask, states), folder / "encoder_model.onnx", ["attention_mask", "inputs_embeds"],
        ["last_hidden_state"], {"attention_mask": source, "inputs_embeds": source, "last_hidden_state": source},
    )
    keys = [f"{layer}.{of}.{kind}" for layer in range(layers) for of in ("decoder", "encoder") for kind in ("key", "value")]
    axes = {
        "encoder_attention_mask": source,
        "encoder_hidden_states": source,
        "inputs_embeds": {0: batch, 1: "decoder_sequence_length"},
        "logits": {0: batch, 1: "decoder_sequence_length"},
    }
    for key in keys:
        axes[f"past_key_values.{key}"] = {0: batch, 2: "past_decoder_sequence_length" if "decoder" in key else length}
        axes[f"present.{key}"] = {0: batch, 2: "present_length" if "decoder" in key else length}
    inputs = ["encoder_attention_mask", "encoder_hidden_states", "inputs_embeds"]
    save(
        First(model), (mask, states, torch.rand(2, 3, width)), folder / "decoder_model.onnx", inputs,
        ["logits", *(f"present.{key}" for key in keys)], axes,
    )
    past = [torch.rand(2, heads, 4 if "decoder" in key else 7, width // heads) for key in keys]
    later_axes = {**axes, "inputs_embeds": {0: batch}, "logits": {0: batch}}
    save(
        Later(model), (mask, states, torch.rand(2, 1, width), *past), folder / "decoder_with_past_model.onnx",
        inputs + [f"past_key_values.{key}" for key in keys],
        ["logits", *(f"present.{key}" for key in keys if "decoder" in key)], later_axes,
    )
    merge_decoders(
        folder / "decoder_model.onnx", folder / "decoder_with_past_model.onnx",
        save_path=folder / "decoder_model_merged.onnx", strict=False,
    )


def runs(greedy_end: int, beam_end: int) -> dict:
    return {
        "greedy": {"num_beams": 1, "early_stopping": False},
        "beam": {"num_beams": 3, "no_repeat_ngram_size": 3, "early_stopping": True},
        "beam_open": {"num_beams": 3, "no_repeat_ngram_size": 3, "early_stopping": False},
        "ended": {"num_beams": 1, "early_stopping": False, "eos_token_id": [2, greedy_end]},
        "beam_ended": {"num_beams": 3, "no_repeat_ngram_size": 3, "early_stopping": True, "eos_token_id": [2, beam_end]},
    }


def well_formed(parsed) -> bool:
    """Whether the reference read labels and places. Of an answer with stray locations it takes `loc_7>` for a label."""
    if isinstance(parsed, str):
        return True
    labels = [label for key in parsed if "labels" in key for label in parsed[key]]
    return not any("loc_" in label or ">" in label for label in labels)


def seed_of_many_words(words, processor) -> int:
    """The first start whose model says different words, and locates parts of the picture in the right form."""
    image = picture((SIDE, SIDE))
    for seed in range(400):
        torch.manual_seed(seed)
        model = build(words)
        ids, _ = say(model, processor, image, "<CAPTION>", num_beams=1)
        if len(set(ids)) < 12:
            continue
        _, text = say(model, processor, image, "<DENSE_REGION_CAPTION>", num_beams=3, no_repeat_ngram_size=3, early_stopping=True)
        parsed = processor.post_process_generation(text=text, task="<DENSE_REGION_CAPTION>", image_size=image.size)["<DENSE_REGION_CAPTION>"]
        real = [box for box, label in zip(parsed["bboxes"], parsed["labels"]) if label and box[0] < box[2] and box[1] < box[3]]
        if real and well_formed(parsed):
            return seed
    raise RuntimeError("no seed gives a model that says enough")


def say(model, processor, image, task: str, **options) -> tuple[list[int], str]:
    inputs = processor(images=image, text=task + INPUTS.get(task, ""), return_tensors="pt")
    settings = {"max_new_tokens": 24, "do_sample": False, "forced_bos_token_id": 0, "forced_eos_token_id": 2, **options}
    with torch.no_grad():
        ids = model.generate(**inputs, **settings)[0].tolist()
    return ids[1:], processor.tokenizer.decode(ids, skip_special_tokens=False, clean_up_tokenization_spaces=False)


def main() -> None:
    words = tokenizer()
    images = CLIPImageProcessor(
        size={"height": SIDE, "width": SIDE}, resample=3, do_center_crop=False, crop_size={"height": SIDE, "width": SIDE},
        image_mean=[0.485, 0.456, 0.406], image_std=[0.229, 0.224, 0.225], image_seq_length=IMAGE_TOKENS,
    )
    processor = Florence2Processor(image_processor=images, tokenizer=words, post_processor_config=RULES)
    seed = seed_of_many_words(words, processor)
    print("seed", seed)
    torch.manual_seed(seed)
    model = build(words)
    shutil.rmtree(OUT, ignore_errors=True)
    (OUT / "onnx").mkdir(parents=True)
    words.save_pretrained(OUT)
    images.save_pretrained(OUT)
    model.config.to_json_file(OUT / "config.json")
    generation = {
        "bos_token_id": 0, "decoder_start_token_id": 2, "early_stopping": True, "eos_token_id": 2, "forced_bos_token_id": 0,
        "forced_eos_token_id": 2, "no_repeat_ngram_size": 3, "num_beams": 3, "pad_token_id": 1, "max_new_tokens": 24,
    }
    (OUT / "generation_config.json").write_text(json.dumps(generation, indent=2))
    for file in OUT.iterdir():
        if file.is_file() and file.name not in (
            "tokenizer.json", "preprocessor_config.json", "config.json", "generation_config.json"
        ):
            file.unlink()

    table = OUT / "tokenizer.json"
    table.write_text(json.dumps(json.loads(table.read_text()), ensure_ascii=False))

    image = picture()
    image.save(OUT / "picture.png")
    # Pillow rounds a few pixels the other way when it resizes, and random weights make another answer of that: one that is as
    # large as the model wants it stays as it is.
    square = picture((SIDE, SIDE))
    square.save(OUT / "square.png")
    record = {"prompts": {}, "runs": {}, "tasks": {}, "answers": [], "boxes": []}
    for task in [*processor.task_prompts_without_inputs, *processor.task_prompts_with_input]:
        given = INPUTS.get(task, "")
        inputs = processor(images=image, text=task + given, return_tensors="pt")
        record["prompts"][task] = {"input": given, "ids": inputs.input_ids[0, IMAGE_TOKENS:].tolist()}
        # The library asks for every mark of an image in front; a sample without one is the same prompt.
        if task == "<CAPTION>":
            base = inputs
    record["pixels"] = base.pixel_values.flatten().tolist()
    with torch.no_grad():
        features = model.get_image_features(base.pixel_values)
        embeds = model.get_input_embeddings()(base.input_ids)
        embeds = embeds.masked_scatter((base.input_ids == words.image_token_id).unsqueeze(-1).expand_as(embeds), features)
        states = model.language_model.encoder(inputs_embeds=embeds, attention_mask=base.attention_mask).last_hidden_state
    record["features"] = features.flatten().tolist()
    record["states"] = states.flatten().tolist()

    said = [say(model, processor, image, "<CAPTION>", **options)[0] for options in list(runs(2, 2).values())[:2]]
    # A token that comes late for the first time ends the text there.
    ends = [next(ids[at] for at in range(5, len(ids)) if ids[at] not in ids[:at]) for ids in said]
    for name, options in runs(*ends).items():
        ids, text = say(model, processor, image, "<CAPTION>", **options)
        ends = options.get("eos_token_id", 2)
        record["runs"][name] = {"ids": ids, "eos": ends if isinstance(ends, list) else [ends], "text": text}
        print(name, ids)
    for task in record["prompts"]:
        options = {key: generation[key] for key in ("num_beams", "no_repeat_ngram_size", "early_stopping")}
        ids, text = say(model, processor, square, task, **options)
        parsed = processor.post_process_generation(text=text, task=task, image_size=square.size)[task]
        record["tasks"][task] = {"ids": ids, "text": text, "parsed": parsed if well_formed(parsed) else None}
        print(task, repr(text), parsed)
    for number, (task, text) in enumerate(ANSWERS):
        size = (LANDSCAPE, SMALL, (1000, 1))[number % 3]
        parsed = processor.post_process_generation(text=text, task=task, image_size=size)[task]
        record["answers"].append({"task": task, "text": text, "size": size, "parsed": parsed})
    bins = processor.post_processor.quantize(torch.tensor(BOXES, dtype=torch.float64), LANDSCAPE).tolist()
    record["boxes"] = [{"box": box, "bins": of} for box, of in zip(BOXES, bins)]
    export(model, OUT / "onnx")
    (OUT / "reference.json").write_text(json.dumps(record))


if __name__ == "__main__":
    main()
