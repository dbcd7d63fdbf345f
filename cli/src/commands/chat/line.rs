//! A line of a chat: a command, or a task with the pictures that it names.

use std::{
    ops::Range,
    path::{Path, PathBuf},
};

use argus_tools::suggest::similar_names;

use crate::printer::UsageError;

/// Name, arguments and explanation of every command.
pub(super) const COMMANDS: [(&str, &str, &str); 9] = [
    ("help", "", "show this"),
    ("images", "", "list the pictures: handle, size, what made them, path"),
    ("tools", "", "list the tools"),
    ("add", "PATH...", "add pictures: paths, http(s) addresses, sample:NAME"),
    ("show", "HANDLE", "write a picture or a part of one (img-1/cup-1) as PNG and print its path"),
    ("undo", "", "take the last turn back, with the pictures that it made"),
    ("save", "[DIR]", "save the conversation and its pictures in a folder"),
    ("load", "DIR", "go on with a saved conversation in the place of this one"),
    ("quit", "", "leave (also Ctrl-D)"),
];

/// Endings of files that are taken for pictures when they are in a line.
const PICTURES: [&str; 9] = ["png", "jpg", "jpeg", "webp", "gif", "bmp", "tif", "tiff", "jfif"];

/// What a person wants.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Line {
    Empty,
    Help,
    Images,
    Tools,
    Add(Vec<String>),
    Show(String),
    Undo,
    Save(Option<String>),
    Load(String),
    Quit,
    /// A task, with the words of it that name pictures.
    Task(Vec<Picture>),
}

/// A word that names a picture.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Picture {
    /// Where it is in the line.
    pub(super) span: Range<usize>,
    /// The picture's name, as `argus ask` takes it.
    pub(super) name: String,
}

/// Understands a line. A path may begin like a command does; what exists is a path.
pub(super) fn parse(line: &str) -> Result<Line, UsageError> {
    let trimmed = line.trim();
    if trimmed.is_empty() {
        return Ok(Line::Empty);
    }
    let words = words(line);
    let first = words.first().map_or("", |word| &*word.text);
    let Some(name) = first.strip_prefix('/').filter(|_| picture(&words[0], line).is_none()) else {
        return Ok(Line::Task(words.iter().filter_map(|word| picture(word, line)).collect()));
    };
    let mut arguments: Vec<String> = words.iter().skip(1).map(|word| word.text.clone()).collect();
    let usage = |wrong: &str| {
        let (name, arguments, _) = COMMANDS.iter().find(|(known, ..)| *known == name).unwrap_or(&COMMANDS[0]);
        UsageError::new(format!("/{name} {wrong}"), format!("write /{name} {arguments}").trim_end())
    };
    let most = match name {
        "add" => usize::MAX,
        "show" | "save" | "load" => 1,
        _ => 0,
    };
    if arguments.len() > most && COMMANDS.iter().any(|(known, ..)| *known == name) {
        return Err(usage(if most == 0 { "takes nothing more" } else { "takes one name; quote one that has spaces" }));
    }
    match name {
        "help" | "?" => Ok(Line::Help),
        "images" => Ok(Line::Images),
        "tools" => Ok(Line::Tools),
        "add" if arguments.is_empty() => Err(usage("needs a picture")),
        "add" => Ok(Line::Add(arguments)),
        "show" => arguments.pop().map(Line::Show).ok_or_else(|| usage("needs a handle")),
        "undo" => Ok(Line::Undo),
        "save" => Ok(Line::Save(arguments.pop())),
        "load" => arguments.pop().map(Line::Load).ok_or_else(|| usage("needs a folder")),
        "quit" | "exit" | "q" => Ok(Line::Quit),
        _ => {
            let near = similar_names(name, COMMANDS.iter().map(|(name, ..)| *name));
            let hint = match near.first() {
                Some(name) => format!("did you mean /{name}?"),
                None => "/help lists the commands".into(),
            };
            Err(UsageError::new(format!("there is no command /{name}"), hint))
        }
    }
}

/// The line with the pictures' handles in the place of their names.
pub(super) fn with_handles(line: &str, pictures: &[Picture], handles: &[String]) -> String {
    let mut text = line.to_owned();
    for (picture, handle) in pictures.iter().zip(handles).rev() {
        text.replace_range(picture.span.clone(), handle);
    }
    text.trim().to_owned()
}

/// Whether a line says nothing but the names of pictures.
pub(super) fn only_pictures(line: &str, pictures: &[Picture]) -> bool {
    let blank = vec![String::new(); pictures.len()];
    !pictures.is_empty() && !with_handles(line, pictures, &blank).contains(char::is_alphanumeric)
}

struct Word {
    span: Range<usize>,
    text: String,
}

/// Words as a shell splits them: quotes hold words together where they are closed, a backslash keeps a space.
fn words(line: &str) -> Vec<Word> {
    let mut words = Vec::new();
    let mut rest = line;
    loop {
        rest = rest.trim_start();
        if rest.is_empty() {
            return words;
        }
        let start = line.len() - rest.len();
        let (text, length) = word(rest);
        words.push(Word { span: start..start + length, text });
        rest = &rest[length..];
    }
}

/// The first word without its quotes, and how many bytes it takes.
fn word(text: &str) -> (String, usize) {
    if let Some(quote) = text.chars().next().filter(|c| matches!(c, '"' | '\''))
        && let Some(end) = text[1..].find(quote)
    {
        let tail: String = text[end + 2..].chars().take_while(|c| !c.is_whitespace()).collect();
        return (format!("{}{tail}", &text[1..=end]), end + 2 + tail.len());
    }
    let mut word = String::new();
    let mut characters = text.char_indices().peekable();
    while let Some((at, character)) = characters.next() {
        if character.is_whitespace() {
            return (word, at);
        }
        let next = characters.peek().map(|(_, next)| *next);
        match next {
            Some(kept) if character == '\\' && " '\"()&[]".contains(kept) => {
                word.push(kept);
                characters.next();
            }
            _ => word.push(character),
        }
    }
    (word, text.len())
}

/// A word that is the name of a picture, without the punctuation around it.
fn picture(word: &Word, line: &str) -> Option<Picture> {
    let alone = line.trim().len() == word.span.len();
    let named = |text: &str| is_picture(text, alone).map(|name| (name, text.len()));
    let bare = word.text.trim_end_matches(['.', ',', ';', ':', '?', '!', ')']);
    let (name, length) = named(bare).or_else(|| named(&word.text))?;
    // The punctuation stays in the line.
    let tail = word.text.len() - length;
    Some(Picture { span: word.span.start..word.span.end - tail, name })
}

/// The name under which a picture can be loaded, if a word is one. A file is told by its ending, unless it stands alone.
fn is_picture(word: &str, alone: bool) -> Option<String> {
    let lower = word.to_lowercase();
    let ending = |text: &str| {
        let ending = text.rsplit_once('.').map_or("", |(_, ending)| ending);
        PICTURES.contains(&ending)
    };
    if lower.starts_with("http://") || lower.starts_with("https://") {
        let path = lower.split(['?', '#']).next().unwrap_or_default();
        return (alone || ending(path)).then(|| word.to_owned());
    }
    if lower.strip_prefix("sample:").is_some_and(|name| !name.is_empty()) || lower.starts_with("file://") {
        return Some(word.to_owned());
    }
    let path = home(word);
    let told = ending(&lower) || (alone && word.contains(['/', '\\']));
    (told && path.is_file()).then(|| path.display().to_string())
}

/// `~/a.png` as a shell reads it.
pub(super) fn home(word: &str) -> PathBuf {
    match (word.strip_prefix("~/"), std::env::home_dir()) {
        (Some(rest), Some(home)) => home.join(rest),
        _ => Path::new(word).to_owned(),
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, clippy::panic, reason = "a failed set-up fails the test")]

    use super::*;

    fn task(line: &str) -> Vec<String> {
        match parse(line).unwrap() {
            Line::Task(pictures) => pictures.into_iter().map(|picture| picture.name).collect(),
            other => panic!("{line}: {other:?}"),
        }
    }

    #[test]
    fn commands_and_their_arguments() {
        assert_eq!(parse("  ").unwrap(), Line::Empty);
        assert_eq!(parse(" /images ").unwrap(), Line::Images);
        assert_eq!(parse("/add 'a b.png' c\\ d.png sample:coffee").unwrap(), {
            Line::Add(vec!["a b.png".into(), "c d.png".into(), "sample:coffee".into()])
        });
        assert_eq!(
            (parse("/save").unwrap(), parse("/save x").unwrap()),
            (Line::Save(None), Line::Save(Some("x".into())))
        );
        assert_eq!(parse("/show img-1/cup-1").unwrap(), Line::Show("img-1/cup-1".into()));
        assert_eq!((parse("/exit").unwrap(), parse("/?").unwrap()), (Line::Quit, Line::Help));
    }

    #[test]
    fn wrong_commands_are_put_right() {
        let wrong = |line: &str| {
            let error = parse(line).unwrap_err();
            format!("{}; {}", error.message, error.hint.unwrap())
        };
        assert_eq!(wrong("/imges"), "there is no command /imges; did you mean /images?");
        assert_eq!(wrong("/xyzzy 1"), "there is no command /xyzzy; /help lists the commands");
        assert_eq!(wrong("/add"), "/add needs a picture; write /add PATH...");
        assert_eq!(wrong("/undo 3"), "/undo takes nothing more; write /undo");
        assert_eq!(wrong("/load a b"), "/load takes one name; quote one that has spaces; write /load DIR");
    }

    #[test]
    fn pictures_are_found_in_a_line() {
        let directory = tempfile::tempdir().unwrap();
        let path = |name: &str| {
            let path = directory.path().join(name);
            std::fs::write(&path, "").unwrap();
            path.display().to_string()
        };
        let (plain, spaced, bare) = (path("cat.PNG"), path("my cat.jpg"), path("noending"));
        assert_eq!(task("Why is it so? What's that?"), Vec::<String>::new());
        assert_eq!(task(&plain), [&*plain]);
        assert_eq!(task(&bare), [&*bare]);
        assert!(task(&format!("what is {bare}")).is_empty());
        assert_eq!(task(&format!("Is '{spaced}' like {plain}?")), [&*spaced, &*plain]);
        assert_eq!(task(&spaced.replace(' ', "\\ ")), [&*spaced]);
        assert_eq!(
            task("Read https://a.org/b.jpg?x=1 and sample:coffee."),
            ["https://a.org/b.jpg?x=1", "sample:coffee"]
        );
        assert!(task("Read https://a.org/page and nowhere.png").is_empty());
        let line = format!("  Is \"{spaced}\" like {plain}?");
        let Line::Task(pictures) = parse(&line).unwrap() else { panic!("no task") };
        assert_eq!(with_handles(&line, &pictures, &["img-1".into(), "img-2".into()]), "Is img-1 like img-2?");
        assert!(!only_pictures(&line, &pictures));
        let line = format!("{plain}, '{spaced}'");
        let Line::Task(pictures) = parse(&line).unwrap() else { panic!("no task") };
        assert!(only_pictures(&line, &pictures));
    }

    #[test]
    fn odd_lines_are_tasks() {
        for line in ["'", "\"", "\\", "' '", "a 'b", "é\\", "“图片”", "'é'x é"] {
            assert!(task(line).is_empty());
        }
    }
}
