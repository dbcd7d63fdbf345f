//! A language model on this machine: a `llama-server` that Argus starts, watches and ends.

pub mod choice;
mod death;
mod files;
mod gguf;
mod model;
mod prefix;
mod process;
mod ranked;
mod server;
#[cfg(all(test, unix))]
mod tests;

use std::{path::PathBuf, time::Duration};

pub use files::{LocalError, LocalModels, LocalName, LocalRole, RunningModels};
pub use gguf::Gguf;
pub use model::LocalModel;
pub use ranked::RankedModels;
pub use server::LocalServer;

use super::ChatError;

/// How many layers run on the GPU.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum GpuLayers {
    /// All, if the server sees a GPU that is none in name only; else none.
    #[default]
    Auto,
    /// This many.
    Count(u32),
}

/// How to run the server.
#[derive(Clone, Debug)]
pub struct LocalOptions {
    /// What the model is called in traces (`local:qwen2.5-coder-1.5b`).
    pub id: String,
    /// The `llama-server` program.
    pub program: PathBuf,
    /// Where its shared libraries lie, if not where the system looks.
    pub library_dir: Option<PathBuf>,
    /// The GGUF file.
    pub model: PathBuf,
    /// Its projector, if it takes pictures. They are then looked at in a slot of their own, beside the conversation.
    pub mmproj: Option<PathBuf>,
    /// What the header of the model's file says, once it was read ([`LocalOptions::read_header`]).
    pub header: Option<Gguf>,
    /// Its sha256, where the caller knows it; else path, size and time of change stand for it.
    pub model_sha256: Option<String>,
    /// Tokens that prompt and reply may fill together.
    pub context_tokens: u32,
    /// Layers on the GPU.
    pub gpu_layers: GpuLayers,
    /// Threads; `None`: what this process may use, at most the container's share.
    pub threads: Option<usize>,
    /// Where the states of prompt prefixes and the server's log are kept.
    pub state_dir: PathBuf,
    /// The longest wait until the model is loaded.
    pub start_limit: Duration,
}

impl LocalOptions {
    /// A program and a model with a context of 8192 tokens.
    pub fn new(program: impl Into<PathBuf>, model: impl Into<PathBuf>, state_dir: impl Into<PathBuf>) -> Self {
        let model = model.into();
        let stem = model.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
        Self {
            id: format!("local:{stem}"),
            program: program.into(),
            library_dir: None,
            model,
            mmproj: None,
            header: None,
            model_sha256: None,
            context_tokens: 8192,
            gpu_layers: GpuLayers::Auto,
            threads: None,
            state_dir: state_dir.into(),
            start_limit: Duration::from_mins(3),
        }
    }

    /// Reads the header of the model's file, which decides about the protocol and bounds the context. An error if it is no
    /// language model.
    pub fn read_header(mut self) -> Result<Self, ChatError> {
        let header = Gguf::read(&self.model)?;
        if header.is_projector() {
            let message = format!("{} is the projector of a model, not a language model", self.model.display());
            return Err(
                server::failure(message).with_hint("name the model's own file; the projector beside it is found")
            );
        }
        self.context_tokens = self.context_tokens.min(header.context.unwrap_or(u32::MAX));
        self.header = Some(header);
        Ok(self)
    }

    /// Whether the model is large enough to plan by itself ([`choice::LARGE`]).
    fn is_large(&self) -> bool {
        self.header.as_ref().is_some_and(|header| header.parameters as f64 >= f64::from(choice::LARGE) * 1e9)
    }
}
