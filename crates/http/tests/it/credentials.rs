//! Credentials other than bearer tokens, case by case: the answers, the called verifiers, the
//! secrets that stay secret.

use std::fmt::{self, Write as _};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use http::Request;
use scopegate_http::domain::{SchemeName, SecretDigest, User, UserId, Username};
use scopegate_http::policy::{Fact, Rule};
use scopegate_http::store::{BoxFuture, StoreError};
use scopegate_http::token::{ClientSecret, SystemRandomSource};
use scopegate_http::{
    Catalog, CurrentUser, Gate, GateBuilder, Guard, Json, Permit, ScopeToken, SecurityScheme,
    credential::{AuthenticatedCredential, Credential, CredentialCheck, CredentialVerifier, FindApiKey},
    domain::ApiKeyLocation,
    get,
};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

use crate::common::{self, Answered, ME, Profile, send, token};

/// Accepts the text of its subject, and records each call.
#[derive(Clone, Default)]
struct RecordingVerifier(Arc<Mutex<Vec<String>>>);

impl CredentialVerifier for RecordingVerifier {
    fn verify<'a>(&'a self, credential: &'a Credential) -> BoxFuture<'a, Result<CredentialCheck, StoreError>> {
        let text = credential.username().unwrap_or(credential.secret().expose());
        self.0.lock().unwrap().push(text.to_owned());
        let verdict = match text {
            "johndoe" | "alice" | "stranger" => CredentialCheck::Valid(AuthenticatedCredential::of_subject(text)),
            _ => CredentialCheck::Invalid,
        };
        Box::pin(async { Ok(verdict) })
    }
}

impl RecordingVerifier {
    fn taken(&self) -> Vec<String> {
        std::mem::take(&mut *self.0.lock().unwrap())
    }
}

fn catalog() -> Catalog {
    Catalog::builder()
        .scheme("oauth", SecurityScheme::oauth2_client_credentials("token"))
        .scope(ME, "")
        .scheme("oidc", SecurityScheme::openid_connect("/discovery"))
        .scheme("basic", SecurityScheme::http_basic())
        .scheme("digest", SecurityScheme::http_digest())
        .scheme("key", SecurityScheme::api_key(ApiKeyLocation::Header, "X-Key"))
        .scheme("query", SecurityScheme::api_key(ApiKeyLocation::Query, "key"))
        .build()
        .unwrap()
}

fn builder(profile: Profile, asked: &RecordingVerifier) -> GateBuilder {
    let gate = Gate::builder(catalog())
        .dialect(profile.dialect())
        .realm("shed")
        .clock(common::clock());
    ["oidc", "basic", "digest", "key", "query"]
        .into_iter()
        .fold(gate.bearer("oauth", common::verifier()), |gate, name| {
            gate.verifier(name, Arc::new(asked.clone()))
        })
}

fn scheme(name: &str) -> Rule {
    Rule::Fact(Fact::Scheme(SchemeName::parse(name).unwrap()))
}

fn any(ways: &[&[&str]]) -> Guard {
    let rule = |name: &&str| if *name == "me" { Rule::Scope(ME) } else { scheme(name) };
    Guard::rule(Rule::Any(
        ways.iter()
            .map(|way| Rule::All(way.iter().map(rule).collect()))
            .collect(),
    ))
}

fn basic(name: &str) -> (&'static str, String) {
    let pair = base64_simd::STANDARD.encode_to_string(format!("{name}:hunter2"));
    ("authorization", format!("Basic {pair}"))
}

async fn ask(gate: &Gate, path: &str, sent: &[SentCredential]) -> Answered {
    let headers = sent.iter().map(|sent| sent.header());
    let request = headers.fold(Request::get(path), |request, (name, value)| request.header(name, value));
    send(gate, request.body(String::new()).unwrap()).await
}

/// A credential in short, and its header.
#[derive(Clone, Copy, Debug)]
enum SentCredential {
    Basic(&'static str),
    Key(&'static str),
    /// A good token of this subject, with scopes.
    Token(&'static str, &'static [ScopeToken]),
    /// The text after `Authorization`.
    Raw(&'static str),
}

impl SentCredential {
    fn header(self) -> (&'static str, String) {
        match self {
            Self::Basic(name) => basic(name),
            Self::Key(text) => ("x-key", text.to_owned()),
            Self::Token(subject, scopes) => ("authorization", format!("Bearer {}", token(subject, scopes))),
            Self::Raw(text) => ("authorization", text.to_owned()),
        }
    }
}

const TOKEN: SentCredential = SentCredential::Token("alice", &[ME]);
const BAD_TOKEN: SentCredential = SentCredential::Raw("Bearer bad");

/// Path, credentials, challenges by the RFCs, challenges by the tutorial, the tutorial's words. `T`
/// is [`TOKEN_IS_BAD`].
type Case = (
    &'static str,
    &'static [SentCredential],
    &'static str,
    &'static str,
    &'static str,
);

const TOKEN_IS_BAD: &str = r#"Bearer realm="shed", error="invalid_token", error_description="the access token is expired, revoked, malformed or not meant for here", scope="me""#;
const NOT_AUTHENTICATED: &str = "Not authenticated";
const NOT_VALID: &str = "Could not validate credentials";

#[rustfmt::skip]
const CASES: [Case; 14] = [
    ("/basic", &[], r#"Basic realm="shed", charset="UTF-8""#, r#"Basic realm="shed""#, NOT_AUTHENTICATED),
    ("/basic", &[SentCredential::Basic("x")], r#"Basic realm="shed", charset="UTF-8""#, r#"Basic realm="shed""#, "Incorrect username or password"),
    ("/basic", &[BAD_TOKEN], r#"Basic realm="shed", charset="UTF-8""#, r#"Basic realm="shed""#, NOT_AUTHENTICATED),
    ("/digest", &[], r#"Digest realm="shed""#, "Digest", NOT_AUTHENTICATED),
    ("/both", &[], r#"APIKey + Bearer realm="shed", scope="me""#, "APIKey + Bearer", NOT_AUTHENTICATED),
    ("/both", &[TOKEN], "APIKey", "APIKey", NOT_AUTHENTICATED),
    ("/both", &[SentCredential::Key("alice")], r#"Bearer realm="shed", scope="me""#, "Bearer", NOT_AUTHENTICATED),
    ("/both", &[TOKEN, SentCredential::Key("bad")], "APIKey", "APIKey", NOT_VALID),
    ("/both", &[BAD_TOKEN, SentCredential::Key("alice")], "T", r#"Bearer scope="me""#, NOT_VALID),
    // With a valid token the key is requested, and another token only if nothing else is missing.
    ("/three", &[TOKEN], "APIKey", "APIKey", NOT_AUTHENTICATED),
    ("/three", &[TOKEN, SentCredential::Key("alice")], r#"Bearer realm="shed""#, "Bearer", NOT_AUTHENTICATED),
    ("/either", &[], r#"APIKey + Basic realm="shed", charset="UTF-8" + Bearer realm="shed", scope="me""#, r#"APIKey + Basic realm="shed" + Bearer"#, NOT_AUTHENTICATED),
    ("/either", &[SentCredential::Key("bad"), TOKEN], "APIKey", "APIKey", NOT_VALID),
    ("/either", &[SentCredential::Key("alice"), BAD_TOKEN], "T", r#"Bearer scope="me""#, NOT_VALID),
];

fn site(profile: Profile) -> Gate {
    let operations: [(&str, &[&[&str]]); 5] = [
        ("/basic", &[&["basic"]]),
        ("/digest", &[&["digest"]]),
        ("/both", &[&["me", "key"]]),
        ("/three", &[&["me", "oidc", "key"]]),
        ("/either", &[&["me"], &["basic"], &["key"]]),
    ];
    let add = |gate: GateBuilder, (path, ways)| gate.operation(get(path).guard(any(ways)).then(|| async { "in" }));
    let gate = builder(profile, &RecordingVerifier::default());
    operations.into_iter().fold(gate, add).build().unwrap()
}

fn sorted(answered: &Answered) -> String {
    let mut challenges = answered.challenges();
    challenges.sort_unstable();
    challenges.join(" + ").replace(TOKEN_IS_BAD, "T")
}

#[tokio::test]
async fn each_class_of_refusal_has_its_challenges() {
    let (rfc, tutorial) = (site(Profile::Rfc), site(Profile::Tutorial));
    for case in CASES {
        let (path, sent, by_the_rfc, by_the_tutorial, detail) = case;
        let answered = ask(&rfc, path, sent).await;
        assert_eq!(
            (answered.status.as_u16(), &*sorted(&answered)),
            (401, by_the_rfc),
            "{case:?}"
        );
        assert_eq!(answered.json().get("error").is_some(), by_the_rfc == "T", "{case:?}");
        let answered = ask(&tutorial, path, sent).await;
        assert_eq!(
            (answered.status.as_u16(), &*sorted(&answered)),
            (401, by_the_tutorial),
            "{case:?}"
        );
        assert_eq!(answered.json()["detail"], detail, "{case:?}");
    }
    // Scopes are missing, and the key is there: another key would not help.
    let short = ask(
        &rfc,
        "/both",
        &[SentCredential::Token("alice", &[]), SentCredential::Key("alice")],
    )
    .await;
    assert_eq!(short.status, 403);
    assert!(short.challenges()[0].contains(r#"error="insufficient_scope""#));
}

#[tokio::test]
async fn a_credential_that_is_there_twice_is_refused() {
    let gate = builder(Profile::Rfc, &RecordingVerifier::default())
        .operation(get("/").guard(any(&[&["basic"], &["key"]])).then(|| async { "in" }))
        .build()
        .unwrap();
    for (sent, challenge) in [
        (SentCredential::Basic("alice"), r#"Basic realm="shed", charset="UTF-8""#),
        (SentCredential::Key("alice"), "APIKey"),
    ] {
        let refused = ask(&gate, "/", &[sent, sent]).await;
        assert_eq!((refused.status.as_u16(), refused.challenges()), (400, vec![challenge]));
        assert_eq!(refused.json()["error"], "invalid_request");
    }
}

#[tokio::test]
async fn verifier_is_called_only_if_it_can_matter() {
    let asked = RecordingVerifier::default();
    let gate = builder(Profile::Rfc, &asked)
        .operation(get("/open").public().then(|| async { "in" }))
        .operation(get("/closed").guard(Guard::deny()).then(|| async { "in" }))
        .operation(get("/token").guard(any(&[&["me"]])).then(|| async { "in" }))
        .operation(get("/both").guard(any(&[&["basic", "key"]])).then(|| async { "in" }))
        .operation(get("/again").guard(any(&[&["key", "basic"]])).then(|| async { "in" }))
        .build()
        .unwrap();
    let bad_key = SentCredential::Key("bad");
    let cases: [(&str, &[SentCredential], u16, &[&str]); 9] = [
        ("/open", &[SentCredential::Basic("bad"), bad_key], 200, &[]),
        (
            "/closed",
            &[SentCredential::Basic("alice"), SentCredential::Key("alice")],
            403,
            &[],
        ),
        ("/token", &[SentCredential::Basic("bad"), bad_key], 401, &[]),
        ("/token", &[TOKEN, bad_key], 200, &[]),
        // The password comes last, and not at all where the request is refused already.
        (
            "/both",
            &[SentCredential::Basic("alice"), SentCredential::Key("alice")],
            200,
            &["alice", "alice"],
        ),
        ("/both", &[SentCredential::Basic("johndoe"), bad_key], 401, &["bad"]),
        (
            "/both",
            &[SentCredential::Basic("bad"), SentCredential::Key("alice")],
            401,
            &["alice", "bad"],
        ),
        ("/again", &[SentCredential::Basic("johndoe"), bad_key], 401, &["bad"]),
        (
            "/both",
            &[SentCredential::Raw("Basic !"), SentCredential::Key("alice")],
            401,
            &[],
        ),
    ];
    for (path, sent, status, expected) in cases {
        assert_eq!(ask(&gate, path, sent).await.status.as_u16(), status, "{path} {sent:?}");
        assert_eq!(asked.taken(), expected, "{path} {sent:?}");
    }
}

#[tokio::test]
async fn the_user_is_that_of_the_credential_and_read_once() {
    for profile in [Profile::Rfc, Profile::Tutorial] {
        let who = |user: CurrentUser| async move { Json(user.username().to_string()) };
        let users = Arc::new(common::Counted::new(common::users().await));
        let gate = builder(profile, &RecordingVerifier::default())
            .users(users.clone())
            .operation(
                get("/basic")
                    .guard(any(&[&["basic"]]).depends_on(&Guard::user()))
                    .then(who),
            )
            .operation(
                get("/both")
                    .guard(any(&[&["basic", "key"]]).depends_on(&Guard::user()))
                    .then(who),
            )
            .build()
            .unwrap();
        let answered = ask(&gate, "/basic", &[SentCredential::Basic("johndoe")]).await;
        assert_eq!(answered.body, "\"johndoe\"");
        let answered = ask(
            &gate,
            "/both",
            &[SentCredential::Basic("alice"), SentCredential::Key("alice")],
        )
        .await;
        assert_eq!(answered.body, "\"alice\"");
        assert_eq!(users.reads.swap(0, Ordering::Relaxed), 2, "one for each request");
        let answered = ask(
            &gate,
            "/both",
            &[SentCredential::Basic("johndoe"), SentCredential::Key("alice")],
        )
        .await;
        assert_eq!(answered.status, 401);
        // An unknown name gets the same answer as a wrong password.
        let stranger = ask(&gate, "/basic", &[SentCredential::Basic("stranger")]).await;
        let wrong = ask(&gate, "/basic", &[SentCredential::Basic("wrong")]).await;
        assert_eq!(
            (stranger.status, stranger.challenges(), &stranger.body),
            (wrong.status, wrong.challenges(), &wrong.body)
        );
        assert!(
            stranger.status == 401 && !stranger.body.contains("token"),
            "{}",
            stranger.body
        );
    }
}

#[test]
fn invalid_declaration_is_a_build_error() {
    let with = |ways: &[&[&str]]| get("/x").guard(any(ways)).then(|| async { "in" });
    let none = || Gate::builder(catalog());
    let all = || builder(Profile::Rfc, &RecordingVerifier::default());
    let verifier = || Arc::new(RecordingVerifier::default());
    let odd = Catalog::builder().scheme("odd", SecurityScheme::api_key(ApiKeyLocation::Header, "not a name"));
    let odd = Gate::builder(odd.build().unwrap()).verifier("odd", verifier());
    let no_verifier = |schemes: &str| {
        format!(
            "`GET /x` requires a credential for which the gate has no verifier; add one for scheme {schemes} by \
             `GateBuilder::bearer` or `GateBuilder::verifier`"
        )
    };
    let (no_key, no_other) = (no_verifier("`key`"), no_verifier("`oauth` or `basic`"));
    for (builder, message) in [
        (none().operation(with(&[&["key"]])), no_key.as_str()),
        (
            none()
                .verifier("key", verifier())
                .operation(with(&[&["key", "basic"], &["me"]])),
            &no_other,
        ),
        (
            all().operation(with(&[&["basic", "me"]])),
            "`GET /x` requires two kinds of credentials in the one `Authorization` header of a request",
        ),
        (
            none().bearer("key", common::verifier()),
            "scheme `key` has a verifier of bearer tokens, but its credentials are of another kind",
        ),
        (
            all().verifier("key", verifier()),
            "scheme `key` has two verifiers; declare a scheme for each, and accept both by `Guard::with_any_scheme`",
        ),
        (
            none().verifier("nothing", verifier()),
            "scheme `nothing` has a verifier and is not declared",
        ),
        (
            odd,
            "the name of the header of scheme `odd` is invalid; declare another",
        ),
    ] {
        let error = builder.build().unwrap_err();
        assert_eq!(error.to_string(), message);
        // `main` and `unwrap` print this text.
        assert_eq!(format!("{error:?}"), message);
    }
}

#[tokio::test]
async fn impossible_alternative_leaves_the_others() {
    let asked = Arc::new(RecordingVerifier::default());
    let with_all = builder(Profile::Rfc, &asked);
    for gate in [with_all, Gate::builder(catalog()).verifier("key", asked)] {
        let operation = get("/")
            .guard(any(&[&["basic", "me"], &["key"]]))
            .then(|| async { "in" });
        let gate = gate.operation(operation).build().unwrap();
        assert_eq!(ask(&gate, "/", &[SentCredential::Key("alice")]).await.status, 200);
        assert_eq!(ask(&gate, "/", &[SentCredential::Basic("alice")]).await.status, 401);
    }
}

#[tokio::test]
async fn test_identity_has_the_named_schemes() {
    let gate = builder(Profile::Rfc, &RecordingVerifier::default())
        .users(common::users().await)
        .operation(
            get("/both")
                .guard(any(&[&["me", "key"]]).depends_on(&Guard::user()))
                .then(|permit: Permit| async move { Json(permit.schemes().count()) }),
        )
        .build()
        .unwrap();
    let ada = User::new(UserId::parse("u7").unwrap(), Username::parse("ada").unwrap());
    let with_scope = || gate.testing().as_user(ada.clone()).scope(ME);
    assert_eq!(ask(&with_scope().scheme("key").gate(), "/both", &[]).await.body, "2");
    assert_eq!(ask(&with_scope().gate(), "/both", &[]).await.status, 401);
    let with_key = gate.testing().as_user(ada.clone()).scheme("key");
    assert_eq!(ask(&with_key.gate(), "/both", &[]).await.status, 401);
}

/// Keeps the text of all that is logged, at every level.
#[derive(Default)]
struct Log {
    text: Mutex<String>,
    spans: AtomicUsize,
}

struct Written<'l>(&'l Log);

impl Visit for Written<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        writeln!(self.0.text.lock().unwrap(), "{field}: {value:?}").unwrap();
    }
}

#[derive(Clone, Default)]
struct Listener(Arc<Log>);

impl Subscriber for Listener {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }
    fn new_span(&self, span: &Attributes<'_>) -> Id {
        span.record(&mut Written(&self.0));
        Id::from_u64(1 + u64::try_from(self.0.spans.fetch_add(1, Ordering::Relaxed)).unwrap())
    }
    fn record(&self, _: &Id, values: &Record<'_>) {
        values.record(&mut Written(&self.0));
    }
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn event(&self, event: &Event<'_>) {
        event.record(&mut Written(&self.0));
    }
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

#[tokio::test]
async fn no_log_and_no_answer_holds_a_credential() {
    let listener = Listener::default();
    let gate = builder(Profile::Rfc, &RecordingVerifier::default())
        .operation(
            get("/any")
                .guard(any(&[&["me"], &["basic"], &["digest"], &["key"], &["query"]]))
                .then(|| async { "in" }),
        )
        .operation(get("/two/").guard(any(&[&["key", "query"]])).then(|| async { "in" }))
        .build()
        .unwrap();
    let cases: [(&str, &[SentCredential]); 8] = [
        ("/any?key=hunter2", &[]),
        ("/any?key=hunter2&key=hunter2", &[]),
        ("/two/?key=hunter2", &[SentCredential::Key("hunter2")]),
        ("/any", &[SentCredential::Key("hunter2")]),
        ("/any", &[SentCredential::Raw("Bearer hunter2")]),
        ("/any", &[SentCredential::Raw("Digest hunter2")]),
        ("/any", &[SentCredential::Raw("Basic hunter2")]),
        ("/any", &[SentCredential::Basic("nobody")]),
    ];
    let guard = common::listen(listener.clone());
    for (path, sent) in cases {
        let answered = ask(&gate, path, sent).await;
        let told = format!("{:?} {}", answered.headers, answered.body);
        let status = if path.contains('&') { 400 } else { 401 };
        assert_eq!(answered.status.as_u16(), status, "{path} {sent:?}");
        assert!(!told.contains("hunter2"), "{path} {sent:?}: {told}");
    }
    drop(guard);
    let log = listener.0.text.lock().unwrap();
    assert!(log.contains("credential refused"), "nothing was listened to: {log}");
    let encoded = basic("nobody").1.replace("Basic ", "");
    assert!(!log.contains("hunter2") && !log.contains(&encoded), "{log}");
}

/// Knows the digest of one key, and records each query.
struct OneKey(SecretDigest, Arc<AtomicUsize>);

impl FindApiKey for OneKey {
    async fn find_api_key(&self, digest: &SecretDigest) -> Result<Option<AuthenticatedCredential>, StoreError> {
        self.1.fetch_add(1, Ordering::Relaxed);
        // The second name is not a scope token, and the third is not declared.
        let credential = AuthenticatedCredential::of_subject("johndoe").with_scope_names(["me", "a b", "other"]);
        Ok((*digest == self.0).then_some(credential))
    }
}

#[tokio::test]
async fn api_key_is_found_by_its_digest() {
    let [key, other] = [0; 2].map(|_| ClientSecret::generate(&SystemRandomSource).unwrap());
    let queries = Arc::<AtomicUsize>::default();
    let catalog = Catalog::builder().scheme("key", SecurityScheme::api_key(ApiKeyLocation::Header, "X-Key"));
    let scopes = async |permit: Permit| permit.granted().map(ToString::to_string).collect::<Vec<_>>().join(" ");
    let gate = Gate::builder(catalog.scope(ME, "").build().unwrap())
        .api_keys("key", OneKey(key.digest(), Arc::clone(&queries)))
        .operation(get("/").guard(Guard::requires([ME])).then(scopes))
        .build()
        .unwrap();
    for (key, status, count) in [(key.expose(), 200, 1), (other.expose(), 401, 2), ("sgcs_short", 401, 2)] {
        let request = Request::get("/").header("x-key", key).body(String::new()).unwrap();
        let answered = send(&gate, request).await;
        assert_eq!(
            (answered.status.as_u16(), queries.load(Ordering::Relaxed)),
            (status, count)
        );
        assert!(status == 401 || answered.body == "me", "{}", answered.body);
    }
}
