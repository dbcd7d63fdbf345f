//! BLIP against the reference library: a tiny model of random weights in the layout of its known exports, two graphs without
//! a cache, made by `tests/golden/tiny_blip.py`.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test fails where its set-up does")]
#![expect(clippy::print_stderr, reason = "the differences are for the parity table")]

use std::{path::PathBuf, sync::Arc};

use argus_tools::{
    generate::{Decoder, GenerateOptions, Strategy, VisionToText, VisionToTextModel},
    image::{ImageStore, Origin},
    onnx::{Device, OrtModel, PoolOptions, RunControl, Runtime, SessionPool},
    store::{Store, StoreOptions, UserModel},
    tool::{ToolCx, Toolbox},
    vision::caption::Caption,
};
use ndarray::Array4;
use serde_json::{Value, json};

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/data/blip")
}

fn reference() -> Value {
    serde_json::from_str(&fs_err::read_to_string(folder().join("reference.json")).unwrap()).unwrap()
}

async fn graph(name: &str) -> OrtModel {
    let store = Store::open(StoreOptions::from_env().unwrap()).unwrap();
    let library = store.ensure_role("onnxruntime", None).await.expect("ONNX Runtime is available");
    Runtime::load(library.main()).unwrap().session(&folder().join(name), Device::Cpu).unwrap().0
}

fn numbers(value: &Value) -> Vec<f32> {
    value.as_array().unwrap().iter().map(|number| number.as_f64().unwrap() as f32).collect()
}

#[tokio::test]
async fn it_says_what_the_reference_says() {
    let (reference, control) = (reference(), RunControl::new());
    let model = VisionToText::open_blip(&folder()).unwrap();
    assert_eq!(model.options.eos, [reference["end"].as_i64().unwrap()]);
    let (visual, textual) = (graph("blip-tiny-visual.onnx").await, graph("blip-tiny-textual.onnx").await);
    let pixels = model.pixels(&image::open(folder().join("picture.png")).unwrap().to_rgb8());
    let given = Array4::from_shape_vec(pixels.raw_dim(), numbers(&reference["pixels"])).unwrap();
    let off = pixels.iter().zip(&given).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    let encoded = model.encode(&visual, &given, &control).unwrap();
    let states = encoded.states.iter().zip(numbers(&reference["states"]));
    let worst = states.map(|(value, expected)| (value - expected).abs()).fold(0.0, f32::max);
    eprintln!("blip: pixels {off:e}, image embeds {worst:e}");
    assert!(off <= 1.0 / 255.0 / 0.261 + 1e-5 && worst < 1e-4, "pixels {off}, image embeds {worst}");
    let short = GenerateOptions { max_new_tokens: 12, ..model.options.clone() };
    let beam = Strategy::Beam { beams: 3, length_penalty: 1.0, early_stopping: false };
    for (name, options) in [
        ("greedy", model.options.clone()),
        ("short", short.clone()),
        ("beam", GenerateOptions { strategy: beam, ..short.clone() }),
        ("no_repeat", GenerateOptions { no_repeat_ngram: 2, ..short.clone() }),
    ] {
        let said = &reference["runs"][name];
        let mut wanted: Vec<i64> = serde_json::from_value(said["ids"].clone()).unwrap();
        let end = wanted.iter().position(|id| options.eos.contains(id)).unwrap_or(wanted.len());
        wanted.truncate(end);
        let ids = model.ids(Decoder::of(&textual).unwrap(), encoded.clone(), &options, &control).unwrap();
        assert_eq!(ids, wanted, "{name}");
        assert_eq!(model.text(&ids).unwrap(), said["text"].as_str().unwrap().trim(), "{name}");
    }
}

#[tokio::test]
async fn the_tool_writes_its_caption() {
    let mut options = StoreOptions::from_env().unwrap();
    let own: UserModel = toml::from_str("role = 'caption'\nfile = 'own'").unwrap();
    options.user_models.insert("tiny-blip".into(), UserModel { file: folder(), ..own });
    let pool = PoolOptions { device: Device::Cpu, ..PoolOptions::default() };
    let images = ImageStore::new();
    images.insert(image::open(folder().join("picture.png")).unwrap(), Origin::Memory("picture".into()));
    let cx = ToolCx::new(images, Arc::new(SessionPool::new(Store::open(options).unwrap(), pool)));
    assert!(VisionToTextModel::has_graphs(&cx.files("caption").await.unwrap()));
    let said = Toolbox::new().with(Caption).call("caption", json!({}), &cx).await.unwrap();
    let caption = reference()["runs"]["greedy"]["text"].as_str().unwrap().trim().to_owned();
    assert_eq!(said.value, json!({"caption": caption, "source": "tiny-blip"}));
}
