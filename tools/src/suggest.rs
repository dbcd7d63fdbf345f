//! Names like a misspelled one.

use strsim::osa_distance;

/// Up to three of `names` that are like `wanted`, nearest first and none much further than the first; case does not
/// count.
pub fn similar_names<'a>(wanted: &str, names: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    let wanted = wanted.to_lowercase();
    let allowed = 1 + wanted.chars().count() / 4;
    let mut scored: Vec<(usize, &str)> = names
        .into_iter()
        .map(|name| (osa_distance(&wanted, &name.to_lowercase()), name))
        .filter(|(distance, _)| *distance <= allowed)
        .collect();
    scored.sort_unstable();
    let nearest = scored.first().map_or(0, |(distance, _)| *distance);
    scored.into_iter().take_while(|(distance, _)| *distance <= nearest + 1).take(3).map(|(_, name)| name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_similar_names_only() {
        let names = ["street.jpg", "strete.png", "cat.jpg", "Street.JPG"];
        assert_eq!(similar_names("stret.jpg", names), ["Street.JPG", "street.jpg"]);
        assert_eq!(similar_names("coffe", ["coffee", "cat"]), ["coffee"]);
        assert_eq!(similar_names("recieve", ["receive"]), ["receive"], "a swap is one change");
        assert_eq!(similar_names("00056829.jpg", ["000568290.jpg", "000460229.jpg"]), ["000568290.jpg"]);
        assert!(similar_names("zebra", ["coffee", "cat"]).is_empty());
    }
}
