//! The object at a point or in a box: Segment Anything (SAM, SlimSAM, MobileSAM) and its successors (SAM 2, EdgeTAM), as two
//! graphs. The first turns a picture into an embedding, the second answers any number of prompts from it.

mod files;
mod hub;
mod official;

use std::sync::Arc;

use image::{GrayImage, RgbImage};
use ndarray::{Array4, ArrayD, ArrayView3, Axis, s};

use self::{hub::Hub, official::Official};
use super::{
    bilinear::Grown,
    embedding::{Embedding, remembered},
    frame::{Frame, Layout},
    network::{stretched, unfit},
};
use crate::{
    geom::BBox,
    onnx::{Dim, Input, LoadedModel, ModelError, RunControl, TensorInfo},
    tool::{ToolCx, ToolError, ToolErrorKind},
};

/// The role of models that segment what a point or a box shows.
pub const PROMPT: &str = "segment_prompt";
/// The graph that looks at the picture, in the hub's layout.
pub const ENCODER: &str = "segment_prompt-vision_encoder";
/// The graph that answers prompts, in the hub's layout.
pub const DECODER: &str = "segment_prompt-prompt_encoder_mask_decoder";

/// Input side where neither the graph nor the settings say one.
const USUAL_SIDE: u32 = 1024;

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

/// A prompt in pixels of the encoder's input.
struct Question {
    frame: Frame,
    points: Vec<[f32; 2]>,
    bbox: Option<BBox>,
}

/// The mask that a model settled on.
struct Chosen {
    score: f32,
    /// Row by row; the object is where they are above 0.
    logits: Vec<f32>,
    /// Columns and rows of the logits.
    size: (usize, usize),
    /// How the picture lies in them.
    layout: Layout,
}

impl Chosen {
    /// One of masks `[count, height, width]` with their scores.
    fn of(masks: &ArrayView3<'_, f32>, scores: &[f32], index: usize, layout: Layout) -> Result<Self, ModelError> {
        let (count, rows, columns) = masks.dim();
        match scores.get(index) {
            Some(score) if scores.len() == count => {
                let logits = masks.index_axis(Axis(0), index).iter().copied().collect();
                Ok(Self { score: *score, logits, size: (columns, rows), layout })
            }
            _ => {
                let given = scores.len();
                Err(ModelError::new(format!("the model answered {count} masks with {given} scores")))
            }
        }
    }
}

/// How the decoder is asked.
enum Family {
    Hub(Hub),
    Official(Official),
}

/// The two graphs of a model that takes prompts.
pub struct Promptable {
    encoder: Arc<LoadedModel>,
    decoder: Arc<LoadedModel>,
    family: Family,
    /// The encoder's input.
    input: TensorInfo,
    /// Width and height of it.
    side: (u32, u32),
}

impl Promptable {
    /// The model that serves the role [`PROMPT`].
    pub async fn load(cx: &ToolCx) -> Result<Self, ToolError> {
        let [encoder, decoder] = match cx.files(PROMPT).await {
            Ok(installed) => files::graphs(&installed)?,
            // Each graph may be a model of its own.
            Err(error) if error.kind == ToolErrorKind::ModelUnavailable => [ENCODER, DECODER].map(str::to_owned),
            Err(error) => return Err(error),
        };
        Self::new(cx.model(&encoder).await?, cx.model(&decoder).await?)
    }

    /// Checks that the graphs belong together; the error names the tensors that do not fit.
    ///
    /// In the hub's layout `encoder` maps `pixel_values` f32 `[1, 3, H, W]` to embeddings under any names, and `decoder` the
    /// embeddings under the same names, `input_points` f32 `[1, P, N, 2]`, `input_labels` i64 `[1, P, N]` and perhaps
    /// `input_boxes` f32 `[1, K, 4]` to `iou_scores` `[1, P, 3]` and `pred_masks` `[1, P, 3, h, w]`.
    ///
    /// In the layout of SAM's authors `encoder` maps a picture to `image_embeddings` `[1, C, h, w]`: normalized planes f32
    /// `[1, 3, H, W]`, or rows of pixels f32 `[height, width, 3]` from 0 to 255. `decoder` maps them with `point_coords` f32
    /// `[1, N, 2]`, `point_labels` f32 `[1, N]`, `mask_input`, `has_mask_input` and `orig_im_size` to `iou_predictions`
    /// `[1, k]` with `low_res_masks` `[1, k, 4h, 4w]` or `masks` of the picture's size.
    pub fn new(encoder: Arc<LoadedModel>, decoder: Arc<LoadedModel>) -> Result<Self, ToolError> {
        let [input] = encoder.model.signature().inputs.as_slice() else {
            return Err(unfit(&encoder, ENCODER, "expected one picture as input"));
        };
        let input = input.clone();
        let rows = official::takes_rows(&input);
        if input.dims.len() != 4 && !rows {
            return Err(unfit(&encoder, ENCODER, "its input is no picture [batch, 3, height, width]"));
        }
        let family = if Official::is(decoder.model.signature()) {
            Family::Official(Official::of(&encoder, &decoder)?)
        } else if rows {
            return Err(unfit(&decoder, DECODER, "it takes no point_coords, as beside such an encoder it should"));
        } else {
            Family::Hub(Hub::of(&encoder, &decoder)?)
        };
        let usual = encoder.facts.size.unwrap_or(USUAL_SIDE);
        let side = |index: usize| match input.dims[index] {
            Dim::Fixed(size) => u32::try_from(size).unwrap_or(usual),
            Dim::Free(_) => usual,
        };
        let side = if rows { (side(1), side(0)) } else { (side(3), side(2)) };
        Ok(Self { encoder, decoder, family, input, side })
    }

    fn frame(&self, picture: (u32, u32)) -> Frame {
        let layout = match &self.family {
            Family::Hub(hub) => hub.layout,
            Family::Official(_) => Layout::Padded,
        };
        Frame::new(layout, self.side, picture)
    }

    /// The encoder's input f32 of a picture: `[1, 3, height, width]`, or `[height, width, 3]` where it takes rows of pixels.
    pub fn pixels(&self, image: &RgbImage) -> ArrayD<f32> {
        let frame = self.frame(image.dimensions());
        if official::takes_rows(&self.input) {
            return official::rows(&self.input, &frame, image);
        }
        let (inner, _) = stretched(&self.encoder.facts, frame.inner).apply(image);
        if frame.inner == frame.input {
            return inner.into_dyn();
        }
        // The padding is 0 after normalization.
        let mut padded = Array4::zeros((1, 3, frame.input.1 as usize, frame.input.0 as usize));
        padded.slice_mut(s![.., .., ..frame.inner.1 as usize, ..frame.inner.0 as usize]).assign(&inner);
        padded.into_dyn()
    }

    /// What the encoder makes of a picture; of the same picture only once, while it is among the last few. Blocking.
    pub fn embedding(&self, image: &RgbImage, control: &RunControl) -> Result<Arc<Embedding>, ToolError> {
        remembered(&self.encoder, image, || {
            let pixels = self.pixels(image);
            let mut tensors = Vec::new();
            let view = Input::F32(pixels.view());
            self.encoder.model.run(&[(self.input.name.as_str(), view)], control, &mut |outputs| {
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
    /// Of the masks that the model offers the one with the best score is taken, or in the layout of SAM's authors the one that
    /// their exporter takes; for a box that the model cannot be told, the one around the box's center that fits it best.
    pub fn answer(
        &self,
        embedding: &Embedding,
        picture: (u32, u32),
        prompt: &Prompt,
        control: &RunControl,
    ) -> Result<Answer, ToolError> {
        let frame = self.frame(picture);
        let points = prompt.points.iter().map(|point| frame.point(*point)).collect();
        let bbox = prompt.bbox.map(|bbox| {
            let ([x1, y1], [x2, y2]) = (frame.point([bbox.x1, bbox.y1]), frame.point([bbox.x2, bbox.y2]));
            BBox { x1, y1, x2, y2 }
        });
        let question = Question { frame, points, bbox };
        let chosen = match &self.family {
            Family::Hub(hub) => hub.ask(&self.decoder, embedding, &question, control)?,
            Family::Official(official) => official.ask(&self.decoder, embedding, &question, control)?,
        };
        control.check()?;
        Ok(Answer { score: chosen.score, mask: full_size(&chosen, &frame, control)? })
    }
}

/// The mask in the picture's size: above 0, grown straight or, where the picture was padded, by way of the input's size.
fn full_size(chosen: &Chosen, frame: &Frame, control: &RunControl) -> Result<GrayImage, ToolError> {
    let (inner_width, inner_height) = (frame.inner.0 as usize, frame.inner.1 as usize);
    let mut part = Vec::new();
    let (logits, size) = match chosen.layout {
        Layout::Stretched => (chosen.logits.as_slice(), chosen.size),
        Layout::Padded => {
            Grown::new(&chosen.logits, chosen.size, frame.input).each_row(control, |y, row| {
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

/// The position of the greatest value; of equals the first.
fn first_best(values: impl Iterator<Item = f32>) -> usize {
    values
        .enumerate()
        .fold((0, f32::NEG_INFINITY), |best, (at, value)| if value > best.1 { (at, value) } else { best })
        .0
}
