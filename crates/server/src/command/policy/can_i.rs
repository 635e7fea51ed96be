//! `scopegate policy can-i FILE --scope "a b"`

use scopegate_policy::ResolvedOperation;
use serde::Serialize;
use serde_json::json;

use super::document;
use super::held::Holdings;
use crate::arguments::CanIArguments;
use crate::output::{Each, Format, counted, print_with, table};

#[derive(Serialize)]
struct Answer<O> {
    operations: O,
}

pub(super) fn run(format: Format, arguments: &CanIArguments) -> anyhow::Result<()> {
    let policy = document::open(&arguments.document)?;
    let holdings = Holdings::new(policy.table(), &arguments.held)?;
    let operations = policy.table().operations().iter();
    let open: Vec<&ResolvedOperation> = operations.filter(|operation| holdings.opens(operation)).collect();
    let json =
        |operation: &&ResolvedOperation| json!({ "method": operation.method().as_str(), "path": operation.template() });
    let row = |operation: &&ResolvedOperation| vec![operation.method().to_string(), operation.template().to_owned()];
    let human = || {
        let rows: Vec<Vec<String>> = open.iter().map(row).collect();
        format!(
            "{}\n{} of {}\n",
            table(&["METHOD", "PATH"], &rows),
            open.len(),
            counted(policy.table().operations().len(), "operation")
        )
    };
    let operations = Each(&open, json);
    print_with(format, human, &Answer { operations })
}
