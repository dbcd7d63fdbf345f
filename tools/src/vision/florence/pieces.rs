//! An answer of Florence-2 in pieces: words and marks.

use super::location::location;

/// A piece of an answer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Piece {
    /// A step of a thousand.
    Location(u32),
    /// Between two polygons of one thing.
    Separator,
    /// Before the polygons of a thing.
    Begin,
    /// After them.
    End,
}

/// Marks that belong together, and the words in front of them.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Group {
    /// As said, with outer spaces; nothing where marks come first.
    pub(super) label: Option<String>,
    /// The marks in order, at least one.
    pub(super) marks: Vec<Piece>,
}

/// The answer without the marks of beginning, end and padding.
pub(super) fn bare(raw: &str) -> String {
    raw.replace("<s>", "").replace("</s>", "").replace("<pad>", "")
}

/// The groups of an answer. Words that no mark follows are left out.
pub(super) fn groups(raw: &str) -> Vec<Group> {
    let text = bare(raw);
    let mut groups = Vec::new();
    let (mut label, mut marks) = (String::new(), Vec::new());
    let mut rest = text.as_str();
    while !rest.is_empty() {
        if let Some((piece, length)) = mark(rest) {
            marks.push(piece);
            rest = &rest[length..];
            continue;
        }
        if !marks.is_empty() {
            groups.push(group(std::mem::take(&mut label), std::mem::take(&mut marks)));
        }
        // Up to the next character that may begin a mark; `<` itself belongs to the words if it begins none.
        let first = rest.chars().next().map_or(1, char::len_utf8);
        let end = rest[first..].find('<').map_or(rest.len(), |at| first + at);
        label.push_str(&rest[..end]);
        rest = &rest[end..];
    }
    if !marks.is_empty() {
        groups.push(group(label, marks));
    }
    groups
}

fn group(label: String, marks: Vec<Piece>) -> Group {
    Group { label: Some(label).filter(|label| !label.is_empty()), marks }
}

/// The mark that a text begins with, and its length in bytes.
fn mark(text: &str) -> Option<(Piece, usize)> {
    if !text.starts_with('<') {
        return None;
    }
    let length = text.find('>')? + 1;
    let piece = match &text[..length] {
        "<sep>" => Piece::Separator,
        "<poly>" => Piece::Begin,
        "</poly>" => Piece::End,
        other => Piece::Location(location(other)?),
    };
    Some((piece, length))
}

/// Runs of locations that nothing interrupts, as steps.
pub(super) fn runs(marks: &[Piece]) -> impl Iterator<Item = Vec<u32>> {
    marks.split(|mark| !matches!(mark, Piece::Location(_))).filter(|run| !run.is_empty()).map(|run| {
        let step = |mark: &Piece| match mark {
            Piece::Location(step) => Some(*step),
            _ => None,
        };
        run.iter().filter_map(step).collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_marks_are_told_apart() {
        let found =
            groups("</s><s><loc_1><loc_2> a 5 < 6 é<sep><loc_3>b<loc_1000000000000> c<s>d<poly></poly>tail</s>");
        let group =
            |label: Option<&str>, marks: &[Piece]| Group { label: label.map(str::to_owned), marks: marks.into() };
        assert_eq!(
            found,
            [
                group(None, &[Piece::Location(1), Piece::Location(2)]),
                group(Some(" a 5 < 6 é"), &[Piece::Separator, Piece::Location(3)]),
                group(Some("b<loc_1000000000000> cd"), &[Piece::Begin, Piece::End]),
            ]
        );
        let steps: Vec<Vec<u32>> = runs(&found[1].marks).collect();
        assert_eq!(steps, [[3]]);
        assert!(groups("no marks at all <").is_empty());
        assert!(groups("").is_empty());
    }
}
