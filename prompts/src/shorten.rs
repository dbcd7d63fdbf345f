//! Long observations, cut with a note of how much is missing.

/// Shortens a text to about `limit` characters at a natural border: lines, else list items, else words. What is left
/// out is counted ("... and 31 more").
pub fn shorten(text: &str, limit: usize) -> String {
    let length = text.chars().count();
    if length <= limit {
        return text.to_owned();
    }
    for (separator, what) in [("\n", "lines"), ("; ", "items"), ("}, ", "items"), ("},", "items"), (", ", "items")] {
        let parts: Vec<&str> = text.split(separator).collect();
        if parts.len() < 4 {
            continue;
        }
        let mut used = 0;
        let fit = parts
            .iter()
            .take_while(|part| {
                used += part.chars().count() + separator.chars().count();
                used <= limit
            })
            .count();
        if fit > 0 {
            let kept = parts[..fit].join(separator);
            let end = if separator == "\n" { "\n" } else { separator.trim_end() };
            return format!("{kept}{end}{}... and {} more {what}", space(end), parts.len() - fit);
        }
    }
    let kept: String = text.chars().take(limit).collect();
    let kept = kept.rsplit_once(' ').map_or(kept.as_str(), |(words, _)| words);
    format!("{kept} ... and {} more characters", length - kept.chars().count())
}

fn space(end: &str) -> &'static str {
    if end == "\n" { "" } else { " " }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cuts_at_borders_and_counts_the_rest() {
        let lines = (1..=40).map(|n| format!("line number {n}")).collect::<Vec<_>>().join("\n");
        let short = shorten(&lines, 150);
        assert!(
            short.starts_with("line number 1\nline number 2\n") && short.ends_with("\n... and 30 more lines"),
            "{short}"
        );
        let items = (1..=40).map(|n| format!("cup {n}")).collect::<Vec<_>>().join(", ");
        assert_eq!(shorten(&items, 30), "cup 1, cup 2, cup 3, cup 4, ... and 36 more items");
        assert_eq!(shorten("one two three four", 9), "one two ... and 11 more characters");
        assert_eq!(shorten("short", 9), "short");
        assert!(shorten(&"é".repeat(100), 10).starts_with("éééééééééé ..."));
    }
}
