//! Which clip a call is about, and which part of it.

use std::sync::Arc;

use crate::{
    image::{Clip, ClipFacts, ImageEntry, ImageError, ImageErrorKind},
    tool::{ImageArg, ToolCx, ToolError, ToolErrorKind},
};

/// A part of a clip, in seconds from its beginning, never empty.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::vision) struct Stretch {
    pub(in crate::vision) start: f64,
    pub(in crate::vision) end: f64,
}

impl Stretch {
    /// From `start` to `end`, as far as the clip reaches.
    pub(in crate::vision) fn new(
        entry: &ImageEntry,
        facts: &ClipFacts,
        start: Option<f64>,
        end: Option<f64>,
    ) -> Result<Self, ToolError> {
        let length = facts.duration;
        let start = start.unwrap_or(0.0);
        if !(0.0..length).contains(&start) {
            return Err(ToolError::invalid_input(format!(
                "start is {start}; {} is {length:.1} s long, so it must be from 0 to less than that",
                entry.handle
            )));
        }
        let end = end.unwrap_or(length);
        if end.is_nan() || end <= start {
            return Err(ToolError::invalid_input(format!(
                "end is {end}; it must be more than start, which is {start}"
            )));
        }
        Ok(Self { start, end: end.min(length) })
    }
}

/// The clip that an argument names; left out, the one that entered last, whatever images came after it.
pub(in crate::vision) fn clip_of(cx: &ToolCx, image: &ImageArg) -> Result<(Arc<ImageEntry>, Arc<Clip>), ToolError> {
    let newest_clip = || cx.images.images().into_iter().rev().find(|entry| entry.clip.is_some());
    let entry = match newest_clip().filter(|_| image.0.is_none()) {
        Some(entry) => entry,
        None => cx.image(image)?,
    };
    if let Some(clip) = &entry.clip {
        return Ok((entry.clone(), clip.clone()));
    }
    let all = cx.images.images();
    let clips: Vec<&str> = all.iter().filter(|entry| entry.clip.is_some()).map(|entry| entry.handle.as_str()).collect();
    let known = match clips.as_slice() {
        [] => "there is no clip in this session; of a resumed session only the first frame is kept".to_owned(),
        clips => format!("clips are: {}", clips.join(", ")),
    };
    Err(ToolError::invalid_input(format!("{} is a single picture, no video or animation; {known}", entry.handle)))
}

/// A clip that could not be read: what the model may know of it, and the rest for the operator.
pub(in crate::vision) fn failed(entry: &ImageEntry, error: ImageError) -> ToolError {
    let kind = match error.kind {
        ImageErrorKind::TooLarge | ImageErrorKind::Timeout => ToolErrorKind::ResourceLimit,
        _ => ToolErrorKind::Internal,
    };
    let feedback = match kind {
        ToolErrorKind::ResourceLimit => {
            format!("the clip of {} takes too long to read; give a shorter stretch by start and end", entry.handle)
        }
        _ => format!("the clip of {} cannot be read here; only its first frame can be looked at", entry.handle),
    };
    let message = format!("{}: {}", entry.handle, error.chain());
    ToolError { kind, message, feedback, hint: error.hint }
}
