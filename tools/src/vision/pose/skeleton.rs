//! The 17 joints of COCO and the drawn skeleton.

use image::{DynamicImage, RgbImage};

use super::PersonPose;
use crate::image::Canvas;

/// A joint in pixels of the picture.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Joint {
    /// To the right.
    pub x: f32,
    /// Down.
    pub y: f32,
    /// Confidence in 0..=1.
    pub score: f32,
}

impl Joint {
    /// Least confidence at which a joint is taken to be seen: RTMPose's, ViTPose's and Ultralytics' demos lie around it.
    pub(super) const SEEN: f32 = 0.3;

    /// The point, if it is certain enough.
    pub(super) fn at_least(&self, score: f32) -> Option<[f32; 2]> {
        (self.score >= score && self.x.is_finite() && self.y.is_finite()).then_some([self.x, self.y])
    }
}

/// Their names in COCO's order; left and right are the person's own.
pub const JOINTS: [&str; 17] = [
    "nose",
    "left eye",
    "right eye",
    "left ear",
    "right ear",
    "left shoulder",
    "right shoulder",
    "left elbow",
    "right elbow",
    "left wrist",
    "right wrist",
    "left hip",
    "right hip",
    "left knee",
    "right knee",
    "left ankle",
    "right ankle",
];

/// The person's left in blue and green, the right in red and yellow, what is both in white: sides show at a glance.
const HEAD: [u8; 3] = [255, 128, 214];
const MIDDLE: [u8; 3] = [240, 240, 240];
const LEFT_ARM: [u8; 3] = [66, 165, 255];
const LEFT_LEG: [u8; 3] = [46, 204, 113];
const RIGHT_ARM: [u8; 3] = [255, 82, 66];
const RIGHT_LEG: [u8; 3] = [255, 193, 7];

/// Joints that are joined, and the color of the limb.
const LIMBS: [(usize, usize, [u8; 3]); 16] = [
    (5, 6, MIDDLE),
    (11, 12, MIDDLE),
    (5, 11, LEFT_LEG),
    (6, 12, RIGHT_LEG),
    (11, 13, LEFT_LEG),
    (13, 15, LEFT_LEG),
    (12, 14, RIGHT_LEG),
    (14, 16, RIGHT_LEG),
    (5, 7, LEFT_ARM),
    (7, 9, LEFT_ARM),
    (6, 8, RIGHT_ARM),
    (8, 10, RIGHT_ARM),
    (0, 1, HEAD),
    (0, 2, HEAD),
    (1, 3, HEAD),
    (2, 4, HEAD),
];

/// The color of a joint: that of the limb it ends.
fn color(joint: usize) -> [u8; 3] {
    match joint {
        0..=4 => HEAD,
        5 | 7 | 9 => LEFT_ARM,
        6 | 8 | 10 => RIGHT_ARM,
        11 | 13 | 15 => LEFT_LEG,
        _ => RIGHT_LEG,
    }
}

/// The picture with the skeletons of people (their label may be empty); joints that are not seen are left out, with the limbs
/// that they end.
pub fn draw_skeletons(picture: &DynamicImage, people: &[(PersonPose, String)]) -> RgbImage {
    let canvas = people.iter().fold(Canvas::new(picture), |canvas, (person, label)| {
        let at = |joint: usize| person.joints[joint].at_least(Joint::SEEN);
        let mut limbs: Vec<([f32; 2], [f32; 2], [u8; 3])> =
            LIMBS.iter().filter_map(|(from, to, color)| Some((at(*from)?, at(*to)?, *color))).collect();
        if let (Some(nose), Some(left), Some(right)) = (at(0), at(5), at(6)) {
            let neck = [0, 1].map(|axis| f32::midpoint(left[axis], right[axis]));
            limbs.push((nose, neck, MIDDLE));
        }
        let joints: Vec<([f32; 2], [u8; 3])> =
            (0..JOINTS.len()).filter_map(|joint| Some((at(joint)?, color(joint)))).collect();
        // A crouching person is no smaller: the longer side counts.
        let size = person.bbox.height().max(person.bbox.width());
        canvas.limbs(&limbs, &joints, size * 0.012, label)
    });
    canvas.finish()
}
