//! Pictures that are one line of text, cut out tightly. The detector needs some ground around letters: it misses such lines
//! or sees them in pieces, at many times the cost of reading them at once.

use image::RgbImage;

/// Pictures at most this high, in pixels, may be a single line.
const HIGHEST: u32 = 96;
/// At most this high they are tried as a line first.
const HIGHEST_SURE: u32 = 40;

/// Whether a picture has the size and shape of a cut-out line.
pub(super) fn may_be_line(image: &RgbImage) -> bool {
    image.height() <= HIGHEST && image.width() >= image.height()
}

/// Whether it is worth reading as a line before anything is detected: flat, and no blank rows part it in two, because the
/// recognizer reads one of two stacked lines with full confidence.
pub(super) fn is_probably_line(image: &RgbImage) -> bool {
    image.height() <= HIGHEST_SURE && 2 * image.width() >= 3 * image.height() && !has_blank_band(image)
}

/// Whether rows of little contrast lie between rows of much contrast, both at least a fifth of the height.
fn has_blank_band(image: &RgbImage) -> bool {
    let contrasts: Vec<u8> = image
        .rows()
        .map(|row| {
            let (low, high) =
                row.fold((255, 0), |(low, high): (u8, u8), pixel| (low.min(pixel.0[1]), high.max(pixel.0[1])));
            high.saturating_sub(low)
        })
        .collect();
    let most = contrasts.iter().copied().max().unwrap_or(0);
    let mut bands = 0;
    let mut rows = 0;
    for contrast in contrasts.iter().copied().chain([0]) {
        if contrast > most / 3 {
            rows += 1;
        } else {
            bands += usize::from(rows * 5 >= contrasts.len());
            rows = 0;
        }
    }
    bands > 1
}

#[cfg(test)]
mod tests {
    use image::Rgb;

    use super::*;

    fn bars(width: u32, height: u32, inked: impl Fn(u32) -> bool) -> RgbImage {
        RgbImage::from_fn(width, height, |x, y| Rgb([if inked(y) && x % 7 < 3 { 0 } else { 255 }; 3]))
    }

    #[test]
    fn one_band_of_ink_is_a_line_and_two_are_not() {
        assert!(is_probably_line(&bars(120, 30, |y| (6..24).contains(&y))));
        assert!(!is_probably_line(&bars(120, 36, |y| (3..15).contains(&y) || (20..32).contains(&y))));
    }

    #[test]
    fn a_dot_over_a_letter_is_no_band() {
        assert!(is_probably_line(&bars(120, 30, |y| (3..6).contains(&y) || (9..26).contains(&y))));
    }

    #[test]
    fn high_and_narrow_pictures_are_no_lines() {
        assert!(!may_be_line(&bars(30, 60, |_| true)) && !may_be_line(&bars(400, 200, |_| true)));
        assert!(!is_probably_line(&bars(120, 60, |y| (6..54).contains(&y))));
    }
}
