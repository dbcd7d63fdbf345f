//! Lines of a body that arrives in pieces.

use reqwest::Response;

use super::from_reqwest;
use crate::chat::{ChatError, ChatErrorKind};

/// The longest line that is taken, in bytes: nothing that a model writes comes near it.
const LONGEST_LINE: usize = 16 * 1024 * 1024;

/// Cuts a response into lines, wherever its pieces were cut, also inside a character.
pub(in crate::chat) struct Lines {
    response: Response,
    base_url: std::sync::Arc<str>,
    buffer: Vec<u8>,
    /// Bytes of the buffer that are known to hold no line feed.
    searched: usize,
    ended: bool,
}

impl Lines {
    pub(in crate::chat) fn new(response: Response, base_url: std::sync::Arc<str>) -> Self {
        Self { response, base_url, buffer: Vec::new(), searched: 0, ended: false }
    }

    /// The next line that is not blank, without its end; the last one need not have an end.
    pub(in crate::chat) async fn next(&mut self) -> Result<Option<String>, ChatError> {
        loop {
            let end = self.buffer[self.searched..].iter().position(|byte| *byte == b'\n');
            let line: Vec<u8> = match end {
                Some(end) => self.buffer.drain(..=self.searched + end).collect(),
                None if self.ended && self.buffer.is_empty() => return Ok(None),
                None if self.ended => std::mem::take(&mut self.buffer),
                None => {
                    self.searched = self.buffer.len();
                    self.read().await?;
                    continue;
                }
            };
            self.searched = 0;
            let line = String::from_utf8_lossy(&line).trim().to_owned();
            if !line.is_empty() {
                return Ok(Some(line));
            }
        }
    }

    async fn read(&mut self) -> Result<(), ChatError> {
        match self.response.chunk().await.map_err(|error| from_reqwest(&error, &self.base_url))? {
            Some(chunk) => self.buffer.extend_from_slice(&chunk),
            None => self.ended = true,
        }
        if self.buffer.len() > LONGEST_LINE {
            let message = format!("{} sent a line of more than {LONGEST_LINE} bytes", self.base_url);
            return Err(ChatError::new(ChatErrorKind::BadResponse, message));
        }
        Ok(())
    }
}
