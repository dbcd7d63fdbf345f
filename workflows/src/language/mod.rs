//! The language: workflows as data, read from YAML with the places of everything, or made in Rust; templates and their helpers.

pub(crate) mod alternatives;
pub(crate) mod blocks;
pub(crate) mod builder;
pub(crate) mod digest;
pub(crate) mod helpers;
pub(crate) mod input_value;
pub(crate) mod model;
pub(crate) mod paths;
pub(crate) mod problem;
pub(crate) mod random;
pub(crate) mod shape;
pub(crate) mod source;
pub(crate) mod step;
pub(crate) mod template;
pub(crate) mod text;
pub(crate) mod yaml;
