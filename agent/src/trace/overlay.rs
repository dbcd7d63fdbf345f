//! Where things are in an image, read off the output of a tool.

use argus_tools::{
    geom::{BBox, Quad},
    image::{Region, RegionKind},
};
use serde_json::Value;

/// The regions that an output locates: `objects`, `lines`, `faces` and the like, each with a `box` or a `quad`. Those
/// without a handle belong to `image`.
pub(super) fn located(output: &Value, image: &str) -> Vec<Region> {
    let lists = output.as_object().into_iter().flatten();
    let items = lists.flat_map(|(_, value)| value.as_array().into_iter().flatten());
    items.filter_map(|item| region(item, image)).collect()
}

fn region(item: &Value, image: &str) -> Option<Region> {
    let quad = item.get("quad").and_then(|quad| serde_json::from_value::<Quad>(quad.clone()).ok());
    let bbox = item.get("box").and_then(|bbox| serde_json::from_value::<BBox>(bbox.clone()).ok());
    let bbox = bbox.or_else(|| quad.map(|quad| quad.bounds()))?;
    let text = |name: &str| item.get(name).and_then(Value::as_str);
    let handle = text("handle").unwrap_or_default().to_owned();
    let kind = match (quad.is_some(), text("label")) {
        (true, _) => RegionKind::Line,
        (false, Some(_)) => RegionKind::Object,
        (false, None) => RegionKind::Area,
    };
    Some(Region {
        image: handle.split_once('/').map_or(image, |(image, _)| image).to_owned(),
        label: text("label").or_else(|| text("text")).unwrap_or("area").to_owned(),
        kind,
        score: item.get("score").and_then(Value::as_f64).unwrap_or(1.0) as f32,
        bbox,
        quad,
        handle,
    })
}
