//! What is kept of a run: the seam to whatever makes steps durable, the journal, the cache of results, files.

pub(crate) mod approval;
pub(crate) mod blobs;
pub(crate) mod cache;
pub(crate) mod failure;
pub(crate) mod finished;
pub(crate) mod journal;
pub(crate) mod runner;
