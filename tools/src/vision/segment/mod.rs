//! `segment`: which pixels belong to what. The object that stands out, what a point, a box or a phrase means, or everything
//! in a picture by kind, by thing or by object.

mod args;
mod bilinear;
mod embedding;
mod found;
mod frame;
mod instance;
mod instance_queries;
mod make;
mod network;
mod panoptic;
mod picture;
mod prompt;
mod queries;
pub(super) mod recognize;
mod render;
mod request;
mod salient;
mod semantic;
mod tool;

use image::RgbImage;
use ndarray::Array4;

pub use args::{Points, SegmentKind};
pub use embedding::Embedding;
pub use found::Found;
pub use instance::{INSTANCE, instances};
pub use panoptic::{PANOPTIC, panoptic};
pub use prompt::{Answer, DECODER, ENCODER, PROMPT, Prompt, Promptable};
pub use salient::{MASK, mask_extent, object_mask, salient_mask};
pub use semantic::{SEMANTIC, semantic};
pub use tool::{Segment, SegmentInput, SegmentOutput, SegmentedPart};

pub(super) use network::all_valid;

use crate::{onnx::LoadedModel, tool::ToolError};

/// The input f32 `[1, 3, height, width]` that [`semantic`] and [`panoptic`] feed for a picture.
pub fn network_input(model: &LoadedModel, image: &RgbImage) -> Result<Array4<f32>, ToolError> {
    Ok(network::Network::of(model, SEMANTIC)?.tensor(image))
}

#[cfg(test)]
mod tests;
