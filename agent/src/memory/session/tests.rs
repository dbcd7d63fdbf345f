//! Saving, resuming, and what is refused.
#![expect(clippy::unwrap_used, reason = "a failed set-up fails the test")]

use argus_tools::image::{ImageStore, NewRegion, Operation, Origin, RegionKind};
use image::DynamicImage;
use serde_json::{Value, json};

use super::*;
use crate::{memory::Exchange, run::StopReason};

/// Two root images with a crop between them, a region each, one exchange, one card.
fn session() -> Session {
    let store = ImageStore::new();
    let mut photo = image::RgbImage::new(40, 30);
    photo.pixels_mut().enumerate().for_each(|(at, pixel)| *pixel = image::Rgb([at as u8, (at / 7) as u8, 9]));
    let first = store.insert(DynamicImage::ImageRgb8(photo), Origin::Path("street.jpg".into()));
    let operation = Operation { tool: "segment.mask".into(), args: json!({"region": "img-1/bus-1"}) };
    store.derive(&first, operation, DynamicImage::new_luma8(12, 10));
    store.insert(DynamicImage::new_rgba8(5, 6), Origin::Url("https://example.org/a.png".into()));
    for image in ["img-1", "img-2", "img-3"] {
        let bbox = [0.5, 1.0, 4.3, 5.0].into();
        let quad = Some([[0.0, 1.0], [4.0, 1.0], [4.0, 5.0], [0.0, 5.0]].into());
        let region =
            NewRegion { stem: "bus".into(), label: "bus".into(), kind: RegionKind::Object, score: 0.75, bbox, quad };
        store.name_regions(image, vec![region]);
    }
    let exchange = Exchange {
        task: "How many buses?".into(),
        answer: Some("One: \"ROUTE 42\".".into()),
        stop: StopReason::Answered,
        images_before: 1,
        about: vec!["img-1".into()],
        made: vec!["img-2".into()],
        at: 1_700_000_000,
    };
    let card = json!({
        "image": "img-1", "width": 40, "height": 30, "caption": null, "looked": true, "objects": [], "more_objects": 0,
        "read": true, "lines": ["ROUTE 42"], "more_lines": 0, "calls": [], "ms": 1.5,
    });
    Session {
        memory: Memory { exchanges: vec![exchange] },
        images: store.snapshot(),
        cards: vec![serde_json::from_value(card).unwrap()],
    }
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs_err::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

fn assert_same(a: &Session, b: &Session) {
    assert_eq!((&a.memory, &a.cards, &a.images.regions), (&b.memory, &b.cards, &b.images.regions));
    assert_eq!(a.images.images.len(), b.images.images.len());
    for (a, b) in a.images.images.iter().zip(&b.images.images) {
        assert_eq!((&a.handle, &a.origin, &a.parent, &a.operation), (&b.handle, &b.origin, &b.parent, &b.operation));
        assert_eq!(a.pixels, b.pixels);
    }
}

#[test]
fn a_session_comes_back_as_it_was() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("new/one");
    let session = session();
    SessionFolder::new(&path).save(&session).unwrap();
    assert_eq!(names(&path).len(), 4);
    assert_same(&SessionFolder::new(&path).load().unwrap(), &session);
}

#[test]
fn saving_again_writes_only_what_is_new_and_removes_what_is_gone() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    SessionFolder::new(path).save(&session()).unwrap();
    let mut folder = SessionFolder::new(path);
    let mut session = folder.load().unwrap();
    let times = || -> Vec<_> {
        names(path)
            .iter()
            .map(|name| (name.clone(), fs_err::metadata(path.join(name)).unwrap().modified().unwrap()))
            .collect()
    };
    let before = times();
    let store = ImageStore::new();
    store.restore(session.images).unwrap();
    store.truncate(2);
    store.insert(DynamicImage::new_rgb8(3, 3), Origin::Stdin);
    session.images = store.snapshot();
    folder.save(&session).unwrap();
    let after = times();
    assert_eq!((after.len(), &after[..2]), (4, &before[..2]), "the first two pictures stay untouched");
    assert_ne!(after[2].0, before[2].0);
    assert_same(&SessionFolder::new(path).load().unwrap(), &session);
}

/// A save that ends half-way leaves the old session, whatever it had written by then.
#[test]
fn half_a_save_changes_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    let session = session();
    SessionFolder::new(path).save(&session).unwrap();
    fs_err::write(path.join(".unfinished-x1"), "{\"format\": \"argus-ses").unwrap();
    fs_err::write(path.join("img-4.0123456789ab.png"), "half a picture").unwrap();
    let mut folder = SessionFolder::new(path);
    assert_same(&folder.load().unwrap(), &session);
    folder.save(&session).unwrap();
    assert!(!path.join("img-4.0123456789ab.png").exists());
    // A folder that cannot take the file: session.json is a directory.
    let blocked = directory.path().join("blocked");
    fs_err::create_dir_all(blocked.join("session.json/x")).unwrap();
    assert!(SessionFolder::new(&blocked).save(&session).is_err());
}

#[test]
fn what_could_not_be_loaded_is_not_saved() {
    let directory = tempfile::tempdir().unwrap();
    let store = ImageStore::new();
    for _ in 0..=1000 {
        store.insert(DynamicImage::new_luma8(1, 1), Origin::Stdin);
    }
    let session = Session { images: store.snapshot(), ..Session::default() };
    let error = SessionFolder::new(directory.path()).save(&session).unwrap_err();
    assert!(error.to_string().ends_with("it names 1001 images, more than the 1000 that are allowed"), "{error}");
    assert!(names(directory.path()).is_empty());
}

#[test]
fn other_folders_are_left_alone() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    fs_err::write(path.join("thesis.tex"), "years of work").unwrap();
    let error = SessionFolder::new(path).save(&session()).unwrap_err();
    assert!(error.to_string().ends_with("is no session: it holds thesis.tex"), "{error}");
    fs_err::remove_file(path.join("thesis.tex")).unwrap();
    fs_err::write(path.join("session.json"), "{\"windows\": []}").unwrap();
    assert!(SessionFolder::new(path).save(&session()).is_err());
    assert_eq!(names(path), ["session.json"]);
}

/// Saves a session, changes its JSON, and says what loading then says of it.
fn refused(change: impl FnOnce(&mut Value)) -> String {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    SessionFolder::new(path).save(&session()).unwrap();
    fs_err::write(path.join("secret.png"), "x").unwrap();
    let main = path.join("session.json");
    let mut value: Value = serde_json::from_slice(&fs_err::read(&main).unwrap()).unwrap();
    change(&mut value);
    fs_err::write(&main, value.to_string()).unwrap();
    let message = SessionFolder::new(path).load().unwrap_err().to_string();
    message.replace(&format!("{}/", path.display()), "")
}

#[test]
fn what_is_wrong_is_named() {
    assert_eq!(
        refused(|value| value["version"] = json!(7)),
        "session.json has version 7 of the format; this program reads version 1"
    );
    assert!(refused(|value| value["format"] = json!("x")).starts_with("session.json: it is no session: its format is"));
    assert!(refused(|value| value["memory"]["exchanges"] = json!([{"task": 3}])).contains("invalid type: integer `3`"));
    for name in ["../secret.png", "/etc/passwd", "secret.png", "img-1.0123456789ab.png/../secret.png", "..\\a.png"] {
        let message = refused(|value| value["images"][0]["file"] = json!(name));
        assert!(message.ends_with("is no name of a picture of a session"), "{message}");
    }
    let message = refused(|value| value["images"][0]["file"] = json!("img-1.0123456789ab.png"));
    assert_eq!(message, "img-1.0123456789ab.png cannot be read");
    let message = refused(|value| value["images"][1]["file"] = value["images"][0]["file"].clone());
    assert!(message.contains("more than the"), "{message}");
    assert!(refused(|value| value["images"][1]["bytes"] = json!(1e3 as u64)).contains("bytes, not the 1000 of"));
    assert!(refused(|value| value["images"][1]["bytes"] = json!(3)).contains("more than the 3 that are expected"));
    assert!(
        refused(|value| value["images"][1]["sha256"] = json!("00")).ends_with("not what session.json says (sha256)")
    );
    assert!(refused(|value| value["images"][1]["width"] = json!(13)).contains("it is 12 x 10 pixels, not 13 x 10"));
    assert!(refused(|value| value["images"][1]["width"] = json!(1)).contains("12 x 10 pixels, more than"));
    assert!(refused(|value| value["images"][2]["width"] = json!(4_000_000_000_u32)).contains("megapixels"));
    assert!(
        refused(|value| value["images"][2]["handle"] = json!("img-9")).contains("has the handle \"img-9\", not img-3")
    );
    assert!(refused(|value| value["images"][1]["parent"] = json!("img-2")).contains("no earlier image"));
    assert!(refused(|value| value["regions"][0]["image"] = json!("img-7")).contains("is not there"));
    assert!(refused(|value| value["regions"][0]["box"] = json!([0, 0, 1e39, 1])).contains("number out of range"));
    assert!(refused(|value| value["cards"][0]["image"] = json!("img-8")).contains("card of img-8"));
    let many = refused(|value| {
        let image = value["images"][0].clone();
        value["images"] = Value::Array(vec![image; 100_000]);
    });
    assert_eq!(many, "session.json: it names 100000 images, more than the 1000 that are allowed");
}

/// Cut off at any byte, a session is an error, never a panic and never half a session.
#[test]
fn half_a_file_is_an_error() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    SessionFolder::new(path).save(&session()).unwrap();
    let main = path.join("session.json");
    let whole = fs_err::read(&main).unwrap();
    for length in (0..whole.len()).step_by(13) {
        fs_err::write(&main, &whole[..length]).unwrap();
        let error = SessionFolder::new(path).load().unwrap_err();
        assert!(error.to_string().contains("session.json: it "), "{length}: {error}");
    }
    fs_err::remove_file(&main).unwrap();
    assert!(SessionFolder::new(path).load().unwrap_err().to_string().ends_with("session.json cannot be read"));
    assert!(!SessionFolder::new(path).exists());
}

#[test]
#[cfg(unix)]
fn links_are_not_followed() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    SessionFolder::new(path).save(&session()).unwrap();
    let picture = path.join(&names(path)[0]);
    fs_err::rename(&picture, directory.path().join("elsewhere")).unwrap();
    fs_err::os::unix::fs::symlink(directory.path().join("elsewhere"), &picture).unwrap();
    assert!(SessionFolder::new(path).load().unwrap_err().to_string().ends_with("it is no plain file"));
}
