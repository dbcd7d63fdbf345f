//! Questions and orders for tools of rare needs: whether a picture is sharp, what changed between two, a line drawing; faces,
//! codes and hiding are in `hide`.

use serde_json::{Value, json};

use super::{
    desk::{Desk, Job, Stop},
    hide::hide,
};
use crate::route::words::has_any;

/// What a rare tool tells of a part, if the part surely asks for it and the tool is there.
pub(super) fn rare(desk: &mut Desk<'_>, job: &Job<'_>) -> Option<Result<String, Stop>> {
    hide(desk, job).or_else(|| quality(desk, job)).or_else(|| changes(desk, job)).or_else(|| drawing(desk, job))
}

/// A quality that may be asked about: the words for it, whether they name the fault, the tool's word for the fault, and how
/// the two answers are said.
struct Trait {
    words: &'static [&'static str],
    fault: &'static str,
    names_fault: bool,
    faulty: (&'static str, &'static str),
    fine: (&'static str, &'static str),
}

const BLURRED: (&str, &str) = ("is blurred", "是模糊的");
const SHARP: (&str, &str) = ("is sharp", "是清晰的");
const DARK: (&str, &str) = ("is too dark", "太暗");
const NOT_DARK: (&str, &str) = ("is not too dark", "不太暗");
const BRIGHT: (&str, &str) = ("is too bright", "太亮");
const NOT_BRIGHT: (&str, &str) = ("is not too bright", "不太亮");
const NOISY: (&str, &str) = ("is noisy", "噪点多");
const CLEAN: (&str, &str) = ("has little noise", "噪点少");

const TRAITS: [Trait; 5] = [
    Trait {
        words: &["blurred", "blurry", "out of focus", "unsharp", "模糊"],
        fault: "blurred",
        names_fault: true,
        faulty: BLURRED,
        fine: SHARP,
    },
    Trait {
        words: &["sharp", "in focus", "清晰"], fault: "blurred", names_fault: false, faulty: BLURRED, fine: SHARP
    },
    Trait {
        words: &["too dark", "underexposed", "under-exposed", "太暗"],
        fault: "too dark",
        names_fault: true,
        faulty: DARK,
        fine: NOT_DARK,
    },
    Trait {
        words: &["too bright", "overexposed", "over-exposed", "太亮"],
        fault: "too bright",
        names_fault: true,
        faulty: BRIGHT,
        fine: NOT_BRIGHT,
    },
    Trait { words: &["noisy", "grainy", "噪点"], fault: "noisy", names_fault: true, faulty: NOISY, fine: CLEAN },
];

fn quality(desk: &mut Desk<'_>, job: &Job<'_>) -> Option<Result<String, Stop>> {
    let asked = job.asked;
    let question =
        ["is ", "are ", "does ", "how ", "check ", "tell ", "judge "].iter().any(|word| asked.starts_with(word))
            || ["吗", "是否", "是不是"].iter().any(|word| asked.contains(word));
    let found = TRAITS.iter().find(|one| says(asked, one.words)).filter(|_| question)?;
    if !desk.view.has_tool("quality") {
        return None;
    }
    let images = desk.images(asked);
    let several = images.len() > 1;
    let mut sentences = Vec::new();
    for image in images {
        // All of them are asked at once.
        sentences.push(
            desk.ask("quality", json!({ "image": image })).map(|judged| verdict(desk, found, judged, &image, several)),
        );
    }
    let told: Result<Vec<String>, Stop> = sentences.into_iter().collect();
    Some(told.map(|sentences| sentences.join(" ")))
}

fn verdict(desk: &Desk<'_>, one: &Trait, judged: &Value, image: &str, several: bool) -> String {
    let problems = judged.get("problems").and_then(Value::as_array);
    let faulty = problems.into_iter().flatten().any(|problem| problem == one.fault);
    let (english, chinese) = if faulty { one.faulty } else { one.fine };
    let (yes, yes_zh) = if faulty == one.names_fault { ("Yes", "是的") } else { ("No", "不是") };
    let figure = |name: &str| judged.get(name).and_then(Value::as_f64).unwrap_or_default();
    let (measure, measure_zh) = match one.fault {
        "blurred" => (
            format!("its sharpness is {:.0}, and below 100 is blurred", figure("sharpness")),
            format!("清晰度为{:.0}，低于100为模糊", figure("sharpness")),
        ),
        "noisy" => (format!("its noise is {:.1} of 255", figure("noise")), format!("噪声为{:.1}", figure("noise"))),
        _ => (
            format!("its mean brightness is {:.2}", figure("brightness")),
            format!("平均亮度为{:.2}", figure("brightness")),
        ),
    };
    let (subject, subject_zh) = if several { (image, image) } else { ("the picture", "图片") };
    desk.tongue.say(
        format!("{yes}, {subject} {english}: {measure}."),
        format!("{yes_zh}，{subject_zh}{chinese}：{measure_zh}。"),
    )
}

/// What differs between two pictures.
fn changes(desk: &mut Desk<'_>, job: &Job<'_>) -> Option<Result<String, Stop>> {
    const WORDS: [&str; 17] = [
        "what changed",
        "what has changed",
        "what is different",
        "what differs",
        "differences between",
        "difference between the two",
        "difference between these",
        "difference between the pictures",
        "difference between the images",
        "difference between the photos",
        "spot the difference",
        "spot the differences",
        "same picture",
        "same image",
        "same photo",
        "identical",
        "有什么不同",
    ];
    let [first, second] = desk.images(job.asked).try_into().ok()?;
    if !desk.view.has_tool("compare") || !says(job.asked, &WORDS) {
        return None;
    }
    let compared = match desk.ask("compare", json!({ "image": first, "other": second })) {
        Ok(compared) => compared,
        Err(stop) => return Some(Err(stop)),
    };
    let number = |name: &str| compared.get(name).and_then(Value::as_f64).unwrap_or_default();
    let handles: Vec<String> = compared
        .get("regions")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(|region| region.get("handle")?.as_str().map(str::to_owned))
        .collect();
    let areas = handles.len() as u64 + number("more") as u64;
    let share = number("changed") * 100.0;
    Some(Ok(if compared.get("same").and_then(Value::as_bool).unwrap_or_default() {
        desk.tongue.say("Yes, the two pictures are the same: no pixel differs.", "两张图片相同：没有像素不同。")
    } else if number("hash_distance") <= 10.0 && areas > 0 {
        let list = desk.tongue.list(&handles);
        desk.tongue.say(
            format!("The two pictures differ in {areas} {}, {list}: {share:.1} % of the pixels.", places_noun(areas)),
            format!("两张图片有{areas}处不同：{list}，占像素的{share:.1}%。"),
        )
    } else {
        let alike = number("similarity");
        desk.tongue.say(
            format!("No, they are different pictures: their similarity is {alike:.2} of 1."),
            format!("不是，这是不同的图片：相似度为{alike:.2}（最高为1）。"),
        )
    }))
}

/// The noun for so many of them.
pub(super) fn places_noun(count: u64) -> &'static str {
    if count == 1 { "place" } else { "places" }
}

/// A sketch or the edges of a picture.
fn drawing(desk: &mut Desk<'_>, job: &Job<'_>) -> Option<Result<String, Stop>> {
    const VERBS: [&str; 11] =
        ["make", "draw", "turn", "convert", "show", "create", "give", "extract", "find", "detect", "trace"];
    let asked = job.asked;
    let ordered = VERBS.iter().any(|verb| asked.starts_with(verb))
        || ["画", "提取", "转成"].iter().any(|word| asked.contains(word));
    let ink = says(asked, &["sketch", "pencil drawing", "ink drawing", "素描"]);
    let lines = says(asked, &["edges", "edge map", "outlines", "line drawing", "contours", "边缘", "轮廓", "线稿"]);
    if !ordered || !(ink || lines) || !desk.view.has_tool("edges") {
        return None;
    }
    Some(desk.image(asked).and_then(|image| {
        let method = if ink { "ink" } else { "canny" };
        let made = desk.ask("edges", json!({ "image": image, "method": method }))?;
        let handle = made.get("image").and_then(Value::as_str).unwrap_or_default().to_owned();
        desk.made = Some(handle.clone());
        Ok(desk.tongue.say(format!("The drawing is {handle}."), format!("线稿是{handle}。")))
    }))
}

/// Whether a part has one of these words; Chinese ones stand anywhere.
pub(super) fn says(asked: &str, words: &[&str]) -> bool {
    has_any(asked, words) || words.iter().any(|word| !word.is_ascii() && asked.contains(word))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed set-up fails the test")]
pub(super) mod tests {
    use super::*;
    use crate::{
        route::{RouteView, advise},
        run::{CallRecord, ImageFact, Step},
    };

    /// What the rules call, and what they know once the call reported.
    pub(in crate::route::plan) fn told(
        task: &str,
        images: usize,
        tool: &str,
        observation: Value,
    ) -> (Option<Value>, Vec<String>) {
        let images: Vec<ImageFact> =
            (1..=images).map(|n| ImageFact { handle: format!("img-{n}"), width: 80, height: 60 }).collect();
        let handles: Vec<String> = images.iter().map(|image| image.handle.clone()).collect();
        let tools =
            ["detect", "quality", "compare", "edges", "redact", "background", "faces", "read_code"].map(str::to_owned);
        let view = RouteView { task, images: &images, cards: &[], steps: &[], handles: &handles, tools: &tools };
        let first = advise(&view);
        let Some(call) = first.calls.into_iter().find(|call| call.tool == tool) else { return (None, Vec::new()) };
        let record =
            CallRecord { tool: call.tool, args: call.args.clone(), ms: 1.0, ok: true, observation, models: Vec::new() };
        let steps = [Step { thought: String::new(), calls: vec![record], ms: 1.0 }];
        let advice = advise(&RouteView { steps: &steps, ..view });
        assert!(advice.complete, "{task}: {advice:?}");
        (Some(call.args), advice.known.into_iter().map(|known| known.text).collect())
    }

    #[test]
    fn a_picture_is_judged() {
        let blurred = json!({ "sharpness": 34.1, "brightness": 0.5, "noise": 2.0, "problems": ["blurred"] });
        let (args, known) = told("Is this photo sharp enough to print?", 1, "quality", blurred.clone());
        assert_eq!(args, Some(json!({ "image": "img-1" })));
        assert_eq!(known, ["No, the picture is blurred: its sharpness is 34, and below 100 is blurred"]);
        assert!(told("Is it blurry?", 1, "quality", blurred.clone()).1[0].starts_with("Yes, the picture is blurred"));
        assert!(
            told("Is it too dark?", 1, "quality", blurred.clone()).1[0].starts_with("No, the picture is not too dark")
        );
        assert!(told("图片模糊吗？", 1, "quality", blurred).1[0].starts_with("是的，图片是模糊的"));
    }

    #[test]
    fn two_pictures_are_compared() {
        let changed = json!({
            "same": false, "similarity": 0.97, "hash_distance": 2, "changed": 0.031,
            "regions": [{ "handle": "img-1/change-1" }, { "handle": "img-1/change-2" }], "more": 0
        });
        let (args, known) = told("What changed between the two pictures?", 2, "compare", changed);
        assert_eq!(args, Some(json!({ "image": "img-1", "other": "img-2" })));
        assert_eq!(
            known,
            ["The two pictures differ in 2 places, img-1/change-1 and img-1/change-2: 3.1 % of the pixels"]
        );
        let other = json!({ "same": false, "similarity": 0.12, "hash_distance": 31, "changed": 0.9, "regions": [] });
        assert!(told("Are these the same picture?", 2, "compare", other).1[0].starts_with("No, they are different"));
    }

    #[test]
    fn a_sketch_is_drawn() {
        let (args, known) = told("Make a sketch of this photo.", 1, "edges", json!({ "image": "img-2", "drawn": 0.2 }));
        assert_eq!(args, Some(json!({ "image": "img-1", "method": "ink" })));
        assert_eq!(known, ["The drawing is img-2"]);
        assert_eq!(told("Show the edges of it", 1, "edges", json!({ "image": "img-2" })).0.unwrap()["method"], "canny");
    }

    #[test]
    fn other_questions_are_left_alone() {
        for task in ["Blur the faces.", "What is the difference between the totals?", "How many cups are there?"] {
            for tool in ["quality", "compare", "edges"] {
                assert_eq!(told(task, 2, tool, json!({})).0, None, "{task}");
            }
        }
    }
}
