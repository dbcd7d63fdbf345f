//! Which images and exchanges a task brings into the prompt, and that the window keeps its budget.

use proptest::prelude::*;

use super::*;
use crate::chat::estimate_tokens;

fn root(number: usize, title: &str) -> ImageRef {
    ImageRef {
        handle: format!("img-{number}"),
        width: 640,
        height: 480,
        title: title.into(),
        tokens: 200,
        ..ImageRef::default()
    }
}

fn made(number: usize, parent: usize, op: &str) -> ImageRef {
    ImageRef { parent: Some(format!("img-{parent}")), op: Some(op.into()), ..root(number, "") }
}

fn exchange(task: &str, answer: &str, images_before: usize, about: &[&str], made: &[&str]) -> Exchange {
    let owned = |handles: &[&str]| handles.iter().map(|handle| (*handle).to_owned()).collect();
    Exchange {
        task: task.into(),
        answer: (!answer.is_empty()).then(|| answer.into()),
        stop: StopReason::Answered,
        images_before,
        about: owned(about),
        made: owned(made),
        at: 0,
    }
}

/// Three pictures; the first was asked about, the second cropped into img-4.
fn session() -> (Memory, Vec<ImageRef>) {
    let images = vec![
        root(1, "bus, 1 bus, 2 person, \"ROUTE 42\""),
        root(2, "receipt, \"CITY MARKET\""),
        root(3, "cat, 1 cat"),
        made(4, 2, "crop"),
    ];
    let exchanges = vec![
        exchange("How many people stand by the bus?", "There are 2 people.", 3, &["img-1"], &[]),
        exchange("What is the total on the receipt?", "The total is 17.50.", 3, &["img-2"], &[]),
        exchange("Crop its first line", "It is img-4.", 3, &["img-2"], &["img-4"]),
    ];
    (Memory { exchanges }, images)
}

fn window(memory: &Memory, task: &str, images: &[ImageRef], budget: usize) -> Window {
    memory.window(task, images, budget, &estimate_tokens)
}

#[test]
fn images_that_are_named_new_or_last_are_in_focus() {
    let (memory, mut images) = session();
    for (task, expected) in [
        ("What is in img-3?", &["img-3"][..]),
        ("How wide is img-1/bus-1, and img-2/line-3?", &["img-1", "img-2"]),
        ("Make it brighter", &["img-4", "img-2"]),
        ("把它旋转九十度", &["img-4", "img-2"]),
        ("Was ist auf img-9?", &["img-4", "img-2"]),
    ] {
        assert_eq!(window(&memory, task, &images, 4000).focus, expected, "{task}");
    }
    images.push(root(5, "page"));
    assert_eq!(window(&memory, "What does this say?", &images, 4000).focus, ["img-5", "img-4", "img-2"]);
    assert_eq!(window(&Memory::default(), "Hello", &images[..2], 4000).focus, ["img-1", "img-2"]);
    let window = window(&memory, "What is in img-3?", &images, 4000);
    assert_eq!(window.mentioned.len(), 4);
    assert_eq!(window.mentioned[0], "img-1, 640 x 480 pixels: bus, 1 bus, 2 person, \"ROUTE 42\"");
    assert_eq!(window.mentioned[2], "img-4, 640 x 480 pixels, crop of img-2");
    assert!(Memory::default().window("Hello", &[], 4000, &estimate_tokens).focus.is_empty());
}

/// Two exchanges as above and then 37 of small talk.
fn long() -> (Memory, Vec<ImageRef>) {
    let (mut memory, images) = session();
    for n in 0..37 {
        let (task, answer) = (format!("Tell me joke number {n}"), format!("Knock knock, says number {n}."));
        memory.exchanges.push(exchange(&task, &answer, 4, &["img-3"], &[]));
    }
    (memory, images)
}

#[test]
fn what_the_task_recalls_comes_back_whole() {
    let (memory, images) = long();
    let total = ("What is the total on the receipt?".to_owned(), "The total is 17.50.".to_owned());
    let asked = window(&memory, "What was the total on that receipt again?", &images, 2000);
    assert_eq!(asked.recent[0], total);
    assert!(asked.focus.contains(&"img-2".to_owned()), "{:?}", asked.focus);
    let asked = window(&memory, "Add 3 to the total of the receipt", &images, 2000);
    assert_eq!(asked.recent[0], total);
    let asked = window(&memory, "Tell me another", &images, 2000);
    assert_eq!(asked.recent.len(), 3);
    let summary = asked.summary.unwrap_or_default();
    assert!(summary.starts_with("(29 earlier left out)\n- Tell me joke number 26 -> Knock"), "{summary}");
    assert_eq!(summary.lines().count(), 9);
}

#[test]
fn an_exchange_without_answer_says_why() {
    let mut memory = Memory::default();
    memory.exchanges.push(Exchange { stop: StopReason::Cancelled, ..exchange("Count", "", 0, &[], &[]) });
    memory.exchanges.push(Exchange { stop: StopReason::StepLimit, ..exchange("Count", "", 0, &[], &[]) });
    let window = window(&memory, "Again", &[], 1000);
    assert_eq!(window.recent[0].1, "(no answer: cancelled)");
    assert_eq!(window.recent[1].1, "(no answer: No steps are left.)");
}

#[test]
fn long_texts_are_cut_between_words() {
    let mut memory = Memory::default();
    let (task, answer) = ("word ".repeat(2000), "答".repeat(5000));
    memory.exchanges.push(exchange(&task, &answer, 0, &[], &[]));
    let window = window(&memory, "Go on", &[], 1000);
    let (task, answer) = &window.recent[0];
    assert!(task.ends_with("word ...") && task.len() > 200, "{task}");
    assert!(answer.ends_with("答 ...") && answer.chars().count() > 50, "{answer}");
    assert_eq!(window.left_out, ["1 earlier exchanges shortened"]);
}

/// Tokens of everything but cards.
fn past(window: &Window) -> usize {
    Window { card_tokens: 0, ..window.clone() }.tokens(&estimate_tokens)
}

#[test]
fn two_hundred_turns_are_as_cheap_as_twenty() {
    let talk = |turns: usize| {
        let exchanges =
            (0..turns).map(|n| exchange(&format!("Joke {n:03}, please"), &"haha ".repeat(60), 3, &["img-1"], &[]));
        let memory = Memory { exchanges: exchanges.collect() };
        let images: Vec<ImageRef> = (1..=turns).map(|number| root(number, "a cat on a sofa")).collect();
        window(&memory, "Another", &images, 2000)
    };
    let (short, long) = (talk(20), talk(200));
    // Longer numbers are a few tokens more.
    assert!(past(&long) <= past(&short) + 20, "{} {}", past(&long), past(&short));
    assert!(past(&short) > 300);
}

proptest! {
    /// Whatever was said, however much, the window keeps its budget, by any counter.
    #[test]
    fn the_window_keeps_its_budget(
        sizes in prop::collection::vec((0..10_000_usize, 0..3_000_usize), 0..60),
        pictures in prop::collection::vec(0..2_000_usize, 0..60),
        budget in 0..5_000_usize,
        chinese: bool,
        task in prop::sample::select(vec!["What was the total again?", "Compare all the images", "Make it smaller", "第一张图"]),
        divisor in 1..6_usize,
    ) {
        let word = if chinese { "总计 " } else { "total " };
        let text = |size: usize| word.repeat(size / word.chars().count());
        let exchanges = sizes.iter().map(|(task, answer)| exchange(&text(*task), &text(*answer), 2, &["img-1"], &[]));
        let memory = Memory { exchanges: exchanges.collect() };
        let images: Vec<ImageRef> = pictures
            .iter()
            .enumerate()
            .map(|(index, tokens)| ImageRef { tokens: *tokens, ..root(index + 1, &text(tokens / 10)) })
            .collect();
        let count = |text: &str| text.chars().count().div_ceil(divisor);
        let window = memory.window(task, &images, budget, &count);
        prop_assert!(window.tokens(&count) <= budget, "{} of {budget}: {window:?}", window.tokens(&count));
        prop_assert_eq!(window.focus.is_empty(), images.is_empty());
        let cards: Vec<String> = window.focus.iter().map(|_| "An object at the left.\n".repeat(60)).collect();
        let shown: usize = window.shorten_cards(cards).iter().map(|card| estimate_tokens(card)).sum();
        prop_assert!(shown <= window.card_tokens + window.focus.len() * 16, "{shown} of {}", window.card_tokens);
    }

    /// Any text at all, also one that is no language.
    #[test]
    fn no_task_is_too_odd(task in "\\PC{0,200}", answer in "\\PC{0,200}", limit in 0..300_usize) {
        let memory = Memory { exchanges: vec![exchange(&answer, &task, 1, &["img-1", "img-9"], &["img-2"]); 6] };
        let window = window(&memory, &task, &[root(1, &answer), made(2, 1, "crop")], 500);
        prop_assert!(window.tokens(&estimate_tokens) <= 500);
        prop_assert!(text::cut(&task, limit).chars().count() <= limit);
    }
}
