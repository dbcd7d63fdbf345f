//! How a step is asked for and answered.

use serde::{Deserialize, Serialize};

/// The form in which tools are described to a model, and in which it answers with calls.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Protocol {
    /// Tool declarations and tool calls of the chat-completions API; several calls of one turn run in parallel.
    Native,
    /// One JSON object a turn, constrained by a JSON Schema: `{tool, args}` or `{answer}`.
    Schema,
    /// ReAct text (Thought / Action / Action Input / Observation / Answer), for models with neither.
    Text,
}

impl std::fmt::Display for Protocol {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            Self::Native => "native",
            Self::Schema => "schema",
            Self::Text => "text",
        })
    }
}

impl std::str::FromStr for Protocol {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "native" => Ok(Self::Native),
            "schema" => Ok(Self::Schema),
            "text" => Ok(Self::Text),
            other => Err(format!("\"{other}\" is no protocol; give native, schema or text")),
        }
    }
}
