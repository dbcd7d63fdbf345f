//! Tools that contradict each other: a detector that counts five people where a caption speaks of two.

use argus_tools::vision::labels;
use indexmap::IndexMap;
use serde_json::Value;

use super::{CallRecord, Card, Claim, Contradiction, Step, words::number_word};

/// How far the count of a detector can be trusted.
const DETECTOR: &str = "looks at every object, may miss small or hidden ones";
/// How far a count in a sentence can be trusted.
const CAPTIONER: &str = "sees the scene as a whole, its numbers are often wrong";

/// What a tool says of how many there are of one kind in an image.
struct Counted {
    image: String,
    label: String,
    count: usize,
    claim: Claim,
}

/// Contradictions among all that was seen so far, in order of discovery.
pub(super) fn contradictions(cards: &[Card], steps: &[Step]) -> Vec<Contradiction> {
    let of_cards = cards.iter().flat_map(|card| card.calls.iter());
    let of_steps = steps.iter().flat_map(|step| step.calls.iter());
    let mut groups: IndexMap<(String, String), Vec<Counted>> = IndexMap::new();
    for counted in of_cards.chain(of_steps).filter(|call| call.ok).flat_map(counts_of) {
        groups.entry((counted.image.clone(), counted.label.clone())).or_default().push(counted);
    }
    // A detector that looked for everything and did not find a kind says that there is none of it.
    let looked: Vec<&CallRecord> = cards
        .iter()
        .flat_map(|card| card.calls.iter())
        .chain(steps.iter().flat_map(|step| step.calls.iter()))
        .collect();
    for ((image, label), claims) in &mut groups {
        let found = claims.iter().any(|one| one.claim.score.is_some());
        let silent = looked.iter().find(|call| looks_for_all(call, image)).filter(|_| !found);
        claims.extend(silent.map(|call| none_of(call, image, label)));
    }
    let contradiction = |((image, label), mut claims): ((String, String), Vec<Counted>)| {
        // The same tool may look twice, at other thresholds: only different tools contradict each other.
        let mut seen = Vec::new();
        claims.retain(|one| {
            let new = !seen.contains(&one.claim.tool);
            seen.push(one.claim.tool.clone());
            new
        });
        let first = claims.first()?.count;
        claims.iter().any(|one| one.count != first).then(|| Contradiction {
            image,
            about: format!("the number of {label}"),
            claims: claims.into_iter().map(|one| one.claim).collect(),
        })
    };
    groups.into_iter().filter_map(contradiction).collect()
}

/// A contradiction in words for a model.
pub(super) fn words(one: &Contradiction) -> String {
    let claim = |claim: &Claim| {
        let score = claim.score.map(|score| format!(", lowest score {score:.2}")).unwrap_or_default();
        format!("{} says {}{score} ({})", claim.tool, claim.says, claim.note)
    };
    let claims: Vec<String> = one.claims.iter().map(claim).collect();
    format!(
        "The tools disagree about {} in {}: {}. Trust the more reliable one, or say that it is not sure.",
        one.about,
        one.image,
        claims.join("; ")
    )
}

fn counts_of(call: &CallRecord) -> Vec<Counted> {
    let Some(image) = call.args.get("image").and_then(Value::as_str) else { return Vec::new() };
    // A look at a part, or for some kinds only, says nothing of the whole.
    if call.args.get("region").is_some_and(|region| !region.is_null()) {
        return Vec::new();
    }
    let value = &call.observation;
    if let Some(objects) = value.get("objects").and_then(Value::as_array) {
        return of_objects(call, image, objects);
    }
    let composed = value.get("source").and_then(Value::as_str) == Some("composed");
    match value.get("caption").or_else(|| value.get("answer")).and_then(Value::as_str) {
        Some(text) if !composed => of_text(call, image, text),
        _ => Vec::new(),
    }
}

fn looks_for_all(call: &CallRecord, image: &str) -> bool {
    let given =
        |name: &str| call.args.get(name).is_some_and(|value| !value.is_null() && *value != Value::Array(Vec::new()));
    call.ok
        && call.observation.get("objects").is_some()
        && call.args.get("image").and_then(Value::as_str) == Some(image)
        && !given("labels")
        && !given("region")
}

fn none_of(call: &CallRecord, image: &str, label: &str) -> Counted {
    Counted {
        image: image.to_owned(),
        label: label.to_owned(),
        count: 0,
        claim: Claim { tool: call.tool.clone(), says: format!("no {label}"), score: None, note: DETECTOR.into() },
    }
}

fn of_objects(call: &CallRecord, image: &str, objects: &[Value]) -> Vec<Counted> {
    let mut kinds: IndexMap<&str, (usize, f64)> = IndexMap::new();
    for object in objects {
        let Some(label) = object.get("label").and_then(Value::as_str) else { continue };
        let score = object.get("score").and_then(Value::as_f64).unwrap_or(1.0);
        let kind = kinds.entry(label).or_insert((0, 1.0));
        *kind = (kind.0 + 1, kind.1.min(score));
    }
    let counted = |(label, (count, score)): (&str, (usize, f64))| Counted {
        image: image.to_owned(),
        label: label.to_owned(),
        count,
        claim: Claim {
            tool: call.tool.clone(),
            says: format!("{count} {label}"),
            score: Some(score),
            note: DETECTOR.into(),
        },
    };
    kinds.into_iter().map(counted).collect()
}

/// "two people" and "3 dogs" in a sentence. "A" and "one" are left out: captions use them for any number.
fn of_text(call: &CallRecord, image: &str, text: &str) -> Vec<Counted> {
    let words: Vec<String> =
        text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).map(str::to_lowercase).collect();
    let mut found: Vec<Counted> = Vec::new();
    for (at, word) in words.iter().enumerate() {
        let Some(count) = word.parse().ok().or_else(|| number_word(word)).filter(|count| *count > 1) else { continue };
        // "Two young people": an adjective may stand between.
        let label =
            words[at + 1..].iter().take(3).map(|word| labels::canonical(word)).find(|word| labels::is_known(word));
        let Some(label) = label.filter(|label| found.iter().all(|one| one.label != *label)) else { continue };
        found.push(Counted {
            image: image.to_owned(),
            claim: Claim { tool: call.tool.clone(), says: format!("\"{text}\""), score: None, note: CAPTIONER.into() },
            label,
            count,
        });
    }
    found
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn step(tool: &str, observation: Value) -> Step {
        let call = CallRecord {
            tool: tool.into(),
            args: json!({ "image": "img-1" }),
            ms: 1.0,
            ok: true,
            observation,
            models: Vec::new(),
        };
        Step { thought: String::new(), calls: vec![call], ms: 1.0 }
    }

    fn people(count: usize) -> Step {
        let object = |n: usize| json!({ "label": "person", "score": 0.9 - 0.1 * n as f64 });
        step("detect", json!({ "objects": (0..count).map(object).collect::<Vec<_>>() }))
    }

    #[test]
    fn a_caption_that_counts_otherwise_is_told_with_both_claims() {
        let said = step("caption", json!({ "caption": "Two young people on a bench.", "source": "blip" }));
        let found = contradictions(&[], &[people(5), said.clone()]);
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].image.as_str(), found[0].about.as_str()), ("img-1", "the number of person"));
        let told = words(&found[0]);
        assert!(told.contains("detect says 5 person, lowest score 0.50 (looks at every object"), "{told}");
        assert!(told.contains("caption says \"Two young people on a bench.\" (sees the scene"), "{told}");
        assert!(contradictions(&[], &[people(2), said.clone()]).is_empty(), "they agree");
        assert_eq!(contradictions(&[], &[people(0), said])[0].claims[1].says, "no person");
    }

    #[test]
    fn a_composed_caption_and_a_second_look_contradict_nothing() {
        let composed = step("caption", json!({ "caption": "2 people.", "source": "composed" }));
        assert!(contradictions(&[], &[people(5), composed, people(4)]).is_empty());
    }
}
