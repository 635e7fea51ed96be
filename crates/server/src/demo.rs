//! FastAPI's tutorial on scopes: its catalog, its operations, and for the demo its users and
//! clients.
//!
//! <https://fastapi.tiangolo.com/advanced/security/oauth2-scopes/>

use scopegate_domain::{
    Account, Catalog, CatalogError, Client, ClientId, ClientKind, GrantType, Issuer, OAuthFlows, PasswordHash,
    RedirectUri, Scope, ScopeToken, Secret, SecurityScheme, User, UserId, UserStatus, Username,
};
use scopegate_http::policy::Method;
use scopegate_http::utoipa::{self, ToSchema};
use scopegate_http::{ActiveUser, CurrentUser, Guard, HandledOperation, Json, answer::AnyJson, get};
use scopegate_store::{Store, StoreError, StoreErrorKind};
use scopegate_token::{PasswordHasher, PasswordPolicy, PasswordVerdict};
use serde::Serialize;

/// The security scheme's name, as in the tutorial's document.
pub(crate) const SCHEME: &str = "OAuth2PasswordBearer";

/// The path of the token endpoint.
pub(crate) const TOKEN_PATH: &str = "/token";

/// The public client of every login with a password at the token endpoint.
pub(crate) const CLIENT: &str = "demo-app";

/// The public client of Swagger UI at `/docs`.
pub(crate) const WEB_CLIENT: &str = "demo-web";

/// The public client of a command-line program.
pub(crate) const CLI_CLIENT: &str = "demo-cli";

/// All clients of the demo.
const CLIENTS: [&str; 3] = [CLIENT, WEB_CLIENT, CLI_CLIENT];

/// The redirect URI of Swagger UI, below the issuer.
const OAUTH2_REDIRECT_PATH: &str = "/docs/oauth2-redirect";

/// The hosts of loopback redirect URIs. A port is not compared.
const LOOPBACK_HOSTS: [&str; 3] = ["127.0.0.1", "[::1]", "localhost"];

/// The paths of the redirect URIs of the command-line program.
const CLI_PATHS: [&str; 2] = ["/callback", "/"];

const ME: ScopeToken = ScopeToken::from_static("me");
const ITEMS: ScopeToken = ScopeToken::from_static("items");

/// The two scopes of the FastAPI tutorial, behind these flows.
pub(crate) fn catalog(flows: OAuthFlows) -> Result<Catalog, CatalogError> {
    Catalog::builder()
        .scheme(SCHEME, SecurityScheme::oauth2(flows))
        .scope(ME, "Read information about the current user.")
        .scope(ITEMS, "Read items.")
        .build()
}

/// An operation of the tutorial with its handler.
pub(crate) struct DemoOperation {
    pub(crate) method: Method,
    pub(crate) template: &'static str,
    pub(crate) handled: HandledOperation,
}

/// The tutorial's three operations behind its three guards.
pub(crate) fn operations() -> [DemoOperation; 3] {
    let user = Guard::user().named("get_current_user");
    let active = Guard::requires([ME])
        .check(ActiveUser)
        .depends_on(&user)
        .named("get_current_active_user");
    let items = Guard::requires([ITEMS]).depends_on(&active);
    [
        DemoOperation::get("/users/me/", |path| {
            get(path).named("read_users_me").guard(&active).then(read_users_me)
        }),
        DemoOperation::get("/users/me/items/", |path| {
            get(path).named("read_own_items").guard(items).then(read_own_items)
        }),
        DemoOperation::get("/status/", |path| {
            get(path)
                .named("read_system_status")
                .guard(&user)
                .then(read_system_status)
        }),
    ]
}

impl DemoOperation {
    fn get(template: &'static str, handled: impl FnOnce(&'static str) -> HandledOperation) -> Self {
        Self {
            method: Method::Get,
            template,
            handled: handled(template),
        }
    }
}

// A user as the tutorial shows one. Not a doc comment: that would appear in the OpenAPI document,
// and the tutorial's has none.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = User)]
struct UserOut {
    username: String,
    email: Option<String>,
    full_name: Option<String>,
    disabled: Option<bool>,
}

async fn read_users_me(user: CurrentUser) -> Json<UserOut> {
    Json(UserOut {
        username: user.username().to_string(),
        email: user.email().map(str::to_owned),
        full_name: user.full_name().map(str::to_owned),
        disabled: Some(!user.is_active()),
    })
}

/// An item of the tutorial, which its document does not describe.
#[derive(Debug, Serialize)]
struct Item {
    item_id: &'static str,
    owner: String,
}

async fn read_own_items(user: CurrentUser) -> AnyJson<[Item; 1]> {
    AnyJson([Item {
        item_id: "Foo",
        owner: user.username().to_string(),
    }])
}

/// The status of the tutorial's API.
#[derive(Debug, Serialize)]
struct Status {
    status: &'static str,
}

async fn read_system_status() -> AnyJson<Status> {
    AnyJson(Status { status: "ok" })
}

/// A user of the demo. The id is the name, which `user add` never creates.
struct DemoUser {
    name: &'static str,
    password: &'static str,
    full_name: &'static str,
    email: &'static str,
    status: UserStatus,
    /// The tutorial's own hash of the password: nothing is hashed when the demo starts.
    hash: &'static str,
}

const USERS: [DemoUser; 2] = [
    DemoUser {
        name: "johndoe",
        password: "secret",
        full_name: "John Doe",
        email: "johndoe@example.com",
        status: UserStatus::Active,
        hash: "$2b$12$EixZaYVK1fsbw1ZfbX3OXePaWxn96p36WQoeG6Lruj3vjPGga31lW",
    },
    DemoUser {
        name: "alice",
        password: "secretalice",
        full_name: "Alice Chains",
        email: "alicechains@example.com",
        status: UserStatus::Disabled,
        hash: "$2b$12$gSvqqUPvlXP2tfVFaWK1Be7DlH.PKZbv5H8KnzzVgXXbVxpva.pFm",
    },
];

/// Adds the tutorial's users and the clients of the demo, if they are missing.
pub(crate) async fn seed_demo_data(store: &dyn Store, issuer: &Issuer) -> anyhow::Result<()> {
    let scope = Scope::from_iter([ME, ITEMS]);
    for demo in USERS {
        let user = User::new(UserId::parse(demo.name)?, Username::parse(demo.name)?)
            .with_full_name(demo.full_name)
            .with_email(demo.email)
            .with_status(demo.status)
            .with_scope(scope.clone());
        unless_taken(
            store
                .users()
                .add(Account {
                    user,
                    password_hash: Some(PasswordHash::from_stored(demo.hash)),
                })
                .await,
        )?;
    }
    for client in clients(issuer)? {
        let client = client.with_scope(scope.clone());
        unless_taken(store.clients().add(client.clone()).await)?;
        if let Some(old) = store.clients().find(client.id()).await? {
            follow_issuer(store, old, &client).await?;
        }
    }
    Ok(())
}

/// The clients of the demo. Swagger UI also has the password form, in which the profile `rfc` names
/// the client.
fn clients(issuer: &Issuer) -> anyhow::Result<[Client; 3]> {
    let loopback = |paths: &[&str]| -> Vec<String> {
        let of_host = |host: &str| {
            paths
                .iter()
                .map(|path| format!("http://{host}{path}"))
                .collect::<Vec<_>>()
        };
        LOOPBACK_HOSTS.into_iter().flat_map(of_host).collect()
    };
    let web = Client::public(ClientId::parse(WEB_CLIENT)?, "Swagger UI of the demo").with_grant_types([
        GrantType::AuthorizationCode,
        GrantType::RefreshToken,
        GrantType::Password,
    ]);
    let mut web_uris = loopback(&[OAUTH2_REDIRECT_PATH]);
    // That of a loopback issuer differs in the port at most.
    if issuer.as_str().starts_with("https:") {
        web_uris.push(format!(
            "{}{OAUTH2_REDIRECT_PATH}",
            issuer.as_str().trim_end_matches('/')
        ));
    }
    let cli = Client::public(ClientId::parse(CLI_CLIENT)?, "A command-line program")
        .with_grant_types([GrantType::AuthorizationCode, GrantType::RefreshToken]);
    Ok([
        Client::public(ClientId::parse(CLIENT)?, "The demo").with_grant_types([GrantType::Password]),
        web.with_redirect_uris(uris(&web_uris)?),
        cli.with_redirect_uris(uris(&loopback(&CLI_PATHS))?),
    ])
}

fn uris(texts: &[String]) -> anyhow::Result<Vec<RedirectUri>> {
    let uris: Result<_, _> = texts.iter().map(|text| RedirectUri::parse(text)).collect();
    Ok(uris?)
}

/// Adds the redirect URIs that a start with another issuer needs. Everything else is kept.
async fn follow_issuer(store: &dyn Store, old: Client, wanted: &Client) -> anyhow::Result<()> {
    let missing = wanted
        .redirect_uris()
        .iter()
        .filter(|uri| !old.redirect_uris().contains(uri));
    let missing: Vec<RedirectUri> = missing.cloned().collect();
    if missing.is_empty() {
        return Ok(());
    }
    let all: Vec<RedirectUri> = old.redirect_uris().iter().cloned().chain(missing).collect();
    let new = old.clone().with_redirect_uris(all);
    // If another process changes the client meanwhile, the next start adds them.
    store.clients().update(&old, &new).await?;
    Ok(())
}

/// Whether a database contains users or clients that are not the demo's.
pub(crate) async fn is_used_by_others(store: &dyn Store) -> Result<bool, StoreError> {
    let one_more = |count: usize| u16::try_from(count).unwrap_or(u16::MAX).saturating_add(1);
    let users = store.users().list(None, one_more(USERS.len())).await?;
    let is_demo_user = |user: &User| {
        let is_demo = |demo: &DemoUser| user.id().as_str() == demo.name && user.username().as_str() == demo.name;
        USERS.iter().any(is_demo)
    };
    let clients = store.clients().list(None, one_more(CLIENTS.len())).await?;
    let is_demo_client =
        |client: &Client| CLIENTS.contains(&client.id().as_str()) && client.kind() == ClientKind::Public;
    Ok(!users.iter().all(is_demo_user) || !clients.iter().all(is_demo_client))
}

/// The names of the accounts that have the password of the demo. Every reader of its documents
/// knows it.
pub(crate) async fn accounts_with_known_passwords(store: &dyn Store) -> anyhow::Result<Vec<&'static str>> {
    let hasher = PasswordHasher::new(PasswordPolicy::default());
    let mut names = Vec::new();
    for demo in USERS {
        let Some(account) = store.users().find_account(&Username::parse(demo.name)?).await? else {
            continue;
        };
        // A login may have replaced the hash by a stronger one of the same password.
        let password = Secret::new(demo.password.to_owned());
        let verdict = hasher.verify(&password, account.password_hash.as_ref());
        if matches!(verdict, PasswordVerdict::Match { .. }) {
            names.push(demo.name);
        }
    }
    Ok(names)
}

fn unless_taken(added: Result<(), StoreError>) -> Result<(), StoreError> {
    added.or_else(|error| {
        if error.kind() == StoreErrorKind::Conflict {
            Ok(())
        } else {
            Err(error)
        }
    })
}
