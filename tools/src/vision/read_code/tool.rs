//! The tool around the code readers.

use image::{DynamicImage, imageops};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::find_codes;
use crate::{
    evidence::Rows,
    geom::Quad,
    image::{NewRegion, RegionKind, to_rgb},
    tool::{Example, ImageArg, RegionArg, Tool, ToolCx, ToolError},
    vision::target::{image_of, part_of},
};

/// Reads QR codes and bar codes.
pub struct ReadCode;

/// Arguments of [`ReadCode`].
#[derive(Debug, Deserialize, JsonSchema)]
pub struct ReadCodeInput {
    #[serde(default)]
    image: ImageArg,
    /// only the codes in this part; left out: the whole image
    #[serde(default)]
    region: Option<RegionArg>,
}

impl ReadCodeInput {
    /// All codes of an image.
    pub(crate) fn all(image: ImageArg) -> Self {
        Self { image, region: None }
    }
}

/// Result of [`ReadCode`].
#[derive(Debug, JsonSchema, Serialize)]
pub struct ReadCodeOutput {
    /// From top to bottom.
    pub codes: Vec<ReadCodeText>,
}

/// One code.
#[derive(Debug, JsonSchema, Serialize)]
pub struct ReadCodeText {
    /// Its region handle, such as `img-1/code-1`.
    pub handle: String,
    /// `qr`, `micro-qr`, `data-matrix`, `aztec`, `pdf-417`, `ean-13`, `ean-8`, `upc-a`, `upc-e`, `code-128`, `code-39`,
    /// `code-93`, `itf` or `codabar`.
    pub format: String,
    /// What it says.
    pub text: String,
    /// Corners (x, y) in pixels of the image, clockwise.
    pub quad: Quad,
}

impl Tool for ReadCode {
    type Input = ReadCodeInput;
    type Output = ReadCodeOutput;
    const NAME: &'static str = "read_code";
    const SUMMARY: &'static str = "read QR codes and bar codes: what they say, their kind and place";
    const LIMITS: &'static str = "a code must be sharp: its finest bar about two pixels wide";
    const ADVANCED: bool = true;

    fn examples() -> Vec<Example> {
        let code = |format: &str, text: &str| {
            let quad = json!([[40.0, 30.0], [200.0, 30.0], [200.0, 190.0], [40.0, 190.0]]);
            json!({"codes": [{"handle": "img-1/code-1", "format": format, "text": text, "quad": quad}]})
        };
        vec![
            Example {
                task: "What does the QR code say?",
                input: json!({"image": "img-1"}),
                output: code("qr", "https://example.org/menu"),
            },
            Example {
                task: "Which number is on the bar code of the bottle?",
                input: json!({"image": "img-1", "region": "img-1/bottle-1"}),
                output: code("ean-13", "4006381333931"),
            },
        ]
    }

    async fn call(&self, input: ReadCodeInput, cx: &ToolCx) -> Result<ReadCodeOutput, ToolError> {
        let entry = image_of(cx, &input.image, input.region.as_ref().as_slice())?;
        let part = match &input.region {
            Some(region) => part_of(cx, &entry, region)?,
            None => (0, 0, entry.width(), entry.height()),
        };
        let pixels = entry.pixels.clone();
        let found = cx
            .blocking(move |control| {
                let (x, y, width, height) = part;
                let gray = DynamicImage::ImageRgb8(to_rgb(&pixels)).into_luma8();
                let mut found = find_codes(&imageops::crop_imm(&gray, x, y, width, height).to_image(), control)?;
                for code in &mut found {
                    code.quad = Quad(code.quad.0.map(|point| [point[0] + x as f32, point[1] + y as f32]));
                }
                Ok(found)
            })
            .await?;
        let regions = found.iter().map(|code| NewRegion {
            stem: "code".into(),
            label: "code".into(),
            kind: RegionKind::Object,
            score: 1.0,
            bbox: code.quad.bounds(),
            quad: Some(code.quad),
        });
        let regions = cx.images.name_regions(&entry.handle, regions.collect());
        let codes = found.into_iter().zip(regions).map(|(code, region)| ReadCodeText {
            handle: region.handle,
            format: code.format.to_owned(),
            text: code.text,
            quad: code.quad,
        });
        Ok(ReadCodeOutput { codes: codes.collect() })
    }

    fn evidence(output: &ReadCodeOutput, _: bool) -> Rows {
        let mut rows = Rows::default();
        for (at, code) in output.codes.iter().enumerate() {
            let values =
                [("n", (at + 1).into()), ("kind", code.format.as_str().into()), ("text", code.text.as_str().into())];
            rows.add("code", values);
        }
        rows
    }

    fn render(output: &ReadCodeOutput) -> String {
        const LONGEST: usize = 400;
        if output.codes.is_empty() {
            return "no code could be read".into();
        }
        let lines: Vec<String> = output
            .codes
            .iter()
            .map(|code| {
                let shown: String = code.text.chars().take(LONGEST).collect();
                let cut = if shown.len() < code.text.len() { " (cut)" } else { "" };
                // As a JSON text: what a code says may hold line breaks and control characters.
                let quoted = serde_json::to_string(&shown).unwrap_or_default();
                format!("{} ({}): {quoted}{cut}", code.handle, code.format)
            })
            .collect();
        lines.join("\n")
    }
}
