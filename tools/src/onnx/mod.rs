//! ONNX Runtime: the library, execution providers, sessions, tensors. No type of `ort` leaves this room.

mod any_size;
mod batch;
mod bound;
mod control;
mod device;
mod event;
#[cfg(test)]
pub(crate) mod fake;
mod file;
mod kept;
mod model;
mod pool;
mod runtime;
mod session;

pub(crate) use batch::{Batched, most_together, run_all};
pub use control::RunControl;
pub use device::{Device, cores, has_nvidia_gpu};
pub use event::{Event, EventSink, LoadContext, NoEvents};
pub use file::{ExternalData, FileProblem, FileTensor, ModelFile, OnnxFileError};
pub use kept::Kept;
pub use model::{
    Dim, ElementType, Input, LoadedModel, Model, ModelError, ModelProvider, NoModels, Outputs, Signature, TensorInfo,
};
pub use pool::{PoolOptions, SessionPool, graph_file, graph_names, has_graph, total_memory};
pub use runtime::{Runtime, RuntimeError};
pub use session::{KeptValue, OrtModel};
