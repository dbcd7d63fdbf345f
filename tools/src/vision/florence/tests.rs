//! What is pure: prompts, places, answers. The model itself is proved in `tests/florence.rs`.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::collections::HashSet;

use super::{Answer, Found, Shape, Task, TaskInput, parse, region_input};
use crate::{geom::BBox, tool::ToolErrorKind};

fn found(task: Task, raw: &str, size: (u32, u32)) -> Vec<(String, Shape)> {
    parse(task, raw, size).found().into_iter().map(|Found { label, shape }| (label, shape)).collect()
}

#[test]
fn a_prompt_needs_what_its_task_needs() {
    let tokens: HashSet<&str> = Task::ALL.iter().map(|task| task.token()).collect();
    assert_eq!(tokens.len(), 15);
    for task in Task::ALL {
        let given = ["", "  a red bus ", "<loc_1><loc_2><loc_30><loc_40>"].map(|input| task.prompt(input));
        let fits = given.each_ref().map(Result::is_ok);
        let expected = match task.input() {
            TaskInput::Nothing => [true, false, false],
            TaskInput::Text => [false, true, true],
            TaskInput::Region => [false, false, true],
        };
        assert_eq!(fits, expected, "{}", task.token());
        for answer in given {
            match answer {
                Ok(prompt) => assert!(!prompt.contains('{') && !prompt.contains("  "), "{prompt}"),
                Err(error) => {
                    assert_eq!(error.kind, ToolErrorKind::InvalidInput);
                    assert!(error.feedback.starts_with(task.token()), "{error}");
                }
            }
        }
    }
    let prompt = Task::OpenVocabularyDetection.prompt(" a {input} ").unwrap();
    assert_eq!(prompt, "Locate a {input} in the image.");
    for wrong in
        ["<loc_1><loc_2><loc_3>", "<loc_1><loc_2><loc_3><loc_4><loc_5>", "<loc_a><loc_2><loc_3><loc_4>", "1 2 3 4"]
    {
        assert!(Task::RegionToOcr.prompt(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn places_go_there_and_back() {
    let region = region_input(BBox::from([-3.0, 48.0, 640.0, 479.9]), (640, 480));
    assert_eq!(region, "<loc_0><loc_100><loc_999><loc_999>");
    let raw = format!("car{region}");
    assert_eq!(
        found(Task::ObjectDetection, &raw, (640, 480)),
        [("car".to_owned(), Shape::Box(BBox::from([0.32, 48.24, 639.68, 479.76])))]
    );
    // A picture of one pixel has all steps in it.
    assert_eq!(region_input(BBox::from([0.0, 0.0, 1.0, 1.0]), (1, 1)), "<loc_0><loc_0><loc_999><loc_999>");
    assert_eq!(region_input(BBox::from([f32::NAN, 0.0, f32::INFINITY, 0.0]), (0, 0)), "<loc_0><loc_0><loc_999><loc_0>");
}

#[test]
fn a_label_may_have_several_boxes_and_what_is_left_over_is_dropped() {
    let raw =
        "</s><s>wheel<loc_0><loc_0><loc_9><loc_9><loc_1><loc_1><loc_8><loc_8><loc_5> door<loc_1><loc_2><loc_3>hub</s>";
    let labels: Vec<String> =
        found(Task::DenseRegionCaption, raw, (100, 100)).into_iter().map(|(label, _)| label).collect();
    assert_eq!(labels, ["wheel", "wheel"]);
    assert!(found(Task::ObjectDetection, "<loc_1><loc_2><loc_3><loc_4>", (100, 100)).is_empty(), "no label");
    assert_eq!(found(Task::RegionProposal, "<loc_1><loc_2><loc_3><loc_4>", (100, 100)).len(), 1);
    let kept = found(Task::PhraseGrounding, "it<loc_1><loc_1><loc_9><loc_9>It<loc_1><loc_1><loc_9><loc_9>", (9, 9));
    assert_eq!(kept[0].0, "It", "the list of words is taken to the letter");
    assert_eq!(kept.len(), 1);
}

#[test]
fn letters_of_any_script_stay_in_labels() {
    let raw = "café 餐厅<loc_1><loc_1><loc_9><loc_9>";
    assert_eq!(found(Task::ObjectDetection, raw, (9, 9))[0].0, "café 餐厅");
    assert_eq!(parse(Task::Caption, "</s><s> Ein Café. </s><pad>", (9, 9)), Answer::Text("Ein Café.".into()));
}

#[test]
fn outlines_of_one_thing_stay_together() {
    let triangle = "<loc_0><loc_0><loc_100><loc_0><loc_100><loc_100>";
    let raw =
        format!("a wheel<poly>{triangle}<sep>{triangle}</poly><poly>{triangle}<loc_7></poly>a road<poly>{triangle}");
    let things = found(Task::OpenVocabularyDetection, &raw, (1000, 1000));
    let counts: Vec<(&str, usize, usize)> = things
        .iter()
        .map(|(label, shape)| match shape {
            Shape::Polygons(polygons) => (label.as_str(), polygons.len(), polygons[0].len()),
            _ => (label.as_str(), 0, 0),
        })
        .collect();
    assert_eq!(counts, [("a wheel", 2, 3), ("a wheel", 1, 3), ("a road", 1, 3)]);
    let bounds = things[0].1.bounds();
    assert_eq!(bounds, BBox::from([0.5, 0.5, 100.5, 100.5]));
    let two_points = "<loc_1><loc_2><loc_3><loc_4>";
    assert!(found(Task::ReferringSegmentation, two_points, (10, 10)).is_empty(), "a line is no outline");
}

#[test]
fn nonsense_gives_nothing_and_never_fails() {
    for raw in [
        "",
        "<",
        "<loc_",
        "<loc_>",
        "<loc_99999999999999999999>",
        "<poly></poly>",
        "</poly><poly>",
        "<sep><sep><sep><sep>",
        "a<loc_1",
    ] {
        for task in Task::ALL {
            match parse(task, raw, (0, 0)) {
                Answer::Text(text) => assert_eq!(text, raw, "{}", task.token()),
                Answer::Found(found) => assert!(found.is_empty(), "{}: {raw}", task.token()),
            }
        }
    }
}
