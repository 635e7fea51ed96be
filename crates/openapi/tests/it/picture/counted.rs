//! `alone` and `with others` in an SVG equal the counts of the engine.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use roxmltree::{Document, Node};
use scopegate_domain::SchemeName;
use scopegate_openapi::picture::{self, Labels};
use scopegate_policy::{AssumedCredentials, AuthorizationServer, AuthorizationServers, Fact, OperationTable};

use crate::picture::tables;
use crate::read_back::{random, table};

/// The words after each scheme and name. A credential without scopes has no name.
type Counted = BTreeMap<(String, String), String>;

/// Returns the counts of a picture with arrows; another picture has none.
fn counted(svg: &str) -> Counted {
    let document = Document::parse(svg).unwrap();
    let (mut scheme, mut counts) = (String::new(), Counted::new());
    let is_class = |node: &Node<'_, '_>, class: &str| node.attribute("class") == Some(class);
    for node in document.descendants().filter(Node::is_element) {
        if is_class(&node, "head") {
            let text = node.text().unwrap_or_default();
            let (name, _) = text.rsplit_once(" (").unwrap_or((text, ""));
            name.clone_into(&mut scheme);
        } else if is_class(&node, "opener") {
            let texts: Vec<&str> = node
                .children()
                .filter(Node::is_element)
                .filter_map(|text| text.text())
                .collect();
            if let [_, label, words] = *texts
                && words.starts_with("alone")
            {
                let name = if label == "any credential of it" { "" } else { label };
                counts.insert((scheme.clone(), name.to_owned()), words.to_owned());
            }
        }
    }
    counts
}

fn opened(table: &OperationTable, grant: &AssumedCredentials) -> BTreeSet<usize> {
    let operations = table.operations().iter().enumerate();
    operations
        .filter(|(_, operation)| grant.opens(operation))
        .map(|(number, _)| number)
        .collect()
}

/// Returns the counts of the engine for a scope, or for a token without scopes.
fn expected(table: &OperationTable, scheme: &SchemeName, scope: Option<&str>) -> String {
    let servers = AuthorizationServers::of(table);
    let token_of = |name: &SchemeName| AssumedCredentials::builder().token_of(name.clone());
    let (grant, before) = if let Some(scope) = scope {
        let first = |server: &AuthorizationServer<'_>| server.schemes()[0].name().clone();
        let with_scopes = servers.as_slice().iter().filter(|server| server.has_scopes());
        let bare = with_scopes.flat_map(|server| opened(table, &token_of(&first(server)).build(table)));
        let grant = AssumedCredentials::builder().scope_of(scheme.clone(), scope.parse().unwrap());
        (grant, bare.collect())
    } else {
        let nobody = AssumedCredentials::builder().without(Fact::Authenticated).build(table);
        (token_of(scheme), opened(table, &nobody))
    };
    let grant = grant.build(table);
    let open = opened(table, &grant);
    let is_own = |fact: &Fact| match scope {
        Some(_) => matches!(fact, Fact::Scope { .. }),
        None => matches!(fact, Fact::Scheme(name) if name == scheme),
    };
    let fact_table = table.fact_table();
    let own: BTreeSet<_> = grant
        .facts()
        .iter()
        .filter(|id| fact_table.fact(*id).is_some_and(is_own))
        .collect();
    let operations = table.operations().iter().enumerate();
    let takes_part = operations.filter(|(_, operation)| {
        let alternatives = operation.requirement().alternatives().iter();
        let mut named = alternatives.flat_map(|closed| fact_table.generators(closed).iter().collect::<Vec<_>>());
        named.any(|id| own.contains(&id))
    });
    let takes_part: BTreeSet<usize> = takes_part.map(|(number, _)| number).collect();
    format!(
        "alone {}, with others {}",
        open.difference(&before).count(),
        takes_part.difference(&open).count()
    )
}

fn compare(table: &OperationTable) -> Result<usize, TestCaseError> {
    let counts = counted(&picture::svg(table, &Labels::new("t")));
    for ((scheme, name), words) in &counts {
        let scheme = SchemeName::parse(scheme).unwrap();
        let scope = Some(&**name).filter(|name| !name.is_empty());
        prop_assert_eq!(words, &expected(table, &scheme, scope), "`{}` of {}", name, scheme);
    }
    Ok(counts.len())
}

#[test]
fn a_picture_counts_what_a_scope_opens_alone() {
    assert_eq!(compare(&tables::tutorial().unwrap()).unwrap(), 2);
    assert_eq!(compare(&tables::shapes().unwrap()).unwrap(), 5);
    let counts = counted(&picture::svg(&tables::shapes().unwrap(), &Labels::new("t")));
    assert_eq!(
        counts[&("oauth".to_owned(), "write".to_owned())],
        "alone 3, with others 2"
    );
    assert_eq!(counts[&("key".to_owned(), String::new())], "alone 1, with others 1");
}

proptest! {
    #[test]
    fn a_picture_of_a_random_policy_counts_as_the_engine(policy in random::policy()) {
        let table = table::built(&policy)?;
        compare(&table)?;
    }
}
