//! Whether a model file is a pose estimator.

use super::{
    ESTIMATOR,
    family::{Decoder, Family},
};
use crate::{
    onnx::Signature,
    store::ModelFacts,
    vision::recognize::{Recognition, Setting, named_picture},
};

/// The pose estimator that a signature is of, or why it is of none.
pub(in crate::vision) fn recognize(signature: &Signature) -> Result<Recognition, String> {
    let family = Family::read(signature, &ModelFacts::default())?;
    let name = match family.decoder {
        Decoder::SimCc => "RTMPose (SimCC), needs a detector of people",
        Decoder::Heatmaps => "ViTPose (heat maps), needs a detector of people",
        Decoder::Yolo => "YOLO pose (Ultralytics)",
        Decoder::EndToEnd => "YOLO pose (Ultralytics), NMS done",
    };
    let mut found = named_picture(signature, ESTIMATOR, name)?;
    if found.size.is_none() && !family.is_top_down() {
        let why = "the file leaves the input size free: this is the family's usual one";
        found.settings.push(Setting { key: "size", value: family.width.to_string(), why, needed: false });
    }
    Ok(found)
}
