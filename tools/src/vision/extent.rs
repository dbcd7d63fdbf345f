//! Sizes of regions, and how two lie to each other, in numbers and in plain words.

use schemars::JsonSchema;
use serde::Serialize;

use super::target::called;
use crate::{
    geom::BBox,
    image::{ImageEntry, Region},
};

/// Size and place of a region.
#[derive(Clone, Debug, JsonSchema, PartialEq, Serialize)]
pub struct Extent {
    /// Its handle, or its box in words.
    pub name: String,
    /// [x1, y1, x2, y2] in pixels.
    #[serde(rename = "box")]
    pub bbox: BBox,
    /// Width in pixels.
    #[serde(serialize_with = "crate::geom::thousandths")]
    pub width: f32,
    /// Height in pixels.
    #[serde(serialize_with = "crate::geom::thousandths")]
    pub height: f32,
    /// Share of the image area, 0 to 1.
    pub area_fraction: f32,
    /// Where in the image: "top left", "center", ...
    pub position: String,
}

/// How one region lies to another.
#[derive(Clone, Debug, JsonSchema, PartialEq, Serialize)]
pub struct Relation {
    /// "left", "right", "above", "below", joined with "and"; "same place" where the centers nearly coincide.
    pub direction: String,
    /// Between the centers, in pixels.
    #[serde(serialize_with = "crate::geom::thousandths")]
    pub center_distance: f32,
    /// Between the nearest edges, in pixels; 0 if they touch or overlap.
    #[serde(serialize_with = "crate::geom::thousandths")]
    pub gap: f32,
    /// Intersection over union, 0 to 1.
    #[serde(serialize_with = "crate::geom::thousandths")]
    pub iou: f32,
    /// Share of the first that lies within the second, 0 to 1.
    #[serde(serialize_with = "crate::geom::thousandths")]
    pub covered: f32,
    /// Area of the first divided by that of the second.
    pub area_ratio: f32,
}

fn tenth(value: f32) -> f32 {
    (value * 10.0).round() / 10.0
}

fn thousandth(value: f32) -> f32 {
    (value * 1000.0).round() / 1000.0
}

pub(super) fn extent(region: &Region, image: &ImageEntry) -> Extent {
    let b = region.bbox;
    Extent {
        name: called(region),
        bbox: b,
        width: tenth(b.width()),
        height: tenth(b.height()),
        area_fraction: thousandth(b.area() / image.bounds().area().max(1.0)),
        position: position(&b, image.width(), image.height()).to_owned(),
    }
}

/// Where a box lies in an image, by the third that its center is in: "top left", "center", "right", ...
pub(super) fn position(bbox: &BBox, width: u32, height: u32) -> &'static str {
    let (x, y) = bbox.center();
    let (w, h) = (width as f32, height as f32);
    if bbox.area() > 0.9 * w * h {
        return "whole image";
    }
    let third = |value: f32, size: f32| ((value / size * 3.0) as usize).min(2);
    [["top left", "top", "top right"], ["left", "center", "right"], ["bottom left", "bottom", "bottom right"]]
        [third(y, h)][third(x, w)]
}

/// How `a` lies to `b`.
pub(super) fn relate(a: &BBox, b: &BBox) -> Relation {
    let ((ax, ay), (bx, by)) = (a.center(), b.center());
    let (dx, dy) = (ax - bx, ay - by);
    let gap_x = (b.x1 - a.x2).max(a.x1 - b.x2).max(0.0);
    let gap_y = (b.y1 - a.y2).max(a.y1 - b.y2).max(0.0);
    Relation {
        direction: direction((dx, dy), (gap_x, gap_y), (a, b)),
        center_distance: tenth(dx.hypot(dy)),
        gap: tenth(gap_x.hypot(gap_y)),
        iou: thousandth(a.iou(b)),
        covered: thousandth(a.intersection(b) / a.area().max(f32::MIN_POSITIVE)),
        area_ratio: (a.area() / b.area().max(f32::MIN_POSITIVE) * 100.0).round() / 100.0,
    }
}

/// An axis counts if the boxes are apart along it, or if their centers are far apart for their size and about as far as
/// along the other axis.
fn direction((dx, dy): (f32, f32), (gap_x, gap_y): (f32, f32), (a, b): (&BBox, &BBox)) -> String {
    let far_x = dx.abs() > 0.25 * a.width().max(b.width());
    let far_y = dy.abs() > 0.25 * a.height().max(b.height());
    let counts = |gap: f32, far: bool, own: f32, cross: f32| gap > 0.0 || (far && own.abs() > 0.5 * cross.abs());
    let mut words = Vec::new();
    if counts(gap_x, far_x, dx, dy) {
        words.push(if dx < 0.0 { "left" } else { "right" });
    }
    if counts(gap_y, far_y, dy, dx) {
        words.push(if dy < 0.0 { "above" } else { "below" });
    }
    if words.is_empty() { "same place".into() } else { words.join(" and ") }
}

/// Width and height, and the share of the image.
pub(super) fn size(region: &Extent) -> String {
    let size = format!("{} is {:.0} x {:.0} pixels", region.name, region.width, region.height);
    match region.position.as_str() {
        "whole image" => sentence(&size),
        _ => sentence(&format!("{size}, {} of the image", percent(region.area_fraction))),
    }
}

/// Where in the image.
pub(super) fn place(region: &Extent) -> String {
    let [x, y] = [region.bbox.center().0, region.bbox.center().1].map(f32::round);
    sentence(&format!("{} is at the {} of the image, its center at ({x}, {y})", region.name, region.position))
}

/// Which way one lies from another, and how far.
pub(super) fn direction_and_distance(a: &Extent, b: &Extent, relation: &Relation) -> String {
    let (first, second) = (&a.name, &b.name);
    let direction = match relation.direction.as_str() {
        "same place" => format!("{first} and {second} are at about the same place"),
        words => {
            let words = words.replace("left", "left of").replace("right", "right of");
            format!("{first} is {words} {second}")
        }
    };
    let apart = if relation.iou == 0.0 && relation.gap > 0.0 {
        format!("with a gap of {:.0} pixels", relation.gap)
    } else if relation.covered > 0.99 {
        format!("and {first} lies inside {second}")
    } else if relation.covered > 0.0 {
        format!("and {} of {first} overlaps {second} (IoU {})", percent(relation.covered), relation.iou)
    } else {
        "and they touch".into()
    };
    let distance = format!("Their centers are {:.0} pixels apart, {apart}", relation.center_distance);
    [sentence(&direction), sentence(&distance)].join(" ")
}

/// Which of two is larger.
pub(super) fn larger(a: &Extent, b: &Extent) -> String {
    let (first, second) = (a.bbox.area().max(f32::MIN_POSITIVE), b.bbox.area().max(f32::MIN_POSITIVE));
    let times = |ratio: f32| (ratio * 100.0).round() / 100.0;
    let ratio = first / second;
    sentence(&if (0.95..=1.05).contains(&ratio) {
        format!("{} and {} are about the same size", a.name, b.name)
    } else if ratio > 1.0 {
        format!("{} is larger: {} times the area of {}", a.name, times(ratio), b.name)
    } else {
        format!("{} is larger: {} times the area of {}", b.name, times(ratio.recip()), a.name)
    })
}

fn percent(share: f32) -> String {
    if share < 0.01 { "less than 1 %".into() } else { format!("{:.0} %", share * 100.0) }
}

fn sentence(text: &str) -> String {
    // A handle keeps its case, or it would name nothing.
    match text.strip_prefix("the ") {
        Some(rest) => format!("The {rest}."),
        None => format!("{text}."),
    }
}
