//! A tool of one's own, called by a model. Runs without network: the model is scripted.
//!
//! `cargo run -p argus-agent --example own_tool`
#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use std::sync::Arc;

use argus_agent::{Agent, chat::scripted::Scripted};
use argus_tools::{
    image::{ImageStore, Origin},
    onnx::NoModels,
    tool::{Example, ImageArg, Tool, ToolCx, ToolError, Toolbox},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

// --- the tool: fifteen lines --------------------------------------------------------------------------------------
#[derive(Deserialize, JsonSchema)]
struct Input {
    #[serde(default)]
    image: ImageArg,
}
#[derive(Serialize, JsonSchema)]
struct Output {
    brightness: f64,
}
struct Brightness;
impl Tool for Brightness {
    type Input = Input;
    type Output = Output;
    const NAME: &'static str = "brightness";
    const SUMMARY: &'static str = "how bright an image is, from 0 (black) to 1 (white)";
    fn examples() -> Vec<Example> {
        vec![Example { task: "Is it dark?", input: json!({}), output: json!({ "brightness": 0.1 }) }]
    }
    async fn call(&self, input: Input, cx: &ToolCx) -> Result<Output, ToolError> {
        let pixels = cx.image(&input.image)?.pixels.to_luma8();
        let sum: u64 = pixels.iter().map(|value| u64::from(*value)).sum();
        Ok(Output { brightness: sum as f64 / (255.0 * pixels.len().max(1) as f64) })
    }
}
// ------------------------------------------------------------------------------------------------------------------

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let cx = ToolCx::new(ImageStore::new(), Arc::new(NoModels));
    cx.images.insert(image::DynamicImage::new_rgb8(64, 64), Origin::Memory("a black square".into()));
    let model = Scripted::replies([
        r#"{"thought": "I do not know yet.", "tool": "brightness", "args": {"image": "img-1"}}"#,
        r#"{"thought": "0 is black.", "answer": "The picture is black: its brightness is 0."}"#,
    ]);
    let agent = Agent::builder().chat(Arc::new(model)).toolbox(Toolbox::new().with(Brightness)).cx(cx).build()?;
    let outcome = agent.run("How bright is the picture?").await;
    println!("{} (grounded: {})", outcome.answer.unwrap_or_default(), outcome.grounded);
    Ok(())
}
