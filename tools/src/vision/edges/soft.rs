//! Soft edges by a network of the user's own: HED, PiDiNet, DexiNed and their like, `[1, 3, H, W]` to `[1, 1, h, w]`.

use image::{GrayImage, Luma, RgbImage};
use imageproc::{distance_transform::Norm, morphology::dilate};

use crate::{
    onnx::{Input, LoadedModel, ModelError, RunControl},
    tool::ToolError,
    vision::input::{declared, gray, plane, stretched},
};

/// Longest side where the graph leaves it free, in pixels.
const LONGEST: f32 = 1024.0;
/// Free sides are multiples of this: the networks halve them four times.
const MULTIPLE: f32 = 16.0;

/// How surely there is an edge, 0..=255, at the picture's size. Of several outputs the last is taken: HED and DexiNed give their
/// levels first and the fused map at the end. Values outside 0..=1 are taken for logits. Blocking.
pub(super) fn soft(model: &LoadedModel, image: &RgbImage, control: &RunControl) -> Result<GrayImage, ToolError> {
    let signature = model.model.signature();
    let [input] = signature.inputs.as_slice() else {
        return Err(ToolError::internal(format!(
            "{} is no edge model: it should have one input [1, 3, height, width]. It has {}",
            model.id,
            signature.describe()
        )));
    };
    let (width, height) = image.dimensions();
    let shrink = (LONGEST / width.max(height) as f32).min(1.0);
    let free = |side: u32| ((side as f32 * shrink / MULTIPLE).round().max(1.0) * MULTIPLE) as u32;
    let size = declared(input, (free(width), free(height)));
    let (tensor, _) = stretched(&model.facts, size, ([0.0; 3], [1.0; 3])).apply(image);
    let (mut map, mut size) = (Vec::new(), (0, 0));
    model.model.run(&[(input.name.as_str(), Input::F32(tensor.view().into_dyn()))], control, &mut |outputs| {
        let output = outputs.f32_at(outputs.len().saturating_sub(1))?;
        let (shape, last) = (output.shape(), output.ndim().saturating_sub(2));
        if shape[..last].iter().any(|count| *count != 1) {
            return Err(ModelError::new(format!(
                "the edge map has the shape {shape:?}, expected [1, 1, height, width]"
            )));
        }
        let plane = plane(output, "edge map", "[1, 1, height, width]")?;
        size = (plane.ncols() as u32, plane.nrows() as u32);
        let logits = plane.iter().any(|value| !(-1e-4..=1.0001).contains(value));
        map = plane.iter().map(|value| if logits { 1.0 / (1.0 + (-value).exp()) } else { *value }).collect();
        Ok(())
    })?;
    gray(&map, size, (width, height), "edge map")
}

/// Thick white strokes on black from any edge map: what is surer than `least`, drawn `stroke` pixels wide.
pub(super) fn scribble(edges: &GrayImage, least: u8, stroke: u8) -> GrayImage {
    let mut strokes = edges.clone();
    for pixel in strokes.pixels_mut() {
        *pixel = Luma([if pixel.0[0] > least { 255 } else { 0 }]);
    }
    if strokes.width() < 3 || strokes.height() < 3 {
        return strokes;
    }
    dilate(&strokes, Norm::L2, stroke / 2)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a failed set-up fails the test")]

    use image::Rgb;
    use ndarray::{Array, IxDyn};

    use super::*;
    use crate::{
        onnx::{
            ElementType, Signature,
            fake::{FakeModel, FakeOutput, tensor},
        },
        store::ModelFacts,
    };

    /// Gives a level of nothing and then logits that say where the picture is bright.
    fn model(dims: [usize; 4], output: [usize; 4]) -> LoadedModel {
        let signature = Signature {
            inputs: vec![tensor("image", ElementType::F32, &dims)],
            outputs: vec![tensor("level", ElementType::F32, &output), tensor("fused", ElementType::F32, &output)],
            ..Signature::default()
        };
        FakeModel::loaded(signature, ModelFacts::default(), move |input| {
            let (height, width) = (input.shape()[2], input.shape()[3]);
            let shape = [1, output[1], height, width];
            let fused =
                Array::from_shape_fn(IxDyn(&shape), |at| if input[[0, 0, at[2], at[3]]] > 0.5 { 9.0 } else { -9.0 });
            vec![("level", FakeOutput::F32(Array::zeros(IxDyn(&shape)))), ("fused", FakeOutput::F32(fused))]
        })
    }

    #[test]
    fn the_fused_map_comes_back_at_the_pictures_size() {
        let photo = RgbImage::from_fn(50, 30, |x, _| if x < 25 { Rgb([255; 3]) } else { Rgb([0; 3]) });
        for dims in [[1, 3, 0, 0], [1, 3, 64, 64]] {
            let map = soft(&model(dims, [1, 1, 0, 0]), &photo, &RunControl::new()).unwrap();
            assert_eq!(map.dimensions(), (50, 30));
            assert!(map.get_pixel(5, 15).0[0] > 250 && map.get_pixel(45, 15).0[0] < 5);
        }
        assert_eq!(
            soft(&model([1, 3, 0, 0], [1, 1, 0, 0]), &RgbImage::new(1, 1), &RunControl::new()).unwrap().width(),
            1
        );
    }

    #[test]
    fn a_map_of_two_channels_is_refused() {
        let error = soft(&model([1, 3, 0, 0], [1, 2, 0, 0]), &RgbImage::new(20, 20), &RunControl::new()).unwrap_err();
        assert!(error.message.contains("[1, 2, 16, 16], expected [1, 1, height, width]"), "{error}");
    }

    #[test]
    fn a_scribble_is_thick() {
        let mut edges = GrayImage::new(21, 21);
        (0..21).for_each(|y| edges.put_pixel(10, y, Luma([200])));
        let strokes = scribble(&edges, 127, 4);
        let across = (0..21).filter(|x| strokes.get_pixel(*x, 10).0[0] == 255).count();
        assert_eq!(across, 5);
        assert_eq!(scribble(&GrayImage::new(1, 1), 127, 4).dimensions(), (1, 1));
    }
}
