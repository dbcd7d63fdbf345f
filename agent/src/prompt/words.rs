//! Words of a text for comparing texts: lower case, plural and verb endings cut, Chinese as pairs of characters.

use super::language::is_han;

/// Words that say nothing of what a text is about.
const EMPTY: &[&str] = &[
    "a", "an", "the", "is", "are", "was", "were", "be", "it", "its", "this", "that", "these", "those", "there", "of",
    "in", "on", "at", "to", "for", "from", "with", "by", "and", "or", "do", "doe", "did", "can", "you", "i", "me",
    "my", "please", "picture", "image", "photo", "img", "what", "which", "have", "has", "had", "as", "if", "so", "all",
    "then",
];

/// The words that a text is about, in order, repeats kept.
pub(crate) fn content_words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut last_han = None;
    for character in text.chars().flat_map(char::to_lowercase) {
        if is_han(character) {
            push(&mut words, &mut word);
            if let Some(before) = last_han {
                words.push([before, character].iter().collect());
            }
            last_han = Some(character);
            continue;
        }
        last_han = None;
        if character.is_alphanumeric() {
            word.push(character);
        } else {
            push(&mut words, &mut word);
        }
    }
    push(&mut words, &mut word);
    words
}

fn push(words: &mut Vec<String>, word: &mut String) {
    let stem = stem(word);
    if !stem.is_empty() && !EMPTY.contains(&stem) {
        words.push(stem.to_owned());
    }
    word.clear();
}

/// Words of many tasks and many tools: that both have them means nothing.
const GENERAL: &[&str] = &[
    "how",
    "many",
    "much",
    "find",
    "give",
    "get",
    "tell",
    "show",
    "calculate",
    "calculat",
    "determine",
    "determin",
    "compute",
    "comput",
    "value",
    "valu",
    "number",
    "function",
    "given",
    "giv",
    "name",
    "nam",
    "specific",
    "based",
    "bas",
    "use",
    "us",
    "using",
    "about",
    "information",
    "data",
    "detail",
    "return",
    "provide",
    "provid",
    "want",
    "need",
];
/// Letters that two words must begin with to be of one root.
const ROOT: usize = 5;

/// Whether a task and the description of a tool share a word, or two of one root.
pub(crate) fn share_words(task: &str, tool: &str) -> bool {
    let words = |text: &str| -> Vec<String> {
        content_words(&apart(text)).into_iter().filter(|word| !GENERAL.contains(&&**word)).collect()
    };
    let (task, tool) = (words(task), words(tool));
    let root = |word: &str| word.get(..ROOT).map(str::to_owned);
    task.iter().any(|word| tool.iter().any(|other| word == other || root(word).is_some_and(|r| root(other) == Some(r))))
}

/// `closingPrice` as two words.
fn apart(text: &str) -> String {
    let mut apart = String::with_capacity(text.len() + 8);
    let mut lower = false;
    for character in text.chars() {
        if lower && character.is_uppercase() {
            apart.push(' ');
        }
        lower = character.is_lowercase();
        apart.push(character);
    }
    apart
}

/// The word without the commonest English endings.
fn stem(word: &str) -> &str {
    if word.len() <= 3 || !word.is_ascii() {
        return word;
    }
    for ending in ["ing", "es", "ed", "s"] {
        if let Some(stem) = word.strip_suffix(ending)
            && stem.len() >= 3
            && !(ending == "s" && stem.ends_with('s'))
        {
            return stem;
        }
    }
    word
}

/// How alike two texts are, 0 to 1: shared words over the geometric mean of how many each has. Each word counts once,
/// numbers do not count.
pub(crate) fn likeness(a: &str, b: &str) -> f64 {
    let unique = |text: &str| {
        // Two tasks are no less alike for their numbers.
        let mut words: Vec<String> =
            content_words(text).into_iter().filter(|word| !word.bytes().all(|byte| byte.is_ascii_digit())).collect();
        words.sort();
        words.dedup();
        words
    };
    let (a, b) = (unique(a), unique(b));
    if a.is_empty() || b.is_empty() {
        return 0.0;
    }
    let shared = a.iter().filter(|word| b.binary_search(word).is_ok()).count();
    shared as f64 / ((a.len() * b.len()) as f64).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_stems_without_filling() {
        assert_eq!(content_words("What are the colours of the parked cars?"), ["colour", "park", "car"]);
        assert_eq!(content_words("汽车是什么颜色"), ["汽车", "车是", "是什", "什么", "么颜", "颜色"]);
        assert_eq!(content_words("glass 12.50"), ["glass", "12", "50"]);
    }

    #[test]
    fn a_task_and_a_tool_share_words_that_mean_something() {
        let price = "avg_closingPrice: Calculate the average closing price of a company's stock";
        assert!(share_words("What did Apple stock close at?", price));
        assert!(share_words("Give the averages of these", price));
        assert!(share_words("the PRICE of bread", price));
        assert!(!share_words("Calculate the travel time by train", price));
        assert!(!share_words("", price));
    }

    #[test]
    fn likeness_grows_with_shared_words() {
        let task = "Rotate the image by 90 degrees";
        assert!(likeness(task, "Rotate the picture by 45 degrees.") > 0.5);
        assert!(likeness(task, "How many cups are there?") < 0.1);
        assert!((likeness(task, task) - 1.0).abs() < 1e-9);
        assert!(likeness("", task).abs() < 1e-9);
    }
}
