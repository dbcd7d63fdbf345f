//! Questions about pictures with people's answers, from the index of a shared data folder.

use std::path::Path;

use indexmap::IndexMap;
use serde::Deserialize;
use serde_json::Value;

use crate::{
    Case, CaseError, CaseImage, Score, Scoring,
    dates::dates,
    sense::polarity,
    text::{contains, numbers, tokens},
};

/// Votes that make an answer fully right.
const FULL_VOTES: f64 = 3.0;
/// The smallest score that counts as right: two votes of three.
const RIGHT: f64 = 0.6;
/// Numbers agree within this share of the true one.
const SHARE: f64 = 0.01;

/// What people answered.
#[derive(Clone, Debug, PartialEq)]
pub struct Truth {
    /// Answers and how many people gave each.
    pub votes: IndexMap<String, f64>,
    /// How the answers are compared.
    pub form: Form,
    /// The largest difference between numbers, where it is given.
    pub tolerance: Option<f64>,
}

/// What kind of answer it is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Form {
    /// Yes or no.
    YesNo,
    /// How many.
    Count,
    /// A number, within 1 %.
    Number,
    /// Words, or a date.
    Words,
}

#[derive(Deserialize)]
struct Item {
    id: String,
    task: String,
    #[serde(default)]
    file: String,
    #[serde(default)]
    question: Option<String>,
    #[serde(default)]
    truth: Value,
    #[serde(default)]
    scoring: Option<String>,
    #[serde(default)]
    needs: Option<Vec<String>>,
}

#[derive(Deserialize)]
struct Answers {
    answer: String,
    #[serde(default)]
    votes: Option<IndexMap<String, f64>>,
    #[serde(default)]
    kind: String,
}

/// The `vqa` items of `index.json` in a folder.
pub fn load(folder: &Path) -> Result<Vec<Case>, CaseError> {
    let path = folder.join("index.json");
    let text = fs_err::read_to_string(&path)?;
    parse(&path.display().to_string(), &text, folder)
}

/// The `vqa` items of an index; pictures lie under `folder`.
pub fn parse(file: &str, text: &str, folder: &Path) -> Result<Vec<Case>, CaseError> {
    let wrong = |why: String| CaseError::File { file: file.to_owned(), why };
    let items: Vec<Item> = serde_json::from_str(text).map_err(|error| wrong(error.to_string()))?;
    items
        .into_iter()
        .filter(|item| item.task == "vqa")
        .map(|item| {
            let answers: Answers = serde_json::from_value(item.truth)
                .map_err(|error| wrong(format!("{}: its truth: {error}", item.id)))?;
            let needs = item.needs.filter(|needs| !needs.is_empty()).map_or("open".to_owned(), |needs| needs.join("+"));
            Ok(Case {
                kind: format!("vqa {needs}"),
                images: vec![CaseImage::Path(folder.join(&item.file))],
                task: item.question.unwrap_or_default(),
                scoring: Scoring::Vqa(Truth::of(answers, item.scoring.as_deref().unwrap_or_default())),
                tools: None,
                toolbox: None,
                first_call_decides: false,
                id: item.id,
            })
        })
        .collect()
}

impl Truth {
    fn of(answers: Answers, scoring: &str) -> Self {
        let lower = answers.answer.trim().to_lowercase();
        let form = match answers.kind.as_str() {
            "count" => Form::Count,
            "number" => Form::Number,
            _ if lower == "yes" || lower == "no" => Form::YesNo,
            _ => Form::Words,
        };
        let tolerance = scoring
            .split_once("number within ")
            .and_then(|(_, rest)| rest.split([',', ' ', ';']).next().and_then(|number| number.parse().ok()));
        let votes = answers.votes.unwrap_or_else(|| IndexMap::from([(answers.answer, FULL_VOTES)]));
        Self { votes, form, tolerance }
    }

    /// The votes of the best answer that the sentence holds, three for all.
    pub(super) fn score(&self, answer: &str) -> Score {
        let most = self.votes.iter().filter(|(given, _)| self.agrees(answer, given)).map(|(_, votes)| *votes);
        let value = (most.fold(0.0, f64::max) / FULL_VOTES).min(1.0);
        let why = if value >= RIGHT { Vec::new() } else { vec![format!("it does not say {}", self.describe())] };
        Score { value, right: value >= RIGHT, why }
    }

    pub(super) fn describe(&self) -> String {
        let mut votes: Vec<_> = self.votes.iter().collect();
        votes.sort_by(|a, b| b.1.total_cmp(a.1));
        votes.iter().map(|(given, _)| format!("\"{given}\"")).collect::<Vec<_>>().join(" or ")
    }

    fn agrees(&self, answer: &str, given: &str) -> bool {
        let words = tokens(answer);
        match self.form {
            _ if words.is_empty() => false,
            Form::YesNo => match given.to_lowercase().as_str() {
                "yes" => polarity(answer) == Some(true),
                "no" => polarity(answer) == Some(false),
                _ => false,
            },
            Form::Count | Form::Number => {
                let Some(wanted) = numbers(&tokens(given)).first().copied() else {
                    return crate::matching::holds(answer, &words, given);
                };
                let mut stated = numbers(&words);
                let none = ["no", "none"].iter().any(|word| contains(&words, &tokens(word)));
                if stated.is_empty() && none {
                    stated.push(0.0);
                }
                let tolerance = self.tolerance.unwrap_or(wanted.abs() * SHARE) + 1e-9;
                stated.iter().any(|number| (number - wanted).abs() <= tolerance)
            }
            Form::Words => {
                let wanted = dates(given);
                let same_date = !wanted.is_empty() && dates(answer).iter().any(|date| wanted.contains(date));
                same_date || crate::matching::holds(answer, &words, given)
            }
        }
    }
}
