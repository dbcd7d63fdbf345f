//! Pictures continued over their edges by their mirror image, for models that want sides of certain sizes.

use image::{ImageBuffer, Pixel};

/// The picture with its right and bottom sides continued to a size by mirroring, the edge pixel itself included, as NumPy's
/// `symmetric` padding does it; where the size is smaller it is cut.
pub fn mirrored<P: Pixel>(
    picture: &ImageBuffer<P, Vec<P::Subpixel>>,
    width: u32,
    height: u32,
) -> ImageBuffer<P, Vec<P::Subpixel>> {
    let (own_width, own_height) = picture.dimensions();
    if own_width == 0 || own_height == 0 {
        return ImageBuffer::new(width, height);
    }
    ImageBuffer::from_fn(width, height, |x, y| *picture.get_pixel(folded(x, own_width), folded(y, own_height)))
}

/// 0 1 2 2 1 0 0 1 ... for a length of 3.
fn folded(index: u32, length: u32) -> u32 {
    let turn = index / length;
    let rest = index % length;
    if turn.is_multiple_of(2) { rest } else { length - 1 - rest }
}

#[cfg(test)]
mod tests {
    use image::{GrayImage, Luma};

    use super::*;

    #[test]
    fn edges_are_mirrored_as_often_as_it_takes() {
        let picture = GrayImage::from_fn(3, 2, |x, y| Luma([(10 * y + x) as u8]));
        let padded = mirrored(&picture, 8, 3);
        let row = |y| (0..8).map(|x| padded.get_pixel(x, y).0[0]).collect::<Vec<u8>>();
        assert_eq!(row(0), [0, 1, 2, 2, 1, 0, 0, 1]);
        assert_eq!(row(1), row(2));
        assert_eq!(mirrored(&picture, 2, 1).as_raw(), &[0, 1]);
        assert_eq!(mirrored(&GrayImage::new(0, 0), 2, 2).as_raw(), &[0; 4]);
    }
}
