//! `colors`: the dominant colours of an image or region, by name.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::target::{image_of, region_of};
use crate::{
    image::dominant_colors,
    tool::{Example, ImageArg, RegionArg, Tool, ToolCx, ToolError},
};

/// Names the dominant colours.
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
    /// Largest share first, at most 6.
    pub colors: Vec<NamedColor>,
}

/// One colour.
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
/// A box around a thing holds background at its corners; the middle of it is the thing more surely.
const OBJECT_INSET: f32 = 0.12;

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
                ]}),
            },
        ]
    }

    async fn call(&self, input: ColorsInput, cx: &ToolCx) -> Result<ColorsOutput, ToolError> {
        let entry = image_of(cx, &input.image, input.region.as_ref().as_slice())?;
        let part = match &input.region {
            Some(region) => {
                let region = region_of(cx, &entry, region)?;
                let object = region.kind == crate::image::RegionKind::Object;
                let inset = if object { OBJECT_INSET } else { 0.0 };
                let (dx, dy) = (region.bbox.width() * inset, region.bbox.height() * inset);
                let b = region.bbox;
                let inner = crate::geom::BBox { x1: b.x1 + dx, y1: b.y1 + dy, x2: b.x2 - dx, y2: b.y2 - dy };
                inner.to_pixels(entry.width(), entry.height())
            }
            None => None,
        };
        let pixels = entry.pixels.clone();
        let colors = cx
            .blocking(move |_| {
                Ok(match part {
                    Some((x, y, width, height)) => dominant_colors(&pixels.crop_imm(x, y, width, height), LIMIT),
                    None => dominant_colors(&pixels, LIMIT),
                })
            })
            .await?;
        let named = colors.into_iter().map(|color| NamedColor {
            name: color.name.to_owned(),
            hex: format!("#{:02x}{:02x}{:02x}", color.rgb[0], color.rgb[1], color.rgb[2]),
            share: (color.share * 100.0).round() / 100.0,
        });
        Ok(ColorsOutput { colors: named.collect() })
    }

    fn render(output: &ColorsOutput) -> String {
        if output.colors.is_empty() {
            return "no color: everything is transparent".into();
        }
        let parts: Vec<String> =
            output.colors.iter().map(|color| format!("{} {:.0} %", color.name, color.share * 100.0)).collect();
        format!("main colors: {}", parts.join(", "))
    }
}
