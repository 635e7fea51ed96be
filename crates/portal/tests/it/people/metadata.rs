//! The metadata of a server with pages, and what is off without the code grant.

use std::sync::Arc;

use http::Request;
use scopegate_domain::{Catalog, Issuer};
use scopegate_portal::grant::AuthorizationServer;
use scopegate_portal::{PeopleEndpoints, PortalSite};
use scopegate_store::MemoryStore;
use scopegate_token::{Signer, SigningKey, TokenRules};
use serde_json::{Value, json};

use super::{LOOPBACK_ISSUER, People};

#[tokio::test]
async fn metadata_names_the_authorization_endpoint() {
    let people = People::at(LOOPBACK_ISSUER).await;
    let request = Request::get("/.well-known/oauth-authorization-server/tenant");
    let answer = people.send(request.body(Vec::new()).unwrap()).await;
    let metadata: Value = serde_json::from_slice(answer.body()).unwrap();
    for (name, value) in [
        (
            "authorization_endpoint",
            json!("http://127.0.0.1:8000/tenant/authorize"),
        ),
        ("response_types_supported", json!(["code"])),
        ("response_modes_supported", json!(["query"])),
        ("code_challenge_methods_supported", json!(["S256"])),
        ("authorization_response_iss_parameter_supported", json!(true)),
        (
            "grant_types_supported",
            json!(["authorization_code", "client_credentials", "refresh_token"]),
        ),
    ] {
        assert_eq!(metadata[name], value, "{name}");
    }
}

#[test]
fn without_the_code_grant_there_are_no_pages() {
    let issuer = Issuer::parse("https://id.example").unwrap();
    let key = SigningKey::es256_generate().unwrap();
    let signer = Signer::new(TokenRules::shared_secret(), key);
    let catalog = Catalog::builder().build().unwrap();
    let server = AuthorizationServer::builder(Arc::new(MemoryStore::new()), signer, catalog).build();
    assert!(PeopleEndpoints::new(&PortalSite::new(&issuer).unwrap(), &server).is_none());
}
