//! The rules, the paths, and what each path answers to a breach of each rule.

use scopegate_http::{
    ScopeToken,
    credential::{AuthenticatedCredential, CredentialCheck},
    testing::TestGate,
};
use serde_json::{Value, json};

use self::Cell::{Apart, Before, Claims, Revoked, Says, TestIdentitySetup as As, Type};
use crate::issuers::common::{AUDIENCE, READ};

/// Leaves a member out.
pub(super) const ABSENT: &str = "(absent)";
const OTHER: ScopeToken = ScopeToken::from_static("reports:undeclared");

/// The paths, in the order of the columns.
pub(super) const PATHS: [&str; 7] = [
    "own token",
    "own token, tutorial",
    "issuer's JWT",
    "issuer's RFC 9068 token",
    "introspection",
    "application's verifier",
    "test double",
];

/// The rules. A row of the table for each, and no other.
pub(super) const RULES: [&str; 30] = [
    "a good credential is accepted",
    "expired",
    "not valid yet",
    "issued in the future",
    "another audience",
    "no audience",
    "the audience is the client",
    "another issuer",
    "bound to a sender: an object",
    "bound to a sender: a text",
    "bound to a sender: null",
    "the type of the header is another",
    "a claim of an ID token",
    "a claim of a logout token",
    "`token_use` is that of an ID token",
    "`typ` in the payload is that of an ID token",
    "revoked",
    "the user is disabled",
    "the user is unknown",
    "no subject",
    "scope missing",
    "scope undeclared",
    "scope beyond the ceiling",
    "too many scopes",
    "a claim of another type",
    "a name twice in one object",
    "bound to a sender: an empty object",
    "bound to a sender: an unknown member",
    "bound to a sender: a list",
    "bound to a sender: false",
];

pub(super) type TestIdentitySetup = fn(TestGate) -> TestGate;

/// One cell of the table.
pub(super) enum Cell {
    /// The path with these members of the payload or of the answer is answered so.
    Claims(u16, Value),
    /// The payload has this text before its first member.
    Before(u16, &'static str),
    /// The header of the token has this `typ`.
    Type(u16, &'static str),
    /// The verifier says this.
    Says(u16, CredentialCheck),
    TestIdentitySetup(u16, TestIdentitySetup),
    Revoked,
    /// The rule has no meaning on this path.
    Apart(&'static str),
}

const JUDGED: &str = "the application's verifier judges this itself, and the gate sees its verdict alone";
const NO_TOKEN: &str = "a double is no token: it stands for a credential that was verified";
const NO_NAME: &str = "the tutorial's tokens name neither issuer nor client, and `iss` is not looked at";
const BY_TYPE: &str = "`typ` of the header marks an access token and no other";
const SHARED: &str = "who has the shared secret signs tokens for access alone";

fn accept(change: impl FnOnce(AuthenticatedCredential) -> AuthenticatedCredential) -> CredentialCheck {
    CredentialCheck::Valid(change(AuthenticatedCredential::of_subject("u1").with_scopes([READ])))
}

/// The same on the paths that verify a signature, of either profile, and on introspection.
fn claims(value: &Value) -> [Cell; 5] {
    [(); 5].map(|()| Claims(401, value.clone()))
}

fn with(claims: [Cell; 5], application: Cell, double: Cell) -> [Cell; 7] {
    let [own, tutorial, jwt, rfc9068, introspection] = claims;
    [own, tutorial, jwt, rfc9068, introspection, application, double]
}

#[expect(clippy::too_many_lines, reason = "one row for each rule")]
pub(super) fn table(now: i64) -> Vec<(&'static str, [Cell; 7])> {
    let bound = |value: Value| {
        let double: TestIdentitySetup = match &value {
            Value::Object(members) if members.is_empty() => |testing| usual(testing).claim("cnf", json!({})),
            Value::Object(members) if members.contains_key("x") => {
                |testing| usual(testing).claim("cnf", json!({"x": 1}))
            }
            Value::Array(_) => |testing| usual(testing).claim("cnf", json!([])),
            Value::Bool(_) => |testing| usual(testing).claim("cnf", false),
            Value::Null => |testing| usual(testing).claim("cnf", Value::Null),
            Value::String(_) => |testing| usual(testing).claim("cnf", "x"),
            _ => |testing| usual(testing).claim("cnf", json!({"x5t#S256": "x"})),
        };
        let says = Says(401, accept(AuthenticatedCredential::sender_constrained));
        with(claims(&json!({ "cnf": value })), says, As(401, double))
    };
    let foreign = |own, member: Value| {
        let signed = Claims(401, member.clone());
        let asked = Claims(401, member);
        [
            Apart(own),
            Apart(SHARED),
            signed,
            Apart(BY_TYPE),
            asked,
            Apart(JUDGED),
            Apart(NO_TOKEN),
        ]
    };
    // A page of the tutorial answers 401 where a scope is missing.
    let scope = |status, tutorial, scope: &str| {
        let list: Vec<_> = scope.split(' ').filter(|word| !word.is_empty()).collect();
        let members = json!({ "scope": scope, "scopes": list });
        [status, tutorial, status, status, status].map(|status| Claims(status, members.clone()))
    };
    let many: Vec<String> = (0..300).map(|number| format!("s{number}")).collect();
    let many_tokens = many.iter().map(|word| ScopeToken::parse(word).unwrap());
    let many_says = CredentialCheck::Valid(AuthenticatedCredential::of_subject("u1").with_scopes(many_tokens));
    vec![
        (
            RULES[0],
            with(
                [(); 5].map(|()| Claims(200, json!({}))),
                Says(200, accept(|one| one)),
                As(200, usual),
            ),
        ),
        (
            RULES[1],
            with(claims(&json!({"exp": now - 1})), Apart(JUDGED), Apart(NO_TOKEN)),
        ),
        (
            RULES[2],
            with(claims(&json!({"nbf": now + 100})), Apart(JUDGED), Apart(NO_TOKEN)),
        ),
        (
            RULES[3],
            with(claims(&json!({"iat": now + 100})), Apart(JUDGED), Apart(NO_TOKEN)),
        ),
        (
            RULES[4],
            with(
                claims(&json!({"aud": "https://other.example"})),
                Apart(JUDGED),
                Apart(NO_TOKEN),
            ),
        ),
        (
            RULES[5],
            [
                Claims(401, json!({"aud": ABSENT})),
                Apart("the tutorial's tokens have no audience"),
                Claims(401, json!({"aud": ABSENT})),
                Claims(401, json!({"aud": ABSENT})),
                Claims(401, json!({"aud": ABSENT})),
                Apart(JUDGED),
                Apart(NO_TOKEN),
            ],
        ),
        (
            RULES[6],
            [
                Claims(401, json!({"client_id": AUDIENCE})),
                Apart("the tutorial's tokens have no audience"),
                Claims(401, json!({"client_id": AUDIENCE})),
                Claims(401, json!({"client_id": AUDIENCE})),
                Claims(401, json!({"client_id": AUDIENCE})),
                Apart(JUDGED),
                Apart(NO_TOKEN),
            ],
        ),
        (
            RULES[7],
            [
                Claims(401, json!({"iss": "https://other.example"})),
                Apart(NO_NAME),
                Claims(401, json!({"iss": "https://other.example"})),
                Claims(401, json!({"iss": "https://other.example"})),
                Claims(401, json!({"iss": "https://other.example"})),
                Apart(JUDGED),
                Apart(NO_TOKEN),
            ],
        ),
        (RULES[8], bound(json!({"jkt": "x"}))),
        (RULES[9], bound(json!("x"))),
        (RULES[10], bound(Value::Null)),
        (
            RULES[11],
            [
                Type(401, "JWT"),
                Type(401, "at+jwt"),
                Type(401, "logout+jwt"),
                Type(401, "JWT"),
                Claims(401, json!({"token_type": "refresh_token"})),
                Apart(JUDGED),
                Apart(NO_TOKEN),
            ],
        ),
        (RULES[12], foreign(BY_TYPE, json!({"nonce": "n"}))),
        (RULES[13], foreign(BY_TYPE, json!({"events": {}}))),
        (RULES[14], foreign(BY_TYPE, json!({"token_use": "id"}))),
        (RULES[15], foreign(BY_TYPE, json!({"typ": "ID"}))),
        (
            RULES[16],
            [
                Revoked,
                Revoked,
                Apart("its issuer revokes its tokens; ours name our own users, clients and tokens"),
                Apart("its issuer revokes its tokens; ours name our own users, clients and tokens"),
                Claims(401, json!({"active": false})),
                Says(401, CredentialCheck::Invalid),
                Apart(NO_TOKEN),
            ],
        ),
        (
            RULES[17],
            [
                Claims(403, json!({"sub": "u2"})),
                Claims(400, json!({"sub": "disabled"})),
                Claims(403, json!({"sub": "u2"})),
                Claims(403, json!({"sub": "u2"})),
                Claims(403, json!({"sub": "u2"})),
                Says(
                    403,
                    CredentialCheck::Valid(AuthenticatedCredential::of_subject("u2").with_scopes([READ])),
                ),
                As(403, |testing| usual(testing).subject("u2")),
            ],
        ),
        (
            RULES[18],
            with(
                claims(&json!({"sub": "u9"})),
                Says(
                    401,
                    CredentialCheck::Valid(AuthenticatedCredential::of_subject("u9").with_scopes([READ])),
                ),
                As(401, |testing| usual(testing).subject("u9")),
            ),
        ),
        (
            RULES[19],
            with(
                claims(&json!({"sub": ABSENT})),
                Says(
                    401,
                    CredentialCheck::Valid(AuthenticatedCredential::without_subject().with_scopes([READ])),
                ),
                As(401, |testing| testing.scope(READ)),
            ),
        ),
        (
            RULES[20],
            with(
                scope(403, 401, ""),
                Says(403, CredentialCheck::Valid(AuthenticatedCredential::of_subject("u1"))),
                As(403, |testing| testing.subject("u1")),
            ),
        ),
        (
            RULES[21],
            with(
                scope(403, 401, OTHER.as_str()),
                Says(
                    403,
                    CredentialCheck::Valid(AuthenticatedCredential::of_subject("u1").with_scopes([OTHER])),
                ),
                As(403, |testing| testing.subject("u1").scope(OTHER)),
            ),
        ),
        (
            RULES[22],
            [
                Apart("our own tokens keep to the scopes of user and client when they are issued"),
                Apart("our own tokens keep to the scopes of user and client when they are issued"),
                Claims(403, json!({"ceiling": true})),
                Claims(403, json!({"ceiling": true})),
                Claims(403, json!({"ceiling": true})),
                Apart("the application's verifier is trusted as the application is"),
                Apart("a double has the scopes that the test gives it"),
            ],
        ),
        (
            RULES[23],
            with(
                scope(401, 401, &many.join(" ")),
                Says(401, many_says),
                As(401, |testing| {
                    (0..300).fold(usual(testing), |testing, number| {
                        testing.scope(ScopeToken::parse(&format!("s{number}")).unwrap())
                    })
                }),
            ),
        ),
        (
            RULES[24],
            [
                Claims(401, json!({"nbf": "1"})),
                Claims(401, json!({"nbf": "1"})),
                Claims(401, json!({"nbf": "1"})),
                Claims(401, json!({"nbf": "1"})),
                // An unreadable answer is not a verdict.
                Claims(503, json!({"nbf": "1"})),
                Apart("a verdict has types of its own"),
                As(401, |testing| usual(testing).claim("nbf", "1")),
            ],
        ),
        (
            RULES[25],
            [
                Before(401, r#""x":{"y":1,"y":2}"#),
                Before(401, r#""x":{"y":1,"y":2}"#),
                Before(401, r#""x":{"y":1,"y":2}"#),
                Before(401, r#""x":{"y":1,"y":2}"#),
                Before(503, r#""x":{"y":1,"y":2}"#),
                Apart("a verdict is no JSON"),
                Apart("a double is no JSON"),
            ],
        ),
        (RULES[26], bound(json!({}))),
        (RULES[27], bound(json!({"x": 1}))),
        (RULES[28], bound(json!([]))),
        (RULES[29], bound(json!(false))),
    ]
}

fn usual(testing: TestGate) -> TestGate {
    testing.subject("u1").scope(READ)
}
