//! The tool around the depth estimator.

use image::{DynamicImage, RgbImage};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{DepthEstimator, DepthMap, ESTIMATOR, normal_picture};
use crate::{
    image::{Filter, Operation, Region, RegionKind, resize_rgb, to_rgb},
    tool::{Effects, Example, ImageArg, RegionArg, Tool, ToolCx, ToolError},
    vision::{
        draw::{RegionList, marked_by},
        target::{called, check_pixels, image_of},
    },
};

/// Estimates how near things are.
pub struct Depth;

/// What is made of the depths.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DepthKind {
    /// A gray picture: the nearer, the lighter.
    #[default]
    Depth,
    /// A picture of surface normals: red is x, green is y, blue is towards the viewer.
    Normals,
}

/// Arguments of [`Depth`].
#[derive(Debug, Deserialize, JsonSchema)]
pub struct DepthInput {
    #[serde(default)]
    image: ImageArg,
    /// whose depths to compare: handles, labels (all of that label) or boxes; left out: everything found so far
    #[serde(default)]
    regions: RegionList,
    /// the picture that is made. depth: gray, nearer is lighter; normals: a normal map; left out: depth
    #[serde(default)]
    kind: DepthKind,
}

/// Result of [`Depth`].
#[derive(Debug, JsonSchema, Serialize)]
pub struct DepthOutput {
    /// Handle of the depth picture or of the normal map.
    pub image: String,
    /// What that picture shows: `depth` or `normals`.
    pub kind: DepthKind,
    /// Mean depths of regions, nearest first.
    pub regions: Vec<RegionDepth>,
}

/// How near a region is.
#[derive(Debug, JsonSchema, Serialize)]
pub struct RegionDepth {
    /// Its handle, or its box as text.
    pub region: String,
    /// Mean over its box: 0 is the farthest point of this image, 1 the nearest.
    #[serde(serialize_with = "crate::geom::thousandths")]
    pub depth: f32,
}

/// Most regions that are compared unless they are asked for.
const KNOWN: usize = 50;

impl Tool for Depth {
    type Input = DepthInput;
    type Output = DepthOutput;
    const NAME: &'static str = "depth";
    const EFFECTS: Effects = Effects::SEES_AND_DRAWS;
    const SUMMARY: &'static str = "tell what is nearer or farther, make a depth map or a normal map";
    const LIMITS: &'static str = "depths compare things of one image, from 0 (farthest) to 1 (nearest); they are no distances in meters, \
                                  and what lies behind a thing inside its box counts too";
    const ROLES: &'static [&'static str] = &[ESTIMATOR];
    const ADVANCED: bool = true;

    fn examples() -> Vec<Example> {
        vec![
            Example {
                task: "Which is nearer to the camera, the dog or the car?",
                input: json!({"image": "img-1", "regions": ["dog", "car"]}),
                output: json!({
                    "image": "img-2", "kind": "depth",
                    "regions": [{"region": "img-1/dog-1", "depth": 0.81}, {"region": "img-1/car-1", "depth": 0.35}]
                }),
            },
            Example {
                task: "Make a normal map of this photo.",
                input: json!({"image": "img-1", "kind": "normals"}),
                output: json!({"image": "img-2", "kind": "normals", "regions": []}),
            },
        ]
    }

    async fn call(&self, input: DepthInput, cx: &ToolCx) -> Result<DepthOutput, ToolError> {
        let wanted: Vec<&RegionArg> = input.regions.0.iter().collect();
        let entry = image_of(cx, &input.image, &wanted)?;
        check_pixels(&entry, "depths are estimated of")?;
        let mut regions: Vec<Region> = Vec::new();
        for region in &wanted {
            for found in marked_by(cx, &entry, region)? {
                if !regions.contains(&found) {
                    regions.push(found);
                }
            }
        }
        if wanted.is_empty() {
            let known = cx.images.regions(&entry.handle).into_iter();
            regions = known.filter(|region| region.kind != RegionKind::Line).take(KNOWN).collect();
        }
        let files = cx.files(ESTIMATOR).await.ok();
        let text = |name: &str| {
            let path = files.as_ref().and_then(|files| files.beside(name));
            path.and_then(|path| fs_err::read_to_string(path).ok())
        };
        let (settings, config) = (text("preprocessor_config.json"), text("config.json"));
        let model = cx.model(ESTIMATOR).await?;
        let estimator = DepthEstimator::of(&model, settings.as_deref(), config.as_deref())?;
        let (pixels, kind) = (entry.pixels.clone(), input.kind);
        let (picture, whole) = cx
            .blocking(move |control| {
                let (own, whole) = estimator.estimate(&model, &to_rgb(&pixels), control)?;
                control.check()?;
                let whole = whole.relative();
                Ok((picture(&own, &whole, kind), whole))
            })
            .await?;
        let mut depths: Vec<RegionDepth> = regions
            .iter()
            .filter_map(|region| Some(RegionDepth { region: called(region), depth: whole.mean(&region.bbox)? }))
            .collect();
        depths.sort_by(|a, b| b.depth.total_cmp(&a.depth));
        let operation = Operation { tool: Self::NAME.into(), args: json!({"image": entry.handle, "kind": kind}) };
        let derived = cx.images.derive(&entry, operation, picture);
        Ok(DepthOutput { image: derived.handle.clone(), kind, regions: depths })
    }

    fn render(output: &DepthOutput) -> String {
        const SHOWN: usize = 20;
        let shows = match output.kind {
            DepthKind::Depth => "the depth picture (nearer is lighter)",
            DepthKind::Normals => "the normal map",
        };
        if output.regions.is_empty() {
            let hint = match output.kind {
                DepthKind::Depth => "; to compare things, name their boxes or call detect first",
                DepthKind::Normals => "",
            };
            return format!("{} is {shows}{hint}", output.image);
        }
        let shown: Vec<String> =
            output.regions.iter().take(SHOWN).map(|region| format!("{} {:.2}", region.region, region.depth)).collect();
        let rest = output.regions.len().saturating_sub(SHOWN);
        let more = if rest > 0 { format!(", and {rest} more") } else { String::new() };
        format!("{} is {shows}; nearest first, 1 is nearest and 0 farthest: {}{more}", output.image, shown.join(", "))
    }
}

/// `own` is the map at the graph's size, where slopes are those that the recipe was made for.
fn picture(own: &DepthMap, whole: &DepthMap, kind: DepthKind) -> DynamicImage {
    match kind {
        DepthKind::Depth => DynamicImage::ImageLuma8(whole.picture()),
        DepthKind::Normals => {
            let normals: RgbImage = normal_picture(&own.relative());
            DynamicImage::ImageRgb8(resize_rgb(&normals, whole.width, whole.height, Filter::Bicubic))
        }
    }
}
