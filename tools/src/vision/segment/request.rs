//! What a call asks for, checked before any model is loaded.

use super::{args::SegmentKind, prompt::Prompt, tool::SegmentInput};
use crate::{
    image::{ImageEntry, Region},
    tool::{ToolCx, ToolError},
    vision::target::region_of,
};

/// Characters that a phrase may have.
const LONGEST_PHRASE: usize = 200;
/// Points that mean one object.
const MOST_POINTS: usize = 32;
/// Above this many pixels the maps that are needed fill the memory.
const MAX_PIXELS: u64 = 50_000_000;

/// What to segment.
#[derive(Clone, Debug)]
pub(super) enum Request {
    /// The object that stands out, in a region or in all of the picture.
    Salient(Option<Region>),
    /// One object, by points, by a region, or by both.
    Prompt(Prompt, Option<Region>),
    /// All that a phrase names.
    Named(String),
    /// All that there is, or what of it a phrase names.
    All(SegmentKind, Option<String>),
}

impl Request {
    pub(super) fn of(input: &SegmentInput, cx: &ToolCx, entry: &ImageEntry) -> Result<Self, ToolError> {
        let wrong = |why: String| Err(ToolError::invalid_input(why));
        let pixels = u64::from(entry.width()) * u64::from(entry.height());
        if pixels > MAX_PIXELS {
            return Err(ToolError::resource_limit(format!(
                "{} has {} x {} pixels; segments are made up to {} million: resize it first",
                entry.handle,
                entry.width(),
                entry.height(),
                MAX_PIXELS / 1_000_000
            )));
        }
        let text = input.text.as_deref().map(phrase).transpose()?;
        let points = &input.point.0;
        check_points(points, entry)?;
        let region = input.region.as_ref().map(|region| region_of(cx, entry, region)).transpose()?;
        let placed = !points.is_empty() || region.is_some();
        match (input.kind, text) {
            (None, Some(_)) if placed => {
                wrong("text and a place were given; give text alone, or a point or region alone".into())
            }
            (None, Some(text)) => Ok(Self::Named(text)),
            (None, None) if !placed => Ok(Self::Salient(None)),
            (None, None) => {
                let bbox = region.as_ref().map(|region| region.bbox);
                Ok(Self::Prompt(Prompt { points: points.clone(), bbox }, region))
            }
            (Some(SegmentKind::Salient), None) if points.is_empty() => Ok(Self::Salient(region)),
            (Some(SegmentKind::Salient), _) => {
                wrong("kind \"salient\" takes no point and no text; leave kind out to segment what they mean".into())
            }
            (Some(kind), _) if placed => wrong(format!(
                "kind \"{}\" is about the whole image and takes no point or region; leave kind out, or crop first",
                kind.name()
            )),
            (Some(kind), text) => Ok(Self::All(kind, text)),
        }
    }
}

impl Request {
    /// The phrase that was given.
    pub(super) fn text(&self) -> Option<&str> {
        match self {
            Self::Named(text) => Some(text),
            Self::All(_, text) => text.as_deref(),
            Self::Salient(_) | Self::Prompt(..) => None,
        }
    }
}

fn phrase(text: &str) -> Result<String, ToolError> {
    let plain = text.trim();
    let length = plain.chars().count();
    if length == 0 {
        return Err(ToolError::invalid_input("text is empty; say what to segment, such as \"dog\""));
    }
    if length > LONGEST_PHRASE {
        return Err(ToolError::invalid_input(format!(
            "text has {length} characters; a phrase of at most {LONGEST_PHRASE} is right, such as \"dog\""
        )));
    }
    Ok(plain.to_owned())
}

fn check_points(points: &[[f32; 2]], entry: &ImageEntry) -> Result<(), ToolError> {
    if points.len() > MOST_POINTS {
        let given = points.len();
        return Err(ToolError::invalid_input(format!(
            "{given} points were given; at most {MOST_POINTS} mean one object"
        )));
    }
    let (width, height) = (entry.width() as f32, entry.height() as f32);
    let outside = points.iter().find(|[x, y]| !((0.0..width).contains(x) && (0.0..height).contains(y)));
    match outside {
        None => Ok(()),
        Some([x, y]) => Err(ToolError::invalid_input(format!(
            "the point [{x}, {y}] lies outside {}, which is {} x {} pixels: x from 0 to {}, y from 0 to {}",
            entry.handle,
            entry.width(),
            entry.height(),
            entry.width().saturating_sub(1),
            entry.height().saturating_sub(1)
        ))),
    }
}
