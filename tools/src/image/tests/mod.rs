#![expect(clippy::expect_used, clippy::print_stderr, reason = "a test that cannot set up its input fails or says so")]

mod fetch;
mod load;
mod source;

use std::{
    io::{Cursor, Write},
    path::PathBuf,
};

use image::{DynamicImage, ImageFormat, RgbImage};

/// The folder of pictures with ground truth, where there is one.
pub(crate) fn shared_data() -> Option<PathBuf> {
    let root = std::env::var_os("ARGUS_SHARED")
        .map_or_else(|| PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared")), PathBuf::from);
    let data = root.join("data");
    if !data.is_dir() {
        eprintln!("skipped: no shared pictures at {}", data.display());
        return None;
    }
    Some(data)
}

/// A picture of few-colored blocks (so that GIF keeps them), encoded.
fn encoded(width: u32, height: u32, format: ImageFormat) -> Vec<u8> {
    let rgb = RgbImage::from_fn(width, height, |x, y| image::Rgb([(x / 8 % 4 * 60) as u8, (y / 8 % 4 * 60) as u8, 90]));
    encode(&DynamicImage::ImageRgb8(rgb), format)
}

fn encode(picture: &DynamicImage, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    picture.write_to(&mut bytes, format).expect("a picture in memory encodes");
    bytes.into_inner()
}

/// A PNG whose header claims a size, with about a megabyte of compressed zeros behind it.
fn bomb(width: u32, height: u32) -> Vec<u8> {
    let chunk = |kind: &[u8; 4], data: &[u8]| {
        let mut crc = flate2::Crc::new();
        crc.update(kind);
        crc.update(data);
        [&(data.len() as u32).to_be_bytes()[..], kind, data, &crc.sum().to_be_bytes()].concat()
    };
    let header = [&width.to_be_bytes()[..], &height.to_be_bytes(), &[8, 2, 0, 0, 0]].concat();
    let mut zeros = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
    for _ in 0..256 {
        zeros.write_all(&vec![0; 1 << 20]).expect("writing to memory");
    }
    let data = zeros.finish().expect("writing to memory");
    [&b"\x89PNG\r\n\x1a\n"[..], &chunk(b"IHDR", &header), &chunk(b"IDAT", &data), &chunk(b"IEND", &[])].concat()
}
