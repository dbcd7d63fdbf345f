//! A run as a stream of events, on a scripted model, so that it needs no download.
//!
//! `cargo run -p argus-agent --example stream`
#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use std::sync::Arc;

use argus_agent::{Agent, chat::scripted::Scripted, run::RunEvent};
use argus_tools::{
    image::{ImageStore, Origin},
    onnx::NoModels,
    tool::ToolCx,
    vision,
};
use futures_util::StreamExt;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let cx = ToolCx::new(ImageStore::new(), Arc::new(NoModels));
    cx.images.insert(image::DynamicImage::new_rgb8(640, 480), Origin::Memory("a rectangle".into()));
    // Cards need models, which this example does without.
    let model = Scripted::replies([
        r#"{"thought": "turn it", "tool": "transform", "args": {"image": "img-1", "operation": "rotate", "degrees": 90}}"#,
        r#"{"thought": "done", "answer": "The rotated picture is img-2."}"#,
    ]);
    let agent = Agent::builder().chat(Arc::new(model)).toolbox(vision::toolbox()).cx(cx).cards(false).build()?;
    let mut stream = agent.stream("Rotate the picture by 90 degrees.");
    while let Some(event) = stream.next().await {
        match event {
            RunEvent::ToolStarted { tool, args, .. } => println!("{tool} {args}"),
            RunEvent::ImageAdded { image, width, height } => println!("{}: {width} x {height}", image.handle),
            RunEvent::RunFinished { ms, .. } => println!("done in {ms:.0} ms"),
            _ => {}
        }
    }
    println!("{}", stream.outcome().and_then(|outcome| outcome.answer).unwrap_or_default());
    Ok(())
}
