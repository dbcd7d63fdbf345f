//! Builds the view of a trace from its events.

use argus_tools::{image::Region, tool::Event};

use super::{CallView, ImageView, RunView, StepView, Trace, TraceLine, TraceView, TurnView, overlay};
use crate::{
    chat::ToolCall,
    run::{Card, ImageRecord, RunEvent, StopReason, parse},
};

impl From<&Trace> for TraceView {
    fn from(trace: &Trace) -> Self {
        let mut images = Vec::new();
        let mut runs = Vec::new();
        for (number, lines) in trace.runs().into_iter().enumerate() {
            let mut builder = Builder {
                number,
                run: RunView::default(),
                images: &mut images,
                ended: false,
                prompts: 0,
                best_answer: None,
            };
            for line in lines {
                builder.line(line);
            }
            runs.push(builder.end(lines.last().map_or(0.0, |line| line.at_ms)));
        }
        let argus = trace.header.as_ref().map(|header| header.argus.clone()).filter(|version| !version.is_empty());
        Self { argus, images, runs, workflows: super::workflows::workflows(trace), notes: trace.notes.clone() }
    }
}

struct Builder<'a> {
    number: usize,
    run: RunView,
    images: &'a mut Vec<ImageView>,
    ended: bool,
    /// Prompts so far.
    prompts: usize,
    /// The limit for which the next question is asked.
    best_answer: Option<StopReason>,
}

impl Builder<'_> {
    fn line(&mut self, line: &TraceLine) {
        match &line.event {
            RunEvent::RunStarted { task, images, model, .. } => {
                self.run.task.clone_from(task);
                self.run.images.clone_from(images);
                self.run.model.clone_from(model);
                self.run.at_ms = line.at_ms;
            }
            RunEvent::ModelReady { protocol, context_tokens, reason } => {
                self.run.protocol = Some(*protocol);
                self.run.context_tokens = *context_tokens;
                self.run.protocol_changes.extend(reason.clone());
            }
            RunEvent::ImageAdded { image, width, height } => self.image(line, image, (*width, *height)),
            RunEvent::CardReady { card } => self.card(card),
            RunEvent::RunFinished { stop, answer, grounded, ungrounded, usage, ms } => {
                self.run.answer.clone_from(answer);
                self.run.stop = Some(*stop);
                self.run.grounded = *grounded;
                self.run.ungrounded.clone_from(ungrounded);
                (self.run.usage, self.run.ms) = (*usage, *ms);
                self.ended = true;
            }
            event => self.step_event(line, event),
        }
    }

    fn step_event(&mut self, line: &TraceLine, event: &RunEvent) {
        match event {
            RunEvent::ModelStarted { step, tokens, .. } => {
                let turn = TurnView {
                    prompt: self.prompts,
                    at_ms: line.at_ms,
                    estimated_tokens: *tokens,
                    ..TurnView::default()
                };
                self.prompts += 1;
                let best_answer = self.best_answer.take();
                let step = self.step(*step);
                step.best_answer = best_answer.or(step.best_answer);
                step.turns.push(turn);
            }
            RunEvent::ModelRestarted { step } => {
                if let Some(turn) = self.step(*step).turns.last_mut() {
                    turn.restarts += 1;
                }
            }
            RunEvent::ModelFinished { step, text, tool_calls, ms, usage } => {
                self.run.model_ms += ms;
                let step = self.step(*step);
                step.thought = thought(text, tool_calls);
                step.prompt_tokens += usage.prompt_tokens;
                step.completion_tokens += usage.completion_tokens;
                if let Some(turn) = step.turns.last_mut() {
                    turn.reply = Some(text.clone());
                    turn.tool_calls.clone_from(tool_calls);
                    (turn.ms, turn.usage) = (*ms, *usage);
                }
            }
            RunEvent::ModelFailed { step, error } => {
                if let Some(turn) = self.step(*step).turns.last_mut() {
                    let hint = error.hint.as_ref().map(|hint| format!(" (hint: {hint})")).unwrap_or_default();
                    turn.error = Some(format!("{}{hint}", error.message));
                    turn.ms = line.at_ms - turn.at_ms;
                }
            }
            RunEvent::Shortened { step, what } => self.step(*step).shortened.extend(what.iter().cloned()),
            RunEvent::Repair { step, reason } => self.step(*step).repairs.push(reason.clone()),
            RunEvent::BestAnswer { reason } => self.best_answer = Some(*reason),
            _ => self.tool_event(line, event),
        }
    }

    fn tool_event(&mut self, line: &TraceLine, event: &RunEvent) {
        match event {
            RunEvent::ToolStarted { step, index, tool, args } => {
                let call = CallView {
                    index: *index,
                    tool: tool.clone(),
                    args: args.clone(),
                    at_ms: line.at_ms,
                    ..CallView::default()
                };
                self.calls(*step).push(call);
            }
            RunEvent::ToolProgress { step, index, progress } => {
                let words = match progress {
                    Event::Preparing { what } => what.clone(),
                    Event::ModelRan { model, provider, ms } => format!("{model} ran on {provider} in {ms:.0} ms"),
                };
                if let Some(call) = self.running(*step, *index)
                    && !call.progress.contains(&words)
                {
                    call.progress.push(words);
                }
            }
            RunEvent::ToolFinished { step, index, ok, text, value, repairable, error, models, ms, .. } => {
                self.run.tool_ms += ms;
                let newest = self.images.last().map(|image| image.handle.clone()).unwrap_or_default();
                let mut image = newest;
                if let Some(call) = self.running(*step, *index) {
                    if let Some(named) = call.args.get("image").and_then(|image| image.as_str()) {
                        named.split('/').next().unwrap_or_default().clone_into(&mut image);
                    }
                    (call.ok, call.repairable) = (Some(*ok), *repairable);
                    call.text.clone_from(text);
                    call.value.clone_from(value);
                    call.error.clone_from(error);
                    call.models.clone_from(models);
                    call.regions.clone_from(&line.regions);
                    call.ms = *ms;
                }
                self.locate(line.regions.iter().cloned());
                self.locate(overlay::located(value, &image).into_iter());
            }
            _ => {}
        }
    }

    fn image(&mut self, line: &TraceLine, image: &ImageRecord, (width, height): (u32, u32)) {
        if self.images.iter().any(|known| known.handle == image.handle) {
            return;
        }
        self.images.push(ImageView {
            handle: image.handle.clone(),
            run: self.number,
            width,
            height,
            source: line.source.clone().or_else(|| image.path.clone()),
            parent: image.parent.clone(),
            op: image.op.clone(),
            args: image.args.clone(),
            file: line.file.clone(),
            regions: Vec::new(),
        });
        if image.parent.is_some() {
            self.made(image);
        }
    }

    /// Takes a card. Cards of several images are made side by side, and their calls have the same indices: the card tells
    /// which result belongs to which call.
    fn card(&mut self, card: &Card) {
        for record in card.calls.iter().filter(|record| record.ok) {
            let looks = &mut self.run.looks;
            let asked = looks.iter().position(|look| look.tool == record.tool && look.args == record.args);
            let got = looks.iter().position(|look| look.tool == record.tool && look.value == record.observation);
            let (Some(asked), Some(got)) = (asked, got) else { continue };
            if asked != got && looks[asked].value != record.observation {
                // What was asked, and when, stays; its result changes places.
                looks.swap(asked, got);
                let (first, second) = (asked.min(got), asked.max(got));
                let (before, after) = looks.split_at_mut(second);
                std::mem::swap(&mut before[first].args, &mut after[0].args);
                std::mem::swap(&mut before[first].at_ms, &mut after[0].at_ms);
            }
        }
        self.run.cards.push(card.clone());
    }

    /// Finds the call that made an image: the last one whose output names it, else the last of the tool that made it.
    fn made(&mut self, image: &ImageRecord) {
        let tool = image.op.as_deref().and_then(|op| op.split('.').next()).unwrap_or_default();
        let calls = self.run.looks.iter_mut().chain(self.run.steps.iter_mut().flat_map(|step| step.calls.iter_mut()));
        let mut calls: Vec<&mut CallView> = calls.collect();
        let names = |call: &CallView| {
            let values = call.value.as_object().into_iter().flatten();
            values.into_iter().any(|(_, value)| value.as_str() == Some(&image.handle))
        };
        let found =
            calls.iter().rposition(|call| names(call)).or_else(|| calls.iter().rposition(|call| call.tool == tool));
        if let Some(call) = found.and_then(|at| calls.get_mut(at)) {
            call.made.push(image.handle.clone());
        }
    }

    fn locate(&mut self, regions: impl Iterator<Item = Region>) {
        for region in regions {
            let Some(image) = self.images.iter_mut().find(|image| image.handle == region.image) else { continue };
            let known = |old: &Region| {
                if region.handle.is_empty() { old.bbox == region.bbox } else { old.handle == region.handle }
            };
            if !image.regions.iter().any(known) {
                image.regions.push(region);
            }
        }
    }

    fn step(&mut self, number: u32) -> &mut StepView {
        let at = self.run.steps.iter().rposition(|step| step.step == number).unwrap_or_else(|| {
            self.run.steps.push(StepView { step: number, ..StepView::default() });
            self.run.steps.len() - 1
        });
        &mut self.run.steps[at]
    }

    fn calls(&mut self, step: u32) -> &mut Vec<CallView> {
        if step == 0 { &mut self.run.looks } else { &mut self.step(step).calls }
    }

    /// The call of an index that is under way. Cards of several images have calls of the same index: then it is the first
    /// that has not ended.
    fn running(&mut self, step: u32, index: usize) -> Option<&mut CallView> {
        self.calls(step).iter_mut().find(|call| call.index == index && call.ok.is_none())
    }

    fn end(mut self, last_ms: f64) -> RunView {
        if !self.ended {
            self.run.ms = tenth(last_ms - self.run.at_ms);
            for step in &self.run.steps {
                self.run.usage.prompt_tokens += step.prompt_tokens;
                self.run.usage.completion_tokens += step.completion_tokens;
            }
        }
        for step in &mut self.run.steps {
            let begins = step.turns.iter().map(|turn| turn.at_ms).chain(step.calls.iter().map(|call| call.at_ms));
            let ends =
                step.turns.iter().map(|turn| turn.at_ms + turn.ms).chain(step.calls.iter().map(|c| c.at_ms + c.ms));
            let begin = begins.fold(f64::INFINITY, f64::min);
            step.ms = tenth((ends.fold(0.0, f64::max) - begin).max(0.0));
        }
        self.run.model_ms = tenth(self.run.model_ms);
        self.run.tool_ms = tenth(self.run.tool_ms);
        self.run
    }
}

fn tenth(ms: f64) -> f64 {
    (ms * 10.0).round() / 10.0
}

/// What a model thought, in whichever protocol it wrote: beside its calls, in its JSON, or after "Thought:".
fn thought(text: &str, tool_calls: &[ToolCall]) -> String {
    if !tool_calls.is_empty() {
        return text.trim().to_owned();
    }
    if let Some((_, rest)) = text.split_once("Thought:") {
        let end = ["\nAction", "\nAnswer", "\nFinal Answer"].iter().filter_map(|stop| rest.find(stop)).min();
        return rest[..end.unwrap_or(rest.len())].trim().to_owned();
    }
    parse(text).map(|parsed| parsed.thought).unwrap_or_default()
}
