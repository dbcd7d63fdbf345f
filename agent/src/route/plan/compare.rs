//! Which of two is larger, or more.

use serde_json::json;

use super::{
    desk::{Desk, Job, Stop},
    looks::{Extent, extent},
    places::single,
    target::{Sight, look, unknown_with_seen},
};
use crate::route::{intent::By, words::has_any};

pub(super) fn compare(desk: &mut Desk<'_>, job: &Job<'_>, (a, b): (&str, &str), by: By) -> Result<String, Stop> {
    let tongue = desk.tongue;
    let images = desk.images(job.asked);
    if by == By::Count {
        return compare_counts(desk, job, &images, a, b);
    }
    let (first, second) = (single(desk, &images, a), single(desk, &images, b));
    let (first, second) = (first?, second?);
    let (x, y) = (extent(desk, &first), extent(desk, &second));
    let (x, y) = (x?, y?);
    let value = |extent: &Extent| match by {
        By::Height => extent.height,
        By::Width => extent.width,
        _ => extent.width * extent.height,
    };
    let (word, chinese) = match by {
        By::Height => ("taller", "更高"),
        By::Width => ("wider", "更宽"),
        _ => ("larger", "更大"),
    };
    let (more, less, m, l) = if value(&x) >= value(&y) { (&first, &second, &x, &y) } else { (&second, &first, &y, &x) };
    let sizes = |extent: &Extent| format!("{:.0} x {:.0}", extent.width, extent.height);
    Ok(tongue.say(
        format!(
            "In the picture the {} ({}) is {word}: {} pixels, and the {} ({}) is {}.",
            more.label,
            more.handle,
            sizes(m),
            less.label,
            less.handle,
            sizes(l)
        ),
        format!(
            "在图片中{}（{}）{chinese}：{}像素，{}（{}）是{}像素。",
            tongue.the(&more.label),
            more.handle,
            sizes(m),
            tongue.the(&less.label),
            less.handle,
            sizes(l)
        ),
    ))
}

fn compare_counts(desk: &mut Desk<'_>, job: &Job<'_>, images: &[String], a: &str, b: &str) -> Result<String, Stop> {
    let tongue = desk.tongue;
    let mut counts = Vec::new();
    let looks: Vec<(usize, String, Result<Sight, Stop>)> = [a, b]
        .iter()
        .enumerate()
        .flat_map(|(at, name)| images.iter().map(move |image| (at, *name, image)))
        .map(|(at, name, image)| (at, name.to_owned(), look(desk, image, name)))
        .collect();
    for (at, name, look) in looks {
        let sight = look?;
        if !sight.known {
            return Ok(unknown_with_seen(desk, images.first().map_or("", String::as_str), &name));
        }
        if counts.len() <= at {
            counts.push((sight.name.clone(), 0));
        }
        if !sight.objects.is_empty() {
            counts[at].0.clone_from(&sight.name);
        }
        counts[at].1 += sight.objects.len();
    }
    let [(first, x), (second, y)] = counts.as_slice() else { return Err(Stop::Wait) };
    let both = [tongue.counted(first, *x), tongue.counted(second, *y)];
    let list = tongue.list(&both);
    if has_any(job.asked, &["how many more", "how many fewer", "difference"]) && x != y {
        let expression = format!("{} - {}", x.max(y), x.min(y));
        let output = desk.ask("calculate", json!({ "expression": expression }))?;
        let result = output.get("result").map(ToString::to_string).unwrap_or_default();
        return Ok(
            tongue.say(format!("The difference is {result}: there are {list}."), format!("相差{result}：有{list}。"))
        );
    }
    Ok(match x.cmp(y) {
        std::cmp::Ordering::Equal => {
            tongue.say(format!("There are equally many: {list}."), format!("一样多：有{list}。"))
        }
        order => {
            let more = order == std::cmp::Ordering::Greater;
            let asked_more = !has_any(job.asked, &["fewer", "less"]);
            let yes =
                if job.asked.starts_with("are there") { if more == asked_more { "Yes: " } else { "No: " } } else { "" };
            let there = if yes.is_empty() { "There" } else { "there" };
            let more = if more { first } else { second };
            tongue.say(format!("{yes}{there} are {list}."), format!("{}更多：有{list}。", tongue.the(more)))
        }
    })
}
