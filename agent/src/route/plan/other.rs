//! Descriptions, talk, and what the rules do not know.

use serde_json::{Value, json};

use super::{
    desk::{Desk, Job, Stop},
    target::seen,
};
use crate::route::{answer::Tongue, words::has_any};

/// What is said where nothing is asked.
pub(super) fn nothing(tongue: Tongue) -> String {
    tongue.say(
        "Ask me something about a picture: to count, find, read, measure or edit what is in it.",
        "请问我关于图片的问题：数数、查找、读字、测量或编辑。",
    )
}

pub(super) fn chat(tongue: Tongue, asked: &str) -> String {
    if has_any(asked, &["thanks", "thank you", "cool", "great"]) || asked.contains('谢') {
        return tongue.say("You are welcome.", "不客气。");
    }
    if has_any(asked, &["bye", "goodbye", "good night"]) || asked.contains("再见") {
        return tongue.say("Goodbye.", "再见。");
    }
    let what = tongue.say(
        "I count, find, read, measure and edit what is in pictures, by rules and local tools, without a language model.",
        "我用规则和本地工具在图片中数数、查找、读字、测量和编辑，不使用语言模型。",
    );
    if has_any(asked, &["who", "what", "help", "name", "are you"])
        || ["谁", "什么"].iter().any(|word| asked.contains(word))
    {
        return tongue.say(format!("I am Argus. {what}"), format!("我是Argus。{what}"));
    }
    tongue.say(format!("Hello. {what}"), format!("你好。{what}"))
}

pub(super) fn describe(desk: &mut Desk<'_>, job: &Job<'_>) -> Result<String, Stop> {
    let images = if desk.speaks_of_made(job.asked) { vec![desk.image(job.asked)?] } else { desk.images(job.asked) };
    let looks: Vec<Result<String, Stop>> = images.iter().map(|image| caption(desk, image)).collect();
    let several = images.len() > 1;
    let mut sentences = Vec::new();
    for (image, look) in images.iter().zip(looks) {
        let said = look?;
        sentences.push(if several { format!("{image}: {said}") } else { said });
    }
    Ok(sentences.join(" "))
}

/// A caption; without that tool, what was found and read.
fn caption(desk: &mut Desk<'_>, image: &str) -> Result<String, Stop> {
    let tongue = desk.tongue;
    if desk.view.has_tool("caption") {
        let output = desk.ask("caption", json!({ "image": image }))?;
        if let Some(caption) = output.get("caption").and_then(Value::as_str).filter(|caption| !caption.is_empty()) {
            return Ok(caption.to_owned());
        }
    }
    let mut waits = false;
    for (tool, known) in [("detect", desk.view.looked(image)), ("read_text", desk.view.lines(image).is_some())] {
        if !known && desk.view.has_tool(tool) {
            waits |= desk.ask(tool, json!({ "image": image })) == Err(Stop::Wait);
        }
    }
    if waits {
        return Err(Stop::Wait);
    }
    let objects = seen(desk, image);
    let text = desk.view.text(image).unwrap_or_default().trim().to_owned();
    let objects = if objects.is_empty() {
        tongue.say("No known object was found.", "没有检测到已知物体。")
    } else {
        tongue.say(format!("I see {}.", tongue.list(&objects)), format!("图中有{}。", tongue.list(&objects)))
    };
    let text: String = text.replace('\n', " / ").chars().take(300).collect();
    Ok(if text.is_empty() {
        objects
    } else {
        tongue.say(format!("{objects} Text: {text}"), format!("{objects}文字：{text}"))
    })
}

/// What is known, and that it is no answer.
pub(super) fn unknown(desk: &mut Desk<'_>, job: &Job<'_>) -> Result<String, Stop> {
    let tongue = desk.tongue;
    let shown = describe(desk, job)?;
    Ok(tongue.say(
        format!("I cannot tell that without a language model. What I can see: {shown}"),
        format!("没有语言模型，无法回答这个问题。看到的是：{shown}"),
    ))
}
