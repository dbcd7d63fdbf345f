//! Text with the bundled faces: Ubuntu, and Hack for what Ubuntu lacks. They cover Latin, Greek and Cyrillic.
//!
//! Neither has Chinese, Japanese, Korean or Arabic characters (a face with them weighs megabytes): such a character
//! becomes a hollow box of its own width, so that it shows that there is text, and how much of it.

use std::sync::LazyLock;

use ab_glyph::{Font, FontRef, GlyphId, PxScale, ScaleFont, point};
use image::{Rgb, RgbImage};

use super::shapes::blend;

static FACES: LazyLock<Vec<FontRef<'static>>> = LazyLock::new(|| {
    [epaint_default_fonts::UBUNTU_LIGHT, epaint_default_fonts::HACK_REGULAR]
        .into_iter()
        .filter_map(|bytes| FontRef::try_from_slice(bytes).ok())
        .collect()
});

/// Ubuntu Light is thin for small plates; strokes are drawn twice, this part of the size apart.
const EMBOLDEN: f32 = 0.028;

enum Shape {
    Glyph(usize, GlyphId),
    Missing,
}

fn shape(character: char) -> Shape {
    let found = FACES.iter().enumerate().map(|(face, font)| (face, font.glyph_id(character))).find(|(_, id)| id.0 != 0);
    found.map_or(Shape::Missing, |(face, id)| Shape::Glyph(face, id))
}

fn advance(shape: &Shape, size: f32) -> f32 {
    match shape {
        Shape::Glyph(face, id) => FACES[*face].as_scaled(PxScale::from(size)).h_advance(*id) + size * EMBOLDEN,
        Shape::Missing => size * 0.8,
    }
}

/// Width of a line of text in pixels at a line height of `size` pixels.
pub(super) fn width(text: &str, size: f32) -> f32 {
    text.chars().map(|character| advance(&shape(character), size)).sum()
}

/// The text, cut with an ellipsis where it is wider than `limit` pixels.
pub(super) fn fit(text: &str, size: f32, limit: f32) -> String {
    let clean: String = text.chars().map(|c| if c.is_whitespace() || c.is_control() { ' ' } else { c }).collect();
    if width(&clean, size) <= limit {
        return clean;
    }
    let mut room = limit - width("…", size);
    let kept: String = clean
        .chars()
        .take_while(|character| {
            room -= advance(&shape(*character), size);
            room >= 0.0
        })
        .collect();
    format!("{}…", kept.trim_end())
}

/// Draws one line of text; (x, y) is the top left of its line box, which is `size` pixels high.
pub(super) fn draw(canvas: &mut RgbImage, (x, y): (f32, f32), size: f32, color: Rgb<u8>, text: &str) {
    let mut pen = x;
    for character in text.chars() {
        let shape = shape(character);
        let step = advance(&shape, size);
        match shape {
            Shape::Glyph(face, id) => draw_glyph(canvas, face, id, (pen, y), size, color),
            Shape::Missing => draw_missing(canvas, (pen, y), size, color),
        }
        pen += step;
    }
}

fn draw_glyph(canvas: &mut RgbImage, face: usize, id: GlyphId, (x, y): (f32, f32), size: f32, color: Rgb<u8>) {
    let font = &FACES[face];
    let scaled = font.as_scaled(PxScale::from(size));
    for shift in [0.0, size * EMBOLDEN] {
        let glyph = id.with_scale_and_position(size, point(x + shift, y + scaled.ascent()));
        let Some(outline) = font.outline_glyph(glyph) else { return };
        let bounds = outline.px_bounds();
        outline.draw(|gx, gy, coverage| {
            blend(canvas, bounds.min.x as i64 + i64::from(gx), bounds.min.y as i64 + i64::from(gy), color, coverage);
        });
    }
}

fn draw_missing(canvas: &mut RgbImage, (x, y): (f32, f32), size: f32, color: Rgb<u8>) {
    let (left, top) = ((x + size * 0.1) as i64, (y + size * 0.18) as i64);
    let (width, height) = ((size * 0.6) as i64, (size * 0.64) as i64);
    for dy in 0..=height {
        for dx in 0..=width {
            if dy == 0 || dx == 0 || dy == height || dx == width {
                blend(canvas, left + dx, top + dy, color, 1.0);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_faces_are_there_and_cover_european_scripts() {
        assert_eq!(FACES.len(), 2);
        for character in "Aäßéñłøžçığ0%…€«»ΩλЖя".chars() {
            assert!(matches!(shape(character), Shape::Glyph(..)), "{character}");
        }
    }

    #[test]
    fn a_character_without_glyph_takes_room_and_shows() {
        let mut canvas = RgbImage::new(30, 24);
        draw(&mut canvas, (2.0, 2.0), 20.0, Rgb([255; 3]), "文");
        assert!(canvas.pixels().filter(|pixel| pixel.0[0] == 255).count() > 30);
        assert!(width("文", 20.0) > 10.0);
    }

    #[test]
    fn long_text_is_cut_to_fit() {
        let cut = fit("a very long label that cannot fit", 16.0, 80.0);
        assert!(cut.ends_with('…') && width(&cut, 16.0) <= 80.0, "{cut}");
        assert_eq!(fit("two\nlines", 16.0, 500.0), "two lines");
    }
}
