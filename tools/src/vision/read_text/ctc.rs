//! Connectionist temporal classification: from class probabilities per column to text.

use ndarray::{ArrayView2, Axis};

use super::words::Letter;
use crate::{onnx::Model, store::ModelFacts, tool::ToolError};

/// The characters a recognizer knows: class 0 is the blank, the last class is the space, the dictionary lies between.
#[derive(Clone, Debug)]
pub(super) struct Alphabet {
    characters: Vec<String>,
}

impl Alphabet {
    /// The alphabet out of the graph's metadata (`character`, one a line) or, where it has none, the catalog's labels.
    pub(super) fn of(model: &dyn Model, facts: &ModelFacts) -> Result<Self, ToolError> {
        let characters: Vec<String> = match model.signature().metadata.get("character") {
            Some(lines) => lines.lines().map(str::to_owned).collect(),
            None => facts.labels.clone(),
        };
        if characters.is_empty() {
            return Err(ToolError::internal(
                "the text recognizer names no characters: neither its metadata has the key \"character\" nor its catalog entry labels",
            )
            .with_hint("give the entry the characters of the model's dictionary file as `labels`, one each"));
        }
        Ok(Self { characters })
    }

    /// How many classes a graph with this alphabet has.
    pub(super) fn classes(&self) -> usize {
        self.characters.len() + 2
    }

    fn character(&self, class: usize) -> &str {
        self.characters.get(class - 1).map_or(" ", String::as_str)
    }

    /// Greedy decoding of `[columns, classes]` probabilities: the best class of each column, repeats and blanks left out.
    /// Gives the letters, each at the middle of its column as a share of all columns, and the mean probability of what was
    /// kept (0 for an empty text).
    pub(super) fn decode(&self, columns: &ArrayView2<'_, f32>) -> (Vec<Letter>, f32) {
        let count = columns.len_of(Axis(0)).max(1) as f32;
        let (mut letters, mut sum, mut last) = (Vec::new(), 0.0, 0);
        for (at, column) in columns.outer_iter().enumerate() {
            let (class, probability) = match column.as_slice() {
                Some(values) => best(values),
                None => best(&column.to_vec()),
            };
            if class != 0 && class != last {
                letters.push(Letter { text: self.character(class).to_owned(), at: (at as f32 + 0.5) / count });
                sum += probability;
            }
            last = class;
        }
        let score = if letters.is_empty() { 0.0 } else { sum / letters.len() as f32 };
        (letters, score)
    }
}

/// The position and value of the first maximum. The maximum is found in eight lanes first, because a dictionary has many
/// thousand classes and this runs for every column.
fn best(values: &[f32]) -> (usize, f32) {
    let mut lanes = [f32::NEG_INFINITY; 8];
    let chunks = values.chunks_exact(8);
    let mut most = chunks.remainder().iter().copied().fold(f32::NEG_INFINITY, f32::max);
    for chunk in chunks {
        for (lane, &value) in lanes.iter_mut().zip(chunk) {
            *lane = if value > *lane { value } else { *lane };
        }
    }
    most = lanes.into_iter().fold(most, f32::max);
    (values.iter().position(|&value| value >= most).unwrap_or(0), most)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a failed test may panic")]
    use ndarray::Array2;

    use super::*;

    fn alphabet() -> Alphabet {
        Alphabet { characters: ["a", "b", "é"].map(str::to_owned).to_vec() }
    }

    fn columns(classes: &[(usize, f32)]) -> Array2<f32> {
        let mut array = Array2::zeros((classes.len(), 5));
        for (row, &(class, probability)) in classes.iter().enumerate() {
            array[[row, class]] = probability;
        }
        array
    }

    #[test]
    fn repeats_merge_unless_a_blank_parts_them() {
        let (letters, score) = alphabet()
            .decode(&columns(&[(1, 0.9), (1, 0.1), (0, 1.0), (1, 0.5), (3, 0.4), (4, 0.6), (2, 0.6), (0, 0.9)]).view());
        let text: String = letters.iter().map(|letter| letter.text.as_str()).collect();
        assert_eq!((text.as_str(), letters[0].at, letters[4].at), ("aaé b", 0.5 / 8.0, 6.5 / 8.0));
        assert!((score - 0.6).abs() < 1e-6, "{score}");
    }

    #[test]
    fn nothing_read_scores_nothing() {
        assert_eq!(alphabet().decode(&columns(&[(0, 1.0), (0, 1.0)]).view()), (Vec::new(), 0.0));
    }

    #[test]
    fn the_first_maximum_wins_in_any_lane() {
        for at in 0..37 {
            let mut values = vec![0.25; 37];
            values[at] = 0.5;
            assert_eq!(best(&values), (at, 0.5));
        }
        assert_eq!(best(&[0.1; 20]).0, 0);
    }

    #[test]
    fn metadata_comes_before_labels_and_none_is_an_error() {
        let mut fake = crate::vision::read_text::fakes::Fake::new(|_, _| Ok(()));
        let facts = ModelFacts { labels: vec!["x".into()], ..ModelFacts::default() };
        assert_eq!(Alphabet::of(&fake, &facts).unwrap().classes(), 3);
        assert!(Alphabet::of(&fake, &ModelFacts::default()).unwrap_err().hint.is_some());
        fake.signature.metadata.insert("character".into(), "a\n\u{3000}\nb\n".into());
        assert_eq!(Alphabet::of(&fake, &facts).unwrap().characters, ["a", "\u{3000}", "b"]);
    }
}
