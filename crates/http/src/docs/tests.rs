use super::page::HTML;
use super::*;

const PAGES: [&str; 3] = [DOCS_PATH, REDOC_PATH, OAUTH2_REDIRECT_PATH];

fn docs() -> DocsSite {
    DocsSite::new("Ours", "openapi.json", Some("demo-app"))
}

fn text(docs: &DocsSite, path: &str) -> String {
    String::from_utf8(docs.page(path).expect("the page exists").body.to_vec()).expect("the page is text")
}

/// The values of `src` and `href` attributes.
fn references(page: &str) -> Vec<&str> {
    let quoted = page.split(" src=\"").skip(1).chain(page.split(" href=\"").skip(1));
    quoted.filter_map(|rest| rest.split('"').next()).collect()
}

#[test]
fn each_reference_of_a_page_is_answered() {
    let docs = docs();
    for path in PAGES {
        let page = text(&docs, path);
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        for reference in references(&page)
            .into_iter()
            .filter(|reference| *reference != "openapi.json")
        {
            let target = format!("{folder}/{reference}");
            assert!(docs.page(&target).is_some(), "{path} refers to {target}");
        }
    }
}

#[test]
fn the_pages_hold_their_values_and_no_placeholder() {
    let docs = docs();
    for path in PAGES {
        let page = text(&docs, path);
        assert!(page.contains("<title>Ours - "), "{path}");
        assert!(!page.contains("{{"), "{path}");
    }
    assert!(text(&docs, DOCS_PATH).contains("data-openapi-url=\"openapi.json\""));
    assert!(text(&docs, DOCS_PATH).contains("data-client-id=\"demo-app\""));
    assert!(text(&docs, REDOC_PATH).contains("data-openapi-url=\"openapi.json\""));
}

#[test]
fn values_are_escaped_and_never_read_as_templates() {
    let docs = DocsSite::new("<script>&'\"{{client_id}}", "/a\"b", Some("{{title}}"));
    let page = text(&docs, DOCS_PATH);
    assert!(page.contains("<title>&lt;script&gt;&amp;&#39;&quot;{{client_id}} - Swagger UI</title>"));
    assert!(page.contains("data-openapi-url=\"/a&quot;b\""));
    assert!(page.contains("data-client-id=\"{{title}}\""));
}

#[test]
fn without_a_client_its_attribute_is_empty() {
    assert!(text(&DocsSite::new("Ours", "/openapi.json", None), DOCS_PATH).contains("data-client-id=\"\""));
}

#[test]
fn no_page_has_inline_script_style_or_foreign_addresses() {
    let docs = docs();
    for path in PAGES {
        let page = text(&docs, path);
        for forbidden in [
            "<style",
            "style=",
            "onload=",
            "onclick=",
            "http:",
            "https:",
            "javascript:",
            "=\"//",
        ] {
            assert!(!page.contains(forbidden), "{path} holds {forbidden}");
        }
        for script in page.split("<script").skip(1) {
            assert!(script.contains(" defer></script>"), "{path} has inline script");
        }
    }
}

#[test]
fn no_policy_allows_inline_or_evaluated_code() {
    for path in PAGES {
        let page = docs().page(path).expect("the page exists");
        assert_eq!(page.content_type, HTML);
        assert!(page.csp.starts_with("default-src 'none'; script-src 'self';"), "{path}");
        assert!(
            page.csp
                .contains("frame-ancestors 'none'; base-uri 'none'; form-action 'none'"),
            "{path}"
        );
        assert!(
            !page.csp.contains("unsafe") && !page.csp.contains('\n') && !page.csp.contains("  "),
            "{path}"
        );
    }
}

#[test]
fn other_paths_are_not_ours() {
    for path in [
        "/",
        "/docs/",
        "/Docs",
        "/redoc/",
        "/docs/assets",
        "/docs/assets/",
        "/docs/assets/../docs.html",
        "/docs/x",
    ] {
        assert!(docs().page(path).is_none(), "{path}");
    }
}

#[test]
fn redoc_loads_no_picture_from_its_maker() {
    let page = docs()
        .page("/docs/assets/redoc.standalone.js")
        .expect("the asset exists");
    let script = String::from_utf8(page.body.to_vec()).expect("it is text");
    assert!(!script.contains("cdn.redoc"));
}
