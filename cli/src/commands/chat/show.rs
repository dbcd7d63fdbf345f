//! What the commands of a chat show.

use std::path::{Path, PathBuf};

use anyhow::Context;
use argus_tools::{
    image::{ImageEntry, ImageStore, Origin},
    tool::{RegionArg, ToolError, Toolbox},
};
use owo_colors::OwoColorize;
use unicode_width::UnicodeWidthStr;

use super::line::COMMANDS;
use crate::outcome::{file_name, origin_text};

/// The commands, a line each.
pub(super) fn help() -> String {
    let rows = COMMANDS
        .iter()
        .map(|(name, arguments, what)| vec![format!("/{name} {arguments}").trim_end().to_owned(), (*what).to_owned()]);
    let text = table(&rows.collect::<Vec<_>>());
    format!("{text}\nAnything else is a question or an order. Paths and addresses of pictures in it are added first.")
}

/// The tools, a line each.
pub(super) fn tools(tools: &Toolbox) -> String {
    table(&tools.specs().map(|spec| vec![spec.name.to_string(), spec.summary.to_string()]).collect::<Vec<_>>())
}

/// The pictures: handle, size, what made them, path.
pub(super) fn images(images: &ImageStore, out: &Path) -> String {
    let all = images.images();
    if all.is_empty() {
        return "no pictures yet: /add PATH, or write a path into your question".into();
    }
    let row = |entry: &std::sync::Arc<ImageEntry>| {
        let made = match (&entry.operation, &entry.parent) {
            (Some(operation), Some(parent)) => format!("{} of {parent}", operation.tool),
            _ => "given".into(),
        };
        let path = if entry.origin == Origin::Derived {
            let path = out.join(file_name(entry, &all));
            if path.exists() { path.display().to_string() } else { format!("(/show {} writes it)", entry.handle) }
        } else {
            origin_text(&entry.origin)
        };
        vec![entry.handle.clone(), size(entry), made, path]
    };
    table(&all.iter().map(row).collect::<Vec<_>>())
}

/// `img-1: street.jpg, 640 x 480 pixels`
pub(super) fn added(entry: &ImageEntry) -> String {
    format!("{}: {}, {} pixels", entry.handle, origin_text(&entry.origin), size(entry))
}

fn size(entry: &ImageEntry) -> String {
    format!("{} x {}", entry.width(), entry.height())
}

/// Writes a picture, or the part of it that a region handle names, and gives its path.
pub(super) fn write(images: &ImageStore, handle: &str, out: &Path) -> anyhow::Result<PathBuf> {
    let entry = images.get(handle)?;
    fs_err::create_dir_all(out).context("the directory for pictures cannot be made; --out names another")?;
    let mut path = out.join(file_name(&entry, &images.images()));
    let saved = if let Some((_, part)) = handle.split_once('/') {
        let region = images.region(&entry, &RegionArg::Name(handle.to_owned()))?;
        let pixels = region.bbox.to_pixels(entry.width(), entry.height());
        let (x, y, width, height) =
            pixels.ok_or_else(|| ToolError::invalid_input(format!("{handle} lies outside of {}", entry.handle)))?;
        let part: String = part.chars().map(|c| if c.is_alphanumeric() || c == '-' { c } else { '-' }).collect();
        path.set_extension(format!("{part}.png"));
        entry.pixels.crop_imm(x, y, width, height).save(&path)
    } else {
        entry.pixels.save(&path)
    };
    saved.with_context(|| format!("the picture {} cannot be written", path.display()))?;
    Ok(path)
}

/// Rows with their columns below each other; the first is bold.
fn table(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width =
        |column: usize| rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.width()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let line = |row: &Vec<String>| {
        let cells = row.iter().zip(&widths).enumerate().map(|(column, (cell, width))| {
            let space = " ".repeat(width - cell.width());
            if column == 0 { format!("{}{space}", cell.bold()) } else { format!("{cell}{space}") }
        });
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    rows.iter().map(line).collect::<Vec<_>>().join("\n")
}
