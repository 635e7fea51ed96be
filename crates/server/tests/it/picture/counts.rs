//! `alone` and `with others` equal the counts of the engine.

use std::collections::{BTreeMap, BTreeSet};

use scopegate_domain::SchemeName;
use scopegate_policy::{AuthorizationServer, AuthorizationServers};

use crate::picture::fixture::{self, PictureFixture, grant, opened, opened_by_tokens_of};
use crate::picture::{documents, tables};

/// For each box: whether it is a scope, its name, its text.
type Counted = BTreeMap<usize, (bool, String, String)>;

fn agree(fixture: &PictureFixture, lacking: &[usize]) {
    let script = "return Object.fromEntries([...boxes].map(([atom, box]) => [atom, [box.isScope, atoms[atom].name,
        document.querySelector(`[data-press=\"${atom}\"] .count`).textContent]]))";
    let counted: Counted = serde_json::from_value(fixture.run(script)).expect("counts");
    let table = &fixture.table;
    let servers = AuthorizationServers::of(table);
    let first = |server: &AuthorizationServer<'_>| server.schemes()[0].name().clone();
    let with_scopes = servers
        .as_slice()
        .iter()
        .filter(|server| server.has_scopes())
        .map(first);
    let tokens: Vec<SchemeName> = with_scopes.collect();
    let bare = if lacking.is_empty() {
        opened_by_tokens_of(table, &tokens)
    } else {
        let schemes = tokens.iter().map(|name| fixture.atom(&format!("scheme:{name}")));
        schemes
            .flat_map(|scheme| opened(table, &grant(table, &[scheme], lacking)))
            .collect()
    };
    let nobody = opened(table, &grant(table, &[], lacking));
    assert!(!counted.is_empty());
    for (atom, (is_scope, name, words)) in counted {
        let alone = grant(table, &[atom], lacking);
        let (open, before) = (opened(table, &alone), if is_scope { &bare } else { &nobody });
        // Operations with an alternative that names the scope or a scope that it implies, in any
        // scheme of its server.
        let brought: BTreeSet<usize> = alone.facts().iter().map(scopegate_policy::FactId::index).collect();
        let is_own = |atom: &scopegate_policy::FactId| {
            let other = &table.fact_table().facts()[atom.index()];
            let is_of_kind = if is_scope {
                other.scope_token().is_some()
            } else {
                other.scheme_name().is_some()
            };
            is_of_kind && brought.contains(&atom.index())
        };
        let takes_part = table.operations().iter().filter(|operation| {
            let ways = operation.requirement().alternatives().iter();
            let mut words = ways.flat_map(|way| table.fact_table().generators(way).iter().collect::<Vec<_>>());
            words.any(|atom| is_own(&atom))
        });
        let takes_part: BTreeSet<String> = takes_part.map(ToString::to_string).collect();
        let expected = format!(
            "alone {}, with others {}",
            open.difference(before).count(),
            takes_part.difference(&open).count()
        );
        assert_eq!(words, expected, "{name} without {lacking:?}");
    }
}

#[test]
fn scopes_show_what_they_open_alone_and_with_others() {
    for document in [documents::SERVERS, documents::WORDS, documents::LONG_NAMES] {
        let fixture = fixture!(fixture::table_of(document));
        agree(&fixture, &[]);
    }
    for table in [tables::tutorial(), tables::shapes(), tables::regular(700, 60)] {
        let fixture = fixture!(table);
        agree(&fixture, &[]);
    }
    for name in ["slack.json", "google/drive.v3.json", "spotify.json"] {
        let Some(document) = fixture::real(name) else { continue };
        let document = std::fs::read_to_string(document).expect("a document");
        let fixture = fixture!(fixture::table_of(&document));
        agree(&fixture, &[]);
    }
}

#[test]
fn counts_follow_the_conditions() {
    let fixture = fixture!(fixture::table_of(documents::SERVERS));
    for name in ["active", "user", "check:quota"] {
        fixture.browser.click(&fixture.box_of(name)).expect("a box");
        agree(&fixture, &[fixture.atom(name)]);
        fixture.browser.click(&fixture.box_of("active")).expect("a box");
        fixture.browser.click("#clear").expect("a button");
    }
}

#[test]
fn an_and_opens_nothing_alone() {
    let fixture = fixture!(fixture::table_of(
        r#"{ "openapi": "3.0.3", "info": { "title": "t", "version": "1" },
             "paths": { "/x": { "get": { "security": [{ "oauth": ["a", "b"] }] } } },
             "components": { "securitySchemes": { "oauth": { "type": "oauth2", "flows": { "clientCredentials": {
               "tokenUrl": "https://id.example/token", "scopes": { "a": "", "b": "" } } } } } } }"#
    ));
    for name in ["a", "b"] {
        let words = fixture.browser.text(&fixture.name_of(name)).expect("words");
        assert_eq!(
            words.split_whitespace().collect::<Vec<_>>().join(" "),
            format!("{name} alone 0, with others 1")
        );
    }
}
