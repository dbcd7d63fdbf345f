//! Maps of logits grown to the size of a picture, as the reference post-processing does: bilinear, half-pixel centers, clamped
//! edges, no antialiasing (PyTorch's `interpolate` with `align_corners=False`).

use ndarray::ArrayView3;

use crate::{onnx::RunControl, tool::ToolError};

/// For each pixel along one side the two samples that it lies between, and how far it is on the way to the second.
struct Taps {
    low: Vec<usize>,
    high: Vec<usize>,
    part: Vec<f32>,
}

impl Taps {
    fn new(from: usize, to: usize) -> Self {
        let scale = from as f32 / to as f32;
        let (mut low, mut high, mut part) = (Vec::new(), Vec::new(), Vec::new());
        for index in 0..to {
            let at = (scale * (index as f32 + 0.5) - 0.5).max(0.0);
            let first = (at as usize).min(from - 1);
            low.push(first);
            high.push((first + 1).min(from - 1));
            part.push((at - first as f32).clamp(0.0, 1.0));
        }
        Self { low, high, part }
    }
}

/// Between two values: `a` at 0, `b` at 1.
fn between(a: f32, b: f32, part: f32) -> f32 {
    a * (1.0 - part) + b * part
}

/// A plane that can be asked for its interpolated value at any pixel of a picture.
pub(super) struct Grown<'a> {
    plane: &'a [f32],
    width: usize,
    columns: Taps,
    rows: Taps,
}

impl<'a> Grown<'a> {
    /// A row-major plane of `from` (width, height), both above 0, as seen at the size `to`.
    pub(super) fn new(plane: &'a [f32], from: (usize, usize), to: (u32, u32)) -> Self {
        let (columns, rows) = (Taps::new(from.0, to.0 as usize), Taps::new(from.1, to.1 as usize));
        Self { plane, width: from.0, columns, rows }
    }

    /// The value at a pixel.
    pub(super) fn at(&self, x: u32, y: u32) -> f32 {
        let (x, y) = (x as usize, y as usize);
        let row = |row: usize| {
            let samples = &self.plane[row * self.width..];
            between(samples[self.columns.low[x]], samples[self.columns.high[x]], self.columns.part[x])
        };
        between(row(self.rows.low[y]), row(self.rows.high[y]), self.rows.part[y])
    }

    /// The whole picture row by row.
    pub(super) fn each_row(&self, control: &RunControl, mut read: impl FnMut(usize, &[f32])) -> Result<(), ToolError> {
        let mut line = vec![0.0; self.columns.low.len()];
        let mut blended = vec![0.0; self.width];
        for y in 0..self.rows.low.len() {
            if y % 64 == 0 {
                control.check()?;
            }
            let row = |index: usize| &self.plane[index * self.width..][..self.width];
            let (top, bottom, down) = (row(self.rows.low[y]), row(self.rows.high[y]), self.rows.part[y]);
            for ((value, a), b) in blended.iter_mut().zip(top).zip(bottom) {
                *value = between(*a, *b, down);
            }
            let taps = self.columns.low.iter().zip(&self.columns.high).zip(&self.columns.part);
            for (value, ((low, high), part)) in line.iter_mut().zip(taps) {
                *value = between(blended[*low], blended[*high], *part);
            }
            read(y, &line);
        }
        Ok(())
    }
}

/// For each pixel of a picture, row by row, the plane whose interpolated value is the greatest there; the first of equals.
/// `planes`: `[count, height, width]`, none of them 0.
pub(super) fn winners(
    planes: &ArrayView3<'_, f32>,
    (width, height): (u32, u32),
    control: &RunControl,
) -> Result<Vec<u16>, ToolError> {
    let (count, rows, columns) = planes.dim();
    let (across, down) = (Taps::new(columns, width as usize), Taps::new(rows, height as usize));
    let mut map = Vec::with_capacity(width as usize * height as usize);
    // Plane by plane within a column, so that all planes of a place lie together.
    let mut blended = vec![0.0; columns * count];
    let mut hopeful = Vec::with_capacity(count);
    for y in 0..height as usize {
        if y % 16 == 0 {
            control.check()?;
        }
        for (plane, values) in planes.outer_iter().enumerate() {
            let (top, bottom) = (values.row(down.low[y]), values.row(down.high[y]));
            for (column, (a, b)) in top.iter().zip(bottom).enumerate() {
                blended[column * count + plane] = between(*a, *b, down.part[y]);
            }
        }
        let mut cell = usize::MAX;
        for x in 0..width as usize {
            let (left, right) =
                (&blended[across.low[x] * count..][..count], &blended[across.high[x] * count..][..count]);
            if cell != across.low[x] {
                cell = across.low[x];
                // Between two samples no plane rises above its greater one or falls below its lesser one.
                let floor = left.iter().zip(right).map(|(a, b)| a.min(*b)).fold(f32::NEG_INFINITY, f32::max);
                hopeful.clear();
                hopeful.extend((0..count).filter(|plane| left[*plane].max(right[*plane]) >= floor));
            }
            let mut best = (f32::NEG_INFINITY, 0);
            for &plane in &hopeful {
                let value = between(left[plane], right[plane], across.part[x]);
                if value > best.0 {
                    best = (value, plane);
                }
            }
            map.push(best.1 as u16);
        }
    }
    Ok(map)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use ndarray::Array3;

    use super::*;

    #[test]
    fn values_are_those_of_half_pixel_centres() {
        // F.interpolate(torch.tensor([[[[0., 4.]]]]), (1, 4), mode="bilinear") is 0, 1, 3, 4.
        let grown = Grown::new(&[0.0, 4.0], (2, 1), (4, 1));
        assert_eq!([0, 1, 2, 3].map(|x| (grown.at(x, 0) * 1e3).round() as i32), [0, 1000, 3000, 4000]);
        // Shrunk by 4 it takes the two in the middle.
        let shrunk = Grown::new(&[0.0, 1.0, 3.0, 9.0], (4, 1), (1, 1));
        assert_eq!(shrunk.at(0, 0).to_bits(), 2.0_f32.to_bits());
        let mut rows = Vec::new();
        let plane = [0.0, 1.0, 2.0, 3.0];
        let grown = Grown::new(&plane, (2, 2), (3, 3));
        grown.each_row(&RunControl::new(), |y, row| rows.push((y, row.to_vec()))).unwrap();
        for (y, row) in rows {
            for (x, value) in row.iter().enumerate() {
                assert!((value - grown.at(x as u32, y as u32)).abs() < 1e-6);
            }
        }
    }

    #[test]
    fn the_winner_is_the_one_of_all_planes() {
        let planes =
            Array3::from_shape_fn((7, 5, 6), |(plane, y, x)| ((plane * 31 + y * 17 + x * 13) % 23) as f32 * 0.37);
        for size in [(41, 29), (6, 5), (3, 2), (1, 1), (60, 1)] {
            let map = winners(&planes.view(), size, &RunControl::new()).unwrap();
            let flat: Vec<Vec<f32>> = planes.outer_iter().map(|plane| plane.iter().copied().collect()).collect();
            let grown: Vec<Grown<'_>> = flat.iter().map(|plane| Grown::new(plane, (6, 5), size)).collect();
            for (index, winner) in map.iter().enumerate() {
                let (x, y) = (index as u32 % size.0, index as u32 / size.0);
                let best = grown.iter().map(|plane| plane.at(x, y)).fold(f32::MIN, f32::max);
                assert!(best - grown[usize::from(*winner)].at(x, y) < 1e-5, "{size:?} at {x} {y}");
            }
        }
    }
}
