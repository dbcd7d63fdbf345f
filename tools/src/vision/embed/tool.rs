//! `embed`: pictures and texts as vectors, for search by likeness outside of Argus.

use image::RgbImage;
use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::json;

use super::Embedder;
use crate::{
    image::to_rgb,
    tool::{Example, ImageArg, Sentences, TextList, Tool, ToolCx, ToolError, ToolErrorKind},
};

/// Makes vectors of pictures and texts.
pub struct Embed;

/// Arguments of [`Embed`].
#[derive(Debug, Deserialize, JsonSchema)]
pub struct EmbedInput {
    #[serde(default)]
    image: ImageArg,
    /// handles of several images, such as img-1 and img-2; without any and without a text, the newest image is taken
    #[serde(default)]
    images: TextList,
    /// a text, or a list of texts, to be compared with images or with each other
    #[serde(default)]
    text: Sentences,
}

/// Result of [`Embed`].
#[derive(Debug, JsonSchema, Serialize)]
pub struct EmbedOutput {
    /// The images in the order given, then the texts. Their dot product is their cosine, 1 for the same.
    pub vectors: Vec<Embedded>,
    /// Numbers of a vector.
    pub dimension: usize,
    /// The model's id: vectors of two models cannot be compared.
    pub source: String,
}

/// One vector.
#[derive(Debug, JsonSchema, Serialize)]
pub struct Embedded {
    /// Handle of the image, or the text.
    pub of: String,
    /// Its numbers, of length 1 together, rounded to 5 decimals.
    #[serde(serialize_with = "rounded")]
    pub vector: Vec<f32>,
}

/// Images of a call, and texts: a bound on time.
const MOST: usize = 256;
/// Characters of one text; the models read 64 or 77 tokens, which is less.
const LONGEST: usize = 2000;

impl Tool for Embed {
    type Input = EmbedInput;
    type Output = EmbedOutput;
    const NAME: &'static str = "embed";
    const SUMMARY: &'static str = "make vectors of images or texts for similarity search in another program";
    const LIMITS: &'static str =
        "vectors are numbers for programs: classify, match and find_similar say what they mean";
    const ROLES: &'static [&'static str] = &[super::ROLE];
    const ADVANCED: bool = true;

    fn examples() -> Vec<Example> {
        let output = |of: &str| {
            let vectors = json!([{"of": of, "vector": [0.01342, -0.05871, 0.02214]}]);
            json!({"vectors": vectors, "dimension": 768, "source": "siglip2-base-patch16-224"})
        };
        vec![
            Example {
                task: "Give me the embedding of the picture.",
                input: json!({"image": "img-1"}),
                output: output("img-1"),
            },
            Example {
                task: "Make a vector of the words \"a red bus\" for image search.",
                input: json!({"text": "a red bus"}),
                output: output("a red bus"),
            },
        ]
    }

    async fn call(&self, input: EmbedInput, cx: &ToolCx) -> Result<EmbedOutput, ToolError> {
        let texts = checked(&input.text.0)?;
        let mut pictures = IndexMap::new();
        if input.image.0.is_some() || (input.images.0.is_empty() && texts.is_empty()) {
            let entry = cx.image(&input.image)?;
            pictures.insert(entry.handle.clone(), entry.pixels.clone());
        }
        for handle in &input.images.0 {
            let entry = cx.images.get(handle)?;
            pictures.insert(entry.handle.clone(), entry.pixels.clone());
        }
        if pictures.len() > MOST {
            return Err(ToolError::invalid_input(format!(
                "{} images are too many; give at most {MOST}",
                pictures.len()
            )));
        }
        let embedder = Embedder::open(cx).await.map_err(|error| match error.kind {
            ToolErrorKind::ModelUnavailable => {
                let hint = "`argus models pull siglip2-base-patch16-224` gets one (or clip-vit-base-patch32); or name one of \
                            your own with role = \"embed\" in argus.toml";
                let why = error.hint.as_ref().map(|hint| format!(" ({hint})")).unwrap_or_default();
                ToolError { message: format!("no model that makes vectors: {}{why}", error.message), ..error }.with_hint(hint)
            }
            _ => error,
        })?;
        cx.blocking(move |control| {
            let mut vectors = Vec::with_capacity(pictures.len() + texts.len());
            for (of, pixels) in pictures {
                control.check()?;
                let picture: RgbImage = to_rgb(&pixels);
                vectors.push(Embedded { of, vector: embedder.picture(&embedder.pixels(&picture), control)? });
            }
            let found = embedder.texts(&texts, control)?;
            vectors.extend(texts.into_iter().zip(found).map(|(of, vector)| Embedded { of, vector }));
            let dimension = vectors.first().map_or(0, |one| one.vector.len());
            Ok(EmbedOutput { vectors, dimension, source: embedder.id })
        })
        .await
    }

    fn render(output: &EmbedOutput) -> String {
        let of: Vec<&str> = output.vectors.iter().map(|one| one.of.as_str()).collect();
        format!(
            "{} of {} numbers for {} (by {})",
            if of.len() == 1 { "a vector" } else { "vectors" },
            output.dimension,
            of.join(", "),
            output.source
        )
    }
}

/// Texts with single spaces; the error names the one that cannot be used.
fn checked(texts: &[String]) -> Result<Vec<String>, ToolError> {
    if texts.len() > MOST {
        return Err(ToolError::invalid_input(format!("{} texts are too many; give at most {MOST}", texts.len())));
    }
    let one = |text: &String| {
        let plain = text.split_whitespace().collect::<Vec<_>>().join(" ");
        match plain.chars().count() {
            0 => Err(ToolError::invalid_input("a text is empty; give some words, such as \"a red bus\"")),
            length if length > LONGEST => Err(ToolError::invalid_input(format!(
                "a text has {length} characters; the model reads a sentence or two, at most {LONGEST} characters"
            ))),
            _ => Ok(plain),
        }
    };
    texts.iter().map(one).collect()
}

fn rounded<S: Serializer>(values: &[f32], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(values.iter().map(|value| (f64::from(*value) * 1e5).round() / 1e5))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed set-up fails the test")]
mod tests {
    use std::sync::Arc;

    use image::DynamicImage;

    use super::*;
    use crate::{
        image::{ImageStore, Origin},
        onnx::NoModels,
        tool::Toolbox,
    };

    async fn refused(args: serde_json::Value) -> ToolError {
        let images = ImageStore::new();
        images.insert(DynamicImage::new_rgb8(1, 1), Origin::Stdin);
        let cx = ToolCx::new(images, Arc::new(NoModels));
        Toolbox::new().with(Embed).call("embed", args, &cx).await.unwrap_err()
    }

    #[tokio::test]
    async fn without_a_model_it_says_which_to_pull() {
        let error = refused(json!({})).await;
        assert_eq!(error.kind, ToolErrorKind::ModelUnavailable);
        assert!(error.hint.unwrap().contains("argus models pull siglip2-base-patch16-224"));
    }

    #[tokio::test]
    async fn what_cannot_be_used_is_named() {
        for (args, part) in [
            (json!({"image": "img-4"}), "there is no image \"img-4\""),
            (json!({"images": ["img-1", "img-9"]}), "there is no image \"img-9\""),
            (json!({"text": " "}), "a text is empty"),
            (json!({"text": ["a", "x".repeat(10_000)]}), "has 10000 characters"),
            (json!({"text": vec!["a"; 257]}), "257 texts are too many"),
            (json!({"text": 3}), "expected a list of texts"),
        ] {
            let error = refused(args).await;
            assert_eq!(error.kind, ToolErrorKind::InvalidInput);
            assert!(error.feedback.contains(part), "{}", error.feedback);
        }
    }
}
