//! The time limits of a connection, with a clock that the test controls.

use super::*;
use crate::limits::Limits;

async fn pass(time: Duration) {
    tokio::time::advance(time).await;
}

fn is_over(activity: &Activity) -> bool {
    activity.deadline().is_some_and(|deadline| deadline <= Instant::now())
}

#[tokio::test(start_paused = true)]
async fn a_response_that_moves_for_hours_is_not_over() {
    let activity = Activity::new(Limits::SHORT);
    let mut answering = activity.answer(Some(0));
    answering.respond();
    let mut part = answering.into_last_part();
    for _ in 0..20_000 {
        pass(Limits::SHORT.idle_timeout / 2).await;
        assert!(!is_over(&activity));
        part.moved();
    }
    drop(part);
    assert!(!is_over(&activity), "the idle time begins now");
    pass(Limits::SHORT.idle_timeout).await;
    assert!(is_over(&activity));
    assert_eq!(activity.expire(), Some(Phase::Waiting));
}

#[tokio::test(start_paused = true)]
async fn a_response_that_stalls_is_over() {
    let activity = Activity::new(Limits::SHORT);
    let mut answering = activity.answer(None);
    answering.respond();
    let part = answering.into_last_part();
    pass(Limits::SHORT.idle_timeout).await;
    assert!(!is_over(&activity), "its stream ends first, if it can");
    pass(STREAM_MARGIN).await;
    assert!(is_over(&activity));
    assert_eq!(activity.expire(), Some(Phase::Waiting));
    pass(LINGER).await;
    assert!(is_over(&activity));
    assert_eq!(activity.expire(), Some(Phase::Closing(LINGER)));
    drop(part);
}

#[tokio::test(start_paused = true)]
async fn a_handler_may_be_silent_for_hours_between_two_parts() {
    let activity = Activity::new(Limits::SHORT);
    let mut answering = activity.answer(Some(0));
    answering.respond();
    drop(answering.part());
    for _ in 0..20_000 {
        pass(Limits::SHORT.idle_timeout).await;
        assert_eq!(activity.expire(), None);
        assert!(!is_over(&activity));
        assert_eq!(activity.standing(Instant::now()), Standing::Busy);
    }
    drop(answering);
    assert!(matches!(activity.standing(Instant::now()), Standing::Idle(_)));
}

#[tokio::test(start_paused = true)]
async fn a_response_that_the_peer_does_not_take_counts_as_stalled() {
    let activity = Activity::new(Limits::SHORT);
    let mut answering = activity.answer(None);
    answering.respond();
    let _part = answering.into_last_part();
    assert_eq!(activity.standing(Instant::now()), Standing::Busy);
    pass(PATIENCE).await;
    assert_eq!(activity.standing(Instant::now()), Standing::Stalled);
}

#[tokio::test(start_paused = true)]
async fn bytes_begin_a_head_over_http1_alone() {
    for (length, time) in [
        (Some(0), Limits::SHORT.header_timeout),
        (None, Limits::SHORT.idle_timeout),
    ] {
        let activity = Activity::new(Limits::SHORT);
        drop(activity.answer(length));
        activity.received(17);
        assert_eq!(activity.deadline(), Some(Instant::now() + time));
    }
}

#[tokio::test(start_paused = true)]
async fn a_socket_that_takes_bytes_again_is_not_idle() {
    let activity = Activity::new(Limits::SHORT);
    drop(activity.answer(Some(0)));
    for _ in 0..100 {
        activity.note_writing(true);
        pass(Limits::SHORT.idle_timeout / 2).await;
        assert!(!is_over(&activity));
        activity.note_writing(false);
    }
}
