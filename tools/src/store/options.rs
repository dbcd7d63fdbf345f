//! How a store is opened, and the machine's clients that it uses.

use std::{env, ffi::OsString, fmt, path::PathBuf, sync::Arc};

use etcetera::BaseStrategy;
use indexmap::IndexMap;

use super::{
    error::StoreError,
    progress::{Progress, SilentProgress},
    user::UserModel,
};

/// Where the hub is if nothing else is said.
pub(crate) const HUB: &str = "https://huggingface.co";

/// How a store is opened.
#[derive(Clone)]
pub struct StoreOptions {
    /// The store's directory; made when first needed.
    pub home: PathBuf,
    /// Whether no source may be asked.
    pub offline: bool,
    /// Whether the hub alone may not be asked.
    pub hub_offline: bool,
    /// The hub's address if it is not the usual one.
    pub hf_endpoint: Option<String>,
    /// Models of the user's own by name, best first.
    pub user_models: IndexMap<String, UserModel>,
    /// Who shows the progress.
    pub progress: Arc<dyn Progress>,
}

impl StoreOptions {
    /// A store in a directory, silent, with nothing else set.
    pub fn new(home: impl Into<PathBuf>) -> Self {
        Self {
            home: home.into(),
            offline: false,
            hub_offline: false,
            hf_endpoint: None,
            user_models: IndexMap::new(),
            progress: Arc::new(SilentProgress),
        }
    }

    /// `ARGUS_HOME` or `argus` in the user's cache directory, `HF_ENDPOINT`, `HF_HUB_OFFLINE`.
    pub fn from_env() -> Result<Self, StoreError> {
        let set = |name: &str| env::var_os(name).filter(|value| !value.is_empty());
        let home = match set("ARGUS_HOME") {
            Some(home) => PathBuf::from(home),
            None => etcetera::choose_base_strategy().map_err(|_| StoreError::NoHome)?.cache_dir().join("argus"),
        };
        // A relative home would move with the working directory of each child process.
        let home = std::path::absolute(&home).map_err(|error| StoreError::io("finding the store's home", error))?;
        let on = |value: &OsString| {
            let value = value.to_string_lossy().to_ascii_lowercase();
            matches!(value.as_str(), "1" | "true" | "yes" | "on")
        };
        Ok(Self {
            hub_offline: set("HF_HUB_OFFLINE").as_ref().is_some_and(on),
            hf_endpoint: set("HF_ENDPOINT").map(|value| value.to_string_lossy().into_owned()),
            ..Self::new(home)
        })
    }
}

impl fmt::Debug for StoreOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoreOptions")
            .field("home", &self.home)
            .field("offline", &self.offline)
            .field("hub_offline", &self.hub_offline)
            .field("hf_endpoint", &self.hf_endpoint)
            .field("user_models", &self.user_models)
            .finish_non_exhaustive()
    }
}

/// The package clients to run: for each the command lines to try, first to last.
#[derive(Clone, Debug)]
pub(crate) struct Clients {
    pub(crate) pip: Vec<Vec<OsString>>,
    pub(crate) npm: Vec<Vec<OsString>>,
    pub(crate) cargo: Vec<Vec<OsString>>,
    /// Where cargo keeps what it fetched.
    pub(crate) cargo_home: Option<PathBuf>,
}

impl Default for Clients {
    fn default() -> Self {
        let lines = |lines: &[&[&str]]| lines.iter().map(|line| line.iter().map(OsString::from).collect()).collect();
        let cargo_home = env::var_os("CARGO_HOME")
            .filter(|value| !value.is_empty())
            .map(PathBuf::from)
            .or_else(|| etcetera::home_dir().ok().map(|home| home.join(".cargo")));
        Self {
            pip: lines(&[
                &["pip"],
                &["pip3"],
                &["python3", "-m", "pip"],
                &["python", "-m", "pip"],
                &["py", "-m", "pip"],
            ]),
            npm: lines(if cfg!(windows) { &[&["npm.cmd"]] } else { &[&["npm"]] }),
            cargo: lines(&[&["cargo"]]),
            cargo_home,
        }
    }
}
