//! Small documents that repeat parts many times also end soon and within bounds.

use std::fmt::Write as _;

use scopegate_openapi::import::{ImportError, ImportLimit, MAX_DOCUMENT};
use scopegate_policy::{Limit, TableError};

use super::hostile::{answered, openapi, refused};

const OAUTH: &str =
    r#""securitySchemes": { "o": { "type": "oauth2", "flows": { "password": { "scopes": { "a": "" } } } } }"#;

/// Writes an item for each number below `count`.
fn each(count: usize, write: impl FnMut(usize) -> String) -> String {
    (0..count).map(write).collect()
}

/// Returns paths that all refer to one path item.
fn referring(count: usize, item: &str, rest: &str) -> String {
    let paths = each(count, |number| {
        format!("\"/{number}\": {{ \"$ref\": \"#/components/pathItems/a\" }},")
    });
    openapi(&format!(
        "\"components\": {{ {OAUTH}, \"pathItems\": {{ \"a\": {item} }} }}, {rest} \"paths\": {{ {paths} \"/z\": {{}} }}"
    ))
}

#[test]
fn one_list_of_alternatives_for_many_paths() {
    let list = "{\"o\":[\"a\"]},".repeat(4_000);
    let text = referring(
        30_000,
        &format!("{{ \"get\": {{ \"security\": [{list} {{\"o\":[]}}] }} }}"),
        "",
    );
    assert_eq!(refused("alternatives", &text), ImportError::TooLarge(ImportLimit::Read));
    let scope = "s".repeat(1_000_000);
    let text = referring(
        30_000,
        &format!("{{ \"get\": {{ \"security\": [{{\"o\":[\"{scope}\"]}}] }} }}"),
        "",
    );
    assert!(matches!(refused("a long scope", &text), ImportError::TooLarge(_)));
    let inherited = format!("\"security\": [{} {{\"o\":[]}}],", "{\"o\":[\"a\"]},".repeat(4_000));
    let text = referring(7_000, r#"{ "get": {}, "put": {}, "post": {} }"#, &inherited);
    assert_eq!(answered("inherited by all", &text), Ok(()));
}

#[test]
fn one_long_text_for_many_paths() {
    let long = "n".repeat(1_000_000);
    let text = referring(30_000, &format!("{{ \"get\": {{ \"operationId\": \"{long}\" }} }}"), "");
    assert_eq!(refused("a long name", &text), ImportError::TooLarge(ImportLimit::Text));
    let names = "\"n\",".repeat(100_000);
    let item = format!("{{ \"get\": {{ \"x-scopegate-overrides\": [{names} \"n\"] }} }}");
    assert_eq!(
        refused("overrides", &referring(30_000, &item, "")),
        ImportError::TooLarge(ImportLimit::Text)
    );
    let item = format!("{{ \"$ref\": \"#/{}\" }}", "%41".repeat(1_000_000));
    // The first is followed, and leads nowhere.
    let fault = refused("a long reference", &referring(30_000, &item, ""));
    assert!(matches!(fault, ImportError::At { .. }), "{fault}");
    let extensions = each(60_000, |number| format!("\"x-{number}\":0,"));
    let item = format!("{{ {extensions} \"get\": {{}} }}");
    assert_eq!(
        refused("extensions", &referring(30_000, &item, "")),
        ImportError::TooLarge(ImportLimit::Read)
    );
    let path = format!("/{}", "p".repeat(15_000_000));
    let methods =
        r#"{ "get": {}, "put": {}, "post": {}, "delete": {}, "options": {}, "head": {}, "patch": {}, "trace": {} }"#;
    let text = openapi(&format!("\"paths\": {{ \"{path}\": {methods} }}"));
    assert_eq!(refused("a long path", &text), ImportError::TooLarge(ImportLimit::Text));
}

#[test]
fn one_scheme_by_many_names() {
    for text in ["d".repeat(1_000_000), String::new()] {
        let scopes = each(50_000, |number| format!("\"x-{number}\":\"\","));
        let scopes = if text.is_empty() { scopes } else { String::new() };
        let schemes = each(4_000, |number| {
            format!("\"s{number}\": {{ \"$ref\": \"#/components/securitySchemes/o\" }},")
        });
        let text = openapi(&format!(
            r#""components": {{ "securitySchemes": {{ {schemes} "o": {{ "type": "oauth2", "description": "{text}",
                "flows": {{ "password": {{ "scopes": {{ {scopes} "a": "" }} }} }} }} }} }}"#
        ));
        assert_eq!(refused("schemes", &text), ImportError::TooLarge(ImportLimit::Text));
    }
}

#[test]
fn references_that_lead_on() {
    let items = each(100_000, |number| {
        format!(
            "\"p{number}\": {{ \"$ref\": \"#/components/pathItems/p{}\" }},",
            number + 1
        )
    });
    let text = openapi(&format!(
        "\"components\": {{ \"pathItems\": {{ {items} \"z\": {{}} }} }}, \"paths\": {{ \"/\": {{ \"$ref\": \"#/components/pathItems/p0\" }} }}"
    ));
    assert_eq!(refused("a chain", &text), ImportError::TooLarge(ImportLimit::LookUps));
    let text = referring(60_000, "{ \"$ref\": \"#/components/pathItems/a\" }", "");
    assert!(matches!(refused("a circle", &text), ImportError::At { .. }));
}

#[test]
fn alternatives_without_a_scheme() {
    let (with, without) = ("{\"o\":[]},".repeat(20_000), "{},".repeat(20_000));
    let guards = each(20_000, |number| format!("[\"check:{number}\"],"));
    let text = openapi(&format!(
        "\"components\": {{ {OAUTH} }}, \"paths\": {{ \"/\": {{ \"get\": {{ \"security\": [{with}{without}{{}}], \"x-scopegate-guards\": [{}{guards}[]] }} }} }}",
        "[],".repeat(20_000)
    ));
    assert_eq!(refused("guards alone", &text), ImportError::TooLarge(ImportLimit::Ways));
}

#[test]
fn lists_of_permissions_that_multiply() {
    let graph = |schemes: &str, methods: &str, path: &str| {
        format!(
            r#"{{ "permissions": {{ "A": {{ "schemes": {{ "Application": {{}} }}, "pathSets": [
                {{ "schemeKeys": [{schemes} "Application"], "methods": [{methods} "GET"], "paths": {{ "/a": "{path}" }} }} ] }} }} }}"#
        )
    };
    let (keys, words) = ("\"Application\",".repeat(50_000), "A,".repeat(50_000));
    let text = graph(&keys, "", &format!("AlsoRequires={words}A"));
    assert!(matches!(refused("also", &text), ImportError::TooLarge(_)));
    let text = graph(&keys, &"\"GET\",".repeat(50_000), &format!("least={words}A"));
    assert!(matches!(refused("least", &text), ImportError::TooLarge(_)));
}

#[test]
fn one_operation_declared_over_and_over() {
    let methods = each(45_000, |number| {
        format!("\"m{number:0100}\": {{ \"httpMethod\": \"GET\", \"path\": \"p\", \"scopes\": [\"a\"] }},")
    });
    let text = format!(
        r#"{{ "discoveryVersion": "v1", "auth": {{ "oauth2": {{ "scopes": {{ "a": {{}} }} }} }}, "methods": {{ {methods} "z": {{ "httpMethod": "GET", "path": "q" }} }} }}"#
    );
    assert_eq!(
        refused("one operation", &text),
        ImportError::TooLarge(ImportLimit::Notes)
    );
}

#[test]
fn guards_that_see_long_lists() {
    let scopes = each(2_000, |number| format!("s{number} = \"\"\n"));
    let wide = each(1_999, |number| format!("s{number} and ")) + "s1999";
    let leaves = each(1_900, |number| {
        format!("[guards.g{number}]\nrequires = \"t{number}\"\n")
    });
    let tokens = each(1_900, |number| format!("t{number} = \"\"\n"));
    let names = each(1_900, |number| format!("\"g{number}\","));
    let mut text = format!("[schemes.o]\nkind = \"oauth2\"\n[schemes.o.scopes]\n{scopes}{tokens}{leaves}");
    write!(text, "[guards.wide]\nrequires = \"{wide}\"\non = [{names}]\n").unwrap();
    text.push_str("[[operations]]\nmethod = \"GET\"\npath = \"/\"\nbehind = [\"wide\"]\n");
    let fault = refused("lists", &text);
    assert!(
        matches!(
            fault,
            ImportError::Table(TableError::TooLarge {
                limit: Limit::Visible,
                ..
            })
        ),
        "{fault}"
    );
}

#[test]
fn ten_million_brackets() {
    for start in ["", "{ \"openapi\": ", "openapi: ", "operations = "] {
        let text = format!("{start}{}", "[".repeat(10 * 1024 * 1024));
        refused(start, &text);
    }
}

/// The value of an alias counts each time, at any position.
#[test]
fn aliases_in_many_operations() {
    let document = |ways: usize, operations: usize| {
        let list = vec!["*way"; ways].join(", ");
        let paths = each(operations, |number| {
            format!("  /{number}: {{ get: {{ security: *list }} }}\n")
        });
        format!(
            "openapi: 3.1.0\nx-scopegate-way: &way {{ o: [a, b, c] }}\nx-scopegate-list: &list [{list}]\npaths:\n{paths}"
        )
    };
    assert_eq!(answered("aliases", &document(10, 100)), Ok(()));
    for (ways, operations) in [(10, 30_000), (1_000, 1_000), (20_000, 20)] {
        assert_eq!(
            refused("aliases of aliases", &document(ways, operations)),
            ImportError::TooLarge(ImportLimit::Nodes)
        );
    }
}

/// Returns a policy in Scopegate's own TOML, in which each operation requires all these guards and
/// one more.
fn behind_all(head: &str, guards: &[String], own: impl Fn(usize) -> String, operations: usize) -> String {
    let mut text = format!("{head}[guards.all]\non = [");
    for number in 0..guards.len() {
        write!(text, "\"g{number}\",").unwrap();
    }
    text.push_str("]\n");
    for (number, guard) in guards.iter().enumerate() {
        write!(text, "[guards.g{number}]\nrequires = \"{guard}\"\n").unwrap();
    }
    for number in 0..operations {
        let own = own(number);
        write!(
            text,
            "[guards.own{number}]\n{own}\n[[operations]]\nmethod = \"GET\"\npath = \"/{number}\"\n"
        )
        .unwrap();
        writeln!(text, "behind = [\"all\", \"own{number}\"]").unwrap();
    }
    text
}

fn limit_of_table(fault: &ImportError) -> Option<Limit> {
    match fault {
        ImportError::Table(TableError::TooLarge { limit, .. }) => Some(*limit),
        _ => None,
    }
}

#[test]
fn the_same_guards_before_many_operations() {
    let basic = "[schemes.o]\nkind = \"basic\"\n";
    let guards: Vec<String> = (0..3_900).map(|number| format!("check:{}", number % 3_000)).collect();
    let document = |operations| behind_all(basic, &guards, |_| "scheme = \"o\"".to_owned(), operations);
    assert_eq!(answered("20 times 3,900 guards", &document(20)), Ok(()));
    for operations in [140, 2_000] {
        let fault = refused("140 times 3,900 guards and more", &document(operations));
        assert_eq!(limit_of_table(&fault), Some(Limit::Places), "{fault}");
    }
}

/// Twelve guards with two alternatives make 4,096 together. Then three guards that are stronger
/// than all replace them.
#[test]
fn the_same_product_for_many_operations() {
    let mut head = "[schemes.o]\nkind = \"oauth2\"\n[schemes.o.scopes]\nx = \"\"\ny = \"\"\nz = \"\"\n".to_owned();
    head.push_str(&each(12, |number| format!("a{number} = \"\"\nb{number} = \"\"\n")));
    head.push_str(&each(400, |number| format!("s{number} = \"\"\n")));
    head.push_str("[schemes.o.implies]\n");
    for (stronger, even, odd) in [("x", "a", "a"), ("y", "b", "b"), ("z", "a", "b")] {
        let weaker = each(6, |pair| format!("\"{even}{}\",\"{odd}{}\",", 2 * pair, 2 * pair + 1));
        writeln!(head, "{stronger} = [{weaker}]").unwrap();
    }
    let clauses = (0..12).map(|number| format!("a{number} or b{number}"));
    // At this number the search for those that others imply is not worth its cost.
    let weak = (0..400).map(|number| format!("x or y or z or s{number}"));
    let guards: Vec<String> = clauses.chain(weak).collect();
    let own = |_| "requires = \"x or y or z\"".to_owned();
    assert_eq!(answered("one product", &behind_all(&head, &guards, own, 1)), Ok(()));
    let fault = refused("140 products", &behind_all(&head, &guards, own, 140));
    assert_eq!(limit_of_table(&fault), Some(Limit::Compared), "{fault}");
}

#[test]
fn yaml_as_long_as_may_be() {
    let fill = |head: &str, line: &dyn Fn(usize) -> String| {
        let mut text = head.to_owned();
        for number in 0.. {
            let line = line(number);
            if text.len() + line.len() > MAX_DOCUMENT {
                return text;
            }
            text.push_str(&line);
        }
        text
    };
    let (short, long) = ("b".repeat(100), "b".repeat(200_000));
    let kept = "openapi: 3.1.0\nx-scopegate-a:\n";
    for (name, text) in [
        ("texts", fill(kept, &|_| format!("  - \"{short}\"\n"))),
        ("long texts", fill(kept, &|_| format!("  - \"{long}\"\n"))),
        ("anchors", fill(kept, &|number| format!("  - &a{number} \"{short}\"\n"))),
        ("names", fill(kept, &|number| format!("  {number}{short}: 0\n"))),
        ("lists", fill(kept, &|_| "  - [a]\n".to_owned())),
        ("objects", fill(kept, &|_| "  - { a: b }\n".to_owned())),
        (
            "skipped names",
            fill("openapi: 3.1.0\nschemas:\n", &|number| {
                format!("  {number}{short}: 0\n")
            }),
        ),
        (
            "operations",
            fill("openapi: 3.1.0\npaths:\n", &|number| {
                format!(
                    "  /p{number}:\n    get:\n      operationId: n{number}\n      description: {short}\n      security: [{{ o: [a] }}]\n"
                )
            }),
        ),
        (
            "fewer operations",
            fill("openapi: 3.1.0\npaths:\n", &|number| {
                format!(
                    "  /p{number}:\n    get:\n      operationId: n{number}\n      description: {short}{short}{short}{short}\n      security: [{{ o: [a] }}]\n"
                )
            }),
        ),
        (
            "schemas",
            fill("openapi: 3.1.0\npaths: {}\ncomponents:\n  schemas:\n", &|number| {
                format!("    n{number}:\n      type: object\n      description: {short}{short}{short}\n")
            }),
        ),
    ] {
        // Some of them are accepted; the bounds hold for all.
        drop(answered(name, &text));
    }
}
