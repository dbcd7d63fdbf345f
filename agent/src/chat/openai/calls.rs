//! Tool calls put together from the pieces that servers send.

use serde::Deserialize;
use serde_json::Value;

use crate::chat::{ToolCall, null_is_default};

/// One call, or one piece of it.
#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct WireCall {
    #[serde(default)]
    pub(super) index: Option<usize>,
    #[serde(default, deserialize_with = "null_is_default")]
    pub(super) id: String,
    #[serde(default, deserialize_with = "null_is_default")]
    pub(super) function: WireFunction,
}

/// What is called. Arguments are text, though some servers send the object itself.
#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct WireFunction {
    #[serde(default, deserialize_with = "null_is_default")]
    pub(super) name: String,
    #[serde(default)]
    pub(super) arguments: Value,
}

impl WireFunction {
    /// The arguments as text.
    pub(super) fn text(&self) -> String {
        match &self.arguments {
            Value::Null => String::new(),
            Value::String(text) => text.clone(),
            other => other.to_string(),
        }
    }
}

#[derive(Debug, Default)]
struct Slot {
    index: Option<usize>,
    id: String,
    name: String,
    arguments: String,
}

impl Slot {
    fn is_complete(&self) -> bool {
        serde_json::from_str::<serde::de::IgnoredAny>(&self.arguments).is_ok()
    }

    /// Whether the piece begins another call although it names this one's index. Servers are out there that send each
    /// call whole under index 0, and others that repeat id or name with every piece of one call.
    fn is_left_by(&self, piece: &WireCall) -> bool {
        let name = &piece.function.name;
        let other_id = !piece.id.is_empty() && !self.id.is_empty() && piece.id != self.id;
        let other_name = !self.name.is_empty() && !name.starts_with(&self.name);
        !name.is_empty()
            && (other_id && (other_name || self.is_complete())
                || self.is_complete() && !piece.function.text().is_empty())
    }
}

/// The calls of one reply.
#[derive(Debug, Default)]
pub(super) struct Calls {
    slots: Vec<Slot>,
}

impl Calls {
    /// Adds a piece and says to which call it belongs.
    pub(super) fn add(&mut self, piece: &WireCall) -> usize {
        let at = self.place(piece);
        let at = at.unwrap_or_else(|| {
            self.slots.push(Slot { index: piece.index, ..Slot::default() });
            self.slots.len() - 1
        });
        let slot = &mut self.slots[at];
        let name = &piece.function.name;
        if slot.id.is_empty() {
            slot.id.clone_from(&piece.id);
        }
        // A name comes whole, again and again, or growing; seldom in pieces.
        if name.starts_with(&slot.name) {
            slot.name.clone_from(name);
        } else if !slot.name.starts_with(name) {
            slot.name.push_str(name);
        }
        slot.arguments.push_str(&piece.function.text());
        at
    }

    /// Adds a call that stands for itself and says which one it is.
    pub(super) fn add_whole(&mut self, call: &WireCall) -> usize {
        self.slots.push(Slot {
            index: None,
            id: call.id.clone(),
            name: call.function.name.clone(),
            arguments: call.function.text(),
        });
        self.slots.len() - 1
    }

    fn place(&self, piece: &WireCall) -> Option<usize> {
        let named = match piece.index {
            // The last one: a later call may have come under the same index.
            Some(index) => self.slots.iter().rposition(|slot| slot.index == Some(index)),
            None if !piece.id.is_empty() => self.slots.iter().rposition(|slot| slot.id == piece.id),
            None if piece.function.name.is_empty() => self.slots.len().checked_sub(1),
            None => self.slots.len().checked_sub(1).filter(|last| self.slots[*last].name == piece.function.name),
        };
        named.filter(|at| !self.slots[*at].is_left_by(piece))
    }

    /// The calls in order. A call without an id of its own gets one of ours, numbered on from the `before` calls that
    /// the conversation holds already. No arguments are an empty object, unless the reply was `cut`.
    pub(super) fn finish(self, before: usize, cut: bool) -> Vec<ToolCall> {
        let mut calls: Vec<ToolCall> = Vec::new();
        for slot in self.slots.into_iter().filter(|slot| !slot.name.is_empty() || !slot.arguments.is_empty()) {
            let taken = |id: &str, calls: &[ToolCall]| calls.iter().any(|call| call.id == id);
            let mut id = slot.id;
            let mut number = before + calls.len();
            while id.is_empty() || taken(&id, &calls) {
                number += 1;
                id = format!("call_{number}");
            }
            let empty = slot.arguments.trim().is_empty() && !cut;
            let arguments = if empty { "{}".to_owned() } else { slot.arguments };
            calls.push(ToolCall { id, name: slot.name, arguments });
        }
        calls
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed set-up fails the test")]
mod tests {
    use serde_json::json;

    use super::*;

    fn assembled(pieces: &[Value]) -> Vec<(String, String, String)> {
        let mut calls = Calls::default();
        for piece in pieces {
            calls.add(&serde_json::from_value(piece.clone()).unwrap());
        }
        calls.finish(0, false).into_iter().map(|call| (call.id, call.name, call.arguments)).collect()
    }

    fn call(id: &str, name: &str, arguments: &str) -> (String, String, String) {
        (id.to_owned(), name.to_owned(), arguments.to_owned())
    }

    #[test]
    fn pieces_of_two_calls_by_index() {
        let found = assembled(&[
            json!({"index": 0, "id": "a", "type": "function", "function": {"name": "detect", "arguments": ""}}),
            json!({"index": 0, "function": {"arguments": "{\"labels\":"}}),
            json!({"index": 1, "id": "b", "function": {"name": "read", "arguments": null}}),
            json!({"index": 0, "function": {"arguments": "[\"cup\"]}"}}),
            json!({"index": 1, "id": null, "function": {"name": null, "arguments": "{}"}}),
        ]);
        assert_eq!(found, [call("a", "detect", "{\"labels\":[\"cup\"]}"), call("b", "read", "{}")]);
    }

    #[test]
    fn whole_calls_that_share_an_index_are_two() {
        let found = assembled(&[
            json!({"index": 0, "id": "a", "function": {"name": "detect", "arguments": "{\"x\":1}"}}),
            json!({"index": 0, "id": "b", "function": {"name": "detect", "arguments": "{\"x\":2}"}}),
            json!({"index": 0, "function": {"name": "read", "arguments": {"region": "cup"}}}),
        ]);
        let wanted = [
            call("a", "detect", "{\"x\":1}"),
            call("b", "detect", "{\"x\":2}"),
            call("call_3", "read", "{\"region\":\"cup\"}"),
        ];
        assert_eq!(found, wanted);
    }

    #[test]
    fn id_and_name_repeated_with_every_piece() {
        let found = assembled(&[
            json!({"index": 0, "id": "a", "function": {"name": "detect", "arguments": "{\"x\""}}),
            json!({"index": 0, "id": "a", "function": {"name": "detect", "arguments": ":1}"}}),
            json!({"index": 0, "id": "a", "function": {"name": "detect", "arguments": ""}}),
        ]);
        assert_eq!(found, [call("a", "detect", "{\"x\":1}")]);
    }

    #[test]
    fn another_id_with_every_piece_is_still_one_call() {
        let found = assembled(&[
            json!({"index": 0, "id": "a", "function": {"name": "detect", "arguments": "{\"x\""}}),
            json!({"index": 0, "id": "b", "function": {"arguments": ":1}"}}),
        ]);
        assert_eq!(found, [call("a", "detect", "{\"x\":1}")]);
    }

    #[test]
    fn neither_index_nor_id() {
        let found = assembled(&[
            json!({"function": {"name": "detect", "arguments": "{\"x\""}}),
            json!({"function": {"arguments": ":1}"}}),
            json!({"function": {"name": "read"}}),
        ]);
        assert_eq!(found, [call("call_1", "detect", "{\"x\":1}"), call("call_2", "read", "{}")]);
    }

    #[test]
    fn an_id_used_twice_is_replaced_and_ours_goes_on_counting() {
        let mut calls = Calls::default();
        for name in ["a", "b"] {
            calls.add_whole(&serde_json::from_value(json!({"id": "x", "function": {"name": name}})).unwrap());
        }
        calls.add_whole(&WireCall::default());
        let found = calls.finish(4, false);
        assert_eq!((found[0].id.as_str(), found[1].id.as_str(), found.len()), ("x", "call_6", 2));
    }

    #[test]
    fn a_cut_reply_keeps_what_there_is() {
        let mut calls = Calls::default();
        calls.add(
            &serde_json::from_value(json!({"index": 0, "function": {"name": "a", "arguments": "{\"no"}})).unwrap(),
        );
        calls.add(&serde_json::from_value(json!({"index": 1, "function": {"name": "b"}})).unwrap());
        let found: Vec<String> = calls.finish(0, true).into_iter().map(|call| call.arguments).collect();
        assert_eq!(found, ["{\"no", ""]);
    }
}
