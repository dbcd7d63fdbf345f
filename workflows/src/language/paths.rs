//! Paths by pattern.

/// The files that match a pattern (`photos/**/*.jpg`), sorted by name. Folders are left out.
pub fn matching(pattern: &str) -> Result<Vec<String>, String> {
    let paths = glob::glob(pattern).map_err(|error| format!("\"{pattern}\" is no pattern of paths: {error}"))?;
    let mut found = Vec::new();
    for path in paths {
        let path = path.map_err(|error| format!("{} cannot be read: {}", error.path().display(), error.error()))?;
        if path.is_file() {
            found.push(path.display().to_string());
        }
    }
    found.sort();
    Ok(found)
}
