//! Parquet without Arrow: a flat table of optional columns.

use std::{path::Path, sync::Arc};

use argus_agent::workflow::ItemRecord;
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

/// Writes all rows. A value that does not fit its column's kind, which only an untyped step can give, is null there.
pub(crate) fn write(path: &Path, table: &Table, rows: &[ItemRecord]) -> anyhow::Result<()> {
    let fields = table.names().zip(table.kinds()).map(|(name, kind)| field(name, kind).map(Arc::new));
    let schema = Type::group_type_builder("record").with_fields(fields.collect::<Result<_, _>>()?).build()?;
    let file = fs_err::File::create(path)?.into_parts().0;
    let mut writer = SerializedFileWriter::new(file, Arc::new(schema), Arc::default())?;
    for rows in rows.chunks(GROUP) {
        let values: Vec<Vec<Value>> = rows.iter().map(|row| table.row(row)).collect();
        let mut group = writer.next_row_group()?;
        for (at, kind) in table.kinds().enumerate() {
            let cells = values.iter().map(|row| &row[at]);
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
