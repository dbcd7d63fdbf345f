//! Whether a model file is an inpainting model.

use super::{INPAINTER, family::Family};
use crate::{onnx::Signature, store::ModelFacts, vision::recognize::Recognition};

/// The inpainting model that a signature is of, or why it is of none.
pub(in crate::vision) fn recognize(signature: &Signature) -> Result<Recognition, String> {
    let family = Family::read(signature, &ModelFacts::default())?;
    Ok(Recognition {
        role: INPAINTER,
        family: "LaMa or another inpainting model",
        size: family.declared(),
        labels: Vec::new(),
        settings: Vec::new(),
    })
}
