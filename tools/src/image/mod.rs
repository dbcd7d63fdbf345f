//! Pictures: loading with limits, handles with provenance, resizing with its inverse, drawing.

mod fit;
mod resize;
mod store;

pub use fit::{Mapping, Preprocess};
pub use resize::{Filter, resize_gray, resize_plane, resize_rgb};
pub use store::{ImageEntry, ImageStore, NewRegion, Operation, Origin, Region, RegionKind};

/// RGB pixels.
pub fn to_rgb(image: &image::DynamicImage) -> image::RgbImage {
    image.to_rgb8()
}
