//! Stores over the results of others: what several steps of one job see, each with names of its own.

use std::sync::Arc;

use super::{ImageEntry, ImageStore, Region, Snapshot};

/// How a store over layers names what enters it, and how much of it came from below.
pub(super) struct Own {
    name: Arc<str>,
    images: usize,
    regions: usize,
}

impl Own {
    /// The handle of the next image, given the images there are.
    pub(super) fn image_handle(&self, images: usize) -> String {
        format!("{}-{}", self.name, images - self.images + 1)
    }

    /// The stem of a region's handle.
    pub(super) fn region_stem(&self, stem: &str) -> String {
        format!("{}.{stem}", self.name)
    }
}

impl ImageStore {
    /// A store that sees these images and regions, in this order, and names what enters it after `name`: images `NAME-1`,
    /// `NAME-2`, regions `img-1/NAME.cup-1`. Steps that run at the same time over the same layers under different names
    /// give the same handles in whatever order they finish.
    pub fn over<'a>(layers: impl IntoIterator<Item = &'a Snapshot>, name: &str) -> Self {
        let store = Self::new();
        {
            let mut inner = store.lock();
            for layer in layers {
                let images: Vec<(String, Arc<ImageEntry>)> =
                    layer.images.iter().map(|entry| (entry.handle.clone(), entry.clone())).collect();
                inner.images.extend(images);
                let regions: Vec<(String, Region)> =
                    layer.regions.iter().map(|region| (region.handle.clone(), region.clone())).collect();
                inner.regions.extend(regions);
            }
            let (images, regions) = (inner.images.len(), inner.regions.len());
            inner.own = Some(Own { name: name.into(), images, regions });
        }
        store
    }

    /// What entered a store over layers by itself; of another store all.
    pub fn own(&self) -> Snapshot {
        let inner = self.lock();
        let (images, regions) = inner.own.as_ref().map_or((0, 0), |own| (own.images, own.regions));
        Snapshot {
            images: inner.images.values().skip(images).cloned().collect(),
            regions: inner.regions.values().skip(regions).cloned().collect(),
        }
    }

    /// Puts back what a store over layers once had of its own, under the handles of then.
    pub fn put_back(&self, own: &Snapshot) {
        let mut inner = self.lock();
        inner.images.extend(own.images.iter().map(|entry| (entry.handle.clone(), entry.clone())));
        inner.regions.extend(own.regions.iter().map(|region| (region.handle.clone(), region.clone())));
    }
}

#[cfg(test)]
mod tests {
    use image::DynamicImage;
    use serde_json::Value;

    use super::*;
    use crate::image::{NewRegion, Operation, Origin};

    #[test]
    fn steps_over_the_same_layers_name_their_things_without_regard_to_order() {
        let below = ImageStore::new();
        let photo = below.insert(DynamicImage::new_rgb8(40, 40), Origin::Stdin);
        let layer = below.own();
        let made = |name: &str| {
            let store = ImageStore::over([&layer], name);
            let operation = Operation { tool: "crop".into(), args: Value::Null };
            let image = store.derive(&photo, operation, DynamicImage::new_rgb8(4, 4)).handle.clone();
            let cup = NewRegion::object("cup", 0.9, [1.0, 1.0, 9.0, 9.0].into());
            let region = store.name_regions("img-1", vec![cup])[0].handle.clone();
            (image, region, store.own())
        };
        let (second, first) = (made("b"), made("a"));
        assert_eq!((first.0.as_str(), first.1.as_str()), ("a-1", "img-1/a.cup-1"));
        assert_eq!((second.0.as_str(), second.1.as_str()), ("b-1", "img-1/b.cup-1"));
        // A later step sees both, and what it finds in the same place keeps its handle.
        let later = ImageStore::over([&layer, &first.2, &second.2], "c");
        assert!(later.knows("a-1") && later.knows("img-1/b.cup-1"));
        let cup = NewRegion::object("cup", 0.8, [1.0, 1.0, 9.0, 9.0].into());
        assert_eq!(later.name_regions("img-1", vec![cup])[0].handle, "img-1/a.cup-1");
        assert!(later.own().images.is_empty() && later.own().regions.is_empty());
    }
}
