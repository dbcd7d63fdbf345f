//! `argus eval`.

use std::path::PathBuf;

use clap::Args;

/// `argus eval`
#[derive(Debug, Args)]
pub(crate) struct EvalCommand {
    /// JSON Lines file of cases (default: the shipped ones)
    #[arg(value_name = "CASES")]
    pub(crate) cases: Option<PathBuf>,
    /// Run these sets, with commas: cases (the shipped ones), vqa, replay, bfcl-multiple, bfcl-irrelevance
    #[arg(long, value_name = "SETS", value_delimiter = ',')]
    pub(crate) tasks: Vec<String>,
    /// Folder of the shared data that vqa, replay and bfcl need (default: ARGUS_SHARED, then ../shared)
    #[arg(long, value_name = "DIR")]
    pub(crate) shared: Option<PathBuf>,
    /// Which LLM: local, local:ID, openai:MODEL, ollama:MODEL, or none (rules choose the tools)
    #[arg(long, value_name = "LLM")]
    pub(crate) llm: Option<String>,
    /// Address of an OpenAI-compatible endpoint (Ollama, vLLM, LM Studio, ...)
    #[arg(long, value_name = "URL")]
    pub(crate) base_url: Option<String>,
    /// Runs of each case
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(crate) runs: u32,
    /// Cases at most, taken evenly from all
    #[arg(long, value_name = "N")]
    pub(crate) limit: Option<usize>,
    /// Only cases whose id or kind holds this text
    #[arg(long, value_name = "TEXT")]
    pub(crate) filter: Option<String>,
    /// List the cases and run nothing
    #[arg(long)]
    pub(crate) list: bool,
    /// Print the report as JSON, with every run
    #[arg(long)]
    pub(crate) json: bool,
    /// Directory for the report and for the outcomes of runs that are not right
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    /// Compare with an earlier report (JSON)
    #[arg(long, value_name = "FILE")]
    pub(crate) baseline: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) switches: EvalSwitches,
}

/// What is varied between measurements; all of it stands in the report. A new one is a field here and a line in
/// `EvalSwitches::apply`.
#[derive(Clone, Debug, Args, serde::Serialize)]
#[command(next_help_heading = "What is measured")]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
pub(crate) struct EvalSwitches {
    /// Do not look at the pictures before the first step
    #[arg(long)]
    pub(crate) no_cards: bool,
    /// Prompts without solved examples
    #[arg(long)]
    pub(crate) no_examples: bool,
    /// Do not split tasks into a checklist of parts
    #[arg(long)]
    pub(crate) no_parts: bool,
    /// Do not tell the LLM what the rules know and which call fits
    #[arg(long)]
    pub(crate) no_advice: bool,
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
