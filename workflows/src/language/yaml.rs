//! YAML as plain values, with the place of each.

use std::{collections::HashMap, fmt, ops::Range};

use serde::{
    Deserialize, Deserializer,
    de::{self, MapAccess, SeqAccess, Visitor},
};
use serde_json::{Map, Number, Value};
use serde_saphyr::Spanned;

use crate::language::problem::{Place, Problem};

/// The largest file in bytes.
pub(crate) const LARGEST: usize = 1 << 20;
/// Values that aliases may repeat, in all.
const REPEATED: usize = 20_000;
/// How deep lists and objects may be nested.
const DEEPEST: usize = 64;
/// The stack of the thread that reads, in bytes.
const STACK: usize = 16 << 20;

/// The places of keys and values, by path: `steps.found.with.image`, `steps.all.map.for_each[2]`.
#[derive(Clone, Debug, Default)]
pub(crate) struct Places {
    keys: HashMap<String, Place>,
    values: HashMap<String, Place>,
}

impl Places {
    /// The same in a file with so many bytes before what was read.
    pub(crate) fn shifted(mut self, by: usize) -> Self {
        for place in self.keys.values_mut().chain(self.values.values_mut()) {
            place.bytes = place.bytes.start + by..place.bytes.end + by;
        }
        self
    }

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
        return Err(Problem::new("", format!("the file has {size:.1} MB; a workflow may have 1 MB"))
            .hint("keep data in a file of its own and give it as an input"));
    }
    let read = move || -> Result<(Value, Places), Problem> {
        let options = serde_saphyr::options! {
            budget: serde_saphyr::budget! { max_depth: DEEPEST },
            alias_limits: serde_saphyr::alias_limits! { max_total_replayed_events: REPEATED },
            strict_booleans: true,
            with_snippet: false,
        };
        let node: Node = serde_saphyr::from_str_with_options(text, options).map_err(|error| wrong(&error, text))?;
        let mut places = Places::default();
        let value = node.value("", &mut places);
        Ok((value, places))
    };
    // The library takes up to 35 kB of stack for each object in another one: more than a thread has for the deepest.
    let failed = |why: &str| Err(Problem::new("", format!("the file cannot be read: {why}")));
    std::thread::scope(|scope| match std::thread::Builder::new().stack_size(STACK).spawn_scoped(scope, read) {
        Ok(reader) => reader.join().unwrap_or_else(|_| failed("the YAML library gave up")),
        Err(error) => failed(&error.to_string()),
    })
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
    let (reworded, hint) = in_our_words(&message);
    let message = reworded.unwrap_or(message);
    Problem { place, hint: hint.map(str::to_owned), ..Problem::new("", message) }
}

/// What the library says, as the author of a workflow understands it, and a remedy.
fn in_our_words(message: &str) -> (Option<String>, Option<&'static str>) {
    let says = |words: &str| message.contains(words);
    let (reworded, hint) = if says("expected string scalar") {
        let hint = "a template stands in quotes: \"{{ inputs.image }}\"";
        ("a list or an object stands where a word is expected".into(), hint)
    } else if says("cannot deserialize null into string") {
        ("a key is empty".into(), "a key is a word: name: value")
    } else if says("!!binary") {
        ("the bytes of a binary value are no text".into(), "keep bytes in a file of its own")
    } else if says("unknown anchor") {
        ("there is no anchor of this name before".into(), "a text that begins with * stands in quotes")
    } else if says("recursive references") {
        ("an alias stands inside of what it repeats".into(), "an alias repeats what is complete before it")
    } else if says("did not find expected key") {
        ("this is no key of the object that it stands in".into(), "keys of one object begin in the same column")
    } else if says("mapping values are not allowed") {
        ("there is a second colon".into(), "a text with a colon in it stands in quotes")
    } else if says("non-finite float") {
        let number = message.split('`').nth(1).unwrap_or_default();
        (format!("{number} is no number of JSON"), "write a finite number, or a text in quotes")
    } else if let Some(key) = message.strip_prefix("duplicate mapping key: ") {
        let key = key.split(", set").next().unwrap_or_default();
        (format!("the key \"{key}\" is there twice"), "each name may be there once")
    } else if says("multiple YAML documents") {
        let hint = "a file holds one workflow: remove the line --- and what follows";
        ("there are several YAML documents in the file".into(), hint)
    } else if says("tabs") {
        return (None, Some("YAML is indented with spaces"));
    } else if says("recursion limit") || says("Depth") {
        let hint = "put what is deep inside into a workflow of its own";
        (format!("lists and objects stand more than {DEEPEST} deep in one another"), hint)
    } else if says("alias replay") {
        (
            format!("aliases repeat more than {REPEATED} values"),
            "keep data in a file of its own and give it as an input",
        )
    } else if let Some(what) = message.strip_prefix("budget breached: ") {
        (format!("there is too much of it: {what}"), "keep data in a file of its own and give it as an input")
    } else if says("unexpected character") {
        return (None, Some("a text with it stands in quotes, or writes it as \"\\u0000\""));
    } else {
        return (None, None);
    };
    (Some(reworded), Some(hint))
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
    fn value(self, path: &str, places: &mut Places) -> Value {
        // The library places a list or an object at its end; its key says more.
        if path.is_empty() || matches!(self.0.value, Content::Plain(_)) {
            places.values.insert(path.to_owned(), place(&self.0));
        }
        match self.0.value {
            Content::Plain(value) => value,
            Content::List(items) => {
                let items = items.into_iter().enumerate();
                Value::Array(items.map(|(index, item)| item.value(&format!("{path}[{index}]"), places)).collect())
            }
            Content::Map(fields) => {
                let mut map = Map::new();
                for (key, field) in fields {
                    let inner = join(path, &key.value);
                    places.keys.insert(inner.clone(), place(&key));
                    map.insert(key.value, field.value(&inner, places));
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
        // 010 and 1e3 come as floating point; what is whole may be wanted as a whole number.
        if value.fract() == 0.0 && value.abs() < 9e15 {
            return Ok(Content::Plain((value as i64).into()));
        }
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
