//! YAML as plain values, with the place of each.

use std::{collections::HashMap, fmt, ops::Range};

use serde::{
    Deserialize, Deserializer,
    de::{self, MapAccess, SeqAccess, Visitor},
};
use serde_json::{Map, Number, Value};
use serde_saphyr::Spanned;

use super::problem::{Place, Problem};

/// The largest file in bytes.
pub(crate) const LARGEST: usize = 1 << 20;
/// Values that aliases may repeat, in all.
const REPEATED: usize = 20_000;
/// How deep lists and objects may stand in one another.
const DEEPEST: usize = 64;

/// The places of keys and values, by path: `steps.found.with.image`, `steps.all.map.for_each[2]`.
#[derive(Clone, Debug, Default)]
pub(crate) struct Places {
    keys: HashMap<String, Place>,
    values: HashMap<String, Place>,
}

impl Places {
    /// The place of a value, or of the nearest thing around it that has one.
    pub(crate) fn value(&self, path: &str) -> Option<Place> {
        let own = self.values.get(path).or_else(|| self.keys.get(path));
        own.cloned().or_else(|| outer(path).and_then(|outer| self.key(outer)))
    }

    /// The place of the key of a value, or of the nearest thing around it that has one.
    pub(crate) fn key(&self, path: &str) -> Option<Place> {
        let own = self.keys.get(path).or_else(|| self.values.get(path));
        own.cloned().or_else(|| outer(path).and_then(|outer| self.key(outer)))
    }
}

fn outer(path: &str) -> Option<&str> {
    path.rfind(['.', '[']).map(|end| &path[..end])
}

/// The path of a key in an object.
pub(crate) fn join(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}

/// Reads YAML. What is no YAML, or too much of it, is a problem with its place.
pub(crate) fn parse(text: &str) -> Result<(Value, Places), Problem> {
    if text.len() > LARGEST {
        let size = text.len() as f64 / 1e6;
        return Err(Problem::new("", format!("the file has {size:.1} MB; a workflow may have {} bytes", LARGEST))
            .hint("keep data in a file of its own and give it as an input"));
    }
    let options = serde_saphyr::options! {
        budget: serde_saphyr::budget! { max_depth: DEEPEST },
        alias_limits: serde_saphyr::alias_limits! { max_total_replayed_events: REPEATED },
        strict_booleans: true,
        with_snippet: false,
    };
    let node: Node = serde_saphyr::from_str_with_options(text, options).map_err(|error| wrong(&error, text))?;
    let mut places = Places::default();
    let value = node.value(String::new(), &mut places);
    Ok((value, places))
}

fn wrong(error: &serde_saphyr::Error, text: &str) -> Problem {
    let error = error.without_snippet();
    let place = error.location().map(|at| {
        let (line, column) = (at.line() as usize, at.column() as usize);
        let start = offset(text, line, column);
        Place { line, column, bytes: start..(start + 1).min(text.len()) }
    });
    let mut message = error.to_string();
    if let Some(end) = message.rfind(" at line ") {
        message.truncate(end);
    }
    let hint = if message.contains("expected string scalar") {
        Some("a key is a plain word; a template stands in quotes: \"{{ inputs.image }}\"")
    } else if message.contains("tabs") {
        Some("YAML is indented with spaces")
    } else if message.starts_with("duplicate mapping key") {
        message = message.split(", set").next().unwrap_or_default().replace("mapping key: ", "key \"") + "\"";
        Some("each name may be there once")
    } else if message.contains("multiple YAML documents") {
        message = "there are several YAML documents in the file".into();
        Some("a file holds one workflow: remove the line --- and what follows")
    } else if message.contains("recursion") || message.contains("depth") {
        Some("lists and objects stand too deep in one another")
    } else if message.contains("alias") || message.contains("replay") {
        Some("aliases may repeat 20,000 values in all")
    } else {
        None
    };
    Problem { place, hint: hint.map(str::to_owned), ..Problem::new("", message) }
}

/// The byte at which a place begins; lines and columns (in characters) count from 1.
fn offset(text: &str, line: usize, column: usize) -> usize {
    let start: usize = text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
    let rest = &text[start.min(text.len())..];
    let within = rest.char_indices().nth(column.saturating_sub(1)).map_or(rest.len(), |(at, _)| at);
    (start + within).min(text.len())
}

/// A value with its place.
struct Node(Spanned<Content>);

enum Content {
    Plain(Value),
    List(Vec<Node>),
    Map(Vec<(Spanned<String>, Node)>),
}

impl Node {
    fn value(self, path: String, places: &mut Places) -> Value {
        // The library places a list or an object at its end; its key says more.
        if path.is_empty() || matches!(self.0.value, Content::Plain(_)) {
            places.values.insert(path.clone(), place(&self.0));
        }
        match self.0.value {
            Content::Plain(value) => value,
            Content::List(items) => {
                let items = items.into_iter().enumerate();
                Value::Array(items.map(|(index, item)| item.value(format!("{path}[{index}]"), places)).collect())
            }
            Content::Map(fields) => {
                let mut map = Map::new();
                for (key, field) in fields {
                    let inner = join(&path, &key.value);
                    places.keys.insert(inner.clone(), place(&key));
                    map.insert(key.value, field.value(inner, places));
                }
                Value::Object(map)
            }
        }
    }
}

fn place<T>(spanned: &Spanned<T>) -> Place {
    let at = spanned.referenced;
    let bytes = at.span().byte_offset().zip(at.span().byte_len());
    let bytes: Range<usize> = bytes.map_or(0..0, |(start, len)| start as usize..(start + len) as usize);
    Place { line: at.line() as usize, column: at.column() as usize, bytes }
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Spanned::deserialize(deserializer).map(Self)
    }
}

impl<'de> Deserialize<'de> for Content {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Contents)
    }
}

struct Contents;

impl<'de> Visitor<'de> for Contents {
    type Value = Content;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a YAML value")
    }
    fn visit_unit<E>(self) -> Result<Content, E> {
        Ok(Content::Plain(Value::Null))
    }
    fn visit_none<E>(self) -> Result<Content, E> {
        Ok(Content::Plain(Value::Null))
    }
    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Content, D::Error> {
        deserializer.deserialize_any(self)
    }
    fn visit_bool<E>(self, value: bool) -> Result<Content, E> {
        Ok(Content::Plain(Value::Bool(value)))
    }
    fn visit_i64<E>(self, value: i64) -> Result<Content, E> {
        Ok(Content::Plain(value.into()))
    }
    fn visit_u64<E>(self, value: u64) -> Result<Content, E> {
        Ok(Content::Plain(value.into()))
    }
    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Content, E> {
        let number = Number::from_f64(value).ok_or_else(|| E::custom(format!("{value} is no number of JSON")))?;
        Ok(Content::Plain(Value::Number(number)))
    }
    fn visit_str<E>(self, value: &str) -> Result<Content, E> {
        Ok(Content::Plain(value.into()))
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Content, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = access.next_element()? {
            items.push(item);
        }
        Ok(Content::List(items))
    }
    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Content, A::Error> {
        let mut fields = Vec::new();
        while let Some(key) = access.next_key()? {
            fields.push((key, access.next_value()?));
        }
        Ok(Content::Map(fields))
    }
}
