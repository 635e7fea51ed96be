//! The table as one HTML page.
//!
//! The fixed parts are in `html/`: the style, and a script in parts (how it decides, what the
//! address contains, what it draws, what users do). The table is one block of JSON, which the
//! script reads and which is not a script itself.

use serde_json::{Map, Value, json};

use super::model::sections::{Section, sections};
use super::model::{FactRow, Model, Operation, Scheme, Server, access_word};
use super::paths::PathGroup;
use super::text::{escaped, json_in_script};

const STYLE: &str = include_str!("html/page.css");
const SCRIPT: &str = concat!(
    include_str!("html/decide.js"),
    "\n",
    include_str!("html/address.js"),
    "\n",
    include_str!("html/draw.js"),
    "\n",
    include_str!("html/row.js"),
    "\n",
    include_str!("html/matrix.js"),
    "\n",
    include_str!("html/page.js")
);
const BODY: &str = include_str!("html/body.html");
/// SHA-256 of the style and of the script, which alone the page may apply and run.
// SECURITY: a change of the style or the script must change its digest here. Tested by
// `crates/server/tests/it/picture.rs`.
const STYLE_DIGEST: &str = "sha256-pL63MjvD+Vl34ahRnPQ4Oou8dt/xyIw3RKAMwbucJwQ=";
const SCRIPT_DIGEST: &str = "sha256-oYsY0tR1BSsFrlN+ckqQtVj6lLtQTNrKYL+XRL0rYOs=";

pub(super) fn write(model: &Model) -> String {
    let title = escaped(&model.title);
    let summary = escaped(&model.summary());
    let note = model
        .note
        .as_deref()
        .map(escaped)
        .map(|note| format!("<p>{note}</p>\n"))
        .unwrap_or_default();
    let data = data(model);
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src '{STYLE_DIGEST}'; \
         script-src '{SCRIPT_DIGEST}'; base-uri 'none'; form-action 'none'\"/>\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n\
         <meta name=\"color-scheme\" content=\"light dark\"/>\n\
         <title>{title}: who may do what</title>\n<style>{STYLE}</style>\n</head>\n<body>\n\
         <header>\n<h1>{title}</h1>\n<p>{summary}</p>\n{note}</header>\n{BODY}\
         <script type=\"application/json\" id=\"policy\">{data}</script>\n<script>{SCRIPT}</script>\n</body>\n</html>\n"
    )
}

/// The maximum number of columns of the matrix.
const MOST_SECTIONS: usize = 16;

/// Returns the data of the script: JSON for a `script` element.
fn data(model: &Model) -> String {
    let sections = sections(model, MOST_SECTIONS);
    let members = [
        ("atoms", list(model.atoms.iter().map(atom))),
        ("schemes", list(model.schemes.iter().map(scheme))),
        ("servers", list(model.servers.iter().map(server))),
        ("guards", json_in_script(&json!(model.guards).to_string())),
        ("operations", list(model.operations.iter().map(operation))),
        ("paths", json_in_script(&group(&model.paths).to_string())),
        ("sections", list(sections.iter().map(section))),
    ];
    let member = |(name, value): (&str, String)| format!("\"{name}\":{value}");
    format!("{{{}}}", members.map(member).join(","))
}

/// Writes one value after the other, because the values of all operations together are larger than
/// their text.
fn list(values: impl Iterator<Item = Value>) -> String {
    let mut text = String::from("[");
    for (place, value) in values.enumerate() {
        if place > 0 {
            text.push(',');
        }
        text.push_str(&json_in_script(&value.to_string()));
    }
    text.push(']');
    text
}

fn atom(fact: &FactRow) -> Value {
    let mut object = Map::new();
    object.insert("name".to_owned(), fact.name.as_str().into());
    if fact.label != fact.name {
        object.insert("label".to_owned(), fact.label.as_str().into());
    }
    if !fact.about.is_empty() {
        object.insert("about".to_owned(), fact.about.as_str().into());
    }
    object.insert("implies".to_owned(), json!(fact.implies));
    object.into()
}

fn scheme(scheme: &Scheme) -> Value {
    let scopes: Vec<[usize; 2]> = scheme.scopes.iter().map(|scope| [scope.atom, scope.depth]).collect();
    json!({ "atom": scheme.atom, "kind": scheme.kind, "scopes": scopes })
}

fn server(server: &Server) -> Value {
    json!({ "schemes": server.schemes, "word": server.word, "default": server.is_default })
}

fn section(section: &Section<'_>) -> Value {
    json!([section.label, section.operations])
}

/// Writes an operation. Properties that do not apply are left out, because there are many
/// operations.
fn operation(operation: &Operation) -> Value {
    let mut object = Map::new();
    let mut put = |name: &str, value: Value| object.insert(name.to_owned(), value);
    put("method", operation.method.into());
    put("path", operation.path.as_str().into());
    put("access", access_word(operation.access).into());
    put("needs", json!(operation.needs));
    if let Some(name) = &operation.name {
        put("name", name.as_str().into());
    }
    if operation.is_optional {
        put("optional", true.into());
    }
    if !operation.overridden.is_empty() {
        put("overrides", json!(operation.overridden));
    }
    if !operation.tree.is_empty() {
        put("tree", json!(operation.tree));
    }
    if operation.is_tree_cut {
        put("cut", true.into());
    }
    object.into()
}

fn group(of: &PathGroup) -> Value {
    let groups: Vec<Value> = of.groups.iter().map(group).collect();
    json!({ "prefix": of.prefix, "label": of.label, "operations": of.operations, "groups": groups })
}
