//! The real graphs on real pictures with known text, where the shared pictures are.

#![expect(clippy::unwrap_used, clippy::print_stderr, reason = "a failed test may panic; a skipped one says so")]

use std::{path::PathBuf, sync::Arc};

use super::*;
use crate::{
    image::{ImageStore, LoadLimits, Origin, decode},
    onnx::{PoolOptions, SessionPool},
    store::{Store, StoreOptions},
};

/// Lines so long that the direction classifier, which sees them squeezed, takes some for lines on their head.
const LONG_LINES: &str = "transforms the image many times. First, the image goes through many convolutional layers. In those\n\
    convolutional layers, the network learns new and increasingly complex features in its layers. Then the\n\
    transformed image information goes through the fully connected layers and turns into a classification\n\
    or prediction.";

/// The folder of pictures with ground truth, where there is one.
fn shared() -> Option<PathBuf> {
    let root = std::env::var_os("ARGUS_SHARED")
        .map_or_else(|| PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared")), PathBuf::from);
    let data = root.join("data/images/ocr");
    if data.is_dir() {
        return Some(data);
    }
    eprintln!("skipped: no shared pictures at {}", data.display());
    None
}

async fn read(cx: &ToolCx, path: PathBuf) -> ReadTextOutput {
    let pixels = decode(&std::fs::read(path).unwrap(), &LoadLimits::default()).unwrap();
    let entry = cx.images.insert(pixels, Origin::Memory("golden".into()));
    let input = ReadTextInput { image: ImageArg(Some(entry.handle.clone())), ..ReadTextInput::default() };
    ReadText.call(input, cx).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn known_pictures_read_as_known() {
    let Some(data) = shared() else { return };
    let store = Store::open(StoreOptions::from_env().unwrap()).unwrap();
    let cx = ToolCx::new(ImageStore::new(), Arc::new(SessionPool::new(store, PoolOptions::default())));

    let poster = read(&cx, data.join("rapid_ch_en_num.jpg")).await;
    assert_eq!(poster.lines.len(), 18, "{}", poster.text);
    for part in ["正品促销", "大桶装更划算"] {
        assert!(poster.text.contains(part), "{part} is missing in {}", poster.text);
    }

    let turned = read(&cx, data.join("rapid_text_cls.jpg")).await;
    assert_eq!(turned.text, "怪我咯");
    let Quad([a, b, _, d]) = turned.lines[0].quad;
    assert!(a[0] > b[0] && a[1] > d[1], "a line on its head starts at the bottom right: {:?}", turned.lines[0].quad);

    let phototest = "This is a lot of 12 point text to test the\nocr code and see if it works on all types\n\
        of file format.\nThe quick brown dog jumped over the\nlazy fox. The quick brown dog jumped\n\
        over the lazy fox. The quick brown dog\njumped over the lazy fox. The quick\nbrown dog jumped over the lazy fox.";
    for (file, text) in [
        ("rapid_img_exif_orientation.jpg", "我是中国人"),
        ("tjs_simple-90.jpg", "Tesseract.js"),
        ("tjs_cosmic.png", "Hello World\nfrom beyond\nthe Cosmic Void"),
        ("phototest.tif", phototest),
        ("phototest-rotated-R.png", phototest),
        ("cnocr_helloworld.jpg", "Hello world!你好世界"),
        ("mmocr_1223729.jpg", "PACIFIC"),
        ("cnocr_multi-line_en_black.png", LONG_LINES),
    ] {
        assert_eq!(read(&cx, data.join(file)).await.text, text, "{file}");
    }
}
