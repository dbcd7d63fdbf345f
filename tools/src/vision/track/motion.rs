//! Where an object went, in a word.

use schemars::JsonSchema;
use serde::Serialize;

use super::link::side;
use crate::geom::BBox;

/// Where an object went in the picture from first to last sight.
#[derive(Clone, Copy, Debug, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Motion {
    /// To the left edge.
    Left,
    /// To the right edge.
    Right,
    /// To the top edge.
    Up,
    /// To the bottom edge.
    Down,
    /// It grew.
    Towards,
    /// It shrank.
    Away,
    /// It stayed where it was.
    Still,
}

/// A way of this many of its own mean sides is a motion.
const WAY: f32 = 0.5;
/// So is growing or shrinking (of the mean side) by this factor.
const GROWTH: f32 = 1.3;

impl Motion {
    /// From the first box to the last; of way and growth what is the more marked.
    pub(super) fn between(first: &BBox, last: &BBox) -> Self {
        let ((ax, ay), (bx, by)) = (first.center(), last.center());
        let (dx, dy) = (bx - ax, by - ay);
        let (before, after) = (side(first).max(1.0), side(last).max(1.0));
        let way = dx.hypot(dy) / f32::midpoint(before, after) / WAY;
        let growth = (after / before).ln() / GROWTH.ln();
        if way.max(growth.abs()) < 1.0 {
            Self::Still
        } else if growth.abs() > way {
            if growth > 0.0 { Self::Towards } else { Self::Away }
        } else if dx.abs() >= dy.abs() {
            if dx > 0.0 { Self::Right } else { Self::Left }
        } else if dy > 0.0 {
            Self::Down
        } else {
            Self::Up
        }
    }

    /// The word that follows "moves".
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Left => "moves left",
            Self::Right => "moves right",
            Self::Up => "moves up",
            Self::Down => "moves down",
            Self::Towards => "comes nearer",
            Self::Away => "goes away",
            Self::Still => "stays",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_way_has_its_word() {
        let first = BBox::from_center(100.0, 100.0, 20.0, 20.0);
        let to = |x, y, size| Motion::between(&first, &BBox::from_center(x, y, size, size));
        assert_eq!(to(100.0, 100.0, 20.0), Motion::Still);
        assert_eq!(to(105.0, 103.0, 22.0), Motion::Still);
        assert_eq!(to(140.0, 110.0, 20.0), Motion::Right);
        assert_eq!(to(60.0, 110.0, 20.0), Motion::Left);
        assert_eq!(to(110.0, 60.0, 20.0), Motion::Up);
        assert_eq!(to(110.0, 140.0, 20.0), Motion::Down);
        assert_eq!(to(103.0, 100.0, 40.0), Motion::Towards);
        assert_eq!(to(103.0, 100.0, 12.0), Motion::Away);
        assert_eq!(to(300.0, 100.0, 30.0), Motion::Right, "the way is more marked than the growth");
    }
}
