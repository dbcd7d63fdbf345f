//! A server for tests that can do what real ones do and mock servers cannot: send a body in pieces and break it off.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

/// One scripted answer.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    status: u16,
    headers: Vec<(String, String)>,
    pieces: Vec<Vec<u8>>,
    cut: bool,
    /// Waits before the answer, and before the last piece of its body.
    delay: Duration,
    stall: Duration,
}

impl Answer {
    pub(crate) fn new(status: u16, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        let headers = vec![("content-type".to_owned(), content_type.to_owned())];
        Self { status, headers, pieces: vec![body.into()], cut: false, delay: Duration::ZERO, stall: Duration::ZERO }
    }

    pub(crate) fn json(body: &Value) -> Self {
        Self::new(200, "application/json", body.to_string())
    }

    pub(crate) fn sse(body: impl Into<Vec<u8>>) -> Self {
        Self::new(200, "text/event-stream", body)
    }

    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Says nothing of the body.
    pub(crate) fn without_headers(mut self) -> Self {
        self.headers.clear();
        self
    }

    /// Sends the body in pieces that end at these offsets.
    pub(crate) fn split_at(mut self, offsets: &[usize]) -> Self {
        let body = self.pieces.concat();
        let mut bounds = vec![0];
        bounds.extend(offsets.iter().map(|offset| (*offset).min(body.len())));
        bounds.push(body.len());
        self.pieces = bounds.windows(2).map(|pair| body[pair[0]..pair[1]].to_vec()).collect();
        self.pieces.retain(|piece| !piece.is_empty());
        self
    }

    /// Sends the body in pieces of this many bytes.
    pub(crate) fn split_every(self, size: usize) -> Self {
        let length: usize = self.pieces.iter().map(Vec::len).sum();
        let offsets: Vec<usize> = (1..=length / size).map(|number| number * size).collect();
        self.split_at(&offsets)
    }

    /// Says nothing for a while.
    pub(crate) fn after(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }

    /// Falls silent before the last piece of the body.
    pub(crate) fn stalling(mut self, stall: Duration) -> Self {
        self.stall = stall;
        self
    }

    /// Closes the connection after the body, which then lacks its end.
    pub(crate) fn cut(mut self) -> Self {
        self.cut = true;
        self
    }
}

/// One request as it came.
#[derive(Clone, Debug)]
pub(crate) struct Received {
    /// Such as `POST /v1/chat/completions`.
    pub(crate) line: String,
    /// Names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Value,
}

/// What the connections share.
#[derive(Default)]
struct Script {
    answers: VecDeque<Answer>,
    asides: Vec<(String, Answer)>,
}

/// A running server. Requests for a chat get the answers in order, those beyond them 599. What a server is asked of
/// itself beside that gets its own answer, else 404.
pub(crate) struct Loopback {
    port: u16,
    script: Arc<Mutex<Script>>,
    received: Arc<Mutex<Vec<Received>>>,
    serving: tokio::task::JoinHandle<()>,
}

impl Drop for Loopback {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

#[expect(clippy::unwrap_used, reason = "a failed set-up fails the test")]
impl Loopback {
    pub(crate) async fn serve(answers: Vec<Answer>) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let script = Arc::new(Mutex::new(Script { answers: answers.into(), asides: Vec::new() }));
        let received = Arc::<Mutex<Vec<Received>>>::default();
        let (kept, scripted) = (received.clone(), script.clone());
        let serving = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (script, kept) = (scripted.clone(), kept.clone());
                tokio::spawn(async move {
                    // The client may go away at any time.
                    let _ = answer(stream, &script, &kept).await;
                });
            }
        });
        Self { port, script, received, serving }
    }

    /// Answers a question beside the chat, such as `POST /api/show`.
    pub(crate) fn aside(self, line: &str, answer: Answer) -> Self {
        self.script.lock().unwrap_or_else(PoisonError::into_inner).asides.push((line.to_owned(), answer));
        self
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    pub(crate) fn received(&self) -> Vec<Received> {
        self.received.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The requests for a chat.
    pub(crate) fn chats(&self) -> Vec<Received> {
        self.received().into_iter().filter(Received::is_chat).collect()
    }
}

impl Received {
    fn is_chat(&self) -> bool {
        self.line.ends_with("/chat/completions") || self.line.ends_with("/api/chat")
    }
}

async fn answer(mut stream: TcpStream, script: &Mutex<Script>, received: &Mutex<Vec<Received>>) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let Some(request) = read(&mut stream).await? else { return Ok(()) };
    let answer = {
        let mut script = script.lock().unwrap_or_else(PoisonError::into_inner);
        if request.is_chat() {
            script
                .answers
                .pop_front()
                .unwrap_or_else(|| Answer::new(599, "text/plain", "the script has no answer left"))
        } else {
            let aside = script.asides.iter().find(|(line, _)| *line == request.line);
            aside.map_or_else(|| Answer::new(404, "text/plain", "not here"), |(_, answer)| answer.clone())
        }
    };
    received.lock().unwrap_or_else(PoisonError::into_inner).push(request);
    tokio::time::sleep(answer.delay).await;
    let mut head = format!("HTTP/1.1 {} Scripted\r\n", answer.status);
    for (name, value) in &answer.headers {
        head.extend([name, ": ", value, "\r\n"]);
    }
    head.push_str("transfer-encoding: chunked\r\nconnection: close\r\n\r\n");
    stream.write_all(head.as_bytes()).await?;
    for (index, piece) in answer.pieces.iter().enumerate().filter(|(_, piece)| !piece.is_empty()) {
        if index > 0 && index + 1 == answer.pieces.len() {
            tokio::time::sleep(answer.stall).await;
        }
        let mut chunk = format!("{:x}\r\n", piece.len()).into_bytes();
        chunk.extend_from_slice(piece);
        chunk.extend_from_slice(b"\r\n");
        stream.write_all(&chunk).await?;
        stream.flush().await?;
        if answer.pieces.len() > 1 {
            tokio::task::yield_now().await;
        }
    }
    if answer.cut {
        // What was sent is read before the end is seen.
        tokio::time::sleep(Duration::from_millis(20)).await;
    } else {
        stream.write_all(b"0\r\n\r\n").await?;
    }
    stream.shutdown().await
}

async fn read(stream: &mut TcpStream) -> std::io::Result<Option<Received>> {
    let mut bytes = Vec::new();
    let head = loop {
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break end;
        }
        if stream.read_buf(&mut bytes).await? == 0 {
            return Ok(None);
        }
    };
    let text = String::from_utf8_lossy(&bytes[..head]).into_owned();
    let mut lines = text.lines();
    let line = lines.next().unwrap_or_default().trim_end_matches(" HTTP/1.1").to_owned();
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_lowercase(), value.trim().to_owned()))
        .collect();
    let length = headers.iter().find(|(name, _)| name == "content-length");
    let length: usize = length.and_then(|(_, value)| value.parse().ok()).unwrap_or(0);
    while bytes.len() < head + 4 + length {
        if stream.read_buf(&mut bytes).await? == 0 {
            return Ok(None);
        }
    }
    let body = serde_json::from_slice(&bytes[head + 4..]).unwrap_or(Value::Null);
    Ok(Some(Received { line, headers, body }))
}
