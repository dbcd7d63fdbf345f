//! The order in which a person reads the lines.

use crate::geom::Quad;

/// Which way most of the text runs, by quarter turns clockwise: 0 to the right, 1 downwards, 2 to the left, 3 upwards.
/// `lines` gives each line's outline (corners clockwise from the text's own top left) and its weight.
fn direction<'a>(lines: impl Iterator<Item = (&'a Quad, usize)>) -> usize {
    let mut weights = [0; 4];
    for (Quad([a, b, ..]), weight) in lines {
        let (dx, dy) = (b[0] - a[0], b[1] - a[1]);
        let quarter = match (dx.abs() >= dy.abs(), dx >= 0.0, dy >= 0.0) {
            (true, true, _) => 0,
            (false, _, true) => 1,
            (true, false, _) => 2,
            (false, _, false) => 3,
        };
        weights[quarter] += weight;
    }
    // The first of the heaviest: level text where nothing speaks against it.
    (0..4).rev().max_by_key(|&quarter| weights[quarter]).unwrap_or(0)
}

/// A line in the frame in which its page's text runs to the right.
struct Placed {
    index: usize,
    left: f32,
    top: f32,
    bottom: f32,
}

impl Placed {
    fn middle(&self) -> f32 {
        f32::midpoint(self.top, self.bottom)
    }

    fn height(&self) -> f32 {
        self.bottom - self.top
    }
}

/// Groups lines into rows, top to bottom, each row left to right, as the page is held so that most of its text runs to the
/// right: a page lying on its side is read in its own order, and vertical columns from right to left. Gives indices into
/// `quads`; `weights` (such as the number of letters) decide which direction is the page's.
///
/// Two lines share a row if the middle of the lower one lies within the upper one's height and the other way round.
pub(super) fn rows(quads: &[Quad], weights: &[usize]) -> Vec<Vec<usize>> {
    let turns = direction(quads.iter().zip(weights.iter().copied()));
    let mut lines: Vec<Placed> = quads.iter().enumerate().map(|(index, quad)| placed(index, quad, turns)).collect();
    lines.sort_by(|a, b| a.middle().total_cmp(&b.middle()));
    let mut rows: Vec<Vec<Placed>> = Vec::new();
    for line in lines {
        match rows.last_mut() {
            Some(row) if row.last().is_some_and(|last| level(last, &line)) => row.push(line),
            _ => rows.push(vec![line]),
        }
    }
    for row in &mut rows {
        row.sort_by(|a, b| a.left.total_cmp(&b.left));
    }
    rows.into_iter().map(|row| row.into_iter().map(|line| line.index).collect()).collect()
}

/// Whether two lines stand side by side: their middles are less than half the smaller height apart.
fn level(a: &Placed, b: &Placed) -> bool {
    (a.middle() - b.middle()).abs() < a.height().min(b.height()) / 2.0
}

fn placed(index: usize, quad: &Quad, turns: usize) -> Placed {
    let turned = quad.0.map(|[x, y]| match turns {
        0 => [x, y],
        1 => [y, -x],
        2 => [-x, -y],
        _ => [-y, x],
    });
    // The middles of the left and right ends: a slanted line is not taller than it is thick.
    let [a, b, c, d] = turned;
    let middle = turned.iter().map(|p| p[1]).sum::<f32>() / 4.0;
    let side = |p: [f32; 2], q: [f32; 2]| (q[0] - p[0]).hypot(q[1] - p[1]);
    // A line across the page's direction is as thick as it is long.
    let level = (b[0] - a[0]).abs() >= (b[1] - a[1]).abs();
    let thickness = if level { side(a, d).max(side(b, c)) } else { side(a, b).max(side(c, d)) };
    let left = turned.iter().map(|p| p[0]).fold(f32::INFINITY, f32::min);
    Placed { index, left, top: middle - thickness / 2.0, bottom: middle + thickness / 2.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn level_line(x: f32, y: f32, width: f32) -> Quad {
        Quad([[x, y], [x + width, y], [x + width, y + 20.0], [x, y + 20.0]])
    }

    #[test]
    fn rows_go_down_and_to_the_right() {
        let quads = [level_line(200.0, 14.0, 80.0), level_line(10.0, 50.0, 90.0), level_line(10.0, 10.0, 90.0)];
        assert_eq!(rows(&quads, &[5, 5, 5]), [vec![2, 0], vec![1]]);
    }

    #[test]
    fn a_page_upside_down_is_read_from_its_own_top() {
        let turned = |q: Quad| Quad(q.0.map(|[x, y]| [300.0 - x, 200.0 - y]));
        let quads =
            [level_line(10.0, 10.0, 90.0), level_line(120.0, 12.0, 80.0), level_line(10.0, 50.0, 90.0)].map(turned);
        assert_eq!(rows(&quads, &[5, 5, 5]), [vec![0, 1], vec![2]]);
    }

    #[test]
    fn vertical_columns_go_from_right_to_left() {
        // Text that runs downwards: its own top left is the box's top right.
        let column = |x: f32| Quad([[x + 20.0, 10.0], [x + 20.0, 150.0], [x, 150.0], [x, 10.0]]);
        assert_eq!(rows(&[column(10.0), column(50.0), column(90.0)], &[4, 4, 4]), [vec![2], vec![1], vec![0]]);
    }

    #[test]
    fn one_odd_line_does_not_turn_the_page() {
        let quads = [
            level_line(10.0, 50.0, 200.0),
            level_line(10.0, 10.0, 200.0),
            Quad([[40.0, 90.0], [40.0, 130.0], [20.0, 130.0], [20.0, 90.0]]),
        ];
        assert_eq!(rows(&quads, &[20, 20, 3]), [vec![1], vec![0], vec![2]]);
    }

    #[test]
    fn no_lines_no_rows() {
        assert!(rows(&[], &[]).is_empty());
    }
}
