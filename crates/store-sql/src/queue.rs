//! The changes that wait for the connection that writes.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use scopegate_store::StoreError;
use tokio::sync::oneshot::{Receiver, Sender, channel};

use crate::statement::{Outcome, Step};

pub(crate) type Answer = Result<Outcome, StoreError>;

/// What a caller gets for its change.
pub(crate) enum Reply {
    Answer(Answer),
    /// The change did not begin, because the runtime of the task that makes the changes ended.
    Returned(Vec<Step>),
}

/// The pending changes, the oldest first.
#[derive(Default)]
pub(crate) struct Queue {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    waiting: VecDeque<Waiting>,
    last_number: u64,
    /// A task makes the changes, and will find those that are added now.
    has_writer: bool,
}

/// A pending change.
pub(crate) struct Waiting {
    number: u64,
    pub(crate) steps: Vec<Step>,
    pub(crate) reply: Sender<Reply>,
}

/// A change that its caller waits for.
pub(crate) struct Added {
    number: u64,
    pub(crate) reply: Receiver<Reply>,
    /// The caller must start a task that makes the changes.
    pub(crate) needs_writer: bool,
}

impl Queue {
    pub(crate) fn add(&self, steps: Vec<Step>) -> Added {
        let (sender, receiver) = channel();
        let mut state = self.state();
        state.last_number += 1;
        let number = state.last_number;
        state.waiting.push_back(Waiting {
            number,
            steps,
            reply: sender,
        });
        Added {
            number,
            reply: receiver,
            needs_writer: !std::mem::replace(&mut state.has_writer, true),
        }
    }

    /// Takes a change back that has not begun. Returns `false` if it has.
    pub(crate) fn withdraw(&self, added: &Added) -> bool {
        let mut state = self.state();
        let before = state.waiting.len();
        state.waiting.retain(|waiting| waiting.number != added.number);
        state.waiting.len() < before
    }

    /// Removes the oldest changes, without those whose callers no longer wait.
    pub(crate) fn take(&self, most: usize) -> VecDeque<Waiting> {
        let mut state = self.state();
        state.waiting.retain(|waiting| !waiting.reply.is_closed());
        let count = state.waiting.len().min(most);
        state.waiting.drain(..count).collect()
    }

    /// Returns the number of the last change that was added.
    pub(crate) fn last_number(&self) -> u64 {
        self.state().last_number
    }

    /// Removes the changes that were added until this one.
    pub(crate) fn take_until(&self, last_number: u64) -> VecDeque<Waiting> {
        let mut state = self.state();
        let later = state.waiting.partition_point(|waiting| waiting.number <= last_number);
        state.waiting.drain(..later).collect()
    }

    /// Ends the task that makes the changes if none waits. Returns whether it ends.
    pub(crate) fn end_if_empty(&self) -> bool {
        let mut state = self.state();
        state.waiting.retain(|waiting| !waiting.reply.is_closed());
        if state.waiting.is_empty() {
            state.has_writer = false;
        }
        !state.has_writer
    }

    /// Records that the task that makes the changes was stopped, and returns the changes that wait
    /// to their callers.
    pub(crate) fn stop(&self) {
        let mut state = self.state();
        state.has_writer = false;
        for waiting in state.waiting.drain(..) {
            // An error means that the caller no longer waits.
            let _ = waiting.reply.send(Reply::Returned(waiting.steps));
        }
    }

    // No code panics between two changes that belong together.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
