//! Near names for a misspelt one.

/// Up to three of `names` that are near to `wanted`, nearest first and none much further than the first; case does not
/// count.
pub fn near<'a>(wanted: &str, names: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    let wanted = wanted.to_lowercase();
    let allowed = 1 + wanted.chars().count() / 4;
    let mut scored: Vec<(usize, &str)> = names
        .into_iter()
        .map(|name| (distance(&wanted, &name.to_lowercase()), name))
        .filter(|(distance, _)| *distance <= allowed)
        .collect();
    scored.sort_unstable();
    let nearest = scored.first().map_or(0, |(distance, _)| *distance);
    scored.into_iter().take_while(|(distance, _)| *distance <= nearest + 1).take(3).map(|(_, name)| name).collect()
}

/// Edit distance: insertions, deletions, replacements and swaps of neighbours.
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut rows: Vec<Vec<usize>> = vec![(0..=b.len()).collect()];
    for i in 1..=a.len() {
        let mut row = vec![i];
        for j in 1..=b.len() {
            let replace = rows[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]);
            let mut best = replace.min(rows[i - 1][j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                best = best.min(rows[i - 2][j - 2] + 1);
            }
            row.push(best);
        }
        rows.push(row);
    }
    rows[a.len()][b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_near_names_only() {
        let names = ["street.jpg", "strete.png", "cat.jpg", "Street.JPG"];
        assert_eq!(near("stret.jpg", names), ["Street.JPG", "street.jpg"]);
        assert_eq!(near("coffe", ["coffee", "cat"]), ["coffee"]);
        assert_eq!(near("00056829.jpg", ["000568290.jpg", "000460229.jpg"]), ["000568290.jpg"]);
        assert!(near("zebra", ["coffee", "cat"]).is_empty());
    }

    #[test]
    fn counts_a_swap_once() {
        assert_eq!((distance("recieve", "receive"), distance("", "ab"), distance("ab", "ab")), (1, 2, 0));
    }
}
