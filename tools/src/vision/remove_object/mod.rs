//! `remove_object`: things taken out of a picture, what was behind them made up.

mod family;
mod hole;
mod patch;
mod recognize;
mod tool;

use image::{GrayImage, RgbImage};

pub use hole::{Hole, object_hole, outline_hole};
pub use tool::{RemoveInput, RemoveObject, RemoveOutput, RemoveShape};

pub(super) use recognize::recognize;

use self::{family::Family, patch::Patch};
use crate::{
    onnx::{LoadedModel, RunControl},
    tool::ToolError,
};

/// Role of the inpainting model.
pub const INPAINTER: &str = "inpaint";

/// Fills holes of a picture one after the other, so that what was made up for one is there when the next is filled; pixels
/// that no hole covers are not touched. Blocking; a hole takes about two seconds on two cores with LaMa.
pub fn fill(
    model: &LoadedModel,
    picture: &mut RgbImage,
    holes: &[Hole],
    control: &RunControl,
) -> Result<(), ToolError> {
    let family = Family::of(model)?;
    let mut open = GrayImage::new(picture.width(), picture.height());
    for hole in holes {
        hole.mark(&mut open, 255);
    }
    for hole in holes {
        control.check()?;
        let Some(patch) = Patch::around(hole, picture.dimensions()) else { continue };
        let (part, mask) = (patch.cut(picture), patch.cut(&open));
        let filled = family.run(model, &part, &mask, control)?;
        patch.paste(picture, hole, &filled);
        hole.mark(&mut open, 0);
    }
    Ok(())
}

#[cfg(test)]
mod tests;
