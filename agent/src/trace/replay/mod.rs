//! Runs a recorded task again, with what was recorded in place of the model, the tools, or both.
//!
//! With both, nothing is loaded and nothing leaves the machine: the run shows what today's loop and prompts make of
//! yesterday's replies. [`ReplayModel`] tells where a prompt differs from the recorded one.

mod model;
mod scene;
mod tools;

pub use model::{Difference, ReplayModel};
pub use scene::enter_images;
pub use tools::recorded_tools;
