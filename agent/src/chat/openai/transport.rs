//! The HTTP layer under `async-openai`: keeps status, `Retry-After` and body of a refusal, which the library drops, and
//! makes one thing of all that servers send where a stream was asked for. The library's own retry layer is not in use.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use async_openai::{error::OpenAIError, middleware::HttpRequestFactory};
use futures_util::{StreamExt, stream};
use reqwest::{Body, Response, header};
use serde_json::Value;

use crate::chat::{
    ChatError, ChatErrorKind,
    http::{Endpoint, excerpt, from_reqwest, refusal},
};

#[derive(Clone)]
pub(super) struct Transport {
    pub(super) endpoint: Endpoint,
    /// Whether server-sent events are asked for.
    pub(super) streaming: bool,
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
            let mut request = factory.build().await?;
            if this.endpoint.key.is_none() {
                request.headers_mut().remove(header::AUTHORIZATION);
            }
            this.once(request).await.map_err(|error| OpenAIError::Boxed(Box::new(error)))
        })
    }
}

impl Transport {
    async fn once(&self, request: reqwest::Request) -> Result<Response, ChatError> {
        let base_url = &self.endpoint.base_url;
        let response = self.endpoint.client.execute(request).await.map_err(|error| from_reqwest(&error, base_url))?;
        if !response.status().is_success() {
            return Err(refusal(response, base_url).await);
        }
        if self.streaming { as_events(response, base_url).await } else { Ok(response) }
    }
}

/// Makes server-sent events of what came, judged by its first byte: content types are set wrongly all too often. A whole
/// reply becomes one event; anything else becomes an error; the last event may lack its blank line.
async fn as_events(mut response: Response, base_url: &str) -> Result<Response, ChatError> {
    let broke = |error: reqwest::Error| from_reqwest(&error, base_url);
    let mut begin = Vec::new();
    let first = loop {
        let first = begin.iter().copied().find(|byte: &u8| !byte.is_ascii_whitespace());
        if first.is_some() {
            break first;
        }
        match response.chunk().await.map_err(broke)? {
            Some(chunk) => begin.extend_from_slice(&chunk),
            None => break None,
        }
    };
    let Some(first) = first else {
        return Err(ChatError::new(ChatErrorKind::BadResponse, format!("{base_url} did not stream its reply")));
    };
    // A field of an event (data, event, id, retry), a comment, or a byte order mark before them.
    if !matches!(first, b'd' | b'e' | b'i' | b'r' | b':' | 0xef) {
        begin.extend_from_slice(&response.bytes().await.map_err(broke)?);
        let whole = serde_json::from_slice::<Value>(&begin).map_err(|error| {
            let words = excerpt(&String::from_utf8_lossy(&begin));
            let message = format!("{base_url} answered something else than a chat completion ({error}): {words}");
            let wrong = ChatError { status: Some(200), ..ChatError::new(ChatErrorKind::BadResponse, message) };
            wrong.with_hint(super::NO_API_HINT)
        })?;
        return Ok(http::Response::new(Body::from(format!("data: {whole}\n\n"))).into());
    }
    let begin = stream::iter([Ok(begin.into())]);
    let end = stream::iter([Ok(b"\n\n".as_slice().into())]);
    Ok(http::Response::new(Body::wrap_stream(begin.chain(response.bytes_stream()).chain(end))).into())
}
