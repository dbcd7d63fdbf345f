//! What kind of answer a part of a task wants.

mod chinese;
mod english;
mod phrase;
mod satisfied;

use serde::{Deserialize, Serialize};

use super::{
    fields::Field,
    words::{has_han, is_chinese, plain, without_politeness},
};

use english::edit as english_numbers;
pub(super) use phrase::{names, thing};

/// What a part asks for. Names of things stand in the task's own words, without article: "red cups", "left dog".
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(tag = "intent", rename_all = "snake_case")]
pub enum Intent {
    /// How many there are. An empty label is everything.
    Count {
        /// Of what.
        label: String,
    },
    /// Whether there is one.
    Presence {
        /// Of what.
        label: String,
    },
    /// What the text says.
    Read {
        /// The thing that it is written on, if the task names one.
        of: Option<String>,
    },
    /// One fact of a document.
    ReadField {
        /// Which.
        field: Field,
    },
    /// Where something is, or how two things lie to each other.
    Position {
        /// The first thing; empty if the task asks for what is there.
        a: String,
        /// The other thing.
        b: Option<String>,
        /// The relation that is asked for: "left", "right", "above", "below", "inside", "near", "distance".
        relation: Option<String>,
    },
    /// How large something is.
    Size {
        /// What; the whole image if nothing is named.
        of: Option<String>,
    },
    /// What colour something has.
    Color {
        /// What; the whole image if nothing is named.
        of: Option<String>,
        /// The colour that is asked about in a yes-or-no question.
        is: Option<String>,
    },
    /// A calculation.
    Compute,
    /// What the image shows.
    Describe,
    /// A new picture.
    Edit {
        /// What to do.
        op: Edit,
    },
    /// Which of two is more or larger.
    Compare {
        /// The first.
        a: String,
        /// The second.
        b: String,
        /// By what.
        by: By,
    },
    /// Talk that needs no picture.
    Chat,
    /// Nothing that the rules know.
    Unknown,
}

/// By what two things are compared.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum By {
    /// How many there are.
    Count,
    /// How large they are in the picture.
    Area,
    /// How tall.
    Height,
    /// How wide.
    Width,
    /// Anything else.
    Any,
}

/// What to do to a picture.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(tag = "op", rename_all = "snake_case")]
pub enum Edit {
    /// Keep a rectangle.
    Crop {
        /// Around what.
        of: String,
    },
    /// Cut out along the outline, on a transparent background.
    CutOut {
        /// What; the main object if nothing is named.
        of: Option<String>,
    },
    /// Boxes on a copy.
    Mark {
        /// Around what; everything if nothing is named.
        of: Option<String>,
    },
    /// Turn clockwise.
    Rotate {
        /// By how much; negative turns to the left.
        degrees: f64,
    },
    /// Mirror.
    Flip {
        /// Top and bottom rather than left and right.
        vertical: bool,
    },
    /// Change the size.
    Resize {
        /// New width in pixels.
        width: Option<u32>,
        /// New height in pixels.
        height: Option<u32>,
        /// Factor for both sides.
        scale: Option<f64>,
    },
    /// Something that no tool does.
    Other {
        /// What, in a word or two ("blur").
        name: String,
    },
}

/// What kind of answer a part of a task wants.
pub fn intent(part: &str) -> Intent {
    let plain = plain(part);
    let asked = without_politeness(&plain);
    if is_chinese(asked) || (has_han(asked) && chinese::knows(asked)) {
        return chinese::intent(asked);
    }
    english::intent(asked)
}

#[cfg(test)]
mod tests;
