//! `count`: how many objects of some kinds there are, from what the detector found.

use std::sync::Arc;

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::detect::{Detect, DetectInput};
use crate::{
    image::{ImageEntry, Region},
    labels,
    tool::{Effects, Example, ImageArg, Scene, TextList, Tool, ToolCx, ToolError},
};

/// Counts objects.
pub struct Count;

/// Arguments of [`Count`].
#[derive(Debug, Deserialize, JsonSchema)]
pub struct CountInput {
    /// labels of what is counted, such as car and bus
    what: TextList,
    /// handle of one image; left out: all images
    #[serde(default)]
    image: Option<String>,
}

/// Result of [`Count`].
#[derive(Debug, JsonSchema, Serialize)]
pub struct CountOutput {
    /// All of them together.
    pub total: usize,
    /// Image by image, in order of entry.
    pub images: Vec<ImageCount>,
}

/// How many there are in one image.
#[derive(Debug, JsonSchema, Serialize)]
pub struct ImageCount {
    /// Its handle.
    pub image: String,
    /// How many of each label, in the order asked for.
    pub counts: IndexMap<String, usize>,
    /// Their handles.
    pub objects: Vec<String>,
}

/// Labels that a schema lists at most.
const MOST_LABELS: usize = 100;

impl Tool for Count {
    type Input = CountInput;
    type Output = CountOutput;
    const NAME: &'static str = "count";
    const EFFECTS: Effects = Effects::COMPUTES;
    const SUMMARY: &'static str = "count objects of one or several labels, also whether there is any";
    const ROLES: &'static [&'static str] = &["detect"];

    fn examples() -> Vec<Example> {
        vec![Example {
            task: "How many vehicles are there?",
            input: json!({"what": ["car", "bus"]}),
            output: json!({"total": 3, "images": [
                {"image": "img-1", "counts": {"car": 2, "bus": 1}, "objects": ["img-1/car-1", "img-1/car-2", "img-1/bus-1"]}
            ]}),
        }]
    }

    async fn call(&self, input: CountInput, cx: &ToolCx) -> Result<CountOutput, ToolError> {
        let wanted: Vec<(&str, Vec<String>)> = input.what.0.iter().map(|word| (word.as_str(), named(word))).collect();
        if wanted.is_empty() {
            return Err(ToolError::invalid_input(
                "there is nothing to count; give labels such as [\"cup\", \"spoon\"]",
            ));
        }
        let entries: Vec<Arc<ImageEntry>> = if let Some(handle) = &input.image {
            vec![cx.images.get(handle)?]
        } else {
            cx.images.images().into_iter().filter(|entry| entry.parent.is_none()).collect()
        };
        if entries.is_empty() {
            return Err(ToolError::invalid_input("there is no image yet"));
        }
        let mut images = Vec::new();
        for entry in entries {
            images.push(count(&entry, &wanted, cx).await?);
        }
        let total = images.iter().flat_map(|image| image.counts.values()).sum();
        Ok(CountOutput { total, images })
    }

    fn narrow(mut schema: Value, scene: &Scene) -> Option<Value> {
        if scene.labels.is_empty() {
            return None;
        }
        let mut names = scene.labels.clone();
        names.extend(labels::known().map(str::to_owned).filter(|label| !scene.labels.contains(label)));
        names.truncate(MOST_LABELS);
        let properties = schema.get_mut("properties").and_then(Value::as_object_mut)?;
        properties.insert(
            "what".into(),
            json!({ "type": "array", "items": { "enum": names }, "minItems": 1, "maxItems": 6 }),
        );
        match scene.images.len() {
            1 => properties.shift_remove("image"),
            _ => properties.insert("image".into(), json!({ "enum": scene.images })),
        };
        Some(schema)
    }

    fn render(output: &CountOutput) -> String {
        let line = |image: &ImageCount| {
            let counts: Vec<String> = image.counts.iter().map(|(label, count)| format!("{count} {label}")).collect();
            format!("{}: {}", image.image, counts.join(", "))
        };
        let mut lines: Vec<String> = output.images.iter().map(line).collect();
        let several = output.images.len() > 1 || output.images.iter().any(|image| image.counts.len() > 1);
        if several {
            lines.push(format!("together: {}", output.total));
        }
        lines.join("\n")
    }
}

/// The labels that a word means: those of a group, or the word itself.
fn named(word: &str) -> Vec<String> {
    let members = labels::members(word);
    if members.is_empty() { vec![labels::canonical(word)] } else { members }
}

async fn count(entry: &ImageEntry, wanted: &[(&str, Vec<String>)], cx: &ToolCx) -> Result<ImageCount, ToolError> {
    if !cx.images.evidence().has_looked(&entry.handle, Detect::NAME) {
        Detect.call(DetectInput::everything(ImageArg(Some(entry.handle.clone()))), cx).await?;
        cx.images.evidence().note_look(&entry.handle, Detect::NAME);
    }
    let regions = cx.images.regions(&entry.handle);
    let objects: Vec<&Region> = regions.iter().filter(|region| region.kind.is_thing()).collect();
    let mut counted = ImageCount { image: entry.handle.clone(), counts: IndexMap::new(), objects: Vec::new() };
    for (word, labels) in wanted {
        let is_one = |region: &&&Region| labels.contains(&labels::canonical(&region.label)) || region.label == *word;
        let found: Vec<&&Region> = objects.iter().filter(is_one).collect();
        counted.counts.insert((*word).to_owned(), found.len());
        counted.objects.extend(found.iter().map(|region| region.handle.clone()));
    }
    Ok(counted)
}
