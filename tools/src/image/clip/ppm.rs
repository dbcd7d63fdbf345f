//! Frames as `ffmpeg` pipes them: binary PPM, one after the other.

use image::RgbImage;

use super::VIDEO_SIDE;
use crate::image::error::{ImageError, ImageErrorKind};

/// Bytes that a header can have: `P6`, three numbers and the white space between them.
const LONGEST_HEADER: usize = 64;

/// Puts pieces of a stream together.
#[derive(Default)]
pub(super) struct PpmStream {
    bytes: Vec<u8>,
}

impl PpmStream {
    /// The next piece of the stream.
    pub(super) fn push(&mut self, piece: &[u8]) {
        self.bytes.extend_from_slice(piece);
    }

    /// The next whole frame, once all of it came.
    pub(super) fn take_frame(&mut self) -> Result<Option<RgbImage>, ImageError> {
        let Some((width, height, head)) = header(&self.bytes)? else { return Ok(None) };
        let end = head + width as usize * height as usize * 3;
        if self.bytes.len() < end {
            return Ok(None);
        }
        let rest = self.bytes.split_off(end);
        let pixels = std::mem::replace(&mut self.bytes, rest).split_off(head);
        Ok(RgbImage::from_raw(width, height, pixels))
    }
}

/// Width, height and where the pixels begin; `None` if the header is not complete yet.
fn header(bytes: &[u8]) -> Result<Option<(u32, u32, usize)>, ImageError> {
    let wrong = || ImageError::new(ImageErrorKind::Damaged, "ffmpeg gave something else than frames");
    let mut numbers = Vec::new();
    let mut number: Option<u32> = None;
    for (at, byte) in bytes.iter().enumerate().take(LONGEST_HEADER) {
        match (at, byte) {
            (0, b'P') | (1, b'6') => {}
            (2.., b'0'..=b'9') => {
                let digit = u32::from(byte - b'0');
                number = Some(number.unwrap_or(0).saturating_mul(10).saturating_add(digit));
            }
            (2.., b' ' | b'\n' | b'\r' | b'\t') => numbers.extend(number.take()),
            _ => return Err(wrong()),
        }
        if let [width, height, depth] = numbers[..] {
            let allowed = 1..=VIDEO_SIDE;
            let good = allowed.contains(&width) && allowed.contains(&height) && depth == 255;
            return if good { Ok(Some((width, height, at + 1))) } else { Err(wrong()) };
        }
    }
    if bytes.len() >= LONGEST_HEADER { Err(wrong()) } else { Ok(None) }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn frames_come_out_whole_however_they_are_cut() {
        let mut bytes = b"P6\n2 1\n255\n".to_vec();
        bytes.extend([1, 2, 3, 4, 5, 6]);
        bytes.extend(b"P6\n1 1\n255\n   ");
        for size in 1..bytes.len() {
            let mut stream = PpmStream::default();
            let mut frames = Vec::new();
            for piece in bytes.chunks(size) {
                stream.push(piece);
                while let Some(frame) = stream.take_frame().unwrap() {
                    frames.push(frame);
                }
            }
            assert_eq!(frames.len(), 2, "in pieces of {size}");
            assert_eq!(
                (frames[0].as_raw().as_slice(), frames[1].as_raw().as_slice()),
                (&[1, 2, 3, 4, 5, 6][..], &b"   "[..])
            );
        }
    }

    #[test]
    fn anything_else_is_refused() {
        for bytes in [&b"not a frame"[..], b"P5\n1 1\n255\n0", b"P6\n99999 1\n255\n", b"P6\n0 1\n255\n", &[b' '; 80]] {
            let mut stream = PpmStream::default();
            stream.push(bytes);
            assert!(stream.take_frame().is_err(), "{bytes:?}");
        }
        let mut stream = PpmStream::default();
        stream.push(b"P6\n12");
        assert!(stream.take_frame().unwrap().is_none(), "it may go on");
    }
}
