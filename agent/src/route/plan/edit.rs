//! Orders that make a new picture.

use serde_json::{Value, json};

use super::{
    desk::{Desk, Job, Stop, handles},
    target::targets,
};
use crate::route::{
    answer::Tongue,
    fields::Field,
    intent::{Edit, names},
    view::Object,
    words::has_any,
};

/// Pictures that one order makes at most.
const PICTURES: usize = 6;

pub(super) fn edit(desk: &mut Desk<'_>, job: &Job<'_>, op: &Edit) -> Result<String, Stop> {
    let tongue = desk.tongue;
    match op {
        Edit::Crop { of } => crop(desk, job, of),
        Edit::CutOut { of } => cut_out(desk, job, of.as_deref()),
        Edit::Mark { of } => mark(desk, job, of.as_deref()),
        Edit::Rotate { degrees } => {
            let turn = whole(*degrees);
            transform(
                desk,
                job,
                json!({ "operation": "rotate", "degrees": turn }),
                &tongue.say("The rotated picture", "旋转后的图片"),
            )
        }
        Edit::Flip { vertical } => {
            let operation = if *vertical { "flip_vertical" } else { "flip_horizontal" };
            transform(desk, job, json!({ "operation": operation }), &tongue.say("The flipped picture", "翻转后的图片"))
        }
        Edit::Resize { width, height, scale } => {
            if width.is_none() && height.is_none() && scale.is_none() {
                return Ok(tongue.say(
                    "I cannot resize it without a size: give a width, a height or a factor.",
                    "无法缩放：请给出宽度、高度或倍数。",
                ));
            }
            let mut args = json!({ "operation": "resize" });
            if let Some(width) = width {
                args["width"] = json!(width);
            }
            if let Some(height) = height {
                args["height"] = json!(height);
            }
            if let Some(scale) = scale.filter(|_| width.is_none() && height.is_none()) {
                args["scale"] = whole((scale * 10_000.0).round() / 10_000.0);
            }
            transform(desk, job, args, &tongue.say("The resized picture", "缩放后的图片"))
        }
        Edit::Other { name } => Ok(tongue.say(
            format!("I have no tool that can do that ({name}), so it cannot be done."),
            format!("没有能“{name}”的工具，无法完成。"),
        )),
    }
}

/// A whole number without decimals: what is asked for is what is compared with calls of before.
fn whole(number: f64) -> Value {
    if number.fract() == 0.0 { json!(number as i64) } else { json!(number) }
}

/// The image that the order works on; a thing that is named is in a picture of the task.
fn image(desk: &Desk<'_>, asked: &str, named: bool) -> Result<String, Stop> {
    if named && !desk.speaks_of_made(asked) {
        let images = desk.images(asked);
        return images.first().cloned().ok_or(Stop::Wait);
    }
    desk.image(asked)
}

fn transform(desk: &mut Desk<'_>, job: &Job<'_>, mut args: Value, what: &str) -> Result<String, Stop> {
    let image = desk.image(job.asked)?;
    args["image"] = json!(image);
    let output = desk.ask("transform", args)?;
    made(desk, output, "image", what)
}

/// Names the picture that a call made, which later parts go on with.
fn made(desk: &mut Desk<'_>, output: &Value, key: &str, what: &str) -> Result<String, Stop> {
    let Some(handle) = output.get(key).and_then(Value::as_str) else {
        return Err(Stop::Say(desk.tongue.say(
            "No picture could be made: nothing stands out from the background.",
            "没有生成图片：没有突出的物体。",
        )));
    };
    desk.made = Some(handle.to_owned());
    Ok(desk.tongue.say(format!("{what} is {handle}."), format!("{what}是{handle}。")))
}

/// The objects of all names of an order.
fn objects(desk: &mut Desk<'_>, job: &Job<'_>, image: &str, of: &str) -> Result<Vec<Object>, Stop> {
    let mut found: Vec<Object> = Vec::new();
    for name in names(of) {
        let name = desk.named(&name);
        for object in targets(desk, image, &name, job.asked)? {
            if !found.contains(&object) {
                found.push(object);
            }
        }
    }
    found.truncate(PICTURES);
    Ok(found)
}

/// Halves and corners of a picture.
fn part(asked: &str, (width, height): (f32, f32)) -> Option<[f32; 4]> {
    let half = has_any(asked, &["half", "halves", "part", "side"]) || asked.contains("半");
    let corner = has_any(asked, &["corner", "quarter"]) || asked.contains('角');
    if !half && !corner {
        return None;
    }
    let says =
        |english: &[&str], chinese: &[&str]| has_any(asked, english) || chinese.iter().any(|word| asked.contains(word));
    let (left, right) = (says(&["left"], &["左"]), says(&["right"], &["右"]));
    let (top, bottom) = (says(&["top", "upper"], &["上"]), says(&["bottom", "lower"], &["下"]));
    if !(left || right || top || bottom) {
        return None;
    }
    let (x1, x2) = if left {
        (0.0, width / 2.0)
    } else if right {
        (width / 2.0, width)
    } else {
        (0.0, width)
    };
    let (y1, y2) = if top {
        (0.0, height / 2.0)
    } else if bottom {
        (height / 2.0, height)
    } else {
        (0.0, height)
    };
    Some([x1, y1, x2, y2])
}

fn crop(desk: &mut Desk<'_>, job: &Job<'_>, of: &str) -> Result<String, Stop> {
    let tongue = desk.tongue;
    // "Mark the dog and crop it" means the dog, not the marks.
    let thing = of.is_empty() && desk.thing.is_some() && !desk.images(job.asked).is_empty();
    let image = if thing { desk.images(job.asked).swap_remove(0) } else { image(desk, job.asked, !of.is_empty())? };
    if let Some(corners) = desk.view.size(&image).and_then(|size| part(job.asked, size)) {
        let output = desk
            .ask("crop", json!({ "image": image, "region": corners.map(|corner| whole(f64::from(corner.round()))) }))?;
        return made(desk, output, "image", &tongue.say("The part", "裁剪的部分"));
    }
    let region: Vec<String> = handles(job.asked).into_iter().filter(|handle| handle.contains('/')).collect();
    let regions: Vec<(String, String)> = if region.is_empty() {
        let name = if of.is_empty() { desk.thing.clone().unwrap_or_default() } else { of.to_owned() };
        if name.is_empty() {
            return Ok(tongue.say("I cannot crop without knowing what: name an object.", "无法裁剪：请说明裁剪什么。"));
        }
        if is_text(&name) {
            let lines = lines(desk, &image, &name)?;
            if lines.is_empty() {
                return Ok(no_text(desk, &name));
            }
            let regions: Vec<(String, String)> =
                lines.into_iter().take(PICTURES).map(|handle| (handle, String::new())).collect();
            return each(desk, &regions, cropped);
        }
        objects(desk, job, &image, &name)?.into_iter().map(|object| (object.handle, object.label)).collect()
    } else {
        region.into_iter().map(|handle| (handle, String::new())).collect()
    };
    each(desk, &regions, cropped)
}

fn cropped(desk: &mut Desk<'_>, handle: &str, what: &str) -> Result<String, Stop> {
    let image = handle.split('/').next().unwrap_or_default();
    let output = desk.ask("crop", json!({ "image": image, "region": handle }))?;
    made(desk, output, "image", what)
}

/// One picture a region; they are made one after the other.
fn each(
    desk: &mut Desk<'_>,
    regions: &[(String, String)],
    make: impl Fn(&mut Desk<'_>, &str, &str) -> Result<String, Stop>,
) -> Result<String, Stop> {
    let mut sentences = Vec::new();
    for (handle, label) in regions {
        let what = match desk.tongue {
            Tongue::English if label.is_empty() => handle.clone(),
            Tongue::English => format!("The {label} ({handle})"),
            Tongue::Chinese => format!("{}（{handle}）", desk.tongue.the(label)),
        };
        match make(desk, handle, &what) {
            Ok(said) | Err(Stop::Say(said)) => sentences.push(said),
            Err(Stop::Wait) => return Err(Stop::Wait),
        }
    }
    Ok(sentences.join(&desk.tongue.say(" ", "")))
}

fn cut_out(desk: &mut Desk<'_>, job: &Job<'_>, of: Option<&str>) -> Result<String, Stop> {
    let tongue = desk.tongue;
    let image = image(desk, job.asked, of.is_some())?;
    let Some(of) = of else {
        let output = desk.ask("segment", json!({ "image": image }))?;
        return made(desk, output, "cutout", &tongue.say("The picture without its background", "去除背景后的图片"));
    };
    let objects = objects(desk, job, &image, of)?;
    let regions: Vec<(String, String)> = objects.into_iter().map(|object| (object.handle, object.label)).collect();
    each(desk, &regions, |desk, handle, what| {
        let output =
            desk.ask("segment", json!({ "image": handle.split('/').next().unwrap_or_default(), "region": handle }))?;
        let what = desk.tongue.say(format!("{what}, cut out,"), format!("{what}的抠图"));
        made(desk, output, "cutout", &what)
    })
}

fn mark(desk: &mut Desk<'_>, job: &Job<'_>, of: Option<&str>) -> Result<String, Stop> {
    let tongue = desk.tongue;
    // "Is there a spoon? Draw a box around it."
    let pronoun = has_any(job.asked, &["it", "them", "each", "one"]) || job.asked.contains('它');
    let spoken = desk.thing.clone().filter(|_| of.is_none() && pronoun && !desk.speaks_of_made(job.asked));
    let of = of.or(spoken.as_deref());
    let image = image(desk, job.asked, of.is_some())?;
    let marked = tongue.say("The picture with the marks", "标记后的图片");
    let Some(of) = of else {
        if !desk.view.looked(&image) {
            desk.ask("detect", json!({ "image": image }))?;
        }
        let handles: Vec<String> = desk.view.objects(&image).into_iter().map(|object| object.handle).collect();
        if handles.is_empty() {
            return Ok(tongue.say("There is nothing to mark: no known object was found.", "没有可标记的物体。"));
        }
        let output = desk.ask("draw", json!({ "image": image, "regions": handles }))?;
        return made(desk, output, "image", &marked);
    };
    let text = is_text(of);
    let found = if text { Err(Stop::Say(String::new())) } else { objects(desk, job, &image, of) };
    let regions: Vec<String> = match found {
        Ok(objects) => objects.into_iter().map(|object| object.handle).collect(),
        Err(Stop::Wait) => return Err(Stop::Wait),
        Err(Stop::Say(said)) => {
            let lines = lines(desk, &image, of);
            match lines {
                Err(Stop::Wait) => return Err(Stop::Wait),
                Ok(lines) if !lines.is_empty() => lines,
                _ if said.is_empty() => return Ok(no_text(desk, of)),
                _ => return Ok(said),
            }
        }
    };
    let output = desk.ask("draw", json!({ "image": image, "regions": regions }))?;
    made(desk, output, "image", &marked)
}

/// Whether a name means text rather than an object.
fn is_text(of: &str) -> bool {
    has_any(of, &["text", "words", "line", "lines", "number"])
        || ["文字", "字"].iter().any(|word| of.contains(word))
        || Field::mentioned(of).is_some()
}

/// That no text of that name was found.
fn no_text(desk: &Desk<'_>, of: &str) -> String {
    desk.tongue.say(
        format!("I cannot do that: no such text was found ({of})."),
        format!("无法完成：没有找到这样的文字（{of}）。"),
    )
}

/// The handles of the lines of text that a name means.
fn lines(desk: &mut Desk<'_>, image: &str, of: &str) -> Result<Vec<String>, Stop> {
    let lines = super::text::lines(desk, image)?;
    let values: Vec<String> = match Field::mentioned(of) {
        Some(field) => crate::route::fields::field(&lines, &field).map(|found| found.value).into_iter().collect(),
        None if has_any(of, &["text", "words", "lines"]) || of.contains('字') => {
            return Ok(desk.view.line_handles(image, |_| true));
        }
        None => vec![of.to_owned()],
    };
    let fits = |text: &str| values.iter().any(|value| text.to_lowercase().contains(&value.to_lowercase()));
    Ok(desk.view.line_handles(image, fits))
}
