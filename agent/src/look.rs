//! `ask_image` by a vision-language model behind an endpoint of the user's own: vLLM, Ollama, OpenAI. It takes the place of the
//! local one where the user names such a model, and is the one tool that sends pictures away.

use std::{io::Cursor, sync::Arc};

use argus_tools::{
    image::{ImageEntry, to_rgb},
    tool::{Example, ImageArg, TextList, Tool, ToolCx, ToolError},
    vision::ask_image::worded,
};
use base64::{Engine, engine::general_purpose::STANDARD};
use image::{DynamicImage, ImageFormat, imageops::FilterType};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::chat::{ChatError, ChatErrorKind, ChatModel, ChatRequest, Message};

/// Longest side of a picture that is sent, in pixels: what such models look at.
const SIDE: u32 = 1568;
/// Pictures of one question at most.
const PICTURES: usize = 8;
/// Tokens of an answer at most.
const TOKENS: u32 = 300;

/// Asks a vision-language model about pictures.
pub struct LookThrough {
    chat: Arc<dyn ChatModel>,
}

impl LookThrough {
    /// By this model, which must take pictures.
    pub fn new(chat: Arc<dyn ChatModel>) -> Self {
        Self { chat }
    }
}

/// Arguments of [`LookThrough`].
#[derive(Debug, Deserialize, JsonSchema)]
pub struct LookInput {
    /// the question, in a sentence
    question: String,
    #[serde(default)]
    image: ImageArg,
    /// handles of further images that the question is about, such as img-2
    #[serde(default)]
    others: TextList,
}

/// Result of [`LookThrough`].
#[derive(Debug, JsonSchema, Serialize)]
pub struct LookOutput {
    /// What the model answered.
    pub answer: String,
    /// The id of the model.
    pub source: String,
}

impl Tool for LookThrough {
    type Input = LookInput;
    type Output = LookOutput;
    const NAME: &'static str = "ask_image";
    const SUMMARY: &'static str =
        "ask a vision model a free question: activities, moods, reasons, weather, clothes, comparisons";
    const LIMITS: &'static str =
        "it may be wrong: objects, counts, positions and texts are more certain from the other tools";

    fn examples() -> Vec<Example> {
        vec![Example {
            task: "What is the man doing?",
            input: json!({"question": "What is the man doing?", "image": "img-1"}),
            output: json!({"answer": "He is riding a bicycle along the beach.", "source": "openai:qwen2.5-vl"}),
        }]
    }

    async fn call(&self, input: LookInput, cx: &ToolCx) -> Result<LookOutput, ToolError> {
        let question = worded("question", &input.question)?;
        let entries = asked(&input, cx)?;
        let pictures = cx
            .blocking(move |control| {
                entries
                    .iter()
                    .map(|entry| {
                        control.check()?;
                        data_url(entry)
                    })
                    .collect::<Result<Vec<_>, ToolError>>()
            })
            .await?;
        let request = ChatRequest {
            messages: vec![
                Message::system(
                    "Answer the question about the pictures in one or two plain sentences. Say so where it cannot be seen.",
                ),
                Message::showing(question, pictures),
            ],
            max_tokens: Some(TOKENS),
            temperature: Some(0.0),
            ..ChatRequest::default()
        };
        let reply = cx.within(async { self.chat.complete(&request, None, &cx.cancel).await.map_err(failed) }).await?;
        Ok(LookOutput { answer: reply.text.trim().to_owned(), source: self.chat.id().to_owned() })
    }

    fn render(output: &LookOutput) -> String {
        if output.answer.is_empty() {
            return "the vision model gave no answer; ask in other words".into();
        }
        output.answer.clone()
    }
}

/// The pictures that a question is about, each once.
fn asked(input: &LookInput, cx: &ToolCx) -> Result<Vec<Arc<ImageEntry>>, ToolError> {
    let mut entries: Vec<Arc<ImageEntry>> = Vec::new();
    // Of several named ones, none is "the newest".
    if input.image.0.is_some() || input.others.0.is_empty() {
        entries.push(cx.image(&input.image)?);
    }
    for handle in &input.others.0 {
        let other = cx.images.get(handle)?;
        if entries.iter().all(|known| known.handle != other.handle) {
            entries.push(other);
        }
    }
    if entries.len() > PICTURES {
        return Err(ToolError::invalid_input(format!(
            "{} pictures are too many for one question, at most {PICTURES}",
            entries.len()
        )));
    }
    Ok(entries)
}

fn data_url(entry: &ImageEntry) -> Result<String, ToolError> {
    let rgb = DynamicImage::ImageRgb8(to_rgb(&entry.pixels));
    let small = if rgb.width().max(rgb.height()) > SIDE { rgb.resize(SIDE, SIDE, FilterType::Triangle) } else { rgb };
    let mut bytes = Cursor::new(Vec::new());
    small
        .write_to(&mut bytes, ImageFormat::Jpeg)
        .map_err(|error| ToolError::internal(format!("{} cannot be written as JPEG: {error}", entry.handle)))?;
    Ok(format!("data:image/jpeg;base64,{}", STANDARD.encode(bytes.into_inner())))
}

#[expect(clippy::needless_pass_by_value, reason = "made for map_err")]
fn failed(error: ChatError) -> ToolError {
    let hint = error.hint.clone();
    let failed = match error.kind {
        ChatErrorKind::Cancelled => return ToolError::cancelled(),
        ChatErrorKind::BadRequest => {
            ToolError::model_unavailable(format!("the vision model refused the question: {error}"))
                .with_hint("it must be a model that takes pictures")
        }
        _ => ToolError::model_unavailable(error.to_string()),
    };
    match hint {
        Some(hint) => failed.with_hint(hint),
        None => failed,
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a failed set-up fails the test")]

    use argus_tools::{
        image::{ImageStore, Origin},
        onnx::NoModels,
        tool::{ToolErrorKind, Toolbox},
    };
    use wiremock::{Mock, MockServer, ResponseTemplate, matchers::method};

    use super::*;
    use crate::chat::{
        ollama::{Ollama, OllamaOptions},
        openai::{OpenAi, OpenAiOptions},
        scripted::Scripted,
    };

    fn cx() -> ToolCx {
        let cx = ToolCx::new(ImageStore::new(), Arc::new(NoModels));
        for side in [40, 3000] {
            cx.images.insert(DynamicImage::new_rgb8(side, 20), Origin::Memory("drawn".into()));
        }
        cx
    }

    fn sides(url: &str) -> (u32, u32) {
        let bytes = STANDARD.decode(url.strip_prefix("data:image/jpeg;base64,").unwrap()).unwrap();
        let picture = image::load_from_memory(&bytes).unwrap();
        (picture.width(), picture.height())
    }

    #[tokio::test]
    async fn pictures_go_out_small_and_the_answer_comes_back() {
        let server = MockServer::start().await;
        let reply = json!({"choices": [{"message": {"content": " A dog sleeps. "}, "finish_reason": "stop"}]});
        Mock::given(method("POST")).respond_with(ResponseTemplate::new(200).set_body_json(reply)).mount(&server).await;
        let options = OpenAiOptions { base_url: Some(format!("{}/v1", server.uri())), ..OpenAiOptions::new("vl") };
        let tools = Toolbox::new().with(LookThrough::new(Arc::new(OpenAi::new(options).unwrap())));
        let args = json!({"question": "What happens?", "others": ["img-1", "img-2", "img-1"]});
        let said = tools.call("ask_image", args, &cx()).await.unwrap();
        assert_eq!(said.value, json!({"answer": "A dog sleeps.", "source": "openai:vl"}));
        let asked: serde_json::Value = server.received_requests().await.unwrap()[0].body_json().unwrap();
        let parts = asked["messages"][1]["content"].as_array().unwrap();
        assert_eq!((parts.len(), &parts[2]), (3, &json!({"type": "text", "text": "What happens?"})));
        let url = |part: &serde_json::Value| part["image_url"]["url"].as_str().unwrap().to_owned();
        assert_eq!((sides(&url(&parts[0])), sides(&url(&parts[1]))), ((40, 20), (1568, 10)));
    }

    #[tokio::test]
    async fn ollama_takes_bare_base64() {
        let server = MockServer::start().await;
        let reply = json!({"message": {"content": "Rain."}, "done": true, "done_reason": "stop"});
        Mock::given(method("POST")).respond_with(ResponseTemplate::new(200).set_body_json(reply)).mount(&server).await;
        let options = OllamaOptions { base_url: Some(server.uri()), ..OllamaOptions::new("llava") };
        let tools = Toolbox::new().with(LookThrough::new(Arc::new(Ollama::new(options).unwrap())));
        let said = tools.call("ask_image", json!({"question": "Weather?", "image": "img-1"}), &cx()).await.unwrap();
        assert_eq!(said.value["answer"], "Rain.");
        let requests = server.received_requests().await.unwrap();
        let asked: serde_json::Value =
            requests.iter().find(|request| request.url.path() == "/api/chat").unwrap().body_json().unwrap();
        let picture = asked["messages"][1]["images"][0].as_str().unwrap();
        assert_eq!(sides(&format!("data:image/jpeg;base64,{picture}")), (40, 20));
    }

    #[tokio::test]
    async fn wrong_questions_are_not_sent_and_refusals_say_what_is_right() {
        let tools = Toolbox::new().with(LookThrough::new(Arc::new(Scripted::new())));
        for (args, part) in [
            (json!({"question": " "}), "the question is empty"),
            (json!({"question": "w".repeat(10_000)}), "the question is 10000 characters long"),
            (json!({"question": "why?", "image": "img-9"}), "there is no image \"img-9\""),
        ] {
            let error = tools.call("ask_image", args, &cx()).await.unwrap_err();
            assert!(error.kind == ToolErrorKind::InvalidInput && error.feedback.contains(part), "{}", error.feedback);
        }
        // A script without a turn refuses everything.
        let error = tools.call("ask_image", json!({"question": "why?"}), &cx()).await.unwrap_err();
        assert_eq!(error.kind, ToolErrorKind::ModelUnavailable);
        assert!(error.hint.unwrap().contains("takes pictures"));
    }
}
