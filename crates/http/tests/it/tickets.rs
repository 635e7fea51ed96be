//! One-time tickets: issued to a caller, accepted once, for a short time, within bounds.

use std::sync::Arc;

use http::StatusCode;
use scopegate_http::credential::{Tickets, issue_ticket};
use scopegate_http::domain::{ApiKeyLocation, Lifetime, ManualClock};
use scopegate_http::testing::TestClient;
use scopegate_http::{Catalog, Guard, Permit, SecurityScheme, get, post};
use serde_json::Value;

use crate::common::{self, ITEMS, ME, NOW, Profile, token};

async fn who(permit: Permit) -> String {
    let scopes: Vec<_> = permit.granted().map(ToString::to_string).collect();
    format!(
        "{:?} {} {}",
        permit.subject(),
        permit.expires_at().is_some(),
        scopes.join(" ")
    )
}

/// A client of a gate with `POST /tickets` for tokens and `GET /feed` for tickets.
async fn client(tickets: Tickets) -> (TestClient, Arc<ManualClock>) {
    let clock = Arc::new(ManualClock::at(NOW));
    let catalog = Catalog::builder()
        .scheme("OAuth2PasswordBearer", SecurityScheme::oauth2_password("token"))
        .scope(ME, "")
        .scope(ITEMS, "")
        .scheme("ticket", SecurityScheme::api_key(ApiKeyLocation::Query, "ticket"))
        .scope(ME, "")
        .build()
        .unwrap();
    let of_token = Guard::authenticated().with_scheme("OAuth2PasswordBearer");
    let of_ticket = Guard::requires([ME]).with_scheme("ticket");
    let builder = common::with_catalog(catalog, Profile::Rfc).await;
    let gate = builder
        .tickets("ticket", tickets.clock(clock.clone()))
        .operation(post("/tickets").guard(of_token).then(issue_ticket))
        .operation(get("/feed").guard(of_ticket).then(who))
        .build()
        .unwrap();
    (TestClient::new(gate), clock)
}

async fn ticket_of(client: &TestClient, subject: &str) -> String {
    let response = client
        .post("/tickets")
        .bearer(&token(subject, &[ME, ITEMS]))
        .send()
        .await;
    assert_eq!(response.status(), StatusCode::OK, "{}", response.text());
    let ticket: Value = response.json();
    assert_eq!(ticket["expires_in"], 30);
    ticket["ticket"].as_str().unwrap().to_owned()
}

async fn feed(client: &TestClient, ticket: &str) -> (StatusCode, String) {
    let response = client.get(&format!("/feed?ticket={ticket}")).send().await;
    (response.status(), response.text())
}

#[tokio::test]
async fn ticket_is_accepted_once() {
    let (client, _) = client(Tickets::new()).await;
    let ticket = ticket_of(&client, "johndoe").await;
    let (status, who) = feed(&client, &ticket).await;
    // The scheme of tickets declares one of the two scopes.
    assert_eq!((status, who.as_str()), (StatusCode::OK, r#"Some("johndoe") true me"#));
    assert_eq!(feed(&client, &ticket).await.0, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn ticket_ends_after_its_lifetime() {
    let (client, clock) = client(Tickets::new()).await;
    let ticket = ticket_of(&client, "johndoe").await;
    clock.advance(Lifetime::from_seconds(30));
    assert_eq!(feed(&client, &ticket).await.0, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn text_that_is_not_a_ticket_is_refused() {
    let (client, _) = client(Tickets::new()).await;
    let ticket = ticket_of(&client, "johndoe").await;
    // As many bytes as a ticket, half as many characters.
    let wide = "%C3%A9".repeat(32);
    let short = ticket.get(1..).unwrap();
    for other in ["", "x", short, &format!("{ticket}0"), &"0".repeat(64), &wide] {
        assert_eq!(feed(&client, other).await.0, StatusCode::UNAUTHORIZED, "{other}");
    }
    assert_eq!(feed(&client, &ticket.to_uppercase()).await.0, StatusCode::OK);
}

#[tokio::test]
async fn new_ticket_replaces_the_oldest_of_its_subject_only() {
    let (client, _) = client(Tickets::new()).await;
    let of_alice = ticket_of(&client, "alice").await;
    let mut tickets = Vec::new();
    for _ in 0..17 {
        tickets.push(ticket_of(&client, "johndoe").await);
    }
    assert_eq!(feed(&client, &tickets[0]).await.0, StatusCode::UNAUTHORIZED);
    for ticket in tickets[1..].iter().chain([&of_alice]) {
        assert_eq!(feed(&client, ticket).await.0, StatusCode::OK);
    }
}

#[tokio::test]
async fn number_of_tickets_is_bounded() {
    let (client, clock) = client(Tickets::new().capacity(2)).await;
    ticket_of(&client, "a").await;
    ticket_of(&client, "b").await;
    let full = client.post("/tickets").bearer(&token("c", &[ME])).send().await;
    assert_eq!(full.status(), StatusCode::SERVICE_UNAVAILABLE);
    clock.advance(Lifetime::from_seconds(30));
    ticket_of(&client, "c").await;
}

#[tokio::test]
async fn callers_without_subject_and_client_replace_no_tickets() {
    let tickets = Tickets::new().capacity(20);
    let catalog = Catalog::builder()
        .scheme("OAuth2PasswordBearer", SecurityScheme::oauth2_password("token"))
        .without_subject()
        .scope(ME, "")
        .build()
        .unwrap();
    let gate = common::with_catalog(catalog, Profile::Rfc)
        .await
        .state(Arc::new(tickets));
    let gate = gate
        .operation(post("/tickets").guard(Guard::requires([ME])).then(issue_ticket))
        .build()
        .unwrap();
    let client = TestClient::new(gate);
    // A replaced ticket would leave a place.
    for number in 0..=20 {
        let response = client.post("/tickets").bearer(&token("johndoe", &[ME])).send().await;
        let expected = if number < 20 {
            StatusCode::OK
        } else {
            StatusCode::SERVICE_UNAVAILABLE
        };
        assert_eq!(response.status(), expected, "{number}");
    }
}
