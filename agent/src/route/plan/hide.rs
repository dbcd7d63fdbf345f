//! Faces and codes: how many, what they say; and orders to hide things or to change what is behind the main object.

use serde_json::{Value, json};

use super::{
    desk::{Desk, Job, Stop},
    rare::{places_noun, says},
};
use crate::route::words::COLORS;

pub(super) fn hide(desk: &mut Desk<'_>, job: &Job<'_>) -> Option<Result<String, Stop>> {
    redact(desk, job).or_else(|| background(desk, job)).or_else(|| faces(desk, job)).or_else(|| codes(desk, job))
}

/// Verbs that hide, and the way in which they do.
const HIDING: [(&[&str], Option<&str>); 4] = [
    (&["blur", "模糊掉", "虚化"], Some("blur")),
    (&["pixelate", "pixelise", "pixelize", "打码", "马赛克"], Some("pixelate")),
    (&["black out", "blacken", "涂黑"], Some("black")),
    (&["redact", "anonymise", "anonymize", "censor", "hide", "obscure", "mask out", "遮住", "隐藏"], None),
];

/// "Blur the faces", "Redact all the text".
fn redact(desk: &mut Desk<'_>, job: &Job<'_>) -> Option<Result<String, Stop>> {
    let asked = job.asked;
    let (_, method) = HIDING.iter().find(|(verbs, _)| {
        verbs.iter().any(|verb| if verb.is_ascii() { asked.starts_with(verb) } else { asked.contains(verb) })
    })?;
    let kinds: [(&str, &[&str]); 3] = [
        ("faces", &["face", "faces", "脸", "人脸", "面部"]),
        ("codes", &["code", "codes", "qr code", "qr codes", "barcode", "barcodes", "二维码", "条形码"]),
        ("text", &["text", "texts", "writing", "words", "lettering", "文字"]),
    ];
    let (what, _) = kinds.iter().find(|(_, words)| says(asked, words))?;
    // What is to be hidden of a kind only ("the left face") is for the model.
    let some =
        says(asked, &["left", "right", "first", "second", "largest", "biggest", "except", "but", "only", "left-most"]);
    if some || !desk.view.has_tool("redact") {
        return None;
    }
    Some(desk.image(asked).and_then(|image| {
        let mut args = json!({ "image": image, "regions": [what] });
        if let Some(method) = method {
            args["method"] = json!(method);
        }
        let hidden = desk.ask("redact", args)?;
        let places = hidden.get("places").and_then(Value::as_u64).unwrap_or_default();
        let tongue = desk.tongue;
        let Some(handle) = hidden.get("image").and_then(Value::as_str) else {
            return Ok(tongue.say(format!("Nothing was hidden: no {what} found."), "没有找到要遮住的内容。".to_owned()));
        };
        desk.made = Some(handle.to_owned());
        let noun = places_noun(places);
        Ok(tongue.say(
            format!("The picture with the {what} hidden, {places} {noun}, is {handle}."),
            format!("遮住{places}处后的图片是{handle}。"),
        ))
    }))
}

/// "Blur the background", "Make the background white". Taking it away altogether is a cut-out.
fn background(desk: &mut Desk<'_>, job: &Job<'_>) -> Option<Result<String, Stop>> {
    let asked = job.asked;
    let verbs = ["blur", "make", "change", "replace", "turn", "give", "set", "put", "color", "colour", "fill", "paint"];
    let ordered = verbs.iter().any(|verb| asked.starts_with(verb)) || asked.contains('换') || asked.contains("虚化");
    if !ordered || !says(asked, &["background", "backdrop", "背景"]) || !desk.view.has_tool("background") {
        return None;
    }
    let color = COLORS.iter().find(|color| says(asked, &[color]));
    let to = match color {
        _ if says(asked, &["blur", "blurred", "blurry", "虚化", "模糊"]) => "blur",
        Some(color) => color,
        None => return None,
    };
    Some(desk.image(asked).and_then(|image| {
        let made = desk.ask("background", json!({ "image": image, "background": to }))?;
        let handle = made.get("image").and_then(Value::as_str).unwrap_or_default().to_owned();
        desk.made = Some(handle.clone());
        let now = if to == "blur" { "a blurred".to_owned() } else { format!("a {to}") };
        Ok(desk
            .tongue
            .say(format!("The picture with {now} background is {handle}."), format!("换了背景的图片是{handle}。")))
    }))
}

/// "How many faces are there?"
fn faces(desk: &mut Desk<'_>, job: &Job<'_>) -> Option<Result<String, Stop>> {
    let asked = job.asked;
    let counted = ["how many", "count", "is there", "are there", "any", "多少", "几张", "有没有"];
    let nouns = ["face", "faces", "human faces", "人脸", "张脸"];
    if !says(asked, &nouns) || !says(asked, &counted) || !desk.view.has_tool("faces") {
        return None;
    }
    let images = desk.images(asked);
    let several = images.len() > 1;
    let counts: Vec<Result<(String, u64), Stop>> = images
        .into_iter()
        .map(|image| {
            let found = desk.ask("faces", json!({ "image": image }))?;
            Ok((image, found.get("count").and_then(Value::as_u64).unwrap_or_default()))
        })
        .collect();
    let counts: Result<Vec<(String, u64)>, Stop> = counts.into_iter().collect();
    Some(counts.map(|counts| {
        let one = |(image, count): &(String, u64)| {
            let place = if several { format!(" in {image}") } else { String::new() };
            match count {
                0 => desk.tongue.say(format!("There are no faces{place}."), format!("{place}没有人脸。")),
                1 => desk.tongue.say(format!("There is 1 face{place}."), format!("{place}有1张人脸。")),
                _ => desk.tongue.say(format!("There are {count} faces{place}."), format!("{place}有{count}张人脸。")),
            }
        };
        counts.iter().map(one).collect::<Vec<_>>().join(" ")
    }))
}

/// "What does the QR code say?"
fn codes(desk: &mut Desk<'_>, job: &Job<'_>) -> Option<Result<String, Stop>> {
    let nouns = ["qr", "qr code", "qr codes", "qr-code", "barcode", "barcodes", "bar code", "二维码", "条形码", "条码"];
    if !says(job.asked, &nouns) || !desk.view.has_tool("read_code") {
        return None;
    }
    let images = desk.images(job.asked);
    let found: Vec<Result<&Value, Stop>> =
        images.iter().map(|image| desk.ask("read_code", json!({ "image": image }))).collect();
    let found: Result<Vec<&Value>, Stop> = found.into_iter().collect();
    Some(found.map(|found| {
        let codes = found.iter().filter_map(|one| one.get("codes")?.as_array()).flatten();
        let said: Vec<String> = codes
            .filter_map(|code| {
                let (format, text) = (code.get("format")?.as_str()?, code.get("text")?.as_str()?);
                Some(
                    desk.tongue
                        .say(format!("The {format} code says \"{text}\"."), format!("{format}码的内容是“{text}”。")),
                )
            })
            .collect();
        if said.is_empty() {
            return desk.tongue.say("No QR code or barcode can be read.", "没有能读出的二维码或条形码。");
        }
        said.join(" ")
    }))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed set-up fails the test")]
mod tests {
    use serde_json::{Value, json};

    use crate::route::plan::rare::tests::told;

    #[test]
    fn what_is_to_be_hidden_is_hidden() {
        let made = json!({ "image": "img-2", "places": 2, "hidden": [] });
        let (args, known) = told("Blur the faces.", 1, "redact", made.clone());
        assert_eq!(args, Some(json!({ "image": "img-1", "regions": ["faces"], "method": "blur" })));
        assert_eq!(known, ["The picture with the faces hidden, 2 places, is img-2"]);
        let (args, _) = told("Please redact all the text", 1, "redact", made);
        assert_eq!(args, Some(json!({ "image": "img-1", "regions": ["text"] })));
        let none = json!({ "places": 0, "hidden": [], "not_found": ["faces"] });
        assert_eq!(told("Pixelate every face", 1, "redact", none).1, ["Nothing was hidden: no faces found"]);
        assert_eq!(told("Blur only the left face", 1, "redact", Value::Null).0, None);
        assert_eq!(told("Is the face blurred?", 1, "redact", Value::Null).0, None);
    }

    #[test]
    fn a_background_is_changed() {
        let made = json!({ "image": "img-2", "background": "#ffffff" });
        let (args, known) = told("Make the background white.", 1, "background", made.clone());
        assert_eq!(args, Some(json!({ "image": "img-1", "background": "white" })));
        assert_eq!(known, ["The picture with a white background is img-2"]);
        assert_eq!(told("Blur the background", 1, "background", made.clone()).0.unwrap()["background"], "blur");
        assert_eq!(told("What colour is the background?", 1, "background", made).0, None);
    }

    #[test]
    fn faces_are_counted_and_codes_read() {
        let (args, known) = told("How many faces are there?", 1, "faces", json!({ "count": 3, "faces": [] }));
        assert_eq!((args, known), (Some(json!({ "image": "img-1" })), vec!["There are 3 faces".to_owned()]));
        let code = json!({ "codes": [{ "handle": "img-1/code-1", "format": "qr", "text": "HELLO" }] });
        let (_, known) = told("What does the QR code say?", 1, "read_code", code);
        assert_eq!(known, ["The qr code says \"HELLO\""]);
        let none = told("Read the barcode", 1, "read_code", json!({ "codes": [] }));
        assert_eq!(none.1, ["No QR code or barcode can be read"]);
    }
}
