//! One part of a picture that a model told apart.

use crate::geom::{BBox, Rle};

/// One part of a picture: what it is and where.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// What it shows, in the model's own words.
    pub label: String,
    /// Confidence in 0..=1.
    pub score: f32,
    /// The smallest box around it, in pixels.
    pub bbox: BBox,
    /// Which pixels it has.
    pub mask: Rle,
}

impl Found {
    /// A part, unless it has no pixels.
    pub(super) fn new(label: String, score: f32, mask: Rle) -> Option<Self> {
        mask.bounds().map(|bbox| Self { label, score, bbox, mask })
    }
}

/// The parts of a map that has a number for each pixel, row by row: for each number below `count` the mask of its pixels, or
/// `None` if it has none.
pub(super) fn masks_of(map: &[u16], (width, height): (u32, u32), count: usize) -> Vec<Option<Rle>> {
    let mut extents: Vec<Option<(u32, u32, u32, u32)>> = vec![None; count];
    for (row, y) in map.chunks_exact(width as usize).zip(0..) {
        for (number, x) in row.iter().zip(0..) {
            if let Some(extent) = extents.get_mut(usize::from(*number)) {
                let (x1, y1, x2, y2) = extent.unwrap_or((x, y, x, y));
                *extent = Some((x1.min(x), y1, x2.max(x), y2.max(y)));
            }
        }
    }
    let at = |x: u32, y: u32| map[y as usize * width as usize + x as usize];
    let masks = extents.into_iter().zip(0_u16..).map(|(extent, number)| {
        let (x1, y1, x2, y2) = extent?;
        Some(Rle::within((width, height), (x1, y1, x2 - x1 + 1, y2 - y1 + 1), |x, y| at(x, y) == number))
    });
    masks.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_map_falls_into_its_masks() {
        let masks = masks_of(&[0, 2, 2, 0, 2, 9], (3, 2), 3);
        let counts: Vec<Option<Vec<u32>>> = masks.into_iter().map(|mask| mask.map(|mask| mask.counts)).collect();
        assert_eq!(counts, [Some(vec![0, 2, 4]), None, Some(vec![2, 3, 1])]);
    }
}
