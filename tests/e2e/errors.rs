//! Wrong calls: what is said, where, and with which exit code.

use std::fmt::Write;

use crate::support::{argus, run};

#[test]
fn every_wrong_call_names_the_thing_and_the_remedy() {
    let calls: [&[&str]; 10] = [
        &["tool", "detect", "no-such-picture.png"],
        &["tool", "detect", "sample:nothing"],
        &["tool", "detect", "sample:coffee", "--min-score", "high"],
        &["tool", "detect", "sample:coffee", "--device", "gpu"],
        &["tools", "nothing"],
        &["models", "pull", "nothing"],
        &["ask", "What?", "--llm", "clever"],
        &["ask", "What?", "--llm", "local:mine.gguf"],
        &["ask", "What?", "--base-url", "http://127.0.0.1:9/v1"],
        &["ask", "What?", "--llm", "openai:gpt-4o-mini"],
    ];
    let mut text = String::new();
    for call in calls {
        let said = run(call);
        assert_eq!(said.out, "", "{call:?} wrote data");
        writeln!(text, "$ argus {}\n[{}]\n{}", call.join(" "), said.code, said.err).unwrap();
    }
    insta::with_settings!({filters => vec![
        (r"there are no near names.*", "(near names)"),
        (r"[^ ]*/argus-[a-z-]*", "(temp)"),
    ]}, { insta::assert_snapshot!(text) });
}

#[test]
fn a_broken_configuration_is_shown_with_its_line() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("argus.toml"), "device = \"cpu\"\nmax_stepz = 3\n").unwrap();
    let output = argus(&["tools"]).current_dir(folder.path()).output().unwrap();
    assert!(output.status.success(), "tools needs no settings");
    let output = argus(&["models", "list"]).current_dir(folder.path()).output().unwrap();
    let err = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2));
    assert!(err.contains("argus.toml") && err.contains("line 2") && err.contains("max_stepz"), "{err}");
}

#[test]
fn a_closed_pipe_is_no_crash() {
    use std::process::Stdio;
    let mut child = argus(&["tools", "--json"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert!(!String::from_utf8_lossy(&output.stderr).contains("panicked"));
}
