//! Documents that exceed limits end in an error, within bounds. The long check also asserts that
//! they end soon.

use std::fmt::Write as _;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use scopegate_openapi::import::{self, ImportError, ImportLimit, MAX_DOCUMENT};

use crate::long_check;

/// The limit for a release build on an idle machine, and far more for a debug build on a busy one.
const SOON: Duration = Duration::from_secs(if cfg!(debug_assertions) { 30 } else { 1 });
static IS_TIMED: LazyLock<bool> = LazyLock::new(|| long_check::is_on("the time that a hostile document takes"));
const MEMORY: u64 = 64 * 1024 * 1024;

pub(super) fn refused(name: &str, text: &str) -> ImportError {
    answered(name, text).unwrap_err()
}

#[expect(clippy::disallowed_methods, reason = "that it ends soon is what is tested")]
pub(super) fn answered(name: &str, text: &str) -> Result<(), ImportError> {
    let start = Instant::now();
    let mut answer = None;
    let memory = allocation_counter::measure(|| answer = Some(import::read(text.as_bytes()).map(drop)));
    let taken = start.elapsed();
    let answer = answer.unwrap();
    let told = match &answer {
        Ok(()) => "accepted".to_owned(),
        Err(fault) => fault.to_string().chars().take(200).collect(),
    };
    eprintln!("{name}: {taken:?}, {} KiB at most: {told}", memory.bytes_max / 1024);
    if *IS_TIMED {
        assert!(taken < SOON, "{name} took {taken:?}");
    }
    assert!(memory.bytes_max < MEMORY, "{name} took {} bytes", memory.bytes_max);
    answer
}

/// Without it, the tests here would pass if every document were refused.
#[test]
fn documents_below_the_limits() {
    let paths = (0..2_000).fold(String::new(), |mut text, number| {
        write!(text, "\"/{number}\": {{ \"get\": {{}} }},").unwrap();
        text
    });
    assert_eq!(
        answered(
            "operations",
            &openapi(&format!("\"paths\": {{ {paths} \"/z\": {{}} }}"))
        ),
        Ok(())
    );
    let nested = format!("{}{}", "[".repeat(50), "]".repeat(50));
    assert_eq!(
        answered("nesting", &openapi(&format!("\"paths\": {{}}, \"x-a\": {nested}"))),
        Ok(())
    );
    let yaml = format!(
        "openapi: 3.1.0\ninfo: {{ title: t, version: '1' }}\npaths: {{}}\n{}",
        "\n".repeat(10_000)
    );
    assert_eq!(answered("lines", &yaml), Ok(()));
    assert_eq!(
        answered(
            "toml",
            &format!("title = \"t\"\noperations = []\n{}", "\n".repeat(10_000))
        ),
        Ok(())
    );
}

pub(super) fn openapi(rest: &str) -> String {
    format!(r#"{{ "openapi": "3.1.0", "info": {{ "title": "t", "version": "1" }}, {rest} }}"#)
}

#[test]
fn deep_nesting() {
    for open in ["[", "{\"a\":", "{\"a\":["] {
        let text = openapi(&format!("\"security\": {}", open.repeat(1_000_000)));
        assert_eq!(refused(open, &text), ImportError::TooLarge(ImportLimit::Depth));
        let text = openapi(&format!("\"schemas\": {}", open.repeat(1_000_000)));
        assert_eq!(refused(open, &text), ImportError::TooLarge(ImportLimit::Depth));
    }
    for open in ["- ", "? ", "[", "a: ["] {
        refused(
            open,
            &format!("openapi: 3.1.0\nsecurity:\n  {}", open.repeat(1_000_000)),
        );
    }
    let toml = format!("operations = {}", "[".repeat(1_000_000));
    refused("toml", &toml);
    let toml = format!(
        "[schemes.o]\nkind = \"basic\"\n[[operations]]\nmethod = \"GET\"\npath = \"/\"\nrequires = \"{}\"",
        "(".repeat(100_000)
    );
    refused("expression", &toml);
}

#[test]
fn aliases_that_multiply() {
    let mut text = "openapi: 3.1.0\na0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..20 {
        let below = vec![format!("*a{}", level - 1); 10].join(", ");
        writeln!(text, "a{level}: &a{level} [{below}]").unwrap();
    }
    assert_eq!(refused("laughs", &text), ImportError::TooLarge(ImportLimit::Nodes));
    let mut text = format!("openapi: 3.1.0\na: &a \"{}\"\nb:\n", "x".repeat(200_000));
    text.push_str(&"- *a\n".repeat(100_000));
    assert_eq!(
        refused("one long text", &text),
        ImportError::TooLarge(ImportLimit::Nodes)
    );
}

#[test]
fn very_many() {
    let names = (0..200_000).fold(String::new(), |mut text, number| {
        write!(text, "\"n{number}\":0,").unwrap();
        text
    });
    let text = openapi(&format!("\"schemas\": {{ {names} \"z\": 0 }}"));
    assert_eq!(refused("names", &text), ImportError::TooLarge(ImportLimit::Names));
    let text = openapi(&format!("\"security\": [{}{{}}]", "{},".repeat(1_000_000)));
    assert_eq!(refused("values", &text), ImportError::TooLarge(ImportLimit::Nodes));
    let scopes = (0..5_000).fold(String::new(), |mut text, number| {
        write!(text, "\"s{number:04}\":\"\",").unwrap();
        text
    });
    let scheme = |scopes: &str| {
        format!(
            r#""components": {{ "securitySchemes": {{ "o": {{ "type": "oauth2", "flows": {{ "password": {{ "scopes": {{ {scopes} "z": "" }} }} }} }} }} }}"#
        )
    };
    assert_eq!(
        refused("scopes", &openapi(&scheme(&scopes))),
        ImportError::TooLarge(ImportLimit::Atoms)
    );
    let declared = scheme(scopes.get(..scopes.len() / 2).unwrap());
    let ways = |count: usize, from: usize| {
        (0..count).fold(String::new(), |mut text, number| {
            write!(text, "{{\"o\":[\"s{:04}\"]}},", (from + number) % 2_000).unwrap();
            text
        })
    };
    let operation = |number: usize, count: usize| {
        format!(
            "\"/{number}\": {{ \"get\": {{ \"security\": [{} {{\"o\":[]}}] }} }},",
            ways(count, number)
        )
    };
    for (name, operations, count) in [("one list", 1, 60_000), ("lists", 200, 250), ("long lists", 20, 3_000)] {
        let paths: String = (0..operations).map(|number| operation(number, count)).collect();
        let text = openapi(&format!("{declared}, \"paths\": {{ {paths} \"/z\": {{}} }}"));
        assert_eq!(refused(name, &text), ImportError::TooLarge(ImportLimit::Ways), "{name}");
    }
    let paths = (0..12_000).fold(String::new(), |mut text, number| {
        write!(text, "\"/{number}\": {{ \"$ref\": \"#/components/pathItems/a\" }},").unwrap();
        text
    });
    let methods =
        r#"{ "get": {}, "put": {}, "post": {}, "delete": {}, "options": {}, "head": {}, "patch": {}, "trace": {} }"#;
    let text = openapi(&format!(
        "\"components\": {{ \"pathItems\": {{ \"a\": {methods} }} }}, \"paths\": {{ {paths} \"/z\": {{}} }}"
    ));
    assert_eq!(
        refused("operations", &text),
        ImportError::TooLarge(ImportLimit::Operations)
    );
}

#[test]
fn very_long() {
    let text = " ".repeat(50 * 1024 * 1024);
    assert_eq!(refused("50 MB", &text), ImportError::TooLarge(ImportLimit::Document));
    refused("spaces", &" ".repeat(MAX_DOCUMENT));
    refused("lines", &"\n".repeat(MAX_DOCUMENT));
    refused("toml lines", &format!("a = 1\n{}", "\n".repeat(MAX_DOCUMENT - 6)));
    refused("toml list", &format!("a = [{}", "[],".repeat(MAX_DOCUMENT / 3 - 2)));
    refused(
        "flow",
        &format!("openapi: 3.1.0\na: [{}", "a: ".repeat(MAX_DOCUMENT / 3 - 10)),
    );
    refused(
        "dashes",
        &format!("openapi: 3.1.0\na:\n{}", "-\n".repeat(MAX_DOCUMENT / 2 - 20)),
    );
}

/// Every scope implies the next one. The cost must stay linear in their number.
#[test]
fn long_chains_of_implications() {
    let mut scopes = String::new();
    let mut edges = String::new();
    for number in 0..4_000 {
        write!(scopes, "\"s{number}\":\"\",").unwrap();
        write!(edges, "\"s{number}\":[\"s{}\"],", (number + 1) % 4_000).unwrap();
    }
    let text = openapi(&format!(
        r#""components": {{ "securitySchemes": {{ "o": {{ "type": "oauth2",
            "flows": {{ "password": {{ "scopes": {{ {scopes} "z": "" }} }} }}, "x-scopegate-implies": {{ {edges} "z": [] }} }} }} }}"#
    ));
    let chain = text.replace("\"s0\"],", "\"z\"],");
    assert!(import::read(chain.as_bytes()).is_ok());
    assert!(matches!(refused("a circle of 4,000", &text), ImportError::Catalog(_)));
}
