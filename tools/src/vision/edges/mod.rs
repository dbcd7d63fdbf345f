//! `edges`: a line drawing of a picture, by Canny's detector, as ink (XDoG), as a scribble, or by a network of the user's own.

mod soft;

use image::{DynamicImage, GrayImage, Luma};
use imageproc::{edges::canny, filter::gaussian_blur_f32};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    image::{Operation, to_rgb},
    tool::{Effects, Example, ImageArg, Tool, ToolCx, ToolError},
};

/// Draws the edges of a picture.
pub struct Edges;

/// How edges are found.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum EdgeMethod {
    /// Thin white lines on black (Canny 1986).
    #[default]
    Canny,
    /// Black ink on white, as if drawn by hand (extended difference of Gaussians, Winnemoeller 2012).
    Ink,
    /// Thick white strokes on black, the outlines alone.
    Scribble,
    /// How surely there is an edge, white on black, by the user's model of the role `edges` (HED, PiDiNet, DexiNed).
    Soft,
}

/// Arguments of [`Edges`].
#[derive(Debug, Deserialize, JsonSchema)]
pub struct EdgesInput {
    #[serde(default)]
    image: ImageArg,
    /// canny: thin white lines on black; ink: black strokes on white, like a sketch; scribble: thick outlines; soft: by a network
    #[serde(default)]
    method: EdgeMethod,
    /// how much is drawn, from 0 (the strongest edges only) to 1 (every detail); left out: 0.5
    #[serde(default)]
    detail: Option<f32>,
}

/// Result of [`Edges`].
#[derive(Debug, JsonSchema, Serialize)]
pub struct EdgesOutput {
    /// Handle of the drawing.
    pub image: String,
    /// Share of its pixels that are drawn, 0 to 1.
    #[serde(serialize_with = "crate::geom::thousandths")]
    pub drawn: f32,
}

/// Above this many pixels the filters take minutes.
const MAX_PIXELS: u64 = 50_000_000;

impl Tool for Edges {
    type Input = EdgesInput;
    type Output = EdgesOutput;
    const NAME: &'static str = "edges";
    const EFFECTS: Effects = Effects::EDITS;
    const SUMMARY: &'static str = "draw the edges of an image: as thin lines, or as an ink sketch";
    const ADVANCED: bool = true;

    fn examples() -> Vec<Example> {
        vec![Example {
            task: "Make a sketch of this photo.",
            input: json!({"image": "img-1", "method": "ink"}),
            output: json!({"image": "img-2", "drawn": 0.12}),
        }]
    }

    async fn call(&self, input: EdgesInput, cx: &ToolCx) -> Result<EdgesOutput, ToolError> {
        let detail = input.detail.unwrap_or(0.5);
        if !(0.0..=1.0).contains(&detail) {
            return Err(ToolError::invalid_input(format!("detail is {detail}; it must be from 0 to 1")));
        }
        let entry = cx.image(&input.image)?;
        if u64::from(entry.width()) * u64::from(entry.height()) > MAX_PIXELS {
            return Err(ToolError::resource_limit(format!(
                "{} has {} x {} pixels; edges are drawn of at most {} million: resize it first",
                entry.handle,
                entry.width(),
                entry.height(),
                MAX_PIXELS / 1_000_000
            )));
        }
        let (pixels, method) = (entry.pixels.clone(), input.method);
        // A scribble is better by a network, and can do without.
        let model = match method {
            EdgeMethod::Soft => Some(cx.model(ROLE).await.map_err(|error| {
                error.with_hint("name a HED, PiDiNet or DexiNed export in argus.toml: [models.hed] role = \"edges\" file = \"hed.onnx\"")
            })?),
            EdgeMethod::Scribble => cx.model(ROLE).await.ok(),
            EdgeMethod::Canny | EdgeMethod::Ink => None,
        };
        let (picture, drawn) = cx
            .blocking(move |control| {
                let rgb = to_rgb(&pixels);
                let map = model.map(|model| soft::soft(&model, &rgb, control)).transpose()?;
                let gray = DynamicImage::ImageRgb8(rgb).to_luma8();
                control.check()?;
                Ok(match (method, map) {
                    (EdgeMethod::Scribble, Some(map)) => with_share(soft::scribble(&map, surest(detail), STROKE)),
                    (_, Some(map)) => with_share(map),
                    _ => draw(&gray, method, detail),
                })
            })
            .await?;
        let args = json!({"image": entry.handle, "method": method, "detail": detail});
        let operation = Operation { tool: Self::NAME.into(), args };
        let derived = cx.images.derive(&entry, operation, DynamicImage::ImageLuma8(picture));
        Ok(EdgesOutput { image: derived.handle.clone(), drawn: (drawn * 1000.0).round() / 1000.0 })
    }

    fn render(output: &EdgesOutput) -> String {
        format!("the drawing is {}; {:.0} % of it is drawn", output.image, output.drawn * 100.0)
    }
}

/// The role of networks that find edges.
const ROLE: &str = "edges";
/// Width of a scribble's strokes in pixels.
const STROKE: u8 = 5;

/// How sure an edge must be to be drawn, 0..=255.
fn surest(detail: f32) -> u8 {
    (230.0 - 200.0 * detail) as u8
}

/// White on black, and the share that is white.
fn with_share(drawing: GrayImage) -> (GrayImage, f32) {
    let white = drawing.as_raw().iter().filter(|value| **value > 127).count();
    let share = white as f32 / drawing.as_raw().len().max(1) as f32;
    (drawing, share)
}

/// The drawing and the share of it that is drawn.
pub(super) fn draw(gray: &GrayImage, method: EdgeMethod, detail: f32) -> (GrayImage, f32) {
    match method {
        EdgeMethod::Canny => {
            // The thresholds of 100 and 200 on 8-bit gradients that the field uses, loosened or tightened.
            let high = 360.0 - 320.0 * detail;
            with_share(canny_of_any(gray, high / 2.0, high))
        }
        EdgeMethod::Scribble | EdgeMethod::Soft => {
            // Blurred first: only outlines are left.
            let high = 200.0 - 160.0 * detail;
            with_share(soft::scribble(&canny_of_any(&gaussian_blur_f32(gray, 2.0), high / 2.0, high), 127, STROKE))
        }
        EdgeMethod::Ink => {
            let ink = ink(gray, detail);
            let dark = ink.as_raw().iter().filter(|value| **value < 128).count();
            let drawn = dark as f32 / ink.as_raw().len().max(1) as f32;
            (ink, drawn)
        }
    }
}

/// Canny's detector wants a few pixels each way.
pub(super) fn canny_of_any(gray: &GrayImage, low: f32, high: f32) -> GrayImage {
    if gray.width() < 5 || gray.height() < 5 {
        return GrayImage::new(gray.width(), gray.height());
    }
    canny(gray, low, high)
}

/// Extended difference of Gaussians with a soft threshold: sigma 0.8, k 1.6, tau 0.98, phi 10.
fn ink(gray: &GrayImage, detail: f32) -> GrayImage {
    const SIGMA: f32 = 0.8;
    const RATIO: f32 = 1.6;
    const TAU: f32 = 0.98;
    const PHI: f32 = 10.0;
    // The threshold below which it is ink: more detail, more ink.
    let epsilon = -0.015 + 0.02 * detail;
    let (fine, coarse) = (gaussian_blur_f32(gray, SIGMA), gaussian_blur_f32(gray, SIGMA * RATIO));
    let mut drawing = GrayImage::new(gray.width(), gray.height());
    for ((out, fine), coarse) in drawing.pixels_mut().zip(fine.pixels()).zip(coarse.pixels()) {
        let difference = (f32::from(fine.0[0]) - TAU * f32::from(coarse.0[0])) / 255.0;
        let value = if difference >= epsilon { 1.0 } else { 1.0 + (PHI * 10.0 * (difference - epsilon)).tanh() };
        *out = Luma([(value.clamp(0.0, 1.0) * 255.0).round() as u8]);
    }
    drawing
}

#[cfg(test)]
mod tests {
    use super::*;

    fn square() -> GrayImage {
        GrayImage::from_fn(120, 100, |x, y| {
            Luma([if (30..90).contains(&x) && (20..80).contains(&y) { 220 } else { 40 }])
        })
    }

    #[test]
    fn the_outline_of_a_square_is_drawn_and_nothing_else() {
        let (lines, drawn) = draw(&square(), EdgeMethod::Canny, 0.5);
        assert_eq!(lines.dimensions(), (120, 100));
        assert!((0.01..0.04).contains(&drawn), "{drawn}: a line one pixel thin");
        let near = |x: i64, y: i64| {
            (-2..=2)
                .flat_map(|dy| (-2..=2).map(move |dx| (x + dx, y + dy)))
                .any(|(x, y)| lines.get_pixel_checked(x as u32, y as u32).is_some_and(|pixel| pixel.0[0] > 0))
        };
        assert!(near(30, 50) && near(90, 50) && near(60, 20) && near(60, 80));
        assert!(!near(60, 50) && !near(10, 10));
        let (ink, drawn) = draw(&square(), EdgeMethod::Ink, 0.5);
        assert!(drawn > 0.01 && ink.get_pixel(5, 5).0[0] > 200, "paper stays white: {drawn}");
    }

    #[test]
    fn more_detail_draws_more_and_odd_sizes_do_not_panic() {
        let soft = image::imageops::blur(&square(), 1.5);
        let share = |detail| draw(&soft, EdgeMethod::Canny, detail).1;
        assert!(share(0.0) <= share(0.5) && share(0.5) <= share(1.0));
        for (width, height) in [(1, 1), (1, 300), (4, 4), (5, 5)] {
            for method in [EdgeMethod::Canny, EdgeMethod::Ink, EdgeMethod::Scribble] {
                let (drawing, _) = draw(&GrayImage::new(width, height), method, 0.5);
                assert_eq!(drawing.dimensions(), (width, height));
            }
        }
    }
}
