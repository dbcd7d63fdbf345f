//! Which detector a graph is, told by its signature; sources: the exporters' own code (RECIPES of the field's exports).

use super::names;
use crate::{
    image::{Filter, Preprocess},
    onnx::{Dim, LoadedModel, Signature, TensorInfo},
    store::{Channels, ModelFacts, Resize},
    tool::ToolError,
};

/// How raw outputs become boxes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Decoder {
    /// `[1, 4 + classes, anchors]`: cx, cy, w, h in input pixels, class probabilities (Ultralytics v8, 11, 12).
    Yolo,
    /// `[1, n, 6]`: x1, y1, x2, y2 in input pixels, score, class; NMS done (YOLOv10, YOLO26).
    EndToEnd,
    /// `[1, anchors, 5 + classes]` on grids of stride 8, 16, 32 (YOLOX).
    YoloX,
    /// `logits [1, q, classes]`, `pred_boxes [1, q, 4]`: sigmoid, centre boxes in 0..=1 (RT-DETR, D-FINE).
    Detr,
    /// `labels`, `boxes`, `scores` after the authors' own post-processing, boxes in picture pixels (RT-DETR, D-FINE).
    DetrPost,
    /// `dets [1, n, 5]`, `labels [1, n]` in input pixels; NMS done (mmdeploy).
    Mmdeploy,
}

/// A detector ready to be fed and read.
#[derive(Clone, Debug)]
pub(super) struct Family {
    pub(super) decoder: Decoder,
    pub(super) input: String,
    pub(super) size_input: Option<String>,
    pub(super) preprocess: Preprocess,
    pub(super) labels: Vec<String>,
    pub(super) threshold: f32,
    pub(super) iou: f32,
}

impl Family {
    pub(super) fn of(model: &LoadedModel) -> Result<Self, ToolError> {
        let signature = model.model.signature();
        Self::read(signature, &model.facts).map_err(|why| {
            ToolError::internal(format!(
                "{} is no detector that is known here: {why}. It has {}",
                model.id,
                signature.describe()
            ))
            .with_hint("known are YOLOv8 to v12 and v26, YOLOX, RT-DETR, D-FINE and mmdeploy exports")
        })
    }

    /// The same from what a file declares; the error says what does not fit.
    pub(super) fn read(signature: &Signature, facts: &ModelFacts) -> Result<Self, String> {
        // Ultralytics writes one. Poses and rotated boxes come in rows too, and would be taken for classes.
        if let Some(task) = signature.metadata.get("task").filter(|task| *task != "detect") {
            return Err(format!("it is made for the task \"{task}\", not \"detect\""));
        }
        let picture = signature
            .inputs
            .iter()
            .find(|input| input.dims.len() == 4)
            .ok_or("no input of four dimensions [batch, 3, height, width]")?;
        let size_input =
            signature.inputs.iter().find(|input| input.name == "orig_target_sizes").map(|i| i.name.clone());
        let unfed = signature
            .inputs
            .iter()
            .find(|input| input.name != picture.name && Some(&input.name) != size_input.as_ref());
        if let Some(unfed) = unfed {
            return Err(format!("the input {} is not understood", unfed.name));
        }
        let decoder = decoder(signature, facts).ok_or("the outputs fit no decoder")?;
        let (width, height) = input_size(picture, facts, decoder);
        let labels = names::class_names(signature, facts, class_count(signature, decoder));
        let (threshold, iou) = match decoder {
            Decoder::Yolo => (0.25, 0.7),
            Decoder::YoloX => (0.3, 0.45),
            Decoder::EndToEnd => (0.25, 1.0),
            Decoder::Detr | Decoder::DetrPost => (0.5, 1.0),
            Decoder::Mmdeploy => (0.3, 1.0),
        };
        Ok(Self {
            decoder,
            input: picture.name.clone(),
            size_input,
            preprocess: preprocess(decoder, facts, width, height),
            labels,
            threshold: facts.threshold.unwrap_or(threshold),
            iou: facts.iou.unwrap_or(iou),
        })
    }
}

fn decoder(signature: &Signature, facts: &ModelFacts) -> Option<Decoder> {
    let has = |name: &str| signature.outputs.iter().any(|output| output.name == name);
    if has("logits") && has("pred_boxes") {
        return Some(Decoder::Detr);
    }
    if has("labels") && has("boxes") && has("scores") {
        return Some(Decoder::DetrPost);
    }
    if has("dets") && has("labels") {
        return Some(Decoder::Mmdeploy);
    }
    let [output] = signature.outputs.as_slice() else { return None };
    let [_, rows, columns] = output.dims.as_slice() else { return None };
    match facts.family.as_deref() {
        Some("yolox") => return Some(Decoder::YoloX),
        Some("yolo") => return Some(Decoder::Yolo),
        _ => {}
    }
    match (rows, columns) {
        (_, Dim::Fixed(6)) if signature.metadata.get("end2end").is_none_or(|v| v != "False") => Some(Decoder::EndToEnd),
        (Dim::Fixed(rows), Dim::Fixed(columns)) if rows > columns => (*columns > 5).then_some(Decoder::YoloX),
        (Dim::Fixed(rows), _) if *rows > 4 => Some(Decoder::Yolo),
        (Dim::Free(_), Dim::Fixed(columns)) if *columns > 5 => Some(Decoder::YoloX),
        _ => None,
    }
}

fn class_count(signature: &Signature, decoder: Decoder) -> Option<usize> {
    let dim = |output: Option<&TensorInfo>, index: usize| match output?.dims.get(index)? {
        Dim::Fixed(size) => Some(*size),
        Dim::Free(_) => None,
    };
    let first = signature.outputs.first();
    match decoder {
        Decoder::Yolo => dim(first, 1).and_then(|rows| rows.checked_sub(4)),
        Decoder::YoloX => dim(first, 2).and_then(|columns| columns.checked_sub(5)),
        Decoder::Detr => dim(signature.outputs.iter().find(|output| output.name == "logits"), 2),
        Decoder::EndToEnd | Decoder::DetrPost | Decoder::Mmdeploy => None,
    }
}

fn input_size(picture: &TensorInfo, facts: &ModelFacts, decoder: Decoder) -> (u32, u32) {
    let usual = if decoder == Decoder::YoloX { 416 } else { 640 };
    let side = |dim: &Dim| match dim {
        Dim::Fixed(size) => u32::try_from(*size).unwrap_or(usual),
        Dim::Free(_) => facts.size.unwrap_or(usual),
    };
    (side(&picture.dims[3]), side(&picture.dims[2]))
}

fn preprocess(decoder: Decoder, facts: &ModelFacts, width: u32, height: u32) -> Preprocess {
    let (resize, filter, channels, scale) = match decoder {
        Decoder::Yolo | Decoder::EndToEnd => (Resize::Letterbox, Filter::BilinearCv, Channels::Rgb, 1.0 / 255.0),
        Decoder::YoloX | Decoder::Mmdeploy => (Resize::TopLeft, Filter::BilinearCv, Channels::Bgr, 1.0),
        Decoder::Detr | Decoder::DetrPost => (Resize::Stretch, Filter::Bilinear, Channels::Rgb, 1.0 / 255.0),
    };
    Preprocess {
        width,
        height,
        resize: facts.resize.unwrap_or(resize),
        filter,
        channels: facts.channels.unwrap_or(channels),
        pad: 114,
        scale: facts.scale.unwrap_or(scale),
        mean: facts.mean.unwrap_or([0.0; 3]),
        std: facts.std.unwrap_or([1.0; 3]),
    }
}
