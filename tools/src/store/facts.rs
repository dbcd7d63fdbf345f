//! Facts about a model's inputs and outputs that its graph does not declare.

use serde::{Deserialize, Serialize};

/// How a picture is brought to the model's input size.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Resize {
    /// Both sides to the input size, the aspect ratio is lost.
    #[default]
    Stretch,
    /// Aspect kept, centerd, padded.
    Letterbox,
    /// Aspect kept, top left, padded right and bottom.
    TopLeft,
}

/// Channel order of the input.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Channels {
    /// Red, green, blue.
    #[default]
    Rgb,
    /// Blue, green, red.
    Bgr,
}

/// What a pipeline must know beyond the graph; every field is optional in the catalog and in `argus.toml`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct ModelFacts {
    /// Input side in pixels where the graph leaves it free.
    pub size: Option<u32>,
    /// The input's short side in pixels where the graph leaves its size free; the aspect ratio is kept.
    pub short_side: Option<u32>,
    /// The most that the input's long side may have in pixels, with `short_side`.
    pub long_side: Option<u32>,
    /// Both sides of the input are enlarged to a multiple of this, with `short_side`.
    pub multiple_of: Option<u32>,
    /// How the picture is fitted; the family's own way if absent.
    pub resize: Option<Resize>,
    /// Channel order; the family's own if absent.
    pub channels: Option<Channels>,
    /// Subtracted from each channel after scaling by `scale`.
    pub mean: Option<[f32; 3]>,
    /// Divides each channel after the mean was subtracted.
    pub std: Option<[f32; 3]>,
    /// Multiplies the 0..=255 value first (1/255 is usual).
    pub scale: Option<f32>,
    /// Class names in index order.
    pub labels: Vec<String>,
    /// Smallest confidence that is reported, 0..=1.
    pub threshold: Option<f32>,
    /// `IoU` above which NMS drops the weaker box, 0..=1.
    pub iou: Option<f32>,
    /// The decoder of its outputs, where the signature alone does not tell (`isnet`, `yolox`, ...).
    pub family: Option<String>,
    /// What the cosine of a picture and a text is multiplied by, where the graph does not do it (CLIP 100, `SigLIP` about 117).
    pub logit_scale: Option<f32>,
    /// Added to that before the sigmoid (`SigLIP` about -13).
    pub logit_bias: Option<f32>,
    /// The graph takes pictures of other sizes than the one it declares; the declared ones are left open when it is loaded.
    pub any_size: bool,
    /// Weights of a language model, in billions.
    pub parameters: Option<f32>,
    /// Tokens that a language model was made to read at most.
    pub context: Option<u32>,
    /// Bytes of memory that a language model takes with a context of 8192 tokens.
    pub memory: Option<u64>,
}
