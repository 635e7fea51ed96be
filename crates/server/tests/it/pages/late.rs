//! A form that is sent too late. The server runs in the process of the test, which moves its clock.

use std::sync::Arc;

use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use scopegate_domain::{
    Account, Audience, Catalog, Client, ClientId, Clock as _, GrantType, Issuer, Lifetime, ManualClock, RedirectUri,
    ScopeToken, Secret, SecurityScheme, SystemClock, User, UserId, Username,
};
use scopegate_grant::{AuthorizationServer, SecretRings, ServerSecrets};
use scopegate_http::{Gate, GateBuilder};
use scopegate_portal::{PeopleEndpoints, PortalSite};
use scopegate_store::{Clients, MemoryStore, Users};
use scopegate_token::{PasswordHasher, PasswordPolicy, Signer, SigningKey, SystemRandomSource, TokenRules};
use tokio::net::TcpListener;

use super::application::Application;
use super::fixture::{PASSWORD, expect, log_in, request};
use crate::people::parameter;
use crate::webdriver::{Browser, Failure};

const AUDIENCE: &str = "https://api.example";
const ME: ScopeToken = ScopeToken::from_static("me");
const ITEMS: ScopeToken = ScopeToken::from_static("items");

async fn store(application: &Application) -> MemoryStore {
    let store = MemoryStore::new();
    let user = User::new(UserId::parse("id-of-jane").unwrap(), Username::parse("jane").unwrap());
    let hasher = PasswordHasher::new(PasswordPolicy::default());
    let account = Account {
        user: user.with_scope("me items".parse().unwrap()),
        password_hash: Some(
            hasher
                .hash(&Secret::new(PASSWORD.to_owned()), &SystemRandomSource)
                .unwrap(),
        ),
    };
    Users::add(&store, account).await.unwrap();
    let client = Client::public(ClientId::parse("web").unwrap(), "web")
        .with_redirect_uris([RedirectUri::parse(&application.redirect_uri()).unwrap()])
        .with_grant_types([GrantType::AuthorizationCode])
        .with_resources([Audience::of_resource(AUDIENCE).unwrap()])
        .with_scope("me items".parse().unwrap());
    Clients::add(&store, client).await.unwrap();
    store
}

fn gate(address: &str, store: MemoryStore, clock: Arc<ManualClock>) -> Gate {
    let catalog = Catalog::builder().scheme("login", SecurityScheme::oauth2_password("token"));
    let catalog = catalog.scope(ME, "Read your profile").scope(ITEMS, "Read your items");
    let catalog = catalog.build().unwrap();
    let issuer = Issuer::parse(address).unwrap();
    let rules = TokenRules::rfc9068(issuer.clone(), Audience::parse(AUDIENCE).unwrap());
    let signer = Signer::new(rules, SigningKey::es256_generate().unwrap());
    let secrets = Arc::new(ServerSecrets::new(SecretRings::generate(&SystemRandomSource).unwrap()));
    let server = AuthorizationServer::builder(Arc::new(store), signer, catalog.clone())
        .code_grant(issuer.clone(), secrets)
        .clock(clock.clone())
        .build();
    let site = PortalSite::new(&issuer).unwrap();
    let people = PeopleEndpoints::new(&site, &server).unwrap();
    let gate = Gate::builder(catalog).clock(clock);
    let sites = people.into_sites().into_iter();
    sites.fold(gate, GateBuilder::site).build().unwrap()
}

/// Starts a server, and returns its address. It ends with the runtime.
async fn serve(application: &Application, clock: Arc<ManualClock>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let gate = gate(&address, store(application).await, clock);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let service = gate.service();
            tokio::spawn(async move {
                let protocol = auto::Builder::new(TokioExecutor::new());
                let _ = protocol.serve_connection(TokioIo::new(stream), service).await;
            });
        }
    });
    address
}

#[test]
fn form_after_eleven_minutes_starts_again() -> Result<(), Failure> {
    let Some(browser) = Browser::start_if_there()? else {
        return Ok(());
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let application = Application::listen();
    let clock = Arc::new(ManualClock::at(SystemClock.now()));
    let address = runtime.block_on(serve(&application, clock.clone()));
    let late = Lifetime::from_minutes(11);
    browser.open(&request(&address, &application, "late"))?;
    expect(&browser, "Log in")?;
    clock.advance(late);
    log_in(&browser, PASSWORD)?;
    expect(&browser, "The page has expired")?;
    browser.click("a.button")?;
    expect(&browser, "Log in")?;
    log_in(&browser, PASSWORD)?;
    expect(&browser, "web wants to use your account")?;
    clock.advance(late);
    browser.click("button[value=\"allow\"]")?;
    expect(&browser, "The page has expired")?;
    browser.click("a.button")?;
    expect(&browser, "web wants to use your account")?;
    browser.click("button[value=\"allow\"]")?;
    expect(&browser, "Back in the application")?;
    assert_eq!(parameter(&browser.address()?, "state").as_deref(), Some("late"));
    assert!(parameter(&browser.address()?, "code").is_some());
    Ok(())
}
