//! Hooks: every tool call is shown and may be refused or changed, every prompt is counted.
//!
//! `cargo run -p argus-agent --example approval`
#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use argus_agent::{
    Agent,
    chat::{ChatRequest, scripted::Scripted},
    run::{Approval, Call, CallResult, Hooks},
};
use argus_tools::{
    image::{ImageStore, Origin},
    onnx::NoModels,
    tool::{ToolCx, Toolbox},
    vision::{crop::Crop, size::Size},
};
use async_trait::async_trait;

#[derive(Default)]
struct Watch {
    prompts: AtomicUsize,
}

#[async_trait]
impl Hooks for Watch {
    async fn before_model(&self, _step: u32, _request: &mut ChatRequest) {
        self.prompts.fetch_add(1, Ordering::Relaxed);
    }

    async fn before_tool(&self, step: u32, call: &Call) -> Approval {
        println!("step {step}: {} {}", call.tool, call.args);
        if call.tool == "crop" { Approval::Refuse("pictures may not be changed here".into()) } else { Approval::Go }
    }

    async fn after_tool(&self, _step: u32, call: &Call, result: &mut CallResult) {
        println!("  {} {}: {}", call.tool, if result.ok { "said" } else { "failed" }, result.text);
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let cx = ToolCx::new(ImageStore::new(), Arc::new(NoModels));
    cx.images.insert(image::DynamicImage::new_rgb8(64, 48), Origin::Memory("a rectangle".into()));
    let model = Scripted::replies([
        r#"{"thought": "crop first", "tool": "crop", "args": {"image": "img-1", "region": [0, 0, 32, 32]}}"#,
        r#"{"thought": "not allowed; measure", "tool": "size", "args": {"image": "img-1"}}"#,
        r#"{"thought": "done", "answer": "Cropping is not allowed here; img-1 is 64 x 48 pixels."}"#,
        r#"{"thought": "done", "answer": "Cropping is not allowed here; img-1 is 64 x 48 pixels."}"#,
    ]);
    let watch = Arc::new(Watch::default());
    let agent = Agent::builder()
        .chat(Arc::new(model))
        .toolbox(Toolbox::new().with(Crop).with(Size))
        .cx(cx)
        .hooks(watch.clone())
        .build()?;
    let outcome = agent.run("Crop the upper left corner and say how large the picture is.").await;
    println!("{}", outcome.answer.unwrap_or_default());
    println!("{} prompts", watch.prompts.load(Ordering::Relaxed));
    Ok(())
}
