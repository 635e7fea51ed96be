//! Documents that a gate enforces whole, and those that it refuses when it is built.

use std::sync::Arc;

use scopegate_gate::policy::Needs;
use scopegate_gate::store::{BoxFuture, StoreError};
use scopegate_gate::token::{TokenRules, Verifier};
use scopegate_gate::{
    Check, CheckContext, Credential, CredentialCheck, CredentialVerifier, Gate, GateBuilder, GateError,
};
use scopegate_openapi::import::{self, EnforceOptions};

use crate::tokens::key;

/// A document in YAML with schemes and these paths.
fn builder(rest: &str) -> GateBuilder {
    let document = format!(
        r#"
openapi: 3.1.0
info: {{ title: Items, version: "1" }}
components:
  securitySchemes:
    oauth: {{ type: oauth2, flows: {{ password: {{ tokenUrl: token, scopes: {{ items: Read items. }} }} }} }}
    key: {{ type: apiKey, in: header, name: X-Key }}
    login: {{ type: http, scheme: basic }}
    signed: {{ type: http, scheme: hawk }}
    other: {{ type: telepathy }}
    certificate: {{ type: mutualTLS }}
{rest}
"#
    );
    let imported = import::read(document.as_bytes()).unwrap();
    let table = imported.enforceable(&EnforceOptions::new()).unwrap();
    Gate::builder_of(&table).bearer(
        "oauth",
        Verifier::new(TokenRules::shared_secret(), key().verifying_key()),
    )
}

fn get(operation: &str) -> GateBuilder {
    builder(&format!("paths: {{ /x: {{ get: {operation} }} }}"))
}

fn fault(builder: GateBuilder) -> String {
    builder.build().unwrap_err().to_string()
}

struct Never;

impl CredentialVerifier for Never {
    fn verify<'a>(&'a self, _: &'a Credential) -> BoxFuture<'a, Result<CredentialCheck, StoreError>> {
        Box::pin(async { Ok(CredentialCheck::Invalid) })
    }
}

#[derive(Debug)]
struct Seal(Needs);

impl Check for Seal {
    fn name(&self) -> &'static str {
        "seal"
    }

    fn needs(&self) -> Needs {
        self.0
    }

    fn passes(&self, _: &CheckContext<'_>) -> bool {
        true
    }
}

#[test]
fn each_scheme_of_each_alternative_needs_a_verifier() {
    for (scheme, security) in [
        ("key", "[{ key: [] }]"),
        ("key", "[{ oauth: [items] }, { key: [] }]"),
        ("key", "[{ oauth: [items], key: [] }]"),
        ("key", "[{}, { key: [] }]"),
        ("signed", "[{ oauth: [items] }, { signed: [] }]"),
        ("other", "[{ other: [] }]"),
        ("certificate", "[{ oauth: [items] }, { certificate: [] }]"),
    ] {
        let operation = format!("{{ security: {security} }}");
        assert_eq!(
            fault(get(&operation)),
            format!(
                "`GET /x` requires a credential for which the gate has no verifier; add one for scheme `{scheme}` by \
                 `GateBuilder::bearer` or `GateBuilder::verifier`"
            ),
            "{security}"
        );
        assert!(
            get(&operation).verifier(scheme, Arc::new(Never)).build().is_ok(),
            "{security}"
        );
    }
    let two = "{ security: [{ oauth: [items] }, { key: [] }, { other: [] }] }";
    assert!(fault(get(two)).contains("for scheme `key` and `other` by"));
    let unused = get("{ security: [{ oauth: [items] }] }");
    assert!(unused.build().is_ok(), "no operation accepts the other schemes");
}

#[test]
fn alternative_with_two_authorization_headers_is_refused() {
    let both = get("{ security: [{ key: [] }, { oauth: [items], login: [] }] }").verifier("key", Arc::new(Never));
    assert!(matches!(
        both.verifier("login", Arc::new(Never)).build(),
        Err(GateError::TwoAuthorizations { .. })
    ));
}

#[test]
fn check_needs_code_with_the_declared_needs() {
    let guarded = || {
        builder(
            "x-scopegate-checks: { seal: nothing }\n\
             paths: { /x: { get: { security: [{ oauth: [items] }], x-scopegate-guards: [[\"check:seal\"]] } } }",
        )
    };
    assert_eq!(
        fault(guarded()),
        "`GET /x` requires the check `seal`, which has no code; add it by `Guard::check`, or by `GateBuilder::check` \
         for a policy that was read"
    );
    assert!(guarded().check(Seal(Needs::Nothing)).build().is_ok());
    assert_eq!(
        fault(guarded().check(Seal(Needs::User))),
        "`GET /x` declares that check `seal` needs nothing, and its code needs a user; declare what the code needs"
    );
    assert!(fault(get("{ security: [] }").check(Seal(Needs::Nothing))).contains("no operation names this check"));
}

#[test]
fn requirement_that_no_token_can_satisfy_is_refused() {
    for (guard, says) in [
        (
            "bound=dpop",
            "`GET /x` requires `bound=dpop`, and no source of credentials",
        ),
        ("user", "`GET /x` requires a user, and the gate has no users"),
        (
            "check:resource:own_item",
            "`GET /x` requires the check `resource:own_item`, which has no code",
        ),
    ] {
        let operation = format!("{{ security: [{{ oauth: [items] }}], x-scopegate-guards: [[\"{guard}\"]] }}");
        let fault = fault(get(&operation));
        assert!(fault.contains(says), "{fault}");
    }
}

#[test]
fn template_that_routers_compare_in_two_ways_is_refused() {
    for (path, says) in [
        ("/caf\u{e9}", "contains a character that clients percent-encode"),
        ("/a%20b", "contains a percent sign"),
        ("/a b", "contains white space"),
        ("/{a}-{b}", "has two parameters in one segment"),
        ("/a//b", "has two slashes in a row"),
        ("/x?view=all", "contains a query"),
    ] {
        let fault = fault(builder(&format!(
            "paths: {{ '{path}': {{ get: {{ security: [] }} }} }}"
        )));
        assert!(fault.contains(says), "{path}: {fault}");
    }
    let names = "paths: { '/x/{a}': { get: { security: [] } }, '/x/{b}': { put: { security: [] } } }";
    assert!(fault(builder(names)).contains("other parameter names"));
}
