//! Depth, poses, upscaling and inpainting against the reference implementations: tiny models in the layouts of the real
//! exports, made by `tests/golden/tiny_pixels.py` with what transformers, or NumPy for known functions, makes of them.
#![expect(clippy::unwrap_used, reason = "a test fails where its set-up does")]
#![expect(clippy::print_stderr, reason = "the largest differences are the test's report")]

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use argus_tools::{
    geom::BBox,
    image::{ImageStore, Origin},
    onnx::{Device, LoadedModel, PoolOptions, RunControl, Runtime, SessionPool},
    store::{ModelFacts, Store, StoreOptions, UserModel},
    tool::{Observation, Tool, ToolCx, Toolbox},
    vision::{
        depth::{Depth, DepthEstimator, normal_picture},
        pose::{PersonPose, Pose, person_pixels, poses_in, poses_of},
        remove_object::RemoveObject,
        upscale::{Upscale, upscale, upscaler_pixels},
    },
};
use image::{DynamicImage, GrayImage, RgbImage};
use ndarray::{Array4, ArrayView4};
use serde_json::{Value, json};

fn folder(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/data/pixels").join(name)
}

async fn load(path: &Path) -> LoadedModel {
    let store = Store::open(StoreOptions::from_env().unwrap()).unwrap();
    let library = store.ensure_role("onnxruntime", None).await.unwrap();
    let (session, _) = Runtime::load(library.main()).unwrap().session(path, Device::Cpu).unwrap();
    LoadedModel { id: "tiny".into(), facts: ModelFacts::default(), model: Arc::new(session), provider: "cpu".into() }
}

fn text(path: &Path) -> String {
    fs_err::read_to_string(path).unwrap()
}

fn reference(folder: &Path) -> Value {
    serde_json::from_str(&text(&folder.join("reference.json"))).unwrap()
}

fn floats(path: &Path) -> Vec<f32> {
    let bytes = fs_err::read(path).unwrap();
    bytes.chunks_exact(4).map(|word| f32::from_le_bytes(word.try_into().unwrap())).collect()
}

fn rgb(path: &Path) -> RgbImage {
    image::open(path).unwrap().to_rgb8()
}

fn numbers(value: &Value) -> Vec<f32> {
    value.as_array().unwrap().iter().map(|number| number.as_f64().unwrap() as f32).collect()
}

fn boxes(value: &Value) -> Vec<BBox> {
    let corners = value.as_array().unwrap().iter().map(|corners| <[f32; 4]>::try_from(numbers(corners)).unwrap());
    corners.map(BBox::from).collect()
}

/// The largest difference of two lists of the same length.
fn worst<'a>(ours: impl IntoIterator<Item = &'a f32>, theirs: &[f32]) -> f32 {
    let ours: Vec<f32> = ours.into_iter().copied().collect();
    assert_eq!(ours.len(), theirs.len());
    ours.iter().zip(theirs).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
}

/// The largest difference of any channel of any pixel, and the mean one.
fn levels(ours: &[u8], theirs: &[u8]) -> (u8, f64) {
    assert_eq!(ours.len(), theirs.len());
    let off = || ours.iter().zip(theirs).map(|(a, b)| a.abs_diff(*b));
    (off().max().unwrap_or_default(), off().map(f64::from).sum::<f64>() / ours.len().max(1) as f64)
}

/// A context whose models are folders and files of the tiny ones by role, with a picture in it.
fn cx(picture: DynamicImage, models: &[(&str, PathBuf, &[&str])]) -> ToolCx {
    let mut options = StoreOptions::from_env().unwrap();
    for (role, file, labels) in models {
        let labels: Vec<String> = labels.iter().map(|label| (*label).to_owned()).collect();
        let facts = ModelFacts { labels, ..ModelFacts::default() };
        let model = UserModel {
            role: (*role).to_owned(),
            file: file.clone(),
            labels_file: None,
            mmproj: None,
            licence: None,
            facts,
        };
        options.user_models.insert(format!("tiny-{role}"), model);
    }
    let images = ImageStore::new();
    images.insert(picture, Origin::Memory("drawn".into()));
    let pool = SessionPool::new(Store::open(options).unwrap(), PoolOptions::default());
    ToolCx::new(images, Arc::new(pool))
}

async fn call<T: Tool>(tool: T, args: Value, cx: &ToolCx) -> Observation {
    Toolbox::new().with(tool).call(T::NAME, args, cx).await.unwrap()
}

#[tokio::test]
async fn depth_anything_sees_what_the_reference_sees() {
    depth("depth-anything").await;
}

#[tokio::test]
async fn dpt_sees_what_the_reference_sees() {
    depth("dpt").await;
}

async fn depth(name: &str) {
    let folder = folder(name);
    let (record, picture, control) = (reference(&folder), rgb(&folder.join("picture.png")), RunControl::new());
    let model = load(&folder.join("model.onnx")).await;
    let settings = text(&folder.join("preprocessor_config.json"));
    let estimator = DepthEstimator::of(&model, Some(&settings), Some(&text(&folder.join("config.json")))).unwrap();

    let pixels = estimator.pixels(&picture);
    assert_eq!(json!(pixels.shape()), record["pixels"]);
    let given = floats(&folder.join("pixels.f32"));
    let pixel = worst(&pixels, &given);
    let given = ArrayView4::from_shape(pixels.raw_dim(), &given).unwrap();
    let raw = estimator.run(&model, &given, &control).unwrap();
    assert_eq!(json!([raw.height, raw.width]), record["raw"]);
    let raw_off = worst(&raw.values, &floats(&folder.join("raw.f32")));
    let whole = raw.resized(picture.width(), picture.height());
    let whole_off = worst(&whole.values, &floats(&folder.join("whole.f32")));
    let relative = whole.relative();
    let gray = image::open(folder.join("gray.png")).unwrap().to_luma8();
    let (gray_off, _) = levels(relative.picture().as_raw(), gray.as_raw());
    let means: Vec<f32> = boxes(&record["boxes"]).iter().map(|bbox| relative.mean(bbox).unwrap()).collect();
    let means_off = worst(&means, &numbers(&record["means"]));
    let (normal_off, normal_mean) =
        levels(normal_picture(&raw.relative()).as_raw(), rgb(&folder.join("normals.png")).as_raw());
    // From the picture on, with our own pixels.
    let (_, own) = estimator.estimate(&model, &picture, &control).unwrap();
    let own_means: Vec<f32> = boxes(&record["boxes"]).iter().map(|bbox| own.relative().mean(bbox).unwrap()).collect();
    let own_off = worst(&own_means, &numbers(&record["means"]));
    eprintln!(
        "{name}: pixels {pixel}, raw {raw_off}, resized {whole_off}, gray {gray_off}, region means {means_off} (own pixels \
         {own_off}), normals {normal_off} (mean {normal_mean})"
    );
    // One level of gray over the smallest deviation.
    assert!(pixel <= 1.0 / 255.0 / 0.224 + 1e-5, "{pixel}");
    assert!(raw_off < 1e-4 && whole_off < 1e-4 && means_off < 1e-4, "{raw_off} {whole_off} {means_off}");
    assert!(gray_off <= 1 && normal_off <= 2 && normal_mean < 0.05, "{gray_off} {normal_off} {normal_mean}");
    assert!(own_off < 0.02, "{own_off}");
}

#[tokio::test]
async fn the_depth_tool_runs_on_a_folder_of_the_hub() {
    let folder = folder("depth-anything");
    let record = reference(&folder);
    let picture = image::open(folder.join("picture.png")).unwrap();
    let cx = cx(picture, &[("depth", folder.clone(), &[])]);
    let seen = call(Depth, json!({"regions": record["boxes"]}), &cx).await;
    let mut expected = numbers(&record["means"]);
    expected.sort_by(|a, b| b.total_cmp(a));
    let regions = seen.value["regions"].as_array().unwrap();
    let depths: Vec<f32> = regions.iter().map(|region| region["depth"].as_f64().unwrap() as f32).collect();
    assert!(worst(&depths, &expected) < 0.02, "{depths:?} {expected:?}");
    let gray: GrayImage = cx.images.get("img-2").unwrap().pixels.to_luma8();
    let theirs = image::open(folder.join("gray.png")).unwrap().to_luma8();
    let (_, mean) = levels(gray.as_raw(), theirs.as_raw());
    eprintln!("depth tool: gray mean difference {mean}");
    assert!(mean < 2.0, "{mean}");
    let normals = call(Depth, json!({"image": "img-1", "kind": "normals"}), &cx).await;
    assert_eq!(normals.text, "img-3 is the normal map");
    assert_eq!(cx.used()[0].model, "tiny-depth");
}

/// The largest distances of joints from those of the record's first people, in pixels of the picture, and of scores.
fn joints_off(people: &[PersonPose], record: &Value) -> (f32, f32) {
    let (mut points, mut scores) = (0.0_f32, 0.0_f32);
    for (index, person) in people.iter().enumerate() {
        let expected = record["keypoints"][index].as_array().unwrap();
        for (at, joint) in person.joints.iter().enumerate() {
            let [x, y] = <[f32; 2]>::try_from(numbers(&expected[at])).unwrap();
            points = points.max((joint.x - x).abs()).max((joint.y - y).abs());
            let score = record["scores"][index][at].as_f64().unwrap() as f32;
            scores = scores.max((joint.score - score.clamp(0.0, 1.0)).abs());
        }
    }
    (points, scores)
}

#[tokio::test]
async fn vitpose_finds_what_the_reference_finds() {
    poses("vitpose").await;
}

#[tokio::test]
async fn rtmpose_finds_what_numpy_finds() {
    poses("rtmpose").await;
}

/// The largest difference of the pixels that are fed from the pictures of the first people, as they are fed.
fn people_off(pixels: &[Array4<f32>], folder: &Path) -> f32 {
    let (mean, std) = ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]);
    let mut most = 0.0_f32;
    for (index, pixels) in pixels.iter().take(2).enumerate() {
        let person = rgb(&folder.join(format!("person-{index}.png")));
        for (x, y, pixel) in person.enumerate_pixels() {
            for channel in 0..3 {
                let fed = (f32::from(pixel.0[channel]) / 255.0 - mean[channel]) / std[channel];
                most = most.max((pixels[[0, channel, y as usize, x as usize]] - fed).abs());
            }
        }
    }
    most
}

/// All but the first two.
fn last(list: &Value) -> Value {
    json!(list.as_array().unwrap()[2..])
}

async fn poses(name: &str) {
    let folder = folder(name);
    let (record, picture) = (reference(&folder), rgb(&folder.join("picture.png")));
    let model = load(&folder.join("model.onnx")).await;
    let boxes = boxes(&record["boxes"]);
    let pixels: Vec<Array4<f32>> = boxes.iter().map(|bbox| person_pixels(&model, &picture, bbox).unwrap()).collect();
    let pixel = if name == "vitpose" {
        worst(pixels.iter().flatten(), &floats(&folder.join("pixels.f32")))
    } else {
        people_off(&pixels, &folder)
    };
    let people = poses_in(&model, &picture, &boxes, &RunControl::new()).unwrap();
    let (points, scores) = joints_off(&people, &record);
    // Where a pixel lies half way between two levels, the reference's rounding is chance.
    let same =
        joints_off(&people[2..], &json!({"keypoints": last(&record["keypoints"]), "scores": last(&record["scores"])}));
    eprintln!("{name}: pixels {pixel}, joints {points} px, scores {scores}; of people with the same pixels {same:?}");
    assert!(same.0 < 1e-2 && same.1 < 1e-3, "{same:?}");
    assert!(pixel <= 1.0 / 255.0 / 0.224 + 1e-5, "{pixel}");
    assert!(points < 0.5 && scores < 1e-2, "{points} {scores}");
}

#[tokio::test]
async fn yolo_pose_is_read_with_and_without_suppression() {
    let folder = folder("yolo-pose");
    let record = reference(&folder);
    let picture = RgbImage::new(640, 320);
    for file in ["model.onnx", "end2end.onnx"] {
        let model = load(&folder.join(file)).await;
        let people = poses_of(&model, &picture, None, &RunControl::new()).unwrap();
        assert_eq!(people.len(), 1, "{file}: {people:?}");
        let bbox = <[f32; 4]>::from(people[0].bbox);
        let clipped = numbers(&record["box"]).iter().map(|side| side.max(0.0)).collect::<Vec<f32>>();
        let all = json!({"keypoints": [record["keypoints"]], "scores": [record["scores"]]});
        let (points, scores) = joints_off(&people, &all);
        eprintln!("yolo-pose {file}: box {}, joints {points} px, scores {scores}", worst(&bbox, &clipped));
        assert!(worst(&bbox, &clipped) < 0.5 && points < 0.5 && scores < 1e-4);
    }
    let cx = cx(DynamicImage::ImageRgb8(picture), &[("pose", folder.join("model.onnx"), &[])]);
    let seen = call(Pose, json!({}), &cx).await;
    assert_eq!(seen.value["persons"][0]["handle"], "img-1/person-1");
    assert!(cx.images.get("img-2").unwrap().pixels.to_rgb8().pixels().any(|pixel| pixel.0 != [0; 3]));
}

#[tokio::test]
async fn the_pose_tool_takes_its_people_from_the_detector() {
    let detector = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/data/detectors/yolo.onnx");
    for name in ["vitpose", "rtmpose"] {
        let folder = folder(name);
        let record = reference(&folder);
        let picture = image::open(folder.join("picture.png")).unwrap();
        let models: [(&str, PathBuf, &[&str]); 2] =
            [("pose", folder.join("model.onnx"), &[]), ("detect", detector.clone(), &["dog", "person"])];
        let cx = cx(picture, &models);
        let seen = call(Pose, json!({}), &cx).await;
        let person = &seen.value["persons"][0];
        assert_eq!((&seen.value["count"], &person["handle"]), (&json!(1), &json!("img-1/person-1")), "{}", seen.text);
        let last = record["boxes"].as_array().unwrap().len() - 1;
        let found = person["keypoints"].as_array().unwrap();
        for (at, joint) in found.iter().enumerate() {
            for (axis, key) in ["x", "y"].into_iter().enumerate() {
                let expected = record["keypoints"][last][at][axis].as_f64().unwrap();
                // The box itself may be off by a rounded pixel of the letterbox.
                assert!((joint[key].as_f64().unwrap() - expected).abs() < 0.6, "{name}: {joint} {expected}");
            }
        }
        assert_eq!(cx.images.get("img-2").unwrap().parent.as_deref(), Some("img-1"));
        let used: Vec<String> = cx.used().into_iter().map(|used| used.model).collect();
        assert_eq!(used, ["tiny-pose", "tiny-detect"]);
    }
}

#[tokio::test]
async fn swin2sr_enlarges_as_the_reference_does() {
    let folder = folder("swin2sr");
    let (record, picture) = (reference(&folder), rgb(&folder.join("picture.png")));
    let model = load(&folder.join("model.onnx")).await;
    let pixels = upscaler_pixels(&model, &picture).unwrap();
    assert_eq!(json!(pixels.shape()), record["pixels"]);
    let pixel = worst(&pixels, &floats(&folder.join("pixels.f32")));
    let (large, factor) = upscale(&model, &picture, &RunControl::new()).unwrap();
    let (most, mean) = levels(large.as_raw(), rgb(&folder.join("large.png")).as_raw());
    eprintln!("swin2sr: pixels {pixel}, picture {most} levels (mean {mean})");
    assert!(factor == 2 && pixel < 1e-6 && most <= 1 && mean < 0.01, "{factor} {pixel} {most} {mean}");
}

#[tokio::test]
async fn real_esrgan_in_tiles_shows_no_seam() {
    let folder = folder("esrgan");
    let picture = rgb(&folder.join("picture.png"));
    let model = load(&folder.join("model.onnx")).await;
    let (large, factor) = upscale(&model, &picture, &RunControl::new()).unwrap();
    let (most, mean) = levels(large.as_raw(), rgb(&folder.join("large.png")).as_raw());
    eprintln!("esrgan: picture {most} levels (mean {mean})");
    assert!(factor == 4 && most <= 1 && mean < 0.05, "{factor} {most} {mean}");
}

#[tokio::test]
async fn the_upscale_tool_runs_on_both_families() {
    for (name, file, factor) in [("swin2sr", "", 2), ("esrgan", "model.onnx", 4)] {
        let folder = folder(name);
        let picture = image::open(folder.join("picture.png")).unwrap();
        let (width, height) = (picture.width() * factor, picture.height() * factor);
        let model = if file.is_empty() { folder.clone() } else { folder.join(file) };
        let cx = cx(picture, &[("upscale", model, &[])]);
        let seen = call(Upscale, json!({}), &cx).await;
        let expected = json!({
            "image": "img-2", "width": width, "height": height, "scale": f64::from(factor), "source": "tiny-upscale"
        });
        assert_eq!(seen.value, expected);
        let made = cx.images.get("img-2").unwrap().pixels.to_rgb8();
        assert!(levels(made.as_raw(), rgb(&folder.join("large.png")).as_raw()).0 <= 1);
    }
}

#[tokio::test]
async fn lama_fills_boxes_from_what_is_around_them() {
    let folder = folder("lama");
    let (record, picture) = (reference(&folder), rgb(&folder.join("picture.png")));
    let [x1, y1, x2, y2] = <[f32; 4]>::try_from(numbers(&record["box"])).unwrap().map(|side| side as u32);
    let (fill, rim) = (numbers(&record["fill"]), record["rim"].as_u64().unwrap() as u32);
    for file in ["model.onnx", "one-input.onnx"] {
        let cx = cx(DynamicImage::ImageRgb8(picture.clone()), &[("inpaint", folder.join(file), &[])]);
        let seen = call(RemoveObject, json!({"regions": [record["box"]]}), &cx).await;
        assert_eq!(seen.value["image"], "img-2");
        let made = cx.images.get("img-2").unwrap().pixels.to_rgb8();
        let mut most = 0.0_f32;
        for (x, y, pixel) in made.enumerate_pixels() {
            let outside = x < x1 - rim || y < y1 - rim || x >= x2 + rim || y >= y2 + rim;
            assert!(!outside || pixel == picture.get_pixel(x, y), "{file}: {x} {y}");
            if (x1..x2).contains(&x) && (y1..y2).contains(&y) {
                let off = pixel.0.iter().zip(&fill).map(|(value, fill)| (f32::from(*value) - fill).abs());
                most = most.max(off.fold(0.0, f32::max));
            }
        }
        eprintln!("lama {file}: fill {most} levels");
        // Resizing to the graph's input and back moves the mean of what is known a little.
        assert!(most < 3.0, "{file}: {most}");
    }
}
