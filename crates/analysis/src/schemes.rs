//! The changes of security schemes between two versions.

use std::collections::{BTreeMap, HashMap};

use scopegate_domain::{ApiKeyLocation, DeclaredScheme, HttpScheme, OAuthFlow, OAuthFlows, SchemeName, SecurityScheme};
use scopegate_policy::{Method, OperationTable};

/// The fields of a scheme that determine the credential, by their names in OpenAPI. Descriptions,
/// formats of tokens and scopes are not among them.
type Fields = BTreeMap<String, String>;

/// A version of a policy for [`compare()`](super::compare()).
///
/// ```
/// # use scopegate_domain::Catalog;
/// # use scopegate_policy::OperationTable;
/// use scopegate_analysis::{Version, compare};
///
/// let table = OperationTable::builder(Catalog::builder().build()?).build()?;
/// let old = Version::new(&table).moved("/v1", "/v2");
/// assert!(compare(&old, &Version::new(&table))?.changes().is_empty());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Version<'t> {
    pub(super) table: &'t OperationTable,
    pub(super) moved: Vec<(String, String)>,
    details: HashMap<SchemeName, Fields>,
}

impl<'t> Version<'t> {
    /// The version that a table describes.
    #[must_use]
    pub fn new(table: &'t OperationTable) -> Self {
        Self {
            table,
            moved: Vec::new(),
            details: HashMap::new(),
        }
    }

    /// Compares the operations below one prefix of a path with those below another one in the other
    /// version. The longest prefix counts. It ends at a slash, and the names of its parameters have
    /// no effect.
    #[must_use]
    pub fn moved(mut self, from: impl Into<String>, to: impl Into<String>) -> Self {
        self.moved.push((from.into(), to.into()));
        self
    }

    /// Sets a field of a scheme that the table cannot express. A field `type` replaces all others
    /// that the table has.
    #[must_use]
    pub fn detail(mut self, scheme: SchemeName, field: impl Into<String>, value: impl Into<String>) -> Self {
        let details = self.details.entry(scheme).or_default();
        details.insert(field.into(), value.into());
        self
    }

    fn schemes(&self) -> Vec<(&'t SchemeName, Fields)> {
        let schemes = self.table.catalog().schemes().iter();
        schemes
            .map(|declared| (declared.name(), self.fields(declared)))
            .collect()
    }

    fn fields(&self, declared: &DeclaredScheme) -> Fields {
        let mut fields = fields_of(declared.scheme());
        if let Some(details) = self.details.get(declared.name()) {
            if details.contains_key("type") {
                fields.clear();
            }
            fields.extend(details.iter().map(|(field, value)| (field.clone(), value.clone())));
        }
        fields
    }
}

/// A scheme that accepts other credentials than before, under the same name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SchemeChange {
    pub(super) scheme: SchemeName,
    fields: Vec<FieldChange>,
    pub(super) operations: Vec<(Method, String)>,
}

/// A field of a scheme that changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldChange {
    field: String,
    old: Option<String>,
    new: Option<String>,
}

impl SchemeChange {
    /// Returns the name in the new version.
    #[must_use]
    pub const fn scheme(&self) -> &SchemeName {
        &self.scheme
    }

    /// Returns the changed fields.
    #[must_use]
    pub fn fields(&self) -> &[FieldChange] {
        &self.fields
    }

    /// Returns the operations that name the scheme in both versions, as the new version writes
    /// them.
    #[must_use]
    pub fn operations(&self) -> &[(Method, String)] {
        &self.operations
    }
}

impl FieldChange {
    /// Returns the name of the field in an OpenAPI document, such as `flows.password.tokenUrl`.
    #[must_use]
    pub fn field(&self) -> &str {
        &self.field
    }

    /// Returns the old value, if there was one.
    #[must_use]
    pub fn old(&self) -> Option<&str> {
        self.old.as_deref()
    }

    /// Returns the new value, if there is one.
    #[must_use]
    pub fn new_value(&self) -> Option<&str> {
        self.new.as_deref()
    }
}

/// The pairs of schemes of two versions.
#[derive(Debug, Default)]
pub(super) struct SchemePairs {
    pub(super) to_old: HashMap<SchemeName, SchemeName>,
    pub(super) to_new: HashMap<SchemeName, SchemeName>,
    pub(super) changes: Vec<SchemeChange>,
}

/// Pairs schemes by name. A key, OAuth 2.0 or OpenID Connect scheme whose name was removed is
/// paired with a new one of the same content, if there is only one on each side.
pub(super) fn pair(old: &Version<'_>, new: &Version<'_>) -> SchemePairs {
    let (before, after) = (old.schemes(), new.schemes());
    let mut pairs = SchemePairs::default();
    for (name, fields) in &after {
        if let Some((_, was)) = before.iter().find(|(known, _)| known == name) {
            pairs.changes.extend(change(name, was, fields));
        }
    }
    let is_in = |schemes: &[(&SchemeName, Fields)], name: &SchemeName| schemes.iter().any(|(known, _)| *known == name);
    let gone = by_content(before.iter().filter(|(name, _)| !is_in(&after, name)));
    let come = by_content(after.iter().filter(|(name, _)| !is_in(&before, name)));
    for (content, names) in &gone {
        if let ([was], Some([is])) = (names.as_slice(), come.get(content).map(Vec::as_slice)) {
            pairs.to_old.insert((*is).clone(), (*was).clone());
            pairs.to_new.insert((*was).clone(), (*is).clone());
        }
    }
    pairs
}

/// Pairs schemes by content if names moved from one scheme to another. `None` if no name did.
pub(super) fn pair_renamed(old: &Version<'_>, new: &Version<'_>) -> Option<SchemePairs> {
    let (before, after) = (old.schemes(), new.schemes());
    let (was, is) = (by_content(before.iter()), by_content(after.iter()));
    let mut pairs = SchemePairs::default();
    for (content, names) in &was {
        if let ([was], Some([is])) = (names.as_slice(), is.get(content).map(Vec::as_slice))
            && was != is
        {
            pairs.to_old.insert((*is).clone(), (*was).clone());
            pairs.to_new.insert((*was).clone(), (*is).clone());
        }
    }
    // A name that is in both versions, with other content, must be the new name of a scheme.
    let moved = before
        .iter()
        .map(|(name, _)| *name)
        .filter(|name| after.iter().any(|(known, _)| known == name))
        .filter(|name| pairs.to_new.contains_key(*name) || pairs.to_old.contains_key(*name));
    let mut moved = moved.peekable();
    moved.peek()?;
    if !moved.all(|name| pairs.to_new.contains_key(name) && pairs.to_old.contains_key(name)) {
        return None;
    }
    for (name, fields) in &after {
        let same = |(known, _): &&(&SchemeName, Fields)| known == name;
        if let Some((_, was)) = before.iter().find(same).filter(|_| !pairs.to_old.contains_key(*name)) {
            pairs.changes.extend(change(name, was, fields));
        }
    }
    Some(pairs)
}

/// Returns the fields that identify a credential regardless of the name of the scheme.
fn by_content<'s>(
    schemes: impl Iterator<Item = &'s (&'s SchemeName, Fields)>,
) -> BTreeMap<Fields, Vec<&'s SchemeName>> {
    let mut by_content: BTreeMap<Fields, Vec<&SchemeName>> = BTreeMap::new();
    for (name, fields) in schemes {
        let names_issuer = || fields.keys().any(|field| field.ends_with("Url"));
        let is_identified = match fields.get("type").map(String::as_str) {
            Some("apiKey") => true,
            Some("oauth2" | "openIdConnect") => names_issuer(),
            _ => false,
        };
        if is_identified {
            by_content
                .entry(normal(fields, is_header(fields)))
                .or_default()
                .push(name);
        }
    }
    by_content
}

fn change(name: &SchemeName, old: &Fields, new: &Fields) -> Option<SchemeChange> {
    let is_header = is_header(old) || is_header(new);
    let (before, after) = (normal(old, is_header), normal(new, is_header));
    let mut names: Vec<&String> = before.keys().chain(after.keys()).collect();
    names.sort_unstable();
    names.dedup();
    let changed = names
        .into_iter()
        .filter(|field| before.get(*field) != after.get(*field));
    let fields: Vec<FieldChange> = changed
        .map(|field| FieldChange {
            field: field.clone(),
            old: old.get(field).cloned(),
            new: new.get(field).cloned(),
        })
        .collect();
    (!fields.is_empty()).then(|| SchemeChange {
        scheme: name.clone(),
        fields,
        operations: Vec::new(),
    })
}

/// Normalizes fields for equal credentials: names of headers and hosts are in lower case, and the
/// default port is omitted.
fn normal(fields: &Fields, is_header: bool) -> Fields {
    let value = |(field, value): (&String, &String)| {
        let value = match field.as_str() {
            "name" if is_header => value.to_ascii_lowercase(),
            field if field.ends_with("Url") => normal_url(value),
            _ => value.clone(),
        };
        (field.clone(), value)
    };
    fields.iter().map(value).collect()
}

fn is_header(fields: &Fields) -> bool {
    fields.get("in").is_some_and(|place| place == "header")
}

fn normal_url(url: &str) -> String {
    let url = url.trim();
    let Some((scheme, rest)) = url.split_once("://") else {
        return url.to_owned();
    };
    let (host, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    let (scheme, host) = (scheme.to_ascii_lowercase(), host.to_ascii_lowercase());
    let port = match scheme.as_str() {
        "https" => ":443",
        "http" => ":80",
        _ => "",
    };
    let host = host.strip_suffix(port).unwrap_or(&host);
    let path = if path.is_empty() { "/" } else { path };
    format!("{scheme}://{host}{path}")
}

fn fields_of(scheme: &SecurityScheme) -> Fields {
    let fields: Vec<(&str, String)> = match scheme {
        SecurityScheme::ApiKey { location, name } => {
            let place = match location {
                ApiKeyLocation::Cookie => "cookie",
                ApiKeyLocation::Header => "header",
                ApiKeyLocation::Query => "query",
            };
            vec![
                ("type", "apiKey".to_owned()),
                ("in", place.to_owned()),
                ("name", name.clone()),
            ]
        }
        SecurityScheme::Http(http) => {
            let word = match http {
                HttpScheme::Basic => "basic",
                HttpScheme::Bearer { .. } => "bearer",
                HttpScheme::Digest => "digest",
            };
            vec![("type", "http".to_owned()), ("scheme", word.to_owned())]
        }
        SecurityScheme::OAuth2(flows) => return oauth(flows),
        SecurityScheme::OpenIdConnect { url } => {
            vec![("type", "openIdConnect".to_owned()), ("openIdConnectUrl", url.clone())]
        }
    };
    fields
        .into_iter()
        .map(|(field, value)| (field.to_owned(), value))
        .collect()
}

fn oauth(flows: &OAuthFlows) -> Fields {
    let mut fields = Fields::from([("type".to_owned(), "oauth2".to_owned())]);
    let declared: [(&str, &Option<OAuthFlow>); 5] = [
        ("authorizationCode", &flows.authorization_code),
        ("clientCredentials", &flows.client_credentials),
        ("deviceAuthorization", &flows.device_authorization),
        ("implicit", &flows.implicit),
        ("password", &flows.password),
    ];
    let mut names = Vec::new();
    for (name, flow) in declared {
        let Some(flow) = flow else { continue };
        names.push(name);
        let urls = [
            ("authorizationUrl", &flow.authorization_url),
            ("deviceAuthorizationUrl", &flow.device_authorization_url),
            ("refreshUrl", &flow.refresh_url),
            ("tokenUrl", &flow.token_url),
        ];
        for (field, url) in urls {
            if let Some(url) = url {
                fields.insert(format!("flows.{name}.{field}"), url.clone());
            }
        }
    }
    fields.insert("flows".to_owned(), names.join(", "));
    if let Some(url) = &flows.metadata_url {
        fields.insert("oauth2MetadataUrl".to_owned(), url.clone());
    }
    fields
}

#[cfg(test)]
mod tests {
    use scopegate_domain::Catalog;

    use super::*;

    fn table(schemes: &[(&str, SecurityScheme)]) -> OperationTable {
        let catalog = schemes.iter().fold(Catalog::builder(), |catalog, (name, scheme)| {
            catalog.scheme(name, scheme.clone())
        });
        OperationTable::builder(catalog.build().unwrap()).build().unwrap()
    }

    fn renamed(old: &[(&str, SecurityScheme)], new: &[(&str, SecurityScheme)]) -> Vec<String> {
        let (old, new) = (table(old), table(new));
        let pairs = pair(&Version::new(&old), &Version::new(&new));
        let mut names: Vec<String> = pairs.to_new.iter().map(|(old, new)| format!("{old} {new}")).collect();
        names.sort();
        names
    }

    #[test]
    fn schemes_of_the_same_content_are_paired_unless_it_is_ambiguous() {
        let login = || SecurityScheme::oauth2_password("https://id.example/token");
        let other = || SecurityScheme::openid_connect("https://id.example/c");
        assert_eq!(
            renamed(&[("a", login()), ("b", other())], &[("c", other()), ("d", login())]),
            ["a d", "b c"]
        );
        assert_eq!(renamed(&[("a", login())], &[("a", login()), ("b", login())]), [""; 0]);
        assert_eq!(renamed(&[("a", login()), ("b", login())], &[("c", login())]), [""; 0]);
        assert_eq!(
            renamed(
                &[("a", SecurityScheme::http_bearer())],
                &[("b", SecurityScheme::http_bearer())]
            ),
            [""; 0]
        );
    }

    #[test]
    fn addresses_are_compared_without_case_of_the_host_and_usual_ports() {
        for (url, normal) in [
            ("HTTPS://ID.example:443", "https://id.example/"),
            ("http://id.example:80/Token", "http://id.example/Token"),
            ("https://id.example:80/token", "https://id.example:80/token"),
            ("token", "token"),
        ] {
            assert_eq!(normal_url(url), normal);
        }
    }
}
