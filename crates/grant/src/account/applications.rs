//! The applications of a user.

use scopegate_domain::{Client, ClientId};
use scopegate_store::{ConsentSummary, StoreError};

use super::{AccountSession, UserAccounts};

/// The last character and the maximum length of a client id.
const LAST: char = '~';
const MAX_ID: usize = 512;

impl UserAccounts {
    /// Returns the applications of the user with their clients, in the order of the client ids
    /// after `after`, at most `limit`.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn applications(
        &self,
        account: &AccountSession,
        after: Option<&ClientId>,
        limit: u16,
    ) -> Result<Vec<(Client, ConsentSummary)>, StoreError> {
        let context = self.context();
        let (now, user) = (context.clock.now(), account.user().id());
        let consents = context.store.consents().of_user(user, after, now, limit).await?;
        let mut found = Vec::with_capacity(consents.len());
        for summary in consents {
            if let Some(client) = context.store.clients().find(&summary.consent.client_id).await? {
                found.push((client, summary));
            }
        }
        Ok(found)
    }

    /// Returns one application of the user; `None` if the user gave it no access.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn application(
        &self,
        account: &AccountSession,
        id: &ClientId,
    ) -> Result<Option<(Client, ConsentSummary)>, StoreError> {
        let before = predecessor(id);
        let found = self.applications(account, before.as_ref(), 1).await?;
        Ok(found.into_iter().find(|(client, _)| client.id() == id))
    }
}

/// Returns the greatest id that is less than this one; `None` if there is none.
///
/// The store lists ids in the order of their bytes. An id has 1 to 512 characters from the space to
/// `~`.
fn predecessor(id: &ClientId) -> Option<ClientId> {
    let mut characters = id.as_str().chars();
    let last = characters.next_back()?;
    let mut text = characters.as_str().to_owned();
    if last > ' ' {
        text.push(char::from_u32(u32::from(last) - 1)?);
        text.extend(std::iter::repeat_n(LAST, MAX_ID - text.len()));
    }
    ClientId::parse(&text).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn no_id_is_between_predecessor_and_id(id in "[ -~]{1,6}", other in "[ -~]{1,6}", tail in 0_usize..4) {
            let parse = |text: &str| ClientId::parse(text).unwrap();
            let other = parse(&format!("{other}{}", "~".repeat(tail)));
            let id = parse(&id);
            match predecessor(&id) {
                None => prop_assert_eq!(id.as_str(), " "),
                Some(before) => {
                    prop_assert!(before < id);
                    prop_assert!(other <= before || other >= id, "{} {} {}", before, other, id);
                }
            }
        }
    }
}
