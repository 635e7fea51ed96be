//! The rules of [`Store::delete_expired`](crate::Store::delete_expired).

use std::sync::Arc;

use scopegate_domain::{Day, EndReason, FamilyId, Lifetime, LoginSession, NewFamily};

use super::world::{World, at, key, login, new_family, time};
use crate::{Cleanup, DeletedRows, RedeemOutcome, Store};

/// The number of seconds of a day.
const DAY: i64 = 86_400;

async fn delete(store: &Arc<dyn Store>, seconds: i64, max: u16) -> DeletedRows {
    let cleanup = Cleanup {
        now: at(seconds),
        max,
        after: None,
    };
    store.delete_expired(cleanup).await.unwrap()
}

async fn has_family(store: &Arc<dyn Store>, family: &NewFamily) -> bool {
    store.families().find(key(family), at(0)).await.unwrap().is_some()
}

pub async fn rows_are_kept_until_nothing_needs_them(store: Arc<dyn Store>) {
    let world = World::new(&store).await;
    let short = LoginSession {
        ends_at: at(100),
        login: login(2, at(100)),
        ..world.session(2)
    };
    world.begin_session(&short).await;
    let (used, unused) = (world.family(1, false).await, world.code(2, 1));
    world.allow(&unused).await;
    assert_eq!(delete(&store, 659, 500).await, DeletedRows::default());
    let replayed = world.redeem(&world.code(1, 1), &new_family(9), 659).await;
    assert_eq!(replayed, RedeemOutcome::Replayed(used.id));
    assert_eq!(delete(&store, 660, 500).await.codes, 2, "10 minutes after their expiry");
    assert_eq!(world.redeem(&unused, &new_family(9), 1).await, RedeemOutcome::Unknown);
    assert_eq!(delete(&store, DAY - 1, 500).await.sessions, 0);
    assert_eq!(delete(&store, DAY, 500).await.sessions, 1, "after the day of its end");
    // The family was ended by the replay at 659 s.
    assert_eq!(delete(&store, DAY + 658, 500).await, DeletedRows::default());
    assert!(has_family(&store, &used).await);
    let deleted = delete(&store, DAY + 659, 500).await;
    assert_eq!((deleted.families, deleted.total(), deleted.has_more), (1, 1, false));
    assert!(!has_family(&store, &used).await);
}

pub async fn old_and_idle_families_are_deleted_later(store: Arc<dyn Store>) {
    let world = World::new(&store).await;
    world.begin(1).await;
    let long = |number, idle| NewFamily {
        ends_at: at(9 * DAY),
        idle: Lifetime::from_seconds(idle),
        ends_with_session: false,
        ..new_family(number)
    };
    let (idle, live) = (long(1, 100), long(2, 800_000));
    let aged = NewFamily {
        idle: Lifetime::from_seconds(800_000),
        ..new_family(3)
    };
    for (number, new) in (1..).zip([&idle, &live, &aged]) {
        let code = world.code(number, 1);
        world.allow(&code).await;
        let redeemed = world.redeem(&code, new, 0).await;
        assert!(matches!(redeemed, RedeemOutcome::Redeemed(_)), "{redeemed:?}");
    }
    assert_eq!(delete(&store, DAY + 99, 500).await.families, 0);
    assert_eq!(delete(&store, DAY + 100, 500).await.families, 1);
    assert!(!has_family(&store, &idle).await);
    assert_eq!(delete(&store, DAY + 1_999, 500).await.families, 0);
    assert_eq!(delete(&store, DAY + 2_000, 500).await.families, 1);
    assert!(has_family(&store, &live).await && !has_family(&store, &aged).await);
}

pub async fn a_batch_deletes_a_bounded_number(store: Arc<dyn Store>) {
    let world = World::new(&store).await;
    world.begin(1).await;
    for number in 1..=15 {
        let new = NewFamily {
            ends_at: at(50 * DAY),
            ends_with_session: false,
            ..new_family(number)
        };
        let code = world.code(number, 1);
        world.allow(&code).await;
        assert!(matches!(world.redeem(&code, &new, 0).await, RedeemOutcome::Redeemed(_)));
        if number > 10 {
            let ended = store
                .families()
                .end(key(&new), &world.client, EndReason::Revoked, time(0));
            assert!(ended.await.unwrap());
        }
    }
    assert!(store.clients().remove(&world.client).await.unwrap());
    let (mut deleted, mut batches, mut after) = (DeletedRows::default(), 0, None);
    loop {
        let cleanup = Cleanup {
            now: at(DAY + 1_000),
            max: 4,
            after,
        };
        let batch = store.delete_expired(cleanup).await.unwrap();
        assert!(batch.total() <= 4, "{batch:?}");
        deleted.codes += batch.codes;
        deleted.families += batch.families;
        deleted.consents += batch.consents;
        batches += 1;
        if !batch.has_more {
            break;
        }
        after = batch.examined;
    }
    assert_eq!((deleted.codes, deleted.families, deleted.consents), (15, 15, 1));
    assert!(batches >= 8, "{batches}");
}

/// The walk goes on after the families that it has examined.
pub async fn idle_families_are_examined_in_parts(store: Arc<dyn Store>) {
    let world = World::new(&store).await;
    for number in 1..=15 {
        let new = NewFamily {
            id: FamilyId::from_bytes([number; 16]),
            ends_at: at(50 * DAY),
            idle: Lifetime::from_seconds(if number == 14 { 1 } else { 800_000 }),
            ends_with_session: false,
            ..new_family(number)
        };
        world.begin(number).await;
        let code = world.code(number, number);
        world.allow(&code).await;
        assert!(matches!(world.redeem(&code, &new, 0).await, RedeemOutcome::Redeemed(_)));
    }
    store.codes().remove_codes().await.unwrap();
    let batch = async |after| {
        let cleanup = Cleanup {
            now: at(DAY + 1),
            max: 1,
            after,
        };
        store.delete_expired(cleanup).await.unwrap()
    };
    let first = batch(None).await;
    let examined = first.examined.unwrap();
    assert_eq!(
        (first.families, first.has_more, examined.id),
        (0, true, FamilyId::from_bytes([10; 16]))
    );
    assert_eq!(examined.ends_on, Day::of(at(50 * DAY)));
    let second = batch(Some(examined)).await;
    assert_eq!((second.families, second.examined), (1, None));
}
