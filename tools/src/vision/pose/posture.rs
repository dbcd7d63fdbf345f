//! A word about what a person does, where the joints leave no doubt.

use super::Joint;

/// Joints that a word rests on must be this certain.
const CERTAIN: f32 = 0.5;

/// `both arms raised`, `left arm raised`, `right arm raised` or `lying`, whichever is certain; sides are the person's own.
/// An arm is raised whose wrist and elbow are above the shoulder line and whose wrist is above the eyes, of a person whose
/// shoulders are above the hips (or not to be seen). A person lies whose shoulders, hips and ankles are side by side rather
/// than one above the other.
pub fn posture(joints: &[Joint; 17]) -> Option<&'static str> {
    let at = |joint: usize| joints[joint].at_least(CERTAIN);
    let between = |one: usize, other: usize| {
        let (a, b) = (at(one)?, at(other)?);
        Some([f32::midpoint(a[0], b[0]), f32::midpoint(a[1], b[1])])
    };
    let (shoulders, hips, ankles) = (between(5, 6), between(11, 12), between(15, 16));
    if let (Some(top), Some(middle), Some(end)) = (shoulders, hips, ankles) {
        let level = |a: [f32; 2], b: [f32; 2]| (a[0] - b[0]).abs() > 2.0 * (a[1] - b[1]).abs();
        if level(top, middle) && level(middle, end) && level(top, end) {
            return Some("lying");
        }
    }
    let upright = match (shoulders, hips) {
        (Some(top), Some(middle)) => middle[1] - top[1] > (middle[0] - top[0]).abs(),
        (Some(_), None) => true,
        _ => false,
    };
    let head = [1, 2, 0].into_iter().filter_map(at).map(|point| point[1]).reduce(f32::min)?;
    let raised = |shoulder: usize, elbow: usize, wrist: usize| match (at(shoulder), at(elbow), at(wrist)) {
        (Some(shoulder), Some(elbow), Some(wrist)) => elbow[1] < shoulder[1] && wrist[1] < head && head < shoulder[1],
        _ => false,
    };
    match (upright && raised(5, 7, 9), upright && raised(6, 8, 10)) {
        (true, true) => Some("both arms raised"),
        (true, false) => Some("left arm raised"),
        (false, true) => Some("right arm raised"),
        (false, false) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A standing person who faces the viewer, so that the own left is on the right of the picture.
    fn standing() -> [Joint; 17] {
        let points = [
            [100, 30],
            [106, 25],
            [94, 25],
            [112, 28],
            [88, 28],
            [125, 60],
            [75, 60],
            [132, 95],
            [68, 95],
            [135, 130],
            [65, 130],
            [115, 130],
            [85, 130],
            [115, 180],
            [85, 180],
            [115, 230],
            [85, 230],
        ];
        points.map(|[x, y]| Joint { x: x as f32, y: y as f32, score: 0.9 })
    }

    fn with(moved: &[(usize, [f32; 2])]) -> [Joint; 17] {
        let mut joints = standing();
        for (joint, [x, y]) in moved {
            joints[*joint] = Joint { x: *x, y: *y, score: 0.9 };
        }
        joints
    }

    #[test]
    fn only_what_is_certain_is_said() {
        assert_eq!(posture(&standing()), None);
        let left = [(7, [135.0, 30.0]), (9, [130.0, 2.0])];
        let right = [(8, [65.0, 30.0]), (10, [70.0, 2.0])];
        assert_eq!(posture(&with(&left)), Some("left arm raised"));
        assert_eq!(posture(&with(&right)), Some("right arm raised"));
        assert_eq!(posture(&with(&[left, right].concat())), Some("both arms raised"));
        assert_eq!(posture(&with(&[(7, [150.0, 50.0]), (9, [130.0, 40.0])])), None, "a hand at the chin");
        let mut doubtful = with(&left);
        doubtful[9].score = 0.4;
        assert_eq!(posture(&doubtful), None);
    }

    #[test]
    fn a_turned_person_lies_and_one_upside_down_raises_nothing() {
        let turned = standing().map(|joint| Joint { x: joint.y, y: 200.0 - joint.x, ..joint });
        assert_eq!(posture(&turned), Some("lying"));
        let over = standing().map(|joint| Joint { y: 300.0 - joint.y, ..joint });
        assert_eq!(posture(&over), None);
    }
}
