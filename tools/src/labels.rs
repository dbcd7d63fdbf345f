//! What people call things, and what detectors call them. Table-driven; the tables are about the 80 COCO classes, the
//! rules (case, plurals, hyphens, heads of phrases) are about any detector's names.

mod tables;

pub(crate) use tables::COCO;
use tables::{GROUPS, IRREGULAR, SYNONYMS};

/// The class name that a word means: synonyms and plurals are resolved ("people" is `person`, "bikes" `bicycle`).
/// Anything else comes back in lower case and in the singular.
pub fn canonical(word: &str) -> String {
    let plain = normal(word);
    let single = singular(&plain);
    for form in [&plain, &single] {
        if COCO.contains(&form.as_str()) {
            return form.clone();
        }
        if let Some((class, _)) = SYNONYMS.iter().find(|(_, words)| words.contains(&form.as_str())) {
            return (*class).to_owned();
        }
    }
    single
}

/// Whether a name is one of the 80 COCO classes, as [`canonical`] gives them.
pub fn is_known(class: &str) -> bool {
    COCO.contains(&class)
}

/// The names of all classes that have synonyms and groups here.
pub fn known() -> impl Iterator<Item = &'static str> {
    COCO.iter().copied()
}

/// The indices of the classes that a word means, in class order; empty if it means none of them.
///
/// A class of that name or a synonym comes first; then groups ("animals" is every animal class), then the head of a
/// phrase ("red car", "cup of coffee", "person wearing a hat").
pub fn matches(query: &str, class_names: &[String]) -> Vec<usize> {
    let named = |wanted: &[String]| -> Vec<usize> {
        let hits = class_names.iter().enumerate().filter(|(_, name)| wanted.contains(&canonical(name)));
        hits.map(|(index, _)| index).collect()
    };
    let exact = normal(query);
    let same: Vec<usize> =
        class_names.iter().enumerate().filter(|(_, name)| normal(name) == exact).map(|(index, _)| index).collect();
    if !same.is_empty() {
        return same;
    }
    let direct = named(&[canonical(query)]);
    if !direct.is_empty() {
        return direct;
    }
    let group = named(&members(query));
    if !group.is_empty() {
        return group;
    }
    heads(&exact).into_iter().map(|head| named(&[canonical(&head)])).find(|found| !found.is_empty()).unwrap_or_default()
}

/// The class names that a group word stands for ("fruit": banana, apple, orange); empty if it is none.
pub fn members(word: &str) -> Vec<String> {
    let plain = normal(word);
    let single = singular(&plain);
    let found = GROUPS.iter().find(|(names, _)| names.contains(&plain.as_str()) || names.contains(&single.as_str()));
    found.map(|(_, classes)| classes.iter().map(|class| (*class).to_owned()).collect()).unwrap_or_default()
}

/// Lower case, single spaces for hyphens and underscores, without article and final punctuation.
fn normal(word: &str) -> String {
    let lower = word.to_lowercase().replace(['-', '_'], " ");
    let words: Vec<&str> = lower.split_whitespace().collect();
    let words = match words.as_slice() {
        ["a" | "an" | "the" | "any" | "some" | "all", rest @ ..] if !rest.is_empty() => rest,
        all => all,
    };
    words.join(" ").trim_end_matches(['.', '?', '!', ',', ';', ':']).to_owned()
}

/// A phrase with its last word in the singular.
fn singular(phrase: &str) -> String {
    let (before, last) = match phrase.rsplit_once(' ') {
        Some((before, last)) => (format!("{before} "), last),
        None => (String::new(), phrase),
    };
    let irregular = IRREGULAR.iter().find(|(plural, _)| *plural == last).map(|(_, single)| (*single).to_owned());
    format!("{before}{}", irregular.unwrap_or_else(|| regular_singular(last)))
}

fn regular_singular(word: &str) -> String {
    let cut = |ending: &str| word.strip_suffix(ending).filter(|stem| stem.chars().count() >= 2);
    if let Some(stem) = cut("ies").filter(|stem| stem.chars().count() >= 3) {
        return format!("{stem}y");
    }
    for ending in ["sses", "shes", "ches", "xes", "zes", "oes"] {
        if cut(ending).is_some() {
            return word[..word.len() - 2].to_owned();
        }
    }
    if ["ss", "us", "is"].iter().any(|ending| word.ends_with(ending)) {
        return word.to_owned();
    }
    cut("s").unwrap_or(word).to_owned()
}

/// The words that a phrase may be about, likeliest first.
fn heads(phrase: &str) -> Vec<String> {
    let mut found = Vec::new();
    let cut = [" with ", " wearing ", " holding ", " in ", " on ", " at ", " near "]
        .iter()
        .filter_map(|word| phrase.find(word))
        .min()
        .map_or(phrase, |at| &phrase[..at]);
    found.push(cut.to_owned());
    let (container, content) = cut.split_once(" of ").map_or((cut, None), |(a, b)| (a, Some(b)));
    for part in [Some(container), content].into_iter().flatten() {
        found.push(part.to_owned());
        found.extend(part.split(' ').next_back().map(str::to_owned));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_find_their_class() {
        let cases = [
            ("People", "person"),
            ("men", "person"),
            ("children", "person"),
            ("the women", "person"),
            ("Bikes", "bicycle"),
            ("motorbikes", "motorcycle"),
            ("TVs", "tv"),
            ("television", "tv"),
            ("sofas", "couch"),
            ("mobile phones", "cell phone"),
            ("cellphone", "cell phone"),
            ("mugs", "cup"),
            ("planes", "airplane"),
            ("puppies", "dog"),
            ("kitties", "cat"),
            ("geese", "bird"),
            ("knives", "knife"),
            ("buses", "bus"),
            ("benches", "bench"),
            ("sheep", "sheep"),
            ("skis", "skis"),
            ("scissors", "scissors"),
            ("wine glasses", "wine glass"),
            ("glass of wine", "wine glass"),
            ("traffic-lights", "traffic light"),
            ("teddy_bears", "teddy bear"),
            ("potatoes", "potato"),
            ("Widgets", "widget"),
            ("glasses", "glass"),
            ("gas", "gas"),
            ("bus", "bus"),
            ("", ""),
        ];
        for (word, class) in cases {
            assert_eq!(canonical(word), class, "{word}");
        }
    }

    #[test]
    fn every_class_is_its_own_name() {
        assert_eq!(COCO.len(), 80);
        for class in COCO {
            assert_eq!(canonical(class), *class);
        }
        for (class, words) in SYNONYMS {
            assert!(COCO.contains(class), "{class}");
            for word in *words {
                assert_eq!(canonical(word), *class, "{word}");
            }
        }
        for (names, classes) in GROUPS {
            assert!(classes.iter().all(|class| COCO.contains(class)), "{names:?}");
        }
    }

    fn found(query: &str, classes: &[&str]) -> Vec<String> {
        let classes: Vec<String> = classes.iter().map(|&class| class.to_owned()).collect();
        matches(query, &classes).into_iter().map(|index| classes[index].clone()).collect()
    }

    #[test]
    fn groups_and_phrases_match() {
        assert_eq!(found("animals", COCO).len(), 10);
        assert_eq!(found("fruits", COCO), ["banana", "apple", "orange"]);
        assert_eq!(found("red cars", COCO), ["car"]);
        assert_eq!(found("cup of coffee", COCO), ["cup"]);
        assert_eq!(found("slices of pizza", COCO), ["pizza"]);
        assert_eq!(found("people wearing a hat", COCO), ["person"]);
        assert_eq!(found("hot dogs", COCO), ["hot dog"]);
        assert!(found("unicorns", COCO).is_empty() && found("", COCO).is_empty());
    }

    #[test]
    fn names_of_users_match_too() {
        let classes = ["Hard-Hat", "safety vests", "man", "Person"];
        assert_eq!(found("hard hats", &classes), ["Hard-Hat"]);
        assert_eq!(found("safety vest", &classes), ["safety vests"]);
        assert_eq!(found("man", &classes), ["man"]);
        assert_eq!(found("people", &classes), ["man", "Person"]);
    }
}
