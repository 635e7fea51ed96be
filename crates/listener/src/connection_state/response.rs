//! The progress of one request, from its head to the last byte of its response.

use std::sync::Arc;

use tokio::sync::futures::OwnedNotified;
use tokio::time::Instant;

use super::{ConnectionPhase, ConnectionState, SHORT_LINGER, State};

impl State {
    /// Ends one stage of a response. The idle time begins when no response is pending.
    fn end_stage(&mut self, stage: ResponseStage) {
        let count = match stage {
            ResponseStage::Running => &mut self.running,
            ResponseStage::Streaming => &mut self.streaming,
            ResponseStage::Unsent => &mut self.unsent,
        };
        *count = count.saturating_sub(1);
        if !self.has_pending_response() {
            self.since = self.since.max(self.progress);
        }
    }

    /// Records that the head of a response is complete, or that its request was cancelled.
    fn end_request(&mut self) {
        self.since = Instant::now();
        self.progress = self.since;
        self.eviction.has_sent_request = true;
        if self.phase == ConnectionPhase::ReadingHead {
            self.phase = ConnectionPhase::Idle;
        } else if self.eviction.is_evicted {
            self.phase = ConnectionPhase::Closing(SHORT_LINGER);
        }
    }
}

impl ConnectionState {
    /// Records a request of this many bytes until the result is dropped. `None` is an HTTP/2
    /// request.
    pub(crate) fn begin_request(self: &Arc<Self>, length: Option<u64>) -> PendingResponse {
        let mut state = self.lock();
        state.running += 1;
        state.requested = state.requested.saturating_add(length.unwrap_or_default());
        state.is_http2 = length.is_none();
        drop(state);
        PendingResponse {
            connection: Arc::clone(self),
            stage: ResponseStage::Running,
        }
    }

    /// Records that a request's body is awaited, until the result is dropped.
    pub(crate) fn await_body(self: &Arc<Self>) -> AwaitedBody {
        let eviction = &mut self.lock().eviction;
        if eviction.awaited_bodies == 0 {
            eviction.awaiting_since = Instant::now();
        }
        eviction.awaited_bodies += 1;
        AwaitedBody(Arc::clone(self))
    }
}

/// The stage of a response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ResponseStage {
    /// The head of the response is missing.
    Running,
    /// The body of the response has not ended.
    Streaming,
    /// The peer has not received these bytes.
    Unsent,
}

/// A request in progress, from its head to the last byte of its response.
#[derive(Debug)]
pub(crate) struct PendingResponse {
    connection: Arc<ConnectionState>,
    stage: ResponseStage,
}

impl PendingResponse {
    /// Records the head of the response. Returns whether it must be the last one of its connection.
    ///
    /// That is so if the server stops and no other request followed in time. (HTTP/2 does not state
    /// it in responses.)
    pub(crate) fn record_head(&mut self) -> bool {
        let mut state = self.connection.lock();
        state.streaming += 1;
        state.end_stage(self.stage);
        self.stage = ResponseStage::Streaming;
        state.end_request();
        state.is_draining && !state.is_http2 && state.received <= state.requested
    }

    /// Records some bytes of the response. More may follow.
    pub(crate) fn part(&self) -> UnsentPart {
        let mut state = self.connection.lock();
        state.unsent += 1;
        state.progress = Instant::now();
        drop(state);
        UnsentPart {
            response: Self {
                connection: Arc::clone(&self.connection),
                stage: ResponseStage::Unsent,
            },
            records_end: true,
        }
    }

    /// Records the last bytes of the response.
    pub(crate) fn into_last_part(mut self) -> UnsentPart {
        let mut state = self.connection.lock();
        state.unsent += 1;
        state.end_stage(self.stage);
        drop(state);
        self.stage = ResponseStage::Unsent;
        UnsentPart {
            response: self,
            records_end: false,
        }
    }
}

impl Drop for PendingResponse {
    fn drop(&mut self) {
        let mut state = self.connection.lock();
        state.end_stage(self.stage);
        if self.stage == ResponseStage::Running {
            state.end_request();
        }
    }
}

/// Bytes of a response that the peer has not received, until this is dropped.
#[derive(Debug)]
pub(crate) struct UnsentPart {
    response: PendingResponse,
    /// Whether its end counts as progress. The clock is not read for a response that is sent at
    /// once.
    records_end: bool,
}

impl UnsentPart {
    /// Records that the peer received some of the bytes.
    pub(crate) fn record_progress(&mut self) {
        self.records_end = true;
        self.response.connection.lock().progress = Instant::now();
    }
}

impl Drop for UnsentPart {
    fn drop(&mut self) {
        if self.records_end {
            self.response.connection.lock().progress = Instant::now();
        }
    }
}

/// A request body that is awaited.
#[derive(Debug)]
pub(crate) struct AwaitedBody(Arc<ConnectionState>);

impl AwaitedBody {
    /// Whether its connection was evicted, so that it never arrives.
    pub(crate) fn is_evicted(&self) -> bool {
        self.0.is_evicted()
    }

    /// Returns a future that completes when the connection is evicted after this call.
    pub(crate) fn evicted(&self) -> OwnedNotified {
        Arc::clone(&self.0.eviction).notified_owned()
    }
}

impl Drop for AwaitedBody {
    fn drop(&mut self) {
        let eviction = &mut self.0.lock().eviction;
        eviction.awaited_bodies = eviction.awaited_bodies.saturating_sub(1);
    }
}
