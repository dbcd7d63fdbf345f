//! `argus run` and `argus workflow`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

/// `argus run`
#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
pub(crate) struct RunCommand {
    /// A shipped workflow by name (argus workflow list), or a YAML file
    pub(crate) workflow: String,
    /// An input: NAME=VALUE; pictures by path, address or sample:NAME
    #[arg(short, long = "input", value_name = "NAME=VALUE")]
    pub(crate) inputs: Vec<String>,
    /// Run it for each: NAME=PATTERN for files (image='photos/**/*.jpg'), or a .csv or .jsonl file whose columns are inputs
    #[arg(long, value_name = "WHAT")]
    pub(crate) each: Option<String>,
    /// Items at the same time (default: as many as there are cores)
    #[arg(long, value_name = "N", requires = "each")]
    pub(crate) jobs: Option<usize>,
    /// Begin no further item after more failures than this (default: no limit)
    #[arg(long, value_name = "N", requires = "each")]
    pub(crate) max_failures: Option<usize>,
    /// Give records as they are done, not in the order of the items
    #[arg(long, requires = "each")]
    pub(crate) as_done: bool,
    /// Write the report, or the record of each item, to this file: .json or .jsonl, .csv, .parquet
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    /// Directory for pictures that the outputs name (default: argus-out)
    #[arg(long, value_name = "DIR")]
    pub(crate) images: Option<PathBuf>,
    /// Name of the run: what is finished is kept in a folder of that name (default: the time)
    #[arg(long, value_name = "NAME", conflicts_with = "resume")]
    pub(crate) run: Option<String>,
    /// Go on with the run of this name: nothing that is finished is done again
    #[arg(long, value_name = "NAME")]
    pub(crate) resume: Option<String>,
    /// Directory of the folders of runs
    #[arg(long, value_name = "DIR", default_value = "argus-runs")]
    pub(crate) runs: PathBuf,
    /// Seconds at most, of all items together
    #[arg(long, value_name = "SECONDS")]
    pub(crate) deadline: Option<f64>,
    /// Say yes to every question of an approve step
    #[arg(long)]
    pub(crate) yes: bool,
    /// Print the whole report as JSON
    #[arg(long, conflicts_with = "each")]
    pub(crate) json: bool,
    /// Which LLM: local, local:ID, local:PATH, openai:MODEL, ollama:MODEL, or none
    #[arg(long, value_name = "LLM")]
    pub(crate) llm: Option<String>,
    /// Address of an OpenAI-compatible endpoint (vLLM, LM Studio, ...) or of Ollama
    #[arg(long, value_name = "URL")]
    pub(crate) base_url: Option<String>,
    /// Load pictures from private network addresses too
    #[arg(long)]
    pub(crate) allow_private_urls: bool,
    /// Write what happens to this file (.jsonl)
    #[arg(long, value_name = "FILE")]
    pub(crate) trace: Option<PathBuf>,
}

/// `argus workflow`
#[derive(Debug, Args)]
pub(crate) struct WorkflowCommand {
    #[command(subcommand)]
    pub(crate) action: WorkflowAction,
}

/// What to do with workflows.
#[derive(Debug, Subcommand)]
pub(crate) enum WorkflowAction {
    /// Tell everything that is wrong with workflows, without running them
    Check {
        /// Shipped workflows by name, or YAML files
        #[arg(required = true)]
        workflows: Vec<String>,
        /// Fail on warnings too
        #[arg(long)]
        strict: bool,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// List the shipped workflows, or show one with its inputs
    List {
        /// The workflow
        name: Option<String>,
        /// Print its YAML, to begin one of your own
        #[arg(long, requires = "name")]
        yaml: bool,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Print the JSON Schema of workflow files, for editors
    Schema,
    /// Draw a workflow
    Graph {
        /// A shipped workflow by name, or a YAML file
        workflow: String,
        /// mermaid or svg
        #[arg(long, value_enum, default_value_t = GraphFormat::Mermaid)]
        format: GraphFormat,
        /// Write it to this file instead of standard output; .svg chooses the format
        #[arg(short, long, value_name = "FILE")]
        output: Option<PathBuf>,
    },
}

/// How a graph is written.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(crate) enum GraphFormat {
    /// Text for Mermaid, as in Markdown.
    Mermaid,
    /// A picture.
    Svg,
}
