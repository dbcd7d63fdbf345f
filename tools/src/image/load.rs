//! From the bytes of a file to upright 8-bit pixels, within limits.

use std::io::Cursor;

use image::{DynamicImage, ImageDecoder, ImageFormat, ImageReader, Limits, metadata::Orientation};

use super::{
    error::{ImageError, ImageErrorKind},
    sniff,
};

/// What a picture may cost. Everything is checked before memory is taken.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct LoadLimits {
    /// Largest file or download in bytes.
    pub bytes: u64,
    /// Largest width x height.
    pub pixels: u64,
    /// Largest memory that decoding may take, in bytes, the decoded picture included.
    pub decode_memory: u64,
    /// Largest width or height in pixels.
    pub side: u32,
}

impl Default for LoadLimits {
    /// 100 MB, 100 megapixels, 1 GiB, 65,535 pixels a side.
    fn default() -> Self {
        Self { bytes: 100_000_000, pixels: 100_000_000, decode_memory: 1 << 30, side: 65_535 }
    }
}

const SMALLER: &str = "scale it down first, or raise the image limits";

impl LoadLimits {
    /// Refuses a file of too many bytes.
    pub fn check_bytes(&self, bytes: u64) -> Result<(), ImageError> {
        if bytes <= self.bytes {
            return Ok(());
        }
        Err(ImageError::new(
            ImageErrorKind::TooLarge,
            format!("the file has more than the {} that are allowed", megabytes(self.bytes)),
        )
        .with_hint(SMALLER))
    }

    fn check_size(&self, width: u32, height: u32) -> Result<(), ImageError> {
        let pixels = u64::from(width) * u64::from(height);
        let limit = if width.max(height) > self.side {
            format!("{} pixels a side", self.side)
        } else if pixels > self.pixels {
            format!("{:.0} megapixels", self.pixels as f64 / 1e6)
        } else {
            return Ok(());
        };
        let message = format!("the picture claims {width} x {height} pixels, more than the {limit} that are allowed");
        Err(ImageError::new(ImageErrorKind::TooLarge, message).with_hint(SMALLER))
    }
}

fn megabytes(bytes: u64) -> String {
    if bytes < 1_000_000 { format!("{bytes} bytes") } else { format!("{:.0} MB", bytes as f64 / 1e6) }
}

/// Decodes PNG, JPEG (progressive and CMYK too), WebP, GIF (first frame; see [`Clip`](super::Clip)), BMP or TIFF (first page).
///
/// The format is told by content, never by a name. The EXIF orientation is applied, 16-bit and float channels become
/// 8-bit, palettes become RGB; gray stays gray and alpha stays alpha (see [`to_rgb`](super::to_rgb)). Color profiles are ignored:
/// values are taken for sRGB. A JPEG that breaks off decodes as far as it goes, with a warning in the log.
///
/// Blocking; a 12-megapixel JPEG takes about 0.1 s.
pub fn decode(bytes: &[u8], limits: &LoadLimits) -> Result<DynamicImage, ImageError> {
    limits.check_bytes(bytes.len() as u64)?;
    let format = format_of(bytes)?;
    // Decoders work on hostile bytes; should one of them panic after all, that picture is damaged and nothing else is.
    let decoded = std::panic::catch_unwind(|| decode_as(bytes, format, limits)).unwrap_or_else(|_| {
        Err(ImageError::new(ImageErrorKind::Damaged, format!("the {} decoder failed on it", name(format))))
    })?;
    Ok(to_eight_bit(decoded))
}

/// A picture as PNG, losslessly: what [`decode`] gives back from it has the same pixels and channels.
///
/// Blocking; a 12-megapixel photo takes about half a second.
pub fn encode_png(pixels: &DynamicImage) -> Result<Vec<u8>, ImageError> {
    let mut bytes = Cursor::new(Vec::new());
    pixels.write_to(&mut bytes, ImageFormat::Png).map_err(|error| {
        let message = format!("a picture of {} x {} pixels cannot be made a PNG", pixels.width(), pixels.height());
        ImageError::new(ImageErrorKind::Unsupported, message).with_source(error)
    })?;
    Ok(bytes.into_inner())
}

fn format_of(bytes: &[u8]) -> Result<ImageFormat, ImageError> {
    let supported =
        [ImageFormat::Png, ImageFormat::Jpeg, ImageFormat::WebP, ImageFormat::Gif, ImageFormat::Bmp, ImageFormat::Tiff];
    if let Some(format) = image::guess_format(bytes).ok().filter(|format| supported.contains(format)) {
        return Ok(format);
    }
    let guess = sniff::guess(bytes);
    let (kind, message) = if guess.picture {
        (ImageErrorKind::Unsupported, format!("{} is not supported", guess.what))
    } else {
        (ImageErrorKind::NotAnImage, format!("not a picture: it looks like {}", guess.what))
    };
    Err(ImageError { kind, message, hint: guess.hint.map(str::to_owned), source: None })
}

fn decode_as(bytes: &[u8], format: ImageFormat, limits: &LoadLimits) -> Result<DynamicImage, ImageError> {
    let wrap = |error| wrap(error, format);
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    let mut own = Limits::no_limits();
    own.max_alloc = Some(limits.decode_memory);
    reader.limits(own);
    let mut decoder = reader.into_decoder().map_err(wrap)?;
    let (width, height) = decoder.dimensions();
    if width == 0 || height == 0 {
        let message = format!("the picture is empty: {width} x {height} pixels");
        return Err(ImageError::new(ImageErrorKind::Damaged, message));
    }
    limits.check_size(width, height)?;
    let needed = decoder.total_bytes();
    if needed > limits.decode_memory {
        let allowed = megabytes(limits.decode_memory);
        let message =
            format!("the picture of {width} x {height} pixels needs {} of {allowed} allowed", megabytes(needed));
        return Err(ImageError::new(ImageErrorKind::TooLarge, message).with_hint(SMALLER));
    }
    // Broken metadata is no reason to refuse the pixels.
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    if format == ImageFormat::Jpeg && !bytes.windows(2).rev().any(|pair| pair == [0xFF, 0xD9]) {
        tracing::warn!(width, height, "the JPEG has no end marker: it may be cut off, and its lower part grey");
    }
    let mut picture = DynamicImage::from_decoder(decoder).map_err(wrap)?;
    picture.apply_orientation(orientation);
    Ok(picture)
}

fn to_eight_bit(picture: DynamicImage) -> DynamicImage {
    match picture {
        DynamicImage::ImageLuma16(_) => DynamicImage::ImageLuma8(picture.into_luma8()),
        DynamicImage::ImageLumaA16(_) => DynamicImage::ImageLumaA8(picture.into_luma_alpha8()),
        DynamicImage::ImageRgb16(_) | DynamicImage::ImageRgb32F(_) => DynamicImage::ImageRgb8(picture.into_rgb8()),
        DynamicImage::ImageRgba16(_) | DynamicImage::ImageRgba32F(_) => DynamicImage::ImageRgba8(picture.into_rgba8()),
        eight_bit => eight_bit,
    }
}

fn name(format: ImageFormat) -> &'static str {
    match format {
        ImageFormat::Png => "PNG",
        ImageFormat::Jpeg => "JPEG",
        ImageFormat::WebP => "WebP",
        ImageFormat::Gif => "GIF",
        ImageFormat::Bmp => "BMP",
        ImageFormat::Tiff => "TIFF",
        _ => "image",
    }
}

fn wrap(error: image::ImageError, format: ImageFormat) -> ImageError {
    let format = name(format);
    let again = "get the file again; it was probably not copied or downloaded to its end";
    let wrapped = match &error {
        image::ImageError::Limits(_) => {
            ImageError::new(ImageErrorKind::TooLarge, format!("the {format} needs more memory than is allowed"))
                .with_hint(SMALLER)
        }
        image::ImageError::Unsupported(_) => {
            ImageError::new(ImageErrorKind::Unsupported, format!("this variant of {format} is not supported"))
                .with_hint("convert it to a plain PNG first")
        }
        error if ends_early(error) => {
            ImageError::new(ImageErrorKind::Truncated, format!("the {format} ends too early")).with_hint(again)
        }
        _ => ImageError::new(ImageErrorKind::Damaged, format!("the {format} is damaged")).with_hint(again),
    };
    wrapped.with_source(error)
}

/// Whether the bytes ran out: decoders say it as an end of file, or only in words.
fn ends_early(error: &image::ImageError) -> bool {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(error) = cause {
        if let Some(io) = error.downcast_ref::<std::io::Error>()
            && io.kind() == std::io::ErrorKind::UnexpectedEof
        {
            return true;
        }
        let words = error.to_string().to_lowercase();
        if ["unexpected end", "end of file", "unexpected eof", "exhausted", "not enough bytes"]
            .iter()
            .any(|sign| words.contains(sign))
        {
            return true;
        }
        cause = error.source();
    }
    false
}
