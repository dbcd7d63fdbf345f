//! OWLv2's picture: padded with grey to a square, right and below, then resized as the authors do it: a Gaussian against
//! aliasing, then bilinear. Source: transformers' `Owlv2ImageProcessor`, which follows scikit-image's `resize`.

use image::RgbImage;
use ndarray::{Array2, Array4, ArrayView2, s};
use serde::Deserialize;

/// The grey of the padding, of values in 0..=1.
const GREY: f32 = 0.5;
/// A Gaussian is cut off at this many deviations.
const TRUNCATE: f64 = 4.0;

/// The steps of an OWLv2 `preprocessor_config.json`.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Square {
    side: u32,
    scale: f32,
    mean: [f32; 3],
    std: [f32; 3],
}

#[derive(Deserialize)]
struct Config {
    #[serde(default)]
    do_pad: bool,
    size: Option<Size>,
    rescale_factor: Option<f32>,
    image_mean: Option<[f32; 3]>,
    image_std: Option<[f32; 3]>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Size {
    Side(u32),
    Sides { height: u32, width: u32 },
}

impl Square {
    /// Reads the text of a `preprocessor_config.json`; `None` if it pads no square, as OWL-ViT's does not.
    pub(super) fn from_json(text: &str) -> Result<Option<Self>, String> {
        let config: Config =
            serde_json::from_str(text).map_err(|error| format!("preprocessor_config.json: {error}"))?;
        if !config.do_pad {
            return Ok(None);
        }
        let side = match config.size {
            None => 960,
            Some(Size::Side(side)) => side,
            Some(Size::Sides { height, width }) if height == width => height,
            Some(Size::Sides { height, width }) => {
                return Err(format!("preprocessor_config.json: a padded square cannot be {width} x {height}"));
            }
        };
        Ok(Some(Self {
            side: side.max(1),
            scale: config.rescale_factor.unwrap_or(1.0 / 255.0),
            mean: config.image_mean.unwrap_or([0.481_454_66, 0.457_827_5, 0.408_210_73]),
            std: config.image_std.unwrap_or([0.268_629_54, 0.261_302_6, 0.275_777_1]),
        }))
    }

    /// The same for a graph of one size.
    pub(super) fn of_side(self, side: u32) -> Self {
        Self { side, ..self }
    }

    /// The input f32 `[1, 3, side, side]`.
    pub(super) fn apply(&self, image: &RgbImage) -> Array4<f32> {
        let (width, height) = (image.width() as usize, image.height() as usize);
        let (frame, side) = (width.max(height), self.side as usize);
        let taps = taps(frame, side);
        let mut tensor = Array4::zeros((1, 3, side, side));
        for channel in 0..3 {
            let plane = Array2::from_shape_fn((height, width), |(y, x)| {
                f32::from(image.as_raw()[(y * width + x) * 3 + channel]) * self.scale
            });
            let rows = along(&plane.view(), &taps, height, width);
            let both = along(&rows.t(), &taps, side, height);
            let (mean, std) = (self.mean[channel], self.std[channel]);
            tensor.slice_mut(s![0, channel, .., ..]).assign(&both.t().mapv(|value| (value - mean) / std));
        }
        tensor
    }
}

/// For each place of the result the places of the source and their weights.
type Taps = Vec<Vec<(usize, f32)>>;

/// The rows of a plane (`count` of them, of which `filled` values hold the picture and the rest is grey) by the taps.
fn along(plane: &ArrayView2<'_, f32>, taps: &Taps, count: usize, filled: usize) -> Array2<f32> {
    let mut result = Array2::zeros((count, taps.len()));
    for (row, mut target) in plane.outer_iter().zip(result.outer_iter_mut()) {
        for (value, taps) in target.iter_mut().zip(taps) {
            *value = taps.iter().map(|&(at, weight)| weight * if at < filled { row[at] } else { GREY }).sum();
        }
    }
    result
}

/// The Gaussian and the line between two places, in one. Places beyond the edges are mirrored at the middle of the last pixel.
fn taps(from: usize, to: usize) -> Taps {
    let ratio = from as f64 / to as f64;
    let blur = gaussian(((ratio - 1.0) / 2.0).max(0.0));
    let radius = (blur.len() / 2) as i64;
    (0..to)
        .map(|index| {
            let place = (index as f64 + 0.5) * ratio - 0.5;
            let (left, part) = (place.floor() as i64, place - place.floor());
            let mut weights: Vec<(usize, f32)> = Vec::new();
            for (corner, share) in [(left, 1.0 - part), (left + 1, part)] {
                // The line is drawn between places of the blurred row, which are mirrored first.
                let corner = mirrored(corner, from) as i64;
                for (step, weight) in blur.iter().enumerate() {
                    let at = mirrored(corner + step as i64 - radius, from);
                    let weight = (share * weight) as f32;
                    match weights.iter_mut().find(|(known, _)| *known == at) {
                        Some((_, sum)) => *sum += weight,
                        None => weights.push((at, weight)),
                    }
                }
            }
            weights
        })
        .collect()
}

/// Weights that sum to 1; one alone for a deviation of 0.
fn gaussian(deviation: f64) -> Vec<f64> {
    if deviation < 1e-15 {
        return vec![1.0];
    }
    let radius = (TRUNCATE * deviation + 0.5) as i64;
    let weights: Vec<f64> = (-radius..=radius).map(|x| (-0.5 * (x as f64 / deviation).powi(2)).exp()).collect();
    let sum: f64 = weights.iter().sum();
    weights.iter().map(|weight| weight / sum).collect()
}

fn mirrored(place: i64, length: usize) -> usize {
    let last = length as i64 - 1;
    if last == 0 {
        return 0;
    }
    let around = place.rem_euclid(2 * last);
    around.min(2 * last - around) as usize
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed set-up fails the test")]
mod tests {
    use image::Rgb;

    use super::*;

    fn square(side: u32) -> Square {
        let text = format!(
            r#"{{"do_pad": true, "size": {{"height": {side}, "width": {side}}}, "image_mean": [0, 0, 0], "image_std": [1, 1, 1]}}"#
        );
        Square::from_json(&text).unwrap().unwrap()
    }

    #[test]
    fn the_rest_of_the_square_is_grey() {
        let image = RgbImage::from_pixel(64, 16, Rgb([255, 0, 51]));
        let tensor = square(64).apply(&image);
        for (value, expected) in
            [(tensor[[0, 0, 15, 63]], 1.0), (tensor[[0, 1, 9, 9]], 0.0), (tensor[[0, 2, 0, 0]], 0.2)]
        {
            assert!((value - expected).abs() < 1e-6, "{value}");
        }
        assert!(tensor.slice(s![0, .., 16.., ..]).iter().all(|value| *value == GREY));
    }

    #[test]
    fn weights_sum_to_one_at_any_ratio() {
        for (from, to) in [(1, 4), (4, 1), (64, 64), (100, 32), (33, 100), (4000, 96)] {
            for weights in taps(from, to) {
                let sum: f32 = weights.iter().map(|(_, weight)| weight).sum();
                assert!((sum - 1.0).abs() < 1e-4 && weights.iter().all(|(at, _)| *at < from), "{from} {to}");
            }
        }
        assert_eq!([-1, 0, 3, 4, 5].map(|place| mirrored(place, 4)), [1, 0, 3, 2, 1]);
    }

    #[test]
    fn only_squares_are_read() {
        assert_eq!(Square::from_json(r#"{"do_pad": false, "size": 768}"#).unwrap(), None);
        assert!(
            Square::from_json(r#"{"do_pad": true, "size": {"height": 9, "width": 8}}"#).unwrap_err().contains("8 x 9")
        );
        assert!(Square::from_json("[").is_err());
    }
}
