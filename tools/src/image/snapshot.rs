//! The whole of a session's images and regions at one moment: for saving, resuming and taking back.

use std::sync::Arc;

use super::{ImageEntry, ImageStore, Origin, Region, store::Inner};

/// All images and regions of a store, in order of entry. Cheap: pixels are shared.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    /// The images, `img-1` first.
    pub images: Vec<Arc<ImageEntry>>,
    /// The regions of all images.
    pub regions: Vec<Region>,
}

/// A snapshot that no store could have given.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum SnapshotError {
    /// Handles count from `img-1` without a gap.
    #[error("image number {number} has the handle \"{found}\", not img-{number}")]
    Handle {
        /// Its place, from 1.
        number: usize,
        /// Its handle.
        found: String,
    },
    /// A derived image has an earlier parent and an operation, a root image neither.
    #[error("{handle} says that it was made from {parent}, which is no earlier image")]
    Parent {
        /// The image.
        handle: String,
        /// What it names as its parent.
        parent: String,
    },
    /// A region's handle begins with the handle of its image, is its own, and its box is finite.
    #[error("the region \"{handle}\" {wrong}")]
    Region {
        /// Its handle.
        handle: String,
        /// What is wrong with it.
        wrong: &'static str,
    },
}

impl ImageStore {
    /// The images and regions as they are now.
    pub fn snapshot(&self) -> Snapshot {
        let inner = self.lock();
        Snapshot {
            images: inner.images.values().cloned().collect(),
            regions: inner.regions.values().cloned().collect(),
        }
    }

    /// Puts a snapshot in the place of all that the store holds. A snapshot that contradicts itself changes nothing.
    pub fn restore(&self, snapshot: Snapshot) -> Result<(), SnapshotError> {
        let restored = Inner::try_from(snapshot)?;
        *self.lock() = restored;
        Ok(())
    }

    /// Forgets the images after the first `len` with their regions; their handles are given again to images that enter
    /// later. Returns what was removed, in order.
    pub fn truncate(&self, len: usize) -> Vec<Arc<ImageEntry>> {
        let mut inner = self.lock();
        if len >= inner.images.len() {
            return Vec::new();
        }
        let removed: Vec<_> = inner.images.split_off(len).into_values().collect();
        let Inner { images, regions, .. } = &mut *inner;
        regions.retain(|_, region| images.contains_key(&region.image));
        removed
    }
}

impl TryFrom<Snapshot> for Inner {
    type Error = SnapshotError;

    fn try_from(snapshot: Snapshot) -> Result<Self, SnapshotError> {
        let mut inner = Self::default();
        for (index, entry) in snapshot.images.into_iter().enumerate() {
            let number = index + 1;
            if entry.handle != format!("img-{number}") {
                return Err(SnapshotError::Handle { number, found: entry.handle.clone() });
            }
            let derived = entry.origin == Origin::Derived;
            let parent = entry.parent.as_deref();
            let known = parent.is_some_and(|parent| inner.images.contains_key(parent));
            if derived != parent.is_some() || derived != known || derived != entry.operation.is_some() {
                let parent = parent.unwrap_or("nothing").to_owned();
                return Err(SnapshotError::Parent { handle: entry.handle.clone(), parent });
            }
            inner.images.insert(entry.handle.clone(), entry);
        }
        for region in snapshot.regions {
            let wrong = |wrong| Err(SnapshotError::Region { handle: region.handle.clone(), wrong });
            let inside = region.handle.strip_prefix(&region.image).and_then(|rest| rest.strip_prefix('/'));
            if !inner.images.contains_key(&region.image) {
                return wrong("lies in an image that is not there");
            }
            if inside.is_none_or(str::is_empty) {
                return wrong("is not named after its image");
            }
            let points = region.quad.iter().flat_map(|quad| quad.0).flatten();
            if !<[f32; 4]>::from(region.bbox).into_iter().chain(points).chain([region.score]).all(f32::is_finite) {
                return wrong("has no finite place");
            }
            if inner.regions.contains_key(&region.handle) {
                return wrong("is there twice");
            }
            inner.regions.insert(region.handle.clone(), region);
        }
        Ok(inner)
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a failed set-up fails the test")]

    use image::DynamicImage;
    use serde_json::json;

    use super::*;
    use crate::image::{NewRegion, Operation, RegionKind, decode, encode_png};

    fn region(label: &str) -> NewRegion {
        let bbox = [1.0, 2.0, 30.5, 40.0].into();
        NewRegion { stem: label.into(), label: label.into(), kind: RegionKind::Object, score: 0.5, bbox, quad: None }
    }

    /// Two root images with a derived one between them, a region in each.
    fn store() -> ImageStore {
        let store = ImageStore::new();
        let first = store.insert(DynamicImage::new_rgb8(64, 48), Origin::Path("a.png".into()));
        let operation = Operation { tool: "crop".into(), args: json!({"region": "img-1/cup-1"}) };
        store.derive(&first, operation, DynamicImage::new_luma8(20, 10));
        store.insert(DynamicImage::new_rgba8(8, 8), Origin::Sample("coffee".into()));
        for image in ["img-1", "img-2", "img-3"] {
            store.name_regions(image, vec![region("cup")]);
        }
        store
    }

    fn handles(store: &ImageStore) -> Vec<String> {
        let snapshot = store.snapshot();
        let images = snapshot.images.iter().map(|entry| entry.handle.clone());
        images.chain(snapshot.regions.iter().map(|region| region.handle.clone())).collect()
    }

    #[test]
    fn a_snapshot_brings_everything_back() {
        let (old, new) = (store(), ImageStore::new());
        new.insert(DynamicImage::new_rgb8(1, 1), Origin::Stdin);
        let snapshot = old.snapshot();
        let text = serde_json::to_string(&snapshot.regions).unwrap();
        assert_eq!(serde_json::from_str::<Vec<Region>>(&text).unwrap(), snapshot.regions);
        new.restore(snapshot).unwrap();
        assert_eq!(handles(&new), ["img-1", "img-2", "img-3", "img-1/cup-1", "img-2/cup-1", "img-3/cup-1"]);
        assert_eq!(new.insert(DynamicImage::new_rgb8(1, 1), Origin::Stdin).handle, "img-4");
        assert_eq!(handles(&old).len(), 6, "the stores do not share anything but pixels");
    }

    #[test]
    fn truncating_gives_handles_free() {
        let store = store();
        let removed: Vec<String> = store.truncate(1).iter().map(|entry| entry.handle.clone()).collect();
        assert_eq!(removed, ["img-2", "img-3"]);
        assert_eq!(handles(&store), ["img-1", "img-1/cup-1"]);
        assert_eq!(store.insert(DynamicImage::new_rgb8(1, 1), Origin::Stdin).handle, "img-2");
        assert!(store.regions("img-2").is_empty() && store.truncate(2).is_empty());
    }

    #[test]
    fn what_contradicts_itself_changes_nothing() {
        let good = store().snapshot();
        let with = |change: &dyn Fn(&mut Snapshot)| {
            let mut snapshot = good.clone();
            change(&mut snapshot);
            let store = store();
            let error = store.restore(snapshot).unwrap_err();
            assert_eq!(handles(&store).len(), 6);
            error.to_string()
        };
        let message = with(&|snapshot| drop(snapshot.images.remove(0)));
        assert_eq!(message, "image number 1 has the handle \"img-2\", not img-1");
        let message = with(&|snapshot| Arc::make_mut(&mut snapshot.images[1]).parent = Some("img-3".into()));
        assert_eq!(message, "img-2 says that it was made from img-3, which is no earlier image");
        let message = with(&|snapshot| snapshot.regions[0].image = "img-9".into());
        assert_eq!(message, "the region \"img-1/cup-1\" lies in an image that is not there");
        let message = with(&|snapshot| snapshot.regions[0].handle = "img-2/cup-1".into());
        assert_eq!(message, "the region \"img-2/cup-1\" is not named after its image");
        let message = with(&|snapshot| snapshot.regions[0].bbox.x2 = f32::INFINITY);
        assert_eq!(message, "the region \"img-1/cup-1\" has no finite place");
        let message = with(&|snapshot| snapshot.regions.push(snapshot.regions[0].clone()));
        assert_eq!(message, "the region \"img-1/cup-1\" is there twice");
    }

    #[test]
    fn a_png_keeps_pixels_and_channels() {
        for picture in [DynamicImage::new_luma8(5, 4), DynamicImage::new_rgb8(3, 2), DynamicImage::new_rgba8(1, 7)] {
            let again = decode(&encode_png(&picture).unwrap(), &crate::image::LoadLimits::default()).unwrap();
            assert_eq!(again, picture);
        }
    }
}
