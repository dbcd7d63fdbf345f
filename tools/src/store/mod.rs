//! Models and runtimes on disk: catalog, content-addressed cache, sources.
//!
//! [`Store`] is the way in. What can be installed stands in `models.toml` ([`Catalog`]) and in the user's configuration
//! ([`UserModel`]). A file is trusted by its sha256 alone, whichever source it came from:
//!
//! ```text
//! HOME/blobs/sha256/ab/ab12...      the bytes, named by their hash, shared by all models
//! HOME/models/ID/PATH               hard links to blobs (copies where links are impossible)
//! HOME/models/ID/manifest.json      written last: without it the model is not installed
//! HOME/partial/ID-....part          downloads that can be resumed
//! HOME/tmp/ID-...                   archives while they are unpacked
//! HOME/locks/ID.lock                held during installation, so that two processes download once
//! ```
//!
//! Hard links rather than symbolic ones, because shared libraries look for their siblings beside their *real* path.

mod archive;
mod cache;
mod catalog;
mod disk;
mod error;
mod facts;
mod fetch;
pub mod http;
mod hub;
mod install;
mod layout;
mod lock;
mod manifest;
mod options;
mod platform;
mod progress;
mod reach;
mod ready;
mod source;
mod state;
#[cfg(test)]
mod tests;
mod user;

pub use cache::{Store, folder_files};
pub use catalog::{Catalog, CatalogEntry, CatalogFile};
pub use error::{Attempt, StoreError};
pub use facts::{Channels, ModelFacts, Resize};
pub use options::StoreOptions;
pub use platform::current_platform;
pub use progress::{Progress, ProgressItem, SilentProgress, TerminalProgress};
pub use ready::{Readiness, ReadinessOptions};
pub use source::{Part, Source};
pub use state::{FileReport, FileState, Installed, ModelState, VerifyReport};
pub use user::UserModel;
