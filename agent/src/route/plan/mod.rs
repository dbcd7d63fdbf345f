//! From an intent to calls, and from what they reported to a sentence.

mod compare;
mod compute;
mod desk;
mod edit;
mod hide;
mod looks;
mod other;
mod page;
mod places;
mod rare;
mod sums;
mod table;
mod target;
mod text;
mod things;

pub(super) use desk::Desk;
use desk::{Job, Stop};

use super::{
    Advice, Known,
    answer::{Tongue, capital},
    intent::{Intent, intent},
    parts::parts,
    view::RouteView,
    words::{self, is_chinese, plain, without_politeness},
};
use argus_tools::vision::labels;

use crate::run::{Call, Move};

/// The next move for a task: calls as long as a part wants some, then the answer.
pub(super) fn decide(view: &RouteView<'_>) -> Move {
    let tongue = if is_chinese(view.task) { Tongue::Chinese } else { Tongue::English };
    let mut desk = Desk::new(*view, tongue);
    let mut sentences: Vec<String> = Vec::new();
    for part in parts(view.task) {
        let plain = plain(&part);
        let job = Job { asked: without_politeness(&plain), intent: intent(&part) };
        let told = observed(&mut desk, &job).map_or_else(|| vec![work(&mut desk, &job)], |seen| seen.told);
        for said in told {
            let (Ok(said) | Err(Stop::Say(said))) = said else { continue };
            let said = capital(said.trim());
            if !said.is_empty() && !sentences.contains(&said) {
                sentences.push(said);
            }
        }
    }
    if !desk.calls.is_empty() {
        return Move::Calls(desk.calls);
    }
    if sentences.is_empty() {
        sentences.push(other::nothing(tongue));
    }
    Move::Answer(tongue.joined(&sentences))
}

/// What the rules can tell beforehand: parts that are known already, and calls that fit the others. Parts that the rules
/// are not sure of are left out.
pub(super) fn advise(view: &RouteView<'_>) -> Advice {
    let tongue = if is_chinese(view.task) { Tongue::Chinese } else { Tongue::English };
    let mut desk = Desk { advises: true, ..Desk::new(*view, tongue) };
    let mut advice = Advice { complete: true, ..Advice::default() };
    for part in parts(view.task) {
        let plain = plain(&part);
        let job = Job { asked: without_politeness(&plain), intent: intent(&part) };
        let before = desk.calls.len();
        let seen = observed(&mut desk, &job);
        let (surely, read) = (seen.is_some(), seen.as_ref().is_some_and(|seen| seen.read));
        let told = seen.map_or_else(|| vec![work(&mut desk, &job)], |seen| seen.told);
        if !surely && let Some(said) = unseen(view, &job) {
            desk.calls.truncate(before);
            advice.known.push(Known { text: said, read: false, untellable: true });
            continue;
        }
        if !surely && !is_sure(&job.intent) {
            desk.calls.truncate(before);
            advice.complete = false;
            continue;
        }
        for said in told {
            match said {
                Ok(said) if surely || holds(view, &job, &said) => {
                    let text = capital(said.trim()).trim_end_matches(['.', '。']).to_owned();
                    let read = read || matches!(job.intent, Intent::ReadField { .. });
                    if !advice.known.iter().any(|known| known.text == text) {
                        let untellable = surely && super::is_unsure(&text);
                        advice.known.push(Known { text, read, untellable });
                    }
                }
                Err(Stop::Wait) => {
                    advice.open.push(part.clone());
                    advice.complete = false;
                }
                _ => advice.complete = false,
            }
        }
    }
    advice.calls = desk.calls.into_iter().filter(fits).collect();
    advice
}

/// That a thing is asked for which no tool at hand can see, where no text may name it.
fn unseen(view: &RouteView<'_>, job: &Job<'_>) -> Option<String> {
    let (Intent::Presence { label } | Intent::Count { label }) = &job.intent else { return None };
    let all = words::words(label);
    let known = |word: &str| {
        let name = labels::canonical(&target::query(word));
        labels::is_known(&name) || !labels::members(word).is_empty() || words::COLORS.contains(&word)
    };
    let other = [
        "text", "picture", "image", "photo", "pixel", "line", "object", "thing", "item", "color", "colour", "them",
        "it",
    ];
    let visible = known(label)
        || all.iter().any(|word| known(word) || other.iter().any(|other| word.trim_end_matches('s') == *other))
        || ["find", "ask_image", "classify"].iter().any(|tool| view.has_tool(tool));
    let looked = !view.cards.is_empty() && view.cards.iter().all(|card| card.looked && card.read);
    (looked && !visible && !label.is_empty() && all.len() < 4 && !has_text(view))
        .then(|| format!("It cannot be told from the picture whether there is {label}"))
}

/// What the layout of a text, a table, the shape of a picture or its colours tell of a part.
struct Seen {
    told: table::Told,
    /// Whether it repeats text that was read.
    read: bool,
}

/// What can be told of a part whatever kind of question it is, if it surely can.
fn observed(desk: &mut Desk<'_>, job: &Job<'_>) -> Option<Seen> {
    if desk.view.images.is_empty() {
        return None;
    }
    let text = |told: Option<String>| told.map(|said| Seen { told: vec![Ok(said)], read: true });
    if let Some(told) = rare::rare(desk, job) {
        return Some(Seen { told: vec![told], read: false });
    }
    sums::told_sum(desk, job)
        .or_else(|| sums::told_difference(desk, job))
        .map(|told| Seen { told, read: false })
        .or_else(|| looks::shape(desk, job).map(|said| Seen { told: vec![Ok(said)], read: false }))
        .or_else(|| looks::shares_of(desk, job).map(|said| Seen { told: vec![said], read: false }))
        .or_else(|| looks::pixels(desk, job).map(|said| Seen { told: vec![said], read: false }))
        .or_else(|| text(page::unseen(desk, job)))
        .or_else(|| text(page::unpriced(desk, job)))
        .or_else(|| sums::duration(desk, job).map(|told| Seen { told, read: false }))
        .or_else(|| table::table(desk, job).map(|told| Seen { told, read: true }))
        .or_else(|| text(page::beside(desk, job)))
        .or_else(|| text(page::heading(desk, job)))
        .or_else(|| text(page::nobody(desk, job)))
}

/// Whether a call may be advised. A look for things that detectors do not know finds nothing, and says nothing; a caption is
/// what the rules ask for where they know nothing better.
fn fits(call: &Call) -> bool {
    if call.tool == "caption" {
        return false;
    }
    let labels = call.args.get("labels").and_then(serde_json::Value::as_array).into_iter().flatten();
    let mut labels = labels.filter_map(serde_json::Value::as_str);
    call.tool != "detect" || labels.all(|label| labels::is_known(&labels::canonical(label)))
}

/// Whether the rules understand this kind of part well enough to advise on it.
fn is_sure(intent: &Intent) -> bool {
    !matches!(intent, Intent::Chat | Intent::Unknown | Intent::Describe | Intent::Read { .. })
}

/// Whether a sentence tells something. That there is none of a kind may only mean that it stands in the text.
fn holds(view: &RouteView<'_>, job: &Job<'_>, said: &str) -> bool {
    const HEDGES: [&str; 7] = ["cannot", "could not", "does not know", "no tool", "failed", "无法", "不知道"];
    let hedged = HEDGES.iter().any(|hedge| said.contains(hedge));
    let denies = matches!(job.intent, Intent::Count { .. } | Intent::Presence { .. })
        && ["no ", "没有"].iter().any(|word| said.contains(word));
    let text = has_text(view);
    // A size that is to be computed with is not the answer yet.
    let computes = matches!(job.intent, Intent::Size { .. })
        && [" times ", "in all", "altogether", "area"].iter().any(|word| job.asked.contains(word));
    !(said.trim().is_empty() || hedged || computes || (denies && text))
}

/// Whether there is text; a stray letter that was read is none.
fn has_text(view: &RouteView<'_>) -> bool {
    view.cards.iter().any(|card| card.lines.iter().map(|line| line.chars().count()).sum::<usize>() > 12)
}

fn work(desk: &mut Desk<'_>, job: &Job<'_>) -> Result<String, Stop> {
    match &job.intent {
        Intent::Chat => return Ok(other::chat(desk.tongue, job.asked)),
        Intent::Compute => return compute::compute(desk, job),
        _ => {}
    }
    if desk.view.images.is_empty() {
        return Err(Stop::Say(
            desk.tongue.say("There is no picture to look at; give me one.", "没有图片可看，请提供一张图片。"),
        ));
    }
    match &job.intent {
        Intent::Count { label } => things::count(desk, job, label),
        Intent::Presence { label } => things::presence(desk, job, label),
        Intent::Compare { a, b, by } => compare::compare(desk, job, (a, b), *by),
        Intent::Position { a, b, relation } => places::position(desk, job, a, b.as_deref(), relation.as_deref()),
        Intent::Size { of } => looks::size(desk, job, of.as_deref()),
        Intent::Color { of, is } => looks::color(desk, job, of.as_deref(), is.as_deref()),
        Intent::Read { of } => text::read(desk, job, of.as_deref()),
        Intent::ReadField { field } => text::field(desk, job, field),
        Intent::Edit { op } => edit::edit(desk, job, op),
        Intent::Describe => other::describe(desk, job),
        Intent::Unknown | Intent::Chat | Intent::Compute => other::unknown(desk, job),
    }
}
