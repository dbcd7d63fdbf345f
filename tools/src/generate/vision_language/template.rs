//! A model's own chat template, in Jinja, rendered as transformers does it.

use std::path::Path;

use indexmap::IndexMap;
use minijinja::{Environment, ErrorKind, syntax::SyntaxConfig, value::Serde};
use serde_json::{Value, json};

use super::config::{parsed, read};
use crate::onnx::ModelError;

/// A chat template and the special tokens that it may name.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Template {
    source: Option<String>,
    /// `bos_token`, `eos_token` and such.
    tokens: IndexMap<String, String>,
}

impl Template {
    /// From `chat_template.jinja`, `chat_template.json`, or `tokenizer_config.json`; nothing where none of them is there.
    pub(super) fn open(folder: &Path) -> Result<Option<Self>, ModelError> {
        let configs = ["chat_template.json", "processor_config.json", "tokenizer_config.json"];
        let configs: Vec<Option<Value>> =
            configs.iter().map(|name| parsed(folder, name)).collect::<Result<_, ModelError>>()?;
        let own = read(folder, "chat_template.jinja")?;
        let source = own.or_else(|| configs.iter().flatten().find_map(|config| source(&config["chat_template"])));
        let mut tokens = IndexMap::new();
        let special: Option<Value> = parsed(folder, "special_tokens_map.json")?;
        for config in [&configs[2], &special].into_iter().flatten() {
            for (name, value) in config.as_object().into_iter().flatten().filter(|(name, _)| name.ends_with("_token")) {
                let text = value.as_str().or_else(|| value["content"].as_str());
                if let Some(text) = text {
                    tokens.entry(name.clone()).or_insert_with(|| text.to_owned());
                }
            }
        }
        let found = source.is_some() || !tokens.is_empty();
        Ok(found.then_some(Self { source, tokens }))
    }

    #[cfg(test)]
    pub(super) fn of(source: &str) -> Self {
        Self { source: Some(source.to_owned()), tokens: IndexMap::new() }
    }

    /// Whether there is a template, and not only tokens.
    pub(super) fn has_chat(&self) -> bool {
        self.source.is_some()
    }

    /// A special token by its name, such as `bos_token`.
    pub(super) fn token(&self, name: &str) -> Option<&str> {
        self.tokens.get(name).map(String::as_str)
    }

    /// The prompt of messages, up to where the model begins to write.
    pub(super) fn render(&self, messages: &Value) -> Result<String, ModelError> {
        let source = plain(self.source.as_deref().unwrap_or_default());
        let mut jinja = Environment::new();
        let syntax = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build();
        jinja.set_syntax(syntax.map_err(|error| failed(&error))?);
        jinja.set_unknown_method_callback(minijinja_contrib::pycompat::unknown_method_callback);
        jinja.add_function("raise_exception", |message: String| -> Result<String, minijinja::Error> {
            Err(minijinja::Error::new(ErrorKind::InvalidOperation, message))
        });
        let mut values = json!({"messages": messages, "add_generation_prompt": true});
        for (name, token) in &self.tokens {
            values[name] = json!(token);
        }
        jinja.render_str(&source, Serde(&values)).map_err(|error| failed(&error))
    }
}

fn failed(error: &minijinja::Error) -> ModelError {
    ModelError::new(format!("the model's chat template failed: {error:#}"))
}

/// One template, or the default one of several.
fn source(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Array(named) => {
            let default = named.iter().find(|entry| entry["name"] == "default");
            default.or(named.first())?["template"].as_str().map(str::to_owned)
        }
        _ => None,
    }
}

/// `{% generation %}` marks what an assistant wrote, for training: a block that is always there.
fn plain(source: &str) -> String {
    let mut all = String::with_capacity(source.len());
    let mut rest = source;
    while let Some(at) = rest.find("{%") {
        let (before, tag) = rest.split_at(at);
        let end = tag.find("%}").map_or(tag.len(), |end| end + 2);
        let (tag, after) = tag.split_at(end);
        all += before;
        all += &match tag.trim_matches(['{', '%', '}', '-', '+', ' ']) {
            "generation" => tag.replacen("generation", "if true", 1),
            "endgeneration" => tag.replacen("endgeneration", "endif", 1),
            _ => tag.to_owned(),
        };
        rest = after;
    }
    all + rest
}
