//! Locating operations, next to a list that was removed through.

use proptest::prelude::*;
use proptest::sample::select;
use scopegate_domain::Catalog;
use scopegate_policy::{Guard, Locator, Method, Operation, OperationTable, ResolvedOperation, locate};

const SEGMENTS: [&str; 7] = ["a", "b", "{x}", "{y}", "a{x}", "{*rest}", "f(on={x})"];

fn table(templates: &[String]) -> OperationTable {
    let builder = OperationTable::builder(Catalog::builder().build().expect("a catalog"));
    let operations = templates
        .iter()
        .map(|template| Operation::get(template).guard(Guard::public()));
    operations
        .fold(builder, scopegate_policy::OperationTableBuilder::operation)
        .build()
        .expect("a table")
}

/// How well a template fits: for each segment 0 for a text, 1 for a text with a parameter, 2 for a
/// parameter, 3 for the rest.
fn fit(template: &[&str], path: &[&str]) -> Option<Vec<u8>> {
    match (template, path) {
        ([], []) => Some(Vec::new()),
        (["{*rest}", ..], _) => path.iter().any(|segment| !segment.is_empty()).then(|| vec![3]),
        ([first, template @ ..], [segment, path @ ..]) => {
            let rank = match *first {
                "{x}" | "{y}" => (!segment.is_empty()).then_some(2),
                "a{x}" => (segment.len() > 1 && segment.starts_with('a')).then_some(1),
                "f(on={x})" => {
                    (segment.len() > 6 && segment.starts_with("f(on=") && segment.ends_with(')')).then_some(1)
                }
                text => (text == *segment).then_some(0),
            };
            let rest = fit(template, path)?;
            Some(std::iter::once(rank?).chain(rest).collect())
        }
        _ => None,
    }
}

fn shape(template: &str) -> String {
    template.replace("{y}", "{x}").replace("{*rest}", "{x}")
}

proptest! {
    #[test]
    fn the_best_template_is_found(
        lists in prop::collection::vec(prop::collection::vec(select(SEGMENTS.to_vec()), 1..4), 1..8),
        path in prop::collection::vec(select(vec!["a", "b", "ab", "c", "", "f(on=1)", "f(on=)", "{x}"]), 1..5),
    ) {
        let mut templates: Vec<String> = Vec::new();
        for list in lists {
            // Behind `{*rest}` nothing follows.
            let end = list.iter().position(|segment| *segment == "{*rest}").map_or(list.len(), |place| place + 1);
            let template = format!("/{}", list[..end].join("/"));
            if !templates.iter().any(|known| shape(known) == shape(&template)) {
                templates.push(template);
            }
        }
        let table = table(&templates);
        let locator = Locator::new(&table);
        for template in &templates {
            prop_assert_eq!(locate(&table, Method::Get, template).map(ResolvedOperation::template), Some(template.as_str()));
            prop_assert_eq!(locator.find(Method::Get, &shape(template)).map(ResolvedOperation::template), Some(template.as_str()));
            prop_assert!(locate(&table, Method::Post, template).is_none());
        }
        let path = format!("/{}", path.join("/"));
        let segments: Vec<&str> = path.split('/').collect();
        let by_shape = templates.iter().find(|template| shape(template) == shape(&path));
        let fits = templates.iter().filter_map(|template| {
            let segments_of = template.split('/').collect::<Vec<_>>();
            Some((fit(&segments_of, &segments)?, template))
        });
        let expected = by_shape.or_else(|| fits.min_by_key(|(fit, _)| fit.clone()).map(|(_, template)| template));
        prop_assert_eq!(locate(&table, Method::Get, &path).map(ResolvedOperation::template), expected.map(String::as_str));
    }
}

#[test]
fn a_method_that_only_the_wider_template_has_is_found_there() {
    let builder = OperationTable::builder(Catalog::builder().build().expect("a catalog"));
    let table = builder
        .operation(Operation::get("/users/me").guard(Guard::public()))
        .operation(Operation::delete("/users/{id}").guard(Guard::public()))
        .build()
        .expect("a table");
    let found = |method| locate(&table, method, "/users/me").map(ResolvedOperation::template);
    assert_eq!(found(Method::Get), Some("/users/me"));
    assert_eq!(found(Method::Delete), Some("/users/{id}"));
    assert_eq!(found(Method::Put), None);
}

/// As long as a path may be, and no stack is needed for it.
#[test]
fn very_long_paths_are_walked() {
    let long = "/{x}".repeat(100_000);
    let table = table(&[long.clone(), format!("{long}/a")]);
    let path = "/b".repeat(100_000);
    assert_eq!(
        locate(&table, Method::Get, &path).map(|found| found.template().len()),
        Some(long.len())
    );
}
