//! The check: a definition becomes a plan, or a list of everything that is wrong with it. Nothing runs.

pub(crate) mod bodies;
pub(crate) mod compile;
pub(crate) mod kinds;
pub(crate) mod names;
pub(crate) mod order;
pub(crate) mod plan;
pub(crate) mod policy;
pub(crate) mod types;
pub(crate) mod workflow;
