//! The pipeline on drawn pictures with graphs of a few lines: black bars are text, a red left end marks its start.

#![expect(clippy::unwrap_used, reason = "a failed test may panic")]

use std::sync::Arc;

use futures_util::future::BoxFuture;
use image::{DynamicImage, Rgb, RgbImage};
use ndarray::{Array, Array2, Array3, Array4, CowArray, s};
use serde_json::json;

use super::{fakes::Fake, *};
use crate::{
    image::{ImageStore, Origin},
    onnx::{LoadContext, ModelProvider, NoModels, Outputs},
    store::ModelFacts,
    tool::{DynTool, ToolErrorKind},
};

/// Probability 0.9 where the middle (green) plane is dark.
fn detector() -> Fake {
    Fake::new(|input, read| {
        let green = input.slice(s![0, 1, .., ..]);
        let map = green.mapv(|v| if v < 0.0 { 0.9_f32 } else { 0.02 });
        let (rows, columns) = map.dim();
        let map: Array4<f32> = map.into_shape_with_order((1, 1, rows, columns)).unwrap();
        let mut outputs = Outputs::new();
        outputs.push_f32("map", CowArray::from(map.into_dyn()));
        read(&outputs)
    })
}

/// How red the columns `from..to` of a line are (planes are blue, green, red).
fn redness(line: &ndarray::ArrayViewD<'_, f32>, from: usize, to: usize) -> f32 {
    let mean = |plane: usize| line.slice(s![plane, 12..36, from..to]).mean().unwrap();
    mean(2) - mean(0)
}

/// Says 180 degrees where the right end is redder than the left.
fn classifier() -> Fake {
    Fake::new(|input, read| {
        let scores: Vec<f32> = input
            .outer_iter()
            .flat_map(|line| {
                let line = line.into_dyn();
                // The padding is grey (0), so the right end is looked for in the whole.
                let ends = [redness(&line, 0, 24), redness(&line, 24, 192)];
                if ends[1] > ends[0] { [0.03, 0.97] } else { [0.97, 0.03] }
            })
            .collect();
        let scores = Array2::from_shape_vec((scores.len() / 2, 2), scores).unwrap();
        let mut outputs = Outputs::new();
        outputs.push_f32("scores", CowArray::from(scores.into_dyn()));
        read(&outputs)
    })
}

/// Reads "ab" on a line whose start is red, "x" on any other; 8 columns, the rest blank.
fn recognizer() -> Fake {
    let mut fake = Fake::new(|input, read| {
        let count = input.shape()[0];
        let mut output = Array3::<f32>::zeros((count, 8, 5));
        output.slice_mut(s![.., .., 0]).fill(0.6);
        for (index, line) in input.outer_iter().enumerate() {
            let classes = if redness(&line.into_dyn(), 0, 24) > 0.3 { [1, 1, 2] } else { [3, 3, 3] };
            for (column, class) in classes.into_iter().enumerate() {
                output[[index, column + 2, class]] = 0.95;
            }
        }
        let mut outputs = Outputs::new();
        outputs.push_f32("text", CowArray::from(output.into_dyn()));
        read(&outputs)
    });
    fake.signature.metadata.insert("character".into(), "a\nb\nx".into());
    fake
}

fn loaded(id: &str, model: Fake) -> Arc<LoadedModel> {
    Arc::new(LoadedModel {
        id: id.into(),
        facts: ModelFacts::default(),
        model: Arc::new(model),
        provider: "fake".into(),
    })
}

struct Fakes;

impl ModelProvider for Fakes {
    fn load<'a>(&'a self, role: &'a str, cx: LoadContext<'a>) -> BoxFuture<'a, Result<Arc<LoadedModel>, ToolError>> {
        let model = match role {
            DETECTOR => detector(),
            CLASSIFIER => classifier(),
            RECOGNIZER => recognizer(),
            "ocr_korean" | "ocr_own" => with_letters("가\n나\nx"),
            "ocr_arabic" => with_letters("ع\nر\nx"),
            _ => return NoModels.load(role, cx),
        };
        let loaded = loaded(role, model);
        Box::pin(async move { Ok(loaded) })
    }

    fn is_installed(&self, role: &str) -> bool {
        ["ocr_korean", "ocr_arabic", "ocr_own"].contains(&role)
    }
}

/// The recognizer with other letters instead of a, b and x.
fn with_letters(letters: &str) -> Fake {
    let mut fake = recognizer();
    fake.signature.metadata.insert("character".into(), letters.into());
    fake
}

#[tokio::test]
async fn a_language_has_a_recognizer_of_its_own() {
    let cx = context(page(900, 800, &[(100, 100, 400, 40, false)]));
    let of = async |language: &str| ReadText.call_json(json!({ "language": language }), &cx).await;
    for (language, text) in
        [("Korean", "가나"), ("ko", "가나"), ("fa", "رع"), ("own", "가나"), ("french", "ab"), ("", "ab")]
    {
        let seen = of(language).await.unwrap();
        assert_eq!(texts(&seen.value), [text], "{language}");
    }
    let unknown = of("klingon").await.unwrap_err();
    assert_eq!(unknown.kind, ToolErrorKind::InvalidInput);
    assert!(
        unknown.feedback.contains("klingon") && unknown.feedback.contains("korean, russian"),
        "{}",
        unknown.feedback
    );
    let missing = of("russian").await.unwrap_err();
    assert_eq!(missing.kind, ToolErrorKind::ModelUnavailable);
    assert_eq!(
        missing.feedback,
        "text in russian cannot be read here; what can be read: korean, arabic, Latin letters, Chinese and Japanese (leave \
         language out)"
    );
    let both = ReadText.call_json(json!({"language": "korean", "style": "handwritten"}), &cx).await.unwrap_err();
    assert!(both.feedback.contains("English only"), "{}", both.feedback);
}

/// A white page with black bars (x, y, width, height, red end at the right).
fn page(width: u32, height: u32, bars: &[(u32, u32, u32, u32, bool)]) -> RgbImage {
    let mut page = RgbImage::from_pixel(width, height, Rgb([255; 3]));
    for &(x, y, w, h, turned) in bars {
        for dy in 0..h {
            for dx in 0..w {
                let along = if w >= h { dx * 100 / w } else { dy * 100 / h };
                let red = if turned { along >= 85 } else { along < 15 };
                page.put_pixel(x + dx, y + dy, if red { Rgb([220, 0, 0]) } else { Rgb([0; 3]) });
            }
        }
    }
    page
}

fn context(page: RgbImage) -> ToolCx {
    let images = ImageStore::new();
    images.insert(DynamicImage::ImageRgb8(page), Origin::Memory("drawn".into()));
    ToolCx::new(images, Arc::new(Fakes))
}

async fn read(cx: &ToolCx, args: serde_json::Value) -> serde_json::Value {
    ReadText.call_json(args, cx).await.unwrap().value
}

fn texts(value: &serde_json::Value) -> Vec<&str> {
    value["lines"].as_array().unwrap().iter().map(|line| line["text"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn lines_are_found_read_ordered_and_named() {
    let cx =
        context(page(900, 800, &[(100, 300, 300, 30, false), (500, 302, 200, 30, false), (100, 100, 400, 40, false)]));
    let value = read(&cx, json!({})).await;
    assert_eq!(value["text"], "ab\nab ab");
    assert_eq!(value["lines"][0]["handle"], "img-1/line-1");
    let corners: [[f32; 2]; 4] = serde_json::from_value(value["lines"][0]["quad"].clone()).unwrap();
    // 400 x 40 grown by 16000 * 1.6 / 880 = 29 on every side; the page keeps nearly its own size.
    for (corner, expected) in corners.iter().zip([[71.0, 71.0], [529.0, 71.0], [529.0, 169.0], [71.0, 169.0]]) {
        assert!((corner[0] - expected[0]).abs() < 3.0 && (corner[1] - expected[1]).abs() < 3.0, "{corners:?}");
    }
    assert_eq!(cx.images.regions("img-1")[2].label, "ab");
    assert_eq!(cx.used().len(), 3);
}

#[tokio::test]
async fn lines_on_their_head_are_turned_and_so_are_their_corners() {
    let cx = context(page(900, 800, &[(100, 300, 300, 30, true)]));
    let value = read(&cx, json!({ "image": "img-1" })).await;
    assert_eq!(texts(&value), ["ab"]);
    let corners: [[f32; 2]; 4] = serde_json::from_value(value["lines"][0]["quad"].clone()).unwrap();
    assert!(corners[0][0] > corners[1][0] && corners[0][1] > corners[3][1], "{corners:?}");
}

#[tokio::test]
async fn vertical_lines_are_read_downwards() {
    let cx = context(page(800, 900, &[(300, 100, 30, 400, false)]));
    assert_eq!(texts(&read(&cx, json!({})).await), ["ab"]);
}

#[tokio::test]
async fn a_region_limits_what_is_read_and_quads_stay_in_image_pixels() {
    let cx = context(page(1600, 800, &[(100, 300, 300, 30, false), (1000, 500, 300, 30, false)]));
    let value = read(&cx, json!({ "region": [800, 0, 1600, 800] })).await;
    let corners: [[f32; 2]; 4] = serde_json::from_value(value["lines"][0]["quad"].clone()).unwrap();
    assert_eq!(texts(&value).len(), 1);
    assert!((corners[0][0] - 978.0).abs() < 4.0 && (corners[0][1] - 478.0).abs() < 4.0, "{corners:?}");
}

#[tokio::test]
async fn words_have_places_if_they_are_asked_for() {
    let cx = context(page(900, 800, &[(100, 300, 300, 30, false)]));
    assert!(read(&cx, json!({})).await["lines"][0].get("words").is_none());
    let value = read(&cx, json!({ "words": true, "region": [50, 100, 900, 800] })).await;
    let words = value["lines"][0]["words"].as_array().unwrap();
    assert_eq!((words.len(), &words[0]["text"]), (1, &json!("ab")));
    let corners: [[f32; 2]; 4] = serde_json::from_value(words[0]["quad"].clone()).unwrap();
    let line: [[f32; 2]; 4] = serde_json::from_value(value["lines"][0]["quad"].clone()).unwrap();
    // Columns 2 and 4 of 8: from 1.5 to 5.5 eighths.
    let along = |at: f32| line[0][0] + (line[1][0] - line[0][0]) * at;
    assert!(
        (corners[0][0] - along(1.5 / 8.0)).abs() < 3.0 && (corners[1][0] - along(5.5 / 8.0)).abs() < 3.0,
        "{words:?} {line:?}"
    );
}

#[tokio::test]
async fn an_empty_page_has_no_text() {
    let value = read(&context(page(800, 800, &[])), json!({})).await;
    assert_eq!(value, json!({ "text": "", "lines": [] }));
}

#[tokio::test]
async fn a_cancelled_call_ends_as_cancelled() {
    let cx = context(page(900, 800, &[(100, 300, 300, 30, false)]));
    cx.cancel.cancel();
    let error = ReadText.call_json(json!({}), &cx).await.unwrap_err();
    assert_eq!(error.kind, ToolErrorKind::Cancelled);
}

#[test]
fn a_graph_of_another_shape_is_named_in_the_error() {
    let wrong = Fake::new(|input, read| {
        let mut outputs = Outputs::new();
        outputs.push_f32("boxes", CowArray::from(Array::<f32, _>::zeros((input.shape()[0], 300, 6)).into_dyn()));
        read(&outputs)
    });
    let (detector, classifier, recognizer) = (loaded("d", wrong), loaded("c", classifier()), loaded("r", recognizer()));
    let reader = TextReader::new(&detector, &classifier, &recognizer).unwrap();
    let error = reader.read(&page(64, 64, &[]), &crate::onnx::RunControl::new()).unwrap_err();
    assert!(error.message.contains("[1, 300, 6]"), "{error}");
}

#[test]
fn examples_parse() {
    for example in ReadText::examples() {
        serde_json::from_value::<ReadTextInput>(example.input).unwrap();
    }
}

#[tokio::test]
async fn without_a_model_for_handwriting_the_error_says_what_can_be_read() {
    let cx = context(page(900, 800, &[(100, 300, 300, 30, false)]));
    let error = ReadText.call_json(json!({ "style": "handwritten" }), &cx).await.unwrap_err();
    assert_eq!(error.kind, ToolErrorKind::ModelUnavailable);
    assert!(error.feedback.contains("leave style out to read printed text"), "{}", error.feedback);
    let error = ReadText.call_json(json!({ "style": "cursive" }), &cx).await.unwrap_err();
    assert!(error.feedback.contains("printed") && error.feedback.contains("handwritten"), "{}", error.feedback);
    assert_eq!(texts(&read(&cx, json!({ "style": "printed" })).await), ["ab"]);
}
