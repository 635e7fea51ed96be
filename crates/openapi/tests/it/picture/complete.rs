//! Every operation and every scope is shown, or counted if there are too many.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use roxmltree::Document;
use scopegate_domain::DeclaredScheme;
use scopegate_openapi::import;
use scopegate_openapi::picture::{self, Labels};
use scopegate_policy::OperationTable;

use crate::picture::embedded::Embedded;
use crate::picture::{all, tables};

/// Returns the texts of an SVG, including those of tooltips.
fn texts(svg: &str) -> BTreeSet<String> {
    let document = Document::parse(svg).unwrap();
    let texts = document
        .descendants()
        .filter(|node| node.has_tag_name(("http://www.w3.org/2000/svg", "text")));
    let own = |node: roxmltree::Node<'_, '_>| {
        let whole = node
            .children()
            .find(roxmltree::Node::is_element)
            .and_then(|title| title.text());
        whole.or_else(|| node.text()).unwrap_or_default().to_owned()
    };
    texts.map(own).collect()
}

fn scopes(table: &OperationTable) -> impl Iterator<Item = &str> {
    let scopes = table.catalog().schemes().iter().flat_map(DeclaredScheme::scopes);
    scopes.map(|scope| scope.token().as_str())
}

#[test]
fn an_svg_shows_every_operation_and_every_scope() {
    for (name, table) in all().into_iter().filter(|(name, _)| *name != "hostile") {
        let texts = texts(&picture::svg(&table, &Labels::new("t")));
        for operation in table.operations() {
            assert!(texts.contains(operation.template()), "{name}: {operation} is missing");
        }
        for scope in scopes(&table) {
            assert!(texts.contains(scope), "{name}: {scope} is missing");
        }
    }
}

#[test]
fn a_page_holds_every_operation_and_every_scope_once() {
    for (name, table) in all().into_iter().filter(|(name, _)| *name != "hostile") {
        let page = Embedded::of(&picture::html(&table, &Labels::new("t")));
        for (shown, operation) in page.operations().iter().zip(table.operations()) {
            assert_eq!(shown["path"], operation.template(), "{name}");
            assert_eq!(shown["method"], operation.method().as_str(), "{name}");
            assert_eq!(
                shown["needs"].as_array().unwrap().len(),
                operation.alternatives().len(),
                "{name}"
            );
        }
        let mut grouped = page.grouped();
        grouped.sort_unstable();
        let all: Vec<u64> = (0..).take(table.operations().len()).collect();
        assert_eq!(grouped, all, "{name}: each operation is in one group");
        let mut ticks = page.ticks();
        let shown: BTreeSet<&str> = ticks.iter().map(|fact| page.name(*fact)).collect();
        assert!(scopes(&table).all(|scope| shown.contains(scope)), "{name}");
        let count = ticks.len();
        ticks.sort_unstable();
        ticks.dedup();
        assert_eq!(ticks.len(), count, "{name}: a box stands twice");
    }
}

#[test]
fn a_text_for_graphviz_has_every_operation_and_every_scope() {
    for (name, table) in all().into_iter().filter(|(name, _)| *name != "hostile") {
        let dot = picture::dot(&table, &Labels::new("t"));
        for (number, operation) in table.operations().iter().enumerate() {
            let node = format!("  o{number} [label=\"{} {}", operation.method(), operation.template());
            assert!(dot.contains(&node), "{name}: {node}");
        }
        for scope in scopes(&table) {
            assert!(dot.contains(&format!(" [label=\"{scope}\"]")), "{name}: {scope}");
        }
    }
}

/// A list of paths counts each of eleven thousand operations once, and the picture states that it
/// counts them.
#[test]
fn a_picture_of_too_many_operations_counts_them() {
    let table = tables::regular(11_215, 90).unwrap();
    let svg = picture::svg(&table, &Labels::new("t"));
    assert!(svg.len() < 1_000_000, "{} bytes", svg.len());
    let texts = texts(&svg);
    assert!(
        texts
            .iter()
            .any(|text| text.starts_with("11215 operations are too many for a picture"))
    );
    let document = Document::parse(&svg).unwrap();
    let words = document
        .descendants()
        .filter(roxmltree::Node::is_text)
        .filter_map(|node| node.text());
    let counts = words.filter_map(|text| text.split_once(" operation"));
    let counts = counts.filter(|(_, rest)| rest.starts_with(": ") || rest.starts_with("s: "));
    let sum: usize = counts.map(|(count, _)| count.parse::<usize>().unwrap()).sum();
    assert_eq!(sum, 11_215);
}

/// Draws real interfaces, if their documents are present.
#[test]
fn real_interfaces_are_drawn_whole() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/openapi");
    for name in ["slack.json", "spotify.json", "xero-accounting.json"] {
        let Ok(document) = fs::read(folder.join(name)) else {
            eprintln!("SKIPPED, NOTHING WAS TESTED: {name} is not in {}", folder.display());
            continue;
        };
        let imported = import::read(&document).unwrap();
        let table = imported.table();
        let texts = texts(&picture::svg(table, &Labels::new(name)));
        let page = Embedded::of(&picture::html(table, &Labels::new(name)));
        assert_eq!(page.grouped().len(), table.operations().len(), "{name}");
        for operation in table.operations() {
            assert!(texts.contains(operation.template()), "{name}: {operation} is missing");
        }
        for scope in scopes(table) {
            assert!(texts.contains(scope), "{name}: {scope} is missing");
        }
    }
}
