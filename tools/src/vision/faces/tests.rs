#![expect(clippy::unwrap_used, reason = "tests")]

use std::sync::Arc;

use futures_util::future::BoxFuture;
use image::{DynamicImage, ImageBuffer, Luma, Rgba, RgbaImage};
use ndarray::{Array, IxDyn};
use serde_json::{Value, json};

use super::{
    fakes::{bright, centerface, picture, signature},
    *,
};
use crate::{
    image::{ImageStore, Origin},
    onnx::{
        LoadContext, ModelProvider, NoModels,
        fake::{FakeModel, FakeOutput},
    },
    store::ModelFacts,
    tool::{Observation, Tool, ToolCx, ToolErrorKind, Toolbox},
};

const YUNET: [(&str, usize); 4] = [("cls", 1), ("obj", 1), ("bbox", 4), ("kps", 10)];

fn yunet() -> LoadedModel {
    let mut outputs = Vec::new();
    for (name, values) in YUNET {
        for stride in [8, 16, 32] {
            let name: &'static str = format!("{name}_{stride}").leak();
            outputs.push((name, vec![1, (640 / stride) * (640 / stride), values]));
        }
    }
    let listed = outputs.clone();
    FakeModel::loaded(signature(&[1, 3, 640, 640], &outputs), ModelFacts::default(), move |input| {
        let b = bright(input).unwrap();
        let (x, y) = b.center();
        // The cell of stride 16 that the center lies in.
        let cell = (y / 16.0) as usize * 40 + (x / 16.0) as usize;
        let (column, row) = ((cell % 40) as f32, (cell / 40) as f32);
        let filled = |(name, dims): &(&'static str, Vec<usize>)| {
            let mut values = Array::zeros(IxDyn(dims));
            let answer: &[f32] = match *name {
                "cls_16" => &[0.9],
                "obj_16" => &[0.8],
                "bbox_16" => &[x / 16.0 - column, y / 16.0 - row, (b.width() / 16.0).ln(), (b.height() / 16.0).ln()],
                "kps_16" => &[b.x1 / 16.0 - column, b.y1 / 16.0 - row],
                _ => &[],
            };
            for (index, value) in answer.iter().enumerate() {
                values[[0, cell, index]] = *value;
            }
            (*name, FakeOutput::F32(values))
        };
        listed.iter().map(filled).collect()
    })
}

#[test]
fn both_families_find_the_face_and_its_eye() {
    let (image, truth) = picture();
    for (model, score, eye) in [(centerface(1), 0.9, [90.0, 83.3]), (yunet(), (0.72_f32).sqrt(), [60.0, 50.0])] {
        let found = find_faces(&model, &image, None, &RunControl::new()).unwrap();
        assert_eq!(found.len(), 1, "{found:?}");
        let face = &found[0];
        assert!(face.bbox.iou(&truth) > 0.95 && (face.score - score).abs() < 1e-3, "{face:?}");
        let [x, y] = face.landmarks[0];
        assert!((x - eye[0]).abs() < 2.0 && (y - eye[1]).abs() < 2.0, "{face:?}");
    }
}

#[test]
fn the_threshold_decides() {
    let (image, _) = picture();
    let count = |score| find_faces(&centerface(1), &image, Some(score), &RunControl::new()).unwrap().len();
    assert_eq!([count(0.3), count(0.5), count(0.95)], [2, 1, 0]);
}

#[test]
fn other_graphs_are_refused_by_name() {
    let (image, _) = picture();
    let detector = signature(&[1, 3, 640, 640], &[("output0", vec![1, 84, 8400])]);
    let detector = FakeModel::loaded(detector, ModelFacts::default(), |_| Vec::new());
    let error = find_faces(&detector, &image, None, &RunControl::new()).unwrap_err();
    assert!(error.message.contains("output0 F32 [1, 84, 8400]"), "{error}");
    let error = find_faces(&centerface(10), &image, None, &RunControl::new()).unwrap_err();
    assert!(error.hint.unwrap().contains("any_size"), "{}", error.message);
}

struct One(Arc<LoadedModel>);

impl ModelProvider for One {
    fn load<'a>(&'a self, role: &'a str, _: LoadContext<'a>) -> BoxFuture<'a, Result<Arc<LoadedModel>, ToolError>> {
        assert_eq!(role, "faces");
        Box::pin(async { Ok(self.0.clone()) })
    }
}

fn cx(picture: impl Into<DynamicImage>) -> ToolCx {
    let images = ImageStore::new();
    images.insert(picture.into(), Origin::Memory("drawn".into()));
    ToolCx::new(images, Arc::new(One(Arc::new(centerface(1)))))
}

async fn call(cx: &ToolCx, args: Value) -> Result<Observation, ToolError> {
    Toolbox::new().with(Faces).call("faces", args, cx).await
}

#[tokio::test]
async fn faces_become_regions() {
    let cx = cx(picture().0);
    let seen = call(&cx, json!({})).await.unwrap();
    assert_eq!((&seen.value["count"], &seen.value["faces"][0]["handle"]), (&json!(1), &json!("img-1/face-1")));
    assert!(
        seen.text.starts_with("1 face: img-1/face-1 box [60, 50, 180, 150] score 0.90, eyes [90, 83]"),
        "{}",
        seen.text
    );
    assert!(cx.images.knows("img-1/face-1"));
    let part = call(&cx, json!({"region": [30, 20, 250, 190]})).await.unwrap();
    assert_eq!(part.value["faces"][0]["handle"], "img-1/face-1", "the same place in the whole image: {}", part.value);
    let empty = call(&cx, json!({"region": [200, 0, 300, 40]})).await.unwrap();
    assert_eq!((empty.text.as_str(), &empty.value["faces"]), ("no face found", &json!([])));
}

#[tokio::test]
async fn odd_pictures_have_no_face_and_do_no_harm() {
    let deep: ImageBuffer<Luma<u16>, Vec<u16>> = ImageBuffer::from_pixel(40, 30, Luma([900]));
    let pictures: [DynamicImage; 5] = [
        RgbImage::new(1, 1).into(),
        RgbImage::new(20_000, 10).into(),
        RgbImage::new(64, 64).into(),
        RgbaImage::from_pixel(50, 40, Rgba([0, 0, 0, 255])).into(),
        deep.into(),
    ];
    for picture in pictures {
        let size = (picture.width(), picture.height());
        let seen = call(&cx(picture), json!({})).await.unwrap();
        assert_eq!(seen.value["count"], 0, "{size:?}");
    }
}

#[tokio::test]
async fn wrong_arguments_say_what_is_right() {
    let cx = cx(picture().0);
    for (args, part) in [
        (json!({"min_score": 1.5}), "min_score is 1.5; it must be from 0 to 1"),
        (json!({"region": [400, 10, 500, 90]}), "lies outside img-1, which is 300 x 200 pixels"),
        (json!({"region": "dog"}), "there is no region \"dog\""),
        (json!({"image": "img-7"}), "there is img-1"),
    ] {
        let error = call(&cx, args).await.unwrap_err();
        assert!(error.kind == ToolErrorKind::InvalidInput && error.feedback.contains(part), "{}", error.feedback);
    }
    let without = ToolCx::new(cx.images.clone(), Arc::new(NoModels));
    assert_eq!(call(&without, json!({})).await.unwrap_err().kind, ToolErrorKind::ModelUnavailable);
}

#[test]
fn the_examples_parse() {
    for example in Faces::examples() {
        serde_json::from_value::<FacesInput>(example.input).unwrap();
    }
}
