//! `read_code`: QR codes and bar codes, read without a model.

mod scan;
mod stripes;
mod tool;
mod view;

use image::GrayImage;

pub use tool::{ReadCode, ReadCodeInput, ReadCodeOutput, ReadCodeText};

use self::view::View;
use crate::{geom::Quad, onnx::RunControl, tool::ToolError};

/// One code.
#[derive(Clone, Debug, PartialEq)]
pub struct Code {
    /// Its kind: `qr`, `ean-13`, `code-128`, ...
    pub format: &'static str,
    /// What it says.
    pub text: String,
    /// Its corners in pixels of the picture, clockwise from the code's own top left where the kind has one.
    pub quad: Quad,
}

/// Most codes of one picture.
const LIMIT: usize = 64;

/// Reads all codes of a picture (8-bit gray), from top to bottom. No code is an empty list. Blocking; about 0.1 s a
/// megapixel, several times that where nothing is found.
///
/// A picture is looked at whole in a handy size, a large one again in its full size; if that gives nothing, light codes on
/// dark and codes on a slant are looked for.
pub fn find_codes(picture: &GrayImage, control: &RunControl) -> Result<Vec<Code>, ToolError> {
    let mut found = Vec::new();
    for view in View::first(picture) {
        look(&view, &mut found, control)?;
    }
    if found.is_empty() {
        for view in View::second(picture) {
            look(&view, &mut found, control)?;
            if !found.is_empty() {
                break;
            }
        }
    }
    found.sort_by(|a, b| {
        let (a, b) = (a.quad.bounds(), b.quad.bounds());
        a.y1.total_cmp(&b.y1).then(a.x1.total_cmp(&b.x1))
    });
    found.truncate(LIMIT);
    Ok(found)
}

/// Adds what a view shows and no other view has shown.
fn look(view: &View<'_>, found: &mut Vec<Code>, control: &RunControl) -> Result<(), ToolError> {
    for code in scan::scan(&view.pixels(), control)? {
        let code = Code { quad: Quad(code.quad.0.map(|point| view.to_picture(point))), ..code };
        let bounds = code.quad.bounds();
        let (x, y) = bounds.center();
        // The same code twice, or a stray reading of a part of one.
        let known = found.iter().any(|other: &Code| {
            let place = other.quad.bounds();
            let inside = x > place.x1 && x < place.x2 && y > place.y1 && y < place.y2;
            inside || place.iou(&bounds) > 0.3
        });
        if !known {
            found.push(code);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
