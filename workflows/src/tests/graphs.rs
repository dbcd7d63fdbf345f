//! Pictures of workflows.

#![expect(clippy::print_stderr, clippy::unwrap_used, reason = "a failed set-up fails the test")]

use std::path::Path;

use argus_tools::vision;

use crate::Workflow;

fn folder() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src/tests")
}

fn rich() -> Workflow {
    Workflow::read(include_str!("rich.yaml"), "rich.yaml", Some(&folder()), &vision::toolbox()).unwrap()
}

fn read(text: &str) -> Workflow {
    Workflow::read(text, "test.yaml", None, &vision::toolbox()).unwrap()
}

#[test]
fn mermaid_of_a_rich_one() {
    insta::assert_snapshot!(rich().mermaid());
}

#[test]
fn svg_of_a_rich_one() {
    let svg = rich().svg();
    if let Ok(path) = std::env::var("ARGUS_TEST_SVG") {
        fs_err::write(path, &svg).unwrap();
    }
    insta::assert_snapshot!(svg);
}

#[test]
fn svg_of_one_step() {
    insta::assert_snapshot!(read("name: one\nsteps:\n  a: { set: 1 }\n").svg());
}

/// Texts that have a meaning in SVG, HTML or Mermaid, or that no XML can hold.
const HOSTILE: &str = "name: end\ndescription: \"<script>alert(1)</script> & \\\"more\\\" \\u0007\"\nsteps:\n  \
    end: { set: \"]] --> x[\\\"a\\\"]; `b` #35; <b> \\u0001 中文\" }\n  \
    class:\n    switch:\n      value: \"{{ steps.end }}\"\n      cases:\n        \"end\\n\\\"]\": { output: \"</svg>\" }\n        \"\": { output: 2 }\n";

#[test]
fn hostile_texts_are_escaped() {
    let workflow = read(HOSTILE);
    let svg = workflow.svg();
    assert_eq!(svg.matches("</svg>").count(), 1, "{svg}");
    assert!(!svg.contains("<script") && !svg.contains('\u{7}') && !svg.contains('\u{1}'), "{svg}");
    insta::assert_snapshot!(workflow.mermaid());
}

/// Boxes beside one another do not overlap, arrows go down, and the same workflow is drawn the same.
#[test]
fn boxes_of_many_steps_do_not_overlap() {
    use std::fmt::Write;
    let mut text = "name: many\nsteps:\n  s0: { set: 0 }\n".to_owned();
    for at in 1..60usize {
        let (a, b) = (at / 2, at.saturating_sub(1 + at % 7));
        let _ = writeln!(text, "  s{at}: {{ set: \"{{{{ add steps.s{a} steps.s{b} }}}}\" }}");
    }
    let workflow = read(&text);
    let svg = workflow.svg();
    assert_eq!(svg, read(&text).svg());
    let number = |line: &str, name: &str| -> f64 {
        let rest = &line[line.find(name).unwrap() + name.len()..];
        rest[..rest.find('"').unwrap()].parse().unwrap()
    };
    let boxes: Vec<[f64; 4]> = svg
        .lines()
        .filter(|line| line.starts_with("<rect class=\"box\"") || line.starts_with("<rect class=\"end\""))
        .map(|line| [" x=\"", " y=\"", " width=\"", " height=\""].map(|name| number(line, name)))
        .collect();
    assert_eq!(boxes.len(), 61);
    for (at, [x1, y1, w1, h1]) in boxes.iter().enumerate() {
        for [x2, y2, w2, h2] in &boxes[at + 1..] {
            let apart = x1 + w1 <= *x2 || x2 + w2 <= *x1 || y1 + h1 <= *y2 || y2 + h2 <= *y1;
            assert!(apart, "{x1} {y1} {w1} {h1} and {x2} {y2} {w2} {h2}");
        }
    }
}

/// A file as large as may be is drawn within seconds.
#[test]
fn thousands_of_steps_are_drawn() {
    use std::fmt::Write;
    let mut text = "name: many\nsteps:\n  s0: { set: 0 }\n".to_owned();
    for at in 1..3000usize {
        let _ =
            writeln!(text, "  s{at}: {{ set: [\"{{{{ steps.s{} }}}}\", \"{{{{ steps.s{} }}}}\"] }}", at - 1, at / 2);
    }
    let workflow = read(&text);
    let begin = std::time::Instant::now();
    let (svg, mermaid) = (workflow.svg(), workflow.mermaid());
    eprintln!("3,000 steps drawn in {:?}", begin.elapsed());
    assert_eq!((svg.matches("class=\"box\"").count(), mermaid.matches("<b>s").count()), (3000, 3000));
    assert!(begin.elapsed() < std::time::Duration::from_secs(20));
}
