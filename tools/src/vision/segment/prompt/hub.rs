//! The layout of the hub: SAM, SlimSAM, SAM 2 and EdgeTAM as transformers.js has them.

use ndarray::{Array3, Array4, ArrayView1, ArrayView2, ArrayView3, Axis, Ix3};

use super::{Chosen, DECODER, Question, first_best};
use crate::{
    geom::BBox,
    onnx::{Input, LoadedModel, ModelError, Outputs, RunControl},
    tool::ToolError,
    vision::segment::{
        embedding::Embedding,
        frame::Layout,
        network::{planes, unfit},
    },
};

/// Inputs of the decoder that are prompts; all others come from the encoder.
const PROMPTS: [&str; 3] = ["input_points", "input_labels", "input_boxes"];

/// What differs within the layout.
#[derive(Clone, Copy, Debug)]
pub(super) struct Hub {
    pub(super) layout: Layout,
    takes_boxes: bool,
}

impl Hub {
    /// Checks that the decoder answers from what the encoder gives. With `image_positional_embeddings` it is a SAM, which pads
    /// the picture; without it a SAM 2, which stretches it.
    pub(super) fn of(encoder: &LoadedModel, decoder: &LoadedModel) -> Result<Self, ToolError> {
        let (sees, answers) = (encoder.model.signature(), decoder.model.signature());
        let given = |name: &str| sees.outputs.iter().any(|output| output.name == name);
        let takes = |name: &str| answers.inputs.iter().any(|input| input.name == name);
        if let Some(unfed) = answers.inputs.iter().find(|i| !PROMPTS.contains(&i.name.as_str()) && !given(&i.name)) {
            let names: Vec<&str> = sees.outputs.iter().map(|output| output.name.as_str()).collect();
            let why = format!("the encoder gives {}, not its input {}", names.join(", "), unfed.name);
            return Err(unfit(decoder, DECODER, &why));
        }
        for name in ["input_points", "input_labels"] {
            if !takes(name) {
                return Err(unfit(decoder, DECODER, &format!("it has no input {name}")));
            }
        }
        for name in ["iou_scores", "pred_masks"] {
            if !answers.outputs.iter().any(|output| output.name == name) {
                return Err(unfit(decoder, DECODER, &format!("it has no output {name}")));
            }
        }
        let layout = if takes("image_positional_embeddings") { Layout::Padded } else { Layout::Stretched };
        Ok(Self { layout, takes_boxes: takes("input_boxes") })
    }

    /// Of the three masks that the model offers the one with the best score; for a box that the model cannot be told, the one
    /// around the box's center that fits the box best.
    pub(super) fn ask(
        self,
        decoder: &LoadedModel,
        embedding: &Embedding,
        question: &Question,
        control: &RunControl,
    ) -> Result<Chosen, ToolError> {
        let untold = question.bbox.filter(|_| !self.takes_boxes);
        let mut points = question.points.clone();
        if let (Some(bbox), true) = (untold, points.is_empty()) {
            points.push(bbox.center().into());
        }
        let coordinates = Array4::from_shape_fn((1, 1, points.len(), 2), |(_, _, point, axis)| points[point][axis]);
        let labels = Array3::<i64>::ones((1, 1, points.len()));
        let corners: Vec<f32> = question.bbox.map(<[f32; 4]>::from).into_iter().flatten().collect();
        let boxes = Array3::from_shape_fn((1, corners.len() / 4, 4), |(_, _, corner)| corners[corner]);
        let mut inputs = vec![
            ("input_points", Input::F32(coordinates.view().into_dyn())),
            ("input_labels", Input::I64(labels.view().into_dyn())),
        ];
        if self.takes_boxes {
            inputs.push(("input_boxes", Input::F32(boxes.view().into_dyn())));
        }
        let signature = decoder.model.signature();
        for (name, tensor) in &embedding.tensors {
            if signature.inputs.iter().any(|input| input.name == *name) {
                inputs.push((name, Input::F32(tensor.view())));
            }
        }
        let mut chosen = None;
        decoder.model.run(&inputs, control, &mut |outputs| {
            let scores: Vec<f32> = outputs.f32("iou_scores")?.iter().copied().collect();
            let masks = offered(outputs)?;
            let best = match untold {
                Some(bbox) => fitting(&masks, &scores, bbox, question.frame.input),
                None => first_best(scores.iter().copied()),
            };
            chosen = Some(Chosen::of(&masks, &scores, best, self.layout)?);
            Ok(())
        })?;
        chosen.ok_or_else(|| ToolError::internal("the model gave no mask"))
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
