//! Every kind of secret and token, at every endpoint and field, by every kind of client.
//!
//! A right request has one value replaced at a time, and every pair of an id and a secret is tried
//! at every place. `rule` says what each request must get.

#![expect(clippy::indexing_slicing, reason = "a test may fail")]

mod fixture;
mod rule;

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use http::Response;

use self::rule::{Asked, Endpoint, Header, Outcome, World};
use crate::node::{Node, basic, json, member};

const USERNAME: &str = "johndoe";
const PASSWORD: &str = "correct horse battery";
const FIELDS: [&str; 7] = [
    "client_id",
    "client_secret",
    "password",
    "resource",
    "scope",
    "token",
    "username",
];

/// A value that may be in the header of a request.
#[derive(Clone, Copy, Debug)]
enum HeaderField {
    BasicUser,
    BasicPassword,
    Bearer,
}

/// A kind of valid token: name, client, whether it is of a user, API.
type LiveKind = (&'static str, &'static str, bool, &'static [usize]);

/// The kinds of valid tokens.
const LIVE: [LiveKind; 4] = [
    ("token of the user", "page", true, &[0]),
    ("token of the user for another API", "page", true, &[1]),
    ("token of a service", "billing", false, &[0]),
    ("token of another service", "reports", false, &[0]),
];

struct Matrix {
    node: Node,
    world: World,
    /// Each value with its kind.
    values: BTreeMap<&'static str, String>,
    /// The kinds that no answer may show.
    secrets: Vec<&'static str>,
    documents: [Response<Bytes>; 2],
    /// How often each endpoint had each outcome.
    seen: BTreeMap<(Endpoint, Outcome), usize>,
}

impl Matrix {
    async fn send(&self, endpoint: Endpoint, asked: &Asked) -> Response<Bytes> {
        let header = match &asked.header {
            Header::Absent => None,
            Header::Basic(id, secret) => Some(basic(id, secret)),
            Header::Bearer(token) => Some(format!("Bearer {token}")),
        };
        let fields: Vec<(&str, &str)> = asked
            .fields
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        match endpoint {
            Endpoint::Operation | Endpoint::Metadata | Endpoint::KeySet => {
                let query = form_urlencoded::Serializer::new(String::new())
                    .extend_pairs(fields)
                    .finish();
                let target = format!("{}?{query}", endpoint.path());
                self.node.get(0, &target, header.as_deref()).await
            }
            _ => self.node.post(endpoint.path(), header.as_deref(), &fields).await,
        }
    }

    /// Sends a request and compares its outcome with the rule.
    async fn check(&mut self, endpoint: Endpoint, asked: &Asked, about: &str) {
        let answer = self.send(endpoint, asked).await;
        let (expected, revoked) = self.world.outcome(endpoint, asked);
        let found = self.outcome(endpoint, &answer);
        assert_eq!(
            found,
            Some(expected),
            "{about} at {endpoint:?}: {asked:?} got {answer:?}"
        );
        *self.seen.entry((endpoint, expected)).or_default() += 1;
        self.expect_no_secret(&answer, about);
        if expected == Outcome::Refused && endpoint != Endpoint::Operation && self.world.caller(asked).is_none() {
            let code = member(&answer, "error").unwrap();
            assert!(
                ["invalid_client", "invalid_request"].contains(&code.as_str()),
                "{about}: {code}"
            );
        }
        if endpoint == Endpoint::Revoke {
            let revoked = revoked.map(str::to_owned);
            self.expect_revoked(revoked.as_deref(), about).await;
        }
    }

    /// The outcome that an answer is; `None` if it is none of them.
    fn outcome(&self, endpoint: Endpoint, answer: &Response<Bytes>) -> Option<Outcome> {
        let (status, body) = (answer.status().as_u16(), json(answer));
        let is_document = |document: &Response<Bytes>| status == 200 && answer.body() == document.body();
        match endpoint {
            Endpoint::Metadata => is_document(&self.documents[0]).then_some(Outcome::Document),
            Endpoint::KeySet => is_document(&self.documents[1]).then_some(Outcome::Document),
            Endpoint::Operation if status == 200 => Some(Outcome::Runs),
            Endpoint::Operation => (status == 401).then_some(Outcome::Refused),
            _ if status == 400 || status == 401 => body.get("error").map(|_| Outcome::Refused),
            _ if status != 200 => None,
            Endpoint::ClientCredentials | Endpoint::Password => body.get("access_token").map(|_| Outcome::Token),
            Endpoint::Introspect if answer.body() == r#"{"active":false}"# => Some(Outcome::Inactive),
            Endpoint::Introspect => (body.get("active")? == true).then_some(Outcome::Active),
            Endpoint::Revoke => answer.body().is_empty().then_some(Outcome::Done),
        }
    }

    fn expect_no_secret(&self, answer: &Response<Bytes>, about: &str) {
        let text = format!("{:?} {}", answer.headers(), String::from_utf8_lossy(answer.body()));
        for kind in &self.secrets {
            assert!(!text.contains(&self.values[kind]), "{about} shows the {kind}: {text}");
        }
    }

    /// Expects that this token is revoked and no other one. Another one replaces it.
    async fn expect_revoked(&mut self, revoked: Option<&str>, about: &str) {
        for (text, live) in &self.world.live {
            let path = if live.is_of_user { "/user" } else { "/any" };
            let status = self.node.status(live.apis[0], path, text).await;
            let expected = if Some(text.as_str()) == revoked { 401 } else { 200 };
            assert_eq!(status, expected, "{about}: {text}");
        }
        if let Some(revoked) = revoked {
            self.world.live.remove(revoked);
            let kind = LIVE.iter().find(|(kind, ..)| self.values[kind] == revoked);
            self.add_live(*kind.unwrap()).await;
        }
    }

    /// Expects that each endpoint had each of its outcomes.
    fn expect_reached(&self) {
        let expected = [
            (Endpoint::ClientCredentials, Outcome::Refused),
            (Endpoint::ClientCredentials, Outcome::Token),
            (Endpoint::Password, Outcome::Refused),
            (Endpoint::Password, Outcome::Token),
            (Endpoint::Introspect, Outcome::Active),
            (Endpoint::Introspect, Outcome::Inactive),
            (Endpoint::Introspect, Outcome::Refused),
            (Endpoint::Revoke, Outcome::Done),
            (Endpoint::Revoke, Outcome::Refused),
            (Endpoint::Operation, Outcome::Runs),
            (Endpoint::Operation, Outcome::Refused),
            (Endpoint::Metadata, Outcome::Document),
            (Endpoint::KeySet, Outcome::Document),
        ];
        assert!(
            self.seen
                .keys()
                .copied()
                .eq(expected.into_iter().collect::<BTreeSet<_>>()),
            "{:?}",
            self.seen
        );
    }

    /// Each caller, and none, by its place in the list.
    fn callers(&self) -> impl Iterator<Item = Option<usize>> + use<> {
        (0..self.world.clients.len()).map(Some).chain([None])
    }

    /// The right request of this caller, as it is now.
    fn right_of(&self, endpoint: Endpoint, caller: Option<usize>) -> Asked {
        self.right(endpoint, caller.map(|caller| &self.world.clients[caller]))
    }
}

fn runtime() -> tokio::runtime::Runtime {
    let runtime = { tokio::runtime::Builder::new_current_thread() }
        .enable_time()
        .start_paused(true)
        .build();
    runtime.unwrap()
}

fn with_header(mut asked: Asked, field: HeaderField, value: &str) -> Asked {
    let (id, secret) = match &asked.header {
        Header::Basic(id, secret) => (id.clone(), secret.clone()),
        Header::Absent | Header::Bearer(_) => (String::new(), String::new()),
    };
    asked.header = match field {
        HeaderField::BasicUser => Header::Basic(value.to_owned(), secret),
        HeaderField::BasicPassword => Header::Basic(id, value.to_owned()),
        HeaderField::Bearer => Header::Bearer(value.to_owned()),
    };
    asked
}

#[test]
fn value_counts_at_its_own_field_only() {
    runtime().block_on(async {
        let mut matrix = Matrix::new().await;
        let kinds: Vec<&str> = matrix.values.keys().copied().collect();
        for endpoint in Endpoint::ALL {
            for caller in matrix.callers() {
                let asked = matrix.right_of(endpoint, caller);
                matrix.check(endpoint, &asked, "the right request").await;
                for kind in &kinds {
                    for name in FIELDS {
                        let mut asked = matrix.right_of(endpoint, caller);
                        asked.fields.insert(name, matrix.values[kind].clone());
                        matrix
                            .check(endpoint, &asked, &format!("{kind} as `{name}` of {caller:?}"))
                            .await;
                    }
                    for field in [HeaderField::BasicUser, HeaderField::BasicPassword, HeaderField::Bearer] {
                        let asked = with_header(matrix.right_of(endpoint, caller), field, &matrix.values[kind]);
                        matrix
                            .check(endpoint, &asked, &format!("{kind} as {field:?} of {caller:?}"))
                            .await;
                    }
                }
            }
        }
        matrix.expect_reached();
    });
}

/// Every id with every value as its secret: in the header, in the form, in both, and split.
#[test]
fn client_authenticates_with_its_own_secret_only() {
    runtime().block_on(async {
        let mut matrix = Matrix::new().await;
        let kinds: Vec<&str> = matrix.values.keys().copied().collect();
        let ids = matrix.world.clients.iter().map(|client| client.id);
        let ids: Vec<&str> = ids.chain(["", "nobody", "BILLING", USERNAME]).collect();
        for endpoint in Endpoint::OF_CLIENTS {
            for id in &ids {
                for kind in &kinds {
                    let (id, secret) = ((*id).to_owned(), matrix.values[kind].clone());
                    let pair = |secret: &str| Header::Basic(id.clone(), secret.to_owned());
                    for (header, form) in [
                        (pair(&secret), vec![]),
                        (pair(&secret), vec![("client_id", &id)]),
                        (pair(&secret), vec![("client_id", &id), ("client_secret", &secret)]),
                        (pair(""), vec![("client_secret", &secret)]),
                        (Header::Absent, vec![("client_id", &id), ("client_secret", &secret)]),
                    ] {
                        let mut asked = matrix.right_of(endpoint, None);
                        asked.header = header;
                        asked
                            .fields
                            .extend(form.into_iter().map(|(name, value)| (name, value.clone())));
                        matrix.check(endpoint, &asked, &format!("{id} with the {kind}")).await;
                    }
                }
            }
        }
        for endpoint in Endpoint::OF_CLIENTS {
            let refused = matrix.seen[&(endpoint, Outcome::Refused)];
            let all = matrix.seen.iter().filter(|((one, _), _)| *one == endpoint);
            let accepted = all.map(|(_, count)| count).sum::<usize>() - refused;
            assert!(refused > 1_000 && accepted > 0, "{:?}", matrix.seen);
        }
    });
}
