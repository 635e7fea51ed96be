//! Server secrets in SQL.

use scopegate_domain::{SealedSecret, SecretPurpose, Timestamp};
use scopegate_store::{BoxFuture, ResealedSecret, SealedSecrets, StoreError};

use crate::SqlStore;
use crate::grant_row;
use crate::grant_sql::secret_columns;
use crate::reseal_steps::reseal_secrets;
use crate::statement::Statement;

const LIST: &str = concat!(
    "SELECT ",
    secret_columns!(),
    " FROM sealed_secrets ORDER BY purpose, version"
);

/// The condition is part of the statement, so that no other change comes between check and change.
const ADD: &str = concat!(
    "INSERT INTO sealed_secrets (",
    secret_columns!(),
    ") SELECT $1, $2, $3, $4, $5 \
     WHERE (SELECT COALESCE(MAX(version), 0) FROM sealed_secrets WHERE purpose = $1) = $2 - 1"
);

const END_PREVIOUS: &str = "UPDATE sealed_secrets SET verifies_until = $3 \
     WHERE purpose = $1 AND version = $2 - 1 AND (verifies_until IS NULL OR verifies_until > $3)";

const REMOVE_THROUGH: &str = "DELETE FROM sealed_secrets WHERE purpose = $1 AND version <= $2 \
     AND version < (SELECT MAX(version) FROM sealed_secrets WHERE purpose = $1)";

impl SealedSecrets for SqlStore {
    fn sealed_secrets(&self) -> BoxFuture<'_, Result<Vec<SealedSecret>, StoreError>> {
        self.methods
            .list_secrets
            .measure(self.all(Statement::new(LIST), grant_row::sealed_secret))
    }

    fn add_secret_version(
        &self,
        secret: SealedSecret,
        previous_until: Timestamp,
    ) -> BoxFuture<'_, Result<bool, StoreError>> {
        let version = |sql| Statement::new(sql).bind(secret.purpose.as_str()).bind(secret.version);
        let add = version(ADD)
            .bind(secret.created_at.as_unix())
            .bind(secret.verifies_until.map(Timestamp::as_unix))
            .bind(secret.sealed.as_slice());
        let end = version(END_PREVIOUS).bind(previous_until.as_unix());
        self.methods
            .add_secret_version
            .measure(self.change_all(vec![add.changes(1), end.any()]))
    }

    fn remove_secrets_through(&self, purpose: SecretPurpose, version: u32) -> BoxFuture<'_, Result<bool, StoreError>> {
        let remove = Statement::new(REMOVE_THROUGH).bind(purpose.as_str()).bind(version);
        self.methods.remove_secrets.measure(self.change(remove))
    }

    fn reseal_secrets<'a>(&'a self, secrets: &'a [ResealedSecret]) -> BoxFuture<'a, Result<bool, StoreError>> {
        self.methods
            .reseal_secrets
            .measure(self.change_all(reseal_secrets(secrets)))
    }
}
