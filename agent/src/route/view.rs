//! What the router sees, and what it knows from it.

use argus_tools::{geom::BBox, vision::labels};
use serde_json::Value;

use super::fields::TextLine;
use crate::run::{CallRecord, Card, ImageFact, Step};

/// What the router sees.
#[derive(Clone, Copy, Debug)]
pub struct RouteView<'a> {
    /// The task in the user's words.
    pub task: &'a str,
    /// The images that it is about, in order of entry.
    pub images: &'a [ImageFact],
    /// What was seen before the first step; empty if nobody looked.
    pub cards: &'a [Card],
    /// What was called so far.
    pub steps: &'a [Step],
    /// Every image and region handle that exists now.
    pub handles: &'a [String],
    /// The names of the tools at hand.
    pub tools: &'a [String],
}

/// An object that a detector found.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Object {
    pub(super) handle: String,
    pub(super) label: String,
    pub(super) score: f32,
    pub(super) bbox: BBox,
}

impl Object {
    fn of(value: &Value) -> Option<Self> {
        let corners: Vec<f32> =
            value.get("box")?.as_array()?.iter().filter_map(Value::as_f64).map(|number| number as f32).collect();
        Some(Self {
            handle: value.get("handle")?.as_str()?.to_owned(),
            label: value.get("label")?.as_str()?.to_owned(),
            score: value.get("score").and_then(Value::as_f64).unwrap_or(1.0) as f32,
            bbox: BBox::from_corners(corners.try_into().ok()?)?,
        })
    }
}

impl<'a> RouteView<'a> {
    /// All calls so far, those of the cards first.
    pub(super) fn records(&self) -> impl Iterator<Item = &'a CallRecord> + use<'a> {
        let (cards, steps) = (self.cards, self.steps);
        cards.iter().flat_map(|card| &card.calls).chain(steps.iter().flat_map(|step| &step.calls))
    }

    /// The record of this very call, if it was made; the last one.
    pub(super) fn record(&self, tool: &str, args: &Value) -> Option<&'a CallRecord> {
        self.records().filter(|record| record.tool == tool && record.args == *args).last()
    }

    pub(super) fn has_tool(&self, name: &str) -> bool {
        self.tools.iter().any(|tool| tool == name)
    }

    /// The image that a call was about.
    fn image_of(&self, args: &'a Value) -> Option<&'a str> {
        let named = args.get("image").and_then(Value::as_str);
        let region = args.get("region").and_then(Value::as_str).filter(|name| name.contains('/'));
        let handle = named.or(region).map(|handle| handle.split('/').next().unwrap_or(handle));
        handle.or_else(|| self.images.last().map(|image| image.handle.as_str()))
    }

    /// Whether a detector looked for everything in an image.
    pub(super) fn looked(&self, image: &str) -> bool {
        self.of_image("detect", image).any(|record| names_nothing(record.args.get("labels")))
    }

    fn of_image<'b>(&self, tool: &'b str, image: &'b str) -> impl Iterator<Item = &'a CallRecord> + use<'a, 'b> {
        let view = *self;
        self.records()
            .filter(move |record| record.ok && record.tool == tool && view.image_of(&record.args) == Some(image))
    }

    /// The objects that were found in an image, each once.
    pub(super) fn objects(&self, image: &str) -> Vec<Object> {
        let mut found: Vec<Object> = Vec::new();
        for record in self.of_image("detect", image) {
            let objects = record.observation.get("objects").and_then(Value::as_array);
            for object in objects.into_iter().flatten().filter_map(Object::of) {
                if found.iter().all(|known| known.handle != object.handle) {
                    found.push(object);
                }
            }
        }
        found
    }

    /// The lines of text of an image, if it was read as a whole.
    pub(super) fn lines(&self, image: &str) -> Option<Vec<TextLine>> {
        let record =
            self.of_image("read_text", image).filter(|record| names_nothing(record.args.get("region"))).last()?;
        Some(TextLine::of_output(&record.observation))
    }

    /// The text of an image as it was read: what stands side by side in one row.
    pub(super) fn text(&self, image: &str) -> Option<&'a str> {
        let record =
            self.of_image("read_text", image).filter(|record| names_nothing(record.args.get("region"))).last()?;
        record.observation.get("text").and_then(Value::as_str)
    }

    /// The handles of the lines of an image whose text fits.
    pub(super) fn line_handles(&self, image: &str, fits: impl Fn(&str) -> bool) -> Vec<String> {
        let mut found: Vec<String> = Vec::new();
        for record in self.of_image("read_text", image) {
            let lines = record.observation.get("lines").and_then(Value::as_array);
            for line in lines.into_iter().flatten() {
                let text = line.get("text").and_then(Value::as_str).unwrap_or_default();
                let handle = line.get("handle").and_then(Value::as_str).filter(|_| fits(text)).map(str::to_owned);
                found.extend(handle.filter(|handle| !found.contains(handle)));
            }
        }
        found
    }

    /// Width and height of an image of the task.
    pub(super) fn size(&self, image: &str) -> Option<(f32, f32)> {
        self.images.iter().find(|known| known.handle == image).map(|known| (known.width as f32, known.height as f32))
    }
}

fn names_nothing(argument: Option<&Value>) -> bool {
    match argument {
        None | Some(Value::Null) => true,
        Some(Value::Array(items)) => items.is_empty(),
        Some(Value::String(text)) => text.trim().is_empty(),
        Some(_) => false,
    }
}

/// The objects that a label means: by name, synonym, group ("animals") or the head of a phrase ("red cups").
pub(super) fn matching(objects: &[Object], label: &str) -> Vec<Object> {
    let mut classes: Vec<String> = Vec::new();
    for object in objects {
        if !classes.contains(&object.label) {
            classes.push(object.label.clone());
        }
    }
    let wanted: Vec<&String> = labels::matches(label, &classes).into_iter().map(|index| &classes[index]).collect();
    objects.iter().filter(|object| wanted.contains(&&object.label)).cloned().collect()
}
