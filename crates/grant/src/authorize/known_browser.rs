//! Finds whether a user has logged in before in a browser.

use scopegate_domain::{Account, Username};
use scopegate_login::NameMatch;
use scopegate_store::StoreError;

use super::mac_text::tag;
use super::step::Visit;
use crate::context::GrantContext;
use crate::people::People;

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
