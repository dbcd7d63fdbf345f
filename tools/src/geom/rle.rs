//! Masks as run lengths, as COCO writes them uncompressed.

use image::{GrayImage, Luma};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::BBox;

/// A mask as run lengths in COCO's uncompressed form: `{"size": [height, width], "counts": [...]}`. The pixels are counted
/// column by column from the top left; the first count is of pixels outside (0 where the first one is inside), the second of
/// pixels inside, and so on by turns. The counts sum up to height x width.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
pub struct Rle {
    /// Height and width of the picture in pixels.
    pub size: [u32; 2],
    /// Lengths of the runs, outside and inside by turns, column by column.
    pub counts: Vec<u32>,
}

impl Rle {
    /// The pixels for which `inside(x, y)` holds, in a picture of `width` x `height`. Only those of the part `(x, y, width,
    /// height)` are asked; all others are outside.
    pub fn within(
        (width, height): (u32, u32),
        (left, top, part_width, part_height): (u32, u32, u32, u32),
        inside: impl Fn(u32, u32) -> bool,
    ) -> Self {
        let (right, bottom) = ((left + part_width).min(width), (top + part_height).min(height));
        let mut counts = vec![0];
        // Where the last run ends, in pixels from the top left down the columns.
        let mut end = 0;
        for x in left..right {
            for y in (top..bottom).filter(|y| inside(x, *y)) {
                let at = u64::from(x) * u64::from(height) + u64::from(y);
                let after_inside = counts.len().is_multiple_of(2);
                match counts.last_mut() {
                    Some(run) if after_inside && at == end => *run += 1,
                    Some(run) if !after_inside => {
                        *run += (at - end) as u32;
                        counts.push(1);
                    }
                    _ => counts.extend([(at - end) as u32, 1]),
                }
                end = at + 1;
            }
        }
        let rest = u64::from(width) * u64::from(height) - end;
        let after_inside = counts.len().is_multiple_of(2);
        match counts.last_mut() {
            Some(run) if !after_inside => *run += rest as u32,
            _ if rest > 0 => counts.push(rest as u32),
            _ => {}
        }
        Self { size: [height, width], counts }
    }

    /// The pixels of a mask that are at least half opaque (128).
    pub fn of(mask: &GrayImage) -> Self {
        let size = mask.dimensions();
        Self::within(size, (0, 0, size.0, size.1), |x, y| mask.get_pixel(x, y).0[0] >= 128)
    }

    /// How many pixels are inside.
    pub fn area(&self) -> u64 {
        self.counts.iter().skip(1).step_by(2).map(|run| u64::from(*run)).sum()
    }

    /// The share of the picture that is inside, 0..=1.
    pub fn area_fraction(&self) -> f32 {
        let all = u64::from(self.size[0]) * u64::from(self.size[1]);
        (self.area() as f64 / all.max(1) as f64) as f32
    }

    /// The runs of pixels that are inside: for each the column, the first row and the length. A run that continues in the next
    /// column comes as one for each column.
    fn runs(&self) -> impl Iterator<Item = (u32, u32, u32)> {
        let height = u64::from(self.size[0].max(1));
        let mut at = 0;
        let spans = self.counts.iter().enumerate().filter_map(move |(index, &length)| {
            let start = at;
            at += u64::from(length);
            (index % 2 == 1).then_some((start, at))
        });
        spans.flat_map(move |(start, end)| {
            (start / height..end.div_ceil(height)).map(move |column| {
                let (first, last) = (start.max(column * height), end.min((column + 1) * height));
                (column as u32, (first - column * height) as u32, (last - first) as u32)
            })
        })
    }

    /// The smallest box around all that is inside; `None` if nothing is.
    pub fn bounds(&self) -> Option<BBox> {
        let mut bounds: Option<(u32, u32, u32, u32)> = None;
        for (x, y, length) in self.runs().filter(|(_, _, length)| *length > 0) {
            let (x1, y1, x2, y2) = bounds.unwrap_or((x, y, x + 1, y + length));
            bounds = Some((x1.min(x), y1.min(y), x2.max(x + 1), y2.max(y + length)));
        }
        bounds.map(|(x1, y1, x2, y2)| BBox { x1: x1 as f32, y1: y1 as f32, x2: x2 as f32, y2: y2 as f32 })
    }

    /// Whether a pixel is inside.
    pub fn contains(&self, x: u32, y: u32) -> bool {
        self.runs().any(|(column, first, length)| column == x && (first..first + length).contains(&y))
    }

    /// Calls `paint(x, y)` for every pixel inside that a picture of `width` x `height` has.
    pub fn each(&self, (width, height): (u32, u32), mut paint: impl FnMut(u32, u32)) {
        for (x, first, length) in self.runs().filter(|(x, _, _)| *x < width) {
            (first..(first + length).min(height)).for_each(|y| paint(x, y));
        }
    }

    /// The mask as a picture: 255 inside, 0 outside.
    pub fn to_mask(&self) -> GrayImage {
        let [height, width] = self.size;
        let mut mask = GrayImage::new(width, height);
        self.each((width, height), |x, y| mask.put_pixel(x, y, Luma([255])));
        mask
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn mask(rows: &[&str]) -> GrayImage {
        GrayImage::from_fn(rows[0].len() as u32, rows.len() as u32, |x, y| {
            Luma([if rows[y as usize].as_bytes()[x as usize] == b'#' { 255 } else { 0 }])
        })
    }

    #[test]
    fn runs_go_down_the_columns() {
        // The example of COCO's own tools, turned upright.
        let rle = Rle::of(&mask(&["..#", ".##", ".#."]));
        assert_eq!(rle, Rle { size: [3, 3], counts: vec![4, 4, 1] });
        assert_eq!(serde_json::to_value(&rle).unwrap(), json!({"size": [3, 3], "counts": [4, 4, 1]}));
        assert_eq!(rle.bounds(), Some(BBox { x1: 1.0, y1: 0.0, x2: 3.0, y2: 3.0 }));
        assert!(rle.contains(2, 0) && rle.contains(1, 2) && !rle.contains(0, 0) && !rle.contains(2, 2));
        let first = Rle::of(&mask(&["#.", "#."]));
        assert_eq!((first.counts.as_slice(), first.area()), ([0, 2, 2].as_slice(), 2));
    }

    #[test]
    fn nothing_everything_and_one_pixel() {
        let nothing = Rle::of(&mask(&["..", ".."]));
        assert_eq!((nothing.counts.as_slice(), nothing.bounds(), nothing.area()), ([4].as_slice(), None, 0));
        let everything = Rle::of(&mask(&["##", "##"]));
        assert_eq!((everything.counts.as_slice(), everything.area_fraction()), ([0, 4].as_slice(), 1.0));
        assert_eq!(Rle::of(&mask(&["#"])).counts, [0, 1]);
        assert_eq!(Rle::of(&mask(&["."])).counts, [1]);
    }

    #[test]
    fn what_lies_out_of_the_part_is_outside() {
        let rle = Rle::within((5, 4), (1, 1, 9, 2), |_, _| true);
        assert_eq!(rle.to_mask(), mask(&[".....", ".####", ".####", "....."]));
    }

    #[test]
    fn damaged_counts_paint_nothing_outside() {
        let damaged = Rle { size: [2, 2], counts: vec![1, 90] };
        assert_eq!(damaged.to_mask(), mask(&[".#", "##"]));
        assert_eq!(Rle { size: [0, 0], counts: vec![0, 7] }.to_mask().dimensions(), (0, 0));
    }

    proptest! {
        #[test]
        fn a_mask_comes_back(width in 1_u32..12, height in 1_u32..12, bits in proptest::collection::vec(any::<bool>(), 144)) {
            let mask = GrayImage::from_fn(width, height, |x, y| Luma([if bits[(y * 12 + x) as usize] { 255 } else { 0 }]));
            let rle = Rle::of(&mask);
            prop_assert_eq!(rle.counts.iter().map(|run| u64::from(*run)).sum::<u64>(), u64::from(width * height));
            prop_assert!(rle.counts.iter().skip(1).all(|run| *run > 0));
            let inside = mask.pixels().filter(|pixel| pixel.0[0] > 0).count() as u64;
            prop_assert_eq!(rle.area(), inside);
            prop_assert_eq!(rle.to_mask(), mask);
        }
    }
}
