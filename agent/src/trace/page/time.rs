//! Where the time went: one row a step, with a bar for each question to the model and each call.

use serde::Serialize;

use super::seconds;
use crate::trace::{CallView, RunView, TurnView};

#[derive(Serialize)]
pub(super) struct Chart {
    rows: Vec<Row>,
    total: String,
}

#[derive(Serialize)]
struct Row {
    name: String,
    ms: String,
    lanes: Vec<Vec<Bar>>,
}

#[derive(Clone, Serialize)]
struct Bar {
    class: &'static str,
    title: String,
    /// Both in percent of the run's time.
    left: f64,
    width: f64,
}

/// The chart of a run, or `None` if nothing in it took time.
pub(super) fn chart(run: &RunView) -> Option<Chart> {
    let all = run.steps.iter();
    let ends = all.flat_map(|step| {
        let turns = step.turns.iter().map(|turn| turn.at_ms + turn.ms);
        turns.chain(step.calls.iter().map(|call| call.at_ms + call.ms))
    });
    let ends = ends.chain(run.looks.iter().map(|look| look.at_ms + look.ms)).fold(0.0, f64::max);
    let whole = run.ms.max(ends - run.at_ms);
    if whole <= 0.0 {
        return None;
    }
    let bar = |class, title: String, at: f64, ms: f64| {
        let left = ((at - run.at_ms) / whole * 100.0).clamp(0.0, 99.5);
        let width = (ms / whole * 100.0).clamp(0.5, 100.0 - left);
        Bar { class, title: format!("{title}, {}", seconds(ms)), left: hundredth(left), width: hundredth(width) }
    };
    let call = |call: &CallView| {
        bar(if call.ok == Some(true) { "tool" } else { "tool failed" }, call.tool.clone(), call.at_ms, call.ms)
    };
    let turn = |turn: &TurnView| {
        bar(if turn.error.is_none() { "model" } else { "model failed" }, "LLM".into(), turn.at_ms, turn.ms)
    };
    let mut rows = Vec::new();
    if !run.looks.is_empty() {
        let ms = run.looks.iter().map(|look| look.ms).fold(0.0, f64::max);
        rows.push(Row { name: "first look".into(), ms: seconds(ms), lanes: lanes(run.looks.iter().map(call)) });
    }
    for step in &run.steps {
        let bars = step.turns.iter().map(turn).chain(step.calls.iter().map(call));
        rows.push(Row { name: format!("step {}", step.step), ms: seconds(step.ms), lanes: lanes(bars) });
    }
    (!rows.is_empty()).then(|| Chart { rows, total: seconds(run.ms) })
}

/// Lays bars out so that none covers another.
fn lanes(bars: impl Iterator<Item = Bar>) -> Vec<Vec<Bar>> {
    let mut lanes: Vec<Vec<Bar>> = Vec::new();
    for bar in bars {
        let free = |lane: &&mut Vec<Bar>| {
            lane.iter().all(|old| bar.left >= old.left + old.width - 0.3 || bar.left + bar.width <= old.left)
        };
        match lanes.iter_mut().find(free) {
            Some(lane) => lane.push(bar),
            None => lanes.push(vec![bar]),
        }
    }
    lanes
}

fn hundredth(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}
