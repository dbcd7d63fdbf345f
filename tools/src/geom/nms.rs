//! Greedy non-maximum suppression.

use super::BBox;

/// A scored box of one class before suppression.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Candidate {
    /// Where, in pixels.
    pub bbox: BBox,
    /// Confidence in 0..=1.
    pub score: f32,
    /// Class index.
    pub class: usize,
}

/// Class-aware greedy NMS: the best `limit` candidates, best first, no two of one class with an IoU above `iou`.
/// Equal scores keep their input order.
pub fn nms(candidates: Vec<Candidate>, iou: f32, limit: usize) -> Vec<Candidate> {
    nms_by(candidates, |candidate| *candidate, iou, limit)
}

/// [`nms`] of things that have a candidate's box, score and class, and more.
pub fn nms_by<T>(mut things: Vec<T>, candidate: impl Fn(&T) -> Candidate, iou: f32, limit: usize) -> Vec<T> {
    things.sort_by(|a, b| candidate(b).score.total_cmp(&candidate(a).score));
    let (mut kept, mut known): (Vec<T>, Vec<Candidate>) = (Vec::new(), Vec::new());
    for thing in things {
        if kept.len() == limit {
            break;
        }
        let new = candidate(&thing);
        if known.iter().all(|old| old.class != new.class || old.bbox.iou(&new.bbox) <= iou) {
            kept.push(thing);
            known.push(new);
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    fn candidate(x: f32, score: f32, class: usize) -> Candidate {
        Candidate { bbox: BBox { x1: x, y1: 0.0, x2: x + 10.0, y2: 10.0 }, score, class }
    }

    #[test]
    fn keeps_the_best_of_overlapping_boxes_of_one_class() {
        let kept = nms(vec![candidate(1.0, 0.6, 0), candidate(0.0, 0.9, 0), candidate(0.5, 0.8, 1)], 0.5, 10);
        assert_eq!(kept.iter().map(|c| (c.score, c.class)).collect::<Vec<_>>(), [(0.9, 0), (0.8, 1)]);
    }

    #[test]
    fn stops_at_the_limit() {
        assert_eq!(nms((0..5).map(|i| candidate(i as f32 * 20.0, 0.5, 0)).collect(), 0.5, 3).len(), 3);
    }
}
