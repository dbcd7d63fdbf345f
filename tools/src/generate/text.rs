//! Texts to tokens and back, by a `tokenizer.json`.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, LazyLock, Mutex, PoisonError},
    time::SystemTime,
};

use indexmap::IndexMap;

use crate::onnx::ModelError;

/// Tokenizers kept open: that of SigLIP 2 has 34 MB, which take a second to read.
const KEPT: usize = 4;

type Key = (PathBuf, Option<SystemTime>);

/// A tokenizer of the Hugging Face form.
pub struct Tokenizer {
    inner: tokenizers::Tokenizer,
    file: String,
}

impl Tokenizer {
    /// Reads a `tokenizer.json`.
    pub fn open(file: &Path) -> Result<Self, ModelError> {
        let name = file.display().to_string();
        let wrong = |error| ModelError::new(format!("the tokenizer {name} cannot be read: {error}"));
        let mut inner = tokenizers::Tokenizer::from_file(file).map_err(wrong)?;
        // Some files keep the lengths of their last use; here the caller pads and cuts.
        inner.with_padding(None);
        inner.with_truncation(None).map_err(wrong)?;
        Ok(Self { inner, file: name })
    }

    /// The same, read once in a process while it is among the last few that were asked for.
    pub fn shared(file: &Path) -> Result<Arc<Self>, ModelError> {
        static OPEN: LazyLock<Mutex<IndexMap<Key, Arc<Tokenizer>>>> = LazyLock::new(Mutex::default);
        // A file that was replaced is read again.
        let changed = fs_err::metadata(file).and_then(|metadata| metadata.modified()).ok();
        let key = (file.to_owned(), changed);
        let open = || OPEN.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = open().get(&key) {
            return Ok(known.clone());
        }
        let tokenizer = Arc::new(Self::open(file)?);
        let mut open = open();
        while open.len() >= KEPT {
            open.shift_remove_index(0);
        }
        open.insert(key, tokenizer.clone());
        Ok(tokenizer)
    }

    /// The ids of a text; `special`: with the marks that the model expects around it.
    pub fn encode(&self, text: &str, special: bool) -> Result<Vec<i64>, ModelError> {
        let encoded = self
            .inner
            .encode(text, special)
            .map_err(|error| ModelError::new(format!("the tokenizer {} failed: {error}", self.file)))?;
        Ok(encoded.get_ids().iter().map(|id| i64::from(*id)).collect())
    }

    /// The text of ids; `special`: with special tokens.
    pub fn decode(&self, ids: &[i64], special: bool) -> Result<String, ModelError> {
        let ids: Vec<u32> = ids.iter().filter_map(|id| u32::try_from(*id).ok()).collect();
        self.inner
            .decode(&ids, !special)
            .map_err(|error| ModelError::new(format!("the tokenizer {} failed: {error}", self.file)))
    }

    /// The id of a token, such as `<image>`.
    pub fn id(&self, token: &str) -> Option<i64> {
        self.inner.token_to_id(token).map(i64::from)
    }

    /// The token of an id.
    pub fn token(&self, id: i64) -> Option<String> {
        u32::try_from(id).ok().and_then(|id| self.inner.id_to_token(id))
    }

    /// A special token that a text has in it: it would be read as that token, and not as words.
    pub fn special_in(&self, text: &str) -> Option<String> {
        let special = self.inner.get_added_tokens_decoder().into_iter().filter(|(_, token)| token.special);
        let found = special.filter(|(_, token)| !token.content.is_empty() && text.contains(&token.content));
        found.min_by_key(|(id, _)| *id).map(|(_, token)| token.content)
    }
}
