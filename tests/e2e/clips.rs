//! Animated pictures and videos as images, through the whole program.

use std::{path::Path, process::Command, time::Duration};

use image::{Delay, Frame, Rgba, RgbaImage, codecs::gif::GifEncoder};

use crate::support::{Said, argus, json};

/// Red, then blue, half a second each.
fn gif(folder: &Path) -> String {
    let path = folder.join("clip.gif");
    let mut encoder = GifEncoder::new(std::fs::File::create(&path).unwrap());
    for color in [[250, 0, 0, 255], [0, 0, 250, 255]] {
        let delay = Delay::from_saturating_duration(Duration::from_millis(500));
        let picture = RgbaImage::from_pixel(32, 24, Rgba(color));
        encoder.encode_frame(Frame::from_parts(picture, 0, 0, delay)).unwrap();
    }
    path.display().to_string()
}

fn first_color(path: &str) -> String {
    let seen = json(&["tool", "colors", path, "--json", "-q"]);
    seen["output"]["colors"][0]["name"].as_str().unwrap().to_owned()
}

#[test]
fn an_animated_picture_is_its_first_frame() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(first_color(&gif(folder.path())), "red");
}

#[test]
fn a_video_is_its_first_frame() {
    let folder = tempfile::tempdir().unwrap();
    let video = folder.path().join("clip.mp4");
    let made = Command::new("ffmpeg").args(["-v", "error", "-i", &gif(folder.path()), "-y"]).arg(&video).status();
    if !made.is_ok_and(|status| status.success()) {
        eprintln!("skipped: no ffmpeg that makes a video here");
        return;
    }
    assert_eq!(first_color(video.to_str().unwrap()), "red");
}

#[test]
fn without_ffmpeg_a_video_names_the_remedy() {
    let folder = tempfile::tempdir().unwrap();
    let video = folder.path().join("clip.mp4");
    std::fs::write(&video, b"\0\0\0\x18ftypisom\0\0\0\0isommp42").unwrap();
    let output = argus(&["tool", "colors", video.to_str().unwrap()]).env("PATH", folder.path()).output().unwrap();
    let said = Said::from(output);
    assert_eq!((said.code, said.out.as_str()), (1, ""), "{}", said.err);
    assert!(said.err.contains("it is a video, and ffmpeg is not on PATH"), "{}", said.err);
    assert!(said.err.contains("hint: ") && said.err.contains("apt install ffmpeg"), "{}", said.err);
}

#[cfg(unix)]
#[test]
fn what_ffmpeg_says_is_passed_on() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let video = folder.path().join("clip.mp4");
    std::fs::write(&video, b"\0\0\0\x18ftypisom\0\0\0\0isommp42").unwrap();
    let program = folder.path().join("ffmpeg");
    let run = |body: &str| {
        std::fs::write(&program, format!("#!/bin/sh\n{body}\n")).unwrap();
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
        let output = argus(&["tool", "colors", video.to_str().unwrap()]).env("PATH", folder.path()).output().unwrap();
        Said::from(output)
    };
    let said = run("echo 'moov atom not found' >&2; exit 1");
    assert_eq!(said.code, 1);
    assert!(said.err.contains("ffmpeg cannot read the video: moov atom not found"), "{}", said.err);
    let said = run("printf 'P6\\n1 1\\n255\\n\\000\\000\\377'");
    assert_eq!((said.code, said.out.trim()), (0, "main colors: blue 100 %"), "{}", said.err);
}
