//! What an answer that is no reply means.

use std::error::Error;

use reqwest::{Response, StatusCode};
use serde_json::{Value, json};

use super::retry_after;
use crate::chat::{ChatError, ChatErrorKind, ChatRequest};

/// The longest error body that is read, in bytes.
const LONGEST_BODY: usize = 64 * 1024;

/// What a refused request means.
pub(in crate::chat) async fn refusal(response: Response, base_url: &str) -> ChatError {
    let status = response.status();
    let retry_after = retry_after(response.headers());
    let body = beginning(response).await;
    let words = excerpt(&body);
    let (kind, hint) = match status {
        _ if is_no_tools(&body) => (ChatErrorKind::NoTools, Some(NO_TOOLS_HINT)),
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
            (ChatErrorKind::Auth, Some("check OPENAI_API_KEY and what the key is allowed to use"))
        }
        StatusCode::TOO_MANY_REQUESTS => {
            (ChatErrorKind::RateLimit, Some("wait a little, or check the account's quota"))
        }
        StatusCode::REQUEST_TIMEOUT => (ChatErrorKind::Timeout, None),
        StatusCode::NOT_FOUND => (
            ChatErrorKind::BadRequest,
            Some("check the model's name, and that the base URL ends where /chat/completions begins (often in /v1)"),
        ),
        _ if status == StatusCode::PAYLOAD_TOO_LARGE || is_context_length(&body) => {
            (ChatErrorKind::ContextLength, Some(CONTEXT_HINT))
        }
        status if status.is_server_error() => (ChatErrorKind::Server, None),
        _ => (ChatErrorKind::BadRequest, None),
    };
    ChatError {
        kind,
        message: format!("{base_url} answered {status}: {words}"),
        hint: hint.map(str::to_owned),
        status: Some(status.as_u16()),
        retry_after,
    }
}

const NO_TOOLS_HINT: &str = "ask under another protocol: schema or text";
const CONTEXT_HINT: &str = "use a larger context, or ask about fewer images at once";

/// As much of a body as an error message can use.
async fn beginning(mut response: Response) -> String {
    let mut bytes = Vec::new();
    while let Ok(Some(chunk)) = response.chunk().await {
        bytes.extend_from_slice(&chunk);
        if bytes.len() > LONGEST_BODY {
            break;
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn is_context_length(body: &str) -> bool {
    let body = body.to_lowercase();
    [
        "context_length",
        "context length",
        "context size",
        "context window",
        "exceed_context_size",
        "maximum context",
        "prompt is too long",
        "too many tokens",
    ]
    .iter()
    .any(|words| body.contains(words))
}

/// The words of servers whose model or set-up takes no tools, whatever their status.
fn is_no_tools(body: &str) -> bool {
    let body = body.to_lowercase();
    ["does not support tools", "enable-auto-tool-choice", "requires --jinja", "support tool use"]
        .iter()
        .any(|words| body.contains(words))
}

/// Whether a refusal of a request with tools is about them.
pub(in crate::chat) fn is_about_tools(error: &ChatError) -> bool {
    let refused = matches!(error.status, Some(400 | 404 | 422 | 501));
    let words = error.message.to_lowercase();
    refused
        && matches!(error.kind, ChatErrorKind::BadRequest | ChatErrorKind::Server)
        && (words.contains("tool") || words.contains("function"))
}

/// The same refusal, known to be one of tools.
fn no_tools(error: ChatError) -> ChatError {
    ChatError { kind: ChatErrorKind::NoTools, hint: Some(NO_TOOLS_HINT.into()), ..error }
}

/// The same refusal in the light of the request: only one that brought tools can be refused for them.
pub(in crate::chat) fn with_request(error: ChatError, request: &ChatRequest) -> ChatError {
    match (request.tools.is_empty(), error.kind) {
        (true, ChatErrorKind::NoTools) => ChatError { kind: ChatErrorKind::BadRequest, hint: None, ..error },
        (false, _) if is_about_tools(&error) => no_tools(error),
        _ => error,
    }
}

/// The message of an error body, or the beginning of whatever it is.
pub(in crate::chat) fn excerpt(body: &str) -> String {
    let json: Option<Value> = serde_json::from_str(body).ok();
    let message = json.as_ref().and_then(|json| {
        let error = json.get("error").unwrap_or(json);
        let code = error.get("code").and_then(Value::as_str);
        let message = error.get("message").or_else(|| error.get("detail")).unwrap_or(error).as_str()?;
        Some(code.map_or_else(|| message.to_owned(), |code| format!("{message} ({code})")))
    });
    let text = message.unwrap_or_else(|| body.to_owned());
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if text.is_empty() {
        return "an empty body".into();
    }
    let short: String = text.chars().take(300).collect();
    if short.len() < text.len() { format!("{short}...") } else { short }
}

/// An error object inside an answer that began well. Only one that says that it is the server's own fault is worth
/// another attempt, so that status and kind are taken from its code and type.
pub(in crate::chat) fn in_band(error: &Value, base_url: &str) -> ChatError {
    let words = excerpt(&json!({ "error": error }).to_string());
    let code = error.get("code").and_then(Value::as_u64).and_then(|code| u16::try_from(code).ok());
    let names: Vec<&str> = ["code", "type"].iter().filter_map(|key| error.get(*key)?.as_str()).collect();
    let named = |wanted: &[&str]| names.iter().any(|name| wanted.contains(name));
    let overloaded = named(&["server_error", "overloaded_error", "service_unavailable"]);
    let (kind, hint, status) = match code {
        _ if is_context_length(&error.to_string()) => (ChatErrorKind::ContextLength, Some(CONTEXT_HINT), code),
        Some(429) => (ChatErrorKind::RateLimit, None, code),
        _ if named(&["rate_limit_exceeded", "rate_limit_error"]) => (ChatErrorKind::RateLimit, None, Some(429)),
        Some(400..500) => (ChatErrorKind::BadRequest, None, code),
        None if overloaded => (ChatErrorKind::Server, None, Some(500)),
        code => (ChatErrorKind::Server, None, code),
    };
    let message = format!("{base_url} failed: {words}");
    ChatError { kind, message, hint: hint.map(str::to_owned), status, retry_after: None }
}

/// What a request that got no answer means. The innermost cause says it best.
pub(in crate::chat) fn from_reqwest(error: &reqwest::Error, base_url: &str) -> ChatError {
    let mut cause: &dyn Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    let cause = cause.to_string();
    if error.is_timeout() {
        return ChatError::new(ChatErrorKind::Timeout, format!("{base_url} did not answer in time"));
    }
    if error.is_connect() {
        return ChatError::new(ChatErrorKind::Connection, format!("{base_url} cannot be reached: {cause}"))
            .with_hint("check the address, and that the server runs");
    }
    ChatError::new(ChatErrorKind::Connection, format!("the connection to {base_url} broke: {cause}"))
}
