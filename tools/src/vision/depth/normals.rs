//! Surface normals out of a depth map, as Visual ChatGPT derived them from MiDaS: Sobel slopes before a fixed z.

use image::{Rgb, RgbImage};

use super::map::DepthMap;

/// What is farther than this relative depth counts as background and faces the viewer.
const BACKGROUND: f32 = 0.4;
/// The z of every normal before it gets unit length.
const Z: f32 = std::f32::consts::TAU;
/// Slopes are taken of depths from 0 to this, so that they do not hang on the units of a model.
const RANGE: f32 = 255.0;

/// The normals of a [relative](DepthMap::relative) map as colors: x to the right is red, y down is green, towards the viewer
/// is blue, each from -1 to 1 over 0..=255.
pub(super) fn normals(relative: &DepthMap) -> RgbImage {
    let (width, height) = (i64::from(relative.width), i64::from(relative.height));
    // Mirrored at the edge pixel, which is not repeated: OpenCV's usual border.
    let fold = |at: i64, length: i64| {
        let at = if at < 0 { -at } else { at };
        (if at >= length { 2 * length - 2 - at } else { at }).clamp(0, length - 1) as u32
    };
    let at = |x: i64, y: i64| relative.at(fold(x, width), fold(y, height)) * RANGE;
    RgbImage::from_fn(relative.width, relative.height, |x, y| {
        let (column, row) = (i64::from(x), i64::from(y));
        let (dx, dy) = if relative.at(x, y) < BACKGROUND {
            (0.0, 0.0)
        } else {
            let across = |row: i64| at(column + 1, row) - at(column - 1, row);
            let down = |column: i64| at(column, row + 1) - at(column, row - 1);
            (
                across(row - 1) + 2.0 * across(row) + across(row + 1),
                down(column - 1) + 2.0 * down(column) + down(column + 1),
            )
        };
        let length = (dx * dx + dy * dy + Z * Z).sqrt();
        Rgb([dx, dy, Z].map(|part| (part / length * 127.5 + 127.5).clamp(0.0, 255.0) as u8))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slopes_lean_and_the_background_faces_the_viewer() {
        let map = |value: fn(u32, u32) -> f32| DepthMap {
            width: 9,
            height: 9,
            values: (0..81).map(|i| value(i % 9, i / 9)).collect(),
        };
        let rising = normals(&map(|x, _| 0.5 + x as f32 / 20.0));
        let [r, g, b] = rising.get_pixel(4, 4).0;
        // 8 * 255 / 20 = 102 against z = 6.28: nearly edge-on.
        assert!(r > 250 && (126..=128).contains(&g) && (130..140).contains(&b), "{r} {g} {b}");
        let falling = normals(&map(|_, y| 0.9 - y as f32 / 20.0));
        assert!(falling.get_pixel(4, 4).0[1] < 5);
        let far = normals(&map(|x, _| x as f32 / 30.0));
        assert_eq!(far.get_pixel(4, 4).0, [127, 127, 255]);
        let one = DepthMap { width: 1, height: 1, values: vec![1.0] };
        assert_eq!(normals(&one).get_pixel(0, 0).0, [127, 127, 255]);
    }
}
