//! Downloads of pictures, guarded: public addresses only, limits on size, time and redirects.

use std::{
    error::Error,
    net::IpAddr,
    sync::{Arc, Once},
    time::Duration,
};

use reqwest::{Client, Response, StatusCode, header, redirect::Policy};
use url::{Host, Url};

use super::{
    error::{ImageError, ImageErrorKind},
    guard::{self, BlockedAddress, PublicResolver},
    load::LoadLimits,
};

/// What a download may do.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct FetchPolicy {
    /// Whether addresses of this machine and of private networks may be reached.
    pub allow_private: bool,
    /// Hosts (names or addresses, as in the picture's address) that may be private all the same.
    pub allow_hosts: Vec<String>,
    /// How many redirects are followed.
    pub redirects: usize,
    /// Time for each connection to come about.
    pub connect: Duration,
    /// Time for the whole download, redirects included.
    pub total: Duration,
}

impl Default for FetchPolicy {
    /// Public addresses only, 5 redirects, 5 s to connect, 30 s in all.
    fn default() -> Self {
        Self {
            allow_private: false,
            allow_hosts: Vec::new(),
            redirects: 5,
            connect: Duration::from_secs(5),
            total: Duration::from_secs(30),
        }
    }
}

/// Fetches pictures over http and https. Clones share connections.
///
/// Proxies named in the environment are not used: behind one, the name would be resolved where its address cannot be
/// checked, and the guard would guard nothing.
#[derive(Clone, Debug)]
pub struct Fetcher {
    client: Client,
    policy: FetchPolicy,
}

impl Fetcher {
    /// A fetcher; fails only where the machine has no usable TLS roots.
    pub fn new(policy: FetchPolicy) -> Result<Self, ImageError> {
        install_crypto();
        let mut builder = Client::builder()
            .user_agent(concat!("argus/", env!("CARGO_PKG_VERSION")))
            .no_proxy()
            .redirect(Policy::none())
            .referer(false)
            .connect_timeout(policy.connect)
            .timeout(policy.total);
        if !policy.allow_private {
            builder = builder.dns_resolver(Arc::new(PublicResolver::except(policy.allow_hosts.clone())));
        }
        let client = builder.build().map_err(|error| {
            ImageError::new(ImageErrorKind::Network, "the HTTP client could not be set up").with_source(error)
        })?;
        Ok(Self { client, policy })
    }

    /// The bytes at an address. What they are is for the decoder to say: content type and length are not trusted.
    pub async fn fetch(&self, url: &Url, limits: &LoadLimits) -> Result<Vec<u8>, ImageError> {
        let seconds = self.policy.total.as_secs_f64();
        tokio::time::timeout(self.policy.total, self.follow(url, limits)).await.unwrap_or_else(|_| {
            let message = format!("{}: the download was not over within {seconds:.0} s", shown(url));
            Err(ImageError::new(ImageErrorKind::Timeout, message))
        })
    }

    async fn follow(&self, url: &Url, limits: &LoadLimits) -> Result<Vec<u8>, ImageError> {
        let mut url = url.clone();
        for _ in 0..=self.policy.redirects {
            self.check(&url)?;
            let accept = "image/png,image/jpeg,image/webp,image/gif,image/bmp,image/tiff,*/*;q=0.1";
            let request = self.client.get(url.clone()).header(header::ACCEPT, accept);
            let response = request.send().await.map_err(|error| transport(&url, error))?;
            if !is_redirect(response.status()) {
                return body(&url, response, limits).await;
            }
            url = next(&url, &response)?;
        }
        let message = format!("{}: more than {} redirects", shown(&url), self.policy.redirects);
        Err(ImageError::new(ImageErrorKind::Network, message))
    }

    /// Scheme and literal addresses; names are checked when they are resolved.
    fn check(&self, url: &Url) -> Result<(), ImageError> {
        let refuse = |why: String| ImageError::new(ImageErrorKind::Refused, format!("{}: {why}", shown(url)));
        if !matches!(url.scheme(), "http" | "https") {
            return Err(refuse(format!("{} is not fetched, only http and https are", url.scheme())));
        }
        let address = match url.host() {
            None => return Err(refuse("the address names no host".into())),
            Some(Host::Domain(_)) => return Ok(()),
            Some(Host::Ipv4(address)) => IpAddr::V4(address),
            Some(Host::Ipv6(address)) => IpAddr::V6(address),
        };
        let host = address.to_string();
        if self.policy.allow_private || self.policy.allow_hosts.contains(&host) {
            return Ok(());
        }
        guard::check(&host, address).map_err(|blocked| refused(url, &blocked))
    }
}

/// Makes ring the TLS provider of this process, unless the embedding program chose one before.
fn install_crypto() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        if rustls::crypto::ring::default_provider().install_default().is_err() {
            tracing::debug!("a TLS provider was installed before; it is used");
        }
    });
}

fn is_redirect(status: StatusCode) -> bool {
    matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308)
}

fn next(url: &Url, response: &Response) -> Result<Url, ImageError> {
    let wrong = |kind, why: &str| ImageError::new(kind, format!("{}: {why}", shown(url)));
    let location = response.headers().get(header::LOCATION).and_then(|value| value.to_str().ok());
    let location = location.ok_or_else(|| wrong(ImageErrorKind::Network, "a redirect that leads nowhere"))?;
    let next = url.join(location).map_err(|error| {
        wrong(ImageErrorKind::Network, "a redirect to something that is no address").with_source(error)
    })?;
    if url.scheme() == "https" && next.scheme() == "http" {
        return Err(wrong(ImageErrorKind::Refused, "a redirect from https to unprotected http"));
    }
    Ok(next)
}

async fn body(url: &Url, mut response: Response, limits: &LoadLimits) -> Result<Vec<u8>, ImageError> {
    let status = response.status();
    if !status.is_success() {
        let reason = status.canonical_reason().unwrap_or("no reason given");
        let kind = match status {
            StatusCode::NOT_FOUND | StatusCode::GONE => ImageErrorKind::NotFound,
            _ => ImageErrorKind::Network,
        };
        let message = format!("{}: the server answered {} {reason}", shown(url), status.as_u16());
        return Err(ImageError::new(kind, message));
    }
    let name = shown(url);
    // An honest length saves the download; a false one changes nothing.
    if let Some(length) = response.content_length() {
        limits.check_bytes(length).map_err(|error| error.of(&name))?;
    }
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| transport(url, error))? {
        limits.check_bytes((bytes.len() + chunk.len()) as u64).map_err(|error| error.of(&name))?;
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

fn refused(url: &Url, blocked: &BlockedAddress) -> ImageError {
    ImageError::new(ImageErrorKind::Refused, format!("{}: {blocked}", shown(url)))
        .with_hint("addresses of private networks are fetched only when that is allowed explicitly")
}

fn transport(url: &Url, error: reqwest::Error) -> ImageError {
    let mut cause: Option<&(dyn Error + 'static)> = Some(&error);
    while let Some(inner) = cause {
        if let Some(blocked) = inner.downcast_ref::<BlockedAddress>() {
            return refused(url, blocked);
        }
        cause = inner.source();
    }
    let (kind, what) = if error.is_timeout() {
        (ImageErrorKind::Timeout, "the server took too long")
    } else if error.is_connect() {
        (ImageErrorKind::Network, "the server cannot be reached")
    } else {
        (ImageErrorKind::Network, "the download failed")
    };
    ImageError::new(kind, format!("{}: {what}", shown(url))).with_source(error.without_url())
}

/// The address without user name and password.
fn shown(url: &Url) -> String {
    let mut url = url.clone();
    if !url.username().is_empty() || url.password().is_some() {
        // Both fail only for addresses without a host, which hold no password.
        let _ = url.set_password(None);
        let _ = url.set_username("");
    }
    url.to_string()
}
