//! The clients, the values of every kind, and the right request of each client.

use std::collections::BTreeMap;

use scopegate_domain::{
    AccessTokenClaims, Client, ClientAuthMethod, GrantType, Issuer, Lifetime, RegisteredSecret, TokenId,
};
use scopegate_token::{Signer, TokenRules};

use super::rule::{Asked, Endpoint, Header, Live, Place, Registered, World};
use super::{LIVE, LiveKind, Matrix, PASSWORD, USERNAME};
use crate::node::{APIS, NOW, Node, NodeKeys, Shared, audience, client_id, member, new_secret, rules, with_everything};

/// The clients, before they have their secrets.
fn registrations() -> [Registered; 6] {
    let client = |id, secret_kind, place, grants, apis| Registered {
        id,
        secret_kind,
        place,
        secret: String::new(),
        grants,
        apis,
    };
    let (both, header, form): (&[usize], _, _) = (&[0, 1], Place::Header, Place::Form);
    [
        client(
            "billing",
            "secret of billing",
            header,
            Endpoint::ClientCredentials,
            both,
        ),
        client("desk", "secret of desk", header, Endpoint::Password, both),
        client("page", "", Place::Nowhere, Endpoint::Password, both),
        client("reader", "secret of reader", header, Endpoint::Introspect, &[0]),
        client("reports", "secret of reports", form, Endpoint::ClientCredentials, &[0]),
        client(
            "ships-reader",
            "secret of ships-reader",
            form,
            Endpoint::Introspect,
            &[1],
        ),
    ]
}

/// Registers the clients, with a secret that has ended next to the valid one.
async fn clients(shared: &Shared, values: &mut BTreeMap<&'static str, String>) -> Vec<Registered> {
    let ended = new_secret();
    values.insert("ended secret", ended.expose().to_owned());
    let mut clients = Vec::new();
    for mut registered in registrations() {
        let new = new_secret();
        let secrets = [
            RegisteredSecret::new(new.digest()),
            RegisteredSecret::new(ended.digest()).with_ends_at(NOW),
        ];
        let (id, is_public) = (registered.id, registered.place == Place::Nowhere);
        let client = with_everything(Client::public(client_id(id), id), grant_types(registered.grants))
            .with_auth_method(method(registered.place))
            .with_resources(registered.apis.iter().map(|api| audience(&APIS[*api])))
            .with_secrets(secrets.into_iter().filter(|_| !is_public))
            .with_introspection(registered.grants == Endpoint::Introspect);
        shared.add_client(client).await;
        if !is_public {
            new.expose().clone_into(&mut registered.secret);
            values.insert(registered.secret_kind, registered.secret.clone());
        }
        clients.push(registered);
    }
    clients
}

const fn grant_types(endpoint: Endpoint) -> &'static [GrantType] {
    match endpoint {
        Endpoint::ClientCredentials => &[GrantType::ClientCredentials],
        Endpoint::Password => &[GrantType::Password],
        _ => &[],
    }
}

const fn method(place: Place) -> ClientAuthMethod {
    match place {
        Place::Form => ClientAuthMethod::SecretPost,
        Place::Header => ClientAuthMethod::SecretBasic,
        Place::Nowhere => ClientAuthMethod::None,
    }
}

/// A token that no node signed: of another issuer with our key, or of our issuer with another key.
fn foreign(shared: &Shared, keys: &NodeKeys, rules: TokenRules) -> String {
    let claims = AccessTokenClaims::new("id-of-johndoe", shared.now(), Lifetime::from_minutes(5))
        .with_scopes([APIS[0].scope.clone()])
        .with_client_id(client_id("page"))
        .with_token_id(TokenId::parse("t1").unwrap());
    let token = Signer::new(rules, keys.signing_key()).issue(&claims).unwrap();
    token.expose().to_owned()
}

impl Matrix {
    pub(super) async fn new() -> Self {
        let (shared, mut keys, mut values) = (Shared::new(), NodeKeys::default(), BTreeMap::new());
        keys.rotate();
        shared.add_user(USERNAME, PASSWORD).await;
        let world = World {
            clients: clients(&shared, &mut values).await,
            live: BTreeMap::new(),
            username: USERNAME,
            password: PASSWORD,
        };
        let node = Node::start(&shared, &keys).await;
        let documents = [
            node.get(0, Endpoint::Metadata.path(), None).await,
            node.get(0, Endpoint::KeySet.path(), None).await,
        ];
        let mut matrix = Self {
            node,
            world,
            values,
            secrets: Vec::new(),
            documents,
            seen: BTreeMap::new(),
        };
        matrix.add_tokens(&shared, &keys).await;
        matrix.secrets = matrix.values.keys().copied().collect();
        for (kind, value) in [
            ("empty", ""),
            ("id of a service", "billing"),
            ("id of a public client", "page"),
            ("id of another service", "reports"),
            ("id of the key", "key-1"),
            ("audience", APIS[0].audience),
            ("scope", "me"),
            ("username", USERNAME),
            ("other text", "x"),
        ] {
            matrix.values.insert(kind, value.to_owned());
        }
        matrix
    }

    async fn add_tokens(&mut self, shared: &Shared, keys: &NodeKeys) {
        let expired = self.issue("page", &[0]).await;
        shared.clock.advance(Lifetime::from_minutes(11));
        self.node.refresh().await;
        let revoked = self.issue("page", &[0]).await;
        let form = [("client_id", "page"), ("token", revoked.as_str())];
        assert_eq!(self.node.post("/revoke", None, &form).await.status(), 200);
        let (mut stranger, elsewhere) = (NodeKeys::default(), Issuer::parse("https://evil.example").unwrap());
        stranger.rotate();
        let of_elsewhere = foreign(shared, keys, TokenRules::rfc9068(elsewhere, audience(&APIS[0])));
        let pkcs8 = keys.signing_key().to_pkcs8().unwrap().expose().clone();
        for (kind, value) in [
            ("expired token", expired),
            ("revoked token", revoked),
            ("token of another issuer", of_elsewhere),
            ("token of another key", foreign(shared, &stranger, rules(&APIS[0]))),
            ("signing key", base64_simd::STANDARD.encode_to_string(pkcs8)),
            ("password", PASSWORD.to_owned()),
        ] {
            self.values.insert(kind, value);
        }
        for kind in LIVE {
            self.add_live(kind).await;
        }
    }

    /// Issues a valid token of this kind, in place of the one before.
    pub(super) async fn add_live(&mut self, (kind, client, is_of_user, apis): LiveKind) {
        let text = self.issue(client, apis).await;
        self.world.live.insert(
            text.clone(),
            Live {
                client,
                is_of_user,
                apis,
            },
        );
        self.values.insert(kind, text);
    }

    async fn issue(&self, id: &str, apis: &[usize]) -> String {
        let client = self.world.clients.iter().find(|client| client.id == id).unwrap();
        let mut asked = self.right(client.grants, Some(client));
        let api = &APIS[apis[0]];
        asked
            .fields
            .extend([("scope", api.scope.to_string()), ("resource", api.audience.to_owned())]);
        member(&self.send(client.grants, &asked).await, "access_token").unwrap()
    }

    /// The right request of a client; the caller may be none.
    pub(super) fn right(&self, endpoint: Endpoint, caller: Option<&Registered>) -> Asked {
        let mut fields: Vec<(&'static str, &str)> = match endpoint {
            Endpoint::ClientCredentials => vec![("grant_type", "client_credentials")],
            Endpoint::Password => vec![
                ("grant_type", "password"),
                ("username", USERNAME),
                ("password", PASSWORD),
            ],
            _ => Vec::new(),
        };
        let token = self.values.get(LIVE[0].0).map_or("", String::as_str);
        match endpoint {
            Endpoint::ClientCredentials | Endpoint::Password => {
                fields.extend([("scope", "me"), ("resource", APIS[0].audience)]);
            }
            _ => fields.push(("token", token)),
        }
        let mut header = Header::Absent;
        if let Some(client) = caller {
            match client.place {
                Place::Header => header = Header::Basic(client.id.to_owned(), client.secret.clone()),
                Place::Form => fields.extend([("client_id", client.id), ("client_secret", &client.secret)]),
                Place::Nowhere => fields.push(("client_id", client.id)),
            }
        }
        if endpoint == Endpoint::Operation {
            header = Header::Bearer(token.to_owned());
        }
        let fields = fields.into_iter().map(|(name, value)| (name, value.to_owned()));
        Asked {
            header,
            fields: fields.collect(),
        }
    }
}
