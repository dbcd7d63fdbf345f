//! The command line.

use std::path::PathBuf;

use argus_tools::{
    tool::{Argument, ToolSpec, Toolbox},
    vision,
};
use clap::{Arg, ArgAction, ArgMatches, Args, FromArgMatches, Parser, Subcommand, ValueEnum};

use crate::{config, setup::toolbox};

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
pub(crate) struct Global {
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
    /// Score an LLM with the tools and prompts on task cases
    Eval(EvalCommand),
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

/// How the agent works: flags of all commands that ask an LLM.
#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
pub(crate) struct AgentFlags {
    /// Which LLM: local, local:ID, openai:MODEL, ollama:MODEL, or none (rules choose the tools)
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
    /// Only these tools, by name, with commas (default: all whose models can be had)
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
    /// Do not split tasks into a checklist of parts
    #[arg(long)]
    pub(crate) no_parts: bool,
    /// Do not tell the LLM what the rules know and which call fits
    #[arg(long)]
    pub(crate) no_advice: bool,
    /// Write what happens to this file (.jsonl), and the pictures to a folder beside it; see argus trace
    #[arg(long, value_name = "FILE")]
    pub(crate) trace: Option<PathBuf>,
    /// Load pictures from private network addresses too
    #[arg(long)]
    pub(crate) allow_private_urls: bool,
}

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
    #[arg(long)]
    pub(crate) json: bool,
    /// Which LLM: local, local:ID, openai:MODEL, ollama:MODEL, or none
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
    /// Where observations come from: what was recorded, or the tools run anew on the saved pictures
    #[arg(long, value_enum, default_value_t = ReplaySource::Recorded)]
    pub(crate) tools: ReplaySource,
    /// Where replies come from: what was recorded, or the LLM of the settings
    #[arg(long, value_enum, default_value_t = ReplaySource::Recorded)]
    pub(crate) model: ReplaySource,
    /// Fail if a prompt differs from the recorded one
    #[arg(long)]
    pub(crate) strict: bool,
    /// Which LLM a live model is: local, local:ID or openai:MODEL
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

/// `argus tool NAME ...`: one subcommand a tool, its flags made from the tool's schema.
#[derive(Clone, Debug)]
pub(crate) struct ToolCommand {
    /// The tool.
    pub(crate) name: String,
    /// What was given for it.
    pub(crate) matches: ArgMatches,
}

impl FromArgMatches for ToolCommand {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let (name, matches) = matches
            .subcommand()
            .ok_or_else(|| clap::Error::raw(clap::error::ErrorKind::MissingSubcommand, "name a tool\n"))?;
        Ok(Self { name: name.to_owned(), matches: matches.clone() })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

impl Args for ToolCommand {
    fn augment_args(command: clap::Command) -> clap::Command {
        let tools = tools_of_settings();
        // With wrong settings any name may be a tool of theirs: running it says what is wrong with them.
        let open = tools.is_err();
        let tools = tools.unwrap_or_else(|_| vision::toolbox());
        command
            .allow_external_subcommands(open)
            .subcommand_required(true)
            .arg_required_else_help(true)
            .subcommand_value_name("NAME")
            .subcommand_help_heading("Tools")
            .subcommands(tool_commands(&tools))
    }

    fn augment_args_for_update(command: clap::Command) -> clap::Command {
        Self::augment_args(command)
    }
}

/// The tools, those of the settings included, before the command line is parsed. Settings are read only if a tool may be run.
pub(crate) fn tools_of_settings() -> anyhow::Result<Toolbox> {
    let given: Vec<String> = std::env::args_os().skip(1).map(|arg| arg.to_string_lossy().into_owned()).collect();
    if !given.iter().any(|arg| arg == "tool") {
        return Ok(vision::toolbox());
    }
    let config = given.iter().enumerate().find_map(|(at, arg)| match arg.strip_prefix("--config")? {
        "" => given.get(at + 1).map(PathBuf::from),
        rest => rest.strip_prefix('=').map(PathBuf::from),
    });
    let loaded = config::load(&Global { config, ..Global::default() }, &[])?;
    Ok(toolbox(&loaded.config)?)
}

/// The flag of a tool's argument, without the dashes. One that the program itself has is told apart by `arg-`.
pub(crate) fn flag_name(argument: &str) -> String {
    const OWN: [&str; 11] =
        ["json", "draw", "out", "device", "memory", "offline", "config", "quiet", "verbose", "help", "version"];
    let name = argument.replace('_', "-");
    if OWN.contains(&argument) { format!("arg-{name}") } else { name }
}

fn tool_commands(tools: &Toolbox) -> Vec<clap::Command> {
    tools.specs().map(tool_command).collect()
}

fn tool_command(spec: &ToolSpec) -> clap::Command {
    let mut command = clap::Command::new(spec.name.to_string()).about(spec.summary.to_string());
    let arguments = spec.arguments();
    if arguments.iter().any(|argument| argument.name == "image") {
        let help = "Picture or clip: path, http(s) address, sample:NAME, or - for standard input";
        command = command.arg(Arg::new("IMAGE").help(help).required(true));
    }
    command = command
        .arg(Arg::new("json").long("json").action(ArgAction::SetTrue).help("Print JSON"))
        .arg(Arg::new("draw").long("draw").value_name("FILE").help("Write a picture with the result drawn on it"))
        .arg(Arg::new("out").long("out").value_name("DIR").help("Directory for pictures that the tool makes"));
    for argument in arguments.iter().filter(|argument| argument.name != "image") {
        command = command.arg(tool_flag(argument));
    }
    command
}

fn tool_flag(argument: &Argument) -> Arg {
    let mut help = argument.description.clone();
    if !argument.kind.is_empty() && argument.kind != "any" {
        help = format!("{help} ({})", argument.kind);
    }
    Arg::new(flag_name(&argument.name))
        .long(flag_name(&argument.name))
        .value_name(argument.name.to_uppercase())
        .required(argument.required)
        .allow_hyphen_values(true)
        .help(help)
}
