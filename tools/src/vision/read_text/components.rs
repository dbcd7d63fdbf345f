//! Connected areas of a probability map.

/// One 8-connected area: the two end points of each of its row runs, which are enough for its convex hull.
#[derive(Debug, Default)]
pub(super) struct Component {
    /// Pixel positions (column, row).
    pub(super) ends: Vec<[f32; 2]>,
}

/// A run of set pixels in one row, both ends inclusive.
struct Run {
    row: usize,
    from: usize,
    to: usize,
    area: usize,
}

/// The 8-connected areas of the pixels above `threshold`, in order of their first row. Before they are looked for, the
/// set pixels spread by one to the right, below and diagonally (a dilation with a 2 x 2 kernel), which joins letters and
/// makes an area's last column its exclusive edge.
///
/// `map` is row-major, `width` values a row.
pub(super) fn components(map: &[f32], width: usize, threshold: f32) -> Vec<Component> {
    let mut runs: Vec<Run> = Vec::new();
    let mut areas = Areas::default();
    let mut above = vec![false; width];
    let mut here = vec![false; width];
    let mut previous = 0..0;
    for (row, values) in map.chunks_exact(width).enumerate() {
        let mut left = false;
        for (set, &value) in here.iter_mut().zip(values) {
            let own = value > threshold;
            *set = own || left;
            left = own;
        }
        let start = runs.len();
        let mut candidate = previous.start;
        let mut column = 0;
        while let Some(offset) = (column..width).position(|x| here[x] || above[x]) {
            let from = column + offset;
            let to = (from..width).find(|&x| !(here[x] || above[x])).unwrap_or(width) - 1;
            let mut area = None;
            while candidate < previous.end && runs[candidate].from <= to + 1 {
                if runs[candidate].to + 1 >= from {
                    area = Some(areas.join(area, runs[candidate].area));
                }
                // A run that reaches beyond this one may also touch the next.
                if runs[candidate].to > to {
                    break;
                }
                candidate += 1;
            }
            runs.push(Run { row, from, to, area: area.unwrap_or_else(|| areas.add()) });
            column = to + 1;
        }
        previous = start..runs.len();
        std::mem::swap(&mut above, &mut here);
    }
    collect(&runs, &mut areas)
}

fn collect(runs: &[Run], areas: &mut Areas) -> Vec<Component> {
    let mut index_of = vec![None; areas.parent.len()];
    let mut components: Vec<Component> = Vec::new();
    for run in runs {
        let root = areas.root(run.area);
        let index = *index_of[root].get_or_insert_with(|| {
            components.push(Component::default());
            components.len() - 1
        });
        let y = run.row as f32;
        components[index].ends.extend([[run.from as f32, y], [run.to as f32, y]]);
    }
    components
}

/// Which provisional areas are one (union-find with path halving).
#[derive(Default)]
struct Areas {
    parent: Vec<usize>,
}

impl Areas {
    fn add(&mut self) -> usize {
        self.parent.push(self.parent.len());
        self.parent.len() - 1
    }

    fn root(&mut self, mut area: usize) -> usize {
        while self.parent[area] != area {
            self.parent[area] = self.parent[self.parent[area]];
            area = self.parent[area];
        }
        area
    }

    fn join(&mut self, one: Option<usize>, other: usize) -> usize {
        let other = self.root(other);
        let Some(one) = one else { return other };
        let one = self.root(one);
        let (low, high) = (one.min(other), one.max(other));
        self.parent[high] = low;
        low
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn map(rows: &[&str]) -> (Vec<f32>, usize) {
        (rows.iter().flat_map(|row| row.bytes().map(|b| if b == b'#' { 0.9 } else { 0.1 })).collect(), rows[0].len())
    }

    #[test]
    fn spreads_right_and_down_and_joins_diagonally() {
        let (values, width) = map(&["#.....", "......", "..#...", ".....#", "......"]);
        let found = components(&values, width, 0.3);
        assert_eq!(found.len(), 2, "the first two touch diagonally once spread; the third stays apart: {found:?}");
        assert_eq!(found[1].ends, [[5.0, 3.0], [5.0, 3.0], [5.0, 4.0], [5.0, 4.0]]);
    }

    #[test]
    fn arms_that_meet_later_are_one_area() {
        let (values, width) = map(&["#...#...#", "#...#...#", "#...#...#", "#########"]);
        assert_eq!(components(&values, width, 0.3).len(), 1);
    }

    /// The number of areas by flood fill.
    fn flooded(values: &[f32], width: usize) -> usize {
        let height = values.len() / width;
        let at = |x: usize, y: usize| values[y * width + x] > 0.3;
        let mut open: Vec<bool> = (0..width * height)
            .map(|i| {
                let (x, y) = (i % width, i / width);
                at(x, y) || (x > 0 && at(x - 1, y)) || (y > 0 && at(x, y - 1)) || (x > 0 && y > 0 && at(x - 1, y - 1))
            })
            .collect();
        let mut count = 0;
        for start in 0..open.len() {
            let mut stack = if open[start] { vec![start] } else { continue };
            count += 1;
            while let Some(i) = stack.pop() {
                if !std::mem::take(&mut open[i]) {
                    continue;
                }
                let (x, y) = (i % width, i / width);
                for ny in y.saturating_sub(1)..=(y + 1).min(height - 1) {
                    for nx in x.saturating_sub(1)..=(x + 1).min(width - 1) {
                        if open[ny * width + nx] {
                            stack.push(ny * width + nx);
                        }
                    }
                }
            }
        }
        count
    }

    proptest! {
        #[test]
        fn agrees_with_flood_fill(cells in proptest::collection::vec(0..5_u8, 23 * 17)) {
            let values: Vec<f32> = cells.iter().map(|&c| if c == 0 { 1.0 } else { 0.0 }).collect();
            let found = components(&values, 23, 0.3);
            prop_assert_eq!(found.len(), flooded(&values, 23));
            prop_assert!(found.iter().all(|c| c.ends.iter().all(|[x, y]| *x < 23.0 && *y < 17.0)));
        }
    }
}
