//! Image cards: what cheap tools see in an image, before the model is asked anything. With a card most questions need no
//! call, and small models copy handles from it instead of inventing coordinates.

use std::{sync::Arc, time::Instant};

use argus_tools::{
    image::{ImageEntry, Region, RegionKind},
    tool::{ToolCx, Toolbox},
};
use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Call, CallRecord, Limits, RunEvents, driver::call_tools, ms_since};

/// Handles shown for one kind of object.
const SHOWN_OF_A_KIND: usize = 6;
/// Kinds of objects shown.
const SHOWN_KINDS: usize = 12;
/// Characters of text shown. Reading it in the card takes a small model less time than a call of `read_text`.
const SHOWN_TEXT: usize = 1000;

/// Objects of one kind.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct CardGroup {
    /// What they are.
    pub label: String,
    /// How many there are.
    pub count: usize,
    /// The first of them.
    pub regions: Vec<CardRegion>,
    /// How many are not shown.
    pub more: usize,
}

/// One object.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct CardRegion {
    /// Its handle.
    pub handle: String,
    /// Roughly where it is (`top left`).
    pub place: String,
}

/// What is known of an image before the first turn.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Card {
    /// The image's handle.
    pub image: String,
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// Whether it is the first frame of a clip.
    #[serde(default)]
    pub clip: bool,
    /// A sentence about it.
    pub caption: Option<String>,
    /// Whether a detector looked.
    pub looked: bool,
    /// What it found, the most frequent kind first.
    pub objects: Vec<CardGroup>,
    /// Kinds that are not shown.
    pub more_objects: usize,
    /// Whether a reader read.
    pub read: bool,
    /// The first lines of text; what stands side by side in the image stands in one line.
    pub lines: Vec<String>,
    /// Lines that are not shown.
    pub more_lines: usize,
    /// The calls it was made with.
    pub calls: Vec<CallRecord>,
    /// Wall time in milliseconds.
    pub ms: f64,
}

/// The tools that a card is made with by default. `caption` is not among them: composed from the same objects and lines,
/// it would run the same models again.
pub fn card_tools() -> Vec<String> {
    ["detect", "read_text"].map(str::to_owned).to_vec()
}

/// Looks at an image with the given tools, as far as they are there. A tool that fails leaves a gap in the card.
pub async fn build_card(
    image: &ImageEntry,
    tools: &[String],
    toolbox: &Toolbox,
    cx: &ToolCx,
    limits: &Limits,
    events: &Arc<dyn RunEvents>,
) -> Card {
    let begin = Instant::now();
    let calls: Vec<Call> = tools
        .iter()
        .filter(|name| toolbox.spec(name).is_ok())
        .map(|name| Call { tool: name.clone(), args: json!({ "image": image.handle }) })
        .collect();
    let results = call_tools(&calls, 0, toolbox, cx, limits, events).await;
    let value = |name: &str| {
        let found = calls.iter().zip(&results).find(|(call, result)| call.tool == name && result.ok);
        found.map(|(_, result)| &result.value)
    };
    let regions = cx.images.regions(&image.handle);
    let mut card = Card {
        image: image.handle.clone(),
        width: image.width(),
        height: image.height(),
        clip: image.clip.is_some(),
        caption: value("caption").and_then(|value| value.get("caption")).and_then(Value::as_str).map(str::to_owned),
        looked: value("detect").is_some(),
        objects: Vec::new(),
        more_objects: 0,
        read: value("read_text").is_some(),
        lines: Vec::new(),
        more_lines: 0,
        calls: Vec::new(),
        ms: 0.0,
    };
    if card.looked {
        let objects: Vec<&Region> = regions.iter().filter(|region| region.kind == RegionKind::Object).collect();
        card.add_objects(image, &objects);
    }
    if let Some(text) = value("read_text").and_then(|value| value.get("text")).and_then(Value::as_str) {
        card.add_text(text);
    }
    let records = calls.into_iter().zip(results).map(|(call, result)| CallRecord {
        tool: call.tool,
        args: call.args,
        ms: result.ms,
        ok: result.ok,
        observation: if result.ok { result.value } else { Value::String(result.text) },
        models: result.models,
    });
    card.calls = records.collect();
    card.ms = ms_since(begin);
    card
}

impl Card {
    fn add_text(&mut self, text: &str) {
        let lines = || text.lines().map(str::trim).filter(|line| !line.is_empty());
        let mut used = 0;
        let fits = |line: &&str| {
            used += line.chars().count();
            used <= SHOWN_TEXT
        };
        self.lines = lines().take_while(fits).map(str::to_owned).collect();
        self.more_lines = lines().count() - self.lines.len();
    }

    fn add_objects(&mut self, image: &ImageEntry, objects: &[&Region]) {
        let mut groups: IndexMap<&str, Vec<&Region>> = IndexMap::new();
        for object in objects {
            groups.entry(&object.label).or_default().push(object);
        }
        groups.sort_by(|_, a, _, b| b.len().cmp(&a.len()));
        self.more_objects = groups.len().saturating_sub(SHOWN_KINDS);
        let group = |(label, regions): (&str, Vec<&Region>)| CardGroup {
            label: label.to_owned(),
            count: regions.len(),
            more: regions.len().saturating_sub(SHOWN_OF_A_KIND),
            regions: regions
                .iter()
                .take(SHOWN_OF_A_KIND)
                .map(|region| CardRegion { handle: region.handle.clone(), place: place(image, region) })
                .collect(),
        };
        self.objects = groups.into_iter().take(SHOWN_KINDS).map(group).collect();
    }
}

/// Which ninth of the image a region's centre lies in, in words.
fn place(image: &ImageEntry, region: &Region) -> String {
    let (x, y) = region.bbox.center();
    let third = |at: f32, size: u32| ((at / size.max(1) as f32 * 3.0) as usize).min(2);
    let column = ["left", "centre", "right"][third(x, image.width())];
    match (third(y, image.height()), column) {
        (0, "centre") => "top".into(),
        (0, column) => format!("top {column}"),
        (1, column) => column.to_owned(),
        (_, "centre") => "bottom".into(),
        (_, column) => format!("bottom {column}"),
    }
}
