//! The HTTP layer under `async-openai`: keeps status, `Retry-After` and body of a refusal, which the library drops, and
//! retries what may pass. The library's own retry layer is not in use.

use std::{
    error::Error,
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use async_openai::{error::OpenAIError, middleware::HttpRequestFactory};
use reqwest::{Response, StatusCode, header};

use crate::chat::{ChatError, ChatErrorKind};

/// How often, and how patiently, a request is repeated.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Retry {
    /// Attempts in all, at least one.
    pub attempts: u32,
    /// The first wait; each further one is twice as long.
    pub first_wait: Duration,
    /// The longest wait. An endpoint that asks for a longer one is not waited for.
    pub longest_wait: Duration,
}

impl Default for Retry {
    fn default() -> Self {
        Self { attempts: 4, first_wait: Duration::from_millis(500), longest_wait: Duration::from_secs(30) }
    }
}

#[derive(Clone)]
pub(super) struct Transport {
    pub(super) client: reqwest::Client,
    pub(super) retry: Retry,
    pub(super) base_url: Arc<str>,
    pub(super) has_key: bool,
}

impl tower_service::Service<HttpRequestFactory> for Transport {
    type Response = Response;
    type Error = OpenAIError;
    type Future = Pin<Box<dyn Future<Output = Result<Response, OpenAIError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), OpenAIError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, factory: HttpRequestFactory) -> Self::Future {
        let this = self.clone();
        Box::pin(async move {
            let mut wait = this.retry.first_wait;
            for attempt in 1.. {
                let mut error = match this.once(&factory).await? {
                    Ok(response) => return Ok(response),
                    Err(error) => error,
                };
                let pause = error.retry_after.unwrap_or(wait);
                if attempt >= this.retry.attempts || !may_pass(&error) || pause > this.retry.longest_wait {
                    if attempt > 1 {
                        error.message = format!("{} (after {attempt} attempts)", error.message);
                    }
                    return Err(OpenAIError::Boxed(Box::new(error)));
                }
                tracing::debug!(%error, ?pause, attempt, "asking the endpoint again");
                tokio::time::sleep(pause).await;
                wait = (wait * 2).min(this.retry.longest_wait);
            }
            Err(OpenAIError::InvalidArgument("no attempt was made".into()))
        })
    }
}

impl Transport {
    /// One attempt. The outer error is one of the request itself.
    async fn once(&self, factory: &HttpRequestFactory) -> Result<Result<Response, ChatError>, OpenAIError> {
        let mut request = factory.build().await?;
        if !self.has_key {
            request.headers_mut().remove(header::AUTHORIZATION);
        }
        let response = match self.client.execute(request).await {
            Ok(response) => response,
            Err(error) => return Ok(Err(from_reqwest(&error, &self.base_url))),
        };
        if response.status().is_success() {
            return Ok(Ok(response));
        }
        Ok(Err(refusal(response, &self.base_url).await))
    }
}

/// Whether the same request may pass a little later.
fn may_pass(error: &ChatError) -> bool {
    match error.kind {
        ChatErrorKind::RateLimit => !error.message.contains("insufficient_quota"),
        ChatErrorKind::Server => error.status != Some(501),
        ChatErrorKind::Connection | ChatErrorKind::Timeout => true,
        _ => false,
    }
}

/// What a refused request means.
async fn refusal(response: Response, base_url: &str) -> ChatError {
    let status = response.status();
    let retry_after = response
        .headers()
        .get(header::RETRY_AFTER)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.trim().parse::<f64>().ok())
        .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    let body = response.text().await.unwrap_or_default();
    let words = excerpt(&body);
    let (kind, hint) = match status {
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
        status if status.is_server_error() => (ChatErrorKind::Server, None),
        _ if is_context_length(&body) => {
            (ChatErrorKind::ContextLength, Some("use a larger context, or ask about fewer images at once"))
        }
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

fn is_context_length(body: &str) -> bool {
    let body = body.to_lowercase();
    ["context_length", "context length", "context size", "exceed_context_size", "maximum context", "too many tokens"]
        .iter()
        .any(|words| body.contains(words))
}

/// The message of an error body, or the beginning of whatever it is.
pub(super) fn excerpt(body: &str) -> String {
    let json: Option<serde_json::Value> = serde_json::from_str(body).ok();
    let message = json.as_ref().and_then(|json| {
        let error = json.get("error").unwrap_or(json);
        let code = error.get("code").and_then(serde_json::Value::as_str);
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

/// What a request that got no answer means. The innermost cause says it best.
pub(super) fn from_reqwest(error: &reqwest::Error, base_url: &str) -> ChatError {
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
