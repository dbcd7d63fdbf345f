//! Brings the pictures of a recorded run into a session.

use argus_tools::image::{ImageStore, LoadLimits, Origin};
use image::DynamicImage;

use crate::trace::{ImageView, Trace, picture};

/// Enters the pictures that a recorded run began with, under the same handles and in the recorded size. Returns what is
/// not as it was then: pictures that are missing (they are black) or were saved smaller than they were.
pub fn enter_images(trace: &Trace, images: &[ImageView], store: &ImageStore) -> Vec<String> {
    let mut notes = Vec::new();
    for image in images.iter().filter(|image| image.parent.is_none()) {
        let pixels = pixels(trace, image, &mut notes);
        let source = image.source.clone().unwrap_or_else(|| image.handle.clone());
        let entry = store.insert(pixels, Origin::Memory(source));
        if entry.handle != image.handle {
            notes.push(format!("{} is {} here: the trace does not hold every picture", image.handle, entry.handle));
        }
    }
    notes
}

/// The picture of a recorded image in its recorded size.
pub(super) fn pixels(trace: &Trace, image: &ImageView, notes: &mut Vec<String>) -> DynamicImage {
    let (width, height) = recorded_size(image);
    let path = image.file.as_deref().and_then(|file| trace.picture(file));
    match path.ok_or_else(|| "the trace names no picture".to_owned()).and_then(|path| picture::load(&path)) {
        Ok(pixels) if (pixels.width(), pixels.height()) == (width, height) => pixels,
        Ok(pixels) => {
            notes.push(format!(
                "{} was saved as {} x {} pixels and is scaled back to {width} x {height}",
                image.handle,
                pixels.width(),
                pixels.height()
            ));
            pixels.resize_exact(width, height, image::imageops::FilterType::Triangle)
        }
        Err(why) => {
            notes.push(format!("{} is black: {why}", image.handle));
            DynamicImage::new_rgb8(width, height)
        }
    }
}

/// A trace from elsewhere may claim any size; what no picture can have becomes one pixel.
fn recorded_size(image: &ImageView) -> (u32, u32) {
    let pixels = u64::from(image.width) * u64::from(image.height);
    let possible = (1..=LoadLimits::default().pixels).contains(&pixels);
    if possible { (image.width, image.height) } else { (1, 1) }
}
