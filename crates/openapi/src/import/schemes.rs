//! The security schemes of an OpenAPI or Swagger document.

use std::collections::BTreeSet;

use scopegate_domain::{ApiKeyLocation, HttpScheme, OAuthFlow, OAuthFlows, SchemeName, ScopeToken, SecurityScheme};

use super::assembly::{SchemeIndex, TableAssembler};
use super::error::ImportError;
use super::ignore::{self, FIELD, Within};
use super::node::{self, At};
use super::note::NoteKind;
use super::objects;
use super::refs::References;
use super::shown::QuotedValue;
use crate::guard_words::TYPE;

/// Reads the schemes of `components.securitySchemes`, or of `securityDefinitions`.
pub(super) fn read<'n>(
    assembly: &mut TableAssembler,
    references: &'n References<'n>,
    schemes: &'n At<'n>,
    is_swagger: bool,
) -> Result<(), ImportError> {
    for (name, at) in schemes.members()? {
        if name == FIELD {
            continue;
        }
        let Ok(parsed) = SchemeName::parse(name) else {
            let message = format!(
                "`{}` cannot name a scheme, so nothing satisfies a requirement of it",
                QuotedValue(name)
            );
            assembly.notes.add(NoteKind::InvalidSchemeName, at.place(), message)?;
            continue;
        };
        let ignores = &mut assembly.ignores;
        let at = references.resolve_each(at, |here| {
            objects::note_sibling(here)?;
            ignore::read_field(here, Within::Scheme(name), ignores).map(drop)
        })?;
        // `null` is noted, and declares nothing.
        if at.members()?.len() == 0 && matches!(at.node.kind, node::Kind::Null) {
            continue;
        }
        read_one(assembly, references, parsed, &at, is_swagger)?;
    }
    Ok(())
}

/// Reads one scheme under this name.
pub(super) fn read_one(
    assembly: &mut TableAssembler,
    references: &References<'_>,
    name: SchemeName,
    at: &At<'_>,
    is_swagger: bool,
) -> Result<(), ImportError> {
    // Many may refer to one, and each keeps its texts.
    let values = at.node.count();
    assembly.count_read(values)?;
    assembly.count_text(values.saturating_mul(64))?;
    let mut kind = if is_swagger {
        swagger_kind(at)?
    } else {
        kind(references, at)?
    };
    if let Some(told) = at.text_of(TYPE)? {
        kind.details = detail("type", told);
    }
    scheme(assembly, references, name, kind, at, is_swagger)
}

/// A kind of scheme, perhaps by the nearest that we have.
struct Kind {
    scheme: Option<SecurityScheme>,
    note: Option<(NoteKind, String)>,
    /// Fields that the kind cannot express.
    details: Vec<(String, String)>,
}

impl From<SecurityScheme> for Kind {
    fn from(scheme: SecurityScheme) -> Self {
        Self {
            scheme: Some(scheme),
            note: None,
            details: Vec::new(),
        }
    }
}

fn scheme(
    assembly: &mut TableAssembler,
    references: &References<'_>,
    name: SchemeName,
    kind: Kind,
    at: &At<'_>,
    is_swagger: bool,
) -> Result<(), ImportError> {
    if let Some((kind, message)) = kind.note {
        assembly.notes.add(kind, at.place(), message)?;
    }
    let Some(scheme) = kind.scheme else {
        return Ok(());
    };
    let details = kind.details;
    let is_oauth = matches!(scheme, SecurityScheme::OAuth2(_));
    let Some(index) = assembly.add_scheme(name, scheme, at.place())? else {
        return Ok(());
    };
    assembly.add_details(index, details);
    if let Some(text) = at.text_of("description")? {
        assembly.describe(index, text);
    }
    if let Some(flag) = at.get("x-scopegate-without-subject")
        && flag.is_true()?
    {
        assembly.without_subject(index);
    }
    if is_oauth && is_swagger {
        declare(assembly, references, index, at)?;
    } else if is_oauth {
        declare_by_flow(assembly, references, index, at)?;
    }
    if let Some(scopes) = at.get("x-scopegate-scopes") {
        declare_all(assembly, index, &scopes)?;
    }
    if let Some(edges) = at.get("x-scopegate-implies") {
        imply(assembly, index, &edges)?;
    }
    Ok(())
}

fn kind(references: &References<'_>, at: &At<'_>) -> Result<Kind, ImportError> {
    Ok(match at.needed_text("type")? {
        "apiKey" => api_key(at)?.into(),
        "http" => http(at)?,
        "mutualTLS" => Kind {
            scheme: Some(certificate()),
            note: Some((
                NoteKind::MutualTls,
                "certificates of clients are read as a key in the header `Client-Cert` (RFC 9440)".to_owned(),
            )),
            details: detail("type", "mutualTLS"),
        },
        "oauth2" => flows(references, at)?,
        "openIdConnect" => SecurityScheme::openid_connect(at.needed_text("openIdConnectUrl")?).into(),
        other => unsupported(other),
    })
}

/// A scheme by certificates, as the nearest that a table has.
pub(super) fn certificate() -> SecurityScheme {
    SecurityScheme::api_key(ApiKeyLocation::Header, "Client-Cert")
}

/// A scheme of the header `Authorization`, as the nearest that a table has.
pub(super) fn authorization() -> SecurityScheme {
    SecurityScheme::api_key(ApiKeyLocation::Header, "Authorization")
}

fn unsupported(kind: &str) -> Kind {
    let message = format!(
        "a scheme of type `{}` is not known; it is read as a key in the header `Authorization`",
        QuotedValue(kind)
    );
    Kind {
        scheme: Some(authorization()),
        note: Some((NoteKind::UnsupportedScheme, message)),
        details: detail("type", kind),
    }
}

fn detail(field: &str, value: &str) -> Vec<(String, String)> {
    vec![(field.to_owned(), value.to_owned())]
}

fn swagger_kind(at: &At<'_>) -> Result<Kind, ImportError> {
    Ok(match at.needed_text("type")? {
        "apiKey" => api_key(at)?.into(),
        "basic" => SecurityScheme::http_basic().into(),
        "oauth2" => swagger_flow(at)?,
        other => unsupported(other),
    })
}

fn api_key(at: &At<'_>) -> Result<SecurityScheme, ImportError> {
    let location = match at.needed_text("in")? {
        "cookie" => ApiKeyLocation::Cookie,
        "header" => ApiKeyLocation::Header,
        "query" => ApiKeyLocation::Query,
        _ => return Err(at.fault("`in` must be `cookie`, `header` or `query`")),
    };
    Ok(SecurityScheme::api_key(location, at.needed_text("name")?))
}

fn http(at: &At<'_>) -> Result<Kind, ImportError> {
    let scheme = at.needed_text("scheme")?;
    let known = match &*scheme.to_ascii_lowercase() {
        "basic" => HttpScheme::Basic,
        "bearer" => HttpScheme::Bearer {
            format: at.text_of("bearerFormat")?.map(str::to_owned),
        },
        "digest" => HttpScheme::Digest,
        _ => {
            let message = format!(
                "HTTP authentication by `{}` is read as a key in the header `Authorization`",
                QuotedValue(scheme)
            );
            return Ok(Kind {
                scheme: Some(authorization()),
                note: Some((NoteKind::UnsupportedScheme, message)),
                details: [detail("type", "http"), detail("scheme", &scheme.to_ascii_lowercase())].concat(),
            });
        }
    };
    Ok(SecurityScheme::Http(known).into())
}

fn flow(at: &At<'_>) -> Result<OAuthFlow, ImportError> {
    let url = |name: &str| at.text_of(name).map(|url| url.map(str::to_owned));
    let mut flow = OAuthFlow::default();
    flow.authorization_url = url("authorizationUrl")?;
    flow.token_url = url("tokenUrl")?;
    flow.refresh_url = url("refreshUrl")?;
    flow.device_authorization_url = url("deviceAuthorizationUrl")?;
    Ok(flow)
}

fn flows(references: &References<'_>, at: &At<'_>) -> Result<Kind, ImportError> {
    let Some(all) = references.part(at, "flows")? else {
        return Err(at.fault("`flows` is missing"));
    };
    let mut flows = OAuthFlows::default();
    let mut unknown = None;
    let mut details = Vec::new();
    for (name, written) in all.members()? {
        if name.starts_with("x-") {
            continue;
        }
        let at = references.resolve(written)?;
        drop(at.members()?);
        objects::check_flow(&written, &at)?;
        let place = match name {
            "authorizationCode" => &mut flows.authorization_code,
            "clientCredentials" => &mut flows.client_credentials,
            "deviceAuthorization" => &mut flows.device_authorization,
            "implicit" => &mut flows.implicit,
            "password" => &mut flows.password,
            _ => {
                details.extend(details_of_flow(name, &at));
                unknown.get_or_insert_with(|| {
                    format!("the flow `{}` is not known; its scopes are kept", QuotedValue(name))
                });
                continue;
            }
        };
        *place = Some(flow(&at)?);
    }
    flows.metadata_url = at.text_of("oauth2MetadataUrl")?.map(str::to_owned);
    Ok(Kind {
        scheme: Some(SecurityScheme::oauth2(flows)),
        note: unknown.map(|message| (NoteKind::UnsupportedScheme, message)),
        details,
    })
}

/// Returns the existence and the addresses of an unsupported flow.
fn details_of_flow(name: &str, flow: &At<'_>) -> Vec<(String, String)> {
    let mut details = detail(&format!("flows.{name}"), "");
    if let node::Kind::Map(members) = &flow.node.kind {
        let urls = members.iter().filter(|(field, _)| field.ends_with("Url"));
        details.extend(urls.filter_map(|(field, url)| match &url.kind {
            node::Kind::Text(url) => Some((format!("flows.{name}.{field}"), url.as_ref().to_owned())),
            _ => None,
        }));
    }
    details
}

fn swagger_flow(at: &At<'_>) -> Result<Kind, ImportError> {
    let mut flows = OAuthFlows::default();
    let place = match at.needed_text("flow")? {
        "accessCode" => &mut flows.authorization_code,
        "application" => &mut flows.client_credentials,
        "implicit" => &mut flows.implicit,
        "password" => &mut flows.password,
        _ => return Err(at.fault("`flow` must be `accessCode`, `application`, `implicit` or `password`")),
    };
    *place = Some(flow(at)?);
    Ok(SecurityScheme::oauth2(flows).into())
}

/// Declares the scopes of every flow: here they belong to the scheme.
fn declare_by_flow(
    assembly: &mut TableAssembler,
    references: &References<'_>,
    scheme: SchemeIndex,
    at: &At<'_>,
) -> Result<(), ImportError> {
    let Some(flows) = references.part(at, "flows")? else {
        return Ok(());
    };
    let mut first: Option<BTreeSet<ScopeToken>> = None;
    let mut differ = false;
    for (name, flow) in flows.members()? {
        if name.starts_with("x-") {
            continue;
        }
        let flow = references.resolve(flow)?;
        let declared = declare(assembly, references, scheme, &flow)?;
        differ |= first.as_ref().is_some_and(|first| *first != declared);
        first.get_or_insert(declared);
    }
    if differ {
        let message = "the flows declare different scopes; they are read as scopes of the scheme, for every flow";
        assembly.notes.add(NoteKind::FlowsDiffer, flows.place(), message)?;
    }
    Ok(())
}

fn declare(
    assembly: &mut TableAssembler,
    references: &References<'_>,
    scheme: SchemeIndex,
    at: &At<'_>,
) -> Result<BTreeSet<ScopeToken>, ImportError> {
    let Some(written) = at.get("scopes") else {
        return Ok(BTreeSet::new());
    };
    let scopes = references.resolve(written)?;
    objects::check_scopes(&written, &scopes)?;
    declare_all(assembly, scheme, &scopes)
}

fn declare_all(
    assembly: &mut TableAssembler,
    scheme: SchemeIndex,
    scopes: &At<'_>,
) -> Result<BTreeSet<ScopeToken>, ImportError> {
    let mut declared = BTreeSet::new();
    for (name, description) in scopes.members()? {
        if name.starts_with("x-") {
            continue;
        }
        match ScopeToken::parse(name) {
            Ok(token) => {
                // A missing description is equal to one that is not a text.
                let text = description.text().unwrap_or_default();
                assembly.declare(scheme, &token, text, || description.place())?;
                declared.insert(token);
            }
            Err(fault) => {
                let message = format!("`{}` is not a scope: {fault}", QuotedValue(name));
                assembly
                    .notes
                    .add(NoteKind::InvalidScope, description.place(), message)?;
            }
        }
    }
    Ok(declared)
}

fn imply(assembly: &mut TableAssembler, scheme: SchemeIndex, edges: &At<'_>) -> Result<(), ImportError> {
    for (stronger, list) in edges.members()? {
        for weaker in list.items()? {
            let tokens = ScopeToken::parse(stronger)
                .ok()
                .zip(ScopeToken::parse(weaker.text()?).ok());
            let is_declared = match tokens {
                Some((stronger, weaker)) => assembly.imply(scheme, &stronger, &weaker)?,
                None => false,
            };
            if !is_declared {
                let message = format!(
                    "`{}` implies `{}`, and not both are declared; nothing is made of it",
                    QuotedValue(stronger),
                    QuotedValue(weaker.text()?)
                );
                assembly
                    .notes
                    .add(NoteKind::InvalidImplication, weaker.place(), message)?;
            }
        }
    }
    Ok(())
}
