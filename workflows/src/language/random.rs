//! Random draws with a seed: the same seed gives the same draw, on every machine.

use serde_json::Value;

/// A sequence of numbers from a seed (SplitMix64, Steele et al. 2014).
struct SeededRandom(u64);

impl SeededRandom {
    /// The next number above 0 and up to 1.
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^= z >> 31;
        ((z >> 11) + 1) as f64 / (1u64 << 53) as f64
    }
}

/// Draws items one after another without putting them back, each with a chance in proportion to its weight among those left; at
/// most as many as have a weight above 0. In the order drawn. (Efraimidis and Spirakis 2006: the largest u^(1/w) come first.)
pub(crate) fn sample(items: &[Value], weights: &[f64], count: usize, seed: u64) -> Result<Vec<Value>, String> {
    if items.len() != weights.len() {
        return Err(format!("{} items have {} weights; each needs one", items.len(), weights.len()));
    }
    if let Some(weight) = weights.iter().find(|weight| !(weight.is_finite() && **weight >= 0.0)) {
        return Err(format!("a weight is {weight}; it must not be below 0"));
    }
    let mut chance = SeededRandom(seed);
    let keyed = items.iter().zip(weights).map(|(item, weight)| (chance.next().ln() / weight, item));
    let mut keyed: Vec<(f64, &Value)> = keyed.filter(|(key, _)| key.is_finite()).collect();
    keyed.sort_by(|a, b| b.0.total_cmp(&a.0));
    Ok(keyed.into_iter().take(count).map(|(_, item)| item.clone()).collect())
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a failed set-up fails the test")]

    use serde_json::json;

    use super::*;

    #[test]
    fn a_draw_follows_the_weights_and_its_seed() {
        let items: Vec<Value> = (0..4).map(Value::from).collect();
        let weights = [0.0, 1.0, 2.0, 7.0];
        let mut first = [0u32; 4];
        for seed in 0..10_000 {
            let drawn = sample(&items, &weights, 9, seed).unwrap();
            assert_eq!(drawn.len(), 3, "what weighs nothing is not drawn");
            first[drawn[0].as_u64().unwrap() as usize] += 1;
        }
        // Shares of 0, 0.1, 0.2 and 0.7; three standard deviations are 0.014.
        for (count, share) in first.into_iter().zip([0.0, 0.1, 0.2, 0.7]) {
            assert!((f64::from(count) / 10_000.0 - share).abs() < 0.015, "{first:?}");
        }
        assert_eq!(sample(&items, &weights, 2, 5), sample(&items, &weights, 2, 5));
    }

    #[test]
    fn weights_that_are_none_are_refused() {
        let items = [json!("a"), json!("b")];
        assert!(sample(&items, &[1.0], 1, 0).unwrap_err().contains("2 items have 1 weights"));
        assert!(sample(&items, &[1.0, -1.0], 1, 0).unwrap_err().contains("a weight is -1"));
    }
}
