//! `quality`: whether a picture is sharp, well lit and free of noise.

use image::{DynamicImage, GrayImage, imageops::FilterType};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::target::{image_of, region_of};
use crate::evidence::Rows;
use crate::tool::{Example, ImageArg, RegionArg, Tool, ToolCx, ToolError};

/// Judges sharpness, light, contrast and noise.
pub struct Quality;

/// Arguments of [`Quality`].
#[derive(Debug, Deserialize, JsonSchema)]
pub struct QualityInput {
    #[serde(default)]
    image: ImageArg,
    /// only this part, such as img-1/face-1; left out: the whole image
    #[serde(default)]
    region: Option<RegionArg>,
}

/// Result of [`Quality`].
#[derive(Clone, Debug, JsonSchema, PartialEq, Serialize)]
pub struct QualityOutput {
    /// Variance of the Laplacian of the gray picture at 512 pixels on its long side (Pech-Pacheco et al. 2000); below 100
    /// a photograph looks blurred.
    #[serde(serialize_with = "crate::geom::thousandths")]
    pub sharpness: f32,
    /// Mean lightness, 0 (black) to 1 (white).
    #[serde(serialize_with = "crate::geom::thousandths")]
    pub brightness: f32,
    /// Standard deviation of the lightness, 0 to 0.5.
    #[serde(serialize_with = "crate::geom::thousandths")]
    pub contrast: f32,
    /// Share of pixels that are black or nearly so, 0 to 1.
    #[serde(serialize_with = "crate::geom::thousandths")]
    pub dark: f32,
    /// Share of pixels that are white or nearly so, 0 to 1.
    #[serde(serialize_with = "crate::geom::thousandths")]
    pub bright: f32,
    /// Standard deviation of the noise in grey levels of 255 (Immerkaer 1996).
    #[serde(serialize_with = "crate::geom::thousandths")]
    pub noise: f32,
    /// Width and height in pixels.
    pub size: [u32; 2],
    /// What is wrong, in a word each: "blurred", "too dark", "too bright", "flat", "noisy", "small"; empty if nothing is.
    pub problems: Vec<String>,
}

/// The long side at which pictures are compared; sharpness depends on the scale.
const LONG_SIDE: u32 = 512;
const BLURRED: f32 = 100.0;
const NOISY: f32 = 12.0;
const FLAT: f32 = 0.06;
const TOO_DARK: f32 = 0.2;
const TOO_BRIGHT: f32 = 0.9;
const CLIPPED: f32 = 0.5;
const SMALL: u32 = 200;

impl Tool for Quality {
    type Input = QualityInput;
    type Output = QualityOutput;
    const NAME: &'static str = "quality";
    const SUMMARY: &'static str =
        "judge whether the image is sharp or blurred, too dark or too bright, noisy, or small";
    const ADVANCED: bool = true;

    fn examples() -> Vec<Example> {
        vec![Example {
            task: "Is this photo sharp enough to print?",
            input: json!({"image": "img-1"}),
            output: json!({
                "sharpness": 34.1, "brightness": 0.52, "contrast": 0.21, "dark": 0.01, "bright": 0.02, "noise": 2.4,
                "size": [1200, 800], "problems": ["blurred"]
            }),
        }]
    }

    async fn call(&self, input: QualityInput, cx: &ToolCx) -> Result<QualityOutput, ToolError> {
        let entry = image_of(cx, &input.image, input.region.as_ref().as_slice())?;
        let part = match &input.region {
            Some(region) => region_of(cx, &entry, region)?.bbox.to_pixels(entry.width(), entry.height()),
            None => None,
        };
        let pixels = entry.pixels.clone();
        cx.blocking(move |_| {
            Ok(match part {
                Some((x, y, width, height)) => judge(&pixels.crop_imm(x, y, width, height)),
                None => judge(&pixels),
            })
        })
        .await
    }

    fn evidence(output: &QualityOutput, whole: bool) -> Rows {
        let mut rows = Rows::default();
        if whole {
            let values = [
                ("sharpness", output.sharpness.into()),
                ("brightness", output.brightness.into()),
                ("contrast", output.contrast.into()),
                ("noise", output.noise.into()),
                ("problems", output.problems.join(", ").into()),
            ];
            rows.add("quality", values);
        }
        rows
    }

    fn render(output: &QualityOutput) -> String {
        let verdict = if output.problems.is_empty() { "nothing is wrong".into() } else { output.problems.join(", ") };
        format!(
            "{verdict}: sharpness {:.0} (below {BLURRED:.0} is blurred), brightness {:.2}, contrast {:.2}, noise {:.1}, {} x {} pixels",
            output.sharpness, output.brightness, output.contrast, output.noise, output.size[0], output.size[1]
        )
    }
}

fn judge(picture: &DynamicImage) -> QualityOutput {
    let (width, height) = (picture.width(), picture.height());
    let gray = crate::image::to_rgb(picture);
    let gray = DynamicImage::ImageRgb8(gray).to_luma8();
    let long = width.max(height);
    // Enlarging adds no sharpness: small pictures stay as they are.
    let scaled = if long > LONG_SIDE {
        let side = |side: u32| ((u64::from(side) * u64::from(LONG_SIDE)).div_ceil(u64::from(long)) as u32).max(1);
        image::imageops::resize(&gray, side(width), side(height), FilterType::Triangle)
    } else {
        gray.clone()
    };
    let count = gray.as_raw().len().max(1) as f64;
    let mean = gray.as_raw().iter().map(|value| f64::from(*value)).sum::<f64>() / count;
    let variance = gray.as_raw().iter().map(|value| (f64::from(*value) - mean).powi(2)).sum::<f64>() / count;
    let share =
        |fits: fn(u8) -> bool| (gray.as_raw().iter().filter(|value| fits(**value)).count() as f64 / count) as f32;
    let (dark, bright) = (share(|value| value <= 8), share(|value| value >= 250));
    let (sharpness, noise) = (sharpness(&scaled), noise(&gray));
    let (brightness, contrast) = ((mean / 255.0) as f32, (variance.sqrt() / 255.0) as f32);
    let mut problems = Vec::new();
    let mut note = |wrong: bool, word: &str| problems.extend(wrong.then(|| word.to_owned()));
    note(sharpness < BLURRED && contrast >= FLAT, "blurred");
    note(brightness < TOO_DARK || dark > CLIPPED, "too dark");
    // A white page is no overexposed photograph: its ink is dark.
    note(brightness > TOO_BRIGHT && dark < 0.001 && contrast < 0.15, "too bright");
    note(contrast < FLAT, "flat");
    note(noise > NOISY, "noisy");
    note(width.min(height) < SMALL, "small");
    QualityOutput {
        sharpness: round(sharpness, 1),
        brightness: round(brightness, 3),
        contrast: round(contrast, 3),
        dark: round(dark, 3),
        bright: round(bright, 3),
        noise: round(noise, 1),
        size: [width, height],
        problems,
    }
}

fn round(value: f32, digits: i32) -> f32 {
    let scale = 10f32.powi(digits);
    (value * scale).round() / scale
}

/// Every inner pixel with its neighbors, row by row.
fn windows(gray: &GrayImage) -> impl Iterator<Item = [f32; 9]> + '_ {
    let (width, height) = (gray.width() as usize, gray.height() as usize);
    let raw = gray.as_raw();
    (1..height.saturating_sub(1)).flat_map(move |y| {
        (1..width.saturating_sub(1)).map(move |x| {
            let at = |dx: usize, dy: usize| f32::from(raw[(y + dy - 1) * width + x + dx - 1]);
            [at(0, 0), at(1, 0), at(2, 0), at(0, 1), at(1, 1), at(2, 1), at(0, 2), at(1, 2), at(2, 2)]
        })
    })
}

/// The variance of the Laplacian.
fn sharpness(gray: &GrayImage) -> f32 {
    let (mut count, mut sum, mut squares) = (0.0_f64, 0.0_f64, 0.0_f64);
    for w in windows(gray) {
        let value = f64::from(w[1] + w[3] + w[5] + w[7] - 4.0 * w[4]);
        count += 1.0;
        sum += value;
        squares += value * value;
    }
    if count == 0.0 { 0.0 } else { (squares / count - (sum / count).powi(2)) as f32 }
}

/// The standard deviation of the noise: the mean response to a filter that is blind to edges.
fn noise(gray: &GrayImage) -> f32 {
    let (mut count, mut sum) = (0.0_f64, 0.0_f64);
    for w in windows(gray) {
        let value = w[0] - 2.0 * w[1] + w[2] - 2.0 * w[3] + 4.0 * w[4] - 2.0 * w[5] + w[6] - 2.0 * w[7] + w[8];
        count += 1.0;
        sum += f64::from(value.abs());
    }
    if count == 0.0 { 0.0 } else { ((std::f64::consts::PI / 2.0).sqrt() * sum / (6.0 * count)) as f32 }
}

#[cfg(test)]
mod tests {
    use image::{Luma, RgbImage};

    use super::*;

    /// Squares of two greys.
    fn board(low: u8, high: u8) -> GrayImage {
        GrayImage::from_fn(320, 240, |x, y| Luma([if (x / 16 + y / 16) % 2 == 0 { low } else { high }]))
    }

    fn judged(gray: GrayImage) -> QualityOutput {
        judge(&DynamicImage::ImageLuma8(gray))
    }

    #[test]
    fn blur_light_and_noise_are_seen() {
        let sharp = judged(board(60, 200));
        assert!(sharp.problems.is_empty(), "{sharp:?}");
        let blurred = judged(image::imageops::blur(&board(60, 200), 4.0));
        assert_eq!(blurred.problems, ["blurred"]);
        assert!(blurred.sharpness * 5.0 < sharp.sharpness);
        assert!(judged(board(2, 20)).problems.contains(&"too dark".to_owned()));
        assert!(judged(board(235, 255)).problems.contains(&"too bright".to_owned()));
        assert!(judged(board(120, 124)).problems.contains(&"flat".to_owned()));
        // A fixed pattern that is no edge.
        let mut state = 7_u32;
        let noisy = GrayImage::from_fn(320, 240, |_, _| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            Luma([(100 + (state >> 24) / 3) as u8])
        });
        assert!(judged(noisy).problems.contains(&"noisy".to_owned()));
    }

    #[test]
    fn a_page_is_not_overexposed_and_tiny_pictures_do_not_panic() {
        let page = GrayImage::from_fn(400, 300, |x, y| Luma([if x % 20 < 2 && y % 30 < 12 { 10 } else { 255 }]));
        assert!(!judged(page).problems.contains(&"too bright".to_owned()));
        for (width, height) in [(1, 1), (2, 700), (900, 1)] {
            let output = judge(&DynamicImage::ImageRgb8(RgbImage::new(width, height)));
            assert_eq!(output.size, [width, height]);
            assert!(output.problems.contains(&"small".to_owned()));
        }
    }
}
