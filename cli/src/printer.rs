//! The one place that decides what goes to which stream, and in which color. stdout is data, stderr is everything else.

use std::io::{IsTerminal, Write};

use argus_tools::{store::StoreError, tool::ToolError};
use owo_colors::OwoColorize;

/// A wrong call of the program, in the user's terms. It ends with exit code 2.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct UsageError {
    /// What was wrong.
    pub message: String,
    /// What would be right.
    pub hint: Option<String>,
}

impl UsageError {
    /// An error with a remedy.
    pub fn new(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { message: message.into(), hint: Some(hint.into()) }
    }
}

/// Ctrl-C was pressed.
#[derive(Debug, thiserror::Error)]
#[error("cancelled")]
pub struct Cancelled;

/// The exit code of an error: 2 for a wrong call, 130 for Ctrl-C, 1 for the rest.
pub(crate) fn exit_code(error: &anyhow::Error) -> u8 {
    if error.is::<UsageError>() {
        2
    } else if error.is::<Cancelled>() {
        130
    } else {
        1
    }
}

/// Writes results, progress and errors.
#[derive(Clone, Debug)]
pub struct Printer {
    quiet: bool,
    verbose: bool,
}

impl Printer {
    /// A printer for this process' streams. `NO_COLOR` and pipes are honoured by the streams themselves.
    pub(crate) fn new(quiet: bool, verbose: bool) -> Self {
        Self { quiet, verbose }
    }

    /// Whether progress is hidden.
    pub(crate) fn is_quiet(&self) -> bool {
        self.quiet
    }

    /// Whether details are shown.
    pub(crate) fn is_verbose(&self) -> bool {
        self.verbose
    }

    /// Whether a person watches stderr.
    pub(crate) fn is_interactive(&self) -> bool {
        !self.quiet && std::io::stderr().is_terminal()
    }

    /// A line of data, to stdout. A closed pipe is no error: the reader has what it wanted.
    pub fn data(&self, text: &str) {
        let _ = writeln!(anstream::stdout(), "{text}");
    }

    /// JSON, to stdout, indented.
    pub fn json(&self, value: &serde_json::Value) {
        self.data(&format!("{value:#}"));
    }

    /// A line about what is going on, to stderr, unless quiet.
    pub fn note(&self, text: &str) {
        if !self.quiet {
            let _ = writeln!(anstream::stderr(), "{text}");
        }
    }

    /// What a person asked for beside the answers, to stderr, also when quiet.
    #[expect(clippy::unused_self, reason = "all output goes through the printer")]
    pub(crate) fn say(&self, text: &str) {
        let _ = writeln!(anstream::stderr(), "{text}");
    }

    /// A question to a person, to stderr; the answer comes on the same line.
    #[expect(clippy::unused_self, reason = "all output goes through the printer")]
    pub(crate) fn question(&self, text: &str) {
        let mut stderr = anstream::stderr();
        let _ = write!(stderr, "{text} ").and_then(|()| stderr.flush());
    }

    /// Where lines of data go, for whoever writes many.
    #[expect(clippy::unused_self, reason = "all output goes through the printer")]
    pub(crate) fn lines(&self) -> Box<dyn Write> {
        Box::new(std::io::stdout())
    }

    /// A warning, to stderr, also when quiet.
    #[expect(clippy::unused_self, reason = "all output goes through the printer")]
    pub(crate) fn warn(&self, text: &str) {
        let _ = writeln!(anstream::stderr(), "{} {text}", "warning:".yellow().bold());
    }

    /// An error with its causes and its remedy, to stderr.
    pub(crate) fn error(&self, error: &anyhow::Error) {
        let mut stderr = anstream::stderr();
        let _ = writeln!(stderr, "{} {error}", "error:".red().bold());
        for cause in error.chain().skip(1) {
            let _ = writeln!(stderr, "  {} {cause}", "because:".dimmed());
        }
        if let Some(hint) = hint(error) {
            let _ = writeln!(stderr, "{} {hint}", "hint:".cyan().bold());
        }
        if self.verbose {
            let _ = writeln!(stderr, "{error:?}");
        }
    }
}

/// Hints are data of the typed errors; the first in the chain is shown.
fn hint(error: &anyhow::Error) -> Option<String> {
    error.chain().find_map(|cause| {
        if let Some(error) = cause.downcast_ref::<UsageError>() {
            error.hint.clone()
        } else if let Some(error) = cause.downcast_ref::<ToolError>() {
            error.hint.clone()
        } else if let Some(error) = cause.downcast_ref::<StoreError>() {
            error.hint()
        } else if let Some(error) = cause.downcast_ref::<argus_agent::chat::ChatError>() {
            error.hint.clone()
        } else if let Some(error) = cause.downcast_ref::<argus_agent::memory::SessionError>() {
            error.hint().map(str::to_owned)
        } else if let Some(error) = cause.downcast_ref::<argus_tools::onnx::OnnxFileError>() {
            error.hint().map(str::to_owned)
        } else if let Some(error) = cause.downcast_ref::<argus_tools::image::ImageError>() {
            error.hint.clone()
        } else {
            None
        }
    })
}
