//! `ask_image`: a question about pictures, answered by a local vision-language model.

#[cfg(test)]
mod tests;
mod tool;

pub use tool::{AskExample, AskImage, AskImageInput, AskImageOutput, worded};

/// The role of the model: graphs `vision_encoder`, `embed_tokens` and `decoder_model_merged`, with their tokenizer and settings.
pub(super) const ROLE: &str = "vqa";
