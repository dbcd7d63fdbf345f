//! The model store through the program.

use std::process::Stdio;

use crate::support::{argus, json, run};

#[test]
fn the_list_says_role_size_licence_state_and_source() {
    let list = json(&["models", "list", "--json"]);
    let detector = list.as_array().unwrap().iter().find(|model| model["id"] == "yolov12n").unwrap();
    assert_eq!((&detector["role"], &detector["licence"]), (&"detect".into(), &"AGPL-3.0".into()));
    assert!(detector["bytes"].as_u64().unwrap() > 1_000_000);
    let said = run(&["models", "list"]);
    assert!(said.out.lines().any(|line| line.starts_with("yolov12n") && line.contains("crate")), "{}", said.out);
}

/// A flipped byte is found by `verify`, and the next use fetches the file again.
#[test]
fn a_flipped_byte_is_found_and_healed() {
    let home = tempfile::tempdir().unwrap();
    let here = |args: &[&str]| argus(args).env("ARGUS_HOME", home.path()).output().unwrap();
    assert!(here(&["models", "pull", "pp-ocrv6-small", "-q"]).status.success());
    let path = String::from_utf8(here(&["models", "path", "pp-ocrv6-small"]).stdout).unwrap();
    let files = std::fs::read_dir(path.trim()).unwrap().flatten().map(|entry| entry.path());
    let smallest = files
        .filter(|f| f.extension().is_some_and(|e| e == "onnx"))
        .min_by_key(|f| f.metadata().unwrap().len())
        .unwrap();
    let mut bytes = std::fs::read(&smallest).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&smallest, &bytes).unwrap();
    let verified = here(&["models", "verify", "pp-ocrv6-small"]);
    assert_eq!(verified.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&verified.stdout).contains("damaged"));
    assert!(here(&["models", "pull", "pp-ocrv6-small", "-q"]).status.success());
    assert!(here(&["models", "verify", "pp-ocrv6-small"]).status.success());
}

#[test]
fn two_pulls_at_once_leave_one_good_model() {
    let home = tempfile::tempdir().unwrap();
    let children: Vec<_> = (0..2)
        .map(|_| {
            argus(&["models", "pull", "yolov12n"])
                .env("ARGUS_HOME", home.path())
                .stdout(Stdio::piped())
                .stderr(Stdio::piped())
                .spawn()
                .unwrap()
        })
        .collect();
    let ended: Vec<_> = children.into_iter().map(|child| child.wait_with_output().unwrap()).collect();
    for output in &ended {
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    let fetched =
        ended.iter().filter(|output| String::from_utf8_lossy(&output.stderr).contains("installing yolov12n")).count();
    assert_eq!(fetched, 1, "one downloads, the other waits");
    let verified = argus(&["models", "verify"]).env("ARGUS_HOME", home.path()).output().unwrap();
    assert!(verified.status.success());
}

#[test]
fn offline_without_the_file_says_what_is_missing() {
    let home = tempfile::tempdir().unwrap();
    let output =
        argus(&["tool", "detect", "sample:coffee", "--offline"]).env("ARGUS_HOME", home.path()).output().unwrap();
    let err = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1));
    assert!(err.contains("offline") && err.contains("hint:"), "{err}");
}

#[test]
fn doctor_finds_nothing_wrong_on_a_machine_that_passes_these_tests() {
    let said = run(&["doctor", "--json"]);
    let report: serde_json::Value = serde_json::from_str(&said.out).unwrap();
    assert!(report["Machine"].as_array().unwrap().iter().any(|check| check["name"] == "cores"));
    let llm = report["LLM"].as_array().unwrap();
    let choice = llm.iter().find(|check| check["name"] == "llm").unwrap()["detail"].as_str().unwrap();
    assert!(choice.contains("cores") && choice.contains("Apache-2.0"), "{choice}");
    assert_eq!(llm.iter().filter(|check| check["name"] == "or").count(), 2);
}

/// The options are shown before anything is fetched, the choice first; offline nothing is.
#[test]
fn pulling_a_language_model_lists_the_options() {
    let home = tempfile::tempdir().unwrap();
    std::fs::write(home.path().join("argus.toml"), "offline = true\n").unwrap();
    let config = home.path().join("argus.toml");
    let args = ["models", "pull", "llm", "--config", config.to_str().unwrap()];
    let output = argus(&args).env("ARGUS_HOME", home.path()).output().unwrap();
    let err = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{err}");
    for id in ["qwen2.5-coder-1.5b-instruct-q4_k_m", "qwen3-4b-q4_k_m", "qwen3-8b-q4_k_m"] {
        assert!(err.lines().any(|line| line.trim_start().starts_with(id) && line.contains("of memory")), "{err}");
    }
    assert!(err.contains("4.0B, 2.5 GB, Apache-2.0, takes 4.5 GB of memory"), "{err}");
    assert!(err.contains("cannot be fetched now") && err.contains("offline"), "{err}");
}

/// A file of the user's own is looked at before a server is fetched for it.
#[test]
fn doctor_knows_a_gguf_file_by_its_header() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("mine.gguf"), "no model").unwrap();
    let output = argus(&["doctor"]).env("ARGUS_LLM", "local:./mine.gguf").current_dir(folder.path()).output().unwrap();
    let out = String::from_utf8_lossy(&output.stdout);
    assert!(out.contains("./mine.gguf is no GGUF file"), "{out}");
}

/// A detector of the user's own, from the configuration alone: it comes before the catalog's.
#[test]
fn a_user_model_needs_no_code() {
    let folder = tempfile::tempdir().unwrap();
    let graph = concat!(env!("CARGO_MANIFEST_DIR"), "/../tools/tests/data/detectors/yolo.onnx");
    std::fs::copy(graph, folder.path().join("shapes.onnx")).unwrap();
    std::fs::write(folder.path().join("argus.toml"), "[models.shapes]\nrole = \"detect\"\nfile = \"shapes.onnx\"\n")
        .unwrap();
    image::RgbImage::new(320, 320).save(folder.path().join("picture.png")).unwrap();
    let here = |args: &[&str]| argus(args).current_dir(folder.path()).output().unwrap();
    let output = here(&["tool", "detect", "picture.png", "--labels", "squares", "--json", "-q"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let seen: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&seen["models"], &seen["output"]["counts"]["square"]), (&serde_json::json!(["shapes"]), &1.into()));
    let listed = String::from_utf8(here(&["models", "list"]).stdout).unwrap();
    assert!(listed.starts_with("shapes") && listed.contains("shapes.onnx"), "{listed}");
    // A class that it does not have is named, with those that it has.
    let output = here(&["tool", "detect", "picture.png", "--labels", "cup"]);
    let err = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.code() == Some(2) && err.contains("circle, square"), "{err}");
}
