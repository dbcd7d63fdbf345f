//! Annotated pictures for people: boxes, outlines, masks, points and labels that are readable on any background.

mod font;
mod ground;
mod palette;
mod plates;
mod shapes;

use image::{DynamicImage, GrayImage, Rgb, RgbImage, imageops};

use crate::{
    geom::{BBox, Quad},
    image::to_rgb,
};

/// A picture smaller than this is enlarged by a whole factor first, or its labels would hide it.
const SMALLEST_SIDE: u32 = 200;
/// Enlarging stops here, for pictures that are narrow but long.
const ENLARGED_SIDE: u32 = 2000;

/// With more labels than this the text is smaller.
const CROWD: usize = 10;
/// Things of less than this many squared text heights are not covered by the labels of others where avoidable.
const SMALL_ANCHOR: f32 = 40.0;

/// A picture to draw on. Coordinates are pixels of the original picture, also where the canvas is larger.
///
/// Line width and text size follow the picture's size. Without a color given, a label has its own color, the same in
/// every picture. Labels are placed when the drawing is finished, over all shapes.
#[derive(Clone, Debug)]
pub struct Canvas {
    pixels: RgbImage,
    scale: f32,
    line: f32,
    text: f32,
    colors: palette::LabelColors,
    labels: Vec<Label>,
    /// What is not written on, in pictures that are pages.
    ground: Option<ground::Ground>,
}

#[derive(Clone, Debug)]
struct Label {
    text: String,
    anchor: plates::Rect,
    color: Rgb<u8>,
}

impl Canvas {
    /// A canvas with a copy of the picture; alpha is composited.
    pub fn new(picture: &DynamicImage) -> Self {
        let rgb = to_rgb(picture);
        let (short, long) = (rgb.width().min(rgb.height()).max(1), rgb.width().max(rgb.height()).max(1));
        let factor = SMALLEST_SIDE.div_ceil(short).min(ENLARGED_SIDE / long).max(1);
        let pixels = if factor > 1 {
            imageops::resize(&rgb, rgb.width() * factor, rgb.height() * factor, imageops::FilterType::Nearest)
        } else {
            rgb
        };
        let short = (short * factor) as f32;
        let line = (short * 0.005).clamp(2.0, 16.0).round();
        let text = (short * 0.033 + 4.0).clamp(12.0, 96.0).round();
        let ground = ground::Ground::of(&pixels);
        let (colors, labels) = (palette::LabelColors::default(), Vec::new());
        Self { pixels, scale: factor as f32, line, text, colors, labels, ground }
    }

    /// Canvas pixels per pixel of the original, a whole number from 1.
    pub fn scale(&self) -> f32 {
        self.scale
    }

    /// Draws a box, with a label unless that is empty.
    #[must_use]
    pub fn boxed(mut self, bbox: &BBox, label: &str, color: Option<[u8; 3]>) -> Self {
        let color = self.color(label, color);
        let rect = [bbox.x1, bbox.y1, bbox.x2, bbox.y2].map(|v| v * self.scale);
        let [x1, y1, x2, y2] = rect.map(|v| v.round() as i64);
        shapes::frame(&mut self.pixels, [x1, y1, x2.max(x1 + 1), y2.max(y1 + 1)], self.line as i64, color);
        self.label(label, rect, color)
    }

    /// Draws the outline of a quadrilateral, with a label unless that is empty.
    #[must_use]
    pub fn quad(self, quad: &Quad, label: &str, color: Option<[u8; 3]>) -> Self {
        self.polygon(&quad.0, label, color)
    }

    /// Draws a closed outline through points (x, y), with a label unless that is empty.
    #[must_use]
    pub fn polygon(mut self, points: &[[f32; 2]], label: &str, color: Option<[u8; 3]>) -> Self {
        if points.is_empty() {
            return self;
        }
        let color = self.color(label, color);
        let points: Vec<[f32; 2]> = points.iter().map(|point| point.map(|v| v * self.scale)).collect();
        shapes::outline(&mut self.pixels, &points, self.line * 0.75, color);
        let bounds = points.iter().fold([f32::MAX, f32::MAX, f32::MIN, f32::MIN], |[x1, y1, x2, y2], [x, y]| {
            [x1.min(*x), y1.min(*y), x2.max(*x), y2.max(*y)]
        });
        self.label(label, bounds, color)
    }

    /// Tints where a mask (0..=255; stretched to the picture if its size differs) is set, and draws its outline.
    #[must_use]
    pub fn mask(mut self, mask: &GrayImage, label: &str, color: Option<[u8; 3]>) -> Self {
        let color = self.color(label, color);
        let (width, height) = self.pixels.dimensions();
        let fitted = if mask.dimensions() == (width, height) {
            mask.clone()
        } else {
            imageops::resize(mask, width, height, imageops::FilterType::Triangle)
        };
        shapes::mask(&mut self.pixels, &fitted, self.line as i64, color);
        let set = fitted.enumerate_pixels().filter(|(_, _, value)| value.0[0] >= 128);
        let bounds = set.fold(None, |bounds: Option<plates::Rect>, (x, y, _)| {
            let (x, y) = (x as f32, y as f32);
            let [x1, y1, x2, y2] = bounds.unwrap_or([x, y, x, y]);
            Some([x1.min(x), y1.min(y), x2.max(x + 1.0), y2.max(y + 1.0)])
        });
        match bounds {
            Some(bounds) => self.label(label, bounds, color),
            None => self,
        }
    }

    /// Draws a point, with a label unless that is empty.
    #[must_use]
    pub fn point(mut self, x: f32, y: f32, label: &str, color: Option<[u8; 3]>) -> Self {
        let color = self.color(label, color);
        let (x, y, radius) = (x * self.scale, y * self.scale, self.line * 1.6);
        shapes::dot(&mut self.pixels, [x, y], radius, color);
        let room = radius * 2.0;
        self.label(label, [x - room, y - room, x + room, y + room], color)
    }

    /// Draws limbs (from, to, color) and the joints between them, `width` pixels of the original wide or as much as shows,
    /// with a label unless that is empty.
    #[must_use]
    pub fn limbs(
        mut self,
        limbs: &[([f32; 2], [f32; 2], [u8; 3])],
        joints: &[([f32; 2], [u8; 3])],
        width: f32,
        label: &str,
    ) -> Self {
        let scaled = |point: [f32; 2]| point.map(|v| v * self.scale);
        let width = (width * self.scale).clamp(self.line * 0.75, self.line * 3.0);
        let lines: Vec<_> = limbs.iter().map(|(from, to, color)| (scaled(*from), scaled(*to), Rgb(*color))).collect();
        let knots: Vec<_> = joints.iter().map(|(at, color)| (scaled(*at), Rgb(*color))).collect();
        shapes::lines(&mut self.pixels, &lines, width);
        for (at, color) in &knots {
            shapes::knot(&mut self.pixels, *at, width * 0.8, *color);
        }
        let ends = lines.iter().flat_map(|(from, to, _)| [*from, *to]).chain(knots.iter().map(|(at, _)| *at));
        let bounds = ends.fold(None, |bounds: Option<plates::Rect>, [x, y]| {
            let [x1, y1, x2, y2] = bounds.unwrap_or([x, y, x, y]);
            Some([x1.min(x), y1.min(y), x2.max(x), y2.max(y)])
        });
        let color = self.color(label, None);
        match bounds.filter(|bounds| bounds.iter().all(|side| side.is_finite())) {
            Some([x1, y1, x2, y2]) => {
                let room = width * 2.0;
                self.label(label, [x1 - room, y1 - room, x2 + room, y2 + room], color)
            }
            None => self,
        }
    }

    /// The finished picture: all shapes, with the labels over them.
    pub fn finish(mut self) -> RgbImage {
        let size = (self.pixels.width() as f32, self.pixels.height() as f32);
        let labels = std::mem::take(&mut self.labels);
        let height = if labels.len() > CROWD { (self.text * 0.75).round().max(11.0) } else { self.text };
        let pad = (height * 0.28).round();
        let area = |rect: &plates::Rect| (rect[2] - rect[0]) * (rect[3] - rect[1]);
        let small = |rect: &plates::Rect| area(rect) < SMALL_ANCHOR * height * height;
        let small: Vec<plates::Rect> = labels.iter().map(|label| label.anchor).filter(small).collect();
        let mut placed: Vec<plates::Rect> = Vec::new();
        let mut texts = Vec::new();
        for label in &labels {
            let text = font::fit(&label.text, height, size.0 - 2.0 * pad);
            let plate = (font::width(&text, height).ceil() + 2.0 * pad, height + 2.0);
            let written = |place: &plates::Rect| self.ground.map_or(0.0, |ground| ground.written(&self.pixels, place));
            placed.push(plates::place(&label.anchor, plate, size, (&placed, &small), written));
            texts.push(text);
        }
        for (label, rect) in labels.iter().zip(&placed) {
            if let Some((from, to)) = plates::leader(rect, &label.anchor, self.line * 2.0) {
                shapes::outline(&mut self.pixels, &[from, to], (self.line * 0.5).max(1.0), label.color);
            }
        }
        for ((label, rect), text) in labels.iter().zip(&placed).zip(texts) {
            let [x1, y1, x2, y2] = rect.map(|v| v.round() as i64);
            shapes::fill(&mut self.pixels, [x1 - 1, y1 - 1, x2 + 1, y2 + 1], shapes::DARK, 0.55);
            shapes::fill(&mut self.pixels, [x1, y1, x2, y2], label.color, 1.0);
            let at = (x1 as f32 + pad, y1 as f32 + 1.0);
            font::draw(&mut self.pixels, at, height, palette::text_on(label.color), &text);
        }
        self.pixels
    }

    fn color(&mut self, label: &str, color: Option<[u8; 3]>) -> Rgb<u8> {
        // The score and the like behind a label ("cup 0.92") do not change its color.
        let stem = label.trim_end_matches(|c: char| c.is_ascii_digit() || matches!(c, '.' | '%' | ' ' | '-'));
        color.map_or_else(|| self.colors.of(if stem.is_empty() { label } else { stem }), Rgb)
    }

    fn label(mut self, text: &str, anchor: plates::Rect, color: Rgb<u8>) -> Self {
        if !text.trim().is_empty() {
            self.labels.push(Label { text: text.trim().to_owned(), anchor, color });
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flat(width: u32, height: u32, value: u8) -> DynamicImage {
        DynamicImage::ImageRgb8(RgbImage::from_pixel(width, height, Rgb([value; 3])))
    }

    const BOX: BBox = BBox { x1: 60.0, y1: 60.0, x2: 260.0, y2: 200.0 };
    const RED: Option<[u8; 3]> = Some([230, 25, 75]);

    #[test]
    fn a_box_is_a_colored_frame_between_dark_ones() {
        for ground in [0, 128, 255] {
            let drawn = Canvas::new(&flat(400, 300, ground)).boxed(&BOX, "", RED).finish();
            assert_eq!(drawn.get_pixel(61, 100).0, [230, 25, 75]);
            assert!(drawn.get_pixel(59, 100).0[0] <= ground.max(16));
            assert_eq!(drawn.get_pixel(160, 130).0, [ground; 3]);
        }
    }

    #[test]
    fn a_label_lies_above_its_box_and_inside_the_picture() {
        let plain = Canvas::new(&flat(400, 300, 90)).boxed(&BOX, "", RED).finish();
        let drawn = Canvas::new(&flat(400, 300, 90)).boxed(&BOX, "cup 0.92", RED).finish();
        assert!(
            drawn.enumerate_pixels().any(|(x, y, pixel)| (60..160).contains(&x) && y < 58 && pixel.0 == [230, 25, 75])
        );
        assert_eq!(plain.get_pixel(160, 130), drawn.get_pixel(160, 130));
        let everything = BBox { x1: -50.0, y1: -50.0, x2: 900.0, y2: 900.0 };
        assert_eq!(
            Canvas::new(&flat(400, 300, 90)).boxed(&everything, "outside", None).finish().dimensions(),
            (400, 300)
        );
    }

    #[test]
    fn a_tiny_picture_is_enlarged_and_its_coordinates_with_it() {
        let canvas = Canvas::new(&flat(32, 32, 200));
        assert!((canvas.scale() - 7.0).abs() < f32::EPSILON);
        let drawn = canvas.boxed(&BBox { x1: 8.0, y1: 8.0, x2: 24.0, y2: 24.0 }, "", RED).finish();
        assert_eq!((drawn.dimensions(), drawn.get_pixel(57, 100).0), ((224, 224), [230, 25, 75]));
    }

    #[test]
    fn a_mask_tints_and_outlines() {
        let mask = GrayImage::from_fn(400, 300, |x, y| {
            image::Luma([u8::from(x > 100 && x < 200 && y > 100 && y < 200) * 255])
        });
        let drawn = Canvas::new(&flat(400, 300, 100)).mask(&mask, "", RED).finish();
        assert_eq!(drawn.get_pixel(102, 150).0, [230, 25, 75]);
        let tint = drawn.get_pixel(150, 150).0;
        assert!(tint[0] > 140 && tint[1] < 90, "{tint:?}");
        assert_eq!(drawn.get_pixel(20, 20).0, [100; 3]);
    }

    #[test]
    fn slanted_outlines_and_points_are_drawn() {
        let quad = Quad([[100.0, 50.0], [300.0, 100.0], [280.0, 180.0], [80.0, 130.0]]);
        let drawn = Canvas::new(&flat(400, 300, 255)).quad(&quad, "", RED).point(200.0, 250.0, "", RED).finish();
        for (x, y) in [(200, 75), (200, 250)] {
            let [r, g, _] = drawn.get_pixel(x, y).0;
            assert!(r > 210 && g < 45, "{x}, {y}: {r}, {g}");
        }
        assert_eq!(drawn.get_pixel(200, 120).0, [255; 3]);
    }

    #[test]
    fn limbs_meet_in_joints_and_keep_their_colors() {
        let (top, middle, end) = ([100.0, 50.0], [100.0, 150.0], [250.0, 150.0]);
        let limbs = [(top, middle, [0, 200, 0]), (middle, end, [0, 0, 250])];
        let canvas = Canvas::new(&flat(400, 300, 255));
        let drawn = canvas.clone().limbs(&limbs, &[(middle, [250, 120, 0])], 6.0, "").finish();
        assert_eq!(
            [(100, 100), (180, 150), (100, 150)].map(|(x, y)| drawn.get_pixel(x, y).0),
            [[0, 200, 0], [0, 0, 250], [250, 120, 0]]
        );
        assert!(drawn.get_pixel(104, 100).0[0] < 200, "a halo beside the limb");
        assert_eq!(drawn.get_pixel(200, 80).0, [255; 3]);
        let named = canvas.clone().limbs(&limbs, &[], 6.0, "person-1").finish();
        assert_ne!(named, canvas.clone().limbs(&limbs, &[], 6.0, "").finish());
        assert_eq!(canvas.clone().limbs(&[], &[], 6.0, "nobody").finish(), canvas.finish());
    }

    #[test]
    fn shapes_outside_or_without_size_do_no_harm() {
        let nothing = BBox { x1: 5.0, y1: 5.0, x2: 5.0, y2: 5.0 };
        let far = Quad([[-1e9, -1e9], [1e9, -1e9], [1e9, 1e9], [-1e9, 1e9]]);
        let odd = [[f32::NAN, 0.0], [f32::INFINITY, 3.0]];
        let canvas = Canvas::new(&flat(50, 40, 9)).boxed(&nothing, "x", None).quad(&far, "far", None);
        let canvas = canvas.limbs(&[(odd[0], odd[1], [9; 3])], &[(odd[1], [9; 3])], f32::INFINITY, "odd");
        assert_eq!(canvas.polygon(&odd, "odd", None).polygon(&[], "", None).finish().dimensions(), (250, 200));
    }
}
