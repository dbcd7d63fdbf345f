//! What a call gave, as an observation.

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

use super::{Call, OutputKind};
use crate::{
    image::{ImageEntry, LoadLimits, Operation, Origin, decode},
    tool::{Observation, ToolCx, ToolError},
};

/// What the output of a tool looks like.
pub(super) fn schema(output: OutputKind) -> Value {
    match output {
        OutputKind::Text => json!({ "type": "string" }),
        OutputKind::Json => json!({}),
        OutputKind::Image => json!({
            "type": "object",
            "properties": {
                "image": { "type": "string", "description": "Handle of the picture." },
                "width": { "type": "integer", "description": "Its width in pixels." },
                "height": { "type": "integer", "description": "Its height in pixels." }
            },
            "required": ["image", "width", "height"]
        }),
    }
}

/// Text; a JSON object or list becomes data.
pub(super) fn text(call: &Call<'_>, answer: &[u8]) -> Result<Observation, ToolError> {
    let text = readable(call, answer)?;
    match serde_json::from_str(text) {
        Ok(value @ (Value::Object(_) | Value::Array(_))) => Ok(data(value)),
        _ if text.is_empty() => Ok(Observation { value: json!(""), text: format!("{} gave no output", call.name) }),
        _ => Ok(Observation { value: json!(text), text: text.to_owned() }),
    }
}

/// One JSON value.
pub(super) fn json(call: &Call<'_>, answer: &[u8]) -> Result<Observation, ToolError> {
    let text = readable(call, answer)?;
    serde_json::from_str(text).map(data).map_err(|error| {
        let name = call.name;
        let what = if text.is_empty() { "nothing".to_owned() } else { format!("what is no JSON ({error})") };
        ToolError::internal(format!("{name} gave {what}"))
            .with_hint(format!("with output = \"json\" it must give one JSON value and nothing else; output = \"text\" in [tools.{name}] takes any text"))
    })
}

fn data(value: Value) -> Observation {
    Observation { text: value.to_string(), value }
}

fn readable<'a>(call: &Call<'_>, answer: &'a [u8]) -> Result<&'a str, ToolError> {
    std::str::from_utf8(answer).map(str::trim).map_err(|_| {
        ToolError::internal(format!("{} gave bytes that are no text in UTF-8", call.name))
            .with_hint(format!("if it gives pictures, write output = \"image\" in [tools.{}]", call.name))
    })
}

/// A picture, which gets a handle: made of the call's image, else of the newest.
pub(super) async fn picture(
    call: &Call<'_>,
    answer: Vec<u8>,
    of: Option<&ImageEntry>,
    cx: &ToolCx,
) -> Result<Observation, ToolError> {
    let name = call.name.to_owned();
    let limits = LoadLimits { bytes: call.bytes, ..LoadLimits::default() };
    let pixels = cx
        .blocking(move |_| {
            let bytes = in_text(&answer).unwrap_or(answer);
            decode(&bytes, &limits).map_err(|error| {
                let message = format!("{name} gave no picture that can be used: {}", error.chain());
                let hint = "with output = \"image\" it gives a PNG, JPEG, WebP, GIF, BMP or TIFF: its bytes, or from a command its path";
                ToolError::internal(message).with_hint(hint)
            })
        })
        .await?;
    let (width, height) = (pixels.width(), pixels.height());
    let newest = if of.is_none() { cx.images.newest() } else { None };
    let entry = match of.or(newest.as_deref()) {
        Some(parent) => {
            let mut args = call.args.clone();
            if of.is_some() {
                args.insert(super::schema::IMAGE.into(), json!(parent.handle));
            }
            cx.images.derive(parent, Operation { tool: call.name.to_owned(), args: Value::Object(args) }, pixels)
        }
        None => cx.images.insert(pixels, Origin::Memory(format!("tool:{}", call.name))),
    };
    Ok(Observation {
        value: json!({ "image": entry.handle, "width": width, "height": height }),
        text: format!("the picture is {}, {width} x {height} pixels", entry.handle),
    })
}

/// The bytes of a picture inside text: a `data:` URL, by itself or as `image` of a JSON object.
fn in_text(answer: &[u8]) -> Option<Vec<u8>> {
    let text = std::str::from_utf8(answer).ok()?.trim();
    let url = match serde_json::from_str(text) {
        Ok(Value::Object(object)) => object.get("image")?.as_str()?.to_owned(),
        Ok(Value::String(text)) => text,
        _ => text.to_owned(),
    };
    let encoded = url.strip_prefix("data:image/").and_then(|rest| rest.split_once(";base64,")).map(|(_, data)| data)?;
    STANDARD.decode(encoded.trim()).ok()
}
