//! Everything that a check can find, as a person reads it.

#![expect(clippy::unwrap_used, reason = "a failed set-up fails the test")]

use std::{fmt::Write, path::Path};

use argus_tools::vision;

use crate::Workflow;
use crate::render;

/// The problems of workflows, each under its name. One that has none says so.
fn told(cases: &[(&str, &str)]) -> String {
    told_in(None, cases)
}

fn told_in(folder: Option<&Path>, cases: &[(&str, &str)]) -> String {
    let toolbox = vision::toolbox();
    let mut all = String::new();
    for (about, text) in cases {
        let problems = match Workflow::read(text, "test.yaml", folder, &toolbox) {
            Ok(workflow) => workflow.warnings().to_vec(),
            Err(error) => error.problems,
        };
        let shown = render(&problems, "test.yaml", text, false);
        let shown = if problems.is_empty() { "nothing is wrong" } else { &shown };
        let _ = writeln!(all, "## {about}\n{shown}\n");
    }
    // The list of tools grows.
    let lines: Vec<&str> = all
        .lines()
        .map(|line| line.split_once("detect, read_text, caption").map_or(line, |(before, _)| before).trim_end())
        .collect();
    lines.join("\n")
}

const IMAGE: &str = "name: t\ninputs: { image: image, word: text, words: { type: json, schema: { type: array, items: { type: string } } } }\nsteps:\n";

/// A workflow with these steps and the inputs image (an image), word (a text) and words (a list of texts).
fn steps(steps: &str) -> String {
    format!("{IMAGE}{steps}")
}

fn each(cases: &[(&str, &str)]) -> String {
    let whole: Vec<(&str, String)> = cases.iter().map(|(about, text)| (*about, steps(text))).collect();
    let whole: Vec<(&str, &str)> = whole.iter().map(|(about, text)| (*about, text.as_str())).collect();
    told(&whole)
}

#[test]
fn tools_and_arguments() {
    let told = each(&[
        ("unknown tool, near a known one", "  a: { tool: segmnt }\n"),
        ("unknown tool, near none", "  a: { tool: frobnicate }\n"),
        ("unknown argument", "  a: { tool: detect, with: { image: \"{{ inputs.image }}\", label: cup } }\n"),
        ("argument that is missing", "  a: { tool: crop, with: { image: \"{{ inputs.image }}\" } }\n"),
        ("argument of the wrong type", "  a: { tool: detect, with: { image: 5 } }\n"),
        (
            "argument that is none of the choices",
            "  a: { tool: find_similar, with: { by: smell } }\n  b: { tool: transform, with: { operation: turn } }\n",
        ),
        ("a list where a text is wanted", "  a: { tool: calculate, with: { expression: [1, 2] } }\n"),
        ("a text input for an image", "  a: { tool: detect, with: { image: \"{{ inputs.word }}\" } }\n"),
        ("a list for a text", "  a: { tool: calculate, with: { expression: \"{{ inputs.words }}\" } }\n"),
        (
            "a result of the wrong type",
            "  a: { tool: detect }\n  b: { tool: calculate, with: { expression: \"{{ steps.a.objects }}\" } }\n",
        ),
        ("a device that there is not", "  a: { tool: detect, device: gpu7 }\n"),
    ]);
    insta::assert_snapshot!(told);
}

#[test]
fn references_to_steps() {
    let told = each(&[
        ("a step that is not there", "  found: { tool: detect }\n  b: { set: \"{{ steps.fond.objects }}\" }\n"),
        (
            "a step inside of another",
            "  each:\n    map:\n      for_each: \"{{ inputs.words }}\"\n      steps:\n        inner: { set: \"{{ item }}\" }\n  b: { set: \"{{ steps.inner }}\" }\n",
        ),
        (
            "a step in another case",
            "  s:\n    switch:\n      value: \"{{ inputs.word }}\"\n      cases:\n        x: { steps: { one: { set: 1 } } }\n        y: { output: \"{{ steps.one }}\" }\n",
        ),
        ("an input that is not there", "  a: { set: \"{{ inputs.imag }}\" }\n"),
        ("a step without steps.", "  found: { tool: detect }\n  b: { set: \"{{ found.objects }}\" }\n"),
        ("an input without inputs.", "  a: { set: \"{{ image }}\" }\n"),
        ("item outside of a map", "  a: { set: \"{{ item }}\" }\n"),
        ("a field that is not there", "  a: { tool: detect }\n  b: { set: \"{{ steps.a.object }}\" }\n"),
        ("a field of a text", "  b: { set: \"{{ inputs.word.length }}\" }\n"),
        ("a field of each item of a list", "  a: { tool: detect }\n  b: { set: \"{{ steps.a.objects.label }}\" }\n"),
        ("error outside of a handler", "  a: { set: \"{{ error.message }}\" }\n"),
        ("all steps at once", "  a: { set: 1 }\n  b: { set: \"{{ steps }}\" }\n"),
    ]);
    insta::assert_snapshot!(told);
}

#[test]
fn order_of_steps() {
    let told = each(&[
        ("itself", "  a: { set: \"{{ steps.a }}\" }\n"),
        ("a circle of two", "  a: { set: \"{{ steps.b }}\" }\n  b: { set: \"{{ steps.a }}\" }\n"),
        (
            "a circle through a map",
            "  a: { set: \"{{ steps.c }}\" }\n  b: { map: { for_each: \"{{ range 3 }}\", steps: { x: { set: \"{{ steps.a }}\" } } } }\n  c: { set: \"{{ steps.b }}\" }\n",
        ),
        ("a circle by after", "  a: { set: 1, after: [b] }\n  b: { set: 2, after: [a] }\n"),
        ("after itself", "  a: { set: 1, after: [a] }\n"),
        ("after what is not there", "  a: { set: 1, after: [x] }\n"),
        ("a step that nothing uses", "  a: { set: 1 }\n  b: { set: 2 }\n"),
        (
            "a step inside that nothing uses",
            "  m: { map: { for_each: \"{{ range 3 }}\", steps: { x: { set: 1 }, y: { set: 2 } } } }\n",
        ),
        ("a step that never runs", "  a: { set: 1, when: false }\n"),
        ("a condition that is none", "  a: { set: 1, when: yes please }\n"),
        (
            "a case that is never chosen",
            "  s: { switch: { value: x, cases: { x: { output: 1 }, y: { output: 2 } } } }\n",
        ),
    ]);
    insta::assert_snapshot!(told);
}

#[test]
fn handlers() {
    let told = each(&[
        ("that is not there", "  a: { tool: detect, on_error: { go_to: plan } }\n  plain: { set: 1 }\n"),
        ("itself", "  a: { tool: detect, on_error: { go_to: a } }\n"),
        (
            "a handler of a handler",
            "  a: { tool: detect, on_error: { go_to: b } }\n  b: { tool: detect, on_error: { go_to: c } }\n  c: { set: 1 }\n",
        ),
        ("one word too many", "  a: { tool: detect, on_error: ignore }\n"),
        ("both at once", "  a: { tool: detect, on_error: { default: 1, go_to: b } }\n  b: { set: 1 }\n"),
        (
            "a handler that needs what failed",
            "  a: { tool: detect, on_error: { go_to: b } }\n  b: { set: \"{{ steps.a }}\" }\n",
        ),
        (
            "an alike step is no handler of itself",
            "  a: { set: 1, on_error: continue }\n  b: { set: 1, on_error: continue }\n",
        ),
    ]);
    insta::assert_snapshot!(told);
}

#[test]
fn kinds_of_steps() {
    let told = each(&[
        ("no kind", "  a: { timeout: 5s }\n"),
        ("two kinds", "  a: { tool: detect, set: 1 }\n"),
        ("nothing at all", "  a:\n"),
        ("with, where there is nothing to give it to", "  a: { set: 1, with: { x: 2 } }\n"),
        ("device, model and cache of a set", "  a: { set: 1, device: cpu, model: x, cache: true }\n"),
        ("a list of steps", "  - tool: detect\n"),
        ("an empty map", "  a: { map: {} }\n"),
        ("a map without steps", "  a: { map: { for_each: \"{{ inputs.words }}\" } }\n"),
        ("a map over a text", "  a: { map: { for_each: \"{{ inputs.word }}\", steps: { b: { set: 1 } } } }\n"),
        (
            "as with a meaning of its own",
            "  a: { map: { for_each: \"{{ range 2 }}\", as: steps, steps: { b: { set: 1 } } } }\n",
        ),
        (
            "as that is no name",
            "  a: { map: { for_each: \"{{ range 2 }}\", as: \"my item\", steps: { b: { set: 1 } } } }\n",
        ),
        (
            "as like a name around it",
            "  a: { map: { for_each: \"{{ range 2 }}\", as: x, steps: { b: { map: { for_each: \"{{ range 2 }}\", as: x, steps: { c: { set: \"{{ x }}\" } } } } } } }\n",
        ),
        (
            "an inner step like an outer one",
            "  a: { set: 1 }\n  m: { map: { for_each: \"{{ range 2 }}\", steps: { a: { set: \"{{ steps.a }}\" } } } }\n",
        ),
        ("parallel 0", "  a: { map: { for_each: \"{{ range 2 }}\", parallel: 0, steps: { b: { set: 1 } } } }\n"),
        ("no rounds", "  a: { while: { condition: \"{{ lt round 3 }}\", max_rounds: 0, steps: { b: { set: 1 } } } }\n"),
        ("a while without a condition", "  a: { while: { steps: { b: { set: 1 } } } }\n"),
        ("a condition that never holds", "  a: { while: { condition: false, steps: { b: { set: 1 } } } }\n"),
        ("an endless condition", "  a: { while: { condition: true, steps: { b: { set: 1 } } } }\n"),
        ("a switch without a value", "  a: { switch: { cases: { x: { output: 1 } } } }\n"),
        ("a switch without cases", "  a: { switch: { value: \"{{ inputs.word }}\" } }\n"),
        ("an empty case", "  a: { switch: { value: \"{{ inputs.word }}\", cases: { x: {} } } }\n"),
        ("a prompt with text and file", "  a: { prompt: { text: hi, file: hi.txt } }\n"),
        ("a prompt with neither", "  a: { prompt: { system: hi } }\n"),
        ("a schema that is none", "  a: { prompt: { text: hi, schema: { type: objekt } } }\n"),
        ("an agent without a task", "  a: { agent: \"\" }\n"),
        ("an agent with tools that there are not", "  a: { agent: { task: look, tools: [detect, zoomm] } }\n"),
        ("an agent with a text for its image", "  a: { agent: { task: look, images: \"{{ inputs.word }}\" } }\n"),
        ("an empty prompt", "  a: { prompt: \"\" }\n"),
        ("names that are none", "  1a: { set: 1 }\n  a b: { set: 2, after: [1a] }\n  a-b: { set: 3, after: [a b] }\n"),
    ]);
    insta::assert_snapshot!(told);
}

#[test]
fn how_steps_are_run() {
    let told = each(&[
        ("a time without a unit that is known", "  a: { set: 1, timeout: 5 minutes }\n"),
        ("a time of nothing", "  a: { set: 1, timeout: 0 }\n"),
        ("a time before now", "  a: { set: 1, timeout: -5 }\n"),
        ("a time longer than all time", "  a: { set: 1, timeout: 99999999999999999999999h }\n"),
        ("half a retry", "  a: { set: 1, retry: 1.5 }\n"),
        ("retries below none", "  a: { set: 1, retry: -1 }\n"),
        ("too many retries", "  a: { set: 1, retry: 1000 }\n"),
        ("retries of what", "  a: { set: 1, retry: { max: 2, on: [timeouts] } }\n"),
        ("retries without how many", "  a: { set: 1, retry: { backoff: 1s } }\n"),
        ("retries with more", "  a: { set: 1, retry: { max: 1, times: 3 } }\n"),
        ("cache maybe", "  a: { tool: detect, cache: sometimes }\n"),
        ("after a word", "  a: { set: 1 }\n  b: { set: 2, after: a }\n"),
    ]);
    insta::assert_snapshot!(told);
}

#[test]
fn templates() {
    let told = each(&[
        ("not closed", "  a: { set: \"{{ inputs.word \" }\n"),
        ("closed by one brace", "  a: { set: \"{{ inputs.word }\" }\n"),
        ("empty", "  a: { set: \"{{ }}\" }\n"),
        ("unknown helper", "  a: { set: \"{{ lenn inputs.words }}\" }\n"),
        ("unknown helper, near none", "  a: { set: \"{{ frobnicate inputs.words }}\" }\n"),
        ("too few arguments", "  a: { set: \"{{ eq inputs.word }}\" }\n"),
        ("too many arguments", "  a: { set: \"{{ len inputs.words 2 3 }}\" }\n"),
        ("a helper without arguments", "  a: { set: \"{{ len }}\" }\n"),
        ("an argument of the wrong type", "  a: { set: \"{{ sum inputs.word }}\" }\n"),
        ("a name = value", "  a: { set: \"{{ join inputs.words with=2 }}\" }\n"),
        ("a bracket that is not closed", "  a: { set: \"{{ not (eq inputs.word 2 }}\" }\n"),
        ("a block that is not closed", "  a: { set: \"{{#if inputs.word}}yes\" }\n"),
        ("a block closed by another", "  a: { set: \"{{#if inputs.word}}yes{{/each}}\" }\n"),
        ("an unknown block", "  a: { set: \"{{#loop inputs.words}}x{{/loop}}\" }\n"),
        ("a block over what is not there", "  a: { set: \"{{#each inputs.wods}}x{{/each}}\" }\n"),
        ("a partial", "  a: { set: \"{{> header }}\" }\n"),
        ("a decorator", "  a: { set: \"{{* inline }}\" }\n"),
        ("a path upwards", "  a: { set: \"{{ ../inputs.word }}\" }\n"),
        ("this", "  a: { set: \"{{ this }}\" }\n"),
        ("in a list deep inside", "  a: { set: { x: [1, { y: \"{{ inputs.wrd }}\" }] } }\n"),
        ("in a long text", "  a:\n    prompt: |\n      Some words,\n      and {{ inputs.wrd }}.\n"),
        ("in an assertion", "  a: { assert: \"inputs.word == 3\" }\n"),
    ]);
    insta::assert_snapshot!(told);
}

#[test]
fn inputs() {
    let of = |inputs: &str| format!("name: t\ninputs:\n{inputs}steps: {{ a: {{ set: 1 }} }}\n");
    let cases = [
        ("an unknown type", "  x: picture\n"),
        ("an unknown type, in full", "  x: { type: img }\n"),
        ("no type", "  x: { default: 3 }\n"),
        ("nothing", "  x:\n"),
        ("an enum without values", "  x: enum\n"),
        ("an enum with no values", "  x: { type: enum, values: [] }\n"),
        ("values of a text", "  x: { type: text, values: [a] }\n"),
        ("a default that is none of the values", "  x: { type: enum, values: [a, b], default: c }\n"),
        ("a default of the wrong type", "  x: { type: number, default: [1] }\n"),
        ("a default that is not whole", "  x: { type: number, integer: true, default: 1.5 }\n"),
        ("a default that is too large", "  x: { type: number, max: 3, default: 4 }\n"),
        ("a default that is too short", "  x: { type: text, min: 3, default: ab }\n"),
        (
            "a default against the schema",
            "  x: { type: json, schema: { type: array, items: { type: integer } }, default: [1, a] }\n",
        ),
        ("a schema that is none", "  x: { type: json, schema: { type: 5 } }\n"),
        ("a schema of a text", "  x: { type: text, schema: { type: string } }\n"),
        ("bounds the wrong way round", "  x: { type: number, min: 5, max: 1 }\n"),
        ("a whole text", "  x: { type: text, integer: true }\n"),
        ("bounds of a bool", "  x: { type: bool, min: 1 }\n"),
        ("a name that is none", "  my input: text\n"),
        ("a list of inputs", "  - text\n"),
    ];
    let whole: Vec<(&str, String)> = cases.iter().map(|(about, text)| (*about, of(text))).collect();
    let whole: Vec<(&str, &str)> = whole.iter().map(|(about, text)| (*about, text.as_str())).collect();
    let told = told(&whole);
    insta::assert_snapshot!(told);
}

#[test]
fn unknown_fields_and_wrong_types_at_each_level() {
    let told = told(&[
        (
            "unknown everywhere",
            "name: t\nstep: 1\ninputs:\n  x: { type: text, defualt: a }\nsteps:\n  a: { set: 1, whne: 2 }\n  b: { prompt: { text: x, maxtokens: 5 } }\n  \
            c: { agent: { task: x, limit: 5 } }\n  d: { map: { for_each: [1], foreach: [1], steps: { e: { set: 1, x: 1 } } } }\n  \
            f: { while: { condition: \"{{ lt round 1 }}\", until: 1, steps: { g: { set: 1 } } } }\n  \
            h: { switch: { value: \"{{ inputs.x }}\", cases: { i: { output: 1, otherwise: 2 } } } }\n  j: { assert: { that: \"{{ inputs.x }}\", msg: a } }\n  \
            k: { approve: { question: a, text: b } }\n  l: { set: 1, on_error: { goto: a } }\noutput: 5\n",
        ),
        (
            "of the wrong type everywhere",
            "name: [t]\ndescription: 5\nversion: [1]\ninputs: { x: 5, y: { type: text, min: low } }\nsteps:\n  a: 5\n  b: { tool: 5 }\n  \
            c: { prompt: [x] }\n  d: { agent: 5 }\n  e: { workflow: { name: x } }\n  f: { map: text }\n  g: { map: { for_each: [1], parallel: two, steps: { x: { set: 1 } } } }\n  \
            h: { switch: { value: 1, cases: [a] } }\n  i: { assert: 5 }\n  j: { approve: 5 }\n  k: { set: 1, after: 5 }\n  l: { set: 1, with: 5 }\n  m: { set: 1, cache: 1 }\n  \
            n: { set: 1, timeout: [5] }\n  o: { set: 1, on_error: 5 }\noutputs: [1]\n",
        ),
        (
            "outputs of what is not there",
            "name: t\nsteps: { a: { set: 1 } }\noutputs:\n  x: \"{{ steps.b }}\"\n  y: [1, \"{{ inputs.z }}\"]\n",
        ),
        ("no name", "steps: { a: { set: 1 } }\n"),
        ("an empty name", "name: \"\"\nsteps: { a: { set: 1 } }\n"),
        ("no steps", "name: t\n"),
        ("empty steps", "name: t\nsteps: {}\n"),
        ("a name with a space", "name: my workflow\nsteps: { a: { set: 1 } }\n"),
    ]);
    insta::assert_snapshot!(told);
}

#[test]
fn other_workflows_and_files() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| fs_err::write(folder.path().join(name), text).unwrap();
    write(
        "needs.yaml",
        "name: needs\ninputs: { image: image, n: { type: number, default: 1 } }\nsteps: { a: { set: \"{{ inputs.n }}\", after: [] } }\n",
    );
    write("wrong.yaml", "name: wrong\nsteps:\n  a: { tool: detct }\n  b: { set: \"{{ steps.c }}\" }\n");
    write("broken.yaml", "name: broken\nsteps: [\n");
    write("one.yaml", "name: one\nsteps: { a: { workflow: two.yaml } }\n");
    write("two.yaml", "name: two\nsteps: { a: { workflow: one.yaml } }\n");
    write("empty.txt", "");
    write("latin.txt", "x");
    fs_err::write(folder.path().join("latin.txt"), b"caf\xe9").unwrap();
    let cases = [
        ("a file that is not there", "  a: { workflow: nope.yaml }\n"),
        ("one with errors", "  a: { workflow: wrong.yaml }\n"),
        ("one that is no YAML", "  a: { workflow: broken.yaml }\n"),
        ("a circle", "  a: { workflow: one.yaml }\n"),
        ("itself", "  a: { workflow: test.yaml }\n"),
        ("without its inputs", "  a: { workflow: needs.yaml }\n"),
        ("with others", "  a: { workflow: needs.yaml, with: { image: \"{{ inputs.word }}\", m: 2, n: many } }\n"),
        ("a prompt file that is not there", "  a: { prompt: { file: ask.hbs } }\n"),
        ("a prompt file that is empty", "  a: { prompt: { file: empty.txt } }\n"),
        ("a prompt file that is no UTF-8", "  a: { prompt: { file: latin.txt } }\n"),
    ];
    let whole: Vec<(&str, String)> = cases.iter().map(|(about, text)| (*about, steps(text))).collect();
    let whole: Vec<(&str, &str)> = whole.iter().map(|(about, text)| (*about, text.as_str())).collect();
    let all = told_in(Some(folder.path()), &whole);
    let all = all.replace(&folder.path().display().to_string(), "DIR");
    insta::assert_snapshot!(all);
}
