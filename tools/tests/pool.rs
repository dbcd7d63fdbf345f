//! The session pool on real models: one load for many callers, eviction under the budget, errors.
#![expect(clippy::unwrap_used, reason = "a test fails where its set-up does")]

use std::sync::Arc;

use argus_tools::{
    image::ImageStore,
    onnx::{Device, ModelProvider, PoolOptions, SessionPool},
    store::{Store, StoreOptions},
    tool::{ToolCx, ToolErrorKind},
};
use indexmap::IndexMap;

fn pool(options: PoolOptions) -> (Arc<SessionPool>, ToolCx) {
    let store = Store::open(StoreOptions::from_env().unwrap()).unwrap();
    let pool = Arc::new(SessionPool::new(store, options));
    let cx = ToolCx::new(ImageStore::new(), pool.clone());
    (pool, cx)
}

#[tokio::test]
async fn callers_at_once_share_one_session() {
    let (_, cx) = pool(PoolOptions::default());
    let (a, b, c) = tokio::try_join!(cx.model("ocr-cls"), cx.model("ocr-cls"), cx.model("ocr-cls")).unwrap();
    assert!(Arc::ptr_eq(&a, &b) && Arc::ptr_eq(&b, &c));
    assert_eq!(cx.used().len(), 1);
    assert_eq!(a.provider, "cpu");
}

#[tokio::test]
async fn the_least_recently_used_session_makes_room() {
    // 100 MiB hold the classifier and the detector of text, not the recognizer as well.
    let (pool, cx) = pool(PoolOptions { memory: Some(100 << 20), ..PoolOptions::default() });
    cx.model("ocr-cls").await.unwrap();
    cx.model("ocr-det").await.unwrap();
    assert_eq!(pool.loaded(), ["ocr-cls", "ocr-det"]);
    cx.model("ocr-cls").await.unwrap();
    let held = cx.model("ocr-rec").await.unwrap();
    assert_eq!(pool.loaded(), ["ocr-rec"], "both idle ones went, the oldest first");
    // What somebody holds stays, even over the budget.
    cx.model("ocr-det").await.unwrap();
    assert!(pool.loaded().contains(&"ocr-rec".to_owned()));
    drop(held);
}

#[tokio::test]
async fn errors_name_what_is_missing() {
    let (_, cx) = pool(PoolOptions::default());
    let error = cx.model("telepathy").await.err().unwrap();
    assert_eq!(error.kind, ToolErrorKind::ModelUnavailable);
    assert!(error.message.contains("telepathy"), "{error}");

    let both = IndexMap::from([("detect".to_owned(), Device::OpenVino), ("ocr".to_owned(), Device::Cuda(0))]);
    let (_, cx) = pool(PoolOptions { devices: both, ..PoolOptions::default() });
    // Without an NVIDIA GPU that is missing; with one, the two builds exclude each other. Neither loads a library.
    assert_eq!(cx.model("ocr-cls").await.err().unwrap().kind, ToolErrorKind::ModelUnavailable);

    let (pool, cx) = pool(PoolOptions::default());
    cx.cancel.cancel();
    let error = pool.load("ocr-rec", cx.load_context()).await.err().unwrap();
    assert_eq!(error.kind, ToolErrorKind::Cancelled);
}
