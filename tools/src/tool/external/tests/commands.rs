//! Programs as tools: small scripts of `sh`.

use std::time::{Duration, Instant};

use super::*;
use crate::tool::ToolErrorKind;

/// A table whose command is this script.
fn script(script: &str, more: &str) -> String {
    format!("summary = \"x\"\ncommand = [\"sh\", \"-c\", '''{script}''', \"sh\"]\n{more}")
}

#[tokio::test]
async fn arguments_come_as_json_and_as_words_without_a_shell() {
    let table = "summary = \"x\"\ncommand = [\"sh\", \"-c\", 'cat; printf \"<%s>\" \"$@\"', \"sh\", \"{city}\", \"{days}\", \"{names}\", \"{left_out}\"]\n\
                 [arguments]\ncity = \"c\"\ndays = { type = \"integer\" }\nnames = { type = \"array\" }\nleft_out = { optional = true }";
    let seen = call(table, json!({"city": "$(id) `id`; \"Ulm\" *", "days": "3", "names": ["a b", "c"]})).await.unwrap();
    let (object, words) = seen.text.split_once('\n').unwrap();
    let object: Value = serde_json::from_str(object).unwrap();
    assert_eq!(object, json!({"city": "$(id) `id`; \"Ulm\" *", "days": 3, "names": ["a b", "c"]}));
    assert_eq!(words, "<$(id) `id`; \"Ulm\" *><3><a b><c>");
}

#[tokio::test]
async fn a_value_is_not_taken_for_an_option() {
    let line = |before: &str| {
        format!("summary = \"x\"\ncommand = [\"printf\", {before} \"{{text}}\"]\n[arguments]\ntext = \"t\"")
    };
    let error = call(&line(""), json!({"text": "-v"})).await.unwrap_err();
    assert!(error.kind == ToolErrorKind::InvalidInput && error.feedback.contains("begins with -"), "{error:?}");
    assert_eq!(call(&line("\"--\","), json!({"text": "-v"})).await.unwrap().text, "-v");
    let error = call(&line(""), json!({"text": "a\0b"})).await.unwrap_err();
    assert!(error.feedback.contains("zero character"));
}

#[tokio::test]
async fn the_image_is_a_png_file_for_as_long_as_the_call_lasts() {
    let table = "summary = \"x\"\ncommand = [\"sh\", \"-c\", 'head -c 4 \"$1\" | tail -c 3; echo; echo \"$1\"', \"sh\", \"{image}\"]\n[arguments]\nimage = \"i\"";
    let seen = call(table, json!({"image": "img-1"})).await.unwrap();
    let (magic, path) = seen.text.split_once('\n').unwrap();
    assert_eq!(magic, "PNG");
    assert!(path.ends_with("image.png") && !std::path::Path::new(path).exists(), "{path}");
    assert!(call(table, json!({})).await.is_ok(), "left out, it is the newest");
    let error = call(table, json!({"image": "img-7"})).await.unwrap_err();
    assert!(error.feedback.contains("no image \"img-7\"; there is img-1"), "{error}");
    let none = ToolCx::new(ImageStore::new(), Arc::new(NoModels));
    assert!(tool(table).unwrap().call_json(json!({}), &none).await.unwrap_err().feedback.contains("no image yet"));
}

#[tokio::test]
async fn little_is_inherited() {
    let table = script("env | cut -d= -f1 | sort | tr '\\n' ' '", "env = { EXTRA = \"1\" }");
    let seen = call(&table, json!({})).await.unwrap();
    let own = ["PATH", "HOME", "LANG", "TMPDIR", "TMP", "TEMP", "EXTRA", "PWD", "OLDPWD", "SHLVL", "_"];
    assert!(seen.text.split(' ').all(|name| own.contains(&name)), "{}", seen.text);
    assert!(seen.text.contains("EXTRA") && seen.text.contains("PATH") && seen.text.contains("TMPDIR"), "{}", seen.text);
}

#[tokio::test]
async fn json_is_recognized_and_demanded_where_it_is_said() {
    let seen = call(&script("echo '{ \"a\":  [1, 2] }'", ""), json!({})).await.unwrap();
    assert_eq!((seen.value, seen.text.as_str()), (json!({"a": [1, 2]}), r#"{"a":[1,2]}"#));
    let seen = call(&script("echo 42", ""), json!({})).await.unwrap();
    assert_eq!((seen.value, seen.text.as_str()), (json!("42"), "42"));
    assert_eq!(call(&script("echo 42", "output = \"json\""), json!({})).await.unwrap().value, json!(42));
    assert!(call(&script("true", ""), json!({})).await.unwrap().text.contains("no output"));
    for (text, says) in [("echo '{'", "what is no JSON"), ("true", "gave nothing")] {
        let error = call(&script(text, "output = \"json\""), json!({})).await.unwrap_err();
        assert!(error.message.contains(says) && error.hint.unwrap().contains("output = \"text\""), "{text}");
    }
    let error = call(&script("printf '\\377\\376'", ""), json!({})).await.unwrap_err();
    assert!(error.message.contains("UTF-8") && error.hint.unwrap().contains("output = \"image\""));
}

#[tokio::test]
async fn a_picture_enters_the_store_as_made_of_the_image() {
    let folder = tempfile::tempdir().unwrap();
    RgbImage::new(5, 4).save(folder.path().join("made.png")).unwrap();
    let place = format!("output = \"image\"\nfolder = \"{}\"\n", folder.path().display());
    for text in ["cat made.png", "echo made.png", "cp \"$1\" \"$TMPDIR/copy.png\"; echo \"$TMPDIR/copy.png\""] {
        let cx = session();
        let table = format!(
            "summary = \"x\"\ncommand = [\"sh\", \"-c\", '''{text}''', \"sh\", \"{{image}}\"]\n{place}[arguments]\nimage = \"i\""
        );
        let made = tool(&table).unwrap().call_json(json!({}), &cx).await;
        if text.starts_with("cp") {
            // What lies in the call's own folder is gone with it.
            assert_eq!(made.unwrap().value["width"], 12);
            continue;
        }
        assert_eq!(made.unwrap().value, json!({"image": "img-2", "width": 5, "height": 4}), "{text}");
        let entry = cx.images.get("img-2").unwrap();
        assert_eq!(entry.parent.as_deref(), Some("img-1"));
        let operation = entry.operation.clone().unwrap();
        assert_eq!((operation.tool.as_str(), operation.args), ("mine", json!({"image": "img-1"})));
    }
    for (text, says) in [
        ("echo none.png", "cannot be read"),
        ("echo .", "is no file"),
        ("true", "empty file"),
        ("printf 'a\\nb'", "no picture"),
    ] {
        let error = call(&script(text, &place), json!({})).await.unwrap_err();
        assert!(error.message.contains(says), "{text}: {}", error.message);
    }
    let error = call(&script("cat made.png", &format!("{place}max_output = 10")), json!({})).await.unwrap_err();
    assert_eq!(error.kind, ToolErrorKind::ResourceLimit);
    let error = call(&script("echo made.png", &format!("{place}max_output = 12")), json!({})).await.unwrap_err();
    assert_eq!(error.kind, ToolErrorKind::ResourceLimit);
    // Without any image it is one from outside.
    let cx = ToolCx::new(ImageStore::new(), Arc::new(NoModels));
    tool(&script("cat made.png", &place)).unwrap().call_json(json!({}), &cx).await.unwrap();
    assert_eq!(cx.images.get("img-1").unwrap().origin, Origin::Memory("tool:mine".into()));
}

#[tokio::test]
async fn failures_say_what_happened_and_to_whom_it_matters() {
    let error = call(&script("echo one >&2; echo secret path >&2; exit 3", ""), json!({})).await.unwrap_err();
    assert_eq!(error.kind, ToolErrorKind::Internal);
    assert_eq!(error.message, "mine ended with exit code 3: one; secret path");
    assert!(!error.feedback.contains("secret"), "{}", error.feedback);
    let error = call(&script("echo no such city >&2; exit 64", ""), json!({})).await.unwrap_err();
    assert_eq!(error.kind, ToolErrorKind::InvalidInput);
    assert!(error.feedback.contains("no such city"));
    let error = call(&script("kill -TERM $$", ""), json!({})).await.unwrap_err();
    assert!(error.message.contains("signal 15: it wrote nothing"), "{}", error.message);
    for (table, says) in [
        ("summary = \"x\"\ncommand = [\"no-such-program-of-argus\"]", "is not on PATH"),
        (
            "summary = \"x\"\ncommand = [\"./none\"]\nfolder = \"/tmp\"",
            "/tmp/./none (or what its first line names) does not exist",
        ),
        ("summary = \"x\"\ncommand = [\"/\"]", "/"),
        (
            "summary = \"x\"\ncommand = [\"true\"]\nfolder = \"/no/such/folder\"",
            "its folder /no/such/folder does not exist",
        ),
    ] {
        let error = call(table, json!({})).await.unwrap_err();
        assert!(error.message.contains(says) && error.hint.unwrap().contains("[tools.mine]"), "{}", error.message);
        assert!(error.feedback.contains("not available"), "{}", error.feedback);
    }
    let error = call(&script("true", "[arguments]\ncity = \"c\""), json!({"town": 1})).await.unwrap_err();
    assert!(error.feedback.contains("It takes: city (string)"));
}

#[tokio::test]
async fn too_much_output_and_much_complaint_are_no_trouble() {
    let endless = script(
        "while :; do echo yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy; done",
        "max_output = 1000\ntimeout = 20",
    );
    let start = Instant::now();
    let error = call(&endless, json!({})).await.unwrap_err();
    assert!(error.kind == ToolErrorKind::ResourceLimit && error.message.contains("1000 bytes"), "{error}");
    assert!(error.hint.unwrap().contains("max_output") && start.elapsed() < Duration::from_secs(10));
    let exact = script("printf 12345", "max_output = 5");
    assert_eq!(call(&exact, json!({})).await.unwrap().text, "12345");
    // More than a pipe holds, on both ends, while the input is never read.
    let noisy = script("head -c 300000 /dev/zero | tr '\\0' 'x' >&2; echo done", "[arguments]\ntext = \"t\"");
    assert_eq!(call(&noisy, json!({"text": "y".repeat(300_000)})).await.unwrap().text, "done");
}

/// The process that wrote its id into the file, and whether it is still there a moment later.
fn lives(file: &std::path::Path) -> bool {
    let id = std::fs::read_to_string(file).unwrap();
    let alive = || {
        let state = std::fs::read_to_string(format!("/proc/{}/stat", id.trim())).unwrap_or_default();
        // A zombie waits for its parent only.
        !state.is_empty() && !state.contains(") Z ")
    };
    let start = Instant::now();
    while alive() && start.elapsed() < Duration::from_secs(5) {
        std::thread::sleep(Duration::from_millis(20));
    }
    alive()
}

#[tokio::test]
#[cfg(target_os = "linux")]
async fn time_limit_deadline_and_cancellation_kill_all_that_was_started() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("id");
    let text = format!("sleep 60 & echo $! > {}; wait", file.display());
    let error = call(&script(&text, "timeout = 0.5"), json!({})).await.unwrap_err();
    assert!(error.kind == ToolErrorKind::ResourceLimit && error.message.contains("within 0.5 s"), "{error}");
    assert!(!lives(&file), "the time limit");
    let cx = session();
    let patient = tool(&script(&text, "")).unwrap();
    let early = cx.for_call(cx.cancel.clone(), Some(Duration::from_millis(400)));
    let error = patient.call_json(json!({}), &early).await.unwrap_err();
    assert!(error.kind == ToolErrorKind::ResourceLimit && error.message.contains("its time limit"), "{error}");
    assert!(!lives(&file), "the deadline");
    let cancel = cx.cancel.clone();
    tokio::spawn(async move {
        tokio::time::sleep(Duration::from_millis(400)).await;
        cancel.cancel();
    });
    let error = patient.call_json(json!({}), &cx).await.unwrap_err();
    assert_eq!(error.kind, ToolErrorKind::Cancelled);
    assert!(!lives(&file), "cancellation");
}

#[tokio::test]
#[cfg(target_os = "linux")]
async fn a_child_that_holds_the_output_does_not_hold_the_call() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("id");
    let text = format!("sleep 60 & echo $! > {}; echo done", file.display());
    let start = Instant::now();
    assert_eq!(call(&script(&text, ""), json!({})).await.unwrap().text, "done");
    assert!(start.elapsed() < Duration::from_secs(10) && !lives(&file));
}
