//! Questions as the prompt that a model was trained on.

use serde_json::{Value, json};

use super::{AskError, config::Family, template::Template};
use crate::onnx::ModelError;

/// A question about pictures; with an answer it is an example of how to answer.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Turn {
    /// How many pictures stand before the question.
    pub images: usize,
    /// The question.
    pub question: String,
    /// What was answered; nothing for the question that is asked now.
    pub answer: Option<String>,
}

impl Turn {
    /// The question that is asked now.
    pub fn ask(images: usize, question: impl Into<String>) -> Self {
        Self { images, question: question.into(), answer: None }
    }

    /// An example of a picture, a question and its answer.
    pub fn example(question: impl Into<String>, answer: impl Into<String>) -> Self {
        Self { images: 1, question: question.into(), answer: Some(answer.into()) }
    }
}

/// The image tokens of one picture.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Span {
    /// Rows and columns of tiles.
    pub(super) grid: (usize, usize),
    /// Tokens of each tile and of the whole.
    pub(super) tokens: usize,
}

/// The prompt with one image token for each picture.
pub(super) fn text(
    family: Family,
    template: Option<&Template>,
    image_token: &str,
    turns: &[Turn],
) -> Result<String, AskError> {
    match (family, template.filter(|template| template.has_chat())) {
        (Family::PaliGemma, _) => paligemma(image_token, turns),
        (_, Some(template)) => chat(template, image_token, turns),
        (Family::Moondream, None) => Ok(moondream(image_token, turns)),
        (_, None) => Err(ModelError::new(
            "no file has a chat template (chat_template.jinja, chat_template.json, tokenizer_config.json)",
        )
        .into()),
    }
}

fn paligemma(image_token: &str, turns: &[Turn]) -> Result<String, AskError> {
    match turns {
        [Turn { images, question, answer: None }] => Ok(format!("{}{question}", image_token.repeat(*images))),
        _ => Err(AskError::Unfit("this model (PaliGemma) takes no examples before the question".into())),
    }
}

fn moondream(image_token: &str, turns: &[Turn]) -> String {
    let mut text = String::new();
    for Turn { images, question, answer } in turns {
        let answer = answer.as_ref().map(|answer| format!(" {answer}\n\n")).unwrap_or_default();
        let images = image_token.repeat(*images);
        text.extend([&images, "\n\nQuestion: ", question, "\n\nAnswer:", &answer]);
    }
    text
}

/// By the model's own template. Most take a message as a list of parts; some take it as one text.
fn chat(template: &Template, image_token: &str, turns: &[Turn]) -> Result<String, AskError> {
    let images: usize = turns.iter().map(|turn| turn.images).sum();
    let whole = |text: &String| {
        count(text, image_token) == images && turns.iter().all(|turn| text.contains(turn.question.trim()))
    };
    let parts = template.render(&messages(turns, |turn| {
        let mut parts = vec![json!({"type": "image"}); turn.images];
        parts.push(json!({"type": "text", "text": turn.question}));
        (Value::Array(parts), turn.answer.as_ref().map(|answer| json!([{"type": "text", "text": answer}])))
    }));
    if let Some(text) = parts.as_ref().ok().filter(|text| whole(text)) {
        return Ok(text.clone());
    }
    let plain = template.render(&messages(turns, |turn| {
        let images = format!("{image_token}\n").repeat(turn.images);
        (json!(images + &turn.question), turn.answer.as_ref().map(|answer| json!(answer)))
    }));
    match (parts, plain) {
        (_, Ok(text)) if whole(&text) => Ok(text),
        (Err(error), Err(_)) => Err(error.into()),
        (Ok(text), _) | (_, Ok(text)) => Err(ModelError::new(format!(
            "the chat template does not show the question with its pictures: {images} pictures, {} times {image_token}",
            count(&text, image_token)
        ))
        .into()),
    }
}

fn messages(turns: &[Turn], content: impl Fn(&Turn) -> (Value, Option<Value>)) -> Value {
    let mut messages = Vec::new();
    for turn in turns {
        let (question, answer) = content(turn);
        messages.push(json!({"role": "user", "content": question}));
        messages.extend(answer.map(|answer| json!({"role": "assistant", "content": answer})));
    }
    Value::Array(messages)
}

fn count(text: &str, token: &str) -> usize {
    text.matches(token).count()
}

/// The prompt with as many image tokens as each picture has features.
pub(super) fn expand(
    family: Family,
    text: &str,
    image_token: &str,
    spans: &[Span],
    bos: Option<&str>,
) -> Result<String, ModelError> {
    let parts: Vec<&str> = text.split(image_token).collect();
    if parts.len() != spans.len() + 1 {
        return Err(ModelError::new(format!(
            "the prompt has {} times {image_token}, and there are {} pictures",
            parts.len() - 1,
            spans.len()
        )));
    }
    let mut all = String::with_capacity(text.len());
    for (at, part) in parts.iter().enumerate() {
        let last = at == spans.len();
        if family == Family::PaliGemma && last {
            // The pictures stand before the start token.
            all += bos.unwrap_or_default();
        }
        all += part;
        if !last {
            all += &match family {
                Family::Idefics3 => tiles(image_token, spans[at]),
                _ => image_token.repeat(spans[at].tokens),
            };
        }
    }
    if family == Family::PaliGemma {
        all.push('\n');
    }
    Ok(all)
}

/// The tokens that say where each tile of a picture lies.
fn tiles(image_token: &str, Span { grid: (rows, columns), tokens }: Span) -> String {
    const AROUND: &str = "<fake_token_around_image>";
    let places = image_token.repeat(tokens);
    let mut all = String::new();
    for row in 1..=rows {
        for column in 1..=columns {
            all.extend([AROUND, &format!("<row_{row}_col_{column}>"), &places]);
        }
        all.push('\n');
    }
    if rows > 0 {
        all.push('\n');
    }
    all + &format!("{AROUND}<global-img>{places}{AROUND}")
}
