//! Models alone, without an agent, tools or handles: pictures in, typed results out.
//!
//! ```no_run
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use argus_tools::pipelines::{Detector, Models, Ocr};
//!
//! let models = Models::local()?;
//! let picture = image::open("street.jpg")?;
//! for object in Detector::load(&models).await?.detect(&picture).await? {
//!     println!("{} {:.2} {:?}", object.label, object.score, object.bbox);
//! }
//! println!("{}", Ocr::load(&models).await?.read(&picture).await?.text());
//! # Ok(())
//! # }
//! ```

use std::sync::Arc;

use image::{DynamicImage, GrayImage};
use tokio_util::sync::CancellationToken;

use crate::{
    error::ToolError,
    geom::BBox,
    image::to_rgb,
    onnx::{LoadContext, LoadedModel, ModelProvider, NoEvents, PoolOptions, RunControl, SessionPool},
    store::{Store, StoreError, StoreOptions},
    vision::{
        detect::{Detection, detect},
        faces::{self, Face, find_faces},
        read_code::{Code, find_codes},
        read_text::{self, Reading, TextReader},
        segment::object_mask,
    },
};

/// Where models come from. Cheap to clone; clones share what is loaded.
#[derive(Clone)]
pub struct Models(Arc<dyn ModelProvider>);

impl Models {
    /// The models of this machine, fetched at first use and run on the best device, as the program `argus` does without settings.
    pub fn local() -> Result<Self, StoreError> {
        let store = Store::open(StoreOptions::from_env()?)?;
        Ok(Self::new(Arc::new(SessionPool::new(store, PoolOptions::default()))))
    }

    /// Models of a provider, such as a [`SessionPool`] with options of its own.
    pub fn new(provider: Arc<dyn ModelProvider>) -> Self {
        Self(provider)
    }

    async fn load(&self, role: &str) -> Result<Arc<LoadedModel>, ToolError> {
        self.0.load(role, LoadContext { cancel: &CancellationToken::new(), events: &NoEvents }).await
    }
}

/// Finds objects.
pub struct Detector(Arc<LoadedModel>);

impl Detector {
    /// Loads the model of the role `detect`.
    pub async fn load(models: &Models) -> Result<Self, ToolError> {
        Ok(Self(models.load("detect").await?))
    }

    /// The objects of a picture, best first, with boxes in its pixels. None is an empty list.
    pub async fn detect(&self, picture: &DynamicImage) -> Result<Vec<Detection>, ToolError> {
        let (model, picture) = (self.0.clone(), to_rgb(picture));
        blocking(move |control| detect(&model, &picture, None, control)).await
    }
}

/// Reads printed text.
pub struct Ocr {
    detector: Arc<LoadedModel>,
    classifier: Arc<LoadedModel>,
    recognizer: Arc<LoadedModel>,
}

impl Ocr {
    /// Loads the three graphs of the role `ocr`: they find lines, set them upright, and read them.
    pub async fn load(models: &Models) -> Result<Self, ToolError> {
        Ok(Self {
            detector: models.load(read_text::DETECTOR).await?,
            classifier: models.load(read_text::CLASSIFIER).await?,
            recognizer: models.load(read_text::RECOGNIZER).await?,
        })
    }

    /// The lines of a picture in reading order, with words and corners in its pixels. None is an empty reading.
    pub async fn read(&self, picture: &DynamicImage) -> Result<Reading, ToolError> {
        let picture = to_rgb(picture);
        let (detector, classifier, recognizer) =
            (self.detector.clone(), self.classifier.clone(), self.recognizer.clone());
        blocking(move |control| TextReader::new(&detector, &classifier, &recognizer)?.read(&picture, control)).await
    }
}

/// Cuts the main object out.
pub struct Segmenter(Arc<LoadedModel>);

impl Segmenter {
    /// Loads the model that finds what stands out.
    pub async fn load(models: &Models) -> Result<Self, ToolError> {
        Ok(Self(models.load("segment").await?))
    }

    /// The mask of the main object, or of that inside a box in pixels: as large as the picture, 0 outside to 255 inside.
    pub async fn mask(&self, picture: &DynamicImage, region: Option<BBox>) -> Result<GrayImage, ToolError> {
        let (model, picture) = (self.0.clone(), to_rgb(picture));
        blocking(move |control| object_mask(&model, &picture, region, control)).await
    }
}

/// Finds faces.
pub struct FaceDetector(Arc<LoadedModel>);

impl FaceDetector {
    /// Loads the model of the role `faces`.
    pub async fn load(models: &Models) -> Result<Self, ToolError> {
        Ok(Self(models.load(faces::DETECTOR).await?))
    }

    /// The faces of a picture, best first, with landmarks in its pixels. None is an empty list.
    pub async fn detect(&self, picture: &DynamicImage) -> Result<Vec<Face>, ToolError> {
        let (model, picture) = (self.0.clone(), to_rgb(picture));
        blocking(move |control| find_faces(&model, &picture, None, control)).await
    }
}

/// Reads barcodes and QR codes. Needs no model.
pub struct CodeReader;

impl CodeReader {
    /// The codes of a picture from top to bottom, with corners in its pixels. None is an empty list.
    pub async fn read(&self, picture: &DynamicImage) -> Result<Vec<Code>, ToolError> {
        let picture = picture.to_luma8();
        blocking(move |control| find_codes(&picture, control)).await
    }
}

/// Cancels the work when nobody waits for it any longer.
struct CancelOnDrop(RunControl);

impl Drop for CancelOnDrop {
    fn drop(&mut self) {
        self.0.cancel();
    }
}

async fn blocking<T, F>(work: F) -> Result<T, ToolError>
where
    T: Send + 'static,
    F: FnOnce(&RunControl) -> Result<T, ToolError> + Send + 'static,
{
    let control = RunControl::new();
    let _cancel = CancelOnDrop(control.clone());
    let done = tokio::task::spawn_blocking(move || work(&control)).await;
    done.unwrap_or_else(|error| Err(ToolError::internal(format!("the model's thread ended badly: {error}"))))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed set-up fails the test")]
mod tests {
    use futures_util::future::BoxFuture;

    use super::*;
    use crate::{error::ToolErrorKind, onnx::NoModels, vision::faces::fakes};

    /// Has a face detector that finds the bright part of a picture.
    struct FacesOnly;

    impl ModelProvider for FacesOnly {
        fn load<'a>(
            &'a self,
            role: &'a str,
            context: LoadContext<'a>,
        ) -> BoxFuture<'a, Result<Arc<LoadedModel>, ToolError>> {
            if role == "faces" {
                return Box::pin(async { Ok(Arc::new(fakes::centerface(1))) });
            }
            NoModels.load(role, context)
        }
    }

    #[tokio::test]
    async fn a_model_works_alone() {
        let (picture, bright) = fakes::picture();
        let models = Models::new(Arc::new(FacesOnly));
        let faces = FaceDetector::load(&models).await.unwrap().detect(&picture.into()).await.unwrap();
        assert_eq!(faces.len(), 1);
        assert!(faces[0].bbox.iou(&bright) > 0.5, "{:?} for {bright:?}", faces[0].bbox);
        let error = Detector::load(&models).await.err().unwrap();
        assert_eq!(error.kind, ToolErrorKind::ModelUnavailable);
    }

    #[tokio::test]
    async fn a_picture_without_codes_has_none() {
        assert_eq!(CodeReader.read(&DynamicImage::new_rgb8(64, 48)).await.unwrap(), []);
    }
}
