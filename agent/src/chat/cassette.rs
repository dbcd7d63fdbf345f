//! A model whose conversation is kept in a file: recorded from another model once, replayed without it ever after.
//!
//! Replaying checks every request against the recorded one, so that a prompt that has changed is noticed and not answered
//! with a reply to something else. For tests of programs that embed Argus, and for reproducing a run without its model.

mod difference;
mod tape;

use std::{path::Path, sync::Arc};

use async_trait::async_trait;
use tokio_util::sync::CancellationToken;

use self::{difference::first_difference, tape::Tape};
use super::{Capabilities, ChatError, ChatErrorKind, ChatModel, ChatReply, ChatRequest, Message, OnDelta};

/// A [`ChatModel`] that records another one, or replays what was recorded.
///
/// The file has one JSON object a line: what the model is, then each request with the reply or the error it got, each
/// count of tokens, and what a probe found. It holds prompts and replies as they are, no key and no address.
pub struct Cassette {
    id: String,
    /// The model that is recorded; none while replaying.
    inner: Option<Arc<dyn ChatModel>>,
    tape: Tape,
}

impl Cassette {
    /// Records what passes between the caller and this model. A file that is there already is replaced.
    pub fn record(inner: Arc<dyn ChatModel>, path: impl AsRef<Path>) -> Result<Self, ChatError> {
        let tape = Tape::create(path.as_ref(), inner.id(), inner.capabilities())?;
        Ok(Self { id: inner.id().to_owned(), inner: Some(inner), tape })
    }

    /// Replays a file under the name and with the capabilities of the model that was recorded.
    pub fn replay(path: impl AsRef<Path>) -> Result<Self, ChatError> {
        let (tape, id) = Tape::open(path.as_ref())?;
        Ok(Self { id, inner: None, tape })
    }

    /// How many recorded requests were not asked for yet; 0 while recording.
    pub fn left(&self) -> usize {
        self.tape.left()
    }

    fn replayed(&self, request: &ChatRequest) -> Result<ChatReply, ChatError> {
        let wrong = |what: String| ChatError::new(ChatErrorKind::BadRequest, format!("{}: {what}", self.tape.name()));
        let Some((number, recorded)) = self.tape.next() else {
            return Err(wrong("there is no recorded request left for this one".into())
                .with_hint("record the conversation again"));
        };
        let value = |request: &ChatRequest| serde_json::to_value(request).unwrap_or_default();
        if let Some(difference) = first_difference(&value(&recorded.request), &value(request)) {
            return Err(wrong(format!("request {number} is not the recorded one: {difference}"))
                .with_hint("record the conversation again if the change is wanted"));
        }
        recorded.outcome()
    }
}

#[async_trait]
impl ChatModel for Cassette {
    fn id(&self) -> &str {
        &self.id
    }

    fn capabilities(&self) -> Capabilities {
        self.inner.as_ref().map_or_else(|| self.tape.capabilities(), |inner| inner.capabilities())
    }

    async fn probe(&self, cancel: &CancellationToken) -> Capabilities {
        match &self.inner {
            Some(inner) => {
                let found = inner.probe(cancel).await;
                self.tape.keep_probe(found);
                found
            }
            None => self.tape.probed(),
        }
    }

    async fn count_tokens(&self, messages: &[Message], cancel: &CancellationToken) -> Option<usize> {
        match &self.inner {
            Some(inner) => {
                let count = inner.count_tokens(messages, cancel).await;
                self.tape.keep_count(messages, count);
                count
            }
            None => self.tape.count(messages),
        }
    }

    async fn prepare(&self, prefix: &[Message], cancel: &CancellationToken) -> Result<(), ChatError> {
        match &self.inner {
            Some(inner) => inner.prepare(prefix, cancel).await,
            None => Ok(()),
        }
    }

    async fn complete(
        &self,
        request: &ChatRequest,
        on_delta: OnDelta<'_>,
        cancel: &CancellationToken,
    ) -> Result<ChatReply, ChatError> {
        if let Some(inner) = &self.inner {
            let reply = inner.complete(request, on_delta, cancel).await;
            self.tape.keep(request, &reply)?;
            return reply;
        }
        if cancel.is_cancelled() {
            return Err(ChatError::cancelled());
        }
        let reply = self.replayed(request)?;
        if let Some(on_delta) = on_delta {
            reply.show(on_delta);
        }
        Ok(reply)
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed set-up fails the test")]
mod tests {
    use super::*;
    use crate::chat::{Delta, scripted::Scripted};

    fn asking(words: &str) -> ChatRequest {
        let messages = vec![Message::system("s"), Message::user(words)];
        ChatRequest { messages, temperature: Some(0.1), ..ChatRequest::default() }
    }

    async fn ask(model: &Cassette, words: &str) -> Result<ChatReply, ChatError> {
        model.complete(&asking(words), None, &CancellationToken::new()).await
    }

    #[tokio::test]
    async fn what_was_recorded_is_replayed() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("tape.jsonl");
        let failure = ChatError { status: Some(500), ..ChatError::new(ChatErrorKind::Server, "boom") };
        let inner = Scripted::new().reply("one").failure(failure.clone()).reply("two");
        let cassette = Cassette::record(Arc::new(inner), &path).unwrap();
        let cancel = CancellationToken::new();
        let found = cassette.probe(&cancel).await;
        assert_eq!(cassette.count_tokens(&asking("a").messages, &cancel).await, None);
        let first = ask(&cassette, "a").await.unwrap();
        assert_eq!(ask(&cassette, "b").await.unwrap_err(), failure);
        ask(&cassette, "c").await.unwrap();
        drop(cassette);

        let again = Cassette::replay(&path).unwrap();
        assert_eq!((again.id(), again.left(), again.capabilities()), ("scripted", 3, found));
        assert_eq!(again.probe(&cancel).await, found);
        let mut deltas = Vec::new();
        let mut on_delta = |delta| deltas.push(delta);
        assert_eq!(again.complete(&asking("a"), Some(&mut on_delta), &cancel).await.unwrap(), first);
        assert_eq!(deltas, [Delta::Text("one".into())]);
        assert_eq!(ask(&again, "b").await.unwrap_err(), failure);
        let error = ask(&again, "see").await.unwrap_err();
        assert_eq!(error.kind, ChatErrorKind::BadRequest);
        assert!(
            error.message.contains("request 3 is not the recorded one: /messages/1/content differs from character 0"),
            "{error}"
        );
        assert!(ask(&again, "d").await.unwrap_err().message.contains("no recorded request left"));
    }

    #[test]
    fn files_that_are_no_cassettes_are_refused() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("tape.jsonl");
        let refused = |text: &str| {
            fs_err::write(&path, text).unwrap();
            Cassette::replay(&path).err().unwrap().message
        };
        assert!(Cassette::replay(directory.path().join("none")).is_err());
        assert!(refused("").contains("is empty"));
        assert!(refused("{\"a\":1}\n").contains("line 1"));
        let head = "{\"cassette\":1,\"model\":\"m\",\"capabilities\":{\"native_tools\":false,\"json_schema\":true,\"context_tokens\":null}}\n";
        assert!(refused(&head.replace("\":1,", "\":9,")).contains("version 9"));
        assert!(refused(&format!("{head}{{\"request\":1}}\n")).contains("line 2"));
        fs_err::write(&path, head).unwrap();
        assert_eq!(Cassette::replay(&path).unwrap().id(), "m");
    }
}
