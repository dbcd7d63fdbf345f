//! `draw`: boxes and names on a copy of the image, for people to see.

use image::DynamicImage;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, de::Error};
use serde_json::{Value, json};

use super::target::{image_of, region_of};
use crate::{
    image::{Canvas, ImageEntry, Operation, Region, RegionKind},
    labels,
    tool::{Effects, Example, ImageArg, RegionArg, Tool, ToolCx, ToolError},
};

/// Draws regions on a copy of an image.
pub struct Draw;

/// Arguments of [`Draw`].
#[derive(Debug, Deserialize, JsonSchema)]
pub struct DrawInput {
    #[serde(default)]
    image: ImageArg,
    /// what to mark: handles, labels (all of that label) or boxes; left out: everything found so far
    #[serde(default)]
    regions: RegionList,
    /// one text to write at every mark instead of its own name
    #[serde(default)]
    text: Option<String>,
}

/// Result of [`Draw`].
#[derive(Debug, JsonSchema, Serialize)]
pub struct DrawOutput {
    /// Handle of the picture with the marks.
    pub image: String,
    /// What was marked: handles, or boxes as text.
    pub marked: Vec<String>,
}

/// Regions in a list; one alone is taken for a list too.
#[derive(Debug, Default)]
pub(super) struct RegionList(pub(super) Vec<RegionArg>);

impl<'de> Deserialize<'de> for RegionList {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let items = match Value::deserialize(deserializer)? {
            Value::Null => Vec::new(),
            Value::Array(items) if items.is_empty() || !items.iter().all(Value::is_number) => items,
            // Labels with commas; a box in quotes is one region.
            Value::String(text) if !text.chars().any(|c| c.is_ascii_digit()) => {
                text.split(',').map(|part| Value::String(part.trim().to_owned())).collect()
            }
            one => vec![one],
        };
        let parse = |item| serde_json::from_value(item).map_err(D::Error::custom);
        items.into_iter().map(parse).collect::<Result<_, _>>().map(Self)
    }
}

impl JsonSchema for RegionList {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "RegionList".into()
    }
    fn inline_schema() -> bool {
        true
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "array", "items": RegionArg::json_schema(generator) })
    }
}

impl Tool for Draw {
    type Input = DrawInput;
    type Output = DrawOutput;
    const NAME: &'static str = "draw";
    const EFFECTS: Effects = Effects::EDITS;
    const SUMMARY: &'static str = "mark objects or text with boxes on a copy of the image, to show where they are";

    fn examples() -> Vec<Example> {
        vec![
            Example {
                task: "Mark all cups.",
                input: json!({"image": "img-1", "regions": ["cup"]}),
                output: json!({"image": "img-2", "marked": ["img-1/cup-1", "img-1/cup-2"]}),
            },
            Example {
                task: "Draw a box around everything that was found.",
                input: json!({"image": "img-1"}),
                output: json!({"image": "img-2", "marked": ["img-1/dog-1", "img-1/person-1"]}),
            },
        ]
    }

    async fn call(&self, input: DrawInput, cx: &ToolCx) -> Result<DrawOutput, ToolError> {
        let wanted: Vec<&RegionArg> = input.regions.0.iter().collect();
        let entry = image_of(cx, &input.image, &wanted)?;
        let mut regions: Vec<Region> = Vec::new();
        for region in &wanted {
            for found in marked_by(cx, &entry, region)? {
                if !regions.contains(&found) {
                    regions.push(found);
                }
            }
        }
        if wanted.is_empty() {
            regions = cx.images.regions(&entry.handle);
        }
        if regions.is_empty() {
            return Err(ToolError::invalid_input(format!(
                "there is nothing to draw: no region of {} is known yet; call detect or read_text first, or give boxes",
                entry.handle
            )));
        }
        let marked: Vec<String> = regions.iter().map(super::target::called).collect();
        let (pixels, text) = (entry.pixels.clone(), input.text);
        let drawn = cx.blocking(move |_| Ok(annotate(&pixels, &regions, text.as_deref()))).await?;
        let operation = Operation { tool: Self::NAME.into(), args: json!({"image": entry.handle, "regions": marked}) };
        let derived = cx.images.derive(&entry, operation, DynamicImage::ImageRgb8(drawn));
        Ok(DrawOutput { image: derived.handle.clone(), marked })
    }

    fn render(output: &DrawOutput) -> String {
        format!("{} shows the marks of {}", output.image, output.marked.join(", "))
    }
}

/// A handle or box is one region; a label is all regions of that label.
pub(super) fn marked_by(cx: &ToolCx, entry: &ImageEntry, arg: &RegionArg) -> Result<Vec<Region>, ToolError> {
    if let RegionArg::Name(name) = arg {
        let wanted = labels::canonical(name);
        let of_label: Vec<Region> = cx
            .images
            .regions(&entry.handle)
            .into_iter()
            .filter(|region| region.kind != RegionKind::Line && labels::canonical(&region.label) == wanted)
            .collect();
        if !of_label.is_empty() {
            return Ok(of_label);
        }
    }
    region_of(cx, entry, arg).map(|region| vec![region])
}

/// The picture with every region marked: text lines by their outline, all else by boxes, named by the tail of their handle
/// (`cup-1`) unless a text is given. The largest are drawn first, so that no small one is hidden.
pub fn annotate(picture: &DynamicImage, regions: &[Region], text: Option<&str>) -> image::RgbImage {
    let mut order: Vec<&Region> = regions.iter().collect();
    order.sort_by(|a, b| b.bbox.area().total_cmp(&a.bbox.area()));
    let canvas = order.into_iter().fold(Canvas::new(picture), |canvas, region| {
        let own = match region.kind {
            RegionKind::Line => region.label.as_str(),
            _ => region.handle.split_once('/').map_or("", |(_, tail)| tail),
        };
        let label = text.unwrap_or(own);
        match (&region.quad, region.kind) {
            // One color for all text, whatever it says.
            (Some(quad), RegionKind::Line) => canvas.quad(quad, label, Some([66, 212, 244])),
            (Some(quad), _) => canvas.quad(quad, label, None),
            _ => canvas.boxed(&region.bbox, label, None),
        }
    });
    canvas.finish()
}
