//! The policy language of docs/policy-toml.md: its example, its expressions, its errors.

use scopegate_domain::ScopeToken;
use scopegate_openapi::export;
use scopegate_openapi::import::{self, CeilingKind};
use scopegate_policy::{Access, Method};

const PAGE: &str = include_str!("../../../../../docs/policy-toml.md");

/// The blocks of TOML on the page, the first of which is the whole policy.
fn blocks() -> Vec<&'static str> {
    let after = PAGE.split("```toml\n").skip(1);
    after.map(|block| block.split("```").next().unwrap()).collect()
}

#[test]
fn the_example_of_the_page_means_what_the_page_says() {
    let policy = blocks()[0];
    let imported = import::read(policy.as_bytes()).unwrap();
    assert_eq!((imported.title(), imported.version()), (Some("Items"), Some("1.0.0")));
    let table = imported.table();
    let scopes = |method, path| {
        let operation = table.find(method, path).unwrap_or_else(|| panic!("{method} {path}"));
        operation
            .challenge_scope()
            .iter()
            .map(ScopeToken::as_str)
            .collect::<Vec<_>>()
            .join(" ")
    };
    assert_eq!(scopes(Method::Get, "/users/me/items/"), "items me");
    assert_eq!(scopes(Method::Delete, "/admin/users/{id}"), "admin");
    assert_eq!(table.find(Method::Get, "/health").unwrap().access(), Access::Public);
    assert!(table.find(Method::Get, "/admin/motd").unwrap().is_override());
    assert!(table.find(Method::Get, "/items/").unwrap().is_optional());
    let ceilings: Vec<_> = imported
        .ceilings()
        .iter()
        .map(|ceiling| (ceiling.kind(), ceiling.name()))
        .collect();
    assert_eq!(
        ceilings,
        [
            (CeilingKind::Client, "demo-app"),
            (CeilingKind::Role, "staff"),
            (CeilingKind::User, "johndoe")
        ]
    );
    let text = export::toml(table).unwrap();
    assert_eq!(
        export::canonical(import::read(text.as_bytes()).unwrap().table()),
        export::canonical(table)
    );
}

fn with(rest: &str) -> String {
    format!("schemes.o = {{ kind = \"oauth2\", scopes = {{ a = \"\", b = \"\", and = \"\", active = \"\" }} }}\n{rest}")
}

fn requires(expression: &str) -> Result<String, String> {
    let operation = format!("operations = [{{ method = \"GET\", path = \"/\", requires = '{expression}' }}]");
    let imported = import::read(with(&operation).as_bytes()).map_err(|fault| fault.to_string())?;
    let text = export::toml(imported.table()).unwrap();
    let written = text.split("requires = ").nth(1).unwrap().trim();
    Ok(written.trim_matches('"').to_owned())
}

#[test]
fn expressions() {
    for (written, read) in [
        ("a and (b or active)", "(a and active) or (a and b)"),
        ("a or b and user", "a or (b and user)"),
        ("`and` or `active`", "`active` or `and`"),
        ("a of o and `b` of `o`", "a and b"),
        (
            "check:`my own` and acr:gold and age<=60",
            "acr:gold and age<=60 and check:`my own`",
        ),
        ("deny", "deny"),
        ("authenticated", "authenticated"),
        ("scheme:o", "scheme:o"),
        ("((((a))))", "a"),
    ] {
        assert_eq!(requires(written).as_deref(), Ok(read), "{written}");
    }
    for (written, message) in [
        (" ", "a scope or a guard is expected here (at byte 1 of the text)"),
        ("a b", "`and`, `or` or the end is expected here (at byte 2 of the text)"),
        ("a and", "a scope or a guard is expected here (at byte 5 of the text)"),
        ("(a", "`)` is expected here (at byte 2 of the text)"),
        (
            "a or and",
            "a scope or a guard is expected here, not `and` (at byte 5 of the text)",
        ),
        ("age<=x", "`age<=x` is not a guard (at byte 0 of the text)"),
        ("public", "write `public = true` for `public` (at byte 0 of the text)"),
        ("`a", "a backtick is not closed (at byte 0 of the text)"),
    ] {
        assert_eq!(
            requires(written),
            Err(format!("line 2, column 56: {message}")),
            "{written}"
        );
    }
    assert_eq!(
        requires("c"),
        Err("line 2, column 15: `GET /` requires scope `c`, which is not declared".to_owned())
    );
}

#[test]
fn faults_say_the_line_and_the_nearest_name() {
    for (rest, message) in [
        (
            "\noperatons = []",
            "line 3, column 1: `operatons` is not known here; `operations` is",
        ),
        (
            "[[operations]]\nmethod = \"GET\"\npath = \"/\"\nrequire = \"a\"",
            "line 5, column 1: `require` is not known here; `requires` is",
        ),
        (
            "[[operations]]\nmethod = \"FETCH\"\npath = \"/\"",
            "line 2, column 1: `FETCH` is not a method of an operation",
        ),
        (
            "[[operations]]\nmethod = \"GET\"\npath = \"/\"\nbehind = [\"usr\"]\n[guards.user]\nrequires = \"user\"",
            "line 5, column 11: no guard is named `usr`; `user` is one",
        ),
        (
            "[guards.one]\non = [\"two\"]\n[guards.two]\non = [\"one\"]",
            "line 3, column 7: guards depend on each other in a circle, or in too long a chain",
        ),
        (
            "schemes.p = { kind = \"oauth2\", scopes = { \"notes:read\" = \"\", w = \"\" }, implies = { w = [\"notes:reed\"] } }",
            "line 2, column 88: scope `notes:reed` is not declared; did you mean `notes:read`?",
        ),
        (
            "[[operations]]\nmethod = \"GET\"\npath = \"/\"\nrequires = \"a of oo\"",
            "line 2, column 1: `GET /` requires scheme `oo`, which is not declared",
        ),
        ("users.u = \"a c\"", "line 2, column 11: scope `c` is not declared"),
        ("users.u = \"a\"\nusers.u = \"b\"", "line 3, column 7: duplicate key"),
        (
            "[[operations]]\nmethod = \"GET\"\npath = \"/\"\n",
            "line 2, column 1: `GET /` has no requirement; declare a public operation as public",
        ),
        (
            "schemes.oauth = { kind = \"oauth2\", scopes = { \"notes:read\" = \"\" } }\n[[operations]]\nmethod = \"GET\"\npath = \"/\"\nrequires = \"notes:reed\"",
            "line 3, column 1: `GET /` requires scope `notes:reed`, which is not declared; did you mean `notes:read`?",
        ),
        (
            "schemes.oauth = { kind = \"oauth2\" }\n[[groups]]\nprefix = \"/a\"\n[[groups.operations]]\nmethod = \"GET\"\npath = \"/b\"\nrequires = \"scheme:outh\"",
            "line 5, column 1: `GET /a/b` requires scheme `outh`, which is not declared; did you mean `oauth`?",
        ),
        (
            "[[operations]]\nmethod = \"GET\"\npath = \"/\"\npublic = true\nrequires = \"a\"",
            "line 2, column 1: a public operation requires nothing",
        ),
    ] {
        assert_eq!(
            import::read(with(rest).as_bytes()).unwrap_err().to_string(),
            message,
            "{rest}"
        );
    }
}
