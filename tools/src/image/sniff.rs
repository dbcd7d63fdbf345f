//! Names what bytes are when they are no picture that can be decoded here, so that the error can say it.

/// What bytes look like, and what to do about it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Guess {
    /// With article: `a web page (HTML)`.
    pub(super) what: &'static str,
    /// A remedy.
    pub(super) hint: Option<&'static str>,
    /// Whether it is a picture all the same, only in a format that is not decoded.
    pub(super) picture: bool,
}

const CONVERT: &str = "convert it to PNG or JPEG first, for instance `magick INPUT output.png`";
const HEIC: &str = "convert it to PNG or JPEG first, for instance `heif-convert INPUT output.png`, or on a Mac \
                    `sips -s format png INPUT --out output.png`";
const AVIF: &str = "convert it to PNG or JPEG first, for instance `avifdec INPUT output.png`";
const SVG: &str = "it is a drawing without pixels: render it first, for instance `rsvg-convert INPUT -o output.png`";
const PDF: &str = "render a page to a picture first, for instance `pdftoppm -png -r 150 INPUT page`";
const WEB_PAGE: &str = "give the address of the picture itself, not of the page that shows it";
const VIDEO: &str = "give it by its path or address, or take a frame out of it first, for instance `ffmpeg -i INPUT -frames:v 1 \
                     output.png`";
/// How many bytes of a file are enough to tell a video.
pub(super) const HEAD: u64 = 1024;

const A_VIDEO: &str = "a video";

const fn other(what: &'static str, hint: Option<&'static str>) -> Guess {
    Guess { what, hint, picture: false }
}

const fn picture(what: &'static str, hint: &'static str) -> Guess {
    Guess { what, hint: Some(hint), picture: true }
}

/// Whether the first bytes of a file are those of a video.
pub(super) fn is_video(bytes: &[u8]) -> bool {
    magic(bytes).is_some_and(|guess| guess.what == A_VIDEO)
}

/// Looks at the first bytes of a file that no decoder claimed.
pub(super) fn guess(bytes: &[u8]) -> Guess {
    if bytes.is_empty() {
        return other("an empty file", None);
    }
    magic(bytes).or_else(|| text(bytes)).unwrap_or(other("no known kind of file", Some(SUPPORTED)))
}

pub(super) const SUPPORTED: &str = "PNG, JPEG, WebP, GIF, BMP and TIFF can be read, and videos with ffmpeg";

fn magic(bytes: &[u8]) -> Option<Guess> {
    if bytes.get(4..8) == Some(b"ftyp") {
        let brands = &bytes[8..bytes.len().min(40)];
        let has = |brand: &[u8]| brands.windows(4).any(|window| window == brand);
        return Some(if has(b"avif") || has(b"avis") {
            picture("an AVIF picture", AVIF)
        } else if [b"heic", b"heix", b"hevc", b"heim", b"heis", b"mif1", b"msf1"].iter().any(|brand| has(*brand)) {
            picture("a HEIC picture", HEIC)
        } else {
            match brands.get(..4) {
                Some(b"M4A " | b"M4B ") => other("a sound file", None),
                _ => other(A_VIDEO, Some(VIDEO)),
            }
        });
    }
    // RIFF holds WebP pictures and WAV sound too; MPEG transport streams have packets of 188 bytes.
    let is_avi = bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"AVI ");
    let is_transport = [0, 188, 376].iter().all(|at| bytes.get(*at) == Some(&0x47));
    if is_avi || is_transport {
        return Some(other(A_VIDEO, Some(VIDEO)));
    }
    let starts: [(&[u8], Guess); 23] = [
        (b"%PDF", other("a PDF document", Some(PDF))),
        (b"8BPS", picture("a Photoshop document", CONVERT)),
        (b"\xFF\x0A", picture("a JPEG XL picture", CONVERT)),
        (b"\0\0\0\x0CJXL ", picture("a JPEG XL picture", CONVERT)),
        (b"\0\0\0\x0CjP  ", picture("a JPEG 2000 picture", CONVERT)),
        (b"\xFF\x4F\xFF\x51", picture("a JPEG 2000 picture", CONVERT)),
        (b"\0\0\x01\0", picture("a Windows icon", CONVERT)),
        (b"\x76\x2F\x31\x01", picture("an OpenEXR picture", CONVERT)),
        (b"#?RADIANCE", picture("a Radiance HDR picture", CONVERT)),
        (b"qoif", picture("a QOI picture", CONVERT)),
        (b"DDS ", picture("a DirectDraw texture", CONVERT)),
        (b"P1", picture("a netpbm picture", CONVERT)),
        (b"P4", picture("a netpbm picture", CONVERT)),
        (b"P5", picture("a netpbm picture", CONVERT)),
        (b"P6", picture("a netpbm picture", CONVERT)),
        (b"PK\x03\x04", other("a ZIP archive or an office document", None)),
        (b"\x1F\x8B", other("a gzip archive", None)),
        (b"\x1A\x45\xDF\xA3", other(A_VIDEO, Some(VIDEO))),
        (b"\0\0\x01\xBA", other(A_VIDEO, Some(VIDEO))),
        (b"FLV\x01", other(A_VIDEO, Some(VIDEO))),
        (b"\x30\x26\xB2\x75\x8E\x66\xCF\x11", other(A_VIDEO, Some(VIDEO))),
        (b"\x7FELF", other("a program", None)),
        (b"ID3", other("a sound file", None)),
    ];
    starts.iter().find(|(start, _)| bytes.starts_with(start)).map(|(_, guess)| *guess)
}

fn text(bytes: &[u8]) -> Option<Guess> {
    let head = &bytes[..bytes.len().min(1024)];
    let head = match std::str::from_utf8(head) {
        Ok(head) => head,
        // A character cut in two by the 1024-byte window is still text.
        Err(error) if error.error_len().is_none() => std::str::from_utf8(&head[..error.valid_up_to()]).ok()?,
        Err(_) => return None,
    };
    if head.contains('\0') {
        return None;
    }
    let head = head.trim_start_matches('\u{FEFF}').trim_start().to_lowercase();
    Some(if head.contains("<svg") {
        picture("an SVG drawing", SVG)
    } else if head.starts_with("<!doctype html") || head.contains("<html") || head.contains("<head") {
        other("a web page (HTML)", Some(WEB_PAGE))
    } else if head.starts_with("version https://git-lfs") {
        other("a Git LFS pointer", Some("fetch the file itself with `git lfs pull`"))
    } else if head.starts_with('<') {
        other("an XML document", None)
    } else if head.starts_with('{') || head.starts_with('[') {
        other("JSON text", None)
    } else {
        other("plain text", None)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn videos_are_told_from_what_looks_like_them() {
        let mut transport = vec![0; 400];
        for at in [0, 188, 376] {
            transport[at] = 0x47;
        }
        let videos: [&[u8]; 5] =
            [b"\0\0\0\x18ftypmp42", b"\x1A\x45\xDF\xA3\x01", b"RIFF\0\0\0\0AVI LIST", b"FLV\x01\x05", &transport];
        for bytes in videos {
            assert!(is_video(bytes), "{bytes:?}");
        }
        let others: [&[u8]; 6] = [
            b"",
            b"RIFF\0\0\0\0WEBPVP8X",
            b"RIFF\0\0\0\0WAVEfmt ",
            b"\0\0\0\x18ftypM4A \0\0\0\0",
            b"\0\0\0\x18ftypheic\0\0\0\0mif1heic",
            b"GGGGGGGG",
        ];
        for bytes in others {
            assert!(!is_video(bytes), "{bytes:?}");
        }
    }

    #[test]
    fn names_what_is_no_picture() {
        let cases: [(&[u8], &str); 10] = [
            (b"", "an empty file"),
            (b"\n<!DOCTYPE html><html>", "a web page (HTML)"),
            (b"<?xml version='1.0'?><svg xmlns='x'/>", "an SVG drawing"),
            (b"%PDF-1.7", "a PDF document"),
            (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "a HEIC picture"),
            (b"\0\0\0\x1CftypavifXXXXmif1avif", "an AVIF picture"),
            (b"\0\0\0\x18ftypisom\0\0\0\0", "a video"),
            (b"{\"error\": 1}", "JSON text"),
            ("ein Wört".as_bytes(), "plain text"),
            (b"\x01\x02\xFE\xFF\x80", "no known kind of file"),
        ];
        for (bytes, what) in cases {
            assert_eq!(guess(bytes).what, what);
        }
    }
}
