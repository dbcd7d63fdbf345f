//! The real graph on real pictures, beside what CenterFace's own Python code finds (written by tests/golden/faces.py).

#![expect(clippy::unwrap_used, clippy::print_stderr, reason = "a failed test may panic; a skipped part says so")]

use std::{path::PathBuf, sync::Arc};

use indexmap::IndexMap;

use super::*;
use crate::{
    image::{ImageStore, LoadLimits, decode, to_rgb},
    onnx::{PoolOptions, SessionPool},
    store::{Store, StoreOptions},
    tool::ToolCx,
};

fn shared(name: &str) -> Option<PathBuf> {
    let root = std::env::var_os("ARGUS_SHARED")
        .map_or_else(|| PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared")), PathBuf::from);
    let path = root.join("data/images").join(name);
    if path.is_file() {
        return Some(path);
    }
    eprintln!("skipped: no shared picture at {}", path.display());
    None
}

#[tokio::test(flavor = "multi_thread")]
async fn faces_are_where_the_reference_finds_them() {
    let golden: IndexMap<String, Vec<Vec<f32>>> = serde_json::from_str(include_str!("golden.json")).unwrap();
    let store = Store::open(StoreOptions::from_env().unwrap()).unwrap();
    let pool = SessionPool::new(store.clone(), PoolOptions::default());
    let cx = ToolCx::new(ImageStore::new(), Arc::new(pool));
    let model = cx.model(DETECTOR).await.unwrap();
    for (name, expected) in golden {
        let path = match name.strip_prefix("sample:") {
            Some(sample) => Some(store.sample(sample.trim_end_matches(".png")).await.unwrap()),
            None => shared(&name),
        };
        let Some(path) = path else { continue };
        let picture = to_rgb(&decode(&std::fs::read(path).unwrap(), &LoadLimits::default()).unwrap());
        let found = find_faces(&model, &picture, Some(0.5), &RunControl::new()).unwrap();
        assert_eq!(found.len(), expected.len(), "{name}: {found:?}");
        for (face, truth) in found.iter().zip(expected) {
            let b = face.bbox;
            let seen = [b.x1, b.y1, b.x2, b.y2].into_iter().chain(face.landmarks.into_iter().flatten());
            let wanted = truth[..4].iter().chain(&truth[5..]);
            for (seen, wanted) in seen.zip(wanted) {
                assert!((seen - wanted).abs() < 0.5, "{name}: {face:?} beside {truth:?}");
            }
            assert!((face.score - truth[4]).abs() < 0.01, "{name}: {face:?} beside {truth:?}");
        }
    }
}
