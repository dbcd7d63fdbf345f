//! What can be read off the words of a task.

/// Tools that make new pictures.
const MAKING: [&str; 7] = ["crop", "segment", "draw", "transform", "edges", "redact", "background"];

/// Whether a tool makes new pictures.
pub(crate) fn makes_pictures(tool: &str) -> bool {
    MAKING.contains(&tool)
}

/// Stems of verbs that ask for a picture, in English and Chinese.
const EDITS: &[&str] = &[
    "crop",
    "cut out",
    "cut-out",
    "cutout",
    "draw",
    "resize",
    "rotate",
    "flip",
    "mirror",
    "blur",
    "highlight",
    "mark the",
    "remove the background",
    "remove background",
    "background removed",
    "transparent background",
    "scale it",
    "shrink",
    "enlarge",
    "sketch of",
    "line drawing",
    "pixelate",
    "redact",
    "anonymi",
    "black out",
    "裁剪",
    "抠",
    "旋转",
    "翻转",
    "画出",
    "缩放",
    "去除背景",
    "去掉背景",
];

/// What was made before is called so; that asks for nothing.
const MADE: &[&str] = &["the crop", "that crop", "this crop", "the cutout", "the cut-out", "the resize", "the flip"];

/// Whether a task asks for a new picture.
pub(super) fn wants_picture(task: &str) -> bool {
    let task = MADE.iter().fold(format!(" {} ", task.to_lowercase()), |task, made| task.replace(made, "it"));
    EDITS.iter().any(|stem| {
        if stem.is_ascii() {
            // A verb begins a word: "crop" but not "microcrop".
            task.contains(&format!(" {stem}")) || task.contains(&format!("\"{stem}"))
        } else {
            task.contains(stem)
        }
    })
}

/// Numbers that are written as words.
const NUMBERS: &[&str] =
    &["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"];

/// The value of a number word.
pub(super) fn number_word(word: &str) -> Option<usize> {
    NUMBERS.iter().position(|name| name.eq_ignore_ascii_case(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_edits_from_questions() {
        for task in
            ["Crop the left cup", "please cut out the cat.", "Rotate it by 90 degrees", "Crop the crop", "把猫抠出来"]
        {
            assert!(wants_picture(task), "{task}");
        }
        for task in [
            "How many cups?",
            "What does the sign say?",
            "Is the dog left of the cat?",
            "How large is the crop?",
            "hello",
        ] {
            assert!(!wants_picture(task), "{task}");
        }
    }
}
