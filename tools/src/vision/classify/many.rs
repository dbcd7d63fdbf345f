//! Several calls at once: pictures of a classifier of fixed classes share runs, and the next is made ready while one runs.

use std::sync::Arc;

use image::DynamicImage;
use ndarray::{Array4, Axis, concatenate};

use super::{FIXED, TOP, classifier::Classifier, tags};
use crate::{
    onnx::{Batched, LoadedModel, ModelError, RunControl, most_together, run_all},
    tool::{ToolCx, ToolError, ToolErrorKind, at_once},
    vision::{
        embed::{Embedder, Kind},
        target::{Pixels, rgb_of},
    },
};

/// One call whose arguments are right.
pub(super) struct Asked {
    pub(super) pixels: Arc<DynamicImage>,
    pub(super) part: Option<Pixels>,
    /// What to choose between; empty: what the models know.
    pub(super) labels: Vec<String>,
}

/// What was chosen for one call.
pub(super) struct Chosen {
    /// The likeliest first.
    pub(super) found: Vec<(String, f32)>,
    /// How many of them to tell.
    pub(super) most: usize,
    pub(super) source: String,
}

/// One answer for each call, in their order.
pub(super) async fn choose(calls: Vec<Asked>, cx: &ToolCx) -> Vec<Result<Chosen, ToolError>> {
    let models = Models::load(&calls, cx).await;
    let ways = calls.into_iter().map(|call| Ok((models.way(&call)?, call)));
    at_once(ways.collect(), async |calls: Vec<(Way, Asked)>| {
        let told: Vec<(usize, String)> = calls.iter().map(|(way, _)| way.told()).collect();
        let work = cx.blocking(move |control| Ok(run_all(&Choosing, calls.into_iter(), control)));
        match work.await {
            Ok(found) => {
                let pairs = found.into_iter().zip(told);
                pairs.map(|(found, (most, source))| Ok(Chosen { found: found?, most, source })).collect()
            }
            Err(error) => told.iter().map(|_| Err(error.clone())).collect(),
        }
    })
    .await
}

/// The models that some calls need; those that are not available say why to each call that needs them.
struct Models {
    /// None inside: there is none, and the everyday words serve as well.
    fixed: Option<Result<Option<Arc<Fixed>>, ToolError>>,
    embedder: Option<Result<Embedder, ToolError>>,
}

struct Fixed {
    model: Arc<LoadedModel>,
    classifier: Classifier,
}

/// How one call is answered.
#[derive(Clone)]
enum Way {
    Fixed(Arc<Fixed>),
    /// By a model of the role `embed`, between labels; with how many of them are told.
    ZeroShot(Box<Embedder>, Vec<String>, usize),
}

impl Models {
    async fn load(calls: &[Asked], cx: &ToolCx) -> Self {
        let fixed = if calls.iter().any(|call| call.labels.is_empty()) { Some(Self::fixed(cx).await) } else { None };
        let without = |call: &Asked| !call.labels.is_empty() || matches!(fixed, Some(Ok(None)));
        let embedder = if calls.iter().any(without) { Some(Embedder::open(cx).await) } else { None };
        Self { fixed, embedder }
    }

    async fn fixed(cx: &ToolCx) -> Result<Option<Arc<Fixed>>, ToolError> {
        match cx.files(FIXED).await {
            Ok(installed) => {
                let model = cx.model(FIXED).await?;
                let classifier = Classifier::of(&model, &installed)?;
                Ok(Some(Arc::new(Fixed { model, classifier })))
            }
            // Most have none.
            Err(error) if error.kind == ToolErrorKind::ModelUnavailable => {
                tracing::debug!("no classifier of fixed classes: {error}");
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    fn way(&self, call: &Asked) -> Result<Way, ToolError> {
        if call.labels.is_empty()
            && let Some(fixed) = self.fixed.clone().transpose()?.flatten()
        {
            return Ok(Way::Fixed(fixed));
        }
        let missing = || Err(ToolError::internal("no model was loaded for this call"));
        let embedder = self.embedder.clone().unwrap_or_else(missing)?;
        match call.labels.as_slice() {
            [] => Ok(Way::ZeroShot(Box::new(embedder), tags::everyday(), TOP)),
            [only] if embedder.kind == Kind::Clip => Err(ToolError::invalid_input(format!(
                "one label alone is always the best: give \"{only}\" and at least one other to choose between"
            ))),
            labels => Ok(Way::ZeroShot(Box::new(embedder), labels.to_vec(), usize::MAX)),
        }
    }
}

impl Way {
    /// How many labels are told, and what chose them.
    fn told(&self) -> (usize, String) {
        match self {
            Self::Fixed(fixed) => (TOP, format!("classifier, {}", fixed.model.id)),
            Self::ZeroShot(embedder, _, most) => (*most, format!("zero-shot, {}", embedder.id)),
        }
    }
}

struct Choosing;

impl Batched for Choosing {
    type Item = (Way, Asked);
    /// With the input `[1, 3, height, width]`.
    type Fed = (Way, Array4<f32>);
    type Answer = Vec<(String, f32)>;

    fn prepare(&self, (way, call): Self::Item) -> Result<Self::Fed, ToolError> {
        let image = rgb_of(&call.pixels, call.part);
        let pixels = match &way {
            Way::Fixed(fixed) => fixed.classifier.pixels(&image),
            Way::ZeroShot(embedder, ..) => embedder.pixels(&image),
        };
        Ok((way, pixels))
    }

    fn most(&self, (way, pixels): &Self::Fed) -> usize {
        match way {
            Way::Fixed(fixed) => most_together(fixed.model.model.signature(), pixels.len()),
            Way::ZeroShot(..) => 1,
        }
    }

    fn alike(&self, (one, pixels): &Self::Fed, (other, others): &Self::Fed) -> bool {
        matches!((one, other), (Way::Fixed(_), Way::Fixed(_))) && pixels.dim() == others.dim()
    }

    fn run(&self, fed: &[Self::Fed], control: &RunControl) -> Result<Vec<Self::Answer>, ToolError> {
        match fed {
            [] => Ok(Vec::new()),
            [(Way::ZeroShot(embedder, labels, _), pixels), ..] => {
                zero_shot(embedder, pixels, labels, control).map(|found| vec![found])
            }
            [(Way::Fixed(fixed), _), ..] => {
                let views: Vec<_> = fed.iter().map(|(_, pixels)| pixels.view()).collect();
                let batch = concatenate(Axis(0), &views).map_err(|error| ModelError::new(error.to_string()))?;
                fixed.classifier.run(&fixed.model, &batch, control)
            }
        }
    }
}

/// The labels by how well "a photo of" each fits, best first. Blocking.
fn zero_shot(
    embedder: &Embedder,
    pixels: &Array4<f32>,
    labels: &[String],
    control: &RunControl,
) -> Result<Vec<(String, f32)>, ToolError> {
    let texts: Vec<String> = labels.iter().map(|label| format!("This is a photo of {label}.")).collect();
    let scores = embedder.likelihoods(pixels, &texts, control)?;
    let mut found: Vec<(String, f32)> = labels.iter().cloned().zip(scores).collect();
    found.sort_by(|a, b| b.1.total_cmp(&a.1));
    Ok(found)
}
