use std::time::{Duration, Instant};

use image::{DynamicImage, GrayImage, ImageFormat, Luma, Rgb, RgbImage, Rgba, RgbaImage};

use super::{bomb, encode, encoded};
use crate::image::{ImageErrorKind, LoadLimits, decode};

fn kind(bytes: &[u8]) -> ImageErrorKind {
    decode(bytes, &LoadLimits::default()).expect_err("this must not decode").kind
}

#[test]
fn every_format_decodes_by_content() {
    use ImageFormat::{Bmp, Gif, Jpeg, Png, Tiff, WebP};
    for format in [Png, Jpeg, WebP, Gif, Bmp, Tiff] {
        let picture = decode(&encoded(31, 17, format), &LoadLimits::default()).expect("an intact picture");
        assert_eq!((picture.width(), picture.height()), (31, 17), "{format:?}");
        let corner = crate::image::to_rgb(&picture).get_pixel(30, 16).0;
        assert!(corner.iter().zip([180, 120, 90]).all(|(a, b)| a.abs_diff(b) < 30), "{format:?}: {corner:?}");
    }
}

#[test]
fn a_claim_of_60000_by_60000_is_refused_at_once() {
    let bytes = bomb(60_000, 60_000);
    assert!(bytes.len() > 200_000 && bytes.len() < 2_000_000, "{}", bytes.len());
    let start = Instant::now();
    let error = decode(&bytes, &LoadLimits::default()).expect_err("too large");
    assert!(start.elapsed() < Duration::from_millis(200), "{:?}", start.elapsed());
    assert_eq!(error.kind, ImageErrorKind::TooLarge);
    insta::assert_snapshot!(error, @"the picture claims 60000 x 60000 pixels, more than the 100 megapixels that are allowed");
}

#[test]
fn each_limit_holds_by_itself() {
    let bytes = encoded(300, 20, ImageFormat::Png);
    let open = LoadLimits::default();
    assert!(decode(&bytes, &open).is_ok());
    for limits in [
        LoadLimits { bytes: 10, ..open },
        LoadLimits { pixels: 5_999, ..open },
        LoadLimits { side: 299, ..open },
        LoadLimits { decode_memory: 17_999, ..open },
    ] {
        let error = decode(&bytes, &limits).expect_err("over the limit");
        assert_eq!((error.kind, error.hint.is_some()), (ImageErrorKind::TooLarge, true), "{error}");
    }
}

#[test]
fn a_picture_cut_off_is_told_as_such() {
    use ImageFormat::{Bmp, Gif, Png, Tiff, WebP};
    for format in [Png, Gif, Bmp, Tiff, WebP] {
        let bytes = encoded(64, 64, format);
        let error = decode(&bytes[..bytes.len() / 2], &LoadLimits::default()).expect_err("half a picture");
        assert!(matches!(error.kind, ImageErrorKind::Truncated | ImageErrorKind::Damaged), "{format:?}: {error}");
    }
    assert_eq!(kind(&encoded(64, 64, ImageFormat::Png)[..200]), ImageErrorKind::Truncated);
    assert_eq!(kind(&encoded(64, 64, ImageFormat::Jpeg)[..20]), ImageErrorKind::Truncated);
}

#[test]
fn what_is_no_picture_is_named() {
    let error = decode(b"<!doctype html><html>404</html>", &LoadLimits::default()).expect_err("a web page");
    insta::assert_snapshot!(error, @"not a picture: it looks like a web page (HTML)");
    assert_eq!(kind(b""), ImageErrorKind::NotAnImage);
    assert_eq!(kind(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic"), ImageErrorKind::Unsupported);
}

#[test]
fn sixteen_bits_become_eight_and_gray_and_alpha_stay() {
    let deep = image::ImageBuffer::from_pixel(2, 2, Rgb([65535_u16, 32768, 0]));
    let picture = decode(&encode(&DynamicImage::ImageRgb16(deep), ImageFormat::Png), &LoadLimits::default());
    assert_eq!(picture.expect("16-bit PNG").as_rgb8().map(|p| p.get_pixel(0, 0).0), Some([255, 128, 0]));
    let gray = DynamicImage::ImageLuma8(GrayImage::from_pixel(3, 3, Luma([77])));
    let picture = decode(&encode(&gray, ImageFormat::Png), &LoadLimits::default()).expect("gray PNG");
    assert_eq!(picture, gray);
    let clear = DynamicImage::ImageRgba8(RgbaImage::from_pixel(3, 3, Rgba([1, 2, 3, 4])));
    assert_eq!(decode(&encode(&clear, ImageFormat::Png), &LoadLimits::default()).expect("RGBA PNG"), clear);
}

/// An EXIF block (little-endian TIFF, one entry: orientation) put behind the JPEG's start marker.
fn with_orientation(jpeg: &[u8], orientation: u8) -> Vec<u8> {
    let mut exif = b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0".to_vec();
    exif.extend([orientation, 0, 0, 0, 0, 0, 0, 0]);
    let length = (exif.len() as u16 + 2).to_be_bytes();
    [&jpeg[..2], &[0xFF, 0xE1], &length[..], &exif, &jpeg[2..]].concat()
}

#[test]
fn exif_orientation_turns_the_picture_upright() {
    // Left half black, right half white, so that the turn shows.
    let rgb = RgbImage::from_fn(64, 32, |x, _| if x < 32 { Rgb([0; 3]) } else { Rgb([255; 3]) });
    let jpeg = encode(&DynamicImage::ImageRgb8(rgb), ImageFormat::Jpeg);
    for (orientation, size, dark) in
        [(1, (64, 32), (8, 16)), (3, (64, 32), (56, 16)), (6, (32, 64), (16, 8)), (8, (32, 64), (16, 56))]
    {
        let picture = decode(&with_orientation(&jpeg, orientation), &LoadLimits::default()).expect("a JPEG with EXIF");
        assert_eq!((picture.width(), picture.height()), size, "{orientation}");
        assert!(picture.to_luma8().get_pixel(dark.0, dark.1).0[0] < 20, "{orientation}");
    }
}

#[test]
fn hostile_and_unusual_files_decode_or_give_a_typed_error() {
    let Some(data) = super::shared_data() else { return };
    let mut seen = Vec::new();
    for file in ["bad_huffman.jpg", "corrupt34_2.jpg", "gray_pytorch.png", "palette_pytorch.png", "cmyk_pytorch.jpg"] {
        let bytes = std::fs::read(data.join("images/input").join(file)).expect("a listed file");
        match decode(&bytes, &LoadLimits::default()) {
            // Pillow's value at that place, for a CMYK file whose inks are stored inverted.
            Ok(picture) if file.starts_with("cmyk") => {
                let pixel = picture.to_rgb8().get_pixel(70, 40).0;
                assert!(pixel.iter().zip([241, 86, 49]).all(|(a, b)| a.abs_diff(b) < 8), "{pixel:?}");
                seen.push(format!("{file}: {:?}", picture.color()));
            }
            Ok(picture) => {
                seen.push(format!("{file}: {:?} {} x {}", picture.color(), picture.width(), picture.height()));
            }
            Err(error) => seen.push(format!("{file}: {:?}", error.kind)),
        }
    }
    insta::assert_snapshot!(seen.join("\n"), @r"
    bad_huffman.jpg: Rgb8 1024 x 768
    corrupt34_2.jpg: Rgb8 2544 x 3300
    gray_pytorch.png: L8 100 x 100
    palette_pytorch.png: Rgba8 100 x 100
    cmyk_pytorch.jpg: Rgb8
    ");
}

#[test]
fn every_shared_picture_decodes() {
    let Some(data) = super::shared_data() else { return };
    let mut decoded = 0;
    for folder in ["coco", "ocr", "receipts", "segment", "vqa"] {
        for entry in std::fs::read_dir(data.join("images").join(folder)).expect("a listed folder") {
            let path = entry.expect("a readable entry").path();
            let bytes = std::fs::read(&path).expect("a readable file");
            let result = decode(&bytes, &LoadLimits::default());
            assert!(result.is_ok(), "{}: {:?}", path.display(), result.err().map(|error| error.chain()));
            decoded += 1;
        }
    }
    assert!(decoded > 50, "{decoded}");
}
