//! `query`: SQL over what was seen, for models that can write it.

use std::fmt::Write;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    evidence::{EvidenceError, QueryLimits, QueryOutput},
    tool::{Effects, Example, Scene, Tool, ToolCx, ToolError},
};

/// Asks the tables of evidence.
pub struct Query;

/// Arguments of [`Query`].
#[derive(Debug, Deserialize, JsonSchema)]
pub struct QueryInput {
    /// one SELECT over image, object, line, field, item, tables, page_1_table_1, color, relation, uncertain and others
    sql: String,
}

/// Rows and bytes that a model is given.
const LIMITS: QueryLimits = QueryLimits { time: std::time::Duration::from_secs(2), rows: 50, bytes: 8 << 10 };

impl Tool for Query {
    type Input = QueryInput;
    type Output = QueryOutput;
    const NAME: &'static str = "query";
    const EFFECTS: Effects = Effects::COMPUTES;
    const ADVANCED: bool = true;
    const SUMMARY: &'static str = "ask everything that was seen by one SQL SELECT";

    fn examples() -> Vec<Example> {
        vec![Example {
            task: "Which labels are in the pictures, and how often?",
            input: json!({"sql": "SELECT label, count(*) AS number FROM object GROUP BY label ORDER BY number DESC"}),
            output: json!({"columns": ["label", "number"], "rows": [["cup", 2], ["spoon", 1]]}),
        }]
    }

    async fn call(&self, input: QueryInput, cx: &ToolCx) -> Result<QueryOutput, ToolError> {
        let images = cx.images.clone();
        cx.blocking(move |_| {
            let answered = images.record_images().and_then(|()| images.evidence().query(&input.sql, LIMITS));
            answered.map_err(|error| match error {
                EvidenceError::Query(why) => ToolError::invalid_input(why),
                other => ToolError::internal(format!("the query failed: {other:?}")),
            })
        })
        .await
    }

    fn narrow(schema: Value, scene: &Scene) -> Option<Value> {
        (!scene.images.is_empty()).then_some(schema)
    }

    fn render(output: &QueryOutput) -> String {
        if output.rows.is_empty() {
            return "no rows".into();
        }
        let mut text = output.columns.join(" | ");
        for row in &output.rows {
            let values: Vec<String> =
                row.iter().map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned)).collect();
            let _ = write!(text, "\n{}", values.join(" | "));
        }
        if output.more {
            text.push_str("\n(there are more rows)");
        }
        text
    }
}
