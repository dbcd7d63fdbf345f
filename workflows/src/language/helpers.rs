//! What templates can compute: `{{len steps.found.objects}}`, `{{eq (lower inputs.kind) "cup"}}`.

use std::cmp::Ordering;

use serde_json::{Map, Number, Value, json};

use crate::language::{random, text};

/// A helper: its name, how it is called, what it gives, and whether a missing value is null to it.
#[derive(Debug)]
pub(crate) struct Helper {
    /// Its name.
    pub(crate) name: &'static str,
    /// Its arguments as documented.
    pub(crate) usage: &'static str,
    /// The fewest and the most arguments.
    pub(crate) arguments: (usize, usize),
    /// The JSON type of what it gives; empty where that depends.
    pub(crate) gives: &'static str,
    /// Whether arguments may be missing.
    pub(crate) lenient: bool,
    /// What it does.
    pub(crate) call: fn(&[&Value]) -> Result<Value, String>,
}

impl Helper {
    /// What it takes, in words: `takes 2 values: a b`.
    pub(crate) fn takes(&self) -> String {
        let count = match self.arguments {
            (1, 1) => "1 value".into(),
            (fewest, MANY) => format!("{fewest} or more values"),
            (fewest, most) if fewest == most => format!("{fewest} values"),
            (fewest, most) => format!("{fewest} to {most} values"),
        };
        format!("takes {count}: {}", self.usage)
    }
}

const MANY: usize = usize::MAX;

macro_rules! helpers {
    ($($name:literal $usage:literal $min:tt ..= $max:tt $gives:literal $lenient:literal $call:expr;)*) => {
        /// All helpers, by name.
        pub(crate) const HELPERS: &[Helper] = &[$(Helper {
            name: $name, usage: $usage, arguments: ($min, $max), gives: $gives, lenient: $lenient, call: $call,
        }),*];
    };
}

helpers! {
    "eq" "a b" 2 ..= 2 "boolean" true |a| Ok(same(a[0], a[1]).into());
    "ne" "a b" 2 ..= 2 "boolean" true |a| Ok((!same(a[0], a[1])).into());
    "lt" "a b" 2 ..= 2 "boolean" false |a| compare(a, Ordering::is_lt);
    "lte" "a b" 2 ..= 2 "boolean" false |a| compare(a, Ordering::is_le);
    "gt" "a b" 2 ..= 2 "boolean" false |a| compare(a, Ordering::is_gt);
    "gte" "a b" 2 ..= 2 "boolean" false |a| compare(a, Ordering::is_ge);
    "and" "a b ..." 1 ..= MANY "boolean" true |a| Ok(a.iter().all(|value| truthy(value)).into());
    "or" "a b ..." 1 ..= MANY "boolean" true |a| Ok(a.iter().any(|value| truthy(value)).into());
    "not" "a" 1 ..= 1 "boolean" true |a| Ok((!truthy(a[0])).into());
    "choose" "condition then else" 3 ..= 3 "" true |a| Ok(if truthy(a[0]) { a[1].clone() } else { a[2].clone() });
    "default" "value instead" 2 ..= MANY "" true |a| {
        Ok(a.iter().find(|value| !value.is_null() && **value != "").or(a.last()).map_or(Value::Null, |v| (*v).clone()))
    };
    "len" "list, object or text" 1 ..= 1 "integer" false |a| length(a[0]);
    "json" "value" 1 ..= 1 "string" false |a| Ok(a[0].to_string().into());
    "parse" "JSON text" 1 ..= 1 "" false |a| {
        serde_json::from_str(text(a[0])?).map_err(|error| format!("the text is no JSON: {error}"))
    };
    "text" "value" 1 ..= 1 "string" false |a| Ok(shown(a[0]).into());
    "number" "text or number" 1 ..= 1 "number" false |a| match a[0] {
        Value::String(text) => text.trim().parse().ok().and_then(Number::from_f64).map(tidy)
            .ok_or_else(|| format!("\"{text}\" is no number")),
        other => number(other).map(whole),
    };
    "add" "a b ..." 1 ..= MANY "number" false |a| fold(a, 0.0, |x, y| x + y);
    "sub" "a b" 2 ..= 2 "number" false |a| Ok(whole(number(a[0])? - number(a[1])?));
    "mul" "a b ..." 1 ..= MANY "number" false |a| fold(a, 1.0, |x, y| x * y);
    "div" "a b" 2 ..= 2 "number" false |a| {
        if number(a[1])? == 0.0 { Err("division by 0".into()) } else { Ok(whole(number(a[0])? / number(a[1])?)) }
    };
    "round" "number [digits]" 1 ..= 2 "number" false |a| {
        let scale = 10f64.powi(a.get(1).map_or(Ok(0.0), |digits| number(digits))? as i32);
        Ok(whole((number(a[0])? * scale).round() / scale))
    };
    "min" "list, or a b ..." 1 ..= MANY "" false |a| extreme(a, Ordering::is_lt);
    "max" "list, or a b ..." 1 ..= MANY "" false |a| extreme(a, Ordering::is_gt);
    "sum" "list, or a b ..." 1 ..= MANY "number" false |a| {
        let values = items(a);
        fold(&values, 0.0, |x, y| x + y)
    };
    "join" "list [between]" 1 ..= 2 "string" false |a| {
        let between = a.get(1).map_or(Ok(", "), |between| text(between))?;
        Ok(list(a[0])?.iter().map(shown).collect::<Vec<_>>().join(between).into())
    };
    "split" "text [between]" 1 ..= 2 "array" false |a| {
        let between = a.get(1).map_or(Ok(","), |between| text(between))?;
        Ok(text(a[0])?.split(between).map(str::trim).filter(|part| !part.is_empty()).collect())
    };
    "pluck" "list field" 2 ..= 2 "array" false |a| {
        let field = text(a[1])?;
        Ok(list(a[0])?.iter().map(|item| at(item, field).cloned().unwrap_or_default()).collect())
    };
    "filter" "list field [value, or comparison value]" 2 ..= 4 "array" false filter;
    "sort" "list [field]" 1 ..= 2 "array" false |a| {
        let field = a.get(1).map_or(Ok(""), |field| text(field))?;
        let mut sorted = list(a[0])?.clone();
        sorted.sort_by(|x, y| order(at(x, field), at(y, field)));
        Ok(sorted.into())
    };
    "reverse" "list" 1 ..= 1 "array" false |a| Ok(list(a[0])?.iter().rev().cloned().collect());
    "unique" "list" 1 ..= 1 "array" false |a| {
        let mut seen: Vec<Value> = Vec::new();
        for item in list(a[0])? {
            if !seen.contains(item) {
                seen.push(item.clone());
            }
        }
        Ok(seen.into())
    };
    "slice" "list or text from [to]" 2 ..= 3 "" false slice;
    "first" "list" 1 ..= 1 "" false |a| Ok(list(a[0])?.first().cloned().unwrap_or_default());
    "concat" "lists, or texts" 1 ..= MANY "" false concat;
    "flatten" "list of lists" 1 ..= 1 "array" false |a| {
        let mut flat = Vec::new();
        for item in list(a[0])? {
            match item {
                Value::Array(items) => flat.extend(items.iter().cloned()),
                other => flat.push(other.clone()),
            }
        }
        Ok(flat.into())
    };
    "list" "a b ..." 0 ..= MANY "array" true |a| Ok(a.iter().map(|value| (*value).clone()).collect());
    "without" "list, others" 2 ..= 2 "array" false |a| {
        let others = list(a[1])?;
        Ok(list(a[0])?.iter().filter(|item| !others.iter().any(|other| same(item, other))).cloned().collect())
    };
    "chunk" "list size" 2 ..= 2 "array" false |a| match number(a[1])? as usize {
        0 => Err("a group has at least 1".into()),
        size => Ok(list(a[0])?.chunks(size).map(<[Value]>::to_vec).map(Value::from).collect()),
    };
    "tally" "list" 1 ..= 1 "array" false |a| Ok(tally(list(a[0])?));
    "sample" "list weights count seed" 4 ..= 4 "array" false |a| {
        let weights = list(a[1])?.iter().map(number).collect::<Result<Vec<_>, _>>()?;
        random::sample(list(a[0])?, &weights, number(a[2])? as usize, number(a[3])? as u64).map(Value::Array)
    };
    "range" "count" 1 ..= 1 "array" false |a| {
        let count = number(a[0])?;
        if (0.0..=100_000.0).contains(&count) {
            Ok((0..count as u64).map(Value::from).collect())
        } else {
            Err(format!("it takes 0 to 100,000, not {count}"))
        }
    };
    "patch_box" "patches rows columns width height [share]" 5 ..= 6 "array" false |a| {
        let share = a.get(5).map_or(Ok(1.0), |share| number(share))?;
        let patches = list(a[0])?.iter().map(number).collect::<Result<Vec<_>, _>>()?;
        patch_box(&patches, (number(a[1])?, number(a[2])?), (number(a[3])?, number(a[4])?), share)
    };
    "keys" "object" 1 ..= 1 "array" false |a| Ok(object(a[0])?.keys().cloned().map(Value::from).collect());
    "values" "object" 1 ..= 1 "array" false |a| Ok(object(a[0])?.values().cloned().collect());
    "merge" "objects" 1 ..= MANY "object" false |a| {
        let mut merged = Map::new();
        for one in a {
            merged.extend(object(one)?.clone());
        }
        Ok(merged.into())
    };
    "lookup" "list or object, index or name" 2 ..= 2 "" true |a| Ok(match a[1] {
        Value::Number(index) => {
            index.as_u64().and_then(|index| a[0].get(index as usize)).cloned().unwrap_or_default()
        }
        name => a[0].get(shown(name)).cloned().unwrap_or_default(),
    });
    "contains" "list or text, what" 2 ..= 2 "boolean" true |a| Ok(match a[0] {
        Value::Array(items) => items.iter().any(|item| same(item, a[1])),
        Value::Object(map) => map.contains_key(&shown(a[1])),
        Value::String(text) => text.contains(&shown(a[1])),
        _ => false,
    }.into());
    "lower" "text" 1 ..= 1 "string" false |a| Ok(text(a[0])?.to_lowercase().into());
    "upper" "text" 1 ..= 1 "string" false |a| Ok(text(a[0])?.to_uppercase().into());
    "trim" "text" 1 ..= 1 "string" false |a| Ok(text(a[0])?.trim().into());
    "replace" "text what instead" 3 ..= 3 "string" false |a| Ok(text(a[0])?.replace(text(a[1])?, text(a[2])?).into());
    "words" "text" 1 ..= 1 "array" false |a| Ok(text::content(text(a[0])?).into());
    "phrases" "text [most words]" 1 ..= 2 "array" false |a| {
        let most = a.get(1).map_or(Ok(3.0), |most| number(most))?;
        Ok(text::phrases(text(a[0])?, most as usize).into())
    };
    "similarity" "two texts, or two lists of numbers" 2 ..= 2 "number" false |a| similarity(a[0], a[1]);
    "normalize_answer" "text" 1 ..= 1 "string" false |a| Ok(text::normalized(text(a[0])?).into());
    "parse_lines" "JSON Lines" 1 ..= 1 "array" false |a| {
        let lines = text(a[0])?.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
        let read = |(at, line): (usize, &str)| {
            serde_json::from_str::<Value>(line).map_err(|error| format!("line {} is no JSON: {error}", at + 1))
        };
        lines.map(read).collect::<Result<Vec<_>, _>>().map(Value::Array)
    };
    "truncate" "text characters" 2 ..= 2 "string" false |a| {
        Ok(text(a[0])?.chars().take(number(a[1])? as usize).collect::<String>().into())
    };
}

/// The helper of a name.
pub(crate) fn helper(name: &str) -> Option<&'static Helper> {
    HELPERS.iter().find(|helper| helper.name == name)
}

/// Whether a value counts as yes: not null, false, 0, "", [] or {}.
pub(crate) fn truthy(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(yes) => *yes,
        Value::Number(number) => number.as_f64() != Some(0.0),
        Value::String(text) => !text.is_empty(),
        Value::Array(items) => !items.is_empty(),
        Value::Object(map) => !map.is_empty(),
    }
}

/// A value as it is in a text: texts bare, nothing for null, the rest as JSON.
pub(crate) fn shown(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "nothing",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

fn wrong(wanted: &str, value: &Value) -> String {
    format!("it takes {wanted}, not {}", kind(value))
}

fn text(value: &Value) -> Result<&str, String> {
    value.as_str().ok_or_else(|| wrong("a text", value))
}

fn number(value: &Value) -> Result<f64, String> {
    value.as_f64().ok_or_else(|| wrong("a number", value))
}

fn list(value: &Value) -> Result<&Vec<Value>, String> {
    value.as_array().ok_or_else(|| wrong("a list", value))
}

fn object(value: &Value) -> Result<&Map<String, Value>, String> {
    value.as_object().ok_or_else(|| wrong("an object", value))
}

/// A number without `.0` where it is whole.
fn whole(number: f64) -> Value {
    Number::from_f64(number).map_or(Value::Null, tidy)
}

fn tidy(number: Number) -> Value {
    match number.as_f64() {
        Some(value) if value.fract() == 0.0 && value.abs() < 9e15 => json!(value as i64),
        _ => Value::Number(number),
    }
}

/// Numbers are the same whether they are written 1 or 1.0.
#[expect(clippy::float_cmp, reason = "the same digits are the same number")]
fn same(a: &Value, b: &Value) -> bool {
    match (a.as_f64(), b.as_f64()) {
        (Some(a), Some(b)) => a == b,
        _ => a == b,
    }
}

fn order(a: Option<&Value>, b: Option<&Value>) -> Ordering {
    match (a, b) {
        (Some(Value::Number(a)), Some(Value::Number(b))) => {
            a.as_f64().unwrap_or_default().total_cmp(&b.as_f64().unwrap_or_default())
        }
        (Some(a), Some(b)) => shown(a).cmp(&shown(b)),
        (a, b) => a.is_some().cmp(&b.is_some()),
    }
}

fn compare(values: &[&Value], holds: fn(Ordering) -> bool) -> Result<Value, String> {
    match (values[0], values[1]) {
        (Value::Number(_), Value::Number(_)) | (Value::String(_), Value::String(_)) => {
            Ok(holds(order(Some(values[0]), Some(values[1]))).into())
        }
        (a, b) => Err(format!("{} and {} cannot be compared", kind(a), kind(b))),
    }
}

fn fold(values: &[&Value], start: f64, with: fn(f64, f64) -> f64) -> Result<Value, String> {
    let numbers = values.iter().map(|value| number(value)).collect::<Result<Vec<_>, _>>()?;
    // Sums of prices as people write them: 0.1 + 0.2 is 0.3.
    let result = numbers.into_iter().fold(start, with);
    let rounded = (result * 1e9).round() / 1e9;
    Ok(whole(if result.abs() < 1e6 { rounded } else { result }))
}

fn items<'a>(values: &[&'a Value]) -> Vec<&'a Value> {
    match values {
        [Value::Array(items)] => items.iter().collect(),
        values => values.to_vec(),
    }
}

fn extreme(values: &[&Value], holds: fn(Ordering) -> bool) -> Result<Value, String> {
    let mut values = items(values).into_iter();
    let first = values.next().ok_or("the list is empty")?;
    let better = |best, value| if holds(order(Some(value), Some(best))) { value } else { best };
    Ok(values.fold(first, better).clone())
}

fn length(value: &Value) -> Result<Value, String> {
    Ok(match value {
        Value::Array(items) => items.len(),
        Value::Object(map) => map.len(),
        Value::String(text) => text.chars().count(),
        other => return Err(wrong("a list, an object or a text", other)),
    }
    .into())
}

/// A part of a value by a path of names and indices: `box.0`; the value itself for an empty path.
fn at<'a>(value: &'a Value, path: &str) -> Option<&'a Value> {
    path.split('.').filter(|part| !part.is_empty()).try_fold(value, |value, part| match value {
        Value::Array(items) => part.parse::<usize>().ok().and_then(|index| items.get(index)),
        other => other.get(part),
    })
}

/// `filter objects "label" "cup"`, `filter objects "score" ">=" 0.5`, `filter lines "text"`.
fn filter(values: &[&Value]) -> Result<Value, String> {
    let field = text(values[1])?;
    let keeps = |item: &&Value| -> Result<bool, String> {
        let found = at(item, field);
        Ok(match values {
            [_, _] => found.is_some_and(truthy),
            [_, _, wanted] => found.is_some_and(|found| same(found, wanted)),
            [_, _, comparison, wanted, ..] => {
                let order = order(found, Some(wanted));
                let there = found.is_some_and(|found| !found.is_null());
                match text(comparison)? {
                    "==" => found.is_some_and(|found| same(found, wanted)),
                    "!=" => !found.is_some_and(|found| same(found, wanted)),
                    "<" => there && order.is_lt(),
                    "<=" => there && order.is_le(),
                    ">" => there && order.is_gt(),
                    ">=" => there && order.is_ge(),
                    "has" => found.and_then(Value::as_str).is_some_and(|found| text::has(found, &shown(wanted))),
                    "in" => list(wanted)?.iter().any(|one| found.is_some_and(|found| same(found, one))),
                    other => return Err(format!("\"{other}\" is none of ==, !=, <, <=, >, >=, in, has")),
                }
            }
            _ => false,
        })
    };
    let mut kept = Vec::new();
    for item in list(values[0])? {
        if keeps(&item)? {
            kept.push(item.clone());
        }
    }
    Ok(kept.into())
}

/// The different values of a list with how often each is there, the most frequent first, then as they come.
fn tally(list: &[Value]) -> Value {
    let mut counted: Vec<(&Value, u64)> = Vec::new();
    for item in list {
        match counted.iter_mut().find(|(value, _)| same(value, item)) {
            Some((_, count)) => *count += 1,
            None => counted.push((item, 1)),
        }
    }
    counted.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    counted.into_iter().map(|(value, count)| json!({ "value": value, "count": count })).collect()
}

/// The cosine of two vectors, or of the word counts of two texts.
fn similarity(a: &Value, b: &Value) -> Result<Value, String> {
    let cosine = match (a, b) {
        (Value::String(a), Value::String(b)) => text::similarity(a, b),
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            let vector = |list: &[Value]| list.iter().map(number).collect::<Result<Vec<_>, _>>();
            text::cosine(&vector(a)?, &vector(b)?)
        }
        (Value::Array(a), Value::Array(b)) => {
            return Err(format!("vectors of {} and {} numbers cannot be compared", a.len(), b.len()));
        }
        (a, b) => return Err(format!("it takes two texts or two lists of numbers, not {} and {}", kind(a), kind(b))),
    };
    Ok(whole((cosine * 1e6).round() / 1e6))
}

/// The box [x1, y1, x2, y2] in pixels around patches of a grid, which are numbered row by row from 0. With a share below 1, only that
/// share of them counts, those nearest to the first.
fn patch_box(
    patches: &[f64],
    (rows, columns): (f64, f64),
    (width, height): (f64, f64),
    share: f64,
) -> Result<Value, String> {
    if rows < 1.0 || columns < 1.0 {
        return Err("the grid has no patches".into());
    }
    let place = |patch: &f64| ((patch / columns).floor(), patch % columns);
    if let Some(outside) = patches.iter().find(|patch| !(0.0..rows * columns).contains(*patch)) {
        return Err(format!("there is no patch {outside} in a grid of {rows} x {columns}"));
    }
    let mut places: Vec<(f64, f64)> = patches.iter().map(place).collect();
    let Some(first) = places.first().copied() else { return Err("there are no patches".into()) };
    let distance = |place: &(f64, f64)| (place.0 - first.0).hypot(place.1 - first.1);
    places.sort_by(|a, b| distance(a).total_cmp(&distance(b)));
    places.truncate(((places.len() as f64 * share).ceil() as usize).max(1));
    let side = |of: fn(&(f64, f64)) -> f64, cells: f64, pixels: f64| {
        let values = places.iter().map(of);
        let (least, most) = values.fold((f64::MAX, f64::MIN), |(a, b), value| (a.min(value), b.max(value)));
        ((least / cells * pixels).floor(), ((most + 1.0) / cells * pixels).ceil().min(pixels))
    };
    let ((y1, y2), (x1, x2)) = (side(|place| place.0, rows, height), side(|place| place.1, columns, width));
    Ok([x1, y1, x2, y2].map(whole).to_vec().into())
}

fn slice(values: &[&Value]) -> Result<Value, String> {
    let length = length(values[0])?.as_i64().unwrap_or_default();
    let place = |value: &Value| -> Result<usize, String> {
        let at = number(value)? as i64;
        Ok((if at < 0 { length + at } else { at }).clamp(0, length) as usize)
    };
    let (from, to) = (place(values[1])?, values.get(2).map_or(Ok(length as usize), |to| place(to))?);
    let count = to.saturating_sub(from);
    Ok(match values[0] {
        Value::Array(items) => items.iter().skip(from).take(count).cloned().collect(),
        other => text(other)?.chars().skip(from).take(count).collect::<String>().into(),
    })
}

fn concat(values: &[&Value]) -> Result<Value, String> {
    if values.iter().all(|value| value.is_array()) {
        return Ok(values.iter().filter_map(|value| value.as_array()).flatten().cloned().collect());
    }
    if let Some(list) = values.iter().find(|value| value.is_array() || value.is_object()) {
        return Err(format!("it takes lists, or texts and numbers, not {} among them", kind(list)));
    }
    Ok(values.iter().map(|value| shown(value)).collect::<String>().into())
}
