//! What there is to name in a call: images, regions, labels, tables. Schemas are narrowed to it, so that a model under a
//! grammar cannot name what does not exist, in whatever language it was asked.

use serde_json::{Value, json};

use super::ImageArg;
use crate::{
    document::PageTable,
    image::{ImageStore, PARTS, RegionKind},
};

/// Regions, and labels, that a schema lists at most: a longer list would make the grammar slow.
const MOST_NAMES: usize = 60;

/// The images and what was found in them so far.
#[derive(Clone, Debug, Default)]
pub struct Scene {
    /// Handles of the images, in order of entry.
    pub images: Vec<String>,
    /// Whether one of them is a clip.
    pub clip: bool,
    /// Handles of objects and areas, in order of naming.
    pub regions: Vec<String>,
    /// The texts of lines, each once: a card shows what they say, not their handles.
    pub lines: Vec<String>,
    /// Labels of the objects, each once.
    pub labels: Vec<String>,
    /// Whether an image is there whose text nobody read: what is on it is not known.
    pub unread: bool,
    /// The tables on the pages, with the names of their rows.
    pub tables: Vec<(String, PageTable)>,
}

impl Scene {
    /// What there is in these images.
    pub fn new(images: &ImageStore) -> Self {
        let entries = images.images();
        let mut scene = Self { clip: entries.iter().any(|entry| entry.clip.is_some()), ..Self::default() };
        for entry in &entries {
            scene.images.push(entry.handle.clone());
            scene.unread |= !images.evidence().has_looked(&entry.handle, "read_text");
            for region in images.regions(&entry.handle) {
                if region.kind.is_thing() && !scene.labels.contains(&region.label) {
                    scene.labels.push(region.label.clone());
                }
                match region.kind {
                    RegionKind::Line if scene.lines.contains(&region.label) => {}
                    RegionKind::Line => scene.lines.push(region.label),
                    RegionKind::Object | RegionKind::Shape | RegionKind::Area => scene.regions.push(region.handle),
                }
            }
        }
        let tables = images.evidence().page_tables();
        scene.tables = tables.into_iter().map(|(name, _, table)| (name, table)).collect();
        scene
    }

    /// What may stand for a region: handles while they are few, labels, lines of text, parts, images.
    pub fn region_names(&self) -> Vec<String> {
        let few = |names: &[String], most: usize| if names.len() <= most { names.to_vec() } else { Vec::new() };
        let regions = few(&self.regions, MOST_NAMES);
        let lines = few(&self.lines, MOST_NAMES.saturating_sub(regions.len()));
        let labels = self.labels.iter().take(MOST_NAMES).cloned();
        let parts = PARTS.iter().filter(|_| !self.images.is_empty()).map(|part| (*part).to_owned());
        regions.into_iter().chain(labels).chain(lines).chain(parts).chain(self.images.iter().cloned()).collect()
    }

    /// A tool's argument schema with its slots for images and regions limited to what there is; `None` where the tool works on an
    /// image and there is none.
    pub fn narrow(&self, mut schema: Value) -> Option<Value> {
        if let Some(properties) = schema.get_mut("properties").and_then(Value::as_object_mut) {
            for property in properties.values_mut() {
                if is_image(property) {
                    if self.images.is_empty() {
                        return None;
                    }
                    *property = json!({ "enum": self.images });
                } else {
                    let own = property.get("examples").and_then(Value::as_array).cloned().unwrap_or_default();
                    let own = own.iter().filter_map(Value::as_str).map(str::to_owned);
                    let names: Vec<String> = self.region_names().into_iter().chain(own).collect();
                    limit_regions(property, &names);
                }
            }
        }
        Some(schema)
    }
}

/// Whether a property names an image.
pub fn is_image(property: &Value) -> bool {
    property.get("description").and_then(Value::as_str) == Some(ImageArg::DESCRIPTION)
}

/// Where a text or a box may stand, the text is a region's name.
fn limit_regions(schema: &mut Value, names: &[String]) {
    match schema {
        Value::Object(fields) => {
            if let Some(Value::Array(options)) = fields.get_mut("anyOf") {
                let kind = |option: &Value, kind: &str| option.get("type").and_then(Value::as_str) == Some(kind);
                let numbers = |option: &Value| option.get("items").is_some_and(|items| kind(items, "number"));
                if options.iter().any(numbers)
                    && let Some(text) = options.iter_mut().find(|option| kind(option, "string"))
                {
                    *text = json!({ "enum": names });
                }
            }
            fields.values_mut().for_each(|field| limit_regions(field, names));
        }
        Value::Array(items) => items.iter_mut().for_each(|item| limit_regions(item, names)),
        _ => {}
    }
}
