use super::*;

fn token(name: &str) -> ScopeToken {
    ScopeToken::parse(name).unwrap()
}

fn oauth() -> CatalogBuilder {
    Catalog::builder().scheme("oauth", SecurityScheme::oauth2_password("token"))
}

#[test]
fn a_cycle_is_an_error_that_prints_it() {
    let fault = oauth()
        .scope(token("z"), "")
        .scope(token("a"), "")
        .scope(token("b"), "")
        .scope(token("c"), "")
        .implies(token("z"), token("a"))
        .implies(token("a"), token("b"))
        .implies(token("b"), token("a"))
        .implies(token("b"), token("c"))
        .build()
        .unwrap_err();
    assert_eq!(
        fault.to_string(),
        "scopes imply each other in a circle: `a` -> `b` -> `a`"
    );
    assert!(
        oauth()
            .scope(token("a"), "")
            .implies(token("a"), token("a"))
            .build()
            .is_err()
    );
}

#[test]
fn a_scheme_of_every_kind_may_declare_scopes() {
    for scheme in [
        SecurityScheme::http_basic(),
        SecurityScheme::http_bearer(),
        SecurityScheme::http_digest(),
        SecurityScheme::api_key(crate::ApiKeyLocation::Header, "X-Key"),
        SecurityScheme::openid_connect("https://id.example/c"),
    ] {
        let has_scopes_by_itself = scheme.has_scopes();
        let without = Catalog::builder().scheme("s", scheme.clone()).build().unwrap();
        assert_eq!(without.schemes()[0].has_scopes(), has_scopes_by_itself);
        let catalog = Catalog::builder()
            .scheme("s", scheme)
            .scope(token("read"), "")
            .scope(token("write"), "")
            .implies(token("write"), token("read"))
            .build()
            .unwrap();
        assert!(catalog.schemes()[0].has_scopes());
        assert_eq!(catalog.schemes()[0].scopes()[1].implies(), [token("read")]);
    }
}

#[test]
fn each_fault_is_reported() {
    for (builder, message) in [
        (
            Catalog::builder().scope(token("a"), ""),
            "a scheme must be declared before its scopes, edges and description",
        ),
        (
            oauth().scheme("oauth", SecurityScheme::http_basic()),
            "scheme `oauth` is declared twice",
        ),
        (
            oauth().scope(token("a"), "").scope(token("a"), ""),
            "scope `a` is declared twice",
        ),
        (
            oauth().scope(token("a"), "").implies(token("a"), token("b")),
            "scope `b` is not declared in the scheme of its implication; declare both scopes there",
        ),
        (
            Catalog::builder().scheme("", SecurityScheme::http_basic()),
            "not a name for a scheme: identifier is empty",
        ),
    ] {
        assert_eq!(builder.build().unwrap_err().to_string(), message);
    }
}

#[test]
fn scopes_of_another_scheme_are_copied_with_their_implications() {
    let builder = oauth()
        .scope(token("write"), "Write.")
        .scope(token("read"), "Read.")
        .implies(token("write"), token("read"))
        .scheme("key", SecurityScheme::http_bearer());
    let catalog = builder.scopes_of("oauth").build().unwrap();
    assert_eq!(catalog.schemes()[1].scopes(), catalog.schemes()[0].scopes());
    assert_eq!(catalog.schemes()[1].scopes()[0].implies(), [token("read")]);
    assert_eq!(
        Catalog::builder().scopes_of("oauth").build().unwrap_err().to_string(),
        "scheme `oauth` is not declared; declare it before the scheme that has its scopes"
    );
    let of_itself = oauth().scope(token("read"), "").scopes_of("oauth");
    assert_eq!(
        of_itself.build(),
        Err(CatalogError::ScopeTwice { token: token("read") })
    );
}
