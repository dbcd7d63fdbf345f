//! Whether a model file is an upscaler.

use super::{UPSCALER, family::Family};
use crate::{
    onnx::{Dim, Signature},
    store::ModelFacts,
    vision::recognize::{Recognition, named_picture},
};

/// The upscaler that a signature is of, or why it is of none. A picture of the same size is no enlarged one.
pub(in crate::vision) fn recognize(signature: &Signature) -> Result<Recognition, String> {
    let family = Family::read(signature, &ModelFacts::default())?;
    let output = signature.outputs.iter().find(|output| output.name == "reconstruction").or(signature.outputs.first());
    let (before, after) = (signature.inputs.first(), output);
    let same = before.zip(after).is_some_and(|(before, after)| match (&before.dims[3], &after.dims[3]) {
        (Dim::Fixed(before), Dim::Fixed(after)) => after <= before,
        _ => false,
    });
    let pictures = after.is_some_and(|after| after.dims[1] == Dim::Fixed(3) || after.name == "reconstruction");
    if same || !pictures {
        return Err("its output is not a larger picture [batch, 3, height, width]".into());
    }
    named_picture(signature, UPSCALER, family.name)
}
