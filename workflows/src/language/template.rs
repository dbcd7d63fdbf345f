//! Values with templates: read once, filled in as often as needed.
//!
//! The grammar is that of Handlebars, read by its library. A text that is one `{{ ... }}` keeps the type of its value; a text with
//! several pieces becomes a text; a text with blocks (`{{#each}}`, `{{#if}}`) is rendered by the library.

use std::sync::Arc;

use handlebars::{
    Path, PathSeg, Template as Parsed, TemplateError,
    template::{HelperTemplate, Parameter, TemplateElement},
};
use serde_json::{Map, Value};

use crate::language::{
    blocks::{blocks, references_of},
    helpers::{HELPERS, Helper as Known, helper, shown},
    yaml::join,
};

/// The longest text that a template may become, in bytes.
pub(crate) const LONGEST: usize = 16 << 20;
/// The most memory of a value that is put together of others, in bytes.
const LARGEST: usize = 256 << 20;
/// What a field of an object takes beside its name and value, in bytes.
const FIELD: usize = 80;
/// How deep lists and objects may be nested in a value; a journal could not be read back beyond 128.
const DEEPEST_VALUE: usize = 100;
/// How deep expressions may be nested.
const DEEPEST: usize = 32;
/// What a template can name.
pub(crate) const ROOTS: [&str; 4] = ["inputs", "steps", "errors", "run"];

/// A value with templates in it.
#[derive(Clone, Debug)]
pub(crate) enum Template {
    /// A value without any.
    Literal(Value),
    /// One expression: its value keeps its type.
    One(Expr),
    /// A text of several pieces.
    Text(Vec<Piece>),
    /// A text with blocks, and what it refers to.
    Blocks(Arc<Parsed>, Vec<Vec<String>>),
    /// A list of such values.
    List(Vec<Self>),
    /// An object of such values.
    Map(Vec<(String, Self)>),
}

/// A piece of a text.
#[derive(Clone, Debug)]
pub(crate) enum Piece {
    /// As it stands.
    Raw(String),
    /// A value put into it.
    Value(Expr),
}

/// What stands between `{{` and `}}`.
#[derive(Clone, Debug)]
pub(crate) enum Expr {
    /// `steps.found.counts.cup`
    Path(Vec<String>),
    /// `5`, `"cup"`, `[1, 2]`
    Literal(Value),
    /// `len steps.found.objects`
    Call(&'static Known, Vec<Self>),
}

/// Where a template finds values.
pub(crate) trait Scope {
    /// The value of a root and a name in it (`inputs.image`, `steps.found`), or of a local name (`item`).
    fn find(&self, path: &[String]) -> Found<'_>;
}

/// What a scope has under a path.
pub(crate) enum Found<'a> {
    /// A value, and how many parts of the path led to it.
    Value(&'a Value, usize),
    /// Nothing; the words say what there is.
    Nothing(String),
}

/// What is wrong with a template, and where in the value that holds it.
#[derive(Debug)]
pub(crate) struct TemplateProblem {
    pub(crate) path: String,
    pub(crate) message: String,
}

impl Template {
    /// Reads all templates of a value; `path` is where it stands. All problems are given at once.
    pub(crate) fn read(value: &Value, path: &str, problems: &mut Vec<TemplateProblem>) -> Self {
        match value {
            Value::String(text) if text.contains("{{") => Self::text(text).unwrap_or_else(|message| {
                problems.push(TemplateProblem { path: path.to_owned(), message });
                Self::Literal(Value::Null)
            }),
            Value::Array(items) if holds_template(value) => {
                let items = items.iter().enumerate();
                Self::List(items.map(|(at, item)| Self::read(item, &format!("{path}[{at}]"), problems)).collect())
            }
            Value::Object(map) if holds_template(value) => {
                let read =
                    |(name, value): (&String, &Value)| (name.clone(), Self::read(value, &join(path, name), problems));
                Self::Map(map.iter().map(read).collect())
            }
            literal => Self::Literal(literal.clone()),
        }
    }

    fn text(text: &str) -> Result<Self, String> {
        let parsed = Parsed::compile(text).map_err(|error| unreadable(text, &error))?;
        let mut pieces = Vec::new();
        for element in &parsed.elements {
            match element {
                TemplateElement::RawString(raw) => pieces.push(Piece::Raw(raw.clone())),
                TemplateElement::Expression(call) | TemplateElement::HtmlExpression(call) => {
                    pieces.push(Piece::Value(Expr::of(call, 0)?));
                }
                TemplateElement::Comment(_) => {}
                TemplateElement::HelperBlock(_) => {
                    let mut references = Vec::new();
                    references_of(&parsed, false, &mut references)?;
                    return Ok(Self::Blocks(Arc::new(parsed), references));
                }
                _ => return Err("partials and decorators are not available; a step can use another one's text".into()),
            }
        }
        Ok(match pieces.as_slice() {
            [Piece::Value(one)] => Self::One(one.clone()),
            _ => Self::Text(pieces),
        })
    }

    /// All paths that it names.
    pub(crate) fn references(&self) -> Vec<&[String]> {
        let mut all = Vec::new();
        self.collect(&mut all);
        all
    }

    fn collect<'a>(&'a self, all: &mut Vec<&'a [String]>) {
        match self {
            Self::Literal(_) => {}
            Self::One(expr) => expr.collect(all),
            Self::Text(pieces) => {
                for piece in pieces {
                    if let Piece::Value(expr) = piece {
                        expr.collect(all);
                    }
                }
            }
            Self::Blocks(_, references) => all.extend(references.iter().map(Vec::as_slice)),
            Self::List(items) => items.iter().for_each(|item| item.collect(all)),
            Self::Map(fields) => fields.iter().for_each(|(_, field)| field.collect(all)),
        }
    }

    /// Fills it in.
    pub(crate) fn fill(&self, scope: &dyn Scope) -> Result<Value, String> {
        self.fill_within(scope, &mut LARGEST.clone())
    }

    fn fill_within(&self, scope: &dyn Scope, left: &mut usize) -> Result<Value, String> {
        match self {
            Self::Literal(value) => Ok(value.clone()),
            Self::One(expr) => {
                let value = expr.value(scope, false)?;
                weigh(&value, left, 0)?;
                Ok(value.into_owned())
            }
            Self::Text(pieces) => {
                let mut text = String::new();
                for piece in pieces {
                    match piece {
                        Piece::Raw(raw) => text.push_str(raw),
                        Piece::Value(expr) => text.push_str(&shown(&*expr.value(scope, false)?)),
                    }
                    if text.len() > LONGEST {
                        return Err(too_long());
                    }
                }
                Ok(text.into())
            }
            Self::Blocks(parsed, references) => blocks(parsed, references, scope).map(Value::String),
            Self::List(items) => {
                items.iter().map(|item| item.fill_within(scope, left)).collect::<Result<_, _>>().map(Value::Array)
            }
            Self::Map(fields) => {
                let filled = fields.iter().map(|(name, field)| Ok((name.clone(), field.fill_within(scope, left)?)));
                filled.collect::<Result<Map<_, _>, String>>().map(Value::Object)
            }
        }
    }
}

/// Takes the size of a value off what is left, before it is copied: steps that put values together twice double them each time,
/// and a loop that puts the last value into another one makes it deeper each time.
fn weigh(value: &Value, left: &mut usize, depth: usize) -> Result<(), String> {
    let inside = match value {
        Value::String(text) => text.len(),
        Value::Object(map) => map.keys().map(|name| name.len() + FIELD).sum(),
        _ => 0,
    };
    *left = left
        .checked_sub(size_of::<Value>() + inside)
        .ok_or_else(|| format!("the value that the template makes takes more than {} MB of memory", LARGEST >> 20))?;
    if depth > DEEPEST_VALUE {
        return Err(format!("the value that the template makes is more than {DEEPEST_VALUE} deep"));
    }
    match value {
        Value::Array(items) => items.iter().try_for_each(|item| weigh(item, left, depth + 1)),
        Value::Object(map) => map.values().try_for_each(|value| weigh(value, left, depth + 1)),
        _ => Ok(()),
    }
}

/// Whether any text in a value has a template.
pub(crate) fn holds_template(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains("{{"),
        Value::Array(items) => items.iter().any(holds_template),
        Value::Object(map) => map.values().any(holds_template),
        _ => false,
    }
}

/// Why a template cannot be read: what people get wrong in their words, the rest in the library's.
fn unreadable(text: &str, error: &TemplateError) -> String {
    let opened = text.matches("{{").count();
    if opened > text.matches("}}").count() {
        return "a {{ has no }}".into();
    }
    let within = || text.split("{{").skip(1).filter_map(|rest| rest.split("}}").next());
    if within().any(|inner| inner.trim().is_empty()) {
        return "nothing stands between {{ and }}".into();
    }
    if let Some(inner) = within().find(|inner| inner.matches('(').count() != inner.matches(')').count()) {
        return format!("a bracket is missing in {{{{{inner}}}}}");
    }
    if text.matches("{{#").count() > text.matches("{{/").count() {
        return "a block is not closed: {{#if ...}} ends with {{/if}}".into();
    }
    if error.reason().to_string().contains("stack limit") {
        return format!("expressions stand more than {DEEPEST} deep in one another");
    }
    let place = error.pos().map(|(line, column)| format!(" (line {line}, column {column} of the template)"));
    let reason = error.reason().to_string();
    let reason = reason.lines().last().unwrap_or_default().trim_start_matches(['=', ' ']).to_owned();
    format!("the template cannot be read{}: {reason}", place.unwrap_or_default())
}

pub(crate) fn too_long() -> String {
    format!("the text that the template makes is longer than {} MB", LONGEST >> 20)
}

impl Expr {
    fn of(call: &HelperTemplate, depth: usize) -> Result<Self, String> {
        if depth > DEEPEST {
            return Err(format!("expressions stand more than {DEEPEST} deep in one another"));
        }
        if !call.hash.is_empty() {
            return Err("helpers take values one after another, no name=value".into());
        }
        match &call.name {
            Parameter::Path(path) if call.params.is_empty() => Ok(Self::Path(names(path)?)),
            Parameter::Subexpression(sub) if call.params.is_empty() => Self::element(sub.as_element(), depth + 1),
            Parameter::Literal(value) if call.params.is_empty() => Ok(Self::Literal(value.clone())),
            Parameter::Name(name) if call.params.is_empty() => Ok(Self::Path(vec![name.clone()])),
            name => {
                let name = match name {
                    Parameter::Name(name) => name.clone(),
                    Parameter::Path(path) => names(path)?.join("."),
                    _ => return Err("a helper has a name".into()),
                };
                let known = helper(&name).ok_or_else(|| unknown_helper(&name))?;
                let (fewest, most) = known.arguments;
                if !(fewest..=most).contains(&call.params.len()) {
                    return Err(format!("{name} {}; here are {}", known.takes(), call.params.len()));
                }
                let arguments = call.params.iter().map(|parameter| Self::parameter(parameter, depth + 1));
                Ok(Self::Call(known, arguments.collect::<Result<_, _>>()?))
            }
        }
    }

    fn parameter(parameter: &Parameter, depth: usize) -> Result<Self, String> {
        match parameter {
            Parameter::Name(name) => Ok(Self::Path(vec![name.clone()])),
            Parameter::Path(path) => names(path).map(Self::Path),
            Parameter::Literal(value) => Ok(Self::Literal(value.clone())),
            Parameter::Subexpression(sub) => Self::element(sub.as_element(), depth),
            other => Err(format!("{other:?} is no value")),
        }
    }

    fn element(element: &TemplateElement, depth: usize) -> Result<Self, String> {
        match element {
            TemplateElement::Expression(call) => match bare(call) {
                Some(known) => Ok(Self::Call(known, Vec::new())),
                None => Self::of(call, depth),
            },
            _ => Err("an expression stands in brackets: (len steps.found.objects)".into()),
        }
    }

    fn collect<'a>(&'a self, all: &mut Vec<&'a [String]>) {
        match self {
            Self::Path(path) => all.push(path),
            Self::Literal(_) => {}
            Self::Call(_, arguments) => arguments.iter().for_each(|argument| argument.collect(all)),
        }
    }

    /// Its value; with `lenient`, what is not there is null.
    fn value<'a>(&'a self, scope: &'a dyn Scope, lenient: bool) -> Result<std::borrow::Cow<'a, Value>, String> {
        use std::borrow::Cow;
        match self {
            Self::Literal(value) => Ok(Cow::Borrowed(value)),
            Self::Path(path) => match find(scope, path) {
                Ok(value) => Ok(Cow::Borrowed(value)),
                Err(_) if lenient => Ok(Cow::Owned(Value::Null)),
                Err(message) => Err(message),
            },
            Self::Call(known, arguments) => {
                let values: Vec<Cow<'_, Value>> =
                    arguments.iter().map(|argument| argument.value(scope, known.lenient)).collect::<Result<_, _>>()?;
                let borrowed: Vec<&Value> = values.iter().map(AsRef::as_ref).collect();
                (known.call)(&borrowed).map(Cow::Owned).map_err(|message| format!("{}: {message}", known.name))
            }
        }
    }
}

/// The value of a path, or words that say how far it leads.
pub(crate) fn find<'a>(scope: &'a dyn Scope, path: &[String]) -> Result<&'a Value, String> {
    let (mut value, taken) = match scope.find(path) {
        Found::Value(value, taken) => (value, taken),
        Found::Nothing(message) => return Err(message),
    };
    for (at, part) in path.iter().enumerate().skip(taken) {
        let inner = match value {
            Value::Array(items) => part.parse::<usize>().ok().and_then(|index| items.get(index)),
            other => other.get(part),
        };
        value = inner.ok_or_else(|| {
            let before = path[..at].join(".");
            match value {
                Value::Null => format!("{before} is null: it has no {part}"),
                Value::Array(items) => format!("{before} is a list of {}: it has no {part}", items.len()),
                Value::Object(map) => {
                    let names: Vec<&str> = map.keys().map(String::as_str).take(20).collect();
                    let has = if names.is_empty() { "nothing".into() } else { names.join(", ") };
                    format!("{before} has no {part}; it has {has}")
                }
                _ => format!("{before} is a plain value: it has no {part}"),
            }
        })?;
    }
    Ok(value)
}

pub(crate) fn unknown_helper(name: &str) -> String {
    let names: Vec<&str> = HELPERS.iter().map(|helper| helper.name).collect();
    let near = argus_tools::suggest::similar_names(name, names.iter().copied());
    match near.as_slice() {
        [] => format!("there is no helper \"{name}\"; there are {}", names.join(", ")),
        near => format!("there is no helper \"{name}\"; did you mean {}?", near.join(" or ")),
    }
}

pub(crate) fn names(path: &Path) -> Result<Vec<String>, String> {
    match path {
        Path::Relative((parts, raw)) => {
            if raw.starts_with("..") {
                return Err("../ is for blocks; name a value by its full path".into());
            }
            let parts: Vec<String> = parts
                .iter()
                .filter_map(|part| match part {
                    PathSeg::Named(name) => Some(name.clone()),
                    _ => None,
                })
                .collect();
            if parts.is_empty() { Err("this is for blocks; name a value by its full path".into()) } else { Ok(parts) }
        }
        Path::Local((_, name, _)) => Err(format!("@{name} is for blocks ({{{{#each}}}})")),
    }
}

/// The helper that `(list)` calls: one that does without arguments, in brackets.
pub(crate) fn bare(call: &HelperTemplate) -> Option<&'static Known> {
    let name = match &call.name {
        Parameter::Name(name) => name.clone(),
        Parameter::Path(path) => names(path).ok()?.join("."),
        _ => return None,
    };
    helper(&name).filter(|known| call.params.is_empty() && known.arguments.0 == 0)
}
