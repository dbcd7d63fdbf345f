//! `pose`: the joints of people.

mod family;
mod frame;
mod heatmaps;
mod posture;
mod recognize;
mod simcc;
mod skeleton;
mod tool;
mod yolo;

use image::RgbImage;
use ndarray::Array4;

pub use posture::posture;
pub use skeleton::{JOINTS, Joint, draw_skeletons};
pub use tool::{FoundJoint, FoundPerson, Pose, PoseInput, PoseOutput};

pub(super) use recognize::recognize;

use self::{family::Family, frame::Frame};
use crate::{
    geom::BBox,
    onnx::{Input, LoadedModel, RunControl},
    tool::ToolError,
};

/// Role of the pose estimator.
pub const ESTIMATOR: &str = "pose";

/// One person with joints.
#[derive(Clone, Debug, PartialEq)]
pub struct PersonPose {
    /// Where, in pixels of the picture.
    pub bbox: BBox,
    /// Confidence that it is a person, 0..=1; of an estimator that is given boxes the mean of its joints.
    pub score: f32,
    /// In the order of [`JOINTS`], in pixels of the picture; points may lie outside.
    pub joints: [Joint; 17],
}

/// Whether the estimator looks at one person at a time and must be told where (RTMPose, ViTPose); others find people
/// themselves (YOLO).
pub fn needs_boxes(model: &LoadedModel) -> Result<bool, ToolError> {
    Ok(Family::of(model)?.is_top_down())
}

/// The input tensor f32 `[1, 3, height, width]` for the person in a box: its context of 1.25 times the box, brought to
/// the aspect of the input. Fails for an estimator that takes no boxes.
pub fn person_pixels(model: &LoadedModel, image: &RgbImage, bbox: &BBox) -> Result<Array4<f32>, ToolError> {
    let family = Family::of(model)?;
    Ok(family.person(image, &Frame::around(bbox, family.width, family.height)))
}

/// The joints of the person in each box, by an estimator that [needs boxes](needs_boxes). Blocking.
pub fn poses_in(
    model: &LoadedModel,
    image: &RgbImage,
    boxes: &[BBox],
    control: &RunControl,
) -> Result<Vec<PersonPose>, ToolError> {
    let family = Family::of(model)?;
    boxes
        .iter()
        .map(|bbox| {
            control.check()?;
            let frame = Frame::around(bbox, family.width, family.height);
            let tensor = family.person(image, &frame);
            let mut joints = [Joint::default(); 17];
            model.model.run(&[(&family.input, Input::F32(tensor.view().into_dyn()))], control, &mut |outputs| {
                joints = family.joints(outputs, &frame)?;
                Ok(())
            })?;
            let score = joints.iter().map(|joint| joint.score).sum::<f32>() / joints.len() as f32;
            Ok(PersonPose { bbox: *bbox, score: score.clamp(0.0, 1.0), joints })
        })
        .collect()
}

/// All people of a picture, best first, by an estimator that finds them itself; `min_score` overrides the family's
/// threshold. Blocking.
pub fn poses_of(
    model: &LoadedModel,
    image: &RgbImage,
    min_score: Option<f32>,
    control: &RunControl,
) -> Result<Vec<PersonPose>, ToolError> {
    let family = Family::of(model)?;
    let (tensor, mapping) = family.letterbox().apply(image);
    let threshold = min_score.unwrap_or(family.threshold);
    let mut people = Vec::new();
    model.model.run(&[(&family.input, Input::F32(tensor.view().into_dyn()))], control, &mut |outputs| {
        people = family.people(outputs, threshold)?;
        Ok(())
    })?;
    for person in &mut people {
        person.bbox = mapping.to_image(person.bbox);
        for joint in &mut person.joints {
            [joint.x, joint.y] = mapping.point_to_image([joint.x, joint.y]);
        }
    }
    people.retain(|person| person.bbox.area() > 0.0);
    Ok(people)
}

#[cfg(test)]
mod tests;
