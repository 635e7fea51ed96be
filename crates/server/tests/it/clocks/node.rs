//! A server process with a clock of its own.
//!
//! The program reads the clock of the machine and has no setting to shift it. So a node is this
//! test binary, started again: the same crates, with another `Clock`.

use std::io::{BufRead, BufReader, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use scopegate_domain::{
    Audience, Catalog, Clock, Issuer, Lifetime, ScopeToken, Secret, SecurityScheme, SystemClock, Timestamp,
};
use scopegate_grant::{AuthorizationServer, RevocationWatch};
use scopegate_http::credential::BearerTokens;
use scopegate_http::{ActiveUser, CurrentUser, Gate, Guard, answer::AnyJson, get};
use scopegate_portal::TokenEndpoint;
use scopegate_store::{Store, Users, UsersCache};
use scopegate_store_sql::{DatabaseUrl, OpenMode, SqlStore};
use scopegate_token::{RevokedSet, Signer, SigningKey, SubjectClaim, TokenRules, Verifier};

use crate::support::{Server, address_in};

const DATABASE: &str = "NODE_DATABASE";
const SHIFT: &str = "NODE_SHIFT";

/// All nodes sign with this key.
const KEY: &[u8] = include_bytes!("../../../../token/tests/data/p256_pkcs8.pem");

const ME: ScopeToken = ScopeToken::from_static("me");
const ITEMS: ScopeToken = ScopeToken::from_static("items");

/// The clock of the machine, ahead or behind by a number of seconds.
#[derive(Clone, Copy, Debug)]
struct Shifted(i64);

impl Clock for Shifted {
    fn now(&self) -> Timestamp {
        Timestamp::from_unix(SystemClock.now().as_unix() + self.0)
    }
}

/// Starts a node on a database.
pub(crate) fn start(database: &Path, shift: i64) -> Server {
    let mut process = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "clocks::node::a_node_has_a_shifted_clock", "--nocapture"])
        .env(DATABASE, database)
        .env(SHIFT, shift.to_string())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(process.stdout.take().unwrap()).lines();
    let mut lines = lines.map_while(Result::ok);
    let address = lines
        .find_map(|line| address_in(&line))
        .expect("a node says where it listens");
    std::thread::spawn(move || lines.for_each(drop));
    Server { process, address }
}

/// In a process that [`start`] has started, this is the node. It ends only with its process.
#[test]
fn a_node_has_a_shifted_clock() {
    if let (Ok(database), Ok(shift)) = (std::env::var(DATABASE), std::env::var(SHIFT)) {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(serve(&database, Shifted(shift.parse().unwrap())));
    }
    let ahead = Shifted(60).now().seconds_since(SystemClock.now());
    assert!((59..=61).contains(&ahead), "{ahead}");
}

async fn serve(database: &str, clock: Shifted) {
    let clock: Arc<dyn Clock> = Arc::new(clock);
    let url = DatabaseUrl::file(database);
    let store = SqlStore::open_with(&url, OpenMode::Existing).await.unwrap();
    let store: Arc<dyn Store> = Arc::new(store);
    let revoked = Arc::new(RevokedSet::new(SubjectClaim::UserId));
    let watch = RevocationWatch::new(Arc::clone(&store), Arc::clone(&revoked), Arc::clone(&clock));
    watch.refresh().await.unwrap();
    tokio::spawn(async move {
        loop {
            tokio::time::sleep(Duration::from_millis(100)).await;
            watch.refresh().await.unwrap();
        }
    });
    let gate = gate(&store, &clock, revoked);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    println!("\nnode at http://{}/", listener.local_addr().unwrap());
    std::io::stdout().flush().unwrap();
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        let service = gate.service();
        tokio::spawn(async move {
            let protocol = auto::Builder::new(TokioExecutor::new());
            let _ = protocol.serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

fn gate(store: &Arc<dyn Store>, clock: &Arc<dyn Clock>, revoked: Arc<RevokedSet>) -> Gate {
    let catalog = Catalog::builder()
        .scheme("login", SecurityScheme::oauth2_password("token"))
        .scope(ME, "Read information about the current user.")
        .scope(ITEMS, "Read items.")
        .build()
        .unwrap();
    let issuer = Issuer::parse("https://id.example").unwrap();
    let audience = Audience::parse(issuer.as_str()).unwrap();
    let rules = TokenRules::rfc9068(issuer, audience);
    let key = SigningKey::from_pem(&Secret::new(KEY.to_vec())).unwrap();
    let verifier = Arc::new(Verifier::new(rules.clone(), key.verifying_key()));
    let server = AuthorizationServer::builder(Arc::clone(store), Signer::new(rules, key), catalog.clone())
        .password_grant(true)
        .clock(Arc::clone(clock))
        .build();
    let behind: Arc<dyn Users> = Arc::<dyn Store>::clone(store);
    let users = UsersCache::new(behind, Arc::clone(clock), Lifetime::from_seconds(1));
    Gate::builder(catalog)
        .clock(Arc::clone(clock))
        .bearer("login", BearerTokens::new(verifier).revoked(revoked))
        .users(Arc::new(users))
        .site(TokenEndpoint::new("/token", server))
        .operation(
            get("/users/me/")
                .guard(Guard::requires([ME]).check(ActiveUser))
                .then(me),
        )
        .build()
        .unwrap()
}

async fn me(user: CurrentUser) -> AnyJson<String> {
    AnyJson(user.username().to_string())
}
