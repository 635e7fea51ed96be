//! The security of a document: the schemes, and those that each operation requires.

use scopegate_domain::{
    ApiKeyLocation, Catalog, DeclaredScheme, DeclaredScope, HttpScheme, OAuthFlow, OAuthFlows, SchemeName, ScopeToken,
    SecurityScheme,
};
use scopegate_policy::{Access, Alternative, Fact, Needs, ResolvedOperation};
use serde_json::{Map, Value, json};

use crate::guard_words::ROLE;

/// The object `components.securitySchemes`. With `extensions`, `x-scopegate-implies` of a scheme
/// maps each scope to the scopes that it implies.
pub(super) fn schemes(catalog: &Catalog, extensions: bool) -> Map<String, Value> {
    catalog
        .schemes()
        .iter()
        .map(|declared| {
            (
                declared.name().as_str().to_owned(),
                Value::Object(scheme(declared, extensions)),
            )
        })
        .collect()
}

fn scheme(declared: &DeclaredScheme, extensions: bool) -> Map<String, Value> {
    let mut object = kind(declared);
    if let Some(description) = declared.description() {
        object.insert("description".to_owned(), description.into());
    }
    if extensions {
        let edges: Map<String, Value> = declared.scopes().iter().filter_map(edges).collect();
        if !edges.is_empty() {
            object.insert("x-scopegate-implies".to_owned(), edges.into());
        }
        if !declared.has_subject() {
            object.insert("x-scopegate-without-subject".to_owned(), true.into());
        }
        if !declared.scopes().is_empty() && !has_flow(declared.scheme()) {
            object.insert("x-scopegate-scopes".to_owned(), described(declared.scopes()).into());
        }
    }
    object
}

fn edges(scope: &DeclaredScope) -> Option<(String, Value)> {
    let weaker: Vec<&str> = scope.implies().iter().map(AsRef::as_ref).collect();
    (!weaker.is_empty()).then(|| (scope.token().as_str().to_owned(), weaker.into()))
}

/// Returns the fields that only this kind of scheme has.
fn kind(declared: &DeclaredScheme) -> Map<String, Value> {
    let mut object = Map::new();
    let mut put = |name: &str, value: Value| object.insert(name.to_owned(), value);
    match declared.scheme() {
        SecurityScheme::ApiKey { location, name } => {
            put("type", "apiKey".into());
            put("in", location_name(*location).into());
            put("name", name.as_str().into());
        }
        SecurityScheme::Http(scheme) => {
            put("type", "http".into());
            put("scheme", http_name(scheme).into());
            if let HttpScheme::Bearer { format: Some(format) } = scheme {
                put("bearerFormat", format.as_str().into());
            }
        }
        SecurityScheme::OAuth2(declared_flows) => {
            put("type", "oauth2".into());
            put("flows", flows(declared_flows, declared.scopes()).into());
            if let Some(url) = &declared_flows.metadata_url {
                put("oauth2MetadataUrl", url.as_str().into());
            }
        }
        SecurityScheme::OpenIdConnect { url } => {
            put("type", "openIdConnect".into());
            put("openIdConnectUrl", url.as_str().into());
        }
    }
    object
}

pub(super) const fn location_name(location: ApiKeyLocation) -> &'static str {
    match location {
        ApiKeyLocation::Cookie => "cookie",
        ApiKeyLocation::Header => "header",
        ApiKeyLocation::Query => "query",
    }
}

const fn http_name(scheme: &HttpScheme) -> &'static str {
    match scheme {
        HttpScheme::Basic => "basic",
        HttpScheme::Bearer { .. } => "bearer",
        HttpScheme::Digest => "digest",
    }
}

/// Whether OpenAPI has a field for its scopes.
fn has_flow(scheme: &SecurityScheme) -> bool {
    matches!(scheme, SecurityScheme::OAuth2(flows) if **flows != OAuthFlows::default())
}

/// Returns the kind of a scheme as one word. For an API key the location and name follow, because
/// they distinguish keys.
pub(super) fn kind_word(scheme: &SecurityScheme) -> String {
    match scheme {
        SecurityScheme::ApiKey { location, name } => format!("apiKey {} {name}", location_name(*location)),
        SecurityScheme::Http(scheme) => format!("http {}", http_name(scheme)),
        SecurityScheme::OAuth2(_) => "oauth2".to_owned(),
        SecurityScheme::OpenIdConnect { .. } => "openIdConnect".to_owned(),
    }
}

fn described(scopes: &[DeclaredScope]) -> Map<String, Value> {
    scopes
        .iter()
        .map(|scope| (scope.token().as_str().to_owned(), scope.description().into()))
        .collect()
}

/// OpenAPI lists the scopes once for each flow. Here they belong to the scheme, so each flow has
/// all of them.
fn flows(flows: &OAuthFlows, scopes: &[DeclaredScope]) -> Map<String, Value> {
    [
        ("authorizationCode", &flows.authorization_code),
        ("clientCredentials", &flows.client_credentials),
        ("deviceAuthorization", &flows.device_authorization),
        ("implicit", &flows.implicit),
        ("password", &flows.password),
    ]
    .into_iter()
    .filter_map(|(name, declared)| Some((name.to_owned(), flow(declared.as_ref()?, scopes).into())))
    .collect()
}

fn flow(flow: &OAuthFlow, scopes: &[DeclaredScope]) -> Map<String, Value> {
    let addresses = [
        ("authorizationUrl", &flow.authorization_url),
        ("tokenUrl", &flow.token_url),
        ("refreshUrl", &flow.refresh_url),
        ("deviceAuthorizationUrl", &flow.device_authorization_url),
    ];
    addresses
        .into_iter()
        .filter_map(|(name, url)| Some((name.to_owned(), url.as_deref()?.into())))
        .chain([("scopes".to_owned(), described(scopes).into())])
        .collect()
}

/// The style of the security of operations.
#[derive(Clone, Copy, Debug)]
pub(super) struct Style {
    pub(super) extensions: bool,
    /// Schemes other than OAuth 2.0 and `OpenID` Connect may not list scopes.
    pub(super) is_3_0: bool,
}

/// The security fields of an operation's object: `security`, and with `extensions` two more.
///
/// `x-scopegate-guards` has one list for each object of `security`, in the same order. It is left
/// out if no list names a guard. `x-scopegate-overrides` names the guards of the application and of
/// groups that the operation overrides.
pub(super) fn fields(operation: &ResolvedOperation, catalog: &Catalog, style: Style) -> Map<String, Value> {
    let extensions = style.extensions;
    let lists_scopes = |scheme: &SchemeName| {
        let declared = catalog.find(scheme);
        !(style.is_3_0 && extensions) || declared.is_none_or(|declared| declared.scheme().has_scopes())
    };
    let mut ways: Vec<(Value, Value)> = Vec::new();
    for (schemes, guards) in alternatives_of(operation, &lists_scopes) {
        let guards = if extensions { guards.into() } else { Value::Null };
        if !ways.contains(&(schemes.clone(), guards.clone())) {
            ways.push((schemes, guards));
        }
    }
    let (mut security, guards): (Vec<Value>, Vec<Value>) = ways.into_iter().unzip();
    // Without extensions the checks are not written, so an operation without a scheme reads as
    // public. Its list is then empty.
    if !extensions && security == [json!({})] {
        security.clear();
    }
    let mut fields = Map::new();
    fields.insert("security".to_owned(), security.into());
    if guards.iter().filter_map(Value::as_array).any(|names| !names.is_empty()) {
        fields.insert("x-scopegate-guards".to_owned(), guards.into());
    }
    if extensions && operation.is_override() {
        let overridden: Vec<String> = operation.overridden().iter().map(ToString::to_string).collect();
        fields.insert("x-scopegate-overrides".to_owned(), overridden.into());
    }
    fields
}

/// Returns the alternatives of the operation: the object of `security` and the names of the guards
/// of each.
fn alternatives_of(
    operation: &ResolvedOperation,
    lists_scopes: &dyn Fn(&SchemeName) -> bool,
) -> Vec<(Value, Vec<String>)> {
    if operation.access() == Access::Public {
        return Vec::new();
    }
    let alternatives = operation.security();
    let way = |alternative: &Alternative| {
        let roles = roles(alternative, lists_scopes);
        let guards = roles.chain(names(alternative, |_| true)).collect();
        (schemes_of(alternative, lists_scopes), guards)
    };
    let anonymous = |alternative: &Alternative| (json!({}), names(alternative, holds_without_credential));
    let with_credential = alternatives.iter().map(way);
    let without = alternatives.iter().filter(|_| operation.is_optional()).map(anonymous);
    with_credential.chain(without).collect()
}

fn schemes_of(alternative: &Alternative, lists_scopes: &dyn Fn(&SchemeName) -> bool) -> Value {
    let entry = |(name, scope): &(SchemeName, Vec<ScopeToken>)| {
        let listed = scope.iter().filter(|_| lists_scopes(name));
        let scope: Vec<&str> = listed.map(AsRef::as_ref).collect();
        (name.as_str().to_owned(), Value::from(scope))
    };
    alternative.schemes().iter().map(entry).collect::<Map<_, _>>().into()
}

/// The scopes of schemes that may not list them, as the names of checks.
fn roles(alternative: &Alternative, lists_scopes: &dyn Fn(&SchemeName) -> bool) -> impl Iterator<Item = String> {
    let schemes = alternative.schemes().iter();
    let unlisted = schemes.filter(|(name, _)| !lists_scopes(name));
    unlisted.flat_map(|(name, scopes)| scopes.iter().map(move |scope| format!("check:{ROLE}{name}:{scope}")))
}

fn names(alternative: &Alternative, wanted: fn(&Fact) -> bool) -> Vec<String> {
    alternative
        .guards()
        .iter()
        .filter(|fact| wanted(fact))
        .map(ToString::to_string)
        .collect()
}

/// Whether the fact can hold for a request without a credential.
const fn holds_without_credential(fact: &Fact) -> bool {
    matches!(
        fact,
        Fact::Check {
            needs: Needs::Nothing,
            ..
        }
    )
}
