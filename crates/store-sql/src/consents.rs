//! Consents in SQL.

use scopegate_domain::{ClientId, Consent, EndReason, Revoked, Timestamp, User, UserId};
use scopegate_store::{BoxFuture, ChangeTime, ConsentSummary, Consents, NewsItem, StoreError};

use crate::SqlStore;
use crate::grant_row;
use crate::grant_sql::{can_be_refreshed, consent_columns};
use crate::grant_steps::{ended_as, revoked_families};
use crate::statement::Statement;

/// The families of a consent.
macro_rules! of_consent {
    () => {
        "FROM families WHERE families.user_id = consents.user_id AND families.client_id = consents.client_id"
    };
}

const FIND: &str = concat!(
    "SELECT ",
    consent_columns!(),
    " FROM consents WHERE user_id = $1 AND client_id = $2 AND EXISTS (SELECT 1 FROM clients WHERE clients.id = $2)"
);

const OF_USER: &str = concat!(
    "SELECT ",
    consent_columns!(),
    ", (SELECT COUNT(*) ",
    of_consent!(),
    " AND ",
    can_be_refreshed!("$3"),
    "), (SELECT MAX(families.rotated_at) ",
    of_consent!(),
    "), (SELECT families.ended_why ",
    of_consent!(),
    " AND families.ended_at IS NOT NULL ORDER BY families.ended_at DESC, families.ends_on DESC, families.id DESC LIMIT 1) \
     FROM consents WHERE user_id = $1 AND client_id > $2 \
         AND EXISTS (SELECT 1 FROM clients WHERE clients.id = consents.client_id) \
     ORDER BY client_id LIMIT $4"
);

const END_FAMILIES: &str = "UPDATE families SET ended_at = $3, ended_why = $4 \
     WHERE user_id = $1 AND client_id = $2 AND ended_at IS NULL RETURNING id";

const WITHDRAW: &str = "DELETE FROM consents WHERE user_id = $1 AND client_id = $2 \
     AND EXISTS (SELECT 1 FROM clients WHERE clients.id = $2)";

impl Consents for SqlStore {
    fn find<'a>(
        &'a self,
        user: &'a UserId,
        client: &'a ClientId,
    ) -> BoxFuture<'a, Result<Option<Consent>, StoreError>> {
        let find = Statement::new(FIND).bind(user.as_str()).bind(client.as_str());
        self.methods.find_consent.measure(self.one(find, grant_row::consent))
    }

    fn of_user<'a>(
        &'a self,
        user: &'a UserId,
        after: Option<&'a ClientId>,
        now: Timestamp,
        limit: u16,
    ) -> BoxFuture<'a, Result<Vec<ConsentSummary>, StoreError>> {
        // No id is empty, so all ids come after the empty text.
        let after = after.map_or("", ClientId::as_str);
        let of_user = Statement::new(OF_USER).bind(user.as_str()).bind(after);
        let of_user = of_user.bind(now.as_unix()).bind(limit);
        self.methods
            .consents_of_user
            .measure(self.all(of_user, grant_row::consent_summary))
    }

    fn withdraw<'a>(
        &'a self,
        user: &'a User,
        client: &'a ClientId,
        time: ChangeTime,
    ) -> BoxFuture<'a, Result<bool, StoreError>> {
        self.methods.withdraw_consent.measure(async move {
            let both = |sql| Statement::new(sql).bind(user.id().as_str()).bind(client.as_str());
            let families = ended_as(both(END_FAMILIES), EndReason::Withdrawn, time.now).any();
            let families = families.then(move |rows| revoked_families(rows, time).map(|(_, more)| more));
            let steps = vec![families, both(WITHDRAW).changes(1)];
            let whose = Revoked::Consent {
                id: user.id().clone(),
                username: user.username().clone(),
                client_id: client.clone(),
            };
            let revocation = time.revocation(whose);
            let missed = self.take_and_tell(steps, NewsItem::Revoked(revocation)).await?;
            Ok(missed.is_none())
        })
    }
}
