//! The tool that hides places.

use image::DynamicImage;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{
    RedactMethod, hide,
    targets::{Wanted, outline, regions},
};
use crate::{
    image::{Operation, Region},
    tool::{Effects, Example, ImageArg, RegionArg, Tool, ToolCx, ToolError},
    vision::{
        draw::RegionList,
        faces, read_text,
        target::{called, image_of},
    },
};

/// Hides places of an image.
pub struct Redact;

/// The shape of what is hidden.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RedactShape {
    /// The whole box.
    #[default]
    Rectangle,
    /// The ellipse in it.
    Ellipse,
}

/// Arguments of [`Redact`].
#[derive(Debug, Deserialize, JsonSchema)]
pub struct RedactInput {
    #[serde(default)]
    image: ImageArg,
    /// what to hide: "faces", "text" or "codes" (they are looked for), handles, labels (all of that label) or boxes
    #[schemars(extend("examples" = ["faces", "text", "codes"]))]
    regions: RegionList,
    /// left out: black for text and codes, else pixelate
    #[serde(default)]
    method: Option<RedactMethod>,
    /// ellipse suits faces; left out: rectangle
    #[serde(default)]
    shape: RedactShape,
}

/// Result of [`Redact`].
#[derive(Debug, JsonSchema, Serialize)]
pub struct RedactOutput {
    /// Handle of the picture with the places hidden; absent if there was nothing to hide.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image: Option<String>,
    /// How many places were hidden.
    pub places: usize,
    /// What was hidden: handles, or boxes as text.
    pub hidden: Vec<String>,
    /// What was looked for and not found: "faces", "text", "codes".
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub not_found: Vec<String>,
}

impl Tool for Redact {
    type Input = RedactInput;
    type Output = RedactOutput;
    const NAME: &'static str = "redact";
    const EFFECTS: Effects = Effects::EDITS;
    const SUMMARY: &'static str =
        "hide faces, text, codes or regions on a copy of the image: pixelate, blur or black out";
    const LIMITS: &'static str =
        "it may miss small faces, heads seen from behind and handwriting: say that the result should be looked at";
    const ROLES: &'static [&'static str] =
        &[faces::DETECTOR, read_text::DETECTOR, read_text::CLASSIFIER, read_text::RECOGNIZER];
    const ADVANCED: bool = true;

    fn examples() -> Vec<Example> {
        vec![
            Example {
                task: "Make the faces unrecognizable.",
                input: json!({"image": "img-1", "regions": ["faces"]}),
                output: json!({"image": "img-2", "places": 2, "hidden": ["img-1/face-1", "img-1/face-2"]}),
            },
            Example {
                task: "Black out all text and the license plate of the car.",
                input: json!({"image": "img-1", "regions": ["text", [310, 220, 390, 250]], "method": "black"}),
                output: json!({
                    "image": "img-2", "places": 2, "hidden": ["img-1/line-1", "the area [310, 220, 390, 250]"]
                }),
            },
        ]
    }

    async fn call(&self, input: RedactInput, cx: &ToolCx) -> Result<RedactOutput, ToolError> {
        let wanted: Vec<&RegionArg> = input.regions.0.iter().collect();
        if wanted.is_empty() {
            return Err(ToolError::invalid_input(
                "regions is empty; it takes \"faces\", \"text\", \"codes\", handles, labels or boxes",
            ));
        }
        let entry = image_of(cx, &input.image, &wanted)?;
        // What is wrong is said before a model is loaded.
        let (searches, named): (Vec<&RegionArg>, Vec<&RegionArg>) =
            wanted.into_iter().partition(|region| Wanted::of(region).is_some());
        let mut found: Vec<Region> = Vec::new();
        let mut not_found = Vec::new();
        for region in named.into_iter().chain(searches) {
            let new = regions(cx, &entry, region).await?;
            if let (Some(wanted), true) = (Wanted::of(region), new.is_empty()) {
                not_found.push(wanted.name().to_owned());
            }
            for region in new {
                if !found.contains(&region) {
                    found.push(region);
                }
            }
        }
        if found.is_empty() {
            return Ok(RedactOutput { image: None, places: 0, hidden: Vec::new(), not_found });
        }
        let hidden: Vec<String> = found.iter().map(called).collect();
        let (pixels, method, shape) = (entry.pixels.clone(), input.method, input.shape);
        let covered = cx
            .blocking(move |control| {
                let mut picture = pixels.to_rgba8();
                for region in &found {
                    control.check()?;
                    // Squares of one color each still tell which of a few words a line says.
                    let usual = if region.quad.is_some() { RedactMethod::Black } else { RedactMethod::Pixelate };
                    hide(&mut picture, &outline(region, shape), method.unwrap_or(usual));
                }
                let picture = DynamicImage::ImageRgba8(picture);
                Ok(if pixels.color().has_alpha() { picture } else { DynamicImage::ImageRgb8(picture.into_rgb8()) })
            })
            .await?;
        let args = json!({"image": entry.handle, "regions": hidden, "method": method, "shape": shape});
        let derived = cx.images.derive(&entry, Operation { tool: Self::NAME.into(), args }, covered);
        Ok(RedactOutput { image: Some(derived.handle.clone()), places: hidden.len(), hidden, not_found })
    }

    fn render(output: &RedactOutput) -> String {
        const SHOWN: usize = 20;
        let missing = match output.not_found.as_slice() {
            [] => String::new(),
            kinds => format!("no {} found", kinds.join(" and no ")),
        };
        let Some(image) = &output.image else {
            return format!("{missing}: nothing was hidden and there is no new image");
        };
        let shown: Vec<&str> = output.hidden.iter().take(SHOWN).map(String::as_str).collect();
        let more = if output.places > SHOWN { format!(" and {} more", output.places - SHOWN) } else { String::new() };
        let places = if output.places == 1 { "place" } else { "places" };
        let missing = if missing.is_empty() { missing } else { format!("; {missing}") };
        format!("{image} hides {} {places}: {}{more}{missing}", output.places, shown.join(", "))
    }
}
