//! An application without users: an operation that requires a scope, and a public one.
//!
//! The tutorial's operations all read a user, so this program measures a guard that needs none. It
//! uses the accept loop of `scopegate serve`; with `--warp`, warp's own. It logs from level `info`
//! on, without colours, as the program does into a file. So each request has its span; with
//! `--silent` it logs nothing. The tokens are the program's: `SCOPEGATE_SECRET_KEY` is the key of
//! both.

#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "it is measured, and ends where it cannot go on"
)]

use std::net::SocketAddr;
use std::num::NonZeroUsize;

use scopegate_http::domain::Secret;
use scopegate_http::serde::Serialize;
use scopegate_http::token::{SigningKey, TokenRules, Verifier};
use scopegate_http::utoipa::{self, ToSchema};
use scopegate_http::{Catalog, Gate, Guard, Json, ScopeToken, SecurityScheme, get, warp};

use scopegate_listener::{Limits, Listener, Signals};
use tokio::net::TcpListener;

use self::process_limits::allow_connections;

#[expect(dead_code, reason = "the program alone uses all of it")]
#[path = "../../crates/server/src/process_limits.rs"]
mod process_limits;

#[path = "../../crates/server/src/telemetry/fields.rs"]
mod fields;

#[derive(Serialize, ToSchema)]
struct Item {
    item_id: &'static str,
    owner: &'static str,
}

async fn item() -> Json<Item> {
    Json(Item {
        item_id: "Foo",
        owner: "johndoe",
    })
}

const ITEMS: ScopeToken = ScopeToken::from_static("items");

fn gate() -> Gate {
    let catalog = Catalog::builder()
        .scheme("oauth", SecurityScheme::oauth2_password("token"))
        .scope(ITEMS, "Read items.")
        .build()
        .unwrap();
    let secret = Secret::new(std::env::var("SCOPEGATE_SECRET_KEY").unwrap());
    let key = SigningKey::hs256(&secret).unwrap();
    Gate::builder(catalog)
        .dialect(scopegate_fastapi::gate_dialect())
        .bearer("oauth", Verifier::new(TokenRules::shared_secret(), key.verifying_key()))
        .operation(get("/items/").guard(Guard::requires([ITEMS])).then(item))
        .operation(get("/public/").public().then(item))
        .build()
        .unwrap()
}

fn has_flag(flag: &str) -> bool {
    std::env::args().any(|argument| argument == flag)
}

fn main() {
    if !has_flag("--silent") {
        tracing_subscriber::fmt()
            .with_max_level(tracing::Level::INFO)
            .with_ansi(false)
            .fmt_fields(fields::PlainFields::default())
            .with_writer(std::io::stderr)
            .init();
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    runtime.unwrap().block_on(start());
}

async fn start() {
    let address = ([127, 0, 0, 1], 0).into();
    if has_flag("--warp") {
        let listener = TcpListener::bind::<SocketAddr>(address).await.unwrap();
        println!("{}", listener.local_addr().unwrap());
        return warp::serve(gate().site_filter()).incoming(listener).run().await;
    }
    let max_connections = allow_connections(NonZeroUsize::new(4096).unwrap());
    let listener = Listener::bind(address).unwrap();
    println!("{}", listener.local_addr().unwrap());
    let mut signals = Signals::install().unwrap();
    let stop = async || {
        signals.next().await;
    };
    let limits = Limits::new().max_connections(max_connections);
    listener.limits(limits).serve(gate().service(), stop).await;
}
