//! How large things are, and of which colour.

use serde_json::{Value, json};

use super::{
    desk::{Desk, Job, Stop},
    places::{NAMED, image_of, single},
    target::{targets, unknown_with_seen},
    things::{colors_args, main_colors},
};
use crate::route::{
    answer::Tongue,
    intent::{Intent, names},
    regions::pick,
    view::Object,
    words::{COLORS, has_any, words},
};
use argus_tools::vision::labels;

pub(super) fn size(desk: &mut Desk<'_>, job: &Job<'_>, of: Option<&str>) -> Result<String, Stop> {
    let tongue = desk.tongue;
    // "Crop the dog; how big is it?" may mean either; the picture made is the later one.
    let made = of.is_none_or(|of| of == "it") && desk.speaks_of_made(job.asked);
    let pronoun = has_any(job.asked, &["it", "they"]) && desk.thing.is_some();
    let name = match of {
        Some(of) => Some(desk.named(of)),
        None if pronoun => desk.thing.clone(),
        None => None,
    };
    let images = if made { vec![desk.image(job.asked)?] } else { desk.images(job.asked) };
    let Some(name) = name.filter(|_| !made) else {
        let mut sentences = Vec::new();
        for image in &images {
            let (width, height) = if let Some(size) = desk.view.size(image) {
                size
            } else {
                let output = desk.ask("measure", json!({ "image": image }))?;
                let side = |name: &str| {
                    output.pointer(&format!("/region/{name}")).and_then(Value::as_f64).unwrap_or(0.0) as f32
                };
                (side("width"), side("height"))
            };
            sentences.push(tongue.say(
                format!("{image} is {width} x {height} pixels."),
                format!("{image}的尺寸是{width} x {height}像素。"),
            ));
        }
        return Ok(sentences.join(" "));
    };
    let mut sentences = Vec::new();
    for name in names(&name) {
        let object = single(desk, &images, &name)?;
        let extent = extent(desk, &object)?;
        let share = if extent.share >= 0.01 {
            tongue.say(
                format!(", {:.0} % of the image", extent.share * 100.0),
                format!("，占图片的{:.0}%", extent.share * 100.0),
            )
        } else {
            String::new()
        };
        sentences.push(tongue.say(
            format!(
                "The {} ({}) is {:.0} pixels wide and {:.0} pixels high{share}.",
                object.label, object.handle, extent.width, extent.height
            ),
            format!(
                "{}（{}）宽{:.0}像素，高{:.0}像素{share}。",
                tongue.the(&object.label),
                object.handle,
                extent.width,
                extent.height
            ),
        ));
    }
    Ok(sentences.join(" "))
}

/// "Is this picture taller than it is wide?"
pub(super) fn shape(desk: &Desk<'_>, job: &Job<'_>) -> Option<String> {
    let sides = has_any(
        job.asked,
        &["than it is wide", "than wide", "than it is high", "than it is tall", "than high", "than tall"],
    );
    let format = has_any(job.asked, &["portrait", "landscape", "square"])
        && has_any(job.asked, &["format", "orientation", "or"]);
    // "Which picture is wider?"
    let which = desk.view.images.len() > 1
        && has_any(job.asked, &["picture", "image", "photo", "one"])
        && has_any(
            job.asked,
            &["wider", "taller", "higher", "larger", "bigger", "smaller", "narrower", "widest", "tallest", "largest"],
        )
        && has_any(
            job.asked,
            &[
                "which picture",
                "which image",
                "which photo",
                "which of the two",
                "which of these",
                "picture is",
                "image is",
            ],
        )
        && !has_any(job.asked, &["total", "price", "amount", "number", "in the picture"]);
    if !(sides || format || which)
        || !matches!(job.intent, Intent::Compare { .. } | Intent::Unknown | Intent::Size { .. })
    {
        return None;
    }
    let images = desk.images(job.asked);
    let sizes: Option<Vec<String>> = images
        .iter()
        .map(|image| {
            let (width, height) = desk.view.size(image)?;
            let shape = if width > height {
                "wider than it is high (landscape)"
            } else if height > width {
                "taller than it is wide (portrait)"
            } else {
                "as wide as it is high (square)"
            };
            Some(format!("{image} is {shape}: {width} x {height} pixels."))
        })
        .collect();
    let told = sizes?.join(" ");
    if !which {
        return Some(told);
    }
    let value = |image: &&String| {
        let (width, height) = desk.view.size(image).unwrap_or_default();
        if has_any(job.asked, &["wider", "narrower", "widest"]) {
            width
        } else if has_any(job.asked, &["taller", "higher", "tallest"]) {
            height
        } else {
            width * height
        }
    };
    let least = has_any(job.asked, &["smaller", "narrower"]);
    let order = |a: &&String, b: &&String| value(a).total_cmp(&value(b));
    let found = if least { images.iter().min_by(order) } else { images.iter().max_by(order) }?;
    let sizes: Vec<String> = images
        .iter()
        .filter_map(|image| desk.view.size(image).map(|(width, height)| format!("{image} {width} x {height}")))
        .collect();
    Some(format!("It is {found} ({} pixels).", sizes.join(", ")))
}

/// "How many pixels does it have in all?"
pub(super) fn pixels(desk: &mut Desk<'_>, job: &Job<'_>) -> Option<Result<String, Stop>> {
    let asks = has_any(job.asked, &["how many pixels", "number of pixels", "megapixels"])
        && has_any(
            job.asked,
            &["in all", "in total", "altogether", "total", "times", "have", "has", "contain", "consist"],
        )
        && !has_any(job.asked, &["wide", "high", "tall"]);
    let images = desk.images(job.asked);
    let [image] = images.as_slice() else { return None };
    let (width, height) = desk.view.size(image).filter(|_| asks)?;
    let about = desk.view.objects(image).iter().any(|object| has_any(job.asked, &[&object.label]));
    if about {
        return None;
    }
    Some(super::compute::computed(desk, &format!("{width} * {height}")))
}

/// "Which covers more of the picture, yellow or red?", "which picture is mostly green?"
pub(super) fn shares_of(desk: &mut Desk<'_>, job: &Job<'_>) -> Option<Result<String, Stop>> {
    let all = words(job.asked);
    let mut named: Vec<&str> = Vec::new();
    for word in &all {
        let color = COLORS.iter().find(|color| *color == word);
        named.extend(color.filter(|color| !named.contains(*color)));
    }
    let compares = has_any(
        job.asked,
        &[
            "more",
            "less",
            "larger",
            "bigger",
            "smaller",
            "most",
            "mostly",
            "mainly",
            "least",
            "dominates",
            "which picture",
            "which image",
            "percent",
            "share",
            "how much",
        ],
    );
    let images = desk.images(job.asked);
    let choice = named.len() > 1
        || (named.len() == 1 && (images.len() > 1 || has_any(job.asked, &["percent", "share", "how much"])));
    let plain = matches!(
        job.intent,
        Intent::Unknown | Intent::Color { .. } | Intent::Compare { .. } | Intent::Size { .. } | Intent::Presence { .. }
    );
    // "The red or the blue cup" is about cups.
    let objects = images.iter().flat_map(|image| desk.view.objects(image));
    let things = objects.into_iter().any(|object| all.iter().any(|word| labels::canonical(word) == object.label));
    if !(compares && choice && plain) || things || !desk.view.has_tool("colors") {
        return None;
    }
    let mut sentences = Vec::new();
    let mut waits = false;
    for image in images {
        match desk.ask("colors", json!({ "image": image })) {
            Ok(output) => {
                let colors = output.get("colors").and_then(Value::as_array).into_iter().flatten();
                let share = |name: &&str| {
                    let alike = |color: &&Value| {
                        color
                            .get("name")
                            .and_then(Value::as_str)
                            .is_some_and(|own| own == *name || own.ends_with(&format!(" {name}")))
                    };
                    let sum: f64 = colors
                        .clone()
                        .filter(alike)
                        .filter_map(|color| color.get("share").and_then(Value::as_f64))
                        .sum();
                    let said = desk.tongue.color(name);
                    format!("{said} {:.0} %", 100.0 * sum)
                };
                let told: Vec<String> = named.iter().map(share).collect();
                sentences.push(format!("{image}: {}.", desk.tongue.list(&told)));
            }
            Err(Stop::Wait) => waits = true,
            Err(stop) => return Some(Err(stop)),
        }
    }
    Some(if waits { Err(Stop::Wait) } else { Ok(sentences.join(" ")) })
}

/// Width and height in pixels, and the share of the image.
pub(super) struct Extent {
    pub(super) width: f64,
    pub(super) height: f64,
    pub(super) share: f64,
}

pub(super) fn extent(desk: &mut Desk<'_>, object: &Object) -> Result<Extent, Stop> {
    let output = desk.ask("measure", json!({ "image": image_of(object), "region": object.handle }))?;
    let number = |name: &str| output.pointer(&format!("/region/{name}")).and_then(Value::as_f64).unwrap_or(0.0);
    Ok(Extent { width: number("width"), height: number("height"), share: number("area_fraction") })
}

pub(super) fn color(desk: &mut Desk<'_>, job: &Job<'_>, of: Option<&str>, is: Option<&str>) -> Result<String, Stop> {
    let tongue = desk.tongue;
    let pronoun = of.is_none() && has_any(job.asked, &["it", "they"]) && desk.thing.is_some();
    let name = if pronoun { desk.thing.clone() } else { of.map(|of| desk.named(of)) };
    let mut sentences = Vec::new();
    let mut waits = false;
    for image in desk.images(job.asked) {
        let Some(name) = &name else {
            match desk.ask("colors", json!({ "image": image })) {
                Ok(output) => {
                    let colors: Vec<String> = shares(output, tongue);
                    sentences.push(tongue.say(
                        format!("The main colors of {image} are {}.", tongue.list(&colors)),
                        format!("{image}的主要颜色是{}。", tongue.list(&colors)),
                    ));
                }
                Err(Stop::Wait) => waits = true,
                Err(Stop::Say(said)) => sentences.push(said),
            }
            continue;
        };
        for name in names(name) {
            match colored(desk, job, &image, &name, is) {
                Ok(said) | Err(Stop::Say(said)) => sentences.push(said),
                Err(Stop::Wait) => waits = true,
            }
        }
    }
    sentences.dedup();
    if waits { Err(Stop::Wait) } else { Ok(sentences.join(&tongue.say(" ", ""))) }
}

/// The first colours of an output, each with its share.
fn shares(output: &Value, tongue: Tongue) -> Vec<String> {
    let colors = output.get("colors").and_then(Value::as_array).into_iter().flatten();
    let share = |name: &String| {
        let of_name = colors.clone().filter(|color| color.get("name").and_then(Value::as_str) == Some(name));
        let share: f64 = of_name.filter_map(|color| color.get("share").and_then(Value::as_f64)).sum();
        let name = tongue.color(name);
        tongue.say(format!("{name} ({:.0} %)", share * 100.0), format!("{name}（{:.0} %）", share * 100.0))
    };
    main_colors(output, 3).iter().map(share).collect()
}

fn colored(desk: &mut Desk<'_>, job: &Job<'_>, image: &str, name: &str, is: Option<&str>) -> Result<String, Stop> {
    let tongue = desk.tongue;
    let objects = match targets(desk, image, name, job.asked) {
        Ok(objects) => objects,
        // The sky is no object; the colours of the whole picture are all that can be told.
        Err(Stop::Say(said))
            if desk.view.has_tool("colors") && said == unknown_with_seen(desk, image, &pick(name).1) =>
        {
            let output = desk.ask("colors", json!({ "image": image }))?;
            let colors: Vec<String> = shares(output, tongue);
            let whole = tongue.say(
                format!("The main colors of {image} are {}.", tongue.list(&colors)),
                format!("{image}的主要颜色是{}。", tongue.list(&colors)),
            );
            return Ok(format!("{} {whole}", tongue.unknown_label(name)));
        }
        Err(stop) => return Err(stop),
    };
    let looks: Vec<Result<&Value, Stop>> =
        objects.iter().take(NAMED).map(|object| desk.ask("colors", colors_args(object))).collect();
    let mut sentences = Vec::new();
    for (object, look) in objects.iter().zip(looks) {
        let colors = main_colors(look?, 3);
        let Some(main) = colors.first() else { continue };
        let list: Vec<String> = colors.iter().skip(1).map(|name| tongue.color(name)).collect();
        let with = if list.is_empty() {
            String::new()
        } else {
            tongue.say(format!(", with {}", tongue.list(&list)), format!("，还有{}", tongue.list(&list)))
        };
        let said = tongue.say(
            format!("the {} ({}) is mainly {main}{with}.", object.label, object.handle),
            format!("{}（{}）主要是{}{with}。", tongue.the(&object.label), object.handle, tongue.color(main)),
        );
        sentences.push(match is {
            Some(is) => {
                let alike = |name: &String| {
                    name == is || name.ends_with(&format!(" {is}")) || (is == "grey" && name.contains("gray"))
                };
                let yes = colors.iter().take(2).any(alike);
                tongue.say(
                    format!("{}, {said}", if yes { "yes" } else { "no" }),
                    format!("{}，{said}", if yes { "是的" } else { "不是" }),
                )
            }
            None => said,
        });
    }
    Ok(sentences.iter().map(|said| crate::route::answer::capital(said)).collect::<Vec<_>>().join(" "))
}
