//! Errors that commands and services share.

use super::Call;
use crate::tool::{ToolError, ToolErrorKind};

/// The tool is not available at all: no program, no server. A model only learns that it is out of service.
pub(super) fn out_of_service(message: String, hint: String) -> ToolError {
    ToolError {
        kind: ToolErrorKind::Internal,
        message,
        feedback: "this tool is not available here; use another tool or say that it cannot be done".into(),
        hint: Some(hint),
    }
}

/// More came than may come.
pub(super) fn too_much(call: &Call<'_>) -> ToolError {
    let Call { name, bytes, .. } = call;
    ToolError::resource_limit(format!("{name} gave more than {bytes} bytes; ask it for less"))
        .with_hint(format!("raise `max_output` in [tools.{name}], or let it give less"))
}

/// The last lines of a text in one, without control characters: they go to a terminal or to a model.
pub(super) fn last_lines(text: &str, count: usize) -> String {
    const LONGEST: usize = 300;
    let clean = |line: &str| -> String {
        line.chars()
            .filter(|character| !character.is_control())
            .collect::<String>()
            .trim()
            .chars()
            .take(LONGEST)
            .collect()
    };
    let lines: Vec<String> = text.lines().map(clean).filter(|line| !line.is_empty()).collect();
    lines[lines.len().saturating_sub(count)..].join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_lines_are_short_and_harmless() {
        assert_eq!(last_lines("one\n\n  two \n\u{1b}[31mthree\u{7}\n", 2), "two; [31mthree");
        assert_eq!(last_lines("", 3), "");
        assert_eq!(last_lines(&"x".repeat(5000), 3).len(), 300);
    }
}
