//! The tool around the face detector.

use image::imageops;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::json;

use super::{DETECTOR, Face, find_faces};
use crate::{
    evidence::Rows,
    geom::BBox,
    image::{NewRegion, RegionKind, to_rgb},
    tool::{Example, ImageArg, RegionArg, Tool, ToolCx, ToolError},
    vision::target::{image_of, part_of},
};

/// Finds and counts faces.
pub struct Faces;

/// Arguments of [`Faces`].
#[derive(Debug, Deserialize, JsonSchema)]
pub struct FacesInput {
    #[serde(default)]
    image: ImageArg,
    /// only the faces in this part, such as img-1/person-1; left out: the whole image
    #[serde(default)]
    region: Option<RegionArg>,
    /// least confidence from 0 to 1; left out: 0.5; 0.3 finds smaller faces and some that are none
    #[serde(default)]
    min_score: Option<f32>,
}

impl FacesInput {
    /// All faces of an image of at least this confidence.
    pub(crate) fn all(image: ImageArg, min_score: f32) -> Self {
        Self { image, region: None, min_score: Some(min_score) }
    }
}

/// Result of [`Faces`].
#[derive(Debug, JsonSchema, Serialize)]
pub struct FacesOutput {
    /// How many there are.
    pub count: usize,
    /// Best first.
    pub faces: Vec<FoundFace>,
}

/// One face.
#[derive(Debug, JsonSchema, Serialize)]
pub struct FoundFace {
    /// Its region handle, such as `img-1/face-1`.
    pub handle: String,
    /// Confidence from 0 to 1.
    #[serde(serialize_with = "crate::geom::thousandths")]
    pub score: f32,
    /// [x1, y1, x2, y2] in pixels.
    #[serde(rename = "box")]
    pub bbox: BBox,
    /// Left eye, right eye, nose, left and right corner of the mouth, as one looks at the picture: [x, y] in pixels.
    #[serde(serialize_with = "tenths")]
    pub landmarks: [[f32; 2]; 5],
}

fn tenths<S: Serializer>(points: &[[f32; 2]; 5], serializer: S) -> Result<S::Ok, S::Error> {
    points.map(|point| point.map(|value| (f64::from(value) * 10.0).round() / 10.0)).serialize(serializer)
}

impl Tool for Faces {
    type Input = FacesInput;
    type Output = FacesOutput;
    const NAME: &'static str = "faces";
    const SUMMARY: &'static str = "find, count or locate human faces, with eyes, nose and mouth";
    const LIMITS: &'static str = "it does not know who a face belongs to, its age or its mood; faces of less than about 15 \
                                  pixels and heads seen from behind are missed";
    const ROLES: &'static [&'static str] = &[DETECTOR];
    const ADVANCED: bool = true;

    fn examples() -> Vec<Example> {
        let face = json!({
            "handle": "img-1/face-1", "score": 0.93, "box": [182.1, 58.4, 270.2, 178.0],
            "landmarks": [[203.2, 101.7], [247.0, 104.5], [223.3, 125.1], [203.4, 142.3], [241.3, 144.4]]
        });
        let output = json!({"count": 1, "faces": [face]});
        vec![
            Example { task: "How many faces are there?", input: json!({"image": "img-1"}), output: output.clone() },
            Example {
                task: "Where are the eyes of the first person?",
                input: json!({"image": "img-1", "region": "img-1/person-1"}),
                output,
            },
        ]
    }

    async fn call(&self, input: FacesInput, cx: &ToolCx) -> Result<FacesOutput, ToolError> {
        if let Some(score) = input.min_score.filter(|score| !(0.0..=1.0).contains(score)) {
            return Err(ToolError::invalid_input(format!("min_score is {score}; it must be from 0 to 1")));
        }
        let entry = image_of(cx, &input.image, input.region.as_ref().as_slice())?;
        let part = input.region.as_ref().map(|region| part_of(cx, &entry, region)).transpose()?;
        let model = cx.model(DETECTOR).await?;
        let (pixels, min_score) = (entry.pixels.clone(), input.min_score);
        let found = cx
            .blocking(move |control| {
                let picture = to_rgb(&pixels);
                let Some((x, y, width, height)) = part else {
                    return find_faces(&model, &picture, min_score, control);
                };
                let part = imageops::crop_imm(&picture, x, y, width, height).to_image();
                let found = find_faces(&model, &part, min_score, control)?;
                Ok(found.into_iter().map(|face| moved(&face, x as f32, y as f32)).collect())
            })
            .await?;
        let regions = found.iter().map(|face| NewRegion {
            stem: "face".into(),
            label: "face".into(),
            kind: RegionKind::Object,
            score: face.score,
            bbox: face.bbox,
            quad: None,
        });
        let regions = cx.images.name_regions(&entry.handle, regions.collect());
        let faces: Vec<FoundFace> = found
            .into_iter()
            .zip(regions)
            .map(|(Face { bbox, score, landmarks }, region)| FoundFace {
                handle: region.handle,
                score,
                bbox,
                landmarks,
            })
            .collect();
        Ok(FacesOutput { count: faces.len(), faces })
    }

    fn evidence(output: &FacesOutput, _: bool) -> Rows {
        let mut rows = Rows::default();
        for face in &output.faces {
            rows.add_box("face", [("id", face.handle.as_str().into()), ("score", face.score.into())], &face.bbox);
        }
        rows
    }

    fn render(output: &FacesOutput) -> String {
        const SHOWN: usize = 20;
        if output.faces.is_empty() {
            return "no face found".into();
        }
        let shown: Vec<String> = output
            .faces
            .iter()
            .take(SHOWN)
            .map(|face| {
                let [x1, y1, x2, y2] = <[f32; 4]>::from(face.bbox).map(f32::round);
                let [left, right, nose, ..] = face.landmarks.map(|[x, y]| format!("[{x:.0}, {y:.0}]"));
                format!(
                    "{} box [{x1}, {y1}, {x2}, {y2}] score {:.2}, eyes {left} {right}, nose {nose}",
                    face.handle, face.score
                )
            })
            .collect();
        let more = if output.count > SHOWN { format!("; and {} more", output.count - SHOWN) } else { String::new() };
        let faces = if output.count == 1 { "face" } else { "faces" };
        format!("{} {faces}: {}{more}", output.count, shown.join("; "))
    }
}

fn moved(face: &Face, dx: f32, dy: f32) -> Face {
    let b = face.bbox;
    Face {
        bbox: BBox { x1: b.x1 + dx, y1: b.y1 + dy, x2: b.x2 + dx, y2: b.y2 + dy },
        landmarks: face.landmarks.map(|[x, y]| [x + dx, y + dy]),
        score: face.score,
    }
}
