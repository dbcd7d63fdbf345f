//! `shapes`: the flat shapes of a drawing, chart, flag or sign, which no detector of photographs knows.

mod flat;
mod name;
#[cfg(test)]
mod tests;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use self::flat::flat_shapes;
use crate::{
    evidence::Rows,
    geom::BBox,
    image::{NewRegion, RegionKind, color_name, hex},
    tool::{Example, ImageArg, Tool, ToolCx, ToolError},
};

/// Finds flat shapes.
pub struct Shapes;

/// Arguments of [`Shapes`].
#[derive(Debug, Deserialize, JsonSchema)]
pub struct ShapesInput {
    #[serde(default)]
    image: ImageArg,
}

/// Result of [`Shapes`].
#[derive(Debug, JsonSchema, Serialize)]
pub struct ShapesOutput {
    /// Largest first, at most 40; empty for a photograph.
    pub shapes: Vec<Shape>,
}

/// One shape.
#[derive(Debug, JsonSchema, Serialize)]
pub struct Shape {
    /// Its region handle, such as `img-1/circle-1`.
    pub handle: String,
    /// circle, ellipse, ring, square, rectangle, triangle, diamond, pentagon, hexagon, octagon, star, or shape for any other.
    pub label: String,
    /// How well its pixels fit the name, 0 to 1.
    #[serde(serialize_with = "crate::geom::thousandths")]
    pub score: f32,
    /// Common English name of its color.
    pub color: String,
    /// `#rrggbb`.
    pub hex: String,
    /// [x1, y1, x2, y2] in pixels.
    #[serde(rename = "box")]
    pub bbox: BBox,
    /// The lines of text in it or next to it that are nearer to it than to any other shape.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub text: Vec<String>,
    /// Handle of the detected object at the same place: one of the two labels may be wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detected: Option<String>,
}

/// Shapes reported at most.
const MOST: usize = 40;
/// A shape and an object whose boxes overlap by more (IoU) are one thing.
const SAME: f32 = 0.8;
/// The largest share of an image that a single letter covers.
const LARGEST_LETTER: f32 = 0.01;
/// A shape with more lines in it is a part of a page, not a thing in a drawing.
const MOST_LINES: usize = 3;

impl Tool for Shapes {
    type Input = ShapesInput;
    type Output = ShapesOutput;
    const NAME: &'static str = "shapes";
    const SUMMARY: &'static str =
        "find the flat shapes of a drawing, chart, flag or sign (circles, squares, bars, stars) with their colors";
    const LIMITS: &'static str = "finds nothing in photographs";
    const ADVANCED: bool = true;

    fn examples() -> Vec<Example> {
        vec![Example {
            task: "How many red circles are in this drawing?",
            input: json!({"image": "img-1"}),
            output: json!({"shapes": [{
                "handle": "img-1/circle-1", "label": "circle", "score": 0.99, "color": "red", "hex": "#dc1414",
                "box": [40.0, 40.0, 120.0, 120.0]
            }]}),
        }]
    }

    async fn call(&self, input: ShapesInput, cx: &ToolCx) -> Result<ShapesOutput, ToolError> {
        let entry = cx.image(&input.image)?;
        let known = cx.images.regions(&entry.handle);
        let lines = known.iter().filter(|region| region.kind == RegionKind::Line);
        let pixels = entry.pixels.clone();
        let mut found = cx.blocking(move |control| flat_shapes(&pixels, control)).await?;
        let all = entry.bounds().area();
        // `read_text` takes large shapes for letters.
        let lines: Vec<(&str, BBox)> = lines
            .filter(|line| line.label.chars().count() > 1 || line.bbox.area() < LARGEST_LETTER * all)
            .map(|line| (&*line.label, line.bbox))
            .collect();
        let middle_in = |outer: &BBox, inner: &BBox| {
            let (x, y) = inner.center();
            (outer.x1..=outer.x2).contains(&x) && (outer.y1..=outer.y2).contains(&y)
        };
        found.retain(|shape| {
            let is_letter = |line: &BBox| shape.bbox.intersection(line) > 0.7 * shape.bbox.area();
            !lines.iter().any(|(_, line)| is_letter(line))
                && lines.iter().filter(|(_, line)| middle_in(&shape.bbox, line)).count() <= MOST_LINES
        });
        found.truncate(MOST);
        let boxes: Vec<BBox> = found.iter().map(|shape| shape.bbox).collect();
        let texts = texts(&boxes, &lines);
        let new = found.iter().map(|shape| NewRegion {
            kind: RegionKind::Shape,
            ..NewRegion::object(shape.name, shape.score, shape.bbox)
        });
        let regions = cx.images.name_regions(&entry.handle, new.collect());
        let detected = |shape: &BBox| {
            let mut objects = known.iter().filter(|region| region.kind == RegionKind::Object);
            objects.find(|object| object.bbox.iou(shape) > SAME).map(|object| object.handle.clone())
        };
        let shapes = found.into_iter().zip(regions).zip(texts).map(|((shape, region), text)| Shape {
            handle: region.handle,
            label: shape.name.to_owned(),
            score: shape.score,
            color: color_name(shape.rgb).to_owned(),
            hex: hex(shape.rgb),
            bbox: shape.bbox,
            text,
            detected: detected(&shape.bbox),
        });
        Ok(ShapesOutput { shapes: shapes.collect() })
    }

    fn evidence(output: &ShapesOutput, _: bool) -> Rows {
        let mut rows = Rows::default();
        for shape in &output.shapes {
            let text = Some(shape.text.join(" ")).filter(|text| !text.is_empty());
            let values = [
                ("id", shape.handle.as_str().into()),
                ("label", shape.label.as_str().into()),
                ("score", shape.score.into()),
                ("width", shape.bbox.width().into()),
                ("height", shape.bbox.height().into()),
                ("area", shape.bbox.area().into()),
                ("color", shape.color.as_str().into()),
                ("text", text.into()),
            ];
            rows.add_box("object", values, &shape.bbox);
            if let Some(object) = &shape.detected {
                let why = format!("it may be no more than the {} {} {}", shape.color, shape.label, shape.handle);
                rows.add("uncertain", [("what", object.as_str().into()), ("why", why.into())]);
            }
        }
        rows
    }

    fn render(output: &ShapesOutput) -> String {
        if output.shapes.is_empty() {
            return "no flat shape found".into();
        }
        let line = |shape: &Shape| {
            let [x1, y1, x2, y2] = <[f32; 4]>::from(shape.bbox).map(f32::round);
            let text = shape.text.iter().fold(String::new(), |text, line| text + " \"" + line + "\"");
            format!("{}: {} box [{x1}, {y1}, {x2}, {y2}]{text}", shape.handle, shape.color)
        };
        output.shapes.iter().map(line).collect::<Vec<_>>().join("\n")
    }
}

/// The lines that belong to each shape: those in it, and those next to it, each to one shape, the nearest.
fn texts(shapes: &[BBox], lines: &[(&str, BBox)]) -> Vec<Vec<String>> {
    /// How far a line may be from what it names, in heights of the line.
    const REACH: f32 = 1.0;
    let mut texts = vec![Vec::new(); shapes.len()];
    for (text, line) in lines {
        let gap = |shape: &BBox| {
            let across = (shape.x1 - line.x2).max(line.x1 - shape.x2).max(0.0);
            let down = (shape.y1 - line.y2).max(line.y1 - shape.y2).max(0.0);
            // A label lines up with its shape.
            (across == 0.0 || down == 0.0).then(|| across.max(down)).filter(|gap| *gap <= REACH * line.height())
        };
        let nearest = shapes.iter().enumerate().filter_map(|(at, shape)| Some((at, gap(shape)?, shape.area())));
        if let Some((at, ..)) = nearest.min_by(|a, b| a.1.total_cmp(&b.1).then(a.2.total_cmp(&b.2))) {
            texts[at].push((*text).to_owned());
        }
    }
    texts
}
