//! The contract of a tool: a typed trait for authors, an erased one for the registry, a blanket impl between them.

mod args;
mod context;
mod error;
pub mod external;
mod spec;
mod toolbox;

use std::future::Future;

use futures_util::future::BoxFuture;
use schemars::JsonSchema;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

pub use args::{ImageArg, RegionArg, Sentences, TextList};
pub use context::{Event, EventSink, ModelUse, NoEvents, ToolCx};
pub use error::{ToolError, ToolErrorKind};
pub use spec::{Argument, Example, ToolSpec};
pub use toolbox::Toolbox;

/// A vision tool with typed arguments and a typed result.
///
/// The name, schema, examples and rendering given here are all that help, docs, prompts and the registry use.
pub trait Tool: Send + Sync + 'static {
    /// The arguments. Field docs become the schema's descriptions, which a model reads.
    type Input: DeserializeOwned + JsonSchema + Send;
    /// The result as data.
    type Output: Serialize + JsonSchema + Send;
    /// The name a model calls it by: one lower-case verb or noun.
    const NAME: &'static str;
    /// One line that says when to use it.
    const SUMMARY: &'static str;
    /// What it cannot do and how far it can be trusted, in a few words for a model; empty if there is nothing to say.
    const LIMITS: &'static str = "";
    /// Model roles it needs; empty for a classical tool.
    const ROLES: &'static [&'static str] = &[];
    /// Beginnings of words that call for it, in lower case, English and Chinese: a model is shown it only for a task that
    /// has one of them, so that tools for rare needs cost other tasks nothing. Empty: it is always shown.
    const WHEN: &'static [&'static str] = &[];

    /// Worked calls: they feed help, docs and the prompt, and a test checks that their inputs parse.
    fn examples() -> Vec<Example>;

    /// Runs the tool.
    fn call(&self, input: Self::Input, cx: &ToolCx) -> impl Future<Output = Result<Self::Output, ToolError>> + Send;

    /// The result in the few words that a model should read. The default is compact JSON.
    fn render(output: &Self::Output) -> String {
        serde_json::to_string(output).unwrap_or_default()
    }
}

/// What one call gave: the data, and the words for a model.
#[derive(Clone, Debug)]
pub struct Observation {
    /// The tool's output as JSON.
    pub value: Value,
    /// The same in a few words for a model.
    pub text: String,
}

/// The object-safe form of [`Tool`] that a registry holds.
pub trait DynTool: Send + Sync {
    /// What is known about the tool without running it.
    fn spec(&self) -> ToolSpec;
    /// Parses the arguments and runs the tool.
    fn call_json<'a>(&'a self, args: Value, cx: &'a ToolCx) -> BoxFuture<'a, Result<Observation, ToolError>>;
}

impl<T: Tool> DynTool for T {
    fn spec(&self) -> ToolSpec {
        ToolSpec {
            name: T::NAME.into(),
            summary: T::SUMMARY.into(),
            limits: T::LIMITS,
            roles: T::ROLES,
            when: T::WHEN.iter().map(|word| (*word).into()).collect(),
            input_schema: schema_of::<T::Input>(),
            output_schema: schema_of::<T::Output>(),
            examples: T::examples(),
        }
    }

    fn call_json<'a>(&'a self, args: Value, cx: &'a ToolCx) -> BoxFuture<'a, Result<Observation, ToolError>> {
        Box::pin(async move {
            let input = args::parse::<T::Input>(args, &self.spec())?;
            let output = self.call(input, cx).await?;
            let value = serde_json::to_value(&output)
                .map_err(|error| ToolError::internal(format!("{}: its output is not JSON: {error}", T::NAME)))?;
            Ok(Observation { value, text: T::render(&output) })
        })
    }
}

fn schema_of<T: JsonSchema>() -> Value {
    let settings = schemars::generate::SchemaSettings::draft2020_12().with(|s| s.inline_subschemas = true);
    let mut schema = settings.into_generator().into_root_schema_for::<T>().to_value();
    if let Some(object) = schema.as_object_mut() {
        object.shift_remove("$schema");
        object.shift_remove("title");
    }
    schema
}
