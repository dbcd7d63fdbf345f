//! What the files next to the graphs say: the family, the image token, how many tokens a picture has, when an answer ends.

use std::path::Path;

use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;

use crate::{
    generate::{
        GenerateOptions,
        config::{Generation, Tokens},
    },
    onnx::ModelError,
};

/// How pictures and prompts are made.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Family {
    /// SmolVLM and Idefics3: tiles and the whole picture, each between tokens that say where it lies.
    Idefics3,
    /// LLaVA and its kin: one square picture, as many tokens as it has features.
    Llava,
    /// LLaVA-NeXT (1.6): the whole picture and tiles of it, in the order of the picture's rows.
    LlavaNext,
    /// The same with at most so many tokens for the tiles; of several pictures the whole ones alone.
    LlavaOnevision,
    /// Pictures first, then the start token, the words and a line break; positions count from 1.
    PaliGemma,
    /// As LLaVA, with a fixed form of question and answer instead of a chat template.
    Moondream,
}

const FAMILIES: [(&str, Family); 9] = [
    ("idefics3", Family::Idefics3),
    ("smolvlm", Family::Idefics3),
    ("llava", Family::Llava),
    ("llava_next", Family::LlavaNext),
    ("llava_onevision", Family::LlavaOnevision),
    ("llava_qwen2", Family::Llava),
    ("vipllava", Family::Llava),
    ("paligemma", Family::PaliGemma),
    ("moondream1", Family::Moondream),
];

impl Family {
    pub(super) fn of(model_type: &str) -> Result<Self, ModelError> {
        let known = FAMILIES.iter().find(|(name, _)| *name == model_type);
        known.map(|(_, family)| *family).ok_or_else(|| {
            let names: Vec<&str> = FAMILIES.iter().map(|(name, _)| *name).collect();
            ModelError::new(format!("config.json: model_type is \"{model_type}\"; known are {}", names.join(", ")))
        })
    }

    /// Of the first token of a text.
    pub(super) fn first_position(self) -> i64 {
        i64::from(self == Self::PaliGemma)
    }
}

/// How many image tokens each tile of a picture has.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Count {
    /// The same for all.
    Fixed(usize),
    /// One a patch of this many pixels, and so many more or less.
    Patches { patch: usize, more: isize },
    /// As many as there are features.
    AsGiven,
}

/// What the files say.
#[derive(Clone, Debug)]
pub(super) struct Settings {
    pub(super) model_type: String,
    pub(super) family: Family,
    pub(super) image_id: Option<i64>,
    pub(super) count: Count,
    /// Of how many tiles a picture may have features (LLaVA-OneVision).
    pub(super) most_tiles: Option<usize>,
    /// The most tokens that the decoder takes, those of the answer included.
    pub(super) positions: Option<usize>,
    pub(super) options: GenerateOptions,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ModelConfig {
    model_type: String,
    image_token_id: Option<i64>,
    image_token_index: Option<i64>,
    scale_factor: Option<usize>,
    vision_aspect_ratio: Option<String>,
    eos_token_id: Option<Tokens>,
    max_position_embeddings: Option<usize>,
    #[serde(rename = "text_config")]
    text: TextConfig,
    #[serde(rename = "vision_config")]
    vision: Value,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct TextConfig {
    eos_token_id: Option<Tokens>,
    max_position_embeddings: Option<usize>,
}

/// `processor_config.json`; of `preprocessor_config.json` the fields of the same kind.
#[derive(Default, Deserialize)]
#[serde(default)]
struct ProcessorConfig {
    image_seq_len: Option<usize>,
    image_seq_length: Option<usize>,
    num_image_tokens: Option<usize>,
    patch_size: Option<usize>,
    num_additional_image_tokens: isize,
    vision_feature_select_strategy: Option<String>,
}

impl Settings {
    pub(super) fn open(folder: &Path) -> Result<Self, ModelError> {
        let config: ModelConfig = parsed(folder, "config.json")?
            .ok_or_else(|| ModelError::new(format!("{} has no config.json", folder.display())))?;
        let family = Family::of(&config.model_type)?;
        let processor: ProcessorConfig = parsed(folder, "processor_config.json")?.unwrap_or_default();
        let preprocessor: ProcessorConfig = parsed(folder, "preprocessor_config.json")?.unwrap_or_default();
        let mut options = match read(folder, "generation_config.json")? {
            Some(text) => Generation::from_json(&text)?.options,
            None => GenerateOptions::default(),
        };
        if options.eos.is_empty() {
            options.eos =
                config.text.eos_token_id.or(config.eos_token_id.clone()).map(Tokens::list).unwrap_or_default();
        }
        Ok(Self {
            image_id: config.image_token_id.or(config.image_token_index),
            count: count(family, &config.vision, config.scale_factor, &processor, &preprocessor)?,
            most_tiles: (family == Family::LlavaOnevision)
                .then(|| most_tiles(config.vision_aspect_ratio.as_deref()))
                .transpose()?,
            positions: config.text.max_position_embeddings.or(config.max_position_embeddings),
            model_type: config.model_type,
            family,
            options,
        })
    }
}

fn count(
    family: Family,
    vision: &Value,
    scale: Option<usize>,
    processor: &ProcessorConfig,
    preprocessor: &ProcessorConfig,
) -> Result<Count, ModelError> {
    Ok(match family {
        Family::Idefics3 => {
            let size = |key: &str| vision.get(key).and_then(Value::as_u64).map(|value| value as usize);
            let patches =
                size("image_size").zip(size("patch_size").filter(|patch| *patch > 0)).map(|(all, one)| all / one);
            // Pixels are shuffled into fewer, deeper ones.
            let scale = scale.unwrap_or(2).max(1);
            let known = processor.image_seq_len.or(patches.map(|side| side * side / (scale * scale)));
            Count::Fixed(known.ok_or_else(|| {
                ModelError::new(
                    "how many tokens a picture has is not known: processor_config.json has no image_seq_len, and \
                     config.json no vision_config with image_size and patch_size",
                )
            })?)
        }
        Family::Llava | Family::LlavaNext | Family::LlavaOnevision => {
            match (processor.num_image_tokens, processor.patch_size) {
                (Some(count), _) => Count::Fixed(count),
                (None, Some(patch)) => {
                    let dropped = isize::from(processor.vision_feature_select_strategy.as_deref() == Some("default"));
                    Count::Patches { patch, more: processor.num_additional_image_tokens - dropped }
                }
                (None, None) => Count::AsGiven,
            }
        }
        Family::PaliGemma => {
            preprocessor.image_seq_length.or(processor.image_seq_length).map_or(Count::AsGiven, Count::Fixed)
        }
        Family::Moondream => Count::AsGiven,
    })
}

/// The number in `anyres_max_9`, which is what the reference takes where a file does not say.
fn most_tiles(ratio: Option<&str>) -> Result<usize, ModelError> {
    let ratio = ratio.unwrap_or("anyres_max_9");
    let most = ratio.strip_prefix("anyres_max_").and_then(|most| most.parse().ok()).filter(|most| *most > 0);
    most.ok_or_else(|| {
        ModelError::new(format!("config.json: vision_aspect_ratio is \"{ratio}\"; anyres_max_9 or so is right"))
    })
}

/// The text of a file, if there is one.
pub(super) fn read(folder: &Path, name: &str) -> Result<Option<String>, ModelError> {
    let file = folder.join(name);
    if !file.is_file() {
        return Ok(None);
    }
    fs_err::read_to_string(&file).map(Some).map_err(|error| ModelError::new(error.to_string()))
}

/// A file of JSON, if there is one.
pub(super) fn parsed<T: DeserializeOwned>(folder: &Path, name: &str) -> Result<Option<T>, ModelError> {
    let Some(text) = read(folder, name)? else { return Ok(None) };
    serde_json::from_str(&text).map(Some).map_err(|error| ModelError::new(format!("{name} cannot be read: {error}")))
}
