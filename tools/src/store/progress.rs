//! How long installations are shown: a trait, nothing, and bars on stderr.

use std::{
    io::{IsTerminal, Write},
    time::Duration,
};

use indicatif::{HumanBytes, MultiProgress, ProgressBar, ProgressStyle};

/// Shows what takes long.
pub trait Progress: Send + Sync {
    /// Something begins; `bytes` is its size where known. It ends when the item is dropped.
    fn begin(&self, what: &str, bytes: Option<u64>) -> Box<dyn ProgressItem>;
    /// Something that the user should know, such as a damaged file that was healed.
    fn warn(&self, message: &str);
}

/// One thing under way.
pub trait ProgressItem: Send + Sync {
    /// How many bytes are there in all.
    fn set(&self, bytes: u64);
}

/// Shows nothing; warnings go to the log.
#[derive(Clone, Copy, Debug, Default)]
pub struct SilentProgress;

impl Progress for SilentProgress {
    fn begin(&self, _what: &str, _bytes: Option<u64>) -> Box<dyn ProgressItem> {
        Box::new(Self)
    }

    fn warn(&self, message: &str) {
        tracing::warn!("{message}");
    }
}

impl ProgressItem for SilentProgress {
    fn set(&self, _bytes: u64) {}
}

/// Bars on stderr. Where stderr is no terminal, a line at the beginning of each thing instead.
#[derive(Clone, Debug)]
pub struct TerminalProgress {
    bars: MultiProgress,
    is_terminal: bool,
}

impl Default for TerminalProgress {
    fn default() -> Self {
        Self::new(MultiProgress::new())
    }
}

impl TerminalProgress {
    /// Draws among the bars of `bars`, so that the caller's own lines and these do not disturb each other.
    pub fn new(bars: MultiProgress) -> Self {
        Self { bars, is_terminal: std::io::stderr().is_terminal() }
    }

    fn line(&self, text: &str) {
        // Nothing can be done about a stderr that takes nothing.
        let _ = self.bars.suspend(|| writeln!(std::io::stderr().lock(), "{text}"));
    }
}

impl Progress for TerminalProgress {
    fn begin(&self, what: &str, bytes: Option<u64>) -> Box<dyn ProgressItem> {
        if !self.is_terminal {
            match bytes {
                Some(bytes) => self.line(&format!("{what} ({})", HumanBytes(bytes))),
                None => self.line(what),
            }
            return Box::new(SilentProgress);
        }
        let (bar, template) = match bytes {
            Some(bytes) => {
                (ProgressBar::new(bytes), "{spinner} {msg} [{bar:24}] {bytes}/{total_bytes} {bytes_per_sec} {eta}")
            }
            None => (ProgressBar::new_spinner(), "{spinner} {msg} {bytes} {elapsed}"),
        };
        let bar = self.bars.add(bar.with_message(what.to_owned()));
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style.progress_chars("=> "));
        }
        bar.enable_steady_tick(Duration::from_millis(120));
        Box::new(Bar(bar))
    }

    fn warn(&self, message: &str) {
        self.line(&format!("warning: {message}"));
    }
}

struct Bar(ProgressBar);

impl ProgressItem for Bar {
    fn set(&self, bytes: u64) {
        self.0.set_position(bytes);
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
