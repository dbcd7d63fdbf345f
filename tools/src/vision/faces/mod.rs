//! `faces`: faces with their eyes, nose and mouth.

mod centerface;
mod family;
mod tool;
mod yunet;

use image::RgbImage;

pub use tool::{Faces, FacesInput, FacesOutput, FoundFace};

use self::family::Family;
use crate::{
    geom::{BBox, Candidate, nms},
    onnx::{Input, LoadedModel, RunControl},
    tool::ToolError,
};

/// Role of the face detector.
pub const DETECTOR: &str = "faces";

/// One face.
#[derive(Clone, Debug, PartialEq)]
pub struct Face {
    /// Where, from the forehead to the chin, in pixels of the picture.
    pub bbox: BBox,
    /// Confidence in 0..=1.
    pub score: f32,
    /// Eye, eye, nose, corner of the mouth, corner of the mouth: (x, y) in pixels of the picture; of a face that looks at
    /// the viewer the left one of each pair comes first. Points may lie outside the picture.
    pub landmarks: [[f32; 2]; 5],
}

/// Most faces of one picture.
const LIMIT: usize = 1000;
/// Faces that enter the suppression at most.
const BEFORE_NMS: usize = 5000;

/// Runs a face detector (CenterFace or YuNet) on one picture. Best first; `min_score` (0..=1) overrides the family's
/// threshold. No face is an empty list. Blocking.
pub fn find_faces(
    model: &LoadedModel,
    image: &RgbImage,
    min_score: Option<f32>,
    control: &RunControl,
) -> Result<Vec<Face>, ToolError> {
    let family = Family::of(model, image.dimensions())?;
    let (tensor, mapping) = family.preprocess.apply(image);
    let threshold = min_score.unwrap_or(family.threshold);
    let mut found = Vec::new();
    model.model.run(&[(family.input.as_str(), Input::F32(tensor.view().into_dyn()))], control, &mut |outputs| {
        found = family.decode(outputs, threshold)?;
        Ok(())
    })?;
    let mut faces = best(found, family.iou);
    for face in &mut faces {
        face.bbox = mapping.to_image(face.bbox);
        face.landmarks = face.landmarks.map(|point| mapping.point_to_image(point));
    }
    faces.retain(|face| face.bbox.area() > 0.0);
    Ok(faces)
}

/// The strongest of faces that overlap, strongest first.
fn best(mut found: Vec<Face>, iou: f32) -> Vec<Face> {
    found.sort_by(|a, b| b.score.total_cmp(&a.score));
    found.truncate(BEFORE_NMS);
    let candidates = found.iter().map(|face| Candidate { bbox: face.bbox, score: face.score, class: 0 }).collect();
    let kept = nms(candidates, iou, LIMIT);
    // Suppression knows boxes alone; the landmarks are those of the first, and so best, face of that box.
    let of = |kept: Candidate| found.iter().find(|face| face.bbox == kept.bbox).cloned();
    kept.into_iter().filter_map(of).collect()
}

#[cfg(test)]
pub(crate) mod fakes;
#[cfg(test)]
mod golden;
#[cfg(test)]
mod tests;
