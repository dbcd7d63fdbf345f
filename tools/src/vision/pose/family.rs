//! Which pose estimator a graph is, told by its signature.

use image::RgbImage;
use ndarray::Array4;

use super::{Joint, PersonPose, frame::Frame, heatmaps, simcc, yolo};
use crate::{
    image::{Filter, Preprocess},
    onnx::{Dim, LoadedModel, ModelError, Outputs, Signature, TensorInfo},
    store::{Channels, ModelFacts, Resize},
    tool::ToolError,
};

/// How raw outputs become joints.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Decoder {
    /// Two outputs by position: `[1, joints, 2 * width]` and `[1, joints, 2 * height]`, a score for every half pixel of x and
    /// of y (RTMPose).
    SimCc,
    /// `heatmaps [1, joints, height / 4, width / 4]` (ViTPose).
    Heatmaps,
    /// `[1, 56, anchors]`: cx, cy, w, h, score and 17 times x, y, score in input pixels (YOLOv8, 11).
    Yolo,
    /// `[1, n, 57]`: x1, y1, x2, y2, score, class and 17 times x, y, score; suppression done (YOLO26).
    EndToEnd,
}

/// Numbers of joints whose first 17 are those of COCO: COCO itself, Halpe with feet, COCO's whole body.
const COUNTS: [usize; 3] = [17, 26, 133];

/// A pose estimator ready to be fed and read.
pub(super) struct Family {
    pub(super) decoder: Decoder,
    pub(super) input: String,
    pub(super) width: u32,
    pub(super) height: u32,
    pub(super) threshold: f32,
    iou: f32,
    channels: Channels,
    scale: f32,
    mean: [f32; 3],
    std: [f32; 3],
}

impl Family {
    pub(super) fn of(model: &LoadedModel) -> Result<Self, ToolError> {
        let signature = model.model.signature();
        Self::read(signature, &model.facts).map_err(|why| {
            ToolError::internal(format!(
                "{} is no pose estimator that is known here: {why}. It has {}",
                model.id,
                signature.describe()
            ))
            .with_hint("known are RTMPose, ViTPose and YOLO pose exports with the 17 joints of COCO")
        })
    }

    /// The same from what a file declares; the error says what does not fit.
    pub(super) fn read(signature: &Signature, facts: &ModelFacts) -> Result<Self, String> {
        if let Some(task) = signature.metadata.get("task").filter(|task| *task != "pose") {
            return Err(format!("it is made for the task \"{task}\", not \"pose\""));
        }
        let [input] = signature.inputs.as_slice() else {
            return Err(format!("it has {} inputs, expected one picture", signature.inputs.len()));
        };
        if !matches!(input.dims.as_slice(), [_, Dim::Fixed(3) | Dim::Free(_), _, _]) {
            return Err("its input is no picture [batch, 3, height, width]".into());
        }
        let decoder = decoder(signature)?;
        let (usual_width, usual_height) = match decoder {
            Decoder::SimCc | Decoder::Heatmaps => (192, 256),
            Decoder::Yolo | Decoder::EndToEnd => (facts.size.unwrap_or(640), facts.size.unwrap_or(640)),
        };
        let side = |dim: &Dim, usual| match dim {
            Dim::Fixed(size) => u32::try_from(*size).unwrap_or(usual),
            Dim::Free(_) => usual,
        };
        let (mean, std) = match decoder {
            Decoder::SimCc | Decoder::Heatmaps => ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]),
            Decoder::Yolo | Decoder::EndToEnd => ([0.0; 3], [1.0; 3]),
        };
        Ok(Self {
            decoder,
            input: input.name.clone(),
            width: side(&input.dims[3], usual_width),
            height: side(&input.dims[2], usual_height),
            threshold: facts.threshold.unwrap_or(0.25),
            iou: facts.iou.unwrap_or(0.7),
            channels: facts.channels.unwrap_or(Channels::Rgb),
            scale: facts.scale.unwrap_or(1.0 / 255.0),
            mean: facts.mean.unwrap_or(mean),
            std: facts.std.unwrap_or(std),
        })
    }

    pub(super) fn is_top_down(&self) -> bool {
        matches!(self.decoder, Decoder::SimCc | Decoder::Heatmaps)
    }

    /// The input for one person; see [`super::person_pixels`].
    pub(super) fn person(&self, image: &RgbImage, frame: &Frame) -> Array4<f32> {
        let unbiased = self.decoder == Decoder::Heatmaps;
        let person = frame.cut(image, (self.width, self.height), unbiased);
        let order = match self.channels {
            Channels::Rgb => [0, 1, 2],
            Channels::Bgr => [2, 1, 0],
        };
        Array4::from_shape_fn((1, 3, self.height as usize, self.width as usize), |(_, channel, y, x)| {
            let value = f32::from(person.get_pixel(x as u32, y as u32).0[order[channel]]);
            (value * self.scale - self.mean[channel]) / self.std[channel]
        })
    }

    /// How a whole picture is fitted, by Ultralytics' way.
    pub(super) fn letterbox(&self) -> Preprocess {
        Preprocess {
            width: self.width,
            height: self.height,
            resize: Resize::Letterbox,
            filter: Filter::BilinearCv,
            channels: self.channels,
            pad: 114,
            scale: self.scale,
            mean: self.mean,
            std: self.std,
        }
    }

    /// The joints of one person, in pixels of the picture.
    pub(super) fn joints(&self, outputs: &Outputs<'_>, frame: &Frame) -> Result<[Joint; 17], ModelError> {
        match self.decoder {
            Decoder::SimCc => simcc::decode(outputs, frame, (self.width, self.height)),
            Decoder::Heatmaps => heatmaps::decode(outputs, frame),
            Decoder::Yolo | Decoder::EndToEnd => Err(ModelError::new("this estimator finds people itself")),
        }
    }

    /// The people of a whole picture, in pixels of the input.
    pub(super) fn people(&self, outputs: &Outputs<'_>, threshold: f32) -> Result<Vec<PersonPose>, ModelError> {
        match self.decoder {
            Decoder::Yolo => yolo::decode(outputs, threshold, self.iou),
            Decoder::EndToEnd => yolo::decode_end_to_end(outputs, threshold),
            Decoder::SimCc | Decoder::Heatmaps => Err(ModelError::new("this estimator must be told where people are")),
        }
    }
}

fn decoder(signature: &Signature) -> Result<Decoder, String> {
    let fixed = |output: &TensorInfo, index: usize| match output.dims.get(index) {
        Some(Dim::Fixed(size)) => Some(*size),
        _ => None,
    };
    let known = |output: &TensorInfo| match fixed(output, 1) {
        Some(count) if !COUNTS.contains(&count) => {
            Err(format!("it has {count} joints; known are the 17 of COCO, alone or first of 26 or 133"))
        }
        _ => Ok(()),
    };
    match signature.outputs.as_slice() {
        [x, y] if x.dims.len() == 3 && y.dims.len() == 3 => {
            known(x)?;
            Ok(Decoder::SimCc)
        }
        [maps] if maps.dims.len() == 4 && (maps.name == "heatmaps" || fixed(maps, 1) == Some(17)) => {
            known(maps)?;
            Ok(Decoder::Heatmaps)
        }
        [rows] if rows.dims.len() == 3 && fixed(rows, 2) == Some(yolo::END_TO_END) => Ok(Decoder::EndToEnd),
        [rows] if rows.dims.len() == 3 && fixed(rows, 1) == Some(yolo::ROWS) => Ok(Decoder::Yolo),
        _ => Err("the outputs fit no decoder".into()),
    }
}
