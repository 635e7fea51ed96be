//! Trusted issuers other than our own: the tables `[[issuers]]` of the file.

use std::path::{Path, PathBuf};

use scopegate_domain::{Audience, ClaimLayout, ClientClaim, Issuer, Lifetime, ScopeLayout, ScopeToken, Secret};
use scopegate_http::issuers::{AllowedNetwork, ClientAuthentication, Discovery, SubjectMapping};
use serde::{Deserialize, Serialize as _, Serializer};

use super::fault::ConfigError;
use super::layers::Layers;
use super::secret::read_secret;
use super::setting::{Setting, read_time};
use super::source::{Source, line_in};
use crate::output::quoted;

/// The key of the tables.
const KEY: &str = "issuers";

/// A trusted issuer other than our own.
#[derive(Debug)]
pub(crate) struct IssuerSettings {
    pub(crate) issuer: Issuer,
    /// The audience of its tokens. `None` means our own.
    pub(crate) audience: Option<Audience>,
    pub(crate) tokens: Tokens,
    pub(crate) discovery: Discovery,
    pub(crate) allow: Vec<AllowedNetwork>,
    pub(crate) trust_only: Option<PathBuf>,
    pub(crate) subjects: SubjectMapping,
    /// The only scopes that its tokens can grant.
    pub(crate) scopes: Option<Vec<ScopeToken>>,
    /// Whether the server refuses to start without its keys.
    pub(crate) is_required: bool,
    /// Its name, file and line, for errors.
    pub(crate) place: String,
}

/// The reason why a table is invalid.
enum Fault {
    /// The value of a key, or its absence.
    Key {
        key: String,
        expected: &'static str,
        found: Option<String>,
    },
    /// An unreadable file that the table names.
    Config(ConfigError),
}

impl From<ConfigError> for Fault {
    fn from(error: ConfigError) -> Self {
        Self::Config(error)
    }
}

/// A table and its file.
struct Table<'a> {
    written: &'a Written,
    source: &'a Source,
    index: usize,
}

impl Table<'_> {
    /// File and line of a key, or of the table if it lacks the key.
    fn at(&self, key: &str) -> String {
        // Tables appear only in the file.
        let Source::File(file) = self.source else {
            return String::new();
        };
        let pointer = format!("/{KEY}/{}/{key}", self.index);
        format!(" in file `{}`{}", file.display(), line_in(file, &pointer))
    }

    fn error(&self, fault: Fault) -> ConfigError {
        match fault {
            Fault::Config(error) => error.named_by(format!(
                "key `client_secret_file` of issuer `{}`{}",
                quoted(&self.written.name),
                self.at("client_secret_file")
            )),
            Fault::Key { key, expected, found } => {
                let place = format!(
                    "key `{key}` of issuer `{}`{}",
                    quoted(&self.written.name),
                    self.at(&key)
                );
                ConfigError::value(place, expected, found)
            }
        }
    }
}

/// The format of its tokens.
#[derive(Debug)]
pub(crate) enum Tokens {
    /// JWTs, by RFC 9068 or with the claims of the layout.
    Jwt {
        layout: Option<ClaimLayout>,
        jwks_uri: Option<String>,
        leeway: Lifetime,
        /// Whether a token may have no `typ`.
        accepts_absent_type: bool,
    },
    /// Opaque tokens, which the issuer's introspection endpoint verifies.
    Opaque {
        endpoint: Option<String>,
        client_id: String,
        secret: Secret<String>,
        authentication: ClientAuthentication,
    },
}

/// One table as it appears in the file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Written {
    name: String,
    issuer: String,
    audience: Option<String>,
    tokens: Option<String>,
    scope_claim: Option<String>,
    client_claim: Option<String>,
    leeway: Option<String>,
    #[serde(default)]
    absent_typ: bool,
    discovery: Option<String>,
    jwks_uri: Option<String>,
    introspection_endpoint: Option<String>,
    client_id: Option<String>,
    client_secret_file: Option<PathBuf>,
    client_authentication: Option<String>,
    #[serde(default)]
    allow: Vec<String>,
    trust_only: Option<PathBuf>,
    subjects: Option<String>,
    scopes: Option<Vec<String>>,
    #[serde(default)]
    required: bool,
}

/// Shows the issuers of the tables; null if there is none.
pub(super) fn show<S: Serializer>(tables: &[Written], target: S) -> Result<S::Ok, S::Error> {
    let issuers: Vec<&str> = tables.iter().map(|table| &*table.issuer).collect();
    (!issuers.is_empty()).then_some(issuers).serialize(target)
}

/// Reads all tables.
pub(super) fn read(layers: &mut Layers, written: &mut [Written]) -> Result<Vec<IssuerSettings>, ConfigError> {
    let source = layers.source(KEY);
    for one in &mut *written {
        for path in [&mut one.client_secret_file, &mut one.trust_only].into_iter().flatten() {
            *path = source.resolve(path);
        }
    }
    let tables = written.iter().enumerate().map(|(index, written)| Table {
        written,
        source: &source,
        index,
    });
    let tables: Vec<Table<'_>> = tables.collect();
    let mut names: Vec<&str> = Vec::new();
    for table in &tables {
        let one = table.written;
        let is_name = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
        if one.name.is_empty() || !one.name.bytes().all(is_name) {
            return Err(table.error(bad("name", "lower-case letters, digits and `_`", &one.name)));
        }
        if names.contains(&one.name.as_str()) {
            return Err(table.error(bad("name", "a name that no other issuer has", &one.name)));
        }
        names.push(&one.name);
    }
    tables.iter().map(|table| table.read(layers)).collect()
}

impl Table<'_> {
    fn read(&self, layers: &mut Layers) -> Result<IssuerSettings, ConfigError> {
        let place = format!("issuer `{}`{}", quoted(&self.written.name), self.at("issuer"));
        self.written.read(layers, place).map_err(|fault| self.error(fault))
    }
}

impl Written {
    fn read(&self, layers: &mut Layers, place: String) -> Result<IssuerSettings, Fault> {
        // A secret without use is still a known key, so it is taken here.
        let secret = layers.take_secret(&format!("issuer_{}_client_secret", self.name))?;
        Ok(IssuerSettings {
            issuer: setting("issuer", &self.issuer)?,
            audience: self
                .audience
                .as_deref()
                .map(|text| setting("audience", text))
                .transpose()?,
            tokens: self.tokens(secret)?,
            discovery: word("discovery", self.discovery.as_deref(), &DISCOVERIES)?,
            allow: self.allow.iter().map(|text| network(text)).collect::<Result<_, _>>()?,
            trust_only: self.trust_only.clone(),
            subjects: word("subjects", self.subjects.as_deref(), &SUBJECTS)?,
            scopes: self.scopes.as_deref().map(scopes).transpose()?,
            is_required: self.required,
            place,
        })
    }

    fn tokens(&self, secret: Option<Secret<String>>) -> Result<Tokens, Fault> {
        let kind = self.tokens.as_deref().unwrap_or("rfc9068");
        let of_jwt = [&self.scope_claim, &self.client_claim];
        let of_signed = [&self.jwks_uri, &self.leeway];
        let of_opaque = [
            &self.introspection_endpoint,
            &self.client_id,
            &self.client_authentication,
        ];
        let is_opaque =
            secret.is_some() || self.client_secret_file.is_some() || of_opaque.into_iter().any(Option::is_some);
        match kind {
            "jwt" | "rfc9068" if is_opaque => Err(bad(
                "tokens",
                "`opaque` if a client for introspection is configured",
                kind,
            )),
            "rfc9068" | "opaque" if self.absent_typ => Err(bad("tokens", "`jwt`, because `absent_typ` is set", kind)),
            "rfc9068" if of_jwt.into_iter().any(Option::is_some) => {
                Err(bad("tokens", "`jwt` if the claims to read are configured", kind))
            }
            "opaque" if of_jwt.into_iter().chain(of_signed).any(Option::is_some) => Err(bad(
                "tokens",
                "`jwt` or `rfc9068` if the verification of JWTs is configured",
                kind,
            )),
            "rfc9068" => self.signed(None),
            "jwt" => self.signed(Some(self.layout()?)),
            "opaque" => self.opaque(secret),
            other => Err(bad("tokens", "`rfc9068`, `jwt` or `opaque`", other)),
        }
    }

    fn signed(&self, layout: Option<ClaimLayout>) -> Result<Tokens, Fault> {
        let leeway = match self.leeway.as_deref() {
            None => 0,
            Some(text) => {
                let expected = "a time of whole seconds, at most a minute, such as `30s`";
                let time = read_time(text).filter(|time| time.subsec_nanos() == 0);
                time.map(|time| time.as_secs())
                    .filter(|seconds| *seconds <= 60)
                    .ok_or_else(|| bad("leeway", expected, text))?
            }
        };
        Ok(Tokens::Jwt {
            layout,
            jwks_uri: self.jwks_uri.clone(),
            leeway: Lifetime::from_seconds(u32::try_from(leeway).unwrap_or(0)),
            accepts_absent_type: self.absent_typ,
        })
    }

    fn layout(&self) -> Result<ClaimLayout, Fault> {
        const SCOPES: &str = "`scope`, `scopes`, `scp`, `permissions` or `realm_access.roles`";
        const CLIENTS: &str = "`client_id`, `azp`, `cid` or `appid`";
        let scope = self.scope_claim.as_deref().unwrap_or("scope");
        let client = self.client_claim.as_deref().unwrap_or("client_id");
        let scopes = ScopeLayout::find(scope).ok_or_else(|| bad("scope_claim", SCOPES, scope))?;
        let client = ClientClaim::find(client).ok_or_else(|| bad("client_claim", CLIENTS, client))?;
        Ok(ClaimLayout::new(scopes).with_client(client))
    }

    fn opaque(&self, secret: Option<Secret<String>>) -> Result<Tokens, Fault> {
        let asks = "the client that introspects opaque tokens";
        let secret = match (secret, &self.client_secret_file) {
            (Some(secret), None) => secret,
            (None, Some(path)) => read_secret(path)?,
            (Some(_), Some(_)) => return Err(missing("client_secret_file", "one secret, here or in a variable")),
            (None, None) => {
                return Err(missing(
                    "client_secret_file",
                    "the secret of that client, here or in a variable",
                ));
            }
        };
        Ok(Tokens::Opaque {
            endpoint: self.introspection_endpoint.clone(),
            client_id: self.client_id.clone().ok_or_else(|| missing("client_id", asks))?,
            secret,
            authentication: word("client_authentication", self.client_authentication.as_deref(), &CLIENTS)?,
        })
    }
}

fn setting<T: Setting>(key: &str, text: &str) -> Result<T, Fault> {
    T::read(text).ok_or_else(|| bad(key, T::EXPECTED, text))
}

fn scopes(names: &[String]) -> Result<Vec<ScopeToken>, Fault> {
    let scope = |name: &String| {
        let scope = ScopeToken::parse(name);
        scope.map_err(|_| bad("scopes", "a list of scopes of our own, each by itself", name))
    };
    names.iter().map(scope).collect()
}

fn network(text: &str) -> Result<AllowedNetwork, Fault> {
    text.parse()
        .map_err(|_| bad("allow", "ranges of addresses, such as `10.0.0.0/8`", text))
}

/// The value of a word. Default: the first one.
fn word<T: Copy>(key: &str, text: Option<&str>, words: &Words<T>) -> Result<T, Fault> {
    let (expected, values) = words;
    let first = values.iter().map(|(_, value)| *value).next();
    let found = match text {
        None => first,
        Some(text) => values.iter().find(|(word, _)| *word == text).map(|(_, value)| *value),
    };
    found.ok_or_else(|| bad(key, expected, text.unwrap_or_default()))
}

fn bad(key: &str, expected: &'static str, found: &str) -> Fault {
    Fault::Key {
        key: key.to_owned(),
        expected,
        found: Some(found.to_owned()),
    }
}

fn missing(key: &str, expected: &'static str) -> Fault {
    Fault::Key {
        key: key.to_owned(),
        expected,
        found: None,
    }
}

/// Words with their meaning, and all of them in one text.
type Words<T> = (&'static str, &'static [(&'static str, T)]);

const DISCOVERIES: Words<Discovery> = (
    "`either`, `openid` or `rfc8414`",
    &[
        ("either", Discovery::Either),
        ("openid", Discovery::OpenId),
        ("rfc8414", Discovery::Rfc8414),
    ],
);

const SUBJECTS: Words<SubjectMapping> = (
    "`qualified` or `ours`",
    &[("qualified", SubjectMapping::Qualified), ("ours", SubjectMapping::Ours)],
);

const CLIENTS: Words<ClientAuthentication> = (
    "`basic` or `post`",
    &[
        ("basic", ClientAuthentication::Basic),
        ("post", ClientAuthentication::Post),
    ],
);

/// Reads a file of certificates whole.
pub(crate) fn read_roots(path: &Path) -> Result<Vec<u8>, ConfigError> {
    std::fs::read(path).map_err(|error| ConfigError::unreadable(path, &error))
}

#[cfg(test)]
mod tests;
