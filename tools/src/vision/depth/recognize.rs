//! Whether a model file is a depth estimator.

use super::{ESTIMATOR, estimate::read};
use crate::{
    onnx::Signature,
    vision::recognize::{Recognition, named_picture},
};

/// A graph whose output bears the name that depth estimators of the hub give it; others could be anything.
pub(in crate::vision) fn recognize(signature: &Signature) -> Result<Recognition, String> {
    read(signature)?;
    if signature.outputs.iter().all(|output| output.name != "predicted_depth") {
        return Err("it has no output predicted_depth".into());
    }
    named_picture(signature, ESTIMATOR, "depth estimator (Depth Anything, DPT)")
}
