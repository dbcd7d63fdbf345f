//! Texts with blocks (`{{#each}}`, `{{#if}}`), rendered by the Handlebars library with our helpers.

use std::{io, sync::LazyLock};

use handlebars::{
    Context, Handlebars, Helper, HelperDef, Output, Path, PathSeg, RenderContext, RenderError, RenderErrorReason,
    Renderable, ScopedJson, Template as Parsed, no_escape,
    template::{HelperTemplate, Parameter, TemplateElement},
};
use serde_json::{Map, Value};

use crate::language::{
    helpers::{HELPERS, Helper as Known, helper},
    template::{Found, LONGEST, ROOTS, Scope, bare, find, names, too_long, unknown_helper},
};

/// What a template with blocks refers to outside of them.
pub(crate) fn references_of(template: &Parsed, inside: bool, all: &mut Vec<Vec<String>>) -> Result<(), String> {
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
            let count = call.params().len();
            return Err(wrong(format!("{} {}; here are {count}", self.0.name, self.0.takes())));
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
pub(crate) fn blocks(parsed: &Parsed, references: &[Vec<String>], scope: &dyn Scope) -> Result<String, String> {
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
            // A list is there as a whole already, or comes as one.
            if let Value::Object(inner) = inner {
                put(inner, rest, value);
            }
        }
    }
}
