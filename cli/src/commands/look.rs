//! `argus look IMAGE...`: what the tools see, without any LLM.

use std::process::ExitCode;

use argus_agent::prompts::{Language, Templates};
use argus_tools::{
    image::ImageEntry,
    tool::ToolErrorKind,
    vision::look::{Card, DOCUMENT_VERSION, Document, LOOK},
};
use serde_json::{Value, json};

use crate::{
    arguments::{Global, LookCommand},
    printer::{Cancelled, Printer},
    setup::Setup,
};

/// Looks at the pictures and prints what is seen.
pub(crate) async fn run(command: LookCommand, global: &Global, printer: &Printer) -> anyhow::Result<ExitCode> {
    let setup = Setup::new(global, &[], printer)?;
    setup.tools.only(&command.tools)?;
    let entries = setup.load_images(&command.images).await?;
    let templates = Templates::embedded()?;
    let mut documents = Vec::new();
    for entry in &entries {
        let more: Vec<&str> = command.tools.iter().map(String::as_str).collect();
        let rounds = [[LOOK[0], &more].concat(), LOOK[1].to_vec()];
        let mut text = None;
        for tool in rounds.iter().flatten() {
            if let Some(Value::String(read)) = see(&setup, tool, entry, printer).await?.get_mut("text").map(Value::take)
            {
                text.get_or_insert(read);
            }
        }
        let evidence = setup.cx.images.evidence();
        let mut card = Card::new(entry, evidence, text.as_deref())?;
        card.looked = evidence.has_looked(&entry.handle, LOOK[0][0]);
        card.read = text.is_some();
        if command.json {
            setup.cx.images.record_images()?;
            let mut document = serde_json::to_value(Document::new(&entry.handle, evidence)?)?;
            document["card"] = json!(templates.render(Language::En, "card", &card)?);
            documents.push(document);
        } else {
            printer.data(&templates.render(Language::En, "card", &card)?);
        }
    }
    if command.json {
        printer.json(&json!({ "version": DOCUMENT_VERSION, "images": documents }));
    }
    Ok(ExitCode::SUCCESS)
}

/// Lets a tool look at an image. One that fails is reported on standard error; the results of the others are kept.
pub(crate) async fn see(setup: &Setup, tool: &str, entry: &ImageEntry, printer: &Printer) -> anyhow::Result<Value> {
    let cx = setup.cx.for_call(setup.cancel.clone(), None);
    match setup.tools.call(tool, json!({ "image": entry.handle }), &cx).await {
        Ok(observation) => Ok(observation.value),
        Err(error) if error.kind == ToolErrorKind::Cancelled => Err(Cancelled.into()),
        Err(error) => {
            printer.warn(&format!("{tool} could not look at {}: {}", entry.handle, error.message));
            Ok(Value::Null)
        }
    }
}
