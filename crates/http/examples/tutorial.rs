//! FastAPI's tutorial on `OAuth2` scopes, whole: <https://fastapi.tiangolo.com/advanced/security/oauth2-scopes/>
//!
//! ```console
//! $ cargo run --example tutorial
//! $ curl -d 'username=johndoe&password=secret&scope=me items' http://127.0.0.1:8000/token
//! ```

use std::error::Error;
use std::sync::Arc;

use scopegate_fastapi::TutorialTokenEndpoint;
use scopegate_http::domain::{
    Account, Client, ClientId, GrantType, Lifetime, PasswordHash, Scope, Secret, User, UserId, UserStatus, Username,
};
use scopegate_http::serde::Serialize;
use scopegate_http::serde_json::json;
use scopegate_http::store::{MemoryStore, Store, Users};
use scopegate_http::token::{Signer, SigningKey, TokenRules, Verifier};
use scopegate_http::utoipa::{self, ToSchema};
use scopegate_http::{
    ActiveUser, Catalog, CurrentUser, Gate, GateBuilder, Guard, Json, ScopeToken, SecurityScheme, answer::AnyJson, get,
    tokio, warp,
};
use scopegate_portal::TokenEndpoint;
use scopegate_portal::grant::AuthorizationServer;

// To get a text like this run: openssl rand -hex 32
const SECRET_KEY: &str = "09d25e094faa6ca2556c818166b7a9563b93f7099f6f0f4caa6cf63b88e8d3e7";
// The hashes of `secret` and `secretalice`.
const SECRET: &str = "$2b$12$EixZaYVK1fsbw1ZfbX3OXePaWxn96p36WQoeG6Lruj3vjPGga31lW";
const SECRETALICE: &str = "$2b$12$gSvqqUPvlXP2tfVFaWK1Be7DlH.PKZbv5H8KnzzVgXXbVxpva.pFm";

const ME: ScopeToken = ScopeToken::from_static("me");
const ITEMS: ScopeToken = ScopeToken::from_static("items");

#[derive(Serialize, ToSchema)]
#[serde(crate = "scopegate_http::serde")]
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

async fn read_own_items(user: CurrentUser) -> AnyJson {
    AnyJson(json!([{ "item_id": "Foo", "owner": user.username().as_str() }]))
}

async fn read_system_status() -> AnyJson {
    AnyJson(json!({ "status": "ok" }))
}

fn gate(catalog: Catalog, verifier: Verifier, users: Arc<dyn Users>) -> GateBuilder {
    let current_user = Guard::user();
    let active_user = Guard::requires([ME]).check(ActiveUser).depends_on(&current_user);
    let own_items = Guard::requires([ITEMS]).depends_on(&active_user);

    Gate::builder(catalog)
        .dialect(scopegate_fastapi::gate_dialect())
        .bearer("OAuth2PasswordBearer", verifier)
        .users(users)
        .operation(get("/users/me/").guard(active_user).then(read_users_me))
        .operation(get("/users/me/items/").guard(own_items).then(read_own_items))
        .operation(get("/status/").guard(current_user).then(read_system_status))
        .docs_for_client("demo-app")
}

async fn store() -> Result<Arc<dyn Store>, Box<dyn Error>> {
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
    for (name, full_name, status, hash) in [
        ("johndoe", "John Doe", UserStatus::Active, SECRET),
        ("alice", "Alice Chains", UserStatus::Disabled, SECRETALICE),
    ] {
        let user = User::new(UserId::parse(name)?, Username::parse(name)?)
            .with_email(format!("{}@example.com", full_name.replace(' ', "").to_lowercase()))
            .with_full_name(full_name)
            .with_status(status)
            .with_scope(Scope::from_iter([ME, ITEMS]));
        let password_hash = Some(PasswordHash::from_stored(hash));
        store.users().add(Account { user, password_hash }).await?;
    }
    let client = Client::public(ClientId::parse("demo-app")?, "The tutorial")
        .with_grant_types([GrantType::Password])
        .with_scope(Scope::from_iter([ME, ITEMS]));
    store.clients().add(client).await?;
    Ok(store)
}

#[tokio::main(crate = "scopegate_http::tokio")]
async fn main() -> Result<(), Box<dyn Error>> {
    let catalog = Catalog::builder()
        .scheme("OAuth2PasswordBearer", SecurityScheme::oauth2_password("token"))
        .scope(ME, "Read information about the current user.")
        .scope(ITEMS, "Read items.")
        .build()?;
    let key = SigningKey::hs256(&Secret::new(SECRET_KEY.to_owned()))?;
    let verifier = Verifier::new(TokenRules::shared_secret(), key.verifying_key());
    let signer = Signer::new(TokenRules::shared_secret(), key);
    let client = ClientId::parse("demo-app")?;
    let store = store().await?;
    let server = AuthorizationServer::builder(store.clone(), signer, catalog.clone())
        .dialect(scopegate_fastapi::grant_dialect())
        .password_grant(true)
        .lifetime(Lifetime::from_minutes(30))
        .build();
    let gate = gate(catalog, verifier, store)
        .site(TutorialTokenEndpoint::new(TokenEndpoint::new("/token", server), client))
        .build()?;
    warp::serve(gate.site_filter()).run(([127, 0, 0, 1], 8000)).await;
    Ok(())
}
