//! Models and runtimes on disk: catalog, content-addressed cache, sources.

mod facts;

pub use facts::{Channels, ModelFacts, Resize};
