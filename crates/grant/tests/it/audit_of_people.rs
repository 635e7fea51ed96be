//! The audit log of logins, codes and token families.

use std::net::IpAddr;

use scopegate_domain::{AddressPrefix, AuditEntry, AuditEvent, AuditId, ClientId};
use scopegate_grant::{ConsentChoice, LogoutRequest, Params, RequestOrigin, Step};
use scopegate_store::AuditQuery;

use crate::common::params;
use crate::people::{Browser, PeopleFixture, redemption, refresh_of, request};

const USER: &str = "192.0.2.1";
const CLIENT: &str = "198.51.100.7";
const THIEF: &str = "203.0.113.9";

/// What users and their clients do.
const EVENTS: [AuditEvent; 16] = [
    AuditEvent::LoginFailed,
    AuditEvent::LoginSucceeded,
    AuditEvent::ConsentGranted,
    AuditEvent::ConsentWidened,
    AuditEvent::ConsentWithdrawn,
    AuditEvent::CodeIssued,
    AuditEvent::CodeRedeemed,
    AuditEvent::CodeReplayed,
    AuditEvent::CodeRefused,
    AuditEvent::FamilyBegun,
    AuditEvent::FamilyReused,
    AuditEvent::FamilyRetried,
    AuditEvent::FamilyEnded,
    AuditEvent::TokenIssued,
    AuditEvent::TokenRefused,
    AuditEvent::SessionEnded,
];

fn from(address: &str) -> RequestOrigin {
    RequestOrigin::from(Some(address.parse::<IpAddr>().unwrap()))
}

async fn ask(fixture: &PeopleFixture, address: &str, form: &[(&str, &str)]) -> bool {
    let (form, header) = (params(form), fixture.credentials("web"));
    let answer = fixture.server.token_from(&form, &header, from(address)).await;
    answer.is_ok()
}

async fn entries(fixture: &PeopleFixture, event: AuditEvent) -> Vec<AuditEntry> {
    fixture.write_counts().await;
    let query = AuditQuery {
        after: AuditId::MIN,
        ..AuditQuery::default()
    };
    let entries = fixture.store().audit().entries(&query, 1_000).await.unwrap();
    entries.into_iter().filter(|entry| entry.event() == event).collect()
}

fn prefix(address: &str) -> AddressPrefix {
    AddressPrefix::of(address.parse::<IpAddr>().unwrap())
}

/// The victim of `ConsentFix` allows the request, and the thief redeems its code.
#[tokio::test]
async fn addresses_of_request_and_redemption_are_recorded() {
    let mut fixture = PeopleFixture::new().await;
    fixture.origin = from(USER);
    let code = fixture.code(&request("web", &[]), &mut Browser::new()).await;
    assert!(ask(&fixture, THIEF, &redemption("web", &code)).await);
    let [issued, redeemed] = [AuditEvent::CodeIssued, AuditEvent::CodeRedeemed];
    let (issued, redeemed) = (entries(&fixture, issued).await, entries(&fixture, redeemed).await);
    assert_eq!((issued.len(), redeemed.len()), (1, 1));
    assert_eq!(
        (issued[0].address(), redeemed[0].address()),
        (Some(prefix(USER)), Some(prefix(THIEF)))
    );
    assert_eq!(issued[0].detail(), redeemed[0].detail(), "both name the code");
    assert!(issued[0].detail().is_some() && issued[0].user().is_some());
}

#[tokio::test]
async fn retries_are_counted_by_address() {
    let mut fixture = PeopleFixture::new().await;
    fixture.origin = from(USER);
    let token = refresh_of(&fixture.tokens_of("web", "me", &mut Browser::new()).await);
    let form = [("grant_type", "refresh_token"), ("refresh_token", token.as_str())];
    for address in [CLIENT, CLIENT, THIEF, THIEF, THIEF] {
        assert!(ask(&fixture, address, &form).await);
    }
    let retried = entries(&fixture, AuditEvent::FamilyRetried).await;
    let mut counts: Vec<_> = retried.iter().map(|entry| (entry.count(), entry.address())).collect();
    counts.sort_by_key(|(count, _)| *count);
    // The first request was the rotation.
    assert_eq!(counts, [(1, Some(prefix(CLIENT))), (3, Some(prefix(THIEF)))]);
}

#[tokio::test]
async fn each_event_of_people_is_recorded() {
    let fixture = PeopleFixture::new().await;
    let mut browser = Browser::new();
    let ask = async |form: &[(&str, &str)]| ask(&fixture, CLIENT, form).await;
    let refresh = async |token: &str| ask(&[("grant_type", "refresh_token"), ("refresh_token", token)]).await;
    let page = fixture.login_page(&request("web", &[]), &browser).await;
    fixture.log_in(&page, &browser, "johndoe", "wrong").await.unwrap();
    let code = fixture.code(&request("web", &[("scope", "me")]), &mut browser).await;
    let mut wrong = redemption("web", &code);
    wrong.retain(|(name, _)| *name != "code_verifier");
    assert!(!ask(&wrong).await);
    assert!(ask(&redemption("web", &code)).await && !ask(&redemption("web", &code)).await);
    let tokens = fixture.tokens_of("web", "me items", &mut browser).await;
    let first = refresh_of(&tokens);
    assert!(refresh(&first).await && refresh(&first).await);
    fixture.advance(11);
    assert!(!refresh(&first).await);
    let last = fixture.tokens_of("web", "me", &mut browser).await;
    let form = Params::from_iter([("token", refresh_of(&last))]);
    fixture
        .tokens
        .revoke(&form, &fixture.credentials("web"), None)
        .await
        .unwrap();
    let access = Params::from_iter([("token", last.access_token().expose().clone())]);
    fixture
        .tokens
        .revoke(&access, &fixture.credentials("web"), None)
        .await
        .unwrap();
    let account = fixture.account(&browser).await.unwrap();
    let web = ClientId::parse("web").unwrap();
    assert!(fixture.withdraw(&account, &web).await);
    let Step::Consent(page) = fixture.authorize(&request("web", &[]), &browser).await.unwrap() else {
        panic!("the consent was withdrawn")
    };
    fixture.decide(&page, &browser, ConsentChoice::Deny).await.unwrap_err();
    let session = browser.session.as_ref();
    let here = LogoutRequest::default();
    fixture.accounts.log_out(session, &here, &fixture.origin).await.unwrap();
    for event in EVENTS {
        assert!(!entries(&fixture, event).await.is_empty(), "{event:?}");
    }
}
