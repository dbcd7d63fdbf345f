//! Pictures in overlapping tiles, and tiles put together without a seam.

use image::RgbImage;

/// Side of a tile where the graph takes any: what fits the memory of a small machine.
pub(super) const TILE: u32 = 256;
/// How far two tiles overlap.
pub(super) const OVERLAP: u32 = 16;
/// So much at the edge of a tile is not used where another tile has the same pixels: it lacks context there.
const UNUSED: u32 = 4;

/// Where tiles of at most `tile` pixels begin and end along a side. They overlap by [`OVERLAP`], the last two by more.
pub(super) fn spans(length: u32, tile: u32) -> Vec<(u32, u32)> {
    if length <= tile {
        return vec![(0, length)];
    }
    let step = tile - OVERLAP;
    let before = (0..).map(|index| index * step).take_while(|start| start + tile < length);
    before.chain([length - tile]).map(|start| (start, start + tile)).collect()
}

/// The share of a new tile, `at` pixels from its first edge: 0, then rising over the overlap, then 1.
fn share(at: u32, factor: u32) -> f32 {
    let (start, end) = (UNUSED * factor, (OVERLAP - UNUSED) * factor);
    ((at as f32 + 0.5 - start as f32) / (end - start) as f32).clamp(0.0, 1.0)
}

/// Puts a tile into its band at `left`, fading from what is there already. Lengths in pixels of the result, `factor` of them
/// for one of the picture.
pub(super) fn across(band: &mut RgbImage, tile: &RgbImage, left: u32, factor: u32, fade: bool) {
    for (x, y, pixel) in tile.enumerate_pixels() {
        let share = if fade { share(x, factor) } else { 1.0 };
        mix(&mut band.get_pixel_mut(left + x, y).0, pixel.0, share);
    }
}

/// The same for a band and the whole picture.
pub(super) fn down(whole: &mut RgbImage, band: &RgbImage, top: u32, factor: u32, fade: bool) {
    for (x, y, pixel) in band.enumerate_pixels() {
        let share = if fade { share(y, factor) } else { 1.0 };
        mix(&mut whole.get_pixel_mut(x, top + y).0, pixel.0, share);
    }
}

fn mix(old: &mut [u8; 3], new: [u8; 3], share: f32) {
    for (old, new) in old.iter_mut().zip(new) {
        *old = (f32::from(*old) * (1.0 - share) + f32::from(new) * share).round() as u8;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tiles_cover_a_side_and_overlap() {
        assert_eq!(spans(256, 256), [(0, 256)]);
        assert_eq!(spans(10, 256), [(0, 10)]);
        assert_eq!(spans(257, 256), [(0, 256), (1, 257)]);
        assert_eq!(spans(600, 256), [(0, 256), (240, 496), (344, 600)]);
        for length in 1..900 {
            let spans = spans(length, 64);
            assert_eq!((spans[0].0, spans.last().map(|span| span.1)), (0, Some(length)));
            assert!(spans.windows(2).all(|pair| pair[1].0 > pair[0].0 && pair[1].0 + OVERLAP <= pair[0].1), "{length}");
        }
    }

    #[test]
    fn a_tile_fades_in_between_its_edge_and_the_end_of_the_overlap() {
        assert!(share(7, 2) < 1e-6 && share(24, 2) > 1.0 - 1e-6, "{} {}", share(7, 2), share(24, 2));
        assert!((share(15, 2) + share(16, 2) - 1.0).abs() < 1e-6);
    }
}
