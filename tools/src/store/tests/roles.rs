//! Choosing among candidates, the user's own models, samples.

use wiremock::{Mock, MockServer, ResponseTemplate, matchers::method};

use super::{
    super::{ModelState, StoreError, UserModel},
    support::{Bench, quoted},
};

async fn bench() -> (Bench, MockServer) {
    let server = MockServer::start().await;
    Mock::given(method("GET")).respond_with(ResponseTemplate::new(200).set_body_string("x")).mount(&server).await;
    let mut bench = Bench::new();
    bench.entry("first", &[("f", Some("x"), quoted("pypi:absent==1!f"))]);
    bench.entry("second", &[("f", Some("x"), quoted(&format!("{}/f", server.uri())))]);
    bench.entry("third", &[("f", Some("x"), quoted(&format!("{}/f", server.uri())))]);
    (bench, server)
}

#[tokio::test]
async fn auto_takes_the_first_that_can_be_fetched() {
    let (bench, _server) = bench().await;
    assert_eq!(bench.store().ensure_role("test", None).await.unwrap().id, "second");
}

#[tokio::test]
async fn auto_prefers_what_is_installed() {
    let (bench, _server) = bench().await;
    let store = bench.store();
    store.ensure("third").await.unwrap();
    assert_eq!(store.ensure_role("test", Some("auto")).await.unwrap().id, "third");
    assert_eq!(store.ensure_role("test", Some("second")).await.unwrap().id, "second");
}

#[tokio::test]
async fn an_error_lists_every_candidate() {
    let mut bench = Bench::new();
    bench.entry("first", &[("f", Some("x"), quoted("pypi:absent==1!f"))]);
    bench.entry("second", &[("f", Some("x"), quoted("npm:absent@1!f"))]);
    let error = bench.store().ensure_role("test", None).await.unwrap_err();
    let text = error.to_string();
    assert!(text.contains("first: pypi:absent==1!f: pip is not on PATH"), "{text}");
    assert!(text.contains("second: npm:absent@1!f: npm is not on PATH"), "{text}");
    assert!(error.hint().is_some());
    let error = bench.store().ensure_role("nothing", None).await.unwrap_err();
    assert!(matches!(error, StoreError::UnknownRole { known, .. } if known == ["test"]));
    let error = bench.store().ensure("nothing").await.unwrap_err();
    assert!(matches!(error, StoreError::UnknownModel { known, .. } if known == ["first", "second"]));
}

#[tokio::test]
async fn the_users_own_model_comes_first() {
    let (mut bench, _server) = bench().await;
    std::fs::write(bench.path("own.onnx"), "own").unwrap();
    std::fs::write(bench.path("labels.txt"), "helmet\n\n vest \n").unwrap();
    let model: UserModel = toml::from_str("role = 'test'\nfile = 'own.onnx'\nlabels_file = 'labels.txt'").unwrap();
    bench.options.user_models.insert("own".into(), model.relative_to(&bench.path("")));
    let store = bench.store();
    let installed = store.ensure_role("test", None).await.unwrap();
    assert_eq!((installed.id.as_str(), installed.main()), ("own", bench.path("own.onnx").as_path()));
    assert_eq!(installed.facts.labels, ["helmet", "vest"]);
    assert!(store.remove("own").unwrap_err().to_string().contains("delete it yourself"));
    std::fs::remove_file(bench.path("own.onnx")).unwrap();
    assert_eq!(store.state("own").unwrap(), ModelState::Missing { bytes: 0 });
    assert!(store.ensure("own").await.unwrap_err().to_string().contains("does not exist"));
    assert_eq!(store.ensure_role("test", None).await.unwrap().id, "second");
    assert!(store.ensure_role("other", Some("second")).await.unwrap_err().to_string().contains("role is `test`"));
}

#[tokio::test]
async fn a_model_of_several_graphs_is_a_folder() {
    let (mut bench, _server) = bench().await;
    let model: UserModel = toml::from_str("role = 'test'\nfile = 'own'").unwrap();
    bench.options.user_models.insert("own".into(), model.relative_to(&bench.path("")));
    std::fs::create_dir_all(bench.path("own/onnx")).unwrap();
    std::fs::write(bench.path("own/config.json"), "{}").unwrap();
    let error = bench.store().ensure("own").await.unwrap_err().to_string();
    assert!(error.contains("has no .onnx file, neither in itself nor in its folder `onnx`"), "{error}");
    for name in ["onnx/encoder_model.onnx", "onnx/decoder_model.onnx", "tokenizer.json"] {
        std::fs::write(bench.path("own").join(name), "it").unwrap();
    }
    let installed = bench.store().ensure_role("test", None).await.unwrap();
    let names: Vec<&str> = installed.files.keys().map(String::as_str).collect();
    assert_eq!(names, ["onnx/decoder_model.onnx", "onnx/encoder_model.onnx", "config.json", "tokenizer.json"]);
    assert_eq!(installed.dir, bench.path("own"));
}

#[tokio::test]
async fn an_unknown_sample_lists_them_all() {
    let (mut bench, server) = bench().await;
    let address = quoted(&format!("{}/f", server.uri()));
    bench.entry("samples", &[("coffee.png", Some("x"), address)]);
    let store = bench.store();
    assert_eq!(store.samples(), ["coffee"]);
    assert_eq!(std::fs::read_to_string(store.sample("coffee").await.unwrap()).unwrap(), "x");
    let error = store.sample("tea").await.unwrap_err();
    assert_eq!(error.to_string(), "there is no sample picture `tea`; there are: coffee");
}

#[tokio::test]
async fn the_projector_of_a_language_model_is_one_of_its_files() {
    let (mut bench, _server) = bench().await;
    let text = "role = 'test'\nfile = 'own.gguf'\nmmproj = 'pictures.gguf'\nparameters = 3.1";
    let model: UserModel = toml::from_str(text).unwrap();
    bench.options.user_models.insert("own".into(), model.relative_to(&bench.path("")));
    std::fs::write(bench.path("own.gguf"), "own").unwrap();
    let error = bench.store().ensure("own").await.unwrap_err().to_string();
    assert!(error.contains("its mmproj") && error.contains("does not exist"), "{error}");
    std::fs::write(bench.path("pictures.gguf"), "own").unwrap();
    let installed = bench.store().ensure_role("test", None).await.unwrap();
    let names: Vec<&str> = installed.files.keys().map(String::as_str).collect();
    assert_eq!((names, installed.facts.parameters), (vec!["own.gguf", "pictures.gguf"], Some(3.1)));
}
