//! `argus bench`: what a tool call costs beside its bare model runs.

use std::{process::ExitCode, time::Instant};

use argus_tools::tool::ToolCx;
use serde_json::{Value, json};

use crate::{
    arguments::{BenchCommand, Global},
    printer::Printer,
    setup::Setup,
};

/// Measures each tool on each picture.
pub(crate) async fn run(command: BenchCommand, global: &Global, printer: &Printer) -> anyhow::Result<ExitCode> {
    let setup = Setup::new(global, &[], printer)?;
    let names = if command.images.is_empty() { vec!["sample:coffee".to_owned()] } else { command.images.clone() };
    let entries = setup.load_images(&names).await?;
    let tools = &setup.tools;
    let mut rows = Vec::new();
    for tool in &command.tools {
        let spec = tools.spec(tool)?;
        for (entry, name) in entries.iter().zip(&names) {
            let args = json!({"image": entry.handle});
            let start = Instant::now();
            tools.call(tool, args.clone(), &setup.cx).await?;
            let first = milliseconds(start);
            let (mut whole, mut bare) = (Vec::new(), Vec::new());
            for _ in 0..command.runs.max(1) {
                let before = busy(spec.roles, &setup.cx).await?;
                let start = Instant::now();
                tools.call(tool, args.clone(), &setup.cx).await?;
                whole.push(milliseconds(start));
                bare.push(busy(spec.roles, &setup.cx).await? - before);
            }
            let (whole, bare) = (median(whole), median(bare));
            rows.push((tool.clone(), name.clone(), first, whole, bare));
        }
    }
    if command.json {
        let rows: Vec<Value> = rows
            .iter()
            .map(|(tool, image, first, whole, bare)| {
                json!({"tool": tool, "image": image, "first_ms": first, "call_ms": whole, "model_ms": bare, "ratio": whole / bare})
            })
            .collect();
        printer.json(&json!(rows));
    } else {
        printer.data(&format!(
            "{:<12} {:<28} {:>10} {:>10} {:>10} {:>7}",
            "tool", "picture", "first ms", "call ms", "model ms", "ratio"
        ));
        for (tool, image, first, whole, bare) in rows {
            let image: String = image.chars().rev().take(28).collect::<Vec<_>>().into_iter().rev().collect();
            printer.data(&format!(
                "{tool:<12} {image:<28} {first:>10.1} {whole:>10.1} {bare:>10.1} {:>7.2}",
                whole / bare
            ));
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Milliseconds that the models of these roles spent in runs so far.
async fn busy(roles: &[&str], cx: &ToolCx) -> anyhow::Result<f64> {
    let mut total = 0.0;
    for role in roles {
        total += cx.model(role).await?.model.busy().as_secs_f64() * 1000.0;
    }
    Ok(total)
}

fn milliseconds(start: Instant) -> f64 {
    start.elapsed().as_secs_f64() * 1000.0
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}
