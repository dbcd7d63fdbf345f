//! Which inpainting model a graph is, told by its signature.

use image::{GrayImage, Rgb, RgbImage};
use ndarray::{Array4, Axis, Ix3, s};

use crate::{
    image::{Filter, resize_gray, resize_rgb},
    onnx::{Dim, Input, LoadedModel, ModelError, RunControl, Signature, TensorInfo},
    store::ModelFacts,
    tool::ToolError,
};

/// How a picture and its hole go in.
#[derive(Clone, Debug, PartialEq)]
enum Feed {
    /// `image [1, 3, h, w]` in 0..=1 and `mask [1, 1, h, w]`, 1 where the hole is (LaMa as `Carve/LaMa-ONNX` exports it).
    Two { image: String, mask: String },
    /// `[1, 4, h, w]`: the picture with the hole blackened, and the mask.
    One { input: String },
}

/// An inpainting model ready to be fed and read.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Family {
    feed: Feed,
    /// Width and height where the graph declares them.
    size: (Option<u32>, Option<u32>),
    most: u32,
}

/// Sides are multiples of this where the graph leaves them free: it halves the picture so often.
const MULTIPLE: u32 = 32;
/// Longest side that is fed there; the models were trained on 256 and hold to about this.
const MOST: u32 = 768;

impl Family {
    pub(super) fn of(model: &LoadedModel) -> Result<Self, ToolError> {
        let signature = model.model.signature();
        Self::read(signature, &model.facts).map_err(|why| {
            ToolError::internal(format!(
                "{} is no inpainting model that is known here: {why}. It has {}",
                model.id,
                signature.describe()
            ))
            .with_hint("known are LaMa exports with image and mask, or with both in one input of four channels")
        })
    }

    /// The same from what a file declares; the error says what does not fit.
    pub(super) fn read(signature: &Signature, facts: &ModelFacts) -> Result<Self, String> {
        let channels = |info: &TensorInfo| match info.dims.as_slice() {
            [_, Dim::Fixed(channels), _, _] => Some(*channels),
            _ => None,
        };
        let of = |count: usize| signature.inputs.iter().find(|input| channels(input) == Some(count));
        let (feed, picture) = match (signature.inputs.as_slice(), of(3), of(1), of(4)) {
            ([_, _], Some(image), Some(mask), _) => {
                (Feed::Two { image: image.name.clone(), mask: mask.name.clone() }, image)
            }
            ([one], _, _, Some(_)) => (Feed::One { input: one.name.clone() }, one),
            _ => return Err("its inputs are not image [1, 3, h, w] and mask [1, 1, h, w], nor one [1, 4, h, w]".into()),
        };
        let is_picture = |info: &TensorInfo| matches!(info.dims.as_slice(), [_, Dim::Fixed(3) | Dim::Free(_), _, _]);
        if !signature.outputs.first().is_some_and(is_picture) {
            return Err("its first output is no picture [1, 3, h, w]".into());
        }
        let side = |dim: &Dim| match dim {
            Dim::Fixed(size) => u32::try_from(*size).ok(),
            Dim::Free(_) => None,
        };
        let size = (side(&picture.dims[3]), side(&picture.dims[2]));
        Ok(Self { feed, size, most: facts.size.unwrap_or(MOST) })
    }

    /// Width and height where the graph declares them.
    pub(super) fn declared(&self) -> Option<[u32; 2]> {
        Some([self.size.0?, self.size.1?])
    }

    /// The square with its hole (above 0 in `mask`) filled, at its own size.
    pub(super) fn run(
        &self,
        model: &LoadedModel,
        part: &RgbImage,
        mask: &GrayImage,
        control: &RunControl,
    ) -> Result<RgbImage, ToolError> {
        let side = |declared: Option<u32>, own: u32| {
            declared.unwrap_or_else(|| own.min(self.most).next_multiple_of(MULTIPLE).max(2 * MULTIPLE))
        };
        let (width, height) = (side(self.size.0, part.width()), side(self.size.1, part.height()));
        let fitted = resize_rgb(part, width, height, Filter::Bilinear);
        let hole = resize_gray(mask, width, height, Filter::Bilinear);
        let (rows, columns) = (height as usize, width as usize);
        let open = |y: usize, x: usize| hole.get_pixel(x as u32, y as u32).0[0] > 0;
        let picture = Array4::from_shape_fn((1, 3, rows, columns), |(_, channel, y, x)| {
            // Black where the hole is, as LaMa was trained: some exports blacken it themselves, others do not.
            if open(y, x) { 0.0 } else { f32::from(fitted.get_pixel(x as u32, y as u32).0[channel]) / 255.0 }
        });
        let mask = Array4::from_shape_fn((1, 1, rows, columns), |(_, _, y, x)| f32::from(u8::from(open(y, x))));
        let mut filled = RgbImage::new(width, height);
        let mut read = |outputs: &crate::onnx::Outputs<'_>| {
            let output = outputs.f32_at(0)?;
            let shape = output.shape().to_vec();
            let wrong = || {
                ModelError::new(format!(
                    "the filled picture has the shape {shape:?}, expected [1, 3, {rows}, {columns}]"
                ))
            };
            if shape != [1, 3, rows, columns] {
                return Err(wrong());
            }
            let planes = output.index_axis_move(Axis(0), 0).into_dimensionality::<Ix3>().map_err(|_| wrong())?;
            let known = |(channel, y, x): (usize, usize, usize)| (!open(y, x)).then(|| picture[[0, channel, y, x]]);
            let factor = factor(planes.indexed_iter().map(|(at, value)| (*value, known(at))));
            filled = RgbImage::from_fn(width, height, |x, y| {
                Rgb([0, 1, 2].map(|channel| {
                    (planes[[channel, y as usize, x as usize]] * factor).round().clamp(0.0, 255.0) as u8
                }))
            });
            Ok(())
        };
        match &self.feed {
            Feed::Two { image, mask: name } => {
                let inputs = [
                    (image.as_str(), Input::F32(picture.view().into_dyn())),
                    (name.as_str(), Input::F32(mask.view().into_dyn())),
                ];
                model.model.run(&inputs, control, &mut read)?;
            }
            Feed::One { input } => {
                let mut both = Array4::zeros((1, 4, rows, columns));
                both.slice_mut(s![.., ..3, .., ..]).assign(&picture);
                both.slice_mut(s![.., 3.., .., ..]).assign(&mask);
                model.model.run(&[(input.as_str(), Input::F32(both.view().into_dyn()))], control, &mut read)?;
            }
        }
        Ok(resize_rgb(&filled, part.width(), part.height(), Filter::Bicubic))
    }
}

/// What brings values to 0..=255: exports differ in giving 0..=1 or 0..=255. Above 2 they are bytes; a dark picture is told by
/// what it should be where there is no hole.
fn factor(values: impl Iterator<Item = (f32, Option<f32>)>) -> f32 {
    let (mut most, mut as_share, mut as_bytes) = (0.0_f32, 0.0_f64, 0.0_f64);
    for (value, known) in values {
        most = most.max(value);
        if let Some(known) = known {
            as_share += f64::from((value - known).abs());
            as_bytes += f64::from((value / 255.0 - known).abs());
        }
    }
    if most > 2.0 || as_bytes < as_share { 1.0 } else { 255.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_and_bytes_are_told_apart_in_the_dark_too() {
        let of = |values: &[(f32, Option<f32>)]| factor(values.iter().copied());
        assert!((of(&[(200.0, Some(0.78)), (3.0, None)]) - 1.0).abs() < 1e-6);
        assert!((of(&[(0.8, Some(0.79)), (1.02, None)]) - 255.0).abs() < 1e-6);
        assert!((of(&[(1.0, Some(0.004)), (0.9, None)]) - 1.0).abs() < 1e-6, "one step above black, as bytes");
        assert!((of(&[(0.004, Some(0.004)), (0.01, None)]) - 255.0).abs() < 1e-6);
    }
}
