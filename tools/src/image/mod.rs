//! Pictures: loading with limits, handles with provenance, resizing with its inverse, drawing.

mod store;

pub use store::{ImageEntry, ImageStore, NewRegion, Operation, Origin, Region, RegionKind};
