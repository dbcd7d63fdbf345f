//! `match`: how well texts fit an image, and where in it they are to be seen.
//!
//! A model of the role `match` tells both (BLIP's image-text matching). Where none is available, the likeness of CLIP or SigLIP
//! (role `embed`) tells the first and the maps of CLIPSeg (role `segment_text`) the second; without any of them, what other tools
//! find in the picture (see `composed`). The output says each time which it was.

mod blip;
mod composed;
mod plane;
mod score;
#[cfg(test)]
mod tests;
mod tool;

pub(super) use self::blip::recognize;
pub use self::{
    blip::{MapKind, Matched, Matcher},
    plane::Grid,
    tool::{Match, MatchInput, MatchOutput, TextMatch},
};

/// The role of models that match images and texts.
pub const ROLE: &str = "match";
