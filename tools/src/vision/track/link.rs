//! Which boxes of successive frames are the same object: greedy by overlap.

use crate::{geom::BBox, vision::detect::Detection};

/// Least intersection over union of an object's boxes in two frames, with where it is headed taken into account.
const LEAST_OVERLAP: f32 = 0.25;
/// Objects that moved beyond their own box are the same if their centers are no further apart than this many mean sides ...
const REACH: f32 = 0.8;
/// ... and their areas differ by no more than this factor.
const GROWTH: f32 = 2.0;
/// Frames in a row in which an object may be missed.
const MISSED: usize = 5;

/// One object through the frames.
#[derive(Clone, Debug)]
pub(super) struct Track {
    /// Class name.
    pub(super) label: String,
    /// Best confidence, 0 to 1.
    pub(super) score: f32,
    /// Frames, by number from 0, and boxes in their pixels.
    pub(super) seen: Vec<(usize, BBox)>,
}

impl Track {
    fn last(&self) -> Option<(usize, BBox)> {
        self.seen.last().copied()
    }

    /// Where it would be in a frame if it went on as it did.
    fn headed(&self, frame: usize) -> Option<BBox> {
        let [.., (before, a), (last, b)] = self.seen[..] else { return self.last().map(|(_, bbox)| bbox) };
        let steps = (frame - last) as f32 / (last - before).max(1) as f32;
        let ((ax, ay), (bx, by)) = (a.center(), b.center());
        let (dx, dy) = ((bx - ax) * steps, (by - ay) * steps);
        Some(BBox { x1: b.x1 + dx, y1: b.y1 + dy, x2: b.x2 + dx, y2: b.y2 + dy })
    }

    /// How well a box fits as its next; the larger the better, `None` if not at all. Overlaps come before distances.
    fn fits(&self, frame: usize, bbox: &BBox) -> Option<f32> {
        let (_, last) = self.last()?;
        let headed = self.headed(frame)?;
        let overlap = last.iou(bbox).max(headed.iou(bbox));
        if overlap >= LEAST_OVERLAP {
            return Some(1.0 + overlap);
        }
        let near = distance(&last, bbox).min(distance(&headed, bbox)) / side(&last).max(side(bbox)).max(1.0);
        let growth = bbox.area() / last.area().max(1.0);
        (near <= REACH && (1.0 / GROWTH..=GROWTH).contains(&growth)).then_some(1.0 - near)
    }
}

/// Takes the frames in order.
#[derive(Default)]
pub(super) struct Linker {
    tracks: Vec<Track>,
}

impl Linker {
    /// The objects of the next frame.
    pub(super) fn take(&mut self, frame: usize, found: Vec<Detection>) {
        let alive = |track: &Track| track.last().is_some_and(|(last, _)| frame - last <= MISSED);
        let mut pairs: Vec<(f32, usize, usize)> = Vec::new();
        for (index, track) in self.tracks.iter().enumerate().filter(|(_, track)| alive(track)) {
            for (number, object) in found.iter().enumerate().filter(|(_, object)| object.label == track.label) {
                pairs.extend(track.fits(frame, &object.bbox).map(|fit| (fit, index, number)));
            }
        }
        pairs.sort_by(|a, b| b.0.total_cmp(&a.0));
        let mut taken = vec![false; found.len()];
        let mut extended = vec![false; self.tracks.len()];
        for (_, index, number) in pairs {
            if taken[number] || extended[index] {
                continue;
            }
            (taken[number], extended[index]) = (true, true);
            let track = &mut self.tracks[index];
            track.score = track.score.max(found[number].score);
            track.seen.push((frame, found[number].bbox));
        }
        for (object, _) in found.into_iter().zip(taken).filter(|(_, taken)| !taken) {
            let Detection { label, score, bbox } = object;
            self.tracks.push(Track { label, score, seen: vec![(frame, bbox)] });
        }
    }

    /// The objects that were seen in at least so many frames, in order of appearance.
    pub(super) fn finish(self, least: usize) -> Vec<Track> {
        self.tracks.into_iter().filter(|track| track.seen.len() >= least).collect()
    }
}

/// The mean of width and height.
pub(super) fn side(bbox: &BBox) -> f32 {
    f32::midpoint(bbox.width(), bbox.height())
}

fn distance(a: &BBox, b: &BBox) -> f32 {
    let ((ax, ay), (bx, by)) = (a.center(), b.center());
    (ax - bx).hypot(ay - by)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(label: &str, x: f32, y: f32, size: f32) -> Detection {
        Detection { label: label.into(), score: 0.8, bbox: BBox::from_center(x, y, size, size) }
    }

    fn link(frames: &[&[Detection]]) -> Vec<Track> {
        let mut linker = Linker::default();
        for (index, found) in frames.iter().enumerate() {
            linker.take(index, found.to_vec());
        }
        linker.finish(1)
    }

    fn numbers(track: &Track) -> Vec<usize> {
        track.seen.iter().map(|(frame, _)| *frame).collect()
    }

    #[test]
    fn objects_that_pass_each_other_stay_themselves() {
        let frames: Vec<Vec<Detection>> = (0..10)
            .map(|step| {
                let step = step as f32 * 8.0;
                vec![object("car", 20.0 + step, 50.0, 24.0), object("car", 100.0 - step, 58.0, 24.0)]
            })
            .collect();
        let tracks = link(&frames.iter().map(Vec::as_slice).collect::<Vec<_>>());
        assert_eq!(tracks.len(), 2);
        for (track, (from, to)) in tracks.iter().zip([(20.0, 92.0), (100.0, 28.0)]) {
            assert_eq!(numbers(track), (0..10).collect::<Vec<_>>());
            let ends = [track.seen[0].1.center().0, track.seen[9].1.center().0];
            assert!(ends.iter().zip([from, to]).all(|(a, b)| (a - b).abs() < 1e-6), "{ends:?}");
        }
    }

    #[test]
    fn another_label_or_place_is_another_object() {
        let frames = [
            vec![object("car", 20.0, 20.0, 20.0)],
            vec![object("dog", 20.0, 20.0, 20.0)],
            vec![object("car", 90.0, 20.0, 20.0)],
        ];
        assert_eq!(link(&frames.iter().map(Vec::as_slice).collect::<Vec<_>>()).len(), 3);
    }

    #[test]
    fn a_gap_is_bridged_up_to_a_length() {
        let there = [object("car", 20.0, 20.0, 20.0)];
        let gap = |length: usize| {
            let mut frames: Vec<&[Detection]> = vec![&there];
            frames.extend(std::iter::repeat_n(&[][..], length));
            frames.push(&there);
            link(&frames).len()
        };
        assert_eq!((gap(0), gap(MISSED - 1), gap(MISSED)), (1, 1, 2));
    }

    #[test]
    fn a_fast_object_is_followed_without_overlap() {
        let frames: Vec<Vec<Detection>> =
            (0..5).map(|step| vec![object("ball", 10.0 + 15.0 * step as f32, 9.0, 20.0)]).collect();
        assert_eq!(link(&frames.iter().map(Vec::as_slice).collect::<Vec<_>>()).len(), 1);
    }
}
