//! Places as Florence-2 says them: each side of the picture in a thousand steps, `<loc_0>` to `<loc_999>`.

use crate::geom::BBox;

/// Steps of a side.
const STEPS: u32 = 1000;

/// The step of a coordinate (pixels) on a side of so many pixels.
pub(super) fn step_of(value: f32, side: u32) -> u32 {
    let step = (f64::from(value) / (f64::from(side.max(1)) / f64::from(STEPS))).floor();
    step.clamp(0.0, f64::from(STEPS - 1)) as u32
}

/// The middle of a step, in pixels.
pub(super) fn middle_of(step: u32, side: u32) -> f32 {
    ((f64::from(step.min(STEPS - 1)) + 0.5) * f64::from(side) / f64::from(STEPS)) as f32
}

/// A box (pixels of a picture of this width and height) as the input of a task about a region.
pub fn region_input(bbox: BBox, (width, height): (u32, u32)) -> String {
    let [x1, y1, x2, y2] = [(bbox.x1, width), (bbox.y1, height), (bbox.x2, width), (bbox.y2, height)]
        .map(|(value, side)| step_of(value, side));
    format!("<loc_{x1}><loc_{y1}><loc_{x2}><loc_{y2}>")
}

/// Whether a text is four location marks and nothing else.
pub(super) fn is_region(text: &str) -> bool {
    let mut marks = text.split_inclusive('>');
    let all = marks.by_ref().take(4).filter(|mark| location(mark).is_some()).count() == 4;
    all && marks.next().is_none()
}

/// The step that a mark `<loc_7>` names.
pub(super) fn location(mark: &str) -> Option<u32> {
    let digits = mark.strip_prefix("<loc_")?.strip_suffix('>')?;
    digits.bytes().all(|digit| digit.is_ascii_digit()).then(|| digits.parse().ok())?
}
