//! The object that stands out: salient-object and matting models.

use image::{GrayImage, RgbImage, imageops};
use ndarray::ArrayView2;

use crate::{
    geom::BBox,
    onnx::{Input, LoadedModel, RunControl},
    tool::ToolError,
    vision::input::{declared, gray, plane, stretched},
};

/// Runs a salient-object or matting model (IS-Net, U2Net, MODNet, BiRefNet and their like) and gives the foreground's
/// opacity, 0..=255, at the picture's size. Blocking.
pub fn salient_mask(model: &LoadedModel, image: &RgbImage, control: &RunControl) -> Result<GrayImage, ToolError> {
    let signature = model.model.signature();
    let [input] = signature.inputs.as_slice() else {
        return Err(ToolError::internal(format!(
            "{} is no salient-object model: it should have one input [1, 3, height, width]. It has {}",
            model.id,
            signature.describe()
        )));
    };
    let size = declared(input, free_size(model, image));
    let (tensor, _) = stretched(&model.facts, size, ([0.5; 3], [1.0; 3])).apply(image);
    let mut opacity = Vec::new();
    let mut size = (0, 0);
    model.model.run(&[(input.name.as_str(), Input::F32(tensor.view().into_dyn()))], control, &mut |outputs| {
        let plane = plane(outputs.f32_at(0)?, "mask", "[1, 1, height, width]")?;
        size = (plane.ncols() as u32, plane.nrows() as u32);
        opacity = to_opacity(&plane, Scale::of(model.facts.family.as_deref()));
        Ok(())
    })?;
    gray(&opacity, size, image.dimensions(), "mask")
}

/// Name of the operation that makes a mask image.
pub const MASK: &str = "segment.mask";

/// [`salient_mask`] of the whole picture, or of the object in a region, opaque nowhere else. Blocking.
pub fn object_mask(
    model: &LoadedModel,
    image: &RgbImage,
    region: Option<BBox>,
    control: &RunControl,
) -> Result<GrayImage, ToolError> {
    let Some(region) = region else { return salient_mask(model, image, control) };
    let (x, y, width, height) = widened(region, image.width(), image.height());
    let part = imageops::crop_imm(image, x, y, width, height).to_image();
    let mut whole = GrayImage::new(image.width(), image.height());
    imageops::replace(&mut whole, &salient_mask(model, &part, control)?, x.into(), y.into());
    Ok(whole)
}

/// The region with a tenth around it, in whole pixels: the model needs some background to tell the object from.
fn widened(bbox: BBox, width: u32, height: u32) -> (u32, u32, u32, u32) {
    let (mx, my) = (bbox.width() * 0.1, bbox.height() * 0.1);
    let wide = BBox { x1: bbox.x1 - mx, y1: bbox.y1 - my, x2: bbox.x2 + mx, y2: bbox.y2 + my };
    wide.to_pixels(width, height).unwrap_or((0, 0, width, height))
}

/// How raw values become opacities.
#[derive(Clone, Copy)]
enum Scale {
    /// Stretched so that the picture's least is 0 and its most is 1 (IS-Net, U2Net).
    MinMax,
    /// Taken as they are, through a sigmoid if they are logits (MODNet, BiRefNet).
    Probability,
}

impl Scale {
    fn of(family: Option<&str>) -> Self {
        match family {
            Some("modnet" | "birefnet") => Self::Probability,
            _ => Self::MinMax,
        }
    }
}

fn to_opacity(plane: &ArrayView2<'_, f32>, scale: Scale) -> Vec<f32> {
    let (low, high) = plane.iter().fold((f32::MAX, f32::MIN), |(low, high), &v| (low.min(v), high.max(v)));
    match scale {
        // A flat map has no foreground; stretching it would make one out of noise.
        Scale::MinMax if high - low < 1e-6 => vec![0.0; plane.len()],
        Scale::MinMax => plane.iter().map(|v| (v - low) / (high - low)).collect(),
        Scale::Probability if low < -1e-5 || high > 1.0 + 1e-5 => {
            plane.iter().map(|v| 1.0 / (1.0 + (-v).exp())).collect()
        }
        Scale::Probability => plane.iter().copied().collect(),
    }
}

/// The input size (width, height) where the graph leaves it free: the config's, or for MODNet the short side 512 and both
/// sides multiples of 32.
fn free_size(model: &LoadedModel, image: &RgbImage) -> (u32, u32) {
    if model.facts.family.as_deref() == Some("modnet") && model.facts.size.is_none() {
        let ratio = 512.0 / image.width().min(image.height()).max(1) as f32;
        let side = |side: u32| (((side as f32 * ratio) / 32.0).round().clamp(1.0, 64.0) as u32) * 32;
        return (side(image.width()), side(image.height()));
    }
    let size = model.facts.size.unwrap_or(1024);
    (size, size)
}

/// The smallest box around everything at least half opaque, and its share of the picture's area; `None` if there is
/// nothing.
pub fn mask_extent(mask: &GrayImage) -> Option<(BBox, f32)> {
    let (mut x1, mut y1, mut x2, mut y2, mut count) = (u32::MAX, u32::MAX, 0, 0, 0u64);
    for (x, y, pixel) in mask.enumerate_pixels() {
        if pixel.0[0] >= 128 {
            (x1, y1, x2, y2, count) = (x1.min(x), y1.min(y), x2.max(x + 1), y2.max(y + 1), count + 1);
        }
    }
    let share = count as f32 / (f64::from(mask.width()) * f64::from(mask.height())) as f32;
    (count > 0).then_some((BBox { x1: x1 as f32, y1: y1 as f32, x2: x2 as f32, y2: y2 as f32 }, share))
}
