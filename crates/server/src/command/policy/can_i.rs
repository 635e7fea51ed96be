//! `scopegate policy can-i FILE --scope "a b"`

use scopegate_policy::ResolvedOperation;
use scopegate_policy::analysis::operations_of;
use serde_json::json;

use super::{document, held};
use crate::arguments::CanIArguments;
use crate::output::{Format, print, table};

pub(super) fn run(format: Format, arguments: &CanIArguments) -> anyhow::Result<()> {
    let policy = document::read(&arguments.document.file)?;
    let grant = held::grant(policy.table(), &arguments.held)?;
    let open = operations_of(policy.table(), &grant);
    let json =
        |operation: &&ResolvedOperation| json!({ "method": operation.method().as_str(), "path": operation.template() });
    let row = |operation: &&ResolvedOperation| vec![operation.method().to_string(), operation.template().to_owned()];
    let rows: Vec<Vec<String>> = open.iter().map(row).collect();
    let human = format!(
        "{}\n{} of {} operations\n",
        table(&["METHOD", "PATH"], &rows),
        open.len(),
        policy.table().operations().len()
    );
    print(
        format,
        &human,
        &json!({ "operations": open.iter().map(json).collect::<Vec<_>>() }),
    )
}
