//! What the text says, and the facts in it.

use super::thing;
use crate::route::{
    fields::Field,
    intent::Intent,
    words::{AUXILIARY, after, has_any, has_phrase, ordinal, words},
};

pub(super) fn read(asked: &str) -> Option<Intent> {
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

pub(super) fn field(asked: &str) -> Option<Intent> {
    let field = implied(asked).or_else(|| named(asked)).or_else(|| labelled(asked))?;
    Some(Intent::ReadField { field })
}

/// A field that is asked for without its name: who issued it, when, what it costs.
fn implied(asked: &str) -> Option<Field> {
    // What an order would cost stands on no receipt.
    if supposes(asked) {
        return None;
    }
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
        return Some(Field::Company);
    }
    let bought = ["issued", "bought", "purchased", "paid", "printed", "dated", "made out"]
        .iter()
        .any(|word| has_phrase(asked, word));
    if asked.starts_with("when") && (bought || has_any(asked, &["receipt", "invoice", "bill", "document"])) {
        return Some(Field::Date);
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
            return Some(Field::Total);
        }
        if priced && !other {
            return Some(Field::Price(name));
        }
    }
    None
}

/// Whether a task supposes something: "if I buy two", "I want to order".
pub(super) fn supposes(asked: &str) -> bool {
    has_any(
        asked,
        &["if i", "if we", "want to buy", "want to order", "wanted to", "like to buy", "will buy", "like to order"],
    )
}

/// A field by its name.
fn named(asked: &str) -> Option<Field> {
    let known = Field::mentioned(asked);
    if supposes(asked) && has_any(asked, &["cost", "pay", "spend"]) {
        return None;
    }
    if has_any(asked, &["how much more", "how much less", "how much cheaper"]) {
        return None;
    }
    if asked.starts_with("how much") {
        let spent =
            has_any(asked, &["pay", "paid", "spend", "spent", "cost", "due", "owe", "bill", "altogether", "in total"]);
        if spent && !matches!(known, Some(Field::Tax | Field::Change | Field::Paid | Field::Discount | Field::Subtotal))
        {
            return Some(Field::Total);
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
            && has_any(
                asked,
                &[
                    "developed",
                    "made",
                    "makes",
                    "manufactured",
                    "produces",
                    "shop window",
                    "inside the shop",
                    "in the shop",
                    "in the store",
                ],
            );
        if (asks || bare)
            && !seen
            && !(AUXILIARY.contains(&first)
                && matches!(known, Field::Time | Field::Company | Field::Paid | Field::Change))
        {
            return Some(known);
        }
    }
    None
}

/// Any other label: "what is the table number?", "who is the cashier?"
fn labelled(asked: &str) -> Option<Field> {
    const LAST: [&str; 12] = [
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
    let rest =
        asked.strip_prefix("what is the ").or(asked.strip_prefix("who is the ")).or(asked.strip_prefix("the "))?;
    let name = thing(rest);
    let last = name.rsplit(' ').next().unwrap_or_default();
    let short = name.split(' ').count() <= 3 && (name.contains(' ') || (last.len() > 4 && last != "number"));
    (LAST.contains(&last) && short).then_some(Field::Named(name))
}
