//! `colors`: the dominant colors of an image or region, by name.

use std::fmt::Write;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::target::{image_of, region_of};
use crate::{
    evidence::Rows,
    image::{RegionKind, dominant_colors, hex, thing_colors},
    tool::{Example, ImageArg, RegionArg, Tool, ToolCx, ToolError},
};

/// Names the dominant colors.
pub struct Colors;

/// Arguments of [`Colors`].
#[derive(Debug, Deserialize, JsonSchema)]
pub struct ColorsInput {
    #[serde(default)]
    image: ImageArg,
    /// only this part, such as img-1/car-1; left out: the whole image
    #[serde(default)]
    region: Option<RegionArg>,
}

/// Result of [`Colors`].
#[derive(Debug, JsonSchema, Serialize)]
pub struct ColorsOutput {
    /// Largest share first, at most 6; of an object the one that sets it apart from what surrounds it comes first.
    pub colors: Vec<NamedColor>,
    /// The main color of each object of the image that is known, where no region was named.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub objects: Vec<ObjectColor>,
}

/// The color of one object.
#[derive(Debug, JsonSchema, Serialize)]
pub struct ObjectColor {
    /// Its region handle, such as `img-1/cup-1`.
    pub handle: String,
    /// Common English name.
    pub name: String,
}

/// One color.
#[derive(Debug, JsonSchema, Serialize)]
pub struct NamedColor {
    /// Common English name.
    pub name: String,
    /// `#rrggbb`.
    pub hex: String,
    /// Share of the area, 0 to 1.
    #[serde(serialize_with = "crate::geom::thousandths")]
    pub share: f32,
}

const LIMIT: usize = 6;
/// Objects whose color is looked at without being asked.
const OBJECTS: usize = 40;

impl Tool for Colors {
    type Input = ColorsInput;
    type Output = ColorsOutput;
    const NAME: &'static str = "colors";
    const SUMMARY: &'static str = "name the main colors of the image or of one object in it";

    fn examples() -> Vec<Example> {
        vec![
            Example {
                task: "What color is the car?",
                input: json!({"image": "img-1", "region": "img-1/car-1"}),
                output: json!({"colors": [
                    {"name": "red", "hex": "#b3222c", "share": 0.58},
                    {"name": "dark gray", "hex": "#3f4144", "share": 0.27}
                ]}),
            },
            Example {
                task: "Which colors dominate the picture?",
                input: json!({"image": "img-1"}),
                output: json!({"colors": [
                    {"name": "light blue", "hex": "#9ec4e8", "share": 0.51},
                    {"name": "green", "hex": "#4f7a3a", "share": 0.34}
                ], "objects": [{"handle": "img-1/kite-1", "name": "red"}]}),
            },
        ]
    }

    async fn call(&self, input: ColorsInput, cx: &ToolCx) -> Result<ColorsOutput, ToolError> {
        let entry = image_of(cx, &input.image, input.region.as_ref().as_slice())?;
        let region = input.region.as_ref().map(|region| region_of(cx, &entry, region)).transpose()?;
        let mut objects = if region.is_some() { Vec::new() } else { cx.images.regions(&entry.handle) };
        objects.retain(|object| object.kind == RegionKind::Object);
        objects.truncate(OBJECTS);
        let pixels = entry.pixels.clone();
        let (colors, objects) = cx
            .blocking(move |control| {
                let colors = match &region {
                    Some(region) if region.kind.is_thing() => thing_colors(&pixels, &region.bbox, LIMIT),
                    Some(region) => match region.bbox.to_pixels(pixels.width(), pixels.height()) {
                        Some((x, y, width, height)) => dominant_colors(&pixels.crop_imm(x, y, width, height), LIMIT),
                        None => Vec::new(),
                    },
                    None => dominant_colors(&pixels, LIMIT),
                };
                let mut named = Vec::with_capacity(objects.len());
                for object in objects {
                    control.check()?;
                    let main = thing_colors(&pixels, &object.bbox, 1);
                    named.extend(
                        main.first().map(|color| ObjectColor { handle: object.handle, name: color.name.to_owned() }),
                    );
                }
                Ok((colors, named))
            })
            .await?;
        let named = colors.into_iter().map(|color| NamedColor {
            name: color.name.to_owned(),
            hex: hex(color.rgb),
            share: (color.share * 100.0).round() / 100.0,
        });
        Ok(ColorsOutput { colors: named.collect(), objects })
    }

    fn evidence(output: &ColorsOutput, whole: bool) -> Rows {
        let mut rows = Rows::default();
        if whole {
            for color in &output.colors {
                let values = [
                    ("region", "".into()),
                    ("name", color.name.as_str().into()),
                    ("percent", (color.share * 100.0).into()),
                    ("hex", color.hex.as_str().into()),
                ];
                rows.add("color", values);
            }
        }
        for object in &output.objects {
            rows.add("object", [("id", object.handle.as_str().into()), ("color", object.name.as_str().into())]);
        }
        rows
    }

    fn render(output: &ColorsOutput) -> String {
        if output.colors.is_empty() {
            return "no color: everything is transparent".into();
        }
        let parts: Vec<String> =
            output.colors.iter().map(|color| format!("{} {:.0} %", color.name, color.share * 100.0)).collect();
        let mut text = format!("main colors: {}", parts.join(", "));
        for object in &output.objects {
            let _ = write!(text, "\n{}: {}", object.handle, object.name);
        }
        text
    }
}
