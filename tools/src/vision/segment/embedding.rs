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

/// The embeddings that are kept, oldest use first.
#[derive(Default)]
struct Kept(Vec<Entry>);

static KEPT: Mutex<Kept> = Mutex::new(Kept(Vec::new()));

impl Kept {
    fn recall(&mut self, model: &Weak<LoadedModel>, picture: [u8; 32]) -> Option<Arc<Embedding>> {
        let at = self.0.iter().position(|entry| entry.picture == picture && entry.model.ptr_eq(model))?;
        let entry = self.0.remove(at);
        let embedding = entry.embedding.clone();
        self.0.push(entry);
        Some(embedding)
    }

    fn keep(&mut self, entry: Entry) {
        self.0.retain(|old| old.model.strong_count() > 0);
        self.0.push(entry);
        let mut bytes: usize = self.0.iter().map(|entry| entry.embedding.bytes()).sum();
        while self.0.len() > 1 && (bytes > MOST_BYTES || self.0.len() > MOST_PICTURES) {
            bytes -= self.0.remove(0).embedding.bytes();
        }
    }
}

/// The embedding of a picture by its content, from an earlier call or made now.
pub(super) fn remembered(
    model: &Arc<LoadedModel>,
    image: &RgbImage,
    make: impl FnOnce() -> Result<Embedding, ToolError>,
) -> Result<Arc<Embedding>, ToolError> {
    let picture = fingerprint(image);
    let own = Arc::downgrade(model);
    let kept = || KEPT.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(embedding) = kept().recall(&own, picture) {
        return Ok(embedding);
    }
    let embedding = Arc::new(make()?);
    kept().keep(Entry { model: own, picture, embedding: embedding.clone() });
    Ok(embedding)
}

fn fingerprint(image: &RgbImage) -> [u8; 32] {
    let mut hasher = Sha256::new();
    hasher.update(image.width().to_le_bytes());
    hasher.update(image.height().to_le_bytes());
    hasher.update(image.as_raw());
    hasher.finalize().into()
}

#[cfg(test)]
mod tests {
    use ndarray::IxDyn;

    use super::*;
    use crate::{
        onnx::{Signature, fake::FakeModel},
        store::ModelFacts,
    };

    fn model() -> Arc<LoadedModel> {
        Arc::new(FakeModel::loaded(Signature::default(), ModelFacts::default(), |_| Vec::new()))
    }

    fn entry(model: &Arc<LoadedModel>, picture: u8, floats: usize) -> Entry {
        let tensors = vec![("embedding".to_owned(), ArrayD::zeros(IxDyn(&[floats])))];
        Entry { model: Arc::downgrade(model), picture: [picture; 32], embedding: Arc::new(Embedding { tensors }) }
    }

    #[test]
    fn the_oldest_use_makes_room() {
        let (model, mut kept) = (model(), Kept::default());
        let own = Arc::downgrade(&model);
        for picture in 0..MOST_PICTURES as u8 {
            kept.keep(entry(&model, picture, 4));
        }
        assert!(kept.recall(&own, [0; 32]).is_some());
        kept.keep(entry(&model, 99, 4));
        assert!(kept.recall(&own, [0; 32]).is_some() && kept.recall(&own, [1; 32]).is_none());
        assert_eq!(kept.0.len(), MOST_PICTURES);
        // One alone is kept, however large.
        kept.keep(entry(&model, 100, MOST_BYTES / size_of::<f32>() + 1));
        assert_eq!(kept.0.len(), 1);
    }

    #[test]
    fn another_model_has_embeddings_of_its_own() {
        let (one, other, mut kept) = (model(), model(), Kept::default());
        kept.keep(entry(&one, 7, 4));
        assert!(kept.recall(&Arc::downgrade(&other), [7; 32]).is_none());
        drop(one);
        kept.keep(entry(&other, 8, 4));
        assert_eq!(kept.0.len(), 1, "what a model that is gone made is dropped");
        assert_ne!(fingerprint(&RgbImage::new(2, 3)), fingerprint(&RgbImage::new(3, 2)));
    }
}
