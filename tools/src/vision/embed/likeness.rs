//! From cosines to probabilities, and the factors between them.

use super::Kind;

/// `logit = factor * cosine + bias`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scale {
    /// CLIP 100, `SigLIP` about 117.
    pub factor: f32,
    /// CLIP 0, `SigLIP` about -13.
    pub bias: f32,
}

impl Scale {
    /// The factors that a graph used, from the cosines and logits of one run: a line through them. `None` if the cosines are
    /// too alike to tell.
    pub(super) fn fitted(kind: Kind, cosines: &[f32], logits: &[f32]) -> Option<Self> {
        let points = || cosines.iter().zip(logits).map(|(x, y)| (f64::from(*x), f64::from(*y)));
        let count = cosines.len().max(1) as f64;
        let mean = |of: fn((f64, f64)) -> f64| points().map(of).sum::<f64>() / count;
        let (x, y) = match kind {
            Kind::Clip => (0.0, 0.0),
            Kind::Siglip => (mean(|point| point.0), mean(|point| point.1)),
        };
        let spread: f64 = points().map(|point| (point.0 - x).powi(2)).sum();
        let shared: f64 = points().map(|point| (point.0 - x) * (point.1 - y)).sum();
        let factor = shared / spread;
        (spread > 1e-9).then_some(Self { factor: factor as f32, bias: (y - factor * x) as f32 })
    }

    /// The probability of each text.
    pub(in crate::vision) fn probabilities(self, kind: Kind, cosines: &[f32]) -> Vec<f32> {
        let logits: Vec<f32> = cosines.iter().map(|cosine| self.factor * cosine + self.bias).collect();
        match kind {
            Kind::Clip => softmax(&logits),
            Kind::Siglip => logits.iter().map(|logit| 1.0 / (1.0 + (-logit).exp())).collect(),
        }
    }
}

/// Exponentials that sum to 1.
pub(in crate::vision) fn softmax(logits: &[f32]) -> Vec<f32> {
    let most = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let powers: Vec<f32> = logits.iter().map(|logit| (logit - most).exp()).collect();
    let sum: f32 = powers.iter().sum();
    powers.iter().map(|power| power / sum).collect()
}

/// The cosine of two vectors of length 1.
pub(in crate::vision) fn cosine(one: &[f32], other: &[f32]) -> f32 {
    one.iter().zip(other).map(|(a, b)| a * b).sum()
}

/// A vector brought to length 1; a null vector stays.
pub(super) fn unit(mut vector: Vec<f32>) -> Vec<f32> {
    let length = vector.iter().map(|value| value * value).sum::<f32>().sqrt();
    if length > 0.0 {
        for value in &mut vector {
            *value /= length;
        }
    }
    vector
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed set-up fails the test")]
mod tests {
    use super::*;

    #[test]
    fn the_factors_are_found_from_one_run() {
        let cosines = [0.11, 0.13, -0.05];
        let logits = cosines.map(|cosine| 117.3 * cosine - 12.93);
        let scale = Scale::fitted(Kind::Siglip, &cosines, &logits).unwrap();
        assert!((scale.factor - 117.3).abs() < 0.01 && (scale.bias + 12.93).abs() < 0.01, "{scale:?}");
        let clip = Scale::fitted(Kind::Clip, &[0.25], &[25.0]).unwrap();
        assert_eq!(clip, Scale { factor: 100.0, bias: 0.0 });
        assert_eq!(Scale::fitted(Kind::Siglip, &[0.2, 0.2], &[1.0, 1.0]), None);
    }

    #[test]
    fn texts_compete_in_clip_and_stand_alone_in_siglip() {
        let scale = Scale { factor: 100.0, bias: 0.0 };
        let shares = scale.probabilities(Kind::Clip, &[0.30, 0.28]);
        // 1 / (1 + e^-2)
        assert!((shares[0] - 0.880_797).abs() < 1e-4 && (shares[0] + shares[1] - 1.0).abs() < 1e-6, "{shares:?}");
        let scale = Scale { factor: 100.0, bias: -10.0 };
        let alone = scale.probabilities(Kind::Siglip, &[0.12, 0.10]);
        assert!((alone[0] - 0.880_797).abs() < 1e-4 && (alone[1] - 0.5).abs() < 1e-5, "{alone:?}");
        let huge = softmax(&[1e6, -1e6]);
        assert_eq!(huge, [1.0, 0.0]);
    }
}
