//! A model whose outputs are a function of its inputs, so that pipelines are tested in milliseconds.

use std::sync::Arc;

use ndarray::{ArrayD, CowArray};

use super::{Dim, ElementType, Input, LoadedModel, Model, ModelError, Outputs, RunControl, Signature, TensorInfo};
use crate::store::ModelFacts;

type Answer = Box<dyn Fn(&ArrayD<f32>) -> Vec<(&'static str, FakeOutput)> + Send + Sync>;

/// One output tensor.
pub(crate) enum FakeOutput {
    F32(ArrayD<f32>),
    I64(ArrayD<i64>),
}

/// A model that answers from its first float input.
pub(crate) struct FakeModel {
    signature: Signature,
    answer: Answer,
}

/// A size above 0 is fixed, 0 is free.
pub(crate) fn tensor(name: &str, element: ElementType, dims: &[usize]) -> TensorInfo {
    let dims = dims.iter().map(|&size| if size == 0 { Dim::Free(String::new()) } else { Dim::Fixed(size) });
    TensorInfo { name: name.into(), element, dims: dims.collect() }
}

impl FakeModel {
    pub(crate) fn loaded(
        signature: Signature,
        facts: ModelFacts,
        answer: impl Fn(&ArrayD<f32>) -> Vec<(&'static str, FakeOutput)> + Send + Sync + 'static,
    ) -> LoadedModel {
        let model = Arc::new(Self { signature, answer: Box::new(answer) });
        LoadedModel { id: "fake".into(), facts, model, provider: "cpu".into() }
    }
}

impl Model for FakeModel {
    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn run(
        &self,
        inputs: &[(&str, Input<'_>)],
        control: &RunControl,
        read: &mut dyn FnMut(&Outputs<'_>) -> Result<(), ModelError>,
    ) -> Result<(), ModelError> {
        if control.is_cancelled() {
            return Err(ModelError::new("cancelled"));
        }
        let first = inputs.iter().find_map(|(_, input)| match input {
            Input::F32(view) => Some(view.to_owned()),
            _ => None,
        });
        let mut outputs = Outputs::new();
        for (name, output) in (self.answer)(&first.unwrap_or_default()) {
            match output {
                FakeOutput::F32(values) => outputs.push_f32(name, CowArray::from(values)),
                FakeOutput::I64(values) => outputs.push_i64(name, CowArray::from(values)),
            }
        }
        read(&outputs)
    }
}
