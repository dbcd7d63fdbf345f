//! `argus trace`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

/// `argus trace`
#[derive(Debug, Args)]
pub(crate) struct TraceCommand {
    #[command(subcommand)]
    pub(crate) action: TraceAction,
}

/// What to do with a trace.
#[derive(Debug, Subcommand)]
pub(crate) enum TraceAction {
    /// Print it as a tree: thoughts, calls, observations, time and tokens of each step
    Show {
        /// The trace
        file: PathBuf,
        /// Print the whole prompt and reply of this step instead
        #[arg(long, value_name = "N", conflicts_with = "json")]
        step: Option<u32>,
        /// Which run, if the trace holds several (from 1; default: all)
        #[arg(long, value_name = "N")]
        run: Option<usize>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Make one self-contained HTML page of it, pictures included
    Html {
        /// The trace
        file: PathBuf,
        /// The page (default: the trace's name with .html; - for standard output)
        #[arg(short, long, value_name = "FILE")]
        output: Option<PathBuf>,
    },
    /// Run its task again, with what was recorded
    Replay(ReplayCommand),
}

/// `argus trace replay`
#[derive(Debug, Args)]
pub(crate) struct ReplayCommand {
    /// The trace
    pub(crate) file: PathBuf,
    /// Which run, if the trace holds several (from 1)
    #[arg(long, value_name = "N")]
    pub(crate) run: Option<usize>,
    /// Where observations come from: what was recorded, or the tools run again on the saved pictures
    #[arg(long, value_enum, default_value_t = ReplaySource::Recorded)]
    pub(crate) tools: ReplaySource,
    /// Where replies come from: what was recorded, or the LLM of the settings
    #[arg(long, value_enum, default_value_t = ReplaySource::Recorded)]
    pub(crate) model: ReplaySource,
    /// Fail if a prompt differs from the recorded one
    #[arg(long)]
    pub(crate) strict: bool,
    /// Which LLM a live model is: local, local:ID, local:PATH or openai:MODEL
    #[arg(long, value_name = "LLM")]
    pub(crate) llm: Option<String>,
    /// Address of an OpenAI-compatible endpoint (Ollama, vLLM, LM Studio, ...)
    #[arg(long, value_name = "URL")]
    pub(crate) base_url: Option<String>,
    /// Write pictures that are made to this directory
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    /// Print the whole outcome as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// Where a part of a replay comes from.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(crate) enum ReplaySource {
    /// What the trace holds.
    Recorded,
    /// The real thing.
    Live,
}
