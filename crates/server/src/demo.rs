//! FastAPI's tutorial on scopes: its catalog, its operations, and for the demo its users and a client.
//!
//! <https://fastapi.tiangolo.com/advanced/security/oauth2-scopes/>

use scopegate_domain::{
    Account, Catalog, CatalogError, Client, ClientId, GrantType, OAuthFlows, PasswordHash, Scope, ScopeToken,
    SecurityScheme, User, UserId, UserStatus, Username,
};
use scopegate_http::utoipa::{self, ToSchema};
use scopegate_http::{ActiveUser, AnyJson, BoundOperation, CurrentUser, Guard, Json, get};
use scopegate_store::{Store, StoreError, StoreErrorKind};
use serde::Serialize;

/// The security scheme's name, as in the page's document.
pub(crate) const SCHEME: &str = "OAuth2PasswordBearer";

/// Where tokens are given out.
pub(crate) const TOKEN_PATH: &str = "/token";

/// The public client in whose name everybody logs in.
pub(crate) const CLIENT: &str = "demo-app";

const ME: ScopeToken = ScopeToken::from_static("me");
const ITEMS: ScopeToken = ScopeToken::from_static("items");

/// The two scopes of the FastAPI tutorial. The scheme has the flows that are enabled.
pub(crate) fn catalog(password_grant: bool) -> Result<Catalog, CatalogError> {
    let scheme = if password_grant {
        SecurityScheme::oauth2_password("token")
    } else {
        SecurityScheme::oauth2(OAuthFlows::default())
    };
    Catalog::builder()
        .scheme(SCHEME, scheme)
        .scope(ME, "Read information about the current user.")
        .scope(ITEMS, "Read items.")
        .build()
}

/// The page's three operations behind its three guards.
pub(crate) fn operations() -> [BoundOperation; 3] {
    let user = Guard::user().named("get_current_user");
    let active = Guard::requires([ME])
        .check(ActiveUser)
        .on(&user)
        .named("get_current_active_user");
    [
        get("/users/me/")
            .named("read_users_me")
            .guard(&active)
            .then(read_users_me),
        get("/users/me/items/")
            .named("read_own_items")
            .guard(Guard::requires([ITEMS]).on(&active))
            .then(read_own_items),
        get("/status/")
            .named("read_system_status")
            .guard(&user)
            .then(read_system_status),
    ]
}

// A user as the page shows one. (A doc comment would stand in the OpenAPI document, and the page's has none.)
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

/// An item of the page, of which its document says nothing.
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

/// What the page says of itself.
#[derive(Debug, Serialize)]
struct Status {
    status: &'static str,
}

async fn read_system_status() -> AnyJson<Status> {
    AnyJson(Status { status: "ok" })
}

/// Adds the page's users and a client for them, those that are missing.
pub(crate) async fn furnish(store: &dyn Store) -> anyhow::Result<()> {
    let scope = Scope::from_iter([ME, ITEMS]);
    for (name, full_name, email, status, hash) in [
        // Passwords `secret` and `secretalice`, with the page's own hashes: nothing is hashed when the demo starts.
        (
            "johndoe",
            "John Doe",
            "johndoe@example.com",
            UserStatus::Active,
            "$2b$12$EixZaYVK1fsbw1ZfbX3OXePaWxn96p36WQoeG6Lruj3vjPGga31lW",
        ),
        (
            "alice",
            "Alice Chains",
            "alicechains@example.com",
            UserStatus::Disabled,
            "$2b$12$gSvqqUPvlXP2tfVFaWK1Be7DlH.PKZbv5H8KnzzVgXXbVxpva.pFm",
        ),
    ] {
        let user = User::new(UserId::parse(name)?, Username::parse(name)?)
            .with_full_name(full_name)
            .with_email(email)
            .with_status(status)
            .with_scope(scope.clone());
        unless_taken(
            store
                .users()
                .add(Account {
                    user,
                    password_hash: Some(PasswordHash::from_stored(hash)),
                })
                .await,
        )?;
    }
    let client = Client::public(ClientId::parse(CLIENT)?, "The demo").with_grant_types([GrantType::Password]);
    Ok(unless_taken(store.clients().add(client.with_scope(scope)).await)?)
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
