//! A picture as a reader is shown it: scaled, turned, with a margin, and the way back.

use std::borrow::Cow;

use image::{DynamicImage, GrayImage, Luma, imageops};

use crate::{
    image::{Filter, resize_gray},
    vision::transform,
};

/// Longest side of the first look, in pixels.
const HANDY: u32 = 1600;
/// Longest side that is looked at at all.
const LONGEST: u32 = 4800;
/// Below this a picture is looked at enlarged too.
const SMALL: u32 = 800;
/// Longest side that a picture is enlarged to (twice at most) or shrunk to before it is turned.
const TURNED: f32 = 2000.0;
/// White around the picture: readers want a quiet zone, which a tight crop has lost.
const MARGIN: u32 = 24;

/// One way to look at a picture.
pub(super) struct View<'a> {
    picture: &'a GrayImage,
    scale: f32,
    /// Clockwise, in degrees.
    turn: f32,
    inverted: bool,
    size: (u32, u32),
}

impl<'a> View<'a> {
    fn new(picture: &'a GrayImage, scale: f32) -> Self {
        let side = |side: u32| ((side as f32 * scale).round() as u32).max(1);
        Self { picture, scale, turn: 0.0, inverted: false, size: (side(picture.width()), side(picture.height())) }
    }

    /// The looks that every picture gets: in a handy size, and a large one in full.
    pub(super) fn first(picture: &'a GrayImage) -> Vec<Self> {
        let longest = picture.width().max(picture.height()).max(1) as f32;
        let mut views = vec![Self::new(picture, (HANDY as f32 / longest).min(1.0))];
        if longest > HANDY as f32 {
            views.push(Self::new(picture, (LONGEST as f32 / longest).min(1.0)));
        }
        views
    }

    /// The looks at a picture that has shown nothing yet.
    pub(super) fn second(picture: &'a GrayImage) -> Vec<Self> {
        let longest = picture.width().max(picture.height()).max(1);
        let handy = (HANDY as f32 / longest as f32).min(1.0);
        let mut views = vec![Self { inverted: true, ..Self::new(picture, handy) }];
        if longest < SMALL {
            views.push(Self::new(picture, 2.0));
        }
        // Turning smears fine bars less in an enlarged picture.
        views.push(Self { turn: 45.0, ..Self::new(picture, (TURNED / longest as f32).min(2.0)) });
        views
    }

    /// What the reader sees: 8-bit gray.
    pub(super) fn pixels(&self) -> GrayImage {
        let (width, height) = self.size;
        let mut pixels = if self.size == self.picture.dimensions() {
            Cow::Borrowed(self.picture)
        } else {
            Cow::Owned(resize_gray(self.picture, width, height, Filter::Bilinear))
        };
        if self.inverted {
            imageops::invert(pixels.to_mut());
        }
        if self.turn != 0.0 {
            let turned = transform::rotate(&DynamicImage::ImageLuma8(pixels.into_owned()).to_rgba8(), self.turn);
            // Clear corners become paper.
            pixels = Cow::Owned(GrayImage::from_fn(turned.width(), turned.height(), |x, y| {
                let [value, _, _, opacity] = turned.get_pixel(x, y).0;
                Luma([if opacity > 127 { value } else { 255 }])
            }));
        }
        let mut framed = GrayImage::from_pixel(pixels.width() + 2 * MARGIN, pixels.height() + 2 * MARGIN, Luma([255]));
        imageops::replace(&mut framed, pixels.as_ref(), MARGIN.into(), MARGIN.into());
        framed
    }

    /// Where a point of [`View::pixels`] lies in the picture.
    pub(super) fn to_picture(&self, [x, y]: [f32; 2]) -> [f32; 2] {
        let (width, height) = (self.size.0 as f32, self.size.1 as f32);
        let (turned_width, turned_height) = if self.turn == 0.0 {
            (f64::from(self.size.0), f64::from(self.size.1))
        } else {
            transform::rotated_size(self.size.0, self.size.1, self.turn)
        };
        let margin = MARGIN as f32;
        let (dx, dy) = (x - margin - turned_width as f32 / 2.0, y - margin - turned_height as f32 / 2.0);
        let (sin, cos) = self.turn.to_radians().sin_cos();
        let (x, y) = (dx * cos + dy * sin + width / 2.0, dy * cos - dx * sin + height / 2.0);
        let back = |value: f32, side: u32| (value / self.scale).clamp(0.0, side as f32);
        [back(x, self.picture.width()), back(y, self.picture.height())]
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn a_dot_is_found_again_in_every_view() {
        let picture = GrayImage::from_fn(700, 500, |x, y| {
            Luma([if (200..212).contains(&x) && (300..312).contains(&y) { 0 } else { 255 }])
        });
        for view in View::first(&picture).into_iter().chain(View::second(&picture)) {
            let pixels = view.pixels();
            let wanted = if view.inverted { 255 } else { 0 };
            let inner = |x: u32, y: u32| {
                x > MARGIN && y > MARGIN && x + MARGIN < pixels.width() && y + MARGIN < pixels.height()
            };
            let hits: Vec<(u32, u32)> = pixels
                .enumerate_pixels()
                .filter(|(x, y, pixel)| inner(*x, *y) && pixel.0[0].abs_diff(wanted) < 60)
                .map(|(x, y, _)| (x, y))
                .collect();
            let mean = |axis: fn(&(u32, u32)) -> u32| {
                hits.iter().map(|hit| axis(hit) as f32 + 0.5).sum::<f32>() / hits.len() as f32
            };
            let [x, y] = view.to_picture([mean(|hit| hit.0), mean(|hit| hit.1)]);
            assert!((x - 206.0).abs() < 1.0 && (y - 306.0).abs() < 1.0, "{x} {y} turned {}", view.turn);
        }
        let [x, y] = View::first(&picture).first().unwrap().to_picture([0.0, 9999.0]);
        assert_eq!((x, y), (0.0, 500.0), "points stay inside the picture");
    }
}
