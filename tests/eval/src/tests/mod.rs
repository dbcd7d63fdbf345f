//! The evaluation on scripted models: matching, running, reporting, the data sets.
#![expect(clippy::unwrap_used, reason = "a failed set-up fails the test")]

mod cases;
mod data;
mod runner;
mod scene;

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

use argus_agent::{
    Outcome, StopReason,
    chat::Usage,
    run::{Call, CallRecord, ImageRecord, Step},
};
use indexmap::{IndexMap, IndexSet};

use crate::{Case, CaseImage, Expect, Scoring, Shared, parse_cases};

/// An outcome that says this, after these calls, with these images made.
fn outcome(answer: &str, called: &[&str], made: &[ImageRecord]) -> Outcome {
    let call = |tool: &&str| CallRecord {
        tool: (*tool).to_owned(),
        args: serde_json::json!({}),
        ms: 1.0,
        ok: true,
        observation: serde_json::Value::Null,
        models: Vec::new(),
    };
    Outcome {
        answer: (!answer.is_empty()).then(|| answer.to_owned()),
        stop: StopReason::Answered,
        grounded: true,
        steps: vec![Step { thought: String::new(), calls: called.iter().map(call).collect(), ms: 1.0 }],
        images: made.to_vec(),
        usage: Usage { prompt_tokens: 10, completion_tokens: 5 },
        ms: 1500.0,
        ..Outcome::default()
    }
}

fn made(op: &str, args: serde_json::Value) -> ImageRecord {
    ImageRecord {
        handle: "img-2".into(),
        path: None,
        parent: Some("img-1".into()),
        op: Some(op.into()),
        args: Some(args),
    }
}

fn calls(of: &[(&str, serde_json::Value)]) -> Vec<Call> {
    of.iter().map(|(tool, args)| Call { tool: (*tool).to_owned(), args: args.clone() }).collect()
}

fn case(id: &str, kind: &str, task: &str, expect: serde_json::Value) -> Case {
    Case {
        id: id.into(),
        kind: kind.into(),
        images: Vec::new(),
        task: task.into(),
        scoring: Scoring::Expect(serde_json::from_value::<Expect>(expect).unwrap()),
        tools: None,
        toolbox: None,
        first_call_decides: false,
    }
}

/// The shipped cases by id; pictures are not looked at.
fn shipped() -> IndexMap<String, Case> {
    let text = include_str!("../../cases.jsonl");
    let cases =
        parse_cases("cases.jsonl", text, &Shared::locate(None), |name| Ok(CaseImage::Path(name.into()))).unwrap();
    cases.into_iter().map(|case| (case.id.clone(), case)).collect()
}

/// The shipped cases are many and of many kinds, and every scene is used.
#[test]
fn the_shipped_cases_are_whole() {
    let cases = shipped();
    let kinds: IndexSet<&str> = cases.values().map(|case| &*case.kind).collect();
    assert!(cases.len() >= 60 && kinds.len() >= 12, "{} cases of {} kinds", cases.len(), kinds.len());
    let pictures = cases.values().flat_map(|case| &case.images).filter_map(|image| match image {
        CaseImage::Path(path) => Some(path.clone()),
        _ => None,
    });
    let used: BTreeSet<PathBuf> = pictures.collect();
    let home = Path::new(env!("CARGO_MANIFEST_DIR"));
    let scenes = fs_err::read_dir(home.join("scenes")).unwrap();
    let there: BTreeSet<PathBuf> =
        scenes.map(|scene| scene.unwrap().path().strip_prefix(home).unwrap().to_owned()).collect();
    assert_eq!(used, there);
}

/// The cases that no rule and no prompt was written with are as well formed, and their pictures are there.
#[test]
fn the_held_out_cases_are_well_formed() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let known = shipped();
    for (name, text, count, prefix) in [
        ("heldout.jsonl", include_str!("../../heldout.jsonl"), 48, "ho-"),
        ("heldout-2.jsonl", include_str!("../../heldout-2.jsonl"), 40, "h2-"),
    ] {
        let missing = std::cell::RefCell::new(Vec::new());
        let cases = parse_cases(name, text, &Shared::locate(None), |picture| {
            if !picture.starts_with("sample:") && !folder.join(picture).is_file() {
                missing.borrow_mut().push(picture.to_owned());
            }
            Ok(CaseImage::Path(picture.into()))
        })
        .unwrap();
        assert!(missing.borrow().is_empty(), "{missing:?}");
        assert_eq!(cases.len(), count);
        assert!(cases.iter().all(|case| case.id.starts_with(prefix)));
        assert!(cases.iter().all(|case| known.values().all(|other| other.task != case.task)));
    }
}
