//! `transform`: resize, rotate or flip.

use image::{DynamicImage, Rgba, RgbaImage};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    image::{Filter, Operation, resize_rgb, to_rgb},
    tool::{Effects, Example, ImageArg, Tool, ToolCx, ToolError},
};

/// Resizes, rotates or flips an image.
pub struct Transform;

/// What to do.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq)]
#[serde(rename_all = "snake_case")]
pub enum TransformKind {
    /// Change the size.
    Resize,
    /// Turn clockwise.
    Rotate,
    /// Mirror left and right.
    FlipHorizontal,
    /// Mirror top and bottom.
    FlipVertical,
}

/// Arguments of [`Transform`].
#[derive(Debug, Deserialize, JsonSchema)]
pub struct TransformInput {
    #[serde(default)]
    image: ImageArg,
    /// "resize" needs width, height or scale; "rotate" needs degrees
    operation: TransformKind,
    /// new width in pixels; with width or height alone the proportions are kept
    #[serde(default)]
    width: Option<u32>,
    /// new height in pixels
    #[serde(default)]
    height: Option<u32>,
    /// factor for both sides: 2 doubles the size, 0.5 halves it
    #[serde(default)]
    scale: Option<f32>,
    /// angle to turn clockwise; negative turns counter-clockwise
    #[serde(default)]
    degrees: Option<f32>,
}

/// Result of [`Transform`].
#[derive(Debug, JsonSchema, Serialize)]
pub struct TransformOutput {
    /// Handle of the new image.
    pub image: String,
    /// Its width in pixels.
    pub width: u32,
    /// Its height in pixels.
    pub height: u32,
}

const MAX_SIDE: u32 = 16_384;
const MAX_PIXELS: u64 = 50_000_000;

#[derive(Clone, Copy)]
enum Step {
    Resize(u32, u32),
    Rotate(f32),
    FlipHorizontal,
    FlipVertical,
}

impl Tool for Transform {
    type Input = TransformInput;
    type Output = TransformOutput;
    const NAME: &'static str = "transform";
    const EFFECTS: Effects = Effects::EDITS;
    const SUMMARY: &'static str = "resize, rotate or flip an image";

    fn examples() -> Vec<Example> {
        vec![
            Example {
                task: "The page lies on its side; turn it to the right.",
                input: json!({"image": "img-1", "operation": "rotate", "degrees": 90}),
                output: json!({"image": "img-2", "width": 800, "height": 1200}),
            },
            Example {
                task: "Make it 640 pixels wide.",
                input: json!({"image": "img-1", "operation": "resize", "width": 640}),
                output: json!({"image": "img-2", "width": 640, "height": 427}),
            },
        ]
    }

    async fn call(&self, input: TransformInput, cx: &ToolCx) -> Result<TransformOutput, ToolError> {
        let entry = cx.image(&input.image)?;
        let (step, mut args) = plan(&input, entry.width(), entry.height())?;
        args["image"] = json!(entry.handle);
        let pixels = entry.pixels.clone();
        let made = cx.blocking(move |_| Ok(apply(&pixels, step))).await?;
        let derived = cx.images.derive(&entry, Operation { tool: Self::NAME.into(), args }, made);
        Ok(TransformOutput { image: derived.handle.clone(), width: derived.width(), height: derived.height() })
    }

    fn render(output: &TransformOutput) -> String {
        format!("the result is {}, {} x {} pixels", output.image, output.width, output.height)
    }
}

fn plan(input: &TransformInput, width: u32, height: u32) -> Result<(Step, serde_json::Value), ToolError> {
    match input.operation {
        TransformKind::FlipHorizontal => Ok((Step::FlipHorizontal, json!({"operation": "flip_horizontal"}))),
        TransformKind::FlipVertical => Ok((Step::FlipVertical, json!({"operation": "flip_vertical"}))),
        TransformKind::Rotate => {
            let degrees = input.degrees.filter(|degrees| degrees.is_finite());
            let degrees = degrees.ok_or_else(|| {
                ToolError::invalid_input(
                    "rotate needs degrees: 90 turns to the right, -90 to the left, 180 upside down",
                )
            })?;
            let turn = degrees.rem_euclid(360.0);
            let (w, h) = rotated_size(width, height, turn);
            check_size(w, h)?;
            Ok((Step::Rotate(turn), json!({"operation": "rotate", "degrees": degrees})))
        }
        TransformKind::Resize => {
            let (w, h) = (f64::from(width), f64::from(height));
            let (new_width, new_height) = match (input.width, input.height, input.scale) {
                (Some(new), Some(other), None) => (f64::from(new), f64::from(other)),
                (Some(new), None, None) => (f64::from(new), h * f64::from(new) / w),
                (None, Some(new), None) => (w * f64::from(new) / h, f64::from(new)),
                (None, None, Some(scale)) if scale > 0.0 => (w * f64::from(scale), h * f64::from(scale)),
                (None, None, Some(scale)) => {
                    return Err(ToolError::invalid_input(format!("scale is {scale}; it must be greater than 0")));
                }
                (None, None, None) => return Err(ToolError::invalid_input("resize needs width, height or scale")),
                _ => return Err(ToolError::invalid_input("resize takes either scale or width and height, not both")),
            };
            if input.width == Some(0) || input.height == Some(0) {
                return Err(ToolError::invalid_input("width and height must be at least 1"));
            }
            check_size(new_width, new_height)?;
            let (width, height) = (new_width.round().max(1.0) as u32, new_height.round().max(1.0) as u32);
            Ok((Step::Resize(width, height), json!({"operation": "resize", "width": width, "height": height})))
        }
    }
}

fn check_size(width: f64, height: f64) -> Result<(), ToolError> {
    if width <= f64::from(MAX_SIDE) && height <= f64::from(MAX_SIDE) && width * height <= MAX_PIXELS as f64 {
        return Ok(());
    }
    Err(ToolError::resource_limit(format!(
        "{width:.0} x {height:.0} pixels are too many; at most {MAX_SIDE} a side and {} million in all",
        MAX_PIXELS / 1_000_000
    )))
}

fn apply(picture: &DynamicImage, step: Step) -> DynamicImage {
    match step {
        Step::FlipHorizontal => picture.fliph(),
        Step::FlipVertical => picture.flipv(),
        Step::Resize(width, height) if picture.color().has_alpha() => {
            picture.resize_exact(width, height, image::imageops::FilterType::Lanczos3)
        }
        Step::Resize(width, height) => {
            DynamicImage::ImageRgb8(resize_rgb(&to_rgb(picture), width, height, Filter::Lanczos))
        }
        Step::Rotate(turn) => match turn as u32 {
            _ if turn.fract() != 0.0 => DynamicImage::ImageRgba8(rotate(&picture.to_rgba8(), turn)),
            0 => picture.clone(),
            90 => picture.rotate90(),
            180 => picture.rotate180(),
            270 => picture.rotate270(),
            _ => DynamicImage::ImageRgba8(rotate(&picture.to_rgba8(), turn)),
        },
    }
}

/// Size of the picture that holds the whole rotated one.
pub(super) fn rotated_size(width: u32, height: u32, degrees: f32) -> (f64, f64) {
    let (sin, cos) = f64::from(degrees).to_radians().sin_cos();
    let (w, h) = (f64::from(width), f64::from(height));
    // A hair less, lest a right angle's rounding error adds a pixel.
    ((w * cos.abs() + h * sin.abs() - 1e-6).ceil(), (w * sin.abs() + h * cos.abs() - 1e-6).ceil())
}

/// Rotates clockwise about the center, bilinearly; what lies outside the picture is transparent.
pub(super) fn rotate(picture: &RgbaImage, degrees: f32) -> RgbaImage {
    let (width, height) = rotated_size(picture.width(), picture.height(), degrees);
    let (sin, cos) = degrees.to_radians().sin_cos();
    let (cx, cy) = (picture.width() as f32 / 2.0, picture.height() as f32 / 2.0);
    let at = |x: i64, y: i64| {
        let inside = x >= 0 && y >= 0 && x < i64::from(picture.width()) && y < i64::from(picture.height());
        if inside { picture.get_pixel(x as u32, y as u32).0.map(f32::from) } else { [0.0; 4] }
    };
    RgbaImage::from_fn(width as u32, height as u32, |x, y| {
        let (dx, dy) = (x as f32 + 0.5 - width as f32 / 2.0, y as f32 + 0.5 - height as f32 / 2.0);
        let (sx, sy) = (dx * cos + dy * sin + cx - 0.5, dy * cos - dx * sin + cy - 0.5);
        let (left, top) = (sx.floor(), sy.floor());
        let (fx, fy) = (sx - left, sy - top);
        let (left, top) = (left as i64, top as i64);
        let corners = [
            (at(left, top), (1.0 - fx) * (1.0 - fy)),
            (at(left + 1, top), fx * (1.0 - fy)),
            (at(left, top + 1), (1.0 - fx) * fy),
            (at(left + 1, top + 1), fx * fy),
        ];
        // Colors are weighted by their opacity, so that no dark seam appears at the edge.
        let alpha: f32 = corners.iter().map(|(pixel, weight)| pixel[3] * weight).sum();
        let channel = |index: usize| {
            let sum: f32 = corners.iter().map(|(pixel, weight)| pixel[index] * pixel[3] * weight).sum();
            if alpha > 0.0 { (sum / alpha).round() as u8 } else { 0 }
        };
        Rgba([channel(0), channel(1), channel(2), alpha.round() as u8])
    })
}
