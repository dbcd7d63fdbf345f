//! Embeddings of texts that were asked for before, for this process. Encoding the 400 everyday tags takes seconds.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError},
};

use indexmap::IndexMap;

use super::Scale;

/// Texts that are kept, of all models together: at 768 floats each about 12 MB.
const LIMIT: usize = 4096;

/// Vectors by their texts.
pub(super) type Vectors = HashMap<String, Arc<[f32]>>;

#[derive(Default)]
pub(super) struct Memory {
    vectors: IndexMap<(PathBuf, String), Arc<[f32]>>,
    scales: HashMap<PathBuf, Scale>,
}

/// That of this process.
pub(super) fn memory() -> MutexGuard<'static, Memory> {
    static MEMORY: LazyLock<Mutex<Memory>> = LazyLock::new(Mutex::default);
    // Every statement leaves it whole, so a panic elsewhere does not spoil it.
    MEMORY.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Memory {
    /// Those of the texts that are known.
    pub(super) fn vectors(&self, graph: &Path, texts: &[String]) -> Vectors {
        let of = |text: &String| self.vectors.get(&(graph.to_owned(), text.clone())).cloned();
        texts.iter().filter_map(|text| Some((text.clone(), of(text)?))).collect()
    }

    pub(super) fn keep(&mut self, graph: &Path, text: &str, vector: Arc<[f32]>) {
        if self.vectors.len() >= LIMIT {
            // The older half goes at once: one by one each would shift all others.
            self.vectors.drain(..LIMIT / 2);
        }
        self.vectors.insert((graph.to_owned(), text.to_owned()), vector);
    }

    pub(super) fn scale(&self, graph: &Path) -> Option<Scale> {
        self.scales.get(graph).copied()
    }

    pub(super) fn keep_scale(&mut self, graph: &Path, scale: Scale) {
        self.scales.insert(graph.to_owned(), scale);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_bounded_and_keeps_the_newest() {
        let mut memory = Memory::default();
        for index in 0..=LIMIT {
            memory.keep(Path::new("a"), &index.to_string(), Arc::from([index as f32]));
        }
        assert_eq!(memory.vectors.len(), LIMIT / 2 + 1);
        let of = |graph: &str, text: &str| {
            memory.vectors(Path::new(graph), &[text.to_owned()]).get(text).map(|vector| vector[0])
        };
        assert_eq!(of("a", "4096"), Some(4096.0));
        assert_eq!((of("a", "0"), of("b", "4096")), (None, None));
    }
}
