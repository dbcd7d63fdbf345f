//! `argus`: lets a text-only LLM see. The program around the `argus-agent` and `argus-tools` crates, as a library: the program
//! itself ([`main`]), and for programs of this workspace what its commands set up: settings, store, tools, LLM, printing.

mod arguments;
mod asking;
mod commands;
mod config;
mod human_bytes;
mod llm;
mod outcome;
mod printer;
mod progress;
mod records;
mod setup;

use std::process::ExitCode;

use argus_tools::vision;
use clap::{CommandFactory, FromArgMatches};

pub use crate::{
    arguments::Global,
    asking::{limits, obtainable, prompting},
    config::Config,
    llm::chat_model,
    printer::{Cancelled, Printer, UsageError},
    setup::Setup,
};
use crate::{
    arguments::{Cli, Command, with_tools},
    setup::tools_of_settings,
};

/// The program `argus`: does what its command line says.
pub fn main() -> ExitCode {
    let tools = tools_of_settings();
    // With wrong settings any name may be a tool of theirs: running it says what is wrong with them.
    let open = tools.is_err();
    let mut parser = with_tools(Cli::command(), &tools.unwrap_or_else(|_| vision::toolbox()), open);
    let parsed = Cli::from_arg_matches(&parser.get_matches_mut());
    let Cli { global, command } = parsed.unwrap_or_else(|error| error.format(&mut parser).exit());
    start(&global, async |printer| run(command, &global, printer).await)
}

/// Runs the work of a program with logging and an async runtime. An error is printed and becomes its exit code.
pub fn start(global: &Global, work: impl AsyncFnOnce(&Printer) -> anyhow::Result<ExitCode>) -> ExitCode {
    let printer = Printer::new(global.quiet, global.verbose);
    start_logging(global.verbose);
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            printer.error(&anyhow::Error::new(error).context("the async runtime could not be started"));
            return ExitCode::from(1);
        }
    };
    let code = runtime.block_on(work(&printer)).unwrap_or_else(|error| {
        printer.error(&error);
        ExitCode::from(printer::exit_code(&error))
    });
    // Blocking threads may sit in a model run or a download; the process does not wait for them.
    runtime.shutdown_background();
    code
}

async fn run(command: Command, global: &Global, printer: &Printer) -> anyhow::Result<ExitCode> {
    match command {
        Command::Ask(command) => commands::ask::run(command, global, printer).await,
        Command::Chat(command) => commands::chat::run(command, global, printer).await,
        Command::Look(command) => commands::look::run(command, global, printer).await,
        Command::Query(command) => commands::query::run(command, global, printer).await,
        Command::Run(command) => commands::run::run(command, global, printer).await,
        Command::Workflow(command) => commands::workflow::run(command, global, printer),
        Command::Tool(command) => commands::tool::run(command, global, printer).await,
        Command::Tools(command) => commands::tools::run(&command, global, printer),
        Command::Models(command) => commands::models::run(command, global, printer).await,
        Command::Doctor(command) => commands::doctor::run(&command, global, printer).await,
        Command::Bench(command) => commands::bench::run(command, global, printer).await,
        Command::Trace(command) => commands::trace::run(command, global, printer).await,
    }
}

/// `ARGUS_LOG` takes tracing's filter syntax; `--verbose` shows Argus' own debug lines.
fn start_logging(verbose: bool) {
    use tracing_subscriber::EnvFilter;
    let usual = if verbose {
        "warn,argus=debug,argus_agent=debug,argus_prompts=debug,argus_tools=debug,argus_workflows=debug"
    } else {
        "error"
    };
    let filter = EnvFilter::try_from_env("ARGUS_LOG").unwrap_or_else(|_| EnvFilter::new(usual));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_target(false).init();
}
