use std::time::{Duration, Instant};

use image::ImageFormat;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use wiremock::{
    Mock, MockServer, ResponseTemplate,
    matchers::{method, path},
};

use super::encoded;
use crate::image::{FetchPolicy, Fetcher, ImageError, ImageErrorKind, ImageSource, LoadLimits, NoSamples};

fn open() -> FetchPolicy {
    let (connect, total) = (Duration::from_secs(2), Duration::from_secs(5));
    FetchPolicy { allow_private: true, connect, total, ..FetchPolicy::default() }
}

async fn load_with(url: &str, policy: FetchPolicy, limits: LoadLimits) -> Result<(u32, u32), ImageError> {
    let loaded = ImageSource::parse(url)?.load(&Fetcher::new(policy)?, &NoSamples, &limits).await?;
    Ok((loaded.pixels.width(), loaded.pixels.height()))
}

async fn load(url: &str, policy: FetchPolicy) -> Result<(u32, u32), ImageError> {
    load_with(url, policy, LoadLimits::default()).await
}

async fn serve(answers: &[(&str, ResponseTemplate)]) -> MockServer {
    let server = MockServer::start().await;
    for (at, answer) in answers {
        Mock::given(method("GET")).and(path(*at)).respond_with(answer.clone()).mount(&server).await;
    }
    server
}

fn picture() -> ResponseTemplate {
    // The type is false on purpose: the bytes decide.
    ResponseTemplate::new(200).set_body_raw(encoded(12, 8, ImageFormat::Png), "text/plain")
}

fn redirect(to: &str) -> ResponseTemplate {
    ResponseTemplate::new(302).insert_header("location", to)
}

#[tokio::test]
async fn a_private_address_is_fetched_only_when_allowed() {
    let server = serve(&[("/x.png", picture())]).await;
    let url = format!("{}/x.png", server.uri());
    assert_eq!(load(&url, open()).await.expect("allowed"), (12, 8));
    let port = server.address().port();
    for host in ["127.0.0.1", "localhost", "0x7f.1", "2130706433", "[::ffff:127.0.0.1]", "[::1]", "169.254.169.254"] {
        let error = load(&format!("http://{host}:{port}/x.png"), FetchPolicy::default()).await.expect_err(host);
        assert_eq!((error.kind, error.hint.is_some()), (ImageErrorKind::Refused, true), "{host}: {}", error.chain());
    }
    assert_eq!(server.received_requests().await.expect("recording").len(), 1);
}

#[tokio::test]
async fn redirects_are_followed_and_counted() {
    let server = serve(&[("/a", redirect("/x.png")), ("/x.png", picture()), ("/loop", redirect("/loop"))]).await;
    assert_eq!(load(&format!("{}/a", server.uri()), open()).await.expect("one redirect"), (12, 8));
    let error = load(&format!("{}/loop", server.uri()), open()).await.expect_err("a loop");
    assert_eq!(error.kind, ImageErrorKind::Network);
    assert!(error.message.contains("more than 5 redirects"), "{error}");
}

#[tokio::test]
async fn a_redirect_is_checked_like_a_first_address() {
    let server = serve(&[("/file", redirect("file:///etc/passwd")), ("/nowhere", ResponseTemplate::new(302))]).await;
    let error = load(&format!("{}/file", server.uri()), open()).await.expect_err("a file");
    assert_eq!(error.kind, ImageErrorKind::Refused);
    let error = load(&format!("{}/nowhere", server.uri()), open()).await.expect_err("no location");
    assert_eq!(error.kind, ImageErrorKind::Network);
}

#[tokio::test]
async fn a_redirect_from_an_allowed_host_to_a_private_one_is_refused() {
    let server = serve(&[("/x.png", picture())]).await;
    let port = server.address().port();
    let leads = serve(&[
        ("/name", redirect(&format!("http://localhost:{port}/x.png"))),
        ("/literal", redirect(&format!("//127.0.0.2:{port}/x.png"))),
        ("/same", redirect(&format!("{}/x.png", server.uri()))),
    ])
    .await;
    let policy = FetchPolicy { allow_hosts: vec!["127.0.0.1".into()], ..FetchPolicy::default() };
    for lead in ["name", "literal"] {
        let error = load(&format!("{}/{lead}", leads.uri()), policy.clone()).await.expect_err(lead);
        assert_eq!(error.kind, ImageErrorKind::Refused, "{}", error.chain());
    }
    assert_eq!(load(&format!("{}/same", leads.uri()), policy).await.expect("an allowed host"), (12, 8));
    assert_eq!(server.received_requests().await.expect("recording").len(), 1);
}

#[tokio::test]
async fn what_is_too_large_is_refused_with_and_without_a_length() {
    let server = serve(&[("/big", ResponseTemplate::new(200).set_body_bytes(vec![0; 50_000]))]).await;
    let limits = LoadLimits { bytes: 10_000, ..LoadLimits::default() };
    let error = load_with(&format!("{}/big", server.uri()), open(), limits).await.expect_err("a declared length");
    assert_eq!(error.kind, ImageErrorKind::TooLarge);
    let url = endless().await;
    let error = load_with(&url, open(), limits).await.expect_err("an endless body");
    assert_eq!(error.kind, ImageErrorKind::TooLarge, "{}", error.chain());
}

/// A server that sends for ever, without a length.
async fn endless() -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("a bound port");
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = [0; 1024];
            let _ = stream.read(&mut request).await;
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n").await;
            while stream.write_all(&[7; 4096]).await.is_ok() {}
        }
    });
    format!("http://{address}/")
}

#[tokio::test]
async fn a_slow_server_is_given_up() {
    let server = serve(&[("/slow", picture().set_delay(Duration::from_secs(20)))]).await;
    let start = Instant::now();
    let policy = FetchPolicy { total: Duration::from_millis(300), ..open() };
    let error = load(&format!("{}/slow", server.uri()), policy).await.expect_err("too slow");
    assert_eq!(error.kind, ImageErrorKind::Timeout);
    assert!(start.elapsed() < Duration::from_secs(3));
}

#[tokio::test]
async fn errors_name_what_the_server_said() {
    let page = ResponseTemplate::new(200).set_body_raw("<!DOCTYPE html><title>x</title>", "image/png");
    let server = serve(&[("/page", page), ("/broken", ResponseTemplate::new(503))]).await;
    let at = |path: &str| format!("{}{path}", server.uri());
    let error = load(&at("/page"), open()).await.expect_err("a web page");
    assert_eq!(error.kind, ImageErrorKind::NotAnImage);
    assert!(error.message.ends_with("it looks like a web page (HTML)"), "{error}");
    let error = load(&at("/none"), open()).await.expect_err("not there");
    assert_eq!(error.kind, ImageErrorKind::NotFound);
    assert!(error.message.ends_with("the server answered 404 Not Found"), "{error}");
    let error = load(&at("/broken"), open()).await.expect_err("out of order");
    assert!(error.message.ends_with("the server answered 503 Service Unavailable"), "{error}");
}

#[tokio::test]
async fn a_password_is_never_shown() {
    let error = load("http://joe:secret@127.0.0.1:9/x", FetchPolicy::default()).await.expect_err("private");
    assert!(!error.chain().contains("secret") && !error.chain().contains("joe"), "{error}");
}
