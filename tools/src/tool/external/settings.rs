//! The `[tools.NAME]` tables of `argus.toml`, as they are written.
//!
//! ```toml
//! [tools.weather]
//! summary = "tell the weather of a place"
//! command = ["python3", "weather.py", "--", "{city}"]   # or url = "http://localhost:8000/weather"
//!
//! [tools.weather.arguments]
//! city = "where, as City, Country"
//! days = { type = "integer", description = "days from today", optional = true }
//! ```

use std::{path::PathBuf, time::Duration};

use indexmap::IndexMap;
use serde::Deserialize;

/// A program or an HTTP service that is a tool.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct UserTool {
    /// One line that says when to use it; a model reads it.
    pub summary: String,
    /// The program and its arguments. `{name}` as a whole argument stands for the value of the tool's argument `name`; a list
    /// becomes several arguments, one that is left out none. No shell is involved. All arguments also come as one JSON
    /// object on standard input.
    #[serde(default)]
    pub command: Vec<String>,
    /// An http(s) address instead of a command: the arguments are posted to it as one JSON object.
    #[serde(default)]
    pub url: Option<String>,
    /// What it takes: name by name, or a JSON Schema as `schema` or `schema_file`.
    #[serde(default)]
    pub arguments: toml::Table,
    /// Seconds that a call may take; 30 if absent.
    #[serde(default)]
    pub timeout: Option<f64>,
    /// Bytes that a call may give; 64 KiB of text or 20 MB of a picture if absent.
    #[serde(default)]
    pub max_output: Option<u64>,
    /// What a call gives.
    #[serde(default)]
    pub output: OutputKind,
    /// Variables that the command gets besides `PATH`, `HOME`, `LANG` and a `TMPDIR` of its own; nothing else is inherited.
    #[serde(default)]
    pub env: IndexMap<String, String>,
    /// The directory that the command runs in and that relative paths start from; the one of `argus.toml` if absent.
    #[serde(default)]
    pub folder: Option<PathBuf>,
}

/// What a call of a [`UserTool`] gives.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "snake_case")]
pub enum OutputKind {
    /// Text in UTF-8; a JSON object or list is recognized.
    #[default]
    Text,
    /// One JSON value.
    Json,
    /// A picture: its bytes, or (of a command) the path of its file.
    Image,
}

const TIMEOUT: f64 = 30.0;
const MAX_TEXT: u64 = 64 * 1024;
const MAX_PICTURE: u64 = 20_000_000;

impl UserTool {
    /// How long a call may take; the error says what would be right.
    pub(super) fn time(&self) -> Result<Duration, String> {
        let seconds = self.timeout.unwrap_or(TIMEOUT);
        Duration::try_from_secs_f64(seconds)
            .ok()
            .filter(|time| !time.is_zero())
            .ok_or_else(|| format!("has the timeout {seconds}: give seconds above 0"))
    }

    /// How many bytes a call may give.
    pub(super) fn bytes(&self) -> Result<u64, String> {
        let usual = if self.output == OutputKind::Image { MAX_PICTURE } else { MAX_TEXT };
        match self.max_output {
            Some(0) => Err("has the max_output 0: give bytes above 0".into()),
            given => Ok(given.unwrap_or(usual)),
        }
    }
}

/// A `[tools.NAME]` table that makes no tool. It reads `[tools.NAME] has neither command nor url: ...`.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("[tools.{name}] {what}")]
pub struct SettingsError {
    /// The tool's name.
    pub name: String,
    /// What was wrong and what would be right.
    pub what: String,
}
