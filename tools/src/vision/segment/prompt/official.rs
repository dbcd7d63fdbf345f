//! The layout of SAM's authors, in which MobileSAM, EfficientViT-SAM and others of its kin come too: points and boxes as one list
//! of labelled points. Source: `SamOnnxModel` and `SamPredictor` of the package segment-anything 1.0.

use image::RgbImage;
use ndarray::{Array1, Array2, Array3, Array4, ArrayD};

use super::{Chosen, DECODER, ENCODER, Question, first_best};
use crate::{
    image::{Filter, resize_rgb},
    onnx::{Dim, Input, LoadedModel, RunControl, Signature, TensorInfo},
    tool::ToolError,
    vision::segment::{
        embedding::Embedding,
        frame::{Frame, Layout},
        network::{planes, unfit},
    },
};

const EMBEDDINGS: &str = "image_embeddings";
/// All inputs of such a decoder.
const INPUTS: [&str; 6] = [EMBEDDINGS, "point_coords", "point_labels", "mask_input", "has_mask_input", "orig_im_size"];
/// Masks before they are grown to the picture.
const SMALL: &str = "low_res_masks";
const WHOLE: &str = "masks";
const SCORES: &str = "iou_predictions";

/// Labels of points.
const ON_THE_OBJECT: f32 = 1.0;
const TOP_LEFT: f32 = 2.0;
const BOTTOM_RIGHT: f32 = 3.0;
/// No point: the decoder was trained with one where there is no box.
const NONE: f32 = -1.0;

/// The mean of ImageNet's pixels: padding of this color is 0 once a graph has normalized it.
const MEAN: [f32; 3] = [123.675, 116.28, 103.53];

/// What differs within the layout.
#[derive(Clone, Debug)]
pub(super) struct Official {
    /// The encoder's output.
    embeddings: String,
    /// Which masks are read.
    masks: &'static str,
    /// Whether the decoder wants to be told an earlier mask.
    wants: [bool; 3],
}

impl Official {
    /// Whether a decoder is one of this layout.
    pub(super) fn is(decoder: &Signature) -> bool {
        decoder.inputs.iter().any(|input| input.name == "point_coords")
    }

    /// Checks that the graphs belong together. The encoder has one output `[1, channels, height, width]` of any name, which is
    /// the decoder's `image_embeddings`.
    pub(super) fn of(encoder: &LoadedModel, decoder: &LoadedModel) -> Result<Self, ToolError> {
        let (sees, answers) = (encoder.model.signature(), decoder.model.signature());
        let takes = |name: &str| answers.inputs.iter().any(|input| input.name == name);
        if let Some(unfed) = answers.inputs.iter().find(|input| !INPUTS.contains(&input.name.as_str())) {
            return Err(unfit(decoder, DECODER, &format!("its input {} is not understood", unfed.name)));
        }
        if let Some(name) = INPUTS[..3].iter().find(|name| !takes(name)) {
            return Err(unfit(decoder, DECODER, &format!("it has no input {name}")));
        }
        let gives = |name: &str| answers.outputs.iter().any(|output| output.name == name);
        let masks = if gives(SMALL) { SMALL } else { WHOLE };
        if let Some(name) = [masks, SCORES].into_iter().find(|name| !gives(name)) {
            return Err(unfit(decoder, DECODER, &format!("it has no output {name}")));
        }
        let named = sees.outputs.iter().find(|output| output.name == EMBEDDINGS);
        let only = || sees.outputs.first().filter(|output| sees.outputs.len() == 1 && output.dims.len() == 4);
        let Some(embeddings) = named.or_else(only) else {
            let why = format!("it gives no {EMBEDDINGS} [1, channels, height, width] that the decoder could take");
            return Err(unfit(encoder, ENCODER, &why));
        };
        Ok(Self {
            embeddings: embeddings.name.clone(),
            masks,
            wants: [takes("mask_input"), takes("has_mask_input"), takes("orig_im_size")],
        })
    }

    /// The answer by the exporter's own rule (`select_masks`): of four masks the first is for prompts of several points; for
    /// one point or a box, which may mean a thing or a part of it, the surest of the others.
    pub(super) fn ask(
        &self,
        decoder: &LoadedModel,
        embedding: &Embedding,
        question: &Question,
        control: &RunControl,
    ) -> Result<Chosen, ToolError> {
        let Some((_, embeddings)) = embedding.tensors.iter().find(|(name, _)| *name == self.embeddings) else {
            return Err(ToolError::internal(format!("the encoder gave no {}", self.embeddings)));
        };
        let told = told(question);
        let coordinates = Array3::from_shape_fn((1, told.len(), 2), |(_, point, axis)| told[point].0[axis]);
        let labels = Array2::from_shape_fn((1, told.len()), |(_, point)| told[point].1);
        let mask = Array4::<f32>::zeros(mask_shape(decoder, embeddings));
        let has_mask = Array1::<f32>::zeros(1);
        // The graph is told the size of the picture within its input: what it grows to the picture's own size, all its masks, may
        // fill the memory, and one is enough. It takes the same way: by the input's size, without the padding.
        let (width, height) = question.frame.inner;
        let size = Array1::from(vec![height as f32, width as f32]);
        let mut inputs = vec![
            (EMBEDDINGS, Input::F32(embeddings.view())),
            ("point_coords", Input::F32(coordinates.view().into_dyn())),
            ("point_labels", Input::F32(labels.view().into_dyn())),
        ];
        let others = [mask.view().into_dyn(), has_mask.view().into_dyn(), size.view().into_dyn()];
        for ((name, tensor), wanted) in INPUTS[3..].iter().zip(others).zip(self.wants) {
            if wanted {
                inputs.push((name, Input::F32(tensor)));
            }
        }
        let layout = if self.masks == SMALL { Layout::Padded } else { Layout::Stretched };
        let mut chosen = None;
        decoder.model.run(&inputs, control, &mut |outputs| {
            let scores: Vec<f32> = outputs.f32(SCORES)?.iter().copied().collect();
            let masks = planes(outputs.f32(self.masks)?, self.masks)?;
            let best = match scores.len() {
                0..=3 => first_best(scores.iter().copied()),
                _ if told.len() > 2 => 0,
                _ => 1 + first_best(scores[1..].iter().copied()),
            };
            chosen = Some(Chosen::of(&masks, &scores, best, layout)?);
            Ok(())
        })?;
        chosen.ok_or_else(|| ToolError::internal("the model gave no mask"))
    }
}

/// The points of a question with their labels, the corners of its box last.
fn told(question: &Question) -> Vec<([f32; 2], f32)> {
    let mut told: Vec<([f32; 2], f32)> = question.points.iter().map(|point| (*point, ON_THE_OBJECT)).collect();
    match question.bbox {
        Some(bbox) => told.extend([([bbox.x1, bbox.y1], TOP_LEFT), ([bbox.x2, bbox.y2], BOTTOM_RIGHT)]),
        None => told.push(([0.0; 2], NONE)),
    }
    told
}

/// The shape of an earlier mask: as declared, else four times the sides of the embeddings.
fn mask_shape(decoder: &LoadedModel, embeddings: &ArrayD<f32>) -> (usize, usize, usize, usize) {
    let info = decoder.model.signature().inputs.iter().find(|input| input.name == "mask_input");
    let side = |index: usize| match info.and_then(|info| info.dims.get(index)) {
        Some(Dim::Fixed(size)) => *size,
        _ => embeddings.shape().get(index).map_or(1, |side| 4 * side),
    };
    (1, 1, side(2), side(3))
}

/// Whether an input takes rows of pixels from 0 to 255, `[height, width, 3]`, and does all else itself.
pub(super) fn takes_rows(input: &TensorInfo) -> bool {
    input.dims.len() == 3 && input.dims.last() == Some(&Dim::Fixed(3))
}

/// Rows of pixels f32 `[height, width, 3]` from 0 to 255, padded right and bottom where the graph declares its size.
pub(super) fn rows(input: &TensorInfo, frame: &Frame, image: &RgbImage) -> ArrayD<f32> {
    let (width, height) = frame.inner;
    let resized = resize_rgb(image, width, height, Filter::Bilinear);
    let side = |index: usize, inner: u32| match input.dims[index] {
        Dim::Fixed(size) => size,
        Dim::Free(_) => inner as usize,
    };
    Array3::from_shape_fn((side(0, height), side(1, width), 3), |(y, x, channel)| {
        let pixel = resized.get_pixel_checked(x as u32, y as u32);
        pixel.map_or(MEAN[channel], |pixel| f32::from(pixel.0[channel]))
    })
    .into_dyn()
}

#[cfg(test)]
mod tests {
    use image::Rgb;

    use super::*;
    use crate::{
        geom::BBox,
        onnx::{ElementType, fake::tensor},
    };

    #[test]
    fn a_box_is_two_points_and_its_absence_one() {
        let frame = Frame::new(Layout::Padded, (64, 64), (64, 64));
        let bbox = BBox { x1: 1.0, y1: 2.0, x2: 3.0, y2: 4.0 };
        let labels = |points: &[[f32; 2]], bbox| {
            told(&Question { frame, points: points.to_vec(), bbox })
                .into_iter()
                .map(|(_, label)| label)
                .collect::<Vec<_>>()
        };
        assert_eq!(labels(&[[5.0, 6.0]], None), [1.0, -1.0]);
        assert_eq!(labels(&[], Some(bbox)), [2.0, 3.0]);
        assert_eq!(labels(&[[5.0, 6.0]], Some(bbox)), [1.0, 2.0, 3.0]);
    }

    #[test]
    fn rows_are_padded_only_where_the_graph_has_a_size() {
        let frame = Frame::new(Layout::Padded, (64, 64), (40, 20));
        let picture = RgbImage::from_pixel(40, 20, Rgb([9, 8, 7]));
        let free = tensor("input_image", ElementType::F32, &[0, 0, 3]);
        let fixed = tensor("input_image", ElementType::F32, &[64, 64, 3]);
        assert!(takes_rows(&free) && !takes_rows(&tensor("image", ElementType::F32, &[1, 3, 64, 64])));
        assert_eq!(rows(&free, &frame, &picture).shape(), [32, 64, 3]);
        let padded = rows(&fixed, &frame, &picture);
        assert_eq!(padded.shape(), [64, 64, 3]);
        assert_eq!([padded[[31, 63, 2]], padded[[32, 0, 2]]].map(f32::to_bits), [7.0_f32, 103.53].map(f32::to_bits));
    }
}
