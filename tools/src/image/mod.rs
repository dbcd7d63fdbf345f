//! Pictures: loading with limits, handles with provenance, resizing with its inverse, drawing.

mod error;
mod fetch;
mod flatten;
mod guard;
mod load;
mod sniff;
mod source;
mod store;
mod suggest;

#[cfg(test)]
mod tests;

pub use error::{ImageError, ImageErrorKind};
pub use fetch::{FetchPolicy, Fetcher};

pub use flatten::to_rgb;
pub use load::{LoadLimits, decode};
pub use source::{ImageSource, NoSamples, SampleProvider};
pub use store::{ImageEntry, ImageStore, NewRegion, Operation, Origin, Region, RegionKind};
