//! Tools made at run time from a description: they do no work of their own.

use argus_tools::tool::{DynTool, Observation, ToolCx, ToolError, ToolSpec};
use futures_util::future::BoxFuture;
use serde_json::{Value, json};

/// What a call of a stand-in gives.
pub type Answered = BoxFuture<'static, Result<Observation, ToolError>>;

/// A tool that answers from a function of its arguments and surroundings.
pub struct StandIn {
    spec: ToolSpec,
    reply: Box<dyn Fn(Value, ToolCx) -> Answered + Send + Sync>,
}

impl StandIn {
    /// A tool of this name, summary and JSON Schema of its arguments.
    pub fn new(
        name: impl Into<String>,
        summary: impl Into<String>,
        input_schema: Value,
        reply: impl Fn(Value, ToolCx) -> Answered + Send + Sync + 'static,
    ) -> Self {
        let spec = ToolSpec {
            name: name.into().into(),
            summary: summary.into().into(),
            limits: "",
            effects: argus_tools::tool::Effects::default(),
            advanced: false,
            roles: &[],
            input_schema,
            output_schema: json!({}),
            examples: Vec::new(),
        };
        Self { spec, reply: Box::new(reply) }
    }
}

/// A result that is only words.
pub(super) fn words(text: impl Into<String>) -> Observation {
    let text = text.into();
    Observation { value: Value::String(text.clone()), text }
}

impl DynTool for StandIn {
    fn spec(&self) -> ToolSpec {
        self.spec.clone()
    }

    fn call_json<'a>(&'a self, args: Value, cx: &'a ToolCx) -> BoxFuture<'a, Result<Observation, ToolError>> {
        (self.reply)(args, cx.clone())
    }
}
