//! Results that outlive their run: by tool, models, arguments and the content of pictures.

use std::path::{Path, PathBuf};

use argus_tools::tool::{ToolCx, Toolbox};
use serde_json::{Value, json};

use crate::{
    check::plan::Policy,
    language::digest,
    record::{
        blobs::Blobs,
        failure::Failure,
        finished::Record,
        runner::{Done, RecordedIn},
    },
};

/// The place of one result.
pub(crate) struct Kept {
    folder: PathBuf,
    key: String,
}

impl Kept {
    /// The place of a call's result. Images count by their pixels, not by their handles; which models would run is asked, which
    /// may fetch them.
    pub(crate) async fn of(
        folder: &Path,
        tool: &str,
        args: &Value,
        policy: &Policy,
        cx: &ToolCx,
        toolbox: &Toolbox,
    ) -> Result<Self, Failure> {
        let mut models = Vec::new();
        for role in toolbox.spec(tool).map(|spec| spec.roles).unwrap_or_default() {
            // A role that is not available makes the call itself fail, or is one of several.
            models.push(cx.files(role).await.map(|files| files.id).unwrap_or_default());
        }
        let (images, args) = (cx.images.clone(), args.clone());
        let seen = move || by_content(&args, &images);
        let seen = tokio::task::spawn_blocking(seen).await.unwrap_or_default();
        Ok(Self::by(folder, &json!([tool, models, policy.model, seen])))
    }

    /// The place of a result that these parts decide.
    pub(crate) fn by(folder: &Path, parts: &Value) -> Self {
        Self { folder: folder.to_owned(), key: digest::of_value(&json!([env!("CARGO_PKG_VERSION"), parts])) }
    }

    fn path(&self) -> PathBuf {
        self.folder.join(&self.key[..2]).join(format!("{}.json", self.key))
    }

    /// The result, if it is there and whole.
    pub(crate) fn find(&self) -> Option<Done> {
        let text = std::fs::read(self.path()).ok()?;
        let record: Record = serde_json::from_slice(&text).ok()?;
        record.restore(&self.blobs(), RecordedIn::Cache).ok()
    }

    /// Keeps a result. That it cannot be kept is no failure of the step.
    pub(crate) async fn keep(&self, done: &Done) {
        let (done, blobs, path) = (done.clone(), self.blobs(), self.path());
        let write = move || -> std::io::Result<()> {
            let record = serde_json::to_vec(&Record::new(&done, &blobs)?)?;
            let folder = path.parent().unwrap_or(Path::new("."));
            fs_err::create_dir_all(folder)?;
            let mut file = tempfile::NamedTempFile::new_in(folder)?;
            std::io::Write::write_all(&mut file, &record)?;
            file.persist(&path).map(drop).map_err(|error| error.error)
        };
        match tokio::task::spawn_blocking(write).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(%error, "a result cannot be kept"),
            Err(error) => tracing::warn!(%error, "a result cannot be kept"),
        }
    }

    fn blobs(&self) -> Blobs {
        Blobs::new(self.folder.join("blobs"))
    }
}

/// The arguments with the content of images in the place of their handles, and the regions that labels may mean.
fn by_content(args: &Value, images: &argus_tools::image::ImageStore) -> Value {
    let mut named = Vec::new();
    collect(args, images, &mut named);
    if named.is_empty() {
        named.extend(images.newest().map(|image| image.handle.clone()));
    }
    let seen: Vec<Value> = named
        .iter()
        .filter_map(|handle| images.get(handle).ok())
        .map(|image| {
            let regions: Vec<Value> = images
                .regions(&image.handle)
                .iter()
                .map(|region| json!([region.label, <[f32; 4]>::from(region.bbox)]))
                .collect();
            json!([digest::of_image(&image), regions])
        })
        .collect();
    json!([replaced(args, &named), seen])
}

fn collect(value: &Value, images: &argus_tools::image::ImageStore, named: &mut Vec<String>) {
    match value {
        Value::String(text) if images.knows(text) => {
            let handle = text.split('/').next().unwrap_or_default().to_owned();
            if !named.contains(&handle) {
                named.push(handle);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, images, named)),
        Value::Object(map) => map.values().for_each(|value| collect(value, images, named)),
        _ => {}
    }
}

/// Handles of images as their place among those that are named.
fn replaced(value: &Value, named: &[String]) -> Value {
    match value {
        Value::String(text) => {
            let (image, region) = text.split_once('/').map_or((text.as_str(), None), |(i, r)| (i, Some(r)));
            match (named.iter().position(|handle| handle == image), region) {
                (Some(at), None) => json!({ "image": at }),
                // Handles of regions begin with the step that found them.
                (Some(at), Some(region)) => json!({ "image": at, "region": region.rsplit('.').next() }),
                (None, _) => value.clone(),
            }
        }
        Value::Array(items) => items.iter().map(|item| replaced(item, named)).collect(),
        Value::Object(map) => map.iter().map(|(name, value)| (name.clone(), replaced(value, named))).collect(),
        plain => plain.clone(),
    }
}
