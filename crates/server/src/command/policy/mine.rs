//! `scopegate policy mine FILE`: infers implications between scopes.

use scopegate_analysis::{InferredImplication, infer_implications};
use serde_json::json;

use super::document;
use crate::arguments::PolicyFile;
use crate::output::{Format, counted, print, table};

pub(super) fn run(format: Format, file: &PolicyFile) -> anyhow::Result<()> {
    let policy = document::open(file)?;
    let edges = infer_implications(policy.table());
    let json = |edge: &InferredImplication| {
        json!({
            "scheme": edge.scheme().as_str(),
            "strong": edge.strong().as_str(), "weak": edge.weak().as_str(),
            "strong_opens": edge.strong_opens(), "weak_opens": edge.weak_opens(),
        })
    };
    let row = |edge: &InferredImplication| {
        vec![
            edge.scheme().to_string(),
            edge.strong().to_string(),
            edge.weak().to_string(),
            format!("{} > {}", edge.strong_opens(), edge.weak_opens()),
        ]
    };
    let rows: Vec<Vec<String>> = edges.iter().map(row).collect();
    let human = format!(
        "{}\n{} that no declaration says\n",
        table(&["SCHEME", "SCOPE", "SEEMS TO IMPLY", "OPERATIONS"], &rows),
        counted(edges.len(), "edge")
    );
    print(
        format,
        &human,
        &json!({ "edges": edges.iter().map(json).collect::<Vec<_>>() }),
    )
}
