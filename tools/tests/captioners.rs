//! Text generation against the reference library: tiny models of random weights in the layout that optimum exports, made by
//! `tests/golden/tiny_captioners.py` with what transformers makes of them.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test fails where its set-up does")]

use std::path::{Path, PathBuf};

use argus_tools::{
    generate::{Decoder, GenerateOptions, Strategy, VisionToText},
    onnx::{Device, Input, Model, OrtModel, RunControl, Runtime},
    store::{Store, StoreOptions},
};
use image::RgbImage;
use ndarray::Array4;
use serde_json::{Value, json};

fn folder(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/data/captioners").join(name)
}

async fn graph(path: &Path) -> OrtModel {
    let store = Store::open(StoreOptions::from_env().unwrap()).unwrap();
    let library = store.ensure_role("onnxruntime", None).await.expect("ONNX Runtime is available");
    Runtime::load(library.main()).unwrap().session(path, Device::Cpu).unwrap().0
}

fn picture(folder: &Path) -> RgbImage {
    image::open(folder.join("picture.png")).unwrap().to_rgb8()
}

fn numbers(value: &Value) -> Vec<f32> {
    value.as_array().unwrap().iter().map(|number| number.as_f64().unwrap() as f32).collect()
}

fn runs(options: &GenerateOptions) -> Vec<(&'static str, GenerateOptions)> {
    let greedy = GenerateOptions { max_new_tokens: 16, strategy: Strategy::Greedy, ..options.clone() };
    let beam = |beams, length_penalty, early_stopping| GenerateOptions {
        strategy: Strategy::Beam { beams, length_penalty, early_stopping },
        ..greedy.clone()
    };
    vec![
        ("greedy", greedy.clone()),
        ("beam", beam(4, 1.0, false)),
        ("beam_long", beam(3, 2.0, true)),
        ("penalised", GenerateOptions { repetition_penalty: 1.4, ..greedy.clone() }),
        ("no_repeat", GenerateOptions { no_repeat_ngram: 2, ..greedy.clone() }),
        ("least", GenerateOptions { min_new_tokens: 8, ..beam(2, 1.0, false) }),
        ("ended", greedy.clone()),
        ("beam_ended", beam(4, 1.0, false)),
        ("beam_ends", beam(3, 0.5, false)),
    ]
}

#[tokio::test]
async fn vit_gpt2_says_what_the_reference_says() {
    compare("vit-gpt2").await;
}

/// Its decoder has caches of its own and of the encoder's states.
#[tokio::test]
async fn trocr_says_what_the_reference_says() {
    compare("trocr").await;
}

/// What a decoder keeps stays where a binding puts it, here in the host's memory, and the tokens are the same.
#[tokio::test]
async fn a_bound_cache_says_the_same() {
    for name in ["vit-gpt2", "trocr"] {
        let folder = folder(name);
        let model = VisionToText::open(&folder).unwrap();
        let encoder = graph(&folder.join("encoder_model.onnx")).await;
        let control = RunControl::new();
        let encoded = model.encode(&encoder, &model.pixels(&picture(&folder)), &control).unwrap();
        let files = ["decoder_model_merged.onnx", "decoder_model.onnx", "decoder_with_past_model.onnx"];
        let [merged, first, later] = files.map(|file| folder.join(file));
        let usual = [graph(&merged).await, graph(&first).await, graph(&later).await];
        let bound = [graph(&merged).await, graph(&first).await, graph(&later).await];
        let bound = bound.map(|graph| graph.keeping_on(Device::Cpu));
        let mut longest = 0;
        for (run, options) in runs(&model.options) {
            let both = |graphs: &[OrtModel; 3]| {
                [Decoder::of(&graphs[0]), Decoder::pair(&graphs[1], &graphs[2])]
                    .map(|decoder| model.ids(decoder.unwrap(), encoded.clone(), &options, &control).unwrap())
            };
            let said = both(&bound);
            assert_eq!(said, both(&usual), "{name}, {run}");
            longest = longest.max(said[0].len());
        }
        assert!(longest > 8, "the cache went through several steps: {longest}");
    }
}

/// An output that is not there is named, whichever way it was to be kept.
#[tokio::test]
async fn what_cannot_be_kept_is_named() {
    let path = folder("vit-gpt2").join("encoder_model.onnx");
    let pixels = VisionToText::open(&folder("vit-gpt2")).unwrap().pixels(&picture(&folder("vit-gpt2")));
    let inputs = [("pixel_values", Input::F32(pixels.view().into_dyn()))];
    for model in [graph(&path).await, graph(&path).await.keeping_on(Device::Cpu)] {
        let control = RunControl::new();
        let kept = model.run_keeping(&inputs, &["last_hidden_state"], &control, &mut |outputs| {
            assert_eq!(outputs.len(), model.signature().outputs.len() - 1, "what is kept is not read");
            Ok(())
        });
        let [states] = &kept.unwrap()[..] else { unreachable!("one is kept") };
        assert!(states.read(|values| values.iter().all(|value| value.is_finite()) && values.ndim() == 3).unwrap());
        let error = model.run_keeping(&inputs, &["nothing"], &control, &mut |_| Ok(())).unwrap_err();
        assert!(error.to_string().contains("output nothing"), "{error}");
    }
}

async fn compare(model: &str) {
    let folder = folder(model);
    let reference: Value =
        serde_json::from_str(&fs_err::read_to_string(folder.join("reference.json")).unwrap()).unwrap();
    let model = VisionToText::open(&folder).unwrap();
    let encoder = graph(&folder.join("encoder_model.onnx")).await;
    let merged = graph(&folder.join("decoder_model_merged.onnx")).await;
    let first = graph(&folder.join("decoder_model.onnx")).await;
    let later = graph(&folder.join("decoder_with_past_model.onnx")).await;
    let control = RunControl::new();
    let pixels = model.pixels(&picture(&folder));
    let given = Array4::from_shape_vec(pixels.raw_dim(), numbers(&reference["pixels"])).unwrap();
    // Pillow rounds to whole grey levels as this does, but for a few pixels by one.
    let off = pixels.iter().zip(&given).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    let encoded = model.encode(&encoder, &given, &control).unwrap();
    let states = encoded.states.iter().zip(numbers(&reference["states"]));
    let worst = states.map(|(value, expected)| (value - expected).abs()).fold(0.0, f32::max);
    assert!(off <= 2.0 / 255.0 + 1e-5 && worst < 1e-4, "pixels {off}, states {worst}");
    let own = model.encode(&encoder, &pixels, &control).unwrap();
    let greedy = GenerateOptions { max_new_tokens: 16, ..model.options.clone() };
    let said = model.ids(Decoder::of(&merged).unwrap(), own, &greedy, &control).unwrap();
    assert_eq!(json!(said), reference["greedy"]["ids"], "from the picture");
    for (name, options) in runs(&model.options) {
        let said = &reference[name];
        let ids =
            |key: &str| -> Vec<i64> { said[key].as_array().unwrap().iter().map(|id| id.as_i64().unwrap()).collect() };
        let (options, mut wanted) = (GenerateOptions { eos: ids("eos"), ..options }, ids("ids"));
        let end = wanted.iter().position(|id| options.eos.contains(id)).unwrap_or(wanted.len());
        wanted.truncate(end);
        for (layout, decoder) in
            [("merged", Decoder::of(&merged).unwrap()), ("pair", Decoder::pair(&first, &later).unwrap())]
        {
            let ids = model.ids(decoder, encoded.clone(), &options, &control).unwrap();
            assert_eq!(ids, wanted, "{name}, {layout}");
            if options.eos == model.options.eos {
                assert_eq!(model.text(&ids).unwrap(), said["text"].as_str().unwrap().trim(), "{name}");
            }
        }
    }
}
