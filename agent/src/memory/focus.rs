//! Which images a task is shown as cards. The other images are listed in a line each, and tools can look at them again.

use super::{ImageRef, Memory, text};

/// The handles whose cards a task is shown while there is room, the most important first, each once. Images that it names by
/// handle; without any those that are new, those of the last exchange and of the exchanges that it recalls; without these all
/// that were given.
pub(super) fn focus(memory: &Memory, task: &str, images: &[ImageRef], recalled: &[usize]) -> Vec<String> {
    let known = |handle: &String| images.iter().any(|image| image.handle == *handle);
    let mut found: Vec<String> = text::handles(&task.to_lowercase()).into_iter().filter(known).collect();
    if found.is_empty() {
        let last = memory.exchanges.last();
        let seen = last.map_or(0, |exchange| exchange.images_before + exchange.made.len());
        found.extend(images.iter().skip(seen).map(|image| image.handle.clone()));
        found.extend(last.into_iter().flat_map(|last| last.made.iter().rev().chain(&last.about)).cloned());
        let about = recalled.iter().filter_map(|index| memory.exchanges.get(*index));
        found.extend(about.flat_map(|exchange| exchange.about.iter().chain(&exchange.made)).cloned());
        found.retain(known);
    }
    if found.is_empty() {
        found.extend(images.iter().filter(|image| image.parent.is_none()).map(|image| image.handle.clone()));
    }
    let mut once: Vec<String> = Vec::new();
    for handle in found {
        if !once.contains(&handle) {
            once.push(handle);
        }
    }
    once
}
