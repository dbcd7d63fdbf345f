"""Makes tiny models that take words (CLIP, SigLIP, OWL-ViT, OWLv2, Grounding DINO, CLIPSeg) and an image classifier, all of
random weights, in the layout of their exports, and records what the reference library makes of a drawn picture by its own
processors and post-processing: tests/data of the tools crate.

Needs: torch, transformers, optimum-onnx, onnx, onnxruntime, scipy, pillow. Run by a developer:
python tests/golden/tiny_zero_shot.py [FAMILY...]
"""

import json
import pathlib
import shutil
import sys
import tempfile

import numpy as np
import onnx
import onnxruntime
import torch
from optimum.exporters.onnx import main_export
from PIL import Image, ImageDraw
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors, trainers
from transformers import (
    BertConfig,
    BertTokenizerFast,
    CLIPConfig,
    CLIPImageProcessor,
    CLIPModel,
    CLIPProcessor,
    CLIPSegConfig,
    CLIPSegForImageSegmentation,
    CLIPSegProcessor,
    CLIPTextModelWithProjection,
    CLIPTokenizerFast,
    CLIPVisionModelWithProjection,
    GroundingDinoConfig,
    GroundingDinoForObjectDetection,
    GroundingDinoImageProcessor,
    GroundingDinoProcessor,
    Owlv2Config,
    Owlv2ForObjectDetection,
    Owlv2ImageProcessor,
    Owlv2Processor,
    OwlViTConfig,
    OwlViTForObjectDetection,
    OwlViTImageProcessor,
    OwlViTProcessor,
    PreTrainedTokenizerFast,
    ResNetConfig,
    ResNetForImageClassification,
    SiglipConfig,
    SiglipImageProcessor,
    SiglipModel,
    SwinConfig,
    ViTImageProcessor,
)
from transformers.models.grounding_dino import modeling_grounding_dino

OUT = pathlib.Path(__file__).resolve().parents[2] / "tools" / "tests" / "data" / "zero_shot"
LABELS = ["red box", "yellow ball", "a dog", "blue sky"]
WORDS = (
    "this is a photo of a red box a yellow ball a dog and the blue sky with a cat a remote and a cup of coffee on a table " * 3
)


def picture() -> Image.Image:
    image = Image.new("RGB", (90, 60), (90, 140, 200))
    draw = ImageDraw.Draw(image)
    draw.rectangle((8, 12, 46, 50), fill=(220, 60, 40))
    draw.ellipse((44, 6, 82, 44), fill=(250, 220, 70))
    draw.line((0, 58, 89, 30), fill=(20, 20, 20), width=4)
    return image


def flat(tensor: torch.Tensor) -> list:
    return [round(value, 6) for value in tensor.detach().flatten().tolist()]


def stir(model: torch.nn.Module, deviation: float = 0.4) -> None:
    """Weights of enough spread that outputs differ; norms and scales stay as they are."""
    for name, weight in model.named_parameters():
        if weight.ndim > 1:
            torch.nn.init.normal_(weight, std=deviation / max(weight.shape[-1] / 16, 1) ** 0.5)


def clip_tokenizer(folder: pathlib.Path, pad: str, length: int = 77) -> CLIPTokenizerFast:
    """As OpenAI's: byte pairs with an end-of-word mark, lower case, start and end of text."""
    made = Tokenizer(models.BPE(end_of_word_suffix="</w>", unk_token="<|endoftext|>"))
    made.normalizer = normalizers.Lowercase()
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
    trainer = trainers.BpeTrainer(
        vocab_size=300,
        # The id 0 is that of "!", which OWL-ViT pads with.
        special_tokens=["!", "<|startoftext|>", "<|endoftext|>"],
        end_of_word_suffix="</w>",
        initial_alphabet=sorted(set(WORDS.replace(" ", "")) | {".", ","}),
    )
    made.train_from_iterator(WORDS.split(), trainer)
    saved = json.loads(made.to_str())
    vocabulary, merges = saved["model"]["vocab"], saved["model"]["merges"]
    for letter in sorted(set("abcdefghijklmnopqrstuvwxyz.,")):
        for token in (letter, letter + "</w>"):
            vocabulary.setdefault(token, len(vocabulary))
    # The start and end of text have the highest ids: the text encoder finds the end by the highest.
    names = [name for name, _ in sorted(vocabulary.items(), key=lambda item: item[1]) if not name.startswith("<|")]
    vocabulary = {name: index for index, name in enumerate([*names, "<|startoftext|>", "<|endoftext|>"])}
    (folder / "vocab.json").write_text(json.dumps(vocabulary))
    lines = [" ".join(pair) if isinstance(pair, list) else pair for pair in merges]
    (folder / "merges.txt").write_text("#version: 0.2\n" + "\n".join(lines) + "\n")
    fast = CLIPTokenizerFast(str(folder / "vocab.json"), str(folder / "merges.txt"), pad_token=pad)
    fast.model_max_length = length
    fast.save_pretrained(folder)
    return fast


def siglip_tokenizer(folder: pathlib.Path) -> PreTrainedTokenizerFast:
    """As Gemma's, which SigLIP 2 uses: an end mark and a padding token."""
    made = Tokenizer(models.BPE(unk_token="<unk>"))
    made.normalizer = normalizers.Replace(" ", "\u2581")
    trainer = trainers.BpeTrainer(vocab_size=200, special_tokens=["<pad>", "<eos>", "<bos>", "<unk>"])
    made.train_from_iterator([WORDS + "."], trainer)
    made.post_processor = processors.TemplateProcessing(single="$A <eos>", special_tokens=[("<eos>", 1)])
    fast = PreTrainedTokenizerFast(
        tokenizer_object=made, pad_token="<pad>", eos_token="<eos>", bos_token="<bos>", unk_token="<unk>"
    )
    fast.model_max_length = 64
    fast.save_pretrained(folder)
    return fast


def bert_tokenizer(folder: pathlib.Path) -> BertTokenizerFast:
    """As BERT's, with the ids that Grounding DINO's code has fixed: 101, 102, 1012 for ".", 1029 for "?"."""
    vocabulary = [f"[unused{index}]" for index in range(1030)]
    for index, token in {0: "[PAD]", 100: "[UNK]", 101: "[CLS]", 102: "[SEP]", 103: "[MASK]", 1012: ".", 1029: "?"}.items():
        vocabulary[index] = token
    vocabulary += sorted(set(WORDS.split()) - {"coffee"}) + ["##" + letter for letter in "cofe"] + ["c"]
    (folder / "vocab.txt").write_text("\n".join(vocabulary) + "\n")
    fast = BertTokenizerFast(str(folder / "vocab.txt"))
    fast.save_pretrained(folder)
    return fast


CLIP_TEXT = dict(
    hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=32, projection_dim=12
)
CLIP_VISION = dict(
    hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=32, image_size=32, patch_size=8,
    projection_dim=12,
)


def clip_text(words: PreTrainedTokenizerFast, positions: int) -> dict:
    return dict(
        CLIP_TEXT, vocab_size=len(words), max_position_embeddings=positions, bos_token_id=words.bos_token_id,
        eos_token_id=words.eos_token_id, pad_token_id=words.pad_token_id,
    )


def export(model, target: pathlib.Path, name: str, inputs: dict, outputs: list[str], free: dict) -> None:
    model.config.return_dict = True

    class Named(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.inner = model

        def forward(self, *values):
            made = self.inner(**dict(zip(inputs, values)))
            return tuple(made[key] for key in outputs)

    torch.onnx.export(
        Named(), tuple(inputs.values()), str(target / name), input_names=list(inputs), output_names=outputs,
        dynamic_axes=free, opset_version=17, dynamo=False, do_constant_folding=True,
    )


def slim(path: pathlib.Path, free: dict) -> None:
    """The same graph with what is constant computed, short names, and dimensions left open as in the published one."""
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
    options.optimized_model_filepath = str(path)
    onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    model = onnx.load(path)
    graph = model.graph
    assert not any(attribute.HasField("g") for node in graph.node for attribute in node.attribute)
    kept = {value.name for value in [*graph.input, *graph.output]} | {""}
    short = {}

    def named(name: str) -> str:
        return name if name in kept else short.setdefault(name, f"v{len(short)}")

    for initializer in graph.initializer:
        initializer.name = named(initializer.name)
    for node in graph.node:
        node.name = node.doc_string = ""
        node.input[:] = [named(name) for name in node.input]
        node.output[:] = [named(name) for name in node.output]
    del graph.value_info[:]
    for value in [*graph.input, *graph.output]:
        for index, name in free.get(value.name, {}).items():
            value.type.tensor_type.shape.dim[index].dim_param = name
    onnx.save(model, path)


def check(path: pathlib.Path, feeds: dict, expected: dict) -> None:
    """The graph answers as the reference does."""
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    names = {entry.name for entry in session.get_inputs()}
    feeds = {key: value.numpy() for key, value in feeds.items() if key in names}
    answers = dict(zip([entry.name for entry in session.get_outputs()], session.run(None, feeds)))
    for key, value in expected.items():
        worst = np.abs(np.nan_to_num(answers[key] - value.detach().numpy(), posinf=0, neginf=0)).max()
        print(f"  {path.parent.name}/{path.name} {key} {list(value.shape)}: {worst:.2e}")
        assert worst < 1e-3, (key, worst)


def finish(target: pathlib.Path, folder: pathlib.Path, record: dict | None) -> None:
    files = ("tokenizer.json", "tokenizer_config.json", "preprocessor_config.json", "config.json")
    for file in files:
        if (folder / file).exists():
            shutil.copy(folder / file, target / file)
    if record is not None:
        picture().save(target / "picture.png")
        (target / "reference.json").write_text(json.dumps(record))


def fresh(name: str) -> pathlib.Path:
    target = OUT / name
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    return target


def prompts() -> list[str]:
    return [f"this is a photo of {label}." for label in LABELS]


def optimum(folder: pathlib.Path, target: pathlib.Path, task: str) -> None:
    with tempfile.TemporaryDirectory() as exported:
        main_export(str(folder), exported, task=task, device="cpu", do_validation=False)
        shutil.copy(pathlib.Path(exported) / "model.onnx", target / "model.onnx")


def clip() -> None:
    target, split = fresh("clip"), fresh("clip_split")
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        words = clip_tokenizer(folder, "<|endoftext|>")
        config = CLIPConfig(text_config=clip_text(words, 77), vision_config=CLIP_VISION, projection_dim=12)
        model = CLIPModel(config).eval()
        stir(model)
        model.save_pretrained(folder)
        images = CLIPImageProcessor(size={"shortest_edge": 32}, crop_size={"height": 32, "width": 32})
        images.save_pretrained(folder)
        given = CLIPProcessor(images, words)(text=prompts(), images=picture(), return_tensors="pt", padding=True)
        with torch.no_grad():
            made = model(**given)
        record = {
            "labels": LABELS, "pixels": flat(given["pixel_values"]), "shape": list(given["pixel_values"].shape),
            "picture": flat(made.image_embeds),
            "probabilities": flat(made.logits_per_image.softmax(-1)), "logit_scale": float(model.logit_scale.exp()),
        }
        optimum(folder, target, "zero-shot-image-classification")
        check(target / "model.onnx", given, {"logits_per_image": made.logits_per_image, "image_embeds": made.image_embeds})
        finish(target, folder, record)
        vision = CLIPVisionModelWithProjection.from_pretrained(folder).eval()
        text = CLIPTextModelWithProjection.from_pretrained(folder).eval()
        export(vision, split, "vision_model.onnx", {"pixel_values": given["pixel_values"]}, ["image_embeds"],
               {"pixel_values": {0: "batch_size"}, "image_embeds": {0: "batch_size"}})
        export(text, split, "text_model.onnx", {"input_ids": given["input_ids"]}, ["text_embeds"],
               {"input_ids": {0: "batch_size", 1: "sequence_length"}, "text_embeds": {0: "batch_size"}})
        finish(split, folder, None)


def siglip() -> None:
    target, split = fresh("siglip"), fresh("siglip_split")
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        words = siglip_tokenizer(folder)
        text = dict(hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=32,
                    vocab_size=len(words), max_position_embeddings=64, pad_token_id=0, eos_token_id=1, bos_token_id=2)
        vision = dict(hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=32, image_size=32,
                      patch_size=8)
        model = SiglipModel(SiglipConfig(text_config=text, vision_config=vision)).eval()
        stir(model)
        with torch.no_grad():
            model.logit_scale.fill_(1.6)
            model.logit_bias.fill_(-0.7)
        model.save_pretrained(folder)
        images = SiglipImageProcessor(size={"height": 32, "width": 32}, resample=3)
        images.save_pretrained(folder)
        given = dict(words(prompts(), padding="max_length", max_length=64, return_tensors="pt"))
        given = {"input_ids": given["input_ids"], "pixel_values": images(picture(), return_tensors="pt")["pixel_values"]}
        with torch.no_grad():
            made = model(**given)
        record = {
            "labels": LABELS, "pixels": flat(given["pixel_values"]), "shape": list(given["pixel_values"].shape),
            "picture": flat(made.image_embeds),
            "probabilities": flat(made.logits_per_image.sigmoid()), "logit_scale": float(model.logit_scale.exp()),
            "logit_bias": float(model.logit_bias),
        }
        optimum(folder, target, "zero-shot-image-classification")
        check(target / "model.onnx", given, {"logits_per_image": made.logits_per_image, "image_embeds": made.image_embeds})
        finish(target, folder, record)
        outputs = ["last_hidden_state", "pooler_output"]
        export(model.vision_model, split, "vision_model.onnx", {"pixel_values": given["pixel_values"]}, outputs,
               {"pixel_values": {0: "batch_size"}, "last_hidden_state": {0: "batch_size"}, "pooler_output": {0: "batch_size"}})
        export(model.text_model, split, "text_model.onnx", {"input_ids": given["input_ids"]}, outputs,
               {"input_ids": {0: "batch_size"}, "last_hidden_state": {0: "batch_size"}, "pooler_output": {0: "batch_size"}})
        finish(split, folder, None)


def owl(name: str, config_class, model_class, processor_class, images) -> None:
    target = fresh(name)
    queries = [f"a photo of a {label.removeprefix('a ')}" for label in LABELS]
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary)
        words = clip_tokenizer(folder, "!", 16)
        # The class head makes vectors of the text encoder's width, so the projection must be that wide.
        text = {**clip_text(words, 16), "pad_token_id": 0, "projection_dim": 16}
        vision = {**CLIP_VISION, "image_size": 48, "projection_dim": 16}
        config = config_class(text_config=text, vision_config=vision, projection_dim=16)
        # Of this seed come boxes of each label, some below the threshold, some that overlap.
        torch.manual_seed(3)
        model = model_class(config).eval()
        stir(model, 0.3)
        model.save_pretrained(folder)
        images.save_pretrained(folder)
        processor = processor_class(images, words)
        given = processor(text=[queries], images=picture(), return_tensors="pt")
        with torch.no_grad():
            made = model(**given)
        sizes = [picture().size[::-1]]
        found = images.post_process_object_detection(made, threshold=0.1, target_sizes=sizes)[0]
        print(name, "boxes", len(found["scores"]), "labels", sorted(set(found["labels"].tolist())))
        record = {
            "labels": LABELS, "pixels": flat(given["pixel_values"]), "shape": list(given["pixel_values"].shape),
            "found": [
                {"label": LABELS[label], "score": score, "box": box}
                for label, score, box in zip(*(found[key].tolist() for key in ("labels", "scores", "boxes")))
            ],
        }
        optimum(folder, target, "zero-shot-object-detection")
        check(target / "model.onnx", given, {"logits": made.logits, "pred_boxes": made.pred_boxes})
        finish(target, folder, record)


def owlv2() -> None:
    owl("owlv2", Owlv2Config, Owlv2ForObjectDetection, Owlv2Processor, Owlv2ImageProcessor(size={"height": 48, "width": 48}))


def owlvit() -> None:
    images = OwlViTImageProcessor(size={"height": 48, "width": 48}, do_center_crop=False)
    owl("owlvit", OwlViTConfig, OwlViTForObjectDetection, OwlViTProcessor, images)


def phrase_masks(input_ids: torch.Tensor):
    """What Grounding DINO's loop over special tokens makes, without a loop that an export would fix to one text."""
    special = torch.zeros_like(input_ids, dtype=torch.bool)
    for token in modeling_grounding_dino.SPECIAL_TOKENS:
        special = special | (input_ids == token)
    count = input_ids.shape[1]
    places = torch.arange(count).unsqueeze(0)
    # The number of special tokens before each place tells the phrase, whose own full stop belongs to it.
    phrase = torch.cumsum(special.long(), 1) - special.long()
    last = places == count - 1
    alone = (places == 0) | (last & special)
    same = phrase.unsqueeze(1) == phrase.unsqueeze(2)
    same = same & ~alone.unsqueeze(1) & ~alone.unsqueeze(2)
    before = (places.unsqueeze(2) > places.unsqueeze(1)) & special.unsqueeze(1)
    earlier = torch.where(before, places.unsqueeze(1), torch.zeros_like(places.unsqueeze(1))).max(-1).values
    positions = torch.where(alone, torch.zeros_like(places), places - earlier - 1)
    return same | (places.unsqueeze(1) == places.unsqueeze(2)), positions


def grounding_dino() -> None:
    target = fresh("grounding_dino")
    labels = LABELS[:3]
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary)
        words = bert_tokenizer(folder)
        backbone = SwinConfig(
            image_size=64, patch_size=4, embed_dim=4, depths=[1, 1, 1, 1], num_heads=[1, 2, 2, 2], window_size=4,
            mlp_ratio=2.0, out_indices=[2, 3, 4],
        )
        text = BertConfig(
            vocab_size=len(words), hidden_size=8, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16,
            max_position_embeddings=64,
        )
        config = GroundingDinoConfig(
            backbone_config=backbone, text_config=text.to_dict(), num_queries=20, d_model=32, encoder_layers=1, encoder_ffn_dim=32,
            encoder_attention_heads=2, decoder_layers=1, decoder_ffn_dim=32, decoder_attention_heads=2,
            num_feature_levels=4, encoder_n_points=2, decoder_n_points=2,
        )
        # Of this seed come boxes of each phrase and some of none.
        torch.manual_seed(2)
        model = GroundingDinoForObjectDetection(config).eval()
        stir(model, 0.2)
        model.save_pretrained(folder)
        images = GroundingDinoImageProcessor(size={"shortest_edge": 48, "longest_edge": 120})
        images.save_pretrained(folder)
        processor = GroundingDinoProcessor(images, words)
        given = dict(processor(text=[labels], images=picture(), return_tensors="pt"))
        with torch.no_grad():
            made = model(**given)
        threshold, text_threshold = 0.3, 0.25
        found = processor.post_process_grounded_object_detection(
            made, given["input_ids"], threshold=threshold, text_threshold=text_threshold,
            target_sizes=[picture().size[::-1]],
        )[0]
        ids = given["input_ids"][0].tolist()
        stops = [index for index, token in enumerate(ids) if token == 1012]
        spans = list(zip([1] + [stop + 1 for stop in stops[:-1]], stops))
        kept = made.logits[0][made.logits[0].sigmoid().max(-1).values > threshold]
        best = torch.stack([kept[:, start:end].max(-1).values for start, end in spans], -1).max(-1)
        print("grounding_dino boxes", len(found["scores"]), "texts", found["text_labels"])
        record = {
            "labels": labels, "pixels": flat(given["pixel_values"]), "shape": list(given["pixel_values"].shape),
            "found": [
                {"score": score, "box": box, "text": text, "label": labels[phrase], "phrase": sure}
                for score, box, text, phrase, sure in zip(
                    found["scores"].tolist(), found["boxes"].tolist(), found["text_labels"], best.indices.tolist(),
                    best.values.sigmoid().tolist(),
                )
            ],
        }
        original = modeling_grounding_dino.generate_masks_with_special_tokens_and_transfer_map
        for sentence in (ids, [101, 5, 1012, 6, 7, 1012, 102], [101, 5, 1029, 6, 1012, 102], [101, 5, 1012, 102]):
            row = torch.tensor([sentence])
            assert all(torch.equal(one, other) for one, other in zip(original(row), phrase_masks(row))), sentence
        modeling_grounding_dino.generate_masks_with_special_tokens_and_transfer_map = phrase_masks
        names = ["pixel_values", "input_ids", "token_type_ids", "attention_mask", "pixel_mask"]
        length = {1: "sequence_length"}
        texts = {"input_ids": length, "token_type_ids": length, "attention_mask": length}
        export(model, target, "model.onnx", {key: given[key] for key in names}, ["logits", "pred_boxes"], texts)
        slim(target / "model.onnx", {"pixel_values": {2: "height", 3: "width"}, "pixel_mask": {1: "height", 2: "width"}})
        modeling_grounding_dino.generate_masks_with_special_tokens_and_transfer_map = original
        check(target / "model.onnx", given, {"logits": made.logits, "pred_boxes": made.pred_boxes})
        finish(target, folder, record)


def clipseg() -> None:
    target = fresh("clipseg")
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary)
        words = clip_tokenizer(folder, "<|endoftext|>")
        vision = {**CLIP_VISION, "image_size": 48}
        config = CLIPSegConfig(
            text_config=clip_text(words, 77), vision_config=vision, projection_dim=12, extract_layers=[0, 1], reduce_dim=8,
            decoder_num_attention_heads=2, decoder_intermediate_size=16, conditional_layer=0,
        )
        model = CLIPSegForImageSegmentation(config).eval()
        stir(model)
        model.save_pretrained(folder)
        images = ViTImageProcessor(
            size={"height": 48, "width": 48}, image_mean=[0.485, 0.456, 0.406], image_std=[0.229, 0.224, 0.225]
        )
        images.save_pretrained(folder)
        texts = LABELS[:2]
        processor = CLIPSegProcessor(images, words)
        given = processor(text=texts, images=[picture()] * 2, padding=True, return_tensors="pt")
        with torch.no_grad():
            made = model(**given)
        size = picture().size[::-1]
        maps = torch.nn.functional.interpolate(made.logits.sigmoid().unsqueeze(1), size=size, mode="bilinear")
        record = {
            "labels": texts, "pixels": flat(given["pixel_values"][0]), "shape": [1, *given["pixel_values"].shape[1:]],
            "maps": [flat(one) for one in maps],
        }
        names = ["input_ids", "pixel_values", "attention_mask"]
        export(
            model, target, "model.onnx", {key: given[key] for key in names}, ["logits"],
            {"input_ids": {0: "text_batch_size", 1: "sequence_length"}, "attention_mask": {0: "text_batch_size", 1: "sequence_length"},
             "pixel_values": {0: "image_batch_size"}, "logits": {0: "text_batch_size"}},
        )
        check(target / "model.onnx", given, {"logits": made.logits})
        finish(target, folder, record)


def classifier() -> None:
    target = fresh("classifier")
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary)
        names = ["tench", "goldfish", "great white shark", "hammerhead", "stingray", "cock", "hen"]
        config = ResNetConfig(
            embedding_size=8, hidden_sizes=[8, 16], depths=[1, 1], num_labels=len(names), layer_type="basic",
            id2label=dict(enumerate(names)), label2id={name: index for index, name in enumerate(names)},
        )
        model = ResNetForImageClassification(config).eval()
        stir(model, 0.08)
        model.save_pretrained(folder)
        images = ViTImageProcessor(
            size={"height": 48, "width": 48}, image_mean=[0.485, 0.456, 0.406], image_std=[0.229, 0.224, 0.225], resample=3
        )
        images.save_pretrained(folder)
        pixels = images(picture(), return_tensors="pt")["pixel_values"]
        with torch.no_grad():
            logits = model(pixels).logits
        optimum(folder, target, "image-classification")
        check(target / "model.onnx", {"pixel_values": pixels}, {"logits": logits})
        best = logits.softmax(-1)[0].topk(5)
        record = {
            "pixels": flat(pixels), "shape": list(pixels.shape),
            "best": [[names[index], score] for index, score in zip(best.indices.tolist(), best.values.tolist())],
        }
        finish(target, folder, record)


if __name__ == "__main__":
    families = [clip, siglip, owlv2, owlvit, grounding_dino, clipseg, classifier]
    asked = sys.argv[1:]
    for family in families:
        if not asked or family.__name__ in asked:
            torch.manual_seed(11)
            np.random.seed(11)
            family()
