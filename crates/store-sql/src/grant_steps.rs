//! Steps that several changes of sessions, codes and families share.

use scopegate_domain::{ClientId, EndReason, FamilyId, Revoked, SessionId, Timestamp, UserId};
use scopegate_store::{ChangeTime, DisableAndRevoke, EndedSession, NewsItem, StoreError};

use crate::grant_row::{bind_session, ended_family, ended_session};
use crate::news_steps::{entry, lane};
use crate::statement::{More, RowView, Slot, Statement, Step};

/// The place that the next entry in the lane of the subject takes. If the lane has no head, the
/// step that adds the entry reports it.
const END_USER_GRANTS: &str = "INSERT INTO user_grants (user_id, grants_from) \
     SELECT users.id, news_head.place + 1 FROM users CROSS JOIN news_head \
     WHERE users.id = $1 AND news_head.lane = $2 \
     ON CONFLICT (user_id) DO UPDATE SET grants_from = excluded.grants_from";

const END_CLIENT_GRANTS: &str = "UPDATE clients SET grants_from = \
         COALESCE((SELECT place + 1 FROM news_head WHERE lane = $2), grants_from) WHERE id = $1";

const REMOVE_CODES_OF_USER: &str = "DELETE FROM codes WHERE redeemed_at IS NULL \
     AND session IN (SELECT digest FROM sessions WHERE user_id = $1)";

const REMOVE_SESSIONS_OF_USER: &str = "DELETE FROM sessions WHERE user_id = $1";

const REMOVE_CONSENTS_OF_USER: &str = "DELETE FROM consents WHERE user_id = $1";

const REMOVE_CODES_OF_SESSION: &str =
    "DELETE FROM codes WHERE redeemed_at IS NULL AND session_ends_on = $1 AND session = $2";

const END_FAMILIES_OF_SESSION: &str = "UPDATE families SET ended_at = $3, ended_why = $4 \
     WHERE ends_with_session = 1 AND ended_at IS NULL AND session_ends_on = $1 AND session = $2 RETURNING id";

/// The step that refuses the codes and families of a user. An entry in the lane of the user must be
/// added in the same transaction.
pub(crate) fn end_user_grants(id: &UserId) -> Step {
    Statement::new(END_USER_GRANTS)
        .bind(id.as_str())
        .bind(lane(id.as_str()))
        .any()
}

/// The same for a client.
fn end_client_grants(id: &ClientId) -> Step {
    Statement::new(END_CLIENT_GRANTS)
        .bind(id.as_str())
        .bind(lane(id.as_str()))
        .any()
}

/// The step that refuses the codes and families that a revocation covers.
pub(crate) fn end_grants(whose: &Revoked) -> Option<Step> {
    match whose {
        Revoked::Client(id) => Some(end_client_grants(id)),
        Revoked::User { id, .. } => Some(end_user_grants(id)),
        Revoked::Consent { .. } | Revoked::Family(_) | Revoked::Token(_) => None,
    }
}

/// The steps that remove the sessions of a user whose tokens are all revoked.
pub(crate) fn remove_sessions_of(id: &UserId) -> [Step; 2] {
    [REMOVE_CODES_OF_USER, REMOVE_SESSIONS_OF_USER].map(|sql| Statement::new(sql).bind(id.as_str()).any())
}

/// The step that removes the consents of a user.
pub(crate) fn remove_consents_of(id: &UserId) -> Step {
    Statement::new(REMOVE_CONSENTS_OF_USER).bind(id.as_str()).any()
}

/// The steps that end what a change ends together with the revoked tokens. The first list is
/// before the change, the other one after it.
pub(crate) fn ended_with(change: DisableAndRevoke<'_>, whose: &Revoked) -> (Vec<Step>, Vec<Step>) {
    let mut before = Vec::new();
    if let Some(id) = change.ends_sessions_of() {
        before.extend(remove_sessions_of(id));
    }
    if let DisableAndRevoke::RemoveUser(id) = change {
        before.push(remove_consents_of(id));
    }
    let after = change.ends_grants().then(|| end_grants(whose)).flatten();
    (before, after.into_iter().collect())
}

/// The entries that revoke the tokens of families which the step of these rows has ended.
pub(crate) fn revoked_families(rows: &[&dyn RowView], time: ChangeTime) -> Result<(Vec<FamilyId>, More), StoreError> {
    let families: Result<Vec<_>, _> = rows.iter().map(|row| ended_family(*row)).collect();
    let mut families = families?;
    families.sort_unstable();
    let last = families.iter().flat_map(|family| entry(&revoked_family(*family, time)));
    let more = More {
        last: last.collect(),
        ..More::default()
    };
    Ok((families, more))
}

/// The entry that revokes the tokens of a family.
pub(crate) fn revoked_family(family: FamilyId, time: ChangeTime) -> NewsItem {
    NewsItem::Revoked(time.revocation(Revoked::Family(family)))
}

/// Continues a step that deleted sessions: it ends their codes and families, and puts the sessions
/// into the slot in the order of their ids.
pub(crate) fn end_sessions(
    rows: &[&dyn RowView],
    time: ChangeTime,
    ended: &Slot<Vec<EndedSession>>,
) -> Result<More, StoreError> {
    let sessions: Result<Vec<_>, _> = rows.iter().map(|row| ended_session(*row)).collect();
    let mut sessions = sessions?;
    sessions.sort_unstable();
    ended.set(Vec::new());
    let steps = sessions
        .into_iter()
        .flat_map(|(id, user_id)| end_rest(id, user_id, time, ended.clone()));
    Ok(More {
        next: steps.collect(),
        ..More::default()
    })
}

fn end_rest(id: SessionId, user_id: UserId, time: ChangeTime, slot: Slot<Vec<EndedSession>>) -> [Step; 2] {
    let codes = bind_session(Statement::new(REMOVE_CODES_OF_SESSION), &id).any();
    let families = bind_session(Statement::new(END_FAMILIES_OF_SESSION), &id);
    let families = ended_as(families, EndReason::SessionEnded, time.now).any();
    let families = families.then(move |rows| {
        let (families, more) = revoked_families(rows, time)?;
        let mut ended = slot.take().unwrap_or_default();
        ended.push(EndedSession { id, user_id, families });
        slot.set(ended);
        Ok(more)
    });
    [codes, families]
}

/// Binds time and reason of an end.
pub(crate) fn ended_as(statement: Statement, why: EndReason, now: Timestamp) -> Statement {
    statement.bind(now.as_unix()).bind(why.as_str())
}
