//! What happens in a clip: a caption of each scene, by what the tool `caption` does.

use schemars::JsonSchema;
use serde::Serialize;

use super::FrameRecord;
use crate::{
    tool::{Tool, ToolCx, ToolError},
    vision::caption::{Caption, CaptionInput},
};

/// Scenes that are described without a count of one's own; each costs as much as a call of `caption`.
pub(super) const USUAL_SCENES: usize = 8;

/// A scene in words.
#[derive(Debug, JsonSchema, Serialize)]
pub struct SceneRecord {
    /// Where it begins, in seconds.
    pub start_s: f64,
    /// Where it ends, in seconds.
    pub end_s: f64,
    /// Handle of the frame in its middle, such as `img-2`.
    pub image: String,
    /// What that frame shows.
    pub caption: String,
}

/// The scenes in words.
pub(super) struct Described {
    pub(super) scenes: Vec<SceneRecord>,
    /// As of `caption`.
    pub(super) source: Option<String>,
    pub(super) missing: Vec<String>,
}

/// Captions the frame of each scene; frames of no scene are left out.
pub(super) async fn described(frames: &[FrameRecord], cx: &ToolCx) -> Result<Described, ToolError> {
    let mut all = Described { scenes: Vec::new(), source: None, missing: Vec::new() };
    for frame in frames {
        let Some([start_s, end_s]) = frame.scene else { continue };
        let told = Caption.call(CaptionInput::brief(&frame.image), cx).await?;
        all.source.get_or_insert(told.source);
        for part in told.missing {
            if !all.missing.contains(&part) {
                all.missing.push(part);
            }
        }
        all.scenes.push(SceneRecord { start_s, end_s, image: frame.image.clone(), caption: told.caption });
    }
    Ok(all)
}
