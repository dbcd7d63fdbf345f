//! Pictures as vision encoders take them: one picture, or tiles of it and the whole. Source of the geometry: Idefics3's image
//! processor in transformers; for LLaVA-NeXT see `anyres`; the other families follow their `preprocessor_config.json` as any model
//! does.

use image::{RgbImage, imageops};
use ndarray::{Array4, Axis, concatenate, s};
use serde::Deserialize;

use super::{anyres::Grid, config::Family};
use crate::{
    image::{Processor, resize_rgb},
    onnx::ModelError,
};

/// A picture as a vision encoder takes it.
#[derive(Clone, Debug, PartialEq)]
pub struct View {
    /// f32 `[tiles, 3, height, width]`: the tiles row by row, with the whole picture behind them, or before them in LLaVA-NeXT.
    pub pixels: Array4<f32>,
    /// Rows and columns of tiles; `(0, 0)` where there is only the whole picture.
    pub grid: (usize, usize),
    /// Width and height of the picture itself.
    pub picture: (u32, u32),
}

impl View {
    /// How many pictures the encoder sees.
    pub fn tiles(&self) -> usize {
        self.pixels.len_of(Axis(0))
    }

    /// Of tiles `[1, 3, height, width]` of one size, at least one.
    pub(super) fn of(mut tiles: Vec<Array4<f32>>, grid: (usize, usize), picture: (u32, u32)) -> Self {
        let views: Vec<_> = tiles.iter().map(|tile| tile.view()).collect();
        // All of one size, so that they fit.
        let pixels = concatenate(Axis(0), &views).unwrap_or_else(|_| tiles.swap_remove(tiles.len() - 1));
        Self { pixels, grid, picture }
    }

    /// The first picture alone.
    pub(super) fn first(&self) -> Self {
        Self { pixels: self.pixels.slice(s![..1, .., .., ..]).to_owned(), grid: (0, 0), picture: self.picture }
    }
}

/// Makes views.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Viewer {
    processor: Processor,
    tiling: Option<Tiling>,
    grid: Option<Grid>,
}

/// How a picture is cut.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Tiling {
    /// The side of a tile, in pixels.
    pub(super) side: u32,
    /// What the picture is brought to first, in pixels.
    pub(super) longest: Option<u32>,
}

#[derive(Deserialize)]
struct Config {
    #[serde(default)]
    do_resize: Option<bool>,
    size: Option<Edge>,
    max_image_size: Option<Edge>,
}

#[derive(Deserialize)]
struct Edge {
    longest_edge: Option<u32>,
}

/// No picture is made larger than this, in pixels.
const LONGEST: u32 = 4096;

impl Viewer {
    pub(super) fn from_json(family: Family, text: &str) -> Result<Self, ModelError> {
        let processor = Processor::from_json(text).map_err(ModelError::new)?;
        if family != Family::Idefics3 {
            let any_size = matches!(family, Family::LlavaNext | Family::LlavaOnevision);
            let grid = if any_size { Grid::from_json(family, text)? } else { None };
            return Ok(Self { processor, tiling: None, grid });
        }
        let wrong = |message: String| ModelError::new(format!("preprocessor_config.json: {message}"));
        let config: Config = serde_json::from_str(text).map_err(|error| wrong(error.to_string()))?;
        let side = config.max_image_size.and_then(|size| size.longest_edge).filter(|side| *side > 0);
        let side = side.ok_or_else(|| wrong("max_image_size has no longest_edge, the side of a tile".into()))?;
        let longest = config.size.and_then(|size| size.longest_edge).filter(|_| config.do_resize != Some(false));
        Ok(Self { processor, tiling: Some(Tiling { side, longest }), grid: None })
    }

    pub(super) fn with_longest_edge(mut self, side: Option<u32>) -> Self {
        if let (Some(tiling), Some(side)) = (&mut self.tiling, side) {
            tiling.longest = Some(side);
        }
        self
    }

    /// Whether features are arranged by the picture's size.
    pub(super) fn has_grid(&self) -> bool {
        self.grid.is_some()
    }

    pub(super) fn view(&self, picture: &RgbImage, detail: bool) -> View {
        if let Some(grid) = &self.grid {
            return grid.view(picture, detail, &self.processor);
        }
        let alone = |pixels| View { pixels, grid: (0, 0), picture: picture.dimensions() };
        let Some(tiling) = self.tiling else { return alone(self.processor.apply(picture)) };
        let filter = self.processor.filter();
        let (width, height) = tiling.resized(picture.dimensions());
        let resized = resize_rgb(picture, width, height, filter);
        let side = tiling.side;
        if !detail {
            let whole = resize_rgb(&resized, side, side, filter);
            return alone(self.processor.normalised(&whole));
        }
        let (width, height) = tiling.whole_tiles((width, height));
        let filled = resize_rgb(&resized, width, height, filter);
        let grid = tiling.grid((width, height));
        let mut tiles = Vec::with_capacity(grid.0 * grid.1 + 1);
        for row in 0..grid.0 as u32 {
            for column in 0..grid.1 as u32 {
                let tile = imageops::crop_imm(&filled, column * side, row * side, side, side).to_image();
                tiles.push(self.processor.normalised(&tile));
            }
        }
        tiles.push(self.processor.normalised(&resize_rgb(&filled, side, side, filter)));
        View::of(tiles, grid, picture.dimensions())
    }
}

impl Tiling {
    /// Width and height with the longest side as wanted; the other one is even.
    pub(super) fn resized(self, (width, height): (u32, u32)) -> (u32, u32) {
        let (width, height) = (width.max(1), height.max(1));
        let Some(longest) = self.longest else { return (width, height) };
        let aspect = f64::from(width) / f64::from(height);
        let even = |side: f64| (side as u32).next_multiple_of(2).max(1);
        let (width, height) = if width >= height {
            (longest, even(f64::from(longest) / aspect))
        } else {
            (even(f64::from(longest) * aspect), longest)
        };
        if width >= height && width > LONGEST {
            (LONGEST, ((f64::from(LONGEST) / (f64::from(width) / f64::from(height))) as u32).max(1))
        } else if height > width && height > LONGEST {
            (((f64::from(LONGEST) * (f64::from(width) / f64::from(height))) as u32).max(1), LONGEST)
        } else {
            (width, height)
        }
    }

    /// The next size of whole tiles, the aspect kept as far as that goes.
    pub(super) fn whole_tiles(self, (width, height): (u32, u32)) -> (u32, u32) {
        let aspect = f64::from(width) / f64::from(height);
        let up = |side: u32| side.max(1).next_multiple_of(self.side);
        if width >= height {
            let width = up(width);
            (width, up((f64::from(width) / aspect) as u32))
        } else {
            let height = up(height);
            (up((f64::from(height) * aspect) as u32), height)
        }
    }

    /// Rows and columns of a size of whole tiles; none where one tile is all.
    pub(super) fn grid(self, (width, height): (u32, u32)) -> (usize, usize) {
        if width <= self.side && height <= self.side {
            return (0, 0);
        }
        ((height / self.side) as usize, (width / self.side) as usize)
    }
}
