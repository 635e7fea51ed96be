//! Trusted issuers other than our own: the tables `[[issuers]]` of the file.

use std::path::{Path, PathBuf};

use scopegate_domain::{Audience, ClaimLayout, ClientClaim, Issuer, Lifetime, ScopeLayout, ScopeToken, Secret};
use scopegate_http::{AllowedNetwork, ClientAuthentication, Discovery, SubjectMapping};
use serde::Deserialize;

use super::fault::ConfigError;
use super::layers::Layers;
use super::secret::read_secret;
use super::setting::Setting;
use super::source::line_in;

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
    file: Option<&'a Path>,
    index: usize,
}

impl Table<'_> {
    /// File and line of a key, or of the table if it lacks the key.
    fn at(&self, key: &str) -> String {
        let Some(file) = self.file else {
            return String::new();
        };
        let pointer = format!("/{KEY}/{}/{key}", self.index);
        format!(" in file `{}`{}", file.display(), line_in(file, &pointer))
    }

    fn error(&self, fault: Fault) -> ConfigError {
        match fault {
            Fault::Config(error) => error.named_by(format!(
                "key `client_secret_file` of issuer `{}`{}",
                self.written.name,
                self.at("client_secret_file")
            )),
            Fault::Key { key, expected, found } => ConfigError::Value {
                place: format!("key `{key}` of issuer `{}`{}", self.written.name, self.at(&key)),
                expected,
                found,
            },
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
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
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

/// Takes all tables.
pub(super) fn take(layers: &mut Layers) -> Result<Vec<IssuerSettings>, ConfigError> {
    let mut written: Vec<Written> = layers.take_tables(KEY, |written: &Written| written.issuer.clone())?;
    // Tables appear only in the file.
    for one in &mut written {
        for path in [&mut one.client_secret_file, &mut one.trust_only].into_iter().flatten() {
            *path = layers.folder().join(&*path);
        }
    }
    let file = layers.file().map(Path::to_owned);
    let tables = written.iter().enumerate().map(|(index, written)| Table {
        written,
        file: file.as_deref(),
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
        let place = format!("issuer `{}`{}", self.written.name, self.at("issuer"));
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
                let seconds = std::time::Duration::read(text).map(|time| time.as_secs());
                seconds
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
    std::fs::read(path).map_err(|error| ConfigError::Unreadable {
        named_by: None,
        path: path.to_owned(),
        reason: error.to_string(),
    })
}

#[cfg(test)]
mod tests {
    use scopegate_domain::ScopeToken;

    use crate::config::tests::load;

    fn issuers(table: &str, variables: &[(&str, &str)]) -> Result<usize, String> {
        let file = format!("[[issuers]]\n{table}");
        load(&[], variables, Some(&file)).map(|settings| settings.issuers.len())
    }

    #[test]
    fn what_the_documentation_shows_is_read() {
        let text = include_str!("../../../../docs/issuers.md");
        let blocks = text
            .split("```toml\n")
            .skip(1)
            .filter_map(|block| block.split("```").next());
        let files: Vec<&str> = blocks.filter(|block| block.contains("[[issuers]]")).collect();
        assert!(files.len() >= 4, "{}", files.len());
        for file in files {
            let secret = [("SCOPEGATE_ISSUER_CORP_CLIENT_SECRET", "x")];
            let variables = if file.contains("opaque") { &secret[..] } else { &[] };
            let settings = load(&[], variables, Some(file)).unwrap_or_else(|fault| panic!("{fault}:\n{file}"));
            assert!(!settings.issuers.is_empty());
        }
    }

    #[test]
    fn every_key_of_a_table_is_documented() {
        let text = include_str!("../../../../docs/issuers.md");
        let source = include_str!("issuers.rs");
        let (_, fields) = source.split_once("struct Written {").unwrap();
        let (fields, _) = fields.split_once('}').unwrap();
        let names = fields
            .lines()
            .filter_map(|line| line.trim().split_once(": "))
            .map(|(name, _)| name);
        let mut count = 0;
        for name in names {
            count += 1;
            assert!(text.contains(&format!("\n| `{name}` |")), "`{name}`");
        }
        assert_eq!(count, 19);
    }

    #[test]
    fn a_fault_says_which_issuer_and_what_is_expected() {
        let corp = "name = 'corp'\nissuer = 'https://id.example'\n";
        let cases = [
            ("issuer = 'https://id.example'", "missing field `name`"),
            ("name = 'corp'", "missing field `issuer`"),
            (
                "name = 'Corp'\nissuer = 'https://id.example'",
                "key `name` of issuer `Corp` in file `DIR/scopegate.toml`, line 2: expected lower-case letters",
            ),
            (
                "name = 'corp'\nissuer = 'id.example'",
                "key `issuer` of issuer `corp` in file `DIR/scopegate.toml`, line 3",
            ),
            (
                &format!("{corp}[[issuers]]\n{corp}"),
                "expected a name that no other issuer has",
            ),
            (
                &format!("{corp}tokens = 'saml'"),
                "expected `rfc9068`, `jwt` or `opaque`, found `saml`",
            ),
            (&format!("{corp}scope_claim = 'scp'"), "expected `jwt` if the claims"),
            (
                &format!("{corp}tokens = 'jwt'\nscope_claim = 'roles'"),
                "`realm_access.roles`, found `roles`",
            ),
            (
                &format!("{corp}absent_typ = true"),
                "key `tokens` of issuer `corp` in file `DIR/scopegate.toml`, line 1: expected `jwt`, because `absent_typ` is set, found `rfc9068`",
            ),
            (&format!("{corp}absent_typ = 'yes'"), "absent_typ"),
            (&format!("{corp}leeway = '5m'"), "at most a minute"),
            (&format!("{corp}allow = ['localhost']"), "ranges of addresses"),
            (
                &format!("{corp}subjects = 'mine'"),
                "`qualified` or `ours`, found `mine`",
            ),
            (
                &format!("{corp}scopes = ['me items']"),
                "key `scopes` of issuer `corp` in file `DIR/scopegate.toml`, line 4: expected a list of scopes of our own, each by itself, found `me items`",
            ),
            (&format!("{corp}scopes = 'me'"), "invalid type"),
            (&format!("{corp}client_id = 'api'"), "expected `opaque` if a client"),
            (
                &format!("{corp}tokens = 'opaque'\nclient_id = 'api'"),
                "the secret of that client",
            ),
        ];
        for (table, fault) in cases {
            let found = issuers(table, &[]).unwrap_err();
            assert!(found.contains(fault), "{table}\n{found}");
            assert!(
                found.contains(" in file `DIR/scopegate.toml`, line "),
                "{table}\n{found}"
            );
        }
    }

    #[test]
    fn an_unknown_key_is_named_with_its_line() {
        let corp = "name = 'corp'\nissuer = 'https://id.example'\n";
        for (line, fault) in [
            (
                "tokns = 1",
                "in file `DIR/scopegate.toml`, line 4: unknown key `tokns`; did you mean `tokens`?",
            ),
            (
                "\ncolour = 1",
                "line 5: unknown key `colour`; it may have name, issuer, audience, tokens",
            ),
        ] {
            let found = issuers(&format!("{corp}{line}"), &[]).unwrap_err();
            assert!(found.contains(fault), "{found}");
        }
    }

    #[test]
    fn a_ceiling_is_a_list_and_none_is_not_an_empty_one() {
        for (line, expected) in [
            ("", None),
            ("scopes = []", Some(vec![])),
            ("scopes = ['me', 'items']", Some(vec!["me", "items"])),
        ] {
            let file = format!("[[issuers]]\nname = 'corp'\nissuer = 'https://id.example'\n{line}");
            let settings = load(&[], &[], Some(&file)).unwrap();
            let found = settings.issuers[0].scopes.as_ref();
            let found = found.map(|scopes| scopes.iter().map(ScopeToken::as_str).collect::<Vec<_>>());
            assert_eq!(found, expected, "{line}");
        }
    }

    #[test]
    fn issuer_secret_is_never_shown() {
        let table = "name = 'corp'\nissuer = 'https://id.example'\ntokens = 'opaque'\nclient_id = 'api'\n";
        let variable = [("SCOPEGATE_ISSUER_CORP_CLIENT_SECRET", "hunter2")];
        assert_eq!(issuers(table, &variable), Ok(1));
        let file = format!("[[issuers]]\n{table}");
        let settings = load(&[], &variable, Some(&file)).unwrap();
        assert!(!format!("{settings:?}").contains("hunter2"));
        let other = [("SCOPEGATE_ISSUER_CROP_CLIENT_SECRET", "hunter2")];
        let fault = issuers(table, &other).unwrap_err();
        assert!(!fault.contains("hunter2"), "{fault}");
        let both = format!("{table}client_secret_file = 'x'");
        assert!(issuers(&both, &variable).unwrap_err().contains("one secret"));
    }
}
