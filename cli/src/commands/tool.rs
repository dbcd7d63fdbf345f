//! `argus tool NAME IMAGE`: one tool without any LLM.

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
    str::FromStr,
    time::Instant,
};

use anyhow::Context;
use argus_tools::{
    geom::{BBox, Quad},
    image::{Canvas, ImageEntry, ImageStore},
    tool::{Argument, RegionArg, ToolCx, ToolErrorKind, ToolSpec, Toolbox},
};
use clap::ArgMatches;
use serde_json::{Map, Value, json};

use crate::{
    arguments::{Global, ToolCommand, flag_name},
    outcome::write_images,
    printer::{Cancelled, Printer, UsageError},
    setup::{Setup, tools_of_settings},
};

/// Runs the tool and prints its output.
pub(crate) async fn run(command: ToolCommand, global: &Global, printer: &Printer) -> anyhow::Result<ExitCode> {
    // Where the settings were wrong when the command line was parsed, nothing that was parsed can be relied on.
    tools_of_settings()?;
    let setup = Setup::new(global, &[("out", text(&command.matches, "out"))], printer)?;
    let tools = &setup.tools;
    let spec = tools.spec(&command.name)?;
    let mut args = given(spec, &command.matches)?;
    let image = match text(&command.matches, "IMAGE") {
        Some(name) => setup.load_images(&[name]).await?.into_iter().next(),
        None => None,
    };
    if let Some(entry) = &image {
        args.insert("image".into(), json!(entry.handle));
        find_regions(tools, &args, entry, &setup.cx).await?;
    }
    let cx = setup.cx.for_call(setup.cancel.clone(), None);
    let start = Instant::now();
    let observation = tools.call(&spec.name, Value::Object(args), &cx).await.map_err(|error| match error.kind {
        ToolErrorKind::Cancelled => Cancelled.into(),
        ToolErrorKind::InvalidInput => {
            anyhow::Error::from(UsageError::new(error.feedback, format!("argus tool {} --help", spec.name)))
        }
        _ => error.into(),
    })?;
    let ms = start.elapsed().as_secs_f64() * 1000.0;
    let out = setup.config.out.clone().unwrap_or_else(|| PathBuf::from("argus-out"));
    let images = write_images(&cx.images, &out)?;
    if let (Some(file), Some(entry)) = (text(&command.matches, "draw"), &image) {
        draw(&observation.value, entry, &cx.images, Path::new(&file))?;
        printer.note(&format!("drawn: {file}"));
    }
    if command.matches.get_flag("json") {
        let used = cx.used();
        let mut providers: Vec<&str> = used.iter().map(|used| used.provider.as_str()).collect();
        providers.dedup();
        printer.json(&json!({
            "output": observation.value,
            "images": images,
            "ms": (ms * 10.0).round() / 10.0,
            "provider": if providers.is_empty() { Value::Null } else { json!(providers.join(", ")) },
            "models": used.iter().map(|used| &used.model).collect::<Vec<_>>(),
        }));
    } else {
        printer.data(&observation.text);
        for image in images.iter().filter(|image| image.op.is_some()) {
            printer.note(&format!("{}: {}", image.handle, image.path));
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn text(matches: &ArgMatches, name: &str) -> Option<String> {
    matches.try_get_one::<String>(name).ok().flatten().cloned()
}

/// The tool's arguments as JSON, typed by its schema.
fn given(spec: &ToolSpec, matches: &ArgMatches) -> Result<Map<String, Value>, UsageError> {
    let mut args = Map::new();
    for argument in spec.arguments().iter().filter(|argument| argument.name != "image") {
        if let Some(given) = text(matches, &flag_name(&argument.name)) {
            args.insert(argument.name.clone(), typed(argument, &given)?);
        }
    }
    Ok(args)
}

fn typed(argument: &Argument, given: &str) -> Result<Value, UsageError> {
    let wrong = |what: &str| UsageError {
        message: format!("--{} is \"{given}\", which is no {what}", flag_name(&argument.name)),
        hint: None,
    };
    Ok(match argument.kind.as_str() {
        "number" => json!(given.parse::<f64>().map_err(|_| wrong("number"))?),
        "integer" => json!(given.parse::<i64>().map_err(|_| wrong("whole number"))?),
        "boolean" => json!(given.parse::<bool>().map_err(|_| wrong("true or false"))?),
        "object" => serde_json::from_str(given).map_err(|_| wrong("JSON object"))?,
        kind if kind.starts_with("list of integer") => {
            json!(numbers::<i64>(given).map_err(|_| wrong("list of whole numbers with commas"))?)
        }
        kind if kind.starts_with("list of number") => {
            json!(numbers::<f64>(given).map_err(|_| wrong("list of numbers with commas"))?)
        }
        kind if kind.starts_with("list of object") => {
            serde_json::from_str::<Vec<Value>>(given).map(Value::Array).map_err(|_| wrong("JSON list of objects"))?
        }
        kind if kind.starts_with("list of") => {
            json!(given.split(',').map(str::trim).filter(|part| !part.is_empty()).collect::<Vec<_>>())
        }
        _ => json!(given),
    })
}

/// Numbers with commas between them, with or without brackets.
fn numbers<T: FromStr>(given: &str) -> Result<Vec<T>, T::Err> {
    given.trim_matches(['[', ']']).split(',').map(|number| number.trim().parse()).collect()
}

/// On the command line nothing was detected before: a label given as a region is looked for first.
async fn find_regions(
    tools: &Toolbox,
    args: &Map<String, Value>,
    entry: &ImageEntry,
    cx: &ToolCx,
) -> anyhow::Result<()> {
    let is_region = |name: &str| matches!(name, "region" | "other" | "from" | "to" | "a" | "b" | "regions");
    for (_, value) in args.iter().filter(|(name, _)| is_region(name)) {
        let regions: Vec<RegionArg> = match value {
            Value::Array(items) => items.iter().filter_map(|item| serde_json::from_value(item.clone()).ok()).collect(),
            one => serde_json::from_value(one.clone()).into_iter().collect(),
        };
        for region in regions {
            if matches!(region, RegionArg::Name(_)) && cx.images.region(entry, &region).is_err() {
                tools.call("detect", json!({"image": entry.handle}), cx).await?;
            }
        }
    }
    Ok(())
}

/// One thing that has a place: a quadrilateral with its text, a box with its label, landmarks, a straight line.
fn draw_item(mut canvas: Canvas, item: &Value) -> Canvas {
    let text = |name: &str| item.get(name).and_then(Value::as_str);
    let point = |name: &str| serde_json::from_value::<[f32; 2]>(item.get(name)?.clone()).ok();
    let quad = item.get("quad").and_then(|quad| serde_json::from_value::<Quad>(quad.clone()).ok());
    let bbox = item.get("box").and_then(|bbox| serde_json::from_value::<BBox>(bbox.clone()).ok());
    match (quad, bbox) {
        (Some(quad), _) => canvas = canvas.quad(&quad, text("text").unwrap_or_default(), None),
        (None, Some(bbox)) => {
            let named = text("handle").and_then(|handle| handle.split_once('/')).map(|(_, name)| name);
            let name = text("label").or(named).or_else(|| text("name")).unwrap_or_default();
            let score = item.get("score").and_then(Value::as_f64).map(|score| format!(" {score:.2}"));
            canvas = canvas.boxed(&bbox, &format!("{name}{}", score.unwrap_or_default()), None);
        }
        (None, None) => {
            if let (Some(from), Some(to)) = (point("from"), point("to")) {
                canvas = canvas.polygon(&[from, to], "", None);
            }
        }
    }
    let landmarks =
        item.get("landmarks").and_then(|points| serde_json::from_value::<Vec<[f32; 2]>>(points.clone()).ok());
    for [x, y] in landmarks.unwrap_or_default() {
        canvas = canvas.point(x, y, "", None);
    }
    canvas
}

/// Draws whatever the output locates: objects, text lines, boxes, a mask.
fn draw(output: &Value, entry: &ImageEntry, images: &ImageStore, file: &Path) -> anyhow::Result<()> {
    let mut canvas = Canvas::new(&entry.pixels);
    if let Some(mask) = output.get("mask").and_then(Value::as_str) {
        canvas = canvas.mask(&images.get(mask)?.pixels.to_luma8(), "", None);
    }
    // Whatever the lists are called: objects, faces, codes, regions that changed.
    let lists = output.as_object().into_iter().flatten();
    for item in lists.flat_map(|(_, list)| list.as_array().into_iter().flatten()) {
        canvas = draw_item(canvas, item);
    }
    if let Some(bbox) = output.get("box").and_then(|b| serde_json::from_value::<BBox>(b.clone()).ok()) {
        canvas = canvas.boxed(&bbox, "", None);
    }
    canvas.finish().save(file).with_context(|| format!("the drawing {} cannot be written", file.display()))
}
