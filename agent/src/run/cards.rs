//! Image cards: what cheap tools see in an image, before the model is asked anything. With a card most questions need no
//! call, and small models copy handles from it instead of inventing coordinates.

use std::{sync::Arc, time::Instant};

use argus_tools::{
    image::ImageEntry,
    tool::{ToolCx, Toolbox},
    vision::look,
};
use serde_json::{Value, json};

use super::{Call, CallRecord, CallResult, Card, Limits, RunEvents, driver::call_tools, ms_since};

/// The tools that a card is made with by default.
pub fn card_tools() -> Vec<String> {
    look::LOOK.iter().copied().flatten().map(|name| (*name).to_owned()).collect()
}

/// Looks at an image with the given tools, as far as they are there: those that work on what others found come after them. A
/// tool that fails leaves a gap in the card.
pub async fn build_card(
    image: &ImageEntry,
    tools: &[String],
    toolbox: &Toolbox,
    cx: &ToolCx,
    limits: &Limits,
    events: &Arc<dyn RunEvents>,
) -> Card {
    let begin = Instant::now();
    let mut done: Vec<(Call, CallResult)> = Vec::new();
    let last = look::LOOK.last().copied().unwrap_or_default();
    let (after, first): (Vec<&String>, Vec<&String>) = tools.iter().partition(|name| last.contains(&name.as_str()));
    for round in [first, after] {
        let calls: Vec<Call> = round
            .into_iter()
            .filter(|name| toolbox.spec(name).is_ok())
            .map(|name| Call { tool: name.clone(), args: json!({ "image": image.handle }) })
            .collect();
        let results = call_tools(&calls, 0, toolbox, cx, limits, events).await;
        done.extend(calls.into_iter().zip(results));
    }
    let value =
        |field: &str| done.iter().filter(|(_, result)| result.ok).find_map(|(_, result)| result.value.get(field));
    let text = value("text").and_then(Value::as_str);
    let mut seen = look::Card::new(image, cx.images.evidence(), text).unwrap_or_else(|_| look::Card {
        image: image.handle.clone(),
        width: image.width(),
        height: image.height(),
        ..look::Card::default()
    });
    seen.looked = value("objects").is_some();
    seen.read = text.is_some();
    let records = done.into_iter().map(|(call, result)| CallRecord {
        tool: call.tool,
        args: call.args,
        ms: result.ms,
        ok: result.ok,
        observation: if result.ok { result.value } else { Value::String(result.text) },
        models: result.models,
    });
    Card { seen, calls: records.collect(), ms: ms_since(begin) }
}
