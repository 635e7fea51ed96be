//! The table as text for Graphviz.

use std::fmt::Write;

use scopegate_policy::Access;

use super::model::{Model, Operation};
use super::paths::PathGroup;

pub(super) fn write(model: &Model) -> String {
    let mut out = String::from("digraph policy {\n");
    let title = [Some(&*model.title), model.note.as_deref(), Some(&*model.summary())]
        .into_iter()
        .flatten()
        .collect::<Vec<_>>()
        .join(" — ");
    line(
        &mut out,
        1,
        &format!(
            "graph [rankdir=LR, labelloc=t, fontname=\"sans-serif\", ranksep=2, label={}]",
            quoted(&title)
        ),
    );
    line(
        &mut out,
        1,
        "node [shape=box, style=rounded, fontname=\"monospace\", fontsize=11, height=0.3]",
    );
    line(&mut out, 1, "edge [arrowsize=0.6]");
    scopes(&mut out, model);
    group(&mut out, model, &model.paths, 1, &mut 0);
    for (number, operation) in model.operations.iter().enumerate() {
        ways(&mut out, number, operation);
    }
    out.push_str("}\n");
    out
}

fn line(out: &mut String, depth: usize, text: &str) {
    // Writing to a text cannot fail.
    let _ = writeln!(out, "{:indent$}{text}", "", indent = 2 * depth);
}

/// Returns a label. Characters that Graphviz reads as an escape or as an entity are quoted, so that
/// they show themselves.
fn quoted(text: &str) -> String {
    format!(
        "\"{}\"",
        text.replace('&', "&amp;").replace('\\', "\\\\").replace('"', "\\\"")
    )
}

/// Returns the whole name, if the label is shorter.
fn tooltip(model: &Model, atom: usize) -> String {
    let name = model.name(atom);
    if name == model.label(atom) {
        String::new()
    } else {
        format!(", tooltip={}", quoted(name))
    }
}

/// Writes schemes as clusters of their scopes, then the guards.
fn scopes(out: &mut String, model: &Model) {
    for (number, scheme) in model.schemes.iter().enumerate() {
        line(out, 1, &format!("subgraph cluster_scheme{number} {{"));
        let label = format!("{} ({})", model.label(scheme.atom), scheme.kind);
        line(out, 2, &format!("graph [label={}, style=rounded]", quoted(&label)));
        if model.is_required(scheme.atom) || scheme.scopes.is_empty() {
            line(
                out,
                2,
                &format!("a{} [label={}, shape=oval]", scheme.atom, quoted("any credential")),
            );
        }
        for scope in &scheme.scopes {
            line(
                out,
                2,
                &format!(
                    "a{} [label={}{}]",
                    scope.atom,
                    quoted(model.label(scope.atom)),
                    tooltip(model, scope.atom)
                ),
            );
        }
        line(out, 1, "}");
    }
    for guard in &model.guards {
        line(
            out,
            1,
            &format!(
                "a{guard} [label={}{}, shape=hexagon]",
                quoted(model.label(*guard)),
                tooltip(model, *guard)
            ),
        );
    }
    for scope in model.listed() {
        let weaker = model.atoms.get(scope.atom).map_or(&[][..], |fact| &fact.implies);
        for weaker in weaker.iter().filter(|atom| model.scopes.contains(atom)) {
            line(
                out,
                1,
                &format!(
                    "a{} -> a{weaker} [style=dashed, label=\"implies\", fontsize=9]",
                    scope.atom
                ),
            );
        }
    }
}

/// Writes operations, in clusters by the beginning of their paths.
fn group(out: &mut String, model: &Model, group: &PathGroup, depth: usize, cluster: &mut usize) {
    for number in &group.operations {
        if let Some(operation) = model.operations.get(*number) {
            line(out, depth, &format!("o{number} [label={}]", quoted(&label(operation))));
        }
    }
    for smaller in &group.groups {
        line(out, depth, &format!("subgraph cluster_path{cluster} {{"));
        *cluster += 1;
        line(
            out,
            depth + 1,
            &format!("graph [label={}, style=rounded]", quoted(&smaller.label)),
        );
        self::group(out, model, smaller, depth + 1, cluster);
        line(out, depth, "}");
    }
}

fn label(operation: &Operation) -> String {
    let access = match operation.access {
        Access::Public => " (public)",
        Access::Deny => " (denied to all)",
        Access::Authenticated | Access::Scoped => "",
    };
    let optional = if operation.is_optional { " (optional)" } else { "" };
    format!("{} {}{access}{optional}", operation.method, operation.path)
}

/// Writes an edge for each alternative with one atom. The atoms of a larger alternative meet in a
/// point.
fn ways(out: &mut String, number: usize, operation: &Operation) {
    for (way, need) in operation.needs.iter().enumerate() {
        if let [atom] = &**need {
            line(out, 1, &format!("a{atom} -> o{number}"));
            continue;
        }
        if !need.is_empty() {
            line(
                out,
                1,
                &format!("w{number}_{way} [shape=circle, label=\"and\", fontsize=8, width=0.2]"),
            );
            line(out, 1, &format!("w{number}_{way} -> o{number}"));
        }
        for atom in need {
            line(out, 1, &format!("a{atom} -> w{number}_{way} [arrowhead=none]"));
        }
    }
}
