//! An order in which everything stands behind what it needs.

/// The indices in an order in which each stands behind those that it needs, the earliest first among those that are free; or a
/// circle of indices of which each needs the next.
pub(crate) fn order(needs: &[Vec<usize>]) -> Result<Vec<usize>, Vec<usize>> {
    let mut open: Vec<usize> = needs.iter().map(Vec::len).collect();
    let mut users: Vec<Vec<usize>> = vec![Vec::new(); needs.len()];
    for (index, needed) in needs.iter().enumerate() {
        for one in needed {
            users[*one].push(index);
        }
    }
    let mut free: std::collections::BTreeSet<usize> = (0..needs.len()).filter(|index| open[*index] == 0).collect();
    let mut order = Vec::with_capacity(needs.len());
    while let Some(next) = free.pop_first() {
        order.push(next);
        for user in &users[next] {
            open[*user] -= 1;
            if open[*user] == 0 {
                free.insert(*user);
            }
        }
    }
    if order.len() == needs.len() { Ok(order) } else { Err(circle(needs, &order)) }
}

/// One circle among those that are not in order.
fn circle(needs: &[Vec<usize>], order: &[usize]) -> Vec<usize> {
    let stuck = |index: &usize| !order.contains(index);
    let Some(start) = (0..needs.len()).find(stuck) else { return Vec::new() };
    let mut path = vec![start];
    loop {
        let last = path[path.len() - 1];
        let Some(next) = needs[last].iter().copied().find(stuck) else { return path };
        if let Some(at) = path.iter().position(|one| *one == next) {
            return path.split_off(at);
        }
        path.push(next);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_needed_comes_first_and_the_earliest_of_the_free() {
        assert_eq!(order(&[vec![2], vec![], vec![1], vec![]]), Ok(vec![1, 2, 0, 3]));
        assert_eq!(order(&[]), Ok(vec![]));
    }

    #[test]
    fn a_circle_is_shown_without_what_leads_to_it() {
        assert_eq!(order(&[vec![1], vec![2], vec![3], vec![1]]), Err(vec![1, 2, 3]));
    }
}
