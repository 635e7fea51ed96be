//! The time limits of a connection, with a clock that the test controls.

use super::*;
use crate::limits::Limits;

async fn advance(time: Duration) {
    tokio::time::advance(time).await;
}

fn is_over(state: &ConnectionState) -> bool {
    state.deadline().is_some_and(|deadline| deadline <= Instant::now())
}

#[tokio::test(start_paused = true)]
async fn response_with_progress_has_no_time_limit() {
    let state = ConnectionState::new(Limits::SHORT);
    let mut response = state.begin_request(Some(0));
    response.record_head();
    let mut part = response.into_last_part();
    for _ in 0..20_000 {
        advance(Limits::SHORT.idle_timeout / 2).await;
        assert!(!is_over(&state));
        part.record_progress();
    }
    drop(part);
    assert!(!is_over(&state), "the idle time begins now");
    advance(Limits::SHORT.idle_timeout).await;
    assert!(is_over(&state));
    assert_eq!(state.expire(), Some(ConnectionPhase::Idle));
}

#[tokio::test(start_paused = true)]
async fn stalled_response_reaches_its_time_limit() {
    let state = ConnectionState::new(Limits::SHORT);
    let mut response = state.begin_request(None);
    response.record_head();
    let part = response.into_last_part();
    advance(Limits::SHORT.idle_timeout).await;
    assert!(!is_over(&state), "its stream ends first, if it can");
    advance(STREAM_MARGIN).await;
    assert!(is_over(&state));
    assert_eq!(state.expire(), Some(ConnectionPhase::Idle));
    advance(LINGER).await;
    assert!(is_over(&state));
    assert_eq!(state.expire(), Some(ConnectionPhase::Closing(LINGER)));
    drop(part);
}

#[tokio::test(start_paused = true)]
async fn silent_handler_has_no_time_limit() {
    let state = ConnectionState::new(Limits::SHORT);
    let mut response = state.begin_request(Some(0));
    response.record_head();
    drop(response.part());
    for _ in 0..20_000 {
        advance(Limits::SHORT.idle_timeout).await;
        assert_eq!(state.expire(), None);
        assert!(!is_over(&state));
        assert_eq!(state.idle_state(Instant::now()), IdleState::Busy);
    }
    drop(response);
    assert!(matches!(state.idle_state(Instant::now()), IdleState::Idle(_)));
}

#[tokio::test(start_paused = true)]
async fn unread_response_counts_as_stalled() {
    let state = ConnectionState::new(Limits::SHORT);
    let mut response = state.begin_request(None);
    response.record_head();
    let _part = response.into_last_part();
    assert_eq!(state.idle_state(Instant::now()), IdleState::Busy);
    advance(STALL_TIME).await;
    assert_eq!(state.idle_state(Instant::now()), IdleState::Stalled);
}

#[tokio::test(start_paused = true)]
async fn received_bytes_begin_a_head_over_http1_only() {
    for (length, time) in [
        (Some(0), Limits::SHORT.header_timeout),
        (None, Limits::SHORT.idle_timeout),
    ] {
        let state = ConnectionState::new(Limits::SHORT);
        drop(state.begin_request(length));
        state.record_received(17);
        assert_eq!(state.deadline(), Some(Instant::now() + time));
    }
}

#[tokio::test(start_paused = true)]
async fn unblocked_stream_is_not_idle() {
    let state = ConnectionState::new(Limits::SHORT);
    drop(state.begin_request(Some(0)));
    for _ in 0..100 {
        state.record_writing(true);
        advance(Limits::SHORT.idle_timeout / 2).await;
        assert!(!is_over(&state));
        state.record_writing(false);
    }
}

#[tokio::test(start_paused = true)]
async fn evicted_connection_may_write_its_response() {
    let state = ConnectionState::new(Limits::SHORT);
    let response = state.begin_request(Some(0));
    state.evict();
    assert_eq!(state.deadline(), None, "its service ends first");
    drop(response);
    assert_eq!(state.deadline(), Some(Instant::now() + SHORT_LINGER));
}
