//! A refused client: the time does not tell the cause.
//!
//! A client authenticates without a password hash, so a refusal takes microseconds. What could be
//! learned is whether one client causes more work than another.

use std::sync::Arc;

use super::{ATTEMPTS, Group, Times, measure_refusals, rounds};
use crate::common::{KEY, NOW, builder, catalog, client, scope, store};
use crate::long_check;
use scopegate_domain::{
    Client, ClientAuthMethod, ErrorCode, GrantType, Lifetime, ManualClock, RegisteredSecret, Secret,
};
use scopegate_grant::{AuthorizationServer, ClientCredentials};
use scopegate_store::{ClientsCache, Store};
use scopegate_store_sql::{DatabaseUrl, SqlStore};
use scopegate_token::{ClientSecret, Signer, SigningKey, SystemRandomSource, TokenRules};
use tempfile::TempDir;

/// The maximum ratio of two medians of microseconds. A query of a database takes ten times a
/// refusal, a hash of a password a thousand times.
const MAX_RATIO: f64 = 3.0;

fn basic(id: &str, secret: &str) -> ClientCredentials {
    ClientCredentials::Basic {
        id: id.to_owned(),
        secret: Secret::new(secret.to_owned()),
    }
}

/// Each cause of `invalid_client` that tells about a client, with ids of one length.
async fn groups(store: &dyn Store, grant: &'static str) -> Vec<Group> {
    let [secret, other, wrong] = [(); 3].map(|()| ClientSecret::generate(&SystemRandomSource).unwrap());
    let ended = RegisteredSecret::new(secret.digest()).with_ends_at(NOW);
    let service = |id: &str| -> Client {
        let service = client(id).with_auth_method(ClientAuthMethod::SecretBasic);
        service
            .with_grant_types([GrantType::ClientCredentials, GrantType::Password])
            .with_scope(scope("me"))
    };
    for client in [
        service("conf-app").with_secret(secret.digest()),
        service("othe-app").with_secret(other.digest()),
        service("ende-app").with_secrets([ended]),
        service("form-app")
            .with_secret(secret.digest())
            .with_auth_method(ClientAuthMethod::SecretPost),
        client("publ-app"),
    ] {
        store.clients().add(client).await.unwrap();
    }
    let group = |name, header, form: Vec<(&'static str, &'static str)>| {
        let mut fields = vec![("grant_type", grant), ("username", "johndoe"), ("password", "secret")];
        fields.extend(form);
        Group {
            name,
            fields,
            header,
            refused: ErrorCode::InvalidClient,
        }
    };
    // The fields of a group live as long as the test.
    let text: &'static str = secret.expose().to_owned().leak();
    let (right, wrong) = (secret.expose(), wrong.expose());
    let in_form = vec![("client_id", "conf-app"), ("client_secret", text)];
    vec![
        group("unknown", basic("nobo-app", wrong), vec![]),
        group("wrong secret", basic("conf-app", wrong), vec![]),
        group("secret of another client", basic("conf-app", other.expose()), vec![]),
        group("ended secret", basic("ende-app", right), vec![]),
        group("empty secret", basic("conf-app", ""), vec![]),
        group("no such secret", basic("conf-app", "hunter2"), vec![]),
        group("public with a secret", basic("publ-app", wrong), vec![]),
        group("header in place of the form", basic("form-app", right), vec![]),
        group(
            "form in place of the header",
            ClientCredentials::Absent,
            in_form.clone(),
        ),
        group("two methods", basic("conf-app", right), in_form),
    ]
}

async fn assert_alike(server: &AuthorizationServer, groups: &[Group]) {
    let mut told = String::new();
    for _ in 0..ATTEMPTS {
        // A refusal is so short that many cost nothing.
        let times = measure_refusals(server, groups, 20 * rounds()).await;
        let medians = || times.iter().map(|times| times.median().as_secs_f64());
        let (shortest, longest) = (medians().fold(f64::MAX, f64::min), medians().fold(0.0, f64::max));
        if longest / shortest <= MAX_RATIO {
            return;
        }
        told = times.iter().map(Times::to_string).collect::<Vec<_>>().join("\n");
    }
    panic!("the medians differ by more than {MAX_RATIO} times:\n{told}");
}

/// With and without a cache of clients, which a refusal does not answer from, and over a SQLite
/// file.
#[tokio::test]
async fn failed_client_time_hides_its_cause() {
    if !long_check::is_on("the times of refused clients") {
        return;
    }
    let plain = store().await;
    let refused = groups(&*plain, "password").await;
    assert_alike(&builder(&plain).throttled(false).build(), &refused).await;

    let behind = store().await;
    let refused = groups(&*behind, "client_credentials").await;
    let cache = Arc::new(ClientsCache::new(behind.clone(), Lifetime::from_minutes(1)));
    assert_alike(&builder(&behind).throttled(false).clients(cache).build(), &refused).await;

    let folder = TempDir::new().unwrap();
    let file = Arc::new(
        SqlStore::open(&DatabaseUrl::file(folder.path().join("a.db")))
            .await
            .unwrap(),
    );
    let refused = groups(&*file, "client_credentials").await;
    let key = SigningKey::hs256(&Secret::new(KEY.to_owned())).unwrap();
    let signer = Signer::new(TokenRules::shared_secret(), key);
    let server = AuthorizationServer::builder(file.clone(), signer, catalog()).throttled(false);
    assert_alike(&server.clock(Arc::new(ManualClock::at(NOW))).build(), &refused).await;
    file.close().await.unwrap();
}
