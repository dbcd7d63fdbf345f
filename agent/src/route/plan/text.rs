//! What the text says, and the facts in it.

use serde_json::{Value, json};

use super::{
    desk::{Desk, Job, Stop},
    target::targets,
};
use crate::route::{
    fields::{self, Field, TextLine, rows},
    words::{has_any, number_word, ordinal, words},
};

/// Characters of text that are repeated in an answer.
const SHOWN: usize = 1500;

/// The lines of an image, read if nobody read it yet.
pub(super) fn lines(desk: &mut Desk<'_>, image: &str) -> Result<Vec<TextLine>, Stop> {
    if let Some(lines) = desk.view.lines(image) {
        return Ok(lines);
    }
    let output = desk.ask("read_text", json!({ "image": image }))?;
    Ok(TextLine::of_output(output))
}

/// The images that a part is about: a picture that was made before, if it speaks of that.
fn images(desk: &Desk<'_>, asked: &str) -> Result<Vec<String>, Stop> {
    if desk.speaks_of_made(asked) { desk.image(asked).map(|image| vec![image]) } else { Ok(desk.images(asked)) }
}

pub(super) fn read(desk: &mut Desk<'_>, job: &Job<'_>, of: Option<&str>) -> Result<String, Stop> {
    let tongue = desk.tongue;
    let images = images(desk, job.asked)?;
    if let Some(of) = of {
        let of = desk.named(of);
        if let Some(image) = images.first() {
            match targets(desk, image, &of, job.asked) {
                Ok(objects) => return read_objects(desk, &objects),
                Err(Stop::Wait) => return Err(Stop::Wait),
                // What it is written on is not found; the text may be all the same.
                Err(Stop::Say(_)) => {}
            }
        }
    }
    let several = images.len() > 1;
    let looks: Vec<Result<Vec<TextLine>, Stop>> = images.iter().map(|image| lines(desk, image)).collect();
    let mut sentences = Vec::new();
    for (image, look) in images.iter().zip(looks) {
        let lines = look?;
        if let Some(line) = nth_line(&lines, job.asked) {
            sentences.push(tongue.say(format!("It reads {}.", quoted(&line)), format!("内容是{}。", quoted(&line))));
            continue;
        }
        let whole = desk
            .view
            .text(image)
            .map_or_else(|| rows(&lines).iter().map(fields::Row::text).collect::<Vec<_>>().join("\n"), str::to_owned);
        sentences.push(reads(desk, &whole, several.then_some(image.as_str())));
    }
    Ok(sentences.join("\n"))
}

fn reads(desk: &Desk<'_>, text: &str, image: Option<&str>) -> String {
    let tongue = desk.tongue;
    let place = image.map(|image| tongue.say(format!(" in {image}"), image)).unwrap_or_default();
    let text = text.trim();
    if text.is_empty() {
        return tongue.say(
            format!("No text can be read{place}; there is none that I can see."),
            format!("{place}没有可读的文字。"),
        );
    }
    if !text.contains('\n') && text.chars().count() <= 200 {
        return tongue
            .say(format!("The text{place} reads {}.", quoted(text)), format!("{place}文字是{}。", quoted(text)));
    }
    let shown: String = text.chars().take(SHOWN).collect();
    let cut = if shown.len() < text.len() {
        tongue.say("\n(The rest is left out.)", "\n（其余略。）")
    } else {
        String::new()
    };
    tongue.say(format!("The text{place} reads:\n{shown}{cut}"), format!("{place}文字如下：\n{shown}{cut}"))
}

/// In quotation marks, without any of its own.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace(['"', '“', '”'], "'"))
}

fn read_objects(desk: &mut Desk<'_>, objects: &[crate::route::view::Object]) -> Result<String, Stop> {
    let tongue = desk.tongue;
    let looks: Vec<Result<&Value, Stop>> = objects
        .iter()
        .take(4)
        .map(|object| {
            let image = object.handle.split('/').next().unwrap_or_default();
            desk.ask("read_text", json!({ "image": image, "region": object.handle }))
        })
        .collect();
    let mut sentences = Vec::new();
    for (object, look) in objects.iter().zip(looks) {
        let text = look?.get("text").and_then(Value::as_str).unwrap_or_default().trim();
        sentences.push(if text.is_empty() {
            tongue.say(
                format!("No text can be read on {}; I cannot tell whether there is any.", object.handle),
                format!("{}上没有可读的文字。", object.handle),
            )
        } else {
            tongue.say(
                format!("On {} it says {}.", object.handle, quoted(&text.replace('\n', " / "))),
                format!("{}上写着{}。", object.handle, quoted(&text.replace('\n', " / "))),
            )
        });
    }
    Ok(sentences.join(" "))
}

/// The line that a task names by its place: "the last line", "the sentence on the top".
fn nth_line(lines: &[TextLine], asked: &str) -> Option<String> {
    let all = words(asked);
    let line = all.iter().position(|word| matches!(word.as_str(), "line" | "sentence" | "row"))?;
    let rows = rows(lines);
    let nth = line.checked_sub(1).and_then(|at| ordinal(&all[at])).or_else(|| {
        let place = |names: &[&str]| all.iter().any(|word| names.contains(&word.as_str()));
        if place(&["top", "upper"]) { Some(0) } else { place(&["bottom", "lower"]).then_some(usize::MAX) }
    })?;
    let row = if nth == usize::MAX { rows.last() } else { rows.get(nth) };
    row.map(fields::Row::text)
}

pub(super) fn field(desk: &mut Desk<'_>, job: &Job<'_>, field: &Field) -> Result<String, Stop> {
    let tongue = desk.tongue;
    let images = images(desk, job.asked)?;
    let several = images.len() > 1;
    let looks: Vec<Result<Vec<TextLine>, Stop>> = images.iter().map(|image| lines(desk, image)).collect();
    let mut sentences = Vec::new();
    for (image, look) in images.iter().zip(looks) {
        let lines = look?;
        if let Some(said) = hours(desk, job, field, &lines).or_else(|| deadline(desk, job, field, &lines)) {
            sentences.push(said);
            continue;
        }
        let name = tongue.field(field);
        let place = if several { tongue.say(format!(" in {image}"), format!("{image}中")) } else { String::new() };
        sentences.push(match fields::field(&lines, field) {
            Some(found) if several_of(field).is_some() => {
                let (count, item) = several_of(field).unwrap_or((1, ""));
                let price = found.value.replace(',', "");
                let output = desk.ask("calculate", json!({ "expression": format!("{count} * {price}") }))?;
                let result = output.get("result").map(ToString::to_string).unwrap_or_default();
                tongue.say(
                    format!("{count} {item} cost {result} ({count} * {price})."),
                    format!("{count}{item}是 {result}。"),
                )
            }
            Some(found) => {
                if matches!(field, Field::Price(_)) {
                    desk.prices.push(found.value.replace(',', ""));
                }
                let value = if field.is_amount() { priced(&found) } else { found.value.clone() };
                tongue.say(
                    format!("The {name}{place} is {}.", value.trim_end_matches('.')),
                    format!("{place}{name}是 {value}。"),
                )
            }
            None if lines.is_empty() => tongue.say(
                format!("No text can be read in {image}, so I cannot tell the {name}."),
                format!("{image}中没有可读的文字，无法得知{name}。"),
            ),
            None => missing(desk, &lines, &name, &place, job.asked),
        });
    }
    if let Some(winner) = between(desk, job, field, &images) {
        sentences.push(winner);
    }
    Ok(sentences.join(" "))
}

/// Which of two pictures has the higher or lower amount: "which receipt has the lower total?"
fn between(desk: &mut Desk<'_>, job: &Job<'_>, field: &Field, images: &[String]) -> Option<String> {
    let [first, second] = images else { return None };
    let lower = has_any(job.asked, &["lower", "less", "cheaper", "smaller", "lowest", "cheapest"]);
    let higher = has_any(job.asked, &["higher", "more", "larger", "bigger", "highest", "dearer", "more expensive"]);
    let value = |image: &String| Some(fields::field(&desk.view.lines(image)?, field)?.value.replace(',', ""));
    let (a, b) = (value(first)?, value(second)?);
    let (x, y) = (a.parse::<f64>().ok()?, b.parse::<f64>().ok()?);
    desk.numbers = vec![a, b];
    if lower == higher || !field.is_amount() || (x - y).abs() < 1e-9 {
        return None;
    }
    let winner = if (x < y) == lower { first } else { second };
    let word = if lower { "lower" } else { "higher" };
    Some(desk.tongue.say(
        format!("The {word} one is in {winner}."),
        format!("{}的是{winner}。", if lower { "更低" } else { "更高" }),
    ))
}

/// The day until which something is due or valid.
fn deadline(desk: &Desk<'_>, job: &Job<'_>, field: &Field, lines: &[TextLine]) -> Option<String> {
    const DUE: [&str; 10] =
        ["due", "until", "by", "deadline", "expiry", "expires", "expire", "valid", "best before", "use by"];
    let asks = has_any(
        job.asked,
        &["due", "until when", "deadline", "expire", "expires", "expiry", "valid", "best before", "by when"],
    );
    if *field != Field::Date || !asks {
        return None;
    }
    let line = rows(lines).iter().map(fields::Row::text).find_map(|text| {
        let date = fields::date_in(&text)?.to_owned();
        has_any(&text.to_lowercase(), &DUE).then_some((date, text))
    });
    line.map(|(date, text)| {
        desk.tongue.say(format!("The date is {date} ({text})."), format!("日期是{date}（{text}）。"))
    })
}

/// One end of the hours that a text tells: "when does it close?"
fn hours(desk: &Desk<'_>, job: &Job<'_>, field: &Field, lines: &[TextLine]) -> Option<String> {
    let says = |english: &[&str], chinese: &[&str]| {
        has_any(job.asked, english) || chinese.iter().any(|word| job.asked.contains(word))
    };
    let closes = says(&["close", "closes", "closing", "end", "ends", "until", "till"], &["关", "结束", "下班"]);
    let opens = says(&["open", "opens", "opening", "start", "starts", "begin", "begins"], &["开", "开始", "上班"]);
    if *field != Field::Time || closes == opens {
        return None;
    }
    let (from, to) = rows(lines).iter().find_map(|row| fields::time_range(&row.text()))?;
    Some(if closes {
        desk.tongue.say(format!("It ends at {to}."), format!("{to}关。"))
    } else {
        desk.tongue.say(format!("It begins at {from}."), format!("{from}开。"))
    })
}

/// How many of an item a price is asked for, if it is more than one: "two lattes".
fn several_of(field: &Field) -> Option<(usize, &str)> {
    let Field::Price(item) = field else { return None };
    let (count, item) = item.split_once(' ')?;
    let count = number_word(count).or_else(|| count.parse().ok()).filter(|count| *count > 1)?;
    Some((count, item))
}

/// That no value was found, with the lines that bear on it.
fn missing(desk: &Desk<'_>, lines: &[TextLine], name: &str, place: &str, asked: &str) -> String {
    let tongue = desk.tongue;
    let texts: Vec<String> = rows(lines).iter().map(fields::Row::text).collect();
    let near: Vec<&str> = fields::lines_about(asked, &texts).into_iter().take(3).collect();
    let said = tongue
        .say(format!("I could not find the {name}{place} in the text."), format!("在{place}文字中没有找到{name}。"));
    if near.is_empty() {
        return said;
    }
    let near = near.join(" / ");
    format!("{said}{}", tongue.say(format!(" What comes near it: {near}"), format!("相关的文字：{near}")))
}

/// An amount with the currency that stands before it in its line.
fn priced(found: &fields::Found) -> String {
    let currency = fields::amounts_of(&found.line, &found.value);
    currency.map_or_else(|| found.value.clone(), |currency| format!("{currency} {}", found.value))
}
