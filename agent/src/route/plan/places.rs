//! Where things are, how large, of which colour, and how two compare.

use serde_json::{Value, json};

use super::{
    desk::{Desk, Job, Stop},
    target::{Sight, look, prominent, targets, unknown_with_seen},
    things::{colors_args, main_colors},
};
use crate::route::{
    intent::{By, names},
    regions::{Side, lies, pick},
    view::{Object, matching},
    words::has_any,
};

/// Objects that are named one by one.
const NAMED: usize = 6;

/// The most prominent object of a name in one of the images.
fn single(desk: &mut Desk<'_>, images: &[String], name: &str) -> Result<Object, Stop> {
    let mut last = Stop::Wait;
    for image in images {
        match targets(desk, image, name, name) {
            Ok(objects) => match prominent(&objects) {
                Some(object) => return Ok(object.clone()),
                None => continue,
            },
            Err(Stop::Wait) => return Err(Stop::Wait),
            Err(said) => last = said,
        }
    }
    Err(last)
}

fn image_of(object: &Object) -> String {
    object.handle.split('/').next().unwrap_or_default().to_owned()
}

pub(super) fn position(
    desk: &mut Desk<'_>,
    job: &Job<'_>,
    a: &str,
    b: Option<&str>,
    relation: Option<&str>,
) -> Result<String, Stop> {
    let tongue = desk.tongue;
    let images = desk.images(job.asked);
    let Some(b) = b else {
        let a = desk.named(a);
        return match relation {
            Some(side) => on_side(desk, &images, &a, side, job.asked),
            None => located(desk, &images, &a, job.asked),
        };
    };
    let b = desk.named(b);
    if a.is_empty()
        || (relation.is_some() && has_any(job.asked, &["what", "which", "who"]) && relation != Some("distance"))
    {
        return beside(desk, &images, a, &b, relation.unwrap_or("near"));
    }
    let (first, second) = (single(desk, &images, a), single(desk, &images, &b));
    let (first, second) = (first?, second?);
    if image_of(&first) != image_of(&second) {
        return Ok(tongue.say(
            format!("{} and {} are in different pictures.", first.handle, second.handle),
            format!("{}和{}不在同一张图片中。", first.handle, second.handle),
        ));
    }
    let output =
        desk.ask("measure", json!({ "image": image_of(&first), "region": first.handle, "other": second.handle }))?;
    let word = |name: &str| output.pointer(&format!("/relation/{name}")).cloned().unwrap_or(Value::Null);
    let direction = word("direction").as_str().unwrap_or_default().to_owned();
    let gap = word("gap").as_f64().unwrap_or(0.0);
    let distance = word("center_distance").as_f64().unwrap_or(0.0);
    let covered = word("covered").as_f64().unwrap_or(0.0);
    let (x, y) = (first.handle.clone(), second.handle.clone());
    let states = tongue.say(described(&x, &y, &direction), described_in_chinese(&x, &y, &direction));
    let apart = tongue.say(
        format!("Their centers are {distance:.0} pixels apart, with a gap of {gap:.0} pixels."),
        format!("两者中心相距{distance:.0}像素，间隙{gap:.0}像素。"),
    );
    let yes = match relation {
        Some("left" | "right" | "above" | "below") => relation.map(|relation| direction.contains(relation)),
        Some("inside") => Some(covered > 0.9),
        Some("overlap") => Some(gap == 0.0),
        Some("near") => return Ok(format!("{states} {apart}")),
        Some("distance") => return Ok(apart),
        _ => None,
    };
    Ok(match yes {
        Some(true) if matches!(relation, Some("inside")) => {
            tongue.say(format!("Yes, {x} lies inside {y}."), format!("是的，{x}在{y}里面。"))
        }
        Some(true) if matches!(relation, Some("overlap")) => tongue.say(
            format!("Yes, the boxes of {x} and {y} touch or overlap."),
            format!("是的，{x}和{y}的方框相接或重叠。"),
        ),
        Some(true) => tongue.say(format!("Yes, {states}"), format!("是的，{states}")),
        Some(false) => tongue.say(format!("No, {states}"), format!("不是，{states}")),
        None => format!("{states} {apart}"),
    })
}

fn described(a: &str, b: &str, direction: &str) -> String {
    match direction {
        "" | "same place" => format!("{a} and {b} are at about the same place."),
        words => format!("{a} is {} {b}.", words.replace("left", "left of").replace("right", "right of")),
    }
}

fn described_in_chinese(a: &str, b: &str, direction: &str) -> String {
    let side = match direction {
        "" | "same place" => return format!("{a}和{b}大致在同一位置。"),
        words => words
            .replace("left", "左边")
            .replace("right", "右边")
            .replace("above", "上方")
            .replace("below", "下方")
            .replace(" and ", ""),
    };
    format!("{a}在{b}的{side}。")
}

/// Where the objects of a name are.
fn located(desk: &mut Desk<'_>, images: &[String], name: &str, asked: &str) -> Result<String, Stop> {
    let tongue = desk.tongue;
    let mut sentences = Vec::new();
    let mut waits = false;
    for image in images {
        for name in names(name) {
            // Without a word that picks one, all of them are told.
            let found = if pick(&name).0.is_some() || name.contains("img-") {
                targets(desk, image, &name, &name)
            } else {
                look(desk, image, &name).and_then(|sight| told(desk, image, &name, sight))
            };
            match found {
                Ok(objects) => {
                    let size = desk.view.size(image).unwrap_or((1.0, 1.0));
                    let boxed = has_any(asked, &["box", "boxes", "coordinates", "bounding box"]);
                    for object in objects.iter().take(NAMED) {
                        let place = tongue.place(&object.bbox, size);
                        let handle = &object.handle;
                        let corners = <[f64; 4]>::from(object.bbox).map(|corner| corner.to_string()).join(", ");
                        let corners = if boxed { format!(" [{corners}]") } else { String::new() };
                        sentences.push(tongue.say(
                            format!("The {} ({handle}) is {place}{corners}.", object.label),
                            format!("{}（{handle}）在图片{place}{corners}。", tongue.the(&object.label)),
                        ));
                    }
                    let more = objects.len().saturating_sub(NAMED);
                    if more > 0 {
                        sentences.push(tongue.say("There are more of them.", "还有更多。"));
                    }
                }
                Err(Stop::Wait) => waits = true,
                Err(Stop::Say(said)) => sentences.push(said),
            }
        }
    }
    sentences.dedup();
    if waits { Err(Stop::Wait) } else { Ok(sentences.join(&tongue.say(" ", ""))) }
}

/// The objects of a look, or why there are none.
fn told(desk: &Desk<'_>, image: &str, name: &str, sight: Sight) -> Result<Vec<Object>, Stop> {
    if !sight.known {
        return Err(Stop::Say(unknown_with_seen(desk, image, name)));
    }
    if sight.objects.is_empty() { Err(Stop::Say(desk.tongue.present(&sight.name, 0))) } else { Ok(sight.objects) }
}

/// "Is the dog on the left?"
fn on_side(desk: &mut Desk<'_>, images: &[String], name: &str, side: &str, asked: &str) -> Result<String, Stop> {
    let tongue = desk.tongue;
    let object = single(desk, images, name)?;
    let image = image_of(&object);
    let wanted = match side {
        "left" => Side::Left,
        "right" => Side::Right,
        "top" => Side::Top,
        "bottom" => Side::Bottom,
        "middle" => Side::Middle,
        _ => return located(desk, images, name, asked),
    };
    let size = desk.view.size(&image).unwrap_or((1.0, 1.0));
    let yes = lies(&object, wanted, size);
    let in_half = |side, english: &str, chinese: &str| lies(&object, side, size).then(|| tongue.say(english, chinese));
    let place = match wanted {
        Side::Left | Side::Right => {
            in_half(Side::Left, "in the left half", "左半边").or(in_half(Side::Right, "in the right half", "右半边"))
        }
        Side::Top | Side::Bottom => {
            in_half(Side::Top, "in the upper half", "上半边").or(in_half(Side::Bottom, "in the lower half", "下半边"))
        }
        Side::Middle => None,
    };
    let place = place.unwrap_or_else(|| tongue.place(&object.bbox, size));
    Ok(tongue.say(
        format!("{}, the {} ({}) is {place}.", if yes { "Yes" } else { "No" }, object.label, object.handle),
        format!(
            "{}，{}（{}）在图片{place}。",
            if yes { "是的" } else { "不是" },
            tongue.the(&object.label),
            object.handle
        ),
    ))
}

/// What lies beside a thing, by the centres of the boxes.
fn beside(desk: &mut Desk<'_>, images: &[String], kind: &str, of: &str, relation: &str) -> Result<String, Stop> {
    let tongue = desk.tongue;
    for image in images {
        if !desk.view.looked(image) {
            desk.ask("detect", json!({ "image": image }))?;
        }
    }
    let anchor = single(desk, images, of)?;
    let others: Vec<Object> =
        desk.view.objects(&image_of(&anchor)).into_iter().filter(|object| object.handle != anchor.handle).collect();
    let others = if kind.is_empty() { others } else { matching(&others, &super::target::query(kind)) };
    let ((ax, ay), a) = (anchor.bbox.center(), anchor.bbox);
    let distance = |object: &Object| (object.bbox.center().0 - ax).hypot(object.bbox.center().1 - ay);
    let mut found: Vec<Object> = others
        .into_iter()
        .filter(|object| {
            let (x, y) = object.bbox.center();
            match relation {
                "left" => x < a.x1,
                "right" => x > a.x2,
                "above" => y < a.y1,
                "below" => y > a.y2,
                "inside" | "overlap" => object.bbox.intersection(&a) > 0.0,
                _ => true,
            }
        })
        .collect();
    found.sort_by(|x, y| distance(x).total_cmp(&distance(y)));
    found.truncate(if relation == "near" { 1 } else { NAMED });
    let list: Vec<String> = found.iter().map(|object| object.handle.clone()).collect();
    let (english, chinese) = match relation {
        "left" => ("Left of", "左边"),
        "right" => ("Right of", "右边"),
        "above" => ("Above", "上方"),
        "below" => ("Below", "下方"),
        "inside" | "overlap" => ("Overlapping with", "里面"),
        _ => ("Nearest to", "旁边"),
    };
    let handle = &anchor.handle;
    if list.is_empty() {
        return Ok(tongue.say(
            format!("{english} {handle} nothing that the detector knows was found."),
            format!("{handle}的{chinese}没有检测到物体。"),
        ));
    }
    Ok(tongue.say(
        format!("{english} {handle}: {}.", tongue.list(&list)),
        format!("{handle}的{chinese}：{}。", tongue.list(&list)),
    ))
}

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

struct Extent {
    width: f64,
    height: f64,
    share: f64,
}

fn extent(desk: &mut Desk<'_>, object: &Object) -> Result<Extent, Stop> {
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
                    let colors: Vec<String> = main_colors(output, 3).iter().map(|name| tongue.color(name)).collect();
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
                Ok(said) => sentences.push(said),
                Err(Stop::Wait) => waits = true,
                Err(Stop::Say(said)) => sentences.push(said),
            }
        }
    }
    sentences.dedup();
    if waits { Err(Stop::Wait) } else { Ok(sentences.join(&tongue.say(" ", ""))) }
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
            let colors: Vec<String> = main_colors(output, 3).iter().map(|name| tongue.color(name)).collect();
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

pub(super) fn compare(desk: &mut Desk<'_>, job: &Job<'_>, (a, b): (&str, &str), by: By) -> Result<String, Stop> {
    let tongue = desk.tongue;
    let images = desk.images(job.asked);
    if by == By::Count {
        return compare_counts(desk, job, &images, a, b);
    }
    let (first, second) = (single(desk, &images, a), single(desk, &images, b));
    let (first, second) = (first?, second?);
    let (x, y) = (extent(desk, &first), extent(desk, &second));
    let (x, y) = (x?, y?);
    let value = |extent: &Extent| match by {
        By::Height => extent.height,
        By::Width => extent.width,
        _ => extent.width * extent.height,
    };
    let (word, chinese) = match by {
        By::Height => ("taller", "更高"),
        By::Width => ("wider", "更宽"),
        _ => ("larger", "更大"),
    };
    let (more, less, m, l) = if value(&x) >= value(&y) { (&first, &second, &x, &y) } else { (&second, &first, &y, &x) };
    let sizes = |extent: &Extent| format!("{:.0} x {:.0}", extent.width, extent.height);
    Ok(tongue.say(
        format!(
            "In the picture the {} ({}) is {word}: {} pixels, and the {} ({}) is {}.",
            more.label,
            more.handle,
            sizes(m),
            less.label,
            less.handle,
            sizes(l)
        ),
        format!(
            "在图片中{}（{}）{chinese}：{}像素，{}（{}）是{}像素。",
            tongue.the(&more.label),
            more.handle,
            sizes(m),
            tongue.the(&less.label),
            less.handle,
            sizes(l)
        ),
    ))
}

fn compare_counts(desk: &mut Desk<'_>, job: &Job<'_>, images: &[String], a: &str, b: &str) -> Result<String, Stop> {
    let tongue = desk.tongue;
    let mut counts = Vec::new();
    let looks: Vec<(usize, String, Result<Sight, Stop>)> = [a, b]
        .iter()
        .enumerate()
        .flat_map(|(at, name)| images.iter().map(move |image| (at, *name, image)))
        .map(|(at, name, image)| (at, name.to_owned(), look(desk, image, name)))
        .collect();
    for (at, name, look) in looks {
        let sight = look?;
        if !sight.known {
            return Ok(unknown_with_seen(desk, images.first().map_or("", String::as_str), &name));
        }
        if counts.len() <= at {
            counts.push((sight.name.clone(), 0));
        }
        if !sight.objects.is_empty() {
            counts[at].0.clone_from(&sight.name);
        }
        counts[at].1 += sight.objects.len();
    }
    let [(first, x), (second, y)] = counts.as_slice() else { return Err(Stop::Wait) };
    let both = [tongue.counted(first, *x), tongue.counted(second, *y)];
    let list = tongue.list(&both);
    if has_any(job.asked, &["how many more", "how many fewer", "difference"]) && x != y {
        let expression = format!("{} - {}", x.max(y), x.min(y));
        let output = desk.ask("calculate", json!({ "expression": expression }))?;
        let result = output.get("result").map(ToString::to_string).unwrap_or_default();
        return Ok(
            tongue.say(format!("The difference is {result}: there are {list}."), format!("相差{result}：有{list}。"))
        );
    }
    Ok(match x.cmp(y) {
        std::cmp::Ordering::Equal => {
            tongue.say(format!("There are equally many: {list}."), format!("一样多：有{list}。"))
        }
        order => {
            let more = order == std::cmp::Ordering::Greater;
            let asked_more = !has_any(job.asked, &["fewer", "less"]);
            let yes =
                if job.asked.starts_with("are there") { if more == asked_more { "Yes: " } else { "No: " } } else { "" };
            let there = if yes.is_empty() { "There" } else { "there" };
            let more = if more { first } else { second };
            tongue.say(format!("{yes}{there} are {list}."), format!("{}更多：有{list}。", tongue.the(more)))
        }
    })
}
