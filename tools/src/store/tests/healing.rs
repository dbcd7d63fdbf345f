//! What goes wrong with a cache, and how the next run fixes it.

use std::time::Duration;

use wiremock::{Mock, MockServer, ResponseTemplate, matchers::method};

use super::{
    super::{FileState, ModelState, StoreError},
    download::make_writable,
    support::{Bench, quoted},
};
use crate::hash::sha256;

const BODY: &str = "precious bytes";

async fn server(delay: Duration) -> MockServer {
    let server = MockServer::start().await;
    let response = ResponseTemplate::new(200).set_body_string(BODY).set_delay(delay);
    Mock::given(method("GET")).respond_with(response).mount(&server).await;
    server
}

async fn gets(server: &MockServer) -> usize {
    server.received_requests().await.unwrap().iter().filter(|request| request.method.as_str() == "GET").count()
}

async fn bench() -> (Bench, MockServer) {
    let server = server(Duration::ZERO).await;
    let mut bench = Bench::new();
    bench.entry("m", &[("f", Some(BODY), quoted(&format!("{}/f", server.uri())))]);
    (bench, server)
}

#[tokio::test(flavor = "multi_thread")]
async fn two_stores_and_many_callers_download_once() {
    let server = server(Duration::from_millis(400)).await;
    let mut bench = Bench::new();
    bench.entry("m", &[("f", Some(BODY), quoted(&format!("{}/f", server.uri())))]);
    let (one, two) = (bench.store(), bench.store());
    let all =
        futures_util::future::join_all([one.ensure("m"), two.ensure("m"), one.ensure("m"), two.ensure("m")]).await;
    for installed in all {
        assert_eq!(std::fs::read_to_string(installed.unwrap().main()).unwrap(), BODY);
    }
    assert_eq!(gets(&server).await, 1);
    let begun = bench.recorder.begun.lock().unwrap().clone();
    assert!(begun.iter().any(|what| what.contains("another process")), "{begun:?}");
}

#[tokio::test]
async fn a_flipped_byte_is_found_and_healed() {
    let (bench, server) = bench().await;
    let store = bench.store();
    let file = store.ensure("m").await.unwrap().main().to_owned();
    make_writable(&file);
    let mut bytes = std::fs::read(&file).unwrap();
    bytes[3] ^= 1;
    std::fs::write(&file, bytes).unwrap();
    assert_eq!(store.state("m").unwrap(), ModelState::Damaged);
    store.ensure("m").await.unwrap();
    assert_eq!(std::fs::read_to_string(&file).unwrap(), BODY);
    assert_eq!(gets(&server).await, 2);
    let warnings = bench.recorder.warnings.lock().unwrap().clone();
    assert!(warnings.iter().any(|warning| warning.contains("damaged")), "{warnings:?}");
}

#[tokio::test]
async fn verify_finds_what_the_stamp_hides() {
    let (bench, _server) = bench().await;
    let store = bench.store();
    let file = store.ensure("m").await.unwrap().main().to_owned();
    let changed = std::fs::metadata(&file).unwrap().modified().unwrap();
    make_writable(&file);
    std::fs::write(&file, BODY.replace('p', "q")).unwrap();
    let handle = std::fs::OpenOptions::new().write(true).open(&file).unwrap();
    handle.set_modified(changed).unwrap();
    assert_eq!(store.state("m").unwrap(), ModelState::Installed, "same size and time");
    let report = store.verify("m").await.unwrap();
    assert_eq!(report.files[0].state, FileState::Damaged);
    store.ensure("m").await.unwrap();
    assert!(store.verify("m").await.unwrap().is_good());
}

#[tokio::test]
async fn a_file_that_was_only_touched_is_not_fetched_again() {
    let (bench, server) = bench().await;
    let store = bench.store();
    let file = store.ensure("m").await.unwrap().main().to_owned();
    make_writable(&file);
    std::fs::OpenOptions::new().write(true).open(&file).unwrap().set_modified(std::time::UNIX_EPOCH).unwrap();
    assert_eq!(store.state("m").unwrap(), ModelState::Damaged);
    store.ensure("m").await.unwrap();
    assert_eq!(store.state("m").unwrap(), ModelState::Installed);
    assert_eq!(gets(&server).await, 1);
}

#[tokio::test]
async fn a_corrupt_manifest_costs_no_download() {
    let (bench, server) = bench().await;
    let store = bench.store();
    store.ensure("m").await.unwrap();
    for text in ["", "{", "{\"schema\": 9, \"id\": \"m\", \"files\": []}", "\u{0}\u{0}"] {
        std::fs::write(bench.home().join("models/m/manifest.json"), text).unwrap();
        assert_eq!(store.state("m").unwrap(), ModelState::Missing { bytes: 0 });
        store.ensure("m").await.unwrap();
        assert_eq!(store.state("m").unwrap(), ModelState::Installed);
    }
    assert_eq!(gets(&server).await, 1);
}

#[tokio::test]
async fn what_a_killed_run_left_is_cleared() {
    let (bench, _server) = bench().await;
    let work = bench.home().join("tmp/m/package-0/wheels");
    std::fs::create_dir_all(&work).unwrap();
    std::fs::write(work.join("half.whl"), "half").unwrap();
    std::fs::create_dir_all(bench.home().join("models/m")).unwrap();
    std::fs::write(bench.home().join("models/m/f"), "half").unwrap();
    let store = bench.store();
    assert_eq!(store.state("m").unwrap(), ModelState::Missing { bytes: BODY.len() as u64 });
    let installed = store.ensure("m").await.unwrap();
    assert_eq!(std::fs::read_to_string(installed.main()).unwrap(), BODY);
    assert!(bench.files().iter().all(|name| !name.contains("half")));
}

#[tokio::test]
async fn a_file_that_was_deleted_comes_back_from_its_blob() {
    let (bench, server) = bench().await;
    let store = bench.store();
    let file = store.ensure("m").await.unwrap().main().to_owned();
    std::fs::remove_file(&file).unwrap();
    assert_eq!(store.state("m").unwrap(), ModelState::Damaged);
    store.ensure("m").await.unwrap();
    assert_eq!(gets(&server).await, 1);
}

#[tokio::test]
async fn a_full_disk_is_seen_before_anything_is_asked() {
    let (mut bench, server) = bench().await;
    bench.free_space = |_| Some(1000);
    let error = bench.store().ensure("m").await.unwrap_err();
    assert!(matches!(error, StoreError::DiskFull { free: 0, .. }), "{error}");
    assert!(error.hint().unwrap().contains("ARGUS_HOME"));
    assert_eq!(server.received_requests().await.unwrap().len(), 0);
    bench.free_space = |_| None;
    bench.store().ensure("m").await.unwrap();
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_home_that_cannot_be_written_is_an_error_with_a_remedy() {
    let (mut bench, _server) = bench().await;
    bench.options.home = "/proc/argus".into();
    let error = bench.store().ensure("m").await.unwrap_err();
    assert!(matches!(error, StoreError::Io { .. }), "{error}");
}

#[tokio::test]
async fn offline_asks_nobody_and_says_what_is_missing() {
    let (mut bench, server) = bench().await;
    bench.options.offline = true;
    let error = bench.store().ensure("m").await.unwrap_err();
    assert!(matches!(&error, StoreError::Offline { files, .. } if files == &["f"]), "{error}");
    assert!(error.hint().unwrap().contains("argus models pull m"));
    assert_eq!(server.received_requests().await.unwrap().len(), 0);
    bench.options.offline = false;
    bench.store().ensure("m").await.unwrap();
    bench.options.offline = true;
    // Without its manifest it is put together again from the blobs.
    std::fs::remove_dir_all(bench.home().join("models")).unwrap();
    bench.store().ensure("m").await.unwrap();
    assert_eq!(gets(&server).await, 1);
}

#[tokio::test]
async fn removing_frees_only_what_nobody_else_uses() {
    let (mut bench, server) = bench().await;
    let address = quoted(&format!("{}/f", server.uri()));
    bench.entry("n", &[("g", Some(BODY), address)]);
    let store = bench.store();
    store.ensure("m").await.unwrap();
    let other = store.ensure("n").await.unwrap();
    assert_eq!(gets(&server).await, 1, "the second model has the same bytes");
    assert_eq!(store.remove("m").unwrap(), 0);
    assert_eq!(store.state("m").unwrap(), ModelState::Missing { bytes: 0 });
    assert_eq!(std::fs::read_to_string(other.main()).unwrap(), BODY);
    assert_eq!(store.remove("n").unwrap(), BODY.len() as u64);
    assert_eq!(bench.files(), Vec::<String>::new());
    assert_eq!(store.remove("n").unwrap(), 0, "removing twice is fine");
    let hash = sha256(BODY.as_bytes());
    assert!(!bench.home().join("blobs/sha256").join(&hash[..2]).join(&hash).exists());
}
