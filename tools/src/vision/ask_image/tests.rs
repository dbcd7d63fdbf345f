//! What is refused before a model is loaded. The tool on tiny models: `tools/tests/vision_language.rs`.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::sync::Arc;

use image::RgbImage;
use serde_json::{Value, json};

use super::*;
use crate::{
    image::{ImageStore, Origin},
    onnx::NoModels,
    store::Catalog,
    tool::{Tool, ToolCx, ToolError, ToolErrorKind, Toolbox},
};

fn cx(pictures: u32) -> ToolCx {
    let images = ImageStore::new();
    for side in 1..=pictures {
        images.insert(RgbImage::new(side, side).into(), Origin::Memory("drawn".into()));
    }
    ToolCx::new(images, Arc::new(NoModels))
}

async fn refused(cx: &ToolCx, args: Value) -> ToolError {
    Toolbox::new().with(AskImage).call("ask_image", args, cx).await.unwrap_err()
}

#[tokio::test]
async fn wrong_arguments_say_what_is_right() {
    let cx = cx(10);
    let handles: Vec<String> = (1..=10).map(|number| format!("img-{number}")).collect();
    for (args, part) in [
        (json!({"question": " \n"}), "the question is empty; it must be a sentence"),
        (json!({"question": "w".repeat(10_000)}), "the question is 10000 characters long; at most 2000"),
        (json!({"question": "为".repeat(2001)}), "2001 characters"),
        (json!({}), "missing field `question`"),
        (json!({"question": "why?", "image": "img-11"}), "there is no image \"img-11\""),
        (json!({"question": "why?", "others": ["img-1", "img-0"]}), "there is no image \"img-0\""),
        (json!({"question": "why?", "image": "img-1", "region": "dog"}), "there is no region \"dog\""),
        (json!({"question": "why?", "image": "img-3", "region": [4, 4, 9, 9]}), "outside img-3, which is 3 x 3"),
        (json!({"question": "why?", "others": handles}), "10 pictures are too many for one question, at most 8"),
        (
            json!({"question": "why?", "examples": [{"image": "img-1", "question": "why?", "answer": ""}]}),
            "the answer of an example is empty",
        ),
        (json!({"question": "why?", "examples": [{"image": "img-1"}]}), "missing field"),
    ] {
        let error = refused(&cx, args).await;
        assert!(error.kind == ToolErrorKind::InvalidInput && error.feedback.contains(part), "{}", error.feedback);
    }
}

#[tokio::test]
async fn without_a_model_it_is_out_of_service() {
    let error = refused(&cx(1), json!({"question": "why?"})).await;
    assert!(error.kind == ToolErrorKind::ModelUnavailable && error.message.contains("vqa"), "{error}");
    let error = refused(&cx(0), json!({"question": "why?"})).await;
    assert_eq!(error.feedback, "there is no image yet");
}

#[test]
fn what_a_model_reads() {
    let output = |answer: &str, cut_off| {
        AskImage::render(&AskImageOutput { answer: answer.into(), source: "m".into(), cut_off })
    };
    assert_eq!(output("A red cup.", false), "A red cup.");
    assert_eq!(output("A red", true), "A red ...");
    assert_eq!(output("", false), "the vision model gave no answer; ask in other words");
    let value =
        serde_json::to_value(AskImageOutput { answer: "a".into(), source: "m".into(), cut_off: false }).unwrap();
    assert_eq!(value, json!({"answer": "a", "source": "m"}));
}

#[test]
fn the_catalog_has_models_with_all_that_they_need() {
    let catalog = Catalog::embedded().unwrap();
    let ids: Vec<&str> = catalog.candidates(ROLE).map(|entry| entry.id.as_str()).collect();
    assert_eq!(ids[0], "smolvlm-256m-instruct");
    for entry in catalog.candidates(ROLE) {
        let has = |part: &str| entry.files.iter().any(|file| file.path.contains(part));
        for part in
            ["vision_encoder", "embed_tokens", "decoder_model_merged", "tokenizer.json", "preprocessor_config.json"]
        {
            assert!(has(part), "{}: {part}", entry.id);
        }
    }
}

#[test]
fn the_examples_parse() {
    for example in AskImage::examples() {
        serde_json::from_value::<AskImageInput>(example.input).unwrap();
    }
}
