//! Sessions in SQL.

use scopegate_domain::{LoginSession, SessionId, Timestamp, User, UserId};
use scopegate_store::{
    BeginOutcome, BoxFuture, ChangeTime, EndSessions, EndedSession, SEEN_EVERY, Sessions, StoreError,
};

use crate::SqlStore;
use crate::grant_row::{self, bind_session};
use crate::grant_sql::{is_active_session, session_columns, user_columns};
use crate::grant_steps::end_sessions;
use crate::statement::{Slot, Statement, Step};
use crate::store::BATCH;

const BEGIN: &str = concat!(
    "INSERT INTO sessions (",
    session_columns!(),
    ") SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10 \
     WHERE EXISTS (SELECT 1 FROM users WHERE id = $1 AND status = 'active')"
);

/// A replaced session of the same user.
macro_rules! take_over {
    ($table:literal, $which:literal) => {
        concat!(
            "UPDATE ",
            $table,
            " SET session_ends_on = $1, session = $2 WHERE session_ends_on = $3 AND session = $4 AND ",
            $which,
            " AND EXISTS (SELECT 1 FROM sessions WHERE ends_on = $3 AND digest = $4 AND user_id = $5)"
        )
    };
}

const TAKE_OVER_CODES: &str = take_over!("codes", "user_id = $5");

const TAKE_OVER_FAMILIES: &str = take_over!("families", "ends_with_session = 1");

const REPLACE: &str = "DELETE FROM sessions WHERE ends_on = $1 AND digest = $2 AND user_id = $3";

/// Deletes those that are over first, then the oldest ones, and never the new one.
const END_OLDEST: &str = "DELETE FROM sessions WHERE (ends_on, digest) IN ( \
         SELECT ends_on, digest FROM sessions WHERE user_id = $1 AND NOT (ends_on = $2 AND digest = $3) \
         ORDER BY CASE WHEN ends_at > $4 THEN 0 ELSE 1 END, auth_time DESC, ends_on DESC, digest DESC \
         LIMIT 1000000 OFFSET $5) \
     RETURNING ends_on, digest, user_id";

const FIND: &str = concat!(
    "SELECT ",
    session_columns!(),
    ", ",
    user_columns!("sessions"),
    " FROM sessions WHERE ends_on = $1 AND digest = $2"
);

const TOUCH: &str = concat!(
    "UPDATE sessions SET seen_at = $3 WHERE ends_on = $1 AND digest = $2 AND ",
    is_active_session!("$3"),
    " AND seen_at + $4 <= $3 \
     AND EXISTS (SELECT 1 FROM users WHERE users.id = sessions.user_id AND users.status = 'active')"
);

const END_ONE: &str = "DELETE FROM sessions WHERE ends_on = $1 AND digest = $2 RETURNING ends_on, digest, user_id";

const END_ALL: &str = "DELETE FROM sessions WHERE user_id = $1 RETURNING ends_on, digest, user_id";

const END_OTHERS: &str = "DELETE FROM sessions WHERE user_id = $1 AND NOT (ends_on = $2 AND digest = $3) \
     RETURNING ends_on, digest, user_id";

const OF_USER: &str = concat!(
    "SELECT ",
    session_columns!(),
    " FROM sessions WHERE user_id = $1 AND ",
    is_active_session!("$2"),
    " ORDER BY auth_time DESC, ends_on DESC, digest DESC LIMIT $3"
);

const REMOVE_SOME: &str = "DELETE FROM sessions WHERE (ends_on, digest) IN ( \
         SELECT ends_on, digest FROM sessions ORDER BY ends_on, digest LIMIT $1)";

impl Sessions for SqlStore {
    fn begin<'a>(
        &'a self,
        session: &'a LoginSession,
        replaces: Option<&'a SessionId>,
        max: u16,
        time: ChangeTime,
    ) -> BoxFuture<'a, Result<BeginOutcome, StoreError>> {
        self.methods.begin_session.measure(async move {
            let mut steps = vec![begin(session).changes(1)];
            let old = replaces.filter(|old| *old != session.id());
            steps.extend(old.into_iter().flat_map(|old| replace(session, old, time)));
            let ended = Slot::new();
            let oldest = Statement::new(END_OLDEST).bind(session.user_id.as_str());
            let oldest = bind_session(oldest, session.id()).bind(time.now.as_unix());
            let oldest = oldest.bind(max.saturating_sub(1)).any();
            let slot = ended.clone();
            steps.push(oldest.then(move |rows| end_sessions(rows, time, &slot)));
            Ok(if self.change_all(steps).await? {
                BeginOutcome::Begun(ended.take().unwrap_or_default())
            } else {
                BeginOutcome::UserDisabled
            })
        })
    }

    fn find<'a>(
        &'a self,
        id: &'a SessionId,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<Option<(LoginSession, User)>, StoreError>> {
        self.methods.find_session.measure(async move {
            let find = bind_session(Statement::new(FIND), id);
            let found = self.one(find, grant_row::session_with_user).await?;
            Ok(found.and_then(|(session, user)| {
                let user = user.filter(|user| user.is_active() && session.is_active(now))?;
                Some((session, user))
            }))
        })
    }

    fn touch<'a>(&'a self, id: &'a SessionId, now: Timestamp) -> BoxFuture<'a, Result<bool, StoreError>> {
        let touch = bind_session(Statement::new(TOUCH), id).bind(now.as_unix());
        let touch = touch.bind(SEEN_EVERY.as_seconds());
        self.methods.touch_session.measure(self.change(touch))
    }

    fn end<'a>(
        &'a self,
        which: EndSessions<'a>,
        time: ChangeTime,
    ) -> BoxFuture<'a, Result<Vec<EndedSession>, StoreError>> {
        self.methods.end_sessions.measure(async move {
            let end = match which {
                EndSessions::One(id) => bind_session(Statement::new(END_ONE), id),
                EndSessions::AllOf(user) => Statement::new(END_ALL).bind(user.as_str()),
                EndSessions::AllExcept(user, id) => bind_session(Statement::new(END_OTHERS).bind(user.as_str()), id),
            };
            let ended = Slot::new();
            let slot = ended.clone();
            let end = end.at_least(1).then(move |rows| end_sessions(rows, time, &slot));
            self.change_all(vec![end]).await?;
            Ok(ended.take().unwrap_or_default())
        })
    }

    fn of_user<'a>(
        &'a self,
        user: &'a UserId,
        now: Timestamp,
        limit: u16,
    ) -> BoxFuture<'a, Result<Vec<LoginSession>, StoreError>> {
        let of_user = Statement::new(OF_USER).bind(user.as_str()).bind(now.as_unix());
        self.methods
            .sessions_of_user
            .measure(self.all(of_user.bind(limit), grant_row::session))
    }

    fn remove_sessions(&self) -> BoxFuture<'_, Result<u64, StoreError>> {
        self.methods
            .remove_sessions
            .measure(self.change_in_batches(|| Statement::new(REMOVE_SOME).bind(BATCH)))
    }
}

fn begin(session: &LoginSession) -> Statement {
    let begin = Statement::new(BEGIN).bind(session.user_id.as_str());
    bind_session(begin, session.id())
        .bind(session.login.at.as_unix())
        .bind(session.login.acr.as_str())
        .bind(grant_row::joined_methods(&session.login.amr))
        .bind(session.seen_at.as_unix())
        .bind(session.ends_at.as_unix())
        .bind(session.idle.as_seconds())
        .bind(session.user_agent.as_str())
}

/// The steps that give codes and families of a replaced session to a new one, or end them.
fn replace(session: &LoginSession, replaced: &SessionId, time: ChangeTime) -> [Step; 4] {
    let user = || session.user_id.as_str();
    let take_over = |sql| {
        let both = bind_session(bind_session(Statement::new(sql), session.id()), replaced);
        both.bind(user()).any()
    };
    let end = bind_session(Statement::new(END_ONE), replaced).any();
    [
        take_over(TAKE_OVER_CODES),
        take_over(TAKE_OVER_FAMILIES),
        bind_session(Statement::new(REPLACE), replaced).bind(user()).any(),
        // Only a session of another user is left. The caller does not learn of it.
        end.then(move |rows| end_sessions(rows, time, &Slot::new())),
    ]
}
