//! From a name in the task to objects in an image.

use serde_json::{Value, json};

use super::desk::{Desk, Stop, handles};
use crate::route::{
    answer::{Tongue, from_chinese},
    regions::{Pick, one, pick},
    view::{Object, matching},
    words::{COLORS, has_han},
};

/// What a look for a label found.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Sight {
    /// The label in words of the answer: the class, or the user's word where it stands for several classes.
    pub(super) name: String,
    /// Whether the detector knows such things at all.
    pub(super) known: bool,
    /// What was found.
    pub(super) objects: Vec<Object>,
    /// What the label says besides, such as "red": nobody looked for that.
    pub(super) besides: Option<String>,
}

/// What a label means to a detector: Chinese names become classes.
pub(super) fn query(label: &str) -> String {
    if has_han(label) { from_chinese(label).map_or_else(|| label.to_owned(), str::to_owned) } else { label.to_owned() }
}

/// Looks for a label in an image. An object that was seen needs no call; one that was not may be one that the detector does not
/// know, so it is asked for by name.
pub(super) fn look(desk: &mut Desk<'_>, image: &str, label: &str) -> Result<Sight, Stop> {
    let wanted = query(label);
    let seen = matching(&desk.view.objects(image), &wanted);
    let args = json!({ "image": image, "labels": [wanted] });
    if !seen.is_empty()
        && (desk.view.looked(image) || desk.view.record("detect", &args).is_some_and(|record| record.ok))
    {
        return Ok(sight(label, &wanted, seen));
    }
    // A look at everything that found none of a class of everyday objects has looked for it too.
    let everyday = |label: &str| argus_tools::vision::labels::is_known(&argus_tools::vision::labels::canonical(label));
    let objects = desk.view.objects(image);
    if desk.view.looked(image) && everyday(&wanted) && objects.iter().all(|object| everyday(&object.label)) {
        return Ok(sight(label, &wanted, seen));
    }
    match desk.ask("detect", args.clone()) {
        Ok(output) => {
            let unknown = output.get("unknown").and_then(Value::as_array).is_some_and(|unknown| !unknown.is_empty());
            let mut sight = sight(label, &wanted, seen);
            sight.known = !unknown || !sight.objects.is_empty();
            Ok(sight)
        }
        Err(Stop::Say(words)) => {
            let record = desk.view.record("detect", &args);
            let unknown = record
                .is_some_and(|record| record.observation.as_str().is_some_and(|text| text.contains("does not know")));
            if unknown {
                Ok(Sight { known: false, ..sight(label, &wanted, Vec::new()) })
            } else {
                Err(Stop::Say(words))
            }
        }
        Err(wait) => Err(wait),
    }
}

fn sight(label: &str, wanted: &str, objects: Vec<Object>) -> Sight {
    let canonical = argus_tools::vision::labels::canonical(wanted);
    let mut classes: Vec<&str> = objects.iter().map(|object| object.label.as_str()).collect();
    classes.dedup();
    classes.sort_unstable();
    classes.dedup();
    let single = match classes.as_slice() {
        [class] => Some((*class).to_owned()),
        _ => None,
    };
    // A synonym or plural is the class itself; a longer phrase says more than the class.
    let exact = single.as_ref().is_none_or(|class| argus_tools::vision::labels::canonical(class) == canonical);
    let group = !argus_tools::vision::labels::members(wanted).is_empty();
    let class = single.clone().unwrap_or_else(|| canonical.clone());
    let besides = if exact || group || has_han(label) { None } else { besides(label, &class) };
    // "Men" may be any people to a detector, but the class is what it found.
    let name = if group && single.is_none() { canonical } else { class };
    Sight { name, known: true, objects, besides }
}

/// The words of a label that the class does not hold.
fn besides(label: &str, class: &str) -> Option<String> {
    let kept: Vec<&str> = label
        .split_whitespace()
        .filter(|word| {
            let canonical = argus_tools::vision::labels::canonical(word);
            canonical != class && !class.split(' ').any(|piece| piece == canonical || piece == *word) && *word != "of"
        })
        .collect();
    (!kept.is_empty()).then(|| kept.join(" "))
}

/// The colour in what a label says besides its class.
pub(super) fn color_in(besides: &str) -> Option<&'static str> {
    COLORS.iter().copied().find(|color| besides.split_whitespace().any(|word| word == *color))
}

/// The objects that a name means in an image, at least one: a handle, the picked one of several, all of a plural, else the
/// most prominent. Says why if there is none.
pub(super) fn targets(desk: &mut Desk<'_>, image: &str, name: &str, asked: &str) -> Result<Vec<Object>, Stop> {
    let tongue = desk.tongue;
    let called: Vec<String> = handles(name).into_iter().filter(|handle| handle.contains('/')).collect();
    if !called.is_empty() {
        let objects = desk.view.objects(image);
        let found: Vec<Object> = objects.into_iter().filter(|object| called.contains(&object.handle)).collect();
        if !found.is_empty() {
            return Ok(found);
        }
        return Err(Stop::Say(tongue.say(
            format!("There is no region {}, as far as I can tell; it is unknown.", called.join(", ")),
            format!("没有区域{}。", called.join("、")),
        )));
    }
    let (own, label) = pick(name);
    // "Crop the second person from the left": the side stands behind the name.
    let whole = pick(asked).0;
    let picked = match (own, whole) {
        (Some(Pick::Nth(..)), Some(nth @ Pick::Nth(..))) => Some(nth),
        (None, Some(Pick::Side(_))) if !tells_direction(asked) => whole,
        (own, _) => own,
    };
    let label = if label.is_empty() { name.to_owned() } else { label };
    let sight = look(desk, image, &label)?;
    if !sight.known {
        return Err(Stop::Say(unknown_with_seen(desk, image, &label)));
    }
    if sight.objects.is_empty() {
        return Err(Stop::Say(tongue.present(&sight.name, 0)));
    }
    if let Some(picked) = picked {
        let missing = || {
            Stop::Say(tongue.say(
                format!("I cannot find that one: I see {}.", tongue.counted(&sight.name, sight.objects.len())),
                format!("无法找到：只看到{}。", tongue.counted(&sight.name, sight.objects.len())),
            ))
        };
        return one(&sight.objects, picked).map(|object| vec![object.clone()]).ok_or_else(missing);
    }
    if is_plural(&label)
        || asked.contains("all ")
        || asked.contains("every")
        || ["所有", "全部", "每"].iter().any(|word| asked.contains(word))
    {
        return Ok(sight.objects);
    }
    Ok(prominent(&sight.objects).cloned().into_iter().collect())
}

/// "Turn it to the left" says where to, not which.
fn tells_direction(asked: &str) -> bool {
    ["rotate", "turn", "flip"].iter().any(|verb| asked.starts_with(verb))
}

/// What is large and certain.
pub(super) fn prominent(objects: &[Object]) -> Option<&Object> {
    objects.iter().max_by(|a, b| (a.bbox.area() * a.score).total_cmp(&(b.bbox.area() * b.score)))
}

pub(super) fn is_plural(label: &str) -> bool {
    let last = label.rsplit(' ').next().unwrap_or_default();
    (last.ends_with('s') && !last.ends_with("ss") && !last.ends_with("us") && last != "skis" && last != "scissors")
        || ["people", "men", "women", "children", "mice", "geese", "sheep"].contains(&last)
}

/// That a label is unknown, with what was seen instead.
pub(super) fn unknown_with_seen(desk: &Desk<'_>, image: &str, label: &str) -> String {
    let tongue = desk.tongue;
    let seen = seen(desk, image);
    let said = tongue.unknown_label(label);
    if seen.is_empty() {
        return said;
    }
    match tongue {
        Tongue::English => format!("{said} It found {}.", tongue.list(&seen)),
        Tongue::Chinese => format!("{said}检测到的有：{}。", tongue.list(&seen)),
    }
}

/// What was found in an image, counted by label, the most frequent first.
pub(super) fn seen(desk: &Desk<'_>, image: &str) -> Vec<String> {
    let mut counts: Vec<(String, usize)> = Vec::new();
    for object in desk.view.objects(image) {
        match counts.iter_mut().find(|(label, _)| *label == object.label) {
            Some((_, count)) => *count += 1,
            None => counts.push((object.label, 1)),
        }
    }
    counts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    counts.iter().take(8).map(|(label, count)| desk.tongue.counted(label, *count)).collect()
}
