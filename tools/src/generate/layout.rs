//! What a decoder graph takes and gives, read off its signature.

use crate::onnx::{Dim, ModelError, Signature, TensorInfo};

/// One cached tensor: where it goes in and where it comes out.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Past {
    pub(super) input: String,
    pub(super) output: String,
    /// Keys and values of the encoder's states: computed in the first step, the same in all others.
    pub(super) of_encoder: bool,
    pub(super) heads: usize,
    pub(super) width: usize,
}

/// The inputs and outputs of one decoder graph.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
#[expect(clippy::struct_excessive_bools, reason = "each says whether the graph has one input")]
pub(super) struct Layout {
    /// In the order of the graph's inputs.
    pub(super) past: Vec<Past>,
    /// Names of the cache outputs that this graph gives.
    pub(super) present: Vec<String>,
    pub(super) embeds: bool,
    pub(super) use_cache_branch: bool,
    pub(super) attention_mask: bool,
    pub(super) position_ids: bool,
    pub(super) encoder_states: bool,
    pub(super) encoder_mask: bool,
    /// The input that says how many positions need logits, and whether it is a scalar.
    pub(super) logits_to_keep: Option<(String, bool)>,
}

const PAST: &str = "past_key_values.";
const PRESENT: &str = "present.";

impl Layout {
    /// Reads a signature. An input that is not understood is an error that names it.
    pub(super) fn of(signature: &Signature) -> Result<Self, ModelError> {
        let mut layout = Self::default();
        let mut ids = false;
        for input in &signature.inputs {
            match input.name.as_str() {
                "input_ids" => ids = true,
                "inputs_embeds" => layout.embeds = true,
                "use_cache_branch" => layout.use_cache_branch = true,
                "attention_mask" => layout.attention_mask = true,
                "position_ids" => layout.position_ids = true,
                "encoder_hidden_states" => layout.encoder_states = true,
                "encoder_attention_mask" => layout.encoder_mask = true,
                "num_logits_to_keep" | "logits_to_keep" => {
                    layout.logits_to_keep = Some((input.name.clone(), input.dims.is_empty()));
                }
                name if name.starts_with(PAST) => layout.past.push(past(input)?),
                name => {
                    return Err(ModelError::new(format!(
                        "the decoder's input {name} is not understood; {}",
                        signature.describe()
                    )));
                }
            }
        }
        if ids == layout.embeds {
            return Err(ModelError::new(format!(
                "a decoder takes either input_ids or inputs_embeds; {}",
                signature.describe()
            )));
        }
        if !signature.outputs.iter().any(|output| output.name == "logits") {
            return Err(ModelError::new(format!("a decoder gives logits; {}", signature.describe())));
        }
        layout.present =
            signature.outputs.iter().map(|o| o.name.clone()).filter(|name| name.starts_with(PRESENT)).collect();
        Ok(layout)
    }
}

fn past(input: &TensorInfo) -> Result<Past, ModelError> {
    let size = |at: usize| match input.dims.get(at) {
        Some(Dim::Fixed(size)) if *size > 0 => Some(*size),
        _ => None,
    };
    let (Some(heads), Some(width), 4) = (size(1), size(3), input.dims.len()) else {
        return Err(ModelError::new(format!(
            "the cache input {input} must be [batch, heads, length, width] with fixed heads and width"
        )));
    };
    Ok(Past {
        input: input.name.clone(),
        output: input.name.replacen(PAST, PRESENT, 1),
        of_encoder: input.name.contains(".encoder."),
        heads,
        width,
    })
}
