//! Pictures as users have them.

use crate::support::{items, run, shared};

#[test]
fn broken_and_odd_files_decode_or_fail_with_words() {
    let Some(data) = shared() else { return };
    for item in items(&data, "input_robustness") {
        let path = data.join(item["file"].as_str().unwrap());
        let said = run(&["tool", "colors", path.to_str().unwrap(), "-q"]);
        assert!(matches!(said.code, 0 | 1), "{}: {}", path.display(), said.err);
        assert!(!said.err.contains("panicked"), "{}: {}", path.display(), said.err);
        if said.code == 1 {
            assert!(said.err.starts_with("error: ") && said.err.len() > 30, "{}", said.err);
        }
    }
}

#[test]
fn a_small_file_that_claims_to_be_huge_is_refused_at_once() {
    // A valid PNG header for 60000 x 60000 RGBA, followed by a megabyte of image data.
    let mut bytes = b"\x89PNG\r\n\x1a\n".to_vec();
    let mut header = b"IHDR".to_vec();
    header.extend(60_000u32.to_be_bytes());
    header.extend(60_000u32.to_be_bytes());
    header.extend([8, 6, 0, 0, 0]);
    bytes.extend(13u32.to_be_bytes());
    bytes.extend(&header);
    bytes.extend(crc(&header).to_be_bytes());
    let mut data = b"IDAT".to_vec();
    data.extend(vec![0u8; 1_000_000]);
    bytes.extend(1_000_000u32.to_be_bytes());
    bytes.extend(&data);
    bytes.extend(crc(&data).to_be_bytes());
    let file = tempfile::Builder::new().suffix(".png").tempfile().unwrap();
    std::fs::write(file.path(), bytes).unwrap();
    let start = std::time::Instant::now();
    let said = run(&["tool", "colors", file.path().to_str().unwrap()]);
    assert_eq!(said.code, 1);
    assert!(said.err.contains("60000"), "{}", said.err);
    assert!(start.elapsed().as_secs() < 5, "it took {:?}", start.elapsed());
}

fn crc(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |mut crc, byte| {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = if crc & 1 == 1 { (crc >> 1) ^ 0xEDB8_8320 } else { crc >> 1 };
        }
        crc
    })
}
