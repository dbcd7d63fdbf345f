//! The decoder of a model of several graphs, by the names that exporters give them.

use std::sync::Arc;

use super::Decoder;
use crate::{
    onnx::{LoadedModel, ModelError, has_graph},
    store::Installed,
    tool::{ToolCx, ToolError},
};

/// Loaded decoder graphs.
pub enum DecoderGraphs {
    /// One for all steps: `decoder_model_merged`, or `decoder_model` alone, which goes over the whole text again each step.
    One(Arc<LoadedModel>),
    /// `decoder_model` for the first step and `decoder_with_past_model` for the others.
    Pair(Arc<LoadedModel>, Arc<LoadedModel>),
}

impl DecoderGraphs {
    /// Loads the decoder of the model that serves a role. `installed`: the files of that model.
    pub async fn load(role: &str, installed: &Installed, cx: &ToolCx) -> Result<Self, ToolError> {
        let load = async |name: &str| cx.model(&format!("{role}-{name}")).await;
        let has = |name: &str| has_graph(installed, name);
        match (has("decoder_model_merged"), has("decoder_model"), has("decoder_with_past_model")) {
            (true, _, _) => Ok(Self::One(load("decoder_model_merged").await?)),
            (_, true, true) => Ok(Self::Pair(load("decoder_model").await?, load("decoder_with_past_model").await?)),
            (_, true, false) => Ok(Self::One(load("decoder_model").await?)),
            _ => {
                let files: Vec<&str> = installed.files.keys().map(String::as_str).collect();
                Err(ToolError::internal(format!(
                    "{} has no decoder: it should be decoder_model_merged.onnx, or decoder_model.onnx with \
                     decoder_with_past_model.onnx; there is {}",
                    installed.id,
                    files.join(", ")
                )))
            }
        }
    }

    /// The decoder over these graphs, at the beginning of a text.
    pub fn decoder(&self) -> Result<Decoder<'_>, ModelError> {
        match self {
            Self::One(graph) => Decoder::of(graph.model.as_ref()),
            Self::Pair(first, later) => Decoder::pair(first.model.as_ref(), later.model.as_ref()),
        }
    }
}
