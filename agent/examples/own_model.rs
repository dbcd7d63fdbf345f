//! A language model of one's own: anything that answers text with text will do. This one is a few lines of Rust.
//!
//! `cargo run -p argus-agent --example own_model`
#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use std::sync::Arc;

use argus_agent::{
    Agent,
    chat::{
        Capabilities, ChatError, ChatModel, ChatReply, ChatRequest, Delta, Finish, OnDelta, Usage, estimate_messages,
    },
};
use argus_tools::{
    image::ImageStore,
    onnx::NoModels,
    tool::{ToolCx, Toolbox},
    vision::calculate::Calculate,
};
use async_trait::async_trait;
use tokio_util::sync::CancellationToken;

/// Calls the calculator with whatever stands behind "What is", and says what it says.
struct Parrot;

#[async_trait]
impl ChatModel for Parrot {
    fn id(&self) -> &'static str {
        "parrot"
    }

    fn capabilities(&self) -> Capabilities {
        // Neither tool calls nor JSON schemas: it is asked in the text protocol.
        Capabilities { context_tokens: Some(2048), ..Capabilities::default() }
    }

    async fn complete(
        &self,
        request: &ChatRequest,
        on_delta: OnDelta<'_>,
        _cancel: &CancellationToken,
    ) -> Result<ChatReply, ChatError> {
        let last = request.messages.last().map(|message| message.content.clone()).unwrap_or_default();
        let text = if let Some((_, sum)) = last.rsplit_once("Task: What is ") {
            let sum = sum.split('?').next().unwrap_or(sum);
            format!("Thought: a sum\nAction: calculate\nAction Input: {{\"expression\": \"{sum}\"}}")
        } else {
            let said = last.lines().find(|line| line.contains(" = ")).unwrap_or("nothing");
            format!("Thought: done\nAnswer: {said}")
        };
        if let Some(on_delta) = on_delta {
            on_delta(Delta::Text(text.clone()));
        }
        let prompt_tokens = estimate_messages(&request.messages) as u64;
        let usage = Usage { prompt_tokens, completion_tokens: text.len() as u64 / 4 };
        let reply = ChatReply {
            text,
            tool_calls: Vec::new(),
            reasoning: String::new(),
            finish: Finish::Stop,
            usage,
            logprob: None,
        };
        Ok(reply)
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let cx = ToolCx::new(ImageStore::new(), Arc::new(NoModels));
    let agent = Agent::builder().chat(Arc::new(Parrot)).toolbox(Toolbox::new().with(Calculate)).cx(cx).build()?;
    let outcome = agent.run("What is 17.5% of 240?").await;
    for step in &outcome.steps {
        println!("{}: {:?}", step.thought, step.calls.iter().map(|call| &call.observation).collect::<Vec<_>>());
    }
    println!("{}", outcome.answer.unwrap_or_default());
    Ok(())
}
