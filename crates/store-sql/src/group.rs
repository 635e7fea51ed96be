//! The grouped writer: one commit for all changes that wait.
//!
//! The disk flush of a commit costs more than a hundred small changes. So a commit takes the
//! changes that wait, and those that arrive while it runs. It ends when none waits, after 64
//! changes, or 2 ms after its begin. It never waits for a change that may come, so a lone change
//! has no delay: under load the next changes arrive during the flush of the commit before.
//!
//! | what fails | who gets the error |
//! |---|---|
//! | a statement of a change, or its expectation | its caller. The savepoint undoes this change alone |
//! | the begin | all callers that waited before it, and nothing was changed |
//! | a savepoint, the commit | all callers of the group, and nothing was changed |
//!
//! A group takes its changes after the begin, which waits for other programs. Until then a caller
//! that waits too long withdraws its change.
//!
//! No caller is answered before the commit: an outcome may depend on another change of the group.
//!
//! The transaction is made of statements instead of the transactions of `sqlx`. SQLite undoes a
//! transaction whose commit fails, and `sqlx` then counts one that no longer exists, so that every
//! later one fails.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use scopegate_store::StoreError;
use sqlx::{SqliteConnection, query};
use tokio::sync::oneshot::Sender;
use tokio::time::{Instant, timeout};

use crate::bound::bound;
use crate::changes::Change;
use crate::connect::BUSY_TIMEOUT;
use crate::failure::{Overdue, Unfinished, failure};
use crate::queue::{Answer, Reply, Waiting};
use crate::sqlite::Connections;
use crate::statement::{More, Outcome, RowView, Step};

/// The largest number of changes in a commit.
const MOST: usize = 64;

/// The time after which a commit takes no further change.
const LONGEST: Duration = Duration::from_millis(2);

/// The time for which a change waits for its begin. SQLite stops to wait for another program
/// earlier, and its error tells the cause.
const LONGEST_WAIT: Duration = BUSY_TIMEOUT.saturating_add(Duration::from_secs(1));

/// The changes of one commit.
#[derive(Default)]
struct Group {
    /// Its transaction has begun. Until then all changes are in the queue, and their callers can
    /// withdraw them.
    has_begun: bool,
    waiting: VecDeque<Waiting>,
    done: Vec<(Sender<Reply>, Answer)>,
}

impl Connections {
    /// Makes a change, together with others that wait.
    ///
    /// If the caller is dropped, the change is made or not made.
    pub(crate) async fn change(self: &Arc<Self>, mut steps: Vec<Step>) -> Answer {
        loop {
            let mut added = self.queue.add(steps);
            if added.needs_writer {
                // A task of its own, so that the end of one caller stops the changes of no other.
                tokio::spawn(write_all(Writer(Some(Arc::clone(self)))));
            }
            let reply = match timeout(LONGEST_WAIT, &mut added.reply).await {
                Ok(reply) => reply,
                Err(_) if self.queue.withdraw(&added) => return Err(StoreError::unavailable(Overdue)),
                Err(_) => added.reply.await,
            };
            match reply {
                Ok(Reply::Answer(answer)) => return answer,
                Ok(Reply::Returned(returned)) => steps = returned,
                Err(_) => return Err(StoreError::unavailable(Unfinished)),
            }
        }
    }

    /// Writes one group.
    async fn write(&self) {
        let (mut group, last_number) = (Group::default(), self.queue.last_number());
        let written = self.try_to_write(&mut group).await;
        let answer = |reply: Sender<Reply>, answer| {
            // An error means that the caller no longer waits.
            let _ = reply.send(Reply::Answer(answer));
        };
        for (reply, outcome) in group.done {
            answer(reply, written.clone().and(outcome));
        }
        if let Err(error) = written {
            if !group.has_begun {
                group.waiting = self.queue.take_until(last_number);
            }
            for change in group.waiting {
                answer(change.reply, Err(error.clone()));
            }
        }
    }

    async fn try_to_write(&self, group: &mut Group) -> Result<(), StoreError> {
        let mut connection = self.writer().await?;
        if self.is_in_transaction.load(Ordering::Relaxed) {
            // The runtime of an earlier group ended before the group did.
            undo(&mut connection).await;
        }
        // Checked before, because a log of another database must not be written to; and after,
        // because only then are the changes known to be kept.
        self.check_files()?;
        // Recorded before, because the runtime may end while the transaction begins.
        self.is_in_transaction.store(true, Ordering::Relaxed);
        let committed = self.commit_all(&mut connection, group).await;
        if !matches!(committed, Ok(true)) {
            undo(&mut connection).await;
        }
        self.is_in_transaction.store(false, Ordering::Relaxed);
        committed?;
        self.check_files()
    }

    /// Makes the changes, and commits them if one of them succeeded. Returns whether it did.
    async fn commit_all(&self, connection: &mut SqliteConnection, group: &mut Group) -> Result<bool, StoreError> {
        // The savepoint of the first change needs no call of its own.
        run(connection, "BEGIN IMMEDIATE; SAVEPOINT one_change").await?;
        group.has_begun = true;
        let (begin, mut is_used) = (Instant::now(), false);
        while let Some(change) = self.next(group, begin) {
            let outcome = apply(connection, change.steps, &mut is_used).await;
            let (outcome, is_lost) = match outcome {
                Ok(outcome) => (outcome, None),
                Err(lost) => (Err(lost.clone()), Some(lost)),
            };
            group.done.push((change.reply, outcome));
            if let Some(lost) = is_lost {
                return Err(lost);
            }
        }
        let is_changed = |(_, outcome): &(_, Answer)| matches!(outcome, Ok(Outcome::Committed(_)));
        if !group.done.iter().any(is_changed) {
            return Ok(false);
        }
        let change = match self.home {
            Some(_) => Change::last(connection).await.map_err(failure)?,
            None => None,
        };
        // It releases the savepoint, too.
        run(connection, "COMMIT").await?;
        self.commits.increment(1);
        self.remember(change);
        Ok(true)
    }

    fn next(&self, group: &mut Group, begin: Instant) -> Option<Waiting> {
        if group.waiting.is_empty() && begin.elapsed() < LONGEST {
            group.waiting = self.queue.take(MOST.saturating_sub(group.done.len()));
        }
        group.waiting.pop_front()
    }
}

/// Makes the changes until none waits.
async fn write_all(mut writer: Writer) {
    while let Some(connections) = writer
        .0
        .as_ref()
        .filter(|connections| !connections.queue.end_if_empty())
    {
        connections.write().await;
    }
    // The queue has recorded the end, and another task may have begun since.
    writer.0 = None;
}

/// Records the end of the task if its runtime stops it, also before its first step.
struct Writer(Option<Arc<Connections>>);

impl Drop for Writer {
    fn drop(&mut self) {
        if let Some(connections) = &self.0 {
            connections.queue.stop();
        }
    }
}

/// Makes one change within a transaction, in a savepoint. Fails if the transaction no longer
/// exists. `is_used`: the savepoint contains the change before.
async fn apply(connection: &mut SqliteConnection, steps: Vec<Step>, is_used: &mut bool) -> Result<Answer, StoreError> {
    if *is_used {
        run(connection, "RELEASE one_change; SAVEPOINT one_change").await?;
    }
    *is_used = true;
    let outcome = take(connection, steps).await;
    if !matches!(outcome, Ok(Outcome::Committed(_))) {
        let undone = run(connection, "ROLLBACK TO one_change").await;
        // After some faults, such as a full disk, SQLite undoes the whole transaction. Then the
        // fault is the cause.
        if let (Err(_), Err(cause)) = (&undone, &outcome) {
            return Err(cause.clone());
        }
        undone?;
        // It is open and empty again.
        *is_used = false;
    }
    Ok(outcome)
}

/// Takes all steps, or those before the first that misses its expectation.
async fn take(connection: &mut SqliteConnection, steps: Vec<Step>) -> Answer {
    let mut changed = Vec::new();
    let mut steps: VecDeque<(usize, Step)> = steps.into_iter().enumerate().collect();
    while let Some((index, step)) = steps.pop_front() {
        let Some(more) = take_one(connection, step, &mut changed).await? else {
            return Ok(Outcome::Missed(index));
        };
        if more.is_refused {
            return Ok(Outcome::Missed(index));
        }
        for next in more.next.into_iter().rev() {
            steps.push_front((index, next));
        }
        steps.extend(more.last.into_iter().map(|last| (index, last)));
    }
    Ok(Outcome::Committed(changed))
}

/// Takes one step. Returns `None` if it misses its expectation.
async fn take_one(
    connection: &mut SqliteConnection,
    step: Step,
    changed: &mut Vec<u64>,
) -> Result<Option<More>, StoreError> {
    let statement = bound(step.statement);
    let Some(then) = step.then else {
        let result = statement.execute(&mut *connection).await;
        let rows = result.map_err(failure)?.rows_affected();
        changed.push(rows);
        return Ok(step.expected.is_met(rows).then(More::default));
    };
    let rows = statement.fetch_all(&mut *connection).await.map_err(failure)?;
    let count = u64::try_from(rows.len()).unwrap_or(u64::MAX);
    changed.push(count);
    if !step.expected.is_met(count) {
        return Ok(None);
    }
    let rows: Vec<&dyn RowView> = rows.iter().map(|row| -> &dyn RowView { row }).collect();
    then(&rows).map(Some)
}

async fn run(connection: &mut SqliteConnection, sql: &'static str) -> Result<(), StoreError> {
    query(sql).execute(connection).await.map(drop).map_err(failure)
}

/// Ends the transaction without its changes.
async fn undo(connection: &mut SqliteConnection) {
    // It fails if SQLite has ended the transaction already.
    let _ = query("ROLLBACK").execute(connection).await;
}

#[cfg(test)]
mod tests;
