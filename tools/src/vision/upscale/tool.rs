//! The tool around the upscaler.

use image::{DynamicImage, GrayImage, Luma, Rgba, RgbaImage};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{MAX_PIXELS, UPSCALER, check_size, upscale};
use crate::{
    image::{Filter, Operation, resize_gray, resize_rgb},
    onnx::{LoadedModel, RunControl},
    tool::{Effects, Example, ImageArg, RegionArg, Tool, ToolCx, ToolError, ToolErrorKind},
    vision::target::{image_of, part_of},
};

/// Enlarges a picture.
pub struct Upscale;

/// Arguments of [`Upscale`].
#[derive(Debug, Deserialize, JsonSchema)]
pub struct UpscaleInput {
    #[serde(default)]
    image: ImageArg,
    /// only this part, such as img-1/face-1 or a box; left out: the whole image
    #[serde(default)]
    region: Option<RegionArg>,
    /// how many times as wide and high, over 1 up to 8; left out: what the model does, mostly 2 or 4
    #[serde(default)]
    scale: Option<f32>,
}

/// Result of [`Upscale`].
#[derive(Debug, JsonSchema, Serialize)]
pub struct UpscaleOutput {
    /// Handle of the larger picture.
    pub image: String,
    /// Its width in pixels.
    pub width: u32,
    /// Its height in pixels.
    pub height: u32,
    /// How many times as wide and high it is.
    #[serde(serialize_with = "crate::geom::thousandths")]
    pub scale: f32,
    /// The id of the model that made it, or `lanczos`: a plain resize without new detail.
    pub source: String,
}

/// The source of a picture that no model made.
const PLAIN: &str = "lanczos";
/// The factor where neither a model nor the caller says one.
const USUAL: f32 = 2.0;
const MOST: f32 = 8.0;
/// More pixels than this take a model minutes on a CPU.
const MODEL_PIXELS: u64 = 4_000_000;

impl Tool for Upscale {
    type Input = UpscaleInput;
    type Output = UpscaleOutput;
    const NAME: &'static str = "upscale";
    const EFFECTS: Effects = Effects::EDITS;
    const SUMMARY: &'static str = "enlarge an image or a part of it and make it sharper (super-resolution)";
    const LIMITS: &'static str = "the detail is invented to look right: it is no evidence of what a blurred text or face was; a source of \
                                  \"lanczos\" means that no model was at hand";
    // No role: without a model it resizes, so it is never out of service.
    const ADVANCED: bool = true;

    fn examples() -> Vec<Example> {
        vec![
            Example {
                task: "Make this small picture larger and sharper.",
                input: json!({"image": "img-1"}),
                output: json!({"image": "img-2", "width": 640, "height": 400, "scale": 2.0, "source": "swin2sr-classical-x2"}),
            },
            Example {
                task: "Enlarge the sign four times.",
                input: json!({"image": "img-1", "region": [120, 40, 200, 90], "scale": 4}),
                output: json!({"image": "img-2", "width": 320, "height": 200, "scale": 4.0, "source": "real-esrgan-x4"}),
            },
        ]
    }

    async fn call(&self, input: UpscaleInput, cx: &ToolCx) -> Result<UpscaleOutput, ToolError> {
        if let Some(scale) = input.scale.filter(|scale| !(*scale > 1.0 && *scale <= MOST)) {
            return Err(ToolError::invalid_input(format!("scale is {scale}; it must be over 1 and at most {MOST}")));
        }
        let entry = image_of(cx, &input.image, input.region.as_ref().as_slice())?;
        let part = input.region.as_ref().map(|region| part_of(cx, &entry, region)).transpose()?;
        let (x, y, width, height) = part.unwrap_or((0, 0, entry.width(), entry.height()));
        let wanted = |scale: f32| {
            let side = |side: u32| (f64::from(side) * f64::from(scale)).round().max(1.0) as u64;
            (side(width), side(height))
        };
        let least = wanted(input.scale.unwrap_or(USUAL));
        check_size(least.0, least.1)?;
        let model = match cx.model(UPSCALER).await {
            Ok(model) => Some(model),
            Err(error) if error.kind == ToolErrorKind::ModelUnavailable => None,
            Err(error) => return Err(error),
        };
        if model.is_some() && u64::from(width) * u64::from(height) > MODEL_PIXELS {
            return Err(ToolError::resource_limit(format!(
                "{width} x {height} pixels are too many; models enlarge up to {} million (results up to {} million): name a \
                 region, or use transform, which only resizes",
                MODEL_PIXELS / 1_000_000,
                MAX_PIXELS / 1_000_000
            )));
        }
        let source = model.as_ref().map_or_else(|| PLAIN.to_owned(), |model| model.id.clone());
        let (pixels, scale) = (entry.pixels.clone(), input.scale);
        let made = cx
            .blocking(move |control| enlarge(&pixels.crop_imm(x, y, width, height), model.as_deref(), scale, control))
            .await?;
        let scale = made.width() as f32 / width.max(1) as f32;
        let scale = input.scale.unwrap_or((scale * 1000.0).round() / 1000.0);
        let mut args = json!({"image": entry.handle, "scale": scale, "source": source});
        if part.is_some() {
            args["region"] = json!([x, y, x + width, y + height]);
        }
        let derived = cx.images.derive(&entry, Operation { tool: Self::NAME.into(), args }, made);
        let (width, height) = (derived.width(), derived.height());
        Ok(UpscaleOutput { image: derived.handle.clone(), width, height, scale, source })
    }

    fn render(output: &UpscaleOutput) -> String {
        let by = match output.source.as_str() {
            PLAIN => {
                "by a plain Lanczos resize, for no upscaling model is available: it is larger, not sharper".to_owned()
            }
            model => format!("by {model}"),
        };
        format!(
            "{} is {} times as wide and high, {} x {} pixels, {by}",
            output.image, output.scale, output.width, output.height
        )
    }
}

/// By the model's factor, brought to the wanted one by Lanczos; by Lanczos alone without a model.
fn enlarge(
    picture: &DynamicImage,
    model: Option<&LoadedModel>,
    scale: Option<f32>,
    control: &RunControl,
) -> Result<DynamicImage, ToolError> {
    // Colors as they are, also where they are clear: on a ground they would leave a rim.
    let colors = picture.to_rgb8();
    let (large, factor) = match model {
        Some(model) => {
            let (large, factor) = upscale(model, &colors, control)?;
            (Some(large), factor as f32)
        }
        None => (None, USUAL),
    };
    control.check()?;
    let scale = scale.unwrap_or(factor);
    let side = |side: u32| ((f64::from(side) * f64::from(scale)).round() as u32).max(1);
    let (width, height) = (side(picture.width()), side(picture.height()));
    check_size(width.into(), height.into())?;
    let large = resize_rgb(large.as_ref().unwrap_or(&colors), width, height, Filter::Lanczos);
    if !picture.color().has_alpha() {
        return Ok(DynamicImage::ImageRgb8(large));
    }
    let rgba = picture.to_rgba8();
    let opacity = GrayImage::from_fn(rgba.width(), rgba.height(), |x, y| Luma([rgba.get_pixel(x, y).0[3]]));
    let opacity = resize_gray(&opacity, width, height, Filter::Lanczos);
    Ok(DynamicImage::ImageRgba8(RgbaImage::from_fn(width, height, |x, y| {
        let [r, g, b] = large.get_pixel(x, y).0;
        Rgba([r, g, b, opacity.get_pixel(x, y).0[0]])
    })))
}
