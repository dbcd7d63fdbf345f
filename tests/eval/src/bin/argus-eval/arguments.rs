//! The command line.

use std::{num::NonZeroUsize, path::PathBuf};

use argus_cli::Global;
use clap::{Args, Parser};

/// Scores an LLM with the tools and prompts of Argus on task cases.
#[derive(Debug, Parser)]
#[command(name = "argus-eval", version)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(flatten)]
    pub(crate) command: Command,
}

/// Which cases are run, with which LLM, and what is told of it.
#[derive(Debug, Args)]
pub(crate) struct Command {
    /// JSON Lines files of cases, or sets: shipped, vqa, gta, bfcl-multiple, bfcl-irrelevance
    #[arg(value_name = "CASES", default_value = "shipped")]
    pub(crate) cases: Vec<String>,
    /// Folder of the shared data that vqa, gta, bfcl and pictures shared:PATH need (default: ARGUS_SHARED, then ../shared beside the
    /// repository)
    #[arg(long, value_name = "DIR")]
    pub(crate) shared: Option<PathBuf>,
    /// Which LLM: local, local:ID, openai:MODEL or ollama:MODEL
    #[arg(long, value_name = "LLM")]
    pub(crate) llm: Option<String>,
    /// Address of an OpenAI-compatible endpoint (Ollama, vLLM, LM Studio, ...)
    #[arg(long, value_name = "URL")]
    pub(crate) base_url: Option<String>,
    /// Runs of each case
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(crate) runs: u32,
    /// Only every Nth case
    #[arg(long, value_name = "N", default_value = "1")]
    pub(crate) every: NonZeroUsize,
    /// Cases at most, taken evenly from all
    #[arg(long, value_name = "N")]
    pub(crate) limit: Option<usize>,
    /// Only cases whose id or kind holds this text
    #[arg(long, value_name = "TEXT")]
    pub(crate) filter: Option<String>,
    /// List the cases and run nothing
    #[arg(long)]
    pub(crate) list: bool,
    /// Write the report as JSON, with every run, to this file; - prints it in place of the table
    #[arg(long, value_name = "FILE")]
    pub(crate) json: Option<PathBuf>,
    /// Directory for the report and for the outcomes of runs that are not right
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    /// Compare with an earlier report (JSON)
    #[arg(long, value_name = "FILE")]
    pub(crate) baseline: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) switches: Switches,
}

/// What is varied between measurements; all of it stands in the report. A new one is a field here and a line in
/// `Switches::apply`.
#[derive(Clone, Debug, Args, serde::Serialize)]
#[command(next_help_heading = "What is measured")]
pub(crate) struct Switches {
    /// Do not look at the pictures before the first step
    #[arg(long)]
    pub(crate) no_cards: bool,
    /// Prompts without solved examples
    #[arg(long)]
    pub(crate) no_examples: bool,
    /// How the LLM is asked: native, schema or text (default: what suits it best)
    #[arg(long, value_name = "PROTOCOL")]
    pub(crate) protocol: Option<argus_agent::run::Protocol>,
    /// Steps at most
    #[arg(long, value_name = "N")]
    pub(crate) max_steps: Option<u32>,
    /// Seconds of a run at most
    #[arg(long, value_name = "SECONDS")]
    pub(crate) deadline: Option<f64>,
}
