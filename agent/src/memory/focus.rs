//! Which images a task is about, told by its words, in English and Chinese.

use std::collections::BTreeSet;

use super::{ImageRef, Memory, recall::Recalled, words};

const NOUNS: &[&str] = &["image", "picture", "photo", "photograph", "pic", "screenshot"];
const PLURALS: &[&str] = &["images", "pictures", "photos", "photographs", "pics", "screenshots"];
const ORDINALS: &[&str] =
    &["first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth"];
const NEWEST: &[&str] = &["last", "latest", "newest"];
const PRONOUNS: &[&str] = &["it", "its", "them", "they", "this", "these", "those", "he", "she", "him", "her", "his"];
/// What a person calls a picture that a tool made, and the tool.
const MADE_BY: &[(&str, &str)] = &[
    ("crop", "crop"),
    ("cropped", "crop"),
    ("cutout", "segment"),
    ("mask", "segment"),
    ("drawing", "draw"),
    ("annotated", "draw"),
    ("rotated", "transform"),
    ("flipped", "transform"),
    ("mirrored", "transform"),
    ("resized", "transform"),
    ("scaled", "transform"),
];
const DIGITS: &str = "一二三四五六七八九十";

/// The handles that a task is about, the most important first, each once. Empty only if there are no images.
pub(super) fn focus(memory: &Memory, task: &str, images: &[ImageRef], recalled: &Recalled) -> Vec<String> {
    let pieces = words::pieces(task);
    let scope = Scope::new(memory, images);
    let mut found = scope.named(task, &pieces);
    let refers_back = pronoun(task, &pieces);
    if found.is_empty() {
        found.extend(scope.titled(task));
        found.extend(scope.new.iter().map(|image| image.handle.clone()));
    }
    if refers_back {
        found.extend(scope.last.iter().cloned());
    }
    if recalled.asked || found.is_empty() {
        let about = recalled.exchanges.iter().filter_map(|index| memory.exchanges.get(*index));
        found.extend(about.flat_map(|exchange| exchange.about.iter().chain(&exchange.made)).cloned());
    }
    if found.is_empty() {
        found.extend(scope.last.iter().cloned());
    }
    let mut once: Vec<String> = Vec::new();
    for handle in found {
        if !once.contains(&handle) && images.iter().any(|image| image.handle == handle) {
            once.push(handle);
        }
    }
    if once.is_empty() {
        once.extend(scope.roots.last().copied().or(images.last()).map(|image| image.handle.clone()));
    }
    once
}

struct Scope<'a> {
    images: &'a [ImageRef],
    /// Those that the user gave.
    roots: Vec<&'a ImageRef>,
    /// Those that entered after the last exchange.
    new: Vec<&'a ImageRef>,
    /// What the last exchange made, then what it was about.
    last: Vec<String>,
}

impl<'a> Scope<'a> {
    fn new(memory: &Memory, images: &'a [ImageRef]) -> Self {
        let last = memory.exchanges.last();
        let seen = last.map_or(0, |exchange| exchange.images_before + exchange.made.len());
        Self {
            images,
            roots: images.iter().filter(|image| image.parent.is_none()).collect(),
            new: images.iter().skip(seen).collect(),
            last: last.map(|last| last.made.iter().rev().chain(&last.about).cloned().collect()).unwrap_or_default(),
        }
    }

    /// What is named by handle, number, ordinal, quantity or by the way it was made.
    fn named(&self, task: &str, pieces: &[String]) -> Vec<String> {
        let mut found = words::handles(&task.to_lowercase());
        for at in 0..pieces.len() {
            self.english(pieces, at, &mut found);
        }
        self.chinese(task, &mut found);
        found
    }

    fn english(&self, pieces: &[String], at: usize, found: &mut Vec<String>) {
        let piece = &*pieces[at];
        let next = |ahead: usize| pieces.get(at + ahead).map_or("", |piece| &**piece);
        let before = |back: usize| at.checked_sub(back).map_or("", |at| &*pieces[at]);
        let noun = |piece: &str| NOUNS.contains(&piece) || PLURALS.contains(&piece);
        if noun(piece) || piece == "img" {
            // "image 3", "images 1, 2 and 4"
            let numbers = pieces[at + 1..].iter().take_while(|piece| piece.parse::<usize>().is_ok() || *piece == "and");
            found.extend(numbers.filter(|piece| *piece != "and").map(|number| format!("img-{number}")));
        }
        let number = ORDINALS.iter().position(|ordinal| *ordinal == piece).map(|index| index + 1).or_else(|| {
            let suffix = matches!(next(1), "st" | "nd" | "rd" | "th");
            piece.parse::<usize>().ok().filter(|_| suffix)
        });
        let ahead = if number.is_some() && matches!(next(1), "st" | "nd" | "rd" | "th") { 2 } else { 1 };
        let of_image = noun(next(ahead)) || next(ahead) == "one" || noun(next(ahead + 1));
        let alone = next(ahead).is_empty() && before(1) == "the";
        if let Some(number) = number.filter(|_| of_image || alone) {
            found.extend(self.nth(number));
        } else if NEWEST.contains(&piece) && (of_image || alone) {
            found.extend(self.images.last().map(|image| image.handle.clone()));
        }
        if piece == "original" {
            found.extend(self.original());
        }
        let quantity = matches!(piece, "all" | "every" | "each")
            && (1..=3).any(|ahead| noun(next(ahead)) || (ahead < 3 && next(ahead) == "them"));
        let several = PLURALS.contains(&piece)
            && next(1).parse::<usize>().is_err()
            && (1..=2).any(|back| matches!(before(back), "the" | "these" | "those" | "my" | "your" | "our"));
        if quantity || several {
            found.extend(self.roots.iter().map(|image| image.handle.clone()));
        }
        if piece == "both" {
            found.extend(self.both());
        }
        if let Some((_, tool)) = MADE_BY.iter().find(|(word, _)| *word == piece)
            && (before(1) == "the" || before(1) == "that" || before(1) == "this")
        {
            found.extend(self.made_by(tool));
        }
    }

    fn chinese(&self, task: &str, found: &mut Vec<String>) {
        for (at, marker) in task.match_indices('第') {
            let rest = &task[at + marker.len()..];
            if let Some((number, rest)) = chinese_number(rest)
                && rest.starts_with(['张', '幅', '个'])
                && (rest.starts_with(['张', '幅']) || rest.contains('图'))
            {
                found.extend(self.nth(number));
            }
        }
        for (at, marker) in task.match_indices('图').chain(task.match_indices("图片")) {
            let digits: String =
                task[at + marker.len()..].trim_start().chars().take_while(char::is_ascii_digit).collect();
            found.extend((!digits.is_empty()).then(|| format!("img-{digits}")));
        }
        if ["最后一张", "最新的图", "最新一张"].iter().any(|phrase| task.contains(phrase)) {
            found.extend(self.images.last().map(|image| image.handle.clone()));
        }
        if ["所有图", "所有的图", "全部图", "每张", "每一张", "这些图"].iter().any(|phrase| task.contains(phrase))
        {
            found.extend(self.roots.iter().map(|image| image.handle.clone()));
        }
        if ["两张", "两幅", "两个图"].iter().any(|phrase| task.contains(phrase)) {
            found.extend(self.both());
        }
        if task.contains("原图") {
            found.extend(self.original());
        }
    }

    /// Images are counted as the user gave them; a number beyond those counts the made ones too.
    fn nth(&self, number: usize) -> Option<String> {
        let index = number.checked_sub(1)?;
        self.roots.get(index).copied().or_else(|| self.images.get(index)).map(|image| image.handle.clone())
    }

    fn both(&self) -> Vec<String> {
        let all: Vec<String> = self.images.iter().map(|image| image.handle.clone()).collect();
        if self.last.len() == 2 && self.new.is_empty() {
            self.last.clone()
        } else if self.roots.len() > 1 {
            self.roots[self.roots.len() - 2..].iter().map(|image| image.handle.clone()).collect()
        } else {
            all[all.len().saturating_sub(2)..].to_vec()
        }
    }

    /// The picture that the user gave, of which the last exchange speaks.
    fn original(&self) -> Option<String> {
        let of = |handle: &str| self.images.iter().find(|image| image.handle == handle);
        let mut image = self.last.first().and_then(|handle| of(handle))?;
        while let Some(parent) = image.parent.as_deref().and_then(of) {
            image = parent;
        }
        Some(image.handle.clone())
    }

    fn made_by(&self, tool: &str) -> Option<String> {
        let made = |image: &&ImageRef| image.op.as_ref().is_some_and(|op| op.split('.').next() == Some(tool));
        self.images.iter().rev().find(made).map(|image| image.handle.clone())
    }

    /// The images whose titles share the most words with the task, unless that singles none out.
    fn titled(&self, task: &str) -> Vec<String> {
        let wanted = words::content(task);
        let score = |image: &ImageRef| {
            let title: BTreeSet<String> = words::content(&image.title);
            title.intersection(&wanted).count()
        };
        let scores: Vec<usize> = self.images.iter().map(score).collect();
        let best = scores.iter().copied().max().unwrap_or(0);
        let chosen: Vec<String> = self
            .images
            .iter()
            .zip(&scores)
            .filter(|(_, score)| best > 0 && **score == best)
            .map(|(image, _)| image.handle.clone())
            .collect();
        let singles_out = chosen.len() * 2 <= self.images.len() || self.images.len() < 2;
        if singles_out { chosen } else { Vec::new() }
    }
}

fn pronoun(task: &str, pieces: &[String]) -> bool {
    let that = |at: usize| {
        pieces[at] == "that"
            && pieces.get(at + 1).is_none_or(|next| {
                next == "one" || NOUNS.contains(&&**next) || MADE_BY.iter().any(|(word, _)| word == next)
            })
    };
    pieces.iter().any(|piece| PRONOUNS.contains(&&**piece))
        || (0..pieces.len()).any(that)
        || ["它", "这张", "那张", "这个", "那个", "上一张", "该图", "其中"].iter().any(|word| task.contains(word))
}

/// The number that a text begins with, in digits or in Chinese up to 99, and what follows.
fn chinese_number(text: &str) -> Option<(usize, &str)> {
    let ascii = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    if ascii > 0 {
        return Some((text[..ascii].parse().ok()?, &text[ascii..]));
    }
    let end = text.find(|c: char| !DIGITS.contains(c)).unwrap_or(text.len());
    let value = |c: char| DIGITS.chars().position(|digit| digit == c).map(|index| index + 1);
    let digits: Vec<usize> = text[..end].chars().filter_map(value).collect();
    let number = match digits[..] {
        [one] => one,
        [10, ones] => 10 + ones,
        [tens, 10] => tens * 10,
        [tens, 10, ones] => tens * 10 + ones,
        _ => return None,
    };
    Some((number, &text[end..]))
}
