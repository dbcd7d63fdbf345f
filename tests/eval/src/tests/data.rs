//! The data sets on small invented fixtures.

use std::path::Path;

use argus_agent::chat::{ChatRequest, scripted::Scripted};
use serde_json::{Value, json};

use super::{calls, made, outcome, runner::runner};
use crate::{Case, CaseImage, Score, functions, replay, vqa};

fn score(case: &Case, answer: &str) -> Score {
    case.scoring.score(&outcome(answer, &[], &[]), &[])
}

fn near(value: f64, wanted: f64) -> bool {
    (value - wanted).abs() < 1e-6
}

#[test]
fn votes_of_people() {
    let index = json!([
        {"id": "kite", "task": "vqa", "file": "images/kite.jpg", "question": "What is on the boat?",
         "truth": {"answer": "ice box", "votes": {"ice box": 8, "cooler": 2, "box": 1}, "kind": "text"}, "needs": null},
        {"id": "wet", "task": "vqa", "file": "a.jpg", "question": "Is it wet?",
         "truth": {"answer": "no", "votes": {"no": 9, "yes": 1}, "kind": "yesno"}},
        {"id": "geese", "task": "vqa", "file": "a.jpg", "question": "How many geese?",
         "truth": {"answer": "0", "votes": {"0": 10}, "kind": "count"}},
        {"id": "sum", "task": "vqa", "file": "a.jpg", "question": "What is the total?", "needs": ["ocr"],
         "truth": {"answer": "9.00", "kind": "number"}},
        {"id": "mean", "task": "vqa", "file": "a.jpg", "question": "The average?", "needs": ["ocr", "calculator"],
         "truth": {"answer": "51.04", "choices": null, "kind": "number"}, "scoring": "number within 0.1, or the choice"},
        {"id": "day", "task": "vqa", "file": "a.jpg", "question": "When?", "needs": ["ocr"],
         "truth": {"answer": "25/12/2018", "kind": "text"}},
        {"id": "firm", "task": "vqa", "file": "a.jpg", "question": "Who?", "needs": ["ocr"],
         "truth": {"answer": "B.O.B. TOOLS (NORTH BAY) SDN. BHD.", "kind": "text"}},
        {"id": "other", "task": "detect", "truth": {"boxes": []}},
    ]);
    let cases = vqa::parse("index.json", &index.to_string(), Path::new("/data")).unwrap();
    let kinds: Vec<&str> = cases.iter().map(|case| &*case.kind).collect();
    assert_eq!(kinds, ["vqa open", "vqa open", "vqa open", "vqa ocr", "vqa ocr+calculator", "vqa ocr", "vqa ocr"]);
    assert_eq!(cases[0].images, [CaseImage::Path("/data/images/kite.jpg".into())]);
    let [kite, wet, geese, sum, mean, day, firm] = &cases[..] else { unreachable!("seven cases") };
    for (answer, value, right) in [
        ("There is an ice-box on it.", 1.0, true),
        ("A cooler.", 2.0 / 3.0, true),
        ("A wooden box", 1.0 / 3.0, false),
        ("A sail.", 0.0, false),
    ] {
        let score = score(kite, answer);
        assert!(near(score.value, value) && score.right == right, "{answer}: {score:?}");
    }
    assert!(score(wet, "It is not wet.").right && !score(wet, "Yes").right && !score(wet, "I cannot tell.").right);
    assert!(score(geese, "There are no geese.").right && score(geese, "0").right && !score(geese, "Three geese").right);
    assert!(score(sum, "The total is RM9.").right && score(sum, "9.05").right && !score(sum, "19.00").right);
    assert!(score(mean, "It is 51.1").right && !score(mean, "It is 51.3").right);
    assert!(
        score(day, "On 25 December 2018.").right && score(day, "25-12-2018").right && !score(day, "26/12/2018").right
    );
    assert!(score(firm, "BOB Tools (North Bay) SDN BHD").right && !score(firm, "North Bay").right);
    assert!(
        vqa::parse("index.json", r#"[{"id":"a","task":"vqa","truth":{}}]"#, Path::new(""))
            .err()
            .unwrap()
            .to_string()
            .starts_with("index.json: a: its truth")
    );
}

const DIALOGUES: &str = r#"{"tool_specs": {
    "Reader": {"name": "Reader", "description": "reads", "inputs": [{"type": "image", "name": "image", "optional": false}],
        "outputs": [{"type": "text"}]},
    "Counter": {"name": "Counter", "description": "counts", "inputs": [{"type": "image", "name": "image", "optional": false},
        {"type": "text", "name": "text", "description": "what", "optional": false}], "outputs": [{"type": "int"}]},
    "Calculator": {"name": "Calculator", "description": "computes", "inputs": [{"type": "text", "name": "expression", "optional": false}],
        "outputs": [{"type": "text"}]},
    "Painter": {"name": "Painter", "description": "paints", "inputs": [{"type": "image", "name": "image", "optional": false}],
        "outputs": [{"type": "image"}]}},
  "items": [
    {"id": "fruit", "images": ["a.jpg"], "question": "What do the apples and pears cost at 2 each?", "tools_allowed": ["Counter", "Calculator", "Reader"],
     "reference_steps": [
        {"tool": "Counter", "args": {"image": "a.jpg", "text": "apple"}, "observation": "5"},
        {"tool": "Counter", "args": {"image": "a.jpg", "text": "pear"}, "observation": 3},
        {"tool": "Calculator", "args": {"expression": "(5 + 3) * 2"}, "observation": "16"}],
     "reference_tools": ["Counter", "Counter", "Calculator"], "answer": "16", "fits_local_tools": true},
    {"id": "sign", "images": ["b.jpg"], "question": "What should I avoid?", "tools_allowed": ["Reader"],
     "reference_steps": [{"tool": "Reader", "args": {"image": "b.jpg"}, "observation": "THIN ICE"}],
     "reference_tools": ["Reader"], "answer": "You should avoid walking on the lake because the ice is thin and may break.", "fits_local_tools": true},
    {"id": "ring", "images": ["c.jpg"], "question": "Circle it.", "tools_allowed": ["Painter"],
     "reference_steps": [{"tool": "Painter", "args": {"image": "c.jpg"}, "observation": null}],
     "reference_tools": ["Painter"], "answer": null, "fits_local_tools": true},
    {"id": "web", "images": [], "question": "?", "tools_allowed": ["Search"], "reference_steps": [], "reference_tools": [], "answer": "x", "fits_local_tools": false}]}"#;

fn call(tool: &str, args: &Value) -> String {
    json!({"thought": "t", "tool": tool, "args": args}).to_string()
}

fn said(request: &ChatRequest) -> String {
    request.messages.last().map(|message| message.content.clone()).unwrap_or_default()
}

fn has(words: &'static str) -> impl Fn(&ChatRequest) -> Result<(), String> + Send + 'static {
    move |request| if said(request).contains(words) { Ok(()) } else { Err(said(request)) }
}

#[tokio::test]
async fn recorded_observations_come_back() {
    let cases = replay::parse("gta.json", DIALOGUES).unwrap();
    assert_eq!(cases.iter().map(|case| &*case.id).collect::<Vec<_>>(), ["fruit", "sign", "ring"]);
    assert_eq!(cases[0].images.len(), 1);
    let script = Scripted::new()
        .reply(call("Counter", &json!({"image": "img-1", "text": "the pears"})))
        .expect(has("3"), call("Counter", &json!({"image": "img-1", "text": "apple"})))
        .expect(has("5"), call("Reader", &json!({"image": "img-1"})))
        .expect(has("nothing found"), call("Calculator", &json!({"expression": "(5 + 3) * 2"})))
        .expect(has("16"), r#"{"thought":"t","answer":"They cost 16."}"#);
    let fruit = cases.into_iter().next().unwrap();
    let results = runner([script]).run(vec![fruit], |_| ()).await;
    assert!(results[0].success, "{:?}", results[0]);
    let tools = results[0].tools.unwrap();
    assert_eq!((tools.hits, tools.called, tools.wanted), (2, 3, 2));
    assert!(near(tools.f1(), 0.8));
}

#[test]
fn reference_answers_by_their_content() {
    let cases = replay::parse("gta.json", DIALOGUES).unwrap();
    assert!(score(&cases[0], "$16").right && score(&cases[0], "-16").right && !score(&cases[0], "15").right);
    let long = score(&cases[1], "Do not go walking there: the ice on the lake is thin.");
    assert!(long.right && long.value > 0.6 && long.value < 1.0, "{long:?}");
    assert!(!score(&cases[1], "You should avoid it.").right, "words of the question prove nothing");
    assert!(!score(&cases[2], "Done.").right);
    let drawn = outcome("Done.", &["Painter"], &[made("Painter", json!({}))]);
    assert!(cases[2].scoring.score(&drawn, &[]).right);
}

fn function_cases() -> Vec<Case> {
    let lines = [
        json!({"id": "boat", "question": [[{"role": "user", "content": "Rent a boat for 3 in Oslo"}]], "function": [
            {"name": "boat.rent", "description": "rents", "parameters": {"type": "dict", "required": ["seats", "place"], "properties": {
                "seats": {"type": "integer"}, "place": {"type": "string"}, "price": {"type": "float"},
                "range": {"type": "dict", "properties": {"min": {"type": "float"}}}, "extras": {"type": "array", "items": {"type": "string"}}}}},
            {"name": "car.rent", "description": "rents", "parameters": {"type": "dict", "properties": {}}}],
            "ground_truth": [{"boat.rent": {"seats": [3], "place": ["Oslo", "Oslo, Norway"], "price": ["", 10.0],
                "range": ["", {"min": [5.0]}], "extras": ["", ["oars", "life vest"]]}}]}),
        json!({"id": "joke", "question": [[{"role": "user", "content": "Tell a joke"}]], "function": [
            {"name": "boat.rent", "description": "rents", "parameters": {"type": "dict", "properties": {}}}], "ground_truth": null}),
    ];
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("f.jsonl");
    fs_err::write(&path, lines.map(|line| line.to_string()).join("\n")).unwrap();
    functions::load(&path, "bfcl").unwrap()
}

#[test]
fn calls_are_compared_with_those_allowed() {
    let cases = function_cases();
    let right = |args: Value| cases[0].scoring.score(&outcome("", &[], &[]), &calls(&[("boat_rent", args)])).right;
    assert!(
        right(json!({"seats": 3, "place": "oslo norway"}))
            && right(json!({"seats": 3.0, "place": "Oslo", "price": 10}))
    );
    assert!(right(json!({"seats": 3, "place": "Oslo", "range": {"min": 5}, "extras": ["Oars", "life-vest"]})));
    assert!(
        !right(json!({"seats": 4, "place": "Oslo"}))
            && !right(json!({"place": "Oslo"}))
            && !right(json!({"seats": "3", "place": "Oslo"}))
    );
    assert!(
        !right(json!({"seats": 3, "place": "Oslo", "range": {"min": 6}}))
            && !right(json!({"seats": 3, "place": "Oslo", "color": "red"}))
    );
    assert!(!right(json!({"seats": 3, "place": "Oslo", "extras": ["oars"]})));
    let none = outcome("I cannot.", &[], &[]);
    assert!(!cases[0].scoring.score(&none, &[]).right && cases[1].scoring.score(&none, &[]).right);
    assert!(!cases[0].scoring.score(&none, &calls(&[("car_rent", json!({}))])).right);
    let second = calls(&[("car_rent", json!({})), ("boat_rent", json!({"seats": 3, "place": "Oslo"}))]);
    assert!(!cases[0].scoring.score(&none, &second).right, "the first call decides");
    assert!(!cases[1].scoring.score(&none, &calls(&[("boat_rent", json!({}))])).right);
    let tools = cases[0].toolbox.as_ref().unwrap()();
    let schema = &tools.spec("boat_rent").unwrap().input_schema;
    assert_eq!(schema["properties"]["range"]["type"], "object");
    assert_eq!((&schema["type"], &schema["properties"]["price"]["type"]), (&json!("object"), &json!("number")));
}

#[tokio::test]
async fn the_first_call_ends_the_run() {
    let scripts = [
        Scripted::replies([call("boat_rent", &json!({"seats": 3, "place": "Oslo"}))]),
        Scripted::replies([r#"{"thought":"t","answer":"Why did the boat cross the sea?"}"#]),
    ];
    let results = runner(scripts).run(function_cases(), |_| ()).await;
    assert!(results.iter().all(|result| result.success && result.error.is_none()), "{results:?}");
    assert_eq!(results[0].called, ["boat_rent"]);
}
