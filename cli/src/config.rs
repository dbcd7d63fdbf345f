//! Settings: argus.toml in the user's configuration directory, then in the working directory, then ARGUS_* variables,
//! then flags; the later wins. Where each value came from is kept for `argus doctor`.

use std::path::{Path, PathBuf};

use anyhow::Context;
use argus_agent::chat::{Price, local::RunningModels};
use argus_tools::{onnx::Device, store::UserModel, tool::external::UserTool};
use indexmap::IndexMap;
use serde::Deserialize;

use crate::{arguments::Global, printer::UsageError};

/// All settings, every one optional.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Where models run.
    pub(crate) device: Option<Device>,
    /// Memory budget of the sessions, such as `4GiB`.
    pub(crate) memory: Option<String>,
    /// Fetch nothing.
    pub(crate) offline: Option<bool>,
    /// `local`, `local:ID`, `local:PATH`, `openai:MODEL` or `ollama:MODEL`.
    pub(crate) llm: Option<String>,
    /// Address of an OpenAI-compatible endpoint.
    pub(crate) base_url: Option<String>,
    /// The model that is asked about pictures, named in the same way: `ask_image` sends them to it.
    pub(crate) vision_llm: Option<String>,
    /// Address of its endpoint.
    pub(crate) vision_base_url: Option<String>,
    /// Steps of the loop at most.
    pub(crate) max_steps: Option<u32>,
    /// Seconds of a run at most.
    pub(crate) deadline: Option<f64>,
    /// Tokens of a run at most.
    pub(crate) max_tokens: Option<u64>,
    /// Money that a run may cost at most.
    pub(crate) max_cost: Option<f64>,
    /// `auto`, `native`, `schema` or `text`.
    pub(crate) protocol: Option<String>,
    /// `auto`, `en` or `zh`.
    pub(crate) language: Option<String>,
    /// Directory of prompt templates.
    pub(crate) prompts: Option<PathBuf>,
    /// Directory for pictures.
    pub(crate) out: Option<PathBuf>,
    /// Allow images from private addresses.
    pub(crate) allow_private_urls: Option<bool>,
    /// Devices by role (`detect`, `ocr`, `segment`).
    pub(crate) devices: IndexMap<String, Device>,
    /// Model ids by role, instead of the first that is available.
    pub(crate) prefer: IndexMap<String, String>,
    /// What tokens cost, by LLM (`openai:gpt-4o-mini`, or the model's name alone).
    pub(crate) prices: IndexMap<String, Price>,
    /// The user's own models.
    pub(crate) models: IndexMap<String, UserModel>,
    /// The user's own tools.
    pub(crate) tools: IndexMap<String, UserTool>,
    /// The local language models that run, shared by all who have these settings.
    #[serde(skip)]
    pub(crate) local: RunningModels,
}

/// Settings and where each came from.
pub(crate) struct Loaded {
    /// The settings.
    pub(crate) config: Config,
    /// Key, value as text, and where it came from.
    pub(crate) origins: Vec<(String, String, String)>,
}

enum Kind {
    Text,
    Flag,
    Integer,
    Number,
}

/// The settings that ARGUS_* variables and flags can give.
const KEYS: [(&str, Kind); 16] = [
    ("device", Kind::Text),
    ("memory", Kind::Text),
    ("offline", Kind::Flag),
    ("llm", Kind::Text),
    ("base_url", Kind::Text),
    ("vision_llm", Kind::Text),
    ("vision_base_url", Kind::Text),
    ("max_steps", Kind::Integer),
    ("deadline", Kind::Number),
    ("max_tokens", Kind::Integer),
    ("max_cost", Kind::Number),
    ("protocol", Kind::Text),
    ("language", Kind::Text),
    ("prompts", Kind::Text),
    ("out", Kind::Text),
    ("allow_private_urls", Kind::Flag),
];

/// Reads all layers. A file that is there but wrong is an error that names it.
pub(crate) fn load(global: &Global, flags: &[(&'static str, Option<String>)]) -> anyhow::Result<Loaded> {
    let mut merged = toml::Table::new();
    let mut origins: IndexMap<String, (String, String)> = IndexMap::new();
    let mut take = |layer: toml::Table, origin: &str| {
        for (key, value) in layer {
            origins.insert(key.clone(), (shown(&value), origin.to_owned()));
            match (merged.get_mut(&key), value) {
                // Tables (models, devices) add up; single values are replaced.
                (Some(toml::Value::Table(old)), toml::Value::Table(new)) => old.extend(new),
                (_, value) => {
                    merged.insert(key, value);
                }
            }
        }
    };
    for path in files(global) {
        if let Some(layer) = file_layer(&path)? {
            take(layer, &path.display().to_string());
        } else if global.config.is_some() {
            return Err(UsageError::new(
                format!("the configuration file {} does not exist", path.display()),
                "give an existing file to --config, or leave it out",
            )
            .into());
        }
    }
    for (key, kind) in &KEYS {
        let name = format!("ARGUS_{}", key.to_uppercase());
        if let Some(text) = std::env::var(&name).ok().filter(|text| !text.is_empty()) {
            take(one(key, typed(&name, &text, kind)?), &name);
        }
    }
    let global_flags = [
        ("device", global.device.clone()),
        ("memory", global.memory.clone()),
        ("offline", global.offline.then(|| "true".to_owned())),
    ];
    for (key, text) in global_flags.iter().chain(flags) {
        let Some(text) = text else { continue };
        let name = format!("--{}", key.replace('_', "-"));
        let kind = KEYS.iter().find(|(known, _)| known == key).map_or(&Kind::Text, |(_, kind)| kind);
        take(one(key, typed(&name, text, kind)?), &name);
    }
    let config = merged.try_into().map_err(|error: toml::de::Error| {
        UsageError::new(
            format!("wrong settings: {}", error.message()),
            "`argus doctor` shows where each setting comes from",
        )
    })?;
    let origins = origins.into_iter().map(|(key, (value, origin))| (key, value, origin)).collect();
    Ok(Loaded { config, origins })
}

/// The configuration files in the order in which they are read.
pub(crate) fn files(global: &Global) -> Vec<PathBuf> {
    if let Some(path) = &global.config {
        return vec![path.clone()];
    }
    let user = std::env::var_os("XDG_CONFIG_HOME").map(PathBuf::from).or_else(|| {
        std::env::home_dir().map(|home| home.join(if cfg!(windows) { "AppData/Roaming" } else { ".config" }))
    });
    user.map(|folder| folder.join("argus/argus.toml")).into_iter().chain([PathBuf::from("argus.toml")]).collect()
}

fn file_layer(path: &Path) -> anyhow::Result<Option<toml::Table>> {
    let text = match fs_err::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error).context("the configuration cannot be read"),
    };
    let wrong = |error: &toml::de::Error| {
        UsageError::new(
            format!("{} is wrong: {}", path.display(), error.to_string().trim_end()),
            "README.md lists the settings of argus.toml",
        )
    };
    // Checked alone, so that the error shows the line of this very file.
    toml::from_str::<Config>(&text).map_err(|error| wrong(&error))?;
    let mut table: toml::Table = toml::from_str(&text).map_err(|error| wrong(&error))?;
    let folder = std::path::absolute(path).context("the folder of the configuration cannot be found")?;
    if let (Some(toml::Value::Table(tools)), Some(folder)) = (table.get_mut("tools"), folder.parent()) {
        for tool in tools.iter_mut().filter_map(|(_, tool)| tool.as_table_mut()) {
            let given = tool.get("folder").and_then(toml::Value::as_str).unwrap_or_default();
            let given = if given.is_empty() { folder.to_owned() } else { folder.join(given) };
            tool.insert("folder".into(), toml::Value::String(given.display().to_string()));
        }
    }
    if let (Some(toml::Value::Table(models)), Some(folder)) = (table.get_mut("models"), path.parent()) {
        for model in models.iter_mut().filter_map(|(_, model)| model.as_table_mut()) {
            for key in ["file", "labels_file", "mmproj"] {
                if let Some(toml::Value::String(file)) = model.get_mut(key) {
                    *file = folder.join(&*file).display().to_string();
                }
            }
        }
    }
    Ok(Some(table))
}

fn one(key: &str, value: toml::Value) -> toml::Table {
    toml::Table::from_iter([(key.to_owned(), value)])
}

fn shown(value: &toml::Value) -> String {
    match value {
        toml::Value::String(text) => text.clone(),
        toml::Value::Table(table) => table.keys().cloned().collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    }
}

fn typed(name: &str, text: &str, kind: &Kind) -> Result<toml::Value, UsageError> {
    let wrong = |what: &str| UsageError { message: format!("{name} is \"{text}\", which is no {what}"), hint: None };
    Ok(match kind {
        Kind::Text => toml::Value::String(text.to_owned()),
        Kind::Flag => match text.to_lowercase().as_str() {
            "1" | "true" | "yes" | "on" => toml::Value::Boolean(true),
            "0" | "false" | "no" | "off" => toml::Value::Boolean(false),
            _ => return Err(wrong("yes or no")),
        },
        Kind::Integer => toml::Value::Integer(text.parse().map_err(|_| wrong("whole number"))?),
        Kind::Number => toml::Value::Float(text.parse().map_err(|_| wrong("number"))?),
    })
}

/// Bytes of `4GiB`, `500 MB`, `1073741824`.
pub(crate) fn parse_bytes(text: &str) -> Result<u64, UsageError> {
    let wrong =
        || UsageError::new(format!("\"{text}\" is no amount of memory"), "write it as 4GiB, 500MiB or in bytes");
    let split = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(split);
    let number: f64 = number.parse().map_err(|_| wrong())?;
    let factor: f64 = match unit.trim().to_lowercase().as_str() {
        "" | "b" => 1.0,
        "k" | "kb" => 1e3,
        "m" | "mb" => 1e6,
        "g" | "gb" => 1e9,
        "kib" => 1024.0,
        "mib" => 1024.0 * 1024.0,
        "gib" => 1024.0 * 1024.0 * 1024.0,
        _ => return Err(wrong()),
    };
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked: digits and a point only")]
    Ok((number * factor) as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_with_units() {
        assert_eq!(parse_bytes("4GiB").ok(), Some(4 << 30));
        assert_eq!(parse_bytes("500 MB").ok(), Some(500_000_000));
        assert_eq!(parse_bytes("1024").ok(), Some(1024));
        assert!(parse_bytes("much").is_err() && parse_bytes("-1").is_err() && parse_bytes("4 apples").is_err());
    }
}
