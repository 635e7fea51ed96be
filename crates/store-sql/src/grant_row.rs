//! Rows of sessions, consents, codes, families and server secrets.
//!
//! A row is read by the numbers of its columns. Their lists are the macros of `grant_sql`.

use scopegate_domain::{
    Audience, AuthenticationMethod, Authorization, AuthorizationCode, CodeChallenge, CodeId, Consent, Day, EndReason,
    Family, FamilyId, Generation, KeyThumbprint, Lifetime, LoginContext, LoginSession, SealedSecret, SessionId,
    Timestamp, User,
};
use scopegate_store::{ConsentSummary, FamilyKey, Standing, StoreError};

use crate::row::{digest, flag, lines, number, parsed, refused, scope, time, user, words};
use crate::statement::{RowView, Statement};

/// A row whose columns begin later.
struct Shifted<'r> {
    row: &'r dyn RowView,
    by: usize,
}

impl RowView for Shifted<'_> {
    fn bytes(&self, column: usize) -> Result<&[u8], StoreError> {
        self.row.bytes(self.by + column)
    }

    fn int(&self, column: usize) -> Result<i64, StoreError> {
        self.row.int(self.by + column)
    }

    fn optional_bytes(&self, column: usize) -> Result<Option<&[u8]>, StoreError> {
        self.row.optional_bytes(self.by + column)
    }

    fn optional_int(&self, column: usize) -> Result<Option<i64>, StoreError> {
        self.row.optional_int(self.by + column)
    }

    fn optional_text(&self, column: usize) -> Result<Option<&str>, StoreError> {
        self.row.optional_text(self.by + column)
    }

    fn text(&self, column: usize) -> Result<&str, StoreError> {
        self.row.text(self.by + column)
    }
}

/// Reads the columns of `user_columns` from this one on. `None` if the user does not exist.
fn user_from(row: &dyn RowView, by: usize) -> Result<Option<User>, StoreError> {
    let row = Shifted { row, by };
    match row.optional_text(1)? {
        Some(_) => user(&row).map(Some),
        None => Ok(None),
    }
}

fn array<const N: usize>(column: &'static str, bytes: &[u8]) -> Result<[u8; N], StoreError> {
    bytes.try_into().map_err(|_| refused(column))
}

fn day(row: &dyn RowView, column: usize, name: &'static str) -> Result<Day, StoreError> {
    let number = u16::try_from(row.int(column)?).map_err(|_| refused(name))?;
    Ok(Day::from_number(number))
}

fn lifetime(row: &dyn RowView, column: usize) -> Result<Lifetime, StoreError> {
    number(row, column, "idle_seconds").map(Lifetime::from_seconds)
}

/// Reads a key of a session from this column on.
fn session_id(row: &dyn RowView, column: usize, name: &'static str) -> Result<SessionId, StoreError> {
    let ends_on = day(row, column, name)?;
    Ok(SessionId::new(ends_on, array(name, row.bytes(column + 1)?)?))
}

fn methods(text: &str) -> Result<Vec<AuthenticationMethod>, StoreError> {
    words("amr", text, str::parse).collect()
}

/// Reads the columns of `authorization_columns`.
fn authorization(row: &dyn RowView) -> Result<Authorization, StoreError> {
    let thumbprint = row.optional_bytes(9)?.map(|bytes| array("key_thumbprint", bytes));
    Ok(Authorization {
        user_id: parsed("user_id", row.text(0)?)?,
        client_id: parsed("client_id", row.text(1)?)?,
        scope: scope("scope", row.text(2)?)?,
        resources: lines("resources", row.text(3)?)?,
        login: LoginContext {
            session: session_id(row, 4, "session")?,
            at: time(row, 6)?,
            acr: parsed("acr", row.text(7)?)?,
            amr: methods(row.text(8)?)?,
        },
        key_thumbprint: thumbprint.transpose()?.map(KeyThumbprint::from_bytes),
        nonce: None,
    })
}

/// Reads the columns of `code_columns`.
pub(crate) fn code(row: &dyn RowView) -> Result<AuthorizationCode, StoreError> {
    let nonce = row.optional_text(10)?.map(str::to_owned);
    Ok(AuthorizationCode {
        id: CodeId::new(day(row, 11, "ends_on")?, array("digest", row.bytes(12)?)?),
        authorization: Authorization {
            nonce,
            ..authorization(row)?
        },
        redirect_uri: row.optional_text(13)?.map(str::to_owned),
        challenge: CodeChallenge::from_bytes(array("challenge", row.bytes(14)?)?),
        expires_at: time(row, 15)?,
    })
}

/// Reads the columns of `code_columns`, those of its user, and the number of families of user and
/// client that have not ended.
pub(crate) fn redeemed_code(row: &dyn RowView) -> Result<(AuthorizationCode, User, i64), StoreError> {
    let user = user_from(row, 16)?.ok_or_else(|| refused("user_id"))?;
    Ok((code(row)?, user, row.int(22)?))
}

/// A code with everything that decides about it.
pub(crate) struct FoundCode {
    pub(crate) code: AuthorizationCode,
    pub(crate) redeemed: Option<FamilyKey>,
    pub(crate) standing: Standing,
}

/// Reads the columns of `code_columns`, of its user, `family_ends_on`, `family`, and whether
/// user, client, consent and session are valid.
pub(crate) fn found_code(row: &dyn RowView) -> Result<FoundCode, StoreError> {
    let redeemed = row.optional_bytes(23)?.map(|bytes| -> Result<_, StoreError> {
        Ok(FamilyKey {
            ends_on: day(row, 22, "family_ends_on")?,
            id: FamilyId::from_bytes(array("family", bytes)?),
        })
    });
    let user = user_from(row, 16)?;
    let fails = [
        (!user.as_ref().is_some_and(User::is_active), Standing::UserDisabled),
        (!flag("user_place", row.int(24)?)?, Standing::UserChanged),
        (!flag("client_place", row.int(25)?)?, Standing::ClientRemoved),
        (!flag("consent", row.int(26)?)?, Standing::Withdrawn),
        (!flag("session", row.int(27)?)?, Standing::SessionEnded),
    ];
    Ok(FoundCode {
        code: code(row)?,
        redeemed: redeemed.transpose()?,
        standing: Standing::first(fails),
    })
}

/// Reads the columns of `family_columns`.
pub(crate) fn family(row: &dyn RowView) -> Result<Family, StoreError> {
    let ended = match (row.optional_int(19)?, row.optional_text(20)?) {
        (Some(at), Some(why)) => Some((Timestamp::from_unix(at), parsed::<EndReason>("ended_why", why)?)),
        (None, None) => None,
        _ => return Err(refused("ended_why")),
    };
    let family = Family {
        id: family_id(row, 11)?,
        secret_digest: digest(row.bytes(12)?)?,
        generation: Generation::from_number(number(row, 13, "generation")?),
        rotated_at: time(row, 14)?,
        began_at: time(row, 15)?,
        ends_at: time(row, 16)?,
        idle: lifetime(row, 17)?,
        ends_with_session: flag("ends_with_session", row.int(18)?)?,
        authorization: authorization(row)?,
        ended,
    };
    if family.ends_on() == day(row, 10, "ends_on")? {
        Ok(family)
    } else {
        Err(refused("ends_on"))
    }
}

fn family_id(row: &dyn RowView, column: usize) -> Result<FamilyId, StoreError> {
    Ok(FamilyId::from_bytes(array("id", row.bytes(column)?)?))
}

/// Reads the column `id` of a family.
pub(crate) fn ended_family(row: &dyn RowView) -> Result<FamilyId, StoreError> {
    family_id(row, 0)
}

/// Reads the columns `ends_on`, `id` of a family.
pub(crate) fn family_key(row: &dyn RowView) -> Result<FamilyKey, StoreError> {
    Ok(FamilyKey {
        ends_on: day(row, 0, "ends_on")?,
        id: family_id(row, 1)?,
    })
}

/// Reads the columns of `family_columns`, then those of its user.
pub(crate) fn rotated_family(row: &dyn RowView) -> Result<(Family, User), StoreError> {
    let user = user_from(row, 21)?.ok_or_else(|| refused("user_id"))?;
    Ok((family(row)?, user))
}

/// Reads the columns of `family_columns`, of its user, and whether user, client and session are
/// valid.
pub(crate) fn found_family(row: &dyn RowView) -> Result<(Family, Option<User>, Standing), StoreError> {
    let user = user_from(row, 21)?;
    let fails = [
        (!user.as_ref().is_some_and(User::is_active), Standing::UserDisabled),
        (!flag("user_place", row.int(27)?)?, Standing::UserChanged),
        (!flag("client_place", row.int(28)?)?, Standing::ClientRemoved),
        (!flag("session", row.int(29)?)?, Standing::SessionEnded),
    ];
    Ok((family(row)?, user, Standing::first(fails)))
}

/// Reads the columns of `session_columns`.
pub(crate) fn session(row: &dyn RowView) -> Result<LoginSession, StoreError> {
    Ok(LoginSession {
        user_id: parsed("user_id", row.text(0)?)?,
        login: LoginContext {
            session: session_id(row, 1, "digest")?,
            at: time(row, 3)?,
            acr: parsed("acr", row.text(4)?)?,
            amr: methods(row.text(5)?)?,
        },
        seen_at: time(row, 6)?,
        ends_at: time(row, 7)?,
        idle: lifetime(row, 8)?,
        user_agent: row.text(9)?.to_owned(),
    })
}

/// Reads the columns of `session_columns`, then those of its user.
pub(crate) fn session_with_user(row: &dyn RowView) -> Result<(LoginSession, Option<User>), StoreError> {
    Ok((session(row)?, user_from(row, 10)?))
}

/// Reads the columns `ends_on`, `digest`, `user_id`.
pub(crate) fn ended_session(row: &dyn RowView) -> Result<(SessionId, scopegate_domain::UserId), StoreError> {
    Ok((session_id(row, 0, "digest")?, parsed("user_id", row.text(2)?)?))
}

/// Reads the columns of `consent_columns`.
pub(crate) fn consent(row: &dyn RowView) -> Result<Consent, StoreError> {
    Ok(Consent {
        user_id: parsed("user_id", row.text(0)?)?,
        client_id: parsed("client_id", row.text(1)?)?,
        scope: scope("scope", row.text(2)?)?,
        refused_scope: scope("refused_scope", row.text(3)?)?,
        granted_at: time(row, 4)?,
        changed_at: time(row, 5)?,
    })
}

/// Reads the columns of `consent_columns`, then the number of live families, the last use and the
/// reason of the last end.
pub(crate) fn consent_summary(row: &dyn RowView) -> Result<ConsentSummary, StoreError> {
    let last_end = row.optional_text(8)?.map(|why| parsed("ended_why", why));
    Ok(ConsentSummary {
        consent: consent(row)?,
        live_families: number(row, 6, "live_families")?,
        last_used: row.optional_int(7)?.map(Timestamp::from_unix),
        last_end: last_end.transpose()?,
    })
}

/// Reads the columns of `secret_columns`.
pub(crate) fn sealed_secret(row: &dyn RowView) -> Result<SealedSecret, StoreError> {
    Ok(SealedSecret {
        purpose: parsed("purpose", row.text(0)?)?,
        version: number(row, 1, "version")?,
        created_at: time(row, 2)?,
        verifies_until: row.optional_int(3)?.map(Timestamp::from_unix),
        sealed: row.bytes(4)?.to_vec(),
    })
}

/// Binds the columns of `authorization_columns`.
pub(crate) fn bind_authorization(statement: Statement, of: &Authorization) -> Statement {
    let statement = statement
        .bind(of.user_id.as_str())
        .bind(of.client_id.as_str())
        .bind(crate::row::joined(&of.scope))
        .bind(crate::row::joined_lines(of.resources.iter().map(Audience::as_str)));
    let statement = bind_session(statement, &of.login.session)
        .bind(of.login.at.as_unix())
        .bind(of.login.acr.as_str())
        .bind(joined_methods(&of.login.amr));
    statement.bind(of.key_thumbprint.as_ref().map(|key| key.as_bytes().as_slice()))
}

/// Binds the key of a session.
pub(crate) fn bind_session(statement: Statement, id: &SessionId) -> Statement {
    statement.bind(id.ends_on().number()).bind(id.digest().as_slice())
}

/// Binds the key of a family.
pub(crate) fn bind_family(statement: Statement, key: &FamilyKey) -> Statement {
    statement.bind(key.ends_on.number()).bind(key.id.as_bytes().as_slice())
}

pub(crate) fn joined_methods(methods: &[AuthenticationMethod]) -> String {
    crate::row::joined(methods.iter().map(|method| method.as_str()))
}
