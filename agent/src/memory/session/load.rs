//! Reading a session that anybody may have written.

use std::{path::Path, sync::Arc};

use argus_tools::image::{ImageEntry, ImageStore, LoadLimits, Operation, Snapshot, decode};

use super::{
    MAIN, Session, SessionError,
    file::{Contents, FORMAT, Header, ImageFile, LARGEST, PictureFile, VERSION, is_picture_name, too_much},
};
use argus_tools::hash::sha256;

/// The session and, image by image, the files that it lies in.
pub(super) fn load(folder: &Path) -> Result<(Session, Vec<PictureFile>), SessionError> {
    let main = folder.join(MAIN);
    let wrong = |wrong: String| SessionError::Wrong { file: main.clone(), wrong };
    let text = header(folder)?;
    let contents: Contents = serde_json::from_slice(&text).map_err(|error| wrong(json_error(&error)))?;
    if let Some(too_much) = too_much(contents.images.iter().map(|image| (image.width, image.height))) {
        return Err(wrong(too_much));
    }
    let mut snapshot = Snapshot { images: Vec::new(), regions: contents.regions };
    let mut files = Vec::new();
    for image in contents.images {
        files.push(image.file.clone());
        snapshot.images.push(Arc::new(picture(folder, image)?));
    }
    let stranger =
        contents.cards.iter().find(|card| !snapshot.images.iter().any(|image| image.handle == card.seen.image));
    if let Some(card) = stranger {
        return Err(wrong(format!("it has a card of {}, which is none of its images", card.seen.image)));
    }
    ImageStore::new().restore(snapshot.clone()).map_err(|error| wrong(error.to_string()))?;
    Ok((Session { memory: contents.memory, images: snapshot, cards: contents.cards }, files))
}

/// The bytes of `session.json`, whose header is one of ours.
pub(super) fn header(folder: &Path) -> Result<Vec<u8>, SessionError> {
    let file = folder.join(MAIN);
    let text = read(&file, LARGEST)?;
    let wrong = |wrong: String| SessionError::Wrong { file: file.clone(), wrong };
    let header: Header = serde_json::from_slice(&text).map_err(|error| wrong(json_error(&error)))?;
    if header.format != FORMAT {
        return Err(wrong(format!("it is no session: its format is \"{:.40}\", not \"{FORMAT}\"", header.format)));
    }
    if header.version != VERSION {
        return Err(SessionError::Version { file, version: header.version, known: VERSION });
    }
    Ok(text)
}

fn picture(folder: &Path, image: ImageFile) -> Result<ImageEntry, SessionError> {
    let main = folder.join(MAIN);
    if !is_picture_name(&image.file.name) {
        let name: String = image.file.name.escape_debug().take(80).collect();
        let wrong = format!("\"{name}\" is no name of a picture of a session");
        return Err(SessionError::Wrong { file: main, wrong });
    }
    let path = folder.join(&image.file.name);
    let most = LoadLimits::default();
    let pixels = (u64::from(image.width) * u64::from(image.height)).min(most.pixels);
    // Four channels that do not compress at all, and what is around them.
    let limits = LoadLimits { pixels, bytes: pixels * 5 + (1 << 20), ..most };
    let bytes = read(&path, image.file.bytes.min(limits.bytes))?;
    let wrong = |wrong: String| SessionError::Wrong { file: path.clone(), wrong };
    if bytes.len() as u64 != image.file.bytes {
        return Err(wrong(format!("it has {} bytes, not the {} of {MAIN}", bytes.len(), image.file.bytes)));
    }
    if sha256(&bytes) != image.file.sha256 {
        return Err(wrong(format!("its content is not what {MAIN} says (sha256)")));
    }
    let pixels = decode(&bytes, &limits).map_err(|error| wrong(error.chain()))?;
    if (pixels.width(), pixels.height()) != (image.width, image.height) {
        let (width, height) = (pixels.width(), pixels.height());
        return Err(wrong(format!("it is {width} x {height} pixels, not {} x {}", image.width, image.height)));
    }
    Ok(ImageEntry {
        handle: image.handle,
        pixels: Arc::new(pixels),
        origin: image.origin,
        parent: image.parent,
        operation: image.op.map(|tool| Operation { tool, args: image.args.unwrap_or_default() }),
        clip: None,
        photo: None,
    })
}

/// Reads a plain file (no link, no pipe) of at most `most` bytes.
fn read(path: &Path, most: u64) -> Result<Vec<u8>, SessionError> {
    let io = |source| SessionError::Io { path: path.to_owned(), what: "cannot be read", source };
    let facts = std::fs::symlink_metadata(path).map_err(io)?;
    let wrong = |wrong: String| Err(SessionError::Wrong { file: path.to_owned(), wrong });
    if !facts.is_file() {
        return wrong("it is no plain file".into());
    }
    if facts.len() > most {
        return wrong(format!("it has {} bytes, more than the {most} that are expected", facts.len()));
    }
    std::fs::read(path).map_err(io)
}

fn json_error(error: &serde_json::Error) -> String {
    if error.is_eof() {
        format!("it ends too early: {error}")
    } else {
        format!("it is not what a session holds: {error}")
    }
}
