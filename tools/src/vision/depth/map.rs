//! A depth map: resized as the reference does it, as a gray picture, and the depth of a region.

use image::{GrayImage, Luma};

use crate::geom::BBox;

/// Depths row by row; larger is nearer. Only comparisons within one map mean anything.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DepthMap {
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// `width * height` values.
    pub values: Vec<f32>,
}

impl DepthMap {
    /// The map at another size, by the bicubic interpolation of torch (a = -0.75, pixel centers, no antialiasing), with which
    /// the reference brings it to the picture's size.
    #[must_use]
    pub fn resized(&self, width: u32, height: u32) -> Self {
        if (width, height) == (self.width, self.height) || self.values.is_empty() {
            return self.clone();
        }
        let (own_width, columns) = (self.width as usize, taps(self.width, width));
        let wide: Vec<f32> = self
            .values
            .chunks_exact(own_width)
            .flat_map(|row| columns.iter().map(move |taps| taps.iter().map(|(at, weight)| row[*at] * weight).sum()))
            .collect();
        let across = width as usize;
        let rows = taps(self.height, height);
        let values = rows
            .iter()
            .flat_map(|taps| {
                let wide = &wide;
                (0..across).map(move |x| taps.iter().map(|(at, weight)| wide[at * across + x] * weight).sum())
            })
            .collect();
        Self { width, height, values }
    }

    /// The same with the farthest at 0 and the nearest at 1; all 0 where everything is as far away.
    #[must_use]
    pub fn relative(&self) -> Self {
        let (low, high) = self.values.iter().fold((f32::MAX, f32::MIN), |(low, high), v| (low.min(*v), high.max(*v)));
        let range = high - low;
        let relative = |value: &f32| if range > 1e-9 { (value - low) / range } else { 0.0 };
        Self { values: self.values.iter().map(relative).collect(), ..*self }
    }

    /// A [`relative`](Self::relative) map as a picture: the nearest is white.
    pub fn picture(&self) -> GrayImage {
        // Cut, not rounded, as the reference's pipeline does it.
        GrayImage::from_fn(self.width, self.height, |x, y| Luma([(self.at(x, y) * 255.0) as u8]))
    }

    /// The mean over the pixels that a box covers; `None` if it lies outside.
    pub fn mean(&self, bbox: &BBox) -> Option<f32> {
        let (x, y, width, height) = bbox.to_pixels(self.width, self.height)?;
        let row = |y: u32| -> f64 { (x..x + width).map(|x| f64::from(self.at(x, y))).sum() };
        let sum: f64 = (y..y + height).map(row).sum();
        Some((sum / (f64::from(width) * f64::from(height))) as f32)
    }

    pub(super) fn at(&self, x: u32, y: u32) -> f32 {
        self.values[y as usize * self.width as usize + x as usize]
    }
}

/// For every pixel of the target the four pixels of the source that it is made of, and their weights.
fn taps(from: u32, to: u32) -> Vec<[(usize, f32); 4]> {
    const A: f32 = -0.75;
    let near = |x: f32| ((A + 2.0) * x - (A + 3.0)) * x * x + 1.0;
    let far = |x: f32| ((A * x - 5.0 * A) * x + 8.0 * A) * x - 4.0 * A;
    let scale = from as f32 / to.max(1) as f32;
    let last = i64::from(from) - 1;
    (0..to)
        .map(|target| {
            let source = (target as f32 + 0.5) * scale - 0.5;
            let (first, t) = (source.floor() as i64, source - source.floor());
            let at = |step: i64| (first + step).clamp(0, last) as usize;
            [(at(-1), far(t + 1.0)), (at(0), near(t)), (at(1), near(1.0 - t)), (at(2), far(2.0 - t))]
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ramp() -> DepthMap {
        DepthMap { width: 4, height: 3, values: (0..12).map(|i| (i % 4) as f32 * 2.0).collect() }
    }

    #[test]
    fn a_ramp_stays_one_and_its_own_size_is_not_touched() {
        assert_eq!(ramp().resized(4, 3), ramp());
        let large = ramp().resized(40, 9);
        assert_eq!((large.width, large.height, large.values.len()), (40, 9, 360));
        let middle: Vec<f32> = (12..28).map(|x| large.at(x, 4)).collect();
        assert!(middle.windows(2).all(|pair| (0.1..0.3).contains(&(pair[1] - pair[0]))), "{middle:?}");
        // Twice the width: torch gives these for [0, 2, 4, 6] (interpolate, bicubic, align_corners=False).
        let twice = DepthMap { width: 4, height: 1, values: vec![0.0, 2.0, 4.0, 6.0] }.resized(8, 1);
        let expected =
            [-0.210_937_5, 0.382_812_5, 1.335_937_5, 2.593_75, 3.406_25, 4.664_062_5, 5.617_187_5, 6.210_937_5];
        for (value, expected) in twice.values.iter().zip(expected) {
            assert!((value - expected).abs() < 1e-5, "{:?}", twice.values);
        }
    }

    #[test]
    fn the_nearest_is_white_and_flat_maps_are_black() {
        let relative = ramp().relative();
        assert_eq!(relative.picture().as_raw()[..4], [0, 85, 170, 255]);
        let flat = DepthMap { width: 2, height: 1, values: vec![7.0, 7.0] }.relative();
        assert_eq!(flat.picture().as_raw(), &[0, 0]);
    }

    #[test]
    fn the_mean_is_that_of_the_covered_pixels() {
        let relative = ramp().relative();
        let mean = |corners: [f32; 4]| relative.mean(&BBox::from(corners));
        assert!(mean([2.0, 0.0, 4.0, 3.0]).is_some_and(|mean| (mean - 5.0 / 6.0).abs() < 1e-6));
        assert_eq!(mean([0.2, 0.2, 0.8, 0.8]), Some(0.0));
        assert_eq!(mean([9.0, 0.0, 12.0, 3.0]), None);
    }
}
