//! Entry points for fuzz targets. Each asserts what must hold for any input.

use crate::{ClaimLayout, ClaimNames, Claims, ClientClaim, RedirectUri, Scope, ScopeLayout, TokenClaims};

/// Asserts that an accepted payload is printed and parsed again to the same claims, and that a kept
/// claim is the member which another reader finds.
///
/// # Panics
///
/// If a property does not hold.
pub fn claims(input: &[u8]) {
    for layout in [
        ScopeLayout::List.into(),
        ScopeLayout::Text.into(),
        ClaimLayout::new(ScopeLayout::Permissions).with_client(ClientClaim::Azp),
        ClaimLayout::new(ScopeLayout::RealmRoles).with_client(ClientClaim::Cid),
        ClaimLayout::new(ScopeLayout::Scp).with_client(ClientClaim::AppId),
    ] {
        let Ok(claims) = Claims::parse(input, layout) else {
            continue;
        };
        let printed = serde_json::to_vec(&claims).unwrap_or_default();
        // Escapes that need not be there are not printed, those that must be can be longer than
        // what was read.
        if printed.len() <= Claims::MAX_LEN {
            assert_eq!(
                Claims::parse(&printed, layout).as_ref(),
                Ok(&claims),
                "printed claims parse to the same"
            );
        }
        assert_kept_claims(input, layout);
    }
}

/// Asserts that the kept claims are those of another reader.
fn assert_kept_claims(input: &[u8], layout: ClaimLayout) {
    let names = ClaimNames::new(["x", "y", "z", "azp", "realm_access", "tenant"]).unwrap_or_default();
    assert!(names.contains("tenant"), "these names are valid");
    let Ok(claims) = Claims::parse_keeping(input, layout, &names) else {
        return;
    };
    // A number that another reader cannot represent ends the comparison.
    let Ok(whole) = serde_json::from_slice::<serde_json::Value>(input) else {
        return;
    };
    let kept = TokenClaims::of(&claims, None);
    for name in names.iter() {
        assert_eq!(
            kept.claim(name).as_ref(),
            Ok(&whole.get(name).cloned()),
            "a kept claim is the member of the payload"
        );
    }
}

/// Asserts that an accepted scope is printed and parsed again to the same scope.
///
/// # Panics
///
/// If a property does not hold.
pub fn scope(input: &[u8]) {
    if let Ok(text) = std::str::from_utf8(input)
        && let Ok(scope) = Scope::parse(text)
    {
        assert_eq!(
            Scope::parse(&scope.to_string()).as_ref(),
            Ok(&scope),
            "a printed scope parses to the same"
        );
    }
}

/// Asserts that a redirect URI accepts itself, and any other only as a loopback URI with another
/// port. The input is the registered URI and the sent one, with a line end between them.
///
/// # Panics
///
/// If a property does not hold.
pub fn redirect_uri(input: &[u8]) {
    let Some((registered, sent)) = std::str::from_utf8(input).ok().and_then(|text| text.split_once('\n')) else {
        return;
    };
    let Ok(uri) = RedirectUri::parse(registered) else {
        return;
    };
    assert!(uri.accepts(registered), "a redirect URI accepts itself");
    if sent == registered || !uri.accepts(sent) {
        return;
    }
    let accepted = RedirectUri::parse(sent);
    assert!(
        accepted.is_ok_and(|sent| sent.accepts(registered)),
        "the port is a difference of both"
    );
    assert!(registered.starts_with("http://"), "another port is for loopback URIs");
    let without_port = |text: &str| {
        let end = text
            .bytes()
            .skip("http://".len())
            .position(|byte| matches!(byte, b'/' | b'?'));
        let (authority, tail) = text.split_at_checked(end.map_or(text.len(), |end| end + "http://".len()))?;
        let host = authority.trim_end_matches(|character: char| character.is_ascii_digit());
        let host = host.strip_suffix(':').unwrap_or(authority);
        Some((host.to_owned(), tail.to_owned()))
    };
    assert_eq!(without_port(registered), without_port(sent), "only the port differs");
}
