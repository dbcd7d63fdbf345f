//! Where the picture changes at once: hard cuts between scenes.

use image::DynamicImage;

use crate::image::{Filter, resize_rgb, to_rgb};

/// A cut is where two frames that follow each other, scaled to 32 x 32 RGB, differ by more than this on average (mean
/// absolute difference, 0 to 1). Motion within a scene stays below 0.05, hard cuts are at 0.15 and more; fades are not found.
pub const CUT_THRESHOLD: f32 = 0.1;
/// Side in pixels of what is compared.
pub(super) const SIDE: u32 = 32;
/// Seconds between cuts at least: a frame that mixes two scenes is no scene.
const SHORTEST_SCENE: f64 = 0.2;

/// Looks at frames in order.
#[derive(Default)]
pub(super) struct CutFinder {
    last: Option<Vec<u8>>,
    found: Vec<(f64, f32)>,
}

impl CutFinder {
    /// The next frame, of any size.
    pub(super) fn look_at(&mut self, time: f64, frame: &DynamicImage) {
        let small = resize_rgb(&to_rgb(frame), SIDE, SIDE, Filter::Bilinear);
        self.look(time, small.into_raw());
    }

    /// The next frame, scaled already.
    pub(super) fn look(&mut self, time: f64, small: Vec<u8>) {
        if let Some(last) = &self.last {
            let sum: u64 = last.iter().zip(&small).map(|(a, b)| u64::from(a.abs_diff(*b))).sum();
            let change = sum as f32 / (small.len().max(1) as f32 * 255.0);
            if change > CUT_THRESHOLD {
                match self.found.last_mut() {
                    Some((before, strongest)) if time - *before < SHORTEST_SCENE => *strongest = strongest.max(change),
                    _ => self.found.push((time, change)),
                }
            }
        }
        self.last = Some(small);
    }

    /// Time and strength of the cuts.
    pub(super) fn found(self) -> Vec<(f64, f32)> {
        self.found
    }
}

#[cfg(test)]
mod tests {
    use image::{Rgb, RgbImage};

    use super::*;

    fn frame(color: [u8; 3], square: u32) -> DynamicImage {
        let near = |x: u32, y: u32| (square..square + 16).contains(&x) && (20..36).contains(&y);
        DynamicImage::ImageRgb8(RgbImage::from_fn(96, 64, |x, y| Rgb(if near(x, y) { [255, 255, 0] } else { color })))
    }

    #[test]
    fn a_cut_is_found_and_motion_is_none() {
        let mut finder = CutFinder::default();
        for step in 0..20_u32 {
            let color = if step < 12 { [20, 60, 120] } else { [150, 160, 90] };
            finder.look_at(f64::from(step) / 10.0, &frame(color, step * 4));
        }
        let found = finder.found();
        assert_eq!(found.len(), 1, "{found:?}");
        assert!((found[0].0 - 1.2).abs() < 1e-9 && found[0].1 > 0.2, "{found:?}");
    }

    #[test]
    fn a_mixed_frame_is_no_scene() {
        let mut finder = CutFinder::default();
        for (step, level) in [0, 0, 120, 250, 250].into_iter().enumerate() {
            finder.look_at(step as f64 / 25.0, &frame([level; 3], 0));
        }
        assert_eq!(finder.found().len(), 1);
    }
}
