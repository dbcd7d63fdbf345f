//! What is wrong with a workflow, with its place and a remedy.

use std::{fmt, ops::Range};

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};
use serde::Serialize;

/// A place in a file.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize)]
pub struct Place {
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
    /// The bytes.
    #[serde(skip)]
    pub bytes: Range<usize>,
}

/// How bad a problem is.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The workflow cannot run.
    #[default]
    Error,
    /// It can, but something in it has no effect.
    Warning,
}

/// Something wrong with a workflow.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Problem {
    /// How bad it is.
    pub severity: Severity,
    /// What it is about: `steps.found.with.image`; empty for the whole.
    pub path: String,
    /// Where that stands; none in a workflow that was built, not read.
    #[serde(flatten)]
    pub place: Option<Place>,
    /// What is wrong.
    pub message: String,
    /// What would be right.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

impl Problem {
    pub(crate) fn new(path: impl Into<String>, message: impl Into<String>) -> Self {
        Self { path: path.into(), message: message.into(), ..Self::default() }
    }

    pub(crate) fn warning(path: impl Into<String>, message: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::new(path, message) }
    }

    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Whether the workflow cannot run because of it.
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(place) = &self.place {
            write!(f, "line {}, column {}: ", place.line, place.column)?;
        }
        if !self.path.is_empty() {
            write!(f, "{}: ", self.path)?;
        }
        f.write_str(&self.message)
    }
}

/// A workflow that cannot be read or run, with all that is wrong with it.
#[derive(Clone, Debug, thiserror::Error)]
pub struct WorkflowError {
    /// The file or the name of the workflow.
    pub source_name: String,
    /// Its text; empty where there is none.
    pub text: String,
    /// Errors and warnings in the order of the file.
    pub problems: Vec<Problem>,
}

impl fmt::Display for WorkflowError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let errors: Vec<&Problem> = self.problems.iter().filter(|problem| problem.is_error()).collect();
        match errors.as_slice() {
            [one] => write!(f, "{}: {one}", self.source_name),
            many => {
                write!(f, "{} has {} errors", self.source_name, many.len())?;
                many.iter().try_for_each(|problem| write!(f, "\n  {problem}"))
            }
        }
    }
}

impl WorkflowError {
    pub(crate) fn one(source_name: impl Into<String>, text: &str, problem: Problem) -> Self {
        Self { source_name: source_name.into(), text: text.to_owned(), problems: vec![problem] }
    }
}

/// The problems as a person reads them in a terminal, each with its lines of the file.
pub fn render(problems: &[Problem], name: &str, text: &str, color: bool) -> String {
    let renderer = if color { Renderer::styled() } else { Renderer::plain() };
    let shown = problems.iter().map(|problem| {
        let level = if problem.is_error() { Level::ERROR } else { Level::WARNING };
        let about = if problem.path.is_empty() { String::new() } else { format!("{}: ", problem.path) };
        let title = level.primary_title(format!("{about}{}", problem.message));
        let mut group = match &problem.place {
            Some(place) if place.bytes.end <= text.len() && text.is_char_boundary(place.bytes.start) => {
                let mark = AnnotationKind::Primary.span(place.bytes.clone());
                title.element(Snippet::source(text).line_start(1).path(name.to_owned()).annotation(mark))
            }
            _ => Group::with_title(title),
        };
        if let Some(hint) = &problem.hint {
            group = group.element(Level::HELP.message(hint.clone()));
        }
        renderer.render(&[group])
    });
    shown.collect::<Vec<_>>().join("\n\n")
}
