//! What the loop itself costs: everything of a step that is neither model nor tool. `cargo bench -p argus-agent`.
#![expect(clippy::print_stdout, reason = "the figures are what it is for")]

use std::{sync::Arc, time::Instant};

use argus_agent::{
    Agent,
    chat::scripted::Scripted,
    run::{Limits, Protocol},
};
use argus_tools::{
    image::{ImageStore, Origin},
    onnx::NoModels,
    tool::ToolCx,
    vision,
};

/// Steps of one run: as many as real runs have, so that prompts are as long as real ones.
const STEPS: u32 = 8;
const RUNS: u32 = 200;

fn run(runtime: &tokio::runtime::Runtime, protocol: Protocol) -> f64 {
    let mut total = 0.0;
    for _ in 0..RUNS {
        let cx = ToolCx::new(ImageStore::new(), Arc::new(NoModels));
        cx.images.insert(image::DynamicImage::new_rgb8(64, 48), Origin::Memory("a rectangle".into()));
        let calls = (0..STEPS).map(|step| {
            let args = format!(r#"{{"expression": "{step} + 1"}}"#);
            match protocol {
                Protocol::Text => format!("Thought: a sum\nAction: calculate\nAction Input: {args}"),
                _ => format!(r#"{{"thought": "a sum", "tool": "calculate", "args": {args}}}"#),
            }
        });
        let model = Scripted::replies(calls.chain([r#"{"thought": "done", "answer": "done"}"#.to_owned()]));
        let agent = Agent::builder()
            .chat(Arc::new(model))
            .toolbox(vision::toolbox())
            .cx(cx)
            .cards(false)
            .protocol(protocol)
            .limits(Limits { max_steps: STEPS + 1, ..Limits::default() })
            .build();
        let Ok(agent) = agent else { return f64::NAN };
        let begin = Instant::now();
        let outcome = runtime.block_on(agent.run("What are the sums?"));
        let tools: f64 = outcome.steps.iter().flat_map(|step| &step.calls).map(|call| call.ms).sum();
        total += begin.elapsed().as_secs_f64() * 1000.0 - tools;
        assert_eq!(outcome.steps.len() as u32, STEPS + 1);
    }
    total / f64::from(RUNS * (STEPS + 1))
}

fn main() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let Ok(runtime) = runtime else { return };
    for protocol in [Protocol::Schema, Protocol::Text] {
        run(&runtime, protocol);
        println!("{protocol}: {:.3} ms a step beside model and tools", run(&runtime, protocol));
    }
}
