//! What can go wrong with a trace.

use std::path::PathBuf;

/// A trace that cannot be written, read, shown or replayed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TraceError {
    /// The file cannot be opened, read or written.
    #[error("the trace {} cannot be {doing}", file.display())]
    Io {
        /// The trace.
        file: PathBuf,
        /// What was tried: `read`, `written`.
        doing: &'static str,
        /// Why.
        source: std::io::Error,
    },
    /// The file holds something else.
    #[error("{} is no trace: line {line} is {found}; a trace has one JSON object a line, each with at_ms and event", file.display())]
    NotATrace {
        /// The file.
        file: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What stands there instead.
        found: String,
    },
    /// A later Argus wrote it.
    #[error("{}, line {line}: the trace has version {version}, this program reads up to {known}; use a newer argus", file.display())]
    Newer {
        /// The trace.
        file: PathBuf,
        /// The line, from 1.
        line: usize,
        /// Its version.
        version: u64,
        /// The highest version that can be read.
        known: u32,
    },
    /// Parts of the trace could not be written; the rest is there.
    #[error("the trace {} is not complete: {}", file.display(), what.join("; "))]
    Incomplete {
        /// The trace.
        file: PathBuf,
        /// What is missing, and why.
        what: Vec<String>,
    },
    /// There is no such run or step in it.
    #[error("{} {message}", file.display())]
    Missing {
        /// The trace.
        file: PathBuf,
        /// What is not there, and what is.
        message: String,
    },
    /// The page's template is wrong.
    #[error("the page of the trace cannot be made")]
    Page(#[from] Box<handlebars::RenderError>),
    /// The page's template is no template.
    #[error("the page's template is not valid")]
    Template(#[from] Box<handlebars::TemplateError>),
}
