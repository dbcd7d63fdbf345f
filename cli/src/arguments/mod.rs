//! The command line.

mod tool;
mod trace;
mod workflow;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

pub(crate) use self::{
    tool::{ToolCommand, flag_name, with_tools},
    trace::{ReplayCommand, ReplaySource, TraceAction, TraceCommand},
    workflow::{GraphFormat, RunCommand, WorkflowAction, WorkflowCommand},
};

/// Lets a text-only LLM see: asks a local or remote LLM about pictures, with vision tools that run on this machine.
#[derive(Debug, Parser)]
#[command(name = "argus", version, about, propagate_version = true)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Flags that every command takes.
#[derive(Clone, Debug, Default, Args)]
pub struct Global {
    /// Where models run: auto, cpu, cuda[:N], tensorrt, openvino, directml, coreml, rocm, webgpu
    #[arg(long, global = true, value_name = "DEVICE", help_heading = "General")]
    pub(crate) device: Option<String>,
    /// Memory that loaded models may hold, such as 4GiB (default: half of the machine's)
    #[arg(long, global = true, value_name = "BYTES", help_heading = "General")]
    pub(crate) memory: Option<String>,
    /// Use what is installed; fetch nothing
    #[arg(long, global = true, help_heading = "General")]
    pub(crate) offline: bool,
    /// Read this configuration file instead of argus.toml
    #[arg(long, global = true, value_name = "FILE", help_heading = "General")]
    pub(crate) config: Option<PathBuf>,
    /// Show results and errors only
    #[arg(short, long, global = true, conflicts_with = "verbose", help_heading = "General")]
    pub(crate) quiet: bool,
    /// Show what happens in detail
    #[arg(short, long, global = true, help_heading = "General")]
    pub(crate) verbose: bool,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Ask a question about pictures, or give an order
    Ask(AskCommand),
    /// Talk about pictures, turn by turn
    Chat(ChatCommand),
    /// Show what the tools see in pictures, without any LLM
    Look(LookCommand),
    /// Ask what is seen in pictures by SQL, without any LLM
    Query(QueryCommand),
    /// Run a workflow, on one set of inputs or on thousands
    Run(RunCommand),
    /// Check, list or draw workflows
    Workflow(WorkflowCommand),
    /// Run one vision tool, without any LLM
    Tool(ToolCommand),
    /// List the vision tools with their state, or show one with its arguments and examples
    Tools(ToolsCommand),
    /// List, fetch, check or remove models
    Models(ModelsCommand),
    /// Show what this machine has and what is wrong, with remedies
    Doctor(DoctorCommand),
    /// Measure the tools against their bare model runs
    Bench(BenchCommand),
    /// Show, print as a page, or replay what happened in a run (argus ask --trace FILE writes it)
    Trace(TraceCommand),
}

/// `argus ask`
#[derive(Debug, Args)]
pub(crate) struct AskCommand {
    /// The question or order
    pub(crate) task: String,
    /// Pictures or clips: paths, http(s) addresses, sample:NAME, or - for standard input
    #[arg(value_name = "IMAGE")]
    pub(crate) images: Vec<String>,
    /// Print the whole outcome as JSON
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) agent: AgentFlags,
}

/// `argus chat`
#[derive(Debug, Args)]
pub(crate) struct ChatCommand {
    /// Pictures to begin with: paths, http(s) addresses or sample:NAME
    #[arg(value_name = "IMAGE")]
    pub(crate) images: Vec<String>,
    /// Save the conversation and its pictures in this folder after every turn
    #[arg(long, value_name = "DIR")]
    pub(crate) session: Option<PathBuf>,
    /// Go on with the session of this folder; it is saved there unless --session names another
    #[arg(long, value_name = "DIR")]
    pub(crate) resume: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) agent: AgentFlags,
}

/// `argus look`
#[derive(Debug, Args)]
pub(crate) struct LookCommand {
    /// Pictures or clips: paths, http(s) addresses, sample:NAME, or - for standard input
    #[arg(value_name = "IMAGE", required = true)]
    pub(crate) images: Vec<String>,
    /// Print everything as one JSON document: all rows of evidence, the tables, the cards
    #[arg(long)]
    pub(crate) json: bool,
    /// Tools that look besides detect, read_text, quality and colors, such as faces,read_code
    #[arg(long, value_delimiter = ',', value_name = "TOOLS")]
    pub(crate) tools: Vec<String>,
}

/// `argus query`
#[derive(Debug, Args)]
pub(crate) struct QueryCommand {
    /// One SELECT over the tables of docs/evidence.md, such as "SELECT label, count(*) FROM object GROUP BY label"
    #[arg(required_unless_present = "markdown")]
    pub(crate) sql: Option<String>,
    /// Pictures or clips: paths, http(s) addresses, sample:NAME, or - for standard input
    #[arg(value_name = "IMAGE", required_unless_present = "markdown")]
    pub(crate) images: Vec<String>,
    /// Print the rows as a JSON list of objects
    #[arg(long, conflicts_with = "csv")]
    pub(crate) json: bool,
    /// Print the rows as CSV
    #[arg(long)]
    pub(crate) csv: bool,
    /// Write the rows to this file: .csv, .json or .parquet
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    /// Rows at most
    #[arg(long, value_name = "N", default_value_t = 10_000)]
    pub(crate) rows: usize,
    /// Print docs/evidence.md: every table and column
    #[arg(long, hide = true)]
    pub(crate) markdown: bool,
}

/// How the agent works: flags of all commands that ask an LLM.
#[derive(Debug, Args)]
pub(crate) struct AgentFlags {
    /// Which LLM: local, local:ID, local:PATH of a GGUF file, openai:MODEL or ollama:MODEL
    #[arg(long, value_name = "LLM")]
    pub(crate) llm: Option<String>,
    /// Address of an OpenAI-compatible endpoint (vLLM, LM Studio, ...) or of Ollama
    #[arg(long, value_name = "URL")]
    pub(crate) base_url: Option<String>,
    /// Directory for pictures that are made
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    /// Steps at most
    #[arg(long, value_name = "N")]
    pub(crate) max_steps: Option<u32>,
    /// Seconds at most
    #[arg(long, value_name = "SECONDS")]
    pub(crate) deadline: Option<f64>,
    /// Only these tools, by name, with commas (default: all whose models are available)
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    pub(crate) tools: Vec<String>,
    /// How the LLM is asked: native, schema or text (default: what suits it best)
    #[arg(long, value_name = "PROTOCOL")]
    pub(crate) protocol: Option<String>,
    /// Language of the prompts: en, zh (default: that of the task)
    #[arg(long, value_name = "LANGUAGE")]
    pub(crate) language: Option<String>,
    /// Directory of templates that replace the built-in prompts
    #[arg(long, value_name = "DIR")]
    pub(crate) prompts: Option<PathBuf>,
    /// Tokens at most, of all calls of the LLM together
    #[arg(long, value_name = "N")]
    pub(crate) max_tokens: Option<u64>,
    /// Money at most; needs a price in argus.toml
    #[arg(long, value_name = "AMOUNT")]
    pub(crate) max_cost: Option<f64>,
    /// Do not look at the pictures before the first step
    #[arg(long)]
    pub(crate) no_cards: bool,
    /// Prompts without solved examples
    #[arg(long)]
    pub(crate) no_examples: bool,
    /// Write what happens to this file (.jsonl), and the pictures to a folder next to it; see argus trace
    #[arg(long, value_name = "FILE")]
    pub(crate) trace: Option<PathBuf>,
    /// Load pictures from private network addresses too
    #[arg(long)]
    pub(crate) allow_private_urls: bool,
}

/// `argus tools`
#[derive(Debug, Args)]
pub(crate) struct ToolsCommand {
    /// Show this tool in full
    pub(crate) name: Option<String>,
    /// Print JSON, with states and schemas
    #[arg(long)]
    pub(crate) json: bool,
    /// Print the page of all tools (docs/tools.md)
    #[arg(long, conflicts_with_all = ["json", "name"])]
    pub(crate) markdown: bool,
}

/// `argus models`
#[derive(Debug, Args)]
pub(crate) struct ModelsCommand {
    #[command(subcommand)]
    pub(crate) action: ModelsAction,
}

/// What to do with models.
#[derive(Debug, Subcommand)]
pub(crate) enum ModelsAction {
    /// List all with role, size, licence, state and source
    List {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Fetch models by id or role; without any, all that the default set-up needs
    Pull {
        /// Ids or roles
        names: Vec<String>,
    },
    /// Read every byte of installed models again and compare the hashes
    Verify {
        /// Ids; all installed if none
        ids: Vec<String>,
    },
    /// Delete installed models
    Remove {
        /// Ids
        #[arg(required = true)]
        ids: Vec<String>,
    },
    /// Tell what an ONNX file is: inputs, outputs, metadata, what Argus can use it for, and the lines for argus.toml; of a folder
    /// with a model of several graphs also what is missing
    Inspect {
        /// The file or folder
        file: PathBuf,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Print the folder of an installed model
    Path {
        /// Its id; the folder of all models if none
        id: Option<String>,
    },
}

/// `argus doctor`
#[derive(Debug, Args)]
pub(crate) struct DoctorCommand {
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// `argus bench`
#[derive(Debug, Args)]
pub(crate) struct BenchCommand {
    /// Pictures (default: sample:coffee)
    #[arg(value_name = "IMAGE")]
    pub(crate) images: Vec<String>,
    /// Which tools, with commas
    #[arg(long, value_delimiter = ',', default_value = "detect,read_text,segment")]
    pub(crate) tools: Vec<String>,
    /// Runs of each
    #[arg(long, default_value_t = 7)]
    pub(crate) runs: usize,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}
