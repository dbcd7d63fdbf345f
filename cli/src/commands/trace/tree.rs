//! A tree of styled texts for a terminal: wrapped to its width, with lines that join parents and children.

use owo_colors::{OwoColorize, Style};
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Columns where the terminal's width is not known.
const USUAL_WIDTH: usize = 100;
/// Columns that a text gets however deep it stands.
const LEAST_WIDTH: usize = 20;

/// A text with its children.
#[derive(Default)]
pub(crate) struct Node {
    text: Vec<(String, Style)>,
    children: Vec<Node>,
}

impl Node {
    /// A text without style.
    pub(crate) fn plain(text: impl Into<String>) -> Self {
        Self::default().with(text, Style::new())
    }

    /// Adds a text to the node's own.
    pub(crate) fn with(mut self, text: impl Into<String>, style: Style) -> Self {
        self.text.push((text.into(), style));
        self
    }

    /// Adds a child.
    pub(crate) fn push(&mut self, child: Node) {
        self.children.push(child);
    }

    /// The tree as lines of at most `width` columns.
    pub(crate) fn render(&self, width: usize) -> String {
        let mut lines = wrap(&self.text, width.max(LEAST_WIDTH));
        self.render_children("", width, &mut lines);
        lines.join("\n")
    }

    fn render_children(&self, before: &str, width: usize, lines: &mut Vec<String>) {
        for (at, child) in self.children.iter().enumerate() {
            let last = at + 1 == self.children.len();
            let (branch, below) = if last { ("└─ ", "   ") } else { ("├─ ", "│  ") };
            let bar = if child.children.is_empty() { "" } else { "│  " };
            let room = width.saturating_sub(before.width() + 3).max(LEAST_WIDTH);
            for (row, line) in wrap(&child.text, room).into_iter().enumerate() {
                let lead = if row == 0 { format!("{before}{branch}") } else { format!("{before}{below}{bar}") };
                lines.push(format!("{}{line}", lead.trim_end_matches(' ').dimmed().to_string() + &pad(&lead)));
            }
            child.render_children(&format!("{before}{below}"), width, lines);
        }
    }
}

/// The blanks that a lead ends with, outside its style.
fn pad(lead: &str) -> String {
    " ".repeat(lead.len() - lead.trim_end_matches(' ').len())
}

/// Breaks styled texts at blanks and line ends. Continued lines may stand 3 columns further right, so they get less room.
fn wrap(texts: &[(String, Style)], width: usize) -> Vec<String> {
    let mut lines = Vec::new();
    // Blanks wait for the word behind them, so that no line ends with some.
    let (mut line, mut used, mut blanks) = (String::new(), 0, 0);
    for (text, style) in texts {
        for (row, part) in text.split('\n').enumerate() {
            if row > 0 {
                lines.push(std::mem::take(&mut line));
                (used, blanks) = (0, 0);
            }
            for (at, word) in part.split(' ').enumerate() {
                blanks += usize::from(at > 0);
                for piece in pieces(word, width - 3) {
                    let room = if lines.is_empty() { width } else { width - 3 };
                    if used > 0 && used + blanks + piece.width() > room {
                        lines.push(std::mem::take(&mut line));
                        (used, blanks) = (0, 0);
                    }
                    line.push_str(&" ".repeat(blanks));
                    used += blanks + piece.width();
                    blanks = 0;
                    line.push_str(&piece.style(*style).to_string());
                }
            }
        }
    }
    lines.push(line);
    lines
}

/// A word cut to pieces of a width.
fn pieces(word: &str, width: usize) -> Vec<String> {
    let (mut pieces, mut piece, mut used) = (Vec::new(), String::new(), 0);
    for c in word.chars() {
        let columns = c.width().unwrap_or(0);
        if used + columns > width {
            pieces.push(std::mem::take(&mut piece));
            used = 0;
        }
        piece.push(c);
        used += columns;
    }
    if !piece.is_empty() {
        pieces.push(piece);
    }
    pieces
}

/// Text from a trace that cannot move the cursor or recolor the terminal: control characters become visible.
pub(crate) fn harmless(text: &str) -> String {
    let one = |c: char| match c {
        '\n' => '\n',
        '\t' => ' ',
        // Marks that turn the writing direction hide what a text says.
        '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => '\u{fffd}',
        c if c.is_control() => '\u{fffd}',
        c => c,
    };
    text.replace("\r\n", "\n").chars().map(one).collect()
}

/// Columns of the terminal: `COLUMNS`, else what the terminal says.
pub(crate) fn width() -> usize {
    let told = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
    told.or_else(terminal_width).filter(|width| *width > 0).unwrap_or(USUAL_WIDTH)
}

#[cfg(unix)]
fn terminal_width() -> Option<usize> {
    rustix::termios::tcgetwinsize(std::io::stdout()).ok().map(|size| usize::from(size.ws_col))
}

#[cfg(not(unix))]
fn terminal_width() -> Option<usize> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(text: &str) -> String {
        anstream::adapter::strip_str(text).to_string()
    }

    #[test]
    fn joins_and_wraps() {
        let mut root = Node::plain("a task");
        let mut step = Node::plain("step 1 ").with("with many words that do not fit", Style::new().bold());
        step.push(Node::plain("one\ntwo"));
        root.push(step);
        root.push(Node::plain("0123456789012345678901234567890123456789"));
        assert_eq!(
            plain(&root.render(30)),
            "a task
├─ step 1 with many words that
│  │  do not fit
│  └─ one
│     two
└─ 012345678901234567890123
   4567890123456789"
        );
    }

    #[test]
    fn wide_characters_count_double() {
        let lines = wrap(&[("图片里有几个杯子 和 几个勺子在桌子上".into(), Style::new())], 24);
        assert!(lines.iter().all(|line| plain(line).width() <= 24), "{lines:?}");
        assert_eq!(lines.len(), 2);
    }

    #[test]
    fn escape_sequences_are_shown_not_obeyed() {
        assert_eq!(harmless("a\u{1b}[31mb\tc\r\nd\u{202e}"), "a\u{fffd}[31mb c\nd\u{fffd}");
    }
}
