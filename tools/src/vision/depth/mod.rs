//! `depth`: how near things are, as a picture and as numbers, and surface normals out of it.

mod estimate;
mod map;
mod normals;
mod recognize;
mod tool;

pub use estimate::DepthEstimator;
pub use map::DepthMap;
pub use tool::{Depth, DepthInput, DepthKind, DepthOutput, RegionDepth};

pub(super) use recognize::recognize;

/// Role of the depth estimator.
pub const ESTIMATOR: &str = "depth";

/// The normals of a [relative](DepthMap::relative) map as colors; see [`DepthKind::Normals`].
pub fn normal_picture(relative: &DepthMap) -> image::RgbImage {
    normals::normals(relative)
}

#[cfg(test)]
mod tests;
