//! Models and tools of the user's own: settings and files, no code.

use std::{path::Path, process::Output};

use serde_json::{Value, json};

use crate::support::{argus, run};

/// A folder with settings, a detector of two shapes, a picture and a script.
fn folder(settings: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let graph = concat!(env!("CARGO_MANIFEST_DIR"), "/../tools/tests/data/detectors/yolo.onnx");
    std::fs::copy(graph, folder.path().join("shapes.onnx")).unwrap();
    std::fs::write(folder.path().join("argus.toml"), settings).unwrap();
    image::RgbImage::new(320, 320).save(folder.path().join("picture.png")).unwrap();
    std::fs::write(folder.path().join("greet.sh"), "cat >&2; printf 'Hello, %s' \"$1\"\n").unwrap();
    folder
}

const TOOLS: &str = r#"
[tools.greet]
summary = "greet somebody by name"
command = ["sh", "greet.sh", "{name}"]
[tools.greet.arguments]
name = "whom"
out = { type = "integer", description = "how loud", optional = true }

[tools.size_of]
summary = "tell how large the file of an image is"
command = ["sh", "-c", 'printf "{\"magic\": \"%s\"}" "$(head -c 4 "$1" | tail -c 3)"', "sh", "{image}"]
output = "json"
[tools.size_of.arguments]
image = "what to look at"

[tools.copy]
summary = "copy an image"
command = ["cat", "{image}"]
output = "image"
[tools.copy.arguments]
image = "what to copy"

[tools.drawn]
summary = "a picture out of nothing"
command = ["cat", "picture.png"]
output = "image"
"#;

fn here(folder: &Path, args: &[&str]) -> Output {
    argus(args).current_dir(folder).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn seen(output: &Output) -> Value {
    assert!(output.status.success(), "{}", text(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn a_model_named_by_a_settings_file_anywhere_detects() {
    let folder = folder("[models.shapes]\nrole = \"detect\"\nfile = \"shapes.onnx\"\nlabels = [\"ring\", \"tile\"]\n");
    let config = folder.path().join("argus.toml");
    let picture = folder.path().join("picture.png");
    let said =
        run(&["tool", "detect", picture.to_str().unwrap(), "--json", "-q", "--config", config.to_str().unwrap()]);
    assert_eq!(said.code, 0, "{}", said.err);
    let seen: Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!((&seen["models"], &seen["output"]["counts"]), (&json!(["shapes"]), &json!({"tile": 1})));
}

#[cfg(unix)]
#[test]
fn a_command_is_a_tool_with_flags_of_its_own() {
    let folder = folder(TOOLS);
    let listed = text(&here(folder.path(), &["tools"]).stdout);
    assert!(
        listed.contains("greet") && listed.contains("greet somebody by name") && listed.contains("detect"),
        "{listed}"
    );
    let page = text(&here(folder.path(), &["tools", "greet"]).stdout);
    assert!(page.contains("name (string)  whom") && !page.contains("Examples"), "{page}");
    let help = text(&here(folder.path(), &["tool", "greet", "--help"]).stdout);
    assert!(
        help.contains("--name <NAME>") && help.contains("--arg-out <OUT>") && help.contains("--out <DIR>"),
        "{help}"
    );
    let output = here(folder.path(), &["tool", "greet", "--name", "$(id) `id`", "--arg-out", "3"]);
    assert_eq!(text(&output.stdout), "Hello, $(id) `id`\n", "{}", text(&output.stderr));
    // Settings of another folder, named before or after the tool.
    let config = folder.path().join("argus.toml");
    let config = config.to_str().unwrap();
    for args in
        [["--config", config, "tool", "greet", "--name", "Ulm"], ["tool", "greet", "--name", "Ulm", "--config", config]]
    {
        assert_eq!(run(&args).out, "Hello, Ulm\n", "{args:?}");
    }
    let output = here(folder.path(), &["tool", "greet"]);
    assert!(output.status.code() == Some(2) && text(&output.stderr).contains("--name"), "{}", text(&output.stderr));
}

#[cfg(unix)]
#[test]
fn images_go_to_a_command_and_come_back() {
    let folder = folder(TOOLS);
    let found = seen(&here(folder.path(), &["tool", "size_of", "picture.png", "--json", "-q"]));
    assert_eq!(found["output"], json!({"magic": "PNG"}));
    let copied = seen(&here(folder.path(), &["tool", "copy", "picture.png", "--json", "-q", "--out", "out"]));
    let copy = &copied["images"][1];
    assert_eq!((&copy["op"], &copy["parent"]), (&json!("copy"), &json!("img-1")));
    assert_eq!(image::open(folder.path().join(copy["path"].as_str().unwrap())).unwrap().width(), 320);
    let drawn = seen(&here(folder.path(), &["tool", "drawn", "--json", "-q", "--out", "out"]));
    assert!(folder.path().join(drawn["images"][0]["path"].as_str().unwrap()).is_file(), "{drawn}");
}

#[test]
fn wrong_tools_are_named_with_what_would_be_right() {
    for (settings, says) in [
        ("[tools.detect]\nsummary = \"x\"\ncommand = [\"true\"]\n", "[tools.detect] has a name that is taken"),
        ("[tools.mine]\nsummary = \"x\"\n", "[tools.mine] has neither `command` nor `url`"),
        ("[tools.mine]\nsummary = \"x\"\ncomand = [\"true\"]\n", "unknown field `comand`"),
        (
            "[tools.mine]\nsummary = \"x\"\ncommand = [\"true\"]\n[tools.mine.arguments]\ncity = 3\n",
            "describe it in a text",
        ),
    ] {
        let folder = folder(settings);
        for args in
            [["tool", "mine"].as_slice(), &["tool", "colors", "picture.png"], &["ask", "What?", "--llm", "none"]]
        {
            let output = here(folder.path(), args);
            let err = text(&output.stderr);
            assert!(output.status.code() == Some(2) && err.contains(says), "{args:?}: {err}");
        }
        let output = here(folder.path(), &["tools"]);
        let listed = text(&output.stdout);
        assert!(
            output.status.success() && listed.contains("read_text") && text(&output.stderr).contains(says),
            "{listed}"
        );
    }
    let folder = folder("[tools.mine]\nsummary = \"x\"\ncommand = [\"no-such-program-of-argus\"]\n");
    let output = here(folder.path(), &["tool", "mine"]);
    let err = text(&output.stderr);
    assert!(output.status.code() == Some(1) && err.contains("is not on PATH") && err.contains("hint: "), "{err}");
}

#[test]
fn inspect_tells_what_a_file_is_and_prints_lines_that_work() {
    let folder = folder("");
    let found = seen(&here(folder.path(), &["models", "inspect", "shapes.onnx", "--json"]));
    assert_eq!(found["recognized"][0]["role"], "detect");
    assert_eq!(found["recognized"][0]["labels"], json!(["circle", "square"]));
    assert_eq!(found["inputs"][0], json!({"name": "images", "element": "float32", "shape": [1, 3, 320, 320]}));
    let shown = text(&here(folder.path(), &["models", "inspect", "shapes.onnx"]).stdout);
    assert!(
        shown.contains("images  float32 [1, 3, 320, 320]") && shown.contains("2 classes: circle, square"),
        "{shown}"
    );
    std::fs::write(folder.path().join("argus.toml"), found["settings"].as_str().unwrap()).unwrap();
    let detected = seen(&here(folder.path(), &["tool", "detect", "picture.png", "--json", "-q"]));
    assert_eq!((&detected["models"], &detected["output"]["counts"]), (&json!(["shapes"]), &json!({"square": 1})));
    let whole = std::fs::read(folder.path().join("shapes.onnx")).unwrap();
    std::fs::write(folder.path().join("half.onnx"), &whole[..whole.len() / 2]).unwrap();
    for (file, says) in
        [("half.onnx", "breaks off"), ("picture.png", "is no ONNX model"), ("none.onnx", "cannot be read")]
    {
        let output = here(folder.path(), &["models", "inspect", file]);
        let err = text(&output.stderr);
        assert!(output.status.code() == Some(1) && output.stdout.is_empty() && err.contains(says), "{file}: {err}");
    }
}

#[test]
fn a_folder_of_two_graphs_is_a_model_by_the_lines_that_inspect_prints() {
    let folder = folder("");
    let (from, model) = (concat!(env!("CARGO_MANIFEST_DIR"), "/../tools/tests/data/sam/official"), "tiny sam 1.0");
    std::fs::create_dir(folder.path().join(model)).unwrap();
    for file in ["encoder.onnx", "decoder.onnx"] {
        std::fs::copy(Path::new(from).join(file), folder.path().join(model).join(file)).unwrap();
    }
    let found = seen(&here(folder.path(), &["models", "inspect", model, "--json"]));
    assert_eq!((&found["recognized"]["role"], &found["complete"]), (&json!("segment_prompt"), &json!(true)), "{found}");
    std::fs::write(folder.path().join("argus.toml"), found["settings"].as_str().unwrap()).unwrap();
    let cut = seen(&here(folder.path(), &["tool", "segment", "picture.png", "--point", "[160, 100]", "--json", "-q"]));
    assert_eq!(cut["models"], json!(["tiny-sam-1-0"]), "{cut}");
    std::fs::remove_file(folder.path().join(model).join("decoder.onnx")).unwrap();
    let output = here(folder.path(), &["models", "inspect", model]);
    let (out, err) = (text(&output.stdout), text(&output.stderr));
    assert!(output.status.code() == Some(1) && out.contains("segment_prompt"), "{out} {err}");
    assert!(err.contains("decoder is missing: answers point_coords"), "{err}");
}

/// A part of a role alone, such as a recognizer of another script, takes its place beside the catalog's other parts.
#[test]
fn one_part_of_the_text_reader_can_be_the_users() {
    let folder = folder("[models.mine]\nrole = \"ocr-rec\"\nfile = \"mine.onnx\"\n");
    let pulled = run(&["models", "pull", "pp-ocrv6-small", "-q"]);
    assert_eq!(pulled.code, 0, "{}", pulled.err);
    let installed = run(&["models", "path", "pp-ocrv6-small"]).out;
    std::fs::copy(Path::new(installed.trim()).join("rec.onnx"), folder.path().join("mine.onnx")).unwrap();
    let read = seen(&here(folder.path(), &["tool", "read_text", "sample:page", "--json", "-q"]));
    assert!(read["output"]["text"].as_str().unwrap().contains("segmentation"), "{read}");
    assert_eq!(read["models"], json!(["pp-ocrv6-small", "mine"]));
}

#[cfg(unix)]
#[test]
fn ctrl_c_ends_a_command_at_once() {
    let folder =
        folder("[tools.slow]\nsummary = \"wait\"\ncommand = [\"sh\", \"-c\", 'echo $$ > id; exec sleep 60']\n");
    let child = argus(&["tool", "slow"]).current_dir(folder.path()).spawn().unwrap();
    let id = folder.path().join("id");
    let start = std::time::Instant::now();
    while std::fs::read_to_string(&id).unwrap_or_default().is_empty() {
        assert!(start.elapsed().as_secs() < 30, "the command was not started");
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    let interrupt = |signal: &str, id: &str| {
        std::process::Command::new("kill").args([signal, id]).output().unwrap().status.success()
    };
    assert!(interrupt("-INT", &child.id().to_string()));
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130));
    assert!(start.elapsed().as_secs() < 30);
    let command = std::fs::read_to_string(&id).unwrap();
    let gone = (0..100).any(|_| {
        std::thread::sleep(std::time::Duration::from_millis(20));
        !interrupt("-0", command.trim())
    });
    assert!(gone, "the command lives on");
}
