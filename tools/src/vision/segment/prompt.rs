//! The object at a point or in a box: Segment Anything (SAM, SlimSAM) and its successors (SAM 2, EdgeTAM), as two graphs. The
//! first turns a picture into an embedding, the second answers any number of prompts from it.

use std::sync::Arc;

use image::{GrayImage, RgbImage};
use ndarray::{Array3, Array4, ArrayView1, ArrayView2, ArrayView3, Axis, Ix3, s};

use super::{
    bilinear::Grown,
    embedding::{Embedding, remembered},
    frame::{Frame, Layout},
    network::{planes, stretched, unfit},
};
use crate::{
    geom::BBox,
    onnx::{Dim, Input, LoadedModel, ModelError, Outputs, RunControl},
    tool::ToolError,
};

/// The role of models that segment what a point or a box shows.
pub const PROMPT: &str = "segment_prompt";
/// The graph that looks at the picture.
pub const ENCODER: &str = "segment_prompt-vision_encoder";
/// The graph that answers prompts.
pub const DECODER: &str = "segment_prompt-prompt_encoder_mask_decoder";

/// Input side where neither the graph nor the settings say one.
const USUAL_SIDE: u32 = 1024;
/// Inputs of the decoder that are prompts; all others come from the encoder.
const PROMPTS: [&str; 3] = ["input_points", "input_labels", "input_boxes"];

/// What is asked for, in pixels of the picture. Points and box mean the same object.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Prompt {
    /// Points on the object.
    pub points: Vec<[f32; 2]>,
    /// A box around it.
    pub bbox: Option<BBox>,
}

/// The best mask of a prompt.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The model's own estimate of how well the mask fits, about 0 to 1.
    pub score: f32,
    /// 255 on the object, 0 elsewhere, of the picture's size.
    pub mask: GrayImage,
}

/// The two graphs of a model that takes prompts.
pub struct Promptable {
    encoder: Arc<LoadedModel>,
    decoder: Arc<LoadedModel>,
    layout: Layout,
    takes_boxes: bool,
    /// Width and height of the encoder's input.
    side: (u32, u32),
}

impl Promptable {
    /// Checks that the graphs belong together; the error names the tensors that do not fit.
    ///
    /// `encoder`: `pixel_values` f32 `[1, 3, H, W]` to embeddings under any names. `decoder`: the embeddings under the same
    /// names, `input_points` f32 `[1, P, N, 2]`, `input_labels` i64 `[1, P, N]` and perhaps `input_boxes` f32 `[1, K, 4]`, to
    /// `iou_scores` `[1, P, 3]` and `pred_masks` `[1, P, 3, h, w]`. With `image_positional_embeddings` it is a SAM, which
    /// pads the picture; without it a SAM 2, which stretches it.
    pub fn new(encoder: Arc<LoadedModel>, decoder: Arc<LoadedModel>) -> Result<Self, ToolError> {
        let (sees, answers) = (encoder.model.signature(), decoder.model.signature());
        let [pixels] = sees.inputs.as_slice() else {
            return Err(unfit(&encoder, ENCODER, "expected one picture as input"));
        };
        if pixels.dims.len() != 4 {
            return Err(unfit(&encoder, ENCODER, "its input is no picture [batch, 3, height, width]"));
        }
        let given = |name: &str| sees.outputs.iter().any(|output| output.name == name);
        let takes = |name: &str| answers.inputs.iter().any(|input| input.name == name);
        if let Some(unfed) = answers.inputs.iter().find(|i| !PROMPTS.contains(&i.name.as_str()) && !given(&i.name)) {
            let names: Vec<&str> = sees.outputs.iter().map(|output| output.name.as_str()).collect();
            let why = format!("the encoder gives {}, not its input {}", names.join(", "), unfed.name);
            return Err(unfit(&decoder, DECODER, &why));
        }
        for name in ["input_points", "input_labels"] {
            if !takes(name) {
                return Err(unfit(&decoder, DECODER, &format!("it has no input {name}")));
            }
        }
        for name in ["iou_scores", "pred_masks"] {
            if !answers.outputs.iter().any(|output| output.name == name) {
                return Err(unfit(&decoder, DECODER, &format!("it has no output {name}")));
            }
        }
        let layout = if takes("image_positional_embeddings") { Layout::Padded } else { Layout::Stretched };
        let takes_boxes = takes("input_boxes");
        let usual = encoder.facts.size.unwrap_or(USUAL_SIDE);
        let side = |index: usize| match pixels.dims[index] {
            Dim::Fixed(size) => u32::try_from(size).unwrap_or(usual),
            Dim::Free(_) => usual,
        };
        let side = (side(3), side(2));
        Ok(Self { encoder, decoder, layout, takes_boxes, side })
    }

    /// The encoder's input f32 `[1, 3, height, width]` of a picture.
    pub fn pixels(&self, image: &RgbImage) -> Array4<f32> {
        let frame = Frame::new(self.layout, self.side, image.dimensions());
        let (inner, _) = stretched(&self.encoder.facts, frame.inner).apply(image);
        if frame.inner == frame.input {
            return inner;
        }
        // The padding is 0 after normalisation.
        let mut padded = Array4::zeros((1, 3, frame.input.1 as usize, frame.input.0 as usize));
        padded.slice_mut(s![.., .., ..frame.inner.1 as usize, ..frame.inner.0 as usize]).assign(&inner);
        padded
    }

    /// What the encoder makes of a picture; of the same picture only once, while it is among the last few. Blocking.
    pub fn embedding(&self, image: &RgbImage, control: &RunControl) -> Result<Arc<Embedding>, ToolError> {
        remembered(&self.encoder, image, || {
            let pixels = self.pixels(image);
            let name = self.encoder.model.signature().inputs[0].name.as_str();
            let mut tensors = Vec::new();
            let view = Input::F32(pixels.view().into_dyn());
            self.encoder.model.run(&[(name, view)], control, &mut |outputs| {
                for output in &self.encoder.model.signature().outputs {
                    tensors.push((output.name.clone(), outputs.f32(&output.name)?.to_owned()));
                }
                Ok(())
            })?;
            Ok(Embedding { tensors })
        })
    }

    /// The mask of the object that a prompt means. Blocking.
    ///
    /// Of the three masks that the model offers the one with the best score is taken; for a box that the model cannot be
    /// told, the one around the box's centre that fits the box best.
    pub fn answer(
        &self,
        embedding: &Embedding,
        picture: (u32, u32),
        prompt: &Prompt,
        control: &RunControl,
    ) -> Result<Answer, ToolError> {
        let frame = Frame::new(self.layout, self.side, picture);
        let mut points: Vec<[f32; 2]> = prompt.points.iter().map(|point| frame.point(*point)).collect();
        let bbox = prompt.bbox.map(|bbox| {
            let ([x1, y1], [x2, y2]) = (frame.point([bbox.x1, bbox.y1]), frame.point([bbox.x2, bbox.y2]));
            BBox { x1, y1, x2, y2 }
        });
        let untold = bbox.filter(|_| !self.takes_boxes);
        if let (Some(bbox), true) = (untold, points.is_empty()) {
            points.push(bbox.center().into());
        }
        let mut chosen = None;
        self.ask(embedding, &points, bbox, control, &mut |outputs| {
            let scores = outputs.f32("iou_scores")?;
            let scores: Vec<f32> = scores.iter().copied().collect();
            let masks = offered(outputs)?;
            if scores.len() != masks.dim().0 {
                let (given, shapes) = (scores.len(), masks.dim().0);
                return Err(ModelError::new(format!("the model answered {shapes} masks with {given} scores")));
            }
            let best = match untold {
                Some(bbox) => fitting(&masks, &scores, bbox, frame.input),
                None => first_best(scores.iter().copied()),
            };
            let mask = masks.index_axis(Axis(0), best);
            chosen = Some((scores[best], mask.dim(), mask.iter().copied().collect::<Vec<f32>>()));
            Ok(())
        })?;
        let Some((score, (rows, columns), logits)) = chosen else {
            return Err(ToolError::internal("the model gave no mask"));
        };
        control.check()?;
        let mask = self.full_size(&logits, (columns, rows), &frame, control)?;
        Ok(Answer { score, mask })
    }

    fn ask(
        &self,
        embedding: &Embedding,
        points: &[[f32; 2]],
        bbox: Option<BBox>,
        control: &RunControl,
        read: &mut dyn FnMut(&Outputs<'_>) -> Result<(), ModelError>,
    ) -> Result<(), ToolError> {
        let count = points.len();
        let coordinates = Array4::from_shape_fn((1, 1, count, 2), |(_, _, point, axis)| points[point][axis]);
        let labels = Array3::<i64>::ones((1, 1, count));
        let corners: Vec<f32> = bbox.map(<[f32; 4]>::from).into_iter().flatten().collect();
        let boxes = Array3::from_shape_fn((1, corners.len() / 4, 4), |(_, _, corner)| corners[corner]);
        let mut inputs = vec![
            ("input_points", Input::F32(coordinates.view().into_dyn())),
            ("input_labels", Input::I64(labels.view().into_dyn())),
        ];
        if self.takes_boxes {
            inputs.push(("input_boxes", Input::F32(boxes.view().into_dyn())));
        }
        let signature = self.decoder.model.signature();
        for (name, tensor) in &embedding.tensors {
            if signature.inputs.iter().any(|input| input.name == *name) {
                inputs.push((name, Input::F32(tensor.view())));
            }
        }
        Ok(self.decoder.model.run(&inputs, control, read)?)
    }

    /// The mask in the picture's size: above 0, grown straight or, where the picture was padded, by way of the input's size.
    fn full_size(
        &self,
        logits: &[f32],
        size: (usize, usize),
        frame: &Frame,
        control: &RunControl,
    ) -> Result<GrayImage, ToolError> {
        let (inner_width, inner_height) = (frame.inner.0 as usize, frame.inner.1 as usize);
        let mut part = Vec::new();
        let (logits, size) = match self.layout {
            Layout::Stretched => (logits, size),
            Layout::Padded => {
                Grown::new(logits, size, frame.input).each_row(control, |y, row| {
                    if y < inner_height {
                        part.extend_from_slice(&row[..inner_width]);
                    }
                })?;
                (part.as_slice(), (inner_width, inner_height))
            }
        };
        let mut mask = Vec::with_capacity(frame.picture.0 as usize * frame.picture.1 as usize);
        Grown::new(logits, size, frame.picture).each_row(control, |_, row| {
            mask.extend(row.iter().map(|logit| if *logit > 0.0 { 255 } else { 0 }));
        })?;
        GrayImage::from_raw(frame.picture.0, frame.picture.1, mask)
            .ok_or_else(|| ToolError::internal("the mask does not fit the picture"))
    }
}

/// The masks `[3, h, w]` of the first prompt.
fn offered<'a>(outputs: &'a Outputs<'_>) -> Result<ArrayView3<'a, f32>, ModelError> {
    let masks = outputs.f32("pred_masks")?;
    if masks.ndim() == 5 && !masks.is_empty() {
        let first = masks.index_axis_move(Axis(0), 0).index_axis_move(Axis(0), 0);
        return first.into_dimensionality::<Ix3>().map_err(|error| ModelError::new(error.to_string()));
    }
    planes(masks, "pred_masks")
}

/// The position of the greatest value; of equals the first.
fn first_best(values: impl Iterator<Item = f32>) -> usize {
    values
        .enumerate()
        .fold((0, f32::NEG_INFINITY), |best, (at, value)| if value > best.1 { (at, value) } else { best })
        .0
}

/// The mask whose extent has most in common with a box of the input; of equals the one with the better score.
fn fitting(masks: &ArrayView3<'_, f32>, scores: &[f32], bbox: BBox, input: (u32, u32)) -> usize {
    let fits = masks.outer_iter().zip(scores).map(|(mask, score)| {
        let overlap = extent(&mask, input).map_or(0.0, |extent| extent.iou(&bbox));
        // A thousandth of the score decides only between masks that fit alike.
        overlap + score.clamp(0.0, 1.0) / 1000.0
    });
    first_best(fits)
}

/// The box around all that is above 0, in pixels of the input.
fn extent(mask: &ArrayView2<'_, f32>, input: (u32, u32)) -> Option<BBox> {
    let inside = |line: ArrayView1<'_, f32>| line.iter().any(|logit| *logit > 0.0);
    let range = |axis: usize| {
        let mut lines = mask.axis_iter(Axis(axis)).enumerate().filter(|(_, line)| inside(*line)).map(|(at, _)| at);
        let first = lines.next()?;
        Some((first, lines.last().unwrap_or(first) + 1))
    };
    let ((top, bottom), (left, right)) = (range(0)?, range(1)?);
    let (across, down) = (input.0 as f32 / mask.ncols() as f32, input.1 as f32 / mask.nrows() as f32);
    Some(BBox { x1: left as f32 * across, y1: top as f32 * down, x2: right as f32 * across, y2: bottom as f32 * down })
}
