//! A drawn-up street, seen by tools that need no model: real arguments and handles, no pixels.

use argus_tools::{
    image::{NewRegion, Origin, RegionKind},
    tool::{ImageArg, Observation, TextList, ToolCx, ToolError, Toolbox},
    vision,
};
use image::DynamicImage;
use serde_json::{Value, json};

use crate::StandIn;

const SIZE: (u32, u32) = (640, 480);
const OBJECTS: [(&str, [f32; 4]); 2] = [("bus", [100.0, 80.0, 420.0, 330.0]), ("person", [20.0, 200.0, 90.0, 420.0])];
const LINE: &str = "ROUTE 42";

/// Takes the street into a session as an image.
pub(super) fn enter(cx: &ToolCx) {
    cx.images.insert(DynamicImage::new_rgb8(SIZE.0, SIZE.1), Origin::Memory("scene".into()));
}

/// The tools that see it.
pub(super) fn toolbox() -> Toolbox {
    let image = json!({"type": "string", "description": "handle of the image"});
    let labels = json!({"type": "array", "items": {"type": "string"}, "description": "what to look for"});
    let schema = |properties: Value| json!({"type": "object", "properties": properties});
    let size = vision::toolbox().only(&["size".to_owned()]).unwrap();
    size.with(StandIn::new(
        "detect",
        "find, count or locate objects",
        schema(json!({"image": image, "labels": labels})),
        |args, cx| Box::pin(async move { detect(&args, &cx) }),
    ))
    .with(StandIn::new("read_text", "read the text in an image", schema(json!({"image": image})), |args, cx| {
        Box::pin(async move { read_text(&args, &cx) })
    }))
}

fn detect(args: &Value, cx: &ToolCx) -> Result<Observation, ToolError> {
    let image = cx.image(&ImageArg(args["image"].as_str().map(str::to_owned)))?;
    let wanted: TextList = serde_json::from_value(args["labels"].clone()).unwrap_or_default();
    let found = OBJECTS.into_iter().filter(|(label, _)| wanted.0.is_empty() || wanted.0.iter().any(|l| l == label));
    let regions = found.map(|(label, bbox)| region(RegionKind::Object, label, label, bbox));
    let regions = cx.images.name_regions(&image.handle, regions.collect());
    let handles: Vec<&str> = regions.iter().map(|region| &*region.handle).collect();
    Ok(Observation { value: json!({"objects": handles}), text: handles.join(", ") })
}

fn read_text(args: &Value, cx: &ToolCx) -> Result<Observation, ToolError> {
    let image = cx.image(&ImageArg(args["image"].as_str().map(str::to_owned)))?;
    cx.images.name_regions(&image.handle, vec![region(RegionKind::Line, "line", LINE, [10.0, 0.0, 200.0, 24.0])]);
    Ok(Observation { value: json!({"text": LINE}), text: LINE.into() })
}

fn region(kind: RegionKind, stem: &str, label: &str, corners: [f32; 4]) -> NewRegion {
    NewRegion { stem: stem.into(), label: label.into(), kind, score: 0.9, bbox: corners.into(), quad: None }
}
