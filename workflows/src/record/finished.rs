//! A finished step as data: what the journal and the cache of results hold.

use std::sync::Arc;

use argus_tools::image::{ImageEntry, LoadLimits, Operation, Origin, Region, Snapshot, decode, encode_png};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::record::{
    blobs::Blobs,
    runner::{Done, RecordedIn},
};

/// The longest value that is in a line, in bytes of JSON; a longer one has a file of its own.
const LONGEST: usize = 64 << 10;

/// A finished step.
#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct Record {
    #[serde(default, skip_serializing_if = "Value::is_null")]
    output: Value,
    /// The file of a long output.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    output_file: Option<String>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    text: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    images: Vec<Picture>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    regions: Vec<Region>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    models: Vec<String>,
    ms: f64,
    tries: u32,
}

/// An image that a step made.
#[derive(Debug, Deserialize, Serialize)]
struct Picture {
    handle: String,
    file: String,
    origin: Origin,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    parent: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    operation: Option<Operation>,
}

impl Record {
    /// Writes pictures and long values to files, and gives the rest. Blocking.
    pub(crate) fn new(done: &Done, blobs: &Blobs) -> std::io::Result<Self> {
        let text = done.value.to_string();
        let long = text.len() > LONGEST;
        let images = done.made.images.iter().map(|entry| {
            let png = encode_png(&entry.pixels).map_err(|error| std::io::Error::other(error.to_string()))?;
            Ok(Picture {
                handle: entry.handle.clone(),
                file: blobs.put(&png, "png")?,
                origin: entry.origin.clone(),
                parent: entry.parent.clone(),
                operation: entry.operation.clone(),
            })
        });
        Ok(Self {
            images: images.collect::<std::io::Result<_>>()?,
            output_file: if long { Some(blobs.put(text.as_bytes(), "json")?) } else { None },
            output: if long { Value::Null } else { done.value.clone() },
            text: done.text.clone(),
            regions: done.made.regions.clone(),
            models: done.models.clone(),
            ms: (done.ms * 10.0).round() / 10.0,
            tries: done.tries,
        })
    }

    /// The step as it was. Blocking.
    pub(crate) fn restore(self, blobs: &Blobs, from: RecordedIn) -> std::io::Result<Done> {
        let value = match &self.output_file {
            Some(file) => serde_json::from_slice(&blobs.get(file)?)?,
            None => self.output,
        };
        let images = self.images.into_iter().map(|picture| {
            let pixels = decode(&blobs.get(&picture.file)?, &LoadLimits::default())
                .map_err(|error| std::io::Error::other(format!("{}: {}", picture.file, error.chain())))?;
            Ok(Arc::new(ImageEntry {
                handle: picture.handle,
                pixels: Arc::new(pixels),
                origin: picture.origin,
                parent: picture.parent,
                operation: picture.operation,
                clip: None,
                photo: None,
            }))
        });
        let images = images.collect::<std::io::Result<_>>()?;
        Ok(Done {
            value,
            text: self.text,
            made: Snapshot { images, regions: self.regions },
            models: self.models,
            ms: self.ms,
            tries: self.tries,
            recorded: Some(from),
        })
    }
}
