//! Scopes by their names, as people write them: `SCOPE`, or `SCOPE of SCHEME`.

use scopegate_domain::{InvalidScope, SchemeName, Scope, ScopeToken};

use crate::authorization_servers::{AuthorizationServers, ServerScope};

/// A name, with the possible servers.
struct Named {
    token: ScopeToken,
    /// The scopes, each with the position of its authorization server.
    scopes: Vec<(usize, ServerScope)>,
}

impl AuthorizationServers<'_> {
    /// Parses the scopes of one token: names with spaces between them, each `SCOPE` or `SCOPE of
    /// SCHEME`. All scopes are of one authorization server, so a name with a scheme determines the
    /// server of the others.
    ///
    /// The name of a scheme with a space may be in backticks. An empty text names no scope.
    ///
    /// # Errors
    ///
    /// [`NameError`] for a name that is not declared, or if no server or several servers declare
    /// all the names.
    ///
    /// ```
    /// # use scopegate_domain::{Catalog, ScopeToken, SecurityScheme};
    /// # use scopegate_policy::{AuthorizationServers, NameError};
    /// # const LEDGER: ScopeToken = ScopeToken::from_static("ledger");
    /// let catalog = Catalog::builder()
    ///     .scheme("app", SecurityScheme::oauth2_client_credentials("https://bank.example/token"))
    ///     .scope(LEDGER, "")
    ///     .scheme("owner", SecurityScheme::oauth2_client_credentials("https://login.example/token"))
    ///     .scope(LEDGER, "")
    ///     .build()?;
    /// let servers = AuthorizationServers::of_catalog(&catalog);
    /// assert_eq!(servers.token("ledger of app")?[0].scheme().as_str(), "app");
    /// let fault = servers.token("ledger").unwrap_err();
    /// assert_eq!(
    ///     fault.to_string(),
    ///     "scope `ledger` is declared by several authorization servers; write `ledger of app` or `ledger of owner`"
    /// );
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn token(&self, text: &str) -> Result<Vec<ServerScope>, NameError> {
        let names = self.names(text)?;
        let place = |named: &Named| named.scopes.iter().map(|(place, _)| *place).collect::<Vec<_>>();
        let mut common: Vec<usize> = names.first().map(place).unwrap_or_default();
        for named in &names {
            let own = place(named);
            common.retain(|place| own.contains(place));
        }
        let of = |place: usize| {
            let scopes = names.iter().flat_map(|named| &named.scopes);
            let own = scopes
                .filter(|(server, _)| *server == place)
                .map(|(_, scope)| scope.clone());
            without_repetition(own)
        };
        match *common {
            [place] => Ok(of(place)),
            _ if names.is_empty() => Ok(Vec::new()),
            [] => Err(Self::apart(&names)),
            _ => Err(names
                .iter()
                .find_map(Named::ambiguity)
                .unwrap_or(NameError::Apart { names: Vec::new() })),
        }
    }

    /// Parses scopes of any servers, in the same form: the ceiling of a client, a user or a role.
    ///
    /// # Errors
    ///
    /// [`NameError`] for a name that is not declared, or that several servers declare.
    pub fn scopes_named(&self, text: &str) -> Result<Vec<ServerScope>, NameError> {
        let mut scopes = Vec::new();
        for named in self.names(text)? {
            if let Some(fault) = named.ambiguity() {
                return Err(fault);
            }
            scopes.extend(named.scopes.into_iter().map(|(_, scope)| scope));
        }
        Ok(without_repetition(scopes.into_iter()))
    }

    fn names(&self, text: &str) -> Result<Vec<Named>, NameError> {
        let mut names = Vec::new();
        let mut rest = text.trim_start();
        while !rest.is_empty() {
            if names.len() == Scope::MAX_TOKENS {
                return Err(NameError::TooMany);
            }
            let (word, behind) = split_word(rest);
            let token = ScopeToken::parse(word).map_err(|fault| NameError::Invalid {
                name: word.to_owned(),
                fault,
            })?;
            let (of, behind) = self.scheme_behind(behind)?;
            rest = behind;
            names.push(self.named(token, of)?);
        }
        Ok(names)
    }

    fn named(&self, token: ScopeToken, of: Option<SchemeName>) -> Result<Named, NameError> {
        let scopes = self.meaning(&token, of.as_ref());
        if scopes.is_empty() {
            return Err(NameError::UnknownScope { token, scheme: of });
        }
        Ok(Named { token, scopes })
    }

    /// Returns the scheme of `of SCHEME`, and the rest of the text.
    fn scheme_behind<'s>(&self, text: &'s str) -> Result<(Option<SchemeName>, &'s str), NameError> {
        let (word, behind) = split_word(text);
        if word != "of" || behind.is_empty() {
            return Ok((None, text));
        }
        let quoted = behind.strip_prefix('`').and_then(|name| name.split_once('`'));
        if let Some((name, behind)) = quoted {
            return match self.scheme_before(name) {
                Some((name, "")) => Ok((Some(name), behind.trim_start())),
                _ => Err(NameError::UnknownScheme { name: name.to_owned() }),
            };
        }
        if let Some((name, rest)) = self.scheme_before(behind) {
            return Ok((Some(name), rest));
        }
        // `of` can be a scope itself.
        let is_scope = ScopeToken::parse("of").is_ok_and(|of| self.declaring(&of).next().is_some());
        if is_scope {
            return Ok((None, text));
        }
        let name = split_word(behind).0.to_owned();
        Err(NameError::UnknownScheme { name })
    }

    fn apart(names: &[Named]) -> NameError {
        let mut all: Vec<String> = Vec::new();
        for (_, scope) in names.iter().flat_map(|named| &named.scopes) {
            let name = scope.to_string();
            if !all.contains(&name) {
                all.push(name);
            }
        }
        NameError::Apart { names: all }
    }
}

impl Named {
    fn ambiguity(&self) -> Option<NameError> {
        (self.scopes.len() > 1).then(|| NameError::Ambiguous {
            token: self.token.clone(),
            scopes: self.scopes.iter().map(|(_, scope)| scope.clone()).collect(),
        })
    }
}

fn split_word(text: &str) -> (&str, &str) {
    let (word, behind) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    (word, behind.trim_start())
}

fn without_repetition(scopes: impl Iterator<Item = ServerScope>) -> Vec<ServerScope> {
    let mut all = Vec::new();
    for scope in scopes {
        if !all.contains(&scope) {
            all.push(scope);
        }
    }
    all
}

/// The reasons why a scope name has no meaning in a policy.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NameError {
    /// Several authorization servers declare a scope of this name.
    #[error(
        "scope `{token}` is declared by several authorization servers; write {}",
        quoted(scopes, " or ")
    )]
    Ambiguous {
        /// The name.
        token: ScopeToken,
        /// The possible meanings.
        scopes: Vec<ServerScope>,
    },
    /// No authorization server declares all the scopes of one token.
    #[error(
        "no authorization server declares all of these scopes, so they are of several tokens: {}",
        quoted(names, ", ")
    )]
    Apart {
        /// The scopes, each with its schemes.
        names: Vec<String>,
    },
    /// A name that cannot name a scope.
    #[error("`{}` is not a scope: {fault}", name.escape_default())]
    Invalid {
        /// The name.
        name: String,
        /// The cause.
        #[source]
        fault: InvalidScope,
    },
    /// The text has more names than a token can have scopes.
    #[error("more than {} scopes", Scope::MAX_TOKENS)]
    TooMany,
    /// A scheme that is not declared.
    #[error("scheme `{}` is not declared", name.escape_default())]
    UnknownScheme {
        /// The name.
        name: String,
    },
    /// The scope is not declared, or not by this scheme.
    #[error("scope `{token}` is not declared{}", scheme.as_ref().map(|name| format!(" by scheme `{name}`")).unwrap_or_default())]
    UnknownScope {
        /// The name.
        token: ScopeToken,
        /// The scheme after `of`.
        scheme: Option<SchemeName>,
    },
}

fn quoted<T: ToString>(names: &[T], between: &str) -> String {
    let names: Vec<String> = names.iter().map(|name| format!("`{}`", name.to_string())).collect();
    names.join(between)
}
