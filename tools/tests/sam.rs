//! SAM in the layout of its authors against their own predictor: a tiny model of random weights, made by
//! `tests/golden/tiny_sam.py` with the package segment-anything.
#![expect(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a test fails where its set-up does, and prints how near it came"
)]

mod reference;

use argus_tools::{
    geom::{BBox, Rle},
    onnx::RunControl,
    store::ModelFacts,
    tool::{ToolCx, Toolbox},
    vision::segment::{Embedding, PROMPT, Prompt, Promptable, Segment},
};
use image::{GrayImage, RgbImage};
use ndarray::{Axis, concatenate};
use reference::{Reference, folder, session, worst};
use serde_json::{Value, json};

/// Grey levels of 1 in 255 that the resizing of two libraries may differ by, after normalization.
const GREY_LEVEL: f32 = 1.01 / 57.0;

/// How many pixels differ from those of recorded run lengths.
fn apart(mask: &GrayImage, counts: &Value) -> usize {
    let size = [mask.height(), mask.width()];
    let truth = Rle { size, counts: serde_json::from_value(counts.clone()).unwrap() }.to_mask();
    mask.pixels().zip(truth.pixels()).filter(|(a, b)| (a.0[0] >= 128) != (b.0[0] >= 128)).count()
}

fn prompt(record: &Value) -> Prompt {
    Prompt {
        points: serde_json::from_value(record["points"].clone()).unwrap_or_default(),
        bbox: serde_json::from_value::<[f32; 4]>(record["box"].clone()).ok().map(BBox::from),
    }
}

/// The tiny encoders see 64 pixels; the one that takes rows does not declare it.
fn tiny() -> ModelFacts {
    ModelFacts { size: Some(64), ..ModelFacts::default() }
}

fn cx(layout: &str, picture: &RgbImage) -> ToolCx {
    session(&[(PROMPT, folder("sam").join(layout), tiny())], picture)
}

/// The encoder's input as `[1, 3, 64, 64]`, normalized and padded as the graph does where it takes rows of pixels.
fn planes(model: &Promptable, picture: &RgbImage) -> ndarray::ArrayD<f32> {
    let given = model.pixels(picture);
    if given.ndim() == 4 {
        return given;
    }
    let (mean, std) = ([123.675, 116.28, 103.53], [58.395, 57.12, 57.375]);
    let inner = given.permuted_axes(ndarray::IxDyn(&[2, 0, 1])).insert_axis(Axis(0));
    let mut all = ndarray::ArrayD::zeros(ndarray::IxDyn(&[1, 3, 64, 64]));
    for (at, value) in inner.indexed_iter() {
        all[[0, at[1], at[2], at[3]]] = (value - mean[at[1]]) / std[at[1]];
    }
    all
}

async fn compare(layout: &str) {
    let record = Reference::open("sam");
    let control = RunControl::new();
    for name in ["wide", "tall"] {
        let picture = record.picture(&format!("{name}.png"));
        let model = Promptable::load(&cx(layout, &picture)).await.unwrap();
        let pixels = worst(&planes(&model, &picture), &record.tensor(&format!("{name}.pixels")));
        let wanted_embeddings = record.tensor(&format!("{name}.embeddings"));
        let own = model.embedding(&picture, &control).unwrap();
        let embeddings = worst(&own.tensors[0].1, &wanted_embeddings);
        // From the reference's embeddings, so that only the decoder and what comes after it are compared.
        let given = Embedding { tensors: vec![("image_embeddings".into(), wanted_embeddings)] };
        let (mut scores, mut differ, mut differ_own) = (0.0_f32, 0, 0);
        for wanted in record.facts[name].as_array().unwrap() {
            let asked = prompt(wanted);
            let answer = model.answer(&given, picture.dimensions(), &asked, &control).unwrap();
            scores = scores.max((answer.score - wanted["score"].as_f64().unwrap() as f32).abs());
            differ = differ.max(apart(&answer.mask, &wanted["counts"]));
            let answer = model.answer(&own, picture.dimensions(), &asked, &control).unwrap();
            differ_own = differ_own.max(apart(&answer.mask, &wanted["counts"]));
        }
        eprintln!(
            "SAM, {layout}, {name}: pixels {pixels:.1e}, embeddings {embeddings:.1e}, scores {scores:.1e}, mask pixels that \
             differ {differ}, from the picture itself {differ_own} of {}",
            picture.width() * picture.height()
        );
        assert!(pixels < GREY_LEVEL, "{pixels}");
        assert!(scores < 1e-4 && differ == 0, "{scores} {differ}");
        assert!(differ_own <= 60, "{differ_own}");
    }
}

#[tokio::test]
async fn the_authors_layout_cuts_what_their_predictor_cuts() {
    compare("official").await;
}

#[tokio::test]
async fn rows_of_pixels_and_one_mask_do_too() {
    compare("mobile").await;
}

#[tokio::test]
async fn the_decoder_offers_what_the_predictor_offers() {
    let record = Reference::open("sam");
    let picture = record.picture("wide.png");
    let cx = cx("official", &picture);
    let decoder = cx.model("segment_prompt-decoder").await.unwrap();
    let names: Vec<&str> = decoder.model.signature().inputs.iter().map(|input| input.name.as_str()).collect();
    assert_eq!(names[..3], ["image_embeddings", "point_coords", "point_labels"]);
    let (scale, embeddings) = (64.0_f32 / 97.0, record.tensor("wide.embeddings"));
    // One point: the predictor gives the last three of the decoder's four masks.
    let wanted = record.tensor("wide.masks.0");
    let points = ndarray::arr3(&[[[30.0 * scale, 25.0 * (40.0_f32 / 61.0)], [0.0, 0.0]]]).into_dyn();
    let labels = ndarray::arr2(&[[1.0_f32, -1.0]]).into_dyn();
    let mask = ndarray::ArrayD::<f32>::zeros(ndarray::IxDyn(&[1, 1, 32, 32]));
    let (flag, size) = (ndarray::arr1(&[0.0_f32]).into_dyn(), ndarray::arr1(&[61.0_f32, 97.0]).into_dyn());
    let tensors = [&embeddings, &points, &labels, &mask, &flag, &size];
    let inputs: Vec<_> =
        names.iter().copied().zip(tensors.map(|tensor| argus_tools::onnx::Input::F32(tensor.view()))).collect();
    let mut logits = f32::INFINITY;
    decoder
        .model
        .run(&inputs, &RunControl::new(), &mut |outputs| {
            let small = outputs.f32("low_res_masks")?;
            let last: Vec<_> = (1..4).map(|mask| small.index_axis(Axis(1), mask)).collect();
            let last: Vec<_> = last.iter().map(|mask| mask.index_axis(Axis(0), 0).insert_axis(Axis(0))).collect();
            logits = worst(&concatenate(Axis(0), &last).unwrap(), &wanted);
            Ok(())
        })
        .unwrap();
    eprintln!("SAM, official: low-resolution mask logits {logits:.1e}");
    assert!(logits < 1e-4, "{logits}");
}

#[tokio::test]
async fn the_tool_cuts_points_and_boxes_with_it() {
    let record = Reference::open("sam");
    let picture = record.picture("wide.png");
    for layout in ["official", "mobile"] {
        let cx = cx(layout, &picture);
        let tools = Toolbox::new().with(Segment);
        for wanted in record.facts["wide"].as_array().unwrap() {
            let mut args = json!({"image": "img-1"});
            for (key, given) in [("point", "points"), ("region", "box")] {
                if !wanted[given].is_null() {
                    args[key] = wanted[given].clone();
                }
            }
            let seen = tools.call("segment", args.clone(), &cx).await.unwrap().value;
            let mask = serde_json::from_value::<Rle>(seen["segments"][0]["rle"].clone()).unwrap().to_mask();
            assert!(apart(&mask, &wanted["counts"]) <= 60, "{layout}, {args}: {seen}");
        }
    }
}

#[tokio::test]
async fn odd_pictures_go_through_both() {
    for picture in [RgbImage::new(1, 1), RgbImage::new(300, 2), RgbImage::new(64, 64)] {
        for layout in ["official", "mobile"] {
            let cx = cx(layout, &picture);
            let tools = Toolbox::new().with(Segment);
            let seen = tools.call("segment", json!({"image": "img-1", "point": [0, 0]}), &cx).await.unwrap().value;
            assert!((0.0..=1.0).contains(&seen["area_fraction"].as_f64().unwrap()), "{layout}: {seen}");
        }
    }
}

#[tokio::test]
async fn a_folder_without_a_pair_says_what_it_should_have() {
    let folder = tempfile::tempdir().unwrap();
    fs_err::copy(reference::folder("sam").join("official/decoder.onnx"), folder.path().join("decoder.onnx")).unwrap();
    let cx = session(&[(PROMPT, folder.path().to_owned(), tiny())], &RgbImage::new(8, 8));
    let error = Promptable::load(&cx).await.err().unwrap();
    assert!(error.message.contains("such as encoder.onnx") && error.message.ends_with("there is decoder"), "{error}");
}
