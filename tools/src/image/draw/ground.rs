//! The paper of a document: where nothing is written, labels hide nothing.

use image::{Rgb, RgbImage};

use super::plates::Rect;

/// Share of the pixels that one grey level and its neighbors must have to be a ground; photos have none.
const LEAST_SHARE: f32 = 0.6;
/// Grey levels beside the ground's own that are ground too.
const NEAR: u8 = 24;
/// Every so many pixels one is looked at, in both directions.
const STEP: usize = 2;

/// The grey level of what most of a picture is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Ground(u8);

impl Ground {
    /// That of a page, a screen or a diagram; nothing for a photo.
    pub(super) fn of(picture: &RgbImage) -> Option<Self> {
        let mut counts = [0_u32; 256];
        for pixel in picture.pixels().step_by(STEP * STEP + 1) {
            counts[usize::from(gray(*pixel))] += 1;
        }
        let all: u32 = counts.iter().sum();
        let near =
            |level: usize| counts[level.saturating_sub(NEAR.into())..=(level + usize::from(NEAR)).min(255)].iter();
        let (level, _) = counts.iter().enumerate().max_by_key(|(_, count)| **count)?;
        let share = near(level).sum::<u32>() as f32 / all.max(1) as f32;
        (share >= LEAST_SHARE).then_some(Self(u8::try_from(level).unwrap_or(u8::MAX)))
    }

    /// The share of a place, from 0 to 1, that is not ground.
    pub(super) fn written(self, picture: &RgbImage, place: &Rect) -> f32 {
        let side = |value: f32, most: u32| (value.max(0.0) as u32).min(most);
        let [x1, x2] = [place[0], place[2]].map(|value| side(value, picture.width()));
        let [y1, y2] = [place[1], place[3]].map(|value| side(value, picture.height()));
        let (mut written, mut all) = (0_u32, 0_u32);
        for y in (y1..y2).step_by(STEP) {
            for x in (x1..x2).step_by(STEP) {
                all += 1;
                written += u32::from(gray(*picture.get_pixel(x, y)).abs_diff(self.0) > NEAR);
            }
        }
        written as f32 / all.max(1) as f32
    }
}

fn gray(pixel: Rgb<u8>) -> u8 {
    let [r, g, b] = pixel.0.map(u32::from);
    ((r * 77 + g * 150 + b * 29) >> 8) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_has_a_ground_and_a_photo_has_none() {
        let page =
            RgbImage::from_fn(
                100,
                60,
                |x, y| if (20..30).contains(&x) && y < 20 { Rgb([0; 3]) } else { Rgb([250; 3]) },
            );
        let ground = Ground::of(&page);
        assert_eq!(ground, Some(Ground(250)));
        let written = |place: Rect| ground.map_or(9.0, |ground| ground.written(&page, &place));
        assert!((written([20.0, 0.0, 40.0, 20.0]) - 0.5).abs() < 0.01);
        assert!(written([50.0, 30.0, 90.0, 50.0]) == 0.0 && written([-9.0, -9.0, -1.0, -1.0]) == 0.0);
        let photo = RgbImage::from_fn(100, 60, |x, y| Rgb([(x * 2) as u8, (y * 4) as u8, 90]));
        assert_eq!(Ground::of(&photo), None);
    }
}
