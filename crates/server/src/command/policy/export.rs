//! `scopegate policy export FILE --to FORM`

use anyhow::bail;
use scopegate_openapi::export::{self, DocumentInfo};
use scopegate_policy::{Access, OperationTable};
use serde_json::Value;

use super::{document, notes};
use crate::arguments::ExportArguments;
use crate::output::{Format, counted, print_note, write_line};

pub(super) fn run(format: Format, arguments: &ExportArguments) -> anyhow::Result<()> {
    let policy = document::open(&arguments.document)?;
    let table = policy.table();
    if format == Format::Json && arguments.to == "toml" {
        bail!("`--format json` needs `--to openapi`, `--to openapi-3.0` or `--to canonical`");
    }
    match arguments.to.as_str() {
        "canonical" if format == Format::Json => {
            let mut canonical: Value = serde_json::from_str(&export::canonical(table))?;
            if let Value::Object(members) = &mut canonical {
                members.insert("notes".to_owned(), notes::all(&policy).into());
            }
            write_line(&canonical.to_string())
        }
        "canonical" => write_line(&export::canonical(table)),
        "openapi" | "openapi-3.0" => {
            let mut info = DocumentInfo::new(policy.title().unwrap_or("Policy"), policy.version().unwrap_or("0"));
            if arguments.to == "openapi-3.0" {
                info = info.openapi_3_0();
                note_roles(table);
                if export::needs_openapi_3_2(table) {
                    print_note(
                        "the policy has a method or a flow that OpenAPI has words for as of 3.2, so 3.2 is written",
                    );
                }
            }
            note_denied_operations(table);
            let mut document = export::document_of(&info, &policy);
            if format == Format::Json
                && let Value::Object(members) = &mut document
            {
                members.insert("x-scopegate-notes".to_owned(), notes::all(&policy).into());
            }
            write_line(&serde_json::to_string_pretty(&document)?)
        }
        _ => write_line(&export::toml_of(&policy)?),
    }
}

/// Prints a note about schemes whose scopes `OpenAPI` 3.0 cannot express.
fn note_roles(table: &OperationTable) {
    let schemes = table.catalog().schemes().iter();
    for declared in schemes.filter(|declared| declared.has_scopes() && !declared.scheme().has_scopes()) {
        print_note(&format!(
            "OpenAPI 3.0 lists no scopes on scheme `{}`; they are written as guards, in `x-scopegate-guards`",
            declared.name()
        ));
    }
}

/// Prints a note about operations that the document cannot contain.
fn note_denied_operations(table: &OperationTable) {
    let operations = table.operations().iter();
    let mut denied = operations.filter(|operation| operation.access() == Access::Deny);
    if let Some(first) = denied.next() {
        let rest = denied.count();
        let others = if rest > 0 {
            format!(" and {}", counted(rest, "other"))
        } else {
            String::new()
        };
        print_note(&format!(
            "`{first}`{others} cannot be written, as nothing satisfies it: OpenAPI has no word for that; use `--to toml`"
        ));
    }
}
