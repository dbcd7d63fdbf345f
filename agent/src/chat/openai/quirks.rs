//! What an endpoint turned out not to take. Learned from its refusals and kept for the life of the process.

use std::{
    collections::HashMap,
    sync::{LazyLock, Mutex, PoisonError},
};

use crate::chat::{ChatError, ChatErrorKind, ChatRequest, http::is_about_tools};

/// How a reply's schema is passed to an endpoint, best first.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) enum SchemaForm {
    /// `response_format: json_schema`: the reply is constrained to it.
    #[default]
    JsonSchema,
    /// `response_format: json_object`, and the schema in the prompt.
    JsonObject,
    /// The schema in the prompt only.
    Prompt,
}

/// Deviations from the `OpenAI` format.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[expect(clippy::struct_excessive_bools, reason = "each is one independent deviation")]
pub(super) struct Quirks {
    pub(super) schema: SchemaForm,
    pub(super) max_completion_tokens: bool,
    pub(super) no_temperature: bool,
    pub(super) no_seed: bool,
    pub(super) no_stop: bool,
    pub(super) no_stream_options: bool,
    pub(super) no_parallel_tool_calls: bool,
    pub(super) no_tools: bool,
    pub(super) no_logprobs: bool,
}

static KNOWN: LazyLock<Mutex<HashMap<(String, String), Quirks>>> = LazyLock::new(Mutex::default);

impl Quirks {
    /// What is known of a model at an endpoint.
    pub(super) fn known(base_url: &str, model: &str) -> Self {
        let known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(&(base_url.to_owned(), model.to_owned())).copied().unwrap_or_default()
    }

    /// Keeps what a request that went through has taught.
    pub(super) fn remember(self, base_url: &str, model: &str) {
        let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
        known.insert((base_url.to_owned(), model.to_owned()), self);
    }

    /// The quirks to try next after this refusal, or `None` if no change of form would help.
    pub(super) fn after(self, error: &ChatError, request: &ChatRequest, stream: bool) -> Option<Self> {
        let refused = matches!(error.status, Some(400 | 404 | 422 | 501)) && error.kind == ChatErrorKind::BadRequest;
        if !refused {
            return None;
        }
        let names = |word: &str| error.message.contains(word);
        // A value that the endpoint knows but finds too large or too small is the caller's mistake.
        if names("above_max_value") || names("below_min_value") {
            return None;
        }
        let mut next = self;
        if names("parallel_tool_calls") && !self.no_parallel_tool_calls && !request.tools.is_empty() {
            next.no_parallel_tool_calls = true;
        } else if names("max_completion_tokens") && !self.max_completion_tokens {
            next.max_completion_tokens = true;
        } else if names("temperature") && !self.no_temperature && request.temperature.is_some() {
            next.no_temperature = true;
        } else if names("stream_options") && !self.no_stream_options && stream {
            next.no_stream_options = true;
        } else if names("seed") && !self.no_seed && request.seed.is_some() {
            next.no_seed = true;
        } else if names("stop") && !self.no_stop && !request.stop.is_empty() {
            next.no_stop = true;
        } else if names("logprobs") && !self.no_logprobs && request.logprobs {
            next.no_logprobs = true;
        } else if !request.tools.is_empty() && is_about_tools(error) {
            return None;
        } else if request.schema.is_some() && error.status != Some(404) {
            // Servers refuse a response format in many words; a request that is wrong otherwise fails again in the last form.
            next.schema = match self.schema {
                SchemaForm::JsonSchema => SchemaForm::JsonObject,
                SchemaForm::JsonObject => SchemaForm::Prompt,
                SchemaForm::Prompt => return None,
            };
        } else {
            return None;
        }
        Some(next)
    }
}
