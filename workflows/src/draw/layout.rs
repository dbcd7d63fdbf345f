//! Where the boxes of a group stand and how the arrows run: layers by the longest way to them, few crossings, short arrows.

use crate::draw::{Edge, EdgeKind};

/// Space between boxes beside one another.
const BESIDE: f64 = 28.0;
/// Space between layers.
const BETWEEN: f64 = 44.0;
/// The width of an arrow that passes a layer.
const PASSING: f64 = 14.0;
/// The most places where arrows pass layers; of more, arrows run straight.
const PASSES: usize = 20_000;
/// The most pairs of arrows that are looked at to see whether two boxes change places.
const PAIRS: usize = 10_000;
/// How often boxes are moved to where their neighbors are.
const ROUNDS: usize = 12;

/// A rectangle: its left upper corner, width and height.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Area {
    pub(crate) x: f64,
    pub(crate) y: f64,
    pub(crate) width: f64,
    pub(crate) height: f64,
}

/// A group that is laid out; its left upper corner is 0, 0.
#[derive(Debug, Default)]
pub(crate) struct Placed {
    pub(crate) width: f64,
    pub(crate) height: f64,
    /// A box for every size.
    pub(crate) boxes: Vec<Area>,
    /// The points that every arrow goes through, from above to below: two for each layer that it passes, first the lower side of
    /// the one box, last the upper side of the other.
    pub(crate) arrows: Vec<Vec<(f64, f64)>>,
}

/// A box, or the place where an arrow passes a layer.
struct Item {
    layer: usize,
    width: f64,
    height: f64,
    /// The middle.
    x: f64,
    above: Vec<usize>,
    below: Vec<usize>,
    passes: bool,
}

/// Lays out boxes of these sizes.
pub(crate) fn place(sizes: &[(f64, f64)], edges: &[Edge]) -> Placed {
    let layers = layers(sizes.len(), edges);
    let mut items: Vec<Item> = sizes
        .iter()
        .zip(&layers)
        .map(|((width, height), layer)| Item {
            layer: *layer,
            width: *width,
            height: *height,
            x: 0.0,
            above: Vec::new(),
            below: Vec::new(),
            passes: false,
        })
        .collect();
    // Where an arrow does not go down it is drawn from the lower to the upper box, backwards.
    let ends = edges
        .iter()
        .map(|edge| if layers[edge.from] <= layers[edge.to] { (edge.from, edge.to) } else { (edge.to, edge.from) });
    let passes = ends.clone().map(|(top, bottom)| layers[bottom] - layers[top]).sum::<usize>();
    let chains: Vec<Vec<usize>> = ends.map(|(top, bottom)| chain(&mut items, top, bottom, passes <= PASSES)).collect();
    let mut rows: Vec<Vec<usize>> = vec![Vec::new(); items.iter().map(|item| item.layer + 1).max().unwrap_or(0)];
    for (index, item) in items.iter().enumerate() {
        rows[item.layer].push(index);
    }
    order(&mut rows, &items);
    spread(&rows, &mut items);
    finish(&rows, &items, &chains, sizes.len())
}

/// The layer of each box: one more than the lowest of those that lead to it.
fn layers(count: usize, edges: &[Edge]) -> Vec<usize> {
    let mut layers = vec![0; count];
    // In a circle, which only a handler can close, it ends all the same.
    for _ in 0..count {
        let mut moved = false;
        for edge in edges {
            if edge.from != edge.to && layers[edge.to] <= layers[edge.from] && layers[edge.from] + 1 < count.max(1) {
                layers[edge.to] = layers[edge.from] + 1;
                moved = true;
            }
        }
        if !moved {
            break;
        }
    }
    // A box that nothing leads to stands just above the first that it leads to.
    let mut led_to = vec![false; count];
    let mut below: Vec<Option<usize>> = vec![None; count];
    for edge in edges.iter().filter(|edge| edge.from != edge.to) {
        led_to[edge.to] = true;
        let nearest = below[edge.from].map_or(layers[edge.to], |known| known.min(layers[edge.to]));
        below[edge.from] = Some(nearest);
    }
    for index in (0..count).filter(|index| !led_to[*index]) {
        layers[index] = below[index].map_or(layers[index], |below| below.saturating_sub(1));
    }
    layers
}

/// The items from one box down to another, with one for every layer between them.
fn chain(items: &mut Vec<Item>, top: usize, bottom: usize, passes: bool) -> Vec<usize> {
    let mut chain = vec![top];
    let between = if passes { items[top].layer + 1..items[bottom].layer } else { 0..0 };
    for layer in between {
        items.push(Item {
            layer,
            width: PASSING,
            height: 0.0,
            x: 0.0,
            above: Vec::new(),
            below: Vec::new(),
            passes: true,
        });
        chain.push(items.len() - 1);
    }
    chain.push(bottom);
    for pair in chain.windows(2) {
        items[pair[0]].below.push(pair[1]);
        items[pair[1]].above.push(pair[0]);
    }
    chain
}

/// Brings each row into the order of its neighbors, which leaves few crossings.
fn order(rows: &mut [Vec<usize>], items: &[Item]) {
    let mut place = vec![0.0; items.len()];
    let number = |row: &[usize], place: &mut Vec<f64>| {
        let middle = row.len() as f64 / 2.0;
        row.iter().enumerate().for_each(|(at, item)| place[*item] = at as f64 - middle);
    };
    for row in &*rows {
        number(row, &mut place);
    }
    for round in 0..ROUNDS {
        let down = round % 2 == 0;
        let count = rows.len();
        for step in 0..count {
            let row = &mut rows[if down { step } else { count - 1 - step }];
            let wanted = |item: &usize| {
                let near = if down { &items[*item].above } else { &items[*item].below };
                if near.is_empty() {
                    return place[*item];
                }
                near.iter().map(|one| place[*one]).sum::<f64>() / near.len() as f64
            };
            let mut sorted: Vec<(f64, usize)> = row.iter().map(|item| (wanted(item), *item)).collect();
            sorted.sort_by(|a, b| a.0.total_cmp(&b.0));
            *row = sorted.into_iter().map(|(_, item)| item).collect();
            number(row, &mut place);
        }
    }
    // A crossing that only moves down ends where both arrows end.
    for round in 0..ROUNDS {
        let mut swapped = false;
        for row in rows.iter_mut() {
            swapped |= uncross(row, items, &mut place, round == 1);
        }
        if !swapped && round > 1 {
            break;
        }
    }
}

/// Changes the places of neighbors whose arrows cross less then, or with `ties` no more than before; whether there were any.
fn uncross(row: &mut [usize], items: &[Item], place: &mut [f64], ties: bool) -> bool {
    let mut swapped = false;
    for at in 1..row.len() {
        let (left, right) = (&items[row[at - 1]], &items[row[at]]);
        let (mut now, mut then) = (0, 0);
        for (a, b) in [(&left.above, &right.above), (&left.below, &right.below)] {
            for (a, b) in a.iter().flat_map(|a| b.iter().map(move |b| (*a, *b))).take(PAIRS) {
                now += usize::from(place[a] > place[b]);
                then += usize::from(place[a] < place[b]);
            }
        }
        if then < now || (ties && then == now && now > 0) {
            let (left, right) = (row[at - 1], row[at]);
            place.swap(left, right);
            row.swap(at - 1, at);
            swapped = true;
        }
    }
    swapped
}

/// Moves the items of each row to where their neighbors are, as far as they do not overlap.
fn spread(rows: &[Vec<usize>], items: &mut [Item]) {
    for row in rows {
        let mut x = 0.0;
        for item in row {
            items[*item].x = x + items[*item].width / 2.0;
            x += items[*item].width + BESIDE;
        }
    }
    for round in 0..ROUNDS {
        let down = round % 2 == 0;
        for step in 0..rows.len() {
            let row = &rows[if down { step } else { rows.len() - 1 - step }];
            let wanted: Vec<(f64, f64)> = row
                .iter()
                .map(|index| {
                    let item = &items[*index];
                    // The last rounds look both ways.
                    let near: Vec<usize> = match (round + 2 >= ROUNDS, down) {
                        (true, _) => item.above.iter().chain(&item.below).copied().collect(),
                        (false, true) => item.above.clone(),
                        (false, false) => item.below.clone(),
                    };
                    if near.is_empty() {
                        return (item.x, 0.1);
                    }
                    let mean = near.iter().map(|one| items[*one].x).sum::<f64>() / near.len() as f64;
                    (mean, if item.passes { 4.0 } else { 1.0 })
                })
                .collect();
            let widths: Vec<f64> = row.iter().map(|item| items[*item].width).collect();
            for (item, x) in row.iter().zip(nearest(&wanted, &widths)) {
                items[*item].x = x;
            }
        }
    }
}

/// The places in order, without overlaps, that are nearest to the wanted ones (least squares with weights; neighbors that would
/// overlap are moved as one block).
fn nearest(wanted: &[(f64, f64)], widths: &[f64]) -> Vec<f64> {
    // Less the space that those before it need, each place may be no smaller than the one before.
    let mut offsets = vec![0.0; widths.len()];
    for at in 1..widths.len() {
        offsets[at] = offsets[at - 1] + f64::midpoint(widths[at - 1], widths[at]) + BESIDE;
    }
    // Blocks: place, weight, how many.
    let mut blocks: Vec<(f64, f64, usize)> = Vec::new();
    for ((x, weight), offset) in wanted.iter().zip(&offsets) {
        blocks.push((x - offset, *weight, 1));
        while let [.., (x1, w1, n1), (x2, w2, n2)] = blocks.as_slice()
            && x1 > x2
        {
            let merged = ((x1 * w1 + x2 * w2) / (w1 + w2), w1 + w2, n1 + n2);
            blocks.truncate(blocks.len() - 2);
            blocks.push(merged);
        }
    }
    let places = blocks.iter().flat_map(|(x, _, count)| std::iter::repeat_n(*x, *count));
    places.zip(&offsets).map(|(x, offset)| x + offset).collect()
}

fn finish(rows: &[Vec<usize>], items: &[Item], chains: &[Vec<usize>], count: usize) -> Placed {
    let left = items.iter().map(|item| item.x - item.width / 2.0).fold(f64::INFINITY, f64::min);
    let right = items.iter().map(|item| item.x + item.width / 2.0).fold(0.0, f64::max);
    if items.is_empty() {
        return Placed::default();
    }
    let mut tops = Vec::with_capacity(rows.len());
    let mut y = 0.0;
    for row in rows {
        let height = row.iter().map(|item| items[*item].height).fold(0.0, f64::max);
        tops.push((y, height));
        y += height + BETWEEN;
    }
    let area = |index: usize| {
        let item = &items[index];
        let (top, _) = tops[item.layer];
        Area { x: item.x - item.width / 2.0 - left, y: top, width: item.width, height: item.height }
    };
    let arrow = |chain: &Vec<usize>| {
        let mut points = Vec::new();
        for (at, index) in chain.iter().enumerate() {
            let item = &items[*index];
            let x = item.x - left;
            let (top, height) = tops[item.layer];
            if at > 0 {
                points.push((x, top));
            }
            if at + 1 < chain.len() {
                points.push((x, top + if item.passes { height } else { item.height }));
            }
        }
        points
    };
    Placed {
        width: right - left,
        height: y - BETWEEN,
        boxes: (0..count).map(area).collect(),
        arrows: chains.iter().map(arrow).collect(),
    }
}

/// Whether an arrow is dotted.
pub(crate) fn dotted(edge: &Edge) -> bool {
    edge.kind != EdgeKind::Data
}
