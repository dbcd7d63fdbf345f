//! English requests.

use super::{By, Intent, thing};
use crate::route::{
    fields::Field,
    words::{AUXILIARY, COLORS, after, find_phrase, has_any, has_phrase, ordinal, words},
};

mod compare;
mod compute;
pub(super) mod edit;
mod place;

/// The intent of a request in lower case, without polite words.
pub(super) fn intent(asked: &str) -> Intent {
    let rules: [fn(&str) -> Option<Intent>; 13] = [
        chat,
        edit::edit,
        compute::plain,
        compare::compare,
        count,
        place::position,
        size,
        color,
        field,
        compute::over_text,
        read,
        presence,
        describe,
    ];
    rules.iter().find_map(|rule| rule(asked)).unwrap_or(Intent::Unknown)
}

fn chat(asked: &str) -> Option<Intent> {
    const WHOLE: [&str; 26] = [
        "hello",
        "hi",
        "hey",
        "hello there",
        "hi there",
        "thanks",
        "thank you",
        "thank you very much",
        "thanks a lot",
        "good morning",
        "good evening",
        "good night",
        "goodbye",
        "bye",
        "how are you",
        "who are you",
        "what are you",
        "what can you do",
        "what is your name",
        "help",
        "nice to meet you",
        "ok",
        "okay",
        "cool",
        "great",
        "good afternoon",
    ];
    const STARTS: [&str; 9] = [
        "who are you",
        "what can you",
        "are you a",
        "are you an",
        "thank you",
        "thanks",
        "who made you",
        "how are you",
        "what are you able",
    ];
    let bare = asked.trim_matches(|c: char| !c.is_alphanumeric());
    let short = bare.split_whitespace().count() <= 7;
    (WHOLE.contains(&bare) || (short && STARTS.iter().any(|start| find_phrase(bare, start) == Some(0))))
        .then_some(Intent::Chat)
}

fn count(asked: &str) -> Option<Intent> {
    if let Some(rest) = after(asked, "how many") {
        let rest = rest.strip_prefix("of ").unwrap_or(rest);
        const MONEY: [&str; 8] = ["dollars", "euros", "pounds", "ringgit", "yuan", "bucks", "cents", "rupees"];
        if MONEY.iter().any(|unit| rest.starts_with(unit)) {
            return field(asked).or(Some(Intent::Compute));
        }
        if rest.starts_with("pixels") && !has_phrase(rest, "million") {
            return Some(Intent::Size { of: size_of(asked) });
        }
        if ["times", "percent", "degrees", "hours", "minutes", "days", "grams", "calories", "cals"]
            .iter()
            .any(|unit| rest.starts_with(unit))
        {
            return Some(Intent::Compute);
        }
        return Some(Intent::Count { label: counted(rest) });
    }
    for phrase in ["total number of", "the number of", "number of", "amount of", "count of", "quantity of"] {
        if let Some(rest) =
            after(asked, phrase).filter(|rest| !rest.starts_with("the invoice") && !rest.starts_with("the receipt"))
        {
            return Some(Intent::Count { label: counted(rest) });
        }
    }
    let rest = asked
        .strip_prefix("count ")
        .map(|rest| rest.strip_prefix("up ").unwrap_or(rest).strip_prefix("how many ").unwrap_or(rest));
    if let Some(rest) = rest {
        return Some(Intent::Count { label: counted(rest) });
    }
    (asked == "count").then(|| Intent::Count { label: String::new() })
}

/// What is counted: the thing, or nothing where a pronoun or no word names it.
fn counted(rest: &str) -> String {
    let name = thing(rest);
    let pronoun = matches!(
        name.as_str(),
        "them"
            | "they"
            | "those"
            | "things"
            | "objects"
            | "items"
            | "everything"
            | "it"
            | "of them"
            | "different objects"
    );
    if pronoun { if name == "them" || name == "they" { "them".into() } else { "objects".into() } } else { name }
}

fn presence(asked: &str) -> Option<Intent> {
    const BEGIN: [&str; 30] = [
        "is there also",
        "is there",
        "are there also",
        "are there",
        "was there",
        "were there",
        "do you see",
        "do we see",
        "can you see",
        "can i see",
        "can we see",
        "can you find",
        "can you spot",
        "can you detect",
        "does it contain",
        "does it show",
        "does it have",
        "does this have",
        "do you notice",
        "is it there",
        "have you seen",
        "has it got",
        "check whether there is",
        "check if there is",
        "check whether there are",
        "check if there are",
        "whether there is",
        "if there is",
        "whether there are",
        "see",
    ];
    for begin in BEGIN {
        if find_phrase(asked, begin) == Some(0) || (begin.len() > 12 && has_phrase(asked, begin)) {
            let rest = after(asked, begin)?;
            let rest = ["not ", "also ", "even ", "more than one ", "at least one ", "still "]
                .iter()
                .find_map(|word| rest.strip_prefix(word))
                .unwrap_or(rest);
            let name = thing(rest);
            let text = matches!(name.as_str(), "text" | "writing" | "words" | "letters");
            return Some(if text {
                Intent::Presence { label: "text".into() }
            } else {
                Intent::Presence { label: name }
            });
        }
    }
    // "Does the picture show a dog?", "is a dog in the picture", "any dogs?"
    for verb in ["contain", "show", "have", "include", "feature", "depict"] {
        if asked.starts_with("does ") || asked.starts_with("do ") {
            if let Some(rest) = after(asked, verb) {
                return Some(Intent::Presence { label: thing(rest) });
            }
        }
    }
    if let Some(rest) = asked.strip_prefix("any ") {
        return Some(Intent::Presence { label: thing(rest) });
    }
    let subject = asked.strip_prefix("is ").or(asked.strip_prefix("are "))?;
    let name = thing(subject);
    let tail = after(subject, &name)?;
    let shown = [
        "in the picture",
        "in the image",
        "in this picture",
        "in this image",
        "in the photo",
        "in img-",
        "visible",
        "present",
        "shown",
        "in it",
        "there",
    ];
    let named = subject.starts_with("a ")
        || subject.starts_with("an ")
        || subject.starts_with("any ")
        || subject.starts_with("the ");
    let states = shown.iter().any(|place| tail.starts_with(place));
    (named && states && !name.is_empty()).then_some(Intent::Presence { label: name })
}

fn read(asked: &str) -> Option<Intent> {
    const ASKS: [&str; 38] = [
        "read",
        "what is written",
        "what is it written",
        "written",
        "transcribe",
        "ocr",
        "what text",
        "which text",
        "the text",
        "what words",
        "which words",
        "what word",
        "text in",
        "text on",
        "what number is",
        "which number is",
        "what letters",
        "what letter",
        "what is the text",
        "license plate",
        "licence plate",
        "number plate",
        "spell out",
        "extract text",
        "extract the text",
        "recognize the text",
        "what is the title",
        "the title",
        "headline",
        "what is the brand",
        "brand",
        "slogan",
        "inscription",
        "what is the name on",
        "what name is",
        "printed",
        "what is the number on",
        "what is the word",
    ];
    let says = ["say", "says", "saying", "stand on", "said"].iter().any(|verb| has_phrase(asked, verb))
        && !asked.starts_with("say ");
    // "What is the second line?"
    let placed = ["line", "sentence"].iter().any(|noun| has_phrase(asked, noun))
        && words(asked).iter().any(|word| ordinal(word).is_some());
    if !(says || placed || has_any(asked, &ASKS)) {
        return None;
    }
    Some(Intent::Read { of: written_on(asked) })
}

/// What the text is written on, if it is a thing that may be found.
fn written_on(asked: &str) -> Option<String> {
    const TEXT: [&str; 34] = [
        "text",
        "picture",
        "image",
        "photo",
        "sign",
        "word",
        "words",
        "it",
        "label",
        "page",
        "document",
        "receipt",
        "letters",
        "letter",
        "sentence",
        "screen",
        "screenshot",
        "invoice",
        "paper",
        "poster",
        "board",
        "title",
        "line",
        "lines",
        "writing",
        "signs",
        "sentences",
        "plate",
        "menu",
        "bill",
        "table",
        "chart",
        "this",
        "everything",
    ];
    let rest = [
        "written on",
        "printed on",
        "text on",
        "words on",
        "word on",
        "number is on",
        "text of",
        "number on",
        "name on",
        "letters on",
        "letters are on",
        "brand on",
        "title on",
        "read",
    ]
    .iter()
    .find_map(|phrase| after(asked, phrase));
    let subject = rest.or_else(|| {
        let does = after(asked, "does").or(after(asked, "do"))?;
        Some(does)
    })?;
    let subject =
        [" say", " says"].iter().find_map(|verb| subject.split_once(verb)).map_or(subject, |(thing, _)| thing);
    let inner = after(subject, "on")
        .filter(|_| subject.starts_with("the text") || subject.starts_with("the word") || subject.starts_with("what"))
        .unwrap_or(subject);
    let name = thing(inner);
    let last = name.rsplit(' ').next().unwrap_or_default();
    (!name.is_empty() && !TEXT.contains(&last) && !name.starts_with("img-") || name.contains('/')).then_some(name)
}

fn size_of(asked: &str) -> Option<String> {
    const WHOLE: [&str; 10] =
        ["image", "picture", "photo", "it", "this", "file", "screenshot", "page", "img-1", "img-2"];
    let rest = [
        "size of",
        "width of",
        "height of",
        "area of",
        "dimensions of",
        "resolution of",
        "width and height of",
        "how big is",
        "how big are",
        "how large is",
        "how large are",
        "how wide is",
        "how wide are",
        "how tall is",
        "how tall are",
        "how high is",
        "how high are",
        "how long is",
        "wide is",
        "tall is",
        "high is",
        "large is",
        "big is",
        "size has",
        "does",
        "share of the image is",
        "of the image does",
        "is",
        "are",
    ]
    .iter()
    .find_map(|phrase| after(asked, phrase))?;
    let name = thing(rest);
    let last = name.rsplit(' ').next().unwrap_or_default();
    (!name.is_empty() && !WHOLE.contains(&last)).then_some(name)
}

fn size(asked: &str) -> Option<Intent> {
    const ASKS: [&str; 22] = [
        "how big",
        "how large",
        "how wide",
        "how tall",
        "how high",
        "how long is",
        "how small",
        "size of",
        "what size",
        "which size",
        "dimensions",
        "resolution",
        "width of",
        "height of",
        "the width",
        "the height",
        "area of",
        "how much of the image",
        "how much of the picture",
        "what share",
        "what fraction",
        "pixels wide",
    ];
    let measured = has_any(asked, &ASKS) || asked == "size" || asked == "measure it" || asked.starts_with("measure ");
    let text = has_any(asked, &["size of the text", "font size"]);
    (measured && !text).then(|| {
        let of = asked.strip_prefix("measure ").map(thing).filter(|name| name != "it" && !name.is_empty());
        Intent::Size { of: of.or_else(|| size_of(asked)) }
    })
}

fn color(asked: &str) -> Option<Intent> {
    let asks =
        ["color", "colour", "colors", "colours", "colored", "coloured"].iter().any(|word| has_phrase(asked, word));
    if !asks {
        // "Is the car red?"
        let all = words(asked);
        let last = all.last()?;
        let first = all.first()?;
        if !matches!(first.as_str(), "is" | "are") || !COLORS.contains(&last.as_str()) || has_phrase(asked, "there") {
            return None;
        }
        let shade =
            all.len().checked_sub(2).map(|at| all[at].as_str()).filter(|word| matches!(*word, "dark" | "light"));
        let is = shade.map_or_else(|| last.clone(), |shade| format!("{shade} {last}"));
        let subject = asked[first.len()..].trim();
        let name = thing(subject.strip_suffix(is.as_str()).unwrap_or(subject));
        return Some(Intent::Color { of: whole(name), is: Some(is) });
    }
    let rest = [
        "color is",
        "colour is",
        "color are",
        "colour are",
        "colors are",
        "colours are",
        "colors does",
        "colors do",
        "color of",
        "colour of",
        "colors of",
        "colours of",
        "color does",
        "colour does",
        "color has",
        "colour has",
        "colors has",
        "color do",
        "color was",
    ]
    .iter()
    .find_map(|phrase| after(asked, phrase));
    let of = rest.map(thing).and_then(whole);
    Some(Intent::Color { of, is: None })
}

/// `None` for names that mean the whole picture.
fn whole(name: String) -> Option<String> {
    let last = name.rsplit(' ').next().unwrap_or_default();
    let whole = matches!(last, "" | "picture" | "image" | "photo" | "dominant" | "main" | "used" | "color" | "colour")
        || last.starts_with("img-") && !last.contains('/');
    (!whole).then_some(name)
}

fn field(asked: &str) -> Option<Intent> {
    let field = |field| Some(Intent::ReadField { field });
    // "When was it issued", "who issued it": no field is named.
    if has_any(
        asked,
        &[
            "who issued",
            "who sold",
            "issued this",
            "issued the",
            "issued by",
            "who is the seller",
            "where was it bought",
            "where was this bought",
            "which restaurant",
            "which supermarket",
            "name of the restaurant",
        ],
    ) {
        return field(Field::Company);
    }
    let bought = ["issued", "bought", "purchased", "paid", "printed", "dated", "made out"]
        .iter()
        .any(|word| has_phrase(asked, word));
    if asked.starts_with("when") && (bought || has_any(asked, &["receipt", "invoice", "bill", "document"])) {
        return field(Field::Date);
    }
    let costs = [
        "how much does",
        "how much do",
        "how much is",
        "how much are",
        "what does",
        "what is the price of",
        "price of",
        "cost of",
        "what do",
        "how much did",
    ];
    if let Some(rest) = costs.iter().find_map(|phrase| after(asked, phrase)) {
        let priced = has_any(asked, &["cost", "price", "costs"])
            || asked.starts_with("how much is")
            || asked.starts_with("how much are");
        let name = thing(rest.trim_end_matches(" cost").trim_end_matches(" costs"));
        let whole = matches!(
            name.as_str(),
            "" | "it" | "this" | "everything" | "they" | "i" | "bill" | "receipt" | "it all" | "purchase" | "order"
        );
        let other = Field::at_start(&name).is_some() || has_any(&name, &["total", "tax", "change", "discount"]);
        if priced && whole {
            return field(Field::Total);
        }
        if priced && !other {
            return field(Field::Price(name));
        }
    }
    let known = Field::mentioned(asked);
    if has_any(asked, &["how much more", "how much less", "how much cheaper"]) {
        return None;
    }
    if asked.starts_with("how much") {
        let spent =
            has_any(asked, &["pay", "paid", "spend", "spent", "cost", "due", "owe", "bill", "altogether", "in total"]);
        if spent && !matches!(known, Some(Field::Tax | Field::Change | Field::Paid | Field::Discount | Field::Subtotal))
        {
            return field(Field::Total);
        }
    }
    if has_phrase(asked, "total number") || has_phrase(asked, "change the") || has_phrase(asked, "store in") {
        return None;
    }
    if let Some(known) = known {
        let first = asked.split_whitespace().next().unwrap_or_default();
        let asks = [
            "what", "which", "who", "whose", "how", "when", "where", "read", "find", "give", "tell", "extract", "get",
            "show", "identify", "list", "is", "does",
        ]
        .contains(&first);
        let bare = Field::at_start(asked.strip_prefix("the ").unwrap_or(asked)).is_some();
        let seen = matches!(known, Field::Company)
            && has_any(asked, &["shop window", "inside the shop", "in the shop", "in the store"]);
        if (asks || bare)
            && !seen
            && !(AUXILIARY.contains(&first)
                && matches!(known, Field::Time | Field::Company | Field::Paid | Field::Change))
        {
            return field(known);
        }
    }
    // "What is the table number?", "who is the cashier?"
    if let Some(rest) =
        asked.strip_prefix("what is the ").or(asked.strip_prefix("who is the ")).or(asked.strip_prefix("the "))
    {
        let name = thing(rest);
        let numbered = [
            "number",
            "no",
            "id",
            "code",
            "cashier",
            "member",
            "operator",
            "salesperson",
            "quantity",
            "qty",
            "reference",
            "temperature",
        ];
        let last = name.rsplit(' ').next().unwrap_or_default();
        if numbered.contains(&last)
            && name.split(' ').count() <= 3
            && (name.contains(' ') || last.len() > 4 && last != "number")
            && !rest.contains(" on the motor")
        {
            return field(Field::Named(name));
        }
    }
    None
}

fn describe(asked: &str) -> Option<Intent> {
    const ASKS: [&str; 28] = [
        "describe",
        "caption",
        "summarize",
        "summarise",
        "what is in",
        "what is on",
        "what do you see",
        "what can you see",
        "what can be seen",
        "what does the picture show",
        "what does the image show",
        "what does it show",
        "what does this show",
        "what is shown",
        "what is this",
        "what is it",
        "what is happening",
        "what is going on",
        "explain",
        "what is the picture",
        "what is the image",
        "what objects",
        "which objects",
        "what things",
        "what animals",
        "what are these",
        "what am i looking at",
        "show",
    ];
    let lists = ["list ", "detect ", "name ", "identify ", "tell me about", "tell about", "about "]
        .iter()
        .any(|verb| asked.starts_with(verb));
    (lists || has_any(asked, &ASKS) || asked == "list" || asked == "detect").then_some(Intent::Describe)
}

/// By what a word compares.
fn by(word: &str) -> By {
    match word {
        "larger" | "bigger" | "smaller" | "largest" | "biggest" | "smallest" | "size" => By::Area,
        "taller" | "higher" | "shorter" | "tallest" | "shortest" => By::Height,
        "wider" | "broader" | "narrower" | "longer" | "widest" => By::Width,
        "more" | "fewer" | "less" => By::Count,
        _ => By::Any,
    }
}
