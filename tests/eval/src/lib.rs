//! Measures an LLM with the tools and prompts of Argus: cases with expectations, a runner, scores and a report.
//!
//! [`load_cases`] reads cases; [`vqa`], [`replay`] and [`functions`] make them of data sets; [`Runner`] works through them
//! with agents from an [`AgentFactory`]; [`Report`] is what comes of it. A case that fails, or whose run panics, never
//! ends the batch.

#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
pub struct Readme;

mod baseline;
mod case;
mod dates;
pub mod functions;
mod matching;
pub mod replay;
mod report;
mod result;
mod runner;
mod score;
mod sense;
mod shared;
mod stand_in;
mod table;
mod text;
pub mod vqa;

pub use baseline::{Comparison, compare};
pub use case::{Case, CaseError, CaseImage, Expect, Made, MadeSpec, MakeToolbox, NumberSpec, load_cases, parse_cases};
pub use report::{Report, Summary};
pub use result::{CaseResult, ToolScore};
pub use runner::{AgentFactory, Runner, Session};
pub use score::{Score, Scoring};
pub use shared::Shared;
pub use stand_in::{Answered, StandIn};

#[cfg(test)]
mod tests;
