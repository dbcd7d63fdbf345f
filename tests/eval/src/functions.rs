//! Choice of functions, from data in the form of the Berkeley Function-Calling Leaderboard (BFCL, Apache-2.0): the first
//! call decides, or that there is none.

use std::{path::Path, sync::Arc};

use argus_agent::run::Call;
use argus_tools::tool::Toolbox;
use indexmap::IndexMap;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::{Case, CaseError, Score, Scoring, StandIn, case::read_cases, stand_in::words};

/// The allowed values of each argument; `""` among them: it may be left out.
type Arguments = IndexMap<String, Vec<Value>>;

/// The calls that are allowed: one of them has to be made. Empty: no call at all.
#[derive(Clone, Debug, PartialEq)]
pub struct Truth {
    /// Function by function, the allowed values of each argument; `""` among them: it may be left out.
    pub allowed: Vec<(String, IndexMap<String, Vec<Value>>)>,
}

#[derive(Deserialize)]
struct Item {
    id: String,
    question: Vec<Vec<Turn>>,
    function: Vec<Function>,
    ground_truth: Option<Vec<IndexMap<String, Arguments>>>,
}

#[derive(Deserialize)]
struct Turn {
    role: String,
    content: String,
}

#[derive(Clone, Deserialize)]
struct Function {
    name: String,
    #[serde(default)]
    description: String,
    parameters: Value,
}

/// The items of a JSON Lines file.
pub fn load(path: &Path, kind: &str) -> Result<Vec<Case>, CaseError> {
    Ok(read_cases::<Item>(path)?.into_iter().map(|item| case(item, kind)).collect())
}

fn case(item: Item, kind: &str) -> Case {
    let turns: Vec<Turn> = item.question.into_iter().flatten().collect();
    let said =
        |role: &str| turns.iter().filter(|turn| turn.role == role).map(|turn| &*turn.content).collect::<Vec<_>>();
    let task = [said("system"), said("user")].concat().join("\n");
    let truth = item.ground_truth.unwrap_or_default();
    let allowed: Vec<_> = truth.into_iter().flatten().map(|(name, arguments)| (tool_name(&name), arguments)).collect();
    let tools = allowed.iter().map(|(name, _)| name.clone()).collect();
    let functions = Arc::new(item.function);
    Case {
        id: item.id,
        kind: kind.to_owned(),
        images: Vec::new(),
        task,
        scoring: Scoring::Calls(Truth { allowed }),
        tools: Some(tools),
        toolbox: Some(Arc::new(move || toolbox(&functions))),
        first_call_decides: true,
    }
}

/// `math.sum` becomes `math_sum`: endpoints take letters, digits, `_` and `-`.
fn tool_name(name: &str) -> String {
    name.chars().map(|c| if c.is_ascii_alphanumeric() || matches!(c, '_' | '-') { c } else { '_' }).collect()
}

fn toolbox(functions: &[Function]) -> Toolbox {
    functions.iter().fold(Toolbox::new(), |toolbox, function| {
        let schema = schema(&function.parameters);
        let tool = StandIn::new(tool_name(&function.name), function.description.clone(), schema, |_, _| {
            Box::pin(async { Ok(words("done")) })
        });
        toolbox.with(tool)
    })
}

/// BFCL's types are Python's; a JSON Schema has others.
fn schema(parameters: &Value) -> Value {
    let Some(fields) = parameters.as_object() else { return parameters.clone() };
    let mut schema = Map::new();
    for (name, field) in fields {
        match (name.as_str(), field) {
            ("type", Value::String(kind)) => {
                let kind = match kind.as_str() {
                    "dict" => "object",
                    "float" => "number",
                    "tuple" | "list" => "array",
                    "any" => continue,
                    kind => kind,
                };
                schema.insert(name.clone(), json!(kind));
            }
            ("properties", Value::Object(properties)) => {
                let inner = properties.iter().map(|(name, property)| (name.clone(), self::schema(property)));
                schema.insert(name.clone(), Value::Object(inner.collect()));
            }
            ("items", items) => {
                schema.insert(name.clone(), self::schema(items));
            }
            ("required" | "enum" | "description" | "default", _) => {
                schema.insert(name.clone(), field.clone());
            }
            _ => {}
        }
    }
    Value::Object(schema)
}

impl Truth {
    pub(super) fn score(&self, calls: &[Call]) -> Score {
        Score::all_or_nothing(self.wrong(calls.first()).into_iter().collect())
    }

    pub(super) fn describe(&self) -> String {
        if self.allowed.is_empty() {
            return "no call".into();
        }
        let one = |(name, arguments): &(String, Arguments)| {
            format!("{name} {}", serde_json::to_string(arguments).unwrap_or_default())
        };
        self.allowed.iter().map(one).collect::<Vec<_>>().join(" or ")
    }

    fn wrong(&self, call: Option<&Call>) -> Option<String> {
        match (call, self.allowed.is_empty()) {
            (None, true) => None,
            (None, false) => Some("no function was called".into()),
            (Some(call), true) => Some(format!("{} was called with {}", call.tool, call.args)),
            (Some(call), false) => {
                let of_name: Vec<_> = self.allowed.iter().filter(|(name, _)| *name == call.tool).collect();
                if of_name.is_empty() {
                    return Some(format!("{} was called", call.tool));
                }
                let wrong: Vec<String> =
                    of_name.iter().map_while(|(_, allowed)| mismatch(&call.args, allowed)).collect();
                (wrong.len() == of_name.len()).then(|| wrong.join("; "))
            }
        }
    }
}

/// The first argument of a call that is not allowed.
fn mismatch(args: &Value, allowed: &Arguments) -> Option<String> {
    let empty = Map::new();
    let args = args.as_object().unwrap_or(&empty);
    if let Some(unknown) = args.keys().find(|name| !allowed.contains_key(*name)) {
        return Some(format!("the argument {unknown} is not asked for"));
    }
    allowed.iter().find_map(|(name, values)| match args.get(name) {
        None => (!optional(values)).then(|| format!("the argument {name} is missing")),
        Some(given) => (!values.iter().any(|value| same(given, value))).then(|| format!("{name} is {given}")),
    })
}

fn optional(values: &[Value]) -> bool {
    values.iter().any(|value| value == "")
}

/// Whether a given value is an allowed one: texts without case, spaces and punctuation, whole numbers for floats; the
/// fields of an allowed object are lists of allowed values again.
fn same(given: &Value, allowed: &Value) -> bool {
    match (given, allowed) {
        (Value::String(given), Value::String(allowed)) => plain(given) == plain(allowed),
        (Value::Number(given), Value::Number(allowed)) => {
            matches!((given.as_f64(), allowed.as_f64()), (Some(a), Some(b)) if (a - b).abs() <= 1e-9 * a.abs().max(1.0))
        }
        (Value::Array(given), Value::Array(allowed)) => {
            given.len() == allowed.len() && given.iter().zip(allowed).all(|(given, allowed)| same(given, allowed))
        }
        (Value::Object(given), Value::Object(allowed)) => {
            let fields: Arguments = allowed
                .iter()
                .map(|(name, values)| {
                    (name.clone(), values.as_array().cloned().unwrap_or_else(|| vec![values.clone()]))
                })
                .collect();
            mismatch(&Value::Object(given.clone()), &fields).is_none()
        }
        (given, allowed) => given == allowed,
    }
}

/// As the leaderboard compares texts.
fn plain(text: &str) -> String {
    let kept = text.chars().filter(|c| !c.is_whitespace() && !",./-_*^()".contains(*c));
    kept.map(|c| if c == '\'' { '"' } else { c }).collect::<String>().to_lowercase()
}
