//! The API that this process answers: nothing is declared that its handlers do not enforce.

use std::collections::HashMap;
use std::sync::Arc;

use anyhow::{Context, bail, ensure};
use scopegate_analysis::{Change, diff, who_can};
use scopegate_domain::{Catalog, CatalogBuilder, DeclaredScheme, OAuthFlows, Secret, SecurityScheme};
use scopegate_http::credential::BearerTokens;
use scopegate_http::policy::{Method, OperationTable, anonymous_template};
use scopegate_http::{Gate, GateBuilder, HandledOperation};
use scopegate_openapi::export;
use scopegate_openapi::import::{EnforceOptions, Imported, token_schemes};
use scopegate_store::MemoryStore;
use scopegate_token::{SigningKey, TokenRules, Verifier};
use serde_json::Value;

use super::people::AUTHORIZE_PATH;
use super::resource_document::line_of;
use crate::config::{ResourceSettings, Settings};
use crate::demo;

/// The API that this process answers, as a value that two reads of its document can be compared by.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct OwnApi {
    /// The scheme of its tokens, with the flows of this server and the scopes of the API.
    pub(super) catalog: Catalog,
    /// The name of that scheme.
    pub(super) scheme: String,
    operations: Vec<(Method, String)>,
    /// The requirements of the document in one form.
    requirements: String,
}

impl OwnApi {
    /// The API of a server without `[[resources]]`: that of the demo with `--demo`, else none.
    pub(super) fn without_resources(settings: &Settings) -> anyhow::Result<Self> {
        if !settings.demo {
            return Self::none(settings);
        }
        let operations = demo::operations();
        Ok(Self {
            catalog: demo::catalog(flows(settings))?,
            scheme: demo::SCHEME.to_owned(),
            operations: operations
                .iter()
                .map(|one| (one.method, one.template.to_owned()))
                .collect(),
            requirements: String::new(),
        })
    }

    /// No operation and no scope. The document still shows how tokens are requested.
    pub(super) fn none(settings: &Settings) -> anyhow::Result<Self> {
        let flows = flows(settings);
        let scheme = demo::SCHEME;
        Ok(Self {
            catalog: Catalog::builder()
                .scheme(scheme, SecurityScheme::oauth2(flows))
                .build()?,
            scheme: scheme.to_owned(),
            operations: Vec::new(),
            requirements: String::new(),
        })
    }

    /// Reads the own API from its document.
    ///
    /// # Errors
    ///
    /// The operation that has no handler, or whose handler enforces another requirement.
    pub(super) fn read(settings: &Settings, table: &ResourceSettings, document: &Imported) -> anyhow::Result<Self> {
        let read = read(settings, document);
        read.with_context(|| format!("{}: `{}`", table.place("document"), table.document.display()))
    }

    /// Whether this process answers any operation.
    pub(super) const fn has_operations(&self) -> bool {
        !self.operations.is_empty()
    }

    /// Returns the operations with their handlers.
    pub(super) fn handlers(&self) -> impl Iterator<Item = HandledOperation> {
        demo::operations().into_iter().filter_map(|one| {
            let is_own = |(method, template): &(Method, String)| is_same(&one, *method, template);
            self.operations.iter().any(is_own).then_some(one.handled)
        })
    }

    /// Returns a gate with the handlers and a catalog, to read the requirements. It verifies no
    /// token.
    pub(super) fn enforced(&self, catalog: Catalog) -> anyhow::Result<Gate> {
        let key = SigningKey::hs256(&Secret::new("no token is verified with this key".to_owned()))?;
        let tokens = BearerTokens::new(Arc::new(Verifier::new(
            TokenRules::shared_secret(),
            key.verifying_key(),
        )));
        let gate = Gate::builder(catalog).bearer(self.scheme.as_str(), tokens);
        let gate = gate.users(Arc::new(MemoryStore::new()));
        Ok(self.handlers().fold(gate, GateBuilder::operation).build()?)
    }
}

/// The flows of this server. Its endpoints are relative to the document, except behind a proxy that
/// removes the path of the issuer: programs resolve them against the server of the document.
fn flows(settings: &Settings) -> OAuthFlows {
    let url = |path: &str| match settings.url_behind_path() {
        Some(url) => format!("{url}{path}"),
        None => path.trim_start_matches('/').to_owned(),
    };
    let token_url = url(demo::TOKEN_PATH);
    let flows = OAuthFlows::default()
        .authorization_code(url(AUTHORIZE_PATH), &*token_url)
        .client_credentials(&*token_url);
    if settings.offers_password_grant() {
        flows.password(token_url)
    } else {
        flows
    }
}

fn read(settings: &Settings, document: &Imported) -> anyhow::Result<OwnApi> {
    // The paths of this process are those of the document, regardless of its servers.
    let table = document.enforceable(&EnforceOptions::new().base_path(""))?;
    let schemes: Vec<&DeclaredScheme> = token_schemes(table.catalog()).collect();
    let [scheme] = &schemes[..] else {
        bail!(
            "the document of the own API has {} schemes of access tokens; declare exactly one, of kind OAuth 2.0",
            schemes.len()
        );
    };
    let known = demo::operations();
    let mut operations = Vec::new();
    for (number, operation) in table.operations().iter().enumerate() {
        let (method, template) = (operation.method(), operation.template());
        let line = document
            .operation_place(number)
            .as_ref()
            .map(line_of)
            .unwrap_or_default();
        ensure!(
            known.iter().any(|one| is_same(one, method, template)),
            "operation `{operation}`{line} has no handler in this process; set `own = false`, or remove the operation"
        );
        operations.push((method, template.to_owned()));
    }
    let own = OwnApi {
        catalog: catalog(settings, scheme)?,
        scheme: scheme.name().to_string(),
        operations,
        requirements: export::canonical(&table),
    };
    expect_enforced(&own, &table)?;
    Ok(own)
}

fn is_same(one: &demo::DemoOperation, method: Method, template: &str) -> bool {
    one.method == method && anonymous_template(one.template) == anonymous_template(template)
}

/// The scheme of the document with the flows of this server.
fn catalog(settings: &Settings, scheme: &DeclaredScheme) -> anyhow::Result<Catalog> {
    let flows = flows(settings);
    let catalog = Catalog::builder().scheme(scheme.name().as_str(), SecurityScheme::oauth2(flows));
    let catalog = scheme
        .description()
        .into_iter()
        .fold(catalog, CatalogBuilder::description);
    let catalog = scheme.scopes().iter().fold(catalog, |catalog, scope| {
        catalog.scope(scope.token().clone(), scope.description())
    });
    let edges = scheme
        .scopes()
        .iter()
        .flat_map(|scope| scope.implies().iter().map(move |weaker| (scope, weaker)));
    let catalog = edges.fold(catalog, |catalog, (stronger, weaker)| {
        catalog.implies(stronger.token().clone(), weaker.clone())
    });
    Ok(catalog.build()?)
}

/// Compares the requirements of the document with those of the handlers.
// SECURITY: a document that requires more than a handler enforces would promise a protection that
// does not exist. Tested by `own_document_equals_its_handlers` in tests/it/resources.rs.
fn expect_enforced(own: &OwnApi, declared: &OperationTable) -> anyhow::Result<()> {
    let enforced = own.enforced(declared.catalog().clone())?;
    let (one, other) = (requirements(declared), requirements(enforced.operations()));
    let mut changes = diff(declared, enforced.operations())?.into_iter();
    let is_other = |change: &Change| {
        let operation = (change.method().to_string(), anonymous_template(change.template()));
        // A user without a credential of the scheme is a difference in the tables alone: in this
        // process every user comes with one. The canonical form names both.
        one.get(&operation)
            .is_none_or(|found| Some(found) != other.get(&operation))
    };
    match changes.find(is_other) {
        Some(change) => Err(difference(&change, enforced.operations())),
        None => Ok(()),
    }
}

/// The canonical requirement of each operation.
fn requirements(table: &OperationTable) -> HashMap<(String, String), Value> {
    let canonical: Value = serde_json::from_str(&export::canonical(table)).unwrap_or_default();
    let operations = canonical.get("operations").and_then(Value::as_array);
    let text = |value: Option<&Value>| value.and_then(Value::as_str).unwrap_or_default().to_owned();
    let requirement = |operation: &Value| {
        let name = (
            text(operation.get("method")),
            anonymous_template(&text(operation.get("path"))),
        );
        let mut members = operation.as_object().cloned().unwrap_or_default();
        for label in ["method", "name", "path"] {
            members.remove(label);
        }
        (name, Value::Object(members))
    };
    operations.into_iter().flatten().map(requirement).collect()
}

fn difference(change: &Change, enforced: &OperationTable) -> anyhow::Error {
    let (method, template) = (change.method(), change.template());
    let operation = enforced.find(method, template);
    let sets = operation.map(who_can).unwrap_or_default();
    let set = |facts: &Vec<_>| {
        let facts: Vec<String> = facts
            .iter()
            .map(|fact: &scopegate_http::policy::Fact| format!("`{fact}`"))
            .collect();
        facts.join(" and ")
    };
    let sets: Vec<String> = sets.iter().map(set).collect();
    anyhow::anyhow!(
        "operation `{method} {template}`: the document requires something else than its handler enforces, which is {}; write the \
         same requirement in the document",
        sets.join(", or ")
    )
}
