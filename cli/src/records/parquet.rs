//! Parquet without Arrow: a flat table of optional columns.

use std::{path::Path, sync::Arc};

use argus_workflows::ItemRecord;
use parquet::{
    basic::{LogicalType, Repetition, Type as Physical},
    data_type::{BoolType, ByteArray, ByteArrayType, DataType, DoubleType, Int64Type},
    errors::ParquetError,
    file::writer::{SerializedFileWriter, SerializedRowGroupWriter},
    schema::types::Type,
};
use serde_json::Value;

use super::table::{Kind, Table, text};

/// Rows of one group.
const GROUP: usize = 10_000;

/// Writes all records of a batch. A value that does not fit its column's kind, which only an untyped step can give, is null there.
pub(crate) fn write(path: &Path, table: &Table, rows: &[ItemRecord]) -> anyhow::Result<()> {
    let columns: Vec<(&str, Kind)> = table.names().zip(table.kinds()).collect();
    write_rows(path, &columns, rows, |row| table.row(row))
}

/// Writes rows as columns; `values` gives the values of a row.
pub(crate) fn write_rows<T>(
    path: &Path,
    columns: &[(&str, Kind)],
    rows: &[T],
    values: impl Fn(&T) -> Vec<Value>,
) -> anyhow::Result<()> {
    let fields = columns.iter().map(|(name, kind)| field(name, *kind).map(Arc::new));
    let schema = Type::group_type_builder("record").with_fields(fields.collect::<Result<_, _>>()?).build()?;
    let file = fs_err::File::create(path)?.into_parts().0;
    let mut writer = SerializedFileWriter::new(file, Arc::new(schema), Arc::default())?;
    for rows in rows.chunks(GROUP) {
        let cells: Vec<Vec<Value>> = rows.iter().map(&values).collect();
        let mut group = writer.next_row_group()?;
        for (at, (_, kind)) in columns.iter().enumerate() {
            let cells = cells.iter().map(|row| &row[at]);
            match kind {
                Kind::Integer => column::<Int64Type>(&mut group, cells.map(Value::as_i64))?,
                Kind::Number => column::<DoubleType>(&mut group, cells.map(Value::as_f64))?,
                Kind::Bool => column::<BoolType>(&mut group, cells.map(Value::as_bool))?,
                Kind::Text => {
                    let bytes = |cell: &Value| (!cell.is_null()).then(|| ByteArray::from(text(cell).into_bytes()));
                    column::<ByteArrayType>(&mut group, cells.map(bytes))?;
                }
                Kind::Json => {
                    let bytes =
                        |cell: &Value| (!cell.is_null()).then(|| ByteArray::from(cell.to_string().into_bytes()));
                    column::<ByteArrayType>(&mut group, cells.map(bytes))?;
                }
            }
        }
        group.close()?;
    }
    writer.close()?;
    Ok(())
}

fn field(name: &str, kind: Kind) -> Result<Type, ParquetError> {
    let (physical, logical) = match kind {
        Kind::Integer => (Physical::INT64, None),
        Kind::Number => (Physical::DOUBLE, None),
        Kind::Bool => (Physical::BOOLEAN, None),
        Kind::Text => (Physical::BYTE_ARRAY, Some(LogicalType::String)),
        Kind::Json => (Physical::BYTE_ARRAY, Some(LogicalType::Json)),
    };
    Type::primitive_type_builder(name, physical)
        .with_repetition(Repetition::OPTIONAL)
        .with_logical_type(logical)
        .build()
}

fn column<T: DataType>(
    group: &mut SerializedRowGroupWriter<'_, std::fs::File>,
    cells: impl Iterator<Item = Option<T::T>>,
) -> Result<(), ParquetError> {
    let cells: Vec<Option<T::T>> = cells.collect();
    let there: Vec<i16> = cells.iter().map(|cell| i16::from(cell.is_some())).collect();
    let values: Vec<T::T> = cells.into_iter().flatten().collect();
    let mut writer = group
        .next_column()?
        .ok_or_else(|| ParquetError::General("there are more columns than the schema has".into()))?;
    writer.typed::<T>().write_batch(&values, Some(&there), None)?;
    writer.close()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a failed set-up fails the test")]

    use argus_tools::tool::Toolbox;
    use argus_workflows::{ItemRecord, Workflow};
    use parquet::file::reader::{FileReader, SerializedFileReader};
    use serde_json::json;

    use super::{Table, write};

    #[test]
    fn what_is_written_can_be_read() {
        let text = "name: t\ninputs: { image: image }\nsteps: { s: { set: { n: 1, label: cup, list: [1] } } }\n\
                    outputs: { n: \"{{ steps.s.n }}\", image: \"{{ steps.s.label }}\", list: \"{{ steps.s.list }}\" }\n";
        let workflow = Workflow::read(text, "t.yaml", None, &Toolbox::new()).unwrap();
        let record = |item: usize, ok: bool| -> ItemRecord {
            let outputs = if ok { json!({ "n": 7, "image": "cup", "list": [1, 2] }) } else { json!({}) };
            let error = (!ok).then_some("broken");
            serde_json::from_value(json!({
                "item": item, "inputs": { "image": "a.jpg" }, "ok": ok, "outputs": outputs, "error": error,
                "usage": { "prompt_tokens": 0, "completion_tokens": 0 }, "ms": 1.5
            }))
            .unwrap()
        };
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t.parquet");
        let table = Table::of(&workflow);
        assert_eq!(
            table.names().collect::<Vec<_>>(),
            ["item", "ok", "image", "n", "output.image", "list", "images", "error", "ms"]
        );
        write(&path, &table, &[record(0, true), record(1, false)]).unwrap();
        let reader = SerializedFileReader::new(std::fs::File::open(&path).unwrap()).unwrap();
        let rows: Vec<String> = reader.get_row_iter(None).unwrap().map(|row| row.unwrap().to_string()).collect();
        assert_eq!(
            rows,
            [
                "{item: 0, ok: true, image: \"a.jpg\", n: 7, output.image: \"cup\", list: \"[1,2]\", images: null, error: null, ms: 1.5}",
                "{item: 1, ok: false, image: \"a.jpg\", n: null, output.image: null, list: null, images: null, error: \"broken\", ms: 1.5}",
            ]
        );
    }
}
