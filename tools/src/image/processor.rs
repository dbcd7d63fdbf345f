//! A picture as a model of the Hugging Face hub wants it, by its `preprocessor_config.json`: resize, crop, rescale,
//! normalize, in this order. Source: transformers' image processors.

use image::{Rgb, RgbImage, imageops};
use ndarray::Array4;
use serde::Deserialize;

use super::resize::{Filter, resize_rgb};

/// The steps of a `preprocessor_config.json`.
#[derive(Clone, Debug, PartialEq)]
pub struct Processor {
    fit: Option<Fit>,
    filter: Filter,
    /// Width and height of the part in the middle that is kept.
    crop: Option<(u32, u32)>,
    scale: f32,
    mean: [f32; 3],
    std: [f32; 3],
    blue_first: bool,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Fit {
    /// Width and height, whatever the aspect.
    Exact(u32, u32),
    /// The short side to this; the long one at most to that.
    Shortest(u32, Option<u32>),
    /// The long side to this.
    Longest(u32),
    /// Near this width and height in multiples of a number; with `keep` both sides are scaled by the factor of the side that
    /// changes least.
    Multiple { width: u32, height: u32, keep: bool, of: u32 },
}

/// Most pixels that [`Fit::Multiple`] gives: kept in proportion, a long strip would grow to hundreds of times the size that
/// the model was made for, where the reference runs out of memory.
const MOST_PIXELS: f64 = 1_200_000.0;

impl Fit {
    /// The size (width, height) that a picture of a size gets.
    fn size(self, (width, height): (u32, u32)) -> (u32, u32) {
        let scaled =
            |side: u32, to: u32, of: u32| ((u64::from(side) * u64::from(to) / u64::from(of.max(1))) as u32).max(1);
        let (short, long) = (width.min(height), width.max(height));
        match self {
            Self::Exact(width, height) => (width.max(1), height.max(1)),
            Self::Shortest(side, None) => (scaled(width, side, short), scaled(height, side, short)),
            Self::Shortest(side, Some(most)) => {
                let (new_width, new_height) = capped((width, height), side, most);
                (new_width.max(1), new_height.max(1))
            }
            Self::Longest(side) => (scaled(width, side, long), scaled(height, side, long)),
            Self::Multiple { width: to_width, height: to_height, keep, of } => {
                let (own_width, own_height) = (f64::from(width.max(1)), f64::from(height.max(1)));
                let (mut x, mut y) = (f64::from(to_width) / own_width, f64::from(to_height) / own_height);
                if keep {
                    (x, y) = if (1.0 - x).abs() < (1.0 - y).abs() { (x, x) } else { (y, y) };
                }
                let (new_width, new_height) = (x * own_width, y * own_height);
                let excess = (new_width * new_height / MOST_PIXELS).sqrt().max(1.0);
                let side = |side: f64| (((side / excess / f64::from(of)).round_ties_even() as u32).max(1)) * of;
                (side(new_width), side(new_height))
            }
        }
    }
}

#[derive(Deserialize)]
#[serde(default)]
#[expect(clippy::struct_excessive_bools, reason = "the file has them")]
struct Config {
    do_resize: bool,
    size: Option<Size>,
    resample: u8,
    do_center_crop: bool,
    crop_size: Option<Size>,
    do_rescale: bool,
    rescale_factor: f32,
    do_normalize: bool,
    image_mean: Option<Vec<f32>>,
    image_std: Option<Vec<f32>>,
    do_flip_channel_order: bool,
    keep_aspect_ratio: bool,
    ensure_multiple_of: Option<u32>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            do_resize: true,
            size: None,
            resample: 2,
            do_center_crop: false,
            crop_size: None,
            do_rescale: true,
            rescale_factor: 1.0 / 255.0,
            do_normalize: true,
            image_mean: None,
            image_std: None,
            do_flip_channel_order: false,
            keep_aspect_ratio: false,
            ensure_multiple_of: None,
        }
    }
}

#[derive(Clone, Copy, Deserialize)]
#[serde(untagged)]
enum Size {
    Side(u32),
    Sides { height: u32, width: u32 },
    Short { shortest_edge: u32, longest_edge: Option<u32> },
    Long { longest_edge: u32 },
}

impl Processor {
    /// Reads the text of a `preprocessor_config.json`. The error says what is not understood.
    pub fn from_json(text: &str) -> Result<Self, String> {
        let config: Config =
            serde_json::from_str(text).map_err(|error| format!("preprocessor_config.json: {error}"))?;
        let fit = match config.size.filter(|_| config.do_resize) {
            None => None,
            Some(Size::Side(side)) if config.do_center_crop => Some(Fit::Shortest(side, None)),
            Some(Size::Side(side)) => Some(Fit::Exact(side, side)),
            Some(Size::Sides { height, width }) => Some(Fit::Exact(width, height)),
            Some(Size::Short { shortest_edge, longest_edge }) => Some(Fit::Shortest(shortest_edge, longest_edge)),
            Some(Size::Long { longest_edge }) => Some(Fit::Longest(longest_edge)),
        };
        let fit = match (fit, config.ensure_multiple_of) {
            (_, Some(0)) => return Err("preprocessor_config.json: ensure_multiple_of must be above 0".into()),
            (Some(Fit::Exact(width, height)), of) if config.keep_aspect_ratio || of.is_some() => {
                Some(Fit::Multiple { width, height, keep: config.keep_aspect_ratio, of: of.unwrap_or(1) })
            }
            (fit, _) => fit,
        };
        let filter = match config.resample {
            0 => Filter::Nearest,
            1 => Filter::Lanczos,
            2 => Filter::Bilinear,
            3 => Filter::Bicubic,
            other => {
                return Err(format!(
                    "preprocessor_config.json: resample is {other}; known are 0 nearest, 1 Lanczos, 2 bilinear, 3 bicubic"
                ));
            }
        };
        let crop = match config.crop_size.filter(|_| config.do_center_crop) {
            None => None,
            Some(Size::Side(side)) => Some((side, side)),
            Some(Size::Sides { height, width }) => Some((width, height)),
            Some(_) => return Err("preprocessor_config.json: crop_size needs height and width".into()),
        };
        let triple = |values: Option<Vec<f32>>, name: &str, usual: f32| match values.filter(|_| config.do_normalize) {
            None => Ok([usual; 3]),
            Some(values) => <[f32; 3]>::try_from(values).map_err(|values| {
                format!(
                    "preprocessor_config.json: {name} has {} values, one for each of 3 channels is right",
                    values.len()
                )
            }),
        };
        let std = triple(config.image_std, "image_std", 1.0)?;
        if std.iter().any(|value| *value <= 0.0) {
            return Err("preprocessor_config.json: image_std must be above 0".into());
        }
        Ok(Self {
            fit,
            filter,
            crop,
            scale: if config.do_rescale { config.rescale_factor } else { 1.0 },
            mean: triple(config.image_mean, "image_mean", 0.0)?,
            std,
            blue_first: config.do_flip_channel_order,
        })
    }

    /// The same steps for a graph that takes one size alone.
    #[must_use]
    pub fn stretched(self, width: u32, height: u32) -> Self {
        Self { fit: Some(Fit::Exact(width, height)), crop: None, ..self }
    }

    /// The input tensor f32 `[1, 3, height, width]`.
    pub fn apply(&self, image: &RgbImage) -> Array4<f32> {
        let resized = self.fit.map(|fit| {
            let (width, height) = fit.size(image.dimensions());
            resize_rgb(image, width, height, self.filter)
        });
        let resized = resized.as_ref().unwrap_or(image);
        let cropped = self.crop.map(|(width, height)| center_crop(resized, width, height));
        self.normalised(cropped.as_ref().unwrap_or(resized))
    }

    /// The interpolation of its resizing.
    pub(crate) fn filter(&self) -> Filter {
        self.filter
    }

    /// The same of a picture that has its size already: only rescaled and normalized.
    pub(crate) fn normalised(&self, pixels: &RgbImage) -> Array4<f32> {
        let (width, height) = (pixels.width() as usize, pixels.height() as usize);
        let order = if self.blue_first { [2, 1, 0] } else { [0, 1, 2] };
        let raw = pixels.as_raw();
        Array4::from_shape_fn((1, 3, height, width), |(_, channel, y, x)| {
            let value = f32::from(raw[(y * width + x) * 3 + order[channel]]);
            (value * self.scale - self.mean[channel]) / self.std[channel]
        })
    }
}

/// The short side to `side`, unless the long one would be above `most`: then that to about `most`. As DETR and its kin have
/// it, whose long side is found from the short one before that is rounded.
fn capped((width, height): (u32, u32), side: u32, most: u32) -> (u32, u32) {
    let (short, long) = (f64::from(width.min(height)), f64::from(width.max(height)));
    let exact =
        if long / short * f64::from(side) > f64::from(most) { f64::from(most) * short / long } else { f64::from(side) };
    let (new_short, new_long) = (exact.round_ties_even() as u32, (exact * long / short) as u32);
    if width.min(height) == new_short {
        (width, height)
    } else if width < height {
        (new_short, new_long)
    } else {
        (new_long, new_short)
    }
}

/// The middle of a picture; where it is smaller, black around it.
fn center_crop(image: &RgbImage, width: u32, height: u32) -> RgbImage {
    let mut part = RgbImage::from_pixel(width, height, Rgb([0, 0, 0]));
    let offset = |of: u32, to: u32| {
        (i64::from(to) - i64::from(of)).div_euclid(2) + (i64::from(to) - i64::from(of)).rem_euclid(2)
    };
    imageops::replace(&mut part, image, offset(image.width(), width), offset(image.height(), height));
    part
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed set-up fails the test")]
mod tests {
    use super::*;

    fn shape(config: &str, width: u32, height: u32) -> Vec<usize> {
        Processor::from_json(config).unwrap().apply(&RgbImage::new(width, height)).shape().to_vec()
    }

    #[test]
    fn every_form_of_size_is_followed() {
        assert_eq!(shape(r#"{"size": 32}"#, 100, 50), [1, 3, 32, 32]);
        assert_eq!(shape(r#"{"size": {"height": 20, "width": 30}}"#, 100, 50), [1, 3, 20, 30]);
        assert_eq!(shape(r#"{"size": {"shortest_edge": 20}}"#, 101, 50), [1, 3, 20, 40]);
        assert_eq!(shape(r#"{"size": {"shortest_edge": 40, "longest_edge": 60}}"#, 100, 50), [1, 3, 30, 60]);
        assert_eq!(shape(r#"{"size": {"longest_edge": 64}}"#, 100, 50), [1, 3, 32, 64]);
        // As Python computes it: the short side rounded, the long one cut, and 60 * 33 / 97 * 97 / 33 is a hair below 60.
        let detr = r#"{"size": {"shortest_edge": 40, "longest_edge": 60}}"#;
        assert_eq!(shape(detr, 97, 33), [1, 3, 20, 59]);
        assert_eq!(shape(detr, 35, 97), [1, 3, 60, 22]);
        assert_eq!(shape(detr, 45, 40), [1, 3, 40, 45]);
        assert_eq!(shape(r#"{"do_resize": false, "size": 32}"#, 7, 5), [1, 3, 5, 7]);
        let clip =
            r#"{"size": {"shortest_edge": 24}, "do_center_crop": true, "crop_size": {"height": 24, "width": 24}}"#;
        assert_eq!(shape(clip, 100, 50), [1, 3, 24, 24]);
        assert_eq!(shape(r#"{"size": 24, "do_center_crop": true, "crop_size": 30}"#, 100, 1), [1, 3, 30, 30]);
        let fixed = Processor::from_json(clip).unwrap().stretched(12, 8).apply(&RgbImage::new(50, 60));
        assert_eq!(fixed.shape(), [1, 3, 8, 12]);
    }

    #[test]
    fn multiples_are_rounded_as_the_reference_does() {
        let near = |keep: bool, of: u32| {
            format!(
                r#"{{"size": {{"height": 56, "width": 56}}, "keep_aspect_ratio": {keep}, "ensure_multiple_of": {of}}}"#
            )
        };
        let size = |config: &str, width: u32, height: u32| {
            Processor::from_json(config).unwrap().fit.unwrap().size((width, height))
        };
        for (keep, of, (width, height), expected) in [
            // Of 56 / 70 = 0.8 and 56 / 40 = 1.4 the first changes less.
            (true, 14, (70, 40), (56, 28)),
            (true, 14, (100, 50), (112, 56)),
            // 35 / 14 = 2.5 and 49 / 14 = 3.5 go to the even neighbor.
            (true, 14, (56, 35), (56, 28)),
            (true, 14, (49, 56), (56, 56)),
            (false, 14, (100, 50), (56, 56)),
            (true, 1, (57, 41), (56, 40)),
            (true, 14, (20_000, 10), (56, 14)),
            (true, 14, (1, 1), (56, 56)),
        ] {
            assert_eq!(size(&near(keep, of), width, height), expected, "{width} x {height}");
        }
        let (width, height) = size(&near(true, 14).replace("56", "518"), 20_000, 500);
        assert!(width * height < 1_300_000 && width > 20 * height, "{width} x {height}");
        assert_eq!(shape(&near(true, 14), 100, 50), [1, 3, 56, 112]);
    }

    #[test]
    fn a_fixed_size_overrules_the_file() {
        let clip = r#"{"size": {"shortest_edge": 24}, "do_center_crop": true, "crop_size": 24}"#;
        let fixed = Processor::from_json(clip).unwrap().stretched(30, 20);
        assert_eq!(fixed.apply(&RgbImage::new(100, 50)).shape(), [1, 3, 20, 30]);
    }

    #[test]
    fn values_are_rescaled_and_normalised() {
        let config = r#"{"do_resize": false, "image_mean": [0.5, 0.5, 0.5], "image_std": [0.5, 0.25, 0.5],
            "do_flip_channel_order": true}"#;
        let tensor = Processor::from_json(config).unwrap().apply(&RgbImage::from_pixel(1, 1, Rgb([255, 0, 51])));
        let values: Vec<f32> = tensor.iter().copied().collect();
        for (value, expected) in values.iter().zip([-0.6, -2.0, 1.0]) {
            assert!((value - expected).abs() < 1e-6, "{values:?}");
        }
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (config, part) in [
            ("{", "preprocessor_config.json"),
            (r#"{"resample": 9}"#, "resample is 9"),
            (r#"{"image_mean": [0.5]}"#, "image_mean has 1 values"),
            (r#"{"image_std": [0.0, 1.0, 1.0]}"#, "above 0"),
            (r#"{"size": {"depth": 3}}"#, "preprocessor_config.json"),
            (r#"{"size": 8, "ensure_multiple_of": 0}"#, "ensure_multiple_of must be above 0"),
        ] {
            let error = Processor::from_json(config).unwrap_err();
            assert!(error.contains(part), "{error}");
        }
    }
}
