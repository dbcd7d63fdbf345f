//! Cancellation of blocking work.

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicBool, Ordering},
};

use crate::error::ToolError;

type Hook = Box<dyn Fn() + Send>;

/// The stop switch of one piece of blocking work. Clones share it.
#[derive(Clone, Default)]
pub struct RunControl {
    inner: Arc<Inner>,
}

#[derive(Default)]
struct Inner {
    cancelled: AtomicBool,
    hook: Mutex<Option<Hook>>,
}

impl RunControl {
    /// A switch that is not thrown.
    pub fn new() -> Self {
        Self::default()
    }

    /// Throws the switch: `check` fails from now on, and a session run under way is told to stop.
    pub fn cancel(&self) {
        self.inner.cancelled.store(true, Ordering::SeqCst);
        if let Some(hook) = &*self.inner.hook.lock().unwrap_or_else(PoisonError::into_inner) {
            hook();
        }
    }

    /// Whether the switch was thrown.
    pub fn is_cancelled(&self) -> bool {
        self.inner.cancelled.load(Ordering::SeqCst)
    }

    /// An error once the switch was thrown; to be called between the stages of a pipeline.
    pub fn check(&self) -> Result<(), ToolError> {
        if self.is_cancelled() { Err(ToolError::cancelled()) } else { Ok(()) }
    }

    /// Calls `hook` if the switch is thrown while `work` runs.
    pub(super) fn during<T>(&self, hook: Hook, work: impl FnOnce() -> T) -> T {
        *self.inner.hook.lock().unwrap_or_else(PoisonError::into_inner) = Some(hook);
        if self.is_cancelled() {
            self.cancel();
        }
        let value = work();
        *self.inner.hook.lock().unwrap_or_else(PoisonError::into_inner) = None;
        value
    }
}
