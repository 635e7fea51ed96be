//! Names are text and nothing else, at every position.

use std::collections::{BTreeSet, HashSet};

use roxmltree::{Document, Node, ParsingOptions};

use crate::picture::{all, pictures, tables};

/// Returns the page without its script, which is fixed and is not XML.
pub(crate) fn without_script(html: &str) -> String {
    let (before, rest) = html.split_once("<script>").unwrap();
    let (script, after) = rest.split_once("</script>").unwrap();
    assert!(!after.contains("<script"), "one script alone is run");
    assert!(script.starts_with("\"use strict\";"));
    format!("{before}{after}")
}

fn parsed(markup: &str) -> Document<'_> {
    let options = ParsingOptions {
        allow_dtd: true,
        ..ParsingOptions::default()
    };
    Document::parse_with_options(markup, options).unwrap_or_else(|fault| panic!("{fault}"))
}

fn names<'d>(document: &'d Document<'_>) -> BTreeSet<&'d str> {
    document
        .descendants()
        .filter(Node::is_element)
        .map(|node| node.tag_name().name())
        .collect()
}

fn no_identifier_twice(document: &Document<'_>) {
    let mut seen = HashSet::new();
    for id in document.descendants().filter_map(|node| node.attribute("id")) {
        assert!(seen.insert(id), "`{id}` is the name of two elements");
    }
}

/// Asserts that no attribute would run a script or make a request.
fn nothing_is_run_or_fetched(document: &Document<'_>) {
    for node in document.descendants() {
        for attribute in node.attributes() {
            let name = attribute.name();
            let asks = ["src", "href", "data", "action", "style", "srcdoc"].contains(&name);
            assert!(
                !name.starts_with("on") && (!asks || attribute.value() == "#operations"),
                "{attribute:?}"
            );
        }
    }
}

#[test]
fn svg_contains_only_our_own_markup() {
    for (name, table) in all() {
        let [svg, ..] = pictures(&table);
        let document = parsed(&svg);
        let known = BTreeSet::from(["circle", "desc", "g", "path", "rect", "style", "svg", "text", "title"]);
        assert!(names(&document).is_subset(&known), "{name}: {:?}", names(&document));
        no_identifier_twice(&document);
        nothing_is_run_or_fetched(&document);
    }
}

#[test]
fn page_has_the_same_elements_for_all_names() {
    let [plain, ..] = all().map(|(_, table)| pictures(&table)[1].clone());
    let plain = without_script(&plain);
    let outline = |markup: &str| {
        let document = parsed(markup);
        no_identifier_twice(&document);
        nothing_is_run_or_fetched(&document);
        let elements = document.descendants().filter(Node::is_element);
        elements
            .map(|node| node.tag_name().name().to_owned())
            .collect::<Vec<_>>()
    };
    for (name, table) in all() {
        let [_, html, _] = pictures(&table);
        assert_eq!(html.matches("</script").count(), 2, "{name}");
        assert_eq!(html.matches("<!--").count(), 0, "{name}");
        assert_eq!(outline(&without_script(&html)), outline(&plain), "{name}");
    }
}

#[test]
fn a_page_allows_itself_and_nothing_else() {
    let (_, table) = &all()[0];
    let [_, html, _] = pictures(table);
    let policy = html.split_once("Content-Security-Policy\" content=\"").unwrap().1;
    let policy = policy.split_once('"').unwrap().0;
    assert!(policy.starts_with("default-src 'none'; style-src 'sha256-"), "{policy}");
    assert!(policy.contains("; script-src 'sha256-"), "{policy}");
    assert!(!policy.contains("unsafe") && !policy.contains("http"), "{policy}");
}

/// No picture contains a character that changes how the surrounding text reads.
#[test]
fn what_cannot_be_seen_is_spelled_out() {
    let [svg, html, dot] = pictures(&tables::hostile().unwrap());
    for picture in [&svg, &html, &dot] {
        let hidden = |c: &char| {
            (c.is_control() && *c != '\n') || "\u{200b}\u{200d}\u{202e}\u{202c}\u{2066}\u{feff}\u{fffe}".contains(*c)
        };
        assert_eq!(picture.chars().find(hidden), None);
        assert!(picture.contains("u{202e}drowssap"), "{picture}");
    }
}

/// Outside quoted texts only names and symbols of the language occur, and each text ends at its
/// quote.
#[test]
fn a_text_for_graphviz_is_quoted() {
    for (name, table) in all() {
        let [_, _, dot] = pictures(&table);
        let (mut is_quoted, mut is_escaped) = (false, false);
        for character in dot.chars() {
            match character {
                _ if is_escaped => {
                    assert!(
                        "\\\"".contains(character),
                        "{name}: an escape that says something else: {character}"
                    );
                    is_escaped = false;
                }
                '\\' if is_quoted => is_escaped = true,
                '"' => is_quoted = !is_quoted,
                '\n' => assert!(!is_quoted, "{name}: a text goes on in the next line"),
                other if is_quoted => assert!(!other.is_control(), "{name}"),
                other => assert!(
                    other.is_ascii_alphanumeric() || "_ {}[]=,.->".contains(other),
                    "{name}: {other}"
                ),
            }
        }
        assert!(!is_quoted && dot.ends_with("}\n"), "{name}");
    }
}
