//! Long lines in pieces: the recognizer loses its place in lines much longer than those it was trained on, and its cost
//! grows faster than their length.

use std::borrow::Cow;

use image::{RgbImage, imageops};

use super::words::Letter;

/// Width over height from which a line is split. Lines up to about 24 are read well whole.
const LONG: f32 = 24.0;
/// Width over height that pieces should have.
const PIECE: f32 = 14.0;
/// Part of the line's height from which a gap parts words.
const WORD_GAP: f32 = 0.1;

/// A part of a line that is read by itself.
pub(super) struct Piece<'a> {
    /// Which line it belongs to.
    pub(super) line: usize,
    /// Its pixels.
    pub(super) pixels: Cow<'a, RgbImage>,
    /// Where it begins and how long it is, as shares of the line's length.
    pub(super) place: (f32, f32),
    /// Whether a gap as wide as between words comes before it.
    pub(super) after_gap: bool,
}

impl Piece<'_> {
    /// Width over height.
    pub(super) fn aspect(&self) -> f32 {
        self.pixels.width() as f32 / self.pixels.height() as f32
    }
}

/// The pieces of a line, left to right: the line itself, or several parts cut at its widest gaps.
pub(super) fn pieces(line: usize, pixels: &RgbImage) -> Vec<Piece<'_>> {
    let (width, height) = pixels.dimensions();
    let aspect = width as f32 / height as f32;
    if aspect <= LONG {
        return vec![Piece { line, pixels: Cow::Borrowed(pixels), place: (0.0, 1.0), after_gap: false }];
    }
    let contrast = contrasts(pixels);
    let count = (aspect / PIECE).ceil() as usize;
    let length = contrast.len() / count;
    let mut pieces = Vec::with_capacity(count);
    let (mut from, mut after_gap) = (0, false);
    for index in 1..=count {
        let (to, gap) = if index == count {
            (contrast.len(), 0)
        } else {
            let middle = index * length;
            widest_gap(&contrast, middle - length / 3, middle + length / 3)
        };
        let part = imageops::crop_imm(pixels, from as u32, 0, (to - from) as u32, height).to_image();
        let place = (from as f32 / width as f32, (to - from) as f32 / width as f32);
        pieces.push(Piece { line, pixels: Cow::Owned(part), place, after_gap });
        (from, after_gap) = (to, gap as f32 >= WORD_GAP * height as f32);
    }
    pieces
}

/// Difference of the brightest and the darkest pixel of each column, the outermost rows left out.
fn contrasts(pixels: &RgbImage) -> Vec<u8> {
    let (width, height) = pixels.dimensions();
    let margin = height / 8;
    (0..width)
        .map(|x| {
            let column = (margin..height - margin).map(|y| {
                let [r, g, b] = pixels.get_pixel(x, y).0.map(u16::from);
                ((r + 2 * g + b) / 4) as u8
            });
            let (low, high) = column.fold((255, 0), |(low, high): (u8, u8), v| (low.min(v), high.max(v)));
            high.saturating_sub(low)
        })
        .collect()
}

/// Where to cut between two columns: the middle of the widest run of columns with little contrast, and its width; the
/// column of least contrast (width 0) if there is no such run.
fn widest_gap(contrast: &[u8], from: usize, to: usize) -> (usize, usize) {
    let most = contrast.iter().copied().max().unwrap_or(0);
    let mut best: Option<(usize, usize)> = None;
    let mut start = from;
    let blank = contrast.iter().map(|&value| value <= most / 4).chain([false]);
    for (x, blank) in blank.enumerate().take(to + 1).skip(from) {
        if blank && x < to {
            continue;
        }
        if x > start && best.is_none_or(|(_, width)| x - start > width) {
            best = Some((usize::midpoint(start, x), x - start));
        }
        start = x + 1;
    }
    best.unwrap_or_else(|| {
        let least = (from..to).min_by_key(|&x| contrast[x]).unwrap_or(from);
        (least, 0)
    })
}

/// The letters of pieces put together; scripts without spaces between words get none.
pub(super) fn join(letters: &mut Vec<Letter>, next: Vec<Letter>, after_gap: bool) {
    let spaced = |letter: &Letter| letter.text.chars().all(|c| c < '\u{2e80}' && !c.is_whitespace());
    if let (true, Some(last), Some(first)) = (after_gap, letters.last(), next.first())
        && spaced(last)
        && spaced(first)
    {
        letters.push(Letter { text: " ".into(), at: f32::midpoint(last.at, first.at) });
    }
    letters.extend(next);
}

#[cfg(test)]
mod tests {
    use image::Rgb;

    use super::*;

    /// White with black bars of 8 columns every 10, and a gap of 12 columns before every fifth bar.
    fn line(width: u32) -> RgbImage {
        let mut image = RgbImage::from_pixel(width, 20, Rgb([255; 3]));
        for (x, y, pixel) in image.enumerate_pixels_mut() {
            if x % 60 >= 12 && x % 10 < 8 && (4..16).contains(&y) {
                *pixel = Rgb([0; 3]);
            }
        }
        image
    }

    #[test]
    fn a_common_line_stays_whole() {
        let image = line(480);
        assert!(matches!(&pieces(3, &image)[..], [Piece { line: 3, pixels: Cow::Borrowed(_), after_gap: false, .. }]));
    }

    #[test]
    fn a_long_line_is_cut_in_its_wide_gaps() {
        let image = line(1000);
        let parts = pieces(0, &image);
        assert_eq!(parts.len(), 4);
        assert_eq!(parts.iter().map(|p| p.pixels.width()).sum::<u32>(), 1000);
        assert_eq!(parts.iter().map(|p| p.after_gap).collect::<Vec<_>>(), [false, true, true, true]);
        for part in &parts[1..] {
            assert!(part.pixels.rows().all(|mut row| row.next() == Some(&Rgb([255; 3]))), "cut in white");
        }
    }

    #[test]
    fn only_spaced_scripts_get_a_space() {
        let letters =
            |text: &str| -> Vec<Letter> { text.chars().map(|c| Letter { text: c.into(), at: 0.5 }).collect() };
        let joined = |a: &str, b: &str, gap: bool| {
            let mut line = letters(a);
            join(&mut line, letters(b), gap);
            line.iter().map(|letter| letter.text.as_str()).collect::<String>()
        };
        assert_eq!(joined("two", "words", true), "two words");
        assert_eq!(joined("hyph", "en", false), "hyphen");
        assert_eq!(joined("你好", "世界", true), "你好世界");
    }
}
