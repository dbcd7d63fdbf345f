//! Answers that add nothing to their question: "The company issued this receipt." to "Which company issued this receipt?".

use argus_prompts::is_unspaced;

/// Words of the question's end that an answer must repeat to be taken for a repetition.
const LEAST: usize = 3;

/// Whether an answer is the question with its first word replaced or left out, and nothing else.
pub(super) fn restates(task: &str, answer: &str) -> bool {
    let (task, answer) = (tokens(task), tokens(answer));
    // "The company ..." for "Which company ...": one word may be new, at the beginning.
    (0..=1).any(|new| {
        let own = answer.get(new..).unwrap_or_default();
        own.len() >= LEAST && own.len() + 2 >= task.len() && task.ends_with(own)
    })
}

/// Words in lower case; of scripts that are written without spaces each character.
fn tokens(text: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let mut word = String::new();
    for character in text.chars().flat_map(char::to_lowercase) {
        let alone = is_unspaced(character);
        if !alone && character.is_alphanumeric() {
            word.push(character);
            continue;
        }
        if !word.is_empty() {
            found.push(std::mem::take(&mut word));
        }
        if alone {
            found.push(character.to_string());
        }
    }
    if !word.is_empty() {
        found.push(word);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repeated_question_is_told_from_an_answer() {
        for (task, answer) in [
            ("Which company issued this receipt?", "The company issued this receipt."),
            ("Who took first place?", "Took first place."),
            ("Welche Firma hat die Rechnung ausgestellt?", "Die Firma hat die Rechnung ausgestellt."),
            ("哪家公司开的收据？", "公司开的收据。"),
        ] {
            assert!(restates(task, answer), "{answer}");
        }
        for (task, answer) in [
            ("Is the cup red?", "The cup is red."),
            ("Is the spoon left or right of the cup?", "The spoon is left of the cup."),
            ("Which company issued this receipt?", "Corner Cafe issued this receipt."),
            ("Which company issued this receipt?", "Yes, the company issued this receipt."),
            ("Read the sign", "The sign says stop."),
            ("Hello!", "Hello!"),
        ] {
            assert!(!restates(task, answer), "{answer}");
        }
    }
}
