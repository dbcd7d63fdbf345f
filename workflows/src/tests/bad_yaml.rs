//! Files that are no YAML, too much of it, or not what their author meant.

#![expect(clippy::print_stderr, clippy::unwrap_used, reason = "a failed set-up fails the test")]

use std::{
    fmt::Write,
    time::{Duration, Instant},
};

use argus_tools::vision;

use crate::Workflow;
use crate::language::yaml::parse;
use crate::render;

fn told(text: &str) -> String {
    match Workflow::read(text, "test.yaml", None, &vision::toolbox()) {
        Ok(workflow) if workflow.warnings().is_empty() => "nothing is wrong".into(),
        Ok(workflow) => render(workflow.warnings(), "test.yaml", text, false),
        Err(error) => render(&error.problems, "test.yaml", text, false),
    }
}

#[test]
fn what_is_no_workflow() {
    let cases = [
        ("an empty file", ""),
        ("blank lines", "\n \n\n"),
        ("a comment", "# a workflow\n"),
        ("nothing, said so", "---\n...\n"),
        ("a word", "hello\n"),
        ("a number", "42\n"),
        ("a list", "- a\n- b\n"),
        ("JSON, which is YAML", "{\"name\": \"t\", \"steps\": {\"a\": {\"set\": 1}}}"),
        ("JSON that breaks off", "{\"name\": \"t\", \"steps\": {\"a\": {\"set\": 1}"),
        ("several documents", "name: t\nsteps: { a: { set: 1 } }\n---\nname: u\n"),
        ("one document with its end", "---\nname: t\nsteps: { a: { set: 1 } }\n...\n"),
        ("tabs", "name: t\nsteps:\n\ta:\n\t\tset: 1\n"),
        ("a tab in a value", "name: t\nsteps:\n  a: { set: \"x\ty\" }\n"),
        ("indented unevenly", "name: t\nsteps:\n  a:\n    set: 1\n   timeout: 5s\n"),
        ("no space after a colon", "name: t\nsteps:\n  a:\n    set:1\n"),
        ("a colon in a value", "name: t\ndescription: first: second\nsteps: { a: { set: 1 } }\n"),
        ("a quote that is not closed", "name: \"t\nsteps: { a: { set: 1 } }\n"),
        ("a bracket that is not closed", "name: t\nsteps: { a: { set: [1, 2 }\n"),
        ("a key twice", "name: t\nsteps:\n  a: { set: 1 }\n  b: { set: \"{{ steps.a }}\" }\n  a: { set: 2 }\n"),
        ("a key twice, inside", "name: t\nsteps:\n  a: { set: 1, set: 2 }\n"),
        (
            "a template without quotes",
            "name: t\ninputs: { image: image }\nsteps:\n  a:\n    tool: detect\n    with: { image: {{ inputs.image }} }\n",
        ),
        (
            "a template without quotes, in a block",
            "name: t\ninputs: { image: image }\nsteps:\n  a:\n    set: {{ inputs.image }}\n",
        ),
        ("a template without quotes, in a list", "name: t\nsteps:\n  a:\n    set:\n      - {{ inputs.image }}\n"),
        ("an alias to nothing", "name: t\nsteps: { a: { set: *x } }\n"),
        ("an alias to itself", "name: t\nsteps: &x { a: { set: *x } }\n"),
        ("a tag", "name: t\nsteps: { a: { set: !secret x } }\n"),
        ("a key that is a list", "name: t\nsteps: { [a, b]: { set: 1 } }\n"),
        ("a key that is a number", "name: t\nsteps: { 1: { set: 1 } }\n"),
        ("a key that is nothing", "name: t\nsteps: { ~: { set: 1 } }\n"),
        ("NUL", "name: t\0\nsteps: { a: { set: 1 } }\n"),
        ("a control character", "name: t\nsteps: { a: { set: \"\u{1b}[31m\" } }\n"),
        ("infinity", "name: t\nsteps: { a: { set: .inf } }\n"),
        ("no number", "name: t\nsteps: { a: { set: .nan } }\n"),
        ("yes where true is meant", "name: t\nsteps: { a: { tool: detect, cache: yes } }\n"),
    ];
    let mut all = String::new();
    for (about, text) in cases {
        let _ = writeln!(all, "## {about}\n{}\n", told(text));
    }
    insta::assert_snapshot!(all);
}

/// Line ends, byte order marks and scripts of other countries change nothing about the places.
#[test]
fn places_are_right_in_files_of_other_systems() {
    let text = "name: t\nsteps:\n  a: { tool: detct }\n";
    let expected = told(text);
    assert!(expected.contains("test.yaml:3:14"), "{expected}");
    for other in [text.replace('\n', "\r\n"), format!("\u{feff}{text}")] {
        let error = Workflow::read(&other, "test.yaml", None, &vision::toolbox()).err().unwrap();
        let place = error.problems[0].place.clone().unwrap();
        assert_eq!((place.line, place.column, &other[place.bytes.clone()]), (3, 14, "detct"), "{other:?}");
        assert!(told(&other).contains("detct"), "{}", told(&other));
    }
    let chinese =
        "name: t\ndescription: 数一数杯子\nsteps:\n  甲: { tool: detct }\n  a: { set: \"杯子 {{ steps.b }}\" }\n";
    insta::assert_snapshot!(told(chinese));
}

#[test]
fn what_yaml_makes_of_words() {
    let words = "yes no on off y n Yes NO true True TRUE false ~ null Null NULL 010 0o10 0x1F 0b11 1_000 1,000 1e3 1e999 .5 5. +1 -0 1.0 \
        12345678901234567890 123456789012345678901234567890 .inf -.inf .nan 2024-01-31 2024-01-31T10:00:00Z 12:30 1:2:3 <<  = ! @ % & ` 'yes' \"no\"";
    let mut all = String::new();
    for word in words.split_whitespace() {
        let became = match parse(&format!("a: {word}\n")) {
            Ok((value, _)) => value["a"].to_string(),
            Err(problem) => format!("refused: {}", problem.message),
        };
        let _ = writeln!(all, "{word:32}{became}");
    }
    insta::assert_snapshot!(all);
}

#[test]
fn anchors_and_block_texts_work() {
    let text = "a: &x { b: 1 }\nc: *x\nd: |\n  one\n  two\ne: >-\n  one\n  two\nf: !!str 5\n";
    let (value, _) = parse(text).unwrap();
    insta::assert_snapshot!(value.to_string(), @r#"{"a":{"b":1},"c":{"b":1},"d":"one\ntwo\n","e":"one two","f":"5"}"#);
}

/// Each ends within seconds, and says why it is refused.
#[test]
fn too_much_is_refused_at_once() {
    let laughs = {
        let mut text = "name: t\nx: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol, lol]\n".to_owned();
        for level in 1..10 {
            let _ = writeln!(text, "x{level}: &a{level} [{}]", vec![format!("*a{}", level - 1); 10].join(", "));
        }
        text
    };
    let block = |depth: usize| {
        let lines: Vec<String> = (0..depth).map(|at| format!("{}a:", " ".repeat(at))).collect();
        format!("name: t\nsteps:\n{}\n", lines.join("\n"))
    };
    let cases = [
        ("5 MB", format!("name: t\ndescription: {}\n", "x".repeat(5 << 20))),
        ("a billion laughs", laughs),
        ("lists 10,000 deep", format!("name: t\nsteps: {}{}\n", "[".repeat(10_000), "]".repeat(10_000))),
        ("open lists 10,000 deep", format!("name: t\nsteps: {}\n", "[".repeat(10_000))),
        ("objects 10,000 deep", format!("name: t\nsteps: {}1{}\n", "{a: ".repeat(10_000), "}".repeat(10_000))),
        ("objects as deep as they may be", format!("name: t\nsteps: {}1{}\n", "{a: ".repeat(62), "}".repeat(62))),
        ("steps 19 deep", {
            let map = "{ map: { for_each: [1], steps: { a".to_owned();
            let opened: Vec<String> = (0..19).map(|at| format!("{map}{at}:")).collect();
            let opened = opened.join(" ");
            format!("name: t\nsteps: {{ s: {opened} {{ set: 1 }} {} }}\n", "} } }".repeat(19))
        }),
        ("blocks 1,000 deep", block(1000)),
        ("dashes 10,000 deep", format!("name: t\nsteps: \n  {}\n", "- ".repeat(10_000))),
        (
            "brackets 10,000 deep",
            format!(
                "name: t\nsteps: {{ a: {{ set: \"{{{{ {}1{} }}}}\" }} }}\n",
                "(not ".repeat(10_000),
                ")".repeat(10_000)
            ),
        ),
        ("braces 10,000 times", format!("name: t\nsteps: {{ a: {{ set: \"{}\" }} }}\n", "{{".repeat(10_000))),
        (
            "100,000 anchors",
            format!("name: t\nx: [{}]\n", (0..60_000).map(|at| format!("&a{at} 1")).collect::<Vec<_>>().join(", ")),
        ),
        ("values that double 60 times", {
            let twice =
                |at: usize| format!("  s{at}: {{ set: {{ a: &x{at} \"{{{{ steps.s{} }}}}\", b: *x{at} }} }}", at - 1);
            let steps: Vec<String> = (1..60).map(twice).collect();
            format!("name: t\nsteps:\n  s0: {{ set: 1 }}\n{}\n", steps.join("\n"))
        }),
        ("20,000 steps in a chain", {
            let steps: Vec<String> =
                (1..20_000).map(|at| format!("  s{at}: {{ set: \"{{{{ steps.s{} }}}}\" }}", at - 1)).collect();
            format!("name: t\nsteps:\n  s0: {{ set: 1 }}\n{}\n", steps.join("\n"))
        }),
    ];
    let mut all = String::new();
    for (about, text) in cases {
        let begin = Instant::now();
        let message = match Workflow::read(&text, "test.yaml", None, &vision::toolbox()) {
            Ok(_) => "nothing is wrong".into(),
            Err(error) => error.to_string(),
        };
        let took = begin.elapsed();
        eprintln!("{about}: {took:.2?}");
        assert!(took < Duration::from_secs(20), "{about} took {took:?}");
        let shown: String = message.chars().take(400).collect();
        let _ = writeln!(all, "## {about}\n{shown}\n");
    }
    insta::assert_snapshot!(all);
}

#[test]
fn files_that_are_no_text() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    fs_err::write(path("latin.yaml"), b"name: t\ndescription: caf\xe9\n").unwrap();
    fs_err::write(path("wide.yaml"), [0xff, 0xfe, b'n', 0, b'a', 0]).unwrap();
    fs_err::write(path("large.yaml"), vec![b'#'; 5 << 20]).unwrap();
    fs_err::create_dir(path("folder.yaml")).unwrap();
    let mut all = String::new();
    for name in ["latin.yaml", "wide.yaml", "large.yaml", "folder.yaml", "none.yaml"] {
        let error = Workflow::load(&path(name)).err().unwrap();
        let _ = writeln!(all, "{}", error.to_string().replace(&folder.path().display().to_string(), "DIR"));
    }
    let error = Workflow::load("nope").err().unwrap();
    let _ = writeln!(all, "{error}");
    insta::assert_snapshot!(all);
}
