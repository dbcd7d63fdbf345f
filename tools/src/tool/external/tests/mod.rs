#![expect(clippy::unwrap_used, reason = "tests")]

#[cfg(unix)]
mod commands;
mod services;

use std::sync::Arc;

use image::{DynamicImage, RgbImage};
use serde_json::{Value, json};

use super::*;
use crate::{
    image::{ImageStore, Origin},
    onnx::NoModels,
};

/// A tool from its table in `argus.toml`.
fn tool(table: &str) -> Result<ExternalTool, SettingsError> {
    ExternalTool::new("mine", &toml::from_str(table).unwrap())
}

/// Context with one picture of 12 x 8 pixels.
fn session() -> ToolCx {
    let images = ImageStore::new();
    images.insert(DynamicImage::ImageRgb8(RgbImage::new(12, 8)), Origin::Memory("drawn".into()));
    ToolCx::new(images, Arc::new(NoModels))
}

async fn call(table: &str, args: Value) -> Result<Observation, ToolError> {
    tool(table).unwrap().call_json(args, &session()).await
}

#[test]
fn the_spec_is_what_the_table_says() {
    let tool = tool("summary = \" tell the weather \"\ncommand = [\"true\"]\n[arguments]\ncity = \"where\"").unwrap();
    let spec = tool.spec();
    assert_eq!((&*spec.name, &*spec.summary), ("mine", "tell the weather"));
    assert_eq!(spec.arguments()[0].name, "city");
    assert!(!spec.advanced && spec.effects.writes_outside && !spec.effects.deterministic);
}

#[test]
fn tables_that_make_no_tool_say_why() {
    for (table, says) in [
        ("summary = \"x\"", "neither `command` nor `url`"),
        ("summary = \"x\"\ncommand = [\"a\"]\nurl = \"http://h\"", "both `command` and `url`"),
        ("summary = \" \"\ncommand = [\"a\"]", "empty summary"),
        ("summary = \"x\"\ncommand = [\"\"]", "without a program"),
        ("summary = \"x\"\ncommand = [\"a\"]\ntimeout = 0", "seconds above 0"),
        ("summary = \"x\"\ncommand = [\"a\"]\ntimeout = -1.5", "seconds above 0"),
        ("summary = \"x\"\ncommand = [\"a\"]\nmax_output = 0", "bytes above 0"),
        ("summary = \"x\"\ncommand = [\"a\", \"{city}\"]", "no argument `city`"),
        ("summary = \"x\"\ncommand = [\"a\", \"--c={city}\"]\n[arguments]\ncity = \"where\"", "a word of its own"),
        ("summary = \"x\"\nurl = \"ftp://h/\"", "http:// or https://"),
        ("summary = \"x\"\nurl = \"weather\"", "which is none"),
        ("summary = \"x\"\nurl = \"http://h\"\nenv = { A = \"1\" }", "only a command"),
        ("summary = \"x\"\ncommand = [\"a\"]\n[arguments]\ncity = 3", "describe it"),
    ] {
        let error = tool(table).err().unwrap().to_string();
        assert!(error.starts_with("[tools.mine] ") && error.contains(says), "{table}: {error}");
    }
    let settings: UserTool = toml::from_str("summary = \"x\"\ncommand = [\"a\"]").unwrap();
    for name in ["", "Weather", "we ather", "9to5", "wetter/heute"] {
        assert!(ExternalTool::new(name, &settings).err().unwrap().what.contains("no name for a tool"), "{name}");
    }
    let misspelt = toml::from_str::<UserTool>("summary = \"x\"\ncomand = [\"a\"]").unwrap_err().to_string();
    assert!(misspelt.contains("unknown field `comand`"), "{misspelt}");
}
