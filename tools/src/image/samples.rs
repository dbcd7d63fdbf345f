//! The store's sample pictures as a [`SampleProvider`].

use std::path::PathBuf;

use futures_util::future::BoxFuture;

use super::{
    error::{ImageError, ImageErrorKind},
    source::SampleProvider,
};
use crate::store::Store;

impl SampleProvider for Store {
    fn path<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<PathBuf, ImageError>> {
        Box::pin(async move {
            self.sample(name).await.map_err(|error| {
                let hint = error.hint();
                let failed = ImageError::new(ImageErrorKind::NotFound, error.to_string());
                match hint {
                    Some(hint) => failed.with_hint(hint),
                    None => failed,
                }
            })
        })
    }

    fn names(&self) -> Vec<String> {
        self.samples()
    }
}
