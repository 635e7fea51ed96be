//! Paths that a client calls without a credential: a login, a probe, an endpoint of the protocol.

use scopegate_policy::{Method, ResolvedOperation};

use super::verbs::is_safe;
use super::words::words;

/// Whether the path is an endpoint of OAuth 2.0 or `OpenID` Connect: its caller has no token yet.
pub(super) fn is_protocol_endpoint(template: &str) -> bool {
    const ENDPOINTS: [&str; 8] = [
        "authorize",
        "certs",
        "device",
        "introspect",
        "jwks",
        "keys",
        "revoke",
        "token",
    ];
    let template = template.split('#').next().unwrap_or(template).trim_end_matches('/');
    let (before, last) = template.rsplit_once('/').unwrap_or_default();
    ENDPOINTS.contains(&last) && before.split('/').any(is_protocol)
        || last == "device" && before.ends_with("/authorize")
        || last == "authorize" && before.strip_prefix('/').is_some_and(is_version)
}

/// Whether a client calls the operation to get a credential, or to end its own one. Another
/// `DELETE`, `PATCH` or `PUT` at such a path manages what exists: `/auth/users/{id}`.
pub(super) fn is_protocol_or_login(operation: &ResolvedOperation) -> bool {
    let (method, template) = (operation.method(), operation.template());
    let may_be_step = is_safe(method) || method == Method::Post || (method == Method::Delete && is_logout(template));
    may_be_step && (is_protocol_endpoint(template) || is_login_step(template))
}

/// Whether a `POST` of the path creates the session of its caller: `/session`, `/users/sessions`.
pub(super) fn creates_session(operation: &ResolvedOperation) -> bool {
    let segments = fixed_segments(operation.template());
    let is_session = |segment: &str| matches!(segment, "session" | "sessions");
    let is_user = |segment: &str| matches!(segment, "account" | "accounts" | "client" | "user" | "users");
    let names_session = match segments.as_slice() {
        [only] => is_session(only),
        [before, last] => is_user(before) && is_session(last),
        _ => false,
    };
    operation.method() == Method::Post && names_session && !operation.template().contains('{')
}

/// Whether a `DELETE` of the path ends the login of its caller: `/auth/session`.
fn is_logout(template: &str) -> bool {
    let segments = fixed_segments(template);
    let ends_session = segments
        .last()
        .is_some_and(|last| matches!(last.as_str(), "session" | "token"));
    let is_logout = |segment: &String| matches!(segment.as_str(), "logout" | "signout");
    !template.contains('{') && (ends_session || segments.iter().any(is_logout))
}

/// Whether the path contains a token or a secret, which is a credential:
/// `/webhooks/{id}/{webhook_token}`.
pub(super) fn has_credential_in_path(template: &str) -> bool {
    let parameters = template
        .split('/')
        .filter_map(|segment| segment.strip_prefix('{')?.strip_suffix('}'));
    let mut last_words = parameters.filter_map(|name| words(name).pop());
    last_words.any(|word| matches!(word.as_str(), "token" | "secret"))
}

fn is_protocol(segment: &str) -> bool {
    matches!(segment, "oauth" | "oauth2" | "oidc" | "openid" | "saml" | "sso")
}

/// Whether the operation receives messages that are signed themselves: security event tokens
/// (RFC 8935, section 2).
pub(super) fn receives_signed_messages(operation: &ResolvedOperation) -> bool {
    let mut segments = operation
        .template()
        .split('/')
        .rev()
        .filter(|segment| !segment.is_empty());
    operation.method() == Method::Post
        && segments
            .next()
            .is_some_and(|last| matches!(last, "event-notifications" | "security-events"))
}

/// Whether the operation is the answer to a challenge, which is the credential itself:
/// `/challenge/{id}/verify`.
pub(super) fn answers_challenge(operation: &ResolvedOperation) -> bool {
    let mut segments = operation
        .template()
        .split('/')
        .rev()
        .filter(|segment| !segment.is_empty());
    let (last, parameter, before) = (segments.next(), segments.next(), segments.next());
    operation.method() == Method::Post
        && matches!(last, Some("answer" | "verify"))
        && parameter.is_some_and(|segment| segment.starts_with('{'))
        && matches!(before, Some("challenge" | "challenges"))
}

/// Words of a login, at any position of the path.
const LOGIN_WORDS: [&str; 14] = [
    "login",
    "logins",
    "logon",
    "logout",
    "passkey",
    "passkeys",
    "selfservice",
    "signin",
    "signins",
    "signon",
    "signout",
    "signup",
    "signups",
    "webauthn",
];
/// Words of a login in the last two segments of the path.
const LAST_LOGIN_WORDS: [&str; 14] = [
    "2fa",
    "auth",
    "authenticate",
    "authentication",
    "callback",
    "captcha",
    "csrf",
    "forgot",
    "jwks",
    "mfa",
    "otp",
    "register",
    "registration",
    "totp",
];
/// The objects that a client with a credential manages below a segment such as `oauth2`.
const MANAGED: [&str; 5] = ["applications", "apps", "clients", "connections", "providers"];

/// Whether a client calls the path without a credential: a login, a registration, a forgotten
/// password, or a path with the word `public`.
pub(super) fn is_login_step(template: &str) -> bool {
    let segments = fixed_segments(template);
    let is_administration =
        |segment: &String| matches!(segment.as_str(), "admin" | "internal" | "management" | "private");
    // The first administrator is created without a credential.
    let is_set_up = matches!(segments.as_slice(), [only] if only == "setup")
        || segments
            .windows(2)
            .any(|pair| matches!(pair, [auth, setup] if auth == "auth" && setup == "setup"));
    if is_set_up {
        return true;
    }
    if segments.iter().any(is_administration) {
        return false;
    }
    if segments
        .iter()
        .any(|segment| matches!(segment.as_str(), "anonymous" | "public"))
    {
        return true;
    }
    let is_managed = segments.last().is_some_and(|last| MANAGED.contains(&last.as_str()));
    let has_step = |segment: &str| {
        let words = words(segment);
        // `sign-in`, `signIn` and `signin` are equal.
        let pairs = words.windows(2).map(<[String]>::concat);
        words
            .iter()
            .cloned()
            .chain(pairs)
            .any(|word| LOGIN_WORDS.contains(&word.as_str()))
    };
    if template.split('/').any(has_step) || (!is_managed && segments.iter().any(|segment| is_protocol(segment))) {
        return true;
    }
    let fixed = template.split('/').filter(|segment| is_fixed(segment));
    let last_words: Vec<String> = fixed.rev().take(2).flat_map(words).collect();
    let has = |known: &[&str]| last_words.iter().any(|word| known.contains(&word.as_str()));
    let is_password = has(&["password", "passwords"]) && has(&["forgotten", "recover", "recovery", "reset", "resets"]);
    let is_proof = has(&[
        "activate",
        "activation",
        "confirm",
        "confirmation",
        "verification",
        "verify",
    ]) && has(&["account", "code", "email", "otp", "phone", "signup"]);
    let ends_in_token = segments.last().is_some_and(|last| last == "token") && !template.contains('{')
        || segments.last().is_some_and(|last| {
            matches!(
                last.as_str(),
                "accesstoken" | "authtoken" | "requesttoken" | "servicetoken"
            )
        });
    let is_token =
        ends_in_token || segments.as_slice() == ["tokens"] || (has(&["token", "tokens"]) && has(&["refresh"]));
    let is_step = has(&LAST_LOGIN_WORDS) || is_password || is_proof;
    is_step && !is_of_one_object(template) || is_token
}

/// Whether the last fixed segment is about one object, which exists: `/users/{id}/mfa`. The object
/// in `/auth/{provider}/callback` is the other side of the login.
fn is_of_one_object(template: &str) -> bool {
    let mut segments = template
        .split('/')
        .rev()
        .skip_while(|segment| !is_fixed(segment))
        .skip(1);
    let has_parameter = segments.next().is_some_and(|segment| segment.starts_with('{'));
    has_parameter && !segments.any(|segment| LAST_LOGIN_WORDS.contains(&segment))
}

/// Whether the path is a probe of a service, its description, its first page or an example.
pub(super) fn is_probe(template: &str) -> bool {
    const FIRST: [&str; 14] = [
        "alive",
        "docs",
        "live",
        "livez",
        "metrics",
        "ready",
        "readyz",
        "schema",
        "serverinfo",
        "serviceinfo",
        "status",
        "up",
        "version",
        "versions",
    ];
    const LAST: [&str; 10] = [
        "example",
        "health",
        "healthcheck",
        "healthchecks",
        "healthz",
        "heartbeat",
        "liveness",
        "ping",
        "readiness",
        "sample",
    ];
    const DESCRIPTIONS: [&str; 8] = [
        "apidocs",
        "exampleresponse",
        "openapi",
        "openapijson",
        "openapiyaml",
        "sampleresponse",
        "swagger",
        "swaggerjson",
    ];
    if template.contains('{') {
        return false;
    }
    let segments = fixed_segments(template);
    let is = |segment: &str, known: &[&str]| known.contains(&segment);
    match segments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        [] => true,
        [health, ready] if is(health, &LAST) && is(ready, &FIRST) => true,
        [first] | [first, _] if is(first, &FIRST) => true,
        [last] | [_, last] if is(last, &LAST) => true,
        [.., last] => is(last, &DESCRIPTIONS),
    }
}

/// Whether the operation receives calls of another service, which signs the bodies: `POST
/// /webhooks/stripe`.
pub(super) fn receives_webhooks(operation: &ResolvedOperation) -> bool {
    let segments = fixed_segments(operation.template());
    let is_receiver = match segments.as_slice() {
        [.., last] if last == "webhook" => true,
        [.., before, _] => matches!(before.as_str(), "webhook" | "webhooks"),
        _ => false,
    };
    operation.method() == Method::Post && is_receiver && !operation.template().contains('{')
}

/// Whether any token may read data about its own user at this path (OpenID Connect Core, section
/// 5.3).
pub(super) fn is_user_info(template: &str) -> bool {
    let segments = fixed_segments(template);
    matches!(
        segments.last().map(String::as_str),
        Some("userinfo" | "tokeninfo" | "whoami")
    )
}

/// Returns the segments that are not parameters, in lower case without separators, without a prefix
/// such as `/api/v1`.
fn fixed_segments(template: &str) -> Vec<String> {
    let template = template.split('#').next().unwrap_or(template);
    let fixed = template.split('/').filter(|segment| is_fixed(segment));
    let is_prefix = |segment: &String| segment == "api" || segment == "rest" || is_version(segment);
    let segments = fixed.map(|segment| words(segment).concat());
    segments.skip_while(is_prefix).collect()
}

fn is_fixed(segment: &str) -> bool {
    !segment.is_empty() && !segment.starts_with('{')
}

fn is_version(segment: &str) -> bool {
    let number = segment.strip_prefix('v').unwrap_or(segment);
    !number.is_empty() && number.chars().all(|digit| digit.is_ascii_digit())
}

#[cfg(test)]
mod tests;
