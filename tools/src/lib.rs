//! Vision tools that run locally on ONNX Runtime: everything of Argus that touches pixels and models.
//!
//! The crate knows nothing of language models. Its rooms, from the outside in:
//! [`vision`] (the tools), [`document`] (tables and fields in read text), [`evidence`] (what was seen, as tables), [`generate`] (text from decoders), [`tool`] (traits, errors, registry), [`onnx`] (runtime, devices, sessions),
//! [`store`] (catalog, cache, sources), [`image`] (loading, handles, resizing, drawing) and [`geom`].

pub mod document;
mod error;
pub mod evidence;
pub mod generate;
pub mod geom;
pub mod hash;
pub mod image;
pub mod labels;
pub mod onnx;
pub mod pipelines;
pub mod programs;
pub mod store;
pub mod suggest;
pub mod tool;
pub mod vision;
