//! ONNX Runtime: the library, execution providers, sessions, tensors. No type of `ort` leaves this room.

mod control;
mod model;

pub use control::RunControl;
pub use model::{
    Dim, ElementType, Input, LoadedModel, Model, ModelError, ModelProvider, NoModels, Outputs, Signature, TensorInfo,
};
