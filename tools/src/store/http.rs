//! The HTTP client of this crate, and resumable downloads.

use std::{
    error::Error,
    io,
    path::{Path, PathBuf},
    sync::Once,
    time::Duration,
};

use fs_err::tokio as fs;
use reqwest::{
    Response, StatusCode,
    header::{CONTENT_RANGE, ETAG, HeaderMap, IF_RANGE, LAST_MODIFIED, RANGE},
};
use serde::{Deserialize, Serialize};
use tokio::io::AsyncWriteExt;
use url::Url;

use super::fetch::{Failure, backoff};

/// Tries in a row that may end without a single new byte.
const TRIES: u32 = 3;

/// An HTTP client: rustls with the ring provider and the system's roots, at most 4 s to connect, proxies from the
/// environment. One for each owner, as its connections belong to the runtime that made them.
pub fn client() -> reqwest::Result<reqwest::Client> {
    builder().build()
}

/// What [`client`] builds, for callers that need other rules for redirects or time.
pub fn builder() -> reqwest::ClientBuilder {
    static PROVIDER: Once = Once::new();
    PROVIDER.call_once(|| {
        // It fails only if the embedding program has installed one already, which serves as well.
        let _ = rustls::crypto::ring::default_provider().install_default();
    });
    reqwest::Client::builder()
        .connect_timeout(Duration::from_secs(4))
        .read_timeout(Duration::from_secs(30))
        .user_agent(concat!("argus/", env!("CARGO_PKG_VERSION")))
}

/// The innermost cause, which says what really happened ("Connection refused").
pub(crate) fn root_cause(error: &reqwest::Error) -> String {
    let mut cause: &dyn Error = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    if error.is_timeout() && cause.source().is_none() { format!("timed out ({cause})") } else { cause.to_string() }
}

/// What the beginning of a `.part` belongs to.
#[derive(Deserialize, PartialEq, Serialize)]
struct PartOf {
    url: String,
    /// A strong `ETag`, or the time of change: with it the server itself says whether the file is still the same.
    validator: String,
}

/// Downloads to `part`, going on where an earlier try stopped if the server still has the same file.
pub(crate) async fn download(client: &reqwest::Client, url: &Url, part: &Path) -> Result<(), Failure> {
    let record = part.with_extension("part.json");
    if let Some(directory) = part.parent() {
        fs::create_dir_all(directory).await.map_err(Failure::io)?;
    }
    let mut fruitless = 0;
    loop {
        let before = length(part).await;
        let failure = match once(client, url, part, &record).await {
            Ok(()) => {
                remove(&record).await?;
                return Ok(());
            }
            Err(failure) => failure,
        };
        // A connection that drops again and again but brings bytes each time is slow, not dead.
        fruitless = if length(part).await > before { 1 } else { fruitless + 1 };
        match failure {
            Failure::Transient(reason) if fruitless < TRIES => {
                tracing::debug!(%url, %reason, "retrying a download");
                backoff(fruitless).await;
            }
            other => return Err(other),
        }
    }
}

async fn length(path: &Path) -> u64 {
    fs::metadata(path).await.map_or(0, |metadata| metadata.len())
}

async fn remove(path: &Path) -> Result<(), Failure> {
    match fs::remove_file(path).await {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(Failure::io(error)),
        _ => Ok(()),
    }
}

/// Forgets a download, because what it gave was wrong.
pub(crate) async fn discard(part: PathBuf) -> Result<(), Failure> {
    remove(&part.with_extension("part.json")).await?;
    remove(&part).await
}

async fn once(client: &reqwest::Client, url: &Url, part: &Path, record: &Path) -> Result<(), Failure> {
    let known = fs::read(record).await.ok().and_then(|text| serde_json::from_slice::<PartOf>(&text).ok());
    let resume = known.filter(|known| known.url == url.as_str());
    let have = if resume.is_some() { length(part).await } else { 0 };
    let mut request = client.get(url.clone());
    if let Some(known) = resume.filter(|_| have > 0) {
        request = request.header(RANGE, format!("bytes={have}-")).header(IF_RANGE, known.validator);
    }
    let response = request.send().await.map_err(|error| transport(&error))?;
    match response.status() {
        StatusCode::PARTIAL_CONTENT if starts_at(response.headers(), have) => {
            let file = fs::OpenOptions::new().append(true).open(part).await.map_err(Failure::io)?;
            write(response, file).await
        }
        StatusCode::OK => {
            remove(record).await?;
            let file = fs::File::create(part).await.map_err(Failure::io)?;
            if let Some(validator) = validator(response.headers()) {
                let text = serde_json::to_vec(&PartOf { url: url.to_string(), validator })
                    .map_err(|error| Failure::io(error.into()))?;
                fs::write(record, text).await.map_err(Failure::io)?;
            }
            write(response, file).await
        }
        // The part cannot be continued: begin again.
        StatusCode::PARTIAL_CONTENT | StatusCode::RANGE_NOT_SATISFIABLE => {
            discard(part.to_owned()).await?;
            Err(Failure::Transient(format!("{} did not continue the download", host(url))))
        }
        status => Err(refused(status, url)),
    }
}

fn host(url: &Url) -> &str {
    url.host_str().unwrap_or("the server")
}

pub(crate) fn refused(status: StatusCode, url: &Url) -> Failure {
    let reason = format!("{} answered {status}", host(url));
    let again =
        status.is_server_error() || matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT);
    if again { Failure::Transient(reason) } else { Failure::Permanent(reason) }
}

pub(crate) fn transport(error: &reqwest::Error) -> Failure {
    if error.is_builder() || error.is_redirect() {
        Failure::Permanent(root_cause(error))
    } else {
        Failure::Transient(root_cause(error))
    }
}

fn starts_at(headers: &HeaderMap, offset: u64) -> bool {
    headers
        .get(CONTENT_RANGE)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.strip_prefix("bytes "))
        .and_then(|value| value.split('-').next())
        .is_some_and(|start| start.trim().parse() == Ok(offset))
}

/// Only a strong `ETag` may stand in If-Range.
fn validator(headers: &HeaderMap) -> Option<String> {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    text(ETAG).filter(|etag| !etag.starts_with("W/")).or_else(|| text(LAST_MODIFIED))
}

async fn write(mut response: Response, mut file: fs::File) -> Result<(), Failure> {
    loop {
        match response.chunk().await {
            Ok(Some(chunk)) => file.write_all(&chunk).await.map_err(Failure::io)?,
            Ok(None) => break file.flush().await.map_err(Failure::io),
            Err(error) => {
                // What came so far is the beginning of the next try.
                file.flush().await.map_err(Failure::io)?;
                return Err(transport(&error));
            }
        }
    }
}
