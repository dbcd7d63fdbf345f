//! Embeddings of the last few pictures, so that a second prompt on the same picture costs only the decoder.

use std::sync::{Arc, Mutex, PoisonError, Weak};

use image::RgbImage;
use ndarray::ArrayD;
use sha2::{Digest, Sha256};

use crate::{onnx::LoadedModel, tool::ToolError};

/// What an encoder made of a picture.
#[derive(Debug)]
pub struct Embedding {
    /// Its outputs by name.
    pub tensors: Vec<(String, ArrayD<f32>)>,
}

impl Embedding {
    fn bytes(&self) -> usize {
        self.tensors.iter().map(|(_, tensor)| tensor.len() * size_of::<f32>()).sum()
    }
}

/// Bytes that are kept at most, over all models: the embeddings of a dozen pictures of SAM, of seven of SAM 2.
const MOST_BYTES: usize = 128 << 20;
/// Pictures that are kept at most.
const MOST_PICTURES: usize = 16;

struct Entry {
    /// The model itself: a later one may bear its name.
    model: Weak<LoadedModel>,
    picture: [u8; 32],
    embedding: Arc<Embedding>,
}

/// Oldest use first.
static KEPT: Mutex<Vec<Entry>> = Mutex::new(Vec::new());

/// The embedding of a picture by its content, from an earlier call or made now.
pub(super) fn remembered(
    model: &Arc<LoadedModel>,
    image: &RgbImage,
    make: impl FnOnce() -> Result<Embedding, ToolError>,
) -> Result<Arc<Embedding>, ToolError> {
    let picture = fingerprint(image);
    let own = Arc::downgrade(model);
    if let Some(embedding) = recall(&own, picture) {
        return Ok(embedding);
    }
    let embedding = Arc::new(make()?);
    keep(Entry { model: own, picture, embedding: embedding.clone() });
    Ok(embedding)
}

fn recall(model: &Weak<LoadedModel>, picture: [u8; 32]) -> Option<Arc<Embedding>> {
    let mut kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
    let at = kept.iter().position(|entry| entry.picture == picture && entry.model.ptr_eq(model))?;
    let entry = kept.remove(at);
    let embedding = entry.embedding.clone();
    kept.push(entry);
    Some(embedding)
}

fn keep(entry: Entry) {
    let mut kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
    kept.retain(|old| old.model.strong_count() > 0);
    kept.push(entry);
    let mut bytes: usize = kept.iter().map(|entry| entry.embedding.bytes()).sum();
    while kept.len() > 1 && (bytes > MOST_BYTES || kept.len() > MOST_PICTURES) {
        bytes -= kept.remove(0).embedding.bytes();
    }
}

fn fingerprint(image: &RgbImage) -> [u8; 32] {
    let mut hasher = Sha256::new();
    hasher.update(image.width().to_le_bytes());
    hasher.update(image.height().to_le_bytes());
    hasher.update(image.as_raw());
    hasher.finalize().into()
}
