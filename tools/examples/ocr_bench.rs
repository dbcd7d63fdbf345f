//! Reads pictures and prints one JSON object a picture: text, lines, wall time by stage.
//!
//! `ocr_bench --runtime LIBONNXRUNTIME --models DIR [--repeat N] [--server] [--draw DIR] [IMAGE...]`; DIR holds the graphs
//! of PP-OCRv6 small under the names in which the `rapidocr` package ships them. `--server` reads paths from standard
//! input instead, one a line, and answers each at once, so that another program can interleave its own runs.

#![expect(clippy::print_stdout, reason = "printing is what this program is for")]

use std::{
    io::{BufRead, Write},
    path::{Path, PathBuf},
    sync::Arc,
    time::Instant,
};

use argus_tools::{
    onnx::{Device, LoadedModel, RunControl, Runtime},
    store::ModelFacts,
    vision::read_text::{Reading, TextReader, flatten},
};
use image::{DynamicImage, ImageDecoder, ImageReader, Rgb, RgbImage};

type Failure = Box<dyn std::error::Error>;

#[derive(Default)]
struct Options {
    runtime: PathBuf,
    models: PathBuf,
    repeat: usize,
    server: bool,
    draw: Option<PathBuf>,
    images: Vec<String>,
}

fn options() -> Result<Options, Failure> {
    let mut options = Options { repeat: 1, ..Options::default() };
    let mut args = std::env::args().skip(1);
    while let Some(arg) = args.next() {
        let mut value = || args.next().ok_or_else(|| format!("{arg} needs a value"));
        match arg.as_str() {
            "--runtime" => options.runtime = value()?.into(),
            "--models" => options.models = value()?.into(),
            "--repeat" => options.repeat = value()?.parse()?,
            "--draw" => options.draw = Some(value()?.into()),
            "--server" => options.server = true,
            _ => options.images.push(arg),
        }
    }
    Ok(options)
}

fn load(runtime: &Runtime, models: &Path, file: &str) -> Result<LoadedModel, Failure> {
    let (model, device) = runtime.session(&models.join(file), Device::Cpu)?;
    Ok(LoadedModel {
        id: file.into(),
        facts: ModelFacts::default(),
        model: Arc::new(model),
        provider: device.to_string(),
    })
}

fn open(path: &str) -> Result<DynamicImage, Failure> {
    let mut decoder = ImageReader::open(path)?.with_guessed_format()?.into_decoder()?;
    let orientation = decoder.orientation()?;
    let mut image = DynamicImage::from_decoder(decoder)?;
    image.apply_orientation(orientation);
    Ok(image)
}

fn report(reader: &TextReader<'_>, path: &str, options: &Options) -> Result<String, Failure> {
    let control = RunControl::new();
    let (mut times, mut stages, mut reading) = (Vec::new(), [0.0; 3], Reading::default());
    for _ in 0..options.repeat {
        let start = Instant::now();
        let image = open(path)?;
        reading = reader.read(&flatten(&image), &control).map_err(|error| format!("{path}: {error}"))?;
        times.push(start.elapsed().as_secs_f64() * 1000.0);
        let t = reading.times;
        stages = [t.detect, t.classify, t.recognize].map(|t| t.as_secs_f64() * 1000.0);
    }
    if let Some(dir) = &options.draw {
        let mut canvas = flatten(&open(path)?);
        for line in reading.lines() {
            outline(&mut canvas, &line.quad.0);
        }
        let name = Path::new(path).file_stem().unwrap_or_default().to_string_lossy().into_owned();
        canvas.save(dir.join(format!("{name}.png")))?;
    }
    let lines: Vec<serde_json::Value> = reading
        .lines()
        .map(|line| serde_json::json!({ "text": line.text, "score": line.score, "quad": line.quad }))
        .collect();
    let object = serde_json::json!({
        "path": path, "text": reading.text(), "lines": lines, "ms": times, "stages_ms": stages,
    });
    Ok(object.to_string())
}

/// Draws a quad's outline, its first side (the top of the text) in blue.
fn outline(canvas: &mut RgbImage, corners: &[[f32; 2]; 4]) {
    for (index, from) in corners.iter().enumerate() {
        let to = corners[(index + 1) % 4];
        let color = if index == 0 { Rgb([0, 0, 255]) } else { Rgb([255, 0, 0]) };
        imageproc::drawing::draw_line_segment_mut(canvas, (from[0], from[1]), (to[0], to[1]), color);
    }
}

fn main() -> Result<(), Failure> {
    let options = options()?;
    let runtime = Runtime::load(&options.runtime)?;
    let detector = load(&runtime, &options.models, "PP-OCRv6_det_small.onnx")?;
    let classifier = load(&runtime, &options.models, "ch_ppocr_mobile_v2.0_cls_mobile.onnx")?;
    let recognizer = load(&runtime, &options.models, "PP-OCRv6_rec_small.onnx")?;
    let reader = TextReader::new(&detector, &classifier, &recognizer)?;
    for path in &options.images {
        println!("{}", report(&reader, path, &options)?);
    }
    if options.server {
        for path in std::io::stdin().lock().lines() {
            let path = path?;
            let answer = report(&reader, path.trim(), &options)
                .unwrap_or_else(|error| serde_json::json!({ "path": path, "error": error.to_string() }).to_string());
            println!("{answer}");
            std::io::stdout().flush()?;
        }
    }
    Ok(())
}
