//! A tool that is an HTTP service: the arguments are posted as JSON, the reply is the result.

use std::time::Duration;

use base64::{Engine, engine::general_purpose::STANDARD};
use reqwest::{Client, Response, StatusCode, header, redirect};
use serde_json::Value;
use url::Url;

use super::{
    Call, OutputKind,
    failure::{last_lines, out_of_service, too_much},
    schema::IMAGE,
};
use crate::{
    store::http::{builder, root_cause},
    tool::{ToolError, ToolErrorKind},
};

/// Redirects that are followed, each to the same server.
const REDIRECTS: usize = 3;

/// The address of a service.
pub(super) struct Service {
    url: Url,
}

impl Service {
    /// Checks the address; the error says what would be right.
    pub(super) fn new(url: &str) -> Result<Self, String> {
        let url = Url::parse(url).map_err(|error| format!("has the url \"{url}\", which is none: {error}"))?;
        if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
            return Err(format!("has the url \"{url}\": it must begin with http:// or https:// and name a host"));
        }
        Ok(Self { url })
    }

    /// Posts the arguments and gives the body of the reply.
    pub(super) async fn post(&self, call: &Call<'_>, time: Duration) -> Result<Vec<u8>, ToolError> {
        let name = call.name;
        let mut args = call.args.clone();
        if let Some(png) = &call.png {
            args.insert(IMAGE.into(), Value::String(format!("data:image/png;base64,{}", STANDARD.encode(png))));
        }
        let client = self.client(time).map_err(|error| {
            ToolError::internal(format!("{name}: the HTTP client cannot be set up: {}", root_cause(&error)))
        })?;
        let accept = match call.output {
            OutputKind::Image => "image/png,image/jpeg,image/webp,*/*;q=0.1",
            OutputKind::Json => "application/json",
            OutputKind::Text => "application/json,text/plain,*/*;q=0.1",
        };
        let request = client.post(self.url.clone()).header(header::ACCEPT, accept).json(&Value::Object(args));
        let response = request.send().await.map_err(|error| self.unreached(name, &error))?;
        let status = response.status();
        if status.is_redirection() {
            return Err(self.moved(name, &response));
        }
        let declared = content_type(&response);
        let body = self.body(call, response).await?;
        if !status.is_success() {
            return Err(refused(name, status, &body));
        }
        if declared.starts_with("text/html") || looks_like_html(&body) {
            return Err(ToolError::internal(format!(
                "{name}: {} answered with a web page instead of data",
                self.shown()
            ))
            .with_hint(format!("correct `url` in [tools.{name}]: it takes a JSON object by POST")));
        }
        Ok(body)
    }

    fn client(&self, time: Duration) -> reqwest::Result<Client> {
        let policy = redirect::Policy::custom(|attempt| {
            let from = attempt.previous().last();
            let same = from.is_some_and(|from| from.origin() == attempt.url().origin());
            // Only these two post again; the others would turn the call into a GET without arguments.
            let posts = matches!(attempt.status().as_u16(), 307 | 308);
            if same && posts && attempt.previous().len() <= REDIRECTS { attempt.follow() } else { attempt.stop() }
        });
        let mut builder = builder().redirect(policy).referer(false).read_timeout(time).timeout(time);
        if matches!(self.url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]")) {
            builder = builder.no_proxy();
        }
        builder.build()
    }

    async fn body(&self, call: &Call<'_>, mut response: Response) -> Result<Vec<u8>, ToolError> {
        if response.content_length().is_some_and(|length| length > call.bytes) {
            return Err(too_much(call));
        }
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| self.unreached(call.name, &error))? {
            body.extend_from_slice(&chunk);
            if body.len() as u64 > call.bytes {
                return Err(too_much(call));
            }
        }
        Ok(body)
    }

    fn unreached(&self, name: &str, error: &reqwest::Error) -> ToolError {
        let (address, cause) = (self.shown(), root_cause(error));
        if error.is_timeout() && !error.is_connect() {
            return ToolError::resource_limit(format!("{name} did not answer in time"))
                .with_hint(format!("raise `timeout` in [tools.{name}]"));
        }
        let what = if error.is_connect() { "cannot be reached" } else { "broke the connection off" };
        let hint = format!("start the service, or correct `url` in [tools.{name}]");
        out_of_service(format!("{name}: {address} {what}: {cause}"), hint)
    }

    fn moved(&self, name: &str, response: &Response) -> ToolError {
        let location = response.headers().get(header::LOCATION).and_then(|value| value.to_str().ok());
        let to = location.unwrap_or("nowhere");
        let message = format!(
            "{name}: {} answered {} and leads to {to}, which is not followed",
            self.shown(),
            response.status().as_u16()
        );
        let hint = format!("if you trust that address, write it as `url` in [tools.{name}]");
        out_of_service(message, hint)
    }

    /// The address without user name, password and query.
    fn shown(&self) -> String {
        let mut url = self.url.clone();
        url.set_query(None);
        // Both fail only for addresses without a host, which are refused before.
        let _ = url.set_password(None);
        let _ = url.set_username("");
        url.to_string()
    }
}

fn content_type(response: &Response) -> String {
    let value = response.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    value.unwrap_or_default().trim().to_lowercase()
}

fn looks_like_html(body: &[u8]) -> bool {
    let start = String::from_utf8_lossy(&body[..body.len().min(200)]).trim_start().to_lowercase();
    start.starts_with("<!doctype html") || start.starts_with("<html")
}

/// 400 and 422 say that the arguments are wrong, and the model is told why; the rest is between server and operator.
fn refused(name: &str, status: StatusCode, body: &[u8]) -> ToolError {
    let page = looks_like_html(body);
    let words = if page { "a web page".into() } else { last_lines(&String::from_utf8_lossy(body), 3) };
    let words = if words.is_empty() { "without a word".to_owned() } else { words };
    if matches!(status.as_u16(), 400 | 422) && !page {
        return ToolError::invalid_input(format!("{name} cannot use these arguments: {words}"));
    }
    let hint = match status.as_u16() {
        401 | 403 => "the service wants a key that Argus does not send; let a command ask it instead".to_owned(),
        404 | 405 => format!("correct `url` in [tools.{name}]: it takes a JSON object by POST"),
        429 => "the service wants fewer calls; wait a while".to_owned(),
        _ => "look into the log of the service".to_owned(),
    };
    ToolError {
        kind: ToolErrorKind::Internal,
        message: format!("{name}: the service answered {status}: {words}"),
        feedback: format!("{name} failed; do not call it again with the same arguments"),
        hint: Some(hint),
    }
}
