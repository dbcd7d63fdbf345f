//! Sentences in English and Chinese.

use argus_tools::{geom::BBox, vision::labels};

use super::{
    fields::Field,
    words::{CHINESE_COLORS, CLASSES},
};

/// The language of an answer.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Tongue {
    English,
    Chinese,
}

impl Tongue {
    /// One of two texts.
    pub(super) fn say(self, english: impl Into<String>, chinese: impl Into<String>) -> String {
        match self {
            Self::English => english.into(),
            Self::Chinese => chinese.into(),
        }
    }

    /// "1 cup", "2 people", "2个杯子".
    pub(super) fn counted(self, label: &str, count: usize) -> String {
        self.say(
            if count == 1 { format!("1 {label}") } else { format!("{count} {}", plural(label)) },
            format!("{count}个{}", in_chinese(label)),
        )
    }

    /// "There are 2 cups."
    pub(super) fn there(self, label: &str, count: usize) -> String {
        match count {
            0 => self.say(format!("There are no {}.", plural(label)), format!("没有{}。", in_chinese(label))),
            1 => self.say(format!("There is {}.", self.counted(label, 1)), format!("有{}。", self.counted(label, 1))),
            _ => self.say(
                format!("There are {}.", self.counted(label, count)),
                format!("有{}。", self.counted(label, count)),
            ),
        }
    }

    /// "There is a spoon.", "There is no spoon."
    pub(super) fn present(self, label: &str, count: usize) -> String {
        match count {
            0 => self.say(format!("There is no {label}."), format!("没有{}。", in_chinese(label))),
            1 => self.say(format!("There is {}.", with_article(label)), format!("有{}。", in_chinese(label))),
            _ => self.there(label, count),
        }
    }

    /// What cannot be told because nobody looks for it.
    pub(super) fn unknown_label(self, label: &str) -> String {
        self.say(
            format!("The detector does not know {}, so I cannot tell.", plural_of_phrase(label)),
            format!("检测器不认识“{label}”，所以无法判断。"),
        )
    }

    /// "a, b and c".
    pub(super) fn list(self, items: &[String]) -> String {
        match (self, items) {
            (_, []) => String::new(),
            (_, [one]) => one.clone(),
            (Self::English, [first @ .., last]) => format!("{} and {last}", first.join(", ")),
            (Self::Chinese, all) => all.join("、"),
        }
    }

    /// A thing in the words of a label: "the cup", "杯子".
    pub(super) fn the(self, label: &str) -> String {
        self.say(format!("the {label}"), in_chinese(label))
    }

    /// A colour's name.
    pub(super) fn color(self, name: &str) -> String {
        let chinese = CHINESE_COLORS.iter().find(|(english, _)| *english == name).map_or(name, |(_, chinese)| chinese);
        self.say(name, chinese)
    }

    /// A field's name.
    pub(super) fn field(self, field: &Field) -> String {
        self.say(field.name(), field.chinese())
    }

    /// Where a box lies in an image of this size: "at the top left".
    pub(super) fn place(self, bbox: &BBox, (width, height): (f32, f32)) -> String {
        let (x, y) = bbox.center();
        let third = |value: f32, size: f32| ((value / size.max(1.0) * 3.0) as usize).min(2);
        let (english, chinese) = match (third(y, height), third(x, width)) {
            (0, 0) => ("at the top left", "左上方"),
            (0, 1) => ("at the top", "上方"),
            (0, _) => ("at the top right", "右上方"),
            (1, 0) => ("on the left", "左边"),
            (1, 1) => ("in the center", "中间"),
            (1, _) => ("on the right", "右边"),
            (_, 0) => ("at the bottom left", "左下方"),
            (_, 1) => ("at the bottom", "下方"),
            _ => ("at the bottom right", "右下方"),
        };
        self.say(english, chinese)
    }

    /// The sentences of the parts as one answer: two that begin alike become one.
    pub(super) fn joined(self, sentences: &[String]) -> String {
        if let (Self::English, [first, second]) = (self, sentences) {
            let one =
                |text: &str| text.matches(". ").count() == 0 && text.starts_with("There ") && !text.contains('\n');
            if one(first) && one(second) {
                return format!("{}, and t{}", first.trim_end_matches('.'), &second[1..]);
            }
        }
        sentences.join(self.say(" ", "").as_str())
    }
}

/// With a capital at its beginning, unless that is a handle.
pub(super) fn capital(text: &str) -> String {
    if text.starts_with("img-") {
        return text.to_owned();
    }
    let mut characters = text.chars();
    let first: String = characters.next().map(|c| c.to_uppercase().collect()).unwrap_or_default();
    format!("{first}{}", characters.as_str())
}

/// The Chinese name of a class, or the word itself.
pub(super) fn in_chinese(label: &str) -> String {
    let class = CLASSES.iter().find(|(class, _)| *class == label);
    class.and_then(|(_, names)| names.first()).map_or_else(|| label.to_owned(), |name| (*name).to_owned())
}

/// The class that a Chinese name means: the longest known one that it holds.
pub(super) fn from_chinese(label: &str) -> Option<&'static str> {
    let known = CLASSES.iter().flat_map(|(class, names)| names.iter().map(move |name| (*class, *name)));
    known.filter(|(_, name)| label.contains(name)).max_by_key(|(_, name)| name.chars().count()).map(|(class, _)| class)
}

fn with_article(label: &str) -> String {
    let vowel = label.starts_with(['a', 'e', 'i', 'o', 'u', 'A', 'E', 'I', 'O', 'U']) && !label.starts_with("uni");
    match label {
        "skis" | "scissors" => format!("a pair of {label}"),
        _ if vowel => format!("an {label}"),
        _ => format!("a {label}"),
    }
}

/// A phrase as the user wrote it, in the plural unless it is that already.
fn plural_of_phrase(label: &str) -> String {
    if labels::canonical(label) == label.to_lowercase() { plural(label) } else { label.to_owned() }
}

fn plural(noun: &str) -> String {
    let (before, last) =
        noun.rsplit_once(' ').map_or((String::new(), noun), |(before, last)| (format!("{before} "), last));
    let last = match last {
        "person" => "people".into(),
        "child" => "children".into(),
        "man" | "woman" => last.replace("man", "men"),
        "mouse" => "mice".into(),
        "knife" => "knives".into(),
        "sheep" | "skis" | "scissors" | "broccoli" | "fish" | "text" | "people" => last.to_owned(),
        word if ["s", "x", "z", "ch", "sh"].iter().any(|ending| word.ends_with(ending)) => format!("{word}es"),
        word => match word.strip_suffix('y') {
            Some(stem) if !stem.ends_with(['a', 'e', 'i', 'o', 'u']) => format!("{stem}ies"),
            _ => format!("{word}s"),
        },
    };
    format!("{before}{last}")
}
