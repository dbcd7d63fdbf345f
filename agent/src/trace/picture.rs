//! The pictures beside a trace.

use std::{
    io::Cursor,
    path::{Component, Path, PathBuf},
};

use argus_tools::image::{LoadLimits, decode};
use base64::{Engine, engine::general_purpose::STANDARD};
use image::{DynamicImage, ImageFormat};

/// The longest side of a saved picture in pixels.
const SAVED_SIDE: u32 = 1600;
/// The longest side of a picture in a page.
const SHOWN_SIDE: u32 = 1000;
/// A PNG of at most this many bytes goes into a page as it is.
const SHOWN_BYTES: usize = 200_000;

/// The folder of a trace's pictures: `run.files` beside `run.jsonl`.
pub(super) fn files_folder(trace: &Path) -> PathBuf {
    trace.with_extension("files")
}

/// Where the picture of a handle lies: relative to the trace's folder, as the trace has it, and as a path.
pub(super) fn place(trace: &Path, handle: &str) -> (String, PathBuf) {
    let folder = files_folder(trace);
    let name: String = handle.chars().map(|c| if c.is_ascii_alphanumeric() || c == '-' { c } else { '_' }).collect();
    let name = format!("{name}.png");
    let relative = format!("{}/{name}", folder.file_name().unwrap_or_default().to_string_lossy());
    (relative, folder.join(name))
}

/// The path of a picture that a trace names, if it lies below the trace's folder: a trace from elsewhere must not name
/// files of this machine.
pub(super) fn located(trace: &Path, file: &str) -> Option<PathBuf> {
    let relative = Path::new(file);
    let inside = relative.components().all(|part| matches!(part, Component::Normal(_)));
    (inside && !file.is_empty()).then(|| trace.parent().unwrap_or(Path::new("")).join(relative))
}

/// Removes the pictures of an earlier trace of the same name; anything else in the folder stays.
pub(super) fn remove_old(folder: &Path) {
    for entry in fs_err::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if name.starts_with("img-") && name.ends_with(".png") {
            // What cannot be removed is overwritten or harmless.
            let _ = fs_err::remove_file(entry.path());
        }
    }
}

/// Writes a picture as PNG, scaled down to [`SAVED_SIDE`]. It appears whole or not at all.
pub(super) fn save(pixels: &DynamicImage, path: &Path) -> Result<(), image::ImageError> {
    if let Some(folder) = path.parent() {
        fs_err::create_dir_all(folder)?;
    }
    let part = path.with_extension("part");
    limited(pixels, SAVED_SIDE).as_ref().unwrap_or(pixels).save_with_format(&part, ImageFormat::Png)?;
    Ok(fs_err::rename(&part, path)?)
}

/// The picture scaled down to a longest side, or `None` if it is small enough.
fn limited(pixels: &DynamicImage, side: u32) -> Option<DynamicImage> {
    (pixels.width().max(pixels.height()) > side).then(|| pixels.thumbnail(side, side))
}

/// Reads a saved picture.
pub(super) fn load(path: &Path) -> Result<DynamicImage, String> {
    let bytes = fs_err::read(path).map_err(|error| error.to_string())?;
    decode(&bytes, &LoadLimits::default()).map_err(|error| format!("{}: {error}", path.display()))
}

/// A picture as the `src` of an `<img>`: small PNGs as they are, others as JPEG of a sane size.
pub(super) fn data_uri(path: &Path) -> Result<String, String> {
    let bytes = fs_err::read(path).map_err(|error| error.to_string())?;
    let failed = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
    let pixels = decode(&bytes, &LoadLimits::default()).map_err(|error| failed(&error))?;
    if bytes.len() <= SHOWN_BYTES && bytes.starts_with(b"\x89PNG") {
        return Ok(format!("data:image/png;base64,{}", STANDARD.encode(&bytes)));
    }
    let pixels = limited(&pixels, SHOWN_SIDE).unwrap_or(pixels);
    let (format, kind) =
        if pixels.color().has_alpha() { (ImageFormat::Png, "png") } else { (ImageFormat::Jpeg, "jpeg") };
    let mut small = Cursor::new(Vec::new());
    pixels.write_to(&mut small, format).map_err(|error| failed(&error))?;
    Ok(format!("data:image/{kind};base64,{}", STANDARD.encode(small.get_ref())))
}
