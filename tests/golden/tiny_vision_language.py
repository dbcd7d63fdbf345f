"""Makes tiny vision-language models of random weights, as the three graphs vision_encoder, embed_tokens and
decoder_model_merged, and records what the reference library makes of drawn pictures and questions: tests/data of the tools
crate.

Needs: torch, torchvision, transformers, onnx, onnxruntime, jinja2, pillow. Run by a developer:
python tests/golden/tiny_vision_language.py [smolvlm llava paligemma llava_next llava_onevision]
"""

import json
import pathlib
import shutil
import sys

import numpy as np
import onnx
import onnxruntime
import torch
from PIL import Image, ImageDraw
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, processors, trainers
from torch import nn
from transformers import (
    CLIPImageProcessor,
    CLIPVisionConfig,
    GemmaConfig,
    Idefics3Config,
    Idefics3ForConditionalGeneration,
    Idefics3ImageProcessor,
    Idefics3Processor,
    LlamaConfig,
    LlavaConfig,
    LlavaForConditionalGeneration,
    LlavaNextConfig,
    LlavaNextForConditionalGeneration,
    LlavaNextImageProcessor,
    LlavaNextProcessor,
    LlavaOnevisionConfig,
    LlavaOnevisionForConditionalGeneration,
    LlavaOnevisionImageProcessor,
    LlavaOnevisionProcessor,
    LlavaOnevisionVideoProcessor,
    LlavaProcessor,
    PaliGemmaConfig,
    PaliGemmaForConditionalGeneration,
    PaliGemmaProcessor,
    PreTrainedTokenizerFast,
    SiglipImageProcessor,
    SiglipVisionConfig,
)
from transformers.cache_utils import DynamicCache
from transformers.models.paligemma import processing_paligemma

OUT = pathlib.Path(__file__).resolve().parents[2] / "tools" / "tests" / "data" / "vision_language"
WORDS = (
    "What is in the picture? Why is the cat on the street near a red bus? Two people and a cup of coffee. How many are "
    "there? Assistant: User: USER: ASSISTANT: a blue sky and a yellow sun answer en The mood is calm " * 3
)
NEW_TOKENS = 20
SPREAD = 0.5

SMOLVLM_TEMPLATE = (
    "<|im_start|>{% for message in messages %}{{message['role'] | capitalize}}"
    "{% if message['content'][0]['type'] == 'image' %}{{':'}}{% else %}{{': '}}{% endif %}"
    "{% for line in message['content'] %}{% if line['type'] == 'text' %}{{line['text']}}"
    "{% elif line['type'] == 'image' %}{{ '<image>' }}{% endif %}{% endfor %}<end_of_utterance>\n"
    "{% endfor %}{% if add_generation_prompt %}{{ 'Assistant:' }}{% endif %}"
)
LLAVA_TEMPLATE = (
    "{% for message in messages %}{% if message['role'] != 'system' %}{{ message['role'].upper() + ': '}}{% endif %}"
    "{# Render all images first #}{% for content in message['content'] | selectattr('type', 'equalto', 'image') %}"
    "{{ '<image>\n' }}{% endfor %}{# Render all text next #}{% if message['role'] != 'assistant' %}"
    "{% for content in message['content'] | selectattr('type', 'equalto', 'text') %}{{ content['text'] + ' '}}{% endfor %}"
    "{% else %}{% for content in message['content'] | selectattr('type', 'equalto', 'text') %}"
    "{% generation %}{{ content['text'] + ' '}}{% endgeneration %}{% endfor %}{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}{{ 'ASSISTANT:' }}{% endif %}"
)


def pictures() -> dict[str, Image.Image]:
    wide = Image.new("RGB", (57, 41), (90, 140, 200))
    draw = ImageDraw.Draw(wide)
    draw.rectangle((5, 8, 30, 33), fill=(220, 60, 40))
    draw.ellipse((28, 4, 52, 30), fill=(250, 220, 70))
    draw.line((0, 40, 56, 20), fill=(20, 20, 20), width=3)
    tall = Image.new("RGB", (40, 90), (240, 240, 230))
    draw = ImageDraw.Draw(tall)
    draw.polygon((3, 80, 20, 10, 37, 80), fill=(40, 150, 70))
    draw.ellipse((10, 30, 30, 50), fill=(130, 30, 160))
    return {"wide": wide, "tall": tall}


# Pillow 13 begins with the height where that is less work. All before it, with which these models were trained, begin with the
# width, and at hard edges it shows.
PILLOW_RESIZE = Image.Image.resize


def width_first(self, size, resample=None, box=None, reducing_gap=None):
    if resample and box is None and size[0] != self.width and size[1] != self.height:
        self = PILLOW_RESIZE(self, (size[0], self.height), resample)
    return PILLOW_RESIZE(self, size, resample, box, reducing_gap)


def tokenizer(special: list[str], **named: str) -> PreTrainedTokenizerFast:
    made = Tokenizer(models.BPE())
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    made.train_from_iterator([WORDS], trainers.BpeTrainer(vocab_size=300, initial_alphabet=alphabet))
    made.add_special_tokens([AddedToken(token, normalized=False, special=True) for token in special])
    return PreTrainedTokenizerFast(tokenizer_object=made, model_input_names=["input_ids", "attention_mask"], **named)


class Text(nn.Module):
    """A decoder over embeddings with its cache as inputs and outputs; `half`: a cache of 16-bit floats."""

    def __init__(self, model, head, half: bool = False, causal: bool = True):
        super().__init__()
        self.model, self.head, self.half_cache, self.causal = model, head, half, causal

    def forward(self, inputs_embeds, attention_mask, position_ids, *past):
        past = [value.float() for value in past]
        cache = DynamicCache.from_legacy_cache(tuple(zip(past[::2], past[1::2])))
        total, new = attention_mask.shape[1], inputs_embeds.shape[1]
        seen = attention_mask[:, None, None, :] > 0
        if self.causal:
            keys = torch.arange(total)
            queries = torch.arange(new) + (total - new)
            seen = seen & (keys[None, :] <= queries[:, None])[None, None]
        else:
            seen = seen.expand(-1, -1, new, -1)
        bias = torch.where(seen, 0.0, torch.finfo(torch.float32).min)
        out = self.model(
            inputs_embeds=inputs_embeds, attention_mask=bias, position_ids=position_ids, past_key_values=cache, use_cache=True
        )
        present = [value for pair in out.past_key_values.to_legacy_cache() for value in pair]
        if self.half_cache:
            present = [value.half() for value in present]
        return (self.head(out.last_hidden_state), *present)


class Tiles(nn.Module):
    """The vision tower and connector of Idefics3 over tiles of one size, without its loop over the batch."""

    def __init__(self, model):
        super().__init__()
        self.tower, self.connector = model.model.vision_model, model.model.connector
        config = model.config.vision_config
        self.patch = config.patch_size
        nothing = torch.zeros(1, 3, config.image_size, config.image_size)
        side = config.image_size // config.patch_size
        embeddings = self.tower.embeddings
        with torch.no_grad():
            known = embeddings(nothing, torch.ones(1, side, side, dtype=torch.bool))
            self.places = known - embeddings.patch_embedding(nothing).flatten(2).transpose(1, 2)

    def forward(self, pixel_values, pixel_attention_mask):
        tiles, mask = pixel_values.flatten(0, 1), pixel_attention_mask.flatten(0, 1).float()
        seen = nn.functional.max_pool2d(mask.unsqueeze(1), self.patch).flatten(1)
        patches = self.tower.embeddings.patch_embedding(tiles).flatten(2).transpose(1, 2)
        bias = ((1.0 - seen) * torch.finfo(torch.float32).min)[:, None, None, :]
        states = self.tower.encoder(inputs_embeds=patches + self.places, attention_mask=bias).last_hidden_state
        return self.connector(self.tower.post_layernorm(states))


class Square(nn.Module):
    """The vision tower and projector of LLaVA or PaliGemma."""

    def __init__(self, model):
        super().__init__()
        self.tower, self.projector, self.config = model.model.vision_tower, model.model.multi_modal_projector, model.config

    def forward(self, pixel_values):
        if self.config.model_type == "paligemma":
            return self.projector(self.tower(pixel_values).last_hidden_state) / self.config.text_config.hidden_size**0.5
        states = self.tower(pixel_values, output_hidden_states=True).hidden_states[self.config.vision_feature_layer]
        return self.projector(states[:, 1:])


class Rows(nn.Module):
    """The vision tower and projector of LLaVA-NeXT or LLaVA-OneVision, and the feature that ends a row of tiles."""

    def __init__(self, model):
        super().__init__()
        self.tower, self.projector, self.config = model.model.vision_tower, model.model.multi_modal_projector, model.config
        self.newline = model.model.image_newline

    def forward(self, pixel_values):
        states = self.tower(pixel_values, output_hidden_states=True).hidden_states[self.config.vision_feature_layer]
        if self.config.vision_feature_select_strategy == "default":
            states = states[:, 1:]
        return self.projector(states), self.newline.clone()


class Embed(nn.Module):
    def __init__(self, model):
        super().__init__()
        self.table = model.get_input_embeddings()

    def forward(self, input_ids):
        return self.table(input_ids)


def export(module, args, file, inputs, outputs, axes) -> None:
    with torch.no_grad():
        torch.onnx.export(
            module, args, str(file), input_names=inputs, output_names=outputs, dynamic_axes=axes, opset_version=17, dynamo=False
        )
    # Names of scopes make up most of a tiny file.
    graph = onnx.load(str(file))
    for node in graph.graph.node:
        node.name = node.doc_string = ""
    del graph.graph.value_info[:]
    onnx.checker.check_model(graph)
    onnx.save(graph, str(file))


def export_decoder(model, text, head, file, half=False, causal=True):
    wrapper = Text(text, head, half, causal).eval()
    layers, heads = text.config.num_hidden_layers, text.config.num_key_value_heads
    past = [torch.zeros(1, heads, 3, text.config.head_dim, dtype=torch.float16 if half else torch.float32) for _ in range(2 * layers)]
    names = [f"{layer}.{part}" for layer in range(layers) for part in ("key", "value")]
    inputs = ["inputs_embeds", "attention_mask", "position_ids", *(f"past_key_values.{name}" for name in names)]
    outputs = ["logits", *(f"present.{name}" for name in names)]
    axes = {
        "inputs_embeds": {0: "batch_size", 1: "sequence_length"},
        "attention_mask": {0: "batch_size", 1: "total_sequence_length"},
        "position_ids": {0: "batch_size", 1: "sequence_length"},
        "logits": {0: "batch_size", 1: "sequence_length"},
    }
    for name in names:
        axes[f"past_key_values.{name}"] = {0: "batch_size", 2: "past_sequence_length"}
        axes[f"present.{name}"] = {0: "batch_size", 2: "total_sequence_length"}
    args = (torch.randn(1, 2, text.config.hidden_size), torch.ones(1, 5, dtype=torch.int64), torch.tensor([[3, 4]]), *past)
    export(wrapper, args, file, inputs, outputs, axes)
    return wrapper


def export_embed(model, file) -> None:
    axes = {"input_ids": {0: "batch_size", 1: "sequence_length"}, "inputs_embeds": {0: "batch_size", 1: "sequence_length"}}
    export(Embed(model), (torch.tensor([[1, 2, 3]]),), file, ["input_ids"], ["inputs_embeds"], axes)


def run_graph(file, feeds: dict) -> list[np.ndarray]:
    session = onnxruntime.InferenceSession(str(file), providers=["CPUExecutionProvider"])
    return session.run(None, {name: np.asarray(value) for name, value in feeds.items()})


def user(count: int, question: str) -> dict:
    return {"role": "user", "content": [{"type": "image"}] * count + [{"type": "text", "text": question}]}


def assistant(answer: str) -> dict:
    return {"role": "assistant", "content": [{"type": "text", "text": answer}]}


QUESTION = "Why is the cup red?"
RUNS = {
    "one": (["wide"], [user(1, QUESTION)]),
    "two": (["tall", "wide"], [user(2, "How many people are there?")]),
    "examples": (
        ["tall", "wide"],
        [user(1, "What is in the picture?"), assistant("a yellow sun"), user(1, "What is in the picture?")],
    ),
}


class Unsure(Exception):
    """Some token was almost another one, or the answer is too short: other weights are needed."""


def record_run(model, processor, text: str, images: list[Image.Image], features) -> tuple[dict, torch.Tensor]:
    inputs = processor(text=text, images=images, return_tensors="pt")
    with torch.no_grad():
        ids = model.generate(**inputs, max_new_tokens=NEW_TOKENS, do_sample=False)[0].tolist()
        seen = features(inputs)
    prompt = inputs["input_ids"][0].tolist()
    new = ids[len(prompt) :]
    # A grey level here and there, by which resizers differ, must not change the answer.
    for seed in range(6):
        spread = torch.Generator().manual_seed(seed)
        values = inputs["pixel_values"]
        off = (torch.rand(values.shape, generator=spread) < 0.02) * (2 / 255) * torch.sign(torch.randn(values.shape, generator=spread))
        with torch.no_grad():
            other = model.generate(**(inputs | {"pixel_values": values + off}), max_new_tokens=NEW_TOKENS, do_sample=False)[0]
        if other.tolist() != ids or len(ids) < len(prompt) + 4:
            raise Unsure
    words = processor.tokenizer
    return {
        "prompt": text,
        "input_ids": prompt,
        "features": [round(value, 6) for value in seen.flatten().tolist()],
        "greedy": new,
        "text": words.decode(new, skip_special_tokens=True),
    }, inputs["pixel_values"]


def save(folder, model, processor, record: dict) -> None:
    model.config.save_pretrained(folder)
    model.generation_config.save_pretrained(folder)
    processor.save_pretrained(folder)
    keep = {
        "config.json", "generation_config.json", "preprocessor_config.json", "processor_config.json", "tokenizer.json",
        "tokenizer_config.json", "chat_template.jinja", "chat_template.json",
    }
    for file in folder.iterdir():
        if file.is_file() and file.name not in keep and file.suffix != ".f32":
            file.unlink()
    (folder / "reference.json").write_text(json.dumps(record))


def fresh(name: str) -> pathlib.Path:
    folder = OUT / name
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "onnx").mkdir(parents=True)
    return folder


def write_pixels(folder, name: str, pixels: torch.Tensor) -> list[int]:
    pixels.numpy().astype("<f4").tofile(folder / f"{name}.f32")
    return list(pixels.shape)


def finish(model, words, end: str) -> None:
    for config in (model.config, model.generation_config):
        config.bos_token_id = words.bos_token_id
        config.eos_token_id = words.convert_tokens_to_ids(end)
        config.pad_token_id = words.pad_token_id


def smolvlm(images, seed: int) -> None:
    torch.manual_seed(seed)
    folder = fresh("smolvlm")
    special = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<end_of_utterance>", "<fake_token_around_image>", "<image>", "<global-img>"]
    special += [f"<row_{row}_col_{column}>" for row in range(1, 4) for column in range(1, 4)]
    words = tokenizer(special, bos_token="<|im_start|>", eos_token="<end_of_utterance>", pad_token="<|im_end|>", unk_token="<|endoftext|>")
    config = Idefics3Config(
        vision_config=dict(
            hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=32, image_size=32, patch_size=8,
            initializer_range=SPREAD,
        ),
        text_config=LlamaConfig(
            vocab_size=len(words), hidden_size=16, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2,
            intermediate_size=32, head_dim=4, initializer_range=SPREAD, max_position_embeddings=2048,
        ),
        scale_factor=2,
        image_token_id=words.convert_tokens_to_ids("<image>"),
        initializer_range=SPREAD,
        tie_word_embeddings=False,
    )
    model = Idefics3ForConditionalGeneration._from_config(config, attn_implementation="eager").eval()
    finish(model, words, "<end_of_utterance>")
    processor = Idefics3Processor(
        Idefics3ImageProcessor(
            size={"longest_edge": 96}, max_image_size={"longest_edge": 32}, image_mean=[0.5] * 3, image_std=[0.5] * 3
        ),
        words, image_seq_len=4, chat_template=SMOLVLM_TEMPLATE,
    )
    vision = Tiles(model).eval()
    example = (torch.randn(1, 2, 3, 32, 32), torch.ones(1, 2, 32, 32, dtype=torch.bool))
    axes = {
        "pixel_values": {0: "batch_size", 1: "num_images"},
        "pixel_attention_mask": {0: "batch_size", 1: "num_images"},
        "image_features": {0: "num_patches"},
    }
    export(vision, example, folder / "onnx/vision_encoder.onnx", ["pixel_values", "pixel_attention_mask"], ["image_features"], axes)
    export_embed(model, folder / "onnx/embed_tokens.onnx")
    export_decoder(model, model.model.text_model, model.lm_head, folder / "onnx/decoder_model_merged.onnx")

    def features(inputs):
        return model.get_image_features(inputs["pixel_values"], inputs["pixel_attention_mask"])

    record = {"runs": {}, "pixels": {}}
    for name, (shown, messages) in RUNS.items():
        text = processor.apply_chat_template(messages, add_generation_prompt=True)
        for split in (False, True):
            processor.image_processor.do_image_splitting = split
            entry, pixels = record_run(model, processor, text, [images[image] for image in shown], features)
            record["runs"][f"{name}{'_split' if split else ''}"] = entry | {"images": shown, "split": split}
            print("smolvlm", name, split, tuple(pixels.shape), entry["greedy"], repr(entry["text"]))
    for image in images:
        for split in (False, True):
            inputs = processor.image_processor(images[image], do_image_splitting=split, return_tensors="pt")
            key = f"{image}{'_split' if split else ''}"
            record["pixels"][key] = write_pixels(folder, key, inputs["pixel_values"])
            (seen,) = run_graph(
                folder / "onnx/vision_encoder.onnx",
                {"pixel_values": inputs["pixel_values"], "pixel_attention_mask": inputs["pixel_attention_mask"].bool()},
            )
            with torch.no_grad():
                assert np.abs(seen - features(inputs).numpy()).max() < 1e-4
    # A token that the first run comes by ends it early.
    said = record["runs"]["one"]["greedy"]
    end = next(at for at in range(3, len(said)) if said[at] not in said[:at])
    record["ended"] = {"eos": said[end], "ids": said[:end]}
    save(folder, model, processor, record)


def llava(images, seed: int) -> None:
    torch.manual_seed(seed)
    folder = fresh("llava")
    words = tokenizer(["<unk>", "<s>", "</s>", "<pad>", "<image>"], bos_token="<s>", eos_token="</s>", unk_token="<unk>", pad_token="<pad>")
    # As Llama's tokenizer does it: a start token before every text.
    words.backend_tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A", pair="<s> $A <s> $B", special_tokens=[("<s>", words.convert_tokens_to_ids("<s>"))]
    )
    config = LlavaConfig(
        vision_config=CLIPVisionConfig(
            hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=32, image_size=32, patch_size=8,
            initializer_range=SPREAD, initializer_factor=2.0,
        ),
        text_config=LlamaConfig(
            vocab_size=len(words), hidden_size=16, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2,
            intermediate_size=32, head_dim=4, initializer_range=SPREAD, max_position_embeddings=1024,
        ),
        image_token_index=words.convert_tokens_to_ids("<image>"),
        vision_feature_layer=-2,
        vision_feature_select_strategy="default",
        initializer_range=SPREAD,
    )
    model = LlavaForConditionalGeneration._from_config(config, attn_implementation="eager").eval()
    finish(model, words, "</s>")
    processor = LlavaProcessor(
        CLIPImageProcessor(size={"shortest_edge": 32}, crop_size={"height": 32, "width": 32}),
        words, patch_size=8, vision_feature_select_strategy="default", num_additional_image_tokens=1, chat_template=LLAVA_TEMPLATE,
    )
    vision = Square(model).eval()
    axes = {"pixel_values": {0: "batch_size"}, "image_features": {0: "batch_size"}}
    export(vision, (torch.randn(2, 3, 32, 32),), folder / "onnx/vision_encoder.onnx", ["pixel_values"], ["image_features"], axes)
    export_embed(model, folder / "onnx/embed_tokens.onnx")
    export_decoder(model, model.model.language_model, model.lm_head, folder / "onnx/decoder_model_merged.onnx")
    # In a folder of its own, or it would be taken for the one in another precision.
    (folder / "half").mkdir()
    half = export_decoder(model, model.model.language_model, model.lm_head, folder / "half/decoder_model_merged.onnx", half=True)

    def features(inputs):
        return torch.stack(tuple(model.get_image_features(inputs["pixel_values"])))

    record = {"runs": {}, "pixels": {}}
    for name, (shown, messages) in RUNS.items():
        text = processor.apply_chat_template(messages, add_generation_prompt=True)
        entry, pixels = record_run(model, processor, text, [images[image] for image in shown], features)
        entry["half"] = half_greedy(model, half, entry["input_ids"], features({"pixel_values": pixels}), config.image_token_index)
        record["runs"][name] = entry | {"images": shown}
        print("llava", name, tuple(pixels.shape), entry["greedy"], entry["half"], repr(entry["text"]))
    for image in images:
        inputs = processor.image_processor(images[image], return_tensors="pt")
        record["pixels"][image] = write_pixels(folder, image, inputs["pixel_values"])
        (seen,) = run_graph(folder / "onnx/vision_encoder.onnx", {"pixel_values": inputs["pixel_values"]})
        with torch.no_grad():
            wanted = features(inputs).numpy()
            print("llava features", np.abs(seen - wanted).max(), np.abs(wanted).max())
            assert np.abs(seen - wanted).max() < 1e-4
    save(folder, model, processor, record)


def half_greedy(model, decoder, ids: list[int], features, image_token: int) -> list[int]:
    """What comes with a cache of 16-bit floats."""
    ids = torch.tensor([ids])
    with torch.no_grad():
        embeds = model.get_input_embeddings()(ids)
        embeds[ids == image_token] = features.flatten(0, -2)
        config = decoder.model.config
        past = [torch.zeros(1, config.num_key_value_heads, 0, config.head_dim).half() for _ in range(2 * config.num_hidden_layers)]
        length, new = 0, []
        while len(new) < NEW_TOKENS:
            count = embeds.shape[1]
            positions = torch.arange(length, length + count)[None]
            logits, *past = decoder(embeds, torch.ones(1, length + count, dtype=torch.int64), positions, *past)
            length += count
            new.append(int(logits[0, -1].argmax()))
            if new[-1] == model.config.eos_token_id:
                break
            embeds = model.get_input_embeddings()(torch.tensor([[new[-1]]]))
    return new


def paligemma(images, seed: int) -> None:
    torch.manual_seed(seed)
    folder = fresh("paligemma")
    words = tokenizer(["<pad>", "<eos>", "<bos>", "<unk>", "<image>"], bos_token="<bos>", eos_token="<eos>", unk_token="<unk>", pad_token="<pad>")
    pictures = SiglipImageProcessor(size={"height": 32, "width": 32}, image_mean=[0.5] * 3, image_std=[0.5] * 3, resample=3)
    pictures.image_seq_length = 16
    words.image_token, words.image_token_id = "<image>", words.convert_tokens_to_ids("<image>")
    # Two of the 1152 tokens for places and masks will do.
    processing_paligemma.EXTRA_TOKENS = ["<loc0000>", "<seg000>"]
    PaliGemmaProcessor.tokenizer_class = "PreTrainedTokenizerFast"
    processor = PaliGemmaProcessor(pictures, words)
    config = PaliGemmaConfig(
        vision_config=SiglipVisionConfig(
            hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=32, image_size=32, patch_size=8,
            projection_dim=16, vision_use_head=False,
        ).to_dict(),
        text_config=GemmaConfig(
            vocab_size=len(words), hidden_size=16, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=1,
            intermediate_size=32, head_dim=8, initializer_range=SPREAD, max_position_embeddings=512,
        ).to_dict(),
        image_token_index=words.image_token_id,
        projection_dim=16,
        hidden_size=16,
        initializer_range=SPREAD,
    )
    model = PaliGemmaForConditionalGeneration._from_config(config, attn_implementation="eager").eval()
    finish(model, words, "<eos>")
    vision = Square(model).eval()
    axes = {"pixel_values": {0: "batch_size"}, "image_features": {0: "batch_size"}}
    export(vision, (torch.randn(1, 3, 32, 32),), folder / "onnx/vision_encoder.onnx", ["pixel_values"], ["image_features"], axes)
    export_embed(model, folder / "onnx/embed_tokens.onnx")
    # A prompt of PaliGemma is seen as a whole, in both directions.
    export_decoder(model, model.model.language_model, model.lm_head, folder / "onnx/decoder_model_merged.onnx", causal=False)

    def features(inputs):
        return model.get_image_features(inputs["pixel_values"])

    record = {"runs": {}, "pixels": {}}
    for name, shown, question in (("one", ["wide"], QUESTION), ("two", ["tall", "wide"], "How many people are there?")):
        text = "<image>" * len(shown) + question
        entry, pixels = record_run(model, processor, text, [images[image] for image in shown], features)
        record["runs"][name] = entry | {"images": shown}
        print("paligemma", name, tuple(pixels.shape), entry["greedy"], repr(entry["text"]))
    for image in images:
        inputs = processor.image_processor(images[image], return_tensors="pt")
        record["pixels"][image] = write_pixels(folder, image, inputs["pixel_values"])
    save(folder, model, processor, record)


PINPOINTS = [[32, 64], [64, 32], [64, 64], [96, 32], [32, 96], [96, 96]]


def cut_by_rows(images, model, words, processor, folder, runs) -> None:
    """`runs`: name, pictures and messages as in RUNS, and whether the pictures are cut into tiles."""
    finish(model, words, "</s>")
    # Zeros in a fresh model.
    model.model.image_newline.data = torch.randn(model.config.text_config.hidden_size)
    axes = {"pixel_values": {0: "batch_size"}, "image_features": {0: "batch_size"}}
    outputs = ["image_features", "image_newline"]
    export(Rows(model).eval(), (torch.randn(2, 3, 32, 32),), folder / "onnx/vision_encoder.onnx", ["pixel_values"], outputs, axes)
    export_embed(model, folder / "onnx/embed_tokens.onnx")
    export_decoder(model, model.model.language_model, model.lm_head, folder / "onnx/decoder_model_merged.onnx")

    def features(inputs):
        kept = {key: inputs[key] for key in ("pixel_values", "image_sizes", "batch_num_images") if key in inputs}
        return torch.cat(tuple(model.model.get_image_features(**kept)))

    record = {"runs": {}, "pixels": {}}
    for name, shown, messages, split in runs:
        text = processor.apply_chat_template(messages, add_generation_prompt=True)
        given = [images[image] for image in shown]
        entry, pixels = record_run(model, processor, text, given if split else [given], features)
        record["runs"][name] = entry | {"images": shown, "split": split}
        print(folder.name, name, tuple(pixels.shape), len(entry["input_ids"]), entry["greedy"], repr(entry["text"]))
        for at, image in enumerate(shown):
            alone = processor.image_processor([images[image]] if split else [[images[image]] * 2], return_tensors="pt")
            values = alone["pixel_values"][:1]
            key = f"{image}{'_split' if split else ''}"
            record["pixels"][key] = write_pixels(folder, key, values)
            assert torch.equal(values[0], pixels[at][: values.shape[1]])
    save(folder, model, processor, record)


def llava_words() -> PreTrainedTokenizerFast:
    special = ["<unk>", "<s>", "</s>", "<pad>", "<image>", "<video>"]
    return tokenizer(special, bos_token="<s>", eos_token="</s>", unk_token="<unk>", pad_token="<pad>")


def llama(words) -> LlamaConfig:
    return LlamaConfig(
        vocab_size=len(words), hidden_size=16, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2,
        intermediate_size=32, head_dim=4, initializer_range=SPREAD, max_position_embeddings=1024,
    )


def llava_next(images, seed: int) -> None:
    torch.manual_seed(seed)
    folder, words = fresh("llava_next"), llava_words()
    config = LlavaNextConfig(
        vision_config=CLIPVisionConfig(
            hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=32, image_size=32, patch_size=8,
            initializer_range=SPREAD, initializer_factor=2.0,
        ),
        text_config=llama(words), image_token_index=words.convert_tokens_to_ids("<image>"), vision_feature_layer=-2,
        vision_feature_select_strategy="default", image_grid_pinpoints=PINPOINTS, initializer_range=SPREAD,
    )
    model = LlavaNextForConditionalGeneration._from_config(config, attn_implementation="eager").eval()
    processor = LlavaNextProcessor(
        LlavaNextImageProcessor(
            size={"shortest_edge": 32}, crop_size={"height": 32, "width": 32}, image_grid_pinpoints=PINPOINTS
        ),
        words, patch_size=8, vision_feature_select_strategy="default", num_additional_image_tokens=1, chat_template=LLAVA_TEMPLATE,
    )
    runs = [(f"{name}_split", shown, messages, True) for name, (shown, messages) in RUNS.items()]
    cut_by_rows(images, model, words, processor, folder, runs)


def llava_onevision(images, seed: int) -> None:
    torch.manual_seed(seed)
    folder, words = fresh("llava_onevision"), llava_words()
    config = LlavaOnevisionConfig(
        vision_config=SiglipVisionConfig(
            hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=32, image_size=32, patch_size=8,
            vision_use_head=False,
        ),
        text_config=llama(words), image_token_index=words.convert_tokens_to_ids("<image>"),
        video_token_index=words.convert_tokens_to_ids("<video>"), vision_feature_layer=-1, vision_feature_select_strategy="full",
        vision_aspect_ratio="anyres_max_3", image_grid_pinpoints=PINPOINTS, initializer_range=SPREAD,
    )
    model = LlavaOnevisionForConditionalGeneration._from_config(config, attn_implementation="eager").eval()
    processor = LlavaOnevisionProcessor(
        LlavaOnevisionImageProcessor(
            size={"height": 32, "width": 32}, image_grid_pinpoints=PINPOINTS, image_mean=[0.5] * 3, image_std=[0.5] * 3
        ),
        words, LlavaOnevisionVideoProcessor(size={"height": 32, "width": 32}), num_image_tokens=16,
        vision_feature_select_strategy="full", chat_template=LLAVA_TEMPLATE, vision_aspect_ratio="anyres_max_3",
    )
    runs = [("one_split", *RUNS["one"], True)] + [(name, *RUNS[name], False) for name in ("two", "examples")]
    runs.append(("other_split", ["tall"], RUNS["one"][1], True))
    cut_by_rows(images, model, words, processor, folder, runs)


if __name__ == "__main__":
    drawn = pictures()
    OUT.mkdir(parents=True, exist_ok=True)
    for name, picture in drawn.items():
        picture.save(OUT / f"{name}.png")
    Image.Image.resize = width_first
    known = {make.__name__: make for make in (smolvlm, llava, paligemma, llava_next, llava_onevision)}
    for make in [known[name] for name in sys.argv[1:] or known]:
        for seed in range(1, 100):
            try:
                make(drawn, seed)
                break
            except Unsure:
                print(make.__name__, seed, "is unsure")
