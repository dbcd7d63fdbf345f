//! Tools that see drawn-up scenes: real arguments, handles and errors, no pixels. For tests only.

use argus_tools::{
    evidence::Rows,
    geom::BBox,
    image::{NewRegion, Operation, Origin, RegionKind},
    tool::{Example, ImageArg, RegionArg, TextList, Tool, ToolCx, ToolError, Toolbox},
};
use image::DynamicImage;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

/// What is to be seen in an image: objects with boxes, lines of text from top to bottom.
#[derive(Clone, Debug, Default)]
pub struct Scene {
    /// Width and height in pixels.
    pub size: (u32, u32),
    /// Labels with boxes in pixels.
    pub objects: Vec<(&'static str, [f32; 4])>,
    /// Lines of text, from top to bottom.
    pub lines: Vec<&'static str>,
}

impl Scene {
    /// Takes the scene into a session as an image.
    pub fn enter(&self, cx: &ToolCx) {
        cx.images.insert(DynamicImage::new_rgb8(self.size.0, self.size.1), Origin::Memory("scene".into()));
    }

    /// The tools that see it. It is what the first image shows; other images are empty.
    pub fn toolbox(&self) -> Toolbox {
        Toolbox::new().with(Detect(self.clone())).with(ReadText(self.clone())).with(Crop).with(Measure).with(Calculate)
    }
}

#[derive(Deserialize, JsonSchema)]
pub(crate) struct DetectInput {
    #[serde(default)]
    image: ImageArg,
    /// what to look for, such as cup and spoon; left out: everything
    #[serde(default)]
    labels: TextList,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Objects {
    objects: Vec<Object>,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Object {
    handle: String,
    label: String,
    score: f32,
    #[serde(rename = "box")]
    bbox: BBox,
}

struct Detect(Scene);

impl Tool for Detect {
    type Input = DetectInput;
    type Output = Objects;
    const NAME: &'static str = "detect";
    const SUMMARY: &'static str = "find, count or locate objects (people, animals, vehicles, furniture, food, ...)";

    fn examples() -> Vec<Example> {
        vec![Example { task: "How many cups are there?", input: json!({"labels": ["cup"]}), output: json!({}) }]
    }

    async fn call(&self, input: DetectInput, cx: &ToolCx) -> Result<Objects, ToolError> {
        let image = cx.image(&input.image)?;
        let first = image.parent.is_none();
        let wanted = |label: &str| input.labels.0.is_empty() || input.labels.0.iter().any(|l| l.starts_with(label));
        let found = self.0.objects.iter().filter(|(label, _)| first && wanted(label));
        let new = found.map(|(label, corners)| NewRegion {
            stem: (*label).into(),
            label: (*label).into(),
            kind: RegionKind::Object,
            score: 0.9,
            bbox: (*corners).into(),
            quad: None,
        });
        let regions = cx.images.name_regions(&image.handle, new.collect());
        let object = |region: argus_tools::image::Region| Object {
            handle: region.handle,
            label: region.label,
            score: region.score,
            bbox: region.bbox,
        };
        Ok(Objects { objects: regions.into_iter().map(object).collect() })
    }

    fn evidence(output: &Objects, _: bool) -> Rows {
        let mut rows = Rows::default();
        for object in &output.objects {
            let values = [
                ("id", object.handle.as_str().into()),
                ("label", object.label.as_str().into()),
                ("score", object.score.into()),
                ("width", object.bbox.width().into()),
                ("height", object.bbox.height().into()),
            ];
            rows.add_box("object", values, &object.bbox);
        }
        rows
    }

    fn render(output: &Objects) -> String {
        if output.objects.is_empty() {
            return "no known object found".into();
        }
        let one = |object: &Object| {
            let [x1, y1, x2, y2]: [f32; 4] = object.bbox.into();
            format!("{} box [{x1}, {y1}, {x2}, {y2}] score {}", object.handle, object.score)
        };
        format!("{} found: {}", output.objects.len(), output.objects.iter().map(one).collect::<Vec<_>>().join("; "))
    }
}

#[derive(Deserialize, JsonSchema)]
pub(crate) struct RegionInput {
    #[serde(default)]
    image: ImageArg,
    /// only this part: region handle (img-1/cup-1), label (cup) or box [x1, y1, x2, y2]
    #[serde(default)]
    region: Option<RegionArg>,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Lines {
    text: String,
}

struct ReadText(Scene);

impl Tool for ReadText {
    type Input = RegionInput;
    type Output = Lines;
    const NAME: &'static str = "read_text";
    const SUMMARY: &'static str = "read the text in an image or in a part of it: signs, labels, documents, receipts";

    fn examples() -> Vec<Example> {
        vec![Example { task: "What does the sign say?", input: json!({"image": "img-1"}), output: json!({}) }]
    }

    async fn call(&self, input: RegionInput, cx: &ToolCx) -> Result<Lines, ToolError> {
        let image = cx.image(&input.image)?;
        if let Some(region) = &input.region {
            cx.images.region(&image, region)?;
        }
        let new = self.0.lines.iter().enumerate().map(|(row, text)| NewRegion {
            stem: "line".into(),
            label: (*text).into(),
            kind: RegionKind::Line,
            score: 0.98,
            bbox: [10.0, row as f32 * 30.0, 200.0, row as f32 * 30.0 + 24.0].into(),
            quad: None,
        });
        cx.images.name_regions(&image.handle, new.collect());
        Ok(Lines { text: self.0.lines.join("\n") })
    }

    fn render(output: &Lines) -> String {
        if output.text.is_empty() { "no text found".into() } else { output.text.clone() }
    }
}

#[derive(Deserialize, JsonSchema)]
pub(crate) struct CropInput {
    #[serde(default)]
    image: ImageArg,
    /// what to keep: region handle (img-1/cup-1), label (cup) or box [x1, y1, x2, y2]
    region: RegionArg,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Made {
    image: String,
}

struct Crop;

impl Tool for Crop {
    type Input = CropInput;
    type Output = Made;
    const NAME: &'static str = "crop";
    const SUMMARY: &'static str = "make a new image of one region";

    fn examples() -> Vec<Example> {
        vec![Example { task: "Crop the cup.", input: json!({"region": "img-1/cup-1"}), output: json!({}) }]
    }

    async fn call(&self, input: CropInput, cx: &ToolCx) -> Result<Made, ToolError> {
        let image = cx.image(&input.image)?;
        let region = cx.images.region(&image, &input.region)?;
        let (_, _, width, height) = region
            .bbox
            .to_pixels(image.width(), image.height())
            .ok_or_else(|| ToolError::invalid_input("the region lies outside the image"))?;
        let operation = Operation { tool: "crop".into(), args: json!({"region": region.handle}) };
        Ok(Made { image: cx.images.derive(&image, operation, DynamicImage::new_rgb8(width, height)).handle.clone() })
    }

    fn render(output: &Made) -> String {
        format!("made {}", output.image)
    }
}

#[derive(Deserialize, JsonSchema)]
pub(crate) struct MeasureInput {
    #[serde(default)]
    image: ImageArg,
    /// region handle (img-1/cup-1), label (cup) or box [x1, y1, x2, y2]
    a: RegionArg,
    /// the other region, for distance, overlap and direction
    #[serde(default)]
    b: Option<RegionArg>,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Words {
    text: String,
}

struct Measure;

impl Tool for Measure {
    type Input = MeasureInput;
    type Output = Words;
    const NAME: &'static str = "measure";
    const SUMMARY: &'static str = "size of a region, or distance and direction (left, right, above, below) between two";

    fn examples() -> Vec<Example> {
        vec![Example {
            task: "Is the cup left of the spoon?",
            input: json!({"a": "cup", "b": "spoon"}),
            output: json!({}),
        }]
    }

    async fn call(&self, input: MeasureInput, cx: &ToolCx) -> Result<Words, ToolError> {
        let image = cx.image(&input.image)?;
        let a = cx.images.region(&image, &input.a)?;
        let Some(b) = input.b else {
            let text = format!("{} is {} x {} pixels", a.handle, a.bbox.width(), a.bbox.height());
            return Ok(Words { text });
        };
        let b = cx.images.region(&image, &b)?;
        let side = if a.bbox.center().0 < b.bbox.center().0 { "left" } else { "right" };
        Ok(Words { text: format!("{} is {side} of {}", a.handle, b.handle) })
    }

    fn render(output: &Words) -> String {
        output.text.clone()
    }
}

#[derive(Deserialize, JsonSchema)]
pub(crate) struct CalculateInput {
    /// such as (12.5 + 3) * 2
    expression: String,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Value {
    value: f64,
}

struct Calculate;

impl Tool for Calculate {
    type Input = CalculateInput;
    type Output = Value;
    const NAME: &'static str = "calculate";
    const SUMMARY: &'static str = "compute with numbers that were read or counted: sums, differences, shares";

    fn examples() -> Vec<Example> {
        vec![Example {
            task: "What do both cost?",
            input: json!({"expression": "2.5 + 3"}),
            output: json!({"value": 5.5}),
        }]
    }

    /// Adds, subtracts and multiplies from left to right, which is all that the tests need.
    async fn call(&self, input: CalculateInput, _: &ToolCx) -> Result<Value, ToolError> {
        let spaced: String = input
            .expression
            .chars()
            .map(|c| if "+-*/".contains(c) { format!(" {c} ") } else { c.to_string() })
            .collect();
        let wrong = || ToolError::invalid_input(format!("\"{}\" is no arithmetic expression", input.expression));
        let mut words = spaced.split_whitespace();
        let number = |word: Option<&str>| word.and_then(|word| word.parse::<f64>().ok()).ok_or_else(wrong);
        let mut value = number(words.next())?;
        while let Some(operator) = words.next() {
            let next = number(words.next())?;
            value = match operator {
                "+" => value + next,
                "-" => value - next,
                "*" => value * next,
                "/" => value / next,
                _ => return Err(wrong()),
            };
        }
        Ok(Value { value })
    }

    fn render(output: &Value) -> String {
        format!("= {}", output.value)
    }
}
