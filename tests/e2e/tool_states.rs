//! `argus tools` and which of them an LLM is shown.

use serde_json::Value;

use crate::support::{Said, argus, run};

fn tools(home: &std::path::Path, more: &[&str]) -> Said {
    let output = argus(&[&["tools"], more].concat()).env("ARGUS_HOME", home).env_remove("ORT_DYLIB_PATH").output();
    output.unwrap().into()
}

#[test]
fn states_follow_what_is_installed_and_what_can_be_had() {
    let home = tempfile::tempdir().unwrap();
    let states = |more: &[&str]| {
        let said = tools(home.path(), more);
        assert_eq!(said.code, 0, "{}", said.err);
        let all: Vec<Value> = serde_json::from_str(&said.out).unwrap();
        let find = |name: &str| all.iter().find(|tool| tool["name"] == name).unwrap().clone();
        (find("detect"), find("colors"))
    };
    let (detect, colors) = states(&["--json"]);
    assert_eq!((&colors["state"], &colors["bytes"]), (&"ready".into(), &0.into()));
    if detect["state"] != "needs_model" {
        assert_eq!(detect["state"], "needs_download");
        assert!(detect["bytes"].as_u64().unwrap() > 5_000_000, "{detect}");
    }
    assert!(
        detect["input_schema"]["properties"]["labels"].is_object() && detect["roles"] == serde_json::json!(["detect"])
    );
    let (detect, colors) = states(&["--json", "--offline"]);
    assert_eq!(
        (&detect["state"], &detect["bytes"], &colors["state"]),
        (&"needs_model".into(), &Value::Null, &"ready".into())
    );
    assert!(detect["reason"].as_str().unwrap().contains("offline"), "{detect}");
    let said = tools(home.path(), &["--offline"]);
    assert!(said.out.lines().all(|line| line.chars().count() <= 100), "{}", said.out);
    let starts = |name: &str, state: &str| {
        let line = said.out.lines().find(|line| line.starts_with(&format!("{name} "))).unwrap();
        assert!(line[name.len()..].trim_start().starts_with(state), "{line}");
    };
    starts("detect", "needs a model  ");
    starts("colors", "ready  ");
    assert!(
        said.err.contains("detect: onnxruntime-1.32 is not installed, and nothing is fetched offline"),
        "{}",
        said.err
    );
}

#[test]
fn an_llm_is_not_shown_what_cannot_work_unless_it_is_asked_for() {
    let home = tempfile::tempdir().unwrap();
    let picture = home.path().join("white.png");
    image::RgbImage::from_pixel(8, 8, image::Rgb([255, 255, 255])).save(&picture).unwrap();
    let ask = |more: &[&str]| -> Said {
        let call = [&["ask", "What is 2 + 3?", picture.to_str().unwrap(), "--llm", "none", "--offline"], more].concat();
        argus(&call).env("ARGUS_HOME", home.path()).env_remove("ORT_DYLIB_PATH").output().unwrap().into()
    };
    let said = ask(&[]);
    assert!(said.err.contains("detect is left out: ") && said.err.contains("segment is left out: "), "{}", said.err);
    assert!(!said.err.contains("calculate is left out"), "{}", said.err);
    let said = ask(&["--tools", "calculate,detect"]);
    assert!(!said.err.contains("left out"), "{}", said.err);
    let said = run(&["ask", "What?", "--tools", "calculate,colour"]);
    assert_eq!(said.code, 2);
    assert!(said.err.contains("there is no tool \"colour\"; the tools are: detect, read_text"), "{}", said.err);
}

#[test]
fn the_page_of_all_tools_needs_nothing() {
    let said = run(&["tools", "--markdown"]);
    assert_eq!(said.code, 0, "{}", said.err);
    assert!(said.out.starts_with("# Tools\n") && said.out.contains("\n## `detect`\n"));
    assert_eq!(run(&["tools", "detect", "--markdown"]).code, 2);
}
