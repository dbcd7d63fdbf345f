//! Where a text is to be seen: values over a grid of patches, and a picture of them.

use image::RgbImage;
use schemars::JsonSchema;
use serde::{Serialize, Serializer};

use crate::image::{Filter, resize_plane};

/// Patches on a side of the grids that are made here: as many as BLIP has.
pub(super) const SIDE: u32 = 24;

/// Values over a picture cut into equal patches.
#[derive(Clone, Debug, JsonSchema, PartialEq, Serialize)]
pub struct Grid {
    /// From top to bottom.
    pub rows: usize,
    /// From left to right.
    pub columns: usize,
    /// Row by row. In the tool's output their sum is 1, but for rounding to 6 decimals.
    #[serde(serialize_with = "rounded")]
    pub values: Vec<f32>,
}

impl Grid {
    /// The same as shares of 1; all alike where there is nothing above 0.
    #[must_use]
    pub fn shares(&self) -> Self {
        let count = self.rows * self.columns;
        let mut values: Vec<f32> = self.values.iter().map(|value| if *value > 0.0 { *value } else { 0.0 }).collect();
        values.resize(count, 0.0);
        let sum: f64 = values.iter().map(|value| f64::from(*value)).sum();
        let even = 1.0 / count.max(1) as f32;
        let share = |value: f32| if sum > 0.0 && sum.is_finite() { (f64::from(value) / sum) as f32 } else { even };
        Self { values: values.into_iter().map(share).collect(), ..*self }
    }

    /// At most [`SIDE`] patches a side, each the mean of what it covers.
    pub(super) fn small(&self) -> Self {
        let (rows, columns) = (self.rows.min(SIDE as usize), self.columns.min(SIDE as usize));
        if (rows, columns) == (self.rows, self.columns) {
            return self.clone();
        }
        let from = (self.columns as u32, self.rows as u32);
        Self { rows, columns, values: resize_plane(&self.values, from, columns as u32, rows as u32, Filter::Bilinear) }
    }

    /// The picture, as it is where the values are greatest and dark where they are least.
    pub(super) fn spotlight(&self, picture: &RgbImage) -> RgbImage {
        const DARKEST: f32 = 0.25;
        let (width, height) = picture.dimensions();
        let (least, most) =
            self.values.iter().fold((f32::MAX, f32::MIN), |(a, b), value| (a.min(*value), b.max(*value)));
        let from = (self.columns as u32, self.rows as u32);
        let full = resize_plane(&self.values, from, width, height, Filter::Bilinear);
        let span = most - least;
        let mut lit = picture.clone();
        for (pixel, value) in lit.pixels_mut().zip(full) {
            let light = if span > 0.0 { ((value - least) / span).clamp(0.0, 1.0) } else { 0.5 };
            let factor = DARKEST + (1.0 - DARKEST) * light;
            pixel.0 = pixel.0.map(|channel| (f32::from(channel) * factor).round() as u8);
        }
        lit
    }
}

fn rounded<S: Serializer>(values: &[f32], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(values.iter().map(|value| (f64::from(*value) * 1e6).round() / 1e6))
}

#[cfg(test)]
mod tests {
    use image::Rgb;

    use super::*;

    #[test]
    fn shares_sum_to_one_whatever_comes_in() {
        let grid = |values: &[f32]| Grid { rows: 2, columns: 2, values: values.to_vec() };
        assert_eq!(grid(&[3.0, 1.0, 0.0, -5.0]).shares().values, [0.75, 0.25, 0.0, 0.0]);
        for nothing in [&[0.0; 4], &[f32::NAN; 4], &[-1.0; 4]] {
            assert_eq!(grid(nothing).shares().values, [0.25; 4]);
        }
    }

    #[test]
    fn large_maps_become_small_grids() {
        let values = (0..480 * 240).map(|at| if at % 480 < 240 { 1.0 } else { 0.0 }).collect();
        let small = Grid { rows: 240, columns: 480, values }.small();
        assert_eq!((small.rows, small.columns, small.values.len()), (24, 24, 576));
        assert!(small.values[0] > 0.999 && small.values[23] < 0.001);
        let own = Grid { rows: 6, columns: 4, values: vec![0.5; 24] };
        assert_eq!(own.small(), own);
    }

    #[test]
    fn what_is_relevant_stays_light() {
        let picture = RgbImage::from_pixel(40, 20, Rgb([200, 100, 40]));
        let lit = Grid { rows: 1, columns: 2, values: vec![0.2, 0.6] }.spotlight(&picture);
        assert_eq!((lit.get_pixel(0, 10).0, lit.get_pixel(39, 10).0), ([50, 25, 10], [200, 100, 40]));
        let even = Grid { rows: 1, columns: 1, values: vec![0.2] }.spotlight(&RgbImage::new(1, 1));
        assert_eq!(even.dimensions(), (1, 1));
    }
}
