//! The router driven to the end: over fakes that see drawn-up scenes with the real tools that need no model, and over
//! observations shaped like the real tools' outputs.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a failed set-up fails the test")]

use std::sync::Arc;

use argus_tools::{
    image::ImageStore,
    onnx::NoModels,
    tool::{ToolCx, Toolbox},
    vision::{
        calculate::Calculate, colors::Colors, crop::Crop, draw::Draw, measure::Measure, toolbox, transform::Transform,
    },
};
use serde_json::{Value, json};

use super::*;
use crate::{
    fakes::Scene,
    run::{
        Call, CallRecord, CallResult, Card, ImageFact, Input, Limits, NoRunEvents, Run, RunEvents, RunSetup, Step,
        TaskFacts, build_card, card_tools,
        driver::{call_tools, handles},
    },
};

fn table() -> Scene {
    Scene {
        size: (640, 480),
        objects: vec![
            ("cup", [400.0, 100.0, 500.0, 220.0]),
            ("cup", [40.0, 120.0, 120.0, 200.0]),
            ("spoon", [200.0, 300.0, 300.0, 330.0]),
            ("dining table", [0.0, 200.0, 640.0, 480.0]),
        ],
        lines: vec!["BLUE BAY CAFE", "25/12/2018 08:13", "Latte 4.50", "Cake 6.00", "TOTAL 10.50"],
    }
}

/// The scene's detector and reader, and the real tools that need no model.
fn tools(scene: &Scene) -> Toolbox {
    scene.toolbox().with(Measure).with(Calculate).with(Colors).with(Crop).with(Draw).with(Transform)
}

struct Driven {
    answer: String,
    calls: Vec<Call>,
    rounds: usize,
}

/// Runs a task to its answer; the answer must be founded on what was observed.
async fn drive_with(scenes: &[&Scene], task: &str, cards: bool, toolbox: Toolbox) -> Driven {
    let cx = ToolCx::new(ImageStore::new(), Arc::new(NoModels));
    for scene in scenes {
        scene.enter(&cx);
    }
    let (limits, events): (Limits, Arc<dyn RunEvents>) =
        (Limits { max_steps: 40, ..Limits::default() }, Arc::new(NoRunEvents));
    let entries = cx.images.images();
    let images: Vec<ImageFact> = entries
        .iter()
        .map(|image| ImageFact { handle: image.handle.clone(), width: image.width(), height: image.height() })
        .collect();
    let mut made_cards: Vec<Card> = Vec::new();
    if cards {
        for entry in &entries {
            made_cards.push(build_card(entry, &card_tools(), &toolbox, &cx, &limits, &events).await);
        }
    }
    let specs: Vec<String> = toolbox.specs().map(|spec| spec.name.to_string()).collect();
    let facts = TaskFacts { text: task.into(), images: images.clone(), handles: handles(&cx), ..TaskFacts::default() };
    let mut run = Run::new(facts, limits.clone(), RunSetup::default());
    for record in made_cards.iter().flat_map(|card| &card.calls) {
        tell(&mut run, &record.tool, &record.args, result(record.ok, record.observation.clone()), handles(&cx));
    }
    let (mut steps, mut calls): (Vec<Step>, Vec<Call>) = (Vec::new(), Vec::new());
    for rounds in 0..30 {
        let known = handles(&cx);
        let view =
            RouteView { task, images: &images, cards: &made_cards, steps: &steps, handles: &known, tools: &specs };
        assert_eq!(decide(&view), decide(&view), "the same view gives the same move");
        match decide(&view) {
            Move::Answer(answer) => {
                assert_founded(run, &answer);
                return Driven { answer, calls, rounds };
            }
            Move::Calls(wanted) => {
                assert!(wanted.iter().all(|call| !calls.contains(call)), "a call is repeated: {wanted:?}");
                let results = call_tools(&wanted, 0, &toolbox, &cx, &limits, &events).await;
                calls.extend(wanted.clone());
                let records = wanted.iter().zip(&results).map(|(call, result)| CallRecord {
                    tool: call.tool.clone(),
                    args: call.args.clone(),
                    ms: 0.0,
                    ok: result.ok,
                    observation: if result.ok { result.value.clone() } else { Value::String(result.text.clone()) },
                    models: Vec::new(),
                });
                steps.push(Step { thought: String::new(), calls: records.collect(), ms: 0.0 });
                for (call, result) in wanted.iter().zip(results) {
                    tell(&mut run, &call.tool, &call.args, result, handles(&cx));
                }
            }
        }
    }
    panic!("no answer to {task}");
}

fn result(ok: bool, value: Value) -> CallResult {
    CallResult {
        ok,
        text: value.to_string(),
        value,
        repairable: false,
        made: vec!["img".into()],
        models: Vec::new(),
        ms: 0.0,
    }
}

fn reply(text: String) -> Input {
    Input::Reply { text, tool_calls: Vec::new(), usage: crate::chat::Usage::default(), estimated: 0, ms: 0.0 }
}

/// Tells the loop of a call, as if a model had made it.
fn tell(run: &mut Run, tool: &str, args: &Value, mut result: CallResult, handles: Vec<String>) {
    let text = json!({ "tool": tool, "args": args }).to_string();
    run.feed(reply(text)).unwrap();
    result.made = vec!["img".into()];
    run.feed(Input::Results { results: vec![result], handles }).unwrap();
}

fn assert_founded(mut run: Run, answer: &str) {
    let text = json!({ "answer": answer }).to_string();
    run.feed(reply(text)).unwrap();
    // An order that was refused made no picture, which the loop reminds of.
    let reason = run.last_repair().unwrap_or_default().to_owned();
    let wrong = !reason.is_empty() && !reason.contains("no picture was made");
    assert!(!wrong, "{answer}: {reason}");
}

async fn drive(task: &str) -> Driven {
    drive_with(&[&table()], task, true, tools(&table())).await
}

fn called(driven: &Driven) -> Vec<&str> {
    driven.calls.iter().map(|call| call.tool.as_str()).collect()
}

#[tokio::test]
async fn answers_from_the_card_need_no_call() {
    let mut wrong = Vec::new();
    for (task, answer) in [
        ("How many cups are there, and is there a spoon?", "There are 2 cups, and there is a spoon."),
        ("How many cups and spoons are there?", "There are 2 cups, and there is 1 spoon."),
        ("What is the total amount on this receipt?", "The total is 10.50."),
        ("What is the date?", "The date is 25/12/2018."),
        ("Which company issued this receipt?", "The company is BLUE BAY CAFE."),
        (
            "What are the company, the date and the total?",
            "The company is BLUE BAY CAFE. The date is 25/12/2018. The total is 10.50.",
        ),
        ("How much does the cake cost?", "The price of cake is 6.00."),
        ("Where is the spoon?", "The spoon (img-1/spoon-1) is in the center."),
        ("Is the spoon on the left?", "Yes, the spoon (img-1/spoon-1) is in the left half."),
        ("How large is the picture?", "img-1 is 640 x 480 pixels."),
        ("What is the first line?", "It reads \"BLUE BAY CAFE\"."),
        ("What is the phone number?", "I could not find the phone number in the text."),
        ("图里有几个杯子，有没有勺子？", "有2个杯子。有勺子。"),
        ("总金额是多少？", "总金额是 10.50。"),
        ("勺子在哪里？", "勺子（img-1/spoon-1）在图片中间。"),
        ("Which item is the cheapest?", "Cheapest: Latte (4.50)."),
        ("What is left of the spoon?", "Left of img-1/spoon-1: img-1/cup-2."),
    ] {
        let driven = drive(task).await;
        if (driven.answer.as_str(), driven.rounds) != (answer, 0) {
            wrong.push(format!("{task}: {:?} {}", called(&driven), driven.answer));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[tokio::test]
async fn calls_are_made_where_the_card_does_not_do() {
    let mut wrong = Vec::new();
    for (task, tools, answer) in [
        ("Is there a dog?", vec![], "There is no dog."),
        ("Is the spoon left of the left cup?", vec!["measure"], "No, img-1/spoon-1 is right of and below"),
        ("How far is the spoon from the table?", vec!["measure"], "Their centers are"),
        ("How big is the spoon?", vec!["measure"], "The spoon (img-1/spoon-1) is 100 pixels wide and 30 pixels high."),
        ("What color is the left cup?", vec!["colors"], "The cup (img-1/cup-2) is mainly black."),
        ("Is the spoon red?", vec!["colors"], "No, the spoon (img-1/spoon-1) is mainly black."),
        (
            "Which is larger, the spoon or the table?",
            vec!["measure", "measure"],
            "In the picture the dining table (img-1/dining-table-1) is larger",
        ),
        ("What is 17.5 percent of 240?", vec!["calculate"], "The result is 42 (17.5% of 240)."),
        ("What is the total divided by 4?", vec!["calculate"], "The result is 2.625 (10.50 / 4)."),
        ("What is the sum of the prices?", vec!["calculate"], "The result is 10.5 (sum(4.50, 6.00))."),
        ("How much more does the cake cost than the latte?", vec!["calculate"], "The result is 1.5 (6.00 - 4.50)."),
        ("Are there more cups than spoons?", vec![], "Yes: there are 2 cups and 1 spoon."),
        (
            "How many more cups than spoons are there?",
            vec!["calculate"],
            "The difference is 1: there are 2 cups and 1 spoon.",
        ),
        ("How many cups are on the left?", vec![], "1 of the 2 cups is on the left: img-1/cup-2."),
        ("How many red cups are there?", vec!["colors", "colors"], "There are 2 cups. None of them is mainly red."),
        ("Crop the left cup", vec!["crop"], "The cup (img-1/cup-2) is img-2."),
        (
            "Crop the cup on the right and rotate it by 90 degrees",
            vec!["crop", "transform"],
            "The rotated picture is img-3.",
        ),
        ("Crop both cups", vec!["crop", "crop"], "The cup (img-1/cup-1) is img-2. The cup (img-1/cup-2) is img-3."),
        (
            "Rotate by 90 degrees, then flip it horizontally",
            vec!["transform", "transform"],
            "The flipped picture is img-3.",
        ),
        ("Make it half as large", vec!["transform"], "The resized picture is img-2."),
        ("Mark all cups", vec!["draw"], "The picture with the marks is img-2."),
        ("Mark the total", vec![], "I cannot do that: no such text was found (total)."),
        ("Crop the left half", vec!["crop"], "The part is img-2."),
        ("Crop the fifth cup", vec![], "I cannot find that one: I see 2 cups."),
        (
            "How many cups are there? Crop the left one.",
            vec!["crop"],
            "There are 2 cups. The cup (img-1/cup-2) is img-2.",
        ),
        ("Blur the cups", vec![], "I have no tool that can do that (blur), so it cannot be done."),
        ("Cut out the spoon", vec![], "That cannot be done with the tools at hand: segment is not among them."),
        ("裁剪左边的杯子并旋转90度", vec!["crop", "transform"], "旋转后的图片是img-3。"),
        ("狗在哪里？", vec![], "没有狗。"),
        (
            "Why is the table sad?",
            vec![],
            "I cannot tell that without a language model. What I can see: I see 2 cups, 1 spoon and 1 dining table.",
        ),
        ("What is the price of two lattes?", vec!["calculate"], "2 lattes cost 9 (2 * 4.50)."),
        ("How much would it cost if I wanted to order all the dishes?", vec!["calculate"], "The result is 10.5"),
        (
            "If I order the two lowest priced dishes, how much do I pay?",
            vec![],
            "I cannot tell that without a language model.",
        ),
        ("How many grams of sugar will I take in?", vec![], "I cannot tell that without a language model."),
        ("Are there any cups, and if so how many?", vec![], "There are 2 cups."),
        ("Mark the spoon and crop it", vec!["draw", "crop"], "The spoon (img-1/spoon-1) is img-3."),
        ("Crop the total", vec![], "I cannot do that: no such text was found (total)."),
        ("Hello!", vec![], "Hello. I count"),
        ("谢谢", vec![], "不客气。"),
    ] {
        let driven = drive(task).await;
        let kinds = parts(task).iter().map(|part| intent(part)).collect::<Vec<_>>();
        let satisfied = kinds.iter().all(|kind| kind.satisfied_by(&driven.answer));
        if called(&driven) != tools || !driven.answer.contains(answer) || !satisfied {
            wrong.push(format!("{task}: {:?} {} {kinds:?}", called(&driven), driven.answer));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[tokio::test]
async fn arguments_are_those_of_the_tools() {
    let driven = drive("Mark the cups").await;
    assert_eq!(driven.calls[0].args, json!({ "image": "img-1", "regions": ["img-1/cup-1", "img-1/cup-2"] }));
    let driven = drive("Rotate it by 90 degrees to the left and resize it to 50%").await;
    assert_eq!(driven.calls[0].args, json!({ "operation": "rotate", "degrees": -90, "image": "img-1" }));
    assert_eq!(driven.calls[1].args, json!({ "operation": "resize", "scale": 0.5, "image": "img-2" }));
    // Every argument that the router gives is one that the real tool takes.
    for (task, tool) in [
        ("Mark the cups", "draw"),
        ("Crop the spoon", "crop"),
        ("What color is the spoon?", "colors"),
        ("How big is the spoon?", "measure"),
    ] {
        let driven = drive(task).await;
        let known: Vec<String> =
            toolbox().spec(tool).unwrap().arguments().into_iter().map(|argument| argument.name).collect();
        assert!(driven.calls[0].args.as_object().unwrap().keys().all(|name| known.contains(name)), "{task}");
    }
}

#[tokio::test]
async fn without_cards_it_looks_itself() {
    let driven =
        drive_with(&[&table()], "How many cups are there and what does the text say?", false, tools(&table())).await;
    assert_eq!((called(&driven), driven.rounds), (vec!["detect", "read_text"], 1));
    assert!(driven.answer.starts_with("There are 2 cups. The text reads:\nBLUE BAY CAFE"), "{}", driven.answer);
    let bare = drive_with(&[&table()], "How many cups are there?", false, Toolbox::new()).await;
    assert!(bare.answer.contains("detect is not among them"), "{}", bare.answer);
    let nothing = drive_with(&[], "How many cups are there?", false, tools(&table())).await;
    assert_eq!(nothing.answer, "There is no picture to look at; give me one.");
    assert!(!drive_with(&[], "", false, Toolbox::new()).await.answer.is_empty());
}

#[tokio::test]
async fn several_images_are_told_apart() {
    let two = [&table(), &table()];
    let driven = drive_with(&two, "How many cups are there in the second picture?", true, tools(&table())).await;
    assert_eq!(driven.answer, "There are 2 cups.");
    let driven = drive_with(&two, "How many cups are there?", true, tools(&table())).await;
    assert_eq!(
        (driven.answer.as_str(), called(&driven)),
        ("img-1 shows 2 cups and img-2 shows 2 cups, 4 in all.", vec!["calculate"])
    );
    let driven = drive_with(&two, "Crop the spoon in img-2", true, tools(&table())).await;
    assert_eq!(driven.calls[0].args, json!({ "image": "img-2", "region": "img-2/spoon-1" }));
}

/// A view over one image with these observations.
fn answer_over(task: &str, observed: &[(&str, Value, bool, Value)]) -> Move {
    let specs: Vec<String> = toolbox().specs().map(|spec| spec.name.to_string()).collect();
    let images = [ImageFact { handle: "img-1".into(), width: 640, height: 480 }];
    let calls = observed.iter().map(|(tool, args, ok, observation)| CallRecord {
        tool: (*tool).into(),
        args: args.clone(),
        ms: 1.0,
        ok: *ok,
        observation: observation.clone(),
        models: Vec::new(),
    });
    let steps = [Step { thought: String::new(), calls: calls.collect(), ms: 1.0 }];
    decide(&RouteView { task, images: &images, cards: &[], steps: &steps, handles: &["img-1".into()], tools: &specs })
}

fn answer(text: &str) -> Move {
    Move::Answer(text.into())
}

#[test]
fn what_the_detector_does_not_know_cannot_be_told() {
    let all = (
        "detect",
        json!({ "image": "img-1" }),
        true,
        json!({
            "objects": [{ "handle": "img-1/dog-1", "label": "dog", "score": 0.9, "box": [10.0, 10.0, 100.0, 100.0] }], "counts": { "dog": 1 }
        }),
    );
    let refused = (
        "detect",
        json!({ "image": "img-1", "labels": ["unicorns"] }),
        false,
        json!("the detector does not know unicorns; it knows: person, dog"),
    );
    assert_eq!(
        answer_over("How many unicorns are there?", &[all.clone(), refused]),
        answer("The detector does not know unicorns, so I cannot tell. It found 1 dog.")
    );
    let partly = (
        "detect",
        json!({ "image": "img-1", "labels": ["unicorn"] }),
        true,
        json!({ "objects": [], "counts": {}, "unknown": ["unicorn"] }),
    );
    assert_eq!(
        answer_over("Is there a unicorn?", &[all.clone(), partly]),
        answer("The detector does not know unicorns, so I cannot tell. It found 1 dog.")
    );
    let none = (
        "detect",
        json!({ "image": "img-1", "labels": ["cats"] }),
        true,
        json!({ "objects": [], "counts": { "cat": 0 } }),
    );
    assert_eq!(answer_over("How many cats are there?", &[all.clone(), none]), answer("There are no cats."));
    assert_eq!(
        answer_over("How many cats are there?", std::slice::from_ref(&all)),
        answer("There are no cats."),
        "it looked for all"
    );
    let Move::Calls(calls) = answer_over("How many gnomes are there?", &[all]) else {
        panic!("what may be unknown is asked for by name")
    };
    assert_eq!(calls, [Call { tool: "detect".into(), args: json!({ "image": "img-1", "labels": ["gnomes"] }) }]);
}

#[test]
fn outputs_of_the_real_tools_become_sentences() {
    let caption = (
        "caption",
        json!({ "image": "img-1" }),
        true,
        json!({ "caption": "A large bus in the center.", "source": "composed" }),
    );
    assert_eq!(answer_over("Describe the picture", &[caption]), answer("A large bus in the center."));
    let cut = (
        "segment",
        json!({ "image": "img-1" }),
        true,
        json!({ "mask": "img-2", "cutout": "img-3", "box": [1.0, 1.0, 9.0, 9.0], "area_fraction": 0.3 }),
    );
    assert_eq!(answer_over("Remove the background", &[cut]), answer("The picture without its background is img-3."));
    let nothing = ("segment", json!({ "image": "img-1" }), true, json!({ "mask": "img-2", "area_fraction": 0.0 }));
    assert_eq!(
        answer_over("Remove the background", &[nothing]),
        answer("No picture could be made: nothing stands out from the background.")
    );
    let colors = (
        "colors",
        json!({ "image": "img-1" }),
        true,
        json!({ "colors": [{ "name": "light blue", "hex": "#9ec4e8", "share": 0.5 }, { "name": "green", "hex": "#4f7a3a", "share": 0.3 }] }),
    );
    assert_eq!(
        answer_over("What are the main colors?", std::slice::from_ref(&colors)),
        answer("The main colors of img-1 are light blue (50 %) and green (30 %).")
    );
    assert_eq!(
        answer_over("图片的主要颜色是什么？", &[colors]),
        answer("img-1的主要颜色是浅蓝色（50 %）和绿色（30 %）。".replace('和', "、").as_str())
    );
    let failed =
        ("read_text", json!({ "image": "img-1" }), false, json!("the model \"ocr\" is not available; pull it"));
    assert_eq!(
        answer_over("What does the sign say?", &[failed]),
        answer("I cannot tell: read_text failed (the model \"ocr\" is not available).")
    );
    let text = (
        "read_text",
        json!({ "image": "img-1" }),
        true,
        json!({
            "text": "TOTAL RM 33.92\nTOTAL ROUNDED RM 33.90",
            "lines": [
                { "handle": "img-1/line-1", "text": "TOTAL", "score": 0.9, "quad": [[10.0, 10.0], [90.0, 10.0], [90.0, 30.0], [10.0, 30.0]] },
                { "handle": "img-1/line-2", "text": "RM 33.92", "score": 0.9, "quad": [[300.0, 11.0], [390.0, 11.0], [390.0, 31.0], [300.0, 31.0]] },
                { "handle": "img-1/line-3", "text": "TOTAL ROUNDED", "score": 0.9, "quad": [[10.0, 40.0], [150.0, 40.0], [150.0, 60.0], [10.0, 60.0]] },
                { "handle": "img-1/line-4", "text": "RM 33.90", "score": 0.9, "quad": [[300.0, 41.0], [390.0, 41.0], [390.0, 61.0], [300.0, 61.0]] }
            ]
        }),
    );
    assert_eq!(answer_over("What is the total?", std::slice::from_ref(&text)), answer("The total is RM 33.90."));
    let Move::Calls(calls) = answer_over("Mark the total", std::slice::from_ref(&text)) else {
        panic!("a mark is drawn")
    };
    assert_eq!(calls, [Call { tool: "draw".into(), args: json!({ "image": "img-1", "regions": ["img-1/line-4"] }) }]);
    assert_eq!(answer_over("How many lines of text are there?", &[text]), answer("img-1 has 4 lines of text."));
}

proptest::proptest! {
    #[test]
    fn never_panics(task in ".{0,80}", words in "(how many |where is |crop |the |left |of |cup |and |, |3 |% |total |把|几|个|resize |it |img-1/cup-1 |rotate ){1,10}") {
        for text in [task, words] {
            let _ = answer_over(&text, &[("detect", json!({ "image": "img-1" }), true, json!({ "objects": [
                { "handle": "img-1/cup-1", "label": "cup", "score": 0.9, "box": [10.0, 10.0, 100.0, 100.0] }] }))]);
        }
    }
}
