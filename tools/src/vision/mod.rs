//! The tools. Each is one file or folder; this list is all of them.

pub mod ask_image;
pub mod background;
pub mod calculate;
pub mod caption;
pub mod classify;
pub mod colors;
pub mod compare;
pub mod count;
pub mod crop;
pub mod depth;
pub mod detect;
pub mod draw;
pub mod edges;
pub mod embed;
pub mod extent;
pub mod faces;
pub mod find;
pub mod florence;
pub mod folder;
pub mod frames;
pub mod lines;
pub mod look;
pub mod match_text;
pub mod pose;
pub mod quality;
pub mod query;
pub mod read_code;
pub mod read_document;
pub mod read_text;
pub mod recognize;
pub mod redact;
pub mod relevance;
pub mod remove_object;
pub mod segment;
pub mod shapes;
pub mod similar;
pub mod size;
pub mod table;
pub mod track;
pub mod transform;
pub mod upscale;
pub mod where_is;

mod beside;
mod input;
mod phrases;
mod target;

#[cfg(test)]
mod tests;

use crate::tool::Toolbox;

/// All tools, in the order in which help and prompts list them.
pub fn toolbox() -> Toolbox {
    Toolbox::new()
        .with(detect::Detect)
        .with(read_text::ReadText)
        .with(caption::Caption)
        .with(segment::Segment)
        .with(count::Count)
        .with(where_is::Where)
        .with(size::Size)
        .with(colors::Colors)
        .with(table::TableTool)
        .with(calculate::Calculate)
        .with(crop::Crop)
        .with(draw::Draw)
        .with(transform::Transform)
        .with(find::Find)
        .with(classify::Classify)
        .with(faces::Faces)
        .with(pose::Pose)
        .with(depth::Depth)
        .with(read_code::ReadCode)
        .with(read_document::ReadDocument)
        .with(redact::Redact)
        .with(background::Background)
        .with(remove_object::RemoveObject)
        .with(upscale::Upscale)
        .with(quality::Quality)
        .with(shapes::Shapes)
        .with(compare::Compare)
        .with(edges::Edges)
        .with(lines::Lines)
        .with(similar::FindSimilar)
        .with(match_text::Match)
        .with(frames::Frames)
        .with(track::Track)
        .with(ask_image::AskImage)
        .with(embed::Embed)
        .with(query::Query)
}
