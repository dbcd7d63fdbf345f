//! The inference boundary: the smallest trait that a pipeline needs, so that whole pipelines run on fakes in tests.

use std::{sync::Arc, time::Duration};

use futures_util::future::BoxFuture;
use indexmap::IndexMap;
use ndarray::{ArrayViewD, Axis, CowArray, IxDyn};
use serde::Serialize;

use super::{Kept, KeptValue, LoadContext, RunControl};
use crate::{
    error::ToolError,
    store::{Installed, ModelFacts},
};

/// Element types that tools feed or read.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ElementType {
    /// 32-bit float.
    F32,
    /// 16-bit float; fed from and read as 32-bit.
    F16,
    /// 64-bit signed integer.
    I64,
    /// 32-bit signed integer.
    I32,
    /// 8-bit unsigned integer.
    U8,
    /// Boolean.
    Bool,
    /// Anything else; cannot be fed.
    Other,
}

/// One dimension: fixed, or free under a name (`batch`, empty if unnamed). As data it is a number or a text.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Dim {
    /// Always this size.
    Fixed(usize),
    /// Any size.
    Free(String),
}

impl std::fmt::Display for Dim {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Fixed(size) => write!(f, "{size}"),
            Self::Free(name) if name.is_empty() => f.write_str("?"),
            Self::Free(name) => f.write_str(name),
        }
    }
}

/// Name, type and shape of one graph input or output.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct TensorInfo {
    /// The tensor's name.
    pub name: String,
    /// Its element type.
    pub element: ElementType,
    /// Its dimensions.
    pub dims: Vec<Dim>,
}

impl std::fmt::Display for TensorInfo {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let dims: Vec<String> = self.dims.iter().map(Dim::to_string).collect();
        write!(f, "{} {:?} [{}]", self.name, self.element, dims.join(", "))
    }
}

/// What a graph declares about itself.
#[derive(Clone, Debug, Default)]
pub struct Signature {
    /// Inputs in graph order.
    pub inputs: Vec<TensorInfo>,
    /// Outputs in graph order.
    pub outputs: Vec<TensorInfo>,
    /// Custom metadata (`names`, `character`, ...).
    pub metadata: IndexMap<String, String>,
}

impl Signature {
    /// One line for an error message: what goes in and what comes out.
    pub fn describe(&self) -> String {
        let list = |infos: &[TensorInfo]| infos.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
        format!("inputs: {}; outputs: {}", list(&self.inputs), list(&self.outputs))
    }
}

/// A tensor to feed, borrowed.
#[derive(Clone, Debug)]
pub enum Input<'a> {
    /// Floats; converted if the graph wants 16-bit ones.
    F32(ArrayViewD<'a, f32>),
    /// 64-bit integers; converted if the graph wants 32-bit ones.
    I64(ArrayViewD<'a, i64>),
    /// Bytes.
    U8(ArrayViewD<'a, u8>),
    /// Booleans.
    Bool(ArrayViewD<'a, bool>),
    /// What the runtime kept of an earlier run ([`Kept::input`]).
    Kept(&'a KeptValue),
}

/// The outputs of one run in graph order, valid while they are read.
pub struct Outputs<'a> {
    entries: Vec<(String, Output<'a>)>,
}

enum Output<'a> {
    F32(CowArray<'a, f32, IxDyn>),
    I64(CowArray<'a, i64, IxDyn>),
}

impl<'a> Outputs<'a> {
    /// No outputs; to be filled with `push_*`.
    pub fn new() -> Self {
        Self { entries: Vec::new() }
    }

    /// Adds a float output.
    pub fn push_f32(&mut self, name: impl Into<String>, values: CowArray<'a, f32, IxDyn>) {
        self.entries.push((name.into(), Output::F32(values)));
    }

    /// Adds an integer output.
    pub fn push_i64(&mut self, name: impl Into<String>, values: CowArray<'a, i64, IxDyn>) {
        self.entries.push((name.into(), Output::I64(values)));
    }

    /// One picture's part of the outputs of a run over `count`: each `[count, ..]` as `[1, ..]`.
    pub(crate) fn item(&self, index: usize, count: usize) -> Result<Outputs<'_>, ModelError> {
        let mut part = Outputs::new();
        for (name, output) in &self.entries {
            let shape = match output {
                Output::F32(values) => values.shape(),
                Output::I64(values) => values.shape(),
            };
            if shape.first() != Some(&count) || index >= count {
                return Err(ModelError::new(format!(
                    "the output {name} of a run over {count} pictures has the shape {shape:?}, expected [{count}, ..]"
                )));
            }
            let row = ndarray::Slice::from(index..=index);
            match output {
                Output::F32(values) => part.push_f32(name, values.slice_axis(Axis(0), row).into()),
                Output::I64(values) => part.push_i64(name, values.slice_axis(Axis(0), row).into()),
            }
        }
        Ok(part)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The float output at a position.
    pub fn f32_at(&self, index: usize) -> Result<ArrayViewD<'_, f32>, ModelError> {
        match self.entries.get(index) {
            Some((_, Output::F32(values))) => Ok(values.view()),
            Some((name, Output::I64(_))) => {
                Err(ModelError::new(format!("output {name} holds integers, expected floats")))
            }
            None => Err(ModelError::new(format!("the model has {} outputs, expected one at {index}", self.len()))),
        }
    }

    /// The float output of a name.
    pub fn f32(&self, name: &str) -> Result<ArrayViewD<'_, f32>, ModelError> {
        self.f32_at(self.position(name)?)
    }

    /// The integer output of a name.
    pub fn i64(&self, name: &str) -> Result<ArrayViewD<'_, i64>, ModelError> {
        match &self.entries[self.position(name)?].1 {
            Output::I64(values) => Ok(values.view()),
            Output::F32(_) => Err(ModelError::new(format!("output {name} holds floats, expected integers"))),
        }
    }

    fn position(&self, name: &str) -> Result<usize, ModelError> {
        self.entries.iter().position(|(n, _)| n == name).ok_or_else(|| {
            let known: Vec<&str> = self.entries.iter().map(|(n, _)| n.as_str()).collect();
            ModelError::new(format!("the model has no output {name}, only {}", known.join(", ")))
        })
    }
}

impl Default for Outputs<'_> {
    fn default() -> Self {
        Self::new()
    }
}

/// A model that could not be run, or whose outputs are not what they should be.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{0}")]
pub struct ModelError(String);

impl ModelError {
    /// An error with a message that names the tensor and what was expected.
    pub fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }
}

impl From<ModelError> for ToolError {
    fn from(error: ModelError) -> Self {
        Self::internal(error.0)
    }
}

/// Something that maps tensors to tensors. Blocking: call it through `ToolCx::blocking`.
pub trait Model: Send + Sync {
    /// What the graph declares.
    fn signature(&self) -> &Signature;

    /// Runs once. `read` sees the outputs in place, without a copy. Fails when the control was cancelled.
    fn run(
        &self,
        inputs: &[(&str, Input<'_>)],
        control: &RunControl,
        read: &mut dyn FnMut(&Outputs<'_>) -> Result<(), ModelError>,
    ) -> Result<(), ModelError>;

    /// Runs once and keeps some of the outputs, in the order of their names in `keep`, for the next run.
    fn run_keeping(
        &self,
        inputs: &[(&str, Input<'_>)],
        keep: &[&str],
        control: &RunControl,
        read: &mut dyn FnMut(&Outputs<'_>) -> Result<(), ModelError>,
    ) -> Result<Vec<Kept>, ModelError> {
        let mut kept = Vec::with_capacity(keep.len());
        self.run(inputs, control, &mut |outputs| {
            read(outputs)?;
            for name in keep {
                kept.push(Kept::of(outputs.f32(name)?.to_owned()));
            }
            Ok(())
        })?;
        Ok(kept)
    }

    /// The time spent inside the runtime so far, all runs together; zero where it is not measured.
    fn busy(&self) -> Duration {
        Duration::ZERO
    }
}

/// A model ready to run, with what is known about it.
pub struct LoadedModel {
    /// The catalog id.
    pub id: String,
    /// Input and output facts and labels from the catalog or the user's config.
    pub facts: ModelFacts,
    /// The graph.
    pub model: Arc<dyn Model>,
    /// The execution provider that runs it (`cpu`, `openvino`, `cuda`, ...).
    pub provider: String,
}

/// Gives loaded models by role.
pub trait ModelProvider: Send + Sync {
    /// The first candidate of the role that is available, loaded once and shared.
    fn load<'a>(
        &'a self,
        role: &'a str,
        context: LoadContext<'a>,
    ) -> BoxFuture<'a, Result<Arc<LoadedModel>, ToolError>>;

    /// The files of that candidate, installed if need be, without loading any of its graphs: a model of several graphs comes
    /// with a tokenizer and settings, and which family it is tells which graphs to load (`caption-vision_encoder`, ...).
    fn files<'a>(&'a self, role: &'a str, _: LoadContext<'a>) -> BoxFuture<'a, Result<Installed, ToolError>> {
        Box::pin(async move { Err(ToolError::model_unavailable(format!("there are no files for the role {role}"))) })
    }

    /// Whether a model of the role is there already, so that nothing need be fetched: for tools that do as well as they can
    /// with what there is.
    fn is_installed(&self, _role: &str) -> bool {
        false
    }
}

/// A provider that has nothing, for tools and tests that need no model.
pub struct NoModels;

impl ModelProvider for NoModels {
    fn load<'a>(&'a self, role: &'a str, _: LoadContext<'a>) -> BoxFuture<'a, Result<Arc<LoadedModel>, ToolError>> {
        Box::pin(
            async move { Err(ToolError::model_unavailable(format!("no model for the role {role} is configured"))) },
        )
    }
}
