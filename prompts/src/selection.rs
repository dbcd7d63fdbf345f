//! Which tools a prompt describes. Everyday tools are described with their arguments; those for rare needs in a few words. Of very many
//! everyday tools those that are most like the task are described.

use argus_tools::tool::ToolSpec;

use crate::{Protocol, similarity::Similarity};

/// Everyday tools that are described at most. More of them cost a small model time and confuse it.
pub(crate) const SHOWN_TOOLS: usize = 20;

/// Indices of tools, each list in registry order.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Choice {
    /// Described with their arguments, and callable.
    pub(crate) shown: Vec<usize>,
    /// Described in a few words, and callable under a grammar, which knows their arguments.
    pub(crate) brief: Vec<usize>,
    /// Named only: the model may ask for them.
    pub(crate) named: Vec<usize>,
}

impl Choice {
    /// `asked` are names that the model asked for. Declarations of all rare tools would fill a small context and cost money with
    /// every request; under a grammar a line of each is enough.
    pub(crate) fn new(
        tools: &[ToolSpec],
        task: &str,
        asked: &[String],
        protocol: Protocol,
        similarity: &Similarity,
    ) -> Self {
        let (mut shown, mut rest): (Vec<usize>, Vec<usize>) = (0..tools.len()).partition(|at| !tools[*at].advanced);
        if shown.len() > SHOWN_TOOLS {
            let (near, far) = nearest(tools, shown, task, similarity);
            shown = near;
            rest.extend(far);
        }
        let wanted = |at: &usize| asked.iter().any(|name| *name == *tools[*at].name);
        shown.extend(rest.iter().copied().filter(wanted));
        rest.retain(|at| !wanted(at));
        shown.sort_unstable();
        rest.sort_unstable();
        let (brief, named) = match protocol {
            Protocol::Schema => rest.into_iter().partition(|at| tools[*at].advanced),
            Protocol::Native | Protocol::Text => (Vec::new(), rest),
        };
        Self { shown, brief, named }
    }

    /// All that may be called.
    pub(crate) fn callable(&self) -> impl Iterator<Item = usize> + '_ {
        self.shown.iter().chain(&self.brief).copied()
    }
}

/// Whether the system prompt is the same for every task.
pub(crate) fn is_short(tools: &[ToolSpec]) -> bool {
    tools.iter().filter(|tool| !tool.advanced).count() <= SHOWN_TOOLS
}

/// Of too many tools those that are most like a task, and the others.
fn nearest(tools: &[ToolSpec], among: Vec<usize>, task: &str, similarity: &Similarity) -> (Vec<usize>, Vec<usize>) {
    let worth = |tool: &ToolSpec| {
        let own = similarity.likeness(task, &format!("{} {}", tool.name, tool.summary));
        tool.examples.iter().map(|example| similarity.likeness(task, example.task)).fold(own, f64::max)
    };
    let mut order: Vec<(usize, f64)> = among.into_iter().map(|at| (at, worth(&tools[at]))).collect();
    // Stable: among equals the registry's order decides.
    order.sort_by(|a, b| b.1.total_cmp(&a.1));
    let far = order.split_off(SHOWN_TOOLS.min(order.len()));
    let indices = |order: Vec<(usize, f64)>| order.into_iter().map(|(at, _)| at).collect();
    (indices(order), indices(far))
}

#[cfg(test)]
mod tests {
    use argus_tools::vision;

    use super::*;

    fn names(tools: &[ToolSpec], chosen: &[usize]) -> Vec<String> {
        chosen.iter().map(|at| tools[*at].name.to_string()).collect()
    }

    #[test]
    fn rare_tools_are_brief_under_a_grammar_and_named_elsewhere() {
        let tools: Vec<ToolSpec> = vision::toolbox().specs().cloned().collect();
        let similarity = Similarity::default();
        let choice = |asked: &[String], protocol| Choice::new(&tools, "Hello", asked, protocol, &similarity);
        let schema = choice(&[], Protocol::Schema);
        assert!(names(&tools, &schema.shown).contains(&"detect".into()), "{schema:?}");
        assert!(names(&tools, &schema.brief).contains(&"faces".into()) && schema.named.is_empty(), "{schema:?}");
        let native = choice(&[], Protocol::Native);
        assert_eq!(native.callable().count() + native.named.len(), tools.len());
        assert!(native.brief.is_empty() && names(&tools, &native.named).contains(&"depth".into()), "{native:?}");
        let asked = choice(&["edges".into()], Protocol::Text);
        assert!(names(&tools, &asked.shown).contains(&"edges".into()), "{asked:?}");
    }
}
