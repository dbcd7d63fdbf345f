//! Where the words of a line stand, from the columns at which the recognizer saw their letters.

use crate::geom::Quad;

/// A letter and where its middle is, as a share of the line's length in 0..=1.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Letter {
    pub(super) text: String,
    pub(super) at: f32,
}

/// One word of a line as read.
#[derive(Clone, Debug, PartialEq)]
pub struct ReadWord {
    /// What it says.
    pub text: String,
    /// Where, in pixels of the picture, corners clockwise from the text's own top left. Its ends are known to about half a
    /// letter.
    pub quad: Quad,
}

/// The words of a line: what stands between spaces. The recognizer tells the middles of letters; a word reaches half a letter
/// beyond its first and last. None where the places of the letters are not known.
pub(super) fn words(letters: &[Letter], line: &Quad) -> Vec<ReadWord> {
    if letters.iter().any(|letter| letter.at.is_nan()) {
        return Vec::new();
    }
    let half = pitch(letters) / 2.0;
    letters
        .split(|letter| letter.text.trim().is_empty())
        .filter_map(|word| {
            let (first, last) = (word.first()?, word.last()?);
            Some(ReadWord {
                text: word.iter().map(|letter| letter.text.as_str()).collect(),
                quad: part(line, (first.at - half).max(0.0), (last.at + half).min(1.0)),
            })
        })
        .collect()
}

/// The usual way from a letter to the next; that of a lone letter is the whole line.
fn pitch(letters: &[Letter]) -> f32 {
    let mut steps: Vec<f32> =
        letters.windows(2).map(|pair| pair[1].at - pair[0].at).filter(|step| *step > 0.0).collect();
    steps.sort_by(f32::total_cmp);
    steps.get(steps.len() / 2).copied().unwrap_or(1.0)
}

/// The part of a line between two shares of its length.
fn part(line: &Quad, from: f32, to: f32) -> Quad {
    let [a, b, c, d] = line.0;
    let along = |p: [f32; 2], q: [f32; 2], share: f32| [p[0] + (q[0] - p[0]) * share, p[1] + (q[1] - p[1]) * share];
    Quad([along(a, b, from), along(a, b, to), along(d, c, to), along(d, c, from)])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn letters(text: &str, step: f32) -> Vec<Letter> {
        let letter = |(at, c): (usize, char)| Letter { text: c.into(), at: (at as f32 + 0.5) * step };
        text.chars().enumerate().map(letter).collect()
    }

    #[test]
    fn words_lie_where_their_letters_do() {
        let line = Quad([[100.0, 10.0], [200.0, 20.0], [200.0, 40.0], [100.0, 30.0]]);
        let found = words(&letters("to be 你好", 0.1), &line);
        let texts: Vec<&str> = found.iter().map(|word| word.text.as_str()).collect();
        assert_eq!(texts, ["to", "be", "你好"]);
        let near = |found: [[f32; 2]; 4], wanted: [[f32; 2]; 4]| {
            found.iter().flatten().zip(wanted.iter().flatten()).all(|(a, b)| (a - b).abs() < 0.01)
        };
        assert!(near(found[0].quad.0, [[100.0, 10.0], [120.0, 12.0], [120.0, 32.0], [100.0, 30.0]]), "{found:?}");
        assert!(near(found[1].quad.0, [[130.0, 13.0], [150.0, 15.0], [150.0, 35.0], [130.0, 33.0]]), "{found:?}");
    }

    #[test]
    fn one_letter_is_the_whole_line_and_nothing_is_nothing() {
        let line = Quad([[0.0, 0.0], [10.0, 0.0], [10.0, 5.0], [0.0, 5.0]]);
        assert_eq!(words(&letters("7", 1.0), &line), [ReadWord { text: "7".into(), quad: line }]);
        assert!(words(&[], &line).is_empty());
        assert!(words(&letters("  ", 0.5), &line).is_empty());
    }
}
