//! Resizing against Pillow and OpenCV; `tests/golden/resize.py` writes the pictures.

#![expect(clippy::panic, reason = "a test without its pictures must fail")]

use std::path::PathBuf;

use argus_tools::image::{Filter, resize_rgb};
use image::RgbImage;

fn golden(name: &str) -> RgbImage {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/data/resize").join(name);
    image::open(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display())).to_rgb8()
}

/// The largest difference of any channel of any pixel.
fn worst(ours: &RgbImage, theirs: &RgbImage) -> u8 {
    assert_eq!(ours.dimensions(), theirs.dimensions());
    ours.as_raw().iter().zip(theirs.as_raw()).map(|(a, b)| a.abs_diff(*b)).max().unwrap_or_default()
}

fn check(software: &str, filter: Filter, tolerance: u8) {
    let source = golden("source.png");
    for (width, height) in [(40, 23), (150, 100), (61, 97)] {
        let theirs = golden(&format!("{software}-{width}x{height}.png"));
        let worst = worst(&resize_rgb(&source, width, height, filter), &theirs);
        assert!(worst <= tolerance, "{software} {width}x{height}: off by {worst}");
    }
}

#[test]
fn bilinear_is_pillows() {
    check("pillow-bilinear", Filter::Bilinear, 1);
}

#[test]
fn bicubic_is_pillows() {
    check("pillow-bicubic", Filter::Bicubic, 1);
}

#[test]
fn lanczos_is_pillows() {
    // Weights of 16 bits against Pillow's 22: the six terms of this filter add up to one step more.
    check("pillow-lanczos", Filter::Lanczos, 2);
}

#[test]
fn bilinear_cv_is_opencvs() {
    check("opencv-linear", Filter::BilinearCv, 1);
}

#[test]
fn the_two_bilinear_filters_differ_when_shrinking() {
    let (pillow, opencv) = (golden("pillow-bilinear-40x23.png"), golden("opencv-linear-40x23.png"));
    assert!(worst(&pillow, &opencv) > 50);
}
