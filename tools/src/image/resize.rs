//! Resizing. Model families differ in the filter of their reference pre-processing, and a wrong one shifts scores.

use fast_image_resize as fir;
use image::{GrayImage, RgbImage};

/// How pixels are interpolated.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Filter {
    /// Nearest pixel.
    Nearest,
    /// Bilinear, antialiased when shrinking: Pillow's `BILINEAR`.
    Bilinear,
    /// Bicubic (a = -0.5), antialiased when shrinking: Pillow's `BICUBIC`.
    Bicubic,
    /// Lanczos with three lobes, antialiased when shrinking: Pillow's `LANCZOS`.
    Lanczos,
    /// Bilinear over the four nearest pixels at any scale: OpenCV's `INTER_LINEAR`.
    BilinearCv,
}

impl Filter {
    fn algorithm(self) -> fir::ResizeAlg {
        use fir::{FilterType, ResizeAlg};
        match self {
            Self::Nearest => ResizeAlg::Nearest,
            Self::Bilinear => ResizeAlg::Convolution(FilterType::Bilinear),
            Self::Bicubic => ResizeAlg::Convolution(FilterType::CatmullRom),
            Self::Lanczos => ResizeAlg::Convolution(FilterType::Lanczos3),
            Self::BilinearCv => ResizeAlg::Interpolation(FilterType::Bilinear),
        }
    }
}

/// Resizes an RGB image; sides of 0 are taken as 1.
pub fn resize_rgb(image: &RgbImage, width: u32, height: u32, filter: Filter) -> RgbImage {
    let (width, height) = (width.max(1), height.max(1));
    let pixels = resize_bytes(image.as_raw(), image.dimensions(), (width, height), fir::PixelType::U8x3, filter);
    RgbImage::from_raw(width, height, pixels).unwrap_or_else(|| RgbImage::new(width, height))
}

/// Resizes a single-channel image, such as a mask; sides of 0 are taken as 1.
pub fn resize_gray(image: &GrayImage, width: u32, height: u32, filter: Filter) -> GrayImage {
    let (width, height) = (width.max(1), height.max(1));
    let pixels = resize_bytes(image.as_raw(), image.dimensions(), (width, height), fir::PixelType::U8, filter);
    GrayImage::from_raw(width, height, pixels).unwrap_or_else(|| GrayImage::new(width, height))
}

/// Resizes a plane of floats of `from` (width, height), such as a mask of logits, row by row.
pub fn resize_plane(plane: &[f32], from: (u32, u32), width: u32, height: u32, filter: Filter) -> Vec<f32> {
    let bytes: Vec<u8> = plane.iter().flat_map(|value| value.to_ne_bytes()).collect();
    let resized = resize_bytes(&bytes, from, (width.max(1), height.max(1)), fir::PixelType::F32, filter);
    let word = |chunk: &[u8]| chunk.try_into().map(f32::from_ne_bytes).unwrap_or_default();
    resized.chunks_exact(4).map(word).collect()
}

/// An empty result stands for buffers that do not fit their sizes, which the typed callers above rule out.
fn resize_bytes(bytes: &[u8], from: (u32, u32), to: (u32, u32), pixel: fir::PixelType, filter: Filter) -> Vec<u8> {
    if from == to {
        return bytes.to_vec();
    }
    // Pillow shrinks or grows the width first and rounds to bytes before the height; the other order shows at hard edges.
    if matches!(filter.algorithm(), fir::ResizeAlg::Convolution(_)) && from.0 != to.0 && from.1 != to.1 {
        let middle = (to.0, from.1);
        return resize_bytes(&resize_bytes(bytes, from, middle, pixel, filter), middle, to, pixel, filter);
    }
    let Ok(source) = fir::images::ImageRef::new(from.0, from.1, bytes, pixel) else {
        return Vec::new();
    };
    let mut target = fir::images::Image::new(to.0, to.1, pixel);
    let options = fir::ResizeOptions::new().resize_alg(filter.algorithm()).use_alpha(false);
    match fir::Resizer::new().resize(&source, &mut target, &options) {
        Ok(()) => target.into_vec(),
        Err(_) => Vec::new(),
    }
}
