//! Clips drawn here, and programs that play `ffmpeg`.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test fails where its set-up does")]

use std::{io::Cursor, path::Path, time::Duration};

use image::{Delay, DynamicImage, Frame, ImageFormat, Rgba, RgbaImage, codecs::gif::GifEncoder};

use super::{Clip, Moments, Programs};
use crate::image::error::ImageErrorKind;

/// An animated GIF of these frames, each shown for so many milliseconds.
pub(crate) fn gif(frames: Vec<(RgbaImage, u32)>) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = GifEncoder::new(&mut bytes);
    for (picture, ms) in frames {
        let delay = Delay::from_saturating_duration(Duration::from_millis(ms.into()));
        encoder.encode_frame(Frame::from_parts(picture, 0, 0, delay)).unwrap();
    }
    drop(encoder);
    bytes
}

/// One color all over, 24 x 16 pixels.
pub(crate) fn plain(color: [u8; 3]) -> RgbaImage {
    RgbaImage::from_pixel(24, 16, Rgba([color[0], color[1], color[2], 255]))
}

/// The clip in these bytes.
pub(crate) fn clip(bytes: Vec<u8>) -> Clip {
    Clip::animation(bytes).expect("an animation")
}

/// A program that is a shell script.
#[cfg(unix)]
pub(crate) fn script(folder: &Path, name: &str, body: &str) -> std::ffi::OsString {
    use std::os::unix::fs::PermissionsExt;
    let path = folder.join(name);
    std::fs::write(&path, format!("#!/bin/sh\n{body}\n")).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    path.into_os_string()
}

/// Programs that tell of a clip of two seconds at ten frames a second, and give every frame as one red pixel.
#[cfg(unix)]
pub(crate) fn fakes(folder: &Path) -> Programs {
    let answer = r#"{"streams": [{"avg_frame_rate": "10/1", "duration": "2.0", "nb_frames": "20"}], "format": {}}"#;
    Programs {
        ffprobe: script(folder, "ffprobe", &format!("echo '{answer}'")),
        ffmpeg: script(folder, "ffmpeg", "echo \"$@\" >> \"$0.log\"; printf 'P6\\n1 1\\n255\\n\\377\\000\\000'"),
    }
}

fn first_pixels(frames: &[super::ClipFrame]) -> Vec<[u8; 3]> {
    frames.iter().map(|frame| frame.pixels.to_rgb8().get_pixel(0, 0).0).collect()
}

const COLORS: [[u8; 3]; 3] = [[250, 0, 0], [0, 250, 0], [0, 0, 250]];

fn chunk(kind: [u8; 4], data: &[u8]) -> Vec<u8> {
    let mut crc = flate2::Crc::new();
    crc.update(&kind);
    crc.update(data);
    [&(data.len() as u32).to_be_bytes()[..], &kind, data, &crc.sum().to_be_bytes()].concat()
}

/// An animated PNG, put together from PNGs of its frames (the APNG chunks of the PNG specification, third edition).
fn apng(frames: &[RgbaImage], ms: u16) -> Vec<u8> {
    let data = |picture: &RgbaImage| {
        let mut png = Cursor::new(Vec::new());
        picture.write_to(&mut png, ImageFormat::Png).unwrap();
        let (png, mut at, mut header, mut data) = (png.into_inner(), 8, Vec::new(), Vec::new());
        while at < png.len() {
            let length = u32::from_be_bytes(png[at..at + 4].try_into().unwrap()) as usize;
            let body = &png[at + 8..at + 8 + length];
            match &png[at + 4..at + 8] {
                b"IHDR" => header = body.to_vec(),
                b"IDAT" => data.extend_from_slice(body),
                _ => {}
            }
            at += length + 12;
        }
        (header, data)
    };
    let mut bytes = b"\x89PNG\r\n\x1a\n".to_vec();
    let mut sequence = 0_u32;
    for (index, picture) in frames.iter().enumerate() {
        let (header, data) = data(picture);
        if index == 0 {
            bytes.extend(chunk(*b"IHDR", &header));
            bytes.extend(chunk(*b"acTL", &[(frames.len() as u32).to_be_bytes(), 0_u32.to_be_bytes()].concat()));
        }
        let numbers = [sequence, picture.width(), picture.height(), 0, 0].map(u32::to_be_bytes).concat();
        let times = [ms.to_be_bytes(), 1000_u16.to_be_bytes(), [0, 0]].concat();
        bytes.extend(chunk(*b"fcTL", &[numbers, times].concat()));
        sequence += 1;
        if index == 0 {
            bytes.extend(chunk(*b"IDAT", &data));
        } else {
            bytes.extend(chunk(*b"fdAT", &[&sequence.to_be_bytes()[..], &data].concat()));
            sequence += 1;
        }
    }
    bytes.extend(chunk(*b"IEND", &[]));
    bytes
}

/// An animated WebP, put together from lossless WebPs of its frames (WebP container specification).
fn webp(frames: &[RgbaImage], ms: u32) -> Vec<u8> {
    let three = |value: u32| value.to_le_bytes()[..3].to_vec();
    let riff = |kind: &[u8; 4], data: &[u8]| {
        let mut bytes = [kind, &(data.len() as u32).to_le_bytes()[..], data].concat();
        bytes.resize(bytes.len().next_multiple_of(2), 0);
        bytes
    };
    let (width, height) = frames[0].dimensions();
    let size = [three(width - 1), three(height - 1)].concat();
    let mut body = b"WEBP".to_vec();
    body.extend(riff(b"VP8X", &[&[0x12, 0, 0, 0][..], &size].concat()));
    body.extend(riff(b"ANIM", &[0; 6]));
    for picture in frames {
        let mut still = Cursor::new(Vec::new());
        picture.write_to(&mut still, ImageFormat::WebP).unwrap();
        // What follows the 12 bytes of the file's header is the chunk of the pixels.
        let pixels = &still.into_inner()[12..];
        let head = [three(0), three(0), size.clone(), three(ms), vec![2]].concat();
        body.extend(riff(b"ANMF", &[&head, pixels].concat()));
    }
    riff(b"RIFF", &body)
}

#[tokio::test]
async fn gif_webp_and_png_give_their_frames_in_time() {
    let pictures = COLORS.map(plain);
    let timed = pictures.iter().map(|picture| (picture.clone(), 500)).collect();
    for bytes in [gif(timed), apng(&pictures, 500), webp(&pictures, 500)] {
        let clip = clip(bytes);
        let facts = clip.facts().await.unwrap();
        assert_eq!(facts.frames, 3);
        assert!((facts.duration - 1.5).abs() < 1e-6 && (facts.fps - 2.0).abs() < 1e-6, "{facts:?}");
        let frames = clip.frames(&Moments::middles(0.0, 1.5, 3)).await.unwrap();
        assert_eq!(first_pixels(&frames), COLORS);
        let frames = clip.frames(&Moments::At(vec![0.6, 0.7, 1.0, 9.0])).await.unwrap();
        assert_eq!(first_pixels(&frames), COLORS[1..], "a frame comes once, a moment after the end gives none");
        assert_eq!(clip.cuts(0.0, 1.5).await.unwrap().len(), 2);
        assert_eq!(clip.cuts(0.6, 1.0).await.unwrap().len(), 0);
    }
}

#[test]
fn a_still_picture_is_no_clip() {
    let still = |format| {
        let mut bytes = Cursor::new(Vec::new());
        DynamicImage::ImageRgba8(plain(COLORS[0])).write_to(&mut bytes, format).unwrap();
        bytes.into_inner()
    };
    for format in [ImageFormat::Gif, ImageFormat::WebP, ImageFormat::Png, ImageFormat::Bmp] {
        assert!(Clip::animation(still(format)).is_none(), "{format:?}");
    }
    assert!(Clip::animation(Vec::new()).is_none());
    assert!(Clip::animation(b"GIF89a\x10\0\x10\0".to_vec()).is_none());
}

#[tokio::test]
async fn frames_are_composited_as_the_gif_says() {
    let small = RgbaImage::from_pixel(4, 4, Rgba([0, 250, 0, 255]));
    let mut bytes = gif(vec![(plain(COLORS[0]), 0), (small.clone(), 0), (small, 0)]);
    let is_control = |at: &usize| bytes[*at..*at + 3] == [0x21, 0xF9, 4];
    let controls: Vec<usize> = (0..bytes.len() - 3).filter(is_control).collect();
    assert_eq!(controls.len(), 3);
    // The encoder puts every frame into the corner; these go to (2, 3) and (10, 3). The place follows the control block.
    for (control, left) in [(controls[1], 2), (controls[2], 10)] {
        assert_eq!(bytes[control + 8..control + 13], [0x2C, 0, 0, 0, 0]);
        bytes[control + 9..control + 13].copy_from_slice(&[left, 0, 3, 0]);
    }
    let pixels = async |bytes: Vec<u8>| {
        let clip = clip(bytes);
        let facts = clip.facts().await.unwrap();
        assert!((facts.duration - 0.3).abs() < 1e-6, "no delay means a tenth of a second: {facts:?}");
        let last = clip.frames(&Moments::At(vec![0.25])).await.unwrap().remove(0).pixels.to_rgba8();
        assert_eq!(last.dimensions(), (24, 16));
        [(0, 0), (3, 4), (11, 4)].map(|(x, y)| last.get_pixel(x, y).0)
    };
    let (red, green, clear) = ([250, 0, 0, 255], [0, 250, 0, 255], [0, 0, 0, 0]);
    let with_disposal = |method: u8| {
        let mut bytes = bytes.clone();
        // How the first frame goes when the second comes (it stays), and the second when the third comes.
        for (control, method) in [(controls[0], 1), (controls[1], method)] {
            bytes[control + 3] = bytes[control + 3] & !0x1C | method << 2;
        }
        bytes
    };
    assert_eq!(pixels(with_disposal(1)).await, [red, green, green], "kept");
    assert_eq!(pixels(with_disposal(2)).await, [red, clear, green], "cleared");
    assert_eq!(pixels(with_disposal(3)).await, [red, red, green], "taken back");
}

#[tokio::test]
async fn an_animation_that_breaks_off_ends_there() {
    let bytes = gif(COLORS.map(|color| (plain(color), 200)).to_vec());
    let clip = clip(bytes[..bytes.len() - 20].to_vec());
    let facts = clip.facts().await.unwrap();
    assert_eq!(facts.frames, 2);
}

#[cfg(unix)]
#[tokio::test]
async fn a_video_is_asked_for_exactly_the_frames_wanted() {
    let folder = tempfile::tempdir().unwrap();
    let programs = fakes(folder.path());
    let log = folder.path().join("ffmpeg.log");
    let clip = Clip::video("-odd name.mp4".into(), programs);
    let facts = clip.facts().await.unwrap();
    assert_eq!((facts.frames, facts.duration.to_string(), facts.fps.to_string()), (20, "2".into(), "10".into()));
    let frames = clip.frames(&Moments::At(vec![0.5, 1.5])).await.unwrap();
    assert_eq!(first_pixels(&frames), [[255, 0, 0]; 2]);
    let log = std::fs::read_to_string(log).unwrap();
    let first = log.lines().next().unwrap();
    assert!(
        first.starts_with("-nostdin -v error -protocol_whitelist file -ss 0.500 -i file:-odd name.mp4 "),
        "{first}"
    );
    assert!(first.ends_with("-frames:v 1 -f image2pipe -c:v ppm -"), "{first}");
    assert_eq!(log.lines().count(), 2);
}

#[cfg(unix)]
#[tokio::test]
async fn what_goes_wrong_with_a_video_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let good = fakes(folder.path());
    let facts = async |body: &str| {
        let programs = Programs { ffprobe: script(folder.path(), "probe", body), ..good.clone() };
        Clip::video("a.mp4".into(), programs).facts().await
    };
    let missing = Programs { ffprobe: "/nowhere/ffprobe".into(), ..good.clone() };
    let error = Clip::video("a.mp4".into(), missing).facts().await.unwrap_err();
    assert_eq!(error.kind, ImageErrorKind::Unsupported);
    assert!(error.message.contains("is not on PATH") && error.hint.unwrap().contains("apt install ffmpeg"));
    let error = facts("echo one >&2; echo 'moov atom not found' >&2; exit 1").await.unwrap_err();
    assert!(error.message.ends_with("cannot read the video: moov atom not found"), "{error}");
    let error = facts("echo nonsense").await.unwrap_err();
    assert_eq!(error.message, "ffprobe's answer cannot be read");
    let error = facts("echo '{\"streams\": []}'").await.unwrap_err();
    assert_eq!(error.kind, ImageErrorKind::NotAnImage);
    let error = facts("echo '{\"streams\": [{\"avg_frame_rate\": \"0/0\"}]}'").await.unwrap_err();
    assert_eq!(error.message, "ffprobe does not tell how long the video is");
    let error = facts("while :; do echo aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa; done").await.unwrap_err();
    assert_eq!(error.message, "ffprobe says more than can be true");
    // A recording without a length: its packets are counted.
    let counted = facts(
        r#"case "$*" in *count_packets*) n='"nb_read_packets": "50",';; esac
        echo "{\"streams\": [{$n \"avg_frame_rate\": \"25/1\"}]}""#,
    );
    let counted = counted.await.unwrap();
    assert_eq!((counted.frames, counted.duration.to_string()), (50, "2".into()));
    let programs = Programs { ffmpeg: script(folder.path(), "mpeg", "echo no frames here"), ..good };
    let error = Clip::video("a.mp4".into(), programs).frames(&Moments::At(vec![0.0])).await.unwrap_err();
    assert_eq!(error.message, "ffmpeg gave something else than frames");
}

#[cfg(unix)]
#[tokio::test]
async fn a_program_is_ended_with_the_future() {
    let folder = tempfile::tempdir().unwrap();
    let pid = folder.path().join("pid");
    let body = format!("echo $$ > '{}'; exec sleep 60", pid.display());
    let programs = Programs { ffprobe: script(folder.path(), "slow", &body), ..Programs::default() };
    let clip = Clip::video("a.mp4".into(), programs);
    tokio::time::timeout(Duration::from_millis(500), clip.facts()).await.unwrap_err();
    let id = std::fs::read_to_string(&pid).unwrap();
    let process = format!("/proc/{}/stat", id.trim());
    for _ in 0..50 {
        match std::fs::read_to_string(&process) {
            // A zombie has ended; nobody has asked for its exit code yet.
            Ok(text) if !text.contains(") Z ") => tokio::time::sleep(Duration::from_millis(20)).await,
            _ => return,
        }
    }
    unreachable!("the program goes on: {process}");
}

/// Frame `n` of this video has the gray level 10 n, up to 240 at 2.4 s; 10 frames a second, 2.5 s. `None` without ffmpeg.
#[expect(clippy::print_stderr, reason = "a test that is skipped says so")]
fn stairs(folder: &Path) -> Option<std::path::PathBuf> {
    let file = folder.join("stairs.mkv");
    let source = "color=black:s=64x48:r=10:d=2.5,format=gray,geq=lum='10*N'";
    let made = std::process::Command::new("ffmpeg")
        .args(["-v", "error", "-f", "lavfi", "-i", source, "-c:v", "ffv1", "-y"])
        .arg(&file)
        .status();
    match made {
        Ok(status) if status.success() => Some(file),
        other => {
            eprintln!("skipped: no ffmpeg that makes a video here ({other:?})");
            None
        }
    }
}

#[tokio::test]
async fn real_frames_are_those_shown_at_the_moments() {
    let folder = tempfile::tempdir().unwrap();
    let Some(file) = stairs(folder.path()) else { return };
    let clip = Clip::video(file, Programs::default());
    let facts = clip.facts().await.unwrap();
    assert!((facts.duration - 2.5).abs() < 0.01 && facts.frames == 25, "{facts:?}");
    let levels = |frames: &[super::ClipFrame]| first_pixels(frames).iter().map(|pixel| pixel[0]).collect::<Vec<_>>();
    let near = |found: Vec<u8>, expected: &[u8]| {
        assert_eq!(found.len(), expected.len(), "{found:?}");
        assert!(found.iter().zip(expected).all(|(a, b)| a.abs_diff(*b) <= 4), "{found:?}, not {expected:?}");
    };
    let moments = Moments::At(vec![0.0, 0.75, 2.45, 2.5]);
    near(levels(&clip.frames(&moments).await.unwrap()), &[0, 80, 240, 240]);
    let moments = Moments::middles(0.0, 2.5, 5);
    near(levels(&clip.frames(&moments).await.unwrap()), &[30, 70, 120, 170, 220]);
    let moments = Moments::middles(1.0, 2.0, 2);
    near(levels(&clip.frames(&moments).await.unwrap()), &[130, 170]);
    assert_eq!(clip.cuts(0.0, 2.5).await.unwrap(), [], "steps of 10 levels are no cuts");
}
