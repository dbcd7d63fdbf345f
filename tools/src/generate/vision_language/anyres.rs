//! Pictures of any size as LLaVA-NeXT and LLaVA-OneVision see them: the whole picture, and tiles of it by the grid of a list
//! that wastes least. Of the tiles' features those of padding are left out, and each row ends with a feature of its own, the
//! model's `image_newline`. Source: `LlavaNextImageProcessor`, `LlavaOnevisionImageProcessor` and `pack_image_features` of
//! transformers.

use image::{Rgb, RgbImage, imageops};
use ndarray::{Array1, Array2, Array3, Axis, s};
use serde::Deserialize;

use super::{config::Family, view::View};
use crate::{
    image::{Processor, resize_rgb},
    onnx::ModelError,
};

/// How pictures are cut.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Grid {
    /// The side of a tile in pixels.
    side: u32,
    /// Widths and heights that a picture may be brought to, in whole tiles.
    sizes: Vec<(u32, u32)>,
    /// The color that makes a whole picture a square where it is not cut; it is stretched where there is none.
    square: Option<Rgb<u8>>,
}

#[derive(Deserialize)]
struct Config {
    #[serde(default)]
    image_grid_pinpoints: Vec<[u32; 2]>,
    size: Option<Size>,
    crop_size: Option<Size>,
    #[serde(default)]
    image_mean: Vec<f32>,
}

#[derive(Clone, Copy, Deserialize)]
struct Size {
    height: Option<u32>,
    shortest_edge: Option<u32>,
}

impl Grid {
    /// From the text of a `preprocessor_config.json`; nothing where it lists no sizes.
    pub(super) fn from_json(family: Family, text: &str) -> Result<Option<Self>, ModelError> {
        let wrong = |message: String| ModelError::new(format!("preprocessor_config.json: {message}"));
        let config: Config = serde_json::from_str(text).map_err(|error| wrong(error.to_string()))?;
        if config.image_grid_pinpoints.is_empty() {
            return Ok(None);
        }
        let known = |size: Option<Size>| size.and_then(|size| size.height.or(size.shortest_edge));
        let side = known(config.crop_size).or(known(config.size)).filter(|side| *side > 0);
        let side = side.ok_or_else(|| wrong("neither crop_size nor size says the side of a tile".into()))?;
        if let Some([height, width]) = config
            .image_grid_pinpoints
            .iter()
            .find(|sides| sides.iter().any(|one| *one == 0 || !one.is_multiple_of(side)))
        {
            return Err(wrong(format!(
                "image_grid_pinpoints has {height} x {width}, which is no grid of tiles of {side}"
            )));
        }
        let mean = |channel: usize| (config.image_mean.get(channel).copied().unwrap_or_default() * 255.0) as u8;
        Ok(Some(Self {
            side,
            sizes: config.image_grid_pinpoints.iter().map(|[height, width]| (*width, *height)).collect(),
            square: (family == Family::LlavaOnevision).then(|| Rgb([mean(0), mean(1), mean(2)])),
        }))
    }

    /// The whole picture, and before its tiles where they are wanted.
    pub(super) fn view(&self, picture: &RgbImage, tiles: bool, processor: &Processor) -> View {
        let (side, filter) = (self.side, processor.filter());
        let square = self.square.filter(|_| !tiles).map(|color| squared(picture, color));
        let whole = resize_rgb(square.as_ref().unwrap_or(picture), side, side, filter);
        let mut all = vec![processor.normalised(&whole)];
        let mut grid = (0, 0);
        if tiles {
            let (width, height) = self.best(picture.dimensions());
            let (inner_width, inner_height) = inner(picture.dimensions(), (width, height));
            let resized = resize_rgb(picture, inner_width, inner_height, filter);
            let mut padded = RgbImage::new(width, height);
            let (left, top) = ((width - inner_width) / 2, (height - inner_height) / 2);
            imageops::replace(&mut padded, &resized, i64::from(left), i64::from(top));
            grid = ((height / side) as usize, (width / side) as usize);
            for row in 0..height / side {
                for column in 0..width / side {
                    let tile = imageops::crop_imm(&padded, column * side, row * side, side, side).to_image();
                    all.push(processor.normalised(&tile));
                }
            }
        }
        View::of(all, grid, picture.dimensions())
    }

    /// Of the sizes the one that keeps most of a picture's pixels; of equals the smallest. The first for a picture of which none
    /// would be kept.
    pub(super) fn best(&self, (width, height): (u32, u32)) -> (u32, u32) {
        let (own_width, own_height) = (f64::from(width), f64::from(height));
        let own = u64::from(width) * u64::from(height);
        let (mut best, mut kept_most, mut least_waste) = (None, 0, i64::MAX);
        for &(to_width, to_height) in &self.sizes {
            let scale = (f64::from(to_width) / own_width).min(f64::from(to_height) / own_height);
            let kept = (((own_width * scale) as u64) * ((own_height * scale) as u64)).min(own);
            let waste = (u64::from(to_width) * u64::from(to_height)) as i64 - kept as i64;
            if kept > kept_most || (kept == kept_most && waste < least_waste) {
                (best, kept_most, least_waste) = (Some((to_width, to_height)), kept, waste);
            }
        }
        best.or(self.sizes.first().copied()).unwrap_or((self.side, self.side))
    }
}

/// The size of a picture within a larger one: as large as its aspect allows.
fn inner((width, height): (u32, u32), (to_width, to_height): (u32, u32)) -> (u32, u32) {
    let (across, down) = (f64::from(to_width) / f64::from(width), f64::from(to_height) / f64::from(height));
    if across < down {
        (to_width, ((f64::from(height) * across).ceil() as u32).clamp(1, to_height))
    } else {
        (((f64::from(width) * down).ceil() as u32).clamp(1, to_width), to_height)
    }
}

/// A picture in the middle of a square of a color.
fn squared(picture: &RgbImage, color: Rgb<u8>) -> RgbImage {
    let (width, height) = picture.dimensions();
    let side = width.max(height);
    let mut square = RgbImage::from_pixel(side, side, color);
    imageops::replace(&mut square, picture, i64::from((side - width) / 2), i64::from((side - height) / 2));
    square
}

/// The features of a view `[tiles x n, width]`, tile by tile and the whole first, as the decoder takes them: those of the whole,
/// then row by row those of the grid of tiles without its padding, each row with `newline` behind it. `most`: of how many tiles
/// there may be features; where there are more the grid is shrunk.
pub(super) fn arranged(
    features: &Array2<f32>,
    view: &View,
    newline: &Array1<f32>,
    most: Option<usize>,
) -> Result<Array2<f32>, ModelError> {
    let (count, width) = (features.nrows() / view.tiles().max(1), features.ncols());
    let end = newline.view().insert_axis(Axis(0));
    let joined = |parts: &[ndarray::ArrayView2<'_, f32>]| {
        ndarray::concatenate(Axis(0), parts).map_err(|error| ModelError::new(format!("image_newline: {error}")))
    };
    let whole = features.slice(s![..count, ..]);
    let (rows, columns) = view.grid;
    if rows * columns == 0 {
        return joined(&[whole, end]);
    }
    let side = count.isqrt();
    if side * side != count || view.tiles() != rows * columns + 1 {
        return Err(ModelError::new(format!(
            "the vision encoder gave {count} features of each of {} tiles, which are no {rows} x {columns} squares and the whole",
            view.tiles()
        )));
    }
    let map = Array3::from_shape_fn((rows * side, columns * side, width), |(y, x, channel)| {
        let tile = 1 + (y / side) * columns + x / side;
        features[[tile * count + (y % side) * side + x % side, channel]]
    });
    let mut map = without_padding(map, view.picture);
    if let Some(most) = most {
        let ratio = (map.dim().0 as f64 * map.dim().1 as f64 / (most * count) as f64).sqrt();
        if ratio > 1.1 {
            let part = |side: usize| (side as f64 / ratio).floor() as usize;
            map = shrunk(&map, part(map.dim().0), part(map.dim().1));
        }
    }
    let mut parts = vec![whole];
    for row in map.outer_iter() {
        parts.extend([row, end]);
    }
    joined(&parts)
}

/// The part of a map of features that shows the picture of a size (width, height).
fn without_padding(map: Array3<f32>, (width, height): (u32, u32)) -> Array3<f32> {
    let (rows, columns, _) = map.dim();
    let (width, height, down, across) = (f64::from(width), f64::from(height), rows as f64, columns as f64);
    // As Python has it: `int(round(side, 7))`.
    let whole = |side: f64| ((side * 1e7).round_ties_even() / 1e7) as usize;
    let padding = |side: usize, inner: usize| side.saturating_sub(inner) / 2;
    if width / height > across / down {
        let off = padding(rows, whole(height * (across / width)));
        map.slice_move(s![off..rows - off, .., ..])
    } else {
        let off = padding(columns, whole(width * (down / height)));
        map.slice_move(s![.., off..columns - off, ..])
    }
}

/// A map of features brought to fewer rows and columns: bilinear, half-pixel centers, no antialiasing (PyTorch's `interpolate`).
fn shrunk(map: &Array3<f32>, rows: usize, columns: usize) -> Array3<f32> {
    let taps = |from: usize, to: usize, index: usize| {
        let at = (from as f32 / to as f32 * (index as f32 + 0.5) - 0.5).max(0.0);
        let first = (at as usize).min(from - 1);
        (first, (first + 1).min(from - 1), at - first as f32)
    };
    let (height, width, depth) = map.dim();
    Array3::from_shape_fn((rows, columns, depth), |(y, x, channel)| {
        let ((top, bottom, down), (left, right, across)) = (taps(height, rows, y), taps(width, columns, x));
        let row = |row: usize| map[[row, left, channel]] * (1.0 - across) + map[[row, right, channel]] * across;
        row(top) * (1.0 - down) + row(bottom) * down
    })
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a failed set-up fails the test")]

    use super::*;

    const NEXT: &str = r#"{"image_grid_pinpoints": [[336, 672], [672, 336], [672, 672], [1008, 336], [336, 1008]],
        "size": {"shortest_edge": 336}, "crop_size": {"height": 336, "width": 336}}"#;

    #[test]
    fn the_grid_is_the_one_of_the_reference() {
        let grid = Grid::from_json(Family::LlavaNext, NEXT).unwrap().unwrap();
        // Width and height; what `select_best_resolution` and `get_patch_output_size` of transformers give.
        for (picture, best, within) in [
            ((640, 480), (672, 672), (672, 504)),
            ((480, 640), (672, 672), (504, 672)),
            ((1000, 300), (1008, 336), (1008, 303)),
            ((300, 1000), (336, 1008), (303, 1008)),
            ((100, 100), (672, 336), (336, 336)),
            ((4000, 3000), (672, 672), (672, 505)),
            ((1, 1), (672, 336), (336, 336)),
            ((20_000, 1), (672, 336), (672, 1)),
        ] {
            assert_eq!((grid.best(picture), inner(picture, best)), (best, within), "{picture:?}");
        }
    }

    #[test]
    fn what_is_no_grid_is_refused_and_none_is_none() {
        assert_eq!(Grid::from_json(Family::LlavaNext, r#"{"size": {"height": 20}}"#).unwrap(), None);
        let torn = NEXT.replace("[672, 672]", "[672, 500]");
        let error = Grid::from_json(Family::LlavaNext, &torn).unwrap_err().to_string();
        assert!(error.contains("672 x 500, which is no grid of tiles of 336"), "{error}");
        let error = Grid::from_json(Family::LlavaNext, r#"{"image_grid_pinpoints": [[8, 8]]}"#).unwrap_err();
        assert!(error.to_string().contains("the side of a tile"), "{error}");
    }

    #[test]
    fn rows_of_the_grid_end_with_the_newline() {
        // Two tiles beside each other, of 2 x 2 features each: the whole has 0 to 3, the left tile 4 to 7.
        let features = Array2::from_shape_fn((12, 1), |(row, _)| row as f32);
        let pixels = ndarray::Array4::zeros((3, 3, 4, 4));
        let newline = Array1::from(vec![-1.0]);
        let order = |view: &View, most| -> Vec<i32> {
            arranged(&features, view, &newline, most).unwrap().iter().map(|value| *value as i32).collect()
        };
        let full = View { pixels, grid: (1, 2), picture: (80, 40) };
        assert_eq!(order(&full, None), [0, 1, 2, 3, 4, 5, 8, 9, -1, 6, 7, 10, 11, -1]);
        // A square leaves the left and right columns empty.
        let square = View { picture: (40, 40), ..full.clone() };
        assert_eq!(order(&square, None), [0, 1, 2, 3, 5, 8, -1, 7, 10, -1]);
        // 8 features are twice as many as one tile has: 1.41 times too many along each side.
        assert_eq!(order(&full, Some(1)), [0, 1, 2, 3, 5, 9, -1]);
        let alone = View { pixels: ndarray::Array4::zeros((1, 3, 4, 4)), grid: (0, 0), picture: (40, 40) };
        let one = arranged(&features.slice(s![..4, ..]).to_owned(), &alone, &newline, None).unwrap();
        assert_eq!(one.iter().map(|value| *value as i32).collect::<Vec<_>>(), [0, 1, 2, 3, -1]);
        let odd = Array2::zeros((9, 1));
        let error = arranged(&odd, &full, &newline, None).unwrap_err().to_string();
        assert!(error.contains("3 features of each of 3 tiles"), "{error}");
    }
}
