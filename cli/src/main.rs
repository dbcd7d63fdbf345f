//! `argus`: lets a text-only LLM see. The program around the `argus-agent` and `argus-tools` crates.

mod arguments;
mod asking;
mod commands;
mod config;
mod llm;
mod outcome;
mod printer;
mod progress;
mod records;
mod setup;

use std::process::ExitCode;

use clap::Parser;

use crate::{
    arguments::{Cli, Command},
    printer::Printer,
};

fn main() -> ExitCode {
    let cli = Cli::parse();
    let printer = Printer::new(cli.global.quiet, cli.global.verbose);
    start_logging(cli.global.verbose);
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            printer.error(&anyhow::Error::new(error).context("the async runtime could not be started"));
            return ExitCode::from(1);
        }
    };
    let code = runtime.block_on(run(cli, &printer));
    // Blocking threads may sit in a model run or a download; the process does not wait for them.
    runtime.shutdown_background();
    code
}

async fn run(cli: Cli, printer: &Printer) -> ExitCode {
    let result = match cli.command {
        Command::Ask(command) => commands::ask::run(command, &cli.global, printer).await,
        Command::Chat(command) => commands::chat::run(command, &cli.global, printer).await,
        Command::Run(command) => commands::run::run(command, &cli.global, printer).await,
        Command::Workflow(command) => commands::workflow::run(command, &cli.global, printer),
        Command::Tool(command) => commands::tool::run(command, &cli.global, printer).await,
        Command::Tools(command) => commands::tools::run(&command, &cli.global, printer),
        Command::Models(command) => commands::models::run(command, &cli.global, printer).await,
        Command::Doctor(command) => commands::doctor::run(&command, &cli.global, printer).await,
        Command::Bench(command) => commands::bench::run(command, &cli.global, printer).await,
        Command::Trace(command) => commands::trace::run(command, &cli.global, printer).await,
        Command::Eval(command) => commands::eval::run(command, &cli.global, printer).await,
    };
    result.unwrap_or_else(|error| {
        printer.error(&error);
        ExitCode::from(printer::exit_code(&error))
    })
}

/// `ARGUS_LOG` takes tracing's filter syntax; `--verbose` shows Argus' own debug lines.
fn start_logging(verbose: bool) {
    use tracing_subscriber::EnvFilter;
    let usual = if verbose { "warn,argus=debug,argus_agent=debug,argus_tools=debug" } else { "error" };
    let filter = EnvFilter::try_from_env("ARGUS_LOG").unwrap_or_else(|_| EnvFilter::new(usual));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_target(false).init();
}
