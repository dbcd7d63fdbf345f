//! What a camera wrote into a photograph.

use std::io::Cursor;

use exif::{Exif, In, Reader, Tag, Value};
use serde::{Deserialize, Serialize};

/// When, with what and where a photograph was taken, as far as its EXIF data says so.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct PhotoInfo {
    /// Local time, ISO 8601 without a zone.
    pub taken: Option<String>,
    /// Maker and model of the camera.
    pub camera: Option<String>,
    /// Degrees north, negative in the south.
    pub lat: Option<f64>,
    /// Degrees east, negative in the west.
    pub lon: Option<f64>,
}

/// Characters of a text that are kept: these come from a file that anybody may have made.
const MOST_TEXT: usize = 80;

impl PhotoInfo {
    /// What the EXIF data of a JPEG, PNG, WebP or TIFF file says; `None` where there is none of it or it is broken.
    pub fn read(bytes: &[u8]) -> Option<Self> {
        // Parsers work on hostile bytes; should one panic after all, only its facts are missing.
        let read = std::panic::catch_unwind(|| Reader::new().read_from_container(&mut Cursor::new(bytes)).ok());
        let exif = read.ok().flatten()?;
        let info = Self {
            taken: [Tag::DateTimeOriginal, Tag::DateTime].into_iter().find_map(|tag| time(&text(&exif, tag)?)),
            camera: camera(text(&exif, Tag::Make), text(&exif, Tag::Model)),
            lat: degrees(&exif, Tag::GPSLatitude, Tag::GPSLatitudeRef, 90.0),
            lon: degrees(&exif, Tag::GPSLongitude, Tag::GPSLongitudeRef, 180.0),
        };
        (info != Self::default()).then_some(info)
    }
}

fn text(exif: &Exif, tag: Tag) -> Option<String> {
    let Value::Ascii(parts) = &exif.get_field(tag, In::PRIMARY)?.value else { return None };
    let text = String::from_utf8_lossy(parts.first()?).into_owned();
    let text: String = text.chars().filter(|c| !c.is_control()).take(MOST_TEXT).collect();
    Some(text.trim().to_owned()).filter(|text| !text.is_empty())
}

/// `2024:05:01 12:30:00` as ISO 8601.
fn time(text: &str) -> Option<String> {
    let time = exif::DateTime::from_ascii(text.as_bytes()).ok()?;
    let known = time.year > 0 && (1..=12).contains(&time.month) && (1..=31).contains(&time.day);
    known.then(|| {
        format!(
            "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}",
            time.year, time.month, time.day, time.hour, time.minute, time.second
        )
    })
}

/// The model, after its maker where it does not name it itself.
fn camera(make: Option<String>, model: Option<String>) -> Option<String> {
    let Some(model) = model else { return make };
    let first = make.as_deref().and_then(|make| make.split_whitespace().next()).unwrap_or_default();
    Some(match &make {
        Some(make) if !model.to_lowercase().starts_with(&first.to_lowercase()) => format!("{make} {model}"),
        _ => model,
    })
}

fn degrees(exif: &Exif, tag: Tag, side: Tag, most: f64) -> Option<f64> {
    let Value::Rational(parts) = &exif.get_field(tag, In::PRIMARY)?.value else { return None };
    let [degrees, minutes, seconds] = [0, 1, 2].map(|at| parts.get(at).map_or(0.0, exif::Rational::to_f64));
    let size = degrees + minutes / 60.0 + seconds / 3600.0;
    let sign = if matches!(text(exif, side).as_deref(), Some("S" | "W")) { -1.0 } else { 1.0 };
    (size.is_finite() && size <= most).then(|| sign * (size * 1e6).round() / 1e6)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails where its set-up does")]

    use exif::{Field, Rational, experimental::Writer};
    use image::{ImageEncoder, RgbImage, codecs::png::PngEncoder};

    use super::*;

    fn photo(fields: &[(Tag, Value)]) -> Vec<u8> {
        let fields: Vec<Field> =
            fields.iter().map(|(tag, value)| Field { tag: *tag, ifd_num: In::PRIMARY, value: value.clone() }).collect();
        let mut writer = Writer::new();
        for field in &fields {
            writer.push_field(field);
        }
        let mut data = Cursor::new(Vec::new());
        writer.write(&mut data, false).unwrap();
        let mut bytes = Vec::new();
        let mut encoder = PngEncoder::new(&mut bytes);
        encoder.set_exif_metadata(data.into_inner()).unwrap();
        let picture = RgbImage::new(4, 4);
        encoder.write_image(picture.as_raw(), 4, 4, image::ExtendedColorType::Rgb8).unwrap();
        bytes
    }

    fn ascii(text: &str) -> Value {
        Value::Ascii(vec![text.into()])
    }

    fn angle(degrees: u32, minutes: u32, hundredths: u32) -> Value {
        let whole = |num| Rational { num, denom: 1 };
        Value::Rational(vec![whole(degrees), whole(minutes), Rational { num: hundredths, denom: 100 }])
    }

    #[test]
    fn time_camera_and_place_are_read() {
        let bytes = photo(&[
            (Tag::Make, ascii("Canon")),
            (Tag::Model, ascii("Canon EOS 5D")),
            (Tag::DateTimeOriginal, ascii("2024:05:01 12:30:00")),
            (Tag::GPSLatitudeRef, ascii("S")),
            (Tag::GPSLatitude, angle(33, 51, 2400)),
            (Tag::GPSLongitudeRef, ascii("E")),
            (Tag::GPSLongitude, angle(151, 12, 0)),
        ]);
        let right = PhotoInfo {
            taken: Some("2024-05-01T12:30:00".into()),
            camera: Some("Canon EOS 5D".into()),
            lat: Some(-33.856_667),
            lon: Some(151.2),
        };
        assert_eq!(PhotoInfo::read(&bytes), Some(right));
    }

    #[test]
    fn broken_facts_are_left_out() {
        let nowhere = Value::Rational(vec![Rational { num: 1, denom: 0 }]);
        let bytes = photo(&[
            (Tag::Make, ascii("FUJI")),
            (Tag::Model, ascii("X100")),
            (Tag::DateTime, ascii("0000:00:00 00:00:00")),
            (Tag::GPSLatitude, nowhere),
            (Tag::GPSLongitude, angle(999, 0, 0)),
        ]);
        let right = PhotoInfo { camera: Some("FUJI X100".into()), ..PhotoInfo::default() };
        assert_eq!(PhotoInfo::read(&bytes), Some(right));
        assert_eq!(PhotoInfo::read(&photo(&[(Tag::DateTime, ascii("yesterday"))])), None);
        assert_eq!(PhotoInfo::read(b"no picture"), None);
        assert_eq!(PhotoInfo::read(&bytes[..bytes.len() / 2]), None);
    }
}
