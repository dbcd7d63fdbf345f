//! Where label plates go: beside what they name, inside the picture, not on each other where that can be.

/// A rectangle in canvas pixels: left, top, right, bottom.
pub(super) type Rect = [f32; 4];

fn overlap(a: &Rect, b: &Rect) -> f32 {
    let width = a[2].min(b[2]) - a[0].max(b[0]);
    let height = a[3].min(b[3]) - a[1].max(b[1]);
    width.max(0.0) * height.max(0.0)
}

/// The best place for a plate of a size beside `anchor`, on a canvas of a size, given the plates that lie there already,
/// the small things that a plate should not hide, and the share of a place (0 to 1) that is written on. Above the anchor's left
/// corner is best; then inside, below, at its right corner, and next to it.
pub(super) fn place(
    anchor: &Rect,
    (width, height): (f32, f32),
    canvas: (f32, f32),
    (taken, small): (&[Rect], &[Rect]),
    written: impl Fn(&Rect) -> f32,
) -> Rect {
    let [x1, y1, x2, y2] = *anchor;
    let right = x2 - width;
    let mut corners = vec![
        (x1, y1 - height),
        (x1, y1),
        (x1, y2),
        (right, y1 - height),
        (right, y1),
        (right, y2),
        (x1, y2 - height),
        (right, y2 - height),
        (x2, y1),
        (x1 - width, y1),
    ];
    // Stacked names of a crowd: ever further down the anchor's left edge, then up from its top.
    corners.extend((1..8).map(|row| (x1, y1 + row as f32 * height)));
    corners.extend((2..8).map(|row| (x1, y1 - row as f32 * height)));
    let mut best = ([0.0; 4], f32::INFINITY);
    for (rank, (x, y)) in corners.into_iter().enumerate() {
        let left = x.clamp(0.0, (canvas.0 - width).max(0.0));
        let top = y.clamp(0.0, (canvas.1 - height).max(0.0));
        let rect = [left, top, left + width, top + height];
        let plates: f32 = taken.iter().map(|other| overlap(&rect, other)).sum();
        let things: f32 = small.iter().map(|other| overlap(&rect, other)).sum();
        let moved = (left - x).abs() + (top - y).abs();
        let cost = (plates * 100.0 + things * 12.0) / (width * height) + rank as f32 + moved / height;
        // Text covers a fifth to a third of its ground: beside the anchor is better than over it.
        let cost = if cost < best.1 { cost + 60.0 * written(&rect) } else { cost };
        if cost < best.1 {
            best = (rect, cost);
        }
    }
    best.0
}

/// Where a line from a plate to the thing that it names begins and ends, if the two do not touch.
pub(super) fn leader(plate: &Rect, anchor: &Rect, gap: f32) -> Option<([f32; 2], [f32; 2])> {
    let nearest = |low: f32, high: f32, to_low: f32, to_high: f32| {
        let middle = f32::midpoint(to_low, to_high);
        middle.clamp(low.min(high), high.max(low))
    };
    let from = [nearest(plate[0], plate[2], anchor[0], anchor[2]), nearest(plate[1], plate[3], anchor[1], anchor[3])];
    let to = [from[0].clamp(anchor[0], anchor[2].max(anchor[0])), from[1].clamp(anchor[1], anchor[3].max(anchor[1]))];
    ((from[0] - to[0]).hypot(from[1] - to[1]) > gap).then_some((from, to))
}

#[cfg(test)]
mod tests {
    use super::*;

    const CANVAS: (f32, f32) = (200.0, 100.0);
    const SIZE: (f32, f32) = (40.0, 10.0);

    #[test]
    fn above_the_anchor_where_there_is_room() {
        let rect = place(&[50.0, 50.0, 90.0, 80.0], SIZE, CANVAS, (&[], &[]), |_| 0.0);
        assert_eq!(rect.map(|v| v as i32), [50, 40, 90, 50]);
    }

    #[test]
    fn beside_the_anchor_where_text_stands_above_and_below() {
        let text = |rect: &Rect| if rect[0] >= 45.0 { 0.3 } else { 0.0 };
        let rect = place(&[50.0, 50.0, 90.0, 60.0], SIZE, CANVAS, (&[], &[]), text);
        assert_eq!(rect.map(|v| v as i32), [10, 50, 50, 60]);
    }

    #[test]
    fn always_inside_the_picture() {
        for anchor in [[-5.0, -5.0, 300.0, 300.0], [190.0, 0.0, 200.0, 5.0], [0.0, 95.0, 3.0, 100.0]] {
            let [x1, y1, x2, y2] = place(&anchor, SIZE, CANVAS, (&[], &[]), |_| 0.0);
            assert!(x1 >= 0.0 && y1 >= 0.0 && x2 <= 200.0 && y2 <= 100.0, "{anchor:?}");
        }
    }

    #[test]
    fn plates_of_one_anchor_do_not_cover_each_other() {
        let mut taken: Vec<Rect> = Vec::new();
        for _ in 0..8 {
            let rect = place(&[50.0, 20.0, 90.0, 60.0], SIZE, CANVAS, (&taken, &[]), |_| 0.0);
            assert!(taken.iter().all(|other| overlap(&rect, other) == 0.0), "{taken:?} {rect:?}");
            taken.push(rect);
        }
    }
}
