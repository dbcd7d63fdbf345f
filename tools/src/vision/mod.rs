//! The tools. Each is one file or folder; this list is all of them.

pub mod detect;
pub mod labels;
pub mod read_text;
pub mod segment;

use crate::tool::Toolbox;

/// All tools, in the order in which help and prompts list them.
pub fn toolbox() -> Toolbox {
    Toolbox::new().with(detect::Detect).with(read_text::ReadText).with(segment::Segment)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_tool_is_documented_and_its_examples_name_known_arguments() {
        for spec in toolbox().specs() {
            assert!(!spec.summary.is_empty() && spec.summary.len() < 120, "{}: {}", spec.name, spec.summary);
            assert!(!spec.examples.is_empty(), "{} has no example", spec.name);
            let arguments = spec.arguments();
            for argument in &arguments {
                assert!(!argument.description.is_empty(), "{}: {} has no description", spec.name, argument.name);
                assert_ne!(argument.kind, "any", "{}: {} has no type", spec.name, argument.name);
            }
            for example in &spec.examples {
                for name in example.input.as_object().unwrap_or(&serde_json::Map::new()).keys() {
                    assert!(arguments.iter().any(|argument| argument.name == *name), "{}: {name}", spec.name);
                }
                let properties = &spec.output_schema["properties"];
                for name in example.output.as_object().unwrap_or(&serde_json::Map::new()).keys() {
                    assert_ne!(properties[name], json!(null), "{}: output {name}", spec.name);
                }
            }
        }
    }
}
