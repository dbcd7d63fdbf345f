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
    answer::{Tongue, capital},
    intent::{Intent, intent},
    parts::parts,
    view::RouteView,
    words::{is_chinese, plain, without_politeness},
};
use crate::run::Move;

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
