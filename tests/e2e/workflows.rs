//! Workflows by the program: one run, batches, what survives a kill.

use std::{collections::HashSet, fs, path::Path, time::Duration};

use image::{Rgb, RgbImage};
use serde_json::Value;
use tempfile::TempDir;

use crate::support::{argus, json, run};

const COUNT: &str = r#"
name: count_things
inputs: { image: image }
steps:
  found: { tool: detect, with: { image: "{{ inputs.image }}" } }
  first: { tool: crop, when: "{{ steps.found.objects }}", with: { image: "{{ inputs.image }}", region: "{{ default steps.found.objects.[0].box null }}" } }
outputs:
  counts: "{{ steps.found.counts }}"
  many: "{{ len steps.found.objects }}"
  first: "{{ default steps.first.image null }}"
"#;

/// A folder with a workflow, in which the program runs.
fn folder(workflow: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("flow.yaml"), workflow).unwrap();
    folder
}

fn at(folder: &Path, args: &[&str]) -> crate::support::Said {
    argus(args).current_dir(folder).output().unwrap().into()
}

/// Pictures with different content; the number is in the name.
fn pictures(folder: &Path, count: u32) {
    fs::create_dir_all(folder.join("photos")).unwrap();
    for number in 0..count {
        let color = Rgb([(number * 7 % 256) as u8, (number / 36) as u8, 90]);
        RgbImage::from_pixel(64, 64, color).save(folder.join(format!("photos/{number:04}.png"))).unwrap();
    }
}

fn lines(path: &Path) -> Vec<Value> {
    let text = fs::read_to_string(path).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn a_run_gives_outputs_and_pictures_and_leaves_no_record() {
    let folder = folder(COUNT);
    let said = at(folder.path(), &["run", "flow.yaml", "-i", "image=sample:coffee", "--json", "-q"]);
    assert_eq!(said.code, 0, "{}", said.err);
    let report: Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!(report["outputs"]["counts"]["cup"], 1);
    assert_eq!(report["outputs"]["first"], "first-1");
    let path = report["images"][1]["path"].as_str().unwrap();
    let cut = image::open(folder.path().join(path)).unwrap();
    assert!((240..260).contains(&cut.width()), "the cup: {} x {}", cut.width(), cut.height());
    assert!(!folder.path().join("argus-runs").exists());
}

#[test]
fn what_is_wrong_is_told_before_anything_runs() {
    let folder =
        folder(&COUNT.replace("tool: detect", "tool: detct").replace("steps.found.counts", "steps.fond.counts"));
    let said = at(folder.path(), &["run", "flow.yaml", "-i", "image=sample:coffee"]);
    assert_eq!(said.code, 2);
    for part in ["flow.yaml:5:18", "did you mean detect?", "there is no step \"fond\"", "flow.yaml has 2 errors"] {
        assert!(said.err.contains(part), "{part}: {}", said.err);
    }
    let said = at(folder.path(), &["workflow", "check", "flow.yaml"]);
    assert_eq!(said.code, 2, "{}", said.out);
}

#[test]
fn all_wrong_inputs_are_told_at_once() {
    let folder = folder(COUNT);
    let said = at(folder.path(), &["run", "flow.yaml", "-i", "imag=sample:coffee"]);
    assert_eq!(said.code, 2);
    assert!(said.err.contains("there is no input \"imag\"; did you mean image?"), "{}", said.err);
    assert!(said.err.contains("the input \"image\" is missing"), "{}", said.err);
}

#[test]
fn a_broken_item_fails_alone_and_a_resumed_batch_does_only_what_is_left() {
    let folder = folder(COUNT);
    pictures(folder.path(), 5);
    fs::write(folder.path().join("photos/0002.png"), "no picture").unwrap();
    let args = ["run", "flow.yaml", "--each", "image=photos/*.png", "--out", "records.jsonl"];
    let said = at(folder.path(), &[&args[..], &["--run", "b"]].concat());
    assert_eq!(said.code, 1, "{}", said.err);
    assert!(said.err.contains("4 of 5 items are done, 1 failed"), "{}", said.err);
    let records = lines(&folder.path().join("records.jsonl"));
    assert_eq!(records.len(), 5);
    assert!(records.iter().enumerate().all(|(place, record)| record["item"] == place && record["ok"] == (place != 2)));
    assert!(records[2]["error"].as_str().unwrap().contains("0002.png"), "{}", records[2]);
    // The broken one is fixed; the run continues with it alone, by the content of the others.
    RgbImage::new(32, 32).save(folder.path().join("photos/0002.png")).unwrap();
    fs::rename(folder.path().join("photos/0000.png"), folder.path().join("photos/renamed.png")).unwrap();
    let said = at(folder.path(), &[&args[..], &["--resume", "b"]].concat());
    assert_eq!(said.code, 0, "{}", said.err);
    assert!(said.err.contains("5 of 5 items are done, 4 of them earlier"), "{}", said.err);
    let records = lines(&folder.path().join("records.jsonl"));
    assert!(records.len() == 5 && records.iter().all(|record| record["ok"] == true));
    // Another workflow cannot resume it.
    fs::write(folder.path().join("flow.yaml"), COUNT.replace("len steps.found.objects", "len steps.found.counts"))
        .unwrap();
    let said = at(folder.path(), &[&args[..], &["--resume", "b"]].concat());
    assert_eq!(said.code, 2);
    assert!(said.err.contains("an earlier version of the workflow"), "{}", said.err);
}

#[test]
fn too_many_failures_end_a_batch() {
    let folder = folder(COUNT);
    pictures(folder.path(), 1);
    for number in 1..30 {
        fs::write(folder.path().join(format!("photos/{number:04}.png")), format!("no picture {number}")).unwrap();
    }
    let args =
        ["run", "flow.yaml", "--each", "image=photos/*.png", "--out", "r.csv", "--max-failures", "2", "--jobs", "1"];
    let said = at(folder.path(), &args);
    assert_eq!(said.code, 3, "{}", said.err);
    assert!(said.err.contains("were not begun"), "{}", said.err);
    let table = fs::read_to_string(folder.path().join("r.csv")).unwrap();
    assert!(
        table.starts_with("item,ok,image,counts,many,first,images,error,ms\n0,true,photos/0000.png,{},0,"),
        "{table}"
    );
}

#[cfg(unix)]
#[test]
fn a_killed_batch_goes_on_where_it_was() {
    let folder = folder(COUNT);
    pictures(folder.path(), 60);
    let args = ["run", "flow.yaml", "--each", "image=photos/*.png", "--out", "out.jsonl", "-q"];
    for begun in ["--run", "--resume"] {
        let mut child = argus(&[&args[..], &[begun, "k"]].concat()).current_dir(folder.path()).spawn().unwrap();
        let journal = folder.path().join("argus-runs/k/journal.jsonl");
        let before = fs::read(&journal).map_or(0, |text| text.len());
        // Some steps are done, not all.
        for _ in 0..600 {
            std::thread::sleep(Duration::from_millis(50));
            if fs::read(&journal).is_ok_and(|text| text.len() > before + 4000) {
                break;
            }
        }
        child.kill().unwrap();
        child.wait().unwrap();
    }
    let said = at(folder.path(), &[&args[..], &["--resume", "k"]].concat());
    assert_eq!(said.code, 0, "{}", said.err);
    let records = lines(&folder.path().join("out.jsonl"));
    let items: Vec<u64> = records.iter().map(|record| record["item"].as_u64().unwrap()).collect();
    assert_eq!(items, (0..60).collect::<Vec<_>>(), "every item once, in order");
    assert!(records.iter().any(|record| record["recorded"] == true), "nothing was kept");
    let steps = lines(&folder.path().join("argus-runs/k/journal.jsonl"));
    let keys: Vec<&str> = steps[1..].iter().map(|line| line["step"].as_str().unwrap()).collect();
    assert_eq!(keys.len(), keys.iter().collect::<HashSet<_>>().len(), "a recorded step was done again");
}

#[test]
fn a_second_process_does_not_touch_a_run() {
    let folder = folder("name: ask\nsteps:\n  sure: { approve: \"Go on?\" }\n");
    let said = at(folder.path(), &["run", "flow.yaml"]);
    assert_eq!(said.code, 1);
    assert!(said.err.contains("nobody is there to ask; --yes says yes"), "{}", said.err);
    let report: Value =
        serde_json::from_str(&at(folder.path(), &["run", "flow.yaml", "--yes", "--json", "--run", "r"]).out).unwrap();
    assert_eq!(report["outputs"]["result"]["by"], "--yes");
    let again = at(folder.path(), &["run", "flow.yaml", "--yes", "--run", "r"]);
    assert_eq!(again.code, 2);
    assert!(again.err.contains("there is a run in argus-runs/r already"), "{}", again.err);
}

#[test]
fn the_shipped_workflows_are_listed_and_good() {
    let listed = json(&["workflow", "list", "--json"]);
    let names: Vec<&str> = listed.as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap()).collect();
    assert!(names.contains(&"describe"), "{names:?}");
    let said = run(&[&["workflow", "check", "--strict"], names.as_slice()].concat());
    assert_eq!(said.code, 0, "{}{}", said.out, said.err);
    let shown = run(&["workflow", "list", "describe"]);
    assert!(shown.out.contains("Inputs:\n  image (image, needed)"), "{}", shown.out);
    assert!(run(&["workflow", "graph", "describe"]).out.starts_with("flowchart"));
}

#[test]
fn the_schema_of_the_repository_is_the_programs() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../workflows/schema.json");
    let written: Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    let renew =
        "workflows/schema.json is out of date; renew it with `cargo run -- workflow schema > workflows/schema.json`";
    assert_eq!(written, json(&["workflow", "schema"]), "{renew}");
}
