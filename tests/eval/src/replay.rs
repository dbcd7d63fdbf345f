//! Recorded tool dialogues (in the form of the GTA data set, Apache-2.0) played again: the tools are stand-ins that give
//! back what was observed then; the pictures are not needed.

use std::{
    path::Path,
    sync::{Arc, Mutex, PoisonError},
};

use argus_agent::run::Outcome;
use argus_tools::{
    image::Operation,
    tool::{ImageArg, Observation, ToolCx, ToolError, Toolbox},
    vision,
};
use indexmap::{IndexMap, IndexSet};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::{
    Case, CaseError, CaseImage, Score, Scoring, StandIn,
    stand_in::words,
    text::{Token, contains, numbers, tokens},
};

/// The reference answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Truth {
    /// What the reference says; null where only a picture is made.
    pub answer: Option<String>,
    /// The question, whose words prove nothing in an answer.
    pub question: String,
}

/// The size of the pictures that stand in for the recorded ones.
const BLANK: (u32, u32) = (1200, 900);
/// Content words up to which an answer is short: all of them must be said.
const SHORT: usize = 4;
/// The share of the content words that a longer answer must hold.
const LONG_SHARE: f64 = 0.5;
/// Words that carry no content of their own.
const EMPTY_WORDS: &str = "a an the and or of to in on at is are was were be been it its this that these those there here with for \
    from by as i you he she they we my your his her their our can could should would will shall may do does did not so if then \
    than but about into over under when what which who how why has have had more most due now";

#[derive(Deserialize)]
struct Data {
    tool_specs: IndexMap<String, Spec>,
    items: Vec<Item>,
}

#[derive(Clone, Deserialize)]
struct Spec {
    name: String,
    description: String,
    inputs: Vec<Input>,
    outputs: Vec<Output>,
}

#[derive(Clone, Deserialize)]
struct Input {
    name: String,
    #[serde(rename = "type")]
    kind: String,
    description: Option<String>,
    #[serde(default)]
    optional: bool,
}

#[derive(Clone, Deserialize)]
struct Output {
    #[serde(rename = "type")]
    kind: String,
}

#[derive(Deserialize)]
struct Item {
    id: String,
    images: Vec<String>,
    question: String,
    tools_allowed: Vec<String>,
    reference_steps: Vec<Recorded>,
    reference_tools: Vec<String>,
    answer: Option<String>,
    #[serde(default)]
    fits_local_tools: bool,
}

#[derive(Clone, Deserialize)]
struct Recorded {
    tool: String,
    args: Value,
    observation: Option<Value>,
}

/// The dialogues of a file whose tools can run on this machine.
pub fn load(path: &Path) -> Result<Vec<Case>, CaseError> {
    parse(&path.display().to_string(), &fs_err::read_to_string(path)?)
}

/// The dialogues of a text.
pub fn parse(file: &str, text: &str) -> Result<Vec<Case>, CaseError> {
    let wrong = |why: String| CaseError::File { file: file.to_owned(), why };
    let data: Data = serde_json::from_str(text).map_err(|error| wrong(error.to_string()))?;
    let fitting = data.items.into_iter().filter(|item| item.fits_local_tools);
    fitting
        .map(|item| {
            let specs: Result<Vec<Spec>, String> = item
                .tools_allowed
                .iter()
                .map(|name| data.tool_specs.get(name).cloned().ok_or(format!("{}: there is no tool {name}", item.id)))
                .collect();
            Ok(case(item, specs.map_err(wrong)?))
        })
        .collect()
}

fn case(item: Item, specs: Vec<Spec>) -> Case {
    let (specs, steps) = (Arc::new(specs), Arc::new(item.reference_steps));
    Case {
        id: item.id,
        kind: "replay".into(),
        images: item.images.iter().map(|_| CaseImage::Blank(BLANK.0, BLANK.1)).collect(),
        scoring: Scoring::Replay(Truth { answer: item.answer, question: item.question.clone() }),
        task: item.question,
        tools: Some(item.reference_tools),
        toolbox: Some(Arc::new(move || toolbox(&specs, &steps))),
        first_call_decides: false,
    }
}

fn toolbox(specs: &[Spec], steps: &[Recorded]) -> Toolbox {
    specs.iter().fold(Toolbox::new(), |toolbox, spec| {
        if spec.name == "Calculator" {
            return toolbox.with(StandIn::new(&spec.name, &spec.description, schema(spec), |args, cx| {
                Box::pin(async move { vision::toolbox().call("calculate", args, &cx).await })
            }));
        }
        let own = steps.iter().filter(|step| step.tool == spec.name).cloned().collect();
        let tape = Arc::new(Tape { steps: own, played: Mutex::default() });
        let picture = spec.outputs.iter().any(|output| output.kind == "image");
        let name = spec.name.clone();
        toolbox.with(StandIn::new(&spec.name, &spec.description, schema(spec), move |args, cx| {
            let (tape, name) = (tape.clone(), name.clone());
            Box::pin(async move { if picture { make(&name, args, &cx) } else { Ok(words(tape.play(&args))) } })
        }))
    })
}

/// A copy of the picture stands for the one that the tool would make.
fn make(name: &str, args: Value, cx: &ToolCx) -> Result<Observation, ToolError> {
    let handle = args.get("image").and_then(Value::as_str).map(str::to_owned);
    let entry = cx.image(&ImageArg(handle))?;
    let operation = Operation { tool: name.to_owned(), args };
    let made = cx.images.derive(&entry, operation, (*entry.pixels).clone());
    Ok(words(format!("the result is {}", made.handle)))
}

fn schema(spec: &Spec) -> Value {
    let property = |input: &Input| {
        let kind = match input.kind.as_str() {
            "int" => "integer",
            "float" => "number",
            "bool" => "boolean",
            _ => "string",
        };
        let handle = (input.kind == "image").then(|| "handle of the image, such as img-1".to_owned());
        let description = input.description.clone().or(handle).unwrap_or_default();
        (input.name.clone(), json!({"type": kind, "description": description}))
    };
    let required: Vec<&str> = spec.inputs.iter().filter(|input| !input.optional).map(|input| &*input.name).collect();
    json!({
        "type": "object",
        "properties": spec.inputs.iter().map(property).collect::<Map<String, Value>>(),
        "required": required
    })
}

/// What one tool observed in the recording.
struct Tape {
    steps: Vec<Recorded>,
    played: Mutex<IndexSet<usize>>,
}

impl Tape {
    /// What was observed for these arguments: the same call's, else that of the call which shares most words, else the
    /// next one that was not played yet.
    fn play(&self, args: &Value) -> String {
        let asked = said(args);
        let mut played = self.played.lock().unwrap_or_else(PoisonError::into_inner);
        let shared = |step: &Recorded| {
            said(&step.args).iter().filter(|token| contains(&asked, std::slice::from_ref(token))).count()
        };
        let exact = self.steps.iter().position(|step| said(&step.args) == asked);
        let near = || {
            let best = self.steps.iter().map(shared).max().filter(|best| *best > 0)?;
            self.steps.iter().position(|step| shared(step) == best)
        };
        let next = || (0..self.steps.len()).find(|at| !played.contains(at)).or(self.steps.len().checked_sub(1));
        // Several calls without words of their own (read this, read that) are told apart by order alone.
        let chosen = exact.filter(|at| !asked.is_empty() || !played.contains(at)).or_else(near).or_else(next);
        let Some(at) = chosen else { return "nothing found".into() };
        played.insert(at);
        match &self.steps[at].observation {
            Some(Value::String(text)) => text.clone(),
            None | Some(Value::Null) => "done".into(),
            Some(other) => other.to_string(),
        }
    }
}

/// The words of the arguments, without the picture.
fn said(args: &Value) -> Vec<Token> {
    let fields = args.as_object().into_iter().flatten().filter(|(name, _)| *name != "image");
    fields.flat_map(|(_, value)| tokens(&value.as_str().map_or_else(|| value.to_string(), str::to_owned))).collect()
}

impl Truth {
    pub(super) fn score(&self, outcome: &Outcome) -> Score {
        let answer = outcome.answer.as_deref().unwrap_or_default();
        let Some(reference) = self.answer.as_deref().filter(|text| !text.starts_with("The image is saved")) else {
            let made = outcome.images.iter().any(|image| image.op.is_some());
            return Score::all_or_nothing(if made { Vec::new() } else { vec!["no picture was made".into()] });
        };
        let given = tokens(answer);
        let wanted = tokens(reference);
        if wanted.iter().all(|token| token.number().is_some()) {
            // "2 fewer" is as good as -2.
            let near = |wanted: &f64| {
                numbers(&given).iter().any(|number| (number.abs() - wanted.abs()).abs() <= 0.01 * wanted.abs() + 1e-9)
            };
            let missing = numbers(&wanted).iter().filter(|number| !near(number)).count();
            return Score::all_or_nothing(if missing == 0 {
                Vec::new()
            } else {
                vec![format!("it does not say {reference}")]
            });
        }
        let content = self.content(&wanted);
        let said = content.iter().filter(|token| contains(&given, std::slice::from_ref(token))).count();
        let value = said as f64 / content.len().max(1) as f64;
        let right = if content.len() <= SHORT { said == content.len() } else { value >= LONG_SHARE };
        let why = if right { Vec::new() } else { vec![format!("{said} of {} content words are said", content.len())] };
        Score { value, right, why }
    }

    /// The words and numbers of the reference that carry content and are not in the question; all, if none is left.
    fn content(&self, reference: &[Token]) -> Vec<Token> {
        let (empty, question) = (tokens(EMPTY_WORDS), tokens(&self.question));
        let mut content: Vec<Token> = Vec::new();
        for token in reference {
            let one = std::slice::from_ref(token);
            let word = token.number().is_none();
            if !(content.contains(token) || word && (contains(&empty, one) || contains(&question, one))) {
                content.push(token.clone());
            }
        }
        if content.is_empty() { reference.to_vec() } else { content }
    }

    pub(super) fn describe(&self) -> String {
        self.answer.clone().unwrap_or_else(|| "a picture".into())
    }
}
