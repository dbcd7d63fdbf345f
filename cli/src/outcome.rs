//! Pictures of a session on disk, under names that tell their lineage.

use std::path::{Path, PathBuf};

use anyhow::Context;
use argus_tools::image::{ImageEntry, ImageStore, Origin};
use serde::Serialize;
use serde_json::Value;

/// One picture of a session, as `--json` shows it.
#[derive(Debug, Serialize)]
pub(crate) struct ImageRecord {
    /// `img-1`, ...
    pub(crate) handle: String,
    /// The file; for a root image what the user gave.
    pub(crate) path: String,
    /// The image it was made from.
    pub(crate) parent: Option<String>,
    /// The operation that made it.
    pub(crate) op: Option<String>,
    /// The operation's arguments.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) args: Option<Value>,
}

/// Writes the derived images under `out` as PNG and lists all images. `out` is made only if there is something to write.
pub(crate) fn write_images(images: &ImageStore, out: &Path) -> anyhow::Result<Vec<ImageRecord>> {
    let all = images.images();
    let mut records = Vec::new();
    for entry in &all {
        // A tool of the user's own that made a picture out of no other.
        let maker = match &entry.origin {
            Origin::Memory(name) => name.strip_prefix("tool:").map(str::to_owned),
            _ => None,
        };
        let made = entry.origin == Origin::Derived || maker.is_some();
        let path = if made { write_image(entry, &all, out)? } else { origin_text(&entry.origin) };
        let (op, args) = entry.operation.as_ref().map(|op| (op.tool.clone(), op.args.clone())).unzip();
        let op = op.or(maker);
        records.push(ImageRecord { handle: entry.handle.clone(), path, parent: entry.parent.clone(), op, args });
    }
    Ok(records)
}

/// Writes an image as PNG into `out` and gives its path.
pub(crate) fn write_image(
    entry: &ImageEntry,
    all: &[std::sync::Arc<ImageEntry>],
    out: &Path,
) -> anyhow::Result<String> {
    fs_err::create_dir_all(out).context("the directory for pictures cannot be made; --out names another")?;
    let path = out.join(file_name(entry, all));
    entry.pixels.save(&path).with_context(|| format!("the picture {} cannot be written", path.display()))?;
    Ok(path.display().to_string())
}

/// `coffee.img-3.segment-cutout.png`: the root picture's name, the handle, the operation.
pub(crate) fn file_name(entry: &ImageEntry, all: &[std::sync::Arc<ImageEntry>]) -> PathBuf {
    let mut root = entry;
    while let Some(parent) = root.parent.as_ref().and_then(|parent| all.iter().find(|e| e.handle == *parent)) {
        root = parent;
    }
    let origin = origin_text(&root.origin);
    let stem = Path::new(&origin).file_stem().map_or("image".into(), |stem| stem.to_string_lossy().into_owned());
    let stem = stem.rsplit(':').next().unwrap_or_default().to_owned();
    let operation = entry.operation.as_ref().map_or("original".into(), |op| op.tool.replace('.', "-"));
    let safe = |text: &str| -> String {
        text.chars().map(|c| if c.is_alphanumeric() || matches!(c, '-' | '_') { c } else { '-' }).take(80).collect()
    };
    format!("{}.{}.{}.png", safe(&stem), entry.handle, safe(&operation)).into()
}

/// A root image as the user named it.
pub(crate) fn origin_text(origin: &Origin) -> String {
    match origin {
        Origin::Path(text) | Origin::Url(text) | Origin::Memory(text) => text.clone(),
        Origin::Sample(name) => format!("sample:{name}"),
        Origin::Stdin => "-".into(),
        Origin::Derived => String::new(),
    }
}
