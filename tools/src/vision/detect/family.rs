//! Which detector a graph is, told by its signature; sources: the exporters' own code (RECIPES of the field's exports).

use super::names;
use crate::{
    image::{Filter, Preprocess},
    onnx::{Dim, LoadedModel, Signature, TensorInfo},
    store::{Channels, ModelFacts, Resize},
    tool::ToolError,
    vision::input::input_size,
};

/// How raw outputs become boxes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Decoder {
    /// `[1, 4 + classes, anchors]`: cx, cy, w, h in input pixels, class probabilities (Ultralytics v8, 11, 12). Coefficients
    /// of masks may follow the classes.
    Yolo,
    /// `[1, n, 6]`: x1, y1, x2, y2 in input pixels, score, class; NMS done (YOLOv10, YOLO26). Coefficients of masks may follow.
    EndToEnd,
    /// `[1, anchors, 5 + classes]`: cx, cy, w, h in input pixels, objectness, class probabilities (YOLOv5, v7).
    YoloV5,
    /// `[1, anchors, 5 + classes]` on grids of stride 8, 16, 32 (YOLOX).
    YoloX,
    /// Logits `[1, q, classes]`, center boxes `[1, q, 4]` in 0..=1: sigmoid, several classes a query (RT-DETR, D-FINE, RF-DETR).
    Detr,
    /// The same with a last class for no object: softmax, one class a query (DETR, YOLOS).
    DetrSoftmax,
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
    pub(super) mask_input: Option<TensorInfo>,
    pub(super) preprocess: Preprocess,
    pub(super) labels: Vec<String>,
    /// Names of the outputs of logits and boxes, for the DETR family.
    pub(super) detr: (&'static str, &'static str),
    /// How many coefficients of a mask each row has at its end; 0 for all but segmenters.
    pub(super) coefficients: usize,
    pub(super) threshold: f32,
    pub(super) iou: f32,
}

impl Family {
    /// For a picture of a size (width, height), on which the input's size may depend.
    pub(super) fn of(model: &LoadedModel, picture: (u32, u32)) -> Result<Self, ToolError> {
        let signature = model.model.signature();
        Self::read(signature, &model.facts, picture).map_err(|why| {
            ToolError::internal(format!(
                "{} is no detector that is known here: {why}. It has {}",
                model.id,
                signature.describe()
            ))
            .with_hint("known are YOLOv5 to v12 and v26, YOLOX, DETR, RT-DETR, D-FINE, RF-DETR and mmdeploy exports")
        })
    }

    /// The same from what a file declares; the error says what does not fit.
    pub(super) fn read(signature: &Signature, facts: &ModelFacts, picture_size: (u32, u32)) -> Result<Self, String> {
        // Ultralytics writes one. Poses and rotated boxes come in rows too, and would be taken for classes.
        if let Some(task) =
            signature.metadata.get("task").filter(|task| !["detect", "segment"].contains(&task.as_str()))
        {
            return Err(format!("it is made for the task \"{task}\", not \"detect\""));
        }
        let picture = signature
            .inputs
            .iter()
            .find(|input| input.dims.len() == 4)
            .ok_or("no input of four dimensions [batch, 3, height, width]")?;
        let size_input =
            signature.inputs.iter().find(|input| input.name == "orig_target_sizes").map(|i| i.name.clone());
        let mask_input = signature.inputs.iter().find(|input| input.name == "pixel_mask");
        let fed = |input: &&TensorInfo| {
            input.name == picture.name || Some(&input.name) == size_input.as_ref() || input.name == "pixel_mask"
        };
        let unfed = signature.inputs.iter().find(|input| !fed(input));
        if let Some(unfed) = unfed {
            return Err(format!("the input {} is not understood", unfed.name));
        }
        let decoder = decoder(signature, facts).ok_or("the outputs fit no decoder")?;
        let usual = if decoder == Decoder::YoloX { 416 } else { 640 };
        let (width, height) = input_size(picture, facts, picture_size, usual);
        let coefficients = mask_coefficients(signature);
        let labels = names::class_names(signature, facts, class_count(signature, decoder, coefficients));
        let (threshold, iou) = match decoder {
            Decoder::Yolo => (0.25, 0.7),
            Decoder::YoloV5 => (0.25, 0.45),
            Decoder::YoloX => (0.3, 0.45),
            Decoder::EndToEnd => (0.25, 1.0),
            Decoder::Detr | Decoder::DetrPost => (0.5, 1.0),
            Decoder::DetrSoftmax => (0.9, 1.0),
            Decoder::Mmdeploy => (0.3, 1.0),
        };
        Ok(Self {
            decoder,
            input: picture.name.clone(),
            size_input,
            mask_input: mask_input.cloned(),
            preprocess: preprocess(decoder, facts, width, height),
            labels,
            detr: detr_outputs(signature).unwrap_or_default(),
            coefficients,
            threshold: facts.threshold.unwrap_or(threshold),
            iou: facts.iou.unwrap_or(iou),
        })
    }
}

/// Families (`model_type` of a `config.json`) that were trained with a sigmoid, whatever number of names they have.
const SIGMOID: [&str; 7] =
    ["rt_detr", "rt_detr_v2", "d_fine", "rf_detr", "conditional_detr", "deformable_detr", "dab-detr"];

fn decoder(signature: &Signature, facts: &ModelFacts) -> Option<Decoder> {
    let has = |name: &str| signature.outputs.iter().any(|output| output.name == name);
    if let Some((logits, _)) = detr_outputs(signature) {
        let classes = fixed_dim(signature.outputs.iter().find(|output| output.name == logits), 2);
        // One more than there are names stands for no object; without names only COCO's 91 categories tell it.
        let softmax = match facts.labels.len() {
            _ if facts.family.as_deref().is_some_and(|family| SIGMOID.contains(&family)) => false,
            0 => classes == Some(92),
            names => classes == Some(names + 1),
        };
        return Some(if softmax { Decoder::DetrSoftmax } else { Decoder::Detr });
    }
    if has("labels") && has("boxes") && has("scores") {
        return Some(Decoder::DetrPost);
    }
    if has("dets") && has("labels") {
        return Some(Decoder::Mmdeploy);
    }
    let (output, coefficients) = match signature.outputs.as_slice() {
        [output] => (output, 0),
        [output, ..] if mask_coefficients(signature) > 0 => (output, mask_coefficients(signature)),
        _ => return None,
    };
    let [_, rows, columns] = output.dims.as_slice() else { return None };
    match facts.family.as_deref() {
        Some("yolox") => return Some(Decoder::YoloX),
        Some("yolov5" | "yolov7") => return Some(Decoder::YoloV5),
        Some("yolo") => return Some(Decoder::Yolo),
        _ => {}
    }
    match (rows, columns) {
        (_, Dim::Fixed(columns))
            if *columns == 6 + coefficients && signature.metadata.get("end2end").is_none_or(|v| v != "False") =>
        {
            Some(Decoder::EndToEnd)
        }
        (Dim::Fixed(rows), Dim::Fixed(columns)) if rows > columns && Some(*rows) == three_anchors(signature) => {
            Some(Decoder::YoloV5)
        }
        (Dim::Fixed(rows), Dim::Fixed(columns)) if rows > columns => (*columns > 5).then_some(Decoder::YoloX),
        (Dim::Fixed(rows), _) if *rows > 4 + coefficients => Some(Decoder::Yolo),
        // Of these two only YOLOv5's exporter writes its strides into the file.
        (Dim::Free(_), Dim::Fixed(columns)) if *columns > 5 => {
            Some(if signature.metadata.contains_key("stride") { Decoder::YoloV5 } else { Decoder::YoloX })
        }
        _ => None,
    }
}

/// The outputs of logits and boxes of a DETR: those of transformers, or those of RF-DETR's own export.
fn detr_outputs(signature: &Signature) -> Option<(&'static str, &'static str)> {
    let rank = |name: &str, rank: usize| signature.outputs.iter().any(|o| o.name == name && o.dims.len() == rank);
    if rank("logits", 3) && rank("pred_boxes", 3) {
        return Some(("logits", "pred_boxes"));
    }
    // mmdeploy has the same names, but one label a row.
    (rank("labels", 3) && rank("dets", 3)).then_some(("labels", "dets"))
}

/// How many coefficients make a mask of the prototypes `[1, n, height, width]`, the second output of Ultralytics' segmenters.
fn mask_coefficients(signature: &Signature) -> usize {
    match signature.outputs.as_slice() {
        [rows, prototypes] if rows.dims.len() == 3 && prototypes.dims.len() == 4 => {
            fixed_dim(Some(prototypes), 1).unwrap_or(0)
        }
        _ => 0,
    }
}

/// The rows that three anchors in each cell of stride 8, 16 and 32 make on the declared input, if that declares a size. YOLOX
/// has a third of them.
fn three_anchors(signature: &Signature) -> Option<usize> {
    let picture = signature.inputs.iter().find(|input| input.dims.len() == 4);
    let (height, width) = (fixed_dim(picture, 2)?, fixed_dim(picture, 3)?);
    Some([8, 16, 32].iter().map(|stride| 3 * (height / stride) * (width / stride)).sum())
}

fn fixed_dim(tensor: Option<&TensorInfo>, index: usize) -> Option<usize> {
    match tensor?.dims.get(index)? {
        Dim::Fixed(size) => Some(*size),
        Dim::Free(_) => None,
    }
}

fn class_count(signature: &Signature, decoder: Decoder, coefficients: usize) -> Option<usize> {
    let first = signature.outputs.first();
    let logits = || {
        let (logits, _) = detr_outputs(signature)?;
        fixed_dim(signature.outputs.iter().find(|output| output.name == logits), 2)
    };
    match decoder {
        Decoder::Yolo => fixed_dim(first, 1).map(|rows| rows.saturating_sub(4 + coefficients)),
        Decoder::YoloX | Decoder::YoloV5 => fixed_dim(first, 2).map(|columns| columns.saturating_sub(5 + coefficients)),
        Decoder::Detr => logits(),
        Decoder::DetrSoftmax => logits().map(|classes| classes.saturating_sub(1)),
        Decoder::EndToEnd | Decoder::DetrPost | Decoder::Mmdeploy => None,
    }
}

fn preprocess(decoder: Decoder, facts: &ModelFacts, width: u32, height: u32) -> Preprocess {
    let (resize, filter, channels, scale) = match decoder {
        Decoder::Yolo | Decoder::EndToEnd | Decoder::YoloV5 => {
            (Resize::Letterbox, Filter::BilinearCv, Channels::Rgb, 1.0 / 255.0)
        }
        Decoder::YoloX | Decoder::Mmdeploy => (Resize::TopLeft, Filter::BilinearCv, Channels::Bgr, 1.0),
        Decoder::Detr | Decoder::DetrSoftmax | Decoder::DetrPost => {
            (Resize::Stretch, Filter::Bilinear, Channels::Rgb, 1.0 / 255.0)
        }
    };
    // DETR and RF-DETR keep to what their backbones were trained with; RT-DETR and D-FINE normalize nothing.
    let (mean, std) = if decoder == Decoder::DetrSoftmax || facts.family.as_deref() == Some("rf_detr") {
        ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])
    } else {
        ([0.0; 3], [1.0; 3])
    };
    Preprocess {
        width,
        height,
        resize: facts.resize.unwrap_or(resize),
        filter,
        channels: facts.channels.unwrap_or(channels),
        pad: 114,
        scale: facts.scale.unwrap_or(scale),
        mean: facts.mean.unwrap_or(mean),
        std: facts.std.unwrap_or(std),
    }
}
