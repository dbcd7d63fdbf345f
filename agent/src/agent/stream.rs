//! A run as a stream of its events.

use std::{
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll},
};

use futures_util::{FutureExt, Stream, future::BoxFuture};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use super::{Agent, Task};
use crate::run::{Outcome, RunEvent, RunEvents};

/// The events of one run, in order. The run continues only while the stream is polled, and ends with it: dropping it
/// cancels what is under way. After the last event [`RunStream::outcome`] has the result.
pub struct RunStream<'a> {
    run: Option<BoxFuture<'a, Outcome>>,
    events: UnboundedReceiver<RunEvent>,
    outcome: Option<Outcome>,
}

impl RunStream<'_> {
    /// The result, once the stream has ended.
    pub fn outcome(&mut self) -> Option<Outcome> {
        self.outcome.take()
    }
}

impl Stream for RunStream<'_> {
    type Item = RunEvent;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<RunEvent>> {
        let this = self.get_mut();
        if let Some(run) = &mut this.run
            && let Poll::Ready(outcome) = run.poll_unpin(context)
        {
            this.outcome = Some(outcome);
            this.run = None;
        }
        this.events.poll_recv(context)
    }
}

/// Sends events to the stream and to the agent's own sink.
struct Both {
    stream: Mutex<UnboundedSender<RunEvent>>,
    own: Arc<dyn RunEvents>,
}

impl RunEvents for Both {
    fn emit(&self, event: RunEvent) {
        // A stream that is gone has nobody to tell.
        let _ = self.stream.lock().unwrap_or_else(PoisonError::into_inner).send(event.clone());
        self.own.emit(event);
    }
}

impl Agent {
    /// Works on a task like [`Agent::run`], handing out its events as they come.
    pub fn stream(&self, task: impl Into<Task>) -> RunStream<'_> {
        let (sender, events) = unbounded_channel();
        let both: Arc<dyn RunEvents> = Arc::new(Both { stream: Mutex::new(sender), own: self.events.clone() });
        let task = task.into();
        let run = async move { self.work(task, None, &self.cx, &both).await };
        RunStream { run: Some(run.boxed()), events, outcome: None }
    }
}
