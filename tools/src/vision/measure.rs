//! `measure`: sizes, and how two regions lie to each other, in numbers and in plain words.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::target::{called, image_of, region_of};
use crate::{
    geom::BBox,
    image::{ImageEntry, Region},
    tool::{Example, ImageArg, RegionArg, Tool, ToolCx, ToolError},
};

/// Measures a region, or compares two.
pub struct Measure;

/// Arguments of [`Measure`].
#[derive(Debug, Deserialize, JsonSchema)]
pub struct MeasureInput {
    #[serde(default)]
    image: ImageArg,
    /// what to measure; left out: the whole image
    #[serde(default)]
    region: Option<RegionArg>,
    /// a second region to compare it with: distance, overlap, left or right of, larger or smaller
    #[serde(default)]
    other: Option<RegionArg>,
}

/// Result of [`Measure`].
#[derive(Debug, JsonSchema, Serialize)]
pub struct MeasureOutput {
    /// The region.
    pub region: Extent,
    /// The second region.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub other: Option<Extent>,
    /// How the first lies to the second.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub relation: Option<Relation>,
    /// All of it in words.
    pub words: String,
}

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

impl Tool for Measure {
    type Input = MeasureInput;
    type Output = MeasureOutput;
    const NAME: &'static str = "measure";
    const SUMMARY: &'static str =
        "size and place of an object, or of two: distance, overlap, which is left, right, above, below, larger";

    fn examples() -> Vec<Example> {
        vec![
            Example {
                task: "Is the cup left of the spoon, and how far apart are they?",
                input: json!({"image": "img-1", "region": "img-1/cup-1", "other": "img-1/spoon-1"}),
                output: json!({
                    "region": {"name": "img-1/cup-1", "box": [100.0, 80.0, 220.0, 200.0], "width": 120.0, "height": 120.0,
                        "area_fraction": 0.06, "position": "left"},
                    "other": {"name": "img-1/spoon-1", "box": [300.0, 90.0, 460.0, 130.0], "width": 160.0, "height": 40.0,
                        "area_fraction": 0.03, "position": "center"},
                    "relation": {"direction": "left", "center_distance": 222.0, "gap": 80.0, "iou": 0.0, "covered": 0.0,
                        "area_ratio": 2.25},
                    "words": "img-1/cup-1 is left of img-1/spoon-1. Their centers are 222 pixels apart, with a gap of 80 \
                              pixels. img-1/cup-1 is larger: 2.25 times the area."
                }),
            },
            Example {
                task: "How large is the picture?",
                input: json!({"image": "img-1"}),
                output: json!({
                    "region": {"name": "img-1", "box": [0.0, 0.0, 640.0, 480.0], "width": 640.0, "height": 480.0,
                        "area_fraction": 1.0, "position": "whole image"},
                    "words": "img-1 is 640 x 480 pixels."
                }),
            },
        ]
    }

    async fn call(&self, input: MeasureInput, cx: &ToolCx) -> Result<MeasureOutput, ToolError> {
        let named: Vec<&RegionArg> = input.region.iter().chain(&input.other).collect();
        let entry = image_of(cx, &input.image, &named)?;
        let whole = RegionArg::Name(entry.handle.clone());
        let first = region_of(cx, &entry, input.region.as_ref().unwrap_or(&whole))?;
        let region = extent(&first, &entry);
        let Some(other) = &input.other else {
            let words = alone(&region);
            return Ok(MeasureOutput { region, other: None, relation: None, words });
        };
        let other = extent(&region_of(cx, &entry, other)?, &entry);
        let relation = relate(&region.bbox, &other.bbox);
        let words = together(&region, &other, &relation);
        Ok(MeasureOutput { region, other: Some(other), relation: Some(relation), words })
    }

    fn render(output: &MeasureOutput) -> String {
        output.words.clone()
    }
}

fn tenth(value: f32) -> f32 {
    (value * 10.0).round() / 10.0
}

fn thousandth(value: f32) -> f32 {
    (value * 1000.0).round() / 1000.0
}

fn extent(region: &Region, image: &ImageEntry) -> Extent {
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

/// Where a box lies in an image, by the third that its centre is in: "top left", "center", "right", ...
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
fn relate(a: &BBox, b: &BBox) -> Relation {
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

/// An axis counts if the boxes are apart along it, or if their centres are far apart for their size and about as far as
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

fn alone(region: &Extent) -> String {
    let size = format!("{} is {:.0} x {:.0} pixels", region.name, region.width, region.height);
    if region.position == "whole image" {
        return sentence(&size);
    }
    sentence(&format!("{size}, {} of the image, at its {}", percent(region.area_fraction), region.position))
}

fn percent(share: f32) -> String {
    if share < 0.01 { "less than 1 %".into() } else { format!("{:.0} %", share * 100.0) }
}

fn together(a: &Extent, b: &Extent, relation: &Relation) -> String {
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
    let size = if (0.95..=1.05).contains(&relation.area_ratio) {
        "They are about the same size.".into()
    } else if relation.area_ratio > 1.0 {
        format!("{first} is larger: {} times the area.", relation.area_ratio)
    } else {
        let ratio = (a.bbox.area().max(f32::MIN_POSITIVE) / b.bbox.area().max(f32::MIN_POSITIVE)).recip();
        format!("{first} is smaller: {second} has {} times its area.", (ratio * 100.0).round() / 100.0)
    };
    let distance = format!("Their centers are {:.0} pixels apart, {apart}", relation.center_distance);
    [sentence(&direction), sentence(&distance), sentence(size.trim_end_matches('.'))].join(" ")
}

fn sentence(text: &str) -> String {
    // A handle keeps its case, or it would name nothing.
    match text.strip_prefix("the ") {
        Some(rest) => format!("The {rest}."),
        None => format!("{text}."),
    }
}
