//! `edges`: a line drawing of a picture, by Canny's detector or as ink (XDoG).

use image::{DynamicImage, GrayImage, Luma};
use imageproc::{edges::canny, filter::gaussian_blur_f32};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    image::{Operation, to_rgb},
    tool::{Example, ImageArg, Tool, ToolCx, ToolError},
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
}

/// Arguments of [`Edges`].
#[derive(Debug, Deserialize, JsonSchema)]
pub struct EdgesInput {
    #[serde(default)]
    image: ImageArg,
    /// canny: thin white lines on black; ink: black strokes on white, like a sketch
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
    pub drawn: f32,
}

/// Above this many pixels the filters take minutes.
const MAX_PIXELS: u64 = 50_000_000;

impl Tool for Edges {
    type Input = EdgesInput;
    type Output = EdgesOutput;
    const NAME: &'static str = "edges";
    const SUMMARY: &'static str = "draw the edges of an image: as thin lines, or as an ink sketch";
    const WHEN: &'static [&'static str] =
        &["edge", "outline", "sketch", "line drawing", "contour", "canny", "边缘", "轮廓", "线稿", "素描"];

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
        let (picture, drawn) = cx
            .blocking(move |control| {
                let gray = DynamicImage::ImageRgb8(to_rgb(&pixels)).to_luma8();
                control.check()?;
                Ok(draw(&gray, method, detail))
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

/// The drawing and the share of it that is drawn.
pub(super) fn draw(gray: &GrayImage, method: EdgeMethod, detail: f32) -> (GrayImage, f32) {
    let count = gray.as_raw().len().max(1) as f32;
    match method {
        EdgeMethod::Canny => {
            // The thresholds of 100 and 200 on 8-bit gradients that the field uses, loosened or tightened.
            let high = 360.0 - 320.0 * detail;
            let lines = canny_of_any(gray, high / 2.0, high);
            let drawn = lines.as_raw().iter().filter(|value| **value > 0).count() as f32 / count;
            (lines, drawn)
        }
        EdgeMethod::Ink => {
            let ink = ink(gray, detail);
            let drawn = ink.as_raw().iter().filter(|value| **value < 128).count() as f32 / count;
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
            for method in [EdgeMethod::Canny, EdgeMethod::Ink] {
                let (drawing, _) = draw(&GrayImage::new(width, height), method, 0.5);
                assert_eq!(drawing.dimensions(), (width, height));
            }
        }
    }
}
