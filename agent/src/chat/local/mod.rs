//! A language model on this machine: a `llama-server` that Argus starts, watches and ends.

mod model;
mod prefix;
mod process;
mod server;

use std::{path::PathBuf, time::Duration};

pub use model::LocalModel;
pub use server::LocalServer;

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
            model_sha256: None,
            context_tokens: 8192,
            gpu_layers: GpuLayers::Auto,
            threads: None,
            state_dir: state_dir.into(),
            start_limit: Duration::from_mins(3),
        }
    }
}
