//! Guessing passwords and client secrets is limited wherever a secret is presented.
use std::net::{IpAddr, Ipv4Addr};

use crate::common::{builder, client, clients, lax, params, store};
use scopegate_domain::{ClientAuthMethod, ErrorCode, Secret};
use scopegate_grant::{AuthorizationServer, ClientCredentials, Dialect, GrantError, TokenSet};
use scopegate_token::{ClientSecret, SystemRandomSource};

/// A way to present a secret.
#[derive(Clone, Copy, Debug)]
enum Way {
    Password,
    LaxPassword,
    Basic,
    Form,
}

struct GuessingFixture {
    rfc: AuthorizationServer,
    lax: AuthorizationServer,
    secret: ClientSecret,
}

impl GuessingFixture {
    async fn new() -> Self {
        let store = store().await;
        let secret = ClientSecret::generate(&SystemRandomSource).unwrap();
        clients(&store)
            .add(
                client("web")
                    .with_secret(secret.digest())
                    .with_auth_method(ClientAuthMethod::AnySecret),
            )
            .await
            .unwrap();
        Self {
            rfc: builder(&store).build(),
            lax: builder(&store).dialect(lax()).build(),
            secret,
        }
    }

    async fn present(&self, way: Way, is_right: bool, from: u8) -> Result<TokenSet, GrantError> {
        self.present_as("johndoe", way, is_right, from).await
    }

    async fn present_as(&self, name: &str, way: Way, is_right: bool, from: u8) -> Result<TokenSet, GrantError> {
        let from = Some(IpAddr::V4(Ipv4Addr::new(192, 0, 2, from)));
        let password = if is_right || matches!(way, Way::Basic | Way::Form) {
            "secret"
        } else {
            "wrong"
        };
        let secret = if is_right { self.secret.expose() } else { "wrong" };
        let mut form = vec![("grant_type", "password"), ("username", name), ("password", password)];
        let (server, header) = match way {
            Way::Password => {
                form.push(("client_id", "demo-app"));
                (&self.rfc, ClientCredentials::Absent)
            }
            Way::LaxPassword => {
                form.push(("client_id", "demo-app"));
                (&self.lax, ClientCredentials::Absent)
            }
            Way::Basic => {
                let (id, secret) = ("web".to_owned(), Secret::new(secret.to_owned()));
                (&self.rfc, ClientCredentials::Basic { id, secret })
            }
            Way::Form => {
                form.extend([("client_id", "web"), ("client_secret", secret)]);
                (&self.rfc, ClientCredentials::Absent)
            }
        };
        server.token_from(&params(&form), &header, from).await
    }
}

fn is_throttled(answer: &Result<TokenSet, GrantError>) -> bool {
    matches!(answer, Err(GrantError::Throttled { retry_after }) if retry_after.as_seconds() > 0)
}

#[tokio::test]
async fn every_way_to_present_a_secret_is_throttled() {
    for way in [Way::Password, Way::LaxPassword, Way::Basic, Way::Form] {
        let stage = GuessingFixture::new().await;
        assert!(stage.present(way, true, 1).await.is_ok(), "{way:?}");
        for attempt in 0..10 {
            let refused = stage.present(way, false, 2).await;
            assert!(refused.is_err() && !is_throttled(&refused), "{way:?} {attempt}");
        }
        // The right secret, too: the response reveals nothing.
        for is_right in [false, true] {
            let refused = stage.present(way, is_right, 3).await;
            assert!(is_throttled(&refused), "{way:?}");
            assert_eq!(refused.unwrap_err().code(), ErrorCode::TemporarilyUnavailable);
        }
        assert!(
            stage.present(way, true, 1).await.is_ok(),
            "{way:?}: the owner, from a known address"
        );
    }
}

/// Spellings of one name.
const SPELLINGS: [&str; 5] = ["JohnDoe", "johndoe", "JOHNDOE", "ｊｏｈｎｄｏｅ", "JohnDoＥ"];

#[tokio::test]
async fn spellings_of_one_name_log_in() {
    for name in SPELLINGS {
        let stage = GuessingFixture::new().await;
        assert!(stage.present_as(name, Way::Password, true, 1).await.is_ok(), "{name}");
        let exact = stage.present_as(name, Way::LaxPassword, true, 1).await;
        assert_eq!(exact.is_ok(), name == "johndoe", "{name}");
    }
}

#[tokio::test]
async fn spellings_of_one_name_share_a_limit() {
    for way in [Way::Password, Way::LaxPassword] {
        let stage = GuessingFixture::new().await;
        for attempt in 0..10 {
            let name = SPELLINGS[attempt % SPELLINGS.len()];
            assert!(!is_throttled(&stage.present_as(name, way, false, 1).await));
        }
        for name in SPELLINGS {
            let refused = stage.present_as(name, way, true, 2).await;
            assert!(is_throttled(&refused), "{way:?} {name}");
        }
    }
}

#[tokio::test]
async fn header_and_form_attempts_share_one_bucket() {
    let stage = GuessingFixture::new().await;
    for attempt in 0..10 {
        let way = if attempt % 2 == 0 { Way::Basic } else { Way::Form };
        assert!(!is_throttled(&stage.present(way, false, 1).await));
    }
    for way in [Way::Basic, Way::Form] {
        assert!(is_throttled(&stage.present(way, true, 2).await), "{way:?}");
    }
    assert!(stage.present(Way::Password, true, 2).await.is_ok(), "another account");
}

#[tokio::test]
async fn unknown_names_are_throttled_like_known_ones() {
    let server = builder(&store().await).build();
    for name in ["johndoe", "nobody", "alice", "no\u{7f}body", &"long".repeat(500)] {
        let form = [
            ("grant_type", "password"),
            ("client_id", "demo-app"),
            ("username", name),
            ("password", "wrong"),
        ];
        let mut throttled = Vec::new();
        for _ in 0..12 {
            let refused = server.token(&params(&form), &ClientCredentials::Absent).await;
            throttled.push(is_throttled(&refused));
        }
        assert_eq!(throttled, [[false; 10].as_slice(), &[true; 2]].concat(), "{name}");
    }
}

#[tokio::test]
async fn concurrent_guesses_count_like_sequential_guesses() {
    let server = builder(&store().await).build();
    let form = [
        ("grant_type", "password"),
        ("client_id", "demo-app"),
        ("username", "johndoe"),
        ("password", "wrong"),
    ];
    let mut guesses = tokio::task::JoinSet::new();
    for _ in 0..40 {
        let server = server.clone();
        guesses.spawn(async move {
            let refused = server.token(&params(&form), &ClientCredentials::Absent).await;
            is_throttled(&refused)
        });
    }
    let compared = guesses.join_all().await.into_iter().filter(|throttled| !throttled);
    assert_eq!(compared.count(), 10);
}

#[tokio::test]
async fn concurrent_correct_logins_are_admitted() {
    let stage = GuessingFixture::new().await;
    let stage = std::sync::Arc::new(stage);
    let mut logins = tokio::task::JoinSet::new();
    // More than the limit of guesses, and fewer than the queue of one hashing slot admits.
    for _ in 0..30 {
        let stage = std::sync::Arc::clone(&stage);
        logins.spawn(async move { stage.present(Way::Password, true, 1).await.map(|_| ()) });
    }
    for login in logins.join_all().await {
        assert!(login.is_ok(), "{login:?}");
    }
}

#[tokio::test]
async fn throttling_can_be_switched_off() {
    let store = store().await;
    for dialect in [Dialect::rfc(), lax()] {
        let server = builder(&store).dialect(dialect).throttled(false).build();
        let form = [
            ("grant_type", "password"),
            ("client_id", "demo-app"),
            ("username", "johndoe"),
            ("password", "wrong"),
        ];
        for _ in 0..30 {
            let refused = server.token(&params(&form), &ClientCredentials::Absent).await;
            assert!(!is_throttled(&refused));
        }
    }
}
