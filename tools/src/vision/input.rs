//! From a picture to the input of a graph, by the graph's own signature and the settings that came with the model, and from a
//! map back to a picture.

use image::GrayImage;
use ndarray::{ArrayView2, ArrayViewD, Axis, Ix2};

use crate::{
    image::{Filter, Preprocess, resize_plane},
    onnx::{Dim, ModelError, TensorInfo},
    store::{Channels, ModelFacts, Resize},
    tool::ToolError,
};

/// Width and height of the input `[batch, 3, height, width]` for a picture of `width` x `height`: what the graph declares;
/// where it leaves them free, what the model's settings say; else `usual`.
pub(super) fn input_size(
    input: &TensorInfo,
    facts: &ModelFacts,
    (width, height): (u32, u32),
    usual: u32,
) -> (u32, u32) {
    let free = match (facts.short_side, facts.size) {
        (Some(short), _) => kept_aspect((width, height), short, facts.long_side, facts.multiple_of),
        (None, size) => (size.unwrap_or(usual), size.unwrap_or(usual)),
    };
    declared(input, free)
}

/// Width and height that the input `[batch, 3, height, width]` declares; `free` where it leaves them open.
pub(super) fn declared(input: &TensorInfo, free: (u32, u32)) -> (u32, u32) {
    let side = |index: usize, free: u32| match input.dims.get(index) {
        Some(Dim::Fixed(size)) => u32::try_from(*size).unwrap_or(free),
        _ => free,
    };
    (side(3, free.0), side(2, free.1))
}

/// Stretched to a size and normalized as the facts say; `usual` are the mean and the deviation where they do not.
pub(super) fn stretched(facts: &ModelFacts, (width, height): (u32, u32), usual: ([f32; 3], [f32; 3])) -> Preprocess {
    Preprocess {
        width,
        height,
        resize: Resize::Stretch,
        filter: Filter::Bilinear,
        channels: facts.channels.unwrap_or(Channels::Rgb),
        pad: 0,
        scale: facts.scale.unwrap_or(1.0 / 255.0),
        mean: facts.mean.unwrap_or(usual.0),
        std: facts.std.unwrap_or(usual.1),
    }
}

/// The first map of an output `[.., height, width]`; the error says `what` it is and which shape was `expected`.
pub(super) fn plane<'a>(
    output: ArrayViewD<'a, f32>,
    what: &str,
    expected: &str,
) -> Result<ArrayView2<'a, f32>, ModelError> {
    let shape = output.shape().to_vec();
    let wrong = || ModelError::new(format!("the {what} has the shape {shape:?}, expected {expected}"));
    let mut plane = output;
    while plane.ndim() > 2 {
        if plane.len_of(Axis(0)) == 0 {
            return Err(wrong());
        }
        plane = plane.index_axis_move(Axis(0), 0);
    }
    plane.into_dimensionality::<Ix2>().map_err(|_| wrong())
}

/// A map of 0..=1 of some size as grey levels at the size of its picture.
pub(super) fn gray(
    map: &[f32],
    size: (u32, u32),
    (width, height): (u32, u32),
    what: &str,
) -> Result<GrayImage, ToolError> {
    let full = resize_plane(map, size, width, height, Filter::Bilinear);
    let bytes = full.into_iter().map(|value| (value * 255.0).round().clamp(0.0, 255.0) as u8).collect();
    GrayImage::from_raw(width, height, bytes)
        .ok_or_else(|| ToolError::internal(format!("the {what} does not fit the picture")))
}

/// The short side to `short`, the long one at most to `most`, as transformers does it: with a multiple as for MaskFormer,
/// without one as for DETR; the two round otherwise.
fn kept_aspect((width, height): (u32, u32), short: u32, most: Option<u32>, multiple: Option<u32>) -> (u32, u32) {
    let (least, longest) = (f64::from(width.min(height)), f64::from(width.max(height)));
    let most = most.map(f64::from);
    let wanted = f64::from(short);
    let (new_short, new_long) = match multiple {
        Some(_) => {
            let long = (wanted * longest / least).floor();
            match most.filter(|most| long > *most) {
                Some(most) => ((most * wanted / long).floor(), most),
                None => (wanted, long),
            }
        }
        None => match most.filter(|most| longest / least * wanted > *most) {
            Some(most) => {
                let raw = most * least / longest;
                (raw.round_ties_even(), (raw * longest / least).floor())
            }
            None => (wanted, (wanted * longest / least).floor()),
        },
    };
    let whole = |side: f64| (side as u32).max(1).next_multiple_of(multiple.unwrap_or(1).max(1));
    let same = multiple.is_none() && (new_short - least).abs() < 0.5;
    match (same, width < height) {
        (true, _) => (width, height),
        (false, true) => (whole(new_short), whole(new_long)),
        (false, false) => (whole(new_long), whole(new_short)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::onnx::{ElementType, fake::tensor};

    #[test]
    fn the_graph_comes_first_then_the_settings() {
        let facts = ModelFacts { short_side: Some(800), long_side: Some(1333), ..ModelFacts::default() };
        let free = tensor("pixel_values", ElementType::F32, &[0, 3, 0, 0]);
        let fixed = tensor("pixel_values", ElementType::F32, &[1, 3, 480, 640]);
        assert_eq!(input_size(&fixed, &facts, (10, 10), 640), (640, 480));
        assert_eq!(input_size(&free, &facts, (640, 480), 640), (1066, 800));
        assert_eq!(input_size(&free, &facts, (480, 640), 640), (800, 1066));
        assert_eq!(input_size(&free, &facts, (2000, 500), 640), (1333, 333));
        assert_eq!(input_size(&free, &facts, (1200, 800), 640), (1200, 800));
        let square = ModelFacts { size: Some(512), ..ModelFacts::default() };
        assert_eq!(input_size(&free, &square, (2000, 500), 640), (512, 512));
        assert_eq!(input_size(&free, &ModelFacts::default(), (2000, 500), 640), (640, 640));
    }

    #[test]
    fn sides_become_multiples() {
        let size = |width, height| kept_aspect((width, height), 800, Some(1333), Some(32));
        assert_eq!((size(640, 480), size(2000, 500)), ((1088, 800), (1344, 352)));
        assert_eq!(kept_aspect((1, 1), 800, Some(1333), None), (800, 800));
        assert_eq!(kept_aspect((20_000, 1), 800, Some(1333), None), (1333, 1));
    }
}
