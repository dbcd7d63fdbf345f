//! Which face detector a graph is, told by its signature.

use super::{Face, centerface, yunet};
use crate::{
    image::{Filter, Preprocess},
    onnx::{Dim, LoadedModel, ModelError, Outputs, Signature, TensorInfo},
    store::{Channels, Resize},
    tool::ToolError,
};

/// How raw outputs become faces.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Decoder {
    CenterFace,
    YuNet,
}

/// A face detector ready to be fed and read.
pub(super) struct Family {
    decoder: Decoder,
    pub(super) input: String,
    pub(super) preprocess: Preprocess,
    pub(super) threshold: f32,
    pub(super) iou: f32,
}

/// Both halve the picture five times.
const MULTIPLE: u32 = 32;
/// Longest side that is fed where the graph leaves it free: a picture of 1920 x 1440 takes about a second on two cores.
const LONGEST: u32 = 1920;

impl Family {
    /// `size` is that of the picture (width, height).
    pub(super) fn of(model: &LoadedModel, size: (u32, u32)) -> Result<Self, ToolError> {
        let signature = model.model.signature();
        let refuse = |why: &str| {
            ToolError::internal(format!(
                "{} is no face detector that is known here: {why}. It has {}",
                model.id,
                signature.describe()
            ))
            .with_hint("known are CenterFace and YuNet")
        };
        let [input] = signature.inputs.as_slice() else { return Err(refuse("it should have one input")) };
        let [batch, _, height, width] = input.dims.as_slice() else {
            return Err(refuse("its input should be [1, 3, height, width]"));
        };
        if matches!(batch, Dim::Fixed(size) if *size != 1) {
            return Err(refuse("it takes several pictures at once").with_hint(
                "if the graph takes other sizes than it declares, as CenterFace's does, add any_size = true to its facts",
            ));
        }
        let decoder = decoder(signature).ok_or_else(|| refuse("the outputs fit no decoder"))?;
        let fixed = |dim: &Dim| match dim {
            Dim::Fixed(size) => u32::try_from(*size).ok(),
            Dim::Free(_) => None,
        };
        let ((width, height), resize) = match (fixed(width), fixed(height)) {
            (Some(width), Some(height)) => ((width, height), Resize::TopLeft),
            _ => (free_size(size, model.facts.size.unwrap_or(LONGEST)), Resize::Stretch),
        };
        let (channels, threshold) = match decoder {
            Decoder::CenterFace => (Channels::Rgb, 0.5),
            Decoder::YuNet => (Channels::Bgr, 0.7),
        };
        Ok(Self {
            decoder,
            input: input.name.clone(),
            preprocess: Preprocess {
                width,
                height,
                resize: model.facts.resize.unwrap_or(resize),
                filter: Filter::BilinearCv,
                channels: model.facts.channels.unwrap_or(channels),
                pad: 0,
                scale: model.facts.scale.unwrap_or(1.0),
                mean: model.facts.mean.unwrap_or([0.0; 3]),
                std: model.facts.std.unwrap_or([1.0; 3]),
            },
            threshold: model.facts.threshold.unwrap_or(threshold),
            iou: model.facts.iou.unwrap_or(0.3),
        })
    }

    /// Faces of at least `threshold` in pixels of the input.
    pub(super) fn decode(&self, outputs: &Outputs<'_>, threshold: f32) -> Result<Vec<Face>, ModelError> {
        match self.decoder {
            Decoder::CenterFace => centerface::decode(outputs, threshold),
            Decoder::YuNet => yunet::decode(outputs, threshold, self.preprocess.width, self.preprocess.height),
        }
    }
}

fn decoder(signature: &Signature) -> Option<Decoder> {
    let has = |name: &str| signature.outputs.iter().any(|output| output.name == name);
    if yunet::STRIDES.iter().all(|stride| ["cls", "obj", "bbox", "kps"].iter().all(|n| has(&format!("{n}_{stride}")))) {
        return Some(Decoder::YuNet);
    }
    let channels = |output: &TensorInfo| match output.dims.as_slice() {
        [_, Dim::Fixed(channels), _, _] => *channels,
        _ => 0,
    };
    let all: Vec<usize> = signature.outputs.iter().map(channels).collect();
    (all == centerface::CHANNELS).then_some(Decoder::CenterFace)
}

/// The picture's own size (width, height), or a smaller one with its longest side at most `longest`, each side up to the
/// next multiple of 32.
fn free_size((width, height): (u32, u32), longest: u32) -> (u32, u32) {
    let ratio = (longest as f32 / width.max(height).max(1) as f32).min(1.0);
    let side = |side: u32| ((side as f32 * ratio / MULTIPLE as f32).ceil().max(1.0) as u32) * MULTIPLE;
    (side(width), side(height))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_picture_has_a_size_that_fits() {
        for (size, expected) in [
            ((512, 512), (512, 512)),
            ((451, 300), (480, 320)),
            ((1, 1), (32, 32)),
            ((20_000, 10), (1920, 32)),
            ((4000, 3000), (1920, 1440)),
        ] {
            assert_eq!(free_size(size, LONGEST), expected, "{size:?}");
        }
    }
}
