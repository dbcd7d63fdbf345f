//! Which tools a prompt describes. Everyday tools stand in the system prompt, all of a short list, of a long one those that
//! suit the task; tools for rare needs stand beside a task that calls for them. The model may ask for the others by name.

use argus_tools::tool::ToolSpec;

use super::words::likeness;
use crate::run::Protocol;

/// Everyday tools that are described at most. More of them cost a small model time and confuse it.
pub(crate) const SHOWN_TOOLS: usize = 16;

/// Indices of tools, each list in registry order.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Choice {
    /// Described in the system prompt.
    pub(crate) shown: Vec<usize>,
    /// Described beside the task.
    pub(crate) more: Vec<usize>,
    /// Named only; empty where the model is not told of them.
    pub(crate) named: Vec<usize>,
}

impl Choice {
    /// `asked` are names that the model asked for. Declarations of all rare tools would fill a small context and cost money with
    /// every request; a model that replies under a grammar may be small, and is not distracted by the names of what it hardly
    /// ever needs.
    pub(crate) fn of(tools: &[ToolSpec], task: &str, asked: &[String], protocol: Protocol) -> Self {
        let everyday: Vec<usize> = (0..tools.len()).filter(|at| tools[*at].when.is_empty()).collect();
        let all = everyday.len() <= SHOWN_TOOLS;
        let shown = if all { everyday } else { nearest(tools, everyday, task) };
        let wanted = |tool: &ToolSpec| {
            let rare = !tool.when.is_empty() && tool.suits(task);
            rare || asked.iter().any(|name| *name == *tool.name)
        };
        let (more, rest): (Vec<usize>, Vec<usize>) =
            (0..tools.len()).filter(|at| !shown.contains(at)).partition(|at| wanted(&tools[*at]));
        let told = !all || protocol != Protocol::Schema;
        Self { shown, more, named: if told { rest } else { Vec::new() } }
    }

    /// All that are described.
    pub(crate) fn described(&self) -> impl Iterator<Item = usize> + '_ {
        self.shown.iter().chain(&self.more).copied()
    }
}

/// Whether the system prompt is the same for every task.
pub(crate) fn is_short(tools: &[ToolSpec]) -> bool {
    tools.iter().filter(|tool| tool.when.is_empty()).count() <= SHOWN_TOOLS
}

/// Of too many tools those that suit a task best.
fn nearest(tools: &[ToolSpec], among: Vec<usize>, task: &str) -> Vec<usize> {
    let worth = |tool: &ToolSpec| {
        let own = likeness(task, &format!("{} {}", tool.name, tool.summary));
        tool.examples.iter().map(|example| likeness(task, example.task)).fold(own, f64::max)
    };
    let mut order: Vec<(usize, f64)> = among.into_iter().map(|at| (at, worth(&tools[at]))).collect();
    // Stable: among equals the registry's order decides.
    order.sort_by(|a, b| b.1.total_cmp(&a.1));
    let mut chosen: Vec<usize> = order.into_iter().take(SHOWN_TOOLS).map(|(at, _)| at).collect();
    chosen.sort_unstable();
    chosen
}

#[cfg(test)]
mod tests {
    use argus_tools::vision;

    use super::*;

    fn names(tools: &[ToolSpec], chosen: &[usize]) -> Vec<String> {
        chosen.iter().map(|at| tools[*at].name.to_string()).collect()
    }

    #[test]
    fn rare_tools_stand_beside_the_tasks_that_call_for_them() {
        let tools: Vec<ToolSpec> = vision::toolbox().specs().cloned().collect();
        let choice = |task: &str, protocol| Choice::of(&tools, task, &[], protocol);
        let plain = choice("How many cups are there?", Protocol::Schema);
        assert!(names(&tools, &plain.shown).contains(&"detect".into()) && plain.more.is_empty(), "{plain:?}");
        assert!(plain.named.is_empty());
        let sharp = choice("Is this photo too dark?", Protocol::Schema);
        assert_eq!((sharp.shown.clone(), names(&tools, &sharp.more)), (plain.shown, vec!["quality".to_owned()]));
        assert!(names(&tools, &choice("Hello", Protocol::Text).named).contains(&"quality".into()));
        let native = choice("Hello", Protocol::Native);
        assert_eq!(native.described().count() + native.named.len(), tools.len());
        assert!(native.more.is_empty() && names(&tools, &native.named).contains(&"depth".into()), "{native:?}");
        let blurred = choice("Is this photo too dark?", Protocol::Native);
        assert_eq!(names(&tools, &blurred.more), ["quality"]);
        let asked = Choice::of(&tools, "Hello", &["edges".into()], Protocol::Text);
        assert_eq!(names(&tools, &asked.more), ["edges"]);
    }
}
