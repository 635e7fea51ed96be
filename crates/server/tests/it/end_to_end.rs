//! Checks that the built program gives the answers of FastAPI's tutorial.
//!
//! `tutorial/record.py` describes how the cases were made, and their content.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice,
    reason = "a test may fail, and reads its own files"
)]

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use base64_simd::URL_SAFE_NO_PAD;
use ring::hmac;
use serde_json::{Map, Value, json};

use crate::support::{Answer, Server};

/// The key of the tutorial: its text, not the bytes of its digits.
const SECRET_KEY: &str = "09d25e094faa6ca2556c818166b7a9563b93f7099f6f0f4caa6cf63b88e8d3e7";

/// The recorded headers.
const HEADERS: [&str; 4] = ["www-authenticate", "allow", "location", "content-type"];

/// Tolerance for a token's `exp` on a busy machine, in seconds.
const TOLERANCE: i64 = 30;

const ALPHABET: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

fn start() -> Server {
    Server::start(&["--demo"], &[("SCOPEGATE_SECRET_KEY", SECRET_KEY)])
}

fn recorded(name: &str) -> Value {
    let path = format!("{}/tests/it/tutorial/{name}", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str(&std::fs::read_to_string(path).expect("a recording")).expect("JSON")
}

#[test]
fn every_case_is_answered_as_recorded() {
    let server = start();
    let cases = recorded("recorded.json");
    let cases = cases.as_array().expect("a list");
    assert!(cases.len() > 1_000, "the recording is whole");
    let (next, faults) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while let Some(case) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
                    if let Err(fault) = play(&server, case) {
                        faults
                            .lock()
                            .expect("a list")
                            .push(format!("{}: {fault}", case["name"]));
                    }
                }
            });
        }
    });
    let mut faults = faults.into_inner().expect("a list");
    faults.sort();
    assert!(
        faults.is_empty(),
        "{} of {} cases differ:\n{}",
        faults.len(),
        cases.len(),
        faults.join("\n")
    );
}

#[test]
fn the_document_is_that_of_fastapi() {
    let answer = start().exchange(b"GET /openapi.json HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    let document: Value = serde_json::from_str(&answer.body).expect("JSON");
    let mut faults = Vec::new();
    let mut theirs = recorded("openapi.json");
    // The differences: the title and version, and the flows that the demo has in addition.
    theirs["info"] = json!({ "title": "Scopegate", "version": env!("CARGO_PKG_VERSION") });
    let flows = &mut theirs["components"]["securitySchemes"]["OAuth2PasswordBearer"]["flows"];
    let scopes = flows["password"]["scopes"].clone();
    flows["authorizationCode"] = json!({ "authorizationUrl": "authorize", "tokenUrl": "token", "scopes": scopes });
    flows["clientCredentials"] = json!({ "tokenUrl": "token", "scopes": scopes });
    compare("$", &theirs, &document, &mut faults);
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// Compares two JSON values and records each difference.
fn compare(place: &str, expected: &Value, actual: &Value, faults: &mut Vec<String>) {
    match (expected, actual) {
        (Value::Object(expected), Value::Object(actual)) => {
            for name in expected.keys().chain(actual.keys()).collect::<BTreeSet<_>>() {
                let member =
                    |object: &Map<String, Value>| object.get(name).cloned().unwrap_or_else(|| json!("(nothing)"));
                compare(&format!("{place}.{name}"), &member(expected), &member(actual), faults);
            }
        }
        (Value::Array(expected), Value::Array(actual)) if expected.len() == actual.len() => {
            for (index, (expected, actual)) in expected.iter().zip(actual).enumerate() {
                compare(&format!("{place}[{index}]"), expected, actual, faults);
            }
        }
        _ if expected == actual => {}
        _ => faults.push(format!("{place}: expected {expected}, found {actual}")),
    }
}

/// Runs one case. The error lists all differences.
fn play(server: &Server, case: &Value) -> Result<(), String> {
    let now = now();
    let token = case.get("token").map_or_else(String::new, |recipe| mint(recipe, now));
    let answer = server.exchange(&request(&case["request"], &token));
    let expected = case.get("expect_here").unwrap_or(&case["expect"]);
    let mut faults = Vec::new();
    compare_status(expected, &answer, &mut faults);
    compare_headers(case, expected, &answer, &mut faults);
    compare_body(expected, &answer, now, &mut faults);
    if faults.is_empty() {
        Ok(())
    } else {
        Err(faults.join("; "))
    }
}

fn compare_status(expected: &Value, answer: &Answer, faults: &mut Vec<String>) {
    let allowed = expected.get("status_in").and_then(Value::as_array).cloned();
    let allowed = allowed.unwrap_or_else(|| vec![expected["status"].clone()]);
    if !allowed.contains(&json!(answer.status)) {
        faults.push(format!("status {allowed:?}, found {} {}", answer.status, answer.body));
    }
}

fn compare_headers(case: &Value, expected: &Value, answer: &Answer, faults: &mut Vec<String>) {
    let is_loose = expected.get("status_in").is_some() || expected.get("body_members").is_some();
    for name in HEADERS {
        let wanted = expected["headers"].get(name).and_then(Value::as_str);
        // A redirect is relative here.
        let target = case["request"]["target"].as_str().unwrap_or_default();
        let resolved = (name == "location").then(|| answer.redirected(target)).flatten();
        let found = resolved.as_deref().or_else(|| answer.header(name));
        let same = match (wanted, found) {
            (None, _) if is_loose => true,
            (Some(wanted), Some(found)) if name == "allow" => as_set(wanted) == as_set(found),
            (wanted, found) => wanted == found,
        };
        if !same {
            faults.push(format!("{name} {wanted:?}, found {found:?}"));
        }
    }
}

fn as_set(list: &str) -> BTreeSet<&str> {
    list.split(',').map(str::trim).collect()
}

fn compare_body(expected: &Value, answer: &Answer, now: i64, faults: &mut Vec<String>) {
    let parsed: Option<Value> = serde_json::from_str(&answer.body).ok();
    for name in expected
        .get("body_members")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
    {
        let member = parsed.as_ref().and_then(|body| body.get(name.as_str()?));
        if member.is_none() {
            faults.push(format!("body without {name}: {}", answer.body));
        }
    }
    match expected.get("body") {
        None => {}
        Some(Value::String(text)) if *text == answer.body => {}
        Some(wanted) => match parsed.map(|body| opened(wanted, body, now)) {
            Some(found) => compare("body", wanted, &found, faults),
            None => faults.push(format!("body {wanted}, found {:?}", answer.body)),
        },
    }
}

/// The body with its token decoded if the recording has it decoded. `exp` is that of the recording
/// if it is close to it.
fn opened(wanted: &Value, mut body: Value, now: i64) -> Value {
    let Some(wanted) = wanted.get("access_token").and_then(|token| token.get("jwt")) else {
        return body;
    };
    let part = |token: &str, index| -> Option<Value> {
        let bytes = URL_SAFE_NO_PAD.decode_to_vec(token.split('.').nth(index)?).ok()?;
        serde_json::from_slice(&bytes).ok()
    };
    if let Some(token) = body.get("access_token").and_then(Value::as_str) {
        let (header, mut claims) = (part(token, 0).unwrap_or_default(), part(token, 1).unwrap_or_default());
        let (exp, ahead) = (
            claims["exp"].as_i64().unwrap_or_default(),
            &wanted["claims"]["exp"]["now_plus"],
        );
        if ahead
            .as_i64()
            .is_some_and(|ahead| (exp - now - ahead).abs() <= TOLERANCE)
        {
            claims["exp"] = json!({ "now_plus": ahead });
        }
        // The tutorial has neither of them: docs/tutorial.md.
        if let Some(claims) = claims.as_object_mut() {
            let (iat, jti) = (claims.shift_remove("iat"), claims.shift_remove("jti"));
            let is_now = |iat: &Value| iat.as_i64().is_some_and(|iat| (iat - now).abs() <= TOLERANCE);
            assert!(iat.as_ref().is_some_and(is_now), "iat: {iat:?}");
            assert!(jti.as_ref().is_some_and(Value::is_string), "jti: {jti:?}");
        }
        body["access_token"] = json!({ "jwt": { "header": header, "claims": claims } });
    }
    body
}

/// The bytes of the request.
fn request(request: &Value, token: &str) -> Vec<u8> {
    let body = match (request.get("body"), request.get("body_base64")) {
        (Some(text), _) => Some(text.as_str().expect("text").as_bytes().to_vec()),
        (None, Some(text)) => Some(
            base64_simd::STANDARD
                .decode_to_vec(text.as_str().expect("text"))
                .expect("base64"),
        ),
        (None, None) => None,
    };
    let pairs = request["headers"].as_array().expect("a list").iter();
    let text = |value: &Value| value.as_str().expect("text").to_owned();
    let mut headers: Vec<(String, String)> = pairs
        .map(|pair| (text(&pair[0]), text(&pair[1]).replace("{{token}}", token)))
        .collect();
    if !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("host")) {
        headers.insert(0, ("Host".to_owned(), "api.example".to_owned()));
    }
    headers.push(("Connection".to_owned(), "close".to_owned()));
    headers.extend(
        body.as_ref()
            .map(|body| ("Content-Length".to_owned(), body.len().to_string())),
    );
    let line = format!("{} {} HTTP/1.1\r\n", text(&request["method"]), text(&request["target"]));
    let lines = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n"));
    let head = [line]
        .into_iter()
        .chain(lines)
        .chain(["\r\n".to_owned()])
        .collect::<Vec<_>>()
        .concat();
    // Each character of a header is one byte.
    let bytes = head
        .chars()
        .map(|character| u8::try_from(u32::from(character)).expect("Latin-1"));
    bytes.chain(body.unwrap_or_default()).collect()
}

/// The token that a recipe describes.
fn mint(recipe: &Value, now: i64) -> String {
    if let Some(raw) = recipe.get("raw") {
        return raw.as_str().expect("text").to_owned();
    }
    let alg = recipe.get("alg").and_then(Value::as_str).unwrap_or("HS256");
    let header = part(recipe, "header", &json!({ "alg": alg, "typ": "JWT" }), now);
    let claims = part(recipe, "claims", &json!({}), now);
    let signed = format!("{}.{}", encode(header.as_bytes()), encode(claims.as_bytes()));
    let is_right = recipe.get("secret").is_none_or(|secret| secret == "right");
    let key = if is_right {
        SECRET_KEY.to_owned()
    } else {
        "wrong".repeat(5)
    };
    let signature = sign(alg, key.as_bytes(), signed.as_bytes());
    let token = format!("{signed}.{}", encode(&signature));
    let finish = recipe.get("finish").and_then(Value::as_array).into_iter().flatten();
    finish.fold(token, |token, operation| {
        finished(&token, operation.as_str().expect("text"))
    })
}

fn sign(alg: &str, key: &[u8], message: &[u8]) -> Vec<u8> {
    let algorithm = match alg {
        "HS256" => hmac::HMAC_SHA256,
        "HS384" => hmac::HMAC_SHA384,
        "HS512" => hmac::HMAC_SHA512,
        "none" => return Vec::new(),
        other => panic!("no algorithm {other}"),
    };
    hmac::sign(&hmac::Key::new(algorithm, key), message).as_ref().to_vec()
}

fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode_to_string(bytes)
}

/// The JSON text of one part of a token.
fn part(recipe: &Value, name: &str, default: &Value, now: i64) -> String {
    if let Some(text) = recipe.get(format!("{name}_text")).and_then(Value::as_str) {
        return filled(text, now);
    }
    let value = recipe.get(name).filter(|value| !value.is_null()).unwrap_or(default);
    resolved(value, now).to_string()
}

/// A literal text with `{{now}}` and `{{now+N}}` in it as numbers.
fn filled(text: &str, now: i64) -> String {
    let mut pieces = text.split("{{now");
    let mut filled = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let (ahead, rest) = piece.split_once("}}").expect("closed");
        let ahead: i64 = ahead
            .strip_prefix('+')
            .map_or(0, |ahead| ahead.parse().expect("a number"));
        filled.push_str(&(now + ahead).to_string());
        filled.push_str(rest);
    }
    filled
}

/// A value of a recipe with its relative times and long texts expanded.
fn resolved(value: &Value, now: i64) -> Value {
    match value {
        Value::Array(items) => items.iter().map(|item| resolved(item, now)).collect(),
        Value::Object(members) => made(members, now).unwrap_or_else(|| {
            members
                .iter()
                .map(|(name, member)| (name.clone(), resolved(member, now)))
                .collect::<Map<_, _>>()
                .into()
        }),
        plain => plain.clone(),
    }
}

fn made(members: &Map<String, Value>, now: i64) -> Option<Value> {
    if members.len() == 2 {
        let times = usize::try_from(members.get("times")?.as_u64()?).ok()?;
        return Some(json!(members.get("repeat")?.as_str()?.repeat(times)));
    }
    let (name, argument) = members.iter().next().filter(|_| members.len() == 1)?;
    let whole = || argument.as_i64().expect("a whole number");
    let seconds = || f64::from(i32::try_from(now).expect("before 2038"));
    match name.as_str() {
        "now_plus" => Some(json!(now + whole())),
        "now_plus_float" => Some(json!(seconds() + argument.as_f64().expect("a number"))),
        "now_plus_text" => Some(json!((now + whole()).to_string())),
        "nest" => Some((1..whole()).fold(json!([]), |inner, _| json!([inner]))),
        _ => None,
    }
}

/// The token after one operation of `finish`.
fn finished(token: &str, operation: &str) -> String {
    let mut parts: Vec<String> = token.split('.').map(str::to_owned).collect();
    let pad = |part: &mut String| part.push_str(["", "===", "==", "="][part.len() % 4]);
    let signature = parts.last_mut().expect("three parts");
    match operation {
        "pad-all" => parts.iter_mut().for_each(pad),
        "pad-signature" => pad(signature),
        "drop-signature" => signature.clear(),
        "drop-part" => drop(parts.pop()),
        "flip-signature" => signature.replace_range(..1, if signature.starts_with('A') { "B" } else { "A" }),
        "trailing-bits" => {
            let last = signature.pop().and_then(|last| ALPHABET.find(last)).expect("base64url");
            signature.push_str(&ALPHABET[last | 1..=last | 1]);
        }
        "junk" => signature.insert(20, '!'),
        "extra-dot" => parts.push(String::new()),
        "standard" => parts
            .iter_mut()
            .for_each(|part| *part = part.replace('-', "+").replace('_', "/")),
        other => panic!("no operation {other}"),
    }
    parts.join(".")
}

fn now() -> i64 {
    #[expect(clippy::disallowed_methods, reason = "the program under test reads the same clock")]
    let elapsed = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970");
    i64::try_from(elapsed.as_secs()).expect("before the end of time")
}
