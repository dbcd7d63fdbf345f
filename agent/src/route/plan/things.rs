//! How many there are, and whether there is one.

use serde_json::{Value, json};

use super::{
    desk::{Desk, Job, Stop},
    target::{Sight, color_in, look, seen, unknown_with_seen},
};
use crate::route::{
    intent::names,
    regions::{Pick, Side, lies, pick},
    view::Object,
    words::has_any,
};

/// Objects whose colours are looked at.
const COLORED: usize = 6;

pub(super) fn count(desk: &mut Desk<'_>, job: &Job<'_>, label: &str) -> Result<String, Stop> {
    let tongue = desk.tongue;
    let label = desk.named(label);
    if has_any(&label, &["images", "pictures", "photos"]) || label == "图片" {
        let count = desk.view.images.len();
        return Ok(tongue.say(
            if count == 1 { "There is one picture.".into() } else { format!("There are {count} pictures.") },
            format!("有{count}张图片。"),
        ));
    }
    if has_any(&label, &["lines", "line", "lines of text", "text lines"]) {
        return lines(desk, job);
    }
    let everything =
        label.is_empty() || has_any(&label, &["objects", "things", "items"]) || label == "物体" || label == "东西";
    let images = desk.images(job.asked);
    if everything {
        return all(desk, &images);
    }
    let mut sentences = Vec::new();
    let mut waits = false;
    for name in names(&label) {
        match counted(desk, job, &images, &name) {
            Ok(said) | Err(Stop::Say(said)) => sentences.push(said),
            Err(Stop::Wait) => waits = true,
        }
    }
    if waits { Err(Stop::Wait) } else { Ok(tongue.joined(&sentences)) }
}

/// One name over one or several images.
fn counted(desk: &mut Desk<'_>, job: &Job<'_>, images: &[String], name: &str) -> Result<String, Stop> {
    let tongue = desk.tongue;
    let (picked, label) = pick(name);
    let side = match picked.or(pick(job.asked).0) {
        Some(Pick::Side(side)) => Some(side),
        _ => None,
    };
    let label = if label.is_empty() { name.to_owned() } else { label };
    let looks: Vec<Result<Sight, Stop>> = images.iter().map(|image| look(desk, image, &label)).collect();
    let sights: Vec<Sight> = looks.into_iter().collect::<Result<_, _>>()?;
    if sights.iter().all(|sight| !sight.known) {
        return Ok(unknown_with_seen(desk, images.first().map_or("", String::as_str), &label));
    }
    let Some(first) = sights.iter().find(|sight| !sight.objects.is_empty()).or(sights.first()) else {
        return Err(Stop::Wait);
    };
    if let ([image], [sight]) = (images, sights.as_slice()) {
        if let Some(side) = side.filter(|_| !sight.objects.is_empty()) {
            return on_side(desk, image, sight, side);
        }
        return with_besides(desk, sight);
    }
    let shown: Vec<String> = images
        .iter()
        .zip(&sights)
        .map(|(image, sight)| {
            tongue.say(
                format!(
                    "{image} shows {}",
                    none_or(&tongue.counted(&first.name, sight.objects.len()), sight.objects.len())
                ),
                format!("{image}中有{}", tongue.counted(&first.name, sight.objects.len())),
            )
        })
        .collect();
    let sum = sights.iter().map(|sight| sight.objects.len().to_string()).collect::<Vec<_>>().join(" + ");
    let list = tongue.list(&shown);
    if !desk.view.has_tool("calculate") {
        return Ok(tongue.say(format!("{list}."), format!("{list}。")));
    }
    let total =
        desk.ask("calculate", json!({ "expression": sum }))?.get("result").map(ToString::to_string).unwrap_or_default();
    Ok(tongue.say(format!("{list}, {total} in all."), format!("{list}，一共{total}个。")))
}

/// "no cups" for "0 cups".
fn none_or(counted: &str, count: usize) -> String {
    if count == 0 { counted.replacen('0', "no", 1) } else { counted.to_owned() }
}

/// How many of the found lie on a side.
fn on_side(desk: &mut Desk<'_>, image: &str, sight: &Sight, side: Side) -> Result<String, Stop> {
    let tongue = desk.tongue;
    let size = desk.view.size(image).unwrap_or((f32::MAX, f32::MAX));
    let inside: Vec<&Object> = sight.objects.iter().filter(|object| lies(object, side, size)).collect();
    let (english, chinese) = match side {
        Side::Left => ("on the left", "左边"),
        Side::Right => ("on the right", "右边"),
        Side::Top => ("at the top", "上面"),
        Side::Bottom => ("at the bottom", "下面"),
        Side::Middle => ("in the middle", "中间"),
    };
    let all = tongue.counted(&sight.name, sight.objects.len());
    let handles: Vec<String> = inside.iter().map(|object| object.handle.clone()).collect();
    // The number is computed, so that it rests on something.
    let (here, whole) = (inside.len(), sight.objects.len());
    if here > 1 && here < whole && desk.view.has_tool("calculate") {
        desk.ask("calculate", json!({ "expression": format!("{whole} - {}", whole - here) }))?;
    }
    Ok(match here {
        0 => tongue.say(format!("None of the {all} is {english}."), format!("{chinese}没有，一共有{all}。")),
        _ if here == whole => tongue.say(
            format!("All {all} are {english}: {}.", tongue.list(&handles)),
            format!("{all}都在{chinese}：{}。", tongue.list(&handles)),
        ),
        _ => tongue.say(
            format!(
                "{here} of the {all} {} {english}: {}.",
                if here == 1 { "is" } else { "are" },
                tongue.list(&handles)
            ),
            format!("{all}中有{here}个在{chinese}：{}。", tongue.list(&handles)),
        ),
    })
}

/// The count, with what the label says besides the class: colours are looked at, other words are not known.
fn with_besides(desk: &mut Desk<'_>, sight: &Sight) -> Result<String, Stop> {
    let tongue = desk.tongue;
    let mut said = tongue.there(&sight.name, sight.objects.len());
    let mut kinds: Vec<(String, usize)> = Vec::new();
    for object in &sight.objects {
        match kinds.iter_mut().find(|(label, _)| *label == object.label) {
            Some((_, count)) => *count += 1,
            None => kinds.push((object.label.clone(), 1)),
        }
    }
    if kinds.len() > 1 {
        let list: Vec<String> = kinds.iter().map(|(label, count)| tongue.counted(label, *count)).collect();
        said = tongue.say(
            format!("{}: {}.", said.trim_end_matches('.'), tongue.list(&list)),
            format!("{}：{}。", said.trim_end_matches('。'), tongue.list(&list)),
        );
    }
    let Some(besides) = sight.besides.as_deref().filter(|_| !sight.objects.is_empty()) else { return Ok(said) };
    if let Some(color) = color_in(besides).filter(|_| sight.objects.len() <= COLORED && desk.view.has_tool("colors")) {
        let looks: Vec<Result<&Value, Stop>> =
            sight.objects.iter().map(|object| desk.ask("colors", colors_args(object))).collect();
        let colors: Vec<&Value> = looks.into_iter().collect::<Result<_, _>>()?;
        let fits: Vec<String> = sight
            .objects
            .iter()
            .zip(colors)
            .filter(|(_, output)| main_colors(output, 2).iter().any(|name| name.contains(color)))
            .map(|(object, _)| object.handle.clone())
            .collect();
        let list = tongue.list(&fits);
        return Ok(match fits.len() {
            0 => format!("{said} None of them is mainly {color}."),
            count if count == sight.objects.len() => format!("{said} All of them are {color}."),
            _ => format!("{said} Mainly {color}: {list}."),
        });
    }
    Ok(format!("{said} I cannot tell what \"{besides}\" says of them."))
}

pub(super) fn colors_args(object: &Object) -> Value {
    let image = object.handle.split('/').next().unwrap_or_default();
    json!({ "image": image, "region": object.handle })
}

/// The names of the main colours.
pub(super) fn main_colors(output: &Value, most: usize) -> Vec<String> {
    let colors = output.get("colors").and_then(Value::as_array);
    colors.into_iter().flatten().filter_map(|color| color.get("name")?.as_str().map(str::to_owned)).take(most).collect()
}

/// Everything that was found.
fn all(desk: &mut Desk<'_>, images: &[String]) -> Result<String, Stop> {
    let tongue = desk.tongue;
    for image in images {
        if !desk.view.looked(image) {
            desk.ask("detect", json!({ "image": image }))?;
        }
    }
    let of = |image: &String| {
        let count = desk.view.objects(image).len();
        let list = tongue.list(&seen(desk, image));
        let objects = if count == 1 { "object" } else { "objects" };
        match count {
            0 => tongue.say(format!("No known object was found in {image}."), format!("{image}中没有检测到物体。")),
            _ => tongue.say(
                format!("In {image} {count} {objects} {} found: {list}.", if count == 1 { "was" } else { "were" }),
                format!("{image}中检测到{count}个物体：{list}。"),
            ),
        }
    };
    Ok(images.iter().map(of).collect::<Vec<_>>().join(" "))
}

fn lines(desk: &mut Desk<'_>, job: &Job<'_>) -> Result<String, Stop> {
    let tongue = desk.tongue;
    let mut sentences = Vec::new();
    for image in desk.images(job.asked) {
        let lines = super::text::lines(desk, &image)?;
        let count = lines.len();
        sentences.push(match count {
            0 => tongue
                .say(format!("There is no text in {image} that can be read."), format!("{image}中没有可读的文字。")),
            _ => tongue.say(
                format!("{image} has {count} line{} of text.", if count == 1 { "" } else { "s" }),
                format!("{image}有{count}行文字。"),
            ),
        });
    }
    Ok(sentences.join(" "))
}

pub(super) fn presence(desk: &mut Desk<'_>, job: &Job<'_>, label: &str) -> Result<String, Stop> {
    let tongue = desk.tongue;
    if label == "text" {
        return text(desk, job);
    }
    let label = desk.named(label);
    let images = desk.images(job.asked);
    let several = images.len() > 1;
    let mut sentences = Vec::new();
    let mut waits = false;
    for name in names(&label) {
        let (_, plain) = pick(&name);
        let name = if plain.is_empty() { name } else { plain };
        let looks: Vec<Result<Sight, Stop>> = images.iter().map(|image| look(desk, image, &name)).collect();
        for (image, look) in images.iter().zip(looks) {
            let sight = match look {
                Ok(sight) => sight,
                Err(Stop::Wait) => {
                    waits = true;
                    continue;
                }
                Err(Stop::Say(said)) => {
                    sentences.push(said);
                    continue;
                }
            };
            if !sight.known {
                sentences.push(unknown_with_seen(desk, image, &name));
                continue;
            }
            let said = tongue.present(&sight.name, sight.objects.len());
            let said = if several {
                tongue.say(format!("{} in {image}.", said.trim_end_matches('.')), format!("{image}中{said}"))
            } else {
                said
            };
            let besides = sight.besides.filter(|_| !sight.objects.is_empty());
            sentences.push(match besides {
                Some(besides) => format!("{said} I cannot tell what \"{besides}\" says of it."),
                None => said,
            });
        }
    }
    if waits { Err(Stop::Wait) } else { Ok(tongue.joined(&sentences)) }
}

fn text(desk: &mut Desk<'_>, job: &Job<'_>) -> Result<String, Stop> {
    let tongue = desk.tongue;
    let mut sentences = Vec::new();
    for image in desk.images(job.asked) {
        let lines = super::text::lines(desk, &image)?;
        sentences.push(match lines.len() {
            0 => tongue.say(
                format!("No, there is no text in {image} that can be read."),
                format!("没有，{image}中没有可读的文字。"),
            ),
            1 => tongue.say(format!("Yes, there is a line of text in {image}."), format!("有，{image}中有一行文字。")),
            count => tongue.say(
                format!("Yes, there are {count} lines of text in {image}."),
                format!("有，{image}中有{count}行文字。"),
            ),
        });
    }
    Ok(sentences.join(" "))
}
