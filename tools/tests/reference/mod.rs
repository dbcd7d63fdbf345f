//! What a reference library made of a picture, as the scripts of `tests/golden` record it, and models next to it.

use std::{path::PathBuf, sync::Arc};

use argus_tools::{
    image::{ImageStore, Origin},
    onnx::{PoolOptions, SessionPool},
    store::{ModelFacts, Store, StoreOptions, UserModel},
    tool::ToolCx,
};
use image::{DynamicImage, RgbImage};
use ndarray::ArrayD;
use serde_json::Value;

/// A folder of test data.
pub(crate) fn folder(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name)
}

/// The record of one model.
pub(crate) struct Reference {
    folder: PathBuf,
    /// `reference.json`.
    pub(crate) facts: Value,
    floats: Vec<f32>,
}

impl Reference {
    pub(crate) fn open(name: &str) -> Self {
        let folder = folder(name);
        let facts = serde_json::from_str(&fs_err::read_to_string(folder.join("reference.json")).unwrap()).unwrap();
        let bytes = fs_err::read(folder.join("reference.bin")).unwrap_or_default();
        let floats = bytes.chunks_exact(4).map(|word| f32::from_le_bytes(word.try_into().unwrap())).collect();
        Self { folder, facts, floats }
    }

    /// A tensor of `reference.bin`.
    pub(crate) fn tensor(&self, name: &str) -> ArrayD<f32> {
        let entry = &self.facts["tensors"][name];
        let shape: Vec<usize> = serde_json::from_value(entry["shape"].clone()).unwrap();
        let start = entry["start"].as_u64().unwrap() as usize;
        let values = self.floats[start..][..shape.iter().product()].to_vec();
        ArrayD::from_shape_vec(shape, values).unwrap()
    }

    pub(crate) fn picture(&self, file: &str) -> RgbImage {
        image::open(self.folder.join(file)).unwrap().to_rgb8()
    }
}

/// The largest difference of two tensors of one shape.
pub(crate) fn worst(one: &ArrayD<f32>, other: &ArrayD<f32>) -> f32 {
    assert_eq!(one.shape(), other.shape());
    one.iter().zip(other).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
}

/// A session that has only these models, by role, and one picture.
pub(crate) fn session(models: &[(&str, PathBuf, ModelFacts)], picture: &RgbImage) -> ToolCx {
    let mut options = StoreOptions::from_env().unwrap();
    for (role, file, facts) in models {
        let model = UserModel {
            role: (*role).to_owned(),
            file: file.clone(),
            labels_file: None,
            mmproj: None,
            licence: None,
            facts: facts.clone(),
        };
        options.user_models.insert(format!("tiny-{role}"), model);
    }
    // What is not there stays away: no test waits for the hub.
    options.hub_offline = true;
    let store = Store::open(options).unwrap();
    let images = ImageStore::new();
    images.insert(DynamicImage::ImageRgb8(picture.clone()), Origin::Memory("drawn".into()));
    ToolCx::new(images, Arc::new(SessionPool::new(store, PoolOptions::default())))
}
