//! A first answer in three lines. Runs without network: the model is scripted; `Argus::local().await?` takes a real one.
//!
//! `cargo run -p argus-agent --example first_answer`
#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use std::sync::Arc;

use argus_agent::{chat::scripted::Scripted, prelude::*};
use image::DynamicImage;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), AskError> {
    let model = Scripted::replies([r#"{"language": "English", "answer": "It is 64 pixels wide."}"#]);
    // --- the three lines ---
    let argus = Argus::without_tools(Arc::new(model));
    let answer = argus.ask("How wide is the picture?").image(DynamicImage::new_rgb8(64, 48)).await?;
    println!("{answer} (grounded: {})", answer.is_grounded());
    Ok(())
}
