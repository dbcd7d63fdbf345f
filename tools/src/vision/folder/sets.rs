//! The models of several graphs, with the graphs and files of each.

use std::path::Path;

use serde_json::Value;

use crate::{
    generate::{Turn, VisionLanguage, VisionToText},
    onnx::Signature,
    vision::{ask_image, caption, embed, florence, read_text, segment},
};

/// The role, and others that the model may serve.
type Roles = (&'static str, Vec<&'static str>);
/// Reads the files of a folder; the error says what is wrong.
type Open = fn(&Path) -> Result<(), String>;

/// A model of several graphs.
pub(super) struct Set {
    pub(super) family: &'static str,
    /// By the model's `config.json`.
    pub(super) roles: fn(&Value) -> Roles,
    /// Whether a `model_type` of a `config.json` is this model's.
    pub(super) is_type: fn(&str) -> bool,
    pub(super) graphs: &'static [Graph],
    /// Files beside the graphs, and what each is for.
    pub(super) files: &'static [(&'static str, &'static str)],
    /// Reads them as the tool does.
    pub(super) opens: Option<Open>,
}

/// A place for a graph.
pub(super) struct Graph {
    /// Names that it may have, the usual one first.
    pub(super) names: &'static [&'static str],
    /// What it does.
    pub(super) what: &'static str,
    pub(super) fits: fn(&Signature) -> bool,
    /// Whether any file will do that has the first name as a word, and none of `not`.
    pub(super) by_word: bool,
    pub(super) not: &'static [&'static str],
}

const PICTURES: (&str, &str) = ("preprocessor_config.json", "how pictures are brought to the input");
const WORDS: (&str, &str) = ("tokenizer.json", "how words become numbers");
const SETTINGS: (&str, &str) = ("config.json", "the model's own settings");
const WRITING: (&str, &str) = ("generation_config.json", "how a text begins and ends");

const fn graph(names: &'static [&'static str], what: &'static str, fits: fn(&Signature) -> bool) -> Graph {
    Graph { names, what, fits, by_word: false, not: &[] }
}

fn takes(signature: &Signature, names: &[&str]) -> bool {
    names.iter().all(|name| signature.inputs.iter().any(|input| input.name == *name))
}

fn gives(signature: &Signature, names: &[&str]) -> bool {
    names.iter().all(|name| signature.outputs.iter().any(|output| output.name == *name))
}

const VISION: Graph =
    graph(&["vision_encoder"], "makes image_features of pixel_values", |signature| takes(signature, &["pixel_values"]));
const EMBEDDER: Graph =
    graph(&["embed_tokens"], "makes inputs_embeds of input_ids", |signature| takes(signature, &["input_ids"]));
const DECODER: Graph = graph(&["decoder_model_merged", "decoder_model"], "writes the text, as logits", |signature| {
    gives(signature, &["logits"])
});

/// Sees the picture, in the layout of SAM's authors.
fn embeds(signature: &Signature) -> bool {
    segment::recognize::prompted(signature).is_ok() && !takes(signature, &["point_coords"])
}

fn captions(_: &Value) -> Roles {
    (caption::CAPTIONER, Vec::new())
}

fn prompted(_: &Value) -> Roles {
    (segment::PROMPT, Vec::new())
}

/// A decoder of TrOCR reads lines; any other writes captions, unless the folder does not say which it is.
fn by_decoder(config: &Value) -> Roles {
    match config["decoder"]["model_type"].as_str() {
        Some("trocr") => (read_text::HANDWRITING, Vec::new()),
        Some(_) => (caption::CAPTIONER, Vec::new()),
        None => (caption::CAPTIONER, vec![read_text::HANDWRITING]),
    }
}

fn opens_writer(folder: &Path) -> Result<(), String> {
    VisionToText::open(folder).map(|_| ()).map_err(|error| error.to_string())
}

fn opens_blip(folder: &Path) -> Result<(), String> {
    VisionToText::open_blip(folder).map(|_| ()).map_err(|error| error.to_string())
}

fn opens_vision_language(folder: &Path) -> Result<(), String> {
    let model = VisionLanguage::open(folder).map_err(|error| error.to_string())?;
    // The chat template is looked for where a prompt is made.
    model.prompt(&[Turn::ask(1, "what?")]).map(|_| ()).map_err(|error| error.to_string())
}

/// Those with the most graphs first: a smaller one may be a part of them.
pub(super) const SETS: &[Set] = &[
    Set {
        family: "Florence-2",
        roles: captions,
        is_type: |name| name == "florence2",
        graphs: &[
            VISION,
            EMBEDDER,
            graph(&["encoder_model"], "makes last_hidden_state of inputs_embeds", |signature| {
                takes(signature, &["inputs_embeds", "attention_mask"])
            }),
            DECODER,
        ],
        files: &[PICTURES, WORDS],
        opens: Some(florence::readable),
    },
    Set {
        family: "a vision-language model: SmolVLM, LLaVA, PaliGemma, Moondream",
        roles: |_| (ask_image::ROLE, Vec::new()),
        is_type: VisionLanguage::knows,
        graphs: &[
            VISION,
            EMBEDDER,
            graph(&["decoder_model_merged"], "writes the answer of inputs_embeds, as logits", |signature| {
                takes(signature, &["inputs_embeds"]) && gives(signature, &["logits"])
            }),
        ],
        files: &[SETTINGS, PICTURES, WORDS],
        opens: Some(opens_vision_language),
    },
    Set {
        family: "SAM or SlimSAM",
        roles: prompted,
        is_type: |name| name == "sam",
        graphs: &[
            graph(
                &["vision_encoder"],
                "makes image_embeddings and image_positional_embeddings of a picture",
                |signature| gives(signature, &["image_embeddings", "image_positional_embeddings"]),
            ),
            graph(&["prompt_encoder_mask_decoder"], "answers input_points with pred_masks", |signature| {
                takes(signature, &["input_points", "input_labels", "image_positional_embeddings"])
                    && gives(signature, &["pred_masks"])
            }),
        ],
        files: &[],
        opens: None,
    },
    Set {
        family: "SAM 2 or EdgeTAM",
        roles: prompted,
        is_type: |name| matches!(name, "sam2" | "edgetam"),
        graphs: &[
            graph(&["vision_encoder"], "makes image_embeddings.0 and so on of a picture", |signature| {
                gives(signature, &["image_embeddings.0"])
            }),
            graph(&["prompt_encoder_mask_decoder"], "answers input_points with pred_masks", |signature| {
                takes(signature, &["input_points", "input_labels", "image_embeddings.0"])
                    && gives(signature, &["pred_masks"])
            }),
        ],
        files: &[],
        opens: None,
    },
    Set {
        family: "SAM or MobileSAM as their authors export them",
        roles: prompted,
        is_type: |_| false,
        graphs: &[
            Graph {
                names: &["encoder"],
                what: "makes image_embeddings of a picture",
                fits: embeds,
                by_word: true,
                not: &["decoder"],
            },
            Graph {
                names: &["decoder"],
                what: "answers point_coords and point_labels with masks and iou_predictions",
                fits: |signature| takes(signature, &["point_coords", "point_labels"]),
                by_word: true,
                not: &[],
            },
        ],
        files: &[],
        opens: None,
    },
    Set {
        family: "ViT-GPT2, TrOCR or another VisionEncoderDecoderModel",
        roles: by_decoder,
        is_type: |name| name == "vision-encoder-decoder",
        graphs: &[
            graph(&["encoder_model"], "takes pixel_values", |signature| takes(signature, &["pixel_values"])),
            DECODER,
        ],
        files: &[PICTURES, WORDS, WRITING],
        opens: Some(opens_writer),
    },
    Set {
        family: "BLIP",
        roles: captions,
        is_type: |name| name == "blip",
        graphs: &[
            Graph {
                names: &["visual"],
                what: "takes pixel_values",
                fits: |signature| takes(signature, &["pixel_values"]),
                by_word: true,
                not: &[],
            },
            Graph {
                names: &["textual"],
                what: "writes the text of input_ids",
                fits: |signature| takes(signature, &["input_ids"]),
                by_word: true,
                not: &[],
            },
        ],
        files: &[SETTINGS, PICTURES, WORDS],
        opens: Some(opens_blip),
    },
    Set {
        family: "CLIP or SigLIP in two graphs",
        roles: |_| (embed::ROLE, Vec::new()),
        is_type: |name| matches!(name, "clip" | "siglip"),
        graphs: &[
            graph(&["vision_model"], "makes vectors of pixel_values", |signature| takes(signature, &["pixel_values"])),
            graph(&["text_model"], "makes vectors of input_ids", |signature| takes(signature, &["input_ids"])),
        ],
        files: &[PICTURES, WORDS],
        opens: None,
    },
];
