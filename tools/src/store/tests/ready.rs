//! Whether tools could run.

use super::{
    super::{Readiness, ReadinessOptions, UserModel},
    support::{Bench, quoted},
};

/// A bench with one file of 4 bytes in a package and another of 3 bytes on the hub, both of role `test`.
fn bench() -> Bench {
    let mut bench = Bench::new();
    bench.entry("first", &[("f", Some("four"), quoted("pypi:absent==1!f"))]);
    bench.entry("second", &[("f", Some("two"), quoted("hf:owner/repo!f"))]);
    bench
}

fn own() -> ReadinessOptions {
    ReadinessOptions { own_runtime: true, ..ReadinessOptions::default() }
}

fn reason(readiness: Readiness) -> String {
    match readiness {
        Readiness::NeedsModel { reason, .. } => reason,
        other => format!("{other:?}"),
    }
}

#[test]
fn a_tool_without_models_is_ready() {
    assert_eq!(bench().store().readiness(&[], &ReadinessOptions::default()), Readiness::Ready);
}

#[test]
fn what_can_be_fetched_is_counted() {
    let store = bench().store();
    assert_eq!(store.readiness(&["test"], &own()), Readiness::NeedsDownload { bytes: 4 });
    let mut prefer = own();
    prefer.prefer.insert("test".into(), "second".into());
    assert_eq!(store.readiness(&["test"], &prefer), Readiness::NeedsDownload { bytes: 3 });
}

#[test]
fn what_is_not_available_says_why() {
    let store = bench().store();
    assert_eq!(reason(store.readiness(&["other"], &own())), "no model has the role other");
    let runtime = store.readiness(&["test"], &ReadinessOptions::default());
    assert_eq!(reason(runtime), "no model has the role onnxruntime");
    let mut prefer = own();
    prefer.prefer.insert("test".into(), "third".into());
    assert!(reason(store.readiness(&["test"], &prefer)).contains("there is no model `third`"));
    let mut offline = bench();
    offline.options.offline = true;
    let found = reason(offline.store().readiness(&["test"], &own()));
    assert_eq!(found, "first is not installed, and nothing is fetched offline");
    let mut hub = Bench::new();
    hub.entry("second", &[("f", Some("two"), quoted("hf:owner/repo!f"))]);
    hub.options.hub_offline = true;
    assert!(reason(hub.store().readiness(&["test"], &own())).contains("HF_HUB_OFFLINE"));
}

#[test]
fn an_installed_model_is_enough_even_offline() {
    let mut bench = bench();
    bench.options.offline = true;
    std::fs::write(bench.path("own.onnx"), "own").unwrap();
    let model: UserModel = toml::from_str("role = 'test'\nfile = 'own.onnx'").unwrap();
    bench.options.user_models.insert("own".into(), model.relative_to(&bench.path("")));
    let store = bench.store();
    assert_eq!(store.readiness(&["test"], &own()), Readiness::Ready);
    std::fs::remove_file(bench.path("own.onnx")).unwrap();
    assert_eq!(reason(store.readiness(&["test"], &own())), "the file of own does not exist");
}

#[tokio::test]
async fn a_source_that_cannot_be_reached_is_none() {
    let there = wiremock::MockServer::start().await;
    let mut bench = Bench::new();
    bench.entry("first", &[("f", Some("four"), quoted("hf:owner/repo!f"))]);
    bench.options.hf_endpoint = Some("http://127.0.0.1:9".into());
    let found = bench.store().confirmed_readiness(&["test"], &own()).await;
    assert!(reason(found).starts_with("first cannot be fetched: 127.0.0.1:9 cannot be reached"));
    // Whatever a host answers, it is there.
    bench.options.hf_endpoint = Some(there.uri());
    let found = bench.store().confirmed_readiness(&["test"], &own()).await;
    assert_eq!(found, Readiness::NeedsDownload { bytes: 4 });
    // Another way to the file is enough; a package client is not asked beforehand.
    let mut bench = self::bench();
    bench.options.hf_endpoint = Some("http://127.0.0.1:9".into());
    let found = bench.store().confirmed_readiness(&["test"], &own()).await;
    assert_eq!(found, Readiness::NeedsDownload { bytes: 4 });
}
