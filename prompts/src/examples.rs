//! The bank of solved tasks: composed ones from the prompts folder, and the tools' own examples. Some are in every
//! prompt; of the others the one that is most like the task is shown right before it.

use argus_tools::tool::ToolSpec;
use serde::Deserialize;
use serde_json::Value;

use crate::similarity::Similarity;

/// How like the task an example must be to be shown.
const ALIKE: f64 = 0.12;
/// What a composed example is worth more than a tool's own, which shows no answer.
const COMPOSED: f64 = 0.1;

/// A solved task.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub(crate) struct Solved {
    /// Whether it is in every prompt.
    #[serde(default)]
    pub(crate) fixed: bool,
    /// Whether it is for tools that see nothing, in the place of those about images. It brings the tools that it calls.
    #[serde(default)]
    pub(crate) blind: bool,
    /// The tools that it calls: it is left out where one of them is not there.
    #[serde(default)]
    pub(crate) needs: Vec<String>,
    /// What the card says.
    #[serde(default)]
    pub(crate) card: Option<String>,
    /// The task.
    pub(crate) task: String,
    /// The calls.
    #[serde(default)]
    pub(crate) steps: Vec<SolvedStep>,
    /// The last thought.
    #[serde(default)]
    pub(crate) thought: String,
    /// The language of the task and of the answer, in English.
    #[serde(default)]
    pub(crate) language: Option<String>,
    /// The answer; none in a tool's own example.
    #[serde(default)]
    pub(crate) answer: Option<String>,
}

/// One call of a solved task.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub(crate) struct SolvedStep {
    /// What was thought.
    pub(crate) thought: String,
    /// What was called.
    pub(crate) tool: String,
    /// With what.
    pub(crate) args: Value,
    /// What it said.
    #[serde(default)]
    pub(crate) seen: Option<String>,
}

/// The examples that a set of tools can show.
#[derive(Clone, Debug, Default)]
pub(crate) struct Bank {
    solved: Vec<Solved>,
    similarity: Similarity,
}

impl Bank {
    /// The composed examples whose tools are there, then the tools' own. `seeing`: whether a tool works on images.
    pub(crate) fn new(composed: &[Solved], tools: &[ToolSpec], seeing: bool) -> Self {
        let has = |name: &String| tools.iter().any(|tool| *tool.name == **name);
        let fits = |example: &&Solved| example.blind != seeing && example.needs.iter().all(has);
        let mut solved: Vec<Solved> = composed.iter().filter(fits).cloned().collect();
        for tool in tools {
            solved.extend(tool.examples.iter().map(|example| Solved {
                fixed: false,
                blind: false,
                needs: vec![tool.name.to_string()],
                card: None,
                task: example.task.to_owned(),
                steps: vec![SolvedStep {
                    thought: String::new(),
                    tool: tool.name.to_string(),
                    args: example.input.clone(),
                    seen: None,
                }],
                thought: String::new(),
                language: None,
                answer: None,
            }));
        }
        let similarity = Similarity::new(solved.iter().map(|example| example.task.as_str()));
        Self { solved, similarity }
    }

    /// Those that are in every prompt.
    pub(crate) fn fixed(&self) -> impl Iterator<Item = &Solved> {
        self.solved.iter().filter(|example| example.fixed)
    }

    /// The one that is most like a task, if any is like it; the first of equals. Where cards are shown, only composed ones
    /// are: a tool's own example of a call would teach a small model to look again at what the card says.
    pub(crate) fn nearest(&self, task: &str, cards: bool) -> Option<&Solved> {
        let mut best: Option<(f64, &Solved)> = None;
        for example in self.solved.iter().filter(|example| !example.fixed && (!cards || example.answer.is_some())) {
            let alike = self.similarity.likeness(task, &example.task);
            let worth = alike + if example.answer.is_some() { COMPOSED } else { 0.0 };
            if alike >= ALIKE && best.is_none_or(|(most, _)| worth > most) {
                best = Some((worth, example));
            }
        }
        best.map(|(_, example)| example)
    }
}
