//! Traces: what happened in a run, on disk.
//!
//! A trace is a file of JSON lines, one an event, with the pictures of the session in a folder next to it
//! (`run.jsonl`, `run.files/img-1.png`). [`TraceWriter`] is a sink of run events that writes one, [`Trace`] reads it back,
//! [`TraceView`] is its content in the order in which a person reads it, [`page`] makes one HTML page of it, and
//! [`replay`] runs the task again with what was recorded.

mod build;
mod error;
mod line;
mod overlay;
mod page;
mod picture;
mod prompts;
mod reader;
pub mod replay;
mod view;
mod workflows;
mod writer;

#[cfg(test)]
mod samples;
#[cfg(test)]
mod tests;

pub use error::TraceError;
pub use line::{TRACE_VERSION, TraceHeader, TraceLine};
pub use page::page;
pub use prompts::{Prompt, prompts};
pub use reader::Trace;
pub use view::{CallView, ImageView, RunView, StepView, TraceView, TurnView};
pub use workflows::{FlowStepView, WorkflowView};
pub use writer::{TraceWriter, trace_path};
