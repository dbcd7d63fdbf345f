//! Graphs in a few lines of code, so that the pipeline runs on drawn pictures in milliseconds.

use ndarray::ArrayViewD;

use crate::onnx::{ElementType, Input, Model, ModelError, Outputs, RunControl, Signature, TensorInfo};

type Run = dyn Fn(ArrayViewD<'_, f32>, &mut dyn FnMut(&Outputs<'_>) -> Result<(), ModelError>) -> Result<(), ModelError>
    + Send
    + Sync;

/// A graph with one input `x`, computed by a closure.
pub(super) struct Fake {
    /// What it declares.
    pub(super) signature: Signature,
    run: Box<Run>,
}

impl Fake {
    /// A graph that hands its input to `run`.
    pub(super) fn new(
        run: impl Fn(ArrayViewD<'_, f32>, &mut dyn FnMut(&Outputs<'_>) -> Result<(), ModelError>) -> Result<(), ModelError>
        + Send
        + Sync
        + 'static,
    ) -> Self {
        let input = TensorInfo { name: "x".into(), element: ElementType::F32, dims: Vec::new() };
        Self { signature: Signature { inputs: vec![input], ..Signature::default() }, run: Box::new(run) }
    }
}

impl Model for Fake {
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
        match inputs {
            [("x", Input::F32(view))] => (self.run)(view.view(), read),
            other => Err(ModelError::new(format!("unexpected inputs: {other:?}"))),
        }
    }
}
