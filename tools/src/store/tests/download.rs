//! Downloads over HTTP: resuming, retrying, refusing, remembering.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use wiremock::{
    Mock, MockServer, Request, ResponseTemplate,
    matchers::{method, path},
};

use super::{
    super::{ModelState, StoreError},
    support::{Bench, quoted, tarball},
};
use crate::hash::{hash_file, sha256};

const BODY: &str = "the bytes of a model, long enough to be cut in two";

async fn serve(response: ResponseTemplate) -> MockServer {
    let server = MockServer::start().await;
    Mock::given(method("GET")).respond_with(response).mount(&server).await;
    server
}

async fn gets(server: &MockServer) -> Vec<Request> {
    let all = server.received_requests().await.unwrap();
    all.into_iter().filter(|request| request.method.as_str() == "GET").collect()
}

fn url(server: &MockServer) -> String {
    quoted(&format!("{}/file", server.uri()))
}

fn reasons(error: &StoreError) -> Vec<String> {
    match error {
        StoreError::Sources { attempts, .. } => attempts.iter().map(|attempt| attempt.reason.clone()).collect(),
        other => panic!("{other}"),
    }
}

#[tokio::test]
async fn a_file_is_installed_and_then_trusted() {
    let server = serve(ResponseTemplate::new(200).set_body_string(BODY)).await;
    let mut bench = Bench::new();
    let store = bench.entry("m", &[("sub/f.onnx", Some(BODY), url(&server))]).store();
    assert_eq!(store.state("m").unwrap(), ModelState::Missing { bytes: BODY.len() as u64 });
    let installed = store.ensure("m").await.unwrap();
    assert_eq!(std::fs::read_to_string(installed.main()).unwrap(), BODY);
    assert_eq!(store.state("m").unwrap(), ModelState::Installed);
    store.ensure("m").await.unwrap();
    assert_eq!(gets(&server).await.len(), 1);
    let hash = sha256(BODY.as_bytes());
    let blob = format!("blobs/sha256/{}/{hash}", &hash[..2]);
    assert_eq!(bench.files(), [blob.as_str(), "models/m/manifest.json", "models/m/sub/f.onnx"]);
}

#[tokio::test]
async fn a_wrong_hash_is_refused_and_the_next_source_is_asked() {
    let wrong = serve(ResponseTemplate::new(200).set_body_string("something else")).await;
    let right = serve(ResponseTemplate::new(200).set_body_string(BODY)).await;
    let mut bench = Bench::new();
    bench.entry("bad", &[("f", Some(BODY), url(&wrong))]);
    bench.entry("good", &[("f", Some(BODY), format!("{}, {}", url(&wrong), url(&right)))]);
    let store = bench.store();
    let error = store.ensure("bad").await.unwrap_err();
    let reason = reasons(&error).remove(0);
    assert!(reason.contains(&sha256(b"something else")) && reason.contains(&sha256(BODY.as_bytes())), "{reason}");
    assert!(error.hint().unwrap().contains("other bytes"), "{error}");
    assert_eq!(bench.files(), Vec::<String>::new());
    store.ensure("good").await.unwrap();
}

#[tokio::test]
async fn a_refusal_is_not_repeated_but_a_server_error_is() {
    let missing = serve(ResponseTemplate::new(404)).await;
    let mut bench = Bench::new();
    bench.entry("missing", &[("f", Some(BODY), url(&missing))]);
    let flaky = MockServer::start().await;
    Mock::given(method("GET")).respond_with(ResponseTemplate::new(503)).up_to_n_times(2).mount(&flaky).await;
    Mock::given(method("GET")).respond_with(ResponseTemplate::new(200).set_body_string(BODY)).mount(&flaky).await;
    bench.entry("flaky", &[("f", Some(BODY), url(&flaky))]);
    let store = bench.store();
    let error = store.ensure("missing").await.unwrap_err();
    assert!(reasons(&error)[0].contains("404"), "{error}");
    assert_eq!(gets(&missing).await.len(), 1);
    store.ensure("flaky").await.unwrap();
    assert_eq!(gets(&flaky).await.len(), 3);
}

#[tokio::test]
async fn an_unpinned_file_is_held_to_what_the_hub_states() {
    let hub = MockServer::start().await;
    for (name, stated) in [("right", BODY), ("wrong", "not this")] {
        let etag = format!("\"{}\"", sha256(stated.as_bytes()));
        let file = format!("/owner/repo/resolve/main/{name}");
        let head = ResponseTemplate::new(302).insert_header("x-linked-etag", etag).insert_header("location", "/cdn");
        Mock::given(method("HEAD")).and(path(&file)).respond_with(head).mount(&hub).await;
        let body = ResponseTemplate::new(302).insert_header("location", "/cdn");
        Mock::given(method("GET")).and(path(&file)).respond_with(body).mount(&hub).await;
    }
    let cdn = ResponseTemplate::new(200).set_body_string(BODY);
    Mock::given(method("GET")).and(path("/cdn")).respond_with(cdn).mount(&hub).await;
    let mut bench = Bench::new();
    bench.options.hf_endpoint = Some(hub.uri());
    bench.entry("right", &[("f", None, quoted("hf:owner/repo!right"))]);
    bench.entry("wrong", &[("f", None, quoted("hf:owner/repo!wrong"))]);
    let store = bench.store();
    let installed = store.ensure("right").await.unwrap();
    assert!(store.verify("right").await.unwrap().is_good());
    let error = store.ensure("wrong").await.unwrap_err();
    assert!(reasons(&error)[0].contains(&sha256(b"not this")), "{error}");
    // What was recorded holds: other bytes from the hub are refused from now on.
    make_writable(installed.main());
    std::fs::write(installed.main(), "changed").unwrap();
    assert_eq!(store.state("right").unwrap(), ModelState::Damaged);
    let healed = store.ensure("right").await.unwrap();
    assert_eq!(std::fs::read_to_string(healed.main()).unwrap(), BODY);
}

pub(super) fn make_writable(path: &std::path::Path) {
    let mut permissions = std::fs::metadata(path).unwrap().permissions();
    #[cfg(unix)]
    std::os::unix::fs::PermissionsExt::set_mode(&mut permissions, 0o644);
    #[cfg(not(unix))]
    permissions.set_readonly(false);
    std::fs::set_permissions(path, permissions).unwrap();
}

#[tokio::test]
async fn the_hub_alone_can_be_switched_off() {
    let server = serve(ResponseTemplate::new(200).set_body_string(BODY)).await;
    let mut bench = Bench::new();
    bench.options.hub_offline = true;
    bench.entry("m", &[("f", Some(BODY), format!("\"hf:o/r!f\", {}", url(&server)))]);
    bench.entry("n", &[("f", Some("other"), quoted("hf:o/r!f"))]);
    let store = bench.store();
    store.ensure("m").await.unwrap();
    let error = store.ensure("n").await.unwrap_err();
    assert!(reasons(&error)[0].contains("HF_HUB_OFFLINE"), "{error}");
}

/// A server that answers every request in full and then closes, as told by a function of the request's head and number.
async fn raw_server(answer: fn(&str, usize) -> String) -> (String, Arc<AtomicUsize>) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}/file", listener.local_addr().unwrap());
    let count = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&count);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                match stream.read_u8().await {
                    Ok(byte) => head.push(byte),
                    Err(_) => break,
                }
            }
            let head = String::from_utf8(head).unwrap().to_lowercase();
            let text = if head.starts_with("head") {
                "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n".to_owned()
            } else {
                answer(&head, counter.fetch_add(1, Ordering::SeqCst))
            };
            stream.write_all(text.as_bytes()).await.unwrap();
            stream.shutdown().await.unwrap();
        }
    });
    (quoted(&address), count)
}

fn cut_then_rest(head: &str, number: usize) -> String {
    let length = BODY.len();
    if number == 0 {
        return format!("HTTP/1.1 200 OK\r\netag: \"v1\"\r\ncontent-length: {length}\r\n\r\n{}", &BODY[..20]);
    }
    assert!(head.contains("range: bytes=20-"), "{head}");
    assert!(head.contains("if-range: \"v1\""), "{head}");
    let rest = &BODY[20..];
    format!(
        "HTTP/1.1 206 Partial Content\r\ncontent-range: bytes 20-{}/{length}\r\ncontent-length: {}\r\n\r\n{rest}",
        length - 1,
        rest.len()
    )
}

#[tokio::test]
async fn a_download_cut_in_the_middle_goes_on() {
    let (address, count) = raw_server(cut_then_rest).await;
    let mut bench = Bench::new();
    let store = bench.entry("m", &[("f", Some(BODY), address)]).store();
    let installed = store.ensure("m").await.unwrap();
    assert_eq!(std::fs::read_to_string(installed.main()).unwrap(), BODY);
    assert_eq!(count.load(Ordering::SeqCst), 2);
}

/// Cuts the first answer, is out of service for the rest of that run, and well again in the next.
fn cut_then_down_then_rest(head: &str, number: usize) -> String {
    match number {
        0 => cut_then_rest(head, 0),
        1 | 2 => "HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\r\n".into(),
        _ => cut_then_rest(head, number),
    }
}

#[tokio::test]
async fn a_part_left_by_a_failed_run_is_continued_by_the_next() {
    let (address, count) = raw_server(cut_then_down_then_rest).await;
    let mut bench = Bench::new();
    bench.entry("m", &[("f", Some(BODY), address)]);
    let error = bench.store().ensure("m").await.unwrap_err();
    assert!(reasons(&error)[0].contains("503"), "{error}");
    let left = bench.files();
    assert_eq!(left.len(), 2, "a part and its record: {left:?}");
    assert!(left.iter().all(|name| name.starts_with("partial/m/")));
    let installed = bench.store().ensure("m").await.unwrap();
    assert_eq!(std::fs::read_to_string(installed.main()).unwrap(), BODY);
    assert_eq!(count.load(Ordering::SeqCst), 4);
    assert!(bench.files().iter().all(|name| !name.starts_with("partial")));
}

/// The `.part` of an earlier run for `address`, with the record that the download keeps next to it.
fn leave_part(bench: &Bench, address: &str, bytes: &str, etag: Option<&str>) {
    let layout = super::super::layout::Layout::new(bench.home().to_owned());
    let part = layout.part("m", address, Some(&sha256(BODY.as_bytes())));
    std::fs::create_dir_all(part.parent().unwrap()).unwrap();
    std::fs::write(&part, bytes).unwrap();
    if let Some(etag) = etag {
        let record = format!(r#"{{"url": "{address}", "validator": "\"{etag}\""}}"#);
        std::fs::write(part.with_extension("part.json"), record).unwrap();
    }
}

#[tokio::test]
async fn a_part_of_another_version_is_thrown_away() {
    // The server has a newer file, so it answers the conditional range with the whole of it.
    let server = serve(ResponseTemplate::new(200).insert_header("etag", "\"v2\"").set_body_string(BODY)).await;
    let mut bench = Bench::new();
    let store = bench.entry("m", &[("f", Some(BODY), url(&server))]).store();
    leave_part(&bench, &format!("{}/file", server.uri()), "old bytes", Some("v1"));
    store.ensure("m").await.unwrap();
    let requests = gets(&server).await;
    assert_eq!(requests.len(), 1);
    assert_eq!(requests[0].headers["range"], "bytes=9-");
    assert_eq!(requests[0].headers["if-range"], "\"v1\"");
}

#[tokio::test]
async fn a_part_that_nothing_vouches_for_is_thrown_away() {
    let server = serve(ResponseTemplate::new(200).set_body_string(BODY)).await;
    let mut bench = Bench::new();
    let store = bench.entry("m", &[("f", Some(BODY), url(&server))]).store();
    leave_part(&bench, &format!("{}/file", server.uri()), "who knows", None);
    store.ensure("m").await.unwrap();
    assert!(!gets(&server).await[0].headers.contains_key("range"));
}

#[tokio::test]
async fn a_range_that_cannot_be_satisfied_begins_again() {
    let server = MockServer::start().await;
    let refuse = ResponseTemplate::new(416);
    Mock::given(method("GET"))
        .and(wiremock::matchers::header_exists("range"))
        .respond_with(refuse)
        .mount(&server)
        .await;
    Mock::given(method("GET")).respond_with(ResponseTemplate::new(200).set_body_string(BODY)).mount(&server).await;
    let mut bench = Bench::new();
    let store = bench.entry("m", &[("f", Some(BODY), url(&server))]).store();
    leave_part(&bench, &format!("{}/file", server.uri()), &format!("{BODY} and more"), Some("v1"));
    store.ensure("m").await.unwrap();
    assert_eq!(gets(&server).await.len(), 2);
}

/// A host that takes connections and never says a word.
async fn silent_host() -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = quoted(&format!("http://{}/file", listener.local_addr().unwrap()));
    tokio::spawn(async move {
        let mut kept = Vec::new();
        while let Ok(connection) = listener.accept().await {
            kept.push(connection);
        }
    });
    address
}

#[tokio::test]
async fn a_silent_host_costs_little_when_there_is_another_source() {
    let silent = silent_host().await;
    let server = serve(ResponseTemplate::new(200).set_body_string(BODY)).await;
    let mut bench = Bench::new();
    let store = bench.entry("m", &[("f", Some(BODY), format!("{silent}, {}", url(&server)))]).store();
    let started = Instant::now();
    store.ensure("m").await.unwrap();
    assert!(started.elapsed() < Duration::from_millis(4500), "{:?}", started.elapsed());
}

#[tokio::test]
async fn a_silent_host_is_asked_once_and_for_five_seconds_at_most() {
    let silent = silent_host().await;
    let mut bench = Bench::new();
    bench.entry("a", &[("f", Some(BODY), silent.clone())]);
    bench.entry("b", &[("f", Some("other"), silent)]);
    let store = bench.store();
    let started = Instant::now();
    let error = store.ensure("a").await.unwrap_err();
    assert!(reasons(&error)[0].contains("did not answer within 5 s"), "{error}");
    assert!(started.elapsed() < Duration::from_secs(9), "{:?}", started.elapsed());
    let started = Instant::now();
    store.ensure("b").await.unwrap_err();
    assert!(started.elapsed() < Duration::from_secs(3), "{:?}", started.elapsed());
}

#[tokio::test]
async fn a_refused_connection_fails_at_once() {
    // Bound and dropped: nobody listens there.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let mut bench = Bench::new();
    let store = bench.entry("m", &[("f", Some(BODY), quoted(&format!("http://127.0.0.1:{port}/f")))]).store();
    let started = Instant::now();
    let error = store.ensure("m").await.unwrap_err();
    assert!(reasons(&error)[0].to_lowercase().contains("refused"), "{error}");
    assert!(started.elapsed() < Duration::from_secs(4));
}

/// Many files of one archive, which is pinned as a whole and may name them otherwise.
#[tokio::test]
async fn an_archive_that_is_pinned_gives_its_files_or_nothing() {
    let mut bench = Bench::new();
    let archive = bench.path("release.tar.gz");
    tarball(&archive, &[("server", b"program"), ("lib.so.0.4.1", b"library"), ("other", b"not wanted")]);
    let (bytes, hash) = (std::fs::read(&archive).unwrap(), hash_file(&archive).unwrap().sha256);
    let server = serve(ResponseTemplate::new(200).set_body_bytes(bytes)).await;
    let entry = |id: &str, hash: &str| {
        format!(
            "[[model]]\nid = \"{id}\"\nrole = \"test\"\nlicence = \"MIT\"\ndescription = \"d\"\n\
             [[model.archive]]\nplatforms = [\"linux-x86_64\"]\nsource = \"{}/release.tar.gz#sha256={hash}\"\n\
             members = [\"server\", \"lib.so.0=lib.so.0.4.1\"]\n",
            server.uri()
        )
    };
    let wrong = sha256(b"something else");
    let store = bench.append(&entry("replaced", &wrong)).append(&entry("real", &hash)).store();
    let error = store.ensure("replaced").await.unwrap_err();
    let reason = format!("the archive has sha256 {hash}, not the expected {wrong}");
    assert_eq!(reasons(&error), [reason.as_str()]);
    // The hash of an archive is nothing to read in an error.
    assert!(error.to_string().contains("release.tar.gz!server: "), "{error}");
    let installed = store.ensure_role("test", None).await.unwrap();
    assert_eq!((installed.id.as_str(), installed.main().file_name().unwrap().to_str()), ("real", Some("server")));
    assert_eq!(std::fs::read_to_string(&installed.files["lib.so.0"]).unwrap(), "library");
    assert_eq!(store.state("real").unwrap(), ModelState::Installed);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_ne!(std::fs::metadata(installed.main()).unwrap().permissions().mode() & 0o100, 0);
    }
    // Three downloads: one a try of `replaced`, one of `real`; its two files come out of the same archive.
    assert_eq!(gets(&server).await.len(), 3);
}
