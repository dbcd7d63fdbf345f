use std::path::PathBuf;

use futures_util::future::BoxFuture;
use image::ImageFormat;

use super::encoded;
use crate::image::{FetchPolicy, Fetcher, ImageError, ImageErrorKind, ImageSource, LoadLimits, Origin, SampleProvider};

struct Samples(PathBuf);

impl SampleProvider for Samples {
    fn path<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<PathBuf, ImageError>> {
        Box::pin(async move { Ok(self.0.join(format!("{name}.png"))) })
    }

    fn names(&self) -> Vec<String> {
        vec!["coffee".into(), "cat".into()]
    }
}

async fn load(name: &str, folder: &tempfile::TempDir) -> Result<((u32, u32), Origin), ImageError> {
    let fetcher = Fetcher::new(FetchPolicy::default())?;
    let samples = Samples(folder.path().to_owned());
    let loaded = ImageSource::parse(name)?.load(&fetcher, &samples, &LoadLimits::default()).await?;
    Ok(((loaded.pixels.width(), loaded.pixels.height()), loaded.origin))
}

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for name in ["coffee.png", "street.jpg", "notes.txt"] {
        let bytes = if name.ends_with("txt") { b"hello".to_vec() } else { encoded(20, 10, ImageFormat::Png) };
        std::fs::write(folder.path().join(name), bytes).expect("a writable folder");
    }
    folder
}

#[test]
fn a_name_is_told_by_its_form() {
    let parse = |name| ImageSource::parse(name).map_err(|error| error.kind);
    assert_eq!(parse("-"), Ok(ImageSource::Stdin));
    assert_eq!(parse("sample:Coffee"), Ok(ImageSource::Sample("coffee".into())));
    assert_eq!(parse("a b/c.png"), Ok(ImageSource::Path("a b/c.png".into())));
    assert_eq!(parse("C:\\x.png"), Ok(ImageSource::Path("C:\\x.png".into())));
    assert!(matches!(parse("HTTPS://example.org/x.png"), Ok(ImageSource::Url(_))));
    assert_eq!(parse("file:///tmp/x.png"), Ok(ImageSource::Path("/tmp/x.png".into())));
    for wrong in ["", "  ", "ftp://example.org/x.png", "http://"] {
        assert_eq!(parse(wrong), Err(ImageErrorKind::InvalidSource), "{wrong}");
    }
}

#[tokio::test]
async fn a_file_loads_whatever_its_extension_says() {
    let folder = folder();
    let path = folder.path().join("street.jpg").display().to_string();
    assert_eq!(load(&path, &folder).await.expect("a PNG named .jpg"), ((20, 10), Origin::Path(path)));
    let sample = load("sample:coffee", &folder).await.expect("a sample");
    assert_eq!(sample, ((20, 10), Origin::Sample("coffee".into())));
}

#[tokio::test]
async fn a_missing_file_suggests_near_ones() {
    let folder = folder();
    let at = |name: &str| folder.path().join(name).display().to_string();
    let error = load(&at("stret.jpg"), &folder).await.expect_err("a misspelt name");
    assert_eq!(error.kind, ImageErrorKind::NotFound);
    assert_eq!(error.hint, Some(format!("did you mean {}?", at("street.jpg"))));
    let error = load(&at("street.png"), &folder).await.expect_err("another extension");
    assert_eq!(error.hint, Some(format!("did you mean {}?", at("street.jpg"))));
    let error = load("no-such-folder-here/cat.png", &folder).await.expect_err("no folder");
    assert_eq!(
        error.to_string(),
        "no-such-folder-here/cat.png: there is no such file, nor a readable folder no-such-folder-here"
    );
    let error = load(&at("cat"), &folder).await.expect_err("a sample's bare name");
    assert_eq!(error.hint.as_deref(), Some("did you mean sample:cat?"));
    let error = load("sample:cofee", &folder).await.expect_err("a misspelt sample");
    assert_eq!(error.hint.as_deref(), Some("did you mean coffee?"));
}

#[tokio::test]
async fn a_folder_and_a_text_are_no_pictures() {
    let folder = folder();
    let path = folder.path().display().to_string();
    assert_eq!(load(&path, &folder).await.expect_err("a folder").kind, ImageErrorKind::InvalidSource);
    let text = folder.path().join("notes.txt").display().to_string();
    let error = load(&text, &folder).await.expect_err("a text");
    assert_eq!(error.to_string(), format!("{text}: not a picture: it looks like plain text"));
}
