//! Tokens with the shape of tokens, out of any bytes: what a fuzzer changes is a name, a value, a
//! spelling.

use arbitrary::{Result, Unstructured};

/// Names that mean something in a payload, and some that do not.
const CLAIMS: [&str; 24] = [
    "iss",
    "sub",
    "aud",
    "exp",
    "nbf",
    "iat",
    "jti",
    "client_id",
    "scope",
    "scopes",
    "auth_time",
    "acr",
    "nonce",
    "at_hash",
    "c_hash",
    "events",
    "azp",
    "cid",
    "appid",
    "scp",
    "permissions",
    "realm_access",
    "x",
    "",
];
const MEMBERS: [&str; 10] = ["alg", "typ", "kid", "crit", "b64", "jwk", "jku", "x5c", "cty", "x"];
const TEXTS: [&str; 16] = [
    "",
    "a",
    "me items",
    "https://issuer.example",
    "https://api.example",
    "JWT",
    "at+jwt",
    "application/at+jwt",
    "none",
    "HS256",
    "ES256",
    "RS256",
    "EdDSA",
    "Ed25519",
    "é\u{1f600}",
    "\"\\\u{7f}",
];
const NUMBERS: [&str; 16] = [
    "0",
    "-0",
    "1",
    "-1",
    "4102444800",
    "4102444800.9",
    "4102444800e0",
    "41024448e2",
    "1e300",
    "-1e300",
    "1e-9",
    "1e999",
    "9007199254740991",
    "9007199254740992",
    "99999999999999999999",
    "0.5",
];

/// The text of an object that begins with these members and has more or other ones.
fn object(input: &mut Unstructured<'_>, base: &[(&str, String)], names: &[&str]) -> Result<String> {
    let mut members: Vec<(String, String)> = base
        .iter()
        .map(|(name, value)| ((*name).to_owned(), value.clone()))
        .collect();
    for _ in 0..input.int_in_range(0..=3)? {
        let name = (*input.choose(names)?).to_owned();
        let value = match ignored(&name) {
            Some(value) if !input.ratio(1, 8)? => value.to_owned(),
            _ => value(input, 0)?,
        };
        let known = members.iter().position(|(known, _)| *known == name);
        match (known, input.int_in_range(0..=7)?) {
            (Some(index), 0) => drop(members.remove(index)),
            (Some(index), 1..=6) => members[index].1 = value,
            _ => members.push((name, value)),
        }
    }
    let mut text = String::from("{");
    for (index, (name, value)) in members.iter().enumerate() {
        if index > 0 {
            text.push(',');
        }
        space(input, &mut text)?;
        text.push_str(&spelled(input, name)?);
        space(input, &mut text)?;
        text.push(':');
        space(input, &mut text)?;
        text.push_str(value);
    }
    text.push('}');
    Ok(text)
}

/// Members of a header that are ignored here and that jsonwebtoken reads all the same. Each is
/// mostly of the type that it expects: it refuses others, and then there is nothing to compare.
fn ignored(name: &str) -> Option<&'static str> {
    match name {
        "jku" | "cty" => Some("\"https://evil.example\""),
        "jwk" => Some(r#"{"kty":"oct","k":"AAAA"}"#),
        "x5c" => Some("[\"AAAA\"]"),
        _ => None,
    }
}

fn space(input: &mut Unstructured<'_>, text: &mut String) -> Result<()> {
    if input.ratio(1, 16)? {
        text.push_str(input.choose(&[" ", "\n", "\t\r", "\u{a0}"])?);
    }
    Ok(())
}

/// A text between quotes, some characters escaped.
fn spelled(input: &mut Unstructured<'_>, text: &str) -> Result<String> {
    let mut spelled = String::from("\"");
    for character in text.chars() {
        let code = u32::from(character);
        if code < 0x1_0000 && input.ratio(1, 32)? {
            spelled.push_str(&format!("\\u{code:04x}"));
        } else if matches!(character, '"' | '\\') {
            spelled.push('\\');
            spelled.push(character);
        } else {
            spelled.push(character);
        }
    }
    spelled.push('"');
    Ok(spelled)
}

fn value(input: &mut Unstructured<'_>, depth: u8) -> Result<String> {
    Ok(match input.int_in_range(0..=9)? {
        0..=2 => {
            let text = *input.choose(&TEXTS)?;
            spelled(input, text)?
        }
        3 | 4 => (*input.choose(&NUMBERS)?).to_owned(),
        5 => input.arbitrary::<i64>()?.to_string(),
        6 => (*input.choose(&[
            "true",
            "false",
            "null",
            "NaN",
            "nul",
            "01",
            "+1",
            "1.",
            ".5",
            "\"\\x\"",
            "\"\\ud800\"",
        ])?)
        .to_owned(),
        7 if depth < 20 => {
            let mut items = Vec::new();
            for _ in 0..input.int_in_range(0..=3)? {
                items.push(value(input, depth + 1)?);
            }
            format!("[{}]", items.join(","))
        }
        8 if depth < 20 => {
            let name = spelled(input, "roles")?;
            format!("{{{name}:{}}}", value(input, depth + 1)?)
        }
        _ => {
            let text = String::from_utf8_lossy(input.bytes(4)?).into_owned();
            spelled(input, &text)?
        }
    })
}

/// A payload: good claims with a few things changed.
pub(crate) fn payload(input: &mut Unstructured<'_>) -> Result<String> {
    let quoted = |text: &str| format!("\"{text}\"");
    let base = [
        ("iss", quoted("https://issuer.example")),
        ("aud", quoted("https://api.example")),
        ("sub", quoted("u1")),
        ("client_id", quoted("app")),
        ("iat", "1700000000".to_owned()),
        ("exp", "4102444800".to_owned()),
        ("jti", quoted("t1")),
        ("scope", quoted("me items")),
    ];
    // The tutorial's tokens have no audience.
    let tutorial = [
        ("sub", quoted("johndoe")),
        ("scopes", "[\"me\"]".to_owned()),
        ("exp", "4102444800".to_owned()),
    ];
    let base = if input.ratio(1, 3)? { &tutorial[..] } else { &base };
    object(input, base, &CLAIMS)
}

/// A header: a good one with a few things changed.
pub(crate) fn header(input: &mut Unstructured<'_>, algorithm: &str, token_type: &str) -> Result<String> {
    let base = [
        ("alg", format!("\"{algorithm}\"")),
        ("typ", format!("\"{token_type}\"")),
    ];
    object(input, &base, &MEMBERS)
}

/// A token with one thing wrong with its spelling, or nothing.
pub(crate) fn damaged(input: &mut Unstructured<'_>, mut token: String) -> Result<String> {
    if input.ratio(3, 4)? || token.is_empty() {
        return Ok(token);
    }
    let at = input.choose_index(token.len())?;
    if !token.is_char_boundary(at) {
        return Ok(token);
    }
    match input.int_in_range(0..=2)? {
        0 => token.truncate(at),
        1 => token.insert(at, *input.choose(&['.', '=', 'A', '+', '\n', 'é'])?),
        _ => drop(token.remove(at)),
    }
    Ok(token)
}

/// A payload out of any bytes.
pub(crate) fn payload_of(bytes: &[u8]) -> String {
    payload(&mut Unstructured::new(bytes)).unwrap_or_default()
}

/// A token out of any bytes; its signature is of the right length for some algorithm and wrong.
pub(crate) fn token_of(bytes: &[u8]) -> String {
    let encode = |text: &str| base64_simd::URL_SAFE_NO_PAD.encode_to_string(text);
    let token = |input: &mut Unstructured<'_>| {
        let header = header(input, "HS256", "JWT")?;
        let (payload, len) = (payload(input)?, input.int_in_range(0..=80)?);
        damaged(
            input,
            format!("{}.{}.{}", encode(&header), encode(&payload), "A".repeat(len)),
        )
    };
    token(&mut Unstructured::new(bytes)).unwrap_or_default()
}
