//! From an intent to calls, and from what they reported to a sentence.

mod compare;
mod compute;
mod desk;
mod edit;
mod looks;
mod other;
mod places;
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
    words::{is_chinese, plain, without_politeness},
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
        let said = match work(&mut desk, &job) {
            Ok(said) | Err(Stop::Say(said)) => said,
            Err(Stop::Wait) => continue,
        };
        let said = capital(said.trim());
        if !said.is_empty() && !sentences.contains(&said) {
            sentences.push(said);
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
    let mut desk = Desk::new(*view, tongue);
    let mut advice = Advice { complete: true, ..Advice::default() };
    for part in parts(view.task) {
        let plain = plain(&part);
        let job = Job { asked: without_politeness(&plain), intent: intent(&part) };
        let before = desk.calls.len();
        let said = work(&mut desk, &job);
        if !is_sure(&job.intent) {
            desk.calls.truncate(before);
            advice.complete = false;
            continue;
        }
        match said {
            Ok(said) if holds(view, &job, &said) => {
                let text = capital(said.trim()).trim_end_matches(['.', '。']).to_owned();
                let read = matches!(job.intent, Intent::ReadField { .. });
                if !advice.known.iter().any(|known| known.text == text) {
                    advice.known.push(Known { text, read });
                }
            }
            Err(Stop::Wait) => {
                advice.open.push(part);
                advice.complete = false;
            }
            _ => advice.complete = false,
        }
    }
    advice.calls = desk.calls.into_iter().filter(fits).collect();
    advice
}

/// Whether a call may be advised. A look for things that detectors do not know finds nothing, and says nothing.
fn fits(call: &Call) -> bool {
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
    // A stray letter that was read is no text.
    let text = view.cards.iter().any(|card| card.lines.iter().map(|line| line.chars().count()).sum::<usize>() > 12);
    // A size that is to be computed with is not the answer yet.
    let computes = matches!(job.intent, Intent::Size { .. })
        && [" times ", "in all", "altogether", "area"].iter().any(|word| job.asked.contains(word));
    !(said.trim().is_empty() || hedged || computes || (denies && text))
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
