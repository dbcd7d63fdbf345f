//! What can go wrong in the store, with a remedy as data.

use std::{fmt, io, path::PathBuf, sync::Arc};

/// One source that was tried, and why it did not give the file.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Attempt {
    /// The source, or for a role the candidate.
    pub what: String,
    /// Why it failed.
    pub reason: String,
}

impl fmt::Display for Attempt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.what, self.reason)
    }
}

/// A line for each.
struct Lines<'a>(&'a [Attempt]);

impl fmt::Display for Lines<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|attempt| write!(f, "\n  - {attempt}"))
    }
}

/// A failure of the store. [`StoreError::hint`] says what the user can do about it.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The id is neither in the catalog nor among the user's models.
    #[error("there is no model `{id}`; there are: {}", known.join(", "))]
    UnknownModel {
        /// The id asked for.
        id: String,
        /// All ids.
        known: Vec<String>,
    },
    /// No entry has this role.
    #[error("no model has the role `{role}`; the roles are: {}", known.join(", "))]
    UnknownRole {
        /// The role asked for.
        role: String,
        /// All roles.
        known: Vec<String>,
    },
    /// No sample picture has this name.
    #[error("there is no sample picture `{name}`; there are: {}", known.join(", "))]
    UnknownSample {
        /// The name asked for.
        name: String,
        /// All names.
        known: Vec<String>,
    },
    /// The entry has no files for this kind of machine.
    #[error("`{id}` is not available for {platform}; it exists for: {}", available.join(", "))]
    Platform {
        /// The model.
        id: String,
        /// This machine.
        platform: String,
        /// The machines it exists for.
        available: Vec<String>,
    },
    /// The catalog or a user model's table cannot be used.
    #[error("{origin}: {message}")]
    Catalog {
        /// Which catalog or entry.
        origin: String,
        /// What is wrong with it.
        message: String,
    },
    /// A file is missing and nothing may be downloaded.
    #[error("`{id}` lacks {}, and downloads are switched off (offline)", files.join(", "))]
    Offline {
        /// The model.
        id: String,
        /// Its missing files.
        files: Vec<String>,
    },
    /// No source gave the file.
    #[error("`{id}`: no source gave {file}:{}", Lines(attempts))]
    Sources {
        /// The model.
        id: String,
        /// Its missing file.
        file: String,
        /// Every source with its reason, in the order tried.
        attempts: Vec<Attempt>,
    },
    /// No candidate of a role was available.
    #[error("no model for the role `{role}` is available:{}", Lines(attempts))]
    NoCandidate {
        /// The role.
        role: String,
        /// Every candidate with its reason, in the order tried.
        attempts: Vec<Attempt>,
    },
    /// Not enough room.
    #[error("installing `{id}` needs {needed} MB in {}, but only {free} MB are free", path.display())]
    DiskFull {
        /// The model.
        id: String,
        /// The store's home.
        path: PathBuf,
        /// Bytes needed / 10^6.
        needed: u64,
        /// Bytes free / 10^6.
        free: u64,
    },
    /// Another process is installing or removing the model.
    #[error("`{id}` is being installed by another process")]
    Busy {
        /// The model.
        id: String,
    },
    /// The store has no place to live.
    #[error("no cache directory can be determined for this user")]
    NoHome,
    /// A file operation failed; the source says which file.
    #[error("{action}")]
    Io {
        /// What was being done.
        action: String,
        /// The system's answer, which names the path.
        #[source]
        source: Arc<io::Error>,
    },
    /// A worker of the store ended without a result.
    #[error("a worker of the store stopped: {message}")]
    Worker {
        /// The reason.
        message: String,
    },
}

impl StoreError {
    pub(crate) fn io(action: impl Into<String>, source: io::Error) -> Self {
        Self::Io { action: action.into(), source: Arc::new(source) }
    }

    /// What the user can do about it.
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::UnknownModel { .. } => "`argus models list` shows every model".into(),
            Self::UnknownRole { .. } | Self::UnknownSample { .. } | Self::Worker { .. } => return None,
            Self::Platform { .. } => {
                "give a file of your own: a [models.NAME] table in argus.toml, or ORT_DYLIB_PATH for ONNX Runtime and \
                 `llama-server` on PATH for the LLM server"
                    .into()
            }
            Self::Catalog { .. } => "correct the entry; `argus models list` shows what is well formed".into(),
            Self::Offline { id, .. } => {
                format!(
                    "with a network, run `argus models pull {id}` once, or copy ARGUS_HOME from a machine that has it"
                )
            }
            Self::Sources { id, attempts, .. } => sources_hint(id, attempts),
            Self::NoCandidate { attempts, .. } => sources_hint("ID", attempts),
            Self::DiskFull { .. } => {
                "free some room, `argus models remove ID` what is not needed, or set ARGUS_HOME to a larger disk".into()
            }
            Self::Busy { .. } => "wait until it is done, or end that process".into(),
            Self::NoHome => "set ARGUS_HOME to a directory".into(),
            Self::Io { source, .. } => match source.kind() {
                io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                    "the disk is full: free some room or set ARGUS_HOME to a larger disk".into()
                }
                io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
                    "set ARGUS_HOME to a directory that you may write".into()
                }
                _ => return None,
            },
        };
        Some(hint)
    }
}

fn sources_hint(id: &str, attempts: &[Attempt]) -> String {
    let all = attempts.iter().map(|attempt| attempt.reason.as_str()).collect::<Vec<_>>().join("\n");
    if all.contains("is not on PATH") {
        "install the client named above (pip comes with Python, npm with Node.js, cargo with Rust) and run again".into()
    } else if all.to_lowercase().contains("no space left") {
        "the disk is full: free some room or set ARGUS_HOME to a larger disk".into()
    } else if all.contains("(offline)") {
        "downloads are switched off; run once without --offline".into()
    } else if all.contains("sha256") {
        "a source gave other bytes than the catalog pins: a proxy may have replaced them; nothing was kept".into()
    } else {
        format!(
            "check the network and the clients' configured index (HF_ENDPOINT for the hub); `argus models pull {id}` \
             goes on where it stopped"
        )
    }
}
