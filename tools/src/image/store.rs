//! The session's images and regions by handle. Only the host makes handles; a model can but name them.

use std::sync::{Arc, Mutex, PoisonError};

use image::DynamicImage;
use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Clip, Loaded, PhotoInfo, RegionArg, layer::Own};
use crate::{
    error::ToolError,
    evidence::{Evidence, EvidenceError, Rows},
    geom::{BBox, Quad},
    hash::sha256,
};

/// Where a root image came from.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// A file, as the user named it.
    Path(String),
    /// An http(s) address.
    Url(String),
    /// A sample picture.
    Sample(String),
    /// Standard input.
    Stdin,
    /// Handed over by the embedding program, with its name for it.
    Memory(String),
    /// Made by a tool out of another image.
    Derived,
}

/// What made a derived image.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Operation {
    /// The tool's name, with a suffix where it makes several (`segment.cutout`).
    pub tool: String,
    /// Its arguments.
    pub args: Value,
}

/// One image and how it came to be.
#[derive(Clone, Debug)]
pub struct ImageEntry {
    /// `img-1`, `img-2`, ... in order of entry.
    pub handle: String,
    /// The pixels, upright (EXIF orientation applied).
    pub pixels: Arc<DynamicImage>,
    /// Where it came from.
    pub origin: Origin,
    /// The image it was made from.
    pub parent: Option<String>,
    /// What made it.
    pub operation: Option<Operation>,
    /// The clip whose first frame it is, if it came from one. Not kept in sessions and traces on disk.
    pub clip: Option<Arc<Clip>>,
    /// What a camera wrote into its file. Not kept in sessions and traces on disk.
    pub photo: Option<PhotoInfo>,
}

impl ImageEntry {
    /// Width in pixels.
    pub fn width(&self) -> u32 {
        self.pixels.width()
    }

    /// Height in pixels.
    pub fn height(&self) -> u32 {
        self.pixels.height()
    }

    /// SHA-256 of its pixels (RGBA, row by row), hexadecimal.
    pub fn sha256(&self) -> String {
        sha256(self.pixels.to_rgba8().as_raw())
    }

    /// The whole image as a box.
    pub fn bounds(&self) -> BBox {
        BBox { x1: 0.0, y1: 0.0, x2: self.width() as f32, y2: self.height() as f32 }
    }
}

/// What kind of thing a region is.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RegionKind {
    /// A detected object.
    Object,
    /// A flat shape of a drawing.
    Shape,
    /// A line of text.
    Line,
    /// Any other area (a segment, a face, a box the user gave).
    Area,
}

impl RegionKind {
    /// Whether it is a thing that can be counted: an object or a shape.
    pub fn is_thing(self) -> bool {
        matches!(self, Self::Object | Self::Shape)
    }
}

/// A named part of an image.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Region {
    /// `img-1/cup-2`: the image, the label, and a number from 1 in order of confidence.
    pub handle: String,
    /// The image it is a part of.
    pub image: String,
    /// What it shows; the text itself for a line.
    pub label: String,
    /// What kind of thing it is.
    pub kind: RegionKind,
    /// Confidence in 0..=1.
    #[serde(serialize_with = "crate::geom::thousandths")]
    pub score: f32,
    /// Where, in pixels of the image.
    #[serde(rename = "box")]
    pub bbox: BBox,
    /// The exact outline of a text line or a code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quad: Option<Quad>,
}

/// The images and regions of one session. Clones share one store.
#[derive(Clone, Default)]
pub struct ImageStore {
    pub(super) inner: Arc<Mutex<Inner>>,
    evidence: Evidence,
}

#[derive(Default)]
pub(super) struct Inner {
    pub(super) images: IndexMap<String, Arc<ImageEntry>>,
    pub(super) regions: IndexMap<String, Region>,
    /// Set in a store over layers.
    pub(super) own: Option<Own>,
}

impl ImageStore {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }

    /// What tools saw in the images.
    pub fn evidence(&self) -> &Evidence {
        &self.evidence
    }

    /// Puts the images into the table `image` of the evidence: loaded ones with their source, made ones with parent and tool.
    pub fn record_images(&self) -> Result<(), EvidenceError> {
        for entry in self.images().iter().filter(|entry| !self.evidence.has_looked(&entry.handle, "")) {
            let source = match &entry.origin {
                Origin::Path(name) | Origin::Url(name) | Origin::Sample(name) | Origin::Memory(name) => {
                    Some(name.as_str())
                }
                Origin::Stdin | Origin::Derived => None,
            };
            let photo = entry.photo.clone().unwrap_or_default();
            let time = entry.operation.as_ref().and_then(|operation| operation.args.get("time")?.as_f64());
            let mut rows = Rows::default();
            let values = [
                ("parent", entry.parent.as_deref().into()),
                ("op", entry.operation.as_ref().map(|operation| operation.tool.as_str()).into()),
                ("source", source.into()),
                ("width", entry.width().into()),
                ("height", entry.height().into()),
                ("sha256", entry.sha256().into()),
                ("time", time.into()),
                ("taken", photo.taken.into()),
                ("camera", photo.camera.into()),
                ("lat", photo.lat.into()),
                ("lon", photo.lon.into()),
            ];
            rows.add("image", values);
            self.evidence.record(&entry.handle, "", "", rows)?;
            self.evidence.note_look(&entry.handle, "");
        }
        Ok(())
    }

    pub(super) fn lock(&self) -> std::sync::MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes in an image from outside and gives it a handle.
    pub fn insert(&self, pixels: DynamicImage, origin: Origin) -> Arc<ImageEntry> {
        self.take_in(Loaded { pixels, origin, clip: None, photo: None })
    }

    /// Takes in what was loaded, a clip with its first frame, and gives it a handle.
    pub fn take_in(&self, loaded: Loaded) -> Arc<ImageEntry> {
        self.add(loaded, None, None)
    }

    /// Takes in an image that a tool made out of `parent`.
    pub fn derive(&self, parent: &ImageEntry, operation: Operation, pixels: DynamicImage) -> Arc<ImageEntry> {
        let made = Loaded { pixels, origin: Origin::Derived, clip: None, photo: None };
        self.add(made, Some(parent.handle.clone()), Some(operation))
    }

    fn add(&self, loaded: Loaded, parent: Option<String>, operation: Option<Operation>) -> Arc<ImageEntry> {
        let Loaded { pixels, origin, clip, photo } = loaded;
        let mut inner = self.lock();
        let handle = match &inner.own {
            None => format!("img-{}", inner.images.len() + 1),
            Some(own) => own.image_handle(inner.images.len()),
        };
        let pixels = Arc::new(pixels);
        let entry = Arc::new(ImageEntry { handle: handle.clone(), pixels, origin, parent, operation, clip, photo });
        inner.images.insert(handle, entry.clone());
        entry
    }

    /// The image of a handle; `img-1/cup-1` names the image that the region lies in.
    pub fn get(&self, handle: &str) -> Result<Arc<ImageEntry>, ToolError> {
        let inner = self.lock();
        let name = handle.trim().split('/').next().unwrap_or_default();
        inner.images.get(name).cloned().ok_or_else(|| {
            let known: Vec<&str> = inner.images.keys().map(String::as_str).collect();
            let known =
                if known.is_empty() { "there are none yet".into() } else { format!("there is {}", known.join(", ")) };
            ToolError::invalid_input(format!("there is no image \"{handle}\"; {known}"))
        })
    }

    /// The image that entered last.
    pub fn newest(&self) -> Option<Arc<ImageEntry>> {
        self.lock().images.last().map(|(_, entry)| entry.clone())
    }

    /// All images in order of entry.
    pub fn images(&self) -> Vec<Arc<ImageEntry>> {
        self.lock().images.values().cloned().collect()
    }

    /// Names the regions that a tool found in an image, in the order given, and returns them with their handles.
    /// A region that is there already (same label, IoU above 0.9) keeps its handle.
    pub fn name_regions(&self, image: &str, found: Vec<NewRegion>) -> Vec<Region> {
        let mut inner = self.lock();
        found.into_iter().map(|region| inner.name_region(image, region)).collect()
    }

    /// The regions of an image, in order of naming.
    pub fn regions(&self, image: &str) -> Vec<Region> {
        self.lock().regions.values().filter(|region| region.image == image).cloned().collect()
    }

    /// Whether a region or an image of this handle exists.
    pub fn knows(&self, handle: &str) -> bool {
        let inner = self.lock();
        inner.images.contains_key(handle) || inner.regions.contains_key(handle)
    }

    /// What a region argument means on an image: a handle, a label (its most certain object), the text of a line, one of
    /// [`PARTS`], or a box (which becomes an unnamed area). The error lists what there is.
    pub fn region(&self, image: &ImageEntry, arg: &RegionArg) -> Result<Region, ToolError> {
        match arg {
            RegionArg::Box(bbox) => {
                let clamped = bbox.clamp(image.width(), image.height());
                if clamped.area() < 1.0 {
                    let [x1, y1, x2, y2] = <[f64; 4]>::from(*bbox);
                    return Err(ToolError::invalid_input(format!(
                        "the box [{x1}, {y1}, {x2}, {y2}] lies outside {}, which is {} x {} pixels",
                        image.handle,
                        image.width(),
                        image.height()
                    )));
                }
                Ok(area(image, "area", clamped))
            }
            RegionArg::Name(name) => self.named_region(image, name),
        }
    }

    fn named_region(&self, image: &ImageEntry, name: &str) -> Result<Region, ToolError> {
        let inner = self.lock();
        let name = name.trim();
        if name == image.handle {
            return Ok(area(image, "image", image.bounds()));
        }
        if let Some(bbox) = part(image, name) {
            return Ok(area(image, name, bbox));
        }
        let full = format!("{}/{name}", image.handle);
        if let Some(region) = inner.regions.get(name).or_else(|| inner.regions.get(&full)) {
            return Ok(region.clone());
        }
        let wanted = crate::labels::canonical(name);
        let of_image = || inner.regions.values().filter(|region| region.image == image.handle);
        let best = of_image()
            .filter(|region| {
                region.label.eq_ignore_ascii_case(name) || crate::labels::canonical(&region.label) == wanted
            })
            .max_by(|a, b| a.score.total_cmp(&b.score));
        best.cloned().ok_or_else(|| {
            let known: Vec<&str> = of_image().map(|region| region.handle.as_str()).collect();
            let known = if known.is_empty() {
                format!("no region of {} is known yet: detect or read_text finds some", image.handle)
            } else {
                format!("{} has {}", image.handle, known.join(", "))
            };
            ToolError::invalid_input(format!("there is no region \"{name}\"; {known}"))
        })
    }
}

/// An area that has no handle of its own.
fn area(image: &ImageEntry, label: &str, bbox: BBox) -> Region {
    Region {
        handle: image.handle.clone(),
        image: image.handle.clone(),
        label: label.to_owned(),
        kind: RegionKind::Area,
        score: 1.0,
        bbox,
        quad: None,
    }
}

/// Parts of every image that can be named like a region.
pub const PARTS: [&str; 8] = [
    "left half",
    "right half",
    "top half",
    "bottom half",
    "top left quarter",
    "top right quarter",
    "bottom left quarter",
    "bottom right quarter",
];

/// A part of an image, in pixels; an odd pixel belongs to the second half.
fn part(image: &ImageEntry, name: &str) -> Option<BBox> {
    let name = PARTS.iter().find(|part| part.eq_ignore_ascii_case(name))?;
    let (width, height) = (image.width() as f32, image.height() as f32);
    let (x, y) = ((width / 2.0).floor(), (height / 2.0).floor());
    let side = |first: &str, second: &str, middle: f32, end: f32| {
        let from = if name.contains(second) { middle } else { 0.0 };
        let to = if name.contains(first) { middle } else { end };
        (from, to)
    };
    let ((x1, x2), (y1, y2)) = (side("left", "right", x, width), side("top", "bottom", y, height));
    Some(BBox { x1, y1, x2, y2 })
}

/// A region before it has a handle.
#[derive(Clone, Debug)]
pub struct NewRegion {
    /// The stem of its handle (`cup`, `line`).
    pub stem: String,
    /// What it shows; the text itself for a line.
    pub label: String,
    /// What kind of thing it is.
    pub kind: RegionKind,
    /// Confidence in 0..=1.
    pub score: f32,
    /// Where, in pixels of the image.
    pub bbox: BBox,
    /// The exact outline of a text line or a code.
    pub quad: Option<Quad>,
}

impl NewRegion {
    /// An object, called after its label.
    pub fn object(label: &str, score: f32, bbox: BBox) -> Self {
        Self { stem: label.into(), label: label.into(), kind: RegionKind::Object, score, bbox, quad: None }
    }
}

impl Inner {
    fn name_region(&mut self, image: &str, new: NewRegion) -> Region {
        let same = |old: &&Region| {
            old.image == image && old.kind == new.kind && old.label == new.label && old.bbox.iou(&new.bbox) > 0.9
        };
        if let Some(old) = self.regions.values().find(same) {
            return old.clone();
        }
        let stem = new.stem.replace([' ', '/'], "-");
        let stem = self.own.as_ref().map_or_else(|| stem.clone(), |own| own.region_stem(&stem));
        let mut number = 1;
        let mut handle = format!("{image}/{stem}-{number}");
        while self.regions.contains_key(&handle) {
            number += 1;
            handle = format!("{image}/{stem}-{number}");
        }
        let region = Region {
            handle: handle.clone(),
            image: image.to_owned(),
            label: new.label,
            kind: new.kind,
            score: new.score,
            bbox: new.bbox,
            quad: new.quad,
        };
        self.regions.insert(handle, region.clone());
        region
    }
}
