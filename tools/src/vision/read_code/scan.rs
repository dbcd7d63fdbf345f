//! The readers of rxing, a port of ZXing: the one file that names them.

use image::{GrayImage, Luma};
use rxing::{
    BarcodeFormat, BinaryBitmap, DecodeHints, Luma8Source, RXingResult, RXingResultMetadataType,
    RXingResultMetadataValue, Reader, aztec::AztecReader, common::HybridBinarizer, datamatrix::DataMatrixReader,
    multi::MultipleBarcodeReader, oned::MultiFormatOneDReader, pdf417::PDF417Reader, qrcode::cpp_port::QrReader,
};

use super::{Code, stripes};
use crate::{
    geom::{BBox, Quad},
    onnx::RunControl,
    tool::ToolError,
};

/// Codes of a kind of which one is read at a time.
const ROUNDS: usize = 24;

/// The kinds of stripes that are looked for. The rarer ones (RSS, Telepen) are seen in textures more often than on goods.
const STRIPES: [BarcodeFormat; 9] = [
    BarcodeFormat::EAN_13,
    BarcodeFormat::EAN_8,
    BarcodeFormat::UPC_A,
    BarcodeFormat::UPC_E,
    BarcodeFormat::CODE_128,
    BarcodeFormat::CODE_39,
    BarcodeFormat::CODE_93,
    BarcodeFormat::ITF,
    BarcodeFormat::CODABAR,
];

/// All codes that the readers see in a picture, with corners in its pixels. Each code that was read is painted over, so that
/// the next is seen.
pub(super) fn scan(picture: &GrayImage, control: &RunControl) -> Result<Vec<Code>, ToolError> {
    let mut left = picture.clone();
    let mut found = Vec::new();
    let hints = DecodeHints { TryHarder: Some(true), ..DecodeHints::default() };
    control.check()?;
    let squares = bitmap(&left).and_then(|mut bitmap| QrReader.decode_multiple_with_hints(&mut bitmap, &hints).ok());
    for result in squares.unwrap_or_default() {
        take(&result, &mut left, &mut found);
    }
    control.check()?;
    let rows =
        bitmap(&left).and_then(|mut bitmap| PDF417Reader::new().decode_multiple_with_hints(&mut bitmap, &hints).ok());
    for result in rows.unwrap_or_default() {
        take(&result, &mut left, &mut found);
    }
    one_by_one(&mut DataMatrixReader, &hints, &mut left, &mut found, control)?;
    one_by_one(&mut AztecReader, &hints, &mut left, &mut found, control)?;
    let hints = DecodeHints { PossibleFormats: Some(STRIPES.into_iter().collect()), ..hints };
    one_by_one(&mut MultiFormatOneDReader::new(&hints), &hints, &mut left, &mut found, control)?;
    Ok(found)
}

fn bitmap(picture: &GrayImage) -> Option<BinaryBitmap<HybridBinarizer<Luma8Source<'_>>>> {
    let source = Luma8Source::new_with_slice(picture.as_raw(), picture.width(), picture.height()).ok()?;
    Some(BinaryBitmap::new(HybridBinarizer::new(source)))
}

fn one_by_one(
    reader: &mut impl Reader,
    hints: &DecodeHints,
    left: &mut GrayImage,
    found: &mut Vec<Code>,
    control: &RunControl,
) -> Result<(), ToolError> {
    for _ in 0..ROUNDS {
        control.check()?;
        let result = bitmap(left).and_then(|mut bitmap| reader.decode_with_hints(&mut bitmap, hints).ok());
        let Some(result) = result else { break };
        take(&result, left, found);
    }
    Ok(())
}

/// Keeps a reading and paints its place white.
fn take(result: &RXingResult, left: &mut GrayImage, found: &mut Vec<Code>) {
    let corners: Vec<[f32; 2]> = result.getPoints().iter().map(|point| [point.x, point.y]).collect();
    let Some(format) = name(*result.getBarcodeFormat()) else {
        blank(left, &around(&corners, left));
        return;
    };
    let quad = match (corners.as_slice(), result.getBarcodeFormat()) {
        // Two points on the line that was read.
        ([start, .., end], kind) if STRIPES.contains(kind) => {
            let end = if *kind == BarcodeFormat::CODE_39 { mended(*end, result, left) } else { *end };
            stripes::extent(left, *start, end)
        }
        // Top left, bottom left, top right, bottom right, then the same without the end patterns.
        ([a, b, c, d, ..], BarcodeFormat::PDF_417) => {
            Some(clockwise(turned_back(Quad([*a, *c, *d, *b]), result, left)))
        }
        ([a, b, c, d], _) => Some(clockwise(Quad([*a, *b, *c, *d]))),
        (points, _) => Some(around(points, left)),
    };
    let Some(quad) = quad else {
        blank(left, &around(&corners, left));
        return;
    };
    blank(left, &quad);
    let text = result.getText().to_owned();
    if !text.is_empty() {
        found.push(Code { format, text, quad });
    }
}

fn name(format: BarcodeFormat) -> Option<&'static str> {
    Some(match format {
        BarcodeFormat::QR_CODE => "qr",
        BarcodeFormat::MICRO_QR_CODE | BarcodeFormat::RECTANGULAR_MICRO_QR_CODE => "micro-qr",
        BarcodeFormat::DATA_MATRIX => "data-matrix",
        BarcodeFormat::AZTEC => "aztec",
        BarcodeFormat::PDF_417 => "pdf-417",
        BarcodeFormat::EAN_13 => "ean-13",
        BarcodeFormat::EAN_8 => "ean-8",
        BarcodeFormat::UPC_A => "upc-a",
        BarcodeFormat::UPC_E => "upc-e",
        BarcodeFormat::CODE_128 => "code-128",
        BarcodeFormat::CODE_39 => "code-39",
        BarcodeFormat::CODE_93 => "code-93",
        BarcodeFormat::ITF => "itf",
        BarcodeFormat::CODABAR => "codabar",
        _ => return None,
    })
}

/// How the reader has turned the picture, in degrees from 0 to 270.
fn turn(result: &RXingResult) -> i32 {
    match result.getRXingResultMetadata().get(&RXingResultMetadataType::ORIENTATION) {
        Some(RXingResultMetadataValue::Orientation(turn)) => turn.rem_euclid(360),
        _ => 0,
    }
}

/// The Code 39 reader of rxing 0.9 halves the whole position of the end instead of the last group's width. Positions count
/// along the line that was read, which may run backwards or down.
fn mended([x, y]: [f32; 2], result: &RXingResult, picture: &GrayImage) -> [f32; 2] {
    match turn(result) {
        90 => [x, 2.0 * y - (picture.height() as f32 - 1.0)],
        180 => [2.0 * x - (picture.width() as f32 - 1.0), y],
        270 => [x, 2.0 * y],
        _ => [2.0 * x, y],
    }
}

/// The PDF417 reader turns the picture counter-clockwise until it can read, and gives corners of the turned one.
fn turned_back(quad: Quad, result: &RXingResult, picture: &GrayImage) -> Quad {
    let (width, height) = (picture.width() as f32, picture.height() as f32);
    Quad(quad.0.map(|[x, y]| match turn(result) {
        90 => [width - y, x],
        180 => [width - x, height - y],
        270 => [y, height - x],
        _ => [x, y],
    }))
}

/// The same corners in clockwise order from the same first one; the readers give them in different orders.
fn clockwise(quad: Quad) -> Quad {
    let middle = |axis: usize| quad.0.iter().map(|corner| corner[axis]).sum::<f32>() / 4.0;
    let (x, y) = (middle(0), middle(1));
    let angle = |index: usize| (quad.0[index][1] - y).atan2(quad.0[index][0] - x);
    let mut order = [0, 1, 2, 3];
    order.sort_by(|a, b| angle(*a).total_cmp(&angle(*b)));
    let first = order.iter().position(|index| *index == 0).unwrap_or_default();
    order.rotate_left(first);
    Quad(order.map(|index| quad.0[index]))
}

/// The upright box around points, at least a few pixels each way; the whole picture where there are none.
fn around(points: &[[f32; 2]], picture: &GrayImage) -> Quad {
    let (width, height) = (picture.width() as f32, picture.height() as f32);
    let whole = BBox { x1: 0.0, y1: 0.0, x2: width, y2: height };
    let bbox = points
        .iter()
        .map(|[x, y]| BBox { x1: x - 2.0, y1: y - 2.0, x2: x + 2.0, y2: y + 2.0 })
        .reduce(|a, b| BBox { x1: a.x1.min(b.x1), y1: a.y1.min(b.y1), x2: a.x2.max(b.x2), y2: a.y2.max(b.y2) });
    let b = bbox.unwrap_or(whole);
    Quad([[b.x1, b.y1], [b.x2, b.y1], [b.x2, b.y2], [b.x1, b.y2]])
}

fn blank(picture: &mut GrayImage, quad: &Quad) {
    let Some((x, y, width, height)) = quad.bounds().to_pixels(picture.width(), picture.height()) else { return };
    for (x, y) in (y..y + height).flat_map(|y| (x..x + width).map(move |x| (x, y))) {
        if quad.contains(x as f32 + 0.5, y as f32 + 0.5) {
            picture.put_pixel(x, y, Luma([255]));
        }
    }
}
