//! An address, the key for it and the HTTP client that goes there.

use std::{sync::Arc, time::Duration};

use reqwest::{Client, RequestBuilder};
use serde_json::Value;

use super::from_reqwest;
use crate::chat::{ChatError, ChatErrorKind, install_tls};

/// The longest wait for an answer about what a server is.
const ASK_LIMIT: Duration = Duration::from_secs(2);
/// The longest wait for a count of tokens.
const COUNT_LIMIT: Duration = Duration::from_secs(10);

/// Where requests go.
#[derive(Clone)]
pub(in crate::chat) struct Endpoint {
    pub(in crate::chat) client: Client,
    /// Without a slash at the end.
    pub(in crate::chat) base_url: Arc<str>,
    pub(in crate::chat) key: Option<Arc<str>>,
    /// The host's name, without port.
    pub(in crate::chat) host: Arc<str>,
}

/// A variable that is set to more than blanks.
pub(in crate::chat) fn from_environment(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.trim().is_empty())
}

impl Endpoint {
    /// Checks address and key. Nothing is sent yet.
    pub(in crate::chat) fn new(
        base_url: &str,
        key: Option<String>,
        connect_limit: Duration,
        idle_limit: Duration,
    ) -> Result<Self, ChatError> {
        let base_url = base_url.trim().trim_end_matches('/').to_owned();
        let parsed = reqwest::Url::parse(&base_url).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
        let Some(parsed) = parsed else {
            return Err(ChatError::new(ChatErrorKind::BadRequest, format!("\"{base_url}\" is not an http(s) address"))
                .with_hint("a base URL looks like http://localhost:11434/v1"));
        };
        let key = key.map(|key| key.trim().to_owned()).filter(|key| !key.is_empty());
        // Libraries turn the key into a header without a check.
        if key.as_deref().is_some_and(|key| !key.bytes().all(|byte| byte.is_ascii_graphic())) {
            return Err(ChatError::new(ChatErrorKind::Auth, "the API key holds characters that no key has")
                .with_hint("copy the key again, without line breaks and quotation marks"));
        }
        install_tls();
        let mut client = Client::builder()
            .connect_timeout(connect_limit)
            .read_timeout(idle_limit)
            .user_agent(concat!("argus/", env!("CARGO_PKG_VERSION")));
        if matches!(parsed.host_str(), Some("localhost" | "127.0.0.1" | "[::1]")) {
            client = client.no_proxy();
        }
        let client = client.build().map_err(|error| {
            ChatError::new(ChatErrorKind::Connection, format!("the HTTP client cannot be set up: {error}"))
        })?;
        let host = parsed.host_str().unwrap_or_default().into();
        Ok(Self { client, base_url: base_url.into(), key: key.map(Into::into), host })
    }

    /// The address without the `/v1` that OpenAI-compatible servers put below their own API.
    pub(in crate::chat) fn root(&self) -> &str {
        self.base_url.strip_suffix("/v1").unwrap_or(&self.base_url)
    }

    pub(in crate::chat) fn authorised(&self, request: RequestBuilder) -> RequestBuilder {
        match &self.key {
            Some(key) => request.bearer_auth(key),
            None => request,
        }
    }

    /// What a server says of itself, if it answers in time; `null` where it refuses or says something else than JSON.
    pub(in crate::chat) async fn ask(&self, url: &str, body: Option<&Value>) -> Option<Value> {
        let request = match body {
            Some(body) => self.client.post(url).json(body),
            None => self.client.get(url),
        };
        let answer = self.authorised(request).timeout(ASK_LIMIT).send().await.ok()?;
        Some(if answer.status().is_success() { answer.json().await.unwrap_or_default() } else { Value::Null })
    }

    /// A request of a server's own API that takes time in proportion to its size.
    pub(in crate::chat) async fn post(&self, url: &str, body: &Value) -> Result<Value, ChatError> {
        let request = self.authorised(self.client.post(url).json(body)).timeout(COUNT_LIMIT);
        let answer = request.send().await.and_then(reqwest::Response::error_for_status);
        let answer = answer.map_err(|error| from_reqwest(&error, &self.base_url))?;
        answer.json().await.map_err(|error| from_reqwest(&error, &self.base_url))
    }
}
