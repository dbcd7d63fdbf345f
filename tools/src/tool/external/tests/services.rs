//! HTTP services as tools, against a server in the test.

use std::time::Duration;

use base64::{Engine, engine::general_purpose::STANDARD};
use wiremock::{
    Mock, MockServer, ResponseTemplate,
    matchers::{body_json, method, path},
};

use super::*;
use crate::tool::ToolErrorKind;

fn table(url: &str, more: &str) -> String {
    format!("summary = \"x\"\nurl = \"{url}\"\n{more}")
}

/// A server that answers every post to `/` in this way.
async fn server(answer: ResponseTemplate) -> MockServer {
    let server = MockServer::start().await;
    Mock::given(method("POST")).and(path("/")).respond_with(answer).mount(&server).await;
    server
}

async fn refused(answer: ResponseTemplate, more: &str) -> ToolError {
    let server = server(answer).await;
    call(&table(&server.uri(), more), json!({})).await.unwrap_err()
}

#[tokio::test]
async fn the_arguments_are_posted_and_the_reply_is_the_result() {
    let server = MockServer::start().await;
    let sent = json!({"city": "Ulm", "days": 2});
    Mock::given(method("POST"))
        .and(path("/weather"))
        .and(body_json(&sent))
        .respond_with(ResponseTemplate::new(200).set_body_json(json!({"sky": "clear"})))
        .expect(1)
        .mount(&server)
        .await;
    let more = "[arguments]\ncity = \"c\"\ndays = { type = \"integer\" }";
    let seen =
        call(&table(&format!("{}/weather", server.uri()), more), json!({"city": "Ulm", "days": "2"})).await.unwrap();
    assert_eq!((seen.value, seen.text.as_str()), (json!({"sky": "clear"}), r#"{"sky":"clear"}"#));
}

#[tokio::test]
async fn the_image_goes_as_a_data_url_and_a_picture_comes_back() {
    let mut png = std::io::Cursor::new(Vec::new());
    RgbImage::new(3, 2).write_to(&mut png, image::ImageFormat::Png).unwrap();
    let png = png.into_inner();
    let url = format!("data:image/png;base64,{}", STANDARD.encode(&png));
    for answer in [
        ResponseTemplate::new(200).set_body_raw(png.clone(), "image/png"),
        ResponseTemplate::new(200).set_body_json(json!({"image": url})),
        ResponseTemplate::new(200).set_body_string(url.clone()),
    ] {
        let server = server(answer).await;
        let cx = session();
        let tool = tool(&table(&server.uri(), "output = \"image\"\n[arguments]\nimage = \"i\"")).unwrap();
        let seen = tool.call_json(json!({"image": "img-1"}), &cx).await.unwrap();
        assert_eq!(seen.value, json!({"image": "img-2", "width": 3, "height": 2}));
        assert_eq!(cx.images.get("img-2").unwrap().parent.as_deref(), Some("img-1"));
        let posted: Value = server.received_requests().await.unwrap()[0].body_json().unwrap();
        let encoded = posted["image"].as_str().unwrap().strip_prefix("data:image/png;base64,").unwrap();
        let sent = image::load_from_memory(&STANDARD.decode(encoded).unwrap()).unwrap();
        assert_eq!((sent.width(), sent.height()), (12, 8));
    }
    let error = refused(ResponseTemplate::new(200).set_body_string("sorry"), "output = \"image\"").await;
    assert!(error.message.contains("no picture that can be used"), "{}", error.message);
}

#[tokio::test]
async fn pages_refusals_and_floods_are_told_apart() {
    let page = ResponseTemplate::new(200).set_body_raw("<!DOCTYPE html><p>Hello", "text/html");
    let error = refused(page, "").await;
    assert!(error.message.contains("a web page instead of data") && error.hint.unwrap().contains("[tools.mine]"));
    let hidden = refused(ResponseTemplate::new(200).set_body_string("\n<html>"), "").await;
    assert!(hidden.message.contains("a web page"));
    let error = refused(ResponseTemplate::new(422).set_body_string("city is unknown"), "").await;
    assert_eq!(error.kind, ToolErrorKind::InvalidInput);
    assert!(error.feedback.contains("city is unknown"));
    for (status, says, hint) in
        [(401, "401", "a key"), (404, "404", "POST"), (500, "500", "log"), (429, "429", "fewer")]
    {
        let error = refused(ResponseTemplate::new(status).set_body_string("token abc"), "").await;
        assert_eq!(error.kind, ToolErrorKind::Internal);
        assert!(error.message.contains(says) && error.hint.unwrap().contains(hint), "{}", error.message);
        assert!(!error.feedback.contains("abc"), "what a broken service says is not for the model");
    }
    let error = refused(ResponseTemplate::new(200).set_body_string("x".repeat(101)), "max_output = 100").await;
    assert!(error.kind == ToolErrorKind::ResourceLimit && error.message.contains("100 bytes"), "{error}");
    let error = refused(ResponseTemplate::new(200).set_body_string("{"), "output = \"json\"").await;
    assert!(error.message.contains("no JSON"));
    let slow = ResponseTemplate::new(200).set_delay(Duration::from_secs(20));
    let error = refused(slow, "timeout = 0.3").await;
    assert_eq!(error.kind, ToolErrorKind::ResourceLimit);
}

#[tokio::test]
async fn redirects_are_followed_to_the_same_server_only() {
    let other = server(ResponseTemplate::new(200).set_body_string("other")).await;
    for status in [302, 307] {
        let to = other.uri();
        let error = refused(ResponseTemplate::new(status).insert_header("location", to.as_str()), "").await;
        assert!(error.message.contains(&to) && error.message.contains("not followed"), "{}", error.message);
    }
    assert!(other.received_requests().await.unwrap().is_empty());
    let here = server(ResponseTemplate::new(308).insert_header("location", "/slash/")).await;
    Mock::given(method("POST"))
        .and(path("/slash/"))
        .and(body_json(json!({"a": "b"})))
        .respond_with(ResponseTemplate::new(200).set_body_string("here"))
        .mount(&here)
        .await;
    let seen = call(&table(&here.uri(), "[arguments]\na = \"x\""), json!({"a": "b"})).await.unwrap();
    assert_eq!(seen.text, "here");
    let round = server(ResponseTemplate::new(307).insert_header("location", "/")).await;
    assert!(call(&table(&round.uri(), ""), json!({})).await.unwrap_err().message.contains("not followed"));
}

#[tokio::test]
async fn a_service_that_is_not_there_is_out_of_service() {
    let error = call(&table("http://user:secret@127.0.0.1:9/x?key=secret", ""), json!({})).await.unwrap_err();
    assert!(error.message.contains("http://127.0.0.1:9/x cannot be reached"), "{}", error.message);
    assert!(!error.message.contains("secret") && error.feedback.contains("not available"));
}
