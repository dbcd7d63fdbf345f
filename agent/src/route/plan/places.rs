//! Where things are.

use serde_json::{Value, json};

use super::{
    desk::{Desk, Job, Stop},
    target::{Sight, look, prominent, targets, unknown_with_seen},
};
use crate::route::{
    intent::names,
    regions::{Side, lies, pick},
    view::{Object, matching},
    words::has_any,
};

/// Objects that are named one by one.
pub(super) const NAMED: usize = 6;

/// The most prominent object of a name in one of the images.
pub(super) fn single(desk: &mut Desk<'_>, images: &[String], name: &str) -> Result<Object, Stop> {
    let mut last = Stop::Wait;
    for image in images {
        match targets(desk, image, name, name) {
            Ok(objects) => {
                if let Some(object) = prominent(&objects) {
                    return Ok(object.clone());
                }
            }
            Err(Stop::Wait) => return Err(Stop::Wait),
            Err(said) => last = said,
        }
    }
    Err(last)
}

pub(super) fn image_of(object: &Object) -> String {
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
