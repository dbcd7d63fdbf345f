//! The whole `caption` tool on tiny captioners in folders of the user's own, through the toolbox: what comes out is what the
//! reference library says of the same picture (`tests/golden/tiny_captioners.py`, `tests/golden/tiny_florence.py`).
#![expect(clippy::unwrap_used, reason = "a test fails where its set-up does")]

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use argus_tools::{
    geom::BBox,
    image::{FetchPolicy, Fetcher, ImageSource, ImageStore, LoadLimits, Origin, RegionKind},
    onnx::{Device, PoolOptions, SessionPool},
    store::{Store, StoreOptions, UserModel},
    tool::{Observation, ToolCx, ToolError, ToolErrorKind, Toolbox},
    vision::{caption::Caption, frames::Frames},
};
use image::{Delay, Frame, codecs::gif::GifEncoder};
use serde_json::{Value, json};

fn data(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name)
}

fn reference(folder: &str) -> Value {
    serde_json::from_str(&fs_err::read_to_string(data(folder).join("reference.json")).unwrap()).unwrap()
}

/// A session about a picture, with a captioner of the user's own.
fn session(captioner: &Path, picture: &Path) -> ToolCx {
    let mut options = StoreOptions::from_env().unwrap();
    let own: UserModel = toml::from_str("role = 'caption'\nfile = 'own'").unwrap();
    options.user_models.insert("tiny".into(), UserModel { file: captioner.to_owned(), ..own });
    let pool = PoolOptions { device: Device::Cpu, ..PoolOptions::default() };
    let images = ImageStore::new();
    images.insert(image::open(picture).unwrap(), Origin::Memory("picture".into()));
    ToolCx::new(images, Arc::new(SessionPool::new(Store::open(options).unwrap(), pool)))
}

async fn call(cx: &ToolCx, args: Value) -> Result<Observation, ToolError> {
    Toolbox::new().with(Caption).call("caption", args, cx).await
}

/// The tiny ViT-GPT2 with texts as long as those of its reference.
fn vit_gpt2(folder: &Path) {
    let source = data("captioners/vit-gpt2");
    for name in
        ["encoder_model.onnx", "decoder_model_merged.onnx", "preprocessor_config.json", "tokenizer.json", "picture.png"]
    {
        fs_err::copy(source.join(name), folder.join(name)).unwrap();
    }
    let settings = fs_err::read_to_string(source.join("generation_config.json")).unwrap();
    let mut settings: Value = serde_json::from_str(&settings).unwrap();
    settings["max_new_tokens"] = json!(16);
    fs_err::write(folder.join("generation_config.json"), settings.to_string()).unwrap();
}

#[tokio::test]
async fn vit_gpt2_writes_the_caption_and_says_what_it_cannot() {
    let folder = tempfile::tempdir().unwrap();
    vit_gpt2(folder.path());
    let cx = session(folder.path(), &folder.path().join("picture.png"));
    let expected = reference("captioners/vit-gpt2")["greedy"]["text"].as_str().unwrap().trim().to_owned();
    let brief = call(&cx, json!({})).await.unwrap();
    assert_eq!(brief.value, json!({"caption": expected, "source": "tiny"}));
    assert_eq!(brief.text, expected);
    assert_eq!(cx.used().iter().map(|used| used.model.as_str()).collect::<Vec<_>>(), ["tiny"]);
    let detailed = call(&cx, json!({"image": "img-1", "detail": "detailed"})).await.unwrap();
    assert_eq!(
        detailed.value,
        json!({"caption": expected, "source": "tiny", "remark": "tiny writes brief captions only"})
    );
    assert_eq!(detailed.text, format!("{expected} (tiny writes brief captions only)"));
}

/// Every scene of a clip in the captioner's words: the same as `caption` writes of that frame.
#[tokio::test]
async fn scenes_of_a_clip_are_captioned_by_the_model() {
    let folder = tempfile::tempdir().unwrap();
    vit_gpt2(folder.path());
    let picture = image::open(folder.path().join("picture.png")).unwrap().into_rgba8();
    let mut other = picture.clone();
    image::imageops::invert(&mut other);
    let path = folder.path().join("clip.gif");
    let mut encoder = GifEncoder::new(std::fs::File::create(&path).unwrap());
    for frame in [&picture, &other, &picture] {
        encoder.encode_frame(Frame::from_parts(frame.clone(), 0, 0, Delay::from_numer_denom_ms(800, 1))).unwrap();
    }
    drop(encoder);
    let cx = session(folder.path(), &folder.path().join("picture.png"));
    let fetcher = Fetcher::new(FetchPolicy::default()).unwrap();
    let store = Store::open(StoreOptions::from_env().unwrap()).unwrap();
    cx.images.take_in(ImageSource::Path(path).load(&fetcher, &store, &LoadLimits::default()).await.unwrap());
    let tools = Toolbox::new().with(Frames).with(Caption);
    let seen = tools.call("frames", json!({"describe": true}), &cx).await.unwrap().value;
    assert_eq!((&seen["source"], seen.get("missing")), (&json!("tiny"), None));
    let scenes = seen["scenes"].as_array().unwrap();
    assert_eq!(scenes.len(), 3, "{seen}");
    for scene in scenes {
        let told = tools.call("caption", json!({"image": scene["image"]}), &cx).await.unwrap().value;
        assert_eq!(told["caption"], scene["caption"]);
    }
    assert_ne!(scenes[0]["caption"], scenes[1]["caption"]);
    assert_eq!(scenes[0]["caption"], scenes[2]["caption"]);
}

#[tokio::test]
async fn florence_writes_captions_and_names_regions() {
    let folder = data("florence");
    let (cx, reference) = (session(&folder, &folder.join("square.png")), reference("florence"));
    let said = |task: &str| reference["tasks"][task]["parsed"].clone();
    let brief = call(&cx, json!({"detail": "brief"})).await.unwrap();
    assert_eq!(brief.value, json!({"caption": said("<CAPTION>"), "source": "tiny"}));
    let detailed = call(&cx, json!({"detail": "detailed"})).await.unwrap();
    assert_eq!(detailed.value, json!({"caption": said("<MORE_DETAILED_CAPTION>"), "source": "tiny"}));

    let parts = call(&cx, json!({"detail": "regions"})).await.unwrap();
    assert_eq!(parts.value["caption"], said("<CAPTION>"));
    let dense = said("<DENSE_REGION_CAPTION>");
    // Random weights say many a box that is none.
    let real: Vec<(String, [f32; 4])> = serde_json::from_value::<Vec<[f32; 4]>>(dense["bboxes"].clone())
        .unwrap()
        .into_iter()
        .zip(serde_json::from_value::<Vec<String>>(dense["labels"].clone()).unwrap())
        .filter(|(corners, label)| BBox::from_corners(*corners).is_some() && !label.is_empty())
        .map(|(corners, label)| (label, corners))
        .collect();
    assert!(!real.is_empty(), "{dense}");
    let regions = parts.value["regions"].as_array().unwrap();
    assert_eq!(regions.len(), real.len(), "{regions:?} {real:?}");
    for (number, (region, (label, corners))) in regions.iter().zip(real).enumerate() {
        assert_eq!(
            (&region["caption"], &region["handle"]),
            (&json!(label), &json!(format!("img-1/region-{}", number + 1)))
        );
        let ours: [f32; 4] = serde_json::from_value(region["box"].clone()).unwrap();
        // The reference cuts to whole pixels; ours are rounded to tenths.
        assert!(ours.iter().zip(corners).all(|(a, b)| *a > b - 0.1 && *a < b + 1.1), "{ours:?} {corners:?}");
    }
    let known = cx.images.regions("img-1");
    assert_eq!((known.len(), known[0].kind), (regions.len(), RegionKind::Area));
    assert!(parts.text.contains("\nimg-1/region-1: "), "{}", parts.text);
}

#[tokio::test]
async fn what_is_no_captioner_is_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let picture = data("florence/picture.png");
    fs_err::copy(data("detectors/yolo.onnx"), folder.path().join("model.onnx")).unwrap();
    let error = call(&session(folder.path(), &picture), json!({})).await.unwrap_err();
    assert_eq!(error.kind, ToolErrorKind::Internal);
    assert!(error.message.contains("tiny is no captioner that is known here: it has model.onnx"), "{error}");

    vit_gpt2(folder.path());
    fs_err::copy(data("captioners/vit-gpt2/decoder_model.onnx"), folder.path().join("encoder_model.onnx")).unwrap();
    let error = call(&session(folder.path(), &picture), json!({})).await.unwrap_err();
    assert!(error.message.contains("encoder_model should take pixel_values"), "{error}");
    assert!(error.message.contains("encoder_hidden_states"), "the message names what it takes: {error}");

    for name in ["vision_encoder.onnx", "embed_tokens.onnx", "encoder_model.onnx"] {
        fs_err::copy(data("florence/onnx/encoder_model.onnx"), folder.path().join(name)).unwrap();
    }
    let error = call(&session(folder.path(), &picture), json!({})).await.unwrap_err();
    assert!(error.message.contains("does not know <s>"), "{error}");
    fs_err::copy(data("florence/tokenizer.json"), folder.path().join("tokenizer.json")).unwrap();
    let error = call(&session(folder.path(), &picture), json!({})).await.unwrap_err();
    assert!(error.message.contains("vision_encoder should take pixel_values and give image_features"), "{error}");
    assert!(error.message.contains("inputs: "), "the message names what it takes: {error}");
}

#[tokio::test]
async fn wrong_arguments_say_what_is_right() {
    let folder = data("florence");
    let cx = session(&folder, &folder.join("picture.png"));
    let error = call(&cx, json!({"detail": "long"})).await.unwrap_err();
    assert_eq!(error.kind, ToolErrorKind::InvalidInput);
    assert!(["brief", "detailed", "regions"].iter().all(|known| error.feedback.contains(known)), "{error}");
    assert!(call(&cx, json!({"image": "img-7"})).await.unwrap_err().feedback.contains("there is img-1"));
}

#[tokio::test]
async fn a_part_is_captioned_by_itself_and_its_regions_lie_in_the_whole() {
    let folder = data("florence");
    let (cx, square) = (session(&folder, &folder.join("square.png")), image::open(folder.join("square.png")).unwrap());
    let (width, height) = (square.width(), square.height());
    let mut whole = image::RgbImage::from_pixel(width + 70, height + 40, image::Rgb([9, 120, 40]));
    image::imageops::replace(&mut whole, &square.to_rgb8(), 30, 20);
    cx.images.insert(whole.into(), Origin::Memory("whole".into()));
    let of_square = call(&cx, json!({"image": "img-1", "detail": "regions"})).await.unwrap().value;
    let part = json!({"region": [30, 20, 30 + width, 20 + height], "detail": "regions"});
    let of_part = call(&cx, part).await.unwrap().value;
    assert_eq!(of_part["caption"], of_square["caption"]);
    let (own, expected) = (of_part["regions"].as_array().unwrap(), of_square["regions"].as_array().unwrap());
    assert!(!own.is_empty() && own.len() == expected.len());
    for (one, other) in own.iter().zip(expected) {
        assert_eq!(one["caption"], other["caption"]);
        assert!(one["handle"].as_str().unwrap().starts_with("img-2/region-"));
        let corners = |region: &Value| serde_json::from_value::<[f64; 4]>(region["box"].clone()).unwrap();
        let moved = corners(other).into_iter().zip([30.0, 20.0, 30.0, 20.0]).map(|(side, by)| side + by);
        assert!(corners(one).into_iter().zip(moved).all(|(a, b)| (a - b).abs() < 0.11), "{one} {other}");
    }
    let by_whole = call(&cx, json!({"image": "img-2"})).await.unwrap().value;
    assert_ne!(by_whole["caption"], of_part["caption"], "the part is not the whole");
    let error = call(&cx, json!({"image": "img-1", "region": [9000, 9000, 9100, 9100]})).await.unwrap_err();
    assert!(error.feedback.contains("lies outside img-1"), "{}", error.feedback);
}

#[tokio::test]
async fn sampling_gives_other_captions_and_the_same_for_the_same_seed() {
    let folder = tempfile::tempdir().unwrap();
    vit_gpt2(folder.path());
    let cx = session(folder.path(), &folder.path().join("picture.png"));
    let said = async |sampling: Value| call(&cx, json!({"sampling": sampling})).await.unwrap().value["caption"].clone();
    let mut all = Vec::new();
    for seed in 0..6 {
        let sampling = json!({"top_k": 50, "seed": seed, "min_tokens": 4, "max_tokens": 8});
        all.push(said(sampling.clone()).await);
        assert_eq!(all.last(), Some(&said(sampling).await), "seed {seed}");
    }
    assert!(all.iter().any(|caption| *caption != all[0]), "{all:?}");
    let likeliest = call(&cx, json!({})).await.unwrap().value["caption"].clone();
    assert_eq!(said(json!({"top_k": 1})).await, likeliest, "one word to choose from is no choice");
    assert_ne!(said(json!({"max_tokens": 2})).await, likeliest);
    let error = call(&cx, json!({"sampling": {"top_k": 0}})).await.unwrap_err();
    assert!(error.feedback.contains("top_k is 0; it must be from 1 to 1000"), "{}", error.feedback);
    let error = call(&cx, json!({"sampling": {"top": 5}})).await.unwrap_err();
    assert!(error.feedback.contains("unknown field `top`"), "{}", error.feedback);
}
