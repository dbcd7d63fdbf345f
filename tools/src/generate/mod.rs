//! Autoregressive generation over exported decoders: merged ones and pairs, with and without an encoder, from token ids or
//! from embeddings. The layout is read off the graph; see [`Decoder::of`].
//!
//! Source of the contract: optimum's ONNX exports and their use in transformers (`past_key_values.*`, `present.*`,
//! `use_cache_branch`).

mod beam;
mod config;
mod decoder;
mod graphs;
mod layout;
mod logits;
mod options;
mod search;
#[cfg(test)]
mod tests;
mod text;
mod vision_language;
mod vision_to_text;
mod vision_to_text_model;

pub use config::Generation;
pub use decoder::{Decoder, Encoded, Prompt};
pub use graphs::DecoderGraphs;
pub use options::{GenerateOptions, Strategy};
pub use search::{Generated, generate};
pub use text::Tokenizer;
pub use vision_language::{Answer, AskError, Graphs, Turn, View, VisionLanguage};
pub use vision_to_text::VisionToText;
pub use vision_to_text_model::VisionToTextModel;
