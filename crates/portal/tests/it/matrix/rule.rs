//! What a request must get: a rule over plain texts that knows nothing of the code.
//!
//! A client is the caller if the request has exactly one of the forms that are listed for it. A
//! token and a password count at their own fields only, and everything else is refused.

use std::collections::{BTreeMap, BTreeSet};

use crate::node::APIS;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Endpoint {
    ClientCredentials,
    Password,
    Introspect,
    Revoke,
    /// An operation of the API.
    Operation,
    Metadata,
    KeySet,
}

impl Endpoint {
    pub(super) const ALL: [Self; 7] = [
        Self::ClientCredentials,
        Self::Password,
        Self::Introspect,
        Self::Revoke,
        Self::Operation,
        Self::Metadata,
        Self::KeySet,
    ];

    /// The endpoints at which a client authenticates.
    pub(super) const OF_CLIENTS: [Self; 4] = [Self::ClientCredentials, Self::Password, Self::Introspect, Self::Revoke];

    pub(super) const fn path(self) -> &'static str {
        match self {
            Self::ClientCredentials | Self::Password => "/token",
            Self::Introspect => "/introspect",
            Self::Revoke => "/revoke",
            Self::Operation => "/user",
            Self::Metadata => "/.well-known/oauth-authorization-server",
            Self::KeySet => "/.well-known/jwks.json",
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Header {
    Absent,
    Basic(String, String),
    Bearer(String),
}

/// A request: its `Authorization` header and its fields. An empty field counts as absent.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    pub(super) header: Header,
    pub(super) fields: BTreeMap<&'static str, String>,
}

impl Asked {
    pub(super) fn field(&self, name: &str) -> &str {
        self.fields.get(name).map_or("", String::as_str)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Outcome {
    /// `{"active":true}` and claims.
    Active,
    /// The document, the same for every caller.
    Document,
    /// The answer of a revocation, which is the same if nothing was revoked.
    Done,
    Inactive,
    /// The operation runs.
    Runs,
    Refused,
    /// A new token.
    Token,
}

/// A registered client.
pub(super) struct Registered {
    pub(super) id: &'static str,
    /// The kind of its secret.
    pub(super) secret_kind: &'static str,
    pub(super) place: Place,
    pub(super) secret: String,
    /// The one endpoint that it may use, next to that of revocations.
    pub(super) grants: Endpoint,
    /// The places of its APIs in `APIS`.
    pub(super) apis: &'static [usize],
}

/// Where a client is registered to present its secret.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Header,
    Form,
    /// A public client has none.
    Nowhere,
}

/// A token that is valid now.
pub(super) struct Live {
    pub(super) client: &'static str,
    pub(super) is_of_user: bool,
    /// The places of its audiences in `APIS`.
    pub(super) apis: &'static [usize],
}

/// The registered clients, and the valid tokens by their text.
pub(super) struct World {
    pub(super) clients: Vec<Registered>,
    pub(super) live: BTreeMap<String, Live>,
    pub(super) username: &'static str,
    pub(super) password: &'static str,
}

impl World {
    /// Each form in which a client may name itself: header, `client_id`, `client_secret`.
    fn forms(client: &Registered) -> BTreeSet<(Header, String, String)> {
        let (id, secret) = (client.id.to_owned(), client.secret.clone());
        let none = String::new;
        let forms = match client.place {
            Place::Header => vec![
                (Header::Basic(id.clone(), secret.clone()), none(), none()),
                (Header::Basic(id.clone(), secret), id, none()),
            ],
            Place::Form => vec![(Header::Absent, id, secret)],
            Place::Nowhere => vec![
                (Header::Absent, id.clone(), none()),
                (Header::Basic(id.clone(), none()), none(), none()),
                (Header::Basic(id.clone(), none()), id, none()),
            ],
        };
        forms.into_iter().collect()
    }

    pub(super) fn caller(&self, asked: &Asked) -> Option<&Registered> {
        let header = match &asked.header {
            // Programs write an empty pair if no client is configured.
            Header::Basic(id, secret) if id.is_empty() && secret.is_empty() => Header::Absent,
            other => other.clone(),
        };
        let form = (
            header,
            asked.field("client_id").to_owned(),
            asked.field("client_secret").to_owned(),
        );
        self.clients.iter().find(|client| Self::forms(client).contains(&form))
    }

    /// Returns the outcome, and the text of the token that must be revoked.
    pub(super) fn outcome<'w>(&'w self, endpoint: Endpoint, asked: &'w Asked) -> (Outcome, Option<&'w str>) {
        let caller = self.caller(asked);
        let token = asked.field("token");
        match (endpoint, caller) {
            (Endpoint::Metadata | Endpoint::KeySet, _) => (Outcome::Document, None),
            (Endpoint::Operation, _) => (self.operation(asked), None),
            (Endpoint::ClientCredentials | Endpoint::Password, Some(client)) => {
                let is_granted = client.grants == endpoint && self.is_user(endpoint, asked) && has_scope(client, asked);
                (if is_granted { Outcome::Token } else { Outcome::Refused }, None)
            }
            (_, None) => (Outcome::Refused, None),
            (_, Some(_)) if token.is_empty() => (Outcome::Refused, None),
            (Endpoint::Introspect, Some(client)) => {
                let is_for = |live: &Live| client.apis.iter().any(|api| live.apis.contains(api));
                let is_active = client.grants == endpoint && self.live.get(token).is_some_and(is_for);
                (if is_active { Outcome::Active } else { Outcome::Inactive }, None)
            }
            (Endpoint::Revoke, Some(client)) => {
                let is_own = self.live.get(token).is_some_and(|live| live.client == client.id);
                (Outcome::Done, is_own.then_some(token))
            }
        }
    }

    fn operation(&self, asked: &Asked) -> Outcome {
        let is_open = |live: &Live| live.is_of_user && live.apis.contains(&0);
        match &asked.header {
            Header::Bearer(token) if self.live.get(token).is_some_and(is_open) => Outcome::Runs,
            _ => Outcome::Refused,
        }
    }

    fn is_user(&self, endpoint: Endpoint, asked: &Asked) -> bool {
        let login = (asked.field("username"), asked.field("password"));
        endpoint == Endpoint::ClientCredentials || login == (self.username, self.password)
    }
}

/// Whether an API of the client and of the request declares a requested scope.
fn has_scope(client: &Registered, asked: &Asked) -> bool {
    let (resource, scope) = (asked.field("resource"), asked.field("scope"));
    let mut apis = client.apis.iter().filter_map(|api| APIS.get(*api));
    apis.any(|api| {
        let is_target = resource.is_empty() || resource == api.audience;
        let is_requested = scope.is_empty() || scope.split(' ').any(|word| word == api.scope.as_str());
        is_target && is_requested
    })
}
