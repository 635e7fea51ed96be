//! Schemes with their scopes, and the needs of checks.

use std::collections::BTreeSet;

use scopegate_domain::{
    ApiKeyLocation, Catalog, CatalogBuilder, HttpScheme, OAuthFlow, OAuthFlows, SchemeName, ScopeToken, SecurityScheme,
};
use scopegate_policy::{MAX_FACTS, nearest_name};

use super::super::error::ImportError;
use super::super::limits::{ImportLimit, MAX_EDGES};
use super::super::place::{self, DocumentPosition, Lines, Mark, OperationPlace, SchemePlace};
use super::super::pointer::pointer;
use super::super::shown::QuotedValue;
use super::super::table::{Table, Value};
use crate::guard_words::{self, ChecksNeed};
use crate::import::ignore::{self, Ignore, Within};
use crate::import::schemes;

/// The places of the declarations of a policy.
pub(super) struct Places<'t> {
    text: &'t str,
    lines: Lines,
    kept: place::Places,
}

impl<'t> Places<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        Self {
            text,
            lines: Lines::of(text),
            kept: place::Places::default(),
        }
    }

    pub(super) fn mark(&self, byte: usize) -> Mark {
        self.lines.mark(self.text, byte)
    }

    fn place(&mut self, pointer: String, byte: usize) -> DocumentPosition {
        let mark = self.mark(byte);
        self.kept.bounded(DocumentPosition::of_value(pointer, mark))
    }

    fn add_scheme(&mut self, name: &str, byte: usize) {
        let scheme = self.place(pointer(&["schemes", name]), byte);
        let place = SchemePlace {
            scheme,
            ..SchemePlace::default()
        };
        self.kept.schemes.insert(name.to_owned(), place);
    }

    fn add_scope(&mut self, scheme: &str, name: &str, byte: usize) {
        let place = self.place(pointer(&["schemes", scheme, "scopes", name]), byte);
        if let Some(scheme) = self.kept.schemes.get_mut(scheme) {
            scheme.scopes.insert(name.to_owned(), place);
        }
    }

    /// Adds the place of an operation. Its requirement is in the same table.
    pub(super) fn add_operation(&mut self, pointer: &str, byte: usize) {
        let place = self.place(pointer.to_owned(), byte);
        self.kept.operations.push(OperationPlace::new(place, None, String::new));
    }

    pub(super) fn into_kept(self) -> place::Places {
        self.kept
    }
}

/// Reads `[checks]`: what each check needs.
pub(super) fn checks(root: &mut Table<'_, '_>) -> Result<ChecksNeed, ImportError> {
    let mut checks = ChecksNeed::new();
    if let Some(value) = root.take("checks") {
        for (name, _, value) in value.table()?.all() {
            let needs = guard_words::needs(value.text()?);
            let needs = needs.ok_or_else(|| value.fault("must be `authentication`, `nothing` or `user`"))?;
            checks.insert(name.to_owned(), needs);
        }
    }
    Ok(checks)
}

/// `[schemes.NAME]`
pub(super) fn catalog(
    root: &mut Table<'_, '_>,
    places: &mut Places<'_>,
    (ignores, details): (&mut Vec<Ignore>, &mut Vec<Detail>),
) -> Result<Catalog, ImportError> {
    let mut builder = Catalog::builder();
    let mut size = Size::default();
    if let Some(value) = root.take("schemes") {
        for (name, start, value) in value.table()?.all() {
            places.add_scheme(name, start);
            let mut table = value.table()?;
            let place_of = |start| DocumentPosition::of_mark(places.mark(start));
            ignore::read_table(&mut table, Within::Scheme(name), place_of, ignores)?;
            let (kind, fields) = kind_in_details(&mut table)?;
            if let Ok(name) = SchemeName::parse(name) {
                let detail = |(field, value)| (name.clone(), field, value);
                details.extend(fields.into_iter().map(detail));
            }
            builder = scheme(builder.scheme(name, kind), name, table, &mut size, places)?;
        }
    }
    Ok(builder.build()?)
}

#[derive(Default)]
struct Size {
    facts: usize,
    edges: usize,
}

fn scheme(
    builder: CatalogBuilder,
    name: &str,
    mut table: Table<'_, '_>,
    size: &mut Size,
    places: &mut Places<'_>,
) -> Result<CatalogBuilder, ImportError> {
    let mut builder = builder;
    if let Some(text) = table.text("description")? {
        builder = builder.description(text);
    }
    if table.flag("without_subject")? {
        builder = builder.without_subject();
    }
    size.facts += 1;
    let mut scopes = BTreeSet::new();
    if let Some(listed) = table.take("scopes") {
        for (scope, start, value) in listed.table()?.all() {
            size.facts += 1;
            if size.facts > MAX_FACTS {
                return Err(ImportError::TooLarge(ImportLimit::Atoms));
            }
            places.add_scope(name, scope, start);
            builder = builder.scope(token(scope, value)?, value.text()?);
            scopes.insert(scope);
        }
    }
    if let Some(edges) = table.take("implies") {
        for (stronger, _, value) in edges.table()?.all() {
            let stronger = declared(stronger, value, &scopes)?;
            for (weaker, _) in value.texts()? {
                size.edges += 1;
                if size.edges > MAX_EDGES {
                    return Err(ImportError::TooLarge(ImportLimit::Edges));
                }
                builder = builder.implies(stronger.clone(), declared(weaker, value, &scopes)?);
            }
        }
    }
    table.finish()?;
    if size.facts > MAX_FACTS {
        return Err(ImportError::TooLarge(ImportLimit::Atoms));
    }
    Ok(builder)
}

/// A scope that the scheme declares.
fn declared(text: &str, at: Value<'_, '_>, scopes: &BTreeSet<&str>) -> Result<ScopeToken, ImportError> {
    let token = token(text, at)?;
    if scopes.contains(text) {
        return Ok(token);
    }
    let nearest = nearest_name(text, scopes.iter().copied());
    let nearest = nearest.map_or_else(String::new, |name| format!("; did you mean `{}`?", QuotedValue(&name)));
    Err(at.fault(format!("scope `{}` is not declared{nearest}", QuotedValue(text))))
}

fn token(text: &str, at: Value<'_, '_>) -> Result<ScopeToken, ImportError> {
    ScopeToken::parse(text).map_err(|fault| at.fault(format!("`{}` is not a scope: {fault}", QuotedValue(text))))
}

fn kind(table: &mut Table<'_, '_>, kind: &str) -> Result<SecurityScheme, ImportError> {
    Ok(match kind {
        "apiKey" => {
            let location = match table.needed("in")? {
                "cookie" => ApiKeyLocation::Cookie,
                "header" => ApiKeyLocation::Header,
                "query" => ApiKeyLocation::Query,
                _ => return Err(table.fault("`in` must be `cookie`, `header` or `query`")),
            };
            SecurityScheme::api_key(location, table.needed("name")?)
        }
        "basic" => SecurityScheme::http_basic(),
        "bearer" => SecurityScheme::Http(HttpScheme::Bearer {
            format: table.text("format")?.map(str::to_owned),
        }),
        "digest" => SecurityScheme::http_digest(),
        "oauth2" => SecurityScheme::oauth2(flows(table)?),
        "openIdConnect" => SecurityScheme::openid_connect(table.needed("url")?),
        other => {
            return Err(table.fault(format!(
                "`kind` must be `apiKey`, `basic`, `bearer`, `digest`, `http`, `mutualTLS`, `oauth2`, `openIdConnect` or `other`, not \
                 `{}`",
                QuotedValue(other)
            )));
        }
    })
}

/// The kind of a scheme, and the fields that a table of operations cannot express.
fn kind_in_details(table: &mut Table<'_, '_>) -> Result<(SecurityScheme, Fields), ImportError> {
    let fields = |fields: &[(&str, &str)]| -> Fields {
        let owned = |(field, value): &(&str, &str)| ((*field).to_owned(), (*value).to_owned());
        fields.iter().map(owned).collect()
    };
    let (scheme, mut details) = match table.needed("kind")? {
        "http" => match &*table.needed("scheme")?.to_ascii_lowercase() {
            word @ ("basic" | "bearer" | "digest") => (kind(table, word)?, Fields::new()),
            word => (schemes::authorization(), fields(&[("type", "http"), ("scheme", word)])),
        },
        "mutualTLS" => (schemes::certificate(), fields(&[("type", "mutualTLS")])),
        "other" => (schemes::authorization(), fields(&[("type", table.needed("type")?)])),
        word => (kind(table, word)?, Fields::new()),
    };
    if let Some(listed) = table.take("details") {
        for (field, _, value) in listed.table()?.all() {
            details.push((field.to_owned(), value.text()?.to_owned()));
        }
    }
    Ok((scheme, details))
}

type Fields = Vec<(String, String)>;
/// A field of a scheme.
pub(super) type Detail = (SchemeName, String, String);

fn flows(table: &mut Table<'_, '_>) -> Result<OAuthFlows, ImportError> {
    let mut flows = OAuthFlows::default();
    flows.authorization_code = flow(table, "authorization_code")?;
    flows.client_credentials = flow(table, "client_credentials")?;
    flows.device_authorization = flow(table, "device_authorization")?;
    flows.implicit = flow(table, "implicit")?;
    flows.password = flow(table, "password")?;
    flows.metadata_url = table.text("metadata")?.map(str::to_owned);
    Ok(flows)
}

fn flow(table: &mut Table<'_, '_>, name: &'static str) -> Result<Option<OAuthFlow>, ImportError> {
    let Some(value) = table.take(name) else {
        return Ok(None);
    };
    let mut table = value.table()?;
    let mut flow = OAuthFlow::default();
    flow.authorization_url = table.text("authorize")?.map(str::to_owned);
    flow.token_url = table.text("token")?.map(str::to_owned);
    flow.refresh_url = table.text("refresh")?.map(str::to_owned);
    flow.device_authorization_url = table.text("device")?.map(str::to_owned);
    table.finish()?;
    Ok(Some(flow))
}
