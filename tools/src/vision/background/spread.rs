//! Colors of one side of an edge carried to the other: a blur in which only weighted pixels count.

use image::{GrayImage, Rgb, RgbImage};

use crate::image::{Filter, resize_rgb};

/// Longest side of the copy that is blurred; what comes out is smooth, so nothing is lost.
const SIDE: u32 = 512;
/// Passes of the box filter, which together come close to a Gaussian.
const PASSES: usize = 3;
/// Least weight at which a blurred color counts.
const ENOUGH: f32 = 0.02;

/// Sums of red, green and blue (0..=255) times weight, and of weights.
type Cell = [f32; 4];

/// For every pixel the mean color of the weighted (0..=255) pixels around it, at the picture's size. `radius` is a share of
/// the longer side. Places with no weight near take it from further away; without any weight at all they are gray.
pub(super) fn spread(picture: &RgbImage, weights: &GrayImage, radius: f32) -> RgbImage {
    let (width, height) = picture.dimensions();
    let ratio = (SIDE as f32 / width.max(height).max(1) as f32).min(1.0);
    let side = |side: u32| ((side as f32 * ratio).round() as usize).max(1);
    let (columns, rows) = (side(width), side(height));
    let mut cells = vec![[0.0; 4]; columns * rows];
    for (x, y, color) in picture.enumerate_pixels() {
        let weight = f32::from(weights.get_pixel(x, y).0[0]) / 255.0;
        if weight > 0.0 {
            let (column, row) = (x as usize * columns / width as usize, y as usize * rows / height as usize);
            let [r, g, b] = color.0.map(|value| f32::from(value) * weight);
            let cell = &mut cells[row * columns + column];
            *cell = [cell[0] + r, cell[1] + g, cell[2] + b, cell[3] + weight];
        }
    }
    let area = (width as usize * height as usize / (columns * rows)).max(1) as f32;
    for cell in &mut cells {
        *cell = cell.map(|value| value / area);
    }
    let mut colors: Vec<Option<[f32; 3]>> = vec![None; cells.len()];
    let mut reach = ((radius * columns.max(rows) as f32).round() as usize).max(1);
    while colors.iter().any(Option::is_none) {
        for _ in 0..PASSES {
            cells = blur(&cells, columns, rows, reach);
        }
        for (color, cell) in colors.iter_mut().zip(&cells) {
            let [r, g, b, weight] = *cell;
            if color.is_none() && weight > ENOUGH {
                *color = Some([r / weight, g / weight, b / weight]);
            }
        }
        if reach > columns.max(rows) {
            break;
        }
        reach *= 3;
    }
    let mean = mean(&cells);
    let small = RgbImage::from_fn(columns as u32, rows as u32, |x, y| {
        let color = colors[y as usize * columns + x as usize].unwrap_or(mean);
        Rgb(color.map(|value| value.round().clamp(0.0, 255.0) as u8))
    });
    resize_rgb(&small, width, height, Filter::Bilinear)
}

fn mean(cells: &[Cell]) -> [f32; 3] {
    let [r, g, b, weight] = cells.iter().fold([0.0; 4], |sum: Cell, cell| [0, 1, 2, 3].map(|i| sum[i] + cell[i]));
    if weight > 0.0 { [r / weight, g / weight, b / weight] } else { [128.0; 3] }
}

/// One pass of the box filter along both sides; at the edge it is the mean of what lies inside.
fn blur(cells: &[Cell], columns: usize, rows: usize, reach: usize) -> Vec<Cell> {
    let mut along = vec![[0.0; 4]; cells.len()];
    for row in 0..rows {
        line(cells, &mut along, row * columns, 1, columns, reach);
    }
    let mut both = vec![[0.0; 4]; cells.len()];
    for column in 0..columns {
        line(&along, &mut both, column, columns, rows, reach);
    }
    both
}

/// The box filter over `count` cells from `first`, `stride` apart.
fn line(from: &[Cell], to: &mut [Cell], first: usize, stride: usize, count: usize, reach: usize) {
    let mut sum = [0.0_f64; 4];
    let add = |sum: [f64; 4], index: usize, sign: f64| {
        let cell = &from[first + index * stride];
        [0, 1, 2, 3].map(|i| sum[i] + sign * f64::from(cell[i]))
    };
    for index in 0..reach.min(count) {
        sum = add(sum, index, 1.0);
    }
    for index in 0..count {
        if index + reach < count {
            sum = add(sum, index + reach, 1.0);
        }
        if index > reach {
            sum = add(sum, index - reach - 1, -1.0);
        }
        let inside = (index + reach).min(count - 1) - index.saturating_sub(reach) + 1;
        to[first + index * stride] = sum.map(|value| (value / inside as f64).max(0.0) as f32);
    }
}

#[cfg(test)]
mod tests {
    use image::Luma;

    use super::*;

    /// Red on the left half, green on the right.
    fn halves(width: u32, height: u32) -> RgbImage {
        RgbImage::from_fn(width, height, |x, _| if x < width / 2 { Rgb([200, 0, 0]) } else { Rgb([0, 200, 0]) })
    }

    #[test]
    fn one_side_is_carried_over_the_edge() {
        for (width, height) in [(60, 40), (1500, 700), (2, 1), (3000, 3)] {
            let weights = GrayImage::from_fn(width, height, |x, _| Luma([if x < width / 2 { 255 } else { 0 }]));
            let red = spread(&halves(width, height), &weights, 0.01);
            assert_eq!(red.dimensions(), (width, height));
            assert!(red.pixels().all(|pixel| pixel.0[0] > 195 && pixel.0[1] < 5), "{width} x {height}");
        }
    }

    #[test]
    fn with_all_weights_it_is_a_blur_and_with_none_gray() {
        let all = spread(&halves(400, 300), &GrayImage::from_pixel(400, 300, Luma([255])), 0.025);
        let [r, g, _] = all.get_pixel(200, 150).0;
        assert!((80..120).contains(&r) && (80..120).contains(&g), "{r} {g}");
        assert!(all.get_pixel(20, 20).0[0] > 195 && all.get_pixel(380, 20).0[1] > 195);
        let none = spread(&halves(40, 30), &GrayImage::new(40, 30), 0.025);
        assert_eq!(none.get_pixel(10, 10).0, [128; 3]);
    }
}
