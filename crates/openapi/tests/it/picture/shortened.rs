//! Names are short, keep their ends, and never look the same. Groups leave out what all paths
//! share.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use roxmltree::Document;
use scopegate_domain::{Catalog, DeclaredScheme, ScopeToken, SecurityScheme};
use scopegate_openapi::import;
use scopegate_openapi::picture::{self, Labels};
use scopegate_policy::{Guard, Operation, OperationTable};

use crate::picture::all;
use crate::picture::embedded::Embedded;

/// A table with an operation for each of these scopes.
fn with_scopes(scopes: &[&str]) -> OperationTable {
    let tokens: Vec<ScopeToken> = scopes.iter().map(|scope| ScopeToken::parse(scope).unwrap()).collect();
    let mut catalog = Catalog::builder().scheme("oauth", SecurityScheme::oauth2_password("token"));
    for token in &tokens {
        catalog = catalog.scope(token.clone(), "");
    }
    let mut table = OperationTable::builder(catalog.build().unwrap());
    for (number, token) in tokens.into_iter().enumerate() {
        let path = format!("/api/v1/part{}.call{number}", number % 4);
        table = table.operation(Operation::get(path).guard(Guard::requires([token])));
    }
    table.build().unwrap()
}

/// Returns the texts of an SVG as they are drawn, each with the whole text that it shortens.
fn texts(svg: &str) -> Vec<(String, String)> {
    let document = Document::parse(svg).unwrap();
    let texts = document.descendants().filter(|node| node.tag_name().name() == "text");
    let pair = |node: roxmltree::Node<'_, '_>| {
        let drawn: String = node
            .children()
            .filter(roxmltree::Node::is_text)
            .filter_map(|child| child.text())
            .collect();
        let title = node
            .children()
            .find(|child| child.tag_name().name() == "title")
            .and_then(|title| title.text());
        (drawn.clone(), title.map_or(drawn, str::to_owned))
    };
    texts.map(pair).collect()
}

/// Returns the short form of each scope of a table in each picture.
fn shown(table: &OperationTable) -> [BTreeMap<String, String>; 3] {
    let page = Embedded::of(&picture::html(table, &Labels::new("t")));
    let svg = picture::svg(table, &Labels::new("t"));
    let dot = picture::dot(table, &Labels::new("t"));
    let scopes = table.catalog().schemes().iter().flat_map(DeclaredScheme::scopes);
    let scopes: BTreeSet<&str> = scopes.map(|scope| scope.token().as_str()).collect();
    let in_page = page
        .ticks()
        .into_iter()
        .map(|fact| (page.name(fact).to_owned(), page.label(fact).to_owned()));
    let in_svg = texts(&svg).into_iter().map(|(drawn, whole)| (whole, drawn));
    let in_dot = dot.lines().filter_map(|line| {
        let label = line.split_once("[label=\"")?.1.split_once('"')?.0;
        let whole = line.split_once("tooltip=\"").and_then(|(_, rest)| rest.split_once('"'));
        Some((whole.map_or(label, |(whole, _)| whole).to_owned(), label.to_owned()))
    });
    let kept = |pairs: &mut dyn Iterator<Item = (String, String)>| -> BTreeMap<String, String> {
        pairs.filter(|(name, _)| scopes.contains(name.as_str())).collect()
    };
    [kept(&mut { in_page }), kept(&mut { in_svg }), kept(&mut { in_dot })]
}

#[test]
fn pictures_show_the_ends_of_names() {
    let long = "https://api.example/auth/organization.members.and.their.settings.readonly";
    let table = with_scopes(&[
        "https://api.example/auth/items",
        long,
        "https://api.example/auth/items.readonly",
        "openid",
    ]);
    for (picture, names) in ["page", "svg", "dot"].iter().zip(shown(&table)) {
        assert_eq!(names.len(), 4, "{picture}: {names:?}");
        assert_eq!(
            names["https://api.example/auth/items.readonly"], "items.readonly",
            "{picture}"
        );
        assert_eq!(names["openid"], "openid", "{picture}");
        assert_eq!(names[long], "organizatio….their.settings.readonly", "{picture}");
    }
}

#[test]
fn two_names_never_look_the_same_in_a_picture() {
    let tables = [
        with_scopes(&[
            "https://a.example/x/read",
            "https://a.example/x/write",
            "https://b.example/y/read",
            "read",
        ]),
        with_scopes(&[
            "urn:shop:one:read",
            "urn:shop:two:read",
            "urn:shop:two:write",
            "one:read",
        ]),
        with_scopes(&[
            "a.very.long.beginning.of.a.name-1-and.a.very.long.end.of.the.name",
            "a.very.long.beginning.of.a.name-2-and.a.very.long.end.of.the.name",
            "a.very.long.beginning.of.a.name-3-and.another.end",
        ]),
    ];
    let named = all().into_iter().map(|(_, table)| table);
    for table in tables.into_iter().chain(named) {
        for names in shown(&table) {
            let labels: BTreeSet<&String> = names.values().collect();
            assert_eq!(labels.len(), names.len(), "{names:?}");
            for (name, label) in &names {
                assert_eq!(name.chars().last(), label.chars().last(), "{name} is shown as {label}");
            }
        }
    }
}

#[test]
fn a_list_of_alternatives_is_cut_between_names() {
    let scopes: Vec<String> = (0..24)
        .map(|number| format!("https://api.example/auth/scope.number.{number}.readonly"))
        .collect();
    let names: Vec<&str> = scopes.iter().map(String::as_str).collect();
    let mut catalog = Catalog::builder().scheme("oauth", SecurityScheme::oauth2_password("token"));
    for name in &names {
        catalog = catalog.scope(ScopeToken::parse(name).unwrap(), "");
    }
    let either = Guard::any_of(names.iter().map(|name| vec![ScopeToken::parse(name).unwrap()]));
    let mut table = OperationTable::builder(catalog.build().unwrap());
    for number in 0..40 {
        table = table.operation(Operation::get(format!("/things/{number}")).guard(either.clone()));
    }
    let svg = picture::svg(&table.build().unwrap(), &Labels::new("t"));
    let words: Vec<String> = texts(&svg)
        .into_iter()
        .map(|(drawn, _)| drawn)
        .filter(|drawn| drawn.starts_with("scope.") && drawn.contains(" or "))
        .collect();
    assert_eq!(words.len(), 40);
    for words in words {
        assert!(words.ends_with(" other ways") && !words.contains('…'), "{words}");
    }
}

#[test]
fn groups_of_real_interfaces_have_names() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/openapi");
    for (name, prefix, expected) in [
        ("google/drive.v3.json", "/drive/v3", &["files", "changes", "drives"][..]),
        (
            "google/calendar.v3.json",
            "/calendar/v3",
            &["calendars", "users/me"][..],
        ),
        ("slack.json", "", &["admin", "chat", "conversations", "files"][..]),
    ] {
        let Ok(document) = fs::read(folder.join(name)) else {
            eprintln!("SKIPPED, NOTHING WAS TESTED: {name} is not in {}", folder.display());
            continue;
        };
        let imported = import::read(&document).unwrap();
        let page = Embedded::of(&picture::html(imported.table(), &Labels::new(name)));
        let (shared, groups) = page.groups();
        assert_eq!(shared, prefix, "{name}");
        for group in expected {
            assert!(
                groups.iter().any(|label| label == group),
                "{name}: {group} is not in {groups:?}"
            );
        }
        let svg = picture::svg(imported.table(), &Labels::new(name));
        let drawn: BTreeSet<String> = texts(&svg).into_iter().map(|(drawn, _)| drawn).collect();
        assert!(expected.iter().any(|group| drawn.contains(*group)), "{name}");
    }
}
