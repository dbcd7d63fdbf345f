//! Which tools a prompt describes: all of a short list, of a long one those that suit the task. The others are listed by
//! name, and the model may ask for them.

use argus_tools::tool::ToolSpec;

use super::words::likeness;

/// Tools that are described at most. More of them cost a small model time and confuse it.
pub(crate) const SHOWN_TOOLS: usize = 16;

/// Indices of the tools to describe, in registry order. `asked` are names that the model asked for; they come on top.
pub(crate) fn select(tools: &[ToolSpec], task: &str, asked: &[String], most: usize) -> Vec<usize> {
    if tools.len() <= most {
        return (0..tools.len()).collect();
    }
    let worth = |tool: &ToolSpec| {
        let own = likeness(task, &format!("{} {}", tool.name, tool.summary));
        tool.examples.iter().map(|example| likeness(task, example.task)).fold(own, f64::max)
    };
    let mut order: Vec<(usize, f64)> = tools.iter().map(worth).enumerate().collect();
    // Stable: among equals the registry's order decides.
    order.sort_by(|a, b| b.1.total_cmp(&a.1));
    let mut chosen: Vec<usize> = order.into_iter().take(most).map(|(at, _)| at).collect();
    for (at, tool) in tools.iter().enumerate() {
        if !chosen.contains(&at) && asked.iter().any(|name| *name == *tool.name) {
            chosen.push(at);
        }
    }
    chosen.sort_unstable();
    chosen
}
