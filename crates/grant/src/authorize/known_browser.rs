//! The cookie of a browser in which a user has logged in before.

use scopegate_domain::{Account, Secret, UserId, Username};
use scopegate_login::NameMatch;
use scopegate_store::StoreError;
use scopegate_token::{BrowserCookie, SecretRing};

use super::step::Visit;
use crate::context::GrantContext;
use crate::people::People;

/// Returns the cookie of this user in this browser: a MAC over both, in hexadecimal.
pub(crate) fn known_cookie(ring: &SecretRing, user: &UserId, browser: &BrowserCookie) -> Secret<String> {
    let digest = browser.digest();
    let tag = ring.tag(None, &[user.as_str().as_bytes(), digest.as_bytes()]);
    Secret::new(hexadecimal(&tag))
}

/// Returns the hexadecimal digits of a MAC.
pub(crate) fn hexadecimal(tag: &[u8; 32]) -> String {
    let digits = tag.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits.filter_map(|digit| char::from_digit(digit.into(), 16)).collect()
}

/// Returns what identifies the browser to the throttle, if its cookie proves an earlier login of
/// the user with this name.
// SECURITY: only a browser with a cookie of this format causes the query. The value cannot be made
// without the secret, and is bound to the browser. Tested by
// `known_browser_is_not_locked_out` in tests/it/authorize_login.rs.
pub(super) async fn known_browser(
    context: &GrantContext,
    people: &People,
    name: Option<&Username>,
    visit: &Visit<'_>,
) -> Result<Option<[u8; 32]>, StoreError> {
    let (Some(tag), Some(name)) = (visit.known.and_then(tag), name) else {
        return Ok(None);
    };
    let account = context.store.users().find_account(name).await?;
    let is_exact = |account: &Account| account.user.username() == name;
    let account = account.filter(|account| context.dialect.names == NameMatch::Canonical || is_exact(account));
    let digest = *visit.browser.digest().as_bytes();
    let is_known = |account: Account| {
        let parts: [&[u8]; 2] = [account.user.id().as_str().as_bytes(), &digest];
        people.rings().known.verifies(None, &parts, &tag)
    };
    Ok(account.is_some_and(is_known).then_some(digest))
}

/// Reads 64 hexadecimal digits in lower case.
pub(crate) fn tag(text: &str) -> Option<[u8; 32]> {
    if text.len() != 64 || text.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return None;
    }
    let mut tag = [0; 32];
    for (byte, digits) in tag.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
        let mut value = 0;
        for digit in digits {
            value = value * 16 + char::from(*digit).to_digit(16)?;
        }
        *byte = u8::try_from(value).ok()?;
    }
    Some(tag)
}
