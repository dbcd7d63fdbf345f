//! The managed server with a program in its place that answers as `llama-server` does: how it is started, asked, and mourned.
#![expect(clippy::unwrap_used, reason = "a failed set-up fails the test")]

use std::{
    fmt::Write as _,
    io::{BufRead, BufReader, Read, Write},
    net::TcpListener,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::{LocalModel, LocalOptions, gguf::tests::gguf};
use crate::{
    chat::{ChatModel, ChatRequest, Message},
    run::Protocol,
};

const Q4_K: u32 = 12;
const Q8_0: u32 = 8;
const FOLDER: &str = "ARGUS_FAKE_SERVER_FOLDER";

/// A folder with a program, a model of so many billions and its projector.
struct Bench(tempfile::TempDir);

impl Bench {
    /// `then` is what the program does when it is to serve.
    fn new(kind: u32, billions: u64, then: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs_err::write(folder.path().join("model.gguf"), gguf("qwen3", kind, billions * 1_000_000)).unwrap();
        fs_err::write(folder.path().join("mmproj.gguf"), gguf("clip", kind, 1)).unwrap();
        let program = folder.path().join("llama-server");
        let knows = "--mmproj --reasoning-budget";
        let text = format!(
            "#!/bin/sh\ncase $1 in --help) echo {knows}; exit;; --list-devices) exit;; esac\n\
             echo \"$@\" > {folder}/args\n{then}\n",
            folder = folder.path().display()
        );
        fs_err::write(&program, text).unwrap();
        fs_err::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
        Self(folder)
    }

    /// The program runs this test binary, which serves.
    fn serving(billions: u64) -> Self {
        let bench = Self::new(Q4_K, billions, "exec_here");
        let (program, name) = (bench.path("llama-server"), "chat::local::tests::the_program_that_serves");
        let mut serve = format!("{FOLDER}={} exec ", bench.0.path().display());
        write!(serve, "{} --exact {name} --nocapture", std::env::current_exe().unwrap().display()).unwrap();
        let text = fs_err::read_to_string(&program).unwrap().replace("exec_here", &serve);
        fs_err::write(&program, text).unwrap();
        bench
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn model(&self, looks: bool) -> LocalModel {
        let mut options = LocalOptions::new(self.path("llama-server"), self.path("model.gguf"), self.path("state"));
        options.mmproj = looks.then(|| self.path("mmproj.gguf"));
        LocalModel::new(options.read_header().unwrap())
    }

    fn args(&self) -> String {
        fs_err::read_to_string(self.path("args")).unwrap()
    }
}

/// No test of its own: the process that stands for `llama-server`.
#[test]
fn the_program_that_serves() {
    let Some(folder) = std::env::var_os(FOLDER).map(PathBuf::from) else { return };
    let args = fs_err::read_to_string(folder.join("args")).unwrap();
    let port = args.split_whitespace().skip_while(|arg| *arg != "--port").nth(1).unwrap().to_owned();
    let listener = TcpListener::bind(format!("127.0.0.1:{port}")).unwrap();
    for stream in listener.incoming() {
        let mut stream = BufReader::new(stream.unwrap());
        let (mut first, mut line, mut length) = (String::new(), String::new(), 0);
        stream.read_line(&mut first).unwrap();
        while stream.read_line(&mut line).unwrap() > 2 {
            if let Some(bytes) = line.to_lowercase().strip_prefix("content-length:") {
                length = bytes.trim().parse().unwrap();
            }
            line.clear();
        }
        let mut body = vec![0; length];
        stream.read_exact(&mut body).unwrap();
        let answer = if first.starts_with("GET /props") {
            let caps = folder.join("no-tools").exists();
            json!({"default_generation_settings": {"n_ctx": 8192}, "chat_template_caps": {"supports_tool_calls": !caps}})
        } else if first.starts_with("POST /v1/chat") {
            fs_err::write(folder.join("asked"), body).unwrap();
            json!({"choices": [{"message": {"content": "A cat."}, "finish_reason": "stop"}]})
        } else {
            json!({"status": "ok"})
        };
        let answer = answer.to_string();
        let head = format!("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}", answer.len());
        let _ = write!(stream.get_mut(), "{head}\r\nconnection: close\r\n\r\n{answer}");
    }
}

fn asked(folder: &Path) -> Value {
    serde_json::from_slice(&fs_err::read(folder.join("asked")).unwrap()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_with_a_projector_looks_at_pictures_in_a_slot_of_its_own() {
    let bench = Bench::serving(3);
    let model = bench.model(true);
    let cancel = CancellationToken::new();
    let shown = Message::showing("What is it?", vec!["data:image/jpeg;base64,AAAA".into()]);
    let request = ChatRequest { messages: vec![Message::system("Answer."), shown], ..ChatRequest::default() };
    assert_eq!(model.complete(&request, None, &cancel).await.unwrap().text, "A cat.");
    let looked = asked(bench.0.path());
    assert_eq!(
        (&looked["id_slot"], looked["messages"][1]["content"][0]["type"].as_str()),
        (&json!(1), Some("image_url"))
    );
    let plain = ChatRequest { messages: vec![Message::user("Go on.")], ..ChatRequest::default() };
    model.complete(&plain, None, &cancel).await.unwrap();
    assert_eq!(asked(bench.0.path())["id_slot"], 0);
    let args = bench.args();
    // The header bounds the context, which is shared out among two slots.
    for part in ["--mmproj", "mmproj.gguf", "--parallel 2", "--ctx-size 8192", "--reasoning-budget 0"] {
        assert!(args.contains(part), "{part}: {args}");
    }
    assert!(!args.contains("--slot-save-path"), "{args}");
}

#[tokio::test(flavor = "multi_thread")]
async fn large_models_are_asked_natively_where_their_template_knows_tools() {
    let cancel = CancellationToken::new();
    for (billions, knows, expected) in
        [(4, true, Protocol::Native), (4, false, Protocol::Schema), (1, true, Protocol::Schema)]
    {
        let bench = Bench::serving(billions);
        if !knows {
            fs_err::write(bench.path("no-tools"), "").unwrap();
        }
        let found = bench.model(false).probe(&cancel).await;
        assert_eq!((found.preferred, found.context_tokens), (Some(expected), Some(4096)), "{billions}B, {knows}");
        // A small one is not asked: nothing starts for it.
        assert_eq!(bench.path("args").exists(), billions > 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_death_by_an_illegal_instruction_names_the_quantization() {
    let bench = Bench::new(Q8_0, 1, "echo loading tensors; kill -ILL $$");
    let error = bench.model(false).prepare(&[], &CancellationToken::new()).await.unwrap_err();
    assert!(error.message.contains("tensors of q8_0") && error.message.contains("loading tensors"), "{error}");
    assert!(error.hint.unwrap().contains("K-quant"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_library_is_named() {
    let bench = Bench::new(Q4_K, 1, "");
    let script = "#!/bin/sh\necho 'llama-server: error while loading shared libraries: libgomp.so.1: cannot open' >&2\n\
                  exit 127\n";
    fs_err::write(bench.path("llama-server"), script).unwrap();
    let error = bench.model(false).prepare(&[], &CancellationToken::new()).await.unwrap_err();
    assert!(error.message.contains("needs the library libgomp.so.1,"), "{error}");
    let error = super::LocalServer::check(&bench.path("llama-server"), None).await.unwrap_err();
    assert!(error.hint.unwrap().contains("libgomp1"));
}

#[test]
fn a_projector_is_no_language_model() {
    let bench = Bench::new(Q4_K, 1, "");
    let options = LocalOptions::new(bench.path("llama-server"), bench.path("mmproj.gguf"), bench.path("state"));
    assert!(options.read_header().unwrap_err().message.contains("is the projector of a model"));
}
