//! Values with templates: read once, filled in as often as needed.
//!
//! The grammar is that of Handlebars, read by its library. A text that is one `{{ ... }}` keeps the type of its value; a text with
//! several pieces becomes a text; a text with blocks (`{{#each}}`, `{{#if}}`) is rendered by the library.

use std::{
    io,
    sync::{Arc, LazyLock},
};

use handlebars::{
    Context, Handlebars, Helper, HelperDef, Output, Path, PathSeg, RenderContext, RenderError, RenderErrorReason,
    Renderable, ScopedJson, Template as Parsed, no_escape,
    template::{HelperTemplate, Parameter, TemplateElement},
};
use serde_json::{Map, Value};

use super::{
    helpers::{HELPERS, Helper as Known, helper, shown},
    yaml::join,
};

/// The longest text that a template may become, in bytes.
const LONGEST: usize = 16 << 20;
/// How deep expressions may stand in one another.
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
        let parsed = Parsed::compile(text).map_err(|error| {
            let place = error.pos().map(|(line, column)| format!(" (line {line}, column {column} of the template)"));
            let reason = error.reason().to_string();
            let reason = reason.lines().last().unwrap_or_default().trim_start_matches(['=', ' ']).to_owned();
            format!("the template cannot be read{}: {reason}", place.unwrap_or_default())
        })?;
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
        match self {
            Self::Literal(value) => Ok(value.clone()),
            Self::One(expr) => expr.value(scope, false).map(std::borrow::Cow::into_owned),
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
            Self::List(items) => items.iter().map(|item| item.fill(scope)).collect::<Result<_, _>>().map(Value::Array),
            Self::Map(fields) => {
                let filled = fields.iter().map(|(name, field)| Ok((name.clone(), field.fill(scope)?)));
                filled.collect::<Result<Map<_, _>, String>>().map(Value::Object)
            }
        }
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

fn too_long() -> String {
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
                    return Err(format!("{name} is called {{{{{name} {}}}}}", known.usage));
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
fn find<'a>(scope: &'a dyn Scope, path: &[String]) -> Result<&'a Value, String> {
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

fn unknown_helper(name: &str) -> String {
    let names: Vec<&str> = HELPERS.iter().map(|helper| helper.name).collect();
    let near = argus_tools::image::near(name, names.iter().copied());
    match near.as_slice() {
        [] => format!("there is no helper \"{name}\"; there are {}", names.join(", ")),
        near => format!("there is no helper \"{name}\"; did you mean {}?", near.join(" or ")),
    }
}

fn names(path: &Path) -> Result<Vec<String>, String> {
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

/// What a template with blocks refers to outside of them.
fn references_of(template: &Parsed, inside: bool, all: &mut Vec<Vec<String>>) -> Result<(), String> {
    for element in &template.elements {
        match element {
            TemplateElement::RawString(_) | TemplateElement::Comment(_) => {}
            TemplateElement::Expression(call) | TemplateElement::HtmlExpression(call) => call_of(call, inside, all)?,
            TemplateElement::HelperBlock(call) => {
                for parameter in call.params.iter().chain(call.hash.values()) {
                    parameter_of(parameter, inside, all)?;
                }
                let name = match &call.name {
                    Parameter::Name(name) => name.clone(),
                    Parameter::Path(path) => names(path)?.join("."),
                    _ => String::new(),
                };
                if !matches!(name.as_str(), "if" | "unless" | "each" | "with") {
                    return Err(format!("there is no block \"{name}\"; there are if, unless, each and with"));
                }
                let within = inside || matches!(name.as_str(), "each" | "with");
                for (body, within) in [(&call.template, within), (&call.inverse, inside)] {
                    if let Some(body) = body {
                        references_of(body, within, all)?;
                    }
                }
            }
            _ => return Err("partials and decorators are not available; a step can use another one's text".into()),
        }
    }
    Ok(())
}

/// The helper that `(list)` calls: one that does without arguments, in brackets.
fn bare(call: &HelperTemplate) -> Option<&'static Known> {
    let name = match &call.name {
        Parameter::Name(name) => name.clone(),
        Parameter::Path(path) => names(path).ok()?.join("."),
        _ => return None,
    };
    helper(&name).filter(|known| call.params.is_empty() && known.arguments.0 == 0)
}

fn call_of(call: &HelperTemplate, inside: bool, all: &mut Vec<Vec<String>>) -> Result<(), String> {
    if call.params.is_empty() && call.hash.is_empty() {
        return parameter_of(&call.name, inside, all);
    }
    if let Parameter::Name(name) = &call.name
        && helper(name).is_none()
    {
        return Err(unknown_helper(name));
    }
    call.params.iter().chain(call.hash.values()).try_for_each(|parameter| parameter_of(parameter, inside, all))
}

fn parameter_of(parameter: &Parameter, inside: bool, all: &mut Vec<Vec<String>>) -> Result<(), String> {
    match parameter {
        Parameter::Literal(_) | Parameter::Path(Path::Local(_)) => {}
        Parameter::Name(name) => {
            if !inside {
                all.push(vec![name.clone()]);
            }
        }
        Parameter::Path(path @ Path::Relative((parts, raw))) => {
            let from_root = raw.starts_with("@root") || raw.starts_with("..");
            let parts: Vec<String> = parts
                .iter()
                .filter_map(|part| if let PathSeg::Named(name) = part { Some(name.clone()) } else { None })
                .collect();
            let known = parts.first().is_some_and(|first| ROOTS.contains(&first.as_str()));
            if known || (from_root && !parts.is_empty() && raw.starts_with("@root")) {
                all.push(parts);
            } else if !inside {
                all.push(names(path)?);
            }
        }
        Parameter::Subexpression(sub) => {
            if let TemplateElement::Expression(call) = sub.as_element()
                && bare(call).is_none()
            {
                call_of(call, inside, all)?;
            }
        }
        other => return Err(format!("{other:?} is no value")),
    }
    Ok(())
}

/// The library with our helpers.
static LIBRARY: LazyLock<Handlebars<'static>> = LazyLock::new(|| {
    let mut library = Handlebars::new();
    library.set_strict_mode(true);
    library.register_escape_fn(no_escape);
    for known in HELPERS {
        library.register_helper(known.name, Box::new(Adapter(known)));
    }
    library
});

struct Adapter(&'static Known);

impl HelperDef for Adapter {
    fn call_inner<'reg: 'rc, 'rc>(
        &self,
        call: &Helper<'rc>,
        _: &'reg Handlebars<'reg>,
        _: &'rc Context,
        _: &mut RenderContext<'reg, 'rc>,
    ) -> Result<ScopedJson<'rc>, RenderError> {
        let wrong = |message: String| RenderError::from(RenderErrorReason::Other(message));
        let (fewest, most) = self.0.arguments;
        if !(fewest..=most).contains(&call.params().len()) {
            return Err(wrong(format!("{} is called {{{{{} {}}}}}", self.0.name, self.0.name, self.0.usage)));
        }
        for parameter in call.params() {
            if parameter.is_value_missing() && !self.0.lenient {
                let name = parameter.relative_path().cloned().unwrap_or_default();
                return Err(wrong(format!("{}: there is no {name}", self.0.name)));
            }
        }
        let values: Vec<&Value> = call.params().iter().map(handlebars::PathAndJson::value).collect();
        let value = (self.0.call)(&values).map_err(|message| wrong(format!("{}: {message}", self.0.name)))?;
        Ok(ScopedJson::Derived(value))
    }
}

/// A text that is cut off with an error before it fills the memory.
struct Bounded(String);

impl Output for Bounded {
    fn write(&mut self, piece: &str) -> io::Result<()> {
        if self.0.len() + piece.len() > LONGEST {
            return Err(io::Error::other(too_long()));
        }
        self.0.push_str(piece);
        Ok(())
    }
    fn write_fmt(&mut self, arguments: std::fmt::Arguments<'_>) -> io::Result<()> {
        self.write(&arguments.to_string())
    }
}

/// Renders a text with blocks over a copy of what it refers to.
fn blocks(parsed: &Parsed, references: &[Vec<String>], scope: &dyn Scope) -> Result<String, String> {
    let mut data = Map::new();
    for path in references {
        if let Ok(value) = find(scope, path) {
            put(&mut data, path, value.clone());
        } else if let Found::Nothing(message) = scope.find(path) {
            return Err(message);
        }
    }
    let context = Context::from(Value::Object(data));
    let mut out = Bounded(String::new());
    let rendered = parsed.render(&LIBRARY, &context, &mut RenderContext::new(None), &mut out);
    rendered.map_err(|error| error.reason().to_string())?;
    Ok(out.0)
}

fn put(data: &mut Map<String, Value>, path: &[String], value: Value) {
    match path {
        [] => {}
        [name] => {
            data.insert(name.clone(), value);
        }
        [name, rest @ ..] => {
            let inner = data.entry(name.clone()).or_insert_with(|| Value::Object(Map::new()));
            match inner {
                Value::Object(inner) => put(inner, rest, value),
                // A list is there as a whole already, or comes as one.
                _ => {}
            }
        }
    }
}
