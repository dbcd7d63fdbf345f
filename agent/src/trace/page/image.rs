//! A picture with the regions that were found in it, drawn over it.

use argus_tools::image::{Region, RegionKind};
use serde::Serialize;

use crate::trace::{ImageView, Trace, picture};

/// Regions drawn on one picture.
const DRAWN: usize = 200;
/// Hues that are told apart on light and dark pictures.
const HUES: [u32; 8] = [205, 25, 130, 320, 50, 265, 175, 0];

#[derive(Serialize)]
pub(super) struct Picture {
    handle: String,
    origin: String,
    args: Option<String>,
    width: u32,
    height: u32,
    source: Option<String>,
    missing: Option<String>,
    shapes: Vec<Shape>,
    /// Size of the labels in pixels of the image.
    font: f64,
    found: String,
}

#[derive(Serialize)]
struct Shape {
    points: String,
    hue: u32,
    dashed: bool,
    title: String,
    label: Option<String>,
    x: f64,
    y: f64,
}

pub(super) fn picture(trace: &Trace, image: &ImageView) -> Picture {
    let file = image.file.as_deref().and_then(|file| trace.picture(file));
    let source =
        file.ok_or_else(|| "the trace holds no picture of it".to_owned()).and_then(|path| picture::data_uri(&path));
    let (source, missing) = match source {
        Ok(source) => (Some(source), None),
        Err(why) => (None, Some(why)),
    };
    let origin = match (&image.parent, &image.op) {
        (Some(parent), Some(op)) => format!("{op} of {parent}"),
        (Some(parent), None) => format!("made from {parent}"),
        _ => image.source.clone().unwrap_or_else(|| "from outside".into()),
    };
    let font = tenth(f64::from(image.width.max(image.height)) / 36.0);
    let mut labels: Vec<&str> = Vec::new();
    let shapes = image.regions.iter().take(DRAWN).map(|region| {
        let at = labels.iter().position(|label| *label == region.label).unwrap_or_else(|| {
            labels.push(&region.label);
            labels.len() - 1
        });
        shape(region, HUES[at % HUES.len()], font)
    });
    Picture {
        handle: image.handle.clone(),
        origin,
        args: image.args.as_ref().filter(|args| !args.is_null()).map(ToString::to_string),
        width: image.width,
        height: image.height,
        source,
        missing,
        shapes: shapes.collect(),
        font,
        found: found(&image.regions),
    }
}

fn shape(region: &Region, hue: u32, font: f64) -> Shape {
    let b = region.bbox;
    let corners = region.quad.map_or([[b.x1, b.y1], [b.x2, b.y1], [b.x2, b.y2], [b.x1, b.y2]], |quad| quad.0);
    let number = |value: f32| if value.is_finite() { tenth(f64::from(value)) } else { 0.0 };
    let points: Vec<String> = corners.iter().map(|[x, y]| format!("{},{}", number(*x), number(*y))).collect();
    let line = region.kind == RegionKind::Line;
    let name = region.handle.rsplit('/').next().filter(|name| !name.is_empty()).unwrap_or(&region.label);
    Shape {
        points: points.join(" "),
        hue: if line { HUES[0] } else { hue },
        dashed: line,
        title: format!("{}: {} ({:.2})", region.handle, region.label, region.score),
        // Lines are many and long: their words show when they are pointed at.
        label: (!line).then(|| format!("{name} {:.2}", region.score)),
        x: tenth(number(b.x1) + font / 5.0),
        y: tenth(number(b.y1).max(0.0) + font),
    }
}

fn tenth(value: f64) -> f64 {
    (value * 10.0).round() / 10.0
}

/// What was found, in a line.
fn found(regions: &[Region]) -> String {
    let count = |kind| regions.iter().filter(|region| region.kind == kind).count();
    let named = [
        (RegionKind::Object, "object"),
        (RegionKind::Shape, "shape"),
        (RegionKind::Line, "line of text"),
        (RegionKind::Area, "area"),
    ];
    let parts = named.iter().filter_map(|(kind, name)| match count(*kind) {
        0 => None,
        1 => Some(format!("1 {name}")),
        many => Some(format!(
            "{many} {}",
            if *name == "line of text" { "lines of text".into() } else { format!("{name}s") }
        )),
    });
    parts.collect::<Vec<_>>().join(", ")
}
