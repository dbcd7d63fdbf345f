//! The contract of a tool: a typed trait for authors, an erased one for the registry, a blanket impl between them.

mod args;
mod context;
pub mod external;
mod scene;
mod spec;
mod toolbox;

use std::future::Future;

use futures_util::future::BoxFuture;
use schemars::JsonSchema;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

use crate::evidence::Rows;

pub use crate::error::{ToolError, ToolErrorKind};
pub use crate::image::RegionArg;
pub use crate::onnx::{Event, EventSink, NoEvents};
pub use args::{ImageArg, Sentences, TextList};
pub use context::{ModelUse, ToolCx};
pub use scene::{Scene, is_image};
pub use spec::{Argument, Effects, Example, ToolSpec};
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
    /// What a call does besides answering.
    const EFFECTS: Effects = Effects::SEES;
    /// Whether it is rarely needed: a small model gets one line about it, a large one its name, and can ask for its description.
    const ADVANCED: bool = false;

    /// Whether [`Tool::call_many`] is more than one call after the other.
    const SHARES_RUNS: bool = false;

    /// Worked calls: they feed help, docs and the prompt, and a test checks that their inputs parse.
    fn examples() -> Vec<Example>;

    /// Runs the tool.
    fn call(&self, input: Self::Input, cx: &ToolCx) -> impl Future<Output = Result<Self::Output, ToolError>> + Send;

    /// Runs the tool for several inputs: one result for each, in their order. One that fails does not fail the others; a stop,
    /// or the deadline, ends them all. The default is one call after the other. A tool whose model takes a batch, or whose
    /// pictures can be made ready while others run, does it at once, with the same results.
    ///
    /// Each call has context of its own, whose images it names; `cx` are those of the work as a whole, whose token and
    /// deadline stop it.
    fn call_many(
        &self,
        calls: Vec<(Self::Input, ToolCx)>,
        _cx: &ToolCx,
    ) -> impl Future<Output = Vec<Result<Self::Output, ToolError>>> + Send {
        async move {
            let mut results = Vec::with_capacity(calls.len());
            for (input, cx) in calls {
                results.push(self.call(input, &cx).await);
            }
            results
        }
    }

    /// The arguments' schema for what there is to name now; `None` where the tool has no use yet. The default limits images and
    /// regions to those that exist.
    fn narrow(schema: Value, scene: &Scene) -> Option<Value> {
        scene.narrow(schema)
    }

    /// What the result says, as rows of evidence. `whole` tells whether the whole image was looked at, not a part of it.
    fn evidence(_output: &Self::Output, _whole: bool) -> Rows {
        Rows::default()
    }

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

    /// The same for several calls at once, as [`Tool::call_many`]: one result for each, in their order.
    fn call_many_json<'a>(
        &'a self,
        calls: Vec<(Value, ToolCx)>,
        _cx: &'a ToolCx,
    ) -> BoxFuture<'a, Vec<Result<Observation, ToolError>>> {
        Box::pin(async move {
            let mut results = Vec::with_capacity(calls.len());
            for (args, cx) in calls {
                results.push(self.call_json(args, &cx).await);
            }
            results
        })
    }
    /// Whether several calls at once cost less than one after the other.
    fn shares_runs(&self) -> bool {
        false
    }
    /// The arguments' schema for what there is to name, as [`Tool::narrow`].
    fn narrow_schema(&self, schema: Value, scene: &Scene) -> Option<Value> {
        scene.narrow(schema)
    }
}

impl<T: Tool> DynTool for T {
    fn spec(&self) -> ToolSpec {
        ToolSpec {
            name: T::NAME.into(),
            summary: T::SUMMARY.into(),
            limits: T::LIMITS,
            roles: T::ROLES,
            effects: T::EFFECTS,
            advanced: T::ADVANCED,
            input_schema: schema_of::<T::Input>(),
            output_schema: schema_of::<T::Output>(),
            examples: T::examples(),
        }
    }

    fn call_json<'a>(&'a self, args: Value, cx: &'a ToolCx) -> BoxFuture<'a, Result<Observation, ToolError>> {
        Box::pin(async move {
            let seen = Seen::new(&args);
            let input = args::parse::<T::Input>(args, &self.spec())?;
            let output = self.call(input, cx).await?;
            seen.record::<T>(&output, cx)?;
            observed::<T>(&output)
        })
    }

    fn narrow_schema(&self, schema: Value, scene: &Scene) -> Option<Value> {
        T::narrow(schema, scene)
    }

    fn shares_runs(&self) -> bool {
        T::SHARES_RUNS
    }

    fn call_many_json<'a>(
        &'a self,
        calls: Vec<(Value, ToolCx)>,
        cx: &'a ToolCx,
    ) -> BoxFuture<'a, Vec<Result<Observation, ToolError>>> {
        Box::pin(async move {
            let spec = self.spec();
            let parsed = calls.into_iter().map(|(args, cx)| {
                let seen = Seen::new(&args);
                Ok((args::parse::<T::Input>(args, &spec)?, cx, seen))
            });
            at_once(parsed.collect(), async |calls: Vec<(T::Input, ToolCx, Seen)>| {
                let (seen, inputs): (Vec<_>, Vec<_>) =
                    calls.into_iter().map(|(input, cx, seen)| ((seen, cx.clone()), (input, cx))).unzip();
                let outputs = self.call_many(inputs, cx).await;
                let recorded = |(output, (seen, cx)): (Result<T::Output, ToolError>, (Seen, ToolCx))| {
                    let output = output?;
                    seen.record::<T>(&output, &cx)?;
                    observed::<T>(&output)
                };
                outputs.into_iter().zip(seen).map(recorded).collect()
            })
            .await
        })
    }
}

/// What a call was about, for the rows that it leaves.
struct Seen {
    /// The image that it named, if it named one.
    image: Option<String>,
    /// Whether it named no part of it, and asked for all that is there.
    whole: bool,
}

impl Seen {
    fn new(args: &Value) -> Self {
        let named = args.get("image").and_then(Value::as_str);
        let region = args.get("region").filter(|region| !region.is_null());
        let image = named.or_else(|| region.and_then(Value::as_str)).and_then(|handle| handle.trim().split('/').next());
        let some = args.get("labels").and_then(Value::as_array).is_some_and(|labels| !labels.is_empty());
        Self { image: image.map(str::to_owned), whole: region.is_none() && !some }
    }

    /// Leaves the rows of an output.
    fn record<T: Tool>(self, output: &T::Output, cx: &ToolCx) -> Result<(), ToolError> {
        let rows = T::evidence(output, self.whole);
        let image = self.image.or_else(|| cx.images.newest().map(|entry| entry.handle.clone()));
        let Some(image) = image else { return Ok(()) };
        if self.whole {
            cx.images.evidence().note_look(&image, T::NAME);
        }
        let models: Vec<String> = cx.used().into_iter().map(|used| used.model).collect();
        let recorded = cx.images.evidence().record(&image, T::NAME, &models.join(", "), rows);
        recorded.map_err(|error| ToolError::internal(format!("{}: its rows cannot be kept: {error:?}", T::NAME)))
    }
}

fn observed<T: Tool>(output: &T::Output) -> Result<Observation, ToolError> {
    let value = serde_json::to_value(output)
        .map_err(|error| ToolError::internal(format!("{}: its output is not JSON: {error}", T::NAME)))?;
    Ok(Observation { value, text: T::render(output) })
}

/// Does at once what is fit for it: one answer for each in their order, those errors that are there already among them.
pub(crate) async fn at_once<I, O>(
    inputs: Vec<Result<I, ToolError>>,
    work: impl AsyncFnOnce(Vec<I>) -> Vec<Result<O, ToolError>>,
) -> Vec<Result<O, ToolError>> {
    let mut fit = Vec::with_capacity(inputs.len());
    let mut results: Vec<Option<ToolError>> = Vec::with_capacity(inputs.len());
    for input in inputs {
        results.push(input.map(|input| fit.push(input)).err());
    }
    let mut done = if fit.is_empty() { Vec::new() } else { work(fit).await }.into_iter();
    let unanswered = || Err(ToolError::internal("a call of several gave too few answers"));
    results.into_iter().map(|failed| failed.map_or_else(|| done.next().unwrap_or_else(unanswered), Err)).collect()
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
