//! Pictures and clips: loading with limits, handles with provenance, resizing with its inverse, drawing.

mod clip;
mod draw;
mod error;
mod exif;
mod fetch;
mod fit;
mod flatten;
mod guard;
mod layer;
mod load;
mod mirror;
mod palette;
mod processor;
mod region_arg;
mod resize;
mod samples;
mod snapshot;
mod sniff;
mod source;
mod store;

#[cfg(test)]
mod tests;

pub use clip::{CUT_THRESHOLD, Clip, ClipFacts, ClipFrame, MOST_FRAMES, Moments, Programs, VIDEO_SIDE};
pub use draw::Canvas;
pub use error::{ImageError, ImageErrorKind};
pub use exif::PhotoInfo;
pub use fetch::{FetchPolicy, Fetcher};
pub use fit::{Mapping, Preprocess};
pub use flatten::to_rgb;
pub use load::{LoadLimits, decode, encode_png};
pub use mirror::mirrored;
pub(crate) use palette::hex;
pub use palette::{ColorShare, color_name, dominant_colors, named_color, thing_colors};
pub use processor::Processor;
pub use region_arg::RegionArg;
pub use resize::{Filter, resize_gray, resize_plane, resize_rgb};
pub use snapshot::{Snapshot, SnapshotError};
pub use source::{ImageSource, Loaded, NoSamples, SampleProvider};
pub use store::{ImageEntry, ImageStore, NewRegion, Operation, Origin, PARTS, Region, RegionKind};

#[cfg(test)]
pub(crate) use clip::tests as clips;
